/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef BENCH_ROOFLINE_H
#define BENCH_ROOFLINE_H

#include "bench/peaks.h"
#include "platforms/platform.h"

/* Seconds below which one execution of the unit cannot be on this machine: the largest of its fp32
 * multiplies and adds over the measured FMA peak, its exponentials over the measured exp rate, and its bytes
 * over the measured read bandwidth of the level where they live. That level is the smallest that holds all
 * that is touched before the same data are used again: the unit's bytes, and with CACHE_WEIGHTS_COLD its
 * weights in every layer. *limit names what sets the floor ("fp32", "exp", or the level). 0: not known. */
double roofline_floor(const struct peaks *peaks, int threads, const struct unit *unit, enum cache_mode cache,
                      const char **limit);

/* True, with the reason, when a time implies more than the measured fp32 peak by over a tenth, the noise
 * of both measurements: then the work was not done. */
bool roofline_impossible(const struct peaks *peaks, int threads, const struct unit *unit, double time_s,
                         char *reason, size_t size);

#endif
