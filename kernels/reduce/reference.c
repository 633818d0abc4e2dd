/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/reduce/reduce.h"

void KERNEL_REFERENCE(reduce)(const void *args, struct part part)
{
    const struct reduce_args *a = args;
    const struct range rows = part_range(part, a->rows, 1);
    for (int64_t row = rows.begin; row < rows.end; row++)
        for (int64_t c = 0; c < a->columns; c++) {
            double sum = 0;
            for (int64_t s = 0; s < a->slices; s++)
                sum += a->x[(row * a->slices + s) * a->columns + c];
            a->y[row * a->y_stride + c] = (real)sum;
        }
}
