/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mamba/model.h"
#include "platforms/device.h"
#include "platforms/platform.h"

/* Every option of every device, alone and beside every other: what is taken changes some number of some
 * workload, and whatever is refused for another option's sake has an effect somewhere. */

enum { MAX_NUMBERS = 4096, MAX_VALUES = 64 };

struct numbers {
    double values[MAX_NUMBERS];
    int count;
};

static void add_number(struct numbers *numbers, double value)
{
    assert_true(numbers->count < MAX_NUMBERS);
    numbers->values[numbers->count++] = value;
}

static void add_price(struct numbers *numbers, const struct price *price)
{
    const double values[] = {price->cycles,
                             price->time_s,
                             price->compute_s,
                             price->memory_s,
                             price->link_s,
                             price->overhead_s,
                             price->off_chip_bytes,
                             price->joule,
                             price->held_bytes,
                             (double)price->tile_tokens,
                             price->ports.fill_cycles,
                             price->ports.compute_cycles,
                             price->ports.stall_cycles,
                             price->ports.drain_cycles,
                             price->ports.deviation_cycles,
                             price->ports.in_bytes,
                             price->ports.out_bytes};
    for (size_t i = 0; i < COUNT_OF(values); i++)
        add_number(numbers, values[i]);
}

struct workload {
    struct model model;
    struct graph graph;
    bool weights;
};

static struct workload workloads[4];

static int make_workloads(void **state)
{
    (void)state;
    static const struct {
        const char *model;
        enum phase phase;
        int64_t seqlen;
        bool weights;
    } made[COUNT_OF(workloads)] = {{"mnist-mamba", PHASE_PREFILL, 1, true},
                                   {"mamba-130m", PHASE_DECODE, 1, false},
                                   {"mamba2-130m", PHASE_PREFILL, 70, false},
                                   {"mamba2-130m", PHASE_DECODE, 1, false}};
    struct error error = {0};
    if (setenv("MAMBA_BENCH_CONFIGS", TEST_CONFIGS, 1))
        return -1;
    for (size_t i = 0; i < COUNT_OF(workloads); i++) {
        struct workload *w = &workloads[i];
        struct model_shape shape;
        w->weights = made[i].weights;
        if (!shape_preset(made[i].model, &shape, &error) ||
            !graph_build(&shape, made[i].phase, 1, made[i].seqlen, false, &w->graph, &error) ||
            (w->weights && !model_synthesize(&shape, 1, &w->model, &error))) {
            fprintf(stderr, "%s\n", error.text);
            return -1;
        }
        w->model.shape = shape;
    }
    return 0;
}

static int free_workloads(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(workloads); i++)
        if (workloads[i].weights)
            model_close(&workloads[i].model);
    return 0;
}

/* With the least fusion that the device can do, so that no option is refused for its sake. */
static bool price_workload(const struct platform *platform, const char *device, const char *const *options,
                           const struct workload *w, struct numbers *numbers, struct error *error)
{
    static struct plan plan;
    const struct unit *units;
    struct run *run;
    struct task task = {
        .graph = &w->graph, .plan = &plan, .device = device, .options = options, .threads = 1, .seed = 1};
    if (w->weights)
        task.model = &w->model;
    if (!plan_build(&w->graph, plan_fusing("none", PRECISION_FP32), &plan, error) ||
        !platform->least(&task, &plan, error) || !platform->open(&task, &run, error))
        return false;
    const int n = platform->units(run, &units);
    for (int u = 0; u < n; u++) {
        struct price price = {.time_s = -1};
        struct accuracy accuracy = {.rel_l2 = -1};
        struct error reason = {0};
        if (platform->price(run, u, &price, &reason))
            add_price(numbers, &price);
        if (platform->accuracy && w->weights && units[u].scope == SCOPE_MODEL) {
            assert_true(platform->accuracy(run, u, &accuracy, &reason));
            add_number(numbers, accuracy.rel_l2);
        }
    }
    platform->close(run);
    return true;
}

/* False: the platform refuses these options. */
static bool find_numbers(const struct platform *platform, const char *device, const char *const *options,
                         struct numbers *numbers)
{
    struct error error = {0};
    struct price price;
    bool ok = true;
    numbers->count = 0;
    if (platform->call) {
        const struct stage_dim dims[] = {{"heads", 13}, {"headdim", 17}, {"d_state", 128}};
        ok = platform->call(device, options, dims, 3, &price, &error);
        if (ok)
            add_price(numbers, &price);
    }
    for (size_t i = 0; i < COUNT_OF(workloads) && ok && !platform->call; i++)
        ok = price_workload(platform, device, options, &workloads[i], numbers, &error);
    if (!ok && error.status != STATUS_USAGE)
        fail_msg("%s: %s", device, error.text);
    return ok;
}

/* Values other than the default: all choices; of a number one far from the default. */
static int other_values(const struct device *device, char values[][96], const struct device_option **of)
{
    int n = 0;
    for (unsigned o = 0; o < device->options_count; o++) {
        const struct device_option *option = &device->options[o];
        const double least = option->may_be_zero ? 0 : 1, normal = strtod(option->fallback, NULL);
        for (unsigned c = 0; c < option->choices_count; c++)
            if (strcmp(option->choices[c], option->fallback)) {
                assert_true(n < MAX_VALUES);
                of[n] = option;
                snprintf(values[n++], 96, "%s=%s", option->name, option->choices[c]);
            }
        if (option->choices_count)
            continue;
        assert_true(n < MAX_VALUES);
        of[n] = option;
        snprintf(values[n++], 96, "%s=%.0f", option->name,
                 option->most > normal && normal > 0 ? fmin(option->most, 4 * normal)
                 : option->most > normal             ? option->most / 2
                 : normal != least                   ? least
                                                     : normal + 1);
    }
    return n;
}

struct walk {
    const struct platform *platform;
    const struct device *device;
    char values[MAX_VALUES][96];
    const struct device_option *of[MAX_VALUES];
    int n;
    bool taken[MAX_VALUES];
    int compared;
};

static bool takes(const struct walk *walk, const char *const *options, size_t count)
{
    struct error error = {0};
    return device_effects(walk->device, options, count, NULL, &error);
}

/* Each value beside these options (null-terminated, of options that `used` marks). */
static void walk_beside(struct walk *walk, const char *const *beside, size_t count)
{
    static struct numbers before, after;
    const char *options[4] = {NULL};
    memcpy(options, beside, count * sizeof *options);
    if (!takes(walk, options, count) || !find_numbers(walk->platform, walk->device->name, options, &before))
        return;
    for (int v = 0; v < walk->n; v++) {
        const size_t length = strcspn(walk->values[v], "=") + 1;
        bool used = false;
        for (size_t i = 0; i < count; i++)
            used = used || !strncmp(options[i], walk->values[v], length);
        options[count] = walk->values[v];
        options[count + 1] = NULL;
        if (used || !takes(walk, options, count + 1))
            continue;
        walk->taken[v] = true;
        if (!find_numbers(walk->platform, walk->device->name, options, &after))
            continue;
        walk->compared++;
        if (before.count == after.count &&
            !memcmp(before.values, after.values, (size_t)before.count * sizeof *before.values))
            fail_msg("%s:%s: %s has no effect beside '%s %s', and is taken", walk->platform->name,
                     walk->device->name, walk->values[v], count > 0 ? options[0] : "",
                     count > 1 ? options[1] : "");
    }
}

/* Whether some value that nothing has taken yet is taken beside these. */
static bool wakes(const struct walk *walk, const char *const *beside, size_t count)
{
    const char *options[3] = {NULL};
    memcpy(options, beside, count * sizeof *options);
    for (int v = 0; v < walk->n; v++) {
        options[count] = walk->values[v];
        if (!walk->taken[v] && takes(walk, options, count + 1))
            return true;
    }
    return false;
}

static void walk_device(const struct platform *platform, const char *name)
{
    static struct walk walk;
    struct device *device;
    struct error error = {0};
    if (!device_load(platform->name, name, &device, &error))
        fail_msg("%s", error.text);
    walk = (struct walk){.platform = platform, .device = device};
    walk.n = other_values(device, walk.values, walk.of);
    walk_beside(&walk, (const char *[]){NULL}, 0);
    /* Simulations take long: only what needs another. */
    for (int a = 0; a < walk.n; a++)
        if (!platform->call || wakes(&walk, (const char *[]){walk.values[a]}, 1))
            walk_beside(&walk, (const char *[]){walk.values[a]}, 1);
    /* Two of which one needs the other, or that a third needs both. */
    for (int a = 0; a < walk.n; a++)
        for (int b = 0; b < walk.n; b++) {
            const char *const both[] = {walk.values[a], walk.values[b]};
            if (walk.of[a] != walk.of[b] && takes(&walk, both, 2) &&
                ((!platform->call && !takes(&walk, both + 1, 1)) || wakes(&walk, both, 2)))
                walk_beside(&walk, both, 2);
        }
    for (int v = 0; v < walk.n; v++)
        if (!walk.taken[v])
            fail_msg("%s:%s: %s is refused beside everything", platform->name, name, walk.values[v]);
    printf("%s:%s: %d values, %d comparisons\n", platform->name, name, walk.n, walk.compared);
    device_free(device);
}

static void every_option_has_an_effect_or_is_refused(void **state)
{
    (void)state;
    struct error error = {0};
    for (int p = 0; platforms[p]; p++) {
        char **names = platforms[p]->default_device ? device_names(platforms[p]->name, &error) : NULL;
        for (int i = 0; names && names[i]; i++)
            if (platforms[p]->price && !(platforms[p]->missing && platforms[p]->missing()))
                walk_device(platforms[p], names[i]);
        configs_free_names(names);
    }
    assert_int_equal(error.status, STATUS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_option_has_an_effect_or_is_refused),
    };
    return cmocka_run_group_tests(tests, make_workloads, free_workloads);
}
