/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/scan/scan.h"

void KERNEL_REFERENCE(scan)(const void *args, struct part part)
{
    const struct scan_args *p = args;
    int64_t width = p->channels * p->d_state;
    struct range share = part_range(part, p->batch * width, 1);
    for (int64_t i = share.begin; i < share.end; i++) {
        int64_t first = i / width * p->seqlen * width + i % width;
        double h = p->state[i];
        for (int64_t t = 0; t < p->seqlen; t++) {
            int64_t at = first + t * width;
            h = p->abar[at] * h + p->bu[at];
            p->h[at] = (real)h;
        }
        p->state[i] = (real)h;
    }
}
