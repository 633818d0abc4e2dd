/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <math.h>
#include <string.h>

#include "kernels/matmul/low_precision.h"

/* The nearest, ties to even; 65520 and beyond become infinite. Scaling by 2^-112 turns the exponent of a
 * float into that of fp16; what is too small for a normal number is rounded by adding 2^-1, whose last place
 * is that of a subnormal number. */
static uint16_t fp16(float value)
{
    const float magnitude = fabsf(value);
    uint32_t bits;
    if (isnan(value)) {
        bits = 0x7e00;
    } else if (magnitude >= 65520) {
        bits = 0x7c00;
    } else if (magnitude < 0x1p-14f) {
        const float shifted = magnitude + 0.5f;
        memcpy(&bits, &shifted, sizeof bits);
        bits -= 0x3f000000;
    } else {
        memcpy(&bits, &magnitude, sizeof bits);
        bits = (bits - (112u << 23) + 0xfff + (bits >> 13 & 1)) >> 13;
    }
    return (uint16_t)(bits | (signbit(value) ? 0x8000 : 0));
}

static float widened(uint16_t half)
{
    const int exponent = half >> 10 & 31, fraction = half & 1023;
    const float magnitude = exponent == 31  ? (fraction ? NAN : INFINITY)
                            : exponent == 0 ? ldexpf((float)fraction, -24)
                                            : ldexpf((float)(fraction + 1024), exponent - 25);
    return half & 0x8000 ? -magnitude : magnitude;
}

size_t matmul_fp16_rows_bytes(const void *args)
{
    const struct matmul_args *a = args;
    return (size_t)a->n * a->k * 2;
}

void matmul_fp16_rows_pack(const void *args, struct part part)
{
    const struct matmul_args *a = args;
    const struct range all = part_range(part, a->n * a->k, 1);
    for (int64_t i = all.begin; i < all.end; i++)
        ((uint16_t *)a->packed)[i] = fp16(a->weight[i]);
}

void matmul_fp16_reference(const void *args, struct part part)
{
    const struct matmul_args *a = args;
    const struct range columns = part_range(part, a->n, 1);
    for (int64_t i = 0; i < a->m; i++) {
        const float *x = a->x + i * a->x_stride;
        for (int64_t j = columns.begin; j < columns.end; j++) {
            const uint16_t *weight = (const uint16_t *)a->packed + j * a->k;
            double sum = 0;
            for (int64_t p = 0; p < a->k; p++)
                sum += (double)x[p] * widened(weight[p]);
            a->y[i * a->y_stride + j] = (float)(a->bias ? sum + a->bias[j] : sum);
        }
    }
}

size_t matmul_fp16_packed_bytes(const void *args)
{
    const struct matmul_args *a = args;
    return (size_t)(panel_count(a) * fp16_panel_bytes(a->k));
}

/* The weight keeps 11 bits and is off by 2^-11 of itself at most; below 2^-14 by half of the smallest step.
 */
void matmul_fp16_rounding(const void *args, double *bound)
{
    const struct matmul_args *a = args;
    const double *x = (const double *)(const void *)a->x, *weight = (const double *)(const void *)a->weight;
    for (int64_t i = 0; i < a->m; i++)
        for (int64_t j = 0; j < a->n; j++)
            for (int64_t p = 0; p < a->k; p++) {
                const double w = fabs(weight[j * a->k + p]);
                bound[i * a->n + j] += fabs(x[i * a->x_stride + p]) * (w < 0x1p-14 ? 0x1p-25 : w * 0x1p-11);
            }
}
