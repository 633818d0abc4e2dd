/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/probe/probe.h"

const struct probe *const probes[] = {
    &probe_scalar,
#if defined(__x86_64__)
    &probe_avx2,
    &probe_avx512,
#elif defined(__aarch64__)
    &probe_neon,
#endif
};
const int n_probes = COUNT_OF(probes);

const struct dot_probe *const dot_probes[] = {
#if defined(__x86_64__)
    &probe_int8_avx2,
    &probe_int8_avxvnni,
    &probe_int8_avx512,
    &probe_int8_avx512vnni,
    &probe_bf16_avx512bf16,
    &probe_bf16_amx,
    &probe_int8_amx,
#elif defined(__aarch64__)
    &probe_int8_neondot,
    &probe_int8_neoni8mm,
#endif
    NULL,
};
const int n_dot_probes = COUNT_OF(dot_probes) - 1;

const struct probe *probe_choose(void)
{
    int i = n_probes - 1;
    while (i > 0 && !(isa_mask() >> probes[i]->isa & 1))
        i--;
    return probes[i];
}
