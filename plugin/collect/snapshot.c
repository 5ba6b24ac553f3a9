/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "meminfo_explain/collect/snapshot.h"
#include "meminfo_explain/collect/skew.h"

#include <string.h>
#include <time.h>

static struct scan scan_of(const struct text *text)
{
  return scan_text(text->bytes, text->length);
}

static void parse_zoneinfo(const struct text *text, int error, uint64_t page_size,
                           struct source_status *status, struct zoneinfo *out)
{
  enum reading_state state = sysroot_error_state(error);
  if (error == 0) {
    if (zoneinfo_parse(scan_of(text), page_size, out, &status->parse_error) == 0)
      return;
    state = READING_MALFORMED;
  }
  status->state = state;
  reading_fill(&out->pcp, sizeof(*out) / sizeof(struct reading), state);
}

static int parse_meminfo(const struct text *text, int error, struct source_status *status,
                         struct meminfo *out)
{
  if (error != 0) {
    memset(out, 0, sizeof(*out));
    reading_fill(out->fields, MEMINFO_FIELD_COUNT, status->state);
    return error;
  }
  error = meminfo_parse(scan_of(text), out, &status->parse_error);
  if (error != 0)
    status->state = READING_MALFORMED;
  return error;
}

static void parse_vmstat(const struct text *text, int error, uint64_t page_size,
                         struct source_status *status, struct vmstat *out)
{
  if (error == 0) {
    if (vmstat_parse(scan_of(text), page_size, out, &status->parse_error) == 0)
      return;
    status->state = READING_MALFORMED;
  }
  reading_fill(out->fields, VMSTAT_FIELD_COUNT, status->state);
}

/* All four files first, parsed afterwards: the less time between them, the better. */
static int collect_once(const struct sysroot *root, struct snapshot *snapshot,
                        struct sample *out)
{
  static const enum source sources[SNAPSHOT_COUNT] = {SOURCE_zoneinfo, SOURCE_meminfo,
                                                      SOURCE_vmstat, SOURCE_zoneinfo};
  int errors[SNAPSHOT_COUNT] = {0};
  for (int i = 0; i < SNAPSHOT_COUNT; i++)
    errors[i] = sysroot_slurp(root, source_rows[sources[i]].path, &snapshot->texts[i]);
  for (int i = 0; i < SNAPSHOT_AFTER; i++)
    out->sources[sources[i]] = (struct source_status){
        .error = errors[i], .state = sysroot_error_state(errors[i])};
  const struct text *texts = snapshot->texts;
  parse_zoneinfo(&texts[SNAPSHOT_BEFORE], errors[SNAPSHOT_BEFORE], out->page_size,
                 &out->sources[SOURCE_zoneinfo], &out->zoneinfo);
  /* The second says nothing new of what is wrong with the file, unless it alone is. */
  struct source_status ignored = {.state = READING_KNOWN};
  parse_zoneinfo(&texts[SNAPSHOT_AFTER], errors[SNAPSHOT_AFTER], out->page_size, &ignored,
                 &out->zoneinfo_after);
  struct source_status *zoneinfo = &out->sources[SOURCE_zoneinfo];
  if (is_known(*zoneinfo) && ignored.state > READING_KNOWN)
    parse_error_note(&zoneinfo->parse_error, 0, (struct span){"", 0},
                     "cannot be read a second time; what moved meanwhile is not known");
  parse_vmstat(&texts[SNAPSHOT_VMSTAT], errors[SNAPSHOT_VMSTAT], out->page_size,
               &out->sources[SOURCE_vmstat], &out->vmstat);
  return parse_meminfo(&texts[SNAPSHOT_MEMINFO], errors[SNAPSHOT_MEMINFO],
                       &out->sources[SOURCE_meminfo], &out->meminfo);
}

/* Reads the bracket again while it is torn: at once, and then after a millisecond. */
int snapshot_collect(const struct sysroot *root, struct snapshot *snapshot,
                     struct sample *out)
{
  static const struct timespec pause = {.tv_nsec = 1000 * 1000};
  int result = collect_once(root, snapshot, out);
  while (skew_of(&out->zoneinfo, &out->zoneinfo_after).value > SNAPSHOT_SKEW_MAX &&
         out->retries + 1 < SNAPSHOT_ATTEMPTS) {
    if (out->retries++ > 0)
      nanosleep(&pause, NULL);
    result = collect_once(root, snapshot, out);
  }
  return result;
}

void snapshot_free(struct snapshot *snapshot)
{
  for (int i = 0; i < SNAPSHOT_COUNT; i++)
    text_free(&snapshot->texts[i]);
}
