/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <string.h>

#include "reports/text.h"
#include "reports/view.h"

static const struct {
    const char *name, *path;
} columns[] = {
    {"model", "model"},
    {"phase", "phase"},
    {"batch", "batch"},
    {"seqlen", "seqlen"},
    {"context", "context"},
    {"platform", "platform"},
    {"device", "device"},
    {"provenance", "provenance"},
    {"scope", "scope"},
    {"stage", "stage"},
    {"in_plan", "in_plan"},
    {"repeats", "repeats"},
    {"kernel", "kernel"},
    {"isa", "isa"},
    {"precision", "plan.precision"},
    {"fusion", "plan.fusion"},
    {"scan", "plan.scan"},
    {"recompute", "plan.recompute"},
    {"threads", "threads"},
    {"cache", "cache"},
    {"time_s", "time_s.median"},
    {"time_ci95_low_s", "time_s.ci95"},
    {"time_ci95_high_s", "time_s.ci95"},
    {"time_min_s", "time_s.min"},
    {"time_samples", "time_s.n"},
    {"cycles", "cycles"},
    {"compute_s", "breakdown.compute_s"},
    {"memory_s", "breakdown.memory_s"},
    {"link_s", "breakdown.link_s"},
    {"overhead_s", "breakdown.overhead_s"},
    {"multiplies", "work.mul"},
    {"adds", "work.add"},
    {"exponentials", "work.exp"},
    {"logarithms", "work.log"},
    {"divisions", "work.div"},
    {"bytes_read", "work.bytes_read"},
    {"bytes_written", "work.bytes_written"},
    {"onchip_bytes", "work.onchip_bytes"},
    {"gflop_per_s", "rate.gflop_per_s"},
    {"gbyte_per_s", "rate.gbyte_per_s"},
    {"tokens_per_s", "rate.tokens_per_s"},
    {"roofline_fraction", "rate.roofline_fraction"},
    {"roofline_limit", "rate.roofline_limit"},
    {"joule", "energy.joule"},
    {"joule_per_token", "energy.joule_per_token"},
    {"energy_method", "energy.method"},
    {"error_max_abs", "error.max_abs"},
    {"error_rel_l2", "error.rel_l2"},
    {"error_reference", "error.reference"},
    {"error_reason", "error_reason"},
    {"skipped", "skipped"},
    {"note", "note"},
    {"environment", "environment"},
    {"repro", "repro"},
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

static void write_value(FILE *out, const char *name, const json_t *value)
{
    char text[TEXT_SIZE];
    if (json_is_array(value))
        value = json_array_get(value, strcmp(name, "time_ci95_high_s") == 0);
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
            write_value(out, columns[c].name, record_get(record, columns[c].path));
        }
        fputs("\r\n", out);
    }
    return ferror(out) ? error_set(error, STATUS_FAILED, "report csv: cannot be written") : true;
}
