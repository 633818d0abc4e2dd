/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/gate_norm/gate_norm.h"

static const struct kernel_dim dims[] = {
    KERNEL_DIM(struct gate_norm_args, rows),
    KERNEL_DIM(struct gate_norm_args, channels),
    KERNEL_DIM(struct gate_norm_args, groups),
};

static const struct kernel_parameter parameters[] = {
    {"eps", offsetof(struct gate_norm_args, eps), 1e-5},
    {"norm_before_gate", offsetof(struct gate_norm_args, norm_before_gate), 0},
};

static const struct kernel_operand operands[] = {
    {
        .name = "y",
        .role = OPERAND_INPUT,
        .slot = offsetof(struct gate_norm_args, y),
        .axes = 2,
        .shape = {EXTENT(struct gate_norm_args, rows), EXTENT(struct gate_norm_args, channels)},
        .row_axes = 1,
        .stride = offsetof(struct gate_norm_args, y_stride),
        .lo = -3,
        .hi = 3,
    },
    {
        .name = "z",
        .role = OPERAND_INPUT,
        .slot = offsetof(struct gate_norm_args, z),
        .axes = 2,
        .shape = {EXTENT(struct gate_norm_args, rows), EXTENT(struct gate_norm_args, channels)},
        .row_axes = 1,
        .stride = offsetof(struct gate_norm_args, z_stride),
        .lo = -6,
        .hi = 6,
    },
    {
        .name = "weight",
        .role = OPERAND_WEIGHT,
        .slot = offsetof(struct gate_norm_args, weight),
        .axes = 1,
        .shape = {EXTENT(struct gate_norm_args, channels)},
        .lo = 0.2,
        .hi = 2,
    },
    {
        .name = "out",
        .role = OPERAND_OUTPUT,
        .slot = offsetof(struct gate_norm_args, out),
        .axes = 2,
        .shape = {EXTENT(struct gate_norm_args, rows), EXTENT(struct gate_norm_args, channels)},
        .row_axes = 1,
        .stride = offsetof(struct gate_norm_args, out_stride),
    },
};

static void work(const void *args, struct work *work)
{
    const struct gate_norm_args *a = args;
    uint64_t elements = (uint64_t)a->rows * a->channels;
    *work = (struct work){.mul = 4 * elements,
                          .add = 2 * elements,
                          .exp = elements,
                          .div = elements + 3 * (uint64_t)a->rows * a->groups};
}

static double bound(const void *args)
{
    const struct gate_norm_args *a = args;
    return (double)(a->channels / a->groups) / 16 + 26;
}

static const struct kernel kernels[] = {
    {.name = "gate_norm/reference", .isa = ISA_SCALAR, .run = gate_norm_reference},
#ifdef __x86_64__
    {.name = "gate_norm/avx2", .isa = ISA_AVX2, .run = gate_norm_avx2},
    {.name = "gate_norm/avx512", .isa = ISA_AVX512, .run = gate_norm_avx512},
#elif defined(__aarch64__)
    {.name = "gate_norm/neon", .isa = ISA_NEON, .run = gate_norm_neon},
#endif
};

const struct kernel_family gate_norm_family = {
    .name = "gate_norm",
    .summary = "out = rms(y * silu(z)) * weight, or rms(y) * weight * silu(z)",
    .covers = {"gate_norm"},
    .args_size = sizeof(struct gate_norm_args),
    .dims = dims,
    .n_dims = COUNT_OF(dims),
    .parameters = parameters,
    .n_parameters = COUNT_OF(parameters),
    .operands = operands,
    .n_operands = COUNT_OF(operands),
    .work = work,
    .bound = bound,
    .bound_reason = "9 of y * silu(z) directly and again through the root; columns/8 + 7 roundings of the "
                    "mean square halved by the root; root, reciprocal and two products",
    .reference_f64 = gate_norm_reference_f64,
    .kernels = kernels,
    .n_kernels = COUNT_OF(kernels),
};
