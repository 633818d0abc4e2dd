/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/figures/kind.h"

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
        if (view->series[i].workload == workload && record_same(view->series[i].record, record, "platform") &&
            record_same(view->series[i].record, record, "device"))
            return view->series[i].label;
    return record_text(record, "platform");
}

static void curve_add(const struct view *view, int workload, const json_t *record, struct curves *curves)
{
    const json_t *interval = record_get(record, "time_s.ci95");
    const bool has = json_array_size(interval) == 2;
    int at = 0;
    while (at < curves->n && !(curves->curves[at].workload == workload &&
                               record_same(curves->curves[at].record, record, "platform") &&
                               record_same(curves->curves[at].record, record, "device") &&
                               record_same(curves->curves[at].record, record, "threads")))
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
    double x, y, low, high;
};

static struct spot spot_of(const double point[4], const struct extent *axes, double width, double height)
{
    const double scale = height / (axes->y1 - axes->y0);
    return (struct spot){log(point[0] / axes->x0) / log(axes->x1 / axes->x0) * width,
                         (point[1] - axes->y0) * scale, (point[2] - axes->y0) * scale,
                         (point[3] - axes->y0) * scale};
}

/* Of a line between two points the part from one x to another; false where it is not there. */
static bool cut_line(struct spot a, struct spot b, double from, double to, double *low, double *high)
{
    if (a.x > b.x) {
        const struct spot swap = a;
        a = b;
        b = swap;
    }
    from = fmax(from, a.x);
    to = fmin(to, b.x);
    if (from > to)
        return false;
    const double slope = b.x > a.x ? (b.y - a.y) / (b.x - a.x) : 0;
    *low = fmin(a.y + slope * (from - a.x), a.y + slope * (to - a.x));
    *high = fmax(a.y + slope * (from - a.x), a.y + slope * (to - a.x));
    return true;
}

/* Moves a name above what lies from low to high in its way. */
static bool raise_above(struct point_label *label, double low, double high)
{
    const bool meets = low - 1 <= label->up + line_height / 2 && high + 1 >= label->up - line_height / 2;
    if (!meets || !isfinite(high))
        return false;
    label->up = high + line_height / 2 + 2;
    return true;
}

static bool raise_above_curve(struct point_label *label, const struct curve *curve, const struct extent *axes,
                              double width, double height)
{
    bool moved = false;
    for (int k = 0; k < curve->n; k++) {
        const struct spot spot = spot_of(curve->points[k], axes, width, height);
        double low, high;
        if (spot.x > label->from - 4 && spot.x < label->to + 4)
            moved |= raise_above(label, spot.low - 2, spot.high + 2);
        if (k && cut_line(spot_of(curve->points[k - 1], axes, width, height), spot, label->from, label->to,
                          &low, &high))
            moved |= raise_above(label, low, high);
    }
    return moved;
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
                moved |= raise_above_curve(own, &curves->curves[c], axes, width, height);
            for (int k = 0; k < i; k++)
                if (labels[k].from < own->to + 4 && labels[k].to > own->from - 4)
                    moved |= raise_above(own, labels[k].up - line_height / 2, labels[k].up + line_height / 2);
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
        figure_fit(figure, text, page_width - 2 * edge - 20, shown);
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
    figure_area(figure, left, right, top, bottom);
    fprintf(figure->gp, "set logscale x 2\nset xrange [%.9g:%.9g]\nset yrange [0:%.9g]\nset border 3\n",
            axes.x0, axes.x1, axes.y1 * scale);
    figure_log_tics(figure, 'x', axes.x0, axes.x1, right - left);
    figure_linear_tics(figure, 'y', axes.y1 * scale, plot_height);
    figure_x_name(figure, "kept from forward to backward, MB a layer");
    snprintf(text, sizeof text, "backward pass of a layer, %s", unit);
    figure_y_name(figure, top, bottom, text);
    for (int i = 0; i < n_labels; i++) {
        const struct point_label *own = &labels[i];
        figure_stroke(figure, left + own->x, bottom - own->y - 2, left + own->x, bottom - own->up + 4,
                      other_colour, 0.4, 1);
        figure_label(figure, left + (own->from + own->to) / 2, bottom - own->up, "center", own->text);
    }
    for (int i = 0; i < curves->n; i++) {
        const struct curve *curve = &curves->curves[i];
        const char *colour = platform_colour(figure->palette, curve->series);
        const int look = look_of(curve->record);
        const double y = bottom + 29 + (i + 0.5) * line_height;
        curve_name(figure, curve, text);
        figure_line_sample(figure, edge, y, colour, look, i);
        figure_label(figure, edge + 20, y, "left", text_fit(text, page_width - 2 * edge - 20, shown));
        figure_block(figure, text);
        for (int p = 0; p < curve->n; p++) {
            fprintf(figure->dat, "%.9g %.9g %.9g %.9g", curve->points[p][0], curve->points[p][1],
                    curve->points[p][2], curve->points[p][3]);
            figure_data_name(figure, curve->names[p]);
        }
        figure_line(figure, colour, look, i, scale);
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

const struct figure_kind figure_recompute = {
    .name = "recompute",
    .title = "What backward keeps and rebuilds",
    .caption = "Time of a layer's backward pass against what the plan keeps for it from the forward "
               "pass: everything (store), or a state every K steps (every K) or none (recompute) and "
               "the rest rebuilt. Whiskers are 95 % intervals.",
    .mark = LINES,
    .whiskers = true,
    .most = 6,
    .together = same_model,
    .shows = recompute_shows,
    .wanted = recompute_wanted,
    .draw = draw_recompute,
};
