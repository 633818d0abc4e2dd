/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef KERNELS_EMBED_H
#define KERNELS_EMBED_H

#include "kernels/kernel.h"

/* y[r] = weight[ids[r]]. */
struct embed_args {
    int64_t rows, vocab, channels;
    const int32_t *ids; /* (rows), in [0, vocab) */
    const real *weight; /* (vocab, channels) */
    real *y;            /* (rows | channels) */
    int64_t y_stride;
};

extern const struct kernel_family embed_family;

kernel_fn embed_reference, embed_reference_f64;

#endif
