/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "bench/check.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mamba/memory.h"
#include "mamba/random.h"

enum { MAX_OPERANDS = 24, MAX_DIMS = 16, ELEMENT = 4, SHAPE_TRIES = 64 };

/* A NaN as a float, far outside any table as an index. */
static const uint32_t CANARY = 0x7fe5a5a5;

enum fill { FILL_REAL, FILL_TINY, FILL_HUGE, FILL_NAN, FILL_COUNT };
static const char *const fill_names[FILL_COUNT] = {"realistic", "tiny", "huge", "one NaN"};

/* One operand of one case. The window is the accessible memory; an inaccessible page follows and precedes. */
struct buffer {
    const struct kernel_operand *operand;
    struct buffer *owner; /* whose window holds the data: itself, or the input that an output overwrites */
    bool absent;
    int64_t rows, length, stride;
    unsigned char *map, *window, *image; /* image: what the window holds before a run */
    size_t map_bytes, window_bytes, offset;
    union {
        float *real;
        int32_t *index;
    } values; /* packed */
    double *exact, *want, *base, *condition;
    double *rounding; /* what a lower precision adds to the bound; null: nothing */
};

/* Memory of a kernel's own, for packed weights or for scratch, with an inaccessible page behind it. */
struct packed {
    unsigned char *map, *data;
    size_t map_bytes, used_bytes;
};

struct check {
    const struct kernel_family *family;
    const struct kernel *kernel;
    const struct check_options *options;
    struct check_result *result;
    struct error *error;
    uint64_t random;
    size_t page;
    void *args, *exact_args;
    struct buffer buffers[MAX_OPERANDS];
    struct packed packed, scratch;
    enum fill fill;
    int target; /* operand that is not realistic, -1: none */
    bool share; /* outputs lie on the inputs that they may alias */
    double k, tiny;
    double ratio_sum, ratio_count;
};

struct run_order {
    int parts;
    bool reversed;
};

static sigjmp_buf fault_return;
static volatile sig_atomic_t fault_armed;
static void *volatile fault_address;

static const int fault_signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};

static void on_fault(int number, siginfo_t *info, void *context)
{
    (void)context;
    if (!fault_armed) {
        signal(number, SIG_DFL);
        return;
    }
    fault_armed = 0;
    fault_address = info->si_addr;
    siglongjmp(fault_return, number);
}

static uint64_t random_bits(struct check *check)
{
    return scatter(check->random++);
}

static int64_t random_below(struct check *check, int64_t n)
{
    return (int64_t)(random_bits(check) % (uint64_t)n);
}

static double random_unit(struct check *check)
{
    return (double)(random_bits(check) >> 11) * 0x1p-53;
}

static int64_t get_int64(const void *args, size_t offset)
{
    int64_t value;
    memcpy(&value, (const char *)args + offset, sizeof value);
    return value;
}

static void set_pointer(void *args, const struct kernel_operand *operand, const void *pointer)
{
    memcpy((char *)args + operand->slot, &pointer, sizeof pointer);
}

static void set_stride(void *args, const struct kernel_operand *operand, int64_t stride)
{
    if (operand->stride)
        memcpy((char *)args + operand->stride, &stride, sizeof stride);
}

static bool is_output(const struct kernel_operand *operand)
{
    return operand->role == OPERAND_OUTPUT || operand->role == OPERAND_STATE;
}

static bool is_input(const struct kernel_operand *operand)
{
    return operand->role != OPERAND_OUTPUT;
}

static int64_t element_count(const struct buffer *buffer)
{
    return buffer->rows * buffer->length;
}

static unsigned char *row_start(const struct buffer *buffer, unsigned char *window, int64_t row)
{
    return window + buffer->owner->offset + row * buffer->stride * ELEMENT;
}

/* Records the first failure with everything that is needed to see it again. */
static void fail(struct check *check, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void fail(struct check *check, const char *format, ...)
{
    char *text = check->result->failure;
    size_t size = sizeof check->result->failure, used;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, size, format, arguments);
    va_end(arguments);
    for (int i = 0; i < check->family->n_dims; i++) {
        used = strlen(text);
        snprintf(text + used, size - used, "%s%s=%lld", i ? " " : "; ", check->family->dims[i].name,
                 (long long)get_int64(check->args, check->family->dims[i].offset));
    }
    used = strlen(text);
    snprintf(text + used, size - used, "; %s%s%s%s, seed %llu", fill_names[check->fill],
             check->target >= 0 ? " " : "",
             check->target >= 0 ? check->family->operands[check->target].name : "",
             check->share ? ", in place" : "", (unsigned long long)check->options->seed);
    check->result->passed = false;
}

/* What a dimension may be; the last one is what real models have. */
struct pool {
    const char *name;
    int64_t values[20]; /* 0 ends the list */
    int64_t model;
};

static const struct pool pools[] = {
    {"batch", {1, 2, 3}, 1},
    {"seqlen", {1, 2, 3, 4, 5, 7, 17, 31, 33, 49, 67, 131}, 33},
    {"rows", {1, 2, 3, 5, 7, 8, 13, 33}, 33},
    {"interval", {1, 1, 2, 3, 5, 32, 33, 64, 70, 200}, 32},
    {"slices", {1, 2, 3, 8}, 8},
    {"order", {1, 2, 4, 8, 16, 32, 64, 128, 256, 1024}, 256},
    {"width", {1, 2, 3, 4, 4, 4, 5, 7}, 4},
    {"groups", {1, 1, 2, 3}, 1},
    {"heads", {1, 2, 3, 5, 8, 24}, 24},
    {"headdim", {1, 1, 3, 5, 8, 16, 17, 31, 33, 64}, 64},
    {"d_state", {1, 2, 3, 7, 8, 15, 16, 16, 17, 31, 33, 64, 128, 256}, 16},
    {"vocab", {1, 2, 17, 100}, 1000},
    {"m", {1, 2, 3, 4, 5, 7, 8, 13, 17, 33}, 13},
    {"n", {1, 3, 7, 8, 15, 16, 17, 31, 33, 48, 65, 129}, 1536},
    {"k", {1, 3, 7, 8, 15, 16, 17, 31, 33, 48, 65, 129}, 768},
    {NULL, {1, 2, 3, 5, 7, 8, 9, 13, 15, 16, 17, 23, 31, 32, 33, 47, 64, 65, 129}, 1536},
};

static const struct pool *find_pool(const char *name)
{
    const struct pool *pool = pools;
    while (pool->name && strcmp(pool->name, name) != 0)
        pool++;
    return pool;
}

static int64_t draw_dim(struct check *check, const char *name)
{
    const struct pool *pool = find_pool(name);
    int count = 0;
    while (count < COUNT_OF(pool->values) && pool->values[count])
        count++;
    return pool->values[random_below(check, count)];
}

/* Groups are equal: what they divide becomes a multiple of them. */
static void fix_groups(struct check *check)
{
    static const char *const divided[] = {"heads", "channels"};
    int64_t groups = kernel_dim(check->family, check->args, "groups");
    for (int i = 0; groups > 0 && i < COUNT_OF(divided); i++) {
        int64_t value = kernel_dim(check->family, check->args, divided[i]);
        if (value > 0)
            kernel_set_dim(check->family, check->args, divided[i], (value + groups - 1) / groups * groups);
    }
}

enum shape { SHAPE_ONES, SHAPE_DRAWN, SHAPE_MODEL };

/* The dimension that tokens count along. */
static const char *length_dim(const struct check *check)
{
    static const char *const names[] = {"seqlen", "rows", "m"};
    for (int i = 0; i < COUNT_OF(names); i++)
        if (kernel_dim(check->family, check->args, names[i]) >= 0)
            return names[i];
    return "";
}

static void set_shape(struct check *check, enum shape shape, int64_t budget)
{
    static const int64_t chunks[] = {0, 0, 1, 3, 16, 31, 64};
    const struct kernel_family *family = check->family;
    int64_t value[MAX_DIMS];
    double product = 1;
    for (int i = 0; i < family->n_dims; i++) {
        const char *name = family->dims[i].name;
        value[i] = shape == SHAPE_ONES    ? 1
                   : shape == SHAPE_DRAWN ? draw_dim(check, name)
                                          : find_pool(name)->model;
        if (check->options->seqlen && !strcmp(name, length_dim(check)))
            value[i] = 1;
        product *= (double)value[i];
    }
    while (shape == SHAPE_DRAWN && product > (double)budget) {
        int largest = 0;
        for (int i = 1; i < family->n_dims; i++)
            if (value[i] > value[largest])
                largest = i;
        product /= (double)value[largest];
        value[largest] = (value[largest] + 1) / 2;
        product *= (double)value[largest];
    }
    for (int i = 0; i < family->n_dims; i++)
        kernel_set_dim(family, check->args, family->dims[i].name, value[i]);
    if (check->options->seqlen)
        kernel_set_dim(family, check->args, length_dim(check), check->options->seqlen);
    if (family->chunk)
        memcpy((char *)check->args + family->chunk, &chunks[random_below(check, COUNT_OF(chunks))],
               sizeof chunks[0]);
    if (shape == SHAPE_MODEL && kernel_dim(family, check->args, "headdim") > 0)
        kernel_set_dim(family, check->args, "d_state", 128);
    fix_groups(check);
}

static void unmap(struct packed *memory)
{
    if (memory->map)
        munmap(memory->map, memory->map_bytes);
    *memory = (struct packed){0};
}

static void free_buffers(struct check *check)
{
    unmap(&check->packed);
    unmap(&check->scratch);
    for (int i = 0; i < check->family->n_operands; i++) {
        struct buffer *buffer = &check->buffers[i];
        if (buffer->map)
            munmap(buffer->map, buffer->map_bytes);
        free(buffer->image);
        free(buffer->values.real);
        free(buffer->exact);
        free(buffer->want);
        free(buffer->base);
        free(buffer->condition);
        free(buffer->rounding);
        *buffer = (struct buffer){0};
    }
}

/* calloc that never returns null for nothing. */
static void *allocate(int64_t count, size_t size)
{
    return calloc((size_t)count + 1, size);
}

static bool map_window(struct check *check, struct buffer *buffer)
{
    int64_t span =
        buffer->rows > 0 && buffer->length > 0 ? (buffer->rows - 1) * buffer->stride + buffer->length : 0;
    size_t bytes = (size_t)span * ELEMENT, page = check->page;
    enum { AFTER = 5 * ELEMENT };
    buffer->window_bytes = (bytes + AFTER + page - 1) / page * page;
    buffer->map_bytes = buffer->window_bytes + 2 * page;
    void *map = mmap(NULL, buffer->map_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED)
        return false;
    buffer->map = map;
    buffer->window = buffer->map + page;
    if (mprotect(buffer->window, buffer->window_bytes, PROT_READ | PROT_WRITE) != 0)
        return false;
    size_t room = buffer->window_bytes - bytes;
    switch (random_below(check, 4)) {
    case 0:
        buffer->offset = 0;
        break;
    case 1:
        buffer->offset = room - AFTER;
        break;
    default:
        buffer->offset = room;
    }
    buffer->image = malloc(buffer->window_bytes);
    return buffer->image != NULL;
}

/* The end lies as close to the inaccessible page as the 64-byte alignment of its start allows. The args field
 * at `field` is set to it. */
static bool map_memory(struct check *check, size_t bytes, size_t field, struct packed *memory)
{
    memory->used_bytes = (bytes + 63) / 64 * 64;
    const size_t data_bytes = (memory->used_bytes + check->page - 1) / check->page * check->page;
    memory->map_bytes = data_bytes + check->page;
    void *map = mmap(NULL, memory->map_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED)
        return false;
    memory->map = map;
    memory->data = memory->map + data_bytes - memory->used_bytes;
    memcpy((char *)check->args + field, &memory->data, sizeof memory->data);
    return data_bytes == 0 || mprotect(memory->map, data_bytes, PROT_READ | PROT_WRITE) == 0;
}

static bool map_packed(struct check *check)
{
    return !check->kernel->packed_bytes ||
           map_memory(check, check->kernel->packed_bytes(check->args), check->family->packed, &check->packed);
}

/* What lies there before the first phase is NaN. */
static bool map_scratch(struct check *check, int parts)
{
    unmap(&check->scratch);
    if (!check->kernel->scratch_bytes)
        return true;
    if (!map_memory(check, check->kernel->scratch_bytes(check->args, parts), check->family->scratch,
                    &check->scratch))
        return false;
    memset(check->scratch.data, 0xff, check->scratch.used_bytes);
    return true;
}

/* Packing writes what may not be written later; what it leaves out is NaN or worse. */
static void pack(struct check *check, int parts)
{
    struct packed *packed = &check->packed;
    const size_t data_bytes = packed->map_bytes - check->page;
    if (!packed->map || !data_bytes)
        return;
    mprotect(packed->map, data_bytes, PROT_READ | PROT_WRITE);
    memset(packed->data, 0xff, packed->used_bytes);
    for (int i = 0; i < parts; i++)
        check->kernel->pack(check->args, (struct part){i, parts});
    mprotect(packed->map, data_bytes, PROT_READ);
}

static bool shares(const struct check *check, const struct kernel_operand *operand)
{
    return check->share && operand->may_alias;
}

static struct buffer *buffer_of(struct check *check, const char *name)
{
    for (int i = 0; i < check->family->n_operands; i++)
        if (strcmp(check->family->operands[i].name, name) == 0)
            return &check->buffers[i];
    return NULL;
}

/* Before any of it is asked for. */
static bool check_memory(struct check *check)
{
    enum { BYTES_PER_ELEMENT = 3 * ELEMENT + 5 * sizeof(double) };
    const double available = (double)memory_available();
    double bytes = 0;
    for (int i = 0; i < check->family->n_operands; i++)
        bytes += (double)operand_rows(&check->family->operands[i], check->args) *
                 (double)operand_row_length(&check->family->operands[i], check->args) * BYTES_PER_ELEMENT;
    return memory_suffices((uint64_t)fmin(bytes, 1e18)) ||
           error_set(check->error, STATUS_USAGE,
                     "check of %s: its operands and their reference need %.3g GB of "
                     "memory, %.3g GB are available: reduce --seqlen",
                     check->kernel->name, bytes * 1e-9, available * 1e-9);
}

static bool make_buffers(struct check *check)
{
    static const int64_t gaps[] = {0, 0, 1, 5, 16};
    for (int i = 0; i < check->family->n_operands; i++) {
        const struct kernel_operand *operand = &check->family->operands[i];
        struct buffer *buffer = &check->buffers[i];
        buffer->operand = operand;
        buffer->owner = buffer;
        buffer->absent = operand->optional && check->target != i && random_below(check, 2);
        buffer->rows = operand_rows(operand, check->args);
        buffer->length = operand_row_length(operand, check->args);
        buffer->stride = buffer->length + (operand->stride ? gaps[random_below(check, COUNT_OF(gaps))] : 0);
        int64_t count = element_count(buffer);
        buffer->values.real = allocate(count, sizeof *buffer->values.real);
        buffer->exact = allocate(count, sizeof *buffer->exact);
        buffer->want = allocate(count, sizeof *buffer->want);
        buffer->base = allocate(count, sizeof *buffer->base);
        buffer->condition = allocate(count, sizeof *buffer->condition);
        if (check->kernel->rounding && operand->role == OPERAND_OUTPUT &&
            !(buffer->rounding = allocate(count, sizeof *buffer->rounding)))
            return false;
        if (!buffer->values.real || !buffer->exact || !buffer->want || !buffer->base || !buffer->condition)
            return false;
        if (!shares(check, operand) && !map_window(check, buffer))
            return false;
    }
    for (int i = 0; i < check->family->n_operands; i++) {
        struct buffer *buffer = &check->buffers[i];
        if (shares(check, buffer->operand)) {
            buffer->owner = buffer_of(check, buffer->operand->may_alias);
            buffer->stride = buffer->owner->stride;
        }
        struct buffer *owner = buffer->owner;
        set_pointer(check->args, buffer->operand, buffer->absent ? NULL : owner->window + owner->offset);
        set_stride(check->args, buffer->operand, buffer->stride);
    }
    return map_packed(check);
}

static double largest_value(const struct check *check, const struct kernel_operand *operand)
{
    const double huge = operand->huge > 0 ? operand->huge : 1e15;
    return check->kernel->largest > 0 && check->kernel->largest < huge ? check->kernel->largest : huge;
}

static double draw_value(struct check *check, const struct kernel_operand *operand, enum fill fill)
{
    double value = operand->lo + (operand->hi - operand->lo) * random_unit(check);
    switch (fill) {
    case FILL_TINY: {
        static const double scales[] = {0, 1e-30, 1e-38, 1e-41};
        return value * scales[random_below(check, COUNT_OF(scales))];
    }
    case FILL_HUGE:
        if (random_below(check, 2))
            return value;
        return copysign(largest_value(check, operand) * (0.5 + 0.5 * random_unit(check)), value);
    default:
        return value;
    }
}

static void fill_values(struct check *check)
{
    double scale = 1;
    for (int i = 0; i < check->family->n_operands; i++) {
        struct buffer *buffer = &check->buffers[i];
        const struct kernel_operand *operand = buffer->operand;
        int64_t count = element_count(buffer);
        if (!is_input(operand))
            continue;
        if (operand->type == OPERAND_INDEX) {
            int64_t vocab = kernel_dim(check->family, check->args, "vocab");
            for (int64_t j = 0; j < count; j++)
                buffer->values.index[j] = (int32_t)random_below(check, vocab > 0 ? vocab : 1);
            continue;
        }
        for (int64_t j = 0; j < count; j++) {
            double value = draw_value(check, operand, i == check->target ? check->fill : FILL_REAL);
            buffer->values.real[j] = (float)value;
            scale = fmax(scale, fabs(value));
        }
        if (i == check->target && check->fill == FILL_NAN && count > 0)
            buffer->values.real[random_below(check, count)] = NAN;
    }
    check->k = check->family->bound(check->args);
    check->tiny = check->k * 0x1p10 * FLT_MIN * scale * scale;
    if (check->kernel->exact)
        check->tiny = 0;
}

/* Runs the reference on the values, optionally with |.| of magnitudes, and one operand a bit larger. */
static void run_reference(struct check *check, bool magnitudes, int larger, double factor)
{
    for (int i = 0; i < check->family->n_operands; i++) {
        struct buffer *buffer = &check->buffers[i];
        const struct kernel_operand *operand = buffer->operand;
        if (operand->type == OPERAND_INDEX) {
            set_pointer(check->exact_args, operand, buffer->values.index);
            set_stride(check->exact_args, operand, buffer->length);
            continue;
        }
        int64_t count = element_count(buffer);
        for (int64_t j = 0; j < count; j++) {
            double value = is_input(operand) ? buffer->values.real[j] : NAN;
            if (magnitudes && operand->magnitude)
                value = fabs(value);
            buffer->exact[j] = i == larger ? value * factor : value;
        }
        set_pointer(check->exact_args, operand, buffer->absent ? NULL : buffer->exact);
        set_stride(check->exact_args, operand, buffer->length);
    }
    kernel_fn *reference = check->kernel->exact                         ? check->kernel->exact
                           : magnitudes && check->family->condition_f64 ? check->family->condition_f64
                                                                        : check->family->reference_f64;
    reference(check->exact_args, (struct part){0, 1});
}

/* After the reference ran on the values: its double operands are still there. */
static void add_rounding(struct check *check)
{
    for (int i = 0; check->kernel->rounding && i < check->family->n_operands; i++)
        if (check->buffers[i].rounding)
            check->kernel->rounding(check->exact_args, check->buffers[i].rounding);
}

static void compute_expected(struct check *check)
{
    const struct kernel_family *family = check->family;
    memcpy(check->exact_args, check->args, family->args_size);
    run_reference(check, false, -1, 1);
    for (int i = 0; i < family->n_operands; i++)
        memcpy(check->buffers[i].want, check->buffers[i].exact,
               (size_t)element_count(&check->buffers[i]) * sizeof(double));
    if (check->kernel->exact)
        return;
    add_rounding(check);
    run_reference(check, true, -1, 1);
    for (int i = 0; i < family->n_operands; i++) {
        struct buffer *buffer = &check->buffers[i];
        for (int64_t j = 0; j < element_count(buffer); j++)
            buffer->base[j] = buffer->condition[j] = fabs(buffer->exact[j]);
    }
    for (int larger = 0; larger < family->n_operands; larger++) {
        if (!family->operands[larger].exponent)
            continue;
        const double step = 0x1p-20;
        run_reference(check, true, larger, 1 + step);
        for (int i = 0; i < family->n_operands; i++) {
            struct buffer *buffer = &check->buffers[i];
            for (int64_t j = 0; j < element_count(buffer); j++) {
                double slope = fabs(fabs(buffer->exact[j]) - buffer->base[j]) / step;
                if (isfinite(slope))
                    buffer->condition[j] += slope;
            }
        }
    }
}

/* The memory of every operand as it must be before a run. */
static void draw_images(struct check *check)
{
    for (int i = 0; i < check->family->n_operands; i++) {
        struct buffer *buffer = &check->buffers[i];
        if (!buffer->map)
            continue;
        for (size_t at = 0; at < buffer->window_bytes; at += ELEMENT)
            memcpy(buffer->image + at, &CANARY, ELEMENT);
        for (int64_t row = 0; is_input(buffer->operand) && row < buffer->rows; row++)
            memcpy(row_start(buffer, buffer->image, row), buffer->values.real + row * buffer->length,
                   (size_t)buffer->length * ELEMENT);
    }
}

static const char *signal_name(int number)
{
    switch (number) {
    case SIGSEGV:
        return "SIGSEGV";
    case SIGBUS:
        return "SIGBUS";
    case SIGFPE:
        return "SIGFPE";
    default:
        return "SIGILL";
    }
}

static void fail_fault(struct check *check, int number, struct run_order order)
{
    for (int i = 0; i < check->family->n_operands; i++) {
        const struct buffer *buffer = &check->buffers[i];
        const unsigned char *address = fault_address;
        if (!buffer->map || address < buffer->map || address >= buffer->map + buffer->map_bytes)
            continue;
        fail(check, "%s: access %lld bytes from the start of %s, which has %lld rows of %lld; %d parts%s",
             signal_name(number), (long long)(address - (buffer->window + buffer->offset)),
             buffer->operand->name, (long long)buffer->rows, (long long)buffer->length, order.parts,
             order.reversed ? " reversed" : "");
        return;
    }
    fail(check, "%s at %p; %d parts%s", signal_name(number), fault_address, order.parts,
         order.reversed ? " reversed" : "");
}

static bool run_kernel(struct check *check, struct run_order order)
{
    int number = sigsetjmp(fault_return, 1);
    if (number != 0) {
        fail_fault(check, number, order);
        return false;
    }
    if (!map_scratch(check, order.parts)) {
        fail(check, "no memory for its scratch");
        return false;
    }
    fault_armed = 1;
    pack(check, order.parts);
    for (int phase = 0; phase < kernel_phases(check->kernel); phase++)
        for (int i = 0; i < order.parts; i++)
            kernel_phase(check->kernel, phase)(
                check->args, (struct part){order.reversed ? order.parts - 1 - i : i, order.parts});
    fault_armed = 0;
    return true;
}

/* error / bound; above 1 when the element is wrong. */
static double error_ratio(double got, double want, double bound)
{
    if (isnan(want))
        return isnan(got) ? 0 : INFINITY;
    if (isinf(got) && fabs(want) + bound >= FLT_MAX)
        return signbit(got) == signbit(want) ? 0 : INFINITY;
    if (!isfinite(got))
        return INFINITY;
    double error = fabs(got - want);
    return error == 0 ? 0 : error / bound;
}

static bool compare_output(struct check *check, struct buffer *buffer, struct run_order order)
{
    double error_square = 0, want_square = 0;
    for (int64_t row = 0; row < buffer->rows; row++) {
        for (int64_t j = 0; j < buffer->length; j++) {
            int64_t at = row * buffer->length + j;
            float got;
            memcpy(&got, row_start(buffer, buffer->owner->window, row) + j * ELEMENT, sizeof got);
            double want = buffer->want[at];
            double condition = isnan(buffer->condition[at]) ? fabs(want) : buffer->condition[at];
            if (check->kernel->exact)
                condition = 0;
            double bound = check->k * 0x1p-24 * condition + check->tiny;
            if (buffer->rounding && !isnan(buffer->rounding[at]))
                bound += buffer->rounding[at];
            double ratio = error_ratio(got, want, bound);
            if (!(ratio <= 1)) {
                fail(check, "%s[%lld][%lld] is %.9g, must be %.9g +- %.3g; %d parts%s", buffer->operand->name,
                     (long long)row, (long long)j, got, want, bound, order.parts,
                     order.reversed ? " reversed" : "");
                return false;
            }
            check->result->worst_ratio = fmax(check->result->worst_ratio, ratio);
            if (check->fill != FILL_REAL)
                continue;
            double error = fabs(got - want);
            check->result->max_abs = fmax(check->result->max_abs, error);
            check->ratio_sum += ratio;
            check->ratio_count++;
            error_square += error * error;
            want_square += want * want;
        }
    }
    if (want_square > 0)
        check->result->rel_l2 = fmax(check->result->rel_l2, sqrt(error_square / want_square));
    return true;
}

/* Everything but the output elements must be as before. */
static bool compare_rest(struct check *check, struct run_order order)
{
    for (int i = 0; i < check->family->n_operands; i++) {
        struct buffer *buffer = &check->buffers[i], *owner = buffer->owner;
        for (int64_t row = 0; is_output(buffer->operand) && row < buffer->rows; row++)
            memcpy(row_start(buffer, owner->window, row), row_start(buffer, owner->image, row),
                   (size_t)buffer->length * ELEMENT);
    }
    for (int i = 0; i < check->family->n_operands; i++) {
        struct buffer *buffer = &check->buffers[i];
        if (!buffer->map || memcmp(buffer->window, buffer->image, buffer->window_bytes) == 0)
            continue;
        size_t at = 0;
        while (buffer->window[at] == buffer->image[at])
            at++;
        fail(check, "%s: wrote byte %lld from its start, outside the output's elements; %d parts%s",
             buffer->operand->name, (long long)at - (long long)buffer->offset, order.parts,
             order.reversed ? " reversed" : "");
        return false;
    }
    return true;
}

static bool run_and_compare(struct check *check, struct run_order order)
{
    for (int i = 0; i < check->family->n_operands; i++)
        if (check->buffers[i].map)
            memcpy(check->buffers[i].window, check->buffers[i].image, check->buffers[i].window_bytes);
    if (!run_kernel(check, order))
        return false;
    for (int i = 0; i < check->family->n_operands; i++)
        if (is_output(&check->family->operands[i]) && !compare_output(check, &check->buffers[i], order))
            return false;
    return compare_rest(check, order);
}

struct check_case {
    enum shape shape;
    int64_t budget;
    enum fill fill;
    int target;
    bool share;
};

/* False: no memory. A wrong kernel is in the result. A case whose shapes the kernel does not accept counts
 * for nothing. */
static bool run_case(struct check *check, const struct check_case *which)
{
    static const struct run_order orders[] = {{1, false}, {2, true}, {3, false}, {7, true}, {3, true}};
    check->fill = which->fill;
    check->target = which->target;
    check->share = which->share;
    for (int i = 0; i < SHAPE_TRIES; i++) {
        set_shape(check, which->shape, which->budget);
        if (!check_memory(check))
            return false;
        if (!make_buffers(check)) {
            free_buffers(check);
            return error_set(check->error, STATUS_UNAVAILABLE, "check of %s: no memory for its operands",
                             check->kernel->name);
        }
        if (!check->kernel->accepts || check->kernel->accepts(check->args)) {
            fill_values(check);
            compute_expected(check);
            draw_images(check);
            check->result->cases++;
            int count = which->fill == FILL_REAL && !check->options->seqlen ? COUNT_OF(orders) : 3;
            for (int j = 0; j < count && check->result->passed; j++)
                run_and_compare(check, orders[j]);
            free_buffers(check);
            break;
        }
        free_buffers(check);
        if (which->shape != SHAPE_DRAWN)
            break;
    }
    return true;
}

static bool has_alias(const struct kernel_family *family)
{
    for (int i = 0; i < family->n_operands; i++)
        if (family->operands[i].may_alias)
            return true;
    return false;
}

static bool run_cases(struct check *check)
{
    const struct kernel_family *family = check->family;
    struct check_result *result = check->result;
    bool thorough = check->options->thorough, alias = has_alias(family);
    int64_t budget = thorough ? 40000 : 12000;
    int shapes = thorough ? 120 : 32, hostile_shapes = thorough ? 12 : 3;

    if (check->options->seqlen) {
        enum { LONG_SHAPES = 2, LONG_BUDGET = 36 };
        for (int i = 0; i < LONG_SHAPES && result->passed; i++)
            if (!run_case(check, &(struct check_case){SHAPE_DRAWN, LONG_BUDGET, FILL_REAL, -1, false}))
                return false;
        return true;
    }
    if (!run_case(check, &(struct check_case){SHAPE_ONES, 1, FILL_REAL, -1, false}))
        return false;
    for (int i = 0; i < shapes && result->passed; i++)
        for (int share = 0; share <= alias && result->passed; share++)
            if (!run_case(check, &(struct check_case){SHAPE_DRAWN, i % 2 ? budget : budget / 10, FILL_REAL,
                                                      -1, share}))
                return false;
    for (int i = 0; i < hostile_shapes; i++)
        for (int target = 0; target < family->n_operands; target++)
            for (int fill = FILL_TINY; fill < FILL_COUNT && result->passed; fill++)
                if (is_input(&family->operands[target]) && family->operands[target].type == OPERAND_REAL &&
                    !run_case(check, &(struct check_case){SHAPE_DRAWN, 1000, fill, target, false}))
                    return false;
    if (thorough && result->passed)
        return run_case(check, &(struct check_case){SHAPE_MODEL, 0, FILL_REAL, -1, false});
    return true;
}

static bool check_supported(const struct kernel_family *family, const struct kernel *kernel,
                            struct error *error)
{
    if (!(isa_available() >> kernel->isa & 1))
        return error_set(error, STATUS_UNAVAILABLE, "check of %s: this processor has no %s", kernel->name,
                         isa_name(kernel->isa));
    const char *missing = kernel->missing ? kernel->missing() : NULL;
    if (missing)
        return error_set(error, STATUS_UNAVAILABLE, "check of %s: %s", kernel->name, missing);
    if (family->n_operands > MAX_OPERANDS || family->n_dims > MAX_DIMS)
        return error_set(error, STATUS_UNAVAILABLE, "check of %s: more than %d operands or %d dimensions",
                         kernel->name, MAX_OPERANDS, MAX_DIMS);
    return true;
}

bool check_kernel(const struct kernel_family *family, const struct kernel *kernel,
                  const struct check_options *options, struct check_result *result, struct error *error)
{
    *result = (struct check_result){.passed = true};
    snprintf(result->kernel, sizeof result->kernel, "%s", kernel->name);
    if (!check_supported(family, kernel, error))
        return false;
    struct check check = {
        .family = family,
        .kernel = kernel,
        .options = options,
        .result = result,
        .error = error,
        .random = options->seed,
        .page = (size_t)sysconf(_SC_PAGESIZE),
        .args = calloc(1, family->args_size),
        .exact_args = calloc(1, family->args_size),
    };
    bool done = check.args && check.exact_args;
    if (!done) {
        error_set(error, STATUS_UNAVAILABLE, "check of %s: no memory", kernel->name);
        goto out;
    }
    for (int i = 0; i < family->n_parameters; i++)
        memcpy((char *)check.args + family->parameters[i].offset, &family->parameters[i].check_value,
               sizeof(double));

    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO},
                     old[COUNT_OF(fault_signals)];
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < COUNT_OF(fault_signals); i++)
        sigaction(fault_signals[i], &action, &old[i]);
    done = run_cases(&check);
    for (int i = 0; i < COUNT_OF(fault_signals); i++)
        sigaction(fault_signals[i], &old[i], NULL);

    if (check.ratio_count > 0)
        result->mean_ratio = check.ratio_sum / check.ratio_count;
    if (done && result->cases == 0) {
        result->passed = false;
        snprintf(result->failure, sizeof result->failure, "accepts none of the shapes that were tried");
    }
out:
    free(check.args);
    free(check.exact_args);
    return done;
}
