/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "platforms/ping_pong.h"

#include <math.h>

struct port {
    double interval; /* between beats, stalls included */
    double stall;    /* expected delay of a beat by them */
    double next;     /* earliest time of the next beat */
};

/* The time after the last of `beats` that may go from `start` on. */
static double send(struct port *port, double start, double beats)
{
    if (beats <= 0)
        return start;
    const double first = fmax(start + port->stall, port->next);
    port->next = first + beats * port->interval;
    return port->next - port->interval + 1;
}

double ping_pong_cycles(const struct ping_pong *block, const struct ping_pong_tile *tiles, int64_t n_tiles,
                        struct port_use *use)
{
    const double moving = 1 - block->stall_share;
    const double interval = fmax(1, block->beat_bytes / block->bytes_per_cycle) / moving;
    struct port in = {interval, 1 / moving - 1, 0}, out = in;
    double operands[2] = {0}, stored[2] = {0}; /* when each bank became free */
    double loaded = send(&in, block->latency, block->head_beats), free_at = 0, sent = 0;
    double in_beats = block->head_beats, out_beats = 0;
    *use = (struct port_use){.compute_cycles = block->tail, .in_wait_cycles = -1, .out_wait_cycles = -1};
    for (int64_t i = 0; i < n_tiles; i++) {
        const struct ping_pong_tile *tile = &tiles[i];
        const int bank = i % 2;
        loaded = send(&in, fmax(loaded, operands[bank]) + block->gap, tile->load_beats);
        const double taken = fmax(free_at, fmax(loaded, stored[bank]));
        if (i == 0)
            use->fill_cycles = taken + block->lead;
        else
            use->stall_cycles += taken - free_at;
        free_at = taken + tile->occupied;
        use->compute_cycles += tile->occupied;
        operands[bank] = taken + tile->operands_at;
        for (int s = 0; s < tile->n_stores; s++) {
            sent = send(&out, fmax(sent, taken + tile->stores[s].at) + block->gap, tile->stores[s].beats);
            out_beats += tile->stores[s].beats;
        }
        stored[bank] = sent;
        in_beats += tile->load_beats;
    }
    const double cycles = sent + block->store_latency + block->latency;
    use->drain_cycles = fmax(0, cycles - use->fill_cycles - use->compute_cycles - use->stall_cycles);
    /* A beat waits a geometrically distributed time. */
    use->deviation_cycles = sqrt(block->stall_share * in_beats) / moving;
    use->in_bytes = in_beats * block->beat_bytes;
    use->out_bytes = out_beats * block->beat_bytes;
    return use->fill_cycles + use->compute_cycles + use->stall_cycles + use->drain_cycles;
}
