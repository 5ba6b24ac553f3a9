/* SPDX-License-Identifier: MIT */
/* What the machine looked like when an alarm was raised, as text for a later
 * investigation. */
#ifndef MEMINFO_EXPLAIN_ALARM_EVIDENCE_H
#define MEMINFO_EXPLAIN_ALARM_EVIDENCE_H

#include "meminfo_explain/explain/observe.h"

#define EVIDENCE_FILE_MAX  ((size_t)1 << 20) /* bytes */
#define EVIDENCE_NAMES_MAX 32                /* members listed of each grouping */

/* Composes the evidence of an alarm at `time`: the message, the explanation before and
 * now with the largest changes first, the sentences, the largest members of each
 * grouping, and meminfo, vmstat, slabinfo and zoneinfo as they are now. `then` is the
 * explanation from before the rise, or NULL.
 *
 * The text is lines of printable ASCII, whatever is in the files of the kernel. Where it
 * would be too large, lines at its end are missing, and a last one says so. 0, with *out
 * to be freed by text_free; -EINVAL where `time` is no time; or -ENOMEM. *out is
 * untouched on failure. */
int evidence_compose(double time, const char *message, const struct observer *now,
                     const struct explanation *then, struct text *out);

#endif
