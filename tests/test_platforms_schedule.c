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

#include "platforms/platform.h"
#include "platforms/schedule.h"

/* Makespans that can be found by hand, and bounds that hold for every schedule of a device. */

static void assert_near(double got, double want)
{
    if (!(fabs(got - want) <= 1e-9 * fabs(want)))
        fail_msg("%.12g, must be %.12g", got, want);
}

static struct schedule_times run(const struct schedule *schedule)
{
    struct schedule_times times;
    struct error error = {0};
    if (!schedule_run(schedule, &times, &error))
        fail_msg("%s", error.text);
    return times;
}

static void a_chain_fills_and_then_follows_its_slowest_step(void **state)
{
    (void)state;
    struct schedule schedule = {
        .n_steps = 3,
        .steps = {{{.resource = 0, .cycles = 2},
                   {.resource = 1, .cycles = 5, .after = 1},
                   {.resource = 2, .cycles = 3, .after = 2}}},
        .layers = 1,
    };
    for (int64_t tiles = 1; tiles <= 10000; tiles = tiles * 3 + 1) {
        schedule.tiles[0] = tiles;
        assert_near(run(&schedule).cycles, 2 + 5 * (double)tiles + 3);
    }
    schedule.layers = 7;
    assert_near(run(&schedule).cycles, 7 * run(&schedule).layer);
}

/* The last tile has a size of its own. */
static void tiles_have_two_sizes(void **state)
{
    (void)state;
    const struct schedule schedule = {
        .n_steps = 2,
        .steps = {{{.resource = 0, .cycles = 4}, {.resource = 1, .cycles = 4, .after = 1}},
                  {{.resource = 0, .cycles = 3}, {.resource = 1, .cycles = 3, .after = 1}}},
        .tiles = {2, 1},
        .layers = 1,
    };
    assert_near(run(&schedule).cycles, 4 + 4 + 4 + 3);
}

/* 0 and 2 share a resource: where both could start, 2 of the older tile goes before 0 of a younger one. */
static void a_shared_resource_serves_the_older_tile(void **state)
{
    (void)state;
    struct schedule schedule = {
        .n_steps = 3,
        .steps = {{{.resource = 0, .cycles = 10},
                   {.resource = 1, .cycles = 4, .after = 1},
                   {.resource = 0, .cycles = 6, .after = 2}}},
        .tiles = {1, 0},
        .layers = 1,
    };
    assert_near(run(&schedule).cycles, 10 + 4 + 6);
    schedule.tiles[0] = 2; /* 0a 0b 2a 2b: 1b is done 4 after 0b, 2a takes 6 */
    assert_near(run(&schedule).cycles, 10 + 10 + 6 + 6);
    schedule.tiles[0] = 5; /* 0a 0b 2a 2b 0c 0d 2c 2d 0e 2e, which waits for 1e */
    assert_near(run(&schedule).cycles, 5 * 16 + 4);
}

/* Steps that need not wait for each other do not, but for both waits the third. */
static void branches_join(void **state)
{
    (void)state;
    const struct schedule schedule = {
        .n_steps = 3,
        .steps = {{{.resource = 0, .cycles = 7},
                   {.resource = 1, .cycles = 9},
                   {.resource = -1, .cycles = 1, .after = 3}}},
        .tiles = {1, 0},
        .layers = 1,
    };
    assert_near(run(&schedule).cycles, 10);
}

/* 100 bytes at 1 byte a cycle in slices of 10, 40 cycles of computing: the memory is the limit, and what is
 * left after the last slice is a tenth of the computing. */
static void slow_memory_is_the_limit(void **state)
{
    (void)state;
    struct schedule schedule = {
        .n_steps = 1,
        .steps = {{{.resource = 0, .cycles = 40, .weight_bytes = 100}}},
        .tiles = {1, 0},
        .layers = 1,
        .bytes_per_cycle = 1,
        .room_bytes = 1000,
        .slice_bytes = 10,
    };
    assert_near(run(&schedule).cycles, 104);
    assert_near(run(&schedule).off_chip_bytes, 100);
    schedule.layers = 5; /* with room for it, the next layer's weights come in the meantime */
    assert_near(run(&schedule).layer, 100);
    schedule.steps[0][0].cycles = 400;
    assert_near(run(&schedule).layer, 400);
    assert_near(run(&schedule).cycles, 10 + 5 * 400);
    schedule.bytes_per_cycle = 0;
    assert_near(run(&schedule).cycles, 5 * 400);
}

/* Room for one slice beside the one in use: they alternate, so that nothing waits as long as a slice takes no
 * longer to come than to be used; room for one slice only: moving and computing take turns. */
static void room_limits_reading_ahead(void **state)
{
    (void)state;
    struct schedule schedule = {
        .n_steps = 1,
        .steps = {{{.resource = 0, .cycles = 100, .weight_bytes = 100}}},
        .tiles = {1, 0},
        .layers = 1,
        .bytes_per_cycle = 1,
        .room_bytes = 20,
        .slice_bytes = 10,
    };
    assert_near(run(&schedule).cycles, 110);
    schedule.steps[0][0].weight_bytes = 200; /* 20 slices of 10 a half */
    assert_near(run(&schedule).cycles, 205);
    schedule.steps[0][0] = (struct schedule_step){.resource = 0, .cycles = 100, .state_bytes = 100};
    schedule.tiles[0] = 3;
    assert_near(run(&schedule).off_chip_bytes, 300);
    schedule.state_once = true;
    assert_near(run(&schedule).off_chip_bytes, 100);
    assert_near(run(&schedule).cycles, 310);
}

static void resident_weights_come_once_a_layer(void **state)
{
    (void)state;
    struct schedule schedule = {
        .n_steps = 1,
        .steps = {{{.resource = 0, .cycles = 10, .weight_bytes = 100}}},
        .tiles = {100, 0},
        .layers = 3,
        .bytes_per_cycle = 1,
        .room_bytes = 100,
        .slice_bytes = 10,
    };
    assert_near(run(&schedule).off_chip_bytes, 100 * 100);
    assert_near(run(&schedule).cycles, 3 * 100 * 100 + 1); /* the memory never rests */
    schedule.resident = true;
    assert_near(run(&schedule).off_chip_bytes, 100);
    /* The next layer's slices come as the last tile makes room: all but what its first tile waits for is
     * hidden. */
    assert_true(run(&schedule).layer < 100 + 100 * 10);
    assert_true(run(&schedule).layer > 100 * 10);
}

/* More slices than are kept count of: the next layer's first ones still come as soon as the last tile has
 * made room for them. */
static void many_slices_leave_one_after_another(void **state)
{
    (void)state;
    const struct schedule schedule = {
        .n_steps = 1,
        .steps = {{{.resource = 0, .cycles = 8192, .weight_bytes = 8192}}},
        .tiles = {2, 0},
        .layers = 3,
        .bytes_per_cycle = 0.5,
        .room_bytes = 8192,
        .slice_bytes = 1,
        .resident = true,
    };
    /* The memory, two cycles a slice, begins anew with the last tile and never rests. */
    const double layer = run(&schedule).layer;
    assert_true(layer >= 2 * 8192 && layer <= 2 * 8192 + 4);
}

static void slices_of_no_size_are_refused(void **state)
{
    (void)state;
    static const double sizes[] = {0, -1, 1e-3, NAN};
    struct schedule schedule = {
        .n_steps = 1,
        .steps = {{{.resource = 0, .cycles = 10, .weight_bytes = 1000}}},
        .tiles = {1, 0},
        .layers = 1,
        .bytes_per_cycle = 1,
        .room_bytes = 1000,
    };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct schedule_times times;
        struct error error = {0};
        schedule.slice_bytes = sizes[i];
        assert_false(schedule_run(&schedule, &times, &error));
        assert_int_equal(error.status, STATUS_USAGE);
        assert_non_null(strstr(error.text, "slice_bytes"));
    }
}

static void activations_move_while_their_step_runs(void **state)
{
    (void)state;
    struct schedule schedule = {
        .n_steps = 2,
        .steps = {{{.resource = 0, .cycles = 10},
                   {.resource = 1, .cycles = 5, .activation_bytes = 50, .after = 1}}},
        .tiles = {1, 0},
        .layers = 1,
        .bytes_per_cycle = 1,
        .room_bytes = 100,
        .slice_bytes = 10,
    };
    assert_near(run(&schedule).cycles, 60);
    schedule.steps[0][1].cycles = 70;
    assert_near(run(&schedule).cycles, 80);
}

/* The layer of a device, in the same units. */
static struct price layer_price(const char *model, int64_t batch, int64_t seqlen, const char *option)
{
    static struct graph graph;
    static struct plan plan;
    struct model_shape shape;
    struct run *opened;
    struct price price;
    struct error error = {0};
    const struct unit *units;
    const char *const options[] = {option, NULL};
    const struct platform *platform = platform_find("fpga-model");
    const struct task task = {
        .graph = &graph, .plan = &plan, .device = "fastmamba-vc709", .options = options};
    if (!shape_preset(model, &shape, &error) ||
        !graph_build(&shape, PHASE_PREFILL, batch, seqlen, false, &graph, &error) ||
        !plan_build(&graph, plan_fusing(NULL, PRECISION_INT8), &plan, &error) ||
        !platform->open(&task, &opened, &error))
        fail_msg("%s", error.text);
    int unit = platform->units(opened, &units) - 1;
    while (units[unit].scope != SCOPE_LAYER)
        unit--;
    assert_true(platform->price(opened, unit, &price, &error));
    platform->close(opened);
    return price;
}

/* No schedule beats its busiest resource or its memory; none that hides its weights is slower than doing one
 * thing after another, transfers too. */
static void a_pipelined_layer_lies_between_its_bounds(void **state)
{
    (void)state;
    static const char *const models[] = {"mamba2-130m", "mamba-130m", "mamba2-2.7b"};
    static const int64_t seqlens[] = {1, 2, 31, 32, 33, 64, 65, 116, 168, 500, 3000};
    for (size_t m = 0; m < sizeof models / sizeof *models; m++)
        for (int64_t batch = 1; batch <= 4; batch += 3)
            for (size_t i = 0; i < sizeof seqlens / sizeof *seqlens; i++) {
                const struct price piped = layer_price(models[m], batch, seqlens[i], "overlap=pipelined");
                const struct price serial = layer_price(models[m], batch, seqlens[i], "overlap=serial");
                const double least = fmax(piped.compute_s, piped.memory_s);
                if (!(piped.time_s >= least * (1 - 1e-6)) ||
                    !(piped.time_s <= serial.compute_s + piped.memory_s))
                    fail_msg("%s, %d x %d: %g s, busiest %g, memory %g, serial %g", models[m], (int)batch,
                             (int)seqlens[i], piped.time_s, piped.compute_s, piped.memory_s,
                             serial.compute_s);
                assert_near(piped.time_s, least + piped.overhead_s);
            }
}

/* What the published ratios rest on: a token more costs the linear module's cycles, whatever the length. */
static void prefill_on_fastmamba_is_proportional_to_seqlen(void **state)
{
    (void)state;
    static const int64_t seqlens[] = {64, 96, 116, 128, 168};
    for (size_t i = 0; i < sizeof seqlens / sizeof *seqlens; i++) {
        const double token =
            layer_price("mamba2-130m", 1, seqlens[i], "overlap=pipelined").cycles / (double)seqlens[i];
        assert_true(token >= 2464 && token < 2464 * 1.04);
    }
}

static int use_source_configs(void **state)
{
    (void)state;
    return setenv("MAMBA_BENCH_CONFIGS", TEST_CONFIGS, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_fills_and_then_follows_its_slowest_step),
        cmocka_unit_test(tiles_have_two_sizes),
        cmocka_unit_test(a_shared_resource_serves_the_older_tile),
        cmocka_unit_test(branches_join),
        cmocka_unit_test(slow_memory_is_the_limit),
        cmocka_unit_test(room_limits_reading_ahead),
        cmocka_unit_test(resident_weights_come_once_a_layer),
        cmocka_unit_test(many_slices_leave_one_after_another),
        cmocka_unit_test(slices_of_no_size_are_refused),
        cmocka_unit_test(activations_move_while_their_step_runs),
        cmocka_unit_test(a_pipelined_layer_lies_between_its_bounds),
        cmocka_unit_test(prefill_on_fastmamba_is_proportional_to_seqlen),
    };
    return cmocka_run_group_tests(tests, use_source_configs, NULL);
}
