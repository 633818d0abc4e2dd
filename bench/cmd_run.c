/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/cbench.h"
#include "bench/check.h"
#include "bench/cli.h"
#include "bench/counters.h"
#include "bench/energy.h"
#include "bench/environment.h"
#include "bench/folder.h"
#include "bench/peaks.h"
#include "bench/record.h"
#include "bench/roofline.h"
#include "platforms/cpu/team.h"
#include "platforms/device.h"
#include "reports/report.h"

/* One platform and device under one phase. */
struct workload {
    const struct platform *platform;
    const char *device;
    struct graph graph;
    struct plan plan;
    struct run *run;
};

/* What is timed: a unit of a measured workload. */
struct item {
    struct session *session;
    const struct workload *workload;
    int unit;
    struct counters_reading counters; /* summed over the repetitions */
    double joule;                     /* likewise */
    double executions;
    bool has_counters, has_joule;
    struct error error;
};

struct session {
    const struct arguments *arguments;
    struct error *error;
    struct model model;
    bool has_weights;
    int threads;
    bool bound;
    struct counters *counters;
    struct energy *energy;
    char energy_missing[256];
    struct device *cpu_device; /* energies per event, for the estimate */
    struct peaks peaks;
    bool has_peaks;
    json_t *environment;
    char *folder; /* null: nothing is written */
    struct record_file *file;
    struct record_set set;
    struct workload *workloads;
    int n_workloads, n_items, n_done, n_failed;
    struct item *items;
    bool progress;
};

static void progress(const struct session *s, const char *format, const char *what, int done, int total)
{
    if (!s->progress)
        return;
    fprintf(stderr, "\r\033[K");
    fprintf(stderr, format, what, done, total);
    fflush(stderr);
}

static void progress_end(const struct session *s)
{
    if (s->progress)
        fprintf(stderr, "\r\033[K");
}

static bool known_stage(const char *name)
{
    for (int i = 0; graph_stage_names()[i]; i++)
        if (!strcmp(graph_stage_names()[i], name))
            return true;
    return false;
}

/* Without --stage everything counts, else units whose name holds one of the stages between plus signs. */
static bool unit_selected(const struct arguments *arguments, const struct unit *unit)
{
    for (int i = 0; i < arguments->stages.count; i++) {
        const char *stage = arguments->stages.items[i];
        const size_t length = strlen(stage);
        for (const char *at = unit->name; (at = strstr(at, stage)); at += length)
            if ((at == unit->name || at[-1] == '+') && (!at[length] || at[length] == '+'))
                return true;
    }
    return arguments->stages.count == 0;
}

static bool add_result(struct session *s, const struct result *result, json_t **made)
{
    json_t *record = record_make(result, s->error);
    if (!record)
        return false;
    const bool ok = (!s->file || record_file_write(s->file, record, s->error)) &&
                    record_set_add(&s->set, record, "result", s->error);
    if (made)
        *made = ok ? record : NULL;
    json_decref(record);
    return ok;
}

static void write_repro(const struct session *s, const struct workload *w, const struct unit *unit,
                        char *text, size_t size)
{
    const struct arguments *a = s->arguments;
    const bool decode = w->graph.phase == PHASE_DECODE;
    const bool alone = unit->group >= 0 || unit->stage >= 0;
    size_t used = (size_t)snprintf(
        text, size,
        "mamba-bench run --platform %s%s%s %s '%s' --phase %s --batch %lld --seqlen %lld --fusion %s --seed "
        "%llu",
        w->platform->name, w->device ? ":" : "", w->device ? w->device : "",
        a->checkpoint ? "--checkpoint" : "--model", a->checkpoint ? a->checkpoint : w->graph.shape.name,
        phase_name(w->graph.phase), (long long)a->batch, (long long)(decode ? a->seqlen : w->graph.seqlen),
        w->plan.fusion, (unsigned long long)a->seed);
    if (!w->platform->precision && used < size)
        used +=
            (size_t)snprintf(text + used, size - used, " --precision %s", precision_name(w->plan.precision));
    if (w->platform->execute && used < size)
        used += (size_t)snprintf(text + used, size - used,
                                 " --threads %d --cache %s --repetitions %d --min-time %g", s->threads,
                                 cache_mode_name(a->cache), a->repetitions, a->min_time_s);
    if (a->isa_given && used < size)
        used += (size_t)snprintf(text + used, size - used, " --isa %s", isa_name(a->isa));
    if (a->all_logits && used < size)
        used += (size_t)snprintf(text + used, size - used, " --all-logits");
    for (int i = 0; i < a->n_options && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, " --set %s", a->options[i]);
    if (alone && used < size) {
        const size_t first = strcspn(unit->name, "+");
        snprintf(text + used, size - used, " --stage %.*s", (int)first, unit->name);
    }
}

static struct result base_result(const struct session *s, const struct workload *w, const struct unit *unit,
                                 const char *repro)
{
    return (struct result){
        .platform = w->platform->name,
        .device = w->device,
        .provenance = w->platform->provenance,
        .graph = &w->graph,
        .plan = &w->plan,
        .fusion = unit->group >= 0 && !unit->in_plan ? "none" : w->plan.fusion,
        .unit = unit,
        .context = s->arguments->seqlen,
        .environment = json_string_value(json_object_get(s->environment, "id")),
        .repro = repro,
    };
}

/* Measured where the machine has counters for it, else estimated from work and bytes. */
static json_t *energy_of(const struct session *s, const struct item *item, const struct unit *unit,
                         double time_s)
{
    const double tokens = (double)(item->workload->graph.batch * item->workload->graph.seqlen);
    const struct device_energy *table = s->cpu_device ? s->cpu_device->energy : NULL;
    double joule = 0;
    const char *method = "rapl", *note = "whole package, whatever else runs there";
    char text[768];
    if (item->has_joule) {
        joule = item->joule / item->executions;
    } else {
        /* Weights and state come from memory, other tensors from the caches. */
        const double off_chip = (double)(unit->weight_bytes + 2 * unit->state_bytes);
        const double on_chip = (double)(unit->bytes_read + unit->bytes_written) - off_chip;
        if (!device_joule(table, &unit->work, on_chip > 0 ? on_chip : 0, off_chip, time_s, &joule))
            return json_pack("{s:n,s:s,s:s}", "joule", "method", "none", "note", s->energy_missing);
        method = "model";
        snprintf(text, sizeof text, "%s; estimate from work and bytes with energies per event: %s",
                 s->energy_missing, table->source);
        note = text;
    }
    json_t *energy = json_pack("{s:f,s:s,s:s}", "joule", joule, "method", method, "note", note);
    if (unit->scope == SCOPE_MODEL)
        json_object_set_new(energy, "joule_per_token", json_real(joule / tokens));
    return energy;
}

static void sum_counters(struct counters_reading *sum, const struct counters_reading *reading, bool first)
{
    if (first) {
        *sum = *reading;
        return;
    }
    for (int i = 0; i < sum->n_values; i++)
        for (int j = 0; j < reading->n_values; j++)
            if (!strcmp(sum->values[i].name, reading->values[j].name))
                sum->values[i].value += reading->values[j].value;
}

static void time_item(struct cbench_state *state, void *user)
{
    struct item *item = user;
    const struct session *s = item->session;
    const int64_t iterations = cbench_iterations(state);
    struct counters_reading reading;
    struct energy_reading joules;
    struct error energy_error = {0};
    const bool metered = s->energy && energy_start(s->energy, &energy_error);

    counters_start(s->counters);
    cbench_start(state);
    const bool ok =
        item->workload->platform->execute(item->workload->run, item->unit, iterations, &item->error);
    cbench_stop(state);
    counters_stop(s->counters, &reading);
    if (metered && energy_stop(s->energy, &joules, &energy_error)) {
        item->joule += joules.joule;
        item->has_joule = true;
    }
    if (!ok) {
        cbench_skip(state, item->error.text);
        return;
    }
    sum_counters(&item->counters, &reading, !item->has_counters);
    item->has_counters = true;
    item->executions += (double)iterations;
}

/* A unit's figures are complete: its error against float64 is found and the record goes out. */
static void report_item(const struct cbench_result *timed, void *user)
{
    struct session *s = user;
    struct item *item = timed->user;
    const struct workload *w = item->workload;
    const struct unit *units, *unit;
    char repro[1024], impossible[256];
    double samples[4096];
    struct accuracy accuracy;
    w->platform->units(w->run, &units);
    unit = &units[item->unit];
    progress(s, "timing %s (%d of %d)", unit->name, ++s->n_done, s->n_items);
    write_repro(s, w, unit, repro, sizeof repro);

    struct result result = base_result(s, w, unit, repro);
    result.threads = s->threads;
    result.cache = cache_mode_name(s->arguments->cache);
    result.skipped = timed->skip_reason;
    if (!timed->skip_reason) {
        result.n_samples =
            timed->n_repetitions < COUNT_OF(samples) ? timed->n_repetitions : COUNT_OF(samples);
        for (int i = 0; i < result.n_samples; i++)
            samples[i] = timed->repetitions[i].time_s;
        result.samples = samples;
        if (s->has_peaks)
            result.roofline_s =
                roofline_floor(&s->peaks, s->threads, unit, s->arguments->cache, &result.roofline_limit);
        for (int i = 0; i < item->counters.n_values; i++)
            item->counters.values[i].value /= item->executions;
        result.counters = &item->counters;
        double fastest = samples[0];
        for (int i = 1; i < result.n_samples; i++)
            fastest = samples[i] < fastest ? samples[i] : fastest;
        if (s->has_peaks &&
            roofline_impossible(&s->peaks, s->threads, unit, fastest, impossible, sizeof impossible)) {
            result.skipped = impossible;
            s->n_failed++;
        }
        if (w->platform->accuracy(w->run, item->unit, &accuracy, s->error))
            result.accuracy = &accuracy;
        result.energy = energy_of(s, item, unit, fastest);
    }
    add_result(s, &result, NULL);
    json_decref(result.energy);
}

/* No kernel is timed before it has passed its check in this process. */
static bool check_kernels(struct session *s)
{
    const struct kernel *checked[256];
    int n_checked = 0;
    for (int i = 0; i < s->n_items; i++) {
        const struct item *item = &s->items[i];
        const struct kernel_family *family = NULL;
        const struct kernel *kernel =
            item->workload->platform->kernel(item->workload->run, item->unit, &family);
        bool seen = kernel == NULL;
        for (int k = 0; k < n_checked && !seen; k++)
            seen = checked[k] == kernel;
        if (seen || n_checked == COUNT_OF(checked))
            continue;
        struct check_result result;
        progress(s, "checking %s", kernel->name, 0, 0);
        if (!check_kernel(family, kernel, &(struct check_options){s->arguments->seed, false}, &result,
                          s->error))
            return false;
        if (!result.passed)
            return error_set(s->error, STATUS_FAILED, "%s is wrong and is not timed: %s", kernel->name,
                             result.failure);
        checked[n_checked++] = kernel;
    }
    return true;
}

static bool run_measured(struct session *s)
{
    const struct arguments *a = s->arguments;
    for (int w = 0; w < s->n_workloads; w++) {
        const struct workload *workload = &s->workloads[w];
        const struct unit *units;
        if (!workload->platform->execute)
            continue;
        const int n = workload->platform->units(workload->run, &units);
        struct item *items = realloc(s->items, sizeof *items * (size_t)(s->n_items + n));
        if (!items)
            return error_set(s->error, STATUS_FAILED, "out of memory");
        s->items = items;
        for (int u = 0; u < n; u++)
            if (unit_selected(a, &units[u]))
                s->items[s->n_items++] = (struct item){.session = s, .workload = workload, .unit = u};
    }
    if (!s->n_items)
        return true;
    if (!check_kernels(s))
        return false;

    struct cbench *set = cbench_create();
    if (!set)
        return error_set(s->error, STATUS_FAILED, "out of memory");
    for (int i = 0; i < s->n_items; i++) {
        struct item *item = &s->items[i];
        const struct unit *units;
        char name[256];
        item->workload->platform->units(item->workload->run, &units);
        snprintf(name, sizeof name, "%s/%s/%s%s", item->workload->platform->name,
                 phase_name(item->workload->graph.phase), units[item->unit].name,
                 units[item->unit].in_plan || units[item->unit].group < 0 ? "" : " alone");
        cbench_register(set, name, time_item, item,
                        &(struct cbench_options){.min_time_s = a->min_time_s,
                                                 .repetitions = a->repetitions,
                                                 .clock = CBENCH_WALL});
    }
    progress(s, "timing %s (%d of %d)", "", 0, s->n_items);
    if (s->error->status == STATUS_OK && cbench_run(set, true, report_item, s) < 0)
        error_set(s->error, STATUS_FAILED, "the measuring harness ran out of memory");
    cbench_destroy(set);
    progress_end(s);
    return s->error->status == STATUS_OK;
}

static bool price_workload(struct session *s, const struct workload *w)
{
    const struct unit *units;
    const int n = w->platform->units(w->run, &units);
    for (int u = 0; u < n; u++) {
        struct price price;
        char repro[1024];
        if (!unit_selected(s->arguments, &units[u]))
            continue;
        write_repro(s, w, &units[u], repro, sizeof repro);
        struct result result = base_result(s, w, &units[u], repro);
        result.options = s->arguments->options;
        result.accuracy =
            &(struct accuracy){.reason = "the model prices time and energy, not the device's arithmetic"};
        if (units[u].skip[0]) {
            result.skipped = units[u].skip;
        } else {
            if (!w->platform->price(w->run, u, &price, s->error))
                return false;
            result.price = &price;
            result.energy = json_pack("{s:s,s:s}", "method", price.energy_method, "note", price.energy_note);
            if (price.joule >= 0) {
                const double tokens = (double)(w->graph.batch * w->graph.seqlen);
                json_object_set_new(result.energy, "joule", json_real(price.joule));
                if (units[u].scope == SCOPE_MODEL)
                    json_object_set_new(result.energy, "joule_per_token", json_real(price.joule / tokens));
            }
        }
        const bool ok = add_result(s, &result, NULL);
        json_decref(result.energy);
        if (!ok)
            return false;
    }
    return true;
}

/* "cpu" or "leo2-model:mannix". */
static bool find_platform(const char *text, const struct platform **platform, const char **device,
                          struct error *error)
{
    char name[64];
    const size_t length = strcspn(text, ":");
    snprintf(name, sizeof name, "%.*s", (int)length, text);
    *platform = length < sizeof name ? platform_find(name) : NULL;
    if (!*platform)
        return error_set(error, STATUS_USAGE,
                         "--platform %s: no such platform; see 'mamba-bench list platforms'", text);
    *device = text[length] ? text + length + 1 : (*platform)->default_device;
    if (text[length] && !(*platform)->default_device)
        return error_set(error, STATUS_USAGE, "--platform %s: %s has no devices", text, (*platform)->name);
    const char *missing = (*platform)->missing ? (*platform)->missing() : NULL;
    if (missing)
        return error_set(error, STATUS_UNAVAILABLE, "--platform %s: %s", text, missing);
    return true;
}

static bool find_phase(const char *text, enum phase *phase, struct error *error)
{
    if (!strcmp(text, "train"))
        return error_set(error, STATUS_USAGE, "--phase train is not built yet: prefill and decode are");
    if (strcmp(text, "prefill") && strcmp(text, "decode"))
        return error_set(error, STATUS_USAGE, "--phase %s: must be one of prefill, decode", text);
    *phase = !strcmp(text, "decode") ? PHASE_DECODE : PHASE_PREFILL;
    return true;
}

static bool open_workload(struct session *s, const struct platform *platform, const char *device,
                          enum phase phase)
{
    const struct arguments *a = s->arguments;
    struct workload *w = &s->workloads[s->n_workloads];
    w->platform = platform;
    w->device = device;
    enum precision precision = a->precision;
    if ((platform->precision && !platform->precision(device, &precision, s->error)) ||
        !graph_build(&s->model.shape, phase, a->batch, a->seqlen, a->all_logits, &w->graph, s->error) ||
        !plan_build(&w->graph, a->fusion, precision, &w->plan, s->error))
        return false;
    const struct task task = {
        .model = &s->model,
        .graph = &w->graph,
        .plan = &w->plan,
        .device = device,
        .options = platform->price ? a->options : NULL,
        .threads = s->threads,
        .cache = a->cache,
        .seed = a->seed,
        .context = a->seqlen,
    };
    progress(s, "preparing %s (%d of %d)", platform->name, s->n_workloads + 1, s->n_workloads + 1);
    if (!platform->open(&task, &w->run, s->error))
        return false;
    s->n_workloads++;
    return true;
}

/* Everything that can be wrong with the request is found before anything long begins. */
static bool open_workloads(struct session *s)
{
    static char *both_phases[] = {"prefill", "decode"};
    const struct arguments *a = s->arguments;
    char *const *phases = a->phases.count ? a->phases.items : both_phases;
    const int n_phases = a->phases.count ? a->phases.count : COUNT_OF(both_phases);
    s->workloads = calloc((size_t)(a->platforms.count * n_phases), sizeof *s->workloads);
    if (!s->workloads)
        return error_set(s->error, STATUS_FAILED, "out of memory");
    for (int p = 0; p < a->platforms.count; p++)
        for (int f = 0; f < n_phases; f++) {
            const struct platform *platform;
            const char *device;
            enum phase phase = PHASE_PREFILL;
            if (!find_platform(a->platforms.items[p], &platform, &device, s->error) ||
                !find_phase(phases[f], &phase, s->error) || !open_workload(s, platform, device, phase))
                return false;
        }
    return true;
}

static bool open_model(struct session *s, bool weights)
{
    const struct arguments *a = s->arguments;
    struct model_shape shape;
    if (a->checkpoint)
        return model_open_checkpoint(a->checkpoint, &s->model, s->error) && (s->has_weights = true);
    if (!shape_preset(a->model ? a->model : "mamba-130m", &shape, s->error))
        return false;
    if (!weights) {
        s->model.shape = shape;
        return true;
    }
    progress(s, "making weights of %s", shape.name, 0, 0);
    s->has_weights = model_synthesize(&shape, a->seed, &s->model, s->error);
    return s->has_weights;
}

/* Without --out a table run gets results/<date>-<time> here; other formats write only to stdout. */
static bool open_folder(struct session *s)
{
    const struct arguments *a = s->arguments;
    char name[64], path[4352];
    if (!a->out && a->format != FORMAT_TABLE)
        return true;
    if (!a->out) {
        const time_t now = time(NULL);
        struct tm local;
        strftime(name, sizeof name, "results/%Y%m%d-%H%M%S", localtime_r(&now, &local));
    }
    s->folder = strdup(a->out ? a->out : name);
    if (!s->folder)
        return error_set(s->error, STATUS_FAILED, "out of memory");
    if (!folder_create(s->folder, s->error))
        return false;
    snprintf(path, sizeof path, "%s/records.jsonl", s->folder);
    s->file = record_file_create(path, s->error);
    char *xml = NULL;
    bool ok = s->file && environment_topology_xml(NULL, &xml, s->error) &&
              folder_write(s->folder, "topology.xml", xml, s->error);
    free(xml);
    return ok;
}

/* Settles the number of threads before anything is opened with it. */
static bool settle_threads(struct session *s)
{
    struct team *team = team_create(s->arguments->threads, s->error);
    if (!team)
        return false;
    s->threads = team_threads(team);
    s->bound = team_bound(team);
    team_destroy(team);
    return true;
}

static bool open_environment(struct session *s, bool measured)
{
    s->environment = environment_record(NULL, s->error);
    if (!s->environment)
        return false;
    if (measured) {
        progress(s, "measuring the machine's %s", "peaks", 0, 0);
        if (!peaks_measure(s->threads, NULL, &s->peaks, s->error))
            return false;
        s->has_peaks = true;
        json_object_set_new(s->environment, "ceilings", peaks_json(&s->peaks));
        json_object_set_new(s->environment, "threads_bound", json_boolean(s->bound));
        struct error reason = {0};
        s->counters = counters_open(NULL, s->error);
        s->energy = energy_open(NULL, &reason);
        snprintf(s->energy_missing, sizeof s->energy_missing, "no energy counter: %.200s", reason.text);
        if (!s->counters || !device_load("cpu", "x86", &s->cpu_device, s->error))
            return false;
    }
    return true;
}

static bool write_reports(struct session *s)
{
    char path[4352];
    switch (s->arguments->format) {
    case FORMAT_CSV:
        return report_csv(&s->set, stdout, s->error) &&
               (!s->folder || report_html(&s->set, s->folder, s->error));
    case FORMAT_GBENCH:
        return report_gbench(&s->set, stdout, s->error) &&
               (!s->folder || report_html(&s->set, s->folder, s->error));
    case FORMAT_JSON: {
        size_t i;
        json_t *record;
        json_dumpf(s->environment, stdout, JSON_COMPACT);
        printf("\n");
        json_array_foreach(s->set.records, i, record)
        {
            json_dumpf(record, stdout, JSON_COMPACT);
            printf("\n");
        }
        return !s->folder || report_html(&s->set, s->folder, s->error);
    }
    case FORMAT_TABLE:
        break;
    }
    if (!report_table(&s->set, stdout, s->error))
        return false;
    progress(s, "drawing %s", "figures", 0, 0);
    const bool ok = report_html(&s->set, s->folder, s->error);
    progress_end(s);
    snprintf(path, sizeof path, "%s/table.txt", s->folder);
    FILE *file = fopen(path, "w");
    if (file) {
        report_table(&s->set, file, s->error);
        fclose(file);
    }
    printf("\nReport: %s/report.html (records.jsonl and figures beside it)\n", s->folder);
    return ok;
}

static bool needs_weights(const struct arguments *arguments)
{
    for (int i = 0; i < arguments->platforms.count; i++) {
        const struct platform *platform;
        const char *device;
        struct error ignored = {0};
        if (find_platform(arguments->platforms.items[i], &platform, &device, &ignored) && platform->execute)
            return true;
    }
    return false;
}

static bool run_session(struct session *s)
{
    const bool measured = needs_weights(s->arguments);
    for (int i = 0; i < s->arguments->stages.count; i++)
        if (!known_stage(s->arguments->stages.items[i]))
            return error_set(s->error, STATUS_USAGE,
                             "--stage %s: no such stage; see 'mamba-bench list stages'",
                             s->arguments->stages.items[i]);
    if (!settle_threads(s) || !open_model(s, measured) || !open_workloads(s) || !open_folder(s) ||
        !open_environment(s, measured) ||
        (s->file && !record_file_write(s->file, s->environment, s->error)) ||
        !record_set_add(&s->set, s->environment, "environment", s->error))
        return false;
    for (int w = 0; w < s->n_workloads; w++)
        if (s->workloads[w].platform->price && !price_workload(s, &s->workloads[w]))
            return false;
    if (!run_measured(s))
        return false;
    if (json_array_size(s->set.records) == 0)
        return error_set(s->error, STATUS_USAGE, "no stage of that selection is in %s", s->model.shape.name);
    return write_reports(s);
}

enum status command_run(const struct arguments *arguments, struct error *error)
{
    struct session s = {.arguments = arguments, .error = error, .progress = isatty(STDERR_FILENO)};
    const bool ok = run_session(&s);
    progress_end(&s);
    for (int w = 0; w < s.n_workloads; w++)
        s.workloads[w].platform->close(s.workloads[w].run);
    if (s.file)
        record_file_close(s.file, error);
    if (s.has_weights)
        model_close(&s.model);
    counters_close(s.counters);
    energy_close(s.energy);
    device_free(s.cpu_device);
    json_decref(s.environment);
    record_set_free(&s.set);
    free(s.items);
    free(s.workloads);
    free(s.folder);
    if (ok && s.n_failed)
        error_set(error, STATUS_FAILED,
                  "%d results were faster than this machine can be: see the skipped ones", s.n_failed);
    return error->status;
}
