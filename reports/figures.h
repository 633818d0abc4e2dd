/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef REPORTS_FIGURES_H
#define REPORTS_FIGURES_H

#include "reports/view.h"

enum { FIGURE_NAME_SIZE = 32 };

struct figure_entry {
    char name[FIGURE_NAME_SIZE]; /* "speedup", "stages_2": NAME.svg, NAME.pdf, NAME.gp, NAME.dat */
    char *caption;
};

struct figure_list {
    struct figure_entry *entries;
    int n;
};

/* Writes and draws all figures of the view; the list names them, also when gnuplot is not there. */
bool figures_draw(const struct view *view, const char *folder, struct figure_list *list, struct error *error);
void figure_list_free(struct figure_list *list);

#endif
