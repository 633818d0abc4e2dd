/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "bench/cli.h"
#include "bench/counters.h"
#include "bench/energy.h"
#include "platforms/device.h"

/* Each list is made once, as an array of flat objects; a table is printed from the same. */

static json_t *list_platforms(struct error *error)
{
    (void)error;
    json_t *list = json_array();
    for (int i = 0; platforms[i]; i++) {
        const char *missing = platforms[i]->missing ? platforms[i]->missing() : NULL;
        json_array_append_new(list,
                              json_pack("{s:s,s:s,s:s,s:s}", "platform", platforms[i]->name, "provenance",
                                        provenance_name(platforms[i]->provenance), "status",
                                        missing ? missing : "available", "what", platforms[i]->summary));
    }
    return list;
}

static bool append_devices(json_t *list, const char *platform, struct error *error)
{
    char **names = device_names(platform, error);
    if (!names)
        return false;
    bool ok = true;
    for (int i = 0; names[i] && ok; i++) {
        struct device *device = NULL;
        char name[128];
        ok = device_load(platform, names[i], &device, error);
        if (!ok)
            break;
        snprintf(name, sizeof name, "%s:%s", platform, names[i]);
        json_t *options = json_array();
        for (unsigned o = 0; o < device->options_count; o++) {
            char text[256];
            size_t used = (size_t)snprintf(text, sizeof text, "%s=%s", device->options[o].name,
                                           device->options[o].fallback);
            for (unsigned c = 0; c < device->options[o].choices_count && used < sizeof text; c++)
                used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", c ? "|" : " of ",
                                         device->options[o].choices[c]);
            json_array_append_new(options, json_string(text));
        }
        json_t *entry = json_pack("{s:s,s:s,s:o,s:i}", "device", name, "what", device->summary, "options",
                                  options, "published_figures", (int)device->published_count);
        json_t *assumed = json_array();
        for (unsigned a = 0; a < device->assumed_count; a++)
            json_array_append_new(assumed, json_pack("{s:s,s:s}", "parameter", device->assumed[a].name,
                                                     "reason", device->assumed[a].reason));
        json_object_set_new(entry, "assumed", assumed);
        json_array_append_new(list, entry);
        device_free(device);
    }
    configs_free_names(names);
    return ok;
}

static json_t *list_devices(struct error *error)
{
    json_t *list = json_array();
    for (int i = 0; platforms[i]; i++)
        if (platforms[i]->default_device && !append_devices(list, platforms[i]->name, error)) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static json_t *list_models(struct error *error)
{
    char **names = shape_preset_names(error);
    json_t *list = names ? json_array() : NULL;
    for (int i = 0; names && names[i]; i++) {
        struct model_shape shape;
        if (!shape_preset(names[i], &shape, error)) {
            json_decref(list);
            list = NULL;
            break;
        }
        json_array_append_new(
            list, json_pack("{s:s,s:s,s:I,s:I,s:I,s:I,s:I}", "model", names[i], "arch", arch_name(shape.arch),
                            "parameters", (json_int_t)shape_parameters(&shape), "layers",
                            (json_int_t)shape.n_layer, "d_model", (json_int_t)shape.d_model, "d_inner",
                            (json_int_t)shape.d_inner, "d_state", (json_int_t)shape.d_state));
    }
    shape_preset_names_free(names);
    return list;
}

static json_t *list_stages(struct error *error)
{
    (void)error;
    json_t *list = json_array();
    for (int i = 0; graph_stage_names()[i]; i++) {
        char families[128] = "";
        size_t used = 0;
        for (int f = 0; kernel_families[f]; f++)
            for (int s = 0; s < FAMILY_MAX_STAGES && kernel_families[f]->covers[s]; s++)
                if (!strcmp(kernel_families[f]->covers[s], graph_stage_names()[i]) && used < sizeof families)
                    used += (size_t)snprintf(families + used, sizeof families - used, "%s%s", used ? " " : "",
                                             kernel_families[f]->name);
        json_array_append_new(list, json_pack("{s:s,s:s}", "stage", graph_stage_names()[i], "kernel_families",
                                              used ? families : "matmul or rmsnorm"));
    }
    return list;
}

static json_t *list_kernels(struct error *error)
{
    (void)error;
    json_t *list = json_array();
    for (int f = 0; kernel_families[f]; f++)
        for (int k = 0; k < kernel_families[f]->n_kernels; k++) {
            const struct kernel *kernel = &kernel_families[f]->kernels[k];
            json_array_append_new(
                list,
                json_pack("{s:s,s:s,s:s,s:s}", "kernel", kernel->name, "isa", isa_name(kernel->isa), "status",
                          isa_available() & 1u << kernel->isa ? "available" : "not on this processor",
                          "computes", kernel_families[f]->summary));
        }
    return list;
}

static json_t *list_counters(struct error *error)
{
    struct counters *counters = counters_open(NULL, error);
    if (!counters)
        return NULL;
    struct counters_reading reading;
    counters_start(counters);
    counters_stop(counters, &reading);
    counters_close(counters);
    json_t *list = json_array();
    for (int i = 0; i < reading.n_values; i++)
        json_array_append_new(list, json_pack("{s:s,s:s}", "counter", reading.values[i].name, "source",
                                              reading.values[i].hardware ? "hardware" : "software"));
    json_array_append_new(list, json_pack("{s:s,s:s}", "counter", "(hardware events)", "source",
                                          reading.reason[0] ? reading.reason : "all available"));
    struct error reason = {0};
    struct energy *energy = energy_open(NULL, &reason);
    json_array_append_new(list, json_pack("{s:s,s:s}", "counter", "energy", "source",
                                          energy ? "powercap (RAPL)" : reason.text));
    energy_close(energy);
    return list;
}

static const struct list_spec {
    const char *name;
    json_t *(*make)(struct error *error);
} lists[] = {{"platforms", list_platforms}, {"devices", list_devices}, {"models", list_models},
             {"stages", list_stages},       {"kernels", list_kernels}, {"counters", list_counters}};

static void print_cell(const json_t *value, int width)
{
    if (json_is_string(value))
        printf("%-*s  ", width, json_string_value(value));
    else if (json_is_integer(value))
        printf("%*lld  ", width, (long long)json_integer_value(value));
}

static int cell_width(const json_t *value)
{
    char text[32];
    if (json_is_string(value))
        return (int)json_string_length(value);
    return json_is_integer(value) ? snprintf(text, sizeof text, "%lld", (long long)json_integer_value(value))
                                  : 0;
}

/* Scalars as columns; a list of a row below it, one line an entry. */
static void print_list(const char *name, json_t *list)
{
    enum { MAX_COLUMNS = 16 };
    int widths[MAX_COLUMNS] = {0};
    const char *key;
    json_t *row, *value;
    size_t index;
    json_array_foreach(list, index, row)
    {
        int column = 0;
        json_object_foreach(row, key, value)
        {
            const int width = cell_width(value), head = (int)strlen(key);
            if (column < MAX_COLUMNS && !json_is_array(value)) {
                widths[column] = width > widths[column] ? width : widths[column];
                widths[column] = head > widths[column] ? head : widths[column];
                column++;
            }
        }
    }
    printf("%s\n", name);
    json_array_foreach(list, index, row)
    {
        int column = 0;
        if (index == 0) {
            printf("  ");
            json_object_foreach(row, key, value) if (column < MAX_COLUMNS && !json_is_array(value))
                printf(json_is_integer(value) ? "%*s  " : "%-*s  ", widths[column++], key);
            printf("\n");
        }
        column = 0;
        printf("  ");
        json_object_foreach(row, key, value) if (column < MAX_COLUMNS && !json_is_array(value))
            print_cell(value, widths[column++]);
        printf("\n");
        json_object_foreach(row, key, value)
        {
            size_t i;
            json_t *entry;
            json_array_foreach(value, i, entry)
            {
                if (json_is_string(entry))
                    printf("      %s: %s\n", key, json_string_value(entry));
                else
                    printf("      %s: %s (%s)\n", key, json_string_value(json_object_get(entry, "parameter")),
                           json_string_value(json_object_get(entry, "reason")));
            }
        }
    }
    printf("\n");
}

enum status command_list(const struct arguments *arguments, struct error *error)
{
    json_t *all = json_object();
    bool known = arguments->n_operands == 0;
    if (arguments->n_operands > 1)
        error_set(error, STATUS_USAGE,
                  "list: one word only: platforms, devices, models, stages, kernels or counters");
    if (arguments->format == FORMAT_CSV || arguments->format == FORMAT_GBENCH)
        error_set(error, STATUS_USAGE, "list: --format is table or json");
    for (int i = 0; i < COUNT_OF(lists) && error->status == STATUS_OK; i++) {
        if (arguments->n_operands && strcmp(arguments->operands[0], lists[i].name))
            continue;
        known = true;
        json_t *list = lists[i].make(error);
        if (list)
            json_object_set_new(all, lists[i].name, list);
    }
    if (!known)
        error_set(error, STATUS_USAGE,
                  "list: no list '%s': platforms, devices, models, stages, kernels or counters",
                  arguments->operands[0]);
    if (error->status == STATUS_OK && arguments->format == FORMAT_JSON) {
        json_dumpf(all, stdout, JSON_INDENT(2));
        printf("\n");
    } else if (error->status == STATUS_OK) {
        const char *name;
        json_t *list;
        json_object_foreach(all, name, list) print_list(name, list);
    }
    json_decref(all);
    return error->status;
}
