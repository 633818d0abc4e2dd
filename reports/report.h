/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef REPORTS_REPORT_H
#define REPORTS_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "mamba/error.h"

/* Reports turn records (docs/records.md) into tables, figures and pages. All output is a function of the
 * records alone: equal records give equal bytes. Text that came with the records is never trusted. */

/* Checked records, in the order in which they were added. Start from {0}. */
struct record_set {
    json_t *environments; /* array of objects */
    json_t *records;      /* array of objects, the results */
};

/* Checks one record (an environment or a result) and adds it; the set keeps its own reference. A result
 * needs its environment in the set already. `where` ("run/records.jsonl:12") begins the error's text. */
bool record_set_add(struct record_set *set, json_t *record, const char *where, struct error *error);

/* Adds all records of a .jsonl file, or of records.jsonl in a folder. A last line without its newline
 * that is no JSON is what an interrupted run leaves: it is dropped with a warning on stderr. After an
 * error the set holds what came before it. */
bool record_set_load(const char *path, struct record_set *set, struct error *error);

void record_set_free(struct record_set *set);

/* For people, at most 100 columns: a block for each workload (model, phase, batch, seqlen), then the
 * platforms compared. A later result of the same unit under the same circumstances replaces the earlier. */
bool report_table(const struct record_set *set, FILE *out, struct error *error);

/* RFC 4180, one line a result (no result is left out), columns as listed in docs/records.md. */
bool report_csv(const struct record_set *set, FILE *out, struct error *error);

/* The JSON of Google Benchmark 1.7.1, as its compare.py reads it. Results that were skipped are named in
 * context.skipped, since a benchmark without a time would spoil compare.py's geometric mean. */
bool report_gbench(const struct record_set *set, FILE *out, struct error *error);

/* Writes NAME.dat and NAME.gp for each figure into the folder (which must exist) and runs gnuplot, which
 * draws NAME.svg and NAME.pdf. STATUS_UNAVAILABLE when there is no gnuplot; .dat and .gp are written then
 * too. Figures of which the records hold nothing are not made. */
bool report_figures(const struct record_set *set, const char *folder, struct error *error);

/* Draws the figures and writes report.html, one file that needs neither network nor script. Without
 * gnuplot the page says so in place of the figures, and the call succeeds. */
bool report_html(const struct record_set *set, const char *folder, struct error *error);

#endif
