/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "reports/grid.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "reports/text.h"

enum { LONGEST_TEXT = 2000 };

void grid_init(struct grid *grid, const struct grid_column *columns, int n_columns)
{
    *grid = (struct grid){.columns = columns, .n_columns = n_columns};
}

void grid_free(struct grid *grid)
{
    for (int r = 0; r < grid->n_rows; r++)
        for (int c = 0; c < grid->n_columns; c++)
            free(grid->rows[r].cells[c]);
    free(grid->rows);
    *grid = (struct grid){0};
}

void grid_row(struct grid *grid, int indent, bool strong)
{
    if (grid->failed)
        return;
    if (grid->n_rows == grid->capacity) {
        int capacity = grid->capacity ? 2 * grid->capacity : 32;
        struct grid_row *rows = realloc(grid->rows, capacity * sizeof *rows);
        if (!rows) {
            grid->failed = true;
            return;
        }
        grid->rows = rows;
        grid->capacity = capacity;
    }
    grid->rows[grid->n_rows++] = (struct grid_row){.strong = strong, .indent = indent};
}

void grid_cell(struct grid *grid, int column, const char *text)
{
    if (grid->failed || !text || !text[0])
        return;
    char **cell = &grid->rows[grid->n_rows - 1].cells[column];
    free(*cell);
    *cell = strdup(text);
    grid->failed = !*cell;
}

void grid_text(struct grid *grid, int indent, const char *format, ...)
{
    char *text;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (length < 0) {
        grid->failed = true;
        return;
    }
    grid_row(grid, indent, false);
    if (!grid->failed)
        grid->rows[grid->n_rows - 1].text = true;
    grid_cell(grid, 0, text);
    free(text);
}

void print_wrapped(const char *text, int indent, int hanging, int width, FILE *out)
{
    int column = 0;
    bool more = strlen(text) > LONGEST_TEXT;
    const char *end = text + (more ? LONGEST_TEXT : strlen(text));
    while (text < end) {
        size_t length = strcspn(text, " ");
        if (text + length > end)
            length = end - text;
        char word[TEXT_SIZE], raw[TEXT_SIZE];
        int room = width - hanging < TEXT_SIZE / 4 - 8 ? width - hanging : TEXT_SIZE / 4 - 8;
        /* A word longer than a line is broken, at the start of a code point. */
        size_t take = length;
        if (take > (size_t)room) {
            take = room;
            while (take > 1 && ((unsigned char)text[take] & 0xc0) == 0x80)
                take--;
        }
        memcpy(raw, text, take);
        raw[take] = '\0';
        text_clean(raw, room, word);
        int columns = text_columns(word);
        if (column > 0 && column + 1 + columns > width) {
            fputc('\n', out);
            column = -1;
        }
        if (column <= 0) {
            int margin = column < 0 ? hanging : indent;
            column = margin + columns;
            fprintf(out, "%*s%s", margin, "", word);
        } else {
            fprintf(out, " %s", word);
            column += 1 + columns;
        }
        text += take;
        if (take == length)
            while (text < end && *text == ' ')
                text++;
        else
            column = width;
    }
    fputs(more ? " \xe2\x80\xa6\n" : "\n", out);
}

static bool column_used(const struct grid *grid, int column)
{
    for (int r = 0; r < grid->n_rows; r++)
        if (!grid->rows[r].text && grid->rows[r].cells[column])
            return true;
    return false;
}

static void print_cell(const struct grid_column *column, const char *text, int indent, int width, FILE *out)
{
    char shown[TEXT_SIZE];
    text_clean(text, width - indent, shown);
    int padding = width - indent - text_columns(shown);
    fprintf(out, "%*s%*s%s", indent, "", column->number ? padding : 0, "", shown);
    if (!column->number)
        fprintf(out, "%*s", padding, "");
}

void grid_print(const struct grid *grid, int indent, int width, FILE *out)
{
    int widths[GRID_MAX_COLUMNS] = {0}, gap = 2, used = 0, total = indent - gap, last = 0;
    for (int c = 0; c < grid->n_columns; c++) {
        if (!column_used(grid, c))
            continue;
        widths[c] = text_columns(grid->columns[c].title);
        for (int r = 0; r < grid->n_rows; r++) {
            const struct grid_row *row = &grid->rows[r];
            if (row->text || !row->cells[c])
                continue;
            int columns = text_columns(row->cells[c]) + (c == 0 ? row->indent : 0);
            if (columns > widths[c])
                widths[c] = columns;
        }
        if (widths[c] > TEXT_SIZE / 4 - 8)
            widths[c] = TEXT_SIZE / 4 - 8;
        total += widths[c] + gap;
        used++;
        last = c;
    }
    if (total > width && used > 1) {
        gap = 1;
        total -= used - 1;
    }
    while (total > width) {
        int widest = -1, most = 0;
        for (int c = 0; c < grid->n_columns; c++) {
            int spare = grid->columns[c].least ? widths[c] - grid->columns[c].least : 0;
            if (spare > most) {
                most = spare;
                widest = c;
            }
        }
        if (widest < 0)
            break;
        widths[widest]--;
        total--;
    }
    fprintf(out, "%*s", indent, "");
    for (int c = 0; c <= last; c++) {
        if (!widths[c])
            continue;
        const struct grid_column *column = &grid->columns[c];
        char title[TEXT_SIZE];
        text_clean(column->title, widths[c], title);
        int padding = widths[c] - text_columns(title);
        fprintf(out, "%*s%s", column->number ? padding : 0, "", title);
        if (c < last)
            fprintf(out, "%*s", (column->number ? 0 : padding) + gap, "");
    }
    fputc('\n', out);
    for (int r = 0; r < grid->n_rows; r++) {
        const struct grid_row *row = &grid->rows[r];
        if (row->text) {
            if (row->cells[0])
                print_wrapped(row->cells[0], indent + row->indent, indent + row->indent + 4, width, out);
            continue;
        }
        int end = last;
        while (end > 0 && (!widths[end] || !row->cells[end]))
            end--;
        fprintf(out, "%*s", indent, "");
        for (int c = 0; c <= end; c++) {
            if (!widths[c])
                continue;
            if (c == end && !grid->columns[c].number) {
                char shown[TEXT_SIZE];
                fprintf(out, "%*s%s", c == 0 ? row->indent : 0, "",
                        text_clean(row->cells[c], widths[c] - (c == 0 ? row->indent : 0), shown));
                continue;
            }
            print_cell(&grid->columns[c], row->cells[c], c == 0 ? row->indent : 0, widths[c], out);
            if (c < end)
                fprintf(out, "%*s", gap, "");
        }
        fputc('\n', out);
    }
    for (int r = 0; r < grid->n_rows; r++) {
        const struct grid_row *row = &grid->rows[r];
        int room = widths[0] - row->indent;
        if (row->text || !row->cells[0] || text_columns(row->cells[0]) <= room)
            continue;
        bool repeated = false;
        for (int before = 0; before < r && !repeated; before++)
            repeated = !grid->rows[before].text && grid->rows[before].cells[0] &&
                       strcmp(grid->rows[before].cells[0], row->cells[0]) == 0;
        if (repeated)
            continue;
        char shown[TEXT_SIZE];
        char *line;
        if (asprintf(&line, "%s is %s", text_clean(row->cells[0], room, shown), row->cells[0]) < 0)
            continue;
        print_wrapped(line, indent, indent + 4, width, out);
        free(line);
    }
}

void grid_print_html(const struct grid *grid, const char *caption, FILE *out)
{
    enum { LONG_CELL = 40 }; /* its words may be broken, those of others not */
    bool used[GRID_MAX_COLUMNS];
    int n_used = 0;
    for (int c = 0; c < grid->n_columns; c++)
        n_used += used[c] = column_used(grid, c);
    fputs("<div class=\"scroll\"><table>\n<caption>", out);
    write_html(out, caption);
    fputs("</caption>\n<thead><tr>", out);
    for (int c = 0; c < grid->n_columns; c++) {
        if (!used[c])
            continue;
        fprintf(out, "<th scope=\"col\"%s>", grid->columns[c].number ? " class=\"number\"" : "");
        write_html(out, grid->columns[c].title);
        fputs("</th>", out);
    }
    fputs("</tr></thead>\n<tbody>\n", out);
    for (int r = 0; r < grid->n_rows; r++) {
        const struct grid_row *row = &grid->rows[r];
        if (row->text) {
            fprintf(out, "<tr><td colspan=\"%d\" class=\"note\">", n_used ? n_used : 1);
            write_html(out, row->cells[0] ? row->cells[0] : "");
            fputs("</td></tr>\n", out);
            continue;
        }
        fprintf(out, "<tr%s>", row->strong ? " class=\"total\"" : row->indent ? " class=\"alone\"" : "");
        for (int c = 0; c < grid->n_columns; c++) {
            if (!used[c])
                continue;
            if (c == 0)
                fputs("<th scope=\"row\">", out);
            else
                fprintf(out, "<td%s>",
                        grid->columns[c].number                                    ? " class=\"number\""
                        : row->cells[c] && text_columns(row->cells[c]) > LONG_CELL ? " class=\"long\""
                                                                                   : "");
            write_html(out, row->cells[c] ? row->cells[c] : "");
            fputs(c == 0 ? "</th>" : "</td>", out);
        }
        fputs("</tr>\n", out);
    }
    fputs("</tbody>\n</table></div>\n", out);
}
