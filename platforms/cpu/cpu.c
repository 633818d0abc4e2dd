/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mamba/difference.h"
#include "mamba/memory.h"
#include "platforms/cpu/forward.h"
#include "platforms/cpu/tokens.h"
#include "platforms/device.h"
#include "platforms/platform.h"

enum { MAX_UNITS = 2 * GRAPH_MAX_STAGES + 5, ACCURACY_TOKENS = 32 };

/* A product beyond this many multiplies takes the float64 reference minutes. */
static const uint64_t longest_reference = UINT64_C(20000000000);

_Static_assert(GRAPH_MAX_STAGES <= 64, "span_groups has a bit for each group");

struct run {
    struct task task;
    struct team *team;
    struct network *network;
    struct program *program; /* the plan */
    struct plan unfused;
    struct program *stages_alone; /* the same graph with every stage its own kernel; may be null */
    int n_units;
    struct unit units[MAX_UNITS];
    uint64_t selected;                      /* groups that are there, bit 1 << group */
    uint64_t span_groups[GRAPH_MAX_STAGES]; /* of each span, bit 1 << group */
    int64_t next_layer;
    bool compared; /* those below are filled in; in training all but whole_forward are of gradients */
    struct accuracy whole_model, whole_layer, whole_forward;
};

extern const struct platform cpu_platform;

struct whole_job {
    struct program *program;
    bool first_layer_only;
};

static void run_whole(void *user, struct team *team, struct part part)
{
    const struct whole_job *job = user;
    if (!job->first_layer_only) {
        program_run(job->program, team, part);
        return;
    }
    program_run_before(job->program, team, part);
    program_run_layer(job->program, 0, team, part);
}

/* What may take long, before anything is timed. */
static bool run_stoppable(const struct run *run, struct program *program, team_body *body, void *job,
                          struct error *error)
{
    program_stop_when(program, run->task.stopped);
    team_run(run->team, body, job);
    program_stop_when(program, NULL);
    return !program_stopped(program) || error_set(error, STATUS_FAILED, "interrupted");
}

static struct unit *add_unit(struct run *run, enum scope scope, const char *name, const struct work *work)
{
    struct unit *unit = &run->units[run->n_units++];
    *unit = (struct unit){.scope = scope, .stage = -1, .group = -1, .span = -1, .repeats = 1, .work = *work};
    snprintf(unit->name, sizeof unit->name, "%s", name);
    return unit;
}

static void add_group_unit(struct run *run, const struct plan *plan, const struct program *program, int g,
                           bool in_plan)
{
    const struct graph *graph = run->task.graph;
    const struct group *group = &plan->groups[g];
    const enum scope scope = group->n_stages > 1 ? SCOPE_GROUP : SCOPE_STAGE;
    struct unit *unit = add_unit(run, scope, group->name, &group->work);
    unit->group = g;
    unit->stage = group->n_stages > 1 ? -1 : group->stages[0];
    unit->in_plan = in_plan;
    unit->repeats = stage_repeats(graph, &graph->stages[group->stages[0]]) * (group->rebuilt ? 2 : 1);
    unit->projection_ops = group->projection_ops;
    unit->bytes_read = group->bytes_read;
    unit->bytes_written = group->bytes_written;
    unit->onchip_bytes = group->onchip_bytes;
    unit->weight_bytes = group->weight_bytes;
    unit->state_bytes = group->state_bytes;
    if (program) {
        const struct kernel *kernel = program_kernel(program, g);
        snprintf(unit->kernel, sizeof unit->kernel, "%s", kernel ? kernel->name : "float64 reference");
    }
}

static void accumulate(struct unit *sum, const struct group *group, uint64_t times)
{
    work_add(&sum->work, &group->work, times);
    sum->projection_ops += group->projection_ops * times;
    sum->bytes_read += group->bytes_read * times;
    sum->bytes_written += group->bytes_written * times;
    sum->onchip_bytes += group->onchip_bytes * times;
    sum->weight_bytes += group->weight_bytes * times;
    sum->state_bytes += group->state_bytes * times;
}

static void add_span_unit(struct run *run, int span)
{
    const struct plan *plan = run->task.plan;
    const struct group *whole = &run->task.spans->groups[span];
    struct unit *unit = add_unit(run, SCOPE_GROUP, whole->name, &(struct work){0});
    int n = 0;
    unit->span = span;
    unit->repeats = stage_repeats(run->task.graph, &run->task.graph->stages[whole->stages[0]]);
    for (int g = 0; g < plan->n_groups; g++)
        if (run->selected >> g & 1 && group_within(&plan->groups[g], whole)) {
            accumulate(unit, &plan->groups[g], 1);
            run->span_groups[span] |= UINT64_C(1) << g;
            n++;
        }
    run->n_units -= n <= 1; /* the plan's own group, or not wanted */
}

static void add_memory(const struct run *run, struct unit *unit)
{
    const struct program_memory memory = program_memory(run->program);
    if (run->task.graph->phase != PHASE_TRAIN)
        return;
    unit_add_training(&run->task, unit);
    unit->high_water_bytes = unit->scope == SCOPE_MODEL ? memory.saved : memory.layer_saved;
    unit->working_bytes = memory.working;
}

static void add_layer_unit(struct run *run, const char *name, enum direction direction)
{
    const struct plan *plan = run->task.plan;
    struct unit *unit = add_unit(run, SCOPE_LAYER, name, &(struct work){0});
    unit->direction = direction;
    unit->repeats = run->task.graph->shape.n_layer;
    for (int g = 0; g < plan->n_groups; g++) {
        const struct group *group = &plan->groups[g];
        const bool forward = !group->backward && direction != DIRECTION_BACKWARD;
        const bool backward = (group->backward || group->rebuilt) && direction != DIRECTION_FORWARD;
        if (group->place == PLACE_LAYER)
            accumulate(unit, group, (uint64_t)forward + (uint64_t)backward);
    }
    add_memory(run, unit);
}

static bool is_wanted(const struct group *group, const char *const *stages)
{
    for (; *stages; stages++)
        if (group_name_holds(group->name, *stages))
            return true;
    return false;
}

static void list_units(struct run *run, const char *alone_missing)
{
    const struct plan *plan = run->task.plan;
    const uint64_t layers = (uint64_t)run->task.graph->shape.n_layer;
    for (int g = 0; g < plan->n_groups; g++) {
        if (!(run->selected >> g & 1))
            continue;
        add_group_unit(run, plan, run->program, g, true);
        if (plan->groups[g].n_stages == 1 || run->task.spans || run->task.graph->phase == PHASE_TRAIN)
            continue;
        for (int i = 0; i < plan->groups[g].n_stages; i++)
            for (int u = 0; u < run->unfused.n_groups; u++)
                if (run->unfused.groups[u].stages[0] == plan->groups[g].stages[i] &&
                    (!run->task.stages || is_wanted(&run->unfused.groups[u], run->task.stages))) {
                    add_group_unit(run, &run->unfused, run->stages_alone, u, false);
                    snprintf(run->units[run->n_units - 1].skip, sizeof run->units[0].skip, "%s",
                             alone_missing);
                }
    }
    for (int g = 0; run->task.spans && g < run->task.spans->n_groups; g++)
        add_span_unit(run, g);
    if (run->task.stages)
        return;
    if (run->task.graph->phase == PHASE_TRAIN) {
        add_layer_unit(run, "forward", DIRECTION_FORWARD);
        add_layer_unit(run, "backward", DIRECTION_BACKWARD);
    }
    add_layer_unit(run, "layer", DIRECTION_BOTH);
    struct unit *model = add_unit(run, SCOPE_MODEL, "model", &(struct work){0});
    model->preparation_s = network_packing_s(run->network);
    model->prepared_bytes = network_packed_bytes(run->network);
    for (int g = 0; g < plan->n_groups; g++)
        accumulate(model, &plan->groups[g],
                   (plan->groups[g].place == PLACE_LAYER ? layers : 1) * (plan->groups[g].rebuilt ? 2 : 1));
    add_memory(run, model);
}

static void cpu_close(struct run *run)
{
    if (!run)
        return;
    program_destroy(run->stages_alone);
    program_destroy(run->program);
    network_destroy(run->network);
    team_destroy(run->team);
    free(run);
}

/* Some groups of a program, in layer 0. */
struct groups_job {
    struct program *program;
    uint64_t groups; /* bit 1 << group */
};

static void run_groups(void *user, struct team *team, struct part part)
{
    const struct groups_job *job = user;
    for (int g = 0; g < program_plan(job->program)->n_groups; g++)
        if (job->groups >> g & 1)
            program_run_group(job->program, g, 0, team, part);
}

/* Only these groups of a plan, run once; null with an error. */
static struct program *make_part(struct run *run, const struct plan *plan, uint64_t groups,
                                 struct error *error)
{
    const struct task *task = &run->task;
    struct program *program = program_create_part(run->network, task->graph, plan, groups, task->seed, error);
    if (!program || (tokens_set(program, task->graph, task->seed, task->context, error) &&
                     run_stoppable(run, program, run_groups, &(struct groups_job){program, groups}, error)))
        return program;
    program_destroy(program);
    return NULL;
}

static bool plan_unfused(struct run *run, struct error *error)
{
    struct plan_choices unfused = plan_choices(run->task.plan);
    unfused.values[CHOICE_FUSION] = "none";
    return plan_build(run->task.graph, unfused, &run->unfused, error);
}

/* The wanted stages that the plan fuses. */
static uint64_t wanted_alone(const struct run *run)
{
    const struct plan *plan = run->task.plan;
    uint64_t groups = 0;
    for (int u = 0; u < run->unfused.n_groups; u++)
        for (int g = 0; g < plan->n_groups && is_wanted(&run->unfused.groups[u], run->task.stages); g++)
            if (plan->groups[g].n_stages > 1 && group_within(&run->unfused.groups[u], &plan->groups[g]))
                groups |= UINT64_C(1) << u;
    return groups;
}

/* The groups in spans that hold a wanted stage. */
static bool prepare_selected(struct run *run, struct error *alone, struct error *error)
{
    const struct task *task = &run->task;
    const struct plan *spans = task->spans ? task->spans : task->plan;
    run->selected = 0;
    for (int span = 0; span < spans->n_groups; span++)
        for (int g = 0; is_wanted(&spans->groups[span], task->stages) && g < task->plan->n_groups; g++)
            if (group_within(&task->plan->groups[g], &spans->groups[span]))
                run->selected |= UINT64_C(1) << g;
    run->program = make_part(run, task->plan, run->selected, error);
    if (!run->program || task->spans || !plan_unfused(run, error))
        return run->program && task->spans;
    const uint64_t groups = wanted_alone(run);
    if (groups)
        run->stages_alone = make_part(run, &run->unfused, groups, alone);
    return true;
}

static bool prepare(struct run *run, char *alone_missing, size_t size, struct error *error)
{
    const struct task *task = &run->task;
    const struct graph *graph = task->graph;
    if (task->cache == CACHE_COLD)
        return error_set(error, STATUS_USAGE, "--cache cold is not built yet: warm and weights-cold are");
    run->team = team_create(task->threads, error);
    if (!run->team)
        return false;
    run->network =
        network_create(task->model, task->plan->precision, graph->batch, team_threads(run->team), error);
    if (!run->network)
        return false;
    network_prefer(run->network, task->kernel);
    struct error alone = {0};
    if (task->stages) {
        const bool ok = prepare_selected(run, &alone, error);
        snprintf(alone_missing, size, "%.*s", (int)size - 1, alone.text);
        return ok;
    }
    if (graph->phase == PHASE_DECODE && task->context > 0 &&
        !tokens_prefill(run->network, run->team, &graph->shape, graph->batch, task->context, task->seed,
                        task->plan->precision, task->stopped, error))
        return false;
    run->program = program_create(run->network, graph, task->plan, error);
    if (!run->program || !tokens_set(run->program, graph, task->seed, task->context, error) ||
        !run_stoppable(run, run->program, run_whole, &(struct whole_job){run->program, false}, error) ||
        !plan_unfused(run, error))
        return false;
    if (!task->spans && graph->phase != PHASE_TRAIN)
        run->stages_alone = program_create(run->network, graph, &run->unfused, &alone);
    if (run->stages_alone) {
        if (!tokens_set(run->stages_alone, graph, task->seed, task->context, error) ||
            !run_stoppable(run, run->stages_alone, run_whole, &(struct whole_job){run->stages_alone, true},
                           error))
            return false;
    }
    snprintf(alone_missing, size, "%.*s", (int)size - 1, alone.text);
    return true;
}

static const char default_device[] = "generic";

static bool cpu_open(const struct task *task, struct run **opened, struct error *error)
{
    char alone_missing[512] = "";
    struct device *device;
    if (task->options && task->options[0])
        return error_set(error, STATUS_USAGE, "cpu has no option '%s'", task->options[0]);
    if (!device_load("cpu", task->device ? task->device : default_device, &device, error))
        return false;
    device_free(device);
    struct run *run = calloc(1, sizeof *run);
    if (!run)
        return error_set(error, STATUS_FAILED, "out of memory");
    run->task = *task;
    run->selected = UINT64_MAX;
    if (!prepare(run, alone_missing, sizeof alone_missing, error)) {
        cpu_close(run);
        return false;
    }
    list_units(run, alone_missing);
    *opened = run;
    return true;
}

static int cpu_units(const struct run *run, const struct unit **units)
{
    *units = run->units;
    return run->n_units;
}

static struct program *unit_program(const struct run *run, const struct unit *unit)
{
    return unit->group >= 0 && !unit->in_plan ? run->stages_alone : run->program;
}

struct execute_job {
    struct run *run;
    const struct unit *unit;
    int64_t first_layer, iterations;
};

static void run_span(const struct run *run, int span, int64_t layer, struct team *team, struct part part)
{
    for (int g = 0; g < run->task.plan->n_groups; g++)
        if (run->span_groups[span] >> g & 1)
            program_run_group(run->program, g, layer, team, part);
}

static void run_layer(struct program *program, enum direction direction, int64_t layer, struct team *team,
                      struct part part)
{
    if (direction != DIRECTION_BACKWARD)
        program_run_layer(program, layer, team, part);
    if (program_plan(program)->interval && direction != DIRECTION_FORWARD)
        program_run_backward_layer(program, layer, team, part);
}

static void execute_body(void *user, struct team *team, struct part part)
{
    const struct execute_job *job = user;
    const struct run *run = job->run;
    struct program *program = unit_program(run, job->unit);
    const int64_t layers = run->task.graph->shape.n_layer;
    int64_t layer = job->first_layer;
    for (int64_t i = 0; i < job->iterations; i++) {
        if (job->unit->scope == SCOPE_MODEL)
            program_run(program, team, part);
        else if (job->unit->scope == SCOPE_LAYER)
            run_layer(program, job->unit->direction, layer, team, part);
        else if (job->unit->span >= 0)
            run_span(run, job->unit->span, layer, team, part);
        else
            program_run_group(program, job->unit->group, layer, team, part);
        if (run->task.cache == CACHE_WEIGHTS_COLD)
            layer = layer + 1 < layers ? layer + 1 : 0;
    }
}

static bool cpu_execute(struct run *run, int unit, int64_t iterations, struct error *error)
{
    if (run->units[unit].skip[0])
        return error_set(error, STATUS_UNAVAILABLE, "%s: %s", run->units[unit].name, run->units[unit].skip);
    struct execute_job job = {run, &run->units[unit], run->next_layer, iterations};
    team_run(run->team, execute_body, &job);
    if (run->task.cache == CACHE_WEIGHTS_COLD)
        run->next_layer = (run->next_layer + iterations) % run->task.graph->shape.n_layer;
    return true;
}

static const struct kernel *cpu_kernel(const struct run *run, int unit, const struct kernel_family **family)
{
    const struct unit *u = &run->units[unit];
    if (u->group < 0 || u->skip[0])
        return NULL;
    const struct program *program = unit_program(run, u);
    *family = program_family(program, u->group);
    return program_kernel(program, u->group);
}

static void set_accuracy(struct accuracy *accuracy, const struct difference *difference, int64_t tokens)
{
    *accuracy = (struct accuracy){
        .max_abs = difference->max_abs, .rel_l2 = difference_rel_l2(difference), .tokens = tokens};
}

/* Memory that operands lie in, and its copy in double of the same layout. */
struct block64 {
    const float *begin, *end;
    double *values;
};

/* All operands of some groups in double: what one group makes is what the next reads. */
struct operands64 {
    struct block64 *blocks;
    int count;
};

static const float *operand_data(const struct kernel_operand *operand, const char *args)
{
    const float *data;
    memcpy(&data, args + operand->slot, sizeof data);
    return operand->type == OPERAND_INDEX ? NULL : data;
}

static int64_t operand_pitch(const struct kernel_operand *operand, const char *args)
{
    int64_t stride = operand_row_length(operand, args);
    if (operand->row_axes)
        memcpy(&stride, args + operand->stride, sizeof stride);
    return stride;
}

static void add_block(struct operands64 *operands, struct block64 block)
{
    for (int i = 0; i < operands->count;) {
        const struct block64 *other = &operands->blocks[i];
        if (other->begin >= block.end || other->end <= block.begin) {
            i++;
            continue;
        }
        block.begin = other->begin < block.begin ? other->begin : block.begin;
        block.end = other->end > block.end ? other->end : block.end;
        operands->blocks[i] = operands->blocks[--operands->count];
        i = 0;
    }
    operands->blocks[operands->count++] = block;
}

static void add_operands(struct operands64 *operands, const struct kernel_family *family, const char *args)
{
    for (int o = 0; o < family->n_operands; o++) {
        const struct kernel_operand *operand = &family->operands[o];
        const int64_t rows = operand_rows(operand, args), length = operand_row_length(operand, args);
        const float *data = operand_data(operand, args);
        if (data && rows > 0 && length > 0)
            add_block(operands, (struct block64){
                                    data, data + (rows - 1) * operand_pitch(operand, args) + length, NULL});
    }
}

static uint64_t operands64_bytes(const struct operands64 *operands)
{
    uint64_t bytes = 0;
    for (int i = 0; i < operands->count; i++)
        bytes += (uint64_t)(operands->blocks[i].end - operands->blocks[i].begin) * sizeof(double);
    return bytes;
}

static bool fill_operands64(struct operands64 *operands)
{
    for (int i = 0; i < operands->count; i++) {
        struct block64 *block = &operands->blocks[i];
        const int64_t n = block->end - block->begin;
        block->values = malloc((size_t)n * sizeof *block->values);
        for (int64_t v = 0; block->values && v < n; v++)
            block->values[v] = block->begin[v];
        if (!block->values)
            return false;
    }
    return true;
}

static double *find_double(const struct operands64 *operands, const float *data)
{
    for (int i = 0; i < operands->count; i++)
        if (data >= operands->blocks[i].begin && data < operands->blocks[i].end)
            return operands->blocks[i].values + (data - operands->blocks[i].begin);
    return NULL;
}

static void free_operands64(struct operands64 *operands)
{
    for (int i = 0; i < operands->count; i++)
        free(operands->blocks[i].values);
    free(operands->blocks);
}

struct reference_job {
    kernel_fn *run;
    const void *args;
    bool (*stopped)(void);
};

/* A group's float64 reference may take minutes: each thread goes through its share in pieces. */
static void run_reference(void *user, struct team *team, struct part part)
{
    enum { PIECES = 32 };
    (void)team;
    const struct reference_job *job = user;
    for (int i = 0; i < PIECES && !(job->stopped && job->stopped()); i++)
        job->run(job->args, (struct part){i * part.count + part.index, PIECES * part.count});
}

static bool run_group64(struct run *run, const struct program *program, int g,
                        const struct operands64 *operands, struct error *error)
{
    const struct kernel_family *family = program_family(program, g);
    char *args = malloc(family->args_size);
    if (!args)
        return error_set(error, STATUS_FAILED, "out of memory");
    memcpy(args, program_args(program, g, 0), family->args_size);
    for (int o = 0; o < family->n_operands; o++) {
        double *values = find_double(operands, operand_data(&family->operands[o], args));
        if (values)
            memcpy(args + family->operands[o].slot, &values, sizeof values);
    }
    team_run(run->team, run_reference,
             &(struct reference_job){family->reference_f64, args, run->task.stopped});
    free(args);
    return !(run->task.stopped && run->task.stopped()) || error_set(error, STATUS_FAILED, "interrupted");
}

static void compare_operand(const struct kernel_operand *operand, const char *args,
                            const struct operands64 *operands, struct difference *difference)
{
    enum { PIECE = 1024 };
    double got[PIECE];
    const int64_t rows = operand_rows(operand, args), length = operand_row_length(operand, args);
    const int64_t pitch = operand_pitch(operand, args);
    const float *data = operand_data(operand, args);
    const double *want = find_double(operands, data);
    for (int64_t r = 0; want && r < rows; r++)
        for (int64_t c = 0; c < length; c += PIECE) {
            const int64_t n = length - c < PIECE ? length - c : PIECE;
            for (int64_t i = 0; i < n; i++)
                got[i] = data[r * pitch + c + i];
            difference_add(difference, got, want + r * pitch + c, n);
        }
}

/* Of several groups, what only they read is no result. */
static void compare_groups(const struct run *run, const struct program *program, uint64_t groups,
                           const struct operands64 *operands, struct difference *difference)
{
    const bool several = groups & (groups - 1);
    for (int g = 0; g < program_plan(program)->n_groups; g++) {
        const struct kernel_family *family = groups >> g & 1 ? program_family(program, g) : NULL;
        for (int o = 0; family && o < family->n_operands; o++) {
            const struct kernel_operand *operand = &family->operands[o];
            const bool result = operand->role == OPERAND_STATE ||
                                (operand->role == OPERAND_OUTPUT &&
                                 (!several || plan_leaves(run->task.graph, program_plan(program), groups,
                                                          program_operand_tensor(program, g, operand))));
            if (result)
                compare_operand(operand, program_args(program, g, 0), operands, difference);
        }
    }
}

/* The groups once, one after another, on what the last pass left in layer 0, against their float64 references
 * on the same. */
static bool groups_accuracy(struct run *run, struct program *program, uint64_t groups,
                            struct accuracy *accuracy, struct error *error)
{
    const int n_groups = program_plan(program)->n_groups;
    struct operands64 operands = {0};
    int n_operands = 0;
    for (int g = 0; g < n_groups; g++)
        n_operands += groups >> g & 1 ? program_family(program, g)->n_operands : 0;
    operands.blocks = calloc((size_t)n_operands, sizeof *operands.blocks);
    if (!operands.blocks)
        return error_set(error, STATUS_FAILED, "out of memory");
    for (int g = 0; g < n_groups; g++)
        if (groups >> g & 1)
            add_operands(&operands, program_family(program, g), program_args(program, g, 0));
    const uint64_t bytes = operands64_bytes(&operands);
    if (!memory_suffices(bytes)) {
        *accuracy = (struct accuracy){0};
        snprintf(accuracy->reason, sizeof accuracy->reason,
                 "the float64 reference's operands need %.1f GB of memory, %.1f GB are available",
                 (double)bytes / 1e9, (double)memory_available() / 1e9);
        free_operands64(&operands);
        return true;
    }
    bool ok = fill_operands64(&operands) || error_set(error, STATUS_FAILED, "out of memory");
    for (int g = 0; g < n_groups && ok; g++)
        ok = !(groups >> g & 1) || run_group64(run, program, g, &operands, error);
    if (ok) {
        struct difference difference = {0};
        team_run(run->team, run_groups, &(struct groups_job){program, groups});
        compare_groups(run, program, groups, &operands, &difference);
        set_accuracy(accuracy, &difference, run->task.graph->batch * run->task.graph->seqlen);
    }
    free_operands64(&operands);
    return ok;
}

/* What one precision makes of the first tokens. */
struct outcome {
    double *hidden; /* the residual stream after the first layer */
    double *logits;
    int64_t n_hidden, n_logits;
    double *gradients[GRAPH_MAX_TENSORS]; /* training: of the first layer's input and of its and the model's
                                             weights */
};

struct outcome_job {
    struct program *program;
    const struct graph *graph;
    struct outcome *outcome;
    const char *unreadable; /* the tensor that was to be read and could not be */
};

static void read_outcome(struct outcome_job *job, const char *tensor, int64_t layer, double *values)
{
    if (!program_read_layer(job->program, tensor, layer, values))
        job->unreadable = tensor;
}

static void run_outcome(void *user, struct team *team, struct part part)
{
    struct outcome_job *job = user;
    program_run_before(job->program, team, part);
    program_run_layer(job->program, 0, team, part);
    if (part.index == 0)
        read_outcome(job, "hidden", 1, job->outcome->hidden);
    team_barrier(team);
    for (int64_t layer = 1; layer < job->graph->shape.n_layer; layer++)
        program_run_layer(job->program, layer, team, part);
    program_run_after(job->program, team, part);
    if (part.index == 0)
        read_outcome(job, "logits", 0, job->outcome->logits);
    if (job->graph->phase != PHASE_TRAIN)
        return;
    program_run_backward(job->program, team, part);
    for (int t = 0; part.index == 0 && t < job->graph->n_tensors; t++)
        if (job->outcome->gradients[t])
            read_outcome(job, job->graph->tensors[t].name, 0, job->outcome->gradients[t]);
}

static bool in_outcome(const struct tensor *tensor)
{
    return tensor->role == TENSOR_WEIGHT_GRADIENT || !strcmp(tensor->name, "d_hidden");
}

static bool allocate_outcome(const struct program *program, const struct graph *graph,
                             struct outcome *outcome, struct error *error)
{
    outcome->n_hidden = tensor_elements(program_tensor(program, "hidden"));
    outcome->n_logits = tensor_elements(program_tensor(program, "logits"));
    int64_t count = outcome->n_hidden + outcome->n_logits;
    for (int t = 0; t < graph->n_tensors; t++)
        count += in_outcome(&graph->tensors[t]) ? tensor_elements(&graph->tensors[t]) : 0;
    const uint64_t bytes = (uint64_t)count * sizeof(double);
    if (!memory_suffices(bytes))
        return error_set(error, STATUS_UNAVAILABLE,
                         "what is compared needs %.1f GB of memory, %.1f GB are available",
                         (double)bytes / 1e9, (double)memory_available() / 1e9);
    outcome->hidden = malloc((size_t)outcome->n_hidden * sizeof(double));
    outcome->logits = malloc((size_t)outcome->n_logits * sizeof(double));
    bool ok = outcome->hidden && outcome->logits;
    for (int t = 0; ok && t < graph->n_tensors; t++)
        if (in_outcome(&graph->tensors[t])) {
            outcome->gradients[t] = malloc((size_t)tensor_elements(&graph->tensors[t]) * sizeof(double));
            ok = outcome->gradients[t];
        }
    return ok || error_set(error, STATUS_FAILED, "out of memory");
}

/* In decode all tokens but the last are prefilled. */
static bool make_outcome(const struct run *run, struct network *network, enum precision precision,
                         int64_t tokens, struct outcome *outcome, struct error *error)
{
    const struct task *task = &run->task;
    const struct model_shape *shape = &task->graph->shape;
    const bool decode = task->graph->phase == PHASE_DECODE;
    const int64_t batch = task->graph->batch;
    struct graph *graph = malloc(sizeof *graph);
    struct plan *plan = malloc(sizeof *plan);
    struct program *program = NULL;
    struct plan_choices choices = plan_choices(task->plan);
    char kept[PLAN_VALUE_SIZE];
    choices.precision = precision;
    if (task->plan->kept && task->plan->interval > tokens) {
        snprintf(kept, sizeof kept, "checkpoint:%lld", (long long)tokens);
        choices.values[CHOICE_RECOMPUTE] = kept;
    }
    bool ok = (graph && plan) || error_set(error, STATUS_FAILED, "out of memory");
    ok = ok && graph_build(shape, task->graph->phase, batch, tokens, true, graph, error) &&
         plan_build(graph, choices, plan, error) &&
         (!decode || tokens == 1 ||
          tokens_prefill(network, run->team, shape, batch, tokens - 1, task->seed, precision, task->stopped,
                         error)) &&
         (program = program_create(network, graph, plan, error)) &&
         tokens_set(program, graph, task->seed, decode ? tokens - 1 : 0, error) &&
         allocate_outcome(program, graph, outcome, error);
    if (ok) {
        struct outcome_job job = {program, graph, outcome, NULL};
        ok = run_stoppable(run, program, run_outcome, &job, error) &&
             (!job.unreadable || error_set(error, STATUS_FAILED, "cannot read tensor '%s'", job.unreadable));
    }
    program_destroy(program);
    free(graph);
    free(plan);
    return ok;
}

/* With the weights that are timed. */
static bool make_own(struct run *run, int64_t tokens, struct outcome *outcome, struct error *error)
{
    void *states = network_save(run->network, error);
    if (!states)
        return false;
    network_reset(run->network);
    const bool ok = make_outcome(run, run->network, run->task.plan->precision, tokens, outcome, error);
    network_restore(run->network, states);
    free(states);
    return ok;
}

static bool make_exact(const struct run *run, int64_t tokens, struct outcome *outcome, struct error *error)
{
    struct network *network = network_create(run->task.model, PRECISION_FP64, run->task.graph->batch,
                                             team_threads(run->team), error);
    const bool ok = network && network_take_turns(network, error) &&
                    make_outcome(run, network, PRECISION_FP64, tokens, outcome, error);
    network_destroy(network);
    return ok;
}

static void free_outcome(struct outcome *outcome)
{
    free(outcome->hidden);
    free(outcome->logits);
    for (int t = 0; t < GRAPH_MAX_TENSORS; t++)
        free(outcome->gradients[t]);
}

/* Of the gradients that a layer's backward pass makes, or of all. */
static struct difference compare_gradients(const struct graph *graph, const struct outcome *got,
                                           const struct outcome *want, bool layer_only)
{
    struct difference difference = {0};
    for (int t = 0; t < graph->n_tensors; t++) {
        const struct tensor *tensor = &graph->tensors[t];
        const bool in_layer = tensor->role != TENSOR_WEIGHT_GRADIENT || weight_in_layer(tensor->weight);
        int64_t count = tensor_elements(tensor);
        if (!want->gradients[t] || (layer_only && !in_layer))
            continue;
        if (tensor->role != TENSOR_WEIGHT_GRADIENT)
            count = want->n_hidden;
        difference_add(&difference, got->gradients[t], want->gradients[t], count);
    }
    return difference;
}

static void compare_with_float64(struct run *run)
{
    const struct graph *graph = run->task.graph;
    const int64_t seqlen = graph->phase == PHASE_DECODE ? run->task.context + 1 : graph->seqlen;
    const int64_t tokens = seqlen < ACCURACY_TOKENS ? seqlen : ACCURACY_TOKENS;
    struct accuracy *all[] = {&run->whole_layer, &run->whole_forward, &run->whole_model};
    struct outcome got = {0}, want = {0};
    struct error error = {0};
    if (make_own(run, tokens, &got, &error) && make_exact(run, tokens, &want, &error)) {
        struct difference hidden = {0}, logits = {0};
        difference_add(&hidden, got.hidden, want.hidden, got.n_hidden);
        difference_add(&logits, got.logits, want.logits, got.n_logits);
        set_accuracy(&run->whole_forward, &hidden, tokens * graph->batch);
        if (graph->phase == PHASE_TRAIN) {
            hidden = compare_gradients(graph, &got, &want, true);
            logits = compare_gradients(graph, &got, &want, false);
        }
        set_accuracy(&run->whole_layer, &hidden, tokens * graph->batch);
        set_accuracy(&run->whole_model, &logits, tokens * graph->batch);
    } else {
        for (int i = 0; i < COUNT_OF(all); i++)
            snprintf(all[i]->reason, sizeof all[i]->reason, "%.511s", error.text);
    }
    free_outcome(&got);
    free_outcome(&want);
    run->compared = true;
}

static bool cpu_accuracy(struct run *run, int unit, struct accuracy *accuracy, struct error *error)
{
    const struct unit *u = &run->units[unit];
    if (run->task.plan->precision == PRECISION_FP64) {
        *accuracy = (struct accuracy){.reason = "float64 is the reference"};
        return true;
    }
    const uint64_t groups = u->group >= 0  ? UINT64_C(1) << u->group
                            : u->span >= 0 ? run->span_groups[u->span]
                                           : 0;
    if (groups && u->work.mul > longest_reference && run->task.graph->phase == PHASE_TRAIN) {
        *accuracy = (struct accuracy){.reason = "the float64 reference of so large a product takes minutes"};
        return true;
    }
    if (groups)
        return groups_accuracy(run, unit_program(run, u), groups, accuracy, error);
    if (!run->compared)
        compare_with_float64(run);
    *accuracy = u->scope == SCOPE_MODEL             ? run->whole_model
                : u->direction == DIRECTION_FORWARD ? run->whole_forward
                                                    : run->whole_layer;
    return true;
}

const struct platform cpu_platform = {
    .name = "cpu",
    .summary = "this machine: C kernels, OpenMP threads bound to cores",
    .provenance = PROVENANCE_MEASURED,
    .default_device = default_device,
    .open = cpu_open,
    .units = cpu_units,
    .execute = cpu_execute,
    .accuracy = cpu_accuracy,
    .kernel = cpu_kernel,
    .close = cpu_close,
};
