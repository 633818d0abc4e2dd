/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef KERNELS_SELECTIVE_SCAN_CHUNKS_H
#define KERNELS_SELECTIVE_SCAN_CHUNKS_H

#include "kernels/selective_scan/selective_scan.h"

/* How the chunked scan cuts its work: jobs (a block of lanes channels of one sequence) times chunks of time.
 */
struct chunks {
    int64_t jobs, count;
    int64_t first, rest; /* steps of the first chunk, and of each other but perhaps the last */
};

/* With args->chunk, chunks of that many steps. Else as many as it takes to feed the parts: none when there
 * are jobs enough; otherwise one more than the parts a job has, the first shorter by what a local scan is
 * cheaper than a whole one (LOCAL / WHOLE of its time), so that all parts end both passes together. */
static inline struct chunks chunks_of(const struct selective_scan_args *p, int64_t lanes, int parts)
{
    enum { LOCAL = 3, WHOLE = 4, GRAIN = 16, SHORTEST = 128 };
    const int64_t length = p->seqlen;
    struct chunks chunks = {
        .jobs = p->batch * ((p->channels + lanes - 1) / lanes), .count = 1, .first = length, .rest = length};
    if (p->chunk > 0) {
        chunks.first = chunks.rest = p->chunk < length ? p->chunk : length;
        chunks.count = (length + chunks.rest - 1) / chunks.rest;
        return chunks;
    }
    int64_t each = chunks.jobs ? parts / chunks.jobs : 1;
    if (each > length / SHORTEST)
        each = length / SHORTEST;
    if (each < 2)
        return chunks;
    chunks.rest = WHOLE * length / (WHOLE * each + LOCAL) / GRAIN * GRAIN;
    chunks.first = length - each * chunks.rest;
    chunks.count = each + 1;
    return chunks;
}

static inline int64_t chunk_begin(const struct chunks *chunks, int64_t chunk)
{
    return chunk ? chunks->first + (chunk - 1) * chunks->rest : 0;
}

static inline int64_t chunk_end(const struct chunks *chunks, int64_t length, int64_t chunk)
{
    const int64_t end = chunks->first + chunk * chunks->rest;
    return end < length ? end : length;
}

#endif
