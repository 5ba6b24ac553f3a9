/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/parse/mountinfo.h"

/* The fifth word of a line is the mount point. */
enum { WORD_MOUNT_POINT = 5 };

static bool is_lxcfs_meminfo(struct scan line, const char *prefix)
{
  struct span point = {0}, word = {0};
  for (unsigned i = 0; i < WORD_MOUNT_POINT; i++)
    point = scan_word(&line);
  do
    word = scan_word(&line);
  while (word.length > 0 && !span_is(word, "-"));
  if (!span_is(scan_word(&line), "fuse.lxcfs") || !span_starts(point, prefix))
    return false;
  point.at += strlen(prefix);
  point.length -= strlen(prefix);
  return span_is(point, "/proc/meminfo") || span_is(point, "/proc");
}

uint64_t mountinfo_count_lxcfs(struct scan text, const char *prefix)
{
  uint64_t mounts = 0;
  struct scan line;
  while (scan_line(&text, &line))
    mounts += is_lxcfs_meminfo(line, prefix);
  return mounts;
}
