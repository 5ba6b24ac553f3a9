/* SPDX-License-Identifier: MIT */
/* What is wrong with a source, in words. */
#ifndef MEMINFO_EXPLAIN_COLLECT_DIAGNOSTIC_H
#define MEMINFO_EXPLAIN_COLLECT_DIAGNOSTIC_H

#include "meminfo_explain/collect/sample.h"

/* Writes one line without newline that names file, line and cause, what the loss costs,
 * and the remedy if there is one. False, with *out untouched, where nothing is wrong:
 * the source is known without parse_error, or this kernel does not have it. */
bool diagnostic(const struct sample *sample, enum source source, char *out, size_t size);

/* Likewise of a process whose smaps does not answer. False where there is none. */
bool diagnostic_hung(const struct hung_process *hung, char *out, size_t size);

/* Likewise of processes that proc does not list. False where it lists all who map
 * anything. */
bool diagnostic_unlisted(const struct processes *processes, char *out, size_t size);

#endif
