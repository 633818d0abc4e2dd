/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/conv_silu_backward/conv_silu_backward.h"

#include <math.h>

static double input(const struct conv_silu_backward_args *a, int64_t b, int64_t t, int64_t c)
{
    return t < 0 ? 0 : a->x[(b * a->seqlen + t) * a->x_stride + c];
}

/* dy silu'(v), or a bound of what an error of dy, of silu' or of v's terms makes of it. */
static double slope(const struct conv_silu_backward_args *a, int64_t b, int64_t t, int64_t c, bool magnitude)
{
    const double dy = a->dy[(b * a->seqlen + t) * a->dy_stride + c];
    double v = a->bias ? a->bias[c] : 0, terms = fabs(v);
    for (int64_t j = 0; j < a->width; j++) {
        const double term = a->weight[c * a->width + j] * input(a, b, t - (a->width - 1) + j, c);
        v += term;
        terms += fabs(term);
    }
    const double s = 1 / (1 + exp(-v)), rest = 1 / (1 + exp(v));
    return magnitude ? fabs(dy) * (s * (1 + fabs(v) * rest) + terms) : dy * s * (1 + v * rest);
}

static void body(const struct conv_silu_backward_args *a, struct part part, bool magnitude)
{
    const struct range channels = part_range(part, a->channels, 1);
    const int64_t history = a->width - 1;
    for (int64_t c = channels.begin; c < channels.end; c++) {
        const real *weight = a->weight + c * a->width;
        double bias = 0;
        for (int64_t j = 0; j < a->width; j++) {
            double sum = 0;
            for (int64_t b = 0; b < a->batch; b++)
                for (int64_t t = 0; t < a->seqlen; t++) {
                    const double x = input(a, b, t - history + j, c), g = slope(a, b, t, c, magnitude);
                    sum += magnitude ? fabs(g * x) : g * x;
                }
            a->dweight[c * a->width + j] = (real)sum;
        }
        for (int64_t b = 0; b < a->batch; b++)
            for (int64_t t = 0; t < a->seqlen; t++) {
                double sum = 0;
                bias += slope(a, b, t, c, magnitude);
                for (int64_t j = 0; j < a->width; j++) {
                    const int64_t at = t + history - j;
                    const double term = at < a->seqlen ? weight[j] * slope(a, b, at, c, magnitude) : 0;
                    sum += magnitude ? fabs(term) : term;
                }
                a->dx[(b * a->seqlen + t) * a->dx_stride + c] = (real)sum;
            }
        if (a->dbias)
            a->dbias[c] = (real)bias;
    }
}

void KERNEL_REFERENCE(conv_silu_backward)(const void *args, struct part part)
{
    body(args, part, false);
}

#ifdef KERNELS_FLOAT64
void conv_silu_backward_condition_f64(const void *args, struct part part)
{
    body(args, part, true);
}
#endif
