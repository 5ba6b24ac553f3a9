/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "meminfo_explain/trend/watched_state.h"

#include "suite.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define MB ((double)(1 << 20))

static const struct trend_settings settings = {.window = 600, .rise = 1 << 20};

/* --- hours of a machine --------------------------------------------------------------
 */

static struct explanation explanation;

static struct amount amount(double bytes)
{
  return (struct amount){.value = (int64_t)bytes, .state = READING_KNOWN};
}

/* Noise, a daily cycle of a shorter day, steps, a saw, leaks that end, outliers, gaps and
 * a clock that jumps. */
static void add_sample(struct watched_series *watched, unsigned n,
                       struct watched_verdicts *verdicts)
{
  const double noise = 65536.0 * (double)((n * 2654435761u >> 20) % 16);
  double time = 1.7e9 + 20.125 * n + (n > 1500 ? 7200 : 0) - (n > 2500 ? 86400 : 0);
  double bytes = 100 * MB + noise + 2 * MB * sin(n / 120.0);
  bytes += n > 300 && n < 420 ? 0.2 * MB * (n - 300) : 0; /* a leak that ends */
  bytes += n > 700 ? 40 * MB : 0;                         /* a step */
  bytes += n > 900 && n < 1300 ? 0.3 * MB * (n % 50) : 0; /* a saw */
  bytes += n > 2000 ? 0.1 * MB * (n - 2000) : 0;          /* a leak that stays */
  bytes += n % 97 == 0 ? 60 * MB : 0;
  explanation.terms[TERM_TOTAL_mem_total] = amount(8192 * MB);
  explanation.terms[TERM_TOTAL_mem_available] = amount(4096 * MB - bytes);
  explanation.terms[TERM_HIDDEN_zram] = amount(bytes / 3);
  explanation.terms[TERM_KERNEL_vmalloc] = amount(200 * MB - bytes);
  explanation.black_hole.error = reading_known(n % 31 == 0 ? 8 << 20 : 1 << 18);
  explanation.black_hole.estimate = amount(bytes);
  watched_add(watched, &settings, time, &explanation, verdicts);
}

static struct watched_series aged;

static void age(unsigned samples)
{
  struct watched_verdicts verdicts;
  memset(&aged, 0, sizeof(aged));
  memset(&explanation, 0, sizeof(explanation));
  for (unsigned n = 0; n < samples; n++)
    add_sample(&aged, n, &verdicts);
}

/* To be freed. */
static char *formatted(const struct watched_series *watched)
{
  struct text text;
  ck_assert_int_eq(watched_state_format(watched, &text), 0);
  char *copy = strndup(text.bytes, text.length);
  ck_assert_uint_eq(strlen(copy), text.length);
  text_free(&text);
  return copy;
}

static int parse(const char *text)
{
  static struct watched_series ignored;
  return watched_state_parse(text, strlen(text), &ignored);
}

/* --- what is written is read ---------------------------------------------------------
 */

START_TEST(a_new_state_is_read_as_it_was)
{
  static const struct watched_series none;
  static struct watched_series got;
  char *text = formatted(&none);
  memset(&got, 0xa5, sizeof(got));
  ck_assert_int_eq(watched_state_parse(text, strlen(text), &got), 0);
  ck_assert(memcmp(&got, &none, sizeof(none)) == 0); /* NOLINT: padding as well */
  free(text);
}
END_TEST

START_TEST(an_aged_state_is_read_as_it_was)
{
  static struct watched_series got;
  for (unsigned samples = 1; samples < 3000; samples += 61) {
    age(samples);
    char *text = formatted(&aged);
    ck_assert_int_eq(watched_state_parse(text, strlen(text), &got), 0);
    char *again = formatted(&got);
    ck_assert_str_eq(again, text);
    free(text);
    free(again);
  }
}
END_TEST

/* Zeros with a sign, the smallest and the largest numbers, what has no short decimal. */
START_TEST(every_bit_of_a_number_is_kept)
{
  static const double numbers[] = {
      -0.0, 0.1,          1.0 / 3,           5e-324, 2.2250738585072014e-308, -1e19,
      1e19, 1.7e9 + 1e-6, 9007199254740993.0};
  static struct watched_series watched, got;
  for (size_t i = 0; i < LENGTH(numbers); i++) {
    watched.trends[0].rings[1].values[i] = numbers[i];
    watched.snapshots[3].bytes[i] = (float)numbers[i];
  }
  watched.trends[1].rings[2].last = (int64_t)1 << 50;
  watched.snapshots_count = UINT32_MAX;
  char *text = formatted(&watched);
  ck_assert_int_eq(watched_state_parse(text, strlen(text), &got), 0);
  ck_assert(memcmp(&got, &watched, sizeof(got)) == 0); /* NOLINT: padding as well */
  free(text);
}
END_TEST

static void assert_same(const struct trend_verdict *a, const struct trend_verdict *b)
{
  const double of_a[] = {a->rate, a->eta, a->since, a->rise};
  const double of_b[] = {b->rate, b->eta, b->since, b->rise};
  ck_assert_int_eq(a->state, b->state);
  ck_assert(a->changed == b->changed);
  for (size_t i = 0; i < LENGTH(of_a); i++)
    ck_assert((isnan(of_a[i]) && isnan(of_b[i])) || of_a[i] == of_b[i]);
}

/* One goes on, and the other is written and read after each sample. */
START_TEST(a_restart_at_any_sample_changes_no_decision)
{
  static struct watched_series steady, restarted;
  struct watched_verdicts a, b;
  unsigned changes[TREND_FAILURE + 1] = {0};
  memset(&explanation, 0, sizeof(explanation));
  for (unsigned n = 0; n < 3000; n++) {
    add_sample(&steady, n, &a);
    add_sample(&restarted, n, &b);
    for (unsigned series = 0; series < SERIES_COUNT; series++) {
      ck_assert(a.known[series] == b.known[series]);
      assert_same(&a.of[series], &b.of[series]);
      changes[a.of[series].state] += a.of[series].changed;
    }
    double rise_a, rise_b;
    ck_assert_int_eq(
        watched_culprit(&steady, &a.of[SERIES_estimate], &explanation, &rise_a),
        watched_culprit(&restarted, &b.of[SERIES_estimate], &explanation, &rise_b));
    ck_assert(rise_a == rise_b);
    char *text = formatted(&restarted);
    ck_assert_int_eq(watched_state_parse(text, strlen(text), &restarted), 0);
    free(text);
  }
  for (enum trend_state state = TREND_OKAY; state <= TREND_FAILURE; state++)
    ck_assert_msg(changes[state] > 0, "never %s", trend_state_name(state));
}
END_TEST

/* The alarm's state and what is around it must fit in the file (state_file.h). */
START_TEST(the_largest_state_is_below_half_a_mib)
{
  static struct watched_series watched;
  for (unsigned i = 0; i < WATCHED_SNAPSHOTS; i++)
    for (unsigned n = 0; n < WATCHED_CANDIDATES_MAX; n++)
      watched.snapshots[i].bytes[n] = -1.23456789e17f / (float)(1 + n);
  for (unsigned series = 0; series < SERIES_COUNT; series++) {
    struct trend *trend = &watched.trends[series];
    for (int level = 0; level < TREND_LEVELS; level++)
      for (int i = 0; i < TREND_BUCKETS; i++)
        trend->rings[level].values[i] = -M_PI * 1e-300 / (1 + i);
    for (size_t i = 0; i < LENGTH(trend->highs); i++)
      trend->highs[i] = -M_PI * 1e-300 / (double)(1 + i);
  }
  char *text = formatted(&watched);
  ck_assert_uint_lt(strlen(text), 512 << 10);
  ck_assert_int_eq(parse(text), 0);
  free(text);
}
END_TEST

START_TEST(every_consumer_that_may_rise_has_a_place)
{
  unsigned count = 0;
  while (watched_candidate(count) < TERM_COUNT)
    count++;
  ck_assert_uint_gt(count, 10);
  ck_assert_uint_le(count, WATCHED_CANDIDATES_MAX);
}
END_TEST

/* --- of another version ---------------------------------------------------------------
 */

/* `text` with `old`, of which there is one at least, replaced once; to be freed. */
static char *replaced(const char *text, const char *old, const char *new)
{
  const char *at = strstr(text, old);
  char *out;
  ck_assert_msg(at != NULL, "no \"%s\"", old);
  ck_assert_int_gt(
      asprintf(&out, "%.*s%s%s", (int)(at - text), text, new, at + strlen(old)), 0);
  return out;
}

static void assert_replaced(const char *text, const char *old, const char *new, int want)
{
  char *other = replaced(text, old, new);
  int error = parse(other);
  ck_assert_msg(error == want, "%s -> %s: %s, not %s", old, new, strerror(-error),
                strerror(-want));
  free(other);
}

START_TEST(other_fields_are_another_version)
{
  static const struct {
    const char *old, *new;
  } cases[] = {
      {"\nhigh_last ", "\nhigh_first "},
      {"\ntooth 0\n", "\n"},
      {"\ntooth 0\n", "\ntooth 0\ntooth 0\n"},
      {"\nbegun 0\nfirst_time 0\n", "\nfirst_time 0\nbegun 0\n"},
      {"*184\n", "*183\n"},
      {"*184\n", "*185\n"},
      {"*184\n", "*184 0\n"},
      {"*184\n", "*999999999999\n"},
      {"\ntau 0\n", "\ntau\n"},
      {"\ntau 0\n", "\ntau 0*0\n"},
      {"trend vmalloc\n", "trend percpu\n"},
      {"trend vmalloc\n", "trend\n"},
      {"trend vmalloc\n", "trend vmalloc 1\n"},
      {"past 103\n", "past 104\n"},
      {" zram ", " "},
      {" zram ", " zram zram2 "},
      {" zram ", " zram2 "},
      {"candidates ", "candidate "},
      {"window ", "windows "},
  };
  static const struct watched_series none;
  char *text = formatted(&none), *longer;
  for (size_t i = 0; i < LENGTH(cases); i++)
    assert_replaced(text, cases[i].old, cases[i].new, -ESTALE);
  ck_assert_int_gt(asprintf(&longer, "%strend new\n", text), 0);
  ck_assert_int_eq(parse(longer), -ESTALE);
  free(longer);
  free(text);
}
END_TEST

START_TEST(a_text_cut_at_the_end_of_any_line_is_another_version)
{
  age(500);
  static struct watched_series ignored;
  char *text = formatted(&aged);
  for (const char *at = text; *at != '\0'; at = strchr(at, '\n') + 1)
    ck_assert_int_eq(watched_state_parse(text, (size_t)(at - text), &ignored), -ESTALE);
  free(text);
}
END_TEST

/* --- damage ----------------------------------------------------------------------------
 */

START_TEST(what_is_no_number_is_damage)
{
  static const char *const numbers[] = {"x",
                                        "0x10",
                                        "inf",
                                        "-inf",
                                        "infinity",
                                        "1,5",
                                        "1e",
                                        "1e999",
                                        "--1",
                                        "1-",
                                        "nan(1)",
                                        "NAN",
                                        "-nan",
                                        "0*",
                                        "0*x",
                                        "0*-1",
                                        "*1",
                                        "0**1",
                                        "1 x",
                                        "\x01",
                                        "1.0.0",
                                        "1e5e5",
                                        "00000000000000000000000000000000"};
  static const struct watched_series none;
  char *text = formatted(&none);
  for (size_t i = 0; i < LENGTH(numbers); i++) {
    char line[80];
    snprintf(line, sizeof(line), "\nrate %s\n", numbers[i]);
    assert_replaced(text, "\nrate 0\n", line, -EBADMSG);
  }
  assert_replaced(text, "\nrate 0\n", "\nrate\t1.5e3 \n", 0);
  free(text);
}
END_TEST

START_TEST(a_number_out_of_its_range_is_damage)
{
  static const struct {
    const char *field, *value;
    int want;
  } cases[] = {
      {"begun", "1", 0},
      {"begun", "2", -EBADMSG},
      {"begun", "-1", -EBADMSG},
      {"begun", "0.5", -EBADMSG},
      {"begun", "nan", -EBADMSG},
      {"first_time", "1e12", 0},
      {"first_time", "1.0000001e12", -EBADMSG},
      {"last_time", "nan", -EBADMSG},
      {"offset", "-1e12", 0},
      {"offset", "-1.0000001e12", -EBADMSG},
      {"rings[0].last", "1125899906842624", 0},
      {"rings[1].last", "1125899906842625", -EBADMSG},
      {"rings[2].last", "-1", -EBADMSG},
      {"rings[2].last", "1.5", -EBADMSG},
      {"rings[0].pending_count", "11", 0},
      {"rings[1].pending_count", "12", -EBADMSG},
      {"rings[2].slot", "12", -EBADMSG},
      {"high_last", "1e18", -EBADMSG},
      {"error", "-1", -EBADMSG},
      {"error", "nan", -EBADMSG},
      {"tooth", "4e19", 0},
      {"tooth", "5e19", -EBADMSG},
      {"state", "3", 0},
      {"state", "4", -EBADMSG},
      {"span", "4", 0},
      {"span", "5", -EBADMSG},
      {"since", "nan", 0},
      {"start", "1.1e19", -EBADMSG},
      {"peak_at", "nan", -EBADMSG},
      {"steps[0].at", "nan", 0},
      {"steps[1].height", "-2e19", -EBADMSG},
      {"tau", "-1", 0},
      {"tau", "1.01", -EBADMSG},
      {"time", "-1", -EBADMSG},
      {"window", "1e6", 0},
      {"window", "1e7", -EBADMSG},
      {"window", "nan", -EBADMSG},
      {"snapshots_count", "4294967295", 0},
      {"snapshots_count", "4294967296", -EBADMSG},
  };
  static const struct watched_series none;
  char *text, *plain = formatted(&none);
  ck_assert_int_gt(asprintf(&text, "\n%s", plain), 0);
  for (size_t i = 0; i < LENGTH(cases); i++) {
    char old[80], new[80];
    snprintf(old, sizeof(old), "\n%s 0\n", cases[i].field);
    snprintf(new, sizeof(new), "\n%s %s\n", cases[i].field, cases[i].value);
    char *other = replaced(text, old, new);
    int error = parse(other + 1);
    ck_assert_msg(error == cases[i].want, "%s %s: %s", cases[i].field, cases[i].value,
                  strerror(-error));
    free(other);
  }
  free(plain);
  free(text);
}
END_TEST

/* Up to four numbers of a trend replaced by others: where the state is read, trend_add
 * does what its header says. (Best run with sanitizers.) */
START_TEST(what_is_read_keeps_all_promises)
{
  static const double numbers[] = {0,     -0.0,   1,     -1,  1e18,     -1e18, 1e11,
                                   -1e11, 1e-300, 1.7e9, NAN, INFINITY, 3e6};
  static struct watched_series hurt, got;
  struct watched_verdicts verdicts;
  uint64_t random = 7;
  unsigned read = 0;
  age(400);
  for (unsigned i = 0; i < 1500; i++) {
    hurt = aged;
    for (unsigned j = 0; j <= i % 4; j++) {
      random = random * 6364136223846793005u + 1442695040888963407u;
      size_t at = 8 * (1 + (size_t)(random >> 33) % (sizeof(struct trend) / 8 - 1));
      const void *number =
          i % 3 == 0 ? (const void *)&random : &numbers[(random >> 20) % LENGTH(numbers)];
      memcpy((char *)&hurt.trends[SERIES_estimate] + at, number, 8);
    }
    char *text = formatted(&hurt);
    int error = watched_state_parse(text, strlen(text), &got);
    ck_assert(error == 0 || error == -EBADMSG);
    free(text);
    if (error != 0)
      continue;
    read++;
    for (unsigned n = 400; n < 420; n++) {
      add_sample(&got, n, &verdicts);
      const struct trend_verdict *verdict = &verdicts.of[SERIES_estimate];
      ck_assert(verdict->state <= TREND_FAILURE);
      ck_assert(!isinf(verdict->rate));
      ck_assert(isnan(verdict->eta) || verdict->eta >= 0);
    }
  }
  ck_assert_uint_ge(read, 300);
  ck_assert_uint_le(read, 1400);
}
END_TEST

SUITE_MAIN("watched_state", a_new_state_is_read_as_it_was,
           an_aged_state_is_read_as_it_was, every_bit_of_a_number_is_kept,
           a_restart_at_any_sample_changes_no_decision,
           the_largest_state_is_below_half_a_mib,
           every_consumer_that_may_rise_has_a_place, other_fields_are_another_version,
           a_text_cut_at_the_end_of_any_line_is_another_version,
           what_is_no_number_is_damage, a_number_out_of_its_range_is_damage,
           what_is_read_keeps_all_promises)
