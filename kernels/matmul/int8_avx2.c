/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/simd/avx2.h"

#define LOW_PRECISION matmul_int8_avx2
enum { TILE_M = 6, TILE_PANELS = 1 };
#include "kernels/matmul/int8_widened.inc"

#define pack_units(x, n, inverse) int8_round(x, n, vf_set1(inverse))
#define pack_line(line, units) vi_store(line, units)
#define PACK matmul_int8_pack
#include "kernels/matmul/low_precision_pack.inc"
