/* SPDX-License-Identifier: MIT */
/* What several rules compute. */
#ifndef MEMINFO_EXPLAIN_REPORT_RULE_NUMBERS_H
#define MEMINFO_EXPLAIN_REPORT_RULE_NUMBERS_H

#include "rules.h"
#include "wording.h"

/* More than half. */
#define MOST_PERCENT 50

static inline struct amount term(const struct context *c, enum term term)
{
  return c->doubted[term] ? (struct amount){.state = READING_MALFORMED}
                          : c->explanation->terms[term];
}

static inline struct amount decided(const struct context *c, unsigned decision)
{
  return c->doubted_decisions[decision]
             ? (struct amount){.state = READING_MALFORMED}
             : amount_of(c->explanation->decided.all[decision].reading);
}

static inline struct amount growth(struct reading from, struct reading to)
{
  return amount_difference(amount_of(to), amount_of(from));
}

/* Whether both are known and a is more than `percent` of the whole. */
static inline bool exceeds(struct amount a, double percent, struct amount whole)
{
  return is_known(a) && is_known(whole) &&
         (double)a.value > percent / 100 * (double)whole.value;
}

/* The amount where it can be a part of the whole, else absent. */
static inline struct amount amount_within(struct amount amount, struct amount whole)
{
  bool within = is_known(amount) && is_known(whole) && amount.value <= whole.value;
  return within ? amount : (struct amount){.state = READING_ABSENT};
}

/* Free memory, MemFree and the per-CPU lists, as far as these are known. */
struct amount free_memory(const struct context *c);

/* MemTotal less free memory. Absent where that is not known or is not a part. */
struct amount memory_in_use(const struct context *c);

/* The share of the memory in use, in percent, from which a part of it is large, and the
 * least that is worth a sentence: an idle machine has little in use. */
#define LARGE_FACTOR      5 /* times the percentage of MemTotal */
#define LARGE_PERCENT_MIN 25
#define LARGE_PERCENT_MAX 50
#define LARGE_BYTES_MIN   (64 << 20)
#define LARGE_PERMILLE    1 /* of MemTotal */

/* Whether `part` is more than `percent` of MemTotal, or else a large part of the memory
 * in use. */
bool is_large(const struct context *c, double percent, struct amount part);

/* Bytes with their share of MemTotal, and with that of the memory in use if it is large
 * and they are not more than `percent` of MemTotal. */
struct formatted share_in_use(const struct context *c, double percent, double bytes);

bool is_growth(const struct context *c, struct amount grown);

/* The amount where it exceeds the error of the black hole, else absent. */
static inline struct amount beyond_error(const struct context *c, struct amount amount)
{
  const struct reading error = c->explanation->black_hole.error;
  bool beyond = is_known(error) && (double)amount.value > (double)error.value;
  return beyond ? amount : (struct amount){.state = READING_ABSENT};
}

/* The residual of an identity that does not hold, times `sign`, 1 or -1; else absent. */
static inline struct amount imbalance(const struct context *c, enum identity identity,
                                      int sign)
{
  const struct identity_result *result = &c->explanation->identities[identity];
  if (!identity_is_broken(result))
    return (struct amount){.state = READING_ABSENT};
  return sign > 0 ? result->residual
                  : amount_difference(amount_of(reading_known(0)), result->residual);
}

static inline struct formatted share(const struct context *c, double bytes)
{
  return share_of_total(bytes, rules_mem_total(c->sample));
}

/* The weight of a sentence about the trust in all others. */
static inline double everything(const struct context *c)
{
  struct amount total = rules_mem_total(c->sample);
  return is_known(total) ? (double)total.value : 0;
}

static inline uint64_t bytes_or_0(struct reading reading)
{
  return is_known(reading) ? reading.value : 0;
}

/* Buffers is page cache too (fs/proc/meminfo.c subtracts it from NR_FILE_PAGES). */
struct amount cache_without_shmem(const struct meminfo *meminfo);

/* Pages on LRU lists that are in no cache and mapped by no process. */
struct amount uncached(const struct context *c);

/* Memory released by MADV_FREE that the kernel has not reclaimed yet. */
struct amount lazyfree(const struct context *c);

/* What a HIDDEN term is called in a sentence, and where its number comes from. */
struct owner {
  const char *name, *source;
};
struct owner owner_of(enum term term);

/* The largest HIDDEN term; TERM_COUNT where none is known to be above 0. */
enum term largest_hidden(const struct context *c);

/* Chooses the command of a row with IF_DENIED. */
enum next_by_credentials { NEXT_AS_USER, NEXT_AS_ROOT, NEXT_CAPTURED };
void choose_by_credentials(const struct context *c, struct sentence *out);

/* What opens the sources from `first` to before `end` and the boot log, as far as they
 * are denied; "" for none. */
struct formatted remedy_for_denied(const struct sample *sample, enum source first,
                                   enum source end);

/* Says the text of an ABOVE row where the number is above `percent` of MemTotal. */
bool say_above(const struct context *c, double percent, struct amount number,
               const char *text, struct sentence *out);

/* Says the text of an IN_USE row where the number is large. */
bool say_in_use(const struct context *c, double percent, struct amount number,
                const char *text, struct sentence *out);

#endif
