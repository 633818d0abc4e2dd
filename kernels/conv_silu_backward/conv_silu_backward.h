/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef KERNELS_CONV_SILU_BACKWARD_H
#define KERNELS_CONV_SILU_BACKWARD_H

#include "kernels/kernel.h"

/* The gradients of y = silu(v), given dy, with the v of kernels/conv from a history of zeros; v is built
 * again from x. For each sequence b, time t, channel c and tap j, x and g being zero outside 0 <= t < seqlen:
 *   v[b][t][c]    = bias[c] + sum_j weight[c][j] * x[b][t - (width - 1) + j][c]
 *   g[b][t][c]    = dy[b][t][c] * silu'(v[b][t][c])
 *   dx[b][t][c]   = sum_j weight[c][j] * g[b][t + (width - 1) - j][c]
 *   dweight[c][j] = sum over b and t of g[b][t][c] * x[b][t - (width - 1) + j][c]
 *   dbias[c]      = sum over b and t of g[b][t][c] */
struct conv_silu_backward_args {
    int64_t batch, seqlen, channels, width;
    const real *x; /* (batch, seqlen | channels) */
    int64_t x_stride;
    const real *weight; /* (channels, width) */
    const real *bias;   /* (channels), may be null */
    const real *dy;     /* (batch, seqlen | channels) */
    int64_t dy_stride;
    real *dx; /* (batch, seqlen | channels) */
    int64_t dx_stride;
    real *dweight; /* (channels, width) */
    real *dbias;   /* (channels), may be null */
};

extern const struct kernel_family conv_silu_backward_family;

kernel_fn conv_silu_backward_reference, conv_silu_backward_reference_f64, conv_silu_backward_condition_f64,
    conv_silu_backward_avx2, conv_silu_backward_avx512, conv_silu_backward_neon;

#endif
