/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef MAMBA_PLAN_H
#define MAMBA_PLAN_H

#include "mamba/graph.h"

/* Stages that one kernel computes. */
struct group {
    char name[128]; /* "conv+silu", or the stage's name */
    int n_stages;
    int stages[GRAPH_MAX_STAGES];
    enum place place;
    struct work work;    /* of one execution */
    uint64_t bytes_read; /* crossing the group's border inward: activations, weights, state */
    uint64_t bytes_written;
    uint64_t weight_bytes; /* the part of bytes_read that is weights */
    uint64_t state_bytes;  /* the part of bytes_read and of bytes_written that is state (each) */
    uint64_t onchip_bytes; /* tensors that live only inside the group */
};

/* What is done with the graph: a partition of its stages into groups. */
struct plan {
    char fusion[128]; /* as asked: "none", "conv-silu,scan", "conv+silu" */
    enum precision precision;
    int n_groups;
    struct group groups[GRAPH_MAX_STAGES];
};

/* fusion is `none` or a comma-separated list of named fusions (conv-silu; scan: softplus to gate in
 * Mamba-1, softplus to skip in Mamba-2) and partitions a+b+c. Stages not named stand alone. A stage that
 * the graph does not have, one named twice, or a group that is not connected or closes a cycle is an error
 * that names the stages. */
bool plan_build(const struct graph *graph, const char *fusion, enum precision precision, struct plan *plan,
                struct error *error);

extern const char plan_default_fusion[]; /* "conv-silu,scan": what Mamba's own kernels fuse */

#endif
