/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "bench/cli.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef bool parse_fn(const char *option, const char *value, void *to, struct error *error);

static bool parse_text(const char *option, const char *value, void *to, struct error *error)
{
    if (!*value)
        return error_set(error, STATUS_USAGE, "--%s: empty", option);
    *(const char **)to = value;
    return true;
}

/* Of a text that is no integer in range: whether it is a number beyond any, also 1e99. */
static bool too_large(const char *value)
{
    char *end;
    const double number = strtod(value, &end);
    return end != value && !*end && number >= 0x1p63;
}

static bool parse_count(const char *option, const char *value, void *to, struct error *error)
{
    char *end;
    errno = 0;
    const long long number = strtoll(value, &end, 10);
    if ((errno || end == value || *end) && too_large(value))
        return error_set(error, STATUS_USAGE, "--%s %s: too large", option, value);
    if (errno || end == value || *end || number < 1)
        return error_set(error, STATUS_USAGE, "--%s %s: must be a whole number of at least 1", option, value);
    *(int64_t *)to = number;
    return true;
}

static bool parse_list(const char *option, const char *value, void *to, struct error *error)
{
    struct selection *list = to;
    if (list->text)
        return error_set(error, STATUS_USAGE, "--%s is given twice: separate its values with commas", option);
    list->text = strdup(value);
    if (!list->text)
        return error_set(error, STATUS_FAILED, "out of memory");
    char *rest = list->text;
    for (char *item; (item = strsep(&rest, ","));) {
        if (!*item)
            return error_set(error, STATUS_USAGE, "--%s %.60s: an empty name between the commas", option,
                             value);
        if (list->count == MAX_SELECTED)
            return error_set(error, STATUS_USAGE, "--%s: more than %d names", option, MAX_SELECTED);
        for (int i = 0; i < list->count; i++)
            if (!strcmp(list->items[i], item))
                return error_set(error, STATUS_USAGE, "--%s: %s is named twice", option, item);
        list->items[list->count++] = item;
    }
    return true;
}

static bool parse_counts(const char *option, const char *value, void *to, struct error *error)
{
    struct selection list = {0};
    struct lengths *lengths = to;
    bool ok = parse_list(option, value, &list, error);
    *lengths = (struct lengths){.count = list.count};
    for (int i = 0; i < list.count && ok; i++)
        ok = parse_count(option, list.items[i], &lengths->values[i], error);
    for (int i = 0; i < list.count && ok; i++)
        for (int j = 0; j < i && ok; j++)
            ok = lengths->values[i] != lengths->values[j] ||
                 error_set(error, STATUS_USAGE, "--%s: %lld is named twice", option,
                           (long long)lengths->values[i]);
    free(list.text);
    return ok;
}

static bool parse_small(const char *option, const char *value, void *to, struct error *error)
{
    int64_t number = 0;
    if (!parse_count(option, value, &number, error))
        return false;
    if (number > 4096)
        return error_set(error, STATUS_USAGE, "--%s %s: at most 4096", option, value);
    *(int *)to = (int)number;
    return true;
}

/* Beyond that no machine has the memory. */
static bool parse_length(const char *option, const char *value, void *to, struct error *error)
{
    if (!parse_count(option, value, to, error))
        return false;
    return *(int64_t *)to <= INT32_MAX ||
           error_set(error, STATUS_USAGE, "--%s %s: at most %d", option, value, INT32_MAX);
}

static bool parse_seed(const char *option, const char *value, void *to, struct error *error)
{
    char *end;
    errno = 0;
    const unsigned long long number = strtoull(value, &end, 0);
    const bool whole = !errno && end != value && !*end && *value != '-';
    if (!whole && too_large(value))
        return error_set(error, STATUS_USAGE, "--%s %s: too large: at most 18446744073709551615", option,
                         value);
    if (!whole)
        return error_set(error, STATUS_USAGE, "--%s %s: must be a whole number of at least 0", option, value);
    *(uint64_t *)to = number;
    return true;
}

static bool parse_seconds(const char *option, const char *value, void *to, struct error *error)
{
    char *end;
    const double number = strtod(value, &end);
    if (end == value || *end || !(number > 0) || number > 3600)
        return error_set(error, STATUS_USAGE, "--%s %s: must be seconds, more than 0 and at most 3600",
                         option, value);
    *(double *)to = number;
    return true;
}

static bool parse_flag(const char *option, const char *value, void *to, struct error *error)
{
    (void)option, (void)value, (void)error;
    *(bool *)to = true;
    return true;
}

static bool parse_precision(const char *option, const char *value, void *to, struct error *error)
{
    if (precision_parse(value, to))
        return true;
    char names[128] = "";
    for (int i = 0; i < PRECISION_COUNT; i++)
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", i ? ", " : "",
                 precision_name((enum precision)i));
    return error_set(error, STATUS_USAGE, "--%s %s: must be one of %s", option, value, names);
}

static bool parse_isa(const char *option, const char *value, void *to, struct error *error)
{
    char names[128] = "";
    for (int i = 0; i < ISA_COUNT; i++)
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", i ? ", " : "",
                 isa_name((enum isa)i));
    if (isa_parse(value, to))
        return true;
    return error_set(error, STATUS_USAGE, "--%s %s: must be one of %s", option, value, names);
}

static bool parse_cache(const char *option, const char *value, void *to, struct error *error)
{
    for (int mode = CACHE_WARM; mode <= CACHE_COLD; mode++)
        if (!strcmp(value, cache_mode_name((enum cache_mode)mode))) {
            *(enum cache_mode *)to = (enum cache_mode)mode;
            return true;
        }
    return error_set(error, STATUS_USAGE, "--%s %s: must be one of warm, weights-cold, cold", option, value);
}

static bool parse_denormals(const char *option, const char *value, void *to, struct error *error)
{
    *(bool *)to = !strcmp(value, "keep");
    return *(bool *)to || !strcmp(value, "flush") ||
           error_set(error, STATUS_USAGE, "--%s %s: must be flush or keep", option, value);
}

static bool parse_format(const char *option, const char *value, void *to, struct error *error)
{
    static const char *const names[] = {"table", "json", "csv", "gbench"};
    for (int i = 0; i < COUNT_OF(names); i++)
        if (!strcmp(value, names[i])) {
            *(enum output_format *)to = (enum output_format)i;
            return true;
        }
    return error_set(error, STATUS_USAGE, "--%s %s: must be one of table, json, csv, gbench", option, value);
}

static bool parse_table_or_json(const char *option, const char *value, void *to, struct error *error)
{
    if (!strcmp(value, "table") || !strcmp(value, "json"))
        return parse_format(option, value, to, error);
    return error_set(error, STATUS_USAGE, "--%s %s: must be table or json", option, value);
}

/* What is none of the words must be an option of every device of the run. */
static bool parse_compare(const char *option, const char *value, void *to, struct error *error)
{
    struct arguments *arguments = to;
    arguments->compare_word = value;
    arguments->compare = COMPARE_OPTION;
    for (int what = COMPARE_NOTHING + 1; what < COMPARE_OPTION; what++)
        if (!strcmp(value, comparison_name((enum comparison)what)))
            arguments->compare = (enum comparison)what;
    return *value || error_set(error, STATUS_USAGE, "--%s: empty", option);
}

static bool parse_setting(const char *option, const char *value, void *to, struct error *error)
{
    struct arguments *arguments = to;
    const char *equals = strchr(value, '=');
    if (!equals || equals == value || !equals[1])
        return error_set(error, STATUS_USAGE, "--%s %s: must be KEY=VALUE", option, value);
    if (arguments->n_options == MAX_SELECTED)
        return error_set(error, STATUS_USAGE, "--%s: given more than %d times", option, MAX_SELECTED);
    arguments->options[arguments->n_options++] = value;
    return true;
}

enum {
    RUN = 1 << COMMAND_RUN,
    LIST = 1 << COMMAND_LIST,
    CHECK = 1 << COMMAND_CHECK,
    EVAL = 1 << COMMAND_EVAL,
    VALIDATE = 1 << COMMAND_VALIDATE,
    REPORT = 1 << COMMAND_REPORT,
    ALL = (1 << COMMAND_COUNT) - 1
};

static const struct option_spec {
    const char *name;
    const char *value; /* its word in the help; null: takes none */
    unsigned commands;
    parse_fn *parse;
    size_t field;
    const char *help;
} specs[] = {
#define FIELD(name) offsetof(struct arguments, name)
    {"platform", "P[:DEVICE],...", RUN | EVAL, parse_list, FIELD(platforms),
     "what to run on; see 'list platforms' and 'list devices'"},
    {"model", "NAME", RUN, parse_text, FIELD(model), "a preset, with synthetic weights (default mamba-130m)"},
    {"checkpoint", "DIR", RUN | EVAL, parse_text, FIELD(checkpoint),
     "a Hugging Face folder: config.json, model.safetensors"},
    {"phase", "PHASE,...", RUN, parse_list, FIELD(phases), "prefill, decode, train (default the first two)"},
    {"batch", "B", RUN, parse_count, FIELD(batch), "sequences at once (default 1)"},
    {"seqlen", "L,...", RUN, parse_counts, FIELD(seqlens),
     "tokens of the prompt (default 512; a classifier's picture is one)"},
    {"seqlen", "L", CHECK, parse_length, FIELD(check_seqlen),
     "only a few shapes, all with so many tokens (default: many short ones)"},
    {"layers", "N", RUN, parse_count, FIELD(layers), "only the first N layers (default all)"},
    {"stage", "STAGE,...", CHECK, parse_list, FIELD(stages),
     "only kernels that compute one of these, or of that family; see 'list stages', 'list kernels'"},
    {"stage", "STAGE,...", RUN, parse_list, FIELD(stages),
     "only stages and groups that hold one of these (conv, conv+silu); also forward, backward, layer, model"},
    {"fusion", "F", RUN, parse_text, FIELD(choices.values[CHOICE_FUSION]),
     "none, conv-silu, scan, block, or a partition a+b,c+d (default conv-silu,scan)"},
    {"scan", "ALGORITHM", RUN | EVAL, parse_text, FIELD(choices.values[CHOICE_SCAN]),
     "sequential, blelloch, chunked[:N] or ssd[:N], N steps a chunk (default sequential, on the CPU ssd for "
     "Mamba-2)"},
    {"recompute", "R", RUN, parse_text, FIELD(choices.values[CHOICE_RECOMPUTE]),
     "of training: store, recompute (default) or checkpoint:K"},
    {"precision", "P", RUN | EVAL, parse_precision, FIELD(choices.precision),
     "of the projections: fp32 (default), fp64, bf16, fp16, int8, w8a8, w8a8-smooth, w8a8-hadamard,\n"
     "                              or fastmamba (convolution and SSM too); modelled devices have their own, "
     "without a CPU in the run it is refused"},
    {"isa", "LEVEL", RUN | CHECK | EVAL, parse_isa, FIELD(isa),
     "hold the CPU's kernels down to this level (scalar, avx2, avx512, amx, ...)"},
    {"threads", "T", RUN | EVAL, parse_small, FIELD(threads), "of the CPU (default one a core)"},
    {"cache", "MODE", RUN, parse_cache, FIELD(cache),
     "weights-cold (default): a repeated stage walks through the layers; warm: stays in one"},
    {"denormals", "MODE", RUN | CHECK | EVAL, parse_denormals, FIELD(keep_denormals),
     "flush (default): they count as zero; keep"},
    {"repetitions", "R", RUN, parse_small, FIELD(repetitions),
     "timed repetitions of everything (default 7, in comparisons 15)"},
    {"min-time", "S", RUN, parse_seconds, FIELD(min_time_s), "seconds of one repetition (default 0.05)"},
    {"seed", "N", RUN | CHECK, parse_seed, FIELD(seed),
     "of synthetic weights, tokens and test operands (default 1)"},
    {"all-logits", NULL, RUN, parse_flag, FIELD(all_logits), "the head sees every token, not only the last"},
    {"set", "KEY=VALUE", RUN | EVAL, parse_setting, 0, "an option of a modelled device; see 'list devices'"},
    {"compare", "WHAT", RUN, parse_compare, 0,
     "kernel, isa, threads, precision, fusion, scan, recompute, or an option of a modelled device:\n"
     "                              all of its variants in turns, each against the first"},
    {"out", "DIR", RUN | REPORT, parse_text, FIELD(out), "folder for records, figures and report.html"},
    {"format", "F", RUN, parse_format, FIELD(format), "table (default), json, csv or gbench"},
    {"format", "F", LIST | VALIDATE, parse_table_or_json, FIELD(format), "table (default) or json"},
    {"reference", "FILE", EVAL, parse_text, FIELD(reference), "safetensors with input_ids and logits"},
    {"images", "FILE", EVAL, parse_text, FIELD(images), "test images for a classifier (IDX, may be gzipped)"},
    {"labels", "FILE", EVAL, parse_text, FIELD(labels), "their labels (IDX, may be gzipped)"},
    {"device", "D", VALIDATE, parse_text, FIELD(device), "only this device (PLATFORM:DEVICE) or platform"},
    {"version", NULL, RUN, parse_flag, FIELD(version), "print the version"},
    {"help", NULL, ALL, parse_flag, FIELD(help), "this text"},
};

static const struct command_spec {
    const char *name, *usage, *summary;
    const char *epilogue;
} command_specs[COMMAND_COUNT] = {
    [COMMAND_RUN] = {"run", "[run] --platform P[:DEVICE],... [options]",
                     "time a model on platforms (default)",
                     "Examples:\n"
                     "  mamba-bench --platform cpu,leo2-model,fpga-model --model mamba-130m --seqlen 512 "
                     "--out results/a\n"
                     "  mamba-bench --platform cpu --phase decode --stage in_proj,out_proj --threads 1\n"
                     "  mamba-bench --platform fpga-model:fastmamba-vc709 --model mamba2-2.7b --format json\n"
                     "\n"
                     "Every number says whether it was measured, simulated, modelled or published, and what\n"
                     "it costs in exactness. Exit status: 0 done, 1 a check or comparison failed, 2 wrong\n"
                     "usage or bad input, 3 records not comparable, 4 nothing could be run here.\n"},
    [COMMAND_LIST] = {"list", "list [platforms|devices|models|stages|kernels|counters|parts] [--format json]",
                      "what there is, and what is missing", ""},
    [COMMAND_CHECK] = {"check", "check [--stage S,...] [--isa LEVEL] [--seed N]",
                       "every kernel against the float64 reference", ""},
    [COMMAND_EVAL] =
        {"eval", "eval --checkpoint DIR --reference FILE | --images FILE --labels FILE [options]",
         "error or accuracy of a whole model",
         "The reference holds input_ids and logits (and decode_ids, decode_logits). All three ways\n"
         "are compared: prefill, token by token, and prefill then decode.\n"},
    [COMMAND_VALIDATE] = {"validate", "validate [--device P[:D]] [--format json]",
                          "models against published figures", ""},
    [COMMAND_REPORT] = {"report", "report DIR... [--out DIR]", "tables, figures and page from records", ""},
};

void cli_help(enum command command)
{
    printf("Usage: mamba-bench %s\n\n", command_specs[command].usage);
    if (command == COMMAND_RUN) {
        printf("Benchmarks Mamba models: measured on this CPU, modelled on accelerators.\n\nCommands:\n");
        for (int i = 0; i < COMMAND_COUNT; i++)
            printf("  %-10s %s\n", command_specs[i].name, command_specs[i].summary);
        printf("'mamba-bench COMMAND --help' tells more. ");
    } else {
        printf("%c%s.\n\n", command_specs[command].summary[0] - 'a' + 'A',
               command_specs[command].summary + 1);
    }
    printf("Options%s:\n", command == COMMAND_RUN ? " of run" : "");
    for (int i = 0; i < COUNT_OF(specs); i++) {
        char name[64];
        if (!(specs[i].commands & 1u << command) || !specs[i].help)
            continue;
        snprintf(name, sizeof name, "--%s%s%s", specs[i].name, specs[i].value ? " " : "",
                 specs[i].value ? specs[i].value : "");
        printf("  %-27s %s\n", name, specs[i].help);
    }
    if (*command_specs[command].epilogue)
        printf("\n%s", command_specs[command].epilogue);
}

void cli_version(void)
{
    printf("mamba-bench %s\n", MAMBA_BENCH_VERSION);
}

void cli_complain(const struct error *error)
{
    fprintf(stderr, "mamba-bench: %s\n", error->text);
}

static bool find_command(int *argc, char ***argv, enum command *command, struct error *error)
{
    *command = COMMAND_RUN;
    if (*argc < 2 || (*argv)[1][0] == '-')
        return true;
    for (int i = 0; i < COMMAND_COUNT; i++)
        if (!strcmp((*argv)[1], command_specs[i].name)) {
            *command = (enum command)i;
            ++*argv;
            --*argc;
            return true;
        }
    return error_set(error, STATUS_USAGE, "no command '%s': use run, list, check, eval, validate or report",
                     (*argv)[1]);
}

/* An option may differ between commands; one that the command does not have is found too. */
static const struct option_spec *find_spec(const char *name, enum command command)
{
    const struct option_spec *found = NULL;
    for (int i = 0; i < COUNT_OF(specs); i++)
        if (!strcmp(specs[i].name, name) && (!found || specs[i].commands & 1u << command))
            found = &specs[i];
    return found;
}

static bool parse_options(int argc, char **argv, struct arguments *arguments, struct error *error)
{
    struct option options[COUNT_OF(specs) + 1] = {{0}};
    for (int i = 0; i < COUNT_OF(specs); i++)
        options[i] =
            (struct option){specs[i].name, specs[i].value ? required_argument : no_argument, NULL, i + 1};
    opterr = 0;
    optind = 1;
    for (;;) {
        const int before = optind;
        const int found = getopt_long(argc, argv, ":", options, NULL);
        if (found == -1)
            break;
        if (found == ':')
            return error_set(error, STATUS_USAGE, "%s needs a value: see 'mamba-bench %s --help'",
                             argv[optind - 1], command_specs[arguments->command].name);
        if (found == '?')
            return error_set(error, STATUS_USAGE, "no option '%s': see 'mamba-bench %s --help'",
                             argv[optind > before ? optind - 1 : before],
                             command_specs[arguments->command].name);
        const struct option_spec *spec = find_spec(options[found - 1].name, arguments->command);
        if (!(spec->commands & 1u << arguments->command))
            return error_set(error, STATUS_USAGE,
                             "--%s is not an option of '%s': see 'mamba-bench %s --help'", spec->name,
                             command_specs[arguments->command].name, command_specs[arguments->command].name);
        if (!strcmp(spec->name, "isa"))
            arguments->isa_given = true;
        if (!strcmp(spec->name, "precision"))
            arguments->precision_given = true;
        if (!spec->parse(spec->name, optarg, (char *)arguments + spec->field, error))
            return false;
    }
    arguments->n_operands = argc - optind;
    arguments->operands = argv + optind;
    return true;
}

bool cli_parse(int argc, char **argv, struct arguments *arguments, struct error *error)
{
    *arguments = (struct arguments){.batch = 1,
                                    .cache = CACHE_WEIGHTS_COLD,
                                    .min_time_s = 0.05,
                                    .seed = 1,
                                    .isa = (enum isa)(ISA_COUNT - 1)};
    if (!find_command(&argc, &argv, &arguments->command, error) ||
        !parse_options(argc, argv, arguments, error))
        return false;
    if (argc == 1 && arguments->command == COMMAND_RUN)
        arguments->help = true;
    if (arguments->help || arguments->version)
        return true;
    const bool takes_operands = arguments->command == COMMAND_LIST || arguments->command == COMMAND_REPORT;
    if (arguments->n_operands && !takes_operands)
        return error_set(error, STATUS_USAGE, "'%s': %s takes no such word, only options",
                         arguments->operands[0], command_specs[arguments->command].name);
    /* All else is the same whatever the algorithm; without it, long sequences fit. */
    if (arguments->compare == COMPARE_SCAN && !arguments->stages.count &&
        !parse_list("stage", "scan", &arguments->stages, error))
        return false;
    if (arguments->compare == COMPARE_SCAN && !arguments->phases.count &&
        !parse_list("phase", "prefill", &arguments->phases, error))
        return false;
    if (!arguments->repetitions)
        arguments->repetitions = arguments->compare ? 15 : 7;
    if (arguments->model && arguments->checkpoint)
        return error_set(error, STATUS_USAGE, "--model and --checkpoint exclude each other");
    if (arguments->command == COMMAND_RUN && !arguments->platforms.count)
        return error_set(error, STATUS_USAGE,
                         "--platform is missing: for example --platform cpu,leo2-model,fpga-model");
    return true;
}

void cli_free(struct arguments *arguments)
{
    free(arguments->platforms.text);
    free(arguments->phases.text);
    free(arguments->stages.text);
}
