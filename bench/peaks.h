/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef BENCH_PEAKS_H
#define BENCH_PEAKS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "kernels/kernel.h"
#include "mamba/error.h"

/* What this machine reaches at best: the ceilings of a roofline, measured with the loops of kernels/probe as
 * STREAM and likwid-bench do. Each figure is the best of several runs on bound threads
 * (platforms/cpu/team.h), each with buffers of its own that it touched first, and counts bytes as STREAM
 * does. */

struct peaks_compute {
    enum isa isa;
    double gflop_per_s; /* fp32, an FMA is two; scalar: multiply and add */
    double gexp_per_s;  /* fp32 exponentials as the kernels compute them; scalar: the C library's expf */
};

struct peaks_dot {
    enum isa isa;
    enum precision precision;
    double gop_per_s; /* a product and its addition are two */
};

struct peaks_bandwidth {
    const char *level;          /* "L1", "L2", "L3", "DRAM" */
    uint64_t working_set_bytes; /* of all threads; half of the caches that they use, or see dram_is_cached */
    double read_gbyte_per_s;
    double copy_gbyte_per_s;
    double triad_gbyte_per_s;
};

/* How fast data are read again that span so much memory. A last-level cache that other guests share has no
 * one bandwidth: what a working set gets depends on its size. */
struct peaks_reading {
    uint64_t working_set_bytes; /* of all threads */
    double gbyte_per_s;
};

/* One of the roofs. */
struct peaks_roof {
    enum { PEAKS_FP32, PEAKS_EXP, PEAKS_PRODUCTS, PEAKS_LEVEL, PEAKS_READING } kind;
    enum precision precision; /* of PEAKS_PRODUCTS */
    int index;                /* of PEAKS_LEVEL and PEAKS_READING: into the run's array */
};

enum { PEAKS_MAX_LEVELS = 4, PEAKS_MAX_RUNS = 2, PEAKS_MAX_READINGS = 24, PEAKS_MAX_DOTS = 16 };

struct peaks_run {
    int threads;
    bool bound;                              /* each thread had a core of its own */
    struct peaks_compute compute[ISA_COUNT]; /* up the ladder, those in isa_mask() */
    int n_compute;
    struct peaks_dot dots[PEAKS_MAX_DOTS]; /* those in isa_mask() */
    int n_dots;
    struct peaks_bandwidth bandwidth[PEAKS_MAX_LEVELS];
    int n_bandwidth;
    /* Doubling from twice the second-level caches to the DRAM working set; both ends included. */
    struct peaks_reading readings[PEAKS_MAX_READINGS];
    int n_readings;
    uint64_t again; /* roofs that were measured again */
};

struct peaks {
    struct peaks_run runs[PEAKS_MAX_RUNS]; /* 1 thread, then all that were asked for */
    int n_runs;
    bool dram_is_cached; /* the DRAM working set is below 4 times the last-level caches, STREAM's rule, for
                          * want of memory or time: parts of it may have come from there */
    char note[512];      /* what the reader must know, or "" */
};

struct peaks_options {
    double time_s;       /* about how long all may take, setting up of large buffers apart; 0: 1 s */
    uint64_t dram_bytes; /* working set of the DRAM figures; 0: 4 times the last-level caches and at least
                          * 128 MiB, but 512 MiB where that is more than 1 GiB, and at most half of the memory
                          * that is free */
};

/* threads 0: one a core. options may be null. A level whose working set takes more than half of the memory
 * that is free is left out. The calling thread's binding is restored. */
bool peaks_measure(int threads, const struct peaks_options *options, struct peaks *peaks,
                   struct error *error);

/* A roof that another program disturbed while it was measured is too low. Measures it once more, for longer,
 * in the run with that many threads, and keeps the higher figures. False when that was done before or memory
 * does not suffice, or, with an error, when it fails. */
bool peaks_measure_again(struct peaks *peaks, int threads, struct peaks_roof roof, struct error *error);

/* {"runs":[{"threads":…, "compute":[{"isa":…, "gflop_per_s":…, "gexp_per_s":…}],
 * "dot":[{"isa":…, "precision":…, "gop_per_s":…}], "bandwidth":[…],
 * "readings":[{"working_set_bytes":…, "gbyte_per_s":…}]}],
 * "note":…}. Null: out of memory. */
json_t *peaks_json(const struct peaks *peaks);

/* The run with that many threads, else null. */
const struct peaks_run *peaks_find(const struct peaks *peaks, int threads);
/* The highest figure of a roof, in 10^9 a second; 0: there is none. Levels are read. Products are those on
 * the way that is fastest here: a precision's own instructions, or fp32 for floats of 16 bits, which widen to
 * it. The integers of accelerators are int8. */
double peaks_figure(const struct peaks_run *run, struct peaks_roof roof);
const char *peaks_unit(struct peaks_roof roof); /* "GFLOP/s", ... */

#endif
