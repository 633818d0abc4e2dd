/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mamba/plan.h"

static struct model_shape shape_of(enum arch arch)
{
    struct model_shape shape = {.name = "hand",
                                .arch = arch,
                                .d_model = 1,
                                .n_layer = 1,
                                .d_inner = 2,
                                .d_state = 3,
                                .d_conv = 2,
                                .dt_rank = arch == ARCH_MAMBA1 ? 1 : 0,
                                .headdim = arch == ARCH_MAMBA2 ? 2 : 0,
                                .ngroups = arch == ARCH_MAMBA2 ? 1 : 0,
                                .vocab = 4,
                                .tied_head = true,
                                .norm_eps = 1e-5,
                                .dt_max = 1e30};
    struct error error = {0};
    if (!shape_complete(&shape, "hand", &error))
        fail_msg("%s", error.text);
    return shape;
}

static void test_words(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum scan algorithm;
        int64_t chunk;
    } good[] = {
        {"sequential", SCAN_SEQUENTIAL, 0}, {"blelloch", SCAN_BLELLOCH, 0}, {"chunked", SCAN_CHUNKED, 0},
        {"chunked:7", SCAN_CHUNKED, 7},     {"ssd", SCAN_SSD, 0},           {"ssd:256", SCAN_SSD, 256}};
    static const char *const bad[] = {"",
                                      "soup",
                                      "chunked:",
                                      "chunked:0",
                                      "chunked:-1",
                                      "chunked:2x",
                                      "ssd:99999999999999999999",
                                      "blelloch:4",
                                      "sequential:",
                                      "chunkedchunked"};
    for (int i = 0; i < COUNT_OF(good); i++) {
        struct scan_choice choice;
        struct error error = {0};
        if (!scan_choice_parse(good[i].text, ARCH_MAMBA2, &choice, &error))
            fail_msg("%s: %s", good[i].text, error.text);
        assert_int_equal(choice.algorithm, good[i].algorithm);
        assert_int_equal(choice.chunk, good[i].chunk);
    }
    for (int i = 0; i < COUNT_OF(bad); i++) {
        struct scan_choice choice;
        struct error error = {0};
        if (scan_choice_parse(bad[i], ARCH_MAMBA2, &choice, &error))
            fail_msg("'%s' was taken", bad[i]);
        assert_int_equal(error.status, STATUS_USAGE);
        assert_non_null(strstr(error.text, "--scan"));
    }
    struct scan_choice choice;
    struct error error = {0};
    assert_false(scan_choice_parse("ssd", ARCH_MAMBA1, &choice, &error));
    assert_non_null(strstr(error.text, "mamba1"));
}

static struct scan_cost cost_of(enum arch arch, int64_t batch, int64_t seqlen, const char *text, bool fused)
{
    const struct model_shape shape = shape_of(arch);
    struct graph *graph = malloc(sizeof *graph);
    struct scan_choice choice;
    struct scan_cost cost;
    struct error error = {0};
    assert_non_null(graph);
    if (!graph_build(&shape, PHASE_PREFILL, batch, seqlen, false, graph, &error) ||
        !scan_choice_parse(text, arch, &choice, &error))
        fail_msg("%s", error.text);
    scan_cost(graph, choice, fused, &cost);
    free(graph);
    return cost;
}

static void assert_work(const struct work *got, uint64_t mul, uint64_t add, uint64_t exp)
{
    assert_int_equal(got->mul, mul);
    assert_int_equal(got->add, add);
    assert_int_equal(got->exp, exp);
}

/* 2 channels of 3 states: 6 values a step. */
static void test_tree_by_hand(void **state)
{
    (void)state;
    /* 8 steps: 4 + 2 + 1 pairs up, 1 + 2 states down (at 4; at 2 and 6). */
    struct scan_cost cost = cost_of(ARCH_MAMBA1, 1, 8, "blelloch", true);
    assert_work(&cost.work, 6 * (8 + 2 * 7 + 3), 6 * (8 + 7 + 3), 0);
    assert_int_equal(cost.values, 6 * (7 * 6 + 3 * 4));
    cost = cost_of(ARCH_MAMBA1, 3, 8, "blelloch", true);
    assert_work(&cost.work, 3 * 6 * (8 + 2 * 7 + 3), 3 * 6 * (8 + 7 + 3), 0);
    /* 5 steps: pairs of 0-1, 2-3 and 0-3; states before 2 and 4. */
    cost = cost_of(ARCH_MAMBA1, 1, 5, "blelloch", false);
    assert_work(&cost.work, 6 * (5 + 2 * 3 + 2), 6 * (5 + 3 + 2), 0);
    cost = cost_of(ARCH_MAMBA1, 1, 1, "blelloch", false);
    assert_work(&cost.work, 6, 6, 0);
}

static void test_chunks_by_hand(void **state)
{
    (void)state;
    /* 10 steps in 4 chunks of 3: those in the middle are scanned twice. */
    struct scan_cost cost = cost_of(ARCH_MAMBA1, 1, 10, "chunked:3", false);
    assert_work(&cost.work, 6 * (10 + 2 * 6 + 2), 6 * (10 + 6 + 2), 0);
    assert_int_equal(cost.values, 6 * (2 * 6 + 4 * 2));
    cost = cost_of(ARCH_MAMBA1, 1, 10, "chunked:3", true);
    assert_int_equal(cost.work.exp, 6 * (6 + 2));
    /* Two chunks: nothing is done twice. */
    cost = cost_of(ARCH_MAMBA1, 1, 10, "chunked:5", true);
    assert_work(&cost.work, 60, 60, 0);
    cost = cost_of(ARCH_MAMBA1, 1, 10, "chunked:1000", true);
    assert_work(&cost.work, 60, 60, 0);
}

static void test_matrices_by_hand(void **state)
{
    (void)state;
    /* One head of 2 rows and 3 states, 4 steps in chunks of 2: c b 3 x 3, within 3 x 2, from and to the state
     * 2 x 2 x 6 products; weights 2 x 3, and 2 + 2 x 2 x 2 for delta a and x, 6 for the state's decay. */
    const struct scan_cost cost = cost_of(ARCH_MAMBA2, 1, 4, "ssd:2", true);
    assert_work(&cost.work, 2 * (9 + 6 + 24 + 6 + 2 + 8 + 6), 2 * (9 + 6 + 24 + 3), 2 * (3 + 2));
}

static void test_plan_counts_the_algorithm(void **state)
{
    (void)state;
    const struct model_shape shape = shape_of(ARCH_MAMBA1);
    struct graph *graph = malloc(sizeof *graph);
    struct plan *plan = malloc(sizeof *plan);
    struct error error = {0};
    assert_non_null(graph);
    assert_non_null(plan);
    assert_true(graph_build(&shape, PHASE_PREFILL, 1, 8, false, graph, &error));
    static const char *const fusions[] = {"none", "scan"};
    for (int f = 0; f < COUNT_OF(fusions); f++) {
        struct plan_choices choices = plan_fusing(fusions[f], PRECISION_FP32);
        choices.values[CHOICE_SCAN] = "blelloch";
        if (!plan_build(graph, choices, plan, &error))
            fail_msg("%s", error.text);
        uint64_t extra = 0;
        for (int g = 0; g < plan->n_groups; g++) {
            assert_true(plan->groups[g].spent.mul >= plan->groups[g].work.mul);
            extra += plan->groups[g].spent.mul - plan->groups[g].work.mul;
        }
        assert_int_equal(extra, 6 * (2 * 7 + 3));
        assert_string_equal(plan->values[CHOICE_SCAN], "blelloch");
    }
    char values[PLAN_MAX_VALUES][PLAN_VALUE_SIZE];
    assert_int_equal(plan_choice_values(CHOICE_SCAN, graph, values), 3);
    assert_string_equal(values[0], "sequential");
    free(plan);
    free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_tree_by_hand),
        cmocka_unit_test(test_chunks_by_hand),
        cmocka_unit_test(test_matrices_by_hand),
        cmocka_unit_test(test_plan_counts_the_algorithm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
