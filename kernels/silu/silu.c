/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/silu/silu.h"

static const struct kernel_dim dims[] = {
    KERNEL_DIM(struct silu_args, rows),
    KERNEL_DIM(struct silu_args, channels),
};

static const struct kernel_operand operands[] = {
    {
        .name = "x",
        .role = OPERAND_INPUT,
        .slot = offsetof(struct silu_args, x),
        .axes = 2,
        .shape = {EXTENT(struct silu_args, rows), EXTENT(struct silu_args, channels)},
        .row_axes = 1,
        .stride = offsetof(struct silu_args, x_stride),
        .lo = -10,
        .hi = 10,
    },
    {
        .name = "y",
        .role = OPERAND_OUTPUT,
        .slot = offsetof(struct silu_args, y),
        .axes = 2,
        .shape = {EXTENT(struct silu_args, rows), EXTENT(struct silu_args, channels)},
        .row_axes = 1,
        .stride = offsetof(struct silu_args, y_stride),
    },
};

static void work(const void *args, struct work *work)
{
    const struct silu_args *a = args;
    uint64_t elements = (uint64_t)a->rows * a->channels;
    *work = (struct work){.add = elements, .exp = elements, .div = elements};
}

static double bound(const void *args)
{
    (void)args;
    return 8;
}

static const struct kernel kernels[] = {
    {.name = "silu/reference", .isa = ISA_SCALAR, .run = silu_reference},
#ifdef __x86_64__
    {.name = "silu/avx2", .isa = ISA_AVX2, .run = silu_avx2},
    {.name = "silu/avx512", .isa = ISA_AVX512, .run = silu_avx512},
#elif defined(__aarch64__)
    {.name = "silu/neon", .isa = ISA_NEON, .run = silu_neon},
#endif
};

const struct kernel_family silu_family = {
    .name = "silu",
    .summary = "y = x / (1 + exp(-x))",
    .covers = {"silu"},
    .args_size = sizeof(struct silu_args),
    .dims = dims,
    .n_dims = COUNT_OF(dims),
    .operands = operands,
    .n_operands = COUNT_OF(operands),
    .work = work,
    .bound = bound,
    .bound_reason = "exp 2, product, sum, quotient, each relative to the result",
    .reference_f64 = silu_reference_f64,
    .kernels = kernels,
    .n_kernels = COUNT_OF(kernels),
};
