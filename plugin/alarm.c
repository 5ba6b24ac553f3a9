/* SPDX-License-Identifier: MIT */
#include "alarm.h"

#include "utils/common/common.h"

#include "alarm/evidence.h"
#include "alarm/state_file.h"
#include "alarm/state_writer.h"
#include "meminfo_explain/base/clock.h"

/* At the start and at the end: seconds that the daemon waits for the state. */
static const double disk_patience = 2;

/* Names the layout of struct watched_series: to be changed with it. */
#define KIND "meminfo_explain trend 2"

/* Explanations of the past, one per window, for evidence. */
enum { PAST = 26 };
struct past {
  double time; /* 0: none */
  struct explanation explanation;
};

struct alarm {
  const struct config *config;
  const struct observer *observer;
  struct watched_series watched;
  struct watched_verdicts verdicts;
  char boot[STATE_FILE_BOOT_SIZE]; /* "" where the kernel does not tell */
  double kept_at;             /* monotonic time: the other one may go back by years */
  bool alarmed[SERIES_COUNT]; /* a warning or failure was the last thing said */
  struct state_writer *state_writer;     /* NULL: nothing is written */
  int complained_of[STATE_WRITER_KINDS]; /* what was said last; 0: nothing */
  struct past *past;                     /* NULL without evidence */
  unsigned past_count;
};

/* --- the state ---------------------------------------------------------------------- */

/* A captured tree is no machine that goes on. */
static bool keeps_state(const struct alarm *alarm)
{
  return alarm->config->trend_state && alarm->observer->collector.root.live;
}

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
    P_ERROR("%s: out of memory; the alarm's state cannot be kept.", path);
  }
  text_free(&text);
}

static void load(struct alarm *alarm)
{
  const char *path = alarm->config->state_file;
  struct watched_series *watched = calloc(1, sizeof(*watched));
  if (watched == NULL) {
    P_ERROR("%s: out of memory; the alarm begins anew.", path);
    return;
  }
  int status = state_writer_load(alarm->state_writer, watched, disk_patience);
  if (status == 0 && !watched_is_sane(watched))
    status = -EBADMSG;
  /* Buckets of another width would lie in the future, or ages ago. */
  if (status == 0 && watched->window != 0 &&
      watched->window != alarm->config->trend_settings.window)
    status = -ESTALE;
  if (status == 0) {
    alarm->watched = *watched;
    for (unsigned series = 0; series < SERIES_COUNT; series++)
      alarm->alarmed[series] = watched->trends[series].state >= TREND_WARNING;
  } else if (status == -ESTALE)
    P_INFO("%s is of another boot, version or TrendWindow: the alarm begins anew.", path);
  else if (status != -ENOENT)
    P_WARNING("%s: %s; the alarm begins anew.", path,
              status == -EBADMSG       ? "damaged"
              : status == -EPERM       ? "somebody else may have written it"
              : status == -EINPROGRESS ? "the disk does not answer"
                                       : STRERROR(-status));
  free(watched);
}

static void save(struct alarm *alarm)
{
  if (alarm->state_writer != NULL && keeps_state(alarm))
    state_writer_state(alarm->state_writer, &alarm->watched);
}

/* --- what became of what was written --------------------------------------------------
 */

/* Said once, until it works again or fails in another way. */
static void complain(struct alarm *alarm, enum state_writer_kind kind, const char *path,
                     int status)
{
  int *complained_of = &alarm->complained_of[kind];
  if (status == *complained_of)
    return;
  *complained_of = status;
  if (status == -EINPROGRESS)
    P_WARNING("%s is not written: a disk has not answered for %g seconds.", path,
              STATE_WRITER_PATIENCE);
  else if (status != 0)
    P_WARNING("%s: %s.", path, STRERROR(-status));
  else
    P_INFO("%s is written again.", path);
}

static void report_writing(struct alarm *alarm)
{
  if (alarm->state_writer == NULL)
    return;
  complain(alarm, STATE_WRITER_STATE, alarm->config->state_file,
           state_writer_status(alarm->state_writer, STATE_WRITER_STATE));
  complain(alarm, STATE_WRITER_EVIDENCE, alarm->config->evidence_dir,
           state_writer_status(alarm->state_writer, STATE_WRITER_EVIDENCE));
}

/* --- what is said ------------------------------------------------------------------- */

static void notify(enum series series, enum trend_state state, const char *text,
                   cdtime_t time)
{
  notification_t notification = {.severity = state == TREND_FAILURE   ? NOTIF_FAILURE
                                             : state == TREND_WARNING ? NOTIF_WARNING
                                                                      : NOTIF_OKAY,
                                 .time = time};
  sstrncpy(notification.message, text, sizeof(notification.message));
  sstrncpy(notification.host, hostname_g, sizeof(notification.host));
  sstrncpy(notification.plugin, "meminfo_explain", sizeof(notification.plugin));
  sstrncpy(notification.plugin_instance, "black_hole",
           sizeof(notification.plugin_instance));
  sstrncpy(notification.type, "bytes_rate", sizeof(notification.type));
  sstrncpy(notification.type_instance, series_rows[series].name,
           sizeof(notification.type_instance));
  plugin_dispatch_notification(&notification);
}

/* --- evidence ----------------------------------------------------------------------- */

static void remember(struct alarm *alarm, double time)
{
  if (alarm->past == NULL)
    return;
  const struct past *last = &alarm->past[(alarm->past_count - 1) % PAST];
  if (alarm->past_count > 0 && time >= last->time &&
      time - last->time < alarm->config->trend_settings.window)
    return;
  alarm->past[alarm->past_count++ % PAST] =
      (struct past){.time = time, .explanation = alarm->observer->explanation};
}

static const struct explanation *explanation_before(const struct alarm *alarm,
                                                    double since)
{
  const struct past *found = NULL;
  for (unsigned i = 0; i < PAST; i++) {
    const struct past *past = &alarm->past[i];
    if (past->time != 0 &&
        (found == NULL || watched_is_closer(past->time, found->time, since)))
      found = past;
  }
  return found != NULL ? &found->explanation : NULL;
}

static void write_evidence(struct alarm *alarm, enum series series, const char *text,
                           double time)
{
  const struct trend_verdict *verdict = &alarm->verdicts.of[series];
  char name[64];
  struct text composed = {0};
  if (alarm->past == NULL || alarm->state_writer == NULL ||
      verdict->state < TREND_WARNING)
    return;
  snprintf(name, sizeof(name), "%s-%s", series_rows[series].name,
           trend_state_name(verdict->state));
  int error = evidence_compose(time, text, alarm->observer,
                               explanation_before(alarm, verdict->since), &composed);
  if (error == 0)
    error = state_writer_evidence(alarm->state_writer, time, name, &composed);
  if (error != 0) /* each time: there will be none of this alarm */
    P_WARNING("%s: no evidence of %s: %s.", alarm->config->evidence_dir, name,
              STRERROR(-error));
}

/* --- what others call --------------------------------------------------------------- */

static void open_scribe(struct alarm *alarm)
{
  const struct config *config = alarm->config;
  const struct state_writer_options options = {
      .state_file = keeps_state(alarm) ? config->state_file : NULL,
      .state_kind = KIND,
      .boot = alarm->boot,
      .state_size = sizeof(alarm->watched),
      .evidence_dir = config->evidence_dir[0] != '\0' ? config->evidence_dir : NULL,
  };
  if (options.state_file == NULL && options.evidence_dir == NULL)
    return;
  int error =
      state_writer_open(&alarm->observer->collector.root, &options, &alarm->state_writer);
  if (error != 0)
    P_WARNING(
        "the alarm begins anew, and neither its state nor evidence will be written: "
        "%s.",
        STRERROR(-error));
}

struct alarm *alarm_open(const struct config *config, const struct observer *observer)
{
  struct alarm *alarm = calloc(1, sizeof(*alarm));
  if (alarm == NULL)
    return NULL;
  *alarm = (struct alarm){
      .config = config, .observer = observer, .kept_at = clock_seconds(CLOCK_MONOTONIC)};
  if (config->evidence_dir[0] != '\0')
    alarm->past = calloc(PAST, sizeof(*alarm->past));
  if (config->evidence_dir[0] != '\0' && alarm->past == NULL)
    P_ERROR("out of memory: no evidence is kept until the next start.");
  read_boot(alarm);
  open_scribe(alarm);
  if (alarm->state_writer != NULL && keeps_state(alarm))
    load(alarm);
  return alarm;
}

void alarm_close(struct alarm *alarm)
{
  if (alarm == NULL)
    return;
  save(alarm);
  if (alarm->state_writer != NULL &&
      !state_writer_wait(alarm->state_writer, disk_patience))
    P_WARNING("the disk did not take the alarm's last state in time.");
  report_writing(alarm);
  state_writer_close(alarm->state_writer);
  free(alarm->past);
  free(alarm);
}

const struct watched_verdicts *alarm_judge(struct alarm *alarm, cdtime_t time)
{
  watched_add(&alarm->watched, &alarm->config->trend_settings, CDTIME_T_TO_DOUBLE(time),
              &alarm->observer->explanation, &alarm->verdicts);
  return &alarm->verdicts;
}

void alarm_act(struct alarm *alarm, cdtime_t time)
{
  static const double pause = 1.0 / 12; /* of the window, between two savings */
  bool changed = false;
  report_writing(alarm);
  for (unsigned series = 0; series < SERIES_COUNT; series++) {
    const struct trend_verdict *verdict = &alarm->verdicts.of[series];
    if (!verdict->changed)
      continue;
    char text[WATCHED_MESSAGE_SIZE];
    changed = true;
    watched_message(&alarm->watched, series, verdict, &alarm->observer->explanation,
                    text);
    if (verdict->state != TREND_OKAY || alarm->alarmed[series])
      notify(series, verdict->state, text, time);
    alarm->alarmed[series] = verdict->state >= TREND_WARNING;
    write_evidence(alarm, series, text, CDTIME_T_TO_DOUBLE(time));
  }
  remember(alarm, CDTIME_T_TO_DOUBLE(time));
  double now = clock_seconds(CLOCK_MONOTONIC);
  double next = alarm->kept_at + pause * alarm->config->trend_settings.window;
  if (changed || now >= next) {
    save(alarm);
    alarm->kept_at = now;
  }
}
