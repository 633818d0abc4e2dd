/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/simd/avx512.h"

#include "kernels/scan/simd.inc"

#include "kernels/scan/chunked.inc"

#include "kernels/scan/blelloch.inc"
