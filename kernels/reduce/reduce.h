/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef KERNELS_REDUCE_H
#define KERNELS_REDUCE_H

#include "kernels/kernel.h"

/* y[r][c] = sum_s x[r][s][c], in the order of s: what parts of a backward pass found for tensors that they
 * share. */
struct reduce_args {
    int64_t rows, slices, columns;
    const real *x; /* (rows, slices, columns) */
    real *y;       /* (rows | columns) */
    int64_t y_stride;
};

extern const struct kernel_family reduce_family;

kernel_fn reduce_reference, reduce_reference_f64, reduce_avx2, reduce_avx512, reduce_neon;

#endif
