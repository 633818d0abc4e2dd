/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/gate_norm_backward/gate_norm_backward.h"

#define AT(field) offsetof(struct gate_norm_backward_args, field)
#define BY(field) EXTENT(struct gate_norm_backward_args, field)

static const struct kernel_dim dims[] = {
    KERNEL_DIM(struct gate_norm_backward_args, rows),
    KERNEL_DIM(struct gate_norm_backward_args, channels),
    KERNEL_DIM(struct gate_norm_backward_args, groups),
};

static const struct kernel_parameter parameters[] = {
    {"eps", AT(eps), 1e-5},
    {"norm_before_gate", AT(norm_before_gate), 0},
};

static const struct kernel_operand operands[] = {
    {
        .name = "y",
        .role = OPERAND_INPUT,
        .slot = AT(y),
        .axes = 2,
        .shape = {BY(rows), BY(channels)},
        .row_axes = 1,
        .stride = AT(y_stride),
        .lo = -3,
        .hi = 3,
    },
    {
        .name = "z",
        .role = OPERAND_INPUT,
        .slot = AT(z),
        .axes = 2,
        .shape = {BY(rows), BY(channels)},
        .row_axes = 1,
        .stride = AT(z_stride),
        .lo = -8,
        .hi = 8,
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
        .name = "dout",
        .role = OPERAND_INPUT,
        .slot = AT(dout),
        .axes = 2,
        .shape = {BY(rows), BY(channels)},
        .row_axes = 1,
        .stride = AT(dout_stride),
        .lo = -2,
        .hi = 2,
    },
    {
        .name = "dy",
        .role = OPERAND_OUTPUT,
        .slot = AT(dy),
        .axes = 2,
        .shape = {BY(rows), BY(channels)},
        .row_axes = 1,
        .stride = AT(dy_stride),
    },
    {
        .name = "dz",
        .role = OPERAND_OUTPUT,
        .slot = AT(dz),
        .axes = 2,
        .shape = {BY(rows), BY(channels)},
        .row_axes = 1,
        .stride = AT(dz_stride),
    },
    {
        .name = "dweight",
        .role = OPERAND_OUTPUT,
        .slot = AT(dweight),
        .axes = 1,
        .shape = {BY(channels)},
    },
    {
        .name = "out",
        .role = OPERAND_OUTPUT,
        .slot = AT(out),
        .axes = 2,
        .shape = {BY(rows), BY(channels)},
        .row_axes = 1,
        .stride = AT(out_stride),
    },
};

static void work(const void *args, struct work *work)
{
    const struct gate_norm_backward_args *a = args;
    const uint64_t rows = (uint64_t)a->rows, channels = (uint64_t)a->channels, elements = rows * channels,
                   means = rows * a->groups;
    *work = (struct work){.mul = (a->norm_before_gate == 0 ? 15 : 16) * elements,
                          .add = 7 * elements - means - channels,
                          .exp = elements,
                          .div = elements + 4 * means};
}

static double bound(const void *args)
{
    const struct gate_norm_backward_args *a = args;
    return (double)a->rows + (double)a->channels / (double)a->groups / 2 + 60;
}

static const struct kernel kernels[] = {
    {.name = "gate_norm_backward/reference", .isa = ISA_SCALAR, .run = gate_norm_backward_reference},
#ifdef __x86_64__
    {.name = "gate_norm_backward/avx2", .isa = ISA_AVX2, .run = gate_norm_backward_avx2},
    {.name = "gate_norm_backward/avx512", .isa = ISA_AVX512, .run = gate_norm_backward_avx512},
#elif defined(__aarch64__)
    {.name = "gate_norm_backward/neon", .isa = ISA_NEON, .run = gate_norm_backward_neon},
#endif
};

const struct kernel_family gate_norm_backward_family = {
    .name = "gate_norm_backward",
    .summary = "gradients of gate_norm: of y, z and weight; and its output once more",
    .covers = {"gate_norm_backward"},
    .args_size = sizeof(struct gate_norm_backward_args),
    .dims = dims,
    .n_dims = COUNT_OF(dims),
    .parameters = parameters,
    .n_parameters = COUNT_OF(parameters),
    .operands = operands,
    .n_operands = COUNT_OF(operands),
    .work = work,
    .bound = bound,
    .bound_reason = "channels/groups/8 + 5 roundings of each of two sums over a group, silu and its slope 12 "
                    "each, the root, eight products; dweight: a sum over the rows",
    .reference_f64 = gate_norm_backward_reference_f64,
    .condition_f64 = gate_norm_backward_condition_f64,
    .kernels = kernels,
    .n_kernels = COUNT_OF(kernels),
};
