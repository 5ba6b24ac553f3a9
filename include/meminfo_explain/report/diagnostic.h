/* SPDX-License-Identifier: MIT */
/* What could not be read, one line of text each: for the daemon's log, standard error and
 * the table alike. */
#ifndef MEMINFO_EXPLAIN_REPORT_DIAGNOSTIC_H
#define MEMINFO_EXPLAIN_REPORT_DIAGNOSTIC_H

#include "meminfo_explain/collect/sample.h"
#include "meminfo_explain/explain/explain.h"

enum diagnostic_kind {
  DIAGNOSTIC_SOURCE,   /* a file is denied, malformed, gone, or has bad lines */
  DIAGNOSTIC_REFUSED,  /* meminfo is not that of the machine: explanation.refused */
  DIAGNOSTIC_UNLISTED, /* proc does not list all processes */
  DIAGNOSTIC_HUNG      /* reading a process's smaps hangs */
};

struct diagnostic {
  enum diagnostic_kind kind;
  enum source source; /* of DIAGNOSTIC_SOURCE */
  uint32_t pid;       /* of DIAGNOSTIC_HUNG */
  const char *text;   /* one line without newline: file, line and cause, what the loss
                       * costs, the remedy if there is one; valid during the call */
};

/* Calls emit for each diagnostic of a sample: sources in the order of sources.def, then
 * refused, unlisted and hung. Without an explanation (NULL) there is none of kind
 * refused. */
void diagnostics_each(const struct sample *sample, const struct explanation *explanation,
                      void (*emit)(void *context, const struct diagnostic *diagnostic),
                      void *context);

/* The line of one source, cut to `size` bytes. False, with *out untouched, where there is
 * none: the source was read without an error, or this kernel does not have it. A consumer
 * that is denied is no diagnostic: debugfs is closed to all but root. */
bool diagnostic_of_source(const struct sample *sample, enum source source, char *out,
                          size_t size);

#endif
