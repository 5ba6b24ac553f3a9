/* SPDX-License-Identifier: MIT */
/* What a sentence of the report claims, as predicates: one for each row of rules.def. A
 * sentence is made from a part of a machine's files and judged by all of them. */
#ifndef MEMINFO_EXPLAIN_TESTS_CLAIMS_H
#define MEMINFO_EXPLAIN_TESTS_CLAIMS_H

#include "meminfo_explain/explain/observe.h"
#include "meminfo_explain/report/sentences.h"

#include <stdbool.h>

/* A tree, as the tool explains it. Too large for a stack. */
struct machine {
  struct observer observer;
  struct sentence sentences[RULE_COUNT];
  unsigned sentences_count;
};

enum verdict {
  VERDICT_HOLDS,
  /* The whole tree does not have the number either, so nothing contradicts it. */
  VERDICT_UNKNOWN,
  /* Contradicted, but no reader could know better: claims.c lists when, with reasons. */
  VERDICT_INDISTINGUISHABLE,
  VERDICT_FALSE
};

struct judgement {
  enum verdict verdict;
  char why[240]; /* "" where it holds */
};

/* The file by which two trees differ, and its text in both. */
struct change {
  const char *path;
  struct text whole, part;
};

/* Whether the numbers of a tree contradict each other so far that they measure nothing:
 * more memory is in use than there is, or a part of it is larger than the whole. Authors
 * of tests edit files like that. */
bool claim_is_impossible(const struct machine *whole);

/* Judges a sentence of `part` by `whole`. `changed` is NULL where other files than one
 * are missing. */
struct judgement claim_judge(const struct machine *part, const struct machine *whole,
                             const struct change *changed,
                             const struct sentence *sentence);

/* Judges the numbers of `part`, which the tool prints without a sentence. Calls callback
 * for each that does not hold, with the name of the number, and returns how many were
 * judged. */
unsigned claim_judge_numbers(const struct machine *part, const struct machine *whole,
                             const struct change *changed,
                             void (*callback)(void *context, const char *name,
                                              const struct judgement *judgement),
                             void *context);

#endif
