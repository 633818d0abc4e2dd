/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/selective_scan/selective_scan.h"

#include "kernels/fastmamba/fixed.h"

#define AT(field) offsetof(struct selective_scan_args, field)
#define BY(field) EXTENT(struct selective_scan_args, field)

static const struct kernel_dim dims[] = {
    KERNEL_DIM(struct selective_scan_args, batch),
    KERNEL_DIM(struct selective_scan_args, seqlen),
    KERNEL_DIM(struct selective_scan_args, channels),
    KERNEL_DIM(struct selective_scan_args, d_state),
};

static const struct kernel_parameter parameters[] = {
    {"dt_min", AT(dt_min), 0.001},
    {"dt_max", AT(dt_max), 0.5},
};

#define BOUND(operand) operand
#define SUMS_MAGNITUDES true

static const struct kernel_operand operands[] = {
#include "kernels/selective_scan/operands.inc"
    {
        .name = "state",
        .bind = "scan.state",
        .role = OPERAND_STATE,
        .slot = AT(state),
        .axes = 3,
        .shape = {BY(batch), BY(channels), BY(d_state)},
        .lo = -2,
        .hi = 2,
        .magnitude = true,
    },
};

static void work(const void *args, struct work *work)
{
    const struct selective_scan_args *p = args;
    uint64_t pairs = (uint64_t)p->batch * p->seqlen * p->channels, all = pairs * p->d_state;
    *work = (struct work){.mul = 4 * all + 3 * pairs,
                          .add = 2 * all + (p->dt_bias ? 5 : 4) * pairs,
                          .exp = all + 2 * pairs,
                          .log = pairs,
                          .div = pairs};
}

static double bound(const void *args)
{
    const struct selective_scan_args *p = args;
    return 3 * scan_roundings(p->seqlen) + (double)p->d_state + 40;
}

#define CHUNKED(variant, level)                                                                              \
    {                                                                                                        \
        .name = "selective_scan/chunked_" #variant, .isa = level, .run = selective_scan_chunked_##variant,   \
        .then = {selective_scan_chunked_carry_##variant, selective_scan_chunked_apply_##variant},            \
        .scan = SCAN_CHUNKED, .scratch_bytes = selective_scan_chunked_scratch_##variant                      \
    }
#define BLELLOCH(variant, level)                                                                             \
    {                                                                                                        \
        .name = "selective_scan/blelloch_" #variant, .isa = level, .run = selective_scan_blelloch_##variant, \
        .then = {selective_scan_blelloch_roots_##variant, selective_scan_blelloch_down_##variant},           \
        .scan = SCAN_BLELLOCH, .scratch_bytes = selective_scan_blelloch_scratch_##variant                    \
    }
/* Sums of fixed-point products stay within 63 bits. */
static bool few_states(const void *args)
{
    const struct selective_scan_args *p = args;
    return p->d_state <= FIXED_MOST_STATES;
}

static const struct kernel kernels[] = {
    {.name = "selective_scan/reference", .isa = ISA_SCALAR, .run = selective_scan_reference},
    {.name = "selective_scan/chunked_reference",
     .isa = ISA_SCALAR,
     .run = selective_scan_chunked_reference,
     .scan = SCAN_CHUNKED,
     .scratch_bytes = selective_scan_chunked_scratch_reference},
    {.name = "selective_scan/blelloch_reference",
     .isa = ISA_SCALAR,
     .run = selective_scan_blelloch_reference,
     .scan = SCAN_BLELLOCH,
     .scratch_bytes = selective_scan_blelloch_scratch_reference},
#ifdef __x86_64__
    {.name = "selective_scan/avx2", .isa = ISA_AVX2, .run = selective_scan_avx2},
    CHUNKED(avx2, ISA_AVX2),
    BLELLOCH(avx2, ISA_AVX2),
    {.name = "selective_scan/avx512", .isa = ISA_AVX512, .run = selective_scan_avx512},
    CHUNKED(avx512, ISA_AVX512),
    BLELLOCH(avx512, ISA_AVX512),
#elif defined(__aarch64__)
    {.name = "selective_scan/neon", .isa = ISA_NEON, .run = selective_scan_neon},
    CHUNKED(neon, ISA_NEON),
    BLELLOCH(neon, ISA_NEON),
#endif
    {.name = "selective_scan/fastmamba",
     .isa = ISA_SCALAR,
     .run = selective_scan_fastmamba,
     .precision = PRECISION_FASTMAMBA,
     .exact = selective_scan_fastmamba_f64,
     .accepts = few_states},
};

const struct kernel_family selective_scan_family = {
    .name = "selective_scan",
    .summary = "softplus, discretize, scan, contract, skip and gate of Mamba-1 in one pass",
    .covers = {"softplus", "discretize", "scan", "contract", "skip", "gate"},
    .args_size = sizeof(struct selective_scan_args),
    .dims = dims,
    .n_dims = COUNT_OF(dims),
    .parameters = parameters,
    .n_parameters = COUNT_OF(parameters),
    .operands = operands,
    .n_operands = COUNT_OF(operands),
    .work = work,
    .bound = bound,
    .bound_reason = "a step: exp 2, sum 1, of the steps scan_roundings count; sum over d_state; once: delta "
                    "24 (|dt + dt_bias| <= 16 or "
                    "clamped), delta u b 2, "
                    "skip 2, silu 8 and its product; the slope of exp(delta a) is in the condition",
    .scratch = AT(scratch),
    .chunk = AT(chunk),
    .samples = AT(samples),
    .reference_f64 = selective_scan_reference_f64,
    .kernels = kernels,
    .n_kernels = COUNT_OF(kernels),
};
