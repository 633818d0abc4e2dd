/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "bench/roofline.h"

#include <stdio.h>
#include <string.h>

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

static double read_gbyte_per_s(const struct peaks_run *run, const struct peaks_bandwidth *level, double bytes)
{
    double bandwidth = level->read_gbyte_per_s;
    if (!strcmp(level->level, "L1") || !strcmp(level->level, "L2"))
        return bandwidth;
    for (int i = 0; i < run->n_readings; i++)
        if (i == 0 || bytes >= (double)run->readings[i].working_set_bytes)
            bandwidth = run->readings[i].gbyte_per_s;
    return bandwidth;
}

void roofline_compute(const struct peaks *peaks, int threads, const struct unit *unit,
                      enum precision precision, enum cache_mode cache, double time_s,
                      struct roofline *roofline)
{
    const struct peaks_run *run = peaks_find(peaks, threads);
    *roofline = (struct roofline){.limit = ""};
    if (!run)
        return;
    const double touched = touched_bytes(unit, cache);
    const struct peaks_bandwidth *level = level_of(run, touched);
    const uint64_t low_ops = precision == PRECISION_FP32 ? 0 : unit->projection_ops;
    const struct {
        const char *name, *unit;
        double amount, per_second;
        bool arithmetic;
    } resources[] = {
        {"fp32", "GFLOP/s", (double)(unit->work.mul + unit->work.add - low_ops),
         peaks_best_gflop_per_s(run) * 1e9, true},
        {precision_name(precision), "GOP/s", (double)low_ops, peaks_best_gop_per_s(run, precision) * 1e9,
         true},
        {"exp", "Gexp/s", (double)unit->work.exp, best_exp_rate(run), true},
        {level ? level->level : "", "GB/s", (double)(unit->bytes_read + unit->bytes_written),
         level ? read_gbyte_per_s(run, level, touched) * 1e9 : 0, false},
    };
    for (int i = 0; i < COUNT_OF(resources); i++) {
        if (!(resources[i].per_second > 0))
            continue;
        const double floor_s = resources[i].amount / resources[i].per_second;
        const double rate = resources[i].amount / time_s / 1e9;
        if (floor_s > roofline->floor_s) {
            roofline->floor_s = floor_s;
            roofline->limit = resources[i].name;
        }
        if (!(floor_s > noise * time_s))
            continue;
        if (resources[i].arithmetic)
            snprintf(roofline->impossible, sizeof roofline->impossible,
                     "impossible: %.4g %s, this machine reached %.4g; the work cannot have been done", rate,
                     resources[i].unit, resources[i].per_second / 1e9);
        else
            snprintf(roofline->unreliable, sizeof roofline->unreliable,
                     "%.4g %s, above the %.4g measured for %s: the data must have been nearer", rate,
                     resources[i].unit, resources[i].per_second / 1e9, resources[i].name);
    }
}
