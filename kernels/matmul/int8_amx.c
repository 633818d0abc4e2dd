/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/simd/avx512.h"

#define TILE_DOT _tile_dpbssd
#include "kernels/matmul/int8.inc"

#define LOW_PRECISION matmul_int8_amx
enum { UNITS = 1, LINE_STEP = 1 };

static inline void round_chunk(const float *x, int64_t n, float inverse, uint32_t *units)
{
    vi_store(units, int8_round(x, n, vf_set1(inverse)));
}

#include "kernels/matmul/low_precision.inc"
