/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/skip/skip.h"
#include "kernels/ssd_scan/ssd_scan.h"
#include "mamba/difference.h"
#include "mamba/random.h"
#include "platforms/cpu/tokens.h"
#include "platforms/fpga_rtl/block.h"
#include "platforms/fpga_rtl/half.h"
#include "platforms/pricing.h"

static const char name[] = "fpga-rtl", default_device[] = "ssm-block";

enum { MAX_UNITS = 2 * GRAPH_MAX_STAGES + 3 };

/* A device with its options chosen, and the block that they name. */
struct chosen {
    struct device *device;
    struct device_settings settings;
    const struct block *block;
};

struct run {
    struct task task;
    struct chosen chosen;
    struct unit units[MAX_UNITS];
    int n_units;
    bool simulated;
    struct block_counts counts;
    int calls;
    struct difference difference;
};

static const char *missing(void)
{
    return blocks[0] ? NULL : "built without Verilator: install verilator and build again";
}

static bool precision_of(const char *device, enum precision *precision, struct error *error)
{
    return pricing_precision(name, device, precision, error);
}

static int number(const struct chosen *chosen, const char *option)
{
    const char *value = device_choice(chosen->device, &chosen->settings, option);
    return value ? (int)strtod(value, NULL) : 0;
}

static bool find_block(struct chosen *chosen, int64_t d_state, struct error *error)
{
    const bool streaming = device_when(chosen->device, &chosen->settings, "dataflow=streaming");
    char list[320] = "";
    size_t used = 0;
    for (int i = 0; blocks[i]; i++) {
        const struct block *b = blocks[i];
        if (b->streaming == streaming && b->d_state == d_state && b->lanes == number(chosen, "lanes") &&
            b->port_bits == number(chosen, "port_bits") &&
            b->multiply == number(chosen, "multiply_latency") && b->add == number(chosen, "add_latency")) {
            chosen->block = b;
            return true;
        }
        if (b->d_state == d_state && used < sizeof list)
            used += (size_t)snprintf(list + used, sizeof list - used, "%s%s %d lanes %d bits %d/%d",
                                     used ? ", " : "", b->streaming ? "streaming" : "tiled", b->lanes,
                                     b->port_bits, b->multiply, b->add);
    }
    return error_set(
        error, STATUS_USAGE,
        "fpga-rtl: no block of these parameters was built for d_state %lld; built are (dataflow, "
        "lanes, port_bits, multiply/add_latency): %s",
        (long long)d_state, used ? list : "none");
}

static bool choose(const char *device, const char *const *options, struct chosen *chosen, struct error *error)
{
    size_t n_options = 0;
    while (options && options[n_options])
        n_options++;
    return device_load(name, device ? device : default_device, &chosen->device, error) &&
           device_settings(chosen->device, options, n_options, &chosen->settings, error) &&
           (chosen->device->clock_hz > 0 ||
            error_set(error, STATUS_USAGE, "configs/devices/%s-%.40s.yaml: clock_hz must be above 0", name,
                      chosen->device->name));
}

/* A call of the largest takes minutes and 2 GB. */
static bool check_size(int64_t heads, int64_t headdim, int64_t d_state, struct error *error)
{
    const int64_t most = INT64_C(1) << 25;
    return (heads >= 1 && heads <= UINT16_MAX && headdim >= 1 && headdim <= UINT16_MAX &&
            heads * headdim <= most / d_state) ||
           error_set(error, STATUS_USAGE,
                     "fpga-rtl: a call of %lld heads of %lld channels with %lld states each; 1 to %d heads "
                     "and channels and at most %lld states can be simulated",
                     (long long)heads, (long long)headdim, (long long)d_state, UINT16_MAX, (long long)most);
}

static struct unit *add_unit(struct run *run, enum scope scope, const char *unit_name)
{
    struct unit *unit = &run->units[run->n_units++];
    *unit = (struct unit){.scope = scope, .stage = -1, .group = -1, .span = -1, .repeats = 1};
    snprintf(unit->name, sizeof unit->name, "%s", unit_name);
    return unit;
}

static void add_group(struct run *run, const struct plan *plan, int index, bool in_plan)
{
    const struct graph *graph = run->task.graph;
    const struct group *group = &plan->groups[index];
    struct unit *unit = add_unit(run, group->n_stages > 1 ? SCOPE_GROUP : SCOPE_STAGE, group->name);
    unit->group = index;
    unit->stage = group->n_stages > 1 ? -1 : group->stages[0];
    unit->in_plan = in_plan;
    unit->repeats = group->place == PLACE_LAYER ? graph->shape.n_layer : 1;
    unit->work = group->work;
    unit->bytes_read = group->bytes_read;
    unit->bytes_written = group->bytes_written;
    unit->onchip_bytes = group->onchip_bytes;
    unit->weight_bytes = group->weight_bytes;
    unit->state_bytes = group->state_bytes;
    if (strcmp(group->name, "scan") && strcmp(group->name, "scan+skip"))
        snprintf(unit->skip, sizeof unit->skip, "the block computes scan, with skip, and nothing else");
    else if (graph->shape.arch != ARCH_MAMBA2)
        snprintf(unit->skip, sizeof unit->skip, "the block computes Mamba-2's scan: a decay a head");
    else if (graph->phase != PHASE_DECODE)
        snprintf(unit->skip, sizeof unit->skip,
                 "the block computes a token a call: it is simulated in decode");
    else
        snprintf(unit->kernel, sizeof unit->kernel, "ssm_block/%s", run->chosen.block->name);
}

static bool list_units(struct run *run, struct error *error)
{
    const struct graph *graph = run->task.graph;
    const struct plan *plan = run->task.plan;
    struct plan *alone = malloc(sizeof *alone);
    if (!alone)
        return error_set(error, STATUS_FAILED, "out of memory");
    const bool ok = plan_build(graph, plan_fusing("none", plan->precision), alone, error);
    for (int g = 0; ok && g < plan->n_groups; g++)
        add_group(run, plan, g, true);
    for (int g = 0; ok && g < alone->n_groups; g++)
        for (int p = 0; p < plan->n_groups; p++)
            if (plan->groups[p].n_stages > 1 && group_within(&alone->groups[g], &plan->groups[p]))
                add_group(run, alone, g, false);
    struct unit *layer = add_unit(run, SCOPE_LAYER, "layer"), *model = add_unit(run, SCOPE_MODEL, "model");
    layer->repeats = graph->shape.n_layer;
    snprintf(layer->skip, sizeof layer->skip, "the block computes scan, with skip, and nothing else");
    memcpy(model->skip, layer->skip, sizeof model->skip);
    free(alone);
    return ok;
}

static void rtl_close(struct run *run)
{
    if (!run)
        return;
    device_free(run->chosen.device);
    free(run);
}

static bool rtl_open(const struct task *task, struct run **opened, struct error *error)
{
    struct run *run = calloc(1, sizeof *run);
    if (!run)
        return error_set(error, STATUS_FAILED, "out of memory");
    run->task = *task;
    if (!choose(task->device, task->options, &run->chosen, error) ||
        (task->graph->shape.arch == ARCH_MAMBA2 &&
         !find_block(&run->chosen, task->graph->shape.d_state, error)) ||
        !list_units(run, error)) {
        rtl_close(run);
        return false;
    }
    *opened = run;
    return true;
}

static int rtl_units(const struct run *run, const struct unit **units)
{
    *units = run->units;
    return run->n_units;
}

static struct block_memory memory_of(const struct chosen *chosen, uint64_t call)
{
    return (struct block_memory){.bytes_per_cycle = number(chosen, "memory_bytes"),
                                 .latency = number(chosen, "memory_latency"),
                                 .stall_percent = number(chosen, "memory_stall_percent"),
                                 .seed = (uint64_t)number(chosen, "memory_seed") + call};
}

static void round_all(const float *values, int64_t count, uint16_t *halves)
{
    for (int64_t i = 0; i < count; i++)
        halves[i] = half_from_double(values[i]);
}

/* One sequence's heads of one group of B and C, as a call of the block, and what float64 makes of the same
 * operands before they are rounded. */
static bool simulate_call(struct run *run, const struct ssd_scan_args *scan, const struct skip_args *skip,
                          const float *state, int64_t sequence, int64_t group, struct error *error)
{
    const int64_t heads = scan->heads / scan->groups, first = group * heads, n = scan->d_state;
    if (!check_size(heads, scan->headdim, n, error))
        return false;
    const int64_t channels = heads * scan->headdim, states = channels * n;
    const float *delta = scan->delta + sequence * scan->delta_stride + first;
    const float *x = scan->x + sequence * scan->x_stride + first * scan->headdim;
    const float *b = scan->b + sequence * scan->b_stride + group * n,
                *c = scan->c + sequence * scan->c_stride + group * n;
    const float *h = state + (sequence * scan->heads + first) * scan->headdim * n;
    uint16_t *words = malloc((size_t)(3 * heads + 2 * n + 2 * channels + 2 * states) * sizeof *words);
    double *want = malloc((size_t)(channels + states) * 2 * sizeof *want);
    bool ok = (words && want) || error_set(error, STATUS_FAILED, "out of memory");
    if (ok) {
        uint16_t *dt = words, *dA = dt + heads, *d = dA + heads, *half_b = d + heads, *half_c = half_b + n,
                 *half_x = half_c + n, *half_h = half_x + channels, *y = half_h + states,
                 *next = y + channels;
        double *want_y = want, *want_h = want_y + channels, *got = want_h + states;
        round_all(delta, heads, dt);
        for (int64_t k = 0; k < heads; k++)
            dA[k] = half_from_double(exp((double)delta[k] * scan->a[first + k]));
        round_all(skip->d + first, heads, d);
        round_all(b, n, half_b);
        round_all(c, n, half_c);
        round_all(x, channels, half_x);
        round_all(h, states, half_h);
        for (int64_t i = 0; i < channels; i++) {
            const int64_t k = i / scan->headdim;
            const double decay = exp((double)delta[k] * scan->a[first + k]);
            double sum = 0;
            for (int64_t j = 0; j < n; j++) {
                want_h[i * n + j] = decay * h[i * n + j] + (double)delta[k] * x[i] * b[j];
                sum += want_h[i * n + j] * c[j];
            }
            want_y[i] = sum + (double)skip->d[first + k] * x[i];
        }
        const struct block_call call = {.heads = (int)heads,
                                        .headdim = (int)scan->headdim,
                                        .tile_heads = number(&run->chosen, "tile_heads"),
                                        .tile_headdim = number(&run->chosen, "tile_headdim"),
                                        .dt = dt,
                                        .dA = dA,
                                        .D = d,
                                        .B = half_b,
                                        .C = half_c,
                                        .x = half_x,
                                        .h = half_h,
                                        .y = y,
                                        .h_next = next};
        const struct block_memory memory = memory_of(&run->chosen, (uint64_t)run->calls);
        struct block_counts counts;
        ok = block_simulate(run->chosen.block, &memory, &call, &counts, error);
        if (ok) {
            for (int64_t i = 0; i < channels; i++)
                got[i] = half_to_double(y[i]);
            for (int64_t i = 0; i < states; i++)
                got[channels + i] = half_to_double(next[i]);
            difference_add(&run->difference, got, want, channels + states);
            block_counts_add(&run->counts, &counts);
            run->calls++;
        }
    }
    free(words);
    free(want);
    return ok;
}

static int find_group(const struct plan *plan, const char *stage)
{
    int g = 0;
    while (g < plan->n_groups && strcmp(plan->groups[g].name, stage))
        g++;
    return g;
}

static void run_first_layer(void *user, struct team *team, struct part part)
{
    struct program *program = user;
    program_run_before(program, team, part);
    program_run_layer(program, 0, team, part);
}

/* The operands of layer 0's scan in this step of decoding, found by the CPU in fp32. */
static bool simulate(struct run *run, struct error *error)
{
    const struct task *task = &run->task;
    const struct graph *graph = task->graph;
    struct network *network = NULL;
    struct program *program = NULL;
    float *state = NULL;
    struct plan *plan = malloc(sizeof *plan);
    struct team *team = team_create(task->threads, error);
    bool ok =
        team && (plan || error_set(error, STATUS_FAILED, "out of memory")) &&
        plan_build(graph, plan_fusing("none", PRECISION_FP32), plan, error) &&
        (network = network_create(task->model, PRECISION_FP32, graph->batch, team_threads(team), error)) &&
        (task->context == 0 || tokens_prefill(network, team, &graph->shape, graph->batch, task->context,
                                              task->seed, PRECISION_FP32, task->stopped, error)) &&
        (program = program_create(network, graph, plan, error)) &&
        tokens_set(program, graph, task->seed, task->context, error);
    if (ok) {
        const struct ssd_scan_args *scan = program_args(program, find_group(plan, "scan"), 0);
        const struct skip_args *skip = program_args(program, find_group(plan, "skip"), 0);
        const size_t bytes =
            (size_t)(scan->batch * scan->heads * scan->headdim * scan->d_state) * sizeof *state;
        state = malloc(bytes);
        ok = state || error_set(error, STATUS_FAILED, "out of memory");
        if (ok)
            memcpy(state, scan->state, bytes);
        if (ok)
            team_run(team, run_first_layer, program);
        for (int64_t i = 0; i < scan->batch && ok; i++)
            for (int64_t g = 0; g < scan->groups && ok; g++)
                ok = simulate_call(run, scan, skip, state, i, g, error);
    }
    free(state);
    program_destroy(program);
    network_destroy(network);
    team_destroy(team);
    free(plan);
    run->simulated = ok;
    return ok;
}

static void fill_price(const struct chosen *chosen, const struct block_counts *counts, struct price *price)
{
    const double clock = chosen->device->clock_hz, port_bytes = chosen->block->port_bits / 8;
    *price = (struct price){.time_s = (double)counts->cycles / clock,
                            .cycles = (double)counts->cycles,
                            .compute_s = (double)counts->compute / clock,
                            .memory_s = (double)(counts->cycles - counts->compute) / clock,
                            .link_s = -1,
                            .overhead_s = -1,
                            .has_ports = true,
                            .ports = {.fill_cycles = (double)counts->fill,
                                      .compute_cycles = (double)counts->compute,
                                      .stall_cycles = (double)counts->stall,
                                      .drain_cycles = (double)counts->drain,
                                      .in_bytes = (double)counts->in_beats * port_bytes,
                                      .out_bytes = (double)counts->out_beats * port_bytes,
                                      .in_wait_cycles = (double)counts->in_waits,
                                      .out_wait_cycles = (double)counts->out_waits},
                            .joule = -1,
                            .energy_method = "none",
                            .energy_note = "the simulation counts cycles, not switching"};
    price->off_chip_bytes = price->ports.in_bytes + price->ports.out_bytes;
}

static bool rtl_price(struct run *run, int unit, struct price *price, struct error *error)
{
    if (run->units[unit].skip[0])
        return error_set(error, STATUS_UNAVAILABLE, "%s: %s", run->units[unit].name, run->units[unit].skip);
    if (!run->simulated && !simulate(run, error))
        return false;
    fill_price(&run->chosen, &run->counts, price);
    snprintf(price->note, sizeof price->note, "%d call%s of the block in layer 0", run->calls,
             run->calls == 1 ? "" : "s");
    return true;
}

static bool rtl_accuracy(struct run *run, int unit, struct accuracy *accuracy, struct error *error)
{
    if (run->units[unit].skip[0])
        return error_set(error, STATUS_UNAVAILABLE, "%s: %s", run->units[unit].name, run->units[unit].skip);
    if (!run->simulated && !simulate(run, error))
        return false;
    *accuracy = (struct accuracy){.max_abs = run->difference.max_abs,
                                  .rel_l2 = difference_rel_l2(&run->difference),
                                  .tokens = run->task.graph->batch};
    return true;
}

static int64_t dimension(const struct stage_dim *dims, int n_dims, const char *dim)
{
    for (int i = 0; i < n_dims; i++)
        if (!strcmp(dims[i].name, dim))
            return dims[i].value;
    return 0;
}

/* Cycles do not depend on values: operands are seeded, and every word is held against C. */
static bool simulate_random(const struct chosen *chosen, int heads, int headdim, struct block_counts *counts,
                            struct error *error)
{
    const int n = chosen->block->d_state;
    const int64_t channels = (int64_t)heads * headdim, states = channels * n;
    const int64_t given = 3 * heads + 2 * n + channels + states, results = channels + states;
    uint16_t *words = malloc((size_t)(given + 2 * results) * sizeof *words);
    if (!words)
        return error_set(error, STATUS_FAILED, "out of memory");
    for (int64_t i = 0; i < given; i++)
        words[i] = half_from_double((double)(scatter((uint64_t)i) >> 11) * 0x1p-52 - 1);
    struct block_call call = {.heads = heads,
                              .headdim = headdim,
                              .tile_heads = number(chosen, "tile_heads"),
                              .tile_headdim = number(chosen, "tile_headdim"),
                              .dt = words};
    call.dA = call.dt + heads;
    call.D = call.dA + heads;
    call.B = call.D + heads;
    call.C = call.B + n;
    call.x = call.C + n;
    call.h = call.x + channels;
    call.y = words + given;
    call.h_next = call.y + channels;
    const struct block_memory memory = memory_of(chosen, 0);
    bool ok = block_simulate(chosen->block, &memory, &call, counts, error);
    call.y += results;
    call.h_next += results;
    if (ok)
        block_compute(chosen->block, &call);
    if (ok && memcmp(words + given, words + given + results, (size_t)results * sizeof *words))
        ok = error_set(error, STATUS_FAILED, "block %s computes other words than its model in C",
                       chosen->block->name);
    free(words);
    return ok;
}

static bool rtl_call(const char *device, const char *const *options, const struct stage_dim *dims, int n_dims,
                     struct price *price, struct error *error)
{
    struct chosen chosen = {NULL};
    struct block_counts counts;
    const int64_t heads = dimension(dims, n_dims, "heads"), headdim = dimension(dims, n_dims, "headdim");
    bool ok = choose(device, options, &chosen, error) &&
              find_block(&chosen, dimension(dims, n_dims, "d_state"), error);
    ok = ok && check_size(heads, headdim, chosen.block->d_state, error) &&
         simulate_random(&chosen, (int)heads, (int)headdim, &counts, error);
    if (ok)
        fill_price(&chosen, &counts, price);
    device_free(chosen.device);
    return ok;
}

extern const struct platform fpga_rtl_platform;

const struct platform fpga_rtl_platform = {
    .name = name,
    .summary = "the project's own Verilog blocks, simulated cycle by cycle on real operands",
    .provenance = PROVENANCE_SIMULATED,
    .default_device = default_device,
    .missing = missing,
    .precision = precision_of,
    .open = rtl_open,
    .units = rtl_units,
    .accuracy = rtl_accuracy,
    .price = rtl_price,
    .call = rtl_call,
    .close = rtl_close,
};
