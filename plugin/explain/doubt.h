/* SPDX-License-Identifier: MIT */
/* What adds to the error of the black hole. */
#ifndef MEMINFO_EXPLAIN_EXPLAIN_DOUBT_H
#define MEMINFO_EXPLAIN_EXPLAIN_DOUBT_H

#include "meminfo_explain/explain/explain.h"

/* What an estimate of the black hole may be off by. */
struct doubt {
  struct reading less, more; /* how much smaller or larger the truth may be */
  struct reading either;     /* a bound on both: of parts that may be one or the other */
  struct reading noise;      /* of either, what may differ from sample to sample */
  bool less_unbounded, more_unbounded;
};

/* The sum of all that applies to an accounting: counters, tear, batches, decisions. */
struct doubt doubt_of(const struct sample *sample, const struct explanation *e,
                      enum accounting accounting);

/* Adds what the error of a decision does to the estimate. */
void doubt_add_decision(struct doubt *doubt, const struct decision *decision,
                        bool is_noise);

/* Adds how much smaller or larger the truth may be. */
void doubt_add(struct doubt *doubt, uint64_t less, uint64_t more);

/* Whether the term is one of those that the accounting subtracts from MemTotal. */
bool is_part_of(const struct term_row *row, enum accounting accounting);

/* Pages that wait in the batches of that many CPUs for an LRU list. */
uint64_t batches_of(const struct sample *sample, struct reading cpus);

#endif
