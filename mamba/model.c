/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "mamba/model.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mamba/memory.h"
#include "mamba/parallel.h"
#include "mamba/random.h"

/* Names of the tensors in a file; a star stands for the layer. */
struct tensor_names {
    const char *mamba;
    const char *mamba2; /* null: as in Mamba-1 */
    const char *also;   /* another name for it that is about */
    const char *classifier;
};

static const struct tensor_names tensor_names[WEIGHT_COUNT] = {
    [W_EMBED] = {.mamba = "backbone.embeddings.weight", .also = "backbone.embedding.weight"},
    [W_INPUT_PROJ] = {.classifier = "input_proj.weight"},
    [W_INPUT_BIAS] = {.classifier = "input_proj.bias"},
    [W_NORM] = {.mamba = "backbone.layers.*.norm.weight", .classifier = "layers.*.norm.weight"},
    [W_IN_PROJ] = {.mamba = "backbone.layers.*.mixer.in_proj.weight",
                   .classifier = "layers.*.mamba.in_proj.weight"},
    [W_IN_BIAS] = {.mamba = "backbone.layers.*.mixer.in_proj.bias",
                   .classifier = "layers.*.mamba.in_proj.bias"},
    [W_CONV] = {.mamba = "backbone.layers.*.mixer.conv1d.weight",
                .classifier = "layers.*.mamba.conv1d.weight"},
    [W_CONV_BIAS] = {.mamba = "backbone.layers.*.mixer.conv1d.bias",
                     .classifier = "layers.*.mamba.conv1d.bias"},
    [W_X_PROJ] = {.mamba = "backbone.layers.*.mixer.x_proj.weight",
                  .classifier = "layers.*.mamba.x_proj.weight"},
    [W_DT_PROJ] = {.mamba = "backbone.layers.*.mixer.dt_proj.weight",
                   .classifier = "layers.*.mamba.dt_proj.weight"},
    [W_DT_BIAS] = {.mamba = "backbone.layers.*.mixer.dt_proj.bias",
                   .mamba2 = "backbone.layers.*.mixer.dt_bias",
                   .classifier = "layers.*.mamba.dt_proj.bias"},
    [W_A_LOG] = {.mamba = "backbone.layers.*.mixer.A_log", .classifier = "layers.*.mamba.A_log"},
    [W_D] = {.mamba = "backbone.layers.*.mixer.D", .classifier = "layers.*.mamba.D"},
    [W_GATE_NORM] = {.mamba = "backbone.layers.*.mixer.norm.weight"},
    [W_OUT_PROJ] = {.mamba = "backbone.layers.*.mixer.out_proj.weight",
                    .classifier = "layers.*.mamba.out_proj.weight"},
    [W_OUT_BIAS] = {.mamba = "backbone.layers.*.mixer.out_proj.bias",
                    .classifier = "layers.*.mamba.out_proj.bias"},
    [W_FINAL_NORM] = {.mamba = "backbone.norm_f.weight", .classifier = "norm_f.weight"},
    [W_HEAD] = {.mamba = "lm_head.weight", .classifier = "output_head.weight"},
    [W_HEAD_BIAS] = {.mamba = "lm_head.bias", .classifier = "output_head.bias"},
};

enum { TENSOR_NAME_SIZE = 96 };

static void expand_name(const char *pattern, int64_t layer, char name[TENSOR_NAME_SIZE])
{
    const char *star = strchr(pattern, '*');
    if (star)
        snprintf(name, TENSOR_NAME_SIZE, "%.*s%" PRId64 "%s", (int)(star - pattern), pattern, layer,
                 star + 1);
    else
        snprintf(name, TENSOR_NAME_SIZE, "%s", pattern);
}

static const char *name_pattern(const struct model_shape *shape, enum weight weight)
{
    const struct tensor_names *names = &tensor_names[weight];
    if (shape->input_size)
        return names->classifier;
    return shape->arch == ARCH_MAMBA2 && names->mamba2 ? names->mamba2 : names->mamba;
}

static struct model_weight *weight_slot(const struct model *model, enum weight weight, int64_t layer)
{
    int64_t row = weight_in_layer(weight) ? layer : model->shape.n_layer;
    return &model->weights[row * WEIGHT_COUNT + weight];
}

static bool allocate_slots(struct model *model, struct error *error)
{
    model->weights = calloc((size_t)(model->shape.n_layer + 1) * WEIGHT_COUNT, sizeof *model->weights);
    if (!model->weights)
        return error_set(error, STATUS_FAILED, "no memory for the weights of %" PRId64 " layers",
                         model->shape.n_layer);
    return true;
}

/* A checkpoint under reading. */
struct checkpoint {
    const char *folder;
    char index_path[PATH_MAX];
    json_t *index;        /* the whole index file, null when the checkpoint is one file */
    const json_t *places; /* its weight_map: tensor name to file name */
    struct model *model;
    struct error *error;
};

static bool join(const char *folder, const char *file, char path[PATH_MAX], struct error *error)
{
    int length = snprintf(path, PATH_MAX, "%s/%s", folder, file);
    if (length >= 0 && length < PATH_MAX)
        return true;
    return error_set(error, STATUS_USAGE, "the path of %.40s in %.100s... has more than %d bytes", file,
                     folder, PATH_MAX - 1);
}

/* Opens a shard, or finds it open already. */
static const struct safetensors *open_shard(struct checkpoint *checkpoint, const char *name)
{
    struct model *model = checkpoint->model;
    char path[PATH_MAX];
    if (!join(checkpoint->folder, name, path, checkpoint->error))
        return NULL;
    for (size_t i = 0; i < model->n_files; i++)
        if (strcmp(model->files[i].path, path) == 0)
            return &model->files[i];
    struct safetensors *files = realloc(model->files, (model->n_files + 1) * sizeof *files);
    if (!files) {
        error_set(checkpoint->error, STATUS_FAILED, "%s: no memory", path);
        return NULL;
    }
    model->files = files;
    if (!safetensors_open(path, &files[model->n_files], checkpoint->error))
        return NULL;
    return &files[model->n_files++];
}

static bool plain_file_name(const char *name)
{
    return name && *name && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static bool read_index(struct checkpoint *checkpoint)
{
    json_error_t problem;
    const char *path = checkpoint->index_path;
    checkpoint->index = json_load_file(path, JSON_REJECT_DUPLICATES, &problem);
    if (!checkpoint->index)
        return error_set(checkpoint->error, STATUS_USAGE, "%s: line %d: not JSON: %s", path, problem.line,
                         problem.text);
    checkpoint->places = json_object_get(checkpoint->index, "weight_map");
    if (!json_is_object(checkpoint->places))
        return error_set(checkpoint->error, STATUS_USAGE,
                         "%s: missing key 'weight_map' (an object: tensor to file)", path);
    const char *tensor;
    json_t *file;
    json_object_foreach((json_t *)checkpoint->places, tensor, file) if (
        !plain_file_name(
            json_string_value(file))) return error_set(checkpoint->error, STATUS_USAGE,
                                                       "%s: weight_map: the file of tensor '%.100s' must be "
                                                       "a plain file name in the same folder",
                                                       path, tensor);
    return true;
}

/* Finds which of the checkpoint's files holds a tensor. Returns false on an error; *tensor is null when the
 * checkpoint does not have it. */
static bool find_tensor(struct checkpoint *checkpoint, const char *name, const struct safetensor **tensor,
                        const char **path)
{
    const struct safetensors *file = checkpoint->model->files;
    *tensor = NULL;
    *path = checkpoint->places ? checkpoint->index_path : file->path;
    if (checkpoint->places) {
        const char *shard = json_string_value(json_object_get(checkpoint->places, name));
        if (!shard)
            return true;
        file = open_shard(checkpoint, shard);
        if (!file)
            return false;
        *path = file->path;
        *tensor = safetensors_find(file, name);
        return *tensor || error_set(checkpoint->error, STATUS_USAGE,
                                    "%s: no tensor '%s', which model.safetensors.index.json places there",
                                    file->path, name);
    }
    *tensor = safetensors_find(file, name);
    return true;
}

static void describe_shape(const struct safetensor *tensor, char *text, size_t size)
{
    size_t used = (size_t)snprintf(text, size, "[");
    for (int i = 0; i < tensor->axes && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%" PRId64, i ? ", " : "", tensor->shape[i]);
    if (used < size)
        snprintf(text + used, size - used, "]");
}

static bool take_tensor(const char *path, const struct safetensor *tensor, enum weight weight,
                        struct model_weight *slot, struct error *error)
{
    const int64_t *got = tensor->shape, rows = slot->rows, columns = slot->columns;
    bool vector = rows == 1 && tensor->axes == 1 && got[0] == columns;
    bool matrix = tensor->axes == 2 && got[0] == rows && got[1] == columns;
    bool conv = weight == W_CONV && tensor->axes == 3 && got[0] == rows && got[1] == 1 && got[2] == columns;
    if (!vector && !matrix && !conv) {
        char shape[TENSOR_MAX_AXES * 24], wanted[64];
        describe_shape(tensor, shape, sizeof shape);
        if (weight == W_CONV)
            snprintf(wanted, sizeof wanted, "[%" PRId64 ", 1, %" PRId64 "]", rows, columns);
        else if (rows == 1)
            snprintf(wanted, sizeof wanted, "[%" PRId64 "]", columns);
        else
            snprintf(wanted, sizeof wanted, "[%" PRId64 ", %" PRId64 "]", rows, columns);
        return error_set(error, STATUS_USAGE, "%s: tensor '%s' has shape %s; config.json makes it %s", path,
                         tensor->name, shape, wanted);
    }
    if (tensor->dtype != DTYPE_F32 && tensor->dtype != DTYPE_F16 && tensor->dtype != DTYPE_BF16)
        return error_set(error, STATUS_USAGE,
                         "%s: tensor '%s' has dtype %s; a weight must be F32, F16 or BF16", path,
                         tensor->name, dtype_name(tensor->dtype));
    slot->data = tensor->data;
    slot->dtype = tensor->dtype;
    return true;
}

static bool load_weight(struct checkpoint *checkpoint, enum weight weight, int64_t layer)
{
    const struct model_shape *shape = &checkpoint->model->shape;
    struct model_weight *slot = weight_slot(checkpoint->model, weight, layer);
    if (!weight_shape(shape, weight, &slot->rows, &slot->columns))
        return true;
    const char *patterns[] = {name_pattern(shape, weight), tensor_names[weight].also};
    char name[TENSOR_NAME_SIZE];
    const char *path = NULL;
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns && patterns[i]; i++) {
        const struct safetensor *tensor;
        expand_name(patterns[i], layer, name);
        if (!find_tensor(checkpoint, name, &tensor, &path))
            return false;
        if (tensor && slot->data)
            return error_set(checkpoint->error, STATUS_USAGE,
                             "%s: tensor '%s' is there beside '%s'; only one of them may be", path, name,
                             patterns[0]);
        if (tensor && !take_tensor(path, tensor, weight, slot, checkpoint->error))
            return false;
    }
    if (slot->data)
        return true;
    expand_name(patterns[0], layer, name);
    return error_set(checkpoint->error, STATUS_USAGE,
                     "%s: no tensor '%s'; config.json needs it, with %" PRId64 " x %" PRId64 " values", path,
                     name, slot->rows, slot->columns);
}

static bool load_weights(struct checkpoint *checkpoint)
{
    const int64_t n_layer = checkpoint->model->shape.n_layer;
    for (int weight = 0; weight < WEIGHT_COUNT; weight++) {
        int64_t count = weight_in_layer((enum weight)weight) ? n_layer : 1;
        for (int64_t layer = 0; layer < count; layer++)
            if (!load_weight(checkpoint, (enum weight)weight, layer))
                return false;
    }
    return true;
}

static bool open_files(struct checkpoint *checkpoint)
{
    char path[PATH_MAX];
    if (!join(checkpoint->folder, "model.safetensors", path, checkpoint->error) ||
        !join(checkpoint->folder, "model.safetensors.index.json", checkpoint->index_path, checkpoint->error))
        return false;
    if (access(path, F_OK) == 0)
        return open_shard(checkpoint, "model.safetensors") != NULL;
    if (access(checkpoint->index_path, F_OK) == 0)
        return read_index(checkpoint);
    return error_set(checkpoint->error, STATUS_USAGE,
                     "%s: neither model.safetensors nor model.safetensors.index.json is there",
                     checkpoint->folder);
}

bool model_open_checkpoint(const char *folder, struct model *model, struct error *error)
{
    *model = (struct model){0};
    snprintf(model->source, sizeof model->source, "%s", folder);
    struct checkpoint checkpoint = {.folder = folder, .model = model, .error = error};
    char path[PATH_MAX];
    bool ok = join(folder, "config.json", path, error) && shape_from_config(path, &model->shape, error) &&
              open_files(&checkpoint) && allocate_slots(model, error) && load_weights(&checkpoint);
    json_decref(checkpoint.index);
    if (!ok)
        model_close(model);
    return ok;
}

void model_keep_layers(struct model *model, int64_t layers)
{
    memmove(model->weights + layers * WEIGHT_COUNT, model->weights + model->shape.n_layer * WEIGHT_COUNT,
            WEIGHT_COUNT * sizeof *model->weights);
    model->shape.n_layer = layers;
}

void model_close(struct model *model)
{
    for (size_t i = 0; i < model->n_files; i++)
        safetensors_close(&model->files[i]);
    free(model->files);
    free(model->weights);
    free(model->owned);
    *model = (struct model){0};
}

const struct model_weight *model_weight(const struct model *model, enum weight weight, int64_t layer)
{
    return weight_slot(model, weight == W_HEAD && model->shape.tied_head ? W_EMBED : weight, layer);
}

static struct safetensor as_tensor(const struct model_weight *weight)
{
    return (struct safetensor){
        .dtype = weight->dtype, .elements = weight->rows * weight->columns, .data = weight->data};
}

void model_weight_float(const struct model_weight *weight, int64_t first, int64_t count, float *to)
{
    struct safetensor tensor = as_tensor(weight);
    bool ok = safetensor_to_float(&tensor, first, count, to);
    assert(ok);
    (void)ok;
}

void model_weight_double(const struct model_weight *weight, int64_t first, int64_t count, double *to)
{
    struct safetensor tensor = as_tensor(weight);
    bool ok = safetensor_to_double(&tensor, first, count, to);
    assert(ok);
    (void)ok;
}

/* A value depends on its stream and index alone, so that any part can be made by any thread. */
static uint64_t random_bits(uint64_t stream, int64_t index)
{
    return scatter(stream + (uint64_t)index * UINT64_C(0x9e3779b97f4a7c15));
}

static double uniform(uint64_t stream, int64_t index, double low, double high)
{
    return low + (high - low) * ((double)(random_bits(stream, index) >> 11) * 0x1p-53);
}

enum distribution {
    CONSTANT,    /* scale */
    UNIFORM,     /* [-scale, scale) */
    NORMAL,      /* standard deviation scale */
    LOG_COUNT,   /* log(column + 1) */
    LOG_UNIFORM, /* log of U(1, 16) */
    INVERSE_DT   /* softplus^-1(dt) */
};

struct initial {
    enum distribution distribution;
    double scale;
};

static struct initial initial_values(const struct model_shape *shape, enum weight weight, int64_t columns)
{
    switch (weight) {
    case W_EMBED:
        return (struct initial){NORMAL, 0.02};
    case W_A_LOG:
        return (struct initial){shape->arch == ARCH_MAMBA1 ? LOG_COUNT : LOG_UNIFORM, 0};
    case W_DT_BIAS:
        return (struct initial){INVERSE_DT, 0};
    case W_NORM:
    case W_GATE_NORM:
    case W_FINAL_NORM:
    case W_D:
        return (struct initial){CONSTANT, 1};
    case W_INPUT_BIAS:
    case W_IN_BIAS:
    case W_OUT_BIAS:
    case W_HEAD_BIAS:
        return (struct initial){CONSTANT, 0};
    case W_CONV:
    case W_CONV_BIAS:
        return (struct initial){UNIFORM, 1 / sqrt((double)shape->d_conv)};
    case W_OUT_PROJ:
        return (struct initial){UNIFORM, 1 / sqrt((double)columns * (double)shape->n_layer)};
    default:
        return (struct initial){UNIFORM, 1 / sqrt((double)columns)};
    }
}

static float inverse_dt(uint64_t stream, int64_t index)
{
    double dt = fmax(exp(uniform(stream, index, log(1e-3), log(1e-1))), 1e-4);
    return (float)(dt + log(-expm1(-dt)));
}

/* Box and Muller: elements 2i and 2i + 1 are the two coordinates of one point. */
static void fill_normal(uint64_t stream, int64_t first, int64_t last, float deviation, float *to)
{
    for (int64_t i = first; i < last; i += 2) {
        uint64_t bits = random_bits(stream, i / 2);
        float radius = deviation * sqrtf(-2 * logf(((float)(bits >> 40) + 1) * 0x1p-24f));
        float angle = (float)(bits & 0xffffff) * (float)(2 * M_PI * 0x1p-24);
        to[i] = radius * cosf(angle);
        if (i + 1 < last)
            to[i + 1] = radius * sinf(angle);
    }
}

static void fill(struct initial initial, uint64_t stream, int64_t columns, int64_t first, int64_t last,
                 float *to)
{
    switch (initial.distribution) {
    case CONSTANT:
        for (int64_t i = first; i < last; i++)
            to[i] = (float)initial.scale;
        break;
    case UNIFORM:
        for (int64_t i = first; i < last; i++)
            to[i] = (float)uniform(stream, i, -initial.scale, initial.scale);
        break;
    case NORMAL:
        fill_normal(stream, first, last, (float)initial.scale, to);
        break;
    case LOG_COUNT:
        for (int64_t i = first; i < last; i++)
            to[i] = (float)log((double)(i % columns + 1));
        break;
    case LOG_UNIFORM:
        for (int64_t i = first; i < last; i++)
            to[i] = (float)log(uniform(stream, i, 1, 16));
        break;
    case INVERSE_DT:
        for (int64_t i = first; i < last; i++)
            to[i] = inverse_dt(stream, i);
        break;
    }
}

enum { FILL_GRAIN = 1 << 16, WEIGHT_ALIGNMENT = 64 };

struct fill_job {
    struct initial initial;
    uint64_t stream;
    int64_t columns, elements;
    float *to;
};

static void fill_part(void *user, struct part part)
{
    const struct fill_job *job = user;
    const struct range range = part_range(part, job->elements, FILL_GRAIN);
    fill(job->initial, job->stream, job->columns, range.begin, range.end, job->to);
}

static void synthesize_weight(const struct model *model, enum weight weight, int64_t layer, uint64_t seed,
                              float *to)
{
    const struct model_weight *slot = weight_slot(model, weight, layer);
    struct fill_job job = {
        .initial = initial_values(&model->shape, weight, slot->columns),
        .stream = scatter(scatter(seed) ^ ((uint64_t)layer << 8 | (uint64_t)weight)),
        .columns = slot->columns,
        .elements = slot->rows * slot->columns,
        .to = to,
    };
    parallel_run(job.elements > FILL_GRAIN ? 0 : 1, fill_part, &job);
}

static size_t aligned_size(int64_t elements)
{
    return ((size_t)elements * sizeof(float) + WEIGHT_ALIGNMENT - 1) / WEIGHT_ALIGNMENT * WEIGHT_ALIGNMENT;
}

static bool allocate_synthetic(struct model *model, struct error *error)
{
    const struct model_shape *shape = &model->shape;
    for (int w = 0; w < WEIGHT_COUNT; w++) {
        int64_t rows, columns, copies = weight_in_layer((enum weight)w) ? shape->n_layer : 1;
        if (weight_shape(shape, (enum weight)w, &rows, &columns))
            model->owned_size += aligned_size(rows * columns) * (size_t)copies;
    }
    /* Linux grants more than it has and kills the process later. */
    if (!memory_suffices(model->owned_size))
        return error_set(
            error, STATUS_UNAVAILABLE,
            "%s: its F32 weights take %.1f GB; %.1f GB of memory are available: choose a smaller model",
            shape->name, (double)model->owned_size * 1e-9, (double)memory_available() * 1e-9);
    model->owned = aligned_alloc(WEIGHT_ALIGNMENT, model->owned_size);
    if (!model->owned)
        return error_set(error, STATUS_UNAVAILABLE, "%s: no memory for %.1f GB of F32 weights", shape->name,
                         (double)model->owned_size * 1e-9);
    return allocate_slots(model, error);
}

bool model_synthesize(const struct model_shape *shape, uint64_t seed, struct model *model,
                      struct error *error)
{
    *model = (struct model){.shape = *shape};
    snprintf(model->source, sizeof model->source, "synthetic, seed %" PRIu64, seed);
    if (!allocate_synthetic(model, error)) {
        model_close(model);
        return false;
    }
    char *next = model->owned;
    for (int w = 0; w < WEIGHT_COUNT; w++) {
        const enum weight weight = (enum weight)w;
        const int64_t count = weight_in_layer(weight) ? shape->n_layer : 1;
        for (int64_t layer = 0; layer < count; layer++) {
            struct model_weight *slot = weight_slot(model, weight, layer);
            if (!weight_shape(shape, weight, &slot->rows, &slot->columns))
                break;
            slot->dtype = DTYPE_F32;
            slot->data = next;
            synthesize_weight(model, weight, layer, seed, (float *)next);
            next += aligned_size(slot->rows * slot->columns);
        }
    }
    return true;
}

static bool weight_finite(const struct model_weight *weight)
{
    enum { AT_ONCE = 4096 };
    float values[AT_ONCE];
    const int64_t count = weight->data ? weight->rows * weight->columns : 0;
    for (int64_t first = 0; first < count; first += AT_ONCE) {
        const int64_t n = count - first < AT_ONCE ? count - first : AT_ONCE;
        bool finite = true;
        model_weight_float(weight, first, n, values);
        for (int64_t i = 0; i < n; i++)
            finite &= isfinite(values[i]) != 0;
        if (!finite)
            return false;
    }
    return true;
}

bool model_check_finite(const struct model *model, struct error *error)
{
    for (int64_t layer = 0; layer <= model->shape.n_layer; layer++)
        for (int weight = 0; weight < WEIGHT_COUNT; weight++)
            if (!weight_finite(&model->weights[layer * WEIGHT_COUNT + weight])) {
                char where[32] = "";
                if (layer < model->shape.n_layer)
                    snprintf(where, sizeof where, " of layer %" PRId64, layer);
                return error_set(error, STATUS_FAILED,
                                 "%s: %s%s holds NaN or infinity; weights must be finite", model->source,
                                 weight_name((enum weight)weight), where);
            }
    return true;
}
