/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef KERNELS_DISCRETIZE_H
#define KERNELS_DISCRETIZE_H

#include "kernels/kernel.h"

/* Zero-order hold of the decay, Euler of the input, as Mamba-1 has them (Gu and Dao 2023, section 2):
 *   abar[r][c][n] = exp(delta[r][c] * a[c][n])
 *   bu[r][c][n]   = delta[r][c] * u[r][c] * b[r][n] */
struct discretize_args {
    int64_t rows, channels, d_state;
    const real *delta;
    int64_t delta_stride; /* (rows | channels) */
    const real *u;
    int64_t u_stride; /* (rows | channels) */
    const real *a;    /* (channels, d_state) */
    const real *b;
    int64_t b_stride; /* (rows | d_state) */
    real *abar;       /* (rows, channels, d_state) */
    real *bu;         /* (rows, channels, d_state) */
};

extern const struct kernel_family discretize_family;

kernel_fn discretize_reference, discretize_reference_f64, discretize_avx2, discretize_avx512, discretize_neon;

#endif
