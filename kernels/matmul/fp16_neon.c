/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/simd/neon.h"

#define LOW_PRECISION matmul_fp16_neon
enum { TILE_M = 5, TILE_PANELS = 1 };
#include "kernels/matmul/fp16.inc"

static inline vi pack_units(const float *x, int64_t n, float inverse)
{
    (void)inverse;
    return vi_bits(load_first(x, n));
}

static inline void pack_line(char *line, vi units)
{
    vst1_u8((uint8_t *)line, vreinterpret_u8_f16(vcvt_f16_f32(vi_value(units))));
}

#define PACK matmul_fp16_pack
#include "kernels/matmul/low_precision_pack.inc"
