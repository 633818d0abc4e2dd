/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef KERNELS_SELECTIVE_SCAN_H
#define KERNELS_SELECTIVE_SCAN_H

#include "kernels/kernel.h"

/* Mamba-1's scan with all that surrounds it (Gu and Dao 2023, algorithm 2), nothing of size
 * (seqlen, channels, d_state) in memory. For each sequence i, channel j, time t and state n:
 *   delta = clamp(log(1 + exp(dt[i][t][j] + dt_bias[j])), dt_min, dt_max)
 *   h[n]  = exp(delta * a[j][n]) * h[n] + delta * u[i][t][j] * b[i][t][n]
 *   y     = (sum_n h[n] * c[i][t][n] + d[j] * u[i][t][j]) * silu(z[i][t][j])
 * h starts as state, which holds the last h on return. dt_max may be infinite. */
struct selective_scan_args {
    int64_t batch, seqlen, channels, d_state;
    double dt_min, dt_max;
    const real *dt;
    int64_t dt_stride;   /* (batch, seqlen | channels) */
    const real *dt_bias; /* (channels), may be null */
    const real *u;
    int64_t u_stride; /* (batch, seqlen | channels) */
    const real *a;    /* (channels, d_state) */
    const real *b;
    int64_t b_stride; /* (batch, seqlen | d_state) */
    real *state;      /* (batch, channels, d_state) */
    const real *c;
    int64_t c_stride; /* (batch, seqlen | d_state) */
    const real *d;    /* (channels) */
    const real *z;
    int64_t z_stride; /* (batch, seqlen | channels) */
    real *y;
    int64_t y_stride; /* (batch, seqlen | channels) */
    int64_t chunk;    /* steps, of the chunked scan; 0: as many chunks as feed the parts */
    void *scratch;
    const struct kernel_sample *samples;
};

extern const struct kernel_family selective_scan_family;

kernel_fn selective_scan_reference, selective_scan_reference_f64, selective_scan_avx2, selective_scan_avx512,
    selective_scan_neon;

kernel_fn selective_scan_chunked_reference, selective_scan_blelloch_reference;
size_t selective_scan_chunked_scratch_reference(const void *args, int parts),
    selective_scan_blelloch_scratch_reference(const void *args, int parts);

/* Of each instruction set: three phases, and the scratch they need. */
#define SELECTIVE_SCAN_PHASED(isa)                                                                           \
    kernel_fn selective_scan_chunked_##isa, selective_scan_chunked_carry_##isa,                              \
        selective_scan_chunked_apply_##isa, selective_scan_blelloch_##isa,                                   \
        selective_scan_blelloch_roots_##isa, selective_scan_blelloch_down_##isa;                             \
    size_t selective_scan_chunked_scratch_##isa(const void *args, int parts),                                \
        selective_scan_blelloch_scratch_##isa(const void *args, int parts)
SELECTIVE_SCAN_PHASED(avx2);
SELECTIVE_SCAN_PHASED(avx512);
SELECTIVE_SCAN_PHASED(neon);
/* kernels/fastmamba/ssm.inc */
kernel_fn selective_scan_fastmamba, selective_scan_fastmamba_f64;

#endif
