/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/probe/dot_avx2.h"
#include "kernels/probe/probe.h"

#define DOT_ONES _mm256_set1_epi8(1)
#define DOT(sum, x, w) _mm256_dpbusd_avx_epi32(sum, x, w)
#define DOT_PROBE probe_int8_avxvnni
#define DOT_LABEL "int8_avxvnni"
#define DOT_ISA ISA_AVXVNNI
#define DOT_PRECISION PRECISION_INT8
#define DOT_PRODUCTS 32
#include "kernels/probe/dot.inc"
