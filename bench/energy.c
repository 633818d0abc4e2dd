/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "bench/energy.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/sysfs.h"

static const char default_folder[] = "/sys/class/powercap";

struct domain {
    char name[64];
    char path[PATH_MAX]; /* of energy_uj */
    uint64_t range_uj, start_uj;
    bool in_total;
};

struct energy {
    struct domain domains[ENERGY_MAX_DOMAINS];
    int n_domains;
    bool started;
    struct timespec start;
};

static int depth(const char *zone)
{
    int colons = 0;
    for (; *zone; zone++)
        colons += *zone == ':';
    return colons;
}

/* True unless a path does not fit. */
static bool zone_path(char path[static PATH_MAX], const char *folder, const char *zone, const char *file)
{
    int length = snprintf(path, PATH_MAX, "%s/%s/%s", folder, zone, file);
    return length > 0 && length < PATH_MAX;
}

/* Zones are intel-rapl:<package>[:<part>], on AMD's processors too. intel-rapl-mmio is a second window on
 * the same counters. */
static int is_zone(const struct dirent *entry)
{
    return !strncmp(entry->d_name, "intel-rapl:", 11) && depth(entry->d_name) <= 2;
}

static bool read_domain(const char *folder, const char *zone, struct domain *domain, struct error *reason)
{
    char path[PATH_MAX], parent[64], parent_name[28];
    memset(domain, 0, sizeof *domain);
    if (!zone_path(path, folder, zone, "name") || !zone_path(domain->path, folder, zone, "energy_uj"))
        return error_set(reason, STATUS_UNAVAILABLE, "the path of %s is too long", zone);
    char name[28];
    if (!sysfs_read(path, name, sizeof name))
        return error_set(reason, STATUS_UNAVAILABLE, "cannot read %s: %s", path, strerror(errno));
    bool is_part = depth(zone) == 2;
    if (is_part) {
        snprintf(parent, sizeof parent, "%.*s", (int)(strrchr(zone, ':') - zone), zone);
        if (!zone_path(path, folder, parent, "name") || !sysfs_read(path, parent_name, sizeof parent_name))
            return error_set(reason, STATUS_UNAVAILABLE, "cannot read %s: %s", path, strerror(errno));
        snprintf(domain->name, sizeof domain->name, "%s/%s", parent_name, name);
    } else {
        snprintf(domain->name, sizeof domain->name, "%s", name);
    }
    domain->in_total = is_part ? !strcmp(name, "dram") : !strncmp(name, "package", 7);

    if (!sysfs_read_number(domain->path, &domain->start_uj)) {
        int why = errno;
        return error_set(reason, STATUS_UNAVAILABLE, "cannot read %s: %s%s", domain->path, strerror(why),
                         why == EACCES ? " (Linux lets only root read it; run as root or grant read access)"
                                       : "");
    }
    if (!zone_path(path, folder, zone, "max_energy_range_uj") || !sysfs_read_number(path, &domain->range_uj))
        return error_set(reason, STATUS_UNAVAILABLE, "cannot read %s: %s", path, strerror(errno));
    return true;
}

static bool read_domains(struct energy *energy, const char *folder, struct dirent **zones, int n,
                         struct error *reason)
{
    bool any_total = false;
    if (n > ENERGY_MAX_DOMAINS)
        return error_set(reason, STATUS_UNAVAILABLE, "%s has %d energy zones, at most %d are supported",
                         folder, n, ENERGY_MAX_DOMAINS);
    /* One zone that cannot be read spoils all: a total without it would be too low. */
    for (int i = 0; i < n; i++) {
        if (!read_domain(folder, zones[i]->d_name, &energy->domains[i], reason))
            return false;
        any_total = any_total || energy->domains[i].in_total;
    }
    energy->n_domains = n;
    return any_total || error_set(reason, STATUS_UNAVAILABLE, "%s has no RAPL package zone", folder);
}

struct energy *energy_open(const char *folder, struct error *reason)
{
    if (!folder)
        folder = default_folder;
    struct dirent **zones;
    int n = scandir(folder, &zones, is_zone, alphasort);
    if (n < 0) {
        error_set(reason, STATUS_UNAVAILABLE, "cannot read %s: %s", folder, strerror(errno));
        return NULL;
    }
    struct energy *energy = calloc(1, sizeof *energy);
    if (!energy)
        error_set(reason, STATUS_FAILED, "out of memory for energy counters");
    else if (!read_domains(energy, folder, zones, n, reason)) {
        free(energy);
        energy = NULL;
    }
    for (int i = 0; i < n; i++)
        free(zones[i]);
    free(zones);
    return energy;
}

void energy_close(struct energy *energy)
{
    free(energy);
}

bool energy_start(struct energy *energy, struct error *error)
{
    energy->started = false;
    for (int i = 0; i < energy->n_domains; i++) {
        struct domain *domain = &energy->domains[i];
        if (!sysfs_read_number(domain->path, &domain->start_uj))
            return error_set(error, STATUS_FAILED, "cannot read %s: %s", domain->path, strerror(errno));
    }
    clock_gettime(CLOCK_MONOTONIC, &energy->start);
    energy->started = true;
    return true;
}

bool energy_stop(struct energy *energy, struct energy_reading *reading, struct error *error)
{
    memset(reading, 0, sizeof *reading);
    if (!energy->started)
        return error_set(error, STATUS_USAGE, "energy_stop without energy_start");
    energy->started = false;
    struct timespec stop;
    clock_gettime(CLOCK_MONOTONIC, &stop);
    reading->time_s =
        (double)(stop.tv_sec - energy->start.tv_sec) + (double)(stop.tv_nsec - energy->start.tv_nsec) * 1e-9;
    for (int i = 0; i < energy->n_domains; i++) {
        struct domain *domain = &energy->domains[i];
        uint64_t now_uj, used_uj;
        if (!sysfs_read_number(domain->path, &now_uj))
            return error_set(error, STATUS_FAILED, "cannot read %s: %s", domain->path, strerror(errno));
        if (now_uj >= domain->start_uj)
            used_uj = now_uj - domain->start_uj;
        else if (domain->start_uj <= domain->range_uj)
            used_uj = domain->range_uj - domain->start_uj + now_uj;
        else
            return error_set(error, STATUS_FAILED, "%s fell from %llu to %llu, above its range of %llu",
                             domain->path, (unsigned long long)domain->start_uj, (unsigned long long)now_uj,
                             (unsigned long long)domain->range_uj);
        struct energy_domain *out = &reading->domains[reading->n_domains++];
        memcpy(out->name, domain->name, sizeof out->name);
        out->joule = (double)used_uj * 1e-6;
        out->in_total = domain->in_total;
        if (domain->in_total)
            reading->joule += out->joule;
    }
    return true;
}

json_t *energy_json(const struct energy_reading *reading)
{
    json_t *domains = json_object();
    for (int i = 0; i < reading->n_domains; i++)
        json_object_set_new(domains, reading->domains[i].name, json_real(reading->domains[i].joule));
    return json_pack("{s:f, s:s, s:s, s:f, s:o}", "joule", reading->joule, "method", "rapl", "note",
                     "whole packages and their DRAM, whatever ran there", "time_s", reading->time_s,
                     "domains", domains);
}
