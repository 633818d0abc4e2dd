/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/selective_scan/selective_scan.h"

#include <math.h>

/* Comparisons, since fmin and fmax lose NaN. */
static double time_step(double x, double low, double high)
{
    double delta = x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
    return delta < low ? low : delta > high ? high : delta;
}

void KERNEL_REFERENCE(selective_scan)(const void *args, struct part part)
{
    const struct selective_scan_args *p = args;
    int64_t states = p->d_state;
    struct range share = part_range(part, p->batch * p->channels, 1);
    for (int64_t i = share.begin; i < share.end; i++) {
        int64_t channel = i % p->channels;
        const real *a = p->a + channel * states;
        real *h = p->state + i * states;
        double bias = p->dt_bias ? p->dt_bias[channel] : 0;
        for (int64_t t = 0; t < p->seqlen; t++) {
            int64_t row = i / p->channels * p->seqlen + t;
            double delta = time_step(p->dt[row * p->dt_stride + channel] + bias, p->dt_min, p->dt_max);
            double u = p->u[row * p->u_stride + channel];
            double z = p->z[row * p->z_stride + channel];
            double y = 0;
            for (int64_t n = 0; n < states; n++) {
                h[n] = (real)(exp(delta * a[n]) * h[n] + delta * u * p->b[row * p->b_stride + n]);
                y += (double)h[n] * p->c[row * p->c_stride + n];
            }
            y += p->d[channel] * u;
            p->y[row * p->y_stride + channel] = (real)(y * (z / (1 + exp(-z))));
        }
    }
}
