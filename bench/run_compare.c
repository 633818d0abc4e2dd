/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "bench/session.h"
#include "platforms/cpu/forward.h"
#include "platforms/device.h"

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

/* An interrupt in the middle of a round leaves some items with a repetition that the others lack. */
static void keep_whole_rounds(struct item *items, int n)
{
    int whole = INT_MAX;
    for (int i = 0; i < n; i++)
        if (items[i].error.status == STATUS_OK && items[i].n_repetitions < whole)
            whole = items[i].n_repetitions;
    for (int i = 0; i < n; i++)
        if (items[i].n_repetitions > whole)
            items[i].n_repetitions = whole;
}

/* Interrupted, it leaves the rounds that there were until then. */
static bool time_in_turns(struct session *s, struct item *items, int n)
{
    int64_t iterations[COMPARE_MAX_VARIANTS];
    if (!time_round(s, items, n, NULL))
        return false;
    for (int i = 0; i < n; i++) {
        iterations[i] = items[i].n_repetitions ? items[i].repetitions[0].iterations : 1;
        items[i].n_repetitions = 0;
    }
    for (int r = 0; r < s->arguments->repetitions && !session_interrupted(); r++)
        if (!time_round(s, items, n, iterations))
            return false;
    keep_whole_rounds(items, n);
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
    json_t *compare = json_pack("{s:s,s:s,s:s}", "what", s->arguments->compare_word, "variant", variant->name,
                                "role", role);
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

static bool has_group(const struct plan *plan, const char *name)
{
    for (int g = 0; g < plan->n_groups; g++)
        if (!strcmp(plan->groups[g].name, name))
            return true;
    return false;
}

static bool has_stage(const struct graph *graph, const struct group *group, const char *name)
{
    for (int i = 0; i < group->n_stages; i++)
        if (!strcmp(graph->stages[group->stages[i]].name, name))
            return true;
    return false;
}

/* Whether the plans of two variants of one choice do different things within a span. */
static bool plans_differ(enum plan_choice choice, const struct workload *base, const struct workload *w,
                         const struct group *span)
{
    bool same = true;
    if (choice == CHOICE_SCAN)
        return has_stage(&base->graph, span, "scan");
    if (choice == CHOICE_RECOMPUTE)
        return has_stage(&base->graph, span, "scan") || has_stage(&base->graph, span, "scan_backward");
    for (int g = 0; g < base->plan.n_groups; g++)
        if (group_within(&base->plan.groups[g], span))
            same = same && has_group(&w->plan, base->plan.groups[g].name);
    return !same;
}

/* The unit that stands for a span, or for the layer or the model. */
static int find_unit(const struct workload *w, const char *name)
{
    const struct unit *units;
    const int n = w->platform->units(w->run, &units);
    for (int u = 0; u < n; u++)
        if (!strcmp(units[u].name, name) &&
            (units[u].in_plan || units[u].span >= 0 || units[u].scope >= SCOPE_LAYER))
            return u;
    return -1;
}

/* Or, of the whole model, whether it may. */
static bool prices_differ(const struct workload *base, const struct workload *w, int unit)
{
    const struct unit *units;
    struct price ours, theirs;
    struct error error = {0};
    base->platform->units(base->run, &units);
    return units[unit].scope == SCOPE_MODEL || !base->platform->price(base->run, unit, &ours, &error) ||
           !w->platform->price(w->run, unit, &theirs, &error) || ours.time_s != theirs.time_s;
}

/* Whether a variant differs from the baseline in this unit. */
static bool differs(const struct session *s, const struct workload *base, const struct workload *w, int unit)
{
    const enum plan_choice choice = comparison_choice(s->arguments->compare);
    const struct unit *ours, *theirs;
    base->platform->units(base->run, &ours);
    w->platform->units(w->run, &theirs);
    if (choice < CHOICE_COUNT) {
        for (int g = 0; g < base->spans->n_groups; g++)
            if (!strcmp(base->spans->groups[g].name, ours[unit].name))
                return plans_differ(choice, base, w, &base->spans->groups[g]);
        return true;
    }
    if (s->arguments->compare == COMPARE_OPTION)
        return prices_differ(base, w, unit);
    const bool same_kernel = !strcmp(ours[unit].kernel, theirs[unit].kernel);
    if (s->arguments->compare == COMPARE_KERNEL)
        return !same_kernel && !strcmp(strchr(theirs[unit].kernel, '/') + 1, w->variant->kernel);
    return s->arguments->compare != COMPARE_ISA || !same_kernel || !ours[unit].kernel[0];
}

/* With a fusion of its own a plan has groups that others have not. */
static bool in_every_plan(const struct workload *base, const struct unit *unit)
{
    return unit->scope >= SCOPE_LAYER ||
           ((unit->in_plan || unit->span >= 0) && has_group(base->spans, unit->name));
}

/* Of each unit, the variants in turns: points[i] is where its items begin. A baseline whose variants were all
 * refused stands alone. */
static bool list_points(struct session *s, const struct workload *group, bool any_refused, int *points,
                        int *n_points)
{
    const struct unit *units;
    const struct workload *base = &group[COMPARE_BASELINE];
    const bool choice = comparison_choice(s->arguments->compare) < CHOICE_COUNT;
    const int n_units = base->platform->units(base->run, &units);
    s->items = calloc((size_t)(n_units * s->n_variants), sizeof *s->items);
    if (!s->items)
        return error_set(s->error, STATUS_FAILED, "out of memory");
    for (int u = 0; u < n_units; u++) {
        const int first = s->n_items;
        if (!session_selects(s->arguments, units[u].name) ||
            (s->arguments->compare == COMPARE_KERNEL && !units[u].kernel[0]) ||
            (choice && !in_every_plan(base, &units[u])))
            continue;
        for (int v = 0; v < s->n_variants; v++)
            if (group[v].run && (v < COMPARE_FIRST || s->arguments->compare == COMPARE_OPTION ||
                                 differs(s, base, &group[v], u)))
                s->items[s->n_items++] =
                    (struct item){.session = s,
                                  .workload = &group[v],
                                  .unit = choice ? find_unit(&group[v], units[u].name) : u};
        bool any = s->arguments->compare != COMPARE_OPTION;
        for (int v = COMPARE_FIRST; v < s->n_variants && !any; v++)
            any = group[v].run && differs(s, base, &group[v], u);
        const bool lone = s->items[s->n_items - 1].workload - group < COMPARE_FIRST;
        if (!any || (lone && !(any_refused && differs(s, base, base, u))))
            s->n_items = first;
        else
            points[(*n_points)++] = first;
    }
    points[*n_points] = s->n_items;
    return true;
}

static const struct unit *unit_of(const struct item *item)
{
    const struct unit *units;
    item->workload->platform->units(item->workload->run, &units);
    return &units[item->unit];
}

/* Prices have no noise: no control, no interval. */
static bool compare_prices(struct session *s, const struct item *items, int n)
{
    static const struct paired same = {1, {1, 1}, 1};
    struct price price;
    double base_s = 0;
    const char *baseline = NULL;
    bool any = false;
    for (int i = 0; i < n; i++)
        any |= !unit_of(&items[i])->skip[0];
    /* What a device cannot do in any way is said once. */
    for (int i = 0; i < (any ? n : 1) && s->error->status == STATUS_OK; i++) {
        const struct workload *w = items[i].workload;
        const bool priced = !unit_of(&items[i])->skip[0];
        if (priced && !w->platform->price(w->run, items[i].unit, &price, s->error))
            return false;
        if (i == COMPARE_BASELINE)
            base_s = priced ? price.time_s : 0;
        json_t *compare = compare_json(s, w->variant, baseline);
        if (baseline && priced && base_s > 0) {
            const double ratio = base_s / price.time_s;
            json_object_set_new(compare, "ratio", json_real(ratio));
            json_object_set_new(compare, "verdict",
                                json_string(verdict_name(
                                    compare_verdict(&(struct paired){ratio, {ratio, ratio}, 1}, &same))));
        }
        const bool ok = session_price_unit(s, w, items[i].unit, compare);
        json_decref(compare);
        if (!ok)
            return false;
        const size_t last = json_array_size(s->set.records);
        if (i == COMPARE_BASELINE)
            baseline = json_string_value(json_object_get(json_array_get(s->set.records, last - 1), "id"));
    }
    return s->error->status == STATUS_OK;
}

static bool compare_points(struct session *s, const int *points, int n_points)
{
    const bool measured = s->n_items && s->items->workload->platform->execute;
    for (int i = 0; i < s->n_items; i++) {
        s->items[i].repetitions = calloc((size_t)s->arguments->repetitions, sizeof *s->items->repetitions);
        if (!s->items[i].repetitions)
            return error_set(s->error, STATUS_FAILED, "out of memory");
    }
    for (int p = 0; p < n_points; p++) {
        struct item *items = &s->items[points[p]];
        const int n = points[p + 1] - points[p];
        if (!measured) {
            if (!compare_prices(s, items, n))
                return false;
            continue;
        }
        if (!time_in_turns(s, items, n))
            return false;
        report_turns(s, items, n);
        if (s->error->status != STATUS_OK || !session_continues(s) || !report_missing(s, items))
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
static bool concerns(const struct session *s, const struct graph *graph, struct plan_choices choices,
                     const struct variant *variant)
{
    const enum precision precision = choices.precision;
    struct plan *plan = calloc(1, sizeof *plan);
    bool any = !variant->kernel;
    if (plan && plan_build(graph, choices, plan, s->error))
        for (int g = 0; g < plan->n_groups && !any; g++) {
            const struct kernel_family *family = family_for_group(graph, &plan->groups[g]);
            any = family && session_selects(s->arguments, plan->groups[g].name) &&
                  family_has(family, family_has(family, precision, NULL) ? precision : PRECISION_FP32,
                             variant->kernel);
        }
    free(plan);
    return any;
}

static bool set_option(struct session *s, const struct variant *variant, struct workload *w)
{
    int n = 0;
    while (w->options[n] && !session_option_compared(s->arguments, w->options[n]))
        n++;
    if (n == MAX_SELECTED)
        return error_set(s->error, STATUS_USAGE, "--compare %s: %d options are set already",
                         s->arguments->compare_word, n);
    if (!w->options[n])
        w->options[n + 1] = NULL;
    w->options[n] = variant->value;
    return true;
}

/* The choices of the compared option, that of --set or else the default first. */
static bool option_variants(struct session *s, const struct workload *base, const struct variant *asked)
{
    const char *word = s->arguments->compare_word;
    struct device *device;
    struct device_settings settings;
    size_t n_options = 0;
    while (base->options[n_options])
        n_options++;
    if (!device_load(base->platform->name, base->device, &device, s->error))
        return false;
    const bool ok = device_settings(device, base->options, n_options, &settings, s->error);
    s->n_variants = COMPARE_FIRST;
    for (unsigned i = 0; i < device->options_count && ok; i++) {
        const struct device_option *option = &device->options[i];
        for (unsigned c = 0; c < option->choices_count && !strcmp(option->name, word); c++) {
            const bool first = !strcmp(option->choices[c], settings.values[i]);
            if (!first && s->n_variants == COMPARE_MAX_VARIANTS)
                break;
            struct variant *variant = &s->variants[first ? COMPARE_BASELINE : s->n_variants++];
            *variant = *asked;
            snprintf(variant->name, sizeof variant->name, "%.100s", option->choices[c]);
            snprintf(variant->value, sizeof variant->value, "%.40s=%.80s", word, option->choices[c]);
        }
    }
    s->variants[COMPARE_CONTROL] = s->variants[COMPARE_BASELINE];
    device_free(device);
    return ok;
}

/* Graph and plan of a variant, all that the platform is asked with. */
static bool plan_variant(struct session *s, const struct workload *base, const struct variant *variant,
                         struct workload *w)
{
    const struct arguments *a = s->arguments;
    *w = (struct workload){.seqlen = base->seqlen,
                           .assumed = base->assumed,
                           .platform = base->platform,
                           .device = base->device,
                           .threads = variant->threads,
                           .variant = variant};
    memcpy(w->options, base->options, sizeof w->options);
    if (a->compare == COMPARE_OPTION && !set_option(s, variant, w))
        return false;
    return graph_build(&s->model.shape, base->graph.phase, a->batch, base->seqlen, a->all_logits, &w->graph,
                       s->error) &&
           platform_plan(w->platform, &w->graph, variant_choices(a->compare, variant), &w->plan, s->error);
}

static bool open_variant(struct session *s, const struct workload *base, const struct variant *variant,
                         const struct plan *spans, struct workload *w)
{
    const struct arguments *a = s->arguments;
    if (!plan_variant(s, base, variant, w))
        return false;
    w->spans = spans;
    const struct plan_choices alone = plan_fusing("none", w->plan.precision);
    if (!concerns(s, &w->graph, plan_choices(&w->plan), variant) && !concerns(s, &w->graph, alone, variant))
        return true;
    session_progress(s, "preparing %s (%d of %d)", variant->name, (int)(variant - s->variants) + 1,
                     s->n_variants);
    isa_limit(variant->isa);
    const bool ok = session_open(s, w);
    isa_limit(a->isa);
    return ok;
}

/* A value of the choice that the platform cannot do. */
struct refused {
    struct variant variant;
    char reason[512];
};

struct comparing {
    struct session *session;
    const struct workload *base;
    struct workload *group; /* a variant each */
    struct plan spans;
    struct refused refused[COMPARE_MAX_VARIANTS];
    int n_refused;
};

static void remove_variant(struct session *s, int v)
{
    memmove(&s->variants[v], &s->variants[v + 1], sizeof s->variants[0] * (size_t)(s->n_variants - v - 1));
    s->n_variants--;
}

/* After a fusion that the device cannot do comes the next that it can. */
static bool add_possible_fusions(struct comparing *c)
{
    struct session *s = c->session;
    struct workload *w = c->group;
    struct plan *plans = calloc(2, sizeof *plans);
    const struct plan *both[] = {&w->plan, &plans[0]};
    bool ok = plans || error_set(s->error, STATUS_FAILED, "out of memory");
    for (int v = 0; v < s->n_variants && ok; v++) {
        struct variant joined = s->variants[v];
        if (v == COMPARE_CONTROL)
            continue;
        ok = plan_variant(s, c->base, &s->variants[v], w) &&
             c->base->platform->least(
                 &(struct task){
                     .graph = &w->graph, .plan = &w->plan, .device = w->device, .options = w->options},
                 &plans[0], s->error) &&
             plan_spans(&w->graph, both, COUNT_OF(both), &plans[1], s->error) &&
             plan_fusion_text(&plans[1], joined.value, s->error);
        bool known = !ok || plans[1].n_groups == w->plan.n_groups || s->n_variants == COMPARE_MAX_VARIANTS;
        for (int other = 0; other < s->n_variants && !known; other++)
            known = !strcmp(s->variants[other].value, joined.value);
        if (known)
            continue;
        const int to = v < COMPARE_FIRST ? COMPARE_FIRST : v + 1;
        memcpy(joined.name, joined.value, sizeof joined.name);
        memmove(&s->variants[to + 1], &s->variants[to], sizeof joined * (size_t)(s->n_variants - to));
        s->variants[to] = joined;
        s->n_variants++;
    }
    free(plans);
    return ok;
}

static bool find_spans(struct comparing *c)
{
    struct session *s = c->session;
    const struct plan *plans[COMPARE_MAX_VARIANTS];
    for (int v = 0; v < s->n_variants; v++) {
        if (!plan_variant(s, c->base, &s->variants[v], &c->group[v]))
            return false;
        plans[v] = &c->group[v].plan;
    }
    return plan_spans(&c->group->graph, plans, s->n_variants, &c->spans, s->error);
}

/* Opens variant v, or takes it out and keeps the reason. */
static bool open_or_refuse(struct comparing *c, int v)
{
    struct session *s = c->session;
    if (open_variant(s, c->base, &s->variants[v], &c->spans, &c->group[v]))
        return true;
    const bool explicit = v == COMPARE_BASELINE && c->n_refused == 0 &&
                          s->arguments->choices.values[comparison_choice(s->arguments->compare)];
    const bool lacking = s->error->status == STATUS_USAGE || s->error->status == STATUS_UNAVAILABLE;
    if (!lacking || explicit || s->n_variants == COMPARE_FIRST)
        return false;
    struct refused *refused = &c->refused[c->n_refused++];
    refused->variant = s->variants[v];
    snprintf(refused->reason, sizeof refused->reason, "%.511s", s->error->text);
    *s->error = (struct error){0};
    if (v == COMPARE_BASELINE) {
        s->variants[COMPARE_BASELINE] = s->variants[COMPARE_FIRST];
        memcpy(s->variants[COMPARE_CONTROL].value, s->variants[COMPARE_BASELINE].value, PLAN_VALUE_SIZE);
        remove_variant(s, COMPARE_FIRST);
    } else {
        remove_variant(s, v);
    }
    return true;
}

/* All values that the platform can do; the first of these is the baseline. */
static bool open_choices(struct comparing *c)
{
    struct session *s = c->session;
    const struct platform *platform = c->base->platform;
    if ((s->arguments->compare == COMPARE_FUSION && platform->least && !add_possible_fusions(c)) ||
        !find_spans(c))
        return false;
    while (!c->group[COMPARE_BASELINE].run)
        if (!open_or_refuse(c, COMPARE_BASELINE))
            return false;
    if (platform->execute &&
        !open_variant(s, c->base, &s->variants[COMPARE_CONTROL], &c->spans, &c->group[COMPARE_CONTROL]))
        return false;
    for (int v = COMPARE_FIRST; v < s->n_variants;) {
        if (!open_or_refuse(c, v))
            return false;
        v += v < s->n_variants && c->group[v].run;
    }
    return true;
}

/* The first span that --stage selects. */
static void name_selected(const struct session *s, const struct plan *spans, struct unit *unit)
{
    for (int g = 0; g < spans->n_groups; g++)
        if (session_selects(s->arguments, spans->groups[g].name)) {
            unit->scope = SCOPE_GROUP;
            unit->in_plan = true;
            snprintf(unit->name, sizeof unit->name, "%s", spans->groups[g].name);
            return;
        }
}

/* Under the model, as the platform refused the whole plan; under the selected group when there is a --stage.
 */
static bool report_refused(const struct comparing *c)
{
    struct session *s = c->session;
    struct workload *w = &c->group[s->n_variants];
    for (int i = 0; i < c->n_refused; i++) {
        const struct refused *refused = &c->refused[i];
        struct unit unit = {.scope = SCOPE_MODEL, .name = "model", .repeats = 1, .stage = -1, .group = -1};
        unit.span = -1;
        if (!plan_variant(s, c->base, &refused->variant, w))
            return false;
        if (!session_selects(s->arguments, unit.name))
            name_selected(s, &c->spans, &unit);
        struct result result = session_result(s, w, &unit);
        result.options = w->options;
        result.skipped = refused->reason;
        result.compare = compare_json(s, &refused->variant, NULL);
        const bool ok = session_add(s, &result);
        json_decref(result.compare);
        if (!ok)
            return false;
    }
    return true;
}

static bool compare_workload(struct session *s, const struct workload *base)
{
    const struct arguments *a = s->arguments;
    const bool choice = comparison_choice(a->compare) < CHOICE_COUNT;
    int points[2 * GRAPH_MAX_STAGES + 3], n_points = 0;
    struct variant asked = {.isa = a->isa, .choices = a->choices, .threads = s->threads};
    asked.choices.precision = base->plan.precision;
    struct comparing *c = calloc(1, sizeof *c);
    struct workload *group = calloc(COMPARE_MAX_VARIANTS + 1, sizeof *group);
    bool ok = (c && group) || error_set(s->error, STATUS_FAILED, "out of memory");
    if (a->compare == COMPARE_OPTION)
        ok = ok && option_variants(s, base, &asked);
    else
        s->n_variants = compare_variants(a->compare, &asked, &base->graph, s->variants);
    if (ok) {
        *c = (struct comparing){.session = s, .base = base, .group = group};
        ok = choice ? open_choices(c) : true;
    }
    for (int v = 0; v < s->n_variants && ok && !choice; v++)
        ok = (v == COMPARE_CONTROL && !base->platform->execute) ||
             open_variant(s, base, &s->variants[v], NULL, &group[v]);
    ok = ok && list_points(s, group, c->n_refused > 0, points, &n_points);
    if (ok && base->platform->execute)
        ok = session_check_kernels(s) && session_find_accuracies(s);
    ok = ok && compare_points(s, points, n_points) && (!choice || report_refused(c));
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
    free(c);
    session_progress_end(s);
    return ok;
}

bool session_compare(struct session *s)
{
    const struct arguments *a = s->arguments;
    for (int w = 0; w < s->n_workloads; w++)
        if (!compare_workload(s, &s->workloads[w]))
            return false;
    if (!json_array_size(s->set.records))
        return error_set(s->error, STATUS_UNAVAILABLE,
                         "--compare %s: there is one variant only of what was selected%s%s", a->compare_word,
                         a->stages.count ? ": --stage " : "", a->stages.count ? a->stages.items[0] : "");
    return true;
}
