/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/ssd_backward/ssd_backward.h"

#define AT(field) offsetof(struct ssd_backward_args, field)
#define BY(field) EXTENT(struct ssd_backward_args, field)

static const struct kernel_dim dims[] = {
    KERNEL_DIM(struct ssd_backward_args, batch),    KERNEL_DIM(struct ssd_backward_args, seqlen),
    KERNEL_DIM(struct ssd_backward_args, heads),    KERNEL_DIM(struct ssd_backward_args, headdim),
    KERNEL_DIM(struct ssd_backward_args, groups),   KERNEL_DIM(struct ssd_backward_args, d_state),
    KERNEL_DIM(struct ssd_backward_args, interval), KERNEL_DIM(struct ssd_backward_args, slices),
};

static const struct kernel_parameter parameters[] = {
    {"dt_min", AT(dt_min), 0.001},
    {"dt_max", AT(dt_max), 0.5},
};

#define BOUND(operand) NULL
#define SUMS_MAGNITUDES false

static const struct kernel_operand operands[] = {
#include "kernels/ssd/operands.inc"
    {
        .name = "states",
        .role = OPERAND_INPUT,
        .optional = true,
        .slot = AT(states),
        .axes = 5,
        .shape = {BY(batch), BY(kept), BY(heads), BY(d_state), BY(headdim)},
        .lo = -2,
        .hi = 2,
    },
    {
        .name = "dy",
        .role = OPERAND_INPUT,
        .slot = AT(dy),
        .axes = 4,
        .shape = {BY(batch), BY(seqlen), BY(heads), BY(headdim)},
        .row_axes = 2,
        .stride = AT(dy_stride),
        .lo = -2,
        .hi = 2,
    },
    {
        .name = "dx",
        .role = OPERAND_OUTPUT,
        .slot = AT(dx),
        .axes = 4,
        .shape = {BY(batch), BY(seqlen), BY(heads), BY(headdim)},
        .row_axes = 2,
        .stride = AT(dx_stride),
    },
    {
        .name = "ddt",
        .role = OPERAND_OUTPUT,
        .slot = AT(ddt),
        .axes = 3,
        .shape = {BY(batch), BY(seqlen), BY(heads)},
        .row_axes = 2,
        .stride = AT(ddt_stride),
    },
    {
        .name = "da",
        .role = OPERAND_OUTPUT,
        .slot = AT(da),
        .axes = 1,
        .shape = {BY(heads)},
    },
    {
        .name = "db",
        .role = OPERAND_OUTPUT,
        .slot = AT(db),
        .axes = 5,
        .shape = {BY(batch), BY(seqlen), BY(slices), BY(groups), BY(d_state)},
    },
    {
        .name = "dc",
        .role = OPERAND_OUTPUT,
        .slot = AT(dc),
        .axes = 5,
        .shape = {BY(batch), BY(seqlen), BY(slices), BY(groups), BY(d_state)},
    },
    {
        .name = "dd",
        .role = OPERAND_OUTPUT,
        .slot = AT(dd),
        .axes = 1,
        .shape = {BY(heads)},
    },
    {
        .name = "ddt_bias",
        .role = OPERAND_OUTPUT,
        .optional = true,
        .slot = AT(ddt_bias),
        .axes = 1,
        .shape = {BY(heads)},
    },
    {
        .name = "boundaries",
        .role = OPERAND_OUTPUT,
        .slot = AT(boundaries),
        .axes = 5,
        .shape = {BY(batch), BY(tiles), BY(heads), BY(d_state), BY(headdim)},
    },
    {
        .name = "dstate",
        .role = OPERAND_OUTPUT,
        .slot = AT(dstate),
        .axes = 4,
        .shape = {BY(batch), BY(heads), BY(d_state), BY(headdim)},
    },
};

static void derive(void *args)
{
    struct ssd_backward_args *a = args;
    a->kept = a->interval > 0 ? a->seqlen / a->interval + (a->seqlen % a->interval != 0) : 0;
    a->tiles = a->seqlen / SSD_BACKWARD_TILE + (a->seqlen % SSD_BACKWARD_TILE != 0);
}

static void work(const void *args, struct work *work)
{
    const struct ssd_backward_args *a = args;
    const uint64_t tokens = (uint64_t)a->batch * a->seqlen, heads = (uint64_t)a->heads,
                   steps = tokens * heads, rows = steps * a->headdim, states = (uint64_t)a->d_state,
                   all = rows * states;
    /* The state after a step is the one before the next: kept or built again. */
    const uint64_t rebuilt = (uint64_t)a->batch * (a->seqlen - a->kept + 1) * heads * a->headdim * states;
    *work = (struct work){.mul = 6 * all + 5 * rows + 5 * steps + 2 * rebuilt,
                          .add = 5 * all - a->batch * heads * a->headdim * states -
                                 2 * tokens * a->groups * states + 2 * rows + 3 * steps - 2 * heads +
                                 rebuilt + (a->dt_bias ? steps : 0) + (a->ddt_bias ? steps - heads : 0),
                          .exp = 2 * steps,
                          .log = steps,
                          .div = steps};
}

static double bound(const void *args)
{
    const struct ssd_backward_args *a = args;
    return 10.0 * (double)a->batch * (double)a->seqlen + (double)(a->heads * a->headdim) +
           (double)a->d_state + 160;
}

static const struct kernel kernels[] = {
    {.name = "ssd_backward/reference", .isa = ISA_SCALAR, .run = ssd_backward_reference},
#ifdef __x86_64__
    {.name = "ssd_backward/avx2",
     .isa = ISA_AVX2,
     .run = ssd_backward_avx2,
     .accepts = ssd_backward_accepts_avx2},
    {.name = "ssd_backward/avx512",
     .isa = ISA_AVX512,
     .run = ssd_backward_avx512,
     .accepts = ssd_backward_accepts_avx512},
#elif defined(__aarch64__)
    {.name = "ssd_backward/neon",
     .isa = ISA_NEON,
     .run = ssd_backward_neon,
     .accepts = ssd_backward_accepts_neon},
#endif
};

const struct kernel_family ssd_backward_family = {
    .name = "ssd_backward",
    .summary = "all gradients of ssd, from states kept every interval steps",
    .covers = {"scan_backward"},
    .args_size = sizeof(struct ssd_backward_args),
    .dims = dims,
    .n_dims = COUNT_OF(dims),
    .parameters = parameters,
    .n_parameters = COUNT_OF(parameters),
    .operands = operands,
    .n_operands = COUNT_OF(operands),
    .derive = derive,
    .work = work,
    .bound = bound,
    .bound_reason = "a step: of h and of dh 4 each; sums over d_state, over heads and columns, over time; "
                    "delta 24, its slope 12, eight products; the slope of exp(delta a) is in the condition",
    .reference_f64 = ssd_backward_reference_f64,
    .condition_f64 = ssd_backward_condition_f64,
    .kernels = kernels,
    .n_kernels = COUNT_OF(kernels),
};
