/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/contract/contract.h"
#include "kernels/discretize/discretize.h"
#include "kernels/gate/gate.h"
#include "kernels/scan/scan.h"
#include "kernels/selective_scan/selective_scan.h"
#include "kernels/skip/skip.h"
#include "kernels/softplus/softplus.h"
#include "kernels/ssd/ssd.h"
#include "kernels/ssd_scan/ssd_scan.h"
#include "tests/golden.h"

/* The scans of every instruction set, and the float64 reference, against outputs of public reference
 * implementations (tests/data/golden/README.md). */

/* scans: a bit for each algorithm. */
static void for_each_variant(void (*test)(const void *, struct variant), const void *data, unsigned scans,
                             double exact_limit)
{
    const int before = n_arrays;
    for (int isa = 0; isa < ISA_COUNT; isa++)
        for (int scan = 0; scan < SCAN_COUNT; scan++)
            if (isa_available() >> isa & scans >> scan & 1) {
                test(data, (struct variant){isa, (enum scan)scan, false, 1e-5});
                free_down_to(before);
            }
    test(data, (struct variant){ISA_COUNT, SCAN_SEQUENTIAL, true, exact_limit});
}

static const unsigned mamba1_scans = 1 << SCAN_SEQUENTIAL | 1 << SCAN_BLELLOCH | 1 << SCAN_CHUNKED;
static const unsigned mamba2_scans = 1 << SCAN_SEQUENTIAL | 1 << SCAN_SSD;

struct scan_data {
    int64_t batch, seqlen, channels, d_state;
    bool softplus;
    double *u, *delta, *a, *b, *c, *d, *z, *bias, *y, *last_state;
};

static void test_fused(const void *user, struct variant variant)
{
    const struct scan_data *data = user;
    int64_t rows = data->batch * data->seqlen, channels = data->channels, states = data->d_state;
    struct selective_scan_args args = {
        .batch = data->batch,
        .seqlen = data->seqlen,
        .channels = channels,
        .d_state = states,
        .dt_max = INFINITY,
        .dt = operand_of(variant, data->delta, rows * channels),
        .dt_stride = channels,
        .dt_bias = operand_of(variant, data->bias, channels),
        .u = operand_of(variant, data->u, rows * channels),
        .u_stride = channels,
        .a = operand_of(variant, data->a, channels * states),
        .b = operand_of(variant, data->b, rows * states),
        .b_stride = states,
        .state = operand_of(variant, NULL, data->batch * channels * states),
        .c = operand_of(variant, data->c, rows * states),
        .c_stride = states,
        .d = operand_of(variant, data->d, channels),
        .z = operand_of(variant, data->z, rows * channels),
        .z_stride = channels,
        .y = operand_of(variant, NULL, rows * channels),
        .y_stride = channels,
    };
    run(&selective_scan_family, variant, &args, 3);
    assert_near("selective_scan y", variant, args.y, data->y, rows * channels);
    assert_near("selective_scan state", variant, args.state, data->last_state,
                data->batch * channels * states);
}

static void test_unfused(const void *user, struct variant variant)
{
    const struct scan_data *data = user;
    int64_t rows = data->batch * data->seqlen, channels = data->channels, states = data->d_state;
    float *delta = operand_of(variant, data->delta, rows * channels);
    float *u = operand_of(variant, data->u, rows * channels);
    float *abar = operand_of(variant, NULL, rows * channels * states);
    float *bu = operand_of(variant, NULL, rows * channels * states);
    float *h = operand_of(variant, NULL, rows * channels * states);
    float *state = operand_of(variant, NULL, data->batch * channels * states);
    float *y = operand_of(variant, NULL, rows * channels);
    if (data->softplus) {
        struct softplus_args softplus = {.rows = rows,
                                         .channels = channels,
                                         .dt_max = INFINITY,
                                         .x = delta,
                                         .x_stride = channels,
                                         .bias = operand_of(variant, data->bias, channels),
                                         .y = operand_of(variant, NULL, rows * channels),
                                         .y_stride = channels};
        run(&softplus_family, variant, &softplus, 2);
        delta = softplus.y;
    }
    struct discretize_args discretize = {.rows = rows,
                                         .channels = channels,
                                         .d_state = states,
                                         .delta = delta,
                                         .delta_stride = channels,
                                         .u = u,
                                         .u_stride = channels,
                                         .a = operand_of(variant, data->a, channels * states),
                                         .b = operand_of(variant, data->b, rows * states),
                                         .b_stride = states,
                                         .abar = abar,
                                         .bu = bu};
    run(&discretize_family, variant, &discretize, 2);
    struct scan_args scan = {.batch = data->batch,
                             .seqlen = data->seqlen,
                             .channels = channels,
                             .d_state = states,
                             .abar = abar,
                             .bu = bu,
                             .h = h,
                             .state = state};
    run(&scan_family, variant, &scan, 5);
    struct contract_args contract = {.rows = rows,
                                     .channels = channels,
                                     .d_state = states,
                                     .h = h,
                                     .c = operand_of(variant, data->c, rows * states),
                                     .c_stride = states,
                                     .y = y,
                                     .y_stride = channels};
    run(&contract_family, variant, &contract, 2);
    if (data->d) {
        struct skip_args skip = {.rows = rows,
                                 .heads = channels,
                                 .headdim = 1,
                                 .y = y,
                                 .y_stride = channels,
                                 .u = u,
                                 .u_stride = channels,
                                 .d = operand_of(variant, data->d, channels),
                                 .out = y,
                                 .out_stride = channels};
        run(&skip_family, variant, &skip, 2);
    }
    if (data->z) {
        struct gate_args gate = {.rows = rows,
                                 .channels = channels,
                                 .y = y,
                                 .y_stride = channels,
                                 .z = operand_of(variant, data->z, rows * channels),
                                 .z_stride = channels,
                                 .out = y,
                                 .out_stride = channels};
        run(&gate_family, variant, &gate, 2);
    }
    assert_near("unfused y", variant, y, data->y, rows * channels);
    assert_near("unfused state", variant, state, data->last_state, data->batch * channels * states);
}

static void check_scan_file(const char *name, bool softplus, double exact_limit)
{
    struct safetensors file;
    open_golden(name, &file);
    const struct safetensor *u = safetensors_find(&file, "u"), *a = safetensors_find(&file, "A");
    assert_non_null(u);
    assert_non_null(a);
    struct scan_data data = {
        .batch = u->shape[0],
        .seqlen = u->shape[2],
        .channels = u->shape[1],
        .d_state = a->shape[1],
        .softplus = softplus,
        .u = load(&file, "u", true),
        .delta = load(&file, "delta", true),
        .a = load(&file, "A", false),
        .b = load(&file, "B", true),
        .c = load(&file, "C", true),
        .d = load(&file, "D", false),
        .z = load(&file, "z", true),
        .bias = load(&file, "delta_bias", false),
        .y = load(&file, "y", true),
        .last_state = load(&file, "last_state", false),
    };
    assert_true(data.y && data.last_state);
    for_each_variant(test_unfused, &data, mamba1_scans, exact_limit);
    if (softplus)
        for_each_variant(test_fused, &data, mamba1_scans, exact_limit);
    free_down_to(0);
    safetensors_close(&file);
}

static void test_scan_plain(void **state)
{
    (void)state;
    check_scan_file("scan/b1_d33_l257_n8_plain", false, 1e-12);
}

static void test_scan_large_steps(void **state)
{
    (void)state;
    /* Its delta was rounded to float after the outputs had been computed from more digits. */
    check_scan_file("scan/b1_d40_l130_n64_bigdt", true, 1e-7);
}

static void test_scan_one_step(void **state)
{
    (void)state;
    check_scan_file("scan/b1_d8_l1_n16", true, 1e-12);
}

static void test_scan_batch(void **state)
{
    (void)state;
    check_scan_file("scan/b2_d48_l67_n16", true, 1e-12);
}

struct ssd_data {
    int64_t batch, seqlen, heads, headdim, d_state;
    double *x, *dt, *raw_dt, *a, *b, *c, *d, *y, *last_state;
};

static struct ssd_args ssd_args_of(const struct ssd_data *data, struct variant variant, const double *dt)
{
    int64_t rows = data->batch * data->seqlen, width = data->heads * data->headdim;
    return (struct ssd_args){
        .batch = data->batch,
        .seqlen = data->seqlen,
        .heads = data->heads,
        .headdim = data->headdim,
        .groups = 1,
        .d_state = data->d_state,
        .dt_max = INFINITY,
        .dt = operand_of(variant, dt, rows * data->heads),
        .dt_stride = data->heads,
        .x = operand_of(variant, data->x, rows * width),
        .x_stride = width,
        .a = operand_of(variant, data->a, data->heads),
        .b = operand_of(variant, data->b, rows * data->d_state),
        .b_stride = data->d_state,
        .c = operand_of(variant, data->c, rows * data->d_state),
        .c_stride = data->d_state,
        .state = operand_of(variant, NULL, data->batch * width * data->d_state),
        .d = operand_of(variant, data->d, data->heads),
        .y = operand_of(variant, NULL, rows * width),
        .y_stride = width,
    };
}

static void test_ssd_fused(const void *user, struct variant variant)
{
    const struct ssd_data *data = user;
    int64_t rows = data->batch * data->seqlen, width = data->heads * data->headdim;
    struct ssd_args args = ssd_args_of(data, variant, data->raw_dt);
    run(&ssd_family, variant, &args, 3);
    assert_near("ssd y", variant, args.y, data->y, rows * width);
    assert_near("ssd state", variant, args.state, data->last_state, data->batch * width * data->d_state);
}

static void test_ssd_unfused(const void *user, struct variant variant)
{
    const struct ssd_data *data = user;
    int64_t rows = data->batch * data->seqlen, width = data->heads * data->headdim;
    struct ssd_args args = ssd_args_of(data, variant, data->dt);
    struct ssd_scan_args scan = {
        .batch = args.batch,
        .seqlen = args.seqlen,
        .heads = args.heads,
        .headdim = args.headdim,
        .groups = args.groups,
        .d_state = args.d_state,
        .delta = args.dt,
        .delta_stride = args.dt_stride,
        .x = args.x,
        .x_stride = args.x_stride,
        .a = args.a,
        .b = args.b,
        .b_stride = args.b_stride,
        .c = args.c,
        .c_stride = args.c_stride,
        .state = args.state,
        .y = args.y,
        .y_stride = args.y_stride,
    };
    run(&ssd_scan_family, variant, &scan, 3);
    struct skip_args skip = {.rows = rows,
                             .heads = data->heads,
                             .headdim = data->headdim,
                             .y = scan.y,
                             .y_stride = width,
                             .u = scan.x,
                             .u_stride = width,
                             .d = args.d,
                             .out = scan.y,
                             .out_stride = width};
    run(&skip_family, variant, &skip, 2);
    assert_near("ssd_scan y", variant, scan.y, data->y, rows * width);
    assert_near("ssd_scan state", variant, scan.state, data->last_state, data->batch * width * data->d_state);
}

static void check_ssd_file(const char *name)
{
    struct safetensors file;
    open_golden(name, &file);
    const struct safetensor *x = safetensors_find(&file, "x"), *b = safetensors_find(&file, "B");
    assert_non_null(x);
    assert_non_null(b);
    struct ssd_data data = {
        .batch = x->shape[0],
        .seqlen = x->shape[1],
        .heads = x->shape[2],
        .headdim = x->shape[3],
        .d_state = b->shape[2],
        .x = load(&file, "x", false),
        .dt = load(&file, "dt", false),
        .raw_dt = load(&file, "dt", false),
        .a = load(&file, "A", false),
        .b = load(&file, "B", false),
        .c = load(&file, "C", false),
        .d = load(&file, "D", false),
        .y = load(&file, "y", false),
        .last_state = load(&file, "last_state", false),
    };
    assert_true(data.y && data.last_state);
    /* The file has dt after softplus; ssd applies it. */
    for (int64_t i = 0; i < data.batch * data.seqlen * data.heads; i++)
        data.raw_dt[i] = log(expm1(data.dt[i]));
    for_each_variant(test_ssd_unfused, &data, mamba2_scans, 1e-12);
    for_each_variant(test_ssd_fused, &data, mamba2_scans, 1e-12);
    free_down_to(0);
    safetensors_close(&file);
}

static void test_ssd_whole_chunks(void **state)
{
    (void)state;
    check_ssd_file("ssd/b1_l64_h4_p16_n32");
}

static void test_ssd_batch(void **state)
{
    (void)state;
    check_ssd_file("ssd/b2_l77_h3_p64_n128");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scan_plain),       cmocka_unit_test(test_scan_large_steps),
        cmocka_unit_test(test_scan_one_step),    cmocka_unit_test(test_scan_batch),
        cmocka_unit_test(test_ssd_whole_chunks), cmocka_unit_test(test_ssd_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
