/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "bench/idx.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { IDX_UNSIGNED_BYTE = 8 };

static const int64_t largest_file = INT64_C(1) << 32;

static bool read_header(gzFile file, const char *path, int axes, struct idx *idx, int64_t *count,
                        struct error *error)
{
    unsigned char magic[4], extent[4];
    if (gzread(file, magic, 4) != 4 || magic[0] || magic[1] || magic[2] != IDX_UNSIGNED_BYTE)
        return error_set(error, STATUS_USAGE, "%s: not an IDX file of unsigned bytes", path);
    if (magic[3] != axes)
        return error_set(error, STATUS_USAGE, "%s: has %d axes, must have %d", path, magic[3], axes);
    idx->axes = axes;
    *count = 1;
    for (int i = 0; i < axes; i++) {
        if (gzread(file, extent, 4) != 4)
            return error_set(error, STATUS_USAGE, "%s: ends within its header", path);
        idx->shape[i] = (int64_t)extent[0] << 24 | extent[1] << 16 | extent[2] << 8 | extent[3];
        if (idx->shape[i] == 0 || idx->shape[i] > largest_file / *count)
            return error_set(error, STATUS_USAGE, "%s: extent %lld of axis %d is out of range", path,
                             (long long)idx->shape[i], i);
        *count *= idx->shape[i];
    }
    return true;
}

static bool read_values(gzFile file, const char *path, int64_t count, struct idx *idx, struct error *error)
{
    /* Grows with what the file really holds, so that a lying header costs no memory. */
    int64_t size = 0, used = 0;
    while (used < count) {
        if (used == size) {
            size = size ? 2 * size : 1 << 20;
            size = size < count ? size : count;
            uint8_t *values = realloc(idx->values, (size_t)size);
            if (!values)
                return error_set(error, STATUS_FAILED, "out of memory");
            idx->values = values;
        }
        const int64_t wanted = size - used < 1 << 20 ? size - used : 1 << 20;
        const int got = gzread(file, idx->values + used, (unsigned)wanted);
        if (got <= 0)
            return error_set(error, STATUS_USAGE, "%s: holds %lld values, its header says %lld", path,
                             (long long)used, (long long)count);
        used += got;
    }
    if (gzgetc(file) != -1)
        return error_set(error, STATUS_USAGE, "%s: goes on after the %lld values of its header", path,
                         (long long)count);
    return true;
}

bool idx_load(const char *path, int axes, struct idx *idx, struct error *error)
{
    *idx = (struct idx){0};
    int64_t count = 0;
    gzFile file = gzopen(path, "rb");
    if (!file)
        return error_set(error, STATUS_USAGE, "%s: %s", path, strerror(errno));
    const bool ok =
        read_header(file, path, axes, idx, &count, error) && read_values(file, path, count, idx, error);
    const bool whole = gzclose(file) == Z_OK; /* checks the sum at the end of a gzipped file */
    if (ok && !whole)
        error_set(error, STATUS_USAGE, "%s: damaged or cut off", path);
    if (!ok || !whole)
        idx_free(idx);
    return ok && whole;
}

void idx_free(struct idx *idx)
{
    free(idx->values);
    *idx = (struct idx){0};
}
