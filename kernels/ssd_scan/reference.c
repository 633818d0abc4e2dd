/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/ssd_scan/ssd_scan.h"

#include <math.h>

void KERNEL_REFERENCE(ssd_scan)(const void *args, struct part part)
{
    const struct ssd_scan_args *p = args;
    int64_t states = p->d_state, in_batch = p->heads * p->headdim;
    struct range share = part_range(part, p->batch * in_batch, 1);
    for (int64_t i = share.begin; i < share.end; i++) {
        int64_t column = i % in_batch, head = column / p->headdim, group = head * p->groups / p->heads;
        real *h = p->state + i * states;
        for (int64_t t = 0; t < p->seqlen; t++) {
            int64_t row = i / in_batch * p->seqlen + t;
            const real *b = p->b + row * p->b_stride + group * states;
            const real *c = p->c + row * p->c_stride + group * states;
            double delta = p->delta[row * p->delta_stride + head];
            double decay = exp(delta * p->a[head]), x = p->x[row * p->x_stride + column];
            double y = 0;
            for (int64_t n = 0; n < states; n++) {
                h[n] = (real)(decay * h[n] + delta * x * b[n]);
                y += (double)h[n] * c[n];
            }
            p->y[row * p->y_stride + column] = (real)y;
        }
    }
}

#ifndef KERNELS_FLOAT64
#include "kernels/ssd/matrices_reference.inc"

size_t ssd_scan_ssd_scratch_reference(const void *args, int parts)
{
    const struct ssd_args matrices = ssd_scan_as_ssd(args);
    return reference_scratch(&matrices, parts);
}

void ssd_scan_ssd_reference(const void *args, struct part part)
{
    const struct ssd_args matrices = ssd_scan_as_ssd(args);
    multiply_chunks(&matrices, part, false);
}
#endif
