/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <locale.h>
#include <stdio.h>

#include "bench/cli.h"
#include "bench/denormals.h"

static enum status run_command(const struct arguments *arguments, struct error *error)
{
    switch (arguments->command) {
    case COMMAND_RUN:
        return command_run(arguments, error);
    case COMMAND_LIST:
        return command_list(arguments, error);
    case COMMAND_CHECK:
        return command_check(arguments, error);
    case COMMAND_EVAL:
        return command_eval(arguments, error);
    case COMMAND_VALIDATE:
        return command_validate(arguments, error);
    case COMMAND_REPORT:
        return command_report(arguments, error);
    case COMMAND_COUNT:
        break;
    }
    return STATUS_USAGE;
}

int main(int argc, char **argv)
{
    struct arguments arguments;
    struct error error = {0};
    enum status status = STATUS_OK;
    setlocale(LC_ALL, "C");
    bool ok = cli_parse(argc, argv, &arguments, &error);
    if (ok && arguments.version) {
        cli_version();
    } else if (ok && arguments.help) {
        cli_help(arguments.command);
    } else if (ok) {
        isa_limit(arguments.isa);
        denormals_flush(!arguments.keep_denormals);
        if (arguments.isa_given && !(isa_available() & 1u << arguments.isa))
            error_set(&error, STATUS_UNAVAILABLE, "--isa %s: this processor does not have it",
                      isa_name(arguments.isa));
        else
            status = run_command(&arguments, &error);
    }
    if (ok && (fflush(stdout) == EOF || ferror(stdout)))
        error_set(&error, STATUS_FAILED, "cannot write to standard output");
    if (error.status != STATUS_OK) {
        cli_complain(&error);
        status = error.status;
    }
    cli_free(&arguments);
    return (int)status;
}
