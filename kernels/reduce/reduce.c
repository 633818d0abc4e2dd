/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/reduce/reduce.h"

#define AT(field) offsetof(struct reduce_args, field)
#define BY(field) EXTENT(struct reduce_args, field)

static const struct kernel_dim dims[] = {
    KERNEL_DIM(struct reduce_args, rows),
    KERNEL_DIM(struct reduce_args, slices),
    KERNEL_DIM(struct reduce_args, columns),
};

static const struct kernel_operand operands[] = {
    {
        .name = "x",
        .role = OPERAND_INPUT,
        .slot = AT(x),
        .axes = 3,
        .shape = {BY(rows), BY(slices), BY(columns)},
        .lo = -2,
        .hi = 2,
        .magnitude = true,
    },
    {
        .name = "y",
        .role = OPERAND_OUTPUT,
        .slot = AT(y),
        .axes = 2,
        .shape = {BY(rows), BY(columns)},
        .row_axes = 1,
        .stride = AT(y_stride),
    },
};

static void work(const void *args, struct work *work)
{
    const struct reduce_args *a = args;
    *work = (struct work){.add = (uint64_t)a->rows * a->columns * (a->slices - 1)};
}

static double bound(const void *args)
{
    const struct reduce_args *a = args;
    return (double)a->slices;
}

static const struct kernel kernels[] = {
    {.name = "reduce/reference", .isa = ISA_SCALAR, .run = reduce_reference},
#ifdef __x86_64__
    {.name = "reduce/avx2", .isa = ISA_AVX2, .run = reduce_avx2},
    {.name = "reduce/avx512", .isa = ISA_AVX512, .run = reduce_avx512},
#elif defined(__aarch64__)
    {.name = "reduce/neon", .isa = ISA_NEON, .run = reduce_neon},
#endif
};

const struct kernel_family reduce_family = {
    .name = "reduce",
    .summary = "y[r][c] = sum_s x[r][s][c]",
    .covers = {"reduce_b"},
    .args_size = sizeof(struct reduce_args),
    .dims = dims,
    .n_dims = COUNT_OF(dims),
    .operands = operands,
    .n_operands = COUNT_OF(operands),
    .work = work,
    .bound = bound,
    .bound_reason = "one addition a slice",
    .reference_f64 = reduce_reference_f64,
    .kernels = kernels,
    .n_kernels = COUNT_OF(kernels),
};
