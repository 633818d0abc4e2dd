/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/matmul/w8a8.h"

#define ROTATE(x, n, order) HADAMARD_IN_PLACE(float, x, n, order)
#define W8A8(name) name##_reference
#include "kernels/matmul/w8a8_kernels.inc"

size_t matmul_w8a8_packed_bytes(const void *args)
{
    const struct matmul_args *a = args;
    return HEADER_BYTES + (size_t)a->k * sizeof(float) + (size_t)(a->n * a->k);
}
