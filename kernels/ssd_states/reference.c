/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/ssd_states/ssd_states.h"

#include <math.h>

#include "kernels/time_step.h"

void KERNEL_REFERENCE(ssd_states)(const void *args, struct part part)
{
    const struct ssd_states_args *p = args;
    const int64_t states = p->d_state, width = p->headdim;
    struct range share = part_range(part, p->batch * p->heads * width, 1);
    for (int64_t i = share.begin; i < share.end; i++) {
        const int64_t sequence = i / (p->heads * width), column = i % (p->heads * width);
        const int64_t head = column / width, group = head * p->groups / p->heads;
        real *h = p->last + (sequence * p->heads + head) * states * width + column % width;
        const double bias = p->dt_bias ? p->dt_bias[head] : 0;
        for (int64_t n = 0; n < states; n++)
            h[n * width] = 0;
        for (int64_t t = 0; t < p->seqlen; t++) {
            const int64_t row = sequence * p->seqlen + t;
            const real *b = p->b + row * p->b_stride + group * states;
            const real *c = p->c + row * p->c_stride + group * states;
            const double delta = time_step(p->dt[row * p->dt_stride + head] + bias, p->dt_min, p->dt_max);
            const double decay = exp(delta * p->a[head]), x = p->x[row * p->x_stride + column];
            real *kept = p->states +
                         ((sequence * p->kept + t / p->interval) * p->heads + head) * states * width +
                         column % width;
            double y = p->d[head] * x;
            for (int64_t n = 0; n < states; n++) {
                if (t % p->interval == 0)
                    kept[n * width] = h[n * width];
                h[n * width] = (real)(decay * h[n * width] + delta * x * b[n]);
                y += (double)h[n * width] * c[n];
            }
            p->y[row * p->y_stride + column] = (real)y;
        }
    }
}
