/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef PLATFORMS_CPU_TOKENS_H
#define PLATFORMS_CPU_TOKENS_H

#include "platforms/cpu/forward.h"

/* The tokens of a run, seeded: the same for every program and platform. */

/* Sets the first `seqlen` tokens of `batch` sequences from position `first`, in training also the gradient of
 * their logits. */
bool tokens_set(struct program *program, const struct graph *graph, uint64_t seed, int64_t first,
                struct error *error);

/* Leaves the state of `tokens` tokens in the network. Asks before each group whether to stop, unless stopped
 * is null; an error then. */
bool tokens_prefill(struct network *network, struct team *team, const struct model_shape *shape,
                    int64_t batch, int64_t tokens, uint64_t seed, enum precision precision,
                    bool (*stopped)(void), struct error *error);

#endif
