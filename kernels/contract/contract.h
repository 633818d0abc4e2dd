/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef KERNELS_CONTRACT_H
#define KERNELS_CONTRACT_H

#include "kernels/kernel.h"

/* y[r][c] = sum_n h[r][c][n] * c[r][n] */
struct contract_args {
    int64_t rows, channels, d_state;
    const real *h; /* (rows, channels, d_state) */
    const real *c;
    int64_t c_stride; /* (rows | d_state) */
    real *y;
    int64_t y_stride; /* (rows | channels) */
};

extern const struct kernel_family contract_family;

kernel_fn contract_reference, contract_reference_f64, contract_avx2, contract_avx512, contract_neon;

#endif
