/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef KERNELS_SSD_BACKWARD_H
#define KERNELS_SSD_BACKWARD_H

#include "kernels/kernel.h"

/* All gradients of ssd (kernels/ssd/ssd.h), given dy, that of its output, by the chain rule, from the last
 * step to the first.
 *
 * The state h[t] before step t is what states[i][t / interval], the one kept by ssd_states, becomes in
 * t % interval steps; without states (null) every kept one is zero, so that an interval of seqlen rebuilds
 * all from the start. For each sequence i, head k, step t, column p and state n, with v = dt + dt_bias,
 * delta = clamp(softplus(v)), decay = exp(delta * a), b and c of the head's group:
 *   h+[p][n] = decay * h[p][n] + delta * x[p] * b[n]            the state after the step
 *   dh[p][n] = dy[p] * c[n] + (decay * dh[p][n] of step t + 1)
 *   dx[p]    = delta * sum_n dh[p][n] * b[n] + d * dy[p]
 *   ddelta   = sum_p x[p] * sum_n dh[p][n] * b[n] + a * decay * sum_pn h[p][n] * dh[p][n]
 *   ddt      = ddelta * softplus'(v), 0 where delta is clamped
 *   da       = sum over i and t of delta * decay * sum_pn h[p][n] * dh[p][n]
 *   dd       = sum over i, t and p of dy[p] * x[p]
 *   ddt_bias = sum over i and t of ddt
 *   db[n]    = sum over the group's heads and p of delta * x[p] * dh[p][n]
 *   dc[n]    = sum over the group's heads and p of dy[p] * h+[p][n]
 * Sums over heads come in `slices` parts, each of ceil(heads / slices) heads (the last ones of fewer or
 * none), so that threads share nothing; kernels/reduce adds them. dstate is the gradient of the state before
 * the first step, boundaries the state before every SSD_BACKWARD_TILE-th step. */
struct ssd_backward_args {
    int64_t batch, seqlen, heads, headdim, groups, d_state;
    int64_t interval, slices; /* >= 1 */
    int64_t kept, tiles; /* ceil(seqlen / interval), ceil(seqlen / SSD_BACKWARD_TILE): follow from the dims */
    double dt_min, dt_max;
    const real *dt;
    int64_t dt_stride;   /* (batch, seqlen | heads) */
    const real *dt_bias; /* (heads), may be null */
    const real *x;
    int64_t x_stride; /* (batch, seqlen | heads, headdim) */
    const real *a;    /* (heads) */
    const real *b;
    int64_t b_stride; /* (batch, seqlen | groups, d_state) */
    const real *c;
    int64_t c_stride;   /* (batch, seqlen | groups, d_state) */
    const real *d;      /* (heads) */
    const real *states; /* (batch, kept, heads, d_state, headdim), may be null */
    const real *dy;
    int64_t dy_stride; /* (batch, seqlen | heads, headdim) */
    real *dx;
    int64_t dx_stride; /* (batch, seqlen | heads, headdim) */
    real *ddt;
    int64_t ddt_stride; /* (batch, seqlen | heads) */
    real *da;           /* (heads) */
    real *db, *dc;      /* (batch, seqlen, slices, groups, d_state) */
    real *dd;           /* (heads) */
    real *ddt_bias;     /* (heads), may be null */
    real *boundaries;   /* (batch, tiles, heads, d_state, headdim) */
    real *dstate;       /* (batch, heads, d_state, headdim) */
};

enum { SSD_BACKWARD_TILE = 32 };

extern const struct kernel_family ssd_backward_family;

kernel_fn ssd_backward_reference, ssd_backward_reference_f64, ssd_backward_condition_f64, ssd_backward_avx2,
    ssd_backward_avx512, ssd_backward_neon;
bool ssd_backward_accepts_avx2(const void *args), ssd_backward_accepts_avx512(const void *args),
    ssd_backward_accepts_neon(const void *args);

#endif
