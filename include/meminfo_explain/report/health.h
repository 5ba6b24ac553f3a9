/* SPDX-License-Identifier: MIT */
/* What the daemon logs about its samples: each problem once when it appears, and its end.
 */
#ifndef MEMINFO_EXPLAIN_REPORT_HEALTH_H
#define MEMINFO_EXPLAIN_REPORT_HEALTH_H

#include "meminfo_explain/base/logger.h"
#include "meminfo_explain/collect/sample.h"
#include "meminfo_explain/explain/explain.h"
#include "meminfo_explain/report/log_damper.h"

/* What was logged so far. {0}: nothing. */
struct health {
  struct log_damper sources[SOURCE_COUNT];
  struct log_damper refused, unlisted, pss;
  uint32_t hung[HUNG_MAX]; /* processes; 0: none */
  char lines[MEMINFO_OTHERS_MAX]
            [sizeof(((struct meminfo_other *)0)->key)]; /* unknown, of meminfo */
  unsigned lines_count;
};

/* Takes one sample and logs what is new: diagnostics (diagnostic.h) and a withheld pss
 * accounting as warnings; their ends ("recovered", log_damper.h) and unknown lines of
 * meminfo as information. */
void health_log(struct health *health, const struct sample *sample,
                const struct explanation *explanation, const struct logger *logger);

#endif
