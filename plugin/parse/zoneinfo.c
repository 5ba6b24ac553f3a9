/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/parse/zoneinfo.h"

#include <errno.h>
#include <string.h>

struct parser {
  uint64_t page_size;
  struct zoneinfo *out;
  struct parse_error *parse_error;
  bool seen_zone;
  uint64_t node;            /* of the zone being read */
  uint64_t node_threshold;  /* largest of its zones, in pages */
  uint64_t cpus, node_cpus; /* of the zone; the most of a zone of the node */
  uint64_t zone_threshold;
};

static void add_pages(struct parser *p, const struct scan *line, struct span key,
                      struct span word, struct reading *sum)
{
  uint64_t pages, bytes;
  int error = span_number(word, &pages);
  if (error == 0)
    error = scale(pages, p->page_size, &bytes);
  if (error == 0) {
    reading_add(sum, bytes);
    return;
  }
  *sum = reading_missing(READING_MALFORMED);
  parse_error_note(p->parse_error, line->line, key,
                   error == -ERANGE ? "number out of range" : "not a number");
}

/* The maximum of calculate_normal_threshold() in mm/vmstat.c, in pages. */
static const uint64_t threshold_max = 125;

static void read_threshold(struct parser *p, const struct scan *line, struct span word)
{
  uint64_t threshold;
  if (span_number(word, &threshold) != 0 || threshold > threshold_max) {
    p->out->node_drift = p->out->zone_drift = reading_missing(READING_MALFORMED);
    parse_error_note(p->parse_error, line->line, word, "not a valid threshold");
  } else if (threshold > p->zone_threshold) {
    p->zone_threshold = threshold;
  }
}

static void end_zone(struct parser *p)
{
  reading_add(&p->out->zone_deltas_count, p->cpus);
  reading_add(&p->out->zone_drift, p->zone_threshold * p->cpus * p->page_size);
  if (p->zone_threshold > p->node_threshold)
    p->node_threshold = p->zone_threshold;
  if (p->cpus > p->node_cpus)
    p->node_cpus = p->cpus;
  if (p->cpus > p->out->cpus_count.value)
    p->out->cpus_count = reading_known(p->cpus);
  p->zone_threshold = p->cpus = 0;
}

static void end_node(struct parser *p)
{
  reading_add(&p->out->node_deltas_count, p->node_cpus);
  reading_add(&p->out->node_drift, p->node_threshold * p->node_cpus * p->page_size);
  p->node_threshold = p->node_cpus = 0;
}

/* Parses "Node 0, zone   Normal" after its first word. */
static void begin_zone(struct parser *p, struct scan *line)
{
  struct span word = scan_word(line);
  if (word.length > 0 && word.at[word.length - 1] == ',')
    word.length--;
  uint64_t node;
  if (span_number(word, &node) != 0)
    return;
  if (p->seen_zone) {
    end_zone(p);
    if (node != p->node)
      end_node(p);
  }
  p->node = node;
  p->seen_zone = true;
}

/* Up to 2.6.24 each CPU has two lists, "cpu: 0 pcp: 0" and "cpu: 0 pcp: 1" for cache-cold
 * pages. `line` is what follows "cpu:". */
static bool is_second_list(struct scan line)
{
  scan_word(&line);
  return span_is(scan_word(&line), "pcp:") && !span_is(scan_word(&line), "0");
}

static void read_line(struct parser *p, struct scan line)
{
  struct zoneinfo *out = p->out;
  struct span key = scan_word(&line);
  if (span_is(key, "Node")) {
    begin_zone(p, &line);
  } else if (span_is(key, "pages")) {
    struct span name = scan_word(&line);
    if (span_is(name, "free"))
      add_pages(p, &line, name, scan_word(&line), &out->free);
  } else if (span_is(key, "present")) {
    add_pages(p, &line, key, scan_word(&line), &out->present);
  } else if (span_is(key, "managed")) {
    add_pages(p, &line, key, scan_word(&line), &out->managed);
  } else if (span_is(key, "nr_isolated_anon") || span_is(key, "nr_isolated_file")) {
    add_pages(p, &line, key, scan_word(&line), &out->isolated);
  } else if (span_is(key, "cpu:")) {
    p->cpus += !is_second_list(line);
  } else if (span_is(key, "count:")) {
    add_pages(p, &line, key, scan_word(&line), &out->pcp);
  } else if (span_is(key, "vm") && span_is(scan_word(&line), "stats") &&
             span_is(scan_word(&line), "threshold:")) {
    read_threshold(p, &line, scan_word(&line));
  }
}

int zoneinfo_parse(struct scan text, uint64_t page_size, struct zoneinfo *out,
                   struct parse_error *parse_error)
{
  memset(out, 0, sizeof(*out));
  struct parser p = {.page_size = page_size, .out = out, .parse_error = parse_error};
  const unsigned before = parse_error->count;
  struct scan line;
  bool open = false;
  while (scan_line(&text, &line)) {
    open = scan_line_is_open(&text, &line);
    read_line(&p, line);
  }
  if (!p.seen_zone) {
    parse_error_note(parse_error, 0, (struct span){"", 0},
                     "no line of the form `Node N, zone NAME'");
    return -EBADMSG;
  }
  if (open) {
    parse_error_note(parse_error, line.line, scan_word(&line),
                     "line is cut off at the end of the file");
    reading_fill(&out->pcp, sizeof(*out) / sizeof(struct reading), READING_MALFORMED);
    return -EBADMSG;
  }
  end_zone(&p);
  end_node(&p);
  reading_note_sums(&out->pcp, sizeof(*out) / sizeof(struct reading), parse_error,
                    before);
  return 0;
}
