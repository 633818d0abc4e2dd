/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef PLATFORMS_LEO2_EMULATION_H
#define PLATFORMS_LEO2_EMULATION_H

#include "platforms/cpu/forward.h"
#include "platforms/leo2/board/mannix.h"

/* Mamba with its projections on the accelerator, call by call as the port does it: a call for each token and
 * projection, everything else on the host in fp32. Bit for bit what the unit's arithmetic gives.
 *
 * The host multiplies inputs by a scale for bytes, weights and biases by another, and what it reads by the
 * inverse of what both left in the result:
 * - SCALING_127: all three by 127, truncated. For DOCUMENTED clamped; for RTL the low byte, as the port's
 *   code does, and biases are written as a byte a row where the unit reads four (what follows is taken as 0).
 * - SCALING_LAYER: one pair of scales for all calls of a Mamba layer, and one for those outside the layers.
 * - SCALING_TENSOR: one pair for each projection.
 * - SCALING_ROW: one for each input, and one for each row of weights.
 *
 * The calibrated ones are rounded and clamped. They come from the largest inputs, weights and outputs that
 * calibration saw: bytes must hold both operands and the result, so the product of the scales is bounded by
 * the largest output; within that it is split so that input and weight roundings do equal harm.
 *
 * zero_point (RTL, calibrated): inputs are sent 128 higher and outputs come back 128 higher, and the 32-bit
 * bias takes out what that adds, so that neither the unsigned bytes nor the ReLU touch a sign. */
enum emulation_scaling { SCALING_127, SCALING_LAYER, SCALING_TENSOR, SCALING_ROW, SCALINGS };

struct emulation_settings {
    enum mannix_arithmetic arithmetic;
    enum emulation_scaling scaling;
    bool zero_point;
    bool conv;   /* depthwise convolution on the unit, too: a call for each token and channel */
    bool absent; /* no device: everything on the host */
};

/* What calibration saw, and the bytes that follow from it, of one model. */
struct scales;
struct scales *scales_create(const struct emulation_settings *settings, struct error *error);
void scales_free(struct scales *scales);
/* Summed over all runs. outputs: how many bytes the unit wrote. */
struct mannix_losses scales_losses(const struct scales *scales, uint64_t *outputs);

/* A program of stages that stand alone, bound to a network of the model in fp32, and scales that several may
 * share. All must outlive it. Its inputs and logits are its program's. */
struct emulation;
struct emulation *emulation_create(const struct model *model, struct network *network,
                                   const struct graph *graph, struct scales *scales, struct error *error);
void emulation_destroy(struct emulation *emulation);
struct program *emulation_program(const struct emulation *emulation);

/* On the host in fp32, looking at what goes in and out of each projection. False when out of memory. */
bool emulation_observe(struct emulation *emulation, struct team *team, struct error *error);
/* Ends calibration: weights become bytes. Needed once for the scales, whatever the scaling. */
bool emulation_fix(struct emulation *emulation, struct error *error);
/* On the device. False when out of memory: what there is to read is of no use then. */
bool emulation_run(struct emulation *emulation, struct team *team, struct error *error);

#endif
