// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: 2026 The mamba-bench developers
#include <verilated.h>

#include <algorithm>
#include <cinttypes>
#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include "platforms/fpga_rtl/block.h"
#include "rtl_models.h"

#define BLOCK(name, streaming, n, lanes, mul, add, port, tile_h, tile_p)                                     \
    static const block block_##name = {#name, streaming, n, lanes, mul, add, port, tile_h, tile_p};
#include "platforms/fpga_rtl/blocks.def"
#undef BLOCK

extern "C" {
extern const block *const blocks[] = {
#define BLOCK(name, ...) &block_##name,
#include "platforms/fpga_rtl/blocks.def"
#undef BLOCK
    nullptr};
}

namespace
{

/* The words of one direction as beats, packets marked. */
struct beats {
    explicit beats(int words_) : words(words_)
    {
    }

    void append(const uint16_t *values, int64_t count)
    {
        data.insert(data.end(), values, values + count);
        data.resize((data.size() + words - 1) / words * words);
    }
    void end_packet()
    {
        packet_ends.push_back(data.size() / words - 1);
    }
    size_t count() const
    {
        return data.size() / words;
    }

    size_t words;
    std::vector<uint16_t> data;
    std::vector<size_t> packet_ends;
};

/* One direction of the memory: may a beat move in this cycle? */
class channel
{
  public:
    channel(const block_memory &memory, int beat_bytes_, uint64_t stream)
        : bytes_per_cycle(memory.bytes_per_cycle), beat_bytes(beat_bytes_),
          limit(beat_bytes_ + (memory.bytes_per_cycle < beat_bytes_ ? memory.bytes_per_cycle : 0)),
          stalled_below(memory.stall_percent / 100.0), random(memory.seed * 2 + stream)
    {
    }

    void cycle()
    {
        stalled = uniform(random) < stalled_below;
        if (!stalled)
            credit = credit + bytes_per_cycle < limit ? credit + bytes_per_cycle : limit;
    }
    bool ready() const
    {
        return !stalled && credit >= beat_bytes;
    }
    void take()
    {
        credit -= beat_bytes;
    }

  private:
    int bytes_per_cycle, beat_bytes, limit, credit = 0;
    double stalled_below;
    bool stalled = false;
    std::mt19937_64 random;
    std::uniform_real_distribution<double> uniform{0, 1};
};

int smaller(int a, int b)
{
    return a < b ? a : b;
}

template <class Visit> void each_tile(const block_call &call, Visit visit)
{
    for (int h = 0; h < call.heads; h += call.tile_heads)
        for (int p = 0; p < call.headdim; p += call.tile_headdim)
            visit(h, smaller(call.tile_heads, call.heads - h), p,
                  smaller(call.tile_headdim, call.headdim - p));
}

beats operands(const block &b, const block_call &call)
{
    beats in(b.port_bits / 16);
    in.append(call.B, b.d_state);
    in.append(call.C, b.d_state);
    in.end_packet();
    each_tile(call, [&](int h0, int heads, int p0, int headdim) {
        in.append(call.dt + h0, heads);
        in.append(call.dA + h0, heads);
        in.append(call.D + h0, heads);
        for (int h = h0; h < h0 + heads; h++)
            in.append(call.x + (int64_t)h * call.headdim + p0, headdim);
        for (int h = h0; h < h0 + heads; h++)
            in.append(call.h + ((int64_t)h * call.headdim + p0) * b.d_state, (int64_t)headdim * b.d_state);
        in.end_packet();
    });
    return in;
}

/* Where each result word belongs; null for padding. */
struct slots {
    std::vector<uint16_t *> words;
    std::vector<size_t> packet_ends;
};

slots results(const block &b, const block_call &call)
{
    slots out;
    const size_t beat = b.port_bits / 16;
    const auto append = [&](uint16_t *values, int64_t count) {
        for (int64_t i = 0; i < count; i++)
            out.words.push_back(values + i);
        out.words.resize((out.words.size() + beat - 1) / beat * beat, nullptr);
    };
    each_tile(call, [&](int h0, int heads, int p0, int headdim) {
        for (int h = h0; h < h0 + heads; h++)
            append(call.h_next + ((int64_t)h * call.headdim + p0) * b.d_state, (int64_t)headdim * b.d_state);
        for (int h = h0; h < h0 + heads; h++)
            append(call.y + (int64_t)h * call.headdim + p0, headdim);
        out.packet_ends.push_back(out.words.size() / beat - 1);
    });
    return out;
}

template <class Top>
bool simulate(const block &b, const block_memory &memory, const block_call &call, block_counts *counts,
              struct error *error)
{
    enum { RESET_CYCLES = 4, PATIENCE = 1000000 };
    const beats in = operands(b, call);
    const slots out = results(b, call);
    const size_t words = b.port_bits / 16;
    VerilatedContext context;
    context.randReset(2);
    context.randSeed(1);
    Top top{&context};
    const auto settle = [&] {
        top.clk = 0;
        top.eval();
    };
    const auto tick = [&] {
        top.clk = 1;
        top.eval();
    };

    top.start = 0;
    top.s_axis_tvalid = 0;
    top.m_axis_tready = 0;
    top.heads = call.heads;
    top.headdim = call.headdim;
    top.tile_heads = call.tile_heads;
    top.tile_headdim = call.tile_headdim;
    top.rst = 1;
    for (int i = 0; i < RESET_CYCLES; i++) {
        settle();
        tick();
    }
    top.rst = 0;
    top.start = 1;
    settle();
    tick();
    top.start = 0;

    channel reads(memory, b.port_bits / 8, 0), writes(memory, b.port_bits / 8, 1);
    size_t sent = 0, received = 0, in_packet = 0, out_packet = 0;
    bool offered = false, held = false, was_active = false, finished = false;
    uint32_t held_data[8] = {0};
    uint64_t idle = 0;
    *counts = {};
    while (!finished) {
        if (idle++ > PATIENCE + (uint64_t)memory.latency)
            return error_set(error, STATUS_FAILED,
                             "block %s hangs after %zu of %zu beats in and %zu of %zu out", b.name, sent,
                             in.count(), received, out.words.size() / words);
        reads.cycle();
        writes.cycle();
        if (!offered && sent < in.count() && counts->cycles >= (uint64_t)memory.latency && reads.ready()) {
            offered = true;
            reads.take();
            memcpy(&top.s_axis_tdata[0], &in.data[sent * words], 2 * words);
            top.s_axis_tlast = sent == in.packet_ends[in_packet];
        }
        top.s_axis_tvalid = offered;
        top.m_axis_tready = writes.ready();
        settle();

        counts->cycles++;
        was_active = was_active || top.active;
        if (top.computing)
            counts->compute++;
        else if (top.active)
            counts->stall++;
        else if (was_active)
            counts->drain++;
        else
            counts->fill++;
        counts->in_waits += top.s_axis_tready && !offered;
        counts->out_waits += top.m_axis_tvalid && !top.m_axis_tready;

        if (held && (!top.m_axis_tvalid || memcmp(held_data, &top.m_axis_tdata[0], 2 * words)))
            return error_set(error, STATUS_FAILED, "block %s changed a result that nobody had taken", b.name);
        held = top.m_axis_tvalid && !top.m_axis_tready;
        if (held)
            memcpy(held_data, &top.m_axis_tdata[0], 2 * words);

        if (top.m_axis_tvalid && top.m_axis_tready) {
            uint16_t beat[16];
            memcpy(beat, &top.m_axis_tdata[0], 2 * words);
            if ((received + 1) * words > out.words.size() ||
                top.m_axis_tlast != (received == out.packet_ends[out_packet]))
                return error_set(error, STATUS_FAILED, "block %s ends a packet at the wrong beat %zu", b.name,
                                 received);
            for (size_t i = 0; i < words; i++)
                if (out.words[received * words + i])
                    *out.words[received * words + i] = beat[i];
            out_packet += top.m_axis_tlast;
            received++;
            writes.take();
            idle = 0;
        }
        if (offered && top.s_axis_tready) {
            in_packet += top.s_axis_tlast;
            sent++;
            offered = false;
            idle = 0;
        }
        finished = top.done;
        tick();
    }
    counts->in_beats = sent;
    counts->out_beats = received;
    counts->cycles += memory.latency;
    counts->drain += memory.latency;
    if (sent != in.count() || received * words != out.words.size() || top.framing_error)
        return error_set(error, STATUS_FAILED,
                         "block %s is done after %zu of %zu beats in and %zu of %zu out", b.name, sent,
                         in.count(), received, out.words.size() / words);
    return true;
}

bool fits(const block &b, const block_memory &memory, const block_call &call, struct error *error)
{
    if (call.heads < 1 || call.headdim < 1 || call.heads > 65535 || call.headdim > 65535)
        return error_set(error, STATUS_USAGE, "block %s: %d heads of %d channels; 1 to 65535 of each fit",
                         b.name, call.heads, call.headdim);
    if (call.tile_heads < 1 || call.tile_headdim < 1 || call.tile_heads > b.max_tile_heads ||
        call.tile_headdim > b.max_tile_headdim)
        return error_set(error, STATUS_USAGE,
                         "block %s: a tile of %d x %d; its buffers hold 1 x 1 to %d heads x %d channels",
                         b.name, call.tile_heads, call.tile_headdim, b.max_tile_heads, b.max_tile_headdim);
    if (memory.bytes_per_cycle < 1 || memory.latency < 0 || memory.latency > 1000000 ||
        memory.stall_percent < 0 || memory.stall_percent > 95)
        return error_set(error, STATUS_USAGE,
                         "memory of %d bytes a cycle, %d cycles latency, %d %% stalls: must be at least 1, 0 "
                         "to 1000000, 0 to 95",
                         memory.bytes_per_cycle, memory.latency, memory.stall_percent);
    return true;
}

} // namespace

bool block_simulate(const struct block *block, const struct block_memory *memory,
                    const struct block_call *call, struct block_counts *counts, struct error *error)
{
    if (!fits(*block, *memory, *call, error))
        return false;
#define BLOCK(name, ...)                                                                                     \
    if (block == &block_##name)                                                                              \
        return simulate<Vssm_##name>(*block, *memory, *call, counts, error);
#include "platforms/fpga_rtl/blocks.def"
#undef BLOCK
    return error_set(error, STATUS_USAGE, "block %s is not built in", block->name);
}

bool block_arithmetic(const uint16_t *a, const uint16_t *b, uint16_t *product, uint16_t *sum, int64_t n)
{
    enum { LANES = 32, MUL = 6, ADD = 11 };
    const auto bytes_from = [n](int64_t at) {
        return 2 * static_cast<size_t>(std::min<int64_t>(n - at, LANES));
    };
    VerilatedContext context;
    Vfp16_lanes top{&context};
    for (int64_t i = 0; i < n + LANES * ADD; i += LANES) {
        top.clk = 0;
        if (i < n) {
            memcpy(&top.a[0], a + i, bytes_from(i));
            memcpy(&top.b[0], b + i, bytes_from(i));
        }
        top.eval();
        if (i >= LANES * MUL && i - LANES * MUL < n)
            memcpy(product + i - LANES * MUL, &top.product[0], bytes_from(i - LANES * MUL));
        if (i >= LANES * ADD)
            memcpy(sum + i - LANES * ADD, &top.sum[0], bytes_from(i - LANES * ADD));
        top.clk = 1;
        top.eval();
    }
    return true;
}
