/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef KERNELS_MATMUL_LOW_PRECISION_NEON_H
#define KERNELS_MATMUL_LOW_PRECISION_NEON_H

#include <arm_neon.h>

/* The integers of kernels/matmul/low_precision_simd.h. */
typedef int32x4_t vi;

#define vi_set1(a) vdupq_n_s32(a)
#define vi_load(p) vreinterpretq_s32_u8(vld1q_u8((const uint8_t *)(p)))
#define vi_store(p, a) vst1q_u8((uint8_t *)(p), vreinterpretq_u8_s32(a))
#define vi_add(a, b) vaddq_s32(a, b)
#define vi_max(a, b) vmaxq_s32(a, b)
#define vi_and(a, b) vandq_s32(a, b)
#define vi_shift_left(a, n) vshlq_n_s32(a, n)
#define vi_shift_right(a, n) vreinterpretq_s32_u32(vshrq_n_u32(vreinterpretq_u32_s32(a), n))
#define vi_bits(a) vreinterpretq_s32_f32(a)
#define vi_value(a) vreinterpretq_f32_s32(a)
#define vi_float(a) vcvtq_f32_s32(a)
#define vi_integer(a) vcvtnq_s32_f32(a)

static inline vi vi_even_bytes(vi a)
{
    return vreinterpretq_s32_s16(vshrq_n_s16(vshlq_n_s16(vreinterpretq_s16_s32(a), 8), 8));
}

static inline vi vi_odd_bytes(vi a)
{
    return vreinterpretq_s32_s16(vshrq_n_s16(vreinterpretq_s16_s32(a), 8));
}

static inline vi vi_dot_int16(vi a, vi b)
{
    const int16x8_t x = vreinterpretq_s16_s32(a), y = vreinterpretq_s16_s32(b);
    return vpaddq_s32(vmull_s16(vget_low_s16(x), vget_low_s16(y)), vmull_high_s16(x, y));
}

static inline vi vi_narrow(vi a, vi b, vi c, vi d)
{
    const int16x8_t low = vqmovn_high_s32(vqmovn_s32(a), b), high = vqmovn_high_s32(vqmovn_s32(c), d);
    return vreinterpretq_s32_s8(vqmovn_high_s16(vqmovn_s16(low), high));
}

#endif
