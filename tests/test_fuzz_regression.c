/* SPDX-License-Identifier: MIT */
/* Runs every target of tests/fuzz on its seeds, on the reproducers of earlier findings,
 * and on pseudo-random mutations of both. FUZZ_SEED=N selects other mutations and
 * FUZZ_ROUNDS=N their number. A crash prints the variables that reproduce it. */
#define _GNU_SOURCE
#include "fuzz/fuzz.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static uint64_t random_state;

/* xorshift64* (Vigna, 2016) */
static uint64_t random_next(void)
{
  random_state ^= random_state >> 12;
  random_state ^= random_state << 25;
  random_state ^= random_state >> 27;
  return random_state * 2685821657736338717u;
}

static size_t random_below(size_t limit)
{
  return limit > 0 ? (size_t)(random_next() % limit) : 0;
}

static uint64_t number_from_environment(const char *variable, uint64_t otherwise)
{
  const char *text = getenv(variable);
  return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

/* --- seeds and mutations ------------------------------------------------------------ */

#define INPUT_SIZE_MAX ((size_t)96 << 10)

static struct {
  struct bytes at[512];
  size_t count;
} seeds;

static void store_seed(void *context, struct bytes seed)
{
  (void)context;
  if (seeds.count == LENGTH(seeds.at) || seed.size > INPUT_SIZE_MAX)
    return;
  uint8_t *copy = malloc(seed.size);
  memcpy(copy, seed.at, seed.size);
  seeds.at[seeds.count++] = (struct bytes){copy, seed.size};
}

static uint8_t input[2 * INPUT_SIZE_MAX];
static size_t input_size;

/* Replaces old_size bytes at `at` by the given bytes. */
static void replace(size_t at, size_t old_size, const void *bytes, size_t size)
{
  if (input_size - old_size + size > INPUT_SIZE_MAX)
    return;
  memmove(input + at + size, input + at + old_size, input_size - at - old_size);
  memcpy(input + at, bytes, size);
  input_size += size - old_size;
}

static size_t word_length(size_t at)
{
  size_t length = 0;
  while (at + length < input_size && input[at + length] > ' ')
    length++;
  return length;
}

static const char *const words[] = {"0",
                                    "-1",
                                    "1",
                                    "4096",
                                    "9223372036854775807",
                                    "9223372036854775808",
                                    "18446744073709551615",
                                    "18446744073709551616",
                                    "99999999999999999999999",
                                    "kB",
                                    "nan",
                                    "\x1b[2J",
                                    "\xff\xfe",
                                    "@@ proc/meminfo",
                                    ":",
                                    "\n",
                                    ""};

static void mutate(void)
{
  const size_t at = random_below(input_size), left = input_size - at;
  const struct bytes other = seeds.at[random_below(seeds.count)];
  static uint8_t piece[INPUT_SIZE_MAX];
  const char *word;
  size_t size, from;
  switch (random_below(8)) {
  case 0: /* flip a bit */
    if (left > 0)
      input[at] ^= (uint8_t)(1u << random_below(8));
    break;
  case 1: /* change a byte */
    if (left > 0)
      input[at] = (uint8_t)random_next();
    break;
  case 2: /* replace a word */
    word = words[random_below(LENGTH(words))];
    replace(at, word_length(at), word, strlen(word));
    break;
  case 3: /* truncate */
    if (random_below(4) == 0)
      input_size = at;
    break;
  case 4: /* remove a part */
    replace(at, random_below(left < 200 ? left : 200), "", 0);
    break;
  case 5: /* repeat a part elsewhere */
    size = random_below(left < 2000 ? left : 2000);
    memcpy(piece, input + at, size);
    replace(random_below(input_size), 0, piece, size);
    break;
  case 6: /* replace a part by one of another seed */
    from = random_below(other.size);
    replace(at, random_below(left), other.at + from, random_below(other.size - from));
    break;
  case 7: /* put NUL bytes into the rest of the line */
    for (size = at; size < input_size && input[size] != '\n'; size++)
      input[size] = random_below(3) == 0 ? '\0' : input[size];
    break;
  }
}

/* --- the tests ---------------------------------------------------------------------- */

static void begin(const struct fuzz_target *target)
{
  crash_note_enable();
  /* Some targets create thousands of trees: put them in memory if possible. */
  if (getenv("TMPDIR") == NULL && access("/dev/shm", W_OK) == 0)
    setenv("TMPDIR", "/dev/shm", 1);
  snprintf(crash_note, sizeof(crash_note),
           "fuzz_regression: target %s: unmodified seed\n", target->name);
}

static void run_on_seed(void *context, struct bytes seed)
{
  const struct fuzz_target *target = context;
  target->run(seed);
}

START_TEST(target_accepts_its_seeds_and_reproducers)
{
  const struct fuzz_target *target = &fuzz_targets[_i];
  begin(target);
  fuzz_seeds(target, run_on_seed, (void *)target);
}
END_TEST

START_TEST(target_accepts_mutated_seeds)
{
  const struct fuzz_target *target = &fuzz_targets[_i];
  const uint64_t first = number_from_environment("FUZZ_SEED", 1);
  /* Targets that write files cost a thousand times as much as the others. */
  const bool writes_files = strcmp(target->name, "machine") == 0 ||
                            strcmp(target->name, "consumers") == 0 ||
                            strcmp(target->name, "state") == 0;
  const uint64_t rounds =
      number_from_environment("FUZZ_ROUNDS", writes_files ? 150 : 2000);
  begin(target);
  fuzz_seeds(target, store_seed, NULL);
  ck_assert_uint_gt(seeds.count, 0);
  for (uint64_t round = first; round < first + rounds; round++) {
    random_state = round * 0x9e3779b97f4a7c15u;
    const struct bytes seed = seeds.at[random_below(seeds.count)];
    memcpy(input, seed.at, seed.size);
    input_size = seed.size;
    for (size_t times = 1 + random_below(12); times > 0; times--)
      mutate();
    snprintf(
        crash_note, sizeof(crash_note),
        "fuzz_regression: to reproduce: FUZZ_SEED=%llu FUZZ_ROUNDS=1 CK_RUN_CASE=%s\n",
        (unsigned long long)round, target->name);
    target->run((struct bytes){input, input_size});
  }
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("fuzz_regression");
  for (size_t i = 0; i < fuzz_targets_count; i++) {
    TCase *tcase = tcase_create(fuzz_targets[i].name);
    tcase_set_timeout(tcase, 300);
    tcase_add_loop_test(tcase, target_accepts_its_seeds_and_reproducers, (int)i,
                        (int)i + 1);
    tcase_add_loop_test(tcase, target_accepts_mutated_seeds, (int)i, (int)i + 1);
    suite_add_tcase(suite, tcase);
  }
  return suite_execute(suite);
}
