/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "meminfo_explain/alarm/alarm.h"
#include "evidence.h"
#include "meminfo_explain/base/clock.h"
#include "meminfo_explain/report/log_damper.h"
#include "meminfo_explain/trend/growth.h"
#include "past.h"
#include "state_file.h"
#include "state_writer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Seconds that the daemon waits for the disk when it starts and when it ends. */
static const double disk_patience = 2;

/* Seconds after which a write hangs. */
static const double write_patience = 5;

struct alarm {
  struct alarm_settings settings;
  struct alarm_output output;
  const struct observer *observer;
  struct watched_series watched;
  struct watched_verdicts verdicts;
  char boot[STATE_FILE_BOOT_SIZE]; /* id of the boot; "" where it cannot be read */
  double saved_at;                 /* monotonic time: the clock may go back by years */
  bool alarmed[SERIES_COUNT];      /* the last notification was a warning or a failure */
  struct state_writer *writer;     /* NULL: nothing is written */
  struct log_damper damper[STATE_WRITER_KINDS];
  struct past *past;     /* NULL without evidence */
  struct growth *growth; /* NULL where there was no memory */
};

#define LOG(alarm, level, ...) logger_print(&(alarm)->output.logger, level, __VA_ARGS__)

/* --- the state ---------------------------------------------------------------------- */

static void read_boot(struct alarm *alarm)
{
  struct text text = {0};
  const char *path = "proc/sys/kernel/random/boot_id";
  int status = sysroot_slurp(&alarm->observer->collector.root, path, &text);
  if (status == 0) {
    struct scan scan = scan_text(text.bytes, text.length), line;
    if (scan_line(&scan, &line))
      span_copy(scan_word(&line), alarm->boot, sizeof(alarm->boot));
  } else if (status == -ENOMEM) {
    LOG(alarm, LOG_ERR, "%s: out of memory; the alarm's state will not be loaded again",
        path);
  }
  text_free(&text);
}

static void take_state(struct alarm *alarm, const struct watched_series *watched)
{
  alarm->watched = *watched;
  for (unsigned series = 0; series < SERIES_COUNT; series++)
    alarm->alarmed[series] = watched->trends[series].state >= TREND_WARNING;
}

static void load(struct alarm *alarm)
{
  const char *path = alarm->settings.state_file;
  struct watched_series *watched = calloc(1, sizeof(*watched));
  int status = watched != NULL ? state_writer_load(alarm->writer, watched, disk_patience)
                               : -ENOMEM;
  /* Buckets of another width would be of other times. */
  if (status == 0 && watched->window != 0 &&
      watched->window != alarm->settings.trend.window)
    status = -ESTALE;
  if (status == 0)
    take_state(alarm, watched);
  else if (status == -ESTALE)
    LOG(alarm, LOG_INFO,
        "%s: from another boot, version or TrendWindow; leak detection restarts from "
        "scratch",
        path);
  else if (status != -ENOENT)
    LOG(alarm, LOG_WARNING, "%s: %s; leak detection restarts from scratch", path,
        status == -EBADMSG       ? "damaged, or not a regular file"
        : status == -EPERM       ? "owned or writable by another user, ignored"
        : status == -EINPROGRESS ? "the disk does not respond"
                                 : strerror(-status));
  free(watched);
}

static void save(struct alarm *alarm)
{
  if (alarm->writer != NULL && alarm->settings.state_file != NULL)
    state_writer_state(alarm->writer, &alarm->watched);
}

/* Logs what became of the last write of one kind. */
static void log_writing(struct alarm *alarm, enum state_writer_kind kind,
                        const char *path)
{
  char text[1024] = "";
  int status = state_writer_status(alarm->writer, kind);
  if (status == -EINPROGRESS)
    snprintf(text, sizeof(text), "%s: not written: the disk has not responded for %g s",
             path, write_patience);
  else if (status != 0)
    snprintf(text, sizeof(text), "%s: cannot write: %s", path, strerror(-status));
  log_damper_print(&alarm->damper[kind], &alarm->output.logger, path, text, false);
}

static void log_writings(struct alarm *alarm)
{
  if (alarm->writer == NULL)
    return;
  log_writing(alarm, STATE_WRITER_STATE, alarm->settings.state_file);
  log_writing(alarm, STATE_WRITER_EVIDENCE, alarm->settings.evidence_dir);
}

/* --- evidence ----------------------------------------------------------------------- */

static void write_evidence(struct alarm *alarm, enum series series, const char *text,
                           double time)
{
  const struct trend_verdict *verdict = &alarm->verdicts.of[series];
  char name[64];
  struct text composed = {0};
  if (alarm->past == NULL || alarm->writer == NULL || verdict->state < TREND_WARNING)
    return;
  snprintf(name, sizeof(name), "%s-%s", series_rows[series].name,
           trend_state_name(verdict->state));
  int error = evidence_compose(time, text, alarm->observer,
                               past_before(alarm->past, verdict->since), &composed);
  if (error == 0)
    error = state_writer_evidence(alarm->writer, time, name, &composed);
  if (error != 0) /* each time: this alarm leaves no evidence */
    LOG(alarm, LOG_WARNING, "%s: no evidence of %s: %s", alarm->settings.evidence_dir,
        name, strerror(-error));
}

/* --- the alarm ---------------------------------------------------------------------- */

static void open_writer(struct alarm *alarm)
{
  const struct alarm_settings *settings = &alarm->settings;
  const struct state_writer_options options = {
      .state_file = settings->state_file,
      .boot = alarm->boot,
      .evidence_dir = settings->evidence_dir,
      .patience = write_patience,
      .disk = &state_writer_disk,
  };
  if (options.state_file == NULL && options.evidence_dir == NULL)
    return;
  int error =
      state_writer_open(&alarm->observer->collector.root, &options, &alarm->writer);
  if (error != 0)
    LOG(alarm, LOG_WARNING,
        "leak detection restarts from scratch, and neither its state nor evidence will "
        "be written: %s",
        strerror(-error));
}

struct alarm *alarm_open(const struct alarm_settings *settings,
                         const struct alarm_output *output,
                         const struct observer *observer)
{
  struct alarm *alarm = calloc(1, sizeof(*alarm));
  if (alarm == NULL)
    return NULL;
  *alarm = (struct alarm){.settings = *settings,
                          .output = *output,
                          .observer = observer,
                          .saved_at = clock_seconds(CLOCK_MONOTONIC)};
  for (unsigned kind = 0; kind < STATE_WRITER_KINDS; kind++)
    alarm->damper[kind].immediate = true; /* writes are rare enough */
  if (!observer->collector.root.live)
    alarm->settings.state_file = NULL;
  if (settings->evidence_dir != NULL && (alarm->past = past_open()) == NULL)
    LOG(alarm, LOG_ERR, "out of memory: no evidence is written until the next start");
  if ((alarm->growth = growth_open()) == NULL)
    LOG(alarm, LOG_ERR, "out of memory: alarms name no members until the next start");
  read_boot(alarm);
  open_writer(alarm);
  if (alarm->writer != NULL && alarm->settings.state_file != NULL)
    load(alarm);
  return alarm;
}

void alarm_close(struct alarm *alarm)
{
  if (alarm == NULL)
    return;
  save(alarm);
  if (alarm->writer != NULL && !state_writer_wait(alarm->writer, disk_patience))
    LOG(alarm, LOG_WARNING, "the last state was not written: the disk does not respond");
  log_writings(alarm);
  state_writer_close(alarm->writer);
  past_close(alarm->past);
  growth_close(alarm->growth);
  free(alarm);
}

const struct watched_verdicts *alarm_judge(struct alarm *alarm, double time)
{
  watched_add(&alarm->watched, &alarm->settings.trend, time,
              &alarm->observer->explanation, &alarm->verdicts);
  return &alarm->verdicts;
}

/* Whether anything changed. */
static bool report_changes(struct alarm *alarm, double time)
{
  bool any = false;
  for (unsigned series = 0; series < SERIES_COUNT; series++) {
    const struct trend_verdict *verdict = &alarm->verdicts.of[series];
    if (!verdict->changed)
      continue;
    char text[WATCHED_MESSAGE_SIZE];
    any = true;
    char member[GROWTH_MESSAGE_SIZE] = "";
    if (alarm->growth != NULL)
      growth_message(alarm->growth, series, verdict, &alarm->observer->sample, member);
    watched_message(&alarm->watched, series, verdict, &alarm->observer->explanation,
                    member, text);
    if (verdict->state != TREND_OKAY || alarm->alarmed[series])
      alarm->output.notify(alarm->output.context, series, verdict->state, text);
    alarm->alarmed[series] = verdict->state >= TREND_WARNING;
    write_evidence(alarm, series, text, time);
  }
  return any;
}

void alarm_act(struct alarm *alarm, double time)
{
  static const double pause = 1.0 / 12; /* of the window, between two saves */
  log_writings(alarm);
  const bool changed = report_changes(alarm, time);
  if (alarm->past != NULL)
    past_add(alarm->past, alarm->settings.trend.window, time,
             &alarm->observer->explanation);
  if (alarm->growth != NULL)
    growth_note(alarm->growth, alarm->settings.trend.window, time,
                &alarm->observer->sample);
  const double now = clock_seconds(CLOCK_MONOTONIC);
  if (changed || now >= alarm->saved_at + pause * alarm->settings.trend.window) {
    save(alarm);
    alarm->saved_at = now;
  }
}
