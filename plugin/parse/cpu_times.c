/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/parse/cpu_times.h"

/* "cpu3 user nice system idle iowait ..."; the line "cpu" is the sum. */
static bool take_cpu(struct scan line, struct cpu_times *out)
{
  enum { FIELD_IDLE = 4, FIELD_IOWAIT = 5 };
  struct span word = scan_word(&line);
  uint64_t cpu, idle = 0;
  if (!span_starts(word, "cpu") ||
      span_number((struct span){word.at + 3, word.length - 3}, &cpu) != 0 ||
      cpu >= CPU_LISTS_MAX)
    return false;
  for (int field = 1; field <= FIELD_IOWAIT; field++) {
    uint64_t ticks;
    if (span_number(scan_word(&line), &ticks) != 0)
      return false;
    if (field >= FIELD_IDLE)
      idle += ticks;
  }
  out->idle[cpu] = idle;
  return true;
}

void cpu_times_parse(struct scan text, struct cpu_times *out)
{
  struct scan line;
  memset(out, 0, sizeof(*out));
  while (scan_line(&text, &line))
    out->cpus_count += take_cpu(line, out);
}
