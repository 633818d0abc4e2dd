/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/reduce/reduce.h"
#include "kernels/selective_scan_backward/selective_scan_backward.h"
#include "kernels/selective_scan_states/selective_scan_states.h"
#include "tests/golden.h"

/* The selective scan's backward of every instruction set and of the float64 reference, with states kept at
 * all kinds of intervals, against gradients that a public reference implementation computed in float64
 * (tests/data/golden/README.md). */

enum { SLICES = 3 };

struct scan_data {
    int64_t batch, seqlen, channels, d_state;
    double *u, *dt, *a, *b, *c, *d, *z, *bias, *dy, *y;
    double *grad_u, *grad_dt, *grad_a, *grad_b, *grad_c, *grad_d, *grad_z, *grad_bias;
};

static float *keep_states(const struct scan_data *data, struct variant variant, int64_t interval)
{
    const int64_t rows = data->batch * data->seqlen, channels = data->channels, states = data->d_state;
    struct selective_scan_states_args args = {
        .dt_max = INFINITY,
        .dt = operand_of(variant, data->dt, rows * channels),
        .dt_stride = channels,
        .dt_bias = operand_of(variant, data->bias, channels),
        .u = operand_of(variant, data->u, rows * channels),
        .u_stride = channels,
        .a = operand_of(variant, data->a, channels * states),
        .b = operand_of(variant, data->b, rows * states),
        .b_stride = states,
        .c = operand_of(variant, data->c, rows * states),
        .c_stride = states,
        .d = operand_of(variant, data->d, channels),
        .z = operand_of(variant, data->z, rows * channels),
        .z_stride = channels,
        .y = operand_of(variant, NULL, rows * channels),
        .y_stride = channels,
        .last = operand_of(variant, NULL, data->batch * channels * states),
    };
    const struct kernel_family *family = &selective_scan_states_family;
    kernel_set_dim(family, &args, "batch", data->batch);
    kernel_set_dim(family, &args, "seqlen", data->seqlen);
    kernel_set_dim(family, &args, "channels", channels);
    kernel_set_dim(family, &args, "d_state", states);
    kernel_set_dim(family, &args, "interval", interval);
    args.states = operand_of(variant, NULL, data->batch * args.kept * channels * states);
    run(family, variant, &args, 3);
    assert_near("y", variant, args.y, data->y, rows * channels);
    return args.states;
}

static float *reduced(struct variant variant, const float *slices, int64_t rows, int64_t columns)
{
    struct reduce_args args = {
        .rows = rows,
        .slices = SLICES,
        .columns = columns,
        .x = slices,
        .y = operand_of(variant, NULL, rows * columns),
        .y_stride = columns,
    };
    run(&reduce_family, variant, &args, 2);
    return args.y;
}

/* From states kept every `interval` steps; from none when with_states is false. */
static void check_gradients(const struct scan_data *data, struct variant variant, int64_t interval,
                            bool with_states)
{
    const int64_t rows = data->batch * data->seqlen, channels = data->channels, states = data->d_state;
    const int before = n_arrays;
    struct selective_scan_backward_args args = {
        .dt_max = INFINITY,
        .dt = operand_of(variant, data->dt, rows * channels),
        .dt_stride = channels,
        .dt_bias = operand_of(variant, data->bias, channels),
        .u = operand_of(variant, data->u, rows * channels),
        .u_stride = channels,
        .a = operand_of(variant, data->a, channels * states),
        .b = operand_of(variant, data->b, rows * states),
        .b_stride = states,
        .c = operand_of(variant, data->c, rows * states),
        .c_stride = states,
        .d = operand_of(variant, data->d, channels),
        .z = operand_of(variant, data->z, rows * channels),
        .z_stride = channels,
        .states = with_states ? keep_states(data, variant, interval) : NULL,
        .dy = operand_of(variant, data->dy, rows * channels),
        .dy_stride = channels,
        .y = operand_of(variant, NULL, rows * channels),
        .y_stride = channels,
        .du = operand_of(variant, NULL, rows * channels),
        .du_stride = channels,
        .ddt = operand_of(variant, NULL, rows * channels),
        .ddt_stride = channels,
        .dz = operand_of(variant, NULL, rows * channels),
        .dz_stride = channels,
        .da = operand_of(variant, NULL, channels * states),
        .db = operand_of(variant, NULL, rows * SLICES * states),
        .dc = operand_of(variant, NULL, rows * SLICES * states),
        .dd = operand_of(variant, NULL, channels),
        .ddt_bias = operand_of(variant, NULL, channels),
        .dstate = operand_of(variant, NULL, data->batch * channels * states),
    };
    const struct kernel_family *family = &selective_scan_backward_family;
    kernel_set_dim(family, &args, "batch", data->batch);
    kernel_set_dim(family, &args, "seqlen", data->seqlen);
    kernel_set_dim(family, &args, "channels", channels);
    kernel_set_dim(family, &args, "d_state", states);
    kernel_set_dim(family, &args, "interval", interval);
    kernel_set_dim(family, &args, "slices", SLICES);
    args.boundaries = operand_of(variant, NULL, data->batch * args.tiles * channels * states);
    run(family, variant, &args, 2);
    assert_near("y", variant, args.y, data->y, rows * channels);
    assert_near("grad u", variant, args.du, data->grad_u, rows * channels);
    assert_near("grad delta", variant, args.ddt, data->grad_dt, rows * channels);
    assert_near("grad z", variant, args.dz, data->grad_z, rows * channels);
    assert_near("grad A", variant, args.da, data->grad_a, channels * states);
    assert_near("grad B", variant, reduced(variant, args.db, rows, states), data->grad_b, rows * states);
    assert_near("grad C", variant, reduced(variant, args.dc, rows, states), data->grad_c, rows * states);
    assert_near("grad D", variant, args.dd, data->grad_d, channels);
    assert_near("grad delta_bias", variant, args.ddt_bias, data->grad_bias, channels);
    free_down_to(before);
}

static void check_variant(const struct scan_data *data, struct variant variant)
{
    static const int64_t intervals[] = {1, 2, 7, 32, 50, 64, 1000};
    for (int i = 0; i < COUNT_OF(intervals); i++)
        check_gradients(data, variant, intervals[i], true);
    check_gradients(data, variant, data->seqlen, false);
}

/* A file without softplus, gate and skip is one whose softplus gives delta, whose gate is 1 and whose D is 0.
 */
static void undo_fusion(struct scan_data *data)
{
    const int64_t count = data->batch * data->seqlen * data->channels;
    data->z = keep(malloc((size_t)count * sizeof(double)));
    data->d = keep(calloc((size_t)data->channels, sizeof(double)));
    data->bias = keep(calloc((size_t)data->channels, sizeof(double)));
    for (int64_t i = 0; i < count; i++) {
        assert_true(data->dt[i] > 0);
        data->grad_dt[i] *= -expm1(-data->dt[i]);
        data->dt[i] = log(expm1(data->dt[i]));
        data->z[i] = 1.2784645427610738; /* silu(z) = 1 */
    }
}

static void check_file(const char *name, bool fused, double exact_limit)
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
        .u = load(&file, "u", true),
        .dt = load(&file, "delta", true),
        .a = load(&file, "A", false),
        .b = load(&file, "B", true),
        .c = load(&file, "C", true),
        .d = load(&file, "D", false),
        .z = load(&file, "z", true),
        .bias = load(&file, "delta_bias", false),
        .dy = load(&file, "dy", true),
        .y = load(&file, "y", true),
        .grad_u = load(&file, "grad_u", true),
        .grad_dt = load(&file, "grad_delta", true),
        .grad_a = load(&file, "grad_A", false),
        .grad_b = load(&file, "grad_B", true),
        .grad_c = load(&file, "grad_C", true),
        .grad_d = load(&file, "grad_D", false),
        .grad_z = load(&file, "grad_z", true),
        .grad_bias = load(&file, "grad_delta_bias", false),
    };
    double *all[] = {data.dy, data.grad_u, data.grad_dt, data.grad_a, data.grad_b, data.grad_c};
    for (int i = 0; i < COUNT_OF(all); i++)
        assert_non_null(all[i]);
    if (fused)
        assert_true(data.grad_d && data.grad_z && data.grad_bias);
    else
        undo_fusion(&data);
    for (int isa = 0; isa < ISA_COUNT; isa++)
        if (isa_available() >> isa & 1)
            check_variant(&data, (struct variant){.isa = isa, .limit = 1e-5});
    check_variant(&data, (struct variant){.exact = true, .limit = exact_limit});
    free_down_to(0);
    safetensors_close(&file);
}

static void test_plain(void **state)
{
    (void)state;
    check_file("scan/b1_d33_l257_n8_plain", false, 1e-12);
}

static void test_large_steps(void **state)
{
    (void)state;
    /* Its delta was rounded to float after the outputs had been computed from more digits. */
    check_file("scan/b1_d40_l130_n64_bigdt", true, 1e-6);
}

static void test_one_step(void **state)
{
    (void)state;
    check_file("scan/b1_d8_l1_n16", true, 1e-12);
}

static void test_batch(void **state)
{
    (void)state;
    check_file("scan/b2_d48_l67_n16", true, 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_large_steps),
        cmocka_unit_test(test_one_step),
        cmocka_unit_test(test_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
