/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/conv_silu_backward/conv_silu_backward.h"

#define AT(field) offsetof(struct conv_silu_backward_args, field)
#define BY(field) EXTENT(struct conv_silu_backward_args, field)

static const struct kernel_dim dims[] = {
    KERNEL_DIM(struct conv_silu_backward_args, batch),
    KERNEL_DIM(struct conv_silu_backward_args, seqlen),
    KERNEL_DIM(struct conv_silu_backward_args, channels),
    KERNEL_DIM(struct conv_silu_backward_args, width),
};

static const struct kernel_operand operands[] = {
    {
        .name = "x",
        .role = OPERAND_INPUT,
        .slot = AT(x),
        .axes = 3,
        .shape = {BY(batch), BY(seqlen), BY(channels)},
        .row_axes = 2,
        .stride = AT(x_stride),
        .lo = -4,
        .hi = 4,
    },
    {
        .name = "weight",
        .role = OPERAND_WEIGHT,
        .slot = AT(weight),
        .axes = 2,
        .shape = {BY(channels), BY(width)},
        .lo = -0.7,
        .hi = 0.7,
    },
    {
        .name = "bias",
        .role = OPERAND_WEIGHT,
        .optional = true,
        .slot = AT(bias),
        .axes = 1,
        .shape = {BY(channels)},
        .lo = -0.5,
        .hi = 0.5,
    },
    {
        .name = "dy",
        .role = OPERAND_INPUT,
        .slot = AT(dy),
        .axes = 3,
        .shape = {BY(batch), BY(seqlen), BY(channels)},
        .row_axes = 2,
        .stride = AT(dy_stride),
        .lo = -2,
        .hi = 2,
    },
    {
        .name = "dx",
        .role = OPERAND_OUTPUT,
        .slot = AT(dx),
        .axes = 3,
        .shape = {BY(batch), BY(seqlen), BY(channels)},
        .row_axes = 2,
        .stride = AT(dx_stride),
    },
    {
        .name = "dweight",
        .role = OPERAND_OUTPUT,
        .slot = AT(dweight),
        .axes = 2,
        .shape = {BY(channels), BY(width)},
    },
    {
        .name = "dbias",
        .role = OPERAND_OUTPUT,
        .optional = true,
        .slot = AT(dbias),
        .axes = 1,
        .shape = {BY(channels)},
    },
};

static bool narrow(const void *args)
{
    const struct conv_silu_backward_args *a = args;
    return a->width <= 4;
}

static void work(const void *args, struct work *work)
{
    const struct conv_silu_backward_args *a = args;
    const uint64_t channels = (uint64_t)a->channels, n = (uint64_t)a->batch * a->seqlen * channels,
                   width = (uint64_t)a->width;
    *work = (struct work){.mul = (3 * width + 3) * n,
                          .add = (3 * width + (a->bias ? 2 : 1)) * n - channels * width +
                                 (a->dbias ? n - channels : 0),
                          .exp = n,
                          .div = n};
}

static double bound(const void *args)
{
    const struct conv_silu_backward_args *a = args;
    return (double)a->batch * (double)a->seqlen + 4.0 * (double)a->width + 40;
}

static const struct kernel kernels[] = {
    {.name = "conv_silu_backward/reference", .isa = ISA_SCALAR, .run = conv_silu_backward_reference},
#ifdef __x86_64__
    {.name = "conv_silu_backward/avx2", .isa = ISA_AVX2, .run = conv_silu_backward_avx2, .accepts = narrow},
    {.name = "conv_silu_backward/avx512",
     .isa = ISA_AVX512,
     .run = conv_silu_backward_avx512,
     .accepts = narrow},
#elif defined(__aarch64__)
    {.name = "conv_silu_backward/neon", .isa = ISA_NEON, .run = conv_silu_backward_neon, .accepts = narrow},
#endif
};

const struct kernel_family conv_silu_backward_family = {
    .name = "conv_silu_backward",
    .summary = "gradients of silu(conv(x)) from x: of x, weight and bias; the sequence starts from zeros",
    .covers = {"conv_backward"},
    .args_size = sizeof(struct conv_silu_backward_args),
    .dims = dims,
    .n_dims = COUNT_OF(dims),
    .operands = operands,
    .n_operands = COUNT_OF(operands),
    .work = work,
    .bound = bound,
    .bound_reason = "sums over time; silu's slope 12, and what an error of width + 2 of its argument makes "
                    "of it, which the condition has with slope 1",
    .reference_f64 = conv_silu_backward_reference_f64,
    .condition_f64 = conv_silu_backward_condition_f64,
    .kernels = kernels,
    .n_kernels = COUNT_OF(kernels),
};
