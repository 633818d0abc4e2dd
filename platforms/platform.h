/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef PLATFORMS_PLATFORM_H
#define PLATFORMS_PLATFORM_H

#include "mamba/model.h"
#include "mamba/plan.h"

/* A platform can time a plan. Measured platforms execute and the harness holds the clock; modelled ones
 * price. A new platform is one folder with one `struct platform` and one line in platforms/platforms.c. */

enum provenance { PROVENANCE_MEASURED, PROVENANCE_SIMULATED, PROVENANCE_MODELLED, PROVENANCE_PUBLISHED };
const char *provenance_name(enum provenance provenance);

/* What a repeated unit finds in the caches. CACHE_WARM: the same layer every time. CACHE_WEIGHTS_COLD: the
 * layers in turn, as a pass of the model has it, so that stage times add up to the model's. */
enum cache_mode { CACHE_WARM, CACHE_WEIGHTS_COLD, CACHE_COLD };
const char *cache_mode_name(enum cache_mode mode);

/* One workload to time: what the command line asked for. All pointers outlive the run. */
struct task {
    const struct model *model; /* weights; null for platforms that need only the shape */
    const struct graph *graph;
    const struct plan *plan;
    /* A coarser partition, whose groups get units of their own in place of stages alone: the plan's groups
     * inside one after another, to be held against another plan's. Null: none. */
    const struct plan *spans;
    const char *device;         /* null: the platform's default */
    const char *const *options; /* "key=value" for the device, null-terminated; may be null */
    int threads;                /* 0: one a core */
    enum cache_mode cache;
    /* Measured platforms: only the groups with one of these stages, or of these joined by '+', are wanted,
     * null-terminated. Nothing else is allocated or run, and what they read is seeded data in the range that
     * real models have. Null: all. */
    const char *const *stages;
    const char *kernel; /* null: the ladder's choice; else family/<this> in every family that has it */
    uint64_t seed;      /* of the tokens */
    int64_t context;    /* decode: tokens prefilled into the state before */
    /* Asked, by any thread, within what takes long, which then ends with an error. May be null. */
    bool (*stopped)(void);
};

enum scope { SCOPE_STAGE, SCOPE_GROUP, SCOPE_LAYER, SCOPE_MODEL };
const char *scope_name(enum scope scope);

/* Which pass of training a layer's unit is. */
enum direction { DIRECTION_BOTH, DIRECTION_FORWARD, DIRECTION_BACKWARD };

/* Something that gets a record of its own: a stage alone, a group of the plan, one layer, the model. */
struct unit {
    enum scope scope;
    enum direction direction;
    char name[128];          /* "scan", "conv+silu", "layer", "model"; "forward" and "backward" of a layer */
    char kernel[64];         /* measured: which kernel computes it; "" when several do */
    int stage, group;        /* index into graph or plan, else -1 */
    int span;                /* index into the task's spans when several groups make it up, else -1 */
    bool in_plan;            /* part of the plan: its time adds up to the model's; a stage that the
                              * plan fuses is also timed alone and is not in the plan */
    int64_t repeats;         /* executions in one pass of the model */
    struct work work;        /* of one execution, as are the bytes */
    uint64_t projection_ops; /* its multiplies and adds in the plan's precision */
    uint64_t bytes_read, bytes_written, onchip_bytes;
    uint64_t weight_bytes, state_bytes; /* parts of bytes_read; state is written back too */
    /* Training, of layers and the model: what the plan keeps from forward to backward, what the allocator
     * gave for it at the most (measured platforms), and for all else that is no weight; and the work that is
     * done once more for backward. */
    uint64_t saved_bytes, high_water_bytes, working_bytes;
    struct work repeated;
    double preparation_s; /* of the model: converting and packing its weights, once and outside every time */
    uint64_t prepared_bytes; /* what that made; 0: nothing */
    char skip[512];          /* not empty: cannot be had here, and why */
};

/* Where a block between two ports spent its cycles (they add up), and what the ports carried. */
struct port_use {
    double fill_cycles; /* before the first tile is there */
    double compute_cycles;
    double stall_cycles;     /* between tiles, waiting for a port */
    double drain_cycles;     /* after the last tile is computed */
    double deviation_cycles; /* modelled: by how much random stalls spread the sum, a standard deviation */
    double in_bytes, out_bytes;
    double in_wait_cycles, out_wait_cycles; /* the block was ready and the memory was not; negative: absent */
};

/* Training: a unit of layers or of the model gets what its plan keeps and repeats. */
void unit_add_training(const struct task *task, struct unit *unit);

/* What a model says that one execution of a unit costs. Absent figures are negative. */
struct price {
    double time_s;
    double cycles;
    double compute_s, memory_s, link_s, overhead_s; /* the breakdown; adds up to more than time_s where
                                                     * parts overlap */
    bool has_ports;
    struct port_use ports;
    double off_chip_bytes; /* in the device's own number formats */
    double joule;
    /* A fused group that holds more than fits on chip: what it holds at once for the whole workload, in the
     * device's formats, and the tile that fits: so many tokens of one sequence (0: all), or one token of so
     * many channels (0: all). */
    double held_bytes, held_room;
    int64_t tile_tokens, tile_channels;
    char energy_method[32]; /* "power x time", "events", "none" */
    char energy_note[256];
    char note[256]; /* what the reader must know: assumptions, fallbacks; may be "" */
};

/* What a unit's result costs in exactness, against the same computation in float64. */
struct accuracy {
    double max_abs, rel_l2;
    int64_t tokens;   /* how many were compared */
    char reason[512]; /* not empty: could not be had, and why */
    char data[128];   /* which; "": those of the run */
};

/* One-token sequences of features, each from zero state. */
struct pictures {
    int64_t count;
    const float *features; /* (count, input_size) */
};

struct run; /* a platform's own */

struct platform {
    const char *name;
    const char *summary; /* one line for `list platforms` */
    enum provenance provenance;
    const char *default_device; /* a file configs/devices/<name>-<device>.yaml; null: has none */
    /* Null when the platform can be used here, else the reason, and what would bring it. */
    const char *(*missing)(void);
    /* Modelled platforms: in what precision a device computes, whatever the command line says; null: the
     * plan's is used. */
    bool (*precision)(const char *device, enum precision *precision, struct error *error);
    bool (*open)(const struct task *task, struct run **run, struct error *error);
    int (*units)(const struct run *run, const struct unit **units);
    /* Measured platforms: execute a unit `iterations` times. */
    bool (*execute)(struct run *run, int unit, int64_t iterations, struct error *error);
    bool (*accuracy)(struct run *run, int unit, struct accuracy *accuracy, struct error *error);
    /* The kernel of a unit, to be checked before it is timed; null when several compute it. */
    const struct kernel *(*kernel)(const struct run *run, int unit, const struct kernel_family **family);
    /* Modelled and simulated platforms. A simulated one computes: it has accuracy, too, and so
     * have modelled ones with the arithmetic of their device. */
    bool (*price)(struct run *run, int unit, struct price *price, struct error *error);
    /* Simulated platforms: one call of a device's block with these dimensions, on operands of its own. */
    bool (*call)(const char *device, const char *const *options, const struct stage_dim *dims, int n_dims,
                 struct price *price, struct error *error);
    /* The least fusion that the device can do: what its units compute in one call is joined. Null: none. */
    bool (*least)(const struct task *task, struct plan *least, struct error *error);
    /* Modelled platforms that can also compute as their device does, else null: logits (count, outputs) of
     * the pictures, with scales that the calibration's pictures gave. losses: what the device's arithmetic
     * did to values, for the reader. */
    bool (*classify)(const struct task *task, const struct pictures *calibration,
                     const struct pictures *pictures, double *logits, char *losses, size_t size,
                     struct error *error);
    /* What to classify with, each "option=choice,...": everything that changes results. Null-terminated. */
    const char *const *ways;
    void (*close)(struct run *run);
};

extern const struct platform *const platforms[]; /* null-terminated */
const struct platform *platform_find(const char *name);

/* plan_build with the platform's own defaults: measured ones take the scan that is fastest, models step by
 * step. */
bool platform_plan(const struct platform *platform, const struct graph *graph, struct plan_choices choices,
                   struct plan *plan, struct error *error);

#endif
