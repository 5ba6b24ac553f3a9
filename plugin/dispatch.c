/* SPDX-License-Identifier: MIT */
#include "dispatch.h"

#include "utils/common/common.h"

#include "meminfo_explain/report/metrics.h"

/* Types as in types.db: one data source, a gauge. */
static const struct type_row {
  const char *name;
  const char *source;
  double min, max;
  bool own; /* in types.db.d/meminfo_explain.db, not in collectd's types.db */
} types[] = {
    {"bytes", "value", 0, NAN, false},       {"percent", "value", 0, 100.1, false},
    {"count", "value", 0, NAN, false},       {"duration", "seconds", 0, NAN, false},
    {"gauge", "value", NAN, NAN, false},     {"signed_bytes", "value", NAN, NAN, true},
    {"bytes_rate", "value", NAN, NAN, true},
};

static bool is_compatible(const data_set_t *set)
{
  /* A signed type has no minimum: the cache turns values out of range into NaN. */
  return set->ds_num == 1 && set->ds[0].type == DS_TYPE_GAUGE && isnan(set->ds[0].min);
}

static void register_type(const struct type_row *type, struct config *config)
{
  const data_set_t *known = plugin_get_ds(type->name);
  if (known == NULL) {
    data_source_t source = {.type = DS_TYPE_GAUGE, .min = type->min, .max = type->max};
    sstrncpy(source.name, type->source, sizeof(source.name));
    data_set_t set = {.ds_num = 1, .ds = &source};
    sstrncpy(set.type, type->name, sizeof(set.type));
    if (plugin_register_data_set(&set) != 0)
      P_ERROR("cannot register type \"%s\".", type->name);
  } else if (type->own && !is_compatible(known)) {
    P_ERROR("type \"%s\" is defined in a TypesDB file, but not as value:GAUGE:U:U; "
            "sending gauge instead.",
            type->name);
    config->use_stock_types = true;
  }
}

void dispatch_register_types(struct config *config)
{
  for (size_t i = 0; i < STATIC_ARRAY_SIZE(types); i++)
    register_type(&types[i], config);
}

struct sink {
  bool use_stock_types;
  cdtime_t time;
};

static const char *type_name(enum metric_type type, bool use_stock_types)
{
  static const char *const names[] = {
      [METRIC_TYPE_BYTES] = "bytes",       [METRIC_TYPE_SIGNED_BYTES] = "signed_bytes",
      [METRIC_TYPE_PERCENT] = "percent",   [METRIC_TYPE_COUNT] = "count",
      [METRIC_TYPE_DURATION] = "duration", [METRIC_TYPE_BYTES_RATE] = "bytes_rate"};
  bool own = type == METRIC_TYPE_SIGNED_BYTES || type == METRIC_TYPE_BYTES_RATE;
  return own && use_stock_types ? "gauge" : names[type];
}

static void dispatch_metric(void *context, const struct metric *metric)
{
  const struct sink *sink = context;
  value_list_t list = VALUE_LIST_INIT;
  list.values = &(value_t){.gauge = metric->value};
  list.values_len = 1;
  list.time = sink->time;
  sstrncpy(list.plugin, "meminfo_explain", sizeof(list.plugin));
  sstrncpy(list.plugin_instance, metric->view, sizeof(list.plugin_instance));
  sstrncpy(list.type, type_name(metric->type, sink->use_stock_types), sizeof(list.type));
  /* As gauges, a value and its rate would have the same name. */
  bool renamed = metric->type == METRIC_TYPE_BYTES_RATE && sink->use_stock_types;
  snprintf(list.type_instance, sizeof(list.type_instance), "%s%s", renamed ? "rate_" : "",
           metric->instance);
  plugin_dispatch_values(&list);
}

void dispatch(struct publisher *publisher, const struct observer *observer,
              const struct watched_verdicts *verdicts, const struct config *config,
              cdtime_t time)
{
  struct sink sink = {.use_stock_types = config->use_stock_types, .time = time};
  publisher_note(publisher, &observer->sample, &observer->explanation);
  metrics_each(&observer->sample, &observer->explanation, publisher, verdicts,
               dispatch_metric, &sink);
}
