/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <immintrin.h>

#include "kernels/probe/probe.h"

typedef __m512i dot_vector;
#define DOT_ZERO _mm512_setzero_si512()
#define DOT_ONES _mm512_set1_epi16(1)
#define DOT(sum, x, w) _mm512_add_epi32(sum, _mm512_madd_epi16(x, w))
#define DOT_SUM(sum) _mm512_reduce_add_epi32(sum)
#define DOT_PROBE probe_int8_avx512
#define DOT_LABEL "int8_avx512"
#define DOT_ISA ISA_AVX512
#define DOT_PRECISION PRECISION_INT8
#define DOT_PRODUCTS 32
#include "kernels/probe/dot.inc"
