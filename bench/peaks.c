/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "bench/peaks.h"

#include <hwloc.h>
#include <math.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "kernels/probe/probe.h"
#include "mamba/memory.h"
#include "platforms/cpu/team.h"

static const uint64_t mib = (uint64_t)1 << 20;

/* A timing of some passes is kept when it took this long: far above the clock's and the barrier's cost. */
static const double batch_s = 1e-3;

enum loop { LOOP_MULTIPLY_ADD, LOOP_EXPONENTIAL, LOOP_DOT, LOOP_READ, LOOP_COPY, LOOP_TRIAD, LOOP_COUNT };
enum { ROUNDS = 1024 }; /* of a compute loop in a pass */
enum { CHECK_STRIDE = 1021 };

/* One thread's buffer, seen as one, two or three arrays. */
struct arrays {
    float *a, *b, *c;
    int64_t n;
};

struct measurement {
    const struct probe *probe;
    const struct dot_probe *dot; /* null: the loops of probe */
    uint64_t bytes_per_thread;   /* 0: compute loops */
    bool reads_only;
    double slice_s;
    double best_pass_s[LOOP_COUNT];
    /* Written by thread 0 between barriers. */
    int64_t passes;
    bool done;
    struct timespec start;
    double spent_s;
    atomic_bool out_of_memory, wrong_result;
};

static double seconds_since(const struct timespec *start)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) * 1e-9;
}

static struct arrays split(float *buffer, uint64_t bytes, int parts)
{
    int64_t n = (int64_t)(bytes / sizeof(float)) / parts / PROBE_GRAIN * PROBE_GRAIN;
    return (struct arrays){buffer, buffer + (parts > 1 ? n : 0), buffer + (parts > 2 ? 2 * n : 0), n};
}

static struct arrays loop_arrays(const struct measurement *measurement, enum loop loop, float *buffer)
{
    int parts = loop == LOOP_READ ? 1 : loop == LOOP_COPY ? 2 : 3;
    return split(buffer, measurement->bytes_per_thread, parts);
}

/* Returns a value that depends on all the work. */
static float run_loop(const struct measurement *m, enum loop loop, const struct arrays *arrays,
                      int64_t passes)
{
    const struct probe *probe = m->probe;
    switch (loop) {
    case LOOP_MULTIPLY_ADD:
        return probe->multiply_add(passes * ROUNDS, 0.5f, 0.5f);
    case LOOP_EXPONENTIAL:
        return probe->exponential(passes * ROUNDS, -1);
    case LOOP_DOT:
        return (float)m->dot->dot(passes * ROUNDS);
    case LOOP_READ:
        return probe->read(arrays->a, arrays->n, passes);
    case LOOP_COPY:
        probe->copy(arrays->a, arrays->b, arrays->n, passes);
        return arrays->a[arrays->n - 1];
    default:
        probe->triad(arrays->a, arrays->b, arrays->c, 2, arrays->n, passes);
        return arrays->a[arrays->n - 1];
    }
}

static bool all_are(const float *a, int64_t n, float value)
{
    for (int64_t i = 0; i < n; i += CHECK_STRIDE)
        if (a[i] != value)
            return false;
    return a[n - 1] == value;
}

/* One pass, whose result is known. It also warms up. */
static bool check_loop(const struct measurement *m, enum loop loop, const struct arrays *arrays)
{
    if (loop == LOOP_COPY || loop == LOOP_TRIAD) {
        for (int64_t i = 0; i < arrays->n; i += CHECK_STRIDE)
            arrays->a[i] = 0;
        arrays->a[arrays->n - 1] = 0;
    }
    const struct probe *probe = m->probe;
    float result = run_loop(m, loop, arrays, 1);
    switch (loop) {
    case LOOP_DOT:
        return result == (float)(ROUNDS * m->dot->products_per_round);
    case LOOP_MULTIPLY_ADD:
        return result == (float)probe->flop_per_round / 2;
    case LOOP_EXPONENTIAL:
        return fabsf(result - 0.5671433f * (float)probe->exp_per_round) < 1e-4f * (float)probe->exp_per_round;
    case LOOP_READ:
        /* Ones: every partial sum is exact while it is below 2^24, and a lane's is. */
        return fabsf(result - (float)arrays->n) <= 1e-6f * (float)arrays->n;
    case LOOP_COPY:
        return all_are(arrays->a, arrays->n, 1);
    default:
        return all_are(arrays->a, arrays->n, 3);
    }
}

static void time_loop(struct measurement *m, struct team *team, int thread, enum loop loop,
                      const struct arrays *arrays)
{
    if (!check_loop(m, loop, arrays))
        atomic_store(&m->wrong_result, true);
    volatile float sink;
    if (thread == 0) {
        m->passes = 1;
        m->spent_s = 0;
        m->best_pass_s[loop] = INFINITY;
    }
    for (bool done = false; !done;) {
        team_barrier(team);
        if (thread == 0)
            clock_gettime(CLOCK_MONOTONIC, &m->start);
        sink = run_loop(m, loop, arrays, m->passes);
        team_barrier(team);
        if (thread == 0) {
            double elapsed_s = seconds_since(&m->start);
            double pass_s = elapsed_s / (double)m->passes;
            m->spent_s += elapsed_s;
            if (elapsed_s < batch_s) {
                double growth = fmin(16, 1.5 * batch_s / fmax(elapsed_s, 1e-7));
                m->passes = (int64_t)ceil((double)m->passes * fmax(growth, 1.5));
                m->done = false;
            } else {
                /* The first of two or more that count is enough for the slice. */
                m->done = m->spent_s >= m->slice_s && isfinite(m->best_pass_s[loop]);
                m->best_pass_s[loop] = fmin(m->best_pass_s[loop], pass_s);
            }
        }
        team_barrier(team);
        done = m->done;
    }
    (void)sink;
}

static void fill(float *buffer, uint64_t bytes)
{
    for (uint64_t i = 0; i < bytes / sizeof(float); i++)
        buffer[i] = 1;
}

/* Its pages belong to the node of the thread that fills it. */
static float *map_buffer(uint64_t bytes)
{
    void *buffer = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (buffer == MAP_FAILED)
        return NULL;
    if (bytes >= 4 * mib)
        madvise(buffer, bytes, MADV_HUGEPAGE);
    fill(buffer, bytes);
    return buffer;
}

static void measure_body(void *user, struct team *team, struct part part)
{
    struct measurement *m = user;
    float *buffer = m->bytes_per_thread ? map_buffer(m->bytes_per_thread) : NULL;
    if (m->bytes_per_thread && !buffer)
        atomic_store(&m->out_of_memory, true);
    team_barrier(team);
    if (atomic_load(&m->out_of_memory)) {
        if (buffer)
            munmap(buffer, m->bytes_per_thread);
        return;
    }
    if (m->dot) {
        time_loop(m, team, part.index, LOOP_DOT, NULL);
        return;
    }
    if (!buffer) {
        time_loop(m, team, part.index, LOOP_MULTIPLY_ADD, NULL);
        time_loop(m, team, part.index, LOOP_EXPONENTIAL, NULL);
        return;
    }
    /* In this order each loop finds ones in what it reads: copy reads behind what triad wrote. */
    static const enum loop loops[] = {LOOP_READ, LOOP_TRIAD, LOOP_COPY};
    for (int i = 0; i < (m->reads_only ? 1 : COUNT_OF(loops)); i++) {
        struct arrays arrays = loop_arrays(m, loops[i], buffer);
        time_loop(m, team, part.index, loops[i], &arrays);
    }
    munmap(buffer, m->bytes_per_thread);
}

static bool measure(struct team *team, struct measurement *m, struct error *error)
{
    team_run(team, measure_body, m);
    if (m->out_of_memory)
        return error_set(error, STATUS_FAILED, "peaks: no memory for %d buffers of %llu MiB",
                         team_threads(team), (unsigned long long)(m->bytes_per_thread / mib));
    if (m->wrong_result)
        return error_set(error, STATUS_FAILED, "peaks: %s computed a wrong result",
                         m->dot ? m->dot->name : m->probe->name);
    return true;
}

static bool measure_compute(struct team *team, const struct probe *probe, double slice_s,
                            struct peaks_run *run, struct error *error)
{
    struct measurement m = {.probe = probe, .slice_s = slice_s};
    if (!measure(team, &m, error))
        return false;
    double rounds = (double)ROUNDS * team_threads(team);
    run->compute[run->n_compute++] = (struct peaks_compute){
        .isa = probe->isa,
        .gflop_per_s = rounds * (double)probe->flop_per_round / m.best_pass_s[LOOP_MULTIPLY_ADD] * 1e-9,
        .gexp_per_s = rounds * (double)probe->exp_per_round / m.best_pass_s[LOOP_EXPONENTIAL] * 1e-9,
    };
    return true;
}

static bool measure_dot(struct team *team, const struct dot_probe *dot, double slice_s, struct peaks_run *run,
                        struct error *error)
{
    struct measurement m = {.dot = dot, .slice_s = slice_s};
    if (!measure(team, &m, error))
        return false;
    const double products = (double)ROUNDS * team_threads(team) * (double)dot->products_per_round;
    run->dots[run->n_dots++] =
        (struct peaks_dot){dot->isa, dot->precision, 2 * products / m.best_pass_s[LOOP_DOT] * 1e-9};
    return true;
}

static double gbyte_per_s(const struct measurement *m, int threads, enum loop loop)
{
    static const int arrays_moved[LOOP_COUNT] = {[LOOP_READ] = 1, [LOOP_COPY] = 2, [LOOP_TRIAD] = 3};
    double elements = (double)loop_arrays(m, loop, NULL).n * arrays_moved[loop];
    return elements * sizeof(float) * threads / m->best_pass_s[loop] * 1e-9;
}

static bool measure_bandwidth(struct team *team, const char *level, uint64_t bytes_per_thread, double slice_s,
                              struct peaks_run *run, struct error *error)
{
    int threads = team_threads(team);
    const uint64_t least = 3 * PROBE_GRAIN * sizeof(float);
    struct measurement m = {.probe = probe_choose(), .slice_s = slice_s};
    m.bytes_per_thread = bytes_per_thread < least ? least : bytes_per_thread;
    if (!measure(team, &m, error))
        return false;
    run->bandwidth[run->n_bandwidth++] = (struct peaks_bandwidth){
        .level = level,
        .working_set_bytes = m.bytes_per_thread * (uint64_t)threads,
        .read_gbyte_per_s = gbyte_per_s(&m, threads, LOOP_READ),
        .copy_gbyte_per_s = gbyte_per_s(&m, threads, LOOP_COPY),
        .triad_gbyte_per_s = gbyte_per_s(&m, threads, LOOP_TRIAD),
    };
    return true;
}

/* Working sets that double, below the last; the DRAM figures give that one. */
static int count_readings(uint64_t first_bytes, uint64_t last_bytes)
{
    int n = 0;
    while (n < PEAKS_MAX_READINGS - 1 && first_bytes << n < last_bytes)
        n++;
    return n;
}

static bool measure_reading(struct team *team, uint64_t bytes_per_thread, double slice_s,
                            struct peaks_run *run, struct error *error)
{
    const int threads = team_threads(team);
    struct measurement m = {.probe = probe_choose(),
                            .slice_s = slice_s,
                            .reads_only = true,
                            .bytes_per_thread = bytes_per_thread};
    if (!measure(team, &m, error))
        return false;
    run->readings[run->n_readings++] =
        (struct peaks_reading){bytes_per_thread * (uint64_t)threads, gbyte_per_s(&m, threads, LOOP_READ)};
    return true;
}

static bool measure_readings(struct team *team, uint64_t first_bytes, uint64_t last_bytes, double slice_s,
                             struct peaks_run *run, struct error *error)
{
    const int n = count_readings(first_bytes, last_bytes);
    for (int i = 0; i < n; i++)
        if (!measure_reading(team, (first_bytes << i) / (uint64_t)team_threads(team), slice_s, run, error))
            return false;
    const struct peaks_bandwidth *dram = &run->bandwidth[run->n_bandwidth - 1];
    run->readings[run->n_readings++] =
        (struct peaks_reading){dram->working_set_bytes, dram->read_gbyte_per_s};
    return true;
}

struct caches {
    struct {
        const char *level;
        uint64_t bytes;
        int count, cores_sharing;
    } levels[3];
    int n;
};

static bool read_caches(struct caches *caches, struct error *error)
{
    static const struct {
        const char *level;
        hwloc_obj_type_t type;
    } types[] = {{"L1", HWLOC_OBJ_L1CACHE}, {"L2", HWLOC_OBJ_L2CACHE}, {"L3", HWLOC_OBJ_L3CACHE}};
    hwloc_topology_t topology;
    if (hwloc_topology_init(&topology))
        return error_set(error, STATUS_FAILED, "peaks: hwloc cannot be initialised");
    bool loaded = !hwloc_topology_load(topology);
    for (int i = 0; loaded && i < COUNT_OF(types); i++) {
        hwloc_obj_t cache = hwloc_get_obj_by_type(topology, types[i].type, 0);
        if (!cache || !cache->attr->cache.size)
            continue;
        int cores = hwloc_get_nbobjs_inside_cpuset_by_type(topology, cache->cpuset, HWLOC_OBJ_CORE);
        caches->levels[caches->n].level = types[i].level;
        caches->levels[caches->n].bytes = cache->attr->cache.size;
        caches->levels[caches->n].count = hwloc_get_nbobjs_by_type(topology, types[i].type);
        caches->levels[caches->n++].cores_sharing = cores > 0 ? cores : 1;
    }
    hwloc_topology_destroy(topology);
    return loaded || error_set(error, STATUS_FAILED, "peaks: hwloc cannot load the topology");
}

static uint64_t choose_dram_bytes(const struct peaks_options *options, uint64_t cache_bytes)
{
    if (options->dram_bytes)
        return options->dram_bytes;
    uint64_t wanted = 4 * cache_bytes < 128 * mib ? 128 * mib : 4 * cache_bytes;
    if (wanted > 1024 * mib)
        wanted = 512 * mib;
    uint64_t most = memory_available() / 2;
    return wanted < most ? wanted : most;
}

/* Twice the second-level caches. */
static uint64_t first_reading(const struct caches *caches, int threads)
{
    return 2 * (caches->n > 1 ? caches->levels[1].bytes * (uint64_t)threads : mib);
}

/* What measure_run times, a slice each. */
static int count_loops(int threads, const struct caches *caches, uint64_t dram_bytes)
{
    int compute = 0, dots = 0;
    for (int i = 0; i < n_probes; i++)
        compute += isa_mask() >> probes[i]->isa & 1;
    for (int i = 0; i < n_dot_probes; i++)
        dots += isa_mask() >> dot_probes[i]->isa & 1;
    return 2 * compute + (dots < PEAKS_MAX_DOTS ? dots : PEAKS_MAX_DOTS) + 3 * (caches->n + 1) +
           count_readings(first_reading(caches, threads), dram_bytes);
}

static bool measure_run(int threads, const struct caches *caches, uint64_t dram_bytes, double slice_s,
                        struct peaks_run *run, struct error *error)
{
    struct team *team = team_create(threads, error);
    if (!team)
        return false;
    run->threads = threads = team_threads(team);
    bool ok = true;
    for (int i = 0; i < n_probes && ok; i++)
        if (isa_mask() >> probes[i]->isa & 1)
            ok = measure_compute(team, probes[i], slice_s, run, error);
    for (int i = 0; i < n_dot_probes && run->n_dots < PEAKS_MAX_DOTS && ok; i++)
        if (isa_mask() >> dot_probes[i]->isa & 1)
            ok = measure_dot(team, dot_probes[i], slice_s, run, error);
    for (int i = 0; i < caches->n && ok; i++) {
        int sharing = threads < caches->levels[i].cores_sharing ? threads : caches->levels[i].cores_sharing;
        uint64_t bytes = caches->levels[i].bytes / 2 / (uint64_t)sharing;
        if (!memory_suffices(2 * bytes * (uint64_t)threads))
            continue;
        ok = measure_bandwidth(team, caches->levels[i].level, bytes, slice_s, run, error);
    }
    ok = ok && measure_bandwidth(team, "DRAM", dram_bytes / (uint64_t)threads, slice_s, run, error);
    ok = ok && measure_readings(team, first_reading(caches, threads), dram_bytes, slice_s, run, error);
    run->bound = team_bound(team);
    team_destroy(team);
    return ok;
}

bool peaks_measure(int threads, const struct peaks_options *options, struct peaks *peaks, struct error *error)
{
    static const struct peaks_options defaults;
    struct caches caches = {.n = 0};
    memset(peaks, 0, sizeof *peaks);
    options = options ? options : &defaults;
    if (!isfinite(options->time_s) || options->time_s < 0)
        return error_set(error, STATUS_USAGE, "peaks: %g seconds are not a time", options->time_s);
    if (!read_caches(&caches, error))
        return false;

    uint64_t last_level =
        caches.n ? caches.levels[caches.n - 1].bytes * (uint64_t)caches.levels[caches.n - 1].count : 0;
    uint64_t dram_bytes = choose_dram_bytes(options, last_level);
    int n_runs = threads == 1 ? 1 : 2;
    int n_loops = 0;
    for (int i = 0; i < n_runs; i++)
        n_loops += count_loops(i > 0 && threads ? threads : 1, &caches, dram_bytes);
    double slice_s = (options->time_s > 0 ? options->time_s : 1) / n_loops;

    cpu_set_t binding;
    bool restore = !sched_getaffinity(0, sizeof binding, &binding);
    bool ok = true;
    for (int i = 0; i < n_runs && ok; i++) {
        ok = measure_run(i == 0 ? 1 : threads, &caches, dram_bytes, slice_s, &peaks->runs[i], error);
        if (restore)
            sched_setaffinity(0, sizeof binding, &binding);
    }
    if (!ok)
        return false;
    peaks->n_runs = n_runs == 2 && peaks->runs[1].threads == 1 ? 1 : n_runs;

    peaks->dram_is_cached = dram_bytes < 4 * last_level;
    if (peaks->dram_is_cached)
        snprintf(peaks->note, sizeof peaks->note,
                 "DRAM figures use %llu MiB, less than 4 times the %llu MiB of last-level cache: parts may "
                 "come from it",
                 (unsigned long long)(dram_bytes / mib), (unsigned long long)(last_level / mib));
    return true;
}

static uint64_t roof_bit(struct peaks_roof roof)
{
    static const int first[] = {[PEAKS_FP32] = 0,
                                [PEAKS_EXP] = 1,
                                [PEAKS_PRODUCTS] = 2,
                                [PEAKS_LEVEL] = 2 + PRECISION_COUNT,
                                [PEAKS_READING] = 2 + PRECISION_COUNT + PEAKS_MAX_LEVELS};
    _Static_assert(2 + PRECISION_COUNT + PEAKS_MAX_LEVELS + PEAKS_MAX_READINGS <= 64, "a bit each");
    return UINT64_C(1) << (first[roof.kind] +
                           (roof.kind == PEAKS_PRODUCTS ? (int)roof.precision : roof.index));
}

static enum precision product_precision(enum precision precision)
{
    return precision_calibrated(precision) ? PRECISION_INT8 : precision;
}

static bool widens(enum precision precision)
{
    return precision == PRECISION_BF16 || precision == PRECISION_FP16;
}

/* What its buffers take. */
static uint64_t roof_bytes(const struct peaks_run *run, struct peaks_roof roof)
{
    return roof.kind == PEAKS_LEVEL     ? run->bandwidth[roof.index].working_set_bytes
           : roof.kind == PEAKS_READING ? run->readings[roof.index].working_set_bytes
                                        : 0;
}

static bool measure_roof(struct team *team, const struct peaks_run *run, struct peaks_roof roof,
                         double slice_s, struct peaks_run *again, struct error *error)
{
    const uint64_t threads = (uint64_t)run->threads;
    const bool products = roof.kind == PEAKS_PRODUCTS;
    bool ok = true;
    if (roof.kind == PEAKS_LEVEL)
        return measure_bandwidth(team, run->bandwidth[roof.index].level, roof_bytes(run, roof) / threads,
                                 slice_s, again, error);
    if (roof.kind == PEAKS_READING)
        return measure_reading(team, roof_bytes(run, roof) / threads, slice_s, again, error);
    for (int i = 0; i < n_probes && ok && (!products || widens(roof.precision)); i++)
        if (isa_mask() >> probes[i]->isa & 1)
            ok = measure_compute(team, probes[i], slice_s, again, error);
    for (int i = 0; i < n_dot_probes && ok && products; i++)
        if (isa_mask() >> dot_probes[i]->isa & 1 &&
            dot_probes[i]->precision == product_precision(roof.precision))
            ok = measure_dot(team, dot_probes[i], slice_s, again, error);
    return ok;
}

/* Figures of both that are of the same thing. */
static void keep_higher(struct peaks_run *run, const struct peaks_run *again, struct peaks_roof roof)
{
    for (int i = 0; i < again->n_compute; i++)
        for (int c = 0; c < run->n_compute; c++)
            if (run->compute[c].isa == again->compute[i].isa) {
                run->compute[c].gflop_per_s =
                    fmax(run->compute[c].gflop_per_s, again->compute[i].gflop_per_s);
                run->compute[c].gexp_per_s = fmax(run->compute[c].gexp_per_s, again->compute[i].gexp_per_s);
            }
    for (int i = 0; i < again->n_dots; i++)
        for (int d = 0; d < run->n_dots; d++)
            if (run->dots[d].isa == again->dots[i].isa && run->dots[d].precision == again->dots[i].precision)
                run->dots[d].gop_per_s = fmax(run->dots[d].gop_per_s, again->dots[i].gop_per_s);
    if (again->n_bandwidth) {
        struct peaks_bandwidth *b = &run->bandwidth[roof.index];
        b->read_gbyte_per_s = fmax(b->read_gbyte_per_s, again->bandwidth[0].read_gbyte_per_s);
        b->copy_gbyte_per_s = fmax(b->copy_gbyte_per_s, again->bandwidth[0].copy_gbyte_per_s);
        b->triad_gbyte_per_s = fmax(b->triad_gbyte_per_s, again->bandwidth[0].triad_gbyte_per_s);
    }
    if (again->n_readings) {
        struct peaks_reading *r = &run->readings[roof.index];
        r->gbyte_per_s = fmax(r->gbyte_per_s, again->readings[0].gbyte_per_s);
    }
}

bool peaks_measure_again(struct peaks *peaks, int threads, struct peaks_roof roof, struct error *error)
{
    static const double slice_s = 0.1;
    struct peaks_run again = {.threads = threads};
    struct peaks_run *run = NULL;
    cpu_set_t binding;
    for (int i = 0; i < peaks->n_runs; i++)
        if (peaks->runs[i].threads == threads)
            run = &peaks->runs[i];
    if (!run || run->again & roof_bit(roof))
        return false;
    run->again |= roof_bit(roof);
    if (!memory_suffices(roof_bytes(run, roof)))
        return false;
    const bool restore = !sched_getaffinity(0, sizeof binding, &binding);
    struct team *team = team_create(threads, error);
    const bool ok = team && measure_roof(team, run, roof, slice_s, &again, error);
    team_destroy(team);
    if (restore)
        sched_setaffinity(0, sizeof binding, &binding);
    if (ok)
        keep_higher(run, &again, roof);
    return ok;
}

const struct peaks_run *peaks_find(const struct peaks *peaks, int threads)
{
    for (int i = 0; i < peaks->n_runs; i++)
        if (peaks->runs[i].threads == threads)
            return &peaks->runs[i];
    return NULL;
}

static double best_gflop_per_s(const struct peaks_run *run)
{
    double best = 0;
    for (int i = 0; i < run->n_compute; i++)
        best = fmax(best, run->compute[i].gflop_per_s);
    return best;
}

static double best_gexp_per_s(const struct peaks_run *run)
{
    double best = 0;
    for (int i = 0; i < run->n_compute; i++)
        best = fmax(best, run->compute[i].gexp_per_s);
    return best;
}

static double best_gop_per_s(const struct peaks_run *run, enum precision precision)
{
    double best = widens(precision) ? best_gflop_per_s(run) : 0;
    for (int i = 0; i < run->n_dots; i++)
        if (run->dots[i].precision == product_precision(precision))
            best = fmax(best, run->dots[i].gop_per_s);
    return best;
}

double peaks_figure(const struct peaks_run *run, struct peaks_roof roof)
{
    switch (roof.kind) {
    case PEAKS_FP32:
        return best_gflop_per_s(run);
    case PEAKS_EXP:
        return best_gexp_per_s(run);
    case PEAKS_PRODUCTS:
        return best_gop_per_s(run, roof.precision);
    case PEAKS_LEVEL:
        return roof.index < run->n_bandwidth ? run->bandwidth[roof.index].read_gbyte_per_s : 0;
    default:
        return roof.index < run->n_readings ? run->readings[roof.index].gbyte_per_s : 0;
    }
}

const char *peaks_unit(struct peaks_roof roof)
{
    static const char *const units[] = {[PEAKS_FP32] = "GFLOP/s",
                                        [PEAKS_EXP] = "Gexp/s",
                                        [PEAKS_PRODUCTS] = "GOP/s",
                                        [PEAKS_LEVEL] = "GB/s",
                                        [PEAKS_READING] = "GB/s"};
    return units[roof.kind];
}

static json_t *run_json(const struct peaks_run *run)
{
    json_t *compute = json_array(), *dot = json_array(), *bandwidth = json_array(), *readings = json_array();
    int failed = 0;
    for (int i = 0; i < run->n_compute; i++) {
        const struct peaks_compute *c = &run->compute[i];
        failed |= json_array_append_new(compute,
                                        json_pack("{s:s, s:f, s:f}", "isa", isa_name(c->isa), "gflop_per_s",
                                                  c->gflop_per_s, "gexp_per_s", c->gexp_per_s));
    }
    for (int i = 0; i < run->n_dots; i++)
        failed |= json_array_append_new(dot, json_pack("{s:s, s:s, s:f}", "isa", isa_name(run->dots[i].isa),
                                                       "precision", precision_name(run->dots[i].precision),
                                                       "gop_per_s", run->dots[i].gop_per_s));
    for (int i = 0; i < run->n_bandwidth; i++) {
        const struct peaks_bandwidth *b = &run->bandwidth[i];
        failed |= json_array_append_new(
            bandwidth,
            json_pack("{s:s, s:I, s:f, s:f, s:f}", "level", b->level, "working_set_bytes",
                      (json_int_t)b->working_set_bytes, "read_gbyte_per_s", b->read_gbyte_per_s,
                      "copy_gbyte_per_s", b->copy_gbyte_per_s, "triad_gbyte_per_s", b->triad_gbyte_per_s));
    }
    for (int i = 0; i < run->n_readings; i++)
        failed |= json_array_append_new(readings, json_pack("{s:I, s:f}", "working_set_bytes",
                                                            (json_int_t)run->readings[i].working_set_bytes,
                                                            "gbyte_per_s", run->readings[i].gbyte_per_s));
    if (!failed)
        return json_pack("{s:i, s:b, s:o, s:o, s:o, s:o}", "threads", run->threads, "bound", run->bound,
                         "compute", compute, "dot", dot, "bandwidth", bandwidth, "readings", readings);
    json_decref(compute);
    json_decref(dot);
    json_decref(bandwidth);
    json_decref(readings);
    return NULL;
}

json_t *peaks_json(const struct peaks *peaks)
{
    json_t *runs = json_array();
    int failed = 0;
    for (int i = 0; i < peaks->n_runs; i++)
        failed |= json_array_append_new(runs, run_json(&peaks->runs[i]));
    if (!failed)
        return json_pack("{s:o, s:b, s:s}", "runs", runs, "dram_is_cached", peaks->dram_is_cached, "note",
                         peaks->note);
    json_decref(runs);
    return NULL;
}
