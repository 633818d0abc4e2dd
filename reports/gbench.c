/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/text.h"
#include "reports/view.h"

static const struct {
    const char *name, *path;
} counters[] = {
    {"gflop_per_s", "rate.gflop_per_s"},       {"gbyte_per_s", "rate.gbyte_per_s"},
    {"items_per_second", "rate.tokens_per_s"}, {"joule_per_token", "energy.joule_per_token"},
    {"error_rel_l2", "error.rel_l2"},
};

/* model/phase/batch/seqlen/platform/scope/stage, and what is compared: equal for the same thing in two files.
 * label: of the platform. */
static char *benchmark_name(const struct result *result, const char *label)
{
    static const char *const scopes[] = {"stage", "group", "layer", "model"};
    const json_t *record = result->record;
    const char *what = record_text(record, "compare.what"), *variant = record_text(record, "compare.variant");
    /* Passes of a layer in training have names of their own. */
    const bool named = result->scope <= RESULT_GROUP || strcmp(result->name, scopes[result->scope]) != 0;
    char model[TEXT_SIZE], stage[TEXT_SIZE], kind[TEXT_SIZE], shown[TEXT_SIZE], *name;
    int length = asprintf(
        &name, "%s/%s/batch:%lld/seqlen:%lld/%s/%s%s%s%s%s%s%s%s",
        text_clean(record_text(record, "model"), 60, model), record_text(record, "phase"),
        (long long)json_integer_value(record_get(record, "batch")),
        (long long)json_integer_value(record_get(record, "seqlen")), label, scopes[result->scope],
        named ? "/" : "", named ? text_clean(result->name, 60, stage) : "",
        result_alone(result) ? "/alone" : "", what ? "/" : "", what ? text_clean(what, 30, kind) : "",
        what && variant ? ":" : "", what && variant ? text_clean(variant, 60, shown) : "");
    return length < 0 ? NULL : name;
}

/* A variant stands under the name of its baseline's platform. */
static const char *platform_label(const struct view *view, const json_t *record)
{
    const char *baseline = record_text(record, "compare.baseline");
    for (int i = 0; baseline && i < view->n_results; i++) {
        const char *id = record_text(view->results[i].record, "id");
        if (id && !strcmp(id, baseline))
            return view->series[view->results[i].series].label;
    }
    return record_text(record, "platform");
}

static json_t *entry(const struct result *result, const char *run_name, int family, size_t repetitions)
{
    json_t *json = json_pack("{s:s,s:i,s:i,s:s,s:I,s:i}", "name", run_name, "family_index", family,
                             "per_family_instance_index", 0, "run_name", run_name, "repetitions",
                             (json_int_t)repetitions, "threads", 1);
    const json_t *threads = record_get(result->record, "threads");
    if (json && json_is_integer(threads))
        json_object_set(json, "threads", (json_t *)threads);
    return json;
}

static bool add_run(json_t *benchmarks, json_t *json, const struct result *result, int64_t index,
                    double time_s)
{
    json_object_set_new(json, "run_type", json_string("iteration"));
    json_object_set_new(json, "repetition_index", json_integer(index));
    json_object_set_new(json, "iterations", json_integer(1));
    json_object_set_new(json, "real_time", json_real(time_s * 1e9));
    json_object_set_new(json, "cpu_time", json_real(time_s * 1e9));
    json_object_set_new(json, "time_unit", json_string("ns"));
    for (size_t i = 0; i < sizeof counters / sizeof *counters; i++) {
        double value = record_number(result->record, counters[i].path);
        if (!isnan(value))
            json_object_set_new(json, counters[i].name, json_real(value));
    }
    json_object_set_new(json, "label", json_string(record_text(result->record, "provenance")));
    return json_array_append_new(benchmarks, json) == 0;
}

static bool add_aggregate(json_t *benchmarks, json_t *json, const char *run_name, const char *aggregate,
                          const char *unit, size_t n, double value)
{
    char *name;
    if (!json || asprintf(&name, "%s_%s", run_name, aggregate) < 0) {
        json_decref(json);
        return false;
    }
    bool percentage = strcmp(unit, "percentage") == 0;
    double shown = percentage ? value : value * 1e9;
    json_object_set_new(json, "name", json_string(name));
    json_object_set_new(json, "run_type", json_string("aggregate"));
    json_object_set_new(json, "aggregate_name", json_string(aggregate));
    json_object_set_new(json, "aggregate_unit", json_string(unit));
    json_object_set_new(json, "iterations", json_integer(n));
    json_object_set_new(json, "real_time", json_real(shown));
    json_object_set_new(json, "cpu_time", json_real(shown));
    json_object_set_new(json, "time_unit", json_string("ns"));
    free(name);
    return json_array_append_new(benchmarks, json) == 0;
}

static int compare_doubles(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static bool add_samples(json_t *benchmarks, const struct result *result, const char *name, int family)
{
    const json_t *samples = record_get(result->record, "time_s.samples");
    size_t n = json_array_size(samples);
    if (n == 0) {
        json_t *json = entry(result, name, family, 1);
        return json && add_run(benchmarks, json, result, 0, result->time_s);
    }
    double *times = malloc(n * sizeof *times);
    if (!times)
        return false;
    double sum = 0, squares = 0;
    bool added = true;
    for (size_t i = 0; i < n && added; i++) {
        times[i] = json_number_value(json_array_get(samples, i));
        sum += times[i];
        json_t *json = entry(result, name, family, n);
        added = json && add_run(benchmarks, json, result, i, times[i]);
    }
    if (added && n > 1) {
        double mean = sum / n;
        for (size_t i = 0; i < n; i++)
            squares += (times[i] - mean) * (times[i] - mean);
        qsort(times, n, sizeof *times, compare_doubles);
        double median = n % 2 ? times[n / 2] : (times[n / 2 - 1] + times[n / 2]) / 2;
        double deviation = sqrt(squares / (n - 1));
        added =
            add_aggregate(benchmarks, entry(result, name, family, n), name, "mean", "time", n, mean) &&
            add_aggregate(benchmarks, entry(result, name, family, n), name, "median", "time", n, median) &&
            add_aggregate(benchmarks, entry(result, name, family, n), name, "stddev", "time", n, deviation) &&
            add_aggregate(benchmarks, entry(result, name, family, n), name, "cv", "percentage", n,
                          deviation / mean);
    }
    free(times);
    return added;
}

static json_t *context(const struct record_set *set)
{
    static const struct {
        const char *name, *paths[2];
    } fields[] = {
        {"date", {"time", "date"}},
        {"host_name", {"host", "host.name"}},
        {"num_cpus", {"topology.pus"}},
        {"library_build_type", {"build.type"}},
        {"revision", {"build.source.revision", "revision"}},
    };
    const json_t *environment = json_array_get(set->environments, 0);
    json_t *json = json_pack("{s:s,s:[],s:[]}", "executable", "mamba-bench", "caches", "load_avg");
    if (!json)
        return NULL;
    const json_t *load = record_get(environment, "now.load_average");
    if (json_is_array(load))
        json_object_set(json, "load_avg", (json_t *)load);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        for (int p = 0; p < 2 && fields[i].paths[p] && !json_object_get(json, fields[i].name); p++) {
            const json_t *value = record_get(environment, fields[i].paths[p]);
            if (json_is_string(value) || json_is_number(value))
                json_object_set(json, fields[i].name, (json_t *)value);
        }
    json_object_set_new(json, "cpu_time", json_string("equals real_time: records hold wall time"));
    return json;
}

struct lists {
    json_t *benchmarks, *skipped, *families;
};

static bool add_result(struct lists *lists, const struct result *result, const char *label)
{
    char *name = benchmark_name(result, label), *full = name;
    if (!name)
        return false;
    /* One unit by several kernels has one name; the kernel then tells them apart, or their order. */
    const char *kernel = record_text(result->record, "kernel");
    if (json_object_get(lists->families, name) && kernel && asprintf(&full, "%s/%s", name, kernel) < 0)
        full = NULL;
    for (int n = 2; full && json_object_get(lists->families, full); n++) {
        char *numbered = NULL;
        if (asprintf(&numbered, "%s#%d", name, n) < 0)
            numbered = NULL;
        if (full != name)
            free(full);
        full = numbered;
    }
    const int family = (int)json_object_size(lists->families);
    bool ok = full != NULL;
    if (ok && result->skipped)
        ok = !json_array_append_new(lists->skipped,
                                    json_pack("{s:s,s:s}", "name", full, "reason", result->skipped));
    else if (ok)
        ok = !json_object_set_new(lists->families, full, json_true()) &&
             add_samples(lists->benchmarks, result, full, family);
    if (full != name)
        free(full);
    free(name);
    return ok;
}

bool report_gbench(const struct record_set *set, FILE *out, struct error *error)
{
    struct view view;
    if (!view_build(set, &view, error))
        return false;
    struct lists lists = {json_array(), json_array(), json_object()};
    json_t *head = context(set);
    bool built = lists.benchmarks && lists.skipped && head && lists.families;
    for (int i = 0; i < view.n_results && built; i++)
        if (!view.results[i].replaced)
            built = add_result(&lists, &view.results[i], view.series[view.results[i].series].label);
    for (size_t i = 0; i < json_array_size(set->records) && built; i++) {
        const json_t *record = json_array_get(set->records, i);
        struct result result = {0};
        if (!record_compared(record))
            continue;
        view_fill(&result, record);
        built = add_result(&lists, &result, platform_label(&view, record));
    }
    view_free(&view);
    if (head)
        json_object_set(head, "skipped", lists.skipped);
    json_t *root = built ? json_pack("{s:O,s:O}", "context", head, "benchmarks", lists.benchmarks) : NULL;
    built = root && json_dumpf(root, out, JSON_INDENT(2) | JSON_REAL_PRECISION(15)) == 0 &&
            fputc('\n', out) != EOF;
    json_decref(root);
    json_decref(lists.benchmarks);
    json_decref(lists.skipped);
    json_decref(head);
    json_decref(lists.families);
    return built || error_set(error, STATUS_FAILED, "report gbench: out of memory or cannot be written");
}
