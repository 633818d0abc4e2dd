/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef BENCH_COMPARE_H
#define BENCH_COMPARE_H

#include "kernels/kernel.h"
#include "mamba/plan.h"

/* What --compare varies while all else stays the same. */
enum comparison {
    COMPARE_NOTHING,
    COMPARE_KERNEL,    /* every variant of each unit's family, other libraries too */
    COMPARE_ISA,       /* the ladder held down to each of its levels */
    COMPARE_THREADS,   /* one thread against all */
    COMPARE_PRECISION, /* of the projections */
    COMPARE_FUSION,    /* what a plan decides (mamba/plan.h), the values of one choice */
    COMPARE_SCAN,
    COMPARE_RECOMPUTE,
    COMPARE_OPTION, /* the choices of a modelled device's option */
    COMPARISON_COUNT
};
const char *comparison_name(enum comparison what);
/* The plan's choice that it walks, else CHOICE_COUNT. */
enum plan_choice comparison_choice(enum comparison what);

/* One way to run a workload. */
struct variant {
    char name[PLAN_VALUE_SIZE]; /* given by compare_variants */
    enum isa isa;               /* the ladder is held down to this */
    const char *kernel; /* null: the ladder's choice; else family/<this> in every family that has it */
    struct plan_choices choices;
    char value[PLAN_VALUE_SIZE]; /* of the plan's choice that is compared, in place of that in choices */
    int threads;
};

enum { COMPARE_BASELINE, COMPARE_CONTROL, COMPARE_FIRST, COMPARE_MAX_VARIANTS = 32 };

/* Loads the libraries of all peers. To be called before there are threads: it changes the environment. */
void compare_load_peers(void);

/* All variants that this machine can run, those of a plan's choice on this graph. The first is the baseline,
 * `base`; the second the same once more, the control that tells what the comparison itself gives to equals.
 * The scalar reference is none: it is written to be read. The baseline of a plan's choice is what base asks
 * for, or the first of the values that are worth comparing. Returns how many of COMPARE_MAX_VARIANTS. */
int compare_variants(enum comparison what, const struct variant *base, const struct graph *graph,
                     struct variant *variants);

/* What the variant asks of a plan. The variant must outlive it. */
struct plan_choices variant_choices(enum comparison what, const struct variant *variant);

/* Ratio of two times that were taken in turns: baseline over other, so that more than 1 is faster. The
 * median of the ratios of each repetition's pair, with its distribution-free 95 % interval. */
struct paired {
    double ratio, ci95[2];
    double coverage; /* what the interval really covers: below 0.95 with fewer than 6 repetitions */
};
bool compare_paired(const double *baseline, const double *other, int n, struct paired *paired,
                    struct error *error);

enum verdict { VERDICT_FASTER, VERDICT_SLOWER, VERDICT_SAME, VERDICT_AMBIGUOUS };
const char *verdict_name(enum verdict verdict);

/* Equal is what lies within 2 % or within what the control shows, whichever is wider. FASTER and SLOWER: the
 * whole interval is beyond that; SAME: the whole interval is within, and that is no wider than 10 %; else, or
 * when the interval covers less than 95 %, AMBIGUOUS. */
enum verdict compare_verdict(const struct paired *paired, const struct paired *control);

#endif
