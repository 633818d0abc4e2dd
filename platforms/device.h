/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef PLATFORMS_DEVICE_H
#define PLATFORMS_DEVICE_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/kernel.h"
#include "mamba/configs.h"
#include "mamba/plan.h"

/* A device is data: configs/devices/<platform>-<name>.yaml (docs/add-a-device.md). This is what such a
 * file holds after loading. Pointers that the file may leave out are null, numbers 0.
 *
 * An `expression` is text: numbers, names, + * ( ), log2(x) = ceil of the binary logarithm, and nothing that
 * could make a larger dimension cheaper. Names are dimensions of the stage, numeric options and constants.
 * A `when` is "option=choice" or "option!=choice", or several, separated by commas, that must all hold, or
 * several of these, separated by " or ", of which one must hold. Of alternatives the first whose `when` holds
 * (or that has none) counts; one that never could is refused. */

/* Numbers, and what expressions give, are at most that; those that must be above 0 are at least its inverse.
 */
#define DEVICE_LARGEST 1e18

/* Of several of one name the first whose `when` holds counts. */
struct device_constant {
    char *name;
    double value;
    char *when;
};

struct device_option {
    char *name, *summary;
    char *fallback; /* key "default" */
    char **choices; /* none: the value is a positive integer, usable in expressions */
    unsigned choices_count;
    bool may_be_zero; /* such an integer; expressions must not use it where 0 makes no sense */
    double most;      /* such an integer; 0: 10^9 */
    char *when;       /* without this the option has no effect: see device_effects */
};

/* A parameter that nobody published, or a question that the source leaves open. */
struct device_assumption {
    char *name, *reason;
};

/* ceil(extent / lanes) iterations of (what is nested inside + overhead) cycles; the innermost body takes
 * `cycles`. Expressions; lanes, cycles default to 1, overhead to 0. */
struct device_trip {
    char *extent, *lanes, *cycles, *overhead;
};

/* A law that no trips can tell: a simulation, of arguments that are expressions or names of options with
 * choices (their value: the number of the choice, from 0). Cycles of one call; negative when it does not fit.
 */
struct device_simulation {
    const char *name;
    const char *arguments; /* their names, for the reader */
    unsigned n_arguments;
    double (*cycles)(const double *arguments);
};
extern const struct device_simulation *const device_simulations[]; /* null-terminated; in platforms.c */
enum { SIMULATION_MAX_ARGUMENTS = 8 };

/* Nested trips, outermost first, plus the cycles that filling and draining take; or a simulation. */
struct device_pipeline {
    char *name;
    char *resource; /* what it keeps busy; default: the unit's name */
    char *simulation;
    char **arguments;
    unsigned arguments_count;
    struct device_trip *trips;
    unsigned trips_count;
    char *depth;
};

struct device_tile {
    char *dim, *size;
};

/* What one call moves over the link: one value is one byte there. */
struct device_buffer {
    char *name, *values;
    char *when; /* not a choice among alternatives: the buffer is there or not */
    bool weights, receive;
};

/* What a call or a tile moves over a port of the unit, in beats: nested trips. */
struct device_port {
    char *name;
    bool out, once; /* once: a call, before the first tile; else with every tile */
    char *after;    /* out: leaves once this pipeline and those before it are through (default: all) ... */
    char *delay;    /* ... and so many cycles more */
    struct device_trip *trips;
    unsigned trips_count;
};

struct device_unit {
    char *name;
    char **stages;
    unsigned stages_count;
    char **absorbs; /* stages that are computed within a call for `stages`, at no further cost */
    unsigned absorbs_count;
    char *arch; /* "mamba1", "mamba2"; null: both */
    char *when;
    char *calls;               /* calls for one execution of the stage */
    struct device_tile *tiles; /* loops around the pipelines, which run one after another */
    unsigned tiles_count;
    char *tile_overhead, *call_overhead;
    struct device_pipeline *pipelines;
    unsigned pipelines_count;
    struct device_buffer *buffers;
    unsigned buffers_count;
    /* Tiles in two banks each way between an input and an output port (platforms/ping_pong.h). */
    struct device_port *ports;
    unsigned ports_count;
    char *operands_after, *operands_delay; /* a tile's operands have been read: as `after` and `delay` */
    char *port_gap, *port_latency, *lead;  /* expressions: gap, store_latency and lead there */
    char *split;       /* dimension to cut when the buffers do not fit into the link's memory */
    char *weight_sets; /* how many different weights the calls of one stage have; default 1 */
    char *note;
};

enum device_activations { ACTIVATIONS_ON_CHIP, ACTIVATIONS_OFF_CHIP, ACTIVATIONS_FIT };
enum device_state { STATE_ON_CHIP, STATE_READ, STATE_READ_WRITE };

/* Off-chip memory. Weights stream once for each execution of a stage. Carried state streams once too when the
 * state of one sequence and layer fits on chip, else with each token. */
struct device_memory {
    char *when;
    double bytes_per_s;
    double weight_bytes, activation_bytes, state_bytes; /* of one value */
    double on_chip_bytes;
    double slice_bytes; /* of weights and state, largest piece in which they come; overlap with a tile */
    enum device_activations activations; /* those that cross a group's border; FIT: off chip if too large */
    enum device_state state;
    char *note;
};

/* What stands behind the ports of units; expressions. Without it their operands are there for free. */
struct device_port_memory {
    char *when;
    char *beat_bits, *bytes_per_cycle, *latency, *stall_percent;
};

struct device_transfer {
    char *when;
    double access_bytes, write_cycles, read_cycles;
    double setup_cycles; /* of the host, for each buffer */
    bool engine;         /* moves by itself: beside the host where that overlaps */
};

/* The host's conversion of one value for the link and back, in cycles. */
struct device_conversion {
    char *when;
    double send_cycles, weight_cycles, receive_cycles; /* weights: those of buffers that are */
};

/* A host that calls units by register writes and moves their operands itself. */
struct device_link {
    double config_writes, polls, register_write_cycles, register_read_cycles;
    struct device_conversion *conversions;
    unsigned conversions_count;
    double memory_bytes, alignment; /* the units' memory, and to what a buffer in it is rounded up */
    char *resident;                 /* "when" under which weights stay there if all of the model's fit */
    struct device_transfer *transfers;
    unsigned transfers_count;
};

/* Runs, in cycles an operation, every stage that no unit serves; value: one load or store. */
struct device_host {
    char *name;
    double mul, add, exp, log, div, value;
};

/* With a tile (expression: tokens), a layer is a schedule of tiles (platforms/schedule.h), and both are true.
 */
struct device_overlap {
    char *when;
    bool resources, memory; /* with each other; with computing. Else one after another */
    char *tile;
    bool
        host; /* the host, its conversions and accesses with the units, for a workload that keeps both busy */
};

struct device_energy {
    double power_w; /* joule = power x time; else per event: */
    double mul_pj, add_pj, exp_pj, log_pj, div_pj, on_chip_byte_pj, off_chip_byte_pj;
    double host_cycle_pj, unit_cycle_pj,
        access_pj; /* of the host, of a busy unit, of an access over the link */
    char *source, *note;
};

/* Somebody else's machine in a published comparison: time = fixed_s + token_s * tokens. */
struct device_baseline {
    char *name;
    double fixed_s, token_s;
    char *when; /* no choice among alternatives: a law that was fitted to ratios holds under these options */
    double tokens_per_joule; /* 0: not published */
    char *source;
};

/* What the source measured on another machine, to stand beside runs of the same unit. */
struct device_comparison {
    char *machine, *model, *phase, *stage;
    double seconds; /* of one execution */
    char *source, *note;
};

/* What one part of the machine, or one configuration of it, takes of the chip. */
struct device_resources {
    char *name;
    double lut, ff, dsp, bram, uram; /* BRAM of 36 Kb; UltraRAM blocks */
    char *source;                    /* a table, or the command that counted them */
};

enum figure {
    FIGURE_CYCLES,
    FIGURE_COMPUTE_CYCLES,
    FIGURE_TILE_CYCLES,
    FIGURE_PIPELINE_CYCLES,
    FIGURE_TRANSFER_CYCLES,
    FIGURE_LINK_WRITES,
    FIGURE_LINK_READS,
    FIGURE_SECONDS,
    FIGURE_SECONDS_PER_TOKEN,
    FIGURE_TOKENS_PER_S,
    FIGURE_TOKENS_PER_JOULE,
    FIGURE_SPEEDUP,
    FIGURE_EFFICIENCY_GAIN, /* tokens a joule over the baseline's */
    FIGURE_REDUCTION,
    FIGURE_COUNT
};
const char *figure_name(enum figure figure); /* "compute_cycles", ... */

/* Where a reference value comes from: printed by the source; read off a chart of it; simulated from the
 * source's RTL; computed from figures of the source. */
enum evidence {
    EVIDENCE_PUBLISHED,
    EVIDENCE_DIGITISED,
    EVIDENCE_SIMULATED_RTL,
    EVIDENCE_DERIVED,
    EVIDENCE_COUNT
};
const char *evidence_name(enum evidence evidence); /* "published", "digitised", "simulated-rtl", "derived" */

/* Why a model agrees that predicts nothing: a parameter was set from this very figure, or a law was fitted to
 * it and others. */
enum basis { BASIS_PREDICTION, BASIS_CONSTRUCTION, BASIS_FIT };
const char *basis_name(enum basis basis); /* "prediction", "construction", "fit" */

/* A figure that the model is known to miss. */
struct device_miss {
    double error; /* (model - value) / value, to be held to VALIDATE_DRIFT */
    char *reason;
};

struct device_call {
    char *unit;
    char **dims; /* "n=16" */
    unsigned dims_count;
};

/* A figure that the model must reproduce: of single unit calls, or of a model's workload. */
struct device_result {
    char *id, *what;
    enum figure figure;
    double value;
    char *source;
    enum evidence provenance;
    double tolerance; /* how exactly the source gives the value, in its unit: its rounding, or the reading of
                       * a chart; 0: exact */
    enum basis basis;
    struct device_miss *missed; /* null: the model is within the tolerance */
    char *note;
    char **options; /* "tile_heads=3" */
    unsigned options_count;
    char **against; /* options of the slower variant that a reduction is measured against */
    unsigned against_count;
    struct device_call *calls;
    unsigned calls_count;
    char *pipeline;
    char *model, *phase;
    double *seqlens; /* several: the mean of the figures */
    unsigned seqlens_count;
    bool layers_only; /* without embedding and head */
    char *baseline;
    char *of; /* speedup: of this other baseline, not of the device */
};

struct device_words {
    char *name; /* for the reader; null: the words */
    char **words;
    unsigned words_count;
};

/* Every variant with every shape and every memory: "option=value" and "dim=value". */
struct device_rtl_grid {
    struct device_words *shapes, *memories, *variants;
    unsigned shapes_count, memories_count, variants_count;
};

/* RTL that the laws of a unit must agree with, and where. The model's options beyond those of the grid:
 * options. */
struct device_rtl {
    char *platform, *device, *unit;
    char **options;
    unsigned options_count;
    struct device_rtl_grid *grids;
    unsigned grids_count;
};

struct device {
    char *name, *platform, *summary, *source, *note;
    enum precision precision; /* of its multipliers; what records name. Left out: fp32 */
    double clock_hz;
    struct device_constant *constants;
    unsigned constants_count;
    struct device_option *options;
    unsigned options_count;
    struct device_assumption *assumed;
    unsigned assumed_count;
    struct device_assumption *undecided;
    unsigned undecided_count;
    struct device_resources *resources;
    unsigned resources_count;
    struct device_unit *units;
    unsigned units_count;
    struct device_memory *memory;
    unsigned memory_count;
    struct device_port_memory *port_memory;
    unsigned port_memory_count;
    struct device_rtl *rtl;
    struct device_link *link;
    struct device_host *host;
    struct device_overlap *overlap;
    unsigned overlap_count;
    struct device_energy *energy;
    struct device_baseline *baselines;
    unsigned baselines_count;
    struct device_comparison *comparisons;
    unsigned comparisons_count;
    struct device_result *published;
    unsigned published_count;
};

/* Loads and checks configs/devices/<platform>-<name>.yaml. The error names the file and the key. */
bool device_load(const char *platform, const char *name, struct device **device, struct error *error);
void device_free(struct device *device);

/* Whether a list of a unit names that stage. */
bool device_has_stage(char *const *stages, unsigned count, const char *stage);
const struct device_baseline *device_baseline(const struct device *device, const char *name); /* null: none */

/* Names of a platform's devices, sorted, null-terminated; free with configs_free_names. */
char **device_names(const char *platform, struct error *error);

/* Options as chosen: the value of each, in the order of device->options. */
enum { DEVICE_MAX_OPTIONS = 16 };
struct device_settings {
    const char *values[DEVICE_MAX_OPTIONS];
};

/* Whether two values of the option are one: numbers are compared as such. */
bool device_same_value(const struct device_option *option, const char *one, const char *other);

/* The defaults overridden by "key=value" options (count of them). They must outlive the settings. */
bool device_settings(const struct device *device, const char *const *options, size_t count,
                     struct device_settings *settings, struct error *error);
/* Refuses an option of the list that has no effect beside the others; `varied` (or null) is an option that
 * takes several values, and must have one, too. */
bool device_effects(const struct device *device, const char *const *options, size_t count, const char *varied,
                    struct error *error);
/* The choice of an option; null when the device has no option of that name. */
const char *device_choice(const struct device *device, const struct device_settings *settings,
                          const char *option);
/* By name; null: there is none. */
const struct device_simulation *device_simulation(const char *name);
bool device_when(const struct device *device, const struct device_settings *settings, const char *when);

/* Whether a speedup of the device under these options can be told: not over a law that was fitted under
 * others. That of one law over another, and all other figures: always. */
bool device_law_holds(const struct device *device, const struct device_settings *settings,
                      const struct device_result *result);

/* The energy of one execution, by power or per event; false when the device has no energy (or null). */
bool device_joule(const struct device_energy *energy, const struct work *work, double on_chip_bytes,
                  double off_chip_bytes, double time_s, double *joule);

/* Value, from 0 to DEVICE_LARGEST, of an expression whose names `lookup` knows; null text gives `missing`. */
typedef bool expression_lookup(void *context, const char *name, double *value);
bool expression_value(const char *text, double missing, expression_lookup *lookup, void *context,
                      double *value, struct error *error);

#endif
