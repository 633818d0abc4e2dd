/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/ssd_block/ssd_block.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "kernels/time_step.h"

enum { BLOCK = 256 };

static double silu(double v)
{
    return v / (1 + exp(-v));
}

/* A value and the sum of the magnitudes of its terms. */
struct term {
    double value, magnitude;
};

static struct term convolved(const struct ssd_block_args *p, int64_t sequence, int64_t t, int64_t channel)
{
    const int64_t history = p->width - 1;
    struct term sum = {p->bias ? p->bias[channel] : 0, p->bias ? fabs(p->bias[channel]) : 0};
    for (int64_t j = 0; j < p->width; j++) {
        const int64_t at = t - history + j;
        const double x = at < 0 ? p->conv_state[(sequence * history + at + history) * p->channels + channel]
                                : p->x[(sequence * p->seqlen + at) * p->x_stride + channel];
        const double product = p->weight[channel * p->width + j] * x;
        sum.value += product;
        sum.magnitude += fabs(product);
    }
    return (struct term){silu(sum.value), sum.magnitude};
}

/* One token of one head: y for each of its columns. magnitudes of h and y may be null. */
static void step_head(const struct ssd_block_args *p, int64_t sequence, int64_t t, int64_t head,
                      int64_t first, const struct term *b, const struct term *c, double *h_magnitude,
                      double *y_magnitude)
{
    const int64_t row = sequence * p->seqlen + t, states = smaller(BLOCK, p->d_state - first);
    const double bias = p->dt_bias ? p->dt_bias[head] : 0;
    const double delta = time_step(p->dt[row * p->dt_stride + head] + bias, p->dt_min, p->dt_max);
    const double decay = exp(delta * p->a[head]);
    for (int64_t column = head * p->headdim; column < (head + 1) * p->headdim; column++) {
        const int64_t at = (sequence * p->heads * p->headdim + column) * p->d_state + first;
        const struct term u = convolved(p, sequence, t, column);
        real *h = p->state + at, *out = p->out + row * p->out_stride + column;
        double y = first ? *out : p->d[head] * u.value;
        double magnitude = first || !y_magnitude ? 0 : fabs(p->d[head]) * u.magnitude;
        for (int64_t n = 0; n < states; n++) {
            h[n] = (real)(decay * h[n] + delta * u.value * b[n].value);
            y += (double)h[n] * c[n].value;
            if (!h_magnitude)
                continue;
            h_magnitude[at + n] = decay * h_magnitude[at + n] + delta * u.magnitude * b[n].magnitude;
            magnitude += h_magnitude[at + n] * c[n].magnitude;
        }
        *out = (real)y;
        if (y_magnitude)
            y_magnitude[column] = first ? y_magnitude[column] + magnitude : magnitude;
    }
}

static void step_token(const struct ssd_block_args *p, int64_t sequence, int64_t t, double *h_magnitude,
                       double *y_magnitude)
{
    const int64_t inner = p->heads * p->headdim, heads = p->heads / p->groups;
    struct term b[BLOCK], c[BLOCK];
    for (int64_t group = 0; group < p->groups; group++)
        for (int64_t first = 0; first < p->d_state; first += BLOCK) {
            const int64_t channel = inner + group * p->d_state + first;
            for (int64_t n = 0; n < smaller(BLOCK, p->d_state - first); n++) {
                b[n] = convolved(p, sequence, t, channel + n);
                c[n] = convolved(p, sequence, t, channel + p->groups * p->d_state + n);
            }
            for (int64_t head = group * heads; head < (group + 1) * heads; head++)
                step_head(p, sequence, t, head, first, b, c, h_magnitude, y_magnitude);
        }
}

/* The gated norm of one group of columns of out in place; with magnitudes, the condition in its place: what
 * an error of each y, and of the scale through all of them, can do. */
static void norm_group(const struct ssd_block_args *p, int64_t row, int64_t column, int64_t n,
                       const double *y_magnitude)
{
    const bool gate_first = p->norm_before_gate == 0;
    real *out = p->out + row * p->out_stride;
    const real *z = p->z + row * p->z_stride;
    double squares = 0, errors = 0;
    for (int64_t i = column; i < column + n; i++) {
        const double gate = gate_first ? silu(z[i]) : 1, v = out[i] * gate;
        squares += v * v;
        errors += y_magnitude ? y_magnitude[i] * fabs(gate * v) : 0;
    }
    const double mean = squares / (double)n + p->eps, scale = 1 / sqrt(mean);
    for (int64_t i = column; i < column + n; i++) {
        const double gain = silu(z[i]) * scale * p->norm_weight[i];
        if (y_magnitude)
            out[i] = (real)(fabs(gain) * (y_magnitude[i] + fabs(out[i]) * (1 + errors / ((double)n * mean))));
        else
            out[i] = (real)(out[i] * gain);
    }
}

static void end_history(const struct ssd_block_args *p, int64_t sequence)
{
    const int64_t history = p->width - 1;
    for (int64_t j = 0; j < history; j++) {
        const int64_t at = p->seqlen - history + j;
        real *to = p->conv_state + (sequence * history + j) * p->channels;
        const real *from =
            at < 0 ? to + p->seqlen * p->channels : p->x + (sequence * p->seqlen + at) * p->x_stride;
        for (int64_t c = 0; c < p->channels; c++)
            to[c] = from[c];
    }
}

static void run_sequence(const struct ssd_block_args *p, int64_t sequence, double *h_magnitude,
                         double *y_magnitude)
{
    const int64_t inner = p->heads * p->headdim, n = inner / p->groups;
    for (int64_t t = 0; t < p->seqlen; t++) {
        step_token(p, sequence, t, h_magnitude, y_magnitude);
        for (int64_t group = 0; group < p->groups; group++)
            norm_group(p, sequence * p->seqlen + t, group * n, n, y_magnitude);
    }
    end_history(p, sequence);
}

void KERNEL_REFERENCE(ssd_block)(const void *args, struct part part)
{
    const struct ssd_block_args *p = args;
    const struct range share = part_range(part, p->batch, 1);
    for (int64_t i = share.begin; i < share.end; i++)
        run_sequence(p, i, NULL, NULL);
}

#ifdef KERNELS_FLOAT64
/* For the check alone, hence the memory. */
void ssd_block_condition_f64(const void *args, struct part part)
{
    const struct ssd_block_args *p = args;
    const int64_t inner = p->heads * p->headdim, states = p->batch * inner * p->d_state;
    const struct range share = part_range(part, p->batch, 1);
    double *h = malloc((size_t)states * sizeof *h), *y = malloc((size_t)inner * sizeof *y);
    if (!h || !y)
        abort();
    for (int64_t i = 0; i < states; i++)
        h[i] = fabs(p->state[i]);
    for (int64_t i = share.begin; i < share.end; i++)
        run_sequence(p, i, h, y);
    for (int64_t i = share.begin * inner * p->d_state; i < share.end * inner * p->d_state; i++)
        p->state[i] = h[i];
    free(h);
    free(y);
}
#endif
