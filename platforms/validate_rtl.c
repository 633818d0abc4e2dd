/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platforms/pricing.h"
#include "platforms/validate.h"

struct words {
    const char *list[DEVICE_MAX_OPTIONS + 1];
    size_t count;
};

static bool add_words(struct words *words, char *const *list, unsigned count, struct error *error)
{
    for (unsigned i = 0; i < count; i++) {
        if (words->count == DEVICE_MAX_OPTIONS)
            return error_set(error, STATUS_USAGE, "more than %d options", DEVICE_MAX_OPTIONS);
        words->list[words->count++] = list[i];
    }
    words->list[words->count] = NULL;
    return true;
}

static void join(char *const *list, unsigned count, char *text, size_t size)
{
    size_t used = 0;
    *text = 0;
    for (unsigned i = 0; i < count && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%s", i ? " " : "", list[i]);
}

static bool parse_shape(const struct device_words *shape, struct pricing_dims *dims, char names[][32],
                        struct error *error)
{
    *dims = (struct pricing_dims){2, {{"batch", 1}, {"seqlen", 1}}};
    for (unsigned i = 0; i < shape->words_count; i++) {
        long long value;
        int end = 0;
        if (dims->count == STAGE_MAX_DIMS ||
            sscanf(shape->words[i], "%31[a-z_]=%lld%n", names[i], &value, &end) != 2 ||
            shape->words[i][end] || value < 1 || value > 65535)
            return error_set(error, STATUS_USAGE,
                             "'%.60s' is no dimension=1 to 65535, or one of more than %d", shape->words[i],
                             STAGE_MAX_DIMS);
        dims->values[dims->count++] = (struct stage_dim){names[i], value};
    }
    return true;
}

static bool price_model(const struct device *device, const struct words *options,
                        const struct pricing_dims *dims, struct price *price, struct error *error)
{
    struct pricing pricing;
    struct cost cost;
    struct notes notes = {""};
    if (!pricing_init(&pricing, device, options->list, options->count, error))
        return false;
    const struct device_unit *unit = pricing_unit_named(&pricing, device->rtl->unit);
    if (!unit)
        return error_set(error, STATUS_USAGE, "there is no unit '%.40s' under these options",
                         device->rtl->unit);
    if (!pricing_call(&pricing, unit, dims, false, &cost, &notes, error))
        return false;
    pricing_time(&pricing, &cost, price);
    return price->has_ports ||
           error_set(error, STATUS_USAGE, "unit '%.40s' has no ports under these options", device->rtl->unit);
}

static bool compare(const struct device *device, const struct platform *platform,
                    const struct device_words *shape, const struct device_words *memory,
                    const struct device_words *variant, struct validation_rtl *row, struct error *error)
{
    struct words rtl = {.count = 0}, model = {.count = 0};
    char names[STAGE_MAX_DIMS + 1][32];
    struct pricing_dims dims;
    struct price simulated, priced;
    if (!add_words(&rtl, variant->words, variant->words_count, error) ||
        !add_words(&rtl, memory->words, memory->words_count, error) ||
        !add_words(&model, variant->words, variant->words_count, error) ||
        !add_words(&model, memory->words, memory->words_count, error) ||
        !add_words(&model, device->rtl->options, device->rtl->options_count, error) ||
        !parse_shape(shape, &dims, names, error) || !price_model(device, &model, &dims, &priced, error) ||
        !platform->call(device->rtl->device, rtl.list, dims.values, dims.count, &simulated, error))
        return false;
    *row = (struct validation_rtl){.platform = device->platform,
                                   .device = device->name,
                                   .rtl = simulated.ports,
                                   .model = priced.ports,
                                   .rtl_cycles = simulated.cycles,
                                   .model_cycles = priced.cycles,
                                   .relative_error = (priced.cycles - simulated.cycles) / simulated.cycles};
    if (variant->name)
        snprintf(row->variant, sizeof row->variant, "%s", variant->name);
    else
        join(variant->words, variant->words_count, row->variant, sizeof row->variant);
    join(shape->words, shape->words_count, row->shape, sizeof row->shape);
    join(memory->words, memory->words_count, row->memory, sizeof row->memory);
    row->passed = simulated.ports.compute_cycles == priced.ports.compute_cycles &&
                  fabs(row->relative_error) <= VALIDATE_WORST;
    return true;
}

static const struct platform *find_rtl(const struct device *device, struct validation *validation,
                                       struct error *error)
{
    const struct platform *platform = platform_find(device->rtl->platform);
    if (!platform || !platform->call) {
        error_set(error, STATUS_USAGE, "configs/devices/%.40s-%.40s.yaml: rtl: platform '%.40s' runs no RTL",
                  device->platform, device->name, device->rtl->platform);
        return NULL;
    }
    const char *missing = platform->missing ? platform->missing() : NULL;
    if (!missing)
        return platform;
    snprintf(validation->rtl_missing, sizeof validation->rtl_missing, "%s:%s beside %s: %s", device->platform,
             device->name, platform->name, missing);
    return NULL;
}

bool validate_rtl(const struct device *device, const struct device_rtl_grid *grids, size_t n_grids,
                  struct validation *validation, struct error *error)
{
    const size_t before = validation->n_rtl;
    const struct platform *platform = find_rtl(device, validation, error);
    size_t room = before;
    if (!platform)
        return *validation->rtl_missing;
    for (size_t g = 0; g < n_grids; g++)
        room += (size_t)grids[g].shapes_count * grids[g].memories_count * grids[g].variants_count;
    struct validation_rtl *rows = realloc(validation->rtl, (room + 1) * sizeof *rows);
    if (!rows)
        return error_set(error, STATUS_FAILED, "no memory for %zu calls", room);
    validation->rtl = rows;
    for (const struct device_rtl_grid *grid = grids; grid < grids + n_grids; grid++)
        for (unsigned s = 0; s < grid->shapes_count; s++)
            for (unsigned m = 0; m < grid->memories_count; m++)
                for (unsigned v = 0; v < grid->variants_count; v++) {
                    struct error reason = {0};
                    if (!compare(device, platform, &grid->shapes[s], &grid->memories[m], &grid->variants[v],
                                 &rows[validation->n_rtl], &reason))
                        return error_set(error, reason.status, "rtl of %.40s, grid %d, variant %u: %.300s",
                                         device->name, (int)(grid - grids), v, reason.text);
                    validation->n_rtl++;
                }
    if (validation->n_rtl > before && !validation_summarize(validation, before, validation->n_rtl).passed)
        validation->passed = false;
    return true;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

struct validation_rtl_summary validation_summarize(const struct validation *validation, size_t first,
                                                   size_t end)
{
    struct validation_rtl_summary summary = {.passed = true};
    double *errors = malloc((end - first + 1) * sizeof *errors);
    for (size_t i = first; i < end; i++) {
        const struct validation_rtl *row = &validation->rtl[i];
        const double error = fabs(row->relative_error);
        if (errors)
            errors[i - first] = error;
        summary.worst = fmax(summary.worst, error);
        summary.passed = summary.passed && row->passed;
        for (size_t j = first; j < i; j++) {
            const struct validation_rtl *other = &validation->rtl[j];
            const double apart = fabs(row->rtl_cycles - other->rtl_cycles);
            const double spread = hypot(row->model.deviation_cycles, other->model.deviation_cycles);
            if (strcmp(row->shape, other->shape) || strcmp(row->memory, other->memory) ||
                apart <= VALIDATE_RANKED * row->rtl_cycles || apart <= VALIDATE_DEVIATIONS * spread)
                continue;
            summary.pairs++;
            summary.misplaced +=
                (row->rtl_cycles > other->rtl_cycles) != (row->model_cycles > other->model_cycles);
        }
    }
    if (errors && end > first) {
        qsort(errors, end - first, sizeof *errors, by_value);
        summary.median = errors[(end - first) / 2];
    }
    summary.passed = summary.passed && errors && summary.median <= VALIDATE_MEDIAN && summary.misplaced == 0;
    free(errors);
    return summary;
}
