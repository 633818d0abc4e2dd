/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/simd/neon.h"

#define LOW_PRECISION matmul_int8_neoni8mm
#define matrix_dot(sum, x, w) vmmlaq_s32(sum, vreinterpretq_s8_s32(x), vreinterpretq_s8_s32(w))
#include "kernels/matmul/int8_neon.inc"
