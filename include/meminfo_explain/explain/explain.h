/* SPDX-License-Identifier: MIT */
/* Sample to explanation: MemTotal as a sum of disjoint terms, in three ways, and the
 * rest. Pure. */
#ifndef MEMINFO_EXPLAIN_EXPLAIN_EXPLAIN_H
#define MEMINFO_EXPLAIN_EXPLAIN_EXPLAIN_H

#include "meminfo_explain/collect/sample.h"
#include "meminfo_explain/explain/decision.h"

enum accounting { ACCOUNTING_LRU, ACCOUNTING_CACHE, ACCOUNTING_PSS, ACCOUNTING_COUNT };

enum term_view {
  TERM_VIEW_TOTAL,
  TERM_VIEW_FREE,
  TERM_VIEW_KERNEL,
  TERM_VIEW_USER_LRU, /* USER views are in the order of enum accounting */
  TERM_VIEW_USER_CACHE,
  TERM_VIEW_USER_PSS,
  TERM_VIEW_HIDDEN,
  TERM_VIEW_INSIDE,
  TERM_VIEW_OUTSIDE,
  TERM_VIEW_UPPER_BOUND,
  TERM_VIEW_DETAIL
};

enum term_sign { TERM_SIGN_UNSIGNED, TERM_SIGN_SIGNED };

/* One addend of a formula: a reading in struct sample or a decision. */
struct operand {
  uint32_t offset;
  signed char sign; /* 1 or -1; 0 ends a list */
  bool decided;     /* the offset is in struct decided, else in struct sample */
};
#define OPERANDS_MAX 8

struct term_row {
  const char *name; /* the type instance */
  enum term_view view;
  enum term_sign sign;
  struct operand operands[OPERANDS_MAX];
};

enum term {
#define TERM(view, name, sign, text, ...) TERM_##view##_##name,
#include "meminfo_explain/tables/terms.def"
  TERM_COUNT
};
extern const struct term_row term_rows[TERM_COUNT];

enum identity_relation { IDENTITY_EQUAL, IDENTITY_AT_LEAST };

/* What an identity may be off by in any sample. */
struct slack {
  unsigned pages_per_cpu, pages;
  uint64_t bytes;
  bool huge; /* the counters are of huge pages */
};

struct identity_row {
  const char *name;
  enum identity_relation relation;
  unsigned counters; /* number of counters that drift, see node_drift() in per_cpu.h */
  struct slack slack;
  struct operand tolerance[OPERANDS_MAX];
  struct operand operands[OPERANDS_MAX];
};

enum identity {
#define IDENTITY(name, ...) IDENTITY_##name,
#include "meminfo_explain/tables/identities.def"
  IDENTITY_COUNT
};
extern const struct identity_row identity_rows[IDENTITY_COUNT];

struct identity_result {
  struct amount residual;
  int64_t tolerance; /* bytes; a part that is not known counts as 0 */
  bool judged;       /* enough is known to say whether it holds */
  bool holds;        /* false where it is not judged */
};

static inline bool identity_is_broken(const struct identity_result *result)
{
  return result->judged && !result->holds;
}

enum ratio {
#define RATIO(view, name, part, whole, ...) RATIO_##view##_##name,
#include "meminfo_explain/tables/ratios.def"
  RATIO_COUNT
};

struct ratio_row {
  const char *name;
  enum term_view view;
  struct operand part, whole;
};
extern const struct ratio_row ratio_rows[RATIO_COUNT];

struct percentage {
  double percent;
  enum reading_state state;
};

/* What a number is at least and at most. A side is absent where it has no bound. */
struct range {
  struct amount least, most;
};

struct black_hole {
  struct amount of[ACCOUNTING_COUNT]; /* MemTotal - free - kernel - user; signed */
  struct amount cache_low; /* of[cache] - SwapCached; the truth is between the two */
  struct amount estimate;  /* the most accurate of of[] */
  enum accounting estimate_from; /* undefined where neither estimate nor range is known */
  struct amount floor;           /* floor.h; absent until it is learned */
  struct amount above_floor;     /* estimate - floor */
  struct reading error; /* bound on |estimate - truth|; absent where none is known */
  /* The same as a range. A term that is not known is part of the estimate, so the truth
   * may be smaller and is not larger: with vmalloc unknown, `most` is. Without an
   * estimate, `most` is known where only lines are missing that are small on most
   * machines. */
  struct range range;
  /* The known parts of the error, also where error is absent. */
  struct reading bounded_error;
  /* What the error of a difference between two estimates consists of: bounded_error
   * without that of terms that are not known, other than per-CPU lists. */
  struct reading noise;
  struct amount hidden;      /* sum of the known HIDDEN terms */
  struct amount unexplained; /* estimate - hidden */
  /* What unexplained may be off by: error, the errors of the consumers, and all of
   * unexplained where a consumer could not be read. */
  struct reading unexplained_error;
  struct range unexplained_range;
  /* What allocation sites of the page cache and of anonymous memory hold beyond the
   * counters of both: pages that left them without being freed. Part of the black hole, 0
   * where it is within the error, and absent where the kernel does not count by site. */
  struct amount uncounted;
  /* Sum of the allocation sites in the black hole and of uncounted; absent where the
   * kernel does not count by site. */
  struct amount allocinfo;
  struct amount allocinfo_difference; /* estimate - allocinfo */
  struct percentage share;            /* estimate in percent of MemTotal */
};

struct hole_row {
  const char *name;
  size_t offset; /* in struct black_hole */
  bool is_bound; /* a struct reading, never below zero; else a struct amount */
};
enum {
#define AMOUNT(name, member, ...) HOLE_##name,
#define BOUND(name, member, ...)  HOLE_##name,
#include "meminfo_explain/tables/black_hole.def"
  HOLE_COUNT
};
extern const struct hole_row hole_rows[HOLE_COUNT];

/* The number of a row of black_hole.def. */
struct amount hole_amount(const struct black_hole *hole, unsigned row);

struct explanation {
  struct decided decided;
  struct amount terms[TERM_COUNT];
  struct black_hole black_hole;
  struct identity_result identities[IDENTITY_COUNT];
  struct percentage ratios[RATIO_COUNT];
  struct percentage pss_coverage; /* Rss of the processes read, of all processes */
  struct reading removed; /* what MemTotal has lost (observe.h); absent before that */
  const char *refused;    /* why no accounting is computed, or NULL */
};

/* Replaces *out. Conservation holds to the byte: where black_hole.of[m] is known,
 * MemTotal = sum(known FREE, KERNEL and USER_m terms) + black_hole.of[m]. */
void explain(const struct sample *sample, struct explanation *out);

/* The view of an accounting's own terms, and its name: "lru", "cache" or "pss". */
enum term_view accounting_view(enum accounting accounting);
const char *accounting_name(enum accounting accounting);

#endif
