/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "platforms/leo2/board/farm.h"

#include <string.h>

enum { INPUT, WEIGHT, BIAS, PORTS };
enum { ARBITER_PORTS = 16, ADDRESS_MASK = FARM_BYTES - 1 };

/* How far a port's request is: FIRST and SECOND are the lines that it was granted. */
enum { GRANTED_FIRST = 1, GRANTED_SECOND = 2, GRANTED_BOTH = 3 };

struct port {
    enum { IDLE, ONE_LINE, TWO_LINES } state;
    unsigned granted;
    bool had_first, had_stored; /* in the cycle before */
    uint32_t kept;              /* address of what is left of the line read last */
    uint32_t kept_bytes;
    /* of this cycle */
    bool valid, request, stored, half_stored;
    uint32_t address, size;
    int next;
};

static bool spans_two_lines(const struct port *port)
{
    return port->address % FARM_LINE_BYTES + port->size > FARM_LINE_BYTES;
}

static unsigned bank_of(uint32_t address)
{
    return (address >> 15 & 14) | (address >> 5 & 1);
}

static bool is_valid(const struct port *port)
{
    if (port->state == ONE_LINE)
        return port->granted == GRANTED_FIRST || port->had_stored;
    return port->state == TWO_LINES && port->granted == GRANTED_BOTH;
}

static void look_up(struct port *port)
{
    const bool from_kept = port->request && port->address >= port->kept;
    const uint32_t end = port->kept + port->kept_bytes;
    const uint32_t line_end = port->address + FARM_LINE_BYTES - port->address % FARM_LINE_BYTES;
    const bool two = port->request && spans_two_lines(port);
    port->half_stored = from_kept && two && end >= line_end;
    port->stored = (from_kept && end >= port->address + port->size) || port->half_stored;
    port->next = IDLE;
    if (port->state == IDLE && port->request)
        port->next = two ? TWO_LINES : ONE_LINE;
    else if (port->state == ONE_LINE && !port->had_first)
        port->next = ONE_LINE;
    else if (port->state == TWO_LINES && port->granted != GRANTED_BOTH)
        port->next = TWO_LINES;
}

static bool wants(const struct port *port, unsigned bank)
{
    if (port->next == IDLE || !port->request || (port->stored && !port->half_stored))
        return false;
    const unsigned first = bank_of(port->address);
    return bank == first || (port->next == TWO_LINES && bank == (first ^ 1));
}

/* Which port a bank serves; PORTS: none. The other ports of the arbiter are never asked for. */
static int grant(const struct port *ports, unsigned bank, unsigned first_port)
{
    const int first = first_port < PORTS ? (int)first_port : INPUT;
    for (int i = 0; i < PORTS; i++) {
        const int port = (first + i) % PORTS;
        if (wants(&ports[port], bank))
            return port;
    }
    return PORTS;
}

static void keep_rest(struct port *port)
{
    const uint32_t end = port->address + port->size;
    const uint32_t lines = spans_two_lines(port) ? 2 : 1;
    if (!port->stored || port->half_stored)
        port->kept_bytes = lines * FARM_LINE_BYTES - port->address % FARM_LINE_BYTES - port->size;
    else
        port->kept_bytes -= port->size;
    port->kept = end;
}

static void clock_port(struct port *port, bool first, bool second)
{
    const unsigned now = (first ? GRANTED_FIRST : 0u) + (second ? GRANTED_SECOND : 0u);
    const bool ended =
        port->granted == GRANTED_BOTH || (port->state == ONE_LINE && port->granted == GRANTED_FIRST);
    if (port->state == IDLE && port->request)
        keep_rest(port);
    /* A first line granted twice is lost: two bits count the grants. */
    port->granted = ended ? now : (port->granted + now) & GRANTED_BOTH;
    port->had_first = first;
    port->had_stored = port->stored;
    port->state = (int)port->next;
}

/* One cycle of all ports, whose requests are set. */
static void clock_ports(struct port *ports, unsigned first_port)
{
    bool granted[PORTS][2] = {{false}};
    for (int p = 0; p < PORTS; p++)
        look_up(&ports[p]);
    for (int p = 0; p < PORTS; p++) {
        if (!ports[p].request)
            continue;
        const unsigned bank = bank_of(ports[p].address);
        granted[p][0] = grant(ports, bank, first_port) == p || ports[p].stored;
        granted[p][1] = spans_two_lines(&ports[p]) && grant(ports, bank ^ 1, first_port) == p;
    }
    for (int p = 0; p < PORTS; p++)
        clock_port(&ports[p], granted[p][0], granted[p][1]);
}

int64_t farm_cycles(const struct farm_call *call, const struct farm_build *build)
{
    const uint32_t mask = (UINT32_C(1) << build->size_bits) - 1;
    const int64_t chunks = (call->columns + FARM_LANES - 1) / FARM_LANES;
    const uint32_t rest = (uint32_t)(call->columns - (chunks - 1) * FARM_LANES) & mask;
    const uint32_t whole = FARM_LANES & mask;
    struct port ports[PORTS] = {{.state = IDLE}};
    uint32_t next[PORTS] = {call->input, call->weight, call->bias};
    int64_t cycles = 0;
    for (int64_t row = 0; row < call->rows; row++) {
        bool have[PORTS] = {false};
        next[INPUT] = call->input;
        for (int64_t chunk = 0; chunk < chunks;) {
            bool all = true;
            for (int p = 0; p < PORTS; p++) {
                struct port *port = &ports[p];
                port->valid = is_valid(port);
                port->request = !have[p] && !port->valid;
                port->address = next[p] & ADDRESS_MASK;
                port->size = p == BIAS ? FARM_BIAS_BYTES : chunk + 1 < chunks ? whole : rest;
                all = all && (have[p] || port->valid);
            }
            for (int p = 0; p < PORTS; p++)
                if (!have[p] && ports[p].valid) {
                    have[p] = true;
                    next[p] += ports[p].size;
                }
            clock_ports(ports, (unsigned)((build->phase + cycles) % ARBITER_PORTS));
            cycles++;
            if (!all)
                continue;
            /* The dot product, and the requests of the next chunk. */
            chunk++;
            have[INPUT] = have[WEIGHT] = false;
            for (int p = 0; p < PORTS; p++) {
                ports[p].request = p != BIAS && chunk < chunks;
                ports[p].address = next[p] & ADDRESS_MASK;
                ports[p].size = chunk + 1 < chunks ? whole : rest;
            }
            clock_ports(ports, (unsigned)((build->phase + cycles) % ARBITER_PORTS));
            cycles++;
        }
        cycles += 2; /* the write of the row's byte: asked for, acknowledged */
    }
    return cycles;
}

static int64_t round_up(int64_t bytes, int64_t to)
{
    return (bytes + to - 1) / to * to;
}

struct extents {
    int64_t input, weight, out, bias;
};

static bool set_places(int64_t weight, int64_t bias, int64_t out, const struct extents *sizes,
                       struct farm_call *call)
{
    call->input = 0;
    call->weight = (uint32_t)weight;
    call->bias = (uint32_t)bias;
    call->out = (uint32_t)out;
    return weight + sizes->weight <= FARM_BYTES && bias + sizes->bias <= FARM_BYTES &&
           out + sizes->out <= FARM_BYTES;
}

static bool place_packed(const struct extents *sizes, struct farm_call *call)
{
    const int64_t out = sizes->input + sizes->weight;
    return set_places(sizes->input, out + sizes->out, out, sizes, call);
}

static bool place_in_regions(const struct extents *sizes, struct farm_call *call)
{
    const int64_t weight = round_up(sizes->input, FARM_REGION_BYTES);
    const int64_t out = round_up(weight + sizes->weight, FARM_REGION_BYTES);
    return set_places(weight, out + sizes->out, out, sizes, call);
}

static bool place_back_to_back(const struct extents *sizes, struct farm_call *call)
{
    const int64_t bias = call->columns + call->rows * call->columns;
    return set_places(call->columns, bias, round_up(bias + sizes->bias, FARM_REGION_BYTES), sizes, call);
}

static bool place_bias_with_input(const struct extents *sizes, struct farm_call *call)
{
    const int64_t weight = round_up(sizes->input + sizes->bias, FARM_REGION_BYTES);
    return set_places(weight, sizes->input, round_up(weight + sizes->weight, FARM_REGION_BYTES), sizes, call);
}

bool farm_place(enum farm_placement placement, int64_t rows, int64_t columns, int bias_bytes,
                struct farm_call *call)
{
    enum { WORD = 4 };
    if (rows < 1 || columns < 1 || rows > FARM_BYTES || columns > FARM_BYTES)
        return false;
    const struct extents sizes = {.input = round_up(columns, WORD),
                                  .weight = round_up(rows * columns, WORD),
                                  .out = round_up(rows, WORD),
                                  .bias = round_up(rows * bias_bytes, WORD)};
    *call = (struct farm_call){.rows = rows, .columns = columns};
    switch (placement) {
    case FARM_BACK_TO_BACK:
        return place_back_to_back(&sizes, call);
    case FARM_BIAS_WITH_INPUT:
        return place_bias_with_input(&sizes, call);
    case FARM_REGIONS:
        return place_in_regions(&sizes, call) || place_packed(&sizes, call);
    default:
        return place_packed(&sizes, call);
    }
}
