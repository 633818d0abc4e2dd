/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef PLATFORMS_SCHEDULE_H
#define PLATFORMS_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "mamba/error.h"

/* When the tiles of a layer go through the resources of a device, and its off-chip memory feeds them.
 *
 * A layer is a list of steps, each on one resource; a tile is a share of the tokens that takes every step
 * once. A resource does one step of one tile at a time. Of what could start first the older tile goes first;
 * each step takes the tiles in order. Layers follow one another.
 *
 * Weights and carried state of a step come over the memory in slices, in the order in which steps begin,
 * ahead of their use as far as there is room: a slice is used once it is wholly there and leaves room once
 * its part of the step is done. Activations that go off chip move while their step runs. */

enum { SCHEDULE_MAX_STEPS = 64, SCHEDULE_MAX_SLICES = 1 << 18 };

struct schedule_step {
    int resource;   /* negative: takes no resource */
    uint64_t after; /* bit i: step i of the same tile comes before */
    double cycles;
    double weight_bytes; /* come with every tile, or once a layer when resident */
    double state_bytes;  /* come with every tile, or once a layer when state_once */
    double activation_bytes;
};

/* Tiles of at most two sizes, the larger ones first. */
struct schedule {
    int n_steps;
    struct schedule_step steps[2][SCHEDULE_MAX_STEPS];
    int64_t tiles[2];
    int64_t layers;
    double bytes_per_cycle; /* 0: memory costs no time */
    double room_bytes;      /* for slices on chip */
    double slice_bytes;     /* largest slice; a step moves at most SCHEDULE_MAX_SLICES of them */
    bool resident;          /* the weights of a layer stay until its last tile */
    bool state_once;
};

struct schedule_times {
    double cycles;         /* of all layers */
    double layer;          /* from layer to layer, after the first */
    double off_chip_bytes; /* of one layer */
};

/* Long schedules are continued from their steady state: a tile (a layer) more costs what the last ones did.
 * False: slice_bytes is too small, or not above 0 where there is anything to slice. */
bool schedule_run(const struct schedule *schedule, struct schedule_times *times, struct error *error);

#endif
