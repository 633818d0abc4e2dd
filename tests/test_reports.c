/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "reports/report.h"
#include "reports/text.h"
#include "reports/view.h"

static const char platforms_file[] = TEST_DATA "/reports/platforms.jsonl";
static const char hostile_file[] = TEST_DATA "/reports/hostile.jsonl";
static const char environment_line[] =
    "{\"schema\":1,\"record\":\"environment\",\"id\":\"e\",\"host\":\"h\"}\n";

typedef bool report_fn(const struct record_set *set, FILE *out, struct error *error);

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    long size = ftell(file);
    rewind(file);
    char *text = malloc((size_t)size + 1);
    assert_non_null(text);
    assert_int_equal(fread(text, 1, (size_t)size, file), size);
    text[size] = '\0';
    fclose(file);
    return text;
}

static char *path_join(const char *folder, const char *name)
{
    char *path;
    assert_true(asprintf(&path, "%s/%s", folder, name) > 0);
    return path;
}

static int make_folder(void **state)
{
    char name[] = "test-reports-XXXXXX";
    if (!mkdtemp(name))
        return -1;
    *state = strdup(name);
    return *state ? 0 : -1;
}

static int remove_folder(void **state)
{
    static const char *const files[] = {"speedup", "stages", "roofline"};
    static const char *const ends[] = {"dat", "gp", "svg", "pdf"};
    for (size_t f = 0; f < 3; f++)
        for (size_t e = 0; e < 4; e++) {
            char *path;
            if (asprintf(&path, "%s/%s.%s", (char *)*state, files[f], ends[e]) < 0)
                return -1;
            remove(path);
            free(path);
        }
    static const char *const others[] = {"report.html", "records.jsonl"};
    for (size_t i = 0; i < 2; i++) {
        char *path = path_join(*state, others[i]);
        remove(path);
        free(path);
    }
    /* Fails when a report left a file that it should not have made. */
    int status = rmdir(*state);
    free(*state);
    return status;
}

static void load(const char *path, struct record_set *set)
{
    struct error error = {0};
    *set = (struct record_set){0};
    bool loaded = record_set_load(path, set, &error);
    if (!loaded)
        print_error("%s\n", error.text);
    assert_true(loaded);
}

/* Loads text as FOLDER/records.jsonl, by the folder's name. */
static bool load_text(const char *folder, const char *text, size_t length, struct record_set *set,
                      struct error *error)
{
    char *path = path_join(folder, "records.jsonl");
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, length, file), length);
    fclose(file);
    free(path);
    *set = (struct record_set){0};
    *error = (struct error){0};
    return record_set_load(folder, set, error);
}

static char *report_text(report_fn *report, const struct record_set *set)
{
    char *text = NULL;
    size_t size;
    struct error error = {0};
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    bool reported = report(set, out, &error);
    fclose(out);
    if (!reported)
        print_error("%s\n", error.text);
    assert_true(reported);
    return text;
}

static void compare_golden(report_fn *report, const char *golden)
{
    struct record_set set;
    load(platforms_file, &set);
    char *got = report_text(report, &set), *expected = read_file(golden);
    assert_string_equal(got, expected);
    free(got);
    free(expected);
    record_set_free(&set);
}

static void table_matches_golden(void **state)
{
    (void)state;
    compare_golden(report_table, TEST_DATA "/reports/platforms.table.txt");
}

static void csv_matches_golden(void **state)
{
    (void)state;
    compare_golden(report_csv, TEST_DATA "/reports/platforms.csv");
}

/* docs/records.md names every column, in their order, in the first cells of its table. */
static void csv_has_the_columns_of_its_description(void **state)
{
    (void)state;
    struct record_set set;
    load(platforms_file, &set);
    char *csv = report_text(report_csv, &set), *page = read_file(TEST_DATA "/../../docs/records.md");
    const char *row = strstr(page, "| columns, in this order |");
    char listed[4096] = "";
    size_t length = 0;
    assert_non_null(row);
    row = strchr(strchr(row, '\n') + 1, '\n');
    for (; row && !strncmp(row, "\n  | ", 5); row = strchr(row + 1, '\n')) {
        if (length)
            listed[length++] = ',';
        for (const char *c = row + 5; *c != '|'; c++)
            if (*c != ' ')
                listed[length++] = *c;
        assert_true(length < sizeof listed / 2);
    }
    csv[strcspn(csv, "\r")] = '\0';
    assert_string_equal(listed, csv);
    free(csv);
    free(page);
    record_set_free(&set);
}

static void table_of_hostile_text_is_harmless(void **state)
{
    (void)state;
    struct record_set set;
    load(hostile_file, &set);
    char *text = report_text(report_table, &set);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        assert_true(text_columns(line) <= 100);
        for (const char *c = line; *c; c++)
            assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
        assert_null(strstr(line, "\u202e"));
    }
    free(text);
    record_set_free(&set);
}

/* A reader of RFC 4180; returns the number of records, each of which must have `columns` fields. */
static int csv_read(const char *text, int columns, int *formulas)
{
    int records = 0, fields = 1;
    for (const char *at = text; *at;) {
        char first = *at;
        if (*at == '"') {
            first = at[1];
            for (at++; *at != '"' || at[1] == '"'; at++) {
                assert_true(*at);
                at += *at == '"';
            }
            at++;
        } else {
            at += strcspn(at, ",\r\n\"");
        }
        *formulas += first == '=' || first == '@';
        if (*at == ',') {
            fields++;
            at++;
            continue;
        }
        assert_memory_equal(at, "\r\n", 2);
        assert_int_equal(fields, columns);
        at += 2;
        fields = 1;
        records++;
    }
    return records;
}

static void csv_of_hostile_text_parses(void **state)
{
    (void)state;
    struct record_set set;
    load(hostile_file, &set);
    char *text = report_text(report_csv, &set);
    int columns = 1, formulas = 0;
    for (const char *c = text; *c != '\r'; c++)
        columns += *c == ',';
    assert_int_equal(csv_read(text, columns, &formulas), 1 + (int)json_array_size(set.records));
    assert_int_equal(formulas, 0);
    free(text);
    record_set_free(&set);
}

static void gbench_has_every_sample(void **state)
{
    (void)state;
    struct record_set set;
    load(platforms_file, &set);
    char *text = report_text(report_gbench, &set);
    json_t *root = json_loads(text, 0, NULL);
    assert_non_null(root);
    size_t expected = 0, iterations = 0, skipped = 0, i;
    json_t *record, *benchmark;
    json_array_foreach(set.records, i, record)
    {
        size_t samples = json_array_size(record_get(record, "time_s.samples"));
        if (json_object_get(record, "skipped"))
            skipped++;
        else
            expected += samples ? samples : 1;
    }
    assert_true(skipped > 0);
    assert_int_equal(json_array_size(record_get(root, "context.skipped")), skipped);
    json_t *names = json_object();
    json_array_foreach(json_object_get(root, "benchmarks"), i, benchmark)
    {
        const char *name = record_text(benchmark, "name"), *type = record_text(benchmark, "run_type");
        assert_non_null(name);
        assert_non_null(record_text(benchmark, "run_name"));
        assert_string_equal(record_text(benchmark, "time_unit"), "ns");
        assert_true(record_number(benchmark, "real_time") >= 0);
        assert_true(record_number(benchmark, "cpu_time") >= 0);
        if (strcmp(type, "iteration") == 0) {
            iterations++;
            double index = record_number(benchmark, "repetition_index");
            assert_true(index >= 0 && index < record_number(benchmark, "repetitions"));
        } else {
            assert_string_equal(type, "aggregate");
            assert_null(json_object_get(names, name));
            json_object_set_new(names, name, json_true());
        }
        if (strcmp(name, "mamba-130m/decode/batch:1/seqlen:1/cpu/model_median") == 0) {
            double median = 0;
            size_t k;
            json_array_foreach(set.records, k,
                               record) if (strcmp(record_text(record, "scope"), "model") == 0 &&
                                           strcmp(record_text(record, "phase"), "decode") == 0 &&
                                           strcmp(record_text(record, "platform"), "cpu") == 0) median =
                record_number(record, "time_s.median");
            assert_true(fabs(record_number(benchmark, "real_time") - median * 1e9) < 1e-6 * median * 1e9);
            json_object_set_new(names, "seen", json_true());
        }
    }
    assert_int_equal(iterations, expected);
    assert_non_null(json_object_get(names, "seen"));
    json_decref(names);
    json_decref(root);
    free(text);
    record_set_free(&set);
}

static json_t *result_json(const char *platform, const char *scope, const char *stage, double time_s)
{
    json_t *record = json_pack("{s:i,s:s,s:s,s:s,s:s,s:i,s:i,s:s,s:s,s:{s:s},s:{s:f},s:s}", "schema", 1,
                               "platform", platform, "provenance", "measured", "model", "m", "phase",
                               "prefill", "batch", 1, "seqlen", 8, "scope", scope, "stage", stage, "plan",
                               "fusion", "scan", "time_s", "median", time_s, "environment", "e");
    assert_non_null(record);
    return record;
}

static void add(struct record_set *set, json_t *record)
{
    struct error error = {0};
    if (!record_set_add(set, record, "test", &error))
        fail_msg("%s", error.text);
    json_decref(record);
}

static void set_of_one_environment(struct record_set *set)
{
    *set = (struct record_set){0};
    add(set, json_loads(environment_line, 0, NULL));
}

static bool says(report_fn *report, const struct record_set *set, const char *words)
{
    char *text = report_text(report, set), *out = text;
    /* Lines are broken anywhere. */
    for (const char *in = text; *in; in++)
        if (!strchr(" \n", *in) || (out > text && out[-1] != ' '))
            *out++ = *in == '\n' ? ' ' : *in;
    *out = '\0';
    const bool said = strstr(text, words);
    free(text);
    return said;
}

/* Passes of a layer in training are told apart by their names, as two runs are compared by them. */
static void gbench_names_the_passes_of_training(void **state)
{
    (void)state;
    struct record_set set;
    set_of_one_environment(&set);
    add(&set, result_json("cpu", "layer", "backward", 2.0));
    add(&set, result_json("cpu", "layer", "layer", 3.0));
    add(&set, result_json("cpu", "layer", "forward", 1.0));
    assert_true(says(report_gbench, &set, "/cpu/layer/backward\""));
    assert_true(says(report_gbench, &set, "/cpu/layer/forward\""));
    assert_true(says(report_gbench, &set, "/cpu/layer\""));
    record_set_free(&set);
}

static void add_rounds(struct record_set *set, const char *role, double time_s, int rounds, double coverage)
{
    json_t *record = result_json("cpu", "stage", "a", time_s),
           *compare = json_pack("{s:s,s:s,s:s}", "what", "kernel", "variant", role, "role", role);
    json_t *time = json_object_get(record, "time_s");
    json_object_set_new(time, "n", json_integer(rounds));
    json_object_set_new(time, "coverage", json_real(coverage));
    if (strcmp(role, "baseline")) {
        json_object_set_new(compare, "ratio", json_real(2));
        json_object_set_new(compare, "ci95", json_pack("[f,f]", 1.75, 2.25));
        json_object_set_new(compare, "verdict", json_string("AMBIGUOUS"));
    }
    json_object_set_new(record, "compare", compare);
    add(set, record);
}

/* The baseline of fusions is "none": no platform is faster than another because of that. */
static void baselines_of_choices_rank_no_platform(void **state)
{
    static const char *const whats[] = {"fusion", "threads"};
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct record_set set;
        set_of_one_environment(&set);
        for (int platform = 0; platform < 2; platform++)
            for (int scope = 0; scope < 2; scope++) {
                json_t *record = result_json(platform ? "fpga-model" : "cpu", scope ? "model" : "stage",
                                             scope ? "model" : "a", platform ? 1 : 10);
                json_object_set_new(
                    record, "compare",
                    json_pack("{s:s,s:s,s:s}", "what", whats[i], "variant", "none", "role", "baseline"));
                add(&set, record);
            }
        assert_int_equal(says(report_table, &set, "Platforms compared"), i > 0);
        assert_int_equal(says(report_table, &set, "runs without --compare"), i == 0);
        add(&set, result_json("leo2-model", "model", "model", 5));
        assert_true(says(report_table, &set, "Platforms compared, whole model"));
        assert_int_equal(says(report_table, &set, "measured, baseline"), i > 0);
        record_set_free(&set);
    }
}

static void few_rounds_are_told(void **state)
{
    static const struct {
        int rounds;
        double coverage;
        bool interval;
        const char *note;
    } cases[] = {{1, 0, false, "(one round: no interval; "},
                 {3, 0.75, true, "(few rounds: the intervals cover the ratio with 75 %, not 95 %; "},
                 {9, 0.96, true, NULL}};
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct record_set set;
        set_of_one_environment(&set);
        add_rounds(&set, "baseline", 2, cases[i].rounds, cases[i].coverage);
        add_rounds(&set, "variant", 1, cases[i].rounds, cases[i].coverage);
        assert_int_equal(says(report_table, &set, "1.750-2.250"), cases[i].interval);
        assert_int_equal(says(report_table, &set, " round: ") || says(report_table, &set, " rounds: "),
                         cases[i].note != NULL);
        if (cases[i].note)
            assert_true(says(report_table, &set, cases[i].note));
        record_set_free(&set);
    }
}

static void missing_floors_have_their_reason(void **state)
{
    (void)state;
    struct record_set set;
    set_of_one_environment(&set);
    add(&set, result_json("cpu", "stage", "a", 1));
    assert_false(says(report_table, &set, "no floor"));
    for (const char *stage = "bc"; *stage; stage++) {
        json_t *record = result_json("cpu", "stage", (char[]){*stage, '\0'}, 1);
        json_object_set_new(record, "rate",
                            json_pack("{s:n,s:s}", "roofline_fraction", "roofline_fraction_reason",
                                      "90 GB/s, above the 80 measured for L2"));
        add(&set, record);
    }
    assert_true(says(report_table, &set,
                     "(no floor % of b: 90 GB/s, above the 80 measured for L2; 1 more has none either)"));
    record_set_free(&set);
}

static void sums_hold_the_plan_only(void **state)
{
    (void)state;
    struct record_set set;
    struct view view;
    set_of_one_environment(&set);
    json_t *group = result_json("cpu", "group", "a+b", 2.0);
    json_object_set_new(group, "repeats", json_integer(24));
    add(&set, group);
    add(&set, result_json("cpu", "stage", "c", 0.5));
    json_t *alone = result_json("cpu", "stage", "a", 100.0);
    json_object_set_new(alone, "in_plan", json_false());
    json_object_set_new(json_object_get(alone, "plan"), "fusion", json_string("none"));
    add(&set, alone);
    json_t *skipped = result_json("cpu", "stage", "d", 1.0);
    json_object_del(skipped, "time_s");
    json_object_set_new(skipped, "skipped", json_string("why"));
    add(&set, skipped);
    add(&set, result_json("cpu", "layer", "layer", 7.0));
    add(&set, result_json("cpu", "model", "model", 50.0));
    assert_true(view_build(&set, &view, NULL));
    assert_int_equal(view.n_series, 1);
    assert_int_equal(view.series[0].parts, 3);
    assert_int_equal(view.series[0].parts_skipped, 1);
    assert_true(view.series[0].parts_s == 2.0 * 24 + 0.5);
    view_free(&view);
    record_set_free(&set);
}

static void later_results_replace_earlier_ones(void **state)
{
    (void)state;
    struct record_set set;
    struct view view;
    set_of_one_environment(&set);
    add(&set, result_json("cpu", "stage", "a", 1.0));
    add(&set, result_json("cpu", "stage", "a", 3.0));
    json_t *skipped = result_json("cpu", "stage", "a", 1.0);
    json_object_del(skipped, "time_s");
    json_object_set_new(skipped, "skipped", json_string("why"));
    add(&set, skipped);
    json_t *other_kernel = result_json("cpu", "stage", "b", 5.0);
    json_object_set_new(other_kernel, "kernel", json_string("b/reference"));
    add(&set, other_kernel);
    other_kernel = result_json("cpu", "stage", "b", 4.0);
    json_object_set_new(other_kernel, "kernel", json_string("b/avx2"));
    add(&set, other_kernel);
    assert_true(view_build(&set, &view, NULL));
    assert_int_equal(view.n_replaced, 2);
    assert_true(view.results[0].replaced && !view.results[1].replaced && view.results[2].replaced);
    assert_false(view.results[3].replaced);
    assert_false(view.results[3].part);
    assert_true(view.series[0].parts_s == 3.0 + 4.0);
    view_free(&view);
    record_set_free(&set);
}

static void units_stand_in_model_order(void **state)
{
    static const char *const came[] = {"unknown", "head", "softplus+discretize+scan", "norm", "conv+silu"};
    static const char *const expected[] = {"norm", "conv+silu", "softplus+discretize+scan", "head",
                                           "unknown"};
    (void)state;
    struct record_set set;
    struct view view;
    set_of_one_environment(&set);
    for (int i = 0; i < 5; i++)
        add(&set, result_json("cpu", "group", came[i], 1.0));
    assert_true(view_build(&set, &view, NULL));
    for (int i = 0; i < 5; i++)
        assert_string_equal(view.results[i].name, expected[i]);
    view_free(&view);
    record_set_free(&set);
}

static void speedup_is_over_the_cpu(void **state)
{
    (void)state;
    struct record_set set;
    struct view view;
    struct speedup speedup;
    set_of_one_environment(&set);
    add(&set, result_json("gpu-sim", "model", "model", 4.0));
    json_t *cpu = result_json("cpu", "model", "model", 2.0);
    json_object_set_new(json_object_get(cpu, "time_s"), "ci95", json_pack("[f,f]", 1.0, 3.0));
    add(&set, cpu);
    json_t *other_length = result_json("opencl", "model", "model", 1.0);
    json_object_set_new(other_length, "seqlen", json_integer(16));
    add(&set, other_length);
    assert_true(view_build(&set, &view, NULL));
    assert_int_equal(view.n_workloads, 2);
    assert_true(view_speedup(&view, &view.series[0], &speedup));
    assert_true(speedup.value == 0.5 && speedup.low == 0.25 && speedup.high == 0.75);
    assert_true(view_speedup(&view, &view.series[1], &speedup));
    assert_true(speedup.value == 1 && speedup.low == 1 && speedup.high == 1);
    assert_false(view_speedup(&view, &view.series[2], &speedup));
    view_free(&view);
    record_set_free(&set);
}

static void labels_tell_series_apart(void **state)
{
    (void)state;
    struct record_set set;
    struct view view;
    set_of_one_environment(&set);
    add(&set, result_json("cpu", "model", "model", 4.0));
    json_t *unfused = result_json("cpu", "model", "model", 2.0);
    json_object_set_new(json_object_get(unfused, "plan"), "fusion", json_string("none"));
    add(&set, unfused);
    json_t *device = result_json("gpu-sim", "model", "model", 2.0);
    json_object_set_new(device, "device", json_string("gpu-sim:a100"));
    add(&set, device);
    assert_true(view_build(&set, &view, NULL));
    assert_int_equal(view.n_series, 3);
    assert_string_equal(view.series[0].label, "cpu, fusion scan");
    assert_string_equal(view.series[1].label, "cpu, fusion none");
    assert_string_equal(view.series[2].label, "gpu-sim:a100");
    view_free(&view);
    record_set_free(&set);
}

static void numbers_have_three_digits(void **state)
{
    (void)state;
    char text[TEXT_SIZE];
    assert_string_equal(format_unit(0.9996, "s", text), "1.00  s");
    assert_string_equal(format_unit(0.9994, "s", text), "999 ms");
    assert_string_equal(format_unit(1.234e-5, "s", text), "12.3 \u00b5s");
    assert_string_equal(format_unit(0, "s", text), "0  s");
    assert_string_equal(format_unit(NAN, "s", text), "");
    assert_string_equal(format_unit(1e300, "s", text), "1.00e+300  s");
    assert_string_equal(format_number(9999, text), "10.0k");
    assert_string_equal(format_number(1234.4, text), "1234");
    assert_string_equal(format_number(0.01234, text), "0.0123");
    assert_string_equal(format_number(0.001234, text), "1.23e-03");
    assert_string_equal(format_percent(0.01, text), "<0.1");
    assert_string_equal(format_percent(99.97, text), "100");
    assert_string_equal(format_exact(0.1, text), "0.1");
    assert_string_equal(format_exact(0.1 + 0.2, text), "0.30000000000000004");
    assert_string_equal(text_clean("softplus+discretize+scan+gate", 16, text), "softplus+\u2026+gate");
    assert_string_equal(text_clean("conv+silu,scan+contract+skip", 21, text), "conv+silu,scan+\u2026+skip");
    assert_string_equal(text_clean("a\x1b[31m\nb", 20, text), "a?[31m?b");
    assert_string_equal(text_clean("selective_scan/avx512", 16, text), "selectiv\u2026/avx512");
    assert_string_equal(text_clean("\u00e9\u00e9\u00e9\u00e9", 3, text), "\u00e9\u00e9\u2026");
}

#define GOOD                                                                                                 \
    "\"schema\":1,\"platform\":\"cpu\",\"provenance\":\"measured\",\"model\":\"m\",\"phase\":\"prefill\","   \
    "\"batch\":1,\"seqlen\":8,\"scope\":\"stage\",\"stage\":\"s\",\"environment\":\"e\""

static void bad_lines_are_named(void **state)
{
    static const struct {
        const char *line, *what;
    } cases[] = {
        {"{" GOOD "}", "neither"},
        {"{" GOOD ",\"time_s\":null}", "neither"},
        {"{" GOOD ",\"time_s\":{\"median\":1},\"skipped\":\"x\"}", "both"},
        {"{" GOOD ",\"time_s\":{\"median\":\"1\"}}", "time_s.median"},
        {"{" GOOD ",\"time_s\":{\"median\":-1}}", "time_s.median"},
        {"{" GOOD ",\"time_s\":{\"median\":NaN}}", "not JSON"},
        {"{" GOOD ",\"time_s\":{\"median\":1e999}}", "not JSON"},
        {"{" GOOD ",\"time_s\":{\"median\":1e300}}", "time_s.median"},
        {"{" GOOD ",\"time_s\":[]}", "time_s"},
        {"{" GOOD ",\"time_s\":{\"median\":1,\"ci95\":[2,1]}}", "ci95"},
        {"{" GOOD ",\"time_s\":{\"median\":1,\"samples\":[1,\"x\"]}}", "samples"},
        {"{" GOOD ",\"time_s\":{\"median\":1},\"repeats\":0}", "repeats"},
        {"{" GOOD ",\"time_s\":{\"median\":1},\"repeats\":99999999999999999999999}", "not JSON"},
        {"{" GOOD ",\"time_s\":{\"median\":1},\"in_plan\":1}", "in_plan"},
        {"{" GOOD ",\"time_s\":{\"median\":1},\"work\":7}", "work"},
        {"{" GOOD ",\"time_s\":{\"median\":1},\"kernel\":{}}", "kernel"},
        {"{" GOOD ",\"model\":\"twice\"}", "not JSON"},
        {"{" GOOD ",\"time_s\":{\"median\":1},\"compare\":{\"what\":\"scan\",\"role\":\"variant\"}}",
         "compare.variant"},
        {"{" GOOD ",\"time_s\":{\"median\":1},\"compare\":{\"what\":\"scan\",\"variant\":\"a\"}}",
         "compare.role"},
        {"{" GOOD ",\"time_s\":{\"median\":1},\"compare\":{\"what\":\"scan\",\"variant\":\"a\",\"role\":"
         "\"variant\",\"ci95\":[2,1]}}",
         "compare.ci95"},
        {"{\"schema\":2}", "schema"},
        {"{\"platform\":\"cpu\"}", "schema"},
        {"{\"schema\":1,\"record\":\"other\"}", "record"},
        {"{\"schema\":1,\"record\":\"environment\"}", "id"},
        {"{\"schema\":1,\"platform\":\"cpu\"}", "provenance"},
        {"{\"schema\":1,\"platform\":\"cpu\",\"provenance\":\"guessed\"}", "guessed"},
        {"[1,2]", "object"},
        {"\"text\"", "object"},
        {"{\"a\":\"\x01\"}", "not JSON"},
        {"{\"a\":\"\xff\xfe\"}", "not JSON"},
        {"{\"a\":", "not JSON"},
    };
    struct record_set set;
    struct error error;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text;
        assert_true(asprintf(&text, "%s%s\n", environment_line, cases[i].line) > 0);
        assert_false(load_text(*state, text, strlen(text), &set, &error));
        if (!strstr(error.text, "records.jsonl:2: ") || !strstr(error.text, cases[i].what))
            fail_msg("%s gave: %s", cases[i].line, error.text);
        assert_int_equal(error.status, STATUS_USAGE);
        assert_null(strchr(error.text, '\n'));
        assert_int_equal(json_array_size(set.environments), 1);
        record_set_free(&set);
        free(text);
    }
}

static void files_without_results_are_named(void **state)
{
    struct record_set set;
    struct error error;
    assert_false(load_text(*state, "", 0, &set, &error));
    assert_non_null(strstr(error.text, "records.jsonl:1: no records"));
    record_set_free(&set);
    static const char orphan[] = "{" GOOD ",\"time_s\":{\"median\":1}}\n";
    assert_false(load_text(*state, orphan, strlen(orphan), &set, &error));
    assert_non_null(strstr(error.text, "records.jsonl:1: no environment record \"e\""));
    record_set_free(&set);
    set = (struct record_set){0};
    error = (struct error){0};
    assert_false(record_set_load("/nonexistent/x.jsonl", &set, &error));
    assert_non_null(strstr(error.text, "/nonexistent/x.jsonl"));
    record_set_free(&set);
    assert_true(load_text(*state, environment_line, strlen(environment_line), &set, &error));
    free(report_text(report_gbench, &set));
    assert_false(report_table(&set, stdout, &error));
    assert_int_equal(error.status, STATUS_USAGE);
    error = (struct error){0};
    assert_true(report_html(&set, *state, &error));
    record_set_free(&set);
}

static void cut_last_line_is_left_out(void **state)
{
    struct record_set set;
    struct error error;
    static const char good[] = "{" GOOD ",\"time_s\":{\"median\":1}}";
    char *text;
    for (size_t cut = 1; cut < strlen(good); cut += 7) {
        int length = asprintf(&text, "%s%s\n%.*s", environment_line, good, (int)cut, good);
        assert_true(length > 0);
        assert_true(load_text(*state, text, length, &set, &error));
        assert_int_equal(json_array_size(set.records), 1);
        record_set_free(&set);
        free(text);
    }
    int length = asprintf(&text, "%s%s\n%s", environment_line, good, good);
    assert_true(load_text(*state, text, length, &set, &error));
    assert_int_equal(json_array_size(set.records), 2);
    record_set_free(&set);
    free(text);
}

static void enormous_strings_are_shown_short(void **state)
{
    struct record_set set;
    set_of_one_environment(&set);
    enum { LONG = 1000000 };
    char *text = malloc(LONG + 1);
    assert_non_null(text);
    memset(text, 'x', LONG);
    text[LONG] = '\0';
    json_t *record = result_json(text, "stage", text, 1.0);
    json_object_set_new(record, "model", json_string(text));
    json_object_set_new(record, "kernel", json_string(text));
    json_object_set_new(json_object_get(record, "plan"), "option", json_string(text));
    json_object_set_new(json_object_get(record, "plan"), text, json_string(text));
    add(&set, record);
    record = result_json("cpu", "stage", "s", 1.0);
    json_object_del(record, "time_s");
    json_object_set_new(record, "skipped", json_string(text));
    add(&set, record);
    char *table = report_text(report_table, &set);
    assert_true(strlen(table) < 20000);
    for (char *line = strtok(table, "\n"); line; line = strtok(NULL, "\n"))
        assert_true(text_columns(line) <= 100);
    free(table);
    free(report_text(report_csv, &set));
    free(report_text(report_gbench, &set));
    struct error error = {0};
    bool drawn = report_html(&set, *state, &error);
    if (!drawn)
        print_error("%s\n", error.text);
    assert_true(drawn);
    free(text);
    record_set_free(&set);
}

static bool have_gnuplot(void)
{
    return system("gnuplot --version >/dev/null 2>&1") == 0;
}

static void figures_are_reproducible(void **state)
{
    static const char *const names[] = {"speedup.svg", "speedup.pdf",  "stages.svg",
                                        "stages.pdf",  "roofline.svg", "roofline.pdf"};
    static const char *const files[] = {platforms_file, hostile_file};
    if (!have_gnuplot())
        skip();
    for (size_t f = 0; f < 2; f++) {
        struct record_set set;
        struct error error = {0};
        char *first[6];
        load(files[f], &set);
        for (int run = 0; run < 2; run++) {
            bool drawn = report_figures(&set, *state, &error);
            if (!drawn)
                print_error("%s\n", error.text);
            assert_true(drawn);
            for (size_t i = 0; i < 6; i++) {
                char *path = path_join(*state, names[i]);
                struct stat status;
                assert_int_equal(stat(path, &status), 0);
                assert_true(status.st_size > 1000);
                char *content = read_file(path);
                size_t length = (size_t)status.st_size;
                if (run == 0) {
                    first[i] = malloc(length + sizeof length);
                    assert_non_null(first[i]);
                    memcpy(first[i], &length, sizeof length);
                    memcpy(first[i] + sizeof length, content, length);
                } else {
                    assert_memory_equal(first[i], &length, sizeof length);
                    assert_memory_equal(first[i] + sizeof length, content, length);
                    free(first[i]);
                }
                free(content);
                remove(path);
                free(path);
            }
            /* Else both runs fall into the same second and a date would not show. */
            if (run == 0)
                sleep(1);
        }
        record_set_free(&set);
    }
}

static void page_is_whole_and_offline(void **state)
{
    static const char *const files[] = {platforms_file, hostile_file};
    for (size_t f = 0; f < 2; f++) {
        struct record_set set;
        struct error error = {0};
        load(files[f], &set);
        assert_true(report_html(&set, *state, &error));
        char *path = path_join(*state, "report.html");
        char *page = read_file(path);
        /* Text may hold an address, nothing may load one. */
        static const char *const loads[] = {"=\"http",   "='http",     "url(http",
                                            "url('http", "url(\"http", "@import"};
        for (size_t i = 0; i < sizeof loads / sizeof *loads; i++)
            assert_null(strstr(page, loads[i]));
        assert_null(strstr(page, "<script"));
        assert_null(strstr(page, "<img"));
        assert_non_null(strstr(page, "</html>"));
        if (have_gnuplot())
            assert_non_null(strstr(page, "<svg"));
        const char *list = strstr(page, "Provenance of every result");
        assert_non_null(list);
        size_t i, rows = 0;
        json_t *record;
        for (const char *at = list; (at = strstr(at, "<tr><th scope=\"row\">")); at++)
            rows++;
        assert_int_equal(rows, json_array_size(set.records));
        static const char *const provenances[] = {"measured", "simulated", "modelled", "published"};
        for (int p = 0; p < 4; p++) {
            char cell[64];
            int in_records = 0, in_page = 0;
            snprintf(cell, sizeof cell, "<td>%s</td>", provenances[p]);
            json_array_foreach(set.records, i, record)
            {
                in_records += strcmp(record_text(record, "provenance"), provenances[p]) == 0;
            }
            for (const char *at = list; (at = strstr(at, cell)); at++)
                in_page++;
            assert_true(in_page >= in_records);
        }
        assert_non_null(strstr(page, f == 0 ? "the RTL holds the scan only" : "&lt;img src=x"));
        free(page);
        free(path);
        record_set_free(&set);
    }
}

static void missing_gnuplot_is_said(void **state)
{
    struct record_set set;
    struct error error = {0};
    load(platforms_file, &set);
    const char *was = getenv("PATH");
    char *kept = strdup(was ? was : "");
    assert_int_equal(setenv("PATH", *state, 1), 0);
    bool drawn = report_figures(&set, *state, &error);
    struct error page_error = {0};
    bool page_written = report_html(&set, *state, &page_error);
    assert_int_equal(setenv("PATH", kept, 1), 0);
    free(kept);
    assert_false(drawn);
    assert_int_equal(error.status, STATUS_UNAVAILABLE);
    assert_non_null(strstr(error.text, "gnuplot-nox"));
    assert_true(page_written);
    char *path = path_join(*state, "report.html");
    char *page = read_file(path);
    assert_non_null(strstr(page, "gnuplot-nox"));
    assert_null(strstr(page, "<svg"));
    free(page);
    free(path);
    error = (struct error){0};
    assert_false(report_figures(&set, "/nonexistent", &error));
    assert_int_equal(error.status, STATUS_FAILED);
    record_set_free(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_matches_golden),
        cmocka_unit_test(csv_matches_golden),
        cmocka_unit_test(csv_has_the_columns_of_its_description),
        cmocka_unit_test(table_of_hostile_text_is_harmless),
        cmocka_unit_test(csv_of_hostile_text_parses),
        cmocka_unit_test(gbench_has_every_sample),
        cmocka_unit_test(gbench_names_the_passes_of_training),
        cmocka_unit_test(baselines_of_choices_rank_no_platform),
        cmocka_unit_test(few_rounds_are_told),
        cmocka_unit_test(missing_floors_have_their_reason),
        cmocka_unit_test(sums_hold_the_plan_only),
        cmocka_unit_test(later_results_replace_earlier_ones),
        cmocka_unit_test(units_stand_in_model_order),
        cmocka_unit_test(speedup_is_over_the_cpu),
        cmocka_unit_test(labels_tell_series_apart),
        cmocka_unit_test(numbers_have_three_digits),
        cmocka_unit_test_setup_teardown(bad_lines_are_named, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(files_without_results_are_named, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(cut_last_line_is_left_out, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(enormous_strings_are_shown_short, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(figures_are_reproducible, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(page_is_whole_and_offline, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(missing_gnuplot_is_said, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
