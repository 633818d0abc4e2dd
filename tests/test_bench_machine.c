/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <math.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/counters.h"
#include "bench/energy.h"
#include "bench/environment.h"
#include "bench/peaks.h"
#include "bench/processors.h"
#include "bench/roofline.h"
#include "bench/statistics.h"
#include "bench/sysfs.h"
#include "kernels/probe/probe.h"
#include "mamba/parallel.h"

static void assert_near(double got, double expected, double relative)
{
    if (fabs(got - expected) > relative * fabs(expected))
        fail_msg("got %.17g, expected %.17g", got, expected);
}

/* Statistics */

static struct statistics statistics_of(const double *samples, int n)
{
    struct error error = {STATUS_OK, ""};
    struct statistics statistics;
    if (!statistics_compute(samples, n, &statistics, &error))
        fail_msg("%s", error.text);
    return statistics;
}

static void test_median(void **state)
{
    (void)state;
    const double odd[] = {5, 1, 3}, even[] = {4, 1, 3, 2};
    struct statistics s = statistics_of(odd, 3);
    assert_true(s.median == 3 && s.min == 1 && s.max == 5 && s.n == 3);
    s = statistics_of(even, 4);
    assert_true(s.median == 2.5 && s.min == 1 && s.max == 4);
    assert_true(even[0] == 4 && even[3] == 2);
    const double huge[] = {1.7e308, 1.7e308};
    assert_true(statistics_of(huge, 2).median == 1.7e308);
}

static void test_interval_of_the_median(void **state)
{
    (void)state;
    /* Ranks and coverage from the table of binomial probabilities with p = 1/2: for example n = 10,
     * P(X < 2) = 11/1024 <= 0.025 < P(X < 3) = 56/1024. */
    static const struct {
        int n, k;
        double coverage;
        bool is_range;
    } cases[] = {
        {1, 1, 0, true},
        {2, 1, 1 - 2 / 4.0, true},
        {5, 1, 1 - 2 / 32.0, true},
        {6, 1, 1 - 2 / 64.0, false},
        {8, 1, 1 - 2 / 256.0, false},
        {9, 2, 1 - 20 / 512.0, false},
        {10, 2, 1 - 22 / 1024.0, false},
        {20, 6, 1 - 2 * 21700 / 1048576.0, false},
    };
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        double samples[20];
        int n = cases[c].n;
        for (int i = 0; i < n; i++)
            samples[i] = n - i;
        struct statistics s = statistics_of(samples, n);
        assert_true(s.ci95[0] == cases[c].k);
        assert_true(s.ci95[1] == n + 1 - cases[c].k);
        assert_true(fabs(s.coverage - cases[c].coverage) < 1e-9);
        assert_int_equal(s.interval_is_range, cases[c].is_range);
    }
    /* Many: the normal approximation n/2 - 0.98 sqrt(n) is within a rank, and 2^-n is no double. */
    enum { MANY = 10000 };
    double *samples = malloc(MANY * sizeof *samples);
    assert_non_null(samples);
    for (int i = 0; i < MANY; i++)
        samples[i] = i + 1;
    struct statistics s = statistics_of(samples, MANY);
    free(samples);
    assert_true(fabs(s.ci95[0] - (MANY / 2 - 98)) <= 1.5);
    assert_true(s.ci95[0] + s.ci95[1] == MANY + 1);
    assert_true(s.coverage >= 0.95 && s.coverage < 0.952);
}

static void test_statistics_refuse_nonsense(void **state)
{
    (void)state;
    const double samples[] = {1, NAN, 2};
    struct statistics s;
    struct error error = {STATUS_OK, ""};
    assert_false(statistics_compute(samples, 3, &s, &error));
    assert_non_null(strstr(error.text, "sample 1 of 3"));
    assert_false(statistics_compute(samples, 0, &s, NULL));
}

static void test_geometric_mean(void **state)
{
    (void)state;
    const double values[] = {1, 10, 100}, two[] = {2, 8}, huge[] = {1e300, 1e300, 1e300}, bad[] = {1, 0};
    double mean;
    assert_true(geometric_mean(values, 3, &mean, NULL));
    assert_near(mean, 10, 1e-14);
    assert_true(geometric_mean(two, 2, &mean, NULL));
    assert_near(mean, 4, 1e-14);
    assert_true(geometric_mean(huge, 3, &mean, NULL));
    assert_near(mean, 1e300, 1e-12);
    struct error error = {STATUS_OK, ""};
    assert_false(geometric_mean(bad, 2, &mean, &error));
    assert_non_null(strstr(error.text, "value 1"));
    assert_false(geometric_mean(values, 0, &mean, NULL));
}

/* Counters: a source whose samples the test sets. */

enum { FAKE_EVENTS = 6, FAKE_PARTS = 2 };

static struct {
    const char *names[FAKE_EVENTS];
    bool hardware[FAKE_EVENTS];
    int n;
    const char *refusal;
    struct counter_sample samples[FAKE_EVENTS][FAKE_PARTS];
    int opened, closed, started;
} fake;

static void *fake_open(const struct counter_event *taken, int n_taken, struct counter_event *events,
                       int *n_events, int *parts, char *reason, size_t reason_size)
{
    (void)taken;
    assert_int_equal(n_taken, 0);
    if (fake.refusal) {
        snprintf(reason, reason_size, "%s", fake.refusal);
        return NULL;
    }
    for (int i = 0; i < fake.n; i++)
        events[i] = (struct counter_event){fake.names[i], fake.hardware[i]};
    *n_events = fake.n;
    *parts = FAKE_PARTS;
    fake.opened++;
    return &fake;
}

static void fake_start(void *source)
{
    (void)source;
    fake.started++;
}

static void fake_stop(void *source, struct counter_sample *samples)
{
    (void)source;
    for (int i = 0; i < fake.n; i++)
        for (int p = 0; p < FAKE_PARTS; p++)
            samples[i * FAKE_PARTS + p] = fake.samples[i][p];
}

static void fake_close(void *source)
{
    (void)source;
    fake.closed++;
}

static const struct counter_source fake_source = {"fake", fake_open, fake_start, fake_stop, fake_close};

static void fake_event(const char *name, bool hardware, double first, double second)
{
    fake.names[fake.n] = name;
    fake.hardware[fake.n] = hardware;
    fake.samples[fake.n][0] = (struct counter_sample){.counted = true, .count = first};
    fake.samples[fake.n++][1] = (struct counter_sample){.counted = true, .count = second};
}

static void read_sources(const struct counter_source *const *sources, struct counters_reading *reading)
{
    struct counters *counters = counters_open(sources, NULL);
    assert_non_null(counters);
    counters_start(counters);
    counters_stop(counters, reading);
    counters_close(counters);
}

static const struct counters_value *value_of(const struct counters_reading *reading, const char *name)
{
    for (int i = 0; i < reading->n_values; i++)
        if (!strcmp(reading->values[i].name, name))
            return &reading->values[i];
    return NULL;
}

static void fake_essentials(void)
{
    memset(&fake, 0, sizeof fake);
    fake_event("cycles", true, 100, 50);
    fake_event("instructions", true, 200, 0);
    fake_event("cache_misses", true, 0, 0);
    fake_event("branch_misses", true, 3, 4);
}

static void test_counters_add_threads(void **state)
{
    (void)state;
    const struct counter_source *const sources[] = {&fake_source, NULL};
    struct counters_reading reading;
    fake_essentials();
    read_sources(sources, &reading);
    assert_int_equal(reading.status, COUNTERS_OK);
    assert_string_equal(reading.reason, "");
    assert_int_equal(reading.n_values, 4);
    assert_true(value_of(&reading, "cycles")->value == 150);
    assert_true(value_of(&reading, "branch_misses")->value == 7);
    /* Counted, and there were none: a true 0. */
    assert_true(value_of(&reading, "cache_misses")->value == 0);
    assert_false(value_of(&reading, "cycles")->scaled);
    assert_int_equal(fake.opened, 1);
    assert_int_equal(fake.started, 1);
    assert_int_equal(fake.closed, 1);
}

static void test_counters_scale_what_took_turns(void **state)
{
    (void)state;
    const struct counter_source *const sources[] = {&fake_source, NULL};
    struct counters_reading reading;
    fake_essentials();
    fake.samples[0][0].enabled_ns = 4000;
    fake.samples[0][0].running_ns = 1000;
    fake.samples[0][1].enabled_ns = 4000;
    fake.samples[0][1].running_ns = 4000;
    fake.samples[3][0].scaled = true;
    read_sources(sources, &reading);
    assert_int_equal(reading.status, COUNTERS_OK);
    assert_true(value_of(&reading, "cycles")->value == 4 * 100 + 50);
    assert_true(value_of(&reading, "cycles")->scaled);
    assert_true(value_of(&reading, "branch_misses")->scaled);
    assert_false(value_of(&reading, "instructions")->scaled);

    json_t *json = counters_json(&reading);
    assert_non_null(json);
    assert_string_equal(json_string_value(json_object_get(json, "status")), "ok");
    assert_null(json_object_get(json, "reason"));
    assert_int_equal(json_array_size(json_object_get(json, "scaled")), 2);
    assert_true(json_real_value(json_object_get(json_object_get(json, "values"), "cycles")) == 450);
    json_decref(json);
}

static void test_counters_never_say_0_for_not_counted(void **state)
{
    (void)state;
    const struct counter_source *const sources[] = {&fake_source, NULL};
    struct counters_reading reading;
    fake_essentials();
    /* One thread's turn never came; another event failed. */
    fake.samples[1][1].enabled_ns = 1000;
    fake.samples[2][0].counted = false;
    read_sources(sources, &reading);
    assert_int_equal(reading.status, COUNTERS_PARTIAL);
    assert_null(value_of(&reading, "instructions"));
    assert_null(value_of(&reading, "cache_misses"));
    assert_non_null(value_of(&reading, "cycles"));
    assert_non_null(strstr(reading.reason, "instructions was not counted"));
    assert_non_null(strstr(reading.reason, "cache_misses was not counted"));
    json_t *json = counters_json(&reading);
    assert_null(json_object_get(json_object_get(json, "values"), "instructions"));
    assert_string_equal(json_string_value(json_object_get(json, "status")), "partial");
    json_decref(json);
}

static void test_counters_without_hardware(void **state)
{
    (void)state;
    const struct counter_source *const sources[] = {&fake_source, counter_source_rusage, NULL};
    struct counters_reading reading;
    memset(&fake, 0, sizeof fake);
    fake.refusal = "no unit here";
    read_sources(sources, &reading);
    assert_int_equal(reading.status, COUNTERS_UNAVAILABLE);
    assert_string_equal(reading.reason, "no unit here");
    assert_int_equal(fake.closed, 0);
    assert_int_equal(reading.n_values, 3);
    assert_non_null(value_of(&reading, "task_clock_s"));

    /* What an earlier source has is not taken from a later one. */
    memset(&fake, 0, sizeof fake);
    fake_event("page_faults", false, 1000000, 0);
    read_sources(sources, &reading);
    assert_int_equal(reading.n_values, 3);
    assert_true(value_of(&reading, "page_faults")->value == 1000000);
    assert_int_equal(reading.status, COUNTERS_UNAVAILABLE);

    const struct counter_source *const none[] = {NULL};
    read_sources(none, &reading);
    assert_int_equal(reading.n_values, 0);
    assert_int_equal(reading.status, COUNTERS_UNAVAILABLE);
    assert_true(reading.reason[0]);
}

enum { TOUCHED_PAGES = 512 };

/* Each thread writes to pages of its own that are new. */
static void touch_part(void *user, struct part part)
{
    (void)user, (void)part;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *pages =
        mmap(NULL, TOUCHED_PAGES * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED)
        return;
    madvise(pages, TOUCHED_PAGES * page, MADV_NOHUGEPAGE);
    for (size_t i = 0; i < TOUCHED_PAGES; i++)
        ((volatile char *)pages)[i * page] = 1;
    munmap(pages, TOUCHED_PAGES * page);
}

static void touch_pages(int threads)
{
    parallel_run(threads, touch_part, NULL);
}

static double faults_of(struct counters *counters, int threads)
{
    struct counters_reading reading;
    counters_start(counters);
    touch_pages(threads);
    counters_stop(counters, &reading);
    const struct counters_value *faults = value_of(&reading, "page_faults");
    return faults ? faults->value : NAN;
}

/* Threads made before the counters were opened, and threads made after, are counted, and once. */
static void test_counters_see_all_threads(void **state)
{
    (void)state;
#ifdef __SANITIZE_THREAD__
    skip(); /* its shadow memory faults too */
#endif
    const struct counter_source *const perf[] = {counter_source_perf, NULL};
    const struct counter_source *const all[] = {counter_source_perf, counter_source_rusage, NULL};
    const struct counter_source *const rusage[] = {counter_source_rusage, NULL};
    const struct counter_source *const *const choices[] = {perf, all, rusage};
    for (int c = 0; c < 3; c++) {
        touch_pages(2);
        struct counters *counters = counters_open(choices[c], NULL);
        assert_non_null(counters);
        double before = faults_of(counters, 2), after = faults_of(counters, 4), one = faults_of(counters, 1);
        counters_close(counters);
        if (c == 0 && isnan(before))
            continue; /* this kernel refuses perf events to this user */
        assert_true(before >= 2 * TOUCHED_PAGES && before < 3 * TOUCHED_PAGES);
        assert_true(after >= 4 * TOUCHED_PAGES && after < 5 * TOUCHED_PAGES);
        assert_true(one >= TOUCHED_PAGES && one < 2 * TOUCHED_PAGES);
    }
}

static void test_counters_of_this_machine(void **state)
{
    (void)state;
    setenv("PAPI_EVENTS", "NO_SUCH_EVENT", 1);
    struct counters *counters = counters_open(NULL, NULL);
    assert_non_null(counters);
    for (int round = 0; round < 2; round++) {
        struct counters_reading reading;
        counters_start(counters);
        touch_pages(2);
        counters_stop(counters, &reading);
        assert_int_equal(reading.status != COUNTERS_OK, reading.reason[0] != '\0');
        assert_non_null(value_of(&reading, "task_clock_s"));
        assert_true(value_of(&reading, "task_clock_s")->value >= 0);
        assert_true(value_of(&reading, "task_clock_s")->value < 60);
        for (int i = 0; i < reading.n_values; i++)
            assert_true(isfinite(reading.values[i].value) && reading.values[i].value >= 0);
        const struct counters_value *cycles = value_of(&reading, "cycles");
        assert_true(!cycles || cycles->value > 0);
    }
    counters_close(counters);
    counters_close(NULL);
}

/* Energy: a powercap folder of our own. */

struct tree {
    char folder[64];
};

static void write_file(const struct tree *tree, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", tree->folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void add_zone(const struct tree *tree, const char *zone, const char *name, const char *energy,
                     const char *range)
{
    char folder[256], file[128];
    snprintf(folder, sizeof folder, "%s/%s", tree->folder, zone);
    assert_int_equal(mkdir(folder, 0700), 0);
    snprintf(file, sizeof file, "%s/name", zone);
    write_file(tree, file, name);
    snprintf(file, sizeof file, "%s/energy_uj", zone);
    write_file(tree, file, energy);
    snprintf(file, sizeof file, "%s/max_energy_range_uj", zone);
    write_file(tree, file, range);
}

static int make_tree(void **state)
{
    struct tree *tree = malloc(sizeof *tree);
    if (!tree)
        return -1;
    snprintf(tree->folder, sizeof tree->folder, "%s/powercap-XXXXXX", P_tmpdir);
    if (!mkdtemp(tree->folder))
        return -1;
    *state = tree;
    return 0;
}

static int remove_tree(void **state)
{
    struct tree *tree = *state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", tree->folder);
    int status = system(command);
    free(tree);
    return status;
}

static void test_energy(void **state)
{
    const struct tree *tree = *state;
    add_zone(tree, "intel-rapl:0", "package-0\n", "1000000\n", "262143328850\n");
    add_zone(tree, "intel-rapl:0:0", "core\n", "500000\n", "262143328850\n");
    add_zone(tree, "intel-rapl:0:1", "dram\n", "0\n", "65712999613\n");
    add_zone(tree, "intel-rapl:1", "package-1\n", "262143000000\n", "262143328850\n");
    add_zone(tree, "intel-rapl:2", "psys\n", "7\n", "262143328850\n");
    add_zone(tree, "intel-rapl-mmio:0", "package-0\n", "1000000\n", "262143328850\n");
    struct error error = {STATUS_OK, ""};
    struct energy *energy = energy_open(tree->folder, &error);
    if (!energy)
        fail_msg("%s", error.text);
    struct energy_reading reading;
    assert_false(energy_stop(energy, &reading, NULL));
    assert_true(energy_start(energy, &error));
    write_file(tree, "intel-rapl:0/energy_uj", "3500000\n");
    write_file(tree, "intel-rapl:0:0/energy_uj", "1500000\n");
    write_file(tree, "intel-rapl:0:1/energy_uj", "250000\n");
    write_file(tree, "intel-rapl:1/energy_uj", "671150\n");
    write_file(tree, "intel-rapl:2/energy_uj", "9000007\n");
    assert_true(energy_stop(energy, &reading, &error));
    /* package-1 went over its range: 328850 + 671150 uJ. */
    assert_near(reading.joule, 2.5 + 0.25 + 1.0, 1e-12);
    assert_int_equal(reading.n_domains, 5);
    assert_true(reading.time_s >= 0 && reading.time_s < 60);
    json_t *json = energy_json(&reading), *domains = json_object_get(json, "domains");
    assert_string_equal(json_string_value(json_object_get(json, "method")), "rapl");
    assert_near(json_real_value(json_object_get(domains, "package-0")), 2.5, 1e-12);
    assert_near(json_real_value(json_object_get(domains, "package-0/core")), 1, 1e-12);
    assert_near(json_real_value(json_object_get(domains, "package-0/dram")), 0.25, 1e-12);
    assert_near(json_real_value(json_object_get(domains, "package-1")), 1, 1e-12);
    assert_near(json_real_value(json_object_get(domains, "psys")), 9, 1e-12);
    json_decref(json);

    assert_true(energy_start(energy, &error));
    write_file(tree, "intel-rapl:0/energy_uj", "garbage\n");
    assert_false(energy_stop(energy, &reading, &error));
    assert_non_null(strstr(error.text, "intel-rapl:0/energy_uj"));
    energy_close(energy);
}

static void assert_no_energy(const struct tree *tree, const char *because)
{
    struct error error = {STATUS_OK, ""};
    assert_null(energy_open(tree->folder, &error));
    assert_int_equal(error.status, STATUS_UNAVAILABLE);
    if (!strstr(error.text, because))
        fail_msg("'%s' does not say '%s'", error.text, because);
}

static void test_energy_says_why_not(void **state)
{
    const struct tree *tree = *state, missing = {"/nonexistent/powercap"};
    assert_no_energy(&missing, "/nonexistent/powercap: No such file");
    assert_no_energy(tree, "no RAPL package zone");
    add_zone(tree, "intel-rapl:0", "psys\n", "1\n", "100\n");
    assert_no_energy(tree, "no RAPL package zone");
    add_zone(tree, "intel-rapl:1", "package-0\n", "1\n", "100\n");
    add_zone(tree, "intel-rapl:2", "package-1\n", "-5\n", "100\n");
    assert_no_energy(tree, "intel-rapl:2/energy_uj");
    write_file(tree, "intel-rapl:2/energy_uj", "5\n");
    write_file(tree, "intel-rapl:2/max_energy_range_uj", "99999999999999999999999\n");
    assert_no_energy(tree, "max_energy_range_uj");
    write_file(tree, "intel-rapl:2/max_energy_range_uj", "100\n");

    char path[256];
    snprintf(path, sizeof path, "%s/intel-rapl:2/energy_uj", tree->folder);
    if (geteuid()) { /* root may read all */
        assert_int_equal(chmod(path, 0), 0);
        assert_no_energy(tree, "root");
        assert_int_equal(chmod(path, 0600), 0);
    }
    struct energy *energy = energy_open(tree->folder, NULL);
    assert_non_null(energy);
    /* Above its range, then lower: not a wrap. */
    write_file(tree, "intel-rapl:2/energy_uj", "500\n");
    assert_true(energy_start(energy, NULL));
    write_file(tree, "intel-rapl:2/energy_uj", "400\n");
    struct energy_reading reading;
    struct error error = {STATUS_OK, ""};
    assert_false(energy_stop(energy, &reading, &error));
    assert_non_null(strstr(error.text, "fell from 500 to 400"));
    assert_int_equal(unlink(path), 0);
    assert_false(energy_start(energy, NULL));
    assert_false(energy_stop(energy, &reading, NULL));
    energy_close(energy);
}

static void test_sysfs(void **state)
{
    const struct tree *tree = *state;
    char path[256], text[8];
    uint64_t number = 0;
    write_file(tree, "x", "12345678\n");
    snprintf(path, sizeof path, "%s/x", tree->folder);
    assert_false(sysfs_read(path, text, sizeof text));
    assert_true(sysfs_read_number(path, &number));
    assert_true(number == 12345678);
    write_file(tree, "x", "1234567\nmore\n");
    assert_true(sysfs_read(path, text, sizeof text));
    assert_string_equal(text, "1234567");
    const char *const bad[] = {"", "\n", "-1", "12x", " 12", "18446744073709551616", "0x10"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        write_file(tree, "x", bad[i]);
        assert_false(sysfs_read_number(path, &number));
    }
    write_file(tree, "x", "18446744073709551615");
    assert_true(sysfs_read_number(path, &number));
    assert_true(number == UINT64_MAX);
}

/* Environment */

static json_t *make_record(bool anonymise)
{
    const struct environment_options options = {.anonymise = anonymise};
    struct error error = {STATUS_OK, ""};
    json_t *record = environment_record(&options, &error);
    if (!record)
        fail_msg("%s", error.text);
    return record;
}

static const char *text_of(const json_t *record, const char *field)
{
    const char *text = json_string_value(json_object_get(record, field));
    assert_non_null(text);
    return text;
}

/* How many nulls have no reason. */
static int unexplained(const json_t *json)
{
    int n = 0;
    size_t index;
    const char *key;
    json_t *value;
    if (json_is_array(json))
        json_array_foreach(json, index, value) n += unexplained(value);
    if (!json_is_object(json))
        return n;
    json_object_foreach((json_t *)json, key, value)
    {
        char reason[128];
        snprintf(reason, sizeof reason, "%s_reason", key);
        const char *text = json_string_value(json_object_get(json, reason));
        if (json_is_null(value) && !(text && *text)) {
            print_error("%s is null without a reason\n", key);
            n++;
        }
        n += unexplained(value);
    }
    return n;
}

static void test_environment_record(void **state)
{
    (void)state;
    json_t *record = make_record(false);
    assert_int_equal(json_integer_value(json_object_get(record, "schema")), 1);
    assert_string_equal(text_of(record, "record"), "environment");
    static const char *const groups[] = {"kernel", "cpu",    "topology",  "clock",
                                         "memory", "system", "cgroup",    "floating_point",
                                         "openmp", "build",  "libraries", "now"};
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++)
        if (!json_object_size(json_object_get(record, groups[i])))
            fail_msg("no group '%s'", groups[i]);
    static const char *const fields[] = {
        "cpu.vendor",
        "cpu.model_name",
        "cpu.family",
        "cpu.flags",
        "cpu.isa",
        "topology.packages",
        "topology.cores",
        "topology.pus",
        "topology.numa_nodes",
        "topology.cpu_kinds",
        "topology.caches",
        "topology.allowed_pus",
        "clock.governor",
        "clock.turbo",
        "clock.driver",
        "clock.constant_tsc",
        "memory.total_bytes",
        "memory.page_bytes",
        "memory.transparent_huge_pages",
        "system.smt",
        "system.mitigations",
        "system.address_space_randomisation",
        "floating_point.denormals_flushed",
        "build.compiler",
        "build.flags",
        "build.type",
        "build.sanitizers",
        "build.source",
        "libraries.benchmark",
        "libraries.papi",
        "libraries.hwloc",
        "libraries.jansson",
        "now.load_average",
        "now.memory_available_bytes",
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        char group[64];
        const char *dot = strchr(fields[i], '.');
        snprintf(group, sizeof group, "%.*s", (int)(dot - fields[i]), fields[i]);
        if (!json_object_get(json_object_get(record, group), dot + 1))
            fail_msg("no field '%s'", fields[i]);
    }
    static const char *const top[] = {"host", "time", "os", "virtualised", "hypervisor"};
    for (size_t i = 0; i < sizeof top / sizeof top[0]; i++)
        assert_non_null(json_object_get(record, top[i]));
    assert_true(json_equal(json_object_get(record, "emulated"), json_boolean(TEST_EMULATED)));
    assert_int_equal(unexplained(record), 0);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(record, "memory"), "page_bytes")),
                     sysconf(_SC_PAGESIZE));
    assert_int_equal(json_integer_value(json_object_get(json_object_get(record, "topology"), "pus")),
                     sysconf(_SC_NPROCESSORS_ONLN));

    /* Strict JSON: what is written can be read again, and is the same. */
    char *text = json_dumps(record, JSON_COMPACT);
    assert_non_null(text);
    json_t *again = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_true(json_equal(record, again));
    free(text);
    json_decref(again);
    json_decref(record);
}

static void test_environment_id_is_stable(void **state)
{
    (void)state;
    json_t *first = make_record(false);
    /* Binding threads, as the platforms do, does not make another machine. */
    struct peaks peaks;
    const struct peaks_options options = {.time_s = 0.01, .dram_bytes = 1 << 20};
    assert_true(peaks_measure(1, &options, &peaks, NULL));
    json_t *second = make_record(false);
    assert_string_equal(text_of(first, "id"), text_of(second, "id"));
    assert_int_equal(strlen(text_of(first, "id")), 16);
    assert_string_equal(text_of(first, "comparable_key"), text_of(second, "comparable_key"));

    json_t *anonymous = make_record(true);
    assert_string_equal(text_of(first, "comparable_key"), text_of(anonymous, "comparable_key"));
    assert_true(json_is_null(json_object_get(anonymous, "host")));
    assert_true(json_is_null(json_object_get(anonymous, "user")));
    assert_string_equal(text_of(anonymous, "host_reason"), "anonymised");
    json_decref(first);
    json_decref(second);
    json_decref(anonymous);
}

static void test_environment_comparable(void **state)
{
    (void)state;
    json_t *record = make_record(false), *other = json_deep_copy(record);
    json_t *before = environment_comparable(record);
    assert_non_null(before);
    assert_non_null(json_object_get(before, "cpu.model_name"));
    assert_non_null(json_object_get(before, "topology.caches"));

    json_object_set_new(other, "host", json_string("another"));
    json_object_set_new(json_object_get(other, "build"), "compiler", json_string("another"));
    json_t *after = environment_comparable(other);
    assert_true(json_equal(before, after));
    json_decref(after);

    json_object_set_new(json_object_get(other, "clock"), "governor", json_string("another"));
    after = environment_comparable(other);
    assert_false(json_equal(before, after));
    json_decref(after);

    json_t *empty = json_object();
    after = environment_comparable(empty);
    assert_int_equal(json_object_size(after), json_object_size(before));
    assert_true(json_is_null(json_object_get(after, "cpu.model_name")));
    json_decref(after);
    json_decref(empty);
    json_decref(before);
    json_decref(other);
    json_decref(record);
}

static void test_topology_xml(void **state)
{
    (void)state;
    char host[256] = "";
    assert_int_equal(gethostname(host, sizeof host - 1), 0);
    char quoted[300];
    snprintf(quoted, sizeof quoted, "\"%s\"", host);
    char *xml = NULL;
    assert_true(environment_topology_xml(NULL, &xml, NULL));
    assert_non_null(strstr(xml, "<topology"));
    assert_non_null(strstr(xml, quoted));
    free(xml);
    const struct environment_options options = {.anonymise = true};
    assert_true(environment_topology_xml(&options, &xml, NULL));
    assert_non_null(strstr(xml, "<topology"));
    assert_null(strstr(xml, quoted));
    free(xml);
}

/* Processors */

static void write_stat(const struct tree *tree, int busy, int stolen)
{
    enum { MOST = 1 << 17 };
    char *text = malloc(MOST);
    assert_non_null(text);
    /* The sum of all, which could be read as that of processor 0. */
    size_t used = (size_t)snprintf(text, MOST, "cpu  0 %d 3 4 5 6 7 8 9 0 0\n", 1000 * busy);
    for (int i = 0; i < CPU_SETSIZE; i++)
        used += (size_t)snprintf(text + used, MOST - used, "cpu%d %d 0 10 7 9 0 0 %d 0 0\n", i, busy, stolen);
    write_file(tree, "stat", text);
    free(text);
}

static void test_processors(void **state)
{
    struct tree *tree = *state;
    char path[128];
    struct processor_time first, second, sum = {0};
    cpu_set_t ours;
    snprintf(path, sizeof path, "%s/stat", tree->folder);
    write_stat(tree, 100, 20);
    assert_true(processors_read(path, &first));
    write_stat(tree, 250, 70); /* 150 and 50 ticks more on each that is ours */
    assert_true(processors_read(path, &second));
    processors_add(&sum, &first, &second);
    assert_int_equal(sched_getaffinity(0, sizeof ours, &ours), 0);
    assert_near(sum.busy_s * (double)sysconf(_SC_CLK_TCK), 200.0 * CPU_COUNT(&ours), 1e-9);
    assert_true(sum.own_s >= 0 && sum.all_s >= 0);

    /* 2 s on 2 processors, of which others took 1 s. */
    assert_near(processors_others(&(struct processor_time){4, 3.5, 2.5}), 0.25, 1e-12);
    assert_true(processors_others(&(struct processor_time){4, 2.49, 2.5}) == 0);
    assert_true(processors_others(&(struct processor_time){0.1, 0.1, 0}) == -1);
    write_file(tree, "stat", "intr 12\n");
    assert_false(processors_read(path, &first));
    snprintf(path, sizeof path, "%s/none", tree->folder);
    assert_false(processors_read(path, &first));
}

/* Probes and peaks */

static void test_probes_compute_what_they_say(void **state)
{
    (void)state;
    enum { N = 64 * PROBE_GRAIN };
    float *a = malloc(3 * N * sizeof *a);
    assert_non_null(a);
    float *b = a + N, *c = b + N;
    for (int p = 0; p < n_dot_probes; p++) {
        const struct dot_probe *dot = dot_probes[p];
        if (!(isa_available() >> dot->isa & 1))
            continue;
        assert_int_equal(dot->dot(0), 0);
        assert_int_equal(dot->dot(1000), 1000 * dot->products_per_round);
    }
    for (int p = 0; p < n_probes; p++) {
        const struct probe *probe = probes[p];
        if (!(isa_available() >> probe->isa & 1))
            continue;
        /* Fixed points, and a step that can be followed by hand: every chain doubled `rounds` times. */
        assert_true(probe->multiply_add(64, 0.5f, 0.5f) == (float)probe->flop_per_round / 2);
        float start = probe->multiply_add(0, 2, 0);
        assert_true(start > 0);
        assert_true(probe->multiply_add(5, 2, 0) == 32 * start);
        assert_near(probe->exponential(100, -1), 0.567143290 * (double)probe->exp_per_round, 1e-5);
        assert_near(probe->exponential(1, 0), (double)probe->exp_per_round, 1e-6);

        double sum = 0;
        for (int i = 0; i < N; i++) {
            a[i] = (float)(i % 7);
            sum += a[i];
            b[i] = (float)i;
            c[i] = (float)(i % 5);
        }
        assert_true(probe->read(a, N, 1) == (float)sum);
        assert_true(probe->read(a, N, 3) == (float)(3 * sum));
        assert_true(probe->read(a, PROBE_GRAIN, 0) == 0);
        probe->triad(a, b, c, 3, N, 1);
        for (int i = 0; i < N; i++)
            assert_true(a[i] == b[i] + 3 * c[i]);
        probe->copy(a, c, N - PROBE_GRAIN, 2);
        for (int i = 0; i < N - PROBE_GRAIN; i++)
            assert_true(a[i] == c[i]);
        for (int i = N - PROBE_GRAIN; i < N; i++)
            assert_true(a[i] == b[i] + 3 * c[i]);
    }
    free(a);
    assert_int_equal(probes[0]->isa, ISA_SCALAR);
    assert_non_null(probe_choose());
    assert_true(isa_available() >> probe_choose()->isa & 1);
}

static double products_of(const struct peaks_run *run, enum precision precision)
{
    return peaks_figure(run, (struct peaks_roof){.kind = PEAKS_PRODUCTS, .precision = precision});
}

static void test_peaks(void **state)
{
    (void)state;
    const struct peaks_options options = {.time_s = 0.05, .dram_bytes = 3 << 20};
    struct error error = {STATUS_OK, ""};
    struct peaks peaks;
    cpu_set_t before, after;
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    if (!peaks_measure(2, &options, &peaks, &error))
        fail_msg("%s", error.text);
    assert_int_equal(sched_getaffinity(0, sizeof after, &after), 0);
    assert_true(CPU_EQUAL(&before, &after));
    assert_int_equal(peaks.n_runs, 2);
    for (int r = 0; r < peaks.n_runs; r++) {
        const struct peaks_run *run = &peaks.runs[r];
        assert_int_equal(run->threads, r + 1);
        assert_ptr_equal(peaks_find(&peaks, r + 1), run);
        int levels = 0;
        for (int p = 0; p < n_probes; p++)
            levels += isa_mask() >> probes[p]->isa & 1;
        assert_int_equal(run->n_compute, levels);
        for (int i = 0; i < run->n_compute; i++) {
            assert_true(isfinite(run->compute[i].gflop_per_s) && run->compute[i].gflop_per_s > 0);
            assert_true(isfinite(run->compute[i].gexp_per_s) && run->compute[i].gexp_per_s > 0);
            assert_true(peaks_figure(run, (struct peaks_roof){.kind = PEAKS_FP32}) >=
                        run->compute[i].gflop_per_s);
            assert_true(peaks_figure(run, (struct peaks_roof){.kind = PEAKS_EXP}) >=
                        run->compute[i].gexp_per_s);
        }
        int dots = 0;
        for (int p = 0; p < n_dot_probes; p++)
            dots += isa_mask() >> dot_probes[p]->isa & 1;
        assert_int_equal(run->n_dots, dots);
        for (int i = 0; i < run->n_dots; i++)
            assert_true(products_of(run, run->dots[i].precision) >= run->dots[i].gop_per_s);
        assert_true(products_of(run, PRECISION_BF16) >=
                    peaks_figure(run, (struct peaks_roof){.kind = PEAKS_FP32}));
        assert_true(run->n_bandwidth >= 1);
        for (int i = 0; i < run->n_bandwidth; i++) {
            const struct peaks_bandwidth *b = &run->bandwidth[i];
            assert_true(isfinite(b->read_gbyte_per_s) && b->read_gbyte_per_s > 0);
            assert_true(isfinite(b->copy_gbyte_per_s) && b->copy_gbyte_per_s > 0);
            assert_true(isfinite(b->triad_gbyte_per_s) && b->triad_gbyte_per_s > 0);
            assert_true(b->working_set_bytes > 0);
        }
        assert_string_equal(run->bandwidth[run->n_bandwidth - 1].level, "DRAM");
        assert_true(run->bandwidth[run->n_bandwidth - 1].working_set_bytes == 3 << 20);
    }
    assert_null(peaks_find(&peaks, 3));
    assert_int_equal(peaks.dram_is_cached, peaks.note[0] != '\0');

    json_t *json = peaks_json(&peaks), *runs = json_object_get(json, "runs");
    assert_int_equal(json_array_size(runs), 2);
    json_t *bandwidth = json_object_get(json_array_get(runs, 1), "bandwidth");
    assert_true(json_real_value(json_object_get(json_array_get(bandwidth, 0), "read_gbyte_per_s")) ==
                peaks.runs[1].bandwidth[0].read_gbyte_per_s);
    json_decref(json);
}

/* What was measured beside another program is measured again before a result that beats it is refused; a
 * result that beats it still is. */
static void test_disturbed_roofs(void **state)
{
    (void)state;
    static const struct peaks_roof roofs[] = {{.kind = PEAKS_FP32},
                                              {.kind = PEAKS_EXP},
                                              {.kind = PEAKS_PRODUCTS, .precision = PRECISION_BF16},
                                              {.kind = PEAKS_LEVEL},
                                              {.kind = PEAKS_READING}};
    static const char *const names[] = {"fp32", "exp", "bf16", "L1", "DRAM"};
    const struct peaks_options options = {.time_s = 0.05, .dram_bytes = 3 << 20};
    struct peaks *peaks = malloc(sizeof *peaks);
    assert_non_null(peaks);
    for (int r = 0; r < (int)(sizeof roofs / sizeof roofs[0]); r++) {
        struct error error = {STATUS_OK, ""};
        struct roofline roofline;
        assert_true(peaks_measure(1, &options, peaks, NULL));
        struct peaks_run *run = &peaks->runs[0];
        struct unit unit = {.scope = SCOPE_STAGE, .name = "unit", .repeats = 1};
        const uint64_t amount = 1000000;
        switch (roofs[r].kind) {
        case PEAKS_FP32:
            unit.work.mul = amount;
            break;
        case PEAKS_EXP:
            unit.work.exp = amount;
            break;
        case PEAKS_PRODUCTS:
            unit.work.mul = unit.projection_ops = amount;
            break;
        case PEAKS_LEVEL:
            if (strcmp(run->bandwidth[0].level, "L1"))
                continue;
            unit.bytes_read = run->bandwidth[0].working_set_bytes;
            break;
        default:
            unit.bytes_read = (uint64_t)1 << 40;
        }
        const enum precision precision = roofs[r].kind == PEAKS_PRODUCTS ? PRECISION_BF16 : PRECISION_FP32;
        roofline_compute(peaks, 1, &unit, precision, CACHE_WARM, 1e9, &roofline);
        assert_true(roofline.floor_s > 0 && !roofline.beaten);
        assert_string_equal(roofline.limit, names[r]);
        const double possible_s = 20 * roofline.floor_s, impossible_s = roofline.floor_s / 1000;

        for (int i = 0; i < run->n_compute; i++)
            run->compute[i].gflop_per_s /= 100, run->compute[i].gexp_per_s /= 100;
        for (int i = 0; i < run->n_dots; i++)
            run->dots[i].gop_per_s /= 100;
        for (int i = 0; i < run->n_bandwidth; i++)
            run->bandwidth[i].read_gbyte_per_s /= 100;
        for (int i = 0; i < run->n_readings; i++)
            run->readings[i].gbyte_per_s /= 100;
        roofline_compute(peaks, 1, &unit, precision, CACHE_WARM, possible_s, &roofline);
        assert_true(roofline.beaten);
        if (!roofline_settle(peaks, 1, &unit, precision, CACHE_WARM, possible_s, &roofline, &error))
            fail_msg("%s", error.text);
        if (roofline.beaten)
            fail_msg("%s%s", roofline.impossible, roofline.unreliable);
        assert_string_equal(roofline.impossible, "");
        assert_string_equal(roofline.raised.name, names[r]);
        assert_true(roofline.raised.to > 2 * roofline.raised.from);

        assert_true(roofline_settle(peaks, 1, &unit, precision, CACHE_WARM, impossible_s, &roofline, &error));
        assert_true(roofline.beaten);
        assert_non_null(
            strstr(r < 3 ? roofline.impossible : roofline.unreliable, r < 3 ? "impossible" : "above"));
        assert_null(roofline.raised.name);
        const double settled = peaks_figure(run, roofline.roof);
        assert_false(peaks_measure_again(peaks, 1, roofline.roof, &error));
        assert_int_equal(error.status, STATUS_OK);
        assert_true(peaks_figure(run, roofline.roof) == settled);
    }
    free(peaks);
}

/* By then what is timed may have taken the memory that the roofs were measured in. */
static void test_roof_without_memory(void **state)
{
    (void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    skip(); /* their address space has no sensible limit */
#endif
    const struct peaks_options options = {.time_s = 0.01, .dram_bytes = 256 << 20};
    struct peaks *peaks = malloc(sizeof *peaks);
    struct rlimit unlimited, limit;
    struct error error = {STATUS_OK, ""};
    long pages = 0;
    assert_non_null(peaks);
    assert_true(peaks_measure(1, &options, peaks, NULL));
    const struct peaks_roof dram = {.kind = PEAKS_LEVEL, .index = peaks->runs[0].n_bandwidth - 1};
    FILE *file = fopen("/proc/self/statm", "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%ld", &pages), 1);
    fclose(file);
    assert_int_equal(getrlimit(RLIMIT_AS, &unlimited), 0);
    limit = unlimited;
    limit.rlim_cur = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + (100 << 20);
    assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);
    const bool again = peaks_measure_again(peaks, 1, dram, &error);
    const struct error again_error = error;
    /* Nor does a large last-level cache have to fit. */
    const bool small = peaks_measure(1, &(struct peaks_options){.time_s = 0.01}, peaks, &error);
    assert_int_equal(setrlimit(RLIMIT_AS, &unlimited), 0);
    assert_false(again);
    assert_int_equal(again_error.status, STATUS_OK);
    if (!small)
        fail_msg("%s", error.text);
    free(peaks);
}

static void test_peaks_refuse_nonsense(void **state)
{
    (void)state;
    struct peaks peaks;
    const struct peaks_options never = {.time_s = NAN}, small = {.time_s = 0.01, .dram_bytes = 1};
    struct error error = {STATUS_OK, ""};
    assert_false(peaks_measure(1, &never, &peaks, &error));
    assert_int_equal(error.status, STATUS_USAGE);
    error.status = STATUS_OK;
    assert_false(peaks_measure(-1, &small, &peaks, &error));
    assert_true(error.text[0]);
    const struct peaks_options too_large = {.time_s = 0.01, .dram_bytes = UINT64_MAX / 2};
    error = (struct error){STATUS_OK, ""};
    assert_false(peaks_measure(1, &too_large, &peaks, &error));
    assert_non_null(strstr(error.text, "no memory"));
    assert_true(peaks_measure(1, &small, &peaks, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_median),
        cmocka_unit_test(test_interval_of_the_median),
        cmocka_unit_test(test_statistics_refuse_nonsense),
        cmocka_unit_test(test_geometric_mean),
        cmocka_unit_test(test_counters_add_threads),
        cmocka_unit_test(test_counters_scale_what_took_turns),
        cmocka_unit_test(test_counters_never_say_0_for_not_counted),
        cmocka_unit_test(test_counters_without_hardware),
        cmocka_unit_test(test_counters_see_all_threads),
        cmocka_unit_test(test_counters_of_this_machine),
        cmocka_unit_test_setup_teardown(test_energy, make_tree, remove_tree),
        cmocka_unit_test_setup_teardown(test_energy_says_why_not, make_tree, remove_tree),
        cmocka_unit_test_setup_teardown(test_sysfs, make_tree, remove_tree),
        cmocka_unit_test_setup_teardown(test_processors, make_tree, remove_tree),
        cmocka_unit_test(test_environment_record),
        cmocka_unit_test(test_environment_id_is_stable),
        cmocka_unit_test(test_environment_comparable),
        cmocka_unit_test(test_topology_xml),
        cmocka_unit_test(test_probes_compute_what_they_say),
        cmocka_unit_test(test_peaks),
        cmocka_unit_test(test_disturbed_roofs),
        cmocka_unit_test(test_roof_without_memory),
        cmocka_unit_test(test_peaks_refuse_nonsense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
