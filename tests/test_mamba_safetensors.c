/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "temporary.h"

#include <errno.h>
#include <math.h>

#include "mamba/safetensors.h"

static void assert_refused(const char *path, const char *tensor, const char *what)
{
    struct safetensors file;
    struct error error = {0};
    assert_false(safetensors_open(path, &file, &error));
    assert_int_equal(error.status, STATUS_USAGE);
    assert_contains(error.text, path);
    assert_contains(error.text, tensor);
    assert_contains(error.text, what);
    assert_one_line(error.text);
    assert_null(file.map);
    assert_int_equal(file.count, 0);
}

static void assert_header_refused(const char *header, size_t data_size, const char *tensor, const char *what)
{
    static const char zeros[256];
    assert_refused(write_temporary_safetensors("hostile.safetensors", header, zeros, data_size), tensor,
                   what);
}

#define TENSOR(name, dtype, shape, offsets)                                                                  \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

static void test_header_refused(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        size_t data_size;
        const char *tensor, *what;
    } cases[] = {
        {"not json", 0, "", "not JSON"},
        {"", 0, "", "not JSON"},
        {"{", 0, "", "not JSON"},
        {"{} x", 0, "", "not JSON"},
        {"[]", 0, "", "must be a JSON object"},
        {"{\"__metadata__\":3}", 0, "", "__metadata__"},
        {"{" TENSOR("a", "F32", "[1]", "[0,4]") "," TENSOR("a", "F32", "[1]", "[4,8]") "}", 8, "a",
         "duplicate"},
        {"{\"a\":[]}", 0, "'a'", "dtype, shape and data_offsets"},
        {"{\"a\":{}}", 0, "'a'", "dtype '(missing)'"},
        {"{" TENSOR("a", "F8_E4M3", "[1]", "[0,1]") "}", 1, "'a'",
         "dtype 'F8_E4M3' is not one of F64, F32, F16"},
        {"{\"a\":{\"dtype\":7,\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "'a'", "dtype"},
        {"{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4, "'a'", "shape must be an array"},
        {"{" TENSOR("a", "F32", "4", "[0,4]") "}", 4, "'a'", "shape must be an array"},
        {"{" TENSOR("a", "F32", "[1,1,1,1,1,1,1,1,1]", "[0,4]") "}", 4, "'a'", "at most 8 sizes"},
        {"{" TENSOR("a", "F32", "[-1]", "[0,4]") "}", 4, "'a'", "size 0 of the shape must be a non-negative"},
        {"{" TENSOR("a", "F32", "[1,1.0]", "[0,4]") "}", 4, "'a'",
         "size 1 of the shape must be a non-negative"},
        {"{" TENSOR("a", "F32", "[1,\"2\"]", "[0,4]") "}", 4, "'a'", "size 1 of the shape"},
        {"{" TENSOR("a", "F32", "[9223372036854775808]", "[0,4]") "}", 4, "", "not JSON"},
        {"{" TENSOR("a", "F32", "[4294967296,4294967296]", "[0,4]") "}", 4, "'a'", "multiply to more than"},
        {"{" TENSOR("a", "F32", "[4294967296,4294967296,0]", "[0,0]") "}", 0, "'a'", "multiply to more than"},
        {"{" TENSOR("a", "F64", "[4611686018427387904]", "[0,0]") "}", 0, "'a'", "span 0 bytes"},
        {"{" TENSOR("a", "F32", "[2]", "[0,4]") "}", 4, "'a'",
         "span 4 bytes, but shape and dtype need 2 elements of 4"},
        {"{" TENSOR("a", "F32", "[1]", "[0,8]") "}", 8, "'a'", "span 8 bytes"},
        {"{" TENSOR("a", "F32", "[1]", "[4,0]") "}", 4, "'a'", "0 <= begin <= end"},
        {"{" TENSOR("a", "F32", "[1]", "[-4,0]") "}", 4, "'a'", "0 <= begin <= end"},
        {"{" TENSOR("a", "F32", "[2]", "[0,8]") "}", 7, "'a'", "the file holds 7 bytes of data"},
        {"{" TENSOR("a", "F32", "[1]", "[9223372036854775803,9223372036854775807]") "}", 4, "'a'",
         "the file holds 4"},
        {"{" TENSOR("a", "F32", "[1]", "[0]") "}", 4, "'a'", "two integers"},
        {"{" TENSOR("a", "F32", "[1]", "[0,4,8]") "}", 4, "'a'", "two integers"},
        {"{" TENSOR("a", "F32", "[1]", "[0,4.0]") "}", 4, "'a'", "two integers"},
        {"{" TENSOR("a", "F32", "[1]", "{}") "}", 4, "'a'", "two integers"},
        {"{" TENSOR("a", "F32", "[2]", "[0,8]") "," TENSOR("b", "F32", "[1]", "[4,8]") "}", 8, "'b'",
         "overlap"},
        {"{" TENSOR("a", "F32", "[1]", "[0,4]") "," TENSOR("b", "F32", "[1]", "[0,4]") "}", 4, "", "overlap"},
        {"{" TENSOR("a", "F32", "[1]", "[0,4]") "," TENSOR("b", "F32", "[1]", "[8,12]") "}", 12, "'b'",
         "bytes 4 to there belong to no tensor"},
        {"{" TENSOR("a", "F32", "[1]", "[0,4]") "}", 9, "", "last 5 bytes"},
        {"{}", 1, "", "last 1 bytes"},
        {"{" TENSOR("a\\n\\u001b[31mb", "F32", "[1]", "[0]") "}", 4, "a\\x0a\\x1b[31mb", "two integers"},
        {"{" TENSOR("a\\u009bb", "F32", "[1]", "[0]") "}", 4, "a\\x9bb", "two integers"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_header_refused(cases[i].header, cases[i].data_size, cases[i].tensor, cases[i].what);
}

static void test_deep_header_refused(void **state)
{
    (void)state;
    enum { DEPTH = 200000 };
    char *header = malloc(DEPTH + 6);
    assert_non_null(header);
    memcpy(header, "{\"a\":", 5);
    memset(header + 5, '[', DEPTH);
    header[5 + DEPTH] = '\0';
    assert_header_refused(header, 0, "", "not JSON");
    free(header);
}

static void test_length_refused(void **state)
{
    (void)state;
    assert_refused(write_temporary("empty.safetensors", "", 0), "", "the file has 0 bytes");
    assert_refused(write_temporary("short.safetensors", "\2\0\0\0\0\0\0", 7), "", "the file has 7 bytes");
    assert_refused(write_temporary("length.safetensors", "\3\0\0\0\0\0\0\0{}", 10), "", "claims 3 bytes");
    assert_refused(write_temporary("huge.safetensors", "\377\377\377\377\377\377\377\377{}", 10), "",
                   "claims 18446744073709551615 bytes");
    /* 100000001 bytes of header in a sparse file that is long enough for them. */
    const char *path = write_temporary("limit.safetensors", "\1\341\365\5\0\0\0\0{}", 10);
    assert_int_equal(truncate(path, 100000100), 0);
    assert_refused(path, "", "the format allows 100000000");
    assert_int_equal(unlink(path), 0);
}

static void test_no_plain_file_refused(void **state)
{
    (void)state;
    assert_refused(temporary_path("absent.safetensors"), "", strerror(ENOENT));
    make_temporary_subfolder("folder.safetensors");
    assert_refused(temporary_path("folder.safetensors"), "", "it is a folder");
    assert_int_equal(mkfifo(temporary_path("pipe.safetensors"), 0666), 0);
    assert_refused(temporary_path("pipe.safetensors"), "", "no regular file");
}

static void test_unreadable_refused(void **state)
{
    (void)state;
    if (geteuid() == 0)
        skip(); /* root reads everything */
    const char *path = write_temporary("secret.safetensors", "\2\0\0\0\0\0\0\0{}", 10);
    assert_int_equal(chmod(path, 0), 0);
    assert_refused(path, "", strerror(EACCES));
}

static void open_valid(const char *path, struct safetensors *file)
{
    struct error error = {0};
    if (!safetensors_open(path, file, &error))
        fail_msg("%s", error.text);
}

static void test_empty_and_zero_size(void **state)
{
    (void)state;
    struct safetensors file;
    open_valid(write_temporary_safetensors("none.safetensors", "{}", NULL, 0), &file);
    assert_int_equal(file.count, 0);
    assert_null(safetensors_find(&file, "a"));
    safetensors_close(&file);

    const float one = 1;
    open_valid(
        write_temporary_safetensors(
            "zero.safetensors",
            "{\"__metadata__\":{\"format\":\"pt\"}," TENSOR("late", "F16", "[0,5]", "[4,4]") "," TENSOR(
                "scalar", "F32", "[]", "[0,4]") "," TENSOR("early", "I64", "[3,0]", "[0,0]") "}  ",
            &one, sizeof one),
        &file);
    assert_int_equal(file.count, 3);
    const struct safetensor *scalar = safetensors_find(&file, "scalar");
    assert_non_null(scalar);
    assert_int_equal(scalar->axes, 0);
    assert_int_equal(scalar->elements, 1);
    const struct safetensor *late = safetensors_find(&file, "late");
    assert_non_null(late);
    assert_int_equal(late->elements, 0);
    double value = 7;
    assert_true(safetensor_to_double(late, 0, 0, &value));
    assert_false(safetensor_to_double(late, 0, 1, &value));
    assert_true(value == 7);
    assert_true(safetensor_to_double(scalar, 0, 1, &value));
    assert_true(value == 1);
    safetensors_close(&file);
}

static void test_range_checked(void **state)
{
    (void)state;
    const float values[4] = {1, 2, 3, 4};
    struct safetensors file;
    open_valid(write_temporary_safetensors("range.safetensors", "{" TENSOR("a", "F32", "[2,2]", "[0,16]") "}",
                                           values, sizeof values),
               &file);
    const struct safetensor *a = safetensors_find(&file, "a");
    assert_non_null(a);
    float to[4] = {0};
    assert_true(safetensor_to_float(a, 1, 2, to));
    assert_true(to[0] == 2 && to[1] == 3 && to[2] == 0);
    assert_true(safetensor_to_float(a, 4, 0, to));
    assert_false(safetensor_to_float(a, -1, 1, to));
    assert_false(safetensor_to_float(a, 0, 5, to));
    assert_false(safetensor_to_float(a, 4, 1, to));
    assert_false(safetensor_to_float(a, 1, INT64_MAX, to));
    assert_false(safetensor_to_float(a, INT64_MAX, 1, to));
    assert_false(safetensor_to_float(a, 0, -1, to));
    safetensors_close(&file);
}

/* Value of a binary16 number from its definition. */
static double half_value(unsigned half)
{
    int exponent = half >> 10 & 0x1f;
    double fraction = half & 0x3ff, sign = half & 0x8000 ? -1 : 1;
    if (exponent == 0x1f)
        return fraction > 0 ? (double)NAN : sign * (double)INFINITY;
    return sign * (exponent ? ldexp(1 + fraction / 1024, exponent - 15) : ldexp(fraction / 1024, -14));
}

static void assert_same(double got, double want)
{
    if (isnan(want) ? !isnan(got) : got != want || signbit(got) != signbit(want))
        fail_msg("got %a, want %a", got, want);
}

/* Every 16-bit pattern, read from an odd address. */
static void test_sixteen_bits(void **state)
{
    (void)state;
    enum { COUNT = 65536 };
    static unsigned char data[1 + 4 * COUNT];
    for (unsigned i = 0; i < COUNT; i++) {
        uint16_t bits = (uint16_t)i;
        memcpy(data + 1 + 2 * i, &bits, 2);
        memcpy(data + 1 + 2 * COUNT + 2 * i, &bits, 2);
    }
    struct safetensors file;
    open_valid(write_temporary_safetensors(
                   "sixteen.safetensors",
                   "{" TENSOR("pad", "U8", "[1]", "[0,1]") "," TENSOR(
                       "half", "F16", "[65536]", "[1,131073]") "," TENSOR("bfloat", "BF16", "[65536]",
                                                                          "[131073,262145]") "}",
                   data, sizeof data),
               &file);
    static float as_float[COUNT];
    static double as_double[COUNT];
    assert_true(safetensor_to_float(safetensors_find(&file, "half"), 0, COUNT, as_float));
    assert_true(safetensor_to_double(safetensors_find(&file, "half"), 0, COUNT, as_double));
    for (unsigned i = 0; i < COUNT; i++) {
        assert_same((double)as_float[i], half_value(i));
        assert_same(as_double[i], half_value(i));
    }
    assert_true(safetensor_to_float(safetensors_find(&file, "bfloat"), 0, COUNT, as_float));
    assert_true(safetensor_to_double(safetensors_find(&file, "bfloat"), 0, COUNT, as_double));
    for (unsigned i = 0; i < COUNT; i++) {
        uint32_t bits = (uint32_t)i << 16;
        float want;
        memcpy(&want, &bits, sizeof want);
        assert_same((double)as_float[i], (double)want);
        assert_same(as_double[i], (double)want);
    }
    safetensors_close(&file);
}

static void test_wide_types(void **state)
{
    (void)state;
    static const struct {
        double f64[4];
        int64_t i64[4];
        float f32[4];
        int32_t i32[2];
        uint8_t u8[2];
    } data = {{1e300, -0.0, (double)NAN, 0.1},
              {INT64_MIN, INT64_MAX, -1, INT64_C(9007199791611905)},
              {1e-45f, -INFINITY, 3.5f, -0.0f},
              {INT32_MIN, 7},
              {0, 255}};
    struct safetensors file;
    open_valid(
        write_temporary_safetensors(
            "wide.safetensors",
            "{" TENSOR("u8", "U8", "[2]", "[88,90]") "," TENSOR("i32", "I32", "[2]", "[80,88]") "," TENSOR(
                "f32", "F32", "[4]", "[64,80]") "," TENSOR("i64", "I64", "[2,2]",
                                                           "[32,64]") "," TENSOR("f64", "F64", "[1,4]",
                                                                                 "[0,32]") "}",
            &data, 90),
        &file);
    double got[4];
    float narrow[4];
    const struct safetensor *tensor = safetensors_find(&file, "f64");
    assert_int_equal(tensor->dtype, DTYPE_F64);
    assert_true(safetensor_to_double(tensor, 0, 4, got) && safetensor_to_float(tensor, 0, 4, narrow));
    for (int i = 0; i < 4; i++) {
        assert_same(got[i], data.f64[i]);
        assert_same((double)narrow[i], (double)(float)data.f64[i]);
    }
    tensor = safetensors_find(&file, "i64");
    assert_true(safetensor_to_double(tensor, 0, 4, got) && safetensor_to_float(tensor, 0, 4, narrow));
    for (int i = 0; i < 4; i++) {
        assert_same(got[i], (double)data.i64[i]);
        assert_same((double)narrow[i], (double)(float)data.i64[i]); /* rounded once: the last one shows it */
    }
    tensor = safetensors_find(&file, "f32");
    assert_true(safetensor_to_double(tensor, 0, 4, got) && safetensor_to_float(tensor, 0, 4, narrow));
    for (int i = 0; i < 4; i++) {
        assert_same(got[i], (double)data.f32[i]);
        assert_same((double)narrow[i], (double)data.f32[i]);
    }
    assert_true(safetensor_to_double(safetensors_find(&file, "i32"), 0, 2, got));
    assert_true(got[0] == INT32_MIN && got[1] == 7);
    assert_true(safetensor_to_float(safetensors_find(&file, "u8"), 0, 2, narrow));
    assert_true(narrow[0] == 0 && narrow[1] == 255);
    assert_null(safetensors_find(&file, "u"));
    safetensors_close(&file);
}

static void test_golden(void **state)
{
    (void)state;
    struct safetensors file;
    open_valid(TEST_DATA "/golden/mamba2-tiny/io.safetensors", &file);
    const struct safetensor *ids = safetensors_find(&file, "decode_ids"),
                            *logits = safetensors_find(&file, "decode_logits");
    assert_non_null(ids);
    assert_non_null(logits);
    assert_int_equal(logits->axes, 3);
    assert_int_equal(logits->shape[1], 5);
    assert_int_equal(logits->shape[2], 256);
    double id[5], row[256];
    assert_true(safetensor_to_double(ids, 0, 5, id));
    /* Each decoded token is the largest logit of the step before it. */
    for (int step = 0; step < 4; step++) {
        assert_true(safetensor_to_double(logits, 256 * step, 256, row));
        int best = 0;
        for (int i = 1; i < 256; i++)
            best = row[i] > row[best] ? i : best;
        assert_true(best == (int)id[step + 1]);
    }
    safetensors_close(&file);
}

static uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

/* Opens what may be anything: either a plain refusal, or tensors that lie inside the file and can be read. */
static bool open_anything(const char *path)
{
    struct safetensors file;
    struct error error = {0};
    if (!safetensors_open(path, &file, &error)) {
        assert_int_equal(error.status, STATUS_USAGE);
        assert_contains(error.text, path);
        assert_one_line(error.text);
        return false;
    }
    uintptr_t begin = (uintptr_t)file.map, end = begin + file.map_size;
    for (size_t i = 0; i < file.count; i++) {
        const struct safetensor *tensor = &file.tensors[i];
        uintptr_t at = (uintptr_t)tensor->data;
        assert_true(at >= begin + 8 && at <= end);
        assert_true(tensor->elements >= 0);
        assert_true((uint64_t)tensor->elements <= (end - at) / dtype_size(tensor->dtype));
        double value;
        for (int64_t k = 0; k < tensor->elements; k++)
            assert_true(safetensor_to_double(tensor, k, 1, &value));
    }
    safetensors_close(&file);
    return true;
}

static const char fuzz_header[] =
    "{\"__metadata__\":{\"format\":\"pt\"}," TENSOR("w", "F32", "[2,3]", "[0,24]") "," TENSOR(
        "h", "BF16", "[4]", "[24,32]") "," TENSOR("i", "I64", "[1]", "[32,40]") "}";

static void test_truncated_anywhere(void **state)
{
    (void)state;
    unsigned char data[40] = {0};
    const char *path = write_temporary_safetensors("cut.safetensors", fuzz_header, data, sizeof data);
    size_t size = 8 + sizeof fuzz_header - 1 + sizeof data;
    assert_true(open_anything(path));
    while (size-- > 0) {
        assert_int_equal(truncate(path, (off_t)size), 0);
        assert_false(open_anything(path));
    }
}

static void test_flipped_anywhere(void **state)
{
    (void)state;
    static const char likely[] = "{}[]\",:-+.0123456789eE \\\0\377F";
    unsigned char bytes[8 + sizeof fuzz_header - 1 + 40] = {sizeof fuzz_header - 1};
    memcpy(bytes + 8, fuzz_header, sizeof fuzz_header - 1);
    uint32_t random = 2463534242u;
    int opened = 0, refused = 0;
    for (int round = 0; round < 6000; round++) {
        unsigned char broken[sizeof bytes];
        memcpy(broken, bytes, sizeof bytes);
        for (uint32_t flips = 1 + next_random(&random) % 3; flips > 0; flips--) {
            size_t at = next_random(&random) % sizeof broken;
            uint32_t choice = next_random(&random);
            broken[at] = choice & 1 ? (unsigned char)(broken[at] ^ 1u << (choice >> 1) % 8)
                                    : (unsigned char)likely[(choice >> 1) % (sizeof likely - 1)];
        }
        if (open_anything(write_temporary("flipped.safetensors", broken, sizeof broken)))
            opened++;
        else
            refused++;
    }
    /* Flips in the data or in names leave a valid file; most others must be seen. */
    assert_in_range(opened, 300, 3000);
    assert_in_range(refused, 3000, 5700);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_header_refused),     cmocka_unit_test(test_deep_header_refused),
        cmocka_unit_test(test_length_refused),     cmocka_unit_test(test_no_plain_file_refused),
        cmocka_unit_test(test_unreadable_refused), cmocka_unit_test(test_empty_and_zero_size),
        cmocka_unit_test(test_range_checked),      cmocka_unit_test(test_sixteen_bits),
        cmocka_unit_test(test_wide_types),         cmocka_unit_test(test_golden),
        cmocka_unit_test(test_truncated_anywhere), cmocka_unit_test(test_flipped_anywhere),
    };
    return cmocka_run_group_tests(tests, make_temporary_folder, remove_temporary_folder);
}
