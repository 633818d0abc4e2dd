/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef MAMBA_RANDOM_H
#define MAMBA_RANDOM_H

#include <stdint.h>

/* One step of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014) as a hash: equal inputs give equal, and close ones
 * unrelated bits, so that numbered values need no state. */
static inline uint64_t scatter(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

#endif
