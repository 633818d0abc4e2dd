/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef PLATFORMS_FPGA_RTL_HALF_H
#define PLATFORMS_FPGA_RTL_HALF_H

#include <stdint.h>

/* Half precision as the block's hardware has it: rounds to nearest even after every operation; subnormal
 * operands count as zeros of their sign, and a result that is below the normal range once rounded becomes
 * one; every NaN is 7e00. The RTL must agree bit by bit. */
uint16_t half_mul(uint16_t a, uint16_t b);
uint16_t half_add(uint16_t a, uint16_t b);
uint16_t half_from_double(double value);
double half_to_double(uint16_t half); /* a subnormal is a zero */

#endif
