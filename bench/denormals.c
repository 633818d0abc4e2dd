/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "bench/denormals.h"

#include <math.h>
#include <stdint.h>
#include <time.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "kernels/selective_scan/selective_scan.h"

#if defined(__x86_64__)
enum { FLUSH_BITS = 1 << 15 | 1 << 6 };
static uint64_t control(void)
{
    return _mm_getcsr();
}
static void set_control(uint64_t value)
{
    _mm_setcsr((unsigned)value);
}
#elif defined(__aarch64__)
enum { FLUSH_BITS = 1 << 24 };
static uint64_t control(void)
{
    uint64_t value;
    __asm__ volatile("mrs %0, fpcr" : "=r"(value));
    return value;
}
static void set_control(uint64_t value)
{
    __asm__ volatile("msr fpcr, %0" : : "r"(value));
}
#else
enum { FLUSH_BITS = 1 };
static uint64_t control(void)
{
    return 0;
}
static void set_control(uint64_t value)
{
    (void)value;
}
#endif

void denormals_flush(bool flush)
{
    set_control(flush ? control() | FLUSH_BITS : control() & ~(uint64_t)FLUSH_BITS);
}

bool denormals_flushed(void)
{
    return (control() & FLUSH_BITS) == FLUSH_BITS;
}

/* 2^-120, halved every 16 steps: the last quarter is below FLT_MIN. */
enum { STEPS = 128, CHANNELS = 64, STATES = 16, RUNS = 20 };

static double scan_seconds(void)
{
    static float a[CHANNELS][STATES], state[CHANNELS][STATES], zero[STEPS][CHANNELS], y[STEPS][CHANNELS];
    struct selective_scan_args args = {
        .batch = 1,
        .seqlen = STEPS,
        .channels = CHANNELS,
        .d_state = STATES,
        .dt_min = 1,
        .dt_max = 1,
        .dt = *zero,
        .dt_stride = CHANNELS,
        .u = *zero,
        .u_stride = CHANNELS,
        .a = *a,
        .b = *zero,
        .b_stride = CHANNELS,
        .state = *state,
        .c = *zero,
        .c_stride = CHANNELS,
        .d = *zero,
        .z = *zero,
        .z_stride = CHANNELS,
        .y = *y,
        .y_stride = CHANNELS,
    };
    const struct kernel *kernel = kernel_choose(&selective_scan_family, &args, PRECISION_FP32);
    double least = INFINITY;
    for (int run = 0; run < RUNS; run++) {
        for (int i = 0; i < CHANNELS * STATES; i++) {
            (&a[0][0])[i] = -0.0433216988f;
            (&state[0][0])[i] = 0x1p-120f;
        }
        struct timespec begin, end;
        clock_gettime(CLOCK_MONOTONIC, &begin);
        kernel->run(&args, (struct part){0, 1});
        clock_gettime(CLOCK_MONOTONIC, &end);
        least =
            fmin(least, (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) * 1e-9);
    }
    return least;
}

double denormals_slowdown(void)
{
    const uint64_t before = control();
    denormals_flush(false);
    const double kept = scan_seconds();
    denormals_flush(true);
    const double flushed = scan_seconds();
    set_control(before);
    return kept / flushed;
}
