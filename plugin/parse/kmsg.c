/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "meminfo_explain/parse/kmsg.h"

#include <string.h>

/* Skips to the end of the first `text`. False, with *line unchanged, where there is none.
 */
static bool skip_past(struct scan *line, const char *text)
{
  size_t length = strlen(text);
  const char *at = memmem(line->at, (size_t)(line->end - line->at), text, length);
  if (at != NULL)
    line->at = at + length;
  return at != NULL;
}

static bool contains(struct scan line, const char *text)
{
  return skip_past(&line, text);
}

static void take_percpu(struct scan line, uint64_t page_size, struct boot *out)
{
  uint64_t pages, bytes;
  if (!is_known(out->percpu_unit) && skip_past(&line, "percpu: Embedded ") &&
      span_number(scan_word(&line), &pages) == 0 &&
      span_starts(scan_word(&line), "pages/cpu") && scale(pages, page_size, &bytes) == 0)
    out->percpu_unit = reading_known(bytes);
}

/* The number in brackets is that of a node. Lines without one are not of units. */
static void take_percpu_units(struct scan line, struct boot *out)
{
  uint64_t units = 0;
  if (!is_known(out->percpu_unit) || !skip_past(&line, "pcpu-alloc: ["))
    return;
  scan_word(&line);
  for (struct span word = scan_word(&line); word.length > 0; word = scan_word(&line))
    units += word.at[0] != '[';
  reading_add(&out->percpu_units_count, units);
}

/* Allocated before the buddy allocator was set up. */
static bool is_early(struct scan line)
{
  return contains(line, "Dentry cache hash table") ||
         contains(line, "Inode-cache hash table") ||
         contains(line, "PV qspinlock hash table");
}

static void take_hash_table(struct scan line, struct boot *out)
{
  uint64_t entries, order, bytes;
  bool early = is_early(line);
  if (!skip_past(&line, " hash table entries: ") || early ||
      span_number(scan_word(&line), &entries) != 0 ||
      !span_is(scan_word(&line), "(order:"))
    return;
  struct span word = scan_word(&line);
  if (word.length == 0 || word.at[--word.length] != ',' ||
      span_number(word, &order) != 0 || span_number(scan_word(&line), &bytes) != 0 ||
      !span_is(scan_word(&line), "bytes,") || !span_is(scan_word(&line), "linear)"))
    return;
  reading_add(&out->hash_tables, bytes);
}

/* `DMA: preallocated N KiB ... pool for atomic allocations`. */
static void take_dma_pool(struct scan line, struct boot *out)
{
  uint64_t kib, bytes;
  if (skip_past(&line, "DMA: preallocated ") &&
      span_number(scan_word(&line), &kib) == 0 && span_is(scan_word(&line), "KiB") &&
      contains(line, " pool for atomic allocations") && scale(kib, 1024, &bytes) == 0)
    reading_add(&out->dma_pools, bytes);
}

/* `ftrace: allocated N pages with M groups`. */
static void take_ftrace(struct scan line, uint64_t page_size, struct boot *out)
{
  uint64_t pages, bytes;
  if (!is_known(out->ftrace_records) && skip_past(&line, "ftrace: allocated ") &&
      span_number(scan_word(&line), &pages) == 0 && span_is(scan_word(&line), "pages") &&
      scale(pages, page_size, &bytes) == 0)
    out->ftrace_records = reading_known(bytes);
}

/* Parses a hexadecimal number of up to 60 bits. */
static bool take_hex(struct scan *line, uint64_t *out)
{
  const char *begin = line->at;
  uint64_t value = 0;
  for (; line->at < line->end; line->at++) {
    const char *digits = "0123456789abcdef";
    const char *digit = *line->at != '\0' ? strchr(digits, *line->at) : NULL;
    if (digit == NULL)
      break;
    if (value >> 56 != 0)
      return false;
    value = 16 * value + (uint64_t)(digit - digits);
  }
  *out = value;
  return line->at > begin;
}

static void take_swiotlb(struct scan line, struct boot *out)
{
  uint64_t first, last;
  /* It was not needed, and its memory was added to MemTotal (swiotlb_exit). */
  if (contains(line, "software IO TLB: tearing down default memory pool"))
    out->swiotlb = reading_missing(READING_ABSENT);
  if (!is_known(out->swiotlb) && skip_past(&line, "software IO TLB: mapped [mem 0x") &&
      take_hex(&line, &first) && skip_past(&line, "-0x") && take_hex(&line, &last) &&
      last > first)
    /* The end that is printed is exclusive (swiotlb_print_info). */
    out->swiotlb = reading_known(last - first);
}

void kmsg_parse(struct scan text, uint64_t page_size, struct boot *out)
{
  struct scan line;
  *out = (struct boot){0};
  while (scan_line(&text, &line)) {
    take_percpu(line, page_size, out);
    take_percpu_units(line, out);
    take_hash_table(line, out);
    take_swiotlb(line, out);
    take_dma_pool(line, out);
    take_ftrace(line, page_size, out);
  }
}
