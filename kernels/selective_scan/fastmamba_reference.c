/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/selective_scan/selective_scan.h"

#include "kernels/fastmamba/ssm.inc"

enum { DT, U = 2, B = 4, C, STATE = 9 };

static double largest_of(const struct selective_scan_args *p, int operand, const real *values, int64_t stride,
                         int64_t columns)
{
    return p->samples && p->samples[operand].largest > 0
               ? p->samples[operand].largest
               : ssm_largest(values, p->batch * p->seqlen, stride, columns);
}

/* The gate is in floating point. */
static double gated(double y, double z)
{
    return y * (z / (1 + exp(-z)));
}

static void run_row(const struct selective_scan_args *p, struct ssm *s, const struct ssm_ranges *ranges,
                    int64_t i)
{
    const int64_t states = p->d_state, channel = i % p->channels;
    const real *a = p->a + channel * states;
    real *state = p->state + i * states;
    int64_t h[FIXED_MOST_STATES];
    const double largest = s->largest_state > 0 ? s->largest_state
                                                : fmax(ssm_largest(state, 1, 0, states),
                                                       16 * s->step.largest_delta * ranges->x * ranges->b);
    ssm_row_points(s, ranges, largest, states);
    for (int64_t n = 0; n < states; n++)
        h[n] = fixed_from(state[n], s->state_scale, SSM_STATE_BITS);
    for (int64_t t = 0; t < p->seqlen; t++) {
        const int64_t row = i / p->channels * p->seqlen + t;
        const real *b = p->b + row * p->b_stride, *c = p->c + row * p->c_stride;
        const int64_t delta =
            ssm_delta(&s->step, p->dt[row * p->dt_stride + channel], p->dt_bias ? p->dt_bias[channel] : 0);
        const int64_t u = fixed_from(p->u[row * p->u_stride + channel], s->x_scale, SSM_X_BITS);
        const int64_t q = ssm_q(s, delta, u);
        int64_t sum = 0;
        for (int64_t n = 0; n < states; n++) {
            h[n] = ssm_state(s, ssm_decay(s, delta, a[n]), h[n], q, fixed_from(b[n], s->b_scale, SSM_B_BITS));
            sum += h[n] * fixed_from(c[n], s->c_scale, SSM_C_BITS);
        }
        p->y[row * p->y_stride + channel] =
            (real)(float)gated(ssm_y(s, sum, p->d[channel], u), p->z[row * p->z_stride + channel]);
    }
    for (int64_t n = 0; n < states; n++)
        state[n] = (real)(float)fixed_value(h[n], s->state);
}

void KERNEL_EXACT(selective_scan_fastmamba)(const void *args, struct part part)
{
    const struct selective_scan_args *p = args;
    const struct ssm_ranges ranges = {
        .dt = largest_of(p, DT, p->dt, p->dt_stride, p->channels) +
              (p->dt_bias ? ssm_largest(p->dt_bias, 1, 0, p->channels) : 0),
        .a = ssm_largest(p->a, 1, 0, p->channels * p->d_state),
        .x = largest_of(p, U, p->u, p->u_stride, p->channels),
        .b = largest_of(p, B, p->b, p->b_stride, p->d_state),
        .c = largest_of(p, C, p->c, p->c_stride, p->d_state),
        .d = ssm_largest(p->d, 1, 0, p->channels),
        .state = p->samples ? p->samples[STATE].largest : 0,
    };
    struct ssm s;
    ssm_points(&s, &ranges, p->dt_min, p->dt_max);
    const struct range share = part_range(part, p->batch * p->channels, 1);
    for (int64_t i = share.begin; i < share.end; i++)
        run_row(p, &s, &ranges, i);
}
