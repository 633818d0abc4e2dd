/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "mamba/scan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool has_chunks(enum scan algorithm)
{
    return algorithm == SCAN_CHUNKED || algorithm == SCAN_SSD;
}

bool scan_chunk_assumed(struct scan_choice choice)
{
    return has_chunks(choice.algorithm) && choice.chunk == 0;
}

bool scan_choice_parse(const char *text, enum arch arch, struct scan_choice *choice, struct error *error)
{
    char name[32];
    const char *colon = strchr(text, ':');
    snprintf(name, sizeof name, "%.*s", (int)(colon ? colon - text : (ptrdiff_t)sizeof name - 1), text);
    *choice = (struct scan_choice){.chunk = 0};
    if (!scan_parse(name, &choice->algorithm))
        return error_set(error, STATUS_USAGE,
                         "--scan %.60s: must be one of sequential, blelloch, chunked, chunked:N, ssd, ssd:N",
                         text);
    if (colon) {
        char *end;
        errno = 0;
        const long long chunk = strtoll(colon + 1, &end, 10);
        if (!has_chunks(choice->algorithm))
            return error_set(error, STATUS_USAGE, "--scan %.60s: %s has no chunks", text, name);
        if (errno || colon[1] < '0' || colon[1] > '9' || *end || chunk < 1 || chunk > INT32_MAX)
            return error_set(error, STATUS_USAGE,
                             "--scan %.60s: a chunk is a whole number of steps from 1 to %d", text,
                             INT32_MAX);
        choice->chunk = chunk;
    }
    if (choice->algorithm == SCAN_SSD && arch == ARCH_MAMBA1)
        return error_set(
            error, STATUS_USAGE,
            "--scan ssd: %s has no such form, as it has a decay for each channel and state, not one a head",
            arch_name(arch));
    return true;
}

const char *scan_choice_default(const struct graph *graph)
{
    enum { LEAST_TOKENS = 32 };
    return scan_name(graph->shape.arch == ARCH_MAMBA2 && graph->seqlen >= LEAST_TOKENS &&
                             graph->phase != PHASE_TRAIN
                         ? SCAN_SSD
                         : SCAN_SEQUENTIAL);
}

/* The sizes of the recurrence: of one step of one sequence, values of the state and decays. */
struct recurrence {
    uint64_t batch, length, states, decays, rows, groups;
};

/* As in kernels: in the up-sweep only what a left child needs, in the down-sweep the states before odd steps
 * are those after even ones. */
static void tree_cost(const struct recurrence *r, struct scan_cost *cost)
{
    uint64_t up = 0, down = 0;
    for (uint64_t half = 1; half < r->length; half *= 2) {
        up += r->length / (2 * half);
        down += half > 1 ? (r->length - half + 2 * half - 1) / (2 * half) : 0;
    }
    up *= r->batch;
    down *= r->batch;
    cost->work.mul += up * (r->states + r->decays) + down * r->states;
    cost->work.add += (up + down) * r->states;
    cost->values += up * 3 * (r->states + r->decays) + down * (3 * r->states + r->decays);
}

/* All chunks but the first and the last are scanned twice. */
static void chunks_cost(const struct recurrence *r, uint64_t chunk, bool fused, bool mamba1,
                        struct scan_cost *cost)
{
    const uint64_t chunks = (r->length + chunk - 1) / chunk, local = chunks > 2 ? chunks - 2 : 0;
    const uint64_t steps = r->batch * local * chunk, carries = r->batch * local;
    cost->work.mul += steps * r->states + carries * r->states;
    cost->work.add += steps * r->states + carries * r->states;
    if (mamba1 && !fused) {
        /* The products of the decays. */
        cost->work.mul += steps * r->decays;
        cost->values += steps * 2 * r->states + carries * 4 * r->states;
        return;
    }
    /* delta a and its exponential, delta x, delta x b; the chunk's decay is exp(a sum delta). */
    cost->work.mul += steps * (r->decays + r->rows + r->states) + carries * r->decays;
    cost->work.add += steps * (mamba1 ? r->rows : r->decays);
    cost->work.exp += (steps + carries) * r->decays;
    cost->values += carries * 4 * r->states;
}

static void add_products(struct work *work, uint64_t n)
{
    work->mul += n;
    work->add += n;
}

static void matrices_chunk(const struct recurrence *r, uint64_t n, struct work *work)
{
    const uint64_t states = r->states / r->rows, pairs = n * (n + 1) / 2;
    add_products(work, pairs * r->groups * states); /* c . b */
    add_products(work, pairs * r->rows);            /* within the chunk */
    add_products(work, 2 * n * r->states);          /* from the state, and into the next */
    work->mul += 2 * pairs * r->decays + n * (r->decays + 2 * r->rows) + r->states;
    work->add += pairs * r->decays;
    work->exp += (pairs + n) * r->decays;
}

void scan_cost(const struct graph *graph, struct scan_choice choice, bool fused, struct scan_cost *cost)
{
    const struct model_shape *s = &graph->shape;
    const struct stage *stage = &graph->stages[graph_stage(graph, "scan")];
    const bool mamba1 = s->arch == ARCH_MAMBA1;
    const struct recurrence r = {.batch = (uint64_t)graph->batch,
                                 .length = (uint64_t)graph->seqlen,
                                 .states = (uint64_t)(s->d_inner * s->d_state),
                                 .decays = (uint64_t)(mamba1 ? s->d_inner * s->d_state : s->nheads),
                                 .rows = (uint64_t)s->d_inner,
                                 .groups = (uint64_t)s->ngroups};
    uint64_t chunk = (uint64_t)(choice.chunk ? choice.chunk : SCAN_MODELLED_CHUNK);
    chunk = chunk < r.length ? chunk : r.length;
    *cost = (struct scan_cost){.work = stage->work};
    if (choice.algorithm == SCAN_BLELLOCH) {
        tree_cost(&r, cost);
    } else if (choice.algorithm == SCAN_CHUNKED) {
        chunks_cost(&r, chunk, fused, mamba1, cost);
    } else if (choice.algorithm == SCAN_SSD) {
        struct work whole = {0}, rest = {0};
        matrices_chunk(&r, chunk, &whole);
        if (r.length % chunk)
            matrices_chunk(&r, r.length % chunk, &rest);
        cost->work = (struct work){0};
        work_add(&cost->work, &whole, r.batch * (r.length / chunk));
        work_add(&cost->work, &rest, r.batch);
    }
}
