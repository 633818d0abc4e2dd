/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/conv/conv.h"

#include "kernels/conv/input.inc"

#include "kernels/conv/fastmamba.inc"

static double identity(double v)
{
    return v;
}

void KERNEL_EXACT(conv_fastmamba)(const void *args, struct part part)
{
    conv_fastmamba_body(args, part, identity);
}
