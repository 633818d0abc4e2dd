/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef REPORTS_VIEW_H
#define REPORTS_VIEW_H

#include "reports/report.h"

/* Records put in order: which results belong together, which one counts. */

/* Values by dotted path ("time_s.median"); null or NaN when absent, null or of another type. */
const json_t *record_get(const json_t *record, const char *path);
double record_number(const json_t *record, const char *path);
const char *record_text(const json_t *record, const char *path);
bool record_is(const json_t *record, const char *path, const char *text);
/* A variant or control of a comparison: shown there, and a part of no series. */
bool record_compared(const json_t *record);
/* Belongs to a comparison of a choice of the plan: fusion, scan or recompute. */
bool record_of_choice(const json_t *record);
/* The workload's members are strings of a record. */
struct workload;
bool record_of_workload(const json_t *record, const struct workload *workload);
const json_t *record_environment(const struct record_set *set, const json_t *record);

enum result_scope { RESULT_STAGE, RESULT_GROUP, RESULT_LAYER, RESULT_MODEL };

struct result {
    const json_t *record;
    int position; /* in the record set */
    int order;    /* of its first stage in a model */
    int workload, series;
    enum result_scope scope;
    const char *name;     /* of the stage or group, else "layer" or "model" */
    const char *skipped;  /* the reason; null: it has a time */
    double time_s;        /* median of one execution; NaN when skipped */
    double low_s, high_s; /* 95 % interval of the median, NaN: none */
    double repeats;       /* executions in one pass of the model */
    double flop, bytes;   /* of one execution, NaN: unknown */
    bool part;            /* a stage or group of the plan: its time belongs to the model's sum */
    bool replaced;        /* by a later result of the same unit */
};

/* One platform under one set of circumstances (plan, threads, cache, environment). */
struct series {
    int workload;
    const json_t *record; /* its first result, for what all have in common */
    char *label;          /* platform:device, and what tells it from the workload's others */
    double parts_s;       /* sum of time * repeats over the parts that have a time */
    int parts, parts_skipped;
    int model;      /* index of the result of scope model, else -1 */
    bool reference; /* baselines of a comparison of the plan's choices and nothing else */
};

struct workload {
    const char *model, *phase;
    int64_t batch, seqlen;
    int64_t context; /* decode: tokens before it, 0: not stated */
    int baseline;    /* series of the CPU that others are compared with, else -1 */
};

struct view {
    const struct record_set *set;
    struct result *results; /* by series, then in the order of the stages in a model */
    struct series *series;
    struct workload *workloads;
    int n_results, n_series, n_workloads, n_replaced;
};

/* Has a whole model that says how fast its platform is. A reference's does not: its plan is what others are
 * held against, not what anybody would run. */
bool series_ranks(const struct series *series);

/* Timed alone, although the plan has it inside a fused group. */
bool result_alone(const struct result *result);

/* All of a result but its place in a view, from its record. */
void view_fill(struct result *result, const json_t *record);

bool view_build(const struct record_set *set, struct view *view, struct error *error);
void view_free(struct view *view);

/* Time of the baseline over time of the series, with the interval that both confidence intervals allow
 * (equal to the value where neither has one); false when one of them has no time. */
struct speedup {
    double value, low, high;
};
bool view_speedup(const struct view *view, const struct series *series, struct speedup *speedup);

/* "measured, fp32, fusion scan, 2 threads, cache warm"; free it. */
char *series_circumstances(const struct series *series);
/* "prefill, batch 1, 512 tokens", and the same after the model's name; free them. */
char *workload_what(const struct workload *workload);
char *workload_title(const struct workload *workload);
/* Host and git revision of the first result's environment: "host node7, revision 1a2b3c"; free it. */
char *view_origin(const struct view *view);
/* "date 2026-01-31T12:00:00Z, processor ..., 2 threads, load 0.10 when it began"; free it. */
char *view_machine(const struct view *view);

#endif
