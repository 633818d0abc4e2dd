/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "bench/sysfs.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool sysfs_read(const char *path, char *text, size_t size)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    errno = 0;
    bool read = fgets(text, (int)size, file) != NULL;
    int reason = errno ? errno : ENODATA;
    int next = read && !strchr(text, '\n') ? fgetc(file) : EOF;
    if (next != EOF && next != '\n') {
        read = false;
        reason = EOVERFLOW;
    }
    fclose(file);
    if (read)
        text[strcspn(text, "\n")] = '\0';
    if (read && !text[0])
        read = false;
    errno = reason;
    return read;
}

bool sysfs_read_number(const char *path, uint64_t *value)
{
    char text[32], *end;
    if (!sysfs_read(path, text, sizeof text))
        return false;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    if (!isdigit((unsigned char)text[0]) || *end || errno) {
        errno = EINVAL;
        return false;
    }
    *value = number;
    return true;
}
