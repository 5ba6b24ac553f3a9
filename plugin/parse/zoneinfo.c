/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/parse/zoneinfo.h"

#include <errno.h>
#include <string.h>

/* Which lines a zone has. */
struct zone {
  struct span name;
  unsigned free, present, managed, start_pfn; /* lines */
  unsigned isolated_anon, isolated_file;
  unsigned thresholds, lists, counts; /* of CPUs; each list has one count */
  unsigned reserves;                  /* numbers of `protection` */
  bool populated, has_counters;
  uint64_t cpus;
  uint64_t threshold; /* the largest, in pages */
  uint64_t size;      /* managed, or present, in bytes */
};

struct parser {
  uint64_t page_size;
  struct zoneinfo *out;
  struct parse_error *parse_error;
  struct zone zone; /* being read */
  bool seen_zone;
  unsigned last_line;
  uint64_t node;           /* of the zone being read */
  uint64_t node_threshold; /* largest of its zones, in pages */
  uint64_t node_cpus;      /* the most of a zone of the node */
  unsigned node_zones;     /* how many it has, and of how many kinds of zone */
  unsigned kinds;
  unsigned zones, managed_zones; /* all, and those with `managed` */
  unsigned populated_zones, threshold_zones;
  uint64_t cpus_min, cpus_max; /* of a populated zone */
  bool old_lists;              /* up to 2.6.24, which left out CPUs without pages */
  bool lists_all_zones;        /* unpopulated ones too (4.12) */
  bool incomplete;
};

/* Returns the bytes added, or 0. */
static uint64_t add_pages(struct parser *p, const struct scan *line, struct span key,
                          struct span word, struct reading *sum)
{
  uint64_t pages, bytes;
  int error = span_number(word, &pages);
  if (error == 0)
    error = scale(pages, p->page_size, &bytes);
  if (error == 0) {
    reading_add(sum, bytes);
    return bytes;
  }
  *sum = reading_missing(READING_MALFORMED);
  parse_error_note(p->parse_error, line->line, key,
                   error == -ERANGE ? "number out of range" : "not a number");
  return 0;
}

/* The maximum of calculate_normal_threshold() in mm/vmstat.c, in pages. */
static const uint64_t threshold_max = 125;

static void read_threshold(struct parser *p, const struct scan *line, struct span word)
{
  uint64_t threshold;
  if (span_number(word, &threshold) != 0 || threshold > threshold_max) {
    p->out->node_drift = p->out->zone_drift = reading_missing(READING_MALFORMED);
    parse_error_note(p->parse_error, line->line, word, "not a valid threshold");
  } else if (threshold > p->zone.threshold) {
    p->zone.threshold = threshold;
  }
  p->zone.thresholds++;
}

/* The first gap is the one that is reported. */
static void note_gap(struct parser *p, const char *cause)
{
  if (!p->incomplete)
    parse_error_note(p->parse_error, p->last_line, p->zone.name, cause);
  p->incomplete = true;
}

static bool zone_is_whole(const struct zone *zone)
{
  bool agrees = zone->counts == zone->lists && zone->managed <= 1 &&
                zone->isolated_anon == zone->isolated_file;
  if (zone->free != 1 || zone->present != 1 || !agrees)
    return false;
  if (!zone->populated)
    return true;
  /* Without CONFIG_SMP there are no thresholds. */
  bool has_thresholds =
      zone->thresholds == zone->cpus || (zone->thresholds == 0 && zone->cpus == 1);
  return zone->start_pfn == 1 && has_thresholds;
}

/* Whether all or none of the zones have `managed` (3.10) and thresholds, and all list the
 * same CPUs. */
static bool zones_agree(const struct parser *p)
{
  return (p->managed_zones == 0 || p->managed_zones == p->zones) &&
         (p->old_lists ||
          (p->cpus_min == p->cpus_max &&
           (p->threshold_zones == 0 || p->threshold_zones == p->populated_zones)));
}

static uint64_t bits_of(uint64_t value) /* the kernel's fls() */
{
  uint64_t bits = 0;
  for (; value > 0; value >>= 1)
    bits++;
  return bits;
}

/* The most pages in a delta of the zone. While kswapd runs, the file has a lower
 * threshold (mm/vmstat.c: calculate_pressure_threshold), but the counters of the node
 * keep theirs, and so do deltas that nothing has changed since
 * (calculate_normal_threshold). */
static uint64_t threshold_of(const struct zone *zone)
{
  const uint64_t normal = 2 * bits_of(zone->cpus) * (1 + bits_of(zone->size >> 27));
  if (zone->thresholds == 0 || zone->threshold > normal)
    return zone->threshold;
  return least(threshold_max, normal);
}

static void raise(struct reading *most, uint64_t value)
{
  if (value > most->value || !is_known(*most))
    *most = reading_known(value);
}

static void end_zone(struct parser *p)
{
  const struct zone *zone = &p->zone;
  const uint64_t threshold = threshold_of(zone);
  p->zones++;
  p->node_zones++;
  p->managed_zones += zone->managed > 0;
  if (zone->populated) {
    p->cpus_min =
        p->populated_zones == 0 || zone->cpus < p->cpus_min ? zone->cpus : p->cpus_min;
    p->cpus_max = zone->cpus > p->cpus_max ? zone->cpus : p->cpus_max;
    p->populated_zones++;
    p->threshold_zones += zone->thresholds > 0;
  }
  if (!zone_is_whole(zone))
    note_gap(p, "lines of this zone are missing");
  reading_add(&p->out->zone_deltas_count, zone->cpus);
  reading_add(&p->out->zone_drift, threshold * zone->cpus * p->page_size);
  raise(&p->out->zone_threshold, threshold * p->page_size);
  if (threshold > p->node_threshold)
    p->node_threshold = threshold;
  if (zone->cpus > p->node_cpus)
    p->node_cpus = zone->cpus;
  if (zone->cpus > 0)
    raise(&p->out->cpus_count, zone->cpus);
  if (zone->reserves > p->kinds)
    p->kinds = zone->reserves;
}

static void end_node(struct parser *p)
{
  if (p->lists_all_zones && p->node_zones != p->kinds)
    note_gap(p, "zones of its node are missing");
  reading_add(&p->out->node_deltas_count, p->node_cpus);
  reading_add(&p->out->node_drift, p->node_threshold * p->node_cpus * p->page_size);
  raise(&p->out->node_threshold, p->node_threshold * p->page_size);
  p->node_threshold = p->node_cpus = 0;
  p->node_zones = 0;
}

static bool has_lines(const struct zone *zone)
{
  return zone->free + zone->present + zone->managed + zone->start_pfn +
             zone->isolated_anon + zone->isolated_file + zone->lists + zone->counts >
         0;
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
  } else if (has_lines(&p->zone)) {
    note_gap(p, "the first lines are missing");
  }
  p->node = node;
  p->seen_zone = true;
  scan_word(line); /* "zone" */
  p->zone = (struct zone){.name = scan_word(line)};
}

/* Up to 2.6.24 each CPU has two lists, "cpu: 0 pcp: 0" and "cpu: 0 pcp: 1" for cache-cold
 * pages. `line` is what follows "cpu:". */
static void begin_list(struct parser *p, struct scan line)
{
  scan_word(&line);
  bool old = span_is(scan_word(&line), "pcp:");
  p->old_lists |= old;
  p->zone.lists++;
  p->zone.cpus += !old || span_is(scan_word(&line), "0");
}

/* "protection: (0, 949, 949)": the reserves against each kind of zone of the node. */
static unsigned count_reserves(struct scan line)
{
  unsigned count = 0;
  while (scan_word(&line).length > 0)
    count++;
  return count;
}

/* Since 4.12 `protection` comes before the counters, and zones without memory are listed
 * (mm/vmstat.c: zoneinfo_show). */
static void read_counter(struct parser *p, struct scan line, struct span key)
{
  struct zone *zone = &p->zone;
  bool anon = span_is(key, "nr_isolated_anon"), file = span_is(key, "nr_isolated_file");
  if (zone->free > 0) { /* else it is one of the node */
    p->lists_all_zones |= !zone->has_counters && zone->reserves > 0;
    zone->has_counters = true;
  }
  zone->isolated_anon += anon;
  zone->isolated_file += file;
  if (anon || file)
    add_pages(p, &line, key, scan_word(&line), &p->out->isolated);
}

static void read_present(struct parser *p, struct scan line, struct span key)
{
  struct span word = scan_word(&line);
  p->zone.present++;
  p->zone.populated = !span_is(word, "0");
  p->zone.size = add_pages(p, &line, key, word, &p->out->present);
}

static void read_line(struct parser *p, struct scan line)
{
  struct zoneinfo *out = p->out;
  struct zone *zone = &p->zone;
  struct span key = scan_word(&line);
  if (span_is(key, "Node")) {
    begin_zone(p, &line);
  } else if (span_is(key, "pages")) {
    struct span name = scan_word(&line);
    if (!span_is(name, "free"))
      return;
    zone->free++;
    add_pages(p, &line, name, scan_word(&line), &out->free);
  } else if (span_is(key, "present")) {
    read_present(p, line, key);
  } else if (span_is(key, "managed")) {
    zone->managed++;
    zone->size = add_pages(p, &line, key, scan_word(&line), &out->managed);
  } else if (span_is(key, "protection:")) {
    zone->reserves = count_reserves(line);
  } else if (span_starts(key, "nr_")) {
    read_counter(p, line, key);
  } else if (span_is(key, "cpu:")) {
    begin_list(p, line);
  } else if (span_is(key, "count:")) {
    zone->counts++;
    add_pages(p, &line, key, scan_word(&line), &out->pcp);
  } else if (span_is(key, "start_pfn:")) {
    zone->start_pfn++;
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
  while (scan_line(&text, &line)) {
    read_line(&p, line);
    p.last_line = line.line;
  }
  if (!p.seen_zone) {
    parse_error_note(parse_error, 0, (struct span){"", 0},
                     "no line of the form `Node N, zone NAME'");
    return -EBADMSG;
  }
  end_zone(&p);
  end_node(&p);
  if (!zones_agree(&p))
    note_gap(&p, "lines of zones are missing");
  if (p.incomplete) {
    reading_fill(&out->pcp, sizeof(*out) / sizeof(struct reading), READING_MALFORMED);
    return -EBADMSG;
  }
  reading_note_sums(&out->pcp, sizeof(*out) / sizeof(struct reading), parse_error,
                    before);
  return 0;
}
