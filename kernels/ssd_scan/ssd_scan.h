/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef KERNELS_SSD_SCAN_H
#define KERNELS_SSD_SCAN_H

#include "kernels/kernel.h"
#include "kernels/ssd/ssd.h"

/* Mamba-2's recurrence (Dao and Gu 2024), one decay a head. For each sequence i, head k, row p of the head,
 * time t and state n, with g = k * groups / heads; groups divides heads:
 *   h[p][n] = exp(delta[i][t][k] * a[k]) * h[p][n] + delta[i][t][k] * x[i][t][k][p] * b[i][t][g][n]
 *   y[p]    = sum_n h[p][n] * c[i][t][g][n]
 * h starts as state, which holds the last h on return. delta is what softplus made. */
struct ssd_scan_args {
    int64_t batch, seqlen, heads, headdim, groups, d_state;
    const real *delta;
    int64_t delta_stride; /* (batch, seqlen | heads) */
    const real *x;
    int64_t x_stride; /* (batch, seqlen | heads, headdim) */
    const real *a;    /* (heads) */
    const real *b;
    int64_t b_stride; /* (batch, seqlen | groups, d_state) */
    const real *c;
    int64_t c_stride; /* (batch, seqlen | groups, d_state) */
    real *state;      /* (batch, heads, headdim, d_state) */
    real *y;
    int64_t y_stride; /* (batch, seqlen | heads, headdim) */
    int64_t chunk;    /* steps, of the ssd form; 0: its own choice */
    void *scratch;
};

/* The same for the bodies that serve both families. */
static inline struct ssd_args ssd_scan_as_ssd(const struct ssd_scan_args *p)
{
    return (struct ssd_args){
        .batch = p->batch,
        .seqlen = p->seqlen,
        .heads = p->heads,
        .headdim = p->headdim,
        .groups = p->groups,
        .d_state = p->d_state,
        .dt = p->delta,
        .dt_stride = p->delta_stride,
        .x = p->x,
        .x_stride = p->x_stride,
        .a = p->a,
        .b = p->b,
        .b_stride = p->b_stride,
        .c = p->c,
        .c_stride = p->c_stride,
        .state = p->state,
        .y = p->y,
        .y_stride = p->y_stride,
        .chunk = p->chunk,
        .scratch = p->scratch,
    };
}

extern const struct kernel_family ssd_scan_family;

kernel_fn ssd_scan_reference, ssd_scan_reference_f64, ssd_scan_avx2, ssd_scan_avx512, ssd_scan_neon;

kernel_fn ssd_scan_ssd_reference, ssd_scan_ssd_avx2, ssd_scan_ssd_avx512, ssd_scan_ssd_neon;
size_t ssd_scan_ssd_scratch_reference(const void *args, int parts),
    ssd_scan_ssd_scratch_avx2(const void *args, int parts),
    ssd_scan_ssd_scratch_avx512(const void *args, int parts),
    ssd_scan_ssd_scratch_neon(const void *args, int parts);

#endif
