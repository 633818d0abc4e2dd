/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/cli.h"
#include "bench/folder.h"
#include "reports/report.h"

/* Whether the one source is the output folder itself, which is then drawn again from its own records. */
static bool in_place(const struct arguments *arguments)
{
    struct stat source, out;
    char path[4608];
    snprintf(path, sizeof path, "%s/records.jsonl", arguments->out);
    if (arguments->n_operands != 1 || stat(path, &out))
        return false;
    if (!stat(arguments->operands[0], &source) && S_ISDIR(source.st_mode)) {
        snprintf(path, sizeof path, "%s/records.jsonl", arguments->operands[0]);
        if (stat(path, &source))
            return false;
    }
    return source.st_dev == out.st_dev && source.st_ino == out.st_ino;
}

static bool write_report(const struct arguments *arguments, const struct record_set *set, struct error *error)
{
    const bool again = in_place(arguments), existed = !access(arguments->out, F_OK);
    const bool ok = folder_create(arguments->out, error) &&
                    (again || folder_is_free(arguments->out, error)) &&
                    folder_report(arguments->out, set, !again, error);
    if (!ok && !existed)
        rmdir(arguments->out);
    return ok;
}

static volatile sig_atomic_t interrupted;

/* The figure in the making fails, and what was made of the report is removed. */
static void on_interrupt(int number)
{
    interrupted = 1;
    signal(number, SIG_DFL); /* a second one ends the program at once */
}

enum status command_report(const struct arguments *arguments, struct error *error)
{
    struct record_set set = {0};
    bool ok = arguments->n_operands > 0 ||
              error_set(error, STATUS_USAGE, "report: name at least one folder with a records.jsonl");
    for (int i = 0; i < arguments->n_operands && ok; i++)
        ok = record_set_load(arguments->operands[i], &set, error);
    ok = ok && report_table(&set, stdout, error);
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    for (int i = 0; i < COUNT_OF(signals) && arguments->out; i++)
        signal(signals[i], on_interrupt);
    if (ok && arguments->out && write_report(arguments, &set, error))
        printf("\nReport: %s/report.html\n", arguments->out);
    else if (interrupted)
        error_set(error, STATUS_FAILED, "interrupted");
    record_set_free(&set);
    return error->status;
}
