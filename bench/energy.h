/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef BENCH_ENERGY_H
#define BENCH_ENERGY_H

#include <jansson.h>
#include <stdbool.h>

#include "mamba/error.h"

/* The processor's own energy counters (RAPL), read from Linux' powercap files. They count the whole
 * package, whatever runs there. */
struct energy;

enum { ENERGY_MAX_DOMAINS = 64 };

struct energy_domain {
    char name[64]; /* "package-0", or "package-0/dram" for a part of it that has a counter of its own */
    double joule;
    bool in_total;
};

struct energy_reading {
    /* Sum of the packages and their DRAM. The other parts (core, uncore) are within their package, and
     * psys is around it: they are not added. */
    double joule;
    double time_s; /* from start to stop */
    struct energy_domain domains[ENERGY_MAX_DOMAINS];
    int n_domains;
};

/* folder null: /sys/class/powercap. Returns null, and why in reason (STATUS_UNAVAILABLE), when there is no
 * counter or when it may not be read: on most systems only root may. */
struct energy *energy_open(const char *folder, struct error *reason);
void energy_close(struct energy *energy);

/* A counter wraps at its max_energy_range_uj, after minutes under load: one wrap between start and stop is
 * made good, two cannot be told from one. Counters tick about every millisecond. */
bool energy_start(struct energy *energy, struct error *error);
bool energy_stop(struct energy *energy, struct energy_reading *reading, struct error *error);

/* {"joule":…, "method":"rapl", "note":…, "domains":{…}}. Null: out of memory. */
json_t *energy_json(const struct energy_reading *reading);

#endif
