/* SPDX-License-Identifier: MIT */
/* How rules put numbers and lists into a sentence. */
#ifndef MEMINFO_EXPLAIN_REPORT_WORDING_H
#define MEMINFO_EXPLAIN_REPORT_WORDING_H

#include "meminfo_explain/base/format.h"
#include "meminfo_explain/base/reading.h"
#include "meminfo_explain/report/rule.h"

/* Bytes and their share of MemTotal: "12.3 MiB (4.5 % of MemTotal)". Without the share
 * where `total` is not known or smaller. */
struct formatted share_of_total(double bytes, struct amount total);

/* Names in a row, of which the first LIST_NAMED_MAX are spelled out. {0} is empty. */
#define LIST_NAMED_MAX 3
struct list {
  char text[240];
  unsigned count; /* of all names */
};

/* Adds a name, which is cut after 71 bytes. */
__attribute__((format(printf, 2, 3))) void list_add(struct list *list, const char *format,
                                                    ...);

/* Returns " and 4 more", or "" where all names are spelled out. */
struct formatted list_rest(const struct list *list);

/* Sets the text and the weight of the sentence. Always true, so that a rule can end with
 * it. A text that is too long is cut and still ends with a full stop. */
__attribute__((format(printf, 3, 4))) bool say(struct sentence *out, double weight,
                                               const char *format, ...);

#endif
