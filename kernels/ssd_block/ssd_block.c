/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/ssd_block/ssd_block.h"

#include "kernels/conv_silu/conv_silu.h"
#include "kernels/gate_norm/gate_norm.h"
#include "kernels/ssd/ssd.h"

static const struct kernel_dim dims[] = {
    KERNEL_DIM(struct ssd_block_args, batch),  KERNEL_DIM(struct ssd_block_args, seqlen),
    KERNEL_DIM(struct ssd_block_args, heads),  KERNEL_DIM(struct ssd_block_args, headdim),
    KERNEL_DIM(struct ssd_block_args, groups), KERNEL_DIM(struct ssd_block_args, d_state),
    KERNEL_DIM(struct ssd_block_args, width),
};

static const struct kernel_parameter parameters[] = {
    {"dt_min", offsetof(struct ssd_block_args, dt_min), 0.001},
    {"dt_max", offsetof(struct ssd_block_args, dt_max), 0.5},
    {"eps", offsetof(struct ssd_block_args, eps), 1e-5},
    {"norm_before_gate", offsetof(struct ssd_block_args, norm_before_gate), 0},
};

static const struct kernel_operand operands[] = {
    {
        .name = "x",
        .bind = "conv.x",
        .role = OPERAND_INPUT,
        .slot = offsetof(struct ssd_block_args, x),
        .axes = 3,
        .shape = {EXTENT(struct ssd_block_args, batch), EXTENT(struct ssd_block_args, seqlen),
                  EXTENT(struct ssd_block_args, channels)},
        .row_axes = 2,
        .stride = offsetof(struct ssd_block_args, x_stride),
        .lo = -4,
        .hi = 4,
        .huge = 1e3,
    },
    {
        .name = "weight",
        .bind = "conv.weight",
        .role = OPERAND_WEIGHT,
        .slot = offsetof(struct ssd_block_args, weight),
        .axes = 2,
        .shape = {EXTENT(struct ssd_block_args, channels), EXTENT(struct ssd_block_args, width)},
        .lo = -0.7,
        .hi = 0.7,
        .huge = 1e3,
    },
    {
        .name = "bias",
        .bind = "conv.bias",
        .role = OPERAND_WEIGHT,
        .slot = offsetof(struct ssd_block_args, bias),
        .axes = 1,
        .shape = {EXTENT(struct ssd_block_args, channels)},
        .lo = -0.5,
        .hi = 0.5,
        .optional = true,
        .huge = 1e3,
    },
    {
        .name = "conv_state",
        .bind = "conv.state",
        .role = OPERAND_STATE,
        .slot = offsetof(struct ssd_block_args, conv_state),
        .axes = 3,
        .shape = {EXTENT(struct ssd_block_args, batch),
                  {offsetof(struct ssd_block_args, width), -1},
                  EXTENT(struct ssd_block_args, channels)},
        .lo = -4,
        .hi = 4,
        .huge = 1e3,
    },
    {
        .name = "dt",
        .bind = "softplus.x",
        .role = OPERAND_INPUT,
        .slot = offsetof(struct ssd_block_args, dt),
        .axes = 3,
        .shape = {EXTENT(struct ssd_block_args, batch), EXTENT(struct ssd_block_args, seqlen),
                  EXTENT(struct ssd_block_args, heads)},
        .row_axes = 2,
        .stride = offsetof(struct ssd_block_args, dt_stride),
        .lo = -3,
        .hi = 3,
    },
    {
        .name = "dt_bias",
        .bind = "softplus.bias",
        .role = OPERAND_WEIGHT,
        .slot = offsetof(struct ssd_block_args, dt_bias),
        .axes = 1,
        .shape = {EXTENT(struct ssd_block_args, heads)},
        .lo = -7,
        .hi = -2,
        .optional = true,
    },
    {
        .name = "a",
        .bind = "scan.a",
        .role = OPERAND_WEIGHT,
        .slot = offsetof(struct ssd_block_args, a),
        .axes = 1,
        .shape = {EXTENT(struct ssd_block_args, heads)},
        .lo = -16,
        .hi = -0.5,
        .exponent = true,
    },
    {
        .name = "state",
        .bind = "scan.state",
        .role = OPERAND_STATE,
        .slot = offsetof(struct ssd_block_args, state),
        .axes = 4,
        .shape = {EXTENT(struct ssd_block_args, batch), EXTENT(struct ssd_block_args, heads),
                  EXTENT(struct ssd_block_args, headdim), EXTENT(struct ssd_block_args, d_state)},
        .lo = -2,
        .hi = 2,
        .huge = 1e10,
    },
    {
        .name = "d",
        .bind = "skip.d",
        .role = OPERAND_WEIGHT,
        .slot = offsetof(struct ssd_block_args, d),
        .axes = 1,
        .shape = {EXTENT(struct ssd_block_args, heads)},
        .lo = -2,
        .hi = 2,
        .huge = 1e10,
    },
    {
        .name = "z",
        .bind = "gate_norm.z",
        .role = OPERAND_INPUT,
        .slot = offsetof(struct ssd_block_args, z),
        .axes = 4,
        .shape = {EXTENT(struct ssd_block_args, batch), EXTENT(struct ssd_block_args, seqlen),
                  EXTENT(struct ssd_block_args, heads), EXTENT(struct ssd_block_args, headdim)},
        .row_axes = 2,
        .stride = offsetof(struct ssd_block_args, z_stride),
        .lo = -6,
        .hi = 6,
        .huge = 1e10,
    },
    {
        .name = "norm_weight",
        .bind = "gate_norm.weight",
        .role = OPERAND_WEIGHT,
        .slot = offsetof(struct ssd_block_args, norm_weight),
        .axes = 2,
        .shape = {EXTENT(struct ssd_block_args, heads), EXTENT(struct ssd_block_args, headdim)},
        .lo = 0.2,
        .hi = 2,
        .huge = 1e10,
    },
    {
        .name = "out",
        .bind = "gate_norm.out",
        .role = OPERAND_OUTPUT,
        .slot = offsetof(struct ssd_block_args, out),
        .axes = 4,
        .shape = {EXTENT(struct ssd_block_args, batch), EXTENT(struct ssd_block_args, seqlen),
                  EXTENT(struct ssd_block_args, heads), EXTENT(struct ssd_block_args, headdim)},
        .row_axes = 2,
        .stride = offsetof(struct ssd_block_args, out_stride),
    },
};

static void derive(void *args)
{
    struct ssd_block_args *p = args;
    p->channels = p->heads * p->headdim + 2 * p->groups * p->d_state;
}

/* The families whose formulas it chains, on its dims. */
struct chain {
    struct conv_args conv;
    struct ssd_args ssd;
    struct gate_norm_args norm;
};

static struct chain chain_of(const struct ssd_block_args *p)
{
    return (struct chain){
        .conv = {.batch = p->batch,
                 .seqlen = p->seqlen,
                 .channels = p->channels,
                 .width = p->width,
                 .bias = p->bias},
        .ssd = {.batch = p->batch,
                .seqlen = p->seqlen,
                .heads = p->heads,
                .headdim = p->headdim,
                .groups = p->groups,
                .d_state = p->d_state,
                .dt_bias = p->dt_bias},
        .norm = {.rows = p->batch * p->seqlen, .channels = p->heads * p->headdim, .groups = p->groups},
    };
}

static void work(const void *args, struct work *work)
{
    const struct chain chain = chain_of(args);
    struct work next;
    conv_silu_family.work(&chain.conv, work);
    ssd_family.work(&chain.ssd, &next);
    work_add(work, &next, 1);
    gate_norm_family.work(&chain.norm, &next);
    work_add(work, &next, 1);
}

static double bound(const void *args)
{
    const struct chain chain = chain_of(args);
    return 3 * conv_silu_family.bound(&chain.conv) + ssd_family.bound(&chain.ssd) +
           gate_norm_family.bound(&chain.norm);
}

static bool narrow(const void *args)
{
    return ((const struct ssd_block_args *)args)->width <= 4;
}

#define VARIANT(variant, level)                                                                              \
    {.name = "ssd_block/" #variant,                                                                          \
     .isa = level,                                                                                           \
     .run = ssd_block_##variant,                                                                             \
     .then = {ssd_block_finish_##variant},                                                                   \
     .scratch_bytes = ssd_block_scratch_##variant,                                                           \
     .accepts = narrow},                                                                                     \
    {                                                                                                        \
        .name = "ssd_block/ssd_" #variant, .isa = level, .run = ssd_block_ssd_##variant,                     \
        .then = {ssd_block_finish_##variant}, .scratch_bytes = ssd_block_ssd_scratch_##variant,              \
        .accepts = narrow, .scan = SCAN_SSD                                                                  \
    }

static const struct kernel kernels[] = {
    {.name = "ssd_block/reference", .isa = ISA_SCALAR, .run = ssd_block_reference},
#ifdef __x86_64__
    VARIANT(avx2, ISA_AVX2),
    VARIANT(avx512, ISA_AVX512),
#elif defined(__aarch64__)
    VARIANT(neon, ISA_NEON),
#endif
};

const struct kernel_family ssd_block_family = {
    .name = "ssd_block",
    .summary = "all between the projections of a Mamba-2 layer: conv to gated norm",
    .covers = {"conv", "silu", "softplus", "scan", "skip", "gate_norm"},
    .args_size = sizeof(struct ssd_block_args),
    .dims = dims,
    .n_dims = COUNT_OF(dims),
    .parameters = parameters,
    .n_parameters = COUNT_OF(parameters),
    .operands = operands,
    .n_operands = COUNT_OF(operands),
    .derive = derive,
    .work = work,
    .bound = bound,
    .bound_reason =
        "conv_silu's in each of u, B and C, then ssd's and gate_norm's; the condition has the terms' "
        "magnitudes and what they do to the norm's scale",
    .scratch = offsetof(struct ssd_block_args, scratch),
    .reference_f64 = ssd_block_reference_f64,
    .condition_f64 = ssd_block_condition_f64,
    .kernels = kernels,
    .n_kernels = COUNT_OF(kernels),
};
