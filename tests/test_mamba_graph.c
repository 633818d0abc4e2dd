/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mamba/plan.h"

/* All counts below are written out by hand for these shapes: 2 sequences of 3 tokens, so 6 rows. */

static struct model_shape mamba1_shape(void)
{
    struct model_shape shape = {.name = "hand-1",
                                .arch = ARCH_MAMBA1,
                                .d_model = 8,
                                .n_layer = 2,
                                .d_inner = 16,
                                .d_state = 4,
                                .d_conv = 3,
                                .dt_rank = 2,
                                .vocab = 10,
                                .conv_bias = true,
                                .tied_head = true,
                                .norm_eps = 1e-5,
                                .dt_max = 1e30};
    struct error error = {0};
    assert_true(shape_complete(&shape, "hand-1", &error));
    return shape;
}

static struct model_shape mamba2_shape(void)
{
    struct model_shape shape = {.name = "hand-2",
                                .arch = ARCH_MAMBA2,
                                .d_model = 8,
                                .n_layer = 3,
                                .d_inner = 16,
                                .d_state = 4,
                                .d_conv = 4,
                                .headdim = 8,
                                .ngroups = 1,
                                .vocab = 10,
                                .conv_bias = true,
                                .tied_head = true,
                                .norm_eps = 1e-5,
                                .dt_max = 1e30};
    struct error error = {0};
    assert_true(shape_complete(&shape, "hand-2", &error));
    return shape;
}

static void build(const struct model_shape *shape, enum phase phase, bool all_logits, struct graph *graph)
{
    struct error error = {0};
    if (!graph_build(shape, phase, 2, 3, all_logits, graph, &error))
        fail_msg("%s", error.text);
}

struct expected {
    const char *stage;
    uint64_t mul, add, exp, log, div;
};

static void check_work(const struct graph *graph, const struct expected *expected, int n)
{
    assert_int_equal(graph->n_stages, n);
    for (int i = 0; i < n; i++) {
        const struct stage *stage = &graph->stages[i];
        assert_string_equal(stage->name, expected[i].stage);
        if (stage->work.mul != expected[i].mul || stage->work.add != expected[i].add ||
            stage->work.exp != expected[i].exp || stage->work.log != expected[i].log ||
            stage->work.div != expected[i].div)
            fail_msg("%s: mul %lu add %lu exp %lu log %lu div %lu", stage->name, stage->work.mul,
                     stage->work.add, stage->work.exp, stage->work.log, stage->work.div);
    }
}

static void mamba1_work(void **state)
{
    (void)state;
    static const struct expected expected[] = {
        {"embed", 0, 0, 0, 0, 0},
        /* 6 rows x 8: square, times 1/rms, times weight; per row mean, square root, reciprocal */
        {"norm", 144, 48, 0, 0, 18},
        {"in_proj", 6 * 32 * 8, 6 * 32 * 7, 0, 0, 0},
        {"conv", 6 * 16 * 3, 6 * 16 * 3, 0, 0, 0},
        {"silu", 0, 96, 96, 0, 96},
        {"x_proj", 6 * 10 * 16, 6 * 10 * 15, 0, 0, 0},
        {"dt_proj", 6 * 16 * 2, 6 * 16 * 1, 0, 0, 0},
        /* bias, 1 +, and the two comparisons of the clamp */
        {"softplus", 0, 4 * 96, 96, 96, 0},
        /* delta a and (delta u) b for 16 x 4 states, delta u once */
        {"discretize", 2 * 384 + 96, 0, 384, 0, 0},
        {"scan", 384, 384, 0, 0, 0},
        {"contract", 384, 6 * 16 * 3, 0, 0, 0},
        {"skip", 96, 96, 0, 0, 0},
        {"gate", 96, 96, 96, 0, 96},
        {"out_proj", 6 * 8 * 16, 6 * 8 * 15, 0, 0, 0},
        {"residual", 0, 48, 0, 0, 0},
        /* the last token of 2 sequences */
        {"final_norm", 48, 16, 0, 0, 6},
        {"head", 2 * 10 * 8, 2 * 10 * 7, 0, 0, 0},
    };
    struct model_shape shape = mamba1_shape();
    struct graph graph;
    build(&shape, PHASE_PREFILL, false, &graph);
    check_work(&graph, expected, COUNT_OF(expected));
}

static void mamba2_work(void **state)
{
    (void)state;
    /* in_proj rows: z 16, x 16, B 4, C 4, dt 2 = 42; conv over 24 channels; 2 heads of 8 */
    static const struct expected expected[] = {
        {"embed", 0, 0, 0, 0, 0},
        {"norm", 144, 48, 0, 0, 18},
        {"in_proj", 6 * 42 * 8, 6 * 42 * 7, 0, 0, 0},
        {"conv", 6 * 24 * 4, 6 * 24 * 4, 0, 0, 0},
        {"silu", 0, 144, 144, 0, 144},
        {"softplus", 0, 48, 12, 12, 0},
        /* 12 (row, head): delta a; 96 (row, channel): delta x; 384 states: a h, (delta x) b, h c */
        {"scan", 12 + 96 + 3 * 384, 384 + 6 * 16 * 3, 12, 0, 0},
        {"skip", 96, 96, 0, 0, 0},
        /* gate 1 mul, 1 add, 1 exp, 1 div; norm 3 mul, 1 add, 3 div a row */
        {"gate_norm", 4 * 96, 2 * 96, 96, 0, 96 + 18},
        {"out_proj", 6 * 8 * 16, 6 * 8 * 15, 0, 0, 0},
        {"residual", 0, 48, 0, 0, 0},
        {"final_norm", 144, 48, 0, 0, 18},
        {"head", 6 * 10 * 8, 6 * 10 * 7, 0, 0, 0},
    };
    struct model_shape shape = mamba2_shape();
    struct graph graph;
    build(&shape, PHASE_PREFILL, true, &graph);
    check_work(&graph, expected, COUNT_OF(expected));
}

static const struct group *find_group(const struct plan *plan, const char *name)
{
    for (int g = 0; g < plan->n_groups; g++)
        if (!strcmp(plan->groups[g].name, name))
            return &plan->groups[g];
    fail_msg("no group %s", name);
    return NULL;
}

static void make_plan(const struct graph *graph, const char *fusion, struct plan *plan)
{
    struct error error = {0};
    if (!plan_build(graph, plan_fusing(fusion, PRECISION_FP32), plan, &error))
        fail_msg("%s", error.text);
}

static void bytes_of_lone_stages(void **state)
{
    (void)state;
    struct model_shape shape = mamba1_shape();
    struct graph graph;
    struct plan plan;
    build(&shape, PHASE_PREFILL, false, &graph);
    make_plan(&graph, "none", &plan);
    assert_int_equal(plan.n_groups, graph.n_stages);
    const struct group *g = find_group(&plan, "embed"); /* 6 ids, 6 rows of the table */
    assert_int_equal(g->bytes_read, 6 * 4 + 6 * 8 * 4);
    assert_int_equal(g->bytes_written, 6 * 8 * 4);
    g = find_group(&plan, "in_proj");
    assert_int_equal(g->bytes_read, (6 * 8 + 32 * 8) * 4);
    assert_int_equal(g->weight_bytes, 32 * 8 * 4);
    assert_int_equal(g->bytes_written, 6 * 32 * 4);
    assert_int_equal(g->onchip_bytes, 0);
    g = find_group(&plan, "conv"); /* x, weight and bias, history of 2 sequences x 2 x 16 both ways */
    assert_int_equal(g->state_bytes, 2 * 2 * 16 * 4);
    assert_int_equal(g->bytes_read, (6 * 16 + 16 * 3 + 16 + 64) * 4);
    assert_int_equal(g->bytes_written, (6 * 16 + 64) * 4);
    g = find_group(&plan, "scan"); /* abar, bu, state in; h, state out */
    assert_int_equal(g->bytes_read, (2 * 384 + 128) * 4);
    assert_int_equal(g->bytes_written, (384 + 128) * 4);
    g = find_group(&plan, "head"); /* 2 rows, the tied embedding */
    assert_int_equal(g->bytes_read, (2 * 8 + 10 * 8) * 4);
    assert_int_equal(g->bytes_written, 2 * 10 * 4);
}

static void bytes_of_fused_groups(void **state)
{
    (void)state;
    struct model_shape shape = mamba1_shape();
    struct graph graph;
    struct plan plan;
    build(&shape, PHASE_PREFILL, false, &graph);
    make_plan(&graph, "conv-silu,scan", &plan);
    const struct group *g = find_group(&plan, "conv+silu");
    assert_int_equal(g->bytes_read, (6 * 16 + 16 * 3 + 16 + 64) * 4);
    assert_int_equal(g->bytes_written, (6 * 16 + 64) * 4);
    assert_int_equal(g->onchip_bytes, 6 * 16 * 4); /* conv's output */
    g = find_group(&plan, "softplus+discretize+scan+contract+skip+gate");
    /* dt, dt bias, u, a, B, C, D, z, state; out: gated, state */
    assert_int_equal(g->bytes_read, (96 + 16 + 96 + 64 + 24 + 24 + 16 + 96 + 128) * 4);
    assert_int_equal(g->bytes_written, (96 + 128) * 4);
    /* delta, abar, bu, h, contracted, skipped */
    assert_int_equal(g->onchip_bytes, (96 + 3 * 384 + 96 + 96) * 4);
    assert_int_equal(g->work.exp, 96 + 384 + 96);
    assert_int_equal(g->work.mul, 768 + 96 + 384 + 384 + 96 + 96);
}

/* in_proj's output is read as x and z: fused with conv and silu, only z leaves. */
static void part_of_a_tensor_leaves(void **state)
{
    (void)state;
    struct model_shape shape = mamba1_shape();
    struct graph graph;
    struct plan plan;
    build(&shape, PHASE_PREFILL, false, &graph);
    make_plan(&graph, "in_proj+conv+silu", &plan);
    const struct group *g = find_group(&plan, "in_proj+conv+silu");
    assert_int_equal(g->bytes_written, (96 /* z */ + 96 /* u */ + 64 /* state */) * 4);
    assert_int_equal(g->onchip_bytes, (96 /* x */ + 96 /* conv */) * 4);
}

static void plans_keep_order(void **state)
{
    (void)state;
    struct model_shape shapes[] = {mamba1_shape(), mamba2_shape()};
    for (int i = 0; i < COUNT_OF(shapes); i++) {
        struct graph graph;
        struct plan plan;
        build(&shapes[i], PHASE_DECODE, false, &graph);
        assert_int_equal(graph.seqlen, 1);
        make_plan(&graph, NULL, &plan);
        int seen = 0;
        for (int g = 0; g < plan.n_groups; g++)
            seen += plan.groups[g].n_stages;
        assert_int_equal(seen, graph.n_stages);
        assert_string_equal(plan.groups[0].name, "embed");
        assert_string_equal(plan.groups[plan.n_groups - 1].name, "head");
    }
}

static void bad_fusions(void **state)
{
    (void)state;
    static const struct {
        const char *fusion, *names[2];
    } cases[] = {
        {"conv+nonsense", {"nonsense", "stage"}},
        {"conv+silu,silu+x_proj", {"silu", "twice"}},
        {"conv+gate", {"conv", "gate"}},
        {"embed+norm", {"embed", "norm"}},
        {"silu+discretize", {"silu+discretize", "cycle"}},
        {"", {"stage", "''"}},
        {"conv+", {"stage", "'conv+'"}},
        {"gate_norm", {"gate_norm", "mamba1"}},
    };
    struct model_shape shape = mamba1_shape();
    struct graph graph;
    build(&shape, PHASE_PREFILL, false, &graph);
    for (int i = 0; i < COUNT_OF(cases); i++) {
        struct plan plan;
        struct error error = {0};
        assert_false(plan_build(&graph, plan_fusing(cases[i].fusion, PRECISION_FP32), &plan, &error));
        assert_int_equal(error.status, STATUS_USAGE);
        for (int n = 0; n < 2; n++)
            if (!strstr(error.text, cases[i].names[n]))
                fail_msg("'%s': '%s' does not name %s", cases[i].fusion, error.text, cases[i].names[n]);
        assert_null(strchr(error.text, '\n'));
    }
}

static void huge_workloads_are_refused(void **state)
{
    (void)state;
    struct model_shape shape = mamba1_shape();
    struct graph graph;
    static const int64_t sizes[][2] = {{0, 1}, {1, 0}, {-1, 5}, {INT64_MAX, 2}, {INT64_C(1) << 39, 4}};
    for (int i = 0; i < COUNT_OF(sizes); i++) {
        struct error error = {0};
        assert_false(graph_build(&shape, PHASE_PREFILL, sizes[i][0], sizes[i][1], false, &graph, &error));
        assert_int_equal(error.status, STATUS_USAGE);
    }
}

/* The work of a fused kernel's own formula is the sum of its stages'. */
static void fused_families_agree_with_the_graph(void **state)
{
    (void)state;
    struct model_shape shape = mamba1_shape();
    struct graph graph;
    struct plan plan;
    build(&shape, PHASE_PREFILL, false, &graph);
    make_plan(&graph, NULL, &plan);
    const struct group *g = find_group(&plan, "softplus+discretize+scan+contract+skip+gate");
    const struct kernel_family *family = kernel_family_find("selective_scan");
    char *args = calloc(1, family->args_size);
    kernel_set_dim(family, args, "batch", 2);
    kernel_set_dim(family, args, "seqlen", 3);
    kernel_set_dim(family, args, "channels", 16);
    kernel_set_dim(family, args, "d_state", 4);
    memcpy(args + kernel_operand(family, "dt_bias")->slot, &(void *){args}, sizeof(void *));
    struct work work;
    family->work(args, &work);
    free(args);
    assert_int_equal(work.mul, g->work.mul);
    assert_int_equal(work.add, g->work.add);
    assert_int_equal(work.exp, g->work.exp);
    assert_int_equal(work.log, g->work.log);
    assert_int_equal(work.div, g->work.div);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mamba1_work),
        cmocka_unit_test(mamba2_work),
        cmocka_unit_test(bytes_of_lone_stages),
        cmocka_unit_test(bytes_of_fused_groups),
        cmocka_unit_test(part_of_a_tensor_leaves),
        cmocka_unit_test(plans_keep_order),
        cmocka_unit_test(bad_fusions),
        cmocka_unit_test(huge_workloads_are_refused),
        cmocka_unit_test(fused_families_agree_with_the_graph),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
