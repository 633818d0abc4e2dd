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

#include "platforms/device.h"
#include "platforms/platform.h"
#include "platforms/validate.h"

static int use_source_configs(void **state)
{
    (void)state;
    return setenv("MAMBA_BENCH_CONFIGS", TEST_CONFIGS, 1);
}

static const struct validation_row *find_row(const struct validation *validation, const char *id)
{
    for (size_t i = 0; i < validation->n_rows; i++)
        if (!strcmp(validation->rows[i].id, id))
            return &validation->rows[i];
    fail_msg("no result '%s'", id);
    return NULL;
}

static void every_published_figure_is_reproduced(void **state)
{
    (void)state;
    struct validation validation;
    struct error error = {0};
    if (!validate(NULL, &validation, &error))
        fail_msg("%s", error.text);
    for (size_t i = 0; i < validation.n_rows; i++) {
        const struct validation_row *row = &validation.rows[i];
        if (!row->passed)
            fail_msg("%s:%s %s: published %g, model %g, tolerance %g", row->platform, row->device, row->id,
                     row->published, row->model, row->tolerance);
        assert_true(*row->source != '\0');
        assert_true(fabs(row->relative_error - (row->model - row->published) / row->published) < 1e-12);
        for (size_t j = 0; j < i; j++)
            if (!strcmp(row->id, validation.rows[j].id) && row->device == validation.rows[j].device)
                fail_msg("%s is there twice", row->id);
    }
    assert_true(validation.passed);

    /* Not only that a list is consistent with itself: figures as the sources print them. */
    const struct {
        const char *id;
        double published;
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
        assert_true(find_row(&validation, printed[i].id)->published == printed[i].published);
    assert_true(find_row(&validation, "streaming-16")->tolerance == 0);
    assert_string_equal(find_row(&validation, "streaming-16")->provenance, "measured-rtl");
    assert_string_equal(find_row(&validation, "fusion-gain")->figure, "reduction");
    assert_true(find_row(&validation, "layer-cycles")->tolerance == 0);
    assert_true(fabs(find_row(&validation, "decode-w8")->model - 3.75) < 0.005);
    validation_free(&validation);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_published_figure_is_reproduced),
        cmocka_unit_test(resources_add_up_to_their_total),
        cmocka_unit_test(a_device_or_platform_can_be_chosen),
        cmocka_unit_test(wrong_choices_are_refused),
    };
    return cmocka_run_group_tests(tests, use_source_configs, NULL);
}
