/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "mamba/configs.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml.h>

static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* Writes base + tail when that is a configs folder: /usr/configs, say, may be anything. */
static bool try_folder(const char *base, const char *tail, char *path, size_t size)
{
    char models[PATH_MAX];
    int length = snprintf(models, sizeof models, "%s%s/models", base, tail);
    if (length < 0 || (size_t)length >= sizeof models || !is_folder(models))
        return false;
    char folder[PATH_MAX], resolved[PATH_MAX];
    length = snprintf(folder, sizeof folder, "%s%s", base, tail);
    if (length < 0 || (size_t)length >= sizeof folder || !realpath(folder, resolved))
        return false;
    length = snprintf(path, size, "%s", resolved);
    return length >= 0 && (size_t)length < size;
}

static bool program_folder(char *path, size_t size)
{
    ssize_t length = readlink("/proc/self/exe", path, size - 1);
    if (length <= 0)
        return false;
    path[length] = '\0';
    char *slash = strrchr(path, '/');
    if (!slash)
        return false;
    *slash = '\0';
    return true;
}

bool configs_folder(char *path, size_t size, struct error *error)
{
    const char *chosen = getenv("MAMBA_BENCH_CONFIGS");
    if (chosen && *chosen) {
        if (try_folder(chosen, "", path, size))
            return true;
        return error_set(error, STATUS_USAGE,
                         "MAMBA_BENCH_CONFIGS is '%s'; it must name a folder with models/ inside", chosen);
    }
    char program[PATH_MAX];
    if (program_folder(program, sizeof program) &&
        (try_folder(program, "/../share/mamba-bench/configs", path, size) ||
         try_folder(program, "/../../configs", path, size)))
        return true;
    if (try_folder(MAMBA_BENCH_CONFIGS_FOLDER, "", path, size))
        return true;
    return error_set(error, STATUS_USAGE,
                     "configs/ is neither beside the program nor at %s; MAMBA_BENCH_CONFIGS can name it",
                     MAMBA_BENCH_CONFIGS_FOLDER);
}

/* Length of the stem of NAME.yaml, or 0 when the name is no config file's. */
static size_t stem_length(const char *file)
{
    static const char ending[] = ".yaml";
    size_t length = strlen(file), tail = sizeof ending - 1;
    if (file[0] == '.' || length <= tail || strcmp(file + length - tail, ending) != 0)
        return 0;
    return length - tail;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static char **read_names(DIR *folder)
{
    size_t count = 0, room = 16;
    char **names = calloc(room, sizeof *names);
    for (struct dirent *entry; names && (entry = readdir(folder));) {
        size_t length = stem_length(entry->d_name);
        if (!length)
            continue;
        if (count + 1 == room) {
            char **larger = realloc(names, 2 * room * sizeof *names);
            if (!larger)
                goto no_memory;
            names = larger;
            room *= 2;
        }
        names[count + 1] = NULL;
        names[count] = strndup(entry->d_name, length);
        if (!names[count])
            goto no_memory;
        count++;
    }
    if (names)
        qsort(names, count, sizeof *names, compare_names);
    return names;
no_memory:
    configs_free_names(names);
    return NULL;
}

char **configs_names(const char *kind, struct error *error)
{
    char base[PATH_MAX], path[PATH_MAX + 64];
    if (!configs_folder(base, sizeof base, error))
        return NULL;
    snprintf(path, sizeof path, "%s/%.60s", base, kind);
    DIR *folder = opendir(path);
    if (!folder) {
        error_set(error, STATUS_USAGE, "%s: %s", path, strerror(errno));
        return NULL;
    }
    char **names = read_names(folder);
    closedir(folder);
    if (!names)
        error_set(error, STATUS_FAILED, "%s: no memory for the list of names", path);
    return names;
}

void configs_free_names(char **names)
{
    for (char **name = names; name && *name; name++)
        free(*name);
    free(names);
}

/* libcyaml tells what is wrong in one message and where in the first line of the backtrace after it. */
struct complaint {
    char what[160], where[64];
};

static void take_complaint(cyaml_log_t level, void *context, const char *format, va_list arguments)
{
    struct complaint *complaint = context;
    char line[256];
    if (level < CYAML_LOG_ERROR || vsnprintf(line, sizeof line, format, arguments) < 0)
        return;
    line[strcspn(line, "\n")] = '\0';
    static const char prefix[] = "Load: ";
    const char *text = strncmp(line, prefix, sizeof prefix - 1) == 0 ? line + sizeof prefix - 1 : line;
    const char *position = strstr(text, "(line: ");
    if (position && !*complaint->where)
        snprintf(complaint->where, sizeof complaint->where, "%.60s", position);
    else if (!position && !*complaint->what && strcmp(text, "Backtrace:") != 0)
        snprintf(complaint->what, sizeof complaint->what, "%.150s", text);
}

static bool unknown_name(const char *kind, const char *name, struct error *error)
{
    char **names = configs_names(kind, error);
    if (!names)
        return false;
    char list[384] = "";
    size_t used = 0;
    for (char **known = names; *known && used < sizeof list; known++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", used ? ", " : "", *known);
    configs_free_names(names);
    return error_set(error, STATUS_USAGE, "no '%.60s' in configs/%s; there are: %s", name, kind, list);
}

bool configs_number(const char *text, const char **end, double *value)
{
    const char *at = text;
    at += strspn(at, "0123456789");
    size_t digits = (size_t)(at - text);
    if (*at == '.') {
        const size_t fraction = strspn(at + 1, "0123456789");
        at += 1 + fraction;
        digits += fraction;
    }
    if (!digits)
        return false;
    if (*at == 'e' || *at == 'E') {
        const char *exponent = at + 1 + (at[1] == '+' || at[1] == '-');
        if (!isdigit((unsigned char)*exponent))
            return false;
        at = exponent + strspn(exponent, "0123456789");
    }
    *value = strtod(text, NULL);
    *end = at;
    return isfinite(*value);
}

/* libcyaml reads numbers up to the first character that is none, and any word that it does not know as true.
 * This holds every number and boolean that a schema has to what they must be. */
struct strict {
    yaml_document_t *document;
    const char *path;
    size_t visits; /* above the number of nodes: one is reached twice, by an alias */
    struct error *error;
};

static bool is_number(const char *text, bool integer)
{
    const char *end;
    double value;
    text += *text == '-' || *text == '+';
    return configs_number(text, &end, &value) && !*end &&
           (!integer || (strspn(text, "0123456789") == strlen(text) && (*text != '0' || !text[1])));
}

static bool check_scalar(const struct strict *strict, enum cyaml_type type, const char *key,
                         const yaml_node_t *node)
{
    const char *text = node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value : NULL;
    const char *right = NULL;
    if (type == CYAML_FLOAT && !(text && is_number(text, false)))
        right = "a finite decimal number such as 200 or 2.5e6, without unit or separators";
    else if ((type == CYAML_INT || type == CYAML_UINT) && !(text && is_number(text, true)))
        right = "a decimal integer such as 24, without unit or separators";
    else if (type == CYAML_BOOL && !(text && (!strcmp(text, "true") || !strcmp(text, "false"))))
        right = "true or false";
    return !right || error_set(strict->error, STATUS_USAGE, "%s: %.60s is '%.60s' (line %zu); it must be %s",
                               strict->path, key, text ? text : "...", node->start_mark.line + 1, right);
}

static const cyaml_schema_value_t *field_value(const cyaml_schema_field_t *fields, const yaml_node_t *key)
{
    for (; fields->key && key->type == YAML_SCALAR_NODE; fields++)
        if (!strcmp(fields->key, (const char *)key->data.scalar.value))
            return &fields->value;
    return NULL;
}

static bool check_node(struct strict *strict, const cyaml_schema_value_t *schema, const char *key, int index)
{
    yaml_document_t *document = strict->document;
    yaml_node_t *node = yaml_document_get_node(document, index);
    if (++strict->visits > (size_t)(document->nodes.top - document->nodes.start))
        return error_set(strict->error, STATUS_USAGE, "%s: aliases are not taken; write the values out",
                         strict->path);
    bool ok = true;
    if (schema->type == CYAML_SEQUENCE && node->type == YAML_SEQUENCE_NODE) {
        for (yaml_node_item_t *item = node->data.sequence.items.start;
             ok && item < node->data.sequence.items.top; item++)
            ok = check_node(strict, schema->sequence.entry, key, *item);
    } else if (schema->type == CYAML_MAPPING && node->type == YAML_MAPPING_NODE) {
        for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
             ok && pair < node->data.mapping.pairs.top; pair++) {
            const yaml_node_t *name = yaml_document_get_node(document, pair->key);
            const cyaml_schema_value_t *value = field_value(schema->mapping.fields, name);
            ok = !value || check_node(strict, value, (const char *)name->data.scalar.value, pair->value);
        }
    } else {
        ok = check_scalar(strict, schema->type, key, node);
    }
    return ok;
}

/* Leaves to libcyaml what is no YAML and what has not the schema's structure. */
static bool check_strictly(const char *path, const cyaml_schema_value_t *schema, struct error *error)
{
    FILE *file = fopen(path, "rb");
    yaml_parser_t parser;
    yaml_document_t document;
    if (!file)
        return error_set(error, STATUS_USAGE, "%s: %s", path, strerror(errno));
    if (!yaml_parser_initialize(&parser)) {
        fclose(file);
        return error_set(error, STATUS_FAILED, "%s: no memory to read it", path);
    }
    yaml_parser_set_input_file(&parser, file);
    bool ok = true;
    if (yaml_parser_load(&parser, &document)) {
        struct strict strict = {&document, path, 0, error};
        if (yaml_document_get_root_node(&document))
            ok = check_node(&strict, schema, "the file", 1);
        yaml_document_delete(&document);
        if (ok && yaml_parser_load(&parser, &document)) {
            if (yaml_document_get_root_node(&document))
                ok = error_set(error, STATUS_USAGE,
                               "%s: a second document begins at line %zu; a file holds one", path,
                               document.start_mark.line + 1);
            yaml_document_delete(&document);
        }
    }
    yaml_parser_delete(&parser);
    fclose(file);
    return ok;
}

static const cyaml_config_t plain_config = {
    .mem_fn = cyaml_mem, .log_level = CYAML_LOG_ERROR, .flags = CYAML_CFG_NO_ALIAS};

bool configs_load(const char *kind, const char *name, const cyaml_schema_value_t *schema, void **data,
                  const cyaml_config_t **config, struct error *error)
{
    if (!*name || *name == '.' || strchr(name, '/'))
        return error_set(
            error, STATUS_USAGE,
            "'%.100s' is no name in configs/%s: it must not be empty, start with a dot or have a "
            "slash",
            name, kind);
    char base[PATH_MAX], path[PATH_MAX + 64 + NAME_MAX];
    if (!configs_folder(base, sizeof base, error))
        return false;
    int length = snprintf(path, sizeof path, "%s/%s/%s.yaml", base, kind, name);
    if (length < 0 || (size_t)length >= sizeof path || access(path, F_OK) != 0)
        return unknown_name(kind, name, error);

    if (!check_strictly(path, schema, error))
        return false;
    struct complaint complaint = {0};
    cyaml_config_t loading = plain_config;
    loading.log_fn = take_complaint;
    loading.log_ctx = &complaint;
    void *loaded = NULL;
    cyaml_err_t result = cyaml_load_file(path, &loading, schema, &loaded, NULL);
    if (result != CYAML_OK)
        return error_set(error, STATUS_USAGE, "%s: %s%s%s", path,
                         *complaint.what ? complaint.what : cyaml_strerror(result),
                         *complaint.where ? " " : "", complaint.where);
    if (!loaded)
        return error_set(error, STATUS_USAGE, "%s: the file holds nothing", path);
    *data = loaded;
    *config = &plain_config;
    return true;
}
