/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/residual/residual.h"

void KERNEL_REFERENCE(residual)(const void *args, struct part part)
{
    const struct residual_args *a = args;
    struct tile tile = part_tile(part, a->rows, a->channels, 1);
    for (int64_t row = tile.rows.begin; row < tile.rows.end; row++) {
        const real *x = a->x + row * a->x_stride;
        const real *y = a->y + row * a->y_stride;
        real *out = a->out + row * a->out_stride;
        for (int64_t i = tile.columns.begin; i < tile.columns.end; i++)
            out[i] = x[i] + y[i];
    }
}
