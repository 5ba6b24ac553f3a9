/* SPDX-License-Identifier: MIT */
/* One test per directory of fixtures/malformed: the file `input` (a meminfo) or
 * `input.SOURCE` is parsed, and the file `error` has the expected result:
 *
 *   LINE: "NEAR": CAUSE (count N)     the parse_error, or `none'
 *   return EBADMSG                    or 0
 *   KEY STATE [VALUE]                 readings of interest; the value where known
 *
 * Keys are those of the kernel; of vmallocinfo, names of members and caller:SYMBOL. */
#define _XOPEN_SOURCE 700
#include "meminfo_explain/parse/meminfo.h"
#include "meminfo_explain/parse/smaps.h"
#include "meminfo_explain/parse/vmallocinfo.h"
#include "meminfo_explain/parse/vmstat.h"
#include "meminfo_explain/parse/zoneinfo.h"

#include "suite.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FOLDER FIXTURES "/malformed"

static const uint64_t page_size = 4096;

static struct meminfo meminfo;
static struct vmallocinfo vmallocinfo;
static struct zoneinfo zoneinfo;
static struct vmstat vmstat;
static struct smaps smaps;
static struct parse_error parse_error;

struct name {
  const char *key;
  const struct reading *reading;
};

static const struct name vmallocinfo_names[] = {
    {"pages", &vmallocinfo.pages},
    {"size", &vmallocinfo.size},
    {"stack_pages", &vmallocinfo.stack_pages},
    {"module_pages", &vmallocinfo.module_pages},
    {"percpu_size", &vmallocinfo.percpu_size},
    {"unpurged_size", &vmallocinfo.unpurged_size},
    {"entries_count", &vmallocinfo.entries_count},
    {"unpurged_count", &vmallocinfo.unpurged_count},
    {NULL, NULL},
};

static const struct name zoneinfo_names[] = {
    {"count", &zoneinfo.pcp},
    {"free", &zoneinfo.free},
    {"managed", &zoneinfo.managed},
    {"present", &zoneinfo.present},
    {"nr_isolated", &zoneinfo.isolated},
    {"node_drift", &zoneinfo.node_drift},
    {"zone_drift", &zoneinfo.zone_drift},
    {"cpus_count", &zoneinfo.cpus_count},
    {NULL, NULL},
};

static const struct name vmstat_names[] = {
#define STAT(member, key, unit, ...) {key, &vmstat.member},
#include "meminfo_explain/tables/vmstat.def"
    {NULL, NULL},
};

static const struct name smaps_names[] = {
#define SMAP(member, key, ...) {key, &smaps.member},
#include "meminfo_explain/tables/smaps.def"
    {NULL, NULL},
};

static struct reading find(const struct name *names, const char *key)
{
  for (; names->key != NULL; names++)
    if (strcmp(names->key, key) == 0)
      return *names->reading;
  ck_abort_msg("error names %s, which is no reading", key);
}

static struct reading find_meminfo(const char *key)
{
  for (unsigned row = 0; row < MEMINFO_FIELD_COUNT; row++)
    if (strcmp(meminfo_rows[row].key, key) == 0)
      return meminfo.fields[row];
  if (strcmp(key, "others_count") == 0)
    return reading_known(meminfo.others_count);
  for (unsigned i = 0; i < meminfo.others_count && i < MEMINFO_OTHERS_MAX; i++)
    if (strcmp(meminfo.others[i].key, key) == 0)
      return meminfo.others[i].value;
  ck_abort_msg("error names %s, which is no reading", key);
}

static struct reading find_vmallocinfo(const char *key)
{
  if (strncmp(key, "caller:", 7) != 0)
    return find(vmallocinfo_names, key);
  for (unsigned i = 0; i < vmallocinfo.callers_count; i++)
    if (strcmp(vmallocinfo.callers[i].symbol, key + 7) == 0)
      return reading_known(vmallocinfo.callers[i].bytes);
  return reading_missing(READING_ABSENT);
}

static struct reading find_zoneinfo(const char *key)
{
  return find(zoneinfo_names, key);
}

static struct reading find_vmstat(const char *key)
{
  return find(vmstat_names, key);
}

static struct reading find_smaps(const char *key)
{
  return find(smaps_names, key);
}

static int parse_meminfo(struct scan text)
{
  return meminfo_parse(text, &meminfo, &parse_error);
}

static int parse_vmallocinfo(struct scan text)
{
  return vmallocinfo_parse(text, page_size, &vmallocinfo, &parse_error);
}

static int parse_zoneinfo(struct scan text)
{
  return zoneinfo_parse(text, page_size, &zoneinfo, &parse_error);
}

static int parse_vmstat(struct scan text)
{
  return vmstat_parse(text, page_size, &vmstat, &parse_error);
}

static int parse_smaps(struct scan text)
{
  return smaps_parse(text, &smaps, &parse_error);
}

static const struct parser {
  const char *input;
  int (*parse)(struct scan text);
  struct reading (*find)(const char *key);
} parsers[] = {
    {"input", parse_meminfo, find_meminfo},
    {"input.vmallocinfo", parse_vmallocinfo, find_vmallocinfo},
    {"input.zoneinfo", parse_zoneinfo, find_zoneinfo},
    {"input.vmstat", parse_vmstat, find_vmstat},
    {"input.smaps_rollup", parse_smaps, find_smaps},
};

/* The parser for the input of a case. Sets `path` to the input. */
static const struct parser *find_parser(const char *name, char *path, size_t size)
{
  for (size_t i = 0; i < LENGTH(parsers); i++) {
    snprintf(path, size, FOLDER "/%s/%s", name, parsers[i].input);
    if (access(path, F_OK) == 0)
      return &parsers[i];
  }
  ck_abort_msg("%s: no input, or of no source we know", name);
}

static void print_fault(int result, char *out, size_t size)
{
  int used = parse_error.count == 0
                 ? snprintf(out, size, "none\n")
                 : snprintf(out, size, "%u: \"%s\": %s (count %u)\n", parse_error.line,
                            parse_error.near, parse_error.cause, parse_error.count);
  ck_assert(result == 0 || result == -EBADMSG);
  snprintf(out + used, size - (size_t)used, "return %s\n", result == 0 ? "0" : "EBADMSG");
}

static void print_reading(const char *key, struct reading reading, char *out, size_t size)
{
  if (is_known(reading))
    snprintf(out, size, "%s known %" PRIu64 "\n", key, reading.value);
  else
    snprintf(out, size, "%s %s\n", key, reading_state_name(reading.state));
}

/* The result in the form of `error`, with the readings that `error` lists. */
static void print_outcome(const struct parser *parser, int result, const char *error,
                          char *out, size_t size)
{
  print_fault(result, out, size);
  struct scan text = scan_string(error), line;
  scan_line(&text, &line);
  scan_line(&text, &line);
  while (scan_line(&text, &line)) {
    char key[128];
    span_copy(scan_word(&line), key, sizeof(key));
    size_t used = strlen(out);
    print_reading(key, parser->find(key), out + used, size - used);
  }
}

static struct dirent **cases;
static int cases_count;

START_TEST(case_gives_its_expected_error)
{
  const char *name = cases[_i]->d_name;
  char path[512], got[2048];
  const struct parser *parser = find_parser(name, path, sizeof(path));
  size_t length;
  char *input = file_read(path, &length);
  snprintf(path, sizeof(path), FOLDER "/%s/error", name);
  char *want = file_read(path, NULL);
  int result = parser->parse(scan_text(input, length));
  print_outcome(parser, result, want, got, sizeof(got));
  ck_assert_msg(strcmp(got, want) == 0, "%s: got\n%swant\n%s", name, got, want);
  free(input);
  free(want);
}
END_TEST

/* An empty directory would pass. */
START_TEST(folder_holds_cases)
{
  ck_assert_int_ge(cases_count, 25);
}
END_TEST

static int is_case(const struct dirent *entry)
{
  return entry->d_name[0] != '.';
}

int main(void)
{
  cases_count = scandir(FOLDER, &cases, is_case, alphasort);
  Suite *suite = suite_create("malformed");
  TCase *tcase = tcase_create("malformed");
  tcase_add_test(tcase, folder_holds_cases);
  tcase_add_loop_test(tcase, case_gives_its_expected_error, 0,
                      cases_count > 0 ? cases_count : 0);
  suite_add_tcase(suite, tcase);
  const int status = suite_execute(suite);
  for (int i = 0; i < cases_count; i++)
    free(cases[i]);
  free(cases);
  return status;
}
