/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/collect/groupings.h"
#include "meminfo_explain/report/sentences.h"
#include "output.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* jansson omits what it has no memory for without an error, so failures are noted here.
 */
static bool out_of_memory;

static void *allocate(size_t size)
{
  void *block = malloc(size);
  out_of_memory |= block == NULL;
  return block;
}

static json_t *json_amount(struct amount amount)
{
  return is_known(amount) ? json_integer(amount.value) : json_null();
}

static json_t *json_reading(struct reading reading)
{
  return is_known(reading) ? json_integer((json_int_t)reading.value) : json_null();
}

static json_t *json_percentage(struct percentage share)
{
  return is_known(share) ? json_real(share.percent) : json_null();
}

/* null for NULL and for "". */
static json_t *json_text(const char *text)
{
  return text != NULL && text[0] != '\0' ? json_string(text) : json_null();
}

static json_t *json_terms(const struct explanation *e, enum term_view view)
{
  json_t *object = json_object();
  for (size_t i = 0; i < TERM_COUNT; i++)
    if (term_rows[i].view == view)
      json_object_set_new(object, term_rows[i].name, json_amount(e->terms[i]));
  return object;
}

static json_t *json_user(const struct explanation *e)
{
  json_t *object = json_object();
  for (unsigned m = 0; m < ACCOUNTING_COUNT; m++)
    json_object_set_new(object, accounting_name(m), json_terms(e, accounting_view(m)));
  return object;
}

static json_t *json_black_hole(const struct explanation *e)
{
  const struct black_hole *hole = &e->black_hole;
  json_t *object = json_object();
  for (unsigned i = 0; i < HOLE_COUNT; i++)
    json_object_set_new(object, hole_rows[i].name, json_amount(hole_amount(hole, i)));
  json_object_set_new(object, "at_least", json_amount(hole->range.least));
  json_object_set_new(object, "at_most", json_amount(hole->range.most));
  json_object_set_new(object, "unexplained_at_least",
                      json_amount(hole->unexplained_range.least));
  json_object_set_new(object, "unexplained_at_most",
                      json_amount(hole->unexplained_range.most));
  json_object_set_new(object, "estimate_from",
                      is_known(hole->estimate)
                          ? json_string(accounting_name(hole->estimate_from))
                          : json_null());
  json_object_set_new(object, "percent", json_percentage(hole->share));
  json_object_set_new(object, "refused", json_text(e->refused));
  return object;
}

static json_t *json_identities(const struct explanation *e)
{
  json_t *object = json_object();
  for (size_t i = 0; i < IDENTITY_COUNT; i++) {
    const struct identity_result *result = &e->identities[i];
    json_t *identity = json_object();
    json_object_set_new(identity, "residual", json_amount(result->residual));
    json_object_set_new(identity, "tolerance", json_integer(result->tolerance));
    json_object_set_new(identity, "holds",
                        result->judged ? json_boolean(result->holds) : json_null());
    json_object_set_new(object, identity_rows[i].name, identity);
  }
  return object;
}

static json_t *json_detail(const struct explanation *e)
{
  json_t *object = json_terms(e, TERM_VIEW_DETAIL);
  json_object_set_new(object, "removed", json_reading(e->removed));
  json_object_set_new(object, "mem_available",
                      json_amount(e->terms[TERM_TOTAL_mem_available]));
  for (size_t i = 0; i < RATIO_COUNT; i++) {
    char key[64];
    snprintf(key, sizeof(key), "%s_percent", ratio_rows[i].name);
    json_object_set_new(object, key, json_percentage(e->ratios[i]));
  }
  return object;
}

static json_t *json_meminfo(const struct meminfo *meminfo)
{
  json_t *object = json_object();
  for (size_t i = 0; i < MEMINFO_FIELD_COUNT; i++)
    if (meminfo->fields[i].state != READING_ABSENT)
      json_object_set_new(object, meminfo_rows[i].key, json_reading(meminfo->fields[i]));
  for (size_t i = 0; i < meminfo->others_count && i < MEMINFO_OTHERS_MAX; i++)
    json_object_set_new(object, meminfo->others[i].key,
                        json_reading(meminfo->others[i].value));
  return object;
}

/* Bytes of vmalloc by the module of the caller. */
static json_t *json_modules(const struct vmallocinfo *info)
{
  json_t *object = json_object();
  for (unsigned i = 0; i < info->callers_count; i++) {
    const struct vmalloc_caller *caller = &info->callers[info->by_size[i]];
    if (caller->module[0] == '\0')
      continue;
    json_int_t sum = json_integer_value(json_object_get(object, caller->module));
    json_object_set_new(object, caller->module,
                        json_integer(sum + (json_int_t)caller->bytes));
  }
  return object;
}

/* Code and data of the modules: `pages` in vmalloc, `size` by /proc/modules, `rounding`
 * to whole pages and blocks, and `guards`, address space of a guard page for each area.
 */
static json_t *json_module_images(const struct sample *sample)
{
  const struct reading pages = sample->vmallocinfo.module_pages;
  const struct reading space = sample->vmallocinfo.module_size;
  const struct reading size = sample->modules.size;
  bool both = is_known(pages) && is_known(size);
  json_t *object = json_object();
  json_object_set_new(object, "count", json_reading(sample->modules.modules_count));
  json_object_set_new(object, "pages", json_reading(pages));
  json_object_set_new(object, "size", json_reading(size));
  json_object_set_new(object, "rounding",
                      both
                          ? json_integer((json_int_t)pages.value - (json_int_t)size.value)
                          : json_null());
  json_object_set_new(object, "guards",
                      is_known(space)
                          ? json_integer((json_int_t)(space.value - pages.value))
                          : json_null());
  return object;
}

/* Address space by kind. */
static json_t *json_space(const struct vmallocinfo *info)
{
  json_t *object = json_object();
  for (unsigned kind = 0; kind < VMALLOC_KIND_COUNT; kind++)
    json_object_set_new(object, vmallocinfo_kind_name(kind),
                        json_reading(info->kind_size[kind]));
  return object;
}

static void set_text(json_t *object, const char *key, const char *text)
{
  if (key != NULL && key[0] != '\0')
    json_object_set_new(object, key, json_text(text));
}

static void set_number(json_t *object, const char *key, uint64_t number)
{
  if (key != NULL && key[0] != '\0')
    json_object_set_new(object, key, json_integer((json_int_t)number));
}

/* The members of a grouping, largest first. */
static json_t *json_members(const struct sample *sample, enum grouping grouping)
{
  const char *const *keys = grouping_rows[grouping].json.keys;
  json_t *array = json_array();
  struct grouping_member member;
  for (unsigned n = 0; grouping_member(sample, grouping, n, &member); n++) {
    json_t *object = json_object();
    json_object_set_new(object, keys[GROUPING_KEY_NAME], json_string(member.name));
    set_text(object, keys[GROUPING_KEY_QUALIFIER], member.qualifier);
    set_text(object, keys[GROUPING_KEY_DETAIL], member.detail);
    set_number(object, "bytes", member.bytes);
    set_number(object, keys[GROUPING_KEY_COUNT], member.count);
    for (unsigned i = 0; i < GROUPING_EXTRAS_MAX; i++)
      set_number(object, keys[GROUPING_KEY_EXTRA + i], member.extra[i]);
    json_array_append_new(array, object);
  }
  return array;
}

static json_t *json_vmalloc(const struct sample *sample)
{
  const struct vmallocinfo *info = &sample->vmallocinfo;
  json_t *object = json_object();
  struct reading pages = info->pages;
  pages.value /= sample->page_size;
  json_object_set_new(object, "pages", json_reading(pages));
  json_object_set_new(object, "bytes", json_reading(info->pages));
  json_object_set_new(object, "entries", json_reading(info->entries_count));
  json_object_set_new(object, "unpurged", json_reading(info->unpurged_count));
  json_object_set_new(object, "other_bytes", json_integer((json_int_t)info->other_bytes));
  json_object_set_new(object, "modules", json_modules(info));
  json_object_set_new(object, "module_images", json_module_images(sample));
  json_object_set_new(object, "space", json_space(info));
  json_object_set_new(object, "age_seconds",
                      json_real(sample->sources[SOURCE_vmallocinfo].age));
  return object;
}

static json_t *json_allocinfo(const struct sample *sample)
{
  const struct allocinfo *info = &sample->allocinfo;
  json_t *object = json_object();
  for (unsigned place = 0; place < ALLOCINFO_PLACE_COUNT; place++)
    json_object_set_new(object, allocinfo_place_name(place),
                        json_reading(info->place[place]));
  json_object_set_new(object, "total", json_reading(info->total));
  json_object_set_new(object, "lines", json_reading(info->sites_count));
  json_object_set_new(object, "inaccurate_lines", json_reading(info->inaccurate_count));
  return object;
}

/* Adds each list of members to the object that its row names. */
static void add_groupings(json_t *root, const struct sample *sample)
{
  for (unsigned i = 0; i < GROUPING_COUNT; i++) {
    const char *name = grouping_rows[i].json.object;
    json_t *object = json_object_get(root, name);
    if (object == NULL && json_object_set_new(root, name, json_object()) == 0)
      object = json_object_get(root, name);
    /* Then lists of vmalloc and allocinfo are empty; other members show the reason. */
    const bool is_missing =
        !is_known(grouping_total(sample, i)) && strcmp(name, "owners") == 0;
    json_object_set_new(object, grouping_rows[i].json.list,
                        is_missing ? json_null() : json_members(sample, i));
  }
}

static json_t *json_hung(const struct sample *sample)
{
  json_t *array = json_array();
  for (int i = 0; i < HUNG_MAX; i++)
    if (sample->hung[i].pid != 0)
      json_array_append_new(array, json_integer(sample->hung[i].pid));
  return array;
}

static json_t *json_capabilities(uint64_t capabilities)
{
  json_t *array = json_array();
  for (unsigned i = 0; i < 64; i++)
    if (capabilities >> i & 1 && capability_name(i) != NULL)
      json_array_append_new(array, json_string(capability_name(i)));
  return array;
}

static json_t *json_denied(const struct sample *sample)
{
  json_t *array = json_array();
  for (int i = 0; i < DENIED_MAX && sample->denied[i].pid != 0; i++) {
    const struct denied_process *denied = &sample->denied[i];
    json_t *object = json_object();
    json_object_set_new(object, "pid", json_integer(denied->pid));
    json_object_set_new(object, "name", json_text(denied->name));
    json_object_set_new(object, "rss", json_integer((json_int_t)denied->rss));
    json_object_set_new(object, "reason", json_string(denial_name(denied->reason)));
    json_object_set_new(object, "lacking", json_capabilities(denied->lacks));
    json_array_append_new(array, object);
  }
  return array;
}

static json_t *json_pss(const struct sample *sample, const struct explanation *e)
{
  const struct processes *p = &sample->processes;
  const struct {
    const char *key;
    struct reading reading;
  } members[] = {
      {"processes", p->read_count},
      {"denied", p->denied_count},
      {"kernel_threads", p->kernel_thread_count},
      {"zombies", p->zombie_count},
      {"no_mm", p->no_mm_count},
      {"vanished", p->vanished_count},
      {"malformed", p->malformed_count},
      {"twins", p->twin_count},
      {"estimated", p->guessed_count},
      {"too_large", p->large_count},
      {"not_yet_seen", p->new_count},
      {"read_in_last_pass", p->fresh_count},
      {"pss", p->pss},
      {"pss_anon", p->pss_anon},
      {"pss_file", p->pss_file},
      {"pss_shmem", p->pss_shmem},
      {"swap_pss", p->swap_pss},
      {"hugetlb_private", p->hugetlb_private},
      {"hugetlb_shared", p->hugetlb_shared},
      {"estimated_bytes", p->estimated},
      {"rss", p->rss},
      {"unread_rss", p->unread_rss},
      {"unlisted", p->unlisted},
      {"error", p->error},
      {"error_unread", p->unread_rss},
      {"error_unlisted", p->unlisted},
      {"error_estimates", p->guess_error},
      {"error_stale", p->stale},
      {"error_moved", p->moved},
      {"error_rounding", p->rounding},
  };
  json_t *object = json_object();
  for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
    json_object_set_new(object, members[i].key, json_reading(members[i].reading));
  json_object_set_new(object, "coverage_percent", json_percentage(e->pss_coverage));
  json_object_set_new(object, "hung", json_hung(sample));
  json_object_set_new(object, "denied_processes", json_denied(sample));
  return object;
}

/* The worst state of the sources of a path, leaving out those that were not read. */
static enum reading_state state_of_path(const struct sample *sample, const char *path)
{
  enum reading_state state = READING_ABSENT;
  bool was_read = false;
  for (size_t i = 0; i < SOURCE_COUNT; i++) {
    const struct source_status *status = &sample->sources[i];
    if (strcmp(source_rows[i].path, path) != 0 ||
        (status->state == READING_ABSENT && status->error == 0))
      continue;
    state = was_read ? reading_state_join(state, status->state) : status->state;
    was_read = true;
  }
  return state;
}

static json_t *json_sources(const struct sample *sample)
{
  json_t *object = json_object();
  for (size_t i = 0; i < SOURCE_COUNT; i++) {
    const char *path = source_rows[i].path;
    json_object_set_new(object, path,
                        json_string(reading_state_name(state_of_path(sample, path))));
  }
  return object;
}

static json_t *json_quality(const struct sample *sample, const struct explanation *e)
{
  json_t *object = json_object();
  json_object_set_new(object, "retries", json_integer(sample->retries));
  json_object_set_new(object, "tear", json_reading(e->decided.tear.reading));
  json_object_set_new(object, "read_seconds", json_real(sample->read_seconds));
  json_object_set_new(object, "pss_seconds", json_real(sample->pss_seconds));
  json_object_set_new(object, "pss_age", json_real(sample->pss_age));
  return object;
}

static json_t *json_decisions(const struct explanation *e)
{
  json_t *object = json_object();
  for (unsigned i = 0; i < DECISION_COUNT; i++) {
    const struct decision *decision = &e->decided.all[i];
    if (decision->why != NULL)
      json_object_set_new(object, decision_name(i), json_string(decision->why));
  }
  return object;
}

static json_t *json_report(const struct observer *observer)
{
  struct sentence sentences[RULE_COUNT];
  unsigned count = sentences_make(&observer->sample, &observer->explanation,
                                  &observer->first, sentences);
  json_t *array = json_array();
  for (unsigned i = 0; i < count; i++) {
    json_t *object = json_object();
    json_object_set_new(object, "rule", json_string(rule_rows[sentences[i].rule].name));
    json_object_set_new(object, "text", json_string(sentences[i].text));
    json_object_set_new(object, "next", json_text(sentences[i].next));
    json_array_append_new(array, object);
  }
  return array;
}

int json_print(const struct observer *observer, FILE *out)
{
  const struct sample *sample = &observer->sample;
  const struct explanation *e = &observer->explanation;
  out_of_memory = false;
  json_set_alloc_funcs(allocate, free);
  json_t *root = json_object();
  json_object_set_new(root, "version", json_integer(1));
  json_object_set_new(root, "page_size", json_integer((json_int_t)sample->page_size));
  json_object_set_new(root, "mem_total", json_amount(e->terms[TERM_TOTAL_mem_total]));
  json_object_set_new(root, "free", json_terms(e, TERM_VIEW_FREE));
  json_object_set_new(root, "kernel", json_terms(e, TERM_VIEW_KERNEL));
  json_object_set_new(root, "user", json_user(e));
  json_object_set_new(root, "black_hole", json_black_hole(e));
  json_object_set_new(root, "hidden", json_terms(e, TERM_VIEW_HIDDEN));
  json_object_set_new(root, "inside", json_terms(e, TERM_VIEW_INSIDE));
  json_object_set_new(root, "outside", json_terms(e, TERM_VIEW_OUTSIDE));
  json_object_set_new(root, "upper_bound", json_terms(e, TERM_VIEW_UPPER_BOUND));
  json_object_set_new(root, "identities", json_identities(e));
  json_object_set_new(root, "detail", json_detail(e));
  json_object_set_new(root, "meminfo", json_meminfo(&sample->meminfo));
  json_object_set_new(root, "vmalloc", json_vmalloc(sample));
  json_object_set_new(root, "allocinfo", json_allocinfo(sample));
  add_groupings(root, sample);
  json_object_set_new(root, "pss", json_pss(sample, e));
  json_object_set_new(root, "sources", json_sources(sample));
  json_object_set_new(root, "quality", json_quality(sample, e));
  json_object_set_new(root, "decisions", json_decisions(e));
  json_object_set_new(root, "report", json_report(observer));
  char *text = json_dumps(root, JSON_COMPACT);
  json_decref(root);
  int status = -ENOMEM;
  if (!out_of_memory && text != NULL)
    status = fprintf(out, "%s\n", text) < 0 ? -errno : output_end(out);
  free(text);
  return status;
}
