/* SPDX-License-Identifier: MIT */
#include "collect/file_grouping.h"

#include "suite.h"

#include <errno.h>
#include <unistd.h>

/* Lines "NAME PAGES". */
static int names_parse(struct scan text, uint64_t page_size, struct grouping_list *list,
                       struct parse_error *parse_error)
{
  struct scan line;
  while (scan_line(&text, &line)) {
    struct grouping_member member = {.count = 1};
    struct span name = scan_word(&line);
    uint64_t pages;
    if (span_number(scan_word(&line), &pages) != 0) {
      parse_error_note(parse_error, line.line, name, "pages are not a number");
      return -EBADMSG;
    }
    span_copy(name, member.name, sizeof(member.name));
    member.bytes = pages * page_size;
    grouping_add(list, &member);
  }
  return 0;
}

static char *tree;
static struct grouping_list list;
static struct reading whole;
static struct source_status status;

/* Reads the tree's proc/modules as members. */
static void read_list(void)
{
  struct sysroot root;
  struct text text = {0};
  ck_assert_int_eq(sysroot_open(tree, &root), 0);
  status =
      file_grouping_read(&root, SOURCE_modules, names_parse, 4096, whole, &text, &list);
  text_free(&text);
  sysroot_close(&root);
}

static void assert_missing(enum reading_state state)
{
  ck_assert_int_eq(status.state, state);
  ck_assert_int_eq(list.total.state, state);
  ck_assert_uint_eq(list.count, 0);
}

START_TEST(a_file_of_members_is_known_absent_or_malformed)
{
  tree = tree_make();
  tree_write(tree, "proc/modules", "a 1\nb 3\n");
  read_list();
  ck_assert_int_eq(status.state, READING_KNOWN);
  ck_assert_known(list.total, 4 * 4096);
  ck_assert_uint_eq(list.count, 2);
  ck_assert_str_eq(list.members[0].name, "b");

  tree_write(tree, "proc/modules", "a 1\nb x\n");
  read_list();
  assert_missing(READING_MALFORMED);
  ck_assert_uint_eq(status.parse_error.line, 2);

  ck_assert_int_eq(unlink(tree_path(tree, "proc/modules")), 0);
  read_list();
  assert_missing(READING_ABSENT);
  ck_assert_int_eq(status.error, -ENOENT);

  tree_write(tree, "proc/modules", "");
  read_list();
  ck_assert_int_eq(status.state, READING_KNOWN);
  ck_assert_known(list.total, 0); /* no members */
  tree_remove(tree);
}
END_TEST

START_TEST(a_file_whose_members_make_no_sum_has_none)
{
  tree = tree_make();
  tree_write(tree, "proc/modules", "a 2000000000000000\nb 2000000000000000\n");
  read_list();
  ck_assert_int_eq(list.total.state, READING_MALFORMED);
  ck_assert_uint_eq(list.count, 0);
  ck_assert_uint_eq(status.parse_error.count, 1);
  tree_remove(tree);
}
END_TEST

START_TEST(the_total_is_what_the_members_are_parts_of)
{
  static const struct {
    struct reading whole;
    uint64_t want;
  } cases[] = {
      {{.state = READING_ABSENT}, 3 * 4096},
      {{.value = 5 * 4096, .state = READING_KNOWN}, 5 * 4096},
      /* the file was read later, or counts more */
      {{.value = 2 * 4096, .state = READING_KNOWN}, 3 * 4096},
  };
  tree = tree_make();
  tree_write(tree, "proc/modules", "a 1\nb 2\n");
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    whole = cases[i].whole;
    read_list();
    ck_assert_known(list.total, cases[i].want);
  }
  ck_assert_int_eq(unlink(tree_path(tree, "proc/modules")), 0);
  read_list();
  assert_missing(READING_ABSENT); /* no members, so no `other` */
  tree_remove(tree);
}
END_TEST

START_TEST(each_row_has_its_whole)
{
  static struct sample sample;
  sample.meminfo.slab = reading_known(7);
  ck_assert_known(file_grouping_whole(&sample, GROUPING_slab_caches), 7);
  ck_assert_int_eq(file_grouping_whole(&sample, GROUPING_vmalloc_callers).state,
                   READING_ABSENT);
}
END_TEST

SUITE_MAIN("file_grouping", a_file_of_members_is_known_absent_or_malformed,
           a_file_whose_members_make_no_sum_has_none,
           the_total_is_what_the_members_are_parts_of, each_row_has_its_whole)
