/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/ssd/ssd.h"

#include "kernels/fastmamba/fixed.h"

#define AT(field) offsetof(struct ssd_args, field)
#define BY(field) EXTENT(struct ssd_args, field)

static const struct kernel_dim dims[] = {
    KERNEL_DIM(struct ssd_args, batch),  KERNEL_DIM(struct ssd_args, seqlen),
    KERNEL_DIM(struct ssd_args, heads),  KERNEL_DIM(struct ssd_args, headdim),
    KERNEL_DIM(struct ssd_args, groups), KERNEL_DIM(struct ssd_args, d_state),
};

static const struct kernel_parameter parameters[] = {
    {"dt_min", AT(dt_min), 0.001},
    {"dt_max", AT(dt_max), 0.5},
};

#define BOUND(operand) operand
#define SUMS_MAGNITUDES true

static const struct kernel_operand operands[] = {
#include "kernels/ssd/operands.inc"
    {
        .name = "state",
        .bind = "scan.state",
        .role = OPERAND_STATE,
        .slot = AT(state),
        .axes = 4,
        .shape = {BY(batch), BY(heads), BY(headdim), BY(d_state)},
        .lo = -2,
        .hi = 2,
        .magnitude = true,
    },
    {
        .name = "y",
        .bind = "skip.out",
        .role = OPERAND_OUTPUT,
        .slot = AT(y),
        .axes = 4,
        .shape = {BY(batch), BY(seqlen), BY(heads), BY(headdim)},
        .row_axes = 2,
        .stride = AT(y_stride),
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
    .scratch = AT(scratch),
    .chunk = AT(chunk),
    .samples = AT(samples),
    .reference_f64 = ssd_reference_f64,
    .kernels = kernels,
    .n_kernels = COUNT_OF(kernels),
};
