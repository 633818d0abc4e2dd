/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "mamba/graph.h"

#include <stdlib.h>
#include <string.h>

#include "kernels/selective_scan_backward/selective_scan_backward.h"
#include "kernels/ssd_backward/ssd_backward.h"

enum { NONE = -1 };

_Static_assert((int)SCAN_BACKWARD_TILE == (int)SSD_BACKWARD_TILE, "boundaries are alike");

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
    bool backward; /* stages added now are of the backward pass */
};

const char *phase_name(enum phase phase)
{
    static const char *const names[] = {"prefill", "decode", "train"};
    return names[phase];
}

const char *const *graph_stage_names(void)
{
    static const char *const names[] = {"embed",
                                        "input_proj",
                                        "norm",
                                        "in_proj",
                                        "conv",
                                        "silu",
                                        "x_proj",
                                        "dt_proj",
                                        "softplus",
                                        "discretize",
                                        "scan",
                                        "contract",
                                        "skip",
                                        "gate",
                                        "gate_norm",
                                        "out_proj",
                                        "residual",
                                        "final_norm",
                                        "head",
                                        "head_wgrad",
                                        "head_dgrad",
                                        "final_norm_backward",
                                        "out_proj_dgrad",
                                        "gate_norm_backward",
                                        "scan_backward",
                                        "out_proj_wgrad",
                                        "reduce_b",
                                        "reduce_c",
                                        "dt_proj_dgrad",
                                        "dt_proj_wgrad",
                                        "x_proj_wgrad",
                                        "x_proj_dgrad",
                                        "conv_backward",
                                        "in_proj_wgrad",
                                        "in_proj_dgrad",
                                        "norm_backward",
                                        "embed_backward",
                                        "input_proj_wgrad",
                                        NULL};
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
        error_set(b->error, STATUS_USAGE,
                  "tensor '%s' of %lld x %lld, which some plan of this workload writes, is too large: reduce "
                  "batch or seqlen",
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
    *stage = (struct stage){.name = name, .place = place, .backward = b->backward, .family = family};
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

/* The backward pass. */

static int find(struct builder *b, const char *name)
{
    const int tensor = b->failed ? NONE : graph_tensor(b->graph, name);
    if (tensor == NONE && !b->failed) {
        b->failed = true;
        error_set(b->error, STATUS_FAILED, "graph: no tensor '%s'", name);
    }
    return tensor;
}

/* The gradient of an activation, or of all of them that one tensor holds. */
static int add_gradient(struct builder *b, const char *name, int of)
{
    if (b->failed)
        return NONE;
    const struct tensor tensor = b->graph->tensors[of];
    return add_tensor(b, name, TENSOR_GRADIENT, tensor.rows, tensor.columns);
}

/* The part of a gradient that belongs to the view `of` of what it is the gradient of. */
static int add_gradient_view(struct builder *b, const char *name, int parent, int of)
{
    const int id = add_gradient(b, name, of);
    if (id != NONE) {
        b->graph->tensors[id].parent = parent;
        b->graph->tensors[id].first_column = b->graph->tensors[of].first_column;
    }
    return id;
}

/* NONE when the model has no such weight. */
static int add_weight_gradient(struct builder *b, const char *name, enum weight weight)
{
    const int id = add_weight(b, name, weight);
    if (id != NONE)
        b->graph->tensors[id].role = TENSOR_WEIGHT_GRADIENT;
    return id;
}

static void add_wgrad(struct builder *b, const char *name, enum place place, int dy, int x, int dweight,
                      int dbias)
{
    const struct tensor *tensors = b->graph->tensors;
    if (b->failed)
        return;
    add_stage(b, name, place, "matmul_wgrad",
              DIMS({"m", tensors[x].rows}, {"n", tensors[dy].columns}, {"k", tensors[x].columns}), NULL,
              BIND({"dy", dy}, {"x", x}, {"dweight", dweight}, {"dbias", dbias}));
}

static void add_dgrad(struct builder *b, const char *name, enum place place, int dy, int weight, int add,
                      int dx)
{
    const struct tensor *tensors = b->graph->tensors;
    if (b->failed)
        return;
    add_stage(b, name, place, "matmul_dgrad",
              DIMS({"m", tensors[dx].rows}, {"n", tensors[dy].columns}, {"k", tensors[dx].columns}), NULL,
              BIND({"dy", dy}, {"weight", weight}, {"add", add}, {"dx", dx}));
}

static void add_norm_backward(struct builder *b, const char *name, enum place place, int x, int weight,
                              int dy, int add, int dx, int dweight)
{
    const struct tensor *tensors = b->graph->tensors;
    if (b->failed)
        return;
    add_stage(b, name, place, "rmsnorm_backward",
              DIMS({"rows", tensors[x].rows}, {"channels", tensors[x].columns}),
              PARAMETERS({"eps", b->graph->shape.norm_eps}),
              BIND({"x", x}, {"weight", weight}, {"dy", dy}, {"add", add}, {"dx", dx}, {"dweight", dweight}));
}

static void add_reduce(struct builder *b, const char *name, int slices, int sum)
{
    const struct tensor *tensors = b->graph->tensors;
    if (b->failed)
        return;
    add_stage(b, name, PLACE_LAYER, "reduce",
              DIMS({"rows", tensors[sum].rows}, {"slices", SCAN_BACKWARD_SLICES},
                   {"columns", tensors[sum].columns}),
              NULL, BIND({"x", slices}, {"y", sum}));
}

/* Returns the gradient of the residual stream. */
static int add_output_backward(struct builder *b)
{
    const struct model_shape *s = &b->graph->shape;
    const int hidden = find(b, "hidden"), normed = find(b, "final_norm.y"), logits = find(b, "logits");
    if (b->failed)
        return NONE;
    const int d_logits = add_tensor(b, "d_logits", TENSOR_INPUT, b->graph->tensors[logits].rows, s->outputs);
    const int d_normed = add_gradient(b, "d_final_norm.y", normed),
              d_hidden = add_gradient(b, "d_hidden", hidden);
    add_wgrad(b, "head_wgrad", PLACE_AFTER, d_logits, normed,
              add_weight_gradient(b, "d_head.weight", s->tied_head ? W_EMBED : W_HEAD),
              add_weight_gradient(b, "d_head.bias", W_HEAD_BIAS));
    add_dgrad(b, "head_dgrad", PLACE_AFTER, d_logits, find(b, "head.weight"), NONE, d_normed);
    add_norm_backward(b, "final_norm_backward", PLACE_AFTER, hidden, find(b, "final_norm.weight"), d_normed,
                      NONE, d_hidden, add_weight_gradient(b, "d_final_norm.weight", W_FINAL_NORM));
    return d_hidden;
}

/* The gradients of B and C as scan_backward leaves them, and the stages that add them up. */
struct shared_gradients {
    int b, c;
};

static struct shared_gradients add_slices(struct builder *b, int of)
{
    if (b->failed)
        return (struct shared_gradients){NONE, NONE};
    const int64_t rows = b->graph->tensors[of].rows, columns = b->graph->tensors[of].columns;
    return (struct shared_gradients){
        add_tensor(b, "d_b.slices", TENSOR_GRADIENT, rows, SCAN_BACKWARD_SLICES * columns),
        add_tensor(b, "d_c.slices", TENSOR_GRADIENT, rows, SCAN_BACKWARD_SLICES * columns)};
}

static void add_conv_backward(struct builder *b, int x, int dy, int dx)
{
    const struct graph *graph = b->graph;
    if (b->failed)
        return;
    add_stage(b, "conv_backward", PLACE_LAYER, "conv_silu_backward",
              DIMS({"batch", graph->batch}, {"seqlen", graph->seqlen},
                   {"channels", graph->tensors[x].columns}, {"width", graph->shape.d_conv}),
              NULL,
              BIND({"x", x}, {"weight", find(b, "conv.weight")}, {"bias", graph_tensor(graph, "conv.bias")},
                   {"dy", dy}, {"dx", dx}, {"dweight", add_weight_gradient(b, "d_conv.weight", W_CONV)},
                   {"dbias", add_weight_gradient(b, "d_conv.bias", W_CONV_BIAS)}));
}

static void add_in_proj_backward(struct builder *b, int d_xz)
{
    const int normed = find(b, "norm.y"), d_normed = add_gradient(b, "d_norm.y", normed);
    add_wgrad(b, "in_proj_wgrad", PLACE_LAYER, d_xz, normed,
              add_weight_gradient(b, "d_in_proj.weight", W_IN_PROJ),
              add_weight_gradient(b, "d_in_proj.bias", W_IN_BIAS));
    add_dgrad(b, "in_proj_dgrad", PLACE_LAYER, d_xz, find(b, "in_proj.weight"), NONE, d_normed);
}

static void add_out_proj_wgrad(struct builder *b, int dy, int x)
{
    add_wgrad(b, "out_proj_wgrad", PLACE_LAYER, dy, x,
              add_weight_gradient(b, "d_out_proj.weight", W_OUT_PROJ),
              add_weight_gradient(b, "d_out_proj.bias", W_OUT_BIAS));
}

/* Scratch of scan_backward: the state before every SCAN_BACKWARD_TILE-th step and the gradient of the first.
 */
static int add_boundaries(struct builder *b, int64_t state)
{
    const int64_t tiles = (b->graph->seqlen + SCAN_BACKWARD_TILE - 1) / SCAN_BACKWARD_TILE;
    return add_tensor(b, "boundaries", TENSOR_GRADIENT, b->graph->batch * tiles, state);
}

static int add_dstate(struct builder *b, int64_t state)
{
    return add_tensor(b, "d_state", TENSOR_GRADIENT, b->graph->batch, state);
}

static void add_mamba1_backward(struct builder *b, int d_hidden)
{
    struct graph *graph = b->graph;
    const struct model_shape *s = &graph->shape;
    const int64_t d = s->d_inner, n = s->d_state;
    const int xz = find(b, "in_proj.y"), u = find(b, "silu.y"), dt_b_c = find(b, "x_proj.y"),
              dt = find(b, "dt_proj.y"), h = find(b, "h"), gated = find(b, "gate.y"),
              dt_low = find(b, "dt_low"), matrix_b = find(b, "b");
    const int d_xz = add_gradient(b, "d_in_proj.y", xz), d_u = add_gradient(b, "d_silu.y", u);
    const int d_dt_b_c = add_gradient(b, "d_x_proj.y", dt_b_c), d_dt = add_gradient(b, "d_dt_proj.y", dt);
    const int d_gated = add_gradient(b, "d_gate.y", gated), again = add_gradient(b, "gate.y.again", gated);
    const struct shared_gradients slices = add_slices(b, matrix_b);

    add_dgrad(b, "out_proj_dgrad", PLACE_LAYER, d_hidden, find(b, "out_proj.weight"), NONE, d_gated);
    add_stage(b, "scan_backward", PLACE_LAYER, "selective_scan_backward",
              DIMS({"batch", graph->batch}, {"seqlen", graph->seqlen}, {"channels", d}, {"d_state", n},
                   {"interval", 1}, {"slices", SCAN_BACKWARD_SLICES}),
              PARAMETERS({"dt_min", s->dt_min}, {"dt_max", s->dt_max}),
              BIND({"dt", dt}, {"dt_bias", graph_tensor(graph, "dt.bias")}, {"u", u}, {"a", find(b, "a")},
                   {"b", matrix_b}, {"c", find(b, "c")}, {"d", find(b, "d")}, {"z", find(b, "z")},
                   {"states", h}, {"dy", d_gated}, {"y", again}, {"du", d_u}, {"ddt", d_dt},
                   {"dz", add_gradient_view(b, "d_z", d_xz, find(b, "z"))},
                   {"da", add_weight_gradient(b, "d_a", W_A_LOG)}, {"db", slices.b}, {"dc", slices.c},
                   {"dd", add_weight_gradient(b, "d_d", W_D)},
                   {"ddt_bias", add_weight_gradient(b, "d_dt.bias", W_DT_BIAS)},
                   {"boundaries", add_boundaries(b, d * n)}, {"dstate", add_dstate(b, d * n)}));
    add_out_proj_wgrad(b, d_hidden, again);
    add_reduce(b, "reduce_b", slices.b, add_gradient_view(b, "d_b", d_dt_b_c, matrix_b));
    add_reduce(b, "reduce_c", slices.c, add_gradient_view(b, "d_c", d_dt_b_c, find(b, "c")));
    add_dgrad(b, "dt_proj_dgrad", PLACE_LAYER, d_dt, find(b, "dt_proj.weight"), NONE,
              add_gradient_view(b, "d_dt_low", d_dt_b_c, dt_low));
    add_wgrad(b, "dt_proj_wgrad", PLACE_LAYER, d_dt, dt_low,
              add_weight_gradient(b, "d_dt_proj.weight", W_DT_PROJ), NONE);
    add_wgrad(b, "x_proj_wgrad", PLACE_LAYER, d_dt_b_c, u,
              add_weight_gradient(b, "d_x_proj.weight", W_X_PROJ), NONE);
    /* In place of the scan's share. */
    const int d_u_sum = add_gradient_view(b, "d_u", d_u, u);
    add_dgrad(b, "x_proj_dgrad", PLACE_LAYER, d_dt_b_c, find(b, "x_proj.weight"), d_u, d_u_sum);
    add_conv_backward(b, find(b, "x"), d_u_sum, add_gradient_view(b, "d_x", d_xz, find(b, "x")));
    add_in_proj_backward(b, d_xz);
}

static void add_mamba2_backward(struct builder *b, int d_hidden)
{
    struct graph *graph = b->graph;
    const struct model_shape *s = &graph->shape;
    const int zxbcdt = find(b, "in_proj.y"), ubc = find(b, "silu.y"), scanned = find(b, "skip.y"),
              gated = find(b, "gate_norm.y"), matrix_b = find(b, "b"), dt = find(b, "dt");
    const int d_zxbcdt = add_gradient(b, "d_in_proj.y", zxbcdt), d_ubc = add_gradient(b, "d_silu.y", ubc);
    const int d_gated = add_gradient(b, "d_gate_norm.y", gated),
              again = add_gradient(b, "gate_norm.y.again", gated);
    const int d_scanned = add_gradient(b, "d_skip.y", scanned);
    const struct shared_gradients slices = add_slices(b, matrix_b);

    add_dgrad(b, "out_proj_dgrad", PLACE_LAYER, d_hidden, find(b, "out_proj.weight"), NONE, d_gated);
    if (b->failed)
        return;
    add_stage(b, "gate_norm_backward", PLACE_LAYER, "gate_norm_backward",
              DIMS({"rows", graph->tensors[scanned].rows}, {"channels", s->d_inner}, {"groups", s->ngroups}),
              PARAMETERS({"eps", s->norm_eps}, {"norm_before_gate", s->norm_before_gate}),
              BIND({"y", scanned}, {"z", find(b, "z")}, {"weight", find(b, "gate_norm.weight")},
                   {"dout", d_gated}, {"dy", d_scanned},
                   {"dz", add_gradient_view(b, "d_z", d_zxbcdt, find(b, "z"))},
                   {"dweight", add_weight_gradient(b, "d_gate_norm.weight", W_GATE_NORM)}, {"out", again}));
    add_out_proj_wgrad(b, d_hidden, again);
    add_stage(b, "scan_backward", PLACE_LAYER, "ssd_backward",
              DIMS({"batch", graph->batch}, {"seqlen", graph->seqlen}, {"heads", s->nheads},
                   {"headdim", s->headdim}, {"groups", s->ngroups}, {"d_state", s->d_state}, {"interval", 1},
                   {"slices", SCAN_BACKWARD_SLICES}),
              PARAMETERS({"dt_min", s->dt_min}, {"dt_max", s->dt_max}),
              BIND({"dt", dt}, {"dt_bias", graph_tensor(graph, "dt.bias")}, {"x", find(b, "u")},
                   {"a", find(b, "a")}, {"b", matrix_b}, {"c", find(b, "c")}, {"d", find(b, "d")},
                   {"states", find(b, "h")}, {"dy", d_scanned},
                   {"dx", add_gradient_view(b, "d_u", d_ubc, find(b, "u"))},
                   {"ddt", add_gradient_view(b, "d_dt", d_zxbcdt, dt)},
                   {"da", add_weight_gradient(b, "d_a", W_A_LOG)}, {"db", slices.b}, {"dc", slices.c},
                   {"dd", add_weight_gradient(b, "d_d", W_D)},
                   {"ddt_bias", add_weight_gradient(b, "d_dt.bias", W_DT_BIAS)},
                   {"boundaries", add_boundaries(b, s->d_inner * s->d_state)},
                   {"dstate", add_dstate(b, s->d_inner * s->d_state)}));
    add_reduce(b, "reduce_b", slices.b, add_gradient_view(b, "d_b", d_ubc, matrix_b));
    add_reduce(b, "reduce_c", slices.c, add_gradient_view(b, "d_c", d_ubc, find(b, "c")));
    add_conv_backward(b, find(b, "xbc"), d_ubc, add_gradient_view(b, "d_xbc", d_zxbcdt, find(b, "xbc")));
    add_in_proj_backward(b, d_zxbcdt);
}

static void add_layer_backward(struct builder *b, int d_hidden)
{
    if (b->graph->shape.arch == ARCH_MAMBA1)
        add_mamba1_backward(b, d_hidden);
    else
        add_mamba2_backward(b, d_hidden);
    const int hidden = find(b, "hidden"), d_before = add_gradient(b, "d_hidden_before", hidden);
    if (b->failed)
        return;
    b->graph->tensors[d_before].overwrites = d_hidden;
    add_norm_backward(b, "norm_backward", PLACE_LAYER, hidden, find(b, "norm.weight"), find(b, "d_norm.y"),
                      d_hidden, d_before, add_weight_gradient(b, "d_norm.weight", W_NORM));
}

static void add_input_backward(struct builder *b, int d_hidden)
{
    const struct graph *graph = b->graph;
    const struct model_shape *s = &graph->shape;
    if (b->failed)
        return;
    if (s->vocab == 0) {
        add_wgrad(b, "input_proj_wgrad", PLACE_BEFORE, d_hidden, find(b, "features"),
                  add_weight_gradient(b, "d_input_proj.weight", W_INPUT_PROJ),
                  add_weight_gradient(b, "d_input_proj.bias", W_INPUT_BIAS));
        return;
    }
    const int d_weight =
        s->tied_head ? find(b, "d_head.weight") : add_weight_gradient(b, "d_embed.weight", W_EMBED);
    add_stage(b, "embed_backward", PLACE_BEFORE, "embed_backward",
              DIMS({"rows", graph->tensors[d_hidden].rows}, {"vocab", s->vocab}, {"channels", s->d_model}),
              PARAMETERS({"accumulate", s->tied_head}),
              BIND({"ids", find(b, "ids")}, {"dy", d_hidden}, {"dweight", d_weight}));
}

static void add_backward(struct builder *b)
{
    const struct model_shape *s = &b->graph->shape;
    b->backward = true;
    /* The states before each step; Mamba-1's stages have them already. */
    if (s->arch == ARCH_MAMBA2)
        add_activation(b, "h", s->d_inner * s->d_state);
    const int d_hidden = add_output_backward(b);
    add_layer_backward(b, d_hidden);
    add_input_backward(b, d_hidden);
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
    *graph = (struct graph){.shape = *shape,
                            .phase = phase,
                            .batch = batch,
                            .seqlen = seqlen,
                            .all_logits = all_logits || phase == PHASE_TRAIN};
    struct builder builder = {.graph = graph, .error = error};
    int hidden = add_input(&builder);
    add_layer(&builder, hidden);
    add_output(&builder, hidden);
    if (phase == PHASE_TRAIN)
        add_backward(&builder);
    return !builder.failed;
}

int graph_stage(const struct graph *graph, const char *name)
{
    for (int i = 0; i < graph->n_stages; i++)
        if (!strcmp(graph->stages[i].name, name))
            return i;
    return NONE;
}

int graph_tensor(const struct graph *graph, const char *name)
{
    for (int i = 0; i < graph->n_tensors; i++)
        if (!strcmp(graph->tensors[i].name, name))
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

bool stage_work_with(const struct stage *stage, const char *dim, int64_t value, struct work *work,
                     struct error *error)
{
    struct stage other = *stage;
    for (int i = 0; i < other.n_dims; i++)
        if (!strcmp(other.dims[i].name, dim))
            other.dims[i].value = value;
    if (!stage_work(&other, error))
        return false;
    *work = other.work;
    return true;
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
    if ((!strcmp(stage->family->name, "embed") && tensor->role == TENSOR_WEIGHT) ||
        (!strcmp(stage->family->name, "embed_backward") && tensor->role == TENSOR_WEIGHT_GRADIENT))
        elements = stage_dim(stage, "rows") * stage_dim(stage, "channels");
    return (uint64_t)((double)elements * bytes_per_value);
}
