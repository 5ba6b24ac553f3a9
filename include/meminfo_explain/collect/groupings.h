/* SPDX-License-Identifier: MIT */
/* The groupings of a sample, one for each row of groupings.def. */
#ifndef MEMINFO_EXPLAIN_COLLECT_GROUPINGS_H
#define MEMINFO_EXPLAIN_COLLECT_GROUPINGS_H

#include "meminfo_explain/collect/sample.h"
#include "meminfo_explain/parse/grouping_list.h"

/* Members of the JSON object of a member, besides "bytes". */
enum grouping_key {
  GROUPING_KEY_NAME,
  GROUPING_KEY_QUALIFIER,
  GROUPING_KEY_DETAIL,
  GROUPING_KEY_COUNT,
  GROUPING_KEY_EXTRA /* the first of the extra numbers */
};

struct grouping_row {
  const char *name, *view, *option;
  unsigned names, all_names; /* how many names by default, and with AllSeries */
  const char *member, *title, *counted;
  enum source source;
  struct {
    const char *object, *list;
    const char *keys[GROUPING_KEY_EXTRA + GROUPING_EXTRAS_MAX]; /* "" or NULL: none */
  } json;
};
extern const struct grouping_row grouping_rows[GROUPING_COUNT];

/* Bytes of all members, those that grouping_member() does not have included. The members
 * count only where it is known. */
struct reading grouping_total(const struct sample *sample, enum grouping grouping);

/* The n-th largest member, from 0. False beyond the last. */
bool grouping_member(const struct sample *sample, enum grouping grouping, unsigned n,
                     struct grouping_member *out);

#endif
