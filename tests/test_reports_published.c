/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "reports/report.h"

/* Published figures in records that somebody else made. */

static char *table_of(const char *published)
{
    struct record_set set = {0};
    struct error error = {0};
    char *text = NULL;
    size_t size, i;
    json_t *record;
    if (!record_set_load(TEST_DATA "/reports/platforms.jsonl", &set, &error))
        fail_msg("%s", error.text);
    bool found = false;
    json_array_foreach(set.records, i, record)
    {
        if (strcmp(json_string_value(json_object_get(record, "scope")), "model"))
            continue;
        json_t *value = json_loads(published, JSON_DECODE_ANY, NULL);
        assert_non_null(value);
        json_object_set_new(record, "published", value);
        found = true;
    }
    assert_true(found);
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    if (!report_table(&set, out, &error))
        fail_msg("%s", error.text);
    fclose(out);
    record_set_free(&set);
    return text;
}

static void a_figure_stands_beside_the_models(void **state)
{
    (void)state;
    char *text = table_of(
        "[{\"id\": \"a-figure\", \"figure\": \"speedup\", \"over\": \"somebody\", \"of\": \"other\","
        "\"value\": 10, \"plus_minus\": 0.3, \"model\": 9, \"layers_only\": true, \"source\": \"a book\","
        "\"provenance\": \"digitised\", \"state\": \"changed\", \"changed\": \"a=b for c\"}]");
    assert_non_null(strstr(text, "Published figures beside the model's"));
    assert_non_null(strstr(text, "speedup of other over somebody"));
    assert_non_null(strstr(text, "-10.0"));
    assert_non_null(strstr(text, "digitised [1]"));
    assert_non_null(strstr(text, "[1] a book"));
    assert_non_null(strstr(text, "10.0 ±0.3"));
    assert_non_null(strstr(text, "* layers only"));
    assert_non_null(strstr(text, "a=b for c"));
    assert_null(strstr(text, "no model"));
    free(text);
}

static void what_cannot_be_compared_has_no_model(void **state)
{
    (void)state;
    char *text =
        table_of("[{\"id\": \"a-figure\", \"figure\": \"speedup\", \"over\": \"somebody\","
                 "\"value\": 10, \"plus_minus\": 0.3, \"model\": null, \"source\": \"a book\","
                 "\"provenance\": \"published\", \"state\": \"changed\", \"changed\": \"a=b for c\"}]");
    assert_non_null(strstr(text, "a-figure"));
    assert_null(strstr(text, "+nan"));
    assert_null(strstr(text, " nan"));
    assert_non_null(strstr(text, "no model: the law"));
    free(text);
}

static void what_is_no_figure_is_left_out(void **state)
{
    (void)state;
    static const char *const hostile[] = {"3",
                                          "{}",
                                          "[]",
                                          "[3]",
                                          "[null]",
                                          "[[]]",
                                          "[{}]",
                                          "[{\"id\": 3, \"figure\": \"speedup\", \"value\": 1}]",
                                          "[{\"id\": \"x\", \"figure\": \"speedup\", \"value\": \"y\"}]",
                                          "\"text\""};
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        char *text = table_of(hostile[i]);
        assert_null(strstr(text, "Published figures"));
        free(text);
    }
    char *text =
        table_of("[{\"id\": \"\\u001b[31m\", \"figure\": \"speedup\", \"value\": 1, \"model\": null}]");
    assert_null(strchr(text, '\033'));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_figure_stands_beside_the_models),
        cmocka_unit_test(what_cannot_be_compared_has_no_model),
        cmocka_unit_test(what_is_no_figure_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
