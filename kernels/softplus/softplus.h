/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef KERNELS_SOFTPLUS_H
#define KERNELS_SOFTPLUS_H

#include "kernels/kernel.h"

/* y = min(max(log(1 + exp(x + bias)), dt_min), dt_max). y may be x. */
struct softplus_args {
    int64_t rows, channels;
    double dt_min, dt_max; /* dt_min <= dt_max; 0 and infinity do not clamp */
    const real *x;         /* (rows | channels) */
    int64_t x_stride;
    const real *bias; /* (channels), may be null */
    real *y;          /* (rows | channels) */
    int64_t y_stride;
    const struct kernel_sample *samples;
};

extern const struct kernel_family softplus_family;

kernel_fn softplus_reference, softplus_reference_f64, softplus_avx2, softplus_avx512, softplus_neon;

/* kernels/fastmamba/ssm.inc */
kernel_fn softplus_fastmamba, softplus_fastmamba_f64;

#endif
