/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/hadamard/hadamard.h"

#include <math.h>

static const struct kernel_dim dims[] = {
    KERNEL_DIM(struct hadamard_args, rows),
    KERNEL_DIM(struct hadamard_args, groups),
    KERNEL_DIM(struct hadamard_args, order),
};

static const struct kernel_operand operands[] = {
    {
        .name = "x",
        .role = OPERAND_INPUT,
        .slot = offsetof(struct hadamard_args, x),
        .axes = 3,
        .shape = {EXTENT(struct hadamard_args, rows), EXTENT(struct hadamard_args, groups),
                  EXTENT(struct hadamard_args, order)},
        .row_axes = 1,
        .stride = offsetof(struct hadamard_args, x_stride),
        .lo = -2,
        .hi = 2,
    },
    {
        .name = "y",
        .role = OPERAND_OUTPUT,
        .slot = offsetof(struct hadamard_args, y),
        .axes = 3,
        .shape = {EXTENT(struct hadamard_args, rows), EXTENT(struct hadamard_args, groups),
                  EXTENT(struct hadamard_args, order)},
        .row_axes = 1,
        .stride = offsetof(struct hadamard_args, y_stride),
        .may_alias = "x",
    },
};

static int64_t levels(int64_t order)
{
    int64_t n = 0;
    while (order > 1) {
        order /= 2;
        n++;
    }
    return n;
}

static void work(const void *args, struct work *work)
{
    const struct hadamard_args *a = args;
    *work = (struct work){.add = (uint64_t)(a->rows * a->groups * a->order * levels(a->order))};
}

static double bound(const void *args)
{
    (void)args;
    return 1;
}

/* A rounding at each level, of a sum that is no larger than the group's magnitudes. */
static void rounding(const void *args, double *bounds)
{
    const struct hadamard_args *a = args;
    for (int64_t i = 0; i < a->rows * a->groups; i++) {
        const double *x =
            (const double *)(const void *)a->x + i / a->groups * a->x_stride + i % a->groups * a->order;
        double sum = 0;
        for (int64_t p = 0; p < a->order; p++)
            sum += fabs(x[p]);
        for (int64_t p = 0; p < a->order; p++)
            bounds[i * a->order + p] += (double)levels(a->order) * 0x1p-24 * sum;
    }
}

int64_t hadamard_order(int64_t k)
{
    int64_t order = k & -k;
    if (k % 6 == 0 && (k / 6 & (k / 6 - 1)) == 0)
        order = k / 6;
    return order < HADAMARD_MAX_ORDER ? order : HADAMARD_MAX_ORDER;
}

static const struct kernel kernels[] = {
    {.name = "hadamard/reference", .isa = ISA_SCALAR, .run = hadamard_reference, .rounding = rounding},
#ifdef __x86_64__
    {.name = "hadamard/avx2", .isa = ISA_AVX2, .run = hadamard_avx2, .rounding = rounding},
    {.name = "hadamard/avx512", .isa = ISA_AVX512, .run = hadamard_avx512, .rounding = rounding},
#elif defined(__aarch64__)
    {.name = "hadamard/neon", .isa = ISA_NEON, .run = hadamard_neon, .rounding = rounding},
#endif
};

const struct kernel_family hadamard_family = {
    .name = "hadamard",
    .summary = "y = H x in groups, H of +-1",
    .args_size = sizeof(struct hadamard_args),
    .dims = dims,
    .n_dims = COUNT_OF(dims),
    .operands = operands,
    .n_operands = COUNT_OF(operands),
    .work = work,
    .bound = bound,
    .bound_reason =
        "log2(order) levels, each with one rounding of a sum that is no larger than the magnitudes "
        "of its group",
    .reference_f64 = hadamard_reference_f64,
    .kernels = kernels,
    .n_kernels = COUNT_OF(kernels),
};
