/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef BENCH_EVAL_DEVICE_H
#define BENCH_EVAL_DEVICE_H

#include "bench/cli.h"

/* Pictures ready for a classifier, and what they show. */
struct labelled {
    int64_t count;
    float *features; /* (count, input_size) */
    const uint8_t *labels;
};

int64_t count_right(const double *logits, const struct labelled *pictures, int64_t classes);

/* A table of the classifier's accuracy in every arithmetic and scaling of a modelled device that --set leaves
 * open, beside what a picture costs there. right_fp32: of the pictures, on the CPU. */
bool eval_device(const struct arguments *arguments, const char *platform, const struct model *model,
                 const struct labelled *pictures, int64_t right_fp32, struct error *error);

#endif
