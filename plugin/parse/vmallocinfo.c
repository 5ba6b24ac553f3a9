/* SPDX-License-Identifier: MIT */
/* A large file has 100,000 lines, but few distinct callers and sizes. So a line is parsed
 * in three steps, each of which is skipped where the one before it succeeds:
 *
 *   1. the rest of the line after the address range was parsed before: only count it
 *   2. its caller was parsed before: take that, and parse the attributes
 *   3. parse all of it
 *
 * Lines that were only counted are added at the end. */
#include "meminfo_explain/parse/vmallocinfo.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

/* One line after its address range. Absent parts are empty, 0 or false. */
struct area {
  uint64_t size, pages;
  struct span symbol, module;
  struct site *site; /* stands for symbol and module; NULL where none does */
  enum vmalloc_kind kind;
  bool unpurged;
  const char *cause; /* what is wrong with the line; NULL if nothing */
};

enum purpose { PURPOSE_UNKNOWN, PURPOSE_STACK, PURPOSE_MODULE, PURPOSE_OTHER };

/* A caller as printed, "symbol+0x1/0x2 [module] p", and its meaning. The first byte of
 * the next word is part of it, or a longer word could begin alike, or a module follow.
 * Purpose and caller are set when the first pages are added. */
struct site {
  const char *at; /* points into the text */
  unsigned char length, symbol_length, module_at, module_length;
  unsigned char purpose;
  unsigned short caller; /* index; VMALLOC_CALLERS_MAX where the table has no room */
};

/* Lines that were parsed, and how many lines since have the same rest. In sets of a few,
 * so that rests that occur often outlive those that occur once, such as phys=. */
enum { SEEN_SETS_LOG2 = 9, SEEN_WAYS = 4 };
struct seen {
  uint32_t id[SEEN_WAYS];    /* of the rest: 16 bits of hash, 16 bits of length */
  uint32_t at[SEEN_WAYS];    /* offset of the rest in the text */
  uint32_t count[SEEN_WAYS]; /* the first line included; 0 where the way is free */
};

enum { SITES = 376, SITE_SLOTS_LOG2 = 10, SITE_SLOTS = 1 << SITE_SLOTS_LOG2 };
struct parser { /* 34 KiB of stack */
  struct vmallocinfo *out;
  const char *text;
  uint64_t page_size;
  struct seen seen[1 << SEEN_SETS_LOG2];
  struct site sites[SITES];
  unsigned sites_count;
  unsigned short site_slots[SITE_SLOTS]; /* open addressing: index + 1; 0 is free */
  struct vmalloc_caller_index callers;
};

static inline uint64_t hash_word(uint64_t hash, uint64_t word)
{
  return (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15); /* 2^64 / the golden ratio */
}

/* --- the grammar ------------------------------------------------------------------ */

static bool is_range(struct span word)
{
  const char *dash = memchr(word.at, '-', word.length);
  return dash != NULL && span_starts(word, "0x") &&
         span_starts((struct span){dash, (size_t)(word.at + word.length - dash)}, "-0x");
}

/* Bit 6 of each byte: set for digits and letters, clear for blanks and dashes, which in
 * ASCII have neither bit 4 nor bit 6. */
static inline uint64_t no_blank_no_dash(uint64_t bytes)
{
  return (bytes | bytes << 2) & UINT64_C(0x4040404040404040);
}

/* Skips the range as 64-bit kernels print it, up to the blank. Accepts only what is_range
 * accepts as the first word. */
static inline bool skip_wide_range(struct scan *line)
{
  enum { WIDE_RANGE = sizeof("0x0123456789abcdef-0x0123456789abcdef") - 1 };
  const char *at = line->at;
  if (line->end - at <= WIDE_RANGE || memcmp(at, "0x", 2) != 0 ||
      memcmp(at + 18, "-0x", 3) != 0 || at[WIDE_RANGE] != ' ' ||
      (no_blank_no_dash(load8(at + 2)) & no_blank_no_dash(load8(at + 10)) &
       no_blank_no_dash(load8(at + 21)) & no_blank_no_dash(load8(at + 29))) !=
          no_blank_no_dash(UINT64_MAX))
    return false;
  line->at += WIDE_RANGE;
  return true;
}

static enum vmalloc_kind kind_of(struct span word)
{
  if (span_is(word, "vmalloc"))
    return VMALLOC_KIND_VMALLOC;
  if (span_is(word, "vmap"))
    return VMALLOC_KIND_VMAP;
  if (span_is(word, "ioremap"))
    return VMALLOC_KIND_IOREMAP;
  if (span_is(word, "user"))
    return VMALLOC_KIND_USER;
  if (span_is(word, "sparse"))
    return VMALLOC_KIND_SPARSE;
  if (span_is(word, "dma-coherent"))
    return VMALLOC_KIND_DMA_COHERENT;
  if (span_is(word, "vm_map_ram"))
    return VMALLOC_KIND_NONE;
  return VMALLOC_KIND_COUNT;
}

/* "N0=12" */
static bool is_node(struct span word)
{
  return word.length > 3 && word.at[0] == 'N' && word.at[1] >= '0' && word.at[1] <= '9' &&
         memchr(word.at, '=', word.length) != NULL;
}

static bool is_module(struct span word)
{
  return word.length > 0 && word.at[0] == '[' && word.at[word.length - 1] == ']';
}

/* Whether the word could be an attribute of a kernel newer than this file: a bare word,
 * or word=value. */
static bool is_new_attribute(struct span word)
{
  size_t i = 0;
  while (i < word.length &&
         (islower((unsigned char)word.at[i]) || word.at[i] == '_' || word.at[i] == '-'))
    i++;
  return i > 0 && (i == word.length || word.at[i] == '=');
}

/* False where the word is not an attribute that some kernel prints. */
static bool note_attribute(struct span word, struct area *area)
{
  enum vmalloc_kind kind;
  if (span_starts(word, "pages=")) {
    struct span number = {word.at + 6, word.length - 6};
    if (span_number(number, &area->pages) != 0)
      area->cause = "pages= is not a number";
  } else if (is_module(word)) {
    area->module = (struct span){word.at + 1, word.length - 2};
    area->site = NULL;
  } else if ((kind = kind_of(word)) != VMALLOC_KIND_COUNT) {
    if (area->kind == VMALLOC_KIND_NONE)
      area->kind = kind;
  } else if (span_is(word, "unpurged")) {
    area->unpurged = true;
  } else {
    return is_node(word) || span_starts(word, "phys=");
  }
  return true;
}

/* The caller is the first word, unless that is an attribute; its module follows. */
static void parse_caller(struct scan *rest, struct area *area)
{
  struct span word = scan_word(rest);
  if (word.length == 0 || note_attribute(word, area))
    return;
  area->symbol = vmalloc_caller_symbol(word);
  struct scan ahead = *rest;
  word = scan_word(&ahead);
  if (is_module(word)) {
    note_attribute(word, area);
    *rest = ahead;
  }
}

/* --- callers that were parsed before ---------------------------------------------- */

static bool is_at_site(const struct scan *rest, const struct site *site)
{
  return site->length <= rest->end - rest->at &&
         memcmp(site->at, rest->at, site->length) == 0;
}

/* Returns the slot of the site that is next on the line, or the free slot for it; NULL
 * where there is no slot. Hashes the first bytes, because the length is not known yet. */
enum { SITE_HASHED = 16, SITE_PROBES = 4 };
static unsigned short *find_site(struct parser *p, const struct scan *rest)
{
  if (rest->end - rest->at < SITE_HASHED)
    return NULL;
  uint64_t hash = hash_word(hash_word(0, load8(rest->at)), load8(rest->at + 8));
  unsigned first = (unsigned)(hash >> (64 - SITE_SLOTS_LOG2));
  for (unsigned probe = 0; probe < SITE_PROBES; probe++) {
    unsigned short *slot = &p->site_slots[(first + probe) % SITE_SLOTS];
    if (*slot == 0 || is_at_site(rest, &p->sites[*slot - 1]))
      return slot;
  }
  return NULL;
}

static void take_site(struct site *site, struct scan *rest, struct area *area)
{
  area->symbol = (struct span){site->at, site->symbol_length};
  area->module = (struct span){site->at + site->module_at, site->module_length};
  area->site = site;
  rest->at += site->length - 1;
}

/* Stores what parse_caller made of the bytes between `at` and the rest. */
static void store_site(struct parser *p, unsigned short *slot, const char *at,
                       struct scan rest, struct area *area)
{
  struct span next = scan_word(&rest);
  ptrdiff_t length = next.at + 1 - at;
  if (area->symbol.at != at || next.length == 0 || length < SITE_HASHED ||
      length > UCHAR_MAX || p->sites_count == SITES)
    return;
  struct site *site = &p->sites[p->sites_count++];
  *slot = (unsigned short)p->sites_count;
  *site = (struct site){
      .at = at,
      .length = (unsigned char)length,
      .symbol_length = (unsigned char)area->symbol.length,
  };
  if (area->module.length > 0) {
    site->module_at = (unsigned char)(area->module.at - at);
    site->module_length = (unsigned char)area->module.length;
  }
  area->site = site;
}

/* Takes the caller and its module, if the line has them. */
static void take_caller(struct parser *p, struct scan *rest, struct area *area)
{
  while (rest->at < rest->end && (*rest->at == ' ' || *rest->at == '\t'))
    rest->at++;
  unsigned short *slot = find_site(p, rest);
  if (slot != NULL && *slot != 0) {
    take_site(&p->sites[*slot - 1], rest, area);
    return;
  }
  const char *at = rest->at;
  parse_caller(rest, area);
  if (slot != NULL)
    store_site(p, slot, at, *rest, area);
}

/* Parses what follows the range. NULL, or what is wrong with it. */
static const char *parse_area(struct parser *p, struct scan rest, struct area *area)
{
  *area = (struct area){.symbol = {"", 0}, .module = {"", 0}};
  if (span_number(scan_word(&rest), &area->size) != 0)
    return "size is not a number";
  take_caller(p, &rest, area);
  for (struct span word; area->cause == NULL && (word = scan_word(&rest)).length > 0;)
    if (!note_attribute(word, area) && !is_new_attribute(word))
      area->cause = "unexpected word";
  uint64_t bytes;
  if (area->cause == NULL &&
      (scale(area->pages, p->page_size, &bytes) != 0 || bytes > area->size))
    area->cause = "more pages than fit into the area";
  return area->cause;
}

/* --- the sums --------------------------------------------------------------------- */

/* Adds `value` to a sum, `times` times. A sum that is out of range stays so until end().
 */
static inline void add(struct reading *sum, uint64_t value, uint64_t times)
{
  uint64_t product;
  if (__builtin_mul_overflow(value, times, &product) ||
      __builtin_add_overflow(sum->value, product, &sum->value))
    sum->value = UINT64_MAX;
}

/* The index of the caller, which is entered if there is room; VMALLOC_CALLERS_MAX where
 * the table is full. Callers are compared as span_copy makes their names printable. */
static unsigned short enter_caller(struct parser *p, struct span symbol,
                                   struct span module)
{
  struct vmallocinfo *out = p->out;
  struct vmalloc_caller caller = {.bytes = 0};
  span_copy(symbol, caller.symbol, sizeof(caller.symbol));
  span_copy(module, caller.module, sizeof(caller.module));
  unsigned short *slot = vmalloc_caller_find(
      &p->callers, out->callers, (struct span){caller.symbol, strlen(caller.symbol)},
      (struct span){caller.module, strlen(caller.module)});
  if (*slot == 0) {
    if (out->callers_count == VMALLOC_CALLERS_MAX)
      return VMALLOC_CALLERS_MAX;
    out->callers[out->callers_count++] = caller;
    *slot = (unsigned short)out->callers_count;
  }
  return (unsigned short)(*slot - 1);
}

static enum purpose purpose_of(struct span symbol)
{
  if (vmalloc_caller_is_stack(symbol))
    return PURPOSE_STACK;
  return vmalloc_caller_is_module(symbol) ? PURPOSE_MODULE : PURPOSE_OTHER;
}

static void resolve_site(struct parser *p, const struct area *area, struct site *site)
{
  struct span symbol = area->symbol;
  if (symbol.length == 0)
    symbol = (struct span){"unknown", 7};
  site->caller = enter_caller(p, symbol, area->module);
  site->purpose = (unsigned char)purpose_of(symbol);
}

static void add_pages(struct parser *p, const struct area *area, uint64_t times)
{
  struct vmallocinfo *out = p->out;
  struct site unstored = {0}, *site = area->site != NULL ? area->site : &unstored;
  if (site->purpose == PURPOSE_UNKNOWN)
    resolve_site(p, area, site);
  uint64_t bytes = area->pages * p->page_size;
  add(&out->pages, bytes, times);
  if (site->purpose == PURPOSE_STACK) {
    add(&out->stack_pages, bytes, times);
  } else if (site->purpose == PURPOSE_MODULE) {
    add(&out->module_pages, bytes, times);
    add(&out->module_size, area->size, times);
  }
  if (site->caller < VMALLOC_CALLERS_MAX) {
    out->callers[site->caller].bytes += bytes * times;
    out->callers[site->caller].entries_count += times;
  } else {
    out->other_bytes += bytes * times;
    out->other_entries_count += times;
  }
}

/* Adds `times` areas that differ only in their addresses. */
static void add_areas(struct parser *p, const struct area *area, uint64_t times)
{
  struct vmallocinfo *out = p->out;
  if (area->unpurged) {
    add(&out->unpurged_count, 1, times);
    add(&out->unpurged_size, area->size, times);
    return;
  }
  add(&out->entries_count, 1, times);
  add(&out->size, area->size, times);
  add(&out->kind_size[area->kind], area->size, times);
  /* The pages of a vmap area belong to its user (VM_MAP_PUT_PAGES, 5.10). A percpu chunk
   * is a vmalloc area without pages= (mm/vmalloc.c: pcpu_get_vm_areas). */
  if (area->kind == VMALLOC_KIND_VMALLOC && area->pages > 0)
    add_pages(p, area, times);
  else if (span_is(area->symbol, "pcpu_get_vm_areas"))
    add(&out->percpu_size, area->size, times);
}

/* --- lines whose rest was parsed before ------------------------------------------- */

/* Hashes the first and the last 24 bytes, which are all of most lines, as a sum of
 * independent products; the end of a loop would be mispredicted. */
static inline uint64_t hash_ends(const struct scan *rest)
{
  const char *at = rest->at, *end = rest->end;
  return load8(at) * UINT64_C(0x9e3779b97f4a7c15) +
         load8(at + 8) * UINT64_C(0xbf58476d1ce4e5b9) +
         load8(at + 16) * UINT64_C(0x94d049bb133111eb) +
         load8(end - 24) * UINT64_C(0x2545f4914f6cdd1d) +
         load8(end - 16) * UINT64_C(0xc4ceb9fe1a85ec53) +
         load8(end - 8) * UINT64_C(0xff51afd7ed558ccd);
}

/* Where a rest is looked up. */
struct key {
  struct seen *set;
  uint32_t id;
};

/* False for rests that are not stored: too short for the hash, longer than the kernel
 * makes them, or beyond 4 GiB. */
static inline bool make_key(struct parser *p, const struct scan *rest, struct key *key)
{
  size_t length = (size_t)(rest->end - rest->at);
  uint64_t at = (uint64_t)(rest->at - p->text);
  if (length < 24 || length > UINT16_MAX || at > UINT32_MAX)
    return false;
  uint64_t hash = hash_ends(rest);
  key->set = &p->seen[hash >> (64 - SEEN_SETS_LOG2)];
  key->id = (uint32_t)(hash >> 32 << 16 | length);
  return true;
}

/* Counts the line and returns true where the same rest was added before. Compares with
 * one way only, chosen without a branch, which would be mispredicted. */
static inline bool count_again(const struct parser *p, const struct key *key,
                               const struct scan *rest)
{
  struct seen *set = key->set;
  unsigned way = 0;
  for (unsigned i = 1; i < SEEN_WAYS; i++)
    way = set->id[i] == key->id ? i : way;
  if (set->id[way] != key->id ||
      memcmp(p->text + set->at[way], rest->at, (size_t)(rest->end - rest->at)) != 0)
    return false;
  set->count[way]++;
  return true;
}

/* Adds the lines that were only counted. */
static void settle(struct parser *p, const struct seen *set, unsigned way)
{
  if (set->count[way] <= 1)
    return;
  const char *at = p->text + set->at[way];
  struct area area;
  struct scan rest = {.at = at, .end = at + (set->id[way] & UINT16_MAX)};
  if (parse_area(p, rest, &area) == NULL)
    add_areas(p, &area, set->count[way] - 1);
}

/* Stores the rest in place of the one that occurred least. */
static void remember(struct parser *p, const struct key *key, const struct scan *rest)
{
  struct seen *set = key->set;
  unsigned least = 0;
  for (unsigned way = 1; way < SEEN_WAYS; way++)
    if (set->count[way] < set->count[least])
      least = way;
  settle(p, set, least);
  set->id[least] = key->id;
  set->at[least] = (uint32_t)(rest->at - p->text);
  set->count[least] = 1;
}

/* --- the file --------------------------------------------------------------------- */

/* Adds the area of a line. NULL, or what is wrong with the line. */
static const char *add_line(struct parser *p, struct scan line, bool open)
{
  struct key key;
  bool wide = skip_wide_range(&line);
  bool keyed = wide && !open && make_key(p, &line, &key);
  if (keyed && count_again(p, &key, &line))
    return NULL;
  if (!wide && !is_range(scan_word(&line)))
    return "no address range";
  struct area area;
  const char *cause = parse_area(p, line, &area);
  if (cause != NULL)
    return cause;
  if (open)
    return "line is cut off at the end of the file";
  add_areas(p, &area, 1);
  if (keyed)
    remember(p, &key, &line);
  return NULL;
}

static void clear_callers(struct vmallocinfo *out)
{
  out->callers_count = 0;
  out->other_bytes = out->other_entries_count = 0;
}

static void begin(struct vmallocinfo *out)
{
  struct reading *readings = &out->pages;
  for (size_t i = 0; i < VMALLOCINFO_READINGS; i++)
    readings[i] = reading_known(0); /* a sum over no areas is 0 */
  clear_callers(out);
}

/* Sums that are out of range are malformed. A caller's sum may have wrapped only where
 * the sum of all pages is out of range. */
static void end(struct vmallocinfo *out)
{
  struct reading *readings = &out->pages;
  for (size_t i = 0; i < VMALLOCINFO_READINGS; i++)
    if (readings[i].value > INT64_MAX)
      readings[i] = reading_missing(READING_MALFORMED);
  if (!is_known(out->pages))
    clear_callers(out);
  vmalloc_callers_sort(out->callers, out->callers_count, out->by_size);
}

int vmallocinfo_parse(struct scan text, uint64_t page_size, struct vmallocinfo *out,
                      struct parse_error *parse_error)
{
  struct parser p = {.text = text.at, .out = out, .page_size = page_size};
  struct scan line;
  unsigned bad = 0;
  const unsigned before = parse_error->count;
  begin(out);
  while (scan_line(&text, &line)) {
    const char *cause = add_line(&p, line, scan_line_is_open(&text, &line));
    if (cause != NULL) {
      bad++;
      parse_error_note(parse_error, line.line, scan_word(&line), cause);
    }
  }
  for (size_t i = 0; i < sizeof(p.seen) / sizeof(*p.seen); i++)
    for (unsigned way = 0; way < SEEN_WAYS; way++)
      settle(&p, &p.seen[i], way);
  if (bad > 0) {
    reading_fill(&out->pages, VMALLOCINFO_READINGS, READING_MALFORMED);
    clear_callers(out);
    return -EBADMSG;
  }
  end(out);
  reading_note_sums(&out->pages, VMALLOCINFO_READINGS, parse_error, before);
  return 0;
}

const char *vmallocinfo_kind_name(enum vmalloc_kind kind)
{
  static const char *const names[VMALLOC_KIND_COUNT] = {
      [VMALLOC_KIND_NONE] = "vm_map_ram",
      [VMALLOC_KIND_IOREMAP] = "ioremap",
      [VMALLOC_KIND_SPARSE] = "sparse",
      [VMALLOC_KIND_VMALLOC] = "vmalloc",
      [VMALLOC_KIND_VMAP] = "vmap",
      [VMALLOC_KIND_USER] = "user",
      [VMALLOC_KIND_DMA_COHERENT] = "dma_coherent",
  };
  return names[kind];
}
