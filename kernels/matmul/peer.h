/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef KERNELS_MATMUL_PEER_H
#define KERNELS_MATMUL_PEER_H

#include "kernels/matmul/matmul.h"

/* Other libraries as kernels, to compare with. The team brings the threads: each part is a call of its own
 * with one library thread. A library chooses its code when it is first used, once a process: then it is held
 * to the instruction sets of isa_mask(), and what the environment says of it is overruled. */

/* What a part computes: a share of the longer side of y. Columns in multiples of grain. */
static inline struct tile peer_tile(const struct matmul_args *a, struct part part, int64_t grain)
{
    if (a->m > a->n)
        return (struct tile){part_range(part, a->m, 1), {0, a->n}};
    return (struct tile){{0, a->m}, part_range(part, a->n, grain)};
}

static inline bool peer_tile_empty(struct tile tile)
{
    return tile.rows.begin == tile.rows.end || tile.columns.begin == tile.columns.end;
}

/* For libraries that add to what y holds. */
static inline void peer_preset_bias(const struct matmul_args *a, struct tile tile)
{
    for (int64_t i = tile.rows.begin; i < tile.rows.end; i++)
        for (int64_t j = tile.columns.begin; j < tile.columns.end; j++)
            a->y[i * a->y_stride + j] = a->bias[j];
}

static inline bool peer_has(enum isa isa)
{
    return isa_mask() >> isa & 1;
}

#endif
