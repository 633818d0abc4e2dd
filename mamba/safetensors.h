/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef MAMBA_SAFETENSORS_H
#define MAMBA_SAFETENSORS_H

#include <stddef.h>
#include <stdint.h>

#include "mamba/error.h"

enum dtype { DTYPE_F64, DTYPE_F32, DTYPE_F16, DTYPE_BF16, DTYPE_I64, DTYPE_I32, DTYPE_U8, DTYPE_COUNT };

const char *dtype_name(enum dtype dtype); /* as in the file: "F32" */
size_t dtype_size(enum dtype dtype);

enum { TENSOR_MAX_AXES = 8 };

struct safetensor {
    char *name;
    enum dtype dtype;
    int axes;
    int64_t shape[TENSOR_MAX_AXES];
    int64_t elements;
    const void *data; /* inside the mapping; aligned for nothing */
};

/* A memory-mapped safetensors file. */
struct safetensors {
    char *path;
    void *map;
    size_t map_size;
    struct safetensor *tensors;
    size_t count;
};

/* Maps the file and checks all of it before any data is used: length of the header against the file,
 * JSON, dtype, shape, product without overflow, offsets inside the data, in order and of the size that
 * shape and dtype demand, no overlap, no duplicate name. Tensors of a dtype not listed are refused. */
bool safetensors_open(const char *path, struct safetensors *file, struct error *error);
void safetensors_close(struct safetensors *file);
const struct safetensor *safetensors_find(const struct safetensors *file, const char *name);

/* Copies elements [first, first + count) as float or double (I64, I32, U8 too); the range is checked. */
bool safetensor_to_float(const struct safetensor *tensor, int64_t first, int64_t count, float *to);
bool safetensor_to_double(const struct safetensor *tensor, int64_t first, int64_t count, double *to);

#endif
