/* SPDX-License-Identifier: MIT */
/* The explanation on standard output, for people and for programs. */
#ifndef MEMINFO_EXPLAIN_CLI_OUTPUT_H
#define MEMINFO_EXPLAIN_CLI_OUTPUT_H

#include "meminfo_explain/explain.h"

#include <stdio.h>

/* Each prints one sample. 0, or -errno where it could not be written. */
int json_print(const struct sample *sample, const struct explanation *explanation,
               FILE *out);
int table_print(const struct sample *sample, const struct explanation *explanation,
                bool why, FILE *out);

#endif
