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

/* The cycle model fpga-model:ssm-block beside the RTL, on calls of no device file. */

static uint64_t random_state = 0x9e3779b97f4a7c15u;

static int draw(int from, int to)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return from + (int)(random_state % (uint64_t)(to - from + 1));
}

enum { MAX_WORDS = 8, WORD = 48 };

struct texts {
    char text[MAX_WORDS][WORD];
    char *words[MAX_WORDS];
    struct device_words list;
};

static void add(struct texts *texts, const char *key, int value)
{
    char **word = &texts->words[texts->list.words_count];
    *word = texts->text[texts->list.words_count++];
    assert_true(texts->list.words_count <= MAX_WORDS);
    snprintf(*word, WORD, "%s=%d", key, value);
    texts->list.words = texts->words;
}

static struct device *load_model(void)
{
    struct device *device;
    struct error error = {0};
    setenv("MAMBA_BENCH_CONFIGS", TEST_CONFIGS, 1);
    if (!device_load("fpga-model", "ssm-block", &device, &error))
        fail_msg("%s", error.text);
    return device;
}

static const struct family {
    bool streaming;
    int d_state, lanes, multiply, add, port_bits, max_heads, max_headdim;
} families[] = {
    {false, 128, 16, 6, 11, 128, 24, 64}, {false, 128, 16, 6, 11, 256, 24, 64},
    {true, 128, 16, 6, 11, 128, 24, 64},  {true, 128, 128, 6, 11, 256, 24, 64},
    {false, 128, 32, 4, 8, 256, 8, 32},   {false, 64, 8, 3, 5, 128, 8, 32},
    {true, 64, 32, 4, 7, 256, 8, 32},
};

enum { MAX_VARIANTS = 10 };

static void add_variant(const struct family *f, struct texts *variant)
{
    *variant = (struct texts){.list = {0}};
    add(variant, "lanes", f->lanes);
    add(variant, "multiply_latency", f->multiply);
    add(variant, "add_latency", f->add);
    add(variant, "port_bits", f->port_bits);
    add(variant, "tile_heads", draw(1, f->max_heads));
    add(variant, "tile_headdim", draw(1, f->max_headdim));
    variant->words[variant->list.words_count++] =
        strcpy(variant->text[7], f->streaming ? "dataflow=streaming" : "dataflow=tiled");
}

/* All variants of one d_state, with tiles drawn twice, on one call. */
static void compare_call(const struct device *device, int d_state, struct validation *validation)
{
    static struct texts variants[MAX_VARIANTS];
    struct device_words lists[MAX_VARIANTS];
    struct texts shape = {.list = {0}}, memory = {.list = {0}};
    struct error error = {0};
    unsigned n = 0;
    add(&shape, "heads", draw(1, 13));
    add(&shape, "headdim", draw(1, 40));
    add(&shape, "d_state", d_state);
    add(&memory, "memory_bytes", draw(4, 40));
    add(&memory, "memory_latency", draw(0, 300));
    add(&memory, "memory_stall_percent", draw(0, 1) * draw(1, 60));
    for (size_t f = 0; f < sizeof families / sizeof *families; f++)
        for (int again = 0; again < 2; again++)
            if (families[f].d_state == d_state) {
                assert_true(n < MAX_VARIANTS);
                add_variant(&families[f], &variants[n]);
                lists[n] = variants[n].list;
                n++;
            }
    const struct device_rtl_grid grid = {&shape.list, &memory.list, lists, 1, 1, n};
    if (!validate_rtl(device, &grid, 1, validation, &error))
        fail_msg("%s", error.text);
}

static void the_model_agrees_on_calls_that_it_was_not_made_on(void **state)
{
    enum { CALLS = 16 };
    (void)state;
    struct device *device = load_model();
    struct validation validation = {.passed = true};
    if (platform_find("fpga-rtl")->missing()) {
        device_free(device);
        print_message("built without Verilator: not tested\n");
        skip();
    }
    for (int i = 0; i < CALLS; i++)
        compare_call(device, i % 2 ? 64 : 128, &validation);
    const struct validation_rtl_summary summary = validation_summarize(&validation, 0, validation.n_rtl);
    print_message("%zu calls: median %.3f %%, worst %.2f %%, %d of %d pairs misplaced\n", validation.n_rtl,
                  100 * summary.median, 100 * summary.worst, summary.misplaced, summary.pairs);
    for (size_t i = 0; i < validation.n_rtl; i++) {
        const struct validation_rtl *row = &validation.rtl[i];
        if (row->rtl.compute_cycles != row->model.compute_cycles ||
            fabs(row->relative_error) > VALIDATE_WORST)
            fail_msg("%s, %s, %s: %g cycles (%g computing), the model's are %g (%g)", row->variant,
                     row->shape, row->memory, row->rtl_cycles, row->rtl.compute_cycles, row->model_cycles,
                     row->model.compute_cycles);
        assert_true(row->rtl.in_bytes == row->model.in_bytes);
        assert_true(row->rtl.out_bytes == row->model.out_bytes);
    }
    assert_true(summary.median <= VALIDATE_MEDIAN);
    assert_true(summary.pairs > 100);
    assert_int_equal(summary.misplaced, 0);
    validation_free(&validation);
    device_free(device);
}

/* A comparison that could not fail would say nothing: latencies that the RTL does not have. */
static void a_wrong_law_is_found(void **state)
{
    (void)state;
    struct device *device = load_model();
    if (platform_find("fpga-rtl")->missing()) {
        device_free(device);
        skip();
    }
    for (unsigned u = 0; u < device->units_count; u++)
        if (device->units[u].pipelines_count == 4) {
            free(device->units[u].pipelines[1].depth);
            device->units[u].pipelines[1].depth = strdup("3*multiply_latency + add_latency + 5");
        }
    struct validation validation = {.passed = true};
    struct error error = {0};
    char *shape[] = {"heads=2", "headdim=3", "d_state=128"}, *variant[] = {"dataflow=tiled"};
    struct device_words shapes = {NULL, shape, 3}, memories = {NULL, NULL, 0}, variants = {NULL, variant, 1};
    const struct device_rtl_grid grid = {&shapes, &memories, &variants, 1, 1, 1};
    assert_true(validate_rtl(device, &grid, 1, &validation, &error));
    assert_int_equal(validation.n_rtl, 1);
    assert_false(validation.rtl[0].passed);
    assert_false(validation.passed);
    validation_free(&validation);
    device_free(device);
}

/* Each dimension may be large, all of them together are terabytes. */
static void calls_too_large_to_simulate_are_refused(void **state)
{
    (void)state;
    const struct platform *platform = platform_find("fpga-rtl");
    static const int64_t shapes[][2] = {{65535, 65535}, {65535, 64}, {65536, 1}, {1, 65536}, {0, 1}, {1, -1}};
    if (platform->missing())
        skip();
    setenv("MAMBA_BENCH_CONFIGS", TEST_CONFIGS, 1);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const struct stage_dim dims[] = {
            {"heads", shapes[i][0]}, {"headdim", shapes[i][1]}, {"d_state", 128}};
        struct price price;
        struct error error = {0};
        assert_false(platform->call("ssm-block", NULL, dims, 3, &price, &error));
        assert_int_equal(error.status, STATUS_USAGE);
        assert_non_null(strstr(error.text, "can be simulated"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_model_agrees_on_calls_that_it_was_not_made_on),
        cmocka_unit_test(a_wrong_law_is_found),
        cmocka_unit_test(calls_too_large_to_simulate_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
