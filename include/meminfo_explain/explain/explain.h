/* SPDX-License-Identifier: MIT */
/* Sample to explanation: MemTotal as a sum of disjoint terms, three ways, and what is
 * left over. Pure arithmetic. */
#ifndef MEMINFO_EXPLAIN_EXPLAIN_EXPLAIN_H
#define MEMINFO_EXPLAIN_EXPLAIN_EXPLAIN_H

#include "meminfo_explain/collect/sample.h"
#include "meminfo_explain/explain/decision.h"

enum accounting { ACCOUNTING_LRU, ACCOUNTING_CACHE, ACCOUNTING_PSS, ACCOUNTING_COUNT };

enum term_view {
  TERM_VIEW_TOTAL,
  TERM_VIEW_FREE,
  TERM_VIEW_KERNEL,
  TERM_VIEW_USER_LRU, /* the users' views in the order of enum accounting */
  TERM_VIEW_USER_CACHE,
  TERM_VIEW_USER_PSS,
  TERM_VIEW_HIDDEN,
  TERM_VIEW_INSIDE,
  TERM_VIEW_OUTSIDE,
  TERM_VIEW_UPPER_BOUND,
  TERM_VIEW_DETAIL
};

enum term_sign { TERM_SIGN_UNSIGNED, TERM_SIGN_SIGNED };

/* One addend of a formula: a reading in struct sample or in struct decided. */
struct operand {
  uint32_t offset;
  signed char sign; /* +1, -1; 0 ends a list */
  bool decided;     /* offset is that of a decision in struct decided */
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

/* What an identity may be off by whatever the sample says. */
struct slack {
  unsigned pages_per_cpu, pages;
  uint64_t bytes;
};

struct identity_row {
  const char *name;
  enum identity_relation relation;
  unsigned counters; /* that drift, each by at most zoneinfo.node_drift */
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
  int64_t tolerance; /* bytes, as far as it is known */
  bool judged; /* residual and tolerance are known well enough to tell if it holds */
  bool holds;  /* false where it is not judged */
};

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

struct black_hole {
  struct amount of[ACCOUNTING_COUNT]; /* MemTotal - free - kernel - user; signed */
  struct amount cache_low;       /* of[cache] less SwapCached: it lies between the two */
  struct amount estimate;        /* the best of them */
  enum accounting estimate_from; /* which; meaningful where estimate is known */
  struct amount floor;       /* learned minimum (floor.h); absent until it is learned */
  struct amount above_floor; /* estimate - floor */
  struct reading error;      /* bound on |estimate - truth|; absent where none is known */
  struct amount hidden;      /* sum of the known HIDDEN terms */
  struct amount unexplained; /* estimate - hidden */
  /* What unexplained may be off by: the estimate's error, that of the consumers, and
   * where one of those could not be read, all that it could be. */
  struct reading unexplained_error;
  /* The sites of allocinfo that are in the black hole, and what the estimate is more than
   * they: absent where the kernel does not count them. */
  struct amount allocinfo;
  struct amount allocinfo_difference;
  struct percentage share; /* estimate of MemTotal */
};

struct hole_row {
  const char *name;
  size_t offset; /* in struct black_hole */
  bool is_bound; /* a reading, never below zero */
};
enum {
#define AMOUNT(name, member, ...) HOLE_##name,
#define BOUND(name, member, ...)  HOLE_##name,
#include "meminfo_explain/tables/black_hole.def"
  HOLE_COUNT
};
extern const struct hole_row hole_rows[HOLE_COUNT];

struct amount hole_amount(const struct black_hole *hole, unsigned row);

struct explanation {
  struct decided decided;
  struct amount terms[TERM_COUNT];
  struct black_hole black_hole;
  struct identity_result identities[IDENTITY_COUNT];
  struct percentage ratios[RATIO_COUNT];
  struct percentage pss_coverage; /* Rss of processes read, of all seen */
  struct reading removed; /* MemTotal below its highest (observe.h); else absent */
  const char *refused;    /* why no black hole is computed at all; NULL if it is */
};

/* Conservation: where black_hole.of[m] is known,
 * MemTotal = sum(known FREE, KERNEL and USER_m terms) + black_hole.of[m], to the byte. */
void explain(const struct sample *sample, struct explanation *out);

/* The view a user accounting's terms are in, and its name ("lru", "cache", "pss"). */
enum term_view accounting_view(enum accounting accounting);
const char *accounting_name(enum accounting accounting);

#endif
