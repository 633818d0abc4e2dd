/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <immintrin.h>

#include "kernels/probe/probe.h"

typedef __m512 dot_vector;
#define DOT_ZERO _mm512_setzero_ps()
#define DOT_ONES _mm512_castsi512_ps(_mm512_set1_epi16(0x3f80))
#define DOT(sum, x, w) _mm512_dpbf16_ps(sum, (__m512bh)(x), (__m512bh)(w))
#define DOT_SUM(sum) (int64_t) _mm512_reduce_add_ps(sum)
#define DOT_PROBE probe_bf16_avx512bf16
#define DOT_LABEL "bf16_avx512bf16"
#define DOT_ISA ISA_AVX512BF16
#define DOT_PRECISION PRECISION_BF16
#define DOT_PRODUCTS 32
#include "kernels/probe/dot.inc"
