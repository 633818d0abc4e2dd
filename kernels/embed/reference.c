/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/embed/embed.h"

#include <string.h>

void KERNEL_REFERENCE(embed)(const void *args, struct part part)
{
    const struct embed_args *a = args;
    struct tile tile = part_tile(part, a->rows, a->channels, 1);
    size_t bytes = (size_t)(tile.columns.end - tile.columns.begin) * sizeof(real);
    if (bytes == 0)
        return;
    for (int64_t row = tile.rows.begin; row < tile.rows.end; row++)
        memcpy(a->y + row * a->y_stride + tile.columns.begin,
               a->weight + a->ids[row] * a->channels + tile.columns.begin, bytes);
}
