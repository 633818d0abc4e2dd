/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "bench/counters.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#ifdef HAVE_PAPI
#include <papi.h>
#endif

#include "bench/sysfs.h"

enum { MAX_SOURCES = 8 };

struct open_source {
    const struct counter_source *source;
    void *state;
    struct counter_event events[COUNTERS_MAX_VALUES];
    int n_events, parts;
    struct counter_sample *samples;
};

struct counters {
    struct open_source sources[MAX_SOURCES];
    int n_sources;
    char reason[COUNTERS_REASON_SIZE];
};

/* Adds a clause to a reason that may have some already. */
__attribute__((format(printf, 3, 4))) static void add_reason(char *reason, size_t size, const char *format,
                                                             ...)
{
    size_t used = strlen(reason);
    if (used && used + 2 < size)
        used += (size_t)snprintf(reason + used, size - used, "; ");
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason + used, size - used, format, arguments);
    va_end(arguments);
}

static bool is_taken(const struct counter_event *taken, int n_taken, const char *name)
{
    for (int i = 0; i < n_taken; i++)
        if (!strcmp(taken[i].name, name))
            return true;
    return false;
}

/* All threads of this process. The list is complete before any event is opened, and events are inherited:
 * so a thread that is born meanwhile cannot be counted twice. */
static pid_t *list_threads(int *n_threads)
{
    DIR *folder = opendir("/proc/self/task");
    if (!folder)
        return NULL;
    pid_t *threads = NULL;
    int n = 0, room = 0;
    for (struct dirent *entry; (entry = readdir(folder));) {
        if (!isdigit((unsigned char)entry->d_name[0]))
            continue;
        if (n == room) {
            room = room ? 2 * room : 16;
            pid_t *grown = realloc(threads, (size_t)room * sizeof *threads);
            if (!grown) {
                free(threads);
                closedir(folder);
                return NULL;
            }
            threads = grown;
        }
        threads[n++] = (pid_t)strtol(entry->d_name, NULL, 10);
    }
    closedir(folder);
    *n_threads = n;
    return threads;
}

/* The kernel's events. */

#define CACHE_EVENT(cache, operation, result)                                                                \
    (PERF_COUNT_HW_CACHE_##cache | PERF_COUNT_HW_CACHE_OP_##operation << 8 |                                 \
     PERF_COUNT_HW_CACHE_RESULT_##result << 16)

static const struct perf_choice {
    const char *name;
    uint32_t type;
    uint64_t config;
    double unit;
} perf_choices[] = {
    {"cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES, 1},
    {"instructions", PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS, 1},
    {"cache_references", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_REFERENCES, 1},
    {"cache_misses", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_MISSES, 1},
    {"l1d_misses", PERF_TYPE_HW_CACHE, CACHE_EVENT(L1D, READ, MISS), 1},
    {"branch_misses", PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_MISSES, 1},
    {"task_clock_s", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK, 1e-9},
    {"page_faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS, 1},
    {"context_switches", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CONTEXT_SWITCHES, 1},
    {"cpu_migrations", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_MIGRATIONS, 1},
};
enum { PERF_CHOICES = sizeof perf_choices / sizeof perf_choices[0] };

struct perf_value {
    uint64_t count, enabled_ns, running_ns;
};

struct perf_event {
    double unit;
    int *files; /* one a thread; -1: the thread was gone */
    struct perf_value *start;
};

struct perf {
    struct perf_event events[PERF_CHOICES];
    int n_events, n_threads;
};

static void perf_event_close(struct perf_event *event, int n_threads)
{
    for (int i = 0; i < n_threads && event->files; i++)
        if (event->files[i] >= 0)
            close(event->files[i]);
    free(event->files);
    free(event->start);
    memset(event, 0, sizeof *event);
}

static void perf_close(void *source)
{
    struct perf *perf = source;
    for (int i = 0; i < perf->n_events; i++)
        perf_event_close(&perf->events[i], perf->n_threads);
    free(perf);
}

/* False with errno. No groups, as a group cannot be read when it is inherited. */
static bool perf_event_open_all(struct perf_event *event, const struct perf_choice *choice,
                                const pid_t *threads, int n_threads)
{
    /* Software events happen inside the kernel: without it, switches would silently be 0. */
    bool software = choice->type == PERF_TYPE_SOFTWARE;
    struct perf_event_attr attributes = {
        .size = sizeof attributes,
        .type = choice->type,
        .config = choice->config,
        .inherit = 1,
        .exclude_kernel = !software,
        .exclude_hv = !software,
        .read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING,
    };
    event->unit = choice->unit;
    event->files = malloc((size_t)n_threads * sizeof *event->files);
    event->start = calloc((size_t)n_threads, sizeof *event->start);
    int opened = 0, error = event->files && event->start ? 0 : ENOMEM;
    while (!error && opened < n_threads) {
        int file =
            (int)syscall(SYS_perf_event_open, &attributes, threads[opened], -1, -1, PERF_FLAG_FD_CLOEXEC);
        if (file < 0 && errno != ESRCH)
            error = errno;
        else
            event->files[opened++] = file;
    }
    if (!error)
        return true;
    perf_event_close(event, opened);
    errno = error;
    return false;
}

static void perf_failure(char *text, size_t size, int error)
{
    uint64_t paranoid;
    bool permission = error == EACCES || error == EPERM;
    if (permission && sysfs_read_number("/proc/sys/kernel/perf_event_paranoid", &paranoid))
        snprintf(text, size, "%s (kernel.perf_event_paranoid is %d)", strerror(error), (int)paranoid);
    else if (error == ENOENT || error == EOPNOTSUPP || error == ENODEV)
        snprintf(text, size, "no such event here (a virtual machine without a performance monitoring unit?)");
    else if (error == EMFILE)
        snprintf(text, size, "%s (raise ulimit -n)", strerror(error));
    else
        snprintf(text, size, "%s", strerror(error));
}

static void *perf_open(const struct counter_event *taken, int n_taken, struct counter_event *events,
                       int *n_events, int *parts, char *reason, size_t reason_size)
{
    struct perf *perf = calloc(1, sizeof *perf);
    pid_t *threads = perf ? list_threads(&perf->n_threads) : NULL;
    if (!threads) {
        add_reason(reason, reason_size, "perf_event_open: cannot list the threads");
        free(perf);
        return NULL;
    }
    int last_error = 0;
    for (int i = 0; i < PERF_CHOICES; i++) {
        const struct perf_choice *choice = &perf_choices[i];
        if (is_taken(taken, n_taken, choice->name))
            continue;
        if (perf_event_open_all(&perf->events[perf->n_events], choice, threads, perf->n_threads)) {
            bool hardware = choice->type != PERF_TYPE_SOFTWARE;
            events[perf->n_events++] = (struct counter_event){choice->name, hardware};
            continue;
        }
        if (errno != last_error) {
            last_error = errno;
            char why[160];
            perf_failure(why, sizeof why, last_error);
            add_reason(reason, reason_size, "perf_event_open: %s: %s", choice->name, why);
        }
    }
    free(threads);
    *n_events = perf->n_events;
    *parts = perf->n_threads;
    return perf;
}

static bool perf_read(int file, struct perf_value *value)
{
    return read(file, value, sizeof *value) == (ssize_t)sizeof *value;
}

/* The last events are read first and started first, so that the first ones (cycles) see least of it. */
static void perf_start(void *source)
{
    struct perf *perf = source;
    for (int i = perf->n_events - 1; i >= 0; i--)
        for (int t = 0; t < perf->n_threads; t++)
            if (perf->events[i].files[t] >= 0 &&
                !perf_read(perf->events[i].files[t], &perf->events[i].start[t]))
                perf->events[i].start[t].count = UINT64_MAX;
}

static void perf_stop(void *source, struct counter_sample *samples)
{
    struct perf *perf = source;
    for (int i = 0; i < perf->n_events; i++) {
        const struct perf_event *event = &perf->events[i];
        for (int t = 0; t < perf->n_threads; t++) {
            struct counter_sample *sample = &samples[i * perf->n_threads + t];
            const struct perf_value *start = &event->start[t];
            struct perf_value stop = {0, 0, 0};
            bool thread_gone = event->files[t] < 0;
            memset(sample, 0, sizeof *sample);
            sample->counted =
                thread_gone || (start->count != UINT64_MAX && perf_read(event->files[t], &stop));
            if (thread_gone || !sample->counted)
                continue;
            sample->count = (double)(stop.count - start->count) * event->unit;
            sample->enabled_ns = stop.enabled_ns - start->enabled_ns;
            sample->running_ns = stop.running_ns - start->running_ns;
        }
    }
}

static const struct counter_source perf_source = {"perf_event_open", perf_open, perf_start, perf_stop,
                                                  perf_close};
const struct counter_source *const counter_source_perf = &perf_source;

/* getrusage */

enum { RUSAGE_EVENTS = 3 };
static const char *const rusage_names[RUSAGE_EVENTS] = {"task_clock_s", "page_faults", "context_switches"};

struct usage {
    double start[RUSAGE_EVENTS];
    bool is_wanted[RUSAGE_EVENTS];
};

static void usage_now(double values[RUSAGE_EVENTS])
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    values[0] = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
    values[1] = (double)usage.ru_minflt + (double)usage.ru_majflt;
    values[2] = (double)usage.ru_nvcsw + (double)usage.ru_nivcsw;
}

static void *rusage_open(const struct counter_event *taken, int n_taken, struct counter_event *events,
                         int *n_events, int *parts, char *reason, size_t reason_size)
{
    struct usage *usage = calloc(1, sizeof *usage);
    if (!usage) {
        add_reason(reason, reason_size, "getrusage: out of memory");
        return NULL;
    }
    *n_events = 0;
    *parts = 1;
    for (int i = 0; i < RUSAGE_EVENTS; i++) {
        usage->is_wanted[i] = !is_taken(taken, n_taken, rusage_names[i]);
        if (usage->is_wanted[i])
            events[(*n_events)++] = (struct counter_event){rusage_names[i], false};
    }
    return usage;
}

static void rusage_start(void *source)
{
    usage_now(((struct usage *)source)->start);
}

static void rusage_stop(void *source, struct counter_sample *samples)
{
    const struct usage *usage = source;
    double now[RUSAGE_EVENTS];
    usage_now(now);
    for (int i = 0; i < RUSAGE_EVENTS; i++)
        if (usage->is_wanted[i])
            *samples++ = (struct counter_sample){.counted = true, .count = now[i] - usage->start[i]};
}

static const struct counter_source rusage_source = {"getrusage", rusage_open, rusage_start, rusage_stop,
                                                    free};
const struct counter_source *const counter_source_rusage = &rusage_source;

/* PAPI */

#ifdef HAVE_PAPI
static const struct papi_choice {
    const char *name;
    int event;
} papi_choices[] = {
    {"cycles", PAPI_TOT_CYC},         {"instructions", PAPI_TOT_INS}, {"cache_references", PAPI_L3_TCA},
    {"cache_misses", PAPI_L3_TCM},    {"branch_misses", PAPI_BR_MSP}, {"l1d_misses", PAPI_L1_DCM},
    {"fp32_operations", PAPI_SP_OPS}, {"fp_operations", PAPI_FP_OPS},
};
enum { PAPI_CHOICES = sizeof papi_choices / sizeof papi_choices[0] };

struct papi {
    int events[PAPI_CHOICES];
    int n_events, n_threads;
    int *sets; /* one a thread */
    bool *started;
    long long *baseline; /* [thread][event] */
    bool multiplexed;
};

static unsigned long papi_thread(void)
{
    return (unsigned long)syscall(SYS_gettid);
}

static void papi_close(void *source)
{
    struct papi *papi = source;
    for (int t = 0; t < papi->n_threads && papi->sets; t++) {
        if (papi->sets[t] == PAPI_NULL)
            continue;
        if (papi->started && papi->started[t])
            PAPI_stop(papi->sets[t], NULL);
        PAPI_cleanup_eventset(papi->sets[t]);
        PAPI_destroy_eventset(&papi->sets[t]);
    }
    free(papi->sets);
    free(papi->started);
    free(papi->baseline);
    free(papi);
}

/* Events of a set in one thread. Returns a PAPI status. */
static int papi_fill(struct papi *papi, int component, int *set, pid_t thread)
{
    *set = PAPI_NULL;
    int status = PAPI_create_eventset(set);
    if (status == PAPI_OK)
        status = PAPI_assign_eventset_component(*set, component);
    if (status == PAPI_OK && papi->multiplexed)
        status = PAPI_set_multiplex(*set);
    if (status == PAPI_OK)
        status = PAPI_attach(*set, (unsigned long)thread);
    if (status == PAPI_OK) {
        PAPI_option_t option;
        memset(&option, 0, sizeof option);
        option.inherit.eventset = *set;
        option.inherit.inherit = PAPI_INHERIT_ALL;
        status = PAPI_set_opt(PAPI_INHERIT, &option);
    }
    for (int i = 0; status == PAPI_OK && i < papi->n_events; i++)
        status = PAPI_add_event(*set, papi->events[i]);
    return status;
}

static int papi_fill_all(struct papi *papi, int component, const pid_t *threads)
{
    int status = PAPI_OK;
    for (int t = 0; t < papi->n_threads && status == PAPI_OK; t++)
        status = papi_fill(papi, component, &papi->sets[t], threads[t]);
    if (status == PAPI_OK)
        return status;
    for (int t = 0; t < papi->n_threads; t++)
        if (papi->sets[t] != PAPI_NULL) {
            PAPI_cleanup_eventset(papi->sets[t]);
            PAPI_destroy_eventset(&papi->sets[t]);
            papi->sets[t] = PAPI_NULL;
        }
    return status;
}

/* Index of PAPI's perf_event component, or -1. */
static int papi_component(char *reason, size_t reason_size)
{
    if (PAPI_is_initialized() == PAPI_NOT_INITED) {
        int version = PAPI_library_init(PAPI_VER_CURRENT);
        if (version != PAPI_VER_CURRENT) {
            add_reason(reason, reason_size, "PAPI: cannot be initialised: %s",
                       version > 0 ? "another version than it was built with" : PAPI_strerror(version));
            return -1;
        }
        PAPI_thread_init(papi_thread);
        PAPI_multiplex_init();
    }
    int component = PAPI_get_component_index("perf_event");
    const PAPI_component_info_t *info = component >= 0 ? PAPI_get_component_info(component) : NULL;
    if (!info) {
        add_reason(reason, reason_size, "PAPI: has no perf_event component");
        return -1;
    }
    if (info->disabled) {
        add_reason(reason, reason_size, "PAPI: perf_event component disabled: %s", info->disabled_reason);
        return -1;
    }
    return component;
}

static void *papi_open(const struct counter_event *taken, int n_taken, struct counter_event *events,
                       int *n_events, int *parts, char *reason, size_t reason_size)
{
    int component = papi_component(reason, reason_size);
    if (component < 0)
        return NULL;
    struct papi *papi = calloc(1, sizeof *papi);
    pid_t *threads = papi ? list_threads(&papi->n_threads) : NULL;
    if (!threads) {
        add_reason(reason, reason_size, "PAPI: cannot list the threads");
        free(papi);
        return NULL;
    }
    papi->sets = malloc((size_t)papi->n_threads * sizeof *papi->sets);
    papi->started = calloc((size_t)papi->n_threads, sizeof *papi->started);
    papi->baseline = calloc((size_t)papi->n_threads * PAPI_CHOICES, sizeof *papi->baseline);
    for (int t = 0; t < papi->n_threads && papi->sets; t++)
        papi->sets[t] = PAPI_NULL;

    for (int i = 0; i < PAPI_CHOICES; i++) {
        const struct papi_choice *choice = &papi_choices[i];
        bool have_fp32 = is_taken(events, papi->n_events, "fp32_operations");
        if (is_taken(taken, n_taken, choice->name) || PAPI_query_event(choice->event) != PAPI_OK ||
            (choice->event == PAPI_FP_OPS && have_fp32))
            continue;
        papi->events[papi->n_events] = choice->event;
        events[papi->n_events++] = (struct counter_event){choice->name, true};
    }

    int status = PAPI_ENOMEM;
    if (papi->sets && papi->started && papi->baseline) {
        status = papi->n_events ? papi_fill_all(papi, component, threads) : PAPI_ENOEVNT;
        if (status == PAPI_ECNFLCT || status == PAPI_ECOUNT) {
            papi->multiplexed = true;
            status = papi_fill_all(papi, component, threads);
        }
    }
    free(threads);
    if (status != PAPI_OK) {
        add_reason(reason, reason_size, "PAPI: %s",
                   status == PAPI_ENOEVNT ? "knows no hardware event of this processor"
                                          : PAPI_strerror(status));
        papi_close(papi);
        return NULL;
    }
    *n_events = papi->n_events;
    *parts = papi->n_threads;
    return papi;
}

/* A reset would not clear what children that ended have added: hence a baseline. */
static void papi_start(void *source)
{
    struct papi *papi = source;
    for (int t = 0; t < papi->n_threads; t++) {
        papi->started[t] = PAPI_start(papi->sets[t]) == PAPI_OK;
        if (papi->started[t] &&
            PAPI_read(papi->sets[t], papi->baseline + (size_t)t * PAPI_CHOICES) != PAPI_OK) {
            PAPI_stop(papi->sets[t], NULL);
            papi->started[t] = false;
        }
    }
}

static void papi_stop(void *source, struct counter_sample *samples)
{
    struct papi *papi = source;
    memset(samples, 0, (size_t)papi->n_events * (size_t)papi->n_threads * sizeof *samples);
    for (int t = 0; t < papi->n_threads; t++) {
        long long values[PAPI_CHOICES];
        const long long *baseline = papi->baseline + (size_t)t * PAPI_CHOICES;
        bool counted = papi->started[t] && PAPI_stop(papi->sets[t], values) == PAPI_OK;
        papi->started[t] = false;
        for (int i = 0; counted && i < papi->n_events; i++)
            samples[i * papi->n_threads + t] = (struct counter_sample){
                .counted = values[i] >= baseline[i],
                .scaled = papi->multiplexed,
                .count = (double)(values[i] - baseline[i]),
            };
    }
}

static const struct counter_source papi_source = {"PAPI", papi_open, papi_start, papi_stop, papi_close};
const struct counter_source *const counter_source_papi = &papi_source;
#else
const struct counter_source *const counter_source_papi;
#endif

static void open_one(struct counters *counters, const struct counter_source *source)
{
    struct counter_event taken[MAX_SOURCES * COUNTERS_MAX_VALUES];
    int n_taken = 0;
    for (int i = 0; i < counters->n_sources; i++)
        for (int e = 0; e < counters->sources[i].n_events; e++)
            taken[n_taken++] = counters->sources[i].events[e];

    struct open_source *open = &counters->sources[counters->n_sources];
    open->source = source;
    open->state = source->open(taken, n_taken, open->events, &open->n_events, &open->parts, counters->reason,
                               sizeof counters->reason);
    if (!open->state)
        return;
    if (open->n_events > 0 && open->parts > 0)
        open->samples = calloc((size_t)open->n_events * (size_t)open->parts, sizeof *open->samples);
    if (!open->samples) {
        source->close(open->state);
        memset(open, 0, sizeof *open);
        return;
    }
    counters->n_sources++;
}

struct counters *counters_open(const struct counter_source *const *sources, struct error *error)
{
    const struct counter_source *const built_in[] = {counter_source_perf, counter_source_rusage, NULL};
    struct counters *counters = calloc(1, sizeof *counters);
    if (!counters) {
        error_set(error, STATUS_FAILED, "out of memory for counters");
        return NULL;
    }
    if (!sources && counter_source_papi)
        open_one(counters, counter_source_papi);
    for (sources = sources ? sources : built_in; *sources && counters->n_sources < MAX_SOURCES; sources++)
        open_one(counters, *sources);
    return counters;
}

void counters_close(struct counters *counters)
{
    if (!counters)
        return;
    for (int i = 0; i < counters->n_sources; i++) {
        counters->sources[i].source->close(counters->sources[i].state);
        free(counters->sources[i].samples);
    }
    free(counters);
}

void counters_start(struct counters *counters)
{
    for (int i = counters->n_sources - 1; i >= 0; i--)
        counters->sources[i].source->start(counters->sources[i].state);
}

/* Sums the parts. False: not counted. */
static bool add_parts(const struct counter_sample *samples, int parts, struct counters_value *value)
{
    for (int p = 0; p < parts; p++) {
        const struct counter_sample *sample = &samples[p];
        bool in_turns = sample->running_ns < sample->enabled_ns;
        if (!sample->counted || (in_turns && !sample->running_ns))
            return false;
        value->value += in_turns ? sample->count * ((double)sample->enabled_ns / (double)sample->running_ns)
                                 : sample->count;
        value->scaled = value->scaled || in_turns || sample->scaled;
    }
    return true;
}

static enum counters_status judge(const struct counters_reading *reading)
{
    static const char *const essential[] = {"cycles", "instructions", "cache_misses", "branch_misses"};
    int n_essential = 0, n_hardware = 0;
    for (int i = 0; i < reading->n_values; i++) {
        n_hardware += reading->values[i].hardware;
        for (int e = 0; e < 4; e++)
            n_essential += reading->values[i].hardware && !strcmp(reading->values[i].name, essential[e]);
    }
    return n_essential == 4 ? COUNTERS_OK : n_hardware ? COUNTERS_PARTIAL : COUNTERS_UNAVAILABLE;
}

void counters_stop(struct counters *counters, struct counters_reading *reading)
{
    for (int i = 0; i < counters->n_sources; i++)
        counters->sources[i].source->stop(counters->sources[i].state, counters->sources[i].samples);

    memset(reading, 0, sizeof *reading);
    memcpy(reading->reason, counters->reason, sizeof reading->reason);
    for (int i = 0; i < counters->n_sources; i++) {
        const struct open_source *open = &counters->sources[i];
        for (int e = 0; e < open->n_events && reading->n_values < COUNTERS_MAX_VALUES; e++) {
            struct counters_value value = {open->events[e].name, 0, open->events[e].hardware, false};
            if (add_parts(open->samples + (size_t)e * (size_t)open->parts, open->parts, &value))
                reading->values[reading->n_values++] = value;
            else
                add_reason(reading->reason, sizeof reading->reason, "%s: %s was not counted",
                           open->source->name, value.name);
        }
    }
    reading->status = judge(reading);
    if (reading->status == COUNTERS_OK)
        reading->reason[0] = '\0';
    else if (!reading->reason[0])
        add_reason(reading->reason, sizeof reading->reason,
                   "no source has all of cycles, instructions, cache_misses "
                   "and branch_misses");
}

const char *counters_status_name(enum counters_status status)
{
    static const char *const names[] = {"ok", "partial", "unavailable"};
    return names[status];
}

json_t *counters_json(const struct counters_reading *reading)
{
    json_t *json = json_object(), *values = json_object(), *scaled = json_array();
    int failed = json_object_set_new(json, "status", json_string(counters_status_name(reading->status)));
    if (reading->reason[0])
        failed |= json_object_set_new(json, "reason", json_string(reading->reason));
    for (int i = 0; i < reading->n_values; i++) {
        const struct counters_value *value = &reading->values[i];
        failed |= json_object_set_new(values, value->name, json_real(value->value));
        if (value->scaled)
            failed |= json_array_append_new(scaled, json_string(value->name));
    }
    failed |= json_object_set_new(json, "values", values);
    if (json_array_size(scaled))
        failed |= json_object_set(json, "scaled", scaled);
    json_decref(scaled);
    if (!failed)
        return json;
    json_decref(json);
    return NULL;
}
