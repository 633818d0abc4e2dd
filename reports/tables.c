/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "reports/tables.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/text.h"

enum unit_column {
    UNIT_NAME,
    UNIT_REPEATS,
    UNIT_TIME,
    UNIT_SPREAD,
    UNIT_SHARE,
    UNIT_GFLOP,
    UNIT_GBYTE,
    UNIT_FLOOR,
    UNIT_ERROR,
    UNIT_KERNEL
};

static const struct grid_column unit_columns[] = {
    [UNIT_NAME] = {"unit", false, 15},   [UNIT_REPEATS] = {"times", true, 0},
    [UNIT_TIME] = {"time", true, 0},     [UNIT_SPREAD] = {"-/+ %", true, 0},
    [UNIT_SHARE] = {"share %", true, 0}, [UNIT_GFLOP] = {"GFLOP/s", true, 0},
    [UNIT_GBYTE] = {"GB/s", true, 0},    [UNIT_FLOOR] = {"floor %", true, 0},
    [UNIT_ERROR] = {"rel. L2", true, 0}, [UNIT_KERNEL] = {"kernel", false, 16},
};

enum platform_column {
    PLATFORM_NAME,
    PLATFORM_TIME,
    PLATFORM_SPREAD,
    PLATFORM_TOKENS,
    PLATFORM_JOULE,
    PLATFORM_METHOD,
    PLATFORM_SPEEDUP,
    PLATFORM_BASIS
};

static const struct grid_column platform_columns[] = {
    [PLATFORM_NAME] = {"platform", false, 14},  [PLATFORM_TIME] = {"time", true, 0},
    [PLATFORM_SPREAD] = {"-/+ %", true, 0},     [PLATFORM_TOKENS] = {"tokens/s", true, 0},
    [PLATFORM_JOULE] = {"J/token", true, 0},    [PLATFORM_METHOD] = {"by", false, 0},
    [PLATFORM_SPEEDUP] = {"speed-up", true, 0}, [PLATFORM_BASIS] = {"provenance", false, 0},
};

/* How far the 95 % interval of the median reaches below and above it. One sample has none. */
static void time_cells(struct grid *grid, int time_column, const struct result *result)
{
    char text[TEXT_SIZE], below[TEXT_SIZE], above[TEXT_SIZE];
    grid_cell(grid, time_column, format_unit(result->time_s, "s", text));
    if (isnan(result->low_s) || record_number(result->record, "time_s.n") < 2)
        return;
    snprintf(text, sizeof text, "%.20s/%.20s",
             format_percent(100 * (result->time_s - result->low_s) / result->time_s, below),
             format_percent(100 * (result->high_s - result->time_s) / result->time_s, above));
    grid_cell(grid, time_column + 1, text);
}

static void energy_cells(struct grid *grid, int joule_column, const struct result *result)
{
    char text[TEXT_SIZE];
    const char *method = record_text(result->record, "energy.method");
    double joule = record_number(result->record, "energy.joule_per_token");
    if (isnan(joule) || !method)
        return;
    const char *note = record_text(result->record, "energy.note");
    const bool bound = note && !strncmp(note, "lower bound", strlen("lower bound"));
    char value[TEXT_SIZE];
    snprintf(text, sizeof text, "%s%.40s", bound ? "> " : "", format_unit(joule, "J", value));
    grid_cell(grid, joule_column, text);
    grid_cell(grid, joule_column + 1, text_clean(method, 20, text));
}

static void unit_row(const struct view *view, const struct result *result, int indent, struct grid *grid)
{
    if (result->skipped) {
        grid_text(grid, indent, "%s: skipped: %s", result->name, result->skipped);
        return;
    }
    char text[TEXT_SIZE];
    const struct series *series = &view->series[result->series];
    grid_row(grid, indent, false);
    grid_cell(grid, UNIT_NAME, result->name);
    if (result->scope != RESULT_MODEL && result->repeats != 1) {
        snprintf(text, sizeof text, "%.0f", result->repeats);
        grid_cell(grid, UNIT_REPEATS, text);
    }
    time_cells(grid, UNIT_TIME, result);
    if (result->part)
        grid_cell(grid, UNIT_SHARE,
                  format_percent(100 * result->time_s * result->repeats / series->parts_s, text));
    grid_cell(grid, UNIT_GFLOP, format_number(record_number(result->record, "rate.gflop_per_s"), text));
    grid_cell(grid, UNIT_GBYTE, format_number(record_number(result->record, "rate.gbyte_per_s"), text));
    grid_cell(grid, UNIT_FLOOR,
              format_percent(100 * record_number(result->record, "rate.roofline_fraction"), text));
    double error = record_number(result->record, "error.rel_l2");
    if (!isnan(error)) {
        snprintf(text, sizeof text, error > 0 ? "%.1e" : "%.0f", error);
        grid_cell(grid, UNIT_ERROR, text);
    }
    grid_cell(grid, UNIT_KERNEL, record_text(result->record, "kernel"));
}

/* A busy machine shows. */
static void noise_row(const struct view *view, int index, struct grid *grid)
{
    int noisy = 0;
    for (int i = 0; i < view->n_results; i++) {
        const struct result *result = &view->results[i];
        noisy += result->series == index && !result->replaced && !result->skipped &&
                 result->high_s - result->low_s > 0.2 * result->time_s;
    }
    if (noisy)
        grid_text(grid, 0,
                  noisy == 1 ? "(noisy: %d unit has an interval wider than 20 %% of its time)"
                             : "(noisy: %d units have an interval wider than 20 %% of their time)",
                  noisy);
}

/* Few repetitions give less than the 95 % that the interval is named for. */
static void coverage_row(const struct view *view, int index, struct grid *grid)
{
    int few = 0, one = 0;
    double least = 1;
    for (int i = 0; i < view->n_results; i++) {
        const struct result *result = &view->results[i];
        const double coverage = record_number(result->record, "time_s.coverage");
        if (result->series != index || result->replaced || result->skipped || !(coverage < 0.95))
            continue;
        const bool single = record_number(result->record, "time_s.n") < 2;
        one += single;
        few += !single;
        least = !single && coverage < least ? coverage : least;
    }
    if (one)
        grid_text(grid, 0, "(one repetition: no interval)");
    if (few)
        grid_text(grid, 0, "(few repetitions: the -/+ intervals cover the median with %.0f %%, not 95 %%)",
                  100 * least);
}

static void sum_row(const struct view *view, const struct series *series, struct grid *grid)
{
    char text[TEXT_SIZE];
    if (series->parts == series->parts_skipped)
        return;
    grid_row(grid, 0, true);
    grid_cell(grid, UNIT_NAME, "sum");
    grid_cell(grid, UNIT_TIME, format_unit(series->parts_s, "s", text));
    grid_cell(grid, UNIT_SHARE, "100");
    if (series->parts_skipped > 0)
        grid_text(grid, 0, "(without the %d skipped)", series->parts_skipped);
    if (series->model < 0 || view->results[series->model].skipped)
        return;
    const double share = series->parts_s / view->results[series->model].time_s;
    const bool measured = !strcmp(record_text(series->record, "provenance"), "measured");
    grid_text(grid, 0, "(sum of time x times; %s %% of the model's own time%s)",
              format_percent(100 * share, text),
              share <= 1.1 ? ""
              : measured   ? ": disturbed, as nothing overlaps here"
                           : ", as units overlap");
}

static void preparation_row(const struct view *view, const struct series *series, struct grid *grid)
{
    char time[TEXT_SIZE];
    if (series->model < 0)
        return;
    const json_t *record = view->results[series->model].record;
    const double time_s = record_number(record, "preparation.time_s");
    if (time_s > 0)
        grid_text(grid, 0, "(weights packed once, in %s to %.3g GB, in none of these times)",
                  format_quantity(time_s, "s", time), record_number(record, "preparation.bytes") * 1e-9);
}

/* Parameters of the device that nobody published; of what is measured, those of its energy, which tables
 * give of the whole model. */
static void assumed_row(const struct view *view, int index, struct grid *grid)
{
    const bool measured = !strcmp(record_text(view->series[index].record, "provenance"), "measured");
    if (measured && view->series[index].model < 0)
        return;
    const json_t *names = NULL;
    char list[1024] = "", text[TEXT_SIZE];
    size_t i, used = 0;
    json_t *name;
    for (int r = 0; r < view->n_results && !names; r++)
        if (view->results[r].series == index && !view->results[r].replaced) {
            names = record_get(view->results[r].record, "assumed");
        }
    json_array_foreach(names, i, name)
    {
        if (used < sizeof list)
            used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "",
                                     text_clean(json_string_value(name), 60, text));
    }
    if (used)
        grid_text(grid, 0, "(%sassumed, not published: %s)", measured ? "J/token is a model's; " : "", list);
}

static bool lacks_error(const struct result *result, int series, const char *reason)
{
    const char *own = record_text(result->record, "error_reason");
    return result->series == series && !result->replaced && own && (!reason || !strcmp(own, reason));
}

/* A measured time without its error says why, once for each reason. */
static void reason_rows(const struct view *view, int index, struct grid *grid)
{
    if (strcmp(record_text(view->series[index].record, "provenance"), "measured") != 0)
        return;
    for (int i = 0; i < view->n_results; i++) {
        const char *reason = record_text(view->results[i].record, "error_reason");
        int first = 0, others = 0;
        while (first < i && !lacks_error(&view->results[first], index, reason))
            first++;
        if (first < i || !lacks_error(&view->results[i], index, NULL))
            continue;
        for (int j = i + 1; j < view->n_results; j++)
            others += lacks_error(&view->results[j], index, reason);
        char more[32] = "";
        if (others)
            snprintf(more, sizeof more, " and %d more", others);
        grid_text(grid, 0, "(no rel. L2 of %s%s: %s)", view->results[i].name, more, reason);
    }
}

/* On what data an error was taken that are not the run's. */
static void data_row(const struct view *view, const struct series *series, struct grid *grid)
{
    const char *data =
        series->model >= 0 ? record_text(view->results[series->model].record, "error.data") : NULL;
    if (data)
        grid_text(grid, 0, "(rel. L2 of the model: on %s)", data);
}

void table_floor_reason(const char *name, const json_t *record, int more, struct grid *grid)
{
    char others[48] = "";
    if (more)
        snprintf(others, sizeof others, more == 1 ? "; 1 more has none either" : "; %d more have none either",
                 more);
    grid_text(grid, 0, "(no floor %% of %s: %s%s)", name,
              record_text(record, "rate.roofline_fraction_reason"), others);
}

static void floor_row(const struct view *view, int index, struct grid *grid)
{
    const struct result *first = NULL;
    int more = 0;
    for (int i = 0; i < view->n_results; i++) {
        const struct result *result = &view->results[i];
        if (result->series != index || result->replaced ||
            !record_text(result->record, "rate.roofline_fraction_reason"))
            continue;
        more += first != NULL;
        first = first ? first : result;
    }
    if (first)
        table_floor_reason(first->name, first->record, more, grid);
}

void table_series(const struct view *view, int index, struct grid *grid)
{
    const struct series *series = &view->series[index];
    int n_alone = 0;
    grid_init(grid, unit_columns, sizeof unit_columns / sizeof *unit_columns);
    for (int i = 0; i < view->n_results; i++) {
        const struct result *result = &view->results[i];
        if (result->series != index || result->replaced)
            continue;
        if (result_alone(result))
            n_alone++;
        else if (result->scope <= RESULT_GROUP)
            unit_row(view, result, 0, grid);
    }
    sum_row(view, series, grid);
    for (int scope = RESULT_LAYER; scope <= RESULT_MODEL; scope++)
        for (int i = 0; i < view->n_results; i++) {
            const struct result *result = &view->results[i];
            if (result->series == index && !result->replaced && result->scope == (enum result_scope)scope)
                unit_row(view, result, 0, grid);
        }
    preparation_row(view, series, grid);
    reason_rows(view, index, grid);
    data_row(view, series, grid);
    floor_row(view, index, grid);
    noise_row(view, index, grid);
    assumed_row(view, index, grid);
    coverage_row(view, index, grid);
    if (n_alone == 0)
        return;
    grid_text(grid, 0, "timed alone; in the plan they are inside a fused group, so they are in no sum:");
    for (int i = 0; i < view->n_results; i++) {
        const struct result *result = &view->results[i];
        if (result->series == index && !result->replaced && result_alone(result))
            unit_row(view, result, 2, grid);
    }
}

/* What each platform's time costs: its precision, and the error of the whole model where it is known. */
static void cost_row(const struct view *view, int index, struct grid *grid)
{
    char text[1024];
    size_t used = 0;
    for (int i = 0; i < view->n_series; i++) {
        const struct series *series = &view->series[i];
        if (series->workload != index || !series_ranks(series) || view->results[series->model].skipped)
            continue;
        const json_t *record = view->results[series->model].record;
        const char *precision = record_text(record, "plan.precision");
        const double error = record_number(record, "error.rel_l2");
        char shown[TEXT_SIZE] = "not given";
        if (!isnan(error))
            snprintf(shown, sizeof shown, "%.1e", error);
        if (used < sizeof text)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%s %s, %s", used ? "; " : "",
                                     series->label, precision ? precision : "", shown);
    }
    if (used)
        grid_text(grid, 0, "(precision of projections and rel. L2 of the model: %s)", text);
}

bool table_platforms(const struct view *view, int index, struct grid *grid)
{
    const struct workload *workload = &view->workloads[index];
    bool any = false;
    grid_init(grid, platform_columns, sizeof platform_columns / sizeof *platform_columns);
    const struct series *baseline = workload->baseline >= 0 ? &view->series[workload->baseline] : NULL;
    for (int i = 0; i < view->n_series; i++) {
        const struct series *series = &view->series[i];
        if (series->workload != index || !series_ranks(series))
            continue;
        const struct result *result = &view->results[series->model];
        const char *provenance = record_text(series->record, "provenance");
        any = true;
        if (result->skipped) {
            grid_text(grid, 0, "%s: skipped: %s", series->label, result->skipped);
            continue;
        }
        char text[TEXT_SIZE];
        struct speedup speedup;
        grid_row(grid, 0, series == baseline);
        grid_cell(grid, PLATFORM_NAME, series->label);
        time_cells(grid, PLATFORM_TIME, result);
        grid_cell(grid, PLATFORM_TOKENS,
                  format_number(record_number(result->record, "rate.tokens_per_s"), text));
        energy_cells(grid, PLATFORM_JOULE, result);
        if (!view_speedup(view, series, &speedup)) {
            grid_cell(grid, PLATFORM_BASIS, provenance);
        } else if (series == baseline) {
            grid_cell(grid, PLATFORM_SPEEDUP, "1");
            snprintf(text, sizeof text, "%s, baseline", provenance);
            grid_cell(grid, PLATFORM_BASIS, text);
        } else {
            grid_cell(grid, PLATFORM_SPEEDUP, format_number(speedup.value, text));
            snprintf(text, sizeof text, "%s / %s", provenance, record_text(baseline->record, "provenance"));
            grid_cell(grid, PLATFORM_BASIS, text);
        }
    }
    cost_row(view, index, grid);
    if (any && !baseline)
        grid_text(grid, 0, "(no speed-up: the records hold no time of the whole model on the platform cpu)");
    return any;
}

enum stage_column {
    STAGE_NAME,
    STAGE_TIME,
    STAGE_SPREAD,
    STAGE_CYCLES,
    STAGE_ERROR,
    STAGE_SPEEDUP,
    STAGE_BASIS
};

static const struct grid_column stage_columns[] = {
    [STAGE_NAME] = {"unit, platform", false, 14}, [STAGE_TIME] = {"time", true, 0},
    [STAGE_SPREAD] = {"-/+ %", true, 0},          [STAGE_CYCLES] = {"cycles", true, 0},
    [STAGE_ERROR] = {"rel. L2", true, 0},         [STAGE_SPEEDUP] = {"speed-up", true, 0},
    [STAGE_BASIS] = {"provenance", false, 0},
};

static bool same_unit(const struct view *view, const struct result *result, const struct result *like)
{
    return !view->series[result->series].reference && result->workload == like->workload &&
           !result->replaced && !result->skipped && result->scope <= RESULT_GROUP &&
           strcmp(result->name, like->name) == 0;
}

static void stage_row(const struct view *view, const struct result *result, const struct result *baseline,
                      struct grid *grid)
{
    char text[TEXT_SIZE];
    const char *provenance = record_text(result->record, "provenance");
    const double cycles = record_number(result->record, "cycles"),
                 error = record_number(result->record, "error.rel_l2");
    grid_row(grid, 2, result == baseline);
    grid_cell(grid, STAGE_NAME, view->series[result->series].label);
    time_cells(grid, STAGE_TIME, result);
    if (!isnan(cycles)) {
        snprintf(text, sizeof text, "%.0f", cycles);
        grid_cell(grid, STAGE_CYCLES, text);
    }
    if (!isnan(error)) {
        snprintf(text, sizeof text, "%.1e", error);
        grid_cell(grid, STAGE_ERROR, text);
    }
    if (!baseline) {
        grid_cell(grid, STAGE_BASIS, provenance);
        return;
    }
    grid_cell(grid, STAGE_SPEEDUP, format_number(baseline->time_s / result->time_s, text));
    snprintf(text, sizeof text, result == baseline ? "%s, baseline" : "%s / %s", provenance,
             record_text(baseline->record, "provenance"));
    grid_cell(grid, STAGE_BASIS, text);
}

bool table_units(const struct view *view, int index, struct grid *grid)
{
    bool any = false;
    grid_init(grid, stage_columns, sizeof stage_columns / sizeof *stage_columns);
    for (int i = 0; i < view->n_series; i++)
        if (view->series[i].workload == index && series_ranks(&view->series[i]))
            return false;
    for (int i = 0; i < view->n_results; i++) {
        const struct result *result = &view->results[i], *baseline = NULL;
        int first = -1, count = 0;
        if (result->workload != index)
            continue;
        for (int j = 0; j < view->n_results; j++) {
            const struct result *other = &view->results[j];
            if (!same_unit(view, other, result))
                continue;
            first = first < 0 ? j : first;
            count++;
            if (!baseline && strcmp(record_text(other->record, "platform"), "cpu") == 0)
                baseline = other;
        }
        if (first != i || count < 2)
            continue;
        any = true;
        grid_text(grid, 0, "%s", result->name);
        for (int j = i; j < view->n_results; j++)
            if (same_unit(view, &view->results[j], result))
                stage_row(view, &view->results[j], baseline, grid);
    }
    return any;
}
