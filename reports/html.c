/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "reports/figures.h"
#include "reports/tables.h"
#include "reports/text.h"

static const char style[] =
    ":root{color-scheme:light}"
    "body{font:16px/1.5 system-ui,sans-serif;max-width:66rem;margin:2rem auto;padding:0 1rem;color:#111;"
    "background:#fff}"
    "h1{font-size:1.6rem}h2{font-size:1.3rem;margin-top:2.5rem;border-bottom:1px solid "
    "#999}h3{font-size:1.05rem}"
    ".scroll{overflow-x:auto}"
    "table{border-collapse:collapse;font-size:.85rem;margin:.5rem 0 1.2rem;font-variant-numeric:tabular-nums}"
    "caption{text-align:left;font-weight:600;padding:.3rem 0}"
    "th,td{padding:.15rem .6rem;text-align:left;border-bottom:1px solid #ddd;vertical-align:top}"
    "thead th{border-bottom:2px solid #555}"
    "tbody th{font-weight:400}.number{text-align:right}.total th,.total td{font-weight:600}"
    ".alone th{padding-left:2rem}.note{color:#444;font-style:italic}"
    "figure{margin:1.5rem 0}figure svg{width:100%;max-width:44rem;height:auto}"
    "figcaption{font-size:.9rem;max-width:44rem}"
    "code{font-size:.8rem;overflow-wrap:anywhere}td.long{overflow-wrap:anywhere;min-width:12rem}"
    "td.number{white-space:nowrap}"
    "@media print{body{max-width:none;margin:0}figure,table{break-inside:avoid}}";

/* Copies gnuplot's SVG without prologue and name spaces, which a page in HTML does not need, and with
 * identifiers of its own, since those of all figures share the page. */
static bool inline_svg(const char *folder, const char *name, FILE *out)
{
    char *path, *line = NULL;
    size_t capacity = 0;
    bool inside = false;
    if (asprintf(&path, "%s/%s.svg", folder, name) < 0)
        return false;
    FILE *svg = fopen(path, "r");
    free(path);
    if (!svg)
        return false;
    while (getline(&line, &capacity, svg) > 0) {
        inside |= strncmp(line, "<svg", 4) == 0;
        if (!inside)
            continue;
        for (const char *at = line; *at;) {
            static const char *const names[] = {"id='", "id=\"", "href='#", "href=\"#", "url(#"};
            size_t length = 0;
            if (strncmp(at, "xmlns", 5) == 0) {
                const char *value = strchr(at, '"');
                const char *end = value ? strchr(value + 1, '"') : NULL;
                if (end) {
                    at = end + 1;
                    continue;
                }
            }
            for (size_t i = 0; i < sizeof names / sizeof *names && !length; i++)
                if (strncmp(at, names[i], strlen(names[i])) == 0)
                    length = strlen(names[i]);
            if (length) {
                fwrite(at, 1, length, out);
                fprintf(out, "%s-", name);
                at += length;
            } else {
                fputc(*at++, out);
            }
        }
    }
    free(line);
    bool copied = inside && !ferror(svg);
    fclose(svg);
    return copied;
}

static void write_figures(const char *folder, const struct figure_list *list, const struct error *problem,
                          FILE *out)
{
    fputs("<h2>Figures</h2>\n", out);
    if (problem->status != STATUS_OK) {
        fputs("<p class=\"note\">", out);
        write_html(out, problem->text);
        fputs("</p>\n", out);
        return;
    }
    if (list->n == 0)
        fputs("<p class=\"note\">The records hold nothing that a figure shows.</p>\n", out);
    for (int i = 0; i < list->n; i++) {
        const struct figure_entry *entry = &list->entries[i];
        fprintf(out, "<figure id=\"figure-%s\">\n", entry->name);
        if (!inline_svg(folder, entry->name, out))
            fprintf(out, "<p class=\"note\">%s.svg cannot be read.</p>\n", entry->name);
        fputs("<figcaption>", out);
        write_html(out, entry->caption);
        fprintf(out,
                " Data: <a href=\"%s.dat\">%s.dat</a>; for print: <a href=\"%s.pdf\">%s.pdf</a>; drawn by "
                "<a href=\"%s.gp\">%s.gp</a>.</figcaption>\n</figure>\n",
                entry->name, entry->name, entry->name, entry->name, entry->name, entry->name);
    }
}

/* The heading stands above the first table; without a table there is none. */
static bool write_tables(const struct view *view, table_fn *table, const char *heading, FILE *out)
{
    bool written = true, headed = false;
    for (int i = 0; i < view->n_workloads && written; i++) {
        struct grid grid;
        char *title = workload_title(&view->workloads[i]);
        bool any = table(view, i, &grid);
        written = title && !grid.failed;
        if (any && written) {
            if (!headed)
                fprintf(out, "<h2>%s</h2>\n", heading);
            headed = true;
            grid_print_html(&grid, title, out);
        }
        free(title);
        grid_free(&grid);
    }
    return written;
}

static bool write_series(const struct view *view, int index, FILE *out)
{
    struct grid grid;
    char *circumstances = series_circumstances(&view->series[index]), *caption = NULL;
    table_series(view, index, &grid);
    bool written = circumstances && !grid.failed &&
                   asprintf(&caption, "%s (%s)", view->series[index].label, circumstances) >= 0;
    if (written) {
        grid_print_html(&grid, caption, out);
        free(caption);
    }
    free(circumstances);
    grid_free(&grid);
    return written;
}

static bool write_workloads(const struct view *view, FILE *out)
{
    for (int i = 0; i < view->n_workloads; i++) {
        char *title = workload_title(&view->workloads[i]);
        if (!title)
            return false;
        fputs("<h2>", out);
        write_html(out, title);
        fputs("</h2>\n", out);
        free(title);
        for (int s = 0; s < view->n_series; s++)
            if (view->series[s].workload == i && !write_series(view, s, out))
                return false;
    }
    return true;
}

static const struct grid_column skipped_columns[] = {
    {"workload", false, 0}, {"platform", false, 0}, {"unit", false, 0}, {"reason", false, 0}};
static const struct grid_column record_columns[] = {{"workload", false, 0},    {"platform", false, 0},
                                                    {"unit", false, 0},        {"provenance", false, 0},
                                                    {"energy by", false, 0},   {"note", false, 0},
                                                    {"environment", false, 0}, {"to run it again", false, 0}};

static void unit_cells(const struct view *view, const struct result *result, struct grid *grid)
{
    char *title = workload_title(&view->workloads[result->workload]);
    grid_row(grid, 0, false);
    grid->failed |= !title;
    grid_cell(grid, 0, title);
    grid_cell(grid, 1, view->series[result->series].label);
    grid_cell(grid, 2, result->name);
    free(title);
}

static bool write_skipped(const struct view *view, FILE *out)
{
    struct grid grid;
    grid_init(&grid, skipped_columns, sizeof skipped_columns / sizeof *skipped_columns);
    fputs("<h2>What was skipped, and why</h2>\n", out);
    for (int i = 0; i < view->n_results; i++) {
        const struct result *result = &view->results[i];
        if (result->replaced || !result->skipped)
            continue;
        unit_cells(view, result, &grid);
        grid_cell(&grid, 3, result->skipped);
    }
    if (grid.n_rows > 0)
        grid_print_html(&grid, "Units without a time", out);
    else
        fputs("<p>Nothing was skipped.</p>\n", out);
    bool written = !grid.failed;
    grid_free(&grid);
    return written;
}

static bool write_provenance(const struct view *view, FILE *out)
{
    struct grid grid;
    grid_init(&grid, record_columns, sizeof record_columns / sizeof *record_columns);
    fputs("<h2>Provenance of every result</h2>\n", out);
    for (int i = 0; i < view->n_results; i++) {
        const struct result *result = &view->results[i];
        const char *energy_note = record_text(result->record, "energy.note");
        const char *method = record_text(result->record, "energy.method");
        char *energy;
        unit_cells(view, result, &grid);
        grid_cell(&grid, 3, record_text(result->record, "provenance"));
        if (!energy_note || !energy_note[0]) {
            grid_cell(&grid, 4, method);
        } else if (asprintf(&energy, "%s: %s", method ? method : "none", energy_note) >= 0) {
            grid_cell(&grid, 4, energy);
            free(energy);
        }
        grid_cell(&grid, 5,
                  result->replaced ? "replaced by a later result of the same unit"
                                   : record_text(result->record, "note"));
        grid_cell(&grid, 6, record_text(result->record, "environment"));
        grid_cell(&grid, 7, record_text(result->record, "repro"));
    }
    if (grid.n_rows > 0)
        grid_print_html(&grid, "All results", out);
    bool written = !grid.failed;
    grid_free(&grid);
    return written;
}

enum { DEEPEST = 8 };

/* Nested objects and arrays become rows with dotted names. */
static void write_fields(const char *path, const json_t *value, int depth, FILE *out)
{
    const char *key;
    size_t index;
    json_t *member;
    char *inner;
    if (depth < DEEPEST && json_is_object(value)) {
        json_object_foreach((json_t *)value, key,
                            member) if (asprintf(&inner, "%s%s%s", path, path[0] ? "." : "", key) >= 0)
        {
            write_fields(inner, member, depth + 1, out);
            free(inner);
        }
        return;
    }
    if (depth < DEEPEST && json_is_array(value) && json_is_object(json_array_get(value, 0))) {
        json_array_foreach(value, index, member)
        {
            if (asprintf(&inner, "%s[%zu]", path, index) >= 0) {
                write_fields(inner, member, depth + 1, out);
                free(inner);
            }
        }
        return;
    }
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
    fputs("<tr><th scope=\"row\">", out);
    write_html(out, path);
    fputs("</th><td class=\"long\">", out);
    write_html(out, json_is_string(value) ? json_string_value(value) : text ? text : "");
    fputs("</td></tr>\n", out);
    free(text);
}

static void write_environments(const struct record_set *set, FILE *out)
{
    size_t i;
    json_t *environment;
    fputs("<h2>Environment</h2>\n", out);
    json_array_foreach(set->environments, i, environment)
    {
        fputs("<details open><summary>", out);
        write_html(out, record_text(environment, "id"));
        fputs("</summary>\n<div class=\"scroll\"><table>\n<tbody>\n", out);
        write_fields("", environment, 0, out);
        fputs("</tbody>\n</table></div></details>\n", out);
    }
}

static bool write_page(const struct view *view, const char *folder, const struct figure_list *list,
                       const struct error *problem, FILE *out)
{
    char *origin = view_origin(view), *machine = view_machine(view);
    if (!origin || !machine) {
        free(origin);
        free(machine);
        return false;
    }
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          "<title>mamba-bench report</title>\n<style>",
          out);
    fputs(style, out);
    fputs("</style>\n</head>\n<body>\n<h1>mamba-bench report</h1>\n<p>", out);
    write_html(out, origin);
    fputs(", ", out);
    write_html(out, machine);
    fprintf(out, "; %d result%s", view->n_results, view->n_results == 1 ? "" : "s");
    if (view->n_replaced > 0)
        fprintf(out, ", %d of them replaced by later ones of the same unit", view->n_replaced);
    fputs(".</p>\n<p>Every number is measured (run here), simulated (run in a simulated circuit), modelled "
          "(computed from a device file) or published (taken from a source); the tables say which. Times are "
          "medians of one execution; -/+ % is the 95 % interval of the median below and above it; where few "
          "repetitions make it less than 95 %, a line below the table says how much.</p>\n",
          out);
    free(origin);
    free(machine);
    bool written = write_tables(view, table_platforms, "Platforms compared, whole model", out) &&
                   write_tables(view, table_units, "Platforms compared, unit by unit", out);
    write_figures(folder, list, problem, out);
    written = written && write_tables(view, table_published, "Published figures beside the model's", out) &&
              write_tables(view, table_comparison, "Variants compared", out) && write_workloads(view, out) &&
              write_skipped(view, out);
    write_environments(view->set, out);
    written = written && write_provenance(view, out);
    fputs("</body>\n</html>\n", out);
    return written;
}

bool report_html(const struct record_set *set, const char *folder, struct error *error)
{
    struct view view;
    struct figure_list list;
    struct error problem = {0};
    char *path = NULL;
    bool written = false;
    if (!view_build(set, &view, error))
        return false;
    const bool drawn = figures_draw(&view, folder, &list, &problem);
    if (problem.status == STATUS_UNAVAILABLE)
        fprintf(stderr, "mamba-bench: warning: the page has no figures: %s\n", problem.text);
    if (!drawn && problem.status != STATUS_UNAVAILABLE) {
        error_set(error, problem.status, "%s", problem.text);
    } else if (asprintf(&path, "%s/report.html", folder) < 0) {
        path = NULL;
        error_set(error, STATUS_FAILED, "%s: out of memory", folder);
    } else {
        FILE *out = fopen(path, "w");
        if (!out) {
            error_set(error, STATUS_FAILED, "%s: %s; the folder must exist and be writable", path,
                      strerror(errno));
        } else {
            written = write_page(&view, folder, &list, &problem, out);
            written = !ferror(out) && written;
            written = fclose(out) == 0 && written;
            if (!written)
                error_set(error, STATUS_FAILED, "%s: cannot be written", path);
        }
    }
    free(path);
    figure_list_free(&list);
    view_free(&view);
    return written;
}
