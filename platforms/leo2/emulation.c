/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "platforms/leo2/emulation.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/conv/conv.h"
#include "kernels/matmul/matmul.h"
#include "kernels/softplus/softplus.h"

enum { BYTE = 127, RTL_DESCALE = 256, ZERO_POINT = 128 };

/* One weight of the device in one layer. */
struct site {
    int64_t rows, columns;
    /* Seen by calibration. */
    double input_max, input_squares, weight_max, weight_squares;
    double inputs;
    float *row_output; /* largest, of each row */
    /* Fixed by it. */
    double send;
    float *receive;  /* of each row */
    uint8_t *weight; /* (rows, columns) */
    uint8_t *bias;   /* (rows) as the unit reads them */
};

struct scales {
    struct emulation_settings settings;
    int64_t n_layer;
    struct site *sites; /* [group][n_layer], of unfused stages */
    int n_groups;
    struct mannix_losses losses;
    uint64_t outputs;
};

struct emulation {
    const struct model *model;
    struct scales *scales;
    const struct graph *graph;
    struct plan plan;
    struct program *program;
    float *padded; /* of a convolution: history and input */
};

struct scales *scales_create(const struct emulation_settings *settings, struct error *error)
{
    struct scales *scales = calloc(1, sizeof *scales);
    if (!scales) {
        error_set(error, STATUS_FAILED, "out of memory");
        return NULL;
    }
    scales->settings = *settings;
    return scales;
}

void scales_free(struct scales *scales)
{
    if (!scales)
        return;
    for (int64_t i = 0; i < scales->n_groups * scales->n_layer; i++) {
        free(scales->sites[i].row_output);
        free(scales->sites[i].receive);
        free(scales->sites[i].weight);
        free(scales->sites[i].bias);
    }
    free(scales->sites);
    free(scales);
}

struct mannix_losses scales_losses(const struct scales *scales, uint64_t *outputs)
{
    *outputs = scales->outputs;
    return scales->losses;
}

static const char *stage_name(const struct emulation *emulation, int group)
{
    return emulation->graph->stages[emulation->plan.groups[group].stages[0]].name;
}

static bool on_device(const struct emulation *emulation, int group)
{
    const struct kernel_family *family = program_family(emulation->program, group);
    const struct emulation_settings *settings = &emulation->scales->settings;
    if (settings->absent)
        return false;
    if (family == &conv_family)
        return settings->conv;
    struct farm_call one_row;
    return family == &matmul_family &&
           farm_place(FARM_PACKED, 1,
                      ((const struct matmul_args *)program_args(emulation->program, group, 0))->k,
                      FARM_BIAS_BYTES, &one_row);
}

static struct site *site_of(const struct emulation *emulation, int group, int64_t layer)
{
    return &emulation->scales->sites[group * emulation->scales->n_layer + layer];
}

/* A projection's or a convolution's operands alike: token i of the input is at x(i), its output row r at
 * y(i)[r]. */
struct operands {
    int64_t tokens, rows, columns;
    const float *bias;
    const float *x; /* tokens of a projection */
    int64_t x_stride;
    float *y;
    int64_t y_stride;
    const struct conv_args *conv;
};

/* The port sends dt_proj's bias with its weights; in the graph softplus adds it. */
static const float *softplus_bias(const struct emulation *emulation, int64_t layer)
{
    for (int g = 0; g < emulation->plan.n_groups; g++)
        if (!strcmp(stage_name(emulation, g), "softplus"))
            return ((const struct softplus_args *)program_args(emulation->program, g, layer))->bias;
    return NULL;
}

static struct operands operands_of(const struct emulation *emulation, int group, int64_t layer)
{
    const void *args = program_args(emulation->program, group, layer);
    if (program_family(emulation->program, group) == &conv_family) {
        const struct conv_args *conv = args;
        return (struct operands){.tokens = conv->batch * conv->seqlen,
                                 .rows = conv->channels,
                                 .columns = conv->width,
                                 .bias = conv->bias,
                                 .y = conv->y,
                                 .y_stride = conv->y_stride,
                                 .conv = conv};
    }
    const struct matmul_args *matmul = args;
    const bool is_dt = !strcmp(stage_name(emulation, group), "dt_proj");
    return (struct operands){.tokens = matmul->m,
                             .rows = matmul->n,
                             .columns = matmul->k,
                             .bias = is_dt ? softplus_bias(emulation, layer) : matmul->bias,
                             .x = matmul->x,
                             .x_stride = matmul->x_stride,
                             .y = matmul->y,
                             .y_stride = matmul->y_stride};
}

static bool has_device_bias(const struct emulation *emulation, int group)
{
    return !strcmp(stage_name(emulation, group), "dt_proj") && on_device(emulation, group);
}

struct emulation *emulation_create(const struct model *model, struct network *network,
                                   const struct graph *graph, struct scales *scales, struct error *error)
{
    struct emulation *emulation = calloc(1, sizeof *emulation);
    bool ok = emulation || error_set(error, STATUS_FAILED, "out of memory");
    if (ok) {
        emulation->model = model;
        emulation->scales = scales;
        emulation->graph = graph;
        ok = plan_build(graph, plan_fusing("none", PRECISION_FP32), &emulation->plan, error) &&
             (emulation->program = program_create(network, graph, &emulation->plan, error));
    }
    if (ok && !scales->sites) {
        scales->n_layer = graph->shape.n_layer;
        scales->n_groups = emulation->plan.n_groups;
        scales->sites = calloc((size_t)(scales->n_groups * scales->n_layer), sizeof *scales->sites);
        ok = scales->sites || error_set(error, STATUS_FAILED, "out of memory");
    }
    for (int g = 0; ok && g < emulation->plan.n_groups; g++) {
        if (program_family(emulation->program, g) != &conv_family)
            continue;
        const struct conv_args *conv = program_args(emulation->program, g, 0);
        emulation->padded = calloc((size_t)(conv->batch * (conv->seqlen + conv->width - 1) * conv->channels),
                                   sizeof *emulation->padded);
        ok = emulation->padded || error_set(error, STATUS_FAILED, "out of memory");
    }
    if (!ok) {
        emulation_destroy(emulation);
        return NULL;
    }
    return emulation;
}

void emulation_destroy(struct emulation *emulation)
{
    if (!emulation)
        return;
    program_destroy(emulation->program);
    free(emulation->padded);
    free(emulation);
}

struct program *emulation_program(const struct emulation *emulation)
{
    return emulation->program;
}

/* (batch, width - 1 + seqlen, channels) of a convolution, from its state and its input. */
static void pad(const struct conv_args *conv, float *padded)
{
    const int64_t history = conv->width - 1, channels = conv->channels;
    const size_t row = (size_t)channels * sizeof *padded;
    for (int64_t b = 0; b < conv->batch; b++) {
        float *to = padded + b * (history + conv->seqlen) * channels;
        if (history)
            memcpy(to, (const float *)conv->state + b * history * channels, (size_t)history * row);
        for (int64_t t = 0; t < conv->seqlen; t++)
            memcpy(to + (history + t) * channels,
                   (const float *)conv->x + (b * conv->seqlen + t) * conv->x_stride, row);
    }
}

/* What row r of a token reads: of a projection all rows the same. */
static float input_value(const struct emulation *emulation, const struct operands *operands, int64_t token,
                         int64_t row, int64_t column)
{
    if (!operands->conv)
        return operands->x[token * operands->x_stride + column];
    const struct conv_args *conv = operands->conv;
    const int64_t sequence = token / conv->seqlen, at = token % conv->seqlen + column;
    return emulation->padded[(sequence * (conv->width - 1 + conv->seqlen) + at) * conv->channels + row];
}

static bool observe_site(const struct emulation *emulation, int group, int64_t layer)
{
    struct site *site = site_of(emulation, group, layer);
    const struct operands operands = operands_of(emulation, group, layer);
    const float *extra = has_device_bias(emulation, group) ? operands.bias : NULL;
    if (!site->row_output)
        site->row_output = calloc((size_t)operands.rows, sizeof *site->row_output);
    if (!site->row_output)
        return false;
    for (int64_t i = 0; i < operands.tokens; i++) {
        for (int64_t r = 0; r < (operands.conv ? operands.rows : 1); r++)
            for (int64_t c = 0; c < operands.columns; c++) {
                const double value = fabs(input_value(emulation, &operands, i, r, c));
                site->input_max = fmax(site->input_max, value);
                site->input_squares += value * value;
            }
        site->inputs += (double)(operands.columns * (operands.conv ? operands.rows : 1));
        for (int64_t r = 0; r < operands.rows; r++) {
            const float value = operands.y[i * operands.y_stride + r] + (extra ? extra[r] : 0);
            site->row_output[r] = fmaxf(site->row_output[r], fabsf(value));
        }
    }
    return true;
}

struct job {
    struct emulation *emulation;
    bool observing;
    bool failed; /* out of memory; any thread may find out */
};

static void fail(struct job *job)
{
    __atomic_store_n(&job->failed, true, __ATOMIC_RELAXED);
}

static void observe_group(struct job *job, int group, int64_t layer, struct team *team, struct part part)
{
    struct emulation *emulation = job->emulation;
    const bool device = on_device(emulation, group);
    if (device && part.index == 0 && operands_of(emulation, group, layer).conv)
        pad(operands_of(emulation, group, layer).conv, emulation->padded);
    team_barrier(team);
    program_run_group(emulation->program, group, layer, team, part);
    if (device && part.index == 0 && !observe_site(emulation, group, layer))
        fail(job);
    team_barrier(team);
}

static uint8_t to_byte(const struct emulation_settings *settings, double value)
{
    if (settings->scaling == SCALING_127 && settings->arithmetic == MANNIX_RTL)
        return (uint8_t)(int64_t)fmin(fmax(value, -1e15), 1e15);
    const double whole = settings->scaling == SCALING_127 ? trunc(value) : nearbyint(value);
    return (uint8_t)(int8_t)fmin(fmax(whole, -BYTE), BYTE);
}

static void run_tokens(struct emulation *emulation, const struct site *site, const struct operands *operands,
                       int64_t begin, int64_t end, uint8_t *input, uint8_t *out, struct mannix_losses *losses)
{
    const struct emulation_settings *settings = &emulation->scales->settings;
    const bool shifted = settings->zero_point;
    const int bias_bytes = mannix_bias_bytes(settings->arithmetic);
    const int64_t calls = operands->conv ? operands->rows : 1, rows = operands->rows / calls;
    for (int64_t i = begin; i < end; i++)
        for (int64_t call = 0; call < calls; call++) {
            for (int64_t c = 0; c < operands->columns; c++) {
                const double value = (double)input_value(emulation, operands, i, call, c) * site->send;
                input[c] = (uint8_t)(to_byte(settings, value) + (shifted ? ZERO_POINT : 0));
            }
            mannix_compute(settings->arithmetic, input, site->weight + call * operands->columns,
                           site->bias + call * bias_bytes, out, rows, operands->columns, losses);
            for (int64_t r = 0; r < rows; r++) {
                const int value = settings->arithmetic == MANNIX_DOCUMENTED
                                      ? (int8_t)out[r]
                                      : out[r] - (shifted ? ZERO_POINT : 0);
                operands->y[i * operands->y_stride + call + r] = (float)value * site->receive[call + r];
            }
        }
}

static void run_site(struct job *job, int group, int64_t layer, struct part part)
{
    struct emulation *emulation = job->emulation;
    const struct operands operands = operands_of(emulation, group, layer);
    const struct range range = part_range(part, operands.tokens, 1);
    struct mannix_losses losses = {0};
    uint8_t *bytes = malloc((size_t)(operands.columns + operands.rows));
    if (!bytes) {
        fail(job);
        return;
    }
    run_tokens(emulation, site_of(emulation, group, layer), &operands, range.begin, range.end, bytes,
               bytes + operands.columns, &losses);
    free(bytes);
    __atomic_fetch_add(&emulation->scales->losses.saturated, losses.saturated, __ATOMIC_RELAXED);
    __atomic_fetch_add(&emulation->scales->losses.cut, losses.cut, __ATOMIC_RELAXED);
    __atomic_fetch_add(&emulation->scales->losses.unsigned_inputs, losses.unsigned_inputs, __ATOMIC_RELAXED);
    __atomic_fetch_add(&emulation->scales->outputs, (uint64_t)((range.end - range.begin) * operands.rows),
                       __ATOMIC_RELAXED);
}

static void device_group(struct job *job, int group, int64_t layer, struct team *team, struct part part)
{
    struct emulation *emulation = job->emulation;
    if (!on_device(emulation, group)) {
        const bool done_by_device = !strcmp(stage_name(emulation, group), "softplus") &&
                                    graph_stage(emulation->graph, "dt_proj") >= 0 &&
                                    !emulation->scales->settings.absent;
        if (!done_by_device) {
            program_run_group(emulation->program, group, layer, team, part);
            return;
        }
        struct softplus_args args =
            *(const struct softplus_args *)program_args(emulation->program, group, layer);
        args.bias = NULL;
        team_settle(team);
        program_kernel(emulation->program, group)->run(&args, part);
        team_barrier(team);
        return;
    }
    const struct conv_args *conv = operands_of(emulation, group, layer).conv;
    if (conv) {
        if (part.index == 0)
            pad(conv, emulation->padded);
        team_barrier(team);
        program_run_group(emulation->program, group, layer, team, part); /* moves the state on */
    }
    team_settle(team);
    run_site(job, group, layer, part);
    team_barrier(team);
}

static void walk_place(struct job *job, enum place place, int64_t layer, struct team *team, struct part part)
{
    const struct plan *plan = &job->emulation->plan;
    for (int g = 0; g < plan->n_groups; g++)
        if (plan->groups[g].place == place) {
            if (job->observing)
                observe_group(job, g, layer, team, part);
            else
                device_group(job, g, layer, team, part);
        }
}

static void walk(void *user, struct team *team, struct part part)
{
    struct job *job = user;
    walk_place(job, PLACE_BEFORE, 0, team, part);
    for (int64_t layer = 0; layer < job->emulation->graph->shape.n_layer; layer++)
        walk_place(job, PLACE_LAYER, layer, team, part);
    walk_place(job, PLACE_AFTER, 0, team, part);
}

static bool run_job(struct job *job, struct team *team, struct error *error)
{
    team_run(team, walk, job);
    return !job->failed || error_set(error, STATUS_FAILED, "out of memory");
}

bool emulation_observe(struct emulation *emulation, struct team *team, struct error *error)
{
    return run_job(&(struct job){.emulation = emulation, .observing = true}, team, error);
}

bool emulation_run(struct emulation *emulation, struct team *team, struct error *error)
{
    return run_job(&(struct job){.emulation = emulation}, team, error);
}

/* Scales of input and weights: as large as bytes allow each of them, and their product the result. */
struct pair {
    double input, weight;
};

static double result_range(const struct emulation_settings *settings)
{
    return settings->arithmetic == MANNIX_DOCUMENTED ? (double)BYTE * BYTE
           : settings->zero_point                    ? (double)BYTE * RTL_DESCALE
                                                     : (double)(2 * BYTE) * RTL_DESCALE;
}

static struct pair split(double product, double input_max, double weight_max, double input_rms,
                         double weight_rms)
{
    const double input_most = BYTE / fmax(input_max, 1e-30), weight_most = BYTE / fmax(weight_max, 1e-30);
    struct pair pair = {input_most, weight_most};
    if (input_most * weight_most <= product)
        return pair;
    pair.input = fmin(sqrt(product * fmax(weight_rms, 1e-30) / fmax(input_rms, 1e-30)), input_most);
    pair.weight = product / pair.input;
    if (pair.weight > weight_most)
        pair = (struct pair){product / weight_most, weight_most};
    return pair;
}

static double row_max(const struct site *site, const float *weight, int64_t row)
{
    double largest = 0;
    for (int64_t c = 0; c < site->columns; c++)
        largest = fmax(largest, fabs(weight[row * site->columns + c]));
    return largest;
}

static double largest_output(const struct site *site)
{
    double largest = 0;
    for (int64_t r = 0; r < site->rows && site->row_output; r++)
        largest = fmax(largest, site->row_output[r]);
    return largest;
}

static double rms(double squares, double count)
{
    return sqrt(squares / fmax(count, 1));
}

static struct pair tensor_pair(const struct scales *scales, const struct site *site)
{
    return split(result_range(&scales->settings) / fmax(largest_output(site), 1e-30), site->input_max,
                 site->weight_max, rms(site->input_squares, site->inputs),
                 rms(site->weight_squares, (double)(site->rows * site->columns)));
}

/* The tightest of all sites of a layer, or of those outside. */
static struct pair layer_pair(const struct emulation *emulation, int group, int64_t layer)
{
    const struct scales *scales = emulation->scales;
    const bool inside = emulation->plan.groups[group].place == PLACE_LAYER;
    double input_max = 0, weight_max = 0, product = INFINITY, input_rms = 0, weight_rms = 0;
    for (int g = 0; g < emulation->plan.n_groups; g++) {
        const struct site *site = site_of(emulation, g, inside ? layer : 0);
        if (!on_device(emulation, g) || (emulation->plan.groups[g].place == PLACE_LAYER) != inside)
            continue;
        input_max = fmax(input_max, site->input_max);
        weight_max = fmax(weight_max, site->weight_max);
        input_rms = fmax(input_rms, rms(site->input_squares, site->inputs));
        weight_rms = fmax(weight_rms, rms(site->weight_squares, (double)(site->rows * site->columns)));
        product = fmin(product, result_range(&scales->settings) / fmax(largest_output(site), 1e-30));
    }
    return split(product, input_max, weight_max, input_rms, weight_rms);
}

static void store_bias(const struct emulation_settings *settings, struct site *site, int64_t row, double bias,
                       double weight_scale)
{
    const double scaled = bias * site->send * weight_scale;
    if (settings->arithmetic == MANNIX_DOCUMENTED) {
        site->bias[row] = to_byte(settings, scaled / BYTE);
        return;
    }
    if (settings->scaling == SCALING_127) {
        site->bias[row] = to_byte(settings, scaled / BYTE); /* a byte a row, where four are read */
        return;
    }
    double value = nearbyint(scaled);
    if (settings->zero_point) {
        int64_t weights = 0;
        for (int64_t c = 0; c < site->columns; c++)
            weights += (int8_t)site->weight[row * site->columns + c];
        value += ZERO_POINT * RTL_DESCALE - ZERO_POINT * (double)weights + RTL_DESCALE / 2;
    }
    const int32_t word = (int32_t)fmin(fmax(value, INT32_MIN), INT32_MAX);
    for (int b = 0; b < FARM_BIAS_BYTES; b++)
        site->bias[row * FARM_BIAS_BYTES + b] = (uint8_t)((uint32_t)word >> 8 * b);
}

static bool fix_site(struct emulation *emulation, int group, int64_t layer, const float *weight)
{
    const struct emulation_settings *settings = &emulation->scales->settings;
    struct site *site = site_of(emulation, group, layer);
    const struct operands operands = operands_of(emulation, group, layer);
    const double descale = settings->arithmetic == MANNIX_DOCUMENTED ? BYTE : RTL_DESCALE;
    const bool logits = emulation->plan.groups[group].place == PLACE_AFTER;
    struct pair pair = {BYTE, BYTE};
    if (settings->scaling == SCALING_LAYER)
        pair = layer_pair(emulation, group, layer);
    else if (settings->scaling != SCALING_127)
        pair = tensor_pair(emulation->scales, site);
    site->send = pair.input;
    site->receive = malloc((size_t)site->rows * sizeof *site->receive);
    site->weight = malloc((size_t)(site->rows * site->columns));
    site->bias = calloc((size_t)site->rows, FARM_BIAS_BYTES);
    if (!site->receive || !site->weight || !site->bias)
        return false;
    for (int64_t r = 0; r < site->rows; r++) {
        double scale = pair.weight;
        if (settings->scaling == SCALING_ROW && site->row_output)
            scale = fmin(BYTE / fmax(row_max(site, weight, r), 1e-30),
                         result_range(settings) /
                             fmax(logits ? largest_output(site) : site->row_output[r], 1e-30) / pair.input);
        for (int64_t c = 0; c < site->columns; c++)
            site->weight[r * site->columns + c] =
                to_byte(settings, (double)weight[r * site->columns + c] * scale);
        site->receive[r] =
            (float)(settings->scaling == SCALING_127 ? 1.0 / BYTE : descale / (pair.input * scale));
        store_bias(settings, site, r, operands.bias ? operands.bias[r] : 0, scale);
    }
    return true;
}

/* As the checkpoint has it: a kernel that packs needs no plain copy. The caller frees it. */
static float *plain_weight(const struct emulation *emulation, int group, int64_t layer)
{
    const struct graph *graph = emulation->graph;
    const struct stage *stage = &graph->stages[emulation->plan.groups[group].stages[0]];
    for (int o = 0; o < stage->n_operands; o++) {
        const struct tensor *tensor = &graph->tensors[stage->operands[o].tensor];
        if (strcmp(stage->operands[o].operand->name, "weight") || tensor->role != TENSOR_WEIGHT)
            continue;
        float *values = malloc((size_t)tensor_elements(tensor) * sizeof *values);
        if (values)
            model_weight_float(model_weight(emulation->model, tensor->weight, layer), 0,
                               tensor_elements(tensor), values);
        return values;
    }
    return NULL;
}

static bool prepare_site(struct emulation *emulation, int group, int64_t layer, bool last)
{
    struct site *site = site_of(emulation, group, layer);
    const struct operands operands = operands_of(emulation, group, layer);
    float *weight = plain_weight(emulation, group, layer);
    bool ok = weight != NULL;
    site->rows = operands.rows;
    site->columns = operands.columns;
    for (int64_t i = 0; ok && !last && i < site->rows * site->columns; i++) {
        site->weight_max = fmax(site->weight_max, fabs(weight[i]));
        site->weight_squares += (double)weight[i] * weight[i];
    }
    ok = ok && (!last || fix_site(emulation, group, layer, weight));
    free(weight);
    return ok;
}

bool emulation_fix(struct emulation *emulation, struct error *error)
{
    bool ok = true;
    /* A layer's scale needs all of its sites first. */
    for (int pass = 0; pass < 2 && ok; pass++)
        for (int g = 0; g < emulation->plan.n_groups && ok; g++) {
            const int64_t layers =
                emulation->plan.groups[g].place == PLACE_LAYER ? emulation->graph->shape.n_layer : 1;
            for (int64_t layer = 0; layer < layers && ok && on_device(emulation, g); layer++)
                ok = prepare_site(emulation, g, layer, pass == 1);
        }
    return ok || error_set(error, STATUS_FAILED, "out of memory");
}
