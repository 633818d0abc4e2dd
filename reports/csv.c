/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <string.h>

#include "reports/text.h"
#include "reports/view.h"

static const struct {
    const char *name, *path;
    size_t index; /* of a list */
} columns[] = {
    {"id", "id", 0},
    {"model", "model", 0},
    {"phase", "phase", 0},
    {"batch", "batch", 0},
    {"seqlen", "seqlen", 0},
    {"context", "context", 0},
    {"platform", "platform", 0},
    {"device", "device", 0},
    {"provenance", "provenance", 0},
    {"scope", "scope", 0},
    {"stage", "stage", 0},
    {"in_plan", "in_plan", 0},
    {"repeats", "repeats", 0},
    {"kernel", "kernel", 0},
    {"isa", "isa", 0},
    {"precision", "plan.precision", 0},
    {"fusion", "plan.fusion", 0},
    {"scan", "plan.scan", 0},
    {"recompute", "plan.recompute", 0},
    {"threads", "threads", 0},
    {"cache", "cache", 0},
    {"time_s", "time_s.median", 0},
    {"time_ci95_low_s", "time_s.ci95", 0},
    {"time_ci95_high_s", "time_s.ci95", 1},
    {"time_min_s", "time_s.min", 0},
    {"time_samples", "time_s.n", 0},
    {"cycles", "cycles", 0},
    {"compute_s", "breakdown.compute_s", 0},
    {"memory_s", "breakdown.memory_s", 0},
    {"link_s", "breakdown.link_s", 0},
    {"overhead_s", "breakdown.overhead_s", 0},
    {"multiplies", "work.mul", 0},
    {"adds", "work.add", 0},
    {"exponentials", "work.exp", 0},
    {"logarithms", "work.log", 0},
    {"divisions", "work.div", 0},
    {"bytes_read", "work.bytes_read", 0},
    {"bytes_written", "work.bytes_written", 0},
    {"onchip_bytes", "work.onchip_bytes", 0},
    {"off_chip_bytes", "work.off_chip_bytes", 0},
    {"saved_bytes", "saved_bytes", 0},
    {"high_water_bytes", "high_water_bytes", 0},
    {"working_bytes", "working_bytes", 0},
    {"preparation_s", "preparation.time_s", 0},
    {"preparation_bytes", "preparation.bytes", 0},
    {"fill_cycles", "ports.fill_cycles", 0},
    {"compute_cycles", "ports.compute_cycles", 0},
    {"stall_cycles", "ports.stall_cycles", 0},
    {"drain_cycles", "ports.drain_cycles", 0},
    {"port_in_bytes", "ports.in.bytes", 0},
    {"port_out_bytes", "ports.out.bytes", 0},
    {"gflop_per_s", "rate.gflop_per_s", 0},
    {"gbyte_per_s", "rate.gbyte_per_s", 0},
    {"tokens_per_s", "rate.tokens_per_s", 0},
    {"roofline_fraction", "rate.roofline_fraction", 0},
    {"roofline_limit", "rate.roofline_limit", 0},
    {"joule", "energy.joule", 0},
    {"joule_per_token", "energy.joule_per_token", 0},
    {"energy_method", "energy.method", 0},
    {"error_max_abs", "error.max_abs", 0},
    {"error_rel_l2", "error.rel_l2", 0},
    {"error_reference", "error.reference", 0},
    {"error_reason", "error_reason", 0},
    {"compare", "compare.what", 0},
    {"variant", "compare.variant", 0},
    {"role", "compare.role", 0},
    {"baseline", "compare.baseline", 0},
    {"ratio", "compare.ratio", 0},
    {"ratio_ci95_low", "compare.ci95", 0},
    {"ratio_ci95_high", "compare.ci95", 1},
    {"verdict", "compare.verdict", 0},
    {"skipped", "skipped", 0},
    {"note", "note", 0},
    {"environment", "environment", 0},
    {"repro", "repro", 0},
};

static void write_text(FILE *out, const char *text)
{
    /* A spreadsheet takes a cell that begins like this for a formula and runs it. */
    bool formula = text[0] && strchr("=+-@\t\r", text[0]);
    if (!formula && !text[strcspn(text, ",\"\r\n")]) {
        fputs(text, out);
        return;
    }
    fputs(formula ? "\"'" : "\"", out);
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

static void write_value(FILE *out, size_t index, const json_t *value)
{
    char text[TEXT_SIZE];
    if (json_is_array(value))
        value = json_array_get(value, index);
    if (json_is_string(value))
        write_text(out, json_string_value(value));
    else if (json_is_integer(value))
        fprintf(out, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value))
        fputs(format_exact(json_real_value(value), text), out);
    else if (json_is_boolean(value))
        fputs(json_is_true(value) ? "true" : "false", out);
}

bool report_csv(const struct record_set *set, FILE *out, struct error *error)
{
    enum { N_COLUMNS = sizeof columns / sizeof *columns };
    size_t i;
    json_t *record;
    for (int c = 0; c < N_COLUMNS; c++)
        fprintf(out, "%s%s", c ? "," : "", columns[c].name);
    fputs("\r\n", out);
    json_array_foreach(set->records, i, record)
    {
        for (int c = 0; c < N_COLUMNS; c++) {
            if (c)
                fputc(',', out);
            write_value(out, columns[c].index, record_get(record, columns[c].path));
        }
        fputs("\r\n", out);
    }
    return ferror(out) ? error_set(error, STATUS_FAILED, "report csv: cannot be written") : true;
}
