/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <arm_neon.h>

#include "kernels/probe/probe.h"

typedef int32x4_t dot_vector;
#define DOT_ZERO vdupq_n_s32(0)
#define DOT_ONES vreinterpretq_s32_s8(vdupq_n_s8(1))
#define DOT(sum, x, w) vmmlaq_s32(sum, vreinterpretq_s8_s32(x), vreinterpretq_s8_s32(w))
#define DOT_SUM(sum) vaddvq_s32(sum)
#define DOT_PROBE probe_int8_neoni8mm
#define DOT_LABEL "int8_neoni8mm"
#define DOT_ISA ISA_NEONI8MM
#define DOT_PRECISION PRECISION_INT8
#define DOT_PRODUCTS 32
#include "kernels/probe/dot.inc"
