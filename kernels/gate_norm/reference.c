/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/gate_norm/gate_norm.h"

#include <math.h>

static double silu(double v)
{
    return v / (1 + exp(-v));
}

void KERNEL_REFERENCE(gate_norm)(const void *args, struct part part)
{
    const struct gate_norm_args *a = args;
    bool gate_first = a->norm_before_gate == 0;
    int64_t n = a->channels / a->groups;
    struct range items = part_range(part, a->rows * a->groups, 1);
    for (int64_t item = items.begin; item < items.end; item++) {
        int64_t row = item / a->groups, column = item % a->groups * n;
        const real *y = a->y + row * a->y_stride + column;
        const real *z = a->z + row * a->z_stride + column;
        const real *weight = a->weight + column;
        real *out = a->out + row * a->out_stride + column;
        double squares = 0;
        for (int64_t i = 0; i < n; i++) {
            double v = gate_first ? y[i] * silu(z[i]) : y[i];
            squares += v * v;
        }
        double scale = 1 / sqrt(squares / (double)n + a->eps);
        for (int64_t i = 0; i < n; i++)
            out[i] = (real)(y[i] * silu(z[i]) * scale * weight[i]);
    }
}
