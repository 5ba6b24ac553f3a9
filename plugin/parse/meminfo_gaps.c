/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/parse/meminfo_gaps.h"

#define FIELD_OF(name) MEMINFO_FIELD_##name

/* Lines that the kernel prints together: where it prints one from `if_first` to
 * `if_last`, it prints all from `first` to `last` that its release has. */
static const struct group {
  enum meminfo_field if_first, if_last, first, last;
} groups[] = {
    {FIELD_OF(high_total), FIELD_OF(low_free), FIELD_OF(high_total), FIELD_OF(low_free)},
    {FIELD_OF(zswap), FIELD_OF(zswapped), FIELD_OF(zswap), FIELD_OF(zswapped)},
    {FIELD_OF(shmem_huge_pages), FIELD_OF(shmem_pmd_mapped), FIELD_OF(anon_huge_pages),
     FIELD_OF(shmem_pmd_mapped)},
    {FIELD_OF(file_huge_pages), FIELD_OF(file_pmd_mapped), FIELD_OF(anon_huge_pages),
     FIELD_OF(file_pmd_mapped)},
    {FIELD_OF(cma_total), FIELD_OF(cma_free), FIELD_OF(cma_total), FIELD_OF(cma_free)},
    {FIELD_OF(gpu_active), FIELD_OF(gpu_reclaim), FIELD_OF(gpu_active),
     FIELD_OF(gpu_reclaim)},
    {FIELD_OF(huge_pages_total_count), FIELD_OF(hugetlb),
     FIELD_OF(huge_pages_total_count), FIELD_OF(hugetlb)},
    {FIELD_OF(direct_map_64k), FIELD_OF(direct_map_16g), FIELD_OF(direct_map_4k),
     FIELD_OF(direct_map_4k)},
    {FIELD_OF(pdt_max_entries_count), FIELD_OF(pdt_cur_entries_count),
     FIELD_OF(pdt_max_entries_count), FIELD_OF(pdt_cur_entries_count)},
};

static bool has(const struct reading *fields, enum meminfo_field row)
{
  return fields[row].state != READING_ABSENT;
}

static bool has_any(const struct reading *fields, enum meminfo_field first,
                    enum meminfo_field last)
{
  for (unsigned row = first; row <= last; row++)
    if (has(fields, row))
      return true;
  return false;
}

/* The release whose lines the kernel has at least. */
static enum meminfo_release release_of(const struct reading *fields)
{
  enum meminfo_release release = MEMINFO_RELEASE_2_6_18;
  for (unsigned row = 0; row < MEMINFO_FIELD_COUNT; row++)
    if (has(fields, row) && meminfo_rows[row].proves > release)
      release = meminfo_rows[row].proves;
  /* VmallocChunk is 0 since 4.4. */
  const struct reading total = fields[FIELD_OF(vmalloc_total)];
  const struct reading chunk = fields[FIELD_OF(vmalloc_chunk)];
  bool is_4_4 = total.value > 0 && is_known(chunk) && chunk.value == 0 &&
                !has(fields, FIELD_OF(mmap_copy));
  return is_4_4 && release < MEMINFO_RELEASE_3_14 ? MEMINFO_RELEASE_3_14 : release;
}

/* The address space for vmalloc of x86-64, with four and with five levels of page tables
 * (arch/x86/include/asm/pgtable_64_types.h). */
static bool is_x86_64(const struct reading *fields)
{
  const uint64_t kb = fields[FIELD_OF(vmalloc_total)].value / 1024;
  return kb == 34359738367 || kb == 13743895347199;
}

static bool is_direct_map_short(const struct reading *fields)
{
  const struct reading low = fields[FIELD_OF(low_total)];
  const struct reading memory = is_known(low) ? low : fields[FIELD_OF(mem_total)];
  uint64_t sum = 0;
  for (unsigned row = FIELD_OF(direct_map_4k); row <= FIELD_OF(direct_map_16g); row++)
    sum += fields[row].value / 1024;
  return has_any(fields, FIELD_OF(direct_map_4k), FIELD_OF(direct_map_16g)) &&
         sum < memory.value / 1024;
}

static void find_groups(const struct reading *fields, enum meminfo_release release,
                        bool lacks[MEMINFO_FIELD_COUNT])
{
  for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++)
    if (has_any(fields, groups[i].if_first, groups[i].if_last))
      for (unsigned row = groups[i].first; row <= groups[i].last; row++)
        lacks[row] |= meminfo_rows[row].from <= release;
  if (!is_x86_64(fields) || release < MEMINFO_RELEASE_2_6_28)
    return;
  lacks[FIELD_OF(direct_map_4k)] = true;
  lacks[FIELD_OF(direct_map_2m)] = !has(fields, FIELD_OF(direct_map_4m));
  lacks[FIELD_OF(direct_map_1g)] |= has(fields, FIELD_OF(direct_map_4k)) &&
                                    has(fields, FIELD_OF(direct_map_2m)) &&
                                    is_direct_map_short(fields);
}

static bool is_always_printed(const struct meminfo_row *row, enum meminfo_release release)
{
  bool fading = row->printed == MEMINFO_PRINTED_FADING && release < MEMINFO_RELEASE_6_1;
  return (row->printed == MEMINFO_PRINTED_ALWAYS || fading) && row->from <= release;
}

struct meminfo_gaps meminfo_gaps_find(const struct reading fields[MEMINFO_FIELD_COUNT],
                                      enum meminfo_field torn, bool broken)
{
  struct meminfo_gaps gaps = {.broken = broken,
                              .short_direct_map = is_direct_map_short(fields)};
  const enum meminfo_release release = release_of(fields);
  find_groups(fields, release, gaps.lacks);
  for (unsigned row = 0; row < MEMINFO_FIELD_COUNT; row++) {
    bool *lacks = &gaps.lacks[row];
    *lacks |= is_always_printed(&meminfo_rows[row], release);
    *lacks = row == torn || (*lacks && !has(fields, row));
    if (*lacks && gaps.count++ == 0)
      gaps.first = row;
    else if (!*lacks && has(fields, row))
      gaps.last = row;
  }
  gaps.open = broken || gaps.count > 0 || gaps.last < FIELD_OF(huge_page_size);
  return gaps;
}
