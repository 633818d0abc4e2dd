/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef MANNIXLIB_H
#define MANNIXLIB_H

#include "mannix_accelerator.h"

#endif
