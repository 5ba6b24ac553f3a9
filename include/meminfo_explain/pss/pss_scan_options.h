/* SPDX-License-Identifier: MIT */
/* What the scan of the processes may take. */
#ifndef MEMINFO_EXPLAIN_PSS_PSS_SCAN_OPTIONS_H
#define MEMINFO_EXPLAIN_PSS_PSS_SCAN_OPTIONS_H

#include <stdint.h>

struct pss_scan_options {
  double share;         /* of one CPU that the scan may take, 0 to 1; 0: no limit */
  double period;        /* seconds from one pass to the next */
  uint64_t max_process; /* bytes of Rss above which smaps is not opened; 0: no limit */
};

#endif
