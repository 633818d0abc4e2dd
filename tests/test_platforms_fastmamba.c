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

#include "platforms/cpu/forward.h"

/* Whole models in the precisions of accelerators. */

enum { TOKENS = 48, VOCAB = 96 };

static struct model_shape shape_of(enum arch arch)
{
    struct model_shape shape = {.arch = arch,
                                .d_model = 128,
                                .n_layer = 2,
                                .d_inner = 256,
                                .d_state = 16,
                                .d_conv = 4,
                                .vocab = VOCAB,
                                .conv_bias = true,
                                .tied_head = false,
                                .norm_eps = 1e-5,
                                .dt_max = 1e30};
    struct error error = {0};
    if (arch == ARCH_MAMBA1)
        shape.dt_rank = 8;
    else
        shape.headdim = 64, shape.ngroups = 1;
    if (!shape_complete(&shape, "small", &error))
        fail_msg("%s", error.text);
    return shape;
}

/* Every 16th channel of what projections read is 20 times as large as the others. */
static void plant_outliers(struct model *model)
{
    static const enum weight norms[] = {W_NORM, W_GATE_NORM, W_FINAL_NORM};
    for (int w = 0; w < COUNT_OF(norms); w++)
        for (int64_t layer = 0; layer < (weight_in_layer(norms[w]) ? model->shape.n_layer : 1); layer++) {
            const struct model_weight *weight = model_weight(model, norms[w], layer);
            float *values = (float *)(uintptr_t)weight->data;
            for (int64_t i = 5; values && i < weight->rows * weight->columns; i += 16)
                values[i] *= 20;
        }
}

static void run(void *user, struct team *team, struct part part)
{
    program_run(user, team, part);
}

/* Logits of all tokens, `count` of them at once. */
static double *logits_of(const struct model *model, const char *fusion, enum precision precision, int threads,
                         int64_t count)
{
    struct error error = {0};
    struct team *team = team_create(threads, &error);
    struct network *network = network_create(model, precision, 1, threads, &error);
    double *logits = malloc((size_t)TOKENS * VOCAB * sizeof *logits);
    if (!team || !network)
        fail_msg("%s", error.text);
    assert_non_null(logits);
    for (int64_t first = 0; first < TOKENS; first += count) {
        static struct graph graph;
        static struct plan plan;
        int32_t ids[TOKENS];
        if (!graph_build(&model->shape, PHASE_PREFILL, 1, count, true, &graph, &error) ||
            !plan_build(&graph, plan_fusing(fusion, precision), &plan, &error))
            fail_msg("%s", error.text);
        struct program *program = program_create(network, &graph, &plan, &error);
        if (!program)
            fail_msg("%s", error.text);
        for (int64_t t = 0; t < count; t++)
            ids[t] = (int32_t)((31 * (first + t) + 7) % VOCAB);
        assert_true(program_set_ids(program, ids, &error));
        team_run(team, run, program);
        assert_true(program_read(program, "logits", logits + first * VOCAB));
        program_destroy(program);
    }
    network_destroy(network);
    team_destroy(team);
    return logits;
}

static double relative_l2(const double *got, const double *want)
{
    double difference2 = 0, want2 = 0;
    for (int64_t i = 0; i < TOKENS * VOCAB; i++) {
        difference2 += (got[i] - want[i]) * (got[i] - want[i]);
        want2 += want[i] * want[i];
    }
    assert_true(want2 > 0);
    return sqrt(difference2 / want2);
}

static double error_of(const struct model *model, enum precision precision, const double *want)
{
    double *got = logits_of(model, NULL, precision, 2, TOKENS);
    const double error = relative_l2(got, want);
    free(got);
    return error;
}

/* Of FastMamba itself only that it works: its softplus is off by up to 0.3, whatever the projections do. */
static void transforms_beat_smoothing_beats_nothing(void **state)
{
    (void)state;
    enum { SEEDS = 3 };
    for (int arch = ARCH_MAMBA1; arch <= ARCH_MAMBA2; arch++) {
        const struct model_shape shape = shape_of((enum arch)arch);
        double smoothing = 1, transforming = 1;
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
            struct model model;
            struct error error = {0};
            if (!model_synthesize(&shape, seed, &model, &error))
                fail_msg("%s", error.text);
            plant_outliers(&model);
            double *want = logits_of(&model, NULL, PRECISION_FP64, 2, TOKENS);
            const double naive = error_of(&model, PRECISION_W8A8, want);
            const double smooth = error_of(&model, PRECISION_W8A8_SMOOTH, want);
            const double hadamard = error_of(&model, PRECISION_W8A8_HADAMARD, want);
            const double fastmamba = error_of(&model, PRECISION_FASTMAMBA, want);
            if (!(naive > smooth && smooth > hadamard && hadamard > 1e-3) ||
                !(fastmamba > hadamard && fastmamba < 0.5))
                fail_msg("arch %d, seed %d: naive %g, smooth %g, hadamard %g, fastmamba %g", arch, (int)seed,
                         naive, smooth, hadamard, fastmamba);
            smoothing *= naive / smooth;
            transforming *= smooth / hadamard;
            free(want);
            model_close(&model);
        }
        /* On the average clearly so. */
        assert_true(pow(smoothing, 1.0 / SEEDS) > 1.5 && pow(transforming, 1.0 / SEEDS) > 1.1);
    }
}

/* Scales are found before the first token, so that prompt and decode round alike; of the state the lowest
 * bits are lost between calls. */
static void prompt_and_decode_agree(void **state)
{
    (void)state;
    static const enum precision precisions[] = {PRECISION_W8A8, PRECISION_W8A8_SMOOTH,
                                                PRECISION_W8A8_HADAMARD, PRECISION_FASTMAMBA};
    for (int arch = ARCH_MAMBA1; arch <= ARCH_MAMBA2; arch++) {
        const struct model_shape shape = shape_of((enum arch)arch);
        struct model model;
        struct error error = {0};
        if (!model_synthesize(&shape, 4, &model, &error))
            fail_msg("%s", error.text);
        for (int p = 0; p < COUNT_OF(precisions); p++) {
            double *at_once = logits_of(&model, NULL, precisions[p], 1, TOKENS);
            double *again = logits_of(&model, NULL, precisions[p], 3, TOKENS);
            double *one_by_one = logits_of(&model, NULL, precisions[p], 2, 1);
            if (precisions[p] == PRECISION_FASTMAMBA)
                assert_true(relative_l2(again, at_once) == 0);
            /* fp32 stages differ by an ulp between their kernels, which can move an integer by one. */
            assert_true(relative_l2(one_by_one, at_once) < 5e-3);
            free(at_once);
            free(again);
            free(one_by_one);
        }
        model_close(&model);
    }
}

/* Convolution and SSM too, not only the projections. */
static void fastmamba_takes_its_own_kernels(void **state)
{
    (void)state;
    for (int arch = ARCH_MAMBA1; arch <= ARCH_MAMBA2; arch++) {
        const struct model_shape shape = shape_of((enum arch)arch);
        struct model model;
        static struct graph graph;
        static struct plan plan;
        struct error error = {0};
        assert_true(model_synthesize(&shape, 1, &model, &error));
        assert_true(graph_build(&shape, PHASE_PREFILL, 1, 4, true, &graph, &error));
        assert_true(plan_build(&graph, plan_fusing(NULL, PRECISION_FASTMAMBA), &plan, &error));
        struct network *network = network_create(&model, PRECISION_FASTMAMBA, 1, 1, &error);
        assert_non_null(network);
        struct program *program = program_create(network, &graph, &plan, &error);
        assert_non_null(program);
        for (int g = 0; g < plan.n_groups; g++) {
            const struct kernel *kernel = program_kernel(program, g);
            const bool wanted = strstr(plan.groups[g].name, "proj") || strstr(plan.groups[g].name, "conv") ||
                                strstr(plan.groups[g].name, "scan") || !strcmp(plan.groups[g].name, "head");
            if (wanted != (kernel->precision == PRECISION_FASTMAMBA))
                fail_msg("%s runs in %s", plan.groups[g].name, kernel->name);
        }
        program_destroy(program);
        network_destroy(network);
        model_close(&model);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transforms_beat_smoothing_beats_nothing),
        cmocka_unit_test(prompt_and_decode_agree),
        cmocka_unit_test(fastmamba_takes_its_own_kernels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
