/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/matmul_dgrad/matmul_dgrad.h"

#define ARGS struct matmul_dgrad_args
#include "kernels/matmul/gradient_operands.inc"

static const struct kernel_operand operands[] = {
    {ROWS_IN(dy, n)},
    {
        .name = "weight",
        .role = OPERAND_WEIGHT,
        .slot = AT(weight),
        .axes = 2,
        .shape = {BY(n), BY(k)},
        .lo = -0.5,
        .hi = 0.5,
        .magnitude = true,
    },
    {ROWS_IN(add, k), .optional = true},
    {ROWS(dx, k), .role = OPERAND_OUTPUT, .may_alias = "add"},
};

static void work(const void *args, struct work *work)
{
    const struct matmul_dgrad_args *a = args;
    const uint64_t elements = (uint64_t)a->m * a->k, all = elements * a->n;
    *work = (struct work){.mul = all, .add = a->add ? all : all - elements};
}

static double bound(const void *args)
{
    const struct matmul_dgrad_args *a = args;
    return (double)a->n + 2;
}

static const struct kernel kernels[] = {
    {.name = "matmul_dgrad/reference", .isa = ISA_SCALAR, .run = matmul_dgrad_reference},
#ifdef __x86_64__
    {.name = "matmul_dgrad/avx2", .isa = ISA_AVX2, .run = matmul_dgrad_avx2},
    {.name = "matmul_dgrad/avx512", .isa = ISA_AVX512, .run = matmul_dgrad_avx512},
#elif defined(__aarch64__)
    {.name = "matmul_dgrad/neon", .isa = ISA_NEON, .run = matmul_dgrad_neon},
#endif
};

const struct kernel_family matmul_dgrad_family = {
    .name = "matmul_dgrad",
    .summary = "dx = dy weight + add",
    .covers = {"in_proj_dgrad"},
    .args_size = sizeof(struct matmul_dgrad_args),
    .dims = dims,
    .n_dims = COUNT_OF(dims),
    .operands = operands,
    .n_operands = COUNT_OF(operands),
    .work = work,
    .bound = bound,
    .bound_reason = "n products summed in any order, add and its rounding",
    .reference_f64 = matmul_dgrad_reference_f64,
    .kernels = kernels,
    .n_kernels = COUNT_OF(kernels),
};
