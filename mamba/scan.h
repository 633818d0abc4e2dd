/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef MAMBA_SCAN_H
#define MAMBA_SCAN_H

#include "mamba/graph.h"

/* The scan algorithms as a plan's choice (kernels/kernel.h says what each does): which there are for an
 * architecture, and what they compute beyond the recurrence.
 *
 * In training the choice is of the forward pass alone, where that keeps no states for the backward one
 * (--recompute recompute). Kernels that keep states, and the backward recurrence, whose states are rebuilt in
 * it, go step by step; on the CPU a forward pass that keeps states in another algorithm has no kernel. */

/* "sequential", "blelloch", "chunked", "ssd"; the last two with :N for chunks of N steps. */
struct scan_choice {
    enum scan algorithm;
    int64_t chunk; /* steps; 0: what the platform takes, on models SCAN_MODELLED_CHUNK */
};

enum { SCAN_MODELLED_CHUNK = 256 };

/* Whether models take SCAN_MODELLED_CHUNK, which was not asked for. */
bool scan_chunk_assumed(struct scan_choice choice);

bool scan_choice_parse(const char *text, enum arch arch, struct scan_choice *choice, struct error *error);

/* Sequential; for Mamba-2 ssd, where there are tokens for a chunk, but not in training. */
const char *scan_choice_default(const struct graph *graph);

/* What the stage scan takes in this algorithm, in training its forward pass. With `fused`, nothing of size
 * (seqlen, channels, d_state) is kept in memory, so that what a chunk does twice begins with the
 * discretization. */
struct scan_cost {
    struct work work;
    uint64_t
        values; /* loaded and stored beyond the recurrence's operands: pairs of a tree, inputs once more */
};
void scan_cost(const struct graph *graph, struct scan_choice choice, bool fused, struct scan_cost *cost);

#endif
