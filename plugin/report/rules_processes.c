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
  if (!is_known(c->total) || (!exceeds(shmem, percent, c->total) && !most))
    return false;
  bool swapless = is_known(m->swap_total) && m->swap_total.value == 0;
  return say(out, (double)shmem.value,
             "Files on tmpfs and shared memory (Shmem) hold %s: this is part of Cached "
             "but cannot be dropped%s.",
             share(c, (double)shmem.value).text,
             swapless ? ", and there is no swap for it" : ", only swapped out");
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
         say(out, (double)used.value, "Swap is filling up: %s of %s is used (%.1f %%).",
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

/* The end of a sentence about a Pss that covers too little. */
static const char *why_pss_covers_little(const struct processes *p)
{
  uint64_t estimated = bytes_or_0(p->guessed_anon) + bytes_or_0(p->guessed_file) +
                       bytes_or_0(p->guessed_shmem);
  if (bytes_or_0(p->unlisted) > 0)
    return "a PID namespace or hidepid hides the rest";
  if (estimated > bytes_or_0(p->unread_rss))
    return "the rest is estimated (processes too large to read, hung, or not read yet)";
  if (bytes_or_0(p->denied_count) == 0)
    return "the smaps of the rest is malformed";
  return "reading the rest takes root or CAP_SYS_PTRACE, unless a security module or a "
         "user namespace denies it";
}

static const char *remedy_for_pss(const struct decision *pss, bool unlisted)
{
  if (pss->transient)
    return "";
  return unlisted ? "; read the host's proc (Root, --root) or grant CAP_SYS_PTRACE"
                  : "; run as root or grant CAP_SYS_PTRACE";
}

/* Two rules, so that each has a command of its own. */
static bool say_why_pss_is_incomplete(const struct context *c, bool unlisted,
                                      struct sentence *out)
{
  static const double percent = 90; /* of Rss */
  const struct processes *p = &c->sample->processes;
  const struct percentage coverage = c->explanation->pss_coverage;
  const struct decision *pss = &c->explanation->decided.pss;
  bool asked = is_known(p->pss) || bytes_or_0(p->denied_count) > 0;
  bool withheld = asked && pss->why != NULL && !is_known(pss->reading) &&
                  !is_known(c->explanation->decided.pss_anon.reading);
  double unread = (double)bytes_or_0(p->unread_rss) + (double)bytes_or_0(p->unlisted);
  if (unlisted != (bytes_or_0(p->unlisted) > 0))
    return false;
  if (!unlisted)
    choose_by_credentials(c, out);
  if (withheld)
    return say(out, unread, "The total Pss of all processes is not available: %s%s.",
               pss->why, remedy_for_pss(pss, unlisted));
  return is_known(coverage) && coverage.percent < percent &&
         say(out, unread, "Pss was read for only %.1f %% of process memory: %s.",
             coverage.percent, why_pss_covers_little(p));
}

bool rule_pss(const struct context *c, struct sentence *out)
{
  return say_why_pss_is_incomplete(c, false, out);
}

bool rule_unlisted(const struct context *c, struct sentence *out)
{
  return say_why_pss_is_incomplete(c, true, out);
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
