/* SPDX-License-Identifier: MIT */
#include "rules.h"
#include "wording.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* More than half. */
static const double most_percent = 50;
/* What counts as growth since the first sample: so much of MemTotal, or so many bytes
 * however large the machine is. */
static const double growth_percent = 1, growth_bytes = 64 << 20;

/* --- numbers ---------------------------------------------------------------------- */

static struct amount term(const struct context *c, enum term term)
{
  return c->explanation->terms[term];
}

struct amount rules_mem_total(const struct sample *sample)
{
  struct amount total = amount_of(sample->meminfo.mem_total);
  return total.value > 0 ? total : (struct amount){.state = READING_ABSENT};
}

static struct amount growth(struct reading from, struct reading to)
{
  return amount_difference(amount_of(to), amount_of(from));
}

/* Whether both are known and a is more than `percent` of the whole. */
static bool exceeds(struct amount a, double percent, struct amount whole)
{
  return is_known(a) && is_known(whole) &&
         (double)a.value > percent / 100 * (double)whole.value;
}

static bool is_growth(const struct context *c, struct amount grown)
{
  return exceeds(grown, growth_percent, c->total) ||
         (is_known(c->total) && is_known(grown) && (double)grown.value > growth_bytes);
}

/* The amount where it exceeds the error of the black hole, else absent. */
static struct amount beyond_error(const struct context *c, struct amount amount)
{
  const struct reading error = c->explanation->black_hole.error;
  bool beyond = is_known(error) && (double)amount.value > (double)error.value;
  return beyond ? amount : (struct amount){.state = READING_ABSENT};
}

/* The residual of an identity that does not hold, times `sign`, 1 or -1; else absent. */
static struct amount imbalance(const struct context *c, enum identity identity, int sign)
{
  const struct identity_result *result = &c->explanation->identities[identity];
  if (!result->judged || result->holds)
    return (struct amount){.state = READING_ABSENT};
  return sign > 0 ? result->residual
                  : amount_difference(amount_of(reading_known(0)), result->residual);
}

static struct formatted share(const struct context *c, double bytes)
{
  return share_of_total(bytes, rules_mem_total(c->sample));
}

/* The weight of a sentence about the trust in all others. */
static double everything(const struct context *c)
{
  struct amount total = rules_mem_total(c->sample);
  return is_known(total) ? (double)total.value : 0;
}

/* An ABOVE row of rules.def. */
static bool say_above(const struct context *c, double percent, struct amount number,
                      const char *text, struct sentence *out)
{
  const char *mark = strstr(text, "{}");
  return exceeds(number, percent, c->total) &&
         say(out, (double)number.value, "%.*s%s%s", (int)(mark - text), text,
             share(c, (double)number.value).text, mark + strlen("{}"));
}

/* --- the largest users of memory -------------------------------------------------- */

struct user {
  const char *name;
  struct amount amount;
};
enum { USERS_MAX = 9, USERS_OF_CONTAINER = 4 };

static struct amount free_memory(const struct context *c)
{
  struct reading sum = c->sample->meminfo.mem_free;
  struct amount pcp = term(c, TERM_FREE_pcp_free);
  if (is_known(sum) && is_known(pcp))
    reading_add(&sum, (uint64_t)pcp.value);
  return amount_of(sum);
}

/* Buffers is page cache too (fs/proc/meminfo.c subtracts it from NR_FILE_PAGES). */
static struct amount cache_without_shmem(const struct meminfo *m)
{
  struct reading sum = m->cached;
  if (!is_known(m->cached) || !is_known(m->buffers) || !is_known(m->shmem))
    return (struct amount){.state = READING_ABSENT};
  reading_add(&sum, m->buffers.value);
  return growth(m->shmem, sum);
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
  const struct meminfo *m = &c->sample->meminfo;
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
      {"the black hole (in no line of meminfo)", c->explanation->black_hole.estimate},
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

/* --- hidden consumers ------------------------------------------------------------- */

/* What a HIDDEN term is called in a sentence, and where its number comes from. */
struct owner {
  const char *name, *source;
};

static struct owner owner_of(enum term term)
{
  static const struct owner owners[TERM_COUNT] = {
      [TERM_HIDDEN_zram] = {"zram", "zramctl"},
      [TERM_HIDDEN_zswap] = {"zswap", "/sys/kernel/debug/zswap"},
      [TERM_HIDDEN_zsmalloc] = {"zsmalloc (zram or zswap)", "nr_zspages in /proc/vmstat"},
      [TERM_HIDDEN_virtio_balloon] = {"the virtio balloon",
                                      "balloon_inflate in /proc/vmstat"},
      [TERM_HIDDEN_vmware_balloon] = {"the VMware balloon", "/sys/kernel/debug/vmmemctl"},
      [TERM_HIDDEN_zfs_abd] = {"the ZFS ARC", "/proc/spl/kstat/zfs/abdstats"},
      [TERM_HIDDEN_gpu] = {"graphics buffers (TTM)",
                           "GPUActive in /proc/meminfo or debugfs ttm/page_pool"},
      [TERM_HIDDEN_dma_buf_heap] = {"the dma-buf system heap",
                                    "/sys/kernel/dmabuf/buffers"},
      [TERM_HIDDEN_cma] = {"drivers that hold CMA pages", "/sys/kernel/mm/cma"},
      [TERM_HIDDEN_page_pool] = {"page pools of network drivers",
                                 "ethtool -g for the sizes of their rings"},
      [TERM_HIDDEN_ftrace] = {"ftrace ring buffers",
                              "/sys/kernel/tracing/buffer_total_size_kb"},
      [TERM_HIDDEN_brd] = {"RAM disks (brd)", "/sys/kernel/debug/ramdisk_pages"},
      [TERM_HIDDEN_swiotlb_dynamic] = {"bounce buffers added since boot (swiotlb)",
                                       "/sys/kernel/debug/swiotlb"},
      [TERM_HIDDEN_swiotlb_transient] = {"transient bounce buffers (swiotlb)",
                                         "/sys/kernel/debug/swiotlb"},
      [TERM_HIDDEN_hash_tables] = {"hash tables allocated at boot",
                                   "\"hash table entries\" in dmesg"},
      [TERM_HIDDEN_memmap] = {"struct pages of hot-added memory (memmap)",
                              "nr_memmap_pages in /proc/vmstat"},
  };
  if (owners[term].name != NULL)
    return owners[term];
  return (struct owner){term_rows[term].name, "meminfo-explain"};
}

/* The largest HIDDEN term; TERM_COUNT where none is known to be above 0. */
static enum term largest_hidden(const struct context *c)
{
  unsigned largest = TERM_COUNT;
  for (unsigned i = 0; i < TERM_COUNT; i++)
    if (term_rows[i].view == TERM_VIEW_HIDDEN && is_known(term(c, i)) &&
        term(c, i).value > 0 &&
        (largest == TERM_COUNT || term(c, i).value > term(c, largest).value))
      largest = i;
  return largest;
}

/* --- trust ------------------------------------------------------------------------ */

static bool rule_refused(const struct context *c, struct sentence *out)
{
  return c->explanation->refused != NULL &&
         say(out, everything(c), "The black hole cannot be computed: %s.",
             c->explanation->refused);
}

static bool rule_black_hole_unknown(const struct context *c, struct sentence *out)
{
  struct list list = {.count = 0};
  if (!is_known(c->total) || is_known(c->explanation->black_hole.estimate))
    return false;
  for (unsigned i = 0; i < TERM_COUNT; i++)
    if (term(c, i).state == READING_MALFORMED && term_rows[i].view >= TERM_VIEW_FREE &&
        term_rows[i].view <= TERM_VIEW_USER_PSS)
      list_add(&list, "%s", term_rows[i].name);
  if (list.count == 0)
    return say(out, everything(c),
               "The black hole cannot be computed: a line that it needs is missing from "
               "meminfo or malformed.");
  return say(out, everything(c),
             "The black hole cannot be computed because of malformed numbers: %s%s.",
             list.text, list_rest(&list).text);
}

/* Anonymous memory freed by MADV_FREE moves to the file lists (mm/swap.c:
 * lru_lazyfree_fn) and is in AnonPages until it is reclaimed: what the one identity
 * lacks, the other has in excess. */
static struct amount lazyfree(const struct context *c)
{
  struct amount missing = imbalance(c, IDENTITY_anon_lru, -1);
  struct amount excess = imbalance(c, IDENTITY_file_lru, 1);
  if (!is_known(missing) || !is_known(excess) || missing.value <= 0 || excess.value <= 0)
    return (struct amount){.state = READING_ABSENT};
  return missing.value < excess.value ? missing : excess;
}

/* True for an imbalance that is no contradiction but memory of a known kind: pages on an
 * LRU list that are held only by a pin (rule lru_cache), MADV_FREE (rule lazyfree), a
 * counter that is known to be too low (rule vmalloc_counter). */
static bool is_explained(const struct context *c, enum identity identity)
{
  double residual = (double)c->explanation->identities[identity].residual.value;
  switch (identity) {
  case IDENTITY_anon_lru:
    return residual > 0 || is_known(lazyfree(c));
  case IDENTITY_file_lru:
  case IDENTITY_lru_cache:
    return residual > 0;
  case IDENTITY_vmalloc_pages:
    return residual < 0;
  case IDENTITY_pss_mapped_anon: /* rule_pss says why there is no Pss */
    return !is_known(term(c, TERM_USER_PSS_pss)) &&
           !is_known(term(c, TERM_USER_PSS_pss_anon));
  default:
    return false;
  }
}

static bool rule_identities(const struct context *c, struct sentence *out)
{
  struct list list = {.count = 0};
  for (unsigned i = 0; i < IDENTITY_COUNT && is_known(c->total); i++) {
    struct amount residual = imbalance(c, i, 1);
    if (is_known(residual) && !is_explained(c, i))
      list_add(&list, "%s by %s", identity_rows[i].name,
               format_bytes(fabs((double)residual.value)).text);
  }
  return list.count > 0 &&
         say(out, everything(c),
             "The kernel's counters contradict each other (%s%s): do not trust numbers "
             "derived from them.",
             list.text, list_rest(&list).text);
}

static bool rule_black_hole_negative(const struct context *c, struct sentence *out)
{
  const struct black_hole *hole = &c->explanation->black_hole;
  if (!is_known(c->total) || !is_known(hole->estimate) || !is_known(hole->error))
    return false;
  double excess = -(double)hole->estimate.value;
  return excess > (double)hole->error.value &&
         say(out, everything(c),
             "The parts of memory add up to %s more than MemTotal, and the error is only "
             "%s: something is counted twice.",
             share(c, excess).text, format_bytes((double)hole->error.value).text);
}

static bool rule_hidden_exceeds(const struct context *c, struct sentence *out)
{
  const struct black_hole *hole = &c->explanation->black_hole;
  struct sentence unused;
  enum term largest = largest_hidden(c);
  if (!is_known(c->total) || !is_known(hole->hidden) || !is_known(hole->unexplained) ||
      !is_known(hole->unexplained_error) || largest == TERM_COUNT ||
      rule_black_hole_negative(c, &unused)) /* then the consumers are not to blame */
    return false;
  double excess =
      -(double)hole->unexplained.value - (double)hole->unexplained_error.value;
  return excess > 0 &&
         say(out, everything(c),
             "Hidden consumers report %s, %s more than the black hole can hold: one of "
             "them includes pages that are counted elsewhere (the largest is %s with "
             "%s).",
             share(c, (double)hole->hidden.value).text, format_bytes(excess).text,
             owner_of(largest).name, format_bytes((double)term(c, largest).value).text);
}

/* --- what is low, and what is large ----------------------------------------------- */

/* Below this, what is left is soon gone, and reclaim and the OOM killer are next. */
static bool rule_short_of_memory(const struct context *c, struct sentence *out)
{
  static const double percent = 5;
  struct amount available = amount_of(c->sample->meminfo.mem_available),
                total = rules_mem_total(c->sample);
  struct user users[USERS_MAX];
  struct list list = {.count = 0};
  if (!is_known(available) || !is_known(total) ||
      (double)available.value >= percent / 100 * (double)total.value)
    return false;
  unsigned count = largest_users(c, false, users);
  for (unsigned i = 0; i < count && i < LIST_NAMED_MAX; i++)
    list_add(&list, "%s with %s", users[i].name,
             format_bytes((double)users[i].amount.value).text);
  return say(out, (double)total.value - (double)available.value,
             "Memory is low: only %s is available (MemAvailable)%s%s.",
             share(c, (double)available.value).text,
             count > 0 ? "; the largest users are " : "", list.text);
}

/* A 32-bit kernel's own allocations come from low memory. They fail although there is
 * free memory elsewhere. */
static bool rule_low_free(const struct context *c, struct sentence *out)
{
  static const double percent_of_low = 5;
  const struct meminfo *m = &c->sample->meminfo;
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

static bool rule_largest(const struct context *c, struct sentence *out)
{
  struct user users[USERS_MAX];
  struct amount total = rules_mem_total(c->sample);
  if (!is_known(total) || largest_users(c, true, users) == 0)
    return false;
  return say(out, (double)users[0].amount.value, "%s of MemTotal (%s) is %s: %s.",
             exceeds(users[0].amount, most_percent, total) ? "Most" : "The largest part",
             format_bytes((double)total.value).text, users[0].name,
             share(c, (double)users[0].amount.value).text);
}

/* --- the black hole --------------------------------------------------------------- */

static bool rule_black_hole_owner(const struct context *c, struct sentence *out)
{
  /* Above what boot leaves in the black hole (hash tables, the huge zero page) on
   * machines of several GiB. */
  static const double percent = 0.5;
  struct amount estimate = beyond_error(c, c->explanation->black_hole.estimate);
  enum term largest = largest_hidden(c);
  if (!exceeds(estimate, percent, c->total) || largest == TERM_COUNT)
    return false;
  double bytes = (double)term(c, largest).value;
  return say(out, bytes,
             "The black hole is %s; its largest known owner is %s with %s, %.0f %% of it "
             "(see %s).",
             share(c, (double)estimate.value).text, owner_of(largest).name,
             format_bytes(bytes).text, 100 * bytes / (double)estimate.value,
             owner_of(largest).source);
}

/* The largest site of the black hole; NULL where the kernel does not count by site. */
static const struct allocinfo_site *largest_site(const struct context *c)
{
  const struct allocinfo *info = &c->sample->allocinfo;
  bool counted = is_known(c->explanation->black_hole.allocinfo) && info->sites_listed > 0;
  return counted ? &info->sites[0] : NULL;
}

static bool rule_unexplained(const struct context *c, struct sentence *out)
{
  /* Every kernel has a little: page directories, pipes, rings. */
  static const double percent = 1;
  const struct black_hole *hole = &c->explanation->black_hole;
  const struct allocinfo_site *site = largest_site(c);
  if (!exceeds(hole->unexplained, percent, c->total) ||
      !is_known(hole->unexplained_error) ||
      (double)hole->unexplained.value <= (double)hole->unexplained_error.value)
    return false;
  double bytes = (double)hole->unexplained.value;
  if (site != NULL)
    return say(
        out, bytes,
        "No known driver accounts for %s of the black hole, whose largest allocation "
        "site in /proc/allocinfo is %s%s with %s.",
        share(c, bytes).text, site->function, format_module(site->module).text,
        format_bytes((double)site->bytes).text);
  return say(
      out, bytes,
      "No known driver accounts for %s of the black hole; to see which code allocated "
      "it, use /proc/allocinfo (since Linux 6.10, with CONFIG_MEM_ALLOC_PROFILING and "
      "sysctl vm.mem_profiling=1) or boot with page_owner=on.",
      share(c, bytes).text);
}

static bool rule_allocinfo_site(const struct context *c, struct sentence *out)
{
  static const double percent = 0.5;
  const struct allocinfo_site *site = largest_site(c);
  if (site == NULL || !is_known(c->total) ||
      (double)site->bytes <= percent / 100 * (double)c->total.value)
    return false;
  return say(
      out, (double)site->bytes,
      "The largest allocation site of the black hole in /proc/allocinfo is %s%s at "
      "%s: %s.",
      site->function, format_module(site->module).text, site->file,
      share(c, (double)site->bytes).text);
}

static bool rule_consumers_unreadable(const struct context *c, struct sentence *out)
{
  struct amount unexplained = c->explanation->black_hole.unexplained;
  struct list list = {.count = 0};
  if (!exceeds(unexplained, 0, c->total))
    return false;
  for (unsigned i = 0; i < TERM_COUNT; i++)
    if (term_rows[i].view == TERM_VIEW_HIDDEN && !is_known(term(c, i)) &&
        term(c, i).state != READING_ABSENT)
      list_add(&list, "%s", owner_of(i).name);
  return list.count > 0 &&
         say(out, (double)unexplained.value,
             "The unexplained %s may belong to consumers that could not be read (%s%s): "
             "run as root with debugfs mounted.",
             share(c, (double)unexplained.value).text, list.text, list_rest(&list).text);
}

/* The decision that contributes most to the estimate's error, if that is half of it. */
static const struct decision *main_doubt(const struct context *c)
{
  const struct black_hole *hole = &c->explanation->black_hole;
  const struct decision *main = NULL;
  for (unsigned i = 0; i < DECISION_COUNT; i++) {
    const struct decision *decision = &c->explanation->decided.all[i];
    if ((i == DECISION_pss || i == DECISION_pss_anon) &&
        hole->estimate_from != ACCOUNTING_PSS)
      continue;
    if (decision->why != NULL && decision->error >= hole->error.value / 2 &&
        (main == NULL || decision->error > main->error))
      main = decision;
  }
  return main;
}

static bool rule_uncertain(const struct context *c, struct sentence *out)
{
  static const double percent =
      1; /* then the threshold of rule_unexplained means little */
  const struct black_hole *hole = &c->explanation->black_hole;
  if (!is_known(hole->estimate) || !exceeds(amount_of(hole->error), percent, c->total))
    return false;
  const struct decision *doubt = main_doubt(c);
  return say(out, (double)hole->error.value,
             "The black hole is known only to within %s: %s.",
             share(c, (double)hole->error.value).text,
             doubt != NULL ? doubt->why
                           : "per-CPU counters lag behind, and the files are read one "
                             "after another");
}

static bool rule_balloon_inside(const struct context *c, struct sentence *out)
{
  static const enum term balloons[] = {TERM_HIDDEN_vmware_balloon,
                                       TERM_HIDDEN_virtio_balloon};
  for (size_t i = 0; i < sizeof(balloons) / sizeof(*balloons); i++)
    if (exceeds(term(c, balloons[i]), 0, c->total))
      return say(out, (double)term(c, balloons[i]).value,
                 "The hypervisor has taken %s through %s: MemTotal still includes it, "
                 "although no process has it.",
                 share(c, (double)term(c, balloons[i]).value).text,
                 owner_of(balloons[i]).name);
  return false;
}

static bool rule_balloon_outside(const struct context *c, struct sentence *out)
{
  static const double percent = 1;
  static const struct {
    enum term term;
    const char *name;
  } balloons[] = {{TERM_OUTSIDE_virtio_balloon, "virtio"},
                  {TERM_OUTSIDE_hyperv_balloon, "Hyper-V"},
                  {TERM_OUTSIDE_xen_balloon, "Xen"}};
  for (size_t i = 0; i < sizeof(balloons) / sizeof(*balloons); i++)
    if (exceeds(term(c, balloons[i].term), percent, c->total))
      return say(out, (double)term(c, balloons[i].term).value,
                 "The hypervisor has taken %s through the %s balloon: MemTotal no longer "
                 "includes it.",
                 share(c, (double)term(c, balloons[i].term).value).text,
                 balloons[i].name);
  return false;
}

static bool rule_kexec_loaded(const struct context *c, struct sentence *out)
{
  const struct reading loaded = c->sample->consumers.kexec_loaded_count;
  return is_known(loaded) && loaded.value > 0 &&
         say(out, 0,
             "A kernel is loaded for kexec: it and its initrd are in the black hole, and "
             "no file reports their size.");
}

/* --- the kernel's own ------------------------------------------------------------- */

static bool rule_slab_growth(const struct context *c, struct sentence *out)
{
  if (c->before == NULL)
    return false;
  struct amount grown = growth(c->before->s_unreclaim, c->sample->meminfo.s_unreclaim);
  return is_growth(c, grown) &&
         say(out, (double)grown.value,
             "SUnreclaim has grown by %s since the first sample, as it does when the "
             "kernel leaks objects.",
             share(c, (double)grown.value).text);
}

static bool rule_vmalloc(const struct context *c, struct sentence *out)
{
  static const double percent = 2;
  const struct vmallocinfo *info = &c->sample->vmallocinfo;
  struct amount vmalloc = term(c, TERM_KERNEL_vmalloc);
  if (!exceeds(vmalloc, percent, c->total))
    return false;
  if (!is_known(info->pages) || info->callers_count == 0)
    return say(out, (double)vmalloc.value,
               "vmalloc holds %s; root can see its callers in /proc/vmallocinfo.",
               share(c, (double)vmalloc.value).text);
  const struct vmalloc_caller *caller = &info->callers[info->by_size[0]];
  return say(
      out, (double)vmalloc.value, "vmalloc holds %s; its largest caller is %s%s with %s.",
      share(c, (double)vmalloc.value).text, caller->symbol,
      format_module(caller->module).text, format_bytes((double)caller->bytes).text);
}

/* However little: a memory module that fails does not stop at one page. */
static bool rule_hardware_corrupted(const struct context *c, struct sentence *out)
{
  bool said = say_above(c, 0, amount_of(c->sample->meminfo.hardware_corrupted),
                        "Memory is failing: the kernel has taken {} out of use "
                        "(HardwareCorrupted).",
                        out);
  if (said)
    out->weight = everything(c);
  return said;
}

/* --- what the processes and the page cache hold ----------------------------------- */

static bool rule_shmem(const struct context *c, struct sentence *out)
{
  /* Where Shmem is most of Cached, Cached has to be worth mentioning. */
  static const double percent = 10, cached_percent = 5;
  const struct meminfo *m = &c->sample->meminfo;
  struct amount shmem = amount_of(m->shmem), cached = amount_of(m->cached);
  bool most =
      exceeds(shmem, most_percent, cached) && exceeds(cached, cached_percent, c->total);
  if (!is_known(c->total) || (!exceeds(shmem, percent, c->total) && !most))
    return false;
  bool swapless = is_known(m->swap_total) && m->swap_total.value == 0;
  return say(out, (double)shmem.value,
             "Files on tmpfs and shared memory (Shmem) hold %s: this is part of Cached "
             "but cannot be dropped%s.",
             share(c, (double)shmem.value).text,
             swapless ? ", and there is no swap for it" : ", only swapped out");
}

static bool rule_shmem_growth(const struct context *c, struct sentence *out)
{
  if (c->before == NULL)
    return false;
  const struct meminfo *m = &c->sample->meminfo;
  struct amount cached = growth(c->before->cached, m->cached);
  struct amount shmem = growth(c->before->shmem, m->shmem);
  return is_growth(c, cached) && exceeds(shmem, most_percent, cached) &&
         say(out, (double)shmem.value,
             "Cached has grown by %s since the first sample, and Shmem, which is part of "
             "it and cannot be dropped, by %s.",
             format_bytes((double)cached.value).text, share(c, (double)shmem.value).text);
}

static bool rule_swap(const struct context *c, struct sentence *out)
{
  static const double percent_of_swap = 50;
  struct amount used = term(c, TERM_DETAIL_swap_used);
  struct amount total = amount_of(c->sample->meminfo.swap_total);
  return exceeds(used, percent_of_swap, total) &&
         say(out, (double)used.value, "Swap is filling up: %s of %s is used (%.1f %%).",
             format_bytes((double)used.value).text,
             format_bytes((double)total.value).text,
             100 * (double)used.value / (double)total.value);
}

/* --- notes ------------------------------------------------------------------------ */

static bool rule_direct_map(const struct context *c, struct sentence *out)
{
  static const double percent_large = 50;
  const struct percentage large = c->explanation->ratios[RATIO_DETAIL_direct_map_large];
  struct reading map = c->explanation->decided.direct_map.reading;
  if (!is_known(large) || !is_known(map) || large.percent >= percent_large)
    return false;
  /* The cost is page tables: 8 bytes for each small page. */
  double cost = (100 - large.percent) / 100 * (double)map.value / 512;
  return say(out, cost,
             "Only %.1f %% of the kernel's direct map is in large pages: the rest costs "
             "TLB entries and about %s of page tables.",
             large.percent, format_bytes(cost).text);
}

/* Weighs nothing, because a promise takes no memory. */
static bool rule_commit(const struct context *c, struct sentence *out)
{
  struct amount limit = amount_of(c->sample->meminfo.commit_limit);
  struct amount committed = amount_of(c->sample->meminfo.committed_as);
  return exceeds(committed, 100, limit) &&
         say(out, 0,
             "Committed_AS (%s) is above CommitLimit (%s): with vm.overcommit_memory=2 "
             "further allocations fail; otherwise the limit is not enforced.",
             format_bytes((double)committed.value).text,
             format_bytes((double)limit.value).text);
}

static uint64_t bytes_or_0(struct reading reading)
{
  return is_known(reading) ? reading.value : 0;
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
  if (withheld)
    return say(out, unread, "The total Pss of all processes is not available: %s%s.",
               pss->why, remedy_for_pss(pss, unlisted));
  return is_known(coverage) && coverage.percent < percent &&
         say(out, unread, "Pss was read for only %.1f %% of process memory: %s.",
             coverage.percent, why_pss_covers_little(p));
}

static bool rule_pss(const struct context *c, struct sentence *out)
{
  return say_why_pss_is_incomplete(c, false, out);
}

static bool rule_unlisted(const struct context *c, struct sentence *out)
{
  return say_why_pss_is_incomplete(c, true, out);
}

static bool rule_hung(const struct context *c, struct sentence *out)
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

static bool rule_vmalloc_unknown(const struct context *c, struct sentence *out)
{
  const struct decision *vmalloc = &c->explanation->decided.vmalloc;
  bool in_hole = vmalloc->unbounded || vmalloc->error > 0; /* else there is none */
  if (!is_known(c->total) || is_known(vmalloc->reading) || !in_hole ||
      vmalloc->why == NULL)
    return false;
  /* There may be more address space than memory. */
  return say(out, fmin((double)vmalloc->error, everything(c)),
             "The size of vmalloc is unknown: %s.", vmalloc->why);
}

static bool rule_no_mem_available(const struct context *c, struct sentence *out)
{
  const struct meminfo *m = &c->sample->meminfo;
  struct amount cache = cache_without_shmem(m), free_pages = amount_of(m->mem_free);
  if (!is_known(c->total) || m->mem_available.state != READING_ABSENT ||
      !is_known(cache) || !is_known(free_pages))
    return false;
  return say(
      out, 0,
      "This kernel has no MemAvailable (added in Linux 3.14); free memory and page "
      "cache without Shmem come to %s.",
      share(c, (double)free_pages.value + (double)cache.value).text);
}

/* The file that failed, or the first that the row's pattern names. */
static struct formatted source_path(const struct source_status *status, unsigned row)
{
  const char *path = status->path[0] != '\0' ? status->path : source_rows[row].path;
  struct formatted first;
  int length = (int)(source_rows[row].is_file ? strcspn(path, " |") : strlen(path));
  snprintf(first.text, sizeof(first.text), "%.*s", length, path);
  return first;
}

static bool rule_sources_malformed(const struct context *c, struct sentence *out)
{
  struct list list = {.count = 0};
  const char *cause = NULL;
  for (unsigned i = 0; i < SOURCE_COUNT; i++) {
    const struct source_status *status = &c->sample->sources[i];
    if (status->state != READING_MALFORMED)
      continue;
    if (list.count == 0)
      cause = status->parse_error.cause;
    list_add(&list, "%s", source_path(status, i).text);
  }
  return list.count > 0 &&
         say(out, 0, "Malformed: %s%s%s%s.", list.text, list_rest(&list).text,
             cause == NULL     ? ""
             : list.count == 1 ? ": "
                               : "; the first: ",
             cause != NULL ? cause : "");
}

static bool rule_sources_denied(const struct context *c, struct sentence *out)
{
  struct list list = {.count = 0};
  for (unsigned i = 0; i < SOURCE_COUNT; i++)
    if (c->sample->sources[i].state == READING_DENIED)
      list_add(&list, "%s", source_path(&c->sample->sources[i], i).text);
  if (c->sample->hash_tables.state == READING_DENIED)
    list_add(&list, "the boot log (CAP_SYSLOG)");
  return list.count > 0 && say(out, 0, "Permission denied: %s%s; run as root.", list.text,
                               list_rest(&list).text);
}

/* Weighs nothing, because it is not known what the lines count. */
static bool rule_unknown_lines(const struct context *c, struct sentence *out)
{
  const struct meminfo *m = &c->sample->meminfo;
  struct list list = {.count = 0};
  for (unsigned i = 0; i < m->others_count && i < MEMINFO_OTHERS_MAX; i++) {
    const struct meminfo_other *other = &m->others[i];
    if (is_known(other->value) && !other->is_count)
      list_add(&list, "%s with %s", other->key,
               format_bytes((double)other->value.value).text);
    else
      list_add(&list, "%s", other->key);
  }
  list.count = m->others_count;
  return list.count > 0 &&
         say(out, 0,
             "This program does not know some lines of /proc/meminfo (%s%s): what they "
             "count may be in the black hole.",
             list.text, list_rest(&list).text);
}

/* --- the ABOVE rows, and all rules ------------------------------------------------ */

#define LINE(member)  amount_of(c->sample->meminfo.member)
#define TERM(name)    term(c, TERM_##name)
#define HOLE(member)  c->explanation->black_hole.member
#define DECIDED(name) amount_of(c->explanation->decided.name.reading)
#define RULE(name, next)
#define ABOVE(name, percent, number, text, next)                                         \
  static bool rule_##name(const struct context *c, struct sentence *out)                 \
  {                                                                                      \
    return say_above(c, percent, number, text, out);                                     \
  }
#include "meminfo_explain/tables/rules.def"

rule_function *const rules[RULE_COUNT] = {
#define RULE(name, next)                         rule_##name,
#define ABOVE(name, percent, number, text, next) rule_##name,
#include "meminfo_explain/tables/rules.def"
};
