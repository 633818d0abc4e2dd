/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/hadamard/hadamard.h"

#include <string.h>

void KERNEL_REFERENCE(hadamard)(const void *args, struct part part)
{
    const struct hadamard_args *a = args;
    const int64_t n = a->groups * a->order;
    const struct range rows = part_range(part, a->rows, 1);
    for (int64_t row = rows.begin; row < rows.end; row++) {
        real *y = a->y + row * a->y_stride;
        memmove(y, a->x + row * a->x_stride, (size_t)n * sizeof *y);
        HADAMARD_IN_PLACE(real, y, n, a->order)
    }
}
