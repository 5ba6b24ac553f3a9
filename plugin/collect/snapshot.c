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

/* Each parser takes the status of its file as it was read, and makes it malformed where
 * the text is. */

static void parse_zoneinfo(const struct text *text, uint64_t page_size,
                           struct source_status *status, struct zoneinfo *out)
{
  if (is_known(*status) &&
      zoneinfo_parse(scan_of(text), page_size, out, &status->parse_error) != 0)
    status->state = READING_MALFORMED;
  if (!is_known(*status))
    reading_fill(&out->pcp, sizeof(*out) / sizeof(struct reading), status->state);
}

static void parse_buddyinfo(const struct text *text, uint64_t page_size,
                            struct source_status *status, struct reading *out)
{
  *out = reading_missing(status->state);
  if (is_known(*status) &&
      buddyinfo_parse(scan_of(text), page_size, out, &status->parse_error) != 0)
    status->state = READING_MALFORMED;
}

static void parse_vmstat(const struct text *text, uint64_t page_size,
                         struct source_status *status, struct vmstat *out)
{
  struct parse_error *error = &status->parse_error;
  if (is_known(*status) && vmstat_parse(scan_of(text), page_size, out, error) != 0)
    status->state = READING_MALFORMED;
  if (!is_known(*status))
    reading_fill(out->fields, VMSTAT_FIELD_COUNT, status->state);
  else if (vmstat_check_whole(scan_of(text), out, error) != 0)
    status->state = READING_MALFORMED; /* but what it has is known */
}

static int parse_meminfo(const struct text *text, bool live, struct source_status *status,
                         struct meminfo *out)
{
  if (!is_known(*status)) {
    reading_fill(out->fields, MEMINFO_FIELD_COUNT, status->state);
    return status->error;
  }
  int error = live ? meminfo_parse(scan_of(text), out, &status->parse_error)
                   : meminfo_parse_captured(scan_of(text), out, &status->parse_error);
  if (error != 0)
    status->state = READING_MALFORMED;
  return error;
}

/* A file that is bad both times is reported once, by its first reading. */
static void note_second_zoneinfo(struct source_status *first,
                                 const struct source_status *second)
{
  if (is_known(*first) && second->state > READING_KNOWN)
    parse_error_note(&first->parse_error, 0, (struct span){"", 0},
                     "cannot be read a second time, so the skew is not known");
}

/* Reads all files first and parses them afterwards, so that little time passes
 * between the files. */
static int read_once(const struct sysroot *root, uint64_t page_size,
                     struct snapshot_texts *texts, struct snapshot *out)
{
  struct source_status second;
  memset(out, 0, sizeof(*out));
  out->zoneinfo_status = source_read(root, SOURCE_zoneinfo, &texts->zoneinfo);
  out->buddyinfo_status = source_read(root, SOURCE_buddyinfo, &texts->buddyinfo);
  out->meminfo_status = source_read(root, SOURCE_meminfo, &texts->meminfo);
  out->vmstat_status = source_read(root, SOURCE_vmstat, &texts->vmstat);
  second = source_read(root, SOURCE_zoneinfo, &texts->zoneinfo_after);
  parse_zoneinfo(&texts->zoneinfo, page_size, &out->zoneinfo_status, &out->zoneinfo);
  parse_zoneinfo(&texts->zoneinfo_after, page_size, &second, &out->zoneinfo_after);
  note_second_zoneinfo(&out->zoneinfo_status, &second);
  parse_buddyinfo(&texts->buddyinfo, page_size, &out->buddyinfo_status, &out->buddy_free);
  parse_vmstat(&texts->vmstat, page_size, &out->vmstat_status, &out->vmstat);
  return parse_meminfo(&texts->meminfo, root->live, &out->meminfo_status, &out->meminfo);
}

int snapshot_read(const struct sysroot *root, uint64_t page_size,
                  struct snapshot_texts *texts, struct snapshot *out)
{
  static const struct timespec pause = {.tv_nsec = 1000 * 1000};
  unsigned retries = 0;
  int result = read_once(root, page_size, texts, out);
  while (skew_of(&out->zoneinfo, &out->zoneinfo_after).value > SNAPSHOT_SKEW_MAX &&
         retries + 1 < SNAPSHOT_ATTEMPTS) {
    if (retries++ > 0) /* the first time at once */
      nanosleep(&pause, NULL);
    result = read_once(root, page_size, texts, out);
  }
  out->retries = retries;
  return result;
}

void snapshot_texts_free(struct snapshot_texts *texts)
{
  text_free(&texts->zoneinfo);
  text_free(&texts->buddyinfo);
  text_free(&texts->meminfo);
  text_free(&texts->vmstat);
  text_free(&texts->zoneinfo_after);
}
