/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef KERNELS_MATMUL_LOW_PRECISION_SIMD_H
#define KERNELS_MATMUL_LOW_PRECISION_SIMD_H

#include <float.h>
#include <math.h>
#include <string.h>

#include "kernels/matmul/low_precision.h"

/* LANES 32-bit integers, beside the vf of a header of kernels/simd that was included before:
 *   vi_set1, vi_load, vi_store, vi_add, vi_max (signed), vi_and   lane by lane
 *   vi_shift_left(a, n), vi_shift_right(a, n)   32 bits, zeros move in
 *   vi_even_bytes(a), vi_odd_bytes(a)   bytes 0 and 2, or 1 and 3, of each lane as two int16_t
 *   vi_dot_int16(a, b)     sum of the two products in each lane
 *   vi_bits, vi_value      the same bits as vf and back
 *   vi_float, vi_integer   to float; to the nearest integer, ties to even
 *   vi_narrow(a, b, c, d)  4 * LANES bytes in order, saturated */
#if LANES == 4
#include "kernels/matmul/low_precision_neon.h"
#else
#if LANES == 16
typedef __m512i vi;
#define VI(operation) _mm512_##operation
#define vi_load(p) _mm512_loadu_si512(p)
#define vi_store(p, a) _mm512_storeu_si512(p, a)
#define vi_and(a, b) _mm512_and_si512(a, b)
#define vi_xor(a, b) _mm512_xor_si512(a, b)
#define vi_bits(a) _mm512_castps_si512(a)
#define vi_value(a) _mm512_castsi512_ps(a)

static inline vi vi_narrow(vi a, vi b, vi c, vi d)
{
    const vi order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const vi mixed = _mm512_packs_epi16(_mm512_packs_epi32(a, b), _mm512_packs_epi32(c, d));
    return _mm512_permutexvar_epi32(order, mixed);
}
#else
typedef __m256i vi;
#define VI(operation) _mm256_##operation
#define vi_load(p) _mm256_loadu_si256((const __m256i *)(p))
#define vi_store(p, a) _mm256_storeu_si256((__m256i *)(p), a)
#define vi_and(a, b) _mm256_and_si256(a, b)
#define vi_xor(a, b) _mm256_xor_si256(a, b)
#define vi_bits(a) _mm256_castps_si256(a)
#define vi_value(a) _mm256_castsi256_ps(a)

static inline vi vi_narrow(vi a, vi b, vi c, vi d)
{
    const vi order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    const vi mixed = _mm256_packs_epi16(_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, d));
    return _mm256_permutevar8x32_epi32(mixed, order);
}
#endif
#define vi_set1(a) VI(set1_epi32)(a)
#define vi_add(a, b) VI(add_epi32)(a, b)
#define vi_max(a, b) VI(max_epi32)(a, b)
#define vi_shift_left(a, n) VI(slli_epi32)(a, n)
#define vi_shift_right(a, n) VI(srli_epi32)(a, n)
#define vi_even_bytes(a) VI(srai_epi16)(VI(slli_epi16)(a, 8), 8)
#define vi_odd_bytes(a) VI(srai_epi16)(a, 8)
#define vi_dot_int16(a, b) VI(madd_epi16)(a, b)
#define vi_float(a) VI(cvtepi32_ps)(a)
#define vi_integer(a) VI(cvtps_epi32)(a)
#endif

/* n may be any number: lanes at and beyond it are 0. */
static inline vf load_first(const float *x, int64_t n)
{
    return n >= LANES ? vf_load(x) : n > 0 ? vf_load_n(x, n) : vf_zero();
}

/* The nearest bf16, ties to even, as a float. NaN and infinities stay, the sum makes a
 * NaN quiet, so that cutting its low half leaves one. */
static inline vf bf16_round(vf a)
{
    const vi bits = vi_bits(a);
    const vi odd = vi_and(vi_shift_right(bits, 16), vi_set1(1));
    const vi near = vi_add(bits, vi_add(odd, vi_set1(0x7fff)));
    return vf_select(vf_less(vf_abs(a), vf_set1(INFINITY)),
                     vi_value(vi_and(near, vi_set1((int32_t)0xffff0000))), vf_add(a, a));
}

/* max|x| / 127. NaN if not all of x is finite: the integers then count for nothing. */
static inline float int8_scale(const float *x, int64_t k)
{
    vi largest = vi_set1(0);
    for (int64_t p = 0; p < k; p += LANES)
        largest = vi_max(largest, vi_bits(vf_abs(load_first(x + p, k - p))));
    int32_t lanes[LANES], bits = 0;
    vi_store(lanes, largest);
    for (int i = 0; i < LANES; i++)
        bits = lanes[i] > bits ? lanes[i] : bits;
    float maximum;
    memcpy(&maximum, &bits, sizeof maximum);
    if (bits >= 0x7f800000)
        return NAN;
    return (maximum > INT8_SMALLEST_MAXIMUM ? maximum : INT8_SMALLEST_MAXIMUM) / 127;
}

/* 4 * LANES bytes from the first n elements, zeros beyond. */
static inline vi int8_round(const float *x, int64_t n, vf inverse)
{
    vi part[4];
    VF_UNROLL
    for (int i = 0; i < 4; i++)
        part[i] = vi_integer(vf_mul(load_first(x + i * LANES, n - i * LANES), inverse));
    return vi_narrow(part[0], part[1], part[2], part[3]);
}

#endif
