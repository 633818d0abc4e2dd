/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef PLATFORMS_VALIDATE_H
#define PLATFORMS_VALIDATE_H

#include <stdbool.h>
#include <stddef.h>

#include "mamba/error.h"

/* One figure of a device file's `published` beside what the model says. The texts live as long as the
 * validation. */
struct validation_row {
    const char *platform, *device;
    const char *id, *what;
    const char *figure; /* "cycles", "tokens_per_s", ...: see figure_name */
    double published, model;
    double relative_error;     /* (model - published) / published */
    double tolerance;          /* relative; 0: exact but for rounding of the last digit of a double */
    const char *provenance;    /* "published", "measured-rtl", "derived" */
    const char *source, *note; /* note may be null */
    bool passed;
};

struct validation {
    struct validation_row *rows;
    size_t n_rows;
    bool passed; /* all of them */
    struct device **devices;
    size_t n_devices;
};

/* Prices everything that the chosen device publishes: "fpga-model:ssm-block", "fpga-model" (all of the
 * platform) or null (all). An error means that a figure could not be priced at all. */
bool validate(const char *chosen, struct validation *validation, struct error *error);
void validation_free(struct validation *validation);

#endif
