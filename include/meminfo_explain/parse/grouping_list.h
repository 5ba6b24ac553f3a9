/* SPDX-License-Identifier: MIT */
/* A grouping: one kind of memory by the name of what holds it, the largest first. */
#ifndef MEMINFO_EXPLAIN_PARSE_GROUPING_LIST_H
#define MEMINFO_EXPLAIN_PARSE_GROUPING_LIST_H

#include "meminfo_explain/base/reading.h"
#include "meminfo_explain/base/scan.h"

#define GROUPING_MEMBERS_MAX 64
#define GROUPING_EXTRAS_MAX  4

enum grouping {
#define GROUPING(name, ...) GROUPING_##name,
#include "meminfo_explain/tables/groupings.def"
  GROUPING_COUNT
};

/* The strings are printable ASCII, as span_copy makes them. */
struct grouping_member {
  char name[96];
  char qualifier[64]; /* what the name belongs to, such as a kernel module; may be "" */
  char detail[96];    /* where to look, such as file:line; may be "" */
  uint64_t bytes;
  uint64_t count;                      /* of what the row says: areas, calls, objects */
  uint64_t extra[GROUPING_EXTRAS_MAX]; /* further numbers, whose names the row has */
};

struct grouping_list {
  struct reading total; /* bytes of all members, those that are not listed included */
  unsigned count;
  struct grouping_member members[GROUPING_MEMBERS_MAX]; /* the largest, largest first */
};

/* Adds a member to an initialized list: to its total, which is malformed beyond
 * INT64_MAX, and to its members if it is among the largest. Of equal members the earlier
 * one comes first. */
void grouping_add(struct grouping_list *list, const struct grouping_member *member);

/* The parser of a FILE_GROUPING row: adds each member of the text to *list, whose total
 * is 0 at first, and notes lines that are not of the grammar in *parse_error. 0; or
 * -EBADMSG where what is left is no list of members, and the caller discards it. */
typedef int grouping_parser(struct scan text, uint64_t page_size,
                            struct grouping_list *list, struct parse_error *parse_error);
#define FILE_GROUPING(name, ...) grouping_parser name##_parse;
#define GROUPING(...)
#include "meminfo_explain/tables/groupings.def"

#endif
