/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/gate/gate.h"

#include <math.h>

void KERNEL_REFERENCE(gate)(const void *args, struct part part)
{
    const struct gate_args *p = args;
    struct range share = part_range(part, p->rows * p->channels, 1);
    for (int64_t i = share.begin; i < share.end; i++) {
        int64_t row = i / p->channels, channel = i % p->channels;
        double z = p->z[row * p->z_stride + channel];
        p->out[row * p->out_stride + channel] =
            (real)(p->y[row * p->y_stride + channel] * (z / (1 + exp(-z))));
    }
}
