/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/simd/avx512.h"

#include "kernels/selective_scan/simd.inc"

#include "kernels/selective_scan/chunked.inc"

#include "kernels/selective_scan/blelloch.inc"
