/* SPDX-License-Identifier: MIT */
#define _XOPEN_SOURCE 700
#include "golden.h"

#include "meminfo_explain/explain/observe.h"
#include "meminfo_explain/report/publisher.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void lines_add(struct lines *lines, const char *line)
{
  if (lines->count == lines->capacity) {
    lines->capacity = lines->capacity > 0 ? 2 * lines->capacity : 64;
    lines->line = realloc(lines->line, lines->capacity * sizeof(*lines->line));
  }
  lines->line[lines->count++] = strdup(line);
}

static int by_text(const void *a, const void *b)
{
  return strcmp(*(char *const *)a, *(char *const *)b);
}

void lines_sort(struct lines *lines)
{
  if (lines->count > 0)
    qsort(lines->line, lines->count, sizeof(*lines->line), by_text);
}

void lines_free(struct lines *lines)
{
  for (size_t i = 0; i < lines->count; i++)
    free(lines->line[i]);
  free(lines->line);
  *lines = (struct lines){0};
}

void golden_format(const char *view, const char *type, const char *instance, double value,
                   char *out, size_t size)
{
  /* The format that collectd's csv plugin uses for gauges. */
  snprintf(out, size, "%s/%s-%s %f", view, type, instance, value);
}

static void add_metric(void *context, const struct metric *metric)
{
  static const char *const types[] = {
      [METRIC_TYPE_BYTES] = "bytes",       [METRIC_TYPE_SIGNED_BYTES] = "signed_bytes",
      [METRIC_TYPE_PERCENT] = "percent",   [METRIC_TYPE_COUNT] = "count",
      [METRIC_TYPE_DURATION] = "duration", [METRIC_TYPE_BYTES_RATE] = "bytes_rate"};
  char line[512];
  if (metric->type == METRIC_TYPE_DURATION)
    return;
  golden_format(metric->view, types[metric->type], metric->instance, metric->value, line,
                sizeof(line));
  lines_add(context, line);
}

int golden_explain(const char *root, struct lines *lines)
{
  static const struct collect_options options = {.pss = true};
  static const struct trend_settings settings = {.window = TREND_WINDOW,
                                                 .rise = TREND_RISE};
  struct observer *observer = malloc(sizeof(*observer));
  struct watched_series *watched = calloc(1, sizeof(*watched));
  struct publisher *publisher = calloc(1, sizeof(*publisher));
  struct watched_verdicts verdicts;
  int status = observer_open(root, observer);
  if (status == 0) {
    status = observe(observer, &options);
    publisher->options = publisher_default_options();
    publisher->options.all_series = publisher->options.unknown_lines = true;
    publisher_note(publisher, &observer->sample, &observer->explanation);
    watched_add(watched, &settings, 1e9, &observer->explanation, &verdicts);
    metrics_each(&observer->sample, &observer->explanation, publisher, &verdicts,
                 add_metric, lines);
    lines_sort(lines);
    observer_close(observer);
  }
  free(publisher);
  free(watched);
  free(observer);
  return status;
}
