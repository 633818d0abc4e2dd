/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/figures/kind.h"

/* Time over length: of variants, else of whole models, else of the units that were timed. */

enum { LENGTH_LINES = 8 };

/* One unit on one platform in one variant. */
struct length_line {
    const json_t *record;        /* the first */
    const char *series;          /* its label; null: a variant */
    double points[PAGE_MOST][4]; /* length, time, its interval */
    int n;
};

struct length_lines {
    struct length_line lines[LENGTH_LINES];
    int n, left_out, most_points;
    bool several_units, several_devices, several_threads;
    double x0, x1, y0, y1;
};

static bool length_shows(const json_t *record)
{
    return has_time(record) && !compared_as(record, "control");
}

static bool same_line(const struct length_line *line, const json_t *record, const char *series)
{
    const json_t *own = line->record;
    if (line->series || series)
        return line->series && series && !strcmp(line->series, series) &&
               !strcmp(unit_name(own), unit_name(record));
    return record_same(own, record, "platform") && record_same(own, record, "device") &&
           record_same(own, record, "stage") && record_same(own, record, "scope") &&
           record_same(own, record, "compare.what") && record_same(own, record, "compare.variant") &&
           record_same(own, record, "threads");
}

static void length_add(struct length_lines *lines, double length, const json_t *record, const char *series)
{
    const json_t *interval = record_get(record, "time_s.ci95");
    const bool has = json_array_size(interval) == 2;
    const double time_s = record_number(record, "time_s.median");
    int at = 0;
    if (!(time_s > 0) || !(length > 0))
        return;
    while (at < lines->n && !same_line(&lines->lines[at], record, series))
        at++;
    struct length_line *line = &lines->lines[at];
    if (at == LENGTH_LINES || (at < lines->n && line->n == PAGE_MOST)) {
        lines->left_out++;
        return;
    }
    if (at == lines->n) {
        lines->n++;
        line->record = record;
        line->series = series;
        line->n = 0;
    }
    const json_t *first = lines->lines[0].record;
    lines->several_units |= strcmp(unit_name(first), unit_name(record)) != 0;
    lines->several_devices |=
        !record_same(first, record, "platform") || !record_same(first, record, "device");
    lines->several_threads |= record_get(first, "threads") && record_get(record, "threads") &&
                              !record_same(first, record, "threads");
    double *point = line->points[line->n++];
    point[0] = length;
    point[1] = time_s;
    point[2] = has ? json_number_value(json_array_get(interval, 0)) : time_s;
    point[3] = has ? json_number_value(json_array_get(interval, 1)) : time_s;
    lines->most_points = line->n > lines->most_points ? line->n : lines->most_points;
    lines->x0 = fmin(lines->x0, length);
    lines->x1 = fmax(lines->x1, length);
    lines->y0 = fmin(lines->y0, time_s);
    lines->y1 = fmax(lines->y1, time_s);
}

static void length_list(const struct view *view, int workload, struct length_lines *lines)
{
    const struct workload *own = &view->workloads[workload];
    const bool model = model_was_run(view, workload);
    if (workload_compared(view, workload)) {
        size_t i;
        json_t *record;
        json_array_foreach(view->set->records, i, record)
        {
            if (record_compares(record) && length_shows(record) && record_of_workload(record, own))
                length_add(lines, workload_length(own), record, NULL);
        }
        return;
    }
    for (int i = 0; i < view->n_results; i++) {
        const struct result *result = &view->results[i];
        if (result->workload == workload && !result->replaced && !result->skipped &&
            (result->scope == RESULT_MODEL) == model)
            length_add(lines, workload_length(own), result->record, view->series[result->series].label);
    }
}

static bool lengths_wanted(const struct view *view, int workload)
{
    struct length_lines *lines = malloc(sizeof *lines);
    if (!lines)
        return false;
    *lines = (struct length_lines){.x0 = INFINITY, .y0 = INFINITY};
    length_list(view, workload, lines);
    const bool here = lines->n > 0;
    for (int w = 0; here && w < view->n_workloads && lines->most_points < 2; w++)
        if (differ_in_length(&view->workloads[workload], &view->workloads[w]))
            length_list(view, w, lines);
    const bool wanted = here && lines->most_points > 1;
    free(lines);
    return wanted;
}

static void length_name(const struct length_lines *lines, const struct length_line *line, char *text,
                        size_t size)
{
    const char *device = record_text(line->record, "device");
    char threads[40] = "";
    const double count = record_number(line->record, "threads");
    if (!line->series && lines->several_threads && !isnan(count))
        snprintf(threads, sizeof threads, ", %.0f thread%s", count, count == 1 ? "" : "s");
    const bool devices = !line->series && lines->several_devices;
    snprintf(text, size, "%.60s%s%s%s%s%s%s%s%s", line->series ? line->series : variant_name(line->record),
             lines->several_units ? ", " : "", lines->several_units ? unit_name(line->record) : "",
             devices ? ", " : "", devices ? record_text(line->record, "platform") : "",
             devices && device ? ":" : "", devices && device ? device : "", threads,
             compared_as(line->record, "baseline") && !line->series ? " (baseline)" : "");
}

static int by_number(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The lengths themselves, those without a number where they would touch. */
static void length_tics(const struct figure *figure, double x0, double x1, double points)
{
    double lengths[PAGE_MOST], end = -INFINITY;
    for (int i = 0; i < figure->page->n; i++)
        lengths[i] = workload_length(&figure->view->workloads[figure->page->workloads[i]]);
    qsort(lengths, figure->page->n, sizeof *lengths, by_number);
    figure_tics(figure, 'x');
    for (int i = 0; i < figure->page->n; i++) {
        char text[40];
        snprintf(text, sizeof text, "%.0f", lengths[i]);
        const double half = text_points(text) / 2, at = log2(lengths[i] / x0) / log2(x1 / x0) * points;
        const bool room = at - half > end + 4;
        fprintf(figure->gp, "%s'%s' %.0f%s", i ? ", " : "", room ? text : "", lengths[i], room ? "" : " 1");
        end = room ? at + half : end;
    }
    fputs(")\n", figure->gp);
}

static bool draw_lengths_of(struct figure *figure, struct length_lines *lines, struct error *error)
{
    const double plot_height = 150, left = edge + 34, right = page_width - edge - 10;
    char shown[TEXT_SIZE], text[4 * TEXT_SIZE];
    const char *unit;
    *lines = (struct length_lines){.x0 = INFINITY, .y0 = INFINITY};
    for (int i = 0; i < figure->page->n; i++)
        length_list(figure->view, figure->page->workloads[i], lines);
    for (int i = 0; i < lines->n; i++) {
        length_name(lines, &lines->lines[i], text, sizeof text);
        figure_fit(figure, text, page_width - 2 * edge - 23, shown);
    }
    const char *unit_shown = unit_name(lines->lines[0].record);
    if (!lines->several_units)
        lines_add(&figure->head, "time of one execution of %s",
                  strcmp(unit_shown, "model") ? text_clean(unit_shown, WIDEST_LINE, shown)
                                              : "the whole model");
    if (lines->left_out)
        lines_add(&figure->notes, "not shown: %d results more, see the table", lines->left_out);
    if (!figure_open(figure, plot_height + 29 + lines->n * line_height,
                     "columns: sequence length, time of one execution (s), its 95 % interval", error))
        return false;
    const double scale = time_scale(lines->y0, lines->y1, &unit), bottom = figure->top + plot_height;
    const double x0 = lines->x0 / 1.15, x1 = lines->x1 * 1.15;
    const double y0 = lines->y0 * scale / 1.5, y1 = lines->y1 * scale * 1.5;
    figure_area(figure, left, right, figure->top, bottom);
    fprintf(figure->gp,
            "set logscale x 2\nset logscale y 10\nset xrange [%.9g:%.9g]\nset yrange [%.9g:%.9g]\n"
            "set border 3\nset grid ytics linewidth 0.3 linecolor rgb '#dddddd'\n",
            x0, x1, y0, y1);
    figure_log_tics(figure, 'y', y0, y1, plot_height);
    length_tics(figure, x0, x1, right - left);
    figure_x_name(figure, strcmp(figure->view->workloads[figure->page->workloads[0]].phase, "decode")
                              ? "sequence length, tokens"
                              : "tokens before the one that is decoded");
    snprintf(text, sizeof text, "time, %s", unit);
    figure_y_name(figure, figure->top, bottom, text);
    for (int i = 0; i < lines->n; i++) {
        struct length_line *line = &lines->lines[i];
        const int look = look_of(line->record);
        const char *colour = line->series ? platform_colour(figure->palette, line->series)
                                          : variant_colour(figure->palette, line->record);
        const double y = bottom + 29 + (i + 0.5) * line_height;
        length_name(lines, line, text, sizeof text);
        figure_line_sample(figure, edge, y, colour, look, i);
        figure_label(figure, edge + 20, y, "left", text_fit(text, page_width - 2 * edge - 23, shown));
        qsort(line->points, line->n, sizeof *line->points, by_number);
        figure_block(figure, text);
        for (int p = 0; p < line->n; p++)
            fprintf(figure->dat, "%.0f %.9g %.9g %.9g\n", line->points[p][0], line->points[p][1],
                    line->points[p][2], line->points[p][3]);
        figure_line(figure, colour, look, i, scale);
    }
    return true;
}

static bool draw_lengths(struct figure *figure, struct error *error)
{
    struct length_lines *lines = malloc(sizeof *lines);
    const bool drawn =
        lines ? draw_lengths_of(figure, lines, error)
              : error_set(error, STATUS_FAILED, "%s/%s: out of memory", figure->folder, figure->name);
    free(lines);
    return drawn;
}

const struct figure_kind figure_lengths = {
    .name = "lengths",
    .title = "Time over length",
    .caption = "Time of one execution over the length of the sequence. Whiskers are 95 % intervals "
               "of the median.",
    .mark = LINES,
    .whiskers = true,
    .most = PAGE_MOST,
    .together = length_together,
    .shows = length_shows,
    .wanted = lengths_wanted,
    .draw = draw_lengths,
};
