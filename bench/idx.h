/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef BENCH_IDX_H
#define BENCH_IDX_H

#include <stdint.h>

#include "mamba/error.h"

/* Unsigned bytes of an IDX file (the format of the MNIST images and labels), plain or gzipped. */
struct idx {
    int axes;
    int64_t shape[4];
    uint8_t *values; /* row-major */
};

/* axes: how many the file must have (1 for labels, 3 for images). */
bool idx_load(const char *path, int axes, struct idx *idx, struct error *error);
void idx_free(struct idx *idx);

#endif
