/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "bench/statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Through logarithms, as 2^-n is 0 in double beyond n = 1074. */
static double binomial_half(int n, int k)
{
    return exp(lgamma(n + 1.0) - lgamma(k + 1.0) - lgamma(n - k + 1.0) - n * log(2));
}

/* Largest k >= 1 with P(Binomial(n, 1/2) < k) <= 0.025, or 1; below gets that probability. */
static int interval_rank(int n, double *below)
{
    int k = 1;
    *below = binomial_half(n, 0);
    while (2 * (k + 1) <= n + 1) {
        double next = *below + binomial_half(n, k);
        if (next > 0.025)
            break;
        *below = next;
        k++;
    }
    return k;
}

bool statistics_compute(const double *samples, int n, struct statistics *statistics, struct error *error)
{
    memset(statistics, 0, sizeof *statistics);
    if (n < 1)
        return error_set(error, STATUS_USAGE, "statistics of %d samples: at least 1 is needed", n);
    for (int i = 0; i < n; i++)
        if (!isfinite(samples[i]))
            return error_set(error, STATUS_FAILED, "sample %d of %d is not a finite number", i, n);
    double *sorted = malloc((size_t)n * sizeof *sorted);
    if (!sorted)
        return error_set(error, STATUS_FAILED, "out of memory for %d samples", n);
    memcpy(sorted, samples, (size_t)n * sizeof *sorted);
    qsort(sorted, (size_t)n, sizeof *sorted, compare_doubles);

    double below;
    int k = interval_rank(n, &below);
    statistics->n = n;
    statistics->min = sorted[0];
    statistics->max = sorted[n - 1];
    statistics->median = sorted[(n - 1) / 2] + (sorted[n / 2] - sorted[(n - 1) / 2]) / 2;
    statistics->ci95[0] = sorted[k - 1];
    statistics->ci95[1] = sorted[n - k];
    statistics->coverage = fmax(0, 1 - 2 * below);
    statistics->interval_is_range = statistics->coverage < 0.95;
    free(sorted);
    return true;
}

bool geometric_mean(const double *values, int n, double *mean, struct error *error)
{
    if (n < 1)
        return error_set(error, STATUS_USAGE, "geometric mean of %d values: at least 1 is needed", n);
    double sum = 0;
    for (int i = 0; i < n; i++) {
        if (!isfinite(values[i]) || values[i] <= 0)
            return error_set(error, STATUS_FAILED,
                             "geometric mean: value %d is %g, must be finite and above 0", i, values[i]);
        sum += log(values[i]);
    }
    *mean = exp(sum / n);
    return true;
}
