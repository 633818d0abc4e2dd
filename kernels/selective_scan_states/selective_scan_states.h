/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef KERNELS_SELECTIVE_SCAN_STATES_H
#define KERNELS_SELECTIVE_SCAN_STATES_H

#include "kernels/kernel.h"

/* selective_scan (kernels/selective_scan/selective_scan.h) from a state of zeros, as training runs it: keeps
 * the state before every interval-th step, states[i][t / interval] for t = 0, interval, ..., for the backward
 * pass. These and the state after the last step have channels next to each other, as vectors take them. */
struct selective_scan_states_args {
    int64_t batch, seqlen, channels, d_state;
    int64_t interval; /* >= 1 */
    int64_t kept;     /* ceil(seqlen / interval); follows from the dims */
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
    int64_t z_stride; /* (batch, seqlen | channels) */
    real *y;
    int64_t y_stride; /* (batch, seqlen | channels) */
    real *states;     /* (batch, kept, d_state, channels) */
    real *last;       /* (batch, d_state, channels) */
};

extern const struct kernel_family selective_scan_states_family;

kernel_fn selective_scan_states_reference, selective_scan_states_reference_f64, selective_scan_states_avx2,
    selective_scan_states_avx512, selective_scan_states_neon;

#endif
