/* SPDX-License-Identifier: MIT */
/* Any byte string gives numbers that conserve, or `malformed': every target of
 * tests/fuzz on its seeds, on what the fuzzer once found, and on pseudo-random mutations
 * of both. HOSTILE_SEED=N tries others, HOSTILE_ROUNDS=N more or fewer; what a failure
 * says is enough to have it again. */
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

static uint64_t number_of(const char *variable, uint64_t otherwise)
{
  const char *text = getenv(variable);
  return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

/* --- seeds, and what is made of them ------------------------------------------------ */

#define SIZE_MAX_TRIED ((size_t)96 << 10)

static struct {
  struct bytes at[512];
  size_t count;
} seeds;

static void keep_seed(void *context, struct bytes seed)
{
  (void)context;
  if (seeds.count == LENGTH(seeds.at) || seed.size > SIZE_MAX_TRIED)
    return;
  uint8_t *copy = malloc(seed.size);
  memcpy(copy, seed.at, seed.size);
  seeds.at[seeds.count++] = (struct bytes){copy, seed.size};
}

static uint8_t input[2 * SIZE_MAX_TRIED];
static size_t input_size;

/* In place of `old` bytes at `at`, these. */
static void replace(size_t at, size_t old, const void *bytes, size_t size)
{
  if (input_size - old + size > SIZE_MAX_TRIED)
    return;
  memmove(input + at + size, input + at + old, input_size - at - old);
  memcpy(input + at, bytes, size);
  input_size += size - old;
}

static size_t word_at(size_t at)
{
  size_t length = 0;
  while (at + length < input_size && input[at + length] > ' ')
    length++;
  return length;
}

static void mutate(void)
{
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
  const size_t at = random_below(input_size), left = input_size - at;
  const struct bytes other = seeds.at[random_below(seeds.count)];
  static uint8_t piece[SIZE_MAX_TRIED];
  size_t size;
  switch (random_below(8)) {
  case 0: /* a bit */
    if (left > 0)
      input[at] ^= (uint8_t)(1u << random_below(8));
    break;
  case 1: /* a byte */
    if (left > 0)
      input[at] = (uint8_t)random_next();
    break;
  case 2: /* a word */
    size = random_below(LENGTH(words));
    replace(at, word_at(at), words[size], strlen(words[size]));
    break;
  case 3: /* the end */
    if (random_below(4) == 0)
      input_size = at;
    break;
  case 4: /* some is lost */
    replace(at, random_below(left < 200 ? left : 200), "", 0);
    break;
  case 5: /* some is there twice */
    size = random_below(left < 2000 ? left : 2000);
    memcpy(piece, input + at, size);
    replace(random_below(input_size), 0, piece, size);
    break;
  case 6: /* a part of another one */
    size = random_below(other.size);
    replace(at, random_below(left), other.at + size, random_below(other.size - size));
    break;
  case 7: /* lines change places with zeros */
    for (size = at; size < input_size && input[size] != '\n'; size++)
      input[size] = random_below(3) == 0 ? '\0' : input[size];
    break;
  }
}

/* --- the tests ---------------------------------------------------------------------- */

static void begin(const struct fuzz_target *target)
{
  tell_crash_note();
  /* Trees by the thousand: in memory, where there is such a place. */
  if (getenv("TMPDIR") == NULL && access("/dev/shm", W_OK) == 0)
    setenv("TMPDIR", "/dev/shm", 1);
  snprintf(crash_note, sizeof(crash_note), "hostile: target %s, a seed as it is\n",
           target->name);
}

static void run_one(void *context, struct bytes seed)
{
  const struct fuzz_target *target = context;
  target->run(seed);
}

START_TEST(seeds_and_what_was_once_found_hold)
{
  const struct fuzz_target *target = &fuzz_targets[_i];
  begin(target);
  fuzz_seeds(target, run_one, (void *)target);
}
END_TEST

START_TEST(any_bytes_give_conservation_or_malformed)
{
  const struct fuzz_target *target = &fuzz_targets[_i];
  const uint64_t first = number_of("HOSTILE_SEED", 1);
  /* What makes a tree of files costs a thousand times as much as the others. */
  bool heavy = strcmp(target->name, "machine") == 0 ||
               strcmp(target->name, "consumers") == 0 ||
               strcmp(target->name, "state") == 0;
  const uint64_t rounds = number_of("HOSTILE_ROUNDS", heavy ? 150 : 2000);
  begin(target);
  fuzz_seeds(target, keep_seed, NULL);
  ck_assert_uint_gt(seeds.count, 0);
  for (uint64_t round = first; round < first + rounds; round++) {
    random_state = round * 0x9e3779b97f4a7c15u;
    const struct bytes seed = seeds.at[random_below(seeds.count)];
    memcpy(input, seed.at, seed.size);
    input_size = seed.size;
    for (size_t times = 1 + random_below(12); times > 0; times--)
      mutate();
    snprintf(crash_note, sizeof(crash_note),
             "hostile: target %s: have it again by HOSTILE_SEED=%llu HOSTILE_ROUNDS=1 "
             "CK_RUN_CASE=%s\n",
             target->name, (unsigned long long)round, target->name);
    target->run((struct bytes){input, input_size});
  }
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("hostile");
  for (size_t i = 0; i < fuzz_targets_count; i++) {
    TCase *tcase = tcase_create(fuzz_targets[i].name);
    tcase_set_timeout(tcase, 300);
    tcase_add_loop_test(tcase, seeds_and_what_was_once_found_hold, (int)i, (int)i + 1);
    tcase_add_loop_test(tcase, any_bytes_give_conservation_or_malformed, (int)i,
                        (int)i + 1);
    suite_add_tcase(suite, tcase);
  }
  SRunner *worker = srunner_create(suite);
  srunner_run_all(worker, CK_ENV);
  int failed = srunner_ntests_failed(worker);
  srunner_free(worker);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
