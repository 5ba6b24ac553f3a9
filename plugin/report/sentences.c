/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/report/sentences.h"
#include "meminfo_explain/base/format.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct context {
  const struct sample *sample;
  const struct explanation *explanation;
  const struct meminfo *before; /* or NULL */
  /* MemTotal where it is this machine's. Absent where the explanation is refused: then
   * some lines are a container's and some the host's, and no rule may compare them. */
  struct amount total;
};

/* --- thresholds, in percent of MemTotal unless they say otherwise ----------------- */

/* MemAvailable: what is left is soon gone, and reclaim and OOM are next. */
static const double short_percent = 5;
/* LowFree, of LowTotal: a 32-bit kernel's own allocations come from there. */
static const double low_free_percent = 5;
static const double most_percent = 50;
/* What boot leaves in the black hole (hash tables, huge zero page) is below, on machines
 * of several GiB. */
static const double owner_percent = 0.5;
static const double site_percent = 0.5;
/* Small things are nobody's in every kernel: page directories, pipes, rings. */
static const double unexplained_percent = 1;
static const double growth_percent = 1;
static const double growth_bytes = 64 << 20; /* or so much, however large the machine */
static const double uncertain_percent = 1;   /* then unexplained_percent tells nothing */
static const double piece_percent = 1; /* what is worth a sentence where it has no norm */
static const double zfs_percent = 5;   /* a cache may be large before it astonishes */
static const double page_tables_percent = 2; /* memory in 4 KiB pages takes 0.2 once */
static const double vmalloc_percent = 2;
static const double slab_unreclaimable_percent = 5;
static const double slab_reclaimable_percent = 20; /* it is a cache */
static const double reserved_percent = 5;          /* struct pages alone are 1.6 */
static const double shmem_percent = 10;
static const double shmem_cached_percent = 5; /* Cached, for Shmem to be the most of it */
static const double unevictable_percent = 20; /* reclaim has to do without it */
static const double lru_cache_percent = 0.5;  /* a leak begins small */
static const double dirty_percent = 10;       /* vm.dirty_background_ratio's default */
static const double swap_percent = 50;        /* of SwapTotal */
static const double cma_free_percent = 5;     /* as much as short_percent hides behind */
static const double direct_map_percent = 50;  /* of the direct map */
static const double coverage_percent = 90;    /* of Rss */

/* include/asm: THREAD_SIZE of 64-bit kernels with 4 KiB pages. */
static const double stack_bytes = 16 << 10;

enum { NAMED_MAX = 3 };

/* --- numbers ---------------------------------------------------------------------- */

static struct amount term(const struct context *c, enum term term)
{
  return c->explanation->terms[term];
}

static struct amount mem_total(const struct context *c)
{
  struct amount total = amount_of(c->sample->meminfo.mem_total);
  return total.value > 0 ? total : (struct amount){.state = READING_ABSENT};
}

static struct amount growth(struct reading from, struct reading to)
{
  return amount_difference(amount_of(to), amount_of(from));
}

/* a is more than `percent` of the whole, and both are known. */
static bool exceeds(struct amount a, double percent, struct amount whole)
{
  return is_known(a) && is_known(whole) &&
         (double)a.value > percent / 100 * (double)whole.value;
}

/* --- words ------------------------------------------------------------------------ */

/* "12.3 MiB (4.5 % of MemTotal)" */
static struct formatted share(const struct context *c, double bytes)
{
  struct formatted words = format_bytes(bytes);
  struct amount total = mem_total(c);
  if (!is_known(total))
    return words;
  double percent = 100 * bytes / (double)total.value;
  if (percent > 0 && percent < 0.05)
    format_append(words.text, sizeof(words.text), " (under 0.1 %% of MemTotal)");
  else
    format_append(words.text, sizeof(words.text), " (%.1f %% of MemTotal)", percent);
  return words;
}

/* Names in a row, of which only the first few are spelled. */
struct list {
  char text[240];
  unsigned count;
};

__attribute__((format(printf, 2, 3))) static void list_add(struct list *list,
                                                           const char *format, ...)
{
  char name[72]; /* longer ones are cut */
  va_list args;
  if (list->count++ >= NAMED_MAX)
    return;
  va_start(args, format);
  vsnprintf(name, sizeof(name), format, args);
  va_end(args);
  format_append(list->text, sizeof(list->text), "%s%s", list->count > 1 ? ", " : "",
                name);
}

/* " and 4 more", or nothing. */
static struct formatted list_rest(const struct list *list)
{
  struct formatted words = {""};
  if (list->count > NAMED_MAX)
    snprintf(words.text, sizeof(words.text), " and %u more", list->count - NAMED_MAX);
  return words;
}

/* Always true, for rules to end with. A sentence that had to be cut keeps its stop. */
__attribute__((format(printf, 3, 4))) static bool say(struct sentence *out, double weight,
                                                      const char *format, ...)
{
  va_list args;
  va_start(args, format);
  vsnprintf(out->text, sizeof(out->text), format, args);
  va_end(args);
  size_t length = strlen(out->text);
  if (length + 1 == sizeof(out->text))
    out->text[length - 1] = '.';
  out->weight = weight;
  return true;
}

/* HEAD, the amount and its share, TAIL: where the amount exceeds its threshold. */
static bool say_if_exceeds(const struct context *c, struct amount amount, double percent,
                           struct sentence *out, const char *head, const char *tail)
{
  return exceeds(amount, percent, c->total) &&
         say(out, (double)amount.value, "%s %s%s", head,
             share(c, (double)amount.value).text, tail);
}

/* A sentence about the trust in all others. */
static double everything(const struct context *c)
{
  struct amount total = mem_total(c);
  return is_known(total) ? (double)total.value : 0;
}

/* --- who holds memory ------------------------------------------------------------- */

struct holder {
  const char *name;
  struct amount amount;
};
enum { HOLDERS_MAX = 9, HOLDERS_OF_CONTAINER = 4 };

static struct amount free_memory(const struct context *c)
{
  struct reading sum = c->sample->meminfo.mem_free;
  struct amount pcp = term(c, TERM_FREE_pcp_free);
  if (is_known(sum) && is_known(pcp))
    reading_add(&sum, (uint64_t)pcp.value);
  return amount_of(sum);
}

/* Buffers are page cache as well (fs/proc/meminfo.c takes them off NR_FILE_PAGES). */
static struct amount cache_without_shmem(const struct meminfo *m)
{
  struct reading sum = m->cached;
  if (!is_known(m->cached) || !is_known(m->buffers) || !is_known(m->shmem))
    return (struct amount){.state = READING_ABSENT};
  reading_add(&sum, m->buffers.value);
  return growth(m->shmem, sum);
}

static void insert_holder(struct holder holders[], unsigned count, struct holder holder)
{
  for (; count > 0 && holders[count - 1].amount.value < holder.amount.value; count--)
    holders[count] = holders[count - 1];
  holders[count] = holder;
}

/* The known ones, largest first; returns how many. */
static unsigned rank_holders(const struct context *c, bool with_free,
                             struct holder out[HOLDERS_MAX])
{
  const struct meminfo *m = &c->sample->meminfo;
  /* The first few are a container's where lxcfs makes meminfo; the others are the host's
   * even there (src/proc_fuse.c: proc_meminfo_read). */
  const struct holder holders[HOLDERS_MAX] = {
      {"free memory (MemFree and per-CPU lists)", free_memory(c)},
      {"anonymous memory of processes (AnonPages)", amount_of(m->anon_pages)},
      {"page cache (Cached and Buffers without Shmem)", cache_without_shmem(m)},
      {"tmpfs and shared memory (Shmem)", amount_of(m->shmem)},
      {"slab (Slab)", amount_of(m->slab)},
      {"huge pages (Hugetlb)", term(c, TERM_KERNEL_hugetlb)},
      {"vmalloc", term(c, TERM_KERNEL_vmalloc)},
      {"page tables (PageTables)", term(c, TERM_KERNEL_page_tables)},
      {"the black hole, which no line of meminfo counts",
       c->explanation->black_hole.estimate},
  };
  unsigned count = 0;
  for (unsigned i = with_free ? 0 : 1; i < HOLDERS_MAX; i++) {
    if (i >= HOLDERS_OF_CONTAINER && !is_known(c->total))
      break;
    if (is_known(holders[i].amount) && holders[i].amount.value > 0)
      insert_holder(out, count++, holders[i]);
  }
  return count;
}

/* What a HIDDEN term is to somebody who has not read terms.def, and where its number
 * comes from. */
struct owner {
  const char *name, *look;
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
      [TERM_HIDDEN_swiotlb_transient] = {"bounce buffers of the moment (swiotlb)",
                                         "/sys/kernel/debug/swiotlb"},
      [TERM_HIDDEN_hash_tables] = {"hash tables of the boot",
                                   "dmesg for \"hash table entries\""},
      [TERM_HIDDEN_memmap] = {"struct pages of hot-added memory (memmap)",
                              "nr_memmap_pages in /proc/vmstat"},
  };
  if (owners[term].name != NULL)
    return owners[term];
  return (struct owner){term_rows[term].name, "meminfo-explain"};
}

/* The largest HIDDEN term; TERM_COUNT where none is known to hold anything. */
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
         say(out, everything(c), "No black hole is computed: %s.",
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
  return say(out, everything(c), "The black hole is not known: %s%s%s.",
             list.count > 0 ? "no sense can be made of " : "a line it needs is missing",
             list.text, list_rest(&list).text);
}

/* Anonymous memory given back by MADV_FREE moves to the file lists (mm/swap.c:
 * lru_lazyfree_fn) and is in AnonPages until it is reclaimed: what the one identity
 * misses, the other one has too much. */
static double lazyfree_bytes(const struct context *c)
{
  const struct identity_result *anon = &c->explanation->identities[IDENTITY_anon_lru];
  const struct identity_result *file = &c->explanation->identities[IDENTITY_file_lru];
  if (!anon->judged || !file->judged || anon->holds || file->holds)
    return 0;
  double missing = -(double)anon->residual.value;
  return fmax(0, fmin(missing, (double)file->residual.value));
}

/* True for what breaks an identity and is no contradiction, but memory of a known kind:
 * pages on an LRU that only a pin holds (rule_lru_cache), MADV_FREE (rule_lazyfree), a
 * counter that is known to run short (rule_vmalloc_counter). */
static bool is_explained(const struct context *c, enum identity identity)
{
  double residual = (double)c->explanation->identities[identity].residual.value;
  switch (identity) {
  case IDENTITY_anon_lru:
    return residual > 0 || lazyfree_bytes(c) > 0;
  case IDENTITY_file_lru:
  case IDENTITY_lru_cache:
    return residual > 0;
  case IDENTITY_vmalloc_pages:
    return residual < 0;
  case IDENTITY_pss_mapped_anon: /* rule_pss says why there is none */
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
    const struct identity_result *result = &c->explanation->identities[i];
    if (result->judged && !result->holds && is_known(result->residual) &&
        !is_explained(c, i))
      list_add(&list, "%s by %s", identity_rows[i].name,
               format_bytes(fabs((double)result->residual.value)).text);
  }
  return list.count > 0 &&
         say(out, everything(c),
             "The kernel's counters contradict each other (%s%s): do not trust what is "
             "built on them.",
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
             "The parts of memory come to %s more than MemTotal, with an error of %s: "
             "something is counted twice.",
             share(c, excess).text, format_bytes((double)hole->error.value).text);
}

static bool rule_hidden_exceeds(const struct context *c, struct sentence *out)
{
  const struct black_hole *hole = &c->explanation->black_hole;
  struct sentence unused;
  enum term largest = largest_hidden(c);
  if (!is_known(c->total) || !is_known(hole->hidden) || !is_known(hole->unexplained) ||
      !is_known(hole->unexplained_error) || largest == TERM_COUNT ||
      rule_black_hole_negative(c, &unused)) /* then they are not the ones to blame */
    return false;
  double excess =
      -(double)hole->unexplained.value - (double)hole->unexplained_error.value;
  return excess > 0 &&
         say(out, everything(c),
             "Hidden consumers claim %s, which is %s more than the black hole can hold: "
             "one of them counts pages that are elsewhere (the largest is %s with %s).",
             share(c, (double)hole->hidden.value).text, format_bytes(excess).text,
             owner_of(largest).name, format_bytes((double)term(c, largest).value).text);
}

/* --- what is short, and what is large --------------------------------------------- */

static bool rule_short_of_memory(const struct context *c, struct sentence *out)
{
  struct amount available = amount_of(c->sample->meminfo.mem_available),
                total = mem_total(c);
  struct holder holders[HOLDERS_MAX];
  struct list list = {.count = 0};
  if (!is_known(available) || !is_known(total) ||
      (double)available.value >= short_percent / 100 * (double)total.value)
    return false;
  unsigned count = rank_holders(c, false, holders);
  for (unsigned i = 0; i < count && i < NAMED_MAX; i++)
    list_add(&list, "%s with %s", holders[i].name,
             format_bytes((double)holders[i].amount.value).text);
  return say(out, (double)total.value - (double)available.value,
             "Memory is short: only %s is available (MemAvailable)%s%s.",
             share(c, (double)available.value).text,
             count > 0 ? "; the most is held by " : "", list.text);
}

/* The kernel's own allocations fail although there is free memory elsewhere. */
static bool rule_low_free(const struct context *c, struct sentence *out)
{
  const struct meminfo *m = &c->sample->meminfo;
  struct amount low = amount_of(m->low_total), low_free = amount_of(m->low_free);
  if (!is_known(c->total) || !is_known(m->high_total) || m->high_total.value == 0 ||
      !is_known(low) || !is_known(low_free) ||
      (double)low_free.value >= low_free_percent / 100 * (double)low.value)
    return false;
  return say(out, (double)low.value,
             "Low memory, the only kind the kernel can use for itself, is short: LowFree "
             "is %s of a LowTotal of %s.",
             format_bytes((double)low_free.value).text,
             format_bytes((double)low.value).text);
}

static bool rule_largest(const struct context *c, struct sentence *out)
{
  struct holder holders[HOLDERS_MAX];
  struct amount total = mem_total(c);
  if (!is_known(total) || rank_holders(c, true, holders) == 0)
    return false;
  bool most = exceeds(holders[0].amount, most_percent, total);
  return say(out, (double)holders[0].amount.value, "%s of the %s of MemTotal is %s: %s.",
             most ? "Most" : "The largest part", format_bytes((double)total.value).text,
             holders[0].name, share(c, (double)holders[0].amount.value).text);
}

/* --- the black hole --------------------------------------------------------------- */

static bool rule_black_hole_owner(const struct context *c, struct sentence *out)
{
  const struct black_hole *hole = &c->explanation->black_hole;
  enum term largest = largest_hidden(c);
  if (!exceeds(hole->estimate, owner_percent, c->total) || !is_known(hole->error) ||
      (double)hole->estimate.value <= (double)hole->error.value || largest == TERM_COUNT)
    return false;
  double bytes = (double)term(c, largest).value;
  return say(
      out, bytes,
      "The black hole is %s, and the largest known owner is %s with %s, %.0f %% of "
      "it (look at %s).",
      share(c, (double)hole->estimate.value).text, owner_of(largest).name,
      format_bytes(bytes).text, 100 * bytes / (double)hole->estimate.value,
      owner_of(largest).look);
}

/* The largest site of the black hole; NULL where the kernel does not tell. */
static const struct allocinfo_site *largest_site(const struct context *c)
{
  const struct allocinfo *info = &c->sample->allocinfo;
  bool told = is_known(c->explanation->black_hole.allocinfo) && info->sites_kept > 0;
  return told ? &info->sites[0] : NULL;
}

static bool rule_unexplained(const struct context *c, struct sentence *out)
{
  const struct black_hole *hole = &c->explanation->black_hole;
  const struct allocinfo_site *site = largest_site(c);
  if (!exceeds(hole->unexplained, unexplained_percent, c->total) ||
      !is_known(hole->unexplained_error) ||
      (double)hole->unexplained.value <= (double)hole->unexplained_error.value)
    return false;
  double bytes = (double)hole->unexplained.value;
  if (site != NULL)
    return say(out, bytes,
               "%s is in bare page allocations that no driver owns up to; the largest "
               "site in /proc/allocinfo is %s%s with %s.",
               share(c, bytes).text, site->function, format_module(site->module).text,
               format_bytes((double)site->bytes).text);
  return say(out, bytes,
             "%s is in bare page allocations that no driver owns up to; who made them, "
             "the kernel tells in /proc/allocinfo (6.10, CONFIG_MEM_ALLOC_PROFILING, "
             "sysctl vm.mem_profiling=1) or if booted with page_owner=on.",
             share(c, bytes).text);
}

static bool rule_allocinfo_site(const struct context *c, struct sentence *out)
{
  const struct allocinfo_site *site = largest_site(c);
  if (site == NULL || !is_known(c->total) ||
      (double)site->bytes <= site_percent / 100 * (double)c->total.value)
    return false;
  return say(out, (double)site->bytes,
             "By /proc/allocinfo, the code that holds the most bare pages is %s%s at %s: "
             "%s.",
             site->function, format_module(site->module).text, site->file,
             share(c, (double)site->bytes).text);
}

static bool rule_black_hole_growth(const struct context *c, struct sentence *out)
{
  const struct black_hole *hole = &c->explanation->black_hole;
  if (!is_known(hole->error) || !is_known(hole->above_floor) ||
      (double)hole->above_floor.value <= (double)hole->error.value)
    return false;
  return say_if_exceeds(c, hole->above_floor, growth_percent, out, "The black hole is",
                        " above the lowest it was since the first samples: if it goes "
                        "on, the kernel leaks pages.");
}

static bool rule_consumers_unreadable(const struct context *c, struct sentence *out)
{
  const struct black_hole *hole = &c->explanation->black_hole;
  struct list list = {.count = 0};
  if (!exceeds(hole->unexplained, 0, c->total))
    return false;
  for (unsigned i = 0; i < TERM_COUNT; i++)
    if (term_rows[i].view == TERM_VIEW_HIDDEN && !is_known(term(c, i)) &&
        term(c, i).state != READING_ABSENT)
      list_add(&list, "%s", owner_of(i).name);
  return list.count > 0 && say(out, (double)hole->unexplained.value,
                               "The unexplained %s may belong to what could not be read "
                               "(%s%s): run as root "
                               "with debugfs mounted.",
                               share(c, (double)hole->unexplained.value).text, list.text,
                               list_rest(&list).text);
}

/* The decision that makes the most of the estimate's error, if that is half of it. */
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
  const struct black_hole *hole = &c->explanation->black_hole;
  if (!is_known(hole->estimate) ||
      !exceeds(amount_of(hole->error), uncertain_percent, c->total))
    return false;
  const struct decision *doubt = main_doubt(c);
  return say(out, (double)hole->error.value,
             "The black hole is only known to within %s: %s.",
             share(c, (double)hole->error.value).text,
             doubt != NULL ? doubt->why
                           : "counters drift between CPUs, and files are read one after "
                             "the other");
}

static bool rule_balloon_inside(const struct context *c, struct sentence *out)
{
  static const enum term balloons[] = {TERM_HIDDEN_vmware_balloon,
                                       TERM_HIDDEN_virtio_balloon};
  for (size_t i = 0; i < sizeof(balloons) / sizeof(*balloons); i++)
    if (exceeds(term(c, balloons[i]), 0, c->total))
      return say(out, (double)term(c, balloons[i]).value,
                 "The hypervisor took %s by way of %s: MemTotal still counts it, no "
                 "process has it.",
                 share(c, (double)term(c, balloons[i]).value).text,
                 owner_of(balloons[i]).name);
  return false;
}

static bool rule_balloon_outside(const struct context *c, struct sentence *out)
{
  static const struct {
    enum term term;
    const char *name;
  } balloons[] = {{TERM_OUTSIDE_virtio_balloon, "the virtio balloon"},
                  {TERM_OUTSIDE_hyperv_balloon, "the Hyper-V balloon"},
                  {TERM_OUTSIDE_xen_balloon, "the Xen balloon"}};
  for (size_t i = 0; i < sizeof(balloons) / sizeof(*balloons); i++)
    if (exceeds(term(c, balloons[i].term), piece_percent, c->total))
      return say(out, (double)term(c, balloons[i].term).value,
                 "The hypervisor took %s by way of %s: MemTotal is smaller by that.",
                 share(c, (double)term(c, balloons[i].term).value).text,
                 balloons[i].name);
  return false;
}

static bool rule_removed(const struct context *c, struct sentence *out)
{
  return say_if_exceeds(c, amount_of(c->explanation->removed), piece_percent, out,
                        "MemTotal is",
                        " below its highest since the first sample: a balloon or "
                        "hot-unplug takes memory away.");
}

static bool rule_zfs(const struct context *c, struct sentence *out)
{
  return say_if_exceeds(c, term(c, TERM_HIDDEN_zfs_abd), zfs_percent, out,
                        "The ZFS ARC holds",
                        " as a cache that shrinks under pressure, but free(1) calls it "
                        "used.");
}

static bool rule_gpu(const struct context *c, struct sentence *out)
{
  return say_if_exceeds(c, term(c, TERM_HIDDEN_gpu), piece_percent, out,
                        "Graphics drivers hold",
                        " of main memory for buffers (TTM), in no process's RSS.");
}

static bool rule_sockets(const struct context *c, struct sentence *out)
{
  return say_if_exceeds(c, term(c, TERM_UPPER_BOUND_sockets), piece_percent, out,
                        "Socket buffers hold up to",
                        ": data that waits to be sent or to be read.");
}

static bool rule_kexec_loaded(const struct context *c, struct sentence *out)
{
  const struct reading loaded = c->sample->consumers.kexec_loaded_count;
  return is_known(loaded) && loaded.value > 0 &&
         say(out, 0,
             "A kernel is loaded for kexec: it and its initrd are in the black hole, and "
             "no file tells their size.");
}

/* --- the kernel's own ------------------------------------------------------------- */

static bool rule_slab_unreclaimable(const struct context *c, struct sentence *out)
{
  return say_if_exceeds(c, amount_of(c->sample->meminfo.s_unreclaim),
                        slab_unreclaimable_percent, out,
                        "Kernel objects that cannot be reclaimed (SUnreclaim) take",
                        ": a slab cache that only grows is a leak.");
}

static bool is_growth(const struct context *c, struct amount grown)
{
  return is_known(c->total) && is_known(grown) &&
         ((double)grown.value > growth_bytes ||
          (double)grown.value > growth_percent / 100 * (double)c->total.value);
}

static bool rule_slab_growth(const struct context *c, struct sentence *out)
{
  if (c->before == NULL)
    return false;
  struct amount grown = growth(c->before->s_unreclaim, c->sample->meminfo.s_unreclaim);
  return is_growth(c, grown) &&
         say(out, (double)grown.value,
             "SUnreclaim grew by %s since the first sample: a kernel leak looks like "
             "that.",
             share(c, (double)grown.value).text);
}

static bool rule_slab_reclaimable(const struct context *c, struct sentence *out)
{
  return say_if_exceeds(c, amount_of(c->sample->meminfo.s_reclaimable),
                        slab_reclaimable_percent, out,
                        "Cached dentries, inodes and the like (SReclaimable) take",
                        ": the kernel gives it back under pressure, it is no leak.");
}

static bool rule_vmalloc(const struct context *c, struct sentence *out)
{
  const struct vmallocinfo *info = &c->sample->vmallocinfo;
  struct amount vmalloc = term(c, TERM_KERNEL_vmalloc);
  if (!exceeds(vmalloc, vmalloc_percent, c->total))
    return false;
  if (!is_known(info->pages) || info->callers_count == 0)
    return say(out, (double)vmalloc.value,
               "vmalloc holds %s; /proc/vmallocinfo tells root for whom.",
               share(c, (double)vmalloc.value).text);
  const struct vmalloc_caller *caller = &info->callers[info->by_size[0]];
  return say(
      out, (double)vmalloc.value, "vmalloc holds %s; its largest caller is %s%s with %s.",
      share(c, (double)vmalloc.value).text, caller->symbol,
      format_module(caller->module).text, format_bytes((double)caller->bytes).text);
}

/* vfree() took pages off that were never added (mm/vmalloc.c), up to 6.12.117 and 6.13.
 */
static bool rule_vmalloc_counter(const struct context *c, struct sentence *out)
{
  const struct identity_result *result =
      &c->explanation->identities[IDENTITY_vmalloc_pages];
  if (!result->judged || result->holds || !is_known(c->total) ||
      !is_known(result->residual) || result->residual.value >= 0)
    return false;
  double missing = -(double)result->residual.value;
  return say(out, missing,
             "VmallocUsed is %s less than the pages in /proc/vmallocinfo: a known fault "
             "of many kernels before 6.13; the pages are right.",
             share(c, missing).text);
}

static bool rule_page_tables(const struct context *c, struct sentence *out)
{
  return say_if_exceeds(c, amount_of(c->sample->meminfo.page_tables), page_tables_percent,
                        out, "Page tables (PageTables) take",
                        ": processes map much memory in small pages, and huge pages "
                        "would help.");
}

static bool rule_sec_page_tables(const struct context *c, struct sentence *out)
{
  return say_if_exceeds(
      c, amount_of(c->sample->meminfo.sec_page_tables), piece_percent, out,
      "Page tables of virtual machines and IOMMUs (SecPageTables) take", ".");
}

static bool rule_hugetlb_unused(const struct context *c, struct sentence *out)
{
  struct reading pool = c->explanation->decided.huge_free.reading;
  struct amount unused = growth(c->explanation->decided.huge_reserved.reading, pool);
  return say_if_exceeds(c, unused, piece_percent, out, "Of the pool of huge pages,",
                        " is neither in use nor reserved (HugePages_Free less "
                        "HugePages_Rsvd), and nothing else can have it.");
}

static bool rule_percpu(const struct context *c, struct sentence *out)
{
  return say_if_exceeds(c, term(c, TERM_KERNEL_percpu), piece_percent, out,
                        "Per-CPU data (Percpu) takes",
                        ": it grows with CPUs times cgroups, network devices and BPF "
                        "maps.");
}

static bool rule_kernel_stack(const struct context *c, struct sentence *out)
{
  struct amount stack = amount_of(c->sample->meminfo.kernel_stack);
  return exceeds(stack, piece_percent, c->total) &&
         say(out, (double)stack.value,
             "Kernel stacks (KernelStack) take %s: about %.0f threads at 16 KiB each.",
             share(c, (double)stack.value).text, (double)stack.value / stack_bytes);
}

static bool rule_bounce(const struct context *c, struct sentence *out)
{
  return say_if_exceeds(c, amount_of(c->sample->meminfo.bounce), piece_percent, out,
                        "Bounce buffers (Bounce) take",
                        ": a disk's driver cannot reach all memory.");
}

static bool rule_writeback_tmp(const struct context *c, struct sentence *out)
{
  return say_if_exceeds(c, amount_of(c->sample->meminfo.writeback_tmp), piece_percent,
                        out,
                        "Copies of pages that FUSE is writing back (WritebackTmp) take",
                        ": its file server is slow or stuck.");
}

/* Whatever the number: a module that fails does not stop at a page. */
static bool rule_hardware_corrupted(const struct context *c, struct sentence *out)
{
  bool said = say_if_exceeds(c, amount_of(c->sample->meminfo.hardware_corrupted), 0, out,
                             "Memory is failing: the kernel has put",
                             " out of use (HardwareCorrupted).");
  if (said && is_known(c->total))
    out->weight = (double)c->total.value;
  return said;
}

static bool rule_crashkernel(const struct context *c, struct sentence *out)
{
  return say_if_exceeds(c, term(c, TERM_OUTSIDE_crashkernel), piece_percent, out,
                        "The crash kernel (crashkernel=) keeps",
                        " for itself, on top of MemTotal.");
}

static bool rule_reserved(const struct context *c, struct sentence *out)
{
  /* Not the zones' managed pages, which are short while struct pages wait to be set up
   * (decide.c: decide_zones_unlisted). */
  struct amount outside =
      growth(c->sample->meminfo.mem_total, c->sample->zoneinfo.present);
  return say_if_exceeds(c, outside, reserved_percent, out, "MemTotal leaves out",
                        " of this machine's memory: what the kernel keeps since boot "
                        "(struct pages, its image, crashkernel=), and what a balloon "
                        "took.");
}

/* --- what the processes and the page cache hold ----------------------------------- */

static bool rule_shmem(const struct context *c, struct sentence *out)
{
  const struct meminfo *m = &c->sample->meminfo;
  struct amount shmem = amount_of(m->shmem), cached = amount_of(m->cached);
  bool most = exceeds(shmem, most_percent, cached) &&
              exceeds(cached, shmem_cached_percent, c->total);
  if (!is_known(c->total) || (!exceeds(shmem, shmem_percent, c->total) && !most))
    return false;
  bool swapless = is_known(m->swap_total) && m->swap_total.value == 0;
  return say(out, (double)shmem.value,
             "Files on tmpfs and shared memory (Shmem) hold %s: Cached counts it, but it "
             "cannot be dropped, %s.",
             share(c, (double)shmem.value).text,
             swapless ? "and there is no swap for it" : "only swapped out");
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
             "Shmem is the growing part of Cached: since the first sample Cached grew by "
             "%s, and Shmem by %s.",
             format_bytes((double)cached.value).text, share(c, (double)shmem.value).text);
}

static bool rule_unevictable(const struct context *c, struct sentence *out)
{
  return say_if_exceeds(c, amount_of(c->sample->meminfo.unevictable), unevictable_percent,
                        out, "Unevictable memory takes",
                        ": mlock, ramfs or locked shared memory, which is never swapped "
                        "out nor dropped.");
}

static bool rule_lru_cache(const struct context *c, struct sentence *out)
{
  const struct identity_result *result = &c->explanation->identities[IDENTITY_lru_cache];
  if (!result->judged || result->holds)
    return false;
  return say_if_exceeds(c, result->residual, lru_cache_percent, out, "On the LRU lists,",
                        " is in no cache and mapped by no process: unmapped parts of "
                        "huge pages, pages that a driver has pinned, or leaked ones.");
}

static bool rule_lazyfree(const struct context *c, struct sentence *out)
{
  double bytes = lazyfree_bytes(c);
  if (!is_known(c->total) || bytes <= piece_percent / 100 * (double)c->total.value)
    return false;
  return say(
      out, bytes,
      "Processes gave back about %s by MADV_FREE: RSS and AnonPages count it until "
      "the kernel takes it.",
      share(c, bytes).text);
}

static bool rule_dirty(const struct context *c, struct sentence *out)
{
  return say_if_exceeds(c, term(c, TERM_DETAIL_dirty_total), dirty_percent, out,
                        "Page cache of",
                        " waits to be written (Dirty and Writeback), "
                        "and cannot be dropped before.");
}

static bool rule_swap(const struct context *c, struct sentence *out)
{
  struct amount used = term(c, TERM_DETAIL_swap_used);
  struct amount total = amount_of(c->sample->meminfo.swap_total);
  return exceeds(used, swap_percent, total) &&
         say(out, (double)used.value, "Swap is filling up: %s of %s is used (%.1f %%).",
             format_bytes((double)used.value).text,
             format_bytes((double)total.value).text,
             100 * (double)used.value / (double)total.value);
}

static bool rule_pcp_free(const struct context *c, struct sentence *out)
{
  return say_if_exceeds(c, term(c, TERM_FREE_pcp_free), piece_percent, out,
                        "Per-CPU lists hold",
                        " of free memory that MemFree leaves out: "
                        "other tools report it as used.");
}

static bool rule_cma_free(const struct context *c, struct sentence *out)
{
  return say_if_exceeds(c, amount_of(c->sample->meminfo.cma_free), cma_free_percent, out,
                        "Of the free memory,",
                        " lies in CMA regions (CmaFree): processes can use it, most of "
                        "the kernel cannot.");
}

/* --- notes ------------------------------------------------------------------------ */

static bool rule_direct_map(const struct context *c, struct sentence *out)
{
  const struct percentage large = c->explanation->ratios[RATIO_DETAIL_direct_map_large];
  struct reading map = c->explanation->decided.direct_map.reading;
  if (!is_known(large) || !is_known(map) || large.percent >= direct_map_percent)
    return false;
  /* What it costs is page tables: 8 bytes for each small page. */
  double cost = (100 - large.percent) / 100 * (double)map.value / 512;
  return say(
      out, cost,
      "Only %.1f %% of the kernel's direct map is in large pages: it takes more of "
      "the TLB, and about %s for page tables.",
      large.percent, format_bytes(cost).text);
}

/* Promises are no memory: they weigh nothing. Whether overcommit is strict, we do not
 * read. */
static bool rule_commit(const struct context *c, struct sentence *out)
{
  struct amount limit = amount_of(c->sample->meminfo.commit_limit);
  struct amount committed = amount_of(c->sample->meminfo.committed_as);
  return exceeds(committed, 100, limit) &&
         say(out, 0,
             "Processes are promised %s (Committed_AS), above the CommitLimit of %s: "
             "with "
             "vm.overcommit_memory=2 their next allocations fail, otherwise it only "
             "counts what they may touch.",
             format_bytes((double)committed.value).text,
             format_bytes((double)limit.value).text);
}

static bool says_why_pss_is_incomplete(const struct context *c, bool unlisted,
                                       struct sentence *out)
{
  const struct processes *p = &c->sample->processes;
  const struct percentage coverage = c->explanation->pss_coverage;
  const struct decision *pss = &c->explanation->decided.pss;
  bool asked =
      is_known(p->pss) || (is_known(p->denied_count) && p->denied_count.value > 0);
  bool withheld = asked && pss->why != NULL && !is_known(pss->reading) &&
                  !is_known(c->explanation->decided.pss_anon.reading);
  double unread = (is_known(p->unread_rss) ? (double)p->unread_rss.value : 0) +
                  (is_known(p->unlisted) ? (double)p->unlisted.value : 0);
  if (unlisted != (is_known(p->unlisted) && p->unlisted.value > 0))
    return false;
  if (withheld)
    return say(out, unread, "The Pss of all processes is not summed up%s: %s%s.",
               pss->transient ? " for now" : "", pss->why,
               pss->transient ? ""
               : unlisted ? "; look from outside of it (Root), or grant CAP_SYS_PTRACE"
                          : "; run as root or grant CAP_SYS_PTRACE");
  return is_known(coverage) && coverage.percent < coverage_percent &&
         say(out, unread,
             "Pss was read for only %.1f %% of the memory of processes: the others are "
             "hidden from us by %s.",
             coverage.percent,
             unlisted ? "a PID namespace or by hidepid"
                      : "privilege (root or CAP_SYS_PTRACE), by a security module or by "
                        "a user namespace");
}

static bool rule_pss(const struct context *c, struct sentence *out)
{
  return says_why_pss_is_incomplete(c, false, out);
}

static bool rule_unlisted(const struct context *c, struct sentence *out)
{
  return says_why_pss_is_incomplete(c, true, out);
}

static bool rule_hung(const struct context *c, struct sentence *out)
{
  struct list list = {.count = 0};
  for (unsigned i = 0; i < HUNG_MAX; i++)
    if (c->sample->hung[i].pid != 0)
      list_add(&list, "%u", (unsigned)c->sample->hung[i].pid);
  return list.count > 0 &&
         say(out, 0,
             "smaps does not answer for process %s%s: something holds its address space "
             "locked (mmap_lock).",
             list.text, list_rest(&list).text);
}

static bool rule_vmalloc_unknown(const struct context *c, struct sentence *out)
{
  const struct decision *vmalloc = &c->explanation->decided.vmalloc;
  bool in_hole = vmalloc->unbounded || vmalloc->error > 0; /* else there is none */
  if (!is_known(c->total) || is_known(vmalloc->reading) || !in_hole ||
      vmalloc->why == NULL)
    return false;
  /* Address space may be more than there is memory. */
  return say(out, fmin((double)vmalloc->error, everything(c)),
             "vmalloc is not known: %s.", vmalloc->why);
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
      "This kernel has no MemAvailable (3.14): at most what is free and page cache "
      "without Shmem can be had, %s.",
      share(c, (double)free_pages.value + (double)cache.value).text);
}

static const struct source_status *source(const struct context *c, unsigned row)
{
  return &c->sample->sources[row];
}

/* The file at parse_error, or the first that the row's pattern names. */
static struct formatted source_path(const struct context *c, unsigned row)
{
  const char *path = source(c, row)->path;
  struct formatted words;
  if (path[0] == '\0')
    path = source_rows[row].path;
  bool netlink = row == SOURCE_page_pool; /* no path, but words */
  int length = (int)(netlink ? strlen(path) : strcspn(path, " |"));
  snprintf(words.text, sizeof(words.text), "%.*s", length, path);
  return words;
}

static bool rule_sources_malformed(const struct context *c, struct sentence *out)
{
  struct list list = {.count = 0};
  const char *cause = NULL;
  for (unsigned i = 0; i < SOURCE_COUNT; i++) {
    if (source(c, i)->state != READING_MALFORMED)
      continue;
    if (list.count == 0)
      cause = source(c, i)->parse_error.cause;
    list_add(&list, "%s", source_path(c, i).text);
  }
  return list.count > 0 &&
         say(out, 0, "What could be read makes no sense in %s%s%s%s.", list.text,
             list_rest(&list).text, cause != NULL ? "; of the first: " : "",
             cause != NULL ? cause : "");
}

static bool rule_sources_denied(const struct context *c, struct sentence *out)
{
  struct list list = {.count = 0};
  for (unsigned i = 0; i < SOURCE_COUNT; i++)
    if (source(c, i)->state == READING_DENIED)
      list_add(&list, "%s", source_path(c, i).text);
  if (c->sample->hash_tables.state == READING_DENIED)
    list_add(&list, "the boot log (CAP_SYSLOG)");
  return list.count > 0 && say(out, 0, "Not allowed to read %s%s: run as root.",
                               list.text, list_rest(&list).text);
}

/* What they count is not known, so they weigh nothing. */
static bool rule_unknown_lines(const struct context *c, struct sentence *out)
{
  const struct meminfo *m = &c->sample->meminfo;
  struct list list = {.count = 0};
  for (unsigned i = 0; i < m->others_count && i < MEMINFO_OTHERS_KEPT; i++) {
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
             "This kernel's meminfo has lines that are new to this program (%s%s): what "
             "they count may be in the black hole.",
             list.text, list_rest(&list).text);
}

/* --- all of them ------------------------------------------------------------------ */

const struct rule_row rule_rows[RULE_COUNT] = {
#define RULE(name, next) {#name, next},
#include "meminfo_explain/tables/rules.def"
};

unsigned sentences_make(const struct sample *sample,
                        const struct explanation *explanation,
                        const struct meminfo *before, struct sentence out[RULE_COUNT])
{
  static bool (*const rules[RULE_COUNT])(const struct context *, struct sentence *) = {
#define RULE(name, next) rule_##name,
#include "meminfo_explain/tables/rules.def"
  };
  struct context context = {sample, explanation, before, {.state = READING_ABSENT}};
  if (explanation->refused == NULL)
    context.total = mem_total(&context);
  unsigned count = 0;
  for (unsigned rule = 0; rule < RULE_COUNT; rule++) {
    struct sentence sentence = {.rule = rule};
    if (!rules[rule](&context, &sentence))
      continue;
    unsigned at = count++;
    for (; at > 0 && out[at - 1].weight < sentence.weight; at--)
      out[at] = out[at - 1];
    out[at] = sentence;
  }
  return count;
}
