/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bench/check.h"

/* Every scan of every algorithm against float64, within the bound that grows with log2 of the length: from a
 * state, with the last state, in several parts. */

static void check_length(int64_t seqlen, bool scalar)
{
    static const char *const families[] = {"scan", "selective_scan", "ssd_scan", "ssd"};
    for (int f = 0; f < COUNT_OF(families); f++) {
        const struct kernel_family *family = kernel_family_find(families[f]);
        for (int k = 0; k < family->n_kernels; k++) {
            const struct kernel *kernel = &family->kernels[k];
            struct check_result result;
            struct error error = {0};
            if (!(isa_available() >> kernel->isa & 1) || (kernel->isa == ISA_SCALAR && !scalar))
                continue;
            if (!check_kernel(family, kernel,
                              &(struct check_options){.seed = (uint64_t)seqlen, .seqlen = seqlen}, &result,
                              &error))
                fail_msg("%s", error.text);
            if (!result.passed)
                fail_msg("%s, length %lld: %s", kernel->name, (long long)seqlen, result.failure);
            assert_true(result.cases > 0);
        }
    }
}

static void test_one_step(void **state)
{
    (void)state;
    check_length(1, true);
}

static void test_primes(void **state)
{
    (void)state;
    static const int64_t primes[] = {2, 61, 127, 521, 1021};
    for (int i = 0; i < COUNT_OF(primes); i++)
        check_length(primes[i], true);
}

/* Beyond 64K; an emulator would take minutes. */
static void test_long(void **state)
{
    (void)state;
    check_length(TEST_EMULATED ? 4099 : 65537, false);
}

static void test_bound_grows_with_the_logarithm(void **state)
{
    (void)state;
    assert_true(scan_roundings(1) == 1);
    assert_true(scan_roundings(60) == 60);
    for (int64_t length = 1024; length < INT64_C(1) << 40; length *= 2)
        assert_true(scan_roundings(2 * length) == scan_roundings(length) + 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_step),
        cmocka_unit_test(test_primes),
        cmocka_unit_test(test_long),
        cmocka_unit_test(test_bound_grows_with_the_logarithm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
