/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "reports/report.h"
#include "reports/text.h"
#include "reports/view.h"

enum field_kind {
    FIELD_TEXT,
    FIELD_NUMBER,
    FIELD_SECONDS,
    FIELD_COUNT,
    FIELD_BOOLEAN,
    FIELD_OBJECT,
    FIELD_NUMBERS,
    FIELD_TEXTS
};

static const char *const kind_words[] = {
    [FIELD_TEXT] = "a string",
    [FIELD_NUMBER] = "a number >= 0",
    [FIELD_SECONDS] = "seconds, from 0 to 1e12",
    [FIELD_COUNT] = "a whole number >= 1",
    [FIELD_BOOLEAN] = "true or false",
    [FIELD_OBJECT] = "an object",
    [FIELD_NUMBERS] = "an array of seconds, each from 0 to 1e12",
    [FIELD_TEXTS] = "an array of strings",
};

struct field {
    const char *path;
    enum field_kind kind;
    bool required;
    const char *const *words; /* of FIELD_TEXT: the only values allowed */
};

static const char *const provenance_words[] = {"measured", "simulated", "modelled", "published", NULL};
static const char *const phase_words[] = {"prefill", "decode", "train", NULL};
static const char *const scope_words[] = {"stage", "group", "layer", "model", NULL};

static const char *const role_words[] = {"baseline", "control", "variant", NULL};

/* Objects stand before their members. */
static const struct field result_fields[] = {
    {"platform", FIELD_TEXT, true, NULL},
    {"device", FIELD_TEXT, false, NULL},
    {"provenance", FIELD_TEXT, true, provenance_words},
    {"model", FIELD_TEXT, true, NULL},
    {"phase", FIELD_TEXT, true, phase_words},
    {"batch", FIELD_COUNT, true, NULL},
    {"seqlen", FIELD_COUNT, true, NULL},
    {"context", FIELD_NUMBER, false, NULL},
    {"scope", FIELD_TEXT, true, scope_words},
    {"stage", FIELD_TEXT, false, NULL},
    {"kernel", FIELD_TEXT, false, NULL},
    {"in_plan", FIELD_BOOLEAN, false, NULL},
    {"repeats", FIELD_COUNT, false, NULL},
    {"plan", FIELD_OBJECT, false, NULL},
    {"plan.fusion", FIELD_TEXT, false, NULL},
    {"plan.scan", FIELD_TEXT, false, NULL},
    {"plan.recompute", FIELD_TEXT, false, NULL},
    {"plan.precision", FIELD_TEXT, false, NULL},
    {"isa", FIELD_TEXT, false, NULL},
    {"threads", FIELD_COUNT, false, NULL},
    {"cache", FIELD_TEXT, false, NULL},
    {"skipped", FIELD_TEXT, false, NULL},
    {"note", FIELD_TEXT, false, NULL},
    {"assumed", FIELD_TEXTS, false, NULL},
    {"time_s", FIELD_OBJECT, false, NULL},
    {"time_s.median", FIELD_SECONDS, false, NULL},
    {"time_s.min", FIELD_SECONDS, false, NULL},
    {"time_s.ci95", FIELD_NUMBERS, false, NULL},
    {"time_s.samples", FIELD_NUMBERS, false, NULL},
    {"time_s.n", FIELD_NUMBER, false, NULL},
    {"time_s.coverage", FIELD_NUMBER, false, NULL},
    {"cycles", FIELD_NUMBER, false, NULL},
    {"breakdown", FIELD_OBJECT, false, NULL},
    {"breakdown.compute_s", FIELD_NUMBER, false, NULL},
    {"breakdown.memory_s", FIELD_NUMBER, false, NULL},
    {"breakdown.link_s", FIELD_NUMBER, false, NULL},
    {"breakdown.overhead_s", FIELD_NUMBER, false, NULL},
    {"tile", FIELD_OBJECT, false, NULL},
    {"tile.held_bytes", FIELD_NUMBER, false, NULL},
    {"tile.on_chip_bytes", FIELD_NUMBER, false, NULL},
    {"tile.tokens", FIELD_COUNT, false, NULL},
    {"tile.channels", FIELD_COUNT, false, NULL},
    {"ports", FIELD_OBJECT, false, NULL},
    {"ports.fill_cycles", FIELD_NUMBER, false, NULL},
    {"ports.compute_cycles", FIELD_NUMBER, false, NULL},
    {"ports.stall_cycles", FIELD_NUMBER, false, NULL},
    {"ports.drain_cycles", FIELD_NUMBER, false, NULL},
    {"ports.deviation_cycles", FIELD_NUMBER, false, NULL},
    {"ports.in", FIELD_OBJECT, false, NULL},
    {"ports.in.bytes", FIELD_NUMBER, false, NULL},
    {"ports.in.wait_cycles", FIELD_NUMBER, false, NULL},
    {"ports.out", FIELD_OBJECT, false, NULL},
    {"ports.out.bytes", FIELD_NUMBER, false, NULL},
    {"ports.out.wait_cycles", FIELD_NUMBER, false, NULL},
    {"work", FIELD_OBJECT, false, NULL},
    {"work.mul", FIELD_NUMBER, false, NULL},
    {"work.add", FIELD_NUMBER, false, NULL},
    {"work.exp", FIELD_NUMBER, false, NULL},
    {"work.log", FIELD_NUMBER, false, NULL},
    {"work.div", FIELD_NUMBER, false, NULL},
    {"work.bytes_read", FIELD_NUMBER, false, NULL},
    {"work.bytes_written", FIELD_NUMBER, false, NULL},
    {"work.onchip_bytes", FIELD_NUMBER, false, NULL},
    {"preparation.time_s", FIELD_SECONDS, false, NULL},
    {"preparation.bytes", FIELD_NUMBER, false, NULL},
    {"work.off_chip_bytes", FIELD_NUMBER, false, NULL},
    {"saved_bytes", FIELD_NUMBER, false, NULL},
    {"high_water_bytes", FIELD_NUMBER, false, NULL},
    {"working_bytes", FIELD_NUMBER, false, NULL},
    {"extra_work", FIELD_OBJECT, false, NULL},
    {"extra_work.mul", FIELD_NUMBER, false, NULL},
    {"extra_work.add", FIELD_NUMBER, false, NULL},
    {"extra_work.exp", FIELD_NUMBER, false, NULL},
    {"extra_work.log", FIELD_NUMBER, false, NULL},
    {"extra_work.div", FIELD_NUMBER, false, NULL},
    {"others_fraction", FIELD_NUMBER, false, NULL},
    {"rate", FIELD_OBJECT, false, NULL},
    {"rate.gflop_per_s", FIELD_NUMBER, false, NULL},
    {"rate.gbyte_per_s", FIELD_NUMBER, false, NULL},
    {"rate.tokens_per_s", FIELD_NUMBER, false, NULL},
    {"rate.roofline_fraction", FIELD_NUMBER, false, NULL},
    {"rate.roofline_fraction_reason", FIELD_TEXT, false, NULL},
    {"rate.roofline_limit", FIELD_TEXT, false, NULL},
    {"energy", FIELD_OBJECT, false, NULL},
    {"energy.joule", FIELD_NUMBER, false, NULL},
    {"energy.joule_per_token", FIELD_NUMBER, false, NULL},
    {"energy.method", FIELD_TEXT, false, NULL},
    {"energy.note", FIELD_TEXT, false, NULL},
    {"error", FIELD_OBJECT, false, NULL},
    {"error.max_abs", FIELD_NUMBER, false, NULL},
    {"error.rel_l2", FIELD_NUMBER, false, NULL},
    {"error.reference", FIELD_TEXT, false, NULL},
    {"error.data", FIELD_TEXT, false, NULL},
    {"error_reason", FIELD_TEXT, false, NULL},
    {"compare", FIELD_OBJECT, false, NULL},
    {"compare.what", FIELD_TEXT, false, NULL},
    {"compare.variant", FIELD_TEXT, false, NULL},
    {"compare.role", FIELD_TEXT, false, role_words},
    {"compare.baseline", FIELD_TEXT, false, NULL},
    {"compare.ratio", FIELD_NUMBER, false, NULL},
    {"compare.ci95", FIELD_NUMBERS, false, NULL},
    {"compare.verdict", FIELD_TEXT, false, NULL},
    {"environment", FIELD_TEXT, true, NULL},
    {"repro", FIELD_TEXT, false, NULL},
};

const json_t *record_get(const json_t *record, const char *path)
{
    while (record && path) {
        char name[64];
        const char *dot = strchr(path, '.');
        size_t length = dot ? (size_t)(dot - path) : strlen(path);
        if (length >= sizeof name)
            return NULL;
        memcpy(name, path, length);
        name[length] = '\0';
        record = json_object_get(record, name);
        path = dot ? dot + 1 : NULL;
    }
    return record;
}

double record_number(const json_t *record, const char *path)
{
    const json_t *value = record_get(record, path);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

const char *record_text(const json_t *record, const char *path)
{
    return json_string_value(record_get(record, path));
}

static bool one_of(const char *text, const char *const *words)
{
    for (; *words; words++)
        if (strcmp(text, *words) == 0)
            return true;
    return false;
}

/* The bounds keep ratios and sums of times finite. */
static bool is_seconds(const json_t *value)
{
    return json_is_number(value) && json_number_value(value) >= 0 && json_number_value(value) <= 1e12;
}

static bool field_fits(const struct field *field, const json_t *value)
{
    size_t i;
    json_t *element;
    switch (field->kind) {
    case FIELD_TEXT:
        return json_is_string(value) && (!field->required || json_string_length(value) > 0);
    case FIELD_NUMBER:
        return json_is_number(value) && json_number_value(value) >= 0;
    case FIELD_SECONDS:
        return is_seconds(value);
    case FIELD_COUNT:
        return json_is_integer(value) && json_integer_value(value) >= 1;
    case FIELD_BOOLEAN:
        return json_is_boolean(value);
    case FIELD_OBJECT:
        return json_is_object(value);
    case FIELD_NUMBERS:
        json_array_foreach(value, i, element)
        {
            if (!is_seconds(element))
                return false;
        }
        return json_is_array(value);
    case FIELD_TEXTS:
        json_array_foreach(value, i, element)
        {
            if (!json_is_string(element))
                return false;
        }
        return json_is_array(value);
    }
    return false;
}

static bool field_check(const struct field *field, const json_t *record, const char *where,
                        struct error *error)
{
    const json_t *value = record_get(record, field->path);
    if (!value || json_is_null(value)) {
        if (!field->required)
            return true;
        return error_set(error, STATUS_USAGE, "%s: field \"%s\" is missing; it must be %s", where,
                         field->path, kind_words[field->kind]);
    }
    if (!field_fits(field, value))
        return error_set(error, STATUS_USAGE, "%s: field \"%s\" must be %s", where, field->path,
                         kind_words[field->kind]);
    if (field->words && !one_of(json_string_value(value), field->words)) {
        char list[128] = "", got[TEXT_SIZE];
        for (int i = 0; field->words[i]; i++) {
            strcat(list, i ? ", " : "");
            strcat(list, field->words[i]);
        }
        return error_set(error, STATUS_USAGE, "%s: field \"%s\" is \"%s\"; it must be one of %s", where,
                         field->path, text_clean(json_string_value(value), 30, got), list);
    }
    return true;
}

static const json_t *find_environment(const struct record_set *set, const char *id)
{
    size_t i;
    json_t *environment;
    json_array_foreach(set->environments, i,
                       environment) if (strcmp(json_string_value(json_object_get(environment, "id")), id) ==
                                        0) return environment;
    return NULL;
}

const json_t *record_environment(const struct record_set *set, const json_t *record)
{
    const char *id = record_text(record, "environment");
    return id ? find_environment(set, id) : NULL;
}

static bool interval_check(const json_t *record, const char *path, const char *where, struct error *error)
{
    const json_t *interval = record_get(record, path);
    if (json_is_array(interval) &&
        (json_array_size(interval) != 2 ||
         json_number_value(json_array_get(interval, 0)) > json_number_value(json_array_get(interval, 1))))
        return error_set(error, STATUS_USAGE, "%s: field \"%s\" must be two numbers, low then high", where,
                         path);
    return true;
}

static bool result_check(const struct record_set *set, const json_t *record, const char *where,
                         struct error *error)
{
    for (size_t i = 0; i < sizeof result_fields / sizeof *result_fields; i++)
        if (!field_check(&result_fields[i], record, where, error))
            return false;
    const char *scope = record_text(record, "scope"), *stage = record_text(record, "stage");
    if ((strcmp(scope, "stage") == 0 || strcmp(scope, "group") == 0) && (!stage || !stage[0]))
        return error_set(error, STATUS_USAGE, "%s: field \"stage\" is missing; a %s needs its name", where,
                         scope);
    const char *skipped = record_text(record, "skipped");
    bool timed = !isnan(record_number(record, "time_s.median"));
    if (!timed && (!skipped || !skipped[0]))
        return error_set(
            error, STATUS_USAGE,
            "%s: neither \"time_s.median\" nor \"skipped\"; a result has a time or the reason why not",
            where);
    if (timed && skipped)
        return error_set(error, STATUS_USAGE,
                         "%s: both \"time_s.median\" and \"skipped\"; only one can be true", where);
    if (!interval_check(record, "time_s.ci95", where, error) ||
        !interval_check(record, "compare.ci95", where, error))
        return false;
    static const char *const comparing[] = {"compare.what", "compare.variant", "compare.role"};
    for (size_t i = 0;
         json_is_object(record_get(record, "compare")) && i < sizeof comparing / sizeof *comparing; i++)
        if (!record_text(record, comparing[i]))
            return error_set(error, STATUS_USAGE, "%s: field \"%s\" is missing; a comparison needs it", where,
                             comparing[i]);
    const char *id = record_text(record, "environment");
    if (!find_environment(set, id)) {
        char shown[TEXT_SIZE];
        return error_set(
            error, STATUS_USAGE,
            "%s: no environment record \"%s\" before this result; it belongs on the file's first line", where,
            text_clean(id, 40, shown));
    }
    return true;
}

bool record_set_add(struct record_set *set, json_t *record, const char *where, struct error *error)
{
    if (!set->environments)
        set->environments = json_array();
    if (!set->records)
        set->records = json_array();
    if (!set->environments || !set->records)
        return error_set(error, STATUS_FAILED, "%s: out of memory", where);
    if (!json_is_object(record))
        return error_set(error, STATUS_USAGE, "%s: not a JSON object; every line is one record", where);
    const json_t *schema = json_object_get(record, "schema");
    if (!json_is_integer(schema) || json_integer_value(schema) != 1)
        return error_set(error, STATUS_USAGE, "%s: field \"schema\" must be 1, the only one known here",
                         where);
    const json_t *kind = json_object_get(record, "record");
    json_t *array = set->records;
    if (kind) {
        static const struct field id = {"id", FIELD_TEXT, true, NULL};
        static const char *const kinds[] = {"environment", NULL};
        const struct field kind_field = {"record", FIELD_TEXT, true, kinds};
        if (!field_check(&kind_field, record, where, error) || !field_check(&id, record, where, error))
            return false;
        if (find_environment(set, record_text(record, "id")))
            return true;
        array = set->environments;
    } else if (!result_check(set, record, where, error)) {
        return false;
    }
    if (json_array_append(array, record) != 0)
        return error_set(error, STATUS_FAILED, "%s: out of memory", where);
    return true;
}

void record_set_free(struct record_set *set)
{
    json_decref(set->environments);
    json_decref(set->records);
    *set = (struct record_set){0};
}

static bool add_line(const char *line, size_t length, bool last, const char *where, struct record_set *set,
                     struct error *error)
{
    json_error_t problem;
    json_t *record = json_loadb(line, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &problem);
    if (!record && last) {
        fprintf(stderr, "warning: %s: the last line is cut short (an interrupted run); it is left out\n",
                where);
        return true;
    }
    if (!record) {
        char shown[TEXT_SIZE];
        return error_set(error, STATUS_USAGE, "%s: column %d: not JSON: %s", where, problem.column,
                         text_clean(problem.text, 60, shown));
    }
    bool added = record_set_add(set, record, where, error);
    json_decref(record);
    return added;
}

bool record_set_load(const char *path, struct record_set *set, struct error *error)
{
    struct stat status;
    char *file_path = NULL, *line = NULL, *where = NULL;
    bool loaded = false;
    size_t capacity = 0;
    ssize_t length;
    int64_t number = 0, records = 0;
    bool folder = stat(path, &status) == 0 && S_ISDIR(status.st_mode);
    if (asprintf(&file_path, folder ? "%s/records.jsonl" : "%s", path) < 0)
        return error_set(error, STATUS_FAILED, "%s: out of memory", path);
    FILE *file = fopen(file_path, "r");
    if (!file) {
        error_set(error, STATUS_USAGE,
                  "%s: %s; expected a .jsonl file of records, or a folder that holds records.jsonl",
                  file_path, strerror(errno));
        goto done;
    }
    errno = 0;
    while ((length = getline(&line, &capacity, file)) > 0) {
        number++;
        bool last = line[length - 1] != '\n';
        while (length > 0 &&
               (line[length - 1] == '\n' || line[length - 1] == '\r' || line[length - 1] == ' '))
            length--;
        if (length == 0)
            continue;
        records++;
        free(where);
        if (asprintf(&where, "%s:%lld", file_path, (long long)number) < 0) {
            where = NULL;
            error_set(error, STATUS_FAILED, "%s: out of memory", file_path);
            goto done;
        }
        if (!add_line(line, length, last, where, set, error))
            goto done;
        errno = 0;
    }
    if (ferror(file) || errno) {
        error_set(error, STATUS_USAGE, "%s:%lld: cannot be read: %s", file_path, (long long)number + 1,
                  strerror(errno));
        goto done;
    }
    if (records == 0) {
        error_set(error, STATUS_USAGE, "%s:1: no records; the first line must be an environment record",
                  file_path);
        goto done;
    }
    loaded = true;
done:
    if (file)
        fclose(file);
    free(file_path);
    free(line);
    free(where);
    return loaded;
}
