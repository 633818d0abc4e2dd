/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mamba/plan.h"

static void build(enum arch arch, int64_t batch, int64_t seqlen, int64_t channels, int64_t states,
                  struct graph *graph)
{
    struct model_shape shape = {.name = "closed form",
                                .arch = arch,
                                .d_model = channels / 2,
                                .n_layer = 1,
                                .d_inner = channels,
                                .d_state = states,
                                .d_conv = 4,
                                .dt_rank = 4,
                                .headdim = arch == ARCH_MAMBA2 ? 8 : 0,
                                .ngroups = arch == ARCH_MAMBA2 ? 1 : 0,
                                .vocab = 10,
                                .conv_bias = true,
                                .tied_head = true,
                                .norm_eps = 1e-5,
                                .dt_max = 1e30};
    struct error error = {0};
    if (!shape_complete(&shape, "test", &error) ||
        !graph_build(&shape, PHASE_PREFILL, batch, seqlen, false, graph, &error))
        fail_msg("%s", error.text);
}

static void make_plan(const struct graph *graph, const char *fusion, struct plan *plan)
{
    struct error error = {0};
    if (!plan_build(graph, plan_fusing(fusion, PRECISION_FP32), plan, &error))
        fail_msg("%s", error.text);
}

/* What moves between memory and chip, in values of each kind. State counts both ways. */
struct moved {
    uint64_t activations, weights, state;
};

static struct moved moved_by(const struct graph *graph, const char *fusion, const char *const *stages)
{
    struct plan *plan = malloc(sizeof *plan);
    struct moved moved = {0};
    make_plan(graph, fusion, plan);
    for (int g = 0; g < plan->n_groups; g++) {
        const struct group *group = &plan->groups[g];
        bool counts = false;
        for (int i = 0; i < group->n_stages; i++)
            for (int s = 0; stages[s]; s++)
                counts |= !strcmp(graph->stages[group->stages[i]].name, stages[s]);
        if (!counts)
            continue;
        moved.weights += group->weight_bytes / 4;
        moved.state += 2 * group->state_bytes / 4;
        moved.activations +=
            (group->bytes_read + group->bytes_written - group->weight_bytes - 2 * group->state_bytes) / 4;
    }
    free(plan);
    return moved;
}

static const char *const scan_part[] = {"discretize", "scan", "contract", NULL};
static const char *const no_gate[] = {"softplus", NULL};

/* The forward columns of a published kernel's traffic, bf16 activations, fp32 weights and state:
 *   unfused  6 BLDN b + 3 BLD b + 2 BLN b + 4 DN
 *   fused    3 BLD b + 2 BLN b + 4 DN + 8 D + 8 BDN ceil(L / 2048), with z 2 BLD b more
 *   B and C read again by each channel's threads  2 BLDN b
 * That kernel also writes the state after each 2048 steps, and with z both y and its gated value for
 * backward; a plan has the state in and out, and the gated value alone. */
static void traffic_of_the_scan(void **state)
{
    (void)state;
    static const struct {
        int64_t seqlen, channels;
        double tensor, fused, with_z, unfused, ratio, reread; /* as printed: MB, MB, MB, MB, -, MB */
        double tolerance[6];                                  /* half of the last printed digit */
    } rows[] = {
        {2048, 1024, 67.1, 12.9, 21.3, 415, 32.2, 134, {0.05, 0.05, 0.05, 0.5, 0.1, 0.5}},
        {32768, 1024, 1074, 205.6, 339.8, 6650, 32.3, 2150, {0.5, 0.05, 0.05, 5, 0.1, 5}},
        {2048, 1536, 100.7, 19.3, 31.9, 623, 32.3, 201, {0.05, 0.05, 0.05, 0.5, 0.1, 0.5}},
        {2048, 5120, 335.5, 64.1, 106, 2080, 32.4, 671, {0.05, 0.05, 0.5, 5, 0.1, 0.5}},
    };
    const uint64_t states = 16, b = 2;
    struct graph *graph = malloc(sizeof *graph);
    for (int r = 0; r < COUNT_OF(rows); r++) {
        const uint64_t tokens = (uint64_t)rows[r].seqlen, d = (uint64_t)rows[r].channels;
        const uint64_t row = tokens * d, all = row * states, chunks = (tokens + 2047) / 2048;
        build(ARCH_MAMBA1, 1, rows[r].seqlen, rows[r].channels, (int64_t)states, graph);

        const struct moved none = moved_by(graph, "none", scan_part);
        assert_int_equal(none.activations, 6 * all + 3 * row + 2 * tokens * states);
        assert_int_equal(none.weights, d * states);
        assert_int_equal(none.state, 2 * d * states);
        const uint64_t unfused = none.activations * b + none.weights * 4;
        assert_int_equal(unfused, 6 * all * b + 3 * row * b + 2 * tokens * states * b + 4 * d * states);

        const struct moved open = moved_by(graph, "softplus+discretize+scan+contract+skip", no_gate);
        assert_int_equal(open.weights, d * states + 2 * d); /* a; bias and D */
        const uint64_t fused = open.activations * b + (open.weights + chunks * open.state) * 4;
        assert_int_equal(fused, 3 * row * b + 2 * tokens * states * b + 4 * d * states + 8 * d +
                                    8 * d * states * chunks);

        const struct moved gated = moved_by(graph, "scan", no_gate);
        const uint64_t with_z = (gated.activations + row) * b + (gated.weights + chunks * gated.state) * 4;
        assert_int_equal(with_z, fused + 2 * row * b);

        const double got[] = {(double)(all * b),
                              (double)fused,
                              (double)with_z,
                              (double)unfused,
                              (double)unfused / (double)fused,
                              (double)(2 * all * b)};
        const double want[] = {rows[r].tensor,  rows[r].fused, rows[r].with_z,
                               rows[r].unfused, rows[r].ratio, rows[r].reread};
        for (int c = 0; c < COUNT_OF(got); c++) {
            const double value = c == 4 ? got[c] : got[c] / 1e6;
            if (!(fabs(value - want[c]) <= rows[r].tolerance[c]))
                fail_msg("row %d, column %d: %g, printed %g", r, c, value, want[c]);
        }
    }
    free(graph);
}

/* abar, bu and h are written and read: 6 N values for each of the 3 that the fused scan moves. */
static void unfused_moves_32_times_as_much(void **state)
{
    (void)state;
    struct graph *graph = malloc(sizeof *graph);
    const uint64_t tokens = 3 * 1000, d = 96;
    build(ARCH_MAMBA1, 3, 1000, (int64_t)d, 16, graph);
    const struct moved none = moved_by(graph, "none", scan_part);
    const struct moved fused = moved_by(graph, "discretize+scan+contract", scan_part);
    const uint64_t shared = 2 * tokens * 16; /* B and C, in both */
    assert_int_equal(fused.activations - shared, 3 * tokens * d);
    assert_int_equal(none.activations - fused.activations, 32 * (fused.activations - shared));
    assert_int_equal(none.weights, fused.weights);
    assert_int_equal(none.state, fused.state);
    free(graph);
}

static const struct group *find_group(const struct plan *plan, const char *name)
{
    for (int g = 0; g < plan->n_groups; g++)
        if (!strcmp(plan->groups[g].name, name))
            return &plan->groups[g];
    fail_msg("no group %s", name);
    return NULL;
}

static void blocks_reach_from_matmul_to_matmul(void **state)
{
    (void)state;
    static const char *const alone[] = {"embed",   "input_proj", "norm",     "in_proj",    "x_proj",
                                        "dt_proj", "out_proj",   "residual", "final_norm", "head"};
    struct graph *graph = malloc(sizeof *graph);
    struct plan *plan = malloc(sizeof *plan);
    for (int arch = ARCH_MAMBA1; arch <= ARCH_MAMBA2; arch++) {
        build((enum arch)arch, 2, 3, 16, 4, graph);
        make_plan(graph, "block", plan);
        int fused = 0;
        for (int g = 0; g < plan->n_groups; g++) {
            bool single = false;
            for (int i = 0; i < COUNT_OF(alone); i++)
                single |= !strcmp(plan->groups[g].name, alone[i]);
            assert_true(single == (plan->groups[g].n_stages == 1));
            fused += plan->groups[g].n_stages > 1;
        }
        assert_int_equal(fused, arch == ARCH_MAMBA1 ? 2 : 1);
        find_group(plan, arch == ARCH_MAMBA1 ? "softplus+discretize+scan+contract+skip+gate"
                                             : "conv+silu+softplus+scan+skip+gate_norm");
    }
    free(plan);
    free(graph);
}

/* 2 sequences of 3 tokens, 16 channels of 4 states: 96 channel values, 384 state values. */
static void live_tensors_peak(void **state)
{
    (void)state;
    struct graph *graph = malloc(sizeof *graph);
    struct plan *plan = malloc(sizeof *plan);
    build(ARCH_MAMBA1, 2, 3, 16, 4, graph);
    make_plan(graph, "conv-silu,scan", plan);
    assert_int_equal(find_group(plan, "conv+silu")->live_bytes, 4 * 96);
    /* abar and bu are read while h is made; delta and y are never beside them */
    assert_int_equal(find_group(plan, "softplus+discretize+scan+contract+skip+gate")->live_bytes,
                     4 * 3 * 384);
    assert_int_equal(find_group(plan, "in_proj")->live_bytes, 0);
    make_plan(graph, "softplus+discretize", plan); /* delta stays, abar and bu leave */
    assert_int_equal(find_group(plan, "softplus+discretize")->live_bytes, 4 * 96);
    /* h leaves through contract alone when both are in */
    make_plan(graph, "scan+contract", plan);
    assert_int_equal(find_group(plan, "scan+contract")->live_bytes, 4 * 384);
    assert_int_equal(find_group(plan, "scan+contract")->saved_bytes, 0);
    free(plan);
    free(graph);
}

static void spans_join_partitions(void **state)
{
    (void)state;
    static const struct {
        const char *fusions[3], *text;
    } cases[] = {
        {{"none", "none", "none"}, "none"},
        {{"none", "conv-silu", "scan"}, "conv+silu,softplus+discretize+scan+contract+skip+gate"},
        {{"skip+gate", "contract+skip", "none"}, "contract+skip+gate"},
        {{"conv+silu", "scan+contract", "skip+gate"}, "conv+silu,scan+contract,skip+gate"},
        {{"conv+silu", "in_proj+conv", "none"}, "in_proj+conv+silu"},
    };
    struct graph *graph = malloc(sizeof *graph);
    struct plan *plans = malloc(4 * sizeof *plans);
    build(ARCH_MAMBA1, 1, 3, 16, 4, graph);
    for (int c = 0; c < COUNT_OF(cases); c++) {
        const struct plan *all[] = {&plans[0], &plans[1], &plans[2]};
        char text[PLAN_VALUE_SIZE];
        struct error error = {0};
        for (int i = 0; i < 3; i++)
            make_plan(graph, cases[c].fusions[i], &plans[i]);
        assert_true(plan_spans(graph, all, 3, &plans[3], &error));
        assert_true(plan_fusion_text(&plans[3], text, &error));
        assert_string_equal(text, cases[c].text);
        for (int i = 0; i < 3; i++)
            for (int g = 0; g < plans[i].n_groups; g++) {
                int within = 0;
                for (int s = 0; s < plans[3].n_groups; s++)
                    within += group_within(&plans[i].groups[g], &plans[3].groups[s]);
                assert_int_equal(within, 1);
            }
    }
    make_plan(graph, "in_proj+conv", &plans[0]);
    make_plan(graph, "silu+x_proj", &plans[1]);
    make_plan(graph, "conv+silu", &plans[2]);
    const struct plan *three[] = {&plans[0], &plans[1], &plans[2]};
    struct error error = {0};
    char text[PLAN_VALUE_SIZE];
    assert_true(plan_spans(graph, three, 3, &plans[3], &error));
    assert_true(plan_fusion_text(&plans[3], text, &error));
    assert_string_equal(text, "in_proj+conv+silu+x_proj");
    free(plans);
    free(graph);
}

/* Values of a choice that no graph can take. */
static void impossible_choices_name_their_stages(void **state)
{
    (void)state;
    static const struct {
        enum arch arch;
        enum plan_choice choice;
        const char *value, *says[3];
    } cases[] = {
        {ARCH_MAMBA1, CHOICE_FUSION, "conv+gate", {"conv", "gate", "it would be"}},
        {ARCH_MAMBA2, CHOICE_FUSION, "conv+gate_norm", {"conv", "gate_norm", "not connected"}},
        {ARCH_MAMBA1,
         CHOICE_FUSION,
         "silu+discretize",
         {"silu+discretize", "cycle", "lies x_proj, dt_proj, softplus"}},
        {ARCH_MAMBA2, CHOICE_FUSION, "conv+silu+skip", {"conv+silu+skip", "cycle", "between"}},
        {ARCH_MAMBA1,
         CHOICE_FUSION,
         "conv+scan",
         {"conv", "not connected", "with silu, discretize it would be"}},
        {ARCH_MAMBA1,
         CHOICE_FUSION,
         "conv+softplus+discretize",
         {"softplus is not connected with conv", ": with silu it would be", "between: x_proj, dt_proj"}},
        {ARCH_MAMBA1,
         CHOICE_FUSION,
         "norm+scan+contract+out_proj",
         {"scan is not connected with norm", ": with in_proj, skip, gate it would be",
          "between: conv, silu, x_proj, dt_proj, softplus, discretize"}},
        {ARCH_MAMBA1,
         CHOICE_FUSION,
         "silu+discretize,skip+gate",
         {"--fusion: silu+discretize closes", "cycle", "lies x_proj, dt_proj, softplus"}},
        {ARCH_MAMBA1, CHOICE_FUSION, "conv+", {"'conv+'", "lacks", "--fusion"}},
        {ARCH_MAMBA1, CHOICE_FUSION, "block,conv-silu", {"conv", "twice", "--fusion"}},
        {ARCH_MAMBA2, CHOICE_FUSION, "discretize+scan", {"mamba2", "discretize", "list stages"}},
        {ARCH_MAMBA1, CHOICE_FUSION, "residual+final_norm", {"residual", "final_norm", "layer"}},
        {ARCH_MAMBA1, CHOICE_SCAN, "sideways", {"--scan", "sideways", "sequential"}},
    };
    struct graph *graph = malloc(sizeof *graph);
    struct plan *plan = malloc(sizeof *plan);
    for (int c = 0; c < COUNT_OF(cases); c++) {
        struct error error = {0};
        struct plan_choices choices = {.precision = PRECISION_FP32};
        choices.values[cases[c].choice] = cases[c].value;
        build(cases[c].arch, 1, 3, 16, 4, graph);
        assert_false(plan_build(graph, choices, plan, &error));
        assert_int_equal(error.status, STATUS_USAGE);
        assert_null(strchr(error.text, '\n'));
        for (int i = 0; i < 3; i++)
            if (!strstr(error.text, cases[c].says[i]))
                fail_msg("'%s' does not say '%s'", error.text, cases[c].says[i]);
    }
    free(plan);
    free(graph);
}

/* Every value that a comparison would try is one that plan_build takes, and the first is the baseline. */
static void listed_values_can_be_built(void **state)
{
    (void)state;
    struct graph *graph = malloc(sizeof *graph);
    struct plan *plan = malloc(sizeof *plan);
    for (int arch = ARCH_MAMBA1; arch <= ARCH_MAMBA2; arch++)
        for (int choice = 0; choice < CHOICE_COUNT; choice++) {
            char values[PLAN_MAX_VALUES][PLAN_VALUE_SIZE];
            build((enum arch)arch, 1, 100, 16, 4, graph);
            const int n = plan_choice_values((enum plan_choice)choice, graph, values);
            assert_in_range(n, 1, PLAN_MAX_VALUES);
            for (int i = 0; i < n; i++) {
                struct error error = {0};
                struct plan_choices choices = {.precision = PRECISION_FP32};
                choices.values[choice] = values[i];
                if (!plan_build(graph, choices, plan, &error))
                    fail_msg("%s", error.text);
                assert_string_equal(plan->values[choice], values[i]);
                assert_string_equal(plan_choices(plan).values[choice], values[i]);
            }
        }
    free(plan);
    free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(traffic_of_the_scan),
        cmocka_unit_test(unfused_moves_32_times_as_much),
        cmocka_unit_test(blocks_reach_from_matmul_to_matmul),
        cmocka_unit_test(live_tensors_peak),
        cmocka_unit_test(spans_join_partitions),
        cmocka_unit_test(impossible_choices_name_their_stages),
        cmocka_unit_test(listed_values_can_be_built),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
