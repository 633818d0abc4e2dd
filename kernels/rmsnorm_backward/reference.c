/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/rmsnorm_backward/rmsnorm_backward.h"

#include <math.h>

static double magnitude_if(bool magnitude, double v)
{
    return magnitude ? fabs(v) : v;
}

static double row_scale(const struct rmsnorm_backward_args *a, const real *x)
{
    double squares = 0;
    for (int64_t i = 0; i < a->channels; i++)
        squares += (double)x[i] * x[i];
    return 1 / sqrt(squares / (double)a->channels + a->eps);
}

static void body(const struct rmsnorm_backward_args *a, struct part part, bool magnitude)
{
    const struct range rows = part_range(part, a->rows, 1), columns = part_range(part, a->channels, 1);
    for (int64_t row = rows.begin; row < rows.end; row++) {
        const real *x = a->x + row * a->x_stride, *dy = a->dy + row * a->dy_stride;
        const double scale = row_scale(a, x);
        double mean = 0;
        for (int64_t i = 0; i < a->channels; i++)
            mean += magnitude_if(magnitude, (double)dy[i] * a->weight[i] * x[i] * scale);
        mean /= (double)a->channels;
        for (int64_t i = 0; i < a->channels; i++) {
            const double g = (double)dy[i] * a->weight[i], other = x[i] * scale * mean;
            const double add = a->add ? a->add[row * a->add_stride + i] : 0;
            a->dx[row * a->dx_stride + i] =
                (real)(magnitude ? scale * (fabs(g) + fabs(other)) + fabs(add) : scale * (g - other) + add);
        }
    }
    for (int64_t i = columns.begin; i < columns.end; i++)
        a->dweight[i] = 0;
    for (int64_t row = 0; row < a->rows && columns.begin < columns.end; row++) {
        const real *x = a->x + row * a->x_stride, *dy = a->dy + row * a->dy_stride;
        const double scale = row_scale(a, x);
        for (int64_t i = columns.begin; i < columns.end; i++)
            a->dweight[i] += (real)magnitude_if(magnitude, dy[i] * (x[i] * scale));
    }
}

void KERNEL_REFERENCE(rmsnorm_backward)(const void *args, struct part part)
{
    body(args, part, false);
}

#ifdef KERNELS_FLOAT64
void rmsnorm_backward_condition_f64(const void *args, struct part part)
{
    body(args, part, true);
}
#endif
