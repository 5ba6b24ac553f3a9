/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "utils/common/common.h"

void config_init(struct config *config)
{
  *config = (struct config){
#define OPTION(name, kind, member, value, ...) .member = value,
#include "meminfo_explain/tables/options.def"
#define GROUPING(name, ...) .publish.names[GROUPING_##name] = PUBLISHER_NAMES_BY_ROW,
#include "meminfo_explain/tables/groupings.def"
  };
}

enum option_kind {
  OPTION_PATH,
  OPTION_BOOLEAN,
  OPTION_UNSIGNED,
  OPTION_U64,
  OPTION_DOUBLE
};

static const struct option {
  const char *name;
  enum option_kind kind;
  size_t offset; /* in struct config */
  double min, max;
} options[] = {
#define OPTION(name, kind, member, value, min, max, ...)                                 \
  {#name, OPTION_##kind, offsetof(struct config, member), min, max},
#include "meminfo_explain/tables/options.def"
#define GROUPING(name, source, view, option, ...)                                        \
  {#option, OPTION_UNSIGNED,                                                             \
   offsetof(struct config, publish.names) + GROUPING_##name * sizeof(unsigned), 0,       \
   TOP_N_SHOWN_MAX},
#include "meminfo_explain/tables/groupings.def"
};

static int apply_path(const oconfig_item_t *item, char *out)
{
  if (item->values_num != 1 || item->values[0].type != OCONFIG_TYPE_STRING ||
      item->values[0].value.string[0] == '\0' ||
      strlen(item->values[0].value.string) >= PATH_MAX)
    return EINVAL;
  sstrncpy(out, item->values[0].value.string, PATH_MAX);
  return 0;
}

static int apply_boolean(const oconfig_item_t *item, bool *out)
{
  if (item->values_num != 1 || item->values[0].type != OCONFIG_TYPE_BOOLEAN)
    return EINVAL;
  *out = item->values[0].value.boolean != 0;
  return 0;
}

static int number_of(const oconfig_item_t *item, const struct option *option, double *out)
{
  if (item->values_num != 1 || item->values[0].type != OCONFIG_TYPE_NUMBER)
    return EINVAL;
  double number = item->values[0].value.number;
  if (!(number >= option->min && number <= option->max))
    return ERANGE;
  bool whole = number == (double)(uint64_t)number;
  if (option->kind != OPTION_DOUBLE && !whole)
    return EINVAL;
  *out = number;
  return 0;
}

static int apply_number(const oconfig_item_t *item, const struct option *option,
                        void *out)
{
  double number;
  int status = number_of(item, option, &number);
  if (status != 0)
    return status;
  if (option->kind == OPTION_DOUBLE)
    *(double *)out = number;
  else if (option->kind == OPTION_U64)
    *(uint64_t *)out = (uint64_t)number;
  else
    *(unsigned *)out = (unsigned)number;
  return 0;
}

static void apply_option(const oconfig_item_t *item, const struct option *option,
                         struct config *config)
{
  static const char *const wants[] = {[OPTION_PATH] = "one quoted path",
                                      [OPTION_BOOLEAN] = "true or false",
                                      [OPTION_UNSIGNED] = "one whole number",
                                      [OPTION_U64] = "one whole number",
                                      [OPTION_DOUBLE] = "one number"};
  void *out = (char *)config + option->offset;
  int status;
  if (option->kind == OPTION_PATH)
    status = apply_path(item, out);
  else if (option->kind == OPTION_BOOLEAN)
    status = apply_boolean(item, out);
  else
    status = apply_number(item, option, out);
  if (status == ERANGE)
    P_ERROR("option \"%s\" must be between %g and %g; value unchanged.", option->name,
            option->min, option->max);
  else if (status != 0)
    P_ERROR("option \"%s\" must be %s; value unchanged.", option->name,
            wants[option->kind]);
}

void config_apply(const oconfig_item_t *block, struct config *config)
{
  for (int i = 0; i < block->children_num; i++) {
    const oconfig_item_t *item = &block->children[i];
    size_t row = 0;
    while (row < STATIC_ARRAY_SIZE(options) &&
           strcasecmp(options[row].name, item->key) != 0)
      row++;
    if (row < STATIC_ARRAY_SIZE(options))
      apply_option(item, &options[row], config);
    else
      P_ERROR("Invalid configuration option: \"%s\".", item->key);
  }
}
