/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef MAMBA_GRAPH_H
#define MAMBA_GRAPH_H

#include "kernels/kernel.h"
#include "mamba/shape.h"

enum phase { PHASE_PREFILL, PHASE_DECODE, PHASE_TRAIN };
const char *phase_name(enum phase phase);

enum tensor_role {
    TENSOR_INPUT, /* token ids or features of the workload */
    TENSOR_WEIGHT,
    TENSOR_STATE,      /* carried from token to token, one a layer */
    TENSOR_ACTIVATION, /* made by one stage, used by others */
    TENSOR_OUTPUT,     /* logits */
    TENSOR_GRADIENT,   /* of an activation or a state, in training */
    TENSOR_WEIGHT_GRADIENT
};

/* A tensor of the graph, row-major; (batch, seqlen, channels) has batch * seqlen rows. A view is a block of
 * its parent: row r, column c is the parent's row first_row + r * row_step, column first_column + c
 * (x and z of in_proj's output; the last token of each sequence). */
struct tensor {
    const char *name;
    enum tensor_role role;
    enum weight weight; /* of TENSOR_WEIGHT and TENSOR_WEIGHT_GRADIENT */
    int64_t rows, columns;
    int parent; /* -1: not a view */
    int64_t first_row, row_step, first_column;
    int overwrites; /* made in place of this tensor and carried to the next layer; else -1 */
    bool index;     /* int32 token ids, else values of the plan's precision */
};

enum {
    STAGE_MAX_OPERANDS = 24,
    STAGE_MAX_DIMS = 8,
    STAGE_MAX_PARAMETERS = 4,
    GRAPH_MAX_STAGES = 48,
    GRAPH_MAX_TENSORS = 128,
    SCAN_BACKWARD_SLICES = 8 /* parts of sums over channels that threads may share */
};

/* Where a stage stands: once before the layers, in every layer, or once after them. Backward stages run in
 * the opposite order: after the layers, in every layer from the last on, before them. */
enum place { PLACE_BEFORE, PLACE_LAYER, PLACE_AFTER };

struct stage {
    const char *name; /* DESIGN's word */
    enum place place;
    bool backward;
    const struct kernel_family *family; /* that computes this stage alone */
    int n_dims;
    struct stage_dim {
        const char *name;
        int64_t value;
    } dims[STAGE_MAX_DIMS];
    int n_parameters;
    struct stage_parameter {
        const char *name;
        double value;
    } parameters[STAGE_MAX_PARAMETERS];
    int n_operands;
    struct stage_operand {
        const struct kernel_operand *operand;
        int tensor;
    } operands[STAGE_MAX_OPERANDS];
    struct work work; /* exact, of one execution */
};

/* The stages of one workload with every tensor between them. Layers are all alike, so one stands for all:
 * the stages of PLACE_LAYER run n_layer times.
 *
 * In training each sequence starts from states of zeros, the head sees every token and the gradient of the
 * logits, d_logits, is an input. The gradient of a tensor t is d_t. What the backward stages compute:
 *   NAME_dgrad           a projection's gradient of its input; x_proj's is added to the scan's
 *   NAME_wgrad           a projection's gradients of its weight and bias
 *   conv_backward        conv and silu, whose argument it builds again from conv's input
 *   scan_backward        Mamba-1: softplus to gate, whose output it makes once more; Mamba-2: softplus to
 *                        skip. From the states before each step, as many of them as the plan keeps
 *   reduce_b, reduce_c   the sum of the parts of the gradients of B and C that threads made
 *   gate_norm_backward   gate_norm, whose output it makes once more
 *   norm_backward        norm and the residual around the layer
 *   final_norm_backward  final_norm
 *   embed_backward       embed; added to the head's gradient when these share a weight
 * d_a is the gradient of a = -exp(A_log); that of A_log is a times it. */
struct graph {
    struct model_shape shape;
    enum phase phase;
    int64_t batch, seqlen; /* seqlen 1 in decode */
    bool all_logits;       /* else the head sees only the last token of each sequence */
    int n_stages, n_tensors;
    struct stage stages[GRAPH_MAX_STAGES];
    struct tensor tensors[GRAPH_MAX_TENSORS];
};

/* A decode graph has seqlen 1 whatever is asked. Without all_logits, final_norm and head see the last token
 * of each sequence only. */
bool graph_build(const struct model_shape *shape, enum phase phase, int64_t batch, int64_t seqlen,
                 bool all_logits, struct graph *graph, struct error *error);

int graph_stage(const struct graph *graph, const char *name);   /* -1: none */
int graph_tensor(const struct graph *graph, const char *name);  /* -1: none */
int64_t stage_dim(const struct stage *stage, const char *name); /* -1: none */
/* The stage's work if that dim had another value. */
bool stage_work_with(const struct stage *stage, const char *dim, int64_t value, struct work *work,
                     struct error *error);
int64_t stage_repeats(const struct graph *graph, const struct stage *stage); /* n_layer or 1 */
int64_t tensor_elements(const struct tensor *tensor);
/* The tensor that a view, however deep, is part of (itself when it is none). */
int tensor_root(const struct graph *graph, int tensor);
/* Bytes that one execution of the stage moves for this operand: the whole tensor, but of the embedding
 * only the rows that are looked up. Indices are 4 bytes. A state counts once (it is read and written). */
uint64_t stage_operand_bytes(const struct graph *graph, const struct stage *stage,
                             const struct stage_operand *operand, double bytes_per_value);

/* All names that any graph has, in order, for `list stages` and for checking --stage; null-terminated. */
const char *const *graph_stage_names(void);

#endif
