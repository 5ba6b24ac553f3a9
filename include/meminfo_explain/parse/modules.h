/* SPDX-License-Identifier: MIT */
/* /proc/modules: "name size refcount users state address", one line per module. The size
 * is coresize + initsize of /sys/module/NAME (kernel/module: m_show). */
#ifndef MEMINFO_EXPLAIN_PARSE_MODULES_H
#define MEMINFO_EXPLAIN_PARSE_MODULES_H

#include "meminfo_explain/base/reading.h"
#include "meminfo_explain/base/scan.h"

struct modules {
  struct reading size;
  struct reading modules_count;
};
#define MODULES_READINGS (sizeof(struct modules) / sizeof(struct reading))

/* Replaces *out. A malformed line makes both malformed. 0, also for an empty file, which
 * has no modules; or -EBADMSG. */
int modules_parse(struct scan text, struct modules *out, struct parse_error *parse_error);

#endif
