/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "mamba/safetensors.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* The format's own limit. */
#define HEADER_LIMIT UINT64_C(100000000)
enum { LENGTH_BYTES = 8 };

static const struct {
    const char *name;
    size_t size;
} dtypes[DTYPE_COUNT] = {
    [DTYPE_F64] = {"F64", 8}, [DTYPE_F32] = {"F32", 4}, [DTYPE_F16] = {"F16", 2}, [DTYPE_BF16] = {"BF16", 2},
    [DTYPE_I64] = {"I64", 8}, [DTYPE_I32] = {"I32", 4}, [DTYPE_U8] = {"U8", 1},
};

const char *dtype_name(enum dtype dtype)
{
    return dtypes[dtype].name;
}

size_t dtype_size(enum dtype dtype)
{
    return dtypes[dtype].size;
}

/* Refuses a tensor: what is wrong, then what would be right. */
#define REFUSE(path, name, error, format, ...)                                                               \
    error_set(error, STATUS_USAGE, "%s: tensor '%.100s': " format, path, name, __VA_ARGS__)

static bool read_dtype(const char *path, const char *name, const json_t *entry, enum dtype *dtype,
                       struct error *error)
{
    const char *text = json_string_value(json_object_get(entry, "dtype"));
    for (int i = 0; text && i < DTYPE_COUNT; i++) {
        if (strcmp(text, dtypes[i].name) == 0) {
            *dtype = (enum dtype)i;
            return true;
        }
    }
    return REFUSE(path, name, error, "dtype '%.20s' is not one of F64, F32, F16, BF16, I64, I32, U8",
                  text ? text : "(missing)");
}

static bool read_axes(const char *path, const char *name, const json_t *entry, struct safetensor *tensor,
                      struct error *error)
{
    const json_t *shape = json_object_get(entry, "shape");
    size_t axes = json_array_size(shape);
    if (!json_is_array(shape) || axes > TENSOR_MAX_AXES)
        return REFUSE(path, name, error, "the shape must be an array of at most %d sizes", TENSOR_MAX_AXES);
    tensor->axes = (int)axes;
    tensor->elements = 1;
    for (size_t i = 0; i < axes; i++) {
        const json_t *size = json_array_get(shape, i);
        if (!json_is_integer(size) || json_integer_value(size) < 0)
            return REFUSE(path, name, error, "size %zu of the shape must be a non-negative integer", i);
        tensor->shape[i] = json_integer_value(size);
        if (__builtin_mul_overflow(tensor->elements, tensor->shape[i], &tensor->elements))
            return REFUSE(path, name, error,
                          "the sizes of the shape multiply to more than %" PRId64 " elements", INT64_MAX);
    }
    return true;
}

static bool read_data(const struct safetensors *file, size_t data_at, const char *name, const json_t *entry,
                      struct safetensor *tensor, struct error *error)
{
    const json_t *offsets = json_object_get(entry, "data_offsets");
    const json_t *first = json_array_get(offsets, 0), *last = json_array_get(offsets, 1);
    int64_t begin = json_integer_value(first), end = json_integer_value(last);
    if (json_array_size(offsets) != 2 || !json_is_integer(first) || !json_is_integer(last))
        return REFUSE(file->path, name, error, "data_offsets must be %s", "two integers, begin and end");
    if (begin < 0 || begin > end)
        return REFUSE(file->path, name, error,
                      "data_offsets are [%" PRId64 ", %" PRId64 "]; 0 <= begin <= end must hold", begin, end);
    size_t available = file->map_size - data_at;
    if ((uint64_t)end > available)
        return REFUSE(file->path, name, error,
                      "data end at offset %" PRId64
                      ", but the file holds %zu bytes of data (is it truncated?)",
                      end, available);
    int64_t bytes;
    if (__builtin_mul_overflow(tensor->elements, (int64_t)dtype_size(tensor->dtype), &bytes) ||
        bytes != end - begin)
        return REFUSE(file->path, name, error,
                      "data_offsets span %" PRId64 " bytes, but shape and dtype need %" PRId64
                      " elements of %zu",
                      end - begin, tensor->elements, dtype_size(tensor->dtype));
    tensor->data = (const char *)file->map + data_at + begin;
    return true;
}

static bool read_tensor(struct safetensors *file, size_t data_at, const char *name, const json_t *entry,
                        struct error *error)
{
    struct safetensor tensor = {0};
    if (!json_is_object(entry))
        return REFUSE(file->path, name, error, "the entry must be %s",
                      "an object with dtype, shape and data_offsets");
    if (!read_dtype(file->path, name, entry, &tensor.dtype, error) ||
        !read_axes(file->path, name, entry, &tensor, error) ||
        !read_data(file, data_at, name, entry, &tensor, error))
        return false;
    tensor.name = strdup(name);
    if (!tensor.name)
        return error_set(error, STATUS_FAILED, "%s: no memory for the list of tensors", file->path);
    file->tensors[file->count++] = tensor;
    return true;
}

static size_t tensor_size(const struct safetensor *tensor)
{
    return (size_t)tensor->elements * dtype_size(tensor->dtype);
}

static int compare_places(const void *a, const void *b)
{
    const struct safetensor *first = a, *second = b;
    uintptr_t x = (uintptr_t)first->data, y = (uintptr_t)second->data;
    if (x != y)
        return x < y ? -1 : 1;
    size_t m = tensor_size(first), n = tensor_size(second);
    return (m > n) - (m < n);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct safetensor *)a)->name, ((const struct safetensor *)b)->name);
}

/* The format wants every byte of the data in exactly one tensor. */
static bool check_cover(struct safetensors *file, size_t data_at, struct error *error)
{
    if (file->count)
        qsort(file->tensors, file->count, sizeof *file->tensors, compare_places);
    const char *data = (const char *)file->map + data_at, *next = data,
               *end = (const char *)file->map + file->map_size;
    const char *previous = "";
    for (size_t i = 0; i < file->count; i++) {
        const struct safetensor *tensor = &file->tensors[i];
        const char *begin = tensor->data;
        if (begin < next)
            return REFUSE(file->path, tensor->name, error,
                          "its data begin at offset %td, inside those of '%.100s'; they must not overlap",
                          begin - data, previous);
        if (begin > next)
            return REFUSE(file->path, tensor->name, error,
                          "its data begin at offset %td, but bytes %td to there belong to no tensor",
                          begin - data, next - data);
        next = begin + tensor_size(tensor);
        previous = tensor->name;
    }
    if (next != end)
        return error_set(error, STATUS_USAGE, "%s: the last %td bytes of the file belong to no tensor",
                         file->path, end - next);
    if (file->count)
        qsort(file->tensors, file->count, sizeof *file->tensors, compare_names);
    return true;
}

static bool read_header(struct safetensors *file, const json_t *header, size_t data_at, struct error *error)
{
    size_t entries = json_object_size(header);
    file->tensors = calloc(entries ? entries : 1, sizeof *file->tensors);
    if (!file->tensors)
        return error_set(error, STATUS_FAILED, "%s: no memory for the list of tensors", file->path);
    const char *name;
    json_t *entry;
    json_object_foreach((json_t *)header, name, entry)
    {
        if (strcmp(name, "__metadata__") != 0) {
            if (!read_tensor(file, data_at, name, entry, error))
                return false;
        } else if (!json_is_object(entry)) {
            return error_set(error, STATUS_USAGE, "%s: __metadata__ must be an object of strings",
                             file->path);
        }
    }
    return check_cover(file, data_at, error);
}

static bool parse_header(struct safetensors *file, struct error *error)
{
    const unsigned char *bytes = file->map;
    uint64_t length = 0;
    for (int i = LENGTH_BYTES - 1; i >= 0; i--)
        length = length << 8 | bytes[i];
    if (length > HEADER_LIMIT || length > file->map_size - LENGTH_BYTES)
        return error_set(error, STATUS_USAGE,
                         "%s: the header claims %" PRIu64
                         " bytes; the file has %zu after the length, and the format "
                         "allows %" PRIu64,
                         file->path, length, file->map_size - LENGTH_BYTES, HEADER_LIMIT);
    json_error_t problem;
    json_t *header =
        json_loadb((const char *)bytes + LENGTH_BYTES, (size_t)length, JSON_REJECT_DUPLICATES, &problem);
    if (!header)
        return error_set(error, STATUS_USAGE, "%s: the header is not JSON: byte %d: %s", file->path,
                         problem.position, problem.text);
    bool ok = json_is_object(header)
                  ? read_header(file, header, LENGTH_BYTES + (size_t)length, error)
                  : error_set(error, STATUS_USAGE, "%s: the header must be a JSON object", file->path);
    json_decref(header);
    return ok;
}

static bool map_file(struct safetensors *file, int descriptor, struct error *error)
{
    struct stat status;
    if (fstat(descriptor, &status) != 0)
        return error_set(error, STATUS_USAGE, "%s: %s", file->path, strerror(errno));
    if (!S_ISREG(status.st_mode))
        return error_set(error, STATUS_USAGE, "%s: it is %s; a safetensors file would be right", file->path,
                         S_ISDIR(status.st_mode) ? "a folder" : "no regular file");
    if (status.st_size < LENGTH_BYTES)
        return error_set(
            error, STATUS_USAGE,
            "%s: the file has %jd bytes; a safetensors file begins with the 8 bytes of its header's length",
            file->path, (intmax_t)status.st_size);
    void *map = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (map == MAP_FAILED)
        return error_set(error, STATUS_USAGE, "%s: cannot be mapped: %s", file->path, strerror(errno));
    file->map = map;
    file->map_size = (size_t)status.st_size;
    return true;
}

bool safetensors_open(const char *path, struct safetensors *file, struct error *error)
{
    *file = (struct safetensors){.path = strdup(path)};
    if (!file->path)
        return error_set(error, STATUS_FAILED, "%s: no memory", path);
    /* O_NONBLOCK: a named pipe must be refused, not waited for. */
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool ok = descriptor >= 0 ? map_file(file, descriptor, error) && parse_header(file, error)
                              : error_set(error, STATUS_USAGE, "%s: %s", path, strerror(errno));
    if (descriptor >= 0)
        close(descriptor);
    if (!ok)
        safetensors_close(file);
    return ok;
}

void safetensors_close(struct safetensors *file)
{
    for (size_t i = 0; i < file->count; i++)
        free(file->tensors[i].name);
    free(file->tensors);
    if (file->map)
        munmap(file->map, file->map_size);
    free(file->path);
    *file = (struct safetensors){0};
}

const struct safetensor *safetensors_find(const struct safetensors *file, const char *name)
{
    const struct safetensor key = {.name = (char *)name};
    return file->count ? bsearch(&key, file->tensors, file->count, sizeof key, compare_names) : NULL;
}

static float bits_to_float(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static float half_to_float(uint16_t half)
{
    const uint32_t sign = (uint32_t)(half & 0x8000) << 16, exponent = half >> 10 & 0x1f,
                   fraction = half & 0x3ff;
    if (exponent == 0) {
        const float magnitude = (float)fraction * 0x1p-24f;
        return sign ? -magnitude : magnitude;
    }
    const uint32_t rebased = exponent == 0x1f ? 0xff : exponent + 127 - 15;
    return bits_to_float(sign | rebased << 23 | fraction << 13);
}

static float bfloat_to_float(uint16_t bfloat)
{
    return bits_to_float((uint32_t)bfloat << 16);
}

static bool in_range(const struct safetensor *tensor, int64_t first, int64_t count)
{
    return first >= 0 && count >= 0 && first <= tensor->elements && count <= tensor->elements - first;
}

#define EACH(source, expression)                                                                             \
    for (int64_t i = 0; i < count; i++) {                                                                    \
        source value;                                                                                        \
        memcpy(&value, from + (size_t)i * sizeof value, sizeof value);                                       \
        to[i] = expression;                                                                                  \
    }                                                                                                        \
    return true

#define DEFINE_CONVERSION(name, type)                                                                        \
    bool name(const struct safetensor *tensor, int64_t first, int64_t count, type *to)                       \
    {                                                                                                        \
        if (!in_range(tensor, first, count))                                                                 \
            return false;                                                                                    \
        const char *from = (const char *)tensor->data + (size_t)first * dtype_size(tensor->dtype);           \
        switch (tensor->dtype) {                                                                             \
        case DTYPE_F64:                                                                                      \
            EACH(double, (type)value);                                                                       \
        case DTYPE_F32:                                                                                      \
            EACH(float, value);                                                                              \
        case DTYPE_F16:                                                                                      \
            EACH(uint16_t, half_to_float(value));                                                            \
        case DTYPE_BF16:                                                                                     \
            EACH(uint16_t, bfloat_to_float(value));                                                          \
        case DTYPE_I64:                                                                                      \
            EACH(int64_t, (type)value);                                                                      \
        case DTYPE_I32:                                                                                      \
            EACH(int32_t, (type)value);                                                                      \
        case DTYPE_U8:                                                                                       \
            EACH(uint8_t, value);                                                                            \
        case DTYPE_COUNT:                                                                                    \
            break;                                                                                           \
        }                                                                                                    \
        return false;                                                                                        \
    }

DEFINE_CONVERSION(safetensor_to_float, float)
DEFINE_CONVERSION(safetensor_to_double, double)
