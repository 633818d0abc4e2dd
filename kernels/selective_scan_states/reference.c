/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/selective_scan_states/selective_scan_states.h"

#include <math.h>

#include "kernels/time_step.h"

void KERNEL_REFERENCE(selective_scan_states)(const void *args, struct part part)
{
    const struct selective_scan_states_args *p = args;
    const int64_t states = p->d_state, channels = p->channels;
    struct range share = part_range(part, p->batch * channels, 1);
    for (int64_t i = share.begin; i < share.end; i++) {
        const int64_t sequence = i / channels, channel = i % channels;
        const real *a = p->a + channel * states;
        real *h = p->last + sequence * states * channels + channel;
        const double bias = p->dt_bias ? p->dt_bias[channel] : 0;
        for (int64_t n = 0; n < states; n++)
            h[n * channels] = 0;
        for (int64_t t = 0; t < p->seqlen; t++) {
            const int64_t row = sequence * p->seqlen + t;
            const double delta = time_step(p->dt[row * p->dt_stride + channel] + bias, p->dt_min, p->dt_max);
            const double u = p->u[row * p->u_stride + channel], z = p->z[row * p->z_stride + channel];
            const int64_t kept = sequence * p->kept + t / p->interval;
            double y = 0;
            for (int64_t n = 0; n < states; n++) {
                if (t % p->interval == 0)
                    p->states[(kept * states + n) * channels + channel] = h[n * channels];
                h[n * channels] =
                    (real)(exp(delta * a[n]) * h[n * channels] + delta * u * p->b[row * p->b_stride + n]);
                y += (double)h[n * channels] * p->c[row * p->c_stride + n];
            }
            y += p->d[channel] * u;
            p->y[row * p->y_stride + channel] = (real)(y * (z / (1 + exp(-z))));
        }
    }
}
