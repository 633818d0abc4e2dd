/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef BENCH_RECORD_H
#define BENCH_RECORD_H

#include <jansson.h>

#include "bench/counters.h"
#include "bench/roofline.h"
#include "platforms/platform.h"

struct workload;

/* One result before it becomes a record (docs/records.md). Pointers are borrowed. */
struct result {
    const char *platform, *device;
    const struct workload *published_by; /* whose device file has the figure; null: none has */
    enum provenance provenance;
    const struct graph *graph;
    const struct plan *plan;
    const char *fusion; /* of the unit: a stage timed alone is "none" */
    const struct unit *unit;
    int threads;                /* 0: does not apply */
    const char *cache;          /* null: does not apply */
    const char *const *options; /* of the device, null-terminated; may be null */
    int64_t context;
    const char *skipped;   /* not null: no figures, and why */
    const double *samples; /* measured: seconds of one execution, a repetition each */
    int n_samples;
    const struct price *price;       /* modelled */
    const struct roofline *roofline; /* measured; may be null */
    const char *isa;                 /* the level that kernels were held down to; null: none */
    bool all_logits;
    uint64_t seed;
    double others; /* fraction of the processors' time that others took meanwhile; -1: not known */
    const struct counters_reading *counters;
    json_t *energy;                  /* complete object, or null */
    json_t *compare;                 /* likewise */
    json_t *published;               /* likewise, an array */
    json_t *assumed;                 /* likewise, names */
    const struct accuracy *accuracy; /* null: does not apply */
    const char *environment;         /* id */
    const char *repro;
};

/* The record as a JSON object, or null with an error. */
json_t *record_make(const struct result *result, struct error *error);

/* Seconds that the record states as the result, or -1 for a skipped one. */
double record_seconds(const json_t *record);

/* A JSON Lines file: every record is written whole and flushed. */
struct record_file;

/* Refuses a file that exists: nothing is ever overwritten. */
struct record_file *record_file_create(const char *path, struct error *error);
bool record_file_write(struct record_file *file, const json_t *record, struct error *error);
bool record_file_close(struct record_file *file, struct error *error);

#endif
