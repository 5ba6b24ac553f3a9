/* SPDX-License-Identifier: MIT */
#include "rule_numbers.h"

bool rule_black_hole_owner(const struct context *c, struct sentence *out)
{
  /* Above what boot leaves in the black hole (hash tables, the huge zero page) on
   * machines of several GiB. */
  static const double percent = 0.5;
  struct amount estimate = beyond_error(c, c->explanation->black_hole.estimate);
  enum term largest = largest_hidden(c);
  if (!exceeds(estimate, percent, c->total) || largest == TERM_COUNT)
    return false;
  double bytes = (double)term(c, largest).value;
  return say(out, bytes,
             "The black hole is %s; its largest known owner is %s with %s, %.0f %% of it "
             "(see %s).",
             share(c, (double)estimate.value).text, owner_of(largest).name,
             format_bytes(bytes).text, 100 * bytes / (double)estimate.value,
             owner_of(largest).source);
}

/* The largest site of the black hole; NULL where the kernel does not count by site. */
static const struct allocinfo_site *largest_site(const struct context *c)
{
  const struct allocinfo *info = &c->sample->allocinfo;
  bool counted = is_known(c->explanation->black_hole.allocinfo) && info->sites_listed > 0;
  return counted ? &info->sites[0] : NULL;
}

bool rule_unexplained(const struct context *c, struct sentence *out)
{
  /* Every kernel has a little: page directories, pipes, rings. */
  static const double percent = 1;
  const struct black_hole *hole = &c->explanation->black_hole;
  const struct allocinfo_site *site = largest_site(c);
  if (!exceeds(hole->unexplained, percent, c->total) ||
      !is_known(hole->unexplained_error) ||
      (double)hole->unexplained.value <= (double)hole->unexplained_error.value)
    return false;
  double bytes = (double)hole->unexplained.value;
  /* The kernel has it: then a boot option is not needed. */
  out->choice = c->sample->sources[SOURCE_allocinfo].state != READING_ABSENT;
  if (site != NULL)
    return say(
        out, bytes,
        "No known driver accounts for %s of the black hole, whose largest allocation "
        "site in /proc/allocinfo is %s%s with %s.",
        share(c, bytes).text, site->function, format_module(site->module).text,
        format_bytes((double)site->bytes).text);
  return say(
      out, bytes,
      "No known driver accounts for %s of the black hole; to see which code allocated "
      "it, use /proc/allocinfo (since Linux 6.10, with CONFIG_MEM_ALLOC_PROFILING and "
      "sysctl vm.mem_profiling=1) or boot with page_owner=on.",
      share(c, bytes).text);
}

bool rule_allocinfo_site(const struct context *c, struct sentence *out)
{
  static const double percent = 0.5;
  const struct allocinfo_site *site = largest_site(c);
  if (site == NULL || !is_known(c->total) ||
      (double)site->bytes <= percent / 100 * (double)c->total.value)
    return false;
  return say(
      out, (double)site->bytes,
      "The largest allocation site of the black hole in /proc/allocinfo is %s%s at "
      "%s: %s.",
      site->function, format_module(site->module).text, site->file,
      share(c, (double)site->bytes).text);
}

bool rule_consumers_unreadable(const struct context *c, struct sentence *out)
{
  struct amount unexplained = c->explanation->black_hole.unexplained;
  struct list list = {.count = 0};
  if (!exceeds(unexplained, 0, c->total))
    return false;
  for (unsigned i = 0; i < TERM_COUNT; i++)
    if (term_rows[i].view == TERM_VIEW_HIDDEN && !is_known(term(c, i)) &&
        term(c, i).state != READING_ABSENT)
      list_add(&list, "%s", owner_of(i).name);
  choose_by_credentials(c, out);
  return list.count > 0 &&
         say(out, (double)unexplained.value,
             "The unexplained %s may belong to consumers that could not be read (%s%s): "
             "run as root with debugfs mounted.",
             share(c, (double)unexplained.value).text, list.text, list_rest(&list).text);
}

/* The decision that contributes most to the estimate's error, if that is half of it. */
static const struct decision *main_doubt(const struct context *c)
{
  const struct black_hole *hole = &c->explanation->black_hole;
  const struct decision *main = NULL;
  for (unsigned i = 0; i < DECISION_COUNT; i++) {
    const struct decision *decision = &c->explanation->decided.all[i];
    if ((i == DECISION_pss || i == DECISION_pss_anon) &&
        hole->estimate_from != ACCOUNTING_PSS)
      continue;
    if (decision->why != NULL && decision->error >= hole->error.value / 2 &&
        (main == NULL || decision->error > main->error))
      main = decision;
  }
  return main;
}

bool rule_uncertain(const struct context *c, struct sentence *out)
{
  static const double percent =
      1; /* then the threshold of rule_unexplained means little */
  const struct black_hole *hole = &c->explanation->black_hole;
  if (!is_known(hole->estimate) || !exceeds(amount_of(hole->error), percent, c->total))
    return false;
  const struct decision *doubt = main_doubt(c);
  return say(out, (double)hole->error.value,
             "The black hole is known only to within %s: %s.",
             share(c, (double)hole->error.value).text,
             doubt != NULL ? doubt->why
                           : "per-CPU counters lag behind, and the files are read one "
                             "after another");
}

bool rule_balloon_inside(const struct context *c, struct sentence *out)
{
  static const enum term balloons[] = {TERM_HIDDEN_vmware_balloon,
                                       TERM_HIDDEN_virtio_balloon};
  for (size_t i = 0; i < sizeof(balloons) / sizeof(*balloons); i++)
    if (exceeds(term(c, balloons[i]), 0, c->total))
      return say(out, (double)term(c, balloons[i]).value,
                 "The hypervisor has taken %s through %s: MemTotal still includes it, "
                 "although no process has it.",
                 share(c, (double)term(c, balloons[i]).value).text,
                 owner_of(balloons[i]).name);
  return false;
}

bool rule_balloon_outside(const struct context *c, struct sentence *out)
{
  static const double percent = 1;
  static const struct {
    enum term term;
    const char *name;
  } balloons[] = {{TERM_OUTSIDE_virtio_balloon, "virtio"},
                  {TERM_OUTSIDE_hyperv_balloon, "Hyper-V"},
                  {TERM_OUTSIDE_xen_balloon, "Xen"}};
  for (size_t i = 0; i < sizeof(balloons) / sizeof(*balloons); i++)
    if (exceeds(term(c, balloons[i].term), percent, c->total))
      return say(out, (double)term(c, balloons[i].term).value,
                 "The hypervisor has taken %s through the %s balloon: MemTotal no longer "
                 "includes it.",
                 share(c, (double)term(c, balloons[i].term).value).text,
                 balloons[i].name);
  return false;
}

bool rule_kexec_loaded(const struct context *c, struct sentence *out)
{
  const struct reading loaded = c->sample->consumers.kexec_loaded_count;
  return is_known(loaded) && loaded.value > 0 &&
         say(out, 0,
             "A kernel is loaded for kexec: it and its initrd are in the black hole, and "
             "no file reports their size.");
}
