/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */

/* Everything anew for every output, nothing kept. Without samples. */
#define ROTATE(x, n, order) HADAMARD_IN_PLACE(float, x, n, order)
#include "kernels/matmul/w8a8.inc"

static void exact(const struct matmul_args *a, enum w8a8 kind)
{
    const struct w8a8_rows x = {.real_rows = a->x, .rows = a->m, .stride = a->x_stride};
    const struct w8a8_rows weights = {.real_rows = a->weight, .rows = a->n, .stride = a->k};
    const enum w8a8 weight_kind = kind == W8A8_FASTMAMBA ? W8A8_HADAMARD : kind;
    const struct w8a8_scale x_scale = scale_of_x(a, kind, &x, NULL);
    struct w8a8_scale weight_scale;
    float values[W8A8_CHUNK];
    int8_t left[W8A8_CHUNK], right[W8A8_CHUNK];
    float_scale(largest_rotated(a, weight_kind, &weights, NULL, INT32_MIN), &weight_scale);
    bool finite = true;
    for (int64_t j = 0; j < a->n; j++)
        finite &= finite_row(&weights, j, a->k);
    for (int64_t i = 0; i < a->m; i++)
        for (int64_t j = 0; j < a->n; j++) {
            int64_t sum = 0;
            for (int64_t k0 = 0; k0 < a->k; k0 += W8A8_CHUNK) {
                const int64_t n = chunk_of(a->k, k0);
                read_chunk(&x, i, k0, n, values);
                quantise_chunk(a, kind, &x_scale, values, NULL, n, left);
                read_chunk(&weights, j, k0, n, values);
                quantise_chunk(a, weight_kind, &weight_scale, values, NULL, n, right);
                for (int64_t p = 0; p < n; p++)
                    sum += left[p] * right[p];
            }
            a->y[i * a->y_stride + j] = finite && finite_row(&x, i, a->k)
                                            ? (real)finish(sum, x_scale.step, weight_scale.step,
                                                           rotation(a, kind), a->bias ? &a->bias[j] : NULL)
                                            : (real)NAN;
        }
}

#define EXACT(name, kind)                                                                                    \
    kernel_fn KERNEL_EXACT(name);                                                                            \
    void KERNEL_EXACT(name)(const void *args, struct part part)                                              \
    {                                                                                                        \
        if (part.index == 0)                                                                                 \
            exact(args, kind);                                                                               \
    }
EXACT(matmul_w8a8_exact, W8A8_NAIVE)
EXACT(matmul_w8a8_smooth_exact, W8A8_SMOOTH)
EXACT(matmul_w8a8_hadamard_exact, W8A8_HADAMARD)
EXACT(matmul_fastmamba_exact, W8A8_FASTMAMBA)
