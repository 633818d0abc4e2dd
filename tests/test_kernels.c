/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernels/conv_silu/conv_silu.h"
#include "kernels/embed/embed.h"
#include "kernels/gate_norm/gate_norm.h"
#include "kernels/hadamard/hadamard.h"
#include "kernels/matmul/matmul.h"
#include "kernels/residual/residual.h"
#include "kernels/rmsnorm/rmsnorm.h"
#include "kernels/silu/silu.h"
#include "kernels/softplus/softplus.h"

static const int part_counts[] = {1, 2, 3, 7, 64};

/* In fp32, on weights as they are: what packs or rounds is left to check. */
static bool runs_here(const struct kernel *kernel, const void *args)
{
    return (isa_available() >> kernel->isa & 1) && (!kernel->accepts || kernel->accepts(args)) &&
           kernel->precision == PRECISION_FP32 && !kernel->pack && (!kernel->missing || !kernel->missing());
}

/* In fp32, our own, packed or not. */
static bool multiplies_here(const struct kernel *kernel)
{
    return (isa_available() >> kernel->isa & 1) && kernel->precision == PRECISION_FP32 && !kernel->peer;
}

static void run_parts(kernel_fn *run, const void *args, int count)
{
    for (int i = count - 1; i >= 0; i--)
        run(args, (struct part){i, count});
}

static void assert_close(const struct kernel *kernel, const float *got, const double *want, int n,
                         double relative)
{
    for (int i = 0; i < n; i++)
        if (!(fabs(got[i] - want[i]) <= relative * fabs(want[i]) + 1e-37))
            fail_msg("%s: element %d is %.9g, not %.9g", kernel->name, i, got[i], want[i]);
}

/* Registry. */

static void test_part_range_covers(void **state)
{
    (void)state;
    static const int64_t sizes[] = {0, 1, 5, 16, 17, 100, 1023};
    static const int64_t grains[] = {1, 4, 16, 2000};
    for (int s = 0; s < COUNT_OF(sizes); s++)
        for (int g = 0; g < COUNT_OF(grains); g++)
            for (int count = 1; count < 40; count++) {
                int64_t next = 0, longest = 0, shortest = INT64_MAX;
                for (int i = 0; i < count; i++) {
                    struct range range = part_range((struct part){i, count}, sizes[s], grains[g]);
                    assert_int_equal(range.begin, next);
                    assert_true(range.end >= range.begin);
                    assert_true(range.end == sizes[s] || range.end % grains[g] == 0);
                    int64_t blocks = (range.end - range.begin + grains[g] - 1) / grains[g];
                    longest = blocks > longest ? blocks : longest;
                    shortest = blocks < shortest ? blocks : shortest;
                    next = range.end;
                }
                assert_int_equal(next, sizes[s]);
                assert_true(longest - shortest <= 1);
            }
    struct range last = part_range((struct part){1, 2}, INT64_MAX, 16);
    assert_true(last.end == INT64_MAX && last.begin > 0 && last.begin % 16 == 0);
}

static void test_part_tile_covers(void **state)
{
    (void)state;
    for (int rows = 1; rows < 6; rows++)
        for (int columns = 1; columns < 40; columns++)
            for (int count = 1; count < 10; count++) {
                int seen[5][39] = {{0}};
                for (int i = 0; i < count; i++) {
                    struct tile tile = part_tile((struct part){i, count}, rows, columns, 8);
                    for (int64_t r = tile.rows.begin; r < tile.rows.end; r++)
                        for (int64_t c = tile.columns.begin; c < tile.columns.end; c++)
                            seen[r][c]++;
                }
                for (int r = 0; r < rows; r++)
                    for (int c = 0; c < columns; c++)
                        assert_int_equal(seen[r][c], 1);
            }
}

static bool is_dim(const struct kernel_family *family, size_t offset)
{
    for (int i = 0; i < family->n_dims; i++)
        if (family->dims[i].offset == offset)
            return true;
    return false;
}

static void check_operand(const struct kernel_family *family, const struct kernel_operand *operand)
{
    assert_ptr_equal(kernel_operand(family, operand->name), operand);
    assert_true(operand->slot + sizeof(void *) <= family->args_size);
    assert_in_range(operand->axes, 1, OPERAND_MAX_AXES);
    for (int i = 0; i < operand->axes; i++)
        assert_true(is_dim(family, operand->shape[i].offset) || family->derive);
    assert_in_range(operand->row_axes, 0, operand->axes - 1);
    assert_int_equal(operand->stride != 0, operand->row_axes > 0);
    if (operand->stride) {
        assert_true(operand->stride + sizeof(int64_t) <= family->args_size);
        assert_false(is_dim(family, operand->stride));
    }
    if (operand->role != OPERAND_OUTPUT && operand->type == OPERAND_REAL)
        assert_true(operand->lo < operand->hi);
    assert_int_equal(operand->bind != NULL, family->covers[1] != NULL);
    if (operand->bind) {
        const char *dot = strchr(operand->bind, '.');
        assert_non_null(dot);
        bool covered = false;
        for (int i = 0; i < FAMILY_MAX_STAGES && family->covers[i]; i++)
            covered = covered || (strlen(family->covers[i]) == (size_t)(dot - operand->bind) &&
                                  strncmp(family->covers[i], operand->bind, dot - operand->bind) == 0);
        assert_true(covered);
    }
}

static void test_descriptors(void **state)
{
    (void)state;
    static const char *const names[] = {"embed",
                                        "rmsnorm",
                                        "matmul",
                                        "conv",
                                        "silu",
                                        "conv_silu",
                                        "softplus",
                                        "scan",
                                        "discretize",
                                        "contract",
                                        "skip",
                                        "gate",
                                        "ssd",
                                        "ssd_block",
                                        "selective_scan",
                                        "ssd_scan",
                                        "gate_norm",
                                        "residual",
                                        "selective_scan_states",
                                        "ssd_states",
                                        "matmul_dgrad",
                                        "matmul_wgrad",
                                        "gate_norm_backward",
                                        "selective_scan_backward",
                                        "ssd_backward",
                                        "reduce",
                                        "conv_silu_backward",
                                        "rmsnorm_backward",
                                        "embed_backward",
                                        "hadamard"};
    int count = 0;
    while (kernel_families[count])
        count++;
    assert_int_equal(count, COUNT_OF(names));
    for (int i = 0; i < count; i++)
        assert_non_null(kernel_family_find(names[i]));
    assert_null(kernel_family_find("convolution"));

    for (int f = 0; f < count; f++) {
        const struct kernel_family *family = kernel_families[f];
        assert_ptr_equal(kernel_family_find(family->name), family);
        /* The transform serves other kernels. */
        assert_true(family->covers[0] || family == &hadamard_family);
        assert_non_null(family->summary);
        assert_non_null(family->bound_reason);
        assert_non_null(family->work);
        assert_non_null(family->bound);
        assert_non_null(family->reference_f64);

        unsigned char *args = calloc(1, family->args_size);
        assert_non_null(args);
        assert_true(family->n_dims > 0);
        for (int i = 0; i < family->n_dims; i++) {
            assert_true(family->dims[i].offset + sizeof(int64_t) <= family->args_size);
            assert_true(kernel_set_dim(family, args, family->dims[i].name, 100 + i));
        }
        for (int i = 0; i < family->n_dims; i++)
            assert_int_equal(kernel_dim(family, args, family->dims[i].name), 100 + i);
        assert_false(kernel_set_dim(family, args, "no such dim", 1));
        assert_int_equal(kernel_dim(family, args, "no such dim"), -1);
        for (int i = 0; i < family->n_parameters; i++)
            assert_true(family->parameters[i].offset + sizeof(double) <= family->args_size);

        int outputs = 0;
        for (int i = 0; i < family->n_operands; i++) {
            check_operand(family, &family->operands[i]);
            outputs +=
                family->operands[i].role == OPERAND_OUTPUT || family->operands[i].role == OPERAND_STATE;
        }
        assert_true(outputs > 0);
        assert_null(kernel_operand(family, "no such operand"));

        assert_true(family->n_kernels > 0);
        assert_int_equal(family->kernels[0].isa, ISA_SCALAR);
        assert_null(family->kernels[0].accepts);
        for (int i = 0; i < family->n_kernels; i++) {
            const struct kernel *kernel = &family->kernels[i];
            size_t length = strlen(family->name);
            assert_true(strncmp(kernel->name, family->name, length) == 0 && kernel->name[length] == '/');
            assert_non_null(kernel->run);
            for (int j = 0; j < i; j++)
                if (!kernel->peer && kernel->precision == family->kernels[j].precision)
                    assert_true(kernel->isa >= family->kernels[j].isa);
        }
        free(args);
    }
}

static void test_operand_sizes(void **state)
{
    (void)state;
    struct conv_args args = {.batch = 3, .seqlen = 5, .channels = 7, .width = 4};
    const struct kernel_operand *x = kernel_operand(&conv_family, "x");
    const struct kernel_operand *history = kernel_operand(&conv_family, "state");
    assert_int_equal(operand_rows(x, &args), 15);
    assert_int_equal(operand_row_length(x, &args), 7);
    assert_int_equal(operand_rows(history, &args), 1);
    assert_int_equal(operand_row_length(history, &args), 3 * 3 * 7);
    args.batch = args.seqlen = INT64_MAX / 2;
    assert_true(operand_rows(x, &args) == INT64_MAX);
}

static void test_isa_mask(void **state)
{
    (void)state;
    for (int i = 0; i < ISA_COUNT; i++) {
        enum isa isa;
        assert_true(isa_parse(isa_name((enum isa)i), &isa));
        assert_int_equal(isa, i);
    }
    enum isa unchanged = ISA_AVX2;
    assert_false(isa_parse("avx3", &unchanged));
    assert_int_equal(unchanged, ISA_AVX2);

    unsigned available = isa_available();
    assert_true(available & 1u << ISA_SCALAR);
    struct silu_args args = {.rows = 1, .channels = 1};
    for (int i = 0; i < ISA_COUNT; i++) {
        unsigned allowed = isa_limit((enum isa)i);
        assert_int_equal(allowed, isa_mask());
        assert_int_equal(allowed, available & ((2u << i) - 1));
        const struct kernel *kernel = kernel_choose(&silu_family, &args, PRECISION_FP32);
        assert_true(allowed >> kernel->isa & 1);
        /* silu has a kernel for every level that widens vectors, so the highest allowed one is taken. */
        if (i == ISA_SCALAR || i == ISA_AVX2 || i == ISA_AVX512)
            assert_int_equal(allowed >> kernel->isa, 1);
    }
    assert_int_equal(isa_mask(), available);

    struct conv_args wide = {.batch = 1, .seqlen = 1, .channels = 1, .width = 5};
    assert_ptr_equal(kernel_choose(&conv_family, &wide, PRECISION_FP32), &conv_family.kernels[0]);
}

/* Values worked out by hand. */

#define FOR_EACH_KERNEL(family, args, kernel, parts)                                                         \
    for (const struct kernel *kernel = (family).kernels; kernel < (family).kernels + (family).n_kernels;     \
         kernel++)                                                                                           \
        if (runs_here(kernel, args))                                                                         \
            for (int p_ = 0, parts; p_ < COUNT_OF(part_counts) && (parts = part_counts[p_], true); p_++)

static void test_embed(void **state)
{
    (void)state;
    static const int32_t ids[] = {2, 0, 2};
    static const float weight[] = {1, 2, 3, 4, 5, 6};
    static const float want[] = {5, 6, -1, 1, 2, -1, 5, 6};
    float y[8];
    struct embed_args args = {3, 3, 2, ids, weight, y, 3};
    FOR_EACH_KERNEL(embed_family, &args, kernel, parts)
    {
        for (int i = 0; i < 8; i++)
            y[i] = -1;
        run_parts(kernel->run, &args, parts);
        assert_memory_equal(y, want, sizeof want);
    }
}

static void test_rmsnorm(void **state)
{
    (void)state;
    /* Both rows: mean square 25/2 + eps 3.5 = 16. */
    static const float x[] = {3, 4, 99, 5, 0};
    static const float weight[] = {2, -8};
    static const double want[] = {1.5, -8, 99, 2.5, -0.0};
    float y[5];
    struct rmsnorm_args args = {2, 2, 3.5, y, 3, weight, y, 3};
    FOR_EACH_KERNEL(rmsnorm_family, &args, kernel, parts)
    {
        memcpy(y, x, sizeof x);
        run_parts(kernel->run, &args, parts);
        assert_close(kernel, y, want, 5, 1e-6);
    }
}

static void multiply(const struct kernel *kernel, const struct matmul_args *args, int parts)
{
    struct matmul_args own = *args;
    if (kernel->pack) {
        own.packed = aligned_alloc(64, (kernel->packed_bytes(args) + 63) / 64 * 64);
        assert_non_null(own.packed);
        run_parts(kernel->pack, &own, parts);
        own.weight = NULL;
    }
    run_parts(kernel->run, &own, parts);
    free(own.packed);
}

#define FOR_EACH_MATMUL(kernel, parts)                                                                       \
    for (const struct kernel *kernel = matmul_family.kernels;                                                \
         kernel < matmul_family.kernels + matmul_family.n_kernels; kernel++)                                 \
        if (multiplies_here(kernel))                                                                         \
            for (int p_ = 0, parts; p_ < COUNT_OF(part_counts) && (parts = part_counts[p_], true); p_++)

static void test_matmul_small(void **state)
{
    (void)state;
    static const float x[] = {1, 2, 3, -9, 4, 5, 6};
    static const float weight[] = {1, 0, -1, 2, 1, 0.5};
    static const float bias[] = {10, 20};
    float y[5];
    for (int with_bias = 0; with_bias < 2; with_bias++) {
        struct matmul_args args = {.m = 2,
                                   .n = 2,
                                   .k = 3,
                                   .x = x,
                                   .x_stride = 4,
                                   .weight = weight,
                                   .bias = with_bias ? bias : NULL,
                                   .y = y,
                                   .y_stride = 3};
        /* (1,2,3).(1,0,-1) = -2, (1,2,3).(2,1,.5) = 5.5; (4,5,6): -2 and 16. */
        double plain[] = {-2, 5.5, 7, -2, 16}, biased[] = {8, 25.5, 7, 8, 36};
        FOR_EACH_MATMUL(kernel, parts)
        {
            y[2] = 7;
            multiply(kernel, &args, parts);
            assert_close(kernel, y, with_bias ? biased : plain, 5, 0);
        }
    }
}

/* Small integers, so that every order of summation is exact; each size crosses an edge of a tile, a vector, a
 * panel, a stream, or a block of m or k. */
static void test_matmul_edges(void **state)
{
    (void)state;
    static const int sizes[][3] = {{1, 1, 1},       {1, 9, 17},      {2, 7, 15},   {3, 4, 16},
                                   {4, 6, 33},      {5, 13, 48},     {9, 8, 100},  {1, 8, 2100},
                                   {7, 11, 1025},   {130, 5, 1024},  {1, 500, 40}, {3, 200, 1030},
                                   {150, 50, 1500}, {140, 120, 1500}};
    for (int s = 0; s < COUNT_OF(sizes); s++) {
        int m = sizes[s][0], n = sizes[s][1], k = sizes[s][2];
        float *x = calloc((size_t)m * k, sizeof *x), *weight = calloc((size_t)n * k, sizeof *weight);
        float *bias = calloc(n, sizeof *bias), *y = calloc((size_t)m * n, sizeof *y);
        assert_true(x && weight && bias && y);
        for (int i = 0; i < m * k; i++)
            x[i] = (float)(i * 7 % 11 - 5);
        for (int i = 0; i < n * k; i++)
            weight[i] = (float)(i * 5 % 13 - 6);
        for (int i = 0; i < n; i++)
            bias[i] = (float)(i + 1);
        struct matmul_args args = {.m = m,
                                   .n = n,
                                   .k = k,
                                   .x = x,
                                   .x_stride = k,
                                   .weight = weight,
                                   .bias = bias,
                                   .y = y,
                                   .y_stride = n};
        FOR_EACH_MATMUL(kernel, parts)
        {
            memset(y, 0xff, (size_t)m * n * sizeof *y);
            multiply(kernel, &args, parts);
            for (int i = 0; i < m; i++)
                for (int j = 0; j < n; j++) {
                    int sum = j + 1;
                    for (int p = 0; p < k; p++)
                        sum += ((i * k + p) * 7 % 11 - 5) * ((j * k + p) * 5 % 13 - 6);
                    if (y[i * n + j] != (float)sum)
                        fail_msg("%s: %dx%dx%d in %d parts: y[%d][%d] is %g, not %d", kernel->name, m, n, k,
                                 parts, i, j, y[i * n + j], sum);
                }
        }
        free(x);
        free(weight);
        free(bias);
        free(y);
    }
}

static double silu(double v)
{
    return v / (1 + exp(-v));
}

static void test_conv(void **state)
{
    (void)state;
    /* width 3, state (10, 20): y0 = 1*10 + 2*20 + 3*1 + 100, y1 = 1*20 + 2*1 + 3*2 + 100, ... */
    static const float weight[] = {1, 2, 3}, bias[] = {100};
    static const float x[] = {1, 2, 4};
    static const double want[] = {153, 128, 117};
    float y[3], history[2];
    struct conv_args args = {1, 3, 1, 3, x, 1, weight, bias, history, y, 1, NULL};
    FOR_EACH_KERNEL(conv_family, &args, kernel, parts)
    {
        history[0] = 10;
        history[1] = 20;
        run_parts(kernel->run, &args, parts);
        assert_close(kernel, y, want, 3, 0);
        assert_true(history[0] == 2 && history[1] == 4);
    }
    /* One token: the history moves up by one. */
    args.seqlen = 1;
    FOR_EACH_KERNEL(conv_family, &args, kernel, parts)
    {
        history[0] = 10;
        history[1] = 20;
        run_parts(kernel->run, &args, parts);
        assert_close(kernel, y, want, 1, 0);
        assert_true(history[0] == 20 && history[1] == 1);
    }
}

/* A sequence cut anywhere and carried on through the state is the same sequence; conv_silu is silu of
 * conv. Small integers, so conv is exact. */
static void test_conv_carries_state(void **state)
{
    (void)state;
    enum { BATCH = 2, SEQLEN = 9, CHANNELS = 83, ELEMENTS = BATCH * SEQLEN * CHANNELS };
    static float x[ELEMENTS], y[ELEMENTS], want[ELEMENTS], weight[CHANNELS * 5],
        history[BATCH * 4 * CHANNELS];
    for (int i = 0; i < ELEMENTS; i++)
        x[i] = (float)(i * 7 % 11 - 5);
    for (int i = 0; i < CHANNELS * 5; i++)
        weight[i] = (float)(i * 5 % 7 - 3);
    for (int width = 1; width <= 5; width++) {
        for (int b = 0; b < BATCH; b++)
            for (int t = 0; t < SEQLEN; t++)
                for (int c = 0; c < CHANNELS; c++) {
                    float sum = 0;
                    for (int j = 0; j < width; j++)
                        if (t - (width - 1) + j >= 0)
                            sum +=
                                weight[c * width + j] * x[(b * SEQLEN + t - (width - 1) + j) * CHANNELS + c];
                    want[(b * SEQLEN + t) * CHANNELS + c] = sum;
                }
        for (int cut = 0; cut <= SEQLEN; cut++) {
            for (int fused = 0; fused < 2; fused++) {
                const struct kernel_family *family = fused ? &conv_silu_family : &conv_family;
                struct conv_args args = {.channels = CHANNELS,
                                         .width = width,
                                         .weight = weight,
                                         .x_stride = CHANNELS,
                                         .y_stride = CHANNELS,
                                         .batch = 1};
                FOR_EACH_KERNEL(*family, &args, kernel, parts)
                {
                    memset(history, 0, sizeof history);
                    for (int b = 0; b < BATCH; b++)
                        for (int piece = 0; piece < 2; piece++) {
                            int begin = piece ? cut : 0, end = piece ? SEQLEN : cut;
                            args.seqlen = end - begin;
                            args.x = x + (b * SEQLEN + begin) * CHANNELS;
                            args.y = y + (b * SEQLEN + begin) * CHANNELS;
                            args.state = history + b * (width - 1) * CHANNELS;
                            run_parts(kernel->run, &args, parts);
                        }
                    for (int i = 0; i < ELEMENTS; i++) {
                        double right = fused ? silu(want[i]) : want[i];
                        assert_close(kernel, &y[i], &right, 1, fused ? 1e-6 : 0);
                    }
                }
            }
        }
    }
}

static void test_silu(void **state)
{
    (void)state;
    static const float x[] = {0,   1,      -1, 88, -88, 3e38f, -3e38f, INFINITY, -INFINITY,
                              -20, 1e-30f, 4,  5,  -6,  7,     8,      9};
    double want[COUNT_OF(x)];
    float y[COUNT_OF(x)];
    for (int i = 0; i < COUNT_OF(x); i++)
        want[i] = x[i] <= -1e30f ? 0 : silu(x[i]);
    assert_true(fabs(want[1] - 0.731058578630005) < 1e-15);
    struct silu_args args = {1, COUNT_OF(x), y, COUNT_OF(x), y, COUNT_OF(x)};
    FOR_EACH_KERNEL(silu_family, &args, kernel, parts)
    {
        memcpy(y, x, sizeof x);
        run_parts(kernel->run, &args, parts);
        for (int i = 0; i < COUNT_OF(x); i++) {
            if (isinf(want[i]))
                assert_true(y[i] == want[i]);
            else if (x[i] != -INFINITY || kernel->isa != ISA_SCALAR) /* the formula gives NaN there */
                assert_close(kernel, &y[i], &want[i], 1, 1e-6);
        }
        y[0] = NAN;
        run_parts(kernel->run, &args, parts);
        assert_true(isnan(y[0]));
    }
}

static void test_softplus(void **state)
{
    (void)state;
    static const float x[] = {0, 100, -30, 1, -1, 0.5f, 90, -90};
    double want[COUNT_OF(x)], clamped[COUNT_OF(x)];
    float y[COUNT_OF(x)];
    static const float bias[COUNT_OF(x)] = {0, -100, 0, 0, 0, 0.5f, 0, 0};
    for (int i = 0; i < COUNT_OF(x); i++) {
        double v = (double)x[i] + bias[i];
        want[i] = v > 0 ? v + log1p(exp(-v)) : log1p(exp(v));
        clamped[i] = want[i] < 0.5 ? 0.5 : want[i] > 1 ? 1 : want[i];
    }
    assert_true(fabs(want[0] - 0.693147180559945) < 1e-15 && want[0] == want[1]);
    struct softplus_args args = {1, COUNT_OF(x), 0, INFINITY, x, COUNT_OF(x), bias, y, COUNT_OF(x), NULL};
    FOR_EACH_KERNEL(softplus_family, &args, kernel, parts)
    {
        run_parts(kernel->run, &args, parts);
        assert_close(kernel, y, want, COUNT_OF(x), 1e-6);
    }
    args.dt_min = 0.5;
    args.dt_max = 1;
    FOR_EACH_KERNEL(softplus_family, &args, kernel, parts)
    {
        run_parts(kernel->run, &args, parts);
        assert_close(kernel, y, clamped, COUNT_OF(x), 1e-6);
    }
}

static double softplus(double v)
{
    return v > 0 ? v + log1p(exp(-v)) : log1p(exp(v));
}

/* One float in 997, of every exponent and sign: denormal numbers, infinities and NaN too. The limits are
 * those of kernels/simd/math.h, in units of 2^-24 where the result is normal, else in steps of denormal
 * numbers. */
static void check_every_exponent(const char *kernel, const float *x, const float *y, int n,
                                 double (*exact)(double), double limit, bool by_magnitude)
{
    for (int i = 0; i < n; i++) {
        if (isnan(x[i])) {
            if (!isnan(y[i]))
                fail_msg("%s: NaN became %.9g", kernel, y[i]);
            continue;
        }
        const double want = x[i] == -INFINITY ? 0 : exact(x[i]);
        if (isinf(want) || fabs(want) > FLT_MAX) {
            assert_true(isinf(y[i]));
            continue;
        }
        const bool normal = fabs(want) >= FLT_MIN && !(by_magnitude && x[i] < -87);
        const double steps = by_magnitude ? fabs(x[i]) + 2 : 1.5;
        const double bound = normal ? limit * 0x1p-24 * fabs(want) : fmin(steps, 107) * 0x1p-149;
        if (!(fabs(y[i] - want) <= bound))
            fail_msg("%s: of %.9g is %.9g, not %.9g", kernel, x[i], y[i], want);
    }
}

static void test_silu_and_softplus_accuracy(void **state)
{
    (void)state;
    enum { STEP = 997, POINTS = 4001 };
    static float x[POINTS], y[POINTS];
    struct silu_args silu_args = {1, POINTS, x, POINTS, y, POINTS};
    struct softplus_args softplus_args = {1, POINTS, 0, INFINITY, x, POINTS, NULL, y, POINTS, NULL};
    for (uint64_t first = 0; first <= UINT32_MAX; first += (uint64_t)STEP * POINTS) {
        for (int i = 0; i < POINTS; i++) {
            const uint32_t bits = (uint32_t)(first + (uint64_t)i * STEP);
            memcpy(&x[i], &bits, sizeof bits);
        }
        x[0] = first % 2 ? -INFINITY : INFINITY;
        for (int k = 1; k < silu_family.n_kernels; k++)
            if (runs_here(&silu_family.kernels[k], &silu_args)) {
                run_parts(silu_family.kernels[k].run, &silu_args, 1);
                check_every_exponent(silu_family.kernels[k].name, x, y, POINTS, silu, 3.5, true);
            }
        for (int k = 1; k < softplus_family.n_kernels; k++)
            if (runs_here(&softplus_family.kernels[k], &softplus_args)) {
                run_parts(softplus_family.kernels[k].run, &softplus_args, 1);
                check_every_exponent(softplus_family.kernels[k].name, x, y, POINTS, softplus, 3.2, false);
            }
    }
}

static void test_gate_norm(void **state)
{
    (void)state;
    /* Two groups of two. Large z makes silu(z) = z, and 0 makes it 0. */
    static const float y[] = {3, 4, 1, 7}, z[] = {100, 100, 200, 0}, weight[] = {1, 2, 3, 4};
    /* Gate first: (300, 400) has mean square 125000, (200, 0) 20000. */
    const double gate_first[] = {300 / sqrt(125000), 800 / sqrt(125000), 600 / sqrt(20000), 0};
    /* Norm first: (3, 4) has 12.5, (1, 7) has 25. */
    const double norm_first[] = {300 / sqrt(12.5), 800 / sqrt(12.5), 120, 0};
    float out[4];
    for (int before = 0; before < 2; before++) {
        struct gate_norm_args args = {1, 4, 2, 0, before, out, 4, z, 4, weight, out, 4};
        FOR_EACH_KERNEL(gate_norm_family, &args, kernel, parts)
        {
            memcpy(out, y, sizeof y);
            run_parts(kernel->run, &args, parts);
            assert_close(kernel, out, before ? norm_first : gate_first, 4, 1e-6);
        }
    }
}

static void test_residual(void **state)
{
    (void)state;
    static const float x[] = {1, 2, -5, 3, 4}, y[] = {10, 20, 30, 40};
    static const double want[] = {11, 22, -5, 33, 44};
    float out[5];
    struct residual_args args = {2, 2, out, 3, y, 2, out, 3};
    FOR_EACH_KERNEL(residual_family, &args, kernel, parts)
    {
        memcpy(out, x, sizeof x);
        run_parts(kernel->run, &args, parts);
        assert_close(kernel, out, want, 5, 0);
    }
}

/* Work counts written out for one small shape each. */

static void assert_work(const struct kernel_family *family, const void *args, struct work want)
{
    struct work got;
    memset(&got, 0xff, sizeof got);
    family->work(args, &got);
    if (memcmp(&got, &want, sizeof got) != 0)
        fail_msg("%s: mul %llu add %llu exp %llu log %llu div %llu", family->name,
                 (unsigned long long)got.mul, (unsigned long long)got.add, (unsigned long long)got.exp,
                 (unsigned long long)got.log, (unsigned long long)got.div);
}

static void test_work(void **state)
{
    (void)state;
    static const float bias[1];
    assert_work(&embed_family, &(struct embed_args){.rows = 2, .vocab = 9, .channels = 3}, (struct work){0});
    /* A row of 3: squares 3, scaled 3, weighted 3; sum 2, eps 1; mean, root, reciprocal. */
    assert_work(&rmsnorm_family, &(struct rmsnorm_args){.rows = 2, .channels = 3},
                (struct work){.mul = 18, .add = 6, .div = 6});
    assert_work(&matmul_family, &(struct matmul_args){.m = 2, .n = 3, .k = 5},
                (struct work){.mul = 30, .add = 24});
    assert_work(&matmul_family, &(struct matmul_args){.m = 2, .n = 3, .k = 5, .bias = bias},
                (struct work){.mul = 30, .add = 30});
    struct conv_args conv = {.batch = 2, .seqlen = 3, .channels = 5, .width = 4};
    assert_work(&conv_family, &conv, (struct work){.mul = 120, .add = 90});
    assert_work(&conv_silu_family, &conv, (struct work){.mul = 120, .add = 120, .exp = 30, .div = 30});
    conv.bias = bias;
    assert_work(&conv_family, &conv, (struct work){.mul = 120, .add = 120});
    assert_work(&silu_family, &(struct silu_args){.rows = 2, .channels = 3},
                (struct work){.add = 6, .exp = 6, .div = 6});
    /* 1 + exp, two comparisons, and the bias. */
    assert_work(&softplus_family, &(struct softplus_args){.rows = 2, .channels = 3},
                (struct work){.add = 18, .exp = 6, .log = 6});
    assert_work(&softplus_family, &(struct softplus_args){.rows = 2, .channels = 3, .bias = bias},
                (struct work){.add = 24, .exp = 6, .log = 6});
    /* silu: add, exp, div; gate, square, scale, weight; a group: 2 sums, eps, mean, root, reciprocal. */
    assert_work(&gate_norm_family, &(struct gate_norm_args){.rows = 2, .channels = 6, .groups = 2},
                (struct work){.mul = 48, .add = 24, .exp = 12, .div = 24});
    assert_work(&residual_family, &(struct residual_args){.rows = 2, .channels = 3}, (struct work){.add = 6});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_part_range_covers),
        cmocka_unit_test(test_part_tile_covers),
        cmocka_unit_test(test_descriptors),
        cmocka_unit_test(test_operand_sizes),
        cmocka_unit_test(test_isa_mask),
        cmocka_unit_test(test_embed),
        cmocka_unit_test(test_rmsnorm),
        cmocka_unit_test(test_matmul_small),
        cmocka_unit_test(test_matmul_edges),
        cmocka_unit_test(test_conv),
        cmocka_unit_test(test_conv_carries_state),
        cmocka_unit_test(test_silu),
        cmocka_unit_test(test_softplus),
        cmocka_unit_test(test_silu_and_softplus_accuracy),
        cmocka_unit_test(test_gate_norm),
        cmocka_unit_test(test_residual),
        cmocka_unit_test(test_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
