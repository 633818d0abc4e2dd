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

#include "mamba/random.h"
#include "platforms/cpu/forward.h"
#include "platforms/platform.h"

/* The backward pass of whole models: against finite differences in double, and fp32 against float64. */

enum { BATCH = 2, TOKENS = 37, MOST = 1 << 16 };

struct options {
    bool biases, tied, classifier, norm_first, clamped;
};

static struct model_shape make_shape(enum arch arch, struct options options)
{
    struct model_shape shape = {.arch = arch,
                                .d_model = 12,
                                .n_layer = 2,
                                .d_inner = 24,
                                .d_state = 5,
                                .d_conv = 4,
                                .vocab = options.classifier ? 0 : 30,
                                .input_size = options.classifier ? 3 : 0,
                                .outputs = options.classifier ? 10 : 0,
                                .proj_bias = options.biases,
                                .conv_bias = !options.biases,
                                .head_bias = options.biases,
                                .tied_head = options.tied,
                                .norm_before_gate = options.norm_first,
                                .norm_eps = 1e-5,
                                .input_std = 1,
                                .dt_min = options.clamped ? 0.004 : 0,
                                .dt_max = options.clamped ? 0.02 : 1e30};
    struct error error = {0};
    snprintf(shape.name, sizeof shape.name, "train");
    if (arch == ARCH_MAMBA1)
        shape.dt_rank = 3;
    else
        shape.headdim = 6, shape.ngroups = 2;
    if (!shape_complete(&shape, "train", &error))
        fail_msg("%s", error.text);
    return shape;
}

static float random_value(uint64_t index)
{
    return (float)(scatter(index) >> 40) / (float)(1 << 24) * 2 - 1;
}

static void run(void *user, struct team *team, struct part part)
{
    program_run(user, team, part);
}

/* A model that was trained forward and backward once. */
struct trained {
    struct graph graph;
    struct plan plan;
    struct network *network;
    struct program *program;
};

static void open_trained(struct trained *t, const struct model *model, const char *recompute,
                         const char *fusion, enum precision precision, int64_t tokens)
{
    struct error error = {0};
    struct plan_choices choices = plan_fusing(fusion, precision);
    choices.values[CHOICE_RECOMPUTE] = recompute;
    if (!graph_build(&model->shape, PHASE_TRAIN, BATCH, tokens, false, &t->graph, &error) ||
        !plan_build(&t->graph, choices, &t->plan, &error) ||
        !(t->network = network_create(model, precision, BATCH, 2, &error)) ||
        !(t->program = program_create(t->network, &t->graph, &t->plan, &error)))
        fail_msg("%s", error.text);
}

static void close_trained(struct trained *t)
{
    program_destroy(t->program);
    network_destroy(t->network);
}

static void train(struct trained *t, int threads)
{
    static float features[MOST], gradient[MOST];
    int32_t ids[BATCH * 512];
    struct error error = {0};
    const struct model_shape *shape = &t->graph.shape;
    const int64_t rows = t->graph.batch * t->graph.seqlen;
    assert_true(rows <= COUNT_OF(ids) && rows * shape->outputs <= MOST);
    for (int64_t i = 0; i < rows; i++)
        ids[i] = (int32_t)(scatter((uint64_t)i) % (uint64_t)(shape->vocab ? shape->vocab : 1));
    for (int64_t i = 0; i < rows * shape->input_size; i++)
        features[i] = random_value(1000 + (uint64_t)i);
    for (int64_t i = 0; i < rows * shape->outputs; i++)
        gradient[i] = random_value(900000 + (uint64_t)i);
    if (shape->vocab)
        assert_true(program_set_ids(t->program, ids, &error));
    else
        program_set_features(t->program, features);
    program_set_logits_gradient(t->program, 0, rows * shape->outputs, gradient);
    struct team *team = team_create(threads, &error);
    assert_non_null(team);
    team_run(team, run, t->program);
    team_destroy(team);
}

/* The sum of all logits times their gradients, whose gradient the backward pass finds. */
static double loss_of(const struct model *model)
{
    static double logits[MOST];
    struct trained t;
    double loss = 0;
    open_trained(&t, model, "recompute", NULL, PRECISION_FP64, TOKENS);
    train(&t, 1);
    const int64_t count = tensor_elements(program_tensor(t.program, "logits"));
    assert_true(count <= MOST && program_read(t.program, "logits", logits));
    for (int64_t i = 0; i < count; i++)
        loss += logits[i] * random_value(900000 + (uint64_t)i);
    close_trained(&t);
    return loss;
}

static double slope_of(const struct model *model, float *value)
{
    const float before = *value, step = 0x1p-15f;
    float up = before + step, down = before - step;
    *value = up;
    const double above = loss_of(model);
    *value = down;
    const double below = loss_of(model);
    *value = before;
    return (above - below) / ((double)up - (double)down);
}

static void check_weight(const struct model *model, const struct trained *t, const struct tensor *gradient,
                         int64_t layer)
{
    static double values[MOST], rates[MOST];
    const struct model_weight *weight = model_weight(model, gradient->weight, layer);
    const int64_t count = tensor_elements(gradient);
    double norm = 0;
    assert_true(count <= MOST && weight->dtype == DTYPE_F32);
    assert_true(program_read_layer(t->program, gradient->name, layer, values));
    if (gradient->weight == W_A_LOG)
        assert_true(program_read_layer(t->program, "a", layer, rates));
    for (int64_t i = 0; i < count; i++) {
        if (gradient->weight == W_A_LOG)
            values[i] *= rates[i];
        norm = fmax(norm, fabs(values[i]));
    }
    for (int n = 0; n < 3; n++) {
        const int64_t i = (int64_t)(scatter((uint64_t)(n + 7 * count)) % (uint64_t)count);
        const double want = slope_of(model, (float *)weight->data + i);
        if (!(fabs(values[i] - want) <= 2e-5 * norm + 1e-9))
            fail_msg("%s of layer %lld, element %lld: %.10g, finite difference %.10g, largest %.3g",
                     gradient->name, (long long)layer, (long long)i, values[i], want, norm);
    }
}

static void check_finite_differences(enum arch arch, struct options options, const char *recompute)
{
    const struct model_shape shape = make_shape(arch, options);
    struct model model;
    struct error error = {0};
    struct trained t;
    int checked = 0;
    assert_true(model_synthesize(&shape, 3, &model, &error));
    open_trained(&t, &model, recompute, NULL, PRECISION_FP64, TOKENS);
    train(&t, 2);
    for (int i = 0; i < t.graph.n_tensors; i++) {
        const struct tensor *gradient = &t.graph.tensors[i];
        if (gradient->role != TENSOR_WEIGHT_GRADIENT)
            continue;
        for (int64_t l = 0; l < (weight_in_layer(gradient->weight) ? shape.n_layer : 1); l++)
            check_weight(&model, &t, gradient, l);
        checked++;
    }
    /* Every weight of the model has its gradient. */
    int weights = 0;
    for (int w = 0; w < WEIGHT_COUNT; w++)
        weights += model_weight(&model, (enum weight)w, 0)->data && !(w == W_HEAD && shape.tied_head);
    assert_int_equal(checked, weights);
    close_trained(&t);
    model_close(&model);
}

static void test_finite_differences_mamba1(void **state)
{
    (void)state;
    check_finite_differences(ARCH_MAMBA1, (struct options){.tied = true}, "store");
    check_finite_differences(ARCH_MAMBA1, (struct options){.biases = true, .clamped = true}, "recompute");
    check_finite_differences(ARCH_MAMBA1, (struct options){.classifier = true}, "checkpoint:7");
}

static void test_finite_differences_mamba2(void **state)
{
    (void)state;
    check_finite_differences(ARCH_MAMBA2, (struct options){.tied = true}, "store");
    check_finite_differences(ARCH_MAMBA2, (struct options){.biases = true, .clamped = true}, "recompute");
    check_finite_differences(ARCH_MAMBA2, (struct options){.classifier = true, .norm_first = true},
                             "checkpoint:7");
}

/* All gradients of a run against those of another, tensor by tensor. */
static void assert_same_gradients(const struct trained *got, const struct trained *want, double limit,
                                  const char *what)
{
    static double a[MOST], b[MOST];
    for (int i = 0; i < want->graph.n_tensors; i++) {
        const struct tensor *gradient = &want->graph.tensors[i];
        const bool input = !strcmp(gradient->name, "d_hidden");
        if (gradient->role != TENSOR_WEIGHT_GRADIENT && !input)
            continue;
        const int64_t count = tensor_elements(gradient);
        assert_true(count <= MOST);
        for (int64_t l = 0; l < (!input && weight_in_layer(gradient->weight) ? 2 : 1); l++) {
            double error = 0, norm = 0;
            assert_true(program_read_layer(got->program, gradient->name, l, a));
            assert_true(program_read_layer(want->program, gradient->name, l, b));
            for (int64_t j = 0; j < count; j++) {
                error += (a[j] - b[j]) * (a[j] - b[j]);
                norm += b[j] * b[j];
            }
            if (!(norm > 0 && sqrt(error / norm) <= limit))
                fail_msg("%s, %s of layer %lld: relative error %.3g", what, gradient->name, (long long)l,
                         sqrt(error / norm));
        }
    }
}

static void test_fp32(void **state)
{
    (void)state;
    static const struct {
        const char *recompute, *fusion;
    } plans[] = {{"store", NULL},         {"recompute", NULL}, {"checkpoint:1", NULL}, {"checkpoint:4", NULL},
                 {"checkpoint:37", NULL}, {NULL, NULL},        {"recompute", "none"}};
    for (int arch = ARCH_MAMBA1; arch <= ARCH_MAMBA2; arch++) {
        const struct model_shape shape = make_shape((enum arch)arch, (struct options){.tied = true});
        struct model model;
        struct error error = {0};
        struct trained exact;
        assert_true(model_synthesize(&shape, 5, &model, &error));
        open_trained(&exact, &model, "store", NULL, PRECISION_FP64, TOKENS);
        train(&exact, 1);
        for (int p = 0; p < COUNT_OF(plans); p++)
            for (int threads = 1; threads <= 2; threads++) {
                struct trained t;
                open_trained(&t, &model, plans[p].recompute, plans[p].fusion, PRECISION_FP32, TOKENS);
                train(&t, threads);
                train(&t, threads); /* nothing of the first pass is left over */
                assert_same_gradients(&t, &exact, 3e-5, plans[p].recompute ? plans[p].recompute : "default");
                close_trained(&t);
            }
        close_trained(&exact);
        model_close(&model);
    }
}

static void expect_close(const char *what, const char *recompute, uint64_t planned, uint64_t given)
{
    const double ratio = (double)given / (double)planned;
    if (!(ratio >= 1 && ratio <= 1.05))
        fail_msg("%s, %s: the plan saves %llu bytes, the allocator gave %llu", what, recompute,
                 (unsigned long long)planned, (unsigned long long)given);
}

static void test_memory(void **state)
{
    (void)state;
    static const char *const values[] = {"store", "checkpoint:8", "checkpoint:100", "recompute"};
    for (int i = 0; i < 4; i++) {
        const enum arch arch = i % 2 ? ARCH_MAMBA2 : ARCH_MAMBA1;
        struct model_shape shape = make_shape(arch, (struct options){.tied = true});
        struct model model;
        struct error error = {0};
        uint64_t before = UINT64_MAX;
        shape.n_layer = 1 + i / 2;
        shape.d_model = 64, shape.d_inner = 0, shape.nheads = 0;
        shape.d_inner = 128, shape.d_state = 16;
        if (arch == ARCH_MAMBA2)
            shape.headdim = 16;
        assert_true(shape_complete(&shape, "train", &error));
        assert_true(model_synthesize(&shape, 5, &model, &error));
        for (int v = 0; v < COUNT_OF(values); v++) {
            struct trained t;
            open_trained(&t, &model, values[v], NULL, PRECISION_FP32, 200);
            const struct program_memory memory = program_memory(t.program);
            uint64_t layer = 0;
            for (int g = 0; g < t.plan.n_groups; g++)
                layer += t.plan.groups[g].place == PLACE_LAYER ? t.plan.groups[g].saved_bytes : 0;
            expect_close("model", values[v], t.plan.saved_bytes, memory.saved);
            expect_close("layer", values[v], layer, memory.layer_saved);
            assert_true(t.plan.saved_bytes < before);
            before = t.plan.saved_bytes;
            close_trained(&t);
        }
        model_close(&model);
    }
}

static void expect_error(const struct model *model, const char *recompute, const char *fusion,
                         const char *text)
{
    static struct graph graph;
    static struct plan plan;
    struct error error = {0};
    struct plan_choices choices = plan_fusing(fusion, PRECISION_FP32);
    struct network *network = network_create(model, PRECISION_FP32, BATCH, 2, &error);
    choices.values[CHOICE_RECOMPUTE] = recompute;
    assert_non_null(network);
    assert_true(graph_build(&model->shape, PHASE_TRAIN, BATCH, TOKENS, false, &graph, &error));
    assert_false(plan_build(&graph, choices, &plan, &error) &&
                 program_create(network, &graph, &plan, &error) != NULL);
    assert_int_equal(error.status, STATUS_USAGE);
    if (!strstr(error.text, text))
        fail_msg("'%s' should say '%s'", error.text, text);
    network_destroy(network);
}

static void test_errors(void **state)
{
    (void)state;
    for (int arch = ARCH_MAMBA1; arch <= ARCH_MAMBA2; arch++) {
        const struct model_shape shape = make_shape((enum arch)arch, (struct options){.tied = true});
        struct model model;
        struct error error = {0};
        assert_true(model_synthesize(&shape, 5, &model, &error));
        expect_error(&model, "none", NULL, "must be store, recompute or checkpoint:K");
        expect_error(&model, "checkpoint", NULL, "must be store, recompute or checkpoint:K");
        expect_error(&model, "checkpoint:0", NULL,
                     "K must be a whole number from 1 to the sequence's length, 37");
        expect_error(&model, "checkpoint:38", NULL, "K must be a whole number from 1");
        expect_error(&model, "checkpoint:4x", NULL, "K must be a whole number from 1");
        expect_error(&model, "checkpoint:-3", NULL, "must be store");
        expect_error(&model, "checkpoint:99999999999999999999999", NULL, "K must be a whole number from 1");
        expect_error(&model, "store", "none",
                     "no kernel covers scan and keeps its states for the backward pass on cpu");
        if (arch == ARCH_MAMBA2)
            expect_error(
                &model, "recompute", "block",
                "gate_norm keeps silu.y inside its kernel on cpu, and the backward pass reads it: let "
                "a group end with silu");
        expect_error(&model, "recompute", "residual+norm_backward",
                     "of the forward pass and norm_backward of the backward");
        model_close(&model);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finite_differences_mamba1),
        cmocka_unit_test(test_finite_differences_mamba2),
        cmocka_unit_test(test_fp32),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
