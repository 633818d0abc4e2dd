/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef REPORTS_GNUPLOT_H
#define REPORTS_GNUPLOT_H

#include <stdbool.h>

#include "mamba/error.h"

/* Runs `gnuplot NAME.gp` inside the folder. The PDF's creation date is set to SOURCE_DATE_EPOCH (0 when
 * unset), so that equal records give equal files. */
bool gnuplot_run(const char *folder, const char *name, struct error *error);

#endif
