/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/parse/allocinfo.h"
#include "meminfo_explain/parse/vmalloc_callers.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

/* A line. */
struct site {
  struct span file, path, module, function; /* file is path:line */
  uint64_t bytes, calls;
  bool inaccurate;
};

/* The largest sites of a place. */
struct top {
  struct site sites[ALLOCINFO_SITES_MAX];
  unsigned count;
};

struct parser {
  struct allocinfo *out;
  uint64_t page_size;
  const struct vmallocinfo *vmalloc;   /* or NULL */
  struct vmalloc_caller_index callers; /* of vmalloc */
  uint64_t left[VMALLOC_CALLERS_MAX];  /* bytes for which no site was found yet */
  struct top black_hole, user;
};

static const struct {
  struct span path, function;
  enum allocinfo_place place;
} rows[] = {
#define SITE(file, function, place) {SPAN(file), SPAN(function), ALLOCINFO_##place},
#include "meminfo_explain/tables/allocinfo.def"
};
#define ROWS (sizeof(rows) / sizeof(*rows))

static bool path_ends(struct span path, struct span end)
{
  if (path.length < end.length)
    return false;
  size_t from = path.length - end.length;
  return memcmp(path.at + from, end.at, end.length) == 0 &&
         (from == 0 || path.at[from - 1] == '/');
}

/* The first row that matches; ROWS where none does. */
static size_t find_row(const struct site *site)
{
  size_t row = 0;
  while (row < ROWS && !(path_ends(site->path, rows[row].path) &&
                         (rows[row].function.length == 0 ||
                          span_equal(site->function, rows[row].function))))
    row++;
  return row;
}

/* Enters the callers of vmalloc, except stacks and modules: their sites have rows. */
static void enter_callers(struct parser *p)
{
  unsigned count = p->vmalloc != NULL ? p->vmalloc->callers_count : 0;
  for (unsigned i = 0; i < count; i++) {
    const struct vmalloc_caller *caller = &p->vmalloc->callers[i];
    struct span symbol = {caller->symbol, strlen(caller->symbol)};
    struct span module = {caller->module, strlen(caller->module)};
    if (vmalloc_caller_is_stack(symbol) || vmalloc_caller_is_module(symbol))
      continue;
    *vmalloc_caller_find(&p->callers, p->vmalloc->callers, symbol, module) =
        (unsigned short)(i + 1);
    p->left[i] = caller->bytes;
  }
}

static struct span clipped(struct span span, size_t size)
{
  if (span.length >= size)
    span.length = size - 1;
  return span;
}

/* The bytes of vmalloc that are left for the function of the site; NULL if it is not a
 * caller. */
static uint64_t *find_left(struct parser *p, const struct site *site)
{
  if (p->vmalloc == NULL)
    return NULL;
  struct span symbol = clipped(site->function, sizeof(p->vmalloc->callers->symbol));
  struct span module = clipped(site->module, sizeof(p->vmalloc->callers->module));
  unsigned short slot =
      *vmalloc_caller_find(&p->callers, p->vmalloc->callers, symbol, module);
  return slot != 0 ? &p->left[slot - 1] : NULL;
}

/* Moves what the site holds through vmalloc from the site to vmalloc. Each page there is
 * a call of its own (mm/vmalloc.c: vm_area_alloc_pages splits what it gets). */
static void take_vmalloc(struct parser *p, struct site *site)
{
  uint64_t *left = site->bytes >= p->page_size ? find_left(p, site) : NULL;
  if (left == NULL)
    return;
  uint64_t bytes = *left < site->bytes ? *left : site->bytes;
  uint64_t pages = bytes / p->page_size;
  reading_add(&p->out->place[ALLOCINFO_VMALLOC], bytes);
  *left -= bytes;
  site->bytes -= bytes;
  site->calls -= pages < site->calls ? pages : site->calls;
}

/* Enters the site if it is among the `max` largest. */
static void rank_site(struct top *top, unsigned max, const struct site *site)
{
  unsigned at = top->count;
  if (at == max) {
    if (site->bytes <= top->sites[at - 1].bytes)
      return;
    at--;
  } else {
    top->count++;
  }
  for (; at > 0 && site->bytes > top->sites[at - 1].bytes; at--)
    top->sites[at] = top->sites[at - 1];
  top->sites[at] = *site;
}

static void add_site(struct parser *p, struct site *site)
{
  struct allocinfo *out = p->out;
  reading_add(&out->sites_count, 1);
  if (site->inaccurate)
    reading_add(&out->inaccurate_count, 1);
  if (site->bytes == 0) /* most sites */
    return;
  reading_add(&out->total, site->bytes);
  size_t row = find_row(site);
  enum allocinfo_place place = row < ROWS ? rows[row].place : ALLOCINFO_BLACK_HOLE;
  if (row == ROWS)
    take_vmalloc(p, site);
  if (site->bytes == 0)
    return;
  if (place != ALLOCINFO_VMALLOC &&
      (site->bytes % p->page_size != 0 || site->bytes / p->page_size < site->calls))
    place = ALLOCINFO_OBJECT;
  reading_add(&out->place[place], site->bytes);
  if (place == ALLOCINFO_BLACK_HOLE)
    rank_site(&p->black_hole, ALLOCINFO_SITES_MAX, site);
  else if (place == ALLOCINFO_USER)
    rank_site(&p->user, ALLOCINFO_USER_SITES_MAX, site);
}

/* Parses a number that may be below zero, printed as signed or as wrapped: a sum over
 * CPUs that changed while it was read, or from which too much was subtracted. Sets *below
 * there, and *out to 0. False if it is not a number. */
static bool parse_counter(struct span word, uint64_t *out, bool *below)
{
  static const char wrapped[] = "1844674407"; /* ...3709551615 is UINT64_MAX, or -1 */
  const size_t length = sizeof(wrapped) - 1;
  if (span_number(word, out) == 0)
    return true;
  *below = true;
  uint64_t magnitude;
  bool ok = false;
  if (word.length > 1 && word.at[0] == '-')
    ok = span_number((struct span){word.at + 1, word.length - 1}, &magnitude) == 0;
  else if (word.length == 20 && span_starts(word, wrapped))
    ok = span_number((struct span){word.at + length, word.length - length}, &magnitude) ==
             0 &&
         magnitude <= 3709551615;
  *out = 0;
  return ok;
}

/* "path:line" */
static bool parse_file(struct span word, struct site *site)
{
  size_t colon = word.length;
  while (colon > 0 && word.at[colon - 1] != ':')
    colon--;
  uint64_t line;
  if (colon < 2 ||
      span_number((struct span){word.at + colon, word.length - colon}, &line) != 0)
    return false;
  site->file = word;
  site->path = (struct span){word.at, colon - 1};
  return true;
}

/* An attribute, also of a kernel newer than this file: "word:value". */
static bool is_attribute(struct span word)
{
  size_t i = 0;
  while (i < word.length && (islower((unsigned char)word.at[i]) || word.at[i] == '_'))
    i++;
  return i > 0 && i + 1 < word.length && word.at[i] == ':';
}

/* NULL, or what is wrong. */
static const char *parse_tag(struct scan *scan, struct site *site)
{
  if (!parse_file(scan_word(scan), site))
    return "no file:line";
  struct span word = scan_word(scan);
  if (word.length > 2 && word.at[0] == '[' && word.at[word.length - 1] == ']') {
    site->module = (struct span){word.at + 1, word.length - 2};
    word = scan_word(scan);
  }
  if (!span_starts(word, "func:") || word.length == 5)
    return "no func:name";
  site->function = (struct span){word.at + 5, word.length - 5};
  while ((word = scan_word(scan)).length > 0) {
    if (!is_attribute(word))
      return "unexpected word";
    site->inaccurate |= span_is(word, "accurate:no");
  }
  return NULL;
}

static const char *parse_site(struct scan scan, bool open, struct site *site)
{
  *site = (struct site){.module = {"", 0}};
  bool below = false;
  if (!parse_counter(scan_word(&scan), &site->bytes, &below))
    return "size is not a number";
  if (!parse_counter(scan_word(&scan), &site->calls, &below))
    return "number of calls is not a number";
  site->inaccurate = below || (site->bytes > 0 && site->calls == 0);
  const char *cause = parse_tag(&scan, site);
  return cause == NULL && open ? "line is cut off at the end of the file" : cause;
}

/* Parses the header, which may include a line of column titles. NULL, or what is wrong.
 */
static const char *parse_header(struct scan *text)
{
  struct scan line;
  if (!scan_line(text, &line) || !span_is(scan_word(&line), "allocinfo") ||
      !span_is(scan_word(&line), "-") || !span_is(scan_word(&line), "version:"))
    return "not a header of allocinfo";
  struct span version = scan_word(&line);
  if (scan_line_is_open(text, &line))
    return "line is cut off at the end of the file";
  if (!span_is(version, "1.0") && !span_is(version, "2.0"))
    return "unknown version";
  if (text->at < text->end && *text->at == '#')
    scan_line(text, &line);
  return NULL;
}

/* Returns the number of sites. */
static unsigned copy_top(const struct top *top, struct allocinfo_site *out)
{
  for (unsigned i = 0; i < top->count; i++) {
    const struct site *site = &top->sites[i];
    struct allocinfo_site *listed = &out[i];
    struct span file = site->file;
    if (file.length >= sizeof(listed->file)) {
      file.at += file.length - (sizeof(listed->file) - 1);
      file.length = sizeof(listed->file) - 1;
    }
    span_copy(file, listed->file, sizeof(listed->file));
    span_copy(site->function, listed->function, sizeof(listed->function));
    span_copy(site->module, listed->module, sizeof(listed->module));
    listed->bytes = site->bytes;
    listed->calls_count = site->calls;
  }
  return top->count;
}

/* Returns the number of malformed lines. */
static unsigned parse_sites(struct parser *p, struct scan text,
                            struct parse_error *parse_error)
{
  struct scan line;
  unsigned bad = 0;
  while (scan_line(&text, &line)) {
    struct site site;
    const char *cause = parse_site(line, scan_line_is_open(&text, &line), &site);
    if (cause == NULL) {
      add_site(p, &site);
    } else {
      bad++;
      struct scan again = line;
      parse_error_note(parse_error, line.line, scan_word(&again), cause);
    }
  }
  return bad;
}

int allocinfo_parse(struct scan text, uint64_t page_size,
                    const struct vmallocinfo *vmalloc, struct allocinfo *out,
                    struct parse_error *parse_error)
{
  for (size_t i = 0; i < ALLOCINFO_READINGS; i++)
    out->readings[i] = reading_known(0); /* a sum over no sites is 0 */
  out->sites_listed = out->user_sites_listed = 0;

  const unsigned before = parse_error->count;
  struct parser p = {.out = out, .page_size = page_size, .vmalloc = vmalloc};
  struct scan first = text;
  const char *cause = parse_header(&text);
  if (cause != NULL)
    parse_error_note(parse_error, 1, scan_word(&first), cause);
  else
    enter_callers(&p);
  if (cause != NULL || parse_sites(&p, text, parse_error) > 0) {
    reading_fill(out->readings, ALLOCINFO_READINGS, READING_MALFORMED);
    return -EBADMSG;
  }
  reading_note_sums(out->readings, ALLOCINFO_READINGS, parse_error, before);
  out->sites_listed = copy_top(&p.black_hole, out->sites);
  out->user_sites_listed = copy_top(&p.user, out->user_sites);
  return 0;
}

const char *allocinfo_place_name(enum allocinfo_place place)
{
  static const char *const names[ALLOCINFO_PLACE_COUNT] = {
      [ALLOCINFO_SLAB] = "slab",         [ALLOCINFO_OBJECT] = "objects",
      [ALLOCINFO_USER] = "user",         [ALLOCINFO_PAGE_TABLES] = "page_tables",
      [ALLOCINFO_PERCPU] = "percpu",     [ALLOCINFO_VMALLOC] = "vmalloc",
      [ALLOCINFO_HUGETLB] = "hugetlb",   [ALLOCINFO_BLACK_HOLE] = "black_hole",
      [ALLOCINFO_MIGRATED] = "migrated",
  };
  return names[place];
}
