/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef KERNELS_MATMUL_WGRAD_H
#define KERNELS_MATMUL_WGRAD_H

#include "kernels/kernel.h"

/* The gradients of matmul's weight and bias: dweight = dy^T x, dweight[j][p] = sum_i dy[i][j] * x[i][p] and
 * dbias[j] = sum_i dy[i][j]. */
struct matmul_wgrad_args {
    int64_t m, n, k;
    const real *dy; /* (m | n) */
    int64_t dy_stride;
    const real *x; /* (m | k) */
    int64_t x_stride;
    real *dweight; /* (n, k) */
    real *dbias;   /* (n), may be null */
};

extern const struct kernel_family matmul_wgrad_family;

kernel_fn matmul_wgrad_reference, matmul_wgrad_reference_f64, matmul_wgrad_avx2, matmul_wgrad_avx512,
    matmul_wgrad_neon;

#endif
