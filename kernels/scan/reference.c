/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/scan/scan.h"

void KERNEL_REFERENCE(scan)(const void *args, struct part part)
{
    const struct scan_args *p = args;
    int64_t width = p->channels * p->d_state;
    struct range share = part_range(part, p->batch * width, 1);
    for (int64_t i = share.begin; i < share.end; i++) {
        int64_t first = i / width * p->seqlen * width + i % width;
        double h = p->state[i];
        for (int64_t t = 0; t < p->seqlen; t++) {
            int64_t at = first + t * width;
            h = p->abar[at] * h + p->bu[at];
            p->h[at] = (real)h;
        }
        p->state[i] = (real)h;
    }
}

#ifndef KERNELS_FLOAT64
void scan_chunked_reference(const void *args, struct part part)
{
    enum { CHUNK = 64 };
    const struct scan_args *p = args;
    const int64_t width = p->channels * p->d_state, chunk = p->chunk > 0 ? p->chunk : CHUNK;
    struct range share = part_range(part, p->batch * width, 1);
    for (int64_t i = share.begin; i < share.end; i++) {
        const int64_t at = i / width * p->seqlen * width + i % width;
        double before = p->state[i];
        for (int64_t first = 0, end; first < p->seqlen; first = end) {
            double local = 0, product = 1, h = before;
            end = chunk < p->seqlen - first ? first + chunk : p->seqlen;
            for (int64_t t = first; t < end; t++) {
                local = p->abar[at + t * width] * local + p->bu[at + t * width];
                product *= p->abar[at + t * width];
            }
            before = product * before + local;
            for (int64_t t = first; t < end; t++) {
                h = p->abar[at + t * width] * h + p->bu[at + t * width];
                p->h[at + t * width] = (real)h;
            }
        }
        p->state[i] = (real)before;
    }
}

/* For each part, over time: the pairs (a, b) of the nodes, and the state before each step. */
size_t scan_blelloch_scratch_reference(const void *args, int parts)
{
    const struct scan_args *p = args;
    return (size_t)parts * 3 * (size_t)p->seqlen * sizeof(double);
}

void scan_blelloch_reference(const void *args, struct part part)
{
    const struct scan_args *p = args;
    const int64_t width = p->channels * p->d_state, length = p->seqlen;
    double *a = (double *)p->scratch + 3 * length * part.index, *b = a + length, *h = b + length;
    struct range share = part_range(part, p->batch * width, 1);
    for (int64_t i = share.begin; i < share.end; i++) {
        const int64_t at = i / width * length * width + i % width;
        for (int64_t t = 0; t < length; t++) {
            a[t] = p->abar[at + t * width];
            b[t] = p->bu[at + t * width];
        }
        int64_t half = 1;
        for (; 2 * half < length; half *= 2)
            for (int64_t t = 2 * half - 1; t < length; t += 2 * half) {
                b[t] += a[t] * b[t - half];
                a[t] *= a[t - half];
            }
        h[0] = p->state[i];
        for (; half > 0; half /= 2)
            for (int64_t t = half; t < length; t += 2 * half)
                h[t] = a[t - 1] * h[t - half] + b[t - 1];
        for (int64_t t = 0; t < length; t++)
            p->h[at + t * width] = (real)(p->abar[at + t * width] * h[t] + p->bu[at + t * width]);
        p->state[i] = p->h[at + (length - 1) * width];
    }
}
#endif
