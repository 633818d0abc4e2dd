/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef PLATFORMS_LEO2_BOARD_MANNIX_H
#define PLATFORMS_LEO2_BOARD_MANNIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "platforms/leo2/board/farm.h"

/* The accelerator behind the board's bus, bit for bit: 512 KB of memory, registers, the fully connected unit,
 * and an APB whose every transaction is counted. LEO2's own RTL is not public; this is its public ancestor
 * MANNIX. */

/* What the unit computes from input x (n bytes), weights w (d x n), bias b and accumulators of 32 bits.
 * DOCUMENTED: what the port of Mamba to LEO2 says of it. x, w, b and y are int8 of scale 127:
 *   y = clamp((sum(w x) + 127 b) / 127, -127, 127), rounded toward zero.
 * RTL: what the public RTL does. x is uint8, w int8, b little-endian int32, y uint8:
 *   y = min(65535, max(0, sum(w x) + b)) >> 8. */
enum mannix_arithmetic { MANNIX_DOCUMENTED, MANNIX_RTL, MANNIX_ARITHMETICS };
const char *mannix_arithmetic_name(enum mannix_arithmetic arithmetic); /* "documented", "mannix-rtl" */
bool mannix_arithmetic_parse(const char *name, enum mannix_arithmetic *arithmetic);
/* Bytes of one row's bias, as the unit reads it: 1 or 4. */
int mannix_bias_bytes(enum mannix_arithmetic arithmetic);

/* What the arithmetic did to values, each counted once for each output or input byte. */
struct mannix_losses {
    uint64_t saturated;       /* outputs above, or in DOCUMENTED beyond, the range of a byte */
    uint64_t cut;             /* RTL: negative outputs that became 0 */
    uint64_t unsigned_inputs; /* RTL: input bytes of 128 and more: an int8 below 0 is read so */
};

/* One call on plain memory. bias: rows * mannix_bias_bytes. Adds to losses. */
void mannix_compute(enum mannix_arithmetic arithmetic, const uint8_t *input, const uint8_t *weight,
                    const uint8_t *bias, uint8_t *out, int64_t rows, int64_t columns,
                    struct mannix_losses *losses);

/* Cycles of the core for one blocking access, by the bus that it takes. */
struct mannix_timing {
    int apb_write_cycles, apb_read_cycles;
    struct farm_build farm;
};
/* Measured on the public RTL; the numbers of configs/devices/leo2-model-mannix.yaml. */
extern const struct mannix_timing mannix_timing_default;

/* Byte addresses of the system's map. */
enum {
    MANNIX_REGISTERS = 0x1A400000, /* 32 of 32 bits */
    MANNIX_MEMORY = 0x1A480000,    /* FARM_BYTES */
    MANNIX_N_REGISTERS = 32
};
/* Register numbers. Addresses that the unit gets are offsets into the memory. */
enum mannix_register {
    FC_REGISTER_ADDRX = 18, /* input */
    FC_REGISTER_ADDRY,      /* weights */
    FC_REGISTER_ADDRB,      /* bias */
    FC_REGISTER_ADDRZ,      /* output */
    FC_REGISTER_XM,         /* rows of the input: n */
    FC_REGISTER_XN,
    FC_REGISTER_YM, /* rows of the weights: d */
    FC_REGISTER_YN, /* their columns: n */
    FC_REGISTER_START,
    FC_REGISTER_DONE
};

struct mannix_counts {
    uint64_t apb_writes, apb_reads, apb_cycles;
    uint64_t fc_calls, fc_cycles, fc_macs;
    uint64_t outside_map;    /* accesses that no part of the map answers */
    uint64_t refused_starts; /* with sizes that cannot be */
    struct mannix_losses losses;
};

struct mannix {
    uint8_t memory[FARM_BYTES];
    uint32_t registers[MANNIX_N_REGISTERS];
    enum mannix_arithmetic arithmetic;
    struct mannix_timing timing;
    struct mannix_counts counts;
};

/* All zero, as after reset. */
void mannix_reset(struct mannix *mannix, enum mannix_arithmetic arithmetic);

/* One transaction of the APB: 32 bits at a multiple of 4, all four bytes at once. Other addresses are refused
 * (read as 0). Writing 1 to START runs the unit; DONE then reads 1 until the next start. */
void mannix_write(struct mannix *mannix, uint32_t address, uint32_t value);
uint32_t mannix_read(struct mannix *mannix, uint32_t address);

/* The APB has no byte strobes: a byte is written by reading its word and writing it back. */
void mannix_write_byte(struct mannix *mannix, uint32_t address, uint8_t value);
uint8_t mannix_read_byte(struct mannix *mannix, uint32_t address);

/* The driver's eight writes and one poll for a call. False when the unit refused it. */
bool mannix_run(struct mannix *mannix, const struct farm_call *call);

#endif
