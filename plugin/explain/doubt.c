/* SPDX-License-Identifier: MIT */
#include "doubt.h"
#include "drift.h"
#include "rows.h"

uint64_t batches_of(const struct sample *sample, struct reading cpus)
{
  return cpus.value * LRU_BATCH_PAGES * sample->page_size;
}

bool is_part_of(const struct term_row *row, enum accounting accounting)
{
  return row->view == TERM_VIEW_FREE || row->view == TERM_VIEW_KERNEL ||
         row->view == accounting_view(accounting);
}

void doubt_add(struct doubt *doubt, uint64_t less, uint64_t more)
{
  reading_add(&doubt->noise, less > more ? less : more);
  reading_add(&doubt->less, less);
  reading_add(&doubt->more, more);
  reading_add(&doubt->either, less > more ? less : more);
}

/* A number that is not known counts as 0, so the truth can only be smaller. Most such
 * terms move with what they hold; only per-CPU lists go up and down by themselves. */
void doubt_add_decision(struct doubt *doubt, const struct decision *decision,
                        bool is_noise)
{
  const struct reading noise = doubt->noise;
  if (is_known(decision->reading))
    doubt_add(doubt, decision->error, decision->error + decision->excess);
  else
    doubt_add(doubt, decision->error, 0);
  if (!is_known(decision->reading) && !is_noise)
    doubt->noise = noise;
  doubt->less_unbounded |= decision->unbounded;
  doubt->more_unbounded |= decision->unbounded && is_known(decision->reading);
}

/* Pages in LRU batches and unmapped swap cache are counted by no term: without them the
 * black hole is smaller. */
static void doubt_add_user(struct doubt *doubt, const struct sample *sample,
                           const struct explanation *e, enum accounting accounting)
{
  const struct reading swap_cached = sample->meminfo.swap_cached;
  if (accounting == ACCOUNTING_LRU)
    doubt_add(doubt, batches_of(sample, e->decided.cpus_count.reading), 0);
  else if (swap_cached.state > READING_KNOWN)
    doubt->less_unbounded = true;
  else
    doubt_add(doubt, swap_cached.value, 0);
}

/* Of the counters, the tear, LRU batches or swap cache, and the decisions. */
struct doubt doubt_of(const struct sample *sample, const struct explanation *e,
                      enum accounting accounting)
{
  struct doubt doubt = {.less = {0}};
  const uint64_t counters = counters_error(sample, accounting);
  const struct reading tear = e->decided.tear.reading;
  const struct zoneinfo *z = &sample->zoneinfo;
  doubt_add(&doubt, counters, counters);
  /* The tear is unknown where the second zoneinfo could not be read. */
  if (is_known(z->free) && is_known(z->pcp) && tear.state > READING_KNOWN)
    doubt.less_unbounded = doubt.more_unbounded = true;
  doubt_add(&doubt, tear.value, tear.value);
  doubt_add_user(&doubt, sample, e, accounting);
  for (size_t i = 0; i < TERM_COUNT; i++) {
    const struct decision *decision = decision_of(&e->decided, &term_rows[i]);
    if (decision != NULL && is_part_of(&term_rows[i], accounting))
      doubt_add_decision(&doubt, decision, decision == &e->decided.pcp_free);
  }
  return doubt;
}
