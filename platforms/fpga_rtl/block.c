/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "platforms/fpga_rtl/block.h"

#include <stdlib.h>

#include "platforms/fpga_rtl/half.h"

void block_compute(const struct block *block, const struct block_call *call)
{
    uint16_t terms[4096];
    const int n = block->d_state;
    for (int h = 0; h < call->heads; h++)
        for (int p = 0; p < call->headdim; p++) {
            const int64_t row = (int64_t)h * call->headdim + p;
            const uint16_t dx = half_mul(call->dt[h], call->x[row]);
            for (int i = 0; i < n; i++) {
                const uint16_t next =
                    half_add(half_mul(dx, call->B[i]), half_mul(call->dA[h], call->h[row * n + i]));
                call->h_next[row * n + i] = next;
                terms[i] = half_mul(next, call->C[i]);
            }
            for (int width = n; width > 1; width /= 2)
                for (int i = 0; i < width / 2; i++)
                    terms[i] = half_add(terms[2 * i], terms[2 * i + 1]);
            call->y[row] = half_add(terms[0], half_mul(call->x[row], call->D[h]));
        }
}

void block_counts_add(struct block_counts *to, const struct block_counts *counts)
{
    to->cycles += counts->cycles;
    to->fill += counts->fill;
    to->compute += counts->compute;
    to->stall += counts->stall;
    to->drain += counts->drain;
    to->in_beats += counts->in_beats;
    to->out_beats += counts->out_beats;
    to->in_waits += counts->in_waits;
    to->out_waits += counts->out_waits;
}

#ifndef HAVE_VERILATOR
const struct block *const blocks[] = {NULL};

bool block_simulate(const struct block *block, const struct block_memory *memory,
                    const struct block_call *call, struct block_counts *counts, struct error *error)
{
    (void)block, (void)memory, (void)call, (void)counts;
    return error_set(error, STATUS_UNAVAILABLE, "built without Verilator");
}

bool block_arithmetic(const uint16_t *a, const uint16_t *b, uint16_t *product, uint16_t *sum, int64_t n)
{
    (void)a, (void)b, (void)product, (void)sum, (void)n;
    return false;
}
#endif
