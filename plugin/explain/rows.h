/* SPDX-License-Identifier: MIT */
/* What the operands of a row of the tables add up to. */
#ifndef MEMINFO_EXPLAIN_EXPLAIN_ROWS_H
#define MEMINFO_EXPLAIN_EXPLAIN_ROWS_H

#include "meminfo_explain/explain/explain.h"

/* A page may wait in the batch of lru_add and in one more (mm/swap.c), of PAGEVEC_SIZE
 * pages each: 31 since 6.12 and fewer before (include/linux/pagevec.h). */
#define LRU_BATCH_PAGES 62

struct reading read_operand(const struct sample *sample, const struct decided *decided,
                            struct operand operand);

/* The sum of the operands up to one with sign 0. Where one is not known, so is the sum.
 */
struct amount evaluate(const struct sample *sample, const struct decided *decided,
                       const struct operand operands[OPERANDS_MAX]);

/* Adds to a known sum, which becomes malformed where it overflows. */
void amount_add(struct amount *sum, int64_t value);

/* part / whole; absent where the whole is not above 0. */
struct percentage share_of(struct amount part, struct amount whole);

/* The decision that a term consists of, or NULL. */
const struct decision *decision_of(const struct decided *decided,
                                   const struct term_row *row);

#endif
