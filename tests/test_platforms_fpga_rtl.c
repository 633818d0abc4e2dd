/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/kernel.h"
#include "platforms/fpga_rtl/block.h"
#include "platforms/fpga_rtl/half.h"

static uint64_t random_state = 88172645463325252u;

static uint64_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    return random_state ^= random_state << 17;
}

static bool subnormal(uint16_t half)
{
    return !(half & 0x7c00) && half & 0x3ff;
}

static bool is_nan(uint16_t half)
{
    return (half & 0x7fff) > 0x7c00;
}

#ifdef __FLT16_MAX__
static _Float16 as_float16(uint16_t bits)
{
    _Float16 value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint16_t as_bits(_Float16 value)
{
    uint16_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* exact: of the operation on the operands as they are, in double. */
static void compare_with_compiler(uint16_t a, uint16_t b, uint16_t got, _Float16 compiled, double exact)
{
    const double smallest_normal = 0x1p-14;
    if (subnormal(a) || subnormal(b) || (exact != 0 && fabs(exact) < smallest_normal))
        return;
    const uint16_t want = isnan((double)compiled) ? 0x7e00 : as_bits(compiled);
    if (got != want)
        fail_msg("%04x and %04x: %04x, the compiler's is %04x", a, b, got, want);
}

static void test_half_is_the_compilers_where_nothing_is_flushed(void **state)
{
    (void)state;
    for (uint32_t a = 0; a < 65536; a++)
        for (int i = 0; i < 256; i++) {
            const uint16_t b = (uint16_t)next_random(), x = (uint16_t)a;
            const _Float16 p = as_float16(x), q = as_float16(b);
            compare_with_compiler(x, b, half_mul(x, b), p * q, (double)p * (double)q);
            compare_with_compiler(x, b, half_add(x, b), p + q, (double)p + (double)q);
        }
}
#endif

static void test_half_flushes(void **state)
{
    (void)state;
    const uint16_t one = 0x3c00, tiny = 0x0001, largest_subnormal = 0x03ff, smallest = 0x0400, half = 0x3800;
    assert_int_equal(half_mul(one, tiny), 0);
    assert_int_equal(half_mul(one | 0x8000, largest_subnormal), 0x8000);
    assert_int_equal(half_mul(smallest, half), 0);
    assert_int_equal(half_mul(smallest | 0x8000, half), 0x8000);
    assert_int_equal(half_mul(smallest, one), smallest);
    assert_int_equal(half_add(one, tiny), one);
    assert_int_equal(half_add(0x0401, 0x8400), 0);      /* 2^-24 */
    assert_int_equal(half_add(0x8401, 0x0400), 0x8000); /* -2^-24 */
    assert_int_equal(half_add(one, one | 0x8000), 0);
    assert_int_equal(half_add(0x8000, 0x8000), 0x8000);
    assert_int_equal(half_add(0x8000, 0), 0);
    /* 2^-14 - 2^-26 would round to the smallest normal number; just below the middle it does not. */
    assert_int_equal(half_mul(0x3bff, smallest), 0);
    assert_int_equal(half_from_double(0x1p-14 - 0x1p-27), smallest);
    assert_int_equal(half_from_double(0x1p-14 - 0x1p-25), 0);
    assert_int_equal(half_from_double(65519.99), 0x7bff);
    assert_int_equal(half_from_double(65520), 0x7c00);
    assert_int_equal(half_mul(0x7c00, 0), 0x7e00);
    assert_int_equal(half_mul(0x7c00, tiny), 0x7e00); /* a subnormal is a zero */
    assert_int_equal(half_add(0x7c00, 0xfc00), 0x7e00);
    assert_int_equal(half_add(0x7c00, 0x7bff), 0x7c00);
    assert_int_equal(half_mul(0x7d01, one), 0x7e00);
    assert_true(isnan(half_to_double(0x7e00)));
    for (uint32_t a = 0; a < 65536; a++) {
        const uint16_t x = (uint16_t)a;
        const uint16_t want = is_nan(x) ? 0x7e00 : subnormal(x) ? x & 0x8000 : x;
        assert_int_equal(half_from_double(half_to_double(x)), want);
    }
}

/* One of the built blocks that the arithmetic and the block tests need. */
static void require_rtl(void)
{
    if (!blocks[0]) {
        print_message("built without Verilator: not tested\n");
        skip();
    }
}

enum { BATCH = 1 << 16 };

static void compare_arithmetic(const uint16_t *a, const uint16_t *b)
{
    static uint16_t product[BATCH], sum[BATCH];
    assert_true(block_arithmetic(a, b, product, sum, BATCH));
    for (int i = 0; i < BATCH; i++) {
        if (product[i] != half_mul(a[i], b[i]))
            fail_msg("%04x * %04x: %04x, must be %04x", a[i], b[i], product[i], half_mul(a[i], b[i]));
        if (sum[i] != half_add(a[i], b[i]))
            fail_msg("%04x + %04x: %04x, must be %04x", a[i], b[i], sum[i], half_add(a[i], b[i]));
    }
}

/* Any number of operands, and nothing beyond. */
static void test_rtl_arithmetic_of_few(void **state)
{
    (void)state;
    require_rtl();
    for (int n = 1; n <= 67; n += 11) {
        uint16_t operands[67], product[68] = {0}, sum[68] = {0};
        for (int i = 0; i < n; i++)
            operands[i] = (uint16_t)(0x3c00 + i);
        product[n] = sum[n] = 0xabcd;
        assert_true(block_arithmetic(operands, operands, product, sum, n));
        for (int i = 0; i < n; i++) {
            assert_int_equal(product[i], half_mul(operands[i], operands[i]));
            assert_int_equal(sum[i], half_add(operands[i], operands[i]));
        }
        assert_int_equal(product[n], 0xabcd);
        assert_int_equal(sum[n], 0xabcd);
    }
}

/* Every first operand with every special and with every exponent of either sign. */
static void test_rtl_arithmetic(void **state)
{
    static const uint16_t specials[] = {0x0000, 0x8000, 0x0001, 0x8001, 0x03ff, 0x83ff, 0x0400,
                                        0x8400, 0x0401, 0x7bff, 0xfbff, 0x7c00, 0xfc00, 0x7c01,
                                        0x7e00, 0xfe00, 0x7fff, 0xffff, 0x3c00, 0xbc00, 0x3bff,
                                        0x3c01, 0x3800, 0x4000, 0x7800, 0xf800};
    static uint16_t a[BATCH], b[BATCH];
    (void)state;
    require_rtl();
    for (int s = 0; s < COUNT_OF(specials); s++)
        for (int side = 0; side < 2; side++) {
            for (int i = 0; i < BATCH; i++) {
                a[i] = side ? specials[s] : (uint16_t)i;
                b[i] = side ? (uint16_t)i : specials[s];
            }
            compare_arithmetic(a, b);
        }
    const int each = getenv("MAMBA_BENCH_TEST_LONG") ? 64 : 2;
    for (int exponent = 0; exponent < 64; exponent++)
        for (int repeat = 0; repeat < each; repeat++) {
            for (int i = 0; i < BATCH; i++) {
                a[i] = (uint16_t)i;
                b[i] = (uint16_t)(exponent << 10 | (next_random() & 0x3ff));
            }
            compare_arithmetic(a, b);
        }
    /* Sums that nearly cancel, products near either end of the range. */
    for (int repeat = 0; repeat < 8; repeat++) {
        for (int i = 0; i < BATCH; i++) {
            a[i] = (uint16_t)i;
            const uint16_t near = (uint16_t)(a[i] + next_random() % 2049 - 1024);
            b[i] =
                repeat % 2 ? near ^ 0x8000 : (uint16_t)(0x7800 - (a[i] & 0x7c00) + (next_random() & 0x7ff));
        }
        compare_arithmetic(a, b);
    }
}

struct example {
    struct block_call call;
    uint16_t *words, *want_y, *want_h;
};

static uint16_t random_half(double scale)
{
    return half_from_double(((double)(next_random() >> 11) * 0x1p-53 * 2 - 1) * scale);
}

static struct example make_example(const struct block *block, int heads, int headdim, int tile_heads,
                                   int tile_headdim)
{
    const int64_t channels = (int64_t)heads * headdim, states = channels * block->d_state;
    const int64_t total = 3 * heads + 2 * block->d_state + 3 * channels + 3 * states;
    uint16_t *words = malloc((size_t)total * sizeof *words), *at = words;
    assert_non_null(words);
    for (int64_t i = 0; i < total; i++)
        words[i] = random_half(2);
    struct example e = {.words = words};
    e.call = (struct block_call){
        .heads = heads, .headdim = headdim, .tile_heads = tile_heads, .tile_headdim = tile_headdim};
    e.call.dt = at, at += heads;
    e.call.dA = at, at += heads;
    e.call.D = at, at += heads;
    e.call.B = at, at += block->d_state;
    e.call.C = at, at += block->d_state;
    e.call.x = at, at += channels;
    e.call.h = at, at += states;
    e.call.y = at, at += channels;
    e.call.h_next = at, at += states;
    e.want_y = at, at += channels;
    e.want_h = at, at += states;
    struct block_call want = e.call;
    want.y = e.want_y;
    want.h_next = e.want_h;
    block_compute(block, &want);
    return e;
}

static void assert_same_words(const struct block *block, const struct example *e)
{
    const int64_t channels = (int64_t)e->call.heads * e->call.headdim;
    assert_memory_equal(e->call.y, e->want_y, (size_t)channels * sizeof *e->want_y);
    assert_memory_equal(e->call.h_next, e->want_h, (size_t)(channels * block->d_state) * sizeof *e->want_h);
}

static struct block_counts simulate(const struct block *block, const struct block_memory *memory,
                                    const struct example *e)
{
    struct error error = {0};
    struct block_counts counts;
    if (!block_simulate(block, memory, &e->call, &counts, &error))
        fail_msg("%s", error.text);
    assert_int_equal(counts.cycles, counts.fill + counts.compute + counts.stall + counts.drain);
    return counts;
}

static const struct block_memory fast = {.bytes_per_cycle = 64};

static const struct block *find_block(const char *name)
{
    for (int b = 0; blocks[b]; b++)
        if (!strcmp(blocks[b]->name, name))
            return blocks[b];
    fail_msg("no block %s", name);
    return NULL;
}

/* Edge tiles, tiles larger than the array, single channels. */
static const int shapes[][4] = {{1, 1, 1, 1}, {3, 5, 2, 2}, {5, 33, 8, 32}, {8, 16, 4, 16}, {9, 7, 8, 3}};

static void test_rtl_computes_what_c_computes(void **state)
{
    (void)state;
    require_rtl();
    for (int b = 0; blocks[b]; b++)
        for (int s = 0; s < COUNT_OF(shapes); s++) {
            struct example e =
                make_example(blocks[b], shapes[s][0], shapes[s][1], shapes[s][2], shapes[s][3]);
            simulate(blocks[b], &fast, &e);
            assert_same_words(blocks[b], &e);
            free(e.words);
        }
}

/* Ports that stop at random, in all kinds of disproportion, change when words move and nothing else. */
static void test_rtl_honours_backpressure(void **state)
{
    static const struct block_memory memories[] = {
        {.bytes_per_cycle = 64, .stall_percent = 50, .seed = 1},
        {.bytes_per_cycle = 5, .latency = 333, .stall_percent = 10, .seed = 2},
        {.bytes_per_cycle = 32, .latency = 7, .stall_percent = 90, .seed = 3},
    };
    (void)state;
    require_rtl();
    for (int b = 0; blocks[b]; b++)
        for (int m = 0; m < COUNT_OF(memories); m++) {
            const int *shape = shapes[1 + m];
            struct example e = make_example(blocks[b], shape[0], shape[1], shape[2], shape[3]);
            const struct block_counts free_running = simulate(blocks[b], &fast, &e);
            const struct block_counts counts = simulate(blocks[b], &memories[m], &e);
            assert_same_words(blocks[b], &e);
            assert_int_equal(counts.compute, free_running.compute);
            assert_int_equal(counts.in_beats, free_running.in_beats);
            assert_int_equal(counts.out_beats, free_running.out_beats);
            assert_true(counts.cycles > free_running.cycles);
            assert_true(counts.in_waits > 0);
            assert_true(counts.out_waits > 0);
            free(e.words);
        }
}

/* Infinities, NaNs, zeros of both signs and subnormals anywhere in the operands. */
static void test_rtl_computes_with_specials(void **state)
{
    static const uint16_t specials[] = {0x7c00, 0xfc00, 0x7e00, 0x0000, 0x8000, 0x0001, 0x83ff, 0x7bff};
    const struct block *const chosen[] = {blocks[0] ? find_block("tiled_16") : NULL,
                                          blocks[0] ? find_block("streaming_32_short") : NULL};
    (void)state;
    require_rtl();
    for (int b = 0; b < COUNT_OF(chosen); b++) {
        struct example e = make_example(chosen[b], 4, 20, 2, 9);
        uint16_t *end = e.call.y;
        for (uint16_t *word = e.words; word < end; word++)
            if (next_random() % 64 == 0)
                *word = specials[next_random() % COUNT_OF(specials)];
        struct block_call want = e.call;
        want.y = e.want_y;
        want.h_next = e.want_h;
        block_compute(chosen[b], &want);
        simulate(chosen[b], &fast, &e);
        assert_same_words(chosen[b], &e);
        free(e.words);
    }
}

/* Mamba2-130M's token takes what the published block's does. */
static void test_rtl_takes_the_published_cycles(void **state)
{
    static const struct {
        const char *block;
        int tile_heads, tile_headdim;
        uint64_t cycles;
    } cases[] = {{"tiled_16", 12, 16, 14978},
                 {"tiled_16_wide", 24, 64, 14054},
                 {"streaming_16", 12, 16, 12405},
                 {"streaming_128", 24, 64, 1653}};
    (void)state;
    require_rtl();
    for (int i = 0; i < COUNT_OF(cases); i++) {
        const struct block *block = find_block(cases[i].block);
        struct example e = make_example(block, 24, 64, cases[i].tile_heads, cases[i].tile_headdim);
        const struct block_counts counts = simulate(block, &fast, &e);
        assert_same_words(block, &e);
        assert_int_equal(counts.compute, cases[i].cycles);
        free(e.words);
    }
}

static void test_what_does_not_fit_is_refused(void **state)
{
    struct error error = {0};
    struct block_counts counts;
    (void)state;
    require_rtl();
    const struct block *block = find_block("tiled_8_short");
    struct example e = make_example(block, 2, 2, 2, 2);
    struct block_call call = e.call;
    call.tile_heads = block->max_tile_heads + 1;
    assert_false(block_simulate(block, &fast, &call, &counts, &error));
    assert_int_equal(error.status, STATUS_USAGE);
    assert_non_null(strstr(error.text, "tile of 9 x 2"));
    error = (struct error){0};
    assert_false(
        block_simulate(block, &(struct block_memory){.bytes_per_cycle = 0}, &e.call, &counts, &error));
    assert_int_equal(error.status, STATUS_USAGE);
    free(e.words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#ifdef __FLT16_MAX__
        cmocka_unit_test(test_half_is_the_compilers_where_nothing_is_flushed),
#endif
        cmocka_unit_test(test_half_flushes),
        cmocka_unit_test(test_rtl_arithmetic),
        cmocka_unit_test(test_rtl_arithmetic_of_few),
        cmocka_unit_test(test_rtl_computes_what_c_computes),
        cmocka_unit_test(test_rtl_honours_backpressure),
        cmocka_unit_test(test_rtl_computes_with_specials),
        cmocka_unit_test(test_rtl_takes_the_published_cycles),
        cmocka_unit_test(test_what_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
