/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "mamba/memory.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static bool read_number(const char *folder, const char *name, uint64_t *number)
{
    char path[4200];
    snprintf(path, sizeof path, "/sys/fs/cgroup%s/%s", folder, name);
    FILE *file = fopen(path, "r");
    const bool found = file && fscanf(file, "%" SCNu64, number) == 1; /* "max" is no limit */
    if (file)
        fclose(file);
    return found;
}

static uint64_t system_available(void)
{
    FILE *file = fopen("/proc/meminfo", "r");
    char line[128];
    uint64_t kilobytes;
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "MemAvailable: %" SCNu64 " kB", &kilobytes) == 1) {
            fclose(file);
            return kilobytes * 1024;
        }
    if (file)
        fclose(file);
    return (uint64_t)sysconf(_SC_AVPHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* What `ulimit -v` leaves of the address space. */
static uint64_t address_space_left(void)
{
    struct rlimit limit;
    uint64_t pages = 0;
    if (getrlimit(RLIMIT_AS, &limit) || limit.rlim_cur == RLIM_INFINITY)
        return UINT64_MAX;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file && fscanf(file, "%" SCNu64, &pages) != 1)
        pages = 0;
    if (file)
        fclose(file);
    const uint64_t used = pages * (uint64_t)sysconf(_SC_PAGESIZE);
    return limit.rlim_cur > used ? limit.rlim_cur - used : 0;
}

static uint64_t smaller_of(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t memory_available(void)
{
    uint64_t available = smaller_of(system_available(), address_space_left());
    char line[4096], *folder = NULL;
    FILE *file = fopen("/proc/self/cgroup", "r");
    while (file && !folder && fgets(line, sizeof line, file))
        if (!strncmp(line, "0::/", 4))
            folder = line + 3;
    if (file)
        fclose(file);
    if (!folder)
        return available;
    folder[strcspn(folder, "\n")] = '\0';
    for (;;) {
        uint64_t limit, used;
        if (read_number(folder, "memory.max", &limit) && read_number(folder, "memory.current", &used))
            available = smaller_of(available, limit > used ? limit - used : 0);
        char *slash = strrchr(folder, '/');
        if (!slash)
            return available;
        *slash = '\0';
    }
}

bool memory_suffices(uint64_t bytes)
{
    return bytes < UINT64_C(64) << 20 || bytes < memory_available();
}
