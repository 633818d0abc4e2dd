/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/embed_backward/embed_backward.h"

/* Parts share the columns, as rows may name the same word. */
void KERNEL_REFERENCE(embed_backward)(const void *args, struct part part)
{
    const struct embed_backward_args *a = args;
    const struct range columns = part_range(part, a->channels, 16);
    for (int64_t word = 0; a->accumulate == 0 && word < a->vocab; word++)
        for (int64_t c = columns.begin; c < columns.end; c++)
            a->dweight[word * a->channels + c] = 0;
    for (int64_t row = 0; row < a->rows; row++) {
        const real *dy = a->dy + row * a->dy_stride;
        real *to = a->dweight + a->ids[row] * a->channels;
        for (int64_t c = columns.begin; c < columns.end; c++)
            to[c] += dy[c];
    }
}
