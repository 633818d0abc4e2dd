/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef LEO2_LIBS_H
#define LEO2_LIBS_H

#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A byte over the board's bus: of an allocator's memory, or at an address of the system's map. `option` is 0
 * in every known program. */
void put_byte_over_apb(volatile char *address, char value, int option);
char get_byte_over_apb(volatile char *address, int option);

/* Not on the board: what the program did so far, as at exit. */
void leo2_model_summary(FILE *out);

#ifdef __cplusplus
}
#endif

#endif
