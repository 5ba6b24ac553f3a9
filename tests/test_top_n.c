/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/base/top_n.h"

#include "suite.h"

#include <stdio.h>
#include <string.h>

#define MIB ((uint64_t)1 << 20)

static struct top_n top;
static struct top_n_round current;

struct named_amount {
  const char *name;
  uint64_t bytes;
};

static void settle_amounts(const struct named_amount *amounts, size_t count,
                           unsigned limit)
{
  top_n_begin(&current);
  for (size_t i = 0; i < count; i++)
    top_n_add(&current, "", amounts[i].name, amounts[i].bytes);
  top_n_settle(&top, &current, limit);
}

/* One round of {name, bytes} pairs. */
#define settle(limit, ...)                                                               \
  settle_amounts((const struct named_amount[]){__VA_ARGS__},                             \
                 LENGTH(((const struct named_amount[]){__VA_ARGS__})), limit)

/* "a=1 b=2 | 3": the names that are shown, and other_bytes. */
static const char *shown(void)
{
  static char text[4096];
  size_t used = 0;
  for (unsigned i = 0; i < top.shown_count; i++)
    used += (size_t)snprintf(text + used, sizeof(text) - used, "%s=%llu ",
                             top.shown[i].name, (unsigned long long)top.shown[i].bytes);
  snprintf(text + used, sizeof(text) - used, "| %llu",
           (unsigned long long)top.other_bytes);
  return text;
}

/* The name under which an amount of this group and name is shown. */
static const char *name_of(const char *group, const char *name)
{
  memset(&top, 0, sizeof(top));
  top_n_begin(&current);
  top_n_add(&current, group, name, 1);
  top_n_settle(&top, &current, 1);
  return top.shown_count == 1 ? top.shown[0].name : "";
}

START_TEST(largest_are_shown_and_the_rest_is_summed)
{
  settle(2, {"a", 10}, {"b", 30}, {"c", 20}, {"d", 5});
  ck_assert_str_eq(shown(), "b=30 c=20 | 15");
  ck_assert(!top.exhausted);
}
END_TEST

START_TEST(free_place_goes_to_any_name_above_zero)
{
  settle(3, {"a", 100 * MIB});
  settle(3, {"a", 100 * MIB}, {"b", 1}, {"c", 0});
  ck_assert_str_eq(shown(), "a=104857600 b=1 | 0");
}
END_TEST

START_TEST(equal_amounts_are_ordered_by_name)
{
  settle(2, {"c", 7}, {"b", 7}, {"a", 7});
  ck_assert_str_eq(shown(), "a=7 b=7 | 7");
  memset(&top, 0, sizeof(top));
  settle(2, {"a", 7}, {"b", 7}, {"c", 7});
  ck_assert_str_eq(shown(), "a=7 b=7 | 7");
}
END_TEST

START_TEST(alternating_amount_does_not_change_the_names)
{
  settle(2, {"a", 100 * MIB}, {"b", 10 * MIB}, {"c", 9 * MIB});
  for (int i = 0; i < 100; i++) {
    settle(2, {"a", 100 * MIB}, {"b", 10 * MIB}, {"c", (i % 2 ? 12 : 8) * MIB});
    ck_assert_uint_eq(top.shown_count, 2);
    ck_assert_str_eq(top.shown[1].name, "b");
  }
  ck_assert_uint_eq(top.names_count, 2);
}
END_TEST

START_TEST(name_is_replaced_only_beyond_both_margins)
{
  static const struct {
    uint64_t shown, bytes;
    const char *holder;
  } rows[] = {
      {100 * MIB, 125 * MIB, "old"},          {100 * MIB, 125 * MIB + 1, "new"},
      {4000, 4000 + TOP_N_MARGIN_MIN, "old"}, /* here a quarter is less than the minimum
                                               */
      {4000, 4001 + TOP_N_MARGIN_MIN, "new"}, {UINT64_MAX - 5, UINT64_MAX, "old"},
      {UINT64_MAX, UINT64_MAX, "old"},
  };
  for (size_t i = 0; i < LENGTH(rows); i++) {
    memset(&top, 0, sizeof(top));
    settle(1, {"old", rows[i].shown});
    settle(1, {"old", rows[i].shown}, {"new", rows[i].bytes});
    ck_assert_msg(strcmp(top.shown[0].name, rows[i].holder) == 0, "row %zu", i);
    ck_assert_uint_eq(top.shown_count, 1);
  }
}
END_TEST

START_TEST(new_name_replaces_the_smallest_and_comes_last)
{
  settle(3, {"a", 30 * MIB}, {"b", 20 * MIB}, {"c", 10 * MIB});
  settle(3, {"a", 30 * MIB}, {"b", 5 * MIB}, {"c", 10 * MIB}, {"d", 50 * MIB});
  ck_assert_str_eq(shown(), "a=31457280 c=10485760 d=52428800 | 5242880");
}
END_TEST

START_TEST(several_names_can_be_replaced_in_one_round)
{
  settle(2, {"a", 1 * MIB}, {"b", 2 * MIB});
  settle(2, {"a", 1 * MIB}, {"b", 2 * MIB}, {"c", 30 * MIB}, {"d", 40 * MIB});
  ck_assert_str_eq(shown(), "d=41943040 c=31457280 | 3145728");
}
END_TEST

START_TEST(steady_leak_becomes_shown_and_stays)
{
  uint64_t leak = 0;
  bool was_shown = false;
  for (int i = 0; i < 200; i++) {
    leak += MIB;
    settle(2, {"a", 100 * MIB}, {"b", 80 * MIB}, {"leak", leak});
    bool is_shown = strcmp(top.shown[1].name, "leak") == 0;
    ck_assert(is_shown || !was_shown);
    ck_assert_int_eq(is_shown, leak > 100 * MIB);
    was_shown = is_shown;
  }
  ck_assert_str_eq(shown(), "a=104857600 leak=209715200 | 83886080");
}
END_TEST

START_TEST(missing_name_stays_at_zero_until_it_is_replaced)
{
  settle(1, {"a", 100 * MIB});
  settle(1, {"b", TOP_N_MARGIN_MIN});
  ck_assert_str_eq(shown(), "a=0 | 65536");
  settle(1, {"a", 3});
  ck_assert_str_eq(shown(), "a=3 | 0");
  top_n_begin(&current);
  top_n_settle(&top, &current, 1);
  ck_assert_str_eq(shown(), "a=0 | 0");
  settle(1, {"b", TOP_N_MARGIN_MIN + 1});
  ck_assert_str_eq(shown(), "b=65537 | 0");
}
END_TEST

START_TEST(lower_limit_drops_the_smallest)
{
  settle(4, {"a", 4 * MIB}, {"b", 1 * MIB}, {"c", 3 * MIB}, {"d", 2 * MIB});
  ck_assert_uint_eq(top.shown_count, 4);
  settle(2, {"a", 4}, {"b", 10}, {"c", 3}, {"d", 10});
  ck_assert_str_eq(shown(), "d=10 b=10 | 7");
  settle(0, {"a", 4}, {"b", 10});
  ck_assert_str_eq(shown(), "| 14");
}
END_TEST

START_TEST(lower_limit_drops_the_last_name_among_equals)
{
  settle(3, {"a", 7}, {"b", 7}, {"c", 7});
  settle(1, {"c", 7}, {"b", 7}, {"a", 7});
  ck_assert_str_eq(shown(), "a=7 | 14");
}
END_TEST

START_TEST(higher_limit_shows_more_up_to_the_maximum)
{
  settle(1, {"a", 3}, {"b", 2}, {"c", 1});
  settle(2, {"a", 3}, {"b", 2}, {"c", 1});
  ck_assert_str_eq(shown(), "a=3 b=2 | 1");
  top_n_begin(&current);
  for (unsigned i = 0; i < 100; i++) {
    char name[16];
    snprintf(name, sizeof(name), "n%u", i);
    top_n_add(&current, "", name, 1000);
  }
  top_n_settle(&top, &current, UINT32_MAX);
  ck_assert_uint_eq(top.shown_count, TOP_N_SHOWN_MAX);
}
END_TEST

START_TEST(number_of_different_names_is_bounded)
{
  enum { LIMIT = 3 };
  for (unsigned i = 0; i < 1000; i++) {
    char name[32];
    snprintf(name, sizeof(name), "exec_%u", i);
    settle(LIMIT, {"a", 10 * MIB}, {name, 20 * MIB + i * MIB});
    ck_assert_uint_le(top.names_count, LIMIT * TOP_N_NAMES_PER_PLACE);
    ck_assert_int_eq(top.exhausted, i >= LIMIT * TOP_N_NAMES_PER_PLACE - 1);
    if (top.exhausted)
      ck_assert_uint_eq(top.other_bytes, 20 * MIB + i * MIB);
  }
  ck_assert_uint_eq(top.names_count, LIMIT * TOP_N_NAMES_PER_PLACE);
}
END_TEST

START_TEST(exhausted_table_shows_only_known_names)
{
  static const struct named_amount known[] = {
      {"a", 1 * MIB}, {"b", 2 * MIB}, {"c", 4 * MIB}, {"d", 8 * MIB}};
  for (size_t i = 0; i < LENGTH(known); i++)
    settle_amounts(&known[i], 1, 1);
  ck_assert_str_eq(shown(), "d=8388608 | 0");
  ck_assert(!top.exhausted);
  settle(1, {"e", 80 * MIB}, {"b", 40 * MIB}, {"d", 8 * MIB});
  ck_assert_str_eq(shown(), "b=41943040 | 92274688");
  ck_assert(top.exhausted);
  settle(1, {"e", 40 * MIB}, {"b", 40 * MIB}); /* e would not replace b anyway */
  ck_assert(!top.exhausted);
}
END_TEST

START_TEST(exhausted_table_leaves_a_place_free)
{
  static const struct named_amount known[] = {
      {"a", 1 * MIB}, {"b", 2 * MIB}, {"c", 4 * MIB}, {"d", 8 * MIB}};
  for (size_t i = 0; i < LENGTH(known); i++)
    settle_amounts(&known[i], 1, 1);
  settle(0, {"e", 5});
  ck_assert(!top.exhausted); /* at limit 0 no name is shown anyway */
  settle(1, {"e", 5});
  ck_assert_str_eq(shown(), "| 5");
  ck_assert(top.exhausted);
}
END_TEST

START_TEST(name_consists_of_lower_case_letters_digits_and_underscores)
{
  static const struct {
    const char *group, *name, *want;
  } rows[] = {
      {"", "load_module", "load_module"},
      {"btrfs", "Foo.Bar-9", "btrfs_foo_bar_9"},
      {"", "", "unknown"},
      {"ext4", "", "ext4_unknown"},
      {"x", "other", "x_other"},
      {"", "\xc3\xa4/\n\x01\x7f \"", "________"},
      {"..", "../../etc", "_________etc"},
      {"", "%n%s{};", "_n_s___"},
      {"", "@[`{/:", "______"}, /* the neighbours of letters and digits in ASCII */
      {"", "AZaz09", "azaz09"},
  };
  for (size_t i = 0; i < LENGTH(rows); i++)
    ck_assert_str_eq(name_of(rows[i].group, rows[i].name), rows[i].want);
}
END_TEST

START_TEST(every_byte_gives_a_valid_name)
{
  for (int byte = 1; byte < 256; byte++) {
    const char *name = name_of("", (char[]){(char)byte, '\0'});
    ck_assert_uint_eq(strlen(name), 1);
    ck_assert_ptr_nonnull(strchr("abcdefghijklmnopqrstuvwxyz0123456789_", name[0]));
  }
}
END_TEST

START_TEST(amounts_of_the_same_name_are_added)
{
  top_n_begin(&current);
  top_n_add(&current, "a", "b", 1);
  top_n_add(&current, "", "A-B", 2);
  top_n_add(&current, "", "a.b", 4);
  top_n_add(&current, "", "a_b", 0);
  top_n_settle(&top, &current, 5);
  ck_assert_str_eq(shown(), "a_b=7 | 0");
}
END_TEST

START_TEST(other_is_never_shown)
{
  settle(5, {"other", 10}, {"OTHER", 20}, {"other_", 5});
  ck_assert_str_eq(shown(), "other_=5 | 30");
  ck_assert_uint_eq(top.names_count, 1);
}
END_TEST

START_TEST(only_names_that_do_not_fit_are_cut)
{
  char name[TOP_N_NAME_SIZE + 1] = "";
  memset(name, 'x', TOP_N_NAME_SIZE - 1);
  ck_assert_str_eq(name_of("", name), name);
  name[TOP_N_NAME_SIZE - 1] = 'y';
  const char *cut = name_of("", name);
  ck_assert_uint_eq(strlen(cut), TOP_N_NAME_SIZE - 1);
  ck_assert_int_eq(strncmp(cut, name, TOP_N_NAME_SIZE - 1 - 9), 0);
  ck_assert_int_eq(cut[TOP_N_NAME_SIZE - 1 - 9], '_');
  ck_assert_uint_eq(strspn(cut + TOP_N_NAME_SIZE - 1 - 8, "0123456789abcdef"), 8);
}
END_TEST

START_TEST(cut_name_ends_with_a_hash_of_the_whole)
{
  char name[129] = "";
  memset(name, 'a', sizeof(name) - 1);
  /* FNV-1a of 128 bytes 'a', as defined. */
  uint32_t hash = 2166136261u;
  for (int i = 0; i < 128; i++)
    hash = (hash ^ 'a') * 16777619u;
  char want[10];
  snprintf(want, sizeof(want), "_%08lx", (unsigned long)hash);
  ck_assert_str_eq(name_of("", name) + TOP_N_NAME_SIZE - 1 - 9, want);
}
END_TEST

START_TEST(long_names_that_differ_after_the_cut_stay_different)
{
  char a[4096], b[4096];
  memset(a, 'x', sizeof(a));
  memset(b, 'x', sizeof(b));
  a[sizeof(a) - 1] = b[sizeof(b) - 1] = '\0';
  b[sizeof(b) - 2] = 'y';
  settle(5, {a, 3}, {b, 2}, {a, 10});
  ck_assert_uint_eq(top.shown_count, 2);
  ck_assert_uint_eq(top.shown[0].bytes, 13);
  ck_assert_uint_eq(top.shown[1].bytes, 2);
  ck_assert_str_ne(top.shown[0].name, top.shown[1].name);
}
END_TEST

START_TEST(sums_saturate)
{
  settle(1, {"a", UINT64_MAX}, {"a", 5}, {"b", UINT64_MAX - 1}, {"c", 7});
  ck_assert_uint_eq(top.shown[0].bytes, UINT64_MAX);
  ck_assert_uint_eq(top.other_bytes, UINT64_MAX);
  settle(1, {"other", UINT64_MAX}, {"other", UINT64_MAX});
  ck_assert_uint_eq(top.shown[0].bytes, 0);
  ck_assert_uint_eq(top.other_bytes, UINT64_MAX);
}
END_TEST

START_TEST(amounts_beyond_the_table_are_in_other)
{
  top_n_begin(&current);
  for (unsigned i = 0; i < TOP_N_CANDIDATES_MAX + 10; i++) {
    char name[16];
    snprintf(name, sizeof(name), "n%u", i);
    top_n_add(&current, "", name, 1);
  }
  top_n_add(&current, "", "n0", 100); /* is in the table */
  top_n_settle(&top, &current, 1);
  ck_assert_str_eq(shown(), "n0=101 | 265");
  ck_assert_uint_eq(current.count, TOP_N_CANDIDATES_MAX);
}
END_TEST

/* xorshift32 */
static uint32_t random_state;
static uint32_t draw(uint32_t below)
{
  random_state ^= random_state << 13;
  random_state ^= random_state >> 17;
  random_state ^= random_state << 5;
  return random_state % below;
}

static bool is_valid_name(const char *name)
{
  size_t length = strlen(name);
  return length > 0 && strcmp(name, "other") != 0 &&
         strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == length;
}

static bool occurs_before(const struct top_n_entry *entries, unsigned at)
{
  for (unsigned i = 0; i < at; i++)
    if (strcmp(entries[i].name, entries[at].name) == 0)
      return true;
  return false;
}

static void assert_valid_and_unique_names(void)
{
  for (unsigned i = 0; i < top.shown_count; i++) {
    ck_assert(is_valid_name(top.shown[i].name));
    ck_assert(!occurs_before(top.shown, i));
  }
  for (unsigned i = 0; i < top.names_count; i++)
    for (unsigned k = 0; k < i; k++)
      ck_assert(top.names[i] != top.names[k]);
}

static uint64_t sum_of_all(void)
{
  uint64_t sum = top.other_bytes;
  for (unsigned i = 0; i < top.shown_count; i++)
    sum += top.shown[i].bytes;
  return sum;
}

START_TEST(random_rounds_account_for_every_byte)
{
  random_state = 20240229;
  unsigned highest = 0;
  for (unsigned round = 0; round < 10000; round++) {
    uint64_t added = 0;
    top_n_begin(&current);
    for (uint32_t i = draw(40); i > 0; i--) {
      char name[32];
      uint64_t bytes = (uint64_t)draw(1000) << draw(24);
      snprintf(name, sizeof(name), draw(20) == 0 ? "other" : "fn%u",
               (unsigned)(draw(30) + round / 500));
      top_n_add(&current, draw(2) ? "" : "Mod", name, bytes);
      added += bytes;
    }
    unsigned limit = round % 100 < 50 ? 8 : (unsigned)draw(13);
    highest = limit > highest ? limit : highest;
    top_n_settle(&top, &current, limit);
    ck_assert_uint_eq(sum_of_all(), added);
    ck_assert_uint_le(top.shown_count, limit);
    assert_valid_and_unique_names();
    ck_assert_uint_le(top.names_count, TOP_N_NAMES_PER_PLACE * highest);
  }
  ck_assert_uint_gt(top.names_count, 13); /* names were replaced */
}
END_TEST

SUITE_MAIN("top_n", largest_are_shown_and_the_rest_is_summed,
           free_place_goes_to_any_name_above_zero, equal_amounts_are_ordered_by_name,
           alternating_amount_does_not_change_the_names,
           name_is_replaced_only_beyond_both_margins,
           new_name_replaces_the_smallest_and_comes_last,
           several_names_can_be_replaced_in_one_round,
           steady_leak_becomes_shown_and_stays,
           missing_name_stays_at_zero_until_it_is_replaced,
           lower_limit_drops_the_smallest, lower_limit_drops_the_last_name_among_equals,
           higher_limit_shows_more_up_to_the_maximum,
           number_of_different_names_is_bounded, exhausted_table_shows_only_known_names,
           exhausted_table_leaves_a_place_free,
           name_consists_of_lower_case_letters_digits_and_underscores,
           every_byte_gives_a_valid_name, amounts_of_the_same_name_are_added,
           other_is_never_shown, only_names_that_do_not_fit_are_cut,
           cut_name_ends_with_a_hash_of_the_whole,
           long_names_that_differ_after_the_cut_stay_different, sums_saturate,
           amounts_beyond_the_table_are_in_other, random_rounds_account_for_every_byte)
