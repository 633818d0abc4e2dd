/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "platforms/pricing.h"

#include "platforms/ping_pong.h"
#include "platforms/schedule.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Adds the sentences of text, which "; " separates, that are not there yet and fit. */
static void note(struct notes *notes, const char *text)
{
    while (text && *text) {
        const char *end = strstr(text, "; ");
        const int length = end ? (int)(end - text) : (int)strlen(text);
        const size_t used = strlen(notes->text);
        char sentence[sizeof notes->text];
        snprintf(sentence, sizeof sentence, "%.*s", length, text);
        if (!strstr(notes->text, sentence) && used + strlen(sentence) + 3 <= sizeof notes->text)
            snprintf(notes->text + used, sizeof notes->text - used, "%s%s", used ? "; " : "", sentence);
        text = end ? end + 2 : NULL;
    }
}

static const char *resource_of(const struct device_unit *unit, const struct device_pipeline *pipeline)
{
    return pipeline->resource ? pipeline->resource : unit->name;
}

static int resource_index(const struct pricing *pricing, const char *name)
{
    int i = 0;
    while (i < pricing->n_resources && strcmp(pricing->resources[i], name))
        i++;
    return i;
}

/* The names that expressions of one call may use. */
struct scope_names {
    const struct pricing *pricing;
    const struct device_unit *unit;
    struct pricing_dims dims;
    struct error *error;
};

static struct stage_dim *find_dim(struct pricing_dims *dims, const char *name)
{
    for (int i = 0; i < dims->count; i++)
        if (!strcmp(dims->values[i].name, name))
            return &dims->values[i];
    return NULL;
}

static bool lookup_name(void *context, const char *name, double *value)
{
    struct scope_names *names = context;
    const struct device *device = names->pricing->device;
    const struct stage_dim *dim = find_dim(&names->dims, name);
    if (dim) {
        *value = (double)dim->value;
        return true;
    }
    for (unsigned i = 0; i < device->constants_count; i++)
        if (!strcmp(device->constants[i].name, name) &&
            device_when(device, &names->pricing->settings, device->constants[i].when)) {
            *value = device->constants[i].value;
            return true;
        }
    for (unsigned i = 0; i < device->options_count; i++)
        if (device->options[i].choices_count == 0 && !strcmp(device->options[i].name, name)) {
            *value = strtod(names->pricing->settings.values[i], NULL);
            return true;
        }
    return false;
}

bool pricing_init(struct pricing *pricing, const struct device *device, const char *const *options,
                  size_t count, struct error *error)
{
    *pricing = (struct pricing){.device = device};
    struct device_settings *settings = &pricing->settings;
    if (!device_settings(device, options, count, settings, error))
        return false;
    for (unsigned u = 0; u < device->units_count; u++)
        for (unsigned p = 0; p < device->units[u].pipelines_count; p++) {
            const char *name = resource_of(&device->units[u], &device->units[u].pipelines[p]);
            if (resource_index(pricing, name) < pricing->n_resources)
                continue;
            if (pricing->n_resources == PRICING_MAX_RESOURCES)
                return error_set(error, STATUS_USAGE, "%.40s has more than %d resources", device->name,
                                 PRICING_MAX_RESOURCES);
            pricing->resources[pricing->n_resources++] = name;
        }
    for (unsigned i = 0; i < device->memory_count && !pricing->memory; i++)
        if (device_when(device, settings, device->memory[i].when))
            pricing->memory = &device->memory[i];
    for (unsigned i = 0; i < device->port_memory_count && !pricing->port_memory; i++)
        if (device_when(device, settings, device->port_memory[i].when))
            pricing->port_memory = &device->port_memory[i];
    for (unsigned i = 0; device->link && i < device->link->transfers_count && !pricing->transfer; i++)
        if (device_when(device, settings, device->link->transfers[i].when))
            pricing->transfer = &device->link->transfers[i];
    if (device->link && !pricing->transfer)
        return error_set(error, STATUS_USAGE, "%.40s: no transfer of its link fits the options",
                         device->name);
    for (unsigned i = 0; device->link && i < device->link->conversions_count; i++)
        if (device_when(device, settings, device->link->conversions[i].when)) {
            pricing->send_cycles = device->link->conversions[i].send_cycles;
            pricing->weight_cycles = device->link->conversions[i].weight_cycles;
            pricing->receive_cycles = device->link->conversions[i].receive_cycles;
            break;
        }
    for (unsigned i = 0; i < device->overlap_count; i++)
        if (device_when(device, settings, device->overlap[i].when)) {
            pricing->overlap_host = device->overlap[i].host;
            pricing->overlap_resources = device->overlap[i].resources;
            pricing->overlap_memory = device->overlap[i].memory;
            struct scope_names names = {.pricing = pricing};
            struct error reason = {0};
            return expression_value(device->overlap[i].tile, 0, lookup_name, &names, &pricing->tile,
                                    &reason) ||
                   error_set(error, STATUS_USAGE, "device %.40s, overlap, tile: %s", device->name,
                             reason.text);
        }
    return true;
}

const struct device_unit *pricing_unit_named(const struct pricing *pricing, const char *name)
{
    for (unsigned i = 0; i < pricing->device->units_count; i++) {
        const struct device_unit *unit = &pricing->device->units[i];
        if (!strcmp(unit->name, name) && device_when(pricing->device, &pricing->settings, unit->when))
            return unit;
    }
    return NULL;
}

static bool unit_applies(const struct pricing *pricing, const struct device_unit *unit, enum arch arch)
{
    return (!unit->arch || !strcmp(unit->arch, arch_name(arch))) &&
           device_when(pricing->device, &pricing->settings, unit->when);
}

const struct device_unit *pricing_unit_serving(const struct pricing *pricing, enum arch arch,
                                               const char *stage)
{
    for (unsigned i = 0; i < pricing->device->units_count; i++) {
        const struct device_unit *unit = &pricing->device->units[i];
        if (device_has_stage(unit->stages, unit->stages_count, stage) && unit_applies(pricing, unit, arch))
            return unit;
    }
    return NULL;
}

static const struct device_unit *unit_absorbing(const struct pricing *pricing, enum arch arch,
                                                const char *stage)
{
    for (unsigned i = 0; i < pricing->device->units_count; i++) {
        const struct device_unit *unit = &pricing->device->units[i];
        if (device_has_stage(unit->absorbs, unit->absorbs_count, stage) && unit_applies(pricing, unit, arch))
            return unit;
    }
    return NULL;
}

static bool evaluate(struct scope_names *names, const char *text, double missing, double *value)
{
    struct error error = {0};
    if (!expression_value(text, missing, lookup_name, names, value, &error))
        return error_set(names->error, STATUS_USAGE, "device %.40s, unit '%.40s': %s",
                         names->pricing->device->name, names->unit->name, error.text);
    return true;
}

/* For what divides, and what steps through a dimension. */
static bool evaluate_positive(struct scope_names *names, const char *text, double missing, double *value)
{
    return evaluate(names, text, missing, value) &&
           (*value >= 1 / DEVICE_LARGEST ||
            error_set(names->error, STATUS_USAGE,
                      "device %.40s, unit '%.40s': '%.80s' is %g with these options; it must be above 0",
                      names->pricing->device->name, names->unit->name, text, *value));
}

static bool find_named_dim(struct scope_names *names, const char *name, struct stage_dim **dim)
{
    *dim = find_dim(&names->dims, name);
    if (!*dim)
        return error_set(names->error, STATUS_USAGE,
                         "device %.40s, unit '%.40s': what it serves has no dimension '%.40s'",
                         names->pricing->device->name, names->unit->name, name);
    return true;
}

static bool simulated_cycles(struct scope_names *names, const struct device_pipeline *pipeline,
                             double *cycles)
{
    const struct device *device = names->pricing->device;
    const struct device_simulation *simulation = device_simulation(pipeline->simulation);
    double arguments[SIMULATION_MAX_ARGUMENTS];
    for (unsigned i = 0; i < simulation->n_arguments; i++) {
        const char *text = pipeline->arguments[i];
        const char *choice = device_choice(device, &names->pricing->settings, text);
        const struct device_option *option = device->options;
        while (choice && strcmp(option->name, text))
            option++;
        if (!choice || option->choices_count == 0) {
            if (!evaluate(names, text, 0, &arguments[i]))
                return false;
            continue;
        }
        unsigned number = 0;
        while (strcmp(option->choices[number], choice))
            number++;
        arguments[i] = number;
    }
    *cycles = simulation->cycles(arguments);
    return *cycles >= 0 ||
           error_set(names->error, STATUS_UNAVAILABLE, "a call of %.40s does not fit into %.40s",
                     names->unit->name, device->name);
}

static bool trips_cycles(struct scope_names *names, const struct device_trip *trips, unsigned count,
                         double *cycles)
{
    double inner = 0;
    for (unsigned t = count; t-- > 0;) {
        double extent, lanes, overhead;
        if (t + 1 == count && !evaluate(names, trips[t].cycles, 1, &inner))
            return false;
        if (!evaluate(names, trips[t].extent, 1, &extent) ||
            !evaluate_positive(names, trips[t].lanes, 1, &lanes) ||
            !evaluate(names, trips[t].overhead, 0, &overhead))
            return false;
        inner = ceil(extent / lanes) * (inner + overhead);
        if (!(inner <= DEVICE_LARGEST))
            return error_set(names->error, STATUS_USAGE,
                             "device %.40s, unit '%.40s': trips of %g in '%.80s' come to more than %g cycles",
                             names->pricing->device->name, names->unit->name, ceil(extent / lanes),
                             trips[t].extent, DEVICE_LARGEST);
    }
    *cycles = inner;
    return true;
}

static bool pipeline_cycles(struct scope_names *names, const struct device_pipeline *pipeline, double *cycles)
{
    double trips, depth;
    if (!(pipeline->simulation ? simulated_cycles(names, pipeline, &trips)
                               : trips_cycles(names, pipeline->trips, pipeline->trips_count, &trips)) ||
        !evaluate(names, pipeline->depth, 0, &depth))
        return false;
    *cycles = trips + depth;
    return true;
}

static double minimum(double a, double b)
{
    return a < b ? a : b;
}

/* The extent of the whole tiles of a loop, at least 1. */
static bool tile_step(struct scope_names *names, const struct device_tile *tile, struct stage_dim **dim,
                      int64_t *step)
{
    double size;
    if (!find_named_dim(names, tile->dim, dim) || !evaluate_positive(names, tile->size, 1, &size))
        return false;
    *step = (int64_t)ceil(minimum(size, (double)(*dim)->value));
    return true;
}

/* Walks the tile loops from `level` inwards: whole tiles and the rest at the edge of each. */
static bool tile_cost(struct scope_names *names, unsigned level, double count, struct cost *cost)
{
    const struct device_unit *unit = names->unit;
    if (level == unit->tiles_count) {
        double overhead;
        if (!evaluate(names, unit->tile_overhead, 0, &overhead))
            return false;
        cost->overhead += count * overhead;
        for (unsigned p = 0; p < unit->pipelines_count; p++) {
            double cycles;
            if (!pipeline_cycles(names, &unit->pipelines[p], &cycles))
                return false;
            cost->busy[resource_index(names->pricing, resource_of(unit, &unit->pipelines[p]))] +=
                count * cycles;
        }
        return true;
    }
    struct stage_dim *dim;
    int64_t step;
    if (!tile_step(names, &unit->tiles[level], &dim, &step))
        return false;
    const int64_t extent = dim->value;
    dim->value = step;
    bool ok = tile_cost(names, level + 1, count * (double)(extent / step), cost);
    if (ok && extent % step) {
        dim->value = extent % step;
        ok = tile_cost(names, level + 1, count, cost);
    }
    dim->value = extent;
    return ok;
}

bool pricing_tile(const struct pricing *pricing, const struct device_unit *unit, const char *pipeline,
                  const struct pricing_dims *dims, double *cycles, struct error *error)
{
    struct scope_names names = {pricing, unit, *dims, error};
    for (unsigned t = 0; t < unit->tiles_count; t++) {
        struct stage_dim *dim;
        int64_t step;
        if (!tile_step(&names, &unit->tiles[t], &dim, &step))
            return false;
        dim->value = step;
    }
    bool found = false;
    *cycles = 0;
    for (unsigned p = 0; p < unit->pipelines_count; p++) {
        double one;
        if (pipeline && strcmp(unit->pipelines[p].name, pipeline))
            continue;
        if (!pipeline_cycles(&names, &unit->pipelines[p], &one))
            return false;
        *cycles += one;
        found = true;
    }
    if (!found)
        return error_set(error, STATUS_USAGE, "device %.40s, unit '%.40s' has no pipeline '%.40s'",
                         pricing->device->name, unit->name, pipeline ? pipeline : "");
    return true;
}

static bool has_buffer(const struct scope_names *names, const struct device_buffer *buffer)
{
    return device_when(names->pricing->device, &names->pricing->settings, buffer->when);
}

/* Bytes that the buffers of one call take in the link's memory. */
static bool buffer_bytes(struct scope_names *names, double *weights, double *others)
{
    const double alignment = names->pricing->device->link->alignment;
    *weights = *others = 0;
    for (unsigned i = 0; i < names->unit->buffers_count; i++) {
        const struct device_buffer *buffer = &names->unit->buffers[i];
        double values;
        if (!has_buffer(names, buffer))
            continue;
        if (!evaluate(names, buffer->values, 0, &values))
            return false;
        *(buffer->weights ? weights : others) += ceil(values / alignment) * alignment;
    }
    return true;
}

static bool move_buffers(struct scope_names *names, bool resident, double count, struct cost *cost)
{
    const struct device_link *link = names->pricing->device->link;
    const struct device_transfer *transfer = names->pricing->transfer;
    for (unsigned i = 0; i < names->unit->buffers_count; i++) {
        const struct device_buffer *buffer = &names->unit->buffers[i];
        double values;
        if ((buffer->weights && resident) || !has_buffer(names, buffer))
            continue;
        if (!evaluate(names, buffer->values, 0, &values))
            return false;
        const double accesses = count * ceil(values / transfer->access_bytes);
        if (buffer->receive) {
            cost->reads += accesses;
            cost->transfer += accesses * transfer->read_cycles;
            cost->overhead += count * values * names->pricing->receive_cycles;
        } else {
            cost->writes += accesses;
            cost->transfer += accesses * transfer->write_cycles;
            cost->overhead += count * values *
                              (buffer->weights ? names->pricing->weight_cycles : names->pricing->send_cycles);
        }
        cost->overhead += count * transfer->setup_cycles;
    }
    cost->overhead += count * (link->config_writes * link->register_write_cycles +
                               link->polls * link->register_read_cycles);
    return true;
}

/* A model knows no waits of single beats. */
static void port_use_add(struct port_use *to, const struct port_use *use, double times)
{
    to->fill_cycles += times * use->fill_cycles;
    to->compute_cycles += times * use->compute_cycles;
    to->stall_cycles += times * use->stall_cycles;
    to->drain_cycles += times * use->drain_cycles;
    to->deviation_cycles = sqrt(to->deviation_cycles * to->deviation_cycles +
                                times * use->deviation_cycles * use->deviation_cycles);
    to->in_bytes += times * use->in_bytes;
    to->out_bytes += times * use->out_bytes;
    to->in_wait_cycles = to->out_wait_cycles = -1;
}

/* When the pipelines up to this one are through and `delay` cycles have passed, from a tile's begin. */
static bool tile_time(struct scope_names *names, const char *after, const char *delay, double *time)
{
    const struct device_unit *unit = names->unit;
    if (!evaluate(names, delay, 0, time))
        return false;
    for (unsigned p = 0; p < unit->pipelines_count; p++) {
        double cycles;
        if (!pipeline_cycles(names, &unit->pipelines[p], &cycles))
            return false;
        *time += cycles;
        if (after && !strcmp(unit->pipelines[p].name, after))
            break;
    }
    return true;
}

static bool fill_tile(struct scope_names *names, struct ping_pong_tile *tile)
{
    const struct device_unit *unit = names->unit;
    *tile = (struct ping_pong_tile){0};
    if (!tile_time(names, NULL, unit->tile_overhead, &tile->occupied) ||
        !tile_time(names, unit->operands_after, unit->operands_delay, &tile->operands_at))
        return false;
    for (unsigned i = 0; i < unit->ports_count; i++) {
        const struct device_port *port = &unit->ports[i];
        double beats, at;
        if (port->once)
            continue;
        if (!trips_cycles(names, port->trips, port->trips_count, &beats) ||
            !tile_time(names, port->after, port->delay, &at))
            return false;
        if (!port->out) {
            tile->load_beats += beats;
        } else if (tile->n_stores == PING_PONG_MAX_STORES) {
            return error_set(names->error, STATUS_USAGE, "unit '%.40s' has more than %d results at its port",
                             unit->name, PING_PONG_MAX_STORES);
        } else {
            tile->stores[tile->n_stores].beats = beats;
            tile->stores[tile->n_stores++].at = at;
        }
    }
    return true;
}

enum { MAX_LISTED_TILES = 1 << 16 };

struct tile_list {
    struct ping_pong_tile *tiles;
    int64_t count, room;
};

/* In the order of the loops, those at the edge with their own extent. */
static bool list_tiles(struct scope_names *names, unsigned level, struct tile_list *list)
{
    const struct device_unit *unit = names->unit;
    if (level == unit->tiles_count) {
        if (list->count == MAX_LISTED_TILES)
            return error_set(names->error, STATUS_USAGE,
                             "device %.40s, unit '%.40s': a call has more than %d tiles between its ports; "
                             "they must be larger",
                             names->pricing->device->name, unit->name, MAX_LISTED_TILES);
        if (list->count == list->room) {
            list->room = list->room ? 2 * list->room : 64;
            struct ping_pong_tile *tiles = realloc(list->tiles, (size_t)list->room * sizeof *tiles);
            if (!tiles)
                return error_set(names->error, STATUS_FAILED, "no memory for the tiles of %.40s", unit->name);
            list->tiles = tiles;
        }
        return fill_tile(names, &list->tiles[list->count++]);
    }
    struct stage_dim *dim;
    int64_t step;
    if (!tile_step(names, &unit->tiles[level], &dim, &step))
        return false;
    const int64_t extent = dim->value;
    bool ok = true;
    for (int64_t at = 0; at < extent && ok; at += step) {
        dim->value = extent - at < step ? extent - at : step;
        ok = list_tiles(names, level + 1, list);
    }
    dim->value = extent;
    return ok;
}

static bool wait_for_ports(struct scope_names *names, double count, struct cost *cost)
{
    const struct device_unit *unit = names->unit;
    const struct device_port_memory *memory = names->pricing->port_memory;
    struct tile_list list = {NULL, 0, 0};
    struct ping_pong block = {0};
    double beat_bits, stall_percent;
    bool ok = evaluate(names, unit->port_gap, 0, &block.gap) &&
              evaluate(names, unit->port_latency, 0, &block.store_latency) &&
              evaluate(names, unit->lead, 0, &block.lead) &&
              evaluate(names, unit->call_overhead, 0, &block.tail) &&
              evaluate_positive(names, memory->beat_bits, 0, &beat_bits) &&
              evaluate_positive(names, memory->bytes_per_cycle, 0, &block.bytes_per_cycle) &&
              evaluate(names, memory->latency, 0, &block.latency) &&
              evaluate(names, memory->stall_percent, 0, &stall_percent);
    if (ok && !(stall_percent < 100))
        return error_set(names->error, STATUS_USAGE,
                         "device %.40s: ports that stall in %g %% of the cycles; it must be below 100",
                         names->pricing->device->name, stall_percent);
    block.beat_bytes = beat_bits / 8;
    block.stall_share = stall_percent / 100;
    for (unsigned i = 0; i < unit->ports_count && ok; i++) {
        double beats = 0;
        ok = !unit->ports[i].once ||
             trips_cycles(names, unit->ports[i].trips, unit->ports[i].trips_count, &beats);
        block.head_beats += beats;
    }
    ok = ok && list_tiles(names, 0, &list);
    if (ok) {
        struct port_use use;
        ping_pong_cycles(&block, list.tiles, list.count, &use);
        cost->waiting += count * (use.fill_cycles + use.stall_cycles + use.drain_cycles);
        cost->has_ports = true;
        port_use_add(&cost->ports, &use, count);
    }
    free(list.tiles);
    return ok;
}

static bool one_call(struct scope_names *names, bool resident, double count, struct cost *cost)
{
    double overhead;
    if (!evaluate(names, names->unit->call_overhead, 0, &overhead) || !tile_cost(names, 0, count, cost))
        return false;
    cost->overhead += count * overhead;
    if (names->pricing->port_memory && names->unit->ports_count && !wait_for_ports(names, count, cost))
        return false;
    return names->unit->buffers_count == 0 || move_buffers(names, resident, count, cost);
}

/* The largest extent of the split dimension whose buffers fit; 0: none does. */
static bool largest_part(struct scope_names *names, struct stage_dim *dim, int64_t *part)
{
    int64_t fits = 0, fails = dim->value + 1;
    const int64_t extent = dim->value;
    while (fails - fits > 1) {
        double weights, others;
        dim->value = fits + (fails - fits) / 2;
        if (!buffer_bytes(names, &weights, &others))
            return false;
        if (weights + others <= names->pricing->device->link->memory_bytes)
            fits = dim->value;
        else
            fails = dim->value;
    }
    dim->value = extent;
    *part = fits;
    return true;
}

static bool split_calls(struct scope_names *names, double calls, struct cost *cost, struct notes *notes)
{
    const struct device_unit *unit = names->unit;
    struct stage_dim *dim = NULL;
    int64_t part = 0;
    if (unit->split && (!find_named_dim(names, unit->split, &dim) || !largest_part(names, dim, &part)))
        return false;
    if (part == 0)
        return error_set(names->error, STATUS_UNAVAILABLE,
                         "the operands of %.40s do not fit into the %.0f bytes of %.40s's memory", unit->name,
                         names->pricing->device->link->memory_bytes, names->pricing->device->name);
    const int64_t extent = dim->value, rest = extent % part;
    char text[160];
    snprintf(text, sizeof text, "device memory is too small: %s cut into parts of %lld", dim->name,
             (long long)part);
    note(notes, text);
    dim->value = part;
    bool ok = one_call(names, false, calls * (double)(extent / part), cost);
    dim->value = rest;
    ok = ok && (rest == 0 || one_call(names, false, calls, cost));
    dim->value = extent;
    return ok;
}

bool pricing_call(const struct pricing *pricing, const struct device_unit *unit,
                  const struct pricing_dims *dims, bool resident, struct cost *cost, struct notes *notes,
                  struct error *error)
{
    struct scope_names names = {pricing, unit, *dims, error};
    double calls, weights = 0, others = 0;
    *cost = (struct cost){.overhead = 0};
    for (int i = 0; i < dims->count; i++)
        if (dims->values[i].value < 1)
            return error_set(error, STATUS_USAGE, "unit '%.40s': %.40s is %lld; it must be at least 1",
                             unit->name, dims->values[i].name, (long long)dims->values[i].value);
    note(notes, unit->note);
    if (!evaluate(&names, unit->calls, 1, &calls) ||
        (unit->buffers_count && !buffer_bytes(&names, &weights, &others)))
        return false;
    if (!unit->buffers_count || resident || weights + others <= pricing->device->link->memory_bytes)
        return one_call(&names, resident, calls, cost);
    return split_calls(&names, calls, cost, notes);
}

void cost_add(struct cost *to, const struct cost *cost, double times)
{
    for (int i = 0; i < PRICING_MAX_RESOURCES; i++)
        to->busy[i] += times * cost->busy[i];
    to->host += times * cost->host;
    to->transfer += times * cost->transfer;
    to->overhead += times * cost->overhead;
    to->writes += times * cost->writes;
    to->reads += times * cost->reads;
    to->off_chip_bytes += times * cost->off_chip_bytes;
    to->waiting += times * cost->waiting;
    to->has_ports = to->has_ports || cost->has_ports;
    port_use_add(&to->ports, &cost->ports, times);
}

double cost_compute_cycles(const struct pricing *pricing, const struct cost *cost)
{
    double sum = 0, longest = 0;
    for (int i = 0; i < pricing->n_resources; i++) {
        sum += cost->busy[i];
        longest = cost->busy[i] > longest ? cost->busy[i] : longest;
    }
    return (pricing->overlap_resources ? longest : sum) + cost->host;
}

void pricing_time(const struct pricing *pricing, const struct cost *cost, struct price *price)
{
    const double clock = pricing->device->clock_hz;
    *price = (struct price){.compute_s = cost_compute_cycles(pricing, cost) / clock,
                            .link_s = cost->transfer / clock,
                            .overhead_s = cost->overhead / clock,
                            .joule = -1};
    if (pricing->memory)
        price->memory_s = cost->off_chip_bytes / pricing->memory->bytes_per_s;
    const double sum = price->compute_s + price->memory_s;
    const double longer = price->compute_s > price->memory_s ? price->compute_s : price->memory_s;
    price->off_chip_bytes = pricing->memory ? round(cost->off_chip_bytes) : -1;
    price->time_s = (pricing->overlap_memory ? longer : sum) + price->link_s + price->overhead_s;
    if (pricing->overlap_host) {
        const bool engine = pricing->transfer && pricing->transfer->engine;
        const double host = (cost->host + cost->overhead + (engine ? 0 : cost->transfer)) / clock;
        price->time_s = host > price->time_s - host ? host : price->time_s - host;
    }
    if (cost->has_ports) {
        price->has_ports = true;
        price->ports = cost->ports;
        price->memory_s += cost->waiting / clock;
        price->time_s += cost->waiting / clock;
        price->off_chip_bytes =
            round(fmax(price->off_chip_bytes, 0) + cost->ports.in_bytes + cost->ports.out_bytes);
    }
    price->cycles = price->time_s * clock;
}

/* The workload of a tile's tokens. */
struct token_tiles {
    struct graph graph;
    struct plan plan, alone;
    int64_t count;
};

enum { RUN_MAX_UNITS = 2 * GRAPH_MAX_STAGES + 4 };

struct run {
    struct task task;
    struct device *device;
    struct pricing pricing;
    const struct graph *graph;
    double value_bytes;       /* of the plans below: one precision for all, so that bytes are values */
    struct plan plan;         /* the task's */
    const struct plan *spans; /* see struct task */
    bool resident, no_room_for_weights;
    struct plan alone;            /* every stage a group */
    struct token_tiles *tiles[2]; /* of a schedule, the larger ones first; null: none of that size */
    struct unit units[RUN_MAX_UNITS];
    struct price prices[RUN_MAX_UNITS];
    int n_units;
};

static void stage_dims(const struct stage *stage, struct pricing_dims *dims)
{
    dims->count = stage->n_dims;
    memcpy(dims->values, stage->dims, sizeof stage->dims);
}

/* Weights stay on the device when those of all layers fit beside the largest other buffers. */
static bool weights_resident(struct run *run, struct error *error)
{
    const struct device_link *link = run->device->link;
    double weights = 0, others = 0;
    if (!link || !link->resident || !device_when(run->device, &run->pricing.settings, link->resident))
        return true;
    for (int s = 0; s < run->graph->n_stages; s++) {
        const struct stage *stage = &run->graph->stages[s];
        const struct device_unit *unit =
            pricing_unit_serving(&run->pricing, run->graph->shape.arch, stage->name);
        if (!unit || !unit->buffers_count)
            continue;
        struct scope_names names = {.pricing = &run->pricing, .unit = unit, .error = error};
        double stage_weights, stage_others, sets;
        stage_dims(stage, &names.dims);
        if (!buffer_bytes(&names, &stage_weights, &stage_others))
            return false;
        if (!evaluate(&names, unit->weight_sets, 1, &sets))
            return false;
        weights += sets * stage_weights * (double)stage_repeats(run->graph, stage);
        others = stage_others > others ? stage_others : others;
    }
    run->resident = weights + others <= link->memory_bytes;
    run->no_room_for_weights = !run->resident;
    return true;
}

static double host_cycles(const struct device_host *host, const struct work *work, double values)
{
    return host->mul * (double)work->mul + host->add * (double)work->add + host->exp * (double)work->exp +
           host->log * (double)work->log + host->div * (double)work->div + host->value * values;
}

/* As many names as there is room for. */
static void append_name(char *list, size_t size, const char *name)
{
    static const char more[] = ", ...";
    const size_t used = strlen(list);
    const bool full = used >= sizeof more && !strcmp(list + used - (sizeof more - 1), more);
    if (used + strlen(name) + 2 * sizeof more <= size)
        snprintf(list + used, size - used, "%s%s", used ? ", " : "", name);
    else if (!full && used + sizeof more <= size)
        memcpy(list + used, more, sizeof more);
}

/* The tile in which a fused group's inner tensors fit on chip beside its state and the weights that every
 * token needs. */
struct tiling {
    double held, room; /* bytes: of the whole workload; on chip */
    int64_t tokens, channels;
    int64_t passes; /* tiles of channels; each reads what all channels share */
    bool fits;      /* in some tile */
    bool operands;  /* that cross the group's border stay on chip, too */
};

/* Weights of all but projections, which stream. */
static double kept_weights(const struct graph *graph, const struct group *group)
{
    double values = 0;
    for (int i = 0; i < group->n_stages; i++) {
        const struct stage *stage = &graph->stages[group->stages[i]];
        for (int o = 0; o < stage->n_operands && strcmp(stage->family->name, "matmul"); o++)
            if (graph->tensors[stage->operands[o].tensor].role == TENSOR_WEIGHT)
                values += (double)tensor_elements(&graph->tensors[stage->operands[o].tensor]);
    }
    return values;
}

/* Channels that can be computed one without another; 0: a norm, a projection or a stage that reads channels
 * as B and C needs them all. */
static int64_t free_channels(const struct graph *graph, const struct group *group)
{
    int64_t channels = 0;
    for (int i = 0; i < group->n_stages; i++) {
        const struct stage *stage = &graph->stages[group->stages[i]];
        const int64_t heads = stage_dim(stage, "heads");
        const int64_t own = heads > 0 ? heads * stage_dim(stage, "headdim") : stage_dim(stage, "channels");
        const bool mixes = !strcmp(stage->family->name, "matmul") ||
                           !strcmp(stage->family->name, "rmsnorm") ||
                           !strcmp(stage->family->name, "gate_norm");
        if (mixes || own <= 0)
            return 0;
        channels = channels > 0 && own > channels ? channels : own;
    }
    return channels;
}

static bool group_has(const struct group *group, int stage)
{
    for (int i = 0; i < group->n_stages; i++)
        if (group->stages[i] == stage)
            return true;
    return false;
}

static bool group_makes(const struct graph *graph, const struct group *group, int root)
{
    for (int i = 0; i < group->n_stages; i++) {
        const struct stage *stage = &graph->stages[group->stages[i]];
        for (int o = 0; o < stage->n_operands; o++)
            if (stage->operands[o].operand->role == OPERAND_OUTPUT && stage->operands[o].tensor == root)
                return true;
    }
    return false;
}

/* Values from outside the group that all channels need, such as B and C. */
static double shared_values(const struct graph *graph, const struct group *group, int64_t channels)
{
    bool counted[GRAPH_MAX_TENSORS] = {false};
    double values = 0;
    for (int i = 0; i < group->n_stages; i++) {
        const struct stage *stage = &graph->stages[group->stages[i]];
        for (int o = 0; o < stage->n_operands; o++) {
            const int index = stage->operands[o].tensor;
            const struct tensor *tensor = &graph->tensors[index];
            const bool inner = stage->operands[o].operand->role != OPERAND_INPUT || counted[index] ||
                               group_makes(graph, group, tensor_root(graph, index));
            counted[index] = true;
            if (!inner && channels > 0 && tensor->columns % channels)
                values += (double)tensor_elements(tensor);
        }
    }
    return values;
}

/* Values that the forward pass leaves for the backward pass, or that this finds. */
struct kept {
    double activations;
    double inner; /* the part that crosses no border within the pass */
    double states;
};

static bool is_rebuilt(const struct plan *plan, int stage)
{
    for (int g = 0; g < plan->n_groups; g++)
        if (plan->groups[g].rebuilt && group_has(&plan->groups[g], stage))
            return true;
    return false;
}

static bool forward_reads_outside(const struct graph *graph, const struct group *group, int root)
{
    for (int s = 0; s < graph->n_stages; s++)
        for (int o = 0; o < graph->stages[s].n_operands && !graph->stages[s].backward; o++)
            if (!group_has(group, s) && graph->stages[s].operands[o].operand->role != OPERAND_OUTPUT &&
                tensor_root(graph, graph->stages[s].operands[o].tensor) == root)
                return true;
    return false;
}

/* The states that a stage of the backward pass finds. */
static double found_states(const struct run *run, const struct stage *stage)
{
    double bytes = 0;
    for (int o = 0; o < stage->n_operands && stage->backward; o++)
        if (!strcmp(stage->operands[o].operand->name, "states"))
            bytes += (double)plan_operand_bytes(run->graph, &run->plan, stage, &stage->operands[o],
                                                run->value_bytes);
    return bytes / run->value_bytes;
}

/* What the run's plan keeps of what a forward group makes; of a tile of tokens their share. */
static struct kept group_keeps(const struct run *run, const struct graph *graph, const struct group *group)
{
    const struct graph *all = run->graph;
    const double share = (double)graph->seqlen / (double)all->seqlen;
    struct kept kept = {0};
    for (int i = 0; i < group->n_stages && all->phase == PHASE_TRAIN; i++) {
        const struct stage *stage = &all->stages[group->stages[i]];
        if (stage->backward || is_rebuilt(&run->plan, group->stages[i]))
            continue;
        for (int o = 0; o < stage->n_operands; o++) {
            const int index = stage->operands[o].tensor;
            const struct tensor *tensor = &all->tensors[index];
            const int root = tensor->overwrites >= 0 ? tensor->overwrites : index;
            if (stage->operands[o].operand->role != OPERAND_OUTPUT || tensor->parent >= 0 ||
                !run->plan.saved[root])
                continue;
            const double values = share * (double)tensor_elements(tensor);
            kept.activations += values;
            if (tensor->overwrites < 0 && !forward_reads_outside(graph, group, index))
                kept.inner += values;
        }
        if (!strcmp(stage->name, "scan"))
            for (int s = 0; s < all->n_stages; s++)
                kept.states += share * found_states(run, &all->stages[s]);
    }
    return kept;
}

/* What a group that runs in the backward pass reads of what the forward pass kept. */
static struct kept group_finds(const struct run *run, const struct group *group)
{
    const struct graph *graph = run->graph;
    bool counted[GRAPH_MAX_TENSORS] = {false};
    struct kept kept = {0};
    for (int i = 0; i < group->n_stages && (group->backward || group->rebuilt); i++) {
        const struct stage *stage = &graph->stages[group->stages[i]];
        kept.states += found_states(run, stage);
        for (int o = 0; o < stage->n_operands; o++) {
            const int index = stage->operands[o].tensor;
            const int root = tensor_root(graph, index);
            if (counted[index] || stage->operands[o].operand->role == OPERAND_OUTPUT ||
                !run->plan.saved[root] || group_makes(graph, group, root))
                continue;
            counted[index] = true;
            kept.activations += (double)tensor_elements(&graph->tensors[index]);
        }
    }
    return kept;
}

/* What a group moves off chip in the device's own number formats. */
struct off_chip {
    double weights, state, activations;
    double again;    /* more, where the group is run once more in the backward pass */
    bool state_once; /* the state of one layer stays on chip from token to token */
};

/* Activations that cross the group's border within the pass. */
static double border_bytes(const struct run *run, const struct graph *graph, const struct group *group)
{
    const double read_and_written =
        (double)(group->bytes_read + group->bytes_written - group->weight_bytes - 2 * group->state_bytes);
    double kept_alone = 0; /* all other layers lie between the passes: it leaves the chip in any case */
    if (graph->phase == PHASE_TRAIN) {
        const struct kept keeps = group_keeps(run, graph, group);
        kept_alone = keeps.states + keeps.inner + group_finds(run, group).states;
    }
    return fmax(0, read_and_written / run->value_bytes - kept_alone) * run->pricing.memory->activation_bytes;
}

static struct tiling group_tiling(const struct run *run, const struct graph *graph, const struct group *group)
{
    const struct device_memory *memory = run->pricing.memory;
    const double tokens = (double)(graph->batch * graph->seqlen);
    struct tiling tiling = {.fits = true, .passes = 1};
    if (!memory)
        return tiling;
    /* The next group begins when this one has seen the whole workload, of which a tile is a share. */
    const double operands =
        memory->activations == ACTIVATIONS_FIT
            ? border_bytes(run, graph, group) * (double)run->graph->seqlen / (double)graph->seqlen
            : 0;
    tiling.operands = memory->activations != ACTIVATIONS_OFF_CHIP && operands <= memory->on_chip_bytes;
    if (memory->on_chip_bytes <= 0 || group->n_stages == 1)
        return tiling;
    const double state = (double)group->state_bytes / run->value_bytes / (double)graph->batch;
    const double fixed = state * memory->state_bytes + kept_weights(graph, group) * memory->weight_bytes;
    const double token = (double)group->live_bytes / run->value_bytes / tokens * memory->activation_bytes;
    const double whole = (double)(run->graph->batch * run->graph->seqlen) * token + fixed;
    /* Operands stay where the least tile fits beside them. */
    if (operands > 0 && operands + fixed + token > memory->on_chip_bytes)
        tiling.operands = false;
    const double room = memory->on_chip_bytes - (tiling.operands ? operands : 0);
    if (whole <= room)
        return tiling;
    tiling.held = whole;
    tiling.room = room;
    if (fixed + token <= room) {
        const double fitting = floor((room - fixed) / token);
        tiling.tokens = (int64_t)fmax(1, fmin(fitting, (double)run->graph->seqlen));
        return tiling;
    }
    const int64_t channels = free_channels(graph, group);
    tiling.tokens = 1;
    tiling.channels = (int64_t)floor((double)channels * room / (fixed + token));
    tiling.fits = tiling.channels > 0;
    if (tiling.fits)
        tiling.passes = (channels + tiling.channels - 1) / tiling.channels;
    return tiling;
}

static struct off_chip group_off_chip(const struct run *run, const struct graph *graph,
                                      const struct group *group, const struct tiling *tiling,
                                      struct notes *notes)
{
    const struct device_memory *memory = run->pricing.memory;
    struct off_chip bytes = {.state_once = true};
    if (!memory)
        return bytes;
    const double weights = (double)group->weight_bytes / run->value_bytes;
    const double state = (double)group->state_bytes / run->value_bytes;
    const double activations = border_bytes(run, graph, group);
    const struct kept keeps = group_keeps(run, graph, group), finds = group_finds(run, group);
    bytes.weights = weights * memory->weight_bytes;
    note(notes, memory->note);
    if (!tiling->operands) {
        bytes.activations = activations + keeps.inner * memory->activation_bytes;
        if (memory->activations == ACTIVATIONS_FIT)
            note(notes, "activations at a group's border do not fit on chip and go off chip");
    } else {
        bytes.activations =
            (keeps.activations + (group->backward ? finds.activations : 0)) * memory->activation_bytes;
        bytes.again = group->backward ? 0 : finds.activations * memory->activation_bytes;
    }
    bytes.activations += (keeps.states + finds.states) * memory->state_bytes;
    if (keeps.activations + keeps.states > 0)
        note(notes, "what is kept for the backward pass goes off chip");
    if (tiling->passes > 1)
        bytes.activations += (double)(tiling->passes - 1) *
                             shared_values(graph, group, free_channels(graph, group)) *
                             memory->activation_bytes;
    if (state > 0 && memory->state != STATE_ON_CHIP) {
        const double once = state * memory->state_bytes;
        bytes.state_once = once / (double)graph->batch <= memory->on_chip_bytes || tiling->channels > 0;
        if (!bytes.state_once && run->graph->seqlen > 1)
            note(notes, "the state does not fit on chip and moves with every token");
        bytes.state = once * (memory->state == STATE_READ_WRITE ? 2 : 1) *
                      (bytes.state_once ? 1 : (double)graph->seqlen);
    }
    return bytes;
}

/* Values that a stage alone loads and stores, of the tokens of a tile. */
static double stage_values(const struct run *run, const struct graph *graph, int stage)
{
    const double share = (double)graph->seqlen / (double)run->graph->seqlen;
    for (int g = 0; g < run->alone.n_groups; g++)
        if (run->alone.groups[g].stages[0] == stage)
            return share * (double)(run->alone.groups[g].bytes_read + run->alone.groups[g].bytes_written) /
                   run->value_bytes;
    return 0;
}

/* The cost of a group and of each of its stages, or the reason why it has none. */
struct priced_group {
    struct cost cost, stages[GRAPH_MAX_STAGES];
    struct off_chip off_chip;
    struct tiling tiling;
    struct notes notes;
    char missing[160]; /* stages that nothing on the device computes */
    char skip[512];
    bool no_room; /* skip is about memory, not about a missing unit */
};

static void text_bytes(double bytes, char *text, size_t size)
{
    const bool large = bytes >= 1e6;
    snprintf(text, size, "%.3g %s", bytes / (large ? 1e6 : 1e3), large ? "MB" : "kB");
}

static void note_tiling(const struct run *run, const struct group *group, struct priced_group *priced)
{
    const struct tiling *tiling = &priced->tiling;
    char held[32], room[32], text[160];
    if (tiling->held <= 0)
        return;
    text_bytes(tiling->held, held, sizeof held);
    text_bytes(tiling->room, room, sizeof room);
    if (!tiling->fits) {
        snprintf(
            priced->skip, sizeof priced->skip,
            "%.40s has %s on chip: %.80s does not fit even for one token, and its channels cannot be cut",
            run->device->name, room, group->name);
        priced->no_room = true;
        return;
    }
    if (tiling->channels)
        snprintf(text, sizeof text,
                 "a fused group would hold %s, room on chip is %s: tiles of one token, %lld channels", held,
                 room, (long long)tiling->channels);
    else
        snprintf(text, sizeof text, "a fused group would hold %s, room on chip is %s: tiles of %lld tokens",
                 held, room, (long long)tiling->tokens);
    note(&priced->notes, text);
}

/* In a fused loop the host loads and stores only what crosses the group's border. */
static double host_share(const struct run *run, const struct graph *graph, const struct group *group)
{
    double alone = 0;
    for (int i = 0; i < group->n_stages; i++) {
        const char *name = graph->stages[group->stages[i]].name;
        if (pricing_unit_serving(&run->pricing, graph->shape.arch, name) ||
            unit_absorbing(&run->pricing, graph->shape.arch, name))
            return 1;
        alone += stage_values(run, graph, group->stages[i]);
    }
    return (double)(group->bytes_read + group->bytes_written) / run->value_bytes / alone;
}

static void add_host_cost(const struct run *run, const struct graph *graph, const struct group *group,
                          int stage, struct cost *cost)
{
    struct scan_cost spent;
    plan_stage_cost(graph, &run->plan, group, stage, &spent);
    *cost =
        (struct cost){.host = host_cycles(run->device->host, &spent.work,
                                          host_share(run, graph, group) * stage_values(run, graph, stage) +
                                              (double)spent.values)};
}

static bool price_group(const struct run *run, const struct graph *graph, const struct group *group,
                        struct priced_group *priced, struct error *error)
{
    const struct pricing *pricing = &run->pricing;
    const enum arch arch = graph->shape.arch;
    const char *absorber = NULL;
    bool any = false;
    *priced = (struct priced_group){.missing = ""};
    for (int i = 0; i < group->n_stages; i++) {
        const struct stage *stage = &graph->stages[group->stages[i]];
        const struct device_unit *unit = pricing_unit_serving(pricing, arch, stage->name);
        const struct device_unit *absorbing = unit_absorbing(pricing, arch, stage->name);
        struct cost cost = {.overhead = 0};
        if (unit) {
            struct pricing_dims dims;
            struct error reason = {0};
            if (run->no_room_for_weights && unit->buffers_count)
                note(&priced->notes, "all layers' weights do not fit: sent with every call");
            stage_dims(stage, &dims);
            if (!pricing_call(pricing, unit, &dims, run->resident, &cost, &priced->notes, &reason)) {
                if (reason.status != STATUS_UNAVAILABLE)
                    return error_set(error, reason.status, "%s", reason.text);
                if (run->device->host) {
                    add_host_cost(run, graph, group, group->stages[i], &cost);
                    note(&priced->notes, reason.text);
                    note(&priced->notes, "what does not fit runs on the host");
                } else {
                    snprintf(priced->skip, sizeof priced->skip, "%.511s", reason.text);
                    priced->no_room = true;
                    append_name(priced->missing, sizeof priced->missing, stage->name);
                }
            }
        } else if (absorbing) {
            absorber = absorbing->stages[0];
            continue;
        } else if (run->device->host) {
            char text[128];
            add_host_cost(run, graph, group, group->stages[i], &cost);
            snprintf(text, sizeof text, "what no unit serves runs on %.60s", run->device->host->name);
            note(&priced->notes, text);
        } else {
            append_name(priced->missing, sizeof priced->missing, stage->name);
        }
        any = true;
        priced->stages[i] = cost;
        cost_add(&priced->cost, &cost, 1);
    }
    if (!any)
        snprintf(priced->skip, sizeof priced->skip, "%.40s computes %.100s inside its call for %.40s",
                 run->device->name, group->name, absorber);
    else if (*priced->missing && !*priced->skip)
        snprintf(priced->skip, sizeof priced->skip, "%.40s has no unit for %.160s", run->device->name,
                 priced->missing);
    if (any) {
        priced->tiling = group_tiling(run, graph, group);
        note_tiling(run, group, priced);
        priced->off_chip = group_off_chip(run, graph, group, &priced->tiling, &priced->notes);
        priced->cost.off_chip_bytes =
            priced->off_chip.weights + priced->off_chip.state + priced->off_chip.activations;
    }
    return true;
}

/* What the host, the units and the link's accesses take by the cycle and by the access. */
static double cycle_joule(const struct pricing *pricing, const struct cost *cost)
{
    const struct device_energy *energy = pricing->device->energy;
    const bool engine = pricing->transfer && pricing->transfer->engine;
    double busy = 0;
    for (int i = 0; i < pricing->n_resources; i++)
        busy += cost->busy[i];
    return 1e-12 * (energy->host_cycle_pj * (cost->host + cost->overhead + (engine ? 0 : cost->transfer)) +
                    energy->unit_cycle_pj * busy + energy->access_pj * (cost->writes + cost->reads));
}

static void add_energy(const struct run *run, const struct unit *unit, const struct cost *cost,
                       struct price *price)
{
    const struct device_energy *energy = run->device->energy;
    if (device_joule(energy, &unit->work, (double)unit->onchip_bytes, fmax(0, price->off_chip_bytes),
                     price->time_s, &price->joule)) {
        price->joule += cycle_joule(&run->pricing, cost);
    } else {
        snprintf(price->energy_method, sizeof price->energy_method, "none");
        snprintf(price->energy_note, sizeof price->energy_note,
                 "neither power nor energy per event is published for %.60s", run->device->name);
        return;
    }
    snprintf(price->energy_method, sizeof price->energy_method,
             energy->power_w > 0 ? "power x time" : "events");
    snprintf(price->energy_note, sizeof price->energy_note, "%s%.90s%s%.110s",
             energy->power_w > 0 ? "published power times modelled time: " : "", energy->source,
             energy->note ? "; " : "", energy->note ? energy->note : "");
}

/* What neither the busiest resource nor the memory explains is waiting. */
static void pricing_scheduled(const struct run *run, double cycles, double off_chip_bytes,
                              struct price *price)
{
    price->cycles = cycles;
    price->time_s = cycles / run->device->clock_hz;
    price->off_chip_bytes = run->pricing.memory ? round(off_chip_bytes) : -1;
    if (run->pricing.memory)
        price->memory_s = off_chip_bytes / run->pricing.memory->bytes_per_s;
    price->overhead_s = fmax(0, price->time_s - fmax(price->compute_s, price->memory_s));
}

/* What the groups of a unit lack, each stage once, or the first reason that is about memory. */
struct lacks {
    char missing[160], no_room[512];
};

static void lacks_add(struct lacks *lacks, const struct priced_group *priced)
{
    if (*priced->missing)
        append_name(lacks->missing, sizeof lacks->missing, priced->missing);
    if (priced->no_room && !*lacks->no_room)
        memcpy(lacks->no_room, priced->skip, sizeof lacks->no_room);
}

static void skip_lacking(const struct run *run, const struct lacks *lacks, struct unit *unit)
{
    if (*lacks->no_room)
        memcpy(unit->skip, lacks->no_room, sizeof unit->skip);
    else if (*lacks->missing)
        snprintf(unit->skip, sizeof unit->skip, "%.40s has no unit for %.160s", run->device->name,
                 lacks->missing);
}

static void add_work(struct unit *to, const struct work *work, uint64_t read, uint64_t written,
                     uint64_t onchip, int64_t times)
{
    const uint64_t n = (uint64_t)times;
    work_add(&to->work, work, n);
    to->bytes_read += n * read;
    to->bytes_written += n * written;
    to->onchip_bytes += n * onchip;
}

/* times: of a schedule; null: what overlaps follows from the sums. */
static void finish(struct run *run, const struct cost *cost, const struct schedule_times *times,
                   struct notes notes)
{
    struct price *price = &run->prices[run->n_units];
    struct unit *unit = &run->units[run->n_units++];
    pricing_time(&run->pricing, cost, price);
    if (times)
        pricing_scheduled(run, times->layer, times->off_chip_bytes, price);
    add_energy(run, unit, cost, price);
    note(&notes, run->device->note);
    memcpy(price->note, notes.text, sizeof price->note);
}

static void add_group_unit(struct run *run, const struct group *group, int index, bool in_plan,
                           const struct priced_group *priced, const struct schedule_times *times)
{
    struct unit *unit = &run->units[run->n_units];
    const bool single = group->n_stages == 1;
    *unit = (struct unit){.scope = single ? SCOPE_STAGE : SCOPE_GROUP,
                          .stage = single ? group->stages[0] : -1,
                          .group = index,
                          .span = -1,
                          .in_plan = in_plan,
                          .repeats = (group->place == PLACE_LAYER ? run->graph->shape.n_layer : 1) *
                                     (in_plan && group->rebuilt ? 2 : 1)};
    snprintf(unit->name, sizeof unit->name, "%s", group->name);
    memcpy(unit->skip, priced->skip, sizeof unit->skip);
    add_work(unit, &group->spent, group->bytes_read, group->bytes_written, group->onchip_bytes, 1);
    finish(run, &priced->cost, times, priced->notes);
    struct price *price = &run->prices[run->n_units - 1];
    price->held_bytes = priced->tiling.held;
    price->held_room = priced->tiling.room;
    price->tile_tokens = priced->tiling.channels ? 1 : priced->tiling.tokens;
    price->tile_channels = priced->tiling.channels;
}

/* The plan's groups inside a span, as in a layer. */
static void add_span_unit(struct run *run, const struct plan *plan, int span,
                          const struct priced_group *priced, const struct schedule_times *times)
{
    const struct group *whole = &run->spans->groups[span];
    struct unit *unit = &run->units[run->n_units];
    struct cost cost = {.overhead = 0};
    struct notes notes = {""};
    struct lacks lacks = {.missing = ""};
    int n = 0;
    *unit = (struct unit){.scope = SCOPE_GROUP,
                          .stage = -1,
                          .group = -1,
                          .span = span,
                          .repeats = whole->place == PLACE_LAYER ? run->graph->shape.n_layer : 1};
    snprintf(unit->name, sizeof unit->name, "%s", whole->name);
    for (int g = 0; g < plan->n_groups; g++) {
        const struct group *group = &plan->groups[g];
        if (!group_within(group, whole))
            continue;
        n++;
        add_work(unit, &group->spent, group->bytes_read, group->bytes_written, group->onchip_bytes, 1);
        cost_add(&cost, &priced[g].cost, 1);
        note(&notes, priced[g].notes.text);
        lacks_add(&lacks, &priced[g]);
    }
    skip_lacking(run, &lacks, unit);
    if (n > 1) /* else it is the plan's own group */
        finish(run, &cost, times, notes);
}

/* How often a layer's pass runs a group. */
static int executions(const struct group *group, enum direction direction)
{
    const bool forward = !group->backward && direction != DIRECTION_BACKWARD;
    const bool backward = (group->backward || group->rebuilt) && direction != DIRECTION_FORWARD;
    return forward + backward;
}

/* One layer or pass of it, where the resources of all groups may overlap. */
static struct cost add_layer_unit(struct run *run, const struct task *task, const struct priced_group *priced,
                                  const struct schedule_times *times, const char *name,
                                  enum direction direction)
{
    const struct plan *plan = &run->plan;
    struct unit *layer = &run->units[run->n_units];
    struct cost cost = {.overhead = 0};
    struct notes notes = {""};
    struct lacks lacks = {.missing = ""};
    note(&notes, run->device->note); /* first, since the groups' sentences may leave no room */
    *layer = (struct unit){.scope = SCOPE_LAYER,
                           .direction = direction,
                           .stage = -1,
                           .group = -1,
                           .span = -1,
                           .repeats = run->graph->shape.n_layer};
    snprintf(layer->name, sizeof layer->name, "%s", name);
    for (int g = 0; g < plan->n_groups; g++) {
        const struct group *group = &plan->groups[g];
        const int times_run = executions(group, direction);
        if (group->place != PLACE_LAYER || times_run == 0)
            continue;
        lacks_add(&lacks, &priced[g]);
        add_work(layer, &group->spent, group->bytes_read, group->bytes_written, group->onchip_bytes,
                 times_run);
        note(&notes, priced[g].notes.text);
        cost_add(&cost, &priced[g].cost, times_run);
        if (direction != DIRECTION_FORWARD)
            cost.off_chip_bytes += priced[g].off_chip.again;
    }
    skip_lacking(run, &lacks, layer);
    unit_add_training(task, layer);
    finish(run, &cost, times, notes);
    return cost;
}

static void price_add(struct price *to, const struct price *price, double times)
{
    to->time_s += times * price->time_s;
    to->cycles += times * price->cycles;
    to->compute_s += times * price->compute_s;
    to->memory_s += times * price->memory_s;
    to->link_s += times * price->link_s;
    to->overhead_s += times * price->overhead_s;
    to->off_chip_bytes += times * price->off_chip_bytes;
}

/* The last unit, a layer's two passes, of which other layers' lie between: nothing of one overlaps the other. */
static void one_pass_after_the_other(struct run *run, int forward, int backward)
{
    const struct price *passes[] = {&run->prices[forward], &run->prices[backward]};
    struct price *both = &run->prices[run->n_units - 1], sum = *both;
    sum.time_s = sum.cycles = sum.compute_s = sum.memory_s = sum.link_s = sum.overhead_s = 0;
    sum.off_chip_bytes = 0;
    for (int p = 0; p < 2; p++)
        price_add(&sum, passes[p], 1);
    if (both->joule >= 0)
        sum.joule = passes[0]->joule + passes[1]->joule;
    *both = sum;
}

/* A layer, and the model: its layers and what stands before and after them, one after another. */
static void add_layer_and_model(struct run *run, const struct task *task, const struct priced_group *priced,
                                const struct schedule_times *times)
{
    const struct graph *graph = run->graph;
    const struct plan *plan = &run->plan;
    struct price price, whole = {.joule = -1};
    struct cost one_layer;
    struct notes notes = {""};
    struct lacks lacks = {.missing = ""};
    if (graph->phase == PHASE_TRAIN) {
        const int forward = run->n_units;
        add_layer_unit(run, task, priced, times, "forward", DIRECTION_FORWARD);
        add_layer_unit(run, task, priced, NULL, "backward", DIRECTION_BACKWARD);
        one_layer = add_layer_unit(run, task, priced, NULL, "layer", DIRECTION_BOTH);
        one_pass_after_the_other(run, forward, forward + 1);
    } else {
        one_layer = add_layer_unit(run, task, priced, times, "layer", DIRECTION_BOTH);
    }
    price_add(&whole, &run->prices[run->n_units - 1], (double)graph->shape.n_layer);
    struct cost all = {.overhead = 0};
    struct unit *model = &run->units[run->n_units];
    note(&notes, run->device->note);
    *model = (struct unit){
        .scope = SCOPE_MODEL, .name = "model", .stage = -1, .group = -1, .span = -1, .repeats = 1};
    for (int g = 0; g < plan->n_groups; g++) {
        const struct group *group = &plan->groups[g];
        const bool in_layer = group->place == PLACE_LAYER;
        lacks_add(&lacks, &priced[g]);
        add_work(model, &group->spent, group->bytes_read, group->bytes_written, group->onchip_bytes,
                 executions(group, DIRECTION_BOTH) * (in_layer ? graph->shape.n_layer : 1));
        note(&notes, priced[g].notes.text);
        if (in_layer)
            continue;
        pricing_time(&run->pricing, &priced[g].cost, &price);
        cost_add(&all, &priced[g].cost, 1);
        price_add(&whole, &price, 1);
    }
    skip_lacking(run, &lacks, model);
    unit_add_training(task, model);

    const double layers = (double)graph->shape.n_layer;
    if (times) {
        /* The first layer fills the pipeline. */
        const double first = times->cycles - layers * times->layer;
        whole.time_s += first / run->device->clock_hz;
        whole.overhead_s += first / run->device->clock_hz;
        whole.cycles += first;
    }
    cost_add(&all, &one_layer, layers);
    add_energy(run, model, &all, &whole);
    memcpy(whole.note, notes.text, sizeof whole.note);
    run->prices[run->n_units++] = whole;
}

/* The partition of the forward stages. */
static bool forward_fusion(const struct plan *plan, char text[PLAN_VALUE_SIZE], struct error *error)
{
    struct plan *forward = malloc(sizeof *forward);
    if (!forward)
        return error_set(error, STATUS_FAILED, "no memory for a plan of the forward pass");
    *forward = *plan;
    forward->n_groups = 0;
    for (int g = 0; g < plan->n_groups; g++)
        if (!plan->groups[g].backward)
            forward->groups[forward->n_groups++] = plan->groups[g];
    const bool ok = plan_fusion_text(forward, text, error);
    free(forward);
    return ok;
}

static bool open_tiles(struct run *run, struct error *error)
{
    const struct graph *graph = run->graph;
    /* Tiles of tokens stream through the modules in one direction: in training the forward pass. */
    const enum phase phase = graph->phase == PHASE_TRAIN ? PHASE_PREFILL : graph->phase;
    struct plan_choices choices = plan_choices(&run->plan);
    char fusion[PLAN_VALUE_SIZE];
    if (run->pricing.tile <= 0)
        return true;
    if (graph->phase == PHASE_TRAIN) {
        if (!forward_fusion(&run->plan, fusion, error))
            return false;
        choices.values[CHOICE_FUSION] = fusion;
        choices.values[CHOICE_RECOMPUTE] = NULL;
    }
    const double tile = fmax(1, floor(run->pricing.tile / (double)graph->batch));
    const int64_t count = (int64_t)ceil((double)graph->seqlen / fmin(tile, (double)graph->seqlen));
    const int64_t counts[2] = {graph->seqlen % count, count - graph->seqlen % count};
    for (int size = 0; size < 2; size++) {
        if (counts[size] == 0)
            continue;
        struct token_tiles *opened = run->tiles[size] = calloc(1, sizeof *opened);
        if (!opened)
            return error_set(error, STATUS_FAILED, "no memory for a schedule of %s", run->device->name);
        opened->count = counts[size];
        if (!graph_build(&graph->shape, phase, graph->batch, graph->seqlen / count + (size == 0),
                         graph->all_logits, &opened->graph, error) ||
            !plan_build(&opened->graph, choices, &opened->plan, error) ||
            !plan_build(&opened->graph, plan_fusing("none", PRECISION_FP32), &opened->alone, error))
            return false;
    }
    return true;
}

/* The stages whose output a stage reads. */
static bool feeds(const struct graph *graph, const struct stage *from, const struct stage *to)
{
    for (int i = 0; i < from->n_operands; i++)
        for (int o = 0; o < to->n_operands; o++)
            if (from->operands[i].operand->role == OPERAND_OUTPUT &&
                to->operands[o].operand->role != OPERAND_OUTPUT &&
                tensor_root(graph, from->operands[i].tensor) == tensor_root(graph, to->operands[o].tensor))
                return true;
    return false;
}

struct step_list {
    const struct run *run;
    struct schedule_step *steps;
    int n;
    uint64_t last[GRAPH_MAX_STAGES]; /* the steps after which a stage is done */
    struct error *error;
};

static bool add_step(struct step_list *list, int resource, double cycles, uint64_t *after)
{
    if (list->n == SCHEDULE_MAX_STEPS)
        return error_set(list->error, STATUS_USAGE, "%.40s: a layer has more than %d steps",
                         list->run->device->name, SCHEDULE_MAX_STEPS);
    list->steps[list->n] = (struct schedule_step){.resource = resource, .after = *after, .cycles = cycles};
    *after = UINT64_C(1) << list->n++;
    return true;
}

/* A step for each resource, in the order of the unit's pipelines. */
static bool add_stage_steps(struct step_list *list, const struct graph *graph, int index,
                            const struct cost *cost)
{
    const struct run *run = list->run;
    const struct stage *stage = &graph->stages[index];
    const struct pricing *pricing = &run->pricing;
    const struct device_unit *unit = pricing_unit_serving(pricing, graph->shape.arch, stage->name);
    uint64_t after = 0;
    bool done[PRICING_MAX_RESOURCES] = {false};
    for (int s = 0; s < graph->n_stages; s++)
        if (graph->stages[s].place == stage->place && feeds(graph, &graph->stages[s], stage))
            after |= list->last[s];
    bool ok = unit || !unit_absorbing(pricing, graph->shape.arch, stage->name);
    if (!ok) {
        list->last[index] = after;
        return true;
    }
    const int before = list->n;
    for (unsigned p = 0; unit && p < unit->pipelines_count && ok; p++) {
        const int resource = resource_index(pricing, resource_of(unit, &unit->pipelines[p]));
        if (!done[resource] && cost->busy[resource] > 0)
            ok = add_step(list, resource, cost->busy[resource], &after);
        done[resource] = true;
    }
    const double other = cost->host + cost->transfer + cost->overhead;
    if (ok && (other > 0 || list->n == before))
        ok = add_step(list, other > 0 ? pricing->n_resources : -1, other, &after);
    list->last[index] = after;
    return ok;
}

/* Values that a stage of a group moves over the group's border. */
struct traffic {
    double weights, state, activations;
};

static struct traffic stage_traffic(const struct graph *graph, const struct group *group, int index)
{
    const struct stage *stage = &graph->stages[index];
    struct traffic traffic = {0};
    for (int o = 0; o < stage->n_operands; o++) {
        const struct tensor *tensor = &graph->tensors[stage->operands[o].tensor];
        const double values = (double)tensor_elements(tensor);
        const bool output = stage->operands[o].operand->role == OPERAND_OUTPUT;
        bool crosses = output ? tensor->overwrites >= 0 || tensor->role == TENSOR_OUTPUT
                              : !group_makes(graph, group, tensor_root(graph, stage->operands[o].tensor));
        for (int s = 0; s < graph->n_stages && output; s++)
            crosses |= !group_has(group, s) && feeds(graph, stage, &graph->stages[s]);
        if (tensor->role == TENSOR_WEIGHT)
            traffic.weights += values;
        else if (tensor->role == TENSOR_STATE)
            traffic.state += values;
        else if (crosses)
            traffic.activations += values;
    }
    return traffic;
}

/* The longest of the steps from begin to end. */
static struct schedule_step *longest_step(struct step_list *list, int begin, int end)
{
    int longest = begin;
    for (int i = begin; i < end; i++)
        if (list->steps[i].cycles > list->steps[longest].cycles)
            longest = i;
    return &list->steps[longest];
}

/* The steps of a group. What it moves off chip goes with the longest step of the stage that moves it, or,
 * where that stage has none, of the group. */
static bool add_group_steps(struct step_list *list, const struct graph *graph, const struct group *group,
                            struct notes *notes)
{
    struct priced_group priced;
    const int before = list->n;
    int begin[GRAPH_MAX_STAGES + 1];
    struct traffic traffic[GRAPH_MAX_STAGES], all = {0};
    if (!price_group(list->run, graph, group, &priced, list->error))
        return false;
    for (int i = 0; i < group->n_stages; i++) {
        begin[i] = list->n;
        if (!add_stage_steps(list, graph, group->stages[i], &priced.stages[i]))
            return false;
        traffic[i] = stage_traffic(graph, group, group->stages[i]);
        all.weights += traffic[i].weights;
        all.state += traffic[i].state;
        all.activations += traffic[i].activations;
    }
    begin[group->n_stages] = list->n;
    for (int i = 0; i < group->n_stages && list->n > before; i++) {
        const bool own = begin[i + 1] > begin[i];
        struct schedule_step *step =
            longest_step(list, own ? begin[i] : before, own ? begin[i + 1] : list->n);
        if (all.weights > 0)
            step->weight_bytes += priced.off_chip.weights * traffic[i].weights / all.weights;
        if (all.state > 0)
            step->state_bytes += priced.off_chip.state * traffic[i].state / all.state;
        if (all.activations > 0)
            step->activation_bytes += priced.off_chip.activations * traffic[i].activations / all.activations;
    }
    note(notes, priced.notes.text);
    return true;
}

/* Bytes of one sequence's state in one layer. */
static double layer_state(const struct run *run)
{
    double values = 0;
    for (int g = 0; g < run->alone.n_groups; g++)
        if (run->alone.groups[g].place == PLACE_LAYER)
            values += (double)run->alone.groups[g].state_bytes / run->value_bytes;
    return values / (double)run->graph->batch * run->pricing.memory->state_bytes;
}

static void set_memory(const struct run *run, struct schedule *schedule)
{
    const struct device_memory *memory = run->pricing.memory;
    if (!memory)
        return;
    const double state = layer_state(run);
    double weights = 0;
    for (int i = 0; i < schedule->n_steps; i++)
        weights += schedule->steps[run->tiles[0] ? 0 : 1][i].weight_bytes;
    schedule->bytes_per_cycle = memory->bytes_per_s / run->device->clock_hz;
    schedule->slice_bytes = memory->slice_bytes;
    schedule->state_once = state <= memory->on_chip_bytes;
    schedule->room_bytes = memory->on_chip_bytes - (schedule->state_once ? state : 0);
    schedule->room_bytes = fmax(schedule->room_bytes, 2 * schedule->slice_bytes);
    schedule->resident = weights <= schedule->room_bytes;
}

/* Times of the groups (of the plan, or alone) that lie within a span, or, when that is null, of all that
 * stand in a layer. Sets *times to null where there is no schedule. */
static bool price_schedule(const struct run *run, bool alone, const struct group *span,
                           struct schedule_times *room, const struct schedule_times **times,
                           struct notes *notes, struct error *error)
{
    *times = NULL;
    if (run->pricing.tile <= 0)
        return true;
    struct schedule *schedule = calloc(1, sizeof *schedule);
    bool ok = schedule || error_set(error, STATUS_FAILED, "no memory for a schedule");
    bool any = false;
    for (int size = 0; size < 2 && ok; size++) {
        const struct token_tiles *tile = run->tiles[size];
        if (!tile)
            continue;
        const struct plan *plan = alone ? &tile->alone : &tile->plan;
        struct step_list list = {.run = run, .steps = schedule->steps[size], .error = error};
        schedule->tiles[size] = tile->count;
        for (int g = 0; g < plan->n_groups && ok; g++) {
            if (plan->groups[g].place != PLACE_LAYER || (span && !group_within(&plan->groups[g], span)))
                continue;
            any = true;
            ok = add_group_steps(&list, &tile->graph, &plan->groups[g], notes);
        }
        /* Where only the larger tiles keep a resource busy, or the smaller ones, the others pass that step.
         */
        for (int step = list.n; step < SCHEDULE_MAX_STEPS; step++)
            list.steps[step] = (struct schedule_step){.resource = -1};
        schedule->n_steps = list.n > schedule->n_steps ? list.n : schedule->n_steps;
    }
    if (ok && any) {
        schedule->layers = !span ? run->graph->shape.n_layer : 1;
        struct error reason = {0};
        set_memory(run, schedule);
        ok = schedule_run(schedule, room, &reason) ||
             error_set(error, reason.status, "device %.40s, memory: %s", run->device->name, reason.text);
        *times = room;
    }
    free(schedule);
    return ok;
}

static size_t count_options(const struct task *task)
{
    size_t n = 0;
    while (task->options && task->options[n])
        n++;
    return n;
}

/* Stages that one call of a unit computes cannot be in different groups: what would pass between them never
 * leaves the unit. */
static bool check_calls(const struct run *run, const struct plan *plan, struct error *error)
{
    const struct graph *graph = run->graph;
    for (int a = 0; a < graph->n_stages; a++) {
        const struct device_unit *unit =
            pricing_unit_serving(&run->pricing, graph->shape.arch, graph->stages[a].name);
        for (int g = 0; unit && unit->buffers_count && g < plan->n_groups; g++)
            if (plan->groups[g].n_stages > 1 && group_has(&plan->groups[g], a))
                return error_set(
                    error, STATUS_USAGE,
                    "--fusion %.127s: %.40s cannot fuse %.127s: its unit '%.40s' computes %.40s alone, "
                    "as its operands come and go over the link",
                    plan->values[CHOICE_FUSION], run->device->name, plan->groups[g].name, unit->name,
                    graph->stages[a].name);
        for (int b = 0; unit && b < graph->n_stages; b++) {
            if (!device_has_stage(unit->absorbs, unit->absorbs_count, graph->stages[b].name))
                continue;
            for (int g = 0; g < plan->n_groups; g++)
                if (group_has(&plan->groups[g], a) != group_has(&plan->groups[g], b))
                    return error_set(error, STATUS_USAGE,
                                     "--fusion %.127s: %.40s cannot part %.40s from %.40s: its unit '%.40s' "
                                     "computes both in one call and has no port between them",
                                     plan->values[CHOICE_FUSION], run->device->name, graph->stages[a].name,
                                     graph->stages[b].name, unit->name);
        }
    }
    return true;
}

/* Units are recurrences in hardware. What no unit serves runs on the host, in any form. */
static bool check_scan(const struct run *run, struct error *error)
{
    const enum arch arch = run->graph->shape.arch;
    const struct device_unit *unit = pricing_unit_serving(&run->pricing, arch, "scan");
    if (!unit)
        unit = unit_absorbing(&run->pricing, arch, "scan");
    return run->plan.scan.algorithm == SCAN_SEQUENTIAL || !unit ||
           error_set(
               error, STATUS_USAGE,
               "--scan %.40s: %.40s cannot: its unit '%.40s' takes step after step from the state it holds",
               run->plan.values[CHOICE_SCAN], run->device->name, unit->name);
}

bool pricing_least(const char *platform, const char *default_device, const struct task *task,
                   struct plan *least, struct error *error)
{
    const struct graph *graph = task->graph;
    struct device *device;
    struct pricing pricing;
    char calls[2 * PLAN_VALUE_SIZE] = "";
    size_t used = 0;
    if (!device_load(platform, task->device ? task->device : default_device, &device, error))
        return false;
    bool ok = pricing_init(&pricing, device, task->options, count_options(task), error);
    for (int s = 0; s < graph->n_stages && ok; s++) {
        const char *stage = graph->stages[s].name;
        const struct device_unit *unit = pricing_unit_serving(&pricing, graph->shape.arch, stage);
        bool begun = false;
        for (int b = 0; unit && b < graph->n_stages && used < PLAN_VALUE_SIZE; b++) {
            if (!device_has_stage(unit->absorbs, unit->absorbs_count, graph->stages[b].name))
                continue;
            used += (size_t)snprintf(calls + used, sizeof calls - used, "%s%s+%s", begun || !used ? "" : ",",
                                     begun ? "" : stage, graph->stages[b].name);
            begun = true;
        }
    }
    ok = ok && plan_build(graph, plan_fusing(*calls ? calls : "none", task->plan->precision), least, error);
    device_free(device);
    return ok;
}

static bool price_plan(struct run *run, const struct task *task, struct error *error)
{
    const struct plan *plan = task->plan;
    struct priced_group *priced = calloc((size_t)plan->n_groups, sizeof *priced);
    struct schedule_times room;
    const struct schedule_times *times;
    if (!priced)
        return error_set(error, STATUS_FAILED, "no memory to price %d groups", plan->n_groups);
    bool ok = open_tiles(run, error);
    for (int g = 0; g < plan->n_groups && ok; g++) {
        ok = price_group(run, run->graph, &run->plan.groups[g], &priced[g], error) &&
             price_schedule(run, false, &plan->groups[g], &room, &times, &priced[g].notes, error);
        if (ok)
            add_group_unit(run, &plan->groups[g], g, true, &priced[g], times);
    }
    for (int span = 0; run->spans && span < run->spans->n_groups && ok; span++) {
        struct notes notes = {""};
        ok = price_schedule(run, false, &run->spans->groups[span], &room, &times, &notes, error);
        if (ok)
            add_span_unit(run, plan, span, priced, times);
    }
    for (int a = 0; a < run->alone.n_groups && ok && !run->spans; a++) {
        const struct group *group = &run->alone.groups[a];
        bool fused = false;
        for (int g = 0; g < plan->n_groups; g++)
            for (int i = 0; i < plan->groups[g].n_stages; i++)
                fused =
                    fused || (plan->groups[g].n_stages > 1 && plan->groups[g].stages[i] == group->stages[0]);
        struct priced_group one;
        if (!fused)
            continue;
        ok = price_group(run, run->graph, group, &one, error) &&
             price_schedule(run, true, group, &room, &times, &one.notes, error);
        if (ok)
            add_group_unit(run, group, -1, false, &one, times);
    }
    struct notes notes = {""};
    if (ok && price_schedule(run, false, NULL, &room, &times, &notes, error))
        add_layer_and_model(run, task, priced, times);
    else
        ok = false;
    free(priced);
    return ok;
}

/* Records hold no longer times, and none that are no numbers. */
static bool check_times(const struct run *run, struct error *error)
{
    const double longest = 1e12;
    for (int u = 0; u < run->n_units; u++)
        if (!*run->units[u].skip && !(run->prices[u].time_s <= longest))
            return error_set(error, STATUS_USAGE,
                             "device %.40s: %.100s would take %g s; its clock, units, memory and link must "
                             "make that at most %g",
                             run->device->name, run->units[u].name, run->prices[u].time_s, longest);
    return true;
}

bool pricing_open(const char *platform, const char *default_device, const struct task *task, struct run **run,
                  struct error *error)
{
    const struct graph *graph = task->graph;
    struct plan_choices choices = plan_choices(task->plan);
    choices.precision = PRECISION_FP32;
    struct plan_choices alone = plan_fusing("none", PRECISION_FP32);
    alone.values[CHOICE_RECOMPUTE] = choices.values[CHOICE_RECOMPUTE];
    struct run *opened = calloc(1, sizeof *opened);
    if (!opened)
        return error_set(error, STATUS_FAILED, "no memory for a run of %s", platform);
    opened->task = *task;
    opened->graph = graph;
    opened->spans = task->spans;
    opened->value_bytes = precision_bytes(PRECISION_FP32);
    if (!device_load(platform, task->device ? task->device : default_device, &opened->device, error) ||
        !pricing_init(&opened->pricing, opened->device, task->options, count_options(task), error) ||
        !plan_build(graph, choices, &opened->plan, error) ||
        !plan_build(graph, alone, &opened->alone, error) || !check_calls(opened, task->plan, error) ||
        !check_scan(opened, error) || !weights_resident(opened, error) || !price_plan(opened, task, error) ||
        !check_times(opened, error)) {
        pricing_close(opened);
        return false;
    }
    *run = opened;
    return true;
}

bool pricing_precision(const char *platform, const char *device, enum precision *precision,
                       struct error *error)
{
    struct device *loaded;
    if (!device_load(platform, device, &loaded, error))
        return false;
    *precision = loaded->precision;
    device_free(loaded);
    return true;
}

int pricing_units(const struct run *run, const struct unit **units)
{
    *units = run->units;
    return run->n_units;
}

bool pricing_price(struct run *run, int unit, struct price *price, struct error *error)
{
    if (unit < 0 || unit >= run->n_units)
        return error_set(error, STATUS_USAGE, "no unit %d; there are %d", unit, run->n_units);
    if (*run->units[unit].skip)
        return error_set(error, STATUS_UNAVAILABLE, "%s", run->units[unit].skip);
    *price = run->prices[unit];
    return true;
}

const struct task *pricing_task(const struct run *run)
{
    return &run->task;
}

void pricing_close(struct run *run)
{
    if (!run)
        return;
    device_free(run->device);
    free(run->tiles[0]);
    free(run->tiles[1]);
    free(run);
}
