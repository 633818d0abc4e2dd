/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/embed/embed.h"

static const struct kernel_dim dims[] = {
    KERNEL_DIM(struct embed_args, rows),
    KERNEL_DIM(struct embed_args, vocab),
    KERNEL_DIM(struct embed_args, channels),
};

static const struct kernel_operand operands[] = {
    {
        .name = "ids",
        .role = OPERAND_INPUT,
        .type = OPERAND_INDEX,
        .slot = offsetof(struct embed_args, ids),
        .axes = 1,
        .shape = {EXTENT(struct embed_args, rows)},
    },
    {
        .name = "weight",
        .role = OPERAND_WEIGHT,
        .slot = offsetof(struct embed_args, weight),
        .axes = 2,
        .shape = {EXTENT(struct embed_args, vocab), EXTENT(struct embed_args, channels)},
        .lo = -0.5,
        .hi = 0.5,
    },
    {
        .name = "y",
        .role = OPERAND_OUTPUT,
        .slot = offsetof(struct embed_args, y),
        .axes = 2,
        .shape = {EXTENT(struct embed_args, rows), EXTENT(struct embed_args, channels)},
        .row_axes = 1,
        .stride = offsetof(struct embed_args, y_stride),
    },
};

static void work(const void *args, struct work *work)
{
    (void)args;
    *work = (struct work){0};
}

static double bound(const void *args)
{
    (void)args;
    return 0;
}

static const struct kernel kernels[] = {
    {.name = "embed/reference", .isa = ISA_SCALAR, .run = embed_reference},
};

const struct kernel_family embed_family = {
    .name = "embed",
    .summary = "y[r] = weight[ids[r]]",
    .covers = {"embed"},
    .args_size = sizeof(struct embed_args),
    .dims = dims,
    .n_dims = COUNT_OF(dims),
    .operands = operands,
    .n_operands = COUNT_OF(operands),
    .work = work,
    .bound = bound,
    .bound_reason = "a copy",
    .reference_f64 = embed_reference_f64,
    .kernels = kernels,
    .n_kernels = COUNT_OF(kernels),
};
