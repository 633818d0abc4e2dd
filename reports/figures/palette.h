/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef REPORTS_FIGURES_PALETTE_H
#define REPORTS_FIGURES_PALETTE_H

#include "reports/view.h"

/* Okabe and Ito's colours, which the colour-blind can tell apart. */
enum { COLOURS = 8 };
extern const char baseline_colour[], other_colour[];

/* Different names in the order in which they came. */
struct names {
    const char **of;
    int n;
    bool failed;
};

/* What has the same name has the same colour in all figures of a report. */
struct palette {
    struct names baselines, platforms; /* labels of series, and machines that sources compare with */
    struct names variants;
    const char *units[COLOURS]; /* those with the largest shares, in the order of a layer */
    int n_units;
};

/* -1 when it is not there. */
int names_find(const struct names *names, const char *name);
void names_add(struct names *names, const char *name);

/* False: out of memory. To be freed in either case. */
bool palette_build(const struct view *view, struct palette *palette);
void palette_free(struct palette *palette);

/* Of a series' label, or of a machine that a source names. */
const char *platform_colour(const struct palette *palette, const char *label);
/* Of a record of a comparison. */
const char *variant_colour(const struct palette *palette, const json_t *record);
/* Of a unit's index in the palette, -1: one without a colour of its own; and of a letter on it. */
int unit_index(const struct palette *palette, const char *unit);
const char *unit_colour(int unit);
const char *unit_text_colour(int unit);

#endif
