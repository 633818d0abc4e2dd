/* SPDX-License-Identifier: BSD-2-Clause
 * SPDX-FileCopyrightText: 2026 The mamba-bench developers */
#ifndef MAMBA_CONFIGS_H
#define MAMBA_CONFIGS_H

#include <cyaml/cyaml.h>
#include <stddef.h>

#include "mamba/error.h"

/* Where configs/ is: $MAMBA_BENCH_CONFIGS, else beside the program (../share/mamba-bench/configs or the
 * source tree two folders up from build/PRESET), else the folder known at build time. */
bool configs_folder(char *path, size_t size, struct error *error);

/* Files configs/<kind>/<stem>.yaml: stems, sorted, null-terminated; free with configs_free_names. */
char **configs_names(const char *kind, struct error *error);
void configs_free_names(char **names);

/* A finite decimal number without sign: digits with a point or an exponent, nothing else that strtod takes.
 * *end is what follows it. */
bool configs_number(const char *text, const char **end, double *value);

/* Loads configs/<kind>/<name>.yaml, one document without aliases; the one line of libcyaml's complaint, with
 * file and line, becomes the error. Numbers and booleans of the schema are held to what they must be, with
 * file, key and line in the error. A name with a slash or a leading dot is refused. Free the data with
 * cyaml_free(config, schema). */
bool configs_load(const char *kind, const char *name, const cyaml_schema_value_t *schema, void **data,
                  const cyaml_config_t **config, struct error *error);

#endif
