/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <math.h>
#include <string.h>

#include "platforms/device.h"
#include "platforms/leo2/board/farm.h"

enum { ROWS, COLUMNS, SIZE_BITS, PLACEMENT, ARGUMENTS };

static double simulate(const double *arguments)
{
    struct farm_call call;
    const double rows = arguments[ROWS], columns = arguments[COLUMNS], bits = arguments[SIZE_BITS];
    const double placement = arguments[PLACEMENT];
    /* What expressions give may be no number at all, of which nothing is true. */
    if (!(rows >= 1 && rows <= FARM_BYTES && columns >= 1 && columns <= FARM_BYTES && bits >= 1 &&
          placement >= 0 && placement < FARM_PLACEMENTS))
        return -1;
    const struct farm_build build = {.size_bits = (unsigned)fmin(bits, 20)};
    if (!farm_place((enum farm_placement)placement, (int64_t)rows, (int64_t)columns, 1, &call))
        return -1;
    return (double)farm_cycles(&call, &build);
}

/* A model's layers are alike, and so are most tiles of a stage: what was simulated is kept. */
static double cycles(const double *arguments)
{
    enum { KEPT = 64 };
    static _Thread_local struct {
        double arguments[ARGUMENTS], cycles;
    } kept[KEPT];
    static _Thread_local unsigned n_kept, next;
    const size_t bytes = ARGUMENTS * sizeof *arguments;
    for (unsigned i = 0; i < n_kept; i++)
        if (!memcmp(kept[i].arguments, arguments, bytes))
            return kept[i].cycles;
    memcpy(kept[next].arguments, arguments, bytes);
    kept[next].cycles = simulate(arguments);
    const double result = kept[next].cycles;
    next = (next + 1) % KEPT;
    n_kept += n_kept < KEPT;
    return result;
}

extern const struct device_simulation mannix_fc_simulation;

const struct device_simulation mannix_fc_simulation = {
    .name = "mannix_fc",
    .arguments = "rows, columns, size bits, placement",
    .n_arguments = ARGUMENTS,
    .cycles = cycles,
};
