/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/selective_scan_backward/selective_scan_backward.h"

#include <math.h>

#include "kernels/time_step.h"

enum { TILE = SCAN_BACKWARD_TILE };

/* One channel of one sequence. */
struct walk {
    const struct selective_scan_backward_args *p;
    int64_t sequence, channel, slice;
    bool magnitude; /* of every term, added: the condition of the error bound */
};

struct step {
    double delta, slope; /* softplus and its derivative, 0 where clamped */
    double u, silu, silu_slope, dy;
    double y, dh_b, ddelta; /* sums over the states */
};

static double term(const struct walk *w, double v)
{
    return w->magnitude ? fabs(v) : v;
}

static struct step step_at(const struct walk *w, int64_t t)
{
    const struct selective_scan_backward_args *p = w->p;
    const int64_t row = w->sequence * p->seqlen + t;
    const double x = p->dt[row * p->dt_stride + w->channel] + (p->dt_bias ? p->dt_bias[w->channel] : 0);
    const double z = p->z[row * p->z_stride + w->channel];
    const double s = 1 / (1 + exp(-z)), rest = 1 / (1 + exp(z));
    struct step step = {.delta = time_step(x, p->dt_min, p->dt_max),
                        .slope = time_step_slope(x, p->dt_min, p->dt_max)};
    step.u = p->u[row * p->u_stride + w->channel];
    step.dy = term(w, p->dy[row * p->dy_stride + w->channel]);
    step.silu = term(w, z * s);
    step.silu_slope = s * (1 + term(w, z * rest));
    return step;
}

static double kept_state(const struct walk *w, int64_t index, int64_t n)
{
    const struct selective_scan_backward_args *p = w->p;
    if (!p->states)
        return 0;
    return term(w, p->states[((w->sequence * p->kept + index) * p->d_state + n) * p->channels + w->channel]);
}

static double after_step(const struct walk *w, const struct step *step, int64_t t, int64_t n, double h)
{
    const struct selective_scan_backward_args *p = w->p;
    const double b = p->b[(w->sequence * p->seqlen + t) * p->b_stride + n];
    return exp(step->delta * p->a[w->channel * p->d_state + n]) * h + term(w, step->delta * step->u * b);
}

static real *boundary(const struct walk *w, int64_t tile, int64_t n)
{
    const struct selective_scan_backward_args *p = w->p;
    return p->boundaries + ((w->sequence * p->tiles + tile) * p->d_state + n) * p->channels + w->channel;
}

static void find_boundaries(const struct walk *w)
{
    const struct selective_scan_backward_args *p = w->p;
    for (int64_t n = 0; n < p->d_state; n++) {
        double h = 0;
        for (int64_t t = 0; t < p->seqlen; t++) {
            const struct step step = step_at(w, t);
            if (t % p->interval == 0)
                h = kept_state(w, t / p->interval, n);
            if (t % TILE == 0)
                *boundary(w, t / TILE, n) = (real)h;
            h = after_step(w, &step, t, n, h);
        }
    }
}

/* State n of one tile, from its end to its beginning. */
static void state_backward(const struct walk *w, int64_t tile, int64_t n, struct step *steps, int64_t count)
{
    const struct selective_scan_backward_args *p = w->p;
    const int64_t first = tile * TILE;
    const double a = p->a[w->channel * p->d_state + n];
    real *carry = p->dstate + (w->sequence * p->d_state + n) * p->channels + w->channel;
    real *da = p->da + w->channel * p->d_state + n;
    double h[TILE + 1], dh = *carry, sum = 0;
    h[0] = *boundary(w, tile, n);
    for (int64_t i = 0; i < count; i++) {
        if ((first + i) % p->interval == 0)
            h[i] = kept_state(w, (first + i) / p->interval, n);
        h[i + 1] = after_step(w, &steps[i], first + i, n, h[i]);
    }
    for (int64_t i = count - 1; i >= 0; i--) {
        struct step *step = &steps[i];
        const int64_t row = w->sequence * p->seqlen + first + i,
                      at = (row * p->slices + w->slice) * p->d_state + n;
        const double b = p->b[row * p->b_stride + n], c = p->c[row * p->c_stride + n];
        const double decay = exp(step->delta * a), g = step->dy * step->silu;
        const double after = after_step(w, step, first + i, n, h[i]);
        dh += term(w, g * c);
        step->y += term(w, after * c);
        step->dh_b += term(w, dh * b);
        step->ddelta += term(w, a * decay * h[i] * dh);
        sum += term(w, step->delta * decay * h[i] * dh);
        p->db[at] += (real)term(w, step->delta * step->u * dh);
        p->dc[at] += (real)(g * after);
        dh *= decay;
    }
    *da += (real)sum;
    *carry = (real)dh;
}

static void channel_backward(const struct walk *w)
{
    const struct selective_scan_backward_args *p = w->p;
    const double d = p->d[w->channel];
    find_boundaries(w);
    for (int64_t n = 0; n < p->d_state; n++)
        p->dstate[(w->sequence * p->d_state + n) * p->channels + w->channel] = 0;
    for (int64_t tile = p->tiles - 1; tile >= 0; tile--) {
        struct step steps[TILE];
        const int64_t count = p->seqlen - tile * TILE < TILE ? p->seqlen - tile * TILE : TILE;
        for (int64_t i = 0; i < count; i++)
            steps[i] = step_at(w, tile * TILE + i);
        for (int64_t n = 0; n < p->d_state; n++)
            state_backward(w, tile, n, steps, count);
        for (int64_t i = 0; i < count; i++) {
            const struct step *step = &steps[i];
            const int64_t row = w->sequence * p->seqlen + tile * TILE + i;
            const double r = step->y + term(w, d * step->u), g = step->dy * step->silu;
            const double ddelta = term(w, step->u * step->dh_b) + step->ddelta;
            p->y[row * p->y_stride + w->channel] = (real)(r * step->silu);
            p->dz[row * p->dz_stride + w->channel] = (real)(step->dy * r * step->silu_slope);
            p->du[row * p->du_stride + w->channel] = (real)(step->delta * step->dh_b + term(w, d * g));
            p->ddt[row * p->ddt_stride + w->channel] = (real)(ddelta * step->slope);
            p->dd[w->channel] += (real)term(w, g * step->u);
            if (p->ddt_bias)
                p->ddt_bias[w->channel] += (real)(ddelta * step->slope);
        }
    }
}

static void slice_backward(const struct selective_scan_backward_args *p, int64_t slice, bool magnitude)
{
    const int64_t width = selective_scan_backward_slice(p), begin = slice * width;
    const int64_t end = begin + width < p->channels ? begin + width : p->channels;
    for (int64_t row = 0; row < p->batch * p->seqlen; row++)
        for (int64_t n = 0; n < p->d_state; n++) {
            p->db[(row * p->slices + slice) * p->d_state + n] = 0;
            p->dc[(row * p->slices + slice) * p->d_state + n] = 0;
        }
    for (int64_t channel = begin; channel < end; channel++) {
        p->dd[channel] = 0;
        if (p->ddt_bias)
            p->ddt_bias[channel] = 0;
        for (int64_t n = 0; n < p->d_state; n++)
            p->da[channel * p->d_state + n] = 0;
        for (int64_t sequence = 0; sequence < p->batch; sequence++)
            channel_backward(&(struct walk){p, sequence, channel, slice, magnitude});
    }
}

void KERNEL_REFERENCE(selective_scan_backward)(const void *args, struct part part)
{
    const struct selective_scan_backward_args *p = args;
    const struct range slices = part_range(part, p->slices, 1);
    for (int64_t slice = slices.begin; slice < slices.end; slice++)
        slice_backward(p, slice, false);
}

#ifdef KERNELS_FLOAT64
void selective_scan_backward_condition_f64(const void *args, struct part part)
{
    const struct selective_scan_backward_args *p = args;
    const struct range slices = part_range(part, p->slices, 1);
    for (int64_t slice = slices.begin; slice < slices.end; slice++)
        slice_backward(p, slice, true);
}
#endif
