/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/rmsnorm/rmsnorm.h"

static const struct kernel_dim dims[] = {
    KERNEL_DIM(struct rmsnorm_args, rows),
    KERNEL_DIM(struct rmsnorm_args, channels),
};

static const struct kernel_parameter parameters[] = {
    {"eps", offsetof(struct rmsnorm_args, eps), 1e-5},
};

static const struct kernel_operand operands[] = {
    {
        .name = "x",
        .role = OPERAND_INPUT,
        .slot = offsetof(struct rmsnorm_args, x),
        .axes = 2,
        .shape = {EXTENT(struct rmsnorm_args, rows), EXTENT(struct rmsnorm_args, channels)},
        .row_axes = 1,
        .stride = offsetof(struct rmsnorm_args, x_stride),
        .lo = -3,
        .hi = 3,
    },
    {
        .name = "weight",
        .role = OPERAND_WEIGHT,
        .slot = offsetof(struct rmsnorm_args, weight),
        .axes = 1,
        .shape = {EXTENT(struct rmsnorm_args, channels)},
        .lo = 0.2,
        .hi = 2,
    },
    {
        .name = "y",
        .role = OPERAND_OUTPUT,
        .slot = offsetof(struct rmsnorm_args, y),
        .axes = 2,
        .shape = {EXTENT(struct rmsnorm_args, rows), EXTENT(struct rmsnorm_args, channels)},
        .row_axes = 1,
        .stride = offsetof(struct rmsnorm_args, y_stride),
    },
};

static void work(const void *args, struct work *work)
{
    const struct rmsnorm_args *a = args;
    uint64_t rows = a->rows, elements = rows * a->channels;
    *work = (struct work){.mul = 3 * elements, .add = elements, .div = 3 * rows};
}

static double bound(const void *args)
{
    const struct rmsnorm_args *a = args;
    return a->channels / 16.0 + 8;
}

static const struct kernel kernels[] = {
    {.name = "rmsnorm/reference", .isa = ISA_SCALAR, .run = rmsnorm_reference},
#ifdef __x86_64__
    {.name = "rmsnorm/avx2", .isa = ISA_AVX2, .run = rmsnorm_avx2},
    {.name = "rmsnorm/avx512", .isa = ISA_AVX512, .run = rmsnorm_avx512},
#elif defined(__aarch64__)
    {.name = "rmsnorm/neon", .isa = ISA_NEON, .run = rmsnorm_neon},
#endif
};

const struct kernel_family rmsnorm_family = {
    .name = "rmsnorm",
    .summary = "y = x / sqrt(mean(x^2) + eps) * weight",
    .covers = {"norm"},
    .args_size = sizeof(struct rmsnorm_args),
    .dims = dims,
    .n_dims = COUNT_OF(dims),
    .parameters = parameters,
    .n_parameters = COUNT_OF(parameters),
    .operands = operands,
    .n_operands = COUNT_OF(operands),
    .work = work,
    .bound = bound,
    .bound_reason = "channels/8 + 5 roundings of the sum of squares (at least 8 partial sums) and 2 of mean "
                    "and eps, halved by the root; root, reciprocal and two products",
    .reference_f64 = rmsnorm_reference_f64,
    .kernels = kernels,
    .n_kernels = COUNT_OF(kernels),
};
