/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/parse/vmalloc_callers.h"

#include <string.h>

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

/* Code symbols of ppc64's ABI v1 begin with a dot. */
static bool is_one_of(struct span symbol, const struct span names[], size_t count)
{
  if (symbol.length > 0 && symbol.at[0] == '.')
    symbol = (struct span){symbol.at + 1, symbol.length - 1};
  for (size_t i = 0; i < count; i++)
    if (span_equal(symbol, names[i]))
      return true;
  return false;
}

bool vmalloc_caller_is_stack(struct span symbol)
{
  return is_one_of(symbol, stack_callers, sizeof(stack_callers) / sizeof(*stack_callers));
}

bool vmalloc_caller_is_module(struct span symbol)
{
  return is_one_of(symbol, module_callers,
                   sizeof(module_callers) / sizeof(*module_callers));
}

struct span vmalloc_caller_symbol(struct span word)
{
  static const char *const suffixes[] = {".isra.", ".constprop.", ".part.",
                                         ".cold",  ".llvm.",      ".lto_priv."};
  struct span symbol = word;
  const char *plus = memchr(word.at, '+', word.length);
  if (plus != NULL)
    symbol.length = (size_t)(plus - word.at);
  const char *end = symbol.at + symbol.length, *dot = symbol.at;
  while (dot < end && (dot = memchr(dot + 1, '.', (size_t)(end - dot - 1))) != NULL) {
    struct span tail = {dot, (size_t)(end - dot)};
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++)
      if (span_starts(tail, suffixes[i])) {
        symbol.length = (size_t)(dot - symbol.at);
        return symbol;
      }
  }
  return symbol;
}

static uint32_t hash(uint32_t h, struct span span)
{
  for (size_t i = 0; i < span.length; i++)
    h = (h ^ (unsigned char)span.at[i]) * 16777619u; /* FNV-1a */
  return h;
}

unsigned short *vmalloc_caller_find(struct vmalloc_caller_index *index,
                                    const struct vmalloc_caller callers[],
                                    struct span symbol, struct span module)
{
  enum { SLOTS = sizeof(index->slots) / sizeof(*index->slots) };
  unsigned slot = hash(hash(2166136261u, symbol), module) % SLOTS;
  for (; index->slots[slot] != 0; slot = (slot + 1) % SLOTS) {
    const struct vmalloc_caller *caller = &callers[index->slots[slot] - 1];
    if (span_is(symbol, caller->symbol) && span_is(module, caller->module))
      break;
  }
  return &index->slots[slot];
}

static bool is_before(const struct vmalloc_caller *a, const struct vmalloc_caller *b)
{
  if (a->bytes != b->bytes)
    return a->bytes > b->bytes;
  int order = strcmp(a->symbol, b->symbol);
  return order < 0 || (order == 0 && strcmp(a->module, b->module) < 0);
}

/* By insertion: there are a few dozen, and qsort(3) may allocate. */
void vmalloc_callers_sort(const struct vmalloc_caller callers[], unsigned count,
                          unsigned short by_size[])
{
  for (unsigned i = 0; i < count; i++) {
    unsigned at = i;
    for (; at > 0; at--) {
      if (!is_before(&callers[i], &callers[by_size[at - 1]]))
        break;
      by_size[at] = by_size[at - 1];
    }
    by_size[at] = (unsigned short)i;
  }
}
