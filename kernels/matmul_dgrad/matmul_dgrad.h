/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef KERNELS_MATMUL_DGRAD_H
#define KERNELS_MATMUL_DGRAD_H

#include "kernels/kernel.h"

/* The gradient of matmul's input: dx = dy weight + add, dx[i][p] = add[i][p] + sum_j dy[i][j] * weight[j][p].
 * dx may be add. */
struct matmul_dgrad_args {
    int64_t m, n, k;
    const real *dy; /* (m | n) */
    int64_t dy_stride;
    const real *weight; /* (n, k) */
    const real *add;    /* (m | k), may be null */
    int64_t add_stride;
    real *dx; /* (m | k) */
    int64_t dx_stride;
};

extern const struct kernel_family matmul_dgrad_family;

kernel_fn matmul_dgrad_reference, matmul_dgrad_reference_f64, matmul_dgrad_avx2, matmul_dgrad_avx512,
    matmul_dgrad_neon;

#endif
