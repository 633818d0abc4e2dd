/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/cli.h"
#include "bench/counters.h"
#include "bench/energy.h"
#include "bench/stages.h"
#include "platforms/device.h"
#include "reports/grid.h"

/* Each list is made once, as an array of flat objects; a table is printed from the same. A file that is
 * broken is said, leaves its status, and hides no other. */
static void leave_out(const struct error *reason, enum status *status)
{
    cli_complain(reason);
    *status = reason->status;
}

static json_t *list_platforms(enum status *status, struct error *error)
{
    (void)status, (void)error;
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

static int count_figures(const struct device *device, enum evidence evidence)
{
    int n = 0;
    for (unsigned i = 0; i < device->published_count; i++)
        n += device->published[i].provenance == evidence;
    return n;
}

/* "ports=free of free|axi: what they mean (with dataflow!=unfused)" */
static json_t *option_text(const struct device_option *option)
{
    char choices[256] = "";
    size_t used = 0;
    for (unsigned c = 0; c < option->choices_count && used < sizeof choices; c++)
        used += (size_t)snprintf(choices + used, sizeof choices - used, "%s%s", c ? "|" : " of ",
                                 option->choices[c]);
    return json_sprintf("%s=%s%s: %s%s%s%s", option->name, option->fallback, choices, option->summary,
                        option->when ? " (with " : "", option->when ? option->when : "",
                        option->when ? ")" : "");
}

static bool append_devices(json_t *list, const char *platform, enum status *status, struct error *error)
{
    char **names = device_names(platform, error);
    if (!names)
        return false;
    for (int i = 0; names[i]; i++) {
        struct device *device = NULL;
        struct error reason = {0};
        char name[128];
        if (!device_load(platform, names[i], &device, &reason)) {
            leave_out(&reason, status);
            continue;
        }
        snprintf(name, sizeof name, "%s:%s", platform, names[i]);
        json_t *options = json_array();
        for (unsigned o = 0; o < device->options_count; o++)
            json_array_append_new(options, option_text(&device->options[o]));
        json_t *entry =
            json_pack("{s:s,s:s,s:o}", "device", name, "what", device->summary, "options", options);
        for (int e = 0; e < EVIDENCE_COUNT; e++)
            json_object_set_new(entry, evidence_name((enum evidence)e),
                                json_integer(count_figures(device, (enum evidence)e)));
        json_t *assumed = json_array();
        for (unsigned a = 0; a < device->assumed_count; a++)
            json_array_append_new(assumed, json_pack("{s:s,s:s}", "parameter", device->assumed[a].name,
                                                     "reason", device->assumed[a].reason));
        json_object_set_new(entry, "assumed", assumed);
        json_array_append_new(list, entry);
        device_free(device);
    }
    configs_free_names(names);
    return true;
}

static json_t *list_devices(enum status *status, struct error *error)
{
    json_t *list = json_array();
    for (int i = 0; platforms[i]; i++)
        if (platforms[i]->default_device && !append_devices(list, platforms[i]->name, status, error)) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static json_t *list_models(enum status *status, struct error *error)
{
    char **names = shape_preset_names(error);
    json_t *list = names ? json_array() : NULL;
    for (int i = 0; names && names[i]; i++) {
        struct model_shape shape;
        struct error reason = {0};
        if (!shape_preset(names[i], &shape, &reason)) {
            leave_out(&reason, status);
            continue;
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

static bool name_families(enum arch arch, const char *stage, char *names, size_t size, struct error *error)
{
    struct stage_families found;
    size_t used = 0;
    if (!stage_families(arch, stage, &found, error))
        return false;
    snprintf(names, size, "-");
    for (int f = 0; f < found.n && used < size; f++)
        used += (size_t)snprintf(names + used, size - used, "%s%s", used ? " " : "", found.families[f]->name);
    return true;
}

static json_t *list_stages(enum status *status, struct error *error)
{
    (void)status;
    json_t *list = json_array();
    for (int i = 0; graph_stage_names()[i]; i++) {
        const char *stage = graph_stage_names()[i];
        char mamba1[128], mamba2[128];
        if (!name_families(ARCH_MAMBA1, stage, mamba1, sizeof mamba1, error) ||
            !name_families(ARCH_MAMBA2, stage, mamba2, sizeof mamba2, error)) {
            json_decref(list);
            return NULL;
        }
        json_array_append_new(list, json_pack("{s:s,s:s,s:s}", "stage", stage, "kernels in mamba1", mamba1,
                                              "kernels in mamba2", mamba2));
    }
    return list;
}

static json_t *list_kernels(enum status *status, struct error *error)
{
    (void)status, (void)error;
    json_t *list = json_array();
    for (int f = 0; kernel_families[f]; f++)
        for (int k = 0; k < kernel_families[f]->n_kernels; k++) {
            const struct kernel *kernel = &kernel_families[f]->kernels[k];
            const char *missing = kernel->missing ? kernel->missing() : NULL;
            const char *here = !(isa_available() & 1u << kernel->isa) ? "not on this processor"
                               : missing                              ? missing
                               : kernel->peer                         ? "available to --compare kernel"
                                                                      : "available";
            json_array_append_new(list, json_pack("{s:s,s:s,s:s,s:s}", "kernel", kernel->name, "isa",
                                                  kernel->peer ? "its own choice" : isa_name(kernel->isa),
                                                  "status", here, "computes", kernel_families[f]->summary));
        }
    return list;
}

static json_t *list_counters(enum status *status, struct error *error)
{
    (void)status;
    struct counters *counters = counters_open(NULL, error);
    if (!counters)
        return NULL;
    struct counters_reading reading;
    counters_start(counters);
    counters_stop(counters, &reading);
    counters_close(counters);
    json_t *list = json_array();
    for (int i = 0; i < reading.n_values; i++)
        json_array_append_new(list,
                              json_pack("{s:s,s:s,s:s}", "counter", reading.values[i].name, "source",
                                        reading.values[i].hardware ? "hardware" : "software", "reason", ""));
    if (reading.reason[0])
        json_array_append_new(list, json_pack("{s:s,s:s,s:s}", "counter", "other hardware events", "source",
                                              "unavailable", "reason", reading.reason));
    struct error reason = {0};
    struct energy *energy = energy_open(NULL, &reason);
    json_array_append_new(list, json_pack("{s:s,s:s,s:s}", "counter", "energy", "source",
                                          energy ? "powercap (RAPL)" : "unavailable", "reason", reason.text));
    energy_close(energy);
    return list;
}

static bool on_path(const char *program)
{
    const char *path = getenv("PATH");
    for (const char *folder = path ? path : ""; *folder;) {
        char file[4096];
        const int length = (int)strcspn(folder, ":");
        if (snprintf(file, sizeof file, "%.*s/%s", length, folder, program) < (int)sizeof file &&
            !access(file, X_OK))
            return true;
        folder += length;
        folder += *folder == ':';
    }
    return false;
}

static bool has_peer(const char *name)
{
    for (int f = 0; kernel_families[f]; f++)
        for (int k = 0; k < kernel_families[f]->n_kernels; k++) {
            const struct kernel *kernel = &kernel_families[f]->kernels[k];
            if (!strcmp(kernel->name, name))
                return !kernel->missing || !kernel->missing();
        }
    return false;
}

/* What the tool can do without, and which Debian package brings it. */
static json_t *list_parts(enum status *status, struct error *error)
{
    (void)status, (void)error;
#ifdef HAVE_PAPI
    const bool papi = true;
#else
    const bool papi = false;
#endif
#ifdef HAVE_VERILATOR
    const bool verilator = true;
#else
    const bool verilator = false;
#endif
    const struct {
        const char *part, *what, *package;
        bool there;
    } parts[] = {
        {"PAPI", "hardware counters", "libpapi-dev, then build again", papi},
        {"gnuplot", "figures", "gnuplot-nox", on_path("gnuplot")},
        {"Verilator", "--platform fpga-rtl", "verilator, then build again", verilator},
        {"OpenBLAS", "--compare kernel", "libopenblas0", has_peer("matmul/openblas")},
        {"BLIS", "--compare kernel", "libblis4", has_peer("matmul/blis")},
        {"oneDNN 2", "--compare kernel", "libdnnl-dev, then build again", has_peer("matmul/onednn")},
        {"libxsmm", "--compare kernel", "libxsmm-dev, then build again", has_peer("matmul/libxsmm")},
    };
    json_t *list = json_array();
    for (int i = 0; i < COUNT_OF(parts); i++)
        json_array_append_new(
            list, json_pack("{s:s,s:s,s:s,s:s}", "part", parts[i].part, "for", parts[i].what, "status",
                            parts[i].there ? "available" : "missing", "package", parts[i].package));
    return list;
}

static const struct list_spec {
    const char *name;
    json_t *(*make)(enum status *status, struct error *error);
} lists[] = {{"platforms", list_platforms}, {"devices", list_devices}, {"models", list_models},
             {"stages", list_stages},       {"kernels", list_kernels}, {"counters", list_counters},
             {"parts", list_parts}};

enum { LIST_MAX_COLUMNS = 16, WIDEST_COLUMN = 60, LIST_WIDTH = 100 };

static const char *cell_text(const json_t *value, char *number, size_t size)
{
    if (json_is_string(value))
        return json_string_value(value);
    snprintf(number, size, "%lld", (long long)json_integer_value(value));
    return number;
}

/* Below its row: a text too long for a column, or a list, one paragraph an entry. */
static void print_details(const char *key, const json_t *value)
{
    size_t i;
    json_t *entry;
    char text[1024];
    if (json_is_string(value)) {
        if (json_string_length(value))
            print_wrapped(json_string_value(value), 6, 8, LIST_WIDTH, stdout);
        return;
    }
    json_array_foreach(value, i, entry)
    {
        if (json_is_string(entry))
            snprintf(text, sizeof text, "%s: %s", key, json_string_value(entry));
        else
            snprintf(text, sizeof text, "%s: %s (%s)", key,
                     json_string_value(json_object_get(entry, "parameter")),
                     json_string_value(json_object_get(entry, "reason")));
        print_wrapped(text, 6, 8, LIST_WIDTH, stdout);
    }
}

/* Rows are objects with the same keys. */
static void print_list(const char *name, json_t *list)
{
    int widths[LIST_MAX_COLUMNS] = {0};
    const char *key;
    char number[32];
    json_t *row, *value;
    size_t index;
    json_array_foreach(list, index, row)
    {
        int column = 0;
        json_object_foreach(row, key, value)
        {
            const int width = json_is_array(value) ? WIDEST_COLUMN + 1
                                                   : (int)strlen(cell_text(value, number, sizeof number));
            if (column == LIST_MAX_COLUMNS)
                break;
            widths[column] = width > widths[column] ? width : widths[column];
            widths[column] = (int)strlen(key) > widths[column] ? (int)strlen(key) : widths[column];
            column++;
        }
    }
    printf("%s\n", name);
    for (int line = -1; line < (int)json_array_size(list); line++) {
        int column = 0, padding = 2;
        row = json_array_get(list, line < 0 ? 0 : (size_t)line);
        json_object_foreach(row, key, value)
        {
            if (column == LIST_MAX_COLUMNS)
                break;
            const int width = widths[column++];
            if (width > WIDEST_COLUMN)
                continue;
            const char *text = line < 0 ? key : cell_text(value, number, sizeof number);
            const int blank = width - (int)strlen(text);
            printf("%*s%s", padding + (json_is_integer(value) ? blank : 0), "", text);
            padding = 2 + (json_is_integer(value) ? 0 : blank);
        }
        printf("\n");
        column = 0;
        json_object_foreach(row, key, value) if (column < LIST_MAX_COLUMNS &&
                                                 widths[column++] > WIDEST_COLUMN && line >= 0)
            print_details(key, value);
    }
    printf("\n");
}

enum status command_list(const struct arguments *arguments, struct error *error)
{
    const char *wanted = arguments->n_operands ? arguments->operands[0] : NULL;
    enum status status = STATUS_OK;
    bool known = !wanted;
    for (int i = 0; i < COUNT_OF(lists); i++)
        known = known || !strcmp(wanted, lists[i].name);
    if (arguments->n_operands > 1)
        error_set(error, STATUS_USAGE,
                  "list: one word only: platforms, devices, models, stages, kernels, counters or parts");
    else if (!known)
        error_set(error, STATUS_USAGE,
                  "list: no list '%s': platforms, devices, models, stages, kernels, counters or parts",
                  wanted);
    if (error->status != STATUS_OK)
        return error->status;
    json_t *all = json_object();
    for (int i = 0; i < COUNT_OF(lists); i++) {
        struct error reason = {0};
        if (wanted && strcmp(wanted, lists[i].name))
            continue;
        json_t *list = lists[i].make(&status, &reason);
        if (list)
            json_object_set_new(all, lists[i].name, list);
        else
            leave_out(&reason, &status);
    }
    const char *name;
    json_t *list;
    if (arguments->format == FORMAT_JSON) {
        json_dumpf(all, stdout, JSON_INDENT(2));
        printf("\n");
    } else {
        json_object_foreach(all, name, list) print_list(name, list);
    }
    json_decref(all);
    return status;
}
