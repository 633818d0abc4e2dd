/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "reports/figures.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "reports/gnuplot.h"
#include "reports/text.h"

/* Figures are one paper column wide, with type that is legible there; everything is a vector, so two
 * columns and a screen only make it larger. Lengths are in points, y from the top of the figure. */
static const double page_width = 252, line_height = 9.5, character = 4.0, edge = 4;

enum { PAGE_MAX_WORKLOADS = 6, PALETTE_MAX = 8, LABEL_COLUMNS = 30 };

/* Okabe and Ito's colours, which the colour-blind can tell apart. */
static const char *const colours[] = {"#0072B2", "#E69F00", "#009E73", "#CC79A7",
                                      "#56B4E9", "#D55E00", "#F0E442", "#000000"};
static const char other_colour[] = "#999999";

/* How a bar says where its number comes from. */
static const struct {
    const char *provenance, *fill, *over;
} fills[] = {
    {"measured", "solid 1.0", NULL},
    {"simulated", "solid 0.3", "transparent pattern 5"},
    {"modelled", "solid 0.3", "transparent pattern 4"},
    {"published", "solid 0.3", "transparent pattern 1"},
};
enum { N_FILLS = sizeof fills / sizeof *fills };

/* One figure's share of the records: workloads of the same model. */
struct page {
    int workloads[PAGE_MAX_WORKLOADS];
    int n;
};

struct figure {
    const struct view *view;
    const struct page *page;
    FILE *dat, *gp;
    const char *name;
    double height;
    double top;  /* first free y below the head */
    int blocks;  /* data blocks written */
    int clauses; /* of the plot command */
    FILE *plot;  /* the plot command, collected while data is written */
    char *plot_text;
    size_t plot_size;
};

static double screen_x(double x)
{
    return x / page_width;
}

static double screen_y(const struct figure *figure, double y)
{
    return 1 - y / figure->height;
}

static void label(const struct figure *figure, double x, double y, const char *align, const char *text)
{
    fputs("set label ", figure->gp);
    write_gnuplot(figure->gp, text);
    fprintf(figure->gp, " at screen %.5f, screen %.5f %s\n", screen_x(x), screen_y(figure, y), align);
}

static void swatch(const struct figure *figure, double x, double y, const char *colour, int fill)
{
    const char *layers[] = {fills[fill].fill, fills[fill].over};
    for (int i = 0; i < 2 && layers[i]; i++)
        fprintf(figure->gp,
                "set object rectangle from screen %.5f, screen %.5f to screen %.5f, screen %.5f "
                "fillcolor rgb '%s' fillstyle %s noborder\n",
                screen_x(x), screen_y(figure, y + 2.7), screen_x(x + 10), screen_y(figure, y - 2.7), colour,
                layers[i]);
}

static int record_fill(const json_t *record)
{
    const char *provenance = record_text(record, "provenance");
    for (int i = 0; i < N_FILLS; i++)
        if (strcmp(fills[i].provenance, provenance) == 0)
            return i;
    return 0;
}

static int fill_of(const struct series *series)
{
    return record_fill(series->record);
}

static bool on_page(const struct page *page, int workload)
{
    for (int i = 0; i < page->n; i++)
        if (page->workloads[i] == workload)
            return true;
    return false;
}

/* Head of a figure: title, origin, and what the fills that occur mean. */
static void head(struct figure *figure, const char *title, const char *origin, bool with_fills)
{
    double y = edge + 5;
    char shown[TEXT_SIZE];
    fputs("set label ", figure->gp);
    write_gnuplot(figure->gp, text_clean(title, 52, shown));
    fprintf(figure->gp, " at screen %.5f, screen %.5f left font ',' . title_size\n", screen_x(edge),
            screen_y(figure, y));
    y += line_height;
    label(figure, edge, y, "left", text_clean(origin, 60, shown));
    y += line_height;
    if (with_fills) {
        double x = edge;
        for (int fill = 0; fill < N_FILLS; fill++) {
            bool occurs = false;
            for (int i = 0; i < figure->view->n_series && !occurs; i++)
                occurs = on_page(figure->page, figure->view->series[i].workload) &&
                         fill_of(&figure->view->series[i]) == fill;
            if (!occurs)
                continue;
            swatch(figure, x, y, "#555555", fill);
            label(figure, x + 13, y, "left", fills[fill].provenance);
            x += 20 + character * (double)strlen(fills[fill].provenance);
        }
        y += line_height;
    }
    figure->top = y;
}

static bool figure_open(struct figure *figure, const char *folder, const char *name, double height,
                        const char *columns, struct error *error)
{
    char *path[2] = {NULL, NULL};
    figure->name = name;
    figure->height = height;
    figure->plot = open_memstream(&figure->plot_text, &figure->plot_size);
    bool named = figure->plot && asprintf(&path[0], "%s/%s.dat", folder, name) >= 0 &&
                 asprintf(&path[1], "%s/%s.gp", folder, name) >= 0;
    if (!named) {
        error_set(error, STATUS_FAILED, "%s/%s: out of memory", folder, name);
    } else if (!(figure->dat = fopen(path[0], "w")) || !(figure->gp = fopen(path[1], "w"))) {
        error_set(error, STATUS_FAILED, "%s: %s; the folder must exist and be writable",
                  figure->dat ? path[1] : path[0], strerror(errno));
        named = false;
    }
    free(path[0]);
    free(path[1]);
    if (!named)
        return false;
    fprintf(figure->dat, "# %s\n", columns);
    fprintf(figure->gp,
            "# `gnuplot %s.gp` in this folder draws %s.svg and %s.pdf again.\n"
            "set encoding utf8\n"
            "set terminal svg size 672,%.0f font 'sans-serif,18.67' linewidth 2 noenhanced name '%s'\n"
            "title_size = '21'\n"
            "unset key\n"
            "set tics scale 0.5\n"
            "set border linewidth 0.5\n",
            name, name, name, height * 672 / page_width, name);
    return true;
}

/* The area between the axes. */
static void area(const struct figure *figure, double left, double right, double top, double bottom)
{
    fprintf(figure->gp,
            "set lmargin at screen %.5f\nset rmargin at screen %.5f\n"
            "set tmargin at screen %.5f\nset bmargin at screen %.5f\n",
            screen_x(left), screen_x(right), screen_y(figure, top), screen_y(figure, bottom));
}

static void block_begin(struct figure *figure, const char *what)
{
    char shown[TEXT_SIZE];
    fprintf(figure->dat, "%s# %s\n", figure->blocks ? "\n\n" : "", text_clean(what, 60, shown));
    figure->blocks++;
}

/* Ends a line of data with the name of what it is about, for the reader. */
static void data_name(const struct figure *figure, const char *name)
{
    char shown[TEXT_SIZE];
    fputs(" \"", figure->dat);
    for (const char *c = text_clean(name, 60, shown); *c; c++)
        fputc(*c == '"' ? '\'' : *c, figure->dat);
    fputs("\"\n", figure->dat);
}

/* Adds a drawing of the last block to the plot command. */
__attribute__((format(printf, 2, 3))) static void draw(struct figure *figure, const char *format, ...)
{
    va_list arguments;
    fprintf(figure->plot, "%s'%s.dat' index %d ", figure->clauses++ ? ", \\\n     " : "plot ", figure->name,
            figure->blocks - 1);
    va_start(arguments, format);
    vfprintf(figure->plot, format, arguments);
    va_end(arguments);
}

static void draw_boxes(struct figure *figure, const char *colour, int fill)
{
    const char *layers[] = {fills[fill].fill, fills[fill].over};
    for (int i = 0; i < 2 && layers[i]; i++)
        draw(figure,
             "using (($1+$2)/2):3:1:2:($3-0.36):($3+0.36) with boxxyerror fillcolor rgb '%s' fillstyle %s "
             "noborder",
             colour, layers[i]);
}

static bool figure_abandon(struct figure *figure)
{
    if (figure->dat)
        fclose(figure->dat);
    if (figure->gp)
        fclose(figure->gp);
    if (figure->plot)
        fclose(figure->plot);
    free(figure->plot_text);
    return false;
}

static bool figure_close(struct figure *figure, const char *folder, struct error *error)
{
    bool written = fclose(figure->plot) == 0;
    figure->plot = NULL;
    if (written)
        fprintf(figure->gp,
                "set output '%s.svg'\n%s\n"
                "set output\n"
                "set terminal pdfcairo size 3.5in,%.4fin font 'sans-serif,7' fontscale 1 linewidth 0.8 "
                "pointscale 0.4 noenhanced\n"
                "set label 1 font ',7.9'\n"
                "set output '%s.pdf'\nreplot\nset output\n",
                figure->name, figure->plot_text, figure->height / 72, figure->name);
    written = written && !ferror(figure->gp) && !ferror(figure->dat);
    figure_abandon(figure);
    return written || error_set(error, STATUS_FAILED, "%s/%s: cannot be written", folder, figure->name);
}

static double label_margin(const struct view *view, const struct page *page)
{
    int columns = 4;
    char shown[TEXT_SIZE];
    for (int i = 0; i < view->n_series; i++)
        if (on_page(page, view->series[i].workload)) {
            int own = text_columns(text_clean(view->series[i].label, LABEL_COLUMNS, shown));
            columns = own > columns ? own : columns;
        }
    return edge + 10 + columns * character;
}

static const struct result *model_result(const struct view *view, const struct series *series)
{
    return series->model >= 0 ? &view->results[series->model] : NULL;
}

/* A line above a workload's bars. */
static void workload_heading(const struct figure *figure, int index, double y)
{
    const struct workload *workload = &figure->view->workloads[index];
    char *text = workload_what(workload);
    if (text)
        label(figure, edge, y, "left", text);
    free(text);
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

static void baseline_note(const struct figure *figure, int index, double y)
{
    const struct series *baseline = &figure->view->series[figure->view->workloads[index].baseline];
    char *text, shown[TEXT_SIZE], threads[40] = "";
    double count = record_number(baseline->record, "threads");
    if (!isnan(count))
        snprintf(threads, sizeof threads, ", %.0f thread%s", count, count == 1 ? "" : "s");
    const char *precision = record_text(baseline->record, "plan.precision");
    if (asprintf(&text, "1 = %s (%s%s%s%s)", text_clean(baseline->label, 24, shown),
                 record_text(baseline->record, "provenance"), precision ? ", " : "",
                 precision ? precision : "", threads) < 0)
        return;
    label(figure, page_width - edge, y, "right", text);
    free(text);
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

static bool draw_speedup(const struct view *view, const struct page *page, const char *folder,
                         const char *name, const char *title, const char *origin, struct error *error)
{
    struct figure figure = {.view = view, .page = page};
    char longest[2 * TEXT_SIZE];
    int rows = 0, widest = 4;
    double low = 1, high = 1;
    for (int i = 0; i < view->n_series; i++) {
        const struct series *series = &view->series[i];
        struct speedup speedup;
        if (!on_page(page, series->workload) || series->model < 0)
            continue;
        rows++;
        if (!view_speedup(view, series, &speedup))
            continue;
        low = fmin(low, fmin(speedup.low, speedup.value));
        high = fmax(high, fmax(speedup.high, speedup.value));
        int columns = text_columns(speedup_text(series, speedup.value, longest));
        widest = columns > widest ? columns : widest;
    }
    rows += page->n;
    double head_height = edge + 3 * line_height + 3, plot_height = rows * line_height * 1.25;
    if (!figure_open(&figure, folder, name, head_height + plot_height + 26 + edge,
                     "columns: from, to, row, low, high (speed-up over the CPU, interval of both times' 95 % "
                     "intervals), platform",
                     error))
        return figure_abandon(&figure);
    bool logarithmic = high / low > 10;
    double from = logarithmic ? low < 1 ? low / 1.25 : 1 / 1.1 : 0,
           to = logarithmic ? high * 1.1 : high * 1.05;
    double left = label_margin(view, page), right = page_width - edge - 6 - (widest + 1) * character;
    head(&figure, title, origin, true);
    area(&figure, left, right, head_height, head_height + plot_height);
    fprintf(figure.gp, "%sset xrange [%.9g:%.9g]\nset yrange [%d:0]\nunset ytics\n",
            logarithmic ? "set logscale x 10\n" : "", from, to, rows);
    fputs("set border 1\nset xtics nomirror out offset 0,0.3 format '%g'\n", figure.gp);
    if (logarithmic && high / low < 100) {
        fputs("set xtics add (0.2, 0.5, 2, 5, 20, 50, 200, 500)\n", figure.gp);
    } else if (logarithmic) {
        /* As many decades between labels ("1e-06") as their width asks for. */
        const double labels = fmax(1, (right - left) / (7 * character));
        fprintf(figure.gp, "set xtics 1e-60,1e%d\n", (int)fmax(1, ceil(log10(to / from) / labels)));
    }
    fprintf(figure.gp, "set xlabel %s offset 0,0.7\n", logarithmic ? "'speed-up, log scale'" : "'speed-up'");
    double row = 0, pitch = line_height * 1.25;
    for (int p = 0; p < page->n; p++) {
        int workload = page->workloads[p];
        double y = head_height + (row + 0.5) * pitch;
        workload_heading(&figure, workload, y);
        baseline_note(&figure, workload, y);
        row += 1;
        for (int i = 0, n = 0; i < view->n_series; i++) {
            const struct series *series = &view->series[i];
            const struct result *model = model_result(view, series);
            if (series->workload != workload || !model)
                continue;
            y = head_height + (row + 0.5) * pitch;
            char shown[TEXT_SIZE], value[2 * TEXT_SIZE];
            struct speedup speedup;
            label(&figure, left - 5, y, "right", text_clean(series->label, LABEL_COLUMNS, shown));
            if (view_speedup(view, series, &speedup)) {
                fprintf(
                    figure.gp,
                    "set arrow from first 1, first %.0f to first 1, first %.0f nohead linewidth 0.8 front\n",
                    row, row + 1);
                block_begin(&figure, series->label);
                fprintf(figure.dat, "%.9g %.9g %.1f %.9g %.9g", logarithmic ? fmin(1, speedup.value) : 0,
                        logarithmic ? fmax(1, speedup.value) : speedup.value, row + 0.5, speedup.low,
                        speedup.high);
                data_name(&figure, series->label);
                draw_boxes(&figure, i == view->workloads[workload].baseline ? "#555555" : colours[n % 6],
                           fill_of(series));
                if (speedup.high > speedup.low)
                    draw(&figure,
                         "using 4:3:($5-$4):(0) with vectors nohead linecolor rgb '#000000' linewidth 0.8");
                fputs("set label ", figure.gp);
                write_gnuplot(figure.gp, speedup_text(series, speedup.value, value));
                fprintf(figure.gp, " at first %.9g, first %.1f left offset character 0.4,0\n",
                        fmax(fmax(1, speedup.value), speedup.high), row + 0.5);
            } else {
                char *reason;
                if (asprintf(&reason, "skipped: %s", model->skipped ? model->skipped : "no baseline") >= 0) {
                    label(&figure, left + 3, y, "left",
                          text_clean(reason, (int)((page_width - left - 6) / character), shown));
                    free(reason);
                }
            }
            if (i != view->workloads[workload].baseline)
                n++;
            row += 1;
        }
    }
    return figure_close(&figure, folder, error);
}

enum { COMPARISON_MOST_ROWS = 128, VARIANT_COLUMNS = 20 };

/* A heading, or the bar of one variant of one unit against its baseline. */
struct comparison_row {
    const json_t *record; /* null: the workload's heading */
    int workload;
    bool platform, unit; /* headings */
};

struct comparison_rows {
    struct comparison_row rows[COMPARISON_MOST_ROWS];
    int n, left_out;
    double low, high; /* of all intervals and 1 */
};

static bool compared_as(const json_t *record, const char *role)
{
    const char *own = record_text(record, "compare.role");
    return own && strcmp(own, role) == 0;
}

static bool has_time(const json_t *record)
{
    return !isnan(record_number(record, "time_s.median"));
}

static void comparison_add(struct comparison_rows *rows, struct comparison_row row)
{
    if (rows->n == COMPARISON_MOST_ROWS)
        rows->left_out++;
    else
        rows->rows[rows->n++] = row;
}

static void ratio_interval(const json_t *record, double *low, double *high)
{
    const json_t *interval = record_get(record, "compare.ci95");
    const double ratio = record_number(record, "compare.ratio");
    const bool has = json_array_size(interval) == 2;
    *low = has ? json_number_value(json_array_get(interval, 0)) : ratio;
    *high = has ? json_number_value(json_array_get(interval, 1)) : ratio;
}

static void comparison_list(const struct view *view, const struct page *page, struct comparison_rows *rows)
{
    *rows = (struct comparison_rows){.low = 1, .high = 1};
    for (int p = 0; p < page->n; p++) {
        const int workload = page->workloads[p];
        const json_t *last = NULL;
        size_t i;
        json_t *record;
        comparison_add(rows, (struct comparison_row){.workload = workload});
        json_array_foreach(view->set->records, i, record)
        {
            double low, high;
            if (!record_get(record, "compare") || !has_time(record) ||
                !record_of_workload(record, &view->workloads[workload]))
                continue;
            if (!last || !json_equal(record_get(record, "platform"), record_get(last, "platform")) ||
                !json_equal(record_get(record, "device"), record_get(last, "device")))
                comparison_add(rows, (struct comparison_row){record, workload, .platform = true});
            last = record;
            if (compared_as(record, "baseline"))
                comparison_add(rows, (struct comparison_row){record, workload, .unit = true});
            else if (!isnan(record_number(record, "compare.ratio")))
                comparison_add(rows, (struct comparison_row){.record = record, .workload = workload});
            ratio_interval(record, &low, &high);
            rows->low = fmin(rows->low, low);
            rows->high = fmax(rows->high, high);
        }
    }
}

static bool comparison_wanted(const struct view *view, int workload)
{
    size_t i;
    json_t *record;
    json_array_foreach(view->set->records, i, record)
    {
        if (!isnan(record_number(record, "compare.ratio")) &&
            record_of_workload(record, &view->workloads[workload]))
            return true;
    }
    return false;
}

static const char *variant_name(const json_t *record)
{
    const char *what = record_text(record, "compare.what"), *kernel = record_text(record, "kernel");
    if (compared_as(record, "control"))
        return "A/A control";
    return kernel && what && strcmp(what, "kernel") == 0 ? kernel : record_text(record, "compare.variant");
}

/* A platform, or a unit with its baseline: what 1 is. */
static void comparison_heading(const struct figure *figure, const struct comparison_row *row, double y)
{
    char time[TEXT_SIZE], shown[TEXT_SIZE], unit[TEXT_SIZE], baseline[TEXT_SIZE], *text;
    const char *device = record_text(row->record, "device"), *stage = record_text(row->record, "stage");
    int length;
    format_quantity(record_number(row->record, "time_s.median"), "s", time);
    if (row->platform)
        length = asprintf(&text, "%s%s%s", record_text(row->record, "platform"), device ? ":" : "",
                          device ? device : "");
    else
        length = asprintf(&text, "%s: 1 = %s, %s",
                          text_clean(stage ? stage : record_text(row->record, "scope"), 18, unit),
                          text_clean(variant_name(row->record), 16, baseline), time);
    if (length < 0)
        return;
    label(figure, row->platform ? edge + 4 : edge + 8, y, "left", text_clean(text, 56, shown));
    free(text);
}

static void comparison_bar(struct figure *figure, const json_t *record, double row, bool logarithmic,
                           int colour)
{
    const double ratio = record_number(record, "compare.ratio");
    const char *verdict = record_text(record, "compare.verdict");
    char value[TEXT_SIZE];
    double low, high;
    ratio_interval(record, &low, &high);
    block_begin(figure, variant_name(record));
    fprintf(figure->dat, "%.9g %.9g %.1f %.9g %.9g", logarithmic ? fmin(1, ratio) : 0,
            logarithmic ? fmax(1, ratio) : ratio, row + 0.5, low, high);
    data_name(figure, variant_name(record));
    draw_boxes(figure, colour < 0 ? other_colour : colours[colour % 6], record_fill(record));
    if (high > low)
        draw(figure, "using 4:3:($5-$4):(0) with vectors nohead linecolor rgb '#000000' linewidth 0.8");
    format_number(ratio, value);
    snprintf(value + strlen(value), TEXT_SIZE - strlen(value), "\xc3\x97 %s", verdict ? verdict : "");
    fputs("set label ", figure->gp);
    write_gnuplot(figure->gp, value);
    fprintf(figure->gp, " at first %.9g, first %.1f left offset character 0.4,0\n",
            fmax(fmax(1, ratio), high), row + 0.5);
}

/* The same variant has the same colour in all units. */
static int variant_colour(const struct comparison_rows *rows, int row)
{
    const char *seen[COMPARISON_MOST_ROWS];
    int n = 0, at = 0;
    for (int i = 0; i <= row; i++) {
        const json_t *record = rows->rows[i].record;
        if (!record || !compared_as(record, "variant"))
            continue;
        for (at = 0; at < n && strcmp(seen[at], variant_name(record));)
            at++;
        if (at == n)
            seen[n++] = variant_name(record);
    }
    return at;
}

static bool draw_comparison(const struct view *view, const struct page *page, const char *folder,
                            const char *name, const char *title, const char *origin, struct error *error)
{
    struct figure figure = {.view = view, .page = page};
    struct comparison_rows *rows = malloc(sizeof *rows);
    char shown[TEXT_SIZE];
    int widest = 4;
    if (!rows)
        return error_set(error, STATUS_FAILED, "%s/%s: out of memory", folder, name);
    comparison_list(view, page, rows);
    for (int i = 0; i < rows->n; i++)
        if (rows->rows[i].record && !rows->rows[i].unit && !rows->rows[i].platform) {
            const int columns =
                text_columns(text_clean(variant_name(rows->rows[i].record), VARIANT_COLUMNS, shown));
            widest = columns > widest ? columns : widest;
        }
    const double pitch = line_height * 1.25, head_height = edge + 3 * line_height + 3;
    const double plot_height = rows->n * pitch, left = edge + 12 + widest * 1.15 * character;
    const double right = page_width - edge - 6 - 16 * character;
    const bool logarithmic = rows->high / rows->low > 10;
    if (!figure_open(
            &figure, folder, name, head_height + plot_height + 26 + edge + (rows->left_out ? line_height : 0),
            "columns: from, to, row, low, high (the baseline's time over the variant's, 95 % interval), "
            "variant",
            error)) {
        free(rows);
        return figure_abandon(&figure);
    }
    head(&figure, title, origin, true);
    area(&figure, left, right, head_height, head_height + plot_height);
    fprintf(figure.gp, "%sset xrange [%.9g:%.9g]\nset yrange [%d:0]\nunset ytics\n",
            logarithmic ? "set logscale x 10\n" : "",
            logarithmic ? fmax(rows->low, rows->high * 1e-6) / 1.25 : 0,
            rows->high * (logarithmic ? 1.1 : 1.05), rows->n);
    fputs("set border 1\nset xtics nomirror out offset 0,0.3 format '%g'\n", figure.gp);
    if (logarithmic && rows->high / rows->low < 100)
        fputs("set xtics add (0.2, 0.5, 2, 5, 20, 50)\n", figure.gp);
    if (!logarithmic)
        fprintf(figure.gp, "set xtics %g\n", rows->high > 5 ? 2.0 : rows->high > 2 ? 1.0 : 0.5);
    fprintf(figure.gp, "set xlabel 'times as fast as the baseline%s' offset 0,0.7\n",
            logarithmic ? ", log scale" : "");
    for (int i = 0; i < rows->n; i++) {
        const struct comparison_row *row = &rows->rows[i];
        const double y = head_height + (i + 0.5) * pitch;
        if (!row->record) {
            workload_heading(&figure, row->workload, y);
        } else if (row->unit || row->platform) {
            comparison_heading(&figure, row, y);
        } else {
            fprintf(figure.gp,
                    "set arrow from first 1, first %d to first 1, first %d nohead linewidth 0.8 front\n", i,
                    i + 1);
            label(&figure, left - 5, y, "right",
                  text_clean(variant_name(row->record), VARIANT_COLUMNS, shown));
            comparison_bar(&figure, row->record, i, logarithmic,
                           compared_as(row->record, "control") ? -1 : variant_colour(rows, i));
        }
    }
    if (rows->left_out) {
        snprintf(shown, sizeof shown, "not shown: %d rows more, see the table", rows->left_out);
        label(&figure, edge, head_height + plot_height + 26 + line_height / 2, "left", shown);
    }
    free(rows);
    return figure_close(&figure, folder, error);
}

/* Published speed-ups beside modelled ones. Entries of the same two machines are a block; one of several
 * lengths is the mean. */
enum { PUBLISHED_MOST = 64 };

struct published_entry {
    const json_t *entry;
    const struct series *series;
    int workload;
    bool drawn;
};

struct published_list {
    struct published_entry entries[PUBLISHED_MOST];
    int n;
};

static void published_find(const struct view *view, int workload, struct published_list *list)
{
    for (int i = 0; i < view->n_series; i++) {
        const struct series *series = &view->series[i];
        const json_t *entry;
        size_t at;
        if (series->workload != workload || series->model < 0)
            continue;
        json_array_foreach(record_get(view->results[series->model].record, "published"), at, entry)
        {
            const char *figure = record_text(entry, "figure");
            const double value = record_number(entry, "value"), model = record_number(entry, "model");
            if (!figure || strcmp(figure, "speedup") || !record_text(entry, "over") || !(value > 0) ||
                !(model > 0) || list->n == PUBLISHED_MOST)
                continue;
            list->entries[list->n++] =
                (struct published_entry){.entry = entry, .series = series, .workload = workload};
        }
    }
}

static bool published_wanted(const struct view *view, int workload)
{
    struct published_list list = {.n = 0};
    published_find(view, workload, &list);
    return list.n > 0;
}

static bool same_machines(const struct published_entry *a, const struct published_entry *b)
{
    const char *own = record_text(a->entry, "of"), *other = record_text(b->entry, "of");
    return !strcmp(record_text(a->entry, "over"), record_text(b->entry, "over")) && !own == !other &&
           (own ? !strcmp(own, other) : !strcmp(a->series->label, b->series->label));
}

/* How far the model is off and what that says, or that the source's value was read off a chart. */
static const char *published_remark(const struct published_entry *entry, bool model, char text[TEXT_SIZE])
{
    const char *state = record_text(entry->entry, "state"),
               *provenance = record_text(entry->entry, "provenance");
    const double off = record_number(entry->entry, "model") / record_number(entry->entry, "value") - 1;
    text[0] = '\0';
    if (model && state)
        snprintf(text, TEXT_SIZE, " (%+.2g %%, %.24s)", 100 * off, state);
    else if (!model && provenance && strcmp(provenance, "published"))
        snprintf(text, TEXT_SIZE, " (%.24s)", provenance);
    return text;
}

/* Half a row high: published above, modelled below; as a share of the longest of its block. */
static void published_bar(struct figure *figure, bool model, const struct published_entry *entry,
                          double longest, double top, int colour, int fill)
{
    const double value = record_number(entry->entry, model ? "model" : "value");
    const char *layers[] = {fills[fill].fill, fills[fill].over};
    char number[TEXT_SIZE], remark[TEXT_SIZE], text[2 * TEXT_SIZE];
    block_begin(figure, fills[fill].provenance);
    fprintf(figure->dat, "%.9g %.9g %.2f", value, longest, top + 0.22);
    data_name(figure, record_text(entry->entry, "id"));
    for (int i = 0; i < 2 && layers[i]; i++)
        draw(figure,
             "using ($1/$2/2):3:(0):($1/$2):($3-0.21):($3+0.21) with boxxyerror fillcolor rgb '%s' fillstyle "
             "%s "
             "noborder",
             colours[colour], layers[i]);
    snprintf(text, sizeof text, "%s%s", format_number(value, number), published_remark(entry, model, remark));
    fputs("set label ", figure->gp);
    write_gnuplot(figure->gp, text);
    fprintf(figure->gp, " at first %.9g, first %.2f left offset character 0.4,0\n", value / longest,
            top + 0.22);
}

static bool draw_published(const struct view *view, const struct page *page, const char *folder,
                           const char *name, const char *title, const char *origin, struct error *error)
{
    enum { PUBLISHED_FILL = 3, MODELLED_FILL = 2 };
    struct figure figure = {.view = view, .page = page};
    struct published_list list = {.n = 0};
    int blocks = 0;
    for (int i = 0; i < page->n; i++)
        published_find(view, page->workloads[i], &list);
    for (int i = 0; i < list.n; i++) {
        bool first = true;
        for (int k = 0; k < i; k++)
            first &= !same_machines(&list.entries[k], &list.entries[i]);
        blocks += first;
    }
    const double pitch = line_height * 1.7, head_height = edge + 3 * line_height + 3;
    const double plot_height = (list.n + 0.7 * blocks) * pitch, left = edge + 50;
    if (!figure_open(&figure, folder, name, head_height + plot_height + 26 + edge,
                     "columns: speed-up, longest of its block, row, figure; published above modelled", error))
        return figure_abandon(&figure);
    head(&figure, title, origin, false);
    double x = edge;
    const int shown_fills[] = {PUBLISHED_FILL, MODELLED_FILL};
    for (int i = 0; i < 2; i++) {
        swatch(&figure, x, figure.top, "#555555", shown_fills[i]);
        label(&figure, x + 13, figure.top, "left", fills[shown_fills[i]].provenance);
        x += 20 + character * (double)strlen(fills[shown_fills[i]].provenance);
    }
    area(&figure, left, page_width - edge - 6 - 24 * character, head_height, head_height + plot_height);
    fprintf(figure.gp, "set xrange [0:1]\nset yrange [%.2f:0]\nunset ytics\n", list.n + 0.7 * blocks);
    fputs(
        "set border 0\nunset xtics\nset xlabel 'speed-up, a scale for each pair of machines' offset 0,0.7\n",
        figure.gp);
    double row = 0;
    for (int block = 0, i = 0; i < list.n; i++) {
        if (list.entries[i].drawn)
            continue;
        const struct published_entry *first = &list.entries[i];
        const char *of = record_text(first->entry, "of");
        char text[2 * TEXT_SIZE], one[TEXT_SIZE], other[TEXT_SIZE];
        snprintf(text, sizeof text, "%s over %s, %s", text_clean(of ? of : first->series->label, 30, one),
                 text_clean(record_text(first->entry, "over"), 20, other),
                 view->workloads[first->workload].phase);
        label(&figure, edge, head_height + (row + 0.4) * pitch, "left", text);
        row += 0.7;
        double longest = 0;
        for (int k = i; k < list.n; k++)
            if (same_machines(first, &list.entries[k]))
                longest = fmax(longest, fmax(record_number(list.entries[k].entry, "value"),
                                             record_number(list.entries[k].entry, "model")));
        for (int pass = 0; pass < 2; pass++)
            for (int k = i; k < list.n; k++) {
                struct published_entry *entry = &list.entries[k];
                const bool mean = json_is_true(record_get(entry->entry, "mean"));
                if (entry->drawn || mean != (pass == 1) || !same_machines(first, entry))
                    continue;
                entry->drawn = true;
                snprintf(text, sizeof text, "%lld tokens",
                         (long long)view->workloads[entry->workload].seqlen);
                label(&figure, left - 5, head_height + (row + 0.44) * pitch, "right", mean ? "mean" : text);
                published_bar(&figure, false, entry, longest, row, block % 6, PUBLISHED_FILL);
                published_bar(&figure, true, entry, longest, row + 0.44, block % 6, MODELLED_FILL);
                row += 1;
            }
        block++;
    }
    return figure_close(&figure, folder, error);
}

/* One variant of one unit on one device, over the lengths that were asked for. */
struct length_line {
    const json_t *record; /* the first */
};

struct length_lines {
    struct length_line lines[PALETTE_MAX];
    int n, left_out;
    bool several_units, several_devices;
    double x0, x1, y0, y1;
};

/* Lengths of a decoder are those of its context. */
static double workload_length(const struct workload *workload)
{
    return (double)(workload->context ? workload->context : workload->seqlen);
}

static bool differ_in_length(const struct workload *a, const struct workload *b)
{
    return !strcmp(a->model, b->model) && !strcmp(a->phase, b->phase) && a->batch == b->batch &&
           workload_length(a) != workload_length(b);
}

static bool same(const json_t *a, const json_t *b, const char *path)
{
    return json_equal(record_get(a, path), record_get(b, path));
}

static bool same_line(const json_t *a, const json_t *b)
{
    return same(a, b, "platform") && same(a, b, "device") && same(a, b, "stage") && same(a, b, "scope") &&
           same(a, b, "compare.what") && same(a, b, "compare.variant") && same(a, b, "threads");
}

static bool of_length_figure(const struct view *view, int first, const json_t *record)
{
    if (!record_get(record, "compare") || !has_time(record) || compared_as(record, "control"))
        return false;
    for (int w = 0; w < view->n_workloads; w++)
        if ((w == first || differ_in_length(&view->workloads[first], &view->workloads[w])) &&
            record_of_workload(record, &view->workloads[w]))
            return true;
    return false;
}

static void length_list(const struct view *view, int first, struct length_lines *lines)
{
    size_t i;
    json_t *record;
    *lines = (struct length_lines){.x0 = INFINITY, .y0 = INFINITY};
    json_array_foreach(view->set->records, i, record)
    {
        int line = 0;
        if (!of_length_figure(view, first, record))
            continue;
        while (line < lines->n && !same_line(lines->lines[line].record, record))
            line++;
        if (line == PALETTE_MAX) {
            lines->left_out++;
            continue;
        }
        if (line == lines->n)
            lines->lines[lines->n++].record = record;
        lines->several_units |= !same(lines->lines[0].record, record, "stage");
        lines->several_devices |= !same(lines->lines[0].record, record, "platform") ||
                                  !same(lines->lines[0].record, record, "device");
        const double time_s = record_number(record, "time_s.median");
        lines->y0 = fmin(lines->y0, time_s);
        lines->y1 = fmax(lines->y1, time_s);
    }
    for (int w = 0; w < view->n_workloads; w++)
        if (w == first || differ_in_length(&view->workloads[first], &view->workloads[w])) {
            lines->x0 = fmin(lines->x0, workload_length(&view->workloads[w]));
            lines->x1 = fmax(lines->x1, workload_length(&view->workloads[w]));
        }
}

/* Of workloads that differ in length only, the first stands for all. */
static bool lengths_wanted(const struct view *view, int workload)
{
    int others = 0;
    for (int w = 0; w < view->n_workloads; w++) {
        if (!differ_in_length(&view->workloads[workload], &view->workloads[w]) || !comparison_wanted(view, w))
            continue;
        others++;
        if (w < workload)
            return false;
    }
    return others > 0 && comparison_wanted(view, workload);
}

static void length_name(const struct length_lines *lines, const json_t *record, char *text, size_t size)
{
    const char *unit = record_text(record, "stage");
    snprintf(text, size, "%s%s%s%s%s%s", variant_name(record), lines->several_units && unit ? ", " : "",
             lines->several_units && unit ? unit : "", lines->several_devices ? ", " : "",
             lines->several_devices ? record_text(record, "platform") : "",
             compared_as(record, "baseline") ? " (baseline)" : "");
}

/* Powers of 2, so many that they do not touch; nothing else where there is none. */
static void length_tics(const struct length_lines *lines, FILE *gp)
{
    enum { MOST = 8 };
    const double octaves = log2(lines->x1 / lines->x0);
    const double ratio = exp2(ceil((octaves + 1) / MOST));
    double tic = exp2(ceil(log2(lines->x0)));
    for (bool any = false; tic <= lines->x1 || !any; tic *= ratio, any = true)
        fprintf(gp, "%s'%g%s' %.0f", any ? ", " : "", tic < 1024 ? tic : tic / 1024, tic < 1024 ? "" : "K",
                tic);
    fputs(")\n", gp);
}

static int by_length(const void *a, const void *b)
{
    const double x = **(const double *const *)a, y = **(const double *const *)b;
    return (x > y) - (x < y);
}

static void draw_length_line(struct figure *figure, int first, const json_t *like, const char *name,
                             const char *colour)
{
    enum { MOST = 64 };
    const struct view *view = figure->view;
    double points[MOST][4], *order[MOST];
    int n = 0;
    size_t i;
    json_t *record;
    json_array_foreach(view->set->records, i, record)
    {
        if (n == MOST || !of_length_figure(view, first, record) || !same_line(like, record))
            continue;
        const json_t *interval = record_get(record, "time_s.ci95");
        const double time_s = record_number(record, "time_s.median");
        const double context = record_number(record, "context");
        points[n][0] = isnan(context) ? record_number(record, "seqlen") : context;
        points[n][1] = time_s;
        points[n][2] = interval ? json_number_value(json_array_get(interval, 0)) : time_s;
        points[n][3] = interval ? json_number_value(json_array_get(interval, 1)) : time_s;
        order[n] = points[n];
        n++;
    }
    qsort(order, (size_t)n, sizeof *order, by_length);
    block_begin(figure, name);
    for (int p = 0; p < n; p++)
        fprintf(figure->dat, "%.0f %.9g %.9g %.9g\n", order[p][0], order[p][1], order[p][2], order[p][3]);
    draw(figure, "using 1:($2*1e3) with lines linecolor rgb '%s' linewidth 0.9 dashtype %d", colour,
         record_fill(like) ? 2 : 1);
    draw(figure,
         "using 1:($2*1e3):($3*1e3):($4*1e3) with yerrorbars linecolor rgb '%s' linewidth 0.5 pointtype 7 "
         "pointsize 0.35",
         colour);
}

static bool draw_lengths(const struct view *view, const struct page *page, const char *folder,
                         const char *name, const char *title, const char *origin, struct error *error)
{
    struct figure figure = {.view = view, .page = page};
    const int first = page->workloads[0];
    struct length_lines lines;
    length_list(view, first, &lines);
    const double head_height = edge + 2 * line_height + 4, plot_height = 150,
                 bottom = head_height + plot_height;
    const double legend_y = bottom + 28;
    if (!figure_open(&figure, folder, name, legend_y + (lines.n + (lines.left_out > 0)) * line_height + edge,
                     "columns: sequence length, time of one execution (s), its 95 % interval", error))
        return figure_abandon(&figure);
    head(&figure, title, origin, false);
    area(&figure, edge + 30, page_width - edge - 8, head_height, bottom);
    fprintf(figure.gp,
            "set logscale x 2\nset logscale y 10\nset xrange [%.9g:%.9g]\nset yrange [%.9g:%.9g]\n"
            "set ytics nomirror out offset 0.5,0 format '%%g'\nset border 3\nset mytics 10\n"
            "set grid ytics linewidth 0.3 linecolor rgb '#dddddd'\n"
            "set xlabel 'sequence length, tokens' offset 0,0.7\n"
            "set label 'time, ms' at screen %.5f, screen %.5f center rotate by 90\n"
            "set xtics nomirror out offset 0,0.3 (",
            lines.x0 / 1.15, lines.x1 * 1.15, lines.y0 * 1e3 / 1.5, lines.y1 * 1e3 * 1.5, screen_x(edge + 4),
            screen_y(&figure, head_height + plot_height / 2));
    length_tics(&lines, figure.gp);
    for (int i = 0; i < lines.n; i++) {
        const json_t *record = lines.lines[i].record;
        const double y = legend_y + (i + 0.5) * line_height;
        char text[256], shown[TEXT_SIZE];
        length_name(&lines, record, text, sizeof text);
        swatch(&figure, edge + 30, y, colours[i], record_fill(record));
        label(&figure, edge + 44, y, "left", text_clean(text, 50, shown));
        draw_length_line(&figure, first, record, text, colours[i]);
    }
    if (lines.left_out) {
        char text[80];
        snprintf(text, sizeof text, "not shown: %d results more, see the table", lines.left_out);
        label(&figure, edge + 30, legend_y + (lines.n + 0.5) * line_height, "left", text);
    }
    return figure_close(&figure, folder, error);
}

/* The units that get a colour of their own, the same in all figures of a model. */
struct palette {
    const char *units[PALETTE_MAX];
    double share[PALETTE_MAX];
    int n;
    int others; /* units without */
};

static int palette_find(const struct palette *palette, const char *unit)
{
    for (int i = 0; i < palette->n; i++)
        if (strcmp(palette->units[i], unit) == 0)
            return i;
    return -1;
}

static bool palette_build(const struct view *view, const char *model, struct palette *palette)
{
    struct {
        const char *name;
        double share;
        bool chosen;
    } *units = malloc((view->n_results + 1) * sizeof *units);
    int n = 0;
    if (!units)
        return false;
    for (int i = 0; i < view->n_results; i++) {
        const struct result *result = &view->results[i];
        if (!result->part || result->skipped || strcmp(view->workloads[result->workload].model, model) != 0)
            continue;
        int at = 0;
        while (at < n && strcmp(units[at].name, result->name) != 0)
            at++;
        if (at == n) {
            units[n].name = result->name;
            units[n].chosen = false;
            units[n++].share = 0;
        }
        if (result->time_s > 0)
            units[at].share += result->time_s * result->repeats / view->series[result->series].parts_s;
    }
    for (int k = 0; k < PALETTE_MAX && k < n; k++) {
        int best = -1;
        for (int i = 0; i < n; i++)
            if (!units[i].chosen && (best < 0 || units[i].share > units[best].share))
                best = i;
        units[best].chosen = true;
    }
    *palette = (struct palette){.others = n};
    for (int i = 0; i < n; i++)
        if (units[i].chosen)
            palette->units[palette->n++] = units[i].name;
    palette->others = n - palette->n;
    free(units);
    return true;
}

static const char *palette_colour(int unit)
{
    return unit < 0 ? other_colour : colours[unit];
}

static int legend_rows(const struct palette *palette)
{
    return (palette->n + (palette->others > 0) + 1) / 2;
}

static void legend(const struct figure *figure, const struct palette *palette, double y)
{
    int entries = palette->n + (palette->others > 0), rows = legend_rows(palette);
    for (int i = 0; i < entries; i++) {
        double x = edge + (i / rows) * page_width / 2, at = y + (i % rows + 0.5) * line_height;
        char text[TEXT_SIZE];
        if (i < palette->n)
            text_clean(palette->units[i], (int)((page_width / 2 - 24) / character), text);
        else
            snprintf(text, sizeof text, "other (%d unit%s)", palette->others,
                     palette->others == 1 ? "" : "s");
        swatch(figure, x, at, i < palette->n ? colours[i] : other_colour, 0);
        label(figure, x + 13, at, "left", text);
    }
}

static bool stages_wanted(const struct view *view, int workload)
{
    for (int i = 0; i < view->n_series; i++)
        if (view->series[i].workload == workload && view->series[i].parts_s > 0)
            return true;
    return false;
}

/* The series' parts of one colour, one after another in the order of the layer. */
static void stage_bars(struct figure *figure, const struct palette *palette, int index, double row)
{
    const struct view *view = figure->view;
    const struct series *series = &view->series[index];
    for (int unit = -1; unit < palette->n; unit++) {
        double at = 0;
        bool begun = false;
        for (int i = 0; i < view->n_results; i++) {
            const struct result *result = &view->results[i];
            if (result->series != index || !result->part || result->skipped)
                continue;
            double share = 100 * result->time_s * result->repeats / series->parts_s;
            if (palette_find(palette, result->name) == unit) {
                if (!begun)
                    block_begin(figure, series->label);
                begun = true;
                fprintf(figure->dat, "%.6f %.6f %.1f %.9g", at, at + share, row,
                        result->time_s * result->repeats);
                data_name(figure, result->name);
            }
            at += share;
        }
        if (begun)
            draw_boxes(figure, palette_colour(unit), fill_of(series));
    }
}

static void total_label(const struct figure *figure, const struct view *view, const struct series *series,
                        double y)
{
    const struct result *model = model_result(view, series);
    char total[TEXT_SIZE], text[TEXT_SIZE + 2];
    format_quantity(model ? model->time_s : series->parts_s, "s", total);
    snprintf(text, sizeof text, "%s%s", series->parts_skipped > 0 ? "*" : "", total);
    label(figure, page_width - edge, y, "right", text);
}

static bool draw_stages(const struct view *view, const struct page *page, const char *folder,
                        const char *name, const char *title, const char *origin, struct error *error)
{
    struct figure figure = {.view = view, .page = page};
    struct palette palette;
    bool incomplete = false;
    int rows = page->n;
    if (!palette_build(view, view->workloads[page->workloads[0]].model, &palette))
        return error_set(error, STATUS_FAILED, "%s/%s: out of memory", folder, name);
    for (int i = 0; i < view->n_series; i++) {
        const struct series *series = &view->series[i];
        if (!on_page(page, series->workload) || series->parts == 0)
            continue;
        rows++;
        incomplete |= series->parts_skipped > 0;
    }
    double pitch = line_height * 1.25, head_height = edge + 3 * line_height + 3, plot_height = rows * pitch;
    double legend_height = legend_rows(&palette) * line_height + (incomplete ? line_height : 0);
    double bottom = head_height + plot_height;
    if (!figure_open(&figure, folder, name, bottom + 31 + legend_height + edge,
                     "columns: from %, to %, row, seconds in one pass of the model, unit", error))
        return figure_abandon(&figure);
    head(&figure, title, origin, true);
    double left = label_margin(view, page), right = page_width - edge - 36;
    area(&figure, left, right, head_height, bottom);
    fprintf(figure.gp,
            "set xrange [0:100]\nset yrange [%d:0]\nunset ytics\nset border 1\n"
            "set xtics 0, 25 nomirror out offset 0,0.3 format '%%g'\n"
            "set xlabel 'share of the time of all units, %%' offset 0,0.7\n",
            rows);
    label(&figure, page_width - edge, head_height + 0.5 * pitch, "right", "model");
    double row = 0;
    for (int p = 0; p < page->n; p++) {
        workload_heading(&figure, page->workloads[p], head_height + (row + 0.5) * pitch);
        row += 1;
        for (int i = 0; i < view->n_series; i++) {
            const struct series *series = &view->series[i];
            if (series->workload != page->workloads[p] || series->parts == 0)
                continue;
            double y = head_height + (row + 0.5) * pitch;
            char shown[TEXT_SIZE];
            label(&figure, left - 5, y, "right", text_clean(series->label, LABEL_COLUMNS, shown));
            if (series->parts_s > 0) {
                stage_bars(&figure, &palette, i, row + 0.5);
                total_label(&figure, view, series, y);
            } else {
                label(&figure, left + 3, y, "left", "no unit has a time");
            }
            row += 1;
        }
    }
    legend(&figure, &palette, bottom + 29);
    if (incomplete)
        label(&figure, edge, bottom + 29 + legend_height - line_height / 2, "left",
              "* without the units that were skipped");
    return figure_close(&figure, folder, error);
}

static bool roofline_point(const struct view *view, const struct result *result)
{
    const struct series *series = &view->series[result->series];
    return result->part && !result->skipped && strcmp(record_text(series->record, "platform"), "cpu") == 0 &&
           strcmp(record_text(series->record, "provenance"), "measured") == 0;
}

static bool drawable(const struct result *result)
{
    double intensity = result->flop / result->bytes, rate = result->flop / result->time_s * 1e-9;
    return isnormal(intensity) && intensity > 0 && isnormal(rate) && rate > 0;
}

static bool roofline_wanted(const struct view *view, int workload)
{
    for (int i = 0; i < view->n_results; i++)
        if (view->results[i].workload == workload && roofline_point(view, &view->results[i]) &&
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

struct extent {
    double x0, x1, y0, y1;
};

static void extent_add(struct extent *extent, double x, double y)
{
    extent->x0 = fmin(extent->x0, x);
    extent->x1 = fmax(extent->x1, x);
    extent->y0 = fmin(extent->y0, y);
    extent->y1 = fmax(extent->y1, y);
}

static void draw_ceilings(struct figure *figure, const struct extent *extent, const struct ceiling *compute,
                          int n_compute, const struct ceiling *memory, int n_memory, double legend_y)
{
    static const char *const greys[] = {"#000000", "#555555", "#777777", "#999999", "#AAAAAA", "#BBBBBB"};
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
        block_begin(figure, text);
        if (is_memory) {
            double end = top > 0 ? fmin(extent->x1, top / value) : extent->x1;
            fprintf(figure->dat, "%.9g %.9g\n%.9g %.9g\n", extent->x0, extent->x0 * value, end, end * value);
        } else {
            double start = fastest > 0 ? fmax(extent->x0, value / fastest) : extent->x0;
            fprintf(figure->dat, "%.9g %.9g\n%.9g %.9g\n", start, value, extent->x1, value);
        }
        draw(figure, "using 1:2 with lines linecolor rgb '%s' linewidth 1.2 dashtype %d", greys[own],
             is_memory ? own + 1 : 1);
        double y = legend_y + (own + 0.5) * line_height, x = is_memory ? edge : 0.43 * page_width;
        fprintf(
            figure->gp,
            "set arrow from screen %.5f, screen %.5f to screen %.5f, screen %.5f nohead linecolor rgb '%s' "
            "linewidth 1.2 dashtype %d\n",
            screen_x(x), screen_y(figure, y), screen_x(x + 16), screen_y(figure, y), greys[own],
            is_memory ? own + 1 : 1);
        char number[TEXT_SIZE], *line;
        format_number(value, number);
        if (asprintf(&line, "%s, %s %s", text, number, is_memory ? "GB/s" : "GFLOP/s") < 0)
            continue;
        label(figure, x + 19, y, "left", line);
        free(line);
    }
}

static const struct {
    const char *phase, *shape;
    int filled, outline;
} types[] = {{"prefill", "circles", 7, 6}, {"decode", "triangles", 9, 8}, {"train", "squares", 5, 4}};
enum { N_TYPES = sizeof types / sizeof *types };

static void roofline_key(const struct figure *figure, const json_t *run)
{
    char text[TEXT_SIZE] = "measured";
    size_t used = strlen(text);
    for (int t = 0; t < N_TYPES; t++) {
        bool occurs = false;
        for (int p = 0; p < figure->page->n; p++)
            occurs |= strcmp(figure->view->workloads[figure->page->workloads[p]].phase, types[t].phase) == 0;
        if (occurs)
            used += snprintf(text + used, sizeof text - used, ", %s: %s", types[t].shape, types[t].phase);
    }
    double threads = record_number(run, "threads");
    if (!isnan(threads))
        snprintf(text + used, sizeof text - used, "; lines: %.3g thread%s", threads, threads == 1 ? "" : "s");
    label(figure, edge, figure->top, "left", text);
}

static void draw_points(struct figure *figure, const struct palette *palette)
{
    const struct view *view = figure->view;
    for (int t = 0; t < N_TYPES; t++)
        for (int unit = -1; unit < palette->n; unit++) {
            bool begun = false;
            for (int i = 0; i < view->n_results; i++) {
                const struct result *result = &view->results[i];
                if (!on_page(figure->page, result->workload) || !roofline_point(view, result) ||
                    !drawable(result) || palette_find(palette, result->name) != unit ||
                    strcmp(view->workloads[result->workload].phase, types[t].phase) != 0)
                    continue;
                if (!begun)
                    block_begin(figure, types[t].phase);
                begun = true;
                fprintf(figure->dat, "%.9g %.9g", result->flop / result->bytes,
                        result->flop / result->time_s * 1e-9);
                data_name(figure, result->name);
            }
            if (!begun)
                continue;
            draw(figure, "using 1:2 with points pointtype %d pointsize 0.8 linecolor rgb '%s'",
                 types[t].filled, palette_colour(unit));
            draw(figure,
                 "using 1:2 with points pointtype %d pointsize 0.8 linecolor rgb '#000000' linewidth 0.4",
                 types[t].outline);
        }
}

static bool draw_roofline(const struct view *view, const struct page *page, const char *folder,
                          const char *name, const char *title, const char *origin, struct error *error)
{
    struct figure figure = {.view = view, .page = page};
    struct palette palette;
    struct ceiling compute[MAX_CEILINGS], memory[MAX_CEILINGS];
    int n_compute = 0, n_memory = 0, without_flop = 0;
    struct extent extent = {INFINITY, 0, INFINITY, 0};
    const json_t *environment = NULL, *run = NULL;
    const char *precision = NULL;
    if (!palette_build(view, view->workloads[page->workloads[0]].model, &palette))
        return error_set(error, STATUS_FAILED, "%s/%s: out of memory", folder, name);
    for (int i = 0; i < view->n_results; i++) {
        const struct result *result = &view->results[i];
        if (!on_page(page, result->workload) || !roofline_point(view, result))
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

    int ceiling_rows = n_memory > n_compute ? n_memory : n_compute;
    double head_height = edge + 3 * line_height + 4, plot_height = 130, bottom = head_height + plot_height;
    double legends = bottom + 30, units_y = legends + ceiling_rows * line_height + (ceiling_rows ? 3 : 0);
    double note_y = units_y + legend_rows(&palette) * line_height;
    if (!figure_open(&figure, folder, name, note_y + (without_flop ? line_height : 0) + edge,
                     "columns: arithmetic intensity (flop/byte), rate (GFLOP/s), unit", error))
        return figure_abandon(&figure);
    head(&figure, title, origin, false);
    roofline_key(&figure, run);
    area(&figure, edge + 30, page_width - edge - 6, head_height, bottom);
    fprintf(
        figure.gp,
        "set logscale xy 10\nset xrange [%.9g:%.9g]\nset yrange [%.9g:%.9g]\n"
        "set xtics nomirror out offset 0,0.3 format '%%g'\nset ytics nomirror out offset 0.5,0 format '%%g'\n"
        "set border 3\nset mxtics 10\nset mytics 10\n"
        "set xlabel 'arithmetic intensity, flop per byte' offset 0,0.7\n"
        "set label 'GFLOP/s' at screen %.5f, screen %.5f center rotate by 90\n",
        extent.x0, extent.x1, extent.y0, extent.y1, screen_x(edge + 4),
        screen_y(&figure, head_height + plot_height / 2));
    draw_ceilings(&figure, &extent, compute, n_compute, memory, n_memory, legends);
    draw_points(&figure, &palette);
    legend(&figure, &palette, units_y);
    if (without_flop > 0) {
        char text[80];
        snprintf(text, sizeof text, "not shown: %d unit%s without counted arithmetic", without_flop,
                 without_flop == 1 ? "" : "s");
        label(&figure, edge, note_y + line_height / 2, "left", text);
    }
    return figure_close(&figure, folder, error);
}

/* What is kept from forward to backward against the time of a layer's backward pass. */

static bool recompute_point(const json_t *record)
{
    const char *what = record_text(record, "compare.what"), *stage = record_text(record, "stage");
    return what && !strcmp(what, "recompute") && stage && !strcmp(stage, "backward") &&
           !compared_as(record, "control") && has_time(record) && record_number(record, "saved_bytes") > 0;
}

static bool recompute_wanted(const struct view *view, int workload)
{
    size_t i;
    json_t *record;
    json_array_foreach(view->set->records, i, record)
    {
        if (recompute_point(record) && record_of_workload(record, &view->workloads[workload]))
            return true;
    }
    return false;
}

/* One name for all points that lie within a sixteenth of the axis, "store" or "every 16, 64 steps". */
struct point_label {
    double x, y;
    char text[96];
    bool steps;
};

static void write_point_label(const struct figure *figure, const struct point_label *point)
{
    if (!*point->text)
        return;
    fputs("set label ", figure->gp);
    write_gnuplot(figure->gp, point->text);
    fprintf(figure->gp, " at first %.9g, first %.9g left rotate by 35 offset 0,0.6\n", point->x, point->y);
}

/* Of several intervals the first and the last are named. */
static void add_point_name(struct point_label *point, const char *variant)
{
    static const char prefix[] = "checkpoint:";
    const bool steps = !strncmp(variant, prefix, sizeof prefix - 1);
    char *several = strstr(point->text, " to ");
    if (steps && point->steps && several)
        *several = '\0';
    const size_t used = strlen(point->text);
    snprintf(point->text + used, sizeof point->text - used, "%s%s",
             steps && point->steps ? " to "
             : steps               ? used ? ", every " : "every "
             : used                ? ", "
                                   : "",
             steps ? variant + sizeof prefix - 1 : variant);
    point->steps = steps;
}

static void draw_recompute_curve(struct figure *figure, const json_t *first, const struct extent *extent)
{
    const char *platform = record_text(first, "platform"), *device = record_text(first, "device");
    const double apart = pow(extent->x1 / extent->x0, 1.0 / 16);
    struct point_label point = {.x = 0};
    size_t i;
    json_t *record;
    block_begin(figure, device ? device : platform);
    json_array_foreach(figure->view->set->records, i, record)
    {
        const char *own = record_text(record, "device"), *variant = record_text(record, "compare.variant");
        const json_t *interval = record_get(record, "time_s.ci95");
        if (!recompute_point(record) || strcmp(record_text(record, "platform"), platform) ||
            (own && device && strcmp(own, device)) || !variant)
            continue;
        const double x = record_number(record, "saved_bytes") / 1e6;
        const double y = record_number(record, "time_s.median") * 1e3;
        const double low = interval ? json_number_value(json_array_get(interval, 0)) * 1e3 : y;
        const double high = interval ? json_number_value(json_array_get(interval, 1)) * 1e3 : y;
        fprintf(figure->dat, "%.9g %.9g %.9g %.9g", x, y, low, high);
        data_name(figure, variant);
        if (point.x <= 0 || point.x / x > apart || x / point.x > apart) {
            write_point_label(figure, &point);
            point = (struct point_label){.x = x, .y = y};
        }
        point.y = fmin(fmax(point.y, y), extent->y1 / 1.15);
        add_point_name(&point, variant);
    }
    write_point_label(figure, &point);
    draw(figure, "using 1:2:3:4 with yerrorlines linecolor rgb '#0072B2' pointtype 7 pointsize 0.6");
}

static bool draw_recompute(const struct view *view, const struct page *page, const char *folder,
                           const char *name, const char *title, const char *origin, struct error *error)
{
    struct figure figure = {.view = view, .page = page};
    struct extent extent = {INFINITY, 0, INFINITY, 0};
    const json_t *first = NULL;
    size_t i;
    json_t *record;
    json_array_foreach(view->set->records, i, record)
    {
        bool here = false;
        for (int w = 0; w < page->n; w++)
            here |= record_of_workload(record, &view->workloads[page->workloads[w]]);
        if (!here || !recompute_point(record))
            continue;
        if (!first)
            first = record;
        extent_add(&extent, record_number(record, "saved_bytes") / 1e6,
                   record_number(record, "time_s.median") * 1e3);
    }
    extent = (struct extent){extent.x0 / 1.3, extent.x1 * 1.6, 0, extent.y1 * 1.7};
    const double top = edge + 2 * line_height + 6, plot_height = 130, bottom = top + plot_height;
    if (!figure_open(&figure, folder, name, bottom + 30 + edge,
                     "columns: bytes kept (MB), time (ms), its 95 % interval (ms), what is kept", error))
        return figure_abandon(&figure);
    head(&figure, title, origin, false);
    area(&figure, edge + 30, page_width - edge - 6, top, bottom);
    fprintf(
        figure.gp,
        "set logscale x 2\nset xrange [%.9g:%.9g]\nset yrange [%.9g:%.9g]\n"
        "set xtics nomirror out offset 0,0.3 format '%%g'\nset ytics nomirror out offset 0.5,0 format '%%g'\n"
        "set border 3\nset mxtics 10\n"
        "set xlabel 'kept from forward to backward, MB a layer' offset 0,0.7\n"
        "set label 'backward pass of a layer, ms' at screen %.5f, screen %.5f center rotate by 90\n",
        extent.x0, extent.x1, extent.y0, extent.y1, screen_x(edge + 4),
        screen_y(&figure, top + plot_height / 2));
    draw_recompute_curve(&figure, first, &extent);
    return figure_close(&figure, folder, error);
}

static const struct figure_kind {
    const char *name, *title, *caption;
    bool (*wanted)(const struct view *view, int workload);
    bool (*draw)(const struct view *view, const struct page *page, const char *folder, const char *name,
                 const char *title, const char *origin, struct error *error);
} kinds[] = {
    {"comparison", "Variants compared",
     "Time of each unit's baseline over that of the variant, of measured ones the median over rounds of each "
     "round's ratio; more than 1 is faster. Whiskers are its 95 % interval; what is modelled has none. What "
     "is "
     "measured has the baseline once more, the A/A control.",
     comparison_wanted, draw_comparison},
    {"lengths", "Time over length",
     "Time of one execution over the length of the sequence, a line for each variant; dashed lines are "
     "modelled. "
     "Whiskers are 95 % intervals of the median.",
     lengths_wanted, draw_lengths},
    {"recompute", "What backward keeps and rebuilds",
     "Time of a layer's backward pass against what the plan keeps for it from the forward pass: everything "
     "(store), or a state every K steps (every K) or none (recompute) and the rest rebuilt. Whiskers are 95 "
     "% "
     "intervals.",
     recompute_wanted, draw_recompute},
    {"speedup", "Speed-up of the whole model",
     "Speed-up over the CPU, by platform and phase. Solid bars are measured, hatched ones are not; whiskers "
     "span "
     "what the 95 % intervals of both times allow.",
     speedup_wanted, draw_speedup},
    {"published", "Published speed-ups",
     "Speed-ups as a device's source prints or draws them (above) and as the model gives them (below), with "
     "the "
     "machines that the source compares with as laws of their own, each pair of machines on a scale of its "
     "own; "
     "'mamba-bench validate' lists these and what the source leaves open.",
     published_wanted, draw_published},
    {"stages", "Where the time goes",
     "Share of each stage or fused group in the time of one pass (time of one execution, times its number of "
     "executions), with the time of the whole model, in which units may overlap, beside the bar.",
     stages_wanted, draw_stages},
    {"roofline", "Roofline of the CPU",
     "Measured rate against arithmetic intensity (counted work over bytes that cross the unit's border). "
     "Lines "
     "are measured ceilings of this machine. A point above a memory's line worked from a nearer memory.",
     roofline_wanted, draw_roofline},
};

static bool list_add(struct figure_list *list, const char *name, const char *caption, const char *model)
{
    struct figure_entry *entries = realloc(list->entries, (list->n + 1) * sizeof *entries);
    if (!entries)
        return false;
    list->entries = entries;
    struct figure_entry *entry = &entries[list->n];
    char shown[TEXT_SIZE];
    if (asprintf(&entry->caption, "%s: %s", text_clean(model, 60, shown), caption) < 0)
        return false;
    strcpy(entry->name, name);
    list->n++;
    return true;
}

static bool draw_page(const struct view *view, const struct figure_kind *kind, const struct page *page,
                      int number, const char *origin, const char *folder, struct figure_list *list,
                      struct error *error)
{
    char name[FIGURE_NAME_SIZE], shown[TEXT_SIZE], *title;
    const char *model = view->workloads[page->workloads[0]].model;
    if (number > 1)
        snprintf(name, sizeof name, "%s_%d", kind->name, number);
    else
        snprintf(name, sizeof name, "%s", kind->name);
    if (!list_add(list, name, kind->caption, model) ||
        asprintf(&title, "%s: %s", kind->title, text_clean(model, 30, shown)) < 0)
        return error_set(error, STATUS_FAILED, "%s/%s: out of memory", folder, name);
    bool drawn = kind->draw(view, page, folder, name, title, origin, error);
    free(title);
    return drawn;
}

/* Workloads of one model are drawn together, as many as fit. */
static bool draw_kind(const struct view *view, const struct figure_kind *kind, const char *origin,
                      const char *folder, struct figure_list *list, struct error *error)
{
    bool *done = calloc(view->n_workloads + 1, sizeof *done);
    int number = 0;
    bool drawn = done || error_set(error, STATUS_FAILED, "%s: out of memory", folder);
    for (int i = 0; drawn && i < view->n_workloads; i++) {
        struct page page = {.n = 0};
        for (int k = i; k < view->n_workloads && page.n < PAGE_MAX_WORKLOADS; k++)
            if (!done[k] && strcmp(view->workloads[k].model, view->workloads[i].model) == 0 &&
                kind->wanted(view, k)) {
                done[k] = true;
                page.workloads[page.n++] = k;
            }
        if (page.n > 0)
            drawn = draw_page(view, kind, &page, ++number, origin, folder, list, error);
    }
    free(done);
    return drawn;
}

bool figures_draw(const struct view *view, const char *folder, struct figure_list *list, struct error *error)
{
    *list = (struct figure_list){0};
    char *origin = view_origin(view);
    bool drawn = origin || error_set(error, STATUS_FAILED, "%s: out of memory", folder);
    for (size_t i = 0; drawn && i < sizeof kinds / sizeof *kinds; i++)
        drawn = draw_kind(view, &kinds[i], origin, folder, list, error);
    free(origin);
    for (int i = 0; drawn && i < list->n; i++)
        drawn = gnuplot_run(folder, list->entries[i].name, error);
    return drawn;
}

void figure_list_free(struct figure_list *list)
{
    for (int i = 0; i < list->n; i++)
        free(list->entries[i].caption);
    free(list->entries);
    *list = (struct figure_list){0};
}

bool report_figures(const struct record_set *set, const char *folder, struct error *error)
{
    struct view view;
    struct figure_list list;
    if (!view_build(set, &view, error))
        return false;
    bool drawn = figures_draw(&view, folder, &list, error);
    figure_list_free(&list);
    view_free(&view);
    return drawn;
}
