/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/softplus/softplus.h"

#include <math.h>

#include "kernels/time_step.h"

void KERNEL_REFERENCE(softplus)(const void *args, struct part part)
{
    const struct softplus_args *a = args;
    struct tile tile = part_tile(part, a->rows, a->channels, 1);
    for (int64_t row = tile.rows.begin; row < tile.rows.end; row++) {
        const real *x = a->x + row * a->x_stride;
        real *y = a->y + row * a->y_stride;
        for (int64_t i = tile.columns.begin; i < tile.columns.end; i++) {
            double v = a->bias ? (double)x[i] + a->bias[i] : x[i];
            y[i] = (real)time_step(v, a->dt_min, a->dt_max);
        }
    }
}
