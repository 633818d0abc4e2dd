/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef KERNELS_FASTMAMBA_FIXED_H
#define KERNELS_FASTMAMBA_FIXED_H

#include <math.h>
#include <stdint.h>

/* Integers on FastMamba's wires (arXiv 2505.18975v4, figures 6 and 7): a value is integer * 2^-point, the
 * point chosen so that the largest magnitude fits into the wire's bits. Values enter rounded to the nearest,
 * ties to even, and saturate; NaN counts as 0. Shifts to the right drop bits, as wires do. */

static inline int64_t fixed_saturate(int64_t v, int bits)
{
    const int64_t most = (INT64_C(1) << (bits - 1)) - 1;
    return v > most ? most : v < -most - 1 ? -most - 1 : v;
}

/* v * 2^by; to the left it saturates at 63 bits. */
static inline int64_t fixed_shift(int64_t v, int by)
{
    if (by <= 0)
        return v >> (by < -63 ? 63 : -by);
    const int64_t most = by > 61 ? 0 : INT64_MAX / 2 >> by;
    return v == 0 ? 0 : v > most ? INT64_MAX / 2 : v < -most ? -(INT64_MAX / 2) : v * (INT64_C(1) << by);
}

/* The point at which |v| <= largest has `bits` bits. */
static inline int fixed_point(double largest, int bits)
{
    int exponent = 0;
    if (largest > 0 && isfinite(largest))
        frexp(largest, &exponent);
    return bits - 1 - exponent;
}

/* 2^point, with which values enter. */
static inline double fixed_scale(int point)
{
    return ldexp(1, point);
}

/* d_state of the integer scans, whose states are on the stack. */
enum { FIXED_MOST_STATES = 256 };

static inline int64_t fixed_from(double v, double scale, int bits)
{
    /* Adding and subtracting it rounds to integers what is less than 2^51. */
    const double most = (double)(INT64_C(1) << (bits - 1)), rounder = 0x1.8p52, scaled = v * scale;
    if (!(scaled < most - 0.5))
        return isnan(scaled) ? 0 : (int64_t)most - 1;
    return scaled < -most ? -(int64_t)most : (int64_t)(scaled + rounder - rounder);
}

static inline double fixed_value(int64_t v, int point)
{
    return ldexp((double)v, -point);
}

/* max(so_far, |v|) for finite v. */
static inline double fixed_larger(double so_far, double v)
{
    return isfinite(v) && fabs(v) > so_far ? fabs(v) : so_far;
}

/* The nonlinear unit. exp(v) = 2^(1.0111b * v), the whole part a shift, the fraction in eight chords whose
 * coefficients the paper does not print: these are the chords of 2^-f over [s / 8, (s + 1) / 8]. */
enum { FIXED_EXP_POINT = 15, FIXED_EXP_SEGMENTS = 8 };

/* v <= 0 with `point` <= 40 bits of fraction; 16 bits unsigned with FIXED_EXP_POINT of fraction. */
static inline int64_t fixed_exp(int64_t v, int point)
{
    static const int32_t slope[FIXED_EXP_SEGMENTS] = {21757, 19951, 18295, 16777, 15384, 14108, 12937, 11863};
    static const int32_t offset[FIXED_EXP_SEGMENTS] = {32768, 32542, 32128, 31559,
                                                       30863, 30065, 29187, 28247};
    const int64_t scaled = v > 0 ? 0 : -v * 23; /* 1.4375 = 23 / 16 */
    const int fraction_bits = point + 4;
    const int64_t whole = fraction_bits >= 0 ? scaled >> fraction_bits : fixed_shift(scaled, -fraction_bits);
    if (whole > 16)
        return 0;
    if (fraction_bits < 3)
        return offset[0] >> whole;
    const int64_t fraction = scaled & ((INT64_C(1) << fraction_bits) - 1);
    const int segment = (int)(fraction >> (fraction_bits - 3));
    /* A product of 16 bits and at most 44. */
    const int64_t line = offset[segment] - ((slope[segment] * fraction) >> fraction_bits);
    return line >> whole;
}

/* softplus(v) ~ exp(-|v|) + max(v, 0), v with `point` bits of fraction; the result has `out` of them, 16
 * bits. */
static inline int64_t fixed_softplus(int64_t v, int point, int out)
{
    const int64_t small = fixed_shift(fixed_exp(v > 0 ? -v : v, point), out - FIXED_EXP_POINT);
    return fixed_saturate(small + (v > 0 ? fixed_shift(v, out - point) : 0), 16);
}

#endif
