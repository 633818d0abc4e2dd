/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef KERNELS_SCAN_H
#define KERNELS_SCAN_H

#include "kernels/kernel.h"

/* The recurrence over seqlen, each channel and state on its own:
 *   h[i][t][c][n] = abar[i][t][c][n] * h[i][t - 1][c][n] + bu[i][t][c][n]
 * where h at time -1 is state. On return state holds the last h. */
struct scan_args {
    int64_t batch, seqlen, channels, d_state;
    const real *abar; /* (batch, seqlen, channels, d_state) */
    const real *bu;   /* (batch, seqlen, channels, d_state) */
    real *h;          /* (batch, seqlen, channels, d_state) */
    real *state;      /* (batch, channels, d_state) */
    int64_t chunk;    /* steps, of the chunked scan; 0: as many chunks as feed the parts */
    void *scratch;
};

extern const struct kernel_family scan_family;

kernel_fn scan_reference, scan_reference_f64, scan_avx2, scan_avx512, scan_neon;

kernel_fn scan_chunked_reference, scan_blelloch_reference;
size_t scan_blelloch_scratch_reference(const void *args, int parts);

/* Of each instruction set: three phases, and the scratch they need. */
#define SCAN_PHASED(isa)                                                                                     \
    kernel_fn scan_chunked_##isa, scan_chunked_carry_##isa, scan_chunked_apply_##isa, scan_blelloch_##isa,   \
        scan_blelloch_roots_##isa, scan_blelloch_down_##isa;                                                 \
    size_t scan_chunked_scratch_##isa(const void *args, int parts),                                          \
        scan_blelloch_scratch_##isa(const void *args, int parts)
SCAN_PHASED(avx2);
SCAN_PHASED(avx512);
SCAN_PHASED(neon);

#endif
