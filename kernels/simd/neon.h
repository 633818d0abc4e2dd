/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef KERNELS_SIMD_NEON_H
#define KERNELS_SIMD_NEON_H

#include <arm_neon.h>
#include <stdint.h>

/* The vocabulary of kernels/simd/avx512.h. */

#define LANES 4
#define KERNEL_SIMD(family) family##_neon

typedef float32x4_t vf;
typedef uint32x4_t vm;

static inline vf vf_zero(void)
{
    return vdupq_n_f32(0);
}

static inline vf vf_set1(float a)
{
    return vdupq_n_f32(a);
}

static inline vf vf_load(const float *p)
{
    return vld1q_f32(p);
}

static inline void vf_store(float *p, vf a)
{
    vst1q_f32(p, a);
}

static inline vf vf_load_n(const float *p, int64_t n)
{
    if (n >= LANES)
        return vf_load(p);
    float32x2_t low = vdup_n_f32(0), high = low;
    if (n & 2) {
        low = vld1_f32(p);
        if (n & 1)
            high = vld1_lane_f32(p + 2, high, 0);
    } else if (n & 1) {
        low = vld1_lane_f32(p, low, 0);
    }
    return vcombine_f32(low, high);
}

static inline void vf_store_n(float *p, int64_t n, vf a)
{
    if (n >= LANES) {
        vf_store(p, a);
        return;
    }
    if (n & 2) {
        vst1_f32(p, vget_low_f32(a));
        if (n & 1)
            vst1q_lane_f32(p + 2, a, 2);
    } else if (n & 1) {
        vst1q_lane_f32(p, a, 0);
    }
}

static inline vf vf_gather_n(const float *p, int64_t stride, int64_t n)
{
    float lanes[LANES] = {0};
    for (int64_t i = 0; i < n; i++)
        lanes[i] = p[i * stride];
    return vf_load(lanes);
}

static inline vf vf_add(vf a, vf b)
{
    return vaddq_f32(a, b);
}

static inline vf vf_sub(vf a, vf b)
{
    return vsubq_f32(a, b);
}

static inline vf vf_mul(vf a, vf b)
{
    return vmulq_f32(a, b);
}

static inline vf vf_div(vf a, vf b)
{
    return vdivq_f32(a, b);
}

static inline vf vf_fma(vf a, vf b, vf c)
{
    return vfmaq_f32(c, a, b);
}

static inline vf vf_fnma(vf a, vf b, vf c)
{
    return vfmsq_f32(c, a, b);
}

static inline vm vf_less(vf a, vf b)
{
    return vcltq_f32(a, b);
}

static inline vf vf_select(vm m, vf a, vf b)
{
    return vbslq_f32(m, a, b);
}

static inline vf vf_max(vf a, vf b)
{
    return vmaxq_f32(a, b);
}

static inline vf vf_min(vf a, vf b)
{
    return vminq_f32(a, b);
}

static inline vf vf_sqrt(vf a)
{
    return vsqrtq_f32(a);
}

static inline vf vf_abs(vf a)
{
    return vabsq_f32(a);
}

static inline vf vf_neg(vf a)
{
    return vnegq_f32(a);
}

static inline vf vf_round(vf a)
{
    return vrndnq_f32(a);
}

/* In two steps, since 2^n alone may be out of range where a * 2^n is not. */
static inline vf vf_scale2(vf a, vf n)
{
    int32x4_t bias = vdupq_n_s32(127);
    int32x4_t all = vcvtq_s32_f32(n);
    int32x4_t half = vshrq_n_s32(all, 1);
    int32x4_t rest = vsubq_s32(all, half);
    vf first = vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(half, bias), 23));
    vf second = vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(rest, bias), 23));
    return vf_mul(vf_mul(a, first), second);
}

static inline vf vf_low_as_exponent(vf a)
{
    return vreinterpretq_f32_s32(vshlq_n_s32(vreinterpretq_s32_f32(a), 23));
}

static inline float vf_sum(vf a)
{
    return vaddvq_f32(a);
}

static inline void vf_sum4(vf a, vf b, vf c, vf d, float out[4])
{
    vf_store(out, vpaddq_f32(vpaddq_f32(a, b), vpaddq_f32(c, d)));
}

#define VF_TRANSPOSE
static inline void vf_transpose(vf a[LANES])
{
    float32x4x2_t low = vzipq_f32(a[0], a[2]), high = vzipq_f32(a[1], a[3]);
    float32x4x2_t first = vzipq_f32(low.val[0], high.val[0]), last = vzipq_f32(low.val[1], high.val[1]);
    a[0] = first.val[0];
    a[1] = first.val[1];
    a[2] = last.val[0];
    a[3] = last.val[1];
}

/* The control register's flag also takes denormal arguments as 0. */
#include "kernels/simd/math.h"

#endif
