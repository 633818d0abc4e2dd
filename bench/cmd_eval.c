/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cli.h"
#include "bench/eval_device.h"
#include "bench/idx.h"
#include "mamba/difference.h"
#include "platforms/cpu/forward.h"

/* rel_l2 that the logits of a whole model may differ from float64 by. Below fp32 it is a few times the
 * rounding of one product's inputs (2^-8 for bf16, 2^-11 for fp16, 2^-8 of the largest value for int8), which
 * layers add up. What one scale for a whole tensor costs is up to the model: no bound. */
static double tolerance(enum precision precision)
{
    static const double tolerances[PRECISION_COUNT] = {
        [PRECISION_FP32] = 1e-4,
        [PRECISION_FP64] = 1e-9,
        [PRECISION_BF16] = 1e-2,
        [PRECISION_FP16] = 2e-3,
        [PRECISION_INT8] = 4e-2,
        [PRECISION_W8A8] = INFINITY,
        [PRECISION_W8A8_SMOOTH] = INFINITY,
        [PRECISION_W8A8_HADAMARD] = INFINITY,
        [PRECISION_FASTMAMBA] = INFINITY,
    };
    return tolerances[precision];
}

static const char *bound_text(double bound, char *text, size_t size)
{
    snprintf(text, size, isfinite(bound) ? "%.0e" : "none", bound);
    return text;
}

/* Without a bound there is nothing to pass. */
static const char *verdict(double rel_l2, double bound)
{
    return !(rel_l2 <= bound) ? "FAILED" : isfinite(bound) ? "ok" : "-";
}

struct evaluation {
    const struct arguments *arguments;
    struct model model;
    struct team *team;
    struct network *network;
    struct error *error;
};

static void run(void *user, struct team *team, struct part part)
{
    program_run(user, team, part);
}

static bool run_for_logits(struct evaluation *e, struct program *program, double *logits)
{
    team_run(e->team, run, program);
    return program_logits(program, logits, e->error);
}

/* A program with what it stands on. */
struct workload {
    struct graph graph;
    struct plan plan;
    struct program *program;
};

static struct workload *workload_create(struct evaluation *e, enum phase phase, int64_t batch, int64_t seqlen)
{
    struct workload *w = calloc(1, sizeof *w);
    if (!w) {
        error_set(e->error, STATUS_FAILED, "out of memory");
        return NULL;
    }
    if (graph_build(&e->model.shape, phase, batch, seqlen, true, &w->graph, e->error) &&
        platform_plan(platform_find("cpu"), &w->graph, e->arguments->choices, &w->plan, e->error) &&
        (w->program = program_create(e->network, &w->graph, &w->plan, e->error)))
        return w;
    free(w);
    return NULL;
}

static void workload_destroy(struct workload *w)
{
    if (w)
        program_destroy(w->program);
    free(w);
}

/* Tokens and float64 logits of whole sequences: the prompt and, where the file has them, decoded tokens. */
struct reference {
    int64_t batch, tokens, vocab;
    int32_t *ids;   /* (batch, tokens) */
    double *logits; /* (batch, tokens, vocab) */
};

static bool append_tokens(const struct safetensors *file, const char *path, const char *ids_name,
                          const char *logits_name, int64_t vocab, int64_t first, int64_t tokens,
                          struct reference *reference, struct error *error)
{
    const struct safetensor *ids = safetensors_find(file, ids_name);
    const struct safetensor *logits = safetensors_find(file, logits_name);
    if (!ids || !logits || ids->axes != 2 || logits->axes != 3 || ids->shape[0] != logits->shape[0] ||
        ids->shape[1] != logits->shape[1] || logits->shape[2] != vocab || ids->shape[0] != reference->batch)
        return error_set(error, STATUS_USAGE, "%s: must hold %s (batch, seqlen) and %s (batch, seqlen, %lld)",
                         path, ids_name, logits_name, (long long)vocab);
    const int64_t length = ids->shape[1];
    for (int64_t b = 0; b < reference->batch; b++)
        for (int64_t t = 0; t < length; t++) {
            const int64_t to = b * tokens + first + t;
            double id;
            safetensor_to_double(ids, b * length + t, 1, &id);
            if (!(id >= 0 && id < (double)vocab) || id != floor(id))
                return error_set(error, STATUS_USAGE, "%s: %s holds %g: ids must be from 0 to %lld", path,
                                 ids_name, id, (long long)vocab - 1);
            reference->ids[to] = (int32_t)id;
            safetensor_to_double(logits, (b * length + t) * vocab, vocab, reference->logits + to * vocab);
        }
    return true;
}

static bool reference_load(const char *path, int64_t vocab, struct reference *reference, struct error *error)
{
    struct safetensors file = {0};
    *reference = (struct reference){.vocab = vocab};
    if (!safetensors_open(path, &file, error))
        return false;
    const struct safetensor *ids = safetensors_find(&file, "input_ids");
    const struct safetensor *decoded = safetensors_find(&file, "decode_ids");
    bool ok = (ids && ids->axes == 2 && ids->elements > 0) ||
              error_set(error, STATUS_USAGE, "%s: has no tensor 'input_ids' of shape (batch, seqlen)", path);
    ok = ok && (!decoded || (decoded->axes == 2 && decoded->elements > 0) ||
                error_set(error, STATUS_USAGE, "%s: 'decode_ids' must have shape (batch, seqlen)", path));
    if (ok) {
        reference->batch = ids->shape[0];
        reference->tokens = ids->shape[1] + (decoded ? decoded->shape[1] : 0);
        const uint64_t count = (uint64_t)reference->batch * (uint64_t)reference->tokens;
        reference->ids = calloc(count, sizeof *reference->ids);
        reference->logits = calloc(count, (size_t)vocab * sizeof *reference->logits);
        ok = (reference->ids && reference->logits) || error_set(error, STATUS_FAILED, "out of memory");
    }
    ok = ok &&
         append_tokens(&file, path, "input_ids", "logits", vocab, 0, reference->tokens, reference, error) &&
         (!decoded || append_tokens(&file, path, "decode_ids", "decode_logits", vocab, ids->shape[1],
                                    reference->tokens, reference, error));
    safetensors_close(&file);
    return ok;
}

/* Feeds tokens [first, first + count) of every sequence to a program and compares all their logits. */
static bool feed(struct evaluation *e, struct workload *w, const struct reference *reference, int64_t first,
                 int64_t count, struct difference *total)
{
    const int64_t rows = reference->batch * count;
    int32_t *ids = malloc((size_t)rows * sizeof *ids);
    double *got = malloc((size_t)(rows * reference->vocab) * sizeof *got);
    bool ok = (ids && got) || error_set(e->error, STATUS_FAILED, "out of memory");
    for (int64_t b = 0; b < reference->batch && ok; b++)
        memcpy(ids + b * count, reference->ids + b * reference->tokens + first, (size_t)count * sizeof *ids);
    ok = ok && program_set_ids(w->program, ids, e->error) && run_for_logits(e, w->program, got);
    for (int64_t b = 0; b < reference->batch && ok; b++)
        difference_add(total, got + b * count * reference->vocab,
                       reference->logits + (b * reference->tokens + first) * reference->vocab,
                       count * reference->vocab);
    free(ids);
    free(got);
    return ok;
}

/* prompt tokens at once, the rest one by one. */
static bool run_sequences(struct evaluation *e, const struct reference *reference, int64_t prompt,
                          struct difference *total)
{
    struct workload *prefill = NULL, *decode = NULL;
    network_reset(e->network);
    bool ok = prompt == 0 || ((prefill = workload_create(e, PHASE_PREFILL, reference->batch, prompt)) &&
                              feed(e, prefill, reference, 0, prompt, total));
    if (ok && prompt < reference->tokens)
        ok = (decode = workload_create(e, PHASE_DECODE, reference->batch, 1)) != NULL;
    for (int64_t t = prompt; t < reference->tokens && ok; t++)
        ok = feed(e, decode, reference, t, 1, total);
    workload_destroy(prefill);
    workload_destroy(decode);
    return ok;
}

static enum status evaluate_logits(struct evaluation *e)
{
    const struct arguments *arguments = e->arguments;
    struct reference reference = {0};
    enum status status = STATUS_OK;
    bool ok = reference_load(arguments->reference, e->model.shape.vocab, &reference, e->error) &&
              (e->network = network_create(&e->model, arguments->choices.precision, reference.batch,
                                           team_threads(e->team), e->error));
    if (ok) {
        const struct {
            const char *name;
            int64_t prompt;
        } ways[] = {{"prefill", reference.tokens},
                    {"decode token by token", 0},
                    {"prefill, then decode", (reference.tokens + 1) / 2}};
        const double bound = tolerance(arguments->choices.precision);
        char text[16];
        printf("%s, %s: %lld x %lld tokens against %s\n", e->model.source,
               precision_name(arguments->choices.precision), (long long)reference.batch,
               (long long)reference.tokens, arguments->reference);
        printf("%-24s %12s %12s %10s\n", "logits", "rel L2", "max abs", "bound");
        for (int i = 0; i < COUNT_OF(ways) && ok; i++) {
            struct difference total = {0};
            ok = run_sequences(e, &reference, ways[i].prompt, &total);
            if (!ok)
                break;
            const bool good = difference_rel_l2(&total) <= bound;
            printf("%-24s %12.2e %12.2e %10s  %s\n", ways[i].name, difference_rel_l2(&total), total.max_abs,
                   bound_text(bound, text, sizeof text), verdict(difference_rel_l2(&total), bound));
            if (!good)
                status = STATUS_FAILED;
        }
    }
    free(reference.ids);
    free(reference.logits);
    return ok ? status : e->error->status;
}

static bool load_images(const struct arguments *arguments, const struct model_shape *shape,
                        struct idx *images, struct idx *labels, struct error *error)
{
    if (!idx_load(arguments->images, 3, images, error) || !idx_load(arguments->labels, 1, labels, error))
        return false;
    if (images->shape[1] * images->shape[2] != shape->input_size)
        return error_set(error, STATUS_USAGE, "%s: images of %lld x %lld, the model takes %lld features",
                         arguments->images, (long long)images->shape[1], (long long)images->shape[2],
                         (long long)shape->input_size);
    if (images->shape[0] != labels->shape[0])
        return error_set(error, STATUS_USAGE, "%s holds %lld images, %s %lld labels", arguments->images,
                         (long long)images->shape[0], arguments->labels, (long long)labels->shape[0]);
    return true;
}

static bool make_features(const struct idx *images, const struct model_shape *shape,
                          struct labelled *pictures, struct error *error)
{
    const int64_t count = images->shape[0] * shape->input_size;
    pictures->count = images->shape[0];
    pictures->features = malloc((size_t)count * sizeof *pictures->features);
    if (!pictures->features)
        return error_set(error, STATUS_FAILED, "out of memory");
    for (int64_t i = 0; i < count; i++)
        pictures->features[i] = (float)((images->values[i] / 255.0 - shape->input_mean) / shape->input_std);
    return true;
}

/* Batches of one-token sequences from zero state. */
static bool classify_all(struct evaluation *e, const struct labelled *pictures, double *logits)
{
    enum { IMAGES_AT_ONCE = 256 };
    const struct model_shape *shape = &e->model.shape;
    const int64_t total = pictures->count;
    struct workload *w = NULL;
    bool ok = true;
    for (int64_t first = 0; first < total && ok;) {
        const int64_t batch = total - first < IMAGES_AT_ONCE ? total - first : IMAGES_AT_ONCE;
        if (!w || w->graph.batch != batch) {
            workload_destroy(w);
            network_destroy(e->network);
            w = NULL;
            ok = (e->network = network_create(&e->model, e->arguments->choices.precision, batch,
                                              team_threads(e->team), e->error)) &&
                 (w = workload_create(e, PHASE_PREFILL, batch, 1));
        }
        if (!ok)
            break;
        network_reset(e->network);
        program_set_features(w->program, pictures->features + first * shape->input_size);
        ok = run_for_logits(e, w->program, logits + first * shape->outputs);
        first += batch;
    }
    workload_destroy(w);
    return ok;
}

static enum status compare_logits(struct evaluation *e, const double *logits, int64_t count)
{
    const char *path = e->arguments->reference;
    struct safetensors file = {0};
    if (!safetensors_open(path, &file, e->error))
        return e->error->status;
    const struct safetensor *tensor = safetensors_find(&file, "logits");
    double *want = NULL;
    struct difference total = {0};
    bool ok =
        (tensor && tensor->elements == count) ||
        error_set(e->error, STATUS_USAGE, "%s: must hold logits of all %lld outputs", path, (long long)count);
    ok = ok && ((want = malloc((size_t)count * sizeof *want)) ||
                error_set(e->error, STATUS_FAILED, "out of memory"));
    if (ok) {
        safetensor_to_double(tensor, 0, count, want);
        difference_add(&total, logits, want, count);
    }
    free(want);
    safetensors_close(&file);
    if (!ok)
        return e->error->status;
    const double bound = tolerance(e->arguments->choices.precision);
    const bool good = difference_rel_l2(&total) <= bound;
    char text[16];
    printf("logits: rel L2 %.2e, max abs %.2e, bound %s  %s\n", difference_rel_l2(&total), total.max_abs,
           bound_text(bound, text, sizeof text), verdict(difference_rel_l2(&total), bound));
    return good ? STATUS_OK : STATUS_FAILED;
}

static bool on_cpu_only(const struct arguments *arguments)
{
    return arguments->platforms.count == 0 ||
           (arguments->platforms.count == 1 && !strcmp(arguments->platforms.items[0], "cpu"));
}

static enum status evaluate_images(struct evaluation *e)
{
    const struct model_shape *shape = &e->model.shape;
    const struct arguments *arguments = e->arguments;
    struct idx images = {0}, labels = {0};
    struct labelled pictures = {0};
    double *logits = NULL;
    enum status status = STATUS_OK;
    bool ok = load_images(arguments, shape, &images, &labels, e->error) &&
              make_features(&images, shape, &pictures, e->error);
    const int64_t total = pictures.count;
    pictures.labels = labels.values;
    ok = ok && ((logits = malloc((size_t)(total * shape->outputs) * sizeof *logits)) ||
                error_set(e->error, STATUS_FAILED, "out of memory"));
    ok = ok && classify_all(e, &pictures, logits);
    if (ok) {
        const int64_t right = count_right(logits, &pictures, shape->outputs);
        printf("%s, %s: %lld of %lld images right, accuracy %.2f %%\n", e->model.source,
               precision_name(arguments->choices.precision), (long long)right, (long long)total,
               100.0 * (double)right / (double)total);
        if (arguments->reference)
            status = compare_logits(e, logits, total * shape->outputs);
        for (int i = 0; i < arguments->platforms.count && ok; i++)
            if (strcmp(arguments->platforms.items[i], "cpu"))
                ok = eval_device(arguments, arguments->platforms.items[i], &e->model, &pictures, right,
                                 e->error);
    }
    free(logits);
    free(pictures.features);
    idx_free(&images);
    idx_free(&labels);
    return ok ? status : e->error->status;
}

static bool check_arguments(const struct arguments *arguments, struct error *error)
{
    if (!arguments->checkpoint)
        return error_set(error, STATUS_USAGE, "eval: --checkpoint DIR is missing");
    if (!arguments->reference && !arguments->images)
        return error_set(error, STATUS_USAGE,
                         "eval: give --reference FILE, or --images FILE and --labels FILE");
    if (!arguments->images != !arguments->labels)
        return error_set(error, STATUS_USAGE, "eval: --images and --labels go together");
    if (!on_cpu_only(arguments) && (!arguments->images || arguments->choices.precision != PRECISION_FP32))
        return error_set(error, STATUS_USAGE,
                         "eval: --platform %s: a device computes images, beside fp32 on the cpu",
                         arguments->platforms.items[0]);
    if (on_cpu_only(arguments) && arguments->n_options)
        return error_set(error, STATUS_USAGE,
                         "eval: --set %s: cpu has no options; give --platform leo2-model",
                         arguments->options[0]);
    return true;
}

enum status command_eval(const struct arguments *arguments, struct error *error)
{
    struct evaluation e = {.arguments = arguments, .error = error};
    if (!check_arguments(arguments, error) || !model_open_checkpoint(arguments->checkpoint, &e.model, error))
        return error->status;
    const bool classifier = e.model.shape.vocab == 0;
    enum status status;
    if (classifier != (arguments->images != NULL))
        error_set(error, STATUS_USAGE, "eval: %s is %s", arguments->checkpoint,
                  classifier ? "a classifier: give --images and --labels"
                             : "a language model: give --reference, not --images");
    else if (model_check_finite(&e.model, error))
        e.team = team_create(arguments->threads, error);
    if (!e.team)
        status = error->status;
    else
        status = classifier ? evaluate_images(&e) : evaluate_logits(&e);
    network_destroy(e.network);
    team_destroy(e.team);
    model_close(&e.model);
    return status;
}
