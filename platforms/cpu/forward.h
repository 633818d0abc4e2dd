/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef PLATFORMS_CPU_FORWARD_H
#define PLATFORMS_CPU_FORWARD_H

#include "mamba/model.h"
#include "mamba/plan.h"
#include "platforms/cpu/team.h"

/* A model made ready to run: weights in the form that kernels read (a = -exp(A_log), packed where a kernel
 * wants that), and the state of `batch` sequences in every layer. The precision is that of the projections;
 * all else is fp32, or fp64 with the float64 references, or what the precision says. Precisions that are
 * calibrated first run the model once in fp32 on 256 seeded tokens and choose their scales from that. F32
 * weights stay in the checkpoint's mapping. */
struct network;

/* threads: of the team that its programs run on. */
struct network *network_create(const struct model *model, enum precision precision, int64_t batch,
                               int threads, struct error *error);
void network_destroy(struct network *network);
/* Programs created from now on take family/<variant> where a family has it and it can be used. */
void network_prefer(struct network *network, const char *variant);
/* Programs created from now on share a step among no more threads than get `ns` nanoseconds of it each, by a
 * rough count of bytes and operations; what is left for one is done without a barrier. 0: all share every
 * step. */
void network_least_share(struct network *network, double ns);
/* For a reference that runs a few times: layers take turns with the memory for weights of other types than
 * the checkpoint's, converted when a layer runs, so that a model needs the memory of one layer. To be called
 * before the first program is created, of a precision without packed weights (fp64). */
bool network_take_turns(struct network *network, struct error *error);
/* Every sequence at its start: all states zero. */
void network_reset(struct network *network);
/* All states, to be given back; the caller frees them. Null with an error: no memory. */
void *network_save(const struct network *network, struct error *error);
void network_restore(struct network *network, const void *saved);
/* What was copied, converted or packed so far, and the time that it took. */
uint64_t network_packed_bytes(const struct network *network);
double network_packing_s(const struct network *network);

/* A plan for one workload, bound to a network: which kernel computes each group, and memory for every
 * tensor. Programs of one network share its states, so prefill carries over into decode. */
struct program;

/* Fails when no kernel covers a group ("no kernel covers x+y on cpu") or memory does not suffice, which is
 * known before any is touched: tensors, weights in the forms that kernels read, scratch. The graph, the plan
 * and the network must outlive the program. */
struct program *program_create(struct network *network, const struct graph *graph, const struct plan *plan,
                               struct error *error);
/* Of the groups whose bit (1 << group) is set, only these. Activations that none of them makes get values as
 * real models have them, from the seed. */
struct program *program_create_part(struct network *network, const struct graph *graph,
                                    const struct plan *plan, uint64_t groups, uint64_t seed,
                                    struct error *error);
void program_destroy(struct program *program);

const struct plan *program_plan(const struct program *program);
/* The kernel of a group of the plan. */
const struct kernel *program_kernel(const struct program *program, int group);
const struct kernel_family *program_family(const struct program *program, int group);
/* How many threads share a group. */
int program_parts(const struct program *program, int group);
/* The args struct with which a group runs in a layer (0 outside the layers). */
const void *program_args(const struct program *program, int group, int64_t layer);

/* The tensor of the graph that an operand of a group's family is; -1: none. */
int program_operand_tensor(const struct program *program, int group, const struct kernel_operand *operand);

/* What the input tensor is filled with: token ids (batch * seqlen) or features (batch * seqlen rows of
 * input_size). False, with nothing changed, when an id is outside the vocabulary. A part of a program that
 * does not read its input has none to fill. */
bool program_set_ids(struct program *program, const int32_t *ids, struct error *error);
void program_set_features(struct program *program, const float *features);

/* Training: `count` values from the first-th on of the gradient of the logits, rows x columns of it. */
void program_set_logits_gradient(struct program *program, int64_t first, int64_t count, const float *values);

/* Called by every thread of a team, inside team_run. On return the first thread may use the outcome, the
 * others after team_settle. */
void program_run(struct program *program, struct team *team, struct part part);        /* the whole model */
void program_run_before(struct program *program, struct team *team, struct part part); /* up to the layers */
void program_run_layer(struct program *program, int64_t layer, struct team *team, struct part part);
void program_run_after(struct program *program, struct team *team, struct part part); /* from the layers on */
/* Training: program_run is the forward pass and then this, which begins with the stages after the layers. A
 * layer's backward pass begins with what the plan rebuilds. */
void program_run_backward(struct program *program, struct team *team, struct part part);
void program_run_backward_after(struct program *program, struct team *team, struct part part);
void program_run_backward_layer(struct program *program, int64_t layer, struct team *team, struct part part);
void program_run_group(struct program *program, int group, int64_t layer, struct team *team,
                       struct part part);

/* A run that may be long asks before each group whether to go on; once the answer is yes, stop, nothing more
 * is computed and what the tensors hold is worthless. Null, as at first: it does not ask, which costs
 * nothing. */
void program_stop_when(struct program *program, bool (*asks)(void));
bool program_stopped(const struct program *program);

/* Values of a tensor, by name, as double: rows x columns; of one that every layer has for itself, layer 0's.
 * False when there is no such tensor. */
bool program_read(const struct program *program, const char *tensor, double *values);
bool program_read_layer(const struct program *program, const char *tensor, int64_t layer, double *values);
/* The logits, which must be finite. */
bool program_logits(const struct program *program, double *logits, struct error *error);

/* What the allocator gave: the bytes of blocks that a layer (the first) and the whole model keep from forward
 * to backward, and of those that hold everything else that is no weight. foreseen: of all that was to be
 * taken for the program, weights in its kernels' forms and scratch included, counted before any was. */
struct program_memory {
    uint64_t layer_saved, saved, working, foreseen;
};
struct program_memory program_memory(const struct program *program);
const struct tensor *program_tensor(const struct program *program, const char *tensor);

/* The family that computes a group of stages, or null: a stage alone has its own, several need one whose
 * list of covered stages is theirs, one that keeps states for the backward pass a kernel that writes them. */
const struct kernel_family *family_for_group(const struct graph *graph, const struct group *group);

#endif
