/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "reports/figures.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "reports/figures/kind.h"
#include "reports/gnuplot.h"

/* All kinds, in the order of the page. */
#define KINDS(K) K(comparison) K(lengths) K(recompute) K(speedup) K(published) K(stages) K(roofline)

#define DECLARE(name) extern const struct figure_kind figure_##name;
KINDS(DECLARE)

#define ENTRY(name) &figure_##name,
static const struct figure_kind *const kinds[] = {KINDS(ENTRY)};

static void append(char text[4 * TEXT_SIZE], const char *format, ...) __attribute__((format(printf, 2, 3)));
static void append(char text[4 * TEXT_SIZE], const char *format, ...)
{
    const size_t used = strlen(text);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text + used, 4 * TEXT_SIZE - used, format, arguments);
    va_end(arguments);
}

static bool shown_here(const struct figure *figure, const struct figure_kind *kind, int workload,
                       const json_t *record)
{
    return on_page(figure->page, workload) && kind->shows(record) &&
           record_of_workload(record, &figure->view->workloads[workload]);
}

/* "prefill, batch 1, 64/96/128 tokens": all workloads that differ in length only. */
static void lengths_text(const struct figure *figure, int first, char text[4 * TEXT_SIZE])
{
    enum { LISTED = 8 };
    const struct view *view = figure->view;
    const struct workload *own = &view->workloads[figure->page->workloads[first]];
    double least = INFINITY, most = 0;
    int n = 0;
    char list[TEXT_SIZE] = "";
    for (int i = first; i < figure->page->n; i++) {
        const struct workload *other = &view->workloads[figure->page->workloads[i]];
        if (!length_together(own, other) || (own->context > 0) != (other->context > 0))
            continue;
        const double length = workload_length(other);
        least = fmin(least, length);
        most = fmax(most, length);
        if (n++ < LISTED)
            snprintf(list + strlen(list), sizeof list - strlen(list), "%s%.0f", n > 1 ? "/" : "", length);
    }
    append(text, "%s, batch %lld, ", own->phase, (long long)own->batch);
    if (own->context > 0)
        append(text, "%lld token%s after ", (long long)own->seqlen, own->seqlen == 1 ? "" : "s");
    if (n > LISTED)
        append(text, "%.0f to %.0f", least, most);
    else
        append(text, "%s", list);
    if (own->context == 0)
        append(text, " token%s", n == 1 && most == 1 ? "" : "s");
}

/* Workloads, precision and threads of all that the figure shows, and where it comes from. */
static void head_text(struct figure *figure, const struct figure_kind *kind, const char *origin)
{
    const struct view *view = figure->view;
    struct names precisions = {0};
    char text[4 * TEXT_SIZE] = "", shown[TEXT_SIZE];
    double threads[COLOURS], least = 1;
    int n_threads = 0;
    bool single = false;
    size_t i;
    json_t *record;
    for (int p = 0; p < figure->page->n; p++) {
        bool told = false;
        for (int before = 0; before < p; before++)
            told |= differ_in_length(&view->workloads[figure->page->workloads[before]],
                                     &view->workloads[figure->page->workloads[p]]);
        if (told)
            continue;
        if (*text)
            append(text, "; ");
        lengths_text(figure, p, text);
    }
    json_array_foreach(view->set->records, i, record)
    {
        bool here = false;
        for (int p = 0; p < figure->page->n && !here; p++)
            here = shown_here(figure, kind, figure->page->workloads[p], record);
        if (!here)
            continue;
        const double own = record_number(record, "threads"),
                     coverage = record_number(record, "time_s.coverage");
        const bool once = record_number(record, "time_s.n") < 2;
        int at = 0;
        single |= once && coverage < 0.95;
        if (!once)
            least = fmin(least, coverage);
        figure->occurs[look_of(record)] = true;
        names_add(&precisions, record_text(record, "plan.precision"));
        while (at < n_threads && threads[at] != own)
            at++;
        if (!isnan(own) && at == n_threads && n_threads < COLOURS)
            threads[n_threads++] = own;
    }
    for (int p = 0; p < precisions.n; p++)
        append(text, "%s%s", p ? "/" : "; ", text_clean(precisions.of[p], 16, shown));
    for (int t = 0; t < n_threads; t++)
        append(text, "%s%.0f", t ? "/" : "; ", threads[t]);
    if (n_threads)
        append(text, " thread%s", n_threads == 1 && threads[0] == 1 ? "" : "s");
    lines_add(&figure->head, "%s; %s", text, origin);
    if (kind->whiskers && single)
        lines_add(&figure->notes, "one repetition: no interval");
    if (kind->whiskers && least < 0.95)
        lines_add(&figure->notes, "few repetitions: intervals cover %.0f %%, not 95 %%", 100 * least);
    figure->head.failed |= precisions.failed;
    free(precisions.of);
}

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

static bool draw_page(const struct view *view, const struct palette *palette, const struct figure_kind *kind,
                      const struct page *page, int number, const char *origin, const char *folder,
                      struct figure_list *list, struct error *error)
{
    char name[FIGURE_NAME_SIZE], shown[TEXT_SIZE];
    const char *model = view->workloads[page->workloads[0]].model;
    struct figure figure = {
        .view = view, .page = page, .palette = palette, .folder = folder, .name = name, .mark = kind->mark};
    if (number > 1)
        snprintf(name, sizeof name, "%s_%d", kind->name, number);
    else
        snprintf(name, sizeof name, "%s", kind->name);
    snprintf(figure.title, sizeof figure.title, "%s: %s", kind->title, text_clean(model, 40, shown));
    if (!list_add(list, name, kind->caption, model))
        return error_set(error, STATUS_FAILED, "%s/%s: out of memory", folder, name);
    head_text(&figure, kind, origin);
    const bool drawn = kind->draw(&figure, error) && figure_close(&figure, error);
    figure_abandon(&figure);
    return drawn;
}

/* Workloads that belong together are drawn together, as many as fit. */
static bool draw_kind(const struct view *view, const struct palette *palette, const struct figure_kind *kind,
                      const char *origin, const char *folder, struct figure_list *list, struct error *error)
{
    bool *done = calloc(view->n_workloads + 1, sizeof *done);
    int number = 0, rows;
    bool drawn = done || error_set(error, STATUS_FAILED, "%s: out of memory", folder);
    for (int i = 0; drawn && i < view->n_workloads; i++) {
        struct page page = {.n = 0};
        rows = 0;
        for (int k = i; k < view->n_workloads && page.n < kind->most; k++)
            if (!done[k] && kind->together(&view->workloads[i], &view->workloads[k]) &&
                kind->wanted(view, k)) {
                rows += kind->rows ? kind->rows(view, k) : 0;
                if (page.n > 0 && rows > kind->most_rows)
                    break;
                done[k] = true;
                page.workloads[page.n++] = k;
            }
        if (page.n > 0)
            drawn = draw_page(view, palette, kind, &page, ++number, origin, folder, list, error);
    }
    free(done);
    return drawn;
}

bool figures_draw(const struct view *view, const char *folder, struct figure_list *list, struct error *error)
{
    struct palette palette;
    *list = (struct figure_list){0};
    char *origin = view_origin(view);
    const bool coloured = palette_build(view, &palette);
    bool drawn = (origin && coloured) || error_set(error, STATUS_FAILED, "%s: out of memory", folder);
    for (size_t i = 0; drawn && i < sizeof kinds / sizeof *kinds; i++)
        drawn = draw_kind(view, &palette, kinds[i], origin, folder, list, error);
    free(origin);
    palette_free(&palette);
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
