/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef KERNELS_SCAN_H
#define KERNELS_SCAN_H

#include "kernels/kernel.h"

/* The recurrence over seqlen, each channel and state on its own:
 *   h[i][t][c][n] = abar[i][t][c][n] * h[i][t - 1][c][n] + bu[i][t][c][n]
 * where h at time -1 is state. On return state holds the last h. */
struct scan_args {
    int64_t batch, seqlen, channels, d_state;
    const real *abar; /* (batch, seqlen, channels, d_state) */
    const real *bu;   /* (batch, seqlen, channels, d_state) */
    real *h;          /* (batch, seqlen, channels, d_state) */
    real *state;      /* (batch, channels, d_state) */
};

extern const struct kernel_family scan_family;

kernel_fn scan_reference, scan_reference_f64, scan_avx2, scan_avx512, scan_neon;

#endif
