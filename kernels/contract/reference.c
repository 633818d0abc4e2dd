/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/contract/contract.h"

void KERNEL_REFERENCE(contract)(const void *args, struct part part)
{
    const struct contract_args *p = args;
    struct range share = part_range(part, p->rows * p->channels, 1);
    for (int64_t i = share.begin; i < share.end; i++) {
        int64_t row = i / p->channels, channel = i % p->channels;
        double y = 0;
        for (int64_t n = 0; n < p->d_state; n++)
            y += (double)p->h[i * p->d_state + n] * p->c[row * p->c_stride + n];
        p->y[row * p->y_stride + channel] = (real)y;
    }
}
