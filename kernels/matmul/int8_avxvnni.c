/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/simd/avx2.h"

#define LOW_PRECISION matmul_int8_avxvnni
#define dot(sum, x, w) _mm256_dpbusd_avx_epi32(sum, x, w)
enum { TILE_M = 6, TILE_PANELS = 1 };
#include "kernels/matmul/int8_vnni.inc"
