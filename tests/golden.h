/* SPDX-License-Identifier: MIT */
/* The metrics of a root as text: `VIEW/TYPE-INSTANCE VALUE` lines, sorted. What a
 * fixture's expect.txt holds. Durations, which no fixture determines, are left out. */
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

/* One metric as it stands in expect.txt. */
void golden_format(const char *view, const char *type, const char *instance, double value,
                   char *out, size_t size);

/* Collects and explains a root as the plugin does by default. Fills `lines`; 0, or
 * -errno where there is no meminfo, with the lines of what there is. */
int golden_explain(const char *root, struct lines *lines);

#endif
