/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef KERNELS_RMSNORM_H
#define KERNELS_RMSNORM_H

#include "kernels/kernel.h"

/* y = x / sqrt(mean(x^2) + eps) * weight, the mean over the channels of a row. y may be x. */
struct rmsnorm_args {
    int64_t rows, channels;
    double eps;
    const real *x; /* (rows | channels) */
    int64_t x_stride;
    const real *weight; /* (channels) */
    real *y;            /* (rows | channels) */
    int64_t y_stride;
};

extern const struct kernel_family rmsnorm_family;

kernel_fn rmsnorm_reference, rmsnorm_reference_f64, rmsnorm_avx2, rmsnorm_avx512, rmsnorm_neon;

#endif
