/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef BENCH_DENORMALS_H
#define BENCH_DENORMALS_H

#include <stdbool.h>

/* Whether denormal operands and results count as zero: FTZ and DAZ of MXCSR, FZ of FPCR. A thread starts with
 * the mode of the one that creates it, so one call before the first parallel region is for all. */
void denormals_flush(bool flush);

/* False where either is kept, and on a processor that has no such mode. */
bool denormals_flushed(void);

/* A state of the scan that nothing feeds any more decays through the denormal numbers. The time of such a
 * scan (this machine's selective_scan, one thread) where they are kept over that where they are flushed. */
double denormals_slowdown(void);

#endif
