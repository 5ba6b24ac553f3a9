/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/parse/grouping_list.h"

void grouping_add(struct grouping_list *list, const struct grouping_member *member)
{
  unsigned at = list->count;
  reading_add(&list->total, member->bytes);
  if (at == GROUPING_MEMBERS_MAX) {
    if (member->bytes <= list->members[at - 1].bytes)
      return;
    at--;
  } else {
    list->count++;
  }
  for (; at > 0 && member->bytes > list->members[at - 1].bytes; at--)
    list->members[at] = list->members[at - 1];
  list->members[at] = *member;
}
