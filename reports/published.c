/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <math.h>
#include <string.h>

#include "reports/tables.h"
#include "reports/text.h"

enum column { ID, WHAT, PUBLISHED, MODEL, ERROR };

static const struct grid_column columns[] = {
    [ID] = {"", false, 20},       [WHAT] = {"figure", false, 20}, [PUBLISHED] = {"published", true, 0},
    [MODEL] = {"model", true, 0}, [ERROR] = {"error %", true, 0},
};

bool table_published(const struct view *view, int index, struct grid *grid)
{
    bool any = false;
    grid_init(grid, columns, sizeof columns / sizeof *columns);
    for (int i = 0; i < view->n_series; i++) {
        const struct series *series = &view->series[i];
        const json_t *entry, *list = series->workload == index && series->model >= 0
                                         ? record_get(view->results[series->model].record, "published")
                                         : NULL;
        size_t at;
        json_array_foreach(list, at, entry)
        {
            char text[TEXT_SIZE], own[TEXT_SIZE], other[TEXT_SIZE];
            const double published = record_number(entry, "value"), model = record_number(entry, "model");
            const char *id = record_text(entry, "id"), *figure = record_text(entry, "figure");
            const char *over = record_text(entry, "over"), *of = record_text(entry, "of");
            if (!id || !figure || isnan(published))
                continue;
            if (!any)
                grid_text(grid, 0, "%s", series->label);
            any = true;
            grid_row(grid, 0, false);
            text_clean(id, 32, text);
            grid_cell(grid, ID, text);
            snprintf(text, sizeof text, "%.20s%s%s%s%s", figure, of ? " of " : "",
                     of ? text_clean(of, 20, own) : "", over ? " over " : "",
                     over ? text_clean(over, 20, other) : "");
            grid_cell(grid, WHAT, text);
            grid_cell(grid, PUBLISHED, format_number(published, text));
            grid_cell(grid, MODEL, format_number(model, text));
            snprintf(text, sizeof text, "%+.1f", 100 * (model / published - 1));
            grid_cell(grid, ERROR, text);
        }
    }
    return any;
}
