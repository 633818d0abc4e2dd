/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "platforms/device.h"

#include <ctype.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mamba/graph.h"

static const cyaml_strval_t figures[] = {
    {"cycles", FIGURE_CYCLES},
    {"compute_cycles", FIGURE_COMPUTE_CYCLES},
    {"tile_cycles", FIGURE_TILE_CYCLES},
    {"pipeline_cycles", FIGURE_PIPELINE_CYCLES},
    {"transfer_cycles", FIGURE_TRANSFER_CYCLES},
    {"link_writes", FIGURE_LINK_WRITES},
    {"link_reads", FIGURE_LINK_READS},
    {"seconds", FIGURE_SECONDS},
    {"seconds_per_token", FIGURE_SECONDS_PER_TOKEN},
    {"tokens_per_s", FIGURE_TOKENS_PER_S},
    {"tokens_per_joule", FIGURE_TOKENS_PER_JOULE},
    {"speedup", FIGURE_SPEEDUP},
    {"efficiency_gain", FIGURE_EFFICIENCY_GAIN},
    {"reduction", FIGURE_REDUCTION},
};
_Static_assert(CYAML_ARRAY_LEN(figures) == FIGURE_COUNT, "a figure without a name");

static const cyaml_strval_t evidences[] = {{"published", EVIDENCE_PUBLISHED},
                                           {"digitised", EVIDENCE_DIGITISED},
                                           {"simulated-rtl", EVIDENCE_SIMULATED_RTL},
                                           {"derived", EVIDENCE_DERIVED}};
_Static_assert(CYAML_ARRAY_LEN(evidences) == EVIDENCE_COUNT, "evidence without a name");
static const cyaml_strval_t bases[] = {
    {"prediction", BASIS_PREDICTION}, {"construction", BASIS_CONSTRUCTION}, {"fit", BASIS_FIT}};
static const cyaml_strval_t device_precisions[] = {
    {"fp32", PRECISION_FP32}, {"bf16", PRECISION_BF16}, {"fp16", PRECISION_FP16}, {"int8", PRECISION_INT8}};
static const cyaml_strval_t activation_places[] = {
    {"on_chip", ACTIVATIONS_ON_CHIP}, {"off_chip", ACTIVATIONS_OFF_CHIP}, {"fit", ACTIVATIONS_FIT}};
static const cyaml_strval_t state_places[] = {
    {"on_chip", STATE_ON_CHIP}, {"read", STATE_READ}, {"read_write", STATE_READ_WRITE}};

const char *figure_name(enum figure figure)
{
    return figures[figure].str;
}

const char *evidence_name(enum evidence evidence)
{
    return evidences[evidence].str;
}

const char *basis_name(enum basis basis)
{
    return bases[basis].str;
}

#define TEXT(key, type, field)                                                                               \
    CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER, type, field, 1, CYAML_UNLIMITED)
#define TEXT_OPTIONAL(key, type, field)                                                                      \
    CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, type, field, 1, CYAML_UNLIMITED)
#define NUMBER(key, type, field) CYAML_FIELD_FLOAT(key, CYAML_FLAG_DEFAULT, type, field)
#define NUMBER_OPTIONAL(key, type, field) CYAML_FIELD_FLOAT(key, CYAML_FLAG_OPTIONAL, type, field)
#define TRUTH(key, type, field) CYAML_FIELD_BOOL(key, CYAML_FLAG_OPTIONAL, type, field)
#define LIST(key, type, field, entry)                                                                        \
    CYAML_FIELD_SEQUENCE(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, type, field, entry, 0,               \
                         CYAML_UNLIMITED)
#define ENTRY(schema, type, fields)                                                                          \
    static const cyaml_schema_value_t schema = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, type, fields)}

static const cyaml_schema_value_t text_entry = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, CYAML_UNLIMITED)};
static const cyaml_schema_value_t number_entry = {CYAML_VALUE_FLOAT(CYAML_FLAG_DEFAULT, double)};

static const cyaml_schema_field_t constant_fields[] = {
    TEXT("name", struct device_constant, name), NUMBER("value", struct device_constant, value),
    TEXT_OPTIONAL("when", struct device_constant, when), CYAML_FIELD_END};
ENTRY(constant_entry, struct device_constant, constant_fields);

static const cyaml_schema_field_t option_fields[] = {
    TEXT("name", struct device_option, name),
    TEXT("summary", struct device_option, summary),
    TEXT("default", struct device_option, fallback),
    LIST("choices", struct device_option, choices, &text_entry),
    TRUTH("may_be_zero", struct device_option, may_be_zero),
    NUMBER_OPTIONAL("most", struct device_option, most),
    TEXT_OPTIONAL("when", struct device_option, when),
    CYAML_FIELD_END};
ENTRY(option_entry, struct device_option, option_fields);

static const cyaml_schema_field_t assumption_fields[] = {TEXT("name", struct device_assumption, name),
                                                         TEXT("reason", struct device_assumption, reason),
                                                         CYAML_FIELD_END};
ENTRY(assumption_entry, struct device_assumption, assumption_fields);

static const cyaml_schema_field_t trip_fields[] = {
    TEXT("extent", struct device_trip, extent), TEXT_OPTIONAL("lanes", struct device_trip, lanes),
    TEXT_OPTIONAL("cycles", struct device_trip, cycles),
    TEXT_OPTIONAL("overhead", struct device_trip, overhead), CYAML_FIELD_END};
ENTRY(trip_entry, struct device_trip, trip_fields);

static const cyaml_schema_field_t pipeline_fields[] = {
    TEXT("name", struct device_pipeline, name),
    TEXT_OPTIONAL("resource", struct device_pipeline, resource),
    TEXT_OPTIONAL("simulation", struct device_pipeline, simulation),
    LIST("arguments", struct device_pipeline, arguments, &text_entry),
    LIST("trips", struct device_pipeline, trips, &trip_entry),
    TEXT_OPTIONAL("depth", struct device_pipeline, depth),
    CYAML_FIELD_END};
ENTRY(pipeline_entry, struct device_pipeline, pipeline_fields);

static const cyaml_schema_field_t tile_fields[] = {TEXT("dim", struct device_tile, dim),
                                                   TEXT("size", struct device_tile, size), CYAML_FIELD_END};
ENTRY(tile_entry, struct device_tile, tile_fields);

static const cyaml_schema_field_t buffer_fields[] = {
    TEXT("name", struct device_buffer, name),          TEXT("values", struct device_buffer, values),
    TEXT_OPTIONAL("when", struct device_buffer, when), TRUTH("weights", struct device_buffer, weights),
    TRUTH("receive", struct device_buffer, receive),   CYAML_FIELD_END};
ENTRY(buffer_entry, struct device_buffer, buffer_fields);

static const cyaml_schema_field_t port_fields[] = {TEXT("name", struct device_port, name),
                                                   TRUTH("out", struct device_port, out),
                                                   TRUTH("once", struct device_port, once),
                                                   TEXT_OPTIONAL("after", struct device_port, after),
                                                   TEXT_OPTIONAL("delay", struct device_port, delay),
                                                   LIST("trips", struct device_port, trips, &trip_entry),
                                                   CYAML_FIELD_END};
ENTRY(port_entry, struct device_port, port_fields);

static const cyaml_schema_field_t port_memory_fields[] = {
    TEXT_OPTIONAL("when", struct device_port_memory, when),
    TEXT("beat_bits", struct device_port_memory, beat_bits),
    TEXT("bytes_per_cycle", struct device_port_memory, bytes_per_cycle),
    TEXT("latency", struct device_port_memory, latency),
    TEXT("stall_percent", struct device_port_memory, stall_percent),
    CYAML_FIELD_END};
ENTRY(port_memory_entry, struct device_port_memory, port_memory_fields);

static const cyaml_schema_field_t words_fields[] = {TEXT_OPTIONAL("name", struct device_words, name),
                                                    LIST("set", struct device_words, words, &text_entry),
                                                    CYAML_FIELD_END};
ENTRY(words_entry, struct device_words, words_fields);
static const cyaml_schema_field_t grid_fields[] = {
    LIST("shapes", struct device_rtl_grid, shapes, &words_entry),
    LIST("memories", struct device_rtl_grid, memories, &words_entry),
    LIST("variants", struct device_rtl_grid, variants, &words_entry), CYAML_FIELD_END};
ENTRY(grid_entry, struct device_rtl_grid, grid_fields);
static const cyaml_schema_field_t rtl_fields[] = {TEXT("platform", struct device_rtl, platform),
                                                  TEXT("device", struct device_rtl, device),
                                                  TEXT("unit", struct device_rtl, unit),
                                                  LIST("options", struct device_rtl, options, &text_entry),
                                                  LIST("grids", struct device_rtl, grids, &grid_entry),
                                                  CYAML_FIELD_END};

static const cyaml_schema_field_t comparison_fields[] = {
    TEXT("machine", struct device_comparison, machine),    TEXT("model", struct device_comparison, model),
    TEXT("phase", struct device_comparison, phase),        TEXT("stage", struct device_comparison, stage),
    NUMBER("seconds", struct device_comparison, seconds),  TEXT("source", struct device_comparison, source),
    TEXT_OPTIONAL("note", struct device_comparison, note), CYAML_FIELD_END};
ENTRY(comparison_entry, struct device_comparison, comparison_fields);

static const cyaml_schema_field_t unit_fields[] = {
    TEXT("name", struct device_unit, name),
    LIST("stages", struct device_unit, stages, &text_entry),
    LIST("absorbs", struct device_unit, absorbs, &text_entry),
    TEXT_OPTIONAL("arch", struct device_unit, arch),
    TEXT_OPTIONAL("when", struct device_unit, when),
    TEXT_OPTIONAL("calls", struct device_unit, calls),
    LIST("tiles", struct device_unit, tiles, &tile_entry),
    TEXT_OPTIONAL("tile_overhead", struct device_unit, tile_overhead),
    TEXT_OPTIONAL("call_overhead", struct device_unit, call_overhead),
    LIST("pipelines", struct device_unit, pipelines, &pipeline_entry),
    LIST("buffers", struct device_unit, buffers, &buffer_entry),
    LIST("ports", struct device_unit, ports, &port_entry),
    TEXT_OPTIONAL("operands_after", struct device_unit, operands_after),
    TEXT_OPTIONAL("operands_delay", struct device_unit, operands_delay),
    TEXT_OPTIONAL("port_gap", struct device_unit, port_gap),
    TEXT_OPTIONAL("port_latency", struct device_unit, port_latency),
    TEXT_OPTIONAL("lead", struct device_unit, lead),
    TEXT_OPTIONAL("split", struct device_unit, split),
    TEXT_OPTIONAL("weight_sets", struct device_unit, weight_sets),
    TEXT_OPTIONAL("note", struct device_unit, note),
    CYAML_FIELD_END};
ENTRY(unit_entry, struct device_unit, unit_fields);

static const cyaml_schema_field_t memory_fields[] = {
    TEXT_OPTIONAL("when", struct device_memory, when),
    NUMBER("bytes_per_s", struct device_memory, bytes_per_s),
    NUMBER("weight_bytes", struct device_memory, weight_bytes),
    NUMBER("activation_bytes", struct device_memory, activation_bytes),
    NUMBER("state_bytes", struct device_memory, state_bytes),
    NUMBER_OPTIONAL("on_chip_bytes", struct device_memory, on_chip_bytes),
    NUMBER_OPTIONAL("slice_bytes", struct device_memory, slice_bytes),
    CYAML_FIELD_ENUM("activations", CYAML_FLAG_STRICT, struct device_memory, activations, activation_places,
                     CYAML_ARRAY_LEN(activation_places)),
    CYAML_FIELD_ENUM("state", CYAML_FLAG_STRICT, struct device_memory, state, state_places,
                     CYAML_ARRAY_LEN(state_places)),
    TEXT_OPTIONAL("note", struct device_memory, note),
    CYAML_FIELD_END};
ENTRY(memory_entry, struct device_memory, memory_fields);

static const cyaml_schema_field_t transfer_fields[] = {
    TEXT_OPTIONAL("when", struct device_transfer, when),
    NUMBER("access_bytes", struct device_transfer, access_bytes),
    NUMBER("write_cycles", struct device_transfer, write_cycles),
    NUMBER("read_cycles", struct device_transfer, read_cycles),
    NUMBER_OPTIONAL("setup_cycles", struct device_transfer, setup_cycles),
    TRUTH("engine", struct device_transfer, engine),
    CYAML_FIELD_END};
ENTRY(transfer_entry, struct device_transfer, transfer_fields);

static const cyaml_schema_field_t conversion_fields[] = {
    TEXT_OPTIONAL("when", struct device_conversion, when),
    NUMBER("send_cycles", struct device_conversion, send_cycles),
    NUMBER("weight_cycles", struct device_conversion, weight_cycles),
    NUMBER("receive_cycles", struct device_conversion, receive_cycles), CYAML_FIELD_END};
ENTRY(conversion_entry, struct device_conversion, conversion_fields);

static const cyaml_schema_field_t link_fields[] = {
    NUMBER("config_writes", struct device_link, config_writes),
    NUMBER("polls", struct device_link, polls),
    NUMBER("register_write_cycles", struct device_link, register_write_cycles),
    NUMBER("register_read_cycles", struct device_link, register_read_cycles),
    LIST("conversions", struct device_link, conversions, &conversion_entry),
    NUMBER("memory_bytes", struct device_link, memory_bytes),
    NUMBER("alignment", struct device_link, alignment),
    TEXT_OPTIONAL("resident", struct device_link, resident),
    LIST("transfers", struct device_link, transfers, &transfer_entry),
    CYAML_FIELD_END};

static const cyaml_schema_field_t host_fields[] = {
    TEXT("name", struct device_host, name),     NUMBER("mul", struct device_host, mul),
    NUMBER("add", struct device_host, add),     NUMBER("exp", struct device_host, exp),
    NUMBER("log", struct device_host, log),     NUMBER("div", struct device_host, div),
    NUMBER("value", struct device_host, value), CYAML_FIELD_END};

static const cyaml_schema_field_t overlap_fields[] = {
    TEXT_OPTIONAL("when", struct device_overlap, when),
    CYAML_FIELD_BOOL("resources", CYAML_FLAG_DEFAULT, struct device_overlap, resources),
    CYAML_FIELD_BOOL("memory", CYAML_FLAG_DEFAULT, struct device_overlap, memory),
    TEXT_OPTIONAL("tile", struct device_overlap, tile),
    TRUTH("host", struct device_overlap, host),
    CYAML_FIELD_END};
ENTRY(overlap_entry, struct device_overlap, overlap_fields);

static const cyaml_schema_field_t energy_fields[] = {
    NUMBER_OPTIONAL("power_w", struct device_energy, power_w),
    NUMBER_OPTIONAL("mul_pj", struct device_energy, mul_pj),
    NUMBER_OPTIONAL("add_pj", struct device_energy, add_pj),
    NUMBER_OPTIONAL("exp_pj", struct device_energy, exp_pj),
    NUMBER_OPTIONAL("log_pj", struct device_energy, log_pj),
    NUMBER_OPTIONAL("div_pj", struct device_energy, div_pj),
    NUMBER_OPTIONAL("on_chip_byte_pj", struct device_energy, on_chip_byte_pj),
    NUMBER_OPTIONAL("off_chip_byte_pj", struct device_energy, off_chip_byte_pj),
    NUMBER_OPTIONAL("host_cycle_pj", struct device_energy, host_cycle_pj),
    NUMBER_OPTIONAL("unit_cycle_pj", struct device_energy, unit_cycle_pj),
    NUMBER_OPTIONAL("access_pj", struct device_energy, access_pj),
    TEXT("source", struct device_energy, source),
    TEXT_OPTIONAL("note", struct device_energy, note),
    CYAML_FIELD_END};

static const cyaml_schema_field_t baseline_fields[] = {
    TEXT("name", struct device_baseline, name),
    NUMBER("fixed_s", struct device_baseline, fixed_s),
    NUMBER("token_s", struct device_baseline, token_s),
    TEXT("source", struct device_baseline, source),
    TEXT_OPTIONAL("when", struct device_baseline, when),
    NUMBER_OPTIONAL("tokens_per_joule", struct device_baseline, tokens_per_joule),
    CYAML_FIELD_END};
ENTRY(baseline_entry, struct device_baseline, baseline_fields);

static const cyaml_schema_field_t resources_fields[] = {
    TEXT("name", struct device_resources, name),
    NUMBER_OPTIONAL("lut", struct device_resources, lut),
    NUMBER_OPTIONAL("ff", struct device_resources, ff),
    NUMBER_OPTIONAL("dsp", struct device_resources, dsp),
    NUMBER_OPTIONAL("bram", struct device_resources, bram),
    NUMBER_OPTIONAL("uram", struct device_resources, uram),
    TEXT("source", struct device_resources, source),
    CYAML_FIELD_END};
ENTRY(resources_entry, struct device_resources, resources_fields);

static const cyaml_schema_field_t call_fields[] = {TEXT("unit", struct device_call, unit),
                                                   LIST("dims", struct device_call, dims, &text_entry),
                                                   CYAML_FIELD_END};
ENTRY(call_entry, struct device_call, call_fields);

static const cyaml_schema_field_t miss_fields[] = {
    NUMBER("error", struct device_miss, error), TEXT("reason", struct device_miss, reason), CYAML_FIELD_END};

static const cyaml_schema_field_t result_fields[] = {
    TEXT("id", struct device_result, id),
    TEXT("what", struct device_result, what),
    CYAML_FIELD_ENUM("figure", CYAML_FLAG_STRICT, struct device_result, figure, figures,
                     CYAML_ARRAY_LEN(figures)),
    NUMBER("value", struct device_result, value),
    TEXT("source", struct device_result, source),
    CYAML_FIELD_ENUM("provenance", CYAML_FLAG_STRICT, struct device_result, provenance, evidences,
                     CYAML_ARRAY_LEN(evidences)),
    NUMBER("tolerance", struct device_result, tolerance),
    CYAML_FIELD_ENUM("basis", CYAML_FLAG_STRICT | CYAML_FLAG_OPTIONAL, struct device_result, basis, bases,
                     CYAML_ARRAY_LEN(bases)),
    CYAML_FIELD_MAPPING_PTR("missed", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct device_result, missed,
                            miss_fields),
    TEXT_OPTIONAL("note", struct device_result, note),
    LIST("options", struct device_result, options, &text_entry),
    LIST("against", struct device_result, against, &text_entry),
    LIST("calls", struct device_result, calls, &call_entry),
    TEXT_OPTIONAL("pipeline", struct device_result, pipeline),
    TEXT_OPTIONAL("model", struct device_result, model),
    TEXT_OPTIONAL("phase", struct device_result, phase),
    LIST("seqlens", struct device_result, seqlens, &number_entry),
    TRUTH("layers_only", struct device_result, layers_only),
    TEXT_OPTIONAL("baseline", struct device_result, baseline),
    TEXT_OPTIONAL("of", struct device_result, of),
    CYAML_FIELD_END};
ENTRY(result_entry, struct device_result, result_fields);

static const cyaml_schema_field_t device_fields[] = {
    TEXT("name", struct device, name),
    TEXT("platform", struct device, platform),
    TEXT("summary", struct device, summary),
    TEXT("source", struct device, source),
    TEXT_OPTIONAL("note", struct device, note),
    CYAML_FIELD_ENUM("precision", CYAML_FLAG_STRICT | CYAML_FLAG_OPTIONAL, struct device, precision,
                     device_precisions, CYAML_ARRAY_LEN(device_precisions)),
    NUMBER_OPTIONAL("clock_hz", struct device, clock_hz),
    LIST("constants", struct device, constants, &constant_entry),
    LIST("options", struct device, options, &option_entry),
    LIST("assumed", struct device, assumed, &assumption_entry),
    LIST("undecided", struct device, undecided, &assumption_entry),
    LIST("resources", struct device, resources, &resources_entry),
    LIST("units", struct device, units, &unit_entry),
    LIST("memory", struct device, memory, &memory_entry),
    LIST("port_memory", struct device, port_memory, &port_memory_entry),
    CYAML_FIELD_MAPPING_PTR("rtl", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct device, rtl, rtl_fields),
    CYAML_FIELD_MAPPING_PTR("link", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct device, link,
                            link_fields),
    CYAML_FIELD_MAPPING_PTR("host", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct device, host,
                            host_fields),
    LIST("overlap", struct device, overlap, &overlap_entry),
    CYAML_FIELD_MAPPING_PTR("energy", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct device, energy,
                            energy_fields),
    LIST("baselines", struct device, baselines, &baseline_entry),
    LIST("comparisons", struct device, comparisons, &comparison_entry),
    LIST("published", struct device, published, &result_entry),
    CYAML_FIELD_END};

static const cyaml_schema_value_t device_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct device, device_fields)};

static const cyaml_config_t freeing = {.mem_fn = cyaml_mem, .log_level = CYAML_LOG_ERROR};

const struct device_baseline *device_baseline(const struct device *device, const char *name)
{
    for (unsigned i = 0; name && i < device->baselines_count; i++)
        if (!strcmp(device->baselines[i].name, name))
            return &device->baselines[i];
    return NULL;
}

void device_free(struct device *device)
{
    cyaml_free(&freeing, &device_schema, device, 0);
}

/* Expressions: sum := product {+ product}; product := factor {* factor};
 * factor := number | name | log2(sum) | (sum). */
struct parser {
    const char *text, *at;
    expression_lookup *lookup;
    void *context;
    struct error *error;
    int nesting;
};

enum { EXPRESSION_NESTING = 16, EXPRESSION_NAME = 64 };

static bool parse_sum(struct parser *parser, double *value);

static bool complain(struct parser *parser, const char *what)
{
    return error_set(parser->error, STATUS_USAGE, "'%.80s': %s at '%.20s'", parser->text, what, parser->at);
}

static void skip_blanks(struct parser *parser)
{
    while (*parser->at == ' ')
        parser->at++;
}

static bool accept(struct parser *parser, char wanted)
{
    skip_blanks(parser);
    if (*parser->at != wanted)
        return false;
    parser->at++;
    return true;
}

static bool parse_parenthesis(struct parser *parser, double *value)
{
    if (!accept(parser, '('))
        return complain(parser, "'(' is missing");
    if (++parser->nesting > EXPRESSION_NESTING)
        return complain(parser, "too many parentheses");
    if (!parse_sum(parser, value))
        return false;
    parser->nesting--;
    return accept(parser, ')') || complain(parser, "')' is missing");
}

static bool parse_name(struct parser *parser, double *value)
{
    char name[EXPRESSION_NAME];
    size_t length = 0;
    while (isalnum((unsigned char)parser->at[length]) || parser->at[length] == '_')
        length++;
    if (length >= sizeof name)
        return complain(parser, "a name is too long");
    memcpy(name, parser->at, length);
    name[length] = '\0';
    if (!strcmp(name, "log2")) {
        parser->at += length;
        if (!parse_parenthesis(parser, value))
            return false;
        *value = *value > 1 ? ceil(log2(*value)) : 0;
        return true;
    }
    if (!parser->lookup(parser->context, name, value))
        return complain(parser, "there is no such dimension, numeric option or constant");
    parser->at += length;
    return true;
}

static bool parse_factor(struct parser *parser, double *value)
{
    skip_blanks(parser);
    if (isdigit((unsigned char)*parser->at)) {
        const char *end;
        if (!configs_number(parser->at, &end, value) || isalpha((unsigned char)*end) || *end == '_')
            return complain(parser, "not a number");
        parser->at = end;
        return true;
    }
    if (isalpha((unsigned char)*parser->at) || *parser->at == '_')
        return parse_name(parser, value);
    if (*parser->at == '(')
        return parse_parenthesis(parser, value);
    return complain(parser, "a number, a name or '(' is missing");
}

static bool parse_product(struct parser *parser, double *value)
{
    if (!parse_factor(parser, value))
        return false;
    for (double factor; accept(parser, '*'); *value *= factor)
        if (!parse_factor(parser, &factor))
            return false;
    return true;
}

static bool parse_sum(struct parser *parser, double *value)
{
    if (!parse_product(parser, value))
        return false;
    for (double term; accept(parser, '+'); *value += term)
        if (!parse_product(parser, &term))
            return false;
    return true;
}

bool expression_value(const char *text, double missing, expression_lookup *lookup, void *context,
                      double *value, struct error *error)
{
    *value = missing;
    if (!text)
        return true;
    struct parser parser = {text, text, lookup, context, error, 0};
    if (!parse_sum(&parser, value))
        return false;
    skip_blanks(&parser);
    if (*parser.at)
        return complain(&parser, "'+' or '*' is missing");
    return (*value >= 0 && *value <= DEVICE_LARGEST) ||
           error_set(error, STATUS_USAGE, "'%.80s' is %g; it must be a finite number from 0 to %g", text,
                     *value, DEVICE_LARGEST);
}

/* Checks that the schema cannot express. The first complaint wins. */
struct check {
    const struct device *device;
    const char *file;
    struct error *error;
    bool failed;
};

static void refuse(struct check *check, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void refuse(struct check *check, const char *format, ...)
{
    char text[384];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (!check->failed)
        error_set(check->error, STATUS_USAGE, "configs/devices/%.60s.yaml: %s", check->file, text);
    check->failed = true;
}

static void check_range(struct check *check, const char *key, double value, double least)
{
    if (!(value >= least && value <= DEVICE_LARGEST))
        refuse(check, "%s is %g; it must be a finite number from %g to %g", key, value, least,
               DEVICE_LARGEST);
}

static void check_number(struct check *check, const char *key, double value, bool positive)
{
    if (positive && !(value > 0 && isfinite(value)))
        refuse(check, "%s is %g; it must be a finite number above 0", key, value);
    check_range(check, key, value, positive ? 1 / DEVICE_LARGEST : 0);
}

static const struct device_option *find_option(const struct device *device, const char *name, size_t length)
{
    for (unsigned i = 0; i < device->options_count; i++)
        if (strlen(device->options[i].name) == length && !strncmp(device->options[i].name, name, length))
            return &device->options[i];
    return NULL;
}

static bool integer_from(const char *text, double least, double most, double *value)
{
    const char *end;
    return configs_number(text, &end, value) && !*end && *value >= least && *value <= most &&
           *value == floor(*value);
}

static double option_most(const struct device_option *option)
{
    return option->most > 0 ? option->most : 1e9;
}

static bool option_takes(const struct device_option *option, const char *value)
{
    double number;
    if (option->choices_count == 0)
        return integer_from(value, option->may_be_zero ? 0 : 1, option_most(option), &number);
    for (unsigned i = 0; i < option->choices_count; i++)
        if (!strcmp(option->choices[i], value))
            return true;
    return false;
}

static bool known_dim(const char *name)
{
    for (const struct kernel_family *const *family = kernel_families; *family; family++)
        for (int i = 0; i < (*family)->n_dims; i++)
            if (!strcmp((*family)->dims[i].name, name))
                return true;
    return false;
}

/* Stands for any sensible value of every name that an expression may use. */
static bool lookup_any(void *context, const char *name, double *value)
{
    const struct device *device = context;
    *value = 1;
    if (known_dim(name))
        return true;
    for (unsigned i = 0; i < device->constants_count; i++)
        if (!strcmp(device->constants[i].name, name)) {
            *value = device->constants[i].value;
            return true;
        }
    const struct device_option *option = find_option(device, name, strlen(name));
    return option && option->choices_count == 0;
}

static void check_expression(struct check *check, const char *unit, const char *key, const char *text,
                             bool positive)
{
    double value;
    struct error error = {0};
    if (!expression_value(text, 1, lookup_any, (void *)check->device, &value, &error))
        refuse(check, "unit '%.40s', %s: %s", unit, key, error.text);
    else if (positive && value < 1 / DEVICE_LARGEST)
        refuse(check, "unit '%.40s', %s: '%.80s' must be above 0", unit, key, text);
}

/* What is left of a `when`, alternatives, or of one: conditions that must all hold. */
struct words {
    const char *at, *end; /* at null: nothing */
};

static struct words all_words(const char *when)
{
    return (struct words){when, when ? when + strlen(when) : NULL};
}

static bool next_alternative(struct words *when, struct words *alternative)
{
    static const char separator[] = " or ";
    const char *end = when->at ? strstr(when->at, separator) : NULL;
    *alternative = (struct words){when->at, end ? end : when->end};
    when->at = end ? end + strlen(separator) : NULL;
    return alternative->at != NULL;
}

struct condition {
    const struct device_option *option; /* null: it is no option=choice of this device */
    char choice[64];
    bool negated;
};

static bool next_condition(const struct device *device, struct words *words, struct condition *condition)
{
    const char *text = words->at;
    if (!text)
        return false;
    const char *comma = memchr(text, ',', (size_t)(words->end - text));
    const char *end = comma ? comma : words->end, *equals = memchr(text, '=', (size_t)(end - text));
    words->at = comma ? comma + 1 : NULL;
    *condition = (struct condition){.option = NULL};
    if (!equals || equals == text)
        return true;
    condition->negated = equals[-1] == '!';
    snprintf(condition->choice, sizeof condition->choice, "%.*s", (int)(end - equals - 1), equals + 1);
    condition->option = find_option(device, text, (size_t)(equals - text) - condition->negated);
    if (condition->option && !option_takes(condition->option, condition->choice))
        condition->option = NULL;
    return true;
}

bool device_same_value(const struct device_option *option, const char *one, const char *other)
{
    return option->choices_count ? !strcmp(one, other) : strtod(one, NULL) == strtod(other, NULL);
}

static bool condition_holds(const struct device *device, const struct device_settings *settings,
                            const struct condition *condition)
{
    const struct device_option *option = condition->option;
    return option && device_same_value(option, settings->values[option - device->options],
                                       condition->choice) != condition->negated;
}

/* Whether all conditions hold that are not of the option that varies (or null); the first that does not. */
static bool words_hold(const struct device *device, const struct device_settings *settings,
                       struct words words, const char *varied, struct words *unmet)
{
    struct condition condition;
    for (struct words rest = words; next_condition(device, &rest, &condition); words.at = rest.at) {
        const bool varies = varied && condition.option && !strcmp(condition.option->name, varied);
        *unmet = (struct words){words.at, rest.at ? rest.at - 1 : rest.end};
        if (!varies && !condition_holds(device, settings, &condition))
            return false;
    }
    return true;
}

static void check_when(struct check *check, const char *where, const char *when)
{
    struct words alternatives = all_words(when), words;
    struct condition condition;
    while (next_alternative(&alternatives, &words))
        for (struct words rest = words; next_condition(check->device, &rest, &condition); words.at = rest.at)
            if (!condition.option)
                refuse(check, "%s: '%.*s' is no option=choice of this device", where,
                       (int)strcspn(words.at, ","), words.at);
}

/* Whether the other condition holds, or fails, wherever the one does. */
static bool condition_implies(const struct condition *one, const struct condition *other)
{
    const bool same =
        one->option == other->option && device_same_value(one->option, one->choice, other->choice);
    return one->option == other->option && (one->negated     ? other->negated && same
                                            : other->negated ? !same
                                                             : same);
}

static bool condition_excludes(const struct condition *one, const struct condition *other)
{
    struct condition opposite = *other;
    opposite.negated = !opposite.negated;
    return condition_implies(one, &opposite);
}

typedef bool condition_relation(const struct condition *one, const struct condition *other);

/* Whether some of these conditions has that relation to this one. */
static bool any_condition(const struct device *device, struct words words, const struct condition *to,
                          condition_relation *relation)
{
    struct condition one;
    while (next_condition(device, &words, &one))
        if (relation(&one, to))
            return true;
    return false;
}

/* Whether each of `wide` follows from one of `narrow`. */
static bool words_cover(const struct device *device, struct words wide, struct words narrow)
{
    struct condition to;
    while (next_condition(device, &wide, &to))
        if (!any_condition(device, narrow, &to, condition_implies))
            return false;
    return true;
}

static bool words_exclude(const struct device *device, struct words one, struct words other)
{
    struct condition to;
    while (next_condition(device, &one, &to))
        if (any_condition(device, other, &to, condition_excludes))
            return true;
    return false;
}

/* Whether `wide` holds wherever `narrow` does, as far as their words tell. */
static bool when_covers(const struct device *device, const char *wide, const char *narrow)
{
    struct words narrows = all_words(narrow), one, other;
    while (wide && next_alternative(&narrows, &one)) {
        struct words wides = all_words(wide);
        bool covered = false;
        while (!covered && next_alternative(&wides, &other))
            covered = words_cover(device, other, one);
        if (!covered)
            return false;
    }
    return !wide || narrow;
}

static bool when_excludes(const struct device *device, const char *first, const char *second)
{
    struct words firsts = all_words(first), one, other;
    while (next_alternative(&firsts, &one)) {
        struct words seconds = all_words(second);
        while (next_alternative(&seconds, &other))
            if (!words_exclude(device, one, other))
                return false;
    }
    return first && second;
}

static void check_reached(struct check *check, const char *what, const char *before, const char *when)
{
    if (!check->failed && when_covers(check->device, before, when))
        refuse(
            check,
            "%s: the first whose 'when' holds counts, so one never does: there is another before it, %s%.80s",
            what, before ? "when " : "without a 'when'", before ? before : "");
}

/* Of a list whose entries have a `when`. */
static void check_alternatives(struct check *check, const char *what, const void *list, unsigned count,
                               size_t size, size_t when)
{
    for (unsigned later = 0; later < count; later++)
        for (unsigned before = 0; before < later; before++) {
            const char *const entries = list;
            const char *wide, *narrow;
            memcpy(&wide, entries + before * size + when, sizeof wide);
            memcpy(&narrow, entries + later * size + when, sizeof narrow);
            check_reached(check, what, wide, narrow);
        }
}
#define CHECK_ALTERNATIVES(check, what, list, count, type)                                                   \
    check_alternatives(check, what, list, count, sizeof(type), offsetof(type, when))

const struct device_simulation *device_simulation(const char *name)
{
    for (const struct device_simulation *const *simulation = device_simulations; name && *simulation;
         simulation++)
        if (!strcmp((*simulation)->name, name))
            return *simulation;
    return NULL;
}

static void check_stages(struct check *check, const char *unit, char *const *stages, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        bool found = false;
        for (const char *const *name = graph_stage_names(); *name && !found; name++)
            found = !strcmp(*name, stages[i]);
        if (!found)
            refuse(check, "unit '%.40s': there is no stage '%.40s' (see 'mamba-bench list stages')", unit,
                   stages[i]);
    }
}

static void check_dim(struct check *check, const char *unit, const char *key, const char *name)
{
    if (!known_dim(name))
        refuse(check, "unit '%.40s', %s: no stage has a dimension '%.40s'", unit, key, name);
}

static void check_simulation(struct check *check, const char *unit, const struct device_pipeline *pipeline)
{
    const struct device_simulation *simulation = device_simulation(pipeline->simulation);
    if (!pipeline->simulation && pipeline->arguments_count == 0)
        return;
    if (!simulation)
        refuse(check, "unit '%.40s', pipeline '%.40s': there is no simulation '%.40s'", unit, pipeline->name,
               pipeline->simulation ? pipeline->simulation : "");
    else if (pipeline->arguments_count != simulation->n_arguments || pipeline->trips_count > 0)
        refuse(check, "unit '%.40s', pipeline '%.40s': %s takes %s, and no trips stand beside it", unit,
               pipeline->name, simulation->name, simulation->arguments);
    for (unsigned i = 0; i < pipeline->arguments_count; i++) {
        const char *name = pipeline->arguments[i];
        const struct device_option *option = find_option(check->device, name, strlen(name));
        if (!option || option->choices_count == 0)
            check_expression(check, unit, "arguments", name, false);
    }
}

static void check_trips(struct check *check, const char *unit, const char *name,
                        const struct device_trip *trips, unsigned count)
{
    for (unsigned t = 0; t < count; t++) {
        check_expression(check, unit, "extent", trips[t].extent, true);
        check_expression(check, unit, "lanes", trips[t].lanes, true);
        check_expression(check, unit, "cycles", trips[t].cycles, true);
        check_expression(check, unit, "overhead", trips[t].overhead, false);
        if (trips[t].cycles && t + 1 < count)
            refuse(check, "unit '%.40s', '%.40s': only the innermost trip has cycles", unit, name);
    }
}

static void check_pipeline(struct check *check, const struct device_unit *unit, const char *key,
                           const char *name)
{
    unsigned i = 0;
    while (name && i < unit->pipelines_count && strcmp(unit->pipelines[i].name, name))
        i++;
    if (name && i == unit->pipelines_count)
        refuse(check, "unit '%.40s': %s '%.40s' is none of its pipelines", unit->name, key, name);
}

static void check_port(struct check *check, const struct device_unit *unit, const struct device_port *port)
{
    check_trips(check, unit->name, port->name, port->trips, port->trips_count);
    check_pipeline(check, unit, "after", port->after);
    check_expression(check, unit->name, "delay", port->delay, false);
    if (port->out && port->once)
        refuse(check, "unit '%.40s', port '%.40s': what goes out does so with a tile", unit->name,
               port->name);
}

static void check_unit(struct check *check, const struct device_unit *unit)
{
    const char *name = unit->name;
    if (unit->stages_count == 0)
        refuse(check, "unit '%.40s' needs stages, a list of what it serves", name);
    check_stages(check, name, unit->stages, unit->stages_count);
    check_stages(check, name, unit->absorbs, unit->absorbs_count);
    if (unit->arch && strcmp(unit->arch, arch_name(ARCH_MAMBA1)) &&
        strcmp(unit->arch, arch_name(ARCH_MAMBA2)))
        refuse(check, "unit '%.40s': arch is '%.40s'; it must be mamba1 or mamba2", name, unit->arch);
    check_when(check, name, unit->when);
    check_expression(check, name, "calls", unit->calls, true);
    check_expression(check, name, "tile_overhead", unit->tile_overhead, false);
    check_expression(check, name, "call_overhead", unit->call_overhead, false);
    if (unit->tiles_count > STAGE_MAX_DIMS)
        refuse(check, "unit '%.40s' has %u tiles; no stage has more than %d dimensions", name,
               unit->tiles_count, STAGE_MAX_DIMS);
    for (unsigned i = 0; i < unit->tiles_count; i++) {
        check_dim(check, name, "tiles", unit->tiles[i].dim);
        check_expression(check, name, "tiles", unit->tiles[i].size, true);
    }
    for (unsigned i = 0; i < unit->pipelines_count; i++) {
        const struct device_pipeline *pipeline = &unit->pipelines[i];
        check_expression(check, name, "depth", pipeline->depth, false);
        check_simulation(check, name, pipeline);
        check_trips(check, name, pipeline->name, pipeline->trips, pipeline->trips_count);
    }
    for (unsigned i = 0; i < unit->ports_count; i++)
        check_port(check, unit, &unit->ports[i]);
    check_expression(check, name, "operands_delay", unit->operands_delay, false);
    check_expression(check, name, "port_gap", unit->port_gap, false);
    check_expression(check, name, "port_latency", unit->port_latency, false);
    check_expression(check, name, "lead", unit->lead, false);
    check_pipeline(check, unit, "operands_after", unit->operands_after);
    for (unsigned i = 0; i < unit->buffers_count; i++) {
        check_when(check, name, unit->buffers[i].when);
        check_expression(check, name, "buffers", unit->buffers[i].values, true);
    }
    check_expression(check, name, "weight_sets", unit->weight_sets, true);
    if (unit->buffers_count && !check->device->link)
        refuse(check, "unit '%.40s' has buffers, but the device has no link", name);
    if (unit->split)
        check_dim(check, name, "split", unit->split);
}

static void check_stages_of_two(struct check *check, const struct device_unit *first,
                                const struct device_unit *second)
{
    const struct device *device = check->device;
    const bool same_arch = !first->arch || !second->arch || !strcmp(first->arch, second->arch);
    const bool covered =
        same_arch && !(first->arch && !second->arch) && when_covers(device, first->when, second->when);
    if (covered && !strcmp(first->name, second->name))
        refuse(check, "unit '%.40s' is there twice; of units of one name the first whose 'when' holds counts",
               first->name);
    bool alternatives = false;
    for (unsigned i = 0; i < second->stages_count; i++) {
        const char *stage = second->stages[i];
        if (!device_has_stage(first->stages, first->stages_count, stage))
            continue;
        alternatives = true;
        if (covered)
            refuse(check,
                   "unit '%.40s': stage '%.40s' is served by unit '%.40s' before it whenever this one could; "
                   "alternatives need a 'when'",
                   second->name, stage, first->name);
    }
    if (!same_arch || when_excludes(device, first->when, second->when))
        return;
    const struct device_unit *const both[] = {first, second};
    for (int a = 0; a < 2; a++)
        for (unsigned i = 0; i < both[a]->absorbs_count; i++) {
            const struct device_unit *other = both[1 - a];
            const char *stage = both[a]->absorbs[i];
            if (device_has_stage(other->stages, other->stages_count, stage) ||
                (device_has_stage(other->absorbs, other->absorbs_count, stage) && !alternatives))
                refuse(check,
                       "unit '%.40s' absorbs stage '%.40s', which unit '%.40s' computes, too; only a 'when' "
                       "that rules one of them out makes that right",
                       both[a]->name, stage, other->name);
        }
}

/* A stage has one unit; of alternatives each must count under some options. */
static void check_units(struct check *check)
{
    const struct device *device = check->device;
    for (unsigned u = 0; u < device->units_count && !check->failed; u++) {
        const struct device_unit *unit = &device->units[u];
        check_unit(check, unit);
        for (unsigned i = 0; i < unit->stages_count; i++)
            if (device_has_stage(unit->stages, i, unit->stages[i]) ||
                device_has_stage(unit->absorbs, unit->absorbs_count, unit->stages[i]))
                refuse(check, "unit '%.40s': stage '%.40s' is there twice", unit->name, unit->stages[i]);
        for (unsigned before = 0; before < u && !check->failed; before++)
            check_stages_of_two(check, &device->units[before], unit);
    }
}

static void check_options(struct check *check)
{
    const struct device *device = check->device;
    if (device->options_count > DEVICE_MAX_OPTIONS)
        refuse(check, "%u options; at most %d are possible", device->options_count, DEVICE_MAX_OPTIONS);
    for (unsigned i = 0; i < device->options_count; i++) {
        const struct device_option *option = &device->options[i];
        if (strchr(option->name, '=') || find_option(device, option->name, strlen(option->name)) != option)
            refuse(check, "options: '%.40s' is there twice, or has a '='", option->name);
        if (!option_takes(option, option->fallback))
            refuse(check, "options: default '%.40s' of '%.40s' is %s", option->fallback, option->name,
                   option->choices_count ? "none of its choices"
                   : option->may_be_zero
                       ? "no integer from 0 to its most"
                       : "no integer from 1 to its most; with 'may_be_zero: true' it may be 0");
        if (option->most != 0 && (option->choices_count || !(option->most >= 1 && option->most <= 1e9 &&
                                                             option->most == floor(option->most))))
            refuse(check,
                   "options: most of '%.40s' must be an integer from 1 to 1e9 of an option without choices",
                   option->name);
        check_when(check, option->name, option->when);
    }
}

static bool has_tiles(const struct device *device)
{
    for (unsigned i = 0; i < device->overlap_count; i++)
        if (device->overlap[i].tile)
            return true;
    return false;
}

static void check_memory(struct check *check, const struct device_memory *memory)
{
    check_when(check, "memory", memory->when);
    check_number(check, "memory: bytes_per_s", memory->bytes_per_s, true);
    check_number(check, "memory: weight_bytes", memory->weight_bytes, false);
    check_number(check, "memory: activation_bytes", memory->activation_bytes, false);
    check_number(check, "memory: state_bytes", memory->state_bytes, false);
    check_number(check, "memory: on_chip_bytes", memory->on_chip_bytes, false);
    check_number(check, "memory: slice_bytes", memory->slice_bytes, has_tiles(check->device));
}

static void check_overlap(struct check *check, const struct device_overlap *overlap)
{
    check_when(check, "overlap", overlap->when);
    check_expression(check, "overlap", "tile", overlap->tile, true);
    if (overlap->tile && (!overlap->resources || !overlap->memory))
        refuse(check, "overlap: with a tile, resources and memory must be true");
}

static void check_link(struct check *check, const struct device_link *link)
{
    check_number(check, "link: config_writes", link->config_writes, false);
    check_number(check, "link: polls", link->polls, false);
    check_number(check, "link: register_write_cycles", link->register_write_cycles, false);
    check_number(check, "link: register_read_cycles", link->register_read_cycles, false);
    check_number(check, "link: memory_bytes", link->memory_bytes, true);
    check_range(check, "link: alignment", link->alignment, 1);
    check_when(check, "link: resident", link->resident);
    for (unsigned i = 0; i < link->transfers_count; i++) {
        check_when(check, "link: transfers", link->transfers[i].when);
        check_range(check, "link: transfers: access_bytes", link->transfers[i].access_bytes, 1);
        check_number(check, "link: transfers: write_cycles", link->transfers[i].write_cycles, false);
        check_number(check, "link: transfers: read_cycles", link->transfers[i].read_cycles, false);
        check_number(check, "link: transfers: setup_cycles", link->transfers[i].setup_cycles, false);
    }
    for (unsigned i = 0; i < link->conversions_count; i++) {
        check_when(check, "link: conversions", link->conversions[i].when);
        check_number(check, "link: conversions: send_cycles", link->conversions[i].send_cycles, false);
        check_number(check, "link: conversions: weight_cycles", link->conversions[i].weight_cycles, false);
        check_number(check, "link: conversions: receive_cycles", link->conversions[i].receive_cycles, false);
    }
    CHECK_ALTERNATIVES(check, "link: transfers", link->transfers, link->transfers_count,
                       struct device_transfer);
    CHECK_ALTERNATIVES(check, "link: conversions", link->conversions, link->conversions_count,
                       struct device_conversion);
    if (link->transfers_count == 0)
        refuse(check, "link: transfers must list at least one way to move a buffer");
}

static void check_host(struct check *check, const struct device_host *host)
{
    check_number(check, "host: mul", host->mul, false);
    check_number(check, "host: add", host->add, false);
    check_number(check, "host: exp", host->exp, false);
    check_number(check, "host: log", host->log, false);
    check_number(check, "host: div", host->div, false);
    check_number(check, "host: value", host->value, false);
}

static void check_energy(struct check *check, const struct device_energy *energy)
{
    const double values[] = {energy->power_w,         energy->mul_pj,           energy->add_pj,
                             energy->exp_pj,          energy->log_pj,           energy->div_pj,
                             energy->on_chip_byte_pj, energy->off_chip_byte_pj, energy->host_cycle_pj,
                             energy->unit_cycle_pj,   energy->access_pj};
    bool any = false;
    for (size_t i = 0; i < CYAML_ARRAY_LEN(values); i++) {
        check_number(check, "energy: a value", values[i], false);
        any = any || values[i] > 0;
    }
    if (!any)
        refuse(check, "energy: power_w or energies per event must be above 0");
}

static void check_resources(struct check *check, const struct device_resources *resources)
{
    check_number(check, "resources: lut", resources->lut, false);
    check_number(check, "resources: ff", resources->ff, false);
    check_number(check, "resources: dsp", resources->dsp, false);
    check_number(check, "resources: bram", resources->bram, false);
    check_number(check, "resources: uram", resources->uram, false);
}

static void check_result(struct check *check, const struct device_result *result)
{
    const struct device *device = check->device;
    char where[80];
    snprintf(where, sizeof where, "published '%.60s'", result->id);
    check_number(check, where, result->value, true);
    check_number(check, where, result->tolerance, false);
    if (result->missed &&
        !(fabs(result->missed->error) * result->value > result->tolerance && isfinite(result->missed->error)))
        refuse(check, "%s: missed by %g of its value, which is within its tolerance", where,
               result->missed->error);
    if (!(result->tolerance < fabs(result->value)))
        refuse(check, "%s: its tolerance must be less than its value", where);
    if (result->missed && result->basis == BASIS_CONSTRUCTION)
        refuse(check, "%s is missed and holds by construction: it can only be one", where);
    if ((result->calls_count > 0) == (result->model != NULL))
        refuse(check, "%s needs either calls or a model", where);
    if (result->model && (result->seqlens_count == 0 || !result->phase))
        refuse(check, "%s: a model needs phase and seqlens", where);
    if (result->phase && strcmp(result->phase, "prefill") && strcmp(result->phase, "decode"))
        refuse(check, "%s: phase is '%.40s'; it must be prefill or decode", where, result->phase);
    for (unsigned i = 0; i < result->seqlens_count; i++)
        if (!(result->seqlens[i] >= 1 && result->seqlens[i] <= 1e9 &&
              result->seqlens[i] == floor(result->seqlens[i])))
            refuse(check, "%s: seqlens must be integers of at least 1", where);
    struct device_settings settings = {{NULL}};
    struct error error = {0};
    if (!check->failed &&
        (!device_effects(device, (const char *const *)result->against, result->against_count, NULL, &error) ||
         !device_effects(device, (const char *const *)result->options, result->options_count, NULL, &error) ||
         !device_settings(device, (const char *const *)result->options, result->options_count, &settings,
                          &error)))
        refuse(check, "%s: %s", where, error.text);
    if (result->figure == FIGURE_PIPELINE_CYCLES && !result->pipeline)
        refuse(check, "%s: pipeline_cycles needs the name of a pipeline", where);
    if ((result->figure == FIGURE_REDUCTION) != (result->against_count > 0))
        refuse(check, "%s: a reduction needs against, and nothing else has it", where);
    const bool compared = result->figure == FIGURE_SPEEDUP || result->figure == FIGURE_EFFICIENCY_GAIN;
    const struct device_baseline *baseline = device_baseline(device, result->baseline);
    if ((compared || result->baseline) && !baseline)
        refuse(check, "%s: a speedup or efficiency_gain needs one of the device's baselines", where);
    if (result->figure == FIGURE_EFFICIENCY_GAIN && baseline && baseline->tokens_per_joule <= 0)
        refuse(check, "%s: its baseline needs tokens_per_joule", where);
    if (result->of && (result->figure != FIGURE_SPEEDUP || !device_baseline(device, result->of)))
        refuse(check, "%s: only a speedup can be of another of the device's baselines", where);
    if (!check->failed && !device_law_holds(device, &settings, result))
        refuse(check, "%s: the law of '%.40s' holds when %.80s, which its options are not", where,
               baseline->name, baseline->when);
}

static bool check_device(const struct device *device, const char *file, const char *platform,
                         const char *name, struct error *error)
{
    struct check check = {device, file, error, false};
    if (strcmp(device->platform, platform) || strcmp(device->name, name))
        refuse(&check, "platform '%.40s' and name '%.40s' must be those of the file's name", device->platform,
               device->name);
    if (device->units_count > 0 || device->clock_hz != 0)
        check_number(&check, "clock_hz", device->clock_hz, true);
    for (unsigned i = 0; i < device->constants_count; i++)
        check_number(&check, device->constants[i].name, device->constants[i].value, false);
    for (unsigned i = 0; i < device->resources_count; i++)
        check_resources(&check, &device->resources[i]);
    check_options(&check);
    for (unsigned i = 0; i < device->constants_count && !check.failed; i++) {
        check_when(&check, device->constants[i].name, device->constants[i].when);
        for (unsigned before = 0; before < i; before++)
            if (!strcmp(device->constants[before].name, device->constants[i].name))
                check_reached(&check, device->constants[i].name, device->constants[before].when,
                              device->constants[i].when);
    }
    check_units(&check);
    for (unsigned i = 0; i < device->overlap_count && !check.failed; i++)
        check_overlap(&check, &device->overlap[i]);
    for (unsigned i = 0; i < device->memory_count; i++)
        check_memory(&check, &device->memory[i]);
    CHECK_ALTERNATIVES(&check, "overlap", device->overlap, device->overlap_count, struct device_overlap);
    CHECK_ALTERNATIVES(&check, "memory", device->memory, device->memory_count, struct device_memory);
    for (unsigned i = 0; i < device->port_memory_count; i++) {
        const struct device_port_memory *memory = &device->port_memory[i];
        check_when(&check, "port_memory", memory->when);
        check_expression(&check, "port_memory", "beat_bits", memory->beat_bits, true);
        check_expression(&check, "port_memory", "bytes_per_cycle", memory->bytes_per_cycle, true);
        check_expression(&check, "port_memory", "latency", memory->latency, false);
        check_expression(&check, "port_memory", "stall_percent", memory->stall_percent, false);
    }
    CHECK_ALTERNATIVES(&check, "port_memory", device->port_memory, device->port_memory_count,
                       struct device_port_memory);
    if (device->link)
        check_link(&check, device->link);
    if (device->host)
        check_host(&check, device->host);
    if (device->energy)
        check_energy(&check, device->energy);
    for (unsigned i = 0; i < device->baselines_count; i++) {
        check_number(&check, "baselines: fixed_s", device->baselines[i].fixed_s, false);
        check_number(&check, "baselines: token_s", device->baselines[i].token_s, false);
        check_number(&check, "baselines: tokens_per_joule", device->baselines[i].tokens_per_joule, false);
        check_number(&check, "baselines: fixed_s + token_s",
                     device->baselines[i].fixed_s + device->baselines[i].token_s, true);
        check_when(&check, "baselines", device->baselines[i].when);
    }
    for (unsigned i = 0; i < device->comparisons_count; i++)
        check_number(&check, "comparisons: seconds", device->comparisons[i].seconds, true);
    for (unsigned i = 0; i < device->published_count && !check.failed; i++)
        check_result(&check, &device->published[i]);
    return !check.failed;
}

bool device_load(const char *platform, const char *name, struct device **device, struct error *error)
{
    char file[128];
    int length = snprintf(file, sizeof file, "%s-%s", platform, name);
    if (length < 0 || (size_t)length >= sizeof file)
        return error_set(error, STATUS_USAGE, "device '%.40s...': the name is too long", name);
    void *data = NULL;
    const cyaml_config_t *config;
    if (!configs_load("devices", file, &device_schema, &data, &config, error))
        return false;
    if (!check_device(data, file, platform, name, error)) {
        device_free(data);
        return false;
    }
    *device = data;
    return true;
}

char **device_names(const char *platform, struct error *error)
{
    char **files = configs_names("devices", error);
    if (!files)
        return NULL;
    const size_t length = strlen(platform);
    size_t kept = 0;
    for (char **file = files; *file; file++) {
        char *name = *file;
        *file = NULL;
        if (!strncmp(name, platform, length) && name[length] == '-') {
            memmove(name, name + length + 1, strlen(name + length + 1) + 1);
            files[kept++] = name;
        } else {
            free(name);
        }
    }
    files[kept] = NULL;
    return files;
}

static bool bad_option(const struct device *device, const char *text, bool known, struct error *error)
{
    char list[320] = "";
    size_t used = 0;
    for (unsigned i = 0; i < device->options_count && used < sizeof list; i++) {
        const struct device_option *option = &device->options[i];
        if (known && option != find_option(device, text, strcspn(text, "=")))
            continue;
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s=", used ? ", " : "", option->name);
        if (option->choices_count == 0 && used < sizeof list)
            used += (size_t)snprintf(list + used, sizeof list - used, "<%s>",
                                     option->may_be_zero ? "integer from 0" : "positive integer");
        if (option->most > 0 && option->choices_count == 0 && used < sizeof list)
            used += (size_t)snprintf(list + used - 1, sizeof list - used + 1, " to %.0f>", option->most) - 1;
        for (unsigned c = 0; c < option->choices_count && used < sizeof list; c++)
            used +=
                (size_t)snprintf(list + used, sizeof list - used, "%s%s", c ? "|" : "", option->choices[c]);
    }
    return error_set(error, STATUS_USAGE, "%.40s %s '%.60s'; it takes %s", device->name,
                     known ? "does not allow" : "has no option", text, *list ? list : "none");
}

bool device_settings(const struct device *device, const char *const *options, size_t count,
                     struct device_settings *settings, struct error *error)
{
    *settings = (struct device_settings){{NULL}};
    for (unsigned i = 0; i < device->options_count; i++)
        settings->values[i] = device->options[i].fallback;
    for (size_t i = 0; i < count; i++) {
        const char *equals = strchr(options[i], '=');
        const struct device_option *option =
            equals ? find_option(device, options[i], (size_t)(equals - options[i])) : NULL;
        if (!option || !option_takes(option, equals + 1))
            return bad_option(device, options[i], option != NULL, error);
        settings->values[option - device->options] = equals + 1;
    }
    return true;
}

/* What of a `when` does not hold; of alternatives all. */
static bool find_unmet(const struct device *device, const struct device_settings *settings, const char *when,
                       const char *varied, struct words *unmet)
{
    struct words rest = all_words(when), words;
    int alternatives = 0;
    for (; next_alternative(&rest, &words); alternatives++)
        if (words_hold(device, settings, words, varied, unmet))
            return false;
    if (alternatives > 1)
        *unmet = all_words(when);
    return alternatives > 0;
}

/* text: what was said of the option, for the error. */
static bool has_effect(const struct device *device, const struct device_settings *settings,
                       const struct device_option *option, const char *varied, const char *text,
                       struct error *error)
{
    struct words unmet = all_words(NULL);
    return !find_unmet(device, settings, option->when, varied, &unmet) ||
           error_set(error, STATUS_USAGE, "%.80s: has no effect on %.40s without %.*s", text, device->name,
                     (int)(unmet.end - unmet.at), unmet.at);
}

bool device_effects(const struct device *device, const char *const *options, size_t count, const char *varied,
                    struct error *error)
{
    struct device_settings settings;
    const struct device_option *compared = varied ? find_option(device, varied, strlen(varied)) : NULL;
    if (!device_settings(device, options, count, &settings, error) ||
        (compared && !has_effect(device, &settings, compared, NULL, varied, error)))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!has_effect(device, &settings, find_option(device, options[i], strcspn(options[i], "=")), varied,
                        options[i], error))
            return false;
    return true;
}

const char *device_choice(const struct device *device, const struct device_settings *settings,
                          const char *option)
{
    const struct device_option *found = find_option(device, option, strlen(option));
    return found ? settings->values[found - device->options] : NULL;
}

bool device_has_stage(char *const *stages, unsigned count, const char *stage)
{
    for (unsigned i = 0; i < count; i++)
        if (!strcmp(stages[i], stage))
            return true;
    return false;
}

bool device_when(const struct device *device, const struct device_settings *settings, const char *when)
{
    struct words unmet;
    return !find_unmet(device, settings, when, NULL, &unmet);
}

bool device_law_holds(const struct device *device, const struct device_settings *settings,
                      const struct device_result *result)
{
    const struct device_baseline *baseline = device_baseline(device, result->baseline);
    return result->figure != FIGURE_SPEEDUP || result->of || !baseline ||
           device_when(device, settings, baseline->when);
}

bool device_joule(const struct device_energy *energy, const struct work *work, double on_chip_bytes,
                  double off_chip_bytes, double time_s, double *joule)
{
    if (!energy)
        return false;
    if (energy->power_w > 0) {
        *joule = energy->power_w * time_s;
        return true;
    }
    *joule = 1e-12 * (energy->mul_pj * (double)work->mul + energy->add_pj * (double)work->add +
                      energy->exp_pj * (double)work->exp + energy->log_pj * (double)work->log +
                      energy->div_pj * (double)work->div + energy->on_chip_byte_pj * on_chip_bytes +
                      energy->off_chip_byte_pj * off_chip_bytes);
    return true;
}
