/* SPDX-License-Identifier: MIT */
/* Whether files list all that others of the same sample count. A captured tree may have
 * files that were cut off, or filtered, between two lines; a parser sees only what cannot
 * be whole by itself. */
#ifndef MEMINFO_EXPLAIN_COLLECT_COMPLETENESS_H
#define MEMINFO_EXPLAIN_COLLECT_COMPLETENESS_H

#include "meminfo_explain/collect/sample.h"

/* zoneinfo lacks zones where the zones have less memory than MemTotal. Then the source
 * and both zoneinfos are malformed. Not so where `managed` alone is below MemTotal, and
 * the zones' free pages below MemFree by as much: the kernel is still initialising struct
 * pages. */
void completeness_of_zoneinfo(struct sample *sample);

/* vmallocinfo lacks areas where they add up to less than VmallocUsed, be that pages or
 * address space, or where those of modules add up to less than /proc/modules. Then the
 * source and vmallocinfo are malformed, and there are no callers. Where VmallocUsed is
 * always 0 (4.4 to 5.2) only the modules show it, and with more than one CPU the areas of
 * per-CPU data. Needs meminfo and modules. */
void completeness_of_vmallocinfo(struct sample *sample);

/* The list of possible CPUs is malformed where more are online, by zoneinfo. */
void completeness_of_cpus(struct sample *sample);

/* MemTotal less the zones' managed pages, where the zones' free pages are fewer than
 * MemFree by as much, to 1/64 of MemTotal: memory whose struct pages the kernel has not
 * initialised yet. Else absent. */
struct reading completeness_unlisted(const struct sample *sample);

#endif
