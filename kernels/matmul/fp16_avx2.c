/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/simd/avx2.h"

#define LOW_PRECISION matmul_fp16_avx2
enum { TILE_M = 6, TILE_PANELS = 1 };
#include "kernels/matmul/fp16.inc"

static inline vi pack_units(const float *x, int64_t n, float inverse)
{
    (void)inverse;
    return vi_bits(load_first(x, n));
}

static inline void pack_line(char *line, vi units)
{
    _mm_storeu_si128((__m128i *)line, _mm256_cvtps_ph(vi_value(units), _MM_FROUND_TO_NEAREST_INT));
}

#define PACK matmul_fp16_pack
#include "kernels/matmul/low_precision_pack.inc"
