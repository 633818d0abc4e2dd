/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "bench/processors.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "platforms/cpu/team.h"

static double clock_s(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

bool processors_read(const char *stat, struct processor_time *now)
{
    const cpu_set_t *ours = team_start_affinity();
    const double tick_s = 1.0 / (double)sysconf(_SC_CLK_TCK);
    FILE *file = fopen(stat ? stat : "/proc/stat", "re");
    char line[512];
    int processors = 0;
    *now = (struct processor_time){0};
    while (file && fgets(line, sizeof line, file)) {
        unsigned processor;
        double user, nice, system, idle, waiting, interrupts, soft_interrupts, stolen;
        /* The first line, "cpu  ", is the sum of all. */
        if (strncmp(line, "cpu", 3) || line[3] < '0' || line[3] > '9' ||
            sscanf(line, "cpu%u %lf %lf %lf %lf %lf %lf %lf %lf", &processor, &user, &nice, &system, &idle,
                   &waiting, &interrupts, &soft_interrupts, &stolen) != 9 ||
            processor >= CPU_SETSIZE || (ours && !CPU_ISSET((size_t)processor, ours)))
            continue;
        now->busy_s += (user + nice + system + interrupts + soft_interrupts + stolen) * tick_s;
        processors++;
    }
    if (file)
        fclose(file);
    now->all_s = clock_s(CLOCK_MONOTONIC) * processors;
    now->own_s = clock_s(CLOCK_PROCESS_CPUTIME_ID);
    return processors > 0 && now->busy_s > 0;
}

void processors_add(struct processor_time *sum, const struct processor_time *from,
                    const struct processor_time *to)
{
    sum->all_s += to->all_s - from->all_s;
    sum->busy_s += to->busy_s - from->busy_s;
    sum->own_s += to->own_s - from->own_s;
}

double processors_others(const struct processor_time *sum)
{
    static const double least_s = 0.5;
    if (sum->all_s < least_s)
        return -1;
    const double fraction = (sum->busy_s - sum->own_s) / sum->all_s;
    return fraction < 0 ? 0 : fraction < 1 ? fraction : 1;
}
