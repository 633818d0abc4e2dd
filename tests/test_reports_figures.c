/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <dirent.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "reports/report.h"
#include "reports/text.h"

static const double page_width = 252, type_size = 7;

static int make_folder(void **state)
{
    char name[] = "test-figures-XXXXXX";
    if (!mkdtemp(name))
        return -1;
    *state = strdup(name);
    return *state ? 0 : -1;
}

static void empty_folder(const char *folder)
{
    DIR *files = opendir(folder);
    assert_non_null(files);
    for (struct dirent *file; (file = readdir(files));) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", folder, file->d_name);
        if (file->d_name[0] != '.')
            assert_int_equal(unlink(path), 0);
    }
    closedir(files);
}

static int remove_folder(void **state)
{
    empty_folder(*state);
    const int status = rmdir(*state);
    free(*state);
    return status;
}

static char *read_file(const char *folder, const char *name)
{
    char path[512], *text = NULL;
    size_t size, n;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "r"), *out = open_memstream(&text, &size);
    if (!file)
        fail_msg("%s is missing", path);
    char part[4096];
    while ((n = fread(part, 1, sizeof part, file)) > 0)
        fwrite(part, 1, n, out);
    fclose(file);
    fclose(out);
    return text;
}

static void add(struct record_set *set, json_t *record)
{
    struct error error = {0};
    assert_non_null(record);
    if (!record_set_add(set, record, "test", &error))
        fail_msg("%s", error.text);
    json_decref(record);
}

static json_t *result(const char *platform, const char *phase, int length, const char *scope,
                      const char *stage, double time_s)
{
    const bool cpu = !strcmp(platform, "cpu"), decode = !strcmp(phase, "decode");
    json_t *record =
        json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:s, s:s, s:{s:s, s:s}, s:{s:f}, s:s, s:{s:i, "
                  "s:i, s:i, s:i}}",
                  "schema", 1, "platform", platform, "device", cpu ? "generic" : "example", "provenance",
                  cpu ? "measured" : "modelled", "model", "tiny-model", "phase", phase, "batch", 1, "seqlen",
                  decode ? 1 : length, "scope", scope, "stage", stage, "plan", "fusion", "none", "precision",
                  cpu ? "fp32" : "int8", "time_s", "median", time_s, "environment", "e", "work", "mul",
                  1000000, "add", 1000000, "bytes_read", 40000, "bytes_written", 40000);
    assert_non_null(record);
    if (cpu)
        json_object_set_new(record, "threads", json_integer(2));
    if (decode)
        json_object_set_new(record, "context", json_integer(length));
    return record;
}

static json_t *compared(json_t *record, const char *what, const char *variant, const char *role, double ratio)
{
    json_t *compare = json_pack("{s:s, s:s, s:s}", "what", what, "variant", variant, "role", role);
    if (strcmp(role, "baseline")) {
        json_object_set_new(compare, "ratio", json_real(ratio));
        if (ratio < 1e9)
            json_object_set_new(compare, "ci95", json_pack("[f, f]", ratio * 0.9, ratio * 1.1));
        json_object_set_new(compare, "verdict", json_string("AMBIGUOUS"));
    }
    json_object_set_new(record, "compare", compare);
    return record;
}

static void begin(struct record_set *set)
{
    *set = (struct record_set){0};
    add(set, json_pack("{s:i, s:s, s:s, s:s, s:{s:b, s:[{s:i, s:[{s:s, s:f}], s:[{s:s, s:f}]}]}}", "schema",
                       1, "record", "environment", "id", "e", "host", "h", "ceilings", "dram_is_cached", 1,
                       "runs", "threads", 2, "compute", "isa", "avx512", "gflop_per_s", 498.0, "bandwidth",
                       "level", "DRAM", "read_gbyte_per_s", 32.5));
}

static void whole_models(struct record_set *set)
{
    static const char *const parts[] = {"norm", "in_proj", "softplus+discretize+scan+contract+skip+gate",
                                        "out_proj"};
    for (int length = 64; length <= 256; length *= 2)
        for (int platform = 0; platform < 3; platform++) {
            const char *name = platform == 0   ? "fpga-model"
                               : platform == 1 ? "cpu"
                                               : "a-platform-whose-name-is-much-longer-than-others";
            for (int part = 0; part < 4; part++)
                add(set, result(name, "prefill", length, part == 2 ? "group" : "stage", parts[part],
                                1e-4 * (part + 1) * length));
            json_t *model = result(name, "prefill", length, "model", "model", 1e-3 * length * (platform + 1));
            if (platform == 0)
                json_object_set_new(
                    model, "published",
                    json_pack(
                        "[{s:s, s:s, s:f, s:f, s:s, s:s, s:s}, {s:s, s:s, s:f, s:f, s:s, s:s, s:s, s:s}]",
                        "id", "a", "figure", "speedup", "value", 50.0, "model", 45.0, "over", "xeon", "state",
                        "missed", "provenance", "digitised", "id", "b", "figure", "speedup", "value", 9.0,
                        "model", 9.5, "over", "xeon", "of", "gpu", "state", "missed", "provenance",
                        "published"));
            add(set, model);
        }
}

static void scans(struct record_set *set)
{
    static const char *const variants[] = {"sequential", "sequential", "blelloch", "chunked"};
    for (int length = 100; length <= 10000; length *= 10)
        for (int platform = 0; platform < 2; platform++)
            for (int v = 0; v < 4; v++)
                add(set,
                    compared(result(platform ? "fpga-model" : "cpu", "prefill", length, "group",
                                    "softplus+discretize+scan+contract+skip+gate", 1e-6 * length * (v + 1)),
                             "scan", variants[v],
                             v == 0   ? "baseline"
                             : v == 1 ? "control"
                                      : "variant",
                             v == 2 ? 0.02 : 1.0 / (v + 1)));
}

static void recomputes(struct record_set *set)
{
    static const char *const variants[] = {"store",         "checkpoint:1",  "checkpoint:4",
                                           "checkpoint:16", "checkpoint:64", "recompute"};
    static const int kept[] = {66200000, 58400000, 20600000, 11200000, 8810000, 8030000};
    for (int length = 512; length <= 1024; length *= 2)
        for (int platform = 0; platform < 2; platform++)
            for (int v = 0; v < 6; v++) {
                json_t *record = result(platform ? "fpga-model" : "cpu", "train", length, "layer", "backward",
                                        1e-4 * length * (1 + 0.1 * v));
                json_object_set_new(record, "saved_bytes", json_integer(kept[v] / 512 * length));
                add(set, compared(record, "recompute", variants[v], v ? "variant" : "baseline", 1 - 0.1 * v));
            }
}

static void draw(const struct record_set *set, const char *folder)
{
    struct error error = {0};
    empty_folder(folder);
    if (!report_figures(set, folder, &error) && error.status != STATUS_UNAVAILABLE)
        fail_msg("%s", error.text);
}

/* What gnuplot is told about the axes and where a text stands: from, to, lowest, highest; in points. */
struct sheet {
    double height, left, right, top, bottom, x0, x1, y0, y1;
    bool logarithmic;
};

struct box {
    double x0, x1, y0, y1;
    char text[256];
};

static bool parse_label(const struct sheet *sheet, const char *line, struct box *box)
{
    static const char start[] = "set label '";
    double x, y;
    char align[16] = "", *out = box->text;
    const char *in = line + sizeof start - 1;
    if (strncmp(line, start, sizeof start - 1))
        return false;
    for (; *in != '\'' || in[1] == '\''; in++) {
        assert_true(out < box->text + sizeof box->text - 1);
        in += *in == '\'';
        *out++ = *in;
    }
    *out = '\0';
    if (!*box->text)
        return false;
    const double size = strstr(in, "title_size") ? 7.9 : type_size;
    double width = size * text_ems(box->text), height = size;
    if (sscanf(in, "' at screen %lf, screen %lf %15s", &x, &y, align) == 3) {
        x *= page_width;
        y *= sheet->height;
    } else if (sscanf(in, "' at first %lf, first %lf %15s", &x, &y, align) == 3) {
        x = sheet->logarithmic ? log(x / sheet->x0) / log(sheet->x1 / sheet->x0)
                               : (x - sheet->x0) / (sheet->x1 - sheet->x0);
        x = sheet->left + x * (sheet->right - sheet->left) + 2;
        y = sheet->bottom + (y - sheet->y0) / (sheet->y1 - sheet->y0) * (sheet->top - sheet->bottom);
    } else {
        fail_msg("%s", line);
    }
    if (strstr(in, "rotate by 90")) {
        const double swap = width;
        width = height;
        height = swap;
    }
    x -= !strcmp(align, "right") ? width : !strcmp(align, "center") ? width / 2 : 0;
    box->x0 = x;
    box->x1 = x + width;
    box->y0 = y - height / 2;
    box->y1 = y + height / 2;
    return true;
}

/* All texts lie within the figure, and no two touch. */
static void check_layout(const char *folder, const char *name)
{
    enum { MOST = 2000 };
    struct box *boxes = calloc(MOST, sizeof *boxes);
    struct sheet sheet = {.x1 = 1, .y1 = 1};
    char *text = read_file(folder, name), *rest = text;
    int n = 0;
    assert_non_null(boxes);
    for (int pass = 0; pass < 2; pass++, rest = text = (free(text), read_file(folder, name)))
        for (char *line; (line = strsep(&rest, "\n"));) {
            double height, value;
            sheet.logarithmic |= !strncmp(line, "set logscale x", 14);
            if (sscanf(line, "set terminal svg size 672,%lf", &height) == 1)
                sheet.height = height * page_width / 672;
            if (sscanf(line, "set lmargin at screen %lf", &value) == 1)
                sheet.left = value * page_width;
            if (sscanf(line, "set rmargin at screen %lf", &value) == 1)
                sheet.right = value * page_width;
            if (sscanf(line, "set tmargin at screen %lf", &value) == 1)
                sheet.top = value * sheet.height;
            if (sscanf(line, "set bmargin at screen %lf", &value) == 1)
                sheet.bottom = value * sheet.height;
            sscanf(line, "set xrange [%lf:%lf]", &sheet.x0, &sheet.x1);
            sscanf(line, "set yrange [%lf:%lf]", &sheet.y0, &sheet.y1);
            if (pass == 1 && n < MOST)
                n += parse_label(&sheet, line, &boxes[n]);
        }
    free(text);
    assert_true(n > 3);
    for (int i = 0; i < n; i++) {
        if (boxes[i].x0 < 0 || boxes[i].x1 > page_width || boxes[i].y0 < 0 || boxes[i].y1 > sheet.height)
            fail_msg("%s: '%s' leaves the figure: %.1f to %.1f, %.1f to %.1f", name, boxes[i].text,
                     boxes[i].x0, boxes[i].x1, boxes[i].y0, boxes[i].y1);
        for (int k = 0; k < i; k++)
            if (boxes[i].x0 < boxes[k].x1 && boxes[k].x0 < boxes[i].x1 && boxes[i].y0 < boxes[k].y1 - 0.5 &&
                boxes[k].y0 < boxes[i].y1 - 0.5)
                fail_msg("%s: '%s' lies upon '%s'", name, boxes[i].text, boxes[k].text);
    }
    free(boxes);
}

static int check_layouts(const char *folder)
{
    int n = 0;
    DIR *files = opendir(folder);
    assert_non_null(files);
    for (struct dirent *file; (file = readdir(files));)
        if (strstr(file->d_name, ".gp")) {
            check_layout(folder, file->d_name);
            n++;
        }
    closedir(files);
    return n;
}

static void texts_stay_apart(void **state)
{
    static const char *const files[] = {TEST_DATA "/reports/platforms.jsonl",
                                        TEST_DATA "/reports/hostile.jsonl"};
    static void (*const makers[])(struct record_set *) = {whole_models, scans, recomputes};
    static const int figures[] = {5, 2, 2};
    struct record_set set;
    for (int f = 0; f < 2; f++) {
        struct error error = {0};
        set = (struct record_set){0};
        assert_true(record_set_load(files[f], &set, &error));
        draw(&set, *state);
        assert_true(check_layouts(*state) >= 3);
        record_set_free(&set);
    }
    for (int m = 0; m < 3; m++) {
        begin(&set);
        makers[m](&set);
        draw(&set, *state);
        assert_true(check_layouts(*state) >= figures[m]);
        record_set_free(&set);
    }
}

static void expect_head(const char *folder, const char *figure, const char *const *words)
{
    char name[64];
    snprintf(name, sizeof name, "%s.gp", figure);
    char *text = read_file(folder, name);
    char *end = strstr(text, "set lmargin");
    assert_non_null(end);
    *end = '\0';
    for (; *words; words++)
        if (!strstr(text, *words))
            fail_msg("%s: no '%s' in its head", name, *words);
    free(text);
}

static bool script_has(const char *folder, const char *name, const char *text)
{
    char *script = read_file(folder, name);
    const bool has = strstr(script, text);
    free(script);
    return has;
}

static void heads_say_what_is_shown(void **state)
{
    static const char *const models[] = {
        "tiny-model", "prefill, batch 1, 64/128/256 tokens; int8/fp32; 2 threads",
        "host h",     "'measured'",
        "'modelled'", NULL};
    static const char *const roofline[] = {"tiny-model", "64/128/256 tokens; fp32; 2 threads", "'measured'",
                                           NULL};
    static const char *const published[] = {"tiny-model", "int8", "'modelled'", "'published'", NULL};
    static const char *const scan[] = {"tiny-model", "prefill, batch 1, 100/1000/10000 tokens",
                                       "fp32/int8",  "2 threads",
                                       "'measured'", "'modelled'",
                                       NULL};
    static const char *const train[] = {"tiny-model", "train, batch 1, 512/1024 tokens", "'measured'",
                                        "'modelled'", NULL};
    struct record_set set;
    begin(&set);
    whole_models(&set);
    draw(&set, *state);
    expect_head(*state, "speedup", models);
    expect_head(*state, "stages", models);
    expect_head(*state, "lengths", models);
    expect_head(*state, "published", published);
    expect_head(*state, "roofline", roofline);
    assert_true(script_has(*state, "roofline.gp", "'DRAM, part cached, 32.5 GB/s'"));
    assert_true(script_has(*state, "roofline.gp", "'fp32 avx512, 498 GFLOP/s'"));
    record_set_free(&set);
    begin(&set);
    scans(&set);
    draw(&set, *state);
    expect_head(*state, "comparison", scan);
    expect_head(*state, "lengths", scan);
    record_set_free(&set);
    begin(&set);
    recomputes(&set);
    draw(&set, *state);
    expect_head(*state, "comparison", train);
    expect_head(*state, "recompute", train);
    record_set_free(&set);
}

/* Names of a figure's data blocks, or of the units in them, with the first colour they are drawn in. */
static void collect_colours(const char *folder, const char *figure, bool units, json_t *colours)
{
    enum { MOST = 400 };
    char name[64], *names[MOST] = {NULL};
    int block = -1, n = 0;
    snprintf(name, sizeof name, "%s.dat", figure);
    char *data = read_file(folder, name), *rest = data;
    strsep(&rest, "\n");
    for (char *line; (line = strsep(&rest, "\n"));) {
        char *quote = strchr(line, '"'), *end = quote ? strchr(quote + 1, '"') : NULL;
        if (line[0] == '#')
            assert_true(++block < MOST);
        if (line[0] == '#' && !units)
            names[block] = line + 2;
        if (end && units && !names[block]) {
            *end = '\0';
            names[block] = quote + 1;
        }
    }
    snprintf(name, sizeof name, "%s.gp", figure);
    char *script = read_file(folder, name);
    bool *seen = calloc(MOST, sizeof *seen);
    assert_non_null(seen);
    for (char *at = script; (at = strstr(at, ".dat' index ")); at++) {
        const int index = atoi(at + strlen(".dat' index "));
        char colour[8] = "", *rgb = strstr(at, "rgb '");
        assert_non_null(rgb);
        assert_true(index <= block);
        if (!names[index] || seen[index])
            continue;
        seen[index] = true;
        memcpy(colour, rgb + 5, 7);
        char *baseline = strstr(names[index], " (baseline)");
        if (baseline)
            *baseline = '\0';
        char *comma = units ? NULL : strchr(names[index], ',');
        if (comma)
            *comma = '\0';
        const char *known = json_string_value(json_object_get(colours, names[index]));
        if (known && strcmp(known, colour))
            fail_msg("%s: %s is %s, elsewhere %s", figure, names[index], colour, known);
        json_object_set_new(colours, names[index], json_string(colour));
        n++;
    }
    assert_true(n > 1);
    free(seen);
    free(data);
    free(script);
}

static void check_different(const json_t *colours, const char *a, const char *b)
{
    const char *own = json_string_value(json_object_get(colours, a)),
               *other = json_string_value(json_object_get(colours, b));
    if (!own || !other || !strcmp(own, other))
        fail_msg("%s is %s, %s is %s", a, own ? own : "nowhere", b, other ? other : "nowhere");
}

static void one_name_has_one_colour(void **state)
{
    struct record_set set;
    json_t *platforms = json_object(), *units = json_object(), *variants = json_object();
    begin(&set);
    whole_models(&set);
    draw(&set, *state);
    collect_colours(*state, "speedup", false, platforms);
    collect_colours(*state, "lengths", false, platforms);
    collect_colours(*state, "stages", true, units);
    collect_colours(*state, "roofline", true, units);
    record_set_free(&set);
    begin(&set);
    scans(&set);
    recomputes(&set);
    draw(&set, *state);
    collect_colours(*state, "comparison", false, variants);
    collect_colours(*state, "lengths", false, variants);
    check_different(platforms, "cpu", "fpga-model:example");
    check_different(units, "in_proj", "out_proj");
    check_different(variants, "blelloch", "chunked");
    check_different(variants, "blelloch", "A/A control");
    check_different(variants, "sequential", "chunked");
    collect_colours(*state, "recompute", false, platforms);
    record_set_free(&set);
    json_decref(platforms);
    json_decref(units);
    json_decref(variants);
}

/* Kernels of two families in the same variant look the same. */
static void kernels_have_their_variants_colour(void **state)
{
    static const char *const kernels[] = {"matmul/avx512", "matmul/avx2", "matmul/openblas",  "matmul/blis",
                                          "norm/avx2",     "scan/avx2",   "scan/chunked_avx2"};
    struct record_set set;
    json_t *colours = json_object();
    begin(&set);
    for (int k = 0; k < 7; k++) {
        json_t *record = compared(result("cpu", "prefill", 64, "stage", "scan", 1e-3), "kernel", "x",
                                  k ? "variant" : "baseline", 2);
        json_object_set_new(record, "kernel", json_string(kernels[k]));
        add(&set, record);
    }
    draw(&set, *state);
    collect_colours(*state, "comparison", false, colours);
    assert_string_equal(json_string_value(json_object_get(colours, "matmul/avx2")),
                        json_string_value(json_object_get(colours, "scan/avx2")));
    check_different(colours, "matmul/avx2", "matmul/openblas");
    check_different(colours, "matmul/blis", "scan/chunked_avx2");
    record_set_free(&set);
    json_decref(colours);
}

/* Numbers that are allowed, though no machine gives them, neither hang nor break a figure. */
static void extremes_are_drawn(void **state)
{
    static const double times[] = {1e-320, 1e-300, 1e-9, 1e12};
    struct record_set set;
    begin(&set);
    for (int t = 0; t < 4; t++)
        for (int length = 1; length <= 1000; length *= 1000) {
            json_t *model =
                result(t ? "fpga-model" : "cpu", "prefill", length + t, "model", "model", times[t]);
            add(&set, model);
            add(&set, result("cpu", "prefill", length + t, "model", "model", times[3 - t]));
            add(&set, result("cpu", "prefill", length + t, "stage", "in_proj", times[t]));
            for (int v = 0; v < 3; v++) {
                json_t *record = result("cpu", "train", length, "layer", "backward", times[(t + v) % 4]);
                json_object_set_new(record, "saved_bytes", json_real(v == 1 ? 1e300 : 1));
                add(&set, compared(record, "recompute", v ? "checkpoint:1" : "store",
                                   v ? "variant" : "baseline", v == 1 ? 1e300 : 1e-300));
            }
        }
    draw(&set, *state);
    record_set_free(&set);
}

static int count_blocks(const char *folder, const char *name)
{
    char *text = read_file(folder, name);
    int n = 0;
    for (const char *at = text; (at = strstr(at, "\n# ")); at++)
        n++;
    free(text);
    return n;
}

/* A line for each variant on each platform, whether or not it has threads. */
static void lines_hold_all_lengths(void **state)
{
    struct record_set set;
    begin(&set);
    scans(&set);
    draw(&set, *state);
    assert_int_equal(count_blocks(*state, "lengths.dat"), 2 * 3);
    record_set_free(&set);
    begin(&set);
    recomputes(&set);
    draw(&set, *state);
    assert_int_equal(count_blocks(*state, "recompute.dat"), 2 * 2);
    record_set_free(&set);
}

static bool page_says(const char *folder, const struct record_set *set, const char *text)
{
    struct error error = {0};
    if (!report_html(set, folder, &error))
        fail_msg("%s", error.text);
    char *page = read_file(folder, "report.html");
    const bool says = strstr(page, text);
    free(page);
    return says;
}

/* A run of single stages says nothing of a whole model. */
static void stages_alone_are_no_model(void **state)
{
    struct record_set set;
    char path[512];
    snprintf(path, sizeof path, "%s/stages.gp", (char *)*state);
    begin(&set);
    add(&set, result("cpu", "prefill", 64, "stage", "in_proj", 1e-3));
    draw(&set, *state);
    assert_int_not_equal(access(path, F_OK), 0);
    assert_false(page_says(*state, &set, "whole model"));
    add(&set, result("cpu", "prefill", 64, "stage", "out_proj", 1e-3));
    draw(&set, *state);
    char *script = read_file(*state, "stages.gp");
    assert_non_null(strstr(script, "set label 'sum'"));
    assert_null(strstr(script, "set label 'model'"));
    free(script);
    assert_false(page_says(*state, &set, "whole model"));
    add(&set, result("fpga-model", "prefill", 64, "stage", "in_proj", 1e-3));
    add(&set, result("fpga-model", "prefill", 64, "model", "model", 2e-3));
    draw(&set, *state);
    script = read_file(*state, "stages.gp");
    assert_non_null(strstr(script, "set label 'model'"));
    assert_non_null(strstr(script, "set label '+2.00 ms'"));
    assert_non_null(strstr(script, "set label '+ sum of the units"));
    free(script);
    assert_true(page_says(*state, &set, "whole model"));
    record_set_free(&set);
}

/* A run with nothing but a modelled baseline has it as a bar, and names what was skipped. */
static void a_baseline_alone_is_drawn(void **state)
{
    struct record_set set;
    json_t *record;
    begin(&set);
    add(&set, compared(result("leo2-model", "prefill", 100, "group", "scan", 1e-3), "scan", "sequential",
                       "baseline", 1));
    for (int r = 0; r < 2; r++) {
        record =
            compared(result("leo2-model", "prefill", 100, r ? "layer" : "group", r ? "layer" : "scan", 1e-3),
                     "scan", r ? "sequential" : "blelloch", r ? "baseline" : "variant", 1);
        json_object_del(record, "time_s");
        json_object_set_new(record, "skipped", json_string("cannot"));
        add(&set, record);
    }
    draw(&set, *state);
    assert_true(script_has(*state, "comparison.gp", "\xc3\x97 baseline'"));
    assert_true(script_has(*state, "comparison.gp", "set label 'skipped: blelloch, layer'"));
    record_set_free(&set);
}

/* A device of which no variant could be run is there, with what was skipped. */
static void comparisons_tell_of_skipped_variants(void **state)
{
    struct record_set set;
    json_t *record;
    begin(&set);
    scans(&set);
    for (int v = 0; v < 3; v++) {
        record = compared(result("leo2-model", "prefill", 100, "group", "scan", 1e-3), "scan",
                          v == 1 ? "blelloch" : "chunked", "variant", 1);
        json_object_del(record, "time_s");
        json_object_set_new(record, "skipped", json_string("cannot"));
        add(&set, record);
    }
    add(&set, compared(result("leo2-model", "prefill", 1000, "group", "scan", 1e-3), "scan", "sequential",
                       "baseline", 1));
    draw(&set, *state);
    assert_true(check_layouts(*state) >= 2);
    assert_true(script_has(*state, "comparison.gp", "set label 'leo2-model:example'"));
    assert_true(script_has(*state, "comparison.gp", "set label 'skipped: chunked, blelloch'"));
    assert_true(script_has(*state, "comparison.gp", "set label 'nothing to compare with'"));
    record_set_free(&set);
}

/* Intervals of few repetitions say what they cover where they are drawn, and one repetition has none. */
static void figures_tell_of_few_repetitions(void **state)
{
    static const char *const notes[] = {"one repetition: no interval",
                                        "few repetitions: intervals cover 75 %, not 95 %", "every verdict"};
    static const double coverages[] = {0, 0.75, 0.96};
    for (int c = 0; c < 3; c++) {
        struct record_set set;
        begin(&set);
        for (int v = 0; v < 2; v++) {
            json_t *record = compared(result("cpu", "prefill", 100, "stage", "scan", 1e-3), "kernel",
                                      v ? "a" : "b", v ? "variant" : "baseline", 1.5);
            json_t *time = json_object_get(record, "time_s");
            json_object_set_new(time, "n", json_integer(1 + 2 * c * c));
            json_object_set_new(time, "coverage", json_real(coverages[c]));
            add(&set, record);
        }
        draw(&set, *state);
        check_layouts(*state);
        for (int n = 0; n < 3; n++)
            assert_int_equal(script_has(*state, "comparison.gp", notes[n]), n == 2 ? c < 2 : n == c);
        record_set_free(&set);
    }
}

/* More workloads than fit on a page of paper are drawn in several figures. */
static void long_comparisons_take_several_figures(void **state)
{
    struct record_set set;
    begin(&set);
    for (int length = 100; length < 105; length++)
        for (int v = 0; v < 20; v++) {
            char name[16];
            snprintf(name, sizeof name, "variant %d", v);
            add(&set, compared(result("cpu", "prefill", length, "stage", "scan", 1e-3), "kernel", name,
                               v ? "variant" : "baseline", 1.5));
        }
    draw(&set, *state);
    check_layouts(*state);
    assert_int_equal(count_blocks(*state, "comparison.dat"), 2 * 19);
    assert_int_equal(count_blocks(*state, "comparison_2.dat"), 2 * 19);
    assert_int_equal(count_blocks(*state, "comparison_3.dat"), 19);
    record_set_free(&set);
}

/* Of a comparison of fusions only the groups that it changes are timed, so no bar is the whole. */
static void comparisons_of_choices_have_no_stages(void **state)
{
    struct record_set set;
    char stages[512], speedup[512];
    snprintf(stages, sizeof stages, "%s/stages.gp", (char *)*state);
    snprintf(speedup, sizeof speedup, "%s/speedup.gp", (char *)*state);
    begin(&set);
    for (int platform = 0; platform < 2; platform++) {
        static const char *const units[] = {"a", "b", "model"};
        for (int unit = 0; unit < 3; unit++)
            add(&set, compared(result(platform ? "fpga-model" : "cpu", "prefill", 64,
                                      unit == 2 ? "model" : "stage", units[unit], 1e-3),
                               "fusion", "none", "baseline", 1));
    }
    draw(&set, *state);
    assert_int_not_equal(access(stages, F_OK), 0);
    assert_int_not_equal(access(speedup, F_OK), 0);
    record_set_free(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(texts_stay_apart, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(heads_say_what_is_shown, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(extremes_are_drawn, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(kernels_have_their_variants_colour, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(lines_hold_all_lengths, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(stages_alone_are_no_model, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(comparisons_of_choices_have_no_stages, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_baseline_alone_is_drawn, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(comparisons_tell_of_skipped_variants, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(figures_tell_of_few_repetitions, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(long_comparisons_take_several_figures, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(one_name_has_one_colour, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
