/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/parse/vmallocinfo.h"

#include "suite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define LENGTH(array) (sizeof(array) / sizeof(*(array)))
#define PAGES(count)  ((uint64_t)(count)*4096)
#define ZEROS         "0x0000000000000000-0x0000000000000000 "

/* Too large for a stack of unknown size. */
static struct vmallocinfo got;
static struct parse_error parse_error;

static int parse_pages(const char *text, uint64_t page_size)
{
  parse_error = (struct parse_error){0};
  return vmallocinfo_parse(scan_string(text), page_size, &got, &parse_error);
}

static void parse(const char *text)
{
  int error = parse_pages(text, 4096);
  ck_assert_msg(error == 0, "line %u: \"%s\": %s in %s", parse_error.line,
                parse_error.near, parse_error.cause, text);
  ck_assert_uint_eq(parse_error.count, 0);
}

/* For lines that are all valid. */
static void parse_beyond_any_size(const char *text)
{
  ck_assert_int_eq(parse_pages(text, 4096), 0);
  ck_assert_uint_eq(parse_error.count, 1);
  ck_assert_uint_eq(parse_error.line, 0);
  ck_assert_str_eq(parse_error.cause, "sum out of range");
}

static const struct {
  const char *line;
  uint64_t size, pages; /* want */
  enum vmalloc_kind kind;
  const char *symbol, *module; /* of the one caller; NULL where pages is 0 */
} shapes[] = {
#define KIND(name) VMALLOC_KIND_##name
    /* 2.6.32: bare phys= */
    {"0xf7ffe000-0xf8000000    8192 hpet_enable+0x2d/0x1ea phys=fed00000 ioremap", 8192,
     0, KIND(IOREMAP), NULL, NULL},
    {"0xf8002000-0xf8008000   24576 snd_dma_alloc+0x65/0x90 [snd_page_alloc] pages=5 "
     "vmalloc",
     24576, PAGES(5), KIND(VMALLOC), "snd_dma_alloc", "snd_page_alloc"},
    {"0xbf000000-0xbf002000    8192 module_alloc_update_bounds+0xc/0x5c pages=1 vmalloc",
     8192, PAGES(1), KIND(VMALLOC), "module_alloc_update_bounds", ""},
    {"0xc9000000-0xd1001000 134221824 serdes_vir_addr_map+0x14/0xdc [zte_xgmii] "
     "phys=5000000 ioremap",
     134221824, 0, KIND(IOREMAP), NULL, NULL},
    /* 3.10: NUMA, vpages, vm_map_ram without caller */
    {"0xffffc90000000000-0xffffc90000201000 2101248 alloc_large_system_hash+0x171/0x239 "
     "pages=512 vmalloc vpages N0=256 N1=256",
     2101248, PAGES(512), KIND(VMALLOC), "alloc_large_system_hash", ""},
    {"0xffffc90010000000-0xffffc90010401000 4198400 vm_map_ram", 4198400, 0, KIND(NONE),
     NULL, NULL},
    {"0xc8804000-0xc8a05000 2101248 atomic_pool_init+0x0/0x12c user", 2101248, 0,
     KIND(USER), NULL, NULL},
    {"0xffffc90000300000-0xffffc90000305000   20480 packet_set_ring+0x3f6/0x7a0 "
     "[af_packet] pages=4 vmalloc user N0=4",
     20480, PAGES(4), KIND(VMALLOC), "packet_set_ring", "af_packet"},
    /* 4.12 and later: phys= with 0x, hashed addresses, inverted ranges */
    {"0x000000007874d405-0x00000000e344a63f    8192 acpi_os_map_iomem+0x19d/0x1c0 "
     "phys=0x00000000f7ff8000 ioremap",
     8192, 0, KIND(IOREMAP), NULL, NULL},
    {"0x00000000e344a63f-0x000000000daf29b0   20480 _do_fork+0xe2/0x390 pages=4 vmalloc "
     "N0=4",
     20480, PAGES(4), KIND(VMALLOC), "_do_fork", ""},
    {"0x(____ptrval____)-0x(____ptrval____)    8192 hv_cpu_init+0xe1/0x100 pages=1 "
     "vmalloc N0=1",
     8192, PAGES(1), KIND(VMALLOC), "hv_cpu_init", ""},
    /* kptr_restrict=2 */
    {ZEROS "  20480 dup_task_struct+0x4f/0x1b0 pages=4 vmalloc N0=4", 20480, PAGES(4),
     KIND(VMALLOC), "dup_task_struct", ""},
    {ZEROS "1048576 pcpu_get_vm_areas+0x0/0xc30 vmalloc", 1048576, 0, KIND(VMALLOC), NULL,
     NULL},
    {ZEROS "  20480 map_irq_stack+0x93/0xe0 vmap", 20480, 0, KIND(VMAP), NULL, NULL},
    /* 5.4, 5.10: pages of VM_MAP_PUT_PAGES areas belong to their user */
    {ZEROS "  69632 dma_common_contiguous_remap+0x88/0xa0 dma-coherent", 69632, 0,
     KIND(DMA_COHERENT), NULL, NULL},
    {ZEROS "  94208 shmem_pin_map+0x5f/0x120 [i915] pages=22 vmap N0=22", 94208, 0,
     KIND(VMAP), NULL, NULL},
    /* 6.12, 6.18 */
    {ZEROS "4294975488 arena_map_alloc+0x9e/0x190 sparse", 4294975488, 0, KIND(SPARSE),
     NULL, NULL},
    {ZEROS "2097152 execmem_vmalloc+0x62/0x110 pages=512 vmalloc N0=512", 2097152,
     PAGES(512), KIND(VMALLOC), "execmem_vmalloc", ""}, /* no guard page */
    /* no caller, or one without a name */
    {ZEROS "  36864 pages=8 vmalloc N0=8", 36864, PAGES(8), KIND(VMALLOC), "unknown", ""},
    {ZEROS "   8192 phys=0x00000000fed00000 ioremap", 8192, 0, KIND(IOREMAP), NULL, NULL},
    {ZEROS "   8192 vmap", 8192, 0, KIND(VMAP), NULL, NULL},
    {ZEROS "   8192", 8192, 0, KIND(NONE), NULL, NULL},
    {ZEROS "   8192 0x0000000000000000 pages=1 vmalloc N0=1", 8192, PAGES(1),
     KIND(VMALLOC), "0x0000000000000000", ""},
    {ZEROS "   8192 0xffffffffc0a81234 [nvidia] pages=1 vmalloc", 8192, PAGES(1),
     KIND(VMALLOC), "0xffffffffc0a81234", "nvidia"},
    {"0xf7ffe000-0xf8000000    8192 c01d2a40 pages=1 vmalloc", 8192, PAGES(1),
     KIND(VMALLOC), "c01d2a40", ""},
    {ZEROS "   8192 foo+0x1/0x2", 8192, 0, KIND(NONE), NULL, NULL},
    /* a future attribute, and blanks at the end */
    {ZEROS "  12288 foo+0x1/0x2 pages=2 order=0 huge-able vmalloc N0=1 N12=1  ", 12288,
     PAGES(2), KIND(VMALLOC), "foo", ""},
};

START_TEST(each_form_of_line_is_parsed)
{
  for (size_t i = 0; i < LENGTH(shapes); i++) {
    char text[256];
    snprintf(text, sizeof(text), "%s\n", shapes[i].line);
    parse(text);
    ck_assert_known(got.entries_count, 1);
    ck_assert_known(got.unpurged_count, 0);
    ck_assert_known(got.size, shapes[i].size);
    ck_assert_msg(got.pages.value == shapes[i].pages, "%s", text);
    for (unsigned kind = 0; kind < VMALLOC_KIND_COUNT; kind++)
      ck_assert_msg(got.kind_size[kind].value ==
                        (kind == shapes[i].kind ? shapes[i].size : 0),
                    "kind %u: %s", kind, text);
    ck_assert_msg(got.callers_count == (shapes[i].symbol != NULL), "%s", text);
    if (shapes[i].symbol == NULL)
      continue;
    ck_assert_str_eq(got.callers[0].symbol, shapes[i].symbol);
    ck_assert_str_eq(got.callers[0].module, shapes[i].module);
    ck_assert_uint_eq(got.callers[0].bytes, shapes[i].pages);
    ck_assert_uint_eq(got.callers[0].entries_count, 1);
  }
}
END_TEST

static const struct {
  const char *text, *cause, *near;
} refused[] = {
    {"\n", "no address range", ""},
    {"hello\n", "no address range", "hello"},
    {"0xf7ffe000\n", "no address range", "0xf7ffe000"},
    {"0x1-0x2\n", "size is not a number", "0x1-0x2"},
    {"0x1-0x2 pages=1 vmalloc\n", "size is not a number", "0x1-0x2"},
    {"0x1-0x2 -8192 foo+0x1/0x2\n", "size is not a number", "0x1-0x2"},
    {"0x1-0x2 9223372036854775808 f+0x1/0x2\n", "size is not a number", "0x1-0x2"},
    {"0x1-0x2 8192 f+0x1/0x2 pages= vmalloc\n", "pages= is not a number", "0x1-0x2"},
    {"0x1-0x2 8192 f+0x1/0x2 pages=-1 vmalloc\n", "pages= is not a number", "0x1-0x2"},
    {"0x1-0x2 8192 f+0x1/0x2 pages=18446744073709551615 vmalloc\n",
     "pages= is not a number", "0x1-0x2"},
    {"0x1-0x2 8192 f+0x1/0x2 pages=3 vmalloc\n", "more pages than fit into the area",
     "0x1-0x2"},
    {"0x1-0x2 8192 f+0x1/0x2 pages=4503599627370496 vmalloc\n", /* 2^64 bytes */
     "more pages than fit into the area", "0x1-0x2"},
    {"0x1-0x2 8192 f+0x1/0x2 g+0x1/0x2 vmalloc\n", "unexpected word", "0x1-0x2"},
    {"0x1-0x2 8192 f+0x1/0x2 pages=1 vma0-0x2 8192 vmalloc\n", /* parts of two lines */
     "unexpected word", "0x1-0x2"},
    {"0x1-0x2 8192 f+0x1/0x2 pages=1 vmalloc\r\n", "unexpected word", "0x1-0x2"},
    {"0x1-0x2 8192 f+0x1/0x2 pages=1 vmalloc", "line is cut off at the end of the file",
     "0x1-0x2"},
    {"0x1-0x2 8192 f+0x1/0x2 pages=1 vmalloc N0=1",
     "line is cut off at the end of the file", "0x1-0x2"},
    {"0x1-0x2 8192", "line is cut off at the end of the file", "0x1-0x2"},
};

START_TEST(one_bad_line_makes_every_sum_malformed)
{
  static const char good[] = "0x1-0x2 8192 foo+0x1/0x2 pages=1 vmalloc\n";
  for (size_t i = 0; i < LENGTH(refused); i++) {
    char text[256];
    snprintf(text, sizeof(text), "%s%s%s", good, refused[i].text, good);
    if (strchr(refused[i].text, '\n') == NULL)
      snprintf(text, sizeof(text), "%s%s", good, refused[i].text);
    ck_assert_msg(parse_pages(text, 4096) == -EBADMSG, "%s", text);
    ck_assert_msg(strcmp(parse_error.cause, refused[i].cause) == 0, "%s: %s", text,
                  parse_error.cause);
    ck_assert_str_eq(parse_error.near, refused[i].near);
    ck_assert_uint_eq(parse_error.line, 2);
    ck_assert_uint_eq(parse_error.count, 1);
    for (size_t r = 0; r < VMALLOCINFO_READINGS; r++)
      ck_assert_int_eq((&got.pages)[r].state, READING_MALFORMED);
    ck_assert_uint_eq(got.callers_count, 0);
  }
}
END_TEST

START_TEST(all_bad_lines_are_counted_and_the_first_is_reported)
{
  ck_assert_int_eq(parse_pages("0x1-0x2 8192 vmap\nx\ny\nz\n", 4096), -EBADMSG);
  ck_assert_str_eq(parse_error.near, "x");
  ck_assert_uint_eq(parse_error.line, 2);
  ck_assert_uint_eq(parse_error.count, 3);
}
END_TEST

START_TEST(empty_file_has_no_areas)
{
  parse("");
  for (size_t r = 0; r < VMALLOCINFO_READINGS; r++)
    ck_assert_known((&got.pages)[r], 0);
  ck_assert_uint_eq(got.callers_count, 0);
  ck_assert_uint_eq(got.other_bytes, 0);
}
END_TEST

START_TEST(area_may_be_filled_to_the_last_page)
{
  parse("0x1-0x2 8192 f+0x1/0x2 pages=2 vmalloc\n");
  ck_assert_known(got.pages, 8192);
}
END_TEST

START_TEST(page_size_is_that_of_the_captured_machine)
{
  static const char text[] = "0x1-0x2 327680 copy_process+0x1/0x2 pages=4 vmalloc N0=4\n";
  ck_assert_int_eq(parse_pages(text, 65536), 0);
  ck_assert_known(got.pages, 262144);
  ck_assert_known(got.stack_pages, 262144);
  ck_assert_uint_eq(got.callers[0].bytes, 262144);
}
END_TEST

START_TEST(unpurged_areas_are_counted_separately)
{
  parse("0x0-0x0   20480 unpurged vm_area\n"
        "0x0-0x0    8192 foo+0x1/0x2 pages=1 vmalloc\n"
        "0x0-0x0   12288 unpurged vm_area\n");
  ck_assert_known(got.unpurged_count, 2);
  ck_assert_known(got.unpurged_size, 32768);
  ck_assert_known(got.entries_count, 1);
  ck_assert_known(got.size, 8192);
  ck_assert_known(got.kind_size[VMALLOC_KIND_NONE], 0);
}
END_TEST

START_TEST(percpu_chunks_are_address_space_without_pages)
{
  parse("0x0-0x0 1048576 pcpu_get_vm_areas+0x0/0xc30 vmalloc\n"
        "0x0-0x0 2097152 pcpu_get_vm_areas+0x0/0xc30 vmalloc\n"
        "0x0-0x0   12288 pcpu_mem_zalloc+0x58/0x80 pages=2 vmalloc N0=2\n"
        "0x0-0x0    8192 other_areas+0x0/0x30 vmalloc\n");
  ck_assert_known(got.percpu_size, 3145728);
  ck_assert_known(got.pages, PAGES(2));
  ck_assert_known(got.kind_size[VMALLOC_KIND_VMALLOC], 3166208);
  ck_assert_uint_eq(got.callers_count, 1);
  ck_assert_str_eq(got.callers[0].symbol, "pcpu_mem_zalloc");
}
END_TEST

static const struct {
  const char *printed, *want;
} symbols[] = {
    {"copy_process+0x16a/0x1a80", "copy_process"},
    {"copy_process", "copy_process"},
    {"copy_process.isra.0+0x16a/0x1a80", "copy_process"},
    {"copy_process.part.33+0x16a/0x1a80", "copy_process"},
    {"copy_process.constprop.7+0x16a/0x1a80", "copy_process"},
    {"copy_process.isra.3.constprop.0+0x16a/0x1a80", "copy_process"},
    {"copy_process.cold+0x16a/0x1a80", "copy_process"},
    {"copy_process.cold.91+0x16a/0x1a80", "copy_process"},
    {"copy_process.llvm.12345+0x16a/0x1a80", "copy_process"},
    {"copy_process.lto_priv.0+0x16a/0x1a80", "copy_process"},
    {"copy_process.isra.0", "copy_process"},
    {".copy_process+0x16a/0x1a80", ".copy_process"}, /* ppc64 ABI v1 */
    {".copy_process.isra.0+0x1/0x2", ".copy_process"},
    {"device.name+0x1/0x2", "device.name"},
    {"a.b.isra.0+0x1/0x2", "a.b"},
    {"_RNvNtCs123_6kernel5alloc+0x1/0x2", "_RNvNtCs123_6kernel5alloc"},
};

START_TEST(symbol_is_without_offset_and_compiler_suffix)
{
  for (size_t i = 0; i < LENGTH(symbols); i++) {
    char text[256];
    snprintf(text, sizeof(text), "0x1-0x2 8192 %s pages=1 vmalloc\n", symbols[i].printed);
    parse(text);
    ck_assert_str_eq(got.callers[0].symbol, symbols[i].want);
  }
}
END_TEST

START_TEST(areas_of_one_function_are_one_caller)
{
  parse("0x1-0x2 8192 f.isra.0+0x1/0x2 pages=1 vmalloc\n"
        "0x1-0x2 16384 f+0x7/0x9 pages=3 vmalloc\n"
        "0x1-0x2 12288 f+0x7/0x9 [m] pages=2 vmalloc\n"
        "0x1-0x2 12288 f+0x7/0x9 [n] pages=2 vmalloc\n"
        "0x1-0x2 8192 f.cold+0x1/0x2 pages=1 vmalloc\n");
  ck_assert_uint_eq(got.callers_count, 3);
  ck_assert_str_eq(got.callers[0].module, "");
  ck_assert_uint_eq(got.callers[0].bytes, PAGES(5));
  ck_assert_uint_eq(got.callers[0].entries_count, 3);
  ck_assert_str_eq(got.callers[1].module, "m");
  ck_assert_uint_eq(got.callers[1].bytes, PAGES(2));
  ck_assert_str_eq(got.callers[2].module, "n");
}
END_TEST

/* Enough that some share a slot of any hash table. */
START_TEST(equal_functions_of_two_modules_are_two_callers)
{
  static char text[65536];
  size_t used = 0;
  for (unsigned i = 0; i < 2 * 250; i++)
    used +=
        (size_t)snprintf(text + used, sizeof(text) - used,
                         "0x1-0x2 8192 probe+0x1/0x2 [m%u] pages=1 vmalloc\n", i % 250);
  parse(text);
  ck_assert_uint_eq(got.callers_count, 250);
  for (unsigned i = 0; i < 250; i++)
    ck_assert_uint_eq(got.callers[i].entries_count, 2);
}
END_TEST

START_TEST(callers_are_sorted_by_bytes_then_by_name)
{
  static const char *const want[] = {"big", "tie_a", "tie_b", "tie_b", "small"};
  parse("0x1-0x2 16384 tie_b+0x1/0x2 [m] pages=3 vmalloc\n"
        "0x1-0x2 8192 small+0x1/0x2 pages=1 vmalloc\n"
        "0x1-0x2 16384 tie_b+0x1/0x2 pages=3 vmalloc\n"
        "0x1-0x2 36864 big+0x1/0x2 pages=8 vmalloc\n"
        "0x1-0x2 16384 tie_a+0x1/0x2 pages=3 vmalloc\n");
  ck_assert_uint_eq(got.callers_count, 5);
  for (unsigned i = 0; i < 5; i++)
    ck_assert_str_eq(got.callers[got.by_size[i]].symbol, want[i]);
  ck_assert_str_eq(got.callers[got.by_size[2]].module, "");
  ck_assert_str_eq(got.callers[got.by_size[3]].module, "m");
}
END_TEST

/* `count` callers of 1 to 7 pages, twice each. Returns their pages. */
static uint64_t write_callers(unsigned count, char *text, size_t size)
{
  uint64_t pages = 0;
  size_t used = 0;
  for (unsigned i = 0; i < 2 * count; i++) {
    unsigned n = i % count % 7 + 1;
    used += (size_t)snprintf(text + used, size - used,
                             "0x1-0x2 %u caller_%u+0x1/0x2 pages=%u vmalloc\n",
                             (n + 1) * 4096, i % count, n);
    pages += n;
  }
  return pages;
}

START_TEST(callers_beyond_the_table_are_summed_without_loss)
{
  static char text[65536];
  uint64_t pages = write_callers(VMALLOC_CALLERS_MAX + 44, text, sizeof(text));
  parse(text);
  ck_assert_uint_eq(got.callers_count, VMALLOC_CALLERS_MAX);
  ck_assert_uint_eq(got.other_entries_count, 88);
  ck_assert_known(got.pages, PAGES(pages));
  uint64_t bytes = got.other_bytes, entries = got.other_entries_count;
  for (unsigned i = 0; i < got.callers_count; i++) {
    bytes += got.callers[i].bytes;
    entries += got.callers[i].entries_count;
    ck_assert_uint_eq(got.callers[i].entries_count, 2); /* found again when full */
    if (i > 0)
      ck_assert_uint_ge(got.callers[got.by_size[i - 1]].bytes,
                        got.callers[got.by_size[i]].bytes);
  }
  ck_assert_uint_eq(bytes, PAGES(pages));
  ck_assert_uint_eq(entries, got.entries_count.value);
}
END_TEST

START_TEST(full_table_has_no_other_callers)
{
  static char text[65536];
  uint64_t pages = write_callers(VMALLOC_CALLERS_MAX, text, sizeof(text));
  parse(text);
  ck_assert_uint_eq(got.callers_count, VMALLOC_CALLERS_MAX);
  ck_assert_uint_eq(got.other_entries_count, 0);
  ck_assert_uint_eq(got.other_bytes, 0);
  ck_assert_known(got.pages, PAGES(pages));
}
END_TEST

static struct span span_of(const char *text)
{
  return (struct span){text, strlen(text)};
}

START_TEST(stacks_are_recognised_by_the_caller)
{
  static const char *const stacks[] = {
      "alloc_thread_stack_node",
      "dup_task_struct",
      "copy_process",
      "do_fork",
      "_do_fork",
      "kernel_clone",
      "fork_idle",
      "create_io_thread",
      "vhost_task_create",
      "kernel_thread",
      "user_mode_thread",
  };
  static const char *const others[] = {
      "", "fork", "do_forks", "copy_proces", "n_tty_open", "start_kernel", "load_module"};
  for (size_t i = 0; i < LENGTH(stacks); i++) {
    ck_assert_msg(vmalloc_caller_is_stack(span_of(stacks[i])), "%s", stacks[i]);
    ck_assert(!vmalloc_caller_is_module(span_of(stacks[i])));
  }
  for (size_t i = 0; i < LENGTH(others); i++)
    ck_assert_msg(!vmalloc_caller_is_stack(span_of(others[i])), "%s", others[i]);
}
END_TEST

START_TEST(modules_are_recognised_by_the_caller)
{
  static const char *const modules[] = {
      "load_module",
      "layout_and_allocate",
      "move_module",
      "module_alloc",
      "module_alloc_update_bounds",
      "module_memory_alloc",
      "execmem_alloc",
      "execmem_vmalloc",
      "execmem_cache_populate",
      "execmem_cache_alloc",
  };
  static const char *const others[] = {"", "module", "module_alloc_", "bpf_prog_alloc"};
  for (size_t i = 0; i < LENGTH(modules); i++) {
    ck_assert_msg(vmalloc_caller_is_module(span_of(modules[i])), "%s", modules[i]);
    ck_assert(!vmalloc_caller_is_stack(span_of(modules[i])));
  }
  for (size_t i = 0; i < LENGTH(others); i++)
    ck_assert_msg(!vmalloc_caller_is_module(span_of(others[i])), "%s", others[i]);
}
END_TEST

START_TEST(stacks_and_modules_are_parts_of_the_pages)
{
  parse("0x1-0x2 20480 copy_process.isra.0+0x1/0x2 pages=4 vmalloc\n"
        "0x1-0x2 20480 kernel_clone+0x1/0x2 pages=4 vmalloc\n"
        "0x1-0x2 20480 start_kernel+0x1/0x2 pages=4 vmalloc\n" /* the size of a stack */
        "0x1-0x2 12288 load_module+0x1/0x2 pages=2 vmalloc\n"
        "0x1-0x2 20480 copy_process+0x1/0x2 vmap\n");
  ck_assert_known(got.pages, PAGES(14));
  ck_assert_known(got.stack_pages, PAGES(8));
  ck_assert_known(got.module_pages, PAGES(2));
}
END_TEST

START_TEST(only_the_sum_that_overflows_is_malformed)
{
  parse_beyond_any_size("0x1-0x2 9223372036854775807 f+0x1/0x2 pages=1 vmalloc\n"
                        "0x1-0x2 8192 f+0x1/0x2 pages=1 vmalloc\n");
  ck_assert_int_eq(got.size.state, READING_MALFORMED);
  ck_assert_known(got.pages, PAGES(2));
}
END_TEST

START_TEST(there_are_no_callers_where_the_sum_of_pages_overflows)
{
  static const char line[] =
      "0x1-0x2 9223372036854775807 f+0x1/0x2 pages=2251799813685247 vmalloc\n";
  char text[2 * sizeof(line)];
  parse(line);
  ck_assert_uint_eq(got.callers_count, 1);
  snprintf(text, sizeof(text), "%s%s", line, line);
  parse_beyond_any_size(text);
  ck_assert_int_eq(got.pages.state, READING_MALFORMED);
  ck_assert_uint_eq(got.callers_count, 0);
  ck_assert_uint_eq(got.other_bytes, 0);
}
END_TEST

START_TEST(long_names_are_cut_and_still_found)
{
  char name[201], text[1024];
  memset(name, 'n', 200);
  name[200] = '\0';
  snprintf(text, sizeof(text),
           "0x1-0x2 8192 %s+0x1/0x2 [%s] pages=1 vmalloc\n"
           "0x1-0x2 8192 %s+0x1/0x2 [%s] pages=1 vmalloc\n",
           name, name, name, name);
  parse(text);
  ck_assert_uint_eq(got.callers_count, 1);
  ck_assert_uint_eq(strlen(got.callers[0].symbol), sizeof(got.callers[0].symbol) - 1);
  ck_assert_uint_eq(strlen(got.callers[0].module), sizeof(got.callers[0].module) - 1);
  ck_assert_uint_eq(got.callers[0].entries_count, 2);
}
END_TEST

START_TEST(line_of_a_million_bytes_is_one_line)
{
  enum { LONG = 1000000 };
  static char text[LONG + 100];
  memcpy(text, "0x1-0x2 8192 ", 13);
  memset(text + 13, 'c', LONG);
  memcpy(text + 13 + LONG, "+0x1/0x2 pages=1 vmalloc\n", 26);
  parse(text);
  ck_assert_known(got.pages, PAGES(1));
  ck_assert_uint_eq(strlen(got.callers[0].symbol), sizeof(got.callers[0].symbol) - 1);

  memset(text, '9', 13);
  ck_assert_int_eq(parse_pages(text, 4096), -EBADMSG);
  ck_assert_uint_eq(parse_error.count, 1);
  ck_assert_uint_eq(strlen(parse_error.near), sizeof(parse_error.near) - 1);
}
END_TEST

START_TEST(nul_byte_makes_its_line_malformed)
{
  static const char text[] = "0x1-0x2 8192 f+0x1/0x2 pages=\0001 vmalloc\n";
  parse_error = (struct parse_error){0};
  int error =
      vmallocinfo_parse(scan_text(text, sizeof(text) - 1), 4096, &got, &parse_error);
  ck_assert_int_eq(error, -EBADMSG);
  ck_assert_str_eq(parse_error.cause, "pages= is not a number");
}
END_TEST

/* All kinds of lines together. */
static const char machine[] =
    "0x0-0x0   20480 irq_init_percpu_irqstack+0xca/0x100 vmap\n"
    "0x0-0x0    8192 acpi_os_map_iomem+0x1bc/0x1e0 phys=0x00000000f7ff8000 ioremap\n"
    "0x0-0x0   20480 dup_task_struct+0x4f/0x1b0 pages=4 vmalloc N0=4\n"
    "0x0-0x0 2101248 alloc_large_system_hash+0x1b1/0x290 pages=512 vmalloc vpages "
    "N0=512\n"
    "0x0-0x0   36864 move_module+0x2f/0x1a0 pages=8 vmalloc N0=5 N1=3\n"
    "0x0-0x0   24576 crypto_scomp_init_tfm+0x5f/0xd0 [crypto_core] pages=5 vmalloc N0=5\n"
    "0x0-0x0   12288 unpurged vm_area\n"
    "0x0-0x0 1048576 pcpu_get_vm_areas+0x0/0xc30 vmalloc\n"
    "0x0-0x0 4198400 vm_map_ram\n";

static void assert_is_machine(void)
{
  ck_assert_known(got.pages, PAGES(529));
  ck_assert_known(got.size, 7458816);
  ck_assert_known(got.stack_pages, PAGES(4));
  ck_assert_known(got.module_pages, PAGES(8));
  ck_assert_known(got.percpu_size, 1048576);
  ck_assert_known(got.unpurged_size, 12288);
  ck_assert_known(got.unpurged_count, 1);
  ck_assert_known(got.entries_count, 8);
  ck_assert_uint_eq(got.callers_count, 4);
  ck_assert_str_eq(got.callers[got.by_size[0]].symbol, "alloc_large_system_hash");
  ck_assert_str_eq(got.callers[got.by_size[3]].symbol, "dup_task_struct");
  ck_assert_uint_eq(got.other_bytes, 0);
  ck_assert_uint_eq(got.other_entries_count, 0);
}

START_TEST(second_parse_replaces_the_first)
{
  memset(&got, 0xa5, sizeof(got));
  parse(machine);
  assert_is_machine();
  parse(machine);
  assert_is_machine();
  ck_assert_int_eq(parse_pages("bad\n", 4096), -EBADMSG);
  parse(machine);
  assert_is_machine();
}
END_TEST

/* A file cut off between two lines looks like a shorter one. Cut off within a line, it
 * has no numbers, but no wrong ones either. */
START_TEST(text_cut_off_within_a_line_has_no_sum)
{
  for (size_t length = 1; length < sizeof(machine) - 1; length++) {
    char *text =
        malloc(length); /* its own block, so that a sanitizer sees reads beyond it */
    memcpy(text, machine, length);
    parse_error = (struct parse_error){0};
    int error = vmallocinfo_parse(scan_text(text, length), 4096, &got, &parse_error);
    bool whole_lines = text[length - 1] == '\n';
    free(text);
    ck_assert_msg(error == (whole_lines ? 0 : -EBADMSG), "%zu bytes: %d", length, error);
    for (size_t r = 0; r < VMALLOCINFO_READINGS; r++)
      ck_assert_int_eq((&got.pages)[r].state,
                       whole_lines ? READING_KNOWN : READING_MALFORMED);
    ck_assert_uint_le(got.pages.value, PAGES(529));
  }
}
END_TEST

/* A second implementation of the grammar: the first word is the range, the second the
 * size. */
static bool has_range_and_size(const char *line, uint64_t *size)
{
  size_t length = strcspn(line, " \t");
  const char *dash = memchr(line, '-', length), *second = line + length;
  second += strspn(second, " \t");
  size_t digits = strspn(second, "0123456789");
  *size = strtoull(second, NULL, 10);
  return strncmp(line, "0x", 2) == 0 && dash != NULL && strncmp(dash, "-0x", 3) == 0 &&
         digits > 0 && strcspn(second, " \t") == digits;
}

START_TEST(range_of_any_width_ends_at_the_first_blank)
{
  static const char bytes[] = " \t-x0/,a\x80\xff";
  for (size_t at = 0; at < sizeof(ZEROS) + 3; at++)
    for (size_t i = 0; i < sizeof(bytes) - 1; i++) {
      char text[] = ZEROS "   8192 vmap\n";
      text[at] = bytes[i];
      uint64_t size;
      bool good = has_range_and_size(text, &size);
      ck_assert_msg((parse_pages(text, 4096) == 0) == good, "%s", text);
      if (good)
        ck_assert_known(got.kind_size[VMALLOC_KIND_VMAP], size);
    }
}
END_TEST

/* With symbols of each length, so that all distances between blanks occur. */
START_TEST(words_are_separated_by_blanks_or_tabs)
{
  for (size_t length = 1; length < 40; length++) {
    char symbol[40] = "", text[256];
    memset(symbol, 'a', length);
    snprintf(text, sizeof(text),
             ZEROS "\t8192\t%s\t[m]\tpages=1\tvmalloc\tvpages\tN0=1\n" ZEROS
                   "  \t8192 \t%s [m]  pages=1\t vmalloc \t vpages  N0=1\t\n",
             symbol, symbol);
    parse(text);
    ck_assert_known(got.kind_size[VMALLOC_KIND_VMALLOC], 2 * 8192);
    ck_assert_known(got.pages, PAGES(2));
    ck_assert_uint_eq(got.callers_count, 1);
    ck_assert_str_eq(got.callers[0].symbol, symbol);
    ck_assert_str_eq(got.callers[0].module, "m");
  }
}
END_TEST

/* Compared as span_copy prints it, or it would fill the table. */
START_TEST(caller_with_unprintable_bytes_is_found_again)
{
  parse("0x1-0x2 8192 a\x80_caller+0x1/0x2 [m\x80] pages=1 vmalloc\n"
        "0x1-0x2 8192 a\x80_caller+0x1/0x2 [m\x80] pages=1 vmalloc\n");
  ck_assert_uint_eq(got.callers_count, 1);
  ck_assert_str_eq(got.callers[0].symbol, "a?_caller");
  ck_assert_uint_eq(got.callers[0].entries_count, 2);
}
END_TEST

/* --- a text means what its lines mean, each alone -------------------------------------
 */

/* The expected result of one parse of the text: the sum of parses of single lines, which
 * cannot use anything parsed before. */
static struct {
  char text[1 << 20];
  size_t length;
  unsigned lines;
  struct vmallocinfo want;
  struct parse_error parse_error;
} sum;

static uint64_t state; /* of splitmix64 */
static uint64_t random_below(uint64_t limit)
{
  uint64_t z = state += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return (z ^ z >> 31) % limit;
}

#define ONE_OF(table) table[random_below(LENGTH(table))]

/* Mostly in the format of 64-bit kernels. */
static int write_range(char *out)
{
  unsigned long long begin = random_below(UINT64_MAX), end = random_below(UINT64_MAX);
  switch (random_below(16)) {
  case 0:
    return sprintf(out, "0x%08x-0x%08x", (unsigned)begin, (unsigned)end);
  case 1:
    return sprintf(out, "0x(____ptrval____)-0x(____ptrval____)");
  case 2:
    return sprintf(out, ZEROS "\t");
  default:
    return sprintf(out, "0x%016llx-0x%016llx", begin, end);
  }
}

static int write_rest(char *out, unsigned variety)
{
  static const char *const bare[] = {"unpurged vm_area", "vm_map_ram", "",
                                     "pcpu_get_vm_areas+0x0/0xc30 vmalloc",
                                     "f+0x1/0x2 phys=0x00000000fed00000 ioremap"};
  static const char *const callers[] = {"kernel_clone", "load_module", "f.isra.0",
                                        "f.cold",       ".f",          "device.name"};
  static const char *const modules[] = {"", "", " [nf_tables]", " [nf_tablet]", " []"};
  static const char *const flags[] = {"vmalloc", "vmalloc user", "vmalloc vpages", "vmap",
                                      ""};
  unsigned pages = 1 + (unsigned)random_below(1 + random_below(30));
  int used = sprintf(out, " %7u ", (pages + 1) * 4096);
  if (random_below(6) == 0)
    return used + sprintf(out + used, "%s", ONE_OF(bare));
  if (random_below(2) == 0)
    used += sprintf(out + used, "%s+0x9a/0x3d0", ONE_OF(callers));
  else
    used += sprintf(out + used, "a_caller_of_some_length_%u+0x%x/0xfff",
                    (unsigned)random_below(variety), (unsigned)random_below(3));
  return used + sprintf(out + used, "%s pages=%u %s N%u=%u", ONE_OF(modules), pages,
                        ONE_OF(flags), (unsigned)random_below(2), pages);
}

/* Changes up to three bytes, half of them in the range and the size. */
static void mutate(char *line, size_t length)
{
  static const char bytes[] = " \t-0x9aN=[]+.\0\x80\xb1\xff/'";
  for (uint64_t n = random_below(4); n > 0; n--) {
    size_t within = random_below(2) == 0 && length > 48 ? 48 : length;
    line[random_below(within)] = bytes[random_below(sizeof(bytes) - 1)];
  }
}

static void want_caller(const struct vmalloc_caller *one)
{
  struct vmallocinfo *want = &sum.want;
  unsigned i = 0;
  while (i < want->callers_count && (strcmp(want->callers[i].symbol, one->symbol) != 0 ||
                                     strcmp(want->callers[i].module, one->module) != 0))
    i++;
  if (i == VMALLOC_CALLERS_MAX) {
    want->other_bytes += one->bytes;
    want->other_entries_count += one->entries_count;
  } else if (i == want->callers_count) {
    want->callers[want->callers_count++] = *one;
  } else {
    want->callers[i].bytes += one->bytes;
    want->callers[i].entries_count += one->entries_count;
  }
}

/* Appends a line, and adds to the sum what it gives alone. A malformed line is left out
 * where only `good` ones are wanted. */
static void append(const char *line, size_t length, bool good)
{
  struct scan text = scan_text(line, length);
  text.line = sum.lines;
  parse_error = (struct parse_error){0};
  int error = vmallocinfo_parse(text, 4096, &got, &parse_error);
  if (error != 0 && good)
    return;
  ck_assert_uint_le(sum.length + length, sizeof(sum.text));
  memcpy(sum.text + sum.length, line, length);
  sum.length += length;
  sum.lines++;
  if (error != 0) {
    unsigned count = sum.parse_error.count + 1;
    if (count == 1)
      sum.parse_error = parse_error;
    sum.parse_error.count = count;
    return;
  }
  for (size_t r = 0; r < VMALLOCINFO_READINGS; r++)
    reading_add(&(&sum.want.pages)[r], (&got.pages)[r].value);
  if (got.callers_count > 0)
    want_caller(&got.callers[0]);
}

/* Appends lines whose rests repeat, that percentage of them mutated; the last may be
 * open. */
static void make_text(unsigned lines, unsigned variety, unsigned mutated, bool good)
{
  static char pool[400][128];
  sum.length = sum.lines = 0;
  sum.want = (struct vmallocinfo){0};
  sum.parse_error = (struct parse_error){0};
  for (size_t r = 0; r < VMALLOCINFO_READINGS; r++)
    (&sum.want.pages)[r] = reading_known(0);
  memset(pool, 0, sizeof(pool));
  for (unsigned i = 0; i < lines; i++) {
    char *rest = ONE_OF(pool), line[256];
    if (rest[0] == '\0' || random_below(4) == 0)
      write_rest(rest, variety);
    size_t length = (size_t)write_range(line);
    length += (size_t)sprintf(line + length, "%s", rest);
    if (random_below(100) < mutated)
      mutate(line, length);
    line[length] = '\n';
    append(line, length + (i + 1 < lines || good || random_below(2) == 0), good);
  }
}

static void assert_callers_are_those_of_the_sum(void)
{
  ck_assert_uint_eq(got.callers_count, sum.want.callers_count);
  for (unsigned i = 0; i < got.callers_count; i++) {
    const struct vmalloc_caller *caller = &got.callers[i], *want = &sum.want.callers[i];
    ck_assert_str_eq(caller->symbol, want->symbol);
    ck_assert_str_eq(caller->module, want->module);
    ck_assert_uint_eq(caller->bytes, want->bytes);
    ck_assert_uint_eq(caller->entries_count, want->entries_count);
  }
  ck_assert_uint_eq(got.other_bytes, sum.want.other_bytes);
  ck_assert_uint_eq(got.other_entries_count, sum.want.other_entries_count);
}

static void assert_text_is_the_sum(void)
{
  char *text =
      malloc(sum.length); /* its own block, so that a sanitizer sees reads beyond it */
  memcpy(text, sum.text, sum.length);
  parse_error = (struct parse_error){0};
  int error = vmallocinfo_parse(scan_text(text, sum.length), 4096, &got, &parse_error);
  free(text);
  ck_assert_int_eq(error, sum.parse_error.count > 0 ? -EBADMSG : 0);
  ck_assert_uint_eq(parse_error.count, sum.parse_error.count);
  if (error != 0) {
    ck_assert_uint_eq(parse_error.line, sum.parse_error.line);
    ck_assert_str_eq(parse_error.cause, sum.parse_error.cause);
    ck_assert_str_eq(parse_error.near, sum.parse_error.near);
    return;
  }
  for (size_t r = 0; r < VMALLOCINFO_READINGS; r++) {
    ck_assert_int_eq((&got.pages)[r].state, (&sum.want.pages)[r].state);
    ck_assert_uint_eq((&got.pages)[r].value, (&sum.want.pages)[r].value);
  }
  assert_callers_are_those_of_the_sum();
}

START_TEST(text_is_the_sum_of_its_lines)
{
  static const unsigned varieties[] = {1, 40, 900};
  for (unsigned i = 0; i < 60; i++) {
    state = i;
    make_text(i < 45 ? 1 + 3 * i : 8000, varieties[i % 3], i % 2 == 0 ? 0 : 60, true);
    ck_assert_uint_eq(sum.parse_error.count, 0);
    assert_text_is_the_sum();
  }
  ck_assert_uint_gt(sum.want.other_entries_count, 0); /* the last did not fit */
}
END_TEST

START_TEST(errors_of_a_text_are_those_of_its_lines)
{
  unsigned bad = 0;
  for (unsigned i = 0; i < 300; i++) {
    state = 1000 + i;
    make_text(1 + i, 40, i % 4, false);
    assert_text_is_the_sum();
    bad += sum.parse_error.count > 0;
  }
  ck_assert_uint_gt(bad, 50);
  ck_assert_uint_lt(bad, 250);
}
END_TEST

/* Lines that differ from the first in one byte, at any position. */
START_TEST(lines_that_differ_in_one_byte_are_different)
{
  static const char first[] = ZEROS "   8192 a_symbol_of_a_good_length_for_this+0x1/0x2 "
                                    "[and_a_module_of_one] pages=1 vmalloc\n";
  for (size_t at = sizeof(ZEROS) - 1; at < sizeof(first) - 2; at++) {
    sum.length = sum.lines = 0;
    make_text(0, 1, 0, false);
    append(first, sizeof(first) - 1, false);
    append(first, sizeof(first) - 1, false);
    char other[sizeof(first)];
    memcpy(other, first, sizeof(first));
    other[at] = other[at] == 'z' ? 'y' : 'z';
    append(other, sizeof(first) - 1, false);
    other[at] = ' ';
    append(other, sizeof(first) - 1, false);
    assert_text_is_the_sum();
  }
}
END_TEST

/* The first words give a caller and its module; a later word may change the module. */
START_TEST(last_module_of_a_line_counts)
{
#define CALLER "a_caller_of_some_length+0x1/0x2"
  parse("0x1-0x2 8192 " CALLER " pages=1 vmalloc\n"
        "0x1-0x2 12288 " CALLER " pages=2 vmalloc [m]\n"
        "0x1-0x2 20480 " CALLER " [m] pages=4 vmalloc\n"
        "0x1-0x2 36864 " CALLER " [n] pages=8 vmalloc [m]\n"
        "0x1-0x2 69632 " CALLER " [n] pages=16 vmalloc\n"
        "0x1-0x2 135168 " CALLER " [m] pages=32 vmalloc []\n"
        "0x1-0x2 266240 " CALLER "  [m]\tpages=64 vmalloc\n"
        "0x1-0x2 528384 " CALLER "  pages=128 vmalloc\n");
  ck_assert_uint_eq(got.callers_count, 3);
  ck_assert_str_eq(got.callers[0].module, "");
  ck_assert_uint_eq(got.callers[0].bytes, PAGES(1 + 32 + 128));
  ck_assert_str_eq(got.callers[1].module, "m");
  ck_assert_uint_eq(got.callers[1].bytes, PAGES(2 + 4 + 8 + 64));
  ck_assert_str_eq(got.callers[2].module, "n");
  ck_assert_uint_eq(got.callers[2].bytes, PAGES(16));
}
END_TEST

/* Appends a line of that caller, which differs in its pages from others of the same. */
static void append_caller(const char *caller, unsigned pages)
{
  char line[512];
  append(line,
         (size_t)snprintf(line, sizeof(line), ZEROS "%7u %s pages=%u vmalloc N0=%u\n",
                          (pages + 1) * 4096, caller, pages, pages),
         false);
}

/* More than any table holds, some of them with equal first bytes. */
START_TEST(any_number_of_callers_is_found_again)
{
  static const char *const shapes_of_callers[] = {
      "%u_is_a_caller+0x1/0x2", "this_is_the_caller_%u+0x1/0x2",
      "caller+0x%x/0xfff [a_module]", "this_is_a_caller+0x1/0x2 [module_%u]"};
  for (size_t i = 0; i < LENGTH(shapes_of_callers); i++) {
    make_text(0, 1, 0, true);
    for (unsigned n = 0; n < 3 * 700; n++) {
      char caller[128];
      snprintf(caller, sizeof(caller), shapes_of_callers[i], n % 700);
      append_caller(caller, 1 + n / 700);
    }
    assert_text_is_the_sum();
  }
}
END_TEST

START_TEST(callers_of_any_length_are_found_again)
{
  make_text(0, 1, 0, true);
  for (unsigned n = 0; n < 3 * 300; n++) {
    char caller[400];
    memset(caller, 'c', sizeof(caller));
    snprintf(caller + 1 + n % 300, 64, "+0x1/0x2%s", n % 4 == 0 ? " [module]" : "");
    append_caller(caller, 1 + n / 300);
  }
  assert_text_is_the_sum();
}
END_TEST

START_TEST(only_the_sum_of_equal_lines_that_overflows_is_malformed)
{
  static const char line[] =
      ZEROS "4611686018427387904 a_symbol_of_some_length+0x1/0x2 pages=1 vmalloc\n";
  char text[3 * sizeof(line)];
  snprintf(text, sizeof(text), "%s", line);
  parse(text);
  ck_assert_known(got.size, UINT64_C(4611686018427387904));
  snprintf(text, sizeof(text), "%s%s", line, line);
  parse_beyond_any_size(text);
  ck_assert_int_eq(got.size.state, READING_MALFORMED);
  snprintf(text, sizeof(text), "%s%s%s", line, line, line);
  parse_beyond_any_size(text);
  ck_assert_int_eq(got.size.state, READING_MALFORMED);
  ck_assert_int_eq(got.kind_size[VMALLOC_KIND_VMALLOC].state, READING_MALFORMED);
  ck_assert_known(got.pages, PAGES(3));
  ck_assert_known(got.entries_count, 3);
}
END_TEST

SUITE_MAIN(
    "vmallocinfo", each_form_of_line_is_parsed, one_bad_line_makes_every_sum_malformed,
    all_bad_lines_are_counted_and_the_first_is_reported, empty_file_has_no_areas,
    area_may_be_filled_to_the_last_page, page_size_is_that_of_the_captured_machine,
    unpurged_areas_are_counted_separately, percpu_chunks_are_address_space_without_pages,
    symbol_is_without_offset_and_compiler_suffix, areas_of_one_function_are_one_caller,
    equal_functions_of_two_modules_are_two_callers,
    callers_are_sorted_by_bytes_then_by_name,
    callers_beyond_the_table_are_summed_without_loss, full_table_has_no_other_callers,
    stacks_are_recognised_by_the_caller, modules_are_recognised_by_the_caller,
    stacks_and_modules_are_parts_of_the_pages, only_the_sum_that_overflows_is_malformed,
    there_are_no_callers_where_the_sum_of_pages_overflows,
    long_names_are_cut_and_still_found, line_of_a_million_bytes_is_one_line,
    nul_byte_makes_its_line_malformed, second_parse_replaces_the_first,
    text_cut_off_within_a_line_has_no_sum, range_of_any_width_ends_at_the_first_blank,
    words_are_separated_by_blanks_or_tabs, caller_with_unprintable_bytes_is_found_again,
    text_is_the_sum_of_its_lines, errors_of_a_text_are_those_of_its_lines,
    lines_that_differ_in_one_byte_are_different, last_module_of_a_line_counts,
    any_number_of_callers_is_found_again, callers_of_any_length_are_found_again,
    only_the_sum_of_equal_lines_that_overflows_is_malformed)
