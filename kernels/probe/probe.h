/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef KERNELS_PROBE_PROBE_H
#define KERNELS_PROBE_PROBE_H

#include "kernels/kernel.h"

/* Loops that reach what a core can do at best, in one instruction set: the ceilings that kernels are held
 * against. All work is consumed by the result, so that none can be left out. Like kernels they do no I/O, no
 * allocation and start no threads. */

/* Arrays have a multiple of this many elements. */
enum { PROBE_GRAIN = 128 };

struct probe {
    const char *name; /* "probe/avx512" */
    enum isa isa;
    /* Operations of one round. An FMA counts two. */
    int64_t flop_per_round, exp_per_round;
    /* x = x * factor + addend in independent chains that stay in registers, by FMA where the instruction set
     * has it, else multiply and add. The sum of all chains. factor = addend = 0.5 gives exactly
     * flop_per_round / 2 after 64 rounds or more. */
    float (*multiply_add)(int64_t rounds, float factor, float addend);
    /* x = exp(x * factor) in independent chains, with the exponential that the kernels use. factor = -1 tends
     * to exp_per_round * 0.567143. */
    float (*exponential)(int64_t rounds, float factor);
    /* The sum of a[n], read `passes` times over. */
    float (*read)(const float *a, int64_t n, int64_t passes);
    /* to = from, passes times: n * 8 bytes each. Stores are ordinary ones: the line that a write-allocate
     * cache fetches before is not counted, as in STREAM. */
    void (*copy)(float *to, const float *from, int64_t n, int64_t passes);
    /* to = b + scale * c, passes times: n * 12 bytes each. */
    void (*triad)(float *to, const float *b, const float *c, float scale, int64_t n, int64_t passes);
};

extern const struct probe probe_scalar, probe_avx2, probe_avx512, probe_neon;

/* Up the ladder, scalar first. Scalar is what plain C gets on this processor family without options: SSE2 on
 * x86-64, without FMA. */
extern const struct probe *const probes[];
extern const int n_probes;

/* Products below fp32, as the kernels of matmul form and add them. */
struct dot_probe {
    const char *name; /* "probe/int8_amx" */
    enum isa isa;
    enum precision precision;
    int64_t products_per_round; /* each with an addition */
    /* Sums of products of ones in independent chains that stay in registers. All of them together:
     * rounds * products_per_round; exact while a lane's part is below 2^24. */
    int64_t (*dot)(int64_t rounds);
};

extern const struct dot_probe probe_int8_avx2, probe_int8_avxvnni, probe_int8_avx512, probe_int8_avx512vnni,
    probe_bf16_avx512bf16, probe_bf16_amx, probe_int8_amx, probe_int8_neondot, probe_int8_neoni8mm;
extern const struct dot_probe *const dot_probes[];
extern const int n_dot_probes;

/* The last probe of the list that the mask allows. */
const struct probe *probe_choose(void);

#endif
