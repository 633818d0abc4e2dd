/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef KERNELS_MATMUL_H
#define KERNELS_MATMUL_H

#include "kernels/kernel.h"

/* y = x weight^T + bias: y[i][j] = bias[j] + sum_p x[i][p] * weight[j][p]. */
struct matmul_args {
    int64_t m, n, k;
    const real *x; /* (m | k) */
    int64_t x_stride;
    const real *weight; /* (n, k) */
    void *packed;       /* weight in the form of a kernel that packs */
    const real *bias;   /* (n), may be null */
    real *y;            /* (m | n) */
    int64_t y_stride;
};

extern const struct kernel_family matmul_family;

kernel_fn matmul_reference, matmul_reference_f64, matmul_avx2, matmul_avx512;

#endif
