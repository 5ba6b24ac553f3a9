/* SPDX-License-Identifier: MIT */
#include "pss/process.h"

#include "suite.h"

#define KB(value) ((uint64_t)(value)*1024)
#define KNOWN(kb)                                                                        \
  {                                                                                      \
    .value = KB(kb), .state = READING_KNOWN                                              \
  }

/* Each Pss is cut to whole kB by itself: the parts have 1 kB less. */
static const struct smaps reading = {.rss = KNOWN(1000),
                                     .pss = KNOWN(701),
                                     .pss_anon = KNOWN(500),
                                     .pss_file = KNOWN(150),
                                     .pss_shmem = KNOWN(50),
                                     .anonymous = KNOWN(600),
                                     .private_clean = KNOWN(40),
                                     .private_dirty = KNOWN(460),
                                     .private_hugetlb = KNOWN(2048),
                                     .shared_hugetlb = KNOWN(4096),
                                     .swap_pss = KNOWN(7),
                                     .mappings_count = 3};

static struct process read_from(struct smaps smaps)
{
  struct process process = {.pid = 4711};
  process_take_smaps(&process, &smaps);
  return process;
}

#define ck_assert_split(part, anon_kb, file_kb, shmem_kb)                                \
  do {                                                                                   \
    ck_assert_uint_eq((part).anon, KB(anon_kb));                                         \
    ck_assert_uint_eq((part).file, KB(file_kb));                                         \
    ck_assert_uint_eq((part).shmem, KB(shmem_kb));                                       \
  } while (0)

START_TEST(reading_is_stored)
{
  struct process p = read_from(reading);
  ck_assert_int_eq(p.kind, PROCESS_READ);
  ck_assert(p.split);
  ck_assert_split(p.part, 500, 150, 50);
  ck_assert_uint_eq(p.pss, KB(701));
  ck_assert_uint_eq(p.shares, KB(201));
  ck_assert_uint_eq(p.swap_pss, KB(7));
  ck_assert_uint_eq(p.hugetlb_private, KB(2048));
  ck_assert_uint_eq(p.hugetlb_shared, KB(4096));
  ck_assert_uint_eq(p.mappings, 3);
  ck_assert_uint_eq(p.anon, KB(600));
  ck_assert_uint_eq(p.shared, KB(400));
  ck_assert_uint_eq(process_rss(&p), KB(1000));
  ck_assert_uint_eq(process_moved(&p), 0);
  ck_assert_uint_eq(p.pid, 4711);
}
END_TEST

/* The lines are printed one after the other: private pages may be added meanwhile. */
START_TEST(differences_do_not_wrap_below_zero)
{
  struct smaps smaps = reading;
  smaps.private_dirty = reading_known(KB(800));
  smaps.anonymous = reading_known(KB(1004));
  struct process p = read_from(smaps);
  ck_assert_uint_eq(p.shares, 0);
  ck_assert_uint_eq(p.shared, 0);
  ck_assert_uint_eq(p.anon, KB(1000));
}
END_TEST

/* Before 5.3. Anonymous is part of Rss, so it may be more than Pss. */
START_TEST(without_parts_of_pss_they_are_estimated_from_anonymous)
{
  static const struct {
    unsigned anonymous, anon, file;
  } cases[] = {{600, 600, 101}, {701, 701, 0}, {900, 701, 0}, {0, 0, 701}};
  for (size_t i = 0; i < LENGTH(cases); i++) {
    struct smaps smaps = reading;
    smaps.pss_anon = smaps.pss_file = smaps.pss_shmem = reading_missing(READING_ABSENT);
    smaps.anonymous = reading_known(KB(cases[i].anonymous));
    struct process p = read_from(smaps);
    ck_assert(!p.split);
    ck_assert_split(p.part, cases[i].anon, cases[i].file, 0);
    ck_assert_uint_eq(p.pss, KB(701));
  }
}
END_TEST

START_TEST(one_missing_part_counts_as_no_parts)
{
  for (int i = 0; i < 3; i++) {
    struct smaps smaps = reading;
    *(i == 0   ? &smaps.pss_anon
      : i == 1 ? &smaps.pss_file
               : &smaps.pss_shmem) = reading_missing(READING_ABSENT);
    struct process p = read_from(smaps);
    ck_assert(!p.split);
    ck_assert_split(p.part, 600, 101, 0);
  }
}
END_TEST

/* statm, now and at the time of `reading`, in kB; and the estimate. */
static const struct {
  unsigned anon_then, shared_then, anon, shared;
  unsigned pss, pss_anon, pss_file, pss_shmem, moved;
} movements[] = {
    {600, 400, 600, 400, 701, 500, 150, 50, 0},
    {600, 400, 601, 400, 702, 501, 150, 50, 1}, /* new pages are private */
    {600, 400, 6000, 400, 6101, 5900, 150, 50, 5400},
    {600, 400, 480, 400, 601, 400, 150, 50, 120}, /* freed pages are in proportion */
    {600, 400, 0, 400, 201, 0, 150, 50, 600},
    {600, 400, 600, 800, 901, 500, 300, 100, 400},
    {600, 400, 600, 200, 601, 500, 75, 25, 200},
    {600, 400, 600, 0, 501, 500, 0, 0, 400},
    {600, 400, 700, 200, 701, 600, 75, 25, 300}, /* one grows, the other shrinks */
    {600, 400, 0, 0, 1, 0, 0, 0, 1000},
    {0, 400, 0, 400, 701, 500, 150, 50, 0}, /* no base for a proportion */
    {0, 400, 30, 400, 731, 530, 150, 50, 30},
    {600, 0, 600, 0, 701, 500, 150, 50, 0},
    {0, 0, 0, 0, 701, 500, 150, 50, 0},
    /* statm was less than the parts: together they change as much as statm */
    {600, 0, 600, 40, 741, 500, 180, 60, 40},
    {0, 0, 10, 20, 731, 510, 165, 55, 30},
    {600, 100, 600, 300, 901, 500, 300, 100, 200},
    {600, 100, 600, 60, 661, 500, 120, 40, 40},
    {600, 100, 600, 0, 601, 500, 75, 25, 100},
    {250, 400, 100, 400, 551, 350, 150, 50, 150},
    {250, 400, 0, 400, 451, 250, 150, 50, 250},
    {1, 1, 0, 5, 704, 499, 153, 51, 5},
};

static struct statm statm_of(unsigned anon_kb, unsigned shared_kb)
{
  return (struct statm){.resident = KB(anon_kb + shared_kb), .shared = KB(shared_kb)};
}

START_TEST(estimate_follows_statm)
{
  for (size_t i = 0; i < LENGTH(movements); i++) {
    struct process p = read_from(reading);
    uint64_t pss;
    process_anchor(&p, statm_of(movements[i].anon_then, movements[i].shared_then));
    ck_assert_uint_eq(process_moved(&p), 0);
    process_take_statm(&p, statm_of(movements[i].anon, movements[i].shared));
    struct pss_split part = process_estimate(&p, &pss);
    ck_assert_msg(pss == KB(movements[i].pss), "%zu: %lu", i, (unsigned long)pss);
    ck_assert_split(part, movements[i].pss_anon, movements[i].pss_file,
                    movements[i].pss_shmem);
    ck_assert_uint_eq(process_moved(&p), KB(movements[i].moved));
    ck_assert_uint_eq(process_rss(&p), KB(movements[i].anon + movements[i].shared));
  }
}
END_TEST

/* Parts of 10, 7 and 3 bytes; the anonymous one of 15 by statm, the others of 3. */
static const struct {
  uint64_t anon, shared;
  uint64_t pss, pss_anon, pss_file, pss_shmem;
} cuts[] = {
    {13, 1, 18, 9, 6, 3}, /* less 2 * 10/15; 2 * 7/10 and 2 * 3/10 */
    {13, 3, 19, 9, 7, 3},
    {12, 0, 16, 8, 5, 3},  /* less 3 * 10/15; 3 * 7/10 and 3 * 3/10 */
    {15, 5, 21, 10, 8, 3}, /* and the same where it grew */
    {17, 8, 26, 12, 10, 4},
};

START_TEST(proportions_are_cut_to_bytes)
{
  for (size_t i = 0; i < LENGTH(cuts); i++) {
    struct process p = {.kind = PROCESS_READ,
                        .pss = 20,
                        .part = {10, 7, 3},
                        .anon_then = 15,
                        .shared_then = 3,
                        .anon = cuts[i].anon,
                        .shared = cuts[i].shared};
    uint64_t pss;
    struct pss_split part = process_estimate(&p, &pss);
    ck_assert_uint_eq(part.anon, cuts[i].pss_anon);
    ck_assert_uint_eq(part.file, cuts[i].pss_file);
    ck_assert_uint_eq(part.shmem, cuts[i].pss_shmem);
    ck_assert_uint_eq(pss, cuts[i].pss);
  }
}
END_TEST

/* Knuth's, of MMIX. */
static uint32_t next_random(uint64_t *state)
{
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(*state >> 32);
}

/* Up to 2^62, small ones as often as large ones. */
static uint64_t random_size(uint64_t *state)
{
  uint64_t size = (uint64_t)next_random(state) << 32;
  size |= next_random(state);
  return size >> (2 + next_random(state) % 62);
}

/* Also where a double does not have all bits. */
START_TEST(without_a_change_the_estimate_is_the_reading)
{
  uint64_t random = 1;
  for (int i = 0; i < 3000; i++) {
    struct process p = {.kind = PROCESS_READ, .pss = random_size(&random)};
    p.anon = p.anon_then = random_size(&random);
    p.shared = p.shared_then = random_size(&random);
    p.part.anon = p.pss / 3;
    p.part.file = p.pss / 3;
    p.part.shmem = p.pss / 5;
    uint64_t pss;
    struct pss_split part = process_estimate(&p, &pss);
    ck_assert_uint_eq(pss, p.pss);
    ck_assert_mem_eq(&part, &p.part, sizeof(part));
  }
}
END_TEST

/* Each kind by itself, in the direction of statm, and their sum; Pss is what they come
 * to. Each step is cut to bytes. */
static void assert_moves_no_further(struct process p)
{
  uint64_t pss;
  struct pss_split part = process_estimate(&p, &pss);
  uint64_t mapped_then = p.part.file + p.part.shmem, mapped = part.file + part.shmem;
  ck_assert_uint_le(abs_diff(part.anon, p.part.anon), abs_diff(p.anon, p.anon_then));
  ck_assert_uint_le(abs_diff(mapped, mapped_then), abs_diff(p.shared, p.shared_then));
  ck_assert(p.anon > p.anon_then ? part.anon >= p.part.anon : part.anon <= p.part.anon);
  ck_assert(p.shared > p.shared_then ? mapped >= mapped_then : mapped <= mapped_then);
  ck_assert_uint_eq(pss, part.anon + mapped);
  ck_assert_uint_le(abs_diff(pss, p.pss), process_moved(&p));
}

static struct process process_of(struct pss_split part)
{
  return (struct process){
      .kind = PROCESS_READ, .part = part, .pss = part.anon + part.file + part.shmem};
}

START_TEST(estimate_changes_by_no_more_than_statm)
{
  uint64_t random = 2;
  for (int i = 0; i < 3000; i++) {
    uint64_t anon_then = next_random(&random), shared_then = next_random(&random);
    uint64_t file = next_random(&random) % (shared_then + 1);
    struct process p = process_of((struct pss_split){
        next_random(&random) % (anon_then + 1), file, (shared_then - file) / 2});
    p.anon_then = anon_then;
    p.shared_then = shared_then;
    p.anon = next_random(&random);
    p.shared = next_random(&random);
    assert_moves_no_further(p);
  }
}
END_TEST

/* Up to 64 TiB, small ones as often as large ones. */
static uint64_t random_memory(uint64_t *state)
{
  return random_size(state) >> 16;
}

/* smaps and statm come from different counters, at different times. */
START_TEST(even_where_parts_are_larger_than_statm)
{
  uint64_t random = 3;
  int larger = 0;
  for (int i = 0; i < 30000; i++) {
    struct process p = process_of((struct pss_split){
        random_memory(&random), random_memory(&random), random_memory(&random)});
    p.anon_then = random_memory(&random);
    p.shared_then = random_memory(&random);
    p.anon = random_memory(&random);
    p.shared = random_memory(&random);
    larger += p.part.anon > p.anon_then && p.part.file > p.shared_then;
    assert_moves_no_further(p);
  }
  ck_assert_int_gt(larger, 3000);
}
END_TEST

static const uint64_t extremes[] = {
    0,
    1,
    2,
    3,
    4095,
    4096,
    4097,
    (uint64_t)3 << 30,
    ((uint64_t)48 << 30) + 1,
    (uint64_t)64 << 40,
    ((uint64_t)64 << 40) - 1,
};

/* The first two extremes are statm then and now, the others the parts. */
START_TEST(even_at_extreme_ratios)
{
  const size_t n = LENGTH(extremes);
  for (size_t i = 0; i < n * n * n * n; i++) {
    uint64_t then = extremes[i % n], now = extremes[i / n % n];
    uint64_t file = extremes[i / n / n % n], shmem = extremes[i / n / n / n];
    struct process p = process_of((struct pss_split){file, file, shmem});
    p.anon_then = p.shared_then = then;
    p.anon = p.shared = now;
    assert_moves_no_further(p);
  }
}
END_TEST

/* 48 GiB where statm was 1 byte, or one page: in proportion to that, growth by a page
 * would be more than all memory. */
START_TEST(large_part_with_a_small_statm_changes_by_as_much_as_statm)
{
  static const uint64_t part = (uint64_t)48 << 30, thens[] = {1, 4096};
  for (size_t i = 0; i < LENGTH(thens); i++) {
    uint64_t pss, then = thens[i];
    struct process p = process_of((struct pss_split){.anon = part, .file = part});
    p.anon_then = p.shared_then = then;
    p.anon = 0;
    p.shared = then + 4096;
    struct pss_split grew = process_estimate(&p, &pss);
    ck_assert_uint_eq(grew.anon, part - then);
    ck_assert_uint_eq(grew.file, part + 4096);
    ck_assert_uint_eq(pss, 2 * part - then + 4096);
    p.shared = 0;
    ck_assert_uint_eq(process_estimate(&p, &pss).file, part - then);
    ck_assert_uint_eq(pss, 2 * part - 2 * then);
  }
}
END_TEST

START_TEST(guess_is_the_mapped_size)
{
  struct process p = read_from(reading);
  p.pass = 3;
  process_guess(&p, (struct pss_split){KB(10), KB(20), KB(30)});
  uint64_t pss;
  struct pss_split part = process_estimate(&p, &pss);
  ck_assert_int_eq(p.kind, PROCESS_GUESSED);
  ck_assert_split(part, 10, 20, 30);
  ck_assert_uint_eq(pss, KB(60));
  ck_assert_uint_eq(process_rss(&p), KB(60));
  ck_assert_uint_eq(process_moved(&p), KB(60));
  ck_assert_uint_eq(p.pass, 0);
  ck_assert_uint_eq(p.mappings, 0);
  /* and the reading is gone */
  ck_assert_uint_eq(p.shares + p.swap_pss + p.hugetlb_private + p.hugetlb_shared, 0);
}
END_TEST

START_TEST(statm_replaces_a_guess_but_not_a_reading)
{
  struct process guessed = {0}, read = read_from(reading);
  process_guess(&guessed, (struct pss_split){KB(10), KB(20), KB(30)});
  process_take_statm(&guessed, statm_of(5, 7));
  ck_assert_split(guessed.part, 5, 7, 0);
  ck_assert_uint_eq(guessed.pss, KB(12));
  ck_assert_uint_eq(process_moved(&guessed), KB(12));

  process_take_statm(&read, statm_of(5, 7));
  ck_assert_int_eq(read.kind, PROCESS_READ);
  ck_assert_split(read.part, 500, 150, 50);
  ck_assert_uint_eq(read.pss, KB(701));
  ck_assert_uint_eq(process_moved(&read), KB(595 + 393));
}
END_TEST

START_TEST(without_a_reading_all_has_changed)
{
  static const enum process_kind kinds[] = {PROCESS_NEW, PROCESS_GUESSED, PROCESS_DENIED,
                                            PROCESS_MALFORMED};
  for (size_t i = 0; i < LENGTH(kinds); i++) {
    struct process p = {.kind = (unsigned char)kinds[i]};
    process_anchor(&p, statm_of(5, 7));
    ck_assert_uint_eq(process_moved(&p), KB(12));
  }
}
END_TEST

START_TEST(reset_leaves_pid_inode_and_born)
{
  struct process p = read_from(reading);
  p.inode = 815;
  p.born = p.identified = p.large = true;
  p.start = 99;
  p.tried_at = 5;
  process_reset(&p);
  ck_assert_uint_eq(p.pid, 4711);
  ck_assert_uint_eq(p.inode, 815);
  ck_assert(p.born && !p.identified && !p.large && !p.split);
  ck_assert_int_eq(p.kind, PROCESS_NEW);
  ck_assert_uint_eq(p.start + p.pss + p.part.anon + p.anon_then + process_rss(&p), 0);
  ck_assert(p.tried_at == 0);
}
END_TEST

SUITE_MAIN("process", reading_is_stored, differences_do_not_wrap_below_zero,
           without_parts_of_pss_they_are_estimated_from_anonymous,
           one_missing_part_counts_as_no_parts, estimate_follows_statm,
           proportions_are_cut_to_bytes, without_a_change_the_estimate_is_the_reading,
           estimate_changes_by_no_more_than_statm, even_where_parts_are_larger_than_statm,
           even_at_extreme_ratios,
           large_part_with_a_small_statm_changes_by_as_much_as_statm,
           guess_is_the_mapped_size, statm_replaces_a_guess_but_not_a_reading,
           without_a_reading_all_has_changed, reset_leaves_pid_inode_and_born)
