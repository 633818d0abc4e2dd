/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/simd/neon.h"

#define LOW_PRECISION matmul_bf16_neon
enum { TILE_M = 5, TILE_PANELS = 1 };
#include "kernels/matmul/bf16_widened.inc"

static inline vi pack_units(const float *x, int64_t n, float inverse)
{
    (void)inverse;
    const vi low = vi_bits(bf16_round(load_first(x, n)));
    const vi high = vi_bits(bf16_round(load_first(x + LANES, n - LANES)));
    return vreinterpretq_s32_s16(vshrn_high_n_s32(vshrn_n_s32(low, 16), high, 16));
}

#define pack_line(line, units) vi_store(line, units)
#define PACK matmul_bf16_pack
#include "kernels/matmul/low_precision_pack.inc"
