/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "reports/text.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char ellipsis[] = "\xe2\x80\xa6";

/* Length of the UTF-8 sequence at text, 1 for a stray byte. */
static int sequence_length(const unsigned char *text, uint32_t *code)
{
    int length = text[0] < 0x80 ? 1 : text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : text[0] >= 0xc0 ? 2 : 0;
    *code = length <= 1 ? text[0] : text[0] & (0xff >> (length + 1));
    for (int i = 1; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80)
            length = 0;
        else
            *code = *code << 6 | (text[i] & 0x3f);
    }
    if (length == 0)
        *code = 0;
    return length ? length : 1;
}

static bool unprintable(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x200b && code <= 0x200f) ||
           (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) || code == 0xfeff;
}

int text_columns(const char *text)
{
    int columns = 0;
    for (; *text; text++)
        columns += ((unsigned char)*text & 0xc0) != 0x80;
    return columns;
}

double text_ems(const char *text)
{
    /* Hundredths of an em, from the font's table of advance widths, for U+0020 to U+007E. */
    static const unsigned char widths[] = {
        32, 40, 46, 84, 64, 95, 78, 27, 39,  39, 50, 84, 32, 36, 32, 34, 64, 64, 64, 64, 64, 64, 64, 64,
        64, 64, 34, 34, 84, 84, 84, 53, 100, 68, 69, 70, 77, 63, 58, 77, 75, 29, 29, 66, 56, 86, 75, 79,
        60, 79, 69, 63, 61, 73, 68, 99, 69,  61, 69, 39, 34, 39, 84, 50, 50, 61, 63, 55, 63, 62, 35, 63,
        63, 28, 28, 58, 28, 97, 63, 61, 63,  63, 41, 52, 39, 63, 59, 82, 59, 59, 52, 64, 34, 64, 84};
    double ems = 0;
    for (const unsigned char *c = (const unsigned char *)text; *c; c++)
        if (*c >= 0x20 && *c < 0x7f)
            ems += widths[*c - 0x20] / 100.0;
        else
            ems += (*c & 0xc0) != 0x80;
    return ems;
}

static size_t append_clean(const char *text, int columns, char *out, size_t used)
{
    const unsigned char *at = (const unsigned char *)text;
    for (int n = 0; *at && n < columns; n++) {
        uint32_t code;
        int length = sequence_length(at, &code);
        if (used + 8 > TEXT_SIZE)
            break;
        if (unprintable(code)) {
            out[used++] = '?';
        } else {
            memcpy(out + used, at, length);
            used += length;
        }
        at += length;
    }
    out[used] = '\0';
    return used;
}

/* Of "a+b+c,d+e", each group's first and last stage: "a+...+c,d+e". False when that is too long, too. */
static bool shorten_groups(const char *text, int columns, char *out)
{
    size_t used = 0;
    while (*text) {
        const int length = (int)strcspn(text, ","), head = (int)strcspn(text, "+,");
        int tail = length;
        while (tail > head && text[tail - 1] != '+')
            tail--;
        if (tail > head + 1) {
            used = append_clean(text, head + 1, out, used);
            used = append_clean(ellipsis, 1, out, used);
            used = append_clean(text + tail - 1, length - tail + 1, out, used);
        } else {
            used = append_clean(text, length, out, used);
        }
        text += length;
        if (*text)
            used = append_clean(text++, 1, out, used);
    }
    return text_columns(out) <= columns;
}

char *text_clean(const char *text, int columns, char *out)
{
    out[0] = '\0';
    if (!text || columns <= 0)
        return out;
    /* Four bytes a code point is the most that fits the buffer. */
    if (columns > TEXT_SIZE / 4 - 4)
        columns = TEXT_SIZE / 4 - 4;
    if (text_columns(text) <= columns) {
        append_clean(text, columns, out, 0);
        return out;
    }
    if (strchr(text, ',') && strchr(text, '+') && shorten_groups(text, columns, out))
        return out;
    const char *first_plus = strchr(text, '+'), *last_plus = strrchr(text, '+');
    if (first_plus && last_plus > first_plus && !strchr(text, ',')) {
        int head = (int)(first_plus - text) + 1, tail = text_columns(last_plus);
        if (first_plus - text < columns && head + 1 + tail <= columns) {
            size_t used = append_clean(text, head, out, 0);
            used = append_clean(ellipsis, 1, out, used);
            append_clean(last_plus, tail, out, used);
            return out;
        }
    }
    const char *slash = strrchr(text, '/');
    int tail = slash ? text_columns(slash) : 0;
    if (tail + 2 > columns)
        tail = 0;
    size_t used = append_clean(text, columns - 1 - tail, out, 0);
    used = append_clean(ellipsis, 1, out, used);
    if (tail)
        append_clean(slash, tail, out, used);
    return out;
}

/* To three significant digits, so that 999.7 is taken for 1000 before its unit is chosen. */
static double round_three(double value)
{
    char digits[40];
    snprintf(digits, sizeof digits, "%.2e", value);
    return strtod(digits, NULL);
}

static int decimals(double value)
{
    return value >= 100 ? 0 : value >= 10 ? 1 : 2;
}

char *format_number(double value, char *out)
{
    out[0] = '\0';
    if (isnan(value))
        return out;
    double rounded = round_three(value);
    if (value == 0)
        snprintf(out, TEXT_SIZE, "0");
    else if (value < 0 || rounded < 1e-2 || rounded >= 1e16)
        snprintf(out, TEXT_SIZE, "%.2e", value);
    else if (rounded < 1)
        snprintf(out, TEXT_SIZE, "%.*f", rounded < 0.1 ? 4 : 3, value);
    else if (rounded < 1e4)
        snprintf(out, TEXT_SIZE, "%.*f", decimals(rounded), value);
    else {
        static const char prefixes[] = "kMGT";
        int prefix = 0;
        for (rounded /= 1e3; rounded >= 1e3 && prefix < 3; rounded /= 1e3)
            prefix++;
        snprintf(out, TEXT_SIZE, "%.*f%c", decimals(rounded), rounded, prefixes[prefix]);
    }
    return out;
}

char *format_bytes(double value, char *out)
{
    static const char *const prefixes[] = {"", "k", "M", "G", "T"};
    int i = 0;
    out[0] = '\0';
    if (isnan(value))
        return out;
    double scaled = round_three(value);
    for (; i < 4 && scaled >= 1000; i++)
        scaled /= 1000;
    snprintf(out, TEXT_SIZE, "%.*f %sB", i ? decimals(scaled) : 0, scaled, prefixes[i]);
    return out;
}

char *format_unit(double value, const char *unit, char *out)
{
    static const struct {
        double scale;
        const char *prefix;
    } prefixes[] = {{1, " "}, {1e-3, "m"}, {1e-6, "\xc2\xb5"}, {1e-9, "n"}, {1e-12, "p"}};
    out[0] = '\0';
    if (isnan(value))
        return out;
    double rounded = round_three(value);
    if (value < 0 || rounded >= 1e6 || (value > 0 && rounded < 1e-12)) {
        snprintf(out, TEXT_SIZE, "%.2e  %s", value, unit);
        return out;
    }
    int i = 0;
    while (i < 4 && value > 0 && rounded < prefixes[i].scale)
        i++;
    double scaled = rounded / prefixes[i].scale;
    snprintf(out, TEXT_SIZE, "%.*f %s%s", value > 0 ? decimals(scaled) : 0, scaled, prefixes[i].prefix, unit);
    return out;
}

char *format_quantity(double value, const char *unit, char *out)
{
    char *blanks = strstr(format_unit(value, unit, out), "  ");
    if (blanks)
        memmove(blanks, blanks + 1, strlen(blanks));
    return out;
}

char *format_percent(double percent, char *out)
{
    out[0] = '\0';
    if (isnan(percent))
        return out;
    if (percent > 0 && percent < 0.05)
        snprintf(out, TEXT_SIZE, "<0.1");
    else if (percent >= 1e4)
        snprintf(out, TEXT_SIZE, "%.1e", percent);
    else
        snprintf(out, TEXT_SIZE, "%.*f", percent >= 99.95 ? 0 : 1, percent);
    return out;
}

char *format_exact(double value, char *out)
{
    snprintf(out, TEXT_SIZE, "%.15g", value);
    if (strtod(out, NULL) != value)
        snprintf(out, TEXT_SIZE, "%.17g", value);
    return out;
}

void write_html(FILE *out, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    while (*at) {
        uint32_t code;
        int length = sequence_length(at, &code);
        if (*at == '&')
            fputs("&amp;", out);
        else if (*at == '<')
            fputs("&lt;", out);
        else if (*at == '>')
            fputs("&gt;", out);
        else if (*at == '"')
            fputs("&quot;", out);
        else if (*at == '\'')
            fputs("&#39;", out);
        else if (*at == ':' && at[1] == '/' && at[2] == '/')
            /* The page promises to hold no address; the reader sees the same text. */
            fputs("&#58;", out);
        else if (unprintable(code) && *at != '\n' && *at != '\t')
            fputc('?', out);
        else
            fwrite(at, 1, length, out);
        at += length;
    }
}

void write_gnuplot(FILE *out, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    fputc('\'', out);
    while (*at) {
        uint32_t code;
        int length = sequence_length(at, &code);
        if (unprintable(code))
            fputc('?', out);
        else if (*at == '\'')
            fputs("''", out);
        else
            fwrite(at, 1, length, out);
        at += length;
    }
    fputc('\'', out);
}
