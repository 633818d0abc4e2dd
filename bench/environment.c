/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "bench/environment.h"

#include <errno.h>
#include <fcntl.h>
#include <gnu/libc-version.h>
#include <hwloc.h>
#include <inttypes.h>
#include <link.h>
#include <pwd.h>
#include <sched.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/personality.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef HAVE_PAPI
#include <papi.h>
#endif
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "bench/denormals.h"
#include "bench/sysfs.h"
#include "kernels/kernel.h"
#include "platforms/cpu/team.h"

enum { TEXT_SIZE = 4096 };

/* Sets a field, or null and the reason when there is no value. */
static void set(json_t *object, const char *field, json_t *value, const char *reason)
{
    if (value) {
        json_object_set_new(object, field, value);
        return;
    }
    char reason_field[128];
    snprintf(reason_field, sizeof reason_field, "%s_reason", field);
    json_object_set_new(object, field, json_null());
    json_object_set_new(object, reason_field, json_string(reason));
}

/* Null for text that is not UTF-8. */
static json_t *text_value(const char *text)
{
    return json_string(text);
}

static void set_file(json_t *object, const char *field, const char *path)
{
    char text[TEXT_SIZE], reason[TEXT_SIZE];
    bool read = sysfs_read(path, text, sizeof text);
    snprintf(reason, sizeof reason, "%s: %s", path, strerror(errno));
    set(object, field, read ? text_value(text) : NULL, reason);
}

static void set_file_number(json_t *object, const char *field, const char *path, uint64_t unit)
{
    uint64_t value;
    char reason[TEXT_SIZE];
    bool read = sysfs_read_number(path, &value) && value <= INT64_MAX / unit;
    snprintf(reason, sizeof reason, "%s: %s", path, strerror(errno));
    set(object, field, read ? json_integer((json_int_t)(value * unit)) : NULL, reason);
}

/* The word in brackets of "always [madvise] never". */
static void set_file_choice(json_t *object, const char *field, const char *path)
{
    char text[TEXT_SIZE], reason[TEXT_SIZE];
    bool read = sysfs_read(path, text, sizeof text);
    snprintf(reason, sizeof reason, "%s: %s", path, read ? "no choice in brackets" : strerror(errno));
    char *begin = read ? strchr(text, '[') : NULL, *end = begin ? strchr(begin, ']') : NULL;
    if (end)
        *end = '\0';
    set(object, field, end ? text_value(begin + 1) : NULL, reason);
}

/* Value of the first "key<separator>value" line of a file, without blanks and quotes around it. */
static bool find_line(const char *path, const char *key, char separator, char *value, size_t size)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    char *line = NULL;
    size_t room = 0, key_length = strlen(key);
    bool found = false;
    while (!found && getline(&line, &room, file) > 0) {
        if (strncmp(line, key, key_length))
            continue;
        char *begin = line + key_length;
        begin += strspn(begin, " \t");
        if (*begin != separator)
            continue;
        begin += 1 + strspn(begin + 1, " \t\"");
        size_t length = strlen(begin);
        while (length && strchr(" \t\n\"", begin[length - 1]))
            length--;
        if (length < size) {
            memcpy(value, begin, length);
            value[length] = '\0';
            found = true;
        }
    }
    free(line);
    fclose(file);
    if (!found)
        errno = ENODATA;
    return found;
}

static void set_line(json_t *object, const char *field, const char *path, const char *key, char separator)
{
    char text[TEXT_SIZE], reason[TEXT_SIZE];
    bool found = find_line(path, key, separator, text, sizeof text);
    snprintf(reason, sizeof reason, "%s has no line '%s'", path, key);
    set(object, field, found ? text_value(text) : NULL, reason);
}

static bool has_word(const char *words, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = words; (at = strstr(at, word)); at += length)
        if ((at == words || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
            return true;
    return false;
}

static const char cpuinfo[] = "/proc/cpuinfo";

static bool cpu_flags(char *flags, size_t size)
{
    return find_line(cpuinfo, "flags", ':', flags, size) || find_line(cpuinfo, "Features", ':', flags, size);
}

/* Those that change which kernel can run, how time is kept, or how the caches behave. */
static const char *const interesting_flags[] = {
    "sse2",       "avx",      "f16c",     "fma",          "avx2",        "avx_vnni",     "avx512f",
    "avx512bw",   "avx512dq", "avx512vl", "avx512_vnni",  "avx512_bf16", "avx512_fp16",  "avx512vbmi",
    "amx_tile",   "amx_bf16", "amx_int8", "constant_tsc", "nonstop_tsc", "tsc_reliable", "hypervisor",
    "aperfmperf", "cdp_l3",   "asimd",    "asimdhp",      "asimddp",     "fphp",         "bf16",
    "i8mm",       "sve",      "sve2",     "sme",
};

static json_t *describe_cpu(void)
{
    static const struct {
        const char *field, *key, *other_key;
    } lines[] = {
        {"vendor", "vendor_id", "CPU implementer"},   {"model_name", "model name", "CPU part"},
        {"family", "cpu family", "CPU architecture"}, {"model", "model", "CPU variant"},
        {"stepping", "stepping", "CPU revision"},
    };
    json_t *cpu = json_object();
    char text[TEXT_SIZE];
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        bool other = !find_line(cpuinfo, lines[i].key, ':', text, sizeof text);
        set_line(cpu, lines[i].field, cpuinfo, other ? lines[i].other_key : lines[i].key, ':');
    }
    set_line(cpu, "microcode", cpuinfo, "microcode", ':');

    char flags[TEXT_SIZE];
    json_t *list = NULL;
    if (cpu_flags(flags, sizeof flags)) {
        list = json_array();
        for (size_t i = 0; i < sizeof interesting_flags / sizeof interesting_flags[0]; i++)
            if (has_word(flags, interesting_flags[i]))
                json_array_append_new(list, json_string(interesting_flags[i]));
    }
    set(cpu, "flags", list, "/proc/cpuinfo has no line 'flags' or 'Features'");

    json_t *levels = json_array();
    for (int isa = 0; isa < ISA_COUNT; isa++)
        if (isa_available() >> isa & 1)
            json_array_append_new(levels, json_string(isa_name((enum isa)isa)));
    set(cpu, "isa", levels, "out of memory");
    return cpu;
}

#if defined(__x86_64__)
/* Name that the hypervisor gives itself in CPUID leaf 0x40000000. */
static void hypervisor_name(char name[13])
{
    unsigned a, b, c, d;
    __cpuid_count(0x40000000, 0, a, b, c, d);
    memcpy(name, &b, 4);
    memcpy(name + 4, &c, 4);
    memcpy(name + 8, &d, 4);
    name[12] = '\0';
}
#endif

/* Emulators answer for /proc/self/exe in the name of the program, but not for every way to it. */
bool environment_emulated(void)
{
    char program[TEXT_SIZE], runs[TEXT_SIZE];
    const ssize_t length = readlink("/proc/self/exe", program, sizeof program);
    const ssize_t runs_length = readlink("/proc/thread-self/exe", runs, sizeof runs);
    return length > 0 && runs_length > 0 && (length != runs_length || memcmp(program, runs, (size_t)length));
}

static void set_virtualisation(json_t *record)
{
    char name[64] = "";
    json_t *virtualised = NULL;
    if (sysfs_read("/sys/hypervisor/type", name, sizeof name))
        virtualised = json_true();
#if defined(__x86_64__)
    char flags[TEXT_SIZE];
    if (!virtualised && cpu_flags(flags, sizeof flags)) {
        virtualised = json_boolean(has_word(flags, "hypervisor"));
        if (json_is_true(virtualised))
            hypervisor_name(name);
    }
#endif
    bool native = virtualised && json_is_false(virtualised);
    set(record, "virtualised", virtualised,
        "the processor does not tell, and /sys/hypervisor/type is not there");
    set(record, "hypervisor", name[0] ? text_value(name) : NULL,
        native ? "not virtualised" : "no hypervisor gives its name");
}

/* hwloc */

static hwloc_topology_t load_topology(struct error *error)
{
    hwloc_topology_t topology;
    if (hwloc_topology_init(&topology)) {
        error_set(error, STATUS_FAILED, "hwloc cannot be initialised: %s", strerror(errno));
        return NULL;
    }
    /* The whole machine is described; what this process may use of it is said beside it. */
    if (hwloc_topology_set_flags(topology, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED) ||
        hwloc_topology_load(topology)) {
        error_set(error, STATUS_FAILED, "hwloc cannot load the topology: %s", strerror(errno));
        hwloc_topology_destroy(topology);
        return NULL;
    }
    return topology;
}

static json_t *describe_bitmap(hwloc_const_bitmap_t bitmap)
{
    char *list = NULL;
    if (hwloc_bitmap_list_asprintf(&list, bitmap) < 0)
        return NULL;
    json_t *json = json_string(list);
    free(list);
    return json;
}

static json_t *describe_caches(hwloc_topology_t topology)
{
    static const hwloc_obj_type_t types[] = {HWLOC_OBJ_L1ICACHE, HWLOC_OBJ_L1CACHE, HWLOC_OBJ_L2CACHE,
                                             HWLOC_OBJ_L3CACHE, HWLOC_OBJ_L4CACHE};
    static const char *const kinds[] = {"unified", "data", "instruction"};
    json_t *caches = json_array();
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        int n = hwloc_get_nbobjs_by_type(topology, types[i]);
        hwloc_obj_t first = n > 0 ? hwloc_get_obj_by_type(topology, types[i], 0) : NULL;
        if (!first)
            continue;
        const struct hwloc_cache_attr_s *cache = &first->attr->cache;
        json_t *json = json_object();
        json_object_set_new(json, "level", json_integer(cache->depth));
        json_object_set_new(json, "type", json_string(kinds[cache->type <= 2 ? cache->type : 0]));
        json_object_set_new(json, "count", json_integer(n));
        json_object_set_new(json, "pus_sharing", json_integer(hwloc_bitmap_weight(first->cpuset)));
        set(json, "size_bytes", cache->size ? json_integer((json_int_t)cache->size) : NULL,
            "hwloc does not know");
        set(json, "line_bytes", cache->linesize ? json_integer(cache->linesize) : NULL,
            "hwloc does not know");
        /* hwloc: -1 is fully associative, 0 unknown. */
        set(json, "ways",
            cache->associativity > 0   ? json_integer(cache->associativity)
            : cache->associativity < 0 ? json_string("full")
                                       : NULL,
            "hwloc does not know");
        json_array_append_new(caches, json);
    }
    return caches;
}

static json_t *describe_cpu_kinds(hwloc_topology_t topology)
{
    int n = hwloc_cpukinds_get_nr(topology, 0);
    if (n <= 0)
        return NULL;
    json_t *kinds = json_array();
    hwloc_bitmap_t cpuset = hwloc_bitmap_alloc();
    for (int i = 0; cpuset && i < n; i++) {
        int efficiency;
        unsigned n_infos;
        struct hwloc_info_s *infos;
        if (hwloc_cpukinds_get_info(topology, (unsigned)i, cpuset, &efficiency, &n_infos, &infos, 0))
            continue;
        json_t *kind = json_object();
        set(kind, "efficiency", efficiency >= 0 ? json_integer(efficiency) : NULL, "hwloc does not know");
        set(kind, "pus", describe_bitmap(cpuset), "out of memory");
        for (unsigned j = 0; j < n_infos; j++)
            set(kind, infos[j].name, text_value(infos[j].value), "not UTF-8");
        json_array_append_new(kinds, kind);
    }
    hwloc_bitmap_free(cpuset);
    return kinds;
}

static json_t *describe_start_affinity(void)
{
    const cpu_set_t *affinity = team_start_affinity();
    hwloc_bitmap_t bitmap = affinity ? hwloc_bitmap_alloc() : NULL;
    if (!bitmap)
        return NULL;
    for (int i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET((size_t)i, affinity))
            hwloc_bitmap_set(bitmap, (unsigned)i);
    json_t *json = describe_bitmap(bitmap);
    hwloc_bitmap_free(bitmap);
    return json;
}

static json_t *describe_topology(struct error *error)
{
    hwloc_topology_t topology = load_topology(error);
    if (!topology)
        return NULL;
    static const struct {
        const char *field;
        hwloc_obj_type_t type;
    } counts[] = {{"packages", HWLOC_OBJ_PACKAGE},
                  {"dies", HWLOC_OBJ_DIE},
                  {"cores", HWLOC_OBJ_CORE},
                  {"pus", HWLOC_OBJ_PU},
                  {"numa_nodes", HWLOC_OBJ_NUMANODE}};
    json_t *json = json_object();
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        int n = hwloc_get_nbobjs_by_type(topology, counts[i].type);
        set(json, counts[i].field, n > 0 ? json_integer(n) : NULL, "hwloc finds none");
    }
    hwloc_const_cpuset_t allowed = hwloc_topology_get_allowed_cpuset(topology);
    set(json, "allowed_pus", describe_bitmap(allowed), "out of memory");
    json_object_set_new(json, "n_allowed_pus", json_integer(hwloc_bitmap_weight(allowed)));
    set(json, "started_on_pus", describe_start_affinity(), "sched_getaffinity failed");
    const struct hwloc_topology_support *support = hwloc_topology_get_support(topology);
    json_object_set_new(json, "threads_can_be_bound", json_boolean(support->cpubind->set_thisthread_cpubind));
    set(json, "cpu_kinds", describe_cpu_kinds(topology), "all alike, or hwloc cannot tell them apart");
    set(json, "caches", describe_caches(topology), "out of memory");
    hwloc_topology_destroy(topology);
    return json;
}

static bool names_somebody(const char *info)
{
    return !strcmp(info, "HostName") || strstr(info, "Serial") || strstr(info, "UUID") ||
           strstr(info, "AssetTag") || !strcmp(info, "LinuxCgroup");
}

bool environment_topology_xml(const struct environment_options *options, char **xml, struct error *error)
{
    *xml = NULL;
    hwloc_topology_t topology = load_topology(error);
    if (!topology)
        return false;
    hwloc_obj_t root = hwloc_get_root_obj(topology);
    /* hwloc 2 cannot remove an info: its text is emptied in place. */
    for (unsigned i = 0; options && options->anonymise && i < root->infos_count; i++)
        if (names_somebody(root->infos[i].name))
            root->infos[i].value[0] = '\0';
    char *buffer;
    int length;
    bool exported = !hwloc_topology_export_xmlbuffer(topology, &buffer, &length, 0);
    if (exported) {
        *xml = strdup(buffer);
        hwloc_free_xmlbuffer(topology, buffer);
    }
    hwloc_topology_destroy(topology);
    return *xml || error_set(error, STATUS_FAILED, "hwloc cannot export the topology");
}

/* Settings */

static json_t *describe_clock(void)
{
    static const char folder[] = "/sys/devices/system/cpu/cpu0/cpufreq";
    static const struct {
        const char *field, *file;
        bool is_number;
    } files[] = {{"driver", "scaling_driver", false},           {"governor", "scaling_governor", false},
                 {"min_hz", "scaling_min_freq", true},          {"max_hz", "scaling_max_freq", true},
                 {"hardware_max_hz", "cpuinfo_max_freq", true}, {"base_hz", "base_frequency", true}};
    json_t *clock = json_object();
    char path[256], text[TEXT_SIZE];
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, files[i].file);
        if (files[i].is_number)
            set_file_number(clock, files[i].field, path, 1000);
        else
            set_file(clock, files[i].field, path);
    }

    uint64_t flag;
    json_t *turbo = NULL;
    if (sysfs_read_number("/sys/devices/system/cpu/intel_pstate/no_turbo", &flag))
        turbo = json_boolean(!flag);
    else if (sysfs_read_number("/sys/devices/system/cpu/cpufreq/boost", &flag))
        turbo = json_boolean(flag);
    set(clock, "turbo", turbo,
        "neither intel_pstate/no_turbo nor cpufreq/boost is in /sys/devices/system/cpu");

    char flags[TEXT_SIZE];
    bool known = cpu_flags(flags, sizeof flags);
    set(clock, "constant_tsc", known ? json_boolean(has_word(flags, "constant_tsc")) : NULL, "flags unknown");
    set(clock, "nonstop_tsc", known ? json_boolean(has_word(flags, "nonstop_tsc")) : NULL, "flags unknown");
    set_file(clock, "clocksource", "/sys/devices/system/clocksource/clocksource0/current_clocksource");
    struct timespec resolution;
    if (clock_getres(CLOCK_MONOTONIC, &resolution))
        resolution.tv_nsec = 0;
    snprintf(text, sizeof text, "clock_getres: %s", strerror(errno));
    set(clock, "resolution_ns", resolution.tv_nsec ? json_integer(resolution.tv_nsec) : NULL, text);
    return clock;
}

static json_t *describe_memory(void)
{
    json_t *memory = json_object();
    struct sysinfo info;
    bool known = !sysinfo(&info);
    set(memory, "total_bytes", known ? json_integer((json_int_t)info.totalram * info.mem_unit) : NULL,
        "sysinfo failed");
    set(memory, "swap_bytes", known ? json_integer((json_int_t)info.totalswap * info.mem_unit) : NULL,
        "sysinfo failed");
    json_object_set_new(memory, "page_bytes", json_integer(sysconf(_SC_PAGESIZE)));
    set_file_choice(memory, "transparent_huge_pages", "/sys/kernel/mm/transparent_hugepage/enabled");
    set_file_choice(memory, "transparent_huge_pages_defrag", "/sys/kernel/mm/transparent_hugepage/defrag");
    set_file_number(memory, "transparent_huge_page_bytes",
                    "/sys/kernel/mm/transparent_hugepage/hpage_pmd_size", 1);
    set_file_number(memory, "reserved_huge_pages", "/proc/sys/vm/nr_hugepages", 1);
    set_file_number(memory, "numa_balancing", "/proc/sys/kernel/numa_balancing", 1);
    set_file_number(memory, "swappiness", "/proc/sys/vm/swappiness", 1);
    return memory;
}

static json_t *describe_system(void)
{
    json_t *system = json_object();
    set_file(system, "smt", "/sys/devices/system/cpu/smt/control");
    set_file(system, "online_pus", "/sys/devices/system/cpu/online");
    char isolated[TEXT_SIZE];
    /* An empty file means that none is isolated, as opposed to no file. */
    bool read = sysfs_read("/sys/devices/system/cpu/isolated", isolated, sizeof isolated);
    bool none = !read && !access("/sys/devices/system/cpu/isolated", R_OK);
    set(system, "isolated_pus",
        read   ? text_value(isolated)
        : none ? json_string("")
               : NULL,
        "/sys/devices/system/cpu/isolated cannot be read");
    set_file_number(system, "address_space_randomisation", "/proc/sys/kernel/randomize_va_space", 1);
    int persona = personality(0xffffffff);
    set(system, "process_randomised", persona >= 0 ? json_boolean(!(persona & ADDR_NO_RANDOMIZE)) : NULL,
        "personality() failed");
    set_file(system, "perf_event_paranoid", "/proc/sys/kernel/perf_event_paranoid");

    static const char *const vulnerabilities[] = {"gather_data_sampling",
                                                  "l1tf",
                                                  "mds",
                                                  "meltdown",
                                                  "reg_file_data_sampling",
                                                  "retbleed",
                                                  "spec_rstack_overflow",
                                                  "spec_store_bypass",
                                                  "spectre_v1",
                                                  "spectre_v2",
                                                  "srbds",
                                                  "tsa",
                                                  "tsx_async_abort"};
    json_t *mitigations = json_object();
    for (size_t i = 0; i < sizeof vulnerabilities / sizeof vulnerabilities[0]; i++) {
        char path[128];
        snprintf(path, sizeof path, "/sys/devices/system/cpu/vulnerabilities/%s", vulnerabilities[i]);
        set_file(mitigations, vulnerabilities[i], path);
    }
    json_object_set_new(system, "mitigations", mitigations);
    return system;
}

/* Limits of the control group that this process is in: version 2, else version 1's controllers. */
static json_t *describe_cgroup(void)
{
    char group[TEXT_SIZE], path[TEXT_SIZE + 64];
    json_t *cgroup = json_object();
    bool is_v2 = !access("/sys/fs/cgroup/cgroup.controllers", R_OK) &&
                 find_line("/proc/self/cgroup", "0:", ':', group, sizeof group);
    if (!is_v2) {
        json_object_set_new(cgroup, "version", json_integer(1));
        set_file(cgroup, "cpu_quota_us", "/sys/fs/cgroup/cpu/cpu.cfs_quota_us");
        set_file(cgroup, "cpu_period_us", "/sys/fs/cgroup/cpu/cpu.cfs_period_us");
        set_file(cgroup, "memory_max_bytes", "/sys/fs/cgroup/memory/memory.limit_in_bytes");
        set_file(cgroup, "cpuset", "/sys/fs/cgroup/cpuset/cpuset.cpus");
        return cgroup;
    }
    static const struct {
        const char *field, *file;
    } files[] = {
        {"cpu_max", "cpu.max"}, {"memory_max_bytes", "memory.max"}, {"cpuset", "cpuset.cpus.effective"}};
    json_object_set_new(cgroup, "version", json_integer(2));
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        snprintf(path, sizeof path, "/sys/fs/cgroup%s/%s", group, files[i].file);
        set_file(cgroup, files[i].field, path);
    }
    return cgroup;
}

static json_t *describe_floating_point(void)
{
    json_t *json = json_object();
    json_object_set_new(json, "denormals_flushed", json_boolean(denormals_flushed()));
    return json;
}

/* The build */

#ifdef MAMBA_BENCH_SOURCE_FOLDER
/* First line that git prints (empty when none). False: no git, or it failed. */
static bool ask_git(const char *const arguments[], char *line, size_t size)
{
    const char *argv[8] = {"git", "--no-optional-locks", "-C", MAMBA_BENCH_SOURCE_FOLDER};
    for (int i = 0; i < 3 && arguments[i]; i++)
        argv[4 + i] = arguments[i];
    int ends[2];
    if (pipe2(ends, O_CLOEXEC))
        return false;
    posix_spawn_file_actions_t actions;
    if (posix_spawn_file_actions_init(&actions)) {
        close(ends[0]);
        close(ends[1]);
        return false;
    }
    pid_t child;
    bool started = !posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO) &&
                   !posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0) &&
                   !posix_spawnp(&child, argv[0], &actions, NULL, (char *const *)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    FILE *output = started ? fdopen(ends[0], "r") : NULL;
    line[0] = '\0';
    if (output) {
        if (fgets(line, (int)size, output))
            line[strcspn(line, "\n")] = '\0';
        /* All of it is read, so that git does not die of a closed pipe. */
        while (fgetc(output) != EOF)
            continue;
        fclose(output);
    } else {
        close(ends[0]);
    }
    int status;
    return started && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
#endif

static json_t *describe_revision(void)
{
    json_t *revision = json_object();
#ifdef MAMBA_BENCH_SOURCE_FOLDER
    static const char *const head[] = {"rev-parse", "--verify", "HEAD", NULL};
    static const char *const changes[] = {"status", "--porcelain", "--untracked-files=no", NULL};
    char line[TEXT_SIZE];
    bool known = ask_git(head, line, sizeof line);
    set(revision, "revision", known ? text_value(line) : NULL, "git finds no commit in the source folder");
    known = known && ask_git(changes, line, sizeof line);
    set(revision, "dirty", known ? json_boolean(line[0]) : NULL, "git finds no commit in the source folder");
#else
    set(revision, "revision", NULL, "the build did not name its source folder");
    set(revision, "dirty", NULL, "the build did not name its source folder");
#endif
    return revision;
}

#ifdef __GLIBC__
/* The linker's identity of the program: tells which build ran when the source folder has moved on. */
static int find_build_id(struct dl_phdr_info *info, size_t size, void *user)
{
    (void)size;
    char *text = user;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        if (info->dlpi_phdr[i].p_type != PT_NOTE)
            continue;
        const char *note = (const char *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
        const char *end = note + info->dlpi_phdr[i].p_memsz;
        while (note + sizeof(ElfW(Nhdr)) <= end) {
            ElfW(Nhdr) header;
            memcpy(&header, note, sizeof header);
            const char *name = note + sizeof header;
            const unsigned char *content = (const unsigned char *)name + ((header.n_namesz + 3u) & ~3u);
            if (header.n_type == NT_GNU_BUILD_ID && header.n_namesz == 4 && !memcmp(name, "GNU", 4))
                for (unsigned b = 0; b < header.n_descsz && b < 32; b++)
                    snprintf(text + 2 * b, 3, "%02x", content[b]);
            note = (const char *)content + ((header.n_descsz + 3u) & ~3u);
        }
    }
    return 1; /* the first object is the program itself */
}
#endif

static json_t *describe_build(void)
{
    json_t *build = json_object();
    static const struct {
        const char *field, *value;
    } macros[] = {
#ifdef MAMBA_BENCH_VERSION
        {"version", MAMBA_BENCH_VERSION},       {"compiler", MAMBA_BENCH_COMPILER},
        {"flags", MAMBA_BENCH_FLAGS},           {"type", MAMBA_BENCH_BUILD_TYPE},
        {"sanitizers", MAMBA_BENCH_SANITIZERS},
#else
        {"version", NULL}, {"compiler", __VERSION__}, {"flags", NULL}, {"type", NULL}, {"sanitizers", NULL},
#endif
    };
    for (size_t i = 0; i < sizeof macros / sizeof macros[0]; i++)
        set(build, macros[i].field, macros[i].value ? text_value(macros[i].value) : NULL,
            "built without CMake");
#ifdef __OPTIMIZE__
    json_object_set_new(build, "optimised", json_true());
#else
    json_object_set_new(build, "optimised", json_false());
#endif
    char id[65] = "";
#ifdef __GLIBC__
    dl_iterate_phdr(find_build_id, id);
#endif
    set(build, "build_id", id[0] ? json_string(id) : NULL, "the linker left none");
    json_object_set_new(build, "source", describe_revision());
    return build;
}

struct library_search {
    const char *prefix;
    char version[128];
};

/* For libraries that do not tell their version: what follows ".so." in the name of the real file. */
static int find_library(struct dl_phdr_info *info, size_t size, void *user)
{
    (void)size;
    struct library_search *search = user;
    const char *base = strrchr(info->dlpi_name, '/');
    if (!base || strncmp(base + 1, search->prefix, strlen(search->prefix)))
        return 0;
    char *file = realpath(info->dlpi_name, NULL);
    const char *version = file ? strstr(file, ".so.") : NULL;
    if (version)
        snprintf(search->version, sizeof search->version, "%s", version + 4);
    free(file);
    return version != NULL;
}

static void set_library(json_t *libraries, const char *field, const char *prefix)
{
    struct library_search search = {prefix, ""};
    dl_iterate_phdr(find_library, &search);
    set(libraries, field, search.version[0] ? text_value(search.version) : NULL,
        "not loaded as a shared library");
}

static json_t *describe_libraries(void)
{
    json_t *libraries = json_object();
    char text[64];
    set_library(libraries, "benchmark", "libbenchmark.so");
#ifdef HAVE_PAPI
    snprintf(text, sizeof text, "%d.%d.%d", PAPI_VERSION_MAJOR(PAPI_VERSION),
             PAPI_VERSION_MINOR(PAPI_VERSION), PAPI_VERSION_REVISION(PAPI_VERSION));
    json_object_set_new(libraries, "papi", json_string(text));
#else
    set(libraries, "papi", NULL, "built without PAPI (package libpapi-dev)");
#endif
    unsigned api = hwloc_get_api_version();
    snprintf(text, sizeof text, "%u.%u.%u", api >> 16, api >> 8 & 0xff, api & 0xff);
    json_object_set_new(libraries, "hwloc_api", json_string(text));
    set_library(libraries, "hwloc", "libhwloc.so");
    json_object_set_new(libraries, "jansson", json_string(jansson_version_str()));
#ifdef __GLIBC__
    json_object_set_new(libraries, "glibc", json_string(gnu_get_libc_version()));
#else
    set(libraries, "glibc", NULL, "another C library");
#endif
    set_library(libraries, "libgomp", "libgomp.so");
    return libraries;
}

/* OpenMP settings decide where threads run and what waiting costs. */
static json_t *describe_openmp(void)
{
    static const char *const names[] = {"OMP_NUM_THREADS",   "OMP_PROC_BIND", "OMP_PLACES",
                                        "OMP_WAIT_POLICY",   "OMP_DYNAMIC",   "OMP_THREAD_LIMIT",
                                        "GOMP_CPU_AFFINITY", "GOMP_SPINCOUNT"};
    json_t *openmp = json_object();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        set(openmp, names[i], getenv(names[i]) ? text_value(getenv(names[i])) : NULL, "not set");
    return openmp;
}

static json_t *describe_now(void)
{
    json_t *now = json_object();
    double load[3];
    bool known = getloadavg(load, 3) == 3;
    set(now, "load_average", known ? json_pack("[f,f,f]", load[0], load[1], load[2]) : NULL,
        "getloadavg failed");
    char text[TEXT_SIZE];
    unsigned long long kib = 0;
    known = find_line("/proc/meminfo", "MemAvailable", ':', text, sizeof text) &&
            sscanf(text, "%llu", &kib) == 1 && kib <= INT64_MAX / 1024;
    set(now, "memory_available_bytes", known ? json_integer((json_int_t)(kib * 1024)) : NULL,
        "/proc/meminfo has no line 'MemAvailable'");
    double mhz = 0;
    known =
        find_line(cpuinfo, "cpu MHz", ':', text, sizeof text) && sscanf(text, "%lf", &mhz) == 1 && mhz > 0;
    set(now, "cpu0_hz", known ? json_real(mhz * 1e6) : NULL, "/proc/cpuinfo has no line 'cpu MHz'");
    set_file_number(now, "temperature_millicelsius", "/sys/class/thermal/thermal_zone0/temp", 1);
    struct sysinfo info;
    known = !sysinfo(&info);
    set(now, "uptime_s", known ? json_integer(info.uptime) : NULL, "sysinfo failed");
    set(now, "processes", known ? json_integer(info.procs) : NULL, "sysinfo failed");
    return now;
}

static void set_names(json_t *record, const struct utsname *kernel, bool anonymise)
{
    static const char anonymised[] = "anonymised";
    const struct passwd *user = anonymise ? NULL : getpwuid(geteuid());
    set(record, "host", anonymise ? NULL : text_value(kernel->nodename), anonymised);
    set(record, "user", user ? text_value(user->pw_name) : NULL, anonymise ? anonymised : "no such user");
}

static void set_time(json_t *record)
{
    char text[32];
    time_t seconds = time(NULL);
    struct tm utc;
    bool known = gmtime_r(&seconds, &utc) && strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    set(record, "time", known ? json_string(text) : NULL, "gmtime failed");
}

/* FNV-1a of the JSON text with sorted keys, as 16 hexadecimal digits. */
static json_t *hash(const json_t *json)
{
    char *text = json_dumps(json, JSON_SORT_KEYS | JSON_COMPACT);
    if (!text)
        return NULL;
    uint64_t sum = 14695981039346656037u;
    for (const char *at = text; *at; at++)
        sum = (sum ^ (unsigned char)*at) * 1099511628211u;
    free(text);
    char digits[17];
    snprintf(digits, sizeof digits, "%016" PRIx64, sum);
    return json_string(digits);
}

static const json_t *follow(const json_t *record, const char *path)
{
    char field[128];
    for (const char *dot; record && (dot = strchr(path, '.')); path = dot + 1) {
        snprintf(field, sizeof field, "%.*s", (int)(dot - path), path);
        record = json_object_get(record, field);
    }
    return record ? json_object_get(record, path) : NULL;
}

json_t *environment_comparable(const json_t *record)
{
    static const char *const paths[] = {
        "kernel.machine",
        "emulated",
        "virtualised",
        "hypervisor",
        "cpu.vendor",
        "cpu.model_name",
        "cpu.family",
        "cpu.model",
        "cpu.stepping",
        "topology.packages",
        "topology.cores",
        "topology.pus",
        "topology.numa_nodes",
        "topology.n_allowed_pus",
        "topology.started_on_pus",
        "topology.caches",
        "clock.driver",
        "clock.governor",
        "clock.turbo",
        "clock.min_hz",
        "clock.max_hz",
        "memory.page_bytes",
        "memory.transparent_huge_pages",
        "system.smt",
        "system.isolated_pus",
        "system.process_randomised",
        "system.mitigations",
        "cgroup",
        "floating_point.denormals_flushed",
        "build.type",
        "build.optimised",
        "build.sanitizers",
    };
    json_t *comparable = json_object();
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        const json_t *value = follow(record, paths[i]);
        if (json_object_set_new(comparable, paths[i], value ? json_deep_copy(value) : json_null())) {
            json_decref(comparable);
            return NULL;
        }
    }
    return comparable;
}

json_t *environment_record(const struct environment_options *options, struct error *error)
{
    json_t *topology = describe_topology(error);
    if (!topology)
        return NULL;
    struct utsname kernel;
    json_t *record = json_object();
    if (!record || uname(&kernel)) {
        json_decref(topology);
        json_decref(record);
        error_set(error, STATUS_FAILED, "cannot describe the environment: %s", strerror(errno));
        return NULL;
    }
    json_object_set_new(record, "schema", json_integer(1));
    json_object_set_new(record, "record", json_string("environment"));
    set_names(record, &kernel, options && options->anonymise);
    json_object_set_new(record, "kernel",
                        json_pack("{s:s, s:s, s:s, s:s}", "name", kernel.sysname, "release", kernel.release,
                                  "version", kernel.version, "machine", kernel.machine));
    set_line(record, "os", "/etc/os-release", "PRETTY_NAME", '=');
    json_object_set_new(record, "emulated", json_boolean(environment_emulated()));
    set_virtualisation(record);
    json_object_set_new(record, "cpu", describe_cpu());
    json_object_set_new(record, "topology", topology);
    json_object_set_new(record, "clock", describe_clock());
    json_object_set_new(record, "memory", describe_memory());
    json_object_set_new(record, "system", describe_system());
    json_object_set_new(record, "cgroup", describe_cgroup());
    json_object_set_new(record, "floating_point", describe_floating_point());
    json_object_set_new(record, "openmp", describe_openmp());
    json_object_set_new(record, "build", describe_build());
    json_object_set_new(record, "libraries", describe_libraries());

    /* The hash is of all so far: what changes from call to call comes after it. */
    json_t *id = hash(record), *comparable = environment_comparable(record);
    json_t *key = comparable ? hash(comparable) : NULL;
    json_decref(comparable);
    json_object_set_new(record, "id", id);
    json_object_set_new(record, "comparable_key", key);
    set_time(record);
    json_object_set_new(record, "now", describe_now());
    if (id && key)
        return record;
    json_decref(record);
    error_set(error, STATUS_FAILED, "out of memory for the environment record");
    return NULL;
}
