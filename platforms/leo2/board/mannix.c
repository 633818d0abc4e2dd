/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "platforms/leo2/board/mannix.h"

#include <string.h>

static const char *const arithmetic_names[MANNIX_ARITHMETICS] = {"documented", "mannix-rtl"};

const char *mannix_arithmetic_name(enum mannix_arithmetic arithmetic)
{
    return arithmetic_names[arithmetic];
}

bool mannix_arithmetic_parse(const char *name, enum mannix_arithmetic *arithmetic)
{
    for (int i = 0; i < MANNIX_ARITHMETICS; i++)
        if (!strcmp(name, arithmetic_names[i])) {
            *arithmetic = (enum mannix_arithmetic)i;
            return true;
        }
    return false;
}

int mannix_bias_bytes(enum mannix_arithmetic arithmetic)
{
    return arithmetic == MANNIX_RTL ? FARM_BIAS_BYTES : 1;
}

/* Sums are kept as the 32 bits that the accumulator has. */
static int32_t as_signed(uint32_t bits)
{
    int32_t value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

enum { SCALE = 127, LARGEST = 127, DESCALE_BITS = 8, LARGEST_SUM = 65535 };

static uint8_t documented_row(const uint8_t *input, const uint8_t *weight, int8_t bias, int64_t columns,
                              struct mannix_losses *losses)
{
    uint32_t sum = (uint32_t)(SCALE * bias);
    for (int64_t c = 0; c < columns; c++)
        sum += (uint32_t)((int8_t)input[c] * (int8_t)weight[c]);
    const int32_t scaled = as_signed(sum) / SCALE;
    const int32_t clamped = scaled > LARGEST ? LARGEST : scaled < -LARGEST ? -LARGEST : scaled;
    losses->saturated += clamped != scaled;
    return (uint8_t)clamped;
}

static uint8_t rtl_row(const uint8_t *input, const uint8_t *weight, const uint8_t *bias, int64_t columns,
                       struct mannix_losses *losses)
{
    uint32_t sum = bias[0] | (uint32_t)bias[1] << 8 | (uint32_t)bias[2] << 16 | (uint32_t)bias[3] << 24;
    for (int64_t c = 0; c < columns; c++)
        sum += (uint32_t)(input[c] * (int8_t)weight[c]);
    const int32_t value = as_signed(sum);
    losses->cut += value < 0;
    losses->saturated += value > LARGEST_SUM;
    return (uint8_t)((value < 0 ? 0 : value > LARGEST_SUM ? LARGEST_SUM : value) >> DESCALE_BITS);
}

void mannix_compute(enum mannix_arithmetic arithmetic, const uint8_t *input, const uint8_t *weight,
                    const uint8_t *bias, uint8_t *out, int64_t rows, int64_t columns,
                    struct mannix_losses *losses)
{
    for (int64_t r = 0; r < rows; r++)
        out[r] = arithmetic == MANNIX_RTL
                     ? rtl_row(input, weight + r * columns, bias + r * FARM_BIAS_BYTES, columns, losses)
                     : documented_row(input, weight + r * columns, (int8_t)bias[r], columns, losses);
    for (int64_t c = 0; c < columns && arithmetic == MANNIX_RTL; c++)
        losses->unsigned_inputs += input[c] >> 7;
}

const struct mannix_timing mannix_timing_default = {
    .apb_write_cycles = MANNIX_APB_WRITE_CYCLES,
    .apb_read_cycles = MANNIX_APB_READ_CYCLES,
    .farm = {.size_bits = 7, .phase = 0},
};

void mannix_reset(struct mannix *mannix, enum mannix_arithmetic arithmetic)
{
    memset(mannix, 0, sizeof *mannix);
    mannix->arithmetic = arithmetic;
    mannix->timing = mannix_timing_default;
}

enum { ADDRESS_MASK = FARM_BYTES - 1 };

/* Operands may wrap around the end of the memory: those are gathered. */
static const uint8_t *in_one_piece(const uint8_t *memory, int64_t address, int64_t bytes, uint8_t *copy)
{
    address &= ADDRESS_MASK;
    if (address + bytes <= FARM_BYTES)
        return memory + address;
    for (int64_t i = 0; i < bytes; i++)
        copy[i] = memory[(address + i) & ADDRESS_MASK];
    return copy;
}

/* Row by row, as the unit does: what it has written may be what it reads next. */
static void run_unit(struct mannix *mannix, const struct farm_call *call)
{
    static _Thread_local uint8_t inputs[FARM_BYTES], weights[FARM_BYTES];
    uint8_t biases[FARM_BIAS_BYTES];
    const int bias_bytes = mannix_bias_bytes(mannix->arithmetic);
    struct mannix_losses *losses = &mannix->counts.losses;
    uint64_t unsigned_inputs = losses->unsigned_inputs;
    for (int64_t r = 0; r < call->rows; r++) {
        losses->unsigned_inputs = unsigned_inputs;
        const uint8_t *input = in_one_piece(mannix->memory, call->input, call->columns, inputs);
        const uint8_t *weight =
            in_one_piece(mannix->memory, call->weight + r * call->columns, call->columns, weights);
        const uint8_t *bias = in_one_piece(mannix->memory, call->bias + r * bias_bytes, bias_bytes, biases);
        mannix_compute(mannix->arithmetic, input, weight, bias,
                       &mannix->memory[(call->out + r) & ADDRESS_MASK], 1, call->columns, losses);
    }
}

static void start(struct mannix *mannix)
{
    const uint32_t *registers = mannix->registers;
    const struct farm_call call = {.input = registers[FC_REGISTER_ADDRX] & ADDRESS_MASK,
                                   .weight = registers[FC_REGISTER_ADDRY] & ADDRESS_MASK,
                                   .bias = registers[FC_REGISTER_ADDRB] & ADDRESS_MASK,
                                   .out = registers[FC_REGISTER_ADDRZ] & ADDRESS_MASK,
                                   .rows = registers[FC_REGISTER_YM],
                                   .columns = registers[FC_REGISTER_YN]};
    mannix->registers[FC_REGISTER_DONE] = 0;
    if (call.rows < 1 || call.columns < 1 || call.rows > FARM_BYTES || call.columns > FARM_BYTES ||
        call.rows * call.columns > INT32_MAX || registers[FC_REGISTER_XM] != registers[FC_REGISTER_YN]) {
        mannix->counts.refused_starts++;
        return;
    }
    run_unit(mannix, &call);
    mannix->counts.fc_calls++;
    mannix->counts.fc_cycles += (uint64_t)farm_cycles(&call, &mannix->timing.farm);
    mannix->counts.fc_macs += (uint64_t)(call.rows * call.columns);
    mannix->registers[FC_REGISTER_DONE] = 1;
}

/* The word at an address of the map, or null. */
static uint8_t *memory_word(struct mannix *mannix, uint32_t address)
{
    const uint32_t offset = address - MANNIX_MEMORY;
    return address % 4 == 0 && offset < FARM_BYTES ? mannix->memory + offset : NULL;
}

static uint32_t *register_word(struct mannix *mannix, uint32_t address)
{
    const uint32_t offset = address - MANNIX_REGISTERS;
    return address % 4 == 0 && offset < 4 * MANNIX_N_REGISTERS ? &mannix->registers[offset / 4] : NULL;
}

void mannix_write(struct mannix *mannix, uint32_t address, uint32_t value)
{
    uint8_t *word = memory_word(mannix, address);
    uint32_t *control = register_word(mannix, address);
    mannix->counts.apb_writes++;
    mannix->counts.apb_cycles += (uint64_t)mannix->timing.apb_write_cycles;
    if (word)
        for (int b = 0; b < 4; b++)
            word[b] = (uint8_t)(value >> 8 * b);
    else if (control)
        *control = value;
    else
        mannix->counts.outside_map++;
    if (control == &mannix->registers[FC_REGISTER_START] && value)
        start(mannix);
}

uint32_t mannix_read(struct mannix *mannix, uint32_t address)
{
    const uint8_t *word = memory_word(mannix, address);
    const uint32_t *control = register_word(mannix, address);
    mannix->counts.apb_reads++;
    mannix->counts.apb_cycles += (uint64_t)mannix->timing.apb_read_cycles;
    if (word)
        return word[0] | (uint32_t)word[1] << 8 | (uint32_t)word[2] << 16 | (uint32_t)word[3] << 24;
    mannix->counts.outside_map += !control;
    return control ? *control : 0;
}

void mannix_write_byte(struct mannix *mannix, uint32_t address, uint8_t value)
{
    const uint32_t shift = 8 * (address % 4);
    const uint32_t word = mannix_read(mannix, address - address % 4);
    mannix_write(mannix, address - address % 4,
                 (word & ~(UINT32_C(255) << shift)) | (uint32_t)value << shift);
}

uint8_t mannix_read_byte(struct mannix *mannix, uint32_t address)
{
    return (uint8_t)(mannix_read(mannix, address - address % 4) >> 8 * (address % 4));
}

bool mannix_run(struct mannix *mannix, const struct farm_call *call)
{
    const struct {
        enum mannix_register number;
        uint32_t value;
    } writes[] = {{FC_REGISTER_ADDRX, call->input},          {FC_REGISTER_ADDRY, call->weight},
                  {FC_REGISTER_ADDRB, call->bias},           {FC_REGISTER_ADDRZ, call->out},
                  {FC_REGISTER_XM, (uint32_t)call->columns}, {FC_REGISTER_YM, (uint32_t)call->rows},
                  {FC_REGISTER_YN, (uint32_t)call->columns}, {FC_REGISTER_START, 1}};
    for (size_t i = 0; i < sizeof writes / sizeof *writes; i++)
        mannix_write(mannix, MANNIX_REGISTERS + 4 * (uint32_t)writes[i].number, writes[i].value);
    return mannix_read(mannix, MANNIX_REGISTERS + 4 * FC_REGISTER_DONE) == 1;
}
