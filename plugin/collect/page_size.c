/* SPDX-License-Identifier: MIT */
#include "page_size.h"
#include "meminfo_explain/parse/field.h"
#include "meminfo_explain/parse/grouping_list.h"
#include "meminfo_explain/parse/zoneinfo.h"

#include <errno.h>
#include <math.h>
#include <unistd.h>

/* Lines of meminfo that count pages, and the same number in vmstat; NULL where that has
 * none, or one that differs: AnonPages includes huge pages, which nr_anon_pages did not
 * before 4.8, and MemFree has pages that no zone has yet while struct pages are being
 * initialised. */
static const struct {
  const char *meminfo, *vmstat;
} lines[] = {
    {"Mapped", "nr_mapped"},
    {"Active(file)", "nr_active_file"},
    {"Inactive(file)", "nr_inactive_file"},
    {"PageTables", "nr_page_table_pages"},
    {"MemTotal", NULL},
    {"MemFree", NULL},
    {"MemAvailable", NULL},
    {"Buffers", NULL},
    {"Cached", NULL},
    {"Active", NULL},
    {"Inactive", NULL},
    {"Active(anon)", NULL},
    {"Inactive(anon)", NULL},
    {"Unevictable", NULL},
    {"AnonPages", NULL},
    {"Shmem", NULL},
    {"SReclaimable", NULL},
    {"SUnreclaim", NULL},
    {"SwapTotal", NULL},
    {"Committed_AS", NULL},
};
enum { LINES = sizeof(lines) / sizeof(*lines), MEM_TOTAL = 4 };

static const uint64_t smallest = 4096, largest = (uint64_t)1 << 18;

static struct scan scan_of(const struct text *text)
{
  return scan_text(text->bytes, text->length);
}

/* Word 2 of the line; 0 where there is none. */
static uint64_t number(const struct text *text, const char *key)
{
  struct parse_error parse_error = {0};
  uint64_t value = 0;
  return field_parse(scan_of(text), key, 2, &value, &parse_error) == 0 ? value : 0;
}

/* The page size by which `pages` come to about `kb`; 0 where there is none. The two are
 * of different files, which differ by far less than a factor of two. */
static uint64_t fit(uint64_t kb, uint64_t pages)
{
  double bytes = 1024 * (double)kb;
  for (uint64_t guess = smallest; guess <= largest && pages > 0; guess *= 2) {
    double guessed = (double)guess * (double)pages;
    if (bytes > 0.75 * guessed && bytes < 1.4 * guessed)
      return guess;
  }
  return 0;
}

/* The largest page size that divides all lines. *chance is the number of bits
 * that would have to be 0 by chance if pages were of the smallest size. */
static uint64_t common_divisor(const uint64_t kb[LINES], unsigned *chance)
{
  uint64_t bits = largest / 1024;
  unsigned known = 0;
  for (unsigned i = 0; i < LINES; i++) {
    bits |= kb[i];
    known += kb[i] > 0;
  }
  uint64_t divisor = (bits & -bits) * 1024;
  *chance = 0;
  for (uint64_t size = smallest; size < divisor; size *= 2)
    *chance += known;
  return divisor;
}

/* By meminfo alone; 0 where that does not show it. Round numbers, as people make them up,
 * are multiples of more than a page. */
static uint64_t by_divisor(uint64_t divisor, unsigned chance)
{
  return divisor < largest && chance >= 16 ? divisor : 0;
}

/* Takes no page size that does not divide the lines of meminfo: then the files are of two
 * machines. */
static uint64_t by_vmstat(const struct text *vmstat, const uint64_t kb[LINES],
                          uint64_t divisor)
{
  for (unsigned i = 0; i < LINES; i++) {
    uint64_t found =
        lines[i].vmstat != NULL ? fit(kb[i], number(vmstat, lines[i].vmstat)) : 0;
    if (found != 0 && found <= divisor)
      return found;
  }
  return 0;
}

/* A slab is more than half full of objects (mm/slub.c: calculate_order), so the pages of
 * a slab cache are the smallest in which its objects fit. Of all caches the fullest one
 * counts, because some slabs may be smaller than the file says. 0 where that is no page
 * size. */
static uint64_t by_slabinfo(const struct text *slabinfo)
{
  struct grouping_list caches = {.total = reading_known(0)};
  struct parse_error parse_error = {0};
  double fullest = 0; /* bytes of objects per page */
  uint64_t found = smallest;
  if (slab_caches_parse(scan_of(slabinfo), 1, &caches, &parse_error) != 0)
    return 0;
  for (unsigned i = 0; i < caches.count; i++) {
    const struct grouping_member *cache = &caches.members[i];
    if (cache->bytes == 0 || cache->extra[0] == 0)
      continue;
    const double size = (double)cache->extra[1] / (double)cache->extra[0];
    fullest = fmax(fullest, size * (double)cache->count / (double)cache->bytes);
  }
  while ((double)found < 0.999 * fullest) /* rounded */
    found *= 2;
  return fullest > (double)smallest / 2 && found <= largest ? found : 0;
}

/* Where meminfo has several lines that are multiples of it. Else zones may be missing, or
 * the kernel is still initialising struct pages: they add up to less than MemTotal. */
static uint64_t by_zoneinfo(const struct text *zoneinfo, const uint64_t kb[LINES],
                            uint64_t divisor, unsigned chance)
{
  struct parse_error parse_error = {0};
  struct zoneinfo pages;
  if (zoneinfo_parse(scan_of(zoneinfo), 1, &pages, &parse_error) != 0)
    return 0;
  uint64_t found = fit(kb[MEM_TOTAL], is_known(pages.managed) ? pages.managed.value
                                                              : pages.present.value);
  return found <= divisor && chance >= 8 ? found : 0;
}

int page_size_of_capture(const struct sysroot *root, struct text *text, uint64_t *out)
{
  uint64_t kb[LINES], divisor, found = 0;
  unsigned chance;
  *out = (uint64_t)sysconf(_SC_PAGESIZE);
  int error = sysroot_slurp(root, "proc/meminfo", text);
  if (error != 0)
    return error == -ENOMEM ? error : 0;
  for (unsigned i = 0; i < LINES; i++)
    kb[i] = number(text, lines[i].meminfo);
  divisor = common_divisor(kb, &chance);
  error = sysroot_slurp(root, "proc/vmstat", text);
  if (error == 0)
    found = by_vmstat(text, kb, divisor);
  else if (error == -ENOMEM)
    return error;
  if (found == 0 && (error = sysroot_slurp(root, "proc/slabinfo", text)) == 0)
    found = by_slabinfo(text);
  if (error == -ENOMEM)
    return error;
  if (found == 0)
    found = by_divisor(divisor, chance);
  if (found == 0 && (error = sysroot_slurp(root, "proc/zoneinfo", text)) == 0)
    found = by_zoneinfo(text, kb, divisor, chance);
  if (found != 0)
    *out = found;
  return error == -ENOMEM ? error : 0;
}
