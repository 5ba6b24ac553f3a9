/* SPDX-License-Identifier: MIT */
/* A number read from the kernel, or the reason why there is none. sysroot_error_state()
 * (sysroot.h) makes a state of an errno: EACCES is denied. */
#ifndef MEMINFO_EXPLAIN_BASE_READING_H
#define MEMINFO_EXPLAIN_BASE_READING_H

#include "meminfo_explain/base/scan.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* {0} is absent, never 0 bytes. States are in the order of precedence: what depends on
 * several readings has the highest of their states other than known. */
enum reading_state {
  READING_KNOWN = 1,
  READING_ABSENT = 0,   /* this kernel does not have the line or file */
  READING_DENIED = 2,   /* permission denied */
  READING_MALFORMED = 3 /* it was read, but cannot be right */
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

/* For a reading, an amount, or any other struct with a state. */
#define is_known(number) ((number).state == READING_KNOWN)

static inline struct amount amount_of(struct reading reading)
{
  return (struct amount){.value = (int64_t)reading.value, .state = reading.state};
}

/* a - b, or 0 where b is larger. */
static inline uint64_t sub_sat(uint64_t a, uint64_t b)
{
  return a > b ? a - b : 0;
}

static inline uint64_t least(uint64_t a, uint64_t b)
{
  return a < b ? a : b;
}

static inline uint64_t abs_diff(uint64_t a, uint64_t b)
{
  return a > b ? a - b : b - a;
}

/* |a - b| of two known amounts. */
static inline uint64_t amount_abs_diff(struct amount a, struct amount b)
{
  return a.value > b.value ? (uint64_t)a.value - (uint64_t)b.value
                           : (uint64_t)b.value - (uint64_t)a.value;
}

/* number * part / whole, rounded down. The whole is not 0 and the result fits. Each step
 * is stored, or a processor that computes with a higher precision than double (i386's
 * x87) would round differently. */
static inline uint64_t mul_div(uint64_t number, uint64_t part, uint64_t whole)
{
  const double product = (double)number * (double)part;
  const double quotient = product / (double)whole;
  return (uint64_t)quotient;
}

/* "known", "absent", "denied" or "malformed". */
const char *reading_state_name(enum reading_state state);

/* The state of a number that depends on both. */
enum reading_state reading_state_join(enum reading_state a, enum reading_state b);

/* Adds `value` to a sum. A sum above INT64_MAX becomes malformed, an absent sum becomes
 * known, and one that is malformed or denied stays so. */
void reading_add(struct reading *sum, uint64_t value);

/* a - b. Known where both are known; malformed where the difference does not fit. */
struct amount amount_difference(struct amount a, struct amount b);

/* Sets the state of `count` readings from `first` on to one other than known. */
void reading_fill(struct reading *first, size_t count, enum reading_state state);

/* For the end of a parser: notes an error where one of the readings is malformed because
 * a sum went above INT64_MAX, that is, where the parser noted no other error. `before` is
 * parse_error->count at the start of the parser. */
void reading_note_sums(const struct reading *first, size_t count,
                       struct parse_error *parse_error, unsigned before);

#endif
