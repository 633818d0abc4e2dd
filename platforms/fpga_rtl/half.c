/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "platforms/fpga_rtl/half.h"

#include <math.h>
#include <string.h>

enum { FRACTION = 10, BIAS = 15, TOP = 31, DOUBLE_FRACTION = 52, DOUBLE_BIAS = 1023 };
static const uint16_t nan_half = 0x7e00;

uint16_t half_from_double(double value)
{
    const int drop = DOUBLE_FRACTION - FRACTION;
    uint64_t bits;
    if (isnan(value))
        return nan_half;
    memcpy(&bits, &value, sizeof bits);
    const uint16_t sign = (uint16_t)(bits >> 63 << 15);
    bits &= UINT64_MAX >> 1;
    /* A carry out of the fraction raises the exponent, as it should. */
    bits += ((UINT64_C(1) << (drop - 1)) - 1) + (bits >> drop & 1);
    const int64_t exponent = (int64_t)(bits >> DOUBLE_FRACTION) - DOUBLE_BIAS + BIAS;
    if (exponent >= TOP)
        return (uint16_t)(sign | TOP << FRACTION);
    if (exponent < 1)
        return sign;
    return (uint16_t)(sign | exponent << FRACTION | (bits >> drop & ((1 << FRACTION) - 1)));
}

double half_to_double(uint16_t half)
{
    const int exponent = half >> FRACTION & TOP, fraction = half & ((1 << FRACTION) - 1);
    uint64_t bits = (uint64_t)(half >> 15) << 63;
    double value;
    if (exponent == TOP && fraction)
        return (double)NAN;
    if (exponent == TOP)
        bits |= UINT64_C(0x7ff) << DOUBLE_FRACTION;
    else if (exponent > 0)
        bits |= (uint64_t)(exponent - BIAS + DOUBLE_BIAS) << DOUBLE_FRACTION |
                (uint64_t)fraction << (DOUBLE_FRACTION - FRACTION);
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Products of 11 bits each and sums over 40 binary places are exact in double: one rounding remains. */
uint16_t half_mul(uint16_t a, uint16_t b)
{
    return half_from_double(half_to_double(a) * half_to_double(b));
}

uint16_t half_add(uint16_t a, uint16_t b)
{
    return half_from_double(half_to_double(a) + half_to_double(b));
}
