/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/ssd_states/ssd_states.h"

#include "kernels/ssd/ssd.h"

#define AT(field) offsetof(struct ssd_states_args, field)
#define BY(field) EXTENT(struct ssd_states_args, field)

static const struct kernel_dim dims[] = {
    KERNEL_DIM(struct ssd_states_args, batch),    KERNEL_DIM(struct ssd_states_args, seqlen),
    KERNEL_DIM(struct ssd_states_args, heads),    KERNEL_DIM(struct ssd_states_args, headdim),
    KERNEL_DIM(struct ssd_states_args, groups),   KERNEL_DIM(struct ssd_states_args, d_state),
    KERNEL_DIM(struct ssd_states_args, interval),
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
        .name = "y",
        .bind = "skip.out",
        .role = OPERAND_OUTPUT,
        .slot = AT(y),
        .axes = 4,
        .shape = {BY(batch), BY(seqlen), BY(heads), BY(headdim)},
        .row_axes = 2,
        .stride = AT(y_stride),
    },
    {
        .name = "states",
        .bind = "scan.h",
        .role = OPERAND_OUTPUT,
        .slot = AT(states),
        .axes = 5,
        .shape = {BY(batch), BY(kept), BY(heads), BY(d_state), BY(headdim)},
    },
    {
        .name = "last",
        .bind = "scan.state",
        .role = OPERAND_OUTPUT,
        .slot = AT(last),
        .axes = 4,
        .shape = {BY(batch), BY(heads), BY(d_state), BY(headdim)},
    },
};

static void derive(void *args)
{
    struct ssd_states_args *a = args;
    a->kept = a->interval > 0 ? a->seqlen / a->interval + (a->seqlen % a->interval != 0) : 0;
}

static void work(const void *args, struct work *work)
{
    const struct ssd_states_args *a = args;
    ssd_family.work(&(struct ssd_args){.batch = a->batch,
                                       .seqlen = a->seqlen,
                                       .heads = a->heads,
                                       .headdim = a->headdim,
                                       .groups = a->groups,
                                       .d_state = a->d_state,
                                       .dt_bias = a->dt_bias},
                    work);
}

static double bound(const void *args)
{
    const struct ssd_states_args *a = args;
    return 4.0 * (double)a->seqlen + (double)a->d_state + 34;
}

static const struct kernel kernels[] = {
    {.name = "ssd_states/reference", .isa = ISA_SCALAR, .run = ssd_states_reference},
#ifdef __x86_64__
    {.name = "ssd_states/avx2", .isa = ISA_AVX2, .run = ssd_states_avx2},
    {.name = "ssd_states/avx512", .isa = ISA_AVX512, .run = ssd_states_avx512},
#elif defined(__aarch64__)
    {.name = "ssd_states/neon", .isa = ISA_NEON, .run = ssd_states_neon},
#endif
};

const struct kernel_family ssd_states_family = {
    .name = "ssd_states",
    .summary = "ssd from zeros, which keeps the state before every interval-th step",
    .covers = {"softplus", "scan", "skip"},
    .args_size = sizeof(struct ssd_states_args),
    .dims = dims,
    .n_dims = COUNT_OF(dims),
    .parameters = parameters,
    .n_parameters = COUNT_OF(parameters),
    .operands = operands,
    .n_operands = COUNT_OF(operands),
    .derive = derive,
    .work = work,
    .bound = bound,
    .bound_reason = "ssd's, as the state starts from zeros in both",
    .reference_f64 = ssd_states_reference_f64,
    .kernels = kernels,
    .n_kernels = COUNT_OF(kernels),
};
