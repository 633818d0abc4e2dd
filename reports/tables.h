/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef REPORTS_TABLES_H
#define REPORTS_TABLES_H

#include "reports/grid.h"
#include "reports/view.h"

/* The tables that the terminal and the page share. A grid that ran out of memory is marked failed. */

/* Rows of one series: its parts with their sum, layer and model, then what was timed alone. */
void table_series(const struct view *view, int series, struct grid *grid);
/* Why the unit of that name, and so many more, have no "floor %"; the record says it of the first. */
void table_floor_reason(const char *name, const json_t *record, int more, struct grid *grid);
/* Of one workload; false when it has nothing of that kind. */
typedef bool table_fn(const struct view *view, int workload, struct grid *grid);
table_fn table_platforms;  /* whole models, platform by platform */
table_fn table_units;      /* where no whole model was run: its parts, platform by platform */
table_fn table_published;  /* figures of a device's source beside the model's */
table_fn table_comparison; /* variants against their baseline, unit by unit */

#endif
