/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "temporary.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <omp.h>

#include "mamba/model.h"

#define GOLDEN TEST_DATA "/golden/"

static void open_checkpoint(const char *folder, struct model *model)
{
    struct error error = {0};
    if (!model_open_checkpoint(folder, model, &error))
        fail_msg("%s", error.text);
}

static void assert_refused(const char *folder, const char *file, const char *tensor, const char *what)
{
    struct model model;
    struct error error = {0};
    if (model_open_checkpoint(folder, &model, &error))
        fail_msg("%s was opened", folder);
    assert_int_equal(error.status, STATUS_USAGE);
    assert_contains(error.text, file);
    assert_contains(error.text, tensor);
    assert_contains(error.text, what);
    assert_one_line(error.text);
    assert_null(model.weights);
    assert_null(model.files);
}

static struct model_shape shape_of(const char *config)
{
    struct model_shape shape;
    struct error error = {0};
    if (!shape_from_config(config, &shape, &error))
        fail_msg("%s", error.text);
    return shape;
}

static void synthesize(const struct model_shape *shape, uint64_t seed, struct model *model)
{
    struct error error = {0};
    if (!model_synthesize(shape, seed, model, &error))
        fail_msg("%s", error.text);
}

static int64_t copies(const struct model_shape *shape, int weight)
{
    return weight_in_layer((enum weight)weight) ? shape->n_layer : 1;
}

static bool same_weight(const struct model *a, const struct model *b, enum weight weight, int64_t layer)
{
    const struct model_weight *x = model_weight(a, weight, layer), *y = model_weight(b, weight, layer);
    if (!x->data || !y->data)
        return x->data == y->data;
    return x->dtype == y->dtype && x->rows == y->rows && x->columns == y->columns &&
           memcmp(x->data, y->data, (size_t)(x->rows * x->columns) * dtype_size(x->dtype)) == 0;
}

static void assert_same_weights(const struct model *a, const struct model *b)
{
    for (int w = 0; w < WEIGHT_COUNT; w++)
        for (int64_t layer = 0; layer < copies(&a->shape, w); layer++)
            if (!same_weight(a, b, (enum weight)w, layer))
                fail_msg("%s of layer %d differs", weight_name((enum weight)w), (int)layer);
}

/* One tensor of a checkpoint that a test writes. */
struct entry {
    char name[96];
    const char *dtype;
    char shape[64];
    const void *data;
    size_t size;
};

enum { MAX_ENTRIES = 64 };

struct entries {
    struct entry list[MAX_ENTRIES];
    int count;
};

static struct entry *find_entry(struct entries *entries, const char *name)
{
    for (int i = 0; i < entries->count; i++)
        if (strcmp(entries->list[i].name, name) == 0)
            return &entries->list[i];
    fail_msg("the test has no entry %s", name);
    return NULL;
}

/* Adds what a file would hold for a tensor, with its own name and shape. */
static void add_entry(struct entries *entries, const struct safetensor *tensor)
{
    assert_true(entries->count < MAX_ENTRIES);
    struct entry *entry = &entries->list[entries->count++];
    snprintf(entry->name, sizeof entry->name, "%s", tensor->name);
    entry->dtype = dtype_name(tensor->dtype);
    entry->data = tensor->data;
    entry->size = (size_t)tensor->elements * dtype_size(tensor->dtype);
    size_t used = 0;
    for (int i = 0; i < tensor->axes; i++)
        used += (size_t)snprintf(entry->shape + used, sizeof entry->shape - used, "%s%" PRId64, i ? "," : "",
                                 tensor->shape[i]);
}

/* Writes the entries from first on, `step` apart. */
static void write_entries(const char *name, const struct entries *entries, int first, int step)
{
    size_t room = 64 + (size_t)entries->count * 256, total = 0, used = 1;
    char *header = calloc(1, room);
    assert_non_null(header);
    header[0] = '{';
    for (int i = first; i < entries->count; i += step) {
        const struct entry *entry = &entries->list[i];
        used += (size_t)snprintf(header + used, room - used,
                                 "%s\"%s\":{\"dtype\":\"%s\",\"shape\":[%s],\"data_offsets\":[%zu,%zu]}",
                                 i > first ? "," : "", entry->name, entry->dtype, entry->shape, total,
                                 total + entry->size);
        total += entry->size;
    }
    header[used] = '}';
    char *data = malloc(total ? total : 1);
    assert_non_null(data);
    total = 0;
    for (int i = first; i < entries->count; i += step) {
        memcpy(data + total, entries->list[i].data, entries->list[i].size);
        total += entries->list[i].size;
    }
    write_temporary_safetensors(name, header, data, total);
    free(data);
    free(header);
}

static void copy_config(const char *from, const char *name)
{
    json_error_t problem;
    json_t *config = json_load_file(from, 0, &problem);
    assert_non_null(config);
    assert_int_equal(json_dump_file(config, temporary_path(name), 0), 0);
    json_decref(config);
}

static void change_config(const char *from, const char *name, const char *key, json_t *value)
{
    json_error_t problem;
    json_t *config = json_load_file(from, 0, &problem);
    assert_non_null(config);
    assert_int_equal(json_object_set_new(config, key, value), 0);
    assert_int_equal(json_dump_file(config, temporary_path(name), 0), 0);
    json_decref(config);
}

static void golden_entries(const struct model *golden, struct entries *entries)
{
    entries->count = 0;
    assert_int_equal(golden->n_files, 1);
    for (size_t i = 0; i < golden->files[0].count; i++)
        add_entry(entries, &golden->files[0].tensors[i]);
}

static void assert_weight_is(const struct model *model, enum weight weight, int64_t layer, const char *name)
{
    const struct model_weight *got = model_weight(model, weight, layer);
    const struct safetensor *want = safetensors_find(&model->files[0], name);
    assert_non_null(want);
    assert_ptr_equal(got->data, want->data);
    assert_int_equal(got->dtype, want->dtype);
    assert_int_equal(got->rows * got->columns, want->elements);
}

static void test_golden_models(void **state)
{
    (void)state;
    struct model model;
    open_checkpoint(GOLDEN "mamba1-tiny", &model);
    assert_string_equal(model.source, GOLDEN "mamba1-tiny");
    assert_weight_is(&model, W_EMBED, 0, "backbone.embeddings.weight");
    assert_weight_is(&model, W_HEAD, 0, "backbone.embeddings.weight");
    assert_weight_is(&model, W_NORM, 1, "backbone.layers.1.norm.weight");
    assert_weight_is(&model, W_IN_PROJ, 1, "backbone.layers.1.mixer.in_proj.weight");
    assert_weight_is(&model, W_CONV, 0, "backbone.layers.0.mixer.conv1d.weight");
    assert_weight_is(&model, W_CONV_BIAS, 0, "backbone.layers.0.mixer.conv1d.bias");
    assert_weight_is(&model, W_X_PROJ, 1, "backbone.layers.1.mixer.x_proj.weight");
    assert_weight_is(&model, W_DT_PROJ, 1, "backbone.layers.1.mixer.dt_proj.weight");
    assert_weight_is(&model, W_DT_BIAS, 1, "backbone.layers.1.mixer.dt_proj.bias");
    assert_weight_is(&model, W_A_LOG, 0, "backbone.layers.0.mixer.A_log");
    assert_weight_is(&model, W_D, 0, "backbone.layers.0.mixer.D");
    assert_weight_is(&model, W_OUT_PROJ, 1, "backbone.layers.1.mixer.out_proj.weight");
    assert_weight_is(&model, W_FINAL_NORM, 0, "backbone.norm_f.weight");
    const struct model_weight *conv = model_weight(&model, W_CONV, 0);
    assert_true(conv->rows == 128 && conv->columns == 4);
    assert_null(model_weight(&model, W_GATE_NORM, 0)->data);
    assert_null(model_weight(&model, W_IN_BIAS, 0)->data);
    assert_null(model_weight(&model, W_INPUT_PROJ, 0)->data);
    model_close(&model);

    open_checkpoint(GOLDEN "mamba2-tiny", &model);
    assert_weight_is(&model, W_DT_BIAS, 1, "backbone.layers.1.mixer.dt_bias");
    assert_weight_is(&model, W_GATE_NORM, 1, "backbone.layers.1.mixer.norm.weight");
    assert_weight_is(&model, W_NORM, 1, "backbone.layers.1.norm.weight");
    assert_null(model_weight(&model, W_X_PROJ, 0)->data);
    model_close(&model);
    model_close(&model);
}

static void test_weight_conversion(void **state)
{
    (void)state;
    static const uint16_t halves[6] = {0x3c00, 0xc000, 0x0001, 0x7c00, 0x8000, 0x3555};
    struct model_weight weight = {.data = halves, .dtype = DTYPE_F16, .rows = 2, .columns = 3};
    float narrow[3];
    double wide[6];
    model_weight_float(&weight, 1, 3, narrow);
    assert_true(narrow[0] == -2 && narrow[1] == 0x1p-24f && isinf(narrow[2]));
    model_weight_double(&weight, 0, 6, wide);
    assert_true(wide[0] == 1 && wide[4] == 0 && signbit(wide[4]) && wide[5] == 0x1.554p-2);
    weight.dtype = DTYPE_BF16;
    model_weight_double(&weight, 0, 2, wide);
    assert_true(wide[0] == 0x1p-7 && wide[1] == -2);
}

/* The index with another place for a tensor, or none, is refused. */
static void assert_place_refused(json_t *index, const char *tensor, json_t *place, const char *file,
                                 const char *what)
{
    json_t *broken = json_deep_copy(index), *places = json_object_get(broken, "weight_map");
    assert_int_equal(place ? json_object_set_new(places, tensor, place) : json_object_del(places, tensor), 0);
    assert_int_equal(json_dump_file(broken, temporary_path("sharded/model.safetensors.index.json"), 0), 0);
    json_decref(broken);
    assert_refused(temporary_path("sharded"), file, "", what);
}

static void test_sharded(void **state)
{
    (void)state;
    struct model golden, sharded;
    static struct entries entries;
    open_checkpoint(GOLDEN "mamba2-tiny", &golden);
    golden_entries(&golden, &entries);
    make_temporary_subfolder("sharded");
    copy_config(GOLDEN "mamba2-tiny/config.json", "sharded/config.json");
    enum { SHARDS = 3 };
    static const char *const names[SHARDS] = {"model-00001-of-00003.safetensors", "b.safetensors", "..c"};
    json_t *places = json_object();
    for (int shard = 0; shard < SHARDS; shard++) {
        char path[64];
        snprintf(path, sizeof path, "sharded/%s", names[shard]);
        write_entries(path, &entries, shard, SHARDS);
        for (int i = shard; i < entries.count; i += SHARDS)
            json_object_set_new(places, entries.list[i].name, json_string(names[shard]));
    }
    json_t *index = json_pack("{s:{s:i}, s:o}", "metadata", "total_size", 1, "weight_map", places);
    const char *index_path = temporary_path("sharded/model.safetensors.index.json");
    assert_int_equal(json_dump_file(index, index_path, 0), 0);
    open_checkpoint(temporary_path("sharded"), &sharded);
    assert_int_equal(sharded.n_files, SHARDS);
    assert_same_weights(&golden, &sharded);
    model_close(&sharded);

    static const char name[] = "backbone.layers.1.mixer.D";
    static const char *const bad_places[] = {"../b.safetensors", "/etc/passwd", "..", ".", "",
                                             "x/b.safetensors"};
    for (size_t i = 0; i < sizeof bad_places / sizeof *bad_places; i++)
        assert_place_refused(
            index, name, json_string(bad_places[i]), index_path,
            "tensor 'backbone.layers.1.mixer.D' must be a plain file name in the same folder");
    assert_place_refused(index, name, json_integer(3), index_path, "plain file name");
    assert_place_refused(index, name, json_string("absent.safetensors"), "absent.safetensors",
                         "No such file");
    assert_place_refused(index, name, NULL, index_path, "no tensor 'backbone.layers.1.mixer.D'");
    const char *place = json_string_value(json_object_get(places, name));
    const char *wrong = strcmp(place, names[0]) == 0 ? names[1] : names[0];
    assert_place_refused(index, name, json_string(wrong), wrong,
                         "which model.safetensors.index.json places there");
    json_object_clear(index);
    assert_int_equal(json_dump_file(index, index_path, 0), 0);
    assert_refused(temporary_path("sharded"), index_path, "", "missing key 'weight_map'");
    write_temporary_text("sharded/model.safetensors.index.json",
                         "{\"weight_map\":{\"a\":\"b\",\"a\":\"c\"}}");
    assert_refused(temporary_path("sharded"), index_path, "", "duplicate");
    json_decref(index);
    model_close(&golden);
}

static void test_checkpoint_refused(void **state)
{
    (void)state;
    struct model golden, model;
    static struct entries entries;
    open_checkpoint(GOLDEN "mamba1-tiny", &golden);
    golden_entries(&golden, &entries);
    make_temporary_subfolder("broken");
    const char *folder = temporary_path("broken");
    assert_refused(folder, "broken/config.json", "", "No such file");
    copy_config(GOLDEN "mamba1-tiny/config.json", "broken/config.json");
    assert_refused(folder, "broken: neither model.safetensors nor model.safetensors.index.json", "", "");

    static const char file[] = "broken/model.safetensors";
    struct entry *entry = find_entry(&entries, "backbone.layers.1.mixer.dt_proj.bias");
    const struct entry kept = *entry;
    snprintf(entry->name, sizeof entry->name, "backbone.layers.1.mixer.dt_bias");
    write_entries(file, &entries, 0, 1);
    assert_refused(folder, file, "no tensor 'backbone.layers.1.mixer.dt_proj.bias'", "1 x 128 values");
    *entry = kept;
    static const char *const shapes[] = {"64,2", "128,1", "1,64,2", "2,64"};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        snprintf(entry->shape, sizeof entry->shape, "%s", shapes[i]);
        write_entries(file, &entries, 0, 1);
        assert_refused(folder, file, "'backbone.layers.1.mixer.dt_proj.bias'", "config.json makes it [128]");
    }
    *entry = kept;
    entry->dtype = "I32";
    write_entries(file, &entries, 0, 1);
    assert_refused(folder, file, kept.name, "dtype I32; a weight must be F32, F16 or BF16");
    *entry = kept;
    entry = find_entry(&entries, "backbone.layers.0.mixer.conv1d.weight");
    if (!entry) {
        fail_msg("no conv1d.weight");
        return;
    }
    snprintf(entry->shape, sizeof entry->shape, "4,1,128");
    write_entries(file, &entries, 0, 1);
    assert_refused(folder, file, entry->name, "has shape [4, 1, 128]; config.json makes it [128, 1, 4]");
    const struct entry conv = *entry;
    snprintf(entry->shape, sizeof entry->shape, "128,2,4");
    entry->data = find_entry(&entries, "backbone.embeddings.weight")->data;
    entry->size *= 2;
    write_entries(file, &entries, 0, 1);
    assert_refused(folder, file, entry->name, "has shape [128, 2, 4]; config.json makes it [128, 1, 4]");
    *entry = conv;
    snprintf(entry->shape, sizeof entry->shape, "128,4");
    write_entries(file, &entries, 0, 1);
    open_checkpoint(folder, &model);
    assert_same_weights(&golden, &model);
    model_close(&model);

    /* An untied head must be there; one beside a tied configuration is left alone, like any other tensor. */
    change_config(GOLDEN "mamba1-tiny/config.json", "broken/config.json", "tie_word_embeddings",
                  json_false());
    assert_refused(folder, file, "no tensor 'lm_head.weight'", "256 x 64 values");
    struct safetensor extra = *safetensors_find(&golden.files[0], "backbone.embeddings.weight");
    extra.name = "lm_head.weight";
    add_entry(&entries, &extra);
    extra.name = "something.else";
    add_entry(&entries, &extra);
    write_entries(file, &entries, 0, 1);
    open_checkpoint(folder, &model);
    assert_weight_is(&model, W_HEAD, 0, "lm_head.weight");
    model_close(&model);
    copy_config(GOLDEN "mamba1-tiny/config.json", "broken/config.json");
    open_checkpoint(folder, &model);
    assert_weight_is(&model, W_HEAD, 0, "backbone.embeddings.weight");
    model_close(&model);

    extra.name = "backbone.embedding.weight";
    add_entry(&entries, &extra);
    write_entries(file, &entries, 0, 1);
    assert_refused(folder, file, "backbone.embedding.weight", "only one of them may be");
    snprintf(find_entry(&entries, "backbone.embeddings.weight")->name, sizeof entry->name, "unused");
    write_entries(file, &entries, 0, 1);
    open_checkpoint(folder, &model);
    assert_weight_is(&model, W_EMBED, 0, "backbone.embedding.weight");
    model_close(&model);

    change_config(GOLDEN "mamba1-tiny/config.json", "broken/config.json", "num_hidden_layers",
                  json_integer(3));
    assert_refused(folder, file, "no tensor 'backbone.layers.2.norm.weight'", "1 x 64 values");
    change_config(GOLDEN "mamba1-tiny/config.json", "broken/config.json", "use_bias", json_true());
    assert_refused(folder, file, "no tensor 'backbone.layers.0.mixer.in_proj.bias'", "1 x 256 values");
    model_close(&golden);
}

static void test_half_precision_checkpoint(void **state)
{
    (void)state;
    struct model golden, model;
    static struct entries entries;
    open_checkpoint(GOLDEN "mamba1-tiny", &golden);
    golden_entries(&golden, &entries);
    make_temporary_subfolder("bf16");
    copy_config(GOLDEN "mamba1-tiny/config.json", "bf16/config.json");
    static uint16_t shortened[256 * 64];
    struct entry *entry = find_entry(&entries, "backbone.embeddings.weight");
    const uint32_t *bits = entry->data;
    for (size_t i = 0; i < sizeof shortened / sizeof *shortened; i++)
        shortened[i] = (uint16_t)(bits[i] >> 16);
    entry->data = shortened;
    entry->size = sizeof shortened;
    entry->dtype = "BF16";
    write_entries("bf16/model.safetensors", &entries, 0, 1);
    open_checkpoint(temporary_path("bf16"), &model);
    static float want[256 * 64], got[256 * 64];
    model_weight_float(model_weight(&golden, W_EMBED, 0), 0, 256 * 64, want);
    model_weight_float(model_weight(&model, W_EMBED, 0), 0, 256 * 64, got);
    for (int i = 0; i < 256 * 64; i++)
        assert_true(fabsf(got[i] - want[i]) <= fabsf(want[i]) * 0x1p-7f);
    model_close(&model);
    model_close(&golden);
}

/* Every weight of a model under the names that its files give it. */
static const char *const classifier_names[WEIGHT_COUNT] = {
    [W_INPUT_PROJ] = "input_proj.weight",
    [W_INPUT_BIAS] = "input_proj.bias",
    [W_NORM] = "layers.0.norm.weight",
    [W_IN_PROJ] = "layers.0.mamba.in_proj.weight",
    [W_IN_BIAS] = "layers.0.mamba.in_proj.bias",
    [W_CONV] = "layers.0.mamba.conv1d.weight",
    [W_CONV_BIAS] = "layers.0.mamba.conv1d.bias",
    [W_X_PROJ] = "layers.0.mamba.x_proj.weight",
    [W_DT_PROJ] = "layers.0.mamba.dt_proj.weight",
    [W_DT_BIAS] = "layers.0.mamba.dt_proj.bias",
    [W_A_LOG] = "layers.0.mamba.A_log",
    [W_D] = "layers.0.mamba.D",
    [W_OUT_PROJ] = "layers.0.mamba.out_proj.weight",
    [W_OUT_BIAS] = "layers.0.mamba.out_proj.bias",
    [W_FINAL_NORM] = "norm_f.weight",
    [W_HEAD] = "output_head.weight",
    [W_HEAD_BIAS] = "output_head.bias",
};

static const char *const mamba2_names[WEIGHT_COUNT] = {
    [W_EMBED] = "backbone.embeddings.weight",
    [W_NORM] = "backbone.layers.0.norm.weight",
    [W_IN_PROJ] = "backbone.layers.0.mixer.in_proj.weight",
    [W_IN_BIAS] = "backbone.layers.0.mixer.in_proj.bias",
    [W_CONV] = "backbone.layers.0.mixer.conv1d.weight",
    [W_DT_BIAS] = "backbone.layers.0.mixer.dt_bias",
    [W_A_LOG] = "backbone.layers.0.mixer.A_log",
    [W_D] = "backbone.layers.0.mixer.D",
    [W_GATE_NORM] = "backbone.layers.0.mixer.norm.weight",
    [W_OUT_PROJ] = "backbone.layers.0.mixer.out_proj.weight",
    [W_OUT_BIAS] = "backbone.layers.0.mixer.out_proj.bias",
    [W_FINAL_NORM] = "backbone.norm_f.weight",
    [W_HEAD] = "lm_head.weight",
};

/* Synthetic weights, written under the names and read again, are the same and all there are. */
static void check_round_trip(const char *name, const char *config, const char *const names[WEIGHT_COUNT])
{
    char path[64];
    make_temporary_subfolder(name);
    snprintf(path, sizeof path, "%s/config.json", name);
    struct model_shape shape = shape_of(write_temporary_text(path, config));
    struct model made, read;
    synthesize(&shape, 5, &made);
    static struct entries entries;
    entries.count = 0;
    for (int w = 0; w < WEIGHT_COUNT; w++) {
        const struct model_weight *weight = model_weight(&made, (enum weight)w, 0);
        assert_int_equal(names[w] != NULL, weight->data != NULL);
        if (!names[w])
            continue;
        struct safetensor tensor = {.name = (char *)names[w],
                                    .elements = weight->rows * weight->columns,
                                    .dtype = weight->dtype,
                                    .data = weight->data,
                                    .axes = w == W_CONV ? 3 : 2,
                                    .shape = {weight->rows, weight->columns}};
        if (w == W_CONV) {
            tensor.shape[1] = 1;
            tensor.shape[2] = weight->columns;
        } else if (weight->rows == 1) {
            tensor.axes = 1;
            tensor.shape[0] = weight->columns;
        }
        add_entry(&entries, &tensor);
    }
    snprintf(path, sizeof path, "%s/model.safetensors", name);
    write_entries(path, &entries, 0, 1);
    open_checkpoint(temporary_path(name), &read);
    assert_string_equal(read.shape.name, name);
    assert_same_weights(&made, &read);
    model_close(&read);
    model_close(&made);
}

static void test_round_trips(void **state)
{
    (void)state;
    check_round_trip(
        "classifier",
        "{\"model_type\":\"mamba-classifier\",\"input_size\":30,\"hidden_size\":16,"
        "\"num_hidden_layers\":1,\"state_size\":8,\"conv_kernel\":5,\"expand\":2,\"num_classes\":10,"
        "\"use_bias\":true}",
        classifier_names);
    check_round_trip("mamba2-biases",
                     "{\"model_type\":\"mamba2\",\"hidden_size\":16,\"num_hidden_layers\":1,\"state_size\":8,"
                     "\"conv_kernel\":4,\"expand\":2,\"head_dim\":8,\"n_groups\":2,\"vocab_size\":50,"
                     "\"use_bias\":true,\"use_conv_bias\":false,\"tie_word_embeddings\":false}",
                     mamba2_names);
}

static struct model_shape wide_mamba1(void)
{
    struct model_shape shape = {.name = "wide",
                                .arch = ARCH_MAMBA1,
                                .d_model = 256,
                                .n_layer = 4,
                                .d_inner = 512,
                                .d_state = 16,
                                .d_conv = 4,
                                .vocab = 3001,
                                .proj_bias = true,
                                .conv_bias = true};
    assert_true(shape_complete(&shape, "test", NULL));
    return shape;
}

static struct model_shape wide_mamba2(void)
{
    struct model_shape shape = {.name = "wide2",
                                .arch = ARCH_MAMBA2,
                                .d_model = 512,
                                .n_layer = 9,
                                .d_inner = 1024,
                                .d_state = 16,
                                .d_conv = 3,
                                .headdim = 1,
                                .vocab = 301,
                                .tied_head = true};
    assert_true(shape_complete(&shape, "test", NULL));
    return shape;
}

struct moments {
    double low, high, mean, deviation;
};

static struct moments measure(const struct model *model, enum weight weight, int64_t layer)
{
    const struct model_weight *w = model_weight(model, weight, layer);
    assert_non_null(w->data);
    int64_t count = w->rows * w->columns;
    double *values = malloc((size_t)count * sizeof *values), sum = 0, squares = 0;
    assert_non_null(values);
    model_weight_double(w, 0, count, values);
    struct moments m = {.low = values[0], .high = values[0]};
    for (int64_t i = 0; i < count; i++) {
        assert_true(isfinite(values[i]));
        sum += values[i];
        m.low = fmin(m.low, values[i]);
        m.high = fmax(m.high, values[i]);
    }
    m.mean = sum / (double)count;
    for (int64_t i = 0; i < count; i++)
        squares += (values[i] - m.mean) * (values[i] - m.mean);
    m.deviation = sqrt(squares / (double)count);
    free(values);
    return m;
}

/* U(-k, k): the range is nearly filled, and mean and deviation are within five standard errors. */
static void assert_uniform(const struct model *model, enum weight weight, int64_t layer, double k)
{
    const struct model_weight *w = model_weight(model, weight, layer);
    double count = (double)(w->rows * w->columns), deviation = k / sqrt(3);
    struct moments m = measure(model, weight, layer);
    bool ok = m.low >= -k * (1 + 1e-7) && m.high <= k * (1 + 1e-7) && m.low < -k * (1 - 20 / count) &&
              m.high > k * (1 - 20 / count) && fabs(m.mean) < 5 * deviation / sqrt(count) &&
              fabs(m.deviation / deviation - 1) < 5 * sqrt(0.2 / count);
    if (!ok)
        fail_msg("%s: [%g, %g], mean %g, deviation %g; U(-k, k) with k = %g is wanted", weight_name(weight),
                 m.low, m.high, m.mean, m.deviation, k);
}

static void assert_constant(const struct model *model, enum weight weight, int64_t layer, double value)
{
    struct moments m = measure(model, weight, layer);
    assert_true(m.low == value && m.high == value);
}

static double softplus(double x)
{
    return log1p(exp(x));
}

/* dt = exp(U(log 1e-3, log 1e-1)). */
static void assert_dt_bias(const struct model *model, int64_t layer)
{
    const struct model_weight *w = model_weight(model, W_DT_BIAS, layer);
    const double low = log(1e-3), high = log(1e-1), deviation = (high - low) / sqrt(12);
    double sum = 0, count = (double)w->columns, value;
    for (int64_t i = 0; i < w->columns; i++) {
        model_weight_double(w, i, 1, &value);
        double exponent = log(softplus(value));
        assert_true(exponent > low - 1e-5 && exponent < high + 1e-5);
        sum += exponent;
    }
    assert_true(fabs(sum / count - (low + high) / 2) < 5 * deviation / sqrt(count));
}

static void test_synthetic_mamba1(void **state)
{
    (void)state;
    struct model_shape shape = wide_mamba1();
    struct model model;
    synthesize(&shape, 1, &model);
    assert_string_equal(model.source, "synthetic, seed 1");
    for (int64_t layer = 0; layer < shape.n_layer; layer++) {
        assert_uniform(&model, W_IN_PROJ, layer, 1 / sqrt(256));
        assert_uniform(&model, W_X_PROJ, layer, 1 / sqrt(512));
        assert_uniform(&model, W_DT_PROJ, layer, 1 / sqrt(16));
        assert_uniform(&model, W_OUT_PROJ, layer, 1 / sqrt(512) / sqrt(4));
        assert_uniform(&model, W_CONV, layer, 0.5);
        assert_uniform(&model, W_CONV_BIAS, layer, 0.5);
        assert_constant(&model, W_D, layer, 1);
        assert_constant(&model, W_NORM, layer, 1);
        assert_constant(&model, W_IN_BIAS, layer, 0);
        assert_constant(&model, W_OUT_BIAS, layer, 0);
        assert_dt_bias(&model, layer);
        float a_log[16];
        for (int64_t row = 0; row < 512; row++) {
            model_weight_float(model_weight(&model, W_A_LOG, layer), 16 * row, 16, a_log);
            for (int n = 0; n < 16; n++)
                assert_true(a_log[n] == (float)log(n + 1.0));
        }
    }
    assert_uniform(&model, W_HEAD, 0, 1 / sqrt(256));
    assert_constant(&model, W_FINAL_NORM, 0, 1);
    struct moments m = measure(&model, W_EMBED, 0);
    double count = 3001 * 256;
    assert_true(fabs(m.mean) < 5 * 0.02 / sqrt(count));
    assert_true(fabs(m.deviation / 0.02 - 1) < 5 * sqrt(0.5 / count));
    assert_true(m.low < -0.02 * 4.2 && m.high > 0.02 * 4.2 && m.high < 0.02 * 6 && m.low > -0.02 * 6);
    for (int w = 0; w < WEIGHT_COUNT; w++)
        for (int64_t layer = 0; layer < copies(&shape, w); layer++)
            assert_int_equal((uintptr_t)model_weight(&model, (enum weight)w, layer)->data % 64, 0);
    model_close(&model);
}

static void test_synthetic_mamba2(void **state)
{
    (void)state;
    struct model_shape shape = wide_mamba2();
    struct model model;
    synthesize(&shape, 2, &model);
    assert_ptr_equal(model_weight(&model, W_HEAD, 0), model_weight(&model, W_EMBED, 0));
    for (int64_t layer = 0; layer < shape.n_layer; layer++) {
        assert_uniform(&model, W_CONV, layer, 1 / sqrt(3));
        assert_uniform(&model, W_OUT_PROJ, layer, 1 / sqrt(1024) / 3);
        assert_constant(&model, W_GATE_NORM, layer, 1);
        assert_dt_bias(&model, layer);
        assert_null(model_weight(&model, W_CONV_BIAS, layer)->data);
        struct moments m = measure(&model, W_A_LOG, layer);
        assert_true(m.low >= 0 && m.low < log(1.3) && m.high > log(15.7) && m.high <= log(16) + 1e-6);
        double sum = 0, value;
        for (int64_t i = 0; i < 1024; i++) {
            model_weight_double(model_weight(&model, W_A_LOG, layer), i, 1, &value);
            sum += exp(value);
        }
        assert_true(fabs(sum / 1024 - 8.5) < 5 * 15 / sqrt(12.0 * 1024));
    }
    model_close(&model);
}

static double correlation(const struct model_weight *a, int64_t shift, const struct model_weight *b)
{
    int64_t count = a->rows * a->columns - shift;
    const float *x = a->data, *y = b->data;
    double xy = 0, xx = 0, yy = 0;
    for (int64_t i = 0; i < count; i++) {
        xy += (double)x[i + shift] * (double)y[i];
        xx += (double)x[i + shift] * (double)x[i + shift];
        yy += (double)y[i] * (double)y[i];
    }
    return xy / sqrt(xx * yy) * sqrt((double)count);
}

/* In standard errors, weights, layers, seeds and neighbours have nothing to do with each other. */
static void test_synthetic_independence(void **state)
{
    (void)state;
    struct model_shape shape = wide_mamba1();
    struct model one, two;
    synthesize(&shape, 1, &one);
    synthesize(&shape, 2, &two);
    const struct model_weight *in = model_weight(&one, W_IN_PROJ, 0),
                              *embedding = model_weight(&one, W_EMBED, 0);
    assert_false(same_weight(&one, &two, W_IN_PROJ, 0));
    assert_false(same_weight(&one, &two, W_DT_BIAS, 3));
    assert_false(same_weight(&one, &two, W_EMBED, 0));
    assert_true(fabs(correlation(in, 0, model_weight(&two, W_IN_PROJ, 0))) < 5);
    assert_true(fabs(correlation(in, 0, model_weight(&one, W_IN_PROJ, 1))) < 5);
    assert_true(fabs(correlation(model_weight(&one, W_OUT_PROJ, 0), 0, in)) < 5);
    assert_true(fabs(correlation(in, 0, embedding)) < 5);
    for (int64_t shift = 1; shift < 4; shift++) {
        assert_true(fabs(correlation(in, shift, in)) < 5);
        assert_true(fabs(correlation(embedding, shift, embedding)) < 5);
    }
    assert_true(fabs(correlation(in, 256, in)) < 5);
    model_close(&two);
    model_close(&one);
}

static void test_synthetic_repeatable(void **state)
{
    (void)state;
    struct model_shape shape = wide_mamba1(), shallow = shape;
    struct model one, many, fewer;
    int threads = omp_get_max_threads();
    omp_set_num_threads(1);
    synthesize(&shape, 77, &one);
    omp_set_num_threads(7);
    synthesize(&shape, 77, &many);
    omp_set_num_threads(threads);
    assert_same_weights(&one, &many);
    model_close(&many);
    /* A value depends on seed, weight, layer and index only, not on what else is made. */
    shallow.n_layer = 2;
    shallow.vocab = shallow.outputs = 1000;
    synthesize(&shallow, 77, &fewer);
    assert_true(same_weight(&one, &fewer, W_IN_PROJ, 1));
    assert_true(same_weight(&one, &fewer, W_DT_BIAS, 1));
    const struct model_weight *small = model_weight(&fewer, W_EMBED, 0);
    assert_memory_equal(small->data, model_weight(&one, W_EMBED, 0)->data, 1000 * 256 * sizeof(float));
    model_close(&fewer);
    model_close(&one);
}

static void test_synthetic_too_large(void **state)
{
    (void)state;
    struct model_shape shape = {.name = "vast",
                                .arch = ARCH_MAMBA1,
                                .d_model = 1 << 20,
                                .n_layer = 8,
                                .d_inner = 1 << 20,
                                .d_state = 16,
                                .d_conv = 4,
                                .vocab = 1 << 20};
    struct model model;
    struct error error = {0};
    assert_true(shape_complete(&shape, "test", &error));
    assert_false(model_synthesize(&shape, 1, &model, &error));
    assert_int_equal(error.status, STATUS_UNAVAILABLE);
    assert_contains(error.text, "vast: its F32 weights take ");
    assert_null(model.owned);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden_models),
        cmocka_unit_test(test_weight_conversion),
        cmocka_unit_test(test_sharded),
        cmocka_unit_test(test_checkpoint_refused),
        cmocka_unit_test(test_half_precision_checkpoint),
        cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_synthetic_mamba1),
        cmocka_unit_test(test_synthetic_mamba2),
        cmocka_unit_test(test_synthetic_independence),
        cmocka_unit_test(test_synthetic_repeatable),
        cmocka_unit_test(test_synthetic_too_large),
    };
    return cmocka_run_group_tests(tests, make_temporary_folder, remove_temporary_folder);
}
