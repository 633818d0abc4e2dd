/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef KERNELS_MATMUL_W8A8_H
#define KERNELS_MATMUL_W8A8_H

#include "kernels/matmul/matmul.h"

/* Weights and activations of 8 bits with one scale each, as accelerators have them:
 *   NAIVE      W and x as they are
 *   SMOOTH     SmoothQuant (arXiv 2211.10438): x / s and W s for each channel p of k,
 *              s = sqrt(max |x[.][p]| / max |W[.][p]|), max |x| from the sample; without one s = 1
 *   HADAMARD   FastMamba (arXiv 2505.18975, algorithm 1): both transformed in groups of hadamard_order(k),
 *              y divided by the order
 *   FASTMAMBA  the same with x of 21 bits, an integer transform, and requantised to 8 bits by a coefficient
 *              of 21 bits and a shift
 * Integers lie in [-128, 127]; largest / 127 is the scale, of x from the sample or,
 * without one, from all of x. Sums of products are exact. A row of x or a weight that is not finite gives
 * NaN. */
enum w8a8 { W8A8_NAIVE, W8A8_SMOOTH, W8A8_HADAMARD, W8A8_FASTMAMBA };

enum { W8A8_CHUNK = 4096, W8A8_X_BITS = 21, W8A8_COEFFICIENT_BITS = 21 };

/* How x becomes integers. */
struct w8a8_scale {
    float inverse;    /* integers of a unit; all but FASTMAMBA */
    double step;      /* value of one integer */
    int point, shift; /* FASTMAMBA */
    int64_t coefficient;
};

#endif
