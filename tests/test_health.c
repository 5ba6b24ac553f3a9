/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/report/health.h"

#include "suite.h"

#include <stdio.h>
#include <stdlib.h>

static struct health health;
static struct sample *sample;
static struct explanation *explanation;

/* What was logged since the last look. */
static struct {
  unsigned count;
  struct {
    int level;
    char text[1024];
  } line[80];
} logged;

static void print(void *context, int level, const char *text)
{
  (void)context;
  ck_assert_uint_lt(logged.count, LENGTH(logged.line));
  logged.line[logged.count].level = level;
  snprintf(logged.line[logged.count++].text, sizeof(logged.line[0].text), "%s", text);
}

static void look(void)
{
  static const struct logger logger = {.print = print};
  logged.count = 0;
  health_log(&health, sample, explanation, &logger);
}

static void assert_logged(int level, const char *text)
{
  look();
  ck_assert_uint_eq(logged.count, 1);
  ck_assert_int_eq(logged.line[0].level, level);
  ck_assert_str_eq(logged.line[0].text, text);
}

static void assert_silent(unsigned samples)
{
  for (unsigned i = 0; i < samples; i++) {
    look();
    ck_assert_msg(logged.count == 0, "sample %u: %s", i, logged.line[0].text);
  }
}

static void begin(void)
{
  memset(&health, 0, sizeof(health));
  sample = calloc(1, sizeof(*sample));
  explanation = calloc(1, sizeof(*explanation));
  sample->sources[SOURCE_meminfo].state = READING_KNOWN;
  sample->credentials = (struct credentials){.live = true, .uid = 1000};
}

static void end(void)
{
  free(sample);
  free(explanation);
}

START_TEST(without_problems_nothing_is_logged)
{
  begin();
  assert_silent(100);
  end();
}
END_TEST

START_TEST(a_source_is_a_warning_once_and_its_recovery_information)
{
  begin();
  sample->sources[SOURCE_vmstat].state = READING_DENIED;
  look();
  ck_assert_uint_eq(logged.count, 1);
  ck_assert_int_eq(logged.line[0].level, LOG_WARNING);
  ck_assert_ptr_nonnull(strstr(logged.line[0].text, "proc/vmstat: permission denied; "));
  assert_silent(100);
  sample->sources[SOURCE_vmstat].state = READING_KNOWN;
  assert_logged(LOG_INFO, "proc/vmstat: recovered");
  assert_silent(100);
  end();
}
END_TEST

START_TEST(two_sources_do_not_hide_each_other)
{
  begin();
  sample->sources[SOURCE_vmstat].state = READING_DENIED;
  look();
  sample->sources[SOURCE_zoneinfo].state = READING_MALFORMED;
  look();
  ck_assert_uint_eq(logged.count, 1);
  ck_assert_ptr_nonnull(strstr(logged.line[0].text, "proc/zoneinfo: "));
  sample->sources[SOURCE_vmstat].state = READING_KNOWN;
  assert_logged(LOG_INFO, "proc/vmstat: recovered");
  end();
}
END_TEST

START_TEST(a_refused_meminfo_is_a_warning_once)
{
  begin();
  explanation->refused = "meminfo is that of lxcfs";
  assert_logged(LOG_WARNING, "meminfo is that of lxcfs; no black hole is computed");
  assert_silent(10);
  explanation->refused = NULL;
  assert_logged(LOG_INFO, "proc/meminfo: recovered");
  end();
}
END_TEST

START_TEST(hidden_processes_are_a_warning_once)
{
  begin();
  sample->processes.unlisted = reading_known(4096);
  look();
  ck_assert_uint_eq(logged.count, 1);
  ck_assert_ptr_nonnull(strstr(logged.line[0].text, "proc: lists no kernel threads"));
  assert_silent(10);
  sample->processes.unlisted = reading_known(0);
  assert_logged(LOG_INFO, "list of processes: recovered");
  end();
}
END_TEST

/* Wherever it stands in the list. */
START_TEST(each_process_that_hangs_is_a_warning_once_and_its_end_information)
{
  begin();
  sample->hung[2].pid = 7;
  look();
  ck_assert_uint_eq(logged.count, 1);
  ck_assert_int_eq(logged.line[0].level, LOG_WARNING);
  ck_assert_ptr_nonnull(strstr(logged.line[0].text, "proc/7/smaps_rollup: no answer"));
  sample->hung[2].pid = 0;
  sample->hung[0].pid = 7;
  assert_silent(3);
  for (unsigned i = 0; i < HUNG_MAX; i++)
    sample->hung[i].pid = i + 1;
  look();
  ck_assert_uint_eq(logged.count, HUNG_MAX - 1);
  sample->hung[6].pid = 0;
  assert_logged(LOG_INFO, "proc/7/smaps_rollup: answered, or process ended");
  sample->hung[6].pid = 7;
  look();
  ck_assert_uint_eq(logged.count, 1);
  ck_assert_int_eq(logged.line[0].level, LOG_WARNING);
  end();
}
END_TEST

static void withhold(enum reading_state state, const char *why, bool transient)
{
  explanation->decided.pss = (struct decision){
      .reading = reading_missing(state), .why = why, .transient = transient};
}

START_TEST(a_withheld_pss_accounting_is_a_warning_with_its_remedy)
{
  begin();
  withhold(READING_DENIED, "others' smaps are denied", false);
  assert_silent(3); /* no process was read yet */
  sample->processes.read_count = reading_known(3);
  assert_logged(LOG_WARNING, "pss accounting withheld: others' smaps are denied; run as "
                             "root or grant CAP_SYS_PTRACE");
  sample->credentials.root = true;
  assert_logged(LOG_WARNING, "pss accounting withheld: others' smaps are denied; grant "
                             "CAP_SYS_PTRACE");
  withhold(READING_MALFORMED, "smaps is cut", false);
  assert_logged(LOG_WARNING, "pss accounting withheld: smaps is cut");
  explanation->decided.pss = (struct decision){.reading = reading_known(1)};
  assert_logged(LOG_INFO, "pss accounting: recovered");
  end();
}
END_TEST

START_TEST(a_pss_accounting_that_is_withheld_for_now_is_logged_where_it_lasts)
{
  begin();
  sample->processes.read_count = reading_known(3);
  withhold(READING_ABSENT, "too much has moved", true);
  assert_silent(LOG_DAMPER_PATIENCE - 1);
  assert_logged(LOG_WARNING, "pss accounting withheld: too much has moved");
  explanation->decided.pss = (struct decision){.reading = reading_known(1)};
  assert_silent(LOG_DAMPER_HOLD_MAX - 1);
  assert_logged(LOG_INFO, "pss accounting: recovered");
  end();
}
END_TEST

START_TEST(each_unknown_line_of_meminfo_is_information_once)
{
  begin();
  sample->meminfo.others_count = 1;
  snprintf(sample->meminfo.others[0].key, sizeof(sample->meminfo.others[0].key), "New");
  assert_logged(LOG_INFO, "proc/meminfo: unknown line \"New\"; not counted in any term");
  assert_silent(3);
  sample->meminfo.others_count = 0;
  assert_silent(3);
  sample->meminfo.others_count = MEMINFO_OTHERS_MAX + 3; /* of which no more are kept */
  for (unsigned i = 0; i < MEMINFO_OTHERS_MAX; i++)
    snprintf(sample->meminfo.others[i].key, sizeof(sample->meminfo.others[i].key), "%s%u",
             "Line", i);
  unsigned lines = 1;
  look();
  lines += logged.count;
  ck_assert_uint_eq(lines, MEMINFO_OTHERS_MAX);
  assert_silent(3);
  end();
}
END_TEST

SUITE_MAIN("health", without_problems_nothing_is_logged,
           a_source_is_a_warning_once_and_its_recovery_information,
           two_sources_do_not_hide_each_other, a_refused_meminfo_is_a_warning_once,
           hidden_processes_are_a_warning_once,
           each_process_that_hangs_is_a_warning_once_and_its_end_information,
           a_withheld_pss_accounting_is_a_warning_with_its_remedy,
           a_pss_accounting_that_is_withheld_for_now_is_logged_where_it_lasts,
           each_unknown_line_of_meminfo_is_information_once)
