/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "reports/gnuplot.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "reports/text.h"

extern char **environ;

/* The caller's environment, with the time zone in which cairo's date has a fixed length. */
static char **environment_make(void)
{
    size_t n = 0;
    while (environ[n])
        n++;
    char **copy = malloc((n + 2) * sizeof *copy);
    if (!copy)
        return NULL;
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (strncmp(environ[i], "TZ=", 3) != 0)
            copy[kept++] = environ[i];
    copy[kept++] = (char *)"TZ=UTC0";
    copy[kept] = NULL;
    return copy;
}

static int spawn(const char *folder, const char *script, FILE *messages, pid_t *child)
{
    posix_spawn_file_actions_t actions;
    char **environment = environment_make();
    if (!environment)
        return ENOMEM;
    int failure = posix_spawn_file_actions_init(&actions);
    if (!failure) {
        char *arguments[] = {(char *)"gnuplot", (char *)"--default-settings", (char *)script, NULL};
        failure = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", 0, 0);
        if (!failure)
            failure = posix_spawn_file_actions_adddup2(&actions, fileno(messages), STDOUT_FILENO);
        if (!failure)
            failure = posix_spawn_file_actions_adddup2(&actions, fileno(messages), STDERR_FILENO);
        if (!failure)
            failure = posix_spawn_file_actions_addchdir_np(&actions, folder);
        if (!failure)
            failure = posix_spawnp(child, "gnuplot", &actions, NULL, arguments, environment);
        posix_spawn_file_actions_destroy(&actions);
    }
    free(environment);
    return failure;
}

/* The first line that says something; gnuplot shows the offending line and a caret before it. */
static void first_message(FILE *messages, char *out)
{
    char line[512];
    out[0] = '\0';
    rewind(messages);
    while (fgets(line, sizeof line, messages)) {
        line[strcspn(line, "\n")] = '\0';
        if (strstr(line, "line ") || strstr(line, "annot"))
            text_clean(line, 60, out);
    }
}

/* cairo 1.16 writes the current time, whatever SOURCE_DATE_EPOCH says. */
static bool fix_date(const char *path)
{
    static const char key[] = "/CreationDate (D:";
    const char *epoch = getenv("SOURCE_DATE_EPOCH");
    time_t seconds = epoch ? (time_t)strtoll(epoch, NULL, 10) : 0;
    struct tm calendar;
    char date[32];
    if (!gmtime_r(&seconds, &calendar) || strftime(date, sizeof date, "%Y%m%d%H%M%S", &calendar) != 14)
        return false;
    FILE *file = fopen(path, "r+b");
    if (!file)
        return false;
    size_t matched = 0;
    int byte;
    while (matched < sizeof key - 1 && (byte = fgetc(file)) != EOF)
        matched = byte == key[matched] ? matched + 1 : byte == key[0];
    bool fixed = matched < sizeof key - 1;
    if (!fixed) {
        fseek(file, 0, SEEK_CUR);
        fixed = fwrite(date, 14, 1, file) == 1;
    }
    return fclose(file) == 0 && fixed;
}

bool gnuplot_run(const char *folder, const char *name, struct error *error)
{
    char script[64], message[TEXT_SIZE];
    snprintf(script, sizeof script, "%s.gp", name);
    FILE *messages = tmpfile();
    if (!messages)
        return error_set(error, STATUS_FAILED, "%s/%s: no temporary file: %s", folder, script,
                         strerror(errno));
    pid_t child;
    int status, failure = spawn(folder, script, messages, &child);
    if (!failure) {
        while (waitpid(child, &status, 0) < 0 && errno == EINTR)
            continue;
        /* What posix_spawn leaves behind where it cannot report a failed exec itself. */
        if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
            failure = ENOENT;
    }
    if (failure) {
        fclose(messages);
        if (failure == ENOENT)
            return error_set(
                error, STATUS_UNAVAILABLE,
                "gnuplot was not found, so no figure was drawn; the package gnuplot-nox brings it");
        return error_set(error, STATUS_FAILED, "%s/%s: gnuplot cannot be run: %s", folder, script,
                         strerror(failure));
    }
    first_message(messages, message);
    fclose(messages);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return error_set(error, STATUS_FAILED, "%s/%s: gnuplot failed: %s", folder, script,
                         message[0] ? message : "no message");
    char *pdf;
    if (asprintf(&pdf, "%s/%s.pdf", folder, name) < 0)
        return error_set(error, STATUS_FAILED, "%s/%s: out of memory", folder, script);
    bool fixed = fix_date(pdf);
    free(pdf);
    return fixed || error_set(error, STATUS_FAILED, "%s/%s.pdf: gnuplot left no readable PDF", folder, name);
}
