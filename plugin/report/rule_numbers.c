/* SPDX-License-Identifier: MIT */
#include "rule_numbers.h"
#include "remedy.h"

#include <linux/capability.h>
#include <math.h>
#include <string.h>

/* What counts as growth since the first sample: so much of MemTotal, or so many bytes
 * however large the machine is. */
static const double growth_percent = 1, growth_bytes = 64 << 20;

struct amount rules_mem_total(const struct sample *sample)
{
  struct amount total = amount_of(sample->meminfo.mem_total);
  return total.value > 0 ? total : (struct amount){.state = READING_ABSENT};
}

struct amount free_memory(const struct context *c)
{
  struct reading sum = c->meminfo->mem_free;
  struct amount pcp = term(c, TERM_FREE_pcp_free);
  if (is_known(sum) && is_known(pcp))
    reading_add(&sum, (uint64_t)pcp.value);
  return amount_of(sum);
}

struct amount memory_in_use(const struct context *c)
{
  struct amount in_use = amount_difference(c->total, free_memory(c));
  return in_use.value > 0 ? in_use : (struct amount){.state = READING_ABSENT};
}

static double large_percent(double percent)
{
  return fmin(fmax(LARGE_FACTOR * percent, LARGE_PERCENT_MIN), LARGE_PERCENT_MAX);
}

bool is_large(const struct context *c, double percent, struct amount part)
{
  struct amount in_use = memory_in_use(c);
  return exceeds(part, percent, c->total) ||
         (exceeds(part, large_percent(percent), in_use) && part.value <= in_use.value &&
          part.value >= LARGE_BYTES_MIN &&
          exceeds(part, LARGE_PERMILLE / 10.0, c->total));
}

struct formatted share_in_use(const struct context *c, double percent, double bytes)
{
  struct formatted text = share(c, bytes);
  struct amount in_use = memory_in_use(c);
  const double of_use = is_known(in_use) ? 100 * bytes / (double)in_use.value : 0;
  if (bytes > percent / 100 * (double)c->total.value || of_use < LARGE_PERCENT_MIN ||
      of_use > 100)
    return text;
  text.text[strlen(text.text) - 1] = '\0'; /* the parenthesis */
  /* Without zoneinfo, some of what counts as in use is free. */
  format_append(text.text, sizeof(text.text), ", %s%.1f %% of the memory in use)",
                is_known(term(c, TERM_FREE_pcp_free)) ? "" : "at least ", of_use);
  return text;
}

bool is_growth(const struct context *c, struct amount grown)
{
  return exceeds(grown, growth_percent, c->total) ||
         (is_known(c->total) && is_known(grown) && (double)grown.value > growth_bytes);
}

struct amount cache_without_shmem(const struct meminfo *m)
{
  struct reading sum = m->cached;
  if (!is_known(m->cached) || !is_known(m->buffers) || !is_known(m->shmem))
    return (struct amount){.state = READING_ABSENT};
  reading_add(&sum, m->buffers.value);
  return growth(m->shmem, sum);
}

struct amount uncached(const struct context *c)
{
  /* The lists are too long, or pages that do not exist are isolated. */
  if (is_known(imbalance(c, IDENTITY_lru_lists, 1)) ||
      is_known(imbalance(c, IDENTITY_isolated, 1)))
    return (struct amount){.state = READING_ABSENT};
  return imbalance(c, IDENTITY_lru_cache, 1);
}

/* Anonymous memory freed by MADV_FREE moves to the file lists (mm/swap.c:
 * lru_lazyfree_fn) and is in AnonPages until it is reclaimed: what the one identity
 * lacks, the other has in excess. */
struct amount lazyfree(const struct context *c)
{
  struct amount missing = imbalance(c, IDENTITY_anon_lru, -1);
  struct amount excess = imbalance(c, IDENTITY_file_lru, 1);
  /* A Shmem that is too large has the same shape. */
  if (!is_known(missing) || !is_known(excess) || missing.value <= 0 ||
      excess.value <= 0 || is_known(imbalance(c, IDENTITY_shmem_cached, 1)))
    return (struct amount){.state = READING_ABSENT};
  return missing.value < excess.value ? missing : excess;
}

struct owner owner_of(enum term term)
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
      [TERM_HIDDEN_ftrace_records] = {"records of traceable functions (ftrace)",
                                      "/sys/kernel/tracing/dyn_ftrace_total_info"},
      [TERM_HIDDEN_dma_pools] = {"pools for DMA in atomic context",
                                 "/sys/kernel/debug/dma_pools"},
      [TERM_HIDDEN_block_queues] = {"requests of block devices",
                                    "nr_tags in /sys/block/*/mq"},
      [TERM_HIDDEN_integrity_pool] = {"integrity buffers of block devices",
                                      "block/bio-integrity.c of the kernel"},
      [TERM_HIDDEN_boot_leak] = {"memory lost at boot", "managed in /proc/zoneinfo"},
      [TERM_HIDDEN_hash_tables] = {"hash tables allocated at boot",
                                   "\"hash table entries\" in dmesg"},
      [TERM_HIDDEN_memmap] = {"struct pages of hot-added memory (memmap)",
                              "nr_memmap_pages in /proc/vmstat"},
      [TERM_UPPER_BOUND_balloon] = {"a balloon", "balloon_inflate in /proc/vmstat"},
  };
  if (owners[term].name != NULL)
    return owners[term];
  return (struct owner){term_rows[term].name, "meminfo-explain"};
}

enum term largest_hidden(const struct context *c)
{
  unsigned largest = TERM_COUNT;
  for (unsigned i = 0; i < TERM_COUNT; i++)
    if (term_rows[i].view == TERM_VIEW_HIDDEN && is_known(term(c, i)) &&
        term(c, i).value > 0 &&
        (largest == TERM_COUNT || term(c, i).value > term(c, largest).value))
      largest = i;
  return largest;
}

void choose_by_credentials(const struct context *c, struct sentence *out)
{
  const struct credentials *who = &c->sample->credentials;
  out->choice = !who->live ? NEXT_CAPTURED : who->root ? NEXT_AS_ROOT : NEXT_AS_USER;
}

struct formatted remedy_for_denied(const struct sample *sample, enum source first,
                                   enum source end)
{
  uint64_t needed = 0;
  for (enum source i = first; i < end; i++) {
    int capability = capability_in(source_rows[i].remedy);
    if (sample->sources[i].state == READING_DENIED && capability >= 0)
      needed |= (uint64_t)1 << capability;
  }
  if (sample->hash_tables.state == READING_DENIED)
    needed |= (uint64_t)1 << CAP_SYSLOG;
  return remedy_for_all(&sample->credentials, needed);
}

static bool say_number(double bytes, const char *number, const char *text,
                       struct sentence *out)
{
  const char *mark = strstr(text, "{}");
  return say(out, bytes, "%.*s%s%s", (int)(mark - text), text, number,
             mark + strlen("{}"));
}

bool say_above(const struct context *c, double percent, struct amount number,
               const char *text, struct sentence *out)
{
  const double bytes = (double)number.value;
  return exceeds(number, percent, c->total) &&
         say_number(bytes, share(c, bytes).text, text, out);
}

bool say_in_use(const struct context *c, double percent, struct amount number,
                const char *text, struct sentence *out)
{
  const double bytes = (double)number.value;
  return is_large(c, percent, number) &&
         say_number(bytes, share_in_use(c, percent, bytes).text, text, out);
}
