/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/figures/kind.h"

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

static bool published_entry(const json_t *entry)
{
    const char *figure = record_text(entry, "figure");
    return figure && !strcmp(figure, "speedup") && record_text(entry, "over") &&
           record_number(entry, "value") > 0 && record_number(entry, "model") > 0;
}

static bool published_shows(const json_t *record)
{
    const json_t *entry;
    size_t at;
    json_array_foreach(record_get(record, "published"), at, entry)
    {
        if (published_entry(entry))
            return true;
    }
    return false;
}

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
            if (published_entry(entry) && list->n < PUBLISHED_MOST)
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

static const char *published_text(const struct published_entry *entry, bool model, char text[2 * TEXT_SIZE])
{
    char number[TEXT_SIZE], remark[TEXT_SIZE];
    snprintf(text, 2 * TEXT_SIZE, "%s%s",
             format_number(record_number(entry->entry, model ? "model" : "value"), number),
             published_remark(entry, model, remark));
    return text;
}

/* Half a row high: published above, modelled below; as a share of the longest of its block. */
static void published_bar(struct figure *figure, bool model, const struct published_entry *entry,
                          double longest, double top, const char *colour)
{
    const double value = record_number(entry->entry, model ? "model" : "value");
    const int look = model ? MODELLED : PUBLISHED;
    const char *layers[] = {looks[look].fill, looks[look].over};
    char text[2 * TEXT_SIZE];
    figure_block(figure, looks[look].provenance);
    fprintf(figure->dat, "%.9g %.9g %.2f", value, longest, top + 0.22);
    figure_data_name(figure, record_text(entry->entry, "id"));
    for (int i = 0; i < 2 && layers[i]; i++)
        figure_draw(
            figure,
            "using ($1/$2/2):3:(0):($1/$2):($3-0.21):($3+0.21) with boxxyerror fillcolor rgb '%s' fillstyle "
            "%s noborder",
            colour, layers[i]);
    fputs("set label ", figure->gp);
    write_gnuplot(figure->gp, published_text(entry, model, text));
    fprintf(figure->gp, " at first %.9g, first %.2f left offset character 0.4,0\n", value / longest,
            top + 0.22);
}

static bool draw_published(struct figure *figure, struct error *error)
{
    const struct view *view = figure->view;
    struct published_list list = {.n = 0};
    int blocks = 0;
    char text[2 * TEXT_SIZE + 80], shown[2 * TEXT_SIZE];
    double widest = 0;
    for (int i = 0; i < figure->page->n; i++)
        published_find(view, figure->page->workloads[i], &list);
    for (int i = 0; i < list.n; i++) {
        bool first = true;
        for (int k = 0; k < i; k++)
            first &= !same_machines(&list.entries[k], &list.entries[i]);
        blocks += first;
        for (int model = 0; model < 2; model++)
            widest = fmax(widest, text_points(published_text(&list.entries[i], model, shown)));
    }
    const double row_height = line_height * 1.7, plot_height = (list.n + 0.7 * blocks) * row_height;
    const double left = edge + 52;
    figure->occurs[PUBLISHED] = figure->occurs[MODELLED] = true;
    figure->occurs[MEASURED] = false;
    if (!figure_open(figure, plot_height + 16,
                     "columns: speed-up, longest of its block, row, figure; published above modelled", error))
        return false;
    figure_area(figure, left, page_width - edge - 5 - widest, figure->top, figure->top + plot_height);
    fprintf(figure->gp, "set xrange [0:1]\nset yrange [%.2f:0]\nunset ytics\nset border 0\nunset xtics\n",
            list.n + 0.7 * blocks);
    figure_label(figure, page_width / 2, figure->top + plot_height + 8, "center",
                 "speed-up, a scale for each pair of machines");
    double row = 0;
    for (int i = 0; i < list.n; i++) {
        if (list.entries[i].drawn)
            continue;
        const struct published_entry *first = &list.entries[i];
        const char *of = record_text(first->entry, "of"), *whose = of ? of : first->series->label;
        char one[TEXT_SIZE], other[TEXT_SIZE];
        snprintf(text, sizeof text, "%s over %s, %s", text_fit(whose, 0.5 * page_width, one),
                 text_fit(record_text(first->entry, "over"), 0.3 * page_width, other),
                 view->workloads[first->workload].phase);
        figure_label(figure, edge, figure->top + (row + 0.4) * row_height, "left", text);
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
                figure_label(figure, left - 5, figure->top + (row + 0.44) * row_height, "right",
                             mean ? "mean" : text);
                published_bar(figure, false, entry, longest, row, platform_colour(figure->palette, whose));
                published_bar(figure, true, entry, longest, row + 0.44,
                              platform_colour(figure->palette, whose));
                row += 1;
            }
    }
    return true;
}

const struct figure_kind figure_published = {
    .name = "published",
    .title = "Published speed-ups",
    .caption = "Speed-ups as a device's source prints or draws them (above) and as the model gives "
               "them (below), with the machines that the source compares with as laws of their own, "
               "each pair of machines on a scale of its own; 'mamba-bench validate' lists these and "
               "what the source leaves open.",
    .mark = BARS,
    .most = 6,
    .together = same_model,
    .shows = published_shows,
    .wanted = published_wanted,
    .draw = draw_published,
};
