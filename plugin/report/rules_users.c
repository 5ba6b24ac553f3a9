/* SPDX-License-Identifier: MIT */
#include "rule_bounds.h"
#include "rule_numbers.h"

#include <math.h>
#include <string.h>

struct user {
  const char *name;
  struct amount amount;
  bool partial; /* it may be larger */
};
enum { USERS_MAX = 11, USERS_OF_CONTAINER = 4 };

/* As far as it is certain: not where it is only known what it is at most. */
static struct user black_hole(const struct context *c)
{
  struct user user = {"", {.state = READING_ABSENT}, false};
  if (!is_known(c->explanation->black_hole.estimate))
    return user;
  const struct stated size = state_black_hole(c, &user.name);
  if (size.certainty <= LEAST)
    user.amount = (struct amount){.value = (int64_t)size.bytes, .state = READING_KNOWN};
  return user;
}

static bool is_black_hole(struct user user)
{
  return strncmp(user.name, "the black hole", strlen("the black hole")) == 0;
}

/* The word before the amount of a user. */
static const char *word_of(const struct context *c, struct user user)
{
  const char *name;
  return is_black_hole(user) && state_black_hole(c, &name).certainty == LEAST
             ? "at least "
             : "";
}

static void insert_user(struct user users[], unsigned count, struct user user)
{
  for (; count > 0 && users[count - 1].amount.value < user.amount.value; count--)
    users[count] = users[count - 1];
  users[count] = user;
}

/* With Shmem, where that is not known. */
static struct user page_cache(const struct meminfo *m)
{
  struct reading sum = m->cached;
  const bool buffers = is_known(m->buffers);
  if (buffers && is_known(m->shmem))
    return (struct user){"page cache (Cached and Buffers without Shmem)",
                         cache_without_shmem(m), false};
  if (is_known(m->shmem))
    return (struct user){"page cache (Cached without Shmem)", growth(m->shmem, sum),
                         true};
  if (!is_known(sum))
    return (struct user){"", {.state = READING_ABSENT}, false};
  if (buffers)
    reading_add(&sum, m->buffers.value);
  return (struct user){buffers
                           ? "page cache, tmpfs and shared memory (Cached and Buffers)"
                           : "page cache, tmpfs and shared memory (Cached)",
                       amount_of(sum), !buffers};
}

struct ranking {
  struct user users[USERS_MAX]; /* those that are known, largest first */
  unsigned count;
  double unseen; /* the rest of MemTotal, in which a user that is not known may be */
  double other;  /* what the largest has to exceed: that, and any other known term */
};

/* The largest of the kernel's terms that are no user, and their sum. */
static void other_terms(const struct context *c, double *largest, double *sum)
{
  for (unsigned i = 0; i < TERM_COUNT; i++) {
    bool user = i == TERM_KERNEL_hugetlb || i == TERM_KERNEL_vmalloc ||
                i == TERM_KERNEL_page_tables || i == TERM_KERNEL_slab ||
                i == TERM_KERNEL_slab_reclaimable || i == TERM_KERNEL_slab_unreclaimable;
    if (term_rows[i].view != TERM_VIEW_KERNEL || user || !is_known(term(c, i)))
      continue;
    *sum += (double)term(c, i).value;
    *largest = fmax(*largest, (double)term(c, i).value);
  }
}

static void list_users(const struct context *c, struct user out[USERS_MAX])
{
  const struct meminfo *m = c->meminfo;
  const struct reading absent = {.state = READING_ABSENT};
  const bool whole =
      is_known(m->slab) && !(is_known(m->s_unreclaim) && is_known(m->s_reclaimable));
  /* Where lxcfs provides meminfo, the first few are the container's and the others are
   * still the host's (src/proc_fuse.c: proc_meminfo_read). */
  const struct user users[USERS_MAX] = {
      {is_known(term(c, TERM_FREE_pcp_free)) ? "free memory (MemFree and per-CPU lists)"
                                             : "free memory (MemFree)",
       free_memory(c), !is_known(term(c, TERM_FREE_pcp_free))},
      {"anonymous memory of processes (AnonPages)", amount_of(m->anon_pages), false},
      page_cache(m),
      {"tmpfs and shared memory (Shmem)", amount_of(m->shmem), false},
      {"slab (Slab)", amount_of(whole ? m->slab : absent), false},
      {"unreclaimable slab (SUnreclaim)", amount_of(whole ? absent : m->s_unreclaim),
       false},
      {"reclaimable slab (SReclaimable)", amount_of(whole ? absent : m->s_reclaimable),
       false},
      {"huge pages (Hugetlb)", term(c, TERM_KERNEL_hugetlb), false},
      {"vmalloc", term(c, TERM_KERNEL_vmalloc), false},
      {"page tables (PageTables)", term(c, TERM_KERNEL_page_tables), false},
      black_hole(c),
  };
  memcpy(out, users, sizeof(users));
}

static struct ranking rank_users(const struct context *c, bool with_free)
{
  struct user users[USERS_MAX];
  struct ranking out = {.count = 0};
  double largest = 0, sum = 0;
  list_users(c, users);
  for (unsigned i = 0; i < USERS_MAX; i++) {
    if (i >= USERS_OF_CONTAINER && !is_known(c->total))
      break;
    if (!is_known(users[i].amount) || users[i].amount.value <= 0)
      continue;
    sum += (double)users[i].amount.value;
    if (i > 0 || with_free)
      insert_user(out.users, out.count++, users[i]);
  }
  if (is_known(c->total))
    other_terms(c, &largest, &sum);
  const struct user *hole = &users[USERS_MAX - 1];
  /* Where the parts exceed MemTotal, one of them is not as large as it says. */
  const struct amount estimate = c->explanation->black_hole.estimate;
  if (c->meminfo->gaps.count > 0 && is_known(estimate) && estimate.value < 0)
    sum += (double)estimate.value;
  out.unseen = fmax(everything(c) - sum, 0);
  out.other = fmax(largest, out.unseen);
  /* The rest may belong to the black hole, which has at least this much. */
  if (is_known(hole->amount) && out.count > 0 && out.users[0].name != hole->name)
    out.other = fmax(out.other, (double)hole->amount.value + out.unseen);
  return out;
}

/* Whether the users up to this one are certainly the largest. */
static bool is_certain(const struct ranking *ranking, unsigned user)
{
  const struct user *users = ranking->users;
  if (user >= ranking->count || (double)users[user].amount.value < ranking->other)
    return false;
  for (unsigned i = user + 1; i < ranking->count; i++)
    if (users[i].partial && (double)users[i].amount.value + ranking->unseen >
                                (double)users[user].amount.value)
      return false;
  return true;
}

/* Below this, what is left is soon gone, and reclaim and the OOM killer are next. */
bool rule_short_of_memory(const struct context *c, struct sentence *out)
{
  static const double percent = 5;
  struct amount available = amount_of(c->meminfo->mem_available),
                total = rules_mem_total(c->sample);
  struct list list = {.count = 0};
  if (!is_known(available) || !is_known(total) ||
      (double)available.value >= percent / 100 * (double)total.value)
    return false;
  const struct ranking ranking = rank_users(c, false);
  for (unsigned i = 0; is_certain(&ranking, i) && i < LIST_NAMED_MAX; i++)
    list_add(&list, "%s with %s%s", ranking.users[i].name, word_of(c, ranking.users[i]),
             format_bytes((double)ranking.users[i].amount.value).text);
  return say(out, (double)total.value - (double)available.value,
             "Memory is low: only %s is available (MemAvailable)%s%s.",
             share(c, (double)available.value).text,
             list.count > 1    ? "; the largest users are "
             : list.count == 1 ? "; the largest user is "
                               : "",
             list.text);
}

/* A 32-bit kernel's own allocations come from low memory. They fail although there is
 * free memory elsewhere. */
bool rule_low_free(const struct context *c, struct sentence *out)
{
  static const double percent_of_low = 5;
  const struct meminfo *m = c->meminfo;
  struct amount low = amount_of(m->low_total), low_free = amount_of(m->low_free);
  if (!is_known(c->total) || !is_known(m->high_total) || m->high_total.value == 0 ||
      !is_known(low) || !is_known(low_free) ||
      (double)low_free.value >= percent_of_low / 100 * (double)low.value)
    return false;
  return say(out, (double)low.value,
             "Low memory, the only memory that the kernel can use for itself, is nearly "
             "exhausted: LowFree is %s of %s LowTotal.",
             format_bytes((double)low_free.value).text,
             format_bytes((double)low.value).text);
}

/* The end of a sentence that free memory is the largest part of MemTotal: what that is of
 * the memory in use, if it is certain. The black hole has sentences of its own. */
static struct largest_in_use {
  char text[200];
} largest_in_use(const struct context *c)
{
  struct largest_in_use out = {""};
  const struct ranking ranking = rank_users(c, false);
  const struct user user = ranking.users[0];
  struct amount in_use = memory_in_use(c);
  if (!is_known(in_use) || !is_certain(&ranking, 0) || is_black_hole(user))
    return out;
  format_append(out.text, sizeof(out.text), "; %s of the memory in use (%s%s) is %s: %s",
                exceeds(user.amount, MOST_PERCENT, in_use) ? "most" : "the largest part",
                is_known(term(c, TERM_FREE_pcp_free)) ? "" : "at most ",
                format_bytes((double)in_use.value).text, user.name,
                format_bytes((double)user.amount.value).text);
  return out;
}

bool rule_largest(const struct context *c, struct sentence *out)
{
  const struct ranking ranking = rank_users(c, true);
  const struct user largest = ranking.users[0];
  struct amount total = rules_mem_total(c->sample);
  if (!is_known(total) || !is_certain(&ranking, 0))
    return false;
  const bool is_free = strncmp(largest.name, "free memory", strlen("free memory")) == 0;
  return say(out, (double)largest.amount.value, "%s of MemTotal (%s) is %s: %s%s%s.",
             exceeds(largest.amount, MOST_PERCENT, total) ? "Most" : "The largest part",
             format_bytes((double)total.value).text, largest.name, word_of(c, largest),
             share(c, (double)largest.amount.value).text,
             is_free ? largest_in_use(c).text : "");
}

bool rule_no_mem_available(const struct context *c, struct sentence *out)
{
  const struct meminfo *m = c->meminfo;
  struct amount cache = cache_without_shmem(m), free_pages = amount_of(m->mem_free);
  if (!is_known(c->total) || m->mem_available.state != READING_ABSENT ||
      m->gaps.count > 0 || m->gaps.broken || !is_known(cache) || !is_known(free_pages))
    return false;
  return say(
      out, 0,
      "meminfo has no line MemAvailable (of Linux 3.14 and later); free memory and page "
      "cache without Shmem come to %s.",
      share(c, (double)free_pages.value + (double)cache.value).text);
}
