/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef MAMBA_PLAN_H
#define MAMBA_PLAN_H

#include "mamba/graph.h"
#include "mamba/scan.h"

/* What a plan decides, by the word of its option and of its key in records. `--compare` walks the values of
 * one choice while the others stay (bench/run_compare.c). To add a value: what check_choice in plan.c
 * accepts, what plan_build makes of it, and one line in plan_choice_values. Platforms find the text in
 * plan->values; one that cannot do it fails to open with STATUS_USAGE and one line that names what lacks it,
 * which a comparison reports as a skipped variant. */
enum plan_choice { CHOICE_FUSION, CHOICE_SCAN, CHOICE_RECOMPUTE, CHOICE_COUNT };
const char *plan_choice_name(enum plan_choice choice);

enum { PLAN_VALUE_SIZE = 128, PLAN_MAX_VALUES = 24 };

/* A request. A null value is the default. */
struct plan_choices {
    const char *values[CHOICE_COUNT];
    enum precision precision;
};

/* All defaults but these two. */
struct plan_choices plan_fusing(const char *fusion, enum precision precision);

/* Stages that one kernel computes. */
struct group {
    char name[128]; /* "conv+silu", or the stage's name */
    int n_stages;
    int stages[GRAPH_MAX_STAGES];
    enum place place;
    struct work work;        /* of one execution */
    uint64_t projection_ops; /* multiplies and adds of its projections, the part in the plan's precision */
    struct work spent;       /* the same as the scan algorithm computes it */
    uint64_t bytes_read;     /* crossing the group's border inward: activations, weights, state */
    uint64_t bytes_written;
    uint64_t weight_bytes; /* the part of bytes_read that is weights */
    uint64_t state_bytes;  /* the part of bytes_read and of bytes_written that is state (each) */
    uint64_t onchip_bytes; /* tensors that live only inside the group */
    uint64_t live_bytes;   /* of these, the most at any one time when the stages run one after another, each
                            * on all tokens; in proportion to the tokens of a tile */
    uint64_t saved_bytes;  /* what it leaves for the backward pass, which no later layer overwrites */
    bool keeps_states;     /* leaves states of the scan for the backward pass */
    bool backward;         /* its stages are of the backward pass */
    bool rebuilt;          /* runs once more before the backward pass of its layer */
};

/* What is done with the graph: a partition of its stages into groups. */
struct plan {
    char values[CHOICE_COUNT][PLAN_VALUE_SIZE]; /* as asked: "none", "conv-silu,scan", "conv+silu" */
    enum precision precision;
    struct scan_choice scan;
    int n_groups;
    struct group groups[GRAPH_MAX_STAGES];
    /* Training; all zero else. */
    int64_t interval; /* a state is kept before every interval-th step */
    int64_t kept;     /* states of a sequence in a layer: 0 when all are rebuilt from the start */
    bool saved[GRAPH_MAX_TENSORS]; /* root tensors that each layer keeps from forward to backward */
    uint64_t saved_bytes;          /* of the whole model, states included */
    struct work repeated;          /* of one pass of the model: work that is done once more for backward */
};

/* The fusion is `none` or a comma-separated list of partitions a+b+c and named fusions:
 *   conv-silu  conv+silu
 *   scan       Mamba-1: softplus to gate, Mamba-2: softplus to skip
 *   block      everything between the matmuls. Mamba-1 has x_proj and dt_proj in between, hence two
 *              groups, conv-silu and scan; Mamba-2 has one, conv to gate_norm. norm and residual stay
 *              alone: what lies between them and a matmul of their own layer is nothing, and layers are
 *              not fused.
 * Stages not named stand alone. A stage that the graph does not have, one named twice, or a group that is
 * not connected or closes a cycle is an error that names the stages.
 *
 * Training (else `none`) keeps, from forward to backward,
 *   store         all that backward stages read, a state before every step included
 *   recompute     what it cannot rebuild without a large projection: each layer's input and the outputs of
 *                 in_proj, x_proj and (Mamba-2) skip. norm, conv, silu, dt_proj and all states are rebuilt.
 *                 The default
 *   checkpoint:K  as recompute, and a state before every K-th step, from which those between are rebuilt */
bool plan_build(const struct graph *graph, struct plan_choices choices, struct plan *plan,
                struct error *error);

/* The work of a stage of the group in the plan's scan algorithm; of any but scan, its own. */
void plan_stage_cost(const struct graph *graph, const struct plan *plan, const struct group *group, int stage,
                     struct scan_cost *cost);
/* Bytes that one execution of the stage moves for this operand: stage_operand_bytes, but of the states that
 * scan_backward reads only those that the plan keeps. */
uint64_t plan_operand_bytes(const struct graph *graph, const struct plan *plan, const struct stage *stage,
                            const struct stage_operand *operand, double bytes_per_value);

/* What was asked for, to build another plan alike. The plan must outlive it. */
struct plan_choices plan_choices(const struct plan *plan);

/* The values worth comparing on that graph, the baseline first. Returns how many. */
int plan_choice_values(enum plan_choice choice, const struct graph *graph,
                       char values[PLAN_MAX_VALUES][PLAN_VALUE_SIZE]);

/* The finest partition whose groups are whole groups of each of the n plans, which share the graph: where two
 * plans can be held against each other. A group that could not run as one (another lies between its stages)
 * takes in what lies between. */
bool plan_spans(const struct graph *graph, const struct plan *const *plans, int n, struct plan *spans,
                struct error *error);

/* The partition as --fusion takes it: "conv+silu,scan+contract", or "none". */
bool plan_fusion_text(const struct plan *plan, char text[PLAN_VALUE_SIZE], struct error *error);

/* Whether these stages, "scan" or "conv+silu", stand one after another in the name of a group or unit. */
bool group_name_holds(const char *name, const char *stages);

/* Whether what one of these groups (bit 1 << group) makes of a tensor is read by another group, or by none. */
bool plan_leaves(const struct graph *graph, const struct plan *plan, uint64_t groups, int tensor);

/* Whether the plan's group lies in the group of spans. */
bool group_within(const struct group *group, const struct group *span);

#endif
