/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef KERNELS_GATE_H
#define KERNELS_GATE_H

#include "kernels/kernel.h"

/* out = y * silu(z), silu(z) = z / (1 + exp(-z)). out may be y. */
struct gate_args {
    int64_t rows, channels;
    const real *y;
    int64_t y_stride; /* (rows | channels) */
    const real *z;
    int64_t z_stride; /* (rows | channels) */
    real *out;
    int64_t out_stride; /* (rows | channels) */
};

extern const struct kernel_family gate_family;

kernel_fn gate_reference, gate_reference_f64, gate_avx2, gate_avx512, gate_neon;

#endif
