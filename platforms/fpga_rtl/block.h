/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef PLATFORMS_FPGA_RTL_BLOCK_H
#define PLATFORMS_FPGA_RTL_BLOCK_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#include "mamba/error.h"

/* The Verilog block of rtl/: one token of a Mamba-2 layer's recurrence for heads that share B and C. */

/* One set of the block's parameters that was built in (blocks.def). */
struct block {
    const char *name;
    bool streaming; /* else tiled */
    int d_state, lanes;
    int multiply, add; /* latencies, cycles */
    int port_bits;     /* of each of the two AXI4-Stream ports */
    int max_tile_heads, max_tile_headdim;
};

/* What was built in, null-terminated; empty without Verilator. */
extern const struct block *const blocks[];

/* What stands behind the ports. Each port moves up to so many bytes a cycle, and in a share of all cycles,
 * drawn at random, nothing. Reads are requested ahead: their latency counts once, before the first beat, and
 * that of writes once, after the last. */
struct block_memory {
    int bytes_per_cycle, latency, stall_percent;
    uint64_t seed;
};

/* Half precision words. Arrays: dt, dA, D (heads); B, C (d_state); x (heads, headdim); h (heads, headdim,
 * d_state).
 */
struct block_call {
    int heads, headdim, tile_heads, tile_headdim;
    const uint16_t *dt, *dA, *D, *B, *C, *x, *h;
    uint16_t *y;      /* (heads, headdim) */
    uint16_t *h_next; /* (heads, headdim, d_state) */
};

/* Every cycle of a call is one of four: nothing computed yet, computing, waiting for a port between tiles,
 * all computed. They add up to `cycles`. */
struct block_counts {
    uint64_t cycles, fill, compute, stall, drain;
    uint64_t in_beats, out_beats;
    uint64_t in_waits;  /* cycles in which the block would have taken a beat and the memory had none */
    uint64_t out_waits; /* cycles in which the block had a beat and the memory took none */
};

void block_counts_add(struct block_counts *to, const struct block_counts *counts);

/* Simulates the RTL for one call. STATUS_USAGE: the call does not fit the block; STATUS_FAILED: the block
 * hung or broke the protocol of a port. */
bool block_simulate(const struct block *block, const struct block_memory *memory,
                    const struct block_call *call, struct block_counts *counts, struct error *error);

/* The same words as from the RTL, in C. */
void block_compute(const struct block *block, const struct block_call *call);

/* n products and sums, any number, by the RTL's arithmetic units. False: not built in. */
bool block_arithmetic(const uint16_t *a, const uint16_t *b, uint16_t *product, uint16_t *sum, int64_t n);

#ifdef __cplusplus
}
#endif

#endif
