/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef MAMBA_MEMORY_H
#define MAMBA_MEMORY_H

#include <stdint.h>

/* Bytes that this process may still take without being killed: what the kernel calls available, and no more
 * than its control group (version 2) allows at any level. */
uint64_t memory_available(void);

#endif
