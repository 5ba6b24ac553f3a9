/* SPDX-License-Identifier: MIT */
#include "rule_numbers.h"

#include <math.h>

bool rule_vmalloc(const struct context *c, struct sentence *out)
{
  static const double percent = 2;
  const struct vmallocinfo *info = &c->sample->vmallocinfo;
  struct amount vmalloc = term(c, TERM_KERNEL_vmalloc);
  if (!is_large(c, percent, vmalloc))
    return false;
  struct formatted share = share_in_use(c, percent, (double)vmalloc.value);
  if (!is_known(info->pages) || info->callers_count == 0)
    return say(out, (double)vmalloc.value, "vmalloc holds %s%s.", share.text,
               c->sample->credentials.root
                   ? ""
                   : "; root can see its callers in /proc/vmallocinfo");
  const struct vmalloc_caller *caller = &info->callers[info->by_size[0]];
  return say(out, (double)vmalloc.value,
             "vmalloc holds %s; its largest caller is %s%s with %s.", share.text,
             caller->symbol, format_module(caller->module).text,
             format_bytes((double)caller->bytes).text);
}

bool rule_direct_map(const struct context *c, struct sentence *out)
{
  static const double percent_large = 50;
  const struct percentage large = c->explanation->ratios[RATIO_DETAIL_direct_map_large];
  struct reading map = c->explanation->decided.direct_map.reading;
  if (!is_known(large) || !is_known(map) || large.percent >= percent_large ||
      !c->explanation->identities[IDENTITY_direct_map].holds) /* lines are missing */
    return false;
  /* No share of the direct map: DirectMap1G is the last line of a file, and may be cut
   * off. The cost is page tables: 8 bytes for each small page. */
  const double small =
      (double)map.value - (double)c->explanation->decided.direct_map_large.reading.value;
  const double cost = small / 512;
  return say(
      out, cost,
      "%s of the kernel's direct map is in small pages, which costs TLB entries and "
      "about %s of page tables.",
      format_bytes(small).text, format_bytes(cost).text);
}

/* However little: a memory module that fails does not stop at one page. */
bool rule_hardware_corrupted(const struct context *c, struct sentence *out)
{
  bool said = say_above(c, 0, amount_of(c->meminfo->hardware_corrupted),
                        "The kernel has taken {} out of use as faulty memory "
                        "(HardwareCorrupted).",
                        out);
  if (said)
    out->weight = everything(c);
  return said;
}
