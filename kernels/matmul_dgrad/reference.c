/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/matmul_dgrad/matmul_dgrad.h"

enum { COLUMNS = 64 };

void KERNEL_REFERENCE(matmul_dgrad)(const void *args, struct part part)
{
    const struct matmul_dgrad_args *a = args;
    struct tile tile = part_tile(part, a->m, a->k, 1);
    for (int64_t i = tile.rows.begin; i < tile.rows.end; i++)
        for (int64_t p = tile.columns.begin; p < tile.columns.end; p += COLUMNS) {
            const int64_t columns = tile.columns.end - p < COLUMNS ? tile.columns.end - p : COLUMNS;
            double sum[COLUMNS];
            for (int64_t c = 0; c < columns; c++)
                sum[c] = a->add ? a->add[i * a->add_stride + p + c] : 0;
            for (int64_t j = 0; j < a->n; j++) {
                const double dy = a->dy[i * a->dy_stride + j];
                for (int64_t c = 0; c < columns; c++)
                    sum[c] += dy * a->weight[j * a->k + p + c];
            }
            for (int64_t c = 0; c < columns; c++)
                a->dx[i * a->dx_stride + p + c] = (real)sum[c];
        }
}
