/* SPDX-License-Identifier: MIT */
/* <Plugin meminfo_explain> to struct config. */
#ifndef MEMINFO_EXPLAIN_CONFIG_H
#define MEMINFO_EXPLAIN_CONFIG_H

#include "collectd.h"

#include "plugin.h"

#include "meminfo_explain/explain/observe.h"
#include "meminfo_explain/report/publisher.h"
#include "meminfo_explain/trend/trend.h"

#include <limits.h>

/* VmallocCallers and AllocationSites, where they are not given: config_settle. */
#define CONFIG_BY_SET UINT_MAX

struct config {
  char root[PATH_MAX];
  struct observe_options observe;
  struct publisher_options publish;
  bool all_series;           /* not just the default set */
  bool report_unknown_lines; /* of meminfo, as metrics */
  bool trend;                /* the leak alarm, by these settings */
  struct trend_settings trend_settings;
  bool trend_state; /* is kept across restarts of the daemon, here: */
  char state_file[PATH_MAX];
  char evidence_dir[PATH_MAX]; /* "": none is kept */
  bool use_stock_types;        /* send gauge for the types collectd lacks */
};

extern const struct config config_default;

/* Applies one block to *config. A wrong option or value is one error in the log, which
 * names it; the rest of the block still applies. */
void config_apply(const oconfig_item_t *block, struct config *config);

/* Fills in what depends on other options, once all blocks are applied. */
void config_settle(struct config *config);

#endif
