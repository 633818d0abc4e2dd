/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/simd/avx512.h"

#define LOW_PRECISION matmul_int8_avx512
enum { TILE_M = 14, TILE_PANELS = 2 };
#include "kernels/matmul/int8_widened.inc"
