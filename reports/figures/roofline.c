/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/figures/kind.h"

static bool roofline_shows(const json_t *record)
{
    return part_shows(record) && strcmp(record_text(record, "platform"), "cpu") == 0 &&
           strcmp(record_text(record, "provenance"), "measured") == 0;
}

static bool roofline_point(const struct result *result)
{
    return result->part && roofline_shows(result->record);
}

static bool drawable(const struct result *result)
{
    double intensity = result->flop / result->bytes, rate = result->flop / result->time_s * 1e-9;
    return isnormal(intensity) && intensity > 0 && isnormal(rate) && rate > 0;
}

static bool roofline_wanted(const struct view *view, int workload)
{
    for (int i = 0; i < view->n_results; i++)
        if (view->results[i].workload == workload && roofline_point(&view->results[i]) &&
            drawable(&view->results[i]))
            return true;
    return false;
}

struct ceiling {
    char text[TEXT_SIZE];
    double value; /* GFLOP/s, or GB/s */
};

enum { MAX_CEILINGS = 6 };

static void ceiling_add(struct ceiling *ceilings, int *n, const char *name, double value)
{
    char shown[TEXT_SIZE];
    if (!name || !isnormal(value) || value < 0)
        return;
    text_clean(name, 18, shown);
    int at = 0;
    while (at < *n && strcmp(ceilings[at].text, shown) != 0)
        at++;
    if (at == MAX_CEILINGS)
        return;
    if (at == *n) {
        strcpy(ceilings[(*n)++].text, shown);
        ceilings[at].value = value;
    }
    ceilings[at].value = fmax(ceilings[at].value, value);
}

/* The measured ceilings for that many threads, else the last ones measured. */
static const json_t *ceilings_run(const json_t *environment, double threads)
{
    size_t i;
    json_t *run;
    const json_t *runs = record_get(environment, "ceilings.runs");
    json_array_foreach(runs, i, run)
    {
        if (record_number(run, "threads") == threads)
            return run;
    }
    return json_array_get(runs, json_array_size(runs) - 1);
}

/* Of a memory level the best rate, whatever the operation: a roof is what can be reached at most. */
static void ceilings_read(const json_t *run, const char *precision, bool dram_is_cached,
                          struct ceiling *compute, int *n_compute, struct ceiling *memory, int *n_memory)
{
    static const char *const rates[] = {"read_gbyte_per_s", "copy_gbyte_per_s", "triad_gbyte_per_s"};
    size_t i;
    json_t *entry;
    *n_compute = *n_memory = 0;
    json_array_foreach(record_get(run, "compute"), i, entry)
    {
        char name[TEXT_SIZE], isa[TEXT_SIZE];
        snprintf(name, sizeof name, "fp32 %.40s", text_clean(record_text(entry, "isa"), 10, isa));
        ceiling_add(compute, n_compute, name, record_number(entry, "gflop_per_s"));
    }
    json_array_foreach(record_get(run, "dot"), i, entry)
    {
        char name[TEXT_SIZE], shown[TEXT_SIZE];
        const char *of = record_text(entry, "precision");
        if (!of || !precision || strcmp(of, precision) != 0)
            continue;
        snprintf(name, sizeof name, "%s products", text_clean(of, 8, shown));
        ceiling_add(compute, n_compute, name, record_number(entry, "gop_per_s"));
    }
    json_array_foreach(record_get(run, "bandwidth"), i, entry)
    {
        const char *level = record_text(entry, "level");
        if (dram_is_cached && level && strcmp(level, "DRAM") == 0)
            level = "DRAM, part cached";
        for (size_t r = 0; r < sizeof rates / sizeof *rates; r++)
            ceiling_add(memory, n_memory, level, record_number(entry, rates[r]));
    }
}

static void draw_ceilings(struct figure *figure, const struct extent *extent, const struct ceiling *compute,
                          int n_compute, const struct ceiling *memory, int n_memory, double legend_y)
{
    const double right = 129; /* column of rates of computing */
    static const char *const greys[] = {"#000000", "#444444", "#666666", "#777777", "#888888", "#999999"};
    double top = 0, fastest = 0;
    for (int i = 0; i < n_compute; i++)
        top = fmax(top, compute[i].value);
    for (int i = 0; i < n_memory; i++)
        fastest = fmax(fastest, memory[i].value);
    for (int i = 0; i < n_memory + n_compute; i++) {
        bool is_memory = i < n_memory;
        int own = is_memory ? i : i - n_memory;
        double value = is_memory ? memory[own].value : compute[own].value;
        const char *text = is_memory ? memory[own].text : compute[own].text;
        figure_block(figure, text);
        if (is_memory) {
            double end = top > 0 ? fmin(extent->x1, top / value) : extent->x1;
            fprintf(figure->dat, "%.9g %.9g\n%.9g %.9g\n", extent->x0, extent->x0 * value, end, end * value);
        } else {
            double start = fastest > 0 ? fmax(extent->x0, value / fastest) : extent->x0;
            fprintf(figure->dat, "%.9g %.9g\n%.9g %.9g\n", start, value, extent->x1, value);
        }
        figure_draw(figure, "using 1:2 with lines linecolor rgb '%s' linewidth 1.2 dashtype %d", greys[own],
                    own % 5 + 1);
        const double y = legend_y + (own + 0.5) * line_height, x = is_memory ? edge : right;
        char number[TEXT_SIZE], *line;
        figure_stroke(figure, x, y, x + 12, y, greys[own], 1.2, own % 5 + 1);
        format_number(value, number);
        if (asprintf(&line, "%s, %s %s", text, number, is_memory ? "GB/s" : "GFLOP/s") < 0)
            continue;
        figure_label(figure, x + 15, y, "left",
                     text_fit(line, (is_memory ? right - 2 : page_width - edge) - x - 15, number));
        free(line);
    }
}

static const struct {
    const char *phase;
    int filled, outline;
} types[] = {{"prefill", 7, 6}, {"decode", 5, 4}, {"train", 13, 12}};
enum { N_TYPES = sizeof types / sizeof *types };

/* Shapes are phases. */
static void phase_key(const struct figure *figure, double y)
{
    double x = edge;
    for (int t = 0; t < N_TYPES; t++) {
        bool occurs = false;
        for (int p = 0; p < figure->page->n; p++)
            occurs |= strcmp(figure->view->workloads[figure->page->workloads[p]].phase, types[t].phase) == 0;
        if (!occurs)
            continue;
        figure_point(figure, x + 5, y, other_colour, types[t].filled);
        figure_label(figure, x + 13, y, "left", types[t].phase);
        x += 13 + text_points(types[t].phase) + 9;
    }
}

static void draw_points(struct figure *figure)
{
    const struct view *view = figure->view;
    for (int t = 0; t < N_TYPES; t++)
        for (int unit = -1; unit < figure->palette->n_units; unit++) {
            bool begun = false;
            for (int i = 0; i < view->n_results; i++) {
                const struct result *result = &view->results[i];
                if (!on_page(figure->page, result->workload) || !roofline_point(result) ||
                    !drawable(result) || unit_index(figure->palette, result->name) != unit ||
                    strcmp(view->workloads[result->workload].phase, types[t].phase) != 0)
                    continue;
                if (!begun)
                    figure_block(figure, types[t].phase);
                begun = true;
                fprintf(figure->dat, "%.9g %.9g %c", result->flop / result->bytes,
                        result->flop / result->time_s * 1e-9, unit < 0 ? '-' : 'A' + unit);
                figure_data_name(figure, result->name);
            }
            if (!begun)
                continue;
            figure_draw(figure, "using 1:2 with points pointtype %d pointsize 1.1 linecolor rgb '%s'",
                        types[t].filled, unit_colour(unit));
            figure_draw(
                figure,
                "using 1:2 with points pointtype %d pointsize 1.1 linecolor rgb '#000000' linewidth 0.4",
                types[t].outline);
            if (unit >= 0)
                figure_draw(figure, "using 1:2:3 with labels font ',' . small_size textcolor rgb '%s'",
                            unit_text_colour(unit));
        }
}

static bool draw_roofline(struct figure *figure, struct error *error)
{
    const struct view *view = figure->view;
    struct ceiling compute[MAX_CEILINGS], memory[MAX_CEILINGS];
    struct legend legend = {.n = 0};
    int n_compute = 0, n_memory = 0, without_flop = 0;
    struct extent extent = {INFINITY, 0, INFINITY, 0};
    const json_t *environment = NULL, *run = NULL;
    const char *precision = NULL;
    for (int i = 0; i < view->n_results; i++) {
        const struct result *result = &view->results[i];
        if (!on_page(figure->page, result->workload) || !roofline_point(result))
            continue;
        if (!drawable(result)) {
            without_flop++;
            continue;
        }
        if (!environment) {
            environment = record_environment(view->set, result->record);
            precision = record_text(result->record, "plan.precision");
            run = ceilings_run(environment, record_number(result->record, "threads"));
        }
        legend_add(figure->palette, result->name, &legend);
        extent_add(&extent, result->flop / result->bytes, result->flop / result->time_s * 1e-9);
    }
    ceilings_read(run, precision, json_is_true(record_get(environment, "ceilings.dram_is_cached")), compute,
                  &n_compute, memory, &n_memory);
    double top = 0, slowest = INFINITY;
    for (int i = 0; i < n_compute; i++)
        top = fmax(top, compute[i].value);
    for (int i = 0; i < n_memory; i++)
        slowest = fmin(slowest, memory[i].value);
    if (top > 0)
        extent.y1 = fmax(extent.y1, top);
    if (top > 0 && isfinite(slowest))
        extent.x1 = fmax(extent.x1, 2 * top / slowest);
    extent = (struct extent){extent.x0 / 1.6, extent.x1 * 1.6, extent.y0 / 1.6, extent.y1 * 1.6};

    const int ceiling_rows = n_memory > n_compute ? n_memory : n_compute;
    const double plot_height = 140, left = edge + 34, right = page_width - edge - 6;
    const double threads = record_number(run, "threads");
    legend_note(figure, &legend);
    if (ceiling_rows && !isnan(threads))
        lines_add(&figure->notes, "lines: measured ceilings of this machine, %.0f thread%s", threads,
                  threads == 1 ? "" : "s");
    if (without_flop > 0)
        lines_add(&figure->notes, "not shown: %d unit%s without counted arithmetic", without_flop,
                  without_flop == 1 ? "" : "s");
    const double head = line_height, legends = head + plot_height + 30;
    const double units = legends + ceiling_rows * line_height + (ceiling_rows ? 3 : 0);
    if (!figure_open(figure, units + legend_rows(&legend) * line_height,
                     "columns: arithmetic intensity (flop/byte), rate (GFLOP/s), letter, unit", error)) {
        free(legend.others.of);
        return false;
    }
    const double above = figure->top + head, bottom = above + plot_height;
    phase_key(figure, figure->top + 2);
    figure_area(figure, left, right, above, bottom);
    fprintf(figure->gp, "set logscale xy 10\nset xrange [%.9g:%.9g]\nset yrange [%.9g:%.9g]\nset border 3\n",
            extent.x0, extent.x1, extent.y0, extent.y1);
    figure_log_tics(figure, 'x', extent.x0, extent.x1, right - left);
    figure_log_tics(figure, 'y', extent.y0, extent.y1, plot_height);
    figure_x_name(figure, "arithmetic intensity, flop per byte");
    figure_y_name(figure, above, bottom, "rate, GFLOP/s");
    draw_ceilings(figure, &extent, compute, n_compute, memory, n_memory, figure->top + legends);
    draw_points(figure);
    legend_draw(figure, &legend, figure->top + units);
    free(legend.others.of);
    return true;
}

const struct figure_kind figure_roofline = {
    .name = "roofline",
    .title = "Roofline of the CPU",
    .caption = "Measured rate against arithmetic intensity (counted work over bytes that cross the "
               "unit's border). Lines are measured ceilings of this machine. A point above a "
               "memory's line worked from a nearer memory.",
    .mark = POINTS,
    .most = 6,
    .together = same_model,
    .shows = roofline_shows,
    .wanted = roofline_wanted,
    .draw = draw_roofline,
};
