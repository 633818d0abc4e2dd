/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <stdlib.h>
#include <string.h>

#include "bench/session.h"
#include "platforms/cpu/forward.h"

static void keep_repetition(const struct cbench_result *timed, void *user)
{
    struct item *item = timed->user;
    (void)user;
    if (!timed->skip_reason)
        item->repetitions[item->n_repetitions++] = timed->repetitions[0];
}

/* Each item once, in random order. A round without iterations finds how many the least time takes. */
static bool time_round(struct session *s, struct item *items, int n, const int64_t *iterations)
{
    struct cbench *set = cbench_create();
    bool ok = set != NULL;
    for (int i = 0; i < n && ok; i++)
        ok = cbench_register(set, "", session_time_item, &items[i],
                             &(struct cbench_options){.min_time_s = s->arguments->min_time_s,
                                                      .repetitions = 1,
                                                      .iterations = iterations ? iterations[i] : 0,
                                                      .clock = CBENCH_WALL});
    ok = ok && cbench_run(set, true, keep_repetition, s) >= 0;
    cbench_destroy(set);
    return ok || error_set(s->error, STATUS_FAILED, "the measuring harness ran out of memory");
}

static bool time_in_turns(struct session *s, struct item *items, int n)
{
    int64_t iterations[COMPARE_MAX_VARIANTS];
    if (!time_round(s, items, n, NULL))
        return false;
    for (int i = 0; i < n; i++) {
        iterations[i] = items[i].n_repetitions ? items[i].repetitions[0].iterations : 1;
        items[i].n_repetitions = 0;
    }
    for (int r = 0; r < s->arguments->repetitions; r++)
        if (!session_continues(s) || !time_round(s, items, n, iterations))
            return false;
    return true;
}

static bool pair_with(const struct session *s, const struct item *base, const struct item *other,
                      struct paired *paired)
{
    enum { MOST = 4096 };
    double times[2][MOST];
    const int n = base->n_repetitions;
    if (n == 0 || n != other->n_repetitions)
        return false;
    for (int i = 0; i < n; i++) {
        times[0][i] = base->repetitions[i].time_s;
        times[1][i] = other->repetitions[i].time_s;
    }
    return compare_paired(times[0], times[1], n, paired, s->error);
}

static json_t *compare_json(const struct session *s, const struct variant *variant, const char *baseline)
{
    const char *role = variant == &s->variants[COMPARE_BASELINE]  ? "baseline"
                       : variant == &s->variants[COMPARE_CONTROL] ? "control"
                                                                  : "variant";
    json_t *compare = json_pack("{s:s,s:s,s:s}", "what", comparison_name(s->arguments->compare), "variant",
                                variant->name, "role", role);
    if (baseline)
        json_object_set_new(compare, "baseline", json_string(baseline));
    return compare;
}

static void report_turns(struct session *s, struct item *items, int n)
{
    struct paired control, paired;
    const char *baseline = NULL;
    const bool controlled = pair_with(s, &items[COMPARE_BASELINE], &items[COMPARE_CONTROL], &control);
    for (int i = 0; i < n && s->error->status == STATUS_OK; i++) {
        struct item *item = &items[i];
        item->compare = compare_json(s, item->workload->variant, baseline);
        if (i != COMPARE_BASELINE && controlled && pair_with(s, &items[COMPARE_BASELINE], item, &paired)) {
            json_object_set_new(item->compare, "ratio", json_real(paired.ratio));
            json_object_set_new(item->compare, "ci95", json_pack("[f,f]", paired.ci95[0], paired.ci95[1]));
            if (i != COMPARE_CONTROL)
                json_object_set_new(item->compare, "verdict",
                                    json_string(verdict_name(compare_verdict(&paired, &control))));
        }
        session_report_item(
            &(struct cbench_result){.user = item,
                                    .skip_reason = item->n_repetitions ? NULL : item->error.text,
                                    .repetitions = item->repetitions,
                                    .n_repetitions = item->n_repetitions},
            s);
        const size_t last = json_array_size(s->set.records);
        if (i == COMPARE_BASELINE && last)
            baseline = json_string_value(json_object_get(json_array_get(s->set.records, last - 1), "id"));
    }
}

/* Names what could be compared with if it were here. */
static bool report_missing(struct session *s, const struct item *item)
{
    const struct workload *w = item->workload;
    const struct kernel_family *family;
    const struct unit *units;
    w->platform->units(w->run, &units);
    if (s->arguments->compare != COMPARE_KERNEL || !w->platform->kernel(w->run, item->unit, &family))
        return true;
    for (int k = 0; k < family->n_kernels; k++) {
        const struct kernel *kernel = &family->kernels[k];
        struct unit unit = units[item->unit];
        if (!kernel->missing || !kernel->missing())
            continue;
        snprintf(unit.kernel, sizeof unit.kernel, "%s", kernel->name);
        struct result result = session_result(s, w, &unit);
        result.threads = w->threads;
        result.cache = cache_mode_name(s->arguments->cache);
        result.skipped = kernel->missing();
        const struct variant absent = {.name = ""};
        result.compare = compare_json(s, &absent, NULL);
        json_object_set_new(result.compare, "variant", json_string(strchr(kernel->name, '/') + 1));
        const bool ok = session_add(s, &result);
        json_decref(result.compare);
        if (!ok)
            return false;
    }
    return true;
}

/* Whether a variant differs from the baseline in this unit. */
static bool differs(const struct session *s, const struct workload *base, const struct workload *w, int unit)
{
    const struct unit *ours, *theirs;
    base->platform->units(base->run, &ours);
    w->platform->units(w->run, &theirs);
    const bool same_kernel = !strcmp(ours[unit].kernel, theirs[unit].kernel);
    if (s->arguments->compare == COMPARE_KERNEL)
        return !same_kernel && !strcmp(strchr(theirs[unit].kernel, '/') + 1, w->variant->kernel);
    return s->arguments->compare != COMPARE_ISA || !same_kernel || !ours[unit].kernel[0];
}

/* Of each unit, the variants in turns: points[i] is where its items begin. */
static bool list_points(struct session *s, const struct workload *group, int *points, int *n_points)
{
    const struct unit *units;
    const struct workload *base = &group[COMPARE_BASELINE];
    const int n_units = base->platform->units(base->run, &units);
    s->items = calloc((size_t)(n_units * s->n_variants), sizeof *s->items);
    if (!s->items)
        return error_set(s->error, STATUS_FAILED, "out of memory");
    for (int u = 0; u < n_units; u++) {
        const int first = s->n_items;
        if (!session_selects(s->arguments, units[u].name) ||
            (s->arguments->compare == COMPARE_KERNEL && !units[u].kernel[0]))
            continue;
        for (int v = 0; v < s->n_variants; v++)
            if (group[v].run && (v < COMPARE_FIRST || differs(s, base, &group[v], u)))
                s->items[s->n_items++] = (struct item){.session = s, .workload = &group[v], .unit = u};
        if (s->n_items - first == COMPARE_FIRST)
            s->n_items = first;
        else
            points[(*n_points)++] = first;
    }
    points[*n_points] = s->n_items;
    return true;
}

static bool compare_points(struct session *s, const int *points, int n_points)
{
    for (int i = 0; i < s->n_items; i++) {
        s->items[i].repetitions = calloc((size_t)s->arguments->repetitions, sizeof *s->items->repetitions);
        if (!s->items[i].repetitions)
            return error_set(s->error, STATUS_FAILED, "out of memory");
    }
    for (int p = 0; p < n_points; p++) {
        struct item *items = &s->items[points[p]];
        const int n = points[p + 1] - points[p];
        if (!time_in_turns(s, items, n))
            return false;
        report_turns(s, items, n);
        if (s->error->status != STATUS_OK || !report_missing(s, items))
            return false;
    }
    return true;
}

static bool family_has(const struct kernel_family *family, enum precision precision, const char *variant)
{
    for (int k = 0; k < family->n_kernels; k++)
        if (family->kernels[k].precision == precision &&
            (!variant || !strcmp(strchr(family->kernels[k].name, '/') + 1, variant)))
            return true;
    return false;
}

/* Without a kernel of that name among the selected units, the variant would be the baseline once more. */
static bool concerns(const struct session *s, const struct graph *graph, const char *fusion,
                     const struct variant *variant)
{
    struct plan *plan = calloc(1, sizeof *plan);
    bool any = !variant->kernel;
    if (plan && plan_build(graph, fusion, variant->precision, plan, s->error))
        for (int g = 0; g < plan->n_groups && !any; g++) {
            const struct kernel_family *family = family_for_group(graph, &plan->groups[g]);
            any =
                family && session_selects(s->arguments, plan->groups[g].name) &&
                family_has(family,
                           family_has(family, variant->precision, NULL) ? variant->precision : PRECISION_FP32,
                           variant->kernel);
        }
    free(plan);
    return any;
}

static bool open_variant(struct session *s, const struct workload *base, const struct variant *variant,
                         struct workload *w)
{
    const struct arguments *a = s->arguments;
    *w = (struct workload){
        .platform = base->platform, .device = base->device, .threads = variant->threads, .variant = variant};
    if (!graph_build(&s->model.shape, base->graph.phase, a->batch, a->seqlen, a->all_logits, &w->graph,
                     s->error) ||
        !plan_build(&w->graph, a->fusion, variant->precision, &w->plan, s->error))
        return false;
    if (!concerns(s, &w->graph, a->fusion, variant) && !concerns(s, &w->graph, "none", variant))
        return true;
    session_progress(s, "preparing %s (%d of %d)", variant->name, (int)(variant - s->variants) + 1,
                     s->n_variants);
    isa_limit(variant->isa);
    const bool ok = session_open(s, w);
    isa_limit(a->isa);
    return ok;
}

static bool compare_workload(struct session *s, const struct workload *base)
{
    int points[2 * GRAPH_MAX_STAGES + 3], n_points = 0;
    struct workload *group = calloc((size_t)s->n_variants, sizeof *group);
    bool ok = group || error_set(s->error, STATUS_FAILED, "out of memory");
    for (int v = 0; v < s->n_variants && ok; v++)
        ok = open_variant(s, base, &s->variants[v], &group[v]);
    ok = ok && list_points(s, group, points, &n_points) && session_check_kernels(s) &&
         session_find_accuracies(s) && compare_points(s, points, n_points);
    for (int i = 0; i < s->n_items; i++) {
        free(s->items[i].repetitions);
        json_decref(s->items[i].compare);
    }
    free(s->items);
    s->items = NULL;
    s->n_items = s->n_done = 0;
    for (int v = 0; v < s->n_variants && group; v++)
        if (group[v].run)
            group[v].platform->close(group[v].run);
    free(group);
    session_progress_end(s);
    return ok;
}

bool session_compare(struct session *s)
{
    const struct arguments *a = s->arguments;
    const struct variant base = {.isa = a->isa, .precision = a->precision, .threads = s->threads};
    s->n_variants = compare_variants(a->compare, &base, s->variants);
    for (int w = 0; w < s->n_workloads; w++)
        if (!compare_workload(s, &s->workloads[w]))
            return false;
    if (!json_array_size(s->set.records))
        return error_set(s->error, STATUS_UNAVAILABLE,
                         "--compare %s: this machine has one variant only of what was selected",
                         comparison_name(a->compare));
    return true;
}
