/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/contract/contract.h"

static const struct kernel_dim dims[] = {
    KERNEL_DIM(struct contract_args, rows),
    KERNEL_DIM(struct contract_args, channels),
    KERNEL_DIM(struct contract_args, d_state),
};

static const struct kernel_operand operands[] = {
    {
        .name = "h",
        .role = OPERAND_INPUT,
        .slot = offsetof(struct contract_args, h),
        .axes = 3,
        .shape = {EXTENT(struct contract_args, rows), EXTENT(struct contract_args, channels),
                  EXTENT(struct contract_args, d_state)},
        .lo = -2,
        .hi = 2,
        .magnitude = true,
    },
    {
        .name = "c",
        .role = OPERAND_INPUT,
        .slot = offsetof(struct contract_args, c),
        .axes = 2,
        .shape = {EXTENT(struct contract_args, rows), EXTENT(struct contract_args, d_state)},
        .row_axes = 1,
        .stride = offsetof(struct contract_args, c_stride),
        .lo = -2,
        .hi = 2,
        .magnitude = true,
    },
    {
        .name = "y",
        .role = OPERAND_OUTPUT,
        .slot = offsetof(struct contract_args, y),
        .axes = 2,
        .shape = {EXTENT(struct contract_args, rows), EXTENT(struct contract_args, channels)},
        .row_axes = 1,
        .stride = offsetof(struct contract_args, y_stride),
        .lo = -2,
        .hi = 2,
    },
};

static void work(const void *args, struct work *work)
{
    const struct contract_args *p = args;
    uint64_t pairs = (uint64_t)p->rows * p->channels;
    *work = (struct work){.mul = pairs * p->d_state, .add = pairs * (p->d_state - 1)};
}

static double bound(const void *args)
{
    const struct contract_args *p = args;
    return (double)p->d_state + 1;
}

static const struct kernel kernels[] = {
    {.name = "contract/reference", .isa = ISA_SCALAR, .run = contract_reference},
#ifdef __x86_64__
    {.name = "contract/avx2", .isa = ISA_AVX2, .run = contract_avx2},
    {.name = "contract/avx512", .isa = ISA_AVX512, .run = contract_avx512},
#elif defined(__aarch64__)
    {.name = "contract/neon", .isa = ISA_NEON, .run = contract_neon},
#endif
};

const struct kernel_family contract_family = {
    .name = "contract",
    .summary = "y = sum_n h_n c_n",
    .covers = {"contract"},
    .args_size = sizeof(struct contract_args),
    .dims = dims,
    .n_dims = COUNT_OF(dims),
    .operands = operands,
    .n_operands = COUNT_OF(operands),
    .work = work,
    .bound = bound,
    .bound_reason = "d_state products and sums in any order",
    .reference_f64 = contract_reference_f64,
    .kernels = kernels,
    .n_kernels = COUNT_OF(kernels),
};
