/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernels/matmul/matmul.h"

/* Matmuls below fp32 on values whose result is known exactly. */

enum { MAX_M = 40, MAX_N = 70, MAX_K = 20000 };

static const int part_counts[] = {1, 2, 3, 7};

static float *new_floats(int64_t n)
{
    float *values = calloc((size_t)n, sizeof *values);
    assert_non_null(values);
    return values;
}

/* Packs (in as many parts), runs, and fails unless y is `want`; NaN equals NaN. */
static void assert_exact(const struct kernel *kernel, struct matmul_args args, const float *want)
{
    for (int c = 0; c < COUNT_OF(part_counts); c++) {
        const int count = part_counts[c];
        const size_t bytes = (kernel->packed_bytes(&args) + 63) / 64 * 64;
        args.packed = aligned_alloc(64, bytes);
        assert_non_null(args.packed);
        memset(args.packed, 0xff, bytes);
        for (int i = count - 1; i >= 0; i--)
            kernel->pack(&args, (struct part){i, count});
        for (int64_t i = 0; i < args.m * args.n; i++)
            args.y[i] = -12345;
        for (int i = count - 1; i >= 0; i--)
            kernel->run(&args, (struct part){i, count});
        free(args.packed);
        for (int64_t i = 0; i < args.m * args.n; i++)
            if (!(args.y[i] == want[i] || (isnan(args.y[i]) && isnan(want[i]))))
                fail_msg("%s, %d parts, m=%d n=%d k=%d: y[%d][%d] is %.9g, not %.9g", kernel->name, count,
                         (int)args.m, (int)args.n, (int)args.k, (int)(i / args.n), (int)(i % args.n),
                         (double)args.y[i], (double)want[i]);
    }
}

#define FOR_EACH_LOW(kernel)                                                                                 \
    for (const struct kernel *kernel = matmul_family.kernels;                                                \
         kernel < matmul_family.kernels + matmul_family.n_kernels; kernel++)                                 \
        if (kernel->precision != PRECISION_FP32 && !kernel->exact && !kernel->peer &&                        \
            isa_available() >> kernel->isa & 1)

/* Integers up to 127 with the largest in every row of x and weight, so that int8's scales are 1; bf16 and
 * fp16 hold them too. Sums stay below 2^24. */
static float integer(int64_t i, int64_t p, int64_t k)
{
    if (p == (i * 7) % k)
        return i % 2 ? 127.0f : -127.0f;
    return (float)((i * 31 + p * 17) % 23 - 11);
}

static void check_integers(int64_t m, int64_t n, int64_t k, bool biased)
{
    float *x = new_floats(m * k), *weight = new_floats(n * k), *bias = new_floats(n);
    float *y = new_floats(m * n), *want = new_floats(m * n);
    for (int64_t i = 0; i < m; i++)
        for (int64_t p = 0; p < k; p++)
            x[i * k + p] = integer(i, p, k);
    for (int64_t j = 0; j < n; j++) {
        bias[j] = (float)(100 - j);
        for (int64_t p = 0; p < k; p++)
            weight[j * k + p] = integer(j + 3, p, k);
    }
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) {
            double sum = biased ? bias[j] : 0;
            for (int64_t p = 0; p < k; p++)
                sum += (double)x[i * k + p] * weight[j * k + p];
            want[i * n + j] = (float)sum;
        }
    const struct matmul_args args = {.m = m,
                                     .n = n,
                                     .k = k,
                                     .x = x,
                                     .x_stride = k,
                                     .weight = weight,
                                     .bias = biased ? bias : NULL,
                                     .y = y,
                                     .y_stride = n};
    FOR_EACH_LOW(kernel)
    {
        assert_exact(kernel, args, want);
    }
    free(x);
    free(weight);
    free(bias);
    free(y);
    free(want);
}

static void test_integers(void **state)
{
    (void)state;
    static const int64_t depths[] = {1, 2, 3, 5, 31, 48, 63, 64, 65, 130};
    for (int64_t m = 1; m <= 33; m++)
        check_integers(m, 1 + m * 5 % MAX_N, depths[m % COUNT_OF(depths)], m % 2);
    for (int d = 0; d < COUNT_OF(depths); d++)
        check_integers(1, 33, depths[d], true);
}

/* More than one block of k, and of rows. */
static void test_blocks(void **state)
{
    (void)state;
    check_integers(3, 17, MAX_K, true);
    check_integers(MAX_M, 5, 4097, false);
    check_integers(1100, 3, 7, true);
}

static void check_one(enum precision precision, float x, float weight, float want)
{
    float y;
    const struct matmul_args args = {1, 1, 1, &x, 1, &weight, NULL, NULL, &y, 1, NULL};
    FOR_EACH_LOW(kernel)
    {
        if (kernel->precision == precision)
            assert_exact(kernel, args, &want);
    }
}

static void test_ties_to_even(void **state)
{
    (void)state;
    /* Of bf16 the last place of 1 is 2^-7, of fp16 2^-10; fp16 does not round x. */
    check_one(PRECISION_BF16, 1 + 0x1p-8f, 1, 1);
    check_one(PRECISION_BF16, 1 + 3 * 0x1p-8f, 1, 1 + 0x1p-6f);
    check_one(PRECISION_BF16, 1 + 0x1p-8f + 0x1p-20f, 1, 1 + 0x1p-7f);
    check_one(PRECISION_BF16, 1, -1 - 0x1p-8f, -1);
    check_one(PRECISION_BF16, 1, 1 + 3 * 0x1p-8f, 1 + 0x1p-6f);
    check_one(PRECISION_FP16, 1, 1 + 0x1p-11f, 1);
    check_one(PRECISION_FP16, 1, 1 + 3 * 0x1p-11f, 1 + 0x1p-9f);
    check_one(PRECISION_FP16, 1 + 0x1p-20f, -1, -1 - 0x1p-20f);
    check_one(PRECISION_FP16, 1, 0x1p-25f, 0);
    check_one(PRECISION_FP16, 1, 3 * 0x1p-25f, 0x1p-23f);
    check_one(PRECISION_FP16, 1, 0x1p-15f + 0x1p-24f, 0x1p-15f + 0x1p-24f);
    check_one(PRECISION_FP16, 1, 65504, 65504);
    check_one(PRECISION_FP16, 1, 65519, 65504);
    check_one(PRECISION_FP16, 1, -65520, -INFINITY);

    /* 127 makes the scales 1: 0.5 and 1.5 become 0 and 2. */
    static const float x[] = {127, 0.5f, 1.5f, 2.5f, -0.5f, -1.5f}, rounded[] = {127, 0, 2, 2, 0, -2};
    for (int p = 0; p < COUNT_OF(x); p++) {
        float weight[COUNT_OF(x)] = {0}, y;
        weight[p] = 127;
        const float want = 127 * rounded[p];
        const struct matmul_args args = {1, 1, COUNT_OF(x), x, COUNT_OF(x), weight, NULL, NULL, &y, 1, NULL};
        FOR_EACH_LOW(kernel)
        {
            if (kernel->precision == PRECISION_INT8)
                assert_exact(kernel, args, &want);
        }
    }
}

/* A row of zeros gives the bias; a NaN stays in its row of x or its column of y. */
static void test_zeros_and_nan(void **state)
{
    (void)state;
    enum { M = 19, N = 37, K = 67 };
    static float x[M * K], weight[N * K], bias[N], y[M * N], want[M * N];
    for (int i = 0; i < M * K; i++)
        x[i] = i / K == 4 ? 0 : 127;
    for (int i = 0; i < N * K; i++)
        weight[i] = i / K == 6 ? 0 : -127;
    x[11 * K + 66] = NAN;
    weight[9 * K] = NAN;
    for (int j = 0; j < N; j++)
        bias[j] = (float)j;
    for (int i = 0; i < M; i++)
        for (int j = 0; j < N; j++)
            want[i * N + j] = i == 11 || j == 9 ? NAN : bias[j] - (i == 4 || j == 6 ? 0 : 127 * 127 * K);
    const struct matmul_args args = {M, N, K, x, K, weight, NULL, bias, y, N, NULL};
    FOR_EACH_LOW(kernel)
    {
        assert_exact(kernel, args, want);
    }
}

/* bf16 and fp16 have infinities. int8 has no scale for a row with one, and says so by NaN. */
static void test_infinities(void **state)
{
    (void)state;
    static const float weight[] = {1, 2, -1, 2};
    float x[] = {INFINITY, 0, 1, 1}, y[4];
    static const float floats[] = {INFINITY, -INFINITY, 3, 1}, ints[] = {NAN, NAN};
    const struct matmul_args args = {2, 2, 2, x, 2, weight, NULL, NULL, y, 2, NULL};
    FOR_EACH_LOW(kernel)
    {
        if (kernel->precision != PRECISION_INT8)
            assert_exact(kernel, args, floats);
    }
    const struct matmul_args row = {1, 2, 2, x, 2, weight, NULL, NULL, y, 2, NULL};
    FOR_EACH_LOW(kernel)
    {
        if (kernel->precision == PRECISION_INT8)
            assert_exact(kernel, row, ints);
    }
}

/* Scales whose product or reciprocal is beyond fp32 leave zeros zero, and what fits exact. */
static void test_extreme_scales(void **state)
{
    (void)state;
    static const float huge_x[] = {127 * 0x1p115f, 0}, huge_weight[] = {0, 127 * 0x1p115f}, zero[] = {0};
    static const float small_weight[] = {127 * 0x1p-115f, 0}, product[] = {127 * 127};
    static const float tiny[] = {0x1p-149f, -0x1p-149f};
    float y[1];
    FOR_EACH_LOW(kernel)
    {
        if (kernel->precision != PRECISION_INT8)
            continue;
        assert_exact(kernel, (struct matmul_args){1, 1, 2, huge_x, 2, huge_weight, NULL, NULL, y, 1, NULL},
                     zero);
        assert_exact(kernel, (struct matmul_args){1, 1, 2, huge_x, 2, small_weight, NULL, NULL, y, 1, NULL},
                     product);
        assert_exact(kernel, (struct matmul_args){1, 1, 2, tiny, 2, huge_weight, NULL, NULL, y, 1, NULL},
                     zero);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers),     cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_ties_to_even), cmocka_unit_test(test_zeros_and_nan),
        cmocka_unit_test(test_infinities),   cmocka_unit_test(test_extreme_scales),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
