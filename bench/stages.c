/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "bench/stages.h"

#include <stdio.h>
#include <string.h>

/* All stages that the family fuses are in the graph, with the operands that it takes from them. */
static bool fuses_in(const struct kernel_family *family, const struct graph *graph)
{
    for (int i = 0; i < family->n_operands; i++) {
        char stage[64];
        const char *dot = family->operands[i].bind ? strchr(family->operands[i].bind, '.') : NULL;
        if (!dot)
            return false;
        snprintf(stage, sizeof stage, "%.*s", (int)(dot - family->operands[i].bind),
                 family->operands[i].bind);
        const int index = graph_stage(graph, stage);
        if (index < 0 || !kernel_operand(graph->stages[index].family, dot + 1))
            return false;
    }
    return true;
}

static void add(const struct kernel_family *family, struct stage_families *found)
{
    for (int i = 0; i < found->n; i++)
        if (found->families[i] == family)
            return;
    if (found->n < STAGE_MAX_FAMILIES)
        found->families[found->n++] = family;
}

bool stage_families(enum arch arch, const char *stage, struct stage_families *found, struct error *error)
{
    /* Together they have every stage. */
    static const char *const presets[] = {"mamba-130m", "mnist-mamba", "mamba2-130m"};
    *found = (struct stage_families){0};
    for (int p = 0; p < COUNT_OF(presets); p++) {
        struct model_shape shape;
        struct graph graph;
        if (!shape_preset(presets[p], &shape, error))
            return false;
        if (shape.arch != arch)
            continue;
        if (!graph_build(&shape, PHASE_TRAIN, 1, 1, true, &graph, error))
            return false;
        const int index = graph_stage(&graph, stage);
        if (index < 0)
            continue;
        add(graph.stages[index].family, found);
        for (int f = 0; kernel_families[f]; f++)
            if (family_covers(kernel_families[f], stage) && fuses_in(kernel_families[f], &graph))
                add(kernel_families[f], found);
    }
    return true;
}
