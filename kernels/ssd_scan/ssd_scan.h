/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef KERNELS_SSD_SCAN_H
#define KERNELS_SSD_SCAN_H

#include "kernels/kernel.h"

/* Mamba-2's recurrence (Dao and Gu 2024), one decay a head. For each sequence i, head k, row p of the head,
 * time t and state n, with g = k * groups / heads; groups divides heads:
 *   h[p][n] = exp(delta[i][t][k] * a[k]) * h[p][n] + delta[i][t][k] * x[i][t][k][p] * b[i][t][g][n]
 *   y[p]    = sum_n h[p][n] * c[i][t][g][n]
 * h starts as state, which holds the last h on return. delta is what softplus made. */
struct ssd_scan_args {
    int64_t batch, seqlen, heads, headdim, groups, d_state;
    const real *delta;
    int64_t delta_stride; /* (batch, seqlen | heads) */
    const real *x;
    int64_t x_stride; /* (batch, seqlen | heads, headdim) */
    const real *a;    /* (heads) */
    const real *b;
    int64_t b_stride; /* (batch, seqlen | groups, d_state) */
    const real *c;
    int64_t c_stride; /* (batch, seqlen | groups, d_state) */
    real *state;      /* (batch, heads, headdim, d_state) */
    real *y;
    int64_t y_stride; /* (batch, seqlen | heads, headdim) */
};

extern const struct kernel_family ssd_scan_family;

kernel_fn ssd_scan_reference, ssd_scan_reference_f64, ssd_scan_avx2, ssd_scan_avx512, ssd_scan_neon;

#endif
