/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "reports/figures/drawing.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "reports/figures/kind.h"

static const double title_size = 7.9;

const struct look looks[LOOKS] = {
    {"measured", "solid 1.0", NULL, 1, true},
    {"simulated", "solid 0.3", "transparent pattern 5", 2, false},
    {"modelled", "solid 0.3", "transparent pattern 4", 3, false},
    {"published", "solid 0.3", "transparent pattern 1", 4, false},
};

/* Filled and open points of one shape; of the last two, which have no inside, lines tell. */
static const int shapes[][2] = {{7, 6}, {5, 4}, {9, 8}, {13, 12}, {11, 10}, {15, 14}, {2, 2}, {1, 1}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

double text_points(const char *text)
{
    return type_size * text_ems(text);
}

const char *text_fit(const char *text, double points, char shown[TEXT_SIZE])
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

void lines_add(struct lines *lines, const char *format, ...)
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
            line_append(lines, line, between, text_fit(word, page_width - 2 * edge, shown));
    }
    if (*line)
        lines_push(lines, line);
    free(text);
}

const char *figure_fit(struct figure *figure, const char *name, double points, char shown[TEXT_SIZE])
{
    enum { MOST = 12 };
    char clean[TEXT_SIZE], note[2 * TEXT_SIZE + 8];
    text_fit(name, points, shown);
    if (strcmp(shown, text_clean(name, WIDEST_LINE, clean)) == 0 || figure->notes.n >= MOST)
        return shown;
    snprintf(note, sizeof note, "%s is %s", shown, clean);
    for (int i = 0; i < figure->notes.n; i++)
        if (strncmp(figure->notes.text[i], note, strlen(figure->notes.text[i])) == 0)
            return shown;
    lines_add(&figure->notes, "%s", note);
    return shown;
}

int look_of(const json_t *record)
{
    const char *provenance = record_text(record, "provenance");
    int look = 0;
    while (look < LOOKS - 1 && strcmp(looks[look].provenance, provenance) != 0)
        look++;
    return look;
}

static double screen_x(double x)
{
    return x / page_width;
}

static double screen_y(const struct figure *figure, double y)
{
    return 1 - y / figure->height;
}

void figure_label(const struct figure *figure, double x, double y, const char *align, const char *text)
{
    fputs("set label ", figure->gp);
    write_gnuplot(figure->gp, text);
    fprintf(figure->gp, " at screen %.5f, screen %.5f %s\n", screen_x(x), screen_y(figure, y), align);
}

void figure_y_name(const struct figure *figure, double top, double bottom, const char *text)
{
    fputs("set label ", figure->gp);
    write_gnuplot(figure->gp, text);
    fprintf(figure->gp, " at screen %.5f, screen %.5f center rotate by 90\n", screen_x(edge + 4),
            screen_y(figure, (top + bottom) / 2));
}

void figure_x_name(const struct figure *figure, const char *text)
{
    fputs("set xlabel ", figure->gp);
    write_gnuplot(figure->gp, text);
    fputs(" offset 0,0.7\n", figure->gp);
}

void figure_swatch(const struct figure *figure, double x, double y, const char *colour, int look)
{
    const char *layers[] = {looks[look].fill, looks[look].over};
    for (int i = 0; i < 2 && layers[i]; i++)
        fprintf(figure->gp,
                "set object rectangle from screen %.5f, screen %.5f to screen %.5f, screen %.5f "
                "fillcolor rgb '%s' fillstyle %s noborder\n",
                screen_x(x), screen_y(figure, y + 2.7), screen_x(x + 10), screen_y(figure, y - 2.7), colour,
                layers[i]);
}

void figure_stroke(const struct figure *figure, double x0, double y0, double x1, double y1,
                   const char *colour, double width, int dash)
{
    fprintf(figure->gp,
            "set arrow from screen %.5f, screen %.5f to screen %.5f, screen %.5f nohead linecolor rgb '%s' "
            "linewidth %.3g dashtype %d\n",
            screen_x(x0), screen_y(figure, y0), screen_x(x1), screen_y(figure, y1), colour, width, dash);
}

void figure_point(const struct figure *figure, double x, double y, const char *colour, int type)
{
    fprintf(figure->gp,
            "set label '' at screen %.5f, screen %.5f point pointtype %d pointsize 0.5 linecolor rgb '%s'\n",
            screen_x(x), screen_y(figure, y), type, colour);
}

int figure_point_type(int shape, int look)
{
    return shapes[shape % SHAPES][looks[look].filled ? 0 : 1];
}

void figure_line_sample(const struct figure *figure, double x, double y, const char *colour, int look,
                        int shape)
{
    /* gnuplot's SVG keeps the dashes of a line before it that has the same colour and width. */
    figure_stroke(figure, x, y, x + 16, y, colour, 0.9 + 0.01 * look, looks[look].dash);
    if (shape >= 0)
        figure_point(figure, x + 8, y, colour, figure_point_type(shape, look));
}

/* What the marks of each provenance that occurs look like. */
static void provenance_key(const struct figure *figure, double y)
{
    double x = edge;
    for (int look = 0; look < LOOKS; look++) {
        if (!figure->occurs[look])
            continue;
        if (figure->mark == BARS)
            figure_swatch(figure, x, y, baseline_colour, look);
        else if (figure->mark == LINES)
            figure_line_sample(figure, x, y, baseline_colour, look, 0);
        else
            figure_point(figure, x + 5, y, baseline_colour, figure_point_type(0, look));
        x += figure->mark == LINES ? 19 : 13;
        figure_label(figure, x, y, "left", looks[look].provenance);
        x += text_points(looks[look].provenance) + 9;
    }
}

static double head_height(const struct figure *figure)
{
    return edge + (figure->head.n + 2) * line_height + 3;
}

bool figure_open(struct figure *figure, double height, const char *columns, struct error *error)
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
    write_gnuplot(figure->gp,
                  text_fit(figure->title, (page_width - 2 * edge) * type_size / title_size, shown));
    fprintf(figure->gp, " at screen %.5f, screen %.5f left font ',' . title_size\n", screen_x(edge),
            screen_y(figure, y));
    for (int i = 0; i < figure->head.n; i++)
        figure_label(figure, edge, y += line_height, "left", figure->head.text[i]);
    provenance_key(figure, y + line_height);
    for (int i = 0; i < figure->notes.n; i++)
        figure_label(figure, edge, figure->bottom + (i + 0.5) * line_height, "left", figure->notes.text[i]);
    return true;
}

void figure_area(const struct figure *figure, double left, double right, double top, double bottom)
{
    fprintf(figure->gp,
            "set lmargin at screen %.5f\nset rmargin at screen %.5f\n"
            "set tmargin at screen %.5f\nset bmargin at screen %.5f\n",
            screen_x(left), screen_x(right), screen_y(figure, top), screen_y(figure, bottom));
}

void figure_tics(const struct figure *figure, char axis)
{
    fprintf(figure->gp, "set %ctics nomirror out offset %s (", axis, axis == 'x' ? "0,0.3" : "0.5,0");
}

void figure_linear_tics(const struct figure *figure, char axis, double high, double points)
{
    static const double factors[] = {1, 2, 5};
    const double least = axis == 'x' ? 22 : 14;
    double step = isfinite(high) && high > 0 ? 0 : 1;
    for (int k = step > 0 ? 0 : (int)floor(log10(high)) - 1; step <= 0; k++)
        for (int f = 0; f < 3 && step <= 0; f++)
            if (factors[f] * pow(10, k) / high * points >= least)
                step = factors[f] * pow(10, k);
    figure_tics(figure, axis);
    for (int i = 0; i * step <= (isfinite(high) ? high * (1 + 1e-9) : 0); i++)
        fprintf(figure->gp, "%s'%g' %.9g", i ? ", " : "", i * step, i * step);
    fputs(")\n", figure->gp);
}

void figure_log_tics(const struct figure *figure, char axis, double low, double high, double points)
{
    static const double factors[][8] = {{1}, {1, 3}, {1, 2, 5}, {1, 1.5, 2, 3, 4, 5, 7}};
    static const int counts[] = {1, 2, 3, 7};
    const int most = (int)fmax(2, points / (axis == 'x' ? 28 : 12));
    int best = 0, every = 1, any = 0;
    low = fmin(fmax(low, 1e-300), 1e300);
    high = fmin(fmax(high, low), 1e300);
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
    figure_tics(figure, axis);
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

void figure_block(struct figure *figure, const char *what)
{
    char shown[TEXT_SIZE];
    fprintf(figure->dat, "%s# %s\n", figure->blocks ? "\n\n" : "", text_clean(what, WIDEST_LINE, shown));
    figure->blocks++;
}

void figure_data_name(const struct figure *figure, const char *name)
{
    char shown[TEXT_SIZE];
    fputs(" \"", figure->dat);
    for (const char *c = text_clean(name, WIDEST_LINE, shown); *c; c++)
        fputc(*c == '"' ? '\'' : *c, figure->dat);
    fputs("\"\n", figure->dat);
}

void figure_draw(struct figure *figure, const char *format, ...)
{
    va_list arguments;
    fprintf(figure->plot, "%s'%s.dat' index %d ", figure->clauses++ ? ", \\\n     " : "plot ", figure->name,
            figure->blocks - 1);
    va_start(arguments, format);
    vfprintf(figure->plot, format, arguments);
    va_end(arguments);
}

void figure_boxes(struct figure *figure, const char *colour, int look)
{
    const char *layers[] = {looks[look].fill, looks[look].over};
    for (int i = 0; i < 2 && layers[i]; i++)
        figure_draw(
            figure,
            "using (($1+$2)/2):3:1:2:($3-0.36):($3+0.36) with boxxyerror fillcolor rgb '%s' fillstyle %s "
            "noborder",
            colour, layers[i]);
}

void figure_line(struct figure *figure, const char *colour, int look, int shape, double scale)
{
    figure_draw(figure, "using 1:($2*%g) with lines linecolor rgb '%s' linewidth 0.9 dashtype %d", scale,
                colour, looks[look].dash);
    figure_draw(figure,
                "using 1:($3*%g):(0):(($4-$3)*%g) with vectors nohead linecolor rgb '%s' linewidth 0.6",
                scale, scale, colour);
    figure_draw(figure,
                "using 1:($2*%g) with points linecolor rgb '%s' linewidth 0.5 pointtype %d pointsize 0.5",
                scale, colour, figure_point_type(shape, look));
}

bool figure_abandon(struct figure *figure)
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

bool figure_close(struct figure *figure, struct error *error)
{
    bool written = fclose(figure->plot) == 0;
    figure->plot = NULL;
    if (written)
        fprintf(figure->gp,
                "set output '%s.svg'\n%s\n"
                "set output\n"
                "set terminal pdfcairo size 3.5in,%.4fin font 'sans-serif,7' fontscale 0.75 linewidth 0.8 "
                "pointscale 0.85 noenhanced\n"
                "small_size = '4.9'\n"
                "set label 1 font ',7.9'\n"
                "set output '%s.pdf'\nreplot\nset output\n",
                figure->name, figure->plot_text, figure->height / 72, figure->name);
    written = written && fflush(figure->gp) == 0 && fflush(figure->dat) == 0 && !ferror(figure->gp) &&
              !ferror(figure->dat);
    return written ||
           error_set(error, STATUS_FAILED, "%s/%s: cannot be written", figure->folder, figure->name);
}

double longest_label(const struct view *view, const struct page *page)
{
    double points = text_points("cpu");
    for (int i = 0; i < view->n_series; i++)
        if (on_page(page, view->series[i].workload))
            points = fmax(points, text_points(view->series[i].label));
    return points;
}

double name_room(double longest)
{
    return fmin(longest, 0.42 * page_width);
}

void figure_note_labels(struct figure *figure, double room)
{
    char shown[TEXT_SIZE];
    for (int i = 0; i < figure->view->n_series; i++)
        if (on_page(figure->page, figure->view->series[i].workload))
            figure_fit(figure, figure->view->series[i].label, room, shown);
}

double figure_workload(const struct figure *figure, int index, double y)
{
    char *text = workload_what(&figure->view->workloads[index]);
    double end = edge;
    if (text) {
        figure_label(figure, edge, y, "left", text);
        end += text_points(text);
    }
    free(text);
    return end;
}

void figure_ratio_axis(const struct figure *figure, double low, double high, bool logarithmic, int rows,
                       double width, const char *name)
{
    char text[TEXT_SIZE];
    fprintf(figure->gp, "%sset xrange [%.9g:%.9g]\nset yrange [%d:0]\nunset ytics\nset border 1\n",
            logarithmic ? "set logscale x 10\n" : "", low, high, rows);
    if (logarithmic)
        figure_log_tics(figure, 'x', low, high, width);
    else
        figure_linear_tics(figure, 'x', high, width);
    snprintf(text, sizeof text, "%s%s", name, logarithmic ? ", log scale" : "");
    figure_x_name(figure, text);
}

void figure_ratio_bar(struct figure *figure, const char *colour, int look, double ratio, double low,
                      double high, int row, const char *text)
{
    fprintf(figure->gp, "set arrow from first 1, first %d to first 1, first %d nohead linewidth 0.8 front\n",
            row, row + 1);
    figure_boxes(figure, colour, look);
    if (high > low)
        figure_draw(figure,
                    "using 4:3:($5-$4):(0) with vectors nohead linecolor rgb '#000000' linewidth 0.8");
    fputs("set label ", figure->gp);
    write_gnuplot(figure->gp, text);
    fprintf(figure->gp, " at first %.9g, first %.1f left offset character 0.4,0\n",
            fmax(fmax(1, ratio), high), row + 0.5);
}

void legend_add(const struct palette *palette, const char *unit, struct legend *legend)
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

int legend_rows(const struct legend *legend)
{
    return (legend->n + 1) / 2;
}

static const double legend_room = 126 - 4 - 24;

void legend_note(struct figure *figure, const struct legend *legend)
{
    char shown[TEXT_SIZE];
    for (int i = 0; i < figure->palette->n_units; i++)
        if (legend->unit[i])
            figure_fit(figure, figure->palette->units[i], legend_room, shown);
}

void legend_draw(const struct figure *figure, const struct legend *legend, double y)
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
            text_fit(figure->palette->units[i], legend_room, shown);
        if (!others)
            snprintf(text, sizeof text, "%c", 'A' + i);
        figure_swatch(figure, x, at, unit_colour(others ? -1 : i), MEASURED);
        figure_label(figure, x + 13, at, "left", text);
        figure_label(figure, x + (others ? 13 : 21), at, "left", shown);
        entry++;
    }
}

void extent_add(struct extent *extent, double x, double y)
{
    extent->x0 = fmin(extent->x0, x);
    extent->x1 = fmax(extent->x1, x);
    extent->y0 = fmin(extent->y0, y);
    extent->y1 = fmax(extent->y1, y);
}

double time_scale(double low, double high, const char **unit)
{
    const double middle = sqrt(low * high);
    *unit = middle < 1e-4 ? "\xc2\xb5s" : middle < 0.5 ? "ms" : "s";
    return middle < 1e-4 ? 1e6 : middle < 0.5 ? 1e3 : 1;
}
