/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/parse/vmstat.h"

#include <errno.h>
#include <string.h>

enum stat_unit { STAT_UNIT_PAGES, STAT_UNIT_EVENTS };

static const struct {
  const char *key;
  size_t key_length;
  enum stat_unit unit;
} rows[VMSTAT_FIELD_COUNT] = {
#define STAT(member, key, unit, ...) {key, sizeof(key) - 1, STAT_UNIT_##unit},
#include "meminfo_explain/tables/vmstat.def"
};

static bool is_sum(unsigned row)
{
  return rows[row].key[rows[row].key_length - 1] == '*';
}

static bool matches(unsigned row, struct span key)
{
  const size_t length = rows[row].key_length - is_sum(row);
  return (is_sum(row) ? key.length >= length : key.length == length) &&
         memcmp(key.at, rows[row].key, length) == 0;
}

static unsigned find_row(struct span key)
{
  unsigned row = 0;
  while (row < VMSTAT_FIELD_COUNT && !matches(row, key))
    row++;
  return row;
}

/* After a line that was cut off, no field is known to be absent, or no event where that
 * was among them, the last part of the file. Returns whether there is such a field. */
static bool lose_rest(struct vmstat *out, bool events_only)
{
  bool any = false;
  for (unsigned row = 0; row < VMSTAT_FIELD_COUNT; row++)
    if (out->fields[row].state == READING_ABSENT &&
        (!events_only || rows[row].unit == STAT_UNIT_EVENTS)) {
      out->fields[row] = reading_missing(READING_MALFORMED);
      any = true;
    }
  return any;
}

int vmstat_parse(struct scan text, uint64_t page_size, struct vmstat *out,
                 struct parse_error *parse_error)
{
  memset(out, 0, sizeof(*out));
  struct scan line;
  struct span last = {0};
  bool any = false, open = false, has_row = false;
  while (scan_line(&text, &line)) {
    open = scan_line_is_open(&text, &line);
    struct span key = scan_word(&line);
    struct span word = scan_word(&line);
    uint64_t value;
    int error = span_number(word, &value);
    any |= error == 0;
    unsigned row = find_row(key);
    last = key;
    has_row = row != VMSTAT_FIELD_COUNT;
    if (!has_row)
      continue;
    if (error == 0 && rows[row].unit == STAT_UNIT_PAGES)
      error = scale(value, page_size, &value);
    const char *cause = NULL;
    if (error != 0)
      cause = error == -ERANGE ? "number out of range" : "not a number";
    else if (open)
      cause = "line is cut off at the end of the file";
    else if (out->fields[row].state != READING_ABSENT && !is_sum(row))
      cause = "duplicate key";
    struct reading sum = out->fields[row];
    reading_add(&sum, value);
    if (cause == NULL && sum.state != READING_KNOWN &&
        out->fields[row].state != READING_MALFORMED)
      cause = "sum out of range";
    out->fields[row] = cause == NULL ? sum : reading_missing(READING_MALFORMED);
    if (cause != NULL)
      parse_error_note(parse_error, line.line, key, cause);
  }
  if (open && lose_rest(out, false) && !has_row)
    parse_error_note(parse_error, line.line, last,
                     "line is cut off at the end of the file");
  if (any)
    return 0;
  parse_error_note(parse_error, 0, (struct span){"", 0},
                   "no line of the form `key number'");
  return -EBADMSG;
}

/* Lines that show what the file must have besides. */
enum mark {
  MARK_FIRST,    /* the first line of all kernels */
  MARK_UNSTABLE, /* in all kernels; since 5.8 the last line (mm/vmstat.c: vmstat_show) */
  MARK_EVENTS,   /* the first event (CONFIG_VM_EVENT_COUNTERS) */
  MARK_UNEVICTABLE, /* 2.6.28; with it come the events of the next row */
  MARK_STRANDED,    /* the last of the events that depend on no option */
  MARK_WRITTEN,     /* 2.6.37; with it came the thresholds */
  MARK_THRESHOLD,   /* the last line before the events up to 6.11 */
  MARK_SHMEM_HUGE,  /* 4.8, after workingset_*, which grep nr_ leaves out */
  MARK_WORKINGSET,  /* 3.15 */
  MARK_COUNT
};

static const struct span marks[MARK_COUNT] = {
    [MARK_FIRST] = SPAN("nr_free_pages"),
    [MARK_UNSTABLE] = SPAN("nr_unstable"),
    [MARK_EVENTS] = SPAN("pgpgin"),
    [MARK_UNEVICTABLE] = SPAN("nr_unevictable"),
    [MARK_STRANDED] = SPAN("unevictable_pgs_stranded"),
    [MARK_WRITTEN] = SPAN("nr_written"),
    [MARK_THRESHOLD] = SPAN("nr_dirty_background_threshold"),
    [MARK_SHMEM_HUGE] = SPAN("nr_shmem_hugepages"),
    [MARK_WORKINGSET] = SPAN("workingset_nodereclaim"),
};

/* A kernel has both counters of a pair, or neither. */
static const enum vmstat_field pairs[][2] = {
    {VMSTAT_FIELD_nr_isolated_anon, VMSTAT_FIELD_nr_isolated_file},
    {VMSTAT_FIELD_nr_memmap_pages, VMSTAT_FIELD_nr_memmap_boot_pages},
    {VMSTAT_FIELD_balloon_inflate_count, VMSTAT_FIELD_balloon_deflate_count},
};

/* What is missing from a file with these lines; NULL where nothing is known to be. */
static const char *find_gap(const bool seen[MARK_COUNT], enum mark last)
{
  if (!seen[MARK_FIRST])
    return "begins after nr_free_pages";
  if (!seen[MARK_UNSTABLE])
    return "ends before nr_unstable";
  if (seen[MARK_EVENTS] && seen[MARK_UNEVICTABLE] && !seen[MARK_STRANDED])
    return "ends before unevictable_pgs_stranded";
  if (seen[MARK_EVENTS])
    return NULL;
  if (seen[MARK_WRITTEN] && last != MARK_UNSTABLE && last != MARK_THRESHOLD)
    return "ends before nr_dirty_background_threshold";
  return seen[MARK_SHMEM_HUGE] && !seen[MARK_WORKINGSET] ? "lines are missing" : NULL;
}

static const char *find_lone_half(const struct vmstat *vmstat)
{
  for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++)
    if ((vmstat->fields[pairs[i][0]].state == READING_ABSENT) !=
        (vmstat->fields[pairs[i][1]].state == READING_ABSENT))
      return "one of a pair of lines is missing";
  return NULL;
}

int vmstat_check_whole(struct scan text, struct vmstat *out,
                       struct parse_error *parse_error)
{
  bool seen[MARK_COUNT] = {false};
  enum mark last = MARK_COUNT;
  struct scan line = {0};
  struct span key = {"", 0};
  while (scan_line(&text, &line)) {
    struct scan words = line;
    key = scan_word(&words);
    last = 0;
    while (last < MARK_COUNT && !span_equal(key, marks[last]))
      last++;
    if (last < MARK_COUNT)
      seen[last] = true;
  }
  const char *cause = find_gap(seen, last);
  const bool is_end = cause != NULL && seen[MARK_FIRST] && seen[MARK_EVENTS];
  if (cause == NULL)
    cause = find_lone_half(out);
  if (cause == NULL)
    return 0;
  parse_error_note(parse_error, line.line, key, cause);
  lose_rest(out, is_end);
  return -EBADMSG;
}
