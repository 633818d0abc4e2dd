/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/matmul/matmul.h"

void KERNEL_REFERENCE(matmul)(const void *args, struct part part)
{
    const struct matmul_args *a = args;
    struct range columns = part_range(part, a->n, 1);
    for (int64_t i = 0; i < a->m; i++) {
        const real *x = a->x + i * a->x_stride;
        for (int64_t j = columns.begin; j < columns.end; j++) {
            const real *weight = a->weight + j * a->k;
            double sum = 0;
            for (int64_t p = 0; p < a->k; p++)
                sum += (double)x[p] * weight[p];
            a->y[i * a->y_stride + j] = (real)(a->bias ? sum + a->bias[j] : sum);
        }
    }
}
