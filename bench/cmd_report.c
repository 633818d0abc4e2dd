/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <stdio.h>

#include "bench/cli.h"
#include "bench/folder.h"
#include "reports/report.h"

/* Of all that the page is made from. */
static bool write_records(const char *folder, const struct record_set *set, struct error *error)
{
    const json_t *const lists[] = {set->environments, set->records};
    struct record_file *file = folder_open_records(folder, error);
    bool ok = file != NULL;
    for (int l = 0; l < COUNT_OF(lists); l++)
        for (size_t i = 0; i < json_array_size(lists[l]) && ok; i++)
            ok = record_file_write(file, json_array_get(lists[l], i), error);
    return (!file || record_file_close(file, error)) && ok;
}

enum status command_report(const struct arguments *arguments, struct error *error)
{
    struct record_set set = {0};
    bool ok = arguments->n_operands > 0 ||
              error_set(error, STATUS_USAGE, "report: name at least one folder with a records.jsonl");
    for (int i = 0; i < arguments->n_operands && ok; i++)
        ok = record_set_load(arguments->operands[i], &set, error);
    ok = ok && report_table(&set, stdout, error);
    if (ok && arguments->out &&
        (ok = folder_create(arguments->out, error) && write_records(arguments->out, &set, error) &&
              folder_write_table(arguments->out, &set, error) && report_html(&set, arguments->out, error)))
        printf("\nReport: %s/report.html\n", arguments->out);
    record_set_free(&set);
    return error->status;
}
