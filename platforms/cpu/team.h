/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef PLATFORMS_CPU_TEAM_H
#define PLATFORMS_CPU_TEAM_H

#include <sched.h>

#include "kernels/kernel.h"
#include "mamba/error.h"

/* OpenMP threads, each bound to a core of its own as long as there are cores (hwloc's order), with a
 * barrier cheap enough to stand between kernels. One team may run at a time. */
struct team;

/* The processors that this process was started on; null when the system did not say. Teams keep to them. */
const cpu_set_t *team_start_affinity(void);

/* threads 0: one a core that this process may use. */
struct team *team_create(int threads, struct error *error);
void team_destroy(struct team *team);
int team_threads(const struct team *team);
/* False when the system refused to bind a thread; measurements are then noisier. */
bool team_bound(const struct team *team);

typedef void team_body(void *user, struct team *team, struct part part);
/* Runs body once on every thread, part.index its number, and returns when all are done. */
void team_run(struct team *team, team_body *body, void *user);
/* Within a body: returns when every thread of the team has called it. */
void team_barrier(struct team *team);
/* Within a body, on every thread: true on the one that does what comes next alone. The others go on at once,
 * so team_settle stands before what reads the outcome, or writes what was read. */
bool team_alone(struct part part);
/* A barrier if anything was done alone since the last one. */
void team_settle(struct team *team);

#endif
