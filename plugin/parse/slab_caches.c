/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/parse/grouping_list.h"

#include <errno.h>

/* A line of version 2.0 or 2.1 (mm/slab_common.c: cache_show; the same for SLAB and
 * SLUB):
 *
 *   NAME active_objs num_objs objsize objperslab pagesperslab : tunables LIMIT BATCHCOUNT
 *   SHAREDFACTOR : slabdata active_slabs num_slabs sharedavail
 *
 * SLAB with statistics appends more behind another colon. A name may contain blanks. */
enum { ACTIVE_OBJS, NUM_OBJS, OBJSIZE, OBJPERSLAB, PAGESPERSLAB, OBJECT_FIELDS };

static int take_number(struct span word, bool may_wrap, uint64_t *out)
{
  int error = span_number(word, out);
  if (error != -ERANGE || !may_wrap)
    return error;
  *out = 0;
  return 0;
}

/* Takes NAME and the numbers before the first colon. active_objs is num_objs less the
 * free objects, which are counted later (mm/slub.c: get_slabinfo), and may wrap below
 * zero. */
static bool take_objects(struct scan *line, struct span *name,
                         uint64_t numbers[OBJECT_FIELDS])
{
  struct span last[OBJECT_FIELDS + 1]; /* a ring of words */
  unsigned words = 0;
  for (struct span word; (word = scan_word(line)).length > 0; words++) {
    if (span_is(word, ":"))
      break;
    if (words == 0)
      *name = word;
    last[words % (OBJECT_FIELDS + 1)] = word;
  }
  if (words <= OBJECT_FIELDS)
    return false;
  const struct span end = last[(words - OBJECT_FIELDS - 1) % (OBJECT_FIELDS + 1)];
  name->length = (size_t)(end.at + end.length - name->at);
  for (unsigned i = 0; i < OBJECT_FIELDS; i++)
    if (take_number(last[(words - OBJECT_FIELDS + i) % (OBJECT_FIELDS + 1)],
                    i == ACTIVE_OBJS, &numbers[i]) != 0)
      return false;
  return true;
}

/* Takes num_slabs. A number has to follow, or the line may be cut off inside this one. */
static bool take_slabs(struct scan *line, uint64_t *out)
{
  struct span word;
  uint64_t unused;
  do {
    word = scan_word(line);
    if (word.length == 0)
      return false;
  } while (!span_is(word, "slabdata"));
  return span_number(scan_word(line), &unused) == 0 &&
         span_number(scan_word(line), out) == 0 &&
         span_number(scan_word(line), &unused) == 0;
}

static bool is_heading(struct scan line)
{
  struct span word = scan_word(&line);
  return word.length == 0 || word.at[0] == '#' || span_is(word, "slabinfo");
}

static const char *cache_parse(struct scan line, uint64_t page_size,
                               struct grouping_member *out)
{
  uint64_t numbers[OBJECT_FIELDS], slabs, pages;
  struct span name = {line.at, 0};
  *out = (struct grouping_member){.count = 0};
  if (!take_objects(&line, &name, numbers) || !take_slabs(&line, &slabs))
    return "not a line of slabinfo";
  if (scale(slabs, numbers[PAGESPERSLAB], &pages) != 0 ||
      scale(pages, page_size, &out->bytes) != 0)
    return "number of slabs is too large";
  if (numbers[ACTIVE_OBJS] > numbers[NUM_OBJS])
    return "more objects are active than there are";
  if (scale(numbers[ACTIVE_OBJS], numbers[OBJSIZE], &out->extra[1]) != 0)
    return "number of objects is too large";
  span_copy(name, out->name, sizeof(out->name));
  out->count = numbers[NUM_OBJS];
  out->extra[0] = numbers[ACTIVE_OBJS];
  return NULL;
}

int slab_caches_parse(struct scan text, uint64_t page_size, struct grouping_list *list,
                      struct parse_error *parse_error)
{
  struct scan line;
  struct grouping_member cache;
  unsigned before = parse_error->count;
  while (scan_line(&text, &line)) {
    const bool open = scan_line_is_open(&text, &line);
    if (is_heading(line))
      continue;
    const char *cause = cache_parse(line, page_size, &cache);
    if (cause == NULL)
      grouping_add(list, &cache);
    else
      parse_error_note(parse_error, line.line, scan_word(&line),
                       open ? "line is cut off at the end of the file" : cause);
  }
  return list->count == 0 && parse_error->count > before ? -EBADMSG : 0;
}
