/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef KERNELS_TIME_STEP_H
#define KERNELS_TIME_STEP_H

#include <math.h>

/* The step of the state space model, delta = clamp(log(1 + exp(x)), low, high), of the references. exp of a
 * large x would overflow. Comparisons, since fmin and fmax lose NaN. */
static inline double time_step(double x, double low, double high)
{
    const double delta = x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
    return delta < low ? low : delta > high ? high : delta;
}

/* And its derivative by x: 0 where it is clamped. */
static inline double time_step_slope(double x, double low, double high)
{
    const double delta = time_step(x, -INFINITY, INFINITY);
    return delta < low || delta > high ? 0 : 1 / (1 + exp(-x));
}

#endif
