/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef BENCH_SESSION_H
#define BENCH_SESSION_H

#include "bench/cbench.h"
#include "bench/cli.h"
#include "bench/compare.h"
#include "bench/counters.h"
#include "bench/energy.h"
#include "bench/peaks.h"
#include "bench/processors.h"
#include "bench/record.h"
#include "reports/report.h"

/* What the files of the command `run` share. */

/* One platform and device under one phase. */
struct workload {
    const struct platform *platform;
    const char *device;
    int64_t seqlen; /* tokens of the prompt; in decode those before the one that is decoded */
    struct graph graph;
    struct plan plan;
    const struct plan *spans; /* see struct task */
    int threads;
    const struct variant *variant;         /* null: nothing is compared */
    const char *options[MAX_SELECTED + 1]; /* those of --set that the device has, null-terminated */
    json_t *assumed;                       /* names of its device's parameters; null: it has no device */
    struct run *run;
};

/* What is timed: a unit of a measured workload. */
struct item {
    struct session *session;
    const struct workload *workload;
    int unit;
    struct counters_reading counters;    /* values: sums over the batches in which they were counted */
    double counted[COUNTERS_MAX_VALUES]; /* executions in those batches, for each value */
    double joule, metered;               /* energy, and the executions in which it was counted */
    struct processor_time timed;         /* while batches of it ran */
    struct accuracy accuracy;
    struct error error, energy_error;
    struct cbench_repetition *repetitions; /* when taken in turns with other variants */
    int n_repetitions;
    json_t *compare; /* of the record */
};

struct session {
    const struct arguments *arguments;
    struct error *error;
    struct model model;
    bool has_weights;
    struct lengths seqlens; /* of the prompts */
    int threads;
    bool bound;
    struct counters *counters;
    struct energy *energy;
    char energy_missing[256];
    struct device *cpu_device;   /* energies per event, for the estimate */
    struct peaks peaks;          /* none where nothing is measured, and in an emulator */
    struct processor_time timed; /* while any batch ran */
    json_t *environment;
    char *folder; /* null: nothing is written */
    struct record_file *file;
    struct record_set set;
    struct workload *workloads;
    int n_workloads, n_items, n_done, n_failed;
    struct item *items;
    struct variant variants[COMPARE_MAX_VARIANTS]; /* of the workload that is being compared */
    int n_variants;
    bool progress;
};

/* False with an error after the first interrupt from the keyboard. */
bool session_continues(const struct session *s);
bool session_interrupted(void);
void session_progress(const struct session *s, const char *format, const char *what, int done, int total);
void session_progress_end(const struct session *s);

/* Whether --stage names a stage of that unit or group. */
bool session_selects(const struct arguments *arguments, const char *name);

/* Whether that is the option, "key=value", whose choices --compare walks. */
bool session_option_compared(const struct arguments *arguments, const char *option);

/* Of --platform: "cpu" or "leo2-model:mannix". */
bool session_find_platform(const char *text, const struct platform **platform, const char **device,
                           struct error *error);

/* A workload's platform is made ready; its graph and plan are built. */
bool session_open(struct session *s, struct workload *w);
/* Of all items: no kernel is timed before it has passed its check, and errors are taken before any timing. */
bool session_check_kernels(struct session *s);
bool session_find_accuracies(struct session *s);
/* For cbench; user is the item. */
cbench_fn session_time_item;
/* The record of an item (timed->user) goes out; user is the session. */
cbench_report_fn session_report_item;

/* A result with all that does not depend on its time. */
struct result session_result(const struct session *s, const struct workload *w, const struct unit *unit);
bool session_add(struct session *s, struct result *result);

/* The record of a modelled unit goes out. compare: of the record, or null. */
bool session_price_unit(struct session *s, const struct workload *w, int unit, json_t *compare);

/* --compare: each workload's variants in turns (bench/run_compare.c). */
bool session_compare(struct session *s);

#endif
