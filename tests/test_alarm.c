/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/alarm/alarm.h"

#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MB(n) ((uint64_t)(n) << 20)

static char notified[WATCHED_MESSAGE_SIZE];

static void take_line(void *context, int level, const char *text)
{
  (void)context;
  (void)level;
  (void)text;
}

static void take_notification(void *context, enum series series, enum trend_state state,
                              const char *text)
{
  (void)context;
  ck_assert_int_eq(series, SERIES_vmalloc);
  ck_assert_int_ge(state, TREND_WARNING);
  snprintf(notified, sizeof(notified), "%s", text);
}

/* The first of two callers, of so many MiB. */
static void set_caller(struct observer *observer, unsigned megabytes)
{
  struct vmallocinfo *info = &observer->sample.vmallocinfo;
  info->callers[0] =
      (struct vmalloc_caller){.symbol = "leak", .module = "m", .bytes = MB(megabytes)};
  info->callers[1] = (struct vmalloc_caller){.symbol = "idle", .bytes = MB(10)};
  info->callers_count = 2;
  info->by_size[0] = 0;
  info->by_size[1] = 1;
  info->pages = reading_known(MB(megabytes + 10));
  observer->explanation.terms[TERM_KERNEL_vmalloc] = amount_of(info->pages);
}

START_TEST(a_notification_names_the_member_that_rose)
{
  static const struct observe_options options = {.collect = {.pss = false}};
  const struct alarm_settings settings = {
      .trend = {.window = TREND_WINDOW, .rise = TREND_RISE}};
  const struct alarm_output output = {.logger = {.print = take_line},
                                      .notify = take_notification};
  struct observer *observer = malloc(sizeof(*observer));
  ck_assert_int_eq(observer_open(FIXTURES "/6.18-debian12-idle-24g", observer), 0);
  ck_assert_int_eq(observe(observer, &options), 0);
  struct alarm *alarm = alarm_open(&settings, &output, observer);
  ck_assert_ptr_nonnull(alarm);
  for (unsigned minute = 0; minute < 240 && notified[0] == '\0'; minute++) {
    set_caller(observer, minute < 180 ? 20 : 20 + minute - 180);
    alarm_judge(alarm, 1.7e9 + 60 * minute);
    alarm_act(alarm, 1.7e9 + 60 * minute);
  }
  ck_assert_ptr_nonnull(strstr(notified, "vmalloc rising: "));
  ck_assert_msg(strstr(notified, "; vmalloc caller leak [m] rose by ") != NULL, "%s",
                notified);
  ck_assert_ptr_nonnull(strstr(notified, "; run: grep pages= /proc/vmallocinfo"));
  alarm_close(alarm);
  observer_close(observer);
  free(observer);
}
END_TEST

SUITE_MAIN("alarm", a_notification_names_the_member_that_rose)
