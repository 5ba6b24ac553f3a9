/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/parse/cpu_lists.h"

/* FNV-1a, of one line of a list. The hash of a list is never 0. */
static uint32_t hash(uint32_t state, struct scan line)
{
  static const uint32_t basis = 2166136261, prime = 16777619;
  if (state == 0)
    state = basis;
  for (; line.at < line.end; line.at++)
    state = (state ^ (unsigned char)*line.at) * prime;
  return state != 0 ? state : basis;
}

/* The CPU of a line `cpu: N`, or CPU_LISTS_MAX. */
static unsigned begin_list(struct scan line, struct cpu_lists *out)
{
  uint64_t cpu;
  if (span_number(scan_word(&line), &cpu) != 0 || cpu >= CPU_LISTS_MAX) {
    out->too_many = true;
    return CPU_LISTS_MAX;
  }
  out->cpus_count += out->state[cpu] == 0;
  out->state[cpu] = hash(out->state[cpu], line);
  return (unsigned)cpu;
}

void cpu_lists_parse(struct scan text, struct cpu_lists *out)
{
  struct scan line;
  unsigned cpu = CPU_LISTS_MAX;
  memset(out, 0, sizeof(*out));
  while (scan_line(&text, &line)) {
    struct scan rest = line;
    struct span key = scan_word(&rest);
    if (span_is(key, "Node"))
      cpu = CPU_LISTS_MAX;
    else if (span_is(key, "cpu:"))
      cpu = begin_list(rest, out);
    else if (cpu < CPU_LISTS_MAX && (span_is(key, "count:") || span_is(key, "high:")))
      out->state[cpu] = hash(out->state[cpu], line);
  }
}
