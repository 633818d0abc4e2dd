/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/selective_scan_states/selective_scan_states.h"

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

static const struct kernel_operand operands[] = {
    {
        .name = "dt",
        .bind = "softplus.x",
        .role = OPERAND_INPUT,
        .slot = AT(dt),
        .axes = 3,
        .shape = {BY(batch), BY(seqlen), BY(channels)},
        .row_axes = 2,
        .stride = AT(dt_stride),
        .lo = -3,
        .hi = 3,
    },
    {
        .name = "dt_bias",
        .bind = "softplus.bias",
        .role = OPERAND_WEIGHT,
        .optional = true,
        .slot = AT(dt_bias),
        .axes = 1,
        .shape = {BY(channels)},
        .lo = -7,
        .hi = -2,
    },
    {
        .name = "u",
        .bind = "discretize.u",
        .role = OPERAND_INPUT,
        .slot = AT(u),
        .axes = 3,
        .shape = {BY(batch), BY(seqlen), BY(channels)},
        .row_axes = 2,
        .stride = AT(u_stride),
        .lo = -2,
        .hi = 2,
        .magnitude = true,
    },
    {
        .name = "a",
        .bind = "discretize.a",
        .role = OPERAND_WEIGHT,
        .slot = AT(a),
        .axes = 2,
        .shape = {BY(channels), BY(d_state)},
        .lo = -16,
        .hi = -0.5,
        .exponent = true,
    },
    {
        .name = "b",
        .bind = "discretize.b",
        .role = OPERAND_INPUT,
        .slot = AT(b),
        .axes = 3,
        .shape = {BY(batch), BY(seqlen), BY(d_state)},
        .row_axes = 2,
        .stride = AT(b_stride),
        .lo = -2,
        .hi = 2,
        .magnitude = true,
    },
    {
        .name = "c",
        .bind = "contract.c",
        .role = OPERAND_INPUT,
        .slot = AT(c),
        .axes = 3,
        .shape = {BY(batch), BY(seqlen), BY(d_state)},
        .row_axes = 2,
        .stride = AT(c_stride),
        .lo = -2,
        .hi = 2,
        .magnitude = true,
    },
    {
        .name = "d",
        .bind = "skip.d",
        .role = OPERAND_WEIGHT,
        .slot = AT(d),
        .axes = 1,
        .shape = {BY(channels)},
        .lo = -2,
        .hi = 2,
        .magnitude = true,
    },
    {
        .name = "z",
        .bind = "gate.z",
        .role = OPERAND_INPUT,
        .slot = AT(z),
        .axes = 3,
        .shape = {BY(batch), BY(seqlen), BY(channels)},
        .row_axes = 2,
        .stride = AT(z_stride),
        .lo = -8,
        .hi = 8,
    },
    {
        .name = "y",
        .bind = "gate.out",
        .role = OPERAND_OUTPUT,
        .slot = AT(y),
        .axes = 3,
        .shape = {BY(batch), BY(seqlen), BY(channels)},
        .row_axes = 2,
        .stride = AT(y_stride),
    },
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
    const uint64_t pairs = (uint64_t)a->batch * a->seqlen * a->channels, all = pairs * a->d_state;
    *work = (struct work){.mul = 4 * all + 3 * pairs,
                          .add = 2 * all + (a->dt_bias ? 5 : 4) * pairs,
                          .exp = all + 2 * pairs,
                          .log = pairs,
                          .div = pairs};
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
