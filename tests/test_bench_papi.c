/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <dirent.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bench/counters.h"

/* The PAPI source against a PAPI of our own, as few machines that run tests have a performance monitoring
 * unit: the functions below come before those of the library. */

#if __has_include(<papi.h>)
#include <papi.h>

enum { MAX_SETS = 64, MAX_EVENTS = 16 };

static struct {
    int version, attach_status;
    bool disabled, has_single_precision;
    int counters;       /* events that fit into a set that is not multiplexed */
    int fails_to_start; /* set that does; -1: none */
    struct {
        bool alive, multiplexed, inherits, running;
        unsigned long thread;
        int n_events;
    } sets[MAX_SETS];
    int n_sets;
} papi;

int PAPI_is_initialized(void)
{
    return PAPI_NOT_INITED;
}

int PAPI_library_init(int version)
{
    (void)version;
    return papi.version;
}

int PAPI_thread_init(unsigned long (*thread)(void))
{
    (void)thread;
    return PAPI_OK;
}

int PAPI_multiplex_init(void)
{
    return PAPI_OK;
}

char *PAPI_strerror(int status)
{
    static char text[32];
    snprintf(text, sizeof text, "fake status %d", status);
    return text;
}

int PAPI_get_component_index(const char *name)
{
    return strcmp(name, "perf_event") ? PAPI_ENOCMP : 3;
}

const PAPI_component_info_t *PAPI_get_component_info(int component)
{
    static PAPI_component_info_t info;
    memset(&info, 0, sizeof info);
    info.disabled = papi.disabled;
    strcpy(info.disabled_reason, "the moon is full");
    return component == 3 ? &info : NULL;
}

int PAPI_query_event(int event)
{
    if (event == PAPI_L3_TCA || (event == PAPI_SP_OPS && !papi.has_single_precision))
        return PAPI_ENOEVNT;
    return PAPI_OK;
}

int PAPI_create_eventset(int *set)
{
    if (papi.n_sets == MAX_SETS)
        return PAPI_ENOMEM;
    memset(&papi.sets[papi.n_sets], 0, sizeof papi.sets[0]);
    papi.sets[papi.n_sets].alive = true;
    *set = papi.n_sets++;
    return PAPI_OK;
}

int PAPI_assign_eventset_component(int set, int component)
{
    return papi.sets[set].alive && component == 3 ? PAPI_OK : PAPI_EINVAL;
}

int PAPI_set_multiplex(int set)
{
    papi.sets[set].multiplexed = true;
    return PAPI_OK;
}

int PAPI_attach(int set, unsigned long thread)
{
    papi.sets[set].thread = thread;
    return papi.attach_status;
}

int PAPI_set_opt(int option, PAPI_option_t *value)
{
    if (option != PAPI_INHERIT || value->inherit.inherit != PAPI_INHERIT_ALL)
        return PAPI_EINVAL;
    papi.sets[value->inherit.eventset].inherits = true;
    return PAPI_OK;
}

int PAPI_add_event(int set, int event)
{
    (void)event;
    if (!papi.sets[set].multiplexed && papi.sets[set].n_events == papi.counters)
        return PAPI_ECNFLCT;
    papi.sets[set].n_events++;
    return PAPI_OK;
}

int PAPI_start(int set)
{
    if (set == papi.fails_to_start)
        return PAPI_ESYS;
    papi.sets[set].running = true;
    return PAPI_OK;
}

/* Event i starts from 1000 (i + 1), left by children that ended, and counts 10 (i + 1) in a stretch. */
int PAPI_read(int set, long long *values)
{
    for (int i = 0; i < papi.sets[set].n_events; i++)
        values[i] = 1000 * (i + 1);
    return PAPI_OK;
}

int PAPI_stop(int set, long long *values)
{
    papi.sets[set].running = false;
    for (int i = 0; values && i < papi.sets[set].n_events; i++)
        values[i] = 1010 * (i + 1);
    return PAPI_OK;
}

int PAPI_cleanup_eventset(int set)
{
    papi.sets[set].n_events = 0;
    return papi.sets[set].running ? PAPI_EISRUN : PAPI_OK;
}

int PAPI_destroy_eventset(int *set)
{
    papi.sets[*set].alive = false;
    *set = PAPI_NULL;
    return PAPI_OK;
}

static int reset(void **state)
{
    (void)state;
    memset(&papi, 0, sizeof papi);
    papi.version = PAPI_VER_CURRENT;
    papi.counters = MAX_EVENTS;
    papi.has_single_precision = true;
    papi.fails_to_start = -1;
    return 0;
}

static void read_counters(struct counters_reading *reading)
{
    const struct counter_source *const sources[] = {counter_source_papi, NULL};
    struct counters *counters = counters_open(sources, NULL);
    assert_non_null(counters);
    counters_start(counters);
    counters_stop(counters, reading);
    counters_close(counters);
    for (int i = 0; i < papi.n_sets; i++)
        assert_false(papi.sets[i].alive || papi.sets[i].running);
}

static double value_of(const struct counters_reading *reading, const char *name)
{
    for (int i = 0; i < reading->n_values; i++)
        if (!strcmp(reading->values[i].name, name))
            return reading->values[i].value;
    return -1;
}

/* Two, and those that a sanitizer adds. */
static int threads_of_process(void)
{
    int threads = 0;
    DIR *tasks = opendir("/proc/self/task");
    assert_non_null(tasks);
    for (const struct dirent *task; (task = readdir(tasks));)
        threads += task->d_name[0] != '.';
    closedir(tasks);
    assert_true(threads >= 2);
    return threads;
}

static void test_all_threads(void **state)
{
    (void)state;
    struct counters_reading reading;
    const int threads = threads_of_process();
    read_counters(&reading);
    assert_int_equal(reading.status, COUNTERS_OK);
    assert_int_equal(papi.n_sets, threads);
    assert_true(papi.sets[0].inherits && papi.sets[1].inherits);
    assert_true(papi.sets[0].thread != papi.sets[1].thread);
    /* Events in order, cache_references is not there: each thread has 10, 20, 30 .... */
    assert_true(value_of(&reading, "cycles") == 10 * threads);
    assert_true(value_of(&reading, "instructions") == 20 * threads);
    assert_true(value_of(&reading, "cache_references") == -1);
    assert_true(value_of(&reading, "cache_misses") == 30 * threads);
    assert_true(value_of(&reading, "fp32_operations") == 60 * threads);
    assert_true(value_of(&reading, "fp_operations") == -1);
    for (int i = 0; i < reading.n_values; i++)
        assert_true(reading.values[i].hardware && !reading.values[i].scaled);
}

static void test_multiplexes_when_counters_run_out(void **state)
{
    (void)state;
    struct counters_reading reading;
    const int threads = threads_of_process();
    papi.counters = 2;
    papi.has_single_precision = false;
    read_counters(&reading);
    assert_int_equal(reading.status, COUNTERS_OK);
    assert_true(value_of(&reading, "cycles") == 10 * threads);
    assert_true(value_of(&reading, "fp_operations") == 60 * threads);
    for (int i = 0; i < reading.n_values; i++)
        assert_true(reading.values[i].scaled);
}

static void test_reasons(void **state)
{
    struct counters_reading reading;
    papi.disabled = true;
    read_counters(&reading);
    assert_int_equal(reading.status, COUNTERS_UNAVAILABLE);
    assert_int_equal(reading.n_values, 0);
    assert_non_null(strstr(reading.reason, "the moon is full"));
    reset(state);
    papi.attach_status = PAPI_EPERM;
    read_counters(&reading);
    assert_int_equal(reading.n_values, 0);
    assert_non_null(strstr(reading.reason, "fake status -"));
    reset(state);
    papi.version = PAPI_ESYS;
    read_counters(&reading);
    assert_non_null(strstr(reading.reason, "cannot be initialised"));
}

static void test_a_thread_that_fails_spoils_the_sum(void **state)
{
    (void)state;
    struct counters_reading reading;
    papi.fails_to_start = 1;
    read_counters(&reading);
    assert_int_equal(reading.status, COUNTERS_UNAVAILABLE);
    assert_int_equal(reading.n_values, 0);
    assert_non_null(strstr(reading.reason, "cycles was not counted"));
}

static void test_close_while_running(void **state)
{
    (void)state;
    const struct counter_source *const sources[] = {counter_source_papi, NULL};
    struct counters *counters = counters_open(sources, NULL);
    assert_non_null(counters);
    counters_start(counters);
    assert_true(papi.sets[0].running);
    counters_close(counters);
    assert_false(papi.sets[0].alive || papi.sets[0].running);
}

static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;

static void *second_thread(void *user)
{
    pthread_mutex_lock(&held);
    pthread_mutex_unlock(&held);
    return user;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_all_threads, reset),
        cmocka_unit_test_setup(test_multiplexes_when_counters_run_out, reset),
        cmocka_unit_test_setup(test_reasons, reset),
        cmocka_unit_test_setup(test_a_thread_that_fails_spoils_the_sum, reset),
        cmocka_unit_test_setup(test_close_while_running, reset),
    };
    if (!counter_source_papi) {
        puts("built without PAPI");
        return 0;
    }
    pthread_t thread;
    pthread_mutex_lock(&held);
    if (pthread_create(&thread, NULL, second_thread, NULL))
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    pthread_mutex_unlock(&held);
    pthread_join(thread, NULL);
    return failed;
}
#else
int main(void)
{
    puts("built without PAPI");
    return 0;
}
#endif
