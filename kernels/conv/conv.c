/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/conv/conv.h"

static const struct kernel_dim dims[] = {
    KERNEL_DIM(struct conv_args, batch),
    KERNEL_DIM(struct conv_args, seqlen),
    KERNEL_DIM(struct conv_args, channels),
    KERNEL_DIM(struct conv_args, width),
};

#define BOUND(operand) NULL
#include "kernels/conv/operands.inc"

static void work(const void *args, struct work *work)
{
    const struct conv_args *a = args;
    uint64_t outputs = (uint64_t)a->batch * a->seqlen * a->channels;
    *work = (struct work){.mul = outputs * a->width, .add = outputs * (a->width - 1 + (a->bias ? 1 : 0))};
}

static double bound(const void *args)
{
    const struct conv_args *a = args;
    return (double)a->width + 2;
}

static bool narrow(const void *args)
{
    const struct conv_args *a = args;
    return a->width <= 4;
}

static const struct kernel kernels[] = {
    {.name = "conv/reference", .isa = ISA_SCALAR, .run = conv_reference},
#ifdef __x86_64__
    {.name = "conv/avx2", .isa = ISA_AVX2, .run = conv_avx2, .accepts = narrow},
    {.name = "conv/avx512", .isa = ISA_AVX512, .run = conv_avx512, .accepts = narrow},
#elif defined(__aarch64__)
    {.name = "conv/neon", .isa = ISA_NEON, .run = conv_neon, .accepts = narrow},
#endif
    {.name = "conv/fastmamba",
     .isa = ISA_SCALAR,
     .run = conv_fastmamba,
     .precision = PRECISION_FASTMAMBA,
     .exact = conv_fastmamba_f64},
};

const struct kernel_family conv_family = {
    .name = "conv",
    .summary = "y[t] = bias + sum_j weight[j] x[t - (width - 1) + j]",
    .covers = {"conv"},
    .args_size = sizeof(struct conv_args),
    .dims = dims,
    .n_dims = COUNT_OF(dims),
    .operands = operands,
    .n_operands = COUNT_OF(operands),
    .work = work,
    .bound = bound,
    .bound_reason = "a product and at most width additions; condition |x| * |weight| + |bias|",
    .samples = offsetof(struct conv_args, samples),
    .reference_f64 = conv_reference_f64,
    .kernels = kernels,
    .n_kernels = COUNT_OF(kernels),
};
