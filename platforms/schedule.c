/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "platforms/schedule.h"

#include <math.h>
#include <string.h>

enum { MAX_RESOURCES = 64, RING = 4096, SIMULATED_LAYERS = 3, SIMULATED_TILES = 24 };

/* Slices on chip, oldest first. */
struct slices {
    double bytes[RING], released[RING];
    int64_t first, count;
    double total;
};

struct simulation {
    const struct schedule *schedule;
    int64_t tiles[2];
    double resource_free[MAX_RESOURCES], memory_free;
    struct slices slices;
    double ends[2 * SIMULATED_TILES][SCHEDULE_MAX_STEPS]; /* of the layer's steps so far */
    int64_t next[SCHEDULE_MAX_STEPS];                     /* tile of each step */
    double layer_start, layer_end, off_chip_bytes;
};

static double larger(double a, double b)
{
    return a > b ? a : b;
}

static const struct schedule_step *step_of(const struct simulation *s, int64_t tile, int step)
{
    return &s->schedule->steps[tile < s->tiles[0] ? 0 : 1][step];
}

/* When the memory has brought so many bytes that nothing before `earliest` could ask for. */
static double move(struct simulation *s, double bytes, double earliest)
{
    if (s->schedule->bytes_per_cycle <= 0 || bytes <= 0)
        return earliest;
    s->memory_free = larger(s->memory_free, earliest) + bytes / s->schedule->bytes_per_cycle;
    return s->memory_free;
}

/* Makes room for a slice; the time from which it is there. */
static double make_room(struct slices *slices, double bytes, double room)
{
    double since = 0;
    while (slices->count > 0 && slices->total + bytes > room) {
        since = larger(since, slices->released[slices->first]);
        slices->total -= slices->bytes[slices->first];
        slices->first = (slices->first + 1) % RING;
        slices->count--;
    }
    return since;
}

/* Of more slices than the ring has places for the last ones leave together. */
static void hold(struct slices *slices, double bytes, double until)
{
    if (slices->count == RING) {
        const int64_t last = (slices->first + RING - 1) % RING;
        slices->bytes[last] += bytes;
        slices->released[last] = until;
        return;
    }
    const int64_t at = (slices->first + slices->count++) % RING;
    slices->bytes[at] = bytes;
    slices->released[at] = until;
}

static double when_ready(const struct simulation *s, int64_t tile, int step)
{
    const struct schedule_step *what = step_of(s, tile, step);
    double ready = s->layer_start;
    for (int i = 0; i < s->schedule->n_steps; i++)
        if (what->after >> i & 1)
            ready = larger(ready, s->next[i] > tile ? s->ends[tile][i] : INFINITY);
    if (tile > 0)
        ready = larger(ready, s->ends[tile - 1][step]);
    return what->resource < 0 ? ready : larger(ready, s->resource_free[what->resource]);
}

static double count_slices(const struct schedule *schedule, double bytes)
{
    return bytes > 0 ? ceil(bytes / fmin(schedule->slice_bytes, larger(schedule->room_bytes / 2, 1))) : 1;
}

/* Weights that stay are loaded by the first tile and leave with the last one. */
static void run_step(struct simulation *s, int64_t tile, int step, double start)
{
    const struct schedule *schedule = s->schedule;
    const struct schedule_step *what = step_of(s, tile, step);
    const bool first = tile == 0, last = tile + 1 == s->tiles[0] + s->tiles[1];
    const bool loads = first || !schedule->resident;
    const double state = first || !schedule->state_once ? what->state_bytes : 0;
    const double in = (loads ? what->weight_bytes : 0) + state;
    const double out = (last || !schedule->resident ? what->weight_bytes : 0) + state;
    const double slices = count_slices(schedule, larger(in, out));
    double at = start;
    for (double i = 0; i < slices; i++) {
        if (in > 0) {
            at = larger(at, move(s, in / slices, make_room(&s->slices, in / slices, schedule->room_bytes)));
            s->slices.total += in / slices;
        }
        at += what->cycles / slices;
        if (out > 0)
            hold(&s->slices, out / slices, at);
    }
    at = larger(at, move(s, what->activation_bytes, start));
    s->off_chip_bytes += in + what->activation_bytes;
    s->ends[tile][step] = at;
    if (what->resource >= 0)
        s->resource_free[what->resource] = at;
    s->layer_end = larger(s->layer_end, at);
    s->next[step]++;
}

/* Of what can start first, the older tile. */
static bool dispatch(struct simulation *s)
{
    const int64_t tiles = s->tiles[0] + s->tiles[1];
    int chosen = -1;
    double start = INFINITY;
    for (int i = 0; i < s->schedule->n_steps; i++) {
        if (s->next[i] == tiles)
            continue;
        const double ready = when_ready(s, s->next[i], i);
        if (ready < start || (chosen >= 0 && ready == start && s->next[i] < s->next[chosen])) {
            start = ready;
            chosen = i;
        }
    }
    if (chosen < 0)
        return false;
    run_step(s, s->next[chosen], chosen, start);
    return true;
}

static void simulate(const struct schedule *schedule, int64_t larger_tiles, int64_t smaller_tiles,
                     struct schedule_times *times)
{
    struct simulation s;
    memset(&s, 0, sizeof s);
    s.schedule = schedule;
    s.tiles[0] = larger_tiles;
    s.tiles[1] = smaller_tiles;
    *times = (struct schedule_times){.cycles = 0};
    const int64_t layers = schedule->layers < SIMULATED_LAYERS ? schedule->layers : SIMULATED_LAYERS;
    for (int64_t layer = 0; layer < layers; layer++) {
        memset(s.next, 0, sizeof s.next);
        s.layer_start = s.layer_end;
        s.off_chip_bytes = 0;
        while (dispatch(&s))
            ;
    }
    times->layer = s.layer_end - s.layer_start;
    times->cycles = s.layer_end + (double)(schedule->layers - layers) * times->layer;
    times->off_chip_bytes = s.off_chip_bytes;
}

static int64_t fewer(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static bool check_slices(const struct schedule *schedule, struct error *error)
{
    for (int size = 0; size < 2; size++)
        for (int i = 0; i < schedule->n_steps; i++) {
            const struct schedule_step *step = &schedule->steps[size][i];
            const double bytes = step->weight_bytes + step->state_bytes;
            if (bytes > 0 &&
                !(schedule->slice_bytes > 0 && count_slices(schedule, bytes) <= SCHEDULE_MAX_SLICES))
                return error_set(error, STATUS_USAGE,
                                 "slice_bytes of %g cuts the %g bytes of a step into more than %d slices; it "
                                 "must be at least %g",
                                 schedule->slice_bytes, bytes, SCHEDULE_MAX_SLICES,
                                 ceil(bytes / SCHEDULE_MAX_SLICES));
        }
    return true;
}

bool schedule_run(const struct schedule *schedule, struct schedule_times *times, struct error *error)
{
    int64_t now[2];
    if (!check_slices(schedule, error))
        return false;
    for (int size = 0; size < 2; size++)
        now[size] = fewer(schedule->tiles[size], SIMULATED_TILES);
    simulate(schedule, now[0], now[1], times);
    for (int size = 0; size < 2; size++) {
        const double rest = (double)(schedule->tiles[size] - now[size]);
        if (rest == 0)
            continue;
        struct schedule_times before;
        const int64_t half = SIMULATED_TILES / 2;
        simulate(schedule, now[0] - (size == 0 ? half : 0), now[1] - (size == 1 ? half : 0), &before);
        const struct schedule_times end = *times;
        times->cycles += rest * (end.cycles - before.cycles) / (double)half;
        times->layer += rest * (end.layer - before.layer) / (double)half;
        times->off_chip_bytes += rest * (end.off_chip_bytes - before.off_chip_bytes) / (double)half;
    }
    return true;
}
