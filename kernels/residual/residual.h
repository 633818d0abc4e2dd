/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef KERNELS_RESIDUAL_H
#define KERNELS_RESIDUAL_H

#include "kernels/kernel.h"

/* out = x + y. out may be x. */
struct residual_args {
    int64_t rows, channels;
    const real *x; /* (rows | channels) */
    int64_t x_stride;
    const real *y; /* (rows | channels) */
    int64_t y_stride;
    real *out; /* (rows | channels) */
    int64_t out_stride;
};

extern const struct kernel_family residual_family;

kernel_fn residual_reference, residual_reference_f64, residual_avx2, residual_avx512, residual_neon;

#endif
