/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/skip/skip.h"

static const struct kernel_dim dims[] = {
    KERNEL_DIM(struct skip_args, rows),
    KERNEL_DIM(struct skip_args, heads),
    KERNEL_DIM(struct skip_args, headdim),
};

static const struct kernel_operand operands[] = {
    {
        .name = "y",
        .role = OPERAND_INPUT,
        .slot = offsetof(struct skip_args, y),
        .axes = 3,
        .shape = {EXTENT(struct skip_args, rows), EXTENT(struct skip_args, heads),
                  EXTENT(struct skip_args, headdim)},
        .row_axes = 1,
        .stride = offsetof(struct skip_args, y_stride),
        .lo = -2,
        .hi = 2,
        .magnitude = true,
    },
    {
        .name = "u",
        .role = OPERAND_INPUT,
        .slot = offsetof(struct skip_args, u),
        .axes = 3,
        .shape = {EXTENT(struct skip_args, rows), EXTENT(struct skip_args, heads),
                  EXTENT(struct skip_args, headdim)},
        .row_axes = 1,
        .stride = offsetof(struct skip_args, u_stride),
        .lo = -2,
        .hi = 2,
        .magnitude = true,
    },
    {
        .name = "d",
        .role = OPERAND_WEIGHT,
        .slot = offsetof(struct skip_args, d),
        .axes = 1,
        .shape = {EXTENT(struct skip_args, heads)},
        .lo = -2,
        .hi = 2,
        .magnitude = true,
    },
    {
        .name = "out",
        .role = OPERAND_OUTPUT,
        .slot = offsetof(struct skip_args, out),
        .axes = 3,
        .shape = {EXTENT(struct skip_args, rows), EXTENT(struct skip_args, heads),
                  EXTENT(struct skip_args, headdim)},
        .row_axes = 1,
        .stride = offsetof(struct skip_args, out_stride),
        .lo = -2,
        .hi = 2,
        .may_alias = "y",
    },
};

static void work(const void *args, struct work *work)
{
    const struct skip_args *p = args;
    uint64_t all = (uint64_t)p->rows * p->heads * p->headdim;
    *work = (struct work){.mul = all, .add = all};
}

static double bound(const void *args)
{
    (void)args;
    return 2;
}

static const struct kernel kernels[] = {
    {.name = "skip/reference", .isa = ISA_SCALAR, .run = skip_reference},
#ifdef __x86_64__
    {.name = "skip/avx2", .isa = ISA_AVX2, .run = skip_avx2},
    {.name = "skip/avx512", .isa = ISA_AVX512, .run = skip_avx512},
#elif defined(__aarch64__)
    {.name = "skip/neon", .isa = ISA_NEON, .run = skip_neon},
#endif
};

const struct kernel_family skip_family = {
    .name = "skip",
    .summary = "out = y + d u",
    .covers = {"skip"},
    .args_size = sizeof(struct skip_args),
    .dims = dims,
    .n_dims = COUNT_OF(dims),
    .operands = operands,
    .n_operands = COUNT_OF(operands),
    .work = work,
    .bound = bound,
    .bound_reason = "one product, one sum",
    .reference_f64 = skip_reference_f64,
    .kernels = kernels,
    .n_kernels = COUNT_OF(kernels),
};
