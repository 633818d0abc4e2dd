/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <stdlib.h>

#include "reports/tables.h"

enum { WIDTH = 100 };

static bool print_series(const struct view *view, int index, FILE *out)
{
    struct grid grid;
    const struct series *series = &view->series[index];
    char *circumstances = series_circumstances(series);
    char *title = NULL;
    table_series(view, index, &grid);
    bool printed =
        circumstances && !grid.failed && asprintf(&title, "%s (%s)", series->label, circumstances) >= 0;
    if (printed) {
        fputc('\n', out);
        print_wrapped(title, 2, 6, WIDTH, out);
        grid_print(&grid, 2, WIDTH, out);
        free(title);
    }
    free(circumstances);
    grid_free(&grid);
    return printed;
}

static bool print_workload(const struct view *view, int index, FILE *out)
{
    char *title = workload_title(&view->workloads[index]);
    if (!title)
        return false;
    fprintf(out, "%s%s\n", index > 0 ? "\n" : "", title);
    free(title);
    for (int i = 0; i < view->n_series; i++)
        if (view->series[i].workload == index && !print_series(view, i, out))
            return false;
    return true;
}

static bool print_tables(const struct view *view, table_fn *table, const char *heading, FILE *out)
{
    bool headed = false, printed = true;
    for (int i = 0; i < view->n_workloads && printed; i++) {
        struct grid grid;
        char *title = workload_title(&view->workloads[i]);
        bool any = table(view, i, &grid);
        printed = title && !grid.failed;
        if (any && printed) {
            if (!headed)
                fprintf(out, "\n%s\n", heading);
            headed = true;
            fprintf(out, "\n  %s\n", title);
            grid_print(&grid, 4, WIDTH, out);
        }
        free(title);
        grid_free(&grid);
    }
    return printed;
}

bool report_table(const struct record_set *set, FILE *out, struct error *error)
{
    struct view view;
    if (!view_build(set, &view, error))
        return false;
    bool printed = true;
    if (view.n_results == 0) {
        view_free(&view);
        return error_set(error, STATUS_USAGE, "the records hold no result");
    }
    for (int i = 0; i < view.n_workloads && printed; i++)
        printed = print_workload(&view, i, out);
    printed =
        printed && print_tables(&view, table_platforms, "Platforms compared, whole model", out) &&
        print_tables(&view, table_units, "Platforms compared, unit by unit", out) &&
        print_tables(&view, table_published, "Published figures beside the model's", out) &&
        print_tables(&view, table_comparison, "Variants compared, each against its unit's baseline", out);
    if (view.n_replaced > 0)
        fprintf(out, "\n%d result%s replaced by later ones of the same unit.\n", view.n_replaced,
                view.n_replaced == 1 ? " was" : "s were");
    view_free(&view);
    if (!printed)
        return error_set(error, STATUS_FAILED, "report table: out of memory");
    return ferror(out) ? error_set(error, STATUS_FAILED, "report table: cannot be written") : true;
}
