/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "platforms/pricing.h"

#include <math.h>

#include "tests/temporary.h"

/* What a plan's fusion does on modelled devices. */

struct opened {
    struct graph graph;
    struct plan plan;
    struct run *run;
    const struct unit *units;
    int n;
};

static bool try_open(const char *platform, const char *device, const char *model, int64_t seqlen,
                     const char *fusion, struct opened *opened, struct error *error)
{
    struct model_shape shape;
    *opened = (struct opened){.run = NULL};
    const struct task task = {.graph = &opened->graph, .plan = &opened->plan, .device = device};
    if (!shape_preset(model, &shape, error) ||
        !graph_build(&shape, PHASE_PREFILL, 1, seqlen, false, &opened->graph, error) ||
        !plan_build(&opened->graph, plan_fusing(fusion, PRECISION_FP32), &opened->plan, error) ||
        !platform_find(platform)->open(&task, &opened->run, error))
        return false;
    opened->n = pricing_units(opened->run, &opened->units);
    return true;
}

static struct opened *open_plan(const char *device, const char *model, int64_t seqlen, const char *fusion)
{
    struct opened *opened = malloc(sizeof *opened);
    struct error error = {0};
    if (!try_open("fpga-model", device, model, seqlen, fusion, opened, &error))
        fail_msg("%s", error.text);
    return opened;
}

static void close_plan(struct opened *opened)
{
    pricing_close(opened->run);
    free(opened);
}

static struct price price_of(struct opened *opened, const char *name)
{
    struct price price = {.time_s = -1};
    struct error error = {0};
    for (int u = 0; u < opened->n; u++)
        if (!strcmp(opened->units[u].name, name) && !pricing_price(opened->run, u, &price, &error))
            fail_msg("%s", error.text);
    assert_true(price.time_s > 0);
    return price;
}

static const char scan_group[] = "softplus+discretize+scan+contract+skip+gate";

static void refuse(const char *platform, const char *device, const char *model, const char *fusion,
                   const char *const *says)
{
    struct opened *opened = malloc(sizeof *opened);
    struct error error = {0};
    assert_false(try_open(platform, device, model, 64, fusion, opened, &error));
    assert_int_equal(error.status, STATUS_USAGE);
    assert_one_line(error.text);
    for (; *says; says++)
        assert_contains(error.text, *says);
    free(opened);
}

static void what_a_unit_cannot_part_is_named(void **state)
{
    (void)state;
    const char *parts[] = {"fastmamba-vc709", "scan", "contract", "unit 'scan'", NULL};
    refuse("fpga-model", "fastmamba-vc709", "mamba-130m", "none", parts);
    refuse("fpga-model", "fastmamba-vc709", "mamba-130m", "conv-silu", parts);
    const char *block[] = {"ssm-block", "scan", "skip", "unit 'ssm'", NULL};
    refuse("fpga-model", "ssm-block", "mamba2-130m", "none", block);
    const char *link[] = {"mannix", "in_proj+conv", "unit 'fc'", "link", NULL};
    refuse("leo2-model", "mannix", "mamba-130m", "in_proj+conv", link);
}

static void the_least_fusion_is_what_units_join(void **state)
{
    (void)state;
    static const struct {
        const char *platform, *device, *model, *text;
    } cases[] = {
        {"fpga-model", "fastmamba-vc709", "mamba-130m", "scan+contract+skip"},
        {"fpga-model", "fastmamba-vc709", "mamba2-130m", "scan+skip"},
        {"fpga-model", "ssm-block", "mamba2-130m", "scan+skip"},
        {"leo2-model", "mannix", "mamba-130m", "none"},
    };
    for (int c = 0; c < COUNT_OF(cases); c++) {
        struct opened *opened = malloc(sizeof *opened);
        struct plan *least = malloc(sizeof *least);
        struct error error = {0};
        char text[PLAN_VALUE_SIZE];
        try_open(cases[c].platform, cases[c].device, cases[c].model, 8, "none", opened, &error);
        error = (struct error){0};
        const struct task task = {.graph = &opened->graph, .plan = &opened->plan, .device = cases[c].device};
        if (!platform_find(cases[c].platform)->least(&task, least, &error))
            fail_msg("%s", error.text);
        assert_true(plan_fusion_text(least, text, &error));
        assert_string_equal(text, cases[c].text);
        pricing_close(opened->run);
        free(opened);
        free(least);
    }
}

/* The more is fused, the less crosses the off-chip border; what fits on chip never does. */
static void fusing_saves_off_chip_bytes(void **state)
{
    (void)state;
    static const char *const fusions[] = {"scan+contract+skip", "conv-silu,scan+contract+skip", "scan",
                                          "block"};
    double bytes = 0;
    for (int f = 0; f < COUNT_OF(fusions); f++) {
        struct opened *opened = open_plan("fastmamba-vc709", "mamba-130m", 2048, fusions[f]);
        const struct price price = price_of(opened, "layer");
        assert_true(f == 0 || price.off_chip_bytes < bytes);
        bytes = price.off_chip_bytes;
        close_plan(opened);
    }
    struct opened *scan = open_plan("fastmamba-vc709", "mamba-130m", 2048, "scan");
    /* dt, u, z in, y out: 4 BLD of 2 bytes, B and C; a, D and bias of 1 byte; 4 bytes of state both ways,
     * with each of the tiles of tokens at least once. */
    const double channels = 1536, tokens = 2048, states = 16;
    const double activations = 2 * (4 * tokens * channels + 2 * tokens * states);
    const struct price fused = price_of(scan, scan_group);
    assert_true(fused.off_chip_bytes >= activations + channels * (states + 2) + 8 * channels * states);
    assert_true(fused.off_chip_bytes <= activations * 1.02);
    close_plan(scan);
}

/* Inside the scan's group abar, bu and h live at once: 3 values of 2 bytes for each token, channel and state.
 * Beside them the state (4 bytes) and a, D, dt's bias (1 byte). */
static void tiles_fit_on_chip(void **state)
{
    (void)state;
    const double channels = 1536, states = 16, room = 4405248;
    const double token = 2 * 3 * channels * states, fixed = 4 * channels * states + channels * (states + 2);
    struct opened *opened = open_plan("fastmamba-vc709", "mamba-130m", 2048, "scan");
    struct price price = price_of(opened, scan_group);
    assert_int_equal(price.tile_tokens, (int64_t)((room - fixed) / token));
    assert_int_equal(price.tile_channels, 0);
    assert_true(price.held_bytes == 2048 * token + fixed && price.held_room == room);
    assert_contains(price.note, "on chip");
    close_plan(opened);
    /* dt, u, z, y, B and C of a short sequence stay, too, and take their part of the room. */
    const double operands = 2 * (4 * channels + 2 * states);
    const int64_t most = (int64_t)((room - fixed) / (token + operands));
    opened = open_plan("fastmamba-vc709", "mamba-130m", most, "scan");
    price = price_of(opened, scan_group);
    assert_int_equal(price.tile_tokens, 0);
    assert_true(price.held_bytes == 0);
    close_plan(opened);
    const double lengths[] = {(double)most + 1, 256};
    for (int l = 0; l < COUNT_OF(lengths); l++) {
        opened = open_plan("fastmamba-vc709", "mamba-130m", (int64_t)lengths[l], "scan");
        price = price_of(opened, scan_group);
        assert_true(price.held_room == room - lengths[l] * operands);
        assert_int_equal(price.tile_tokens, (int64_t)((price.held_room - fixed) / token));
        /* Nothing but weights and the state moves, with each tile of tokens at least once. */
        assert_true(price.off_chip_bytes < lengths[l] * operands);
        close_plan(opened);
    }
    /* Not even a tile of one token has room beside the operands, of which then none stays. */
    const int64_t beside = (int64_t)((room - fixed - token) / operands);
    opened = open_plan("fastmamba-vc709", "mamba-130m", beside, "scan");
    assert_true(price_of(opened, scan_group).off_chip_bytes < (double)beside * operands);
    assert_int_equal(price_of(opened, scan_group).tile_tokens, 1);
    close_plan(opened);
    opened = open_plan("fastmamba-vc709", "mamba-130m", beside + 1, "scan");
    price = price_of(opened, scan_group);
    assert_true(price.off_chip_bytes > (double)(beside + 1) * operands && price.held_room == room);
    close_plan(opened);
}

/* A machine whose on-chip memory has so many bytes, which computes everything in one unit. */
static void write_small_device(int on_chip)
{
    char text[1200];
    snprintf(
        text, sizeof text,
        "name: small\nplatform: fpga-model\nsummary: a small device\nsource: nowhere\nclock_hz: 1e6\n"
        "assumed:\n  - {name: everything, reason: it is a toy}\n"
        "units:\n  - name: all\n    stages: [norm, in_proj, conv, silu, x_proj, dt_proj, softplus, "
        "discretize, "
        "scan, contract, skip, gate, gate_norm, out_proj, residual, final_norm, head, embed, input_proj]\n"
        "memory:\n  - bytes_per_s: 1e6\n    weight_bytes: 1\n    activation_bytes: 2\n    state_bytes: 4\n"
        "    on_chip_bytes: %d\n    activations: off_chip\n    state: read_write\n"
        "overlap:\n  - {resources: false, memory: false}\n"
        "energy: {power_w: 1, source: nowhere}\n",
        on_chip);
    write_temporary_text("devices/fpga-model-small.yaml", text);
}

/* The toy's presets come from the source's configs. */
static int copy_models(void **state)
{
    if (make_temporary_folder(state))
        return -1;
    make_temporary_subfolder("devices");
    return symlink(TEST_CONFIGS "/models", temporary_path("models")) ||
           setenv("MAMBA_BENCH_CONFIGS", temporary_folder, 1);
}

static int drop_models(void **state)
{
    unsetenv("MAMBA_BENCH_CONFIGS");
    unlink(temporary_path("models"));
    return remove_temporary_folder(state);
}

static void small_memories_need_tiles_of_channels(void **state)
{
    (void)state;
    const double channels = 1536, states = 16, tokens = 64;
    const double held = 4 * channels * states + channels * (states + 2) + 2 * 3 * channels * states;
    write_small_device(20000);
    struct opened *opened = open_plan("small", "mamba-130m", (int64_t)tokens, "scan");
    const struct price price = price_of(opened, scan_group);
    assert_int_equal(price.tile_tokens, 1);
    assert_int_equal(price.tile_channels, (int64_t)(channels * 20000 / held));
    /* B and C come again with every tile of channels; the state moves once. */
    const double passes = (double)((1536 + price.tile_channels - 1) / price.tile_channels);
    assert_true(price.off_chip_bytes == 2 * (4 * tokens * channels + passes * 2 * tokens * states) +
                                            channels * (states + 2) + 2 * 4 * channels * states);
    close_plan(opened);

    /* The norm of Mamba-2's block needs all channels at once. */
    struct error error = {0};
    struct opened *block = open_plan("small", "mamba2-130m", (int64_t)tokens, "block");
    int skipped = 0;
    for (int u = 0; u < block->n; u++)
        if (block->units[u].scope == SCOPE_GROUP) {
            struct price none;
            assert_false(pricing_price(block->run, u, &none, &error));
            assert_contains(block->units[u].skip, "does not fit even for one token");
            skipped++;
        }
    assert_int_equal(skipped, 1);
    close_plan(block);
}

/* A span of several groups tells what all of them lack, as a group of the same stages does. */
static void a_span_names_every_stage_without_a_unit(void **state)
{
    (void)state;
    static const struct {
        const char *device, *model, *fusion;
    } cases[] = {{"lightmamba-vck190", "mamba-130m", "none"}, {"ssm-block", "mamba2-130m", "scan+skip"}};
    for (int c = 0; c < COUNT_OF(cases); c++) {
        struct model_shape shape;
        struct graph *graph = malloc(sizeof *graph);
        struct plan *plans = malloc(3 * sizeof *plans);
        struct error error = {0};
        struct run *run;
        const struct unit *units;
        assert_true(graph && plans);
        if (!shape_preset(cases[c].model, &shape, &error) ||
            !graph_build(&shape, PHASE_PREFILL, 1, 8, false, graph, &error) ||
            !plan_build(graph, plan_fusing(cases[c].fusion, PRECISION_FP32), &plans[0], &error) ||
            !plan_build(graph, plan_fusing("block", PRECISION_FP32), &plans[1], &error) ||
            !plan_spans(graph, (const struct plan *[]){&plans[0], &plans[1]}, 2, &plans[2], &error))
            fail_msg("%s", error.text);
        const struct task task = {
            .graph = graph, .plan = &plans[0], .spans = &plans[2], .device = cases[c].device};
        if (!platform_find("fpga-model")->open(&task, &run, &error))
            fail_msg("%s", error.text);
        const int n = pricing_units(run, &units);
        int spans = 0;
        for (int u = 0; u < n; u++) {
            if (units[u].span < 0)
                continue;
            const struct group *span = &plans[2].groups[units[u].span];
            int lacking = 0;
            for (int v = 0; v < n; v++) {
                const struct group *inside = units[v].group >= 0 ? &plans[0].groups[units[v].group] : NULL;
                if (!inside || !group_within(inside, span) || !*units[v].skip)
                    continue;
                assert_contains(units[u].skip, units[v].name);
                lacking++;
            }
            spans += lacking > 1;
        }
        assert_int_equal(spans, 1);
        pricing_close(run);
        free(graph);
        free(plans);
    }
}

static void bytes_are_whole_numbers(void **state)
{
    (void)state;
    struct opened *opened = open_plan("fastmamba-vc709", "mamba-130m", 1400, NULL);
    for (int u = 0; u < opened->n; u++) {
        struct price price;
        struct error error = {0};
        if (pricing_price(opened->run, u, &price, &error) &&
            price.off_chip_bytes != rint(price.off_chip_bytes))
            fail_msg("%s: %.17g bytes", opened->units[u].name, price.off_chip_bytes);
    }
    assert_true(price_of(opened, "layer").off_chip_bytes > 1e7);
    close_plan(opened);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_unit_cannot_part_is_named),
        cmocka_unit_test(the_least_fusion_is_what_units_join),
        cmocka_unit_test(fusing_saves_off_chip_bytes),
        cmocka_unit_test(tiles_fit_on_chip),
        cmocka_unit_test(a_span_names_every_stage_without_a_unit),
        cmocka_unit_test(bytes_are_whole_numbers),
        cmocka_unit_test_setup_teardown(small_memories_need_tiles_of_channels, copy_models, drop_models),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
