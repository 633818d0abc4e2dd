/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/softplus/softplus.h"

#include "kernels/fastmamba/ssm.inc"

void KERNEL_EXACT(softplus_fastmamba)(const void *args, struct part part)
{
    const struct softplus_args *a = args;
    /* Without a sample 16, beyond which softplus(x) is 0 or x: x itself may be overwritten by other parts. */
    double largest = a->samples && a->samples[0].largest > 0 ? a->samples[0].largest : 16;
    largest += a->bias ? ssm_largest(a->bias, 1, 0, a->channels) : 0;
    struct ssm_step step;
    ssm_step_points(&step, largest, a->dt_min, a->dt_max);
    const struct tile tile = part_tile(part, a->rows, a->channels, 1);
    for (int64_t row = tile.rows.begin; row < tile.rows.end; row++)
        for (int64_t i = tile.columns.begin; i < tile.columns.end; i++)
            a->y[row * a->y_stride + i] = (real)fixed_value(
                ssm_delta(&step, a->x[row * a->x_stride + i], a->bias ? a->bias[i] : 0), step.delta_point);
}
