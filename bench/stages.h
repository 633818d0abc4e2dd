/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef BENCH_STAGES_H
#define BENCH_STAGES_H

#include "mamba/graph.h"

enum { STAGE_MAX_FAMILIES = 8 };

/* Families of kernels that compute the stage in models of that architecture, alone or fused with others: the
 * one that computes nothing else first. None where it has no such stage. */
struct stage_families {
    int n;
    const struct kernel_family *families[STAGE_MAX_FAMILIES];
};
bool stage_families(enum arch arch, const char *stage, struct stage_families *found, struct error *error);

#endif
