/* SPDX-License-Identifier: MIT */
/* Groupings whose members are in a file of their own. */
#ifndef MEMINFO_EXPLAIN_COLLECT_FILE_GROUPING_H
#define MEMINFO_EXPLAIN_COLLECT_FILE_GROUPING_H

#include "meminfo_explain/collect/sample.h"
#include "meminfo_explain/parse/grouping_list.h"
#include "meminfo_explain/sysroot/source.h"

/* The parsers of FILE_GROUPING rows; NULL for all others. */
extern grouping_parser *const file_grouping_parsers[GROUPING_COUNT];

/* Replaces *out; returns the status of the source. page_size is in bytes, `text` has the
 * file afterwards. The total is `whole` where that is known and larger than the sum of
 * the members: the file may be incomplete, and does not list everything. Where the file
 * cannot be read or parsed, the total has the status's state, and there are no members.
 */
struct source_status file_grouping_read(const struct sysroot *root, enum source source,
                                        grouping_parser *parse, uint64_t page_size,
                                        struct reading whole, struct text *text,
                                        struct grouping_list *out);

/* The `whole` of a FILE_GROUPING row. */
struct reading file_grouping_whole(const struct sample *sample, enum grouping grouping);

#endif
