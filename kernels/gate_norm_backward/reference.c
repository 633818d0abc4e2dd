/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/gate_norm_backward/gate_norm_backward.h"

#include <math.h>

struct gate {
    double silu, slope, slope_terms;
};

static struct gate gate_of(double z)
{
    const double s = 1 / (1 + exp(-z)), rest = 1 / (1 + exp(z));
    return (struct gate){z * s, s * (1 + z * rest), s * (1 + fabs(z) * rest)};
}

static double magnitude_if(bool magnitude, double v)
{
    return magnitude ? fabs(v) : v;
}

/* One row of one group: what stands in columns of dweight is added to. */
static void group_row(const struct gate_norm_backward_args *a, int64_t row, int64_t column, bool magnitude,
                      bool inputs, struct range weights)
{
    const int64_t n = a->channels / a->groups;
    const bool gate_first = a->norm_before_gate == 0;
    const real *y = a->y + row * a->y_stride + column, *z = a->z + row * a->z_stride + column;
    const real *dout = a->dout + row * a->dout_stride + column, *weight = a->weight + column;
    double squares = 0, mean = 0;
    for (int64_t i = 0; i < n; i++) {
        const double v = gate_first ? y[i] * gate_of(z[i]).silu : y[i];
        squares += v * v;
    }
    const double scale = 1 / sqrt(squares / (double)n + a->eps);
    for (int64_t i = 0; i < n; i++) {
        const double silu = gate_of(z[i]).silu, g = dout[i] * (gate_first ? 1 : silu) * weight[i];
        mean += magnitude_if(magnitude, g * (gate_first ? y[i] * silu : y[i]) * scale);
    }
    mean /= (double)n;
    for (int64_t i = 0; i < n; i++) {
        const struct gate gate = gate_of(z[i]);
        const double slope = magnitude ? gate.slope_terms : gate.slope;
        const double v = gate_first ? y[i] * gate.silu : y[i], normed = v * scale;
        const double g = dout[i] * (gate_first ? 1 : gate.silu) * weight[i];
        const double dv = magnitude ? scale * (fabs(g) + fabs(normed * mean)) : scale * (g - normed * mean);
        if (inputs) {
            const double dy = gate_first ? dv * gate.silu : dv;
            const double dz = gate_first ? dv * y[i] * slope : dout[i] * weight[i] * normed * slope;
            a->dy[row * a->dy_stride + column + i] = (real)magnitude_if(magnitude, dy);
            a->dz[row * a->dz_stride + column + i] = (real)magnitude_if(magnitude, dz);
            a->out[row * a->out_stride + column + i] =
                (real)magnitude_if(magnitude, normed * weight[i] * (gate_first ? 1 : gate.silu));
        }
        if (column + i >= weights.begin && column + i < weights.end)
            a->dweight[column + i] +=
                (real)magnitude_if(magnitude, dout[i] * (gate_first ? 1 : gate.silu) * normed);
    }
}

static void body(const struct gate_norm_backward_args *a, struct part part, bool magnitude)
{
    const struct range rows = part_range(part, a->rows, 1), columns = part_range(part, a->channels, 1);
    const int64_t n = a->channels / a->groups;
    for (int64_t i = columns.begin; i < columns.end; i++)
        a->dweight[i] = 0;
    for (int64_t column = 0; column < a->channels; column += n) {
        const bool sums = columns.begin < column + n && columns.end > column && columns.begin < columns.end;
        const struct range seen = sums ? (struct range){0, a->rows} : rows;
        for (int64_t row = seen.begin; row < seen.end; row++)
            group_row(a, row, column, magnitude, row >= rows.begin && row < rows.end, columns);
    }
}

void KERNEL_REFERENCE(gate_norm_backward)(const void *args, struct part part)
{
    body(args, part, false);
}

#ifdef KERNELS_FLOAT64
void gate_norm_backward_condition_f64(const void *args, struct part part)
{
    body(args, part, true);
}
#endif
