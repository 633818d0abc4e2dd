/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef KERNELS_RMSNORM_BACKWARD_H
#define KERNELS_RMSNORM_BACKWARD_H

#include "kernels/kernel.h"

/* The gradients of rmsnorm, y = x / rms * weight with rms = sqrt(mean(x^2) + eps), for each row:
 *   g = dy * weight,  dx = (g - x / rms * mean(g * x / rms)) / rms + add
 * and dweight = the sum over the rows of dy * x / rms. add is the gradient that goes past the norm on the
 * residual stream; dx may be add. */
struct rmsnorm_backward_args {
    int64_t rows, channels;
    double eps;
    const real *x; /* (rows | channels) */
    int64_t x_stride;
    const real *weight; /* (channels) */
    const real *dy;     /* (rows | channels) */
    int64_t dy_stride;
    const real *add; /* (rows | channels), may be null */
    int64_t add_stride;
    real *dx; /* (rows | channels) */
    int64_t dx_stride;
    real *dweight; /* (channels) */
};

extern const struct kernel_family rmsnorm_backward_family;

kernel_fn rmsnorm_backward_reference, rmsnorm_backward_reference_f64, rmsnorm_backward_condition_f64,
    rmsnorm_backward_avx2, rmsnorm_backward_avx512, rmsnorm_backward_neon;

#endif
