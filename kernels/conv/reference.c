/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/conv/conv.h"

#include "kernels/conv/reference.inc"

static double identity(double v)
{
    return v;
}

void KERNEL_REFERENCE(conv)(const void *args, struct part part)
{
    conv_reference_body(args, part, identity);
}
