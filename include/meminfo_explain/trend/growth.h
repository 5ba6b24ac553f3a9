/* SPDX-License-Identifier: MIT */
/* Which member of a grouping grew when a series rose: the largest members of each
 * grouping at times of the past. Only in memory, so a restart of the daemon forgets it.
 */
#ifndef MEMINFO_EXPLAIN_TREND_GROWTH_H
#define MEMINFO_EXPLAIN_TREND_GROWTH_H

#include "meminfo_explain/collect/sample.h"
#include "meminfo_explain/trend/watched_series.h"

/* Members remembered of a grouping; snapshots a quarter of a window apart, so of somewhat
 * more than the longest window of a trend. */
enum { GROWTH_MEMBERS = 32, GROWTH_SNAPSHOTS = 104 };

struct growth; /* opaque; 26 KiB for each grouping that a series may rise with */

/* NULL where there is no memory. */
struct growth *growth_open(void);
void growth_close(struct growth *growth); /* NULL is nothing */

/* Takes a sample made at `time` (seconds since the epoch). `window` is that of
 * struct trend_settings. */
void growth_note(struct growth *growth, double window, double time,
                 const struct sample *sample);

/* Writes which member of a grouping of that series (groupings.def) rose most like it,
 * such as "vmalloc caller load_module rose by 61 MiB". False, with *out untouched, where
 * no member's rise makes up most of the series' rise since the verdict says. */
#define GROWTH_MESSAGE_SIZE 128
bool growth_message(const struct growth *growth, enum series series,
                    const struct trend_verdict *verdict, const struct sample *now,
                    char out[GROWTH_MESSAGE_SIZE]);

#endif
