/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "mamba/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Texts quote files that anyone may have written: a control character (C0, DEL, or C1 in UTF-8) must not
 * break the line or drive the terminal. */
static void escape_controls(const char *from, char *to, size_t size)
{
    const unsigned char *byte = (const unsigned char *)from;
    size_t used = 0;
    for (; *byte; byte++) {
        bool c1 = byte[0] == 0xc2 && byte[1] >= 0x80 && byte[1] < 0xa0;
        bool control = *byte < 0x20 || *byte == 0x7f || c1;
        size_t length = control ? 4 : 1;
        if (used + length >= size)
            break;
        if (control)
            snprintf(to + used, size - used, "\\x%02x", c1 ? *++byte : *byte);
        else
            to[used] = (char)*byte;
        used += length;
    }
    to[used] = '\0';
}

/* Of a text that was cut. */
static void end_at_word(char *text, size_t size)
{
    static const char ellipsis[] = " \xe2\x80\xa6";
    text[size - sizeof ellipsis] = '\0';
    char *space = strrchr(text, ' ');
    strcpy(space ? space : text + strlen(text), ellipsis);
}

bool error_set(struct error *error, enum status status, const char *format, ...)
{
    if (!error || error->status != STATUS_OK)
        return false;
    char text[sizeof error->text];
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length >= (int)sizeof text)
        end_at_word(text, sizeof text);
    error->status = status;
    escape_controls(text, error->text, sizeof error->text);
    return false;
}
