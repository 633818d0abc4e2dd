/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "bench/roofline.h"

#include <stdio.h>

static const double noise = 1.1;

static double best_exp_rate(const struct peaks_run *run)
{
    double best = 0;
    for (int i = 0; i < run->n_compute; i++)
        best = run->compute[i].gexp_per_s > best ? run->compute[i].gexp_per_s : best;
    return best * 1e9;
}

static double touched_bytes(const struct unit *unit, enum cache_mode cache)
{
    const double all = (double)(unit->bytes_read + unit->bytes_written);
    const bool walks = cache == CACHE_WEIGHTS_COLD && unit->scope != SCOPE_MODEL;
    return all + (walks ? (double)(unit->weight_bytes + unit->state_bytes) * (double)(unit->repeats - 1) : 0);
}

/* Half of each level's caches is what its bandwidth was measured on. */
static const struct peaks_bandwidth *level_of(const struct peaks_run *run, double bytes)
{
    for (int i = 0; i < run->n_bandwidth - 1; i++)
        if (bytes <= 2 * (double)run->bandwidth[i].working_set_bytes)
            return &run->bandwidth[i];
    return run->n_bandwidth ? &run->bandwidth[run->n_bandwidth - 1] : NULL;
}

double roofline_floor(const struct peaks *peaks, int threads, const struct unit *unit, enum cache_mode cache,
                      const char **limit)
{
    const struct peaks_run *run = peaks_find(peaks, threads);
    if (!run)
        return 0;
    const struct peaks_bandwidth *level = level_of(run, touched_bytes(unit, cache));
    const double fp32 = peaks_best_gflop_per_s(run) * 1e9, exponentials = best_exp_rate(run);
    const struct {
        const char *name;
        double amount, per_second;
    } resources[] = {
        {"fp32", (double)(unit->work.mul + unit->work.add), fp32},
        {"exp", (double)unit->work.exp, exponentials},
        {level ? level->level : "", (double)(unit->bytes_read + unit->bytes_written),
         level ? level->read_gbyte_per_s * 1e9 : 0},
    };
    double floor_s = 0;
    for (int i = 0; i < COUNT_OF(resources); i++)
        if (resources[i].per_second > 0 && resources[i].amount / resources[i].per_second > floor_s) {
            floor_s = resources[i].amount / resources[i].per_second;
            *limit = resources[i].name;
        }
    return floor_s;
}

bool roofline_impossible(const struct peaks *peaks, int threads, const struct unit *unit, double time_s,
                         char *reason, size_t size)
{
    const struct peaks_run *run = peaks_find(peaks, threads);
    const double peak = run ? peaks_best_gflop_per_s(run) : 0;
    const double rate = (double)(unit->work.mul + unit->work.add) / time_s / 1e9;
    if (!(peak > 0) || !(rate > noise * peak))
        return false;
    snprintf(reason, size,
             "impossible: %.4g GFLOP/s, this machine reached %.4g; the work cannot have been done", rate,
             peak);
    return true;
}
