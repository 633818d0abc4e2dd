/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/scan/scan.h"

static const struct kernel_dim dims[] = {
    KERNEL_DIM(struct scan_args, batch),
    KERNEL_DIM(struct scan_args, seqlen),
    KERNEL_DIM(struct scan_args, channels),
    KERNEL_DIM(struct scan_args, d_state),
};

static const struct kernel_operand operands[] = {
    {
        .name = "abar",
        .role = OPERAND_INPUT,
        .slot = offsetof(struct scan_args, abar),
        .axes = 4,
        .shape = {EXTENT(struct scan_args, batch), EXTENT(struct scan_args, seqlen),
                  EXTENT(struct scan_args, channels), EXTENT(struct scan_args, d_state)},
        .lo = 0.0001,
        .hi = 1,
        .magnitude = true,
        .huge = 2,
    },
    {
        .name = "bu",
        .role = OPERAND_INPUT,
        .slot = offsetof(struct scan_args, bu),
        .axes = 4,
        .shape = {EXTENT(struct scan_args, batch), EXTENT(struct scan_args, seqlen),
                  EXTENT(struct scan_args, channels), EXTENT(struct scan_args, d_state)},
        .lo = -2,
        .hi = 2,
        .magnitude = true,
    },
    {
        .name = "h",
        .role = OPERAND_OUTPUT,
        .slot = offsetof(struct scan_args, h),
        .axes = 4,
        .shape = {EXTENT(struct scan_args, batch), EXTENT(struct scan_args, seqlen),
                  EXTENT(struct scan_args, channels), EXTENT(struct scan_args, d_state)},
        .lo = -2,
        .hi = 2,
    },
    {
        .name = "state",
        .role = OPERAND_STATE,
        .slot = offsetof(struct scan_args, state),
        .axes = 3,
        .shape = {EXTENT(struct scan_args, batch), EXTENT(struct scan_args, channels),
                  EXTENT(struct scan_args, d_state)},
        .lo = -2,
        .hi = 2,
        .magnitude = true,
    },
};

static void work(const void *args, struct work *work)
{
    const struct scan_args *p = args;
    uint64_t all = (uint64_t)p->batch * p->seqlen * p->channels * p->d_state;
    *work = (struct work){.mul = all, .add = all};
}

static double bound(const void *args)
{
    const struct scan_args *p = args;
    return 2 * scan_roundings(p->seqlen) + 1;
}

#define CHUNKED(variant, level)                                                                              \
    {                                                                                                        \
        .name = "scan/chunked_" #variant, .isa = level, .run = scan_chunked_##variant,                       \
        .then = {scan_chunked_carry_##variant, scan_chunked_apply_##variant}, .scan = SCAN_CHUNKED,          \
        .scratch_bytes = scan_chunked_scratch_##variant                                                      \
    }
#define BLELLOCH(variant, level)                                                                             \
    {                                                                                                        \
        .name = "scan/blelloch_" #variant, .isa = level, .run = scan_blelloch_##variant,                     \
        .then = {scan_blelloch_roots_##variant, scan_blelloch_down_##variant}, .scan = SCAN_BLELLOCH,        \
        .scratch_bytes = scan_blelloch_scratch_##variant                                                     \
    }

static const struct kernel kernels[] = {
    {.name = "scan/reference", .isa = ISA_SCALAR, .run = scan_reference},
    {.name = "scan/chunked_reference",
     .isa = ISA_SCALAR,
     .run = scan_chunked_reference,
     .scan = SCAN_CHUNKED},
    {.name = "scan/blelloch_reference",
     .isa = ISA_SCALAR,
     .run = scan_blelloch_reference,
     .scan = SCAN_BLELLOCH,
     .scratch_bytes = scan_blelloch_scratch_reference},
#ifdef __x86_64__
    {.name = "scan/avx2", .isa = ISA_AVX2, .run = scan_avx2},
    CHUNKED(avx2, ISA_AVX2),
    BLELLOCH(avx2, ISA_AVX2),
    {.name = "scan/avx512", .isa = ISA_AVX512, .run = scan_avx512},
    CHUNKED(avx512, ISA_AVX512),
    BLELLOCH(avx512, ISA_AVX512),
#elif defined(__aarch64__)
    {.name = "scan/neon", .isa = ISA_NEON, .run = scan_neon},
    CHUNKED(neon, ISA_NEON),
    BLELLOCH(neon, ISA_NEON),
#endif
};

const struct kernel_family scan_family = {
    .name = "scan",
    .summary = "h_t = abar_t h_(t-1) + bu_t",
    .covers = {"scan"},
    .args_size = sizeof(struct scan_args),
    .dims = dims,
    .n_dims = COUNT_OF(dims),
    .operands = operands,
    .n_operands = COUNT_OF(operands),
    .work = work,
    .bound = bound,
    .bound_reason = "a product and a sum round at each step; of the steps, scan_roundings count",
    .scratch = offsetof(struct scan_args, scratch),
    .chunk = offsetof(struct scan_args, chunk),
    .reference_f64 = scan_reference_f64,
    .kernels = kernels,
    .n_kernels = COUNT_OF(kernels),
};
