/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef MAMBA_MODEL_H
#define MAMBA_MODEL_H

#include "mamba/safetensors.h"
#include "mamba/shape.h"

/* Where a model's weights are. They stay in the type in which they came: F32, F16 or BF16. */
struct model_weight {
    const void *data; /* null when the model has no such weight */
    enum dtype dtype;
    int64_t rows, columns;
};

/* A shape and its weights: mapped from a checkpoint, or seeded synthetic ones. */
struct model {
    struct model_shape shape;
    struct model_weight *weights; /* [n_layer + 1][WEIGHT_COUNT]; those outside the layers in the last row */
    char source[512];             /* "synthetic, seed 1" or the checkpoint's folder */
    struct safetensors *files;    /* the checkpoint's shards */
    size_t n_files;
    void *owned; /* one block of synthetic weights */
    size_t owned_size;
};

/* A checkpoint in Hugging Face layout: config.json and model.safetensors, or
 * model.safetensors.index.json with shards. Every weight that the shape needs must be there once with
 * the right shape in F32, F16 or BF16; the error names file and tensor. */
bool model_open_checkpoint(const char *folder, struct model *model, struct error *error);

/* Synthetic F32 weights from a seed, the same for any number of threads, with the initialisation of the
 * reference implementation (state-spaces/mamba), so that states and activations have realistic ranges:
 *   A_log     Mamba-1 log(n + 1), n < d_state; Mamba-2 log of U(1, 16)
 *   D         1
 *   dt_bias   softplus^-1(dt), dt = exp(U(log 1e-3, log 1e-1)), at least 1e-4
 *   dt_proj   U(-dt_rank^-0.5, dt_rank^-0.5)
 *   in_proj, x_proj, out_proj, head, input_proj   U(-k, k), k = columns^-0.5; out_proj / sqrt(n_layer)
 *   conv and its bias  U(-k, k), k = d_conv^-0.5;  embedding  N(0, 0.02);  norms 1;  other biases 0 */
bool model_synthesize(const struct model_shape *shape, uint64_t seed, struct model *model,
                      struct error *error);
/* Leaves the first `layers` layers, at most as many as there are. */
void model_keep_layers(struct model *model, int64_t layers);
void model_close(struct model *model);
/* Refuses weights that are NaN or infinite, with the name of the first tensor that has one. */
bool model_check_finite(const struct model *model, struct error *error);

/* layer is ignored for weights outside the layers. A tied head gives the embedding. */
const struct model_weight *model_weight(const struct model *model, enum weight weight, int64_t layer);

/* Elements [first, first + count) as float or double. */
void model_weight_float(const struct model_weight *weight, int64_t first, int64_t count, float *to);
void model_weight_double(const struct model_weight *weight, int64_t first, int64_t count, double *to);

#endif
