/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/silu/silu.h"

#include <math.h>

void KERNEL_REFERENCE(silu)(const void *args, struct part part)
{
    const struct silu_args *a = args;
    struct tile tile = part_tile(part, a->rows, a->channels, 1);
    for (int64_t row = tile.rows.begin; row < tile.rows.end; row++) {
        const real *x = a->x + row * a->x_stride;
        real *y = a->y + row * a->y_stride;
        for (int64_t i = tile.columns.begin; i < tile.columns.end; i++)
            y[i] = (real)(x[i] / (1 + exp(-(double)x[i])));
    }
}
