/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/parse/buddyinfo.h"

#include "suite.h"

static struct parse_error parse_error;

static struct reading parse(const char *text)
{
  struct reading free;
  parse_error = (struct parse_error){0};
  const int error = buddyinfo_parse(scan_string(text), 4096, &free, &parse_error);
  ck_assert_int_eq(error == 0, is_known(free));
  ck_assert_int_eq(error == 0, parse_error.count == 0);
  return free;
}

START_TEST(blocks_of_each_order_are_twice_as_large)
{
  ck_assert_known(parse("Node 0, zone      DMA      1      0      0      0      2 \n"
                        "Node 0, zone   Normal      3      1      0      0      0 \n"
                        "Node 1, zone  HighMem      0      0      0      0      0 \n"),
                  (1 + 2 * 16 + 3 + 2) * 4096);
  ck_assert_uint_eq(parse_error.count, 0);
}
END_TEST

START_TEST(what_is_not_whole_is_malformed)
{
  static const char *const texts[] = {
      "",
      "Node 0, zone DMA 1 2",
      "Node 0, zone DMA\n",
      "Node 0, zone DMA 1 x 2\n",
      "Node 0, zone DMA 1 -2\n",
      "Node 0, zone DMA 1 2\nNode 0, zone Normal 9223372036854775807\n",
      "Node 0, zone DMA 1 2\n\n",
      "Page block order: 9\n",
      "Node 0, zone DMA 2251799813685247\nNode 0, zone DMA32 1\n",
      "Node 0 zone D 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n",
  };
  for (size_t i = 0; i < LENGTH(texts); i++)
    ck_assert_msg(parse(texts[i]).state == READING_MALFORMED, "%s", texts[i]);
}
END_TEST

SUITE_MAIN("buddyinfo", blocks_of_each_order_are_twice_as_large,
           what_is_not_whole_is_malformed)
