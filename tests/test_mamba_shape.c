/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "temporary.h"

#include <math.h>

#include "mamba/configs.h"
#include "mamba/shape.h"

static struct model_shape preset(const char *name)
{
    struct model_shape shape;
    struct error error = {0};
    if (!shape_preset(name, &shape, &error))
        fail_msg("%s", error.text);
    return shape;
}

/* Parameters as counted in the published checkpoints. */
static void test_preset_parameters(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t parameters;
    } published[] = {
        {"mamba-130m", 129135360},   {"mamba-370m", 371516416},  {"mamba-790m", 793204224},
        {"mamba-1.4b", 1372178432},  {"mamba-2.8b", 2768345600}, {"mamba2-130m", 128989632},
        {"mamba2-370m", 368346624},  {"mamba2-780m", 780161280}, {"mamba2-1.3b", 1343757312},
        {"mamba2-2.7b", 2702599680}, {"mnist-mamba", 15466},
    };
    for (size_t i = 0; i < sizeof published / sizeof *published; i++) {
        struct model_shape shape = preset(published[i].name);
        if (shape_parameters(&shape) != published[i].parameters)
            fail_msg("%s has %lld parameters, not %lld", published[i].name,
                     (long long)shape_parameters(&shape), (long long)published[i].parameters);
    }
}

static void test_preset_names(void **state)
{
    (void)state;
    static const char *const want[] = {"mamba-1.4b",  "mamba-130m",  "mamba-2.8b",  "mamba-370m",
                                       "mamba-790m",  "mamba2-1.3b", "mamba2-130m", "mamba2-2.7b",
                                       "mamba2-370m", "mamba2-780m", "mnist-mamba"};
    struct error error = {0};
    char **names = shape_preset_names(&error);
    assert_non_null(names);
    size_t known = 0;
    for (char **name = names; *name; name++) {
        struct model_shape shape = preset(*name);
        assert_string_equal(shape.name, *name);
        if (name > names)
            assert_true(strcmp(name[-1], name[0]) < 0);
        if (known < sizeof want / sizeof *want && strcmp(*name, want[known]) == 0)
            known++;
    }
    assert_int_equal(known, sizeof want / sizeof *want);
    shape_preset_names_free(names);
    shape_preset_names_free(NULL);
}

static void test_mamba1_shape(void **state)
{
    (void)state;
    struct model_shape shape = preset("mamba-2.8b");
    assert_int_equal(shape.arch, ARCH_MAMBA1);
    assert_int_equal(shape.d_inner, 5120);
    assert_int_equal(shape.dt_rank, 160);
    assert_int_equal(shape.headdim, 1);
    assert_int_equal(shape.nheads, 5120);
    assert_int_equal(shape.ngroups, 1);
    assert_int_equal(shape.outputs, 50280);
    assert_true(shape.tied_head && shape.conv_bias && !shape.proj_bias && !shape.head_bias);
    assert_true(shape.norm_eps == 1e-5 && shape.dt_min == 0 && isinf(shape.dt_max));
    assert_int_equal(shape_conv_channels(&shape), 5120);
    assert_int_equal(shape_in_proj_rows(&shape), 10240);
}

static void test_mamba2_shape(void **state)
{
    (void)state;
    struct model_shape shape = preset("mamba2-2.7b");
    assert_int_equal(shape.arch, ARCH_MAMBA2);
    assert_int_equal(shape.dt_rank, 0);
    assert_int_equal(shape.nheads, 80);
    assert_int_equal(shape_conv_channels(&shape), 5120 + 2 * 128);
    assert_int_equal(shape_in_proj_rows(&shape), 10576);
    assert_false(shape.norm_before_gate);
}

static void assert_weight(const struct model_shape *shape, enum weight weight, int64_t rows, int64_t columns)
{
    int64_t r = -1, c = -1;
    bool present = weight_shape(shape, weight, &r, &c);
    if (present != (rows > 0) || (present && (r != rows || c != columns)))
        fail_msg("%s of %s is %lld x %lld", weight_name(weight), shape->name, (long long)r, (long long)c);
}

static void test_weight_shapes(void **state)
{
    (void)state;
    /* From the trained classifier and from the golden Mamba-2: every weight, 0 x 0 where there is none. */
    static const int64_t mnist[WEIGHT_COUNT][2] = {
        [W_INPUT_PROJ] = {16, 784}, [W_INPUT_BIAS] = {1, 16}, [W_NORM] = {1, 16},
        [W_IN_PROJ] = {64, 16},     [W_IN_BIAS] = {1, 64},    [W_CONV] = {32, 5},
        [W_CONV_BIAS] = {1, 32},    [W_X_PROJ] = {17, 32},    [W_DT_PROJ] = {32, 1},
        [W_DT_BIAS] = {1, 32},      [W_A_LOG] = {32, 8},      [W_D] = {1, 32},
        [W_OUT_PROJ] = {16, 32},    [W_OUT_BIAS] = {1, 16},   [W_FINAL_NORM] = {1, 16},
        [W_HEAD] = {10, 16},        [W_HEAD_BIAS] = {1, 10},
    };
    static const int64_t mamba2[WEIGHT_COUNT][2] = {
        [W_EMBED] = {256, 64},    [W_NORM] = {1, 64},       [W_IN_PROJ] = {328, 64},  [W_CONV] = {192, 4},
        [W_CONV_BIAS] = {1, 192}, [W_DT_BIAS] = {1, 8},     [W_A_LOG] = {1, 8},       [W_D] = {1, 8},
        [W_GATE_NORM] = {1, 128}, [W_OUT_PROJ] = {64, 128}, [W_FINAL_NORM] = {1, 64},
    };
    struct model_shape shape = preset("mnist-mamba");
    for (int w = 0; w < WEIGHT_COUNT; w++)
        assert_weight(&shape, (enum weight)w, mnist[w][0], mnist[w][1]);
    struct error error = {0};
    assert_true(shape_from_config(TEST_DATA "/golden/mamba2-tiny/config.json", &shape, &error));
    for (int w = 0; w < WEIGHT_COUNT; w++)
        assert_weight(&shape, (enum weight)w, mamba2[w][0], mamba2[w][1]);
    assert_true(weight_in_layer(W_NORM) && weight_in_layer(W_OUT_BIAS));
    assert_false(weight_in_layer(W_INPUT_BIAS) || weight_in_layer(W_FINAL_NORM));
}

static void assert_not_preset(const char *name, const char *what)
{
    struct model_shape shape;
    struct error error = {0};
    assert_false(shape_preset(name, &shape, &error));
    assert_int_equal(error.status, STATUS_USAGE);
    assert_contains(error.text, what);
    assert_one_line(error.text);
}

static void test_unknown_preset(void **state)
{
    (void)state;
    assert_not_preset("mamba-7b", "no 'mamba-7b' in configs/models; there are: mamba-1.4b, mamba-130m, ");
    assert_not_preset("../models/mamba-130m", "'../models/mamba-130m' is no name");
    assert_not_preset(".mamba-130m", "must not");
    assert_not_preset("", "must not");
    assert_not_preset("a\nb", "no 'a\\x0ab'");
    char longest[5000];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_not_preset(longest, "there are: mamba-1.4b");
}

static const char valid_preset[] =
    "source: a test\narch: mamba2\nd_model: 8\nn_layer: 1\nd_state: 4\nd_conv: 4\n"
    "expand: 2\nheaddim: 4\nvocab: 11\nproj_bias: false\nconv_bias: true\n"
    "tied_head: true\nnorm_eps: 1e-5\n";

/* Replaces one line of the valid preset; `from` of "" adds the line. */
static void write_preset(const char *from, const char *to)
{
    char text[1024];
    const char *at = strstr(valid_preset, from);
    assert_non_null(at);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - valid_preset), valid_preset, to, at + strlen(from));
    write_temporary_text("models/broken.yaml", text);
}

static void test_preset_files(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *what;
    } cases[] = {
        {"", "d_modell: 3\n", "d_modell (line: 1"},
        {"d_state: 4\n", "", "d_state"},
        {"arch: mamba2", "arch: mamba3", "(line: 2"},
        {"n_layer: 1", "n_layer: one", "(line 4)"},
        {"tied_head: true", "tied_head: ture", "(line 12)"},
        {"norm_eps: 1e-5", "norm_eps: x", "(line 13)"},
        {"norm_eps: 1e-5", "norm_eps: 2", "norm_eps is 2"},
        {"n_layer: 1", "n_layer: 0", "n_layer is 0; it must be from 1 to"},
        {"n_layer: 1", "n_layer: -1", "n_layer is -1"},
        {"n_layer: 1", "n_layer: 1x", "n_layer is '1x' (line"},
        {"n_layer: 1", "n_layer: 0x10", "n_layer is '0x10'"},
        {"n_layer: 1", "n_layer: 010", "n_layer is '010'"},
        {"n_layer: 1", "n_layer: 1_0", "it must be a decimal integer"},
        {"n_layer: 1", "n_layer: 1.5", "n_layer is '1.5'"},
        {"d_model: 8", "d_model: 9223372036854775807", "overflows"},
        {"d_model: 8", "d_model: 92233720368547758070", "(line: 3"},
        {"headdim: 4", "headdim: 5", "nheads 3 x headdim 5 must be d_inner, which is 16"},
        {"headdim: 4", "headdim: 4\nngroups: 3", "ngroups is 3; it must divide nheads, which is 4"},
        {"vocab: 11", "vocab: 11\noutputs: 12", "tied head"},
        {"vocab: 11", "vocab: 11\ninput_size: 12", "exactly one"},
        {"vocab: 11\n", "", "exactly one"},
        {"vocab: 11", "vocab: 3000000000", "vocab is 3000000000"},
        {"vocab: 11", "vocab: 11\ndt_min: 2\ndt_max: 1", "dt is clamped to [2, 1]"},
        {"source: a test", "source: [", "broken.yaml"},
    };
    make_temporary_subfolder("models");
    assert_int_equal(setenv("MAMBA_BENCH_CONFIGS", temporary_folder, 1), 0);
    write_preset("", "");
    struct model_shape shape = preset("broken");
    assert_int_equal(shape.nheads, 4);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_preset(cases[i].from, cases[i].to);
        assert_not_preset("broken", cases[i].what);
        assert_not_preset("broken", "models/broken.yaml");
    }
    write_temporary_text("models/broken.yaml", "");
    assert_not_preset("broken", "broken.yaml");
    assert_int_equal(setenv("MAMBA_BENCH_CONFIGS", temporary_path("absent"), 1), 0);
    assert_not_preset("mamba-130m", "MAMBA_BENCH_CONFIGS is '");
    assert_int_equal(unsetenv("MAMBA_BENCH_CONFIGS"), 0);
}

static struct model_shape config(const char *text)
{
    struct model_shape shape;
    struct error error = {0};
    if (!shape_from_config(write_temporary_text("config.json", text), &shape, &error))
        fail_msg("%s", error.text);
    return shape;
}

static void test_golden_configs(void **state)
{
    (void)state;
    struct error error = {0};
    struct model_shape shape;
    assert_true(shape_from_config(TEST_DATA "/golden/mamba1-tiny/config.json", &shape, &error));
    assert_string_equal(shape.name, "mamba1-tiny");
    assert_int_equal(shape.arch, ARCH_MAMBA1);
    assert_int_equal(shape.d_inner, 128);
    assert_int_equal(shape.dt_rank, 4);
    assert_int_equal(shape.vocab, 256);
    assert_true(shape_from_config(TEST_DATA "/golden/mamba2-tiny/config.json", &shape, &error));
    assert_int_equal(shape.nheads, 8);
    assert_int_equal(shape.headdim, 16);
    assert_true(shape.dt_min == 0 && shape.dt_max == 1e30);
}

#define MAMBA1                                                                                               \
    "\"model_type\":\"mamba\",\"hidden_size\":40,\"num_hidden_layers\":3,\"state_size\":16,\"conv_kernel\":" \
    "4,"                                                                                                     \
    "\"vocab_size\":99"
#define MAMBA2                                                                                               \
    "\"model_type\":\"mamba2\",\"hidden_size\":64,\"num_hidden_layers\":3,\"state_size\":16,\"conv_"         \
    "kernel\":4,"                                                                                            \
    "\"vocab_size\":99,\"expand\":2,\"head_dim\":8"
#define CLASSIFIER                                                                                           \
    "\"model_type\":\"mamba-classifier\",\"input_size\":784,\"hidden_size\":16,\"num_hidden_layers\":1,"     \
    "\"state_size\":8,\"conv_kernel\":5,\"expand\":2,\"num_classes\":10"

static void test_config_defaults(void **state)
{
    (void)state;
    struct model_shape shape = config("{" MAMBA1 ",\"expand\":2}");
    assert_true(shape.tied_head && shape.conv_bias && !shape.proj_bias);
    assert_int_equal(shape.dt_rank, 3);
    assert_true(shape.norm_eps == 1e-5);
    shape = config("{" MAMBA1 ",\"intermediate_size\":90,\"time_step_rank\":\"auto\",\"use_bias\":true,"
                   "\"use_conv_bias\":false,\"tie_word_embeddings\":false,\"layer_norm_epsilon\":1e-6}");
    assert_int_equal(shape.d_inner, 90);
    assert_int_equal(shape.dt_rank, 3);
    assert_true(!shape.tied_head && !shape.conv_bias && shape.proj_bias && shape.norm_eps == 1e-6);
    shape = config("{" MAMBA1 ",\"expand\":1.5,\"intermediate_size\":60,\"time_step_rank\":7,\"norm\":null}");
    assert_int_equal(shape.d_inner, 60);
    assert_int_equal(shape.dt_rank, 7);

    shape = config("{" MAMBA2 "}");
    assert_false(shape.tied_head);
    assert_int_equal(shape.ngroups, 8);
    assert_int_equal(shape.nheads, 16);
    assert_true(shape.dt_min == 0 && isinf(shape.dt_max));
    shape = config("{" MAMBA2 ",\"num_heads\":16,\"n_groups\":2,\"norm_before_gate\":true,\"rms_norm\":true,"
                   "\"hidden_act\":\"silu\"}");
    assert_int_equal(shape.ngroups, 2);
    assert_false(shape.norm_before_gate); /* as in transformers, which reads the key and does not use it */

    shape = config("{" CLASSIFIER ",\"time_step_rank\":1,\"layer_norm_epsilon\":1e-06,\"use_bias\":true,"
                   "\"input_mean\":0.1307,\"input_std\":0.3081,\"residual\":true,\"intermediate_size\":32}");
    struct model_shape mnist = preset("mnist-mamba");
    memcpy(shape.name, mnist.name, sizeof shape.name);
    assert_int_equal(shape_parameters(&shape), shape_parameters(&mnist));
    assert_true(shape.norm_eps == mnist.norm_eps && shape.input_mean == mnist.input_mean &&
                shape.input_std == mnist.input_std);
    assert_true(shape.head_bias && shape.proj_bias && !shape.tied_head);
    assert_int_equal(shape.vocab, 0);
}

static void test_time_step_limit(void **state)
{
    (void)state;
    static const char *const infinite[] = {"[0.0, Infinity]", "[0,1e30]", "[0, \"Infinity\"]",
                                           "[0, {\"__float__\":\"Infinity\"}]", "null"};
    for (size_t i = 0; i < sizeof infinite / sizeof *infinite; i++) {
        char text[512];
        snprintf(text, sizeof text, "{" MAMBA2 ",\"note\":\"Infinity \\\" Infinity\",\"time_step_limit\":%s}",
                 infinite[i]);
        struct model_shape shape = config(text);
        assert_true(shape.dt_min == 0 && shape.dt_max >= 1e30);
    }
    struct model_shape shape = config("{" MAMBA2 ",\"time_step_limit\":[0.001,0.25]}");
    assert_true(shape.dt_min == 0.001 && shape.dt_max == 0.25);
}

static void assert_config_refused(const char *text, const char *what)
{
    struct model_shape shape;
    struct error error = {0};
    const char *path = write_temporary_text("config.json", text);
    if (shape_from_config(path, &shape, &error))
        fail_msg("accepted: %s", text);
    assert_int_equal(error.status, STATUS_USAGE);
    assert_contains(error.text, path);
    assert_contains(error.text, what);
    assert_one_line(error.text);
}

static void test_config_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *what;
    } cases[] = {
        {"", "not JSON"},
        {"{\"a\":1,\"a\":2}", "duplicate"},
        {"[1]", "one JSON object"},
        {"{}", "missing key 'model_type' (\"mamba\", \"mamba2\" or \"mamba-classifier\")"},
        {"{\"model_type\":\"llama\"}", "key 'model_type' is \"llama\"; it must be \"mamba\""},
        {"{\"model_type\":\"a\\nb\"}", "model_type"},
        {"{\"model_type\":[1]}", "model_type"},
        {"{\"model_type\":\"mamba\"}", "missing key 'hidden_size' (a positive integer)"},
        {"{\"model_type\":\"mamba\",\"hidden_size\":8}",
         "missing key 'num_hidden_layers' (a positive integer)"},
        {"{\"model_type\":\"mamba\",\"hidden_size\":8,\"num_hidden_layers\":1}",
         "missing key 'state_size' (a positive integer)"},
        {"{\"model_type\":\"mamba\",\"hidden_size\":8,\"num_hidden_layers\":1,\"state_size\":1}",
         "missing key 'conv_kernel' (a positive integer)"},
        {"{\"model_type\":\"mamba\",\"hidden_size\":8,\"num_hidden_layers\":1,\"state_size\":1,\"conv_"
         "kernel\":4,"
         "\"expand\":2}",
         "missing key 'vocab_size' (a positive integer)"},
        {"{" MAMBA1 "}", "missing key 'expand'"},
        {"{\"model_type\":\"mamba\",\"hidden_size\":-8}",
         "key 'hidden_size' is -8; it must be a positive integer"},
        {"{\"model_type\":\"mamba\",\"hidden_size\":8.0}", "key 'hidden_size' is 8.0; it must be a positive"},
        {"{\"model_type\":\"mamba\",\"hidden_size\":\"8\"}", "key 'hidden_size' is \"8\"; it must be"},
        {"{\"model_type\":\"mamba\",\"hidden_size\":Infinity}", "key 'hidden_size' is"},
        {"{\"model_type\":\"mamba\",\"hidden_size\":null}", "key 'hidden_size' is null"},
        {"{" MAMBA1 ",\"expand\":2,\"hidden_act\":\"gelu\"}",
         "key 'hidden_act' is \"gelu\"; it must be \"silu\""},
        {"{" MAMBA1 ",\"expand\":2,\"rms_norm\":false}", "key 'rms_norm' is false; it must be true"},
        {"{" MAMBA1 ",\"expand\":2,\"use_bias\":1}", "key 'use_bias' is 1; it must be true or false"},
        {"{" MAMBA1 ",\"expand\":2,\"time_step_rank\":0}",
         "key 'time_step_rank' is 0; it must be a positive"},
        {"{" MAMBA1 ",\"expand\":2,\"time_step_rank\":\"big\"}", "key 'time_step_rank' is \"big\""},
        {"{" MAMBA1 ",\"expand\":2,\"intermediate_size\":81}", "it must be expand x hidden_size"},
        {"{" MAMBA1 ",\"expand\":1.01}", "key 'expand'"},
        {"{" MAMBA1 ",\"expand\":-2}", "key 'expand'"},
        {"{" MAMBA1 ",\"expand\":1e300}", "key 'expand'"},
        {"{" MAMBA1 ",\"expand\":2,\"layer_norm_epsilon\":0}", "key 'layer_norm_epsilon'"},
        {"{" MAMBA1 ",\"expand\":2,\"layer_norm_epsilon\":\"x\"}", "key 'layer_norm_epsilon'"},
        {"{" MAMBA1 ",\"intermediate_size\":9223372036854775807}",
         "d_inner is 9223372036854775807; it must be from 1"},
        {"{" MAMBA2 ",\"num_heads\":9}", "nheads 9 x headdim 8 must be d_inner, which is 128"},
        {"{" MAMBA2 ",\"n_groups\":3}", "ngroups is 3"},
        {"{" MAMBA2 ",\"n_groups\":9223372036854775807}", "ngroups is"},
        {"{\"model_type\":\"mamba2\",\"hidden_size\":64,\"num_hidden_layers\":3,\"state_size\":16,\"conv_"
         "kernel\":4,"
         "\"vocab_size\":99,\"expand\":2}",
         "missing key 'head_dim'"},
        {"{" MAMBA2 ",\"time_step_limit\":[0]}",
         "key 'time_step_limit' is [0]; it must be [smallest, largest]"},
        {"{" MAMBA2 ",\"time_step_limit\":[-1,1]}", "key 'time_step_limit'"},
        {"{" MAMBA2 ",\"time_step_limit\":[0,-Infinity]}", "key 'time_step_limit'"},
        {"{" MAMBA2 ",\"time_step_limit\":[Infinity,Infinity]}", "dt_min <= dt_max"},
        {"{" MAMBA2 ",\"time_step_limit\":[0,\"much\"]}", "key 'time_step_limit'"},
        {"{" MAMBA2 ",\"time_step_limit\":[2,1]}", "dt is clamped to [2, 1]"},
        {"{" MAMBA2 ",\"time_step_limit\":[0,NaN]}", "not JSON"},
        {"{" CLASSIFIER ",\"residual\":false}", "key 'residual' is false"},
        {"{" CLASSIFIER ",\"input_std\":-1}", "input_std"},
        {"{" CLASSIFIER ",\"input_std\":0}", "input_std 0; they must be finite, input_std positive"},
        {"{\"model_type\":\"mamba\",\"hidden_size\":1048576,\"num_hidden_layers\":65536,\"state_size\":"
         "1048576,"
         "\"conv_kernel\":1048576,\"vocab_size\":2147483647,\"expand\":1}",
         "at most 2^48"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_config_refused(cases[i].text, cases[i].what);
}

static void test_config_files_refused(void **state)
{
    (void)state;
    struct model_shape shape;
    struct error error = {0};
    assert_false(shape_from_config(temporary_path("absent.json"), &shape, &error));
    assert_contains(error.text, "absent.json: No such file");
    error = (struct error){0};
    assert_false(shape_from_config(temporary_folder, &shape, &error));
    assert_contains(error.text, "Is a directory");
    error = (struct error){0};
    const char *path = write_temporary_text("large.json", "{");
    assert_int_equal(truncate(path, 2 << 20), 0);
    assert_false(shape_from_config(path, &shape, &error));
    assert_contains(error.text, "1 MiB");
    /* Ends inside a string, after a backslash, inside the word: nothing past the end may be read. */
    static char longest[(1 << 20) + 1];
    memset(longest, ' ', sizeof longest - 8);
    memcpy(longest + sizeof longest - 8, "Infinit", 8);
    assert_config_refused(longest, "not JSON");
    static const char *const ends[] = {"{\"a", "{\"a\\", "{\"a\":Infinit", "Infinity"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        assert_config_refused(ends[i], "JSON");
}

static void test_largest_shape(void **state)
{
    (void)state;
    struct model_shape shape = {.arch = ARCH_MAMBA2,
                                .d_model = 1 << 20,
                                .n_layer = 65536,
                                .d_inner = 1 << 20,
                                .d_state = 1,
                                .d_conv = 1 << 20,
                                .headdim = 1,
                                .ngroups = 1 << 20,
                                .vocab = 2147483647};
    struct error error = {0};
    assert_false(shape_complete(&shape, "test", &error));
    assert_contains(error.text, "at most 2^48");
    assert_true(shape_parameters(&shape) > INT64_C(1) << 48);
    shape.d_state = 2;
    error = (struct error){0};
    assert_false(shape_complete(&shape, "test", &error));
    assert_contains(error.text, "ngroups x d_state");
}

int main(void)
{
    setenv("MAMBA_BENCH_CONFIGS", TEST_CONFIGS, 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_preset_parameters),    cmocka_unit_test(test_preset_names),
        cmocka_unit_test(test_mamba1_shape),         cmocka_unit_test(test_mamba2_shape),
        cmocka_unit_test(test_weight_shapes),        cmocka_unit_test(test_golden_configs),
        cmocka_unit_test(test_config_defaults),      cmocka_unit_test(test_unknown_preset),
        cmocka_unit_test(test_time_step_limit),      cmocka_unit_test(test_config_refused),
        cmocka_unit_test(test_config_files_refused), cmocka_unit_test(test_largest_shape),
        cmocka_unit_test(test_preset_files), /* last: it takes the environment variable away */
    };
    return cmocka_run_group_tests(tests, make_temporary_folder, remove_temporary_folder);
}
