/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/collect/groupings.h"
#include "rule_numbers.h"

#include <math.h>
#include <string.h>

/* Caches that are reclaimable on every kernel. Of others it is known by their size alone,
 * since all slabs of a cache count as the one or as the other (mm/slab.h:
 * cache_vmstat_idx): a cache larger than SReclaimable is unreclaimable. */
static const char *const reclaimable_names[] = {
    "dentry",           "inode_cache", "ext4_inode_cache", "nfs_inode_cache",
    "proc_inode_cache", "xfs_inode",   "btrfs_inode",      "fuse_inode",
};

/* SReclaimable, or at least a bound: it is in use, and SUnreclaim is not part of it. */
static struct amount at_most_reclaimable(const struct context *c)
{
  const struct meminfo *m = c->meminfo;
  if (is_known(m->s_reclaimable))
    return amount_of(m->s_reclaimable);
  return amount_difference(memory_in_use(c), amount_of(m->s_unreclaim));
}

/* Whether the cache is certainly, and whether it is possibly, of the kind. */
struct kind {
  bool certain, possible;
};

static bool is_above(const struct grouping_member *cache, struct amount bytes)
{
  return is_known(bytes) && (double)cache->bytes > (double)bytes.value;
}

static struct kind kind_of(const struct context *c, bool reclaimable,
                           const struct grouping_member *cache)
{
  bool named = false;
  for (size_t i = 0; i < sizeof(reclaimable_names) / sizeof(*reclaimable_names); i++)
    named |= strcmp(cache->name, reclaimable_names[i]) == 0;
  const bool is_reclaimable =
      named || is_above(cache, amount_of(c->meminfo->s_unreclaim));
  const bool is_not = !is_reclaimable && is_above(cache, at_most_reclaimable(c));
  return reclaimable ? (struct kind){is_reclaimable, !is_not}
                     : (struct kind){is_not, !is_reclaimable};
}

/* Objects that are free but on a per-CPU slab count as in use (mm/slub.c: get_slabinfo).
 * So do cached objects that nothing refers to: of a reclaimable cache only a small share
 * means something. */
static void add_cache(struct list *list, bool reclaimable,
                      const struct grouping_member *cache)
{
  const double percent =
      cache->count > 0 ? 100 * (double)cache->extra[0] / (double)cache->count : 0;
  struct formatted in_use = {""};
  if (percent < 1)
    format_append(in_use.text, sizeof(in_use.text), " (under 1 %% in use)");
  else if (!reclaimable || percent < MOST_PERCENT)
    format_append(in_use.text, sizeof(in_use.text), " (%.0f %% in use)", floor(percent));
  list_add(list, "%.32s with %s%s", cache->name, format_bytes((double)cache->bytes).text,
           in_use.text);
}

/* The largest caches that may be part of SReclaimable or of SUnreclaim, which is `bytes`.
 */
struct caches {
  struct list list;
  bool certain; /* they are a part of it, and no other cache is larger */
};

static struct caches largest_caches(const struct context *c, bool reclaimable,
                                    double bytes)
{
  static const double percent = 1; /* of those bytes: smaller ones are no answer */
  struct caches out = {.certain = is_known(c->meminfo->slab)};
  struct grouping_member cache;
  double rest = (double)grouping_total(c->sample, GROUPING_slab_caches).value, least = 0;
  for (unsigned n = 0; grouping_member(c->sample, GROUPING_slab_caches, n, &cache); n++) {
    const struct kind kind = kind_of(c, reclaimable, &cache);
    rest -= (double)cache.bytes;
    if (!kind.possible || out.list.count == LIST_NAMED_MAX ||
        (double)cache.bytes < percent / 100 * bytes)
      continue;
    add_cache(&out.list, reclaimable, &cache);
    out.certain &= kind.certain;
    least = (double)cache.bytes;
  }
  /* A slabinfo need not be complete. A cache that it lacks is not larger than the rest.
   */
  out.certain &= least >= rest;
  return out;
}

/* The end of a sentence about that part of Slab. */
static struct caches_text {
  char text[300];
} name_caches(const struct context *c, bool reclaimable, double bytes)
{
  struct caches_text out = {""};
  struct reading total = grouping_total(c->sample, GROUPING_slab_caches);
  if (total.state == READING_DENIED)
    format_append(out.text, sizeof(out.text),
                  "; its caches are in /proc/slabinfo, which is denied");
  if (!is_known(total))
    return out;
  const struct caches caches = largest_caches(c, reclaimable, bytes);
  if (caches.list.count > 0)
    format_append(out.text, sizeof(out.text), "; %s %s",
                  caches.certain
                      ? "its largest caches are"
                      : "the largest caches in /proc/slabinfo that may be part of it are",
                  caches.list.text);
  return out;
}

bool rule_slab_unreclaimable(const struct context *c, struct sentence *out)
{
  static const double percent = 5;
  struct amount slab = amount_of(c->meminfo->s_unreclaim);
  const double bytes = (double)slab.value;
  return is_large(c, percent, slab) &&
         say(out, bytes, "Unreclaimable slab (SUnreclaim) takes %s%s.",
             share_in_use(c, percent, bytes).text, name_caches(c, false, bytes).text);
}

bool rule_slab_growth(const struct context *c, struct sentence *out)
{
  struct sentence unused;
  if (c->before == NULL)
    return false;
  const struct reading now = c->meminfo->s_unreclaim;
  struct amount grown = growth(c->before->s_unreclaim, now);
  const bool named = rule_slab_unreclaimable(c, &unused);
  return is_growth(c, grown) &&
         say(out, (double)grown.value,
             "SUnreclaim has grown by %s since the first sample: if it keeps growing, "
             "suspect a leak in the kernel%s.",
             share(c, (double)grown.value).text,
             named ? "" : name_caches(c, false, (double)now.value).text);
}

bool rule_slab_reclaimable(const struct context *c, struct sentence *out)
{
  static const double percent = 20; /* a cache is unremarkable until it is large */
  struct amount slab = amount_of(c->meminfo->s_reclaimable);
  const double bytes = (double)slab.value;
  return is_large(c, percent, slab) &&
         say(out, bytes,
             "Reclaimable slab (SReclaimable), such as dentries and inodes, takes %s: "
             "under memory pressure, the kernel can free the objects that nothing refers "
             "to%s.",
             share_in_use(c, percent, bytes).text, name_caches(c, true, bytes).text);
}
