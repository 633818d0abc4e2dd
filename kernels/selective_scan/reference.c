/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/selective_scan/selective_scan.h"

#include <math.h>
#include <string.h>

#include "kernels/time_step.h"

void KERNEL_REFERENCE(selective_scan)(const void *args, struct part part)
{
    const struct selective_scan_args *p = args;
    int64_t states = p->d_state;
    struct range share = part_range(part, p->batch * p->channels, 1);
    for (int64_t i = share.begin; i < share.end; i++) {
        int64_t channel = i % p->channels;
        const real *a = p->a + channel * states;
        real *h = p->state + i * states;
        double bias = p->dt_bias ? p->dt_bias[channel] : 0;
        for (int64_t t = 0; t < p->seqlen; t++) {
            int64_t row = i / p->channels * p->seqlen + t;
            double delta = time_step(p->dt[row * p->dt_stride + channel] + bias, p->dt_min, p->dt_max);
            double u = p->u[row * p->u_stride + channel];
            double z = p->z[row * p->z_stride + channel];
            double y = 0;
            for (int64_t n = 0; n < states; n++) {
                h[n] = (real)(exp(delta * a[n]) * h[n] + delta * u * p->b[row * p->b_stride + n]);
                y += (double)h[n] * p->c[row * p->c_stride + n];
            }
            y += p->d[channel] * u;
            p->y[row * p->y_stride + channel] = (real)(y * (z / (1 + exp(-z))));
        }
    }
}

#ifndef KERNELS_FLOAT64
/* What happens to one channel of one sequence at one step, but for the recurrence. */
struct step {
    double delta, u;
    const real *b, *c;
};

static struct step step_at(const struct selective_scan_args *p, int64_t i, int64_t t)
{
    const int64_t channel = i % p->channels, row = i / p->channels * p->seqlen + t;
    const double bias = p->dt_bias ? p->dt_bias[channel] : 0;
    return (struct step){time_step(p->dt[row * p->dt_stride + channel] + bias, p->dt_min, p->dt_max),
                         p->u[row * p->u_stride + channel], p->b + row * p->b_stride,
                         p->c + row * p->c_stride};
}

static void put(const struct selective_scan_args *p, int64_t i, int64_t t, double contracted)
{
    const int64_t channel = i % p->channels, row = i / p->channels * p->seqlen + t;
    const double z = p->z[row * p->z_stride + channel];
    const double y = contracted + (double)p->d[channel] * p->u[row * p->u_stride + channel];
    p->y[row * p->y_stride + channel] = (real)(y * (z / (1 + exp(-z))));
}

/* For each part, states: those that go through a chunk, and those after it. */
size_t selective_scan_chunked_scratch_reference(const void *args, int parts)
{
    const struct selective_scan_args *p = args;
    return (size_t)parts * 2 * (size_t)p->d_state * sizeof(double);
}

void selective_scan_chunked_reference(const void *args, struct part part)
{
    enum { CHUNK = 64 };
    const struct selective_scan_args *p = args;
    const int64_t states = p->d_state, chunk = p->chunk > 0 ? p->chunk : CHUNK;
    double *h = (double *)p->scratch + 2 * states * part.index, *after = h + states;
    struct range share = part_range(part, p->batch * p->channels, 1);
    for (int64_t i = share.begin; i < share.end; i++) {
        const real *a = p->a + i % p->channels * states;
        for (int64_t n = 0; n < states; n++)
            after[n] = p->state[i * states + n];
        for (int64_t first = 0, end; first < p->seqlen; first = end) {
            end = chunk < p->seqlen - first ? first + chunk : p->seqlen;
            double sum = 0;
            memcpy(h, after, (size_t)states * sizeof *h);
            memset(after, 0, (size_t)states * sizeof *after);
            for (int64_t t = first; t < end; t++) {
                const struct step step = step_at(p, i, t);
                sum += step.delta;
                for (int64_t n = 0; n < states; n++)
                    after[n] = exp(step.delta * a[n]) * after[n] + step.delta * step.u * step.b[n];
            }
            for (int64_t n = 0; n < states; n++)
                after[n] += exp(sum * a[n]) * h[n];
            for (int64_t t = first; t < end; t++) {
                const struct step step = step_at(p, i, t);
                double y = 0;
                for (int64_t n = 0; n < states; n++) {
                    h[n] = exp(step.delta * a[n]) * h[n] + step.delta * step.u * step.b[n];
                    y += h[n] * step.c[n];
                }
                put(p, i, t, y);
            }
        }
        for (int64_t n = 0; n < states; n++)
            p->state[i * states + n] = (real)after[n];
    }
}

/* For each part, over time: the pairs (a, b) of the nodes, the state before each step, and y. */
size_t selective_scan_blelloch_scratch_reference(const void *args, int parts)
{
    const struct selective_scan_args *p = args;
    return (size_t)parts * 4 * (size_t)p->seqlen * sizeof(double);
}

void selective_scan_blelloch_reference(const void *args, struct part part)
{
    const struct selective_scan_args *p = args;
    const int64_t states = p->d_state, length = p->seqlen;
    double *a = (double *)p->scratch + 4 * length * part.index, *b = a + length, *h = b + length,
           *y = h + length;
    struct range share = part_range(part, p->batch * p->channels, 1);
    for (int64_t i = share.begin; i < share.end; i++) {
        for (int64_t t = 0; t < length; t++)
            y[t] = 0;
        for (int64_t n = 0; n < states; n++) {
            const double rate = p->a[i % p->channels * states + n];
            for (int64_t t = 0; t < length; t++) {
                const struct step step = step_at(p, i, t);
                a[t] = exp(step.delta * rate);
                b[t] = step.delta * step.u * step.b[n];
            }
            int64_t half = 1;
            for (; 2 * half < length; half *= 2)
                for (int64_t t = 2 * half - 1; t < length; t += 2 * half) {
                    b[t] += a[t] * b[t - half];
                    a[t] *= a[t - half];
                }
            h[0] = p->state[i * states + n];
            for (; half > 0; half /= 2)
                for (int64_t t = half; t < length; t += 2 * half)
                    h[t] = a[t - 1] * h[t - half] + b[t - 1];
            for (int64_t t = 0; t < length; t++) {
                const struct step step = step_at(p, i, t);
                h[t] = exp(step.delta * rate) * h[t] + step.delta * step.u * step.b[n];
                y[t] += h[t] * step.c[n];
            }
            p->state[i * states + n] = (real)h[length - 1];
        }
        for (int64_t t = 0; t < length; t++)
            put(p, i, t, y[t]);
    }
}
#endif
