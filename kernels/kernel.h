/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef KERNELS_KERNEL_H
#define KERNELS_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A kernel family is one signature (an args struct in kernels/<family>/<family>.h) and the list of
 * functions that compute it. The family describes its own args struct (dims, operands), so that the
 * dispatcher, the correctness check, the benchmark, the graph and the docs need no code per family.
 *
 * Kernels do no I/O, no allocation and start no threads. Work is shared by calling a kernel once for
 * each part: run(args, (struct part){i, n}) for all i < n, in any order or at the same time, computes
 * the whole. Parts write disjoint outputs, so a barrier is needed only between dependent kernels.
 *
 * A kernel whose parts need each other's results has phases (struct kernel): all parts of one end before any
 * of the next begins.
 *
 * Pointers need the alignment of their element type only; operands never overlap unless the family's
 * header says so. */

/* Element type of a family's operands: float, or double in the float64 reference build of the
 * reference sources (see KERNEL_REFERENCE; KERNEL_EXACT for kernels that are their own reference). The two
 * args structs have the same layout. */
#ifdef KERNELS_FLOAT64
typedef double real;
#define KERNEL_REFERENCE(family) family##_reference_f64
#define KERNEL_EXACT(name) name##_f64
#else
typedef float real;
#define KERNEL_REFERENCE(family) family##_reference
#define KERNEL_EXACT(name) name
#endif

/* The ladder, lowest first: a later one is preferred. */
enum isa {
    ISA_SCALAR,
    ISA_AVX2,       /* with FMA and F16C */
    ISA_AVXVNNI,    /* AVX2 and its int8 dot products */
    ISA_AVX512,     /* F, BW, DQ, VL */
    ISA_AVX512VNNI, /* AVX-512 and int8 dot products */
    ISA_AVX512BF16, /* AVX-512 and bf16 dot products */
    ISA_AMX,        /* tiles, int8 and bf16, beside AVX-512 */
    ISA_NEON,
    ISA_NEONDOT,  /* NEON and int8 dot products */
    ISA_NEONI8MM, /* NEON and int8 products of 2 x 8 by 8 x 2 matrices */
    ISA_COUNT
};

static inline int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

struct part {
    int index, count;
};

struct range {
    int64_t begin, end;
};

/* The share of [0, n) that belongs to part, in whole multiples of grain (the last one may be short).
 * May be empty. */
struct range part_range(struct part part, int64_t n, int64_t grain);

/* The share of a rows x columns array of independent elements: whole rows, or, when there are fewer rows
 * than parts, all rows of a share of the columns in multiples of grain. */
struct tile {
    struct range rows, columns;
};
struct tile part_tile(struct part part, int64_t rows, int64_t columns, int64_t grain);

/* Exact operation counts of the mathematical definition, whatever a kernel does: mul and add (an FMA
 * is one of each; a subtraction or a comparison is an add), exp, log, div (divisions and square roots). */
struct work {
    uint64_t mul, add, exp, log, div;
};

static inline void work_add(struct work *sum, const struct work *work, uint64_t times)
{
    sum->mul += work->mul * times;
    sum->add += work->add * times;
    sum->exp += work->exp * times;
    sum->log += work->log * times;
    sum->div += work->div * times;
}

typedef void kernel_fn(const void *args, struct part part);

/* What an operand held when the model ran in fp32 on calibration data. */
struct kernel_sample {
    const float *values; /* (rows, length of the operand's rows); null: not kept */
    int64_t rows;
    float largest; /* magnitude; 0: unknown */
};

/* A dimension: an int64_t field of the args struct. */
struct kernel_dim {
    const char *name;
    size_t offset;
};

/* A scalar parameter: a double field of the args struct. check_value is what `check` uses. */
struct kernel_parameter {
    const char *name;
    size_t offset;
    double check_value;
};

enum operand_role { OPERAND_INPUT, OPERAND_WEIGHT, OPERAND_STATE, OPERAND_OUTPUT };
/* OPERAND_STATE is read and written. */

enum operand_type { OPERAND_REAL, OPERAND_INDEX };
/* OPERAND_INDEX: int32_t, values in [0, dim "vocab"). */

/* One axis of an operand: the args field at `offset` plus a constant (conv's history is width - 1). */
struct kernel_extent {
    size_t offset;
    int64_t plus;
};

enum { OPERAND_MAX_AXES = 5 };

struct kernel_operand {
    const char *name;
    /* For a family that fuses stages: "stage.operand" that this operand is in the unfused graph. */
    const char *bind;
    enum operand_role role;
    enum operand_type type;
    bool optional; /* pointer may be null */
    size_t slot;   /* offset of the pointer */
    int axes;      /* row-major shape, slowest first */
    struct kernel_extent shape[OPERAND_MAX_AXES];
    int row_axes;          /* leading axes that count rows `stride` elements apart; */
    size_t stride;         /* 0: contiguous. offset of the int64_t stride field */
    double lo, hi;         /* values that real models have, for generated data */
    bool magnitude;        /* error bound: the condition uses |operand| */
    bool exponent;         /* enters an exponential: the condition adds its slope */
    const char *may_alias; /* output: the input whose memory it may share (pointer
                            * and stride), else null */
    double huge;           /* largest magnitude at which nothing inside overflows
                            * while the other operands are in [lo, hi]; 0: 1e15 */
};

/* Of weights and activations inside a kernel; operands stay real, sums and everything but projections are
 * at least fp32. */
enum precision {
    PRECISION_FP32,
    PRECISION_FP64,
    PRECISION_BF16,
    PRECISION_FP16,
    PRECISION_INT8,          /* a scale for each row of activations and of weights */
    PRECISION_W8A8,          /* int8 with one scale for each tensor, found by calibration */
    PRECISION_W8A8_SMOOTH,   /* the same after SmoothQuant's scaling of channels */
    PRECISION_W8A8_HADAMARD, /* the same on Hadamard transforms */
    PRECISION_FASTMAMBA,     /* that in FastMamba's integers, and convolution and SSM in fixed point */
    PRECISION_COUNT
};
const char *precision_name(enum precision precision);
bool precision_parse(const char *text, enum precision *precision);
double precision_bytes(enum precision precision);    /* of one value */
bool precision_calibrated(enum precision precision); /* its kernels want samples */

/* How the recurrence h_t = a_t h_(t-1) + b_t is carried over the sequence.
 *   sequential  step by step.
 *   blelloch    the work-efficient parallel scan of the pairs (a_t, b_t) under
 *               (a, b)(a', b') = (a a', a' b + b') (Blelloch 1990, Prefix Sums and Their Applications;
 *               Martin and Cundy 2018 for this operator): an up-sweep combines neighbours pairwise, a
 *               down-sweep hands each node the state before it.
 *   chunked     local scans of chunks, the carry from chunk to chunk, and the chunks again from their carry.
 *   ssd         Mamba-2's chunks as products of matrices (Dao and Gu 2024, section 6). */
enum scan { SCAN_SEQUENTIAL, SCAN_BLELLOCH, SCAN_CHUNKED, SCAN_SSD, SCAN_COUNT };
const char *scan_name(enum scan scan);
bool scan_parse(const char *text, enum scan *scan);

/* For error bounds: how many of the roundings at each of seqlen steps (or along the tree, where as many meet
 * in the products of decays) count. All, for a short sequence; then 16 (1 + log2 seqlen). Their signs are
 * independent, so that the root of their number remains (Higham and Mary 2019), and of those only what the
 * decay remembers: three standard deviations stay below this up to 2^16 steps even where nothing decays. */
double scan_roundings(int64_t seqlen);

enum { KERNEL_MAX_PHASES = 3 };

struct kernel {
    const char *name; /* "conv/avx512": family, then variant */
    enum isa isa;
    kernel_fn *run;
    /* The phases after run; null ends them. */
    kernel_fn *then[KERNEL_MAX_PHASES - 1];
    enum scan scan; /* of families that cover the stage scan */
    /* Memory for all parts together from the first phase to the end of the last: the family's `scratch` field
     * points to it (64-byte aligned, whatever it holds). Null: none. */
    size_t (*scratch_bytes)(const void *args, int parts);
    bool (*accepts)(const void *args); /* null: every shape */
    enum precision precision;
    /* A kernel that wants its weights in another layout or type: how many bytes that takes, and the function
     * that makes them from the operand `weight` in the memory that the family's `packed` field points to
     * (64-byte aligned). Parts as in run. Both null: run reads the weights as they are. run must not touch
     * `weight` then, which may be gone. */
    size_t (*packed_bytes)(const void *args);
    kernel_fn *pack;
    /* Of a precision below fp32: adds to bound[] (one a value of the output, rows without gaps) what
     * rounding its inputs may cost in absolute terms; args holds double operands. largest: magnitude beyond
     * which inputs are outside its domain; 0: none. */
    void (*rounding)(const void *args, double *bound);
    double largest;
    /* Of a precision that defines its own integer arithmetic: the same on double operands, unpacked, of which
     * every result must equal the kernel's. */
    kernel_fn *exact;
    bool peer; /* another library's, to compare with: never chosen by itself */
    /* Null when it can be used here, else why not and what would bring it. Null function: always. Makes the
     * library ready, so it comes before all else. */
    const char *(*missing)(void);
};

enum { FAMILY_MAX_STAGES = 8 };

struct kernel_family {
    const char *name;
    const char *summary;                   /* the formula, one line */
    const char *covers[FAMILY_MAX_STAGES]; /* stages it computes, in order; null ends the list */
    size_t args_size;
    const struct kernel_dim *dims;
    int n_dims;
    const struct kernel_parameter *parameters;
    int n_parameters;
    const struct kernel_operand *operands;
    int n_operands;
    /* Fills the fields of args that follow from its dims (counts of a blocked operand); null: none do.
     * kernel_set_dim calls it. */
    void (*derive)(void *args);
    void (*work)(const void *args, struct work *work);
    /* Bound k of the error of any variant in fp32: |got - float64| <= k * 2^-24 * c + tiny, element by
     * element. c is |float64 reference| evaluated with |.| of the operands marked `magnitude`, plus
     * |dc / d ln x| for each operand x marked `exponent`: an error of the exponent s is s times as large
     * in exp(s). tiny covers flushed denormals, and what a norm makes of them:
     * k * 2^10 * FLT_MIN * max(1, largest |operand|)^2. */
    double (*bound)(const void *args);
    const char *bound_reason;
    size_t samples; /* offset of the args field `const struct kernel_sample *samples`, one for each operand or
                     * null: nothing is known and kernels look at the operands; 0: no variant wants it */
    size_t packed;  /* offset of the args field `void *packed`; 0: no variant packs */
    size_t scratch; /* offset of the args field `void *scratch`; 0: no variant has any */
    size_t chunk; /* offset of the args field `int64_t chunk`: steps, of the scan algorithms that have chunks;
                   * 0 there: the kernel's choice */
    kernel_fn *reference_f64; /* operands are double */
    /* Null: the condition is reference_f64 on |.|, as above. Else, for formulas that subtract, this: the
     * reference with every term's magnitude added, on the same operands. */
    kernel_fn *condition_f64;
    const struct kernel *kernels; /* scalar reference first, then up the ladder */
    int n_kernels;
};

/* All families, in the order in which a layer uses them; null-terminated. */
extern const struct kernel_family *const kernel_families[];

const struct kernel_family *kernel_family_find(const char *name);

/* What this processor (and its operating system) can run, bit 1 << isa. */
unsigned isa_available(void);

/* Holds the ladder down to `highest` and below (ISA_COUNT - 1 lifts it). Returns the mask in force. */
unsigned isa_limit(enum isa highest);
unsigned isa_mask(void);
const char *isa_name(enum isa isa); /* "avx2", ... */
bool isa_parse(const char *name, enum isa *isa);

/* The last kernel of the list that the mask allows, that accepts args, has the precision and, in a family
 * that covers the stage scan, that algorithm; of a family without that precision, the same in fp32. Peers are
 * never chosen. Null only when the family has no kernel for the algorithm: the scalar reference takes
 * everything. */
const struct kernel *kernel_choose_scan(const struct kernel_family *family, const void *args,
                                        enum precision precision, enum scan scan);
/* The same with the sequential scan. */
const struct kernel *kernel_choose(const struct kernel_family *family, const void *args,
                                   enum precision precision);

/* The kernel "family/variant" when it can run here on args, peers too, and has the precision that
 * kernel_choose would give; else null. */
const struct kernel *kernel_variant(const struct kernel_family *family, const char *variant, const void *args,
                                    enum precision precision);

/* The phases of a kernel, and one of them. */
int kernel_phases(const struct kernel *kernel);
kernel_fn *kernel_phase(const struct kernel *kernel, int phase);
/* Whether one of the stages that the family computes has that name. */
bool family_covers(const struct kernel_family *family, const char *stage);

/* Args structs by name. */
bool kernel_set_dim(const struct kernel_family *family, void *args, const char *name, int64_t value);
int64_t kernel_dim(const struct kernel_family *family, const void *args, const char *name); /* -1: none */
const struct kernel_operand *kernel_operand(const struct kernel_family *family, const char *name);
/* Elements of one row, and rows, of an operand under args' dims; INT64_MAX when that overflows. */
int64_t operand_row_length(const struct kernel_operand *operand, const void *args);
int64_t operand_rows(const struct kernel_operand *operand, const void *args);

#define KERNEL_DIM(type, field)                                                                              \
    {                                                                                                        \
#field, offsetof(type, field)                                                                        \
    }
#define EXTENT(type, field)                                                                                  \
    {                                                                                                        \
        offsetof(type, field), 0                                                                             \
    }
#define COUNT_OF(array) ((int)(sizeof(array) / sizeof((array)[0])))

#endif
