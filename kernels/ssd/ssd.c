/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/ssd/ssd.h"

#include "kernels/fastmamba/fixed.h"

static const struct kernel_dim dims[] = {
    KERNEL_DIM(struct ssd_args, batch),  KERNEL_DIM(struct ssd_args, seqlen),
    KERNEL_DIM(struct ssd_args, heads),  KERNEL_DIM(struct ssd_args, headdim),
    KERNEL_DIM(struct ssd_args, groups), KERNEL_DIM(struct ssd_args, d_state),
};

static const struct kernel_parameter parameters[] = {
    {"dt_min", offsetof(struct ssd_args, dt_min), 0.001},
    {"dt_max", offsetof(struct ssd_args, dt_max), 0.5},
};

static const struct kernel_operand operands[] = {
    {
        .name = "dt",
        .bind = "softplus.x",
        .role = OPERAND_INPUT,
        .slot = offsetof(struct ssd_args, dt),
        .axes = 3,
        .shape = {EXTENT(struct ssd_args, batch), EXTENT(struct ssd_args, seqlen),
                  EXTENT(struct ssd_args, heads)},
        .row_axes = 2,
        .stride = offsetof(struct ssd_args, dt_stride),
        .lo = -3,
        .hi = 3,
    },
    {
        .name = "dt_bias",
        .bind = "softplus.bias",
        .role = OPERAND_WEIGHT,
        .optional = true,
        .slot = offsetof(struct ssd_args, dt_bias),
        .axes = 1,
        .shape = {EXTENT(struct ssd_args, heads)},
        .lo = -7,
        .hi = -2,
    },
    {
        .name = "x",
        .bind = "scan.x",
        .role = OPERAND_INPUT,
        .slot = offsetof(struct ssd_args, x),
        .axes = 4,
        .shape = {EXTENT(struct ssd_args, batch), EXTENT(struct ssd_args, seqlen),
                  EXTENT(struct ssd_args, heads), EXTENT(struct ssd_args, headdim)},
        .row_axes = 2,
        .stride = offsetof(struct ssd_args, x_stride),
        .lo = -2,
        .hi = 2,
        .magnitude = true,
    },
    {
        .name = "a",
        .bind = "scan.a",
        .role = OPERAND_WEIGHT,
        .slot = offsetof(struct ssd_args, a),
        .axes = 1,
        .shape = {EXTENT(struct ssd_args, heads)},
        .lo = -16,
        .hi = -0.5,
        .exponent = true,
    },
    {
        .name = "b",
        .bind = "scan.b",
        .role = OPERAND_INPUT,
        .slot = offsetof(struct ssd_args, b),
        .axes = 4,
        .shape = {EXTENT(struct ssd_args, batch), EXTENT(struct ssd_args, seqlen),
                  EXTENT(struct ssd_args, groups), EXTENT(struct ssd_args, d_state)},
        .row_axes = 2,
        .stride = offsetof(struct ssd_args, b_stride),
        .lo = -2,
        .hi = 2,
        .magnitude = true,
    },
    {
        .name = "c",
        .bind = "scan.c",
        .role = OPERAND_INPUT,
        .slot = offsetof(struct ssd_args, c),
        .axes = 4,
        .shape = {EXTENT(struct ssd_args, batch), EXTENT(struct ssd_args, seqlen),
                  EXTENT(struct ssd_args, groups), EXTENT(struct ssd_args, d_state)},
        .row_axes = 2,
        .stride = offsetof(struct ssd_args, c_stride),
        .lo = -2,
        .hi = 2,
        .magnitude = true,
    },
    {
        .name = "state",
        .bind = "scan.state",
        .role = OPERAND_STATE,
        .slot = offsetof(struct ssd_args, state),
        .axes = 4,
        .shape = {EXTENT(struct ssd_args, batch), EXTENT(struct ssd_args, heads),
                  EXTENT(struct ssd_args, headdim), EXTENT(struct ssd_args, d_state)},
        .lo = -2,
        .hi = 2,
        .magnitude = true,
    },
    {
        .name = "d",
        .bind = "skip.d",
        .role = OPERAND_WEIGHT,
        .slot = offsetof(struct ssd_args, d),
        .axes = 1,
        .shape = {EXTENT(struct ssd_args, heads)},
        .lo = -2,
        .hi = 2,
        .magnitude = true,
    },
    {
        .name = "y",
        .bind = "skip.out",
        .role = OPERAND_OUTPUT,
        .slot = offsetof(struct ssd_args, y),
        .axes = 4,
        .shape = {EXTENT(struct ssd_args, batch), EXTENT(struct ssd_args, seqlen),
                  EXTENT(struct ssd_args, heads), EXTENT(struct ssd_args, headdim)},
        .row_axes = 2,
        .stride = offsetof(struct ssd_args, y_stride),
        .lo = -2,
        .hi = 2,
    },
};

static void work(const void *args, struct work *work)
{
    const struct ssd_args *p = args;
    uint64_t steps = (uint64_t)p->batch * p->seqlen * p->heads, rows = steps * p->headdim,
             all = rows * p->d_state;
    *work = (struct work){.mul = 3 * all + 2 * rows + steps,
                          .add = 2 * all + (p->dt_bias ? 4 : 3) * steps,
                          .exp = 2 * steps,
                          .log = steps};
}

static double bound(const void *args)
{
    const struct ssd_args *p = args;
    return 4 * scan_roundings(p->seqlen) + (double)p->d_state + 34;
}

#define MATRICES(variant, level)                                                                             \
    {                                                                                                        \
        .name = "ssd/ssd_" #variant, .isa = level, .run = ssd_ssd_##variant, .scan = SCAN_SSD,               \
        .scratch_bytes = ssd_ssd_scratch_##variant                                                           \
    }
/* Sums of fixed-point products stay within 63 bits. */
static bool few_states(const void *args)
{
    const struct ssd_args *p = args;
    return p->d_state <= FIXED_MOST_STATES;
}

static const struct kernel kernels[] = {
    {.name = "ssd/reference", .isa = ISA_SCALAR, .run = ssd_reference},
    MATRICES(reference, ISA_SCALAR),
#ifdef __x86_64__
    {.name = "ssd/avx2", .isa = ISA_AVX2, .run = ssd_avx2},
    MATRICES(avx2, ISA_AVX2),
    {.name = "ssd/avx512", .isa = ISA_AVX512, .run = ssd_avx512},
    MATRICES(avx512, ISA_AVX512),
#elif defined(__aarch64__)
    {.name = "ssd/neon", .isa = ISA_NEON, .run = ssd_neon},
    MATRICES(neon, ISA_NEON),
#endif
    {.name = "ssd/fastmamba",
     .isa = ISA_SCALAR,
     .run = ssd_fastmamba,
     .precision = PRECISION_FASTMAMBA,
     .exact = ssd_fastmamba_f64,
     .accepts = few_states},
};

const struct kernel_family ssd_family = {
    .name = "ssd",
    .summary = "softplus, scan and skip of Mamba-2 in one pass",
    .covers = {"softplus", "scan", "skip"},
    .args_size = sizeof(struct ssd_args),
    .dims = dims,
    .n_dims = COUNT_OF(dims),
    .parameters = parameters,
    .n_parameters = COUNT_OF(parameters),
    .operands = operands,
    .n_operands = COUNT_OF(operands),
    .work = work,
    .bound = bound,
    .bound_reason =
        "ssd_scan's, delta 24 (|dt + dt_bias| <= 16 or clamped), skip 2; the slope of exp(delta a) is in the "
        "condition",
    .scratch = offsetof(struct ssd_args, scratch),
    .chunk = offsetof(struct ssd_args, chunk),
    .samples = offsetof(struct ssd_args, samples),
    .reference_f64 = ssd_reference_f64,
    .kernels = kernels,
    .n_kernels = COUNT_OF(kernels),
};
