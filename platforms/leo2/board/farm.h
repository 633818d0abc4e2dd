/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef PLATFORMS_LEO2_BOARD_FARM_H
#define PLATFORMS_LEO2_BOARD_FARM_H

#include <stdbool.h>
#include <stdint.h>

/* Timing of MANNIX's fully connected unit on its memory, cycle by cycle: the one source of FC cycles, for the
 * functional device, the board's library and the cycle model.
 *
 * 512 KB of lines of 32 bytes in 8 regions of 64 KB, each an even and an odd bank (address bits 18:16 and 5).
 * A bank serves one port a cycle; which one, an arbiter decides whose first port moves on with every cycle.
 * The unit fetches 32 bytes of the input and of a row of weights, and with the first of them the row's bias,
 * then takes a cycle for the dot product, in which the next fetches are already asked for. A row ends with
 * the write of its byte. A port keeps what is left of the line it read last and asks for nothing that it has.
 * Without conflicts: rows * (2 * ceil(columns / 32) + 3).
 * Source: simulation of the public RTL, eliyahudev/mannix 87946dc (rtl/fcc.sv, mem_req_ctrl.sv,
 * mem_arbiter.sv). */

enum {
    FARM_LINE_BYTES = 32,
    FARM_REGION_BYTES = 1 << 16,
    FARM_BYTES = 1 << 19,
    FARM_LANES = 32, /* multipliers, and bytes of one fetch */
    FARM_BIAS_BYTES = 4
};

/* One fully connected call: out[r] = activation(weight[r] . input + bias[r]). Byte addresses in the memory;
 * they wrap at FARM_BYTES as 19 address lines do. */
struct farm_call {
    uint32_t input, weight, bias, out;
    int64_t rows, columns;
};

/* size_bits: width of the unit's fetch size, in the RTL the binary logarithm of the inputs that it is built
 * for (7 by default). Below 6 it cannot hold a whole line and fetches become 0 bytes long: its timing is
 * still that of such a build, its results are not modelled. phase: the arbiter's first port at go, 0 to 15.
 */
struct farm_build {
    unsigned size_bits, phase;
};

/* From go to done; rows and columns of at least 1. When no two operands want the same bank:
 * rows * (2 * ceil(columns / FARM_LANES) + 3). */
int64_t farm_cycles(const struct farm_call *call, const struct farm_build *build);

/* FARM_REGIONS: input, weights and bias in regions of their own, so that no bank is shared, as far as there
 * is room. FARM_PACKED: one behind the other, rounded up to words, as the board's allocator does (input,
 * weights, output, bias). The other two are how conflicts were measured. FARM_BACK_TO_BACK: input, weights
 * and bias without gaps, the output in a region of its own. FARM_BIAS_WITH_INPUT: the bias behind the input,
 * weights and output in regions of their own. */
enum farm_placement { FARM_REGIONS, FARM_PACKED, FARM_BACK_TO_BACK, FARM_BIAS_WITH_INPUT, FARM_PLACEMENTS };

/* Addresses for a call of that size; false when it does not fit into the memory in either way. bias_bytes: of
 * one row, 1 or 4. */
bool farm_place(enum farm_placement placement, int64_t rows, int64_t columns, int bias_bytes,
                struct farm_call *call);

#endif
