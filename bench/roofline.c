/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "bench/roofline.h"

#include <stdio.h>
#include <string.h>

static const double noise = 1.1;

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

/* Where the run has the bandwidth that reads of so many bytes get. */
static struct peaks_roof memory_roof(const struct peaks_run *run, const struct peaks_bandwidth *level,
                                     double bytes)
{
    struct peaks_roof roof = {.kind = PEAKS_LEVEL, .index = level ? (int)(level - run->bandwidth) : 0};
    if (!level || !strcmp(level->level, "L1") || !strcmp(level->level, "L2"))
        return roof;
    for (int i = 0; i < run->n_readings; i++)
        if (i == 0 || bytes >= (double)run->readings[i].working_set_bytes)
            roof = (struct peaks_roof){.kind = PEAKS_READING, .index = i};
    return roof;
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
        const char *name;
        double amount;
        struct peaks_roof roof;
    } resources[] = {
        {level ? level->level : "", (double)(unit->bytes_read + unit->bytes_written),
         memory_roof(run, level, touched)},
        {"fp32", (double)(unit->work.mul + unit->work.add - low_ops), {.kind = PEAKS_FP32}},
        {precision_name(precision), (double)low_ops, {.kind = PEAKS_PRODUCTS, .precision = precision}},
        {"exp", (double)unit->work.exp, {.kind = PEAKS_EXP}},
    };
    for (int i = 0; i < COUNT_OF(resources); i++) {
        const double reached = peaks_figure(run, resources[i].roof);
        const char *rate_unit = peaks_unit(resources[i].roof);
        if (!(reached > 0))
            continue;
        const double floor_s = resources[i].amount / reached / 1e9;
        const double rate = resources[i].amount / time_s / 1e9;
        if (floor_s > roofline->floor_s) {
            roofline->floor_s = floor_s;
            roofline->limit = resources[i].name;
        }
        if (!(floor_s > noise * time_s))
            continue;
        roofline->beaten = true;
        roofline->roof = resources[i].roof;
        roofline->roof_name = resources[i].name;
        if (i > 0)
            snprintf(roofline->impossible, sizeof roofline->impossible,
                     "impossible: %.4g %s, this machine reached %.4g; the work cannot have been done", rate,
                     rate_unit, reached);
        else
            snprintf(roofline->unreliable, sizeof roofline->unreliable,
                     "%.4g %s, above the %.4g measured for %s: the data must have been nearer", rate,
                     rate_unit, reached, resources[i].name);
    }
}

bool roofline_settle(struct peaks *peaks, int threads, const struct unit *unit, enum precision precision,
                     enum cache_mode cache, double time_s, struct roofline *roofline, struct error *error)
{
    struct raised_roof raised = {0};
    struct error failure = {0};
    for (;;) {
        roofline_compute(peaks, threads, unit, precision, cache, time_s, roofline);
        roofline->raised = raised;
        const struct peaks_run *run = peaks_find(peaks, threads);
        const struct peaks_roof roof = roofline->roof;
        const double before = roofline->beaten ? peaks_figure(run, roof) : 0;
        if (!roofline->beaten || !peaks_measure_again(peaks, threads, roof, &failure))
            break;
        if (peaks_figure(run, roof) > noise * before)
            raised =
                (struct raised_roof){roofline->roof_name, peaks_unit(roof), before, peaks_figure(run, roof)};
    }
    return failure.status == STATUS_OK || error_set(error, failure.status, "%s", failure.text);
}
