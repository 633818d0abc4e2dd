/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/simd/avx2.h"

#define LOW_PRECISION matmul_bf16_avx2
enum { TILE_M = 6, TILE_PANELS = 1 };
#include "kernels/matmul/bf16_widened.inc"

static inline vi pack_units(const float *x, int64_t n, float inverse)
{
    (void)inverse;
    const vi low = vi_shift_right(vi_bits(bf16_round(load_first(x, n))), 16);
    const vi high = vi_shift_right(vi_bits(bf16_round(load_first(x + LANES, n - LANES))), 16);
    return _mm256_permute4x64_epi64(_mm256_packus_epi32(low, high), _MM_SHUFFLE(3, 1, 2, 0));
}

#define pack_line(line, units) vi_store(line, units)
#define PACK matmul_bf16_pack
#include "kernels/matmul/low_precision_pack.inc"
