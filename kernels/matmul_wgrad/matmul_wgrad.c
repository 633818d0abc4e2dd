/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/matmul_wgrad/matmul_wgrad.h"

#define ARGS struct matmul_wgrad_args
#include "kernels/matmul/gradient_operands.inc"

static const struct kernel_operand operands[] = {
    {ROWS_IN(dy, n)},
    {ROWS_IN(x, k)},
    {
        .name = "dweight",
        .role = OPERAND_OUTPUT,
        .slot = AT(dweight),
        .axes = 2,
        .shape = {BY(n), BY(k)},
    },
    {
        .name = "dbias",
        .role = OPERAND_OUTPUT,
        .optional = true,
        .slot = AT(dbias),
        .axes = 1,
        .shape = {BY(n)},
    },
};

static void work(const void *args, struct work *work)
{
    const struct matmul_wgrad_args *a = args;
    const uint64_t weights = (uint64_t)a->n * a->k, rows = (uint64_t)a->m;
    *work =
        (struct work){.mul = weights * rows, .add = (weights + (a->dbias ? (uint64_t)a->n : 0)) * (rows - 1)};
}

static double bound(const void *args)
{
    const struct matmul_wgrad_args *a = args;
    return (double)a->m + 2;
}

static const struct kernel kernels[] = {
    {.name = "matmul_wgrad/reference", .isa = ISA_SCALAR, .run = matmul_wgrad_reference},
#ifdef __x86_64__
    {.name = "matmul_wgrad/avx2", .isa = ISA_AVX2, .run = matmul_wgrad_avx2},
    {.name = "matmul_wgrad/avx512", .isa = ISA_AVX512, .run = matmul_wgrad_avx512},
#elif defined(__aarch64__)
    {.name = "matmul_wgrad/neon", .isa = ISA_NEON, .run = matmul_wgrad_neon},
#endif
};

const struct kernel_family matmul_wgrad_family = {
    .name = "matmul_wgrad",
    .summary = "dweight = dy^T x, dbias = sum of dy over the rows",
    .covers = {"in_proj_wgrad"},
    .args_size = sizeof(struct matmul_wgrad_args),
    .dims = dims,
    .n_dims = COUNT_OF(dims),
    .operands = operands,
    .n_operands = COUNT_OF(operands),
    .work = work,
    .bound = bound,
    .bound_reason = "m products summed in any order, and a rounding",
    .reference_f64 = matmul_wgrad_reference_f64,
    .kernels = kernels,
    .n_kernels = COUNT_OF(kernels),
};
