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

/* The choices alone: "mannix-rtl, row, midpoint". */
static void name_way(const char *way, char *name, size_t size)
{
    size_t used = 0;
    *name = '\0';
    for (const char *at = way; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
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

static bool check_options(const struct arguments *arguments, const struct platform *platform,
                          const char *name, struct error *error)
{
    struct device *device;
    struct device_settings settings;
    if (!device_load(platform->name, name, &device, error))
        return false;
    const bool ok =
        device_settings(device, arguments->options, (size_t)arguments->n_options, &settings, error);
    device_free(device);
    return ok;
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
    if (!check_options(arguments, platform, device, error))
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
    for (const char *const *way = platform->ways; ok && *way; way++) {
        const char *options[2 * MAX_SELECTED + 1];
        char words[256], name[64], losses[64];
        struct task task = {
            .model = model, .device = device, .options = options, .threads = arguments->threads};
        struct price price;
        snprintf(words, sizeof words, "%s", *way);
        name_way(*way, name, sizeof name);
        if (!combine(arguments, words, options))
            continue;
        ok = price_picture(platform, &task, &price, error) &&
             platform->classify(&task, &first, &all, logits, losses, sizeof losses, error);
        if (ok)
            print_way(name, percent * (double)count_right(logits, pictures, classes), fp32, &price, losses);
    }
    if (ok)
        printf("  (right: computed in the device's arithmetic; cycles and µJ of a picture: %s, with\n"
               "      --fusion none, on assumptions that 'mamba-bench list devices' names)\n",
               provenance_name(platform->provenance));
    free(logits);
    return ok;
}
