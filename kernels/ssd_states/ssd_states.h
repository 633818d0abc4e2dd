/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef KERNELS_SSD_STATES_H
#define KERNELS_SSD_STATES_H

#include "kernels/kernel.h"

/* ssd (kernels/ssd/ssd.h) from a state of zeros, as training runs it: keeps the state before every
 * interval-th step, states[i][t / interval] for t = 0, interval, ..., for the backward pass. These and the
 * state after the last step have the columns of a head next to each other, as vectors take them. */
struct ssd_states_args {
    int64_t batch, seqlen, heads, headdim, groups, d_state;
    int64_t interval; /* >= 1 */
    int64_t kept;     /* ceil(seqlen / interval); follows from the dims */
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
    int64_t c_stride; /* (batch, seqlen | groups, d_state) */
    const real *d;    /* (heads) */
    real *y;
    int64_t y_stride; /* (batch, seqlen | heads, headdim) */
    real *states;     /* (batch, kept, heads, d_state, headdim) */
    real *last;       /* (batch, heads, d_state, headdim) */
};

extern const struct kernel_family ssd_states_family;

kernel_fn ssd_states_reference, ssd_states_reference_f64, ssd_states_avx2, ssd_states_avx512, ssd_states_neon;

#endif
