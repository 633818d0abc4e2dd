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
            rows, json_pack("{s:s,s:s,s:s,s:s,s:f,s:f,s:o,s:f,s:s,s:s,s:s?,s:b}", "device", device, "id",
                            row->id, "what", row->what, "figure", row->figure, "published", row->published,
                            "model", row->model, "relative_error",
                            isfinite(row->relative_error) ? json_real(row->relative_error) : json_null(),
                            "tolerance", row->tolerance, "provenance", row->provenance, "source", row->source,
                            "note", row->note, "passed", row->passed));
    }
    append_rtl(validation, rows);
    json_dumpf(rows, stdout, JSON_INDENT(2));
    printf("\n");
    json_decref(rows);
}

static void print_row(const struct validation_row *row, bool with_note)
{
    char tolerance[32] = "exact";
    if (row->tolerance > 0)
        snprintf(tolerance, sizeof tolerance, "%.3g %%", 100 * row->tolerance);
    enum { WHAT_COLUMNS = 46 };
    if (strlen(row->what) > WHAT_COLUMNS)
        printf("  %s\n", row->what);
    printf("  %-*s %-12s %10.6g %10.6g %+8.2f%% %6s%s\n", WHAT_COLUMNS,
           strlen(row->what) > WHAT_COLUMNS ? "" : row->what, row->provenance, row->published, row->model,
           100 * row->relative_error, tolerance, row->passed ? "" : "  FAILED");
    if (with_note)
        print_wrapped(row->note, 6, 8, 100, stdout);
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
static bool print_background(const char *platform, const char *name, struct error *error)
{
    struct device *device;
    if (!device_load(platform, name, &device, error))
        return false;
    for (unsigned i = 0; i < device->baselines_count; i++)
        print_baseline(&device->baselines[i]);
    for (unsigned i = 0; i < device->assumed_count; i++)
        print_named("assumed", device->assumed[i].name, device->assumed[i].reason);
    for (unsigned i = 0; i < device->undecided_count; i++)
        print_named("undecided", device->undecided[i].name, device->undecided[i].reason);
    print_resources(device);
    if (device->energy && device->energy->power_w > 0)
        printf("  power: %.3g W (%s)\n", device->energy->power_w, device->energy->source);
    device_free(device);
    return true;
}

static bool print_table(const struct validation *validation, struct error *error)
{
    int failed = 0;
    for (size_t i = 0; i < validation->n_rows; i++) {
        const struct validation_row *row = &validation->rows[i];
        const struct validation_row *before = i ? row - 1 : NULL;
        if (!before || strcmp(before->device, row->device) || strcmp(before->platform, row->platform)) {
            if (before && !print_background(before->platform, before->device, error))
                return false;
            printf("%s%s:%s\n  %-46s %-12s %10s %10s %9s %6s\n", before ? "\n" : "", row->platform,
                   row->device, "figure", "evidence", "published", "model", "error", "bound");
        }
        /* A note that holds for a run of rows stands below the last of them. */
        const struct validation_row *after = i + 1 < validation->n_rows ? row + 1 : NULL;
        print_row(row, row->note && !(after && after->note && !strcmp(after->note, row->note)));
        failed += !row->passed;
    }
    if (validation->n_rows) {
        const struct validation_row *last = &validation->rows[validation->n_rows - 1];
        if (!print_background(last->platform, last->device, error))
            return false;
    }
    printf("\n%zu figures, %d outside their bound.\n", validation->n_rows, failed);
    return true;
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
    if (!validation.n_rows) {
        validation_free(&validation);
        error_set(error, STATUS_USAGE, "validate: %s has no published figures", arguments->device);
        return error->status;
    }
    bool printed = true;
    if (arguments->format == FORMAT_JSON)
        print_json(&validation);
    else
        printed = print_table(&validation, error);
    if (printed && arguments->format != FORMAT_JSON)
        print_rtl(&validation);
    const bool passed = validation.passed;
    validation_free(&validation);
    return !printed ? error->status : passed ? STATUS_OK : STATUS_FAILED;
}
