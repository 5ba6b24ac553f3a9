/* SPDX-License-Identifier: MIT */
/* One line of meminfo: as the kernel prints it, and as people paste it. */
#ifndef MEMINFO_EXPLAIN_PARSE_MEMINFO_LINE_H
#define MEMINFO_EXPLAIN_PARSE_MEMINFO_LINE_H

#include "meminfo_explain/parse/meminfo_row.h"

#include <stdbool.h>
#include <stdint.h>

struct meminfo_line {
  struct span key;
  enum meminfo_field row; /* MEMINFO_FIELD_COUNT where the key has none */
  uint64_t value;         /* bytes, or the bare number */
  enum meminfo_unit unit;
  const char *cause; /* what is wrong with it; NULL if nothing */
};

/* A line of the kernel's. `open`: the text ends with it, without a newline. */
struct meminfo_line meminfo_line_parse(struct scan line, bool open, unsigned hint);

enum pasted_line {
  PASTED_ENTRIES,  /* one or more lines of meminfo, or what cannot be read */
  PASTED_FRAME,    /* nothing, a prompt, a command, the name of the file, a code fence */
  PASTED_OMISSION, /* "...", "[snip]": the author left out lines */
};
enum pasted_line pasted_line_kind(struct scan line);

/* Takes the next entry off a PASTED_ENTRIES line; the line is at its end after the last
 * one. Reads also what is unambiguous: a prefix that ends with ':', ']' or '>' (grep,
 * pdsh, dmesg), line numbers, list marks, blanks around the key, a key of meminfo.def
 * without a colon, KB, kb or KiB for kB and no blank before it, a comment after it, and
 * several entries on one line. */
struct meminfo_line pasted_line_take(struct scan *line, bool open, unsigned hint);

#endif
