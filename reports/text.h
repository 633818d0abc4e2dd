/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef REPORTS_TEXT_H
#define REPORTS_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { TEXT_SIZE = 256 };

/* Copies text into out (TEXT_SIZE bytes), at most `columns` code points. Control and direction characters
 * become '?', so that no record can steer a terminal. What is too long ends in an ellipsis; a group's name
 * "a+b+c" keeps its first and last stage: "a+…+c", and so does each of several: "a+…+c,d+e"; a kernel's
 * "family/variant" its variant. A null text is empty. Returns out. */
char *text_clean(const char *text, int columns, char *out);

/* Code points of valid UTF-8. */
int text_columns(const char *text);

/* Width when set in DejaVu Sans, the widest of the usual sans-serif fonts, in units of the type's size. */
double text_ems(const char *text);

/* Numbers for people, three significant digits; all return out (TEXT_SIZE bytes), empty when the value is
 * NaN. format_number: 12.3, 1234, 12.3k, 4.56e-04. format_unit: "12.3 ms", "1.23  s" (SI prefixes, the
 * unit padded to the width of a prefixed one). */
char *format_number(double value, char *out);
char *format_unit(double value, const char *unit, char *out);
/* The same in running text, where nothing stands in columns. */
char *format_quantity(double value, const char *unit, char *out);
char *format_bytes(double value, char *out); /* "1.84 GB" */
char *format_percent(double percent, char *out);

/* The shortest of 15 or 17 digits that reads back as the same double. */
char *format_exact(double value, char *out);

/* Text as content or attribute value of HTML; as a gnuplot single-quoted string with its quotes. */
void write_html(FILE *out, const char *text);
void write_gnuplot(FILE *out, const char *text);

#endif
