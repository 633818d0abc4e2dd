/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/simd/avx2.h"

#include "kernels/probe/body.h"

const struct probe probe_avx2 = PROBE(ISA_AVX2, "avx2");
