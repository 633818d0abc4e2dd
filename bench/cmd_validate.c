/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/cli.h"
#include "platforms/device.h"
#include "platforms/validate.h"
#include "reports/grid.h"

static json_t *cycles_json(double cycles, const struct port_use *use)
{
    return json_pack("{s:f,s:f,s:f,s:f,s:f}", "cycles", cycles, "compute_cycles", use->compute_cycles,
                     "stall_cycles", use->stall_cycles, "fill_cycles", use->fill_cycles, "drain_cycles",
                     use->drain_cycles);
}

static void append_rtl(const struct validation *validation, json_t *rows)
{
    for (size_t i = 0; i < validation->n_rtl; i++) {
        const struct validation_rtl *row = &validation->rtl[i];
        char device[128];
        snprintf(device, sizeof device, "%s:%s", row->platform, row->device);
        json_array_append_new(rows,
                              json_pack("{s:s,s:s,s:s,s:s,s:s,s:o,s:o,s:f,s:f,s:s,s:b}", "device", device,
                                        "id", "rtl", "variant", row->variant, "shape", row->shape, "memory",
                                        row->memory, "simulated", cycles_json(row->rtl_cycles, &row->rtl),
                                        "model", cycles_json(row->model_cycles, &row->model),
                                        "relative_error", row->relative_error, "tolerance", VALIDATE_WORST,
                                        "provenance", "simulated", "passed", row->passed));
    }
}

static void print_json(const struct validation *validation)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < validation->n_rows; i++) {
        const struct validation_row *row = &validation->rows[i];
        char device[128];
        snprintf(device, sizeof device, "%s:%s", row->platform, row->device);
        json_array_append_new(
            rows, json_pack("{s:s,s:s,s:s,s:s,s:b,s:f,s:f,s:f,s:o,s:s,s:s,s:s?,s:s?,s:s,s:b}", "device",
                            device, "id", row->id, "what", row->what, "figure", row->figure, "layers_only",
                            row->layers_only, "reference", row->reference, "plus_minus", row->tolerance,
                            "model", row->model, "relative_error",
                            isfinite(row->relative_error) ? json_real(row->relative_error) : json_null(),
                            "provenance", row->provenance, "source", row->source, "note", row->note, "missed",
                            row->missed, "state", validation_state_name(row->state), "passed",
                            row->state != VALIDATION_OUTSIDE));
    }
    append_rtl(validation, rows);
    json_dumpf(rows, stdout, JSON_INDENT(2));
    printf("\n");
    json_decref(rows);
}

enum { WHAT_COLUMNS = 30 };

/* The number of a row's source among those of its device's rows before it, from 1. */
static int source_number(const struct validation *validation, size_t index, bool *first)
{
    int number = 0;
    *first = true;
    for (size_t i = 0; i <= index; i++) {
        const struct validation_row *row = &validation->rows[i];
        bool seen = row->device != validation->rows[index].device;
        for (size_t k = 0; k < i && !seen; k++)
            seen =
                row->device == validation->rows[k].device && !strcmp(validation->rows[k].source, row->source);
        number += !seen;
        if (row->device == validation->rows[index].device &&
            !strcmp(row->source, validation->rows[index].source)) {
            *first = i == index;
            return number;
        }
    }
    return number;
}

static const char *explanation(const struct validation_row *row)
{
    return row->missed ? row->missed : row->note;
}

static void print_row(const struct validation *validation, size_t index, bool with_note)
{
    const struct validation_row *row = &validation->rows[index];
    char what[256], reference[48], provenance[48];
    bool first;
    int used = snprintf(reference, sizeof reference, "%.6g", row->reference);
    if (row->tolerance > 0)
        snprintf(reference + used, sizeof reference - (size_t)used, " ±%.2g", row->tolerance);
    /* The sign takes two bytes and one column. */
    const int wide = row->tolerance > 0;
    snprintf(provenance, sizeof provenance, "%s [%d]", row->provenance,
             source_number(validation, index, &first));
    snprintf(what, sizeof what, "%s%s", row->what, row->layers_only ? " (layers only)" : "");
    const bool own_line = strlen(what) > WHAT_COLUMNS;
    if (own_line)
        print_wrapped(what, 2, 2, 100, stdout);
    printf("  %-*s %-17s %*s %11.6g %+8.2f%% %s\n", WHAT_COLUMNS, own_line ? "" : what, provenance, 16 + wide,
           reference, row->model, 100 * row->relative_error,
           row->state == VALIDATION_OUTSIDE ? "OUTSIDE" : validation_state_name(row->state));
    if (row->state == VALIDATION_OUTSIDE && row->missed)
        printf("      on record is a miss of %+.2f %%, to be held to %.2g %%\n",
               100 * validation->rows[index].recorded, 100 * VALIDATE_DRIFT);
    if (with_note)
        print_wrapped(explanation(row), 6, 8, 100, stdout);
}

static void print_sources(const struct validation *validation, size_t first, size_t end)
{
    bool layers_only = false;
    for (size_t i = first; i < end; i++) {
        char line[1024];
        bool new;
        const int number = source_number(validation, i, &new);
        snprintf(line, sizeof line, "[%d] %s", number, validation->rows[i].source);
        if (new)
            print_wrapped(line, 2, 6, 100, stdout);
        layers_only |= validation->rows[i].layers_only;
    }
    if (layers_only)
        print_wrapped("layers only: the time of a layer times the number of layers, without embedding, last "
                      "norm and head, which the source leaves out or open; the time that a run shows for the "
                      "model has them",
                      2, 4, 100, stdout);
}

static void print_named(const char *kind, const char *name, const char *text)
{
    char line[1024];
    snprintf(line, sizeof line, "%s: %s (%s)", kind, name, text);
    print_wrapped(line, 2, 4, 100, stdout);
}

static void print_baseline(const struct device_baseline *baseline)
{
    char line[1024];
    snprintf(line, sizeof line, "baseline %s: %.4g ms + %.4g ms a token (%s)", baseline->name,
             baseline->fixed_s * 1e3, baseline->token_s * 1e3, baseline->source);
    print_wrapped(line, 2, 4, 100, stdout);
}

static void print_resources(const struct device *device)
{
    if (device->resources_count)
        printf("  %-30s %9s %9s %7s %7s %5s\n", "resources", "LUT", "FF", "DSP", "BRAM36", "URAM");
    for (unsigned i = 0; i < device->resources_count; i++) {
        const struct device_resources *resources = &device->resources[i];
        const struct device_resources *after = i + 1 < device->resources_count ? resources + 1 : NULL;
        printf("  %-30s %9g %9g %7g %7g %5g\n", resources->name, resources->lut, resources->ff,
               resources->dsp, resources->bram, resources->uram);
        if (!after || strcmp(after->source, resources->source))
            print_wrapped(resources->source, 6, 8, 100, stdout);
    }
}

/* What stands beside the figures: whom they are compared with, what nobody published, what stays open. */
static void print_background(const struct device *device)
{
    for (unsigned i = 0; i < device->baselines_count; i++)
        print_baseline(&device->baselines[i]);
    for (unsigned i = 0; i < device->assumed_count; i++)
        print_named("assumed", device->assumed[i].name, device->assumed[i].reason);
    for (unsigned i = 0; i < device->undecided_count; i++)
        print_named("undecided", device->undecided[i].name, device->undecided[i].reason);
    print_resources(device);
    if (device->energy && device->energy->power_w > 0)
        printf("  power: %.3g W (%s)\n", device->energy->power_w, device->energy->source);
}

static const struct device *device_of(const struct validation *validation, const struct validation_row *row)
{
    size_t i = 0;
    while (validation->devices[i]->name != row->device)
        i++;
    return validation->devices[i];
}

static void print_device(const struct validation *validation, size_t first, size_t end)
{
    const struct validation_row *rows = validation->rows;
    printf("%s%s:%s\n  %-*s %-17s %16s %11s %9s %s\n", first ? "\n" : "", rows[first].platform,
           rows[first].device, WHAT_COLUMNS, "figure", "provenance", "reference", "model", "error", "state");
    for (size_t i = first; i < end; i++) {
        /* A note that holds for a run of rows stands below the last of them. */
        const char *own = explanation(&rows[i]), *after = i + 1 < end ? explanation(&rows[i + 1]) : NULL;
        print_row(validation, i, own && !(after && !strcmp(after, own)));
    }
    print_sources(validation, first, end);
    print_background(device_of(validation, &rows[first]));
}

static void print_table(const struct validation *validation)
{
    int states[VALIDATION_STATES] = {0};
    for (size_t i = 0; i < validation->n_rows; i++)
        states[validation->rows[i].state]++;
    for (size_t first = 0, end = 0; first < validation->n_rows; first = end) {
        while (end < validation->n_rows && validation->rows[end].device == validation->rows[first].device)
            end++;
        print_device(validation, first, end);
    }
    printf(
        "\n%zu figures: %d reproduced, %d missed (each explained), %d by construction or fitted, %d outside "
        "their bound.\n",
        validation->n_rows, states[VALIDATION_REPRODUCED], states[VALIDATION_MISSED],
        states[VALIDATION_CONSTRUCTION] + states[VALIDATION_FIT], states[VALIDATION_OUTSIDE]);
}

static void print_rtl_device(const struct validation *validation, size_t first, size_t end)
{
    const struct validation_rtl *rows = validation->rtl;
    const struct validation_rtl_summary summary = validation_summarize(validation, first, end);
    printf("\n%s:%s beside the RTL, in cycles: simulated, model\n", rows[first].platform, rows[first].device);
    for (size_t i = first; i < end; i++) {
        const struct validation_rtl *row = &rows[i];
        const double per_cent = 100 * row->relative_error;
        if (i == first || strcmp(row->shape, row[-1].shape) || strcmp(row->memory, row[-1].memory))
            printf("  %s, %s\n    %-26s %15s %15s %15s %15s %6s\n", row->shape, row->memory, "", "compute",
                   "stall", "fill and drain", "all", "error");
        printf("    %-26.26s %7.0f %7.0f %7.0f %7.0f %7.0f %7.0f %7.0f %7.0f %+5.2f%%%s\n", row->variant,
               row->rtl.compute_cycles, row->model.compute_cycles, row->rtl.stall_cycles,
               row->model.stall_cycles, row->rtl.fill_cycles + row->rtl.drain_cycles,
               row->model.fill_cycles + row->model.drain_cycles, row->rtl_cycles, row->model_cycles,
               fabs(per_cent) < 0.005 ? 0.0 : per_cent, row->passed ? "" : "  FAILED");
    }
    printf("  %zu calls: error of all cycles %.2f %% in the median (bound %.0f %%), %.2f %% at worst (bound "
           "%.0f %%)\n  %d of %d pairs of variants in another order than in the RTL%s\n",
           end - first, 100 * summary.median, 100 * VALIDATE_MEDIAN, 100 * summary.worst,
           100 * VALIDATE_WORST, summary.misplaced, summary.pairs, summary.passed ? "" : "  FAILED");
}

static void print_rtl(const struct validation *validation)
{
    for (size_t first = 0, end = 0; first < validation->n_rtl; first = end) {
        while (end < validation->n_rtl && validation->rtl[end].device == validation->rtl[first].device)
            end++;
        print_rtl_device(validation, first, end);
    }
    if (*validation->rtl_missing) {
        printf("\n");
        print_wrapped(validation->rtl_missing, 0, 2, 100, stdout);
    }
}

enum status command_validate(const struct arguments *arguments, struct error *error)
{
    struct validation validation = {0};
    if (!validate(arguments->device, &validation, error))
        return error->status;
    if (!validation.n_rows && !validation.n_broken) {
        validation_free(&validation);
        error_set(error, STATUS_USAGE, "validate: %s has no published figures", arguments->device);
        return error->status;
    }
    if (arguments->format == FORMAT_JSON) {
        print_json(&validation);
    } else {
        print_table(&validation);
        print_rtl(&validation);
    }
    for (size_t i = 0; i < validation.n_broken; i++)
        cli_complain(&validation.broken[i]);
    const enum status status = validation.n_broken ? STATUS_USAGE
                               : validation.passed ? STATUS_OK
                                                   : STATUS_FAILED;
    validation_free(&validation);
    return status;
}
