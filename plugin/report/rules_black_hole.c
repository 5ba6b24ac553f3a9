/* SPDX-License-Identifier: MIT */
#include "rule_bounds.h"
#include "rule_numbers.h"

#include <math.h>
#include <stdio.h>

/* As much as in rule_allocinfo_site. */
#define UNCOUNTED_PERCENT 0.5

/* User memory that is allocated and not counted, where it is most of what has no known
 * owner; else 0. */
static double uncounted_of(const struct context *c)
{
  const struct black_hole *hole = &c->explanation->black_hole;
  bool most = exceeds(hole->uncounted, MOST_PERCENT, hole->unexplained) &&
              is_large(c, UNCOUNTED_PERCENT, hole->uncounted);
  return most ? (double)hole->uncounted.value : 0;
}

/* A small part of the black hole does not explain it. */
static bool is_noticeable(const struct context *c, double bytes)
{
  static const double percent_of_hole = 10, percent = 1;
  return bytes >=
             percent_of_hole / 100 * (double)c->explanation->black_hole.estimate.value ||
         bytes > percent / 100 * (double)c->total.value;
}

bool rule_black_hole_owner(const struct context *c, struct sentence *out)
{
  /* Above what boot leaves in the black hole (hash tables, the huge zero page) on
   * machines of several GiB. */
  static const double percent = 0.5;
  const struct black_hole *hole = &c->explanation->black_hole;
  enum term largest = largest_hidden(c);
  if (!is_large(c, percent, hole->estimate) || largest == TERM_COUNT)
    return false;
  const struct stated size = state_number(c, hole->estimate, &hole->range);
  double bytes = (double)term(c, largest).value;
  if (!is_noticeable(c, bytes) || uncounted_of(c) > bytes)
    return false;
  struct formatted part = {""};
  if (size.certainty == CERTAIN)
    format_append(part.text, sizeof(part.text), ", %.0f %% of it",
                  100 * bytes / size.bytes);
  return say(out, bytes,
             "The black hole is %s; its largest known owner is %s with %s%s "
             "(see %s).",
             size.text.text, owner_of(largest).name, format_bytes(bytes).text, part.text,
             owner_of(largest).source);
}

/* What vmalloc may hold at sites that count as the black hole, because its callers are
 * not known. */
static double vmalloc_in_sites(const struct context *c)
{
  const struct allocinfo *info = &c->sample->allocinfo;
  const struct amount vmalloc = term(c, TERM_KERNEL_vmalloc);
  if (is_known(c->sample->vmallocinfo.pages) || !is_known(vmalloc))
    return 0;
  return fmax((double)vmalloc.value - (double)info->place[ALLOCINFO_VMALLOC].value, 0);
}

/* The largest site of the black hole; NULL where the kernel does not count by site. */
static const struct allocinfo_site *largest_site(const struct context *c)
{
  const struct allocinfo *info = &c->sample->allocinfo;
  bool counted = is_known(c->explanation->black_hole.allocinfo) &&
                 info->sites_listed > 0 &&
                 (double)info->sites[0].bytes > vmalloc_in_sites(c);
  return counted ? &info->sites[0] : NULL;
}

/* Whether no site that allocinfo lacks can be larger. It lacks sites where it was cut off
 * or filtered, and what was allocated before profiling began (vm.mem_profiling). */
static bool is_largest_of_all(const struct context *c, const struct allocinfo_site *site)
{
  const struct amount lacks = c->explanation->black_hole.allocinfo_difference;
  return is_known(lacks) &&
         (double)lacks.value + vmalloc_in_sites(c) <= (double)site->bytes;
}

/* Every kernel has a little: page directories, pipes, rings. */
static bool is_unexplained_large(const struct context *c, struct amount unexplained)
{
  return is_large(c, HOLE_PERCENT, unexplained);
}

/* Whether what has no known owner is large, and certainly so. */
static bool is_certainly_large(const struct context *c, struct stated *size)
{
  const struct black_hole *hole = &c->explanation->black_hole;
  if (!is_unexplained_large(c, hole->unexplained))
    return false;
  *size = state_number(c, hole->unexplained, &hole->unexplained_range);
  return size->certainty <= LEAST &&
         is_unexplained_large(c, amount_of(reading_known((uint64_t)size->bytes)));
}

bool rule_uncounted(const struct context *c, struct sentence *out)
{
  const struct black_hole *hole = &c->explanation->black_hole;
  const struct allocinfo *info = &c->sample->allocinfo;
  if (!is_large(c, UNCOUNTED_PERCENT, hole->uncounted) || info->user_sites_listed == 0)
    return false;
  const struct allocinfo_site *site = &info->user_sites[0];
  const double bytes = (double)hole->uncounted.value;
  const double sites = (double)info->place[ALLOCINFO_USER].value;
  const double rest = is_known(hole->unexplained) ? (double)hole->unexplained.value : 0;
  /* Before rule_unexplained, which is about the same memory. */
  return say(
      out, bytes > rest ? bytes : rest,
      "Allocation sites of the page cache and anonymous memory hold at least %s, but the "
      "LRU lists, Cached, Buffers and AnonPages count only %s: at least %s left them "
      "without being freed; the largest such site is %s%s at %s with %s.",
      format_bytes(sites).text, format_bytes(sites - bytes).text,
      share_in_use(c, UNCOUNTED_PERCENT, bytes).text, site->function,
      format_module(site->module).text, site->file,
      format_bytes((double)site->bytes).text);
}

/* Whether the largest site of user memory holds most of so many pages. */
static bool is_site_of(const struct context *c, double bytes)
{
  const struct allocinfo *info = &c->sample->allocinfo;
  return is_known(c->explanation->black_hole.allocinfo) && info->user_sites_listed > 0 &&
         (double)info->user_sites[0].bytes > MOST_PERCENT / 100.0 * bytes;
}

bool rule_lru_cache(const struct context *c, struct sentence *out)
{
  /* A leak starts small. */
  static const double percent = 0.5;
  static const char *const reasons =
      "that is in no cache and mapped by no process: unmapped parts of huge pages, pages "
      "pinned by a driver, or leaked pages";
  const struct amount pages = uncached(c);
  const double bytes = (double)pages.value;
  const struct allocinfo_site *site = &c->sample->allocinfo.user_sites[0];
  if (!is_large(c, percent, pages))
    return false;
  const struct formatted size = share_in_use(c, percent, bytes);
  out->choice = is_site_of(c, bytes);
  if (out->choice > 0)
    return say(
        out, bytes,
        "The LRU lists hold %s %s; the largest allocation site of such pages is %s "
        "at %s with %s.",
        size.text, reasons, site->function, site->file,
        format_bytes((double)site->bytes).text);
  return say(out, bytes, "The LRU lists hold %s %s.", size.text, reasons);
}

/* Whether no driver's file can have been seen: a captured tree has neither one nor other
 * files of /sys. */
static bool lacks_drivers(const struct context *c)
{
  const struct source_status *sources = c->sample->sources;
  bool any = c->sample->credentials.live ||
             sources[SOURCE_hugepages].state != READING_ABSENT ||
             sources[SOURCE_cpu_possible].state != READING_ABSENT;
  for (unsigned i = SOURCE_FIRST_CONSUMER; i < SOURCE_COUNT; i++)
    any |= sources[i].state != READING_ABSENT;
  return !any;
}

/* What the allocation sites say of so many bytes without an owner. A site that holds
 * little of them says nothing. */
static struct clauses sites_of(const struct context *c, double bytes)
{
  static const double part = 0.1;
  const struct amount sum = c->explanation->black_hole.allocinfo;
  const struct allocinfo_site *site = largest_site(c);
  struct clauses out = {.count = is_known(sum)};
  if (site != NULL && (double)site->bytes >= part * bytes)
    format_append(out.text, sizeof(out.text), "%s is %s%s with %s",
                  is_largest_of_all(c, site)
                      ? ", whose largest allocation site in /proc/allocinfo"
                      : "; the largest allocation site of what /proc/allocinfo counts",
                  site->function, format_module(site->module).text,
                  format_bytes((double)site->bytes).text);
  else if (is_known(sum) && c->sample->allocinfo.sites_listed == 0)
    format_append(out.text, sizeof(out.text),
                  ", and no allocation site in /proc/allocinfo holds whole pages");
  else if (site != NULL)
    format_append(
        out.text, sizeof(out.text),
        "; the allocation sites of the black hole that /proc/allocinfo counts are "
        "all small, %s together",
        format_bytes((double)sum.value).text);
  return out;
}

bool rule_unexplained(const struct context *c, struct sentence *out)
{
  static const char *const advice =
      "; to see which code allocated it, use /proc/allocinfo (since Linux 6.10, with "
      "CONFIG_MEM_ALLOC_PROFILING and sysctl vm.mem_profiling=1) or boot with "
      "page_owner=on";
  enum { NEXT_CONFIG, NEXT_SITES, NEXT_MACHINE };
  const enum reading_state allocinfo = c->sample->sources[SOURCE_allocinfo].state;
  struct stated size = {.certainty = GUESS};
  if (!is_certainly_large(c, &size) || uncounted_of(c) > 0)
    return false;
  const struct amount most = c->explanation->black_hole.unexplained_range.most;
  const double bytes = is_known(most) ? (double)most.value : size.bytes;
  const struct clauses sites = sites_of(c, size.bytes);
  const struct clauses owners = possible_owners(c, bytes, false);
  const bool blind = lacks_drivers(c);
  out->choice = allocinfo != READING_ABSENT ? NEXT_SITES
                : blind                     ? NEXT_MACHINE
                                            : NEXT_CONFIG;
  if (blind && sites.count == 0)
    return say(out, size.bytes,
               "No driver's file was captured, so the owner of %s of the black hole is "
               "unknown: ZFS, zram, a balloon, graphics or another driver may hold it%s.",
               size.text.text, owners.text);
  return say(out, size.bytes, "No %s accounts for %s of the black hole%s%s%s.",
             blind ? "captured file" : "known driver", size.text.text, sites.text,
             owners.text,
             sites.count > 0                  ? ""
             : allocinfo == READING_MALFORMED ? "; /proc/allocinfo is malformed"
                                              : advice);
}

bool rule_allocinfo_site(const struct context *c, struct sentence *out)
{
  static const double percent = 0.5;
  const struct allocinfo_site *site = largest_site(c);
  if (site == NULL || !is_large(c, percent, amount_of(reading_known(site->bytes))) ||
      uncounted_of(c) > (double)site->bytes)
    return false;
  return say(out, (double)site->bytes,
             "The largest allocation site of %s is %s%s at %s: %s.",
             is_largest_of_all(c, site) ? "the black hole in /proc/allocinfo"
                                        : "what /proc/allocinfo counts in the black hole",
             site->function, format_module(site->module).text, site->file,
             share_in_use(c, percent, (double)site->bytes).text);
}

/* The hidden consumers, and the balloon of an unknown driver, that could not be read. */
static struct list unread_consumers(const struct context *c)
{
  struct list list = {.count = 0};
  for (unsigned i = 0; i < TERM_COUNT; i++)
    if ((term_rows[i].view == TERM_VIEW_HIDDEN || i == TERM_UPPER_BOUND_balloon) &&
        !is_known(term(c, i)) && term(c, i).state != READING_ABSENT)
      list_add(&list, "%s", owner_of(i).name);
  return list;
}

/* Whether a consumer is known to hold a part of the black hole. */
static bool has_owner(const struct context *c)
{
  const struct amount hidden = c->explanation->black_hole.hidden;
  return is_known(hidden) && hidden.value > 0;
}

static bool is_hole_certain(const struct context *c)
{
  const struct black_hole *hole = &c->explanation->black_hole;
  return state_number(c, hole->estimate, &hole->range).certainty == CERTAIN;
}

/* Where the size of the black hole is only a bound, rule_uncertain names them. */
bool rule_consumers_unreadable(const struct context *c, struct sentence *out)
{
  struct amount unexplained = c->explanation->black_hole.unexplained;
  const struct list list = unread_consumers(c);
  if (!is_unexplained_large(c, unexplained) || list.count == 0 || !is_hole_certain(c))
    return false;
  const struct formatted remedy =
      remedy_for_denied(c->sample, SOURCE_FIRST_CONSUMER, SOURCE_COUNT);
  const double number = (double)unexplained.value;
  choose_by_credentials(c, out);
  return say(out, number,
             "The unexplained %s may belong to consumers that could not be read "
             "(%s%s)%s%s.",
             share(c, number).text, list.text, list_rest(&list).text,
             remedy.text[0] != '\0' ? "; " : "", remedy.text);
}

/* "; consumers ... may be part of it", or "". */
static struct clauses unread_part(const struct context *c)
{
  const struct list list = unread_consumers(c);
  struct clauses out = {.count = list.count};
  if (list.count > 0)
    format_append(out.text, sizeof(out.text),
                  "; consumers whose files could not be read (%s%s) may be part of it",
                  list.text, list_rest(&list).text);
  return out;
}

/* What has no known owner where its size is only a bound: see rule_unexplained. */
bool rule_uncertain(const struct context *c, struct sentence *out)
{
  const struct black_hole *hole = &c->explanation->black_hole;
  const struct range *range = &hole->unexplained_range;
  const bool estimated = is_known(hole->estimate);
  const struct amount rest = estimated ? hole->unexplained : range->most;
  const struct clauses unread = unread_part(c);
  struct stated size = {.certainty = estimated ? GUESS : MOST};
  if (!is_unexplained_large(c, rest) || is_certainly_large(c, &size) ||
      (unread.count > 0 && is_hole_certain(c)) || uncounted_of(c) > 0)
    return false;
  const double number = (double)rest.value;
  const double most = is_known(range->most) ? (double)range->most.value : number;
  struct formatted word = {"About "};
  if (size.certainty == LEAST)
    snprintf(word.text, sizeof(word.text), "Between %.40s and ",
             format_bytes(size.bytes).text);
  else if (size.certainty == MOST)
    snprintf(word.text, sizeof(word.text), "Up to ");
  choose_by_credentials(c, out);
  return say(out, number, "%s%s is in no line of meminfo%s%s%s.", word.text,
             share(c, most).text, has_owner(c) ? " and of no known driver" : "",
             size.certainty == GUESS ? "; how exact that is is not known, because the "
                                       "files could not be read twice"
                                     : possible_owners(c, most, true).text,
             unread.text);
}

/* The error of a difference is that of both numbers; vmalloc, where it is unknown, is
 * part of both. */
bool rule_black_hole_growth(const struct context *c, struct sentence *out)
{
  const struct black_hole *hole = &c->explanation->black_hole;
  const bool with_vmalloc = c->explanation->decided.vmalloc.unbounded;
  const double grown = (double)hole->above_floor.value;
  struct formatted doubt = {""};
  if (!is_large(c, HOLE_PERCENT, hole->above_floor))
    return false;
  const double error = (double)bytes_or_0(hole->noise);
  if (grown <= error)
    format_append(doubt.text, sizeof(doubt.text), ", which its error of %s may explain",
                  format_bytes(error).text);
  return say(out, grown,
             "The black hole%s is %s above its lowest level since the first samples%s: "
             "if it keeps growing, suspect a leak in the kernel.",
             with_vmalloc ? ", in which vmalloc is here," : "",
             share_in_use(c, HOLE_PERCENT, grown).text, doubt.text);
}

bool rule_balloon_inside(const struct context *c, struct sentence *out)
{
  static const enum term balloons[] = {TERM_HIDDEN_vmware_balloon,
                                       TERM_HIDDEN_virtio_balloon};
  for (size_t i = 0; i < sizeof(balloons) / sizeof(*balloons); i++)
    if (exceeds(term(c, balloons[i]), 0, c->total))
      return say(out, (double)term(c, balloons[i]).value,
                 "The hypervisor has taken %s through %s: MemTotal still includes it, "
                 "although this machine cannot use it.",
                 share(c, (double)term(c, balloons[i]).value).text,
                 owner_of(balloons[i]).name);
  return false;
}

bool rule_balloon_outside(const struct context *c, struct sentence *out)
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

bool rule_kexec_loaded(const struct context *c, struct sentence *out)
{
  const struct reading loaded = c->sample->consumers.kexec_loaded_count;
  return is_known(loaded) && loaded.value > 0 &&
         say(out, 0,
             "A kernel is loaded for kexec: it and its initrd are in the black hole, and "
             "no file reports their size.");
}
