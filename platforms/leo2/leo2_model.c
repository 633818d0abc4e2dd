/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mamba/difference.h"
#include "mamba/random.h"
#include "platforms/leo2/emulation.h"
#include "platforms/pricing.h"

static const char name[] = "leo2-model", default_device[] = "mannix";

static bool precision_of(const char *device, enum precision *precision, struct error *error)
{
    return pricing_precision(name, device, precision, error);
}

static bool open_run(const struct task *task, struct run **run, struct error *error)
{
    return pricing_open(name, default_device, task, run, error);
}

static bool read_settings(const struct task *task, struct emulation_settings *settings, struct error *error)
{
    static const char *const scalings[SCALINGS] = {"127", "layer", "tensor", "row"};
    struct device *device;
    struct device_settings chosen;
    size_t n_options = 0;
    while (task->options && task->options[n_options])
        n_options++;
    if (!device_load(name, task->device ? task->device : default_device, &device, error))
        return false;
    bool ok = device_settings(device, task->options, n_options, &chosen, error);
    *settings = (struct emulation_settings){.arithmetic = MANNIX_DOCUMENTED};
    if (ok) {
        const char *const wanted[] = {"arithmetic", "scaling", "zero_point", "conv", "device"};
        const char *choices[sizeof wanted / sizeof *wanted];
        for (size_t i = 0; i < sizeof wanted / sizeof *wanted && ok; i++) {
            choices[i] = device_choice(device, &chosen, wanted[i]);
            ok = choices[i] ||
                 error_set(error, STATUS_USAGE, "device %.40s has no option '%s'", device->name, wanted[i]);
        }
        ok = ok && (mannix_arithmetic_parse(choices[0], &settings->arithmetic) ||
                    error_set(error, STATUS_USAGE, "arithmetic '%.40s' must be documented or mannix-rtl",
                              choices[0]));
        for (int s = 0; s < SCALINGS && ok; s++)
            if (!strcmp(choices[1], scalings[s]))
                settings->scaling = (enum emulation_scaling)s;
        if (ok) {
            settings->zero_point = !strcmp(choices[2], "midpoint") && settings->arithmetic == MANNIX_RTL &&
                                   settings->scaling != SCALING_127;
            settings->conv = !strcmp(choices[3], "device");
            settings->absent = !strcmp(choices[4], "absent");
        }
    }
    device_free(device);
    return ok;
}

/* One batch size of a model on the device; batches share the scales. */
struct batch {
    struct network *network;
    struct graph graph;
    struct emulation *emulation;
};

static void close_batch(struct batch *batch)
{
    if (!batch)
        return;
    emulation_destroy(batch->emulation);
    network_destroy(batch->network);
    free(batch);
}

static struct batch *open_batch(const struct model *model, int64_t count, struct scales *scales, int threads,
                                struct error *error)
{
    struct batch *batch = calloc(1, sizeof *batch);
    if (!batch) {
        error_set(error, STATUS_FAILED, "out of memory");
        return NULL;
    }
    if ((batch->network = network_create(model, PRECISION_FP32, count, threads, error)) &&
        graph_build(&model->shape, PHASE_PREFILL, count, 1, true, &batch->graph, error) &&
        (batch->emulation = emulation_create(model, batch->network, &batch->graph, scales, error)))
        return batch;
    close_batch(batch);
    return NULL;
}

enum { PICTURES_AT_ONCE = 256 };

/* logits null: only looked at, to calibrate. */
static bool feed(const struct model *model, const struct pictures *pictures, struct scales *scales,
                 struct team *team, double *logits, struct error *error)
{
    const struct model_shape *shape = &model->shape;
    const int threads = team_threads(team);
    struct batch *batch = NULL;
    bool ok = true;
    for (int64_t first = 0; first < pictures->count && ok;) {
        const int64_t rest = pictures->count - first,
                      count = rest < PICTURES_AT_ONCE ? rest : PICTURES_AT_ONCE;
        if (!batch || batch->graph.batch != count) {
            close_batch(batch);
            ok = (batch = open_batch(model, count, scales, threads, error)) != NULL;
        }
        if (!ok)
            break;
        network_reset(batch->network);
        program_set_features(emulation_program(batch->emulation),
                             pictures->features + first * shape->input_size);
        if (logits) {
            ok = emulation_run(batch->emulation, team, error) &&
                 program_logits(emulation_program(batch->emulation), logits + first * shape->outputs, error);
        } else {
            ok = emulation_observe(batch->emulation, team, error);
        }
        first += count;
    }
    if (ok && !logits)
        ok = (batch || (batch = open_batch(model, 1, scales, threads, error))) &&
             emulation_fix(batch->emulation, error);
    close_batch(batch);
    return ok;
}

/* Scales from the one, logits of the other; the scales, which count losses, are the caller's to free. */
static struct scales *picture_logits(const struct task *task, const struct pictures *calibration,
                                     const struct pictures *pictures, struct team *team, double *logits,
                                     struct error *error)
{
    struct emulation_settings settings;
    struct scales *scales = read_settings(task, &settings, error) ? scales_create(&settings, error) : NULL;
    if (scales && feed(task->model, calibration, scales, team, NULL, error) &&
        feed(task->model, pictures, scales, team, logits, error))
        return scales;
    scales_free(scales);
    return NULL;
}

static bool classify(const struct task *task, const struct pictures *calibration,
                     const struct pictures *pictures, double *logits, char *losses, size_t size,
                     struct error *error)
{
    struct team *team = team_create(task->threads, error);
    struct scales *scales = team ? picture_logits(task, calibration, pictures, team, logits, error) : NULL;
    if (scales) {
        uint64_t outputs;
        const struct mannix_losses lost = scales_losses(scales, &outputs);
        const double percent = outputs ? 100 / (double)outputs : 0;
        snprintf(losses, size, "%.1f / %.1f", percent * (double)lost.saturated, percent * (double)lost.cut);
    }
    team_destroy(team);
    const bool ok = scales != NULL;
    scales_free(scales);
    return ok;
}

/* Scales of a row need many samples: fewer than a few hundred clamp what the next ones bring. Sequences of a
 * language model cost more. */
enum { ACCURACY_TOKENS = 8, CALIBRATIONS = 8, ACCURACY_PICTURES = 512, LARGEST_COMPUTED = 1 << 28 };

static uint64_t seeded_bits(uint64_t seed, int64_t index)
{
    return scatter(seed ^ scatter((uint64_t)index));
}

/* Pixels of any brightness, as the model takes them. The caller frees it. */
static float *seeded_pictures(const struct model_shape *shape, int64_t count, uint64_t seed,
                              struct error *error)
{
    float *features = malloc((size_t)(count * shape->input_size) * sizeof *features);
    if (!features)
        error_set(error, STATUS_FAILED, "out of memory");
    for (int64_t i = 0; features && i < count * shape->input_size; i++) {
        const double pixel = (double)(seeded_bits(seed, i) >> 40) / (double)(1 << 24);
        features[i] = (float)((pixel - shape->input_mean) / shape->input_std);
    }
    return features;
}

/* The same for every setting of the device; others than these calibrate. */
static bool set_inputs(struct program *program, const struct graph *graph, uint64_t seed, struct error *error)
{
    const struct model_shape *shape = &graph->shape;
    const int64_t count = graph->batch * graph->seqlen;
    if (!shape->vocab) {
        float *features = seeded_pictures(shape, count, seed, error);
        if (features)
            program_set_features(program, features);
        free(features);
        return features != NULL;
    }
    int32_t *ids = malloc((size_t)count * sizeof *ids);
    bool ok = ids || error_set(error, STATUS_FAILED, "out of memory");
    for (int64_t i = 0; i < count && ok; i++)
        ids[i] = (int32_t)(seeded_bits(seed, i) % (uint64_t)shape->vocab);
    ok = ok && program_set_ids(program, ids, error);
    free(ids);
    return ok;
}

static void run_whole(void *user, struct team *team, struct part part)
{
    program_run(user, team, part);
}

/* Logits of all tokens in float64. */
static bool float64_logits(const struct task *task, const struct graph *graph, struct team *team,
                           double *logits, struct error *error)
{
    struct plan *plan = malloc(sizeof *plan);
    struct network *network = NULL;
    struct program *program = NULL;
    bool ok = plan || error_set(error, STATUS_FAILED, "out of memory");
    ok = ok && plan_build(graph, plan_fusing("none", PRECISION_FP64), plan, error) &&
         (network = network_create(task->model, PRECISION_FP64, graph->batch, team_threads(team), error)) &&
         network_take_turns(network, error) && (program = program_create(network, graph, plan, error)) &&
         set_inputs(program, graph, task->seed, error);
    if (ok) {
        program_stop_when(program, task->stopped);
        team_run(team, run_whole, program);
        ok = program_stopped(program) ? error_set(error, STATUS_FAILED, "interrupted")
                                      : program_logits(program, logits, error);
    }
    program_destroy(program);
    network_destroy(network);
    free(plan);
    return ok;
}

static bool is_stopped(const struct task *task, struct error *error)
{
    return task->stopped && task->stopped() && !error_set(error, STATUS_FAILED, "interrupted");
}

/* Of a sequence of tokens. */
static bool sequence_logits(const struct task *task, const struct graph *graph, struct team *team,
                            double *logits, struct error *error)
{
    struct emulation_settings settings;
    struct scales *scales = NULL;
    struct network *network = NULL;
    struct emulation *emulation = NULL;
    bool ok = read_settings(task, &settings, error) && (scales = scales_create(&settings, error)) &&
              (network = network_create(task->model, PRECISION_FP32, 1, team_threads(team), error)) &&
              (emulation = emulation_create(task->model, network, graph, scales, error));
    for (uint64_t c = 1; c <= CALIBRATIONS && ok; c++) {
        network_reset(network);
        ok = !is_stopped(task, error) &&
             set_inputs(emulation_program(emulation), graph, task->seed + c, error) &&
             emulation_observe(emulation, team, error);
    }
    ok = ok && !is_stopped(task, error) && emulation_fix(emulation, error) &&
         set_inputs(emulation_program(emulation), graph, task->seed, error);
    if (ok) {
        network_reset(network);
        struct program *program = emulation_program(emulation);
        ok = emulation_run(emulation, team, error) && program_logits(program, logits, error);
    }
    emulation_destroy(emulation);
    network_destroy(network);
    scales_free(scales);
    return ok;
}

/* Of pictures, as eval has it. */
static bool seeded_picture_logits(const struct task *task, const struct graph *graph, struct team *team,
                                  double *logits, struct error *error)
{
    float *calibration = seeded_pictures(&graph->shape, ACCURACY_PICTURES, task->seed + 1, error);
    float *features = seeded_pictures(&graph->shape, graph->batch, task->seed, error);
    struct scales *scales =
        calibration && features
            ? picture_logits(task, &(struct pictures){ACCURACY_PICTURES, calibration},
                             &(struct pictures){graph->batch, features}, team, logits, error)
            : NULL;
    const bool ok = scales != NULL;
    scales_free(scales);
    free(features);
    free(calibration);
    return ok;
}

static bool whole_accuracy(const struct task *task, struct accuracy *accuracy, struct error *error)
{
    const struct graph *asked = task->graph;
    const bool classifier = asked->shape.vocab == 0;
    const int64_t batch = classifier ? ACCURACY_PICTURES : 1;
    const int64_t seqlen = classifier ? 1
                           : asked->phase == PHASE_PREFILL && asked->seqlen < ACCURACY_TOKENS
                               ? asked->seqlen
                               : ACCURACY_TOKENS;
    const int64_t count = batch * seqlen * asked->shape.outputs;
    struct graph *graph = malloc(sizeof *graph);
    double *want = malloc((size_t)count * sizeof *want), *got = malloc((size_t)count * sizeof *got);
    struct team *team = NULL;
    bool ok = (graph && want && got) || error_set(error, STATUS_FAILED, "out of memory");
    ok = ok && graph_build(&asked->shape, PHASE_PREFILL, batch, seqlen, true, graph, error) &&
         (team = team_create(task->threads, error)) && float64_logits(task, graph, team, want, error) &&
         (classifier ? seeded_picture_logits : sequence_logits)(task, graph, team, got, error);
    if (ok) {
        struct difference difference = {0};
        difference_add(&difference, got, want, count);
        *accuracy = (struct accuracy){.max_abs = difference.max_abs,
                                      .rel_l2 = difference_rel_l2(&difference),
                                      .tokens = batch * seqlen};
        if (classifier)
            snprintf(accuracy->data, sizeof accuracy->data,
                     "%lld pictures of seeded pixels, scales from %d others; eval takes a model's own",
                     (long long)batch, ACCURACY_PICTURES);
        else
            snprintf(accuracy->data, sizeof accuracy->data, "%lld seeded tokens, scales from %lld others",
                     (long long)seqlen, (long long)(CALIBRATIONS * seqlen));
    }
    team_destroy(team);
    free(got);
    free(want);
    free(graph);
    return ok;
}

static bool accuracy_of(struct run *run, int unit, struct accuracy *accuracy, struct error *error)
{
    const struct task *task = pricing_task(run);
    const struct unit *units;
    pricing_units(run, &units);
    struct error reason = {0};
    *accuracy = (struct accuracy){.max_abs = 0};
    if (units[unit].scope != SCOPE_MODEL)
        error_set(&reason, STATUS_UNAVAILABLE, "the device's arithmetic is computed for the whole model");
    else if (task->graph->phase == PHASE_TRAIN)
        error_set(&reason, STATUS_UNAVAILABLE, "gradients are not computed in the device's arithmetic");
    else if (!task->model || !task->model->weights)
        error_set(&reason, STATUS_UNAVAILABLE, "no weights: give --checkpoint, or cpu beside the device");
    else if (shape_parameters(&task->graph->shape) > LARGEST_COMPUTED)
        error_set(&reason, STATUS_UNAVAILABLE,
                  "the model is too large to compute it in the device's arithmetic");
    else
        whole_accuracy(task, accuracy, &reason);
    if (reason.status && reason.status != STATUS_UNAVAILABLE)
        return error_set(error, reason.status, "%s", reason.text);
    snprintf(accuracy->reason, sizeof accuracy->reason, "%.255s", reason.text);
    return true;
}

static const char *const ways[] = {
    "device=absent",
    "arithmetic=documented,scaling=127",
    "arithmetic=documented,scaling=layer",
    "arithmetic=documented,scaling=tensor",
    "arithmetic=documented,scaling=row",
    "arithmetic=mannix-rtl,scaling=127",
    "arithmetic=mannix-rtl,scaling=layer,zero_point=none",
    "arithmetic=mannix-rtl,scaling=tensor,zero_point=none",
    "arithmetic=mannix-rtl,scaling=row,zero_point=none",
    "arithmetic=mannix-rtl,scaling=layer,zero_point=midpoint",
    "arithmetic=mannix-rtl,scaling=tensor,zero_point=midpoint",
    "arithmetic=mannix-rtl,scaling=row,zero_point=midpoint",
    NULL,
};

static bool least(const struct task *task, struct plan *plan, struct error *error)
{
    return pricing_least(name, default_device, task, plan, error);
}

extern const struct platform leo2_model_platform;

const struct platform leo2_model_platform = {
    .name = name,
    .summary =
        "model of LEO2 offloading fully connected layers to the MANNIX unit: its cycles and its arithmetic",
    .provenance = PROVENANCE_MODELLED,
    .default_device = default_device,
    .precision = precision_of,
    .open = open_run,
    .units = pricing_units,
    .accuracy = accuracy_of,
    .price = pricing_price,
    .least = least,
    .classify = classify,
    .ways = ways,
    .close = pricing_close,
};
