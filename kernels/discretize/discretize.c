/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/discretize/discretize.h"

static const struct kernel_dim dims[] = {
    KERNEL_DIM(struct discretize_args, rows),
    KERNEL_DIM(struct discretize_args, channels),
    KERNEL_DIM(struct discretize_args, d_state),
};

static const struct kernel_operand operands[] = {
    {
        .name = "delta",
        .role = OPERAND_INPUT,
        .slot = offsetof(struct discretize_args, delta),
        .axes = 2,
        .shape = {EXTENT(struct discretize_args, rows), EXTENT(struct discretize_args, channels)},
        .row_axes = 1,
        .stride = offsetof(struct discretize_args, delta_stride),
        .lo = 0.001,
        .hi = 0.5,
    },
    {
        .name = "u",
        .role = OPERAND_INPUT,
        .slot = offsetof(struct discretize_args, u),
        .axes = 2,
        .shape = {EXTENT(struct discretize_args, rows), EXTENT(struct discretize_args, channels)},
        .row_axes = 1,
        .stride = offsetof(struct discretize_args, u_stride),
        .lo = -2,
        .hi = 2,
    },
    {
        .name = "a",
        .role = OPERAND_WEIGHT,
        .slot = offsetof(struct discretize_args, a),
        .axes = 2,
        .shape = {EXTENT(struct discretize_args, channels), EXTENT(struct discretize_args, d_state)},
        .lo = -16,
        .hi = -0.5,
        .exponent = true,
    },
    {
        .name = "b",
        .role = OPERAND_INPUT,
        .slot = offsetof(struct discretize_args, b),
        .axes = 2,
        .shape = {EXTENT(struct discretize_args, rows), EXTENT(struct discretize_args, d_state)},
        .row_axes = 1,
        .stride = offsetof(struct discretize_args, b_stride),
        .lo = -2,
        .hi = 2,
    },
    {
        .name = "abar",
        .role = OPERAND_OUTPUT,
        .slot = offsetof(struct discretize_args, abar),
        .axes = 3,
        .shape = {EXTENT(struct discretize_args, rows), EXTENT(struct discretize_args, channels),
                  EXTENT(struct discretize_args, d_state)},
        .lo = 0,
        .hi = 1,
    },
    {
        .name = "bu",
        .role = OPERAND_OUTPUT,
        .slot = offsetof(struct discretize_args, bu),
        .axes = 3,
        .shape = {EXTENT(struct discretize_args, rows), EXTENT(struct discretize_args, channels),
                  EXTENT(struct discretize_args, d_state)},
        .lo = -2,
        .hi = 2,
    },
};

static void work(const void *args, struct work *work)
{
    const struct discretize_args *p = args;
    uint64_t pairs = (uint64_t)p->rows * p->channels, all = pairs * p->d_state;
    *work = (struct work){.mul = 2 * all + pairs, .exp = all};
}

static double bound(const void *args)
{
    (void)args;
    return 4;
}

static const struct kernel kernels[] = {
    {.name = "discretize/reference", .isa = ISA_SCALAR, .run = discretize_reference},
#ifdef __x86_64__
    {.name = "discretize/avx2", .isa = ISA_AVX2, .run = discretize_avx2},
    {.name = "discretize/avx512", .isa = ISA_AVX512, .run = discretize_avx512},
#elif defined(__aarch64__)
    {.name = "discretize/neon", .isa = ISA_NEON, .run = discretize_neon},
#endif
};

const struct kernel_family discretize_family = {
    .name = "discretize",
    .summary = "abar = exp(delta a), bu = delta u b",
    .covers = {"discretize"},
    .args_size = sizeof(struct discretize_args),
    .dims = dims,
    .n_dims = COUNT_OF(dims),
    .operands = operands,
    .n_operands = COUNT_OF(operands),
    .work = work,
    .bound = bound,
    .bound_reason =
        "abar: one rounding of the exponent (its slope is in the condition), 2 for exp; bu: two products",
    .reference_f64 = discretize_reference_f64,
    .kernels = kernels,
    .n_kernels = COUNT_OF(kernels),
};
