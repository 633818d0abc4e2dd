/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reports/tables.h"
#include "reports/text.h"

enum column { ID, WHAT, PROVENANCE, REFERENCE, MODEL, ERROR, STATE };

static const struct grid_column columns[] = {
    [ID] = {"", false, 16},
    [WHAT] = {"figure", false, 34},
    [PROVENANCE] = {"provenance", false, 0},
    [REFERENCE] = {"reference", true, 0},
    [MODEL] = {"model", true, 0},
    [ERROR] = {"error %", true, 0},
    [STATE] = {"state", false, 0},
};

enum { SOURCES_MOST = 16 };

/* What is said once below the rows. */
struct remarks {
    const char *sources[SOURCES_MOST];
    int n_sources;
    const char *changed;
    bool layers_only, fit, missed, incomparable;
};

static int source_number(struct remarks *remarks, const char *source)
{
    int i = 0;
    while (i < remarks->n_sources && strcmp(remarks->sources[i], source))
        i++;
    if (i == SOURCES_MOST)
        return 0;
    if (i == remarks->n_sources)
        remarks->sources[remarks->n_sources++] = source;
    return i + 1;
}

static void figure_row(struct grid *grid, const json_t *entry, struct remarks *remarks)
{
    char text[TEXT_SIZE], own[TEXT_SIZE], other[TEXT_SIZE];
    const double value = record_number(entry, "value"), model = record_number(entry, "model");
    const double plus_minus = record_number(entry, "plus_minus");
    const char *over = record_text(entry, "over"), *of = record_text(entry, "of");
    const char *source = record_text(entry, "source"), *state = record_text(entry, "state");
    const char *provenance = record_text(entry, "provenance"), *changed = record_text(entry, "changed");
    const bool layers_only = json_is_true(record_get(entry, "layers_only"));
    grid_row(grid, 0, false);
    grid_cell(grid, ID, text_clean(record_text(entry, "id"), 32, text));
    snprintf(text, sizeof text, "%.20s%s%s%s%s%s", record_text(entry, "figure"), of ? " of " : "",
             of ? text_clean(of, 20, own) : "", over ? " over " : "", over ? text_clean(over, 20, other) : "",
             layers_only ? " *" : "");
    grid_cell(grid, WHAT, text);
    const int number = source ? source_number(remarks, source) : 0;
    snprintf(text, sizeof text, number ? "%.20s [%d]" : "%.20s",
             provenance ? text_clean(provenance, 20, own) : "", number);
    grid_cell(grid, PROVENANCE, text);
    format_number(value, own);
    /* What is printed has the precision of its last digit. */
    const bool read = plus_minus > 0 && provenance && !strcmp(provenance, "digitised");
    if (read)
        snprintf(text, sizeof text, "%.30s ±%.1g", own, plus_minus);
    grid_cell(grid, REFERENCE, read ? text : own);
    grid_cell(grid, MODEL, format_number(model, text));
    if (!isnan(model)) {
        snprintf(text, sizeof text, "%+.1f", 100 * (model / value - 1));
        grid_cell(grid, ERROR, text);
    }
    grid_cell(grid, STATE, state ? text_clean(state, 20, text) : "");
    remarks->layers_only |= layers_only;
    remarks->fit |= state && !strcmp(state, "fit");
    remarks->missed |= state && !strcmp(state, "missed");
    remarks->incomparable |= changed && isnan(model);
    if (changed)
        remarks->changed = changed;
}

/* Longer texts than text_clean takes, word by word. */
static const char *clean_words(const char *text, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    while (*text && used < size) {
        char word[TEXT_SIZE], clean[TEXT_SIZE];
        const int length = (int)strcspn(text, " ");
        snprintf(word, sizeof word, "%.*s", length, text);
        used += (size_t)snprintf(out + used, size - used, "%s%s", used ? " " : "",
                                 text_clean(word, TEXT_SIZE / 4 - 4, clean));
        text += length;
        text += strspn(text, " ");
    }
    return out;
}

static void remark_rows(struct grid *grid, const struct remarks *remarks)
{
    char text[512];
    for (int i = 0; i < remarks->n_sources; i++)
        grid_text(grid, 0, "[%d] %s", i + 1, clean_words(remarks->sources[i], text, sizeof text));
    if (remarks->layers_only)
        grid_text(
            grid, 0,
            "* layers only: the time of a layer times the number of layers, without embedding, last norm "
            "and head; the model's own time above has them");
    if (remarks->fit)
        grid_text(grid, 0, "fit: the law of the machine compared with was fitted to these very figures");
    if (remarks->missed)
        grid_text(grid, 0, "missed: by more than the source leaves open; 'mamba-bench validate' says why");
    if (remarks->changed)
        grid_text(grid, 0, "changed: priced with %s, for which the source has no figures",
                  clean_words(remarks->changed, text, sizeof text));
    if (remarks->incomparable)
        grid_text(grid, 0, "no model: the law of the machine compared with was fitted under other options");
}

bool table_published(const struct view *view, int index, struct grid *grid)
{
    bool any = false;
    grid_init(grid, columns, sizeof columns / sizeof *columns);
    for (int i = 0; i < view->n_series; i++) {
        const struct series *series = &view->series[i];
        const json_t *entry, *list = series->workload == index && series->model >= 0
                                         ? record_get(view->results[series->model].record, "published")
                                         : NULL;
        struct remarks remarks = {.n_sources = 0};
        bool named = false;
        size_t at;
        json_array_foreach(list, at, entry)
        {
            if (!record_text(entry, "id") || !record_text(entry, "figure") ||
                isnan(record_number(entry, "value")))
                continue;
            if (!named)
                grid_text(grid, 0, "%s", series->label);
            any = named = true;
            figure_row(grid, entry, &remarks);
        }
        remark_rows(grid, &remarks);
    }
    return any;
}
