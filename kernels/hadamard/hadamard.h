/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef KERNELS_HADAMARD_H
#define KERNELS_HADAMARD_H

#include "kernels/kernel.h"

/* Walsh-Hadamard transform of each group of `order` neighbours, Sylvester's matrix H of +-1 without a factor,
 * so that H H = order * I:
 *   y[i][g][j] = sum_p H[j][p] x[i][g][p],  H[j][p] = (-1)^(number of ones in j & p)
 * order is a power of two; y may lie on x. All variants add in the same order and agree in every bit. */
struct hadamard_args {
    int64_t rows, groups, order;
    const real *x;
    int64_t x_stride; /* (rows | groups, order) */
    real *y;
    int64_t y_stride; /* (rows | groups, order) */
};

extern const struct kernel_family hadamard_family;

kernel_fn hadamard_reference, hadamard_reference_f64, hadamard_avx2, hadamard_avx512, hadamard_neon;

enum { HADAMARD_MAX_ORDER = 4096 };

/* The order for vectors of k elements: in FastMamba's six groups where k / 6 is a power of two, else the
 * largest power of two that divides k. At most HADAMARD_MAX_ORDER. */
int64_t hadamard_order(int64_t k);

/* The transform of n elements in place, in the order of additions that all variants have. */
#define HADAMARD_IN_PLACE(type, x, n, order)                                                                 \
    for (int64_t hadamard_h = 1; hadamard_h < (order); hadamard_h *= 2)                                      \
        for (int64_t hadamard_i = 0; hadamard_i < (n); hadamard_i += 2 * hadamard_h)                         \
            for (int64_t hadamard_j = hadamard_i; hadamard_j < hadamard_i + hadamard_h; hadamard_j++) {      \
                const type hadamard_a = (x)[hadamard_j], hadamard_b = (x)[hadamard_j + hadamard_h];          \
                (x)[hadamard_j] = hadamard_a + hadamard_b;                                                   \
                (x)[hadamard_j + hadamard_h] = hadamard_a - hadamard_b;                                      \
            }

#endif
