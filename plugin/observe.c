/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "meminfo_explain/observe.h"

#include <string.h>
#include <time.h>

int observer_open(const char *root, struct observer *observer)
{
  memset(observer, 0, sizeof(*observer));
  return collector_open(root, &observer->collector);
}

void observer_close(struct observer *observer)
{
  collector_close(&observer->collector);
}

static bool jumps(struct amount last, const struct black_hole *hole)
{
  if (last.state != READING_KNOWN || hole->estimate.state != READING_KNOWN ||
      hole->error.state != READING_KNOWN)
    return false;
  return amount_distance(hole->estimate, last) > hole->error.value;
}

int observe(struct observer *observer, const struct collect_options *options)
{
  static const struct timespec pause = {.tv_nsec = OBSERVE_PAUSE_NS};
  struct sample *sample = &observer->sample;
  struct black_hole *hole = &observer->explanation.black_hole;
  unsigned retries = 0;
  int status;
  for (int look = 0;; look++) {
    status = collect(&observer->collector, options, sample);
    explain(sample, &observer->explanation);
    retries += sample->retries;
    if (look == OBSERVE_LOOKS || !jumps(observer->last_estimate, hole))
      break;
    retries++;
    nanosleep(&pause, NULL);
  }
  sample->retries = retries;
  if (hole->estimate.state == READING_KNOWN)
    observer->last_estimate = hole->estimate;
  floor_learn(&observer->floor, hole);
  return status;
}
