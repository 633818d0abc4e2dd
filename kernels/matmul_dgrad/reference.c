/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/matmul_dgrad/matmul_dgrad.h"

void KERNEL_REFERENCE(matmul_dgrad)(const void *args, struct part part)
{
    const struct matmul_dgrad_args *a = args;
    struct tile tile = part_tile(part, a->m, a->k, 1);
    for (int64_t i = tile.rows.begin; i < tile.rows.end; i++)
        for (int64_t p = tile.columns.begin; p < tile.columns.end; p++) {
            double sum = a->add ? a->add[i * a->add_stride + p] : 0;
            for (int64_t j = 0; j < a->n; j++)
                sum += (double)a->dy[i * a->dy_stride + j] * a->weight[j * a->k + p];
            a->dx[i * a->dx_stride + p] = (real)sum;
        }
}
