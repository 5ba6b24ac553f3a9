/* SPDX-License-Identifier: MIT */
#include "remedy.h"
#include "rule_numbers.h"

#include <linux/capability.h>
#include <math.h>

static const char *const remedy = "run as root or grant CAP_SYS_PTRACE";

/* --- who denies it ------------------------------------------------------------------ */

/* Denied processes of one reason: those that are large, or only the largest. */
struct denied_list {
  struct list names;
  const struct denied_process *first;
  uint64_t others; /* processes that are denied and not named */
};

static struct denied_list list_denied(const struct context *c)
{
  static const double percent = 1; /* of the memory of processes */
  const struct processes *p = &c->sample->processes;
  const struct denied_process *denied = c->sample->denied;
  double whole = (double)bytes_or_0(p->rss) + (double)bytes_or_0(p->unread_rss);
  struct denied_list out = {.first = denied[0].pid != 0 ? &denied[0] : NULL};
  for (unsigned i = 0; i < DENIED_MAX && out.names.count < LIST_NAMED_MAX; i++) {
    const struct denied_process *d = &denied[i];
    if (d->pid == 0 || d->reason != denied[0].reason ||
        (i > 0 && (double)d->rss < percent / 100 * whole))
      continue;
    if (d->name[0] != '\0')
      list_add(&out.names, "PID %u (%s)", (unsigned)d->pid, d->name);
    else
      list_add(&out.names, "PID %u", (unsigned)d->pid);
  }
  out.others = sub_sat(bytes_or_0(p->denied_count), out.names.count);
  return out;
}

/* The end of "PID 1 (systemd) denies reading its smaps". */
static void append_reason(const struct context *c, const struct denied_list *list,
                          char *out, size_t size)
{
  const bool one = list->names.count == 1;
  const bool may = has_capability(&c->sample->credentials, CAP_SYS_PTRACE);
  const uint64_t lacks = list->first->lacks;
  switch (list->first->reason) {
  case DENIAL_NAMESPACE:
    format_append(out, size, " to a process in another user namespace");
    break;
  case DENIAL_OWNER:
    format_append(out, size, " to other users without CAP_SYS_PTRACE");
    break;
  case DENIAL_CAPABILITIES:
    if (one && __builtin_popcountll(lacks) <= 2)
      format_append(out, size, ": it holds %s, which this process lacks",
                    capability_list(lacks).text);
    else
      format_append(out, size, ": %s capabilities that this process lacks",
                    one ? "it holds" : "they hold");
    break;
  case DENIAL_OTHER:
    format_append(out, size, " for a reason other than capabilities (%s)",
                  may ? "a security module or a user namespace"
                      : "it is not dumpable, or a security module or a user namespace");
    if (may && one && lacks != 0)
      format_append(out, size,
                    ": this process has CAP_SYS_PTRACE, although not %s, which it holds",
                    capability_list(lacks).text);
    break;
  default:
    break;
  }
}

/* Who denies it, and why. */
static void append_denied(const struct context *c, char *out, size_t size)
{
  struct denied_list list = list_denied(c);
  unsigned long long others = list.others;
  if (list.first == NULL) {
    format_append(out, size, "%llu process%s", others,
                  others == 1 ? " denies reading its smaps"
                              : "es deny reading their smaps");
    return;
  }
  if (list.first->reason == DENIAL_CAPTURE) {
    format_append(out, size, "the capture has no smaps of %s", list.names.text);
  } else {
    format_append(out, size, "%s %s", list.names.text,
                  list.names.count == 1 ? "denies reading its smaps"
                                        : "deny reading their smaps");
    append_reason(c, &list, out, size);
  }
  if (others > 0)
    format_append(out, size, "; %llu other%s too", others,
                  others == 1 ? " does" : "s do");
}

/* The same, and what opens the smaps of the largest process. */
static void append_denied_and_remedy(const struct context *c, char *out, size_t size)
{
  const struct credentials *who = &c->sample->credentials;
  const struct denied_process *first = &c->sample->denied[0];
  append_denied(c, out, size);
  if (first->reason != DENIAL_OTHER || !has_capability(who, CAP_SYS_PTRACE))
    format_append(out, size, "; %s", remedy_for(who, remedy).text);
}

/* --- the sentences ------------------------------------------------------------------ */

/* The end of a sentence about a Pss that covers too little. */
static void append_why_little(const struct context *c, char *out, size_t size)
{
  const struct processes *p = &c->sample->processes;
  uint64_t estimated = bytes_or_0(p->guessed_anon) + bytes_or_0(p->guessed_file) +
                       bytes_or_0(p->guessed_shmem);
  if (bytes_or_0(p->unlisted) > 0)
    format_append(out, size, "a PID namespace or hidepid hides the rest");
  else if (estimated > bytes_or_0(p->unread_rss))
    format_append(
        out, size,
        "the rest is estimated (processes too large to read, hung, or not read yet)");
  else if (bytes_or_0(p->denied_count) == 0)
    format_append(out, size, "the smaps of the rest is malformed");
  else
    append_denied_and_remedy(c, out, size);
}

static void append_remedy(const struct context *c, bool unlisted, char *out, size_t size)
{
  const struct decision *pss = &c->explanation->decided.pss;
  if (pss->transient)
    return;
  if (unlisted) {
    format_append(out, size, "; read the host's proc (Root, --root)%s",
                  has_capability(&c->sample->credentials, CAP_SYS_PTRACE)
                      ? ""
                      : " or grant CAP_SYS_PTRACE");
    return;
  }
  if (bytes_or_0(c->sample->processes.denied_count) > 0) {
    format_append(out, size, ": ");
    append_denied_and_remedy(c, out, size);
  }
}

/* What is missing from one accounting never comes before the owner of the black hole, and
 * comes last where it is little. */
static double weight_of_unread(const struct context *c, double unread)
{
  static const double percent = 1; /* of MemTotal */
  struct sentence hole;
  if (unread < percent / 100 * everything(c))
    return 0;
  if (rule_black_hole_owner(c, &hole))
    unread = fmin(unread, hole.weight);
  if (rule_unexplained(c, &hole))
    unread = fmin(unread, hole.weight);
  return unread;
}

/* Two rules, so that each has a command of its own. */
static bool say_why_pss_is_incomplete(const struct context *c, bool unlisted,
                                      struct sentence *out)
{
  static const double percent = 90; /* of Rss */
  const struct processes *p = &c->sample->processes;
  const struct percentage coverage = c->explanation->pss_coverage;
  const struct decision *pss = &c->explanation->decided.pss;
  bool asked = is_known(p->pss) || bytes_or_0(p->denied_count) > 0;
  bool withheld = asked && pss->why != NULL && !is_known(pss->reading) &&
                  !is_known(c->explanation->decided.pss_anon.reading);
  double unread = (double)bytes_or_0(p->unread_rss) + (double)bytes_or_0(p->unlisted);
  char why[sizeof(out->text)] = "";
  if (unlisted != (bytes_or_0(p->unlisted) > 0))
    return false;
  if (!unlisted)
    choose_by_credentials(c, out);
  if (withheld) {
    append_remedy(c, unlisted, why, sizeof(why));
    return say(out, weight_of_unread(c, unread),
               "The total Pss of all processes is not available: %s%s.", pss->why, why);
  }
  append_why_little(c, why, sizeof(why));
  return is_known(coverage) && coverage.percent < percent &&
         say(out, weight_of_unread(c, unread),
             "Pss was read for only %.1f %% of process memory: %s.", coverage.percent,
             why);
}

bool rule_pss(const struct context *c, struct sentence *out)
{
  return say_why_pss_is_incomplete(c, false, out);
}

bool rule_unlisted(const struct context *c, struct sentence *out)
{
  return say_why_pss_is_incomplete(c, true, out);
}
