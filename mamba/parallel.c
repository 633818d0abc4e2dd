/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "mamba/parallel.h"

#include <omp.h>
#include <sched.h>
#include <stdatomic.h>

struct job {
    parallel_body *body;
    void *user;
    atomic_int finished;
};

/* The parallel region captures no variable, and threads report their end here: the thread sanitizer cannot
 * see into the OpenMP runtime, so the hand-over in both directions must not rest on it. */
static _Atomic(struct job *) current_job;

static void member(void)
{
    struct job *job = atomic_load_explicit(&current_job, memory_order_acquire);
    const struct part part = {omp_get_thread_num(), omp_get_num_threads()};
    job->body(job->user, part);
    if (part.index) {
        atomic_fetch_add_explicit(&job->finished, 1, memory_order_release);
        return;
    }
    while (atomic_load_explicit(&job->finished, memory_order_acquire) < part.count - 1)
        sched_yield();
}

void parallel_run(int threads, parallel_body *body, void *user)
{
    struct job job = {.body = body, .user = user};
    if (threads == 1) {
        body(user, (struct part){0, 1});
        return;
    }
    omp_set_dynamic(0);
    omp_set_num_threads(threads ? threads : omp_get_num_procs());
    atomic_store_explicit(&current_job, &job, memory_order_release);
#pragma omp parallel
    member();
}
