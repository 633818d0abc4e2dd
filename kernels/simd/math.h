/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef KERNELS_SIMD_MATH_H
#define KERNELS_SIMD_MATH_H

/* Before a loop whose trip count is a small constant: keeps arrays of vectors in registers. */
#ifdef __clang__
#define VF_UNROLL _Pragma("clang loop unroll(full)")
#else
#define VF_UNROLL _Pragma("GCC unroll 32")
#endif

/* Included by each header of this folder, after its vocabulary. Errors are in units of 2^-24 of the exact
 * result, the largest over every float on every instruction set, and hold while that result is a normal
 * number. NaN stays NaN; denormal arguments count unless the processor flushes them. tests/test_kernels.c
 * checks all of it.
 *
 * The functions on n vectors, n a constant, take one step of all n before the next: a scheduler that holds
 * some hundred instructions sees too few independent ones when each function runs on its own. */
#define VF_EACH VF_UNROLL for (int i = 0; i < n; i++)
#define VF_INLINE static inline __attribute__((always_inline))
enum { VF_TOGETHER = 4 };

/* exp(r) for |r| <= ln 2 / 2, fit error 0.05. */
VF_INLINE void vf_exp_unit_n(const vf *r, vf *p, const int n)
{
    VF_EACH p[i] = vf_fma(vf_set1(0.00138146232f), r[i], vf_set1(0.0083687054f));
    VF_EACH p[i] = vf_fma(p[i], r[i], vf_set1(0.0416683853f));
    VF_EACH p[i] = vf_fma(p[i], r[i], vf_set1(0.166665211f));
    VF_EACH p[i] = vf_fma(p[i], r[i], vf_set1(0.49999994f));
    VF_EACH p[i] = vf_fma(p[i], r[i], vf_set1(1.0f));
    VF_EACH p[i] = vf_fma(p[i], r[i], vf_set1(1.0f));
}

/* x / ln 2 to the nearest integer, for |x| < 2^21, and what remains of x. Adding 1.5 * 2^23 rounds. */
VF_INLINE void vf_exp_split_n(const vf *x, vf *whole, vf *rest, const int n)
{
    const vf shift = vf_set1(12582912.0f);
    VF_EACH whole[i] = vf_fma(x[i], vf_set1(1.44269502f), shift);
    VF_EACH whole[i] = vf_sub(whole[i], shift);
    VF_EACH rest[i] = vf_fnma(whole[i], vf_set1(0x1.62e43p-1f), x[i]);
    VF_EACH rest[i] = vf_fnma(whole[i], vf_set1(-0x1.05c61p-29f), rest[i]);
}

/* exp(x). Error at most 1.4; below FLT_MIN one subnormal step. exp(-inf) = 0, exp(inf) = inf. */
static inline vf vf_exp(vf x)
{
    vf whole, r, p;
    x = vf_min(vf_set1(89.0f), vf_max(vf_set1(-104.0f), x));
    vf_exp_split_n(&x, &whole, &r, 1);
    vf_exp_unit_n(&r, &p, 1);
    return vf_scale2(p, whole);
}

/* 2^x for x <= 127, the decay of a recurrence: the shortest body, no care for overflow. Error at most 1.5 of
 * the x given, fit error 0.05: a decay close to 1 must not be biased, since it is raised to the power of the
 * sequence. 2^0 is exactly 1, 2^-inf is 0. Results below FLT_MIN may be 0. */
VF_INLINE void vf_exp2_n(vf *x, const int n)
{
#ifdef VF_EXP2_FLOOR
    vf f[VF_TOGETHER], p[VF_TOGETHER];
    VF_EACH f[i] = vf_fraction(x[i]);
    VF_EACH p[i] = vf_fma(vf_set1(0.000216115674f), f[i], vf_set1(0.00124638318f));
    VF_EACH p[i] = vf_fma(p[i], f[i], vf_set1(0.00967567507f));
    VF_EACH p[i] = vf_fma(p[i], f[i], vf_set1(0.055485554f));
    VF_EACH p[i] = vf_fma(p[i], f[i], vf_set1(0.240229249f));
    VF_EACH p[i] = vf_fma(p[i], f[i], vf_set1(0.693147004f));
    VF_EACH p[i] = vf_fma(p[i], f[i], vf_set1(1.0f));
    VF_EACH x[i] = vf_scale_floor(p[i], x[i]);
#else
    const vf shift = vf_set1(12583039.0f); /* 1.5 * 2^23, and the bias of the exponent */
    vf f[VF_TOGETHER], p[VF_TOGETHER];
    VF_EACH f[i] = vf_max(vf_set1(-127.0f), x[i]);
    VF_EACH x[i] = vf_add(f[i], shift);
    VF_EACH f[i] = vf_sub(f[i], vf_sub(x[i], shift));
    VF_EACH p[i] = vf_fma(vf_set1(0.000155946109f), f[i], vf_set1(0.00134066178f));
    VF_EACH p[i] = vf_fma(p[i], f[i], vf_set1(0.00961769372f));
    VF_EACH p[i] = vf_fma(p[i], f[i], vf_set1(0.0555031076f));
    VF_EACH p[i] = vf_fma(p[i], f[i], vf_set1(0.240226522f));
    VF_EACH p[i] = vf_fma(p[i], f[i], vf_set1(0.693147242f));
    VF_EACH p[i] = vf_fma(p[i], f[i], vf_set1(1.0f));
    VF_EACH x[i] = vf_mul(p[i], vf_low_as_exponent(x[i]));
#endif
}

static inline vf vf_exp2(vf x)
{
    vf_exp2_n(&x, 1);
    return x;
}

/* log(1 + t) for t in [0, 1], fit error 0.6: keeps its relative accuracy near 0. */
VF_INLINE void vf_log1p_unit_n(const vf *t, vf *p, const int n)
{
    VF_EACH p[i] = vf_fma(vf_set1(0.00536587927f), t[i], vf_set1(-0.0300697163f));
    VF_EACH p[i] = vf_fma(p[i], t[i], vf_set1(0.0792104229f));
    VF_EACH p[i] = vf_fma(p[i], t[i], vf_set1(-0.137542576f));
    VF_EACH p[i] = vf_fma(p[i], t[i], vf_set1(0.191538468f));
    VF_EACH p[i] = vf_fma(p[i], t[i], vf_set1(-0.248572066f));
    VF_EACH p[i] = vf_fma(p[i], t[i], vf_set1(0.33321327f));
    VF_EACH p[i] = vf_fma(p[i], t[i], vf_set1(-0.499996483f));
    VF_EACH p[i] = vf_fma(vf_mul(t[i], t[i]), p[i], t[i]);
}

/* log(1 + exp(x)). Error at most 3.2; below FLT_MIN one subnormal step. softplus(-inf) = 0. */
VF_INLINE void vf_softplus_n(vf *x, const int n)
{
    vf t[VF_TOGETHER], whole[VF_TOGETHER], r[VF_TOGETHER];
    VF_EACH t[i] = vf_max(vf_set1(-104.0f), vf_neg(vf_abs(x[i])));
    vf_exp_split_n(t, whole, r, n);
    vf_exp_unit_n(r, t, n);
    VF_EACH t[i] = vf_scale2(t[i], whole[i]);
    vf_log1p_unit_n(t, r, n);
    VF_EACH x[i] = vf_add(vf_max(vf_zero(), x[i]), r[i]);
}

static inline vf vf_softplus(vf x)
{
    vf_softplus_n(&x, 1);
    return x;
}

/* x / (1 + exp(-x)) as x * 2^k / (2^k + exp(-r)), x = k ln 2 + r: nothing overflows. Error at most 3.5 for
 * x >= -87; below that |x| + 1 subnormal steps. silu(-inf) = 0, silu(inf) = inf. */
VF_INLINE void vf_silu_n(vf *x, const int n)
{
    vf scale[VF_TOGETHER], r[VF_TOGETHER], p[VF_TOGETHER];
    VF_EACH x[i] = vf_max(vf_set1(-105.0f), x[i]);
    VF_EACH p[i] = vf_min(vf_set1(40.0f), x[i]);
    vf_exp_split_n(p, scale, r, n);
    VF_EACH scale[i] = vf_scale2(vf_set1(1.0f), scale[i]);
    VF_EACH r[i] = vf_neg(r[i]);
    vf_exp_unit_n(r, p, n);
    VF_EACH p[i] = vf_div(scale[i], vf_add(scale[i], p[i]));
    VF_EACH x[i] = vf_mul(x[i], p[i]);
}

static inline vf vf_silu(vf x)
{
    vf_silu_n(&x, 1);
    return x;
}

/* silu(x), and its slope s (1 + x (1 - s)) with s = 1 / (1 + exp(-x)), for the backward pass. Error of either
 * at most 9, of the slope in units of s (1 + |x| (1 - s)), as it passes through zero. */
VF_INLINE void vf_silu_slope_n(vf *x, vf *slope, const int n)
{
    vf scale[VF_TOGETHER], r[VF_TOGETHER], p[VF_TOGETHER];
    VF_EACH x[i] = vf_max(vf_set1(-105.0f), x[i]);
    VF_EACH slope[i] = vf_min(vf_set1(40.0f), x[i]);
    vf_exp_split_n(slope, scale, r, n);
    VF_EACH scale[i] = vf_scale2(vf_set1(1.0f), scale[i]);
    VF_EACH r[i] = vf_neg(r[i]);
    vf_exp_unit_n(r, p, n);
    VF_EACH r[i] = vf_div(vf_set1(1.0f), vf_add(scale[i], p[i]));
    VF_EACH scale[i] = vf_mul(scale[i], r[i]);
    VF_EACH slope[i] = vf_mul(scale[i], vf_fma(slope[i], vf_mul(p[i], r[i]), vf_set1(1.0f)));
    VF_EACH x[i] = vf_mul(x[i], scale[i]);
}

/* 1 / (1 + exp(-x)). Error at most 4; below x = -87 one subnormal step. */
VF_INLINE void vf_sigmoid_n(vf *x, const int n)
{
    vf scale[VF_TOGETHER], r[VF_TOGETHER], p[VF_TOGETHER];
    VF_EACH x[i] = vf_min(vf_set1(40.0f), vf_max(vf_set1(-105.0f), x[i]));
    vf_exp_split_n(x, scale, r, n);
    VF_EACH scale[i] = vf_scale2(vf_set1(1.0f), scale[i]);
    VF_EACH r[i] = vf_neg(r[i]);
    vf_exp_unit_n(r, p, n);
    VF_EACH x[i] = vf_div(scale[i], vf_add(scale[i], p[i]));
}

/* Rows become columns. */
#ifndef VF_TRANSPOSE
static inline void vf_transpose(vf a[LANES])
{
    float rows[LANES][LANES];
    for (int i = 0; i < LANES; i++)
        vf_store(rows[i], a[i]);
    for (int i = 0; i < LANES; i++)
        a[i] = vf_gather_n(&rows[0][i], LANES, LANES);
}
#endif

#endif
