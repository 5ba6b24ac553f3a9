/* SPDX-License-Identifier: MIT */
#include "rule_numbers.h"

bool rule_shmem(const struct context *c, struct sentence *out)
{
  /* Where Shmem is most of Cached, Cached has to be worth mentioning. */
  static const double percent = 10, cached_percent = 5;
  const struct meminfo *m = c->meminfo;
  struct amount shmem = amount_of(m->shmem), cached = amount_of(m->cached);
  bool most =
      exceeds(shmem, MOST_PERCENT, cached) && exceeds(cached, cached_percent, c->total);
  if (!is_known(c->total) || (!is_large(c, percent, shmem) && !most))
    return false;
  const char *swap = !is_known(m->swap_total)   ? ""
                     : m->swap_total.value == 0 ? ", and there is no swap for it"
                                                : ", only swapped out";
  return say(out, (double)shmem.value,
             "Files on tmpfs and shared memory (Shmem) hold %s: this is part of Cached "
             "but cannot be dropped%s.",
             share_in_use(c, most ? 0 : percent, (double)shmem.value).text, swap);
}

bool rule_shmem_growth(const struct context *c, struct sentence *out)
{
  if (c->before == NULL)
    return false;
  const struct meminfo *m = c->meminfo;
  struct amount cached = growth(c->before->cached, m->cached);
  struct amount shmem = growth(c->before->shmem, m->shmem);
  return is_growth(c, cached) && exceeds(shmem, MOST_PERCENT, cached) &&
         say(out, (double)shmem.value,
             "Cached has grown by %s since the first sample, and Shmem, which is part of "
             "it and cannot be dropped, by %s.",
             format_bytes((double)cached.value).text, share(c, (double)shmem.value).text);
}

bool rule_swap(const struct context *c, struct sentence *out)
{
  static const double percent_of_swap = 50;
  struct amount used = term(c, TERM_DETAIL_swap_used);
  struct amount total = amount_of(c->meminfo->swap_total);
  return exceeds(used, percent_of_swap, total) &&
         say(out, (double)used.value,
             "More than half of the swap is used: %s of %s (%.1f %%).",
             format_bytes((double)used.value).text,
             format_bytes((double)total.value).text,
             100 * (double)used.value / (double)total.value);
}

/* Weighs nothing, because a promise takes no memory. */
bool rule_commit(const struct context *c, struct sentence *out)
{
  struct amount limit = amount_of(c->meminfo->commit_limit);
  struct amount committed = amount_of(c->meminfo->committed_as);
  return exceeds(committed, 100, limit) &&
         say(out, 0,
             "Committed_AS (%s) is above CommitLimit (%s): with vm.overcommit_memory=2 "
             "further allocations fail; otherwise the limit is not enforced.",
             format_bytes((double)committed.value).text,
             format_bytes((double)limit.value).text);
}

bool rule_hung(const struct context *c, struct sentence *out)
{
  struct list list = {.count = 0};
  for (unsigned i = 0; i < HUNG_MAX; i++)
    if (c->sample->hung[i].pid != 0)
      list_add(&list, "%u", (unsigned)c->sample->hung[i].pid);
  return list.count > 0 &&
         say(out, 0,
             "Reading smaps hangs for PID %s%s, probably because the mmap_lock is held.",
             list.text, list_rest(&list).text);
}
