/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <immintrin.h>

#include "kernels/probe/probe.h"

typedef __m256i dot_vector;
#define DOT_ZERO _mm256_setzero_si256()
#define DOT_ONES _mm256_set1_epi16(1)
#define DOT(sum, x, w) _mm256_add_epi32(sum, _mm256_madd_epi16(x, w))
static inline int64_t dot_sum(__m256i sum)
{
    int32_t lanes[8];
    int64_t total = 0;
    _mm256_storeu_si256((__m256i *)lanes, sum);
    for (int i = 0; i < 8; i++)
        total += lanes[i];
    return total;
}
#define DOT_SUM(sum) dot_sum(sum)
#define DOT_PROBE probe_int8_avx2
#define DOT_LABEL "int8_avx2"
#define DOT_ISA ISA_AVX2
#define DOT_PRECISION PRECISION_INT8
#define DOT_PRODUCTS 16
#include "kernels/probe/dot.inc"
