/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/figures/kind.h"

static bool speedup_shows(const json_t *record)
{
    return !record_compared(record) && strcmp(record_text(record, "scope"), "model") == 0;
}

static bool speedup_wanted(const struct view *view, int workload)
{
    int compared = 0;
    for (int i = 0; i < view->n_series; i++) {
        struct speedup speedup;
        compared += view->series[i].workload == workload && view_speedup(view, &view->series[i], &speedup);
    }
    return compared >= 2;
}

/* What 1 is, beside the workload's heading where there is room, else as a row of its own. */
static bool baseline_beside(const struct view *view, int index, char text[TEXT_SIZE])
{
    char shown[TEXT_SIZE], *what = workload_what(&view->workloads[index]);
    snprintf(text, TEXT_SIZE, "1 = %.200s",
             text_fit(view->series[view->workloads[index].baseline].label, page_width / 2, shown));
    const bool beside = what && text_points(what) + text_points(text) < page_width - 2 * edge - 2 * type_size;
    free(what);
    return beside;
}

/* "6.25x int8" */
static const char *speedup_text(const struct series *series, double value, char text[2 * TEXT_SIZE])
{
    char number[TEXT_SIZE];
    const char *precision = record_text(series->record, "plan.precision");
    snprintf(text, 2 * TEXT_SIZE, "%s\xc3\x97%s%.12s", format_number(value, number), precision ? " " : "",
             precision ? precision : "");
    return text;
}

static void speedup_row(struct figure *figure, const struct series *series, double left, int row, double y,
                        bool logarithmic)
{
    const struct result *model = model_result(figure->view, series);
    char shown[TEXT_SIZE], value[2 * TEXT_SIZE];
    struct speedup speedup;
    figure_label(figure, left - 5, y, "right", text_fit(series->label, name_room(left), shown));
    if (view_speedup(figure->view, series, &speedup)) {
        figure_block(figure, series->label);
        fprintf(figure->dat, "%.9g %.9g %.1f %.9g %.9g", logarithmic ? fmin(1, speedup.value) : 0,
                logarithmic ? fmax(1, speedup.value) : speedup.value, row + 0.5, speedup.low, speedup.high);
        figure_data_name(figure, series->label);
        figure_ratio_bar(figure, platform_colour(figure->palette, series->label), look_of(series->record),
                         speedup.value, speedup.low, speedup.high, row,
                         speedup_text(series, speedup.value, value));
        return;
    }
    snprintf(value, sizeof value, "skipped: %.200s", model->skipped ? model->skipped : "no baseline");
    figure_label(figure, left + 3, y, "left", text_fit(value, page_width - left - 3 - edge, shown));
}

static bool draw_speedup(struct figure *figure, struct error *error)
{
    const struct view *view = figure->view;
    const struct page *page = figure->page;
    char text[2 * TEXT_SIZE];
    int rows = 0, row = 0;
    double low = 1, high = 1, widest = text_points("100\xc3\x97");
    for (int p = 0; p < page->n; p++)
        rows += baseline_beside(view, page->workloads[p], text) ? 1 : 2;
    for (int i = 0; i < view->n_series; i++) {
        const struct series *series = &view->series[i];
        struct speedup speedup;
        if (!on_page(page, series->workload) || !series_ranks(series))
            continue;
        rows++;
        if (!view_speedup(view, series, &speedup))
            continue;
        low = fmin(low, fmin(speedup.low, speedup.value));
        high = fmax(high, fmax(speedup.high, speedup.value));
        widest = fmax(widest, text_points(speedup_text(series, speedup.value, text)));
    }
    const double room = name_room(longest_label(view, page)), plot_height = rows * pitch;
    figure_note_labels(figure, room);
    if (!figure_open(figure, plot_height + 26,
                     "columns: from, to, row, low, high (speed-up over the CPU, interval of both times' 95 % "
                     "intervals), platform",
                     error))
        return false;
    const bool logarithmic = high / low > 10;
    const double left = edge + 10 + room, right = page_width - edge - 5 - widest;
    figure_area(figure, left, right, figure->top, figure->top + plot_height);
    figure_ratio_axis(figure, logarithmic ? low < 1 ? low / 1.25 : 1 / 1.1 : 0,
                      high * (logarithmic ? 1.1 : 1.05), logarithmic, rows, right - left, "speed-up");
    for (int p = 0; p < page->n; p++) {
        const int workload = page->workloads[p];
        const bool beside = baseline_beside(view, workload, text);
        figure_workload(figure, workload, figure->top + (row + 0.5) * pitch);
        row += beside ? 0 : 1;
        figure_label(figure, beside ? page_width - edge : edge, figure->top + (row++ + 0.5) * pitch,
                     beside ? "right" : "left", text);
        for (int i = 0; i < view->n_series; i++) {
            if (view->series[i].workload != workload || !series_ranks(&view->series[i]))
                continue;
            speedup_row(figure, &view->series[i], left, row, figure->top + (row + 0.5) * pitch, logarithmic);
            row++;
        }
    }
    return true;
}

const struct figure_kind figure_speedup = {
    .name = "speedup",
    .title = "Speed-up of the whole model",
    .caption = "Speed-up over the CPU, by platform and phase. Whiskers span what the 95 % intervals "
               "of both times allow.",
    .mark = BARS,
    .whiskers = true,
    .most = 6,
    .together = same_model,
    .shows = speedup_shows,
    .wanted = speedup_wanted,
    .draw = draw_speedup,
};
