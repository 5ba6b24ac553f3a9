/* SPDX-License-Identifier: MIT */
/* collectd's callbacks: config, init, read. */
#include "config.h"
#include "dispatch.h"
#include "notify.h"

#include "utils/common/common.h"

#include "meminfo_explain/alarm/alarm.h"
#include "meminfo_explain/explain/observe.h"
#include "meminfo_explain/report/health.h"

static struct config config;

/* All that the read callback owns; it never overlaps itself. */
struct reader {
  struct observer observer;
  struct publisher publisher;
  struct health health;
  struct alarm *alarm; /* NULL: off */
  cdtime_t time;       /* of the sample */
};

/* collectd knows the interval only where a callback runs. */
static struct collect_options collect_options(void)
{
  struct collect_options options = config.collect;
  options.interval = CDTIME_T_TO_DOUBLE(plugin_get_interval());
  return options;
}

static int read_callback(user_data_t *user_data)
{
  struct reader *reader = user_data->data;
  const struct collect_options options = collect_options();
  const struct watched_verdicts *verdicts = NULL;
  reader->time = cdtime();
  int status = observe(&reader->observer, &options);
  health_log(&reader->health, &reader->observer.sample, &reader->observer.explanation,
             &notify_logger);
  if (reader->alarm != NULL)
    verdicts = alarm_judge(reader->alarm, CDTIME_T_TO_DOUBLE(reader->time));
  dispatch(&reader->publisher, &reader->observer, verdicts, &config, reader->time);
  publisher_log(&reader->publisher, &notify_logger);
  if (reader->alarm != NULL)
    alarm_act(reader->alarm, CDTIME_T_TO_DOUBLE(reader->time));
  return status;
}

static void reader_free(void *data)
{
  struct reader *reader = data;
  alarm_close(reader->alarm);
  observer_close(&reader->observer);
  free(reader);
}

static void open_alarm(struct reader *reader)
{
  const struct alarm_settings settings = {
      .trend = config.trend_settings,
      .state_file = config.trend_state ? config.state_file : NULL,
      .evidence_dir = config.evidence_dir[0] != '\0' ? config.evidence_dir : NULL};
  const struct alarm_output output = {
      .logger = notify_logger, .notify = notify_change, .context = &reader->time};
  reader->alarm = alarm_open(&settings, &output, &reader->observer);
  if (reader->alarm == NULL)
    P_ERROR("out of memory: leak detection is off until the next start.");
}

static int init_callback(void)
{
  struct reader *reader = calloc(1, sizeof(*reader));
  if (reader == NULL) {
    P_ERROR("out of memory.");
    return ENOMEM;
  }
  reader->publisher.options = config.publish;
  int status = observer_open(config.root, &reader->observer);
  if (status != 0) {
    P_ERROR("Root \"%s\": %s.", config.root, STRERROR(-status));
    free(reader);
    return -status;
  }
  /* So that the first sample has the processes of a small machine; it never waits. */
  static const double head_start = 0.25; /* seconds */
  const struct collect_options options = collect_options();
  status = collector_prepare(&reader->observer.collector, &options, head_start);
  if (status != 0)
    P_WARNING("processes cannot be read yet: %s; each sample tries again.",
              STRERROR(-status));
  dispatch_register_types(&config);
  if (config.trend)
    open_alarm(reader);
  /* The daemon frees the user data, also when the registration fails. */
  return plugin_register_complex_read(
      NULL, "meminfo_explain", read_callback, 0,
      &(user_data_t){.data = reader, .free_func = reader_free});
}

static int config_callback(oconfig_item_t *block)
{
  config_apply(block, &config);
  return 0;
}

__attribute__((visibility("default"))) void module_register(void)
{
  config_init(&config);
  plugin_register_complex_config("meminfo_explain", config_callback);
  plugin_register_init("meminfo_explain", init_callback);
}
