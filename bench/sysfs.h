/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef BENCH_SYSFS_H
#define BENCH_SYSFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The first line of a small file of /proc or /sys, without its end. False: cannot be read, or is empty,
 * or is longer than size; errno says why. */
bool sysfs_read(const char *path, char *text, size_t size);
/* Its only content is one unsigned decimal number. */
bool sysfs_read_number(const char *path, uint64_t *value);

#endif
