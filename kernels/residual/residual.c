/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/residual/residual.h"

static const struct kernel_dim dims[] = {
    KERNEL_DIM(struct residual_args, rows),
    KERNEL_DIM(struct residual_args, channels),
};

static const struct kernel_operand operands[] = {
    {
        .name = "x",
        .role = OPERAND_INPUT,
        .slot = offsetof(struct residual_args, x),
        .axes = 2,
        .shape = {EXTENT(struct residual_args, rows), EXTENT(struct residual_args, channels)},
        .row_axes = 1,
        .stride = offsetof(struct residual_args, x_stride),
        .lo = -4,
        .hi = 4,
    },
    {
        .name = "y",
        .role = OPERAND_INPUT,
        .slot = offsetof(struct residual_args, y),
        .axes = 2,
        .shape = {EXTENT(struct residual_args, rows), EXTENT(struct residual_args, channels)},
        .row_axes = 1,
        .stride = offsetof(struct residual_args, y_stride),
        .lo = -4,
        .hi = 4,
    },
    {
        .name = "out",
        .role = OPERAND_OUTPUT,
        .slot = offsetof(struct residual_args, out),
        .axes = 2,
        .shape = {EXTENT(struct residual_args, rows), EXTENT(struct residual_args, channels)},
        .row_axes = 1,
        .stride = offsetof(struct residual_args, out_stride),
    },
};

static void work(const void *args, struct work *work)
{
    const struct residual_args *a = args;
    *work = (struct work){.add = (uint64_t)a->rows * a->channels};
}

static double bound(const void *args)
{
    (void)args;
    return 1;
}

static const struct kernel kernels[] = {
    {.name = "residual/reference", .isa = ISA_SCALAR, .run = residual_reference},
#ifdef __x86_64__
    {.name = "residual/avx2", .isa = ISA_AVX2, .run = residual_avx2},
    {.name = "residual/avx512", .isa = ISA_AVX512, .run = residual_avx512},
#elif defined(__aarch64__)
    {.name = "residual/neon", .isa = ISA_NEON, .run = residual_neon},
#endif
};

const struct kernel_family residual_family = {
    .name = "residual",
    .summary = "out = x + y",
    .covers = {"residual"},
    .args_size = sizeof(struct residual_args),
    .dims = dims,
    .n_dims = COUNT_OF(dims),
    .operands = operands,
    .n_operands = COUNT_OF(operands),
    .work = work,
    .bound = bound,
    .bound_reason = "one rounding",
    .reference_f64 = residual_reference_f64,
    .kernels = kernels,
    .n_kernels = COUNT_OF(kernels),
};
