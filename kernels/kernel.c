/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/kernel.h"

#include <math.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#elif defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

#include "kernels/contract/contract.h"
#include "kernels/conv/conv.h"
#include "kernels/conv_silu/conv_silu.h"
#include "kernels/conv_silu_backward/conv_silu_backward.h"
#include "kernels/discretize/discretize.h"
#include "kernels/embed/embed.h"
#include "kernels/embed_backward/embed_backward.h"
#include "kernels/gate/gate.h"
#include "kernels/gate_norm/gate_norm.h"
#include "kernels/gate_norm_backward/gate_norm_backward.h"
#include "kernels/hadamard/hadamard.h"
#include "kernels/matmul/matmul.h"
#include "kernels/matmul_dgrad/matmul_dgrad.h"
#include "kernels/matmul_wgrad/matmul_wgrad.h"
#include "kernels/reduce/reduce.h"
#include "kernels/residual/residual.h"
#include "kernels/rmsnorm/rmsnorm.h"
#include "kernels/rmsnorm_backward/rmsnorm_backward.h"
#include "kernels/scan/scan.h"
#include "kernels/selective_scan/selective_scan.h"
#include "kernels/selective_scan_backward/selective_scan_backward.h"
#include "kernels/selective_scan_states/selective_scan_states.h"
#include "kernels/silu/silu.h"
#include "kernels/skip/skip.h"
#include "kernels/softplus/softplus.h"
#include "kernels/ssd/ssd.h"
#include "kernels/ssd_backward/ssd_backward.h"
#include "kernels/ssd_block/ssd_block.h"
#include "kernels/ssd_scan/ssd_scan.h"
#include "kernels/ssd_states/ssd_states.h"

const struct kernel_family *const kernel_families[] = {
    &embed_family,
    &rmsnorm_family,
    &matmul_family,
    &conv_family,
    &silu_family,
    &conv_silu_family,
    &softplus_family,
    &discretize_family,
    &scan_family,
    &contract_family,
    &skip_family,
    &gate_family,
    &ssd_scan_family,
    &selective_scan_family,
    &ssd_family,
    &ssd_block_family,
    &gate_norm_family,
    &residual_family,
    /* Training. */ &selective_scan_states_family,
    &ssd_states_family,
    &matmul_dgrad_family,
    &matmul_wgrad_family,
    &gate_norm_backward_family,
    &selective_scan_backward_family,
    &ssd_backward_family,
    &reduce_family,
    &conv_silu_backward_family,
    &rmsnorm_backward_family,
    &embed_backward_family,
    &hadamard_family,
    NULL,
};

static const char *const isa_names[ISA_COUNT] = {
    [ISA_SCALAR] = "scalar",
    [ISA_AVX2] = "avx2",
    [ISA_AVXVNNI] = "avxvnni",
    [ISA_AVX512] = "avx512",
    [ISA_AVX512VNNI] = "avx512vnni",
    [ISA_AVX512BF16] = "avx512bf16",
    [ISA_AMX] = "amx",
    [ISA_NEON] = "neon",
    [ISA_NEONDOT] = "neondot",
    [ISA_NEONI8MM] = "neoni8mm",
};

static enum isa isa_highest = ISA_COUNT - 1;

struct range part_range(struct part part, int64_t n, int64_t grain)
{
    int64_t blocks = n / grain + (n % grain != 0);
    int64_t share = blocks / part.count, extra = blocks % part.count;
    int64_t first = share * part.index + (part.index < extra ? part.index : extra);
    int64_t last = first + share + (part.index < extra);
    /* The last block may be short, so that last * grain could overflow where n does not. */
    return (struct range){first < blocks ? first * grain : n, last < blocks ? last * grain : n};
}

struct tile part_tile(struct part part, int64_t rows, int64_t columns, int64_t grain)
{
    if (rows >= part.count)
        return (struct tile){part_range(part, rows, 1), {0, columns}};
    return (struct tile){{0, rows}, part_range(part, columns, grain)};
}

const struct kernel_family *kernel_family_find(const char *name)
{
    for (int i = 0; kernel_families[i]; i++)
        if (strcmp(kernel_families[i]->name, name) == 0)
            return kernel_families[i];
    return NULL;
}

#ifdef __x86_64__
struct cpuid {
    unsigned a, b, c, d;
};

static struct cpuid cpuid(unsigned leaf, unsigned subleaf)
{
    struct cpuid id = {0};
    __get_cpuid_count(leaf, subleaf, &id.a, &id.b, &id.c, &id.d);
    return id;
}

/* Linux gives a process the tile registers only when it asks. */
static bool may_use_tiles(void)
{
    enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18 };
    const unsigned tile = 1u << 24, int8 = 1u << 25, bf16 = 1u << 22;
    const unsigned features = cpuid(7, 0).d;
    return (features & tile) && (features & int8) && (features & bf16) &&
           syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
}

static unsigned detect(void)
{
    unsigned mask = 1u << ISA_SCALAR;
    /* These look at what the operating system saves, too. */
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") || !(cpuid(1, 0).c & bit_F16C))
        return mask;
    mask |= 1u << ISA_AVX2;
    if (cpuid(7, 1).a & 1u << 4)
        mask |= 1u << ISA_AVXVNNI;
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
        !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl"))
        return mask;
    mask |= 1u << ISA_AVX512;
    if (__builtin_cpu_supports("avx512vnni"))
        mask |= 1u << ISA_AVX512VNNI;
    if (cpuid(7, 1).a & 1u << 5)
        mask |= 1u << ISA_AVX512BF16;
    if (may_use_tiles())
        mask |= 1u << ISA_AMX;
    return mask;
}
#elif defined(__aarch64__)
static unsigned detect(void)
{
    unsigned mask = 1u << ISA_SCALAR | 1u << ISA_NEON;
    if (getauxval(AT_HWCAP) & HWCAP_ASIMDDP)
        mask |= 1u << ISA_NEONDOT;
    if (getauxval(AT_HWCAP2) & HWCAP2_I8MM)
        mask |= 1u << ISA_NEONI8MM;
    return mask;
}
#else
static unsigned detect(void)
{
    return 1u << ISA_SCALAR;
}
#endif

unsigned isa_available(void)
{
    static _Atomic unsigned known;
    unsigned mask = known;
    if (!mask)
        known = mask = detect();
    return mask;
}

unsigned isa_mask(void)
{
    return isa_available() & ((2u << isa_highest) - 1);
}

unsigned isa_limit(enum isa highest)
{
    isa_highest = highest < ISA_COUNT ? highest : ISA_COUNT - 1;
    return isa_mask();
}

const char *isa_name(enum isa isa)
{
    return isa < ISA_COUNT ? isa_names[isa] : NULL;
}

bool isa_parse(const char *name, enum isa *isa)
{
    for (int i = 0; i < ISA_COUNT; i++) {
        if (strcmp(name, isa_names[i]) == 0) {
            *isa = (enum isa)i;
            return true;
        }
    }
    return false;
}

static const struct {
    const char *name;
    double bytes;
} precisions[PRECISION_COUNT] = {
    [PRECISION_FP32] = {"fp32", 4},
    [PRECISION_FP64] = {"fp64", 8},
    [PRECISION_BF16] = {"bf16", 2},
    [PRECISION_FP16] = {"fp16", 2},
    [PRECISION_INT8] = {"int8", 1},
    [PRECISION_W8A8] = {"w8a8", 1},
    [PRECISION_W8A8_SMOOTH] = {"w8a8-smooth", 1},
    [PRECISION_W8A8_HADAMARD] = {"w8a8-hadamard", 1},
    [PRECISION_FASTMAMBA] = {"fastmamba", 1},
};

const char *precision_name(enum precision precision)
{
    return precisions[precision].name;
}

bool precision_parse(const char *text, enum precision *precision)
{
    for (int i = 0; i < PRECISION_COUNT; i++)
        if (!strcmp(precisions[i].name, text)) {
            *precision = (enum precision)i;
            return true;
        }
    return false;
}

bool precision_calibrated(enum precision precision)
{
    return precision >= PRECISION_W8A8 && precision <= PRECISION_FASTMAMBA;
}

double precision_bytes(enum precision precision)
{
    return precisions[precision].bytes;
}

static const char *const scan_names[SCAN_COUNT] = {
    [SCAN_SEQUENTIAL] = "sequential",
    [SCAN_BLELLOCH] = "blelloch",
    [SCAN_CHUNKED] = "chunked",
    [SCAN_SSD] = "ssd",
};

const char *scan_name(enum scan scan)
{
    return scan_names[scan];
}

bool scan_parse(const char *text, enum scan *scan)
{
    for (int i = 0; i < SCAN_COUNT; i++)
        if (!strcmp(scan_names[i], text)) {
            *scan = (enum scan)i;
            return true;
        }
    return false;
}

double scan_roundings(int64_t seqlen)
{
    const double steps = (double)seqlen, logarithmic = seqlen > 0 ? 16 * (1 + log2(steps)) : 0;
    return steps < logarithmic ? steps : logarithmic;
}

bool family_covers(const struct kernel_family *family, const char *stage)
{
    for (int i = 0; i < FAMILY_MAX_STAGES && family->covers[i]; i++)
        if (!strcmp(family->covers[i], stage))
            return true;
    return false;
}

static const struct kernel *choose(const struct kernel_family *family, const void *args,
                                   enum precision precision, enum scan scan)
{
    const unsigned mask = isa_mask();
    for (int i = family->n_kernels - 1; i >= 0; i--) {
        const struct kernel *kernel = &family->kernels[i];
        if (kernel->precision == precision && kernel->scan == scan && !kernel->peer &&
            mask >> kernel->isa & 1 && (!kernel->accepts || kernel->accepts(args)))
            return kernel;
    }
    return NULL;
}

const struct kernel *kernel_choose_scan(const struct kernel_family *family, const void *args,
                                        enum precision precision, enum scan scan)
{
    const enum scan own = family_covers(family, "scan") ? scan : SCAN_SEQUENTIAL;
    const struct kernel *kernel = choose(family, args, precision, own);
    /* A precision with another algorithm than asked for is no reason to lose the precision. */
    if (kernel || (own != SCAN_SEQUENTIAL && choose(family, args, precision, SCAN_SEQUENTIAL)))
        return kernel;
    return choose(family, args, PRECISION_FP32, own);
}

const struct kernel *kernel_choose(const struct kernel_family *family, const void *args,
                                   enum precision precision)
{
    return kernel_choose_scan(family, args, precision, SCAN_SEQUENTIAL);
}

int kernel_phases(const struct kernel *kernel)
{
    int n = 1;
    while (n < KERNEL_MAX_PHASES && kernel->then[n - 1])
        n++;
    return n;
}

kernel_fn *kernel_phase(const struct kernel *kernel, int phase)
{
    return phase ? kernel->then[phase - 1] : kernel->run;
}

const struct kernel *kernel_variant(const struct kernel_family *family, const char *variant, const void *args,
                                    enum precision precision)
{
    const enum precision had = kernel_choose(family, args, precision)->precision;
    const size_t length = strlen(family->name);
    for (int i = 0; i < family->n_kernels; i++) {
        const struct kernel *kernel = &family->kernels[i];
        if (strcmp(kernel->name + length + 1, variant) == 0 && kernel->precision == had &&
            isa_mask() >> kernel->isa & 1 && (!kernel->missing || !kernel->missing()) &&
            (!kernel->accepts || kernel->accepts(args)))
            return kernel;
    }
    return NULL;
}

static int64_t field(const void *args, size_t offset)
{
    int64_t value;
    memcpy(&value, (const char *)args + offset, sizeof value);
    return value;
}

bool kernel_set_dim(const struct kernel_family *family, void *args, const char *name, int64_t value)
{
    for (int i = 0; i < family->n_dims; i++) {
        if (strcmp(family->dims[i].name, name) == 0) {
            memcpy((char *)args + family->dims[i].offset, &value, sizeof value);
            if (family->derive)
                family->derive(args);
            return true;
        }
    }
    return false;
}

int64_t kernel_dim(const struct kernel_family *family, const void *args, const char *name)
{
    for (int i = 0; i < family->n_dims; i++)
        if (strcmp(family->dims[i].name, name) == 0)
            return field(args, family->dims[i].offset);
    return -1;
}

const struct kernel_operand *kernel_operand(const struct kernel_family *family, const char *name)
{
    for (int i = 0; i < family->n_operands; i++)
        if (strcmp(family->operands[i].name, name) == 0)
            return &family->operands[i];
    return NULL;
}

static int64_t extents_product(const struct kernel_operand *operand, const void *args, int begin, int end)
{
    int64_t product = 1;
    for (int i = begin; i < end; i++) {
        int64_t extent;
        if (__builtin_add_overflow(field(args, operand->shape[i].offset), operand->shape[i].plus, &extent) ||
            __builtin_mul_overflow(product, extent, &product))
            return INT64_MAX;
    }
    return product;
}

int64_t operand_row_length(const struct kernel_operand *operand, const void *args)
{
    return extents_product(operand, args, operand->row_axes, operand->axes);
}

int64_t operand_rows(const struct kernel_operand *operand, const void *args)
{
    return extents_product(operand, args, 0, operand->row_axes);
}
