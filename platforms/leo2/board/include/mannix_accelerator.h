/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef MANNIX_ACCELERATOR_H
#define MANNIX_ACCELERATOR_H

/* The names that programs for the LEO2 board use (docs/leo2.md). The board's own headers are not public;
 * these are written from how a public program calls them, with the fields of their public ancestors. */

#ifdef __cplusplus
extern "C" {
#endif

/* rows x cols bytes, row-major. pad_size: what it takes of its allocator. */
typedef struct Matrix_t {
    int rows, cols, size, pad_size;
    volatile char *data;
} Matrix_t;

/* Hands out memory from the front: index is the next free byte, max_size what was given less one. */
typedef struct Allocator_t {
    int index, max_size;
    char *data;
} Allocator_t;

typedef struct MatAllocator_t {
    int index, max_size;
    Matrix_t *matrix;
} MatAllocator_t;

/* The memory, wherever it came from, stands for the accelerator's from its first byte on. */
Allocator_t *createAllocator(Allocator_t *allocator, char *data, int size);
MatAllocator_t *createMatrixAllocator(MatAllocator_t *allocator, Matrix_t *matrices, int count);

/* do_pad_align: the size is rounded up to 4 bytes. (The name is the board's.) */
Matrix_t *creatMatrix(int rows, int cols, Matrix_t *matrix, Allocator_t *allocator, char do_pad_align);

/* out (d x 1) = activation(weight (d x n) . in (n x 1) + bias). `option` is 0 in every known program. */
Matrix_t *xlrtr_fc_with_activate(Matrix_t *in, Matrix_t *weight, Matrix_t *bias, Matrix_t *out, int option,
                                 char do_pad_align);

#ifdef __cplusplus
}
#endif

#endif
