/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/simd/neon.h"

#define LOW_PRECISION matmul_int8_neon
#define dot_lane(sum, w, x, lane) dot_bytes(sum, w, vdupq_laneq_s32(x, lane))
enum { TILE_M = 5, TILE_PANELS = 1 };

/* Two products of at most 127 x 127 fit in 16 bits. */
static inline int32x4_t dot_bytes(int32x4_t sum, int32x4_t a, int32x4_t b)
{
    const int8x16_t x = vreinterpretq_s8_s32(a), y = vreinterpretq_s8_s32(b);
    const int16x8_t low = vmull_s8(vget_low_s8(x), vget_low_s8(y)), high = vmull_high_s8(x, y);
    return vpadalq_s16(sum, vpaddq_s16(low, high));
}

#include "kernels/matmul/int8_neon.inc"

#define pack_units(x, n, inverse) int8_round(x, n, vf_set1(inverse))
#define pack_line(line, units) vi_store(line, units)
#define PACK matmul_int8_pack
#include "kernels/matmul/low_precision_pack.inc"
