/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef BENCH_FOLDER_H
#define BENCH_FOLDER_H

#include "mamba/error.h"

/* Makes a folder and those above it; one that exists is fine. */
bool folder_create(const char *path, struct error *error);

/* Writes a text file of that name into the folder. */
bool folder_write(const char *folder, const char *name, const char *text, struct error *error);

#endif
