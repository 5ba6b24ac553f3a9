/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/trend/growth.h"
#include "meminfo_explain/base/format.h"
#include "meminfo_explain/collect/groupings.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* The series that each grouping may explain: a bit each. */
#define WITH(series) (1u << SERIES_##series)
#define NONE         0u
static const unsigned series_of[GROUPING_COUNT] = {
#define GROUPING(name, source, view, option, names, all, member, title, counted, json,   \
                 series, ...)                                                            \
  [GROUPING_##name] = (series),
#include "meminfo_explain/tables/groupings.def"
};
_Static_assert(SERIES_COUNT <= 32, "a bit for each series");

/* The largest members at some time, by the hashes of their names: two of so few do not
 * collide. */
struct members {
  bool known, complete; /* complete: there were no others */
  unsigned char count;
  float bytes[GROWTH_MEMBERS]; /* largest first */
  uint32_t hash[GROWTH_MEMBERS];
};

struct growth {
  unsigned count;                 /* of all snapshots that were ever taken */
  double times[GROWTH_SNAPSHOTS]; /* a ring; 0: none */
  struct members members[GROUPING_COUNT][GROWTH_SNAPSHOTS];
};

struct growth *growth_open(void)
{
  return calloc(1, sizeof(struct growth));
}

void growth_close(struct growth *growth)
{
  free(growth);
}

static uint32_t hash_add(uint32_t hash, const char *text)
{
  for (; *text != '\0'; text++)
    hash = (hash ^ (uint8_t)*text) * UINT32_C(16777619); /* FNV-1a */
  return hash * UINT32_C(16777619);
}

static uint32_t hash_of(const struct grouping_member *member)
{
  return hash_add(hash_add(UINT32_C(2166136261), member->qualifier), member->name);
}

static void take_members(const struct sample *sample, enum grouping grouping,
                         struct members *out)
{
  struct grouping_member member;
  unsigned n = 0;
  out->known = is_known(grouping_total(sample, grouping));
  for (; n < GROWTH_MEMBERS && grouping_member(sample, grouping, n, &member); n++) {
    out->bytes[n] = (float)member.bytes;
    out->hash[n] = hash_of(&member);
  }
  out->count = (unsigned char)n;
  out->complete = !grouping_member(sample, grouping, n, &member);
}

void growth_note(struct growth *growth, double window, double time,
                 const struct sample *sample)
{
  const double last = growth->times[(growth->count - 1) % GROWTH_SNAPSHOTS];
  if (growth->count > 0 && time >= last && time - last < window / 4)
    return;
  const unsigned slot = growth->count++ % GROWTH_SNAPSHOTS;
  growth->times[slot] = time;
  for (unsigned i = 0; i < GROUPING_COUNT; i++)
    if (series_of[i] != NONE)
      take_members(sample, i, &growth->members[i][slot]);
}

/* The last snapshot before `since`, else the first of all; -1 where there is none. */
static int snapshot_before(const struct growth *growth, double since)
{
  int found = -1;
  for (int i = 0; i < GROWTH_SNAPSHOTS; i++)
    if (growth->times[i] != 0 &&
        (found < 0 || watched_is_closer(growth->times[i], growth->times[found], since)))
      found = i;
  return found;
}

/* At most: a member that was not listed was smaller than all that were. */
static double bytes_then(const struct members *then, const struct grouping_member *member)
{
  const uint32_t hash = hash_of(member);
  for (unsigned i = 0; i < then->count; i++)
    if (then->hash[i] == hash)
      return (double)then->bytes[i];
  return then->complete ? 0 : (double)then->bytes[then->count - 1];
}

/* The member whose rise is closest to `rise`, if it makes up most of it. *best is how far
 * away the closest one is so far. */
static bool find_closest(const struct members *then, const struct sample *now,
                         enum grouping grouping, double rise, double *best,
                         char out[GROWTH_MESSAGE_SIZE])
{
  struct grouping_member member;
  bool found = false;
  for (unsigned n = 0; grouping_member(now, grouping, n, &member); n++) {
    const double change = (double)member.bytes - bytes_then(then, &member);
    if (!watched_explains(change, rise) || fabs(change - rise) >= *best)
      continue;
    *best = fabs(change - rise);
    found = true;
    /* Cut, so that the whole message has room for the command to run next. */
    snprintf(out, GROWTH_MESSAGE_SIZE, "%.24s %.40s%.24s rose by %.16s",
             grouping_rows[grouping].member, member.name,
             format_module(member.qualifier).text, format_bytes_short(change).text);
  }
  return found;
}

bool growth_message(const struct growth *growth, enum series series,
                    const struct trend_verdict *verdict, const struct sample *now,
                    char out[GROWTH_MESSAGE_SIZE])
{
  const int snapshot = snapshot_before(growth, verdict->since);
  double best = INFINITY;
  bool found = false;
  if (snapshot < 0 || isnan(verdict->since) || !(verdict->rise > 0))
    return false;
  for (unsigned i = 0; i < GROUPING_COUNT; i++) {
    const struct members *then = &growth->members[i][snapshot];
    if ((series_of[i] & 1u << series) != 0 && then->known)
      found |= find_closest(then, now, i, verdict->rise, &best, out);
  }
  return found;
}
