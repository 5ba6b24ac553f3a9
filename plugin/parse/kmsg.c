/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "meminfo_explain/kmsg.h"

#include <errno.h>

int kmsg_percpu_pages(struct scan text, uint64_t *out)
{
  static const char before[] = "percpu: Embedded ";
  struct scan line;
  while (scan_line(&text, &line)) {
    const char *at =
        memmem(line.at, (size_t)(line.end - line.at), before, sizeof(before) - 1);
    if (at == NULL)
      continue;
    line.at = at + sizeof(before) - 1;
    struct span number = scan_word(&line);
    if (span_number(number, out) == 0 && span_starts(scan_word(&line), "pages/cpu"))
      return 0;
  }
  return -ENOENT;
}
