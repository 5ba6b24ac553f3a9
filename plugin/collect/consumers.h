/* SPDX-License-Identifier: MIT */
/* Reads all rows of consumers.def in a thread of its own (supervisor.h): a driver may
 * hold a lock for long while its file is read, and the sample must not wait for that. */
#ifndef MEMINFO_EXPLAIN_COLLECT_CONSUMERS_H
#define MEMINFO_EXPLAIN_COLLECT_CONSUMERS_H

#include "consumer_row.h"
#include "meminfo_explain/collect/sample.h"
#include "meminfo_explain/sysroot/sysroot.h"

/* Seconds that a row may take, by default. A row that takes longer hangs: it is malformed
 * until it answers, and is not waited for again. */
#define CONSUMERS_PATIENCE 0.25
/* Rows that may hang at a time. Where one more does, the rows after it are not read. */
#define CONSUMERS_HUNG_MAX 8

struct consumers_reader; /* opaque */

/* Starts the thread, with `patience` in seconds. 0 or -errno. */
int consumers_open(const struct sysroot *root, double patience,
                   struct consumers_reader **out);
void consumers_close(struct consumers_reader *reader); /* NULL is nothing */

/* Replaces *out and the status of each row, statuses[CONSUMER_COUNT]. Waits for the
 * patience for each row that hangs, once. */
void consumers_read(struct consumers_reader *reader, const struct consumer_inputs *inputs,
                    struct consumers *out, struct source_status *statuses);

#endif
