/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <math.h>
#include <stdint.h>
#include <string.h>

/* The vocabulary of kernels/simd in what every processor of the family has: 16-byte vectors, which the
 * compiler also uses for plain C loops. */
enum { LANES = 4 };
typedef float vf __attribute__((vector_size(16)));

static inline vf vf_set1(float a)
{
    return (vf){a, a, a, a};
}

static inline vf vf_load(const float *p)
{
    vf a;
    memcpy(&a, p, sizeof a);
    return a;
}

static inline void vf_store(float *p, vf a)
{
    memcpy(p, &a, sizeof a);
}

static inline vf vf_add(vf a, vf b)
{
    return a + b;
}

static inline vf vf_mul(vf a, vf b)
{
    return a * b;
}

static inline vf vf_fma(vf a, vf b, vf c)
{
    return a * b + c;
}

static inline float vf_sum(vf a)
{
    return a[0] + a[1] + a[2] + a[3];
}

static inline vf vf_exp(vf a)
{
    return (vf){expf(a[0]), expf(a[1]), expf(a[2]), expf(a[3])};
}

#include "kernels/probe/body.h"

const struct probe probe_scalar = PROBE(ISA_SCALAR, "scalar");
