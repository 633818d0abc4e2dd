/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef BENCH_CBENCH_H
#define BENCH_CBENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A C interface over Google Benchmark: register functions, run them all with their repetitions
 * interleaved in random order, get each one's results back as C data as soon as it is done. Nothing is
 * printed, and neither the environment nor the command line changes what runs. Google Benchmark keeps
 * its registry in globals: sets run one after the other, from one thread at a time. */

#ifdef __cplusplus
extern "C" {
#endif

struct cbench;       /* a set of benchmarks */
struct cbench_state; /* one call that is being timed */

/* Called once a repetition and, when the number of iterations is not fixed, a few times with fewer
 * iterations before the first one, to find how many min_time_s takes. Must do cbench_iterations(state)
 * iterations of the work within one cbench_start .. cbench_stop, or call cbench_skip. A call that does
 * neither counts as skipped. Must not throw or jump out. */
typedef void cbench_fn(struct cbench_state *state, void *user);

enum cbench_clock { CBENCH_WALL, CBENCH_CPU, CBENCH_MANUAL };
/* CBENCH_CPU is the time that all threads of the process spent on a processor. */

enum { CBENCH_MAX_ARGS = 8 };

struct cbench_options {
    double min_time_s;  /* of one repetition; 0: Google Benchmark's 0.5 */
    int repetitions;    /* at least 1 */
    int64_t iterations; /* of every repetition; 0: as many as min_time_s takes */
    enum cbench_clock clock;
    int n_args;
    int64_t args[CBENCH_MAX_ARGS]; /* shown in the name ("name/4/512"), read with cbench_arg */
};

struct cbench_counter {
    const char *name;
    double value;       /* a total over the repetition's iterations when per_iteration or rate */
    bool per_iteration; /* reported divided by iterations */
    bool rate;          /* reported per second of the chosen clock; excludes per_iteration */
};

struct cbench_repetition {
    double time_s; /* of one iteration, by the chosen clock */
    double cpu_s;  /* of one iteration, processor time of all threads of the process */
    int64_t iterations;
};

/* All that came of one benchmark. Pointers are valid during the callback only. */
struct cbench_result {
    const char *name;
    void *user;
    const char *skip_reason;                     /* null: it ran */
    const struct cbench_repetition *repetitions; /* in order; those before the skip, if it was skipped */
    int n_repetitions;
    const struct cbench_counter *counters; /* mean over the repetitions that set it, already divided,
                                            * always finite, sorted by name */
    int n_counters;
};

typedef void cbench_report_fn(const struct cbench_result *result, void *report_user);

struct cbench *cbench_create(void); /* null: out of memory */
void cbench_destroy(struct cbench *set);

/* Name and options are copied. Names need not be unique. False when out of memory or when an option is
 * out of its range, or from within a benchmark. */
bool cbench_register(struct cbench *set, const char *name, cbench_fn *function, void *user,
                     const struct cbench_options *options);

/* Runs all; interleave: repetitions of different benchmarks in random order. Calls report once for each
 * benchmark, as soon as its last repetition is done. Returns the number of benchmarks that ran (were not
 * skipped), or -1 when out of memory or called from within a benchmark. A set can be run again. */
int cbench_run(struct cbench *set, bool interleave, cbench_report_fn *report, void *report_user);

int64_t cbench_iterations(const struct cbench_state *state);
int64_t cbench_arg(const struct cbench_state *state, int index); /* 0: there is no such argument */
/* The clock runs between the two. Each takes effect once a call. */
void cbench_start(struct cbench_state *state);
void cbench_stop(struct cbench_state *state);
/* CBENCH_MANUAL: seconds of all iterations of this repetition, more than 0. */
void cbench_set_time(struct cbench_state *state, double seconds);
/* Ends the benchmark with a reason; no further repetition runs. The first reason stays. */
void cbench_skip(struct cbench_state *state, const char *reason);
/* The name is copied. A counter that is not finite is left out; one that changes its kind between
 * repetitions ends the benchmark as skipped. */
void cbench_set_counter(struct cbench_state *state, const struct cbench_counter *counter);

/* Keep the compiler from deleting or moving work on *pointer. */
static inline void cbench_keep(const void *pointer)
{
    __asm__ volatile("" : : "g"(pointer) : "memory");
}

#ifdef __cplusplus
}
#endif

#endif
