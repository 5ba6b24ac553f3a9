/* SPDX-License-Identifier: MIT */
/* A number read from the kernel, or the reason why there is none. */
#ifndef MEMINFO_EXPLAIN_BASE_READING_H
#define MEMINFO_EXPLAIN_BASE_READING_H

#include "meminfo_explain/base/scan.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero-initialised is "absent", never "0 bytes". The order is that of precedence:
 * what depends on several readings carries the highest state but known. */
enum reading_state {
  READING_KNOWN = 1,
  READING_ABSENT = 0,   /* this kernel has no such line or file: not applicable */
  READING_DENIED = 2,   /* it is there, and we may not read it */
  READING_MALFORMED = 3 /* it was read, and cannot be what it claims to be */
};

struct reading {
  uint64_t value; /* bytes, unless the member ends in _count; at most INT64_MAX */
  enum reading_state state;
};

/* A computed number, which may be below zero. */
struct amount {
  int64_t value; /* bytes */
  enum reading_state state;
};

static inline struct reading reading_known(uint64_t value)
{
  return (struct reading){.value = value, .state = READING_KNOWN};
}

static inline struct reading reading_missing(enum reading_state state)
{
  return (struct reading){.state = state};
}

/* Of a reading, an amount, or whatever else has a state. */
#define is_known(number) ((number).state == READING_KNOWN)

static inline struct amount amount_of(struct reading reading)
{
  return (struct amount){.value = (int64_t)reading.value, .state = reading.state};
}

/* a - b, or 0 where b is more. */
static inline uint64_t sub_sat(uint64_t a, uint64_t b)
{
  return a > b ? a - b : 0;
}

static inline uint64_t abs_diff(uint64_t a, uint64_t b)
{
  return a > b ? a - b : b - a;
}

/* Likewise, of two known amounts. */
static inline uint64_t amount_abs_diff(struct amount a, struct amount b)
{
  return a.value > b.value ? (uint64_t)a.value - (uint64_t)b.value
                           : (uint64_t)b.value - (uint64_t)a.value;
}

/* number * part / whole, cut; whole is not 0, and what comes out fits. Each step is
 * stored, or a processor that computes with more digits than double has (i386's x87)
 * would cut elsewhere. */
static inline uint64_t mul_div(uint64_t number, uint64_t part, uint64_t whole)
{
  const double product = (double)number * (double)part;
  const double quotient = product / (double)whole;
  return (uint64_t)quotient;
}

/* "known", "absent", "denied", "malformed": the words of the JSON output. */
const char *reading_state_name(enum reading_state state);

/* The state of a number that needs both. */
enum reading_state reading_state_join(enum reading_state a, enum reading_state b);

/* Adds `value` to a sum. A sum beyond INT64_MAX becomes malformed; a sum that is
 * malformed or denied stays so; an absent one begins. */
void reading_add(struct reading *sum, uint64_t value);

/* a - b. Known where both are and the difference fits, which else is malformed. */
struct amount amount_difference(struct amount a, struct amount b);

/* Sets `count` readings starting at `first` to a state other than known. */
void reading_fill(struct reading *first, size_t count, enum reading_state state);

/* At the end of a parser: where one of its sums went beyond INT64_MAX and nothing else is
 * at parse_error, that is. `before` is parse_error->count at its begin. */
void reading_note_sums(const struct reading *first, size_t count,
                       struct parse_error *parse_error, unsigned before);

#endif
