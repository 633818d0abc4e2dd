/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#include "platforms/pricing.h"

static const char name[] = "leo2-model", default_device[] = "mannix";

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

extern const struct platform leo2_model_platform;

const struct platform leo2_model_platform = {
    .name = name,
    .summary = "cycle model of LEO2 offloading fully connected layers to the MANNIX unit",
    .provenance = PROVENANCE_MODELLED,
    .default_device = default_device,
    .precision = precision_of,
    .open = open_run,
    .units = pricing_units,
    .price = pricing_price,
    .least = least,
    .close = pricing_close,
};
