/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef MANNIX_REGS_DEFINE_H
#define MANNIX_REGS_DEFINE_H

/* The system's map of the public ancestor. Registers have 32 bits; the unit's addresses are offsets into the
 * memory. Start needs all the others; done reads 1 when the unit has finished. */
#define GPP_BASE_ADDR 0x1A400000
#define GPP_BASE_MEM 0x1A480000

#define FC_ADDRX (GPP_BASE_ADDR + 18 * 4)
#define FC_ADDRY (GPP_BASE_ADDR + 19 * 4)
#define FC_ADDRB (GPP_BASE_ADDR + 20 * 4)
#define FC_ADDRZ (GPP_BASE_ADDR + 21 * 4)
#define FC_XM (GPP_BASE_ADDR + 22 * 4)
#define FC_XN (GPP_BASE_ADDR + 23 * 4)
#define FC_YM (GPP_BASE_ADDR + 24 * 4)
#define FC_YN (GPP_BASE_ADDR + 25 * 4)
#define FC_START (GPP_BASE_ADDR + 26 * 4)
#define FC_DONE (GPP_BASE_ADDR + 27 * 4)

#endif
