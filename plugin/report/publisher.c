/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/report/publisher.h"

void publisher_rank_callers(const struct vmallocinfo *info, unsigned limit,
                            struct top_n *top)
{
  top_n_begin(top);
  for (unsigned i = 0; i < info->callers_count; i++) {
    const struct vmalloc_caller *caller = &info->callers[info->by_size[i]];
    top_n_add(top, caller->module, caller->symbol, caller->bytes);
  }
  top_n_add(top, "", "other", info->other_bytes);
  top_n_settle(top, limit);
}

void publisher_rank_sites(const struct allocinfo *info, unsigned limit, struct top_n *top)
{
  uint64_t kept = 0;
  top_n_begin(top);
  for (unsigned i = 0; i < info->sites_kept; i++) {
    top_n_add(top, info->sites[i].module, info->sites[i].function, info->sites[i].bytes);
    kept += info->sites[i].bytes;
  }
  top_n_add(top, "", "other", info->place[ALLOCINFO_BLACK_HOLE].value - kept);
  top_n_settle(top, limit);
}

void publisher_note(struct publisher *publisher, const struct observer *observer,
                    const struct publisher_options *options)
{
  const struct sample *sample = &observer->sample;
  default_series_note(&publisher->default_series, &observer->explanation);
  publisher_rank_callers(&sample->vmallocinfo, options->vmalloc_callers,
                         &publisher->callers);
  if (is_known(sample->allocinfo.total))
    publisher_rank_sites(&sample->allocinfo, options->allocation_sites,
                         &publisher->sites);
}

static void log_exhausted(const struct top_n *top, const char *view, const char *option,
                          bool *logged, const struct logger *logger)
{
  if (*logged || !top->exhausted)
    return;
  *logged = true;
  logger_print(logger, LOG_INFO,
               "view \"%s\": %u names were shown since the start; further ones are "
               "counted in \"other\"; to show more, raise %s",
               view, top->names_count, option);
}

void publisher_log(struct publisher *publisher, const struct logger *logger)
{
  log_exhausted(&publisher->callers, "vmalloc", "VmallocCallers",
                &publisher->callers_exhausted, logger);
  log_exhausted(&publisher->sites, "alloc_site", "AllocationSites",
                &publisher->sites_exhausted, logger);
}
