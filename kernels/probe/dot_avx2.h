/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef KERNELS_PROBE_DOT_AVX2_H
#define KERNELS_PROBE_DOT_AVX2_H

#include <immintrin.h>
#include <stdint.h>

/* What the int8 probes in registers of 32 bytes share (kernels/probe/dot.inc). */
typedef __m256i dot_vector;
#define DOT_ZERO _mm256_setzero_si256()

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

#endif
