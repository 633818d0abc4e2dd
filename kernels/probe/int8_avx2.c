/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/probe/dot_avx2.h"
#include "kernels/probe/probe.h"

#define DOT_ONES _mm256_set1_epi16(1)
#define DOT(sum, x, w) _mm256_add_epi32(sum, _mm256_madd_epi16(x, w))
#define DOT_PROBE probe_int8_avx2
#define DOT_LABEL "int8_avx2"
#define DOT_ISA ISA_AVX2
#define DOT_PRECISION PRECISION_INT8
#define DOT_PRODUCTS 16
#include "kernels/probe/dot.inc"
