/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef KERNELS_GATE_NORM_H
#define KERNELS_GATE_NORM_H

#include "kernels/kernel.h"

/* Gated RMSNorm over each of `groups` equal groups of columns; groups divides channels:
 *   out = rms(y * silu(z)) * weight              norm_before_gate 0
 *   out = rms(y) * weight * silu(z)              norm_before_gate 1
 * with rms(v) = v / sqrt(mean(v^2) + eps) over the columns of a group. out may be y. */
struct gate_norm_args {
    int64_t rows, channels, groups;
    double eps;
    double norm_before_gate; /* 0 or 1 */
    const real *y;           /* (rows | channels) */
    int64_t y_stride;
    const real *z; /* (rows | channels) */
    int64_t z_stride;
    const real *weight; /* (channels) */
    real *out;          /* (rows | channels) */
    int64_t out_stride;
};

extern const struct kernel_family gate_norm_family;

kernel_fn gate_norm_reference, gate_norm_reference_f64, gate_norm_avx2, gate_norm_avx512, gate_norm_neon;

#endif
