/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "kernels/matmul/peer.h"

#include <dnnl.h>
#include <omp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* oneDNN's own format of weights, in blocks of BLOCK_N columns and all rows of k. With less than AVX-512 it
 * has none and takes the weights as they are. */
enum { BLOCK_N = 64, PAD_K = 16, CACHE_SIZE = 128 };

/* Operands that oneDNN's best code would not take, another type or rows apart, are copied on the way. */
struct copy {
    dnnl_primitive_t primitive;
    dnnl_memory_t outer, inner; /* the caller's, and its own */
};

/* All that one part needs for one shape. */
struct entry {
    struct key {
        int64_t m, n, k, x_stride, y_stride, bias, part_index, part_count, type;
    } key;
    dnnl_primitive_t primitive;
    dnnl_memory_t source, weight, bias, destination, scratchpad;
    struct copy in, out;
    dnnl_stream_t stream;
    pthread_mutex_t lock;
};

static struct {
    dnnl_engine_t engine;
    bool blocked;
    const char *missing;
    struct entry *entries[CACHE_SIZE];
    int n_entries;
    pthread_rwlock_t lock;
} onednn = {.lock = PTHREAD_RWLOCK_INITIALIZER};

static void initialise(void)
{
#ifdef __x86_64__
    dnnl_set_max_cpu_isa(peer_has(ISA_AMX)          ? dnnl_cpu_isa_all
                         : peer_has(ISA_AVX512BF16) ? dnnl_cpu_isa_avx512_core_bf16
                         : peer_has(ISA_AVX512VNNI) ? dnnl_cpu_isa_avx512_core_vnni
                         : peer_has(ISA_AVX512)     ? dnnl_cpu_isa_avx512_core
                         : peer_has(ISA_AVX2)       ? dnnl_cpu_isa_avx2
                                                    : dnnl_cpu_isa_sse41);
    onednn.blocked = peer_has(ISA_AVX512);
#endif
    dnnl_set_verbose(0);
    if (dnnl_engine_create(&onednn.engine, dnnl_cpu, 0) != dnnl_success)
        onednn.missing = "oneDNN finds no CPU";
}

const char *matmul_onednn_missing(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, initialise);
    return onednn.missing;
}

const char *matmul_onednn_bf16_missing(void)
{
    if (matmul_onednn_missing())
        return onednn.missing;
    return onednn.blocked ? NULL : "oneDNN has bf16 from AVX-512 on";
}

static int64_t padded(int64_t value, int64_t multiple)
{
    return (value + multiple - 1) / multiple * multiple;
}

static size_t type_bytes(dnnl_data_type_t type)
{
    return type == dnnl_bf16 ? 2 : 4;
}

/* The packed weights of columns from a multiple of BLOCK_N on. */
static dnnl_memory_desc_t weight_desc(const struct matmul_args *a, int64_t n, dnnl_data_type_t type)
{
    dnnl_memory_desc_t desc;
    const dnnl_dims_t dims = {a->k, n};
    if (onednn.blocked)
        dnnl_memory_desc_init_by_tag(&desc, 2, dims, type,
                                     type == dnnl_bf16 ? dnnl_BA16a64b2a : dnnl_BA16a64b);
    else
        dnnl_memory_desc_init_by_tag(&desc, 2, dims, type, dnnl_ba);
    return desc;
}

static size_t weight_offset(const struct matmul_args *a, int64_t column, dnnl_data_type_t type)
{
    const int64_t k = onednn.blocked ? padded(a->k, type == dnnl_bf16 ? 2 * PAD_K : PAD_K) : a->k;
    return (size_t)(column * k) * type_bytes(type);
}

static dnnl_memory_desc_t rows_desc(int64_t rows, int64_t columns, int64_t stride, dnnl_data_type_t type)
{
    dnnl_memory_desc_t desc;
    const dnnl_dims_t dims = {rows, columns}, strides = {stride, 1};
    dnnl_memory_desc_init_by_strides(&desc, 2, dims, type, strides);
    return desc;
}

static dnnl_memory_t memory_of(const dnnl_memory_desc_t *desc, void *data)
{
    dnnl_memory_t memory = NULL;
    dnnl_memory_create(&memory, desc, onednn.engine, data);
    return memory;
}

static dnnl_primitive_t reorder(const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to)
{
    dnnl_primitive_desc_t desc = NULL;
    dnnl_primitive_t primitive = NULL;
    if (dnnl_reorder_primitive_desc_create(&desc, from, onednn.engine, to, onednn.engine, NULL) ==
        dnnl_success) {
        dnnl_primitive_create(&primitive, desc);
        dnnl_primitive_desc_destroy(desc);
    }
    return primitive;
}

static void execute(dnnl_primitive_t primitive, dnnl_stream_t stream, int n, const dnnl_exec_arg_t *args)
{
    if (primitive)
        dnnl_primitive_execute(primitive, stream, n, args);
}

static void run_copy(const struct copy *copy, bool in, dnnl_stream_t stream)
{
    const dnnl_exec_arg_t args[] = {{DNNL_ARG_FROM, in ? copy->outer : copy->inner},
                                    {DNNL_ARG_TO, in ? copy->inner : copy->outer}};
    execute(copy->primitive, stream, 2, args);
}

/* oneDNN plans for the threads of the caller's OpenMP; returns how many there were. */
static int one_thread(void)
{
    const int threads = omp_get_max_threads();
    omp_set_num_threads(1);
    return threads;
}

static void pack(const struct matmul_args *a, struct part part, dnnl_data_type_t type)
{
    matmul_onednn_missing();
    const struct range n = part_range(part, a->n, BLOCK_N);
    if (n.begin == n.end)
        return;
    const int threads = one_thread();
    dnnl_memory_desc_t from, to = weight_desc(a, n.end - n.begin, type);
    const dnnl_dims_t dims = {a->k, n.end - n.begin};
    dnnl_memory_desc_init_by_tag(&from, 2, dims, dnnl_f32, dnnl_ba);
    dnnl_memory_t source = memory_of(&from, (void *)(a->weight + n.begin * a->k));
    dnnl_memory_t packed = memory_of(&to, (char *)a->packed + weight_offset(a, n.begin, type));
    dnnl_primitive_t primitive = reorder(&from, &to);
    dnnl_stream_t stream = NULL;
    dnnl_stream_create(&stream, onednn.engine, dnnl_stream_default_flags);
    execute(primitive, stream, 2, (const dnnl_exec_arg_t[]){{DNNL_ARG_FROM, source}, {DNNL_ARG_TO, packed}});
    dnnl_stream_destroy(stream);
    dnnl_primitive_destroy(primitive);
    dnnl_memory_destroy(source);
    dnnl_memory_destroy(packed);
    omp_set_num_threads(threads);
}

/* Rows where there are several: oneDNN's best code writes only rows without gaps. */
static struct tile tile_of(const struct matmul_args *a, struct part part)
{
    if (!onednn.blocked)
        return peer_tile(a, part, 16);
    if (a->m == 1)
        return (struct tile){{0, 1}, part_range(part, a->n, BLOCK_N)};
    return (struct tile){part_range(part, a->m, 1), {0, a->n}};
}

static void destroy_entry(struct entry *entry)
{
    dnnl_primitive_destroy(entry->primitive);
    dnnl_primitive_destroy(entry->in.primitive);
    dnnl_primitive_destroy(entry->out.primitive);
    dnnl_memory_destroy(entry->in.outer);
    dnnl_memory_destroy(entry->out.outer);
    dnnl_memory_destroy(entry->source);
    dnnl_memory_destroy(entry->weight);
    dnnl_memory_destroy(entry->bias);
    dnnl_memory_destroy(entry->destination);
    dnnl_memory_destroy(entry->scratchpad);
    dnnl_stream_destroy(entry->stream);
    pthread_mutex_destroy(&entry->lock);
    free(entry);
}

static bool make_primitive(struct entry *entry, const struct matmul_args *a)
{
    const struct key *key = &entry->key;
    const dnnl_data_type_t type = (dnnl_data_type_t)key->type;
    const bool copies_in = onednn.blocked && (key->x_stride != a->k || type != dnnl_f32);
    const bool copies_out = onednn.blocked && key->y_stride != key->n;
    const dnnl_dims_t bias_dims = {1, key->n};
    dnnl_memory_desc_t x = rows_desc(key->m, a->k, key->x_stride, dnnl_f32);
    dnnl_memory_desc_t y = rows_desc(key->m, key->n, key->y_stride, dnnl_f32);
    dnnl_memory_desc_t source = copies_in ? rows_desc(key->m, a->k, a->k, type) : x;
    dnnl_memory_desc_t destination = copies_out ? rows_desc(key->m, key->n, key->n, dnnl_f32) : y;
    dnnl_memory_desc_t weight = weight_desc(a, key->n, type), bias;
    dnnl_memory_desc_init_by_tag(&bias, 2, bias_dims, dnnl_f32, dnnl_ab);
    dnnl_matmul_desc_t matmul;
    dnnl_primitive_attr_t attributes;
    dnnl_primitive_desc_t desc = NULL;
    if (dnnl_matmul_desc_init(&matmul, &source, &weight, key->bias ? &bias : NULL, &destination) !=
            dnnl_success ||
        dnnl_primitive_attr_create(&attributes) != dnnl_success)
        return false;
    dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user);
    const bool made =
        dnnl_primitive_desc_create(&desc, &matmul, attributes, onednn.engine, NULL) == dnnl_success &&
        dnnl_primitive_create(&entry->primitive, desc) == dnnl_success;
    dnnl_primitive_attr_destroy(attributes);
    if (made)
        entry->scratchpad =
            memory_of(dnnl_primitive_desc_query_md(desc, dnnl_query_scratchpad_md, 0), DNNL_MEMORY_ALLOCATE);
    if (desc)
        dnnl_primitive_desc_destroy(desc);
    entry->source = memory_of(&source, copies_in ? DNNL_MEMORY_ALLOCATE : DNNL_MEMORY_NONE);
    entry->destination = memory_of(&destination, copies_out ? DNNL_MEMORY_ALLOCATE : DNNL_MEMORY_NONE);
    entry->weight = memory_of(&weight, DNNL_MEMORY_NONE);
    if (key->bias)
        entry->bias = memory_of(&bias, DNNL_MEMORY_NONE);
    if (copies_in)
        entry->in = (struct copy){reorder(&x, &source), memory_of(&x, DNNL_MEMORY_NONE), entry->source};
    if (copies_out)
        entry->out =
            (struct copy){reorder(&destination, &y), memory_of(&y, DNNL_MEMORY_NONE), entry->destination};
    return made &&
           dnnl_stream_create(&entry->stream, onednn.engine, dnnl_stream_default_flags) == dnnl_success;
}

static struct entry *find_entry(const struct key *key)
{
    for (int i = 0; i < onednn.n_entries; i++)
        if (!memcmp(&onednn.entries[i]->key, key, sizeof *key))
            return onednn.entries[i];
    return NULL;
}

/* Under the lock for reading, which stays held: entries live until a writer clears them. */
static struct entry *hold_entry(const struct matmul_args *a, const struct key *key)
{
    pthread_rwlock_rdlock(&onednn.lock);
    struct entry *entry = find_entry(key);
    if (entry)
        return entry;
    pthread_rwlock_unlock(&onednn.lock);

    pthread_rwlock_wrlock(&onednn.lock);
    if (!find_entry(key)) {
        if (onednn.n_entries == CACHE_SIZE)
            while (onednn.n_entries > 0)
                destroy_entry(onednn.entries[--onednn.n_entries]);
        entry = calloc(1, sizeof *entry);
        if (!entry)
            abort();
        entry->key = *key;
        pthread_mutex_init(&entry->lock, NULL);
        if (!make_primitive(entry, a))
            abort();
        onednn.entries[onednn.n_entries++] = entry;
    }
    pthread_rwlock_unlock(&onednn.lock);
    return hold_entry(a, key);
}

static void run(const struct matmul_args *a, struct part part, dnnl_data_type_t type)
{
    const struct tile tile = tile_of(a, part);
    if (peer_tile_empty(tile))
        return;
    const struct key key = {
        .m = tile.rows.end - tile.rows.begin,
        .n = tile.columns.end - tile.columns.begin,
        .k = a->k,
        .x_stride = a->m == 1 ? a->k : a->x_stride,
        .y_stride = a->m == 1 ? tile.columns.end - tile.columns.begin : a->y_stride,
        .bias = a->bias != NULL,
        .part_index = part.index,
        .part_count = part.count,
        .type = type,
    };
    const int threads = one_thread();
    struct entry *entry = hold_entry(a, &key);
    pthread_mutex_lock(&entry->lock);
    dnnl_memory_set_data_handle(entry->in.outer ? entry->in.outer : entry->source,
                                (void *)(a->x + tile.rows.begin * a->x_stride));
    dnnl_memory_set_data_handle(entry->out.outer ? entry->out.outer : entry->destination,
                                a->y + tile.rows.begin * a->y_stride + tile.columns.begin);
    dnnl_memory_set_data_handle(entry->weight,
                                (char *)a->packed + weight_offset(a, tile.columns.begin, type));
    if (a->bias)
        dnnl_memory_set_data_handle(entry->bias, (void *)(a->bias + tile.columns.begin));
    run_copy(&entry->in, true, entry->stream);
    const dnnl_exec_arg_t args[] = {
        {DNNL_ARG_SRC, entry->source},      {DNNL_ARG_WEIGHTS, entry->weight},
        {DNNL_ARG_DST, entry->destination}, {DNNL_ARG_SCRATCHPAD, entry->scratchpad},
        {DNNL_ARG_BIAS, entry->bias},
    };
    execute(entry->primitive, entry->stream, a->bias ? 5 : 4, args);
    run_copy(&entry->out, false, entry->stream);
    pthread_mutex_unlock(&entry->lock);
    pthread_rwlock_unlock(&onednn.lock);
    omp_set_num_threads(threads);
}

size_t matmul_onednn_packed_bytes(const void *args)
{
    const struct matmul_args *a = args;
    matmul_onednn_missing();
    return weight_offset(a, onednn.blocked ? padded(a->n, BLOCK_N) : a->n, dnnl_f32);
}

void matmul_onednn_pack(const void *args, struct part part)
{
    pack(args, part, dnnl_f32);
}

void matmul_onednn(const void *args, struct part part)
{
    run(args, part, dnnl_f32);
}

size_t matmul_onednn_bf16_packed_bytes(const void *args)
{
    const struct matmul_args *a = args;
    matmul_onednn_missing();
    return weight_offset(a, padded(a->n, BLOCK_N), dnnl_bf16);
}

void matmul_onednn_bf16_pack(const void *args, struct part part)
{
    pack(args, part, dnnl_bf16);
}

void matmul_onednn_bf16(const void *args, struct part part)
{
    run(args, part, dnnl_bf16);
}
