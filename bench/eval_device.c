/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "bench/eval_device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/session.h"
#include "platforms/device.h"

enum { CALIBRATION_PICTURES = 512 };

static int64_t argmax(const double *values, int64_t count)
{
    int64_t best = 0;
    for (int64_t i = 1; i < count; i++)
        if (values[i] > values[best])
            best = i;
    return best;
}

int64_t count_right(const double *logits, const struct labelled *pictures, int64_t classes)
{
    int64_t right = 0;
    for (int64_t i = 0; i < pictures->count; i++)
        right += argmax(logits + i * classes, classes) == pictures->labels[i];
    return right;
}

/* A way's options, "a=b,c=d", that --set does not decide otherwise, behind those of --set. False: --set wants
 * another way. text holds the words. */
static bool combine(const struct arguments *arguments, char *text, const char **options)
{
    int n = arguments->n_options;
    memcpy(options, arguments->options, (size_t)n * sizeof *options);
    for (char *word; (word = strsep(&text, ","));) {
        const size_t length = strcspn(word, "=") + 1;
        bool decided = false;
        for (int i = 0; i < arguments->n_options; i++)
            if (!strncmp(options[i], word, length)) {
                if (strcmp(options[i], word))
                    return false;
                decided = true;
            }
        if (!decided && n < MAX_SELECTED)
            options[n++] = word;
    }
    options[n] = NULL;
    return true;
}

/* One picture on the device. */
static bool price_picture(const struct platform *platform, struct task *task, struct price *price,
                          struct error *error)
{
    struct graph *graph = malloc(sizeof *graph);
    struct plan *plan = malloc(sizeof *plan);
    struct run *run = NULL;
    bool ok = (graph && plan) || error_set(error, STATUS_FAILED, "out of memory");
    task->graph = graph;
    task->plan = plan;
    ok = ok && graph_build(&task->model->shape, PHASE_PREFILL, 1, 1, false, graph, error) &&
         plan_build(graph, plan_fusing("none", PRECISION_FP32), plan, error) &&
         platform->open(task, &run, error);
    if (ok) {
        const struct unit *units;
        int model = platform->units(run, &units) - 1;
        while (model > 0 && units[model].scope != SCOPE_MODEL)
            model--;
        ok = platform->price(run, model, price, error);
    }
    if (run)
        platform->close(run);
    free(plan);
    free(graph);
    return ok;
}

/* The choices alone: "mannix-rtl, row, midpoint"; a single option whole. */
static void name_way(const char *way, char *name, size_t size)
{
    size_t used = 0;
    snprintf(name, size, "%s", way);
    for (const char *at = strchr(way, ',') ? way : NULL; at;
         at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
        const char *choice = strchr(at, '=') + 1;
        if (used < size)
            used += (size_t)snprintf(name + used, size - used, "%s%.*s", used ? ", " : "",
                                     (int)strcspn(choice, ","), choice);
    }
}

static void print_way(const char *name, double accuracy, double fp32, const struct price *price,
                      const char *losses)
{
    printf("  %-32s %7.2f %+7.2f", name, accuracy, accuracy - fp32);
    if (price)
        printf(" %10.0f", price->cycles);
    if (price && price->joule >= 0)
        printf(" %7.3g", price->joule * 1e6);
    printf(" %s\n", losses);
}

enum { MAX_WAYS = 16, WAY_SIZE = 256 };

/* One of the platform's ways, with what --set says. */
struct way {
    char words[WAY_SIZE], name[64];
    const char *options[2 * MAX_SELECTED + 1]; /* null-terminated */
};

/* Those in which every option of --set has an effect: at least one, or the reason why not. */
static bool find_ways(const struct arguments *arguments, const struct platform *platform, const char *name,
                      struct way *ways, int *n_ways, struct error *error)
{
    struct device *device;
    struct device_settings settings;
    struct error reason = {0};
    if (!device_load(platform->name, name, &device, error))
        return false;
    bool ok = device_settings(device, arguments->options, (size_t)arguments->n_options, &settings, error);
    *n_ways = 0;
    for (const char *const *text = platform->ways; ok && *text && *n_ways < MAX_WAYS; text++) {
        struct way *way = &ways[*n_ways];
        size_t n = 0;
        snprintf(way->words, sizeof way->words, "%s", *text);
        name_way(*text, way->name, sizeof way->name);
        if (!combine(arguments, way->words, way->options))
            continue;
        while (way->options[n])
            n++;
        reason = (struct error){0};
        *n_ways += device_effects(device, way->options, n, NULL, &reason);
    }
    device_free(device);
    return ok && (*n_ways > 0 || error_set(error, STATUS_USAGE, "eval: --set %s", reason.text));
}

bool eval_device(const struct arguments *arguments, const char *text, const struct model *model,
                 const struct labelled *pictures, int64_t right_fp32, struct error *error)
{
    const struct platform *platform;
    const char *device;
    if (!session_find_platform(text, &platform, &device, error))
        return false;
    if (!platform->classify)
        return error_set(error, STATUS_USAGE,
                         "eval: --platform %s: %s does not compute; cpu and leo2-model do", text,
                         platform->name);
    struct way ways[MAX_WAYS];
    int n_ways;
    if (!find_ways(arguments, platform, device, ways, &n_ways, error))
        return false;
    const int64_t classes = model->shape.outputs;
    const struct pictures all = {pictures->count, pictures->features};
    const struct pictures first = {all.count < CALIBRATION_PICTURES ? all.count : CALIBRATION_PICTURES,
                                   all.features};
    const double percent = 100 / (double)all.count, fp32 = percent * (double)right_fp32;
    double *logits = malloc((size_t)(all.count * classes) * sizeof *logits);
    bool ok = logits || error_set(error, STATUS_FAILED, "out of memory");
    if (ok) {
        printf("\n%s:%s, %lld pictures; scales calibrated on the first %lld of them, without labels\n",
               platform->name, device, (long long)all.count, (long long)first.count);
        for (int i = 0; i < arguments->n_options; i++)
            printf("%s%s%s", i ? ", " : "  with ", arguments->options[i],
                   i + 1 < arguments->n_options ? "" : "\n");
        printf("  %-32s %7s %7s %10s %7s %s\n", "arithmetic, scaling, zero_point", "right %", "points",
               "cycles", "µJ >", "clamped / cut %");
        print_way("fp32, on this CPU", fp32, fp32, NULL, "");
    }
    for (int w = 0; w < n_ways && ok; w++) {
        char losses[64];
        struct task task = {
            .model = model, .device = device, .options = ways[w].options, .threads = arguments->threads};
        struct price price;
        ok = price_picture(platform, &task, &price, error) &&
             platform->classify(&task, &first, &all, logits, losses, sizeof losses, error);
        if (ok)
            print_way(ways[w].name, percent * (double)count_right(logits, pictures, classes), fp32, &price,
                      losses);
    }
    if (ok)
        printf("  (right: computed in the device's arithmetic; cycles and µJ of a picture: %s, with\n"
               "      --fusion none, on assumptions that 'mamba-bench list devices' names)\n",
               provenance_name(platform->provenance));
    free(logits);
    return ok;
}
