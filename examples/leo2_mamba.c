/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers
 *
 * A program for the LEO2 board: one Mamba layer between an input projection and a classifier, for one token,
 * with every projection on the accelerator. It knows nothing of the model that stands in for the board:
 *
 *     cc -I platforms/leo2/board/include examples/leo2_mamba.c -L build/release -lleo2-model -lm
 *
 * leo2_mamba [FORWARDS] prints the class of each of the first three inputs and a checksum of all scores. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "leo2_libs.h"
#include "mannix_accelerator.h"
#include "mannix_main.h"
#include "mannix_regs_define.h"
#include "mannixlib.h"

enum { PIXELS = 64, DIM = 16, INNER = 32, STATE = 8, WIDTH = 5, RANK = 1, CLASSES = 10 };
enum { MEMORY = 16384 };

static float input_proj[DIM * PIXELS], in_proj[2 * INNER * DIM], x_proj[(RANK + 2 * STATE) * INNER];
static float dt_proj[INNER * RANK], dt_bias[INNER], out_proj[DIM * INNER], classifier[CLASSES * DIM];
static float conv[INNER], a[INNER * STATE];

static Allocator_t allocator;
static char *memory;

static unsigned seed = 1;

static float random_value(float limit)
{
    seed = seed * 1664525u + 1013904223u;
    return limit * ((float)(seed >> 8) / (float)(1 << 23) - 1);
}

static void fill(float *values, int count, float limit)
{
    for (int i = 0; i < count; i++)
        values[i] = random_value(limit);
}

static signed char to_int8(float value)
{
    const float scaled = value * 127.0f;
    return (signed char)(scaled > 127 ? 127 : scaled < -127 ? -127 : scaled);
}

/* y (d) = weight (d x n) x + bias on the accelerator. */
static void project(float *y, const float *x, const float *weight, const float *bias, int d, int n)
{
    Matrix_t in, weights, out, biases;
    creatMatrix(n, 1, &in, &allocator, 1);
    creatMatrix(d, n, &weights, &allocator, 1);
    creatMatrix(d, 1, &out, &allocator, 1);
    creatMatrix(d, 1, &biases, &allocator, 1);
    for (int i = 0; i < n; i++)
        put_byte_over_apb((volatile char *)(in.data + i), to_int8(x[i]), 0);
    for (int i = 0; i < d * n; i++)
        put_byte_over_apb((volatile char *)(weights.data + i), to_int8(weight[i]), 0);
    for (int i = 0; i < d; i++)
        put_byte_over_apb((volatile char *)(biases.data + i), bias ? to_int8(bias[i]) : 0, 0);
    xlrtr_fc_with_activate(&in, &weights, &biases, &out, 0, 1);
    for (int i = 0; i < d; i++)
        y[i] = (float)(signed char)get_byte_over_apb((volatile char *)(out.data + i), 0) / 127.0f;
}

static float silu(float x)
{
    return x / (1 + expf(-x));
}

static void normalise(float *y, const float *x)
{
    float sum = 0;
    for (int i = 0; i < DIM; i++)
        sum += x[i] * x[i];
    for (int i = 0; i < DIM; i++)
        y[i] = x[i] / sqrtf(sum / DIM + 1e-5f);
}

static void forward(const float *pixels, float *scores)
{
    float hidden[DIM], normed[DIM], xz[2 * INNER], u[INNER], dbc[RANK + 2 * STATE], dt[INNER], y[INNER],
        mixed[DIM];
    /* All matrices of the last forward are given back at once. */
    createAllocator(&allocator, memory, MEMORY);
    project(hidden, pixels, input_proj, NULL, DIM, PIXELS);
    normalise(normed, hidden);
    project(xz, normed, in_proj, NULL, 2 * INNER, DIM);
    for (int i = 0; i < INNER; i++)
        u[i] = silu(conv[i] * xz[i]);
    project(dbc, u, x_proj, NULL, RANK + 2 * STATE, INNER);
    project(dt, dbc, dt_proj, dt_bias, INNER, RANK);
    for (int i = 0; i < INNER; i++) {
        const float step = log1pf(expf(dt[i]));
        y[i] = u[i];
        for (int s = 0; s < STATE; s++)
            y[i] += step * dbc[RANK + s] * u[i] * dbc[RANK + STATE + s] * expf(step * a[i * STATE + s]);
        y[i] *= silu(xz[INNER + i]);
    }
    project(mixed, y, out_proj, NULL, DIM, INNER);
    for (int i = 0; i < DIM; i++)
        hidden[i] += mixed[i];
    normalise(normed, hidden);
    project(scores, normed, classifier, NULL, CLASSES, DIM);
}

int main(int argc, char **argv)
{
    const int forwards = argc > 1 ? atoi(argv[1]) : 3;
    float pixels[PIXELS], scores[CLASSES];
    double checksum = 0;
    memory = malloc(MEMORY);
    if (!memory)
        return 1;
    fill(input_proj, DIM * PIXELS, 0.3f);
    fill(in_proj, 2 * INNER * DIM, 0.6f);
    fill(x_proj, (RANK + 2 * STATE) * INNER, 0.6f);
    fill(dt_proj, INNER * RANK, 0.9f);
    fill(dt_bias, INNER, 0.5f);
    fill(out_proj, DIM * INNER, 0.4f);
    fill(classifier, CLASSES * DIM, 0.5f);
    fill(conv, INNER, 1.0f);
    for (int i = 0; i < INNER * STATE; i++)
        a[i] = -(float)(i % STATE + 1);
    for (int f = 0; f < forwards; f++) {
        int best = 0;
        for (int i = 0; i < PIXELS; i++)
            pixels[i] = (random_value(1) + 1) / 2;
        forward(pixels, scores);
        for (int i = 0; i < CLASSES; i++) {
            checksum += scores[i] * (i + 1);
            if (scores[i] > scores[best])
                best = i;
        }
        if (f < 3)
            printf("input %d: class %d, score %.4f\n", f, best, scores[best]);
    }
    printf("%d forwards, checksum %.4f\n", forwards, checksum);
    free(memory);
    return 0;
}
