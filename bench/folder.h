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

/* An error unless the folder holds neither a records.jsonl nor a report.html. */
bool folder_is_free(const char *folder, struct error *error);

/* A new records.jsonl in a folder that is free. Null with an error. */
struct record_file *folder_open_records(const char *folder, struct error *error);

/* Makes table.txt, report.html and the figures of these records in a folder that exists, with records.jsonl
 * where `records`. All appear when all are made: after an error the folder holds what it held before. Figures
 * of an earlier report that this one has not are removed. */
bool folder_report(const char *folder, const struct record_set *set, bool records, struct error *error);

#endif
