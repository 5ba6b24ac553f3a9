/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/parse/meminfo.h"
#include "meminfo_line.h"

#include <errno.h>
#include <string.h>

/* The entry with that key, as span_copy made it; NULL where there is none. */
static struct meminfo_other *find_other(struct meminfo *out, const char *key)
{
  for (unsigned i = 0; i < out->others_count && i < MEMINFO_OTHERS_MAX; i++)
    if (strcmp(out->others[i].key, key) == 0)
      return &out->others[i];
  return NULL;
}

static const char *store_other(const struct meminfo_line *line, struct meminfo *out)
{
  struct meminfo_other other = {.value = reading_missing(READING_MALFORMED),
                                .is_count = line->unit == MEMINFO_UNIT_COUNT};
  span_copy(line->key, other.key, sizeof(other.key));
  struct meminfo_other *duplicate = find_other(out, other.key);
  if (duplicate != NULL) {
    duplicate->value = other.value;
    return "duplicate key";
  }
  if (line->cause == NULL)
    other.value = reading_known(line->value);
  if (out->others_count < MEMINFO_OTHERS_MAX)
    out->others[out->others_count] = other;
  out->others_count++;
  return line->cause;
}

/* Stores the line in its field. NULL, or what is wrong with the line. */
static const char *store_row(const struct meminfo_line *line, struct meminfo *out)
{
  const enum meminfo_field row = line->row;
  const char *cause = line->cause;
  if (cause == NULL && line->unit != meminfo_rows[row].unit)
    cause = line->unit == MEMINFO_UNIT_KB ? "unexpected unit" : "missing unit";
  if (out->fields[row].state != READING_ABSENT)
    cause = "duplicate key";
  out->fields[row] =
      cause == NULL ? reading_known(line->value) : reading_missing(READING_MALFORMED);
  return cause;
}

static void bound_fields(const unsigned lines[MEMINFO_FIELD_COUNT], struct meminfo *out,
                         struct parse_error *parse_error)
{
  for (unsigned row = 0; row < MEMINFO_FIELD_COUNT; row++) {
    struct reading *field = &out->fields[row];
    if (meminfo_rows[row].inside == MEMINFO_FIELD_nothing || !is_known(*field) ||
        field->value <= out->mem_total.value)
      continue;
    out->above_total[row] = field->value;
    *field = reading_missing(READING_MALFORMED);
    struct span key = {meminfo_rows[row].key, meminfo_rows[row].key_length};
    parse_error_note(parse_error, lines[row], key, "above MemTotal");
  }
}

/* After a line that was cut off, no field is known to be absent. */
static void lose_rest(struct meminfo *out)
{
  for (unsigned row = 0; row < MEMINFO_FIELD_COUNT; row++)
    if (out->fields[row].state == READING_ABSENT)
      out->fields[row] = reading_missing(READING_MALFORMED);
}

/* The state of a parser between two lines. */
struct parser {
  struct meminfo *out;
  struct parse_error *parse_error;
  unsigned lines[MEMINFO_FIELD_COUNT]; /* the line of each row */
  unsigned next;                       /* the row that is expected next */
  bool cut;                            /* the last line is cut off */
  enum meminfo_field torn;             /* the row of that line, or MEMINFO_FIELD_COUNT */
  bool omits;                          /* the text says that lines were left out */
};

static void store(struct parser *parser, const struct meminfo_line *line, unsigned number)
{
  const char *cause;
  if (line->row == MEMINFO_FIELD_COUNT) {
    cause = store_other(line, parser->out);
  } else {
    cause = store_row(line, parser->out);
    parser->lines[line->row] = number;
    parser->next = line->row + 1;
  }
  if (cause != NULL)
    parse_error_note(parser->parse_error, number, line->key, cause);
}

static void parse_kernel_line(struct parser *parser, struct scan line, bool open)
{
  struct meminfo_line parsed = meminfo_line_parse(line, open, parser->next);
  store(parser, &parsed, line.line);
  parser->cut = open && parsed.cause != NULL;
}

static void parse_pasted_line(struct parser *parser, struct scan line, bool open)
{
  const enum pasted_line kind = pasted_line_kind(line);
  parser->omits |= kind == PASTED_OMISSION;
  if (kind != PASTED_ENTRIES)
    return;
  do {
    struct meminfo_line parsed = pasted_line_take(&line, open, parser->next);
    parser->cut = open && parsed.cause != NULL;
    parser->torn = parser->cut ? parsed.row : MEMINFO_FIELD_COUNT;
    if (parsed.row == MEMINFO_FIELD_COUNT && parsed.cause != NULL) /* any text */
      parse_error_note(parser->parse_error, line.line, parsed.key, parsed.cause);
    else
      store(parser, &parsed, line.line);
  } while (line.at < line.end);
}

/* What the kernel prints as the sum of two other lines (fs/proc/meminfo.c). */
static const enum meminfo_field sums[][3] = {
    {MEMINFO_FIELD_active, MEMINFO_FIELD_active_anon, MEMINFO_FIELD_active_file},
    {MEMINFO_FIELD_inactive, MEMINFO_FIELD_inactive_anon, MEMINFO_FIELD_inactive_file},
    {MEMINFO_FIELD_slab, MEMINFO_FIELD_s_reclaimable, MEMINFO_FIELD_s_unreclaim},
};

/* One of the three follows from the other two. */
static void restore_sums(struct meminfo *out)
{
  for (size_t i = 0; i < sizeof(sums) / sizeof(*sums); i++) {
    struct reading *whole = &out->fields[sums[i][0]];
    struct reading *parts[] = {&out->fields[sums[i][1]], &out->fields[sums[i][2]]};
    if (out->gaps.lacks[sums[i][0]] && is_known(*parts[0]) && is_known(*parts[1])) {
      *whole = *parts[0];
      reading_add(whole, parts[1]->value);
    }
    for (unsigned k = 0; k < 2; k++)
      if (out->gaps.lacks[sums[i][1 + k]] && is_known(*whole) &&
          is_known(*parts[1 - k]) && whole->value >= parts[1 - k]->value)
        *parts[k] = reading_known(whole->value - parts[1 - k]->value);
  }
}

/* Fields whose lines are missing become malformed, unless they follow from others. */
static void find_gaps(struct parser *parser)
{
  struct meminfo *out = parser->out;
  out->gaps = meminfo_gaps_find(out->fields, parser->torn, parser->cut || parser->omits);
  for (unsigned row = 0; row < MEMINFO_FIELD_COUNT; row++)
    if (out->gaps.lacks[row])
      out->fields[row] = reading_missing(READING_MALFORMED);
  restore_sums(out);
  if (out->gaps.count == 0 || parser->cut) /* whose error is noted already */
    return;
  const bool at_end = out->gaps.first > out->gaps.last;
  const enum meminfo_field row = at_end ? out->gaps.last : out->gaps.first;
  const struct span key = {meminfo_rows[row].key, meminfo_rows[row].key_length};
  parse_error_note(parser->parse_error, at_end ? parser->lines[row] : 0, key,
                   at_end ? "the file ends before lines that its kernel prints"
                          : "the line is missing, although its kernel prints it");
}

static int parse(struct scan text, bool captured, struct meminfo *out,
                 struct parse_error *parse_error)
{
  struct parser parser = {
      .out = out, .parse_error = parse_error, .torn = MEMINFO_FIELD_COUNT};
  struct scan line;
  memset(out, 0, sizeof(*out));
  while (scan_line(&text, &line)) {
    bool open = scan_line_is_open(&text, &line);
    if (captured)
      parse_pasted_line(&parser, line, open);
    else
      parse_kernel_line(&parser, line, open);
  }
  if (!is_known(out->mem_total) || out->mem_total.value == 0) {
    if (parse_error->count == 0)
      parse_error_note(parse_error, 0, (struct span){"MemTotal", 8}, "missing or 0");
    return -EBADMSG;
  }
  if (captured)
    find_gaps(&parser);
  else if (parser.cut)
    lose_rest(out);
  bound_fields(parser.lines, out, parse_error);
  return 0;
}

int meminfo_parse(struct scan text, struct meminfo *out, struct parse_error *parse_error)
{
  return parse(text, false, out, parse_error);
}

int meminfo_parse_captured(struct scan text, struct meminfo *out,
                           struct parse_error *parse_error)
{
  return parse(text, true, out, parse_error);
}
