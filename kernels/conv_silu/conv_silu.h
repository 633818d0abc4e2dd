/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef KERNELS_CONV_SILU_H
#define KERNELS_CONV_SILU_H

#include "kernels/conv/conv.h"

/* silu(conv(x)): takes struct conv_args. */

extern const struct kernel_family conv_silu_family;

kernel_fn conv_silu_reference, conv_silu_reference_f64, conv_silu_avx2, conv_silu_avx512, conv_silu_neon;
kernel_fn conv_silu_fastmamba, conv_silu_fastmamba_f64; /* kernels/conv/fastmamba.inc */

#endif
