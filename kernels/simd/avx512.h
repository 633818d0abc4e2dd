/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef KERNELS_SIMD_AVX512_H
#define KERNELS_SIMD_AVX512_H

#include <immintrin.h>
#include <stdint.h>

/* The vocabulary, and the contract of every header beside this one:
 *   vf, LANES            a vector of floats, and how many
 *   KERNEL_SIMD(family)  the name of the family's kernel in this instruction set
 *   vm                   a truth value for each lane
 *   vf_load, vf_store    LANES elements, alignment of a float
 *   vf_load_n, vf_store_n  the first n <= LANES elements; memory beyond is not touched, lanes beyond are 0
 *   vf_gather_n          lane i < n is p[i * stride], 0 beyond
 *   vf_fma(a, b, c)      a * b + c, rounded once;  vf_fnma(a, b, c)  c - a * b
 *   vf_max, vf_min       a must not be NaN; NaN when b is
 *   vf_select(m, a, b)   a where m, else b
 *   vf_round             to the nearest integer, ties to even
 *   vf_scale2(a, n)      a * 2^n for an integral n in [-252, 254]; overflows to inf, underflows gradually
 *   vf_sum, vf_sum4      sum of the lanes; of four vectors at once into out[0..3]
 *   vf_transpose         of LANES vectors, in place; with VF_TRANSPOSE, else math.h has a plain one
 * and for vf_exp2 either, with VF_EXP2_FLOOR,
 *   vf_fraction          x - floor(x), 0 for infinities
 *   vf_scale_floor(a, x) a * 2^floor(x), any x
 * or
 *   vf_low_as_exponent   the low 8 bits of the representation become the exponent of an otherwise empty float
 * NaN compares false. kernels/simd/math.h adds exp, exp2, softplus and silu. */

#define LANES 16
#define KERNEL_SIMD(family) family##_avx512

typedef __m512 vf;
typedef __mmask16 vm;

static inline vf vf_zero(void)
{
    return _mm512_setzero_ps();
}

static inline vf vf_set1(float a)
{
    return _mm512_set1_ps(a);
}

static inline vf vf_load(const float *p)
{
    return _mm512_loadu_ps(p);
}

static inline void vf_store(float *p, vf a)
{
    _mm512_storeu_ps(p, a);
}

static inline __mmask16 vf_first(int64_t n)
{
    return (__mmask16)((1u << n) - 1);
}

static inline vf vf_load_n(const float *p, int64_t n)
{
    return _mm512_maskz_loadu_ps(vf_first(n), p);
}

static inline void vf_store_n(float *p, int64_t n, vf a)
{
    _mm512_mask_storeu_ps(p, vf_first(n), a);
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
    return _mm512_add_ps(a, b);
}

static inline vf vf_sub(vf a, vf b)
{
    return _mm512_sub_ps(a, b);
}

static inline vf vf_mul(vf a, vf b)
{
    return _mm512_mul_ps(a, b);
}

static inline vf vf_div(vf a, vf b)
{
    return _mm512_div_ps(a, b);
}

static inline vf vf_fma(vf a, vf b, vf c)
{
    return _mm512_fmadd_ps(a, b, c);
}

static inline vf vf_fnma(vf a, vf b, vf c)
{
    return _mm512_fnmadd_ps(a, b, c);
}

static inline vf vf_max(vf a, vf b)
{
    return _mm512_max_ps(a, b);
}

static inline vf vf_min(vf a, vf b)
{
    return _mm512_min_ps(a, b);
}

static inline vf vf_sqrt(vf a)
{
    return _mm512_sqrt_ps(a);
}

static inline vf vf_abs(vf a)
{
    return _mm512_abs_ps(a);
}

static inline vf vf_neg(vf a)
{
    return _mm512_xor_ps(a, _mm512_set1_ps(-0.0f));
}

static inline vm vf_less(vf a, vf b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ);
}

static inline vf vf_select(vm m, vf a, vf b)
{
    return _mm512_mask_blend_ps(m, b, a);
}

static inline vf vf_round(vf a)
{
    return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

static inline vf vf_scale2(vf a, vf n)
{
    return _mm512_scalef_ps(a, n);
}

#define VF_EXP2_FLOOR
static inline vf vf_fraction(vf x)
{
    return _mm512_reduce_ps(x, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
}

static inline vf vf_scale_floor(vf a, vf x)
{
    return _mm512_scalef_ps(a, x);
}

static inline float vf_sum(vf a)
{
    return _mm512_reduce_add_ps(a);
}

static inline void vf_sum4(vf a, vf b, vf c, vf d, float out[4])
{
    vf ab = vf_add(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
    vf cd = vf_add(_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
    vf abcd = vf_add(_mm512_shuffle_ps(ab, cd, _MM_SHUFFLE(1, 0, 1, 0)),
                     _mm512_shuffle_ps(ab, cd, _MM_SHUFFLE(3, 2, 3, 2)));
    __m256 half = _mm256_add_ps(_mm512_castps512_ps256(abcd), _mm512_extractf32x8_ps(abcd, 1));
    _mm_storeu_ps(out, _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1)));
}

#define VF_TRANSPOSE
static inline void vf_transpose(vf a[LANES])
{
    vf b[LANES];
    for (int i = 0; i < LANES; i += 4) {
        vf low0 = _mm512_unpacklo_ps(a[i], a[i + 1]), high0 = _mm512_unpackhi_ps(a[i], a[i + 1]);
        vf low2 = _mm512_unpacklo_ps(a[i + 2], a[i + 3]), high2 = _mm512_unpackhi_ps(a[i + 2], a[i + 3]);
        b[i] = _mm512_shuffle_ps(low0, low2, _MM_SHUFFLE(1, 0, 1, 0));
        b[i + 1] = _mm512_shuffle_ps(low0, low2, _MM_SHUFFLE(3, 2, 3, 2));
        b[i + 2] = _mm512_shuffle_ps(high0, high2, _MM_SHUFFLE(1, 0, 1, 0));
        b[i + 3] = _mm512_shuffle_ps(high0, high2, _MM_SHUFFLE(3, 2, 3, 2));
    }
    for (int i = 0; i < 4; i++) {
        vf even0 = _mm512_shuffle_f32x4(b[i], b[i + 4], _MM_SHUFFLE(2, 0, 2, 0));
        vf odd0 = _mm512_shuffle_f32x4(b[i], b[i + 4], _MM_SHUFFLE(3, 1, 3, 1));
        vf even8 = _mm512_shuffle_f32x4(b[i + 8], b[i + 12], _MM_SHUFFLE(2, 0, 2, 0));
        vf odd8 = _mm512_shuffle_f32x4(b[i + 8], b[i + 12], _MM_SHUFFLE(3, 1, 3, 1));
        a[i] = _mm512_shuffle_f32x4(even0, even8, _MM_SHUFFLE(2, 0, 2, 0));
        a[i + 4] = _mm512_shuffle_f32x4(odd0, odd8, _MM_SHUFFLE(2, 0, 2, 0));
        a[i + 8] = _mm512_shuffle_f32x4(even0, even8, _MM_SHUFFLE(3, 1, 3, 1));
        a[i + 12] = _mm512_shuffle_f32x4(odd0, odd8, _MM_SHUFFLE(3, 1, 3, 1));
    }
}

#include "kernels/simd/math.h"

#endif
