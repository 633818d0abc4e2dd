/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <limits.h>
#include <malloc.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "mamba/memory.h"
#include "platforms/cpu/forward.h"
#include "platforms/platform.h"

static struct model_shape small_shape(enum arch arch)
{
    struct model_shape shape = {.arch = arch,
                                .d_model = 24,
                                .n_layer = 3,
                                .d_inner = 48,
                                .d_state = 8,
                                .d_conv = 4,
                                .vocab = 50,
                                .conv_bias = true,
                                .tied_head = true,
                                .norm_eps = 1e-5,
                                .dt_max = 1e30};
    struct error error = {0};
    snprintf(shape.name, sizeof shape.name, "small");
    if (arch == ARCH_MAMBA1)
        shape.dt_rank = 3;
    else
        shape.headdim = 12, shape.ngroups = 2;
    if (!shape_complete(&shape, "small", &error))
        fail_msg("%s", error.text);
    return shape;
}

static void run(void *user, struct team *team, struct part part)
{
    program_run(user, team, part);
}

/* Of the steps of these models: two threads share all, three only the larger ones. */
static const double least_share_ns[] = {0, 0, 0, 40};

/* Logits of all tokens: the first `prompt` at once, the others one by one. */
static double *logits_of(const struct model *model, const char *fusion, const char *scan,
                         enum precision precision, int threads, int64_t tokens, int64_t prompt)
{
    enum { BATCH = 2 };
    const int64_t vocab = model->shape.vocab;
    struct error error = {0};
    struct team *team = team_create(threads, &error);
    struct network *network = network_create(model, precision, BATCH, threads, &error);
    double *logits = calloc((size_t)(BATCH * tokens * vocab), sizeof *logits);
    struct plan_choices choices = plan_fusing(fusion, precision);
    choices.values[CHOICE_SCAN] = scan;
    assert_non_null(team);
    assert_non_null(network);
    network_least_share(network, least_share_ns[threads]);
    for (int64_t first = 0; first < tokens;) {
        const int64_t count = first == 0 && prompt ? prompt : 1;
        struct graph graph;
        struct plan plan;
        int32_t ids[BATCH * 64];
        if (!graph_build(&model->shape, PHASE_PREFILL, BATCH, count, true, &graph, &error) ||
            !plan_build(&graph, choices, &plan, &error))
            fail_msg("%s", error.text);
        struct program *program = program_create(network, &graph, &plan, &error);
        if (!program)
            fail_msg("%s", error.text);
        for (int64_t b = 0; b < BATCH; b++)
            for (int64_t t = 0; t < count; t++)
                ids[b * count + t] = (int32_t)((7 * (first + t) + 3 * b) % vocab);
        assert_true(program_set_ids(program, ids, &error));
        team_run(team, run, program);
        double *part = malloc((size_t)(BATCH * count * vocab) * sizeof *part);
        assert_true(program_read(program, "logits", part));
        for (int64_t b = 0; b < BATCH; b++)
            memcpy(logits + (b * tokens + first) * vocab, part + b * count * vocab,
                   (size_t)(count * vocab) * sizeof *part);
        free(part);
        program_destroy(program);
        first += count;
    }
    network_destroy(network);
    team_destroy(team);
    return logits;
}

static double relative_l2(const double *got, const double *want, int64_t count)
{
    double difference2 = 0, want2 = 0;
    for (int64_t i = 0; i < count; i++) {
        difference2 += (got[i] - want[i]) * (got[i] - want[i]);
        want2 += want[i] * want[i];
    }
    assert_true(want2 > 0);
    return sqrt(difference2 / want2);
}

/* Whatever the fusion, the scan algorithm, the number of threads and the split between prompt and decode: one
 * result. */
static void one_result_however_it_runs(void **state)
{
    (void)state;
    enum { TOKENS = 17 };
    static const char *const fusions[] = {"none", "conv-silu", "scan", "conv-silu,scan", "block"};
    static const char *const scans[][3] = {[ARCH_MAMBA1] = {"sequential", "blelloch", "chunked:5"},
                                           [ARCH_MAMBA2] = {"sequential", "ssd", "ssd:5"}};
    for (int arch = ARCH_MAMBA1; arch <= ARCH_MAMBA2; arch++) {
        const struct model_shape shape = small_shape((enum arch)arch);
        struct model model;
        struct error error = {0};
        const int64_t count = 2 * TOKENS * shape.vocab;
        if (!model_synthesize(&shape, 3, &model, &error))
            fail_msg("%s", error.text);
        double *want = logits_of(&model, "none", NULL, PRECISION_FP64, 1, TOKENS, TOKENS);
        for (int f = 0; f < COUNT_OF(fusions); f++)
            for (int threads = 1; threads <= 3; threads++)
                for (int64_t prompt = 0; prompt <= TOKENS; prompt += 8)
                    for (int s = 0; s < (threads == 2 ? COUNT_OF(scans[arch]) : 1); s++) {
                        double *got = logits_of(&model, fusions[f], scans[arch][s], PRECISION_FP32, threads,
                                                TOKENS, prompt);
                        const double error_l2 = relative_l2(got, want, count);
                        if (!(error_l2 < 2e-6))
                            fail_msg("arch %d, fusion %s, scan %s, %d threads, prompt %ld: rel L2 %g", arch,
                                     fusions[f], scans[arch][s], threads, (long)prompt, error_l2);
                        free(got);
                    }
        for (int f = 1; f < COUNT_OF(fusions); f++) {
            double *fused = logits_of(&model, fusions[f], NULL, PRECISION_FP64, 2, TOKENS, 5);
            assert_true(relative_l2(fused, want, count) < 1e-13);
            free(fused);
        }
        free(want);
        model_close(&model);
    }
}

/* A barrier costs more than sharing a row of a norm gains. */
static void what_is_small_is_not_shared(void **state)
{
    (void)state;
    enum { THREADS = 8 };
    struct model_shape shape;
    struct model model;
    struct error error = {0};
    assert_true(shape_preset("mamba-130m", &shape, &error));
    shape.n_layer = 1;
    assert_true(model_synthesize(&shape, 1, &model, &error));
    struct network *network = network_create(&model, PRECISION_FP32, 1, THREADS, &error);
    assert_non_null(network);
    for (int all = 0; all < 2; all++)
        for (int64_t tokens = 1; tokens <= 64; tokens += 63) {
            struct graph graph;
            struct plan plan;
            network_least_share(network, all ? 0 : 250);
            assert_true(graph_build(&shape, PHASE_PREFILL, 1, tokens, false, &graph, &error));
            assert_true(plan_build(&graph, plan_fusing("none", PRECISION_FP32), &plan, &error));
            struct program *program = program_create(network, &graph, &plan, &error);
            if (!program)
                fail_msg("%s", error.text);
            int some = 0;
            for (int g = 0; g < plan.n_groups; g++) {
                const char *name = plan.groups[g].name;
                const int parts = program_parts(program, g);
                assert_in_range(parts, 1, THREADS);
                some += parts > 1 && parts < THREADS;
                if (all || !strcmp(name, "in_proj") || (tokens > 1 && !strcmp(name, "norm")))
                    assert_int_equal(parts, THREADS);
                else if (!strcmp(name, "final_norm")) /* of the last token */
                    assert_int_equal(parts, 1);
            }
            assert_true(all ? !some : some || tokens > 1);
            program_destroy(program);
        }
    network_destroy(network);
    model_close(&model);
}

/* What is offered instead is what this plan could take: whether it keeps states, what its backward pass reads
 * and its scan algorithm count. */
static void uncovered_groups_are_named(void **state)
{
    (void)state;
    static const char scan1[] = "softplus+discretize+scan+contract+skip+gate";
    static const struct {
        enum arch arch;
        enum phase phase;
        const char *fusion, *scan, *recompute, *says, *offers[3];
    } cases[] = {
        {ARCH_MAMBA1, PHASE_PREFILL, "skip+gate", NULL, NULL, "skip+gate", {"conv+silu", scan1}},
        {ARCH_MAMBA2,
         PHASE_PREFILL,
         "skip+gate_norm",
         NULL,
         NULL,
         "skip+gate_norm",
         {"conv+silu", "softplus+scan+skip", "conv+silu+softplus+scan+skip+gate_norm"}},
        {ARCH_MAMBA2, PHASE_PREFILL, "skip+gate_norm", "blelloch", NULL, "skip+gate_norm", {"conv+silu"}},
        {ARCH_MAMBA1,
         PHASE_TRAIN,
         "none",
         NULL,
         "store",
         "scan and keeps its states for the backward pass",
         {"conv+silu", scan1}},
        {ARCH_MAMBA2,
         PHASE_TRAIN,
         "block",
         NULL,
         "store",
         "conv+silu+softplus+scan+skip+gate_norm and keeps its states for the backward pass",
         {"conv+silu", "softplus+scan+skip"}},
        {ARCH_MAMBA2,
         PHASE_TRAIN,
         "skip+gate_norm",
         NULL,
         "recompute",
         "skip+gate_norm",
         {"conv+silu", "softplus+scan+skip"}},
    };
    for (int c = 0; c < COUNT_OF(cases); c++) {
        const struct model_shape shape = small_shape(cases[c].arch);
        struct model model;
        struct error error = {0};
        struct graph graph;
        struct plan plan;
        char says[512];
        struct plan_choices choices = plan_fusing(cases[c].fusion, PRECISION_FP32);
        choices.values[CHOICE_SCAN] = cases[c].scan;
        choices.values[CHOICE_RECOMPUTE] = cases[c].recompute;
        assert_true(model_synthesize(&shape, 1, &model, &error));
        assert_true(graph_build(&shape, cases[c].phase, 1, 4, false, &graph, &error));
        assert_true(plan_build(&graph, choices, &plan, &error));
        struct network *network = network_create(&model, PRECISION_FP32, 1, 1, &error);
        assert_null(program_create(network, &graph, &plan, &error));
        snprintf(says, sizeof says, "--fusion: no kernel covers %s on cpu", cases[c].says);
        for (int i = 0; i < 3 && cases[c].offers[i]; i++) {
            const size_t used = strlen(says);
            snprintf(says + used, sizeof says - used, "%s%s", i ? ", " : "; fused kernels cover ",
                     cases[c].offers[i]);
        }
        assert_string_equal(error.text, says);
        network_destroy(network);
        model_close(&model);
    }
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
static uint64_t allocated(void)
{
    const struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

/* The check before anything is touched counts what is then taken. */
static void memory_is_foreseen(void **state)
{
    (void)state;
    static const struct {
        enum arch arch;
        enum phase phase;
        enum precision precision;
        const char *fusion, *scan, *recompute;
    } cases[] = {
        {ARCH_MAMBA1, PHASE_PREFILL, PRECISION_FP32, NULL, "blelloch", NULL},
        {ARCH_MAMBA1, PHASE_PREFILL, PRECISION_INT8, "none", NULL, NULL},
        {ARCH_MAMBA2, PHASE_PREFILL, PRECISION_FP32, "block", "ssd", NULL},
        {ARCH_MAMBA2, PHASE_DECODE, PRECISION_BF16, NULL, NULL, NULL},
        {ARCH_MAMBA1, PHASE_TRAIN, PRECISION_FP32, NULL, NULL, "store"},
        {ARCH_MAMBA2, PHASE_TRAIN, PRECISION_FP32, NULL, NULL, "recompute"},
        {ARCH_MAMBA1, PHASE_PREFILL, PRECISION_FP64, NULL, NULL, NULL},
    };
    for (int c = 0; c < COUNT_OF(cases); c++) {
        struct model_shape shape = {.arch = cases[c].arch,
                                    .name = "middling",
                                    .d_model = 256,
                                    .n_layer = 3,
                                    .d_inner = 512,
                                    .d_state = 16,
                                    .d_conv = 4,
                                    .dt_rank = cases[c].arch == ARCH_MAMBA1 ? 16 : 0,
                                    .headdim = cases[c].arch == ARCH_MAMBA2 ? 64 : 0,
                                    .ngroups = cases[c].arch == ARCH_MAMBA2 ? 1 : 0,
                                    .vocab = 1000,
                                    .conv_bias = true,
                                    .tied_head = true,
                                    .norm_eps = 1e-5,
                                    .dt_max = 1e30};
        struct model model;
        struct error error = {0};
        struct graph graph;
        struct plan plan;
        struct plan_choices choices = plan_fusing(cases[c].fusion, cases[c].precision);
        choices.values[CHOICE_SCAN] = cases[c].scan;
        choices.values[CHOICE_RECOMPUTE] = cases[c].recompute;
        if (!shape_complete(&shape, "test", &error) || !model_synthesize(&shape, 1, &model, &error) ||
            !graph_build(&shape, cases[c].phase, 2, 200, false, &graph, &error) ||
            !plan_build(&graph, choices, &plan, &error))
            fail_msg("%s", error.text);
        struct network *network = network_create(&model, cases[c].precision, 2, 1, &error);
        assert_non_null(network);
        for (int again = 0; again < 2; again++) {
            const uint64_t before = allocated(), packed_before = network_packed_bytes(network);
            struct program *program = program_create(network, &graph, &plan, &error);
            if (!program)
                fail_msg("%s", error.text);
            const double taken = (double)(allocated() - before);
            const double foreseen = (double)program_memory(program).foreseen;
            if (!(fabs(taken - foreseen) < 0.01 * taken + 65536))
                fail_msg("case %d: took %.0f bytes, %.0f foreseen", c, taken, foreseen);
            const struct program_memory memory = program_memory(program);
            const double told =
                (double)(memory.saved + memory.working + network_packed_bytes(network) - packed_before);
            if (!(fabs(told - foreseen) < 0.01 * foreseen + 65536))
                fail_msg("case %d: %.0f bytes are told of, %.0f foreseen", c, told, foreseen);
            program_destroy(program);
        }
        network_destroy(network);
        model_close(&model);
    }
}

/* Weights are packed piece by piece, each of them little. */
static void many_weights_are_too_much(void **state)
{
    (void)state;
    struct model_shape shape = {.arch = ARCH_MAMBA1,
                                .name = "deep",
                                .d_model = 512,
                                .n_layer = 16,
                                .d_inner = 1024,
                                .d_state = 16,
                                .d_conv = 4,
                                .dt_rank = 32,
                                .vocab = 100,
                                .conv_bias = true,
                                .tied_head = true,
                                .norm_eps = 1e-5,
                                .dt_max = 1e30};
    struct model model;
    struct error error = {0};
    struct graph graph;
    struct plan plan;
    struct rlimit unlimited, limit;
    if (!shape_complete(&shape, "test", &error) || !model_synthesize(&shape, 1, &model, &error) ||
        !graph_build(&shape, PHASE_PREFILL, 1, 8, false, &graph, &error) ||
        !plan_build(&graph, plan_fusing(NULL, PRECISION_FP32), &plan, &error))
        fail_msg("%s", error.text);
    struct network *network = network_create(&model, PRECISION_FP32, 1, 1, &error);
    assert_non_null(network);
    assert_int_equal(getrlimit(RLIMIT_AS, &unlimited), 0);
    for (uint64_t mib = 70; mib <= 210; mib += 140) {
        long pages = 0;
        FILE *file = fopen("/proc/self/statm", "r");
        assert_non_null(file);
        assert_int_equal(fscanf(file, "%ld", &pages), 1);
        fclose(file);
        limit = unlimited;
        limit.rlim_cur = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + (mib << 20);
        assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);
        assert_true(memory_available() <= mib << 20);
        struct program *program = program_create(network, &graph, &plan, &error);
        assert_int_equal(setrlimit(RLIMIT_AS, &unlimited), 0);
        if (mib > 100 && !program)
            fail_msg("%s", error.text);
        if (mib < 100) {
            assert_null(program);
            assert_int_equal(error.status, STATUS_UNAVAILABLE);
            assert_non_null(
                strstr(error.text, "need 0.1 GB of memory (the largest, 'in_proj.weight', 0.1 GB)"));
            error = (struct error){0};
        }
        program_destroy(program);
    }
    network_destroy(network);
    model_close(&model);
}
#else /* which have allocators of their own */
static void memory_is_foreseen(void **state)
{
    (void)state;
    skip();
}

static void many_weights_are_too_much(void **state)
{
    (void)state;
    skip();
}
#endif

static void bad_token_ids_are_refused(void **state)
{
    (void)state;
    const struct model_shape shape = small_shape(ARCH_MAMBA1);
    struct model model;
    struct error error = {0};
    struct graph graph;
    struct plan plan;
    assert_true(model_synthesize(&shape, 1, &model, &error));
    assert_true(graph_build(&shape, PHASE_PREFILL, 1, 2, false, &graph, &error));
    assert_true(plan_build(&graph, plan_fusing("none", PRECISION_FP32), &plan, &error));
    struct network *network = network_create(&model, PRECISION_FP32, 1, 1, &error);
    struct program *program = program_create(network, &graph, &plan, &error);
    assert_non_null(program);
    static const int32_t bad[][2] = {{0, 50}, {-1, 0}};
    for (int i = 0; i < COUNT_OF(bad); i++) {
        struct error refused = {0};
        assert_false(program_set_ids(program, bad[i], &refused));
        assert_int_equal(refused.status, STATUS_USAGE);
    }
    program_destroy(program);
    network_destroy(network);
    model_close(&model);
}

static void count_threads(void *user, struct team *team, struct part part)
{
    int *seen = user;
    seen[part.index]++;
    team_barrier(team);
    for (int i = 0; i < part.count; i++)
        if (seen[i] != seen[part.index])
            seen[part.index] = -100;
    team_barrier(team);
}

static void team_runs_every_part_once(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 5; threads++) {
        struct error error = {0};
        struct team *team = team_create(threads, &error);
        int seen[5] = {0};
        assert_non_null(team);
        assert_int_equal(team_threads(team), threads);
        for (int round = 1; round <= 20; round++) {
            team_run(team, count_threads, seen);
            for (int i = 0; i < threads; i++)
                assert_int_equal(seen[i], round);
        }
        team_destroy(team);
    }
    struct error error = {0};
    assert_null(team_create(-1, &error));
    assert_int_equal(error.status, STATUS_USAGE);
}

/* The units of the platform: every stage of the graph is in the plan once, alone or in a group. */
static void units_cover_the_graph(void **state)
{
    (void)state;
    const struct platform *cpu = platform_find("cpu");
    for (int arch = ARCH_MAMBA1; arch <= ARCH_MAMBA2; arch++)
        for (int phase = PHASE_PREFILL; phase <= PHASE_DECODE; phase++) {
            const struct model_shape shape = small_shape((enum arch)arch);
            struct model model;
            struct error error = {0};
            struct graph graph;
            struct plan plan;
            struct run *opened = NULL;
            assert_true(model_synthesize(&shape, 1, &model, &error));
            assert_true(graph_build(&shape, (enum phase)phase, 2, 9, false, &graph, &error));
            assert_true(plan_build(&graph, plan_fusing(NULL, PRECISION_FP32), &plan, &error));
            const struct task task = {.model = &model,
                                      .graph = &graph,
                                      .plan = &plan,
                                      .threads = 2,
                                      .cache = CACHE_WEIGHTS_COLD,
                                      .seed = 1,
                                      .context = 9};
            if (!cpu->open(&task, &opened, &error))
                fail_msg("%s", error.text);
            const struct unit *units;
            const int n = cpu->units(opened, &units);
            uint64_t layer_mul = 0, model_mul = 0;
            for (int u = 0; u < n; u++) {
                struct accuracy accuracy;
                assert_true(cpu->execute(opened, u, 4, &error));
                assert_true(cpu->accuracy(opened, u, &accuracy, &error));
                assert_string_equal(accuracy.reason, "");
                if (!(accuracy.rel_l2 < 2e-6))
                    fail_msg("%s: rel L2 %g", units[u].name, accuracy.rel_l2);
                if (units[u].in_plan)
                    model_mul += units[u].work.mul * (uint64_t)units[u].repeats;
                if (units[u].in_plan && units[u].repeats == shape.n_layer)
                    layer_mul += units[u].work.mul;
            }
            assert_int_equal(units[n - 2].scope, SCOPE_LAYER);
            assert_int_equal(units[n - 2].work.mul, layer_mul);
            assert_int_equal(units[n - 1].scope, SCOPE_MODEL);
            assert_int_equal(units[n - 1].work.mul, model_mul);
            cpu->close(opened);
            model_close(&model);
        }
}

/* A span is the plan's groups that lie in it, and nothing is timed alone beside it. Its error is theirs
 * alone, on all the tokens that are timed: not that of the projections before it, which have bf16 weights. */
static void spans_run_their_groups(void **state)
{
    (void)state;
    const struct platform *cpu = platform_find("cpu");
    for (int arch = ARCH_MAMBA1; arch <= ARCH_MAMBA2; arch++) {
        const struct model_shape shape = small_shape((enum arch)arch);
        struct model model;
        struct error error = {0};
        struct graph graph;
        struct plan plan, block, spans;
        const struct plan *both[] = {&plan, &block};
        struct run *opened = NULL;
        assert_true(model_synthesize(&shape, 1, &model, &error));
        assert_true(graph_build(&shape, PHASE_PREFILL, 1, 40, false, &graph, &error));
        assert_true(plan_build(&graph, plan_fusing("none", PRECISION_BF16), &plan, &error));
        assert_true(plan_build(&graph, plan_fusing("block", PRECISION_BF16), &block, &error));
        assert_true(plan_spans(&graph, both, 2, &spans, &error));
        assert_int_equal(spans.n_groups, block.n_groups);
        const struct task task = {
            .model = &model, .graph = &graph, .plan = &plan, .spans = &spans, .threads = 2, .seed = 1};
        if (!cpu->open(&task, &opened, &error))
            fail_msg("%s", error.text);
        const struct unit *units;
        const int n = cpu->units(opened, &units);
        int found = 0;
        for (int u = 0; u < n; u++) {
            uint64_t mul = 0, written = 0;
            assert_true(units[u].scope >= SCOPE_LAYER || units[u].in_plan || units[u].span >= 0);
            if (units[u].span < 0)
                continue;
            for (int v = 0; v < n; v++)
                if (units[v].group >= 0 &&
                    group_within(&plan.groups[units[v].group], &spans.groups[units[u].span])) {
                    mul += units[v].work.mul;
                    written += units[v].bytes_written;
                }
            assert_int_equal(units[u].work.mul, mul);
            assert_int_equal(units[u].bytes_written, written);
            struct accuracy accuracy = {0};
            assert_true(cpu->accuracy(opened, u, &accuracy, &error));
            assert_string_equal(accuracy.reason, "");
            assert_int_equal(accuracy.tokens, 40);
            assert_true(accuracy.rel_l2 > 0 && accuracy.rel_l2 < 1e-6);
            assert_true(cpu->execute(opened, u, 2, &error));
            found++;
        }
        assert_int_equal(found, arch == ARCH_MAMBA1 ? 2 : 1);
        cpu->close(opened);
        model_close(&model);
    }
}

static atomic_int questions, patience;

static bool is_impatient(void)
{
    return atomic_fetch_add(&questions, 1) >= patience;
}

/* The errors of a layer and of the model rest on runs of the whole model in both precisions: whenever the
 * interrupt comes, what follows is a step of a layer away, be it in prefill, in decode's prefill or in the
 * backward pass. */
static void an_interrupt_is_answered_within_a_layer(void **state)
{
    (void)state;
    const struct platform *cpu = platform_find("cpu");
    const struct model_shape shape = small_shape(ARCH_MAMBA1);
    struct model model;
    struct error error = {0};
    assert_true(model_synthesize(&shape, 1, &model, &error));
    for (int phase = PHASE_PREFILL; phase <= PHASE_TRAIN; phase++) {
        struct graph graph;
        struct plan plan;
        struct accuracy accuracy;
        const struct unit *units;
        const bool once = phase == PHASE_PREFILL;
        assert_true(graph_build(&shape, (enum phase)phase, 1, 9, false, &graph, &error));
        assert_true(plan_build(&graph, plan_fusing(NULL, PRECISION_FP32), &plan, &error));
        const struct task task = {.model = &model,
                                  .graph = &graph,
                                  .plan = &plan,
                                  .threads = 2,
                                  .seed = 1,
                                  .context = 9,
                                  .stopped = is_impatient};
        int asked[2] = {0}; /* to open, and for the model's error */
        for (int step = 0; step < 2; step++)
            for (int until = -1; until < asked[step]; until += until < 0 ? 1 : 5) {
                struct run *opened = NULL;
                error = (struct error){0};
                patience = step == 0 && until >= 0 ? until : INT_MAX;
                questions = 0;
                const bool ok = cpu->open(&task, &opened, &error);
                if (step == 0 && until < 0)
                    asked[0] = questions;
                assert_true(ok == (step == 1 || until < 0));
                if (!ok) {
                    assert_string_equal(error.text, "interrupted");
                    assert_in_range(questions, until + 1, until + 2);
                    continue;
                }
                const int n = cpu->units(opened, &units);
                patience = step == 1 && until >= 0 ? until : INT_MAX;
                questions = 0;
                if (step == 1) {
                    assert_true(cpu->accuracy(opened, n - 1, &accuracy, &error));
                    assert_string_equal(accuracy.reason, until < 0 ? "" : "interrupted");
                    if (until < 0)
                        asked[1] = questions;
                    else
                        assert_int_equal(questions, until + 1);
                }
                cpu->close(opened);
            }
        /* Twice the model, each layer of which asks several times. */
        assert_true(asked[1] >= 2 * (once ? 1 : 2) * 3 * shape.n_layer);
        assert_true(asked[0] >= (once ? 1 : 2) * 3 * shape.n_layer);
    }
    model_close(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_result_however_it_runs),
        cmocka_unit_test(what_is_small_is_not_shared),
        cmocka_unit_test(uncovered_groups_are_named),
        cmocka_unit_test(memory_is_foreseen),
        cmocka_unit_test(many_weights_are_too_much),
        cmocka_unit_test(bad_token_ids_are_refused),
        cmocka_unit_test(team_runs_every_part_once),
        cmocka_unit_test(units_cover_the_graph),
        cmocka_unit_test(spans_run_their_groups),
        cmocka_unit_test(an_interrupt_is_answered_within_a_layer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
