/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "platforms/platform.h"

#include <string.h>

#include "platforms/device.h"

extern const struct device_simulation mannix_fc_simulation;
const struct device_simulation *const device_simulations[] = {&mannix_fc_simulation, NULL};

extern const struct platform cpu_platform, leo2_model_platform, fpga_model_platform, fpga_rtl_platform;

const struct platform *const platforms[] = {&cpu_platform, &leo2_model_platform, &fpga_model_platform,
                                            &fpga_rtl_platform, NULL};

const struct platform *platform_find(const char *name)
{
    for (int i = 0; platforms[i]; i++)
        if (!strcmp(platforms[i]->name, name))
            return platforms[i];
    return NULL;
}

const char *provenance_name(enum provenance provenance)
{
    static const char *const names[] = {"measured", "simulated", "modelled", "published"};
    return names[provenance];
}

const char *cache_mode_name(enum cache_mode mode)
{
    static const char *const names[] = {"warm", "weights-cold", "cold"};
    return names[mode];
}

const char *scope_name(enum scope scope)
{
    static const char *const names[] = {"stage", "group", "layer", "model"};
    return names[scope];
}

bool platform_plan(const struct platform *platform, const struct graph *graph, struct plan_choices choices,
                   struct plan *plan, struct error *error)
{
    /* FastMamba's scan is the hardware's, step by step. */
    if (!choices.values[CHOICE_SCAN] && platform->provenance == PROVENANCE_MEASURED &&
        choices.precision != PRECISION_FASTMAMBA)
        choices.values[CHOICE_SCAN] = scan_choice_default(graph);
    return plan_build(graph, choices, plan, error);
}

void unit_add_training(const struct task *task, struct unit *unit)
{
    const struct plan *plan = task->plan;
    const struct graph *graph = task->graph;
    if (graph->phase != PHASE_TRAIN)
        return;
    unit->saved_bytes = plan->saved_bytes;
    unit->repeated = plan->repeated;
    if (unit->scope == SCOPE_MODEL)
        return;
    /* All that is repeated stands in the layers, which are alike. */
    const uint64_t layers = (uint64_t)graph->shape.n_layer;
    unit->saved_bytes = 0;
    unit->repeated = (struct work){.mul = plan->repeated.mul / layers,
                                   .add = plan->repeated.add / layers,
                                   .exp = plan->repeated.exp / layers,
                                   .log = plan->repeated.log / layers,
                                   .div = plan->repeated.div / layers};
    for (int g = 0; g < plan->n_groups; g++)
        if (plan->groups[g].place == PLACE_LAYER)
            unit->saved_bytes += plan->groups[g].saved_bytes;
}
