/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef MANNIX_MAIN_H
#define MANNIX_MAIN_H

/* Sizes that the public programs give their allocators. */
#define MANNIX_DATA_SIZE 53000
#define MANNIX_MAT_SIZE 2000
#define MANNIX_TEN_SIZE 500

#endif
