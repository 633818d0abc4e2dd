/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/ssd_backward/ssd_backward.h"

#include <math.h>

#include "kernels/time_step.h"

enum { TILE = SSD_BACKWARD_TILE };

/* One head of one sequence. */
struct walk {
    const struct ssd_backward_args *p;
    int64_t sequence, head, group, slice;
    bool magnitude; /* of every term, added: the condition of the error bound */
};

struct step {
    double delta, slope, decay; /* slope: of softplus, 0 where clamped */
    double pull, ddelta;        /* sum of h dh, sum of x dh b */
};

static double term(const struct walk *w, double v)
{
    return w->magnitude ? fabs(v) : v;
}

static int64_t row_at(const struct walk *w, int64_t t)
{
    return w->sequence * w->p->seqlen + t;
}

static struct step step_at(const struct walk *w, int64_t t)
{
    const struct ssd_backward_args *p = w->p;
    const double v = p->dt[row_at(w, t) * p->dt_stride + w->head] + (p->dt_bias ? p->dt_bias[w->head] : 0);
    struct step step = {.delta = time_step(v, p->dt_min, p->dt_max),
                        .slope = time_step_slope(v, p->dt_min, p->dt_max)};
    step.decay = exp(step.delta * p->a[w->head]);
    return step;
}

/* Element (n, column) of state `index` of an array of `count` states a sequence. */
static int64_t state_at(const struct walk *w, int64_t count, int64_t index, int64_t n, int64_t column)
{
    const struct ssd_backward_args *p = w->p;
    return (((w->sequence * count + index) * p->heads + w->head) * p->d_state + n) * p->headdim + column;
}

static double kept_state(const struct walk *w, int64_t index, int64_t n, int64_t column)
{
    return w->p->states ? term(w, w->p->states[state_at(w, w->p->kept, index, n, column)]) : 0;
}

static double x_at(const struct walk *w, int64_t t, int64_t column)
{
    return w->p->x[row_at(w, t) * w->p->x_stride + w->head * w->p->headdim + column];
}

static double after_step(const struct walk *w, const struct step *step, int64_t t, int64_t n, int64_t column,
                         double h)
{
    const double b = w->p->b[row_at(w, t) * w->p->b_stride + w->group * w->p->d_state + n];
    return step->decay * h + term(w, step->delta * x_at(w, t, column) * b);
}

static void find_boundaries(const struct walk *w)
{
    const struct ssd_backward_args *p = w->p;
    for (int64_t i = 0; i < p->d_state * p->headdim; i++) {
        const int64_t n = i / p->headdim, column = i % p->headdim;
        double h = 0;
        for (int64_t t = 0; t < p->seqlen; t++) {
            const struct step step = step_at(w, t);
            if (t % p->interval == 0)
                h = kept_state(w, t / p->interval, n, column);
            if (t % TILE == 0)
                p->boundaries[state_at(w, p->tiles, t / TILE, n, column)] = (real)h;
            h = after_step(w, &step, t, n, column, h);
        }
    }
}

/* One state of one column over a tile, from its end to its beginning; dh_b gathers sums over the states. */
static void state_backward(const struct walk *w, int64_t tile, int64_t n, int64_t column, struct step *steps,
                           int64_t count, double *dh_b)
{
    const struct ssd_backward_args *p = w->p;
    const int64_t first = tile * TILE;
    real *carry = p->dstate + state_at(w, 1, 0, n, column);
    double h[TILE + 1], dh = *carry;
    h[0] = p->boundaries[state_at(w, p->tiles, tile, n, column)];
    for (int64_t i = 0; i < count; i++) {
        if ((first + i) % p->interval == 0)
            h[i] = kept_state(w, (first + i) / p->interval, n, column);
        h[i + 1] = after_step(w, &steps[i], first + i, n, column, h[i]);
    }
    for (int64_t i = count - 1; i >= 0; i--) {
        const int64_t row = row_at(w, first + i);
        const int64_t at = ((row * p->slices + w->slice) * p->groups + w->group) * p->d_state + n;
        const double b = p->b[row * p->b_stride + w->group * p->d_state + n];
        const double c = p->c[row * p->c_stride + w->group * p->d_state + n];
        const double dy = p->dy[row * p->dy_stride + w->head * p->headdim + column];
        dh += term(w, dy * c);
        dh_b[i] += term(w, dh * b);
        steps[i].pull += term(w, h[i] * dh);
        p->db[at] += (real)term(w, steps[i].delta * x_at(w, first + i, column) * dh);
        p->dc[at] += (real)term(w, dy * after_step(w, &steps[i], first + i, n, column, h[i]));
        dh *= steps[i].decay;
    }
    *carry = (real)dh;
}

static void tile_backward(const struct walk *w, int64_t tile)
{
    const struct ssd_backward_args *p = w->p;
    const int64_t first = tile * TILE, count = p->seqlen - first < TILE ? p->seqlen - first : TILE;
    const double d = p->d[w->head], a = p->a[w->head];
    struct step steps[TILE];
    for (int64_t i = 0; i < count; i++)
        steps[i] = step_at(w, first + i);
    for (int64_t column = 0; column < p->headdim; column++) {
        double dh_b[TILE] = {0};
        for (int64_t n = 0; n < p->d_state; n++)
            state_backward(w, tile, n, column, steps, count, dh_b);
        for (int64_t i = 0; i < count; i++) {
            const int64_t row = row_at(w, first + i), at = w->head * p->headdim + column;
            const double dy = p->dy[row * p->dy_stride + at], x = x_at(w, first + i, column);
            p->dx[row * p->dx_stride + at] = (real)(steps[i].delta * dh_b[i] + term(w, d * dy));
            steps[i].ddelta += term(w, x * dh_b[i]);
            p->dd[w->head] += (real)term(w, dy * x);
        }
    }
    for (int64_t i = 0; i < count; i++) {
        const double pull = steps[i].decay * steps[i].pull;
        const double ddt = (steps[i].ddelta + term(w, a * pull)) * steps[i].slope;
        p->ddt[row_at(w, first + i) * p->ddt_stride + w->head] = (real)ddt;
        p->da[w->head] += (real)(steps[i].delta * pull);
        if (p->ddt_bias)
            p->ddt_bias[w->head] += (real)ddt;
    }
}

static void slice_backward(const struct ssd_backward_args *p, int64_t slice, bool magnitude)
{
    const int64_t width = (p->heads + p->slices - 1) / p->slices, begin = slice * width;
    const int64_t end = begin + width < p->heads ? begin + width : p->heads, shared = p->groups * p->d_state;
    for (int64_t row = 0; row < p->batch * p->seqlen; row++)
        for (int64_t n = 0; n < shared; n++) {
            p->db[(row * p->slices + slice) * shared + n] = 0;
            p->dc[(row * p->slices + slice) * shared + n] = 0;
        }
    for (int64_t head = begin; head < end; head++) {
        p->da[head] = p->dd[head] = 0;
        if (p->ddt_bias)
            p->ddt_bias[head] = 0;
        for (int64_t sequence = 0; sequence < p->batch; sequence++) {
            const struct walk w = {p, sequence, head, head * p->groups / p->heads, slice, magnitude};
            find_boundaries(&w);
            for (int64_t i = 0; i < p->d_state * p->headdim; i++)
                p->dstate[state_at(&w, 1, 0, 0, 0) + i] = 0;
            for (int64_t tile = p->tiles - 1; tile >= 0; tile--)
                tile_backward(&w, tile);
        }
    }
}

void KERNEL_REFERENCE(ssd_backward)(const void *args, struct part part)
{
    const struct ssd_backward_args *p = args;
    const struct range slices = part_range(part, p->slices, 1);
    for (int64_t slice = slices.begin; slice < slices.end; slice++)
        slice_backward(p, slice, false);
}

#ifdef KERNELS_FLOAT64
void ssd_backward_condition_f64(const void *args, struct part part)
{
    const struct ssd_backward_args *p = args;
    const struct range slices = part_range(part, p->slices, 1);
    for (int64_t slice = slices.begin; slice < slices.end; slice++)
        slice_backward(p, slice, true);
}
#endif
