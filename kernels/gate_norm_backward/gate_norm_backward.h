/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef KERNELS_GATE_NORM_BACKWARD_H
#define KERNELS_GATE_NORM_BACKWARD_H

#include "kernels/kernel.h"

/* The gradients of gate_norm (kernels/gate_norm/gate_norm.h), of y, z and weight; and its output once more,
 * for the gradient of the weight that it is multiplied by next. */
struct gate_norm_backward_args {
    int64_t rows, channels, groups;
    double eps;
    double norm_before_gate; /* 0 or 1 */
    const real *y;           /* (rows | channels) */
    int64_t y_stride;
    const real *z; /* (rows | channels) */
    int64_t z_stride;
    const real *weight; /* (channels) */
    const real *dout;   /* (rows | channels) */
    int64_t dout_stride;
    real *dy; /* (rows | channels) */
    int64_t dy_stride;
    real *dz; /* (rows | channels) */
    int64_t dz_stride;
    real *dweight; /* (channels) */
    real *out;     /* (rows | channels) */
    int64_t out_stride;
};

extern const struct kernel_family gate_norm_backward_family;

kernel_fn gate_norm_backward_reference, gate_norm_backward_reference_f64, gate_norm_backward_condition_f64,
    gate_norm_backward_avx2, gate_norm_backward_avx512, gate_norm_backward_neon;

#endif
