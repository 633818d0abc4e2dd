/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef BENCH_CHECK_H
#define BENCH_CHECK_H

#include "kernels/kernel.h"
#include "mamba/error.h"

/* The correctness check of a kernel against its family's float64 reference, from the descriptors alone; of one
 * that defines its own integer arithmetic, against that, bit by bit.
 *
 * Each case draws a shape (ones, primes, around vector widths, and in thorough mode those of real models)
 * and data (values that real models have; then, operand by operand, zeros and denormals, huge values, and
 * one NaN), lays every operand at the alignment of its element against an inaccessible page or between
 * canaries, with rows further apart than they are long, and runs the kernel in 1, 2, 3 and 7 parts, in
 * order and in reverse. It fails when any element of an output or a state is off by more than the
 * family's bound (kernel.h), loses a NaN, is not written, when a byte outside the outputs changes, and when
 * the kernel faults.
 *
 * Not for use by several threads at once: it catches SIGSEGV, SIGBUS, SIGFPE and SIGILL meanwhile. */

struct check_options {
    uint64_t seed;
    bool thorough;
    int64_t seqlen; /* tokens: a family's seqlen, rows or m. 0: drawn. Else of a few shapes, realistic data */
};

struct check_result {
    char kernel[64];
    int cases;
    double max_abs;     /* on realistic data, as the next two: largest |got - float64| */
    double rel_l2;      /* worst case and output: |got - float64| / |float64|, Euclidean */
    double mean_ratio;  /* mean over the elements of error / bound */
    double worst_ratio; /* largest error / bound on any data; <= 1 passes */
    bool passed;
    char failure[384]; /* the first: which case, operand, element, got, want, bound, seed; else "" */
};

/* False: the kernel could not be checked (instruction set not available here; STATUS_USAGE: a seqlen for which
 * there is no memory). Else the verdict is result->passed. */
bool check_kernel(const struct kernel_family *family, const struct kernel *kernel,
                  const struct check_options *options, struct check_result *result, struct error *error);

#endif
