/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "bench/folder.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool folder_create(const char *path, struct error *error)
{
    char text[4096];
    if (snprintf(text, sizeof text, "%s", path) >= (int)sizeof text)
        return error_set(error, STATUS_USAGE, "folder name longer than %zu characters", sizeof text - 1);
    for (char *at = text + (*text == '/');; at++) {
        const char c = *at;
        if (c && c != '/')
            continue;
        *at = 0;
        if (mkdir(text, 0777) && errno != EEXIST)
            return error_set(error, STATUS_USAGE, "%s: cannot make this folder: %s; choose one with --out",
                             text, strerror(errno));
        *at = c;
        if (!c)
            return true;
    }
}

bool folder_write(const char *folder, const char *name, const char *text, struct error *error)
{
    char path[4352];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    if (!file)
        return error_set(error, STATUS_FAILED, "%s: %s", path, strerror(errno));
    const bool ok = fputs(text, file) >= 0;
    return (fclose(file) == 0 && ok) || error_set(error, STATUS_FAILED, "%s: cannot write", path);
}

struct record_file *folder_open_records(const char *folder, struct error *error)
{
    char records[4352], page[4352];
    snprintf(records, sizeof records, "%s/records.jsonl", folder);
    snprintf(page, sizeof page, "%s/report.html", folder);
    if (access(records, F_OK) && !access(page, F_OK)) {
        error_set(error, STATUS_USAGE, "%s exists already: choose another folder", page);
        return NULL;
    }
    return record_file_create(records, error);
}

bool folder_write_table(const char *folder, const struct record_set *set, struct error *error)
{
    char path[4352];
    snprintf(path, sizeof path, "%s/table.txt", folder);
    FILE *file = fopen(path, "w");
    if (!file)
        return error_set(error, STATUS_FAILED, "%s: %s", path, strerror(errno));
    const bool ok = report_table(set, file, error);
    return fclose(file) == 0 ? ok : error_set(error, STATUS_FAILED, "%s: %s", path, strerror(errno));
}
