/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef KERNELS_EMBED_BACKWARD_H
#define KERNELS_EMBED_BACKWARD_H

#include "kernels/kernel.h"

/* dweight[ids[r]] += dy[r] for every row r; with accumulate 0, dweight is set to zero before. */
struct embed_backward_args {
    int64_t rows, vocab, channels;
    double accumulate;  /* 0 or 1 */
    const int32_t *ids; /* (rows), in [0, vocab) */
    const real *dy;     /* (rows | channels) */
    int64_t dy_stride;
    real *dweight; /* (vocab, channels) */
};

extern const struct kernel_family embed_backward_family;

kernel_fn embed_backward_reference, embed_backward_reference_f64;

#endif
