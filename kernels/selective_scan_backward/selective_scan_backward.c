/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/selective_scan_backward/selective_scan_backward.h"

#define AT(field) offsetof(struct selective_scan_backward_args, field)
#define BY(field) EXTENT(struct selective_scan_backward_args, field)

static const struct kernel_dim dims[] = {
    KERNEL_DIM(struct selective_scan_backward_args, batch),
    KERNEL_DIM(struct selective_scan_backward_args, seqlen),
    KERNEL_DIM(struct selective_scan_backward_args, channels),
    KERNEL_DIM(struct selective_scan_backward_args, d_state),
    KERNEL_DIM(struct selective_scan_backward_args, interval),
    KERNEL_DIM(struct selective_scan_backward_args, slices),
};

static const struct kernel_parameter parameters[] = {
    {"dt_min", AT(dt_min), 0.001},
    {"dt_max", AT(dt_max), 0.5},
};

#define BOUND(operand) NULL
#define SUMS_MAGNITUDES false

static const struct kernel_operand operands[] = {
#include "kernels/selective_scan/operands.inc"
    {
        .name = "states",
        .role = OPERAND_INPUT,
        .optional = true,
        .slot = AT(states),
        .axes = 4,
        .shape = {BY(batch), BY(kept), BY(d_state), BY(channels)},
        .lo = -2,
        .hi = 2,
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
        .name = "du",
        .role = OPERAND_OUTPUT,
        .slot = AT(du),
        .axes = 3,
        .shape = {BY(batch), BY(seqlen), BY(channels)},
        .row_axes = 2,
        .stride = AT(du_stride),
    },
    {
        .name = "ddt",
        .role = OPERAND_OUTPUT,
        .slot = AT(ddt),
        .axes = 3,
        .shape = {BY(batch), BY(seqlen), BY(channels)},
        .row_axes = 2,
        .stride = AT(ddt_stride),
    },
    {
        .name = "dz",
        .role = OPERAND_OUTPUT,
        .slot = AT(dz),
        .axes = 3,
        .shape = {BY(batch), BY(seqlen), BY(channels)},
        .row_axes = 2,
        .stride = AT(dz_stride),
    },
    {
        .name = "da",
        .role = OPERAND_OUTPUT,
        .slot = AT(da),
        .axes = 2,
        .shape = {BY(channels), BY(d_state)},
    },
    {
        .name = "db",
        .role = OPERAND_OUTPUT,
        .slot = AT(db),
        .axes = 4,
        .shape = {BY(batch), BY(seqlen), BY(slices), BY(d_state)},
    },
    {
        .name = "dc",
        .role = OPERAND_OUTPUT,
        .slot = AT(dc),
        .axes = 4,
        .shape = {BY(batch), BY(seqlen), BY(slices), BY(d_state)},
    },
    {
        .name = "dd",
        .role = OPERAND_OUTPUT,
        .slot = AT(dd),
        .axes = 1,
        .shape = {BY(channels)},
    },
    {
        .name = "ddt_bias",
        .role = OPERAND_OUTPUT,
        .optional = true,
        .slot = AT(ddt_bias),
        .axes = 1,
        .shape = {BY(channels)},
    },
    {
        .name = "boundaries",
        .role = OPERAND_OUTPUT,
        .slot = AT(boundaries),
        .axes = 4,
        .shape = {BY(batch), BY(tiles), BY(d_state), BY(channels)},
    },
    {
        .name = "dstate",
        .role = OPERAND_OUTPUT,
        .slot = AT(dstate),
        .axes = 3,
        .shape = {BY(batch), BY(d_state), BY(channels)},
    },
};

static void derive(void *args)
{
    struct selective_scan_backward_args *a = args;
    a->kept = a->interval > 0 ? a->seqlen / a->interval + (a->seqlen % a->interval != 0) : 0;
    a->tiles = a->seqlen / SCAN_BACKWARD_TILE + (a->seqlen % SCAN_BACKWARD_TILE != 0);
}

static void work(const void *args, struct work *work)
{
    const struct selective_scan_backward_args *a = args;
    const uint64_t rows = (uint64_t)a->batch * a->seqlen, channels = (uint64_t)a->channels,
                   states = (uint64_t)a->d_state, pairs = rows * channels, all = pairs * states;
    /* The state after a step is the one before the next: kept or built again. */
    const uint64_t rebuilt = (uint64_t)a->batch * (a->seqlen - a->kept + 1) * channels * states;
    *work = (struct work){.mul = 10 * all + 14 * pairs + 2 * rebuilt,
                          .add = 7 * all - a->batch * channels * states - channels * states -
                                 2 * rows * states + 6 * pairs + rebuilt + pairs - channels +
                                 (a->dt_bias ? pairs : 0) + (a->ddt_bias ? pairs - channels : 0),
                          .exp = all + 2 * pairs,
                          .log = pairs,
                          .div = 2 * pairs};
}

static double bound(const void *args)
{
    const struct selective_scan_backward_args *a = args;
    return 8.0 * (double)a->batch * (double)a->seqlen + (double)a->channels + (double)a->d_state + 160;
}

static const struct kernel kernels[] = {
    {.name = "selective_scan_backward/reference",
     .isa = ISA_SCALAR,
     .run = selective_scan_backward_reference},
#ifdef __x86_64__
    {.name = "selective_scan_backward/avx2",
     .isa = ISA_AVX2,
     .run = selective_scan_backward_avx2,
     .accepts = selective_scan_backward_accepts_avx2},
    {.name = "selective_scan_backward/avx512",
     .isa = ISA_AVX512,
     .run = selective_scan_backward_avx512,
     .accepts = selective_scan_backward_accepts_avx512},
#elif defined(__aarch64__)
    {.name = "selective_scan_backward/neon",
     .isa = ISA_NEON,
     .run = selective_scan_backward_neon,
     .accepts = selective_scan_backward_accepts_neon},
#endif
};

const struct kernel_family selective_scan_backward_family = {
    .name = "selective_scan_backward",
    .summary = "all gradients of selective_scan, from states kept every interval steps",
    .covers = {"scan_backward"},
    .args_size = sizeof(struct selective_scan_backward_args),
    .dims = dims,
    .n_dims = COUNT_OF(dims),
    .parameters = parameters,
    .n_parameters = COUNT_OF(parameters),
    .operands = operands,
    .n_operands = COUNT_OF(operands),
    .derive = derive,
    .work = work,
    .bound = bound,
    .bound_reason = "a step: of h and of dh exp 2 and sum 1 each; sums over d_state, over the channels of a "
                    "slice, over time; delta 24, silu and its slope 12, eight products; the slope of "
                    "exp(delta a) is in the condition",
    .reference_f64 = selective_scan_backward_reference_f64,
    .condition_f64 = selective_scan_backward_condition_f64,
    .kernels = kernels,
    .n_kernels = COUNT_OF(kernels),
};
