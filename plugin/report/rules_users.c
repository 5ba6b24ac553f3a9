/* SPDX-License-Identifier: MIT */
#include "rule_bounds.h"
#include "rule_numbers.h"

#include <string.h>

struct user {
  const char *name;
  struct amount amount;
};
enum { USERS_MAX = 9, USERS_OF_CONTAINER = 4 };

/* As far as it is certain: not where it is only known what it is at most. */
static struct user black_hole(const struct context *c)
{
  struct user user = {"", {.state = READING_ABSENT}};
  if (!is_known(c->explanation->black_hole.estimate))
    return user;
  const struct stated size = state_black_hole(c, &user.name);
  if (size.certainty <= LEAST)
    user.amount = (struct amount){.value = (int64_t)size.bytes, .state = READING_KNOWN};
  return user;
}

/* The word before the amount of a user. */
static const char *word_of(const struct context *c, struct user user)
{
  const char *name;
  return strncmp(user.name, "the black hole", strlen("the black hole")) == 0 &&
                 state_black_hole(c, &name).certainty == LEAST
             ? "at least "
             : "";
}

static void insert_user(struct user users[], unsigned count, struct user user)
{
  for (; count > 0 && users[count - 1].amount.value < user.amount.value; count--)
    users[count] = users[count - 1];
  users[count] = user;
}

/* Fills in the known users, largest first, and returns their number. */
static unsigned largest_users(const struct context *c, bool with_free,
                              struct user out[USERS_MAX])
{
  const struct meminfo *m = c->meminfo;
  /* Where lxcfs provides meminfo, the first few are the container's and the others are
   * still the host's (src/proc_fuse.c: proc_meminfo_read). */
  const struct user users[USERS_MAX] = {
      {"free memory (MemFree and per-CPU lists)", free_memory(c)},
      {"anonymous memory of processes (AnonPages)", amount_of(m->anon_pages)},
      {"page cache (Cached and Buffers without Shmem)", cache_without_shmem(m)},
      {"tmpfs and shared memory (Shmem)", amount_of(m->shmem)},
      {"slab (Slab)", amount_of(m->slab)},
      {"huge pages (Hugetlb)", term(c, TERM_KERNEL_hugetlb)},
      {"vmalloc", term(c, TERM_KERNEL_vmalloc)},
      {"page tables (PageTables)", term(c, TERM_KERNEL_page_tables)},
      black_hole(c),
  };
  unsigned count = 0;
  for (unsigned i = with_free ? 0 : 1; i < USERS_MAX; i++) {
    if (i >= USERS_OF_CONTAINER && !is_known(c->total))
      break;
    if (is_known(users[i].amount) && users[i].amount.value > 0)
      insert_user(out, count++, users[i]);
  }
  return count;
}

/* Below this, what is left is soon gone, and reclaim and the OOM killer are next. */
bool rule_short_of_memory(const struct context *c, struct sentence *out)
{
  static const double percent = 5;
  struct amount available = amount_of(c->meminfo->mem_available),
                total = rules_mem_total(c->sample);
  struct user users[USERS_MAX];
  struct list list = {.count = 0};
  if (!is_known(available) || !is_known(total) ||
      (double)available.value >= percent / 100 * (double)total.value)
    return false;
  unsigned count = largest_users(c, false, users);
  for (unsigned i = 0; i < count && i < LIST_NAMED_MAX; i++)
    list_add(&list, "%s with %s%s", users[i].name, word_of(c, users[i]),
             format_bytes((double)users[i].amount.value).text);
  return say(out, (double)total.value - (double)available.value,
             "Memory is low: only %s is available (MemAvailable)%s%s.",
             share(c, (double)available.value).text,
             count > 0 ? "; the largest users are " : "", list.text);
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

bool rule_largest(const struct context *c, struct sentence *out)
{
  struct user users[USERS_MAX];
  struct amount total = rules_mem_total(c->sample);
  if (!is_known(total) || largest_users(c, true, users) == 0)
    return false;
  return say(out, (double)users[0].amount.value, "%s of MemTotal (%s) is %s: %s%s.",
             exceeds(users[0].amount, MOST_PERCENT, total) ? "Most" : "The largest part",
             format_bytes((double)total.value).text, users[0].name, word_of(c, users[0]),
             share(c, (double)users[0].amount.value).text);
}

bool rule_no_mem_available(const struct context *c, struct sentence *out)
{
  const struct meminfo *m = c->meminfo;
  struct amount cache = cache_without_shmem(m), free_pages = amount_of(m->mem_free);
  if (!is_known(c->total) || m->mem_available.state != READING_ABSENT ||
      !is_known(cache) || !is_known(free_pages))
    return false;
  return say(
      out, 0,
      "meminfo has no line MemAvailable (of Linux 3.14 and later); free memory and page "
      "cache without Shmem come to %s.",
      share(c, (double)free_pages.value + (double)cache.value).text);
}
