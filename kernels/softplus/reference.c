/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/softplus/softplus.h"

#include <math.h>

void KERNEL_REFERENCE(softplus)(const void *args, struct part part)
{
    const struct softplus_args *a = args;
    struct tile tile = part_tile(part, a->rows, a->channels, 1);
    for (int64_t row = tile.rows.begin; row < tile.rows.end; row++) {
        const real *x = a->x + row * a->x_stride;
        real *y = a->y + row * a->y_stride;
        for (int64_t i = tile.columns.begin; i < tile.columns.end; i++) {
            double v = a->bias ? (double)x[i] + a->bias[i] : x[i];
            /* exp(v) would overflow for large v. */
            double softplus = v > 0 ? v + log1p(exp(-v)) : log1p(exp(v));
            y[i] = (real)(softplus < a->dt_min ? a->dt_min : softplus > a->dt_max ? a->dt_max : softplus);
        }
    }
}
