/* SPDX-License-Identifier: MIT */
/* Every file that a sample is made of, and what became of reading it. */
#ifndef MEMINFO_EXPLAIN_SYSROOT_SOURCE_H
#define MEMINFO_EXPLAIN_SYSROOT_SOURCE_H

#include "meminfo_explain/base/reading.h"
#include "meminfo_explain/base/scan.h"

#include <stdbool.h>

enum source {
#define SOURCE(name, path, cost, remedy) SOURCE_##name,
#include "meminfo_explain/tables/sources.def"
#define CONSUMER(name, ...) SOURCE_##name,
#include "meminfo_explain/tables/consumers.def"
  SOURCE_COUNT
};

struct source_row {
  const char *path;   /* below the root; a pattern where several files are summed */
  const char *cost;   /* what its loss costs */
  const char *remedy; /* what opens it when denied; "" where nothing is known to */
};
extern const struct source_row source_rows[SOURCE_COUNT];

struct source_status {
  enum reading_state state;
  struct parse_error parse_error; /* bad lines; the rest of the file may still be known */
  int error;                      /* errno of the access that failed, 0 if none did */
  char path[96]; /* the file at fault where the row's path is a pattern, else "" */
  bool gone;     /* absent, and was there before: not for want of such a kernel */
};

/* Notes the first file at parse_error, with `error` as sysroot_slurp gives it, or
 * -EBADMSG where the fault says what is wrong; the worst state of all files is the
 * source's. */
void source_failed(struct source_status *status, const char *path, int error);

#endif
