/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/simd/neon.h"

#define LOW_PRECISION matmul_int8_neondot
#define dot_lane(sum, w, x, lane) vdotq_laneq_s32(sum, vreinterpretq_s8_s32(w), vreinterpretq_s8_s32(x), lane)
enum { TILE_M = 5, TILE_PANELS = 1 };
#include "kernels/matmul/int8_neon.inc"
