/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef BENCH_STATISTICS_H
#define BENCH_STATISTICS_H

#include <stdbool.h>

#include "mamba/error.h"

/* What is said of a series of times. Nothing is assumed of their distribution, and no sample is dropped:
 * times are skewed and have several modes, so mean and standard deviation would mislead. */
struct statistics {
    int n;
    double median, min, max;
    /* The interval [x(k), x(n+1-k)] of the sorted samples that covers the median of the distribution with
     * probability `coverage` = 1 - 2 P(Binomial(n, 1/2) < k) for the largest k that keeps it at or above
     * 0.95 (W. J. Conover, Practical Nonparametric Statistics, ch. 3.2). */
    double ci95[2];
    double coverage;
    /* n < 6: no such k. ci95 is min and max, and coverage is below 0.95. */
    bool interval_is_range;
};

/* Fails when n < 1, when a sample is not finite, or out of memory. samples are not changed. */
bool statistics_compute(const double *samples, int n, struct statistics *statistics, struct error *error);

/* Fails when n < 1 or when a value is not finite and more than 0. */
bool geometric_mean(const double *values, int n, double *mean, struct error *error);

#endif
