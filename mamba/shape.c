/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "mamba/shape.h"

#include <errno.h>
#include <float.h>
#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mamba/configs.h"

/* With every size below its limit, every weight has fewer than 2^52 elements and a layer fewer than 2^47,
 * so that no sum or product of sizes in this file can overflow. */
#define SIZE_LIMIT (INT64_C(1) << 20)
#define ROWS_LIMIT INT64_C(2147483647) /* token ids are int32 */
#define LAYERS_LIMIT 65536
#define PARAMETERS_LIMIT (INT64_C(1) << 48)

const char *arch_name(enum arch arch)
{
    return arch == ARCH_MAMBA1 ? "mamba1" : "mamba2";
}

int64_t shape_conv_channels(const struct model_shape *shape)
{
    return shape->d_inner + (shape->arch == ARCH_MAMBA2 ? 2 * shape->ngroups * shape->d_state : 0);
}

int64_t shape_in_proj_rows(const struct model_shape *shape)
{
    if (shape->arch == ARCH_MAMBA1)
        return 2 * shape->d_inner;
    return shape->d_inner + shape_conv_channels(shape) + shape->nheads;
}

bool weight_in_layer(enum weight weight)
{
    return weight >= W_NORM && weight <= W_OUT_BIAS;
}

const char *weight_name(enum weight weight)
{
    static const char *const names[WEIGHT_COUNT] = {
        [W_EMBED] = "embeddings.weight",
        [W_INPUT_PROJ] = "input_proj.weight",
        [W_INPUT_BIAS] = "input_proj.bias",
        [W_NORM] = "norm.weight",
        [W_IN_PROJ] = "in_proj.weight",
        [W_IN_BIAS] = "in_proj.bias",
        [W_CONV] = "conv1d.weight",
        [W_CONV_BIAS] = "conv1d.bias",
        [W_X_PROJ] = "x_proj.weight",
        [W_DT_PROJ] = "dt_proj.weight",
        [W_DT_BIAS] = "dt_bias",
        [W_A_LOG] = "A_log",
        [W_D] = "D",
        [W_GATE_NORM] = "gate_norm.weight",
        [W_OUT_PROJ] = "out_proj.weight",
        [W_OUT_BIAS] = "out_proj.bias",
        [W_FINAL_NORM] = "norm_f.weight",
        [W_HEAD] = "lm_head.weight",
        [W_HEAD_BIAS] = "lm_head.bias",
    };
    return names[weight];
}

bool weight_shape(const struct model_shape *s, enum weight weight, int64_t *rows, int64_t *columns)
{
    const bool mamba1 = s->arch == ARCH_MAMBA1;
    bool present = true;
    int64_t r = 1, c = 0;
    switch (weight) {
    case W_EMBED:
        present = s->vocab > 0;
        r = s->vocab;
        c = s->d_model;
        break;
    case W_INPUT_PROJ:
        present = s->input_size > 0;
        r = s->d_model;
        c = s->input_size;
        break;
    case W_INPUT_BIAS:
        present = s->input_size > 0;
        c = s->d_model;
        break;
    case W_NORM:
    case W_FINAL_NORM:
        c = s->d_model;
        break;
    case W_IN_PROJ:
        r = shape_in_proj_rows(s);
        c = s->d_model;
        break;
    case W_IN_BIAS:
        present = s->proj_bias;
        c = shape_in_proj_rows(s);
        break;
    case W_CONV:
        r = shape_conv_channels(s);
        c = s->d_conv;
        break;
    case W_CONV_BIAS:
        present = s->conv_bias;
        c = shape_conv_channels(s);
        break;
    case W_X_PROJ:
        present = mamba1;
        r = s->dt_rank + 2 * s->d_state;
        c = s->d_inner;
        break;
    case W_DT_PROJ:
        present = mamba1;
        r = s->d_inner;
        c = s->dt_rank;
        break;
    case W_DT_BIAS:
    case W_D:
        c = s->nheads;
        break;
    case W_A_LOG:
        r = mamba1 ? s->d_inner : 1;
        c = mamba1 ? s->d_state : s->nheads;
        break;
    case W_GATE_NORM:
        present = !mamba1;
        c = s->d_inner;
        break;
    case W_OUT_PROJ:
        r = s->d_model;
        c = s->d_inner;
        break;
    case W_OUT_BIAS:
        present = s->proj_bias;
        c = s->d_model;
        break;
    case W_HEAD:
        present = !s->tied_head;
        r = s->outputs;
        c = s->d_model;
        break;
    case W_HEAD_BIAS:
        present = s->head_bias;
        c = s->outputs;
        break;
    case WEIGHT_COUNT:
        present = false;
    }
    if (!present)
        return false;
    *rows = r;
    *columns = c;
    return true;
}

int64_t shape_parameters(const struct model_shape *shape)
{
    int64_t total = 0, rows, columns;
    for (int weight = 0; weight < WEIGHT_COUNT; weight++)
        if (weight_shape(shape, (enum weight)weight, &rows, &columns))
            total += rows * columns * (weight_in_layer((enum weight)weight) ? shape->n_layer : 1);
    return total;
}

static bool check_size(const char *where, const char *name, int64_t value, int64_t limit, struct error *error)
{
    if (value >= 1 && value <= limit)
        return true;
    return error_set(error, STATUS_USAGE, "%s: %s is %" PRId64 "; it must be from 1 to %" PRId64, where, name,
                     value, limit);
}

static bool complete_heads(struct model_shape *shape, const char *where, struct error *error)
{
    if (shape->arch == ARCH_MAMBA1) {
        if (!shape->dt_rank)
            shape->dt_rank = (shape->d_model + 15) / 16;
        shape->headdim = 1;
        shape->nheads = shape->d_inner;
        shape->ngroups = 1;
        return check_size(where, "dt_rank", shape->dt_rank, SIZE_LIMIT, error);
    }
    shape->dt_rank = 0;
    if (!shape->ngroups)
        shape->ngroups = 1;
    if (!shape->headdim && shape->nheads > 0)
        shape->headdim = shape->d_inner / shape->nheads;
    if (!check_size(where, "headdim", shape->headdim, SIZE_LIMIT, error))
        return false;
    if (!shape->nheads)
        shape->nheads = shape->d_inner / shape->headdim;
    if (!check_size(where, "nheads", shape->nheads, SIZE_LIMIT, error) ||
        !check_size(where, "ngroups", shape->ngroups, SIZE_LIMIT, error))
        return false;
    if (shape->nheads * shape->headdim != shape->d_inner)
        return error_set(error, STATUS_USAGE,
                         "%s: nheads %" PRId64 " x headdim %" PRId64 " must be d_inner, which is %" PRId64,
                         where, shape->nheads, shape->headdim, shape->d_inner);
    if (shape->nheads % shape->ngroups != 0)
        return error_set(error, STATUS_USAGE,
                         "%s: ngroups is %" PRId64 "; it must divide nheads, which is %" PRId64, where,
                         shape->ngroups, shape->nheads);
    return check_size(where, "ngroups x d_state", shape->ngroups * shape->d_state, SIZE_LIMIT, error);
}

static bool complete_ends(struct model_shape *shape, const char *where, struct error *error)
{
    if ((shape->vocab != 0) == (shape->input_size != 0))
        return error_set(error, STATUS_USAGE,
                         "%s: vocab is %" PRId64 " and input_size %" PRId64
                         "; exactly one of them must be positive",
                         where, shape->vocab, shape->input_size);
    if (shape->vocab && !check_size(where, "vocab", shape->vocab, ROWS_LIMIT, error))
        return false;
    if (shape->input_size && !check_size(where, "input_size", shape->input_size, ROWS_LIMIT, error))
        return false;
    if (!shape->outputs)
        shape->outputs = shape->vocab;
    if (!check_size(where, "outputs", shape->outputs, ROWS_LIMIT, error))
        return false;
    if (shape->tied_head && shape->outputs != shape->vocab)
        return error_set(error, STATUS_USAGE,
                         "%s: a tied head needs as many outputs as vocab; they are %" PRId64 " and %" PRId64,
                         where, shape->outputs, shape->vocab);
    return true;
}

static bool complete_reals(struct model_shape *shape, const char *where, struct error *error)
{
    if (shape->norm_eps == 0)
        shape->norm_eps = 1e-5;
    if (!(shape->norm_eps > 0 && shape->norm_eps < 1))
        return error_set(error, STATUS_USAGE, "%s: norm_eps is %g; it must be above 0 and below 1", where,
                         shape->norm_eps);
    if (shape->dt_max == 0)
        shape->dt_max = INFINITY;
    if (!(shape->dt_min >= 0 && shape->dt_min <= shape->dt_max && shape->dt_min <= (double)FLT_MAX))
        return error_set(error, STATUS_USAGE,
                         "%s: dt is clamped to [%g, %g]; 0 <= dt_min <= dt_max must hold", where,
                         shape->dt_min, shape->dt_max);
    if (shape->input_size > 0 &&
        !(isfinite(shape->input_mean) && isfinite(shape->input_std) && shape->input_std > 0))
        return error_set(error, STATUS_USAGE,
                         "%s: input_mean is %g and input_std %g; they must be finite, input_std positive",
                         where, shape->input_mean, shape->input_std);
    return true;
}

bool shape_complete(struct model_shape *shape, const char *where, struct error *error)
{
    if (shape->arch != ARCH_MAMBA1 && shape->arch != ARCH_MAMBA2)
        return error_set(error, STATUS_USAGE, "%s: arch must be mamba1 or mamba2", where);
    if (!check_size(where, "d_model", shape->d_model, SIZE_LIMIT, error) ||
        !check_size(where, "n_layer", shape->n_layer, LAYERS_LIMIT, error) ||
        !check_size(where, "d_inner", shape->d_inner, SIZE_LIMIT, error) ||
        !check_size(where, "d_state", shape->d_state, SIZE_LIMIT, error) ||
        !check_size(where, "d_conv", shape->d_conv, SIZE_LIMIT, error) ||
        !complete_heads(shape, where, error) || !complete_ends(shape, where, error) ||
        !complete_reals(shape, where, error))
        return false;
    if (shape_parameters(shape) > PARAMETERS_LIMIT)
        return error_set(error, STATUS_USAGE,
                         "%s: the sizes make %" PRId64 " parameters; at most 2^48 are allowed", where,
                         shape_parameters(shape));
    return true;
}

struct preset {
    char *source;
    enum arch arch;
    int64_t d_model, n_layer, d_state, d_conv, expand, dt_rank, headdim, ngroups, vocab, input_size, outputs;
    bool proj_bias, conv_bias, head_bias, tied_head, norm_before_gate;
    double norm_eps, dt_min, dt_max, input_mean, input_std;
};

static const cyaml_strval_t arch_values[] = {{"mamba1", ARCH_MAMBA1}, {"mamba2", ARCH_MAMBA2}};

#define SIZE_FIELD(name) CYAML_FIELD_INT(#name, CYAML_FLAG_DEFAULT, struct preset, name)
#define OPTIONAL_SIZE(name) CYAML_FIELD_INT(#name, CYAML_FLAG_OPTIONAL, struct preset, name)
#define OPTIONAL_REAL(name) CYAML_FIELD_FLOAT(#name, CYAML_FLAG_OPTIONAL, struct preset, name)
#define BOOLEAN(name, flags) CYAML_FIELD_BOOL(#name, flags, struct preset, name)

static const cyaml_schema_field_t preset_fields[] = {
    CYAML_FIELD_STRING_PTR("source", CYAML_FLAG_POINTER, struct preset, source, 1, CYAML_UNLIMITED),
    CYAML_FIELD_ENUM("arch", CYAML_FLAG_STRICT, struct preset, arch, arch_values,
                     CYAML_ARRAY_LEN(arch_values)),
    SIZE_FIELD(d_model),
    SIZE_FIELD(n_layer),
    SIZE_FIELD(d_state),
    SIZE_FIELD(d_conv),
    SIZE_FIELD(expand),
    OPTIONAL_SIZE(dt_rank),
    OPTIONAL_SIZE(headdim),
    OPTIONAL_SIZE(ngroups),
    OPTIONAL_SIZE(vocab),
    OPTIONAL_SIZE(input_size),
    OPTIONAL_SIZE(outputs),
    BOOLEAN(proj_bias, CYAML_FLAG_DEFAULT),
    BOOLEAN(conv_bias, CYAML_FLAG_DEFAULT),
    BOOLEAN(tied_head, CYAML_FLAG_DEFAULT),
    BOOLEAN(head_bias, CYAML_FLAG_OPTIONAL),
    BOOLEAN(norm_before_gate, CYAML_FLAG_OPTIONAL),
    CYAML_FIELD_FLOAT("norm_eps", CYAML_FLAG_DEFAULT, struct preset, norm_eps),
    OPTIONAL_REAL(dt_min),
    OPTIONAL_REAL(dt_max),
    OPTIONAL_REAL(input_mean),
    OPTIONAL_REAL(input_std),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t preset_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct preset, preset_fields)};

bool shape_preset(const char *name, struct model_shape *shape, struct error *error)
{
    void *data;
    const cyaml_config_t *config;
    if (!configs_load("models", name, &preset_schema, &data, &config, error))
        return false;
    const struct preset *preset = data;
    *shape = (struct model_shape){
        .arch = preset->arch,
        .d_model = preset->d_model,
        .n_layer = preset->n_layer,
        .d_state = preset->d_state,
        .d_conv = preset->d_conv,
        .dt_rank = preset->dt_rank,
        .headdim = preset->headdim,
        .ngroups = preset->ngroups,
        .vocab = preset->vocab,
        .input_size = preset->input_size,
        .outputs = preset->outputs,
        .proj_bias = preset->proj_bias,
        .conv_bias = preset->conv_bias,
        .head_bias = preset->head_bias,
        .tied_head = preset->tied_head,
        .norm_before_gate = preset->norm_before_gate,
        .norm_eps = preset->norm_eps,
        .dt_min = preset->dt_min,
        .dt_max = preset->dt_max,
        .input_mean = preset->input_mean,
        .input_std = preset->input_std,
    };
    snprintf(shape->name, sizeof shape->name, "%s", name);
    char where[128];
    snprintf(where, sizeof where, "configs/models/%.80s.yaml", name);
    bool ok = !__builtin_mul_overflow(preset->d_model, preset->expand, &shape->d_inner) ||
              error_set(error, STATUS_USAGE, "%s: d_model x expand overflows", where);
    cyaml_free(config, &preset_schema, data, 0);
    return ok && shape_complete(shape, where, error);
}

char **shape_preset_names(struct error *error)
{
    return configs_names("models", error);
}

void shape_preset_names_free(char **names)
{
    configs_free_names(names);
}

/* A config.json under reading. Once a key is wrong the error is set, and later reads do nothing. */
struct config {
    const char *path;
    json_t *root;
    struct error *error;
    bool failed;
};

static void refuse(struct config *config, const char *key, const char *wanted)
{
    if (config->failed)
        return;
    config->failed = true;
    json_t *value = json_object_get(config->root, key);
    if (!value) {
        error_set(config->error, STATUS_USAGE, "%s: missing key '%s' (%s)", config->path, key, wanted);
        return;
    }
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    error_set(config->error, STATUS_USAGE, "%s: key '%s' is %.60s; it must be %s", config->path, key,
              text ? text : "unreadable", wanted);
    free(text);
}

static bool present(const struct config *config, const char *key)
{
    json_t *value = json_object_get(config->root, key);
    return value && !json_is_null(value);
}

static int64_t read_size(struct config *config, const char *key)
{
    json_t *value = json_object_get(config->root, key);
    int64_t size = json_is_integer(value) ? json_integer_value(value) : 0;
    if (size < 1)
        refuse(config, key, "a positive integer");
    return size;
}

static int64_t read_optional_size(struct config *config, const char *key, int64_t fallback)
{
    return present(config, key) ? read_size(config, key) : fallback;
}

static bool read_flag(struct config *config, const char *key, bool fallback)
{
    if (!present(config, key))
        return fallback;
    json_t *value = json_object_get(config->root, key);
    if (!json_is_boolean(value))
        refuse(config, key, "true or false");
    return json_is_true(value);
}

static double read_real(struct config *config, const char *key, double fallback)
{
    if (!present(config, key))
        return fallback;
    json_t *value = json_object_get(config->root, key);
    if (!json_is_number(value))
        refuse(config, key, "a number");
    return json_number_value(value);
}

/* A number, or one of the ways in which Python programs write infinity (see spell_infinity). */
static bool read_limit(const json_t *value, double *limit)
{
    if (json_is_object(value))
        value = json_object_get(value, "__float__");
    if (json_is_number(value))
        *limit = json_number_value(value);
    else if (json_is_string(value) && strcmp(json_string_value(value), "Infinity") == 0)
        *limit = INFINITY;
    else
        return false;
    if (*limit > (double)FLT_MAX)
        *limit = INFINITY;
    return true;
}

static void read_time_step_limit(struct config *config, struct model_shape *shape)
{
    static const char key[] = "time_step_limit";
    if (!present(config, key))
        return;
    json_t *pair = json_object_get(config->root, key);
    if (json_array_size(pair) != 2 || !read_limit(json_array_get(pair, 0), &shape->dt_min) ||
        !read_limit(json_array_get(pair, 1), &shape->dt_max) || !(shape->dt_min >= 0) || !(shape->dt_max > 0))
        refuse(config, key, "[smallest, largest] with 0 <= smallest and 0 < largest");
}

static int64_t read_d_inner(struct config *config, int64_t d_model)
{
    int64_t d_inner = read_optional_size(config, "intermediate_size", 0);
    if (!present(config, "expand")) {
        if (!d_inner)
            refuse(config, "expand", "a positive number; or intermediate_size, a positive integer");
        return d_inner;
    }
    double expanded = read_real(config, "expand", 0) * (double)d_model;
    if (!(expanded >= 1 && expanded <= (double)SIZE_LIMIT && expanded == floor(expanded)))
        refuse(config, "expand",
               "a positive number that makes expand x hidden_size an integer up to 1048576");
    else if (d_inner && d_inner != (int64_t)expanded)
        refuse(config, "intermediate_size", "expand x hidden_size");
    else
        d_inner = (int64_t)expanded;
    return d_inner;
}

static int64_t read_dt_rank(struct config *config)
{
    static const char key[] = "time_step_rank";
    const char *text = json_string_value(json_object_get(config->root, key));
    if (!present(config, key) || (text && strcmp(text, "auto") == 0))
        return 0;
    int64_t rank = json_integer_value(json_object_get(config->root, key));
    if (rank < 1)
        refuse(config, key, "a positive integer or \"auto\"");
    return rank;
}

static void require(struct config *config, const char *key, const char *only)
{
    const char *text = json_string_value(json_object_get(config->root, key));
    char wanted[64];
    snprintf(wanted, sizeof wanted, "\"%s\", the only one supported", only);
    if (present(config, key) && (!text || strcmp(text, only) != 0))
        refuse(config, key, wanted);
}

static void read_language_model(struct config *config, struct model_shape *shape)
{
    const bool mamba2 = shape->arch == ARCH_MAMBA2;
    shape->vocab = read_size(config, "vocab_size");
    shape->proj_bias = read_flag(config, "use_bias", false);
    /* Both defaults are those of transformers. */
    shape->tied_head = read_flag(config, "tie_word_embeddings", !mamba2);
    require(config, "hidden_act", "silu");
    if (!read_flag(config, "rms_norm", true))
        refuse(config, "rms_norm", "true, the only one supported");
    if (!mamba2) {
        shape->dt_rank = read_dt_rank(config);
        return;
    }
    if (!present(config, "num_heads"))
        shape->headdim = read_size(config, "head_dim");
    else
        shape->headdim = read_optional_size(config, "head_dim", 0);
    shape->nheads = read_optional_size(config, "num_heads", 0);
    shape->ngroups = read_optional_size(config, "n_groups", 8);
    /* transformers always gates first; files such as Mamba-Codestral's say true and mean nothing by it. */
    read_flag(config, "norm_before_gate", false);
    read_time_step_limit(config, shape);
}

static void read_classifier(struct config *config, struct model_shape *shape)
{
    shape->input_size = read_size(config, "input_size");
    shape->outputs = read_size(config, "num_classes");
    shape->proj_bias = read_flag(config, "use_bias", false);
    shape->head_bias = true;
    shape->input_mean = read_real(config, "input_mean", 0);
    shape->input_std = read_real(config, "input_std", 1);
    shape->dt_rank = read_dt_rank(config);
    require(config, "hidden_act", "silu");
    if (!read_flag(config, "residual", true))
        refuse(config, "residual", "true, the only one supported");
}

static bool read_shape(struct config *config, struct model_shape *shape)
{
    static const struct {
        const char *type;
        enum arch arch;
        void (*read)(struct config *, struct model_shape *);
    } types[] = {
        {"mamba", ARCH_MAMBA1, read_language_model},
        {"mamba2", ARCH_MAMBA2, read_language_model},
        {"mamba-classifier", ARCH_MAMBA1, read_classifier},
    };
    const char *type = json_string_value(json_object_get(config->root, "model_type"));
    for (size_t i = 0; type && i < sizeof types / sizeof *types; i++) {
        if (strcmp(type, types[i].type) != 0)
            continue;
        shape->arch = types[i].arch;
        shape->d_model = read_size(config, "hidden_size");
        shape->n_layer = read_size(config, "num_hidden_layers");
        shape->d_state = read_size(config, "state_size");
        shape->d_conv = read_size(config, "conv_kernel");
        shape->d_inner = read_d_inner(config, shape->d_model);
        shape->conv_bias = read_flag(config, "use_conv_bias", true);
        shape->norm_eps = read_real(config, "layer_norm_epsilon", 1e-5);
        if (!(shape->norm_eps > 0))
            refuse(config, "layer_norm_epsilon", "a number above 0 and below 1");
        types[i].read(config, shape);
        return !config->failed;
    }
    refuse(config, "model_type", "\"mamba\", \"mamba2\" or \"mamba-classifier\"");
    return false;
}

enum { CONFIG_LIMIT = 1 << 20 };

static char *read_text(const char *path, size_t *length, struct error *error)
{
    FILE *file = fopen(path, "re");
    char *text = file ? malloc(CONFIG_LIMIT + 1) : NULL;
    if (!text) {
        error_set(error, STATUS_USAGE, "%s: %s", path, strerror(errno));
        if (file)
            fclose(file);
        return NULL;
    }
    *length = fread(text, 1, CONFIG_LIMIT + 1, file);
    if (ferror(file))
        error_set(error, STATUS_USAGE, "%s: %s", path, strerror(errno));
    else if (*length > CONFIG_LIMIT)
        error_set(error, STATUS_USAGE, "%s: a config.json of more than 1 MiB is not plausible", path);
    bool ok = !ferror(file) && *length <= CONFIG_LIMIT;
    fclose(file);
    if (ok)
        return text;
    free(text);
    return NULL;
}

/* Python writes infinity as a bare word, which is no JSON. The number put in its place is read as infinity
 * where a limit may be infinite, and is out of range everywhere else. */
static void spell_infinity(char *text, size_t length)
{
    static const char word[] = "Infinity", number[] = "1e308   ";
    const size_t size = sizeof word - 1;
    bool in_string = false;
    for (size_t i = 0; i < length; i++) {
        if (in_string && text[i] == '\\')
            i++;
        else if (text[i] == '"')
            in_string = !in_string;
        else if (!in_string && length - i >= size && memcmp(text + i, word, size) == 0)
            memcpy(text + i, number, size);
    }
}

/* The folder that holds the file names the model. */
static void name_after_folder(const char *path, struct model_shape *shape)
{
    char real[PATH_MAX];
    const char *name = "";
    if (realpath(path, real)) {
        *strrchr(real, '/') = '\0';
        const char *slash = strrchr(real, '/');
        name = slash ? slash + 1 : real;
    }
    snprintf(shape->name, sizeof shape->name, "%.63s", *name ? name : "checkpoint");
    for (char *c = shape->name; *c; c++)
        if (*c <= ' ' || *c > '~')
            *c = '_';
}

bool shape_from_config(const char *path, struct model_shape *shape, struct error *error)
{
    size_t length;
    char *text = read_text(path, &length, error);
    if (!text)
        return false;
    spell_infinity(text, length);
    json_error_t problem;
    struct config config = {.path = path, .error = error};
    config.root = json_loadb(text, length, JSON_REJECT_DUPLICATES, &problem);
    free(text);
    if (!config.root)
        return error_set(error, STATUS_USAGE, "%s: line %d: not JSON: %s", path, problem.line, problem.text);
    bool ok = false;
    *shape = (struct model_shape){0};
    if (!json_is_object(config.root))
        error_set(error, STATUS_USAGE, "%s: the file must hold one JSON object", path);
    else
        ok = read_shape(&config, shape);
    json_decref(config.root);
    if (!ok)
        return false;
    name_after_folder(path, shape);
    return shape_complete(shape, path, error);
}
