/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "bench/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 4608 };

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
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    if (!file)
        return error_set(error, STATUS_FAILED, "%s: %s", path, strerror(errno));
    const bool ok = fputs(text, file) >= 0;
    return (fclose(file) == 0 && ok) || error_set(error, STATUS_FAILED, "%s: cannot write", path);
}

bool folder_is_free(const char *folder, struct error *error)
{
    static const char *const names[] = {"records.jsonl", "report.html"};
    for (int i = 0; i < COUNT_OF(names); i++) {
        char path[PATH_SIZE];
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        if (!access(path, F_OK))
            return error_set(error, STATUS_USAGE, "%s exists already: choose another folder", path);
    }
    return true;
}

struct record_file *folder_open_records(const char *folder, struct error *error)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/records.jsonl", folder);
    return folder_is_free(folder, error) ? record_file_create(path, error) : NULL;
}

static bool write_table(const char *folder, const struct record_set *set, struct error *error)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/table.txt", folder);
    FILE *file = fopen(path, "w");
    if (!file)
        return error_set(error, STATUS_FAILED, "%s: %s", path, strerror(errno));
    const bool ok = report_table(set, file, error);
    return fclose(file) == 0 ? ok : error_set(error, STATUS_FAILED, "%s: %s", path, strerror(errno));
}

/* Of all that the page is made from. */
static bool write_records(const char *folder, const struct record_set *set, struct error *error)
{
    const json_t *const lists[] = {set->environments, set->records};
    struct record_file *file = folder_open_records(folder, error);
    bool ok = file != NULL;
    for (int l = 0; l < COUNT_OF(lists); l++)
        for (size_t i = 0; i < json_array_size(lists[l]) && ok; i++)
            ok = record_file_write(file, json_array_get(lists[l], i), error);
    return (!file || record_file_close(file, error)) && ok;
}

static int no_dots(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* Calls `act` with every file of a folder that is not hidden, until it fails. */
static bool each_file(const char *folder, const char *other,
                      bool (*act)(const char *, const char *, const char *))
{
    struct dirent **entries;
    const int n = scandir(folder, &entries, no_dots, alphasort);
    bool ok = n >= 0;
    for (int i = 0; i < n; i++) {
        ok = ok && act(folder, entries[i]->d_name, other);
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
    return ok;
}

static bool remove_file(const char *folder, const char *name, const char *other)
{
    char path[PATH_SIZE];
    (void)other;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return unlink(path) == 0;
}

static bool can_move(const char *folder, const char *name, const char *other)
{
    char path[PATH_SIZE];
    struct stat status;
    (void)folder;
    snprintf(path, sizeof path, "%s/%s", other, name);
    if (lstat(path, &status) || !S_ISDIR(status.st_mode))
        return true;
    errno = EISDIR;
    return false;
}

static bool move_file(const char *folder, const char *name, const char *other)
{
    char from[PATH_SIZE], to[PATH_SIZE];
    snprintf(from, sizeof from, "%s/%s", folder, name);
    snprintf(to, sizeof to, "%s/%s", other, name);
    return rename(from, to) == 0;
}

/* A script of a figure that the new report has not goes, with what it drew. */
static bool remove_stale(const char *folder, const char *name, const char *made)
{
    static const char *const ends[] = {"gp", "dat", "svg", "pdf"};
    char path[PATH_SIZE], first[128] = "", expected[128];
    const char *end = strrchr(name, '.');
    if (!end || strcmp(end, ".gp") || end - name > 32)
        return true;
    const int length = (int)(end - name);
    snprintf(path, sizeof path, "%s/%s", made, name);
    if (!access(path, F_OK))
        return true;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    struct stat status;
    FILE *script = !lstat(path, &status) && S_ISREG(status.st_mode) ? fopen(path, "r") : NULL;
    if (script) {
        if (!fgets(first, sizeof first, script))
            *first = '\0';
        fclose(script);
    }
    snprintf(expected, sizeof expected, "# `gnuplot %.*s.gp` in this folder draws %.*s.svg", length, name,
             length, name);
    for (int i = 0; !strncmp(first, expected, strlen(expected)) && i < COUNT_OF(ends); i++) {
        snprintf(path, sizeof path, "%s/%.*s.%s", folder, length, name, ends[i]);
        unlink(path);
    }
    return true;
}

/* Another run or report may have begun in the folder since it was found free: then nothing of it is replaced. */
static bool reserve_records(const char *folder, bool records)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/records.jsonl", folder);
    const int file = records ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666) : -1;
    return !records || (file >= 0 && close(file) == 0);
}

bool folder_report(const char *folder, const struct record_set *set, bool records, struct error *error)
{
    char made[PATH_SIZE];
    struct error problem = {0};
    snprintf(made, sizeof made, "%s/.report-XXXXXX", folder);
    if (!mkdtemp(made))
        return error_set(error, STATUS_USAGE, "%s: cannot write into this folder: %s; choose one with --out",
                         folder, strerror(errno));
    const bool ok = (!records || write_records(made, set, &problem)) && write_table(made, set, &problem) &&
                    report_html(set, made, &problem);
    const size_t length = strlen(made);
    if (!ok && !strncmp(problem.text, made, length))
        error_set(error, problem.status, "%s%s", folder, problem.text + length);
    else if (!ok)
        error_set(error, problem.status, "%s", problem.text);
    const bool ready = ok && each_file(made, folder, can_move) && reserve_records(folder, records);
    const bool moved = ready && each_file(folder, made, remove_stale) && each_file(made, folder, move_file);
    if (ok && !ready && errno == EEXIST)
        error_set(error, STATUS_USAGE,
                  "%s: another run or report began in this folder meanwhile; choose another with --out",
                  folder);
    else if (ok && !moved)
        error_set(error, STATUS_FAILED, "%s: cannot write: %s", folder, strerror(errno));
    if (ready && !moved && records)
        remove_file(folder, "records.jsonl", NULL);
    each_file(made, NULL, remove_file);
    rmdir(made);
    return moved;
}
