/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef KERNELS_SKIP_H
#define KERNELS_SKIP_H

#include "kernels/kernel.h"

/* out[r][h][p] = y[r][h][p] + d[h] * u[r][h][p]. out may be y. Mamba-1 has headdim 1. */
struct skip_args {
    int64_t rows, heads, headdim;
    const real *y;
    int64_t y_stride; /* (rows | heads, headdim) */
    const real *u;
    int64_t u_stride; /* (rows | heads, headdim) */
    const real *d;    /* (heads) */
    real *out;
    int64_t out_stride; /* (rows | heads, headdim) */
};

extern const struct kernel_family skip_family;

kernel_fn skip_reference, skip_reference_f64, skip_avx2, skip_avx512, skip_neon;

#endif
