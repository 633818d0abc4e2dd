/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "mamba/graph.h"

#include <stdlib.h>
#include <string.h>

enum { NONE = -1 };

/* Bounds every product that graph, plan and kernels form of a workload's sizes. */
static const int64_t largest_tensor = INT64_C(1) << 40;

struct binding {
    const char *operand;
    int tensor; /* NONE: the model has no such tensor, the operand is optional */
};

struct builder {
    struct graph *graph;
    struct error *error;
    bool failed;
};

const char *phase_name(enum phase phase)
{
    static const char *const names[] = {"prefill", "decode", "train"};
    return names[phase];
}

const char *const *graph_stage_names(void)
{
    static const char *const names[] = {"embed",    "input_proj", "norm",       "in_proj",  "conv",
                                        "silu",     "x_proj",     "dt_proj",    "softplus", "discretize",
                                        "scan",     "contract",   "skip",       "gate",     "gate_norm",
                                        "out_proj", "residual",   "final_norm", "head",     NULL};
    return names;
}

static int add_tensor(struct builder *b, const char *name, enum tensor_role role, int64_t rows,
                      int64_t columns)
{
    struct graph *graph = b->graph;
    if (b->failed)
        return NONE;
    if (rows <= 0 || columns <= 0 || rows > largest_tensor / columns) {
        b->failed = true;
        error_set(b->error, STATUS_USAGE, "tensor '%s' of %lld x %lld is too large: reduce batch or seqlen",
                  name, (long long)rows, (long long)columns);
        return NONE;
    }
    if (graph->n_tensors == GRAPH_MAX_TENSORS) {
        b->failed = true;
        error_set(b->error, STATUS_FAILED, "graph: more than %d tensors", GRAPH_MAX_TENSORS);
        return NONE;
    }
    graph->tensors[graph->n_tensors] = (struct tensor){.name = name,
                                                       .role = role,
                                                       .rows = rows,
                                                       .columns = columns,
                                                       .parent = NONE,
                                                       .row_step = 1,
                                                       .overwrites = NONE};
    return graph->n_tensors++;
}

static int add_activation(struct builder *b, const char *name, int64_t columns)
{
    return add_tensor(b, name, TENSOR_ACTIVATION, b->graph->batch * b->graph->seqlen, columns);
}

static int add_state(struct builder *b, const char *name, int64_t columns)
{
    /* A convolution of width 1 has no history. */
    return columns == 0 ? NONE : add_tensor(b, name, TENSOR_STATE, b->graph->batch, columns);
}

static int add_weight(struct builder *b, const char *name, enum weight weight)
{
    int64_t rows, columns;
    if (!weight_shape(&b->graph->shape, weight, &rows, &columns))
        return NONE;
    int id = add_tensor(b, name, TENSOR_WEIGHT, rows, columns);
    if (id != NONE)
        b->graph->tensors[id].weight = weight;
    return id;
}

static int add_columns(struct builder *b, const char *name, int parent, int64_t first, int64_t columns)
{
    if (b->failed)
        return NONE;
    int id = add_tensor(b, name, TENSOR_ACTIVATION, b->graph->tensors[parent].rows, columns);
    if (id != NONE) {
        b->graph->tensors[id].parent = parent;
        b->graph->tensors[id].first_column = first;
    }
    return id;
}

static int add_last_rows(struct builder *b, const char *name, int parent)
{
    const struct graph *graph = b->graph;
    if (b->failed)
        return NONE;
    int id = add_tensor(b, name, TENSOR_ACTIVATION, graph->batch, graph->tensors[parent].columns);
    if (id != NONE) {
        b->graph->tensors[id].parent = parent;
        b->graph->tensors[id].first_row = graph->seqlen - 1;
        b->graph->tensors[id].row_step = graph->seqlen;
    }
    return id;
}

static bool stage_work(struct stage *stage, struct error *error)
{
    const struct kernel_family *family = stage->family;
    void *args = calloc(1, family->args_size);
    if (!args)
        return error_set(error, STATUS_FAILED, "out of memory");
    bool ok = true;
    for (int i = 0; i < stage->n_dims && ok; i++)
        if (!kernel_set_dim(family, args, stage->dims[i].name, stage->dims[i].value))
            ok = error_set(error, STATUS_FAILED, "stage %s: family %s has no dim '%s'", stage->name,
                           family->name, stage->dims[i].name);
    /* Work depends on which optional operands are there, not on what they hold. */
    for (int i = 0; i < stage->n_operands; i++)
        memcpy((char *)args + stage->operands[i].operand->slot, &(void *){args}, sizeof(void *));
    if (ok)
        family->work(args, &stage->work);
    free(args);
    return ok;
}

/* The dims, parameters and bindings end at the first null name. */
static void add_stage(struct builder *b, const char *name, enum place place, const char *family_name,
                      const struct stage_dim *dims, const struct stage_parameter *parameters,
                      const struct binding *bindings)
{
    struct graph *graph = b->graph;
    const struct kernel_family *family = kernel_family_find(family_name);
    if (b->failed)
        return;
    b->failed = true;
    if (!family) {
        error_set(b->error, STATUS_FAILED, "stage %s: no kernel family '%s'", name, family_name);
        return;
    }
    if (graph->n_stages == GRAPH_MAX_STAGES) {
        error_set(b->error, STATUS_FAILED, "graph: more than %d stages", GRAPH_MAX_STAGES);
        return;
    }
    struct stage *stage = &graph->stages[graph->n_stages];
    *stage = (struct stage){.name = name, .place = place, .family = family};
    for (; dims->name; dims++)
        stage->dims[stage->n_dims++] = *dims;
    for (; parameters && parameters->name; parameters++)
        stage->parameters[stage->n_parameters++] = *parameters;
    for (; bindings->operand; bindings++) {
        const struct kernel_operand *operand = kernel_operand(family, bindings->operand);
        if (!operand || (bindings->tensor == NONE && !operand->optional && strcmp(operand->name, "state"))) {
            error_set(b->error, STATUS_FAILED, "stage %s: bad binding of operand '%s' of family %s", name,
                      bindings->operand, family_name);
            return;
        }
        if (bindings->tensor != NONE)
            stage->operands[stage->n_operands++] = (struct stage_operand){operand, bindings->tensor};
    }
    if (!stage_work(stage, b->error))
        return;
    graph->n_stages++;
    b->failed = false;
}

#define DIMS(...) ((const struct stage_dim[]){__VA_ARGS__, {NULL, 0}})
#define PARAMETERS(...) ((const struct stage_parameter[]){__VA_ARGS__, {NULL, 0}})
#define BIND(...) ((const struct binding[]){__VA_ARGS__, {NULL, NONE}})

static void add_matmul(struct builder *b, const char *name, enum place place, int x, int weight, int bias,
                       int y)
{
    const struct tensor *tensors = b->graph->tensors;
    if (b->failed)
        return;
    add_stage(b, name, place, "matmul",
              DIMS({"m", tensors[x].rows}, {"n", tensors[weight].rows}, {"k", tensors[weight].columns}), NULL,
              BIND({"x", x}, {"weight", weight}, {"bias", bias}, {"y", y}));
}

static void add_norm(struct builder *b, const char *name, enum place place, int x, int weight, int y)
{
    const struct tensor *tensors = b->graph->tensors;
    if (b->failed)
        return;
    add_stage(b, name, place, "rmsnorm", DIMS({"rows", tensors[x].rows}, {"channels", tensors[x].columns}),
              PARAMETERS({"eps", b->graph->shape.norm_eps}), BIND({"x", x}, {"weight", weight}, {"y", y}));
}

/* conv and silu over `channels` columns; returns the silu's output. */
static int add_conv_silu(struct builder *b, int x, int64_t channels)
{
    struct graph *graph = b->graph;
    const int64_t width = graph->shape.d_conv, rows = graph->batch * graph->seqlen;
    int weight = add_weight(b, "conv.weight", W_CONV);
    int bias = add_weight(b, "conv.bias", W_CONV_BIAS);
    int state = add_state(b, "conv.state", (width - 1) * channels);
    int y = add_activation(b, "conv.y", channels);
    int u = add_activation(b, "silu.y", channels);
    add_stage(
        b, "conv", PLACE_LAYER, "conv",
        DIMS({"batch", graph->batch}, {"seqlen", graph->seqlen}, {"channels", channels}, {"width", width}),
        NULL, BIND({"x", x}, {"weight", weight}, {"bias", bias}, {"state", state}, {"y", y}));
    add_stage(b, "silu", PLACE_LAYER, "silu", DIMS({"rows", rows}, {"channels", channels}), NULL,
              BIND({"x", y}, {"y", u}));
    return u;
}

static void add_softplus(struct builder *b, int x, int bias, int y, int64_t channels)
{
    const struct graph *graph = b->graph;
    add_stage(b, "softplus", PLACE_LAYER, "softplus",
              DIMS({"rows", graph->batch * graph->seqlen}, {"channels", channels}),
              PARAMETERS({"dt_min", graph->shape.dt_min}, {"dt_max", graph->shape.dt_max}),
              BIND({"x", x}, {"bias", bias}, {"y", y}));
}

/* From the normed hidden state to what out_proj reads. */
static int add_mamba1_mixer(struct builder *b, int normed)
{
    struct graph *graph = b->graph;
    const struct model_shape *s = &graph->shape;
    const int64_t rows = graph->batch * graph->seqlen, d = s->d_inner, n = s->d_state, r = s->dt_rank;

    int in_weight = add_weight(b, "in_proj.weight", W_IN_PROJ),
        in_bias = add_weight(b, "in_proj.bias", W_IN_BIAS);
    int xz = add_activation(b, "in_proj.y", 2 * d);
    int x = add_columns(b, "x", xz, 0, d), z = add_columns(b, "z", xz, d, d);
    add_matmul(b, "in_proj", PLACE_LAYER, normed, in_weight, in_bias, xz);
    int u = add_conv_silu(b, x, d);

    int x_weight = add_weight(b, "x_proj.weight", W_X_PROJ);
    int dt_b_c = add_activation(b, "x_proj.y", r + 2 * n);
    int dt_low = add_columns(b, "dt_low", dt_b_c, 0, r);
    int matrix_b = add_columns(b, "b", dt_b_c, r, n), matrix_c = add_columns(b, "c", dt_b_c, r + n, n);
    add_matmul(b, "x_proj", PLACE_LAYER, u, x_weight, NONE, dt_b_c);

    int dt_weight = add_weight(b, "dt_proj.weight", W_DT_PROJ), dt_bias = add_weight(b, "dt.bias", W_DT_BIAS);
    int dt = add_activation(b, "dt_proj.y", d), delta = add_activation(b, "delta", d);
    add_matmul(b, "dt_proj", PLACE_LAYER, dt_low, dt_weight, NONE, dt);
    add_softplus(b, dt, dt_bias, delta, d);

    int a = add_weight(b, "a", W_A_LOG), weight_d = add_weight(b, "d", W_D);
    int abar = add_activation(b, "abar", d * n), bu = add_activation(b, "bu", d * n),
        h = add_activation(b, "h", d * n);
    int state = add_state(b, "scan.state", d * n);
    add_stage(b, "discretize", PLACE_LAYER, "discretize",
              DIMS({"rows", rows}, {"channels", d}, {"d_state", n}), NULL,
              BIND({"delta", delta}, {"u", u}, {"a", a}, {"b", matrix_b}, {"abar", abar}, {"bu", bu}));
    add_stage(b, "scan", PLACE_LAYER, "scan",
              DIMS({"batch", graph->batch}, {"seqlen", graph->seqlen}, {"channels", d}, {"d_state", n}), NULL,
              BIND({"abar", abar}, {"bu", bu}, {"state", state}, {"h", h}));
    int contracted = add_activation(b, "contract.y", d), skipped = add_activation(b, "skip.y", d);
    int gated = add_activation(b, "gate.y", d);
    add_stage(b, "contract", PLACE_LAYER, "contract", DIMS({"rows", rows}, {"channels", d}, {"d_state", n}),
              NULL, BIND({"h", h}, {"c", matrix_c}, {"y", contracted}));
    add_stage(b, "skip", PLACE_LAYER, "skip", DIMS({"rows", rows}, {"heads", d}, {"headdim", 1}), NULL,
              BIND({"y", contracted}, {"u", u}, {"d", weight_d}, {"out", skipped}));
    add_stage(b, "gate", PLACE_LAYER, "gate", DIMS({"rows", rows}, {"channels", d}), NULL,
              BIND({"y", skipped}, {"z", z}, {"out", gated}));
    return gated;
}

static int add_mamba2_mixer(struct builder *b, int normed)
{
    struct graph *graph = b->graph;
    const struct model_shape *s = &graph->shape;
    const int64_t rows = graph->batch * graph->seqlen, d = s->d_inner, n = s->ngroups * s->d_state,
                  h = s->nheads;
    const int64_t conv_channels = shape_conv_channels(s);

    int in_weight = add_weight(b, "in_proj.weight", W_IN_PROJ),
        in_bias = add_weight(b, "in_proj.bias", W_IN_BIAS);
    int zxbcdt = add_activation(b, "in_proj.y", shape_in_proj_rows(s));
    int z = add_columns(b, "z", zxbcdt, 0, d);
    int xbc = add_columns(b, "xbc", zxbcdt, d, conv_channels);
    int dt = add_columns(b, "dt", zxbcdt, d + conv_channels, h);
    add_matmul(b, "in_proj", PLACE_LAYER, normed, in_weight, in_bias, zxbcdt);
    int ubc = add_conv_silu(b, xbc, conv_channels);
    int u = add_columns(b, "u", ubc, 0, d);
    int matrix_b = add_columns(b, "b", ubc, d, n), matrix_c = add_columns(b, "c", ubc, d + n, n);

    int dt_bias = add_weight(b, "dt.bias", W_DT_BIAS), delta = add_activation(b, "delta", h);
    add_softplus(b, dt, dt_bias, delta, h);

    int a = add_weight(b, "a", W_A_LOG), weight_d = add_weight(b, "d", W_D);
    int state = add_state(b, "scan.state", d * s->d_state);
    int scanned = add_activation(b, "scan.y", d), skipped = add_activation(b, "skip.y", d);
    add_stage(b, "scan", PLACE_LAYER, "ssd_scan",
              DIMS({"batch", graph->batch}, {"seqlen", graph->seqlen}, {"heads", h}, {"headdim", s->headdim},
                   {"groups", s->ngroups}, {"d_state", s->d_state}),
              NULL,
              BIND({"delta", delta}, {"x", u}, {"a", a}, {"b", matrix_b}, {"c", matrix_c}, {"state", state},
                   {"y", scanned}));
    add_stage(b, "skip", PLACE_LAYER, "skip", DIMS({"rows", rows}, {"heads", h}, {"headdim", s->headdim}),
              NULL, BIND({"y", scanned}, {"u", u}, {"d", weight_d}, {"out", skipped}));

    int norm_weight = add_weight(b, "gate_norm.weight", W_GATE_NORM),
        gated = add_activation(b, "gate_norm.y", d);
    add_stage(b, "gate_norm", PLACE_LAYER, "gate_norm",
              DIMS({"rows", rows}, {"channels", d}, {"groups", s->ngroups}),
              PARAMETERS({"eps", s->norm_eps}, {"norm_before_gate", s->norm_before_gate}),
              BIND({"y", skipped}, {"z", z}, {"weight", norm_weight}, {"out", gated}));
    return gated;
}

static void add_layer(struct builder *b, int hidden)
{
    const struct model_shape *s = &b->graph->shape;
    int norm_weight = add_weight(b, "norm.weight", W_NORM), normed = add_activation(b, "norm.y", s->d_model);
    add_norm(b, "norm", PLACE_LAYER, hidden, norm_weight, normed);
    int mixed = s->arch == ARCH_MAMBA1 ? add_mamba1_mixer(b, normed) : add_mamba2_mixer(b, normed);
    int out_weight = add_weight(b, "out_proj.weight", W_OUT_PROJ);
    int out_bias = add_weight(b, "out_proj.bias", W_OUT_BIAS);
    int projected = add_activation(b, "out_proj.y", s->d_model);
    add_matmul(b, "out_proj", PLACE_LAYER, mixed, out_weight, out_bias, projected);
    int next = add_activation(b, "hidden_next", s->d_model);
    if (next != NONE)
        b->graph->tensors[next].overwrites = hidden;
    add_stage(b, "residual", PLACE_LAYER, "residual",
              DIMS({"rows", b->graph->batch * b->graph->seqlen}, {"channels", s->d_model}), NULL,
              BIND({"x", hidden}, {"y", projected}, {"out", next}));
}

static int add_input(struct builder *b)
{
    const struct graph *graph = b->graph;
    const struct model_shape *s = &graph->shape;
    const int64_t rows = graph->batch * graph->seqlen;
    if (s->vocab == 0) {
        int features = add_tensor(b, "features", TENSOR_INPUT, rows, s->input_size);
        int weight = add_weight(b, "input_proj.weight", W_INPUT_PROJ);
        int bias = add_weight(b, "input_proj.bias", W_INPUT_BIAS);
        int hidden = add_activation(b, "hidden", s->d_model);
        add_matmul(b, "input_proj", PLACE_BEFORE, features, weight, bias, hidden);
        return hidden;
    }
    int ids = add_tensor(b, "ids", TENSOR_INPUT, 1, rows);
    if (ids != NONE)
        b->graph->tensors[ids].index = true;
    int weight = add_weight(b, "embed.weight", W_EMBED);
    int hidden = add_activation(b, "hidden", s->d_model);
    add_stage(b, "embed", PLACE_BEFORE, "embed",
              DIMS({"rows", rows}, {"vocab", s->vocab}, {"channels", s->d_model}), NULL,
              BIND({"ids", ids}, {"weight", weight}, {"y", hidden}));
    return hidden;
}

static void add_output(struct builder *b, int hidden)
{
    const struct model_shape *s = &b->graph->shape;
    int last = b->graph->all_logits ? hidden : add_last_rows(b, "last", hidden);
    if (b->failed)
        return;
    const int64_t rows = b->graph->tensors[last].rows;
    int norm_weight = add_weight(b, "final_norm.weight", W_FINAL_NORM);
    int normed = add_tensor(b, "final_norm.y", TENSOR_ACTIVATION, rows, s->d_model);
    add_norm(b, "final_norm", PLACE_AFTER, last, norm_weight, normed);
    int weight = add_weight(b, "head.weight", s->tied_head ? W_EMBED : W_HEAD);
    int bias = add_weight(b, "head.bias", W_HEAD_BIAS);
    int logits = add_tensor(b, "logits", TENSOR_OUTPUT, rows, s->outputs);
    add_matmul(b, "head", PLACE_AFTER, normed, weight, bias, logits);
}

bool graph_build(const struct model_shape *shape, enum phase phase, int64_t batch, int64_t seqlen,
                 bool all_logits, struct graph *graph, struct error *error)
{
    if (phase == PHASE_DECODE)
        seqlen = 1;
    if (batch < 1 || seqlen < 1)
        return error_set(error, STATUS_USAGE, "batch %lld, seqlen %lld: both must be at least 1",
                         (long long)batch, (long long)seqlen);
    if (batch > largest_tensor / seqlen)
        return error_set(error, STATUS_USAGE,
                         "batch %lld, seqlen %lld: too large, at most %lld tokens in all", (long long)batch,
                         (long long)seqlen, (long long)largest_tensor);
    *graph = (struct graph){
        .shape = *shape, .phase = phase, .batch = batch, .seqlen = seqlen, .all_logits = all_logits};
    struct builder builder = {.graph = graph, .error = error};
    int hidden = add_input(&builder);
    add_layer(&builder, hidden);
    add_output(&builder, hidden);
    return !builder.failed;
}

int graph_stage(const struct graph *graph, const char *name)
{
    for (int i = 0; i < graph->n_stages; i++)
        if (!strcmp(graph->stages[i].name, name))
            return i;
    return NONE;
}

int64_t stage_dim(const struct stage *stage, const char *name)
{
    for (int i = 0; i < stage->n_dims; i++)
        if (!strcmp(stage->dims[i].name, name))
            return stage->dims[i].value;
    return -1;
}

int64_t stage_repeats(const struct graph *graph, const struct stage *stage)
{
    return stage->place == PLACE_LAYER ? graph->shape.n_layer : 1;
}

int64_t tensor_elements(const struct tensor *tensor)
{
    return tensor->rows * tensor->columns;
}

int tensor_root(const struct graph *graph, int tensor)
{
    while (graph->tensors[tensor].parent != NONE)
        tensor = graph->tensors[tensor].parent;
    return tensor;
}

uint64_t stage_operand_bytes(const struct graph *graph, const struct stage *stage,
                             const struct stage_operand *operand, double bytes_per_value)
{
    const struct tensor *tensor = &graph->tensors[operand->tensor];
    if (tensor->index)
        return (uint64_t)tensor_elements(tensor) * sizeof(int32_t);
    int64_t elements = tensor_elements(tensor);
    if (!strcmp(stage->family->name, "embed") && tensor->role == TENSOR_WEIGHT)
        elements = stage_dim(stage, "rows") * stage_dim(stage, "channels");
    return (uint64_t)((double)elements * bytes_per_value);
}
