/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef BENCH_CLI_H
#define BENCH_CLI_H

#include <stdint.h>

#include "bench/compare.h"
#include "kernels/kernel.h"
#include "mamba/graph.h"
#include "mamba/plan.h"
#include "platforms/platform.h"

enum command {
    COMMAND_RUN,
    COMMAND_LIST,
    COMMAND_CHECK,
    COMMAND_EVAL,
    COMMAND_VALIDATE,
    COMMAND_REPORT,
    COMMAND_COUNT
};

enum output_format { FORMAT_TABLE, FORMAT_JSON, FORMAT_CSV, FORMAT_GBENCH };

enum { MAX_SELECTED = 32 };

/* A comma-separated list, split. */
struct selection {
    int count;
    char *items[MAX_SELECTED + 1]; /* null-terminated */
    char *text;
};

/* The command line, parsed and checked as far as its words go. Strings point into argv or selections. */
/* Of --seqlen: each a workload of its own. */
struct lengths {
    int64_t values[MAX_SELECTED];
    int count;
};

struct arguments {
    enum command command;
    bool help, version;
    struct selection platforms; /* P or P:DEVICE each */
    const char *model, *checkpoint;
    struct selection phases, stages;
    int64_t batch;
    struct lengths seqlens; /* none: the model's own */
    int64_t check_seqlen;   /* 0: drawn */
    int64_t layers;         /* 0: all */
    struct plan_choices choices;
    enum isa isa;
    bool isa_given, precision_given;
    int threads; /* 0: one a core */
    enum cache_mode cache;
    int repetitions;
    double min_time_s; /* of one repetition */
    uint64_t seed;
    bool all_logits;
    bool keep_denormals;
    enum comparison compare;
    const char *compare_word;              /* as given: the name of a device's option, too */
    const char *options[MAX_SELECTED + 1]; /* of --set, null-terminated */
    int n_options;
    const char *out;
    enum output_format format;
    const char *reference, *images, *labels, *device;
    int n_operands; /* words after the options */
    char **operands;
};

/* Parses argv. On failure the error is one line. */
bool cli_parse(int argc, char **argv, struct arguments *arguments, struct error *error);
void cli_free(struct arguments *arguments);
/* The help of a command (COMMAND_RUN: of the program). */
void cli_help(enum command command);
void cli_version(void);
/* The line of an error, on stderr. */
void cli_complain(const struct error *error);

/* The command's own functions, each in bench/cmd_<command>.c; they return the exit status and leave the
 * line for the user in error. */
enum status command_run(const struct arguments *arguments, struct error *error);
enum status command_list(const struct arguments *arguments, struct error *error);
enum status command_check(const struct arguments *arguments, struct error *error);
enum status command_eval(const struct arguments *arguments, struct error *error);
enum status command_validate(const struct arguments *arguments, struct error *error);
enum status command_report(const struct arguments *arguments, struct error *error);

#endif
