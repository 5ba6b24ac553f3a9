/* SPDX-License-Identifier: MIT */
/* Every file that a sample is made of, and the result of reading it. */
#ifndef MEMINFO_EXPLAIN_SYSROOT_SOURCE_H
#define MEMINFO_EXPLAIN_SYSROOT_SOURCE_H

#include "meminfo_explain/base/reading.h"
#include "meminfo_explain/base/scan.h"
#include "meminfo_explain/sysroot/sysroot.h"

#include <stdbool.h>

enum source {
#define SOURCE(name, path, cost, remedy) SOURCE_##name,
#include "meminfo_explain/tables/sources.def"
#define FILE_GROUPING(name, ...) SOURCE_##name,
#define GROUPING(...)
#include "meminfo_explain/tables/groupings.def"
  SOURCE_FIRST_CONSUMER, /* the rest are the rows of consumers.def */
  SOURCE_BEFORE_CONSUMERS = SOURCE_FIRST_CONSUMER - 1,
#define CONSUMER(name, ...) SOURCE_##name,
#include "meminfo_explain/tables/consumers.def"
  SOURCE_COUNT
};

struct source_row {
  const char *path;   /* below the root; a pattern where several files are summed */
  bool is_file;       /* false: `path` is no path, but what a function asks */
  const char *cost;   /* what its loss costs */
  const char *remedy; /* what opens it when denied; "" where nothing is known to */
};
extern const struct source_row source_rows[SOURCE_COUNT];

struct source_status {
  enum reading_state state;
  struct parse_error parse_error; /* bad lines; the rest of the file may still be known */
  int error;                      /* -errno of the failed access; 0 if none failed */
  char path[96]; /* the file that failed where the row's path is a pattern, else "" */
  double age;    /* seconds since it was read; 0 where that was for this sample */
  bool gone;     /* absent now, but was present before */
};

/* Reads the file of a source whole into *text, which is valid where the status is known.
 * Not for sources whose path is a pattern. */
struct source_status source_read(const struct sysroot *root, enum source source,
                                 struct text *text);

/* Records that one of a source's files failed. `error` is that of sysroot_slurp, or
 * -EBADMSG where status->parse_error says what is wrong with the text. The status keeps
 * the first such path, and the worst state of all files. */
void source_failed(struct source_status *status, const char *path, int error);

#endif
