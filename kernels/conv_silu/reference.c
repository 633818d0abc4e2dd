/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/conv_silu/conv_silu.h"

#include <math.h>

#include "kernels/conv/reference.inc"

static double silu(double v)
{
    return v / (1 + exp(-v));
}

void KERNEL_REFERENCE(conv_silu)(const void *args, struct part part)
{
    conv_reference_body(args, part, silu);
}
