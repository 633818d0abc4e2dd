/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platforms/device.h"
#include "platforms/platform.h"
#include "platforms/validate.h"
#include "tests/temporary.h"

static int use_source_configs(void **state)
{
    (void)state;
    return setenv("MAMBA_BENCH_CONFIGS", TEST_CONFIGS, 1);
}

static int set_up(void **state)
{
    if (make_temporary_folder(state) || use_source_configs(state))
        return -1;
    make_temporary_subfolder("devices");
    make_temporary_subfolder("models");
    return 0;
}

static const struct validation_row *find_row(const struct validation *validation, const char *id)
{
    for (size_t i = 0; i < validation->n_rows; i++)
        if (!strcmp(validation->rows[i].id, id))
            return &validation->rows[i];
    fail_msg("no result '%s'", id);
    return NULL;
}

static void every_figure_is_within_its_bound(void **state)
{
    (void)state;
    struct validation validation;
    struct error error = {0};
    if (!validate(NULL, &validation, &error))
        fail_msg("%s", error.text);
    for (size_t i = 0; i < validation.n_rows; i++) {
        const struct validation_row *row = &validation.rows[i];
        if (row->state == VALIDATION_OUTSIDE)
            fail_msg("%s:%s %s: reference %g, model %g, tolerance %g", row->platform, row->device, row->id,
                     row->reference, row->model, row->tolerance);
        const bool within = fabs(row->model - row->reference) <= row->tolerance + 1e-12 * row->reference;
        assert_int_equal(row->state == VALIDATION_MISSED, !within);
        assert_int_equal(row->state == VALIDATION_MISSED, row->missed != NULL);
        assert_int_equal(within && !strcmp(row->basis, "prediction"), row->state == VALIDATION_REPRODUCED);
        assert_false(row->changed[0]);
        assert_true(*row->source != '\0');
        assert_true(fabs(row->relative_error - (row->model - row->reference) / row->reference) < 1e-12);
        for (size_t j = 0; j < i; j++)
            if (!strcmp(row->id, validation.rows[j].id) && row->device == validation.rows[j].device)
                fail_msg("%s is there twice", row->id);
    }
    assert_true(validation.passed);

    /* Not only that a list is consistent with itself: figures as the sources print them. */
    const struct {
        const char *id;
        double reference;
    } printed[] = {{"fc-16x784", 848},
                   {"mnist-writes", 15852},
                   {"mnist-reads", 155},
                   {"mnist-fc", 1543},
                   {"tile-12x16", 1870},
                   {"block-tile-12x16", 14978},
                   {"unfused-block", 39786},
                   {"streaming-128", 1653},
                   {"streaming-16", 12405},
                   {"decode-2.7b", 5.68},
                   {"decode-2.7b-energy", 0.61},
                   {"mnist-transfer-rmw", 238865},
                   {"mnist-transfer-plain", 127901},
                   {"mnist-transfer-packed", 32000},
                   {"prefill-64-cpu", 68.80},
                   {"prefill-64-gpu", 8.90},
                   {"prefill-average-cpu", 55.70},
                   {"prefill-average-gpu", 6.06},
                   {"gpu-average-cpu", 9.19},
                   {"decode-2.7b-gain-v4", 1.65},
                   {"decode-2.7b-gain-v1", 6},
                   {"layer-cycles", 64 * 681575},
                   {"decode", 7.21},
                   {"decode-w8", 3.61}};
    for (size_t i = 0; i < sizeof printed / sizeof printed[0]; i++)
        assert_true(find_row(&validation, printed[i].id)->reference == printed[i].reference);
    assert_true(find_row(&validation, "streaming-16")->tolerance == 0);
    assert_string_equal(find_row(&validation, "streaming-16")->provenance, "simulated-rtl");
    assert_string_equal(find_row(&validation, "fusion-gain")->figure, "reduction");
    assert_true(find_row(&validation, "layer-cycles")->tolerance == 0);
    assert_true(fabs(find_row(&validation, "decode-w8")->model - 3.75) < 0.005);

    static const struct {
        const char *id, *provenance;
        enum validation_state state;
    } states[] = {{"streaming-16", "simulated-rtl", VALIDATION_REPRODUCED},
                  {"block-time", "published", VALIDATION_FIT},
                  {"fusion-gain", "published", VALIDATION_REPRODUCED},
                  {"decode-2.7b", "published", VALIDATION_CONSTRUCTION},
                  {"decode-2.7b-gain-v4", "published", VALIDATION_CONSTRUCTION},
                  {"decode-2.7b-gain-v1", "published", VALIDATION_MISSED},
                  {"decode-raw-published", "published", VALIDATION_MISSED},
                  {"prefill-64-gpu", "published", VALIDATION_MISSED},
                  {"prefill-96-gpu", "digitised", VALIDATION_FIT},
                  {"gpu-168-cpu", "digitised", VALIDATION_FIT},
                  {"prefill-96-cpu", "digitised", VALIDATION_MISSED}};
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        const struct validation_row *row = find_row(&validation, states[i].id);
        assert_string_equal(row->provenance, states[i].provenance);
        assert_string_equal(validation_state_name(row->state), validation_state_name(states[i].state));
    }
    /* Only four numbers are printed in figure 9; of the others each carries how well it could be read. */
    for (size_t i = 0; i < validation.n_rows; i++)
        if (strstr(validation.rows[i].source, "figure 9"))
            assert_int_equal(strstr(validation.rows[i].source, "a number printed in it") == NULL,
                             validation.rows[i].tolerance > 0.1);
    assert_true(find_row(&validation, "prefill-64-cpu")->layers_only);
    assert_false(find_row(&validation, "decode-2.7b")->layers_only);
    validation_free(&validation);
}

/* What is known to be missed must not drift, neither away nor to the reference. */
static void a_miss_is_held(void **state)
{
    (void)state;
    static const struct {
        const char *tolerance, *extra, *state;
    } cases[] = {{"0", "", "outside"},
                 {"25", "", "reproduced"},
                 {"25", "    basis: fit\n", "fit"},
                 {"25", "    basis: construction\n", "construction"},
                 {"0", "    missed: {error: -0.2, reason: known}\n", "missed"},
                 {"0", "    missed: {error: -0.204, reason: known}\n", "missed"},
                 {"0", "    missed: {error: -0.21, reason: drifted}\n", "outside"},
                 {"25", "    missed: {error: -0.3, reason: no longer}\n", "outside"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[1024];
        snprintf(text, sizeof text,
                 "name: x\nplatform: fpga-model\nsummary: x\nsource: x\nclock_hz: 1e6\nunits:\n"
                 "  - {name: u, stages: [residual], pipelines: [{name: p, trips: [{extent: rows}]}]}\n"
                 "published:\n  - id: x\n    what: x\n    figure: cycles\n    value: 100\n"
                 "    source: x\n    provenance: published\n    tolerance: %s\n%s"
                 "    calls: [{unit: u, dims: [rows=80]}]\n",
                 cases[i].tolerance, cases[i].extra);
        write_temporary_text("devices/fpga-model-x.yaml", text);
        assert_int_equal(setenv("MAMBA_BENCH_CONFIGS", temporary_folder, 1), 0);
        struct validation validation;
        struct error error = {0};
        if (!validate("fpga-model:x", &validation, &error))
            fail_msg("case %zu: %s", i, error.text);
        assert_string_equal(validation_state_name(validation.rows[0].state), cases[i].state);
        assert_int_equal(validation.passed, strcmp(cases[i].state, "outside") != 0);
        validation_free(&validation);
    }
    use_source_configs(NULL);
}

/* A table as printed adds up. */
static void resources_add_up_to_their_total(void **state)
{
    (void)state;
    struct device *device;
    struct error error = {0};
    assert_true(device_load("fpga-model", "fastmamba-vc709", &device, &error));
    struct device_resources sum = {.lut = 0};
    assert_true(device->resources_count > 3);
    const struct device_resources *total = &device->resources[device->resources_count - 2];
    assert_string_equal(total->name, "Total");
    for (const struct device_resources *block = device->resources; block < total; block++) {
        sum.lut += block->lut;
        sum.ff += block->ff;
        sum.dsp += block->dsp;
        sum.bram += block->bram;
    }
    assert_true(sum.lut == total->lut && sum.ff == total->ff && sum.dsp == total->dsp &&
                sum.bram == total->bram);
    assert_true(total[1].dsp >= total->dsp);
    assert_true(device->undecided_count > 0 && device->baselines_count > 0);
    device_free(device);
}

static void a_device_or_platform_can_be_chosen(void **state)
{
    (void)state;
    struct validation all, one;
    struct error error = {0};
    assert_true(validate("fpga-model", &all, &error));
    assert_true(validate("fpga-model:ssm-block", &one, &error));
    assert_true(one.n_rows > 0 && one.n_rows < all.n_rows);
    for (size_t i = 0; i < one.n_rows; i++)
        assert_string_equal(one.rows[i].device, "ssm-block");
    validation_free(&one);
    validation_free(&all);
}

static void wrong_choices_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"fpga-model:nothing", "no-platform", "fpga", "fpga-model:../x", ":x"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct validation validation;
        struct error error = {0};
        assert_false(validate(wrong[i], &validation, &error));
        assert_int_equal(error.status, STATUS_USAGE);
        assert_true(*error.text && !strchr(error.text, '\n'));
        assert_null(validation.rows);
    }
}

/* One broken file hides no other device; alone, it is the error. */
static void a_broken_device_is_left_out(void **state)
{
    (void)state;
    static const char good[] =
        "name: good\nplatform: fpga-model\nsummary: x\nsource: x\nclock_hz: 1e6\nunits:\n"
        "  - {name: u, stages: [residual], pipelines: [{name: p, trips: [{extent: rows}]}]}\n"
        "published:\n  - {id: x, what: x, figure: cycles, value: 80, source: x, "
        "provenance: published, tolerance: 0, calls: [{unit: u, dims: [rows=80]}]}\n";
    char late[sizeof good + 256];
    /* Its first figure can be priced, its second not. */
    snprintf(late, sizeof late,
             "%s  - {id: y, what: y, figure: cycles, value: 80, source: x, provenance: "
             "published, tolerance: 0, calls: [{unit: none, dims: [rows=80]}]}\n",
             good);
    memcpy(strstr(late, "good"), "late", 4);
    write_temporary_text("devices/fpga-model-bad.yaml", "name: bad\n");
    write_temporary_text("devices/fpga-model-good.yaml", good);
    write_temporary_text("devices/fpga-model-late.yaml", late);
    assert_int_equal(setenv("MAMBA_BENCH_CONFIGS", temporary_folder, 1), 0);
    static const char *const chosen[] = {NULL, "fpga-model"};
    for (int i = 0; i < 2; i++) {
        struct validation validation;
        struct error error = {0};
        if (!validate(chosen[i], &validation, &error))
            fail_msg("%s", error.text);
        assert_int_equal(validation.n_rows, 1);
        assert_string_equal(validation.rows[0].device, "good");
        assert_int_equal(validation.n_broken, 2);
        assert_contains(validation.broken[0].text, "fpga-model-bad.yaml");
        assert_contains(validation.broken[1].text, "fpga-model-late.yaml: published 'y'");
        assert_int_equal(validation.broken[1].status, STATUS_USAGE);
        assert_false(validation.passed);
        validation_free(&validation);
    }
    struct validation validation;
    struct error error = {0};
    assert_false(validate("fpga-model:late", &validation, &error));
    assert_contains(error.text, "published 'y'");
    assert_int_equal(remove(temporary_path("devices/fpga-model-bad.yaml")), 0);
    assert_int_equal(remove(temporary_path("devices/fpga-model-good.yaml")), 0);
    assert_int_equal(remove(temporary_path("devices/fpga-model-late.yaml")), 0);
    use_source_configs(NULL);
}

static void refused(const struct device *device, const char *const *options, size_t n, const char *varied,
                    const char *part)
{
    struct error error = {0};
    assert_false(device_effects(device, options, n, varied, &error));
    assert_int_equal(error.status, STATUS_USAGE);
    assert_one_line(error.text);
    assert_contains(error.text, part);
}

static void options_without_effect_are_refused(void **state)
{
    (void)state;
    struct device *device;
    struct error error = {0};
    assert_true(device_load("fpga-model", "ssm-block", &device, &error));
    const char *const bytes[] = {"memory_bytes=1", "ports=axi"};
    refused(device, bytes, 1, NULL, "without ports=axi");
    assert_true(device_effects(device, bytes, 2, NULL, &error));
    assert_true(device_effects(device, bytes, 1, "ports", &error));
    const char *const unfused[] = {"ports=axi", "dataflow=unfused"};
    refused(device, unfused, 2, NULL, "without dataflow!=unfused");
    assert_true(device_effects(device, unfused, 2, "dataflow", &error));
    assert_true(device_effects(device, unfused + 1, 1, NULL, &error));
    device_free(device);
}

/* The model takes no block that its RTL does not. */
static void the_block_and_its_model_have_the_same_limits(void **state)
{
    (void)state;
    static const char *const wrong[] = {"lanes=129",      "tile_heads=25",           "tile_headdim=65",
                                        "port_bits=257",  "memory_stall_percent=96", "memory_latency=1000001",
                                        "add_latency=65", "multiply_latency=65",     "lanes=0"};
    static const char *const platforms_of[] = {"fpga-model", "fpga-rtl"};
    for (int p = 0; p < 2; p++) {
        struct device *device;
        struct device_settings settings;
        struct error error = {0};
        assert_true(device_load(platforms_of[p], "ssm-block", &device, &error));
        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
            assert_false(device_settings(device, &wrong[i], 1, &settings, &error));
            assert_int_equal(error.status, STATUS_USAGE);
            assert_one_line(error.text);
        }
        const char *const most[] = {"lanes=128", "tile_heads=24", "tile_headdim=64",
                                    "memory_stall_percent=95"};
        error = (struct error){0};
        assert_true(device_settings(device, most, 4, &settings, &error));
        device_free(device);
    }
}

/* Figures of the default settings beside changed ones: they stand there, and say so. */
static void changed_settings_are_named(void **state)
{
    (void)state;
    const int64_t lengths[] = {128};
    const struct validation_workload workload = {"mamba2-130m", PHASE_PREFILL, 128, lengths, 1};
    struct validation validation;
    struct error error = {0};
    const char *const tiles[] = {"tile_tokens=8", NULL}, *const options[] = {"hadamard=accumulated", NULL};
    assert_true(validate_workload("fpga-model", "fastmamba-vc709", NULL, &workload, &validation, &error));
    assert_int_equal(validation.n_rows, 3);
    const double model = find_row(&validation, "prefill-128-cpu")->model;
    assert_string_equal(find_row(&validation, "prefill-128-cpu")->changed, "");
    assert_non_null(find_row(&validation, "prefill-128-cpu")->missed);
    assert_non_null(find_row(&validation, "prefill-128-gpu")->note);
    validation_free(&validation);
    assert_true(validate_workload("fpga-model", "fastmamba-vc709", tiles, &workload, &validation, &error));
    assert_int_equal(validation.n_rows, 3);
    assert_string_equal(find_row(&validation, "prefill-128-cpu")->changed, "tile_tokens=8 for 32");
    assert_true(find_row(&validation, "prefill-128-cpu")->model < 0.6 * model);
    /* The notes are on other options. */
    assert_null(find_row(&validation, "prefill-128-cpu")->missed);
    assert_null(find_row(&validation, "prefill-128-gpu")->note);
    validation_free(&validation);
    assert_true(validate_workload("fpga-model", "fastmamba-vc709", options, &workload, &validation, &error));
    assert_int_equal(validation.n_rows, 3);
    assert_string_equal(find_row(&validation, "prefill-128-cpu")->changed,
                        "hadamard=accumulated for streamed");
    /* The baselines were fitted with transforms that stream; what is of two of them stays. */
    assert_true(isnan(find_row(&validation, "prefill-128-cpu")->model));
    assert_true(isnan(find_row(&validation, "prefill-128-gpu")->relative_error));
    assert_string_equal(find_row(&validation, "gpu-128-cpu")->changed, "");
    assert_true(find_row(&validation, "gpu-128-cpu")->model > 9);
    assert_non_null(find_row(&validation, "gpu-128-cpu")->missed);
    assert_true(validation.passed);
    validation_free(&validation);

    /* Of the whole chart there are figures for modules one after another, with laws of their own. */
    const int64_t all[] = {64, 96, 116, 128, 168};
    const struct validation_workload chart = {"mamba2-130m", PHASE_PREFILL, 168, all, 5};
    const char *const serial[] = {"overlap=serial", NULL};
    assert_true(validate_workload("fpga-model", "fastmamba-vc709", serial, &chart, &validation, &error));
    assert_int_equal(validation.n_rows, 4);
    assert_string_equal(find_row(&validation, "prefill-average-cpu-serial")->baseline, "xeon-4210r-serial");
    assert_non_null(find_row(&validation, "gpu-average-cpu"));
    for (size_t i = 0; i < validation.n_rows; i++)
        assert_string_equal(validation.rows[i].changed, "");
    assert_true(validation.passed);
    validation_free(&validation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_figure_is_within_its_bound),
        cmocka_unit_test(a_broken_device_is_left_out),
        cmocka_unit_test(a_miss_is_held),
        cmocka_unit_test(options_without_effect_are_refused),
        cmocka_unit_test(the_block_and_its_model_have_the_same_limits),
        cmocka_unit_test(changed_settings_are_named),
        cmocka_unit_test(resources_add_up_to_their_total),
        cmocka_unit_test(a_device_or_platform_can_be_chosen),
        cmocka_unit_test(wrong_choices_are_refused),
    };
    return cmocka_run_group_tests(tests, set_up, remove_temporary_folder);
}
