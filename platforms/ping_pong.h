/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef PLATFORMS_PING_PONG_H
#define PLATFORMS_PING_PONG_H

#include "platforms/platform.h"

/* A block that computes tile after tile between an input and an output port, with two banks of tile buffers
 * each way. Tile i is taken once it is loaded, the block is free and tile i - 2 has been stored; it is loaded
 * once the tile before it is and the operands of tile i - 2 have been read; it is stored, piece by piece,
 * once each piece is there and the one before has left. Cycles throughout. */

enum { PING_PONG_MAX_STORES = 4 };

struct ping_pong_tile {
    double load_beats;
    double occupied;    /* from being taken until the next could be */
    double operands_at; /* when its operands have been read, counted from being taken */
    int n_stores;
    struct {
        double beats, at; /* when the piece is there, likewise */
    } stores[PING_PONG_MAX_STORES];
};

struct ping_pong {
    double head_beats;    /* before the first tile */
    double gap;           /* between two packets or pieces on a port */
    double lead;          /* from taking the first tile to computing */
    double tail;          /* computing beyond what tiles occupy */
    double store_latency; /* of the read of a result */
    double beat_bytes;
    /* The memory: each port moves so many bytes a cycle, and nothing in a share of the cycles at random. The
     * latency counts before the first beat in and after the last one out. */
    double bytes_per_cycle, latency, stall_share;
};

/* The expected course; of use, all but the waits of the ports. */
double ping_pong_cycles(const struct ping_pong *block, const struct ping_pong_tile *tiles, int64_t n_tiles,
                        struct port_use *use);

#endif
