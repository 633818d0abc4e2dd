/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "mamba/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name, *fallback;
} choices_made[CHOICE_COUNT] = {
    [CHOICE_FUSION] = {"fusion", "conv-silu,scan"}, /* what Mamba's own kernels fuse */
    [CHOICE_SCAN] = {"scan", "sequential"},
    [CHOICE_RECOMPUTE] = {"recompute", "none"},
};

const char *plan_choice_name(enum plan_choice choice)
{
    return choices_made[choice].name;
}

struct plan_choices plan_fusing(const char *fusion, enum precision precision)
{
    return (struct plan_choices){{[CHOICE_FUSION] = fusion}, precision};
}

struct plan_choices plan_choices(const struct plan *plan)
{
    struct plan_choices choices = {.precision = plan->precision};
    for (int c = 0; c < CHOICE_COUNT; c++)
        choices.values[c] = plan->values[c];
    return choices;
}

static const struct {
    const char *name;
    enum arch arch;
    const char *stages;
} named_fusions[] = {
    {"conv-silu", ARCH_MAMBA1, "conv+silu"},
    {"conv-silu", ARCH_MAMBA2, "conv+silu"},
    {"scan", ARCH_MAMBA1, "softplus+discretize+scan+contract+skip+gate"},
    {"scan", ARCH_MAMBA2, "softplus+scan+skip"},
    {"block", ARCH_MAMBA1, "conv+silu,softplus+discretize+scan+contract+skip+gate"},
    {"block", ARCH_MAMBA2, "conv+silu+softplus+scan+skip+gate_norm"},
};

/* A lone stage name that is also a fusion's name means the fusion. */
static const char *expand(enum arch arch, const char *item)
{
    for (size_t i = 0; i < sizeof named_fusions / sizeof named_fusions[0]; i++)
        if (named_fusions[i].arch == arch && !strcmp(named_fusions[i].name, item))
            return named_fusions[i].stages;
    return item;
}

static bool assign_group(const struct graph *graph, const char *stages, int group, int *group_of,
                         struct error *error)
{
    char text[256];
    snprintf(text, sizeof text, "%s", stages);
    char *rest = text;
    for (char *name; (name = strsep(&rest, "+"));) {
        int stage = graph_stage(graph, name);
        if (!*name)
            return error_set(error, STATUS_USAGE, "--fusion: '%s' lacks a stage's name beside '+' or ','",
                             stages);
        if (stage < 0 && !strcmp(name, "none"))
            return error_set(error, STATUS_USAGE, "--fusion: 'none' stands alone, it fuses nothing");
        if (stage < 0)
            return error_set(error, STATUS_USAGE,
                             "--fusion: %s has no stage '%.40s' in %s (see 'mamba-bench list stages')",
                             arch_name(graph->shape.arch), name, phase_name(graph->phase));
        if (group_of[stage] >= 0)
            return error_set(error, STATUS_USAGE, "--fusion: stage '%s' is named twice", name);
        group_of[stage] = group;
    }
    return true;
}

static bool is_output(const struct stage_operand *operand)
{
    return operand->operand->role == OPERAND_OUTPUT;
}

/* Gradients of several parts of one tensor have a maker each. */
static bool makes(const struct graph *graph, int stage, int root)
{
    for (int o = 0; o < graph->stages[stage].n_operands; o++)
        if (is_output(&graph->stages[stage].operands[o]) &&
            tensor_root(graph, graph->stages[stage].operands[o].tensor) == root)
            return true;
    return false;
}

/* True when `to` reads what `from` makes. */
static bool feeds(const struct graph *graph, int from, int to)
{
    const struct stage *stage = &graph->stages[to];
    for (int o = 0; o < stage->n_operands && from != to; o++)
        if (!is_output(&stage->operands[o]) &&
            makes(graph, from, tensor_root(graph, stage->operands[o].tensor)))
            return true;
    return false;
}

static bool reads(const struct graph *graph, int stage, int root)
{
    for (int o = 0; o < graph->stages[stage].n_operands; o++) {
        const struct stage_operand *operand = &graph->stages[stage].operands[o];
        if (!is_output(operand) && tensor_root(graph, operand->tensor) == root)
            return true;
    }
    return false;
}

static bool in_group(const struct group *group, int stage)
{
    for (int i = 0; i < group->n_stages; i++)
        if (group->stages[i] == stage)
            return true;
    return false;
}

static void append_name(char *names, size_t size, const char *name)
{
    const size_t used = strlen(names);
    snprintf(names + used, size - used, "%s%s", used ? ", " : "", name);
}

static bool neighbours(const struct graph *graph, int a, int b)
{
    return feeds(graph, a, b) || feeds(graph, b, a);
}

/* Of the group's stages, those that its first is connected with through others of it. */
static void reach(const struct graph *graph, const struct group *group, bool *reached)
{
    reached[group->stages[0]] = true;
    for (bool grew = true; grew;) {
        grew = false;
        for (int i = 0; i < group->n_stages; i++)
            for (int j = 0; j < group->n_stages && !reached[group->stages[i]]; j++)
                if (reached[group->stages[j]] && neighbours(graph, group->stages[i], group->stages[j]))
                    reached[group->stages[i]] = grew = true;
    }
}

static int first_unreached(const struct group *group, const bool *reached)
{
    for (int i = 0; i < group->n_stages; i++)
        if (!reached[group->stages[i]])
            return group->stages[i];
    return -1;
}

/* Takes in the fewest stages that connect that one of the group with those reached, whichever way data flow.
 * False: none do. */
static bool take_way(const struct graph *graph, struct group *group, const bool *reached, int to)
{
    enum { UNKNOWN = GRAPH_MAX_STAGES };
    int missing[GRAPH_MAX_STAGES], next[GRAPH_MAX_STAGES], from = -1;
    for (int s = 0; s < graph->n_stages; s++)
        missing[s] = s == to ? 0 : UNKNOWN;
    for (bool shorter = true; shorter;) {
        shorter = false;
        for (int s = 0; s < graph->n_stages; s++)
            for (int by = 0; by < graph->n_stages; by++) {
                const int count = missing[by] + !in_group(group, s);
                if (count < missing[s] && graph->stages[s].place == group->place &&
                    graph->stages[s].backward == group->backward && neighbours(graph, s, by)) {
                    missing[s] = count;
                    next[s] = by;
                    shorter = true;
                }
            }
    }
    for (int s = 0; s < graph->n_stages; s++)
        if (reached[s] && missing[s] < UNKNOWN && (from < 0 || missing[s] < missing[from]))
            from = s;
    for (int s = from; s >= 0 && s != to; s = next[s])
        if (!in_group(group, s))
            group->stages[group->n_stages++] = s;
    return from >= 0;
}

/* The stages outside the group that it feeds, through others if need be, and that feed it. */
static void name_between(const struct graph *graph, const struct group *group, char *names, size_t size)
{
    bool after[GRAPH_MAX_STAGES] = {false}, before[GRAPH_MAX_STAGES] = {false};
    for (int i = 0; i < group->n_stages; i++)
        after[group->stages[i]] = before[group->stages[i]] = true;
    for (bool grew = true; grew;) {
        grew = false;
        for (int a = 0; a < graph->n_stages; a++)
            for (int b = 0; b < graph->n_stages; b++) {
                if (!feeds(graph, a, b))
                    continue;
                grew |= (after[a] && !after[b]) || (before[b] && !before[a]);
                after[b] |= after[a];
                before[a] |= before[b];
            }
    }
    for (int s = 0; s < graph->n_stages; s++)
        if (after[s] && before[s] && !in_group(group, s))
            append_name(names, size, graph->stages[s].name);
}

/* Says what the group lacks to be connected, and what it then lacks to close no cycle. */
static bool refuse_unconnected(const struct graph *graph, const struct group *group, int stage,
                               struct error *error)
{
    struct group joined = *group;
    char way[160] = "", between[160] = "";
    bool can_be = true;
    for (int to = stage; to >= 0 && can_be;) {
        bool reached[GRAPH_MAX_STAGES] = {false};
        reach(graph, &joined, reached);
        to = first_unreached(&joined, reached);
        can_be = to < 0 || take_way(graph, &joined, reached, to);
    }
    for (int s = 0; s < graph->n_stages && can_be; s++)
        if (in_group(&joined, s) && !in_group(group, s))
            append_name(way, sizeof way, graph->stages[s].name);
    if (can_be)
        name_between(graph, &joined, between, sizeof between);
    return error_set(error, STATUS_USAGE, "--fusion: %s is not connected with %s in the graph%s%s%s%s%s",
                     graph->stages[stage].name, graph->stages[group->stages[0]].name, *way ? ": with " : "",
                     way, *way ? " it would be" : "",
                     *between ? "; it must then hold, too, what lies between: " : "", between);
}

static bool group_connected(const struct graph *graph, const struct group *group, struct error *error)
{
    bool reached[GRAPH_MAX_STAGES] = {false};
    const struct stage *first = &graph->stages[group->stages[0]];
    for (int i = 1; i < group->n_stages; i++) {
        const struct stage *stage = &graph->stages[group->stages[i]];
        if (stage->backward != group->backward)
            return error_set(error, STATUS_USAGE,
                             "--fusion: %s is of the forward pass and %s of the backward pass", first->name,
                             stage->name);
        if (stage->place != group->place)
            return error_set(error, STATUS_USAGE, "--fusion: %s and %s do not stand in the same layer",
                             first->name, stage->name);
    }
    reach(graph, group, reached);
    const int stage = first_unreached(group, reached);
    return stage < 0 || refuse_unconnected(graph, group, stage, error);
}

void plan_stage_cost(const struct graph *graph, const struct plan *plan, const struct group *group, int stage,
                     struct scan_cost *cost)
{
    const int discretize = graph_stage(graph, "discretize");
    *cost = (struct scan_cost){.work = graph->stages[stage].work};
    if (!strcmp(graph->stages[stage].name, "scan"))
        scan_cost(graph, plan->scan, discretize < 0 || in_group(group, discretize), cost);
}

static bool made_in_group(const struct graph *graph, const struct group *group, int root)
{
    for (int i = 0; i < group->n_stages; i++)
        if (makes(graph, group->stages[i], root))
            return true;
    return false;
}

static bool is_kept_states(const struct stage *stage, const struct stage_operand *operand)
{
    return stage->backward && !strcmp(operand->operand->name, "states");
}

uint64_t plan_operand_bytes(const struct graph *graph, const struct plan *plan, const struct stage *stage,
                            const struct stage_operand *operand, double bytes_per_value)
{
    if (!is_kept_states(stage, operand))
        return stage_operand_bytes(graph, stage, operand, bytes_per_value);
    const int64_t values = graph->batch * plan->kept * graph->tensors[operand->tensor].columns;
    return (uint64_t)((double)values * bytes_per_value);
}

/* Bytes of `root`, made inside the group, that stages outside it read: each distinct view once. What is
 * carried to the next layer or leaves the model is read as a whole. */
static uint64_t bytes_leaving(const struct graph *graph, const struct plan *plan, const struct group *group,
                              int root, double value_bytes)
{
    const struct tensor *tensor = &graph->tensors[root];
    const uint64_t whole = (uint64_t)((double)tensor_elements(tensor) * value_bytes);
    bool counted[GRAPH_MAX_TENSORS] = {false};
    uint64_t bytes = 0;
    if (tensor->role == TENSOR_OUTPUT || tensor->role == TENSOR_WEIGHT_GRADIENT || tensor->overwrites >= 0)
        return whole;
    for (int s = 0; s < graph->n_stages; s++) {
        if (in_group(group, s))
            continue;
        for (int o = 0; o < graph->stages[s].n_operands; o++) {
            const struct stage_operand *operand = &graph->stages[s].operands[o];
            if (is_output(operand) || tensor_root(graph, operand->tensor) != root || counted[operand->tensor])
                continue;
            counted[operand->tensor] = true;
            bytes += plan_operand_bytes(graph, plan, &graph->stages[s], operand, value_bytes);
        }
    }
    return bytes < whole ? bytes : whole;
}

static bool is_projection(const struct stage *stage)
{
    return !strcmp(stage->family->name, "matmul");
}

/* Below fp32 a precision is that of the projections' weights; everything else moves as fp32. */
static double operand_value_bytes(const struct graph *graph, const struct stage *stage,
                                  const struct stage_operand *operand, enum precision precision)
{
    const bool projection = is_projection(stage) && graph->tensors[operand->tensor].role == TENSOR_WEIGHT &&
                            !strcmp(operand->operand->name, "weight");
    return projection || precision == PRECISION_FP64 ? precision_bytes(precision)
                                                     : precision_bytes(PRECISION_FP32);
}

static void count_group(const struct graph *graph, const struct plan *plan, struct group *group)
{
    const enum precision precision = plan->precision;
    bool counted[GRAPH_MAX_TENSORS] = {false};
    for (int i = 0; i < group->n_stages; i++) {
        const struct stage *stage = &graph->stages[group->stages[i]];
        struct scan_cost spent;
        plan_stage_cost(graph, plan, group, group->stages[i], &spent);
        work_add(&group->work, &stage->work, 1);
        work_add(&group->spent, &spent.work, 1);
        if (is_projection(stage))
            group->projection_ops += stage->work.mul + stage->work.add;
        for (int o = 0; o < stage->n_operands; o++) {
            const struct stage_operand *operand = &stage->operands[o];
            const int root = tensor_root(graph, operand->tensor);
            const double value_bytes = operand_value_bytes(graph, stage, operand, precision);
            const uint64_t bytes = plan_operand_bytes(graph, plan, stage, operand, value_bytes);
            if (counted[operand->tensor])
                continue;
            counted[operand->tensor] = true;
            if (is_output(operand)) {
                uint64_t leaving = bytes_leaving(graph, plan, group, root, value_bytes);
                leaving = leaving < bytes ? leaving : bytes; /* a part of what is made of root */
                group->bytes_written += leaving;
                group->onchip_bytes += bytes - leaving;
            } else if (graph->tensors[root].role == TENSOR_STATE) {
                group->state_bytes += bytes;
                group->bytes_read += bytes;
                group->bytes_written += bytes;
            } else if (graph->tensors[root].role == TENSOR_WEIGHT_GRADIENT) {
                group->bytes_read += bytes;
                group->bytes_written += bytes;
            } else if (!made_in_group(graph, group, root)) {
                group->bytes_read += bytes;
                if (graph->tensors[root].role == TENSOR_WEIGHT)
                    group->weight_bytes += bytes;
            }
        }
    }
}

/* Bytes of a tensor made inside the group that do not leave it. */
static uint64_t inner_bytes(const struct graph *graph, const struct plan *plan, const struct group *group,
                            const struct stage *stage, const struct stage_operand *operand)
{
    const double value_bytes = operand_value_bytes(graph, stage, operand, plan->precision);
    const uint64_t bytes = stage_operand_bytes(graph, stage, operand, value_bytes);
    const uint64_t leaving =
        bytes_leaving(graph, plan, group, tensor_root(graph, operand->tensor), value_bytes);
    return bytes - (leaving < bytes ? leaving : bytes);
}

/* Inner tensors are needed from the stage that makes them to the last that reads them. */
static void count_live(const struct graph *graph, const struct plan *plan, struct group *group)
{
    for (int now = 0; now < group->n_stages; now++) {
        uint64_t live = 0;
        for (int made = 0; made <= now; made++) {
            const struct stage *stage = &graph->stages[group->stages[made]];
            for (int o = 0; o < stage->n_operands; o++) {
                bool needed = made == now;
                for (int reader = now; reader < group->n_stages; reader++)
                    needed |=
                        reads(graph, group->stages[reader], tensor_root(graph, stage->operands[o].tensor));
                if (is_output(&stage->operands[o]) && needed)
                    live += inner_bytes(graph, plan, group, stage, &stage->operands[o]);
            }
        }
        group->live_bytes = live > group->live_bytes ? live : group->live_bytes;
    }
}

static void name_group(const struct graph *graph, struct group *group)
{
    size_t used = 0;
    for (int i = 0; i < group->n_stages && used < sizeof group->name; i++)
        used += (size_t)snprintf(group->name + used, sizeof group->name - used, "%s%s", i ? "+" : "",
                                 graph->stages[group->stages[i]].name);
}

/* Of the groups that cannot run, some only wait for the one at fault. */
static bool refuse_cycle(const struct graph *graph, const struct plan *plan, const bool *placed,
                         struct error *error)
{
    const struct group *other = NULL;
    for (int g = 0; g < plan->n_groups; g++) {
        char between[160] = "";
        if (placed[g] || plan->groups[g].n_stages == 1)
            continue;
        name_between(graph, &plan->groups[g], between, sizeof between);
        if (*between)
            return error_set(error, STATUS_USAGE,
                             "--fusion: %s closes a cycle: outside it, between its stages, lies %s",
                             plan->groups[g].name, between);
        other = &plan->groups[g];
    }
    return other
               ? error_set(error, STATUS_USAGE, "--fusion: %s closes a cycle with another group", other->name)
               : error_set(error, STATUS_FAILED, "the graph has a cycle");
}

/* Puts the groups into an order in which each runs after those that feed it, keeping the graph's order
 * where it is free. */
static bool order_groups(const struct graph *graph, struct plan *plan, struct error *error)
{
    struct group ordered[GRAPH_MAX_STAGES];
    bool done[GRAPH_MAX_STAGES] = {false}, placed[GRAPH_MAX_STAGES] = {false};
    for (int n = 0; n < plan->n_groups; n++) {
        int next = -1;
        for (int g = 0; g < plan->n_groups && next < 0; g++) {
            bool ready = !placed[g];
            for (int i = 0; i < plan->groups[g].n_stages && ready; i++)
                for (int s = 0; s < graph->n_stages && ready; s++)
                    ready = done[s] || in_group(&plan->groups[g], s) ||
                            !feeds(graph, s, plan->groups[g].stages[i]);
            if (ready)
                next = g;
        }
        if (next < 0)
            return refuse_cycle(graph, plan, placed, error);
        placed[next] = true;
        ordered[n] = plan->groups[next];
        for (int i = 0; i < ordered[n].n_stages; i++)
            done[ordered[n].stages[i]] = true;
    }
    memcpy(plan->groups, ordered, sizeof ordered[0] * (size_t)plan->n_groups);
    return true;
}

/* One group for each label; stages without one (-1) stand alone. */
static bool partition(const struct graph *graph, const int *label, struct plan *plan, struct error *error)
{
    int index_of[GRAPH_MAX_STAGES];
    for (int i = 0; i < GRAPH_MAX_STAGES; i++)
        index_of[i] = -1;
    for (int s = 0; s < graph->n_stages; s++) {
        int g = label[s] >= 0 ? index_of[label[s]] : -1;
        if (g < 0) {
            g = plan->n_groups++;
            plan->groups[g] =
                (struct group){.place = graph->stages[s].place, .backward = graph->stages[s].backward};
            if (label[s] >= 0)
                index_of[label[s]] = g;
        }
        plan->groups[g].stages[plan->groups[g].n_stages++] = s;
    }
    for (int g = 0; g < plan->n_groups; g++) {
        name_group(graph, &plan->groups[g]);
        if (!group_connected(graph, &plan->groups[g], error))
            return false;
        count_group(graph, plan, &plan->groups[g]);
        count_live(graph, plan, &plan->groups[g]);
    }
    return order_groups(graph, plan, error);
}

static bool label_fusion(const struct graph *graph, const char *fusion, int *label, struct error *error)
{
    int n_labels = 0;
    char text[PLAN_VALUE_SIZE];
    for (int s = 0; s < graph->n_stages; s++)
        label[s] = -1;
    if (!strcmp(fusion, "none"))
        return true;
    snprintf(text, sizeof text, "%s", fusion);
    char *rest = text;
    for (char *item; (item = strsep(&rest, ","));) {
        char groups[PLAN_VALUE_SIZE];
        snprintf(groups, sizeof groups, "%s", expand(graph->shape.arch, item));
        char *others = groups;
        for (char *group; (group = strsep(&others, ","));)
            if (!assign_group(graph, group, n_labels++, label, error))
                return false;
    }
    return true;
}

static bool check_choice(enum plan_choice choice, const char *value, struct error *error)
{
    return strlen(value) < PLAN_VALUE_SIZE ||
           error_set(error, STATUS_USAGE, "--%s: longer than %d characters", plan_choice_name(choice),
                     PLAN_VALUE_SIZE - 1);
}

/* What backward finds kept. The value was checked for its length. */
static bool choose_kept(const struct graph *graph, struct plan *plan, struct error *error)
{
    static const char checkpoint[] = "checkpoint:";
    const char *value = plan->values[CHOICE_RECOMPUTE];
    char *end = "";
    if (graph->phase != PHASE_TRAIN)
        return !strcmp(value, choices_made[CHOICE_RECOMPUTE].fallback) ||
               error_set(error, STATUS_USAGE, "--recompute %s: only --phase train has a backward pass",
                         value);
    plan->interval = graph->seqlen;
    if (!strcmp(value, "recompute"))
        return true;
    if (!strcmp(value, "store"))
        plan->interval = 1;
    else if (!strncmp(value, checkpoint, sizeof checkpoint - 1) && value[sizeof checkpoint - 1] >= '0' &&
             value[sizeof checkpoint - 1] <= '9')
        plan->interval = strtoll(value + sizeof checkpoint - 1, &end, 10);
    else
        return error_set(error, STATUS_USAGE, "--recompute %s: must be store, recompute or checkpoint:K",
                         value);
    if (*end || plan->interval < 1 || plan->interval > graph->seqlen)
        return error_set(error, STATUS_USAGE,
                         "--recompute %s: K must be a whole number from 1 to the sequence's length, %lld",
                         value, (long long)graph->seqlen);
    plan->kept = (graph->seqlen + plan->interval - 1) / plan->interval;
    return true;
}

static bool cheap_to_rebuild(const struct graph *graph, const struct group *group)
{
    static const char *const names[] = {"norm", "conv", "silu", "dt_proj"};
    for (int i = 0; i < group->n_stages; i++) {
        bool cheap = false;
        for (int n = 0; n < COUNT_OF(names); n++)
            cheap |= !strcmp(graph->stages[group->stages[i]].name, names[n]);
        if (!cheap)
            return false;
    }
    return true;
}

/* Whether a backward stage, or a group that is rebuilt for it, reads the tensor. */
static bool backward_reads(const struct graph *graph, const struct plan *plan, int root)
{
    for (int s = 0; s < graph->n_stages; s++)
        for (int o = 0; o < graph->stages[s].n_operands; o++) {
            const struct stage_operand *operand = &graph->stages[s].operands[o];
            if (graph->stages[s].backward && !is_output(operand) &&
                !is_kept_states(&graph->stages[s], operand) && tensor_root(graph, operand->tensor) == root)
                return true;
        }
    for (int g = 0; g < plan->n_groups; g++)
        for (int i = 0; plan->groups[g].rebuilt && i < plan->groups[g].n_stages; i++)
            if (reads(graph, plan->groups[g].stages[i], root) &&
                !made_in_group(graph, &plan->groups[g], root))
                return true;
    return false;
}

/* Times that the model keeps a tensor that the group makes. */
static uint64_t copies(const struct graph *graph, const struct group *group)
{
    return group->place == PLACE_LAYER ? (uint64_t)graph->shape.n_layer : 1;
}

static void keep_for_backward(const struct graph *graph, struct plan *plan)
{
    const double value_bytes =
        precision_bytes(plan->precision == PRECISION_FP64 ? PRECISION_FP64 : PRECISION_FP32);
    const int scan = graph_stage(graph, "scan"), backward = graph_stage(graph, "scan_backward");
    const bool all = plan->interval == 1 && !strcmp(plan->values[CHOICE_RECOMPUTE], "store");
    for (int g = 0; g < plan->n_groups; g++) {
        struct group *group = &plan->groups[g];
        group->rebuilt = !all && cheap_to_rebuild(graph, group);
        if (group->rebuilt)
            work_add(&plan->repeated, &group->work, copies(graph, group));
    }
    for (int g = 0; g < plan->n_groups; g++) {
        struct group *group = &plan->groups[g];
        for (int t = 0; t < graph->n_tensors && !group->rebuilt; t++) {
            const struct tensor *tensor = &graph->tensors[t];
            /* What is made in place of a tensor is that tensor in the next layer. */
            const int root = tensor->overwrites >= 0 ? tensor->overwrites : t;
            if (tensor->parent >= 0 || graph->tensors[root].role != TENSOR_ACTIVATION ||
                !made_in_group(graph, group, t) || !backward_reads(graph, plan, root))
                continue;
            plan->saved[root] = true;
            group->saved_bytes += (uint64_t)((double)tensor_elements(tensor) * value_bytes);
        }
        if (in_group(group, scan)) {
            group->keeps_states = plan->kept > 0;
            const struct stage *stage = &graph->stages[backward];
            for (int o = 0; o < stage->n_operands; o++)
                if (is_kept_states(stage, &stage->operands[o])) {
                    const uint64_t bytes =
                        plan_operand_bytes(graph, plan, stage, &stage->operands[o], value_bytes);
                    group->saved_bytes += bytes;
                    if (!made_in_group(graph, group, stage->operands[o].tensor))
                        group->bytes_written += bytes;
                }
        }
        plan->saved_bytes += group->saved_bytes * copies(graph, group);
    }
}

/* Between the states that are kept, scan_backward rebuilds them. */
static bool count_rebuilt_states(const struct graph *graph, struct plan *plan, struct error *error)
{
    const int index = graph_stage(graph, "scan_backward");
    const struct work *kept = &graph->stages[index].work;
    for (int g = 0; g < plan->n_groups; g++) {
        struct work work;
        if (!in_group(&plan->groups[g], index))
            continue;
        if (!stage_work_with(&graph->stages[index], "interval", plan->interval, &work, error))
            return false;
        const struct work more = {.mul = work.mul - kept->mul, .add = work.add - kept->add};
        work_add(&plan->groups[g].work, &more, 1);
        work_add(&plan->groups[g].spent, &more, 1);
        work_add(&plan->repeated, &more, copies(graph, &plan->groups[g]));
    }
    return true;
}

bool plan_build(const struct graph *graph, struct plan_choices choices, struct plan *plan,
                struct error *error)
{
    int label[GRAPH_MAX_STAGES];
    /* The values may be those of *plan itself. */
    struct plan built = {.precision = choices.precision};
    for (int c = 0; c < CHOICE_COUNT; c++) {
        const bool trained = c == CHOICE_RECOMPUTE && graph->phase == PHASE_TRAIN;
        const char *value = choices.values[c] ? choices.values[c]
                            : trained         ? "recompute"
                                              : choices_made[c].fallback;
        if (!check_choice((enum plan_choice)c, value, error))
            return false;
        snprintf(built.values[c], sizeof built.values[c], "%s", value);
    }
    if (!scan_choice_parse(built.values[CHOICE_SCAN], graph->shape.arch, &built.scan, error))
        return false;
    *plan = built;
    if (!choose_kept(graph, plan, error) || !label_fusion(graph, plan->values[CHOICE_FUSION], label, error) ||
        !partition(graph, label, plan, error))
        return false;
    if (graph->phase != PHASE_TRAIN)
        return true;
    keep_for_backward(graph, plan);
    return count_rebuilt_states(graph, plan, error);
}

int plan_choice_values(enum plan_choice choice, const struct graph *graph,
                       char values[PLAN_MAX_VALUES][PLAN_VALUE_SIZE])
{
    static const char *const listed[CHOICE_COUNT][PLAN_MAX_VALUES] = {
        [CHOICE_FUSION] = {"none", "conv-silu", "scan", "conv-silu,scan", "block"},
        [CHOICE_SCAN] = {"sequential", "blelloch", "chunked", "ssd"},
        [CHOICE_RECOMPUTE] = {"none"},
    };
    int n = 0;
    if (choice == CHOICE_RECOMPUTE && graph->phase == PHASE_TRAIN) {
        snprintf(values[n++], PLAN_VALUE_SIZE, "store");
        for (int64_t k = 1; k < graph->seqlen && n < PLAN_MAX_VALUES - 2; k *= 4)
            snprintf(values[n++], PLAN_VALUE_SIZE, "checkpoint:%lld", (long long)k);
        snprintf(values[n++], PLAN_VALUE_SIZE, "checkpoint:%lld", (long long)graph->seqlen);
        snprintf(values[n++], PLAN_VALUE_SIZE, "recompute");
        return n;
    }
    for (int i = 0; i < PLAN_MAX_VALUES && listed[choice][i]; i++) {
        struct scan_choice scan;
        struct error none = {0};
        /* Mamba-1's block is the two. */
        if (choice == CHOICE_FUSION && strchr(listed[choice][i], ',') && graph->shape.arch == ARCH_MAMBA1)
            continue;
        if (choice != CHOICE_SCAN || scan_choice_parse(listed[choice][i], graph->shape.arch, &scan, &none))
            snprintf(values[n++], PLAN_VALUE_SIZE, "%s", listed[choice][i]);
    }
    return n;
}

static void relabel(int *label, int n, int from, int to)
{
    for (int s = 0; s < n; s++)
        if (label[s] == from)
            label[s] = to;
}

/* Whether two labels feed each other, through others if need be. Merges them then. */
static bool merge_cycle(const struct graph *graph, int *label)
{
    bool reach[GRAPH_MAX_STAGES][GRAPH_MAX_STAGES] = {{false}};
    const int n = graph->n_stages;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            if (label[i] != label[j] && feeds(graph, i, j))
                reach[label[i]][label[j]] = true;
    for (int via = 0; via < n; via++)
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++)
                reach[i][j] |= reach[i][via] && reach[via][j];
    for (int i = 0; i < n; i++)
        for (int j = 0; j < i; j++)
            if (reach[i][j] && reach[j][i]) {
                relabel(label, n, i, j);
                return true;
            }
    return false;
}

bool plan_spans(const struct graph *graph, const struct plan *const *plans, int n, struct plan *spans,
                struct error *error)
{
    int label[GRAPH_MAX_STAGES];
    for (int s = 0; s < graph->n_stages; s++)
        label[s] = s;
    for (int p = 0; p < n; p++)
        for (int g = 0; g < plans[p]->n_groups; g++) {
            const struct group *group = &plans[p]->groups[g];
            for (int i = 1; i < group->n_stages; i++)
                relabel(label, graph->n_stages, label[group->stages[i]], label[group->stages[0]]);
        }
    while (merge_cycle(graph, label))
        ;
    *spans = (struct plan){
        .precision = plans[0]->precision, .interval = plans[0]->interval, .kept = plans[0]->kept};
    return partition(graph, label, spans, error);
}

bool plan_fusion_text(const struct plan *plan, char text[PLAN_VALUE_SIZE], struct error *error)
{
    size_t used = 0;
    snprintf(text, PLAN_VALUE_SIZE, "none");
    for (int g = 0; g < plan->n_groups; g++)
        if (plan->groups[g].n_stages > 1 && used < PLAN_VALUE_SIZE)
            used += (size_t)snprintf(text + used, PLAN_VALUE_SIZE - used, "%s%s", used ? "," : "",
                                     plan->groups[g].name);
    return used < PLAN_VALUE_SIZE ||
           error_set(error, STATUS_USAGE, "a fusion of more than %d characters", PLAN_VALUE_SIZE - 1);
}

bool group_name_holds(const char *name, const char *stages)
{
    const size_t length = strlen(stages);
    for (const char *at = name; length && (at = strstr(at, stages)); at++)
        if ((at == name || at[-1] == '+') && (!at[length] || at[length] == '+'))
            return true;
    return false;
}

bool plan_leaves(const struct graph *graph, const struct plan *plan, uint64_t groups, int tensor)
{
    const int root = tensor < 0 ? -1 : tensor_root(graph, tensor);
    bool inside = false, outside = false;
    for (int g = 0; g < plan->n_groups && root >= 0; g++)
        for (int i = 0; i < plan->groups[g].n_stages; i++)
            if (reads(graph, plan->groups[g].stages[i], root))
                *(groups >> g & 1 ? &inside : &outside) = true;
    return outside || !inside;
}

bool group_within(const struct group *group, const struct group *span)
{
    for (int i = 0; i < group->n_stages; i++)
        if (!in_group(span, group->stages[i]))
            return false;
    return true;
}
