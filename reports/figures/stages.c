/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/figures/kind.h"

/* One unit alone has no shares, and of a comparison of the plan's choices only the units that these change
 * were timed. */
static bool stages_wanted(const struct view *view, int workload)
{
    const bool model = model_was_run(view, workload);
    for (int i = 0; i < view->n_series; i++) {
        const struct series *series = &view->series[i];
        if (series->workload == workload && series->parts_s > 0 && !series->reference &&
            (model || series->parts - series->parts_skipped > 1))
            return true;
    }
    return false;
}

static bool is_part(const struct result *result, int series)
{
    return result->series == series && result->part && !result->skipped;
}

static double part_share(const struct series *series, const struct result *result)
{
    return 100 * result->time_s * result->repeats / series->parts_s;
}

/* The letter of a unit in its segments that are wide enough, so that grey print tells them, too. */
static void segment_letters(struct figure *figure, int index, int unit, double row, double points)
{
    const struct view *view = figure->view;
    const struct series *series = &view->series[index];
    const bool solid = look_of(series->record) == MEASURED;
    double at = 0;
    bool begun = false;
    for (int i = 0; i < view->n_results; i++) {
        const struct result *result = &view->results[i];
        if (!is_part(result, index))
            continue;
        const double share = part_share(series, result);
        if (unit_index(figure->palette, result->name) == unit && share / 100 * points > 7) {
            if (!begun)
                figure_block(figure, "letters");
            begun = true;
            fprintf(figure->dat, "%.6f %.1f %c\n", at + share / 2, row, 'A' + unit);
        }
        at += share;
    }
    if (begun && !solid)
        figure_draw(
            figure,
            "using 1:2:($1-%.4f):($1+%.4f):($2-0.27):($2+0.27) with boxxyerror fillcolor rgb '#ffffff' "
            "fillstyle solid 1.0 noborder",
            300 / points, 300 / points);
    if (begun)
        figure_draw(figure, "using 1:2:3 with labels font ',' . small_size textcolor rgb '%s'",
                    solid ? unit_text_colour(unit) : "#000000");
}

/* The series' parts of one colour, one after another in the order of the layer. */
static void stage_bars(struct figure *figure, int index, double row, double points)
{
    const struct view *view = figure->view;
    const struct series *series = &view->series[index];
    for (int unit = -1; unit < figure->palette->n_units; unit++) {
        double at = 0;
        bool begun = false;
        for (int i = 0; i < view->n_results; i++) {
            const struct result *result = &view->results[i];
            if (!is_part(result, index))
                continue;
            const double share = part_share(series, result);
            if (unit_index(figure->palette, result->name) == unit) {
                if (!begun)
                    figure_block(figure, series->label);
                begun = true;
                fprintf(figure->dat, "%.6f %.6f %.1f %.9g", at, at + share, row,
                        result->time_s * result->repeats);
                figure_data_name(figure, result->name);
            }
            at += share;
        }
        if (!begun)
            continue;
        figure_boxes(figure, unit_colour(unit), look_of(series->record));
        if (unit >= 0)
            segment_letters(figure, index, unit, row, points);
    }
}

/* The time of the whole model, or else of all units. */
static void total_label(const struct figure *figure, const struct series *series, double y)
{
    const struct result *model = model_result(figure->view, series);
    const bool timed = model && !model->skipped;
    char total[TEXT_SIZE], text[TEXT_SIZE + 3];
    format_quantity(timed ? model->time_s : series->parts_s, "s", total);
    snprintf(text, sizeof text, "%s%s%s", series->parts_skipped > 0 ? "*" : "",
             !timed && model_was_run(figure->view, series->workload) ? "+" : "", total);
    figure_label(figure, page_width - edge, y, "right", text);
}

static bool draw_stages(struct figure *figure, struct error *error)
{
    const struct view *view = figure->view;
    const struct page *page = figure->page;
    struct legend legend = {.n = 0};
    bool incomplete = false, partial = false;
    int rows = page->n, row = 0;
    for (int i = 0; i < view->n_series; i++) {
        const struct series *series = &view->series[i];
        if (!on_page(page, series->workload) || series->parts == 0 || series->reference)
            continue;
        const struct result *model = model_result(view, series);
        rows++;
        incomplete |= series->parts_skipped > 0;
        partial |= model_was_run(view, series->workload) && series->parts_s > 0 && (!model || model->skipped);
    }
    for (int i = 0; i < view->n_results; i++)
        if (on_page(page, view->results[i].workload) && view->results[i].part && !view->results[i].skipped &&
            !view->series[view->results[i].series].reference)
            legend_add(figure->palette, view->results[i].name, &legend);
    const double room = name_room(longest_label(view, page)), plot_height = rows * pitch;
    const double left = edge + 10 + room, right = page_width - edge - 36;
    figure_note_labels(figure, room);
    legend_note(figure, &legend);
    if (incomplete)
        lines_add(&figure->notes, "* without the units that were skipped");
    if (partial)
        lines_add(&figure->notes, "+ sum of the units: no time of the whole model");
    if (!figure_open(figure, plot_height + 29 + legend_rows(&legend) * line_height,
                     "columns: from %, to %, row, seconds in one pass of the model, unit", error)) {
        free(legend.others.of);
        return false;
    }
    figure_area(figure, left, right, figure->top, figure->top + plot_height);
    fprintf(figure->gp,
            "set xrange [0:100]\nset yrange [%d:0]\nunset ytics\nset border 1\n"
            "set xtics 0, 25 nomirror out offset 0,0.3 format '%%g'\n",
            rows);
    figure_x_name(figure, "share of the time of the units, %");
    for (int p = 0; p < page->n; p++) {
        figure_workload(figure, page->workloads[p], figure->top + (row + 0.5) * pitch);
        figure_label(figure, page_width - edge, figure->top + (row + 0.5) * pitch, "right",
                     model_was_run(view, page->workloads[p]) ? "model" : "sum");
        row += 1;
        for (int i = 0; i < view->n_series; i++) {
            const struct series *series = &view->series[i];
            if (series->workload != page->workloads[p] || series->parts == 0 || series->reference)
                continue;
            const double y = figure->top + (row + 0.5) * pitch;
            char shown[TEXT_SIZE];
            figure_label(figure, left - 5, y, "right", text_fit(series->label, room, shown));
            if (series->parts_s > 0) {
                stage_bars(figure, i, row + 0.5, right - left);
                total_label(figure, series, y);
            } else {
                figure_label(figure, left + 3, y, "left", "no unit has a time");
            }
            row += 1;
        }
    }
    legend_draw(figure, &legend, figure->top + plot_height + 29);
    free(legend.others.of);
    return true;
}

const struct figure_kind figure_stages = {
    .name = "stages",
    .title = "Where the time goes",
    .caption = "Share of each stage or fused group in the time of one pass (time of one execution, "
               "times its number of executions). Beside the bar stands the time of the model, in "
               "which units may overlap, or the sum of the units where the model was not run.",
    .mark = BARS,
    .most = 6,
    .together = same_model,
    .shows = part_shows,
    .wanted = stages_wanted,
    .draw = draw_stages,
};
