/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/collect/groupings.h"

#include <string.h>

/* --- rows: a total and members each ------------------------------------------------- */

static struct reading vmalloc_callers_total(const struct sample *sample)
{
  return sample->vmallocinfo.pages;
}

static bool vmalloc_callers_member(const struct sample *sample, unsigned n,
                                   struct grouping_member *out)
{
  const struct vmallocinfo *info = &sample->vmallocinfo;
  if (n >= info->callers_count)
    return false;
  const struct vmalloc_caller *caller = &info->callers[info->by_size[n]];
  *out = (struct grouping_member){.bytes = caller->bytes, .count = caller->entries_count};
  memcpy(out->name, caller->symbol, sizeof(caller->symbol));
  memcpy(out->qualifier, caller->module, sizeof(caller->module));
  return true;
}

/* Absent where the kernel can count allocations by site but does not: all are 0 then. */
static struct reading allocation_sites_total(const struct sample *sample)
{
  const struct allocinfo *info = &sample->allocinfo;
  if (is_known(info->total) && info->total.value == 0)
    return reading_missing(READING_ABSENT);
  return info->place[ALLOCINFO_BLACK_HOLE];
}

static bool copy_site(const struct allocinfo_site *site, struct grouping_member *out)
{
  *out = (struct grouping_member){.bytes = site->bytes, .count = site->calls_count};
  memcpy(out->name, site->function, sizeof(site->function));
  memcpy(out->qualifier, site->module, sizeof(site->module));
  memcpy(out->detail, site->file, sizeof(site->file));
  return true;
}

static bool allocation_sites_member(const struct sample *sample, unsigned n,
                                    struct grouping_member *out)
{
  const struct allocinfo *info = &sample->allocinfo;
  return n < info->sites_listed && copy_site(&info->sites[n], out);
}

static struct reading user_sites_total(const struct sample *sample)
{
  const struct reading sites = allocation_sites_total(sample);
  return is_known(sites) ? sample->allocinfo.place[ALLOCINFO_USER] : sites;
}

static bool user_sites_member(const struct sample *sample, unsigned n,
                              struct grouping_member *out)
{
  const struct allocinfo *info = &sample->allocinfo;
  return n < info->user_sites_listed && copy_site(&info->user_sites[n], out);
}

/* --- all rows -------------------------------------------------------------------------
 */

const struct grouping_row grouping_rows[GROUPING_COUNT] = {
#define JSON_OF(object, list, ...)                                                       \
  {                                                                                      \
    object, list,                                                                        \
    {                                                                                    \
      __VA_ARGS__                                                                        \
    }                                                                                    \
  }
#define GROUPING(row, from, view_, option_, names_, all, member_, title_, count, keys,   \
                 ...)                                                                    \
  {.name = #row,                                                                         \
   .view = #view_,                                                                       \
   .option = #option_,                                                                   \
   .names = (names_),                                                                    \
   .all_names = (all),                                                                   \
   .member = (member_),                                                                  \
   .title = (title_),                                                                    \
   .counted = (count),                                                                   \
   .source = SOURCE_##from,                                                              \
   .json = JSON_OF keys},
#include "meminfo_explain/tables/groupings.def"
};

static const struct {
  struct reading (*total)(const struct sample *);
  bool (*member)(const struct sample *, unsigned n, struct grouping_member *);
} functions[GROUPING_COUNT] = {
#define GROUPING(name, ...)      {name##_total, name##_member},
#define FILE_GROUPING(name, ...) {NULL, NULL},
#include "meminfo_explain/tables/groupings.def"
};

struct reading grouping_total(const struct sample *sample, enum grouping grouping)
{
  const struct grouping_list *list = sample->groupings[grouping];
  if (functions[grouping].total != NULL)
    return functions[grouping].total(sample);
  return list != NULL ? list->total : reading_missing(READING_ABSENT);
}

bool grouping_member(const struct sample *sample, enum grouping grouping, unsigned n,
                     struct grouping_member *out)
{
  const struct grouping_list *list = sample->groupings[grouping];
  if (functions[grouping].member != NULL)
    return functions[grouping].member(sample, n, out);
  if (list == NULL || n >= list->count)
    return false;
  *out = list->members[n];
  return true;
}
