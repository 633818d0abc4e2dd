/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/selective_scan_states/selective_scan_states.h"

#include "kernels/selective_scan/selective_scan.h"

#define AT(field) offsetof(struct selective_scan_states_args, field)
#define BY(field) EXTENT(struct selective_scan_states_args, field)

static const struct kernel_dim dims[] = {
    KERNEL_DIM(struct selective_scan_states_args, batch),
    KERNEL_DIM(struct selective_scan_states_args, seqlen),
    KERNEL_DIM(struct selective_scan_states_args, channels),
    KERNEL_DIM(struct selective_scan_states_args, d_state),
    KERNEL_DIM(struct selective_scan_states_args, interval),
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
        .name = "states",
        .bind = "scan.h",
        .role = OPERAND_OUTPUT,
        .slot = AT(states),
        .axes = 4,
        .shape = {BY(batch), BY(kept), BY(d_state), BY(channels)},
    },
    {
        .name = "last",
        .bind = "scan.state",
        .role = OPERAND_OUTPUT,
        .slot = AT(last),
        .axes = 3,
        .shape = {BY(batch), BY(d_state), BY(channels)},
    },
};

static void derive(void *args)
{
    struct selective_scan_states_args *a = args;
    a->kept = a->interval > 0 ? a->seqlen / a->interval + (a->seqlen % a->interval != 0) : 0;
}

static void work(const void *args, struct work *work)
{
    const struct selective_scan_states_args *a = args;
    selective_scan_family.work(&(struct selective_scan_args){.batch = a->batch,
                                                             .seqlen = a->seqlen,
                                                             .channels = a->channels,
                                                             .d_state = a->d_state,
                                                             .dt_bias = a->dt_bias},
                               work);
}

static double bound(const void *args)
{
    const struct selective_scan_states_args *a = args;
    return 3.0 * (double)a->seqlen + (double)a->d_state + 40;
}

static const struct kernel kernels[] = {
    {.name = "selective_scan_states/reference", .isa = ISA_SCALAR, .run = selective_scan_states_reference},
#ifdef __x86_64__
    {.name = "selective_scan_states/avx2", .isa = ISA_AVX2, .run = selective_scan_states_avx2},
    {.name = "selective_scan_states/avx512", .isa = ISA_AVX512, .run = selective_scan_states_avx512},
#elif defined(__aarch64__)
    {.name = "selective_scan_states/neon", .isa = ISA_NEON, .run = selective_scan_states_neon},
#endif
};

const struct kernel_family selective_scan_states_family = {
    .name = "selective_scan_states",
    .summary = "selective_scan from zeros, which keeps the state before every interval-th step",
    .covers = {"softplus", "discretize", "scan", "contract", "skip", "gate"},
    .args_size = sizeof(struct selective_scan_states_args),
    .dims = dims,
    .n_dims = COUNT_OF(dims),
    .parameters = parameters,
    .n_parameters = COUNT_OF(parameters),
    .operands = operands,
    .n_operands = COUNT_OF(operands),
    .derive = derive,
    .work = work,
    .bound = bound,
    .bound_reason = "selective_scan's, as the state starts from zeros in both",
    .reference_f64 = selective_scan_states_reference_f64,
    .kernels = kernels,
    .n_kernels = COUNT_OF(kernels),
};
