/* SPDX-License-Identifier: MIT */
#include "notify.h"

#include "utils/common/common.h"

/* Not daemon_log: where the daemon frees us, it has no name for the plugin. */
static void print(void *context, int level, const char *text)
{
  (void)context;
  plugin_log(level, "meminfo_explain plugin: %s", text);
}

const struct logger notify_logger = {.print = print};

void notify_change(void *time, enum series series, enum trend_state state,
                   const char *text)
{
  notification_t notification = {.severity = state == TREND_FAILURE   ? NOTIF_FAILURE
                                             : state == TREND_WARNING ? NOTIF_WARNING
                                                                      : NOTIF_OKAY,
                                 .time = *(const cdtime_t *)time};
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
