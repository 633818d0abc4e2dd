/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/figures/kind.h"

enum { COMPARISON_MOST_ROWS = 96, COMPARISON_PAGE_ROWS = 56 };

/* Headings, what a platform was not compared with, or the bar of one variant of one unit against its
 * baseline. */
enum row_kind { ROW_WORKLOAD, ROW_PLATFORM, ROW_UNIT, ROW_BAR, ROW_SKIPPED };

struct comparison_row {
    const json_t *record; /* of a platform its first; null: the workload's heading */
    int workload;
    enum row_kind kind;
};

struct comparison_rows {
    struct comparison_row rows[COMPARISON_MOST_ROWS];
    int n, left_out;
    double low, high; /* of all intervals and 1 */
};

static void comparison_add(struct comparison_rows *rows, struct comparison_row row)
{
    if (rows->n == COMPARISON_MOST_ROWS)
        rows->left_out++;
    else
        rows->rows[rows->n++] = row;
}

/* A measured baseline has its control; a modelled one has its own bar. */
static bool is_own_bar(const json_t *record)
{
    return compared_as(record, "baseline") && !record_is(record, "provenance", "measured");
}

static double bar_ratio(const json_t *record)
{
    return compared_as(record, "baseline") ? 1 : record_number(record, "compare.ratio");
}

static void ratio_interval(const json_t *record, double *low, double *high)
{
    const json_t *interval = record_get(record, "compare.ci95");
    const double ratio = bar_ratio(record);
    const bool has = json_array_size(interval) == 2;
    *low = has ? json_number_value(json_array_get(interval, 0)) : ratio;
    *high = has ? json_number_value(json_array_get(interval, 1)) : ratio;
}

static bool same_platform(const json_t *a, const json_t *b)
{
    return record_same(a, b, "platform") && record_same(a, b, "device");
}

/* "skipped: blelloch, ssd", of the platform of that record, with the units that have no baseline; empty:
 * nothing was. */
static void skipped_text(const struct view *view, int workload, const json_t *first, char text[TEXT_SIZE])
{
    struct names names = {0};
    char shown[TEXT_SIZE];
    size_t i;
    json_t *record;
    json_array_foreach(view->set->records, i, record)
    {
        if (record_text(record, "compare.role") && record_text(record, "skipped") &&
            same_platform(record, first) && record_of_workload(record, &view->workloads[workload]))
            names_add(&names, compared_as(record, "baseline") ? unit_name(record) : variant_name(record));
    }
    text[0] = '\0';
    for (int n = 0; n < names.n; n++)
        snprintf(text + strlen(text), TEXT_SIZE - strlen(text), "%s%s",
                 n ? ", " : "skipped: ", text_clean(names.of[n], 60, shown));
    free(names.of);
}

/* A platform with nothing to show for it says why. */
static void end_platform(const struct view *view, int workload, const json_t *first, int bars,
                         struct comparison_rows *rows)
{
    char text[TEXT_SIZE];
    if (!first)
        return;
    skipped_text(view, workload, first, text);
    if (bars == 0 || *text)
        comparison_add(rows, (struct comparison_row){first, workload, ROW_SKIPPED});
}

static void list_workload(const struct view *view, int workload, struct comparison_rows *rows)
{
    const json_t *first = NULL; /* of the platform */
    int bars = 0;
    size_t i;
    json_t *record;
    comparison_add(rows, (struct comparison_row){.workload = workload});
    json_array_foreach(view->set->records, i, record)
    {
        double low, high;
        if (!record_text(record, "compare.role") || !record_of_workload(record, &view->workloads[workload]))
            continue;
        if (!first || !same_platform(record, first)) {
            end_platform(view, workload, first, bars, rows);
            comparison_add(rows, (struct comparison_row){record, workload, ROW_PLATFORM});
            first = record;
            bars = 0;
        }
        if (!has_time(record))
            continue;
        if (compared_as(record, "baseline"))
            comparison_add(rows, (struct comparison_row){record, workload, ROW_UNIT});
        if (is_own_bar(record))
            comparison_add(rows, (struct comparison_row){record, workload, ROW_BAR});
        if (!has_ratio(record))
            continue;
        bars++;
        comparison_add(rows, (struct comparison_row){record, workload, ROW_BAR});
        ratio_interval(record, &low, &high);
        if (low > 0) {
            rows->low = fmin(rows->low, low);
            rows->high = fmax(rows->high, high);
        }
    }
    end_platform(view, workload, first, bars, rows);
}

static void comparison_list(const struct view *view, const struct page *page, struct comparison_rows *rows)
{
    *rows = (struct comparison_rows){.low = 1, .high = 1};
    for (int p = 0; p < page->n; p++)
        list_workload(view, page->workloads[p], rows);
}

/* What 1 is, behind the unit. Returns the room for that. */
static double heading_rest(const json_t *record, char rest[TEXT_SIZE])
{
    char time[TEXT_SIZE], baseline[TEXT_SIZE];
    format_quantity(record_number(record, "time_s.median"), "s", time);
    snprintf(rest, TEXT_SIZE, ": 1 = %.120s, %.40s", text_fit(variant_name(record), page_width / 3, baseline),
             time);
    return page_width - 2 * edge - 8 - text_points(rest);
}

static void unit_heading(const struct figure *figure, const json_t *record, double y)
{
    char rest[TEXT_SIZE], unit[TEXT_SIZE], text[2 * TEXT_SIZE];
    const double room = heading_rest(record, rest);
    snprintf(text, sizeof text, "%s%s", text_fit(unit_name(record), room, unit), rest);
    figure_label(figure, edge + 8, y, "left", text);
}

static void platform_heading(const struct figure *figure, const json_t *record, double y)
{
    char shown[TEXT_SIZE], *text;
    const char *device = record_text(record, "device");
    if (asprintf(&text, "%s%s%s", record_text(record, "platform"), device ? ":" : "", device ? device : "") <
        0)
        return;
    figure_label(figure, edge + 4, y, "left", text_fit(text, page_width - 2 * edge - 4, shown));
    free(text);
}

static const char *comparison_text(const json_t *record, char text[TEXT_SIZE])
{
    const char *verdict = is_own_bar(record) ? "baseline" : record_text(record, "compare.verdict");
    char shown[TEXT_SIZE];
    format_number(bar_ratio(record), text);
    snprintf(text + strlen(text), TEXT_SIZE - strlen(text), "\xc3\x97 %s", text_clean(verdict, 12, shown));
    return text;
}

static void comparison_bar(struct figure *figure, const json_t *record, int row, bool logarithmic)
{
    const double ratio = bar_ratio(record);
    char value[TEXT_SIZE];
    double low, high;
    ratio_interval(record, &low, &high);
    figure_block(figure, variant_name(record));
    fprintf(figure->dat, "%.9g %.9g %.1f %.9g %.9g", logarithmic ? fmin(1, ratio) : 0,
            logarithmic ? fmax(1, ratio) : ratio, row + 0.5, low, high);
    figure_data_name(figure, variant_name(record));
    figure_ratio_bar(figure, variant_colour(figure->palette, record), look_of(record), ratio, low, high, row,
                     comparison_text(record, value));
}

static int comparison_height(const struct view *view, int workload)
{
    struct comparison_rows *rows = malloc(sizeof *rows);
    const struct page page = {.workloads = {workload}, .n = 1};
    if (!rows)
        return COMPARISON_MOST_ROWS;
    comparison_list(view, &page, rows);
    const int height = rows->n;
    free(rows);
    return height;
}

/* A run in which all variants but the baseline were skipped has a figure, too. */
static bool compares_or_skips(const struct view *view, int workload)
{
    size_t i;
    json_t *record;
    json_array_foreach(view->set->records, i, record)
    {
        if (record_compares(record) && is_own_bar(record) &&
            record_of_workload(record, &view->workloads[workload]))
            return true;
    }
    return workload_compared(view, workload);
}

static const char *skipped_row(const struct view *view, const struct comparison_row *row,
                               char text[TEXT_SIZE])
{
    skipped_text(view, row->workload, row->record, text);
    if (!*text)
        snprintf(text, TEXT_SIZE, "nothing to compare with");
    return text;
}

static bool draw_comparison(struct figure *figure, struct error *error)
{
    struct comparison_rows *rows = malloc(sizeof *rows);
    char shown[TEXT_SIZE];
    double longest = text_points("A/A control"), widest = text_points("1.00\xc3\x97");
    if (!rows)
        return error_set(error, STATUS_FAILED, "%s/%s: out of memory", figure->folder, figure->name);
    comparison_list(figure->view, figure->page, rows);
    for (int i = 0; i < rows->n; i++)
        if (rows->rows[i].kind == ROW_BAR) {
            longest = fmax(longest, text_points(variant_name(rows->rows[i].record)));
            widest = fmax(widest, text_points(comparison_text(rows->rows[i].record, shown)));
        }
    const double room = name_room(longest), plot_height = rows->n * pitch;
    const double left = edge + 12 + room, right = page_width - edge - 5 - widest;
    const bool logarithmic = rows->high / rows->low > 10;
    const double skipped_room = page_width - 2 * edge - 8;
    bool few = false;
    for (int i = 0; i < rows->n; i++) {
        const json_t *record = rows->rows[i].record;
        char rest[TEXT_SIZE];
        if (rows->rows[i].kind == ROW_BAR)
            figure_fit(figure, variant_name(record), room, shown);
        else if (rows->rows[i].kind == ROW_UNIT)
            figure_fit(figure, unit_name(record), heading_rest(record, rest), shown);
        else if (rows->rows[i].kind == ROW_SKIPPED)
            figure_fit(figure, skipped_row(figure->view, &rows->rows[i], rest), skipped_room, shown);
        few |= rows->rows[i].kind == ROW_BAR && record_number(record, "time_s.coverage") < 0.95;
    }
    if (few)
        lines_add(&figure->notes, "fewer than 6 rounds: every verdict on measured times is AMBIGUOUS");
    if (rows->left_out)
        lines_add(&figure->notes, "not shown: %d rows more, see the table", rows->left_out);
    if (!figure_open(
            figure, plot_height + 26,
            "columns: from, to, row, low, high (the baseline's time over the variant's, 95 % interval), "
            "variant",
            error)) {
        free(rows);
        return false;
    }
    figure_area(figure, left, right, figure->top, figure->top + plot_height);
    figure_ratio_axis(figure, logarithmic ? fmax(rows->low, rows->high * 1e-6) / 1.25 : 0,
                      rows->high * (logarithmic ? 1.1 : 1.05), logarithmic, rows->n, right - left,
                      "times as fast as the baseline");
    for (int i = 0; i < rows->n; i++) {
        const struct comparison_row *row = &rows->rows[i];
        const double y = figure->top + (i + 0.5) * pitch;
        char text[TEXT_SIZE];
        switch (row->kind) {
        case ROW_WORKLOAD:
            figure_workload(figure, row->workload, y);
            break;
        case ROW_PLATFORM:
            platform_heading(figure, row->record, y);
            break;
        case ROW_UNIT:
            unit_heading(figure, row->record, y);
            break;
        case ROW_SKIPPED:
            figure_label(figure, edge + 8, y, "left",
                         text_fit(skipped_row(figure->view, row, text), skipped_room, shown));
            break;
        case ROW_BAR:
            figure_label(figure, left - 5, y, "right", text_fit(variant_name(row->record), room, shown));
            comparison_bar(figure, row->record, i, logarithmic);
            break;
        }
    }
    free(rows);
    return true;
}

const struct figure_kind figure_comparison = {
    .name = "comparison",
    .title = "Variants compared",
    .caption = "Time of each unit's baseline over that of the variant, of measured ones the median "
               "over rounds of each round's ratio; more than 1 is faster. Whiskers are its 95 % "
               "interval; what is modelled has none. What is measured has the baseline once more, "
               "the A/A control.",
    .mark = BARS,
    .whiskers = true,
    .most = 6,
    .most_rows = COMPARISON_PAGE_ROWS,
    .rows = comparison_height,
    .together = same_model,
    .shows = record_compares,
    .wanted = compares_or_skips,
    .draw = draw_comparison,
};
