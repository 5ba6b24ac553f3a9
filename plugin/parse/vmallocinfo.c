/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/vmallocinfo.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

/* One line, taken apart. Absent parts are empty, 0 or false. */
struct area {
  uint64_t size, pages;
  struct span symbol, module;
  enum vmalloc_kind kind;
  bool unpurged;
};

/* Open addressing over the callers table; 0 is a free slot, else index + 1. */
#define SLOTS (4 * VMALLOC_CALLERS_KEPT)
struct parser {
  struct vmallocinfo *out;
  uint64_t page_size;
  unsigned short slots[SLOTS];
};

static const struct span stack_callers[] = {
    SPAN("alloc_thread_stack_node"),
    SPAN("dup_task_struct"),
    SPAN("copy_process"),
    SPAN("do_fork"),
    SPAN("_do_fork"),
    SPAN("kernel_clone"),
    SPAN("fork_idle"),
    SPAN("create_io_thread"),
    SPAN("vhost_task_create"),
    SPAN("kernel_thread"),
    SPAN("user_mode_thread"),
};

static const struct span module_callers[] = {
    SPAN("load_module"),
    SPAN("layout_and_allocate"),
    SPAN("move_module"),
    SPAN("module_alloc"),
    SPAN("module_memory_alloc"),
    SPAN("module_alloc_update_bounds"),
    SPAN("execmem_alloc"),
    SPAN("execmem_alloc_rw"),
    SPAN("execmem_vmalloc"),
    SPAN("execmem_cache_alloc"),
    SPAN("execmem_cache_populate"),
    SPAN("__execmem_cache_alloc"),
};

static bool is_one_of(struct span symbol, const struct span names[], size_t count)
{
  for (size_t i = 0; i < count; i++)
    if (span_equal(symbol, names[i]))
      return true;
  return false;
}

bool vmallocinfo_caller_is_stack(struct span symbol)
{
  return is_one_of(symbol, stack_callers, sizeof(stack_callers) / sizeof(*stack_callers));
}

bool vmallocinfo_caller_is_module(struct span symbol)
{
  return is_one_of(symbol, module_callers,
                   sizeof(module_callers) / sizeof(*module_callers));
}

static const char *const compiler_suffixes[] = {".isra.", ".constprop.", ".part.",
                                                ".cold",  ".llvm.",      ".lto_priv."};

/* "name.isra.0+0x1a/0x40" to "name". The cut is at the first suffix; a symbol that
 * begins with a dot (ppc64 ABI v1) keeps it. */
static struct span bare_symbol(struct span word)
{
  struct span symbol = word;
  const char *plus = memchr(word.at, '+', word.length);
  if (plus != NULL)
    symbol.length = (size_t)(plus - word.at);
  for (size_t i = 1; i < symbol.length; i++) {
    if (symbol.at[i] != '.')
      continue;
    struct span tail = {symbol.at + i, symbol.length - i};
    for (size_t s = 0; s < sizeof(compiler_suffixes) / sizeof(*compiler_suffixes); s++)
      if (span_starts(tail, compiler_suffixes[s])) {
        symbol.length = i;
        return symbol;
      }
  }
  return symbol;
}

/* The flag words, in enum vmalloc_kind's order. */
static enum vmalloc_kind kind_of(struct span word)
{
  static const struct span flags[VMALLOC_KIND_COUNT] = {
      [VMALLOC_KIND_NONE] = SPAN("vm_map_ram"),
      [VMALLOC_KIND_IOREMAP] = SPAN("ioremap"),
      [VMALLOC_KIND_SPARSE] = SPAN("sparse"),
      [VMALLOC_KIND_VMALLOC] = SPAN("vmalloc"),
      [VMALLOC_KIND_VMAP] = SPAN("vmap"),
      [VMALLOC_KIND_USER] = SPAN("user"),
      [VMALLOC_KIND_DMA_COHERENT] = SPAN("dma-coherent"),
  };
  for (unsigned kind = 0; kind < VMALLOC_KIND_COUNT; kind++)
    if (span_equal(word, flags[kind]))
      return kind;
  return VMALLOC_KIND_COUNT;
}

/* "N0=12" */
static bool is_node(struct span word)
{
  return word.length > 3 && word.at[0] == 'N' && isdigit((unsigned char)word.at[1]) &&
         memchr(word.at, '=', word.length) != NULL;
}

/* An attribute of a kernel newer than this file: a bare word, or word=value. */
static bool is_attribute(struct span word)
{
  size_t i = 0;
  while (i < word.length &&
         (islower((unsigned char)word.at[i]) || word.at[i] == '_' || word.at[i] == '-'))
    i++;
  return i > 0 && (i == word.length || word.at[i] == '=');
}

static bool is_range(struct span word)
{
  const char *dash = memchr(word.at, '-', word.length);
  return dash != NULL && span_starts(word, "0x") &&
         span_starts((struct span){dash, (size_t)(word.at + word.length - dash)}, "-0x");
}

/* Reads what follows the size: 0, or the cause. Every word is a known attribute, or,
 * first of all, the caller and its module. */
static const char *parse_attributes(struct scan *scan, struct area *area)
{
  bool first = true;
  for (struct span word; (word = scan_word(scan)).length > 0; first = false) {
    enum vmalloc_kind kind = kind_of(word);
    if (kind != VMALLOC_KIND_COUNT) {
      if (area->kind == VMALLOC_KIND_NONE)
        area->kind = kind;
    } else if (span_starts(word, "pages=")) {
      struct span number = {word.at + 6, word.length - 6};
      if (span_number(number, &area->pages) != 0)
        return "pages= is not a number";
    } else if (span_is(word, "unpurged")) {
      area->unpurged = true;
    } else if (span_starts(word, "phys=") || is_node(word)) {
      continue;
    } else if (word.at[0] == '[' && word.at[word.length - 1] == ']') {
      area->module = (struct span){word.at + 1, word.length - 2};
    } else if (first) {
      area->symbol = bare_symbol(word);
    } else if (!is_attribute(word)) {
      return "a word that belongs to no attribute";
    }
  }
  return NULL;
}

static const char *parse_area(struct scan scan, bool open, uint64_t page_size,
                              struct area *area)
{
  *area = (struct area){.symbol = {"", 0}, .module = {"", 0}};
  if (!is_range(scan_word(&scan)))
    return "no address range";
  if (span_number(scan_word(&scan), &area->size) != 0)
    return "size is not a number";
  const char *cause = parse_attributes(&scan, area);
  uint64_t bytes;
  if (cause == NULL && (scale(area->pages, page_size, &bytes) != 0 || bytes > area->size))
    cause = "more pages than the area has room for";
  return cause == NULL && open ? "the file ends within the line" : cause;
}

static unsigned hash(struct span symbol, struct span module)
{
  uint32_t h = 2166136261u; /* FNV-1a */
  for (size_t i = 0; i < symbol.length; i++)
    h = (h ^ (unsigned char)symbol.at[i]) * 16777619u;
  for (size_t i = 0; i < module.length; i++)
    h = (h ^ (unsigned char)module.at[i]) * 16777619u;
  return h % SLOTS;
}

static struct span clipped(struct span span, size_t size)
{
  if (span.length >= size)
    span.length = size - 1;
  return span;
}

/* The caller's entry, made if there is room; NULL if the table is full. */
static struct vmalloc_caller *find_caller(struct parser *p, struct span symbol,
                                          struct span module)
{
  struct vmalloc_caller *callers = p->out->callers;
  symbol = clipped(symbol, sizeof(callers->symbol));
  module = clipped(module, sizeof(callers->module));
  unsigned slot = hash(symbol, module);
  for (; p->slots[slot] != 0; slot = (slot + 1) % SLOTS) {
    struct vmalloc_caller *caller = &callers[p->slots[slot] - 1];
    if (span_is(symbol, caller->symbol) && span_is(module, caller->module))
      return caller;
  }
  if (p->out->callers_count == VMALLOC_CALLERS_KEPT)
    return NULL;
  struct vmalloc_caller *caller = &callers[p->out->callers_count++];
  p->slots[slot] = (unsigned short)p->out->callers_count;
  *caller = (struct vmalloc_caller){0};
  span_copy(symbol, caller->symbol, sizeof(caller->symbol));
  span_copy(module, caller->module, sizeof(caller->module));
  return caller;
}

static void add_pages(struct parser *p, const struct area *area)
{
  uint64_t bytes = area->pages * p->page_size;
  reading_add(&p->out->pages, bytes);
  if (vmallocinfo_caller_is_stack(area->symbol))
    reading_add(&p->out->stack_pages, bytes);
  else if (vmallocinfo_caller_is_module(area->symbol))
    reading_add(&p->out->module_pages, bytes);
  struct span symbol = area->symbol;
  if (symbol.length == 0)
    symbol = (struct span){"unknown", 7};
  struct vmalloc_caller *caller = find_caller(p, symbol, area->module);
  if (caller != NULL) {
    caller->bytes += bytes;
    caller->entries_count++;
  } else {
    p->out->other_bytes += bytes;
    p->out->other_entries_count++;
  }
}

static void add_area(struct parser *p, const struct area *area)
{
  struct vmallocinfo *out = p->out;
  if (area->unpurged) {
    reading_add(&out->unpurged_count, 1);
    reading_add(&out->unpurged_size, area->size);
    return;
  }
  reading_add(&out->entries_count, 1);
  reading_add(&out->size, area->size);
  reading_add(&out->kind_size[area->kind], area->size);
  /* Pages of a vmap area belong to somebody else (VM_MAP_PUT_PAGES, 5.10); a percpu
   * chunk is a vmalloc area without pages= (mm/vmalloc.c: pcpu_get_vm_areas). */
  if (area->kind == VMALLOC_KIND_VMALLOC && area->pages > 0)
    add_pages(p, area);
  else if (span_is(area->symbol, "pcpu_get_vm_areas"))
    reading_add(&out->percpu_size, area->size);
}

static bool is_larger(const struct vmalloc_caller *a, const struct vmalloc_caller *b)
{
  if (a->bytes != b->bytes)
    return a->bytes > b->bytes;
  int order = strcmp(a->symbol, b->symbol);
  return order < 0 || (order == 0 && strcmp(a->module, b->module) < 0);
}

/* By insertion: there are a few dozen, and qsort(3) may allocate. */
static void rank_callers(struct vmallocinfo *out)
{
  for (unsigned i = 0; i < out->callers_count; i++) {
    unsigned at = i;
    for (; at > 0; at--) {
      if (!is_larger(&out->callers[i], &out->callers[out->by_size[at - 1]]))
        break;
      out->by_size[at] = out->by_size[at - 1];
    }
    out->by_size[at] = (unsigned short)i;
  }
}

int vmallocinfo_parse(struct scan text, uint64_t page_size, struct vmallocinfo *out,
                      struct fault *fault)
{
  struct reading *readings = &out->pages;
  memset(readings, 0, VMALLOCINFO_READINGS * sizeof(*readings));
  for (size_t i = 0; i < VMALLOCINFO_READINGS; i++)
    readings[i] = reading_known(0); /* a sum over no areas is 0 */
  out->callers_count = 0;
  out->other_bytes = out->other_entries_count = 0;

  struct parser p = {.out = out, .page_size = page_size};
  struct scan line;
  unsigned bad = 0;
  while (scan_line(&text, &line)) {
    struct area area;
    const char *cause =
        parse_area(line, scan_line_is_open(&text, &line), page_size, &area);
    if (cause == NULL) {
      add_area(&p, &area);
    } else {
      bad++;
      struct scan words = line;
      fault_note(fault, line.line, scan_word(&words), cause);
    }
  }
  if (bad > 0) {
    reading_fill(readings, VMALLOCINFO_READINGS, READING_MALFORMED);
    out->callers_count = 0;
    return -EBADMSG;
  }
  rank_callers(out);
  return 0;
}
