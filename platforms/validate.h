/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef PLATFORMS_VALIDATE_H
#define PLATFORMS_VALIDATE_H

#include <stdbool.h>
#include <stddef.h>

#include "platforms/device.h"
#include "platforms/platform.h"

/* How a figure stands. */
enum validation_state {
    VALIDATION_REPRODUCED,   /* within what the source's own precision leaves open */
    VALIDATION_MISSED,       /* outside, by as much as the device file says, which explains it */
    VALIDATION_CONSTRUCTION, /* within, as a parameter was set from this figure */
    VALIDATION_FIT,          /* within, as a law was fitted to this figure and others */
    VALIDATION_OUTSIDE,      /* outside, and not by what the device file says: the only one that fails */
    VALIDATION_STATES
};
const char *validation_state_name(enum validation_state state); /* "reproduced", ..., "outside" */

/* The relative error of a figure that is missed may differ by that much from the one that is on record. */
#define VALIDATE_DRIFT 0.005

/* One figure of a device file's `published` beside what the model says. The texts live as long as the
 * validation. */
struct validation_row {
    const char *platform, *device;
    const char *id, *what;
    const char *figure;        /* "cycles", "tokens_per_s", ...: see figure_name */
    double reference, model;   /* model: NaN where `changed` leaves nothing to compare with */
    double relative_error;     /* (model - reference) / reference */
    double tolerance;          /* in the unit of the figure; 0: exact but for rounding of a double */
    const char *provenance;    /* see evidence_name */
    const char *basis;         /* see basis_name */
    const char *missed;        /* why it is missed; null: it should not be */
    double recorded;           /* the relative error on record of one that is */
    const char *source, *note; /* note may be null */
    const char *baseline, *of; /* of a comparison: whom with whom; null: none, the device */
    bool mean;                 /* over several lengths */
    bool layers_only;          /* without embedding, last norm and head */
    char changed[160];         /* not empty: priced under these options, not those the figure holds for */
    enum validation_state state;
};

/* One call of a device's laws beside the RTL that they must agree with. */
struct validation_rtl {
    const char *platform, *device; /* of the model */
    char variant[64], shape[64], memory[96];
    struct port_use rtl, model;
    double rtl_cycles, model_cycles;
    double relative_error; /* of all cycles */
    bool passed;           /* computing exact, all within VALIDATE_WORST */
};

/* Bounds of the relative errors of all cycles; and two variants have an order in the RTL when they differ by
 * more than this share and by more than so many standard deviations: else another seed of the stalls gives
 * another. */
#define VALIDATE_MEDIAN 0.03
#define VALIDATE_WORST 0.08
#define VALIDATE_RANKED 0.005
#define VALIDATE_DEVIATIONS 2

struct validation_rtl_summary {
    double median, worst;
    int pairs, misplaced; /* variants of the same call two by two; those that the model orders otherwise */
    bool passed;
};

struct validation {
    struct validation_row *rows;
    size_t n_rows;
    struct validation_rtl *rtl;
    size_t n_rtl;
    char rtl_missing[256]; /* not empty: some RTL could not be run here, and why */
    bool passed;           /* all of them */
    struct device **devices;
    size_t n_devices;
    struct error *broken; /* why a device is left out */
    size_t n_broken;
};

/* Prices everything that the chosen device publishes: "fpga-model:ssm-block", "fpga-model" (all of the
 * platform) or null (all). A device of several whose file is broken, or of which a figure cannot be priced,
 * is left out, and `broken` says why; of the one that was named it is the error. */
bool validate(const char *chosen, struct validation *validation, struct error *error);
/* Appends the calls of these grids; the device must outlive the validation. */
bool validate_rtl(const struct device *device, const struct device_rtl_grid *grids, size_t n_grids,
                  struct validation *validation, struct error *error);
/* Of the calls from `first` to before `end`, all of one device. */
struct validation_rtl_summary validation_summarize(const struct validation *validation, size_t first,
                                                   size_t end);
/* One of a run's workloads: batch 1 of a preset. */
struct validation_workload {
    const char *model;
    enum phase phase;
    int64_t seqlen;
    const int64_t *seqlens; /* all of the run's */
    int n_seqlens;
};

/* Only what is printed or drawn in the source of that workload: figures of its length, with the last length
 * of a mean the mean, if the run has all of its lengths; None is no error. They are priced under these
 * options (null-terminated, or null). Where they are nobody's, the figures whose own are nearest stand there,
 * with what was changed and without the notes, which are on their own options; a speedup over a law that was
 * fitted under other options has no model then. */
bool validate_workload(const char *platform, const char *device, const char *const *options,
                       const struct validation_workload *workload, struct validation *validation,
                       struct error *error);
void validation_free(struct validation *validation);

#endif
