/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef MAMBA_PARALLEL_H
#define MAMBA_PARALLEL_H

#include "kernels/kernel.h"

/* The one place where OpenMP threads are started. */

typedef void parallel_body(void *user, struct part part);

/* Runs body once on each of `threads` threads (0: as many as OpenMP gives by itself) and returns when all
 * are done; what they wrote is then visible. The same numbered part stays on the same thread from call to
 * call. Fewer threads may be granted (OMP_THREAD_LIMIT): part.count is what was granted. One call at a
 * time, not nested. */
void parallel_run(int threads, parallel_body *body, void *user);

#endif
