/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef BENCH_ENVIRONMENT_H
#define BENCH_ENVIRONMENT_H

#include <jansson.h>
#include <stdbool.h>

#include "mamba/error.h"

struct environment_options {
    bool anonymise; /* leave out what tells whose machine this is: host and user name, serial numbers */
};

/* Whether a user-mode emulator runs this program. Times taken then say nothing of a processor. */
bool environment_emulated(void);

/* The environment record: what the machine, its settings and this build are, as far as a process without
 * privileges can know. What cannot be had is null, with "<field>_reason" beside it.
 *
 * "id" is a hash of all but the volatile fields "time" and "now" (load, free memory, current clock).
 * "comparable_key" is a hash of environment_comparable. options may be null. Null on failure. */
json_t *environment_record(const struct environment_options *options, struct error *error);

/* The fields of a record that must agree before times of two runs may be compared, as one flat object from
 * path ("cpu.model_name") to value; a field that the record lacks is null. Processor, caches, how many
 * processors may be used, clock and memory settings, virtualisation, build type, sanitizers and denormal mode
 * are among them; host, compiler and revision are not, as these are what one compares. Null: out of memory.
 */
json_t *environment_comparable(const json_t *record);

/* The topology as hwloc's XML, which HWLOC_XMLFILE and lstopo read. The caller frees *xml. */
bool environment_topology_xml(const struct environment_options *options, char **xml, struct error *error);

#endif
