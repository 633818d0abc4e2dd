/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "reports/figures/kind.h"

#include <math.h>
#include <string.h>

bool compared_as(const json_t *record, const char *role)
{
    return record_is(record, "compare.role", role);
}

const char *variant_name(const json_t *record)
{
    const char *kernel = record_text(record, "kernel");
    if (compared_as(record, "control"))
        return "A/A control";
    return kernel && record_is(record, "compare.what", "kernel") ? kernel
                                                                 : record_text(record, "compare.variant");
}

const char *unit_name(const json_t *record)
{
    const char *stage = record_text(record, "stage");
    return stage ? stage : record_text(record, "scope");
}

bool has_time(const json_t *record)
{
    return !isnan(record_number(record, "time_s.median"));
}

bool has_ratio(const json_t *record)
{
    const double ratio = record_number(record, "compare.ratio");
    return ratio > 1e-15 && ratio < 1e15;
}

bool record_same(const json_t *a, const json_t *b, const char *path)
{
    const json_t *own = record_get(a, path), *other = record_get(b, path);
    return (!own && !other) || json_equal(own, other);
}

bool record_compares(const json_t *record)
{
    return record_text(record, "compare.role") && has_time(record);
}

bool workload_compared(const struct view *view, int workload)
{
    size_t i;
    json_t *record;
    json_array_foreach(view->set->records, i, record)
    {
        if (has_ratio(record) && record_compares(record) &&
            record_of_workload(record, &view->workloads[workload]))
            return true;
    }
    return false;
}

const struct result *model_result(const struct view *view, const struct series *series)
{
    return series->model >= 0 ? &view->results[series->model] : NULL;
}

bool model_was_run(const struct view *view, int workload)
{
    for (int i = 0; i < view->n_series; i++)
        if (view->series[i].workload == workload && view->series[i].model >= 0)
            return true;
    return false;
}

bool on_page(const struct page *page, int workload)
{
    for (int i = 0; i < page->n; i++)
        if (page->workloads[i] == workload)
            return true;
    return false;
}

double workload_length(const struct workload *workload)
{
    return (double)(workload->context ? workload->context : workload->seqlen);
}

bool differ_in_length(const struct workload *a, const struct workload *b)
{
    return !strcmp(a->model, b->model) && !strcmp(a->phase, b->phase) && a->batch == b->batch &&
           workload_length(a) != workload_length(b);
}

bool length_together(const struct workload *a, const struct workload *b)
{
    return a == b || differ_in_length(a, b);
}

bool same_model(const struct workload *a, const struct workload *b)
{
    return strcmp(a->model, b->model) == 0;
}

bool part_shows(const json_t *record)
{
    const char *scope = record_text(record, "scope");
    return !record_compared(record) && has_time(record) && !json_is_false(record_get(record, "in_plan")) &&
           (!strcmp(scope, "stage") || !strcmp(scope, "group"));
}
