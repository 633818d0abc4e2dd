/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/matmul/peer.h"

#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROW_MAJOR = 101, NO_TRANSPOSE = 111, TRANSPOSE = 112 }; /* CBLAS's numbers */
enum { COLUMN_GRAIN = 16 };

typedef void cblas_sgemm_fn(int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha,
                            const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc);
typedef void cblas_sgemv_fn(int order, int transpose, int m, int n, float alpha, const float *a, int lda,
                            const float *x, int incx, float beta, float *y, int incy);

/* Both libraries export the same names: each is loaded into a scope of its own. */
struct blas {
    cblas_sgemm_fn *sgemm;
    cblas_sgemv_fn *sgemv;
    char missing[256];
};

static struct blas openblas, blis;

static void *load(struct blas *blas, const char *library, const char *package)
{
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        snprintf(blas->missing, sizeof blas->missing, "no %s; Debian package %s", library, package);
        return NULL;
    }
    *(void **)&blas->sgemm = dlsym(handle, "cblas_sgemm");
    *(void **)&blas->sgemv = dlsym(handle, "cblas_sgemv");
    if (!blas->sgemm || !blas->sgemv)
        snprintf(blas->missing, sizeof blas->missing, "%s has no CBLAS", library);
    return handle;
}

static void one_thread(struct blas *blas, void *handle, const char *setter)
{
    void *symbol = dlsym(handle, setter);
    if (!symbol) {
        snprintf(blas->missing, sizeof blas->missing, "no function %s: its threads cannot be held to one",
                 setter);
        return;
    }
    /* int, or a 64-bit type of which this is the lower half. */
    void (*set)(int64_t);
    *(void **)&set = symbol;
    set(1);
}

/* By itself OpenBLAS chooses well; below what the processor has it must be told. */
static void load_openblas(void)
{
    unsetenv("OPENBLAS_L2_SIZE");
    unsetenv("OPENBLAS_CORETYPE");
#ifdef __x86_64__
    if (!peer_has(ISA_AVX512))
        setenv("OPENBLAS_CORETYPE", peer_has(ISA_AVX2) ? "Haswell" : "Nehalem", 1);
#endif
    void *handle = load(&openblas, "libopenblas.so.0", "libopenblas0");
    if (handle)
        one_thread(&openblas, handle, "openblas_set_num_threads");
    unsetenv("OPENBLAS_CORETYPE");
}

/* The number that this version of BLIS gives an architecture; -1: it does not know that. */
static int blis_architecture(void *handle, const char *name)
{
    const char *(*arch_string)(int);
    *(void **)&arch_string = dlsym(handle, "bli_arch_string");
    for (int id = 0; arch_string && id < 8; id++) {
        const char *known = arch_string(id);
        if (known && !strcmp(known, name))
            return id;
    }
    return -1;
}

/* BLIS knows processors by their model and takes its generic code on a model that is newer than it is. */
static void load_blis(void)
{
    unsetenv("BLIS_ARCH_TYPE");
    void *handle = load(&blis, "libblis.so.4", "libblis4");
    if (!handle)
        return;
#ifdef __x86_64__
    const int id = blis_architecture(handle, peer_has(ISA_AVX512) ? "skx"
                                             : peer_has(ISA_AVX2) ? "haswell"
                                                                  : "penryn");
    char text[16];
    snprintf(text, sizeof text, "%d", id);
    if (id >= 0)
        setenv("BLIS_ARCH_TYPE", text, 1);
#endif
    one_thread(&blis, handle, "bli_thread_set_num_threads"); /* initialises */
    unsetenv("BLIS_ARCH_TYPE");
}

bool matmul_blas_accepts(const void *args)
{
    const struct matmul_args *a = args;
    return a->m <= INT_MAX && a->n <= INT_MAX && a->k <= INT_MAX && a->x_stride <= INT_MAX &&
           a->y_stride <= INT_MAX;
}

static void run(const struct blas *blas, const struct matmul_args *a, struct part part)
{
    const struct tile tile = peer_tile(a, part, COLUMN_GRAIN);
    if (peer_tile_empty(tile))
        return;
    const float *x = a->x + tile.rows.begin * a->x_stride;
    const float *weight = a->weight + tile.columns.begin * a->k;
    float *y = a->y + tile.rows.begin * a->y_stride + tile.columns.begin;
    const int m = (int)(tile.rows.end - tile.rows.begin);
    const int n = (int)(tile.columns.end - tile.columns.begin), k = (int)a->k;
    const float beta = a->bias ? 1 : 0;
    if (a->bias)
        peer_preset_bias(a, tile);
    if (m == 1)
        blas->sgemv(ROW_MAJOR, NO_TRANSPOSE, n, k, 1, weight, k, x, 1, beta, y, 1);
    else
        blas->sgemm(ROW_MAJOR, NO_TRANSPOSE, TRANSPOSE, m, n, k, 1, x, (int)a->x_stride, weight, k, beta, y,
                    (int)a->y_stride);
}

static const char *missing(const struct blas *blas)
{
    return blas->missing[0] ? blas->missing : NULL;
}

const char *matmul_openblas_missing(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load_openblas);
    return missing(&openblas);
}

const char *matmul_blis_missing(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load_blis);
    return missing(&blis);
}

void matmul_openblas(const void *args, struct part part)
{
    run(&openblas, args, part);
}

void matmul_blis(const void *args, struct part part)
{
    run(&blis, args, part);
}
