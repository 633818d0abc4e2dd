/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "bench/record.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/statistics.h"

struct record_file {
    FILE *file;
    char *path;
};

/* JSON has no NaN and no infinity. */
static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *work_json(const struct unit *unit)
{
    const struct work *work = &unit->work;
    return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "mul", (json_int_t)work->mul, "add",
                     (json_int_t)work->add, "exp", (json_int_t)work->exp, "log", (json_int_t)work->log, "div",
                     (json_int_t)work->div, "bytes_read", (json_int_t)unit->bytes_read, "bytes_written",
                     (json_int_t)unit->bytes_written, "onchip_bytes", (json_int_t)unit->onchip_bytes);
}

/* Training: what is kept for the backward pass and what is done twice. */
static void add_training(json_t *record, const struct unit *unit)
{
    const struct work *more = &unit->repeated;
    json_object_set_new(record, "saved_bytes", json_integer((json_int_t)unit->saved_bytes));
    if (unit->high_water_bytes) {
        json_object_set_new(record, "high_water_bytes", json_integer((json_int_t)unit->high_water_bytes));
        json_object_set_new(record, "working_bytes", json_integer((json_int_t)unit->working_bytes));
    }
    json_object_set_new(record, "extra_work",
                        json_pack("{s:I,s:I,s:I,s:I,s:I}", "mul", (json_int_t)more->mul, "add",
                                  (json_int_t)more->add, "exp", (json_int_t)more->exp, "log",
                                  (json_int_t)more->log, "div", (json_int_t)more->div));
}

static json_t *plan_json(const struct result *result)
{
    if (result->published_by) /* what others ran is known as far as the note says */
        return json_object();
    json_t *plan = json_pack("{s:s,s:s}", "fusion", result->fusion, "precision",
                             precision_name(result->plan->precision));
    for (int c = CHOICE_SCAN; c < CHOICE_COUNT && plan; c++)
        json_object_set_new(plan, plan_choice_name((enum plan_choice)c),
                            json_string(result->plan->values[c]));
    for (const char *const *option = result->options; option && *option && plan; option++) {
        const char *equals = strchr(*option, '=');
        char *key = strndup(*option, (size_t)(equals - *option));
        if (!key)
            break;
        json_object_set_new(plan, key, json_string(equals + 1));
        free(key);
    }
    return plan;
}

static double seconds(const struct result *result, struct statistics *statistics, struct error *error)
{
    if (!result->n_samples)
        return result->price->time_s;
    return statistics_compute(result->samples, result->n_samples, statistics, error) ? statistics->median
                                                                                     : -1;
}

static json_t *time_json(const struct result *result, const struct statistics *statistics)
{
    if (!result->n_samples)
        return json_pack("{s:f,s:f,s:i}", "median", result->price->time_s, "min", result->price->time_s, "n",
                         1);
    json_t *samples = json_array();
    for (int i = 0; i < result->n_samples; i++)
        json_array_append_new(samples, json_real(result->samples[i]));
    return json_pack("{s:f,s:[f,f],s:f,s:f,s:i,s:o}", "median", statistics->median, "ci95",
                     statistics->ci95[0], statistics->ci95[1], "coverage", statistics->coverage, "min",
                     statistics->min, "n", statistics->n, "samples", samples);
}

static json_t *rate_json(const struct result *result, double time_s)
{
    const struct unit *unit = result->unit;
    json_t *rate = json_object();
    if (!(time_s > 0))
        return rate;
    json_object_set_new(rate, "gflop_per_s",
                        number((double)(unit->work.mul + unit->work.add) / time_s / 1e9));
    /* A device keeps tensors in its own formats and places: the plan's bytes are not what it moves. */
    if (!result->price)
        json_object_set_new(rate, "gbyte_per_s",
                            number((double)(unit->bytes_read + unit->bytes_written) / time_s / 1e9));
    if (unit->scope == SCOPE_MODEL)
        json_object_set_new(rate, "tokens_per_s",
                            number((double)(result->graph->batch * result->graph->seqlen) / time_s));
    const struct raised_roof *raised = result->roofline ? &result->roofline->raised : NULL;
    if (raised && raised->name)
        json_object_set_new(rate, "roof_raised",
                            json_pack("{s:s,s:s,s:f,s:f}", "roof", raised->name, "unit", raised->unit, "from",
                                      raised->from, "to", raised->to));
    if (result->roofline && result->roofline->unreliable[0]) {
        json_object_set_new(rate, "roofline_fraction", json_null());
        json_object_set_new(rate, "roofline_fraction_reason", json_string(result->roofline->unreliable));
    } else if (result->roofline && result->roofline->floor_s > 0) {
        json_object_set_new(rate, "roofline_fraction", number(result->roofline->floor_s / time_s));
        json_object_set_new(rate, "roofline_limit", json_string(result->roofline->limit));
    }
    return rate;
}

static json_t *breakdown_json(const struct price *price)
{
    json_t *breakdown = json_object();
    const struct {
        const char *name;
        double value;
    } parts[] = {{"compute_s", price->compute_s},
                 {"memory_s", price->memory_s},
                 {"link_s", price->link_s},
                 {"overhead_s", price->overhead_s}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (parts[i].value >= 0)
            json_object_set_new(breakdown, parts[i].name, number(parts[i].value));
    return breakdown;
}

static json_t *ports_json(const struct port_use *use)
{
    json_t *in = json_pack("{s:f}", "bytes", use->in_bytes);
    json_t *out = json_pack("{s:f}", "bytes", use->out_bytes);
    if (use->in_wait_cycles >= 0)
        json_object_set_new(in, "wait_cycles", number(use->in_wait_cycles));
    if (use->out_wait_cycles >= 0)
        json_object_set_new(out, "wait_cycles", number(use->out_wait_cycles));
    json_t *ports = json_pack("{s:f,s:f,s:f,s:f,s:o,s:o}", "fill_cycles", use->fill_cycles, "compute_cycles",
                              use->compute_cycles, "stall_cycles", use->stall_cycles, "drain_cycles",
                              use->drain_cycles, "in", in, "out", out);
    if (use->deviation_cycles > 0)
        json_object_set_new(ports, "deviation_cycles", number(use->deviation_cycles));
    return ports;
}

static void add_accuracy(json_t *record, const struct accuracy *accuracy)
{
    if (accuracy->reason[0]) {
        json_object_set_new(record, "error", json_null());
        json_object_set_new(record, "error_reason", json_string(accuracy->reason));
        return;
    }
    json_t *error =
        json_pack("{s:o,s:o,s:s,s:I}", "max_abs", number(accuracy->max_abs), "rel_l2",
                  number(accuracy->rel_l2), "reference", "float64", "tokens", (json_int_t)accuracy->tokens);
    if (accuracy->data[0])
        json_object_set_new(error, "data", json_string(accuracy->data));
    json_object_set_new(record, "error", error);
}

/* FNV-1a over the fields that say what was run, so that the repro line gives the same id. */
static void add_id(json_t *record)
{
    static const char *const keys[] = {"platform", "device", "model",      "phase", "batch",   "seqlen",
                                       "context",  "scope",  "stage",      "plan",  "threads", "cache",
                                       "kernel",   "isa",    "all_logits", "seed",  NULL};
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (int k = 0; keys[k]; k++) {
        const json_t *value = json_object_get(record, keys[k]);
        char *text = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_SORT_KEYS | JSON_COMPACT) : NULL;
        for (const char *c = text ? text : ""; *c; c++)
            hash = (hash ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
        hash = (hash ^ '\n') * UINT64_C(0x100000001b3);
        free(text);
    }
    char id[17];
    snprintf(id, sizeof id, "%016" PRIx64, hash);
    json_object_set_new(record, "id", json_string(id));
}

static void add_tile(json_t *record, const struct price *price)
{
    if (price->held_bytes <= 0)
        return;
    json_t *tile = json_pack("{s:o,s:o,s:I}", "held_bytes", number(price->held_bytes), "on_chip_bytes",
                             number(price->held_room), "tokens", (json_int_t)price->tile_tokens);
    if (price->tile_channels)
        json_object_set_new(tile, "channels", json_integer((json_int_t)price->tile_channels));
    json_object_set_new(record, "tile", tile);
}

static bool add_figures(json_t *record, const struct result *result, struct error *error)
{
    struct statistics statistics;
    const double time_s = seconds(result, &statistics, error);
    if (!(time_s >= 0))
        return error_set(error, STATUS_FAILED, "%s: no valid time", result->unit->name);
    json_object_set_new(record, "time_s", time_json(result, &statistics));
    if (result->price) {
        if (result->price->cycles >= 0)
            json_object_set_new(record, "cycles", number(result->price->cycles));
        json_object_set_new(record, "breakdown", breakdown_json(result->price));
        add_tile(record, result->price);
        if (result->price->off_chip_bytes >= 0)
            json_object_set_new(json_object_get(record, "work"), "off_chip_bytes",
                                number(result->price->off_chip_bytes));
        if (result->price->has_ports)
            json_object_set_new(record, "ports", ports_json(&result->price->ports));
        if (result->price->note[0])
            json_object_set_new(record, "note", json_string(result->price->note));
    }
    json_object_set_new(record, "rate", rate_json(result, time_s));
    if (!result->price && result->others >= 0)
        json_object_set_new(record, "others_fraction", number(result->others));
    if (result->counters)
        json_object_set_new(record, "counters", counters_json(result->counters));
    if (result->energy)
        json_object_set(record, "energy", result->energy);
    if (result->accuracy)
        add_accuracy(record, result->accuracy);
    return true;
}

json_t *record_make(const struct result *result, struct error *error)
{
    const struct unit *unit = result->unit;
    const struct graph *graph = result->graph;
    json_t *record = json_pack(
        "{s:i,s:s,s:s,s:s,s:s,s:s,s:s,s:I,s:I,s:s,s:s,s:b,s:I,s:o}", "schema", 1, "id", "", "platform",
        result->platform, "device", result->device, "provenance", provenance_name(result->provenance),
        "model", graph->shape.name, "phase", phase_name(graph->phase), "batch", (json_int_t)graph->batch,
        "seqlen", (json_int_t)graph->seqlen, "scope", scope_name(unit->scope), "stage", unit->name, "in_plan",
        unit->in_plan || unit->span >= 0, "repeats", (json_int_t)unit->repeats, "plan", plan_json(result));
    if (!record) {
        error_set(error, STATUS_FAILED, "cannot make a record of %s", unit->name);
        return NULL;
    }
    if (graph->phase == PHASE_DECODE)
        json_object_set_new(record, "context", json_integer(result->context));
    if (unit->kernel[0])
        json_object_set_new(record, "kernel", json_string(unit->kernel));
    if (result->isa)
        json_object_set_new(record, "isa", json_string(result->isa));
    if (result->all_logits)
        json_object_set_new(record, "all_logits", json_true());
    json_object_set_new(record, "seed", json_integer((json_int_t)result->seed));
    if (result->threads)
        json_object_set_new(record, "threads", json_integer(result->threads));
    if (result->cache)
        json_object_set_new(record, "cache", json_string(result->cache));
    json_object_set_new(record, "work", work_json(unit));
    if (graph->phase == PHASE_TRAIN && unit->scope >= SCOPE_LAYER)
        add_training(record, unit);
    if (unit->prepared_bytes)
        json_object_set_new(record, "preparation",
                            json_pack("{s:f, s:I}", "time_s", unit->preparation_s, "bytes",
                                      (json_int_t)unit->prepared_bytes));
    if (result->compare)
        json_object_set(record, "compare", result->compare);
    if (result->published)
        json_object_set(record, "published", result->published);
    if (result->assumed && json_array_size(result->assumed))
        json_object_set(record, "assumed", result->assumed);
    if (result->skipped)
        json_object_set_new(record, "skipped", json_string(result->skipped));
    else if (!add_figures(record, result, error)) {
        json_decref(record);
        return NULL;
    }
    json_object_set_new(record, "environment", json_string(result->environment));
    json_object_set_new(record, "repro", json_string(result->repro));
    add_id(record);
    return record;
}

double record_seconds(const json_t *record)
{
    const json_t *median = json_object_get(json_object_get(record, "time_s"), "median");
    return json_is_number(median) ? json_number_value(median) : -1;
}

struct record_file *record_file_create(const char *path, struct error *error)
{
    struct record_file *file = calloc(1, sizeof *file);
    if (!file || !(file->path = strdup(path))) {
        free(file);
        error_set(error, STATUS_FAILED, "out of memory");
        return NULL;
    }
    file->file = fopen(path, "wx");
    if (!file->file) {
        if (errno == EEXIST)
            error_set(error, STATUS_USAGE, "%s exists already: choose another folder", path);
        else
            error_set(error, STATUS_USAGE, "%s: %s", path, strerror(errno));
        free(file->path);
        free(file);
        return NULL;
    }
    return file;
}

bool record_file_write(struct record_file *file, const json_t *record, struct error *error)
{
    if (json_dumpf(record, file->file, JSON_COMPACT | JSON_ENSURE_ASCII) || fputc('\n', file->file) == EOF ||
        fflush(file->file))
        return error_set(error, STATUS_FAILED, "%s: cannot write: %s", file->path, strerror(errno));
    return true;
}

bool record_file_close(struct record_file *file, struct error *error)
{
    const bool ok = fclose(file->file) == 0 ||
                    error_set(error, STATUS_FAILED, "%s: cannot write: %s", file->path, strerror(errno));
    free(file->path);
    free(file);
    return ok;
}
