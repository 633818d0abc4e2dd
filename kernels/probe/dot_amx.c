/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <immintrin.h>

#include "kernels/probe/probe.h"

enum { ROWS = 16, ROW_BYTES = 64, SUMS = 4 };

static void open_tiles(int pattern)
{
    struct {
        uint8_t palette, start_row, reserved[14];
        uint16_t row_bytes[16];
        uint8_t rows[16];
    } configuration = {.palette = 1};
    uint16_t ones[ROWS * ROW_BYTES / 2];
    for (int i = 0; i < 8; i++) {
        configuration.row_bytes[i] = ROW_BYTES;
        configuration.rows[i] = ROWS;
    }
    for (int i = 0; i < COUNT_OF(ones); i++)
        ones[i] = (uint16_t)pattern;
    _tile_loadconfig(&configuration);
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    _tile_loadd(4, ones, ROW_BYTES);
    _tile_loadd(5, ones, ROW_BYTES);
}

/* Four sums hide the latency of one. */
#define DOT_ROUNDS(instruction, pattern, type)                                                               \
    type sums[SUMS][ROWS * ROW_BYTES / sizeof(type)];                                                        \
    int64_t total = 0;                                                                                       \
    open_tiles(pattern);                                                                                     \
    for (int64_t r = 0; r < rounds; r++) {                                                                   \
        instruction(0, 4, 5);                                                                                \
        instruction(1, 4, 5);                                                                                \
        instruction(2, 4, 5);                                                                                \
        instruction(3, 4, 5);                                                                                \
    }                                                                                                        \
    _tile_stored(0, sums[0], ROW_BYTES);                                                                     \
    _tile_stored(1, sums[1], ROW_BYTES);                                                                     \
    _tile_stored(2, sums[2], ROW_BYTES);                                                                     \
    _tile_stored(3, sums[3], ROW_BYTES);                                                                     \
    _tile_release();                                                                                         \
    for (int s = 0; s < SUMS; s++)                                                                           \
        for (int i = 0; i < COUNT_OF(sums[s]); i++)                                                          \
            total += (int64_t)sums[s][i];                                                                    \
    return total;

static int64_t dot_bf16(int64_t rounds)
{
    DOT_ROUNDS(_tile_dpbf16ps, 0x3f80, float)
}

static int64_t dot_int8(int64_t rounds)
{
    DOT_ROUNDS(_tile_dpbssd, 0x0101, int32_t)
}

/* A tile of sums takes 16 x 16 x (64 bytes of operands). */
const struct dot_probe probe_bf16_amx = {.name = "probe/bf16_amx",
                                         .isa = ISA_AMX,
                                         .precision = PRECISION_BF16,
                                         .products_per_round = SUMS * ROWS * ROWS * ROW_BYTES / 2,
                                         .dot = dot_bf16};
const struct dot_probe probe_int8_amx = {.name = "probe/int8_amx",
                                         .isa = ISA_AMX,
                                         .precision = PRECISION_INT8,
                                         .products_per_round = SUMS * ROWS * ROWS * ROW_BYTES,
                                         .dot = dot_int8};
