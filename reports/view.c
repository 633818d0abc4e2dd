/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "reports/view.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mamba/graph.h"
#include "reports/text.h"

/* What may tell two series of the same platform and workload apart, in the order of the labels. */
static const struct {
    const char *path, *before, *after;
} circumstances[] = {
    {"device", "", ""},
    {"provenance", "", ""},
    {"plan.precision", "", ""},
    {"plan.fusion", "fusion ", ""},
    {"plan.scan", "scan ", ""},
    {"plan.recompute", "recompute ", ""},
    {"isa", "up to ", ""},
    {"all_logits", "all logits ", ""},
    {"threads", "", " threads"},
    {"cache", "cache ", ""},
    {"environment", "environment ", ""},
};
enum { N_CIRCUMSTANCES = sizeof circumstances / sizeof *circumstances, DEVICE = 0, FUSION = 3 };

/* Options of a device stand in the plan under their own names. */
static bool plan_option(const char *key)
{
    static const char *const known[] = {"fusion", "scan", "recompute", "precision"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i], key) == 0)
            return false;
    return true;
}

/* Index of the key in the table, which gives new keys the numbers 0, 1, ...; -1: out of memory. */
static int key_index(json_t *table, json_t *key, bool *added)
{
    int index = -1;
    char *text = key ? json_dumps(key, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    json_decref(key);
    if (!text)
        return -1;
    const json_t *known = json_object_get(table, text);
    *added = !known;
    if (known)
        index = (int)json_integer_value(known);
    else if (json_object_set_new(table, text, json_integer(json_object_size(table))) == 0)
        index = (int)json_object_size(table) - 1;
    free(text);
    return index;
}

static json_t *value_of(const json_t *record, const char *path)
{
    const json_t *value = record_get(record, path);
    return value ? json_incref((json_t *)value) : json_null();
}

static bool same_value(const json_t *a, const json_t *b, const char *path)
{
    const json_t *left = record_get(a, path), *right = record_get(b, path);
    bool no_left = !left || json_is_null(left), no_right = !right || json_is_null(right);
    return no_left || no_right ? no_left == no_right : json_equal(left, right);
}

static json_t *workload_key(const json_t *record)
{
    return json_pack("[o,o,o,o,o]", value_of(record, "model"), value_of(record, "phase"),
                     value_of(record, "batch"), value_of(record, "seqlen"), value_of(record, "context"));
}

/* A stage timed alone was not run under the plan's fusion, yet it belongs to what it was timed beside. */
static json_t *series_key(const json_t *record, int workload, bool alone)
{
    json_t *options = json_object();
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)record_get(record, "plan"), name, value)
    {
        if (plan_option(name))
            json_object_set(options, name, value);
    }
    json_t *key = json_pack("[i,o,o]", workload, value_of(record, "platform"), options);
    for (int i = 0; key && i < N_CIRCUMSTANCES; i++)
        if (!alone || i != FUSION)
            json_array_append_new(key, value_of(record, circumstances[i].path));
    return key;
}

bool result_alone(const struct result *result)
{
    return result->scope <= RESULT_GROUP && json_is_false(record_get(result->record, "in_plan"));
}

bool record_compared(const json_t *record)
{
    const char *role = record_text(record, "compare.role");
    return role && strcmp(role, "baseline") != 0;
}

bool record_is(const json_t *record, const char *path, const char *text)
{
    const char *own = record_text(record, path);
    return own && strcmp(own, text) == 0;
}

bool record_of_choice(const json_t *record)
{
    return record_is(record, "compare.what", "fusion") || record_is(record, "compare.what", "scan") ||
           record_is(record, "compare.what", "recompute");
}

bool series_ranks(const struct series *series)
{
    return series->model >= 0 && !series->reference;
}

bool record_of_workload(const json_t *record, const struct workload *workload)
{
    return record_is(record, "model", workload->model) && record_is(record, "phase", workload->phase) &&
           json_integer_value(record_get(record, "batch")) == workload->batch &&
           json_integer_value(record_get(record, "seqlen")) == workload->seqlen &&
           json_integer_value(record_get(record, "context")) == workload->context;
}

/* Where a unit's first stage stands in a model; names that no graph has come last. */
static int stage_order(const char *name)
{
    const char *const *names = graph_stage_names();
    size_t length = strcspn(name, "+");
    int order = 0;
    while (names[order] && (strlen(names[order]) != length || strncmp(names[order], name, length) != 0))
        order++;
    return order;
}

void view_fill(struct result *result, const json_t *record)
{
    static const char *const scopes[] = {"stage", "group", "layer", "model"};
    const char *scope = record_text(record, "scope");
    for (int i = 0; i < 4; i++)
        if (strcmp(scopes[i], scope) == 0)
            result->scope = i;
    result->record = record;
    result->name = result->scope <= RESULT_GROUP || record_text(record, "stage")
                       ? record_text(record, "stage")
                       : scopes[result->scope];
    result->order = stage_order(result->name);
    result->skipped = record_text(record, "skipped");
    result->time_s = record_number(record, "time_s.median");
    const json_t *interval = record_get(record, "time_s.ci95");
    bool has_interval = json_array_size(interval) == 2;
    result->low_s = has_interval ? json_number_value(json_array_get(interval, 0)) : NAN;
    result->high_s = has_interval ? json_number_value(json_array_get(interval, 1)) : NAN;
    double repeats = record_number(record, "repeats");
    result->repeats = isnan(repeats) ? 1 : repeats;
    result->flop = record_number(record, "work.mul") + record_number(record, "work.add");
    result->bytes = record_number(record, "work.bytes_read") + record_number(record, "work.bytes_written");
    result->part = result->scope <= RESULT_GROUP && !result_alone(result);
}

/* Every unit's last result counts; of the same unit by another kernel, all are shown but only the last is
 * a part of the sum. A reason for skipping does not replace a time. */
static bool settle_units(struct view *view)
{
    json_t *units = json_object(), *kernels = json_object();
    int *last_part = malloc((view->n_results + 1) * sizeof *last_part);
    int *last = malloc((view->n_results + 1) * sizeof *last);
    bool settled = false;
    if (!units || !kernels || !last_part || !last)
        goto done;
    for (int i = 0; i < view->n_results; i++) {
        struct result *result = &view->results[i];
        bool new_unit, new_kernel;
        int unit =
            key_index(units, json_pack("[i,i,s]", result->series, result->scope, result->name), &new_unit);
        json_t *key = json_pack("[i,b,o]", unit, result->part, value_of(result->record, "kernel"));
        int kernel = key_index(kernels, key, &new_kernel);
        if (unit < 0 || kernel < 0)
            goto done;
        if (!new_kernel) {
            struct result *before = &view->results[last[kernel]];
            if (result->skipped && !before->skipped) {
                result->replaced = true;
                result->part = false;
            } else {
                before->replaced = true;
                before->part = false;
            }
            view->n_replaced++;
        }
        if (!result->replaced)
            last[kernel] = i;
        if (new_unit)
            last_part[unit] = -1;
        if (result->part && !result->skipped) {
            if (last_part[unit] >= 0)
                view->results[last_part[unit]].part = false;
            last_part[unit] = i;
        }
    }
    settled = true;
done:
    json_decref(units);
    json_decref(kernels);
    free(last_part);
    free(last);
    return settled;
}

static int compare_results(const void *left, const void *right)
{
    const struct result *a = left, *b = right;
    if (a->series != b->series)
        return a->series < b->series ? -1 : 1;
    if (a->order != b->order)
        return a->order < b->order ? -1 : 1;
    return (a->position > b->position) - (a->position < b->position);
}

static bool label_differs(const struct view *view, const struct series *series, int circumstance)
{
    if (circumstance == DEVICE && strcmp(record_text(series->record, "platform"), "cpu") != 0)
        return true;
    for (int i = 0; i < view->n_series; i++) {
        const struct series *other = &view->series[i];
        if (other->workload == series->workload && same_value(other->record, series->record, "platform") &&
            (circumstance == DEVICE || same_value(other->record, series->record, "device")) &&
            !same_value(other->record, series->record, circumstances[circumstance].path))
            return true;
    }
    return false;
}

static void print_circumstance(FILE *out, const json_t *record, int i)
{
    char text[TEXT_SIZE];
    const json_t *value = record_get(record, circumstances[i].path);
    if (json_is_string(value))
        fprintf(out, "%s%s%s", circumstances[i].before, text_clean(json_string_value(value), 40, text),
                circumstances[i].after);
    else if (json_is_integer(value))
        fprintf(out, "%s%lld%s", circumstances[i].before, (long long)json_integer_value(value),
                json_integer_value(value) == 1 ? " thread" : circumstances[i].after);
}

static bool option_differs(const struct view *view, const struct series *series, const char *key)
{
    const json_t *own = json_object_get(record_get(series->record, "plan"), key);
    for (int i = 0; i < view->n_series; i++) {
        const struct series *other = &view->series[i];
        const json_t *theirs = json_object_get(record_get(other->record, "plan"), key);
        if (other->workload == series->workload && same_value(other->record, series->record, "platform") &&
            same_value(other->record, series->record, "device") && (!theirs || !json_equal(own, theirs)))
            return true;
    }
    return false;
}

/* The options of the plan, only those that differ from another series when a view is given. */
static void print_options(FILE *out, const struct view *view, const struct series *series)
{
    char name[TEXT_SIZE], text[TEXT_SIZE];
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)record_get(series->record, "plan"), key,
                        value) if (plan_option(key) && json_is_string(value) &&
                                   (!view || option_differs(view, series, key)))
        fprintf(out, ", %s %s", text_clean(key, 30, name), text_clean(json_string_value(value), 30, text));
}

static char *series_label(const struct view *view, const struct series *series)
{
    char *label = NULL, text[TEXT_SIZE];
    size_t size;
    FILE *out = open_memstream(&label, &size);
    if (!out)
        return NULL;
    const char *platform = record_text(series->record, "platform"),
               *device = record_text(series->record, "device");
    size_t prefix = strlen(platform);
    if (device && strncmp(device, platform, prefix) == 0 && device[prefix] == ':')
        device += prefix + 1;
    fputs(text_clean(platform, 30, text), out);
    if (device && device[0] && label_differs(view, series, DEVICE))
        fprintf(out, ":%s", text_clean(device, 40, text));
    for (int i = DEVICE + 1; i < N_CIRCUMSTANCES; i++) {
        const json_t *value = record_get(series->record, circumstances[i].path);
        if (value && !json_is_null(value) && label_differs(view, series, i)) {
            fputs(", ", out);
            print_circumstance(out, series->record, i);
        }
    }
    print_options(out, view, series);
    if (fclose(out) != 0) {
        free(label);
        return NULL;
    }
    return label;
}

static void sum_up(struct view *view)
{
    for (int i = 0; i < view->n_series; i++) {
        view->series[i].model = -1;
        view->series[i].reference = true;
    }
    for (int i = 0; i < view->n_results; i++) {
        const struct result *result = &view->results[i];
        struct series *series = &view->series[result->series];
        if (result->replaced)
            continue;
        series->reference &= record_of_choice(result->record);
        if (result->scope == RESULT_MODEL)
            series->model = i;
        if (!result->part)
            continue;
        series->parts++;
        if (result->skipped)
            series->parts_skipped++;
        else
            series->parts_s += result->time_s * result->repeats;
    }
    for (int i = 0; i < view->n_workloads; i++)
        view->workloads[i].baseline = -1;
    for (int i = 0; i < view->n_series; i++) {
        struct series *series = &view->series[i];
        struct workload *workload = &view->workloads[series->workload];
        if (workload->baseline < 0 && series_ranks(series) && view->results[series->model].time_s > 0 &&
            strcmp(record_text(series->record, "platform"), "cpu") == 0)
            workload->baseline = i;
    }
}

/* Finds or adds the series of a result. Stages timed alone go to the latest series that agrees but for the
 * fusion; they found one only when there is none. */
static bool assign_series(struct view *view, json_t *keys, json_t *latest, int index, bool alone)
{
    struct result *result = &view->results[index];
    bool added = false;
    json_t *without_fusion = series_key(result->record, result->workload, true);
    char *text = without_fusion ? json_dumps(without_fusion, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    json_decref(without_fusion);
    if (!text)
        return false;
    const json_t *known = json_object_get(latest, text);
    if (alone && known)
        result->series = (int)json_integer_value(known);
    else
        result->series = key_index(keys, series_key(result->record, result->workload, false), &added);
    if (added)
        view->series[view->n_series++] =
            (struct series){.workload = result->workload, .record = result->record};
    bool assigned =
        result->series >= 0 && json_object_set_new(latest, text, json_integer(result->series)) == 0;
    free(text);
    return assigned;
}

static bool build_series(struct view *view)
{
    json_t *keys = json_object(), *latest = json_object();
    bool built = keys && latest;
    for (int alone = 0; alone < 2; alone++)
        for (int i = 0; built && i < view->n_results; i++)
            if (result_alone(&view->results[i]) == alone)
                built = assign_series(view, keys, latest, i, alone);
    json_decref(keys);
    json_decref(latest);
    return built;
}

static bool build_workloads(struct view *view)
{
    json_t *keys = json_object();
    bool built = keys;
    for (int i = 0; built && i < view->n_results; i++) {
        const json_t *record = view->results[i].record;
        bool added = false;
        view->results[i].workload = key_index(keys, workload_key(record), &added);
        built = view->results[i].workload >= 0;
        if (added && built)
            view->workloads[view->n_workloads++] = (struct workload){
                .model = record_text(record, "model"),
                .phase = record_text(record, "phase"),
                .batch = json_integer_value(record_get(record, "batch")),
                .seqlen = json_integer_value(record_get(record, "seqlen")),
                .context = json_integer_value(record_get(record, "context")),
            };
    }
    json_decref(keys);
    return built;
}

bool view_build(const struct record_set *set, struct view *view, struct error *error)
{
    int n = (int)json_array_size(set->records), kept = 0;
    *view = (struct view){.set = set};
    view->results = calloc(n + 1, sizeof *view->results);
    view->series = calloc(n + 1, sizeof *view->series);
    view->workloads = calloc(n + 1, sizeof *view->workloads);
    bool built = view->results && view->series && view->workloads;
    for (int i = 0; built && i < n; i++) {
        const json_t *record = json_array_get(set->records, i);
        if (record_compared(record))
            continue;
        view_fill(&view->results[kept], record);
        view->results[kept++].position = i;
    }
    view->n_results = n = kept;
    built = built && build_workloads(view) && build_series(view) && settle_units(view);
    if (built) {
        qsort(view->results, n, sizeof *view->results, compare_results);
        sum_up(view);
    }
    for (int i = 0; built && i < view->n_series; i++) {
        view->series[i].label = series_label(view, &view->series[i]);
        built = view->series[i].label;
    }
    if (built)
        return true;
    view_free(view);
    return error_set(error, STATUS_FAILED, "report: out of memory with %d records", n);
}

void view_free(struct view *view)
{
    for (int i = 0; view->series && i < view->n_series; i++)
        free(view->series[i].label);
    free(view->results);
    free(view->series);
    free(view->workloads);
    *view = (struct view){0};
}

bool view_speedup(const struct view *view, const struct series *series, struct speedup *speedup)
{
    int baseline = view->workloads[series->workload].baseline;
    if (baseline < 0 || !series_ranks(series) || !(view->results[series->model].time_s > 0))
        return false;
    const struct result *base = &view->results[view->series[baseline].model];
    const struct result *own = &view->results[series->model];
    *speedup =
        (struct speedup){base->time_s / own->time_s, base->time_s / own->time_s, base->time_s / own->time_s};
    if (!isnormal(speedup->value))
        return false;
    if (base == own || own->low_s <= 0)
        return true;
    speedup->low =
        (isnan(base->low_s) ? base->time_s : base->low_s) / (isnan(own->high_s) ? own->time_s : own->high_s);
    speedup->high =
        (isnan(base->high_s) ? base->time_s : base->high_s) / (isnan(own->low_s) ? own->time_s : own->low_s);
    return isfinite(speedup->high);
}

char *series_circumstances(const struct series *series)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    for (int i = DEVICE + 1, n = 0; i < N_CIRCUMSTANCES - 1; i++) {
        const json_t *value = record_get(series->record, circumstances[i].path);
        if (!value || json_is_null(value))
            continue;
        fputs(n++ ? ", " : "", out);
        print_circumstance(out, series->record, i);
    }
    print_options(out, NULL, series);
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

char *workload_what(const struct workload *workload)
{
    char *text, context[48] = "";
    if (workload->context > 0)
        snprintf(context, sizeof context, " after %lld", (long long)workload->context);
    int length =
        asprintf(&text, "%s, batch %lld, %lld token%s%s", workload->phase, (long long)workload->batch,
                 (long long)workload->seqlen, workload->seqlen == 1 ? "" : "s", context);
    return length < 0 ? NULL : text;
}

char *workload_title(const struct workload *workload)
{
    char *text, model[TEXT_SIZE], *what = workload_what(workload);
    if (!what)
        return NULL;
    int length = asprintf(&text, "%s, %s", text_clean(workload->model, 40, model), what);
    free(what);
    return length < 0 ? NULL : text;
}

static const char *first_text(const json_t *record, const char *const *paths)
{
    for (; *paths; paths++) {
        const char *text = record_text(record, *paths);
        if (text && text[0])
            return text;
    }
    return "unknown";
}

char *view_origin(const struct view *view)
{
    static const char *const hosts[] = {"host", "host.name", NULL};
    static const char *const revisions[] = {"build.source.revision", "revision", NULL};
    const json_t *environment =
        view->n_results > 0 ? record_environment(view->set, view->results[0].record) : NULL;
    char *text, host[TEXT_SIZE], revision[TEXT_SIZE];
    text_clean(first_text(environment, revisions), 40, revision);
    /* As git abbreviates it. */
    if (strspn(revision, "0123456789abcdef") == 40)
        revision[12] = '\0';
    const char *changed = json_is_true(record_get(environment, "build.source.dirty")) ? " (changed)" : "";
    int length = asprintf(&text, "host %s, revision %s%s",
                          text_clean(first_text(environment, hosts), 24, host), revision, changed);
    return length < 0 ? NULL : text;
}

char *view_machine(const struct view *view)
{
    static const char *const times[] = {"time", NULL}, *const names[] = {"cpu.model_name", NULL};
    const json_t *environment =
        view->n_results > 0 ? record_environment(view->set, view->results[0].record) : NULL;
    const json_t *load = json_array_get(record_get(environment, "now.load_average"), 0);
    double threads = NAN;
    for (int i = 0; i < view->n_results && isnan(threads); i++)
        threads = record_number(view->results[i].record, "threads");
    char *text, date[TEXT_SIZE], cpu[TEXT_SIZE], used[32] = "", busy[48] = "";
    if (!isnan(threads))
        snprintf(used, sizeof used, ", %.0f thread%s", threads, threads > 1 ? "s" : "");
    if (json_is_number(load))
        snprintf(busy, sizeof busy, ", load %.2f when it began", json_number_value(load));
    const int length =
        asprintf(&text, "date %s, processor %s%s%s", text_clean(first_text(environment, times), 40, date),
                 text_clean(first_text(environment, names), 60, cpu), used, busy);
    return length < 0 ? NULL : text;
}
