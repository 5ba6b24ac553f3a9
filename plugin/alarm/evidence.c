/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "evidence.h"
#include "meminfo_explain/base/format.h"
#include "meminfo_explain/collect/groupings.h"
#include "meminfo_explain/report/diagnostic.h"
#include "meminfo_explain/report/metrics.h"
#include "meminfo_explain/report/sentences.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- writing lines ---------------------------------------------------------------- */

#define CUT_LINE "== cut: the file has its largest size\n"
static const size_t lines_max = EVIDENCE_FILE_MAX - (sizeof(CUT_LINE) - 1);

struct output {
  FILE *stream;   /* keeps its error */
  bool cut;       /* a line did not fit; no line is written after it */
  size_t written; /* bytes */
};

static void put_byte(struct output *out, char byte)
{
  putc(byte, out->stream);
  out->written++;
}

/* Puts a whole line or nothing: half a number would look like another one. A byte that a
 * terminal might obey, or that is no text to an editor, becomes '?'. */
static void put_line(struct output *out, struct span line)
{
  out->cut |= line.length >= lines_max - out->written;
  if (out->cut)
    return;
  for (size_t i = 0; i < line.length; i++) {
    bool is_text = (line.at[i] >= ' ' && line.at[i] <= '~') || line.at[i] == '\t';
    put_byte(out, is_text ? line.at[i] : '?');
  }
  put_byte(out, '\n');
}

__attribute__((format(printf, 2, 3))) static void put(struct output *out,
                                                      const char *format, ...)
{
  char line[640];
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(line, sizeof(line), format, arguments);
  va_end(arguments);
  if (length > (int)sizeof(line) - 1)
    length = (int)sizeof(line) - 1;
  put_line(out, (struct span){line, length > 0 ? (size_t)length : 0});
}

static void put_end(struct output *out)
{
  static const char cut_line[] = CUT_LINE;
  for (const char *at = cut_line; out->cut && *at != '\0'; at++)
    put_byte(out, *at);
}

/* --- before and now --------------------------------------------------------------- */

struct change {
  const char *view, *name;
  struct amount then, now;
  struct amount by; /* known where both are */
};

static uint64_t magnitude(struct amount amount)
{
  return amount_abs_diff(amount, (struct amount){.value = 0});
}

/* The largest change first; then what may or may not have changed, the largest first. */
static bool goes_before(const struct change *a, const struct change *b)
{
  bool a_moved = is_known(a->by), b_moved = is_known(b->by);
  if (a_moved != b_moved)
    return a_moved;
  if (a_moved)
    return magnitude(a->by) > magnitude(b->by);
  struct amount of_a = is_known(a->now) ? a->now : a->then;
  struct amount of_b = is_known(b->now) ? b->now : b->then;
  return magnitude(of_a) > magnitude(of_b);
}

struct changes {
  struct change of[TERM_COUNT + HOLE_COUNT];
  unsigned count;
};

static void changes_add(struct changes *changes, struct change change)
{
  if (!is_known(change.then) && !is_known(change.now))
    return;
  change.by = amount_difference(change.now, change.then);
  unsigned at = changes->count++;
  for (; at > 0 && goes_before(&change, &changes->of[at - 1]); at--)
    changes->of[at] = changes->of[at - 1];
  changes->of[at] = change;
}

static void changes_make(const struct explanation *then, const struct explanation *now,
                         struct changes *out)
{
  const struct amount none = {.state = READING_ABSENT};
  out->count = 0;
  for (size_t i = 0; i < TERM_COUNT; i++)
    changes_add(out, (struct change){.view = view_name(term_rows[i].view),
                                     .name = term_rows[i].name,
                                     .then = then != NULL ? then->terms[i] : none,
                                     .now = now->terms[i]});
  for (unsigned i = 0; i < HOLE_COUNT; i++)
    changes_add(out, (struct change){
                         .view = "black_hole",
                         .name = hole_rows[i].name,
                         .then = then != NULL ? hole_amount(&then->black_hole, i) : none,
                         .now = hole_amount(&now->black_hole, i)});
}

struct cell {
  char text[24];
};

static struct cell cell_of(struct amount amount, const char *format)
{
  struct cell cell;
  if (is_known(amount))
    snprintf(cell.text, sizeof(cell.text), format, amount.value);
  else
    snprintf(cell.text, sizeof(cell.text), "%s", reading_state_name(amount.state));
  return cell;
}

static void put_changes(struct output *out, const struct explanation *then,
                        const struct explanation *now)
{
  struct changes changes;
  changes_make(then, now, &changes);
  put(out, "== change, before, now: bytes");
  if (then == NULL)
    put(out, "no explanation from before the rise");
  if (then != NULL && then->refused != NULL)
    put(out, "before refused: %s", then->refused);
  if (now->refused != NULL)
    put(out, "now refused: %s", now->refused);
  for (unsigned i = 0; i < changes.count; i++) {
    const struct change *c = &changes.of[i];
    struct cell by = {"-"};
    if (is_known(c->by))
      by = cell_of(c->by, "%+" PRId64);
    put(out, "%20s %20s %20s  %s/%s", by.text, cell_of(c->then, "%" PRId64).text,
        cell_of(c->now, "%" PRId64).text, c->view, c->name);
  }
}

/* --- the rest of what we know ----------------------------------------------------- */

static void put_report(struct output *out, const struct observer *now)
{
  struct sentence sentences[RULE_COUNT];
  unsigned count =
      sentences_make(&now->sample, &now->explanation, &now->first, sentences);
  put(out, "== report");
  for (unsigned i = 0; i < count; i++) {
    put(out, "%s", sentences[i].text);
    if (sentences[i].next[0] != '\0')
      put(out, "    next: %s", sentences[i].next);
  }
}

/* Why there is nothing to list. */
static void put_missing(struct output *out, const struct sample *sample,
                        enum grouping grouping)
{
  char line[512];
  if (diagnostic_of_source(sample, grouping_rows[grouping].source, line, sizeof(line)))
    put(out, "none: %s", line);
  else
    put(out, "none: %s", reading_state_name(grouping_total(sample, grouping).state));
}

struct word {
  char text[100];
};

/* Parsers make names printable. A blank would still make two words of one. */
static struct word word_of(const char *name)
{
  struct word word;
  span_copy((struct span){name, strlen(name)}, word.text, sizeof(word.text));
  return word;
}

static void put_member(struct output *out, const struct grouping_member *member)
{
  const struct word detail = word_of(member->detail);
  put(out, "%20" PRIu64 " %10" PRIu64 "  %s%s%s%s", member->bytes, member->count,
      word_of(member->name).text, detail.text[0] != '\0' ? " " : "", detail.text,
      format_module(word_of(member->qualifier).text).text);
}

static void put_grouping(struct output *out, const struct sample *sample,
                         enum grouping grouping)
{
  const struct grouping_row *row = &grouping_rows[grouping];
  const double age = sample->sources[row->source].age;
  struct grouping_member member;
  put(out, "== %s: bytes, %s, %s; read %.0f s earlier", row->view, row->counted,
      row->member, age);
  if (!is_known(grouping_total(sample, grouping)))
    put_missing(out, sample, grouping);
  for (unsigned n = 0;
       n < EVIDENCE_NAMES_MAX && grouping_member(sample, grouping, n, &member); n++)
    put_member(out, &member);
}

/* --- the kernel's files ------------------------------------------------------------ */

static void put_file(struct output *out, const struct sysroot *root, const char *path,
                     struct text *text)
{
  put(out, "== %s", path);
  /* A file that is too large is read to beyond what fits, so that its last line, which
   * may be cut, is not put. */
  int error = sysroot_slurp_within(root, path, lines_max - out->written, text);
  if (error != 0 && error != -EFBIG) {
    put(out, "none: %s, error %d", reading_state_name(sysroot_error_state(error)),
        -error);
    return;
  }
  struct scan scan = scan_text(text->bytes, text->length), line;
  while (scan_line(&scan, &line))
    put_line(out, (struct span){line.at, (size_t)(line.end - line.at)});
}

/* The small ones first: zoneinfo has a paragraph per zone and CPU. */
static void put_files(struct output *out, const struct sysroot *root)
{
  static const char *const paths[] = {"proc/meminfo", "proc/vmstat", "proc/slabinfo",
                                      "proc/zoneinfo"};
  struct text text = {0};
  for (size_t i = 0; i < sizeof(paths) / sizeof(*paths) && !out->cut; i++)
    put_file(out, root, paths[i], &text);
  text_free(&text);
}

int evidence_compose(double time, const char *message, const struct observer *now,
                     const struct explanation *then, struct text *out)
{
  const struct formatted date = format_utc(time, "%Y-%m-%dT%H:%M:%SZ");
  char *bytes = NULL;
  size_t length = 0;
  if (date.text[0] == '\0')
    return -EINVAL;
  struct output output = {.stream = open_memstream(&bytes, &length)};
  if (output.stream == NULL)
    return -ENOMEM;
  put_line(&output, (struct span){message, strlen(message)});
  put(&output, "%s", date.text);
  put_changes(&output, then, &now->explanation);
  put_report(&output, now);
  for (unsigned i = 0; i < GROUPING_COUNT; i++)
    put_grouping(&output, &now->sample, i);
  put_files(&output, &now->collector.root);
  put_end(&output);
  bool failed = ferror(output.stream) != 0;
  failed |= fclose(output.stream) != 0;
  if (failed) {
    free(bytes);
    return -ENOMEM;
  }
  *out = (struct text){.bytes = bytes, .length = length, .capacity = length};
  return 0;
}
