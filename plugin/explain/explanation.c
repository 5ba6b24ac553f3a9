/* SPDX-License-Identifier: MIT */
#include "black_hole.h"
#include "decide.h"
#include "identity.h"
#include "meminfo_explain/explain/explain.h"
#include "rows.h"

#include <string.h>

static bool is_possible(const struct sample *sample, const struct term_row *row,
                        struct amount amount)
{
  const struct reading total = sample->meminfo.mem_total;
  bool inside = row->view == TERM_VIEW_HIDDEN || row->view == TERM_VIEW_INSIDE;
  return (row->sign == TERM_SIGN_SIGNED || amount.value >= 0) &&
         (!inside || !is_known(total) || amount.value <= (int64_t)total.value);
}

static void explain_terms(const struct sample *sample, struct explanation *out)
{
  for (size_t i = 0; i < TERM_COUNT; i++) {
    struct amount amount = evaluate(sample, &out->decided, term_rows[i].operands);
    if (is_known(amount) && !is_possible(sample, &term_rows[i], amount))
      amount = (struct amount){.state = READING_MALFORMED};
    out->terms[i] = amount;
  }
}

/* Why meminfo does not describe this machine, or NULL. */
static const char *refusal(const struct sample *sample)
{
  const struct reading managed = sample->zoneinfo.managed;
  const struct reading total = sample->meminfo.mem_total;
  if (is_known(sample->lxcfs_count) && sample->lxcfs_count.value > 0)
    return "lxcfs provides proc/meminfo, which mixes a container's numbers with the "
           "host's";
  /* Older lxcfs prints 0 for Slab, and the host's value for KReclaimable, a part of it.
   */
  const struct meminfo *m = &sample->meminfo;
  if (is_known(m->slab) && m->slab.value == 0 && m->k_reclaimable.value > 0)
    return "Slab is 0 while KReclaimable is not, so proc/meminfo comes from lxcfs and "
           "not from the kernel";
  if (!is_known(managed) || !is_known(total))
    return NULL;
  /* They are equal, unless a balloon changes them between the two reads, or zones are not
   * listed (collect/completeness.h). */
  if (total.value + managed.value / 64 < managed.value)
    return "MemTotal is less than the memory that the zones in proc/zoneinfo manage, so "
           "proc/meminfo describes a container (lxcfs) or another machine";
  return NULL;
}

static void explain_pss(const struct sample *sample, struct explanation *out)
{
  const struct processes *p = &sample->processes;
  if (!is_known(p->rss) || !is_known(p->unread_rss) || !is_known(p->unlisted))
    return;
  struct amount whole = amount_of(p->rss);
  const struct reading others[] = {p->unread_rss, p->unlisted, p->guessed_anon,
                                   p->guessed_file, p->guessed_shmem};
  for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
    amount_add(&whole, (int64_t)others[i].value);
  out->pss_coverage = share_of(amount_of(p->rss), whole);
}

void explain(const struct sample *sample, struct explanation *out)
{
  memset(out, 0, sizeof(*out));
  decide(sample, &out->decided);
  out->refused = refusal(sample);
  /* Neither zones nor per-CPU lists of zoneinfo are those of this meminfo. */
  if (out->refused != NULL)
    out->decided.reserved = out->decided.pcp_free = decision_absent();
  explain_terms(sample, out);
  for (size_t i = 0; i < IDENTITY_COUNT; i++)
    explain_identity(sample, &out->decided, &identity_rows[i], &out->identities[i]);
  explain_black_hole(sample, out);
  for (size_t i = 0; i < RATIO_COUNT; i++)
    out->ratios[i] =
        share_of(amount_of(read_operand(sample, &out->decided, ratio_rows[i].part)),
                 amount_of(read_operand(sample, &out->decided, ratio_rows[i].whole)));
  explain_pss(sample, out);
}
