/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef MAMBA_ERROR_H
#define MAMBA_ERROR_H

#include <stdbool.h>

/* Exit status of the program, and of every call that can fail. */
enum status {
    STATUS_OK = 0,
    STATUS_FAILED = 1,       /* a check or comparison failed */
    STATUS_USAGE = 2,        /* wrong usage or bad input */
    STATUS_INCOMPARABLE = 3, /* records that must not be compared */
    STATUS_UNAVAILABLE = 4   /* nothing could be run on this machine */
};

/* One line for the user: what is wrong, where, and what would be right. */
struct error {
    enum status status;
    char text[512];
};

/* Sets the error and returns false, so that a failing function can `return error_set(...)`. The first error
 * stays: later calls on an error already set only return false. Control characters in the text are escaped,
 * so that it is one line; one that is too long ends at a word, with an ellipsis. A null error is allowed. */
bool error_set(struct error *error, enum status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
