/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/conv_silu/conv_silu.h"

static const struct kernel_dim dims[] = {
    KERNEL_DIM(struct conv_args, batch),
    KERNEL_DIM(struct conv_args, seqlen),
    KERNEL_DIM(struct conv_args, channels),
    KERNEL_DIM(struct conv_args, width),
};

#define BOUND(operand) operand
#include "kernels/conv/operands.inc"

static void work(const void *args, struct work *work)
{
    const struct conv_args *a = args;
    uint64_t outputs = (uint64_t)a->batch * a->seqlen * a->channels;
    conv_family.work(args, work);
    work->add += outputs;
    work->exp += outputs;
    work->div += outputs;
}

/* silu's slope is at most 1.1, and silu(v) >= v / 2 for v >= 0. */
static double bound(const void *args)
{
    return 2.2 * conv_family.bound(args) + 8;
}

static bool narrow(const void *args)
{
    const struct conv_args *a = args;
    return a->width <= 4;
}

static const struct kernel kernels[] = {
    {.name = "conv_silu/reference", .isa = ISA_SCALAR, .run = conv_silu_reference},
#ifdef __x86_64__
    {.name = "conv_silu/avx2", .isa = ISA_AVX2, .run = conv_silu_avx2, .accepts = narrow},
    {.name = "conv_silu/avx512", .isa = ISA_AVX512, .run = conv_silu_avx512, .accepts = narrow},
#elif defined(__aarch64__)
    {.name = "conv_silu/neon", .isa = ISA_NEON, .run = conv_silu_neon, .accepts = narrow},
#endif
    {.name = "conv_silu/fastmamba",
     .isa = ISA_SCALAR,
     .run = conv_silu_fastmamba,
     .precision = PRECISION_FASTMAMBA,
     .exact = conv_silu_fastmamba_f64},
};

const struct kernel_family conv_silu_family = {
    .name = "conv_silu",
    .summary = "y[t] = silu(bias + sum_j weight[j] x[t - (width - 1) + j])",
    .covers = {"conv", "silu"},
    .args_size = sizeof(struct conv_args),
    .dims = dims,
    .n_dims = COUNT_OF(dims),
    .operands = operands,
    .n_operands = COUNT_OF(operands),
    .work = work,
    .bound = bound,
    .bound_reason = "error of conv times slope 1.1 over silu(v)/v >= 1/2, and 8 of silu itself; condition "
                    "silu(|x| * |weight| + |bias|)",
    .samples = offsetof(struct conv_args, samples),
    .reference_f64 = conv_silu_reference_f64,
    .kernels = kernels,
    .n_kernels = COUNT_OF(kernels),
};
