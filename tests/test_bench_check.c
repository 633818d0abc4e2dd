/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/check.h"

/* The check is checked with kernels that are wrong on purpose. Two families of the test's own: sum has a
 * state, scale an optional weight, an output that may lie on its input, and nothing to hide behind. */

/* state[c] += x[r][c], y[r][c] = state[c] */
struct sum_args {
    int64_t rows, channels;
    const float *x;
    int64_t x_stride;
    float *state, *y;
    int64_t y_stride;
};

/* y = x * w, y = x without w; y may be x */
struct scale_args {
    int64_t rows, channels;
    const float *x;
    int64_t x_stride;
    const float *w;
    float *y;
    int64_t y_stride;
};

static void sum_reference_f64(const void *args, struct part part)
{
    const struct sum_args *p = args;
    const double *x = (const double *)p->x;
    double *state = (double *)p->state, *y = (double *)p->y;
    struct range share = part_range(part, p->channels, 1);
    for (int64_t r = 0; r < p->rows; r++)
        for (int64_t c = share.begin; c < share.end; c++)
            y[r * p->y_stride + c] = state[c] += x[r * p->x_stride + c];
}

static void scale_reference_f64(const void *args, struct part part)
{
    const struct scale_args *p = args;
    const double *x = (const double *)p->x, *w = (const double *)p->w;
    double *y = (double *)p->y;
    struct range share = part_range(part, p->rows, 1);
    for (int64_t r = share.begin; r < share.end; r++)
        for (int64_t c = 0; c < p->channels; c++)
            y[r * p->y_stride + c] = x[r * p->x_stride + c] * (w ? w[c] : 1);
}

static void sum_channels(const struct sum_args *p, int64_t begin, int64_t end)
{
    for (int64_t r = 0; r < p->rows; r++)
        for (int64_t c = begin; c < end; c++)
            p->y[r * p->y_stride + c] = p->state[c] += p->x[r * p->x_stride + c];
}

static void sum_right(const void *args, struct part part)
{
    const struct sum_args *p = args;
    struct range share = part_range(part, p->channels, 1);
    sum_channels(p, share.begin, share.end);
}

static void sum_tail_not_written(const void *args, struct part part)
{
    const struct sum_args *p = args;
    struct range share = part_range(part, p->channels, 8);
    sum_channels(p, share.begin, share.end / 8 * 8);
}

static void sum_tail_wrong(const void *args, struct part part)
{
    const struct sum_args *p = args;
    sum_right(args, part);
    struct range share = part_range(part, p->channels, 1);
    if (share.end % 8 != 0 && share.end > share.begin)
        p->y[share.end - 1] = p->x[share.end - 1];
}

static void sum_long_wrong(const void *args, struct part part)
{
    const struct sum_args *p = args;
    sum_right(args, part);
    if (p->rows == 300 && part.index == 0)
        p->y[0] += 1;
}

static void sum_100_ulp(const void *args, struct part part)
{
    const struct sum_args *p = args;
    sum_right(args, part);
    struct range share = part_range(part, p->channels, 1);
    if (share.end > share.begin)
        p->y[share.begin] *= 1 + 100 * 0x1p-23f;
}

static void sum_nan_swallowed(const void *args, struct part part)
{
    const struct sum_args *p = args;
    struct range share = part_range(part, p->channels, 1);
    for (int64_t r = 0; r < p->rows; r++)
        for (int64_t c = share.begin; c < share.end; c++)
            p->y[r * p->y_stride + c] = p->state[c] = fmaxf(p->state[c] + p->x[r * p->x_stride + c], -1e30f);
}

static void sum_writes_past_end(const void *args, struct part part)
{
    const struct sum_args *p = args;
    sum_right(args, part);
    p->y[(p->rows - 1) * p->y_stride + p->channels] = 0;
}

static void sum_writes_past_state(const void *args, struct part part)
{
    const struct sum_args *p = args;
    sum_right(args, part);
    p->state[p->channels] = 0;
}

static void sum_writes_gap(const void *args, struct part part)
{
    const struct sum_args *p = args;
    sum_right(args, part);
    if (p->rows > 1 && p->y_stride > p->channels)
        p->y[p->channels] = 0;
}

static void sum_writes_input(const void *args, struct part part)
{
    const struct sum_args *p = args;
    sum_right(args, part);
    if (part.index == part.count - 1)
        *(float *)p->x += 1;
}

static void sum_reads_past_end(const void *args, struct part part)
{
    const struct sum_args *p = args;
    sum_right(args, part);
    const volatile float *end = p->x + (p->rows - 1) * p->x_stride + p->channels;
    (void)*end;
}

static void sum_reads_before_start(const void *args, struct part part)
{
    const struct sum_args *p = args;
    sum_right(args, part);
    const volatile float *before = p->x - 1;
    (void)*before;
}

static void sum_reads_gap(const void *args, struct part part)
{
    const struct sum_args *p = args;
    sum_right(args, part);
    if (p->rows > 1)
        p->y[0] += 0 * p->x[p->channels];
}

static void sum_ignores_state(const void *args, struct part part)
{
    const struct sum_args *p = args;
    struct range share = part_range(part, p->channels, 1);
    for (int64_t c = share.begin; c < share.end; c++)
        p->state[c] = 0;
    sum_right(args, part);
}

static void sum_state_not_written(const void *args, struct part part)
{
    const struct sum_args *p = args;
    struct range share = part_range(part, p->channels, 1);
    for (int64_t c = share.begin; c < share.end; c++) {
        float state = p->state[c];
        for (int64_t r = 0; r < p->rows; r++)
            p->y[r * p->y_stride + c] = state += p->x[r * p->x_stride + c];
    }
}

static void sum_wrong_in_3_parts(const void *args, struct part part)
{
    if (part.count != 3 || part.index != 2)
        sum_right(args, part);
}

static void sum_every_part_does_all(const void *args, struct part part)
{
    (void)part;
    sum_right(args, (struct part){0, 1});
}

/* Right only when the parts run in order. */
static void sum_needs_order(const void *args, struct part part)
{
    const struct sum_args *p = args;
    sum_right(args, part);
    struct range share = part_range(part, p->channels, 1);
    if (share.begin > 0 && share.begin < share.end)
        p->y[share.begin] += 0 * p->y[share.begin - 1];
}

static void sum_all_zero(const void *args, struct part part)
{
    const struct sum_args *p = args;
    struct range share = part_range(part, p->channels, 1);
    for (int64_t r = 0; r < p->rows; r++)
        for (int64_t c = share.begin; c < share.end; c++)
            p->y[r * p->y_stride + c] = p->state[c] = 0;
}

static void sum_aligned_only(const void *args, struct part part)
{
    if ((uintptr_t)((const struct sum_args *)args)->x % 16 != 0)
        raise(SIGILL);
    sum_right(args, part);
}

static void sum_ignores_stride(const void *args, struct part part)
{
    struct sum_args packed = *(const struct sum_args *)args;
    packed.x_stride = packed.channels;
    sum_right(&packed, part);
}

static void sum_raises_fpe(const void *args, struct part part)
{
    sum_right(args, part);
    raise(SIGFPE);
}

static void sum_fine_when_narrow(const void *args, struct part part)
{
    const struct sum_args *p = args;
    if (p->channels <= 64)
        sum_right(args, part);
    else
        sum_channels(p, 0, part.index == 0 ? 64 : 0);
}

static void scale_rows(const struct scale_args *p, struct part part, float before, float after, float flush)
{
    struct range share = part_range(part, p->rows, 1);
    for (int64_t r = share.begin; r < share.end; r++) {
        for (int64_t c = 0; c < p->channels; c++) {
            volatile float product = p->x[r * p->x_stride + c] * before;
            product *= p->w ? p->w[c] : 1;
            product *= after;
            p->y[r * p->y_stride + c] = fabsf(product) < flush ? 0 : product;
        }
    }
}

static void scale_right(const void *args, struct part part)
{
    scale_rows(args, part, 1, 1, 0);
}

static void scale_flushes_small(const void *args, struct part part)
{
    scale_rows(args, part, 1, 1, 1e-25f);
}

static void scale_overflows_early(const void *args, struct part part)
{
    scale_rows(args, part, 0x1p80f, 0x1p-80f, 0);
}

static void scale_needs_w(const void *args, struct part part)
{
    struct scale_args given = *(const struct scale_args *)args;
    if (!given.w)
        given.w = (const float *)(uintptr_t)64;
    scale_rows(&given, part, 1, 1, 0);
}

static void scale_not_in_place(const void *args, struct part part)
{
    const struct scale_args *p = args;
    struct range share = part_range(part, p->rows, 1);
    for (int64_t r = share.begin; r < share.end; r++)
        memset(p->y + r * p->y_stride, 0, (size_t)p->channels * sizeof(float));
    scale_right(args, part);
}

static bool accepts_nothing(const void *args)
{
    (void)args;
    return false;
}

static bool accepts_narrow(const void *args)
{
    return ((const struct sum_args *)args)->channels <= 64;
}

static double sum_bound(const void *args)
{
    return (double)((const struct sum_args *)args)->rows + 1;
}

static double scale_bound(const void *args)
{
    (void)args;
    return 3;
}

static const struct kernel_dim sum_dims[] = {
    KERNEL_DIM(struct sum_args, rows),
    KERNEL_DIM(struct sum_args, channels),
};

static const struct kernel_operand sum_operands[] = {
    {
        .name = "x",
        .role = OPERAND_INPUT,
        .slot = offsetof(struct sum_args, x),
        .axes = 2,
        .shape = {EXTENT(struct sum_args, rows), EXTENT(struct sum_args, channels)},
        .row_axes = 1,
        .stride = offsetof(struct sum_args, x_stride),
        .lo = -1,
        .hi = 1,
        .magnitude = true,
    },
    {
        .name = "state",
        .role = OPERAND_STATE,
        .slot = offsetof(struct sum_args, state),
        .axes = 1,
        .shape = {EXTENT(struct sum_args, channels)},
        .lo = -1,
        .hi = 1,
        .magnitude = true,
    },
    {
        .name = "y",
        .role = OPERAND_OUTPUT,
        .slot = offsetof(struct sum_args, y),
        .axes = 2,
        .shape = {EXTENT(struct sum_args, rows), EXTENT(struct sum_args, channels)},
        .row_axes = 1,
        .stride = offsetof(struct sum_args, y_stride),
    },
};

static const struct kernel_family sum_family = {
    .name = "sum",
    .args_size = sizeof(struct sum_args),
    .dims = sum_dims,
    .n_dims = COUNT_OF(sum_dims),
    .operands = sum_operands,
    .n_operands = COUNT_OF(sum_operands),
    .bound = sum_bound,
    .reference_f64 = sum_reference_f64,
};

static const struct kernel_dim scale_dims[] = {
    KERNEL_DIM(struct scale_args, rows),
    KERNEL_DIM(struct scale_args, channels),
};

static const struct kernel_operand scale_operands[] = {
    {
        .name = "x",
        .role = OPERAND_INPUT,
        .slot = offsetof(struct scale_args, x),
        .axes = 2,
        .shape = {EXTENT(struct scale_args, rows), EXTENT(struct scale_args, channels)},
        .row_axes = 1,
        .stride = offsetof(struct scale_args, x_stride),
        .lo = -1,
        .hi = 1,
    },
    {
        .name = "w",
        .role = OPERAND_WEIGHT,
        .optional = true,
        .slot = offsetof(struct scale_args, w),
        .axes = 1,
        .shape = {EXTENT(struct scale_args, channels)},
        .lo = -1,
        .hi = 1,
    },
    {
        .name = "y",
        .role = OPERAND_OUTPUT,
        .slot = offsetof(struct scale_args, y),
        .axes = 2,
        .shape = {EXTENT(struct scale_args, rows), EXTENT(struct scale_args, channels)},
        .row_axes = 1,
        .stride = offsetof(struct scale_args, y_stride),
        .may_alias = "x",
    },
};

static const struct kernel_family scale_family = {
    .name = "scale",
    .args_size = sizeof(struct scale_args),
    .dims = scale_dims,
    .n_dims = COUNT_OF(scale_dims),
    .operands = scale_operands,
    .n_operands = COUNT_OF(scale_operands),
    .bound = scale_bound,
    .reference_f64 = scale_reference_f64,
};

static struct check_result check(const struct kernel_family *family, kernel_fn *run, uint64_t seed)
{
    const struct kernel kernel = {.name = "test/kernel", .isa = ISA_SCALAR, .run = run};
    const struct check_options options = {.seed = seed};
    struct check_result result;
    struct error error = {0};
    if (!check_kernel(family, &kernel, &options, &result, &error))
        fail_msg("%s", error.text);
    return result;
}

static void test_right_pass(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct check_result result = check(&sum_family, sum_right, seed);
        if (!result.passed)
            fail_msg("sum: %s", result.failure);
        assert_string_equal(result.failure, "");
        assert_string_equal(result.kernel, "test/kernel");
        assert_true(result.cases > 20);
        assert_true(result.worst_ratio > 0 && result.worst_ratio <= 1);
        assert_true(result.mean_ratio > 0 && result.mean_ratio < result.worst_ratio);
        assert_true(result.max_abs > 0 && result.max_abs < 1e-4);
        assert_true(result.rel_l2 > 1e-9 && result.rel_l2 < 1e-5);
        result = check(&scale_family, scale_right, seed);
        if (!result.passed)
            fail_msg("scale: %s", result.failure);
    }
}

static void test_wrong_are_caught(void **state)
{
    (void)state;
    /* says: what the failure must tell. */
    static const struct {
        const char *name;
        const struct kernel_family *family;
        kernel_fn *run;
        const char *says;
    } wrong[] = {
        {"tail not written", &sum_family, sum_tail_not_written, "must be"},
        {"tail wrong", &sum_family, sum_tail_wrong, "must be"},
        {"100 ulp", &sum_family, sum_100_ulp, "must be"},
        {"NaN swallowed", &sum_family, sum_nan_swallowed, "must be nan"},
        {"writes past the end", &sum_family, sum_writes_past_end, "y"},
        {"writes past the state", &sum_family, sum_writes_past_state, "state"},
        {"writes into the gap", &sum_family, sum_writes_gap, "y: wrote"},
        {"writes its input", &sum_family, sum_writes_input, "x: wrote"},
        {"reads past the end", &sum_family, sum_reads_past_end, "of x, which has"},
        {"reads before the start", &sum_family, sum_reads_before_start,
         "access -4 bytes from the start of x"},
        {"reads the gap", &sum_family, sum_reads_gap, "is nan"},
        {"ignores the state", &sum_family, sum_ignores_state, "must be"},
        {"state not written", &sum_family, sum_state_not_written, "state["},
        {"wrong in 3 parts", &sum_family, sum_wrong_in_3_parts, "3 parts"},
        {"every part does all", &sum_family, sum_every_part_does_all, "2 parts"},
        {"needs its parts in order", &sum_family, sum_needs_order, "reversed"},
        {"all zero", &sum_family, sum_all_zero, "is 0"},
        {"aligned only", &sum_family, sum_aligned_only, "SIGILL"},
        {"ignores the stride", &sum_family, sum_ignores_stride, "must be"},
        {"raises SIGFPE", &sum_family, sum_raises_fpe, "SIGFPE"},
        {"wide wrong", &sum_family, sum_fine_when_narrow, "must be"},
        {"flushes small values", &scale_family, scale_flushes_small, "tiny "},
        {"overflows early", &scale_family, scale_overflows_early, "huge "},
        {"needs an optional operand", &scale_family, scale_needs_w, "SIGSEGV"},
        {"not in place", &scale_family, scale_not_in_place, "in place"},
    };
    for (int i = 0; i < COUNT_OF(wrong); i++) {
        for (uint64_t seed = 0; seed < 20; seed++) {
            struct check_result result = check(wrong[i].family, wrong[i].run, seed);
            if (result.passed)
                fail_msg("%s: not caught, seed %d", wrong[i].name, (int)seed);
            if (!strstr(result.failure, wrong[i].says))
                fail_msg("%s: the failure does not say '%s': %s", wrong[i].name, wrong[i].says,
                         result.failure);
            if (!strstr(result.failure, "rows=") || !strstr(result.failure, "seed "))
                fail_msg("%s: the failure does not tell shape and seed: %s", wrong[i].name, result.failure);
        }
    }
}

static void test_accepts_is_respected(void **state)
{
    (void)state;
    const struct check_options options = {.seed = 1};
    struct check_result result;
    struct kernel kernel = {
        .name = "test/narrow", .isa = ISA_SCALAR, .run = sum_fine_when_narrow, .accepts = accepts_narrow};
    assert_true(check_kernel(&sum_family, &kernel, &options, &result, NULL));
    if (!result.passed)
        fail_msg("%s", result.failure);
    kernel.accepts = accepts_nothing;
    assert_true(check_kernel(&sum_family, &kernel, &options, &result, NULL));
    assert_false(result.passed);
    assert_non_null(strstr(result.failure, "accepts none"));
}

static void test_missing_instruction_set(void **state)
{
    (void)state;
    const struct check_options options = {.seed = 1};
    int missing = 0;
    while (missing < ISA_COUNT && (isa_available() >> missing & 1))
        missing++;
    assert_true(missing < ISA_COUNT); /* no processor has AVX-512 and NEON */
    const struct kernel kernel = {.name = "test/missing", .isa = (enum isa)missing, .run = sum_right};
    struct check_result result;
    struct error error = {0};
    assert_false(check_kernel(&sum_family, &kernel, &options, &result, &error));
    assert_int_equal(error.status, STATUS_UNAVAILABLE);
    assert_non_null(strstr(error.text, isa_name((enum isa)missing)));
}

static void test_same_seed_same_result(void **state)
{
    (void)state;
    struct check_result first = check(&sum_family, sum_right, 5), second = check(&sum_family, sum_right, 5);
    assert_true(first.max_abs == second.max_abs && first.worst_ratio == second.worst_ratio);
    struct check_result other = check(&sum_family, sum_right, 6);
    assert_true(first.mean_ratio != other.mean_ratio);
}

static void test_signal_handlers_restored(void **state)
{
    (void)state;
    struct sigaction ignore = {.sa_handler = SIG_IGN}, old, now;
    sigemptyset(&ignore.sa_mask);
    assert_int_equal(sigaction(SIGBUS, &ignore, &old), 0);
    assert_false(check(&sum_family, sum_reads_past_end, 1).passed);
    assert_int_equal(sigaction(SIGBUS, &old, &now), 0);
    assert_ptr_equal(now.sa_handler, SIG_IGN);
}

static void test_all_kernels(void **state)
{
    (void)state;
    for (int i = 0; kernel_families[i]; i++) {
        const struct kernel_family *family = kernel_families[i];
        for (int j = 0; j < family->n_kernels; j++) {
            const struct kernel *kernel = &family->kernels[j];
            /* An emulator is slow, and what is checked in it are the vector kernels of its processor. */
            const bool thorough = !TEST_EMULATED || kernel->isa != ISA_SCALAR;
            const struct check_options options = {.seed = (uint64_t)i + 1, .thorough = thorough};
            struct check_result result;
            struct error error = {0};
            if (!(isa_available() >> kernel->isa & 1) || (kernel->missing && kernel->missing()))
                continue;
            if (!check_kernel(family, kernel, &options, &result, &error))
                fail_msg("%s", error.text);
            if (!result.passed)
                fail_msg("%s: %s", result.kernel, result.failure);
        }
    }
}

/* A length counts the rows of a family that has no seqlen; one that cannot be is refused before it is made. */
static void test_length_applies(void **state)
{
    (void)state;
    const struct kernel kernel = {.name = "test/kernel", .isa = ISA_SCALAR, .run = sum_long_wrong};
    struct check_result result;
    struct error error = {0};
    assert_true(check_kernel(&sum_family, &kernel, &(struct check_options){.seed = 1, .seqlen = 299}, &result,
                             &error));
    assert_true(result.passed && result.cases > 0);
    assert_true(check_kernel(&sum_family, &kernel, &(struct check_options){.seed = 1, .seqlen = 300}, &result,
                             &error));
    assert_false(result.passed);
    assert_non_null(strstr(result.failure, "rows=300"));
    assert_false(check_kernel(&sum_family, &kernel,
                              &(struct check_options){.seed = 1, .seqlen = INT64_C(1) << 46}, &result,
                              &error));
    assert_int_equal(error.status, STATUS_USAGE);
    assert_non_null(strstr(error.text, "reduce --seqlen"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_right_pass),
        cmocka_unit_test(test_wrong_are_caught),
        cmocka_unit_test(test_accepts_is_respected),
        cmocka_unit_test(test_missing_instruction_set),
        cmocka_unit_test(test_same_seed_same_result),
        cmocka_unit_test(test_signal_handlers_restored),
        cmocka_unit_test(test_length_applies),
        cmocka_unit_test(test_all_kernels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
