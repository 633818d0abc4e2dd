/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "bench/cbench.h"

#include <benchmark/benchmark.h>

#include <cmath>
#include <map>
#include <new>
#include <ostream>
#include <string>
#include <vector>

namespace
{

struct entry {
    std::string name;
    cbench_fn *function;
    void *user;
    cbench_options options;
    std::string skip_reason;
    bool skipped = false;
    std::map<std::string, benchmark::Counter::Flags> counter_kinds;

    void skip(const char *reason)
    {
        if (skipped)
            return;
        skipped = true;
        skip_reason = reason;
    }
};

struct mean {
    double sum = 0;
    int n = 0;
};

bool running;

} // namespace

struct cbench {
    std::vector<entry> entries;
};

struct cbench_state {
    benchmark::State &state;
    entry &benchmark;
    bool started, stopped;
    double manual_s;
};

namespace
{

void run_once(benchmark::State &state, entry &benchmark)
{
    cbench_state call = {state, benchmark, false, false, 0};
    if (!benchmark.skipped) {
        benchmark.function(&call, benchmark.user);
        if (!call.stopped)
            benchmark.skip("the benchmark returned without a timed region");
        else if (benchmark.options.clock == CBENCH_MANUAL && call.manual_s <= 0)
            benchmark.skip("the benchmark set no manual time");
        else if (benchmark.options.clock == CBENCH_MANUAL)
            state.SetIterationTime(call.manual_s);
    }
    if (!benchmark.skipped)
        return;
    /* Google Benchmark aborts when repetitions differ in iterations, and a run that never started has 0. */
    if (!call.started)
        state.KeepRunningBatch(state.max_iterations);
    state.SkipWithError(benchmark.skip_reason.c_str());
}

class collector : public benchmark::BenchmarkReporter
{
  public:
    collector(std::vector<entry> &benchmarks, cbench_report_fn *callback, void *callback_user)
        : entries(benchmarks), report(callback), report_user(callback_user), nowhere(nullptr)
    {
        SetOutputStream(&nowhere);
        SetErrorStream(&nowhere);
    }

    bool ReportContext(const Context &) override
    {
        return true;
    }

    void ReportRuns(const std::vector<Run> &runs) override
    {
        if (runs.empty() || runs[0].run_type != Run::RT_Iteration)
            return;

        const entry &benchmark = entries.at(std::stoul(runs[0].run_name.function_name));
        std::vector<cbench_repetition> repetitions;
        std::map<std::string, mean> means;
        for (const Run &run : runs) {
            if (run.error_occurred || run.iterations <= 0)
                continue;
            double iterations = static_cast<double>(run.iterations);
            bool by_cpu = benchmark.options.clock == CBENCH_CPU;
            double total_s = by_cpu ? run.cpu_accumulated_time : run.real_accumulated_time;
            repetitions.push_back(
                {total_s / iterations, run.cpu_accumulated_time / iterations, run.iterations});
            for (const auto &counter : run.counters) {
                if (!std::isfinite(counter.second.value))
                    continue;
                mean &m = means[counter.first];
                m.sum += counter.second.value;
                m.n++;
            }
        }

        std::vector<cbench_counter> counters;
        for (const auto &item : means) {
            benchmark::Counter::Flags kind = benchmark.counter_kinds.at(item.first);
            counters.push_back({item.first.c_str(), item.second.sum / item.second.n,
                                kind == benchmark::Counter::kAvgIterations,
                                kind == benchmark::Counter::kIsRate});
        }

        cbench_result result = {};
        result.name = benchmark.name.c_str();
        result.user = benchmark.user;
        result.skip_reason = benchmark.skipped ? benchmark.skip_reason.c_str() : nullptr;
        result.repetitions = repetitions.data();
        result.n_repetitions = static_cast<int>(repetitions.size());
        result.counters = counters.data();
        result.n_counters = static_cast<int>(counters.size());
        if (!benchmark.skipped)
            ran++;
        if (report)
            report(&result, report_user);
    }

    int ran = 0;

  private:
    std::vector<entry> &entries;
    cbench_report_fn *report;
    void *report_user;
    std::ostream nowhere;
};

/* Google Benchmark takes its flags' defaults from the environment: every flag that could change what
 * runs or what is reported is given, so that only this program decides. */
void set_flags(bool interleave)
{
    static char program[] = "mamba-bench";
    std::vector<std::string> flags = {
        "--benchmark_list_tests=false",
        "--benchmark_min_time=0.5",
        "--benchmark_min_warmup_time=0",
        "--benchmark_repetitions=1",
        "--benchmark_report_aggregates_only=false",
        "--benchmark_display_aggregates_only=false",
        "--benchmark_out=",
        "--v=0",
        std::string("--benchmark_enable_random_interleaving=") + (interleave ? "true" : "false"),
    };
    std::vector<char *> argv = {program};
    for (std::string &flag : flags)
        argv.push_back(&flag[0]);
    int argc = static_cast<int>(argv.size());
    argv.push_back(nullptr);
    benchmark::Initialize(&argc, argv.data());
}

void register_all(std::vector<entry> &entries)
{
    for (size_t i = 0; i < entries.size(); i++) {
        entry &e = entries[i];
        e.skipped = false;
        e.counter_kinds.clear();
        /* The name inside is the index: no user's name can then be filtered, disabled or confused. */
        benchmark::internal::Benchmark *registered = benchmark::RegisterBenchmark(
            std::to_string(i).c_str(), [&e](benchmark::State &state) { run_once(state, e); });
        registered->Repetitions(e.options.repetitions)->MeasureProcessCPUTime();
        if (e.options.iterations > 0)
            registered->Iterations(e.options.iterations);
        else if (e.options.min_time_s > 0)
            registered->MinTime(e.options.min_time_s);
        if (e.options.clock == CBENCH_WALL)
            registered->UseRealTime();
        else if (e.options.clock == CBENCH_MANUAL)
            registered->UseManualTime();
    }
}

struct registry_guard {
    registry_guard()
    {
        running = true;
    }
    ~registry_guard()
    {
        benchmark::ClearRegisteredBenchmarks();
        running = false;
    }
};

bool options_are_valid(const cbench_options *options)
{
    return options && options->repetitions >= 1 && options->iterations >= 0 && options->n_args >= 0 &&
           options->n_args <= CBENCH_MAX_ARGS && options->min_time_s >= 0 &&
           std::isfinite(options->min_time_s) && options->clock >= CBENCH_WALL &&
           options->clock <= CBENCH_MANUAL;
}

} // namespace

extern "C" {

struct cbench *cbench_create(void)
{
    return new (std::nothrow) cbench;
}

void cbench_destroy(struct cbench *set)
{
    delete set;
}

bool cbench_register(struct cbench *set, const char *name, cbench_fn *function, void *user,
                     const struct cbench_options *options)
{
    if (!set || running || !name || !function || !options_are_valid(options))
        return false;
    try {
        entry e = {};
        e.name = name;
        e.function = function;
        e.user = user;
        e.options = *options;
        for (int i = 0; i < options->n_args; i++)
            e.name += "/" + std::to_string(options->args[i]);
        set->entries.push_back(e);
        return true;
    } catch (...) {
        return false;
    }
}

int cbench_run(struct cbench *set, bool interleave, cbench_report_fn *report, void *report_user)
{
    if (!set || running)
        return -1;
    if (set->entries.empty())
        return 0;
    try {
        registry_guard guard;
        set_flags(interleave);
        register_all(set->entries);
        collector results(set->entries, report, report_user);
        benchmark::RunSpecifiedBenchmarks(&results, ".");
        return results.ran;
    } catch (...) {
        return -1;
    }
}

int64_t cbench_iterations(const struct cbench_state *state)
{
    return state->state.max_iterations;
}

int64_t cbench_arg(const struct cbench_state *state, int index)
{
    const cbench_options &options = state->benchmark.options;
    return index >= 0 && index < options.n_args ? options.args[index] : 0;
}

void cbench_start(struct cbench_state *state)
{
    if (state->started || state->benchmark.skipped)
        return;
    state->started = true;
    state->state.KeepRunningBatch(state->state.max_iterations);
}

void cbench_stop(struct cbench_state *state)
{
    if (!state->started || state->stopped || state->benchmark.skipped)
        return;
    state->state.KeepRunningBatch(state->state.max_iterations);
    state->stopped = true;
}

void cbench_set_time(struct cbench_state *state, double seconds)
{
    state->manual_s = std::isfinite(seconds) ? seconds : 0;
}

void cbench_skip(struct cbench_state *state, const char *reason)
{
    try {
        state->benchmark.skip(reason ? reason : "no reason given");
    } catch (...) {
        state->benchmark.skipped = true;
    }
}

void cbench_set_counter(struct cbench_state *state, const struct cbench_counter *counter)
{
    if (!counter || !counter->name || !std::isfinite(counter->value))
        return;
    if (counter->rate && counter->per_iteration) {
        cbench_skip(state, "a counter is both a rate and per iteration");
        return;
    }
    benchmark::Counter::Flags kind = counter->rate            ? benchmark::Counter::kIsRate
                                     : counter->per_iteration ? benchmark::Counter::kAvgIterations
                                                              : benchmark::Counter::kDefaults;
    try {
        auto known = state->benchmark.counter_kinds.emplace(counter->name, kind);
        if (known.first->second != kind) {
            cbench_skip(state, "a counter changed its kind between repetitions");
            return;
        }
        state->state.counters[counter->name] = benchmark::Counter(counter->value, kind);
    } catch (...) {
        cbench_skip(state, "out of memory");
    }
}

} // extern "C"
