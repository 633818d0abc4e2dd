/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernels/conv/conv.h"
#include "kernels/fastmamba/fixed.h"
#include "kernels/hadamard/hadamard.h"
#include "kernels/matmul/matmul.h"
#include "kernels/ssd/ssd.h"

/* FastMamba's arithmetic on values that can be found by hand, and its nonlinear unit against exp and
 * softplus. */

/* The chords as the device's description gives them, in real arithmetic. */
static double chord_exp(double x, double log2e)
{
    static const double k[] = {.663968, .608861, .558328, .511989, .469496, .430530, .394798, .362031};
    static const double b[] = {1.000000, .993112, .980478, .963101, .941855, .917501, .890702, .862031};
    const double scaled = -x * log2e, whole = floor(scaled), fraction = scaled - whole;
    const int segment = (int)(fraction * 8);
    return ldexp(b[segment] - k[segment] * fraction, -(int)whole);
}

static void the_exponential_is_as_exact_as_computed(void **state)
{
    (void)state;
    double worst = 0, worst_exact = 0, worst_relative = 0, worst_fixed = 0;
    enum { POINT = 11 };
    for (int64_t i = 0; i <= 10 << POINT; i++) {
        const double x = -ldexp((double)i, -POINT);
        const double unit = chord_exp(x, 1.4375);
        worst = fmax(worst, fabs(unit - exp(x)));
        worst_exact = fmax(worst_exact, fabs(chord_exp(x, M_LOG2E) - exp(x)));
        worst_relative = fmax(worst_relative, fabs(unit / exp(x) - 1));
        worst_fixed = fmax(worst_fixed, fabs(fixed_value(fixed_exp(-i, POINT), FIXED_EXP_POINT) - unit));
    }
    assert_true(fabs(worst - 1.7e-3) < 0.05e-3);
    assert_true(fabs(worst_exact - 9.0e-4) < 0.05e-4);
    assert_true(fabs(worst_relative - 0.037) < 0.0005);
    /* Coefficients of 16 bits, and two shifts that drop bits. */
    assert_true(worst_fixed > 0 && worst_fixed < 3.5 * 0x1p-15);
    assert_true(fixed_exp(0, POINT) == 1 << FIXED_EXP_POINT);
    assert_true(fixed_exp(-(16 << POINT), POINT) == 0 && fixed_exp(INT16_MIN, 0) == 0);
}

static double softplus_error(double x)
{
    enum { POINT = 11, OUT = 12 };
    const double unit = fixed_value(fixed_softplus((int64_t)ldexp(x, POINT), POINT, OUT), OUT);
    return fabs(unit - (x > 0 ? x + log1p(exp(-x)) : log1p(exp(x))));
}

static void the_softplus_errs_most_at_zero(void **state)
{
    (void)state;
    assert_true(fabs(softplus_error(0) - 0.307) < 0.001);
    assert_true(fabs(softplus_error(1) - 0.056) < 0.002 && fabs(softplus_error(-1) - 0.056) < 0.002);
    assert_true(fabs(softplus_error(2) - 0.009) < 0.002 && fabs(softplus_error(-2) - 0.009) < 0.002);
    for (double x = -15; x < 7; x += 0.0625)
        assert_true(softplus_error(x) <= softplus_error(0));
}

static void wires_saturate_and_drop_bits(void **state)
{
    (void)state;
    assert_true(fixed_saturate(128, 8) == 127 && fixed_saturate(-129, 8) == -128 &&
                fixed_saturate(5, 8) == 5);
    assert_true(fixed_shift(-5, -1) == -3 && fixed_shift(5, -1) == 2 && fixed_shift(-1, -200) == -1);
    assert_true(fixed_shift(3, 4) == 48 && fixed_shift(-3, 4) == -48 && fixed_shift(0, 100) == 0);
    assert_true(fixed_shift(1, 62) == INT64_MAX / 2 && fixed_shift(-1, 62) == -(INT64_MAX / 2));
    assert_true(fixed_from(0.5, 1, 8) == 0 && fixed_from(1.5, 1, 8) == 2 && fixed_from(-2.5, 1, 8) == -2);
    assert_true(fixed_from(127.4, 1, 8) == 127 && fixed_from(127.5, 1, 8) == 127);
    assert_true(fixed_from(1e30, 1, 8) == 127 && fixed_from(-INFINITY, 1, 8) == -128);
    assert_true(fixed_from(NAN, 1, 8) == 0);
    assert_true(fixed_point(0.75, 8) == 7 && fixed_point(1, 8) == 6 && fixed_point(100, 8) == 0);
    assert_true(fixed_point(0, 8) == 7 && fixed_point(INFINITY, 8) == 7);
}

#define FOR_EACH(family, kernel)                                                                             \
    for (const struct kernel *kernel = (family).kernels; kernel < (family).kernels + (family).n_kernels;     \
         kernel++)                                                                                           \
        if (isa_available() >> kernel->isa & 1)

static void hadamard_is_sylvesters(void **state)
{
    (void)state;
    enum { N = 1536 };
    static const float four[] = {1, 2, 3, 4, 0, 0, 1, 0}, want[] = {10, -2, -4, 0, 1, 1, -1, -1};
    static float x[N], y[N], reference[N];
    for (int i = 0; i < N; i++)
        x[i] = (float)((i * 37) % 101 - 50) / 7;
    FOR_EACH(hadamard_family, kernel)
    {
        kernel->run(&(const struct hadamard_args){1, 2, 4, four, 8, y, 8}, (struct part){0, 1});
        assert_memory_equal(y, want, sizeof want);
        for (int64_t order = 1; order <= 512; order *= 2) {
            const struct hadamard_args there = {1, N / order, order, x, N, y, N};
            hadamard_reference(&(const struct hadamard_args){1, N / order, order, x, N, reference, N},
                               (struct part){0, 1});
            kernel->run(&there, (struct part){0, 1});
            assert_memory_equal(y, reference, sizeof y); /* every bit */
            double sum = 0;
            for (int i = 0; i < order; i++)
                sum += x[i];
            assert_true(fabs(y[0] - sum) < 1e-3);
            kernel->run(&(const struct hadamard_args){1, N / order, order, y, N, y, N}, (struct part){0, 1});
            for (int i = 0; i < N; i++)
                assert_true(fabs(y[i] / (double)order - x[i]) < 1e-4);
        }
    }
    assert_true(hadamard_order(768) == 128 && hadamard_order(1536) == 256); /* six groups */
    assert_true(hadamard_order(2560) == 512 && hadamard_order(5120) == 1024);
    assert_true(hadamard_order(48) == 8 && hadamard_order(7) == 1 && hadamard_order(1 << 20) == 4096);
}

/* Packs and runs. */
static void multiply(const struct kernel *kernel, struct matmul_args args)
{
    args.packed = aligned_alloc(64, (kernel->packed_bytes(&args) + 63) / 64 * 64);
    assert_non_null(args.packed);
    kernel->pack(&args, (struct part){0, 2});
    kernel->pack(&args, (struct part){1, 2});
    for (int i = 0; i < 3; i++)
        kernel->run(&args, (struct part){i, 3});
    free(args.packed);
}

static void one_scale_holds_for_all_rows(void **state)
{
    (void)state;
    /* Scales of 1. 0.5 and 1.5 go to even; a row of its own scale would keep them. */
    static const float x[] = {127, 3, 0.5f, 1.5f, -2.5f, 0.25f}, weight[] = {127, 1, 0, 2, -1.5f, 0.4f};
    static const float want[] = {127 * 127 + 3, 6, -127 * 2, 2, 4, 0, -2 * 127, 0, 4};
    static const float bias[] = {0.25f, 0, 0};
    float y[9];
    FOR_EACH(matmul_family, kernel)
    {
        if (kernel->precision != PRECISION_W8A8 && kernel->precision != PRECISION_W8A8_SMOOTH)
            continue;
        multiply(kernel, (struct matmul_args){3, 3, 2, x, 2, weight, NULL, bias, y, 3, NULL});
        for (int i = 0; i < 9; i++)
            if (y[i] != want[i] + bias[i % 3])
                fail_msg("%s: y[%d] is %g, not %g", kernel->name, i, y[i], want[i] + bias[i % 3]);
    }
}

/* Samples fix the scale, so that what is larger saturates: 300 becomes 127. */
static void samples_fix_the_scale(void **state)
{
    (void)state;
    static const float x[] = {300, -300, 100}, weight[] = {127}, known[] = {127, 50};
    const struct kernel_sample samples[4] = {{known, 2, 127}};
    float y[3];
    FOR_EACH(matmul_family, kernel)
    {
        if (!kernel->exact)
            continue;
        multiply(kernel, (struct matmul_args){3, 1, 1, x, 1, weight, NULL, NULL, y, 1, samples});
        if (kernel->precision == PRECISION_FASTMAMBA) {
            /* 127 has 21 bits at a point of 13; what saturates there is less than 128. */
            assert_true(y[0] > 127 * 126 && y[0] < 127 * 129 && y[1] < -127 * 126 && y[1] > -127 * 129);
            continue;
        }
        assert_true(y[0] == 127 * 127 && y[1] == -128 * 127 && y[2] == 100 * 127);
    }
}

/* About normal. */
static float draw(uint32_t *seed)
{
    float sum = 0;
    for (int i = 0; i < 12; i++)
        sum += (float)((*seed = *seed * 1664525 + 1013904223) >> 8) * 0x1p-24f;
    return sum - 6;
}

/* Channels of widely different size: what each precision makes of them. */
static void outliers_cost_the_less_the_better_they_are_spread(void **state)
{
    (void)state;
    enum { M = 32, N = 48, K = 256 };
    static float x[M * K], weight[N * K], y[M * N];
    static double want[M * N];
    double errors[PRECISION_COUNT] = {0};
    uint32_t seed = 1;
    for (int p = 0; p < K; p++) {
        const float size = expf(1.5f * draw(&seed));
        for (int i = 0; i < M; i++)
            x[i * K + p] = size * draw(&seed);
    }
    for (int i = 0; i < N * K; i++)
        weight[i] = draw(&seed);
    double norm = 0;
    for (int i = 0; i < M; i++)
        for (int j = 0; j < N; j++) {
            want[i * N + j] = 0;
            for (int p = 0; p < K; p++)
                want[i * N + j] += (double)x[i * K + p] * weight[j * K + p];
            norm += want[i * N + j] * want[i * N + j];
        }
    float largest = 0;
    for (int i = 0; i < M * K; i++)
        largest = fmaxf(largest, fabsf(x[i]));
    const struct kernel_sample samples[4] = {{x, M, largest}};
    FOR_EACH(matmul_family, kernel)
    {
        if (!kernel->exact)
            continue;
        double error = 0;
        multiply(kernel, (struct matmul_args){M, N, K, x, K, weight, NULL, NULL, y, N, samples});
        for (int i = 0; i < M * N; i++)
            error += (y[i] - want[i]) * (y[i] - want[i]);
        error = sqrt(error / norm);
        /* Variants of a precision agree. */
        assert_true(errors[kernel->precision] == 0 || errors[kernel->precision] == error);
        errors[kernel->precision] = error;
    }
    if (!(errors[PRECISION_W8A8] > 1.5 * errors[PRECISION_W8A8_SMOOTH]) ||
        !(errors[PRECISION_W8A8_SMOOTH] > 1.05 * errors[PRECISION_W8A8_HADAMARD]) ||
        !(errors[PRECISION_W8A8_HADAMARD] > 1e-4) || !(errors[PRECISION_FASTMAMBA] < errors[PRECISION_W8A8]))
        fail_msg("naive %g, smooth %g, hadamard %g, fastmamba %g", errors[PRECISION_W8A8],
                 errors[PRECISION_W8A8_SMOOTH], errors[PRECISION_W8A8_HADAMARD], errors[PRECISION_FASTMAMBA]);
}

/* Rows that the longest transform gathers in one value: 4096 times the largest integer of 21 bits has 33. */
static void constant_rows_fit_the_longest_transform(void **state)
{
    (void)state;
    enum { M = 4, K = HADAMARD_MAX_ORDER };
    static float x[M * K], weight[K];
    uint32_t seed = 3;
    assert_int_equal(hadamard_order(K), K);
    for (int p = 0; p < K; p++) {
        x[p] = 0.999f;
        x[K + p] = -0.999f;
        x[2 * K + p] = p % 2 ? 0.999f : -0.999f;
        x[3 * K + p] = 0.2f * draw(&seed);
    }
    for (int random = 0; random < 2; random++) {
        double want[M] = {0}, size = 0;
        for (int p = 0; p < K; p++) {
            weight[p] = random ? 1 + draw(&seed) : 0.5f;
            size += fabs(weight[p]);
            for (int i = 0; i < M; i++)
                want[i] += (double)x[i * K + p] * weight[p];
        }
        FOR_EACH(matmul_family, kernel)
        {
            float y[M];
            if (kernel->precision != PRECISION_FASTMAMBA && kernel->precision != PRECISION_W8A8_HADAMARD)
                continue;
            multiply(kernel, (struct matmul_args){M, 1, K, x, K, weight, NULL, NULL, y, 1, NULL});
            for (int i = 0; i < M; i++)
                if (!(fabs(y[i] - want[i]) <= 0.02 * size))
                    fail_msg("%s, weights %d: y[%d] is %g, not %g", kernel->name, random, i, y[i], want[i]);
        }
    }
}

/* What is not a number stays in its row. */
static void nan_is_not_lost(void **state)
{
    (void)state;
    static const float x[] = {1, NAN, 1, 2, INFINITY, 3}, weight[] = {1, 2};
    float y[3];
    FOR_EACH(matmul_family, kernel)
    {
        if (!kernel->exact)
            continue;
        multiply(kernel, (struct matmul_args){3, 1, 2, x, 2, weight, NULL, NULL, y, 1, NULL});
        assert_true(isnan(y[0]) && isfinite(y[1]) && isnan(y[2]));
    }
}

/* Powers of two pass through every wire unharmed. */
static void conv_is_exact_on_integers(void **state)
{
    (void)state;
    static const float weight[] = {1, 2, 3}, bias[] = {100}, x[] = {1, 2, 4};
    float y[3], history[] = {10, 20};
    const struct conv_args args = {
        1, 3, 1, 3, x, 1, weight, bias, history, y, 1, (const struct kernel_sample[5]){{NULL, 1, 20}}};
    conv_fastmamba(&args, (struct part){0, 1});
    assert_true(y[0] == 153 && y[1] == 128 && y[2] == 117);
    assert_true(history[0] == 2 && history[1] == 4);
}

/* One state, a = -1, delta from dt = -4: step by step as the wires have it, but in real numbers. */
static void scan_follows_its_recurrence(void **state)
{
    (void)state;
    enum { L = 20 };
    float dt[L], x[L], b[L], c[L], y[L], h = 0;
    const float a = -1, d = 0.5f;
    for (int t = 0; t < L; t++) {
        dt[t] = -4 + (float)(t % 5) / 2;
        x[t] = (float)(t % 7 - 3);
        b[t] = (float)(t % 3 - 1);
        c[t] = 1 + (float)(t % 2);
    }
    const struct ssd_args args = {.batch = 1,
                                  .seqlen = L,
                                  .heads = 1,
                                  .headdim = 1,
                                  .groups = 1,
                                  .d_state = 1,
                                  .dt_max = INFINITY,
                                  .dt = dt,
                                  .dt_stride = 1,
                                  .x = x,
                                  .x_stride = 1,
                                  .a = &a,
                                  .b = b,
                                  .b_stride = 1,
                                  .c = c,
                                  .c_stride = 1,
                                  .state = &h,
                                  .d = &d,
                                  .y = y,
                                  .y_stride = 1};
    ssd_fastmamba(&args, (struct part){0, 1});
    double want = 0, state_difference = 0, y_difference = 0;
    for (int t = 0; t < L; t++) {
        const double delta = chord_exp(dt[t], 1.4375);
        want = chord_exp(-delta, 1.4375) * want + delta * x[t] * b[t];
        y_difference = fmax(y_difference, fabs(want * c[t] + d * x[t] - y[t]));
    }
    state_difference = fabs(want - h);
    assert_true(fabs(want) > 0.05);
    assert_true(y_difference < 2e-3 && y_difference > 0);
    assert_true(state_difference < 2e-3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_exponential_is_as_exact_as_computed),
        cmocka_unit_test(the_softplus_errs_most_at_zero),
        cmocka_unit_test(wires_saturate_and_drop_bits),
        cmocka_unit_test(hadamard_is_sylvesters),
        cmocka_unit_test(one_scale_holds_for_all_rows),
        cmocka_unit_test(samples_fix_the_scale),
        cmocka_unit_test(outliers_cost_the_less_the_better_they_are_spread),
        cmocka_unit_test(constant_rows_fit_the_longest_transform),
        cmocka_unit_test(nan_is_not_lost),
        cmocka_unit_test(conv_is_exact_on_integers),
        cmocka_unit_test(scan_follows_its_recurrence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
