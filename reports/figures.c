/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "reports/figures.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "reports/gnuplot.h"
#include "reports/text.h"

/* Figures are one paper column wide, with type that is legible there; everything is a vector, so two
 * columns and a screen only make it larger. Lengths are in points, y from the top of the figure. */
static const double page_width = 252, line_height = 9.5, type_size = 7, title_size = 7.9, edge = 4;

enum { PAGE_MOST = 64, COLOURS = 8, CYCLE = 7, WIDEST_LINE = 60 };

/* Okabe and Ito's colours, which the colour-blind can tell apart. Lines and bars of platforms and variants
 * go round the first CYCLE, which stand out from white. */
static const struct {
    const char *rgb, *text; /* of a letter on it */
} colours[COLOURS] = {{"#0072B2", "#ffffff"}, {"#E69F00", "#000000"}, {"#009E73", "#ffffff"},
                      {"#CC79A7", "#000000"}, {"#56B4E9", "#000000"}, {"#D55E00", "#ffffff"},
                      {"#000000", "#ffffff"}, {"#F0E442", "#000000"}};
static const char baseline_colour[] = "#555555", other_colour[] = "#999999";

/* How a mark says where its number comes from: a bar by its fill, a line by its dashes, a point by being
 * filled. */
static const struct {
    const char *provenance, *fill, *over;
    int dash;
    bool filled;
} looks[] = {
    {"measured", "solid 1.0", NULL, 1, true},
    {"simulated", "solid 0.3", "transparent pattern 5", 2, false},
    {"modelled", "solid 0.3", "transparent pattern 4", 3, false},
    {"published", "solid 0.3", "transparent pattern 1", 4, false},
};
enum { MEASURED, MODELLED = 2, PUBLISHED, LOOKS };

/* Filled and open points of one shape. */
static const int shapes[][2] = {{7, 6}, {5, 4}, {9, 8}, {13, 12}, {11, 10}, {15, 14}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

enum mark { BARS, LINES, POINTS };

/* Texts broken to the figure's width. */
struct lines {
    char (*text)[TEXT_SIZE];
    int n;
    bool failed; /* out of memory */
};

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

/* Text */

static double text_points(const char *text)
{
    return type_size * text_ems(text);
}

/* As much of a text as fits. */
static const char *fit(const char *text, double points, char shown[TEXT_SIZE])
{
    int columns = WIDEST_LINE;
    while (text_points(text_clean(text, columns, shown)) > points && columns > 1)
        columns--;
    return shown;
}

static void lines_push(struct lines *lines, const char *text)
{
    char(*grown)[TEXT_SIZE] = realloc(lines->text, (lines->n + 1) * sizeof *grown);
    if (!grown) {
        lines->failed = true;
        return;
    }
    lines->text = grown;
    snprintf(lines->text[lines->n++], TEXT_SIZE, "%s", text);
}

static bool fits_line(const char *text)
{
    return text_points(text) <= page_width - 2 * edge && text_columns(text) <= WIDEST_LINE;
}

/* Puts text behind what is on a line already, or that into the list and the text on the next line. */
static void line_append(struct lines *lines, char line[TEXT_SIZE], const char *between, const char *text)
{
    char with[2 * TEXT_SIZE + 4];
    snprintf(with, sizeof with, "%s%s%.255s", line, *line ? between : "", text);
    if (*line && !fits_line(with)) {
        lines_push(lines, line);
        snprintf(with, sizeof with, "%.255s", text);
    }
    snprintf(line, TEXT_SIZE, "%.255s", with);
}

/* Broken between phrases, which semicolons part, and at spaces where one line cannot hold a phrase. */
__attribute__((format(printf, 2, 3))) static void lines_add(struct lines *lines, const char *format, ...)
{
    char line[TEXT_SIZE] = "", shown[TEXT_SIZE], *text;
    va_list arguments;
    va_start(arguments, format);
    const int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (length < 0) {
        lines->failed = true;
        return;
    }
    for (char *phrase = text, *next; phrase; phrase = next) {
        next = strstr(phrase, "; ");
        if (next) {
            *next = '\0';
            next += 2;
        }
        const char *between = "; ";
        if (fits_line(phrase)) {
            line_append(lines, line, between, phrase);
            continue;
        }
        for (char *word; (word = strsep(&phrase, " ")); between = " ")
            line_append(lines, line, between, fit(word, page_width - 2 * edge, shown));
    }
    if (*line)
        lines_push(lines, line);
    free(text);
}

/* Fits a name and writes it out below the figure where that shortened it. Before figure_open. */
static const char *fit_noted(struct figure *figure, const char *name, double points, char shown[TEXT_SIZE])
{
    enum { MOST = 12 };
    char clean[TEXT_SIZE], note[2 * TEXT_SIZE + 8];
    fit(name, points, shown);
    if (strcmp(shown, text_clean(name, WIDEST_LINE, clean)) == 0 || figure->notes.n >= MOST)
        return shown;
    snprintf(note, sizeof note, "%s is %s", shown, clean);
    for (int i = 0; i < figure->notes.n; i++)
        if (strncmp(figure->notes.text[i], note, strlen(figure->notes.text[i])) == 0)
            return shown;
    lines_add(&figure->notes, "%s", note);
    return shown;
}

/* Names and colours */

static int names_find(const struct names *names, const char *name)
{
    int i = 0;
    while (i < names->n && strcmp(names->of[i], name) != 0)
        i++;
    return i < names->n ? i : -1;
}

static void names_add(struct names *names, const char *name)
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

static bool compared_as(const json_t *record, const char *role)
{
    const char *own = record_text(record, "compare.role");
    return own && strcmp(own, role) == 0;
}

static const char *variant_name(const json_t *record)
{
    const char *what = record_text(record, "compare.what"), *kernel = record_text(record, "kernel");
    if (compared_as(record, "control"))
        return "A/A control";
    return kernel && what && strcmp(what, "kernel") == 0 ? kernel : record_text(record, "compare.variant");
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

static void palette_free(struct palette *palette)
{
    free(palette->baselines.of);
    free(palette->platforms.of);
    free(palette->variants.of);
}

static bool palette_build(const struct view *view, struct palette *palette)
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
            names_add(&palette->variants, variant_name(record));
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

/* Of a series' label, or of a machine that a source names. */
static const char *platform_colour(const struct palette *palette, const char *label)
{
    return names_find(&palette->baselines, label) >= 0 ? baseline_colour
                                                       : cycle_colour(names_find(&palette->platforms, label));
}

static const char *variant_colour(const struct palette *palette, const json_t *record)
{
    if (compared_as(record, "baseline"))
        return baseline_colour;
    return compared_as(record, "control")
               ? other_colour
               : cycle_colour(names_find(&palette->variants, variant_name(record)));
}

static int unit_index(const struct palette *palette, const char *unit)
{
    for (int i = 0; i < palette->n_units; i++)
        if (strcmp(palette->units[i], unit) == 0)
            return i;
    return -1;
}

static const char *unit_colour(int unit)
{
    return unit < 0 ? other_colour : colours[unit].rgb;
}

static int record_look(const json_t *record)
{
    const char *provenance = record_text(record, "provenance");
    int look = 0;
    while (look < LOOKS - 1 && strcmp(looks[look].provenance, provenance) != 0)
        look++;
    return look;
}

/* Drawing */

static double screen_x(double x)
{
    return x / page_width;
}

static double screen_y(const struct figure *figure, double y)
{
    return 1 - y / figure->height;
}

static void label(const struct figure *figure, double x, double y, const char *align, const char *text)
{
    fputs("set label ", figure->gp);
    write_gnuplot(figure->gp, text);
    fprintf(figure->gp, " at screen %.5f, screen %.5f %s\n", screen_x(x), screen_y(figure, y), align);
}

/* The name of an axis, set along it. */
static void y_name(const struct figure *figure, double top, double bottom, const char *text)
{
    fputs("set label ", figure->gp);
    write_gnuplot(figure->gp, text);
    fprintf(figure->gp, " at screen %.5f, screen %.5f center rotate by 90\n", screen_x(edge + 4),
            screen_y(figure, (top + bottom) / 2));
}

static void x_name(const struct figure *figure, const char *text)
{
    fputs("set xlabel ", figure->gp);
    write_gnuplot(figure->gp, text);
    fputs(" offset 0,0.7\n", figure->gp);
}

static void swatch(const struct figure *figure, double x, double y, const char *colour, int look)
{
    const char *layers[] = {looks[look].fill, looks[look].over};
    for (int i = 0; i < 2 && layers[i]; i++)
        fprintf(figure->gp,
                "set object rectangle from screen %.5f, screen %.5f to screen %.5f, screen %.5f "
                "fillcolor rgb '%s' fillstyle %s noborder\n",
                screen_x(x), screen_y(figure, y + 2.7), screen_x(x + 10), screen_y(figure, y - 2.7), colour,
                layers[i]);
}

static void stroke(const struct figure *figure, double x0, double y0, double x1, double y1,
                   const char *colour, double width, int dash)
{
    fprintf(figure->gp,
            "set arrow from screen %.5f, screen %.5f to screen %.5f, screen %.5f nohead linecolor rgb '%s' "
            "linewidth %.3g dashtype %d\n",
            screen_x(x0), screen_y(figure, y0), screen_x(x1), screen_y(figure, y1), colour, width, dash);
}

static void point(const struct figure *figure, double x, double y, const char *colour, int type)
{
    fprintf(figure->gp,
            "set label '' at screen %.5f, screen %.5f point pointtype %d pointsize 0.5 linecolor rgb '%s'\n",
            screen_x(x), screen_y(figure, y), type, colour);
}

static int point_type(int shape, int look)
{
    return shapes[shape % SHAPES][looks[look].filled ? 0 : 1];
}

/* As wide as a swatch and a half. */
static void line_sample(const struct figure *figure, double x, double y, const char *colour, int look,
                        int shape)
{
    /* gnuplot's SVG keeps the dashes of a line before it that has the same colour and width. */
    stroke(figure, x, y, x + 16, y, colour, 0.9 + 0.01 * look, looks[look].dash);
    if (shape >= 0)
        point(figure, x + 8, y, colour, point_type(shape, look));
}

static bool on_page(const struct page *page, int workload)
{
    for (int i = 0; i < page->n; i++)
        if (page->workloads[i] == workload)
            return true;
    return false;
}

/* What the marks of each provenance that occurs look like. */
static void provenance_key(const struct figure *figure, double y)
{
    double x = edge;
    for (int look = 0; look < LOOKS; look++) {
        if (!figure->occurs[look])
            continue;
        if (figure->mark == BARS)
            swatch(figure, x, y, baseline_colour, look);
        else if (figure->mark == LINES)
            line_sample(figure, x, y, baseline_colour, look, 0);
        else
            point(figure, x + 5, y, baseline_colour, point_type(0, look));
        x += figure->mark == LINES ? 19 : 13;
        label(figure, x, y, "left", looks[look].provenance);
        x += text_points(looks[look].provenance) + 9;
    }
}

static double head_height(const struct figure *figure)
{
    return edge + (figure->head.n + 2) * line_height + 3;
}

/* Opens a figure of that height between head and notes, and draws these. */
static bool figure_open(struct figure *figure, double height, const char *columns, struct error *error)
{
    char *path[2] = {NULL, NULL}, shown[TEXT_SIZE];
    const char *name = figure->name;
    figure->top = head_height(figure);
    figure->bottom = figure->top + height;
    figure->height = figure->bottom + figure->notes.n * line_height + edge;
    figure->plot = open_memstream(&figure->plot_text, &figure->plot_size);
    bool named = figure->plot && !figure->head.failed && !figure->notes.failed &&
                 asprintf(&path[0], "%s/%s.dat", figure->folder, name) >= 0 &&
                 asprintf(&path[1], "%s/%s.gp", figure->folder, name) >= 0;
    if (!named) {
        error_set(error, STATUS_FAILED, "%s/%s: out of memory", figure->folder, name);
    } else if (!(figure->dat = fopen(path[0], "w")) || !(figure->gp = fopen(path[1], "w"))) {
        error_set(error, STATUS_FAILED, "%s: %s; the folder must exist and be writable",
                  figure->dat ? path[1] : path[0], strerror(errno));
        named = false;
    }
    free(path[0]);
    free(path[1]);
    if (!named)
        return false;
    fprintf(figure->dat, "# %s\n", columns);
    fprintf(figure->gp,
            "# `gnuplot %s.gp` in this folder draws %s.svg and %s.pdf again.\n"
            "set encoding utf8\n"
            "set terminal svg size 672,%.0f font 'sans-serif,18.67' linewidth 2 noenhanced name '%s'\n"
            "title_size = '21'\n"
            "small_size = '13'\n"
            "unset key\n"
            "set tics scale 0.5\n"
            "set border linewidth 0.5\n",
            name, name, name, figure->height * 672 / page_width, name);
    double y = edge + 5;
    fputs("set label ", figure->gp);
    write_gnuplot(figure->gp, fit(figure->title, (page_width - 2 * edge) * type_size / title_size, shown));
    fprintf(figure->gp, " at screen %.5f, screen %.5f left font ',' . title_size\n", screen_x(edge),
            screen_y(figure, y));
    for (int i = 0; i < figure->head.n; i++)
        label(figure, edge, y += line_height, "left", figure->head.text[i]);
    provenance_key(figure, y + line_height);
    for (int i = 0; i < figure->notes.n; i++)
        label(figure, edge, figure->bottom + (i + 0.5) * line_height, "left", figure->notes.text[i]);
    return true;
}

/* The area between the axes. */
static void area(const struct figure *figure, double left, double right, double top, double bottom)
{
    fprintf(figure->gp,
            "set lmargin at screen %.5f\nset rmargin at screen %.5f\n"
            "set tmargin at screen %.5f\nset bmargin at screen %.5f\n",
            screen_x(left), screen_x(right), screen_y(figure, top), screen_y(figure, bottom));
}

static void tics_begin(const struct figure *figure, char axis)
{
    fprintf(figure->gp, "set %ctics nomirror out offset %s (", axis, axis == 'x' ? "0,0.3" : "0.5,0");
}

/* From 0 on, as many as do not touch in so much room. */
static void linear_tics(const struct figure *figure, char axis, double high, double points)
{
    static const double factors[] = {1, 2, 5};
    const double least = axis == 'x' ? 22 : 14;
    double step = 0;
    for (int k = (int)floor(log10(high)) - 1; step <= 0; k++)
        for (int f = 0; f < 3 && step <= 0; f++)
            if (factors[f] * pow(10, k) / high * points >= least)
                step = factors[f] * pow(10, k);
    tics_begin(figure, axis);
    for (int i = 0; i * step <= high * (1 + 1e-9); i++)
        fprintf(figure->gp, "%s'%g' %.9g", i ? ", " : "", i * step, i * step);
    fputs(")\n", figure->gp);
}

/* Powers of ten, and what lies between where there are few of them. */
static void log_tics(const struct figure *figure, char axis, double low, double high, double points)
{
    static const double factors[][8] = {{1}, {1, 3}, {1, 2, 5}, {1, 1.5, 2, 3, 4, 5, 7}};
    static const int counts[] = {1, 2, 3, 7};
    const int most = (int)fmax(2, points / (axis == 'x' ? 28 : 12));
    int best = 0, every = 1, any = 0;
    const int first = (int)floor(log10(low)), last = (int)ceil(log10(high));
    for (int set = 0; set < 4; set++) {
        int n = 0;
        for (int k = first; k <= last; k++)
            for (int f = 0; f < counts[set]; f++) {
                const double at = factors[set][f] * pow(10, k);
                n += at >= low && at <= high;
            }
        if (set == 0)
            every = (n + most - 1) / most;
        if (n <= most && every <= 1)
            best = set;
    }
    tics_begin(figure, axis);
    for (int k = first; k <= last; k++)
        for (int f = 0; f < counts[best]; f++) {
            const double at = factors[best][f] * pow(10, k);
            if (at >= low && at <= high && k % (every > 0 ? every : 1) == 0)
                fprintf(figure->gp, "%s'%g' %.9g", any++ ? ", " : "", at, at);
        }
    if (!any)
        fprintf(figure->gp, "'%.3g' %.9g, '%.3g' %.9g", low, low, high, high);
    for (int k = first; k <= last && last - first <= 4; k++)
        for (int f = 1; f < 10; f++)
            if (f * pow(10, k) >= low && f * pow(10, k) <= high)
                fprintf(figure->gp, ", '' %.9g 1", f * pow(10, k));
    fputs(")\n", figure->gp);
}

static void block_begin(struct figure *figure, const char *what)
{
    char shown[TEXT_SIZE];
    fprintf(figure->dat, "%s# %s\n", figure->blocks ? "\n\n" : "", text_clean(what, WIDEST_LINE, shown));
    figure->blocks++;
}

/* Ends a line of data with the name of what it is about, for the reader. */
static void data_name(const struct figure *figure, const char *name)
{
    char shown[TEXT_SIZE];
    fputs(" \"", figure->dat);
    for (const char *c = text_clean(name, WIDEST_LINE, shown); *c; c++)
        fputc(*c == '"' ? '\'' : *c, figure->dat);
    fputs("\"\n", figure->dat);
}

/* Adds a drawing of the last block to the plot command. */
__attribute__((format(printf, 2, 3))) static void draw(struct figure *figure, const char *format, ...)
{
    va_list arguments;
    fprintf(figure->plot, "%s'%s.dat' index %d ", figure->clauses++ ? ", \\\n     " : "plot ", figure->name,
            figure->blocks - 1);
    va_start(arguments, format);
    vfprintf(figure->plot, format, arguments);
    va_end(arguments);
}

static void draw_boxes(struct figure *figure, const char *colour, int look)
{
    const char *layers[] = {looks[look].fill, looks[look].over};
    for (int i = 0; i < 2 && layers[i]; i++)
        draw(figure,
             "using (($1+$2)/2):3:1:2:($3-0.36):($3+0.36) with boxxyerror fillcolor rgb '%s' fillstyle %s "
             "noborder",
             colour, layers[i]);
}

/* Points of "x y low high", joined; y in seconds, drawn times scale. */
static void draw_line(struct figure *figure, const char *colour, int look, int shape, double scale)
{
    draw(figure, "using 1:($2*%g) with lines linecolor rgb '%s' linewidth 0.9 dashtype %d", scale, colour,
         looks[look].dash);
    draw(figure, "using 1:($3*%g):(0):(($4-$3)*%g) with vectors nohead linecolor rgb '%s' linewidth 0.6",
         scale, scale, colour);
    draw(figure, "using 1:($2*%g) with points linecolor rgb '%s' linewidth 0.5 pointtype %d pointsize 0.5",
         scale, colour, point_type(shape, look));
}

static bool figure_abandon(struct figure *figure)
{
    if (figure->dat)
        fclose(figure->dat);
    if (figure->gp)
        fclose(figure->gp);
    if (figure->plot)
        fclose(figure->plot);
    free(figure->plot_text);
    free(figure->head.text);
    free(figure->notes.text);
    return false;
}

static bool figure_close(struct figure *figure, struct error *error)
{
    bool written = fclose(figure->plot) == 0;
    figure->plot = NULL;
    if (written)
        fprintf(figure->gp,
                "set output '%s.svg'\n%s\n"
                "set output\n"
                "set terminal pdfcairo size 3.5in,%.4fin font 'sans-serif,7' fontscale 1 linewidth 0.8 "
                "pointscale 0.4 noenhanced\n"
                "small_size = '4.9'\n"
                "set label 1 font ',7.9'\n"
                "set output '%s.pdf'\nreplot\nset output\n",
                figure->name, figure->plot_text, figure->height / 72, figure->name);
    written = written && !ferror(figure->gp) && !ferror(figure->dat);
    return written ||
           error_set(error, STATUS_FAILED, "%s/%s: cannot be written", figure->folder, figure->name);
}

static double longest_label(const struct view *view, const struct page *page)
{
    double points = text_points("cpu");
    for (int i = 0; i < view->n_series; i++)
        if (on_page(page, view->series[i].workload))
            points = fmax(points, text_points(view->series[i].label));
    return points;
}

/* Room for names of bars, and the names in it. */
static double name_room(double longest)
{
    return fmin(longest, 0.42 * page_width);
}

static void note_labels(struct figure *figure, double room)
{
    char shown[TEXT_SIZE];
    for (int i = 0; i < figure->view->n_series; i++)
        if (on_page(figure->page, figure->view->series[i].workload))
            fit_noted(figure, figure->view->series[i].label, room, shown);
}

static const struct result *model_result(const struct view *view, const struct series *series)
{
    return series->model >= 0 ? &view->results[series->model] : NULL;
}

static bool model_was_run(const struct view *view, int workload)
{
    for (int i = 0; i < view->n_series; i++)
        if (view->series[i].workload == workload && view->series[i].model >= 0)
            return true;
    return false;
}

/* A line above a workload's bars. Returns where it ends. */
static double workload_heading(const struct figure *figure, int index, double y)
{
    char *text = workload_what(&figure->view->workloads[index]);
    double end = edge;
    if (text) {
        label(figure, edge, y, "left", text);
        end += text_points(text);
    }
    free(text);
    return end;
}

static bool has_time(const json_t *record)
{
    return !isnan(record_number(record, "time_s.median"));
}

static const double pitch = 9.5 * 1.25; /* of rows of bars */

/* Speed-up of the whole model */

static bool speedup_shows(const json_t *record)
{
    return !record_compared(record) && strcmp(record_text(record, "scope"), "model") == 0;
}

static bool speedup_wanted(const struct view *view, int workload)
{
    int compared = 0;
    for (int i = 0; i < view->n_series; i++) {
        struct speedup speedup;
        compared += view->series[i].workload == workload && view_speedup(view, &view->series[i], &speedup);
    }
    return compared >= 2;
}

/* What 1 is, beside the workload's heading where there is room, else as a row of its own. */
static bool baseline_beside(const struct view *view, int index, char text[TEXT_SIZE])
{
    char shown[TEXT_SIZE], *what = workload_what(&view->workloads[index]);
    snprintf(text, TEXT_SIZE, "1 = %.200s",
             fit(view->series[view->workloads[index].baseline].label, page_width / 2, shown));
    const bool beside = what && text_points(what) + text_points(text) < page_width - 2 * edge - 2 * type_size;
    free(what);
    return beside;
}

/* "6.25x int8" */
static const char *speedup_text(const struct series *series, double value, char text[2 * TEXT_SIZE])
{
    char number[TEXT_SIZE];
    const char *precision = record_text(series->record, "plan.precision");
    snprintf(text, 2 * TEXT_SIZE, "%s\xc3\x97%s%.12s", format_number(value, number), precision ? " " : "",
             precision ? precision : "");
    return text;
}

static void ratio_axis(const struct figure *figure, double low, double high, bool logarithmic, int rows,
                       double width, const char *name)
{
    char text[TEXT_SIZE];
    fprintf(figure->gp, "%sset xrange [%.9g:%.9g]\nset yrange [%d:0]\nunset ytics\nset border 1\n",
            logarithmic ? "set logscale x 10\n" : "", low, high, rows);
    if (logarithmic)
        log_tics(figure, 'x', low, high, width);
    else
        linear_tics(figure, 'x', high, width);
    snprintf(text, sizeof text, "%s%s", name, logarithmic ? ", log scale" : "");
    x_name(figure, text);
}

/* The bar of a ratio in the last block, its interval, and the line at 1. */
static void ratio_bar(struct figure *figure, const char *colour, int look, double ratio, double low,
                      double high, int row, const char *text)
{
    fprintf(figure->gp, "set arrow from first 1, first %d to first 1, first %d nohead linewidth 0.8 front\n",
            row, row + 1);
    draw_boxes(figure, colour, look);
    if (high > low)
        draw(figure, "using 4:3:($5-$4):(0) with vectors nohead linecolor rgb '#000000' linewidth 0.8");
    fputs("set label ", figure->gp);
    write_gnuplot(figure->gp, text);
    fprintf(figure->gp, " at first %.9g, first %.1f left offset character 0.4,0\n",
            fmax(fmax(1, ratio), high), row + 0.5);
}

static void speedup_row(struct figure *figure, const struct series *series, double left, int row, double y,
                        bool logarithmic)
{
    const struct result *model = model_result(figure->view, series);
    char shown[TEXT_SIZE], value[2 * TEXT_SIZE];
    struct speedup speedup;
    label(figure, left - 5, y, "right", fit(series->label, name_room(left), shown));
    if (view_speedup(figure->view, series, &speedup)) {
        block_begin(figure, series->label);
        fprintf(figure->dat, "%.9g %.9g %.1f %.9g %.9g", logarithmic ? fmin(1, speedup.value) : 0,
                logarithmic ? fmax(1, speedup.value) : speedup.value, row + 0.5, speedup.low, speedup.high);
        data_name(figure, series->label);
        ratio_bar(figure, platform_colour(figure->palette, series->label), record_look(series->record),
                  speedup.value, speedup.low, speedup.high, row, speedup_text(series, speedup.value, value));
        return;
    }
    snprintf(value, sizeof value, "skipped: %.200s", model->skipped ? model->skipped : "no baseline");
    label(figure, left + 3, y, "left", fit(value, page_width - left - 3 - edge, shown));
}

static bool draw_speedup(struct figure *figure, struct error *error)
{
    const struct view *view = figure->view;
    const struct page *page = figure->page;
    char text[2 * TEXT_SIZE];
    int rows = 0, row = 0;
    double low = 1, high = 1, widest = text_points("100\xc3\x97");
    for (int p = 0; p < page->n; p++)
        rows += baseline_beside(view, page->workloads[p], text) ? 1 : 2;
    for (int i = 0; i < view->n_series; i++) {
        const struct series *series = &view->series[i];
        struct speedup speedup;
        if (!on_page(page, series->workload) || series->model < 0)
            continue;
        rows++;
        if (!view_speedup(view, series, &speedup))
            continue;
        low = fmin(low, fmin(speedup.low, speedup.value));
        high = fmax(high, fmax(speedup.high, speedup.value));
        widest = fmax(widest, text_points(speedup_text(series, speedup.value, text)));
    }
    const double room = name_room(longest_label(view, page)), plot_height = rows * pitch;
    note_labels(figure, room);
    if (!figure_open(figure, plot_height + 26,
                     "columns: from, to, row, low, high (speed-up over the CPU, interval of both times' 95 % "
                     "intervals), platform",
                     error))
        return false;
    const bool logarithmic = high / low > 10;
    const double left = edge + 10 + room, right = page_width - edge - 5 - widest;
    area(figure, left, right, figure->top, figure->top + plot_height);
    ratio_axis(figure, logarithmic ? low < 1 ? low / 1.25 : 1 / 1.1 : 0, high * (logarithmic ? 1.1 : 1.05),
               logarithmic, rows, right - left, "speed-up");
    for (int p = 0; p < page->n; p++) {
        const int workload = page->workloads[p];
        const bool beside = baseline_beside(view, workload, text);
        workload_heading(figure, workload, figure->top + (row + 0.5) * pitch);
        row += beside ? 0 : 1;
        label(figure, beside ? page_width - edge : edge, figure->top + (row++ + 0.5) * pitch,
              beside ? "right" : "left", text);
        for (int i = 0; i < view->n_series; i++) {
            if (view->series[i].workload != workload || view->series[i].model < 0)
                continue;
            speedup_row(figure, &view->series[i], left, row, figure->top + (row + 0.5) * pitch, logarithmic);
            row++;
        }
    }
    return true;
}

/* Variants compared */

enum { COMPARISON_MOST_ROWS = 128 };

/* A heading, or the bar of one variant of one unit against its baseline. */
struct comparison_row {
    const json_t *record; /* null: the workload's heading */
    int workload;
    bool platform, unit; /* headings */
};

struct comparison_rows {
    struct comparison_row rows[COMPARISON_MOST_ROWS];
    int n, left_out;
    double low, high; /* of all intervals and 1 */
};

static bool comparison_shows(const json_t *record)
{
    return record_text(record, "compare.role") && has_time(record);
}

static void comparison_add(struct comparison_rows *rows, struct comparison_row row)
{
    if (rows->n == COMPARISON_MOST_ROWS)
        rows->left_out++;
    else
        rows->rows[rows->n++] = row;
}

static void ratio_interval(const json_t *record, double *low, double *high)
{
    const json_t *interval = record_get(record, "compare.ci95");
    const double ratio = record_number(record, "compare.ratio");
    const bool has = json_array_size(interval) == 2;
    *low = has ? json_number_value(json_array_get(interval, 0)) : ratio;
    *high = has ? json_number_value(json_array_get(interval, 1)) : ratio;
}

static bool has_ratio(const json_t *record)
{
    return record_number(record, "compare.ratio") > 0;
}

static void comparison_list(const struct view *view, const struct page *page, struct comparison_rows *rows)
{
    *rows = (struct comparison_rows){.low = 1, .high = 1};
    for (int p = 0; p < page->n; p++) {
        const int workload = page->workloads[p];
        const json_t *last = NULL;
        size_t i;
        json_t *record;
        comparison_add(rows, (struct comparison_row){.workload = workload});
        json_array_foreach(view->set->records, i, record)
        {
            double low, high;
            if (!comparison_shows(record) || !record_of_workload(record, &view->workloads[workload]))
                continue;
            if (!last || !json_equal(record_get(record, "platform"), record_get(last, "platform")) ||
                !json_equal(record_get(record, "device"), record_get(last, "device")))
                comparison_add(rows, (struct comparison_row){record, workload, .platform = true});
            last = record;
            if (compared_as(record, "baseline"))
                comparison_add(rows, (struct comparison_row){record, workload, .unit = true});
            else if (has_ratio(record))
                comparison_add(rows, (struct comparison_row){.record = record, .workload = workload});
            ratio_interval(record, &low, &high);
            if (has_ratio(record) && low > 0) {
                rows->low = fmin(rows->low, low);
                rows->high = fmax(rows->high, high);
            }
        }
    }
}

static bool comparison_wanted(const struct view *view, int workload)
{
    size_t i;
    json_t *record;
    json_array_foreach(view->set->records, i, record)
    {
        if (has_ratio(record) && comparison_shows(record) &&
            record_of_workload(record, &view->workloads[workload]))
            return true;
    }
    return false;
}

static const char *unit_name(const json_t *record)
{
    const char *stage = record_text(record, "stage");
    return stage ? stage : record_text(record, "scope");
}

/* What 1 is, behind the unit. Returns the room for that. */
static double heading_rest(const json_t *record, char rest[TEXT_SIZE])
{
    char time[TEXT_SIZE], baseline[TEXT_SIZE];
    format_quantity(record_number(record, "time_s.median"), "s", time);
    snprintf(rest, TEXT_SIZE, ": 1 = %.120s, %.40s", fit(variant_name(record), page_width / 3, baseline),
             time);
    return page_width - 2 * edge - 8 - text_points(rest);
}

static void unit_heading(const struct figure *figure, const json_t *record, double y)
{
    char rest[TEXT_SIZE], unit[TEXT_SIZE], text[2 * TEXT_SIZE];
    const double room = heading_rest(record, rest);
    snprintf(text, sizeof text, "%s%s", fit(unit_name(record), room, unit), rest);
    label(figure, edge + 8, y, "left", text);
}

static void platform_heading(const struct figure *figure, const json_t *record, double y)
{
    char shown[TEXT_SIZE], *text;
    const char *device = record_text(record, "device");
    if (asprintf(&text, "%s%s%s", record_text(record, "platform"), device ? ":" : "", device ? device : "") <
        0)
        return;
    label(figure, edge + 4, y, "left", fit(text, page_width - 2 * edge - 4, shown));
    free(text);
}

static const char *comparison_text(const json_t *record, char text[TEXT_SIZE])
{
    const char *verdict = record_text(record, "compare.verdict");
    char shown[TEXT_SIZE];
    format_number(record_number(record, "compare.ratio"), text);
    snprintf(text + strlen(text), TEXT_SIZE - strlen(text), "\xc3\x97 %s", text_clean(verdict, 12, shown));
    return text;
}

static void comparison_bar(struct figure *figure, const json_t *record, int row, bool logarithmic)
{
    const double ratio = record_number(record, "compare.ratio");
    char value[TEXT_SIZE];
    double low, high;
    ratio_interval(record, &low, &high);
    block_begin(figure, variant_name(record));
    fprintf(figure->dat, "%.9g %.9g %.1f %.9g %.9g", logarithmic ? fmin(1, ratio) : 0,
            logarithmic ? fmax(1, ratio) : ratio, row + 0.5, low, high);
    data_name(figure, variant_name(record));
    ratio_bar(figure, variant_colour(figure->palette, record), record_look(record), ratio, low, high, row,
              comparison_text(record, value));
}

static bool is_bar(const struct comparison_row *row)
{
    return row->record && !row->unit && !row->platform;
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
        if (is_bar(&rows->rows[i])) {
            longest = fmax(longest, text_points(variant_name(rows->rows[i].record)));
            widest = fmax(widest, text_points(comparison_text(rows->rows[i].record, shown)));
        }
    const double room = name_room(longest), plot_height = rows->n * pitch;
    const double left = edge + 12 + room, right = page_width - edge - 5 - widest;
    const bool logarithmic = rows->high / rows->low > 10;
    for (int i = 0; i < rows->n; i++) {
        const json_t *record = rows->rows[i].record;
        char rest[TEXT_SIZE];
        if (is_bar(&rows->rows[i]))
            fit_noted(figure, variant_name(record), room, shown);
        else if (rows->rows[i].unit)
            fit_noted(figure, unit_name(record), heading_rest(record, rest), shown);
    }
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
    area(figure, left, right, figure->top, figure->top + plot_height);
    ratio_axis(figure, logarithmic ? fmax(rows->low, rows->high * 1e-6) / 1.25 : 0,
               rows->high * (logarithmic ? 1.1 : 1.05), logarithmic, rows->n, right - left,
               "times as fast as the baseline");
    for (int i = 0; i < rows->n; i++) {
        const struct comparison_row *row = &rows->rows[i];
        const double y = figure->top + (i + 0.5) * pitch;
        if (!row->record) {
            workload_heading(figure, row->workload, y);
        } else if (row->platform) {
            platform_heading(figure, row->record, y);
        } else if (row->unit) {
            unit_heading(figure, row->record, y);
        } else {
            label(figure, left - 5, y, "right", fit(variant_name(row->record), room, shown));
            comparison_bar(figure, row->record, i, logarithmic);
        }
    }
    free(rows);
    return true;
}

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
    block_begin(figure, looks[look].provenance);
    fprintf(figure->dat, "%.9g %.9g %.2f", value, longest, top + 0.22);
    data_name(figure, record_text(entry->entry, "id"));
    for (int i = 0; i < 2 && layers[i]; i++)
        draw(figure,
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
    area(figure, left, page_width - edge - 5 - widest, figure->top, figure->top + plot_height);
    fprintf(figure->gp, "set xrange [0:1]\nset yrange [%.2f:0]\nunset ytics\nset border 0\nunset xtics\n",
            list.n + 0.7 * blocks);
    label(figure, page_width / 2, figure->top + plot_height + 8, "center",
          "speed-up, a scale for each pair of machines");
    double row = 0;
    for (int i = 0; i < list.n; i++) {
        if (list.entries[i].drawn)
            continue;
        const struct published_entry *first = &list.entries[i];
        const char *of = record_text(first->entry, "of"), *whose = of ? of : first->series->label;
        char one[TEXT_SIZE], other[TEXT_SIZE];
        snprintf(text, sizeof text, "%s over %s, %s", fit(whose, 0.5 * page_width, one),
                 fit(record_text(first->entry, "over"), 0.3 * page_width, other),
                 view->workloads[first->workload].phase);
        label(figure, edge, figure->top + (row + 0.4) * row_height, "left", text);
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
                label(figure, left - 5, figure->top + (row + 0.44) * row_height, "right",
                      mean ? "mean" : text);
                published_bar(figure, false, entry, longest, row, platform_colour(figure->palette, whose));
                published_bar(figure, true, entry, longest, row + 0.44,
                              platform_colour(figure->palette, whose));
                row += 1;
            }
    }
    return true;
}

/* Time over length: of variants, else of whole models, else of the units that were timed. */

enum { LENGTH_LINES = 8 };

/* One unit on one platform in one variant. */
struct length_line {
    const json_t *record;        /* the first */
    const char *series;          /* its label; null: a variant */
    double points[PAGE_MOST][4]; /* length, time, its interval */
    int n;
};

struct length_lines {
    struct length_line lines[LENGTH_LINES];
    int n, left_out, most_points;
    bool several_units, several_devices, several_threads;
    double x0, x1, y0, y1;
};

/* Lengths of a decoder are those of its context. */
static double workload_length(const struct workload *workload)
{
    return (double)(workload->context ? workload->context : workload->seqlen);
}

static bool differ_in_length(const struct workload *a, const struct workload *b)
{
    return !strcmp(a->model, b->model) && !strcmp(a->phase, b->phase) && a->batch == b->batch &&
           workload_length(a) != workload_length(b);
}

static bool length_together(const struct workload *a, const struct workload *b)
{
    return a == b || differ_in_length(a, b);
}

static bool length_shows(const json_t *record)
{
    return has_time(record) && !compared_as(record, "control");
}

static bool same(const json_t *a, const json_t *b, const char *path)
{
    const json_t *own = record_get(a, path), *other = record_get(b, path);
    return (!own && !other) || json_equal(own, other);
}

static bool same_line(const struct length_line *line, const json_t *record, const char *series)
{
    const json_t *own = line->record;
    if (line->series || series)
        return line->series && series && !strcmp(line->series, series) &&
               !strcmp(unit_name(own), unit_name(record));
    return same(own, record, "platform") && same(own, record, "device") && same(own, record, "stage") &&
           same(own, record, "scope") && same(own, record, "compare.what") &&
           same(own, record, "compare.variant") && same(own, record, "threads");
}

static void length_add(struct length_lines *lines, double length, const json_t *record, const char *series)
{
    const json_t *interval = record_get(record, "time_s.ci95");
    const bool has = json_array_size(interval) == 2;
    const double time_s = record_number(record, "time_s.median");
    int at = 0;
    if (!(time_s > 0) || !(length > 0))
        return;
    while (at < lines->n && !same_line(&lines->lines[at], record, series))
        at++;
    struct length_line *line = &lines->lines[at];
    if (at == LENGTH_LINES || (at < lines->n && line->n == PAGE_MOST)) {
        lines->left_out++;
        return;
    }
    if (at == lines->n) {
        lines->n++;
        line->record = record;
        line->series = series;
        line->n = 0;
    }
    const json_t *first = lines->lines[0].record;
    lines->several_units |= strcmp(unit_name(first), unit_name(record)) != 0;
    lines->several_devices |= !same(first, record, "platform") || !same(first, record, "device");
    lines->several_threads |=
        record_get(first, "threads") && record_get(record, "threads") && !same(first, record, "threads");
    double *point = line->points[line->n++];
    point[0] = length;
    point[1] = time_s;
    point[2] = has ? json_number_value(json_array_get(interval, 0)) : time_s;
    point[3] = has ? json_number_value(json_array_get(interval, 1)) : time_s;
    lines->most_points = line->n > lines->most_points ? line->n : lines->most_points;
    lines->x0 = fmin(lines->x0, length);
    lines->x1 = fmax(lines->x1, length);
    lines->y0 = fmin(lines->y0, time_s);
    lines->y1 = fmax(lines->y1, time_s);
}

static void length_list(const struct view *view, int workload, struct length_lines *lines)
{
    const struct workload *own = &view->workloads[workload];
    const bool model = model_was_run(view, workload);
    if (comparison_wanted(view, workload)) {
        size_t i;
        json_t *record;
        json_array_foreach(view->set->records, i, record)
        {
            if (comparison_shows(record) && length_shows(record) && record_of_workload(record, own))
                length_add(lines, workload_length(own), record, NULL);
        }
        return;
    }
    for (int i = 0; i < view->n_results; i++) {
        const struct result *result = &view->results[i];
        if (result->workload == workload && !result->replaced && !result->skipped &&
            (result->scope == RESULT_MODEL) == model)
            length_add(lines, workload_length(own), result->record, view->series[result->series].label);
    }
}

static bool lengths_wanted(const struct view *view, int workload)
{
    struct length_lines *lines = malloc(sizeof *lines);
    if (!lines)
        return false;
    *lines = (struct length_lines){.x0 = INFINITY, .y0 = INFINITY};
    length_list(view, workload, lines);
    const bool here = lines->n > 0;
    for (int w = 0; here && w < view->n_workloads && lines->most_points < 2; w++)
        if (differ_in_length(&view->workloads[workload], &view->workloads[w]))
            length_list(view, w, lines);
    const bool wanted = here && lines->most_points > 1;
    free(lines);
    return wanted;
}

static void length_name(const struct length_lines *lines, const struct length_line *line, char *text,
                        size_t size)
{
    const char *device = record_text(line->record, "device");
    char threads[40] = "";
    const double count = record_number(line->record, "threads");
    if (!line->series && lines->several_threads && !isnan(count))
        snprintf(threads, sizeof threads, ", %.0f thread%s", count, count == 1 ? "" : "s");
    const bool devices = !line->series && lines->several_devices;
    snprintf(text, size, "%.60s%s%s%s%s%s%s%s%s", line->series ? line->series : variant_name(line->record),
             lines->several_units ? ", " : "", lines->several_units ? unit_name(line->record) : "",
             devices ? ", " : "", devices ? record_text(line->record, "platform") : "",
             devices && device ? ":" : "", devices && device ? device : "", threads,
             compared_as(line->record, "baseline") && !line->series ? " (baseline)" : "");
}

static int by_number(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The lengths themselves, those without a number where they would touch. */
static void length_tics(const struct figure *figure, double x0, double x1, double points)
{
    double lengths[PAGE_MOST], end = -INFINITY;
    for (int i = 0; i < figure->page->n; i++)
        lengths[i] = workload_length(&figure->view->workloads[figure->page->workloads[i]]);
    qsort(lengths, figure->page->n, sizeof *lengths, by_number);
    tics_begin(figure, 'x');
    for (int i = 0; i < figure->page->n; i++) {
        char text[40];
        snprintf(text, sizeof text, "%.0f", lengths[i]);
        const double half = text_points(text) / 2, at = log2(lengths[i] / x0) / log2(x1 / x0) * points;
        const bool room = at - half > end + 4;
        fprintf(figure->gp, "%s'%s' %.0f%s", i ? ", " : "", room ? text : "", lengths[i], room ? "" : " 1");
        end = room ? at + half : end;
    }
    fputs(")\n", figure->gp);
}

/* Seconds in the unit that suits most of the axis. */
static double time_scale(double low, double high, const char **unit)
{
    const double middle = sqrt(low * high);
    *unit = middle < 1e-4 ? "\xc2\xb5s" : middle < 0.5 ? "ms" : "s";
    return middle < 1e-4 ? 1e6 : middle < 0.5 ? 1e3 : 1;
}

static bool draw_lengths_of(struct figure *figure, struct length_lines *lines, struct error *error)
{
    const double plot_height = 150, left = edge + 34, right = page_width - edge - 10;
    char shown[TEXT_SIZE], text[4 * TEXT_SIZE];
    const char *unit;
    *lines = (struct length_lines){.x0 = INFINITY, .y0 = INFINITY};
    for (int i = 0; i < figure->page->n; i++)
        length_list(figure->view, figure->page->workloads[i], lines);
    for (int i = 0; i < lines->n; i++) {
        length_name(lines, &lines->lines[i], text, sizeof text);
        fit_noted(figure, text, page_width - 2 * edge - 23, shown);
    }
    const char *unit_shown = unit_name(lines->lines[0].record);
    if (!lines->several_units)
        lines_add(&figure->head, "time of one execution of %s",
                  strcmp(unit_shown, "model") ? text_clean(unit_shown, WIDEST_LINE, shown)
                                              : "the whole model");
    if (lines->left_out)
        lines_add(&figure->notes, "not shown: %d results more, see the table", lines->left_out);
    if (!figure_open(figure, plot_height + 29 + lines->n * line_height,
                     "columns: sequence length, time of one execution (s), its 95 % interval", error))
        return false;
    const double scale = time_scale(lines->y0, lines->y1, &unit), bottom = figure->top + plot_height;
    const double x0 = lines->x0 / 1.15, x1 = lines->x1 * 1.15;
    const double y0 = lines->y0 * scale / 1.5, y1 = lines->y1 * scale * 1.5;
    area(figure, left, right, figure->top, bottom);
    fprintf(figure->gp,
            "set logscale x 2\nset logscale y 10\nset xrange [%.9g:%.9g]\nset yrange [%.9g:%.9g]\n"
            "set border 3\nset grid ytics linewidth 0.3 linecolor rgb '#dddddd'\n",
            x0, x1, y0, y1);
    log_tics(figure, 'y', y0, y1, plot_height);
    length_tics(figure, x0, x1, right - left);
    x_name(figure, strcmp(figure->view->workloads[figure->page->workloads[0]].phase, "decode")
                       ? "sequence length, tokens"
                       : "tokens before the one that is decoded");
    snprintf(text, sizeof text, "time, %s", unit);
    y_name(figure, figure->top, bottom, text);
    for (int i = 0; i < lines->n; i++) {
        struct length_line *line = &lines->lines[i];
        const int look = record_look(line->record);
        const char *colour = line->series ? platform_colour(figure->palette, line->series)
                                          : variant_colour(figure->palette, line->record);
        const double y = bottom + 29 + (i + 0.5) * line_height;
        length_name(lines, line, text, sizeof text);
        line_sample(figure, edge, y, colour, look, i);
        label(figure, edge + 20, y, "left", fit(text, page_width - 2 * edge - 23, shown));
        qsort(line->points, line->n, sizeof *line->points, by_number);
        block_begin(figure, text);
        for (int p = 0; p < line->n; p++)
            fprintf(figure->dat, "%.0f %.9g %.9g %.9g\n", line->points[p][0], line->points[p][1],
                    line->points[p][2], line->points[p][3]);
        draw_line(figure, colour, look, i, scale);
    }
    return true;
}

static bool draw_lengths(struct figure *figure, struct error *error)
{
    struct length_lines *lines = malloc(sizeof *lines);
    const bool drawn =
        lines ? draw_lengths_of(figure, lines, error)
              : error_set(error, STATUS_FAILED, "%s/%s: out of memory", figure->folder, figure->name);
    free(lines);
    return drawn;
}

/* Where the time goes */

static bool part_shows(const json_t *record)
{
    const char *scope = record_text(record, "scope");
    return !record_compared(record) && has_time(record) && !json_is_false(record_get(record, "in_plan")) &&
           (!strcmp(scope, "stage") || !strcmp(scope, "group"));
}

/* One unit alone has no shares. */
static bool stages_wanted(const struct view *view, int workload)
{
    const bool model = model_was_run(view, workload);
    for (int i = 0; i < view->n_series; i++) {
        const struct series *series = &view->series[i];
        if (series->workload == workload && series->parts_s > 0 &&
            (model || series->parts - series->parts_skipped > 1))
            return true;
    }
    return false;
}

/* Which units of the palette a figure shows. */
struct legend {
    bool unit[COLOURS];
    struct names others;
    int n;
};

static void legend_add(const struct palette *palette, const char *unit, struct legend *legend)
{
    const int index = unit_index(palette, unit);
    if (index < 0) {
        legend->n += legend->others.n == 0;
        names_add(&legend->others, unit);
    } else {
        legend->n += !legend->unit[index];
        legend->unit[index] = true;
    }
}

static int legend_rows(const struct legend *legend)
{
    return (legend->n + 1) / 2;
}

static const double legend_room = 126 - 4 - 24;

static void legend_note(struct figure *figure, const struct legend *legend)
{
    char shown[TEXT_SIZE];
    for (int i = 0; i < figure->palette->n_units; i++)
        if (legend->unit[i])
            fit_noted(figure, figure->palette->units[i], legend_room, shown);
}

/* In two columns, by colour and letter. */
static void draw_legend(const struct figure *figure, const struct legend *legend, double y)
{
    const int rows = legend_rows(legend);
    for (int i = 0, entry = 0; i <= figure->palette->n_units; i++) {
        const bool others = i == figure->palette->n_units;
        if (others ? legend->others.n == 0 : !legend->unit[i])
            continue;
        const double x = edge + (entry / rows) * page_width / 2, at = y + (entry % rows + 0.5) * line_height;
        char text[TEXT_SIZE] = "", shown[TEXT_SIZE];
        if (others)
            snprintf(shown, sizeof shown, "other (%d unit%s)", legend->others.n,
                     legend->others.n == 1 ? "" : "s");
        else
            fit(figure->palette->units[i], legend_room, shown);
        if (!others)
            snprintf(text, sizeof text, "%c", 'A' + i);
        swatch(figure, x, at, unit_colour(others ? -1 : i), MEASURED);
        label(figure, x + 13, at, "left", text);
        label(figure, x + (others ? 13 : 21), at, "left", shown);
        entry++;
    }
}

/* The letter of a unit in its segments that are wide enough, so that grey print tells them, too. */
static void segment_letters(struct figure *figure, int index, int unit, double row, double points)
{
    const struct view *view = figure->view;
    const struct series *series = &view->series[index];
    const bool solid = record_look(series->record) == MEASURED;
    double at = 0;
    bool begun = false;
    for (int i = 0; i < view->n_results; i++) {
        const struct result *result = &view->results[i];
        if (result->series != index || !result->part || result->skipped)
            continue;
        const double share = 100 * result->time_s * result->repeats / series->parts_s;
        if (unit_index(figure->palette, result->name) == unit && share / 100 * points > 7) {
            if (!begun)
                block_begin(figure, "letters");
            begun = true;
            fprintf(figure->dat, "%.6f %.1f %c\n", at + share / 2, row, 'A' + unit);
        }
        at += share;
    }
    if (begun && !solid)
        draw(figure,
             "using 1:2:($1-%.4f):($1+%.4f):($2-0.27):($2+0.27) with boxxyerror fillcolor rgb '#ffffff' "
             "fillstyle solid 1.0 noborder",
             300 / points, 300 / points);
    if (begun)
        draw(figure, "using 1:2:3 with labels font ',' . small_size textcolor rgb '%s'",
             solid ? colours[unit].text : "#000000");
}

/* The series' parts of one colour, one after another in the order of the layer. */
static void stage_bars(struct figure *figure, int index, double row, double points)
{
    const struct view *view = figure->view;
    const struct series *series = &view->series[index];
    for (int unit = -1; unit < figure->palette->n_units; unit++) {
        double at = 0;
        bool begun = false;
        for (int i = 0; i < view->n_results; i++) {
            const struct result *result = &view->results[i];
            if (result->series != index || !result->part || result->skipped)
                continue;
            double share = 100 * result->time_s * result->repeats / series->parts_s;
            if (unit_index(figure->palette, result->name) == unit) {
                if (!begun)
                    block_begin(figure, series->label);
                begun = true;
                fprintf(figure->dat, "%.6f %.6f %.1f %.9g", at, at + share, row,
                        result->time_s * result->repeats);
                data_name(figure, result->name);
            }
            at += share;
        }
        if (!begun)
            continue;
        draw_boxes(figure, unit_colour(unit), record_look(series->record));
        if (unit >= 0)
            segment_letters(figure, index, unit, row, points);
    }
}

/* The time of the whole model, or else of all units. */
static void total_label(const struct figure *figure, const struct series *series, double y)
{
    const struct result *model = model_result(figure->view, series);
    const bool timed = model && !model->skipped;
    char total[TEXT_SIZE], text[TEXT_SIZE + 3];
    format_quantity(timed ? model->time_s : series->parts_s, "s", total);
    snprintf(text, sizeof text, "%s%s%s", series->parts_skipped > 0 ? "*" : "",
             !timed && model_was_run(figure->view, series->workload) ? "+" : "", total);
    label(figure, page_width - edge, y, "right", text);
}

static bool draw_stages(struct figure *figure, struct error *error)
{
    const struct view *view = figure->view;
    const struct page *page = figure->page;
    struct legend legend = {.n = 0};
    bool incomplete = false, partial = false;
    int rows = page->n, row = 0;
    for (int i = 0; i < view->n_series; i++) {
        const struct series *series = &view->series[i];
        if (!on_page(page, series->workload) || series->parts == 0)
            continue;
        const struct result *model = model_result(view, series);
        rows++;
        incomplete |= series->parts_skipped > 0;
        partial |= model_was_run(view, series->workload) && series->parts_s > 0 && (!model || model->skipped);
    }
    for (int i = 0; i < view->n_results; i++)
        if (on_page(page, view->results[i].workload) && view->results[i].part && !view->results[i].skipped)
            legend_add(figure->palette, view->results[i].name, &legend);
    const double room = name_room(longest_label(view, page)), plot_height = rows * pitch;
    const double left = edge + 10 + room, right = page_width - edge - 36;
    note_labels(figure, room);
    legend_note(figure, &legend);
    if (incomplete)
        lines_add(&figure->notes, "* without the units that were skipped");
    if (partial)
        lines_add(&figure->notes, "+ sum of the units: no time of the whole model");
    if (!figure_open(figure, plot_height + 29 + legend_rows(&legend) * line_height,
                     "columns: from %, to %, row, seconds in one pass of the model, unit", error)) {
        free(legend.others.of);
        return false;
    }
    area(figure, left, right, figure->top, figure->top + plot_height);
    fprintf(figure->gp,
            "set xrange [0:100]\nset yrange [%d:0]\nunset ytics\nset border 1\n"
            "set xtics 0, 25 nomirror out offset 0,0.3 format '%%g'\n",
            rows);
    x_name(figure, "share of the time of the units, %");
    for (int p = 0; p < page->n; p++) {
        workload_heading(figure, page->workloads[p], figure->top + (row + 0.5) * pitch);
        label(figure, page_width - edge, figure->top + (row + 0.5) * pitch, "right",
              model_was_run(view, page->workloads[p]) ? "model" : "sum");
        row += 1;
        for (int i = 0; i < view->n_series; i++) {
            const struct series *series = &view->series[i];
            if (series->workload != page->workloads[p] || series->parts == 0)
                continue;
            const double y = figure->top + (row + 0.5) * pitch;
            char shown[TEXT_SIZE];
            label(figure, left - 5, y, "right", fit(series->label, room, shown));
            if (series->parts_s > 0) {
                stage_bars(figure, i, row + 0.5, right - left);
                total_label(figure, series, y);
            } else {
                label(figure, left + 3, y, "left", "no unit has a time");
            }
            row += 1;
        }
    }
    draw_legend(figure, &legend, figure->top + plot_height + 29);
    free(legend.others.of);
    return true;
}

/* Roofline of the CPU */

static bool roofline_shows(const json_t *record)
{
    return part_shows(record) && strcmp(record_text(record, "platform"), "cpu") == 0 &&
           strcmp(record_text(record, "provenance"), "measured") == 0;
}

static bool roofline_point(const struct result *result)
{
    return result->part && roofline_shows(result->record);
}

static bool drawable(const struct result *result)
{
    double intensity = result->flop / result->bytes, rate = result->flop / result->time_s * 1e-9;
    return isnormal(intensity) && intensity > 0 && isnormal(rate) && rate > 0;
}

static bool roofline_wanted(const struct view *view, int workload)
{
    for (int i = 0; i < view->n_results; i++)
        if (view->results[i].workload == workload && roofline_point(&view->results[i]) &&
            drawable(&view->results[i]))
            return true;
    return false;
}

struct ceiling {
    char text[TEXT_SIZE];
    double value; /* GFLOP/s, or GB/s */
};

enum { MAX_CEILINGS = 6 };

static void ceiling_add(struct ceiling *ceilings, int *n, const char *name, double value)
{
    char shown[TEXT_SIZE];
    if (!name || !isnormal(value) || value < 0)
        return;
    text_clean(name, 18, shown);
    int at = 0;
    while (at < *n && strcmp(ceilings[at].text, shown) != 0)
        at++;
    if (at == MAX_CEILINGS)
        return;
    if (at == *n) {
        strcpy(ceilings[(*n)++].text, shown);
        ceilings[at].value = value;
    }
    ceilings[at].value = fmax(ceilings[at].value, value);
}

/* The measured ceilings for that many threads, else the last ones measured. */
static const json_t *ceilings_run(const json_t *environment, double threads)
{
    size_t i;
    json_t *run;
    const json_t *runs = record_get(environment, "ceilings.runs");
    json_array_foreach(runs, i, run)
    {
        if (record_number(run, "threads") == threads)
            return run;
    }
    return json_array_get(runs, json_array_size(runs) - 1);
}

/* Of a memory level the best rate, whatever the operation: a roof is what can be reached at most. */
static void ceilings_read(const json_t *run, const char *precision, bool dram_is_cached,
                          struct ceiling *compute, int *n_compute, struct ceiling *memory, int *n_memory)
{
    static const char *const rates[] = {"read_gbyte_per_s", "copy_gbyte_per_s", "triad_gbyte_per_s"};
    size_t i;
    json_t *entry;
    *n_compute = *n_memory = 0;
    json_array_foreach(record_get(run, "compute"), i, entry)
    {
        char name[TEXT_SIZE], isa[TEXT_SIZE];
        snprintf(name, sizeof name, "fp32 %.40s", text_clean(record_text(entry, "isa"), 10, isa));
        ceiling_add(compute, n_compute, name, record_number(entry, "gflop_per_s"));
    }
    json_array_foreach(record_get(run, "dot"), i, entry)
    {
        char name[TEXT_SIZE], shown[TEXT_SIZE];
        const char *of = record_text(entry, "precision");
        if (!of || !precision || strcmp(of, precision) != 0)
            continue;
        snprintf(name, sizeof name, "%s products", text_clean(of, 8, shown));
        ceiling_add(compute, n_compute, name, record_number(entry, "gop_per_s"));
    }
    json_array_foreach(record_get(run, "bandwidth"), i, entry)
    {
        const char *level = record_text(entry, "level");
        if (dram_is_cached && level && strcmp(level, "DRAM") == 0)
            level = "DRAM, part cached";
        for (size_t r = 0; r < sizeof rates / sizeof *rates; r++)
            ceiling_add(memory, n_memory, level, record_number(entry, rates[r]));
    }
}

struct extent {
    double x0, x1, y0, y1;
};

static void extent_add(struct extent *extent, double x, double y)
{
    extent->x0 = fmin(extent->x0, x);
    extent->x1 = fmax(extent->x1, x);
    extent->y0 = fmin(extent->y0, y);
    extent->y1 = fmax(extent->y1, y);
}

static void draw_ceilings(struct figure *figure, const struct extent *extent, const struct ceiling *compute,
                          int n_compute, const struct ceiling *memory, int n_memory, double legend_y)
{
    static const char *const greys[] = {"#000000", "#444444", "#666666", "#777777", "#888888", "#999999"};
    double top = 0, fastest = 0;
    for (int i = 0; i < n_compute; i++)
        top = fmax(top, compute[i].value);
    for (int i = 0; i < n_memory; i++)
        fastest = fmax(fastest, memory[i].value);
    for (int i = 0; i < n_memory + n_compute; i++) {
        bool is_memory = i < n_memory;
        int own = is_memory ? i : i - n_memory;
        double value = is_memory ? memory[own].value : compute[own].value;
        const char *text = is_memory ? memory[own].text : compute[own].text;
        block_begin(figure, text);
        if (is_memory) {
            double end = top > 0 ? fmin(extent->x1, top / value) : extent->x1;
            fprintf(figure->dat, "%.9g %.9g\n%.9g %.9g\n", extent->x0, extent->x0 * value, end, end * value);
        } else {
            double start = fastest > 0 ? fmax(extent->x0, value / fastest) : extent->x0;
            fprintf(figure->dat, "%.9g %.9g\n%.9g %.9g\n", start, value, extent->x1, value);
        }
        draw(figure, "using 1:2 with lines linecolor rgb '%s' linewidth 1.2 dashtype %d", greys[own],
             own % 5 + 1);
        const double y = legend_y + (own + 0.5) * line_height, x = is_memory ? edge : 129;
        char number[TEXT_SIZE], *line;
        stroke(figure, x, y, x + 12, y, greys[own], 1.2, own % 5 + 1);
        format_number(value, number);
        if (asprintf(&line, "%s, %s %s", text, number, is_memory ? "GB/s" : "GFLOP/s") < 0)
            continue;
        label(figure, x + 15, y, "left", fit(line, page_width - edge - 129 - 15, number));
        free(line);
    }
}

static const struct {
    const char *phase;
    int filled, outline;
} types[] = {{"prefill", 7, 6}, {"decode", 5, 4}, {"train", 13, 12}};
enum { N_TYPES = sizeof types / sizeof *types };

/* Shapes are phases. */
static void phase_key(const struct figure *figure, double y)
{
    double x = edge;
    for (int t = 0; t < N_TYPES; t++) {
        bool occurs = false;
        for (int p = 0; p < figure->page->n; p++)
            occurs |= strcmp(figure->view->workloads[figure->page->workloads[p]].phase, types[t].phase) == 0;
        if (!occurs)
            continue;
        point(figure, x + 5, y, other_colour, types[t].filled);
        label(figure, x + 13, y, "left", types[t].phase);
        x += 13 + text_points(types[t].phase) + 9;
    }
}

static void draw_points(struct figure *figure)
{
    const struct view *view = figure->view;
    for (int t = 0; t < N_TYPES; t++)
        for (int unit = -1; unit < figure->palette->n_units; unit++) {
            bool begun = false;
            for (int i = 0; i < view->n_results; i++) {
                const struct result *result = &view->results[i];
                if (!on_page(figure->page, result->workload) || !roofline_point(result) ||
                    !drawable(result) || unit_index(figure->palette, result->name) != unit ||
                    strcmp(view->workloads[result->workload].phase, types[t].phase) != 0)
                    continue;
                if (!begun)
                    block_begin(figure, types[t].phase);
                begun = true;
                fprintf(figure->dat, "%.9g %.9g %c", result->flop / result->bytes,
                        result->flop / result->time_s * 1e-9, unit < 0 ? '-' : 'A' + unit);
                data_name(figure, result->name);
            }
            if (!begun)
                continue;
            draw(figure, "using 1:2 with points pointtype %d pointsize 1.1 linecolor rgb '%s'",
                 types[t].filled, unit_colour(unit));
            draw(figure,
                 "using 1:2 with points pointtype %d pointsize 1.1 linecolor rgb '#000000' linewidth 0.4",
                 types[t].outline);
            if (unit >= 0)
                draw(figure, "using 1:2:3 with labels font ',' . small_size textcolor rgb '%s'",
                     colours[unit].text);
        }
}

static bool draw_roofline(struct figure *figure, struct error *error)
{
    const struct view *view = figure->view;
    struct ceiling compute[MAX_CEILINGS], memory[MAX_CEILINGS];
    struct legend legend = {.n = 0};
    int n_compute = 0, n_memory = 0, without_flop = 0;
    struct extent extent = {INFINITY, 0, INFINITY, 0};
    const json_t *environment = NULL, *run = NULL;
    const char *precision = NULL;
    for (int i = 0; i < view->n_results; i++) {
        const struct result *result = &view->results[i];
        if (!on_page(figure->page, result->workload) || !roofline_point(result))
            continue;
        if (!drawable(result)) {
            without_flop++;
            continue;
        }
        if (!environment) {
            environment = record_environment(view->set, result->record);
            precision = record_text(result->record, "plan.precision");
            run = ceilings_run(environment, record_number(result->record, "threads"));
        }
        legend_add(figure->palette, result->name, &legend);
        extent_add(&extent, result->flop / result->bytes, result->flop / result->time_s * 1e-9);
    }
    ceilings_read(run, precision, json_is_true(record_get(environment, "ceilings.dram_is_cached")), compute,
                  &n_compute, memory, &n_memory);
    double top = 0, slowest = INFINITY;
    for (int i = 0; i < n_compute; i++)
        top = fmax(top, compute[i].value);
    for (int i = 0; i < n_memory; i++)
        slowest = fmin(slowest, memory[i].value);
    if (top > 0)
        extent.y1 = fmax(extent.y1, top);
    if (top > 0 && isfinite(slowest))
        extent.x1 = fmax(extent.x1, 2 * top / slowest);
    extent = (struct extent){extent.x0 / 1.6, extent.x1 * 1.6, extent.y0 / 1.6, extent.y1 * 1.6};

    const int ceiling_rows = n_memory > n_compute ? n_memory : n_compute;
    const double plot_height = 140, left = edge + 34, right = page_width - edge - 6;
    const double threads = record_number(run, "threads");
    legend_note(figure, &legend);
    if (ceiling_rows && !isnan(threads))
        lines_add(&figure->notes, "lines: measured ceilings of this machine, %.0f thread%s", threads,
                  threads == 1 ? "" : "s");
    if (without_flop > 0)
        lines_add(&figure->notes, "not shown: %d unit%s without counted arithmetic", without_flop,
                  without_flop == 1 ? "" : "s");
    const double head = line_height, legends = head + plot_height + 30;
    const double units = legends + ceiling_rows * line_height + (ceiling_rows ? 3 : 0);
    if (!figure_open(figure, units + legend_rows(&legend) * line_height,
                     "columns: arithmetic intensity (flop/byte), rate (GFLOP/s), letter, unit", error)) {
        free(legend.others.of);
        return false;
    }
    const double above = figure->top + head, bottom = above + plot_height;
    phase_key(figure, figure->top + 2);
    area(figure, left, right, above, bottom);
    fprintf(figure->gp, "set logscale xy 10\nset xrange [%.9g:%.9g]\nset yrange [%.9g:%.9g]\nset border 3\n",
            extent.x0, extent.x1, extent.y0, extent.y1);
    log_tics(figure, 'x', extent.x0, extent.x1, right - left);
    log_tics(figure, 'y', extent.y0, extent.y1, plot_height);
    x_name(figure, "arithmetic intensity, flop per byte");
    y_name(figure, above, bottom, "rate, GFLOP/s");
    draw_ceilings(figure, &extent, compute, n_compute, memory, n_memory, figure->top + legends);
    draw_points(figure);
    draw_legend(figure, &legend, figure->top + units);
    free(legend.others.of);
    return true;
}

/* What is kept from forward to backward against the time of a layer's backward pass. */

enum { CURVES = 8, CURVE_POINTS = 32 };

struct curve {
    const json_t *record; /* the first */
    int workload;
    const char *series;             /* label of the platform's series */
    double points[CURVE_POINTS][4]; /* MB, time, its interval */
    const char *names[CURVE_POINTS];
    int n;
};

struct curves {
    struct curve curves[CURVES];
    int n, left_out;
    struct extent extent; /* MB, s */
};

static bool recompute_shows(const json_t *record)
{
    const char *what = record_text(record, "compare.what"), *stage = record_text(record, "stage");
    return what && !strcmp(what, "recompute") && stage && !strcmp(stage, "backward") &&
           !compared_as(record, "control") && record_number(record, "time_s.median") > 0 &&
           record_number(record, "saved_bytes") > 0;
}

static bool recompute_wanted(const struct view *view, int workload)
{
    size_t i;
    json_t *record;
    json_array_foreach(view->set->records, i, record)
    {
        if (recompute_shows(record) && record_of_workload(record, &view->workloads[workload]))
            return true;
    }
    return false;
}

static const char *series_beside(const struct view *view, int workload, const json_t *record)
{
    for (int i = 0; i < view->n_series; i++)
        if (view->series[i].workload == workload && same(view->series[i].record, record, "platform") &&
            same(view->series[i].record, record, "device"))
            return view->series[i].label;
    return record_text(record, "platform");
}

static void curve_add(const struct view *view, int workload, const json_t *record, struct curves *curves)
{
    const json_t *interval = record_get(record, "time_s.ci95");
    const bool has = json_array_size(interval) == 2;
    int at = 0;
    while (at < curves->n &&
           !(curves->curves[at].workload == workload && same(curves->curves[at].record, record, "platform") &&
             same(curves->curves[at].record, record, "device") &&
             same(curves->curves[at].record, record, "threads")))
        at++;
    struct curve *curve = &curves->curves[at];
    if (at == CURVES || (at < curves->n && curve->n == CURVE_POINTS)) {
        curves->left_out++;
        return;
    }
    if (at == curves->n) {
        curves->n++;
        *curve = (struct curve){
            .record = record, .workload = workload, .series = series_beside(view, workload, record)};
    }
    curve->names[curve->n] = variant_name(record);
    double *point = curve->points[curve->n++];
    point[0] = record_number(record, "saved_bytes") / 1e6;
    point[1] = record_number(record, "time_s.median");
    point[2] = has ? json_number_value(json_array_get(interval, 0)) : point[1];
    point[3] = has ? json_number_value(json_array_get(interval, 1)) : point[1];
    extent_add(&curves->extent, point[0], point[1]);
    extent_add(&curves->extent, point[0], point[3]);
}

/* A name for all points that lie close together, "store" or "every 16 to 64, recompute". */
struct point_label {
    double x, y; /* of the point, from the plot's left and bottom */
    double up;   /* of the text's middle, from the plot's bottom */
    double from, to;
    char text[96];
    bool steps;
};

/* Of several intervals the first and the last are named. */
static void add_point_name(struct point_label *label, const char *variant)
{
    static const char prefix[] = "checkpoint:";
    const bool steps = !strncmp(variant, prefix, sizeof prefix - 1);
    char *several = strstr(label->text, " to ");
    if (steps && label->steps && several)
        *several = '\0';
    const size_t used = strlen(label->text);
    snprintf(label->text + used, sizeof label->text - used, "%s%.40s",
             steps && label->steps ? " to "
             : steps               ? used ? ", every " : "every "
             : used                ? ", "
                                   : "",
             steps ? variant + sizeof prefix - 1 : variant);
    label->steps = steps;
}

/* Where a point and its interval stand, from the plot's left and bottom. */
struct spot {
    double x, low, high;
};

static struct spot spot_of(const double point[4], const struct extent *axes, double width, double height)
{
    const double scale = height / (axes->y1 - axes->y0);
    return (struct spot){log(point[0] / axes->x0) / log(axes->x1 / axes->x0) * width,
                         (point[2] - axes->y0) * scale, (point[3] - axes->y0) * scale};
}

/* Names of the first curve's points above them, each as low as the names before it and all curves leave
 * room. Returns how many. */
static int place_labels(const struct curves *curves, const struct extent *axes, double width, double height,
                        struct point_label labels[CURVE_POINTS])
{
    enum { CLOSE = 14 };
    const struct curve *first = &curves->curves[0];
    int n = 0;
    for (int i = 0; i < first->n; i++) {
        const struct spot spot = spot_of(first->points[i], axes, width, height);
        if (n == 0 || fabs(spot.x - labels[n - 1].x) > CLOSE)
            labels[n++] = (struct point_label){.x = spot.x, .y = spot.high};
        labels[n - 1].y = fmax(labels[n - 1].y, spot.high);
        add_point_name(&labels[n - 1], first->names[i]);
    }
    for (int i = 0; i < n; i++) {
        struct point_label *own = &labels[i];
        const double half = text_points(own->text) / 2;
        const double middle = fmin(fmax(own->x, half + 2), width - half);
        own->from = middle - half;
        own->to = middle + half;
        own->up = own->y + line_height;
        for (bool moved = true; moved;) {
            moved = false;
            for (int c = 0; c < curves->n; c++)
                for (int k = 0; k < curves->curves[c].n; k++) {
                    const struct spot spot = spot_of(curves->curves[c].points[k], axes, width, height);
                    if (spot.x > own->from - 4 && spot.x < own->to + 4 &&
                        spot.low - 3 < own->up + line_height / 2 &&
                        spot.high + 3 > own->up - line_height / 2) {
                        own->up = spot.high + line_height;
                        moved = true;
                    }
                }
            for (int k = 0; k < i; k++)
                if (labels[k].from < own->to + 4 && labels[k].to > own->from - 4 &&
                    fabs(labels[k].up - own->up) < line_height) {
                    own->up = labels[k].up + line_height + 0.5;
                    moved = true;
                }
        }
    }
    return n;
}

static void curve_name(const struct figure *figure, const struct curve *curve, char text[2 * TEXT_SIZE])
{
    char *what = figure->page->n > 1 ? workload_what(&figure->view->workloads[curve->workload]) : NULL;
    char shown[TEXT_SIZE];
    snprintf(text, 2 * TEXT_SIZE, "%s%s%.200s", text_clean(curve->series, 40, shown), what ? ", " : "",
             what ? what : "");
    free(what);
}

static bool draw_curves(struct figure *figure, const struct curves *curves, struct error *error)
{
    const double plot_height = 120, left = edge + 34, right = page_width - edge - 6;
    const struct extent *extent = &curves->extent;
    const char *unit;
    const double scale = time_scale(extent->y1 / 4, extent->y1, &unit);
    const struct extent axes = {extent->x0 / 1.3, extent->x1 * 1.3, 0, extent->y1 * 1.1};
    struct point_label labels[CURVE_POINTS];
    char text[2 * TEXT_SIZE], shown[TEXT_SIZE];
    const int n_labels = place_labels(curves, &axes, right - left, plot_height, labels);
    double highest = plot_height;
    for (int i = 0; i < n_labels; i++)
        highest = fmax(highest, labels[i].up + line_height / 2);
    for (int i = 0; i < curves->n; i++) {
        curve_name(figure, &curves->curves[i], text);
        fit_noted(figure, text, page_width - 2 * edge - 20, shown);
    }
    if (curves->n > 1)
        lines_add(&figure->notes,
                  "The points of the other lines follow one another as those that have names.");
    if (curves->left_out)
        lines_add(&figure->notes, "not shown: %d results more, see the table", curves->left_out);
    if (!figure_open(figure, highest + 30 + curves->n * line_height,
                     "columns: bytes kept (MB), time (s), its 95 % interval (s), what is kept", error))
        return false;
    const double bottom = figure->top + highest, top = bottom - plot_height;
    area(figure, left, right, top, bottom);
    fprintf(figure->gp, "set logscale x 2\nset xrange [%.9g:%.9g]\nset yrange [0:%.9g]\nset border 3\n",
            axes.x0, axes.x1, axes.y1 * scale);
    log_tics(figure, 'x', axes.x0, axes.x1, right - left);
    linear_tics(figure, 'y', axes.y1 * scale, plot_height);
    x_name(figure, "kept from forward to backward, MB a layer");
    snprintf(text, sizeof text, "backward pass of a layer, %s", unit);
    y_name(figure, top, bottom, text);
    for (int i = 0; i < n_labels; i++) {
        const struct point_label *own = &labels[i];
        stroke(figure, left + own->x, bottom - own->y - 2, left + own->x, bottom - own->up + 4, other_colour,
               0.4, 1);
        label(figure, left + (own->from + own->to) / 2, bottom - own->up, "center", own->text);
    }
    for (int i = 0; i < curves->n; i++) {
        const struct curve *curve = &curves->curves[i];
        const char *colour = platform_colour(figure->palette, curve->series);
        const int look = record_look(curve->record);
        const double y = bottom + 29 + (i + 0.5) * line_height;
        curve_name(figure, curve, text);
        line_sample(figure, edge, y, colour, look, i);
        label(figure, edge + 20, y, "left", fit(text, page_width - 2 * edge - 20, shown));
        block_begin(figure, text);
        for (int p = 0; p < curve->n; p++) {
            fprintf(figure->dat, "%.9g %.9g %.9g %.9g", curve->points[p][0], curve->points[p][1],
                    curve->points[p][2], curve->points[p][3]);
            data_name(figure, curve->names[p]);
        }
        draw_line(figure, colour, look, i, scale);
    }
    return true;
}

static bool draw_recompute(struct figure *figure, struct error *error)
{
    struct curves *curves = malloc(sizeof *curves);
    size_t i;
    json_t *record;
    if (!curves)
        return error_set(error, STATUS_FAILED, "%s/%s: out of memory", figure->folder, figure->name);
    *curves = (struct curves){.extent = {INFINITY, 0, INFINITY, 0}};
    json_array_foreach(figure->view->set->records, i, record)
    {
        for (int w = 0; w < figure->page->n; w++)
            if (recompute_shows(record) &&
                record_of_workload(record, &figure->view->workloads[figure->page->workloads[w]]))
                curve_add(figure->view, figure->page->workloads[w], record, curves);
    }
    const bool drawn = draw_curves(figure, curves, error);
    free(curves);
    return drawn;
}

/* All kinds */

static bool same_model(const struct workload *a, const struct workload *b)
{
    return strcmp(a->model, b->model) == 0;
}

static const struct figure_kind {
    const char *name, *title, *caption;
    enum mark mark;
    int most; /* workloads a figure */
    bool (*together)(const struct workload *a, const struct workload *b);
    bool (*shows)(const json_t *record);
    bool (*wanted)(const struct view *view, int workload);
    bool (*draw)(struct figure *figure, struct error *error);
} kinds[] = {
    {"comparison", "Variants compared",
     "Time of each unit's baseline over that of the variant, of measured ones the median over rounds of each "
     "round's ratio; more than 1 is faster. Whiskers are its 95 % interval; what is modelled has none. What "
     "is measured has the baseline once more, the A/A control.",
     BARS, 6, same_model, comparison_shows, comparison_wanted, draw_comparison},
    {"lengths", "Time over length",
     "Time of one execution over the length of the sequence. Whiskers are 95 % intervals of the median.",
     LINES, PAGE_MOST, length_together, length_shows, lengths_wanted, draw_lengths},
    {"recompute", "What backward keeps and rebuilds",
     "Time of a layer's backward pass against what the plan keeps for it from the forward pass: everything "
     "(store), or a state every K steps (every K) or none (recompute) and the rest rebuilt. Whiskers are "
     "95 % intervals.",
     LINES, 6, same_model, recompute_shows, recompute_wanted, draw_recompute},
    {"speedup", "Speed-up of the whole model",
     "Speed-up over the CPU, by platform and phase. Whiskers span what the 95 % intervals of both times "
     "allow.",
     BARS, 6, same_model, speedup_shows, speedup_wanted, draw_speedup},
    {"published", "Published speed-ups",
     "Speed-ups as a device's source prints or draws them (above) and as the model gives them (below), with "
     "the machines that the source compares with as laws of their own, each pair of machines on a scale of "
     "its own; 'mamba-bench validate' lists these and what the source leaves open.",
     BARS, 6, same_model, published_shows, published_wanted, draw_published},
    {"stages", "Where the time goes",
     "Share of each stage or fused group in the time of one pass (time of one execution, times its number of "
     "executions). Beside the bar stands the time of the model, in which units may overlap, or the sum of "
     "the "
     "units where the model was not run.",
     BARS, 6, same_model, part_shows, stages_wanted, draw_stages},
    {"roofline", "Roofline of the CPU",
     "Measured rate against arithmetic intensity (counted work over bytes that cross the unit's border). "
     "Lines are measured ceilings of this machine. A point above a memory's line worked from a nearer "
     "memory.",
     POINTS, 6, same_model, roofline_shows, roofline_wanted, draw_roofline},
};

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
    double threads[COLOURS];
    int n_threads = 0;
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
        const double own = record_number(record, "threads");
        int at = 0;
        figure->occurs[record_look(record)] = true;
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
    int number = 0;
    bool drawn = done || error_set(error, STATUS_FAILED, "%s: out of memory", folder);
    for (int i = 0; drawn && i < view->n_workloads; i++) {
        struct page page = {.n = 0};
        for (int k = i; k < view->n_workloads && page.n < kind->most; k++)
            if (!done[k] && kind->together(&view->workloads[i], &view->workloads[k]) &&
                kind->wanted(view, k)) {
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
        drawn = draw_kind(view, &palette, &kinds[i], origin, folder, list, error);
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
