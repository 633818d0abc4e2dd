/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef PLATFORMS_PRICING_H
#define PLATFORMS_PRICING_H

#include "platforms/device.h"
#include "platforms/platform.h"

/* The one engine of the modelled platforms: what a device file says, applied to a plan's groups. */

enum { PRICING_MAX_RESOURCES = 32 };

/* A device with its options chosen. */
struct pricing {
    const struct device *device;
    struct device_settings settings;
    const struct device_memory *memory;                /* null: off-chip traffic is not modelled */
    const struct device_transfer *transfer;            /* null: no link */
    const struct device_port_memory *port_memory;      /* null: operands at ports are there for free */
    double send_cycles, weight_cycles, receive_cycles; /* the host's conversions of a value for the link */
    bool overlap_resources, overlap_memory, overlap_host;
    double tile; /* tokens; 0: no schedule */
    const char *resources[PRICING_MAX_RESOURCES];
    int n_resources;
};

/* What a piece of work takes, before anything overlaps. Cycles of the device's clock. */
struct cost {
    double busy[PRICING_MAX_RESOURCES]; /* of each resource */
    double host, transfer, overhead;
    double writes, reads; /* operand accesses over the link */
    double off_chip_bytes;
    double waiting; /* for ports, before, between and after tiles */
    bool has_ports;
    struct port_use ports;
};

/* Sentences for price.note, each once, as many as fit. */
struct notes {
    char text[256];
};

struct pricing_dims {
    int count;
    struct stage_dim values[STAGE_MAX_DIMS];
};

bool pricing_init(struct pricing *pricing, const struct device *device, const char *const *options,
                  size_t count, struct error *error);

/* The first unit of that name, or that serves the stage, whose `when` holds; null: none. */
const struct device_unit *pricing_unit_named(const struct pricing *pricing, const char *name);
const struct device_unit *pricing_unit_serving(const struct pricing *pricing, enum arch arch,
                                               const char *stage);

/* All calls of a unit for one execution of a stage with these dims. resident: its weights are in the link's
 * memory already. */
bool pricing_call(const struct pricing *pricing, const struct device_unit *unit,
                  const struct pricing_dims *dims, bool resident, struct cost *cost, struct notes *notes,
                  struct error *error);

/* Cycles of one pipeline (null: of all) on the first tile of a call, without the overheads. */
bool pricing_tile(const struct pricing *pricing, const struct device_unit *unit, const char *pipeline,
                  const struct pricing_dims *dims, double *cycles, struct error *error);

void cost_add(struct cost *to, const struct cost *cost, double times);
double cost_compute_cycles(const struct pricing *pricing, const struct cost *cost);
/* Fills times, cycles and breakdown; leaves energy absent. */
void pricing_time(const struct pricing *pricing, const struct cost *cost, struct price *price);

/* The functions of a modelled `struct platform`. pricing_open takes the platform's name and default device.
 */
bool pricing_open(const char *platform, const char *default_device, const struct task *task, struct run **run,
                  struct error *error);
bool pricing_least(const char *platform, const char *default_device, const struct task *task,
                   struct plan *least, struct error *error);
bool pricing_precision(const char *platform, const char *device, enum precision *precision,
                       struct error *error);
int pricing_units(const struct run *run, const struct unit **units);
bool pricing_price(struct run *run, int unit, struct price *price, struct error *error);
/* What the run was opened with. */
const struct task *pricing_task(const struct run *run);
void pricing_close(struct run *run);

#endif
