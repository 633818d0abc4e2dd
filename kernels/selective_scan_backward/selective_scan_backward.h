/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef KERNELS_SELECTIVE_SCAN_BACKWARD_H
#define KERNELS_SELECTIVE_SCAN_BACKWARD_H

#include "kernels/kernel.h"

/* All gradients of selective_scan (kernels/selective_scan/selective_scan.h), given dy, that of its output, by
 * the chain rule, from the last step to the first.
 *
 * The state h[t] before step t is what states[i][t / interval], the one kept by selective_scan_states,
 * becomes in t % interval steps; without states (null) every kept one is zero, so that an interval of seqlen
 * rebuilds all from the start. For each sequence i, channel j, step t and state n, with x = dt + dt_bias,
 * delta = clamp(softplus(x)), decay[n] = exp(delta * a[n]), s = silu(z):
 *   h+[n]    = decay[n] * h[n] + delta * u * b[n]               the state after the step
 *   r        = sum_n h+[n] * c[n] + d * u,  y = r * s           the output once more
 *   dh[n]    = dy * s * c[n] + (decay[n] * dh[n] of step t + 1)
 *   dz       = dy * r * silu'(z)
 *   du       = delta * sum_n dh[n] * b[n] + d * dy * s
 *   ddelta   = u * sum_n dh[n] * b[n] + sum_n a[n] * decay[n] * h[n] * dh[n]
 *   ddt      = ddelta * softplus'(x), 0 where delta is clamped
 *   da[n]    = sum over i and t of delta * decay[n] * h[n] * dh[n]
 *   dd       = sum over i and t of dy * s * u
 *   ddt_bias = sum over i and t of ddt
 *   db[n]    = sum over the channels of delta * u * dh[n]
 *   dc[n]    = sum over the channels of dy * s * h+[n]
 * Sums over channels come in `slices` parts, each of selective_scan_backward_slice channels (the last ones of
 * fewer or none), so that threads share nothing; kernels/reduce adds them. dstate is the gradient of the
 * state before the first step, boundaries the state before every SCAN_BACKWARD_TILE-th step. */
struct selective_scan_backward_args {
    int64_t batch, seqlen, channels, d_state;
    int64_t interval, slices; /* >= 1 */
    int64_t kept,
        tiles; /* ceil(seqlen / interval), ceil(seqlen / SCAN_BACKWARD_TILE): follow from the dims */
    double dt_min, dt_max;
    const real *dt;
    int64_t dt_stride;   /* (batch, seqlen | channels) */
    const real *dt_bias; /* (channels), may be null */
    const real *u;
    int64_t u_stride; /* (batch, seqlen | channels) */
    const real *a;    /* (channels, d_state) */
    const real *b;
    int64_t b_stride; /* (batch, seqlen | d_state) */
    const real *c;
    int64_t c_stride; /* (batch, seqlen | d_state) */
    const real *d;    /* (channels) */
    const real *z;
    int64_t z_stride;   /* (batch, seqlen | channels) */
    const real *states; /* (batch, kept, d_state, channels), may be null */
    const real *dy;
    int64_t dy_stride; /* (batch, seqlen | channels) */
    real *y;
    int64_t y_stride; /* (batch, seqlen | channels) */
    real *du;
    int64_t du_stride; /* (batch, seqlen | channels) */
    real *ddt;
    int64_t ddt_stride; /* (batch, seqlen | channels) */
    real *dz;
    int64_t dz_stride; /* (batch, seqlen | channels) */
    real *da;          /* (channels, d_state) */
    real *db, *dc;     /* (batch, seqlen, slices, d_state) */
    real *dd;          /* (channels) */
    real *ddt_bias;    /* (channels), may be null */
    real *boundaries;  /* (batch, tiles, d_state, channels) */
    real *dstate;      /* (batch, d_state, channels) */
};

enum { SCAN_BACKWARD_TILE = 32, SCAN_BACKWARD_GRAIN = 16 };

/* Channels of a slice. */
static inline int64_t selective_scan_backward_slice(const struct selective_scan_backward_args *p)
{
    const int64_t even = (p->channels + p->slices - 1) / p->slices;
    return (even + SCAN_BACKWARD_GRAIN - 1) / SCAN_BACKWARD_GRAIN * SCAN_BACKWARD_GRAIN;
}

extern const struct kernel_family selective_scan_backward_family;

kernel_fn selective_scan_backward_reference, selective_scan_backward_reference_f64,
    selective_scan_backward_condition_f64, selective_scan_backward_avx2, selective_scan_backward_avx512,
    selective_scan_backward_neon;
bool selective_scan_backward_accepts_avx2(const void *args),
    selective_scan_backward_accepts_avx512(const void *args),
    selective_scan_backward_accepts_neon(const void *args);

#endif
