/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "platforms/leo2/board/include/leo2_libs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "platforms/leo2/board/include/mannix_accelerator.h"
#include "platforms/leo2/board/mannix.h"

/* Memory that the program gave an allocator, or that stands in when one is exhausted. */
struct arena {
    volatile char *data;
    size_t size;
    uint32_t device;        /* where its first byte lies in the device's memory */
    unsigned char *written; /* a flag a byte: something put a value there */
    struct arena *next;
    bool spare; /* ours: an allocator had nothing left */
};

enum hazard {
    SATURATED,
    CUT,
    READ_AS_UNSIGNED,
    EXHAUSTED,
    OUTSIDE,
    UNINITIALISED,
    BIAS_AS_BYTES,
    WRONG_SHAPE,
    HAZARDS
};

static const struct {
    const char *name, *what;
} hazards[HAZARDS] = {
    [SATURATED] = {"saturated", "output bytes clamped at the end of their range"},
    [CUT] = {"cut_to_zero", "negative output bytes that the ReLU cut to zero"},
    [READ_AS_UNSIGNED] = {"negative_read_as_unsigned",
                          "input bytes of 128 and more: an int8 below 0 is read as 256 more"},
    [EXHAUSTED] = {"allocator_exhausted", "matrices for which their allocator had no room"},
    [OUTSIDE] = {"outside_device_memory",
                 "operands and bytes where neither the device nor an allocator has memory"},
    [UNINITIALISED] = {"before_initialisation",
                       "uses of an allocator, matrix or operand before it was set up"},
    [BIAS_AS_BYTES] = {"bias_bytes_read_as_words", "rows whose bias was written as a byte and is read as 4"},
    [WRONG_SHAPE] = {"wrong_shape", "matrices without a size, and calls whose matrices do not fit together"},
};

struct tally {
    uint64_t calls, written, read, apb_writes, apb_reads, apb_cycles, fc_cycles;
};

/* All calls of one size. */
struct shape {
    int rows, columns;
    struct tally tally;
};

enum { MAX_SHAPES = 64 };

static struct {
    bool ready, plain_bytes;
    struct mannix device;
    struct arena *arenas;                /* the newest first */
    uint32_t device_end;                 /* end of what the program's arenas take there */
    uint32_t spare_bytes;                /* what stands in comes behind it */
    struct shape shapes[MAX_SHAPES + 1]; /* the last: all that came later */
    int n_shapes;
    int last_shape;       /* its results are being read; -1: no call yet */
    struct tally pending; /* since the last call began to be prepared */
    struct tally total;
    uint64_t hazards[HAZARDS];
    FILE *records;
    int pipe[2]; /* the system copies through it what this process may not touch */
} board = {.last_shape = -1};

static void at_exit(void);

static void give_up(const char *variable, const char *value, const char *right)
{
    fprintf(stderr, "leo2-model: %s=%s: must be %s\n", variable, value, right);
    exit(2);
}

static void set_up(void)
{
    if (board.ready)
        return;
    board.ready = true;
    const char *arithmetic = getenv("LEO2_MODEL_ARITHMETIC"), *bytes = getenv("LEO2_MODEL_BYTES");
    const char *records = getenv("LEO2_MODEL_RECORDS");
    enum mannix_arithmetic chosen = MANNIX_RTL;
    if (arithmetic && !mannix_arithmetic_parse(arithmetic, &chosen))
        give_up("LEO2_MODEL_ARITHMETIC", arithmetic, "documented or mannix-rtl");
    if (bytes && strcmp(bytes, "rmw") && strcmp(bytes, "plain"))
        give_up("LEO2_MODEL_BYTES", bytes, "rmw or plain");
    mannix_reset(&board.device, chosen);
    board.plain_bytes = bytes && !strcmp(bytes, "plain");
    if (records) {
        board.records = fopen(records, "a");
        if (!board.records) {
            fprintf(stderr, "leo2-model: LEO2_MODEL_RECORDS=%s: %s\n", records, strerror(errno));
            exit(2);
        }
    }
    if (pipe2(board.pipe, O_CLOEXEC)) {
        fprintf(stderr, "leo2-model: no pipe: %s\n", strerror(errno));
        exit(1);
    }
    atexit(at_exit);
}

/* A byte of memory that may not be there: false where a plain access would be a fault. */
static bool load(const volatile char *address, char *value)
{
    return write(board.pipe[1], (const void *)address, 1) == 1 && read(board.pipe[0], value, 1) == 1;
}

static bool store(volatile char *address, char value)
{
    char back;
    if (write(board.pipe[1], &value, 1) != 1)
        return false;
    if (read(board.pipe[0], (void *)address, 1) == 1)
        return true;
    (void)!read(board.pipe[0], &back, 1); /* a fault leaves it in the pipe */
    return false;
}

/* All pages of it can be read and, with `to_write`, written. */
static bool is_mapped(volatile char *data, size_t size, bool to_write)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    if (size > UINTPTR_MAX - (uintptr_t)data)
        return false;
    for (size_t at = 0; at < size;) {
        char value;
        if (!load(data + at, &value) || (to_write && !store(data + at, value)))
            return false;
        at += page - ((uintptr_t)data + at) % page;
    }
    return true;
}

/* Addresses of the system's map, which no memory of this process has. */
static bool in_memory(const volatile char *address)
{
    const uintptr_t at = (uintptr_t)address;
    return at >= MANNIX_MEMORY && at < MANNIX_MEMORY + FARM_BYTES;
}

static bool in_map(const volatile char *address)
{
    const uintptr_t at = (uintptr_t)address;
    return in_memory(address) || (at >= MANNIX_REGISTERS && at < MANNIX_REGISTERS + 4 * MANNIX_N_REGISTERS);
}

static struct arena *find_arena(const volatile char *address)
{
    const uintptr_t at = (uintptr_t)address;
    for (struct arena *arena = board.arenas; arena; arena = arena->next)
        if (at >= (uintptr_t)arena->data && at - (uintptr_t)arena->data < arena->size)
            return arena;
    return NULL;
}

static void add_arena(volatile char *data, size_t size, bool spare)
{
    const uint32_t lines = (uint32_t)((size + FARM_LINE_BYTES - 1) / FARM_LINE_BYTES * FARM_LINE_BYTES);
    struct arena *arena = calloc(1, sizeof *arena);
    unsigned char *written = calloc(size ? size : 1, 1);
    if (!arena || !written) {
        fputs("leo2-model: out of memory\n", stderr);
        exit(1);
    }
    *arena = (struct arena){.data = data,
                            .size = size,
                            .device = board.device_end + (spare ? board.spare_bytes : 0),
                            .written = written,
                            .next = board.arenas,
                            .spare = spare};
    board.arenas = arena;
    *(spare ? &board.spare_bytes : &board.device_end) += lines;
}

/* Memory may have been freed and given out again: what overlaps is no longer there. */
static void drop_overlapping(const volatile char *data, size_t size)
{
    const uintptr_t begin = (uintptr_t)data;
    for (struct arena **link = &board.arenas; *link;) {
        struct arena *arena = *link;
        const uintptr_t other = (uintptr_t)arena->data;
        if (begin < other + arena->size && other < begin + size) {
            *link = arena->next;
            if (!arena->spare && arena->device + arena->size + FARM_LINE_BYTES > board.device_end)
                board.device_end = arena->device;
            free(arena->written);
            free(arena);
        } else {
            link = &arena->next;
        }
    }
}

Allocator_t *createAllocator(Allocator_t *allocator, char *data, int size)
{
    set_up();
    if (allocator)
        *allocator = (Allocator_t){.index = 0, .max_size = size < 1 ? -1 : size - 1, .data = data};
    if (!allocator || !data || size < 1) {
        board.hazards[UNINITIALISED]++;
        return allocator;
    }
    if (in_memory(data)) {
        const uint64_t end = (uint64_t)((uintptr_t)data - MANNIX_MEMORY) + (uint64_t)size;
        const uint32_t lines = (uint32_t)((end < FARM_BYTES ? end : FARM_BYTES) + FARM_LINE_BYTES - 1) /
                               FARM_LINE_BYTES * FARM_LINE_BYTES;
        board.device_end = lines > board.device_end ? lines : board.device_end;
        return allocator;
    }
    if (!is_mapped(data, (size_t)size, true)) {
        board.hazards[OUTSIDE]++;
        return allocator;
    }
    drop_overlapping(data, (size_t)size);
    add_arena(data, (size_t)size, false);
    return allocator;
}

MatAllocator_t *createMatrixAllocator(MatAllocator_t *allocator, Matrix_t *matrices, int count)
{
    set_up();
    if (!allocator || !matrices)
        board.hazards[UNINITIALISED]++;
    if (!allocator)
        return NULL;
    *allocator = (MatAllocator_t){.index = 0, .max_size = count < 1 ? -1 : count - 1, .matrix = matrices};
    return allocator;
}

/* So that the program can go on and the rest of its hazards are found. */
static volatile char *spare_memory(size_t size)
{
    volatile char *data = calloc(size, 1);
    if (!data) {
        fputs("leo2-model: out of memory\n", stderr);
        exit(1);
    }
    add_arena(data, size, true);
    return data;
}

Matrix_t *creatMatrix(int rows, int cols, Matrix_t *matrix, Allocator_t *allocator, char do_pad_align)
{
    set_up();
    if (!matrix) {
        board.hazards[UNINITIALISED]++;
        return NULL;
    }
    *matrix = (Matrix_t){.rows = rows, .cols = cols};
    if (rows < 1 || cols < 1 || (int64_t)rows * cols > INT32_MAX - 4) {
        board.hazards[WRONG_SHAPE]++;
        return matrix;
    }
    matrix->size = rows * cols;
    matrix->pad_size = do_pad_align ? (matrix->size + 3) / 4 * 4 : matrix->size;
    if (!allocator || !allocator->data) {
        board.hazards[UNINITIALISED]++;
        matrix->data = spare_memory((size_t)matrix->pad_size);
    } else if (allocator->index < 0 || matrix->pad_size >= (int64_t)allocator->max_size - allocator->index) {
        board.hazards[EXHAUSTED]++;
        matrix->data = spare_memory((size_t)matrix->pad_size);
    } else {
        matrix->data = allocator->data + allocator->index;
        allocator->index += matrix->pad_size;
        /* A later allocator may have been given a part of this one's memory. */
        struct arena *arena = find_arena(matrix->data);
        if (arena) {
            const size_t offset = (size_t)(matrix->data - arena->data), size = (size_t)matrix->pad_size;
            memset(arena->written + offset, 0, size < arena->size - offset ? size : arena->size - offset);
        }
    }
    return matrix;
}

/* Where a byte of the program's memory lies on the board; false: it was given to no allocator. */
static bool device_address(const volatile char *address, uint32_t *device, struct arena **arena)
{
    *arena = find_arena(address);
    if (!*arena)
        return false;
    *device = (*arena)->device + (uint32_t)(address - (*arena)->data);
    return true;
}

static void count_apb(void)
{
    struct mannix_counts *counts = &board.device.counts;
    board.pending.apb_writes += counts->apb_writes;
    board.pending.apb_reads += counts->apb_reads;
    board.pending.apb_cycles += counts->apb_cycles;
    board.pending.fc_cycles += counts->fc_cycles;
    board.hazards[SATURATED] += counts->losses.saturated;
    board.hazards[CUT] += counts->losses.cut;
    board.hazards[READ_AS_UNSIGNED] += counts->losses.unsigned_inputs;
    board.hazards[OUTSIDE] += counts->outside_map;
    board.hazards[WRONG_SHAPE] += counts->refused_starts;
    *counts = (struct mannix_counts){0};
}

static void add_tally(struct tally *to, const struct tally *from)
{
    to->calls += from->calls;
    to->written += from->written;
    to->read += from->read;
    to->apb_writes += from->apb_writes;
    to->apb_reads += from->apb_reads;
    to->apb_cycles += from->apb_cycles;
    to->fc_cycles += from->fc_cycles;
}

/* What was pending belongs to a shape: to the one that was called, or after the last call. */
static void settle(int shape)
{
    count_apb();
    add_tally(&board.total, &board.pending);
    if (shape >= 0)
        add_tally(&board.shapes[shape].tally, &board.pending);
    board.pending = (struct tally){0};
}

static void count_write(void)
{
    board.device.counts.apb_writes++;
    board.device.counts.apb_cycles += (uint64_t)board.device.timing.apb_write_cycles;
}

void put_byte_over_apb(volatile char *address, char value, int option)
{
    (void)option;
    set_up();
    /* Reads since the last call were of its results. */
    if (board.pending.read)
        settle(board.last_shape);
    board.pending.written++;
    uint32_t device = FARM_BYTES;
    struct arena *arena = NULL;
    if (in_map(address)) {
        device = (uint32_t)((uintptr_t)address - MANNIX_MEMORY);
    } else if (!address) {
        board.hazards[UNINITIALISED]++;
        return;
    } else {
        if (device_address(address, &device, &arena)) {
            *address = value;
            arena->written[address - arena->data] = 1;
        } else {
            store(address, value);
        }
        if (device >= FARM_BYTES || arena->spare)
            board.hazards[OUTSIDE]++;
        if (device >= FARM_BYTES) { /* the transactions of a byte that no device takes */
            if (!board.plain_bytes)
                mannix_read(&board.device, MANNIX_MEMORY);
            count_write();
            return;
        }
    }
    if (board.plain_bytes && device < FARM_BYTES) {
        board.device.memory[device] = (uint8_t)value;
        count_write();
    } else {
        mannix_write_byte(&board.device, MANNIX_MEMORY + device, (uint8_t)value);
    }
}

char get_byte_over_apb(volatile char *address, int option)
{
    (void)option;
    set_up();
    board.pending.read++;
    uint32_t device = 0;
    struct arena *arena = NULL;
    if (in_map(address))
        return (char)mannix_read_byte(&board.device, (uint32_t)(uintptr_t)address);
    if (!address) {
        board.hazards[UNINITIALISED]++;
        return 0;
    }
    if (!device_address(address, &device, &arena) || device >= FARM_BYTES || arena->spare)
        board.hazards[OUTSIDE]++;
    else if (!arena->written[address - arena->data])
        board.hazards[UNINITIALISED]++;
    mannix_read_byte(&board.device, MANNIX_MEMORY + device % FARM_BYTES);
    char value = 0;
    if (arena)
        value = *address;
    else
        load(address, &value);
    return value;
}

/* Puts an operand where the unit finds it, whoever wrote it, and gives its address there. */
static uint32_t send_operand(const Matrix_t *matrix, int size, bool output)
{
    struct arena *arena;
    uint32_t device;
    if (in_memory(matrix->data)) {
        device = (uint32_t)((uintptr_t)matrix->data - MANNIX_MEMORY);
        board.hazards[OUTSIDE] += device + (uint32_t)size > FARM_BYTES;
        return device;
    }
    const bool known = device_address(matrix->data, &device, &arena) &&
                       (size_t)(matrix->data - arena->data) + (size_t)size <= arena->size;
    if (!known) {
        device = board.device_end;
        board.hazards[OUTSIDE]++;
    } else if (arena->spare || device + (uint32_t)size > FARM_BYTES) {
        board.hazards[OUTSIDE]++;
    }
    if (known) {
        unsigned char *written = arena->written + (matrix->data - arena->data);
        if (output)
            memset(written, 1, (size_t)size);
        else if (!memchr(written, 1, (size_t)size))
            board.hazards[UNINITIALISED]++;
    }
    const bool there = known || is_mapped(matrix->data, (size_t)size, output);
    for (int i = 0; i < size && there && !output; i++)
        board.device.memory[(device + (uint32_t)i) % FARM_BYTES] = (uint8_t)matrix->data[i];
    return device % FARM_BYTES;
}

static int find_shape(int rows, int columns)
{
    int i = 0;
    while (i < board.n_shapes && (board.shapes[i].rows != rows || board.shapes[i].columns != columns))
        i++;
    if (i == board.n_shapes && i < MAX_SHAPES)
        board.shapes[board.n_shapes++] = (struct shape){.rows = rows, .columns = columns};
    return i;
}

static bool usable(const Matrix_t *matrix)
{
    return matrix && matrix->data && matrix->rows > 0 && matrix->cols > 0 && matrix->rows <= FARM_BYTES &&
           matrix->cols <= FARM_BYTES && (int64_t)matrix->rows * matrix->cols <= INT32_MAX;
}

Matrix_t *xlrtr_fc_with_activate(Matrix_t *in, Matrix_t *weight, Matrix_t *bias, Matrix_t *out, int option,
                                 char do_pad_align)
{
    (void)option, (void)do_pad_align;
    set_up();
    if (!usable(in) || !usable(weight) || !usable(bias) || !usable(out)) {
        board.hazards[UNINITIALISED]++;
        return out;
    }
    const int rows = weight->rows, columns = weight->cols;
    const int64_t bias_size = (int64_t)bias->rows * bias->cols;
    if (in->rows != columns || in->cols != 1 || out->rows != rows || out->cols != 1 || bias_size < rows) {
        board.hazards[WRONG_SHAPE]++;
        return out;
    }
    const int bias_bytes = mannix_bias_bytes(board.device.arithmetic) * rows;
    if (bias_size < bias_bytes)
        board.hazards[BIAS_AS_BYTES] += (uint64_t)rows;
    if (board.pending.read)
        settle(board.last_shape);
    const struct farm_call call = {
        .input = send_operand(in, columns, false),
        .weight = send_operand(weight, (int)((int64_t)rows * columns), false),
        .bias = send_operand(bias, bias_size < bias_bytes ? (int)bias_size : bias_bytes, false),
        .out = send_operand(out, rows, true),
        .rows = rows,
        .columns = columns};
    mannix_run(&board.device, &call);
    struct arena *arena = find_arena(out->data);
    const bool owned = arena && (size_t)(out->data - arena->data) + (size_t)rows <= arena->size;
    for (int r = 0; r < rows && !in_memory(out->data); r++) {
        const char value = (char)board.device.memory[(call.out + (uint32_t)r) % FARM_BYTES];
        if (owned)
            out->data[r] = value;
        else
            store(out->data + r, value);
    }
    board.last_shape = find_shape(rows, columns);
    board.pending.calls = 1;
    count_apb();
    if (board.records)
        fprintf(board.records,
                "{\"record\":\"leo2_call\",\"call\":%" PRIu64
                ",\"rows\":%d,\"columns\":%d,\"bytes_written\":%" PRIu64 ",\"apb_writes\":%" PRIu64
                ",\"apb_reads\":%" PRIu64 ",\"apb_cycles\":%" PRIu64 ",\"fc_cycles\":%" PRIu64 "}\n",
                board.total.calls + 1, rows, columns, board.pending.written, board.pending.apb_writes,
                board.pending.apb_reads, board.pending.apb_cycles, board.pending.fc_cycles);
    settle(board.last_shape);
    return out;
}

static void print_row(FILE *out, const char *name, const struct tally *tally)
{
    const double calls = tally->calls ? (double)tally->calls : 1;
    fprintf(out,
            "  %-12s %9" PRIu64 " %10" PRIu64 " %9" PRIu64 " %11" PRIu64 " %11" PRIu64
            " %10.0f %8.0f %12" PRIu64 "\n",
            name, tally->calls, tally->written, tally->read, tally->apb_writes, tally->apb_reads,
            (double)tally->apb_cycles / calls, (double)tally->fc_cycles / calls,
            tally->apb_cycles + tally->fc_cycles);
}

void leo2_model_summary(FILE *out)
{
    set_up();
    settle(board.last_shape);
    fprintf(out, "leo2-model: %s arithmetic, bytes over the APB by %s\n",
            mannix_arithmetic_name(board.device.arithmetic),
            board.plain_bytes ? "plain writes" : "read-modify-write");
    fprintf(out, "  %-12s %9s %10s %9s %11s %11s %10s %8s %12s\n", "FC d x n", "calls", "bytes in",
            "bytes out", "APB writes", "APB reads", "APB/call", "FC/call", "cycles");
    for (int i = 0; i < board.n_shapes; i++) {
        char name[32];
        snprintf(name, sizeof name, "%d x %d", board.shapes[i].rows, board.shapes[i].columns);
        print_row(out, name, &board.shapes[i].tally);
    }
    if (board.shapes[MAX_SHAPES].tally.calls)
        print_row(out, "others", &board.shapes[MAX_SHAPES].tally);
    print_row(out, "all", &board.total);
    bool any = false;
    for (int h = 0; h < HAZARDS; h++)
        if (board.hazards[h]) {
            fprintf(out, "%s  %-26s %9" PRIu64 "  %s\n", any ? "" : "  hazards:\n", hazards[h].name,
                    board.hazards[h], hazards[h].what);
            any = true;
        }
    if (!any)
        fputs("  no hazards\n", out);
}

static void write_summary_record(FILE *out)
{
    const struct tally *total = &board.total;
    settle(board.last_shape);
    fprintf(out,
            "{\"record\":\"leo2_summary\",\"arithmetic\":\"%s\",\"calls\":%" PRIu64
            ",\"bytes_written\":%" PRIu64 ",\"bytes_read\":%" PRIu64 ",\"apb_writes\":%" PRIu64
            ",\"apb_reads\":%" PRIu64 ",\"apb_cycles\":%" PRIu64 ",\"fc_cycles\":%" PRIu64
            ",\"cycles\":%" PRIu64 ",\"hazards\":{",
            mannix_arithmetic_name(board.device.arithmetic), total->calls, total->written, total->read,
            total->apb_writes, total->apb_reads, total->apb_cycles, total->fc_cycles,
            total->apb_cycles + total->fc_cycles);
    for (int h = 0; h < HAZARDS; h++)
        fprintf(out, "%s\"%s\":%" PRIu64, h ? "," : "", hazards[h].name, board.hazards[h]);
    fputs("}}\n", out);
}

static void at_exit(void)
{
    if (board.records) {
        write_summary_record(board.records);
        if (fclose(board.records))
            fprintf(stderr, "leo2-model: LEO2_MODEL_RECORDS: %s\n", strerror(errno));
        board.records = NULL;
    } else {
        leo2_model_summary(stderr);
    }
    while (board.arenas) {
        struct arena *arena = board.arenas;
        board.arenas = arena->next;
        if (arena->spare)
            free((void *)(uintptr_t)arena->data);
        free(arena->written);
        free(arena);
    }
}
