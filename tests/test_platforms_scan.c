/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mamba/random.h"
#include "platforms/cpu/team.h"

/* Threads that share the time axis of one sequence: phase by phase, with barriers between. */

struct call {
    const struct kernel_family *family;
    const struct kernel *kernel;
    char *args;
    void *memory[32];
};

/* Realistic values, equal from call to call. */
static void make_call(const struct kernel_family *family, const struct kernel *kernel, int64_t seqlen,
                      int64_t chunk, int parts, struct call *call)
{
    *call = (struct call){family, kernel, calloc(1, family->args_size), {NULL}};
    assert_non_null(call->args);
    for (int d = 0; d < family->n_dims; d++)
        kernel_set_dim(family, call->args, family->dims[d].name, 1);
    kernel_set_dim(family, call->args, "seqlen", seqlen);
    kernel_set_dim(family, call->args, "channels", 5);
    kernel_set_dim(family, call->args, "headdim", 5);
    kernel_set_dim(family, call->args, "d_state", 3);
    for (int p = 0; p < family->n_parameters; p++)
        memcpy(call->args + family->parameters[p].offset, &family->parameters[p].check_value, sizeof(double));
    memcpy(call->args + family->chunk, &chunk, sizeof chunk);
    for (int o = 0; o < family->n_operands; o++) {
        const struct kernel_operand *operand = &family->operands[o];
        const int64_t length = operand_row_length(operand, call->args);
        const int64_t count = operand_rows(operand, call->args) * length;
        float *values = calloc((size_t)count, sizeof *values);
        assert_non_null(values);
        for (int64_t i = 0; i < count && operand->role != OPERAND_OUTPUT; i++)
            values[i] = (float)(operand->lo +
                                (operand->hi - operand->lo) *
                                    (double)(scatter(scatter((uint64_t)o) + (uint64_t)i) >> 11) * 0x1p-53);
        call->memory[o] = values;
        memcpy(call->args + operand->slot, &values, sizeof values);
        if (operand->row_axes)
            memcpy(call->args + operand->stride, &length, sizeof length);
    }
    if (kernel->scratch_bytes) {
        void *scratch = aligned_alloc(64, (kernel->scratch_bytes(call->args, parts) + 63) / 64 * 64);
        assert_non_null(scratch);
        call->memory[family->n_operands] = scratch;
        memcpy(call->args + family->scratch, &scratch, sizeof scratch);
    }
}

static void free_call(struct call *call)
{
    for (int i = 0; i < COUNT_OF(call->memory); i++)
        free(call->memory[i]);
    free(call->args);
}

static void run_phases(void *user, struct team *team, struct part part)
{
    const struct call *call = user;
    for (int phase = 0; phase < kernel_phases(call->kernel); phase++) {
        kernel_phase(call->kernel, phase)(call->args, part);
        team_barrier(team);
    }
}

/* Against the sequential kernel of the same instruction set: the norm of the difference. */
static void assert_alike(const struct call *got, const struct call *want, int threads)
{
    for (int o = 0; o < got->family->n_operands; o++) {
        const struct kernel_operand *operand = &got->family->operands[o];
        const int64_t count = operand_rows(operand, got->args) * operand_row_length(operand, got->args);
        const float *a = got->memory[o], *b = want->memory[o];
        double difference = 0, norm = 0;
        if (operand->role != OPERAND_OUTPUT && operand->role != OPERAND_STATE)
            continue;
        for (int64_t i = 0; i < count; i++) {
            difference += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
            norm += (double)b[i] * b[i];
        }
        if (!(sqrt(difference / norm) < 1e-6))
            fail_msg("%s, %d threads: %s differs by %g", got->kernel->name, threads, operand->name,
                     sqrt(difference / norm));
    }
}

static void test_threads_share_time(void **state)
{
    (void)state;
    static const char *const families[] = {"scan", "selective_scan", "ssd_scan", "ssd"};
    static const int64_t lengths[] = {1, 97, 4099};
    for (int threads = 1; threads <= 5; threads += 2) {
        struct error error = {0};
        struct team *team = team_create(threads, &error);
        if (!team)
            fail_msg("%s", error.text);
        for (int f = 0; f < COUNT_OF(families); f++)
            for (int k = 0; k < kernel_family_find(families[f])->n_kernels; k++)
                for (int l = 0; l < COUNT_OF(lengths); l++)
                    for (int64_t chunk = 0; chunk <= 100; chunk += 100) {
                        const struct kernel_family *family = kernel_family_find(families[f]);
                        const struct kernel *kernel = &family->kernels[k];
                        struct call got, want;
                        if (!(isa_available() >> kernel->isa & 1) || kernel->scan == SCAN_SEQUENTIAL)
                            continue;
                        make_call(family, kernel, lengths[l], chunk, threads, &got);
                        make_call(family, &family->kernels[0], lengths[l], 0, 1, &want);
                        team_run(team, run_phases, &got);
                        family->kernels[0].run(want.args, (struct part){0, 1});
                        assert_alike(&got, &want, threads);
                        free_call(&got);
                        free_call(&want);
                    }
        team_destroy(team);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_threads_share_time)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
