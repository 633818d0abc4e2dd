/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/conv_silu/conv_silu.h"

#include "kernels/conv/input.inc"

#include "kernels/conv/fastmamba.inc"

static double silu(double v)
{
    return v / (1 + exp(-v));
}

void KERNEL_EXACT(conv_silu_fastmamba)(const void *args, struct part part)
{
    conv_fastmamba_body(args, part, silu);
}
