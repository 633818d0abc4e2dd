/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef BENCH_COUNTERS_H
#define BENCH_COUNTERS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mamba/error.h"

/* Event counts of a stretch of work by all threads of this process: the threads that exist at
 * counters_open and every thread that they start later. Whichever OpenMP or BLAS pool does the work, and
 * whenever it was made, it is counted once.
 *
 * Several sources are tried in order: PAPI's perf_event component, then the kernel's own hardware events,
 * for the hardware; the kernel's software events, then getrusage, for the rest. An event is taken from the
 * first source that has it. Hardware events count user mode only, so that privileges do not change them.
 *
 * names: cycles, instructions, cache_references, cache_misses (last level), l1d_misses, branch_misses,
 * fp32_operations or fp_operations (where the processor has such an event); task_clock_s, page_faults,
 * context_switches, cpu_migrations. */
struct counters;

enum counters_status {
    COUNTERS_OK,         /* cycles, instructions, cache_misses and branch_misses were counted */
    COUNTERS_PARTIAL,    /* some hardware events were counted */
    COUNTERS_UNAVAILABLE /* none; software events may still be there */
};
const char *counters_status_name(enum counters_status status); /* "ok", "partial", "unavailable" */

enum { COUNTERS_MAX_VALUES = 32, COUNTERS_REASON_SIZE = 384 };

/* An event that was not counted has no value here: 0 always means that it never happened. */
struct counters_value {
    const char *name;
    double value;
    bool hardware;
    bool scaled; /* counted a part of the time only, in turns with others, and scaled up to all of it */
};

struct counters_reading {
    enum counters_status status;
    char reason[COUNTERS_REASON_SIZE]; /* why the status is not ok, else "" */
    struct counters_value values[COUNTERS_MAX_VALUES];
    int n_values;
};

/* A source's answer for one event on one of its parts (a thread), between start and stop. */
struct counter_sample {
    bool counted;
    bool scaled; /* the source scaled it already */
    double count;
    uint64_t enabled_ns, running_ns; /* time in which it should have counted, and in which it did; equal
                                      * unless events take turns */
};

struct counter_event {
    const char *name;
    bool hardware;
};

/* A source of counts; tests bring their own. */
struct counter_source {
    const char *name;
    /* Opens all events that it has and that are not among those taken, at most COUNTERS_MAX_VALUES:
     * events[0..*n_events), each counted in *parts parts. Null: cannot be used. reason says what is missing,
     * if anything. */
    void *(*open)(const struct counter_event *taken, int n_taken, struct counter_event *events, int *n_events,
                  int *parts, char *reason, size_t reason_size);
    void (*start)(void *source);
    void (*stop)(void *source, struct counter_sample *samples); /* [event][part] */
    void (*close)(void *source);
};

/* sources: null-terminated, null for all that were built in. Null only when out of memory; that nothing can
 * be counted is said by the status. Open it when no thread is just being started. */
struct counters *counters_open(const struct counter_source *const *sources, struct error *error);
void counters_close(struct counters *counters);

/* Around whole batches: reading takes microseconds a thread and event. */
void counters_start(struct counters *counters);
void counters_stop(struct counters *counters, struct counters_reading *reading);

/* {"status":…, "reason":…, "values":{…}, "scaled":[…]}; reason only when not ok, scaled only when not
 * empty. Null: out of memory. */
json_t *counters_json(const struct counters_reading *reading);

/* The built-in sources, so that one can be chosen. papi is null when built without it. */
extern const struct counter_source *const counter_source_papi;
extern const struct counter_source *const counter_source_perf;
extern const struct counter_source *const counter_source_rusage;

#endif
