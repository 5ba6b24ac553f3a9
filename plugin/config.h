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

struct config {
  char root[PATH_MAX];
  struct collect_options collect;
  struct publisher_options publish;
  bool trend; /* the leak alarm, with these settings */
  struct trend_settings trend_settings;
  bool trend_state; /* restore the alarm's state after a restart, from this file */
  char state_file[PATH_MAX];
  char evidence_dir[PATH_MAX]; /* "": no evidence is written */
  bool use_stock_types;        /* send gauge for the types collectd lacks */
};

/* Sets every option to its default. */
void config_init(struct config *config);

/* Applies one block to *config. A wrong option or value is one error in the log, which
 * names it; the rest of the block still applies. */
void config_apply(const oconfig_item_t *block, struct config *config);

#endif
