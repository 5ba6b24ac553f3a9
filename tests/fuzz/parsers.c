/* SPDX-License-Identifier: MIT */
/* Targets for the parsers in plugin/parse and base/scan.c. Each checks what the parser's
 * header promises. */
#define _GNU_SOURCE
#include "fuzz.h"

#include "meminfo_explain/parse/allocinfo.h"
#include "meminfo_explain/parse/btf.h"
#include "meminfo_explain/parse/buddyinfo.h"
#include "meminfo_explain/parse/cpu_lists.h"
#include "meminfo_explain/parse/cpu_times.h"
#include "meminfo_explain/parse/cpulist.h"
#include "meminfo_explain/parse/field.h"
#include "meminfo_explain/parse/grouping_list.h"
#include "meminfo_explain/parse/kmsg.h"
#include "meminfo_explain/parse/meminfo.h"
#include "meminfo_explain/parse/modules.h"
#include "meminfo_explain/parse/mountinfo.h"
#include "meminfo_explain/parse/process_status.h"
#include "meminfo_explain/parse/smaps.h"
#include "meminfo_explain/parse/stat.h"
#include "meminfo_explain/parse/statm.h"
#include "meminfo_explain/parse/vmallocinfo.h"
#include "meminfo_explain/parse/vmstat.h"
#include "meminfo_explain/parse/zoneinfo.h"
#include "sysroot/pasted_text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t page_size = 4096;

static struct scan scan_of(const char *copy, struct bytes input)
{
  return scan_text(copy, input.size);
}

/* A parser returns 0, or -EBADMSG and says where the text is malformed. */
static void require_error_with_cause(int error, const struct parse_error *parse_error,
                                     struct bytes input)
{
  require(error == 0 || error == -EBADMSG);
  require(error == 0 || parse_error->count > 0);
  require_parse_error(parse_error, input);
}

/* Every malformed reading is reported in parse_error. */
static void require_malformed_reported(const struct reading *readings, size_t count,
                                       const struct parse_error *parse_error)
{
  require_readings(readings, count);
  for (size_t i = 0; i < count; i++)
    require(readings[i].state != READING_MALFORMED || parse_error->count > 0);
}

static bool has_malformed(const struct reading *readings, size_t count)
{
  for (size_t i = 0; i < count; i++)
    if (readings[i].state == READING_MALFORMED)
      return true;
  return false;
}

static bool is_untouched(const void *out, size_t size, char filling)
{
  const char *at = out;
  for (size_t i = 0; i < size; i++)
    if (at[i] != filling)
      return false;
  return true;
}

static bool ends_a_line(struct bytes input)
{
  return input.size > 0 && input.at[input.size - 1] == '\n';
}

/* The input followed by size more bytes; the caller frees it. */
static char *concatenate(struct bytes input, const void *more, size_t size)
{
  char *text = malloc(input.size + size);
  require(text != NULL);
  memcpy(text, input.at, input.size);
  memcpy(text + input.size, more, size);
  return text;
}

/* --- one line, or one number ------------------------------------------------------- */

void fuzz_stat(struct bytes input)
{
  char *copy = fuzz_copy(input);
  struct parse_error parse_error = {0};
  struct stat_line out;
  memset(&out, 0x5a, sizeof(out));
  int error = stat_parse(scan_of(copy, input), page_size, &out, &parse_error);
  require_error_with_cause(error, &parse_error, input);
  if (error != 0)
    require(is_untouched(&out, sizeof(out), 0x5a));
  else
    require(out.rss <= INT64_MAX && out.vsize <= INT64_MAX && parse_error.count == 0);
  free(copy);
}

void fuzz_statm(struct bytes input)
{
  char *copy = fuzz_copy(input);
  struct parse_error parse_error = {0};
  struct statm out;
  memset(&out, 0x5a, sizeof(out));
  int error = statm_parse(scan_of(copy, input), page_size, &out, &parse_error);
  require_error_with_cause(error, &parse_error, input);
  if (error != 0)
    require(is_untouched(&out, sizeof(out), 0x5a));
  else
    require(out.resident <= INT64_MAX && out.shared <= INT64_MAX);
  free(copy);
}

void fuzz_process_status(struct bytes input)
{
  char *copy = fuzz_copy(input);
  struct process_status out;
  memset(&out, 0x5a, sizeof(out));
  int error = process_status_parse(scan_of(copy, input), &out);
  require(error == 0 || error == -EBADMSG);
  if (error != 0)
    require(is_untouched(&out, sizeof(out), 0x5a));
  else
    require_printable(out.name);
  free(copy);
}

void seeds_of_process_status(fuzz_seed_callback *callback, void *context)
{
  static const char status[] = "Name:\tsystemd\nUmask:\t0000\nPid:\t1\n"
                               "Uid:\t0\t1\t2\t3\nGid:\t0\t1\t2\t3\n"
                               "CapPrm:\t000001ffffffffff\n";
  callback(context, (struct bytes){(const uint8_t *)status, sizeof(status) - 1});
}

void fuzz_cpulist(struct bytes input)
{
  char *copy = fuzz_copy(input);
  struct parse_error parse_error = {0};
  uint64_t cpus = 77;
  int error = cpulist_parse(scan_of(copy, input), &cpus, &parse_error);
  require_error_with_cause(error, &parse_error, input);
  if (error != 0)
    require(cpus == 77);
  else
    require(cpus >= 1 && cpus <= input.size * (CPULIST_CPU_MAX + 1));
  free(copy);
}

void fuzz_buddyinfo(struct bytes input)
{
  char *copy = fuzz_copy(input);
  struct parse_error parse_error = {0};
  struct reading free_pages;
  memset(&free_pages, 0x5a, sizeof(free_pages));
  int error = buddyinfo_parse(scan_of(copy, input), page_size, &free_pages, &parse_error);
  require_error_with_cause(error, &parse_error, input);
  require_malformed_reported(&free_pages, 1, &parse_error);
  require(is_known(free_pages) == (error == 0) && free_pages.value % page_size == 0);
  free(copy);
}

/* Each list that is counted has a state, and no other. */
void fuzz_cpu_lists(struct bytes input)
{
  static struct cpu_lists out;
  char *copy = fuzz_copy(input);
  unsigned with_state = 0;
  memset(&out, 0x5a, sizeof(out));
  cpu_lists_parse(scan_of(copy, input), &out);
  for (unsigned i = 0; i < CPU_LISTS_MAX; i++)
    with_state += out.state[i] != 0;
  require(with_state == out.cpus_count);
  free(copy);
}

void fuzz_cpu_times(struct bytes input)
{
  static struct cpu_times out;
  char *copy = fuzz_copy(input);
  unsigned idle = 0;
  memset(&out, 0x5a, sizeof(out));
  cpu_times_parse(scan_of(copy, input), &out);
  for (unsigned i = 0; i < CPU_LISTS_MAX; i++)
    idle += out.idle[i] != 0;
  require(idle <= out.cpus_count && out.cpus_count <= input.size);
  free(copy);
}

void seeds_of_cpu_times(fuzz_seed_callback *callback, void *context)
{
  static const char stat[] = "cpu  6 2 9 90 8 0 1 0 0 0\ncpu0 3 1 4 40 4 0 1 0 0 0\n"
                             "cpu11 3 1 5 50 4 0 0 0 0 0\nintr 7 0 7\nctxt 31\n";
  callback(context, (struct bytes){(const uint8_t *)stat, sizeof(stat) - 1});
}

/* The keys and fields of consumers.def and two more; the first byte of the input selects
 * one. */
static const struct {
  const char *key;
  unsigned field;
} field_keys[] = {
#define CONSUMER(name, place, opener, paths, filter, key, field, unit, ...) {key, field},
#define CONSUMER_FUNCTION(...)
#define CONSUMER_TREE(...)
#include "meminfo_explain/tables/consumers.def"
    {"thread_stack", 3},
    {"Mapped", 2},
};

void fuzz_field(struct bytes input)
{
  const size_t row = fuzz_take_byte(&input) % (sizeof(field_keys) / sizeof(*field_keys));
  char *copy = fuzz_copy(input);
  struct parse_error parse_error = {0};
  uint64_t out = 77, number = 77;
  int error = field_parse(scan_of(copy, input), field_keys[row].key,
                          field_keys[row].field, &out, &parse_error);
  require(error == 0 || error == -ENOENT || error == -EBADMSG || error == -ERANGE);
  require_parse_error(&parse_error, input);
  require((parse_error.count > 0) == (error == -EBADMSG || error == -ERANGE));
  require(error == 0 ? out <= INT64_MAX : out == 77);
  parse_error = (struct parse_error){0};
  const struct text text = {copy, input.size, input.size};
  int same = field_number(&text, field_keys[row].key, field_keys[row].field, 1, &number,
                          &parse_error);
  require_error_with_cause(same, &parse_error, input);
  require((same == 0) == (error == 0) && number == out);
  number = 77;
  if (field_number(&text, field_keys[row].key, field_keys[row].field, page_size, &number,
                   &parse_error) == 0)
    require(number == out * page_size && number <= INT64_MAX);
  else
    require(number == 77 && (error != 0 || out > INT64_MAX / page_size));
  free(copy);
}

void seeds_of_field(fuzz_seed_callback *callback, void *context)
{
  static const char lines[] =
      " 8192 4096 12288 0 12288 0 0 0 0\nTotal 4 objects, 8192 bytes\ncurrent   :   12\n"
      "TCP: inuse 4 orphan 0 tw 0 alloc 6 mem 1\nMapped: 12 kB\n";
  for (unsigned row = 0; row < sizeof(field_keys) / sizeof(*field_keys); row++) {
    uint8_t seed[sizeof(lines)] = {(uint8_t)row};
    memcpy(seed + 1, lines, sizeof(lines) - 1);
    callback(context, (struct bytes){seed, sizeof(seed)});
  }
}

void fuzz_kmsg(struct bytes input)
{
  char *copy = fuzz_copy(input);
  struct boot out;
  memset(&out, 0x5a, sizeof(out));
  kmsg_parse(scan_of(copy, input), page_size, &out);
  const struct reading readings[] = {out.percpu_unit, out.hash_tables, out.swiotlb,
                                     out.dma_pools, out.ftrace_records};
  require_readings(readings, sizeof(readings) / sizeof(*readings));
  free(copy);
}

void seeds_of_kmsg(fuzz_seed_callback *callback, void *context)
{
  static const char log[] =
      "<6>[    0.0] percpu: Embedded 62 pages/cpu s217088 r8192 d28672 u262144\n"
      "<6>[    0.0] Dentry cache hash table entries: 4194304 (order: 13, 33554432 bytes, "
      "linear)\n"
      "<6>[    0.1] TCP established hash table entries: 262144 (order: 9, 2097152 bytes, "
      "linear)\n"
      "<6>[    0.2] software IO TLB: mapped [mem 0x00000000bbed9000-0x00000000bfed9000] "
      "(64MB)\n"
      "<6>[    0.3] software IO TLB: tearing down default memory pool\n"
      "<6>[    0.4] DMA: preallocated 512 KiB GFP_KERNEL|GFP_DMA32 pool for atomic "
      "allocations\n"
      "<6>[    0.5] ftrace: allocated 180 pages with 4 groups\n";
  callback(context, (struct bytes){(const uint8_t *)log, sizeof(log) - 1});
}

static void check_name(void *context, enum btf_kind kind, const char *name, uint32_t size)
{
  const struct btf *btf = context;
  (void)size;
  require(kind == BTF_STRUCT || kind == BTF_FUNCTION);
  require(name[0] != '\0' && name >= btf->strings &&
          name + strlen(name) < btf->strings + btf->strings_length);
}

void fuzz_btf(struct bytes input)
{
  char *copy = fuzz_copy(input);
  struct btf btf = {.types_length = 77};
  int error = btf_open(copy, input.size, &btf);
  require(error == 0 || (error == -EBADMSG && btf.types_length == 77));
  if (error == 0) {
    error = btf_each(&btf, NULL, check_name, &btf);
    require(error == 0 || error == -EBADMSG);
  }
  free(copy);
}

/* struct request of 248 bytes, with a member. */
void seeds_of_btf(fuzz_seed_callback *callback, void *context)
{
  static const struct {
    uint16_t magic;
    uint8_t version, flags;
    uint32_t header[5], type[6];
    char strings[9];
  } file = {0xeb9f, 1, 0, {24, 0, 24, 24, 9}, {1, 0x04000001, 248, 0, 0, 0}, "\0request"};
  callback(context, (struct bytes){(const uint8_t *)&file, 24 + 24 + 9});
}

void fuzz_mountinfo(struct bytes input)
{
  char *copy = fuzz_copy(input);
  uint64_t lines = !ends_a_line(input) && input.size > 0;
  for (size_t i = 0; i < input.size; i++)
    lines += copy[i] == '\n';
  require(mountinfo_count_lxcfs(scan_of(copy, input), "") <= lines);
  require(mountinfo_count_lxcfs(scan_of(copy, input), "/host") <= lines);
  free(copy);
}

/* Compares span_number() with strtoull(), and checks that no byte is skipped. */
void fuzz_scan(struct bytes input)
{
  char *copy = fuzz_copy(input), word[24];
  struct scan text = scan_of(copy, input), line;
  const char *end = copy;
  unsigned number = 0;
  while (scan_line(&text, &line)) {
    require(line.at == end && line.line == ++number);
    end = text.at;
    for (struct span span; (span = scan_word(&line)).length > 0;) {
      uint64_t value = 77;
      int error = span_number(span, &value);
      bool whole = span_copy(span, word, sizeof(word));
      require(whole == (span.length < sizeof(word)));
      require_printable(word);
      require(error == 0 ? value <= INT64_MAX : value == 77);
      if (error == 0 && whole)
        require(strspn(word, "0123456789") == span.length &&
                strtoull(word, NULL, 10) == value);
      if (error == -EBADMSG && whole)
        require(strspn(word, "0123456789") < span.length);
    }
    require(line.at == line.end);
  }
  require(end == copy + input.size);
  free(copy);
}

void seeds_of_scan(fuzz_seed_callback *callback, void *context)
{
  static const char words[] =
      "0 1 007 9223372036854775807 9223372036854775808 18446744073709551616\n"
      "\t -1 +1 1. 0x10 \n\n12345678901234567890123 a";
  callback(context, (struct bytes){(const uint8_t *)words, sizeof(words) - 1});
}

/* --- tables of lines ---------------------------------------------------------------- */

void fuzz_vmstat(struct bytes input)
{
  static const char unknown_line[] = "nr_no_such_key 12\n";
  char *copy = fuzz_copy(input);
  struct parse_error parse_error = {0};
  struct vmstat out, again;
  memset(&out, 0x5a, sizeof(out));
  int error = vmstat_parse(scan_of(copy, input), page_size, &out, &parse_error);
  require_error_with_cause(error, &parse_error, input);
  require_malformed_reported(out.fields, VMSTAT_FIELD_COUNT, &parse_error);
  require(error != 0 || parse_error.count == 0 ||
          has_malformed(out.fields, VMSTAT_FIELD_COUNT));
  if (error == 0 && ends_a_line(input)) {
    char *more = concatenate(input, unknown_line, sizeof(unknown_line) - 1);
    vmstat_parse(scan_text(more, input.size + sizeof(unknown_line) - 1), page_size,
                 &again, &parse_error);
    require_same_readings(out.fields, again.fields, VMSTAT_FIELD_COUNT);
    free(more);
  }
  free(copy);
}

/* The result is the sum of the results of each line parsed by itself. */
void fuzz_modules(struct bytes input)
{
  char *copy = fuzz_copy(input);
  struct parse_error parse_error = {0}, line_error = {0};
  struct modules out, one;
  memset(&out, 0x5a, sizeof(out));
  int error = modules_parse(scan_of(copy, input), &out, &parse_error);
  require_error_with_cause(error, &parse_error, input);
  require_malformed_reported(&out.size, MODULES_READINGS, &parse_error);
  struct reading size = reading_known(0), count = reading_known(0);
  bool bad = false;
  for (const char *at = copy, *end = copy + input.size; at < end;) {
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    size_t length = newline != NULL ? (size_t)(newline - at) + 1 : (size_t)(end - at);
    bad |= modules_parse(scan_text(at, length), &one, &line_error) != 0;
    reading_add(&size, one.size.value);
    reading_add(&count, one.modules_count.value);
    at += length;
  }
  require(bad == (error != 0));
  if (error == 0)
    require(out.size.state == size.state && out.size.value == size.value &&
            out.modules_count.value == count.value);
  free(copy);
}

/* The total is the sum over each line parsed by itself. */
void fuzz_slab_caches(struct bytes input)
{
  char *copy = fuzz_copy(input);
  struct parse_error parse_error = {0}, line_error = {0};
  static struct grouping_list list, one;
  list = (struct grouping_list){.total = reading_known(0)};
  struct reading total = reading_known(0);
  int error = slab_caches_parse(scan_of(copy, input), 4096, &list, &parse_error);
  require_error_with_cause(error, &parse_error, input);
  for (const char *at = copy, *end = copy + input.size; at < end;) {
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    size_t length = newline != NULL ? (size_t)(newline - at) + 1 : (size_t)(end - at);
    one = (struct grouping_list){.total = reading_known(0)};
    slab_caches_parse(scan_text(at, length), 4096, &one, &line_error);
    for (unsigned i = 0; i < one.count; i++)
      reading_add(&total, one.members[i].bytes);
    at += length;
  }
  require(parse_error.count == line_error.count);
  require(list.total.state == total.state && list.total.value == total.value);
  for (unsigned i = 0; i < list.count; i++)
    require(list.members[i].extra[0] <= list.members[i].count);
  free(copy);
}

static void require_meminfo(const struct meminfo *out,
                            const struct parse_error *parse_error)
{
  require_malformed_reported(out->fields, MEMINFO_FIELD_COUNT, parse_error);
  for (unsigned i = 0; i < out->others_count && i < MEMINFO_OTHERS_MAX; i++) {
    require(memchr(out->others[i].key, '\0', sizeof(out->others[i].key)) != NULL);
    require_printable(out->others[i].key);
    require_readings(&out->others[i].value, 1);
  }
}

/* Finds the number after the first line that begins with `KEY:'; returns false if no
 * digit follows. */
static bool find_number(const char *key, struct bytes input, uint64_t *number)
{
  char label[64];
  int length = snprintf(label, sizeof(label), "%s:", key);
  const char *at = (const char *)input.at, *end = at + input.size;
  while (end - at > length && memcmp(at, label, (size_t)length) != 0) {
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    at = newline != NULL ? newline + 1 : end;
  }
  if (end - at <= length)
    return false;
  at += length;
  while (at < end && (*at == ' ' || *at == '\t'))
    at++;
  const char *digits = at;
  for (*number = 0; at < end && *at >= '0' && *at <= '9'; at++)
    *number = *number * 10 + (uint64_t)(*at - '0');
  return at > digits;
}

/* Every known field equals the number that a second, simpler reader finds in the text. */
static void require_numbers(const struct meminfo *out, struct bytes input)
{
  for (unsigned row = 0; row < MEMINFO_FIELD_COUNT; row++) {
    if (!is_known(out->fields[row]))
      continue;
    uint64_t unit = meminfo_rows[row].unit == MEMINFO_UNIT_KB ? 1024 : 1, number = 0;
    require(find_number(meminfo_rows[row].key, input, &number));
    require(number * unit == out->fields[row].value);
  }
}

void fuzz_meminfo(struct bytes input)
{
  static const char unknown_line[] = "NothingOfTheKind:   12 kB\n";
  char *copy = fuzz_copy(input);
  struct parse_error parse_error = {0};
  static struct meminfo out, again;
  memset(&out, 0x5a, sizeof(out));
  int error = meminfo_parse(scan_of(copy, input), &out, &parse_error);
  require_error_with_cause(error, &parse_error, input);
  require_meminfo(&out, &parse_error);
  require_numbers(&out, input);
  require(error != 0 || (is_known(out.mem_total) && out.mem_total.value > 0));
  for (unsigned row = 0; error == 0 && row < MEMINFO_FIELD_COUNT; row++)
    if (meminfo_rows[row].inside != MEMINFO_FIELD_nothing && is_known(out.fields[row]))
      require(out.fields[row].value <= out.mem_total.value);
  if (error == 0 && ends_a_line(input)) {
    char *more = concatenate(input, unknown_line, sizeof(unknown_line) - 1);
    meminfo_parse(scan_text(more, input.size + sizeof(unknown_line) - 1), &again,
                  &parse_error);
    require_same_readings(out.fields, again.fields, MEMINFO_FIELD_COUNT);
    /* The fuzzer may have learned this key. */
    bool known = memmem(input.at, input.size, "NothingOfTheKind", 16) != NULL;
    require(known || again.others_count == out.others_count + 1);
    free(more);
  }
  free(copy);
}

/* Together with pasted_text_clean(), as for a captured tree. */
void fuzz_meminfo_captured(struct bytes input)
{
  char *copy = fuzz_copy(input);
  size_t length = pasted_text_clean(copy, input.size);
  struct parse_error parse_error = {0};
  static struct meminfo out;
  memset(&out, 0x5a, sizeof(out));
  require(length <= input.size);
  int error = meminfo_parse_captured(scan_text(copy, length), &out, &parse_error);
  const struct bytes cleaned = {(const uint8_t *)copy, length};
  require_error_with_cause(error, &parse_error, cleaned);
  require_malformed_reported(out.fields, MEMINFO_FIELD_COUNT, &parse_error);
  require(error != 0 || (is_known(out.mem_total) && out.mem_total.value > 0));
  free(copy);
}

void fuzz_zoneinfo(struct bytes input)
{
  enum { READINGS = sizeof(struct zoneinfo) / sizeof(struct reading) };
  char *copy = fuzz_copy(input);
  struct parse_error parse_error = {0};
  struct zoneinfo out;
  memset(&out, 0x5a, sizeof(out));
  int error = zoneinfo_parse(scan_of(copy, input), page_size, &out, &parse_error);
  require_error_with_cause(error, &parse_error, input);
  require_malformed_reported(&out.pcp, READINGS, &parse_error);
  require(parse_error.count == 0 || error != 0 || has_malformed(&out.pcp, READINGS));
  require(out.cpus_count.value <= input.size);
  free(copy);
}

/* The sums of a file that is repeated are twice as large. */
void fuzz_smaps(struct bytes input)
{
  char *copy = fuzz_copy(input);
  struct parse_error parse_error = {0};
  struct smaps out, twice;
  memset(&out, 0x5a, sizeof(out));
  int error = smaps_parse(scan_of(copy, input), &out, &parse_error);
  require_error_with_cause(error, &parse_error, input);
  require_malformed_reported(out.fields, SMAPS_FIELD_COUNT, &parse_error);
  if (error == 0 && ends_a_line(input)) {
    char *more = concatenate(input, input.at, input.size);
    parse_error = (struct parse_error){0};
    if (smaps_parse(scan_text(more, 2 * input.size), &twice, &parse_error) == 0) {
      require(twice.mappings_count == 2 * out.mappings_count);
      for (unsigned i = 0; i < SMAPS_FIELD_COUNT; i++)
        if (is_known(twice.fields[i]))
          require(twice.fields[i].value == 2 * out.fields[i].value);
    }
    free(more);
  }
  free(copy);
}

static void require_callers(const struct vmallocinfo *info)
{
  uint64_t bytes = info->other_bytes, before = UINT64_MAX;
  require(info->callers_count <= VMALLOC_CALLERS_MAX);
  for (unsigned i = 0; i < info->callers_count; i++) {
    require(info->by_size[i] < info->callers_count);
    const struct vmalloc_caller *caller = &info->callers[info->by_size[i]];
    require(caller->bytes <= before);
    before = caller->bytes;
    bytes += caller->bytes;
    require(memchr(caller->symbol, '\0', sizeof(caller->symbol)) != NULL);
    require(memchr(caller->module, '\0', sizeof(caller->module)) != NULL);
    require(caller->symbol[0] != '\0');
    require_printable(caller->symbol);
    require_printable(caller->module);
  }
  if (is_known(info->pages))
    require(bytes == info->pages.value);
  else
    require(bytes == 0 && info->callers_count == 0);
}

/* The parser takes a run of lines that differ only in their addresses in one step. The
 * result must still be the sum of the results of each line parsed by itself. */
static void require_sum_of_lines(const char *copy, size_t size,
                                 const struct vmallocinfo *all, int error)
{
  static struct vmallocinfo one;
  struct reading sums[VMALLOCINFO_READINGS] = {{0}};
  struct parse_error parse_error = {0};
  bool bad = false;
  for (const char *at = copy, *end = copy + size; at < end;) {
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    size_t length = newline != NULL ? (size_t)(newline - at) + 1 : (size_t)(end - at);
    bad |= vmallocinfo_parse(scan_text(at, length), page_size, &one, &parse_error) != 0;
    const struct reading *readings = &one.pages;
    for (size_t i = 0; i < VMALLOCINFO_READINGS; i++)
      reading_add(&sums[i], readings[i].value);
    at += length;
  }
  require(bad == (error != 0));
  const struct reading *readings = &all->pages;
  for (size_t i = 0; error == 0 && i < VMALLOCINFO_READINGS; i++)
    require(readings[i].value == sums[i].value);
}

void fuzz_vmallocinfo(struct bytes input)
{
  char *copy = fuzz_copy(input);
  struct parse_error parse_error = {0};
  static struct vmallocinfo out;
  memset(&out, 0x5a, sizeof(out));
  int error = vmallocinfo_parse(scan_of(copy, input), page_size, &out, &parse_error);
  require_error_with_cause(error, &parse_error, input);
  require_malformed_reported(&out.pages, VMALLOCINFO_READINGS, &parse_error);
  require_callers(&out);
  if (input.size < 1 << 13)
    require_sum_of_lines(copy, input.size, &out, error);
  free(copy);
}

static void require_sites(const struct allocinfo *info)
{
  uint64_t total = 0, kept = 0, before = UINT64_MAX;
  for (unsigned place = 0; place < ALLOCINFO_PLACE_COUNT; place++)
    total += info->place[place].value;
  require(!is_known(info->total) || info->total.value == total);
  require(info->sites_listed <= ALLOCINFO_SITES_MAX);
  for (unsigned i = 0; i < info->sites_listed; i++) {
    const struct allocinfo_site *site = &info->sites[i];
    require(site->bytes <= before);
    before = site->bytes;
    kept += site->bytes;
    require_printable(site->function);
    require_printable(site->module);
    require_printable(site->file);
  }
  if (is_known(info->place[ALLOCINFO_BLACK_HOLE]))
    require(kept <= info->place[ALLOCINFO_BLACK_HOLE].value);
}

/* The input may begin with a vmallocinfo, which ends at a line `===='. */
void fuzz_allocinfo(struct bytes input)
{
  static const char border[] = "====\n";
  static struct vmallocinfo vmalloc;
  static struct allocinfo out, plain;
  struct parse_error parse_error = {0};
  const uint8_t *cut = memmem(input.at, input.size, border, sizeof(border) - 1);
  bool has_vmalloc = false;
  if (cut != NULL) {
    struct bytes first = {input.at, (size_t)(cut - input.at)};
    char *copy = fuzz_copy(first);
    has_vmalloc =
        vmallocinfo_parse(scan_of(copy, first), page_size, &vmalloc, &parse_error) == 0;
    free(copy);
    input.size -= first.size + sizeof(border) - 1;
    input.at += first.size + sizeof(border) - 1;
  }
  parse_error = (struct parse_error){0};
  char *copy = fuzz_copy(input);
  memset(&out, 0x5a, sizeof(out));
  int error = allocinfo_parse(scan_of(copy, input), page_size,
                              has_vmalloc ? &vmalloc : NULL, &out, &parse_error);
  require_error_with_cause(error, &parse_error, input);
  require_malformed_reported(out.readings, ALLOCINFO_READINGS, &parse_error);
  require_sites(&out);
  require(error == 0 || out.sites_listed == 0);
  require(allocinfo_parse(scan_of(copy, input), page_size, NULL, &plain, &parse_error) ==
          error);
  if (is_known(out.total) && is_known(plain.total)) {
    require(out.total.value == plain.total.value);
    require(out.place[ALLOCINFO_BLACK_HOLE].value <=
            plain.place[ALLOCINFO_BLACK_HOLE].value);
  }
  free(copy);
}

void seeds_of_allocinfo(fuzz_seed_callback *callback, void *context)
{
  static const char both[] =
      "0xffffc90000000000-0xffffc90000005000   20480 load_module+0x1/0x2 [ext4] pages=4 "
      "vmalloc\n"
      "====\n"
      "allocinfo - version: 2.0\n"
      "#     <size>  <calls> <tag info>\n"
      "       12288        3 drivers/foo/bar.c:81 [ext4] func:load_module accurate:no\n"
      "       -4096        1 mm/slub.c:2500 func:alloc_slab_page \n"
      "     8388608        2 mm/page_alloc.c:1 func:alloc_pages_exact \n";
  callback(context, (struct bytes){(const uint8_t *)both, sizeof(both) - 1});
}
