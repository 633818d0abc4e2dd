/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/matmul_wgrad/matmul_wgrad.h"

enum { COLUMNS = 64 };

void KERNEL_REFERENCE(matmul_wgrad)(const void *args, struct part part)
{
    const struct matmul_wgrad_args *a = args;
    struct range rows = part_range(part, a->n, 1);
    for (int64_t j = rows.begin; j < rows.end; j++) {
        double total = 0;
        for (int64_t i = 0; i < a->m; i++)
            total += a->dy[i * a->dy_stride + j];
        if (a->dbias)
            a->dbias[j] = (real)total;
        for (int64_t p = 0; p < a->k; p += COLUMNS) {
            const int64_t columns = a->k - p < COLUMNS ? a->k - p : COLUMNS;
            double sum[COLUMNS] = {0};
            for (int64_t i = 0; i < a->m; i++) {
                const double dy = a->dy[i * a->dy_stride + j];
                for (int64_t c = 0; c < columns; c++)
                    sum[c] += dy * a->x[i * a->x_stride + p + c];
            }
            for (int64_t c = 0; c < columns; c++)
                a->dweight[j * a->k + p + c] = (real)sum[c];
        }
    }
}
