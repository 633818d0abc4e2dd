/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mamba/difference.h"
#include "platforms/device.h"
#include "platforms/leo2/emulation.h"

enum { TOKENS = 12, CALIBRATIONS = 6 };

static const char *const names[] = {TEST_DATA "/golden/mamba1-tiny", TEST_DATA "/golden/mamba2-tiny",
                                    TEST_DATA "/digits"};

static void require(bool ok, const struct error *error)
{
    if (!ok)
        fail_msg("%s", error->text);
}

/* All weights in the upper halves of floats, as many checkpoints come. The caller frees what is returned. */
static uint16_t *make_bf16(struct model *model)
{
    int64_t total = 0, used = 0;
    const int64_t slots = (model->shape.n_layer + 1) * WEIGHT_COUNT;
    for (int64_t i = 0; i < slots; i++)
        total += model->weights[i].data ? model->weights[i].rows * model->weights[i].columns : 0;
    uint16_t *halves = malloc((size_t)total * sizeof *halves);
    assert_non_null(halves);
    for (int64_t i = 0; i < slots; i++) {
        struct model_weight *weight = &model->weights[i];
        const int64_t count = weight->data ? weight->rows * weight->columns : 0;
        for (int64_t e = 0; e < count; e++) {
            float value;
            uint32_t bits;
            model_weight_float(weight, e, 1, &value);
            memcpy(&bits, &value, sizeof bits);
            halves[used + e] = (uint16_t)(bits >> 16);
        }
        if (count) {
            weight->data = halves + used;
            weight->dtype = DTYPE_BF16;
        }
        used += count;
    }
    return halves;
}

/* A model on the device. */
struct bench {
    struct model model;
    struct graph graph;
    struct scales *scales;
    struct network *network;
    struct emulation *emulation;
    struct team *team;
    uint16_t *halves;
};

static bool in_bf16; /* benches opened from now on have their weights so */

/* Its convolutions look at one token. */
static const struct model_shape without_history = {
    .arch = ARCH_MAMBA1, .d_model = 16, .n_layer = 2, .d_inner = 32, .d_state = 4, .d_conv = 1, .vocab = 40};

/* folder null: one without history. */
static struct bench *open_bench(const char *folder, enum phase phase, int64_t tokens,
                                const struct emulation_settings *settings, struct scales *scales)
{
    struct bench *b = calloc(1, sizeof *b);
    struct error error = {0};
    assert_non_null(b);
    if (folder) {
        require(model_open_checkpoint(folder, &b->model, &error), &error);
    } else {
        struct model_shape shape = without_history;
        require(shape_complete(&shape, "test", &error) && model_synthesize(&shape, 3, &b->model, &error),
                &error);
    }
    b->halves = in_bf16 ? make_bf16(&b->model) : NULL;
    require((b->team = team_create(0, &error)), &error);
    b->scales = scales ? scales : scales_create(settings, &error);
    require((b->network = network_create(&b->model, PRECISION_FP32, 1, team_threads(b->team), &error)),
            &error);
    require(graph_build(&b->model.shape, phase, 1, tokens, true, &b->graph, &error), &error);
    require((b->emulation = emulation_create(&b->model, b->network, &b->graph, b->scales, &error)), &error);
    return b;
}

static void close_bench(struct bench *b, bool with_scales)
{
    emulation_destroy(b->emulation);
    network_destroy(b->network);
    if (with_scales)
        scales_free(b->scales);
    team_destroy(b->team);
    model_close(&b->model);
    free(b->halves);
    free(b);
}

static void set_inputs(struct program *program, const struct graph *graph, unsigned seed, int64_t first)
{
    const struct model_shape *shape = &graph->shape;
    struct error error = {0};
    if (shape->vocab) {
        int32_t ids[TOKENS];
        for (int64_t t = 0; t < graph->seqlen; t++)
            ids[t] = (int32_t)((seed * 7919u + (unsigned)(first + t) * 104729u) % (unsigned)shape->vocab);
        require(program_set_ids(program, ids, &error), &error);
        return;
    }
    float features[TOKENS * 64];
    for (int64_t i = 0; i < graph->seqlen * shape->input_size; i++) {
        const unsigned bits = (seed + 1) * 2654435761u + (unsigned)(first * shape->input_size + i) * 40503u;
        features[i] = (float)(bits >> 8 & 0xffff) / 32768 - 1;
    }
    program_set_features(program, features);
}

static void calibrate(struct bench *b)
{
    struct error error = {0};
    for (unsigned c = 1; c <= CALIBRATIONS; c++) {
        network_reset(b->network);
        set_inputs(emulation_program(b->emulation), &b->graph, c, 0);
        require(emulation_observe(b->emulation, b->team, &error), &error);
    }
    require(emulation_fix(b->emulation, &error), &error);
}

static double *logits_of(struct bench *b)
{
    struct error error = {0};
    double *logits = calloc((size_t)(TOKENS * b->model.shape.outputs), sizeof *logits);
    assert_non_null(logits);
    network_reset(b->network);
    set_inputs(emulation_program(b->emulation), &b->graph, 0, 0);
    require(emulation_run(b->emulation, b->team, &error), &error);
    assert_true(program_read(emulation_program(b->emulation), "logits", logits));
    return logits;
}

static double error_of(const char *folder, struct emulation_settings settings)
{
    struct difference difference = {0};
    struct emulation_settings none = {.absent = true};
    struct bench *host = open_bench(folder, PHASE_PREFILL, TOKENS, &none, NULL);
    struct bench *device = open_bench(folder, PHASE_PREFILL, TOKENS, &settings, NULL);
    calibrate(device);
    double *want = logits_of(host), *got = logits_of(device);
    difference_add(&difference, got, want, TOKENS * host->model.shape.outputs);
    free(want);
    free(got);
    close_bench(host, true);
    close_bench(device, true);
    return difference_rel_l2(&difference);
}

static void calibrated_scales_are_near_fp32(void **state)
{
    (void)state;
    for (size_t m = 0; m < COUNT_OF(names); m++) {
        const double fixed = error_of(names[m], (struct emulation_settings){.scaling = SCALING_127});
        const double tensor = error_of(names[m], (struct emulation_settings){.scaling = SCALING_TENSOR});
        const double row = error_of(names[m], (struct emulation_settings){.scaling = SCALING_ROW});
        const double conv =
            error_of(names[m], (struct emulation_settings){.scaling = SCALING_ROW, .conv = true});
        const double shifted =
            error_of(names[m], (struct emulation_settings){
                                   .arithmetic = MANNIX_RTL, .scaling = SCALING_ROW, .zero_point = true});
        const double rtl = error_of(names[m], (struct emulation_settings){.arithmetic = MANNIX_RTL});
        print_message("%s: 127 %.3f, tensor %.4f, row %.4f, with conv %.4f, rtl %.3f, shifted %.4f\n",
                      names[m], fixed, tensor, row, conv, rtl, shifted);
        assert_true(fixed > 0.05 && rtl > 0.3);
        assert_true(tensor > 0 && tensor < 0.15 && row > 0 && row < 0.15 && conv > 0 && conv < 0.2);
        assert_true(shifted > 0 && shifted < 0.15);
        assert_true(conv != row);
    }
}

static void checkpoints_below_fp32_are_taken(void **state)
{
    (void)state;
    in_bf16 = true;
    for (size_t m = 0; m < COUNT_OF(names); m++) {
        const double error =
            error_of(names[m], (struct emulation_settings){.scaling = SCALING_TENSOR, .conv = true});
        assert_true(error > 0 && error < 0.15);
    }
    in_bf16 = false;
}

static void convolutions_need_no_history(void **state)
{
    (void)state;
    for (int conv = 0; conv < 2; conv++) {
        const double error =
            error_of(NULL, (struct emulation_settings){.scaling = SCALING_ROW, .conv = conv != 0});
        if (!(error < 0.2))
            fail_msg("conv %s: %g", conv ? "on the device" : "on the host", error);
    }
}

static void run_whole(void *user, struct team *team, struct part part)
{
    program_run(user, team, part);
}

static void without_the_device_nothing_changes(void **state)
{
    (void)state;
    for (size_t m = 0; m < COUNT_OF(names); m++) {
        struct emulation_settings none = {.absent = true};
        struct error error = {0};
        struct plan *plan = malloc(sizeof *plan);
        struct bench *b = open_bench(names[m], PHASE_PREFILL, TOKENS, &none, NULL);
        double *logits = logits_of(b);
        double *want = calloc((size_t)(TOKENS * b->model.shape.outputs), sizeof *want);
        assert_non_null(plan);
        assert_non_null(want);
        require(plan_build(&b->graph, plan_fusing("none", PRECISION_FP32), plan, &error), &error);
        struct program *program = program_create(b->network, &b->graph, plan, &error);
        require(program, &error);
        network_reset(b->network);
        set_inputs(program, &b->graph, 0, 0);
        team_run(b->team, run_whole, program);
        assert_true(program_read(program, "logits", want));
        assert_memory_equal(logits, want, (size_t)(TOKENS * b->model.shape.outputs) * sizeof *want);
        program_destroy(program);
        free(plan);
        free(want);
        free(logits);
        close_bench(b, true);
    }
}

/* x_proj of the digits' classifier in plain integers, from what the convolution left. */
static void a_projection_is_what_the_unit_computes(void **state)
{
    (void)state;
    for (int arithmetic = 0; arithmetic < MANNIX_ARITHMETICS; arithmetic++) {
        const struct emulation_settings settings = {.arithmetic = (enum mannix_arithmetic)arithmetic};
        struct bench *b = open_bench(names[2], PHASE_PREFILL, 1, &settings, NULL);
        struct error error = {0};
        require(emulation_fix(b->emulation, &error), &error);
        free(logits_of(b));
        double u[32], y[17];
        float weight[17 * 32];
        model_weight_float(model_weight(&b->model, W_X_PROJ, 0), 0, 17 * 32, weight);
        assert_true(program_read(emulation_program(b->emulation), "silu.y", u));
        assert_true(program_read(emulation_program(b->emulation), "x_proj.y", y));
        for (int r = 0; r < 17; r++) {
            int sum = 0;
            for (int c = 0; c < 32; c++) {
                const double scaled = trunc(u[c] * 127), w = trunc((double)weight[r * 32 + c] * 127);
                if (arithmetic == MANNIX_DOCUMENTED)
                    sum += (int)fmin(fmax(scaled, -127), 127) * (int)fmin(fmax(w, -127), 127);
                else
                    sum += ((int)scaled & 255) * (int8_t)(int)w;
            }
            int out = sum / 127;
            if (arithmetic == MANNIX_DOCUMENTED)
                out = out > 127 ? 127 : out < -127 ? -127 : out;
            else
                out = sum < 0 ? 0 : sum > 65535 ? 255 : sum / 256;
            if (fabs(y[r] - out / 127.0) > 1e-6)
                fail_msg("%s, row %d: %g, integers give %g", mannix_arithmetic_name(settings.arithmetic), r,
                         y[r], out / 127.0);
        }
        uint64_t outputs;
        scales_losses(b->scales, &outputs);
        assert_int_equal(outputs, 16 + 64 + 17 + 32 + 16 + 10);
        close_bench(b, true);
    }
}

/* The state is carried, and the scales are those of the whole prompt. */
static void token_by_token_is_the_same_as_at_once(void **state)
{
    (void)state;
    for (size_t m = 0; m < 2; m++) {
        const struct emulation_settings settings = {.scaling = SCALING_ROW, .conv = true};
        struct difference difference = {0};
        struct error error = {0};
        struct bench *at_once = open_bench(names[m], PHASE_PREFILL, TOKENS, &settings, NULL);
        calibrate(at_once);
        double *want = logits_of(at_once);
        struct bench *one = open_bench(names[m], PHASE_DECODE, 1, &settings, at_once->scales);
        const int64_t outputs = one->model.shape.outputs;
        double *got = calloc((size_t)outputs, sizeof *got);
        network_reset(one->network);
        for (int64_t t = 0; t < TOKENS; t++) {
            set_inputs(emulation_program(one->emulation), &one->graph, 0, t);
            require(emulation_run(one->emulation, one->team, &error), &error);
            assert_true(program_read(emulation_program(one->emulation), "logits", got));
            difference_add(&difference, got, want + t * outputs, outputs);
        }
        /* Roundings of the host may move a byte by one. */
        assert_true(difference_rel_l2(&difference) < 0.02);
        free(got);
        free(want);
        close_bench(one, false);
        close_bench(at_once, true);
    }
}

static void simulated_arguments_must_be_numbers_that_can_be(void **state)
{
    (void)state;
    const struct device_simulation *simulation = device_simulation("mannix_fc");
    assert_non_null(simulation);
    const double good[] = {16, 784, 7, FARM_REGIONS};
    const double bad[] = {NAN, -INFINITY, INFINITY, -1, 0, 1e300};
    assert_true(simulation->cycles(good) > 0);
    for (unsigned a = 0; a < simulation->n_arguments; a++)
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
            double arguments[sizeof good / sizeof *good];
            memcpy(arguments, good, sizeof good);
            arguments[a] = bad[i];
            /* Placements count from 0; a wide size is as good as the widest. */
            const bool fine = (a == 3 && bad[i] == 0) || (a == 2 && bad[i] > 1);
            if ((simulation->cycles(arguments) > 0) != fine)
                fail_msg("argument %u of %g: %g cycles", a, bad[i], simulation->cycles(arguments));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calibrated_scales_are_near_fp32),
        cmocka_unit_test(checkpoints_below_fp32_are_taken),
        cmocka_unit_test(convolutions_need_no_history),
        cmocka_unit_test(simulated_arguments_must_be_numbers_that_can_be),
        cmocka_unit_test(without_the_device_nothing_changes),
        cmocka_unit_test(a_projection_is_what_the_unit_computes),
        cmocka_unit_test(token_by_token_is_the_same_as_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
