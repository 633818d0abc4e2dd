/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/gate/gate.h"

static const struct kernel_dim dims[] = {
    KERNEL_DIM(struct gate_args, rows),
    KERNEL_DIM(struct gate_args, channels),
};

static const struct kernel_operand operands[] = {
    {
        .name = "y",
        .role = OPERAND_INPUT,
        .slot = offsetof(struct gate_args, y),
        .axes = 2,
        .shape = {EXTENT(struct gate_args, rows), EXTENT(struct gate_args, channels)},
        .row_axes = 1,
        .stride = offsetof(struct gate_args, y_stride),
        .lo = -2,
        .hi = 2,
    },
    {
        .name = "z",
        .role = OPERAND_INPUT,
        .slot = offsetof(struct gate_args, z),
        .axes = 2,
        .shape = {EXTENT(struct gate_args, rows), EXTENT(struct gate_args, channels)},
        .row_axes = 1,
        .stride = offsetof(struct gate_args, z_stride),
        .lo = -8,
        .hi = 8,
    },
    {
        .name = "out",
        .role = OPERAND_OUTPUT,
        .slot = offsetof(struct gate_args, out),
        .axes = 2,
        .shape = {EXTENT(struct gate_args, rows), EXTENT(struct gate_args, channels)},
        .row_axes = 1,
        .stride = offsetof(struct gate_args, out_stride),
        .lo = -2,
        .hi = 2,
        .may_alias = "y",
    },
};

static void work(const void *args, struct work *work)
{
    const struct gate_args *p = args;
    uint64_t all = (uint64_t)p->rows * p->channels;
    *work = (struct work){.mul = all, .add = all, .exp = all, .div = all};
}

static double bound(const void *args)
{
    (void)args;
    return 10;
}

static const struct kernel kernels[] = {
    {.name = "gate/reference", .isa = ISA_SCALAR, .run = gate_reference},
#ifdef __x86_64__
    {.name = "gate/avx2", .isa = ISA_AVX2, .run = gate_avx2},
    {.name = "gate/avx512", .isa = ISA_AVX512, .run = gate_avx512},
#elif defined(__aarch64__)
    {.name = "gate/neon", .isa = ISA_NEON, .run = gate_neon},
#endif
};

const struct kernel_family gate_family = {
    .name = "gate",
    .summary = "out = y silu(z)",
    .covers = {"gate"},
    .args_size = sizeof(struct gate_args),
    .dims = dims,
    .n_dims = COUNT_OF(dims),
    .operands = operands,
    .n_operands = COUNT_OF(operands),
    .work = work,
    .bound = bound,
    .bound_reason = "silu 8, one product",
    .reference_f64 = gate_reference_f64,
    .kernels = kernels,
    .n_kernels = COUNT_OF(kernels),
};
