/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/check.h"
#include "bench/denormals.h"
#include "bench/environment.h"
#include "bench/folder.h"
#include "bench/roofline.h"
#include "bench/session.h"
#include "bench/statistics.h"
#include "platforms/cpu/team.h"
#include "platforms/device.h"
#include "platforms/validate.h"

static const char default_model[] = "mamba-130m";

static atomic_bool interrupted; /* the platforms' threads ask, too */

static void on_interrupt(int number)
{
    interrupted = true;
    signal(number, SIG_DFL); /* a second one ends the program at once */
}

bool session_interrupted(void)
{
    return interrupted;
}

bool session_continues(const struct session *s)
{
    return !interrupted || error_set(s->error, STATUS_FAILED, "interrupted");
}

/* Where no terminal shows every step: a line now and then, of a thread, as a single step may take minutes. */
static struct {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool running, done;
    char text[192];
} ticker = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void *tick(void *unused)
{
    enum { SECONDS = 10 };
    (void)unused;
    struct timespec next;
    clock_gettime(CLOCK_REALTIME, &next);
    const time_t began = next.tv_sec;
    pthread_mutex_lock(&ticker.mutex);
    while (!ticker.done) {
        next.tv_sec += SECONDS;
        while (!ticker.done && pthread_cond_timedwait(&ticker.changed, &ticker.mutex, &next) != ETIMEDOUT)
            ;
        if (!ticker.done && ticker.text[0])
            fprintf(stderr, "mamba-bench [%lld s]: %s\n", (long long)(next.tv_sec - began), ticker.text);
    }
    pthread_mutex_unlock(&ticker.mutex);
    return NULL;
}

static void ticker_start(void)
{
    sigset_t all, had;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &had);
    ticker.done = false;
    ticker.running = !pthread_create(&ticker.thread, NULL, tick, NULL);
    pthread_sigmask(SIG_SETMASK, &had, NULL);
}

static void ticker_stop(void)
{
    if (!ticker.running)
        return;
    pthread_mutex_lock(&ticker.mutex);
    ticker.done = true;
    pthread_cond_signal(&ticker.changed);
    pthread_mutex_unlock(&ticker.mutex);
    pthread_join(ticker.thread, NULL);
    ticker.running = false;
}

void session_progress(const struct session *s, const char *format, const char *what, int done, int total)
{
    if (!s->progress) {
        pthread_mutex_lock(&ticker.mutex);
        snprintf(ticker.text, sizeof ticker.text, format, what, done, total);
        pthread_mutex_unlock(&ticker.mutex);
        return;
    }
    fprintf(stderr, "\r\033[K");
    fprintf(stderr, format, what, done, total);
    fflush(stderr);
}

void session_progress_end(const struct session *s)
{
    if (s->progress)
        fprintf(stderr, "\r\033[K");
}

/* Units that are no stage. */
static bool names_pass(const char *name)
{
    static const char *const names[] = {"forward", "backward", "layer", "model"};
    for (int i = 0; i < COUNT_OF(names); i++)
        if (!strcmp(names[i], name))
            return true;
    return false;
}

static bool known_stage(const char *name)
{
    for (int i = 0; graph_stage_names()[i]; i++)
        if (!strcmp(graph_stage_names()[i], name))
            return true;
    return false;
}

/* Whether every word of "conv+silu" is a stage of the graph; of a null graph, of any model. */
static bool names_stages(const char *text, const struct graph *graph)
{
    char word[64];
    do {
        const size_t length = strcspn(text, "+");
        snprintf(word, sizeof word, "%.*s", (int)length, text);
        if (length >= sizeof word || !(graph ? graph_stage(graph, word) >= 0 : known_stage(word)))
            return false;
        text += length;
    } while (*text++);
    return true;
}

/* Without --stage everything counts. */
bool session_selects(const struct arguments *arguments, const char *name)
{
    for (int i = 0; i < arguments->stages.count; i++)
        if (group_name_holds(name, arguments->stages.items[i]))
            return true;
    return arguments->stages.count == 0;
}

static bool unit_selected(const struct arguments *arguments, const struct unit *unit)
{
    return session_selects(arguments, unit->name);
}

static bool print_record(const json_t *record, struct error *error)
{
    return (!json_dumpf(record, stdout, JSON_COMPACT | JSON_ENSURE_ASCII) && putchar('\n') != EOF &&
            fflush(stdout) != EOF) ||
           error_set(error, STATUS_FAILED, "cannot write to standard output");
}

/* A word of a shell command. */
static void write_word(FILE *out, const char *word)
{
    fputc('\'', out);
    for (; *word; word++)
        fputs(*word == '\'' ? "'\\''" : (char[]){*word, 0}, out);
    fputc('\'', out);
}

/* The command that gives this record again. The caller frees it; null: out of memory. */
static char *make_repro(const struct session *s, const struct result *result)
{
    const struct arguments *a = s->arguments;
    const struct unit *unit = result->unit;
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    const struct workload *w = result->published_by;
    fprintf(out, "mamba-bench run --platform %s:%s %s ", w ? w->platform->name : result->platform,
            w ? w->device : result->device, a->checkpoint ? "--checkpoint" : "--model");
    write_word(out, a->checkpoint ? a->checkpoint : a->model ? a->model : default_model);
    if (a->layers)
        fprintf(out, " --layers %lld", (long long)a->layers);
    fprintf(out, " --phase %s --batch %lld --seqlen %lld --seed %llu", phase_name(result->graph->phase),
            (long long)a->batch, (long long)result->context, (unsigned long long)a->seed);
    for (int c = 0; c < CHOICE_COUNT; c++) {
        const bool compared = comparison_choice(a->compare) == (enum plan_choice)c;
        const char *value = compared ? a->choices.values[c] : result->plan->values[c];
        if (value)
            fprintf(out, " --%s %s", plan_choice_name((enum plan_choice)c), value);
    }
    if (result->cache)
        fprintf(out, " --precision %s --threads %d --cache %s --repetitions %d --min-time %g",
                precision_name(a->compare ? a->choices.precision : result->plan->precision), s->threads,
                cache_mode_name(a->cache), a->repetitions, a->min_time_s);
    if (a->compare)
        fprintf(out, " --compare %s", a->compare_word);
    if (a->isa_given)
        fprintf(out, " --isa %s", isa_name(a->isa));
    if (a->all_logits)
        fputs(" --all-logits", out);
    if (a->keep_denormals)
        fputs(" --denormals keep", out);
    for (const char *const *option = result->options; option && *option; option++) {
        if (a->compare == COMPARE_OPTION && session_option_compared(a, *option))
            continue; /* the comparison sets it, from what was asked for on */
        fputs(" --set ", out);
        write_word(out, *option);
    }
    for (int i = 0; i < a->n_options && a->compare == COMPARE_OPTION; i++)
        if (session_option_compared(a, a->options[i])) {
            fputs(" --set ", out);
            write_word(out, a->options[i]);
        }
    if (unit->scope <= SCOPE_GROUP || (unit->direction && unit->scope == SCOPE_LAYER))
        fprintf(out, " --stage %s", unit->name);
    return fclose(out) ? (free(text), NULL) : text;
}

bool session_add(struct session *s, struct result *result)
{
    char *repro = make_repro(s, result);
    result->repro = repro;
    json_t *record = repro ? record_make(result, s->error) : NULL;
    free(repro);
    if (!record)
        return error_set(s->error, STATUS_FAILED, "out of memory");
    const bool streamed = s->arguments->format == FORMAT_JSON;
    const bool ok = (!s->file || record_file_write(s->file, record, s->error)) &&
                    record_set_add(&s->set, record, "result", s->error) &&
                    (!streamed || print_record(record, s->error));
    json_decref(record);
    return ok;
}

struct result session_result(const struct session *s, const struct workload *w, const struct unit *unit)
{
    const bool alone = unit->scope <= SCOPE_GROUP && !unit->in_plan && unit->span < 0;
    const struct arguments *a = s->arguments;
    const bool held = w->platform->execute && (a->isa_given || a->compare == COMPARE_ISA);
    return (struct result){
        .platform = w->platform->name,
        .device = w->device,
        /* An emulator's times say nothing of a processor. */
        .provenance =
            w->platform->execute && environment_emulated() ? PROVENANCE_SIMULATED : w->platform->provenance,
        .graph = &w->graph,
        .plan = &w->plan,
        .fusion = alone ? "none" : w->plan.values[CHOICE_FUSION],
        .unit = unit,
        .isa = held ? isa_name(w->variant ? w->variant->isa : a->isa) : NULL,
        .all_logits = s->arguments->all_logits,
        .seed = s->arguments->seed,
        .context = w->seqlen,
        .assumed = w->assumed,
        .environment = json_string_value(json_object_get(s->environment, "id")),
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
    const char *missing = item->energy_error.status ? item->energy_error.text : s->energy_missing;
    if (item->metered > 0) {
        joule = item->joule / item->metered;
    } else {
        /* Weights and state come from memory, other tensors from the caches. */
        const double off_chip = (double)(unit->weight_bytes + 2 * unit->state_bytes);
        const double on_chip = (double)(unit->bytes_read + unit->bytes_written) - off_chip;
        if (!device_joule(table, &unit->work, on_chip > 0 ? on_chip : 0, off_chip, time_s, &joule))
            return json_pack("{s:n,s:s,s:s}", "joule", "method", "none", "note", missing);
        method = "events";
        snprintf(text, sizeof text, "lower bound from work and bytes with energies per event (%s); %s",
                 table->source, missing);
        note = text;
    }
    json_t *energy = json_pack("{s:f,s:s,s:s}", "joule", joule, "method", method, "note", note);
    if (unit->scope == SCOPE_MODEL)
        json_object_set_new(energy, "joule_per_token", json_real(joule / tokens));
    return energy;
}

/* Events come and go where they share counters in turns: each is averaged over the batches that had it. */
static void sum_counters(struct item *item, const struct counters_reading *reading, double executions)
{
    struct counters_reading *sum = &item->counters;
    if (!sum->n_values || reading->status > sum->status) {
        sum->status = reading->status;
        memcpy(sum->reason, reading->reason, sizeof sum->reason);
    }
    for (int i = 0; i < reading->n_values; i++) {
        const struct counters_value *value = &reading->values[i];
        int at = 0;
        while (at < sum->n_values && strcmp(sum->values[at].name, value->name))
            at++;
        if (at == COUNTERS_MAX_VALUES)
            continue;
        if (at == sum->n_values) {
            sum->values[sum->n_values++] = *value;
            item->counted[at] = executions;
            continue;
        }
        sum->values[at].value += value->value;
        sum->values[at].scaled |= value->scaled;
        item->counted[at] += executions;
    }
}

void session_time_item(struct cbench_state *state, void *user)
{
    struct item *item = user;
    struct session *s = item->session;
    const int64_t iterations = cbench_iterations(state);
    struct processor_time before, after;
    struct counters_reading reading;
    struct energy_reading joules;
    if (interrupted || s->error->status != STATUS_OK) {
        cbench_skip(state, "interrupted");
        return;
    }
    if (item->error.status != STATUS_OK) {
        cbench_skip(state, item->error.text);
        return;
    }
    const bool metered = s->energy && energy_start(s->energy, &item->energy_error);

    const bool known = processors_read(NULL, &before);
    counters_start(s->counters);
    cbench_start(state);
    const bool ok =
        item->workload->platform->execute(item->workload->run, item->unit, iterations, &item->error);
    cbench_stop(state);
    counters_stop(s->counters, &reading);
    if (known && processors_read(NULL, &after)) {
        processors_add(&item->timed, &before, &after);
        processors_add(&s->timed, &before, &after);
    }
    if (metered && energy_stop(s->energy, &joules, &item->energy_error)) {
        item->joule += joules.joule;
        item->metered += (double)iterations;
    }
    if (!ok) {
        cbench_skip(state, item->error.text);
        return;
    }
    sum_counters(item, &reading, (double)iterations);
}

static void say_raised(const struct session *s, const struct unit *unit, const struct roofline *roofline)
{
    if (!roofline->raised.name)
        return;
    session_progress_end(s);
    fprintf(stderr, "mamba-bench: %s is faster than the %s roof of %.4g %s; measured again, it is %.4g\n",
            unit->name, roofline->raised.name, roofline->raised.from, roofline->raised.unit,
            roofline->raised.to);
}

/* A unit's figures are complete: its error against float64 is found and the record goes out. */
void session_report_item(const struct cbench_result *timed, void *user)
{
    struct session *s = user;
    struct item *item = timed->user;
    const struct workload *w = item->workload;
    const struct unit *units, *unit;
    double samples[4096];
    struct roofline roofline;
    w->platform->units(w->run, &units);
    unit = &units[item->unit];
    session_progress(s, "timing %s (%d of %d)", unit->name, ++s->n_done, s->n_items);
    /* An interrupted run keeps the repetitions that it has. */
    const bool cut = interrupted && timed->n_repetitions > 0 && item->error.status == STATUS_OK;
    const char *skipped = cut ? NULL : timed->skip_reason;
    if ((interrupted && !cut) || s->error->status != STATUS_OK)
        return;

    struct result result = session_result(s, w, unit);
    result.compare = item->compare;
    result.threads = w->threads;
    result.cache = cache_mode_name(s->arguments->cache);
    result.skipped = skipped;
    if (!skipped) {
        struct statistics statistics;
        result.n_samples =
            timed->n_repetitions < COUNT_OF(samples) ? timed->n_repetitions : COUNT_OF(samples);
        for (int i = 0; i < result.n_samples; i++)
            samples[i] = timed->repetitions[i].time_s;
        result.samples = samples;
        for (int i = 0; i < item->counters.n_values; i++)
            item->counters.values[i].value /= item->counted[i];
        result.counters = &item->counters;
        result.others = processors_others(&item->timed);
        result.accuracy = &item->accuracy;
        if (!statistics_compute(samples, result.n_samples, &statistics, s->error))
            return;
        if (w->plan.precision != PRECISION_FP64) {
            if (!roofline_settle(&s->peaks, w->threads, unit, w->plan.precision, s->arguments->cache,
                                 statistics.min, &roofline, s->error))
                return;
            say_raised(s, unit, &roofline);
            result.roofline = &roofline;
            result.skipped = roofline.impossible[0] ? roofline.impossible : NULL;
        }
        if (isnan(item->accuracy.rel_l2))
            result.skipped = "its result is not a number: what was computed is worthless, and so is its time";
        s->n_failed += result.skipped != NULL;
        result.energy = energy_of(s, item, unit, statistics.median);
    }
    /* Of what is measured, the estimate of energy alone rests on the device's file. */
    const char *method = json_string_value(json_object_get(result.energy, "method"));
    if (!method || strcmp(method, "events"))
        result.assumed = NULL;
    session_add(s, &result);
    json_decref(result.energy);
}

struct checked {
    struct {
        const struct kernel *kernel;
        struct error failure;
    } * kernels;
    int count;
};

/* A wrong kernel of ours ends the run; one of another library is left out of it. */
static bool refuse_wrong(struct item *item, const struct kernel *kernel, const struct error *failure)
{
    if (failure->status != STATUS_OK && kernel->peer)
        item->error = *failure;
    else if (failure->status != STATUS_OK)
        *item->session->error = *failure;
    return item->session->error->status == STATUS_OK;
}

static bool check_unit_kernel(struct item *item, int unit, struct checked *checked)
{
    struct session *s = item->session;
    const struct workload *w = item->workload;
    const struct kernel_family *family = NULL;
    const struct kernel *kernel = w->platform->kernel(w->run, unit, &family);
    struct check_result result;
    struct error failure = {0};
    for (int k = 0; k < checked->count; k++)
        if (checked->kernels[k].kernel == kernel)
            return refuse_wrong(item, kernel, &checked->kernels[k].failure);
    if (!kernel)
        return true;
    void *kernels = realloc(checked->kernels, sizeof *checked->kernels * (size_t)(checked->count + 1));
    if (!kernels)
        return error_set(s->error, STATUS_FAILED, "out of memory");
    checked->kernels = kernels;
    session_progress(s, "checking %s", kernel->name, 0, 0);
    if (!session_continues(s))
        return false;
    if (!check_kernel(family, kernel, &(struct check_options){.seed = s->arguments->seed}, &result, s->error))
        return false;
    if (!result.passed)
        error_set(&failure, STATUS_FAILED, "%s is wrong and is not timed: %s", kernel->name, result.failure);
    checked->kernels[checked->count].kernel = kernel;
    checked->kernels[checked->count++].failure = failure;
    return refuse_wrong(item, kernel, &failure);
}

/* No kernel is timed before it has passed its check in this process. */
bool session_check_kernels(struct session *s)
{
    struct checked checked = {0};
    bool ok = true;
    for (int i = 0; i < s->n_items && ok; i++) {
        const struct workload *w = s->items[i].workload;
        const struct unit *units;
        const int n = w->platform->units(w->run, &units);
        const int span = units[s->items[i].unit].span;
        ok = check_unit_kernel(&s->items[i], s->items[i].unit, &checked);
        for (int u = 0; u < n && ok && span >= 0; u++)
            if (units[u].in_plan && group_within(&w->plan.groups[units[u].group], &w->spans->groups[span]))
                ok = check_unit_kernel(&s->items[i], u, &checked);
    }
    free(checked.kernels);
    return ok;
}

/* Before timing: units that work in place move their operands a step further with every execution. */
bool session_find_accuracies(struct session *s)
{
    for (int i = 0; i < s->n_items; i++) {
        struct item *item = &s->items[i];
        const struct platform *platform = item->workload->platform;
        const struct unit *units;
        platform->units(item->workload->run, &units);
        session_progress(s, "comparing %s with float64 (%d of %d)", units[item->unit].name, i + 1,
                         s->n_items);
        if (!session_continues(s))
            return false;
        if (item->workload->variant)
            isa_limit(item->workload->variant->isa);
        const bool found = units[item->unit].skip[0] || item->error.status != STATUS_OK ||
                           platform->accuracy(item->workload->run, item->unit, &item->accuracy, s->error);
        isa_limit(s->arguments->isa);
        if (!found)
            return false;
    }
    return session_continues(s);
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
        if (!n)
            continue;
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
    if (!session_check_kernels(s) || !session_find_accuracies(s))
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
        cbench_register(set, name, session_time_item, item,
                        &(struct cbench_options){.min_time_s = a->min_time_s,
                                                 .repetitions = a->repetitions,
                                                 .clock = CBENCH_WALL});
    }
    session_progress(s, "timing%s (%d of %d)", "", 0, s->n_items);
    if (s->error->status == STATUS_OK && cbench_run(set, true, session_report_item, s) < 0)
        error_set(s->error, STATUS_FAILED, "the measuring harness ran out of memory");
    cbench_destroy(set);
    session_progress_end(s);
    return s->error->status == STATUS_OK && session_continues(s);
}

/* What the device's source publishes of this very workload, beside what the model says of it. */
static bool find_published(const struct session *s, const struct workload *w, json_t **published)
{
    const struct arguments *a = s->arguments;
    struct validation validation;
    if (a->checkpoint || a->layers || a->batch != 1 || a->all_logits)
        return true;
    const struct validation_workload workload = {.model = w->graph.shape.name,
                                                 .phase = w->graph.phase,
                                                 .seqlen = w->seqlen,
                                                 .seqlens = s->seqlens.values,
                                                 .n_seqlens = s->seqlens.count};
    if (!validate_workload(w->platform->name, w->device, w->options, &workload, &validation, s->error))
        return false;
    *published = validation.n_rows ? json_array() : NULL;
    for (size_t i = 0; i < validation.n_rows; i++) {
        const struct validation_row *row = &validation.rows[i];
        json_array_append_new(
            *published,
            json_pack("{s:s,s:s,s:s,s:s*,s:s*,s:b,s:b,s:f,s:f,s:o,s:s,s:s,s:s*,s:s,s:s*}", "id", row->id,
                      "what", row->what, "figure", row->figure, "over", row->baseline, "of", row->of, "mean",
                      row->mean, "layers_only", row->layers_only, "value", row->reference, "plus_minus",
                      row->tolerance, "model", isnan(row->model) ? json_null() : json_real(row->model),
                      "provenance", row->provenance, "source", row->source, "note",
                      row->missed ? row->missed : row->note, "state",
                      *row->changed ? "changed" : validation_state_name(row->state), "changed",
                      *row->changed ? row->changed : NULL));
    }
    validation_free(&validation);
    return true;
}

/* Of the plan, then of the device; a new array. */
static json_t *assumptions(const struct workload *w)
{
    json_t *names = json_copy(w->assumed);
    char chunk[32];
    snprintf(chunk, sizeof chunk, "chunks of %d steps", SCAN_MODELLED_CHUNK);
    if (scan_chunk_assumed(w->plan.scan))
        json_array_insert_new(names, 0, json_string(chunk));
    return names;
}

bool session_price_unit(struct session *s, const struct workload *w, int unit, json_t *compare)
{
    const struct unit *units;
    struct price price;
    struct accuracy accuracy = {.reason = "the model prices time and energy, not the device's arithmetic"};
    w->platform->units(w->run, &units);
    struct result result = session_result(s, w, &units[unit]);
    result.options = w->options;
    result.compare = compare;
    result.accuracy = &accuracy;
    if (w->platform->accuracy && !units[unit].skip[0] &&
        !w->platform->accuracy(w->run, unit, &accuracy, s->error))
        return false;
    if (units[unit].scope == SCOPE_MODEL && !find_published(s, w, &result.published))
        return false;
    if (units[unit].skip[0]) {
        result.skipped = units[unit].skip;
    } else {
        if (!w->platform->price(w->run, unit, &price, s->error))
            return false;
        result.price = &price;
        result.energy = json_pack("{s:s,s:s}", "method", price.energy_method, "note", price.energy_note);
        if (price.joule >= 0) {
            const double tokens = (double)(w->graph.batch * w->graph.seqlen);
            json_object_set_new(result.energy, "joule", json_real(price.joule));
            if (units[unit].scope == SCOPE_MODEL)
                json_object_set_new(result.energy, "joule_per_token", json_real(price.joule / tokens));
        }
    }
    result.assumed = assumptions(w);
    const bool ok = session_add(s, &result);
    json_decref(result.assumed);
    json_decref(result.energy);
    json_decref(result.published);
    return ok;
}

/* What its source measured on other machines for the same unit. */
static bool add_published(struct session *s, const struct workload *w, const struct device *device,
                          const struct unit *unit)
{
    for (unsigned i = 0; i < device->comparisons_count; i++) {
        const struct device_comparison *comparison = &device->comparisons[i];
        if (strcmp(comparison->model, w->graph.shape.name) || strcmp(comparison->stage, unit->name) ||
            strcmp(comparison->phase, phase_name(w->graph.phase)) || w->graph.batch != 1)
            continue;
        struct price price = {.time_s = comparison->seconds,
                              .cycles = -1,
                              .compute_s = -1,
                              .memory_s = -1,
                              .link_s = -1,
                              .overhead_s = -1,
                              .off_chip_bytes = -1,
                              .joule = -1};
        snprintf(price.note, sizeof price.note, "%s%s%s", comparison->source, comparison->note ? "; " : "",
                 comparison->note ? comparison->note : "");
        struct result result = session_result(s, w, unit);
        result.platform = "published";
        result.device = comparison->machine;
        result.published_by = w;
        result.assumed = NULL;
        result.provenance = PROVENANCE_PUBLISHED;
        result.price = &price;
        if (!session_add(s, &result))
            return false;
    }
    return true;
}

static bool price_workload(struct session *s, const struct workload *w)
{
    const struct unit *units;
    struct device *device = NULL;
    const int n = w->platform->units(w->run, &units);
    bool ok = !w->platform->default_device || device_load(w->platform->name, w->device, &device, s->error);
    for (int u = 0; u < n && ok; u++)
        if (unit_selected(s->arguments, &units[u]))
            ok = session_price_unit(s, w, u, NULL) && (!device || add_published(s, w, device, &units[u]));
    device_free(device);
    return ok;
}

bool session_find_platform(const char *text, const struct platform **platform, const char **device,
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
    for (int p = PHASE_PREFILL; p <= PHASE_TRAIN; p++)
        if (!strcmp(text, phase_name((enum phase)p))) {
            *phase = (enum phase)p;
            return true;
        }
    return error_set(error, STATUS_USAGE, "--phase %s: must be one of prefill, decode, train", text);
}

/* trains: of all phases of the run only training takes --recompute. */
static bool plan_workload(struct session *s, const struct platform *platform, const char *device,
                          enum phase phase, bool trains, int64_t seqlen)
{
    const struct arguments *a = s->arguments;
    struct workload *w = &s->workloads[s->n_workloads];
    struct plan_choices choices = a->choices;
    if (trains && phase != PHASE_TRAIN)
        choices.values[CHOICE_RECOMPUTE] = NULL;
    w->platform = platform;
    w->device = device;
    w->seqlen = seqlen;
    if ((platform->precision && !platform->precision(device, &choices.precision, s->error)) ||
        !graph_build(&s->model.shape, phase, a->batch, seqlen, a->all_logits, &w->graph, s->error) ||
        !platform_plan(platform, &w->graph, choices, &w->plan, s->error))
        return false;
    s->n_workloads++;
    return true;
}

/* Everything that can be wrong with the request itself is found before anything long begins. */
static bool plan_workloads(struct session *s)
{
    static char *both_phases[] = {"prefill", "decode"};
    const struct arguments *a = s->arguments;
    char *const *phases = a->phases.count ? a->phases.items : both_phases;
    const int n_phases = a->phases.count ? a->phases.count : COUNT_OF(both_phases);
    bool trains = false;
    for (int f = 0; f < n_phases; f++)
        trains |= !strcmp(phases[f], phase_name(PHASE_TRAIN));
    if (a->compare == COMPARE_RECOMPUTE && !trains)
        return error_set(s->error, STATUS_USAGE,
                         "--compare recompute: only --phase train has a backward pass");
    s->workloads = calloc((size_t)(a->platforms.count * n_phases * s->seqlens.count), sizeof *s->workloads);
    if (!s->workloads)
        return error_set(s->error, STATUS_FAILED, "out of memory");
    for (int i = 0; i < a->stages.count; i++)
        if (!names_pass(a->stages.items[i]) && !names_stages(a->stages.items[i], NULL))
            return error_set(s->error, STATUS_USAGE,
                             "--stage %s: no such stage; see 'mamba-bench list stages'", a->stages.items[i]);
    for (int p = 0; p < a->platforms.count; p++)
        for (int f = 0; f < n_phases; f++) {
            const struct platform *platform;
            const char *device = NULL;
            enum phase phase = PHASE_PREFILL;
            if (!session_find_platform(a->platforms.items[p], &platform, &device, s->error) ||
                !find_phase(phases[f], &phase, s->error))
                return false;
            for (int l = 0; l < s->seqlens.count; l++)
                if (!plan_workload(s, platform, device, phase, trains, s->seqlens.values[l]))
                    return false;
        }
    for (int i = 0; i < a->stages.count; i++) {
        bool found = names_pass(a->stages.items[i]);
        for (int w = 0; w < s->n_workloads; w++)
            found |= names_stages(a->stages.items[i], &s->workloads[w].graph);
        if (!found)
            return error_set(s->error, STATUS_USAGE, "--stage %s: %s has no such stage", a->stages.items[i],
                             s->model.shape.name);
    }
    return true;
}

bool session_option_compared(const struct arguments *arguments, const char *option)
{
    const size_t length = strlen(arguments->compare_word);
    return !strncmp(option, arguments->compare_word, length) && option[length] == '=';
}

static bool device_has(const struct device *device, const char *option)
{
    const size_t length = strcspn(option, "=");
    for (unsigned i = 0; i < device->options_count; i++)
        if (strlen(device->options[i].name) == length && !strncmp(device->options[i].name, option, length))
            return true;
    return false;
}

/* Each modelled device gets the options that it has; one that none has would be lost in silence. */
static bool hand_out_options(struct session *s)
{
    const struct arguments *a = s->arguments;
    const char *compared = a->compare == COMPARE_OPTION ? a->compare_word : NULL;
    bool taken[MAX_SELECTED] = {false};
    for (int w = 0; w < s->n_workloads && (a->n_options || compared); w++) {
        struct workload *workload = &s->workloads[w];
        struct device *device;
        int n = 0;
        if (!workload->platform->price)
            continue;
        if (!device_load(workload->platform->name, workload->device, &device, s->error))
            return false;
        for (int i = 0; i < a->n_options; i++)
            if (device_has(device, a->options[i])) {
                workload->options[n++] = a->options[i];
                taken[i] = true;
            }
        const bool ok = device_effects(device, workload->options, (size_t)n, compared, s->error);
        device_free(device);
        if (!ok)
            return false;
    }
    for (int i = 0; i < a->n_options; i++)
        if (!taken[i])
            return error_set(s->error, STATUS_USAGE,
                             "--set %s: no device of this run has that option; see "
                             "'mamba-bench list devices'",
                             a->options[i]);
    return true;
}

/* Long sequences take the memory and time of no more than was asked for. Decode starts from the state that
 * its context left, and backward stages from what forward kept: these need the whole model. */
static const char *const *only_stages(const struct arguments *arguments, enum phase phase)
{
    if (!arguments->stages.count ||
        (arguments->compare != COMPARE_SCAN && (arguments->compare || phase != PHASE_PREFILL)))
        return NULL;
    for (int i = 0; i < arguments->stages.count; i++)
        if (names_pass(arguments->stages.items[i]))
            return NULL;
    return (const char *const *)arguments->stages.items;
}

bool session_open(struct session *s, struct workload *w)
{
    const struct task task = {
        .model = &s->model,
        .graph = &w->graph,
        .plan = &w->plan,
        .spans = w->spans,
        .device = w->device,
        .options = w->options,
        .threads = w->threads,
        .cache = s->arguments->cache,
        .kernel = w->variant ? w->variant->kernel : NULL,
        .seed = s->arguments->seed,
        .context = w->seqlen,
        .stopped = session_interrupted,
        .stages = only_stages(s->arguments, w->graph.phase),
    };
    return session_continues(s) && w->platform->open(&task, &w->run, s->error);
}

static bool open_workloads(struct session *s)
{
    for (int i = 0; i < s->n_workloads; i++) {
        struct workload *w = &s->workloads[i];
        w->threads = s->threads;
        session_progress(s, "preparing %s (%d of %d)", w->platform->name, i + 1, s->n_workloads);
        if (!session_open(s, w))
            return false;
    }
    return true;
}

/* Only the first layers, under a name of its own: it is another model. */
static bool keep_layers(struct session *s, int64_t layers)
{
    struct model_shape *shape = &s->model.shape;
    const size_t length = strlen(shape->name);
    if (layers > shape->n_layer)
        return error_set(s->error, STATUS_USAGE, "--layers %lld: %s has %lld", (long long)layers, shape->name,
                         (long long)shape->n_layer);
    if (layers == 0 || layers == shape->n_layer)
        return true;
    if (s->has_weights)
        model_keep_layers(&s->model, layers);
    shape->n_layer = layers;
    snprintf(shape->name + length, sizeof shape->name - length, ":%lld-layer%s", (long long)layers,
             layers > 1 ? "s" : "");
    return true;
}

static bool open_shape(struct session *s)
{
    const struct arguments *a = s->arguments;
    if (a->checkpoint)
        s->has_weights = model_open_checkpoint(a->checkpoint, &s->model, s->error);
    else if (!shape_preset(a->model ? a->model : default_model, &s->model.shape, s->error))
        return false;
    return (s->has_weights || !a->checkpoint) && keep_layers(s, a->layers);
}

/* A picture is one token, as in eval. */
static bool settle_lengths(struct session *s)
{
    const struct arguments *a = s->arguments;
    const bool classifier = s->model.shape.vocab == 0;
    const int64_t own = classifier ? 1 : 512;
    s->seqlens = a->seqlens.count ? a->seqlens : (struct lengths){{own}, 1};
    for (int i = 0; i < s->seqlens.count; i++)
        if (classifier && s->seqlens.values[i] != own)
            return error_set(s->error, STATUS_USAGE,
                             "--seqlen %lld: %s is a classifier, whose pictures are %lld token each; --batch "
                             "takes several",
                             (long long)s->seqlens.values[i], s->model.shape.name, (long long)own);
    return true;
}

static bool make_weights(struct session *s)
{
    const struct model_shape shape = s->model.shape;
    if (s->has_weights)
        return true;
    session_progress(s, "making weights of %s", shape.name, 0, 0);
    s->has_weights = model_synthesize(&shape, s->arguments->seed, &s->model, s->error);
    return s->has_weights;
}

/* Without --out a table run gets results/<date>-<time> here; other formats write only to stdout. */
static bool open_folder(struct session *s)
{
    const struct arguments *a = s->arguments;
    char name[64];
    if (!a->out && a->format != FORMAT_TABLE)
        return true;
    if (a->out) {
        s->folder = strdup(a->out);
    } else {
        const time_t now = time(NULL);
        struct tm local;
        strftime(name, sizeof name, "results/%Y%m%d-%H%M%S", localtime_r(&now, &local));
        const size_t length = strlen(name);
        for (int i = 2; access(name, F_OK) == 0; i++)
            snprintf(name + length, sizeof name - length, "-%d", i);
        s->folder = strdup(name);
    }
    if (!s->folder)
        return error_set(s->error, STATUS_FAILED, "out of memory");
    if (!folder_create(s->folder, s->error))
        return false;
    s->file = folder_open_records(s->folder, s->error);
    char *xml = NULL;
    bool ok = s->file && environment_topology_xml(NULL, &xml, s->error) &&
              folder_write(s->folder, "topology.xml", xml, s->error);
    free(xml);
    return ok;
}

/* Settles the number of threads before anything is opened with it. */
static bool settle_threads(struct session *s)
{
    const cpu_set_t *ours = team_start_affinity();
    if (ours && s->arguments->threads > CPU_COUNT(ours))
        return error_set(s->error, STATUS_USAGE, "--threads %d: this process may use %d processor%s",
                         s->arguments->threads, CPU_COUNT(ours), CPU_COUNT(ours) == 1 ? "" : "s");
    struct team *team = team_create(s->arguments->threads, s->error);
    if (!team)
        return false;
    s->threads = team_threads(team);
    s->bound = team_bound(team);
    team_destroy(team);
    return true;
}

/* Times of an emulator stand under no roof: what it executes fast is no processor's peak. */
static bool measure_machine(struct session *s)
{
    session_progress(s, "measuring the machine's %s", "peaks", 0, 0);
    if (!peaks_measure(s->threads, NULL, &s->peaks, s->error))
        return false;
    json_object_set_new(s->environment, "ceilings", peaks_json(&s->peaks));
    json_object_set_new(json_object_get(s->environment, "floating_point"), "decaying_scan_slowdown",
                        json_real(denormals_slowdown()));
    return true;
}

static bool open_environment(struct session *s, bool measured)
{
    s->environment = environment_record(NULL, s->error);
    if (!s->environment)
        return false;
    if (measured && !environment_emulated() && !measure_machine(s))
        return false;
    if (measured) {
        json_object_set_new(s->environment, "threads_bound", json_boolean(s->bound));
        struct error reason = {0};
        s->counters = counters_open(NULL, s->error);
        s->energy = energy_open(NULL, &reason);
        snprintf(s->energy_missing, sizeof s->energy_missing, "no energy counter: %.200s", reason.text);
        if (!s->counters)
            return false;
    }
    return true;
}

/* Times that were taken beside other programs are too long, and nobody would see it. */
static void say_disturbed(const struct session *s)
{
    static const double few = 0.05;
    const double others = processors_others(&s->timed);
    if (!(others > few))
        return;
    session_progress_end(s);
    fprintf(stderr,
            "mamba-bench: warning: other programs or guests took %.0f %% of the processors' time while this "
            "was timed\n",
            100 * others);
}

static bool write_reports(struct session *s)
{
    const enum output_format format = s->arguments->format;
    if ((format == FORMAT_CSV && !report_csv(&s->set, stdout, s->error)) ||
        (format == FORMAT_GBENCH && !report_gbench(&s->set, stdout, s->error)) ||
        (format == FORMAT_TABLE && !report_table(&s->set, stdout, s->error)))
        return false;
    if (!s->folder)
        return true;
    session_progress(s, "drawing %s", "figures", 0, 0);
    const bool ok = folder_report(s->folder, &s->set, false, s->error);
    session_progress_end(s);
    if (ok && format == FORMAT_TABLE)
        printf("\nReport: %s/report.html\n", s->folder);
    return ok;
}

/* What the devices assume, and the CPU's table of energies per event. */
static bool load_devices(struct session *s)
{
    for (int i = 0; i < s->n_workloads; i++) {
        struct workload *w = &s->workloads[i];
        struct device *device;
        if (!w->platform->default_device)
            continue;
        if (!device_load(w->platform->name, w->device, &device, s->error))
            return false;
        w->assumed = json_array();
        for (unsigned a = 0; a < device->assumed_count; a++)
            json_array_append_new(w->assumed, json_string(device->assumed[a].name));
        if (w->platform->execute && !s->cpu_device)
            s->cpu_device = device;
        else
            device_free(device);
    }
    return true;
}

/* Whether any platform computes, and not only prices: a priced device that can compute, too, does so if
 * weights are there or made in no time. */
static bool any_computed(const struct session *s)
{
    const bool small = shape_parameters(&s->model.shape) <= INT64_C(1) << 24;
    for (int i = 0; i < s->n_workloads; i++)
        if (s->workloads[i].platform->accuracy && (small || !s->workloads[i].platform->classify))
            return true;
    return false;
}

static bool any_measured(const struct session *s)
{
    for (int i = 0; i < s->n_workloads; i++)
        if (s->workloads[i].platform->execute)
            return true;
    return false;
}

static bool write_environment(struct session *s)
{
    return (!s->file || record_file_write(s->file, s->environment, s->error)) &&
           record_set_add(&s->set, s->environment, "environment", s->error) &&
           (s->arguments->format != FORMAT_JSON || print_record(s->environment, s->error));
}

/* Whether every platform of the run can compare that. */
static bool check_comparison(struct session *s)
{
    const enum comparison what = s->arguments->compare;
    const char *word = s->arguments->compare_word;
    char names[160] = "";
    for (int i = COMPARE_NOTHING + 1; i < COMPARISON_COUNT; i++) {
        const size_t used = strlen(names);
        snprintf(names + used, sizeof names - used, "%s%s", *names ? ", " : "",
                 comparison_name((enum comparison)i));
    }
    for (int w = 0; w < s->n_workloads; w++) {
        const struct workload *workload = &s->workloads[w];
        if (what != COMPARE_OPTION) {
            if (!workload->platform->execute && comparison_choice(what) == CHOICE_COUNT)
                return error_set(
                    s->error, STATUS_USAGE,
                    "--compare %s times variants: %s is modelled and compares fusion, scan, recompute "
                    "and its device's options",
                    word, workload->platform->name);
            continue;
        }
        struct device *device;
        unsigned choices = 0;
        if (workload->platform->execute)
            return error_set(s->error, STATUS_USAGE, "--compare %s: must be one of %s", word, names);
        if (!device_load(workload->platform->name, workload->device, &device, s->error))
            return false;
        for (unsigned i = 0; i < device->options_count; i++)
            if (!strcmp(device->options[i].name, word))
                choices = device->options[i].choices_count;
        device_free(device);
        if (choices < 2)
            return error_set(s->error, STATUS_USAGE,
                             "--compare %s: must be one of %s; %s:%s has no such option (see "
                             "'mamba-bench list devices')",
                             word, names, workload->platform->name, workload->device);
    }
    return true;
}

/* Options of the CPU would be lost in silence where only devices are priced. */
static bool check_cpu_options(const struct session *s)
{
    const struct arguments *a = s->arguments;
    const char *option = a->precision_given ? "precision"
                         : any_computed(s)  ? NULL
                         : a->isa_given     ? "isa"
                         : a->threads       ? "threads"
                                            : NULL;
    return !option || any_measured(s) ||
           error_set(s->error, STATUS_USAGE, "--%s: of the CPU, and no platform of this run is the cpu%s",
                     option, a->precision_given ? "; a modelled device has its own precision" : "");
}

static bool run_session(struct session *s)
{
    if (!open_shape(s) || !settle_lengths(s) || !plan_workloads(s) || !check_cpu_options(s) ||
        !hand_out_options(s))
        return false;
    const bool measured = any_measured(s), compared = s->arguments->compare != COMPARE_NOTHING;
    if (compared && !check_comparison(s))
        return false;
    if (s->arguments->compare == COMPARE_KERNEL)
        compare_load_peers();
    if (!settle_threads(s) || !open_folder(s) || !load_devices(s) || (any_computed(s) && !make_weights(s)) ||
        (!compared && !open_workloads(s)) || !open_environment(s, measured) || !write_environment(s))
        return false;
    for (int w = 0; w < s->n_workloads; w++)
        if (!compared && s->workloads[w].platform->price && !price_workload(s, &s->workloads[w]))
            return false;
    if (!(compared ? session_compare(s) : run_measured(s)))
        return false;
    if (!json_array_size(s->set.records))
        return error_set(s->error, STATUS_USAGE, "--stage %s: nothing in this run has that name",
                         s->arguments->stages.items[0]);
    say_disturbed(s);
    return write_reports(s);
}

/* Why nothing of the run has a time; null: something has. */
static const char *nothing_ran(const struct session *s)
{
    const char *reason = NULL;
    size_t i;
    json_t *record;
    json_array_foreach(s->set.records, i, record)
    {
        const char *skipped = json_string_value(json_object_get(record, "skipped"));
        if (!skipped)
            return NULL;
        reason = reason ? reason : skipped;
    }
    return reason;
}

/* A run that ended before its first record leaves nothing behind. */
static void remove_folder(const struct session *s)
{
    static const char *const names[] = {"records.jsonl", "topology.xml"};
    char path[4352];
    for (int i = 0; i < COUNT_OF(names); i++) {
        snprintf(path, sizeof path, "%s/%s", s->folder, names[i]);
        unlink(path);
    }
    rmdir(s->folder);
}

enum status command_run(const struct arguments *arguments, struct error *error)
{
    struct session s = {.arguments = arguments, .error = error, .progress = isatty(STDERR_FILENO)};
    signal(SIGINT, on_interrupt);
    if (!s.progress)
        ticker_start();
    const bool ok = run_session(&s);
    ticker_stop();
    signal(SIGINT, SIG_DFL);
    session_progress_end(&s);
    if (interrupted && !ok && json_array_size(s.set.records) &&
        (s.file || arguments->format == FORMAT_JSON)) {
        *error = (struct error){0};
        error_set(error, STATUS_FAILED, "interrupted: %zu results are in %s", json_array_size(s.set.records),
                  s.file ? s.folder : "standard output");
    }
    for (int w = 0; w < s.n_workloads; w++) {
        if (s.workloads[w].run)
            s.workloads[w].platform->close(s.workloads[w].run);
        json_decref(s.workloads[w].assumed);
    }
    if (s.file) {
        record_file_close(s.file, error);
        if (!json_array_size(s.set.records))
            remove_folder(&s);
    }
    if (ok && s.n_failed)
        error_set(error, STATUS_FAILED, "%d results were refused: see the skipped ones", s.n_failed);
    else if (ok && nothing_ran(&s))
        error_set(error, STATUS_UNAVAILABLE, "nothing of this run could be run here: %.300s",
                  nothing_ran(&s));
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
    return error->status;
}
