/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef KERNELS_MATMUL_H
#define KERNELS_MATMUL_H

#include "kernels/kernel.h"

/* y = x weight^T + bias: y[i][j] = bias[j] + sum_p x[i][p] * weight[j][p]. */
struct matmul_args {
    int64_t m, n, k;
    const real *x; /* (m | k) */
    int64_t x_stride;
    const real *weight; /* (n, k) */
    void *packed;       /* weight in the form of a kernel that packs */
    const real *bias;   /* (n), may be null */
    real *y;            /* (m | n) */
    int64_t y_stride;
    const struct kernel_sample *samples; /* of x above all; used in packing */
};

extern const struct kernel_family matmul_family;

kernel_fn matmul_reference, matmul_reference_f64;
kernel_fn matmul_avx2, matmul_avx512, matmul_neon, matmul_pack_avx2, matmul_pack_avx512, matmul_pack_neon;
size_t matmul_packed_bytes_avx2(const void *args), matmul_packed_bytes_avx512(const void *args),
    matmul_packed_bytes_neon(const void *args);

/* Other libraries (kernels/matmul/peer.h). */
kernel_fn matmul_openblas, matmul_blis, matmul_onednn, matmul_onednn_pack, matmul_onednn_bf16,
    matmul_onednn_bf16_pack, matmul_libxsmm, matmul_libxsmm_pack;
bool matmul_blas_accepts(const void *args), matmul_libxsmm_accepts(const void *args);
size_t matmul_onednn_packed_bytes(const void *args), matmul_onednn_bf16_packed_bytes(const void *args),
    matmul_libxsmm_packed_bytes(const void *args);
const char *matmul_openblas_missing(void), *matmul_blis_missing(void), *matmul_onednn_missing(void),
    *matmul_onednn_bf16_missing(void), *matmul_libxsmm_missing(void);

/* Below fp32. From AVX2 up all variants of a precision read the same pack. */
kernel_fn matmul_bf16_reference, matmul_bf16_avx2, matmul_bf16_avx512, matmul_bf16_avx512bf16,
    matmul_bf16_amx, matmul_bf16_rows_pack, matmul_bf16_pack;
kernel_fn matmul_fp16_reference, matmul_fp16_avx2, matmul_fp16_avx512, matmul_fp16_rows_pack,
    matmul_fp16_pack;
kernel_fn matmul_int8_reference, matmul_int8_avx2, matmul_int8_avxvnni, matmul_int8_avx512,
    matmul_int8_avx512vnni, matmul_int8_amx, matmul_int8_rows_pack, matmul_int8_pack;
kernel_fn matmul_bf16_neon, matmul_fp16_neon, matmul_int8_neon, matmul_int8_neondot, matmul_int8_neoni8mm;
size_t matmul_bf16_rows_bytes(const void *args), matmul_bf16_packed_bytes(const void *args),
    matmul_fp16_rows_bytes(const void *args), matmul_fp16_packed_bytes(const void *args),
    matmul_int8_rows_bytes(const void *args), matmul_int8_packed_bytes(const void *args);
void matmul_bf16_rounding(const void *args, double *bound),
    matmul_fp16_rounding(const void *args, double *bound),
    matmul_int8_rounding(const void *args, double *bound);

/* kernels/matmul/w8a8.h. Each variant reads its own pack. */
kernel_fn matmul_w8a8_reference, matmul_w8a8_pack_reference, matmul_w8a8_smooth_reference,
    matmul_w8a8_smooth_pack_reference, matmul_w8a8_hadamard_reference, matmul_w8a8_hadamard_pack_reference,
    matmul_fastmamba_reference, matmul_fastmamba_pack_reference, matmul_w8a8_avx2, matmul_w8a8_pack_avx2,
    matmul_w8a8_smooth_avx2, matmul_w8a8_smooth_pack_avx2, matmul_w8a8_hadamard_avx2,
    matmul_w8a8_hadamard_pack_avx2, matmul_fastmamba_avx2, matmul_fastmamba_pack_avx2, matmul_w8a8_avx512,
    matmul_w8a8_pack_avx512, matmul_w8a8_smooth_avx512, matmul_w8a8_smooth_pack_avx512,
    matmul_w8a8_hadamard_avx512, matmul_w8a8_hadamard_pack_avx512, matmul_fastmamba_avx512,
    matmul_fastmamba_pack_avx512, matmul_w8a8_neon, matmul_w8a8_pack_neon, matmul_w8a8_smooth_neon,
    matmul_w8a8_smooth_pack_neon, matmul_w8a8_hadamard_neon, matmul_w8a8_hadamard_pack_neon,
    matmul_fastmamba_neon, matmul_fastmamba_pack_neon;
kernel_fn matmul_w8a8_exact_f64, matmul_w8a8_smooth_exact_f64, matmul_w8a8_hadamard_exact_f64,
    matmul_fastmamba_exact_f64;
size_t matmul_w8a8_packed_bytes(const void *args);

#endif
