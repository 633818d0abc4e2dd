/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef BENCH_FOLDER_H
#define BENCH_FOLDER_H

#include "bench/record.h"
#include "reports/report.h"

/* Makes a folder and those above it; one that exists is fine. */
bool folder_create(const char *path, struct error *error);

/* Writes a text file of that name into the folder. */
bool folder_write(const char *folder, const char *name, const char *text, struct error *error);

/* A new records.jsonl in a folder that holds neither one nor a report.html. Null with an error. */
struct record_file *folder_open_records(const char *folder, struct error *error);

/* Writes table.txt. */
bool folder_write_table(const char *folder, const struct record_set *set, struct error *error);

#endif
