/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/embed_backward/embed_backward.h"

#define AT(field) offsetof(struct embed_backward_args, field)
#define BY(field) EXTENT(struct embed_backward_args, field)

static const struct kernel_dim dims[] = {
    KERNEL_DIM(struct embed_backward_args, rows),
    KERNEL_DIM(struct embed_backward_args, vocab),
    KERNEL_DIM(struct embed_backward_args, channels),
};

static const struct kernel_parameter parameters[] = {
    {"accumulate", AT(accumulate), 1},
};

static const struct kernel_operand operands[] = {
    {
        .name = "ids",
        .role = OPERAND_INPUT,
        .type = OPERAND_INDEX,
        .slot = AT(ids),
        .axes = 1,
        .shape = {BY(rows)},
    },
    {
        .name = "dy",
        .role = OPERAND_INPUT,
        .slot = AT(dy),
        .axes = 2,
        .shape = {BY(rows), BY(channels)},
        .row_axes = 1,
        .stride = AT(dy_stride),
        .lo = -2,
        .hi = 2,
        .magnitude = true,
    },
    {
        .name = "dweight",
        .role = OPERAND_STATE,
        .slot = AT(dweight),
        .axes = 2,
        .shape = {BY(vocab), BY(channels)},
        .lo = -2,
        .hi = 2,
        .magnitude = true,
    },
};

static void work(const void *args, struct work *work)
{
    const struct embed_backward_args *a = args;
    *work = (struct work){.add = (uint64_t)a->rows * a->channels};
}

static double bound(const void *args)
{
    const struct embed_backward_args *a = args;
    return (double)a->rows + 1;
}

static const struct kernel kernels[] = {
    {.name = "embed_backward/reference", .isa = ISA_SCALAR, .run = embed_backward_reference},
};

const struct kernel_family embed_backward_family = {
    .name = "embed_backward",
    .summary = "dweight[ids[r]] += dy[r]",
    .covers = {"embed_backward"},
    .args_size = sizeof(struct embed_backward_args),
    .dims = dims,
    .n_dims = COUNT_OF(dims),
    .parameters = parameters,
    .n_parameters = COUNT_OF(parameters),
    .operands = operands,
    .n_operands = COUNT_OF(operands),
    .work = work,
    .bound = bound,
    .bound_reason = "at most one addition a row",
    .reference_f64 = embed_backward_reference_f64,
    .kernels = kernels,
    .n_kernels = COUNT_OF(kernels),
};
