/* SPDX-License-Identifier: MIT */
/* The largest N of many named amounts, with names that stay. Every name that is published
 * becomes a file on disk and a line in a graph, so the N largest of each moment will not
 * do. A name that is shown stays shown until another one is larger by a margin, and the
 * number of different names is bounded. Plain data; allocates nothing. */
#ifndef MEMINFO_EXPLAIN_BASE_TOP_N_H
#define MEMINFO_EXPLAIN_BASE_TOP_N_H

#include <stdbool.h>
#include <stdint.h>

#define TOP_N_NAME_SIZE      100 /* with the final 0; collectd cuts names at 127 bytes */
#define TOP_N_SHOWN_MAX      64
#define TOP_N_CANDIDATES_MAX 256
/* Different names per place that may be shown before the daemon ends. Once there are as
 * many, only those may be shown again; everything else is part of other_bytes. */
#define TOP_N_NAMES_PER_PLACE 4
/* A name takes the place of the smallest one shown if it is larger by a quarter, and by
 * at least this much. */
#define TOP_N_MARGIN_MIN ((uint64_t)64 << 10) /* bytes */

struct top_n_entry {
  char name[TOP_N_NAME_SIZE]; /* [a-z0-9_]+ */
  uint64_t bytes;
};

/* {0} has shown nothing yet. */
struct top_n {
  struct top_n_entry shown[TOP_N_SHOWN_MAX]; /* in the order in which they appeared */
  unsigned shown_count;
  uint64_t other_bytes; /* everything that is not shown */
  bool exhausted; /* in the last round a name was left out by TOP_N_NAMES_PER_PLACE */
  /* Hashes of all names ever shown. With 64 bits, two of so few names do not collide. */
  uint64_t names[TOP_N_NAMES_PER_PLACE * TOP_N_SHOWN_MAX];
  unsigned names_count;
};

/* The amounts of one round. Several struct top_n may use it in turn. */
struct top_n_round {
  struct top_n_entry candidates[TOP_N_CANDIDATES_MAX];
  unsigned count;
  uint64_t nameless_bytes; /* amounts without a candidate of their own */
};

/* One round: begin, add each amount, settle.
 *
 * top_n_add makes a name of `group` and `name` ("group_name", or "name" where group is
 * ""; a `name` of "" is "unknown"), in lower case, with an underscore for every byte that
 * is not an ASCII letter or digit. A name that does not fit in TOP_N_NAME_SIZE is cut and
 * ends with an underscore and eight hexadecimal digits, a hash of the whole name. Amounts
 * with the same name are added up; the name "other" is never shown. A sum that would
 * overflow stays at UINT64_MAX. Amounts beyond TOP_N_CANDIDATES_MAX names are part of
 * other_bytes.
 *
 * top_n_settle decides which names are shown, at most `limit` (at most TOP_N_SHOWN_MAX; a
 * lower limit than before drops the smallest). Free places go to the largest names above
 * 0 bytes. A shown name without an amount in this round has 0 bytes, and keeps its place
 * until another name takes it. Of two equal amounts, the first by name counts as larger.
 * The bytes of all shown names and other_bytes add up to everything that was added. */
void top_n_begin(struct top_n_round *round);
void top_n_add(struct top_n_round *round, const char *group, const char *name,
               uint64_t bytes);
void top_n_settle(struct top_n *top, struct top_n_round *round, unsigned limit);

/* The name that top_n_add makes. */
void top_n_name(const char *group, const char *name, char out[TOP_N_NAME_SIZE]);

#endif
