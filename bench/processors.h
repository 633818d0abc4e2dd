/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef BENCH_PROCESSORS_H
#define BENCH_PROCESSORS_H

#include <stdbool.h>

/* Seconds of the processors that this process may use. */
struct processor_time {
    double all_s;  /* of all of them together */
    double busy_s; /* in which they did anything, or the hypervisor had them for other guests (steal) */
    double own_s;  /* in which they did this process's work */
};

/* Since some moment that stays the same: only differences mean something. stat: null, or a file like
 * /proc/stat. False where the system does not say. */
bool processors_read(const char *stat, struct processor_time *now);

/* Adds what passed between two readings. */
void processors_add(struct processor_time *sum, const struct processor_time *from,
                    const struct processor_time *to);

/* The fraction of the time that others took: other programs, the system for them, other guests. -1: not
 * known, as the time is too short for the system's ticks of 10 ms to say. */
double processors_others(const struct processor_time *sum);

#endif
