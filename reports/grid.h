/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef REPORTS_GRID_H
#define REPORTS_GRID_H

#include <stdbool.h>
#include <stdio.h>

/* A table under construction: rows of cells, and rows of running text across all columns. It is printed
 * for a terminal or as HTML. Columns in which no row has a cell are left out. */

enum { GRID_MAX_COLUMNS = 16 };

struct grid_column {
    const char *title;
    bool number; /* aligned right */
    int least;   /* columns that it may be squeezed to in a terminal; 0: never squeezed */
};

struct grid_row {
    bool text;   /* cells[0] runs across the table */
    bool strong; /* a total */
    int indent;  /* of the first cell, in columns */
    char *cells[GRID_MAX_COLUMNS];
};

struct grid {
    const struct grid_column *columns;
    int n_columns, n_rows, capacity;
    struct grid_row *rows;
    bool failed; /* out of memory: nothing more is added */
};

void grid_init(struct grid *grid, const struct grid_column *columns, int n_columns);
void grid_free(struct grid *grid);

/* Begins a row; later grid_cell calls fill it. */
void grid_row(struct grid *grid, int indent, bool strong);
void grid_cell(struct grid *grid, int column, const char *text);
void grid_text(struct grid *grid, int indent, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* At most `width` columns; names that had to be shortened are written out below the table. */
void grid_print(const struct grid *grid, int indent, int width, FILE *out);
void grid_print_html(const struct grid *grid, const char *caption, FILE *out);

/* Running text broken at spaces, each line indented. */
void print_wrapped(const char *text, int indent, int hanging, int width, FILE *out);

#endif
