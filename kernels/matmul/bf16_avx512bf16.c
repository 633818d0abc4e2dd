/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/simd/avx512.h"

#include "kernels/matmul/bf16_pairs.inc"

#define LOW_PRECISION matmul_bf16_avx512bf16
enum { TILE_M = 14, TILE_PANELS = 2 };

typedef vf sum_t;
#define sum_start(job, v) vf_zero()
#define sum_zero() vf_zero()
#define sum_add(a, b) vf_add(a, b)
#define sum_read(p) vf_load((const float *)(p))
#define sum_store(p, a) vf_store((float *)(p), a)
#define dot(sum, x, w) _mm512_dpbf16_ps(sum, (__m512bh)(x), (__m512bh)(w))

static inline vi widen(const char *line, int v, int u)
{
    (void)v;
    (void)u;
    return vi_load(line);
}

#include "kernels/matmul/low_precision.inc"
