/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platforms/leo2/board/include/leo2_libs.h"
#include "platforms/leo2/board/include/mannix_accelerator.h"
#include "platforms/leo2/board/include/mannix_regs_define.h"
#include "platforms/leo2/board/mannix.h"

static uint64_t random_state = 1;

static uint32_t random_bits(void)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(random_state >> 33);
}

static int random_between(int low, int high)
{
    return low + (int)(random_bits() % (uint32_t)(high - low + 1));
}

static struct mannix *new_device(enum mannix_arithmetic arithmetic)
{
    struct mannix *device = malloc(sizeof *device);
    assert_non_null(device);
    mannix_reset(device, arithmetic);
    return device;
}

/* One row through the registers: input, weights and bias are bytes as the unit reads them. */
static int one_row(enum mannix_arithmetic arithmetic, int n, const int *input, const int *weight,
                   int64_t bias, struct mannix_losses *losses)
{
    struct mannix *device = new_device(arithmetic);
    const struct farm_call call = {
        .input = 0, .weight = 4096, .bias = 8192, .out = 12288, .rows = 1, .columns = n};
    for (int i = 0; i < n; i++) {
        mannix_write_byte(device, MANNIX_MEMORY + call.input + (uint32_t)i, (uint8_t)input[i]);
        mannix_write_byte(device, MANNIX_MEMORY + call.weight + (uint32_t)i, (uint8_t)weight[i]);
    }
    mannix_write(device, MANNIX_MEMORY + call.bias, (uint32_t)bias);
    assert_true(mannix_run(device, &call));
    const int out = mannix_read_byte(device, MANNIX_MEMORY + call.out);
    if (losses)
        *losses = device->counts.losses;
    free(device);
    return arithmetic == MANNIX_DOCUMENTED ? (int8_t)out : out;
}

static void documented_arithmetic_by_hand(void **state)
{
    (void)state;
    const struct {
        int n, input[3], weight[3], bias, out, saturated;
    } cases[] = {
        {1, {127}, {127}, 0, 127, 0},                 /* 1 * 1 */
        {1, {127}, {-127}, 0, -127, 0},               /* 1 * -1 */
        {1, {-64}, {127}, 0, -64, 0},                 /* a negative input */
        {1, {1}, {126}, 0, 0, 0},                     /* rounded toward zero */
        {1, {-1}, {126}, 0, 0, 0},                    /* from below, too */
        {2, {127, 127}, {127, 1}, 0, 127, 1},         /* 128 is clamped */
        {2, {127, 127}, {-127, -127}, 0, -127, 1},    /* -254 is clamped */
        {1, {-128}, {127}, 0, -127, 1},               /* -128 is no value of an output */
        {3, {127, 64, -127}, {10, 20, 30}, 5, -4, 0}, /* (1270 + 1280 - 3810 + 635) / 127 = -4.9, toward zero
                                                       */
        {1, {0}, {0}, -100, -100, 0},                 /* the bias alone */
        {1, {127}, {100}, 100, 127, 1},               /* bias and sum together leave the range */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mannix_losses losses;
        const int out = one_row(MANNIX_DOCUMENTED, cases[i].n, cases[i].input, cases[i].weight,
                                cases[i].bias & 255, &losses);
        const int wanted = cases[i].out;
        if (out != wanted || losses.saturated != (uint64_t)cases[i].saturated || losses.cut)
            fail_msg("case %zu gives %d, %d wanted", i, out, wanted);
    }
}

static void rtl_arithmetic_by_hand(void **state)
{
    (void)state;
    const struct {
        int n, input[3], weight[3];
        int64_t bias;
        int out, saturated, cut, unsigned_inputs;
    } cases[] = {
        {1, {127}, {127}, 0, 63, 0, 0, 0},            /* 16129 >> 8 */
        {1, {-1}, {127}, 0, 126, 0, 0, 1},            /* -1 is read as 255: 32385 >> 8 */
        {1, {-128}, {1}, 0, 0, 0, 0, 1},              /* 128 >> 8 */
        {1, {127}, {-1}, 0, 0, 0, 1, 0},              /* cut */
        {2, {255, 255}, {127, 127}, 0, 253, 0, 0, 2}, /* 64770 >> 8 */
        {3, {255, 255, 255}, {127, 127, 127}, 0, 255, 1, 0, 3},
        {1, {0}, {0}, 256, 1, 0, 0, 0}, /* the bias has 32 bits */
        {1, {0}, {0}, 65535, 255, 0, 0, 0},
        {1, {0}, {0}, 65536, 255, 1, 0, 0},
        {1, {0}, {0}, -1, 0, 0, 1, 0},
        {1, {0}, {0}, 0x04030201, 255, 1, 0, 0}, /* four biases of a byte, read as one */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mannix_losses losses;
        const int out =
            one_row(MANNIX_RTL, cases[i].n, cases[i].input, cases[i].weight, cases[i].bias, &losses);
        if (out != cases[i].out || losses.saturated != (uint64_t)cases[i].saturated ||
            losses.cut != (uint64_t)cases[i].cut ||
            losses.unsigned_inputs != (uint64_t)cases[i].unsigned_inputs)
            fail_msg("case %zu gives %d, %d wanted", i, out, cases[i].out);
    }
}

/* In plain integers, on an image of the memory: what the unit's contract says, wrapping at its end. */
static int reference_row(const struct mannix *device, const uint8_t *memory, const struct farm_call *call,
                         int64_t row)
{
    int64_t sum = 0;
    for (int64_t c = 0; c < call->columns; c++) {
        const int x = memory[(call->input + c) % FARM_BYTES];
        const int w = memory[(call->weight + row * call->columns + c) % FARM_BYTES];
        const int signed_w = w > 127 ? w - 256 : w;
        sum += (device->arithmetic == MANNIX_DOCUMENTED && x > 127 ? x - 256 : x) * signed_w;
    }
    if (device->arithmetic == MANNIX_DOCUMENTED) {
        const int b = memory[(call->bias + row) % FARM_BYTES];
        sum += 127 * (b > 127 ? b - 256 : b);
        const int64_t y = (sum < 0 ? -(-sum / 127) : sum / 127);
        return (int)(y > 127 ? 127 : y < -127 ? -127 : y) & 255;
    }
    int64_t bias = 0;
    for (int b = 3; b >= 0; b--)
        bias = bias * 256 + memory[(call->bias + 4 * row + b) % FARM_BYTES];
    if (bias >= INT64_C(1) << 31)
        bias -= INT64_C(1) << 32;
    /* The accumulator's 32 bits wrap. */
    sum = (sum + bias) & 0xffffffff;
    if (sum >= INT64_C(1) << 31)
        sum -= INT64_C(1) << 32;
    return (int)(sum < 0 ? 0 : sum > 65535 ? 255 : sum >> 8);
}

static void any_call_is_what_integers_give(void **state)
{
    (void)state;
    struct mannix *device = new_device(MANNIX_RTL);
    uint8_t *image = malloc(FARM_BYTES);
    assert_non_null(image);
    for (int trial = 0; trial < 300; trial++) {
        mannix_reset(device, trial % 2 ? MANNIX_RTL : MANNIX_DOCUMENTED);
        for (size_t i = 0; i < FARM_BYTES; i++)
            device->memory[i] = (uint8_t)random_bits();
        struct farm_call call = {.rows = random_between(1, 40),
                                 .columns = random_between(1, trial % 7 ? 100 : 900),
                                 .input = random_bits() % FARM_BYTES,
                                 .weight = random_bits() % FARM_BYTES,
                                 .bias = random_bits() % FARM_BYTES};
        /* Small weights, so that not everything is clamped. */
        for (int64_t i = 0; i < call.rows * call.columns && trial % 3; i++) {
            uint8_t *w = &device->memory[(call.weight + i) % FARM_BYTES];
            *w = (uint8_t)(int8_t)(*w % 9 - 4);
        }
        for (int64_t i = 0; i < 4 * call.rows && trial % 5; i++)
            device->memory[(call.bias + i) % FARM_BYTES] = i % 4 > 1 ? (trial & 1 ? 0 : 255) : (uint8_t)i;
        if (trial % 11 == 0) /* the last byte of the memory is the last of the weights */
            call.weight = (uint32_t)(FARM_BYTES - call.rows * call.columns);
        /* Somewhere the unit does not read from. */
        const int64_t ends[] = {call.input + call.columns, call.weight + call.rows * call.columns,
                                call.bias + 4 * call.rows};
        call.out = (uint32_t)ends[trial % 3];
        for (;; call.out += 64) {
            const uint32_t begins[] = {call.input, call.weight, call.bias};
            const int64_t sizes[] = {call.columns, call.rows * call.columns, 4 * call.rows};
            bool clash = false;
            for (int64_t r = 0; r < call.rows; r++)
                for (int o = 0; o < 3; o++)
                    clash = clash || (call.out + r - begins[o]) % FARM_BYTES < (uint32_t)sizes[o];
            if (!clash)
                break;
        }
        call.out %= FARM_BYTES;
        memcpy(image, device->memory, FARM_BYTES);
        assert_true(mannix_run(device, &call));
        for (int64_t r = 0; r < call.rows; r++) {
            const uint32_t at = (uint32_t)(call.out + r) % FARM_BYTES;
            const int wanted = reference_row(device, image, &call, r);
            if (device->memory[at] != wanted)
                fail_msg("trial %d, row %d of %d x %d: %d, integers give %d", trial, (int)r, (int)call.rows,
                         (int)call.columns, device->memory[at], wanted);
            image[at] = (uint8_t)wanted;
        }
        assert_memory_equal(image, device->memory, FARM_BYTES);
        assert_int_equal(device->counts.fc_macs, call.rows * call.columns);
    }
    free(image);
    free(device);
}

static void the_apb_counts_each_transaction(void **state)
{
    (void)state;
    struct mannix *device = new_device(MANNIX_RTL);
    mannix_write(device, MANNIX_MEMORY + 8, 0x44332211);
    assert_int_equal(mannix_read(device, MANNIX_MEMORY + 8), 0x44332211);
    assert_int_equal(device->counts.apb_writes, 1);
    assert_int_equal(device->counts.apb_reads, 1);
    assert_int_equal(device->counts.apb_cycles, 8 + 7);

    /* A byte is a read and a write of its word, whose other bytes stay. */
    mannix_write_byte(device, MANNIX_MEMORY + 10, 0xee);
    assert_int_equal(device->counts.apb_writes, 2);
    assert_int_equal(device->counts.apb_reads, 2);
    assert_int_equal(device->counts.apb_cycles, 2 * (8 + 7));
    assert_int_equal(mannix_read(device, MANNIX_MEMORY + 8), 0x44ee2211);
    assert_int_equal(mannix_read_byte(device, MANNIX_MEMORY + 11), 0x44);

    /* The last byte of the memory is there, what follows is not, nor is half a word. */
    mannix_write_byte(device, MANNIX_MEMORY + FARM_BYTES - 1, 0x5a);
    assert_int_equal(device->memory[FARM_BYTES - 1], 0x5a);
    assert_int_equal(device->counts.outside_map, 0);
    mannix_write(device, MANNIX_MEMORY + FARM_BYTES, 1);
    mannix_write(device, MANNIX_MEMORY + 2, 1);
    assert_int_equal(mannix_read(device, MANNIX_REGISTERS + 4 * MANNIX_N_REGISTERS), 0);
    assert_int_equal(device->counts.outside_map, 3);

    /* A call is configured by eight writes and one poll. */
    device->counts = (struct mannix_counts){0};
    assert_true(mannix_run(
        device, &(struct farm_call){
                    .input = 0, .weight = 65536, .bias = 131072, .out = 131200, .rows = 17, .columns = 32}));
    assert_int_equal(device->counts.apb_cycles, 71);
    assert_int_equal(device->counts.fc_cycles, 85);
    assert_int_equal(mannix_read(device, FC_DONE), 1);

    /* Sizes that do not agree are refused. */
    mannix_write(device, FC_XM, 31);
    mannix_write(device, FC_START, 1);
    assert_int_equal(mannix_read(device, FC_DONE), 0);
    assert_int_equal(device->counts.refused_starts, 1);
    assert_false(mannix_run(device, &(struct farm_call){.rows = 0, .columns = 4}));
    assert_false(mannix_run(device, &(struct farm_call){.rows = FARM_BYTES, .columns = FARM_BYTES}));
    assert_int_equal(device->counts.refused_starts, 3);
    free(device);
}

static const struct farm_build as_built = {.size_bits = 7};

static int64_t placed_cycles(enum farm_placement placement, int64_t rows, int64_t columns)
{
    struct farm_call call;
    assert_true(farm_place(placement, rows, columns, 1, &call));
    return farm_cycles(&call, &as_built);
}

static void without_conflicts_cycles_follow_the_law(void **state)
{
    (void)state;
    for (int trial = 0; trial < 400; trial++) {
        const int64_t columns = random_between(1, 1000), rows = random_between(1, 60);
        const int64_t wanted = rows * (2 * ((columns + 31) / 32) + 3);
        assert_int_equal(placed_cycles(FARM_REGIONS, rows, columns), wanted);
        /* Conflicts only ever cost, and at most what three operands in turn would. */
        const int64_t packed = placed_cycles(FARM_PACKED, rows, columns);
        assert_true(packed >= wanted && packed <= rows * (4 * ((columns + 31) / 32) + 5));
    }
    /* The MNIST classifier's six calls. */
    const int64_t calls[][2] = {{16, 784}, {64, 16}, {17, 32}, {32, 1}, {16, 32}, {10, 16}};
    int64_t sum = 0;
    for (int i = 0; i < 6; i++)
        sum += placed_cycles(FARM_REGIONS, calls[i][0], calls[i][1]);
    assert_int_equal(sum, 1543);
}

static void the_arbiter_gives_the_measured_conflicts(void **state)
{
    (void)state;
    assert_int_equal(placed_cycles(FARM_PACKED, 128, 128), 1928);
    struct farm_call call = {
        .input = 0, .bias = 128, .weight = 65536, .out = 131072, .rows = 128, .columns = 128};
    assert_int_equal(farm_cycles(&call, &as_built), 1416);
    /* Weights right behind 784 bytes of input: every other row begins in the middle of a line. */
    call = (struct farm_call){.weight = 784, .bias = 784 * 17, .out = 65536, .rows = 16, .columns = 784};
    assert_int_equal(farm_cycles(&call, &as_built), 1145);
    /* A unit built for 32 inputs cannot ask for 32 bytes. */
    call = (struct farm_call){.weight = 32, .bias = 32 * 17, .out = 65536, .rows = 16, .columns = 32};
    assert_int_equal(farm_cycles(&call, &(struct farm_build){.size_bits = 5}), 81);
    assert_int_equal(farm_cycles(&call, &as_built), 90);
}

static void what_does_not_fit_has_no_place(void **state)
{
    (void)state;
    struct farm_call call;
    assert_true(farm_place(FARM_REGIONS, 128, 4032, 1, &call));
    assert_true(call.weight == 4032 &&
                call.out + 2 * 128 <= FARM_BYTES); /* packed: regions of its own would not do */
    assert_false(farm_place(FARM_PACKED, 129, 4064, 1, &call));
    assert_false(farm_place(FARM_REGIONS, 1, FARM_BYTES, 1, &call));
    assert_false(farm_place(FARM_REGIONS, INT64_MAX, INT64_MAX, 1, &call));
    assert_false(farm_place(FARM_REGIONS, 0, 1, 1, &call));
}

/* The number behind a name of the summary: how often a hazard was met, or calls of a size. The library is one
 * board a process, so hazards are taken as differences. */
static uint64_t hazard(const char *name)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    leo2_model_summary(out);
    fclose(out);
    const char *at = strstr(text, name);
    const uint64_t count = at ? strtoull(at + strlen(name), NULL, 10) : 0;
    free(text);
    return count;
}

struct matrices {
    Allocator_t allocator;
    Matrix_t in, weight, bias, out;
};

enum { ROWS = 3, COLUMNS = 4 };

static void make_matrices(struct matrices *m, char *memory, int size)
{
    createAllocator(&m->allocator, memory, size);
    creatMatrix(COLUMNS, 1, &m->in, &m->allocator, 1);
    creatMatrix(ROWS, COLUMNS, &m->weight, &m->allocator, 1);
    creatMatrix(ROWS, 4, &m->bias, &m->allocator, 1);
    creatMatrix(ROWS, 1, &m->out, &m->allocator, 1);
}

static void put(const Matrix_t *matrix, int value)
{
    for (int i = 0; i < matrix->size; i++)
        put_byte_over_apb(matrix->data + i, (char)value, 0);
}

static void call(struct matrices *m)
{
    xlrtr_fc_with_activate(&m->in, &m->weight, &m->bias, &m->out, 0, 1);
}

static void a_program_gets_its_results(void **state)
{
    (void)state;
    struct matrices m;
    enum { SIZE = 256 };
    char *memory = malloc(SIZE);
    const uint64_t before[] = {hazard("before_initialisation"), hazard("outside_device_memory"),
                               hazard("allocator_exhausted"), hazard("bias_bytes_read_as_words")};
    make_matrices(&m, memory, SIZE);
    assert_true(m.in.data == memory && m.weight.data == memory + 4 && m.out.pad_size == 4);
    put(&m.in, 100);
    put(&m.weight, 10);
    put(&m.bias, 0);
    m.bias.data[4] = 0; /* a plain store reaches the board, too */
    m.bias.data[5] = 1;
    call(&m);
    assert_int_equal((unsigned char)get_byte_over_apb(m.out.data, 0), 4 * 1000 / 256);
    assert_int_equal((unsigned char)get_byte_over_apb(m.out.data + 1, 0), (4 * 1000 + 256) / 256);
    assert_int_equal(hazard("before_initialisation"), before[0]);
    assert_int_equal(hazard("outside_device_memory"), before[1]);
    assert_int_equal(hazard("allocator_exhausted"), before[2]);
    assert_int_equal(hazard("bias_bytes_read_as_words"), before[3]);
    free(memory);
}

static void every_hazard_is_named(void **state)
{
    (void)state;
    struct matrices m;
    enum { SIZE = 700000 };
    char *memory = malloc(SIZE);
    make_matrices(&m, memory, SIZE);
    put(&m.bias, 0);

    uint64_t before = hazard("saturated");
    put(&m.in, 127), put(&m.weight, 127);
    for (int i = 0; i < 4; i++)
        put_byte_over_apb(m.bias.data + i, 1, 0);
    call(&m);
    assert_int_equal(hazard("saturated") - before, 1);

    before = hazard("cut_to_zero");
    put(&m.bias, 0), put(&m.weight, -1);
    call(&m);
    assert_int_equal(hazard("cut_to_zero") - before, ROWS);

    before = hazard("negative_read_as_unsigned");
    put(&m.in, -1);
    call(&m);
    assert_int_equal(hazard("negative_read_as_unsigned") - before, COLUMNS);

    before = hazard("bias_bytes_read_as_words");
    Matrix_t bytes;
    creatMatrix(ROWS, 1, &bytes, &m.allocator, 1);
    put(&bytes, 0);
    xlrtr_fc_with_activate(&m.in, &m.weight, &bytes, &m.out, 0, 1);
    assert_int_equal(hazard("bias_bytes_read_as_words") - before, ROWS);

    before = hazard("before_initialisation");
    Matrix_t never, fresh;
    memset(&never, 0, sizeof never);
    xlrtr_fc_with_activate(&never, &m.weight, &m.bias, &m.out, 0, 1);
    creatMatrix(COLUMNS, 1, &fresh, &m.allocator, 1);
    xlrtr_fc_with_activate(&fresh, &m.weight, &m.bias, &m.out, 0, 1);
    get_byte_over_apb(fresh.data, 0);
    Allocator_t unset;
    memset(&unset, 0, sizeof unset);
    creatMatrix(2, 2, &never, &unset, 1);
    put(&never, 1);
    assert_int_equal(hazard("before_initialisation") - before, 4);

    before = hazard("wrong_shape");
    xlrtr_fc_with_activate(&m.out, &m.weight, &m.bias, &m.out, 0, 1);
    creatMatrix(-1, 2, &never, &m.allocator, 1);
    assert_int_equal(hazard("wrong_shape") - before, 2);

    /* What an allocator or the device has no room for still computes, but the summary says so. */
    before = hazard("outside_device_memory");
    Matrix_t large;
    creatMatrix(1, 600000 - m.allocator.index, &large, &m.allocator, 1);
    Matrix_t behind;
    creatMatrix(COLUMNS, 1, &behind, &m.allocator, 1);
    put(&behind, 127), put(&m.weight, 127);
    xlrtr_fc_with_activate(&behind, &m.weight, &m.bias, &m.out, 0, 1);
    assert_int_equal((unsigned char)get_byte_over_apb(m.out.data, 0), 4 * 127 * 127 / 256);
    assert_int_equal(hazard("outside_device_memory") - before, COLUMNS + 1);

    before = hazard("allocator_exhausted");
    creatMatrix(COLUMNS, SIZE / COLUMNS - 1, &large, &m.allocator, 1);
    put_byte_over_apb(large.data + large.size - 1, 1, 0);
    assert_int_equal(hazard("allocator_exhausted") - before, 1);

    before = hazard("outside_device_memory");
    char own[4] = {0};
    put_byte_over_apb(own, 7, 0);
    assert_int_equal(own[0], 7);
    assert_int_equal(hazard("outside_device_memory") - before, 1);
    free(memory);
}

static void allocators_may_share_memory(void **state)
{
    (void)state;
    enum { SIZE = 4096, INNER = 64 };
    char *memory = malloc(SIZE);
    Allocator_t outer, inner;
    Matrix_t first, shared;
    createAllocator(&outer, memory, SIZE);
    creatMatrix(COLUMNS, 1, &first, &outer, 1);
    createAllocator(&inner, memory + INNER / 2, INNER);
    creatMatrix(INNER / 2 - COLUMNS, 1, &first, &outer, 1);
    creatMatrix(SIZE / 2, 1, &shared, &outer, 1); /* begins where inner does, and is longer */
    assert_ptr_equal(shared.data, memory + INNER / 2);
    put_byte_over_apb(shared.data + shared.size - 1, 7, 0);
    assert_int_equal(memory[INNER / 2 + shared.size - 1], 7);
    free(memory);
}

static void sizes_that_cannot_be_are_refused(void **state)
{
    (void)state;
    char memory[64] = {0};
    Allocator_t allocator;
    MatAllocator_t matrices;
    Matrix_t matrix;
    uint64_t before = hazard("before_initialisation");
    createAllocator(&allocator, memory, INT_MIN);
    createMatrixAllocator(&matrices, &matrix, INT_MIN);
    assert_int_equal(allocator.max_size, -1);
    assert_int_equal(matrices.max_size, -1);
    assert_int_equal(hazard("before_initialisation") - before, 1);

    before = hazard("allocator_exhausted");
    allocator.index = INT_MAX, allocator.max_size = INT_MIN;
    creatMatrix(2, 2, &matrix, &allocator, 1);
    assert_int_equal(hazard("allocator_exhausted") - before, 1);

    /* Each extent could be, their product not. */
    const Matrix_t large = {.rows = FARM_BYTES, .cols = FARM_BYTES, .data = memory};
    Matrix_t in = {.rows = FARM_BYTES, .cols = 1, .data = memory}, weight = large, bias = in, out = in;
    before = hazard("before_initialisation");
    xlrtr_fc_with_activate(&in, &weight, &bias, &out, 0, 1);
    assert_int_equal(hazard("before_initialisation") - before, 1);
}

static void calls_of_many_sizes_are_told_apart(void **state)
{
    (void)state;
    enum { SIZES = 80, SIZE = 4096 };
    char *memory = malloc(SIZE);
    Allocator_t allocator;
    for (int n = 1; n <= SIZES; n++) {
        Matrix_t in, weight, bias, out;
        createAllocator(&allocator, memory, SIZE);
        creatMatrix(100 + n, 1, &in, &allocator, 1);
        creatMatrix(1, 100 + n, &weight, &allocator, 1);
        creatMatrix(1, 4, &bias, &allocator, 1);
        creatMatrix(1, 1, &out, &allocator, 1);
        xlrtr_fc_with_activate(&in, &weight, &bias, &out, 0, 1);
    }
    /* No row has more than the calls of its size; what has no row is with the others. */
    uint64_t own = 0;
    for (int n = 1; n <= SIZES; n++) {
        char name[32];
        snprintf(name, sizeof name, "\n  1 x %d ", 100 + n);
        const uint64_t calls = hazard(name);
        assert_true(calls <= 1);
        own += calls;
    }
    assert_true(own > SIZES / 2 && own < SIZES);
    assert_int_equal(hazard("\n  others "), SIZES - own);
    free(memory);
}

static void registers_can_be_written_by_hand(void **state)
{
    (void)state;
    volatile char *memory = (volatile char *)(uintptr_t)GPP_BASE_MEM;
    put_byte_over_apb(memory + 5, 42, 0);
    assert_int_equal(get_byte_over_apb(memory + 5, 0), 42);
    put_byte_over_apb((volatile char *)(uintptr_t)FC_XM, 9, 0);
    assert_int_equal(get_byte_over_apb((volatile char *)(uintptr_t)FC_XM, 0), 9);
}

/* Addresses of the board that no memory of a process has, and one of a wild pointer. */
static void a_program_goes_on_after_addresses_without_memory(void **state)
{
    (void)state;
    volatile char *first = (volatile char *)(uintptr_t)GPP_BASE_MEM; /* of the device's memory */
    static const uintptr_t outside[] = {GPP_BASE_MEM + FARM_BYTES, 0x00200000, 0x1A400100, 12345};
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++) {
        volatile char *address = (volatile char *)outside[i];
        const uint64_t before = hazard("outside_device_memory");
        put_byte_over_apb(first, 42, 0);
        put_byte_over_apb(address, 1, 0);
        assert_int_equal(get_byte_over_apb(address, 0), 0);
        assert_int_equal(hazard("outside_device_memory") - before, 2);
        assert_int_equal(get_byte_over_apb(first, 0), 42);
    }
    /* What such a store leaves behind reaches no other. */
    char *own = malloc(4);
    put_byte_over_apb(own, 77, 0);
    assert_int_equal(*own, 77);
    assert_int_equal(get_byte_over_apb(own, 0), 77);
    assert_int_equal(get_byte_over_apb(first, 0), 42);
    const char constant[1] = {5};
    assert_int_equal(get_byte_over_apb((volatile char *)constant, 0), 5);
    put_byte_over_apb((volatile char *)"read only", 1, 0);
    free(own);

    /* An allocator, and operands, over nothing. */
    Allocator_t allocator;
    Matrix_t in, weight, bias, out;
    uint64_t before = hazard("outside_device_memory");
    createAllocator(&allocator, (char *)(uintptr_t)12345, 4096);
    assert_int_equal(hazard("outside_device_memory") - before, 1);
    creatMatrix(3, 1, &in, &allocator, 1);
    creatMatrix(2, 3, &weight, &allocator, 1);
    creatMatrix(2, 4, &bias, &allocator, 1);
    creatMatrix(2, 1, &out, &allocator, 1);
    before = hazard("outside_device_memory");
    xlrtr_fc_with_activate(&in, &weight, &bias, &out, 0, 1);
    assert_int_equal(hazard("outside_device_memory") - before, 4);
}

/* The board's own memory may hold the operands, too. */
static void an_allocator_may_lie_in_device_memory(void **state)
{
    (void)state;
    Allocator_t allocator;
    Matrix_t in, weight, bias, out;
    const uint64_t before = hazard("outside_device_memory");
    createAllocator(&allocator, (char *)(uintptr_t)GPP_BASE_MEM, 4096);
    creatMatrix(2, 1, &in, &allocator, 1);
    creatMatrix(1, 2, &weight, &allocator, 1);
    creatMatrix(1, 4, &bias, &allocator, 1);
    creatMatrix(1, 1, &out, &allocator, 1);
    for (int i = 0; i < 2; i++) {
        put_byte_over_apb(in.data + i, 64, 0);
        put_byte_over_apb(weight.data + i, 4, 0);
    }
    for (int i = 0; i < 4; i++)
        put_byte_over_apb(bias.data + i, 0, 0);
    xlrtr_fc_with_activate(&in, &weight, &bias, &out, 0, 1);
    assert_int_equal(get_byte_over_apb(out.data, 0), 2 * 64 * 4 >> 8);
    assert_int_equal(hazard("outside_device_memory"), before);
}

static void null_pointers_are_hazards(void **state)
{
    (void)state;
    char memory[64];
    Matrix_t matrix;
    Allocator_t allocator;
    MatAllocator_t matrices;
    uint64_t before = hazard("before_initialisation");
    assert_null(createAllocator(NULL, memory, sizeof memory));
    assert_null(createMatrixAllocator(NULL, &matrix, 1));
    createMatrixAllocator(&matrices, NULL, 1);
    createAllocator(&allocator, memory, sizeof memory);
    assert_null(creatMatrix(2, 2, NULL, &allocator, 1));
    creatMatrix(2, 2, &matrix, NULL, 1);
    assert_non_null(matrix.data);
    assert_int_equal(hazard("before_initialisation") - before, 5);
    before = hazard("wrong_shape");
    creatMatrix(-3, 4, &matrix, &allocator, 1);
    assert_null(matrix.data);
    assert_int_equal(hazard("wrong_shape") - before, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_program_goes_on_after_addresses_without_memory),
        cmocka_unit_test(an_allocator_may_lie_in_device_memory),
        cmocka_unit_test(null_pointers_are_hazards),
        cmocka_unit_test(documented_arithmetic_by_hand),
        cmocka_unit_test(rtl_arithmetic_by_hand),
        cmocka_unit_test(any_call_is_what_integers_give),
        cmocka_unit_test(the_apb_counts_each_transaction),
        cmocka_unit_test(without_conflicts_cycles_follow_the_law),
        cmocka_unit_test(the_arbiter_gives_the_measured_conflicts),
        cmocka_unit_test(what_does_not_fit_has_no_place),
        cmocka_unit_test(a_program_gets_its_results),
        cmocka_unit_test(every_hazard_is_named),
        cmocka_unit_test(allocators_may_share_memory),
        cmocka_unit_test(sizes_that_cannot_be_are_refused),
        cmocka_unit_test(registers_can_be_written_by_hand),
        cmocka_unit_test(calls_of_many_sizes_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
