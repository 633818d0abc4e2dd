/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef MAMBA_DIFFERENCE_H
#define MAMBA_DIFFERENCE_H

#include <stdint.h>

/* How far computed values are from their reference, over any number of arrays. A NaN stays in all figures. */
struct difference {
    double max_abs;
    double difference2, want2; /* sums of squares */
};

void difference_add(struct difference *difference, const double *got, const double *want, int64_t count);
/* |got - want| / |want|, Euclidean; 0 when both are 0, infinite when only want is. */
double difference_rel_l2(const struct difference *difference);

#endif
