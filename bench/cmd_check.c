/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/check.h"
#include "bench/cli.h"
#include "bench/stages.h"

/* Marks the families of that name, its own or that of a stage that it computes. */
static bool select_named(const char *name, bool *selected, struct error *error)
{
    struct stage_families found[ARCH_MAMBA2 + 1];
    bool known = false;
    for (enum arch arch = ARCH_MAMBA1; arch <= ARCH_MAMBA2; arch++)
        if (!stage_families(arch, name, &found[arch], error))
            return false;
    for (int f = 0; kernel_families[f]; f++) {
        bool named = !strcmp(kernel_families[f]->name, name);
        for (enum arch arch = ARCH_MAMBA1; arch <= ARCH_MAMBA2; arch++)
            for (int i = 0; i < found[arch].n; i++)
                named |= found[arch].families[i] == kernel_families[f];
        selected[f] |= named;
        known |= named;
    }
    return known || error_set(error, STATUS_USAGE,
                              "--stage %s: no kernel computes that; see 'mamba-bench list stages'", name);
}

/* For each of kernel_families whether it is to be checked, all where no stage is named; for the caller to free. */
static bool *select_families(const struct arguments *arguments, struct error *error)
{
    int n = 0;
    while (kernel_families[n])
        n++;
    bool *selected = malloc((size_t)n * sizeof *selected);
    if (!selected) {
        error_set(error, STATUS_FAILED, "out of memory");
        return NULL;
    }
    for (int f = 0; f < n; f++)
        selected[f] = arguments->stages.count == 0;
    for (int i = 0; i < arguments->stages.count; i++)
        if (!select_named(arguments->stages.items[i], selected, error)) {
            free(selected);
            return NULL;
        }
    return selected;
}

enum status command_check(const struct arguments *arguments, struct error *error)
{
    int passed = 0, failed = 0, unavailable = 0, shapes = 0;
    bool *selected = select_families(arguments, error);
    if (!selected)
        return error->status;
    printf(
        "Every kernel against float64; error and bound on realistic data, worst error/bound on any.\n"
        "exact: equal, bit by bit, to its precision's own integer arithmetic, not held against float64.\n\n");
    printf("%-33s %6s %10s %10s %10s %10s\n", "kernel", "cases", "max abs", "rel L2", "mean e/b",
           "worst e/b");
    for (int f = 0; kernel_families[f]; f++) {
        const struct kernel_family *family = kernel_families[f];
        int most = 0;
        for (int k = 0; selected[f] && k < family->n_kernels; k++) {
            const struct kernel *kernel = &family->kernels[k];
            struct check_result result;
            if (arguments->isa_given && kernel->isa != arguments->isa)
                continue;
            if (!(isa_available() & 1u << kernel->isa)) {
                printf("%-33s skipped: this processor has no %s\n", kernel->name, isa_name(kernel->isa));
                unavailable++;
                continue;
            }
            if (kernel->missing && kernel->missing()) {
                printf("%-33s skipped: %s\n", kernel->name, kernel->missing());
                unavailable++;
                continue;
            }
            struct error failure = {0};
            if (!check_kernel(family, kernel,
                              &(struct check_options){arguments->seed, true, arguments->check_seqlen},
                              &result, &failure)) {
                if (failure.status == STATUS_USAGE) {
                    *error = failure;
                    free(selected);
                    return STATUS_USAGE;
                }
                printf("%-33s not checked: %s\n", kernel->name, failure.text);
                failed++;
                continue;
            }
            printf("%-33s %6d %10.2e %10.2e %10.2e %10.2e  %s\n", kernel->name, result.cases, result.max_abs,
                   result.rel_l2, result.mean_ratio, result.worst_ratio,
                   !result.passed  ? "FAILED"
                   : kernel->exact ? "exact"
                                   : "ok");
            if (!result.passed)
                printf("    %s\n", result.failure);
            fflush(stdout);
            passed += result.passed;
            failed += !result.passed;
            most = result.cases > most ? result.cases : most;
        }
        shapes += most;
    }
    free(selected);
    printf("\n%d kernel%s passed, %d failed, %d skipped, on %d shape%s. Seed %llu.\n", passed,
           passed == 1 ? "" : "s", failed, unavailable, shapes, shapes == 1 ? "" : "s",
           (unsigned long long)arguments->seed);
    if (passed + failed == 0) {
        error_set(error, STATUS_UNAVAILABLE, "no kernel of that selection can run here");
        return STATUS_UNAVAILABLE;
    }
    return failed ? STATUS_FAILED : STATUS_OK;
}
