/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef REPORTS_FIGURES_DRAWING_H
#define REPORTS_FIGURES_DRAWING_H

#include "reports/figures/palette.h"
#include "reports/text.h"

/* Figures are one paper column wide, with type that is legible there; everything is a vector, so two
 * columns and a screen only make it larger. Lengths are in points, y from the top of the figure. */
static const double page_width = 252, line_height = 9.5, type_size = 7, edge = 4;
static const double pitch = 9.5 * 1.25; /* of rows of bars */

enum { PAGE_MOST = 64, WIDEST_LINE = 60 };

/* How a mark says where its number comes from: a bar by its fill, a line by its dashes, a point by being
 * filled. */
struct look {
    const char *provenance, *fill, *over;
    int dash;
    bool filled;
};
enum { MEASURED, SIMULATED, MODELLED, PUBLISHED, LOOKS };
extern const struct look looks[LOOKS];

enum mark { BARS, LINES, POINTS };

/* Texts broken to the figure's width. */
struct lines {
    char (*text)[TEXT_SIZE];
    int n;
    bool failed; /* out of memory */
};

/* One figure's share of the records: workloads of the same model. */
struct page {
    int workloads[PAGE_MOST];
    int n;
};

struct figure {
    const struct view *view;
    const struct page *page;
    const struct palette *palette;
    const char *folder, *name;
    char title[TEXT_SIZE];
    struct lines head, notes;
    enum mark mark;
    bool occurs[LOOKS];
    double top;    /* first free y below the head */
    double bottom; /* where the notes begin */
    double height;
    int blocks;  /* data blocks written */
    int clauses; /* of the plot command */
    FILE *dat, *gp;
    FILE *plot; /* the plot command, collected while data is written */
    char *plot_text;
    size_t plot_size;
};

/* Text. Widths are those of its type. */

double text_points(const char *text);
/* As much of a text as fits. */
const char *text_fit(const char *text, double points, char shown[TEXT_SIZE]);
/* Broken between phrases, which semicolons part, and at spaces where one line cannot hold a phrase. */
void lines_add(struct lines *lines, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Fits a name and writes it out below the figure where that shortened it. Before figure_open. */
const char *figure_fit(struct figure *figure, const char *name, double points, char shown[TEXT_SIZE]);

/* The figure's files. Notes and lines of the head are added before it is opened. */

/* Opens a figure of that height between head and notes, and draws these. */
bool figure_open(struct figure *figure, double height, const char *columns, struct error *error);
bool figure_close(struct figure *figure, struct error *error);
/* Closes and frees everything, also after figure_close. */
bool figure_abandon(struct figure *figure);

/* Marks and texts at points of the figure. */

void figure_label(const struct figure *figure, double x, double y, const char *align, const char *text);
void figure_swatch(const struct figure *figure, double x, double y, const char *colour, int look);
void figure_stroke(const struct figure *figure, double x0, double y0, double x1, double y1,
                   const char *colour, double width, int dash);
void figure_point(const struct figure *figure, double x, double y, const char *colour, int type);
void figure_line_sample(const struct figure *figure, double x, double y, const char *colour, int look,
                        int shape);
int look_of(const json_t *record);
int figure_point_type(int shape, int look);

/* Axes. */

void figure_area(const struct figure *figure, double left, double right, double top, double bottom);
void figure_x_name(const struct figure *figure, const char *text);
/* Set along the axis. */
void figure_y_name(const struct figure *figure, double top, double bottom, const char *text);
/* Begins a list of tics of the axis 'x' or 'y', which the caller writes and ends. */
void figure_tics(const struct figure *figure, char axis);
/* From 0 on, as many as do not touch in so much room. */
void figure_linear_tics(const struct figure *figure, char axis, double high, double points);
/* Powers of ten, and what lies between where there are few of them. */
void figure_log_tics(const struct figure *figure, char axis, double low, double high, double points);
/* Seconds in the unit that suits most of the axis. */
double time_scale(double low, double high, const char **unit);

struct extent {
    double x0, x1, y0, y1;
};
void extent_add(struct extent *extent, double x, double y);

/* Data. A block is begun, written to figure->dat and drawn. */

void figure_block(struct figure *figure, const char *what);
/* Ends a line of data with the name of what it is about, for the reader. */
void figure_data_name(const struct figure *figure, const char *name);
/* Adds a drawing of the last block to the plot command. */
void figure_draw(struct figure *figure, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Bars of "from to row". */
void figure_boxes(struct figure *figure, const char *colour, int look);
/* Points of "x y low high", joined; y in seconds, drawn times scale. */
void figure_line(struct figure *figure, const char *colour, int look, int shape, double scale);

/* Rows of bars. */

double longest_label(const struct view *view, const struct page *page);
/* Room for names of bars, and the names in it. */
double name_room(double longest);
void figure_note_labels(struct figure *figure, double room);
/* A line above a workload's bars. Returns where it ends. */
double figure_workload(const struct figure *figure, int index, double y);
void figure_ratio_axis(const struct figure *figure, double low, double high, bool logarithmic, int rows,
                       double width, const char *name);
/* The bar of a ratio in the last block ("from to row low high"), its interval, and the line at 1. */
void figure_ratio_bar(struct figure *figure, const char *colour, int look, double ratio, double low,
                      double high, int row, const char *text);

/* Which units of the palette a figure shows. */
struct legend {
    bool unit[COLOURS];
    struct names others;
    int n;
};
void legend_add(const struct palette *palette, const char *unit, struct legend *legend);
int legend_rows(const struct legend *legend);
void legend_note(struct figure *figure, const struct legend *legend);
/* In two columns, by colour and letter. */
void legend_draw(const struct figure *figure, const struct legend *legend, double y);

#endif
