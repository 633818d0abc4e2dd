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
 * result while that is a normal number; below, silu may be off by |x| subnormal steps, the others by one. */

/* exp(x) = 2^n exp(r), |r| <= ln 2 / 2, exp(r) = 1 + r + r^2 q(r) with q fitted at Chebyshev nodes (fit
 * error 0.17). Error at most 2. exp(-inf) = 0, exp(inf) = inf, NaN stays NaN. */
static inline vf vf_exp(vf x)
{
    x = vf_min(vf_set1(89.0f), vf_max(vf_set1(-104.0f), x));
    vf n = vf_round(vf_mul(x, vf_set1(1.44269502f)));
    vf r = vf_fnma(n, vf_set1(0x1.62e43p-1f), x);
    r = vf_fnma(n, vf_set1(-0x1.05c61p-29f), r);
    vf q = vf_fma(vf_set1(0.00139262504f), r, vf_set1(0.00836323295f));
    q = vf_fma(q, r, vf_set1(0.0416665524f));
    q = vf_fma(q, r, vf_set1(0.166665763f));
    q = vf_fma(q, r, vf_set1(0.5f));
    vf p = vf_fma(vf_mul(r, r), q, r);
    return vf_scale2(vf_add(p, vf_set1(1.0f)), n);
}

/* log(1 + t) = 2 atanh(s), s = t / (2 + t), for t in [0, 1]: keeps its relative accuracy near 0. */
static inline vf vf_log1p_unit(vf t)
{
    vf s = vf_div(t, vf_add(t, vf_set1(2.0f)));
    vf z = vf_mul(s, s);
    vf p = vf_fma(vf_set1(0.281577796f), z, vf_set1(0.279651582f));
    p = vf_fma(p, z, vf_set1(0.400245965f));
    p = vf_fma(p, z, vf_set1(0.666663229f));
    return vf_fma(vf_mul(s, z), p, vf_add(s, s));
}

/* log(1 + exp(x)). Error at most 8. */
static inline vf vf_softplus(vf x)
{
    return vf_add(vf_max(vf_zero(), x), vf_log1p_unit(vf_exp(vf_neg(vf_abs(x)))));
}

/* x / (1 + exp(-x)), with the exponential of -|x| so that nothing overflows. Error at most 8. */
static inline vf vf_silu(vf x)
{
    vf e = vf_exp(vf_neg(vf_abs(x)));
    vf negative = vf_mul(vf_max(vf_set1(-200.0f), x), e);
    return vf_div(vf_select(vf_less(x, vf_zero()), negative, x), vf_add(e, vf_set1(1.0f)));
}

#endif
