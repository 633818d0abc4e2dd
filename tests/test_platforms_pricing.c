/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "tests/temporary.h"

#include <math.h>

#include "platforms/pricing.h"

/* A device small enough to count by hand. */
static const char toy[] =
    "name: toy\n"
    "platform: fpga-model\n"
    "summary: for tests\n"
    "source: this file\n"
    "clock_hz: 1e6\n"
    "constants:\n"
    "  - {name: multiply, value: 6}\n"
    "  - {name: add, value: 11}\n"
    "options:\n"
    "  - {name: overlap, summary: s, default: serial, choices: [serial, overlapped]}\n"
    "  - {name: weights, summary: s, default: resent, choices: [resent, resident]}\n"
    "  - {name: width, summary: s, default: 2}\n"
    "assumed:\n"
    "  - {name: everything, reason: it is a toy}\n"
    "units:\n"
    "  - name: fc\n"
    "    stages: [in_proj, x_proj, dt_proj, out_proj]\n"
    "    calls: m\n"
    "    split: n\n"
    "    call_overhead: 2\n"
    "    pipelines:\n"
    "      - name: rows\n"
    "        trips:\n"
    "          - {extent: n, overhead: 3}\n"
    "          - {extent: k, lanes: 32, cycles: 2}\n"
    "        depth: 3*multiply + add\n"
    "    buffers:\n"
    "      - {name: input, values: k}\n"
    "      - {name: weight, values: n*k, weights: true}\n"
    "      - {name: output, values: n, receive: true}\n"
    "  - name: head\n"
    "    stages: [head]\n"
    "    pipelines:\n"
    "      - name: rows\n"
    "        trips:\n"
    "          - {extent: m*n}\n"
    "  - name: grid\n"
    "    stages: [skip]\n"
    "    tiles:\n"
    "      - {dim: heads, size: width}\n"
    "      - {dim: headdim, size: 2}\n"
    "    tile_overhead: 10\n"
    "    pipelines:\n"
    "      - name: first\n"
    "        resource: left\n"
    "        trips:\n"
    "          - {extent: heads}\n"
    "          - {extent: headdim}\n"
    "        depth: 1\n"
    "      - name: second\n"
    "        resource: right\n"
    "        trips:\n"
    "          - {extent: heads*headdim, cycles: 4}\n"
    "  - name: scan\n"
    "    arch: mamba1\n"
    "    stages: [scan]\n"
    "    absorbs: [contract]\n"
    "    pipelines:\n"
    "      - name: state\n"
    "        trips:\n"
    "          - {extent: batch*seqlen*(channels + log2(d_state))}\n"
    "memory:\n"
    "  - bytes_per_s: 1e6\n"
    "    weight_bytes: 1\n"
    "    activation_bytes: 2\n"
    "    state_bytes: 4\n"
    "    on_chip_bytes: 300\n"
    "    activations: fit\n"
    "    state: read_write\n"
    "link:\n"
    "  config_writes: 5\n"
    "  polls: 1\n"
    "  register_write_cycles: 8\n"
    "  register_read_cycles: 7\n"
    "  conversions:\n"
    "    - {send_cycles: 0, weight_cycles: 0, receive_cycles: 100}\n"
    "  memory_bytes: 512\n"
    "  alignment: 4\n"
    "  resident: weights=resident\n"
    "  transfers:\n"
    "    - {access_bytes: 4, write_cycles: 8, read_cycles: 7}\n"
    "host: {name: soft float, mul: 10, add: 20, exp: 1000, log: 2000, div: 500, value: 1}\n"
    "overlap:\n"
    "  - {when: overlap=overlapped, resources: true, memory: true}\n"
    "  - {resources: false, memory: false}\n"
    "energy: {mul_pj: 1, add_pj: 10, exp_pj: 100, log_pj: 1000, div_pj: 1e4, on_chip_byte_pj: 1e5,\n"
    "         off_chip_byte_pj: 1e6, source: this file}\n"
    "baselines:\n"
    "  - {name: other, fixed_s: 1, token_s: 1, source: this file}\n"
    "published:\n"
    "  - {id: fc, what: w, figure: compute_cycles, value: 74, source: s, provenance: derived, tolerance: 0,\n"
    "     calls: [{unit: fc, dims: [m=1, n=5, k=70]}]}\n";

static int use_temporary_configs(void **state)
{
    if (make_temporary_folder(state))
        return -1;
    make_temporary_subfolder("models");
    make_temporary_subfolder("devices");
    return setenv("MAMBA_BENCH_CONFIGS", temporary_folder, 1);
}

static void use_source_configs(void)
{
    assert_int_equal(setenv("MAMBA_BENCH_CONFIGS", TEST_CONFIGS, 1), 0);
}

static int restore_temporary_configs(void **state)
{
    (void)state;
    return setenv("MAMBA_BENCH_CONFIGS", temporary_folder, 1);
}

static struct device *load(const char *platform, const char *name)
{
    struct device *device = NULL;
    struct error error = {0};
    if (!device_load(platform, name, &device, &error))
        fail_msg("%s", error.text);
    return device;
}

static struct device *load_toy(void)
{
    write_temporary_text("devices/fpga-model-toy.yaml", toy);
    return load("fpga-model", "toy");
}

/* The toy's text with its first `from` replaced. */
static void write_changed(const char *from, const char *to)
{
    char text[sizeof toy + 1024];
    const char *at = strstr(toy, from);
    if (!at)
        fail_msg("the toy has no '%s'", from);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - toy), toy, to, at + strlen(from));
    write_temporary_text("devices/fpga-model-toy.yaml", text);
}

static struct cost call(const struct device *device, const char *unit, const char *const *options,
                        size_t n_options, bool resident, const struct pricing_dims *dims, struct notes *notes)
{
    struct pricing pricing;
    struct cost cost = {.overhead = 0};
    struct error error = {0};
    *notes = (struct notes){""};
    if (!pricing_init(&pricing, device, options, n_options, &error) ||
        !pricing_call(&pricing, pricing_unit_named(&pricing, unit), dims, resident, &cost, notes, &error))
        fail_msg("%s", error.text);
    return cost;
}

static double busy(const struct cost *cost)
{
    double sum = 0;
    for (int i = 0; i < PRICING_MAX_RESOURCES; i++)
        sum += cost->busy[i];
    return sum;
}

static void assert_near(double value, double wanted)
{
    if (!(fabs(value - wanted) <= 1e-9 * fabs(wanted)))
        fail_msg("%.17g should be %.17g", value, wanted);
}

static bool lookup_x(void *context, const char *name, double *value)
{
    *value = *(const double *)context;
    return !strcmp(name, "x");
}

static void expressions_are_evaluated(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double value;
    } cases[] = {{"7", 7},
                 {"1.5e3", 1500},
                 {"x", 5},
                 {"2+3*x", 17},
                 {"2*x+3*x*x", 85},
                 {"(2+3)*x", 25},
                 {" 2 * ( x + 1 ) ", 12},
                 {"log2(x)", 3},
                 {"log2(4)", 2},
                 {"log2(1)", 0},
                 {"2*log2(x*x)", 10},
                 {NULL, 9}};
    double x = 5, value;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct error error = {0};
        if (!expression_value(cases[i].text, 9, lookup_x, &x, &value, &error))
            fail_msg("%s", error.text);
        assert_near(value, cases[i].value);
    }
    static const char *const wrong[] = {"",       " ",      "y",  "x x", "x-1",   "-1", "x/2", "2x",  "()",
                                        "log2 x", "log2()", "x+", "*x",  "1e999", "(x", "x)",  "x, x"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct error error = {0};
        if (expression_value(wrong[i], 9, lookup_x, &x, &value, &error))
            fail_msg("'%s' was taken", wrong[i]);
        assert_int_equal(error.status, STATUS_USAGE);
    }
}

static void trips_nest(void **state)
{
    (void)state;
    struct device *device = load_toy();
    struct notes notes;
    const struct pricing_dims dims = {3, {{"m", 2}, {"n", 5}, {"k", 70}}};
    struct cost cost = call(device, "fc", NULL, 0, false, &dims, &notes);
    /* 5 rows of (3 chunks of 2 cycles + 3), 29 to fill; 2 calls. */
    assert_near(busy(&cost), 2 * (5 * (3 * 2 + 3) + 29));
    /* 18 + 88 words in, 2 out; 2 calls. Set-up: 2 in the call, 5 writes, a poll; 5 results converted. */
    assert_near(cost.writes, 2 * (18 + 88));
    assert_near(cost.reads, 2 * 2);
    assert_near(cost.transfer, 2 * (106 * 8 + 2 * 7));
    assert_near(cost.overhead, 2 * (2 + 5 * 8 + 7 + 5 * 100));
    assert_string_equal(notes.text, "");

    cost = call(device, "fc", NULL, 0, true, &dims, &notes);
    assert_near(cost.writes, 2 * 18);
    device_free(device);
}

static void edge_tiles_are_priced_at_their_size(void **state)
{
    (void)state;
    struct device *device = load_toy();
    struct notes notes;
    const struct pricing_dims dims = {3, {{"rows", 1}, {"heads", 5}, {"headdim", 3}}};
    struct cost cost = call(device, "grid", NULL, 0, false, &dims, &notes);
    /* Heads 2 + 2 + 1, channels 2 + 1: 6 tiles over 15 elements, one cycle and then four each. */
    assert_near(busy(&cost), 15 + 6 + 4 * 15);
    assert_near(cost.overhead, 6 * 10);
    const char *const wide[] = {"width=5"};
    cost = call(device, "grid", wide, 1, false, &dims, &notes);
    assert_near(busy(&cost), 15 + 2 + 4 * 15);
    assert_near(cost.overhead, 2 * 10);
    device_free(device);

    /* A tile is at least one element. */
    write_changed("size: width", "size: 0.25");
    device = load("fpga-model", "toy");
    cost = call(device, "grid", NULL, 0, false, &dims, &notes);
    assert_near(cost.overhead, 10 * 10);
    device_free(device);
}

static void operands_too_large_for_the_device_are_split(void **state)
{
    (void)state;
    struct device *device = load_toy();
    struct notes notes;
    const struct pricing_dims dims = {3, {{"m", 1}, {"n", 20}, {"k", 64}}};
    /* 64 + 64 n + pad4(n) <= 512 holds up to n = 6: parts of 6, 6, 6 and 2. */
    struct cost cost = call(device, "fc", NULL, 0, false, &dims, &notes);
    assert_near(busy(&cost), 20 * (2 * 2 + 3) + 4 * 29);
    assert_near(cost.writes, 4 * 16 + 20 * 16);
    assert_near(cost.reads, 3 * 2 + 1);
    assert_near(cost.overhead, 4 * (2 + 47) + 20 * 100);
    assert_contains(notes.text, "n cut into parts of 6");

    struct pricing pricing;
    struct error error = {0};
    const struct pricing_dims huge = {3, {{"m", 1}, {"n", 1}, {"k", 300}}};
    assert_true(pricing_init(&pricing, device, NULL, 0, &error));
    assert_false(
        pricing_call(&pricing, pricing_unit_named(&pricing, "fc"), &huge, false, &cost, &notes, &error));
    assert_int_equal(error.status, STATUS_UNAVAILABLE);
    assert_contains(error.text, "512 bytes");
    device_free(device);
}

/* A workload on a device. */
struct bench {
    struct graph graph;
    struct plan plan;
    struct run *run;
    const struct unit *units;
    int n_units;
};

static struct model_shape tiny_shape(void)
{
    struct model_shape shape = {.name = "tiny",
                                .arch = ARCH_MAMBA1,
                                .d_model = 4,
                                .n_layer = 3,
                                .d_inner = 8,
                                .d_state = 4,
                                .d_conv = 2,
                                .dt_rank = 1,
                                .headdim = 1,
                                .nheads = 8,
                                .ngroups = 1,
                                .vocab = 10,
                                .outputs = 10,
                                .conv_bias = true,
                                .tied_head = true,
                                .norm_eps = 1e-5};
    struct error error = {0};
    if (!shape_complete(&shape, "test", &error))
        fail_msg("%s", error.text);
    return shape;
}

static struct bench *open_planned(const char *platform, const char *device, const struct model_shape *shape,
                                  enum phase phase, int64_t batch, int64_t seqlen,
                                  struct plan_choices choices, const char *const *options)
{
    struct bench *bench = calloc(1, sizeof *bench);
    struct error error = {0};
    assert_non_null(bench);
    const struct task task = {
        .graph = &bench->graph, .plan = &bench->plan, .device = device, .options = options};
    if (!graph_build(shape, phase, batch, seqlen, false, &bench->graph, &error) ||
        !plan_build(&bench->graph, choices, &bench->plan, &error) ||
        !platform_find(platform)->open(&task, &bench->run, &error))
        fail_msg("%s", error.text);
    bench->n_units = platform_find(platform)->units(bench->run, &bench->units);
    return bench;
}

static struct bench *open_bench(const char *platform, const char *device, const struct model_shape *shape,
                                enum phase phase, int64_t batch, int64_t seqlen, const char *fusion,
                                const char *const *options)
{
    return open_planned(platform, device, shape, phase, batch, seqlen, plan_fusing(fusion, PRECISION_FP32),
                        options);
}

static struct bench *open_training(const char *device, const struct model_shape *shape, int64_t batch,
                                   int64_t seqlen, const char *fusion, const char *recompute)
{
    struct plan_choices choices = plan_fusing(fusion, PRECISION_FP32);
    choices.values[CHOICE_RECOMPUTE] = recompute;
    return open_planned("fpga-model", device, shape, PHASE_TRAIN, batch, seqlen, choices, NULL);
}

static void close_bench(struct bench *bench)
{
    pricing_close(bench->run);
    free(bench);
}

static int find_unit(const struct bench *bench, const char *name)
{
    for (int i = 0; i < bench->n_units; i++)
        if (!strcmp(bench->units[i].name, name))
            return i;
    fail_msg("no unit '%s'", name);
    return -1;
}

static struct price price_of(struct bench *bench, const char *name)
{
    struct price price;
    struct error error = {0};
    if (!pricing_price(bench->run, find_unit(bench, name), &price, &error))
        fail_msg("%s", error.text);
    return price;
}

static void groups_layer_and_model_add_up(void **state)
{
    (void)state;
    device_free(load_toy());
    const struct model_shape shape = tiny_shape();
    struct bench *bench = open_bench("fpga-model", "toy", &shape, PHASE_PREFILL, 2, 3, "scan+contract", NULL);

    /* 6 tokens of 8 channels + 2; contract is absorbed. Weights none, activations 2 * 6 * 8 * 4 + 6 * 4 in,
     * 6 * 8 out, 2 bytes each, more than 300: off chip. State 2 * 8 * 4 both ways, 4 bytes, one sequence
     * fits. */
    struct price price = price_of(bench, "scan+contract");
    assert_near(price.compute_s, 6 * 10 / 1e6);
    assert_near(price.memory_s, ((2 * 192 + 24 + 48) * 2 + 64 * 4 * 2) / 1e6);
    assert_near(price.time_s, price.compute_s + price.memory_s);
    assert_contains(price.note, "activations at a group's border");
    assert_string_equal(price.energy_method, "events");

    /* A host stage: every operation class at its own cost, and the values that it moves. */
    const int softplus = graph_stage(&bench->graph, "softplus");
    const struct work *work = &bench->graph.stages[softplus].work;
    assert_true(work->exp > 0 && work->log > 0);
    price = price_of(bench, "softplus");
    assert_near(price.compute_s,
                (10.0 * (double)work->mul + 20.0 * (double)work->add + 1000.0 * (double)work->exp +
                 2000.0 * (double)work->log + 500.0 * (double)work->div + (48 + 8 + 48)) /
                    1e6);
    assert_contains(price.note, "soft float");

    double in_layer = 0, all = 0;
    for (int i = 0; i < bench->n_units; i++) {
        struct error error = {0};
        if (!bench->units[i].in_plan)
            continue;
        assert_true(pricing_price(bench->run, i, &price, &error));
        all += price.time_s * (double)bench->units[i].repeats;
        in_layer += bench->units[i].repeats == 3 ? price.time_s : 0;
    }
    assert_near(price_of(bench, "layer").time_s, in_layer);
    assert_near(price_of(bench, "model").time_s, all);
    assert_int_equal(bench->units[find_unit(bench, "layer")].repeats, 3);
    const int alone = find_unit(bench, "contract");
    assert_false(bench->units[alone].in_plan);
    assert_contains(bench->units[alone].skip, "inside its call for scan");
    close_bench(bench);
}

static void overlapped_resources_take_the_longest(void **state)
{
    (void)state;
    device_free(load_toy());
    const struct model_shape shape = tiny_shape();
    const char *const overlapped[] = {"overlap=overlapped", NULL};
    struct bench *serial = open_bench("fpga-model", "toy", &shape, PHASE_DECODE, 1, 1, "scan+contract", NULL);
    struct bench *bench =
        open_bench("fpga-model", "toy", &shape, PHASE_DECODE, 1, 1, "scan+contract", overlapped);
    /* skip: 8 heads of 1 in tiles of 2: 4 tiles, 8 + 4 and 32 cycles, 40 of overhead. */
    assert_near(price_of(serial, "skip").compute_s, 44 / 1e6);
    assert_near(price_of(bench, "skip").compute_s, 32 / 1e6);
    assert_near(price_of(bench, "skip").overhead_s, 40 / 1e6);
    assert_true(price_of(bench, "layer").time_s < price_of(serial, "layer").time_s);
    close_bench(bench);
    close_bench(serial);
}

static void resident_weights_are_not_sent(void **state)
{
    (void)state;
    device_free(load_toy());
    struct model_shape shape = tiny_shape();
    const char *const resident[] = {"weights=resident", NULL};
    /* in_proj 16 x 4, x_proj 9 x 8, dt_proj 8 x 1, out_proj 4 x 8: 176 bytes a layer, and 24 of buffers. */
    shape.n_layer = 2;
    struct bench *bench =
        open_bench("fpga-model", "toy", &shape, PHASE_DECODE, 1, 1, "scan+contract", resident);
    assert_near(price_of(bench, "in_proj").link_s, (1 * 8 + 4 * 7) / 1e6);
    close_bench(bench);
    shape.n_layer = 3;
    bench = open_bench("fpga-model", "toy", &shape, PHASE_DECODE, 1, 1, "scan+contract", resident);
    assert_near(price_of(bench, "in_proj").link_s, ((1 + 16) * 8 + 4 * 7) / 1e6);
    close_bench(bench);
}

static void energy_is_counted_per_event_or_by_power(void **state)
{
    (void)state;
    const struct work work = {.mul = 1, .add = 2, .exp = 3, .log = 4, .div = 5};
    struct device *device = load_toy();
    double joule;
    assert_true(device_joule(device->energy, &work, 6, 7, 1, &joule));
    assert_near(joule, 7654321e-12);
    const struct device_energy power = {.power_w = 9};
    assert_true(device_joule(&power, &work, 6, 7, 2, &joule));
    assert_near(joule, 18);
    assert_false(device_joule(NULL, &work, 6, 7, 2, &joule));
    device_free(device);

    use_source_configs();
    device = load("cpu", "generic");
    assert_true(device->energy->exp_pj > device->energy->mul_pj + device->energy->add_pj);
    device_free(device);
}

static struct model_shape preset(const char *name)
{
    struct model_shape shape;
    struct error error = {0};
    if (!shape_preset(name, &shape, &error))
        fail_msg("%s", error.text);
    return shape;
}

/* A run plans in the device's precision, evidence in fp32: the price is that of the device's own formats. */
static void the_plans_precision_changes_no_price(void **state)
{
    (void)state;
    use_source_configs();
    const struct model_shape shape = preset("mamba2-2.7b");
    struct bench *bench = open_bench("fpga-model", "fastmamba-vc709", &shape, PHASE_DECODE, 1, 1, NULL, NULL);
    const double fp32_s = price_of(bench, "model").time_s;
    struct error error = {0};
    pricing_close(bench->run);
    const struct task task = {.graph = &bench->graph, .plan = &bench->plan, .device = "fastmamba-vc709"};
    assert_true(plan_build(&bench->graph, plan_fusing(NULL, PRECISION_INT8), &bench->plan, &error));
    assert_true(platform_find("fpga-model")->open(&task, &bench->run, &error));
    bench->n_units = platform_find("fpga-model")->units(bench->run, &bench->units);
    assert_near(price_of(bench, "model").time_s, fp32_s);
    close_bench(bench);
}

static void exponentials_are_a_class_of_their_own(void **state)
{
    (void)state;
    use_source_configs();
    const double clock = 250e6;
    const char *const device = "fastmamba-vc709";
    struct model_shape shape = preset("mamba-130m");
    struct bench *bench =
        open_bench("fpga-model", device, &shape, PHASE_PREFILL, 1, 64, "scan+contract+skip", NULL);
    /* 1536 channels of 16 states on 24 lanes; a scan step has 256. */
    assert_near(price_of(bench, "discretize").compute_s, 64 * 1024 / clock);
    assert_near(price_of(bench, "scan").compute_s, 64 * 96 / clock);
    /* Linear layers still take longer than the 1024 and softplus's 64 cycles of the nonlinear unit. */
    const double linear = 48 * 32 + 2 * 64 + 24 * 2 + 12 * 64;
    assert_near(price_of(bench, "layer").compute_s, 64 * linear / clock);
    assert_contains(price_of(bench, "model").note, "Mamba-2 only");
    close_bench(bench);

    /* With four times the state, exponentials are what a layer waits for: no multiply-accumulate rate
     * would say so. */
    shape.d_state *= 4;
    bench = open_bench("fpga-model", device, &shape, PHASE_PREFILL, 1, 64, NULL, NULL);
    assert_near(price_of(bench, "layer").compute_s, 64 * (1536.0 * 64 / 24 + 64) / clock);
    close_bench(bench);

    const struct model_shape second = preset("mamba2-130m");
    bench = open_bench("fpga-model", device, &second, PHASE_PREFILL, 1, 64, NULL, NULL);
    assert_near(price_of(bench, "scan").compute_s, 64 * 768 / clock);
    assert_near(price_of(bench, "layer").compute_s, 64 * 2464 / clock);
    assert_string_equal(price_of(bench, "model").energy_method, "power x time");
    assert_null(strstr(price_of(bench, "model").note, "Mamba-2 only"));
    close_bench(bench);
}

static void leo2_forward_adds_up_to_the_port(void **state)
{
    (void)state;
    use_source_configs();
    const struct model_shape shape = preset("mnist-mamba");
    const char *const plain[] = {"transfer=byte_plain", NULL};
    struct bench *bench = open_bench("leo2-model", NULL, &shape, PHASE_DECODE, 1, 1, "none", NULL);
    assert_near(price_of(bench, "model").link_s, 238865 / 10e6);
    assert_string_equal(price_of(bench, "model").energy_method, "events");
    assert_true(!strncmp(price_of(bench, "model").energy_note, "lower bound", 11));
    /* By the cycle: the host's own, its conversions and its accesses; the unit's; and each access. */
    const struct price port = price_of(bench, "model");
    assert_near(port.joule, 1e-12 * (5 * (port.cycles - 1543) + 40 * 1543 + 10 * (15852 + 155)));
    assert_near(price_of(bench, "input_proj").overhead_s, (71 + 70 * 13344 + 160 * 16) / 10e6);
    close_bench(bench);
    bench = open_bench("leo2-model", "mannix", &shape, PHASE_DECODE, 1, 1, "none", plain);
    assert_near(price_of(bench, "model").link_s, 127901 / 10e6);
    close_bench(bench);

    struct {
        const char *const options[3];
        double link_cycles; /* of the model */
    } switches[] = {
        {{"transfer=word_packed"}, 32000},
        {{"transfer=tcm"}, (15852 + 4 + 155 + 5) / 4},
        {{"transfer=tcm", "residency=resident"}, (784 + 16 + 32 + 1 + 3 + 32 + 16 + 155 + 5) / 4},
    };
    for (size_t i = 0; i < COUNT_OF(switches); i++) {
        bench = open_bench("leo2-model", "mannix", &shape, PHASE_DECODE, 1, 1, "none", switches[i].options);
        const double cycles = price_of(bench, "model").link_s * 10e6;
        if (fabs(cycles - switches[i].link_cycles) > 6)
            fail_msg("%s: %g cycles, %g wanted", switches[i].options[0], cycles, switches[i].link_cycles);
        close_bench(bench);
    }
    const char *const bytes[] = {"host_weights=int8", NULL};
    bench = open_bench("leo2-model", "mannix", &shape, PHASE_DECODE, 1, 1, "none", bytes);
    assert_near(price_of(bench, "input_proj").overhead_s,
                (71 + 70 * 784 + 2 * (12544 + 16) + 160 * 16) / 10e6);
    close_bench(bench);
    const char *const on_device[] = {"conv=device", NULL}, *const absent[] = {"device=absent", NULL};
    bench = open_bench("leo2-model", "mannix", &shape, PHASE_DECODE, 1, 1, "none", on_device);
    /* 32 channels: 5 inputs, 5 weights and a bias at 15 cycles, a result at 7; 5 cycles of the unit. */
    assert_near(price_of(bench, "conv").link_s, 32 * (11 * 15 + 7) / 10e6);
    assert_near(price_of(bench, "conv").compute_s, 32 * 5 / 10e6);
    assert_near(price_of(bench, "conv").overhead_s, 32 * (71 + 11 * 70 + 160) / 10e6);
    close_bench(bench);
    bench = open_bench("leo2-model", "mannix", &shape, PHASE_DECODE, 1, 1, "none", absent);
    assert_near(price_of(bench, "model").link_s, 0);
    assert_contains(price_of(bench, "in_proj").note, "runs on RI5CY");
    close_bench(bench);

    /* Overlapped, the longer of host and unit counts; an engine's transfers are the unit's. */
    const char *const beside[] = {"overlap=overlapped", "transfer=dma", NULL};
    bench = open_bench("leo2-model", "mannix", &shape, PHASE_DECODE, 1, 1, "none", beside);
    assert_near(price_of(bench, "input_proj").time_s, (71 + 4 * 39 + 70 * 13344 + 160 * 16) / 10e6);
    close_bench(bench);

    /* in_proj of mamba-130m does not fit into 512 KB. */
    const struct model_shape large = preset("mamba-130m");
    bench = open_bench("leo2-model", "mannix", &large, PHASE_DECODE, 1, 1, "none", NULL);
    assert_contains(price_of(bench, "in_proj").note, "cut into parts");
    assert_true(price_of(bench, "in_proj").link_s > 3072 * 768 * 15 / 10e6);
    const struct price whole = price_of(bench, "model");
    assert_true(whole.link_s + whole.overhead_s > 0.9 * whole.time_s);
    close_bench(bench);
    const char *const resident[] = {"residency=resident", NULL};
    bench = open_bench("leo2-model", "mannix", &large, PHASE_DECODE, 1, 1, "none", resident);
    assert_contains(price_of(bench, "x_proj").note, "weights do not fit");
    assert_near(price_of(bench, "model").link_s, whole.link_s);
    close_bench(bench);
}

static void what_does_not_fit_runs_on_the_host(void **state)
{
    (void)state;
    write_changed("memory_bytes: 512", "memory_bytes: 16");
    const struct model_shape shape = tiny_shape();
    struct bench *bench = open_bench("fpga-model", "toy", &shape, PHASE_DECODE, 1, 1, "scan+contract", NULL);
    const struct price price = price_of(bench, "out_proj");
    const struct work *work = &bench->graph.stages[graph_stage(&bench->graph, "out_proj")].work;
    assert_near(price.compute_s, (10.0 * (double)work->mul + 20.0 * (double)work->add + 8 + 32 + 4) / 1e6);
    assert_near(price.link_s, 0);
    assert_contains(price.note, "16 bytes");
    assert_contains(price.note, "runs on the host");
    close_bench(bench);
}

static void conditions_are_combined(void **state)
{
    (void)state;
    struct device *device = load_toy();
    const char *const options[] = {"overlap=overlapped"};
    struct device_settings settings;
    struct error error = {0};
    assert_true(device_settings(device, options, 1, &settings, &error));
    assert_true(device_when(device, &settings, NULL));
    assert_true(device_when(device, &settings, "overlap=overlapped"));
    assert_true(device_when(device, &settings, "overlap!=serial,weights=resent"));
    assert_false(device_when(device, &settings, "overlap!=overlapped,weights=resent"));
    assert_false(device_when(device, &settings, "overlap=overlapped,weights=resident"));
    assert_string_equal(device_choice(device, &settings, "weights"), "resent");
    assert_null(device_choice(device, &settings, "colour"));
    device_free(device);
}

static void a_block_alone_skips_layer_and_model(void **state)
{
    (void)state;
    use_source_configs();
    const struct model_shape shape = preset("mamba2-130m");
    struct bench *bench =
        open_bench("fpga-model", "ssm-block", &shape, PHASE_DECODE, 3, 1, "scan+skip", NULL);
    assert_near(price_of(bench, "scan+skip").cycles, 3 * 14978);
    const char *skip = bench->units[find_unit(bench, "layer")].skip;
    assert_contains(skip, "ssm-block has no unit for norm, in_proj");
    assert_null(strstr(skip, "scan"));
    assert_contains(bench->units[find_unit(bench, "model")].skip, "head");
    struct price price;
    struct error error = {0};
    assert_false(pricing_price(bench->run, find_unit(bench, "model"), &price, &error));
    assert_int_equal(error.status, STATUS_UNAVAILABLE);
    close_bench(bench);

    /* Over ports of 16 bytes a cycle: B and C; for each of 8 tiles dt, dA and D of 12 heads in 6 beats, x and
     * the states. */
    const char *const axi[] = {"ports=axi", NULL};
    bench = open_bench("fpga-model", "ssm-block", &shape, PHASE_DECODE, 1, 1, "scan+skip", axi);
    const struct price over_ports = price_of(bench, "scan+skip");
    assert_true(over_ports.has_ports);
    assert_near(over_ports.ports.in_bytes, 2 * 2 * 128 + 8 * 6 * 16 + 2 * 1536 + 2 * 196608);
    assert_near(over_ports.ports.out_bytes, 2 * 1536 + 2 * 196608);
    assert_near(over_ports.ports.compute_cycles, 14978);
    assert_near(over_ports.cycles, 29654);
    close_bench(bench);
}

static void longer_never_costs_less(void **state)
{
    (void)state;
    use_source_configs();
    static const struct {
        const char *platform, *device, *model, *unit;
    } cases[] = {{"fpga-model", "fastmamba-vc709", "mamba2-130m", "model"},
                 {"fpga-model", "fastmamba-vc709", "mamba-130m", "model"},
                 {"fpga-model", "lightmamba-vck190", "mamba2-130m", "model"},
                 {"fpga-model", "ssm-block", "mamba2-130m", "scan"},
                 {"leo2-model", "mannix", "mamba-130m", "model"},
                 {"leo2-model", "mannix", "mamba2-130m", "model"}};
    static const int64_t seqlens[] = {1, 2, 3, 7, 64, 65, 500, 1000, 100000};
    /* More tiles may overlap better. */
    const char *const serial[] = {"overlap=serial", NULL};
    for (size_t c = 0; c < COUNT_OF(cases); c++)
        for (int64_t batch = 1; batch <= 3; batch += 2) {
            const struct model_shape shape = preset(cases[c].model);
            double before = 0;
            for (size_t i = 0; i < COUNT_OF(seqlens); i++) {
                struct bench *bench =
                    open_bench(cases[c].platform, cases[c].device, &shape, PHASE_PREFILL, batch, seqlens[i],
                               NULL, strcmp(cases[c].device, "fastmamba-vc709") ? NULL : serial);
                const struct price price = price_of(bench, cases[c].unit);
                assert_true(isfinite(price.time_s) && price.time_s > before);
                before = price.time_s;
                close_bench(bench);
            }
        }
}

static void wrong_options_are_refused(void **state)
{
    (void)state;
    use_source_configs();
    const struct model_shape shape = preset("mamba2-130m");
    static struct graph graph;
    static struct plan plan;
    struct run *run;
    struct error error = {0};
    const char *options[] = {"overlap=maybe", NULL};
    struct task task = {.graph = &graph, .plan = &plan, .options = options};
    assert_true(graph_build(&shape, PHASE_PREFILL, 1, 8, false, &graph, &error));
    assert_true(plan_build(&graph, plan_fusing("none", PRECISION_INT8), &plan, &error));
    static const char *const wrong[] = {"overlap=maybe",   "overlap",       "=",
                                        "colour=red",      "float_lanes=0", "float_lanes=-3",
                                        "float_lanes=2.5", "float_lanes=",  "float_lanes=1e99"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        options[0] = wrong[i];
        error = (struct error){0};
        assert_false(platform_find("fpga-model")->open(&task, &run, &error));
        assert_int_equal(error.status, STATUS_USAGE);
        const size_t length = strcspn(wrong[i], "=");
        if (strncmp(wrong[i], "float_lanes", length))
            assert_contains(error.text, "overlap=pipelined|serial");
        if (strncmp(wrong[i], "overlap", length))
            assert_contains(error.text, "float_lanes=<positive integer>");
        assert_one_line(error.text);
    }
}

/* A device without units for the backward pass says which it lacks; one with a host prices all of it. */
static void training_is_priced_or_refused(void **state)
{
    (void)state;
    static struct graph graph;
    static struct plan plan;
    static const struct {
        const char *platform, *device, *model;
        bool host;
    } cases[] = {{"fpga-model", "fastmamba-vc709", "mamba2-130m", false},
                 {"leo2-model", "mannix", "mnist-mamba", true}};
    use_source_configs();
    for (size_t c = 0; c < COUNT_OF(cases); c++) {
        const struct model_shape shape = preset(cases[c].model);
        struct error error = {0};
        struct run *run;
        const struct unit *units;
        struct plan_choices choices = plan_fusing(NULL, PRECISION_FP32);
        double backward_s[2] = {0};
        assert_true(graph_build(&shape, PHASE_TRAIN, 1, 16, false, &graph, &error));
        for (int r = 0; r < 2; r++) {
            choices.values[CHOICE_RECOMPUTE] = r ? "recompute" : "store";
            const struct platform *platform = platform_find(cases[c].platform);
            if (!plan_build(&graph, choices, &plan, &error) ||
                !platform->open(&(struct task){.graph = &graph, .plan = &plan, .device = cases[c].device},
                                &run, &error))
                fail_msg("%s", error.text);
            const int n = platform->units(run, &units);
            int passes = 0;
            for (int u = 0; u < n; u++) {
                struct price price;
                if (units[u].scope < SCOPE_LAYER)
                    continue;
                passes++;
                assert_int_equal(units[u].saved_bytes > 0, true);
                assert_int_equal(units[u].repeated.mul > 0, r == 1);
                if (!cases[c].host && units[u].direction != DIRECTION_FORWARD) {
                    assert_contains(units[u].skip, "has no unit for");
                    assert_contains(units[u].skip, "norm_backward");
                    continue;
                }
                assert_true(platform->price(run, u, &price, &error) && price.time_s > 0);
                if (units[u].direction == DIRECTION_BACKWARD)
                    backward_s[r] = price.time_s;
            }
            assert_int_equal(passes, 4);
            platform->close(run);
        }
        if (cases[c].host)
            assert_true(backward_s[1] > backward_s[0]);
    }
}

static void hostile_files_give_one_line(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *said;
    } cases[] = {
        {"clock_hz: 1e6\n", "", "clock_hz"},
        {"clock_hz: 1e6", "clock_hz: 0", "clock_hz"},
        {"clock_hz: 1e6", "clock_hz: -5", "clock_hz"},
        {"clock_hz: 1e6", "clock_hz: nan", "clock_hz"},
        {"clock_hz: 1e6", "clock_hz: inf", "clock_hz"},
        {"clock_hz: 1e6", "clock_hz: fast", "clock_hz is 'fast' (line 5); it must be a finite decimal"},
        {"clock_hz: 1e6", "clock_hz: 200 MHz", "clock_hz is '200 MHz' (line 5)"},
        {"clock_hz: 1e6", "clock_hz: 200_000_000", "clock_hz is '200_000_000'"},
        {"clock_hz: 1e6", "clock_hz: 0x10", "clock_hz is '0x10'"},
        {"clock_hz: 1e6", "clock_hz: 1x", "clock_hz is '1x'"},
        {"clock_hz: 1e6", "clock_hz: 1e", "clock_hz is '1e'"},
        {"clock_hz: 1e6", "clock_hz: 1e400", "clock_hz is '1e400'"},
        {"clock_hz: 1e6", "clock_hz: \"\"", "clock_hz is ''"},
        {"clock_hz: 1e6", "clock_hz: [1e6]", "clock_hz is '...'"},
        {"bytes_per_s: 1e6", "bytes_per_s: 10 GB/s", "bytes_per_s is '10 GB/s'"},
        {"weight_bytes: 1", "weight_bytes: 4 MB", "weight_bytes is '4 MB"},
        {"tolerance: 0", "tolerance: 10 %", "tolerance is '10 %'"},
        {"memory: true}", "memory: flase}", "memory is 'flase' (line"},
        {"memory: true}", "memory: maybe}", "it must be true or false"},
        {"lanes: 32", "lanes: 0x20", "not a number"},
        {"lanes: 32", "lanes: 3_2", "not a number"},
        {"summary: for tests\n", "", "summary"},
        {"summary: for tests", "sumary: for tests", "sumary"},
        {"name: toy", "name: other", "file's name"},
        {"platform: fpga-model", "platform: leo2-model", "file's name"},
        {"in_proj,", "in_projection,", "in_projection"},
        {"lanes: 32", "lanes: -32", "lanes"},
        {"lanes: 32", "lanes: 0", "lanes"},
        {"lanes: 32", "lanes: thirty", "thirty"},
        {"lanes: 32", "lanes: overlap", "overlap"},
        {"extent: n,", "extent: nn,", "nn"},
        {"extent: n, overhead: 3", "extent: n, cycles: 3", "innermost"},
        {"3*multiply + add", "3*multiply - add", "- add"},
        {"3*multiply + add", "3*multiply +", "missing"},
        {"3*multiply + add", "3*(multiply + add", "')'"},
        {"3*multiply + add", "((((((((((((((((((((1))))))))))))))))))))", "parentheses"},
        {"3*multiply + add", "1e308*100", "finite"},
        {"value: 6", "value: .nan", "value"},
        {"value: 6", "value: -6", "multiply"},
        {"dim: heads, size: width", "dim: herds, size: width", "herds"},
        {"size: width", "size: 0", "tiles"},
        {"split: n", "split: q", "'q'"},
        {"calls: m", "calls: 0", "calls"},
        {"arch: mamba1", "arch: mamba3", "mamba3"},
        {"stages: [head]", "stages: []", "stages"},
        {"bytes_per_s: 1e6", "bytes_per_s: 0", "bytes_per_s"},
        {"weight_bytes: 1", "weight_bytes: -1", "weight_bytes"},
        {"activations: fit", "activations: somewhere", "somewhere (line: 68"},
        {"access_bytes: 4", "access_bytes: 0", "access_bytes"},
        {"alignment: 4", "alignment: 0", "alignment"},
        {"exp: 1000", "exp: -1000", "exp"},
        {"default: serial", "default: random", "random"},
        {"name: width", "name: weights", "twice"},
        {"when: overlap=overlapped", "when: overlap=sometimes", "sometimes"},
        {"memory: true}", "memory: true, tile: width}", "slice_bytes"},
        {"memory: true}", "memory: true, tile: seqlens}", "seqlens"},
        {"value: 6", "value: 6, when: overlap=never", "never"},
        {"when: overlap=overlapped", "when: \"overlap=overlapped,colour!=red\"", "colour!=red"},
        {"when: overlap=overlapped", "when: \"overlap=overlapped,\"", "''"},
        {"trips:\n          - {extent: n, overhead: 3}\n          - {extent: k, lanes: 32, cycles: 2}\n",
         "simulation: nothing\n", "no simulation 'nothing'"},
        {"trips:\n          - {extent: n, overhead: 3}\n          - {extent: k, lanes: 32, cycles: 2}\n",
         "simulation: mannix_fc\n        arguments: [n, k]\n", "mannix_fc takes rows, columns"},
        {"trips:\n          - {extent: n, overhead: 3}\n          - {extent: k, lanes: 32, cycles: 2}\n",
         "simulation: mannix_fc\n        arguments: [n, kk, 7, 0]\n", "kk"},
        {"{send_cycles: 0,", "{send_cycles: -1,", "send_cycles"},
        {"resident: weights=resident", "resident: weights", "weights"},
        {"mul_pj: 1,", "mul_pj: -1,", "energy"},
        {"mul_pj: 1,", "mul_pj: 1e300,", "energy"},
        {"clock_hz: 1e6", "clock_hz: 1e300", "from 1e-18 to 1e+18"},
        {"access_bytes: 4", "access_bytes: 1e-300", "access_bytes"},
        {"alignment: 4", "alignment: 1e-9", "alignment"},
        {"fixed_s: 1, token_s: 1", "fixed_s: 0, token_s: 0", "fixed_s + token_s"},
        {"tiles:\n      - {dim: heads, size: width}\n",
         "tiles:\n"
         "      - {dim: heads, size: width}\n      - {dim: heads, size: width}\n      - {dim: heads, size: "
         "width}\n"
         "      - {dim: heads, size: width}\n      - {dim: heads, size: width}\n      - {dim: heads, size: "
         "width}\n"
         "      - {dim: heads, size: width}\n      - {dim: heads, size: width}\n      - {dim: heads, size: "
         "width}\n",
         "10 tiles"},
        {"stages: [head]", "stages: [head, x_proj]", "'x_proj' is served by unit 'fc' before it"},
        {"stages: [head]", "stages: [head, head]", "'head' is there twice"},
        {"stages: [head]", "stages: [head, contract]", "unit 'scan' absorbs stage 'contract'"},
        {"stages: [head]", "absorbs: [x_proj]\n    stages: [head]", "unit 'head' absorbs stage 'x_proj'"},
        {"stages: [head]", "absorbs: [contract]\n    stages: [head]", "unit 'head' absorbs stage 'contract'"},
        {"stages: [head]", "absorbs: [head]\n    stages: [head]", "'head' is there twice"},
        {"- name: head", "- name: fc", "unit 'fc' is there twice"},
        {"  - {resources: false, memory: false}",
         "  - {resources: false, memory: false}\n  - {resources: true, memory: false}", "overlap: the first"},
        {"  - {resources: false, memory: false}",
         "  - {when: \"width=2,overlap=overlapped\", resources: true, memory: false}",
         "when overlap=overlapped"},
        {"    - {send_cycles: 0, weight_cycles: 0, receive_cycles: 100}\n",
         "    - {send_cycles: 0, weight_cycles: 0, receive_cycles: 100}\n"
         "    - {send_cycles: 0, weight_cycles: 0, receive_cycles: 1}\n",
         "conversions: the first"},
        {"{name: add, value: 11}", "{name: add, value: 11}\n  - {name: add, value: 12}", "add: the first"},
        {"provenance: derived", "provenance: guessed", "guessed (line: "},
        {"figure: compute_cycles", "figure: speedup", "baselines"},
        {"figure: compute_cycles", "figure: pipeline_cycles", "pipeline"},
        {"name: other,", "name: other, when: colour=red,", "baselines: 'colour=red'"},
        {"token_s: 1, source: this file}\npublished:\n",
         "token_s: 1, when: width=3, source: this file}\npublished:\n"
         "  - {id: s, what: w, figure: speedup, value: 74, source: s, provenance: derived, tolerance: 0,\n"
         "     model: mamba2-130m, phase: decode, seqlens: [1], baseline: other}\n",
         "published 's': the law of 'other' holds when width=3"},
        {"tolerance: 0", "tolerance: -1", "'fc'"},
        {"calls: [{unit: fc, dims: [m=1, n=5, k=70]}]", "model: x", "seqlens"},
        {"calls: [{unit: fc", "options: [a=b], calls: [{unit: fc", "no option"},
        {"published:\n", "published: {\n", ""},
        {"name: toy\n", "name: toy\n---\nname: toy\n", "a second document begins at line"},
        {toy, "", "nothing"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct device *device = NULL;
        struct error error = {0};
        write_changed(cases[i].from, cases[i].to);
        if (device_load("fpga-model", "toy", &device, &error))
            fail_msg("'%s' for '%s' was taken", cases[i].to, cases[i].from);
        assert_int_equal(error.status, STATUS_USAGE);
        assert_contains(error.text, "fpga-model-toy.yaml");
        assert_contains(error.text, cases[i].said);
        assert_one_line(error.text);
        assert_null(device);
    }
}

static void alternatives_that_may_count_are_taken(void **state)
{
    (void)state;
    static const char *const stages[] = {
        "stages: [head]\n    arch: mamba2",
        /* Alternatives of one stage, narrow ones first. */
        "stages: [head]\n    when: width!=3\n  - name: head\n    stages: [head, gate]",
        "stages: [head]\n    when: weights=resident\n  - name: wide\n    stages: [head]\n    when: "
        "weights!=resident",
        "stages: [head]\n  - name: other\n    arch: mamba2\n    stages: [contract, scan]",
        "stages: [head]\n  - name: other\n    arch: mamba2\n    stages: [scan]\n    absorbs: [contract]",
        "stages: [head]\n    when: weights=resident\n    absorbs: [residual]\n  - name: wide\n"
        "    stages: [head]\n    absorbs: [residual]",
    };
    for (size_t i = 0; i < COUNT_OF(stages); i++) {
        struct device *device = NULL;
        struct error error = {0};
        write_changed("stages: [head]", stages[i]);
        if (!device_load("fpga-model", "toy", &device, &error))
            fail_msg("'%s': %s", stages[i], error.text);
        device_free(device);
    }
}

/* The toy with one thing changed loads but cannot price a token. */
static void open_changed(const char *from, const char *to, struct error *error)
{
    const struct model_shape shape = tiny_shape();
    static struct graph graph;
    static struct plan plan;
    struct run *run;
    const struct task task = {.graph = &graph, .plan = &plan, .device = "toy"};
    assert_true(graph_build(&shape, PHASE_DECODE, 1, 1, false, &graph, error));
    assert_true(plan_build(&graph, plan_fusing("scan+contract", PRECISION_FP32), &plan, error));
    write_changed(from, to);
    assert_false(platform_find("fpga-model")->open(&task, &run, error));
    assert_int_equal(error->status, STATUS_USAGE);
}

static void a_law_that_does_not_fit_its_stage_is_an_error(void **state)
{
    (void)state;
    struct error error = {0};
    open_changed("extent: m*n", "extent: headdim", &error);
    assert_contains(error.text, "toy");
    assert_contains(error.text, "'head'");
    assert_contains(error.text, "headdim");
}

/* The check of the file knows neither dimensions nor options. */
static void what_only_a_call_shows_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *unit, *said;
    } cases[] = {
        {"summary: s, default: 2", "summary: s, default: 0, may_be_zero: true", "grid", "'width' is 0"},
        {"extent: heads*headdim, cycles: 4", "extent: heads*headdim, cycles: 1e18", "grid", "1e+18 cycles"},
        {"extent: n, overhead: 3", "extent: n*1e18", "fc", "'n*1e18' is 5e+18"},
        {"values: n*k,", "values: 1e18*n*k,", "fc", "'1e18*n*k' is"},
    };
    const struct pricing_dims all[] = {{3, {{"m", 1}, {"n", 5}, {"k", 70}}},
                                       {3, {{"rows", 1}, {"heads", 5}, {"headdim", 3}}}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct pricing pricing;
        struct cost cost;
        struct notes notes = {""};
        struct error error = {0};
        write_changed(cases[i].from, cases[i].to);
        struct device *device = load("fpga-model", "toy");
        assert_true(pricing_init(&pricing, device, NULL, 0, &error));
        if (pricing_call(&pricing, pricing_unit_named(&pricing, cases[i].unit),
                         &all[!strcmp(cases[i].unit, "grid")], false, &cost, &notes, &error))
            fail_msg("'%s' for '%s' was taken", cases[i].to, cases[i].from);
        assert_int_equal(error.status, STATUS_USAGE);
        assert_contains(error.text, "toy");
        assert_contains(error.text, cases[i].unit);
        assert_contains(error.text, cases[i].said);
        device_free(device);
    }
}

static void times_that_no_record_holds_are_refused(void **state)
{
    (void)state;
    struct error error = {0};
    open_changed("clock_hz: 1e6", "clock_hz: 1e-17", &error);
    assert_contains(error.text, "clock");
}

/* A fused group too large for the chip, of values that move for free. */
static void values_without_bytes_need_no_tile_of_tokens(void **state)
{
    (void)state;
    const struct model_shape shape = tiny_shape();
    write_changed("activation_bytes: 2\n    state_bytes: 4\n    on_chip_bytes: 300",
                  "activation_bytes: 0\n    state_bytes: 4\n    on_chip_bytes: 100");
    struct bench *bench = open_bench("fpga-model", "toy", &shape, PHASE_PREFILL, 2, 3, "scan+contract", NULL);
    const struct price price = price_of(bench, "scan+contract");
    /* 8 channels of 4 states of 4 bytes are 128. */
    assert_near(price.held_bytes, 128);
    assert_int_equal(price.tile_tokens, 1);
    assert_int_equal(price.tile_channels, 6);
    close_bench(bench);
}

/* A tile of 2 tokens keeps `late` busy, one of 1 does not. */
static const char uneven[] = "name: toy\n"
                             "platform: fpga-model\n"
                             "summary: for tests\n"
                             "source: this file\n"
                             "clock_hz: 1\n"
                             "units:\n"
                             "  - name: early\n"
                             "    stages: [norm, in_proj, conv, silu, x_proj, dt_proj, softplus, discretize, "
                             "scan, contract, skip, gate,\n"
                             "             out_proj, embed, final_norm, head]\n"
                             "    pipelines:\n"
                             "      - {name: all, depth: 1}\n"
                             "  - name: residual\n"
                             "    stages: [residual]\n"
                             "    pipelines:\n"
                             "      - {name: first, resource: early, depth: 1}\n"
                             "      - {name: last, resource: late, depth: 1000*log2(rows)}\n"
                             "overlap:\n"
                             "  - {resources: true, memory: true, tile: 2}\n";

static void tiles_of_two_sizes_may_differ_in_steps(void **state)
{
    (void)state;
    const struct model_shape shape = tiny_shape();
    write_temporary_text("devices/fpga-model-toy.yaml", uneven);
    struct bench *bench = open_bench("fpga-model", "toy", &shape, PHASE_PREFILL, 1, 3, "none", NULL);
    /* 14 stages for each of the two tiles; the larger one's last step follows when it is through. */
    const struct price price = price_of(bench, "layer");
    assert_true(price.time_s >= 1000);
    close_bench(bench);
}

static void the_forward_pass_of_training_has_the_schedule_of_prefill(void **state)
{
    (void)state;
    const struct model_shape shape = tiny_shape();
    write_temporary_text("devices/fpga-model-toy.yaml", uneven);
    struct bench *prefill = open_bench("fpga-model", "toy", &shape, PHASE_PREFILL, 1, 3, "none", NULL);
    struct bench *train = open_training("toy", &shape, 1, 3, "none", "checkpoint:3");
    const struct price layer = price_of(prefill, "layer"), forward = price_of(train, "forward");
    assert_near(forward.time_s, layer.time_s);
    assert_near(forward.overhead_s, layer.overhead_s);
    assert_near(price_of(train, "residual").time_s, price_of(prefill, "residual").time_s);
    close_bench(train);
    close_bench(prefill);
}

/* Activations in 2 bytes, states in 4, which are those of the plan; all else stays on chip. */
static void what_is_kept_for_the_backward_pass_goes_off_chip(void **state)
{
    (void)state;
    static const char *const models[] = {"mamba-130m", "mamba2-130m"};
    static const struct {
        const char *recompute;
        double states; /* of 12 steps */
    } cases[] = {{"store", 12}, {"checkpoint:5", 3}, {"recompute", 0}};
    use_source_configs();
    for (int m = 0; m < COUNT_OF(models); m++) {
        const struct model_shape shape = preset(models[m]);
        struct bench *prefill =
            open_bench("fpga-model", "fastmamba-vc709", &shape, PHASE_PREFILL, 2, 12, NULL, NULL);
        const struct price layer = price_of(prefill, "layer");
        for (int c = 0; c < COUNT_OF(cases); c++) {
            struct bench *train = open_training("fastmamba-vc709", &shape, 2, 12, NULL, cases[c].recompute);
            const struct price forward = price_of(train, "forward");
            const double saved = (double)train->units[find_unit(train, "forward")].saved_bytes;
            const double states = 2 * 4 * cases[c].states * (double)(shape.d_inner * shape.d_state);
            assert_true(saved > states);
            assert_near(forward.off_chip_bytes, layer.off_chip_bytes + states + (saved - states) / 2);
            assert_true(forward.time_s >= layer.time_s && forward.compute_s == layer.compute_s);
            assert_contains(forward.note, "kept for the backward pass");
            close_bench(train);
        }
        close_bench(prefill);
    }
}

/* The backward pass reads what was kept, and starts when the forward pass is over. */
static void the_backward_pass_reads_what_is_kept(void **state)
{
    (void)state;
    const struct model_shape shape = tiny_shape();
    write_changed("on_chip_bytes: 300", "on_chip_bytes: 1000000");
    struct bench *store = open_training("toy", &shape, 2, 6, "scan+contract", "store");
    struct bench *rebuild = open_training("toy", &shape, 2, 6, "scan+contract", "recompute");
    const double states = 4 * 2 * 6 * 8 * 4; /* bytes, batch, steps, channels, states */
    assert_true(price_of(store, "scan_backward").off_chip_bytes >=
                price_of(rebuild, "scan_backward").off_chip_bytes + states);
    assert_true(price_of(rebuild, "scan_backward").off_chip_bytes > 0);
    struct bench *benches[] = {store, rebuild};
    for (int b = 0; b < COUNT_OF(benches); b++) {
        const struct price forward = price_of(benches[b], "forward"),
                           backward = price_of(benches[b], "backward"), layer = price_of(benches[b], "layer");
        assert_near(layer.time_s, forward.time_s + backward.time_s);
        assert_near(layer.joule, forward.joule + backward.joule);
        assert_near(layer.off_chip_bytes, forward.off_chip_bytes + backward.off_chip_bytes);
        close_bench(benches[b]);
    }
}

static void ports_take_no_more_tiles_than_can_be_listed(void **state)
{
    (void)state;
    use_source_configs();
    struct device *device = load("fpga-model", "ssm-block");
    const char *const options[] = {"ports=axi", "tile_heads=1", "tile_headdim=1"};
    const struct pricing_dims dims = {
        5, {{"batch", 1}, {"seqlen", 1}, {"heads", 65535}, {"headdim", 65535}, {"d_state", 128}}};
    struct pricing pricing;
    struct cost cost;
    struct notes notes = {""};
    struct error error = {0};
    assert_true(pricing_init(&pricing, device, options, COUNT_OF(options), &error));
    assert_false(
        pricing_call(&pricing, pricing_unit_named(&pricing, "ssm"), &dims, false, &cost, &notes, &error));
    assert_int_equal(error.status, STATUS_USAGE);
    assert_contains(error.text, "65536 tiles");
    device_free(device);
}

static void devices_are_listed_by_platform(void **state)
{
    (void)state;
    use_source_configs();
    struct error error = {0};
    char **names = device_names("fpga-model", &error);
    assert_non_null(names);
    int found = 0;
    for (char **name = names; *name; name++)
        found += !strcmp(*name, "ssm-block") || !strcmp(*name, "fastmamba-vc709");
    assert_int_equal(found, 2);
    configs_free_names(names);
    names = device_names("fpga", &error);
    assert_non_null(names);
    for (char **name = names; *name; name++)
        assert_true(strncmp(*name, "rtl", 3) == 0 || strncmp(*name, "model", 5) == 0);
    configs_free_names(names);
}

#define TEST(name) cmocka_unit_test_setup(name, restore_temporary_configs)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(expressions_are_evaluated),
        TEST(trips_nest),
        TEST(edge_tiles_are_priced_at_their_size),
        TEST(operands_too_large_for_the_device_are_split),
        TEST(groups_layer_and_model_add_up),
        TEST(overlapped_resources_take_the_longest),
        TEST(resident_weights_are_not_sent),
        TEST(energy_is_counted_per_event_or_by_power),
        TEST(the_plans_precision_changes_no_price),
        TEST(exponentials_are_a_class_of_their_own),
        TEST(leo2_forward_adds_up_to_the_port),
        TEST(what_does_not_fit_runs_on_the_host),
        TEST(conditions_are_combined),
        TEST(a_block_alone_skips_layer_and_model),
        TEST(longer_never_costs_less),
        TEST(wrong_options_are_refused),
        TEST(training_is_priced_or_refused),
        TEST(hostile_files_give_one_line),
        TEST(alternatives_that_may_count_are_taken),
        TEST(a_law_that_does_not_fit_its_stage_is_an_error),
        TEST(what_only_a_call_shows_is_refused),
        TEST(times_that_no_record_holds_are_refused),
        TEST(values_without_bytes_need_no_tile_of_tokens),
        TEST(tiles_of_two_sizes_may_differ_in_steps),
        TEST(the_forward_pass_of_training_has_the_schedule_of_prefill),
        TEST(what_is_kept_for_the_backward_pass_goes_off_chip),
        TEST(the_backward_pass_reads_what_is_kept),
        TEST(ports_take_no_more_tiles_than_can_be_listed),
        TEST(devices_are_listed_by_platform),
    };
    return cmocka_run_group_tests(tests, use_temporary_configs, remove_temporary_folder);
}
