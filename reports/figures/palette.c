/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "reports/figures/palette.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/figures/kind.h"

/* Lines and bars of platforms and variants go round the first of the colours, which stand out from white. */
enum { CYCLE = 7 };

static const struct {
    const char *rgb, *text; /* of a letter on it */
} colours[COLOURS] = {{"#0072B2", "#ffffff"}, {"#E69F00", "#000000"}, {"#009E73", "#ffffff"},
                      {"#CC79A7", "#000000"}, {"#56B4E9", "#000000"}, {"#D55E00", "#ffffff"},
                      {"#000000", "#ffffff"}, {"#F0E442", "#000000"}};
const char baseline_colour[] = "#555555", other_colour[] = "#999999";

int names_find(const struct names *names, const char *name)
{
    int i = 0;
    while (i < names->n && strcmp(names->of[i], name) != 0)
        i++;
    return i < names->n ? i : -1;
}

void names_add(struct names *names, const char *name)
{
    if (!name || names_find(names, name) >= 0)
        return;
    const char **grown = realloc(names->of, (names->n + 1) * sizeof *grown);
    if (!grown) {
        names->failed = true;
        return;
    }
    names->of = grown;
    names->of[names->n++] = name;
}

/* Kernels have the colour of their variant, whatever their family. */
static const char *coloured_name(const json_t *record)
{
    const char *name = variant_name(record), *what = record_text(record, "compare.what");
    const char *slash = name && what && strcmp(what, "kernel") == 0 ? strrchr(name, '/') : NULL;
    return slash ? slash + 1 : name;
}

static bool palette_units(const struct view *view, struct palette *palette)
{
    struct {
        const char *name;
        double share; /* the largest in any series */
        bool chosen;
    } *units = calloc(view->n_results + 1, sizeof *units);
    int n = 0;
    if (!units)
        return false;
    for (int i = 0; i < view->n_results; i++) {
        const struct result *result = &view->results[i];
        if (!result->part || result->skipped)
            continue;
        int at = 0;
        while (at < n && strcmp(units[at].name, result->name) != 0)
            at++;
        if (at == n)
            units[n++].name = result->name;
        if (result->time_s > 0)
            units[at].share = fmax(units[at].share,
                                   result->time_s * result->repeats / view->series[result->series].parts_s);
    }
    for (int k = 0; k < COLOURS && k < n; k++) {
        int best = -1;
        for (int i = 0; i < n; i++)
            if (!units[i].chosen && (best < 0 || units[i].share > units[best].share))
                best = i;
        units[best].chosen = true;
    }
    for (int i = 0; i < n; i++)
        if (units[i].chosen)
            palette->units[palette->n_units++] = units[i].name;
    free(units);
    return true;
}

void palette_free(struct palette *palette)
{
    free(palette->baselines.of);
    free(palette->platforms.of);
    free(palette->variants.of);
}

bool palette_build(const struct view *view, struct palette *palette)
{
    size_t i;
    json_t *record, *entry;
    *palette = (struct palette){0};
    for (int w = 0; w < view->n_workloads; w++) {
        int baseline = view->workloads[w].baseline;
        for (int s = 0; s < view->n_series && baseline < 0; s++)
            if (view->series[s].workload == w &&
                !strcmp(record_text(view->series[s].record, "platform"), "cpu"))
                baseline = s;
        if (baseline >= 0)
            names_add(&palette->baselines, view->series[baseline].label);
    }
    for (int s = 0; s < view->n_series; s++)
        if (names_find(&palette->baselines, view->series[s].label) < 0)
            names_add(&palette->platforms, view->series[s].label);
    json_array_foreach(view->set->records, i, record)
    {
        size_t at;
        if (compared_as(record, "variant"))
            names_add(&palette->variants, coloured_name(record));
        json_array_foreach(record_get(record, "published"), at, entry)
        {
            names_add(&palette->platforms, record_text(entry, "of"));
        }
    }
    return palette_units(view, palette) && !palette->baselines.failed && !palette->platforms.failed &&
           !palette->variants.failed;
}

static const char *cycle_colour(int index)
{
    return index < 0 ? other_colour : colours[index % CYCLE].rgb;
}

const char *platform_colour(const struct palette *palette, const char *label)
{
    return names_find(&palette->baselines, label) >= 0 ? baseline_colour
                                                       : cycle_colour(names_find(&palette->platforms, label));
}

const char *variant_colour(const struct palette *palette, const json_t *record)
{
    if (compared_as(record, "baseline"))
        return baseline_colour;
    return compared_as(record, "control")
               ? other_colour
               : cycle_colour(names_find(&palette->variants, coloured_name(record)));
}

int unit_index(const struct palette *palette, const char *unit)
{
    for (int i = 0; i < palette->n_units; i++)
        if (strcmp(palette->units[i], unit) == 0)
            return i;
    return -1;
}

const char *unit_colour(int unit)
{
    return unit < 0 ? other_colour : colours[unit].rgb;
}

const char *unit_text_colour(int unit)
{
    return colours[unit].text;
}
