/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <float.h>
#include <math.h>
#include <string.h>

#include "kernels/matmul/low_precision.h"

/* The nearest, ties to even. */
static uint16_t bf16(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    if (isnan(value))
        return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static float widened(uint16_t half)
{
    const uint32_t bits = (uint32_t)half << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

size_t matmul_bf16_rows_bytes(const void *args)
{
    const struct matmul_args *a = args;
    return (size_t)a->n * a->k * 2;
}

void matmul_bf16_rows_pack(const void *args, struct part part)
{
    const struct matmul_args *a = args;
    const struct range all = part_range(part, a->n * a->k, 1);
    for (int64_t i = all.begin; i < all.end; i++)
        ((uint16_t *)a->packed)[i] = bf16(a->weight[i]);
}

void matmul_bf16_reference(const void *args, struct part part)
{
    const struct matmul_args *a = args;
    const struct range columns = part_range(part, a->n, 1);
    for (int64_t i = 0; i < a->m; i++) {
        const float *x = a->x + i * a->x_stride;
        for (int64_t j = columns.begin; j < columns.end; j++) {
            const uint16_t *weight = (const uint16_t *)a->packed + j * a->k;
            double sum = 0;
            for (int64_t p = 0; p < a->k; p++)
                sum += (double)widened(bf16(x[p])) * widened(weight[p]);
            a->y[i * a->y_stride + j] = (float)(a->bias ? sum + a->bias[j] : sum);
        }
    }
}

size_t matmul_bf16_packed_bytes(const void *args)
{
    const struct matmul_args *a = args;
    return (size_t)(panel_count(a) * bf16_panel_bytes(a->k));
}

/* x and the weight each keep 8 bits: they are off by 2^-8 of themselves at most, and their product by
 * 2^-7 + 2^-16. The dot product instructions take subnormal factors for 0. */
void matmul_bf16_rounding(const void *args, double *bound)
{
    const struct matmul_args *a = args;
    const double *x = (const double *)(const void *)a->x, *weight = (const double *)(const void *)a->weight;
    for (int64_t i = 0; i < a->m; i++)
        for (int64_t j = 0; j < a->n; j++)
            for (int64_t p = 0; p < a->k; p++) {
                const double u = fabs(x[i * a->x_stride + p]), w = fabs(weight[j * a->k + p]);
                bound[i * a->n + j] += u * w * (0x1p-7 + 0x1p-16) + (u + w) * FLT_MIN;
            }
}
