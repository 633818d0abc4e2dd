/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef TESTS_TEMPORARY_H
#define TESTS_TEMPORARY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Files that tests make, in a folder that the group's teardown removes. */
static char temporary_folder[1200];

static struct temporary_path {
    struct temporary_path *next;
    char text[1400];
} * temporary_paths;

static int make_temporary_folder(void **state)
{
    (void)state;
    const char *base = getenv("TMPDIR");
    snprintf(temporary_folder, sizeof temporary_folder, "%.1000s/mamba-bench-test-XXXXXX",
             base ? base : "/tmp");
    return mkdtemp(temporary_folder) ? 0 : -1;
}

static inline int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

static int remove_temporary_folder(void **state)
{
    (void)state;
    while (temporary_paths) {
        struct temporary_path *next = temporary_paths->next;
        free(temporary_paths);
        temporary_paths = next;
    }
    return nftw(temporary_folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* Path of a name in the temporary folder; valid until the folder is removed. */
static inline const char *temporary_path(const char *name)
{
    struct temporary_path *path = calloc(1, sizeof *path);
    assert_non_null(path);
    path->next = temporary_paths;
    temporary_paths = path;
    assert_true((size_t)snprintf(path->text, sizeof path->text, "%.1100s/%s", temporary_folder, name) <
                sizeof path->text);
    return path->text;
}

static inline const char *write_temporary(const char *name, const void *data, size_t size)
{
    const char *path = temporary_path(name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    return path;
}

static inline const char *write_temporary_text(const char *name, const char *text)
{
    return write_temporary(name, text, strlen(text));
}

/* A safetensors file with this header, whether or not it fits the data. */
static inline const char *write_temporary_safetensors(const char *name, const char *header, const void *data,
                                                      size_t size)
{
    size_t length = strlen(header);
    unsigned char *bytes = malloc(8 + length + size);
    assert_non_null(bytes);
    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)((uint64_t)length >> 8 * i);
    memcpy(bytes + 8, header, length);
    if (size)
        memcpy(bytes + 8 + length, data, size);
    const char *path = write_temporary(name, bytes, 8 + length + size);
    free(bytes);
    return path;
}

static inline void make_temporary_subfolder(const char *name)
{
    assert_int_equal(mkdir(temporary_path(name), 0777), 0);
}

static inline void assert_contains(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("'%s' should contain '%s'", text, part);
}

static inline void assert_one_line(const char *text)
{
    for (const char *c = text; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            fail_msg("'%s' has a control character", text);
}

#endif
