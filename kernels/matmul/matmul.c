/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/matmul/matmul.h"

static const struct kernel_dim dims[] = {
    KERNEL_DIM(struct matmul_args, m),
    KERNEL_DIM(struct matmul_args, n),
    KERNEL_DIM(struct matmul_args, k),
};

static const struct kernel_operand operands[] = {
    {
        .name = "x",
        .role = OPERAND_INPUT,
        .slot = offsetof(struct matmul_args, x),
        .axes = 2,
        .shape = {EXTENT(struct matmul_args, m), EXTENT(struct matmul_args, k)},
        .row_axes = 1,
        .stride = offsetof(struct matmul_args, x_stride),
        .lo = -2,
        .hi = 2,
        .magnitude = true,
    },
    {
        .name = "weight",
        .role = OPERAND_WEIGHT,
        .slot = offsetof(struct matmul_args, weight),
        .axes = 2,
        .shape = {EXTENT(struct matmul_args, n), EXTENT(struct matmul_args, k)},
        .lo = -0.1,
        .hi = 0.1,
        .magnitude = true,
    },
    {
        .name = "bias",
        .role = OPERAND_WEIGHT,
        .slot = offsetof(struct matmul_args, bias),
        .axes = 1,
        .shape = {EXTENT(struct matmul_args, n)},
        .lo = -1,
        .hi = 1,
        .optional = true,
        .magnitude = true,
    },
    {
        .name = "y",
        .role = OPERAND_OUTPUT,
        .slot = offsetof(struct matmul_args, y),
        .axes = 2,
        .shape = {EXTENT(struct matmul_args, m), EXTENT(struct matmul_args, n)},
        .row_axes = 1,
        .stride = offsetof(struct matmul_args, y_stride),
    },
};

static void work(const void *args, struct work *work)
{
    const struct matmul_args *a = args;
    uint64_t outputs = (uint64_t)a->m * a->n;
    *work = (struct work){.mul = outputs * a->k, .add = outputs * (a->k - 1 + (a->bias ? 1 : 0))};
}

static double bound(const void *args)
{
    const struct matmul_args *a = args;
    return a->k + 2.0;
}

/* Beyond it, fp16 has no finite value; bf16 and int8 follow the range of fp32. */
enum { LARGEST_BF16 = 0, LARGEST_FP16 = 65504, LARGEST_INT8 = 0 };
#define LOW_PRECISION(TYPE, type, variant, level, bytes_, pack_)                                             \
    {                                                                                                        \
        .name = "matmul/" #type "_" #variant, .isa = level, .run = matmul_##type##_##variant,                \
        .precision = PRECISION_##TYPE, .packed_bytes = matmul_##type##_##bytes_,                             \
        .pack = matmul_##type##_##pack_, .rounding = matmul_##type##_rounding, .largest = LARGEST_##TYPE     \
    }
#define BF16(variant, level) LOW_PRECISION(BF16, bf16, variant, level, packed_bytes, pack)
#define FP16(variant, level) LOW_PRECISION(FP16, fp16, variant, level, packed_bytes, pack)
#define INT8(variant, level) LOW_PRECISION(INT8, int8, variant, level, packed_bytes, pack)

#define W8A8(TYPE, type, variant, level)                                                                     \
    {                                                                                                        \
        .name = "matmul/" #type "_" #variant, .isa = level, .run = matmul_##type##_##variant,                \
        .precision = PRECISION_##TYPE, .packed_bytes = matmul_w8a8_packed_bytes,                             \
        .pack = matmul_##type##_pack_##variant, .exact = matmul_##type##_exact_f64                           \
    }
#define EACH_W8A8(variant, level)                                                                            \
    W8A8(W8A8, w8a8, variant, level), W8A8(W8A8_SMOOTH, w8a8_smooth, variant, level),                        \
        W8A8(W8A8_HADAMARD, w8a8_hadamard, variant, level), W8A8(FASTMAMBA, fastmamba, variant, level)

static const struct kernel kernels[] = {
    {.name = "matmul/reference", .isa = ISA_SCALAR, .run = matmul_reference},
#ifdef __x86_64__
    {.name = "matmul/avx2",
     .isa = ISA_AVX2,
     .run = matmul_avx2,
     .packed_bytes = matmul_packed_bytes_avx2,
     .pack = matmul_pack_avx2},
    {.name = "matmul/avx512",
     .isa = ISA_AVX512,
     .run = matmul_avx512,
     .packed_bytes = matmul_packed_bytes_avx512,
     .pack = matmul_pack_avx512},
#elif defined(__aarch64__)
    {.name = "matmul/neon",
     .isa = ISA_NEON,
     .run = matmul_neon,
     .packed_bytes = matmul_packed_bytes_neon,
     .pack = matmul_pack_neon},
#endif
    LOW_PRECISION(BF16, bf16, reference, ISA_SCALAR, rows_bytes, rows_pack),
    LOW_PRECISION(FP16, fp16, reference, ISA_SCALAR, rows_bytes, rows_pack),
    LOW_PRECISION(INT8, int8, reference, ISA_SCALAR, rows_bytes, rows_pack),
    EACH_W8A8(reference, ISA_SCALAR),
#ifdef __x86_64__
    EACH_W8A8(avx2, ISA_AVX2),
    EACH_W8A8(avx512, ISA_AVX512),
    BF16(avx2, ISA_AVX2),
    BF16(avx512, ISA_AVX512),
    BF16(avx512bf16, ISA_AVX512BF16),
    BF16(amx, ISA_AMX),
    FP16(avx2, ISA_AVX2),
    FP16(avx512, ISA_AVX512),
    INT8(avx2, ISA_AVX2),
    INT8(avxvnni, ISA_AVXVNNI),
    INT8(avx512, ISA_AVX512),
    INT8(avx512vnni, ISA_AVX512VNNI),
    INT8(amx, ISA_AMX),
#elif defined(__aarch64__)
    EACH_W8A8(neon, ISA_NEON),
    BF16(neon, ISA_NEON),
    FP16(neon, ISA_NEON),
    INT8(neon, ISA_NEON),
    INT8(neondot, ISA_NEONDOT),
    INT8(neoni8mm, ISA_NEONI8MM),
#endif
#ifdef HAVE_BLAS_PEERS
    {.name = "matmul/openblas",
     .isa = ISA_SCALAR,
     .run = matmul_openblas,
     .accepts = matmul_blas_accepts,
     .peer = true,
     .missing = matmul_openblas_missing},
    {.name = "matmul/blis",
     .isa = ISA_SCALAR,
     .run = matmul_blis,
     .accepts = matmul_blas_accepts,
     .peer = true,
     .missing = matmul_blis_missing},
#endif
#ifdef HAVE_ONEDNN
    {.name = "matmul/onednn",
     .isa = ISA_SCALAR,
     .run = matmul_onednn,
     .packed_bytes = matmul_onednn_packed_bytes,
     .pack = matmul_onednn_pack,
     .peer = true,
     .missing = matmul_onednn_missing},
    {.name = "matmul/bf16_onednn",
     .isa = ISA_SCALAR,
     .run = matmul_onednn_bf16,
     .precision = PRECISION_BF16,
     .packed_bytes = matmul_onednn_bf16_packed_bytes,
     .pack = matmul_onednn_bf16_pack,
     .rounding = matmul_bf16_rounding,
     .largest = LARGEST_BF16,
     .peer = true,
     .missing = matmul_onednn_bf16_missing},
#endif
#ifdef HAVE_LIBXSMM
    {.name = "matmul/libxsmm",
     .isa = ISA_SCALAR,
     .run = matmul_libxsmm,
     .accepts = matmul_libxsmm_accepts,
     .packed_bytes = matmul_libxsmm_packed_bytes,
     .pack = matmul_libxsmm_pack,
     .peer = true,
     .missing = matmul_libxsmm_missing},
#endif
};

const struct kernel_family matmul_family = {
    .name = "matmul",
    .summary = "y = x weight^T + bias",
    .covers = {"in_proj"},
    .args_size = sizeof(struct matmul_args),
    .dims = dims,
    .n_dims = COUNT_OF(dims),
    .operands = operands,
    .n_operands = COUNT_OF(operands),
    .work = work,
    .bound = bound,
    .bound_reason =
        "k products and the bias, each added with at most one rounding to a sum that is no larger "
        "than the condition |x| |weight|^T + |bias|",
    .packed = offsetof(struct matmul_args, packed),
    .samples = offsetof(struct matmul_args, samples),
    .reference_f64 = matmul_reference_f64,
    .kernels = kernels,
    .n_kernels = COUNT_OF(kernels),
};
