/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <float.h>
#include <math.h>
#include <string.h>

#include "kernels/matmul/low_precision.h"

/* max|x| / 127. NaN if not all of x is finite: the integers then count for nothing. */
static float scale_of(const float *x, int64_t k)
{
    float maximum = INT8_SMALLEST_MAXIMUM;
    for (int64_t p = 0; p < k; p++) {
        if (!isfinite(x[p]))
            return NAN;
        maximum = fmaxf(maximum, fabsf(x[p]));
    }
    return maximum / 127;
}

static int round_to(float x, float inverse)
{
    return isnan(inverse) ? 0 : (int)nearbyintf(x * inverse);
}

/* [n] scales, [n][k] integers. */
size_t matmul_int8_rows_bytes(const void *args)
{
    const struct matmul_args *a = args;
    return (size_t)a->n * (sizeof(float) + a->k);
}

void matmul_int8_rows_pack(const void *args, struct part part)
{
    const struct matmul_args *a = args;
    float *scales = a->packed;
    const struct range columns = part_range(part, a->n, 1);
    for (int64_t j = columns.begin; j < columns.end; j++) {
        const float *weight = a->weight + j * a->k;
        int8_t *to = (int8_t *)(scales + a->n) + j * a->k;
        scales[j] = scale_of(weight, a->k);
        for (int64_t p = 0; p < a->k; p++)
            to[p] = (int8_t)round_to(weight[p], 1 / scales[j]);
    }
}

/* A row of x is rounded again for each block of columns, whose sums stay on the stack. */
void matmul_int8_reference(const void *args, struct part part)
{
    enum { COLUMNS = 64, K = 1024 };
    const struct matmul_args *a = args;
    const struct range columns = part_range(part, a->n, 1);
    const float *scales = a->packed;
    for (int64_t i = 0; i < a->m; i++) {
        const float *x = a->x + i * a->x_stride;
        const float scale = scale_of(x, a->k);
        for (int64_t j = columns.begin; j < columns.end; j += COLUMNS) {
            const int64_t n = columns.end - j < COLUMNS ? columns.end - j : COLUMNS;
            int64_t sums[COLUMNS] = {0};
            for (int64_t k0 = 0; k0 < a->k; k0 += K) {
                const int64_t k = a->k - k0 < K ? a->k - k0 : K;
                int8_t rounded[K];
                for (int64_t p = 0; p < k; p++)
                    rounded[p] = (int8_t)round_to(x[k0 + p], 1 / scale);
                for (int64_t c = 0; c < n; c++) {
                    const int8_t *weight = (const int8_t *)(scales + a->n) + (j + c) * a->k + k0;
                    for (int64_t p = 0; p < k; p++)
                        sums[c] += rounded[p] * weight[p];
                }
            }
            for (int64_t c = 0; c < n; c++) {
                const double y = (double)sums[c] * scale * scales[j + c];
                a->y[i * a->y_stride + j + c] = (float)(a->bias ? y + a->bias[j + c] : y);
            }
        }
    }
}

size_t matmul_int8_packed_bytes(const void *args)
{
    const struct matmul_args *a = args;
    return (size_t)(panel_count(a) * int8_panel_bytes(a->k));
}

/* Half a step of a row's scale; a bit more, since the scale and its reciprocal are rounded floats. */
static double largest_error(const double *x, int64_t k)
{
    double maximum = INT8_SMALLEST_MAXIMUM;
    for (int64_t p = 0; p < k; p++)
        maximum = fmax(maximum, fabs(x[p]));
    return maximum / 127 * (0.5 + 0x1p-14);
}

/* x off by dx and the weight by dw: their product is off by |x| dw + |w| dx + dx dw. The product of both
 * scales may be flushed. */
void matmul_int8_rounding(const void *args, double *bound)
{
    const struct matmul_args *a = args;
    for (int64_t i = 0; i < a->m; i++) {
        const double *x = (const double *)(const void *)a->x + i * a->x_stride;
        const double dx = largest_error(x, a->k);
        for (int64_t j = 0; j < a->n; j++) {
            const double *weight = (const double *)(const void *)a->weight + j * a->k;
            const double dw = largest_error(weight, a->k);
            bound[i * a->n + j] += 127 * 127 * (double)a->k * FLT_MIN;
            for (int64_t p = 0; p < a->k; p++)
                bound[i * a->n + j] += fabs(x[p]) * dw + fabs(weight[p]) * dx + dx * dw;
        }
    }
}
