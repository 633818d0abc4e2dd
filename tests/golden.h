/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef TESTS_GOLDEN_H
#define TESTS_GOLDEN_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernels/kernel.h"
#include "mamba/safetensors.h"

/* Kernels against float64 results of public reference implementations (tests/data/golden/README.md). */

/* A kernel of one instruction set and scan algorithm, or (exact) the float64 reference, whose operands are
 * double. */
struct variant {
    int isa;
    enum scan scan;
    bool exact;
    double limit; /* of the relative L2 error */
};

enum { MAX_ARRAYS = 128 };
static void *arrays[MAX_ARRAYS];
static int n_arrays;

static void *keep(void *memory)
{
    assert_non_null(memory);
    assert_true(n_arrays < MAX_ARRAYS);
    return arrays[n_arrays++] = memory;
}

static void free_down_to(int count)
{
    while (n_arrays > count)
        free(arrays[--n_arrays]);
}

/* An operand in the variant's element type; zeros when values is null. */
static float *operand_of(struct variant variant, const double *values, int64_t count)
{
    double *exact = keep(calloc((size_t)count, sizeof *exact));
    float *rounded = (float *)exact;
    for (int64_t i = 0; values && i < count; i++) {
        if (variant.exact)
            exact[i] = values[i];
        else
            rounded[i] = (float)values[i];
    }
    return rounded;
}

static void run(const struct kernel_family *family, struct variant variant, void *args, int parts)
{
    const struct kernel exact = {.run = family->reference_f64}, *kernel = &exact;
    void *scratch = NULL;
    if (!variant.exact) {
        isa_limit((enum isa)variant.isa);
        kernel = kernel_choose_scan(family, args, PRECISION_FP32, variant.scan);
        isa_limit((enum isa)(ISA_COUNT - 1));
        assert_non_null(kernel);
    }
    if (kernel->scratch_bytes) {
        scratch = aligned_alloc(64, (kernel->scratch_bytes(args, parts) + 63) / 64 * 64);
        assert_non_null(scratch);
        memcpy((char *)args + family->scratch, &scratch, sizeof scratch);
    }
    for (int phase = 0; phase < kernel_phases(kernel); phase++)
        for (int i = 0; i < parts; i++)
            kernel_phase(kernel, phase)(args, (struct part){i, parts});
    free(scratch);
}

/* Nothing is wanted of what is null. */
static void assert_near(const char *what, struct variant variant, const float *got, const double *want,
                        int64_t count)
{
    double error = 0, norm = 0;
    for (int64_t i = 0; want && i < count; i++) {
        double value = got[i];
        if (variant.exact)
            memcpy(&value, (const char *)got + (size_t)i * sizeof value, sizeof value);
        error += (value - want[i]) * (value - want[i]);
        norm += want[i] * want[i];
    }
    if (want && !(sqrt(error) <= variant.limit * sqrt(norm)))
        fail_msg("%s, %s %s: relative error %.3g, must be at most %.3g", what,
                 variant.exact ? "float64" : isa_name((enum isa)variant.isa), scan_name(variant.scan),
                 sqrt(error / norm), variant.limit);
}

/* A tensor of the file, its last two axes swapped when transpose is set; null when it is not there. */
static double *load(const struct safetensors *file, const char *name, bool transpose)
{
    const struct safetensor *tensor = safetensors_find(file, name);
    if (!tensor)
        return NULL;
    double *values = malloc((size_t)tensor->elements * sizeof *values);
    double *result = keep(malloc((size_t)tensor->elements * sizeof *result));
    assert_non_null(values);
    assert_true(safetensor_to_double(tensor, 0, tensor->elements, values));
    const int64_t columns = transpose ? tensor->shape[tensor->axes - 1] : 1;
    const int64_t rows = transpose ? tensor->shape[tensor->axes - 2] : 1;
    for (int64_t i = 0; i < tensor->elements; i++) {
        const int64_t block = i / (rows * columns), row = i / columns % rows, column = i % columns;
        result[(block * columns + column) * rows + row] = values[i];
    }
    free(values);
    return result;
}

/* name: below tests/data/golden, without .safetensors. */
static void open_golden(const char *name, struct safetensors *file)
{
    char path[512];
    struct error error = {0};
    snprintf(path, sizeof path, "%s/golden/%s.safetensors", TEST_DATA, name);
    if (!safetensors_open(path, file, &error))
        fail_msg("%s", error.text);
}

#endif
