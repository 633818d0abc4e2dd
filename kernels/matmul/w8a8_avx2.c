/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/hadamard/hadamard.h"
#include "kernels/matmul/w8a8.h"

#define ROTATE(x, n, order)                                                                                  \
    hadamard_avx2(&(const struct hadamard_args){1, (n) / (order), order, x, n, x, n}, (struct part){0, 1})
#define W8A8(name) name##_avx2
#include "kernels/matmul/w8a8_kernels.inc"
