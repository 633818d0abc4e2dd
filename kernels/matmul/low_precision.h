/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef KERNELS_MATMUL_LOW_PRECISION_H
#define KERNELS_MATMUL_LOW_PRECISION_H

#include "kernels/matmul/matmul.h"

/* Weights below fp32 in the form that every variant from AVX2 up reads, so that a ladder can change its
 * variant with m and keep the pack. PANEL_N rows of the weight (columns of y) are a panel, the last one
 * filled up with zeros; panels follow each other. A panel is a sequence of lines, and a line holds `group`
 * consecutive k for each of the columns: [PANEL_N][group]. group is what fits in 32 bits (2 of bf16, 4 of
 * int8), so that a line is what one dot product instruction or 16 x 64 byte tile reads, and 1 of fp16, which
 * is widened. Lines are filled up to whole tiles, or to LINE_GRAIN.
 *
 * A panel of int8 ends in [PANEL_N] float scales and, for each K_BLOCK of k, [PANEL_N] int32_t: 128 times the
 * sum of the weights, which a dot product of x + 128 has too much. */
enum { PANEL_N = 16, CHUNK_LINES = 16, LINE_GRAIN = 4 };
enum { BF16_GROUP = 2, FP16_GROUP = 1, INT8_GROUP = 4 };

/* Of k in one pass over x: a row of it takes at most 16 KB in a kernel's scratch, and int32_t sums hold. */
enum { BF16_K_BLOCK = 4096, FP16_K_BLOCK = 4096, INT8_K_BLOCK = 8192 };

static inline int64_t round_up(int64_t n, int64_t grain)
{
    return (n + grain - 1) / grain * grain;
}

static inline int64_t panel_count(const struct matmul_args *a)
{
    return round_up(a->n, PANEL_N) / PANEL_N;
}

static inline int64_t bf16_panel_bytes(int64_t k)
{
    return round_up(k, BF16_GROUP * CHUNK_LINES) * PANEL_N * 2;
}

static inline int64_t fp16_panel_bytes(int64_t k)
{
    return round_up(k, LINE_GRAIN) * PANEL_N * 2;
}

static inline int64_t int8_lines_bytes(int64_t k)
{
    return round_up(k, INT8_GROUP * CHUNK_LINES) * PANEL_N;
}

static inline int64_t int8_panel_bytes(int64_t k)
{
    return int8_lines_bytes(k) + PANEL_N * 4 * (1 + round_up(k, INT8_K_BLOCK) / INT8_K_BLOCK);
}

/* Scales of int8 below this would have no finite reciprocal. */
#define INT8_SMALLEST_MAXIMUM 0x1p-119f

#endif
