/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */

/* The probes in terms of the vector vocabulary of kernels/simd, included once by each variant. */

#include "kernels/probe/probe.h"

/* Chains are single variables, not an array: an array may be kept in memory. Their starts differ, so that
 * the compiler cannot merge them. 14 of them with factor and addend fill 16 registers, and cover a latency
 * of 7 cycles at 2 a cycle. */
#define EACH_CHAIN(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7) DO(8) DO(9) DO(10) DO(11) DO(12) DO(13)
#define EACH_EXP_CHAIN(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7)
enum { CHAINS = 14, EXP_CHAINS = 8, READ_VECTORS = 8 };

static float multiply_add(int64_t rounds, float factor, float addend)
{
    const vf f = vf_set1(factor), a = vf_set1(addend);
#define START(i) vf x##i = vf_set1(addend + (float)i);
#define STEP(i) x##i = vf_fma(x##i, f, a);
#define ADD(i) sum = vf_add(sum, x##i);
    EACH_CHAIN(START)
    for (int64_t r = 0; r < rounds; r++) {
        EACH_CHAIN(STEP)
    }
    vf sum = vf_set1(0);
    EACH_CHAIN(ADD)
#undef STEP
    return vf_sum(sum);
}

static float exponential(int64_t rounds, float factor)
{
    const vf f = vf_set1(factor);
#define STEP(i) x##i = vf_exp(vf_mul(x##i, f));
    const float addend = 0.5f;
    EACH_EXP_CHAIN(START)
    for (int64_t r = 0; r < rounds; r++) {
        EACH_EXP_CHAIN(STEP)
    }
    vf sum = vf_set1(0);
    EACH_EXP_CHAIN(ADD)
#undef START
#undef STEP
#undef ADD
    return vf_sum(sum);
}

/* Memory may have changed: every pass really reads or writes. */
static inline void new_pass(void)
{
    __asm__ volatile("" : : : "memory");
}

static float read_array(const float *a, int64_t n, int64_t passes)
{
    vf s0 = vf_set1(0), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
    for (int64_t pass = 0; pass < passes; pass++) {
        for (int64_t i = 0; i < n; i += READ_VECTORS * LANES) {
            const float *p = a + i;
            s0 = vf_add(s0, vf_load(p));
            s1 = vf_add(s1, vf_load(p + LANES));
            s2 = vf_add(s2, vf_load(p + 2 * LANES));
            s3 = vf_add(s3, vf_load(p + 3 * LANES));
            s4 = vf_add(s4, vf_load(p + 4 * LANES));
            s5 = vf_add(s5, vf_load(p + 5 * LANES));
            s6 = vf_add(s6, vf_load(p + 6 * LANES));
            s7 = vf_add(s7, vf_load(p + 7 * LANES));
        }
        new_pass();
    }
    return vf_sum(vf_add(vf_add(vf_add(s0, s1), vf_add(s2, s3)), vf_add(vf_add(s4, s5), vf_add(s6, s7))));
}

static void copy(float *to, const float *from, int64_t n, int64_t passes)
{
    for (int64_t pass = 0; pass < passes; pass++) {
        for (int64_t i = 0; i < n; i += 4 * LANES) {
            vf_store(to + i, vf_load(from + i));
            vf_store(to + i + LANES, vf_load(from + i + LANES));
            vf_store(to + i + 2 * LANES, vf_load(from + i + 2 * LANES));
            vf_store(to + i + 3 * LANES, vf_load(from + i + 3 * LANES));
        }
        new_pass();
    }
}

static void triad(float *to, const float *b, const float *c, float scale, int64_t n, int64_t passes)
{
    const vf s = vf_set1(scale);
#define STEP(k)                                                                                              \
    vf_store(to + i + k * LANES, vf_fma(s, vf_load(c + i + k * LANES), vf_load(b + i + k * LANES)));
    for (int64_t pass = 0; pass < passes; pass++) {
        for (int64_t i = 0; i < n; i += 4 * LANES) {
            STEP(0) STEP(1) STEP(2) STEP(3)
        }
        new_pass();
    }
#undef STEP
}

#define PROBE(level, label)                                                                                  \
    {                                                                                                        \
        .name = "probe/" label, .isa = level, .flop_per_round = 2 * CHAINS * LANES,                          \
        .exp_per_round = EXP_CHAINS * LANES, .multiply_add = multiply_add, .exponential = exponential,       \
        .read = read_array, .copy = copy, .triad = triad                                                     \
    }
_Static_assert(PROBE_GRAIN % (READ_VECTORS * LANES) == 0, "an array is whole steps");
