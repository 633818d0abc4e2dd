/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef KERNELS_CONV_SILU_BACKWARD_H
#define KERNELS_CONV_SILU_BACKWARD_H

#include "kernels/kernel.h"

/* The gradients of y = silu(v), v[b][t][c] = bias[c] + sum_j weight[c][j] * x[b][t - (width - 1) + j][c],
 * where x before time 0 is zero. v is built again from x. With g = dy * silu'(v): dx[b][t]   = sum_j
 * weight[j] * g[b][t + (width - 1) - j]   up to the last time dweight[j] = sum over b and t of g[b][t] *
 * x[b][t - (width - 1) + j],  dbias = sum of g */
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
