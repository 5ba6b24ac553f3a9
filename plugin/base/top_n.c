/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/base/top_n.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A name under construction: the part that fits, and length and hash of the whole. */
struct name {
  char text[TOP_N_NAME_SIZE];
  size_t length;
  uint32_t hash; /* FNV-1a */
};

static uint64_t saturating_add(uint64_t a, uint64_t b)
{
  uint64_t sum;
  return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

/* Not with ctype.h: names must not depend on the daemon's locale. */
static char name_byte(char byte)
{
  if (byte >= 'A' && byte <= 'Z')
    return (char)(byte - 'A' + 'a');
  bool valid = (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9');
  return valid ? byte : '_';
}

static void name_append(struct name *name, const char *text)
{
  for (; *text != '\0'; text++) {
    char byte = name_byte(*text);
    if (name->length < sizeof(name->text) - 1)
      name->text[name->length] = byte;
    name->length++;
    name->hash = (name->hash ^ (uint8_t)byte) * UINT32_C(16777619);
  }
}

static struct name make_name(const char *group, const char *text)
{
  struct name name = {.hash = UINT32_C(2166136261)};
  name_append(&name, group);
  if (group[0] != '\0')
    name_append(&name, "_");
  name_append(&name, text[0] != '\0' ? text : "unknown");
  const size_t tail = 1 + 8; /* names that differ only after the cut stay different */
  if (name.length > sizeof(name.text) - 1)
    snprintf(name.text + sizeof(name.text) - 1 - tail, tail + 1, "_%08" PRIx32,
             name.hash);
  return name;
}

void top_n_name(const char *group, const char *name, char out[TOP_N_NAME_SIZE])
{
  memcpy(out, make_name(group, name).text, TOP_N_NAME_SIZE);
}

static struct top_n_entry *find_entry(struct top_n_entry *entries, unsigned count,
                                      const char *name)
{
  for (unsigned i = 0; i < count; i++)
    if (strcmp(entries[i].name, name) == 0)
      return &entries[i];
  return NULL;
}

void top_n_begin(struct top_n_round *round)
{
  round->count = 0;
  round->nameless_bytes = 0;
}

void top_n_add(struct top_n_round *round, const char *group, const char *name,
               uint64_t bytes)
{
  struct name made = make_name(group, name);
  uint64_t *sum = &round->nameless_bytes;
  if (strcmp(made.text, "other") != 0) {
    struct top_n_entry *candidate =
        find_entry(round->candidates, round->count, made.text);
    if (candidate == NULL && round->count < TOP_N_CANDIDATES_MAX) {
      candidate = &round->candidates[round->count++];
      memcpy(candidate->name, made.text, sizeof(candidate->name));
      candidate->bytes = 0;
    }
    if (candidate != NULL)
      sum = &candidate->bytes;
  }
  *sum = saturating_add(*sum, bytes);
}

static bool is_larger(const struct top_n_entry *a, const struct top_n_entry *b)
{
  return a->bytes > b->bytes || (a->bytes == b->bytes && strcmp(a->name, b->name) < 0);
}

/* By insertion: there are at most a few hundred, mostly in order already, and qsort(3)
 * may allocate. */
static void sort_candidates(struct top_n_round *round)
{
  for (unsigned i = 1; i < round->count; i++) {
    struct top_n_entry candidate = round->candidates[i];
    unsigned at = i;
    for (; at > 0 && is_larger(&candidate, &round->candidates[at - 1]); at--)
      round->candidates[at] = round->candidates[at - 1];
    round->candidates[at] = candidate;
  }
}

static void update_shown(struct top_n *top, struct top_n_round *round)
{
  for (unsigned i = 0; i < top->shown_count; i++) {
    struct top_n_entry *shown = &top->shown[i];
    const struct top_n_entry *candidate =
        find_entry(round->candidates, round->count, shown->name);
    shown->bytes = candidate != NULL ? candidate->bytes : 0;
  }
}

/* 0 where nothing is shown. */
static unsigned smallest_shown(const struct top_n *top)
{
  unsigned smallest = 0;
  for (unsigned i = 1; i < top->shown_count; i++)
    if (is_larger(&top->shown[smallest], &top->shown[i]))
      smallest = i;
  return smallest;
}

/* Later ones move up: they stay in the order in which they appeared. */
static void drop_shown(struct top_n *top, unsigned at)
{
  struct top_n_entry *shown = &top->shown[at];
  memmove(shown, shown + 1, (--top->shown_count - at) * sizeof(*shown));
}

static uint64_t hash_of(const char *name)
{
  uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */
  for (; *name != '\0'; name++)
    hash = (hash ^ (uint8_t)*name) * UINT64_C(1099511628211);
  return hash;
}

/* Adds a name to those ever shown. False where that would be one too many. */
static bool admit_name(struct top_n *top, const char *name, unsigned limit)
{
  const uint64_t hash = hash_of(name);
  for (unsigned i = 0; i < top->names_count; i++)
    if (top->names[i] == hash)
      return true;
  if (top->names_count >= TOP_N_NAMES_PER_PLACE * limit)
    return false;
  top->names[top->names_count++] = hash;
  return true;
}

static bool is_larger_by_margin(uint64_t bytes, uint64_t shown)
{
  return bytes > saturating_add(shown, shown / 4) &&
         bytes > saturating_add(shown, TOP_N_MARGIN_MIN);
}

/* Gives places to candidates, the largest first. Once a candidate is not larger than the
 * smallest shown by the margin, no later one is. */
static void give_places(struct top_n *top, const struct top_n_round *round,
                        unsigned limit)
{
  for (unsigned i = 0; i < round->count; i++) {
    const struct top_n_entry *candidate = &round->candidates[i];
    bool room = top->shown_count < limit;
    if (candidate->bytes == 0)
      return;
    if (find_entry(top->shown, top->shown_count, candidate->name) != NULL)
      continue;
    unsigned smallest = smallest_shown(top);
    if (!room && !is_larger_by_margin(candidate->bytes, top->shown[smallest].bytes))
      return;
    if (!admit_name(top, candidate->name, limit)) {
      top->exhausted = true;
      continue;
    }
    if (!room)
      drop_shown(top, smallest);
    top->shown[top->shown_count++] = *candidate;
  }
}

void top_n_settle(struct top_n *top, struct top_n_round *round, unsigned limit)
{
  if (limit > TOP_N_SHOWN_MAX)
    limit = TOP_N_SHOWN_MAX;
  sort_candidates(round);
  update_shown(top, round);
  while (top->shown_count > limit)
    drop_shown(top, smallest_shown(top));
  top->exhausted = false;
  if (limit > 0)
    give_places(top, round, limit);
  top->other_bytes = round->nameless_bytes;
  for (unsigned i = 0; i < round->count; i++) {
    const struct top_n_entry *candidate = &round->candidates[i];
    if (find_entry(top->shown, top->shown_count, candidate->name) == NULL)
      top->other_bytes = saturating_add(top->other_bytes, candidate->bytes);
  }
}
