/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "tests/temporary.h"

#include <ctype.h>
#include <math.h>

#include "mamba/configs.h"
#include "platforms/device.h"
#include "platforms/platform.h"
#include "platforms/validate.h"

/* Every value of every device file, spoiled: a price that is a number, or one line that says what is wrong.
 */

enum { LARGEST_FILE = 1 << 16 };

static const char *const spoilt[] = {"0", "-1", "1e300", "1e-300", ".nan", "nonsense", "''"};

static char *read_text(const char *path)
{
    static char text[LARGEST_FILE];
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    const size_t size = fread(text, 1, sizeof text - 1, file);
    assert_true(size > 0 && size < sizeof text - 1);
    text[size] = '\0';
    fclose(file);
    return text;
}

/* The next plain value from `at` on: of a key, or of an entry in a list. */
static const char *next_value(const char *at, size_t *length)
{
    for (; *at; at++) {
        const bool begins = (at[0] == ':' && at[1] == ' ') || (at[0] == '-' && at[1] == ' ') ||
                            at[0] == '[' || (at[0] == ',' && at[1] == ' ');
        if (!begins)
            continue;
        const char *value = at + 1 + (at[1] == ' ');
        *length = *value == '"' ? 1 + strcspn(value + 1, "\"\n") + 1 : strcspn(value, ",]}:\n");
        if (*length > 0 && !strchr("[{\n #", *value) && value[*length] != ':' && !isspace(value[*length - 1]))
            return value;
    }
    return NULL;
}

struct workload {
    struct graph graph;
    struct plan plan;
};

static struct workload make_workload(const char *model, enum phase phase, int64_t seqlen)
{
    struct workload made;
    struct model_shape shape;
    struct error error = {0};
    if (!shape_preset(model, &shape, &error) ||
        !graph_build(&shape, phase, 1, seqlen, false, &made.graph, &error) ||
        !plan_build(&made.graph, plan_fusing(NULL, PRECISION_FP32), &made.plan, &error))
        fail_msg("%s", error.text);
    return made;
}

static void expect_usage(const struct error *error, const char *file, const char *line)
{
    if (error->status != STATUS_USAGE || !*error->text)
        fail_msg("%s with '%s': status %d, '%s'", file, line, (int)error->status, error->text);
    assert_one_line(error->text);
}

/* All that pricing says is finite, or a reason. */
static bool price_units(const struct platform *platform, const char *device, const struct workload *work,
                        struct error *error)
{
    const struct task task = {.graph = &work->graph, .plan = &work->plan, .device = device, .threads = 1};
    struct run *run;
    const struct unit *units;
    if (!platform->open(&task, &run, error))
        return false;
    const int n = platform->units(run, &units);
    for (int u = 0; u < n && !platform->call; u++) {
        struct price price;
        struct error reason = {0};
        if (platform->price(run, u, &price, &reason)) {
            if (!(price.time_s >= 0 && price.time_s <= 1e12 && isfinite(price.cycles) &&
                  isfinite(price.joule) && isfinite(price.memory_s) && isfinite(price.off_chip_bytes)))
                fail_msg("%s takes %g s, %g J", units[u].name, price.time_s, price.joule);
        } else {
            assert_int_equal(reason.status, STATUS_UNAVAILABLE);
            assert_one_line(reason.text);
        }
    }
    platform->close(run);
    return true;
}

static bool call_block(const struct platform *platform, const char *device, struct error *error)
{
    const struct stage_dim dims[] = {{"heads", 2}, {"headdim", 3}, {"d_state", 128}};
    struct price price;
    if (platform->missing())
        return true;
    if (!platform->call(device, NULL, dims, 3, &price, error))
        return false;
    assert_true(price.time_s > 0 && price.time_s <= 1e12);
    return true;
}

static bool validates(const char *platform, const char *device, struct error *error)
{
    char chosen[96];
    struct validation validation;
    snprintf(chosen, sizeof chosen, "%s:%s", platform, device);
    if (!validate(chosen, &validation, error))
        return false;
    for (size_t i = 0; i < validation.n_rows; i++)
        assert_true(isfinite(validation.rows[i].model) && isfinite(validation.rows[i].relative_error));
    validation_free(&validation);
    return true;
}

static void use_file(const struct platform *platform, const char *name, bool of_published,
                     const struct workload *work, const char *line)
{
    struct device *device = NULL;
    struct error error = {0};
    if (!device_load(platform->name, name, &device, &error)) {
        expect_usage(&error, name, line);
        assert_contains(error.text, name);
        return;
    }
    const bool has_rtl = device->rtl != NULL;
    device_free(device);
    if (platform->execute)
        return;
    if ((platform->call && !call_block(platform, name, &error)) ||
        !price_units(platform, name, work, &error) ||
        (of_published && !has_rtl && !validates(platform->name, name, &error)))
        expect_usage(&error, name, line);
}

/* Evidence is many entries of one form: of its values only every `stride`th. */
static int spoil(const struct platform *platform, const char *name, const struct workload *work, int stride)
{
    static char text[LARGEST_FILE], changed[LARGEST_FILE];
    char path[1400], file[96];
    snprintf(file, sizeof file, "devices/%.30s-%.50s.yaml", platform->name, name);
    snprintf(path, sizeof path, "%s/%s", TEST_CONFIGS, file);
    memcpy(text, read_text(path), sizeof text);
    const char *published = strstr(text, "\npublished:"), *resources = strstr(text, "\nresources:");
    int tried = 0, evidence = 0;
    size_t length;
    for (const char *at = text; (at = next_value(at, &length)) != NULL; at += length) {
        const bool of_published = published && at > published;
        if ((of_published || (resources && at > resources && at < strstr(resources, "\nunits:"))) &&
            evidence++ % stride)
            continue;
        for (size_t i = 0; i < sizeof spoilt / sizeof *spoilt; i++) {
            const char *line = at;
            while (line > text && line[-1] != '\n')
                line--;
            snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - text), text, spoilt[i], at + length);
            write_temporary_text(file, changed);
            char said[128];
            snprintf(said, sizeof said, "%.*s -> %s", (int)strcspn(line, "\n"), line, spoilt[i]);
            use_file(platform, name, of_published, work, said);
            tried++;
        }
    }
    write_temporary_text(file, text);
    return tried;
}

static void spoilt_device_files_give_a_price_or_one_line(void **state)
{
    (void)state;
    static const struct {
        const char *platform, *device, *model;
        enum phase phase;
        int64_t seqlen;
    } devices[] = {{"cpu", "generic", "mamba2-130m", PHASE_DECODE, 1},
                   {"fpga-rtl", "ssm-block", "mamba2-130m", PHASE_DECODE, 1},
                   {"fpga-model", "ssm-block", "mamba2-130m", PHASE_DECODE, 1},
                   {"fpga-model", "lightmamba-vck190", "mamba2-130m", PHASE_DECODE, 1},
                   {"fpga-model", "fastmamba-vc709", "mamba2-130m", PHASE_PREFILL, 70},
                   {"leo2-model", "mannix", "mnist-mamba", PHASE_DECODE, 1}};
    static struct workload work;
    for (size_t i = 0; i < sizeof devices / sizeof *devices; i++) {
        const struct platform *platform = platform_find(devices[i].platform);
        assert_int_equal(setenv("MAMBA_BENCH_CONFIGS", TEST_CONFIGS, 1), 0);
        work = make_workload(devices[i].model, devices[i].phase, devices[i].seqlen);
        assert_int_equal(setenv("MAMBA_BENCH_CONFIGS", temporary_folder, 1), 0);
        const int tried = spoil(platform, devices[i].device, &work, 24);
        assert_true(tried > 50);
        printf("%s:%s: %d changes\n", devices[i].platform, devices[i].device, tried);
    }
}

static int make_folders(void **state)
{
    if (make_temporary_folder(state))
        return -1;
    make_temporary_subfolder("devices");
    /* Published results are of named models. */
    return symlink(TEST_CONFIGS "/models", temporary_path("models"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spoilt_device_files_give_a_price_or_one_line),
    };
    return cmocka_run_group_tests(tests, make_folders, remove_temporary_folder);
}
