/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/rmsnorm_backward/rmsnorm_backward.h"

#define AT(field) offsetof(struct rmsnorm_backward_args, field)
#define BY(field) EXTENT(struct rmsnorm_backward_args, field)

static const struct kernel_dim dims[] = {
    KERNEL_DIM(struct rmsnorm_backward_args, rows),
    KERNEL_DIM(struct rmsnorm_backward_args, channels),
};

static const struct kernel_parameter parameters[] = {
    {"eps", AT(eps), 1e-5},
};

static const struct kernel_operand operands[] = {
    {
        .name = "x",
        .role = OPERAND_INPUT,
        .slot = AT(x),
        .axes = 2,
        .shape = {BY(rows), BY(channels)},
        .row_axes = 1,
        .stride = AT(x_stride),
        .lo = -3,
        .hi = 3,
    },
    {
        .name = "weight",
        .role = OPERAND_WEIGHT,
        .slot = AT(weight),
        .axes = 1,
        .shape = {BY(channels)},
        .lo = 0.2,
        .hi = 2,
    },
    {
        .name = "dy",
        .role = OPERAND_INPUT,
        .slot = AT(dy),
        .axes = 2,
        .shape = {BY(rows), BY(channels)},
        .row_axes = 1,
        .stride = AT(dy_stride),
        .lo = -2,
        .hi = 2,
    },
    {
        .name = "add",
        .role = OPERAND_INPUT,
        .optional = true,
        .slot = AT(add),
        .axes = 2,
        .shape = {BY(rows), BY(channels)},
        .row_axes = 1,
        .stride = AT(add_stride),
        .lo = -2,
        .hi = 2,
    },
    {
        .name = "dx",
        .role = OPERAND_OUTPUT,
        .slot = AT(dx),
        .axes = 2,
        .shape = {BY(rows), BY(channels)},
        .row_axes = 1,
        .stride = AT(dx_stride),
        .may_alias = "add",
    },
    {
        .name = "dweight",
        .role = OPERAND_OUTPUT,
        .slot = AT(dweight),
        .axes = 1,
        .shape = {BY(channels)},
    },
};

static void work(const void *args, struct work *work)
{
    const struct rmsnorm_backward_args *a = args;
    const uint64_t rows = (uint64_t)a->rows, channels = (uint64_t)a->channels, elements = rows * channels;
    *work = (struct work){
        .mul = 7 * elements, .add = (a->add ? 5 : 4) * elements - rows - channels, .div = 4 * rows};
}

static double bound(const void *args)
{
    const struct rmsnorm_backward_args *a = args;
    return (double)a->rows + a->channels / 4.0 + 40;
}

static const struct kernel kernels[] = {
    {.name = "rmsnorm_backward/reference", .isa = ISA_SCALAR, .run = rmsnorm_backward_reference},
#ifdef __x86_64__
    {.name = "rmsnorm_backward/avx2", .isa = ISA_AVX2, .run = rmsnorm_backward_avx2},
    {.name = "rmsnorm_backward/avx512", .isa = ISA_AVX512, .run = rmsnorm_backward_avx512},
#elif defined(__aarch64__)
    {.name = "rmsnorm_backward/neon", .isa = ISA_NEON, .run = rmsnorm_backward_neon},
#endif
};

const struct kernel_family rmsnorm_backward_family = {
    .name = "rmsnorm_backward",
    .summary = "dx = (g - x^ mean(g x^)) / rms + add, g = dy weight, x^ = x / rms; dweight = sum of dy x^",
    .covers = {"norm_backward"},
    .args_size = sizeof(struct rmsnorm_backward_args),
    .dims = dims,
    .n_dims = COUNT_OF(dims),
    .parameters = parameters,
    .n_parameters = COUNT_OF(parameters),
    .operands = operands,
    .n_operands = COUNT_OF(operands),
    .work = work,
    .bound = bound,
    .bound_reason = "channels/8 + 5 roundings of each of two sums over a row (at least 8 partial sums), the "
                    "root and five products; dweight: a sum over the rows",
    .reference_f64 = rmsnorm_backward_reference_f64,
    .condition_f64 = rmsnorm_backward_condition_f64,
    .kernels = kernels,
    .n_kernels = COUNT_OF(kernels),
};
