/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/discretize/discretize.h"

#include <math.h>

void KERNEL_REFERENCE(discretize)(const void *args, struct part part)
{
    const struct discretize_args *p = args;
    struct range share = part_range(part, p->rows * p->channels, 1);
    for (int64_t i = share.begin; i < share.end; i++) {
        int64_t row = i / p->channels, channel = i % p->channels;
        double delta = p->delta[row * p->delta_stride + channel];
        double u = p->u[row * p->u_stride + channel];
        for (int64_t n = 0; n < p->d_state; n++) {
            p->abar[i * p->d_state + n] = (real)exp(delta * p->a[channel * p->d_state + n]);
            p->bu[i * p->d_state + n] = (real)(delta * u * p->b[row * p->b_stride + n]);
        }
    }
}
