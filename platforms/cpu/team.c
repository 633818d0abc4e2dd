/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "platforms/cpu/team.h"

#include <hwloc.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "mamba/parallel.h"

struct team {
    unsigned serial; /* tells teams apart for the threads that they share */
    int threads;
    hwloc_topology_t topology;
    hwloc_cpuset_t *cpusets; /* a thread's; null: not bound */
    atomic_bool bound;
    atomic_int arrived;
    atomic_int generation;
};

static void relax(void)
{
#if defined(__x86_64__)
    _mm_pause();
#endif
}

/* Something was done alone since the last barrier. The same on all threads of the team. */
static _Thread_local bool unsettled;

bool team_alone(struct part part)
{
    unsettled = true;
    return part.index == 0;
}

void team_settle(struct team *team)
{
    if (unsettled)
        team_barrier(team);
}

void team_barrier(struct team *team)
{
    enum { SPINS_BEFORE_YIELD = 1 << 14 };
    unsettled = false;
    const int generation = atomic_load_explicit(&team->generation, memory_order_relaxed);
    if (atomic_fetch_add_explicit(&team->arrived, 1, memory_order_acq_rel) == team->threads - 1) {
        atomic_store_explicit(&team->arrived, 0, memory_order_relaxed);
        atomic_store_explicit(&team->generation, generation + 1, memory_order_release);
        return;
    }
    for (int spins = 0; atomic_load_explicit(&team->generation, memory_order_acquire) == generation;)
        if (++spins < SPINS_BEFORE_YIELD)
            relax();
        else
            sched_yield();
}

static void bind_thread(struct team *team, int index)
{
    static _Thread_local unsigned bound_by;
    if (!team->cpusets[index] || bound_by == team->serial)
        return;
    if (hwloc_set_cpubind(team->topology, team->cpusets[index], HWLOC_CPUBIND_THREAD))
        atomic_store(&team->bound, false);
    bound_by = team->serial;
}

struct team_job {
    struct team *team;
    team_body *body;
    void *user;
};

static void member(void *user, struct part part)
{
    const struct team_job *job = user;
    bind_thread(job->team, part.index);
    unsettled = false;
    job->body(job->user, job->team, part);
}

void team_run(struct team *team, team_body *body, void *user)
{
    parallel_run(team->threads, member, &(struct team_job){team, body, user});
}

static void count_granted(void *user, struct part part)
{
    if (part.index == 0)
        *(int *)user = part.count;
}

static cpu_set_t start_affinity;
static bool start_affinity_known;

/* An OpenMP runtime that is told to bind threads (OMP_PROC_BIND, GOMP_CPU_AFFINITY) narrows this one's
 * processors in its own constructor, and only what stands in .preinit_array comes before that. Sanitizers are
 * not ready so early: no instrumentation, and no call that they intercept. */
__attribute__((no_sanitize("address", "thread", "undefined"))) static void read_start_affinity(void)
{
    start_affinity_known = syscall(SYS_sched_getaffinity, 0, sizeof start_affinity, &start_affinity) > 0;
}

__attribute__((section(".preinit_array"),
               used)) static void (*const before_constructors)(void) = read_start_affinity;

const cpu_set_t *team_start_affinity(void)
{
    return start_affinity_known ? &start_affinity : NULL;
}

/* taskset, numactl and batch systems hand out processors: the others are not ours. */
static bool restrict_to_start(hwloc_topology_t topology)
{
    if (!start_affinity_known)
        return true;
    hwloc_bitmap_t allowed = hwloc_bitmap_alloc();
    if (!allowed)
        return false;
    for (int i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET((size_t)i, &start_affinity))
            hwloc_bitmap_set(allowed, (unsigned)i);
    hwloc_bitmap_and(allowed, allowed, hwloc_topology_get_topology_cpuset(topology));
    const bool ok = hwloc_bitmap_iszero(allowed) || !hwloc_topology_restrict(topology, allowed, 0);
    hwloc_bitmap_free(allowed);
    return ok;
}

static bool load_topology(struct team *team, int *cores)
{
    if (hwloc_topology_init(&team->topology))
        return false;
    if (hwloc_topology_load(team->topology) || !restrict_to_start(team->topology)) {
        hwloc_topology_destroy(team->topology);
        team->topology = NULL;
        return false;
    }
    *cores = hwloc_get_nbobjs_by_type(team->topology, HWLOC_OBJ_CORE);
    return *cores > 0;
}

struct team *team_create(int threads, struct error *error)
{
    enum { MOST_THREADS = 4096 };
    if (threads < 0 || threads > MOST_THREADS) {
        error_set(error, STATUS_USAGE, "--threads %d: must be from 1 to %d (0: one a core)", threads,
                  MOST_THREADS);
        return NULL;
    }
    static atomic_uint serials;
    struct team *team = calloc(1, sizeof *team);
    int cores = 0;
    if (!team || !load_topology(team, &cores)) {
        error_set(error, STATUS_FAILED, "hwloc cannot read this machine's topology");
        team_destroy(team);
        return NULL;
    }
    team->serial = atomic_fetch_add(&serials, 1) + 1;
    team->threads = threads ? threads : cores;
    atomic_init(&team->bound, true);
    team->cpusets = calloc((size_t)team->threads, sizeof *team->cpusets);
    if (!team->cpusets) {
        error_set(error, STATUS_FAILED, "out of memory");
        team_destroy(team);
        return NULL;
    }
    if (team->threads > cores)
        atomic_store(&team->bound, false);
    for (int i = 0; i < team->threads && team->threads <= cores; i++) {
        hwloc_obj_t core = hwloc_get_obj_by_type(team->topology, HWLOC_OBJ_CORE, (unsigned)i);
        team->cpusets[i] = hwloc_bitmap_dup(core->cpuset);
        if (team->cpusets[i])
            hwloc_bitmap_singlify(team->cpusets[i]);
    }
    int granted = 1;
    parallel_run(team->threads, count_granted, &granted);
    if (!threads)
        team->threads = granted;
    if (granted < team->threads) {
        error_set(error, STATUS_USAGE, "--threads %d: OpenMP gives %d (OMP_THREAD_LIMIT?)", team->threads,
                  granted);
        team_destroy(team);
        return NULL;
    }
    return team;
}

void team_destroy(struct team *team)
{
    if (!team)
        return;
    for (int i = 0; i < team->threads && team->cpusets; i++)
        hwloc_bitmap_free(team->cpusets[i]);
    free(team->cpusets);
    if (team->topology)
        hwloc_topology_destroy(team->topology);
    free(team);
}

int team_threads(const struct team *team)
{
    return team->threads;
}

bool team_bound(const struct team *team)
{
    return atomic_load(&team->bound);
}
