/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "platforms/cpu/tokens.h"

#include <stdlib.h>

#include "mamba/random.h"
#include "platforms/platform.h"

extern const struct platform cpu_platform;

/* Of the size that a mean over the tokens has. */
static void set_logits_gradient(struct program *program, const struct graph *graph, uint64_t seed)
{
    enum { PIECE = 4096 };
    float values[PIECE];
    const int64_t tokens = graph->batch * graph->seqlen, total = tokens * graph->shape.outputs;
    for (int64_t first = 0; first < total; first += PIECE) {
        const int64_t count = smaller(PIECE, total - first);
        for (int64_t i = 0; i < count; i++) {
            const uint64_t bits = scatter(~seed ^ scatter((uint64_t)(first + i)));
            values[i] = ((float)(bits >> 40) / (float)(1 << 24) * 2 - 1) / (float)tokens;
        }
        program_set_logits_gradient(program, first, count, values);
    }
}

bool tokens_set(struct program *program, const struct graph *graph, uint64_t seed, int64_t first,
                struct error *error)
{
    const struct model_shape *shape = &graph->shape;
    const int64_t count = graph->batch * graph->seqlen;
    const int64_t width = shape->vocab ? 1 : shape->input_size;
    void *values = malloc((size_t)(count * width) * sizeof(float));
    if (!values)
        return error_set(error, STATUS_FAILED, "out of memory");
    for (int64_t i = 0; i < count * width; i++) {
        const int64_t sequence = i / (graph->seqlen * width), position = i % (graph->seqlen * width);
        const uint64_t bits =
            scatter(seed ^ scatter((uint64_t)sequence << 40 | (uint64_t)(first * width + position)));
        if (shape->vocab)
            ((int32_t *)values)[i] = (int32_t)(bits % (uint64_t)shape->vocab);
        else
            ((float *)values)[i] = (float)(bits >> 40) / (float)(1 << 24) * 2 - 1;
    }
    bool ok = true;
    if (shape->vocab)
        ok = program_set_ids(program, values, error);
    else
        program_set_features(program, values);
    free(values);
    if (ok && graph->phase == PHASE_TRAIN)
        set_logits_gradient(program, graph, seed);
    return ok;
}

static void run_program(void *user, struct team *team, struct part part)
{
    program_run(user, team, part);
}

bool tokens_prefill(struct network *network, struct team *team, const struct model_shape *shape,
                    int64_t batch, int64_t tokens, uint64_t seed, enum precision precision,
                    bool (*stopped)(void), struct error *error)
{
    struct graph *graph = malloc(sizeof *graph);
    struct plan *plan = malloc(sizeof *plan);
    struct program *program = NULL;
    bool ok = (graph && plan) || error_set(error, STATUS_FAILED, "out of memory");
    ok = ok && graph_build(shape, PHASE_PREFILL, batch, tokens, false, graph, error) &&
         platform_plan(&cpu_platform, graph, plan_fusing(NULL, precision), plan, error) &&
         (program = program_create(network, graph, plan, error)) &&
         tokens_set(program, graph, seed, 0, error);
    if (ok) {
        program_stop_when(program, stopped);
        team_run(team, run_program, program);
        ok = !program_stopped(program) || error_set(error, STATUS_FAILED, "interrupted");
    }
    program_destroy(program);
    free(graph);
    free(plan);
    return ok;
}
