/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "platforms/pricing.h"

static const char name[] = "fpga-model", default_device[] = "fastmamba-vc709";

static bool precision_of(const char *device, enum precision *precision, struct error *error)
{
    return pricing_precision(name, device, precision, error);
}

static bool open_run(const struct task *task, struct run **run, struct error *error)
{
    return pricing_open(name, default_device, task, run, error);
}

static bool least(const struct task *task, struct plan *plan, struct error *error)
{
    return pricing_least(name, default_device, task, plan, error);
}

extern const struct platform fpga_model_platform;

const struct platform fpga_model_platform = {
    .name = name,
    .summary = "cycle models of published FPGA accelerators, from their parallelism and pipelines",
    .provenance = PROVENANCE_MODELLED,
    .default_device = default_device,
    .precision = precision_of,
    .open = open_run,
    .units = pricing_units,
    .price = pricing_price,
    .least = least,
    .close = pricing_close,
};
