/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/pss/processes.h"

/* One kind of memory of the processes that were not read. */
struct guess {
  uint64_t natural; /* their Pss, judging by their sizes alone */
  uint64_t most;    /* what they have mapped */
  uint64_t largest; /* what the largest of them has mapped */
  uint64_t shared;  /* upper bound on what others share with it */
};

/* Their Pss; *error is its distance to the farther bound. `left` is the rest of the
 * kernel's counter after the processes that were read. */
static uint64_t settle_guess(const struct guess *guess, struct reading left,
                             uint64_t *error)
{
  uint64_t high = guess->most, low = sub_sat(guess->largest, guess->shared);
  if (is_known(left))
    high = least(high, left.value);
  low = least(low, high);
  uint64_t value = least(guess->natural, high);
  if (value < low)
    value = low;
  *error = value - low > high - value ? value - low : high - value;
  return value;
}

/* The rest of a counter after the processes that were read. */
static struct reading left_of(struct reading counter, uint64_t read)
{
  counter.value = sub_sat(counter.value, read);
  return counter;
}

static struct reading sum_of(struct reading a, struct reading b)
{
  enum reading_state state = reading_state_join(a.state, b.state);
  if (state != READING_KNOWN)
    return reading_missing(state);
  reading_add(&a, b.value);
  return a;
}

/* The Pss of so many bytes of mapped files and shared memory, with the same ratio as that
 * of the processes that were read. */
static uint64_t pss_of(const struct processes *p, uint64_t bytes)
{
  const uint64_t mapped = sub_sat(p->rss.value, p->pss_anon.value);
  const uint64_t pss = p->pss_file.value + p->pss_shmem.value;
  return mapped > 0 && pss < mapped ? mul_div(bytes, pss, mapped) : bytes;
}

/* Anonymous memory by AnonPages, all other by Mapped. */
static void settle_by_kind(struct processes *p)
{
  const uint64_t file = p->guessed_file.value, shmem = p->guessed_shmem.value;
  const uint64_t pss_mapped = p->pss_file.value + p->pss_shmem.value;
  const struct guess anon = {.natural = p->guessed_anon.value,
                             .most = p->guessed_anon.value,
                             .largest = p->guessed_anon_most.value,
                             .shared = p->shared_anon.value};
  const struct guess mapped = {.natural = pss_of(p, file + shmem),
                               .most = file + shmem,
                               .largest = p->guessed_shared_most.value,
                               .shared = p->shared_mapped.value};
  uint64_t anon_error, mapped_error;
  uint64_t anon_pss =
      settle_guess(&anon, left_of(p->anon_pages_then, p->pss_anon.value), &anon_error);
  uint64_t pss =
      settle_guess(&mapped, left_of(p->mapped_then, pss_mapped), &mapped_error);
  uint64_t file_pss = file + shmem > 0 ? mul_div(pss, file, file + shmem) : 0;
  reading_add(&p->pss, anon_pss + pss);
  reading_add(&p->pss_anon, anon_pss);
  reading_add(&p->pss_file, file_pss);
  reading_add(&p->pss_shmem, pss - file_pss);
  reading_add(&p->estimated, anon_pss + pss);
  p->guess_error = reading_known(anon_error + mapped_error);
}

/* Where smaps does not have the parts of Pss: both kinds, by the sum of the counters. */
static void settle_as_one(struct processes *p)
{
  const uint64_t anon = p->guessed_anon.value;
  const uint64_t mapped = p->guessed_file.value + p->guessed_shmem.value;
  const uint64_t anon_most = p->guessed_anon_most.value;
  const uint64_t mapped_most = p->guessed_shared_most.value;
  const struct guess guess = {.natural = anon + pss_of(p, mapped),
                              .most = anon + mapped,
                              .largest =
                                  anon_most > mapped_most ? anon_most : mapped_most,
                              .shared = p->shared_anon.value + p->shared_mapped.value};
  uint64_t error;
  uint64_t pss = settle_guess(
      &guess, left_of(sum_of(p->anon_pages_then, p->mapped_then), p->pss.value), &error);
  reading_add(&p->pss, pss);
  reading_add(&p->estimated, pss);
  p->guess_error = reading_known(error);
}

/* The difference between two readings of a counter. */
static struct reading change_of(struct reading then, struct reading now)
{
  enum reading_state state = reading_state_join(then.state, now.state);
  return state == READING_KNOWN ? reading_known(abs_diff(then.value, now.value))
                                : reading_missing(state);
}

void processes_settle(struct processes *p, struct reading anon_pages,
                      struct reading mapped)
{
  if (!is_known(p->pss))
    return;
  if (p->guessed_count.value > 0)
    p->unsplit_count.value > 0 ? settle_as_one(p) : settle_by_kind(p);
  if (p->unsplit_count.value > 0)
    p->pss_anon = p->pss_file = p->pss_shmem = reading_missing(READING_ABSENT);
  p->moved = sum_of(change_of(p->anon_pages_then, anon_pages),
                    change_of(p->mapped_then, mapped));
  p->error = reading_known(0);
  const struct reading parts[] = {p->unread_rss, p->rounding, p->stale, p->moved,
                                  p->guess_error};
  for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
    reading_add(&p->error, parts[i].value);
  /* A counter that meminfo does not have adds nothing; but where one of our own sums
   * overflowed, the error is not known. */
  enum reading_state sums = reading_state_join(
      p->unread_rss.state, reading_state_join(p->rounding.state, p->stale.state));
  if (sums != READING_KNOWN)
    p->error = reading_missing(sums);
}

bool processes_are_partial(const struct processes *p)
{
  /* kthreadd is the second process of every boot (init/main.c: rest_init). */
  return is_known(p->kernel_thread_count) && p->kernel_thread_count.value == 0 &&
         p->new_count.value == 0;
}

void processes_add_unlisted(struct processes *p)
{
  struct reading whole = sum_of(p->anon_pages_then, p->mapped_then);
  p->unlisted = whole;
  if (is_known(whole))
    p->unlisted.value = sub_sat(whole.value, p->pss.value + p->unread_rss.value);
  if (!is_known(p->error))
    return;
  if (is_known(p->unlisted))
    reading_add(&p->error, p->unlisted.value);
  else
    p->error = p->unlisted;
}
