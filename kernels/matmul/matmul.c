/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/matmul/matmul.h"

static const struct kernel_dim dims[] = {
    KERNEL_DIM(struct matmul_args, m),
    KERNEL_DIM(struct matmul_args, n),
    KERNEL_DIM(struct matmul_args, k),
};

static const struct kernel_operand operands[] = {
    {
        .name = "x",
        .role = OPERAND_INPUT,
        .slot = offsetof(struct matmul_args, x),
        .axes = 2,
        .shape = {EXTENT(struct matmul_args, m), EXTENT(struct matmul_args, k)},
        .row_axes = 1,
        .stride = offsetof(struct matmul_args, x_stride),
        .lo = -2,
        .hi = 2,
        .magnitude = true,
    },
    {
        .name = "weight",
        .role = OPERAND_WEIGHT,
        .slot = offsetof(struct matmul_args, weight),
        .axes = 2,
        .shape = {EXTENT(struct matmul_args, n), EXTENT(struct matmul_args, k)},
        .lo = -0.1,
        .hi = 0.1,
        .magnitude = true,
    },
    {
        .name = "bias",
        .role = OPERAND_WEIGHT,
        .slot = offsetof(struct matmul_args, bias),
        .axes = 1,
        .shape = {EXTENT(struct matmul_args, n)},
        .lo = -1,
        .hi = 1,
        .optional = true,
        .magnitude = true,
    },
    {
        .name = "y",
        .role = OPERAND_OUTPUT,
        .slot = offsetof(struct matmul_args, y),
        .axes = 2,
        .shape = {EXTENT(struct matmul_args, m), EXTENT(struct matmul_args, n)},
        .row_axes = 1,
        .stride = offsetof(struct matmul_args, y_stride),
    },
};

static void work(const void *args, struct work *work)
{
    const struct matmul_args *a = args;
    uint64_t outputs = (uint64_t)a->m * a->n;
    *work = (struct work){.mul = outputs * a->k, .add = outputs * (a->k - 1 + (a->bias ? 1 : 0))};
}

static double bound(const void *args)
{
    const struct matmul_args *a = args;
    return a->k / 8.0 + 8;
}

static const struct kernel kernels[] = {
    {.name = "matmul/reference", .isa = ISA_SCALAR, .run = matmul_reference},
#ifdef __x86_64__
    {.name = "matmul/avx2", .isa = ISA_AVX2, .run = matmul_avx2},
    {.name = "matmul/avx512", .isa = ISA_AVX512, .run = matmul_avx512},
#endif
};

const struct kernel_family matmul_family = {
    .name = "matmul",
    .summary = "y = x weight^T + bias",
    .covers = {"in_proj"},
    .args_size = sizeof(struct matmul_args),
    .dims = dims,
    .n_dims = COUNT_OF(dims),
    .operands = operands,
    .n_operands = COUNT_OF(operands),
    .work = work,
    .bound = bound,
    .bound_reason = "k/8 roundings of a partial sum (at least 8 of them) and of their sum; condition |x| "
                    "|weight|^T + |bias|",
    .packed = offsetof(struct matmul_args, packed),
    .reference_f64 = matmul_reference_f64,
    .kernels = kernels,
    .n_kernels = COUNT_OF(kernels),
};
