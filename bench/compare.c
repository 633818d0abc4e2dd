/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "bench/compare.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/statistics.h"

static const char *const comparison_names[COMPARISON_COUNT] = {
    [COMPARE_NOTHING] = "nothing",
    [COMPARE_KERNEL] = "kernel",
    [COMPARE_ISA] = "isa",
    [COMPARE_THREADS] = "threads",
    [COMPARE_PRECISION] = "precision",
    [COMPARE_FUSION] = "fusion",
    [COMPARE_SCAN] = "scan",
    [COMPARE_RECOMPUTE] = "recompute",
    [COMPARE_OPTION] = "an option of a modelled device with choices",
};

const char *comparison_name(enum comparison what)
{
    return comparison_names[what];
}

enum plan_choice comparison_choice(enum comparison what)
{
    return what == COMPARE_FUSION      ? CHOICE_FUSION
           : what == COMPARE_SCAN      ? CHOICE_SCAN
           : what == COMPARE_RECOMPUTE ? CHOICE_RECOMPUTE
                                       : CHOICE_COUNT;
}

void compare_load_peers(void)
{
    for (int f = 0; kernel_families[f]; f++)
        for (int k = 0; k < kernel_families[f]->n_kernels; k++)
            if (kernel_families[f]->kernels[k].missing)
                kernel_families[f]->kernels[k].missing();
}

static bool usable(const struct kernel *kernel)
{
    return (isa_mask() >> kernel->isa & 1) && (kernel->isa != ISA_SCALAR || kernel->peer) &&
           (!kernel->missing || !kernel->missing());
}

static struct variant *add(struct variant *variants, int *n, const struct variant *base, const char *name)
{
    for (int i = COMPARE_FIRST; i < *n; i++)
        if (!strcmp(variants[i].name, name))
            return NULL;
    if (*n == COMPARE_MAX_VARIANTS)
        return NULL;
    struct variant *variant = &variants[(*n)++];
    *variant = *base;
    snprintf(variant->name, sizeof variant->name, "%.*s", (int)sizeof variant->name - 1, name);
    return variant;
}

/* ISA_COUNT: on any level. */
static bool any_usable(enum isa isa, enum precision precision)
{
    for (int f = 0; kernel_families[f]; f++)
        for (int k = 0; k < kernel_families[f]->n_kernels; k++) {
            const struct kernel *kernel = &kernel_families[f]->kernels[k];
            if (!kernel->peer && usable(kernel) && kernel->precision == precision &&
                (isa == ISA_COUNT || kernel->isa == isa))
                return true;
        }
    return false;
}

static void add_kernels(struct variant *variants, int *n, const struct variant *base)
{
    for (int f = 0; kernel_families[f]; f++)
        for (int k = 0; k < kernel_families[f]->n_kernels; k++) {
            const struct kernel *kernel = &kernel_families[f]->kernels[k];
            const char *name = strchr(kernel->name, '/') + 1;
            if ((kernel->precision != base->choices.precision && kernel->precision != PRECISION_FP32) ||
                !usable(kernel))
                continue;
            struct variant *variant = add(variants, n, base, name);
            if (variant)
                variant->kernel = name;
        }
}

/* The highest level that has kernels is the baseline's. */
static void add_levels(struct variant *variants, int *n, const struct variant *base)
{
    bool below = false;
    for (int i = (int)base->isa; i > ISA_SCALAR; i--) {
        const enum isa isa = (enum isa)i;
        if (!any_usable(isa, base->choices.precision) && !any_usable(isa, PRECISION_FP32))
            continue;
        if (below) {
            struct variant *variant = add(variants, n, base, isa_name(isa));
            if (variant)
                variant->isa = isa;
        } else {
            variants[COMPARE_BASELINE].isa = variants[COMPARE_CONTROL].isa = isa;
        }
        below = true;
    }
}

static void add_precisions(struct variant *variants, int *n, const struct variant *base)
{
    for (int precision = 0; precision < PRECISION_COUNT; precision++) {
        if (precision == PRECISION_FP64 || precision == (int)base->choices.precision ||
            !any_usable(ISA_COUNT, (enum precision)precision))
            continue;
        struct variant *variant = add(variants, n, base, precision_name((enum precision)precision));
        if (variant)
            variant->choices.precision = (enum precision)precision;
    }
}

struct plan_choices variant_choices(enum comparison what, const struct variant *variant)
{
    struct plan_choices choices = variant->choices;
    if (comparison_choice(what) < CHOICE_COUNT)
        choices.values[comparison_choice(what)] = variant->value;
    return choices;
}

static void add_values(struct variant *variants, int *n, const struct variant *base, enum plan_choice choice,
                       const struct graph *graph)
{
    char values[PLAN_MAX_VALUES][PLAN_VALUE_SIZE];
    const int n_values = plan_choice_values(choice, graph, values);
    const char *first = base->choices.values[choice] ? base->choices.values[choice] : values[0];
    for (int v = COMPARE_BASELINE; v <= COMPARE_CONTROL; v++)
        snprintf(variants[v].value, sizeof variants[v].value, "%s", first);
    for (int i = 0; i < n_values; i++) {
        struct variant *variant = strcmp(values[i], first) ? add(variants, n, base, values[i]) : NULL;
        if (variant)
            memcpy(variant->value, values[i], sizeof values[i]);
    }
}

int compare_variants(enum comparison what, const struct variant *base, const struct graph *graph,
                     struct variant *variants)
{
    const enum plan_choice choice = comparison_choice(what);
    int n = 0;
    variants[n++] = *base;
    variants[n++] = *base;
    snprintf(variants[COMPARE_CONTROL].name, sizeof base->name, "A/A control");
    if (what == COMPARE_KERNEL)
        add_kernels(variants, &n, base);
    else if (what == COMPARE_ISA)
        add_levels(variants, &n, base);
    else if (what == COMPARE_PRECISION)
        add_precisions(variants, &n, base);
    else if (what == COMPARE_THREADS && base->threads > 1)
        add(variants, &n, base, "1 thread")->threads = 1;
    else if (choice < CHOICE_COUNT)
        add_values(variants, &n, base, choice, graph);
    struct variant *baseline = &variants[COMPARE_BASELINE];
    if (what == COMPARE_ISA)
        snprintf(baseline->name, sizeof baseline->name, "%s", isa_name(baseline->isa));
    else if (what == COMPARE_THREADS)
        snprintf(baseline->name, sizeof baseline->name, "%d threads", baseline->threads);
    else if (what == COMPARE_PRECISION)
        snprintf(baseline->name, sizeof baseline->name, "%s", precision_name(baseline->choices.precision));
    else if (choice < CHOICE_COUNT)
        snprintf(baseline->name, sizeof baseline->name, "%s", baseline->value);
    else
        snprintf(baseline->name, sizeof baseline->name, "the ladder's choice");
    return n;
}

bool compare_paired(const double *baseline, const double *other, int n, struct paired *paired,
                    struct error *error)
{
    struct statistics statistics;
    double *logs = malloc(sizeof *logs * (size_t)(n > 0 ? n : 1));
    if (!logs)
        return error_set(error, STATUS_FAILED, "out of memory");
    for (int i = 0; i < n; i++)
        logs[i] = log(baseline[i] / other[i]);
    const bool ok = statistics_compute(logs, n, &statistics, error);
    free(logs);
    if (ok)
        *paired = (struct paired){
            exp(statistics.median), {exp(statistics.ci95[0]), exp(statistics.ci95[1])}, statistics.coverage};
    return ok;
}

static const char *const verdict_names[] = {
    [VERDICT_FASTER] = "FASTER",
    [VERDICT_SLOWER] = "SLOWER",
    [VERDICT_SAME] = "SAME",
    [VERDICT_AMBIGUOUS] = "AMBIGUOUS",
};

const char *verdict_name(enum verdict verdict)
{
    return verdict_names[verdict];
}

enum verdict compare_verdict(const struct paired *paired, const struct paired *control)
{
    const double least = log(1.02), most = log(1.1);
    const double seen = fmax(fabs(log(control->ci95[0])), fabs(log(control->ci95[1])));
    const double band = fmax(least, seen);
    const double low = log(paired->ci95[0]), high = log(paired->ci95[1]);
    if (paired->coverage < 0.95 || control->coverage < 0.95)
        return VERDICT_AMBIGUOUS;
    if (low > band)
        return VERDICT_FASTER;
    if (high < -band)
        return VERDICT_SLOWER;
    return low >= -band && high <= band && band <= most ? VERDICT_SAME : VERDICT_AMBIGUOUS;
}
