/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef BENCH_ROOFLINE_H
#define BENCH_ROOFLINE_H

#include "bench/peaks.h"
#include "platforms/platform.h"

struct roofline {
    double floor_s;         /* 0: not known */
    const char *limit;      /* what sets it: "fp32", "int8", "exp", or the memory level */
    bool beaten;            /* the time is below what some roof allows, by more than noise */
    struct peaks_roof roof; /* which one, of arithmetic if there is such */
    const char *roof_name;  /* as limit */
    char impossible[160];   /* not empty: the time is below what the arithmetic alone takes, so the work was
                             * not done */
    char unreliable[160];   /* not empty: the time is below the memory's floor. Caches that other guests share
                             * or that hold more than was supposed do that: no fraction can be given */
    /* A roof that was much too low and that this result had measured again; a null name: none was. */
    struct raised_roof {
        const char *name, *unit;
        double from, to;
    } raised;
};

/* Seconds below which one execution of the unit cannot be on this machine: the largest of its fp32
 * multiplies and adds over the measured FMA peak, those of its projections over the peak of the plan's
 * precision where that is below fp32, its exponentials over the measured exp rate, and its bytes
 * over the measured read bandwidth of the level where they live. That level is the smallest that holds all
 * that is touched before the same data are used again: the unit's bytes, and with CACHE_WEIGHTS_COLD its
 * weights in every layer. Beyond the second level the bandwidth is that of the largest measured working set
 * that is no larger. time_s, the fastest that was measured, is held against it with a tenth for the
 * noise of both measurements. */
void roofline_compute(const struct peaks *peaks, int threads, const struct unit *unit,
                      enum precision precision, enum cache_mode cache, double time_s,
                      struct roofline *roofline);

/* The same, but a beaten roof is first measured once more, as it may have been disturbed before; only then
 * does the result stand or fall. False, with an error: a roof could not be measured. */
bool roofline_settle(struct peaks *peaks, int threads, const struct unit *unit, enum precision precision,
                     enum cache_mode cache, double time_s, struct roofline *roofline, struct error *error);

#endif
