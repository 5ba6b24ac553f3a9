/* SPDX-License-Identifier: MIT */
/* Which of many named amounts go out under a name of their own: the largest few. Not the
 * largest of the moment, for each name that ever goes out is a file on somebody's disk,
 * and a graph with gaps. So who is shown stays shown until another one is larger by a
 * band, and the names ever shown are bounded in number. Plain data; allocates nothing. */
#ifndef MEMINFO_EXPLAIN_BASE_TOP_N_H
#define MEMINFO_EXPLAIN_BASE_TOP_N_H

#include <stdbool.h>
#include <stdint.h>

#define TOP_N_NAME_SIZE      100 /* with the final 0; collectd cuts names at 127 bytes */
#define TOP_N_SHOWN_MAX      64
#define TOP_N_CANDIDATES_MAX 256
/* So many different names per place are shown until the daemon ends. After that only
 * those may come back; all others are part of other_bytes. */
#define TOP_N_NAMES_PER_PLACE 4
/* Who is not shown takes the place of the smallest that is, if it is larger by a quarter
 * and by so much at least. */
#define TOP_N_BAND_MIN ((uint64_t)64 << 10) /* bytes */

struct top_n_entry {
  char name[TOP_N_NAME_SIZE]; /* [a-z0-9_]+ */
  uint64_t bytes;
};

/* {0} is a ranking in which nobody was ever shown. */
struct top_n {
  struct top_n_entry shown[TOP_N_SHOWN_MAX]; /* in the order in which they came */
  unsigned shown_count;
  uint64_t other_bytes; /* of all who are not shown */
  bool exhausted; /* somebody was left out because no more names may be shown; of the last
                     round */
  char names[TOP_N_NAMES_PER_PLACE * TOP_N_SHOWN_MAX][TOP_N_NAME_SIZE]; /* ever */
  unsigned names_count;
  struct top_n_entry candidates[TOP_N_CANDIDATES_MAX]; /* of the round that runs */
  unsigned candidates_count;
  uint64_t nameless_bytes; /* of the round that runs: what has no candidate of its own */
};

/* One round: begin, add each amount, settle. What is shown holds until the next settle.
 *
 * top_n_add makes a name of `group` and `name` ("group_name", or "name" where group is
 * ""; a `name` of "" is "unknown"), in lower case, every byte but ASCII letters and
 * digits replaced by an underscore; whatever the bytes are, the name is one that every
 * receiver takes. One that does not fit in TOP_N_NAME_SIZE is cut, and ends by an
 * underscore and eight hexadecimal digits that stand for the whole. Amounts whose names
 * come to the same are added up; the name "other" is never shown. A sum that would
 * overflow stays at UINT64_MAX. Beyond TOP_N_CANDIDATES_MAX names, the amount goes to
 * the others.
 *
 * top_n_settle decides who is shown, `limit` at most (cut to TOP_N_SHOWN_MAX; a limit
 * lower than before drops the smallest). Free places go to the largest who have any
 * bytes. Who is shown and was not added in this round has 0 bytes, and keeps its place
 * until another one takes it. Of equals, the first by name counts as the larger. The
 * bytes of all who are shown and other_bytes come to the sum of all that was added. */
void top_n_begin(struct top_n *top);
void top_n_add(struct top_n *top, const char *group, const char *name, uint64_t bytes);
void top_n_settle(struct top_n *top, unsigned limit);

/* The name that top_n_add makes. */
void top_n_name(const char *group, const char *name, char out[TOP_N_NAME_SIZE]);

#endif
