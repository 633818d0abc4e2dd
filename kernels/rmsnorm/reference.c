/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/rmsnorm/rmsnorm.h"

#include <math.h>

void KERNEL_REFERENCE(rmsnorm)(const void *args, struct part part)
{
    const struct rmsnorm_args *a = args;
    struct range rows = part_range(part, a->rows, 1);
    for (int64_t row = rows.begin; row < rows.end; row++) {
        const real *x = a->x + row * a->x_stride;
        real *y = a->y + row * a->y_stride;
        double squares = 0;
        for (int64_t i = 0; i < a->channels; i++)
            squares += (double)x[i] * x[i];
        double scale = 1 / sqrt(squares / (double)a->channels + a->eps);
        for (int64_t i = 0; i < a->channels; i++)
            y[i] = (real)(x[i] * scale * a->weight[i]);
    }
}
