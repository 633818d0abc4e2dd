/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/softplus/softplus.h"

static const struct kernel_dim dims[] = {
    KERNEL_DIM(struct softplus_args, rows),
    KERNEL_DIM(struct softplus_args, channels),
};

static const struct kernel_parameter parameters[] = {
    {"dt_min", offsetof(struct softplus_args, dt_min), 0.001},
    {"dt_max", offsetof(struct softplus_args, dt_max), 2},
};

static const struct kernel_operand operands[] = {
    {
        .name = "x",
        .role = OPERAND_INPUT,
        .slot = offsetof(struct softplus_args, x),
        .axes = 2,
        .shape = {EXTENT(struct softplus_args, rows), EXTENT(struct softplus_args, channels)},
        .row_axes = 1,
        .stride = offsetof(struct softplus_args, x_stride),
        .lo = -10,
        .hi = 10,
    },
    {
        .name = "bias",
        .role = OPERAND_WEIGHT,
        .slot = offsetof(struct softplus_args, bias),
        .axes = 1,
        .shape = {EXTENT(struct softplus_args, channels)},
        .lo = -7,
        .hi = -2,
        .optional = true,
    },
    {
        .name = "y",
        .role = OPERAND_OUTPUT,
        .slot = offsetof(struct softplus_args, y),
        .axes = 2,
        .shape = {EXTENT(struct softplus_args, rows), EXTENT(struct softplus_args, channels)},
        .row_axes = 1,
        .stride = offsetof(struct softplus_args, y_stride),
    },
};

static void work(const void *args, struct work *work)
{
    const struct softplus_args *a = args;
    uint64_t elements = (uint64_t)a->rows * a->channels;
    *work = (struct work){.add = (a->bias ? 4 : 3) * elements, .exp = elements, .log = elements};
}

static double bound(const void *args)
{
    (void)args;
    return 112;
}

static const struct kernel kernels[] = {
    {.name = "softplus/reference", .isa = ISA_SCALAR, .run = softplus_reference},
#ifdef __x86_64__
    {.name = "softplus/avx2", .isa = ISA_AVX2, .run = softplus_avx2},
    {.name = "softplus/avx512", .isa = ISA_AVX512, .run = softplus_avx512},
#elif defined(__aarch64__)
    {.name = "softplus/neon", .isa = ISA_NEON, .run = softplus_neon},
#endif
    {.name = "softplus/fastmamba",
     .isa = ISA_SCALAR,
     .run = softplus_fastmamba,
     .precision = PRECISION_FASTMAMBA,
     .exact = softplus_fastmamba_f64},
};

const struct kernel_family softplus_family = {
    .name = "softplus",
    .summary = "y = clamp(log(1 + exp(x + bias)), dt_min, dt_max)",
    .covers = {"softplus"},
    .args_size = sizeof(struct softplus_args),
    .dims = dims,
    .n_dims = COUNT_OF(dims),
    .parameters = parameters,
    .n_parameters = COUNT_OF(parameters),
    .operands = operands,
    .n_operands = COUNT_OF(operands),
    .work = work,
    .bound = bound,
    .bound_reason = "rounding of x + bias times |d log softplus(v) / d log v| <= |v| <= 104 until the result "
                    "underflows, and 8 of exp and log",
    .samples = offsetof(struct softplus_args, samples),
    .reference_f64 = softplus_reference_f64,
    .kernels = kernels,
    .n_kernels = COUNT_OF(kernels),
};
