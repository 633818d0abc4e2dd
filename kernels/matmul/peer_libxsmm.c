/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/matmul/peer.h"

#include <libxsmm.h>
#include <pthread.h>
#include <stdlib.h>

/* libxsmm makes code for one small product at a time, in columns: y^T = weight x^T, in panels of PANEL
 * outputs whose weights are packed as [k][PANEL]. The loops around it are ours. */
enum { PANEL = 64, ROW_BLOCK = 96, K_BLOCK = 384 };

static const char *missing;

static void initialise(void)
{
    unsetenv("LIBXSMM_TARGET");
    unsetenv("LIBXSMM_VERBOSE");
    libxsmm_init();
#ifdef __x86_64__
    if (!peer_has(ISA_AVX512))
        libxsmm_set_target_arch(peer_has(ISA_AVX2) ? "hsw" : "wsm");
    if (libxsmm_get_target_archid() < LIBXSMM_X86_AVX)
        missing = "libxsmm makes no code for this processor";
#endif
}

const char *matmul_libxsmm_missing(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, initialise);
    return missing;
}

bool matmul_libxsmm_accepts(const void *args)
{
    const struct matmul_args *a = args;
    return a->x_stride <= INT32_MAX && a->y_stride <= INT32_MAX && a->k <= INT32_MAX;
}

size_t matmul_libxsmm_packed_bytes(const void *args)
{
    const struct matmul_args *a = args;
    return (size_t)((a->n + PANEL - 1) / PANEL * PANEL * a->k) * sizeof(float);
}

void matmul_libxsmm_pack(const void *args, struct part part)
{
    const struct matmul_args *a = args;
    const struct range n = part_range(part, a->n, PANEL);
    float *packed = a->packed;
    for (int64_t j = n.begin; j < n.end; j += PANEL)
        for (int64_t p = 0; p < a->k; p++)
            for (int64_t r = 0; r < PANEL; r++)
                packed[j * a->k + p * PANEL + r] = j + r < a->n ? a->weight[(j + r) * a->k + p] : 0;
}

static void block(const struct matmul_args *a, int64_t i, int64_t rows, int64_t j, int64_t p, int64_t k)
{
    const libxsmm_blasint lda = PANEL, ldb = (libxsmm_blasint)a->x_stride, ldc = (libxsmm_blasint)a->y_stride;
    const int64_t columns = a->n - j < PANEL ? a->n - j : PANEL;
    const float alpha = 1, beta = p > 0 || a->bias ? 1 : 0;
    const libxsmm_smmfunction product =
        libxsmm_smmdispatch((libxsmm_blasint)columns, (libxsmm_blasint)rows, (libxsmm_blasint)k, &lda, &ldb,
                            &ldc, &alpha, &beta, NULL, NULL);
    if (!product)
        abort();
    product((const float *)a->packed + j * a->k + p * PANEL, a->x + i * a->x_stride + p,
            a->y + i * a->y_stride + j);
}

void matmul_libxsmm(const void *args, struct part part)
{
    const struct matmul_args *a = args;
    const struct tile tile = peer_tile(a, part, PANEL);
    matmul_libxsmm_missing();
    if (peer_tile_empty(tile))
        return;
    if (a->bias)
        peer_preset_bias(a, tile);
    for (int64_t i = tile.rows.begin; i < tile.rows.end; i += ROW_BLOCK) {
        const int64_t rows = tile.rows.end - i < ROW_BLOCK ? tile.rows.end - i : ROW_BLOCK;
        for (int64_t p = 0; p < a->k; p += K_BLOCK)
            for (int64_t j = tile.columns.begin; j < tile.columns.end; j += PANEL)
                block(a, i, rows, j, p, a->k - p < K_BLOCK ? a->k - p : K_BLOCK);
    }
}
