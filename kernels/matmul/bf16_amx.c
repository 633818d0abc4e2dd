/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/simd/avx512.h"

#define TILE_DOT _tile_dpbf16ps
#include "kernels/matmul/bf16_pairs.inc"

#define LOW_PRECISION matmul_bf16_amx
#include "kernels/matmul/low_precision.inc"
