/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/pss/processes.h"

#include "pss/pss_scan.h"
#include "pss/totals.h"
#include "suite.h"

#define MB(value) ((uint64_t)(value) << 20)
#define KNOWN(mb)                                                                        \
  {                                                                                      \
    MB(mb), READING_KNOWN                                                                \
  }

static const struct reading unknown = {.state = READING_ABSENT};

/* The sums of a scan that found no process and no counters. */
static struct processes no_process(void)
{
  struct processes sums;
  struct reading *readings = &sums.pss;
  for (size_t i = 0; i < PROCESSES_READINGS; i++)
    readings[i] = reading_known(0);
  sums.anon_pages_then = sums.mapped_then = unknown;
  return sums;
}

/* --- a machine of which all is known ------------------------------------------------ */

enum { ANON, FILE_PAGES, SHMEM, KINDS };
enum { PROCESSES_MAX = 12, PAGES_MAX = 300 };
static const uint64_t page_size = 4096;

/* A page's share, where up to 12 map it, is a whole number of these. */
static const uint64_t shares_per_page = 27720;

struct machine {
  unsigned count;
  enum process_kind kinds[PROCESSES_MAX];
  uint32_t unsplit; /* mask of processes whose smaps lacks the parts of Pss */
  uint64_t rss[PROCESSES_MAX][KINDS];    /* bytes */
  uint64_t shares[PROCESSES_MAX][KINDS]; /* exact Pss */
  uint64_t distinct[KINDS];              /* bytes: the kernel's counters */
};

static uint32_t mask_of(const struct machine *machine, enum process_kind kind)
{
  uint32_t mask = 0;
  for (unsigned i = 0; i < machine->count; i++)
    mask |= (uint32_t)(machine->kinds[i] == kind) << i;
  return mask;
}

/* A page that the processes of a mask map. */
static void map_page(struct machine *machine, int kind, uint32_t mask)
{
  uint64_t mappers = 0;
  for (unsigned i = 0; i < machine->count; i++)
    mappers += mask >> i & 1;
  if (mappers > 0)
    machine->distinct[kind] += page_size;
  for (unsigned i = 0; i < machine->count; i++)
    if (mask >> i & 1) {
      machine->rss[i][kind] += page_size;
      machine->shares[i][kind] += shares_per_page / mappers;
    }
}

static void map_pages(struct machine *machine, int kind, uint32_t mask, uint64_t bytes)
{
  for (; bytes > 0; bytes -= page_size)
    map_page(machine, kind, mask);
}

static uint64_t bytes_of(uint64_t shares)
{
  return shares * page_size / shares_per_page;
}

/* As smaps prints it. */
static struct reading printed(uint64_t shares)
{
  return reading_known(bytes_of(shares) / 1024 * 1024);
}

static void read_process(const struct machine *machine, unsigned i, struct process *p)
{
  const uint64_t *rss = machine->rss[i], *shares = machine->shares[i];
  struct smaps smaps = {.rss = reading_known(rss[ANON] + rss[FILE_PAGES] + rss[SHMEM]),
                        .pss = printed(shares[ANON] + shares[FILE_PAGES] + shares[SHMEM]),
                        .pss_anon = printed(shares[ANON]),
                        .pss_file = printed(shares[FILE_PAGES]),
                        .pss_shmem = printed(shares[SHMEM]),
                        .anonymous = reading_known(rss[ANON]),
                        .mappings_count = 1};
  if (machine->unsplit >> i & 1)
    smaps.pss_anon = smaps.pss_file = smaps.pss_shmem = unknown;
  process_take_smaps(p, &smaps);
}

static struct reading anon_pages_of(const struct machine *machine)
{
  return reading_known(machine->distinct[ANON]);
}

static struct reading mapped_of(const struct machine *machine)
{
  return reading_known(machine->distinct[FILE_PAGES] + machine->distinct[SHMEM]);
}

/* The sums of a scan of the machine. */
static struct processes sums_of(const struct machine *machine)
{
  struct process at[PROCESSES_MAX] = {0};
  struct pss_scan scan = {.table = {.at = at, .count = machine->count},
                          .anon_pages = anon_pages_of(machine),
                          .mapped = mapped_of(machine)};
  for (unsigned i = 0; i < machine->count; i++) {
    const uint64_t *rss = machine->rss[i];
    if (machine->kinds[i] == PROCESS_READ) {
      read_process(machine, i, &at[i]);
    } else {
      process_guess(&at[i], (struct pss_split){rss[ANON], rss[FILE_PAGES], rss[SHMEM]});
      at[i].kind = (unsigned char)machine->kinds[i];
    }
  }
  struct processes sums;
  double oldest_at;
  totals_compute(&scan, &sums, &oldest_at);
  return sums;
}

/* The sums of an earlier scan, in a sample of now. */
static struct processes settle_later(const struct machine *then,
                                     const struct machine *now)
{
  struct processes sums = sums_of(then);
  processes_settle(&sums, anon_pages_of(now), mapped_of(now));
  return sums;
}

static struct processes settle(const struct machine *machine, bool counters)
{
  if (counters)
    return settle_later(machine, machine);
  struct processes sums = sums_of(machine);
  sums.anon_pages_then = sums.mapped_then = unknown;
  processes_settle(&sums, unknown, unknown);
  return sums;
}

/* The true Pss of all processes that were read or guessed; or of the others too. */
static uint64_t true_pss(const struct machine *machine, bool left_out)
{
  uint64_t shares = 0;
  for (unsigned i = 0; i < machine->count; i++)
    if (left_out || machine->kinds[i] != PROCESS_DENIED)
      for (int kind = 0; kind < KINDS; kind++)
        shares += machine->shares[i][kind];
  return bytes_of(shares);
}

/* --- bounds ------------------------------------------------------------------------- */

static uint32_t next_random(uint64_t *state)
{
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(*state >> 32);
}

/* Processes of random kinds, without pages. */
static struct machine random_processes(uint64_t *random)
{
  struct machine machine = {.count = 1 + next_random(random) % PROCESSES_MAX};
  static const enum process_kind kinds[] = {PROCESS_READ, PROCESS_GUESSED, PROCESS_READ,
                                            PROCESS_GUESSED, PROCESS_DENIED};
  uint32_t different = 1 + next_random(random) % LENGTH(kinds);
  for (unsigned i = 0; i < machine.count; i++)
    machine.kinds[i] = kinds[next_random(random) % different];
  return machine;
}

/* Which processes map a page: most pages are private, many of them to one large process;
 * some belong to a library or to processes that forked. */
struct mix {
  unsigned count;
  uint32_t large, forked, private;
};

static struct mix random_mix(uint64_t *random, unsigned count)
{
  struct mix mix = {.count = count, .large = 1u << next_random(random) % count};
  mix.forked = next_random(random);
  mix.private = next_random(random) % 8;
  return mix;
}

static uint32_t random_mask(uint64_t *random, const struct mix *mix)
{
  uint32_t any = 1u << next_random(random) % mix->count;
  const uint32_t masks[] = {mix->large, any, next_random(random), mix->forked, ~0u};
  return next_random(random) % 8 < mix->private ? masks[next_random(random) % 2]
                                                : masks[2 + next_random(random) % 3];
}

static int random_kind(uint64_t *random)
{
  return (int)(next_random(random) % KINDS);
}

static struct machine random_machine(uint64_t *random)
{
  struct machine machine = random_processes(random);
  struct mix mix = random_mix(random, machine.count);
  for (uint32_t i = next_random(random) % PAGES_MAX; i > 0; i--) {
    uint32_t mask = random_mask(random, &mix);
    map_page(&machine, random_kind(random), mask);
  }
  return machine;
}

/* Of no process, of some or of all. */
static uint32_t random_unsplit(uint64_t *random)
{
  const uint32_t masks[] = {0, next_random(random), ~0u};
  return masks[next_random(random) % LENGTH(masks)];
}

/* False where no process was read or guessed: then there is no sum, and no error. */
static bool is_settled(const struct processes *got)
{
  bool settled = got->read_count.value + got->guessed_count.value > 0;
  ck_assert_int_eq(got->pss.state, settled ? READING_KNOWN : READING_ABSENT);
  ck_assert_int_eq(got->error.state, settled ? READING_KNOWN : READING_ABSENT);
  return settled;
}

/* All memory, including that of processes left out. */
static void assert_covers_all(const struct processes *got, const struct machine *machine)
{
  if (is_settled(got))
    ck_assert_uint_le(abs_diff(got->pss.value, true_pss(machine, true)),
                      got->error.value);
}

static void assert_bounds(const struct processes *got, const struct machine *machine)
{
  if (!is_settled(got))
    return;
  assert_covers_all(got, machine);
  ck_assert_uint_le(abs_diff(got->pss.value, true_pss(machine, false)) +
                        got->unread_rss.value,
                    got->error.value);
  /* and the error is not simply large */
  ck_assert_uint_le(got->guess_error.value, got->guessed_anon.value +
                                                got->guessed_file.value +
                                                got->guessed_shmem.value);
}

START_TEST(error_covers_the_true_sum)
{
  uint64_t random = 1;
  for (int i = 0; i < 20000; i++) {
    struct machine machine = random_machine(&random);
    struct processes got = settle(&machine, i % 4 > 0);
    assert_bounds(&got, &machine);
    ck_assert_uint_eq(got.moved.value, 0);
  }
}
END_TEST

START_TEST(error_covers_changes_since_the_scan)
{
  uint64_t random = 3;
  for (int i = 0; i < 10000; i++) {
    struct machine small = random_machine(&random), large = small;
    for (uint32_t j = next_random(&random) % 100; j > 0; j--)
      map_page(&large, (int)(next_random(&random) % KINDS),
               1 | next_random(&random) % 16);
    struct processes grew = settle_later(&small, &large);
    assert_bounds(&grew, &large);
    struct processes shrank = settle_later(&large, &small);
    assert_bounds(&shrank, &small);
  }
}
END_TEST

/* Without the parts of Pss, anonymous memory is only known by Anonymous, which is a part
 * of Rss. */
START_TEST(error_covers_the_true_sum_without_parts)
{
  uint64_t random = 4;
  for (int i = 0; i < 20000; i++) {
    struct machine machine = random_machine(&random);
    machine.unsplit = random_unsplit(&random);
    struct processes got = settle(&machine, i % 4 > 0);
    assert_bounds(&got, &machine);
    ck_assert_uint_eq(got.moved.value, 0);
  }
}
END_TEST

/* Anonymous memory and the rest change in opposite directions: a process that was not
 * read frees its heap and maps files, or the other way round. */
START_TEST(error_covers_a_change_from_one_kind_of_memory_to_another)
{
  uint64_t random = 5;
  int opposite = 0;
  for (int i = 0; i < 20000; i++) {
    struct machine then = random_processes(&random);
    then.unsplit = random_unsplit(&random);
    struct machine now = then;
    struct mix mix = random_mix(&random, then.count);
    bool anon_shrinks = next_random(&random) % 2;
    for (uint32_t j = next_random(&random) % PAGES_MAX; j > 0; j--) {
      int kind = random_kind(&random);
      bool shrinks = (kind == ANON) == anon_shrinks;
      uint32_t more = random_mask(&random, &mix);
      uint32_t less = more & (mask_of(&then, PROCESS_READ) | next_random(&random));
      map_page(&then, kind, shrinks ? more : less);
      map_page(&now, kind, shrinks ? less : more);
    }
    struct processes got = settle_later(&then, &now);
    assert_covers_all(&got, &now);
    uint64_t anon = abs_diff(anon_pages_of(&then).value, anon_pages_of(&now).value);
    uint64_t mapped = abs_diff(mapped_of(&then).value, mapped_of(&now).value);
    if (is_settled(&got))
      ck_assert_uint_eq(got.moved.value, anon + mapped);
    opposite += is_settled(&got) && anon > 0 && mapped > 0;
  }
  ck_assert_int_gt(opposite, 5000);
}
END_TEST

/* All processes that were not read may map, unmap, share and fork. */
START_TEST(error_covers_any_change_of_processes_not_read)
{
  uint64_t random = 6;
  for (int i = 0; i < 20000; i++) {
    struct machine then = random_processes(&random);
    then.unsplit = random_unsplit(&random);
    struct machine now = then;
    const uint32_t read = mask_of(&then, PROCESS_READ);
    struct mix before = random_mix(&random, then.count);
    struct mix after = random_mix(&random, then.count);
    for (uint32_t j = next_random(&random) % PAGES_MAX; j > 0; j--) {
      int kind = random_kind(&random);
      uint32_t mask = random_mask(&random, &before);
      map_page(&then, kind, mask);
      if (next_random(&random) % 2)
        mask = (mask & read) | (random_mask(&random, &after) & ~read);
      map_page(&now, kind, mask);
    }
    for (uint32_t j = next_random(&random) % 100; j > 0; j--)
      map_page(&now, random_kind(&random), random_mask(&random, &after) & ~read);
    struct processes got = settle_later(&then, &now);
    assert_covers_all(&got, &now);
  }
}
END_TEST

/* A process frees 100 MB of heap and maps 80 MB of files after the scan; another one has
 * 30 MB of files. By the sum of the counters, only 20 MB would have changed. */
START_TEST(heap_that_became_files_counts_as_two_changes)
{
  struct machine then = {.count = 2, .kinds = {PROCESS_GUESSED, PROCESS_READ}};
  map_pages(&then, FILE_PAGES, 2, MB(30));
  struct machine now = then;
  map_pages(&then, ANON, 1, MB(100));
  map_pages(&now, FILE_PAGES, 1, MB(80));
  struct processes got = settle_later(&then, &now);
  ck_assert_uint_eq(got.pss.value, MB(130));
  ck_assert_uint_eq(got.pss_anon.value, MB(100)); /* as it was then */
  ck_assert_uint_eq(got.moved.value, MB(180));
  assert_bounds(&got, &now);
}
END_TEST

/* No process is left out, so all memory belongs to a process. */
START_TEST(with_all_private_the_sum_is_exact)
{
  uint64_t random = 2;
  for (int i = 0; i < 2000; i++) {
    struct machine machine = {.count = 1 + next_random(&random) % PROCESSES_MAX};
    uint32_t readings = next_random(&random);
    for (unsigned j = 0; j < machine.count; j++)
      machine.kinds[j] = readings >> j & 1 ? PROCESS_READ : PROCESS_GUESSED;
    for (uint32_t j = next_random(&random) % PAGES_MAX; j > 0; j--)
      map_page(&machine, (int)(next_random(&random) % KINDS),
               1u << next_random(&random) % machine.count);
    struct processes got = settle(&machine, true);
    ck_assert_uint_eq(got.pss.value, true_pss(&machine, true));
    ck_assert_uint_eq(got.pss_anon.value, machine.distinct[ANON]);
    ck_assert_uint_eq(got.pss_file.value + got.pss_shmem.value,
                      machine.distinct[FILE_PAGES] + machine.distinct[SHMEM]);
  }
}
END_TEST

/* A database whose smaps is not opened, and three processes that share a library with it.
 */
START_TEST(one_large_unread_process_has_a_small_error)
{
  struct machine machine = {
      .count = 4, .kinds = {PROCESS_GUESSED, PROCESS_READ, PROCESS_READ, PROCESS_READ}};
  map_pages(&machine, ANON, 1, MB(900));
  map_pages(&machine, FILE_PAGES, 1, MB(100));
  map_pages(&machine, ANON, 2, MB(30));
  map_pages(&machine, FILE_PAGES, 2 | 4 | 8, MB(6));
  map_pages(&machine, FILE_PAGES, ~0u, MB(2));
  for (int counters = 0; counters < 2; counters++) {
    struct processes got = settle(&machine, counters);
    ck_assert_uint_le(got.error.value, MB(25));
    ck_assert_uint_le(abs_diff(got.pss.value, MB(1038)), got.error.value);
  }
}
END_TEST

/* Two processes that share all of their 100 MB after a fork. */
static const struct {
  enum process_kind a, b;
  bool counters;
  uint64_t pss, guess_error;
} forks[] = {
    {PROCESS_READ, PROCESS_READ, true, MB(100), 0},
    {PROCESS_GUESSED, PROCESS_GUESSED, false, MB(200), MB(100)},
    {PROCESS_GUESSED, PROCESS_GUESSED, true, MB(100), 0},
    {PROCESS_READ, PROCESS_GUESSED, false, MB(150), MB(100)}, /* all or nothing */
    {PROCESS_READ, PROCESS_GUESSED, true, MB(100), MB(50)},
};

START_TEST(error_covers_two_processes_that_share_everything)
{
  for (size_t i = 0; i < LENGTH(forks); i++) {
    struct machine machine = {.count = 2, .kinds = {forks[i].a, forks[i].b}};
    map_pages(&machine, ANON, 1 | 2, MB(100));
    struct processes got = settle(&machine, forks[i].counters);
    ck_assert_uint_eq(got.pss.value, forks[i].pss);
    ck_assert_uint_eq(got.pss_anon.value, forks[i].pss);
    ck_assert_uint_eq(got.guess_error.value, forks[i].guess_error);
  }
}
END_TEST

/* A process that was read shares its heap of 100 MB with a child that was not, and has
 * 200 MB of files of its own: its Pss is 250 MB, without parts. */
START_TEST(error_covers_heap_shared_with_an_unread_process)
{
  const struct smaps smaps = {.rss = reading_known(MB(300)),
                              .pss = reading_known(MB(250)),
                              .anonymous = reading_known(MB(100)),
                              .private_clean = reading_known(MB(200)),
                              .mappings_count = 1};
  struct process at[2] = {0};
  process_take_smaps(&at[0], &smaps);
  process_guess(&at[1], (struct pss_split){.anon = MB(100)});
  const struct pss_scan scan = {.table = {.at = at, .count = LENGTH(at)},
                                .anon_pages = reading_known(MB(100)),
                                .mapped = reading_known(MB(200))};
  struct processes sums;
  double oldest_at;
  totals_compute(&scan, &sums, &oldest_at);
  processes_settle(&sums, scan.anon_pages, scan.mapped);
  ck_assert_uint_eq(sums.unsplit_count.value, 1);
  ck_assert_uint_le(abs_diff(sums.pss.value, MB(300)), sums.error.value);
  /* at most the 50 MB that the counters leave, at least nothing: all may be shared */
  ck_assert_uint_eq(sums.pss.value, MB(300));
  ck_assert_uint_eq(sums.guess_error.value, MB(50));
}
END_TEST

/* --- how the guess is made ---------------------------------------------------------- */

/* One process that was read, and one guessed with 100 MB of each kind. */
static struct processes one_guessed(void)
{
  struct processes sums = no_process();
  sums.read_count = sums.guessed_count = reading_known(1);
  sums.guessed_anon = sums.guessed_anon_most = reading_known(MB(100));
  sums.guessed_file = sums.guessed_shmem = reading_known(MB(100));
  sums.guessed_shared_most = reading_known(MB(200));
  return sums;
}

START_TEST(without_guesses_the_sums_stay)
{
  struct processes sums = no_process();
  sums.read_count = reading_known(1);
  sums.pss = reading_known(MB(60));
  sums.pss_anon = reading_known(MB(10));
  sums.pss_file = reading_known(MB(20));
  sums.pss_shmem = reading_known(MB(30));
  sums.shared_anon = reading_known(MB(10));
  sums.anon_pages_then = reading_known(MB(200));
  sums.mapped_then = reading_known(MB(300));
  processes_settle(&sums, reading_known(MB(200)), reading_known(MB(300)));
  ck_assert_uint_eq(sums.pss.value, MB(60));
  ck_assert_uint_eq(sums.pss_anon.value, MB(10));
  ck_assert_uint_eq(sums.pss_file.value, MB(20));
  ck_assert_uint_eq(sums.pss_shmem.value, MB(30));
  ck_assert_uint_eq(sums.estimated.value, 0);
  ck_assert_uint_eq(sums.error.value, 0);
}
END_TEST

/* Rss and Pss of the processes that were read. */
static const struct {
  uint64_t rss, pss_anon, pss_file, pss_shmem; /* of the read, MB */
  uint64_t file, shmem;                        /* the guess, MB */
} ratios[] = {
    {0, 0, 0, 0, 100, 100},     /* no process was read */
    {500, 500, 0, 0, 100, 100}, /* none of them has files */
    {500, 100, 60, 40, 25, 25}, /* 100 of 400 */
    {500, 100, 300, 100, 100, 100},
    {500, 100, 300, 300, 100, 100}, /* never more than what is mapped */
    {500, 100, 0, 0, 0, 0},
};

START_TEST(guess_shares_files_like_the_processes_read)
{
  for (size_t i = 0; i < LENGTH(ratios); i++) {
    struct processes sums = one_guessed();
    sums.rss = reading_known(MB(ratios[i].rss));
    sums.pss_anon = reading_known(MB(ratios[i].pss_anon));
    sums.pss_file = reading_known(MB(ratios[i].pss_file));
    sums.pss_shmem = reading_known(MB(ratios[i].pss_shmem));
    sums.shared_mapped = reading_known(MB(200));
    struct processes as_one = sums;
    processes_settle(&sums, unknown, unknown);
    ck_assert_uint_eq(sums.pss_anon.value, MB(ratios[i].pss_anon + 100));
    ck_assert_uint_eq(sums.pss_file.value, MB(ratios[i].pss_file + ratios[i].file));
    ck_assert_uint_eq(sums.pss_shmem.value, MB(ratios[i].pss_shmem + ratios[i].shmem));
    ck_assert_uint_eq(sums.estimated.value, MB(100 + ratios[i].file + ratios[i].shmem));
    as_one.unsplit_count = reading_known(1);
    processes_settle(&as_one, unknown, unknown);
    ck_assert_uint_eq(as_one.estimated.value, sums.estimated.value);
    /* from nothing to all */
    uint64_t guess = MB(ratios[i].file + ratios[i].shmem);
    uint64_t other = MB(200) - guess;
    ck_assert_uint_eq(sums.guess_error.value, guess > other ? guess : other);
  }
}
END_TEST

/* The processes read have 40 MB anonymous and 30 MB of files; the guess is 100 and 200
 * MB, of which up to 80 and 200 MB are shared. */
static struct processes guess_beside_read(void)
{
  struct processes sums = one_guessed();
  sums.pss = sums.rss = reading_known(MB(70));
  sums.pss_anon = reading_known(MB(40));
  sums.pss_file = reading_known(MB(30));
  sums.shared_anon = reading_known(MB(80));
  sums.shared_mapped = reading_known(MB(200));
  return sums;
}

static const struct {
  struct reading anon_pages, mapped; /* then */
  uint64_t anon, shared, error;
} bounds[] = {
    {{0}, {0}, 100, 200, 80 + 200},
    {KNOWN(500), KNOWN(500), 100, 200, 80 + 200},
    {KNOWN(140), KNOWN(230), 100, 200, 80 + 200},
    {KNOWN(100), KNOWN(130), 60, 100, 40 + 100},
    {KNOWN(50), KNOWN(31), 10, 1, 0 + 1},
    {KNOWN(30), KNOWN(20), 0, 0, 0}, /* they have shrunk since */
    {KNOWN(100), {0}, 60, 200, 40 + 200},
    {{0}, KNOWN(130), 100, 100, 80 + 100},
    {{MB(1), READING_DENIED}, {MB(1), READING_MALFORMED}, 100, 200, 80 + 200},
};

START_TEST(counters_bound_the_guess)
{
  for (size_t i = 0; i < LENGTH(bounds); i++) {
    struct processes sums = guess_beside_read();
    sums.anon_pages_then = bounds[i].anon_pages;
    sums.mapped_then = bounds[i].mapped;
    processes_settle(&sums, reading_known(MB(45)), reading_known(MB(35)));
    ck_assert_uint_eq(sums.pss_anon.value, MB(40 + bounds[i].anon));
    ck_assert_uint_eq(sums.pss_file.value + sums.pss_shmem.value,
                      MB(30 + bounds[i].shared));
    ck_assert_uint_eq(sums.pss.value, MB(70 + bounds[i].anon + bounds[i].shared));
    ck_assert_msg(sums.guess_error.value == MB(bounds[i].error), "%zu", i);
  }
}
END_TEST

/* Without parts only the sums are known: at most 180 MB of a guess of 300 MB are shared,
 * so the larger kind has at least 20 MB. */
static const struct {
  struct reading anon_pages, mapped; /* then */
  uint64_t pss, error;
} joint_bounds[] = {
    {{0}, {0}, 300, 280},
    {KNOWN(500), KNOWN(500), 300, 280},
    {KNOWN(170), KNOWN(200), 300, 280},
    {KNOWN(70), KNOWN(200), 200, 180},
    {KNOWN(10), KNOWN(260), 200, 180}, /* one counter is less than was read */
    {KNOWN(260), KNOWN(10), 200, 180},
    {KNOWN(50), KNOWN(50), 30, 10},
    {KNOWN(50), KNOWN(30), 10, 0},
    {KNOWN(30), KNOWN(20), 0, 0}, /* they have shrunk since */
    /* one counter alone is no bound */
    {KNOWN(100), {0}, 300, 280},
    {{0}, KNOWN(130), 300, 280},
    {KNOWN(100), {0, READING_DENIED}, 300, 280},
    {{MB(1), READING_DENIED}, {MB(1), READING_MALFORMED}, 300, 280},
};

START_TEST(counters_bound_the_guess_jointly_without_parts)
{
  for (size_t i = 0; i < LENGTH(joint_bounds); i++) {
    struct processes sums = guess_beside_read();
    sums.unsplit_count = reading_known(1);
    sums.shared_anon = reading_known(MB(60));
    sums.shared_mapped = reading_known(MB(120));
    sums.anon_pages_then = joint_bounds[i].anon_pages;
    sums.mapped_then = joint_bounds[i].mapped;
    processes_settle(&sums, reading_known(MB(45)), reading_known(MB(35)));
    ck_assert_msg(sums.pss.value == MB(70 + joint_bounds[i].pss), "%zu", i);
    ck_assert_uint_eq(sums.estimated.value, MB(joint_bounds[i].pss));
    ck_assert_msg(sums.guess_error.value == MB(joint_bounds[i].error), "%zu", i);
  }
}
END_TEST

/* --- the error ---------------------------------------------------------------------- */

static const struct {
  struct reading anon_pages_then, mapped_then, anon_pages, mapped, moved;
} moves[] = {
    {KNOWN(20), KNOWN(30), KNOWN(20), KNOWN(30), KNOWN(0)},
    {KNOWN(20), KNOWN(30), KNOWN(25), KNOWN(32), KNOWN(7)},
    {KNOWN(20), KNOWN(30), KNOWN(15), KNOWN(30), KNOWN(5)},
    {KNOWN(20), KNOWN(30), KNOWN(18), KNOWN(29), KNOWN(3)},
    /* they do not compensate each other */
    {KNOWN(20), KNOWN(30), KNOWN(15), KNOWN(35), KNOWN(10)},
    {KNOWN(20), KNOWN(30), KNOWN(60), KNOWN(3), KNOWN(67)},
    /* unknown where one of the four is */
    {{0}, KNOWN(30), KNOWN(20), KNOWN(30), {0}},
    {KNOWN(20), {0}, KNOWN(20), KNOWN(30), {0}},
    {KNOWN(20), KNOWN(30), {0}, KNOWN(30), {0}},
    {KNOWN(20), KNOWN(30), KNOWN(20), {0}, {0}},
    {KNOWN(20), KNOWN(30), KNOWN(20), {0, READING_DENIED}, {0, READING_DENIED}},
    {{0}, KNOWN(30), KNOWN(20), {0, READING_DENIED}, {0, READING_DENIED}},
    {{0, READING_MALFORMED}, {0}, {0, READING_DENIED}, {0}, {0, READING_MALFORMED}},
    {{0}, {0, READING_MALFORMED}, {0}, {0, READING_DENIED}, {0, READING_MALFORMED}},
};

START_TEST(error_covers_the_change_of_the_counters)
{
  for (size_t i = 0; i < LENGTH(moves); i++) {
    struct processes sums = no_process();
    sums.read_count = reading_known(1);
    sums.anon_pages_then = moves[i].anon_pages_then;
    sums.mapped_then = moves[i].mapped_then;
    processes_settle(&sums, moves[i].anon_pages, moves[i].mapped);
    ck_assert_int_eq(sums.moved.state, moves[i].moved.state);
    ck_assert_uint_eq(sums.moved.value, moves[i].moved.value);
    ck_assert_int_eq(sums.error.state, READING_KNOWN);
    ck_assert_uint_eq(sums.error.value, moves[i].moved.value);
  }
}
END_TEST

START_TEST(error_is_the_sum_of_its_parts)
{
  struct processes sums = one_guessed();
  sums.shared_anon = reading_known(MB(100)); /* 100 of guess_error */
  sums.unread_rss = reading_known(MB(1000));
  sums.rounding = reading_known(4096);
  sums.stale = reading_known(MB(10000));
  sums.anon_pages_then = sums.mapped_then = reading_known(MB(2000));
  sums.error = reading_known(4711);
  processes_settle(&sums, reading_known(MB(2001)), reading_known(MB(1998)));
  ck_assert_uint_eq(sums.moved.value, MB(3));
  ck_assert_uint_eq(sums.guess_error.value, MB(100));
  ck_assert_uint_eq(sums.error.value, MB(1000) + 4096 + MB(10000) + MB(3) + MB(100));
}
END_TEST

START_TEST(parts_are_absent_if_one_smaps_lacks_them)
{
  struct processes sums = one_guessed();
  sums.unsplit_count = reading_known(1);
  processes_settle(&sums, unknown, unknown);
  ck_assert_uint_eq(sums.pss.value, MB(300));
  ck_assert_int_eq(sums.pss.state, READING_KNOWN);
  ck_assert_int_eq(sums.pss_anon.state, READING_ABSENT);
  ck_assert_int_eq(sums.pss_file.state, READING_ABSENT);
  ck_assert_int_eq(sums.pss_shmem.state, READING_ABSENT);
  ck_assert_uint_eq(sums.pss_anon.value + sums.pss_file.value + sums.pss_shmem.value, 0);
}
END_TEST

START_TEST(unknown_sum_stays_unknown)
{
  struct processes sums = one_guessed();
  reading_fill(&sums.pss, 4, READING_ABSENT);
  const struct processes before = sums;
  processes_settle(&sums, reading_known(MB(500)), reading_known(MB(500)));
  ck_assert_mem_eq(&sums, &before, sizeof(sums));
}
END_TEST

/* --- processes that are not listed -------------------------------------------------- */

START_TEST(processes_are_partial_without_kernel_threads)
{
  struct processes p = no_process();
  p.read_count = reading_known(3);
  ck_assert(processes_are_partial(&p));
  p.new_count = reading_known(1); /* it may be a kernel thread */
  ck_assert(!processes_are_partial(&p));
  p.new_count = reading_known(0);
  p.kernel_thread_count = reading_known(1);
  ck_assert(!processes_are_partial(&p));
  ck_assert(!processes_are_partial(&(struct processes){0})); /* no scan yet */
}
END_TEST

START_TEST(unlisted_processes_may_have_the_rest_of_the_counters)
{
  struct processes p = no_process();
  p.anon_pages_then = reading_known(MB(700));
  p.mapped_then = reading_known(MB(300));
  p.pss = reading_known(MB(100));
  p.unread_rss = reading_known(MB(50));
  p.error = reading_known(MB(60));
  processes_add_unlisted(&p);
  ck_assert_known(p.unlisted, MB(850));
  ck_assert_known(p.error, MB(910));

  /* nothing is left */
  p.pss = reading_known(MB(2000));
  p.error = reading_known(MB(60));
  processes_add_unlisted(&p);
  ck_assert_known(p.unlisted, 0);
  ck_assert_known(p.error, MB(60));

  /* none was read */
  p.pss = p.error = unknown;
  processes_add_unlisted(&p);
  ck_assert_known(p.unlisted, MB(950));
  ck_assert_int_eq(p.error.state, READING_ABSENT);

  /* no counter, no bound */
  p.pss = p.error = reading_known(MB(60));
  p.mapped_then = unknown;
  processes_add_unlisted(&p);
  ck_assert_int_eq(p.unlisted.state, READING_ABSENT);
  ck_assert_int_eq(p.error.state, READING_ABSENT);
}
END_TEST

SUITE_MAIN("processes", processes_are_partial_without_kernel_threads,
           unlisted_processes_may_have_the_rest_of_the_counters,
           error_covers_the_true_sum, error_covers_changes_since_the_scan,
           error_covers_the_true_sum_without_parts,
           error_covers_a_change_from_one_kind_of_memory_to_another,
           error_covers_any_change_of_processes_not_read,
           heap_that_became_files_counts_as_two_changes,
           with_all_private_the_sum_is_exact, one_large_unread_process_has_a_small_error,
           error_covers_two_processes_that_share_everything,
           error_covers_heap_shared_with_an_unread_process, without_guesses_the_sums_stay,
           guess_shares_files_like_the_processes_read, counters_bound_the_guess,
           counters_bound_the_guess_jointly_without_parts,
           error_covers_the_change_of_the_counters, error_is_the_sum_of_its_parts,
           parts_are_absent_if_one_smaps_lacks_them, unknown_sum_stays_unknown)
