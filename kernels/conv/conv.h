/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef KERNELS_CONV_H
#define KERNELS_CONV_H

#include "kernels/kernel.h"

/* Causal depthwise convolution along seqlen:
 *   y[b][t][c] = bias[c] + sum_j weight[c][j] * x[b][t - (width - 1) + j][c],  j < width
 * where times before 0 come from state[b][t + width - 1][c] (zero at the start of a sequence). On return
 * state holds the last width - 1 inputs. width >= 1; seqlen may be shorter than the history. */
struct conv_args {
    int64_t batch, seqlen, channels, width;
    const real *x; /* (batch, seqlen | channels) */
    int64_t x_stride;
    const real *weight; /* (channels, width) */
    const real *bias;   /* (channels), may be null */
    real *state;        /* (batch, width - 1, channels) */
    real *y;            /* (batch, seqlen | channels) */
    int64_t y_stride;
    const struct kernel_sample *samples;
};

extern const struct kernel_family conv_family;

kernel_fn conv_reference, conv_reference_f64, conv_avx2, conv_avx512, conv_neon;
kernel_fn conv_fastmamba, conv_fastmamba_f64; /* kernels/conv/fastmamba.inc */

#endif
