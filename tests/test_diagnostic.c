/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/report/diagnostic.h"
#include "suite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define NO_LINE "(no diagnostic)"

/* The line about one source in a given state; NO_LINE where there is none. */
static const char *line_about(enum source source, struct source_status status)
{
  static char line[512];
  struct sample *sample = calloc(1, sizeof(*sample));
  sample->sources[source] = status;
  sample->credentials = (struct credentials){.live = true, .uid = 1000};
  strcpy(line, NO_LINE);
  bool any = diagnostic_of_source(sample, source, line, sizeof(line));
  ck_assert_int_eq(any, strcmp(line, NO_LINE) != 0);
  free(sample);
  return line;
}

START_TEST(a_source_without_errors_has_no_diagnostic)
{
  ck_assert_str_eq(
      line_about(SOURCE_vmstat, (struct source_status){.state = READING_KNOWN}), NO_LINE);
}
END_TEST

START_TEST(a_source_that_the_kernel_does_not_have_has_no_diagnostic)
{
  for (enum source source = 0; source < SOURCE_COUNT; source++)
    if (source != SOURCE_meminfo)
      ck_assert_str_eq(line_about(source, (struct source_status){.state = READING_ABSENT,
                                                                 .error = -ENOENT}),
                       NO_LINE);
}
END_TEST

START_TEST(an_absent_meminfo_is_a_diagnostic)
{
  ck_assert_str_eq(
      line_about(SOURCE_meminfo,
                 (struct source_status){.state = READING_ABSENT, .error = -ENOENT}),
      "proc/meminfo: No such file or directory; nothing can be explained without it");
}
END_TEST

START_TEST(a_denied_source_names_file_cause_cost_and_remedy)
{
  ck_assert_str_eq(
      line_about(SOURCE_vmallocinfo,
                 (struct source_status){.state = READING_DENIED, .error = -EACCES}),
      "proc/vmallocinfo: Permission denied; the callers of vmalloc are unknown, and "
      "before Linux 5.3 its size too; run as root or grant CAP_DAC_READ_SEARCH");
  ck_assert_str_eq(
      line_about(SOURCE_slab_caches,
                 (struct source_status){.state = READING_DENIED, .error = -EPERM}),
      "proc/slabinfo: Operation not permitted; slab caches are unknown, and with 64 KiB "
      "pages whether stacks are in slab; run as root or grant CAP_DAC_READ_SEARCH");
}
END_TEST

START_TEST(a_denied_source_without_remedy_ends_with_its_cost)
{
  ck_assert_str_eq(
      line_about(SOURCE_zoneinfo,
                 (struct source_status){.state = READING_DENIED, .error = -EACCES}),
      "proc/zoneinfo: Permission denied; free pages on per-CPU lists count as black "
      "hole");
}
END_TEST

START_TEST(processes_that_were_all_denied_name_the_pattern)
{
  ck_assert_str_eq(
      line_about(SOURCE_smaps, (struct source_status){.state = READING_DENIED}),
      "proc/PID/smaps_rollup: permission denied; the pss accounting is incomplete; "
      "run as root or grant CAP_SYS_PTRACE");
}
END_TEST

START_TEST(a_malformed_source_names_file_line_key_and_cause)
{
  const struct parse_error parse_error = {
      .cause = "not a number", .line = 12, .count = 1, .near = "nr_isolated_anon"};
  ck_assert_str_eq(
      line_about(SOURCE_vmstat, (struct source_status){.state = READING_MALFORMED,
                                                       .parse_error = parse_error}),
      "proc/vmstat:12: \"nr_isolated_anon\": not a number; isolated pages, zspages and "
      "balloon pages may be unknown");
}
END_TEST

START_TEST(an_error_of_the_whole_text_has_no_line_number)
{
  const struct parse_error parse_error = {.cause = "no line of the form `key number'",
                                          .count = 1};
  ck_assert_str_eq(
      line_about(SOURCE_vmstat, (struct source_status){.state = READING_MALFORMED,
                                                       .parse_error = parse_error}),
      "proc/vmstat: no line of the form `key number'; isolated pages, zspages and "
      "balloon pages may be unknown");
}
END_TEST

START_TEST(a_bad_line_in_a_known_file_has_no_cost)
{
  const struct parse_error parse_error = {
      .cause = "above MemTotal", .line = 4, .count = 1, .near = "Slab"};
  ck_assert_str_eq(
      line_about(SOURCE_meminfo, (struct source_status){.state = READING_KNOWN,
                                                        .parse_error = parse_error}),
      "proc/meminfo:4: \"Slab\": above MemTotal");
}
END_TEST

START_TEST(further_bad_lines_are_counted)
{
  static const struct {
    unsigned count;
    const char *want;
  } cases[] = {
      {1, "proc/meminfo:4: \"Slab\": missing unit"},
      {2, "proc/meminfo:4: \"Slab\": missing unit (and 1 more)"},
      {61, "proc/meminfo:4: \"Slab\": missing unit (and 60 more)"},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    const struct parse_error parse_error = {
        .cause = "missing unit", .line = 4, .count = cases[i].count, .near = "Slab"};
    ck_assert_str_eq(
        line_about(SOURCE_meminfo, (struct source_status){.state = READING_KNOWN,
                                                          .parse_error = parse_error}),
        cases[i].want);
  }
}
END_TEST

START_TEST(of_several_files_the_bad_one_is_named)
{
  const struct parse_error parse_error = {
      .cause = "not a number", .line = 1, .count = 1, .near = "n/a"};
  ck_assert_str_eq(
      line_about(SOURCE_zram, (struct source_status){.state = READING_MALFORMED,
                                                     .parse_error = parse_error,
                                                     .path = "sys/block/zram1/mm_stat"}),
      "sys/block/zram1/mm_stat:1: \"n/a\": not a number; this consumer cannot be "
      "separated from the rest");
}
END_TEST

START_TEST(a_read_error_is_worded_as_by_the_c_library)
{
  char want[256];
  snprintf(want, sizeof(want),
           "proc/vmstat: %s; isolated pages, zspages and balloon pages may be unknown",
           strerror(EIO));
  ck_assert_str_eq(
      line_about(SOURCE_vmstat,
                 (struct source_status){.state = READING_MALFORMED, .error = -EIO}),
      want);
}
END_TEST

START_TEST(a_source_that_is_gone_is_a_diagnostic)
{
  ck_assert_str_eq(
      line_about(SOURCE_vmstat, (struct source_status){.state = READING_ABSENT,
                                                       .error = -ENOENT,
                                                       .gone = true}),
      "proc/vmstat: No such file or directory; isolated pages, zspages and balloon pages "
      "may be unknown");
}
END_TEST

START_TEST(of_several_unreadable_files_one_is_named_with_its_error)
{
  char want[256]; /* C libraries word it differently */
  snprintf(want, sizeof(want),
           "proc/7/smaps_rollup: cannot be read (%s) (and 2 more); "
           "the pss accounting is incomplete",
           strerror(EIO));
  ck_assert_str_eq(line_about(SOURCE_smaps,
                              (struct source_status){
                                  .state = READING_MALFORMED,
                                  .error = -EIO,
                                  .parse_error = {.cause = "cannot be read", .count = 3},
                                  .path = "proc/7/smaps_rollup"}),
                   want);
}
END_TEST

START_TEST(a_line_that_does_not_fit_is_cut)
{
  static const char whole[] = "proc/vmstat:7: \"nr_zspages\": not a number (and 2 more); "
                              "isolated pages, zspages and balloon pages may be unknown";
  struct sample *sample = calloc(1, sizeof(*sample));
  sample->sources[SOURCE_vmstat] = (struct source_status){
      .state = READING_MALFORMED,
      .parse_error = {
          .cause = "not a number", .line = 7, .count = 3, .near = "nr_zspages"}};
  for (size_t size = 1; size <= sizeof(whole); size++) {
    char line[sizeof(whole) + 8];
    memset(line, '#', sizeof(line));
    ck_assert(diagnostic_of_source(sample, SOURCE_vmstat, line, size));
    ck_assert_uint_eq(strlen(line), size - 1);
    ck_assert_mem_eq(line, whole, size - 1);
    for (size_t i = size; i < sizeof(line); i++)
      ck_assert_int_eq(line[i], '#');
  }
  free(sample);
}
END_TEST

START_TEST(a_denied_consumer_has_no_diagnostic)
{
  struct sample *sample = calloc(1, sizeof(*sample));
  sample->sources[SOURCE_brd].state = READING_DENIED;
  char line[64] = "untouched";
  ck_assert(!diagnostic_of_source(sample, SOURCE_brd, line, sizeof(line)));
  ck_assert_str_eq(line, "untouched");
  free(sample);
}
END_TEST

START_TEST(every_source_names_the_cost_of_its_loss)
{
  for (enum source source = 0; source < SOURCE_zram; source++) { /* without consumers */
    const char *line =
        line_about(source, (struct source_status){.state = READING_DENIED});
    ck_assert_ptr_nonnull(strstr(line, source_rows[source].path));
    ck_assert_ptr_nonnull(strstr(line, source_rows[source].cost));
    ck_assert_ptr_nonnull(strstr(line, source_rows[source].remedy));
    ck_assert_ptr_null(strchr(line, '\n'));
    ck_assert_uint_gt(strlen(source_rows[source].cost), 0);
  }
}
END_TEST

/* --- all of a sample ---------------------------------------------------------------- */

struct found {
  unsigned count;
  struct diagnostic of[8];
  char texts[8][512];
};

static void find(void *context, const struct diagnostic *diagnostic)
{
  struct found *found = context;
  ck_assert_uint_lt(found->count, LENGTH(found->of));
  found->of[found->count] = *diagnostic;
  snprintf(found->texts[found->count++], sizeof(found->texts[0]), "%s", diagnostic->text);
}

static struct sample *bare_sample(void)
{
  return calloc(1, sizeof(struct sample));
}

START_TEST(a_sample_without_problems_has_no_diagnostics)
{
  struct sample *sample = bare_sample();
  struct explanation *explanation = calloc(1, sizeof(*explanation));
  struct found found = {0};
  sample->sources[SOURCE_meminfo].state = READING_KNOWN;
  diagnostics_each(sample, explanation, find, &found);
  diagnostics_each(sample, NULL, find, &found);
  ck_assert_uint_eq(found.count, 0);
  free(sample);
  free(explanation);
}
END_TEST

START_TEST(each_problem_of_a_sample_is_one_diagnostic)
{
  struct sample *sample = bare_sample();
  struct explanation *explanation = calloc(1, sizeof(*explanation));
  struct found found = {0};
  sample->sources[SOURCE_meminfo].state = READING_KNOWN;
  sample->sources[SOURCE_vmstat].state = READING_DENIED;
  sample->sources[SOURCE_zram].state = READING_MALFORMED;
  sample->sources[SOURCE_zram].error = -EIO;
  sample->hung[1] = (struct hung_process){.pid = 4711, .since = 3};
  sample->hung[HUNG_MAX - 1] = (struct hung_process){.pid = 4294967295, .since = 4};
  sample->processes.unlisted = reading_known(1);
  explanation->refused = "meminfo is that of lxcfs";
  diagnostics_each(sample, explanation, find, &found);
  ck_assert_uint_eq(found.count, 6);
  ck_assert_int_eq(found.of[0].kind, DIAGNOSTIC_SOURCE);
  ck_assert_int_eq(found.of[0].source, SOURCE_vmstat);
  ck_assert_int_eq(found.of[1].source, SOURCE_zram);
  for (unsigned i = 0; i < 2; i++) {
    char line[512];
    ck_assert(diagnostic_of_source(sample, found.of[i].source, line, sizeof(line)));
    ck_assert_str_eq(found.texts[i], line);
  }
  ck_assert_int_eq(found.of[2].kind, DIAGNOSTIC_REFUSED);
  ck_assert_str_eq(found.texts[2], "meminfo is that of lxcfs; no black hole is computed");
  ck_assert_int_eq(found.of[3].kind, DIAGNOSTIC_UNLISTED);
  ck_assert_int_eq(found.of[4].kind, DIAGNOSTIC_HUNG);
  ck_assert_uint_eq(found.of[4].pid, 4711);
  ck_assert_str_eq(found.texts[4],
                   "proc/4711/smaps_rollup: no answer; the memory of this process is "
                   "estimated until there is one");
  ck_assert_uint_eq(found.of[5].pid, 4294967295);
  for (unsigned i = 0; i < found.count; i++)
    ck_assert_ptr_null(strchr(found.texts[i], '\n'));
  free(sample);
  free(explanation);
}
END_TEST

/* For callers that print the reason as part of the explanation. */
START_TEST(without_an_explanation_there_is_no_refusal)
{
  struct sample *sample = bare_sample();
  struct found found = {0};
  sample->sources[SOURCE_meminfo].state = READING_KNOWN;
  sample->hung[0].pid = 1;
  diagnostics_each(sample, NULL, find, &found);
  ck_assert_uint_eq(found.count, 1);
  ck_assert_int_eq(found.of[0].kind, DIAGNOSTIC_HUNG);
  free(sample);
}
END_TEST

START_TEST(processes_that_are_not_listed_are_a_diagnostic)
{
  struct sample *sample = bare_sample();
  struct processes *processes = &sample->processes;
  struct found found = {0};
  sample->sources[SOURCE_meminfo].state = READING_KNOWN;
  processes->kernel_thread_count = reading_known(0);
  processes->unlisted = reading_known(0);
  diagnostics_each(sample, NULL, find, &found);
  *processes = (struct processes){0}; /* not read at all */
  diagnostics_each(sample, NULL, find, &found);
  ck_assert_uint_eq(found.count, 0);
  processes->kernel_thread_count = reading_known(0);
  for (int known = 0; known < 2; known++) {
    processes->unlisted = known ? reading_known(1) : reading_missing(READING_ABSENT);
    found.count = 0;
    diagnostics_each(sample, NULL, find, &found);
    ck_assert_uint_eq(found.count, 1);
    ck_assert_str_eq(found.texts[0],
                     "proc: lists no kernel threads, so some processes are hidden (PID "
                     "namespace or hidepid); the pss accounting is incomplete; set Root "
                     "to where the host's proc is mounted, or grant CAP_SYS_PTRACE");
  }
  free(sample);
}
END_TEST

SUITE_MAIN("diagnostic", a_sample_without_problems_has_no_diagnostics,
           each_problem_of_a_sample_is_one_diagnostic,
           without_an_explanation_there_is_no_refusal,
           processes_that_are_not_listed_are_a_diagnostic,
           a_source_that_is_gone_is_a_diagnostic,
           of_several_unreadable_files_one_is_named_with_its_error,
           a_source_without_errors_has_no_diagnostic,
           a_source_that_the_kernel_does_not_have_has_no_diagnostic,
           an_absent_meminfo_is_a_diagnostic,
           a_denied_source_names_file_cause_cost_and_remedy,
           a_denied_source_without_remedy_ends_with_its_cost,
           processes_that_were_all_denied_name_the_pattern,
           a_malformed_source_names_file_line_key_and_cause,
           an_error_of_the_whole_text_has_no_line_number,
           a_bad_line_in_a_known_file_has_no_cost, further_bad_lines_are_counted,
           of_several_files_the_bad_one_is_named,
           a_read_error_is_worded_as_by_the_c_library, a_line_that_does_not_fit_is_cut,
           every_source_names_the_cost_of_its_loss, a_denied_consumer_has_no_diagnostic)
