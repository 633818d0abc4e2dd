/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "mamba/difference.h"

#include <math.h>

void difference_add(struct difference *difference, const double *got, const double *want, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        const double error = fabs(got[i] - want[i]);
        if (isnan(error) || error > difference->max_abs)
            difference->max_abs = isnan(difference->max_abs) ? difference->max_abs : error;
        difference->difference2 += error * error;
        difference->want2 += want[i] * want[i];
    }
}

double difference_rel_l2(const struct difference *difference)
{
    if (difference->difference2 == 0)
        return 0;
    return fabs(sqrt(difference->difference2 / difference->want2));
}
