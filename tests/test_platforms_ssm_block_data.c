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

#include "platforms/fpga_rtl/block.h"
#include "platforms/fpga_rtl/half.h"

/* A real Mamba2-130M step, which is not part of the project: $MAMBA_BENCH_DATA/ssm-block, or shared/data
 * beside the project's folder. */

enum { H = 24, P = 64, N = 128, SKIPPED = 77 };

static char folder[4096];

static void read_words(const char *name, uint16_t *words, int count)
{
    char path[4352];
    snprintf(path, sizeof path, "%s/%s.hex", folder, name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    for (int i = 0; i < count; i++) {
        unsigned word;
        assert_int_equal(fscanf(file, "%4x", &word), 1);
        words[i] = (uint16_t)word;
    }
    fclose(file);
}

static uint16_t dt[H], dA[H], D[H], B[N], C[N], x[H * P], h[H * P * N];
static uint16_t torch[H * P], rtl[H * P], y[H * P], h_next[H * P * N];

/* The errors that are published for the block, and its words. */
static void assert_as_published(void)
{
    double worst = 0, sum = 0;
    int same = 0;
    for (int i = 0; i < H * P; i++) {
        const double error = fabs(half_to_double(y[i]) - half_to_double(torch[i]));
        worst = error > worst ? error : worst;
        sum += error;
        same += y[i] == rtl[i];
    }
    print_message("largest error %.7f, mean %.6f, %d of %d words as in the published RTL\n", worst,
                  sum / (H * P), same, H * P);
    assert_true(worst <= 0.0078125);
    assert_true(sum / (H * P) <= 0.0002225); /* published as 0.000222 */
    assert_true(same >= 1532);
}

static void test_real_operands(void **state)
{
    const struct block published = {.name = "published", .d_state = N};
    struct block_call call = {H, P, 12, 16, dt, dA, D, B, C, x, h, y, h_next};
    (void)state;
    read_words("dt", dt, H);
    read_words("dA", dA, H);
    read_words("D", D, H);
    read_words("B", B, N);
    read_words("C", C, N);
    read_words("x", x, H * P);
    read_words("h_prev", h, H * P * N);
    read_words("y_torch_fp16", torch, H * P);
    read_words("y_rtl_fp16", rtl, H * P);
    block_compute(&published, &call);
    assert_as_published();
    for (int b = 0; blocks[b]; b++) {
        struct error error = {0};
        struct block_counts counts;
        if (blocks[b]->d_state != N)
            continue;
        call.tile_heads = blocks[b]->max_tile_heads < 12 ? blocks[b]->max_tile_heads : 12;
        memset(y, 0, sizeof y);
        if (!block_simulate(blocks[b], &(struct block_memory){.bytes_per_cycle = 32}, &call, &counts, &error))
            fail_msg("%s", error.text);
        assert_as_published();
    }
}

int main(void)
{
    const char *data = getenv("MAMBA_BENCH_DATA");
    snprintf(folder, sizeof folder, "%s/ssm-block", data ? data : TEST_CONFIGS "/../../shared/data");
    FILE *file = fopen(folder, "r");
    if (!file) {
        printf("skipped: no folder %s (set MAMBA_BENCH_DATA)\n", folder);
        return SKIPPED;
    }
    fclose(file);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_real_operands)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
