/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef MAMBA_SHAPE_H
#define MAMBA_SHAPE_H

#include <stdint.h>

#include "mamba/error.h"

enum arch { ARCH_MAMBA1, ARCH_MAMBA2 };

const char *arch_name(enum arch arch); /* "mamba1", "mamba2" */

/* The shape of a network. Derived sizes are filled in, so every field is valid after loading. */
struct model_shape {
    char name[64];
    enum arch arch;
    int64_t d_model, n_layer, d_inner, d_state, d_conv;
    int64_t dt_rank;                  /* Mamba-1 only, else 0 */
    int64_t headdim, nheads, ngroups; /* Mamba-2; Mamba-1 has headdim 1, nheads d_inner, ngroups 1 */
    int64_t vocab;                    /* rows of the embedding, 0 for a classifier */
    int64_t input_size;               /* classifier: features of one token, else 0 */
    int64_t outputs;                  /* rows of the head: vocab or classes */
    bool proj_bias, conv_bias, head_bias;
    bool tied_head;                  /* the head is the embedding */
    bool norm_before_gate;           /* Mamba-2 gated norm: norm(y) * silu(z) instead of norm(y * silu(z)) */
    double norm_eps, dt_min, dt_max; /* dt is clamped to [dt_min, dt_max] after softplus (Mamba-2) */
    double input_mean, input_std;    /* classifier: x = (pixel / 255 - mean) / std */
};

/* Channels of the depthwise convolution: d_inner, plus B and C in Mamba-2. */
int64_t shape_conv_channels(const struct model_shape *shape);
/* Output rows of in_proj. */
int64_t shape_in_proj_rows(const struct model_shape *shape);

/* The weights of a model. Those from W_NORM to W_OUT_BIAS exist once a layer. */
enum weight {
    W_EMBED,
    W_INPUT_PROJ,
    W_INPUT_BIAS,
    W_NORM,
    W_IN_PROJ,
    W_IN_BIAS,
    W_CONV,
    W_CONV_BIAS,
    W_X_PROJ,
    W_DT_PROJ,
    W_DT_BIAS,
    W_A_LOG,
    W_D,
    W_GATE_NORM,
    W_OUT_PROJ,
    W_OUT_BIAS,
    W_FINAL_NORM,
    W_HEAD,
    W_HEAD_BIAS,
    WEIGHT_COUNT
};

bool weight_in_layer(enum weight weight);
const char *weight_name(enum weight weight); /* "in_proj.weight", ... */

/* Rows and columns of a weight in this shape, row-major as Hugging Face stores it (a vector is one row;
 * conv is channels x width). Returns false when the model has no such weight (a tied head is W_EMBED's). */
bool weight_shape(const struct model_shape *shape, enum weight weight, int64_t *rows, int64_t *columns);

/* Parameters of the whole model. */
int64_t shape_parameters(const struct model_shape *shape);

/* Presets are configs/models/NAME.yaml. */
bool shape_preset(const char *name, struct model_shape *shape, struct error *error);
/* Names of all presets, sorted; free with shape_preset_names_free. */
char **shape_preset_names(struct error *error);
void shape_preset_names_free(char **names);

/* A Hugging Face config.json of model_type mamba, mamba2 or mamba-classifier. Optional keys default as in
 * transformers; norm_before_gate is not used, as there: the gate always comes first. Infinity, bare or
 * quoted, is read where a limit may be infinite. The folder's name becomes the shape's. */
bool shape_from_config(const char *path, struct model_shape *shape, struct error *error);

/* Fills derived fields (where 0) and checks every size: positive, consistent, products within int64. */
bool shape_complete(struct model_shape *shape, const char *where, struct error *error);

#endif
