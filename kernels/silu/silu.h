/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef KERNELS_SILU_H
#define KERNELS_SILU_H

#include "kernels/kernel.h"

/* y = x / (1 + exp(-x)). y may be x. */
struct silu_args {
    int64_t rows, channels;
    const real *x; /* (rows | channels) */
    int64_t x_stride;
    real *y; /* (rows | channels) */
    int64_t y_stride;
};

extern const struct kernel_family silu_family;

kernel_fn silu_reference, silu_reference_f64, silu_avx2, silu_avx512, silu_neon;

#endif
