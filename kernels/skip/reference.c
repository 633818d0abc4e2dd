/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/skip/skip.h"

void KERNEL_REFERENCE(skip)(const void *args, struct part part)
{
    const struct skip_args *p = args;
    int64_t channels = p->heads * p->headdim;
    struct range share = part_range(part, p->rows * channels, 1);
    for (int64_t i = share.begin; i < share.end; i++) {
        int64_t row = i / channels, channel = i % channels;
        double u = p->u[row * p->u_stride + channel];
        p->out[row * p->out_stride + channel] =
            (real)(p->y[row * p->y_stride + channel] + p->d[channel / p->headdim] * u);
    }
}
