/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef KERNELS_SSD_H
#define KERNELS_SSD_H

#include "kernels/kernel.h"

/* ssd_scan with the softplus before and the skip after it:
 *   delta = clamp(log(1 + exp(dt[i][t][k] + dt_bias[k])), dt_min, dt_max)
 *   y[p]  = ssd_scan's y[p] + d[k] * x[i][t][k][p]
 * dt_max may be infinite. */
struct ssd_args {
    int64_t batch, seqlen, heads, headdim, groups, d_state;
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
    real *state;      /* (batch, heads, headdim, d_state) */
    const real *d;    /* (heads) */
    real *y;
    int64_t y_stride; /* (batch, seqlen | heads, headdim) */
    int64_t chunk;    /* steps, of the ssd form; 0: its own choice */
    void *scratch;
    const struct kernel_sample *samples;
};

extern const struct kernel_family ssd_family;

kernel_fn ssd_reference, ssd_reference_f64, ssd_avx2, ssd_avx512, ssd_neon;

kernel_fn ssd_ssd_reference, ssd_ssd_avx2, ssd_ssd_avx512, ssd_ssd_neon;
size_t ssd_ssd_scratch_reference(const void *args, int parts),
    ssd_ssd_scratch_avx2(const void *args, int parts), ssd_ssd_scratch_avx512(const void *args, int parts),
    ssd_ssd_scratch_neon(const void *args, int parts);

/* kernels/fastmamba/ssm.inc */
kernel_fn ssd_fastmamba, ssd_fastmamba_f64;

#endif
