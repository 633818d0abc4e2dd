/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/cbench.h"

/* cmocka's assertions jump: in callbacks, which are called from C++, only facts are noted down. */

enum { MAX_CALLS = 4096, MAX_RESULTS = 16 };

struct log {
    char calls[MAX_CALLS];
    int n_calls;
};

struct workload {
    struct log *log;
    char letter;
    double manual_s;  /* of one iteration */
    int skip_at_call; /* 1: the first; 0: never */
    bool skip_within_region, no_region, no_time;
    struct cbench_counter counters[4];
    int n_counters;
    bool alternate_kind;
    int calls;
    int64_t iterations[64], args[3];
    struct cbench *nested;
    int nested_result;
};

static void work(struct cbench_state *state, void *user)
{
    struct workload *w = user;
    if (w->log && w->log->n_calls < MAX_CALLS)
        w->log->calls[w->log->n_calls++] = w->letter;
    if (w->calls < 64)
        w->iterations[w->calls] = cbench_iterations(state);
    w->calls++;
    for (int i = 0; i < 3; i++)
        w->args[i] = cbench_arg(state, i);
    if (w->nested)
        w->nested_result = cbench_run(w->nested, false, NULL, NULL);
    if (w->skip_at_call == w->calls && !w->skip_within_region) {
        cbench_skip(state, "no such kernel here");
        return;
    }
    if (w->no_region)
        return;
    cbench_start(state);
    int sum = 0;
    for (int64_t i = 0; i < cbench_iterations(state); i++) {
        sum += 1;
        cbench_keep(&sum);
    }
    if (w->skip_at_call == w->calls)
        cbench_skip(state, "broke off");
    cbench_stop(state);
    if (!w->no_time)
        cbench_set_time(state, w->manual_s * (double)cbench_iterations(state));
    for (int i = 0; i < w->n_counters; i++) {
        struct cbench_counter counter = w->counters[i];
        if (w->alternate_kind)
            counter.rate = w->calls % 2;
        cbench_set_counter(state, &counter);
    }
}

struct kept {
    char name[64], reason[128];
    const void *user;
    bool skipped;
    struct cbench_repetition repetitions[64];
    int n_repetitions;
    char counter_names[8][32];
    struct cbench_counter counters[8];
    int n_counters;
    int calls_so_far; /* of this benchmark, when the result came */
};

struct results {
    struct kept kept[MAX_RESULTS];
    int n;
};

static void keep(const struct cbench_result *result, void *user)
{
    struct results *results = user;
    if (results->n == MAX_RESULTS)
        return;
    struct kept *kept = &results->kept[results->n++];
    snprintf(kept->name, sizeof kept->name, "%s", result->name);
    snprintf(kept->reason, sizeof kept->reason, "%s", result->skip_reason ? result->skip_reason : "");
    kept->user = result->user;
    kept->skipped = result->skip_reason != NULL;
    kept->n_repetitions = result->n_repetitions;
    for (int i = 0; i < result->n_repetitions && i < 64; i++)
        kept->repetitions[i] = result->repetitions[i];
    kept->n_counters = result->n_counters;
    for (int i = 0; i < result->n_counters && i < 8; i++) {
        kept->counters[i] = result->counters[i];
        snprintf(kept->counter_names[i], sizeof kept->counter_names[i], "%s", result->counters[i].name);
        kept->counters[i].name = kept->counter_names[i];
    }
    kept->calls_so_far = ((const struct workload *)result->user)->calls;
}

static const struct cbench_options manual = {.repetitions = 5, .iterations = 10, .clock = CBENCH_MANUAL};

/* Runs one benchmark of that workload. */
static int run_one(struct workload *w, const struct cbench_options *options, struct results *results)
{
    struct cbench *set = cbench_create();
    assert_non_null(set);
    assert_true(cbench_register(set, "one", work, w, options));
    int ran = cbench_run(set, false, keep, results);
    cbench_destroy(set);
    return ran;
}

static const struct cbench_counter *find_counter(const struct kept *kept, const char *name)
{
    for (int i = 0; i < kept->n_counters; i++)
        if (!strcmp(kept->counters[i].name, name))
            return &kept->counters[i];
    return NULL;
}

static void test_manual_time_is_returned_exactly(void **state)
{
    (void)state;
    struct workload w = {.manual_s = 0.25};
    struct results results = {.n = 0};
    assert_int_equal(run_one(&w, &manual, &results), 1);
    assert_int_equal(results.n, 1);
    assert_string_equal(results.kept[0].name, "one");
    assert_ptr_equal(results.kept[0].user, &w);
    assert_false(results.kept[0].skipped);
    assert_int_equal(results.kept[0].n_repetitions, 5);
    assert_int_equal(w.calls, 5);
    for (int i = 0; i < 5; i++) {
        assert_true(results.kept[0].repetitions[i].time_s == 0.25);
        assert_int_equal(results.kept[0].repetitions[i].iterations, 10);
        assert_int_equal(w.iterations[i], 10);
    }
}

static void different_times(struct cbench_state *state, void *user)
{
    struct workload *w = user;
    cbench_start(state);
    cbench_stop(state);
    cbench_set_time(state, ++w->calls * (double)cbench_iterations(state));
}

static void test_repetitions_are_in_order(void **state)
{
    (void)state;
    struct workload w = {.calls = 0};
    struct results results = {.n = 0};
    struct cbench *set = cbench_create();
    assert_true(cbench_register(set, "ordered", different_times, &w, &manual));
    assert_int_equal(cbench_run(set, true, keep, &results), 1);
    cbench_destroy(set);
    for (int i = 0; i < 5; i++)
        assert_true(results.kept[0].repetitions[i].time_s == i + 1.0);
}

static void test_iterations_are_found(void **state)
{
    (void)state;
    /* 1 ms an iteration: 100 of them make a repetition of 0.1 s. */
    struct workload w = {.manual_s = 1e-3};
    struct cbench_options options = {.min_time_s = 0.1, .repetitions = 3, .clock = CBENCH_MANUAL};
    struct results results = {.n = 0};
    assert_int_equal(run_one(&w, &options, &results), 1);
    assert_int_equal(results.kept[0].n_repetitions, 3);
    int64_t iterations = results.kept[0].repetitions[0].iterations;
    assert_in_range(iterations, 100, 1000);
    assert_int_equal(results.kept[0].repetitions[2].iterations, iterations);
    assert_true(w.calls > 3);
    assert_int_equal(w.iterations[0], 1);
}

static void test_wall_and_cpu_clock(void **state)
{
    (void)state;
    for (int clock = CBENCH_WALL; clock <= CBENCH_CPU; clock++) {
        struct workload w = {.manual_s = 1000};
        struct cbench_options options = {
            .repetitions = 2, .iterations = 100000, .clock = (enum cbench_clock)clock};
        struct results results = {.n = 0};
        assert_int_equal(run_one(&w, &options, &results), 1);
        for (int i = 0; i < 2; i++) {
            const struct cbench_repetition *r = &results.kept[0].repetitions[i];
            assert_true(r->time_s > 0 && r->time_s < 1);
            assert_true(r->cpu_s >= 0 && r->cpu_s < 1);
            if (clock == CBENCH_CPU)
                assert_true(r->time_s == r->cpu_s);
        }
    }
}

static void sleep_within(struct cbench_state *state, void *user)
{
    const struct timespec pause = {0, 20000000};
    (void)user;
    nanosleep(&pause, NULL);
    cbench_start(state);
    for (int64_t i = 0; i < cbench_iterations(state); i++)
        nanosleep(&pause, NULL);
    cbench_stop(state);
    for (int i = 0; i < 10; i++)
        nanosleep(&pause, NULL);
}

static void test_only_the_region_is_timed(void **state)
{
    (void)state;
    struct workload w = {.calls = 0};
    struct cbench_options options = {.repetitions = 3, .iterations = 2};
    struct results results = {.n = 0};
    struct cbench *set = cbench_create();
    assert_true(cbench_register(set, "sleep", sleep_within, &w, &options));
    assert_int_equal(cbench_run(set, false, keep, &results), 1);
    cbench_destroy(set);
    /* A sleep may last longer than asked, never shorter. */
    double best = INFINITY;
    for (int i = 0; i < 3; i++)
        best = fmin(best, results.kept[0].repetitions[i].time_s);
    assert_true(best >= 0.02);
    assert_true(best < 0.1);
}

static void test_args_and_name(void **state)
{
    (void)state;
    struct workload w = {.manual_s = 1};
    struct cbench_options options = manual;
    options.n_args = 2;
    options.args[0] = 4;
    options.args[1] = -512;
    struct results results = {.n = 0};
    assert_int_equal(run_one(&w, &options, &results), 1);
    assert_string_equal(results.kept[0].name, "one/4/-512");
    assert_int_equal(w.args[0], 4);
    assert_int_equal(w.args[1], -512);
    assert_int_equal(w.args[2], 0);
}

static void test_counters(void **state)
{
    (void)state;
    /* 10 iterations of 0.25 s: 2.5 s a repetition. */
    struct workload w = {.manual_s = 0.25,
                         .counters = {{"plain", 7, false, false},
                                      {"each", 30, true, false},
                                      {"per_s", 50, false, true},
                                      {"not_a_number", NAN, false, false}},
                         .n_counters = 4};
    struct results results = {.n = 0};
    assert_int_equal(run_one(&w, &manual, &results), 1);
    const struct kept *kept = &results.kept[0];
    assert_int_equal(kept->n_counters, 3);
    assert_null(find_counter(kept, "not_a_number"));
    assert_true(find_counter(kept, "plain")->value == 7);
    assert_true(find_counter(kept, "each")->value == 3);
    assert_true(find_counter(kept, "each")->per_iteration);
    assert_true(find_counter(kept, "per_s")->value == 20);
    assert_true(find_counter(kept, "per_s")->rate);
}

static void infinite_at_odd_calls(struct cbench_state *state, void *user)
{
    struct workload *w = user;
    struct cbench_counter counter = {"sometimes", w->calls++ % 2 ? INFINITY : w->calls, false, false};
    cbench_start(state);
    cbench_stop(state);
    cbench_set_time(state, 1);
    cbench_set_counter(state, &counter);
}

static void test_counter_mean_is_over_those_that_have_it(void **state)
{
    (void)state;
    struct workload w = {.calls = 0};
    struct results results = {.n = 0};
    struct cbench *set = cbench_create();
    assert_true(cbench_register(set, "sometimes", infinite_at_odd_calls, &w, &manual));
    assert_int_equal(cbench_run(set, false, keep, &results), 1);
    cbench_destroy(set);
    /* Set in repetitions 0, 2, 4 to 1, 3, 5. */
    assert_true(find_counter(&results.kept[0], "sometimes")->value == 3);
}

static void test_counter_that_changes_kind_is_refused(void **state)
{
    (void)state;
    struct workload w = {
        .manual_s = 1, .counters = {{"x", 1, false, false}}, .n_counters = 1, .alternate_kind = true};
    struct results results = {.n = 0};
    assert_int_equal(run_one(&w, &manual, &results), 0);
    assert_non_null(strstr(results.kept[0].reason, "changed its kind"));
    struct workload both = {.manual_s = 1, .counters = {{"x", 1, true, true}}, .n_counters = 1};
    results.n = 0;
    assert_int_equal(run_one(&both, &manual, &results), 0);
    assert_non_null(strstr(results.kept[0].reason, "both"));
}

static void test_skip(void **state)
{
    (void)state;
    const struct {
        struct workload workload;
        int n_repetitions, calls;
        const char *reason;
    } cases[] = {
        {{.manual_s = 1, .skip_at_call = 1}, 0, 1, "no such kernel here"},
        {{.manual_s = 1, .skip_at_call = 3}, 2, 3, "no such kernel here"},
        {{.manual_s = 1, .skip_at_call = 2, .skip_within_region = true}, 1, 2, "broke off"},
        {{.manual_s = 1, .no_region = true}, 0, 1, "the benchmark returned without a timed region"},
        {{.manual_s = 1, .no_time = true}, 0, 1, "the benchmark set no manual time"},
        {{.manual_s = -1}, 0, 1, "the benchmark set no manual time"},
        {{.manual_s = NAN}, 0, 1, "the benchmark set no manual time"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct workload w = cases[i].workload;
        struct results results = {.n = 0};
        assert_int_equal(run_one(&w, &manual, &results), 0);
        assert_int_equal(results.n, 1);
        assert_true(results.kept[0].skipped);
        assert_string_equal(results.kept[0].reason, cases[i].reason);
        assert_int_equal(results.kept[0].n_repetitions, cases[i].n_repetitions);
        assert_int_equal(w.calls, cases[i].calls);
    }
}

enum { MIXED = 4, MIXED_REPETITIONS = 16 };

static void run_mixed(bool interleave, struct log *log, struct results *results, struct workload w[MIXED])
{
    struct cbench_options options = {
        .repetitions = MIXED_REPETITIONS, .iterations = 1, .clock = CBENCH_MANUAL};
    struct cbench *set = cbench_create();
    assert_non_null(set);
    for (int i = 0; i < MIXED; i++) {
        w[i] = (struct workload){.log = log, .letter = (char)('a' + i), .manual_s = 1};
        /* Names need not be unique. */
        assert_true(cbench_register(set, "same", work, &w[i], &options));
    }
    assert_int_equal(cbench_run(set, interleave, keep, results), MIXED);
    cbench_destroy(set);
    assert_int_equal(log->n_calls, MIXED * MIXED_REPETITIONS);
    assert_int_equal(results->n, MIXED);
    for (int i = 0; i < MIXED; i++)
        assert_int_equal(w[i].calls, MIXED_REPETITIONS);
}

static int changes(const struct log *log)
{
    int n = 0;
    for (int i = 1; i < log->n_calls; i++)
        n += log->calls[i] != log->calls[i - 1];
    return n;
}

static void test_interleaving(void **state)
{
    (void)state;
    struct log log = {.n_calls = 0};
    struct results results = {.n = 0};
    struct workload w[MIXED];
    run_mixed(false, &log, &results, w);
    assert_int_equal(changes(&log), MIXED - 1);

    struct log mixed = {.n_calls = 0}, again = {.n_calls = 0};
    results.n = 0;
    run_mixed(true, &mixed, &results, w);
    /* About 48 of 63 are expected; below 24 in less than one of 10^10 shuffles. */
    assert_true(changes(&mixed) >= 24);
    /* Each result came right after its last call. */
    for (int i = 0; i < MIXED; i++)
        assert_int_equal(results.kept[i].calls_so_far, MIXED_REPETITIONS);
    assert_ptr_equal(results.kept[MIXED - 1].user, &w[mixed.calls[mixed.n_calls - 1] - 'a']);
    results.n = 0;
    run_mixed(true, &again, &results, w);
    assert_memory_not_equal(mixed.calls, again.calls, MIXED * MIXED_REPETITIONS);
}

static void test_several_sets(void **state)
{
    (void)state;
    struct workload a = {.manual_s = 1}, b = {.manual_s = 2};
    struct results results = {.n = 0};
    struct cbench *first = cbench_create(), *second = cbench_create();
    assert_true(cbench_register(first, "DISABLED_first.*", work, &a, &manual));
    assert_true(cbench_register(second, "second", work, &b, &manual));
    assert_int_equal(cbench_run(first, true, keep, &results), 1);
    assert_int_equal(cbench_run(second, true, keep, &results), 1);
    assert_int_equal(cbench_run(first, false, keep, &results), 1);
    assert_int_equal(results.n, 3);
    assert_string_equal(results.kept[0].name, "DISABLED_first.*");
    assert_string_equal(results.kept[1].name, "second");
    assert_true(results.kept[1].repetitions[0].time_s == 2);
    assert_string_equal(results.kept[2].name, "DISABLED_first.*");
    assert_int_equal(results.kept[2].n_repetitions, 5);
    cbench_destroy(first);
    cbench_destroy(second);

    struct cbench *empty = cbench_create();
    assert_int_equal(cbench_run(empty, true, keep, &results), 0);
    assert_int_equal(results.n, 3);
    cbench_destroy(empty);
}

static void test_skipped_set_runs_again(void **state)
{
    (void)state;
    struct workload w = {.manual_s = 1, .skip_at_call = 1};
    struct results results = {.n = 0};
    struct cbench *set = cbench_create();
    assert_true(cbench_register(set, "again", work, &w, &manual));
    assert_int_equal(cbench_run(set, false, keep, &results), 0);
    assert_int_equal(cbench_run(set, false, keep, &results), 1);
    assert_int_equal(results.kept[1].n_repetitions, 5);
    cbench_destroy(set);
}

static void test_bad_input(void **state)
{
    (void)state;
    struct workload w = {.manual_s = 1};
    struct cbench *set = cbench_create();
    const struct cbench_options bad[] = {
        {.repetitions = 0},
        {.repetitions = 1, .n_args = CBENCH_MAX_ARGS + 1},
        {.repetitions = 1, .n_args = -1},
        {.repetitions = 1, .min_time_s = -1},
        {.repetitions = 1, .min_time_s = NAN},
        {.repetitions = 1, .iterations = -1},
        {.repetitions = 1, .clock = (enum cbench_clock)3},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(cbench_register(set, "bad", work, &w, &bad[i]));
    assert_false(cbench_register(set, NULL, work, &w, &manual));
    assert_false(cbench_register(set, "null", NULL, &w, &manual));
    assert_false(cbench_register(set, "null", work, &w, NULL));
    assert_int_equal(cbench_run(set, false, NULL, NULL), 0);

    /* A run within a run is refused, and the outer one goes on. */
    struct results results = {.n = 0};
    struct workload outer = {.manual_s = 1, .nested = set, .nested_result = 99};
    assert_int_equal(run_one(&outer, &manual, &results), 1);
    assert_int_equal(outer.nested_result, -1);
    assert_int_equal(results.kept[0].n_repetitions, 5);
    cbench_destroy(set);
    cbench_destroy(NULL);
}

/* Runs with stdout and stderr in a file, then looks at its size. */
static void test_nothing_is_printed(void **state)
{
    (void)state;
    FILE *file = tmpfile();
    assert_non_null(file);
    fflush(stdout);
    fflush(stderr);
    int out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO);
    assert_true(out >= 0 && err >= 0);
    dup2(fileno(file), STDOUT_FILENO);
    dup2(fileno(file), STDERR_FILENO);
    struct workload w = {.manual_s = 1}, skipped = {.manual_s = 1, .skip_at_call = 1};
    struct results results = {.n = 0};
    struct cbench *set = cbench_create();
    bool registered = cbench_register(set, "good", work, &w, &manual) &&
                      cbench_register(set, "skipped", work, &skipped, &manual);
    int ran = cbench_run(set, true, keep, &results);
    cbench_destroy(set);
    fflush(stdout);
    fflush(stderr);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    close(out);
    close(err);
    assert_true(registered);
    assert_int_equal(ran, 1);
    assert_int_equal(lseek(fileno(file), 0, SEEK_END), 0);
    fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_manual_time_is_returned_exactly),
        cmocka_unit_test(test_repetitions_are_in_order),
        cmocka_unit_test(test_iterations_are_found),
        cmocka_unit_test(test_wall_and_cpu_clock),
        cmocka_unit_test(test_only_the_region_is_timed),
        cmocka_unit_test(test_args_and_name),
        cmocka_unit_test(test_counters),
        cmocka_unit_test(test_counter_mean_is_over_those_that_have_it),
        cmocka_unit_test(test_counter_that_changes_kind_is_refused),
        cmocka_unit_test(test_skip),
        cmocka_unit_test(test_interleaving),
        cmocka_unit_test(test_several_sets),
        cmocka_unit_test(test_skipped_set_runs_again),
        cmocka_unit_test(test_bad_input),
        cmocka_unit_test(test_nothing_is_printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
