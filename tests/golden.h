/* SPDX-License-Identifier: MIT */
/* The metrics of a root as text, in the format of a fixture's expect.txt: sorted lines
 * `VIEW/TYPE-INSTANCE VALUE`. Durations are left out, as they differ in each run. */
#ifndef MEMINFO_EXPLAIN_TESTS_GOLDEN_H
#define MEMINFO_EXPLAIN_TESTS_GOLDEN_H

#include "meminfo_explain/report/metrics.h"

struct lines {
  char **line;
  size_t count, capacity;
};

void lines_add(struct lines *lines, const char *line);
void lines_sort(struct lines *lines);
void lines_free(struct lines *lines);

/* Formats one metric as a line of expect.txt. */
void golden_format(const char *view, const char *type, const char *instance, double value,
                   char *out, size_t size);

/* Collects and explains a root as the plugin does with AllSeries, and appends its metrics
 * to lines. Returns 0 or -errno; if there is no meminfo, with the metrics that are known.
 */
int golden_explain(const char *root, struct lines *lines);

#endif
