/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "platforms/validate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mamba/configs.h"
#include "platforms/pricing.h"

static bool parse_dims(const struct device_call *call, struct pricing_dims *dims, char names[][32],
                       struct error *error)
{
    dims->count = 0;
    for (unsigned i = 0; i < call->dims_count; i++) {
        long long value;
        int end = 0;
        if (dims->count == STAGE_MAX_DIMS ||
            sscanf(call->dims[i], "%31[a-z_]=%lld%n", names[i], &value, &end) != 2 || call->dims[i][end] ||
            value < 1 || value > 1000000000)
            return error_set(error, STATUS_USAGE,
                             "'%.60s' is no dimension=positive integer, or one of more than %d",
                             call->dims[i], STAGE_MAX_DIMS);
        dims->values[dims->count++] = (struct stage_dim){names[i], value};
    }
    return true;
}

static bool price_calls(const struct device *device, const struct device_result *result,
                        const char *const *options, size_t n_options, double *value, struct error *error)
{
    struct pricing pricing;
    struct cost total = {.overhead = 0};
    if (!pricing_init(&pricing, device, options, n_options, error))
        return false;
    double tiles = 0;
    for (unsigned i = 0; i < result->calls_count; i++) {
        char names[STAGE_MAX_DIMS + 1][32];
        struct pricing_dims dims;
        struct cost cost;
        struct notes notes = {""};
        double tile;
        const struct device_unit *unit = pricing_unit_named(&pricing, result->calls[i].unit);
        if (!unit)
            return error_set(error, STATUS_USAGE, "there is no unit '%.40s' under these options",
                             result->calls[i].unit);
        if (!parse_dims(&result->calls[i], &dims, names, error) ||
            !pricing_call(&pricing, unit, &dims, false, &cost, &notes, error) ||
            !pricing_tile(&pricing, unit, result->pipeline, &dims, &tile, error))
            return false;
        tiles += tile;
        cost_add(&total, &cost, 1);
    }
    struct price price;
    pricing_time(&pricing, &total, &price);
    switch (result->figure) {
    case FIGURE_CYCLES:
    case FIGURE_REDUCTION:
        *value = cost_compute_cycles(&pricing, &total) + total.transfer + total.overhead;
        return true;
    case FIGURE_COMPUTE_CYCLES:
        *value = cost_compute_cycles(&pricing, &total);
        return true;
    case FIGURE_TILE_CYCLES:
    case FIGURE_PIPELINE_CYCLES:
        *value = tiles;
        return true;
    case FIGURE_TRANSFER_CYCLES:
        *value = total.transfer;
        return true;
    case FIGURE_LINK_WRITES:
        *value = total.writes;
        return true;
    case FIGURE_LINK_READS:
        *value = total.reads;
        return true;
    case FIGURE_SECONDS:
        *value = price.time_s;
        return true;
    default:
        return error_set(error, STATUS_USAGE, "%s is a figure of a model's workload, not of unit calls",
                         figure_name(result->figure));
    }
}

static double baseline_s(const struct device_baseline *baseline, double tokens)
{
    return baseline->fixed_s + baseline->token_s * tokens;
}

static bool workload_figure(const struct device *device, const struct device_result *result, double seqlen,
                            const struct price *price, double *value, struct error *error)
{
    const double tokens = strcmp(result->phase, "decode") ? seqlen : 1;
    if (price->time_s <= 0)
        return error_set(error, STATUS_USAGE, "%s takes no time: no unit, memory or host has a cost for it",
                         result->model);
    switch (result->figure) {
    case FIGURE_CYCLES:
    case FIGURE_REDUCTION:
        *value = price->cycles;
        return true;
    case FIGURE_COMPUTE_CYCLES:
        *value = price->compute_s * device->clock_hz;
        return true;
    case FIGURE_TRANSFER_CYCLES:
        *value = price->link_s * device->clock_hz;
        return true;
    case FIGURE_SECONDS:
        *value = price->time_s;
        return true;
    case FIGURE_SECONDS_PER_TOKEN:
        *value = price->time_s / tokens;
        return true;
    case FIGURE_TOKENS_PER_S:
        *value = tokens / price->time_s;
        return true;
    case FIGURE_TOKENS_PER_JOULE:
        if (price->joule <= 0)
            return error_set(error, STATUS_USAGE, "tokens_per_joule needs the device's energy");
        *value = tokens / price->joule;
        return true;
    case FIGURE_SPEEDUP: {
        const struct device_baseline *of = device_baseline(device, result->of);
        *value = baseline_s(device_baseline(device, result->baseline), tokens) /
                 (of ? baseline_s(of, tokens) : price->time_s);
        return true;
    }
    case FIGURE_EFFICIENCY_GAIN:
        if (price->joule <= 0)
            return error_set(error, STATUS_USAGE, "efficiency_gain needs the device's energy");
        *value = tokens / price->joule / device_baseline(device, result->baseline)->tokens_per_joule;
        return true;
    default:
        return error_set(error, STATUS_USAGE, "%s is a figure of unit calls, not of a model's workload",
                         figure_name(result->figure));
    }
}

static bool price_workload(const struct device *device, const struct device_result *result,
                           const char *const *options, double seqlen, double *value, struct error *error)
{
    struct model_shape shape;
    struct run *run = NULL;
    struct graph *graph = malloc(sizeof *graph);
    struct plan *plan = malloc(sizeof *plan);
    const struct task task = {.graph = graph, .plan = plan, .device = device->name, .options = options};
    const enum phase phase = strcmp(result->phase, "decode") ? PHASE_PREFILL : PHASE_DECODE;
    bool ok = graph && plan;
    if (!ok)
        error_set(error, STATUS_FAILED, "no memory for a graph");
    ok = ok && shape_preset(result->model, &shape, error) &&
         graph_build(&shape, phase, 1, (int64_t)seqlen, false, graph, error) &&
         plan_build(graph, plan_fusing(NULL, PRECISION_FP32), plan, error) &&
         pricing_open(device->platform, device->name, &task, &run, error);
    if (ok) {
        const struct unit *units;
        const enum scope wanted = result->layers_only ? SCOPE_LAYER : SCOPE_MODEL;
        int unit = pricing_units(run, &units) - 1;
        while (unit > 0 && units[unit].scope != wanted)
            unit--;
        struct price price;
        ok = pricing_price(run, unit, &price, error);
        if (ok && result->layers_only) {
            const double layers = (double)units[unit].repeats;
            price.time_s *= layers;
            price.cycles *= layers;
            price.compute_s *= layers;
            price.link_s *= layers;
            price.joule *= layers;
        }
        ok = ok && workload_figure(device, result, seqlen, &price, value, error);
    }
    pricing_close(run);
    free(plan);
    free(graph);
    return ok;
}

static const char *const state_names[] = {
    [VALIDATION_REPRODUCED] = "reproduced",     [VALIDATION_MISSED] = "missed",
    [VALIDATION_CONSTRUCTION] = "construction", [VALIDATION_FIT] = "fit",
    [VALIDATION_OUTSIDE] = "outside",
};
_Static_assert(sizeof state_names / sizeof *state_names == VALIDATION_STATES, "a state without a name");

const char *validation_state_name(enum validation_state state)
{
    return state_names[state];
}

static enum validation_state state_of(const struct device_result *result, double model)
{
    const double rounding = 1e-12, error = (model - result->value) / result->value;
    const bool within = fabs(model - result->value) <= result->tolerance + rounding * result->value;
    if (result->missed)
        return fabs(error - result->missed->error) <= VALIDATE_DRIFT && !within ? VALIDATION_MISSED
                                                                                : VALIDATION_OUTSIDE;
    if (!within)
        return VALIDATION_OUTSIDE;
    return result->basis == BASIS_CONSTRUCTION ? VALIDATION_CONSTRUCTION
           : result->basis == BASIS_FIT        ? VALIDATION_FIT
                                               : VALIDATION_REPRODUCED;
}

static bool price_options(const struct device *device, const struct device_result *result,
                          char *const *options, size_t n_options, double *value, struct error *error)
{
    const char *list[DEVICE_MAX_OPTIONS + 1] = {NULL};
    if (n_options > DEVICE_MAX_OPTIONS)
        return error_set(error, STATUS_USAGE, "more than %d options", DEVICE_MAX_OPTIONS);
    for (size_t i = 0; i < n_options; i++)
        list[i] = options[i];
    if (result->calls_count > 0)
        return price_calls(device, result, list, n_options, value, error);
    *value = 0;
    for (unsigned i = 0; i < result->seqlens_count; i++) {
        double one = 0;
        if (!price_workload(device, result, list, result->seqlens[i], &one, error))
            return false;
        *value += one / (double)result->seqlens_count;
    }
    return true;
}

/* Under these options, which are the result's own unless somebody changed them. */
static bool price_result(const struct device *device, const struct device_result *result,
                         char *const *options, size_t n_options, struct validation_row *row,
                         struct error *error)
{
    struct error reason = {0};
    double value, slower;
    if (!price_options(device, result, options, n_options, &value, &reason) ||
        (result->figure == FIGURE_REDUCTION &&
         !price_options(device, result, result->against, result->against_count, &slower, &reason)))
        return error_set(error, reason.status, "configs/devices/%.40s-%.40s.yaml: published '%.40s': %.300s",
                         device->platform, device->name, result->id, reason.text);
    if (result->figure == FIGURE_REDUCTION && slower <= 0)
        return error_set(error, STATUS_USAGE,
                         "configs/devices/%.40s-%.40s.yaml: published '%.40s': against these options nothing "
                         "takes time, so nothing can be reduced",
                         device->platform, device->name, result->id);
    if (result->figure == FIGURE_REDUCTION)
        value = 1 - value / slower;
    *row = (struct validation_row){.platform = device->platform,
                                   .device = device->name,
                                   .id = result->id,
                                   .what = result->what,
                                   .figure = figure_name(result->figure),
                                   .reference = result->value,
                                   .model = value,
                                   .relative_error = (value - result->value) / result->value,
                                   .tolerance = result->tolerance,
                                   .provenance = evidence_name(result->provenance),
                                   .basis = basis_name(result->basis),
                                   .missed = result->missed ? result->missed->reason : NULL,
                                   .recorded = result->missed ? result->missed->error : 0,
                                   .source = result->source,
                                   .note = result->note,
                                   .baseline = result->baseline,
                                   .of = result->of,
                                   .mean = result->seqlens_count > 1,
                                   .layers_only = result->layers_only,
                                   .state = state_of(result, value)};
    return true;
}

static bool validate_device(struct device *device, struct validation *validation, struct error *error)
{
    const size_t room = validation->n_rows + device->published_count;
    struct validation_row *rows = realloc(validation->rows, (room + 1) * sizeof *rows);
    if (!rows)
        return error_set(error, STATUS_FAILED, "no memory for %zu results", room);
    validation->rows = rows;
    for (unsigned i = 0; i < device->published_count; i++) {
        const struct device_result *result = &device->published[i];
        struct validation_row *row = &rows[validation->n_rows];
        if (!price_result(device, result, result->options, result->options_count, row, error))
            return false;
        validation->passed &= row->state != VALIDATION_OUTSIDE;
        validation->n_rows++;
    }
    return !device->rtl ||
           validate_rtl(device, device->rtl->grids, device->rtl->grids_count, validation, error);
}

static bool validate_name(const char *platform, const char *name, struct validation *validation,
                          struct error *error)
{
    struct device **devices = realloc(validation->devices, (validation->n_devices + 1) * sizeof *devices);
    if (!devices)
        return error_set(error, STATUS_FAILED, "no memory for device %s", name);
    validation->devices = devices;
    if (!device_load(platform, name, &devices[validation->n_devices], error))
        return false;
    validation->n_devices++;
    return validate_device(devices[validation->n_devices - 1], validation, error);
}

/* Of a device that is left out, nothing counts. */
static bool leave_out(struct validation *validation, size_t n_rows, size_t n_rtl, const struct error *reason,
                      struct error *error)
{
    struct error *broken = realloc(validation->broken, (validation->n_broken + 1) * sizeof *broken);
    if (!broken)
        return error_set(error, STATUS_FAILED, "no memory for an error");
    validation->broken = broken;
    broken[validation->n_broken++] = *reason;
    validation->n_rows = n_rows;
    validation->n_rtl = n_rtl;
    validation->passed = false;
    return true;
}

static bool validate_platform(const char *platform, struct validation *validation, struct error *error)
{
    char **names = device_names(platform, error);
    if (!names)
        return false;
    bool ok = true;
    for (char **name = names; *name && ok; name++) {
        const size_t n_rows = validation->n_rows, n_rtl = validation->n_rtl;
        struct error reason = {0};
        ok = validate_name(platform, *name, validation, &reason) ||
             (reason.status == STATUS_USAGE ? leave_out(validation, n_rows, n_rtl, &reason, error)
                                            : error_set(error, reason.status, "%s", reason.text));
    }
    configs_free_names(names);
    return ok;
}

static bool validate_chosen(const char *chosen, struct validation *validation, struct error *error)
{
    bool found = false, ok = true;
    const size_t length = chosen ? strcspn(chosen, ":") : 0;
    for (const struct platform *const *platform = platforms; *platform && ok; platform++) {
        const char *name = (*platform)->name;
        if (chosen && (strncmp(name, chosen, length) || name[length]))
            continue;
        found = true;
        if (chosen && chosen[length])
            ok = validate_name(name, chosen + length + 1, validation, error);
        else
            ok = validate_platform(name, validation, error);
    }
    return found ? ok
                 : error_set(error, STATUS_USAGE,
                             "no platform for device '%.100s'; it must be PLATFORM:DEVICE or PLATFORM (see "
                             "'mamba-bench list devices')",
                             chosen);
}

bool validate(const char *chosen, struct validation *validation, struct error *error)
{
    *validation = (struct validation){.passed = true};
    if (validate_chosen(chosen, validation, error))
        return true;
    validation_free(validation);
    return false;
}

static bool has_length(const struct validation_workload *workload, double seqlen)
{
    for (int i = 0; i < workload->n_seqlens; i++)
        if ((double)workload->seqlens[i] == seqlen)
            return true;
    return false;
}

static bool is_of_workload(const struct device_result *result, const struct validation_workload *workload)
{
    if (!result->model || strcmp(result->model, workload->model) || result->figure == FIGURE_REDUCTION ||
        strcmp(result->phase, phase_name(workload->phase)))
        return false;
    if (workload->phase == PHASE_DECODE)
        return true;
    for (unsigned i = 0; i < result->seqlens_count; i++)
        if (!has_length(workload, result->seqlens[i]))
            return false;
    return result->seqlens[result->seqlens_count - 1] == (double)workload->seqlen;
}

/* How many options are not those of the result, and their values. */
static int changed_settings(const struct device *device, const struct device_result *result,
                            const struct device_settings *chosen, char *text, size_t size)
{
    struct device_settings own;
    struct error error = {0};
    int changed = 0;
    size_t used = 0;
    text[0] = '\0';
    if (!device_settings(device, (const char *const *)result->options, result->options_count, &own, &error))
        return DEVICE_MAX_OPTIONS + 1;
    for (unsigned i = 0; i < device->options_count; i++) {
        if (device_same_value(&device->options[i], own.values[i], chosen->values[i]))
            continue;
        if (used < size)
            used += (size_t)snprintf(text + used, size - used, "%s%s=%s for %s", changed ? ", " : "",
                                     device->options[i].name, chosen->values[i], own.values[i]);
        changed++;
    }
    return changed;
}

/* The figure beside a model that it does not hold for. */
static void change_row(struct validation_row *row, const char *changed, bool comparable)
{
    snprintf(row->changed, sizeof row->changed, "%s", changed);
    row->note = row->missed = NULL;
    if (!comparable)
        row->model = row->relative_error = NAN;
}

static bool validate_chosen_workload(const char *name, const char *const *options,
                                     const struct validation_workload *workload,
                                     struct validation *validation, struct error *error)
{
    const struct device *device = validation->devices[0];
    struct device_settings chosen;
    char changed[sizeof validation->rows->changed];
    int nearest = DEVICE_MAX_OPTIONS + 1;
    size_t n = 0;
    while (options && options[n])
        n++;
    validation->rows = calloc(device->published_count + 1, sizeof *validation->rows);
    if (!validation->rows)
        return error_set(error, STATUS_FAILED, "no memory for the results of %s", name);
    if (!device_settings(device, options, n, &chosen, error))
        return false;
    for (int pass = 0; pass < 2; pass++)
        for (unsigned i = 0; i < device->published_count; i++) {
            const struct device_result *result = &device->published[i];
            if ((result->provenance != EVIDENCE_PUBLISHED && result->provenance != EVIDENCE_DIGITISED) ||
                !is_of_workload(result, workload))
                continue;
            /* No option of the device has a part in one law over another. */
            const int away =
                result->of ? 0 : changed_settings(device, result, &chosen, changed, sizeof changed);
            if (pass == 0 && away < nearest && !result->of)
                nearest = away;
            if (pass == 0 || away > nearest)
                continue;
            struct validation_row *row = &validation->rows[validation->n_rows];
            if (!price_result(device, result, (char *const *)options, n, row, error))
                return false;
            if (away > 0)
                change_row(row, changed, device_law_holds(device, &chosen, result));
            validation->passed &= *row->changed || row->state != VALIDATION_OUTSIDE;
            validation->n_rows++;
        }
    return true;
}

bool validate_workload(const char *platform, const char *name, const char *const *options,
                       const struct validation_workload *workload, struct validation *validation,
                       struct error *error)
{
    *validation = (struct validation){.passed = true, .devices = calloc(1, sizeof *validation->devices)};
    if (!validation->devices)
        return error_set(error, STATUS_FAILED, "no memory for device %s", name);
    bool ok = device_load(platform, name, &validation->devices[0], error);
    validation->n_devices = ok;
    ok = ok && validate_chosen_workload(name, options, workload, validation, error);
    if (!ok)
        validation_free(validation);
    return ok;
}

void validation_free(struct validation *validation)
{
    for (size_t i = 0; i < validation->n_devices; i++)
        device_free(validation->devices[i]);
    free(validation->devices);
    free(validation->rows);
    free(validation->rtl);
    free(validation->broken);
    *validation = (struct validation){.passed = false};
}
