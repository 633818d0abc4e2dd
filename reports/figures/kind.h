/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef REPORTS_FIGURES_KIND_H
#define REPORTS_FIGURES_KIND_H

#include "reports/figures/drawing.h"

/* A kind of figure describes itself: one file here, and one line in figures.c. */
struct figure_kind {
    const char *name; /* of its files, followed by _2, _3, ... where workloads need several figures */
    const char *title, *caption;
    enum mark mark;
    bool whiskers;                                      /* draws intervals */
    int most;                                           /* workloads a figure */
    int most_rows;                                      /* in a figure of several workloads */
    int (*rows)(const struct view *view, int workload); /* null: so many matter not */
    bool (*together)(const struct workload *a, const struct workload *b); /* belong into one figure */
    bool (*shows)(const json_t *record);                                  /* what its head speaks of */
    bool (*wanted)(const struct view *view, int workload);
    /* Opens the figure and draws; the caller closes it. */
    bool (*draw)(struct figure *figure, struct error *error);
};

/* What several kinds ask of records and workloads. */

bool has_time(const json_t *record);
/* The stage or group, else "layer" or "model". */
const char *unit_name(const json_t *record);
/* Both have it and it is equal, or neither has it. */
bool record_same(const json_t *a, const json_t *b, const char *path);
/* A stage or group of the plan with a time. */
bool part_shows(const json_t *record);

/* "baseline", "control" or "variant" of a comparison. */
bool compared_as(const json_t *record, const char *role);
const char *variant_name(const json_t *record);
/* One that can be drawn. */
bool has_ratio(const json_t *record);
bool record_compares(const json_t *record);
bool workload_compared(const struct view *view, int workload);

const struct result *model_result(const struct view *view, const struct series *series);
bool model_was_run(const struct view *view, int workload);

bool on_page(const struct page *page, int workload);
bool same_model(const struct workload *a, const struct workload *b);
/* Lengths of a decoder are those of its context. */
double workload_length(const struct workload *workload);
bool differ_in_length(const struct workload *a, const struct workload *b);
bool length_together(const struct workload *a, const struct workload *b);

#endif
