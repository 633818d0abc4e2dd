/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef MAMBA_MEMORY_H
#define MAMBA_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

/* Bytes that this process may still take without being killed: what the kernel calls available, and no more
 * than its control group (version 2) allows at any level and its address space is limited to (ulimit -v). */
uint64_t memory_available(void);

/* Whether so many are less than that. Little always is: what a control group counts as used includes a cache
 * of files that gives way. */
bool memory_suffices(uint64_t bytes);

#endif
