/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/parse/btf.h"

#include "collect/kernel_structs.h"
#include "suite.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* --- files
 * ------------------------------------------------------------------------------
 */

enum {
  INT = 1,
  ARRAY = 3,
  STRUCT = 4,
  FUNC = 12,
  FUNC_PROTO = 13,
  ENUM64 = 19,
  LAST_KIND = ENUM64
};

static struct {
  uint32_t word[6 + 64];
  unsigned types; /* words after the header */
  char strings[64];
  size_t strings_length;
} file;

static unsigned char image[1024];
static size_t image_length;
static char seen[256];

static void begin(void)
{
  memset(&file, 0, sizeof(file));
  file.strings_length = 1; /* "" */
}

static uint32_t string(const char *text)
{
  const size_t at = file.strings_length;
  file.strings_length += strlen(text) + 1;
  ck_assert_uint_le(file.strings_length, sizeof(file.strings));
  strcpy(file.strings + at, text);
  return (uint32_t)at;
}

static void type(uint32_t name, uint32_t kind, uint32_t members, uint32_t size,
                 unsigned rest)
{
  uint32_t *at = &file.word[6 + file.types];
  at[0] = name;
  at[1] = kind << 24 | members;
  at[2] = size;
  file.types += 3 + rest;
  ck_assert_uint_le(6 + file.types, LENGTH(file.word));
}

/* At an odd address. */
static const void *finish(void)
{
  const uint32_t header[6] = {
      0x0001eb9f, 24, 0, 4 * file.types, 4 * file.types, (uint32_t)file.strings_length};
  memcpy(file.word, header, sizeof(header));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  file.word[0] = 0xeb9f0100;
#endif
  memcpy(image + 1, file.word, 24 + 4 * file.types);
  memcpy(image + 1 + 24 + 4 * file.types, file.strings, file.strings_length);
  image_length = 24 + 4 * file.types + file.strings_length;
  return image + 1;
}

static void note(void *context, enum btf_kind kind, const char *name, uint32_t size)
{
  if (kind == BTF_FUNCTION)
    size = 0; /* it is a type */
  ck_assert_ptr_eq(context, seen);
  snprintf(seen + strlen(seen), sizeof(seen) - strlen(seen), "%s %u,", name, size);
}

static int visit(const struct btf *btf, const struct btf *base)
{
  seen[0] = '\0';
  return btf_each(btf, base, note, seen);
}

static void open_file(struct btf *out)
{
  const void *bytes = finish();
  ck_assert_int_eq(btf_open(bytes, image_length, out), 0);
}

/* --- tests
 * ------------------------------------------------------------------------------
 */

START_TEST(named_structs_are_visited_with_their_sizes)
{
  struct btf btf;
  begin();
  type(string("int"), INT, 0, 4, 1);
  type(string("request"), STRUCT, 2, 248, 6);
  type(0, STRUCT, 0, 99, 0); /* without a name */
  type(0, ARRAY, 0, 0, 3);
  type(0, FUNC_PROTO, 3, 1, 6);
  type(string("run"), FUNC, 1, 5, 0);
  type(string("sg"), STRUCT | 0x80, 1, 32, 3); /* with bit fields */
  open_file(&btf);
  ck_assert_int_eq(visit(&btf, NULL), 0);
  ck_assert_str_eq(seen, "request 248,run 0,sg 32,");
}
END_TEST

START_TEST(module_continues_the_strings_of_the_kernel)
{
  static unsigned char kernel_image[sizeof(image)];
  struct btf kernel, module;
  begin();
  type(string("loop_cmd"), INT, 0, 4, 1);
  finish();
  memcpy(kernel_image, image + 1, image_length);
  ck_assert_int_eq(btf_open(kernel_image, image_length, &kernel), 0);
  const uint32_t before = (uint32_t)kernel.strings_length;
  begin();
  type(1, STRUCT, 0, 104, 0); /* the kernel's string */
  type(before + string("own"), STRUCT, 0, 8, 0);
  open_file(&module);
  ck_assert_int_eq(visit(&module, &kernel), 0);
  ck_assert_str_eq(seen, "loop_cmd 104,own 8,");
  ck_assert_int_eq(visit(&module, NULL), -EBADMSG); /* offsets beyond its strings */
}
END_TEST

START_TEST(every_kind_is_skipped_by_its_size)
{
  static const unsigned rest[LAST_KIND + 1] = {
      [1] = 1,  [3] = 3,  [4] = 6,  [5] = 6,  [6] = 4,
      [13] = 4, [14] = 1, [15] = 6, [17] = 1, [19] = 6};
  for (uint32_t kind = 1; kind <= LAST_KIND; kind++) {
    struct btf btf;
    begin();
    type(0, kind, 2, 0, rest[kind]);
    type(string("after"), STRUCT, 0, 7, 0);
    open_file(&btf);
    ck_assert_msg(visit(&btf, NULL) == 0 && strcmp(seen, "after 7,") == 0, "kind %u: %s",
                  kind, seen);
  }
}
END_TEST

START_TEST(unknown_kinds_end_the_visit)
{
  static const uint32_t kinds[] = {0, LAST_KIND + 1, 0x7f};
  for (size_t i = 0; i < LENGTH(kinds); i++) {
    struct btf btf;
    begin();
    type(string("a"), STRUCT, 0, 7, 0);
    type(0, kinds[i], 0, 0, 0);
    open_file(&btf);
    ck_assert_int_eq(visit(&btf, NULL), -EBADMSG);
    ck_assert_str_eq(seen, "a 7,");
  }
}
END_TEST

START_TEST(types_that_are_cut_off_end_the_visit)
{
  struct btf btf;
  begin();
  type(string("a"), STRUCT, 1, 7, 3);
  open_file(&btf);
  for (size_t length = 1; length < btf.types_length; length++) {
    struct btf part = btf;
    part.types_length = length;
    ck_assert_int_eq(visit(&part, NULL), -EBADMSG);
  }
  btf.strings_length = 1;
  ck_assert_int_eq(visit(&btf, NULL), -EBADMSG);
}
END_TEST

START_TEST(sections_must_be_within_the_file)
{
  struct btf btf = {.types_length = 77};
  begin();
  type(string("a"), STRUCT, 0, 7, 0);
  finish();
  for (size_t length = 0; length < image_length; length++)
    ck_assert_int_eq(btf_open(image + 1, length, &btf), -EBADMSG);
  for (unsigned word = 1; word < 6; word++) {
    uint32_t huge = UINT32_MAX;
    finish();
    memcpy(image + 1 + 4 * word, &huge, sizeof(huge));
    ck_assert_int_eq(btf_open(image + 1, image_length, &btf), -EBADMSG);
  }
  ck_assert_uint_eq(btf.types_length, 77);
}
END_TEST

START_TEST(other_files_are_refused)
{
  struct btf btf;
  begin();
  type(string("a"), STRUCT, 0, 7, 0);
  finish();
  image[1] ^= 0xff;
  ck_assert_int_eq(btf_open(image + 1, image_length, &btf), -EBADMSG);
  finish();
  image[image_length] = 'x'; /* the last string has no end */
  ck_assert_int_eq(btf_open(image + 1, image_length, &btf), -EBADMSG);
}
END_TEST

/* --- sizes of a machine ----------------------------------------------------------------
 */

static char *tree;
static struct sysroot root;
static struct kernel_structs structs;

static void begin_machine(void)
{
  tree = tree_make();
  ck_assert_int_eq(sysroot_open(tree, &root), 0);
  root.live = true;
  structs = (struct kernel_structs){0};
  begin();
}

static void end_machine(void)
{
  sysroot_close(&root);
  tree_remove(tree);
}

static void write_btf(const char *name)
{
  char path[64];
  snprintf(path, sizeof(path), "sys/kernel/btf/%s", name);
  finish();
  tree_write_bytes(tree, path, image + 1, image_length);
}

static void assert_state(int row, enum reading_state state)
{
  ck_assert_int_eq(structs.size[row].state, state);
}

START_TEST(sizes_are_of_the_kernel_and_of_its_modules)
{
  begin_machine();
  type(string("request"), STRUCT, 0, 248, 0);
  type(string("scsi_cmnd"), STRUCT, 0, 296, 0); /* built in */
  type(string("bio_integrity_alloc_buf"), FUNC, 0, 1, 0);
  write_btf("vmlinux");
  const uint32_t before = (uint32_t)file.strings_length;
  begin();
  type(1, STRUCT, 0, 7, 0); /* another struct request */
  type(before + string("loop_cmd"), STRUCT, 0, 104, 0);
  write_btf("loop");
  kernel_structs_read(&root, &structs);
  ck_assert_known(structs.size[KERNEL_STRUCT_request], 248);
  ck_assert_known(structs.size[KERNEL_STRUCT_scsi_cmnd], 296);
  ck_assert_known(structs.size[KERNEL_STRUCT_loop_cmd], 104);
  ck_assert(structs.has[KERNEL_FUNCTION_bio_integrity_alloc_buf]);
  assert_state(KERNEL_STRUCT_scatterlist, READING_MALFORMED); /* the kernel lacks it */
  assert_state(KERNEL_STRUCT_nbd_cmd, READING_ABSENT);        /* may be loaded later */
  begin();
  type(before + string("nbd_cmd"), STRUCT, 0, 72, 0);
  write_btf("nbd");
  kernel_structs_read(&root, &structs);
  ck_assert_known(structs.size[KERNEL_STRUCT_nbd_cmd], 72);
  ck_assert_known(structs.size[KERNEL_STRUCT_request], 248);
  end_machine();
}
END_TEST

START_TEST(two_structs_of_one_name_have_no_size)
{
  begin_machine();
  type(string("request"), STRUCT, 0, 248, 0);
  type(1, STRUCT, 0, 248, 0);
  write_btf("vmlinux");
  kernel_structs_read(&root, &structs);
  ck_assert_known(structs.size[KERNEL_STRUCT_request], 248);
  ck_assert(!structs.has[KERNEL_FUNCTION_bio_integrity_alloc_buf]);
  structs = (struct kernel_structs){0};
  type(1, STRUCT, 0, 240, 0);
  write_btf("vmlinux");
  kernel_structs_read(&root, &structs);
  assert_state(KERNEL_STRUCT_request, READING_MALFORMED);
  end_machine();
}
END_TEST

START_TEST(without_btf_or_in_a_captured_tree_all_is_absent)
{
  begin_machine();
  kernel_structs_read(&root, &structs);
  for (unsigned i = 0; i < KERNEL_STRUCT_COUNT; i++)
    assert_state((int)i, READING_ABSENT);
  type(string("request"), STRUCT, 0, 248, 0);
  write_btf("vmlinux");
  root.live = false;
  kernel_structs_read(&root, &structs);
  assert_state(KERNEL_STRUCT_request, READING_ABSENT);
  end_machine();
}
END_TEST

START_TEST(broken_btf_makes_sizes_malformed)
{
  begin_machine();
  tree_write(tree, "sys/kernel/btf/vmlinux", "no BTF\n");
  kernel_structs_read(&root, &structs);
  for (unsigned i = 0; i < KERNEL_STRUCT_COUNT; i++)
    assert_state((int)i, READING_MALFORMED);
  structs = (struct kernel_structs){0};
  type(string("request"), STRUCT, 0, 248, 0);
  write_btf("vmlinux");
  tree_write(tree, "sys/kernel/btf/loop", "no BTF\n");
  kernel_structs_read(&root, &structs);
  ck_assert_known(structs.size[KERNEL_STRUCT_request], 248);
  assert_state(KERNEL_STRUCT_loop_cmd, READING_MALFORMED);
  end_machine();
}
END_TEST

SUITE_MAIN("btf", sizes_are_of_the_kernel_and_of_its_modules,
           two_structs_of_one_name_have_no_size,
           without_btf_or_in_a_captured_tree_all_is_absent,
           broken_btf_makes_sizes_malformed, named_structs_are_visited_with_their_sizes,
           module_continues_the_strings_of_the_kernel, every_kind_is_skipped_by_its_size,
           unknown_kinds_end_the_visit, types_that_are_cut_off_end_the_visit,
           sections_must_be_within_the_file, other_files_are_refused)
