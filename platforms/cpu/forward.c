/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "platforms/cpu/forward.h"

#include <inttypes.h>
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "mamba/memory.h"
#include "mamba/parallel.h"
#include "mamba/random.h"

enum { ALIGNMENT = 64, HUGE_PAGE = 2 << 20 };

/* Some barriers' worth, as sharing costs one, and the lines that move between cores. */
static const double least_share_ns = 250;

/* Shared by all programs whose kernel for that weight packs it the same way. */
struct packed_weight {
    kernel_fn *pack;
    enum weight weight;
    int64_t layer;
    void *data;
};

/* What a tensor of a layer held in calibration. */
struct calibrated {
    const char *tensor;
    int64_t layer;
    struct kernel_sample sample;
    float *values; /* the sample's */
};

struct network {
    const struct model *model;
    enum precision precision;
    size_t value_size;
    int64_t batch;
    int threads;
    double least_share_ns;
    const char *variant;         /* of the kernels; null: the ladder's choice */
    const void **weights;        /* [n_layer + 1][WEIGHT_COUNT], null until a kernel reads it unpacked */
    void **converted;            /* of these, the ones that network owns */
    int64_t *held;               /* of each weight that layers take turns with, whose it is; null: none do */
    struct packed_weight *packs; /* weights in kernels' own forms */
    size_t n_packs;
    uint64_t packed_bytes;
    double packing_s;
    struct calibrated *calibrated;
    size_t n_calibrated;
    char *conv_states, *scan_states;
    size_t conv_state_size, scan_state_size; /* of one layer */
};

struct step {
    const struct kernel_family *family;
    const struct kernel *kernel;
    kernel_fn *run[KERNEL_MAX_PHASES]; /* null ends them */
    enum place place;
    int parts;
    size_t args_size;
    char *args; /* [n_layer or 1][args_size] */
    void *scratch;
    struct kernel_sample *samples; /* [n_layer or 1][operands], or null */
};

struct program {
    struct network *network;
    const struct graph *graph;
    const struct plan *plan;
    /* Of each root tensor that the program owns: one block, or one for every layer that keeps its own. */
    struct blocks {
        char **data;
        int64_t count;
    } blocks[GRAPH_MAX_TENSORS];
    struct blocks states; /* that the scans of training keep, one for each layer */
    uint64_t foreseen;    /* bytes that the check before all of these counted */
    struct step steps[GRAPH_MAX_STAGES];
    bool (*asks)(void); /* null: nobody stops it */
    bool stopped;       /* written by the first thread between barriers */
};

static size_t round_up(size_t bytes)
{
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

struct zero_job {
    char *memory;
    uint64_t bytes;
};

static void zero_part(void *user, struct part part)
{
    const struct zero_job *job = user;
    const struct range share = part_range(part, (int64_t)job->bytes, HUGE_PAGE);
    memset(job->memory + share.begin, 0, (size_t)(share.end - share.begin));
}

/* Zeroed, each thread its share. Null with an error that names the use when the machine has less memory than
 * that. */
static void *allocate(int threads, uint64_t bytes, const char *what, struct error *error)
{
    void *memory = NULL;
    if (bytes < UINT64_MAX / 2 && memory_suffices(bytes))
        memory = aligned_alloc(ALIGNMENT, round_up((size_t)bytes ? (size_t)bytes : 1));
    if (!memory) {
        error_set(error, STATUS_UNAVAILABLE,
                  "%s needs %.1f GB of memory, %.1f GB are available: reduce --batch or --seqlen", what,
                  (double)bytes / 1e9, (double)memory_available() / 1e9);
        return NULL;
    }
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    const uintptr_t first = ((uintptr_t)memory + page - 1) / page * page;
    if (bytes >= 2 * HUGE_PAGE)
        madvise((void *)first, (uintptr_t)memory + bytes - first, MADV_HUGEPAGE);
    parallel_run(bytes >= HUGE_PAGE ? threads : 1, zero_part, &(struct zero_job){memory, bytes});
    return memory;
}

struct convert_job {
    const struct model_weight *from;
    bool to_double, exponential;
    char *to;
};

/* exp in double: of a float it would cost an ulp that every step of the scan sees. */
static void convert_part(void *user, struct part part)
{
    const struct convert_job *job = user;
    const struct range range = part_range(part, job->from->rows * job->from->columns, ALIGNMENT);
    double *doubles = (double *)(void *)job->to;
    float *floats = (float *)(void *)job->to;
    if (job->to_double)
        model_weight_double(job->from, range.begin, range.end - range.begin, doubles + range.begin);
    else if (!job->exponential)
        model_weight_float(job->from, range.begin, range.end - range.begin, floats + range.begin);
    for (int64_t i = range.begin; job->exponential && i < range.end; i++) {
        double value;
        model_weight_double(job->from, i, 1, &value);
        if (job->to_double)
            doubles[i] = -exp(value);
        else
            floats[i] = (float)-exp(value);
    }
}

/* A weight's values as kernels read them: the checkpoint's own where it holds such, else null. */
static const void *values_in_place(const struct network *network, enum weight weight,
                                   const struct model_weight *from)
{
    const bool usable = network->precision != PRECISION_FP64 && from->dtype == DTYPE_F32 &&
                        weight != W_A_LOG && (uintptr_t)from->data % sizeof(float) == 0;
    return usable ? from->data : NULL;
}

/* Null with an error: no memory. */
static void *allocate_converted(const struct network *network, enum weight weight,
                                const struct model_weight *from, struct error *error)
{
    return allocate(network->threads, (uint64_t)(from->rows * from->columns) * network->value_size,
                    weight_name(weight), error);
}

static struct convert_job convert_to(const struct network *network, enum weight weight,
                                     const struct model_weight *from, void *to)
{
    return (struct convert_job){from, network->precision == PRECISION_FP64, weight == W_A_LOG, to};
}

/* Null with an error: no memory. */
static void *convert(struct network *network, enum weight weight, const struct model_weight *from,
                     struct error *error)
{
    const double started = now_s();
    void *to = allocate_converted(network, weight, from, error);
    struct convert_job job = convert_to(network, weight, from, to);
    if (to)
        parallel_run(network->threads, convert_part, &job);
    network->packing_s += now_s() - started;
    return to;
}

static size_t weight_slot(const struct network *network, enum weight weight, int64_t layer)
{
    const int64_t row = !weight_in_layer(weight) ? network->model->shape.n_layer : network->held ? 0 : layer;
    return (size_t)row * WEIGHT_COUNT + (size_t)weight;
}

/* *values is null for a weight that the model does not have. */
static bool plain_values(struct network *network, enum weight weight, int64_t layer, const void **values,
                         struct error *error)
{
    const struct model_weight *from = model_weight(network->model, weight, layer);
    const void **kept = &network->weights[weight_slot(network, weight, layer)];
    if (!*kept && from->data)
        *kept = values_in_place(network, weight, from);
    if (!*kept && from->data) {
        void *to = network->held ? allocate_converted(network, weight, from, error)
                                 : convert(network, weight, from, error);
        if (!to)
            return false;
        *kept = network->converted[weight_slot(network, weight, layer)] = to;
        network->packed_bytes += (uint64_t)(from->rows * from->columns) * network->value_size;
    }
    *values = *kept;
    return true;
}

static bool calibrate(struct network *network, struct error *error);

struct network *network_create(const struct model *model, enum precision precision, int64_t batch,
                               int threads, struct error *error)
{
    const struct model_shape *shape = &model->shape;
    struct network *network = calloc(1, sizeof *network);
    if (!network) {
        error_set(error, STATUS_FAILED, "out of memory");
        return NULL;
    }
    const size_t slots = (size_t)(shape->n_layer + 1) * WEIGHT_COUNT;
    network->model = model;
    network->precision = precision;
    network->value_size = precision == PRECISION_FP64 ? sizeof(double) : sizeof(float);
    network->batch = batch;
    network->threads = threads;
    network->least_share_ns = least_share_ns;
    network->weights = calloc(slots, sizeof *network->weights);
    network->converted = calloc(slots, sizeof *network->converted);
    network->conv_state_size =
        round_up((size_t)(batch * (shape->d_conv - 1) * shape_conv_channels(shape)) * network->value_size);
    network->scan_state_size =
        round_up((size_t)(batch * shape->d_inner * shape->d_state) * network->value_size);
    bool ok = network->weights && network->converted;
    if (!ok)
        error_set(error, STATUS_FAILED, "out of memory");
    if (ok) {
        network->conv_states = allocate(threads, network->conv_state_size * (uint64_t)shape->n_layer,
                                        "the convolution state", error);
        network->scan_states =
            allocate(threads, network->scan_state_size * (uint64_t)shape->n_layer, "the scan state", error);
        ok = network->conv_states && network->scan_states;
    }
    ok = ok && (!precision_calibrated(precision) || calibrate(network, error));
    if (!ok) {
        network_destroy(network);
        return NULL;
    }
    return network;
}

void network_destroy(struct network *network)
{
    if (!network)
        return;
    const size_t slots = (size_t)(network->model->shape.n_layer + 1) * WEIGHT_COUNT;
    for (size_t i = 0; i < slots && network->converted; i++)
        free(network->converted[i]);
    for (size_t i = 0; i < network->n_packs; i++)
        free(network->packs[i].data);
    for (size_t i = 0; i < network->n_calibrated; i++)
        free(network->calibrated[i].values);
    free(network->calibrated);
    free(network->packs);
    free(network->converted);
    free(network->held);
    free(network->weights);
    free(network->conv_states);
    free(network->scan_states);
    free(network);
}

void network_prefer(struct network *network, const char *variant)
{
    network->variant = variant;
}

void network_least_share(struct network *network, double ns)
{
    network->least_share_ns = ns;
}

bool network_take_turns(struct network *network, struct error *error)
{
    network->held = malloc(WEIGHT_COUNT * sizeof *network->held);
    if (!network->held)
        return error_set(error, STATUS_FAILED, "out of memory");
    for (int w = 0; w < WEIGHT_COUNT; w++)
        network->held[w] = -1;
    return true;
}

static size_t conv_bytes(const struct network *network)
{
    return network->conv_state_size * (size_t)network->model->shape.n_layer;
}

static size_t scan_bytes(const struct network *network)
{
    return network->scan_state_size * (size_t)network->model->shape.n_layer;
}

void network_reset(struct network *network)
{
    memset(network->conv_states, 0, conv_bytes(network));
    memset(network->scan_states, 0, scan_bytes(network));
}

void *network_save(const struct network *network, struct error *error)
{
    char *saved = malloc(conv_bytes(network) + scan_bytes(network));
    if (!saved) {
        error_set(error, STATUS_FAILED, "out of memory");
        return NULL;
    }
    memcpy(saved, network->conv_states, conv_bytes(network));
    memcpy(saved + conv_bytes(network), network->scan_states, scan_bytes(network));
    return saved;
}

void network_restore(struct network *network, const void *saved)
{
    memcpy(network->conv_states, saved, conv_bytes(network));
    memcpy(network->scan_states, (const char *)saved + conv_bytes(network), scan_bytes(network));
}

uint64_t network_packed_bytes(const struct network *network)
{
    return network->packed_bytes;
}

double network_packing_s(const struct network *network)
{
    return network->packing_s;
}

struct call {
    kernel_fn *run;
    const void *args;
};

static void call_part(void *user, struct part part)
{
    const struct call *call = user;
    call->run(call->args, part);
}

static void set_pointer(char *args, size_t slot, const void *pointer)
{
    memcpy(args + slot, &pointer, sizeof pointer);
}

static void *find_packed(const struct network *network, const struct kernel *kernel, enum weight weight,
                         int64_t layer)
{
    for (size_t i = 0; i < network->n_packs; i++) {
        const struct packed_weight *pack = &network->packs[i];
        if (pack->pack == kernel->pack && pack->weight == weight && pack->layer == layer)
            return pack->data;
    }
    return NULL;
}

/* From args' plain values into memory that the network keeps. */
static bool pack(struct network *network, const struct kernel_family *family, const struct kernel *kernel,
                 enum weight weight, int64_t layer, char *args, struct error *error)
{
    const size_t bytes = kernel->packed_bytes(args);
    struct packed_weight *packs = realloc(network->packs, (network->n_packs + 1) * sizeof *packs);
    if (!packs)
        return error_set(error, STATUS_FAILED, "out of memory");
    network->packs = packs;
    const double started = now_s();
    void *data = allocate(network->threads, bytes, weight_name(weight), error);
    if (!data)
        return false;
    packs[network->n_packs++] = (struct packed_weight){kernel->pack, weight, layer, data};
    set_pointer(args, family->packed, data);
    parallel_run(network->threads, call_part, &(struct call){kernel->pack, args});
    network->packed_bytes += bytes;
    network->packing_s += now_s() - started;
    return true;
}

/* The weight of args in the kernel's own form. Its plain values stay where that costs no memory, and in the
 * first layer, where results are held against float64. */
static bool use_packed(struct network *network, const struct kernel_family *family,
                       const struct kernel *kernel, enum weight weight, int64_t layer, char *args,
                       struct error *error)
{
    const size_t slot = kernel_operand(family, "weight")->slot;
    const struct model_weight *from = model_weight(network->model, weight, layer);
    const void *values = values_in_place(network, weight, from);
    if (layer == 0 && !plain_values(network, weight, layer, &values, error))
        return false;
    set_pointer(args, slot, values);
    void *data = find_packed(network, kernel, weight, layer);
    if (data) {
        set_pointer(args, family->packed, data);
        return true;
    }
    void *temporary = values ? NULL : convert(network, weight, from, error);
    if (!values && !temporary)
        return false;
    set_pointer(args, slot, values ? values : temporary);
    const bool ok = pack(network, family, kernel, weight, layer, args, error);
    set_pointer(args, slot, values);
    free(temporary);
    return ok;
}

const struct kernel_family *family_for_group(const struct graph *graph, const struct group *group)
{
    if (group->n_stages == 1)
        return group->keeps_states ? NULL : graph->stages[group->stages[0]].family;
    for (int f = 0; kernel_families[f]; f++) {
        const struct kernel_family *family = kernel_families[f];
        bool covers = (kernel_operand(family, "states") != NULL) == group->keeps_states;
        for (int i = 0; i < group->n_stages && covers; i++)
            covers = i < FAMILY_MAX_STAGES && family->covers[i] &&
                     !strcmp(family->covers[i], graph->stages[group->stages[i]].name);
        if (covers && (group->n_stages == FAMILY_MAX_STAGES || !family->covers[group->n_stages]))
            return family;
    }
    return NULL;
}

/* Elements between rows of a tensor. Views of views of rows keep the root's row length. */
static int64_t tensor_stride(const struct graph *graph, int tensor)
{
    const struct tensor *t = &graph->tensors[tensor];
    return t->parent < 0 ? t->columns : t->row_step * tensor_stride(graph, t->parent);
}

/* What is made in place of it stands in the next layer's block when layers keep their own. */
static bool is_carried(const struct graph *graph, int tensor)
{
    for (int t = 0; t < graph->n_tensors; t++)
        if (graph->tensors[t].overwrites == tensor)
            return true;
    return false;
}

/* The data of a tensor for a stage at that place, in that layer. */
static char *tensor_data(const struct program *program, int tensor, enum place place, int64_t layer)
{
    const struct graph *graph = program->graph;
    const struct network *network = program->network;
    const struct tensor *t = &graph->tensors[tensor];
    if (t->parent >= 0) {
        return tensor_data(program, t->parent, place, layer) +
               (size_t)(t->first_row * tensor_stride(graph, t->parent) + t->first_column) *
                   network->value_size;
    }
    switch (t->role) {
    case TENSOR_WEIGHT:
        return (char *)network->weights[weight_slot(network, t->weight, layer)];
    case TENSOR_STATE:
        if (!strcmp(t->name, "conv.state"))
            return network->conv_states + (size_t)layer * network->conv_state_size;
        return network->scan_states + (size_t)layer * network->scan_state_size;
    default: {
        const struct blocks *blocks = &program->blocks[t->overwrites >= 0 ? t->overwrites : tensor];
        const int64_t index =
            (place == PLACE_AFTER && is_carried(graph, tensor) ? graph->shape.n_layer : layer) +
            (t->overwrites >= 0);
        return blocks->count > 1 ? blocks->data[index] : blocks->count ? blocks->data[0] : NULL;
    }
    }
}

/* The stage operand that a kernel's operand is in the unfused graph. */
static const struct stage_operand *bound_operand(const struct graph *graph, const struct group *group,
                                                 const struct kernel_operand *operand)
{
    for (int i = 0; i < group->n_stages; i++) {
        const struct stage *stage = &graph->stages[group->stages[i]];
        const size_t length = strlen(stage->name);
        const char *name = operand->name;
        if (group->n_stages > 1) {
            if (!operand->bind || strncmp(operand->bind, stage->name, length) || operand->bind[length] != '.')
                continue;
            name = operand->bind + length + 1;
        }
        for (int o = 0; o < stage->n_operands; o++)
            if (!strcmp(stage->operands[o].operand->name, name))
                return &stage->operands[o];
    }
    return NULL;
}

static bool set_dims(const struct graph *graph, const struct plan *plan, const struct group *group,
                     const struct kernel_family *family, char *args, struct error *error)
{
    for (int d = 0; d < family->n_dims; d++) {
        int64_t value = !strcmp(family->dims[d].name, "interval") ? plan->interval : -1;
        for (int i = 0; i < group->n_stages && value < 0; i++)
            value = stage_dim(&graph->stages[group->stages[i]], family->dims[d].name);
        if (value < 0)
            return error_set(error, STATUS_FAILED, "%s: no stage gives dim '%s'", family->name,
                             family->dims[d].name);
        kernel_set_dim(family, args, family->dims[d].name, value);
    }
    for (int p = 0; p < family->n_parameters; p++)
        for (int i = 0; i < group->n_stages; i++) {
            const struct stage *stage = &graph->stages[group->stages[i]];
            for (int q = 0; q < stage->n_parameters; q++)
                if (!strcmp(stage->parameters[q].name, family->parameters[p].name))
                    memcpy(args + family->parameters[p].offset, &stage->parameters[q].value, sizeof(double));
        }
    return true;
}

/* Of operands that the args struct says more of than their data: what is known before there is memory for
 * them. */
static bool set_strides(const struct graph *graph, const struct group *group,
                        const struct kernel_family *family, char *args, struct error *error)
{
    for (int o = 0; o < family->n_operands; o++) {
        const struct kernel_operand *operand = &family->operands[o];
        if (!strcmp(operand->name, "states"))
            continue;
        const struct stage_operand *bound = bound_operand(graph, group, operand);
        const int64_t elements = operand_rows(operand, args) * operand_row_length(operand, args);
        if (!bound) {
            if (operand->optional || elements == 0)
                continue;
            return error_set(error, STATUS_FAILED, "%s: no stage gives operand '%s'", family->name,
                             operand->name);
        }
        const struct tensor *tensor = &graph->tensors[bound->tensor];
        if (elements != tensor_elements(tensor))
            return error_set(error, STATUS_FAILED, "%s: operand '%s' has %lld elements, tensor %s has %lld",
                             family->name, operand->name, (long long)elements, tensor->name,
                             (long long)tensor_elements(tensor));
        const int64_t stride = tensor_stride(graph, bound->tensor);
        if (operand->row_axes)
            memcpy(args + operand->stride, &stride, sizeof stride);
        else if (stride != tensor->columns && tensor->rows > 1)
            return error_set(error, STATUS_FAILED, "%s: operand '%s' must be contiguous", family->name,
                             operand->name);
    }
    return true;
}

/* Set by set_weights, as a kernel may want it in another form. */
static bool may_be_packed(const struct kernel_family *family, const struct kernel_operand *operand)
{
    return family->packed && !strcmp(operand->name, "weight");
}

static bool set_operands(const struct program *program, const struct group *group,
                         const struct kernel_family *family, int64_t layer, char *args, struct error *error)
{
    const struct graph *graph = program->graph;
    for (int o = 0; o < family->n_operands; o++) {
        const struct kernel_operand *operand = &family->operands[o];
        if (!strcmp(operand->name, "states") && program->states.count)
            memcpy(args + operand->slot, &program->states.data[layer], sizeof(char *));
        const struct stage_operand *bound = bound_operand(graph, group, operand);
        if (!strcmp(operand->name, "states") || !bound || may_be_packed(family, operand))
            continue;
        const struct tensor *tensor = &graph->tensors[bound->tensor];
        const void *values;
        if (tensor->role == TENSOR_WEIGHT &&
            !plain_values(program->network, tensor->weight, layer, &values, error))
            return false;
        set_pointer(args, operand->slot, tensor_data(program, bound->tensor, group->place, layer));
    }
    return true;
}

static bool set_weights(struct program *program, const struct group *group, struct step *step, int64_t layers,
                        struct error *error)
{
    if (!step->family->packed)
        return true;
    const struct kernel_operand *operand = kernel_operand(step->family, "weight");
    const struct stage_operand *bound = bound_operand(program->graph, group, operand);
    const struct tensor *tensor = &program->graph->tensors[bound->tensor];
    for (int64_t layer = 0; layer < layers; layer++) {
        char *args = step->args + (size_t)layer * step->args_size;
        const void *values;
        if (step->kernel && step->kernel->packed_bytes) {
            if (!use_packed(program->network, step->family, step->kernel, tensor->weight, layer, args, error))
                return false;
        } else {
            if (!plain_values(program->network, tensor->weight, layer, &values, error))
                return false;
            set_pointer(args, operand->slot, values);
        }
    }
    return true;
}

static size_t scratch_bytes(const struct step *step)
{
    return step->kernel && step->kernel->scratch_bytes ? step->kernel->scratch_bytes(step->args, step->parts)
                                                       : 0;
}

/* The layers take turns with the scratch of a step. */
static bool use_scratch(const struct program *program, struct step *step, int64_t layers, struct error *error)
{
    const size_t bytes = scratch_bytes(step);
    char what[96];
    if (!bytes)
        return true;
    snprintf(what, sizeof what, "the scratch of %s", step->kernel->name);
    step->scratch = allocate(program->network->threads, bytes, what, error);
    for (int64_t layer = 0; layer < layers; layer++)
        memcpy(step->args + (size_t)layer * step->args_size + step->family->scratch, &step->scratch,
               sizeof step->scratch);
    return step->scratch != NULL;
}

/* What calibration knows of the operands of a group in a layer. */
static void set_samples(const struct program *program, const struct group *group,
                        const struct kernel_family *family, int64_t layer, struct kernel_sample *samples,
                        char *args)
{
    const struct network *network = program->network;
    for (int o = 0; o < family->n_operands; o++) {
        const struct stage_operand *bound = bound_operand(program->graph, group, &family->operands[o]);
        for (size_t i = 0; bound && i < network->n_calibrated; i++)
            if (network->calibrated[i].layer == layer &&
                !strcmp(network->calibrated[i].tensor, program->graph->tensors[bound->tensor].name))
                samples[o] = network->calibrated[i].sample;
    }
    memcpy(args + family->samples, &samples, sizeof samples);
}

/* Tensors that live only inside a fused kernel stay unmarked: they need no memory. */
static void mark_touched(const struct graph *graph, const struct group *group, bool written, bool *touched)
{
    const struct kernel_family *family = family_for_group(graph, group);
    for (int k = 0; family && k < family->n_operands; k++) {
        const struct stage_operand *bound = bound_operand(graph, group, &family->operands[k]);
        if (bound && strcmp(family->operands[k].name, "states") &&
            (!written || family->operands[k].role == OPERAND_OUTPUT))
            touched[tensor_root(graph, bound->tensor)] = true;
    }
}

static int maker(const struct graph *graph, int root)
{
    for (int s = 0; s < graph->n_stages; s++)
        for (int o = 0; o < graph->stages[s].n_operands; o++) {
            const struct stage_operand *operand = &graph->stages[s].operands[o];
            if (operand->operand->role == OPERAND_OUTPUT && tensor_root(graph, operand->tensor) == root)
                return s;
        }
    return -1;
}

/* A tensor that a backward stage needs and that the group's kernel keeps to itself; -1: none. */
static int kept_inside(const struct graph *graph, const struct plan *plan, const struct group *group)
{
    bool written[GRAPH_MAX_TENSORS] = {false}, read[GRAPH_MAX_TENSORS] = {false};
    mark_touched(graph, group, true, written);
    for (int g = 0; g < plan->n_groups; g++)
        if (plan->groups[g].backward)
            mark_touched(graph, &plan->groups[g], false, read);
    for (int i = 0; i < group->n_stages; i++) {
        const struct stage *stage = &graph->stages[group->stages[i]];
        for (int o = 0; o < stage->n_operands; o++) {
            const int root = tensor_root(graph, stage->operands[o].tensor);
            if (stage->operands[o].operand->role == OPERAND_OUTPUT && read[root] && !written[root] &&
                graph->tensors[root].role == TENSOR_ACTIVATION)
                return root;
        }
    }
    return -1;
}

static bool check_written(const struct graph *graph, const struct plan *plan, struct error *error)
{
    for (int g = 0; g < plan->n_groups; g++) {
        const int tensor = kept_inside(graph, plan, &plan->groups[g]);
        if (tensor >= 0)
            return error_set(
                error, STATUS_USAGE,
                "--fusion: %s keeps %s inside its kernel on cpu, and the backward pass reads it: "
                "let a group end with %s",
                plan->groups[g].name, graph->tensors[tensor].name, graph->stages[maker(graph, tensor)].name);
    }
    return true;
}

/* The stages that the family fuses, as a group of the plan. False: the graph lacks one, or an operand. */
static bool fused_group(const struct graph *graph, const struct plan *plan,
                        const struct kernel_family *family, struct group *group)
{
    *group = (struct group){.keeps_states = plan->kept > 0 && family_covers(family, "scan")};
    for (int i = 0; i < FAMILY_MAX_STAGES && family->covers[i]; i++) {
        const int stage = graph_stage(graph, family->covers[i]);
        if (stage < 0)
            return false;
        group->stages[group->n_stages++] = stage;
        const size_t used = strlen(group->name);
        snprintf(group->name + used, sizeof group->name - used, "%s%s", used ? "+" : "", family->covers[i]);
    }
    for (int o = 0; o < family->n_operands; o++)
        if (strcmp(family->operands[o].name, "states") && !family->operands[o].optional &&
            !bound_operand(graph, group, &family->operands[o]))
            return false;
    return group->n_stages > 1;
}

static bool has_algorithm(const struct graph *graph, const struct plan *plan, const struct group *group,
                          const struct kernel_family *family)
{
    struct error ignored = {0};
    char *args = calloc(1, family->args_size);
    const bool has = args && set_dims(graph, plan, group, family, args, &ignored) &&
                     (plan->precision == PRECISION_FP64 ||
                      kernel_choose_scan(family, args, plan->precision, plan->scan.algorithm));
    free(args);
    return has;
}

/* The fused kernels that this plan could take: "conv+silu, softplus+scan+skip". */
static void name_fused(const struct graph *graph, const struct plan *plan, char *names, size_t size)
{
    for (int f = 0; kernel_families[f]; f++) {
        const struct kernel_family *family = kernel_families[f];
        struct group group;
        const size_t used = strlen(names);
        if (fused_group(graph, plan, family, &group) && family_for_group(graph, &group) == family &&
            kept_inside(graph, plan, &group) < 0 && has_algorithm(graph, plan, &group, family))
            snprintf(names + used, size - used, "%s%s", used ? ", " : "", group.name);
    }
}

static bool prepare_family(struct program *program, int index, struct error *error)
{
    const struct group *group = &program->plan->groups[index];
    struct step *step = &program->steps[index];
    step->family = family_for_group(program->graph, group);
    if (!step->family) {
        char fused[384] = "";
        name_fused(program->graph, program->plan, fused, sizeof fused);
        return error_set(error, STATUS_USAGE, "--fusion: no kernel covers %s%s on cpu%s%s", group->name,
                         group->keeps_states ? " and keeps its states for the backward pass" : "",
                         *fused ? "; fused kernels cover " : "", fused);
    }
    return true;
}

/* What one thread takes for a group at the speed that a core's vector kernels have with data in its
 * second-level cache: 64 bytes, 32 operations or 2 of those that take many, in a nanosecond. Data from
 * further away and scalar kernels take longer, hence are shared too late, not too early. */
static double alone_ns(const struct group *group)
{
    const struct work *work = &group->work;
    const double moving = (double)(group->bytes_read + group->bytes_written) / 64;
    const double computing =
        (double)(work->mul + work->add) / 32 + (double)(work->exp + work->log + work->div) / 2;
    return fmax(moving, computing);
}

static int count_parts(const struct network *network, const struct group *group)
{
    const double shares = alone_ns(group) / network->least_share_ns;
    return shares < 2 ? 1 : shares < network->threads ? (int)shares : network->threads;
}

static int64_t layers_of(const struct graph *graph, const struct group *group)
{
    return group->place == PLACE_LAYER ? graph->shape.n_layer : 1;
}

/* All that follows from the shapes: before there is memory for tensors and weights. */
static bool choose_kernel(struct program *program, int index, struct error *error)
{
    const struct graph *graph = program->graph;
    const struct network *network = program->network;
    const struct plan *plan = program->plan;
    const struct group *group = &plan->groups[index];
    struct step *step = &program->steps[index];
    const int64_t layers = layers_of(graph, group);
    step->place = group->place;
    step->parts = count_parts(network, group);
    step->args_size = round_up(step->family->args_size);
    step->args =
        allocate(network->threads, step->args_size * (uint64_t)layers, "the list of kernel calls", error);
    if (!step->args)
        return false;
    for (int64_t layer = 0; layer < layers; layer++) {
        char *args = step->args + (size_t)layer * step->args_size;
        if (!set_dims(graph, plan, group, step->family, args, error) ||
            !set_strides(graph, group, step->family, args, error))
            return false;
        if (step->family->chunk && network->precision != PRECISION_FP64)
            memcpy(args + step->family->chunk, &plan->scan.chunk, sizeof plan->scan.chunk);
    }
    if (network->precision == PRECISION_FP64) {
        step->run[0] = step->family->reference_f64;
        return true;
    }
    if (network->variant)
        step->kernel = kernel_variant(step->family, network->variant, step->args, network->precision);
    if (!step->kernel)
        step->kernel = kernel_choose_scan(step->family, step->args, network->precision, plan->scan.algorithm);
    if (!step->kernel)
        return error_set(error, STATUS_USAGE, "--scan %s: no such kernel covers %s on cpu",
                         plan->values[CHOICE_SCAN], group->name);
    for (int phase = 0; phase < kernel_phases(step->kernel); phase++)
        step->run[phase] = kernel_phase(step->kernel, phase);
    return true;
}

static bool bind_step(struct program *program, int index, struct error *error)
{
    const struct network *network = program->network;
    const struct group *group = &program->plan->groups[index];
    struct step *step = &program->steps[index];
    const int64_t layers = layers_of(program->graph, group);
    const size_t operands = (size_t)step->family->n_operands;
    for (int64_t layer = 0; layer < layers; layer++)
        if (!set_operands(program, group, step->family, layer, step->args + (size_t)layer * step->args_size,
                          error))
            return false;
    if (network->n_calibrated && step->family->samples) {
        step->samples =
            allocate(network->threads, (uint64_t)layers * operands * sizeof *step->samples, "samples", error);
        if (!step->samples)
            return false;
        for (int64_t layer = 0; layer < layers; layer++)
            set_samples(program, group, step->family, layer, step->samples + (size_t)layer * operands,
                        step->args + (size_t)layer * step->args_size);
    }
    return use_scratch(program, step, layers, error) && set_weights(program, group, step, layers, error);
}

/* Whether each layer has one of its own, if it is kept. */
static bool is_of_layer(const struct graph *graph, int tensor)
{
    for (int s = 0; s < graph->n_stages; s++)
        for (int o = 0; o < graph->stages[s].n_operands; o++)
            if (graph->stages[s].place == PLACE_LAYER && graph->stages[s].operands[o].tensor == tensor)
                return true;
    return is_carried(graph, tensor);
}

/* How many blocks hold a root tensor. */
static int64_t count_blocks(const struct graph *graph, const struct plan *plan, int tensor)
{
    const struct tensor *t = &graph->tensors[tensor];
    if (t->role == TENSOR_WEIGHT_GRADIENT)
        return weight_in_layer(t->weight) ? graph->shape.n_layer : 1;
    if (!plan->saved[tensor])
        return 1;
    return (is_of_layer(graph, tensor) ? graph->shape.n_layer : 1) + is_carried(graph, tensor);
}

static bool allocate_blocks(int threads, struct blocks *blocks, int64_t count, uint64_t bytes,
                            const char *what, struct error *error)
{
    blocks->data = calloc((size_t)count, sizeof *blocks->data);
    if (!blocks->data)
        return error_set(error, STATUS_FAILED, "out of memory");
    for (; blocks->count < count; blocks->count++)
        if (!(blocks->data[blocks->count] = allocate(threads, bytes, what, error)))
            return false;
    return true;
}

static void free_blocks(struct blocks *blocks)
{
    for (int64_t i = 0; i < blocks->count; i++)
        free(blocks->data[i]);
    free(blocks->data);
}

static bool is_block(const struct graph *graph, const bool *touched, int tensor)
{
    const struct tensor *t = &graph->tensors[tensor];
    return touched[tensor] && t->overwrites < 0 && t->role != TENSOR_WEIGHT && t->role != TENSOR_STATE;
}

static uint64_t kept_states_bytes(const struct network *network, const struct graph *graph,
                                  const struct plan *plan)
{
    return (uint64_t)(graph->batch * plan->kept * graph->shape.d_inner * graph->shape.d_state) *
           network->value_size;
}

/* Memory that is about to be taken, and what takes most of it. */
struct need {
    double bytes, largest;
    double passing; /* the part of bytes that is given back soon */
    char name[96];
};

static void need_more(struct need *need, const char *name, double bytes)
{
    need->bytes += bytes;
    if (bytes > need->largest) {
        need->largest = bytes;
        snprintf(need->name, sizeof need->name, "%s", name);
    }
}

/* A weight that was converted or packed before, for this program or another of the network, takes nothing. */
static void need_weight(const struct program *program, int index, const struct kernel_operand *operand,
                        bool *counted, struct need *need)
{
    const struct network *network = program->network;
    const struct group *group = &program->plan->groups[index];
    const struct step *step = &program->steps[index];
    const struct stage_operand *bound = bound_operand(program->graph, group, operand);
    const struct tensor *tensor = bound ? &program->graph->tensors[bound->tensor] : NULL;
    double plain = 0, packed = 0;
    if (!tensor || tensor->role != TENSOR_WEIGHT)
        return;
    const bool packs = may_be_packed(step->family, operand) && step->kernel && step->kernel->packed_bytes;
    for (int64_t layer = 0; layer < layers_of(program->graph, group); layer++) {
        const size_t slot = weight_slot(network, tensor->weight, layer);
        const struct model_weight *from = model_weight(network->model, tensor->weight, layer);
        const bool there = network->weights[slot] || values_in_place(network, tensor->weight, from);
        const double bytes = there ? 0 : (double)(from->rows * from->columns) * (double)network->value_size;
        if (packs && !find_packed(network, step->kernel, tensor->weight, layer)) {
            packed += (double)step->kernel->packed_bytes(step->args);
            need->passing = fmax(need->passing, bytes);
        }
        if ((!packs || layer == 0) && !counted[slot]) {
            counted[slot] = true;
            plain += bytes;
        }
    }
    char name[64];
    snprintf(name, sizeof name, "'%s'", weight_name(tensor->weight));
    need_more(need, name, plain + packed);
}

static bool need_steps(const struct program *program, struct need *need, struct error *error)
{
    const size_t slots = (size_t)(program->graph->shape.n_layer + 1) * WEIGHT_COUNT;
    bool *counted = calloc(slots, sizeof *counted);
    if (!counted)
        return error_set(error, STATUS_FAILED, "out of memory");
    for (int g = 0; g < program->plan->n_groups; g++) {
        const struct step *step = &program->steps[g];
        if (!step->args)
            continue;
        for (int o = 0; o < step->family->n_operands; o++)
            need_weight(program, g, &step->family->operands[o], counted, need);
        char name[96] = "";
        if (step->kernel)
            snprintf(name, sizeof name, "the scratch of %.64s", step->kernel->name);
        need_more(need, name, (double)scratch_bytes(step));
    }
    free(counted);
    return true;
}

static bool need_suffices(const struct need *need, struct error *error)
{
    const double bytes = need->bytes + need->passing;
    return memory_suffices((uint64_t)fmin(bytes, 1e18)) ||
           error_set(
               error, STATUS_UNAVAILABLE,
               "tensors, weights and scratch need %.1f GB of memory (the largest, %s, %.1f GB), %.1f GB "
               "are available: reduce --batch, --seqlen or --layers",
               bytes / 1e9, need->name, need->largest / 1e9, (double)memory_available() / 1e9);
}

/* Before any is touched: filling what is there takes minutes, and helps nobody when it does not suffice. */
static bool check_memory(struct program *program, const bool *touched, struct error *error)
{
    const struct network *network = program->network;
    const struct graph *graph = program->graph;
    const struct plan *plan = program->plan;
    struct need need = {0};
    if (plan->kept)
        need_more(&need, "what --recompute keeps of the states",
                  (double)kept_states_bytes(network, graph, plan) * (double)graph->shape.n_layer);
    for (int i = 0; i < graph->n_tensors; i++) {
        char name[64];
        if (!is_block(graph, touched, i))
            continue;
        snprintf(name, sizeof name, "'%.60s'", graph->tensors[i].name);
        need_more(&need, name,
                  (double)tensor_elements(&graph->tensors[i]) * (double)network->value_size *
                      (double)count_blocks(graph, plan, i));
    }
    if (!need_steps(program, &need, error))
        return false;
    program->foreseen = (uint64_t)fmin(need.bytes, 1e18);
    return need_suffices(&need, error);
}

static struct program *create(struct network *network, const struct graph *graph, const struct plan *plan,
                              uint64_t groups, struct error *error)
{
    struct program *program = calloc(1, sizeof *program);
    if (!program) {
        error_set(error, STATUS_FAILED, "out of memory");
        return NULL;
    }
    program->network = network;
    program->graph = graph;
    program->plan = plan;
    bool ok = graph->batch == network->batch ||
              error_set(error, STATUS_FAILED, "program and network differ in batch");
    bool touched[GRAPH_MAX_TENSORS] = {false};
    for (int g = 0; g < plan->n_groups; g++)
        if (groups >> g & 1)
            mark_touched(graph, &plan->groups[g], false, touched);
    /* Of all groups, also where only some are made: a plan that cannot run has no parts either. */
    for (int g = 0; g < plan->n_groups && ok; g++)
        ok = prepare_family(program, g, error);
    ok = ok && check_written(graph, plan, error);
    for (int g = 0; g < plan->n_groups && ok; g++)
        ok = !(groups >> g & 1) || choose_kernel(program, g, error);
    ok = ok && check_memory(program, touched, error);
    if (ok && plan->kept)
        ok = allocate_blocks(network->threads, &program->states, graph->shape.n_layer,
                             kept_states_bytes(network, graph, plan), "what --recompute keeps of the states",
                             error);
    for (int i = 0; i < graph->n_tensors && ok; i++) {
        const struct tensor *t = &graph->tensors[i];
        if (!is_block(graph, touched, i))
            continue;
        char what[64];
        snprintf(what, sizeof what, "tensor '%s'", t->name);
        ok = allocate_blocks(network->threads, &program->blocks[i], count_blocks(graph, plan, i),
                             (uint64_t)tensor_elements(t) * network->value_size, what, error);
    }
    for (int g = 0; g < plan->n_groups && ok; g++)
        ok = !(groups >> g & 1) || bind_step(program, g, error);
    if (!ok) {
        program_destroy(program);
        return NULL;
    }
    return program;
}

struct program *program_create(struct network *network, const struct graph *graph, const struct plan *plan,
                               struct error *error)
{
    return create(network, graph, plan, UINT64_MAX, error);
}

/* A tensor, or a view of one, in the range of the operand that it is read as. */
static void fill_tensor(struct program *program, int tensor, const struct kernel_operand *operand,
                        uint64_t seed)
{
    const struct graph *graph = program->graph;
    const struct tensor *t = &graph->tensors[tensor];
    const int64_t stride = tensor_stride(graph, tensor);
    char *data = tensor_data(program, tensor, PLACE_LAYER, 0);
    for (int64_t r = 0; r < t->rows; r++)
        for (int64_t c = 0; c < t->columns; c++) {
            const uint64_t bits = scatter(scatter(seed + (uint64_t)tensor) + (uint64_t)(r * t->columns + c));
            const double value = operand->lo + (operand->hi - operand->lo) * (double)(bits >> 11) * 0x1p-53;
            if (program->network->precision == PRECISION_FP64)
                ((double *)data)[r * stride + c] = value;
            else
                ((float *)data)[r * stride + c] = (float)value;
        }
}

struct program *program_create_part(struct network *network, const struct graph *graph,
                                    const struct plan *plan, uint64_t groups, uint64_t seed,
                                    struct error *error)
{
    struct program *program = create(network, graph, plan, groups, error);
    bool made[GRAPH_MAX_TENSORS] = {false};
    for (int g = 0; program && g < plan->n_groups; g++)
        for (int o = 0; groups >> g & 1 && o < program->steps[g].family->n_operands; o++) {
            const struct kernel_operand *operand = &program->steps[g].family->operands[o];
            const struct stage_operand *bound = bound_operand(graph, &plan->groups[g], operand);
            const int root = bound ? tensor_root(graph, bound->tensor) : 0;
            if (bound && operand->role == OPERAND_OUTPUT)
                made[root] = true;
            else if (bound && operand->role == OPERAND_INPUT && operand->type == OPERAND_REAL && !made[root])
                fill_tensor(program, bound->tensor, operand, seed);
        }
    return program;
}

void program_destroy(struct program *program)
{
    if (!program)
        return;
    for (int i = 0; i < GRAPH_MAX_TENSORS; i++)
        free_blocks(&program->blocks[i]);
    free_blocks(&program->states);
    for (int g = 0; g < GRAPH_MAX_STAGES; g++) {
        free(program->steps[g].args);
        free(program->steps[g].scratch);
        free(program->steps[g].samples);
    }
    free(program);
}

struct program_memory program_memory(const struct program *program)
{
    struct program_memory memory = {.foreseen = program->foreseen};
    for (int t = 0; t <= GRAPH_MAX_TENSORS; t++) {
        const bool states = t == GRAPH_MAX_TENSORS;
        const struct blocks *blocks = states ? &program->states : &program->blocks[t];
        const bool saved = states || program->plan->saved[t];
        const bool of_layer = states || is_of_layer(program->graph, t);
        for (int64_t i = 0; i < blocks->count; i++) {
            const uint64_t bytes = malloc_usable_size(blocks->data[i]);
            memory.saved += saved ? bytes : 0;
            memory.layer_saved += saved && of_layer && i == 0 ? bytes : 0;
            memory.working += saved ? 0 : bytes;
        }
    }
    for (int g = 0; g < GRAPH_MAX_STAGES; g++)
        memory.working += malloc_usable_size(program->steps[g].scratch);
    return memory;
}

const struct plan *program_plan(const struct program *program)
{
    return program->plan;
}

const struct kernel *program_kernel(const struct program *program, int group)
{
    return program->steps[group].kernel;
}

const struct kernel_family *program_family(const struct program *program, int group)
{
    return program->steps[group].family;
}

int program_parts(const struct program *program, int group)
{
    return program->steps[group].parts;
}

const void *program_args(const struct program *program, int group, int64_t layer)
{
    const struct step *step = &program->steps[group];
    return step->args + (step->place == PLACE_LAYER ? (size_t)layer * step->args_size : 0);
}

int program_operand_tensor(const struct program *program, int group, const struct kernel_operand *operand)
{
    const struct stage_operand *bound = bound_operand(program->graph, &program->plan->groups[group], operand);
    return bound ? bound->tensor : -1;
}

bool program_set_ids(struct program *program, const int32_t *ids, struct error *error)
{
    const struct graph *graph = program->graph;
    const int tensor = graph_tensor(graph, "ids");
    if (tensor < 0)
        return error_set(error, STATUS_USAGE, "model '%s' takes features, not token ids", graph->shape.name);
    const int64_t count = graph->tensors[tensor].columns;
    for (int64_t i = 0; i < count; i++)
        if (ids[i] < 0 || ids[i] >= graph->shape.vocab)
            return error_set(error, STATUS_USAGE, "token %lld is %d: ids must be from 0 to %lld",
                             (long long)i, ids[i], (long long)graph->shape.vocab - 1);
    if (program->blocks[tensor].count)
        memcpy(program->blocks[tensor].data[0], ids, (size_t)count * sizeof *ids);
    return true;
}

static void set_input(struct program *program, const char *name, int64_t first, int64_t count,
                      const float *values)
{
    const int tensor = graph_tensor(program->graph, name);
    char *data = program->blocks[tensor].count ? program->blocks[tensor].data[0] : NULL;
    for (int64_t i = 0; data && i < count; i++)
        if (program->network->precision == PRECISION_FP64)
            ((double *)data)[first + i] = values[i];
        else
            ((float *)data)[first + i] = values[i];
}

void program_set_features(struct program *program, const float *features)
{
    set_input(program, "features", 0, tensor_elements(program_tensor(program, "features")), features);
}

void program_set_logits_gradient(struct program *program, int64_t first, int64_t count, const float *values)
{
    set_input(program, "d_logits", first, count, values);
}

/* The weights of a layer into the memory that all layers share. */
static void convert_layer(struct program *program, int group, int64_t layer, struct team *team,
                          struct part part)
{
    struct network *network = program->network;
    const struct step *step = &program->steps[group];
    for (int o = 0; network->held && o < step->family->n_operands; o++) {
        const struct stage_operand *bound =
            bound_operand(program->graph, &program->plan->groups[group], &step->family->operands[o]);
        const struct tensor *tensor = bound ? &program->graph->tensors[bound->tensor] : NULL;
        if (!tensor || tensor->role != TENSOR_WEIGHT || network->held[tensor->weight] == layer)
            continue;
        team_settle(team);
        void *to = network->converted[weight_slot(network, tensor->weight, layer)];
        struct convert_job job =
            convert_to(network, tensor->weight, model_weight(network->model, tensor->weight, layer), to);
        if (to)
            convert_part(&job, part);
        team_barrier(team);
        if (part.index == 0)
            network->held[tensor->weight] = layer;
        team_barrier(team);
    }
}

void program_stop_when(struct program *program, bool (*asks)(void))
{
    program->asks = asks;
}

bool program_stopped(const struct program *program)
{
    return program->stopped;
}

/* The same on all threads. */
static bool is_stopped(struct program *program, struct team *team, struct part part)
{
    if (program->stopped || !program->asks)
        return program->stopped;
    team_barrier(team);
    if (part.index == 0)
        program->stopped = program->asks();
    team_barrier(team);
    return program->stopped;
}

void program_run_group(struct program *program, int group, int64_t layer, struct team *team, struct part part)
{
    const struct step *step = &program->steps[group];
    if (is_stopped(program, team, part))
        return;
    convert_layer(program, group, layer, team, part);
    const void *args = program_args(program, group, layer);
    const struct part share = {part.index, part.count < step->parts ? part.count : step->parts};
    if (share.count == 1) {
        const bool mine = team_alone(part);
        for (int phase = 0; mine && phase < KERNEL_MAX_PHASES && step->run[phase]; phase++)
            step->run[phase](args, share);
        return;
    }
    team_settle(team);
    for (int phase = 0; phase < KERNEL_MAX_PHASES && step->run[phase]; phase++) {
        if (share.index < share.count)
            step->run[phase](args, share);
        team_barrier(team);
    }
}

static void run_place(struct program *program, enum place place, bool backward, int64_t layer,
                      struct team *team, struct part part)
{
    for (int g = 0; g < program->plan->n_groups; g++)
        if (program->steps[g].place == place && program->plan->groups[g].backward == backward)
            program_run_group(program, g, layer, team, part);
}

static void zero_share(char *data, size_t bytes, struct part part)
{
    const struct range share = part_range(part, (int64_t)bytes, ALIGNMENT);
    memset(data + share.begin, 0, (size_t)(share.end - share.begin));
}

/* Each sequence of training starts a new text. */
static void zero_states(struct program *program, int64_t layer, struct team *team, struct part part)
{
    const struct network *network = program->network;
    if (program->graph->phase != PHASE_TRAIN)
        return;
    team_settle(team);
    zero_share(network->conv_states + (size_t)layer * network->conv_state_size, network->conv_state_size,
               part);
    zero_share(network->scan_states + (size_t)layer * network->scan_state_size, network->scan_state_size,
               part);
    team_barrier(team);
}

void program_run_before(struct program *program, struct team *team, struct part part)
{
    run_place(program, PLACE_BEFORE, false, 0, team, part);
}

void program_run_layer(struct program *program, int64_t layer, struct team *team, struct part part)
{
    zero_states(program, layer, team, part);
    run_place(program, PLACE_LAYER, false, layer, team, part);
}

void program_run_after(struct program *program, struct team *team, struct part part)
{
    run_place(program, PLACE_AFTER, false, 0, team, part);
}

void program_run_backward_after(struct program *program, struct team *team, struct part part)
{
    run_place(program, PLACE_AFTER, true, 0, team, part);
}

void program_run_backward_layer(struct program *program, int64_t layer, struct team *team, struct part part)
{
    zero_states(program, layer, team, part);
    for (int g = 0; g < program->plan->n_groups; g++)
        if (program->plan->groups[g].rebuilt)
            program_run_group(program, g, layer, team, part);
    run_place(program, PLACE_LAYER, true, layer, team, part);
}

void program_run_backward(struct program *program, struct team *team, struct part part)
{
    program_run_backward_after(program, team, part);
    for (int64_t layer = program->graph->shape.n_layer - 1; layer >= 0; layer--)
        program_run_backward_layer(program, layer, team, part);
    run_place(program, PLACE_BEFORE, true, 0, team, part);
}

void program_run(struct program *program, struct team *team, struct part part)
{
    program_run_before(program, team, part);
    for (int64_t layer = 0; layer < program->graph->shape.n_layer; layer++)
        program_run_layer(program, layer, team, part);
    program_run_after(program, team, part);
    if (program->graph->phase == PHASE_TRAIN)
        program_run_backward(program, team, part);
}

const struct tensor *program_tensor(const struct program *program, const char *tensor)
{
    const int index = graph_tensor(program->graph, tensor);
    return index < 0 ? NULL : &program->graph->tensors[index];
}

bool program_read(const struct program *program, const char *tensor, double *values)
{
    return program_read_layer(program, tensor, 0, values);
}

bool program_read_layer(const struct program *program, const char *tensor, int64_t layer, double *values)
{
    const int index = graph_tensor(program->graph, tensor);
    if (index < 0)
        return false;
    const struct tensor *t = &program->graph->tensors[index];
    const char *data = tensor_data(program, index, PLACE_LAYER, layer);
    const int64_t stride = tensor_stride(program->graph, index);
    if (!data || t->index)
        return false;
    for (int64_t r = 0; r < t->rows; r++)
        for (int64_t c = 0; c < t->columns; c++) {
            const int64_t i = r * stride + c;
            values[r * t->columns + c] = program->network->precision == PRECISION_FP64
                                             ? ((const double *)data)[i]
                                             : ((const float *)data)[i];
        }
    return true;
}

bool program_logits(const struct program *program, double *logits, struct error *error)
{
    const struct tensor *tensor = program_tensor(program, "logits");
    if (!tensor || !program_read(program, "logits", logits))
        return error_set(error, STATUS_FAILED, "the program has no logits to read");
    for (int64_t i = 0; i < tensor->rows * tensor->columns; i++)
        if (!isfinite(logits[i]))
            return error_set(error, STATUS_FAILED,
                             "logit %" PRId64 " of token %" PRId64 " is %g; logits must be finite",
                             i % tensor->columns, i / tensor->columns, logits[i]);
    return true;
}

static bool is_projection(const struct stage *stage)
{
    return !strcmp(stage->family->name, "matmul");
}

/* Keeps the largest magnitude of a tensor, and all of it where a projection reads it. */
static bool keep_tensor(struct network *network, const struct program *program, int tensor, int64_t layer,
                        bool whole, struct error *error)
{
    const struct tensor *t = &program->graph->tensors[tensor];
    for (size_t i = 0; i < network->n_calibrated; i++)
        if (network->calibrated[i].layer == layer && !strcmp(network->calibrated[i].tensor, t->name) &&
            (!whole || network->calibrated[i].values))
            return true;
    struct calibrated *list =
        realloc(network->calibrated, (network->n_calibrated + 1) * sizeof *network->calibrated);
    if (!list)
        return error_set(error, STATUS_FAILED, "out of memory");
    network->calibrated = list;
    struct calibrated *kept = &list[network->n_calibrated++];
    *kept = (struct calibrated){.tensor = t->name, .layer = layer, .sample = {.rows = t->rows}};
    const int64_t stride = tensor_stride(program->graph, tensor);
    const float *data = (const float *)(const void *)tensor_data(program, tensor, PLACE_LAYER, layer);
    if (whole && !(kept->values = malloc((size_t)tensor_elements(t) * sizeof *kept->values)))
        return error_set(error, STATUS_FAILED, "out of memory");
    for (int64_t r = 0; r < t->rows; r++)
        for (int64_t c = 0; c < t->columns; c++) {
            const float value = data[r * stride + c];
            if (whole)
                kept->values[r * t->columns + c] = value;
            if (isfinite(value) && fabsf(value) > kept->sample.largest)
                kept->sample.largest = fabsf(value);
        }
    kept->sample.values = kept->values;
    return true;
}

static bool calibrate_group(struct network *network, struct program *program, int g, int64_t layer,
                            struct error *error)
{
    const struct graph *graph = program->graph;
    const struct stage *stage = &graph->stages[program->plan->groups[g].stages[0]];
    const bool projection = is_projection(stage);
    /* Before the stage runs, since one may work in place. */
    for (int o = 0; o < stage->n_operands; o++) {
        const struct tensor *tensor = &graph->tensors[stage->operands[o].tensor];
        if (tensor->role != TENSOR_WEIGHT && !tensor->index &&
            stage->operands[o].operand->role == OPERAND_INPUT &&
            !keep_tensor(network, program, stage->operands[o].tensor, layer, projection, error))
            return false;
    }
    for (int phase = 0; phase < KERNEL_MAX_PHASES && program->steps[g].run[phase]; phase++)
        parallel_run(program->steps[g].parts, call_part,
                     &(struct call){program->steps[g].run[phase], program_args(program, g, layer)});
    for (int o = 0; o < stage->n_operands; o++)
        if (stage->operands[o].operand->role != OPERAND_INPUT &&
            stage->operands[o].operand->role != OPERAND_WEIGHT &&
            !keep_tensor(network, program, stage->operands[o].tensor, layer, false, error))
            return false;
    return true;
}

/* Seeded tokens from the whole vocabulary, or features as images have them. */
static bool set_calibration_input(struct program *program, int64_t tokens, struct error *error)
{
    const struct model_shape *shape = &program->graph->shape;
    const int64_t count = tokens * (shape->vocab ? 1 : shape->input_size);
    union {
        int32_t id;
        float feature;
    } *values = calloc((size_t)count, sizeof *values);
    if (!values)
        return error_set(error, STATUS_FAILED, "out of memory");
    for (int64_t i = 0; i < count; i++) {
        const uint64_t bits = scatter(UINT64_C(0x63616c6962726174) + (uint64_t)i);
        if (shape->vocab)
            values[i].id = (int32_t)(bits % (uint64_t)shape->vocab);
        else
            values[i].feature =
                (float)(((double)(bits >> 40) * 0x1p-24 - shape->input_mean) / shape->input_std);
    }
    bool ok = true;
    if (shape->vocab)
        ok = program_set_ids(program, &values->id, error);
    else
        program_set_features(program, &values->feature);
    free(values);
    return ok;
}

/* Of the values that projections read, which keep_tensor keeps. */
static bool check_calibration(const struct graph *graph, struct error *error)
{
    struct need need = {0};
    for (int s = 0; s < graph->n_stages; s++) {
        const struct stage *stage = &graph->stages[s];
        for (int o = 0; o < stage->n_operands && is_projection(stage); o++) {
            const struct tensor *tensor = &graph->tensors[stage->operands[o].tensor];
            if (stage->operands[o].operand->role == OPERAND_INPUT && !tensor->index)
                need_more(&need, "what calibration keeps",
                          (double)(tensor_elements(tensor) * stage_repeats(graph, stage)) * sizeof(float));
        }
    }
    return need_suffices(&need, error);
}

/* Runs the model in fp32, stage by stage, and keeps what lower precisions choose their scales from. */
static bool calibrate(struct network *network, struct error *error)
{
    enum { TOKENS = 256 };
    struct graph *graph = malloc(sizeof *graph);
    struct plan *plan = malloc(sizeof *plan);
    struct network *exact = NULL;
    struct program *program = NULL;
    bool ok = (graph && plan) || error_set(error, STATUS_FAILED, "out of memory");
    ok = ok && graph_build(&network->model->shape, PHASE_PREFILL, 1, TOKENS, true, graph, error) &&
         plan_build(graph, plan_fusing("none", PRECISION_FP32), plan, error) &&
         check_calibration(graph, error) &&
         (exact = network_create(network->model, PRECISION_FP32, 1, network->threads, error)) &&
         (program = program_create(exact, graph, plan, error)) &&
         set_calibration_input(program, TOKENS, error);
    static const enum place places[] = {PLACE_BEFORE, PLACE_LAYER, PLACE_AFTER};
    for (int p = 0; p < COUNT_OF(places) && ok; p++)
        for (int64_t layer = 0; layer < (places[p] == PLACE_LAYER ? graph->shape.n_layer : 1) && ok; layer++)
            for (int g = 0; g < plan->n_groups && ok; g++)
                if (plan->groups[g].place == places[p])
                    ok = calibrate_group(network, program, g, layer, error);
    program_destroy(program);
    network_destroy(exact);
    free(graph);
    free(plan);
    return ok;
}
