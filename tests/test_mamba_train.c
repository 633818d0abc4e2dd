/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mamba/plan.h"

/* Training in graph and plan: what moves, what is kept, what is done twice. */

static struct graph graph;
static struct plan plan;

static void build_with(const struct model_shape *shape, int64_t seqlen, const char *recompute,
                       const char *fusion)
{
    struct error error = {0};
    struct plan_choices choices = plan_fusing(fusion, PRECISION_FP32);
    choices.values[CHOICE_RECOMPUTE] = recompute;
    if (!graph_build(shape, PHASE_TRAIN, 1, seqlen, false, &graph, &error) ||
        !plan_build(&graph, choices, &plan, &error))
        fail_msg("%s", error.text);
}

static void build(const char *model, int64_t seqlen, const char *recompute)
{
    struct model_shape shape;
    struct error error = {0};
    if (!shape_preset(model, &shape, &error))
        fail_msg("%s", error.text);
    build_with(&shape, seqlen, recompute, NULL);
}

static const struct group *group_named(const char *name)
{
    for (int g = 0; g < plan.n_groups; g++)
        if (!strcmp(plan.groups[g].name, name))
            return &plan.groups[g];
    fail_msg("no group %s", name);
    return NULL;
}

static uint64_t operand_bytes(const struct stage *stage, const char *name, double value_bytes)
{
    for (int o = 0; o < stage->n_operands; o++)
        if (!strcmp(stage->operands[o].operand->name, name))
            return plan_operand_bytes(&graph, &plan, stage, &stage->operands[o], value_bytes);
    fail_msg("%s has no operand %s", stage->name, name);
    return 0;
}

/* Gu and Dao's fused backward that recomputes, activations in bf16: the bytes of its operands as the graph
 * has them, and what that kernel moves besides, for it reads delta twice and an output that it saved, and
 * keeps a pair of floats a state for every 2048 steps. */
static double published_kernel_bytes(const struct stage *stage)
{
    static const char *const activations[] = {"u", "dt", "dy", "z", "y", "du", "ddt", "dz", "b", "c"};
    static const char *const weights[] = {"a", "da"};
    double bytes = 0;
    for (int i = 0; i < COUNT_OF(activations); i++)
        bytes += (double)operand_bytes(stage, activations[i], 2);
    for (int i = 0; i < COUNT_OF(weights); i++)
        bytes += (double)operand_bytes(stage, weights[i], 4);
    bytes += (double)operand_bytes(stage, "dt", 2) + (double)operand_bytes(stage, "y", 2);
    const double chunks = ceil((double)graph.seqlen / 2048);
    bytes += 2 * chunks * (double)operand_bytes(stage, "dstate", 4);
    /* dB and dC, added up in fp32. */
    return bytes +
           (double)(operand_bytes(stage, "db", 4) + operand_bytes(stage, "dc", 4)) / SCAN_BACKWARD_SLICES;
}

/* The table of bytes that a selective scan moves: its columns of the backward pass, to three digits. */
static void test_table(void **state)
{
    (void)state;
    static const struct {
        int64_t seqlen, channels;
        double backward, atomics;
    } rows[] = {{2048, 1024, 42.6e6, 268e6},
                {32768, 1024, 680e6, 4.29e9},
                {2048, 1536, 63.7e6, 403e6},
                {2048, 5120, 211e6, 1.34e9}};
    for (int r = 0; r < COUNT_OF(rows); r++) {
        struct model_shape shape = {.name = "table",
                                    .arch = ARCH_MAMBA1,
                                    .d_model = rows[r].channels / 2,
                                    .n_layer = 1,
                                    .d_inner = rows[r].channels,
                                    .d_state = 16,
                                    .d_conv = 4,
                                    .dt_rank = 48,
                                    .vocab = 100,
                                    .tied_head = true,
                                    .norm_eps = 1e-5,
                                    .dt_max = INFINITY};
        struct error error = {0};
        if (!shape_complete(&shape, "table", &error))
            fail_msg("%s", error.text);
        build_with(&shape, rows[r].seqlen, "recompute", NULL);
        const struct stage *stage = &graph.stages[graph_stage(&graph, "scan_backward")];
        const double bytes = published_kernel_bytes(stage);
        if (!(fabs(bytes - rows[r].backward) <= 0.005 * rows[r].backward))
            fail_msg("row %d: backward moves %.4g bytes, published %.4g", r, bytes, rows[r].backward);
        /* What every channel would add to memory; slices of channels move that much less. */
        const double sums = (double)(operand_bytes(stage, "db", 4) + operand_bytes(stage, "dc", 4));
        const double atomics = sums / SCAN_BACKWARD_SLICES * (double)rows[r].channels;
        if (!(fabs(atomics - rows[r].atomics) <= 0.005 * rows[r].atomics))
            fail_msg("row %d: atomics move %.4g bytes, published %.4g", r, atomics, rows[r].atomics);

        /* Not moved: the states, written and read once, 8 BLDN bytes in fp32. */
        const struct group *forward = group_named("softplus+discretize+scan+contract+skip+gate");
        const struct group *backward = group_named("scan_backward");
        const uint64_t rebuilt = forward->bytes_written + backward->bytes_read;
        build_with(&shape, rows[r].seqlen, "store", NULL);
        forward = group_named("softplus+discretize+scan+contract+skip+gate");
        backward = group_named("scan_backward");
        assert_int_equal(forward->bytes_written + backward->bytes_read - rebuilt,
                         8 * (uint64_t)(rows[r].seqlen * rows[r].channels * 16));
    }
}

static uint64_t saved_with(const char *model, int64_t seqlen, const char *recompute)
{
    build(model, seqlen, recompute);
    return plan.saved_bytes;
}

static void test_saved_mamba1(void **state)
{
    (void)state;
    const uint64_t tokens = 2048, layers = 24, d_model = 768, d = 1536, n = 16, x = 48 + 2 * n;
    /* The residual stream before each layer and after the last, and final_norm's output. */
    const uint64_t around = 4 * tokens * (2 * d_model);
    const uint64_t layer = 4 * tokens * (d_model + 2 * d + x), states = 4 * d * n;
    assert_int_equal(saved_with("mamba-130m", 2048, "recompute"), around + layers * layer);
    assert_int_equal(saved_with("mamba-130m", 2048, "checkpoint:64"),
                     around + layers * (layer + 32 * states));
    assert_int_equal(saved_with("mamba-130m", 2048, "checkpoint:1000"),
                     around + layers * (layer + 3 * states));
    /* norm's, silu's and dt_proj's outputs besides. */
    const uint64_t all = layer + 4 * tokens * (d_model + 2 * d) + tokens * states;
    assert_int_equal(saved_with("mamba-130m", 2048, "store"), around + layers * all);
    assert_true(8 * layer <= all);
}

static void test_saved_mamba2(void **state)
{
    (void)state;
    const uint64_t tokens = 1024, layers = 24, d_model = 768, d = 1536, n = 128, heads = 24;
    const uint64_t around = 4 * tokens * (2 * d_model), projected = 2 * d + 2 * n + heads;
    const uint64_t layer = 4 * tokens * (d_model + projected + d), states = 4 * d * n;
    assert_int_equal(saved_with("mamba2-130m", 1024, "recompute"), around + layers * layer);
    assert_int_equal(saved_with("mamba2-130m", 1024, "checkpoint:32"),
                     around + layers * (layer + 32 * states));
    assert_int_equal(saved_with("mamba2-130m", 1024, "store"),
                     around + layers * (layer + 4 * tokens * (d_model + d + 2 * n) + tokens * states));
}

/* What is repeated is the work of the groups that run twice and of the states between those kept. */
static void test_repeated(void **state)
{
    (void)state;
    static const char *const twice[] = {"norm", "conv+silu", "dt_proj"};
    const uint64_t layers = 24, tokens = 512, all = tokens * 1536 * 16;
    build("mamba-130m", 512, "store");
    assert_int_equal(plan.repeated.mul, 0);
    assert_int_equal(plan.repeated.exp, 0);
    const uint64_t kept = group_named("scan_backward")->work.mul;
    build("mamba-130m", 512, "checkpoint:1");
    assert_int_equal(group_named("scan_backward")->work.mul, kept);
    build("mamba-130m", 512, "checkpoint:4");
    const uint64_t rebuilt = 2 * (all - all / 4);
    assert_int_equal(group_named("scan_backward")->work.mul, kept + rebuilt);
    struct work sum = {.mul = rebuilt};
    for (int g = 0; g < plan.n_groups; g++) {
        bool expected = false;
        for (int i = 0; i < COUNT_OF(twice); i++)
            expected |= !strcmp(plan.groups[g].name, twice[i]);
        assert_int_equal(plan.groups[g].rebuilt, expected);
        if (expected)
            work_add(&sum, &plan.groups[g].work, 1);
    }
    assert_int_equal(plan.repeated.mul, layers * sum.mul);
    assert_int_equal(plan.repeated.exp, layers * sum.exp);
}

static void test_stages(void **state)
{
    (void)state;
    static const char *const models[] = {"mamba-130m", "mamba2-130m", "mnist-mamba"};
    for (int m = 0; m < COUNT_OF(models); m++) {
        build(models[m], 16, NULL);
        assert_string_equal(plan.values[CHOICE_RECOMPUTE], "recompute");
        bool backward = false;
        for (int s = 0; s < graph.n_stages; s++) {
            bool listed = false;
            for (int i = 0; graph_stage_names()[i]; i++)
                listed |= !strcmp(graph_stage_names()[i], graph.stages[s].name);
            if (!listed)
                fail_msg("stage %s is not listed", graph.stages[s].name);
            /* Forward first. */
            assert_true(graph.stages[s].backward || !backward);
            backward = graph.stages[s].backward;
        }
        assert_true(backward);
        /* Every projection has a gradient of its weight with the work of the projection. */
        for (int s = 0; s < graph.n_stages; s++) {
            char name[64];
            if (strcmp(graph.stages[s].family->name, "matmul"))
                continue;
            snprintf(name, sizeof name, "%s_wgrad", graph.stages[s].name);
            const int wgrad = graph_stage(&graph, name);
            assert_true(wgrad >= 0);
            assert_int_equal(graph.stages[wgrad].work.mul, graph.stages[s].work.mul);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),        cmocka_unit_test(test_saved_mamba1),
        cmocka_unit_test(test_saved_mamba2), cmocka_unit_test(test_repeated),
        cmocka_unit_test(test_stages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
