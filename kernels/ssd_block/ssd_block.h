/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef KERNELS_SSD_BLOCK_H
#define KERNELS_SSD_BLOCK_H

#include "kernels/kernel.h"

/* All that stands between the projections of a Mamba-2 layer, a tile of time after the other. With
 *   v          = silu(conv(x)) (conv_silu.h), of which columns are u (heads, headdim), B and C (groups,
 * d_state) y          = ssd of dt, u, B, C (ssd.h: softplus before, skip after) out        = gate_norm of y,
 * z (gate_norm.h) u, B, C live in a tile only; y goes to out, and once all heads of a token are there the
 * norm takes it from there. groups divides heads. */
struct ssd_block_args {
    int64_t batch, seqlen, heads, headdim, groups, d_state, width;
    int64_t channels; /* derived: heads * headdim + 2 * groups * d_state */
    double dt_min, dt_max, eps;
    double norm_before_gate; /* 0 or 1 */
    const real *x;
    int64_t x_stride;   /* (batch, seqlen | channels) */
    const real *weight; /* (channels, width) */
    const real *bias;   /* (channels), may be null */
    real *conv_state;   /* (batch, width - 1, channels) */
    const real *dt;
    int64_t dt_stride;   /* (batch, seqlen | heads) */
    const real *dt_bias; /* (heads), may be null */
    const real *a;       /* (heads) */
    real *state;         /* (batch, heads, headdim, d_state) */
    const real *d;       /* (heads) */
    const real *z;
    int64_t z_stride;        /* (batch, seqlen | heads, headdim) */
    const real *norm_weight; /* (heads, headdim) */
    real *out;
    int64_t out_stride; /* (batch, seqlen | heads, headdim) */
    void *scratch;
};

extern const struct kernel_family ssd_block_family;

kernel_fn ssd_block_reference, ssd_block_reference_f64, ssd_block_condition_f64;

/* The heads, then what needs all heads of a token or must not change before; the first with the recurrence or
 * with the products of matrices. */
#define SSD_BLOCK_VARIANT(isa)                                                                               \
    kernel_fn ssd_block_##isa, ssd_block_ssd_##isa, ssd_block_finish_##isa;                                  \
    size_t ssd_block_scratch_##isa(const void *args, int parts),                                             \
        ssd_block_ssd_scratch_##isa(const void *args, int parts)
SSD_BLOCK_VARIANT(avx2);
SSD_BLOCK_VARIANT(avx512);
SSD_BLOCK_VARIANT(neon);

#endif
