/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <math.h>
#include <string.h>

#include "reports/tables.h"
#include "reports/text.h"

enum column { UNIT, VARIANT, TIME, RATIO, INTERVAL, VERDICT, BYTES, GFLOP, GBYTE, FLOOR, ERROR };

static const struct grid_column columns[] = {
    [UNIT] = {"unit", false, 9},    [VARIANT] = {"variant", false, 14}, [TIME] = {"time", true, 0},
    [RATIO] = {"ratio", true, 0},   [INTERVAL] = {"95 %", true, 0},     [VERDICT] = {"verdict", false, 0},
    [BYTES] = {"bytes", true, 0},   [GFLOP] = {"GFLOP/s", true, 0},     [GBYTE] = {"GB/s", true, 0},
    [FLOOR] = {"floor %", true, 0}, [ERROR] = {"rel. L2", true, 0},
};

static void number_cell(struct grid *grid, enum column column, const json_t *record, const char *path)
{
    char text[TEXT_SIZE];
    grid_cell(grid, column, format_number(record_number(record, path), text));
}

/* Of --compare recompute what is kept from forward to backward; else what a device moves off chip, or, where
 * it was measured, what crosses the unit's borders. NaN: of a device whose memory is not modelled, as the
 * plan's bytes are none of its traffic. */
static double border_bytes(const json_t *record)
{
    const double off_chip = record_number(record, "work.off_chip_bytes");
    if (record_is(record, "compare.what", "recompute"))
        return record_number(record, "saved_bytes");
    return isnan(off_chip) && record_is(record, "provenance", "measured")
               ? record_number(record, "work.bytes_read") + record_number(record, "work.bytes_written")
               : off_chip;
}

static bool same_text(const json_t *a, const json_t *b, const char *path)
{
    const char *other = record_text(b, path);
    return other && record_is(a, path, other);
}

static const char *unit_of(const json_t *record, char text[TEXT_SIZE])
{
    const char *stage = record_text(record, "stage");
    return text_clean(stage ? stage : record_text(record, "scope"), 60, text);
}

static const char *variant_of(const json_t *record, char text[TEXT_SIZE])
{
    const char *kernel = record_is(record, "compare.what", "kernel") ? record_text(record, "kernel") : NULL;
    return text_clean(record_is(record, "compare.role", "control") ? "A/A control"
                      : kernel                                     ? kernel
                                                                   : record_text(record, "compare.variant"),
                      32, text);
}

static void row(const json_t *record, struct grid *grid)
{
    char text[TEXT_SIZE], unit[TEXT_SIZE], name[TEXT_SIZE];
    const char *stage = record_text(record, "stage"), *skipped = record_text(record, "skipped");
    const bool baseline = record_is(record, "compare.role", "baseline");
    variant_of(record, name);
    if (skipped) {
        grid_text(grid, 2, "%s, %s: skipped: %s", unit_of(record, unit), name, skipped);
        return;
    }
    grid_row(grid, 0, baseline);
    if (baseline)
        grid_cell(grid, UNIT, unit_of(record, unit));
    grid_cell(grid, VARIANT, name);
    grid_cell(grid, TIME, format_unit(record_number(record, "time_s.median"), "s", text));
    const json_t *interval = record_get(record, "compare.ci95");
    const double ratio = record_number(record, "compare.ratio");
    if (baseline)
        grid_cell(grid, VERDICT, "baseline");
    if (!isnan(ratio)) {
        snprintf(text, sizeof text, "%.3f", ratio);
        grid_cell(grid, RATIO, text);
        if (interval && !(record_number(record, "time_s.n") < 2)) {
            snprintf(text, sizeof text, "%.3f-%.3f", json_number_value(json_array_get(interval, 0)),
                     json_number_value(json_array_get(interval, 1)));
            grid_cell(grid, INTERVAL, text);
        }
        const char *verdict = record_text(record, "compare.verdict");
        grid_cell(grid, VERDICT, text_clean(verdict ? verdict : "noise", 12, text));
    }
    if (record_of_choice(record)) {
        if (!isnan(border_bytes(record)))
            grid_cell(grid, BYTES, format_bytes(border_bytes(record), text));
    } else {
        number_cell(grid, GFLOP, record, "rate.gflop_per_s");
    }
    number_cell(grid, GBYTE, record, "rate.gbyte_per_s");
    const double fraction = record_number(record, "rate.roofline_fraction");
    if (!isnan(fraction))
        grid_cell(grid, FLOOR, format_percent(100 * fraction, text));
    const double error = record_number(record, "error.rel_l2");
    if (!isnan(error)) {
        snprintf(text, sizeof text, "%.1e", error);
        grid_cell(grid, ERROR, text);
    }
    const double held = record_number(record, "tile.held_bytes");
    if (!isnan(held)) {
        char room[TEXT_SIZE];
        const double channels = record_number(record, "tile.channels");
        format_bytes(held, text);
        format_bytes(record_number(record, "tile.on_chip_bytes"), room);
        if (isnan(channels))
            grid_text(grid, 2, "%s, %s: would hold %s, room on chip is %s: needs tiles of %.0f tokens", stage,
                      name, text, room, record_number(record, "tile.tokens"));
        else
            grid_text(grid, 2,
                      "%s, %s: would hold %s, room on chip is %s: needs tiles of one token and %.0f channels",
                      stage, name, text, room, channels);
    }
}

/* What the notes below the table speak of. */
struct notes {
    int platforms;
    bool bytes, kept, few, one;
    double least;                /* coverage of the intervals */
    const json_t *without_floor; /* the first whose data came too fast */
    int more_without_floor;
    const char *data; /* on which errors were taken */
};

static void notes_add(const json_t *record, struct notes *notes)
{
    const double coverage = record_number(record, "time_s.coverage");
    const bool short_of = !record_text(record, "skipped") && coverage < 0.95;
    const bool single = short_of && record_number(record, "time_s.n") < 2;
    notes->kept |= record_is(record, "compare.what", "recompute");
    notes->bytes |= record_of_choice(record);
    if (record_text(record, "error.data"))
        notes->data = record_text(record, "error.data");
    notes->one |= single;
    notes->few |= short_of && !single;
    if (short_of && !single)
        notes->least = fmin(notes->least, coverage);
    if (!record_text(record, "rate.roofline_fraction_reason"))
        return;
    if (notes->without_floor)
        notes->more_without_floor++;
    else
        notes->without_floor = record;
}

static void notes_print(const struct notes *notes, struct grid *grid)
{
    if (notes->data)
        grid_text(grid, 0, "(rel. L2 of the model: on %s)", notes->data);
    if (notes->one)
        grid_text(grid, 0,
                  "(one round: no interval; verdicts on measured times take 6, with fewer all are "
                  "AMBIGUOUS)");
    if (notes->few)
        grid_text(grid, 0,
                  "(few rounds: the intervals cover the ratio with %.0f %%, not 95 %%; verdicts on measured "
                  "times take 6 rounds, with fewer all are AMBIGUOUS)",
                  100 * notes->least);
    if (notes->without_floor) {
        char name[2 * TEXT_SIZE], unit[TEXT_SIZE], variant[TEXT_SIZE];
        snprintf(name, sizeof name, "%s, %s", unit_of(notes->without_floor, unit),
                 variant_of(notes->without_floor, variant));
        table_floor_reason(name, notes->without_floor, notes->more_without_floor, grid);
    }
    if (notes->bytes && notes->platforms > 1)
        grid_text(grid, 0,
                  "(platforms are compared by runs without --compare: a baseline is what variants of its own "
                  "platform are held against)");
    grid_text(grid, 0,
              "(ratio: the baseline's time over the variant's, of measured ones the median over rounds of "
              "each round's ratio; more than 1 is faster; A/A control: the baseline once more, which shows "
              "what equals differ by%s)",
              notes->kept
                  ? "; bytes: kept from forward to backward; GB/s: of all that the pass reads and writes"
              : notes->bytes ? "; bytes: measured: across the borders of kernels; modelled: over off-chip "
                               "memory in the device's formats, where its model has that"
                             : "");
}

bool table_comparison(const struct view *view, int index, struct grid *grid)
{
    struct notes notes = {.least = 1};
    const json_t *last = NULL;
    size_t i;
    json_t *record;
    grid_init(grid, columns, sizeof columns / sizeof *columns);
    json_array_foreach(view->set->records, i, record)
    {
        if (!record_text(record, "compare.role") || !record_of_workload(record, &view->workloads[index]))
            continue;
        if (!last || !same_text(record, last, "platform") || !same_text(record, last, "device")) {
            notes.platforms++;
            grid_text(grid, 0, "%s:%s, %s", record_text(record, "platform"), record_text(record, "device"),
                      record_text(record, "provenance"));
        }
        row(record, grid);
        notes_add(record, &notes);
        last = record;
    }
    if (last)
        notes_print(&notes, grid);
    return last != NULL;
}
