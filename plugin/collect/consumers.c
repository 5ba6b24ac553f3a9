/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "consumers.h"
#include "meminfo_explain/base/clock.h"
#include "meminfo_explain/workers/schedule.h"
#include "meminfo_explain/workers/supervisor.h"

#include <errno.h>
#include <stdlib.h>

struct consumers_reader {
  struct supervisor *supervisor;
  double patience; /* seconds */
  /* Guarded by the supervisor's lock. */
  struct consumer_inputs inputs;
  struct consumer_result results[CONSUMER_COUNT];
  struct kernel_structs structs;
  struct {
    struct schedule schedule;
    struct consumer_result result;
  } trees[CONSUMER_COUNT]; /* of rows that are not read for each sample */
  bool hangs[CONSUMER_COUNT];
  unsigned hung_count;
};

/* --- the worker ------------------------------------------------------------------------
 */

/* Whether the last reading of a tree still holds. With the lock. */
static bool is_kept(const struct consumers_reader *reader, unsigned row)
{
  return supervisor_root(reader->supervisor)->live && consumer_row_is_tree(row) &&
         is_known(reader->trees[row].result.sum) &&
         !schedule_is_due(&reader->trees[row].schedule, clock_seconds(CLOCK_MONOTONIC),
                          false);
}

/* With the lock. */
static void store(struct consumers_reader *reader, unsigned row,
                  const struct consumer_result *result, double begin)
{
  reader->results[row] = *result;
  if (!consumer_row_is_tree(row))
    return;
  reader->trees[row].result = *result;
  schedule_note(&reader->trees[row].schedule, begin, clock_seconds(CLOCK_MONOTONIC));
}

/* Until the result is stored, all is on the worker's stack. False where it was replaced.
 */
static bool read_row(struct consumers_reader *reader, struct worker *worker, unsigned row)
{
  const double begin = clock_seconds(CLOCK_MONOTONIC);
  supervisor_lock(reader->supervisor);
  struct consumer_inputs inputs = reader->inputs;
  inputs.structs = reader->structs;
  const bool kept = is_kept(reader, row), passed = reader->hangs[row] || kept;
  if (kept)
    reader->results[row] = reader->trees[row].result;
  supervisor_unlock(reader->supervisor);
  if (passed)
    return true;
  supervisor_enter(worker, row);
  const struct consumer_result result = consumer_row_read(
      row, &inputs, supervisor_root(reader->supervisor), supervisor_text(worker));
  if (!supervisor_leave(worker))
    return false;
  supervisor_lock(reader->supervisor);
  store(reader, row, &result, begin);
  supervisor_unlock(reader->supervisor);
  return true;
}

static void read_structs(struct consumers_reader *reader)
{
  supervisor_lock(reader->supervisor);
  struct kernel_structs structs = reader->structs;
  supervisor_unlock(reader->supervisor);
  kernel_structs_read(supervisor_root(reader->supervisor), &structs);
  supervisor_lock(reader->supervisor);
  reader->structs = structs;
  supervisor_unlock(reader->supervisor);
}

static void read_all(void *context, struct worker *worker)
{
  read_structs(context);
  for (unsigned row = 0; row < CONSUMER_COUNT; row++)
    if (!read_row(context, worker, row))
      return;
}

static bool set_aside(void *context, uint32_t row, double since)
{
  struct consumers_reader *reader = context;
  (void)since;
  if (reader->hung_count == CONSUMERS_HUNG_MAX)
    return false;
  reader->hung_count++;
  return reader->hangs[row] = true;
}

static void came_back(void *context, uint32_t row)
{
  struct consumers_reader *reader = context;
  reader->hangs[row] = false;
  reader->hung_count--;
}

/* --- what others call ------------------------------------------------------------------
 */

int consumers_open(const struct sysroot *root, double patience,
                   struct consumers_reader **out)
{
  static const struct supervisor_job job = {.name = "consumers",
                                            .round = read_all,
                                            .hangs = set_aside,
                                            .came_back = came_back,
                                            .free = free};
  struct consumers_reader *reader = calloc(1, sizeof(*reader));
  if (reader == NULL)
    return -ENOMEM;
  reader->patience = patience;
  int error = supervisor_open(root, &job, reader, patience, &reader->supervisor);
  if (error != 0)
    free(reader);
  else
    *out = reader;
  return error;
}

void consumers_close(struct consumers_reader *reader)
{
  if (reader != NULL)
    supervisor_close(reader->supervisor);
}

/* A row has timed out until the worker has read it. */
static void reset(struct consumers_reader *reader, const struct consumer_inputs *inputs)
{
  supervisor_lock(reader->supervisor);
  reader->inputs = *inputs;
  for (unsigned row = 0; row < CONSUMER_COUNT; row++)
    reader->results[row] = (struct consumer_result){
        .sum = reading_missing(READING_MALFORMED),
        .status = {.state = READING_MALFORMED, .error = -ETIMEDOUT}};
  supervisor_unlock(reader->supervisor);
}

void consumers_read(struct consumers_reader *reader, const struct consumer_inputs *inputs,
                    struct consumers *out, struct source_status *statuses)
{
  reset(reader, inputs);
  supervisor_request(reader->supervisor, 0);
  supervisor_wait(reader->supervisor, (CONSUMERS_HUNG_MAX + 1) * 2 * reader->patience);
  supervisor_lock(reader->supervisor);
  for (unsigned row = 0; row < CONSUMER_COUNT; row++) {
    out->rows[row] = reader->results[row].sum;
    out->bounds[row].excess = reader->results[row].excess;
    out->bounds[row].lack = reader->results[row].lack;
    statuses[row] = reader->results[row].status;
  }
  supervisor_unlock(reader->supervisor);
}
