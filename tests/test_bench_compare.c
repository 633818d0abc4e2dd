/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bench/compare.h"

static void test_ratio_is_of_pairs(void **state)
{
    (void)state;
    /* The machine gets slower all the time; each pair's ratio is 2 all the same. */
    static const double baseline[] = {2, 4, 8, 16, 32, 64, 128}, other[] = {1, 2, 4, 8, 16, 32, 64};
    struct paired paired;
    struct error error = {0};
    assert_true(compare_paired(baseline, other, 7, &paired, &error));
    assert_true(fabs(paired.ratio - 2) < 1e-12);
    assert_true(fabs(paired.ci95[0] - 2) < 1e-12 && fabs(paired.ci95[1] - 2) < 1e-12);
    assert_true(paired.coverage >= 0.95);
    assert_true(compare_paired(baseline, other, 5, &paired, &error));
    assert_true(paired.coverage < 0.95);
}

static void test_one_outlier_of_many_is_outside_the_interval(void **state)
{
    (void)state;
    double baseline[15], other[15];
    struct paired paired;
    struct error error = {0};
    for (int i = 0; i < 15; i++) {
        baseline[i] = 1;
        other[i] = i == 3 ? 100 : 1.25;
    }
    assert_true(compare_paired(baseline, other, 15, &paired, &error));
    assert_true(fabs(paired.ratio - 0.8) < 1e-12 && fabs(paired.ci95[0] - 0.8) < 1e-12);
}

static void test_bad_times_are_refused(void **state)
{
    (void)state;
    static const double good[] = {1, 1}, bad[] = {1, 0};
    struct paired paired;
    struct error error = {0};
    assert_false(compare_paired(good, bad, 2, &paired, &error));
    assert_int_equal(error.status, STATUS_FAILED);
    assert_false(compare_paired(good, good, 0, &paired, &error));
}

static enum verdict judge(double low, double high, double control_low, double control_high)
{
    const struct paired paired = {sqrt(low * high), {low, high}, 0.98};
    const struct paired control = {1, {control_low, control_high}, 0.98};
    return compare_verdict(&paired, &control);
}

static void test_verdicts(void **state)
{
    (void)state;
    assert_int_equal(judge(1.05, 1.10, 0.99, 1.01), VERDICT_FASTER);
    assert_int_equal(judge(0.80, 0.90, 0.99, 1.01), VERDICT_SLOWER);
    assert_int_equal(judge(0.99, 1.01, 0.999, 1.001), VERDICT_SAME);
    assert_int_equal(judge(0.99, 1.05, 0.99, 1.01), VERDICT_AMBIGUOUS);
    assert_int_equal(judge(1.01, 1.03, 0.99, 1.01), VERDICT_AMBIGUOUS);
    /* What equals differ by is no difference. */
    assert_int_equal(judge(1.05, 1.10, 0.96, 1.07), VERDICT_AMBIGUOUS);
    assert_int_equal(judge(1.02, 1.05, 0.95, 1.01), VERDICT_SAME);
    assert_int_equal(judge(1.20, 1.30, 0.95, 1.10), VERDICT_FASTER);
    /* Too noisy to call anything the same. */
    assert_int_equal(judge(0.95, 1.05, 0.80, 1.01), VERDICT_AMBIGUOUS);
    const struct paired few = {2, {2, 2}, 0.9}, many = {1, {1, 1}, 0.98};
    assert_int_equal(compare_verdict(&few, &many), VERDICT_AMBIGUOUS);
    assert_int_equal(compare_verdict(&many, &few), VERDICT_AMBIGUOUS);
    assert_string_equal(verdict_name(VERDICT_FASTER), "FASTER");
    assert_string_equal(verdict_name(VERDICT_AMBIGUOUS), "AMBIGUOUS");
}

static void test_variants(void **state)
{
    (void)state;
    struct variant variants[COMPARE_MAX_VARIANTS];
    const struct variant base = {.isa = (enum isa)(ISA_COUNT - 1), .threads = 4};
    struct model_shape shape;
    struct graph graph;
    struct error error = {0};
    assert_true(shape_preset("mamba-130m", &shape, &error));
    assert_true(graph_build(&shape, PHASE_PREFILL, 1, 64, false, &graph, &error));
    for (int what = COMPARE_NOTHING; what < COMPARISON_COUNT; what++) {
        const int n = compare_variants((enum comparison)what, &base, &graph, variants);
        assert_in_range(n, COMPARE_FIRST, COMPARE_MAX_VARIANTS);
        assert_int_equal(variants[COMPARE_BASELINE].isa, variants[COMPARE_CONTROL].isa);
        for (int i = 0; i < n; i++) {
            const struct variant *variant = &variants[i];
            assert_true(variant->name[0]);
            assert_int_equal(variant->kernel != NULL, what == COMPARE_KERNEL && i >= COMPARE_FIRST);
            assert_int_equal(variant->threads, what == COMPARE_THREADS && i == COMPARE_FIRST ? 1 : 4);
            assert_int_equal(variant->choices.precision != PRECISION_FP32,
                             what == COMPARE_PRECISION && i >= COMPARE_FIRST);
            assert_true(variant->choices.precision != PRECISION_FP64);
            for (int j = 0; j < i; j++)
                assert_string_not_equal(variant->name, variants[j].name);
            /* Each level is below the one before. */
            if (what == COMPARE_ISA && i >= COMPARE_FIRST)
                assert_true(variant->isa < variants[i - 1].isa && variant->isa > ISA_SCALAR);
        }
    }
    assert_int_equal(compare_variants(COMPARE_THREADS, &base, NULL, variants), 3);
    const struct variant single = {.isa = base.isa, .threads = 1};
    assert_int_equal(compare_variants(COMPARE_THREADS, &single, NULL, variants), 2);
}

static void test_choices(void **state)
{
    (void)state;
    struct variant variants[COMPARE_MAX_VARIANTS];
    struct variant base = {.isa = (enum isa)(ISA_COUNT - 1), .threads = 1};
    struct model_shape shape;
    struct graph graph;
    struct error error = {0};
    assert_true(shape_preset("mamba-130m", &shape, &error));
    assert_true(graph_build(&shape, PHASE_PREFILL, 1, 64, false, &graph, &error));
    int n = compare_variants(COMPARE_FUSION, &base, &graph, variants);
    static const char *const names[] = {"none", "A/A control", "conv-silu", "scan", "block"};
    assert_int_equal(n, COUNT_OF(names));
    for (int i = 0; i < n; i++) {
        const struct plan_choices choices = variant_choices(COMPARE_FUSION, &variants[i]);
        assert_string_equal(variants[i].name, names[i]);
        assert_string_equal(choices.values[CHOICE_FUSION], i == COMPARE_CONTROL ? "none" : names[i]);
        assert_null(choices.values[CHOICE_SCAN]);
    }
    /* What was asked for is the baseline, and no variant once more. */
    base.choices.values[CHOICE_FUSION] = "scan";
    n = compare_variants(COMPARE_FUSION, &base, &graph, variants);
    assert_int_equal(n, COUNT_OF(names));
    assert_string_equal(variants[COMPARE_BASELINE].name, "scan");
    for (int i = COMPARE_FIRST; i < n; i++)
        assert_string_not_equal(variants[i].name, "scan");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ratio_is_of_pairs),
        cmocka_unit_test(test_one_outlier_of_many_is_outside_the_interval),
        cmocka_unit_test(test_bad_times_are_refused),
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_variants),
        cmocka_unit_test(test_choices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
