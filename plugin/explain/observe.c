/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "meminfo_explain/explain/observe.h"

#include <math.h>
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
  if (!is_known(last) || !is_known(hole->estimate) || !is_known(hole->noise))
    return false;
  return amount_abs_diff(hole->estimate, last) > hole->noise.value;
}

static bool is_broken(const struct observer *observer, unsigned identity)
{
  return identity_is_broken(&observer->explanation.identities[identity]);
}

/* An identity in all looks so far. */
struct looks {
  bool broken;        /* in each of them */
  double least, most; /* residuals */
};

/* Returns whether an identity is broken in each look that was not in the last
 * observation. */
static bool note_broken(const struct observer *observer, int look,
                        struct looks all[IDENTITY_COUNT])
{
  bool is_new = false;
  for (unsigned i = 0; i < IDENTITY_COUNT; i++) {
    struct looks *looks = &all[i];
    double residual = (double)observer->explanation.identities[i].residual.value;
    if (look == 0)
      *looks = (struct looks){.broken = true, .least = residual, .most = residual};
    looks->broken &= is_broken(observer, i);
    looks->least = fmin(looks->least, residual);
    looks->most = fmax(looks->most, residual);
    is_new |= looks->broken && !observer->broken[i];
  }
  return is_new;
}

static bool is_steady(const struct looks *looks)
{
  return looks->most - looks->least <= fmin(fabs(looks->least), fabs(looks->most)) / 2;
}

/* Withdraws the judgement of an identity that held in one of the looks, or was broken by
 * another amount in each. */
static void judge_identities(struct observer *observer,
                             const struct looks all[IDENTITY_COUNT])
{
  for (unsigned i = 0; i < IDENTITY_COUNT; i++) {
    bool certain = all[i].broken && is_steady(&all[i]);
    if (is_broken(observer, i) && !certain && !observer->broken[i])
      observer->explanation.identities[i].judged = false;
    observer->broken[i] = is_broken(observer, i);
  }
}

static void note_total(struct observer *observer)
{
  const struct reading total = observer->sample.meminfo.mem_total;
  if (!is_known(total))
    return;
  if (total.value > observer->highest_total)
    observer->highest_total = total.value;
  observer->explanation.removed = reading_known(observer->highest_total - total.value);
}

/* A file that disappears with its device is not an error: its status has no errno. */
static void note_gone(struct observer *observer)
{
  for (unsigned i = 0; i < SOURCE_COUNT; i++) {
    struct source_status *status = &observer->sample.sources[i];
    observer->had[i] |= is_known(*status);
    status->gone =
        observer->had[i] && status->state == READING_ABSENT && status->error != 0;
  }
}

static struct timespec pause_of(const struct collect_options *options)
{
  double most = options->interval * 1e9 / 2 / OBSERVE_LOOKS;
  long pause = OBSERVE_PAUSE_NS;
  if (options->interval > 0 && most < (double)pause)
    pause = (long)most;
  return (struct timespec){.tv_nsec = pause};
}

int observe(struct observer *observer, const struct collect_options *options)
{
  const struct timespec pause = pause_of(options);
  struct sample *sample = &observer->sample;
  struct black_hole *hole = &observer->explanation.black_hole;
  const bool live = observer->collector.root.live;
  struct looks all[IDENTITY_COUNT];
  unsigned retries = 0;
  int status;
  for (int look = 0;; look++) {
    status = collect(&observer->collector, options, sample);
    explain(sample, &observer->explanation);
    retries += sample->retries;
    bool slow = look > 0 && sample->read_seconds + sample->pss_seconds > OBSERVE_SLOW;
    bool doubtful = note_broken(observer, look, all) && live && !slow;
    if (look == OBSERVE_LOOKS || (!doubtful && !jumps(observer->last_estimate, hole)))
      break;
    retries++;
    nanosleep(&pause, NULL);
  }
  sample->retries = retries;
  judge_identities(observer, all);
  if (is_known(hole->estimate))
    observer->last_estimate = hole->estimate;
  floor_learn(&observer->floor, hole);
  if (!is_known(observer->first.mem_total))
    observer->first = sample->meminfo;
  note_total(observer);
  note_gone(observer);
  return status;
}
