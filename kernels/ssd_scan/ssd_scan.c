/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/ssd_scan/ssd_scan.h"

static const struct kernel_dim dims[] = {
    KERNEL_DIM(struct ssd_scan_args, batch),  KERNEL_DIM(struct ssd_scan_args, seqlen),
    KERNEL_DIM(struct ssd_scan_args, heads),  KERNEL_DIM(struct ssd_scan_args, headdim),
    KERNEL_DIM(struct ssd_scan_args, groups), KERNEL_DIM(struct ssd_scan_args, d_state),
};

static const struct kernel_operand operands[] = {
    {
        .name = "delta",
        .role = OPERAND_INPUT,
        .slot = offsetof(struct ssd_scan_args, delta),
        .axes = 3,
        .shape = {EXTENT(struct ssd_scan_args, batch), EXTENT(struct ssd_scan_args, seqlen),
                  EXTENT(struct ssd_scan_args, heads)},
        .row_axes = 2,
        .stride = offsetof(struct ssd_scan_args, delta_stride),
        .lo = 0.001,
        .hi = 0.5,
        .magnitude = true,
    },
    {
        .name = "x",
        .role = OPERAND_INPUT,
        .slot = offsetof(struct ssd_scan_args, x),
        .axes = 4,
        .shape = {EXTENT(struct ssd_scan_args, batch), EXTENT(struct ssd_scan_args, seqlen),
                  EXTENT(struct ssd_scan_args, heads), EXTENT(struct ssd_scan_args, headdim)},
        .row_axes = 2,
        .stride = offsetof(struct ssd_scan_args, x_stride),
        .lo = -2,
        .hi = 2,
        .magnitude = true,
    },
    {
        .name = "a",
        .role = OPERAND_WEIGHT,
        .slot = offsetof(struct ssd_scan_args, a),
        .axes = 1,
        .shape = {EXTENT(struct ssd_scan_args, heads)},
        .lo = -16,
        .hi = -0.5,
        .exponent = true,
    },
    {
        .name = "b",
        .role = OPERAND_INPUT,
        .slot = offsetof(struct ssd_scan_args, b),
        .axes = 4,
        .shape = {EXTENT(struct ssd_scan_args, batch), EXTENT(struct ssd_scan_args, seqlen),
                  EXTENT(struct ssd_scan_args, groups), EXTENT(struct ssd_scan_args, d_state)},
        .row_axes = 2,
        .stride = offsetof(struct ssd_scan_args, b_stride),
        .lo = -2,
        .hi = 2,
        .magnitude = true,
    },
    {
        .name = "c",
        .role = OPERAND_INPUT,
        .slot = offsetof(struct ssd_scan_args, c),
        .axes = 4,
        .shape = {EXTENT(struct ssd_scan_args, batch), EXTENT(struct ssd_scan_args, seqlen),
                  EXTENT(struct ssd_scan_args, groups), EXTENT(struct ssd_scan_args, d_state)},
        .row_axes = 2,
        .stride = offsetof(struct ssd_scan_args, c_stride),
        .lo = -2,
        .hi = 2,
        .magnitude = true,
    },
    {
        .name = "state",
        .role = OPERAND_STATE,
        .slot = offsetof(struct ssd_scan_args, state),
        .axes = 4,
        .shape = {EXTENT(struct ssd_scan_args, batch), EXTENT(struct ssd_scan_args, heads),
                  EXTENT(struct ssd_scan_args, headdim), EXTENT(struct ssd_scan_args, d_state)},
        .lo = -2,
        .hi = 2,
        .magnitude = true,
    },
    {
        .name = "y",
        .role = OPERAND_OUTPUT,
        .slot = offsetof(struct ssd_scan_args, y),
        .axes = 4,
        .shape = {EXTENT(struct ssd_scan_args, batch), EXTENT(struct ssd_scan_args, seqlen),
                  EXTENT(struct ssd_scan_args, heads), EXTENT(struct ssd_scan_args, headdim)},
        .row_axes = 2,
        .stride = offsetof(struct ssd_scan_args, y_stride),
        .lo = -2,
        .hi = 2,
    },
};

static void work(const void *args, struct work *work)
{
    const struct ssd_scan_args *p = args;
    uint64_t steps = (uint64_t)p->batch * p->seqlen * p->heads, rows = steps * p->headdim,
             all = rows * p->d_state;
    *work = (struct work){.mul = 3 * all + rows + steps, .add = 2 * all - rows, .exp = steps};
}

static double bound(const void *args)
{
    const struct ssd_scan_args *p = args;
    return 4 * scan_roundings(p->seqlen) + (double)p->d_state + 6;
}

#define MATRICES(variant, level)                                                                             \
    {                                                                                                        \
        .name = "ssd_scan/ssd_" #variant, .isa = level, .run = ssd_scan_ssd_##variant, .scan = SCAN_SSD,     \
        .scratch_bytes = ssd_scan_ssd_scratch_##variant                                                      \
    }

static const struct kernel kernels[] = {
    {.name = "ssd_scan/reference", .isa = ISA_SCALAR, .run = ssd_scan_reference},
    MATRICES(reference, ISA_SCALAR),
#ifdef __x86_64__
    {.name = "ssd_scan/avx2", .isa = ISA_AVX2, .run = ssd_scan_avx2},
    MATRICES(avx2, ISA_AVX2),
    {.name = "ssd_scan/avx512", .isa = ISA_AVX512, .run = ssd_scan_avx512},
    MATRICES(avx512, ISA_AVX512),
#elif defined(__aarch64__)
    {.name = "ssd_scan/neon", .isa = ISA_NEON, .run = ssd_scan_neon},
    MATRICES(neon, ISA_NEON),
#endif
};

const struct kernel_family ssd_scan_family = {
    .name = "ssd_scan",
    .summary = "h = exp(delta a) h + delta x b, y = h c, one decay a head",
    .covers = {"scan"},
    .args_size = sizeof(struct ssd_scan_args),
    .dims = dims,
    .n_dims = COUNT_OF(dims),
    .operands = operands,
    .n_operands = COUNT_OF(operands),
    .work = work,
    .bound = bound,
    .bound_reason = "a step: exp 2, product 1, sum 1, of the steps scan_roundings count; sum over d_state; "
                    "delta x b 2; the slope of exp(delta a) is in the "
                    "condition",
    .scratch = offsetof(struct ssd_scan_args, scratch),
    .chunk = offsetof(struct ssd_scan_args, chunk),
    .reference_f64 = ssd_scan_reference_f64,
    .kernels = kernels,
    .n_kernels = COUNT_OF(kernels),
};
