/* SPDX-License-Identifier: MIT */
#include "collectd_mock.h"

#include "suite.h"
#include "utils/common/common.h"

#include <dlfcn.h>
#include <unistd.h>

#define DISPATCHED_MAX 1024
#define LOGS_MAX       256
#define TYPES_MAX      16

static struct {
  void *handle;
  char *base_dir; /* the working directory, from load to shutdown */
  int (*config)(oconfig_item_t *);
  plugin_init_cb init;
  plugin_read_cb read;
  user_data_t user_data;
  struct mock_dispatched dispatched[DISPATCHED_MAX];
  size_t dispatched_count;
  struct mock_log logs[LOGS_MAX];
  size_t logs_count;
  data_set_t types[TYPES_MAX];
  data_source_t sources[TYPES_MAX];
  size_t types_count;
  cdtime_t now;
} mock;

/* --- what the daemon offers to plugins ---------------------------------------------- */

int plugin_register_complex_config(const char *type, int (*callback)(oconfig_item_t *))
{
  ck_assert_str_eq(type, "meminfo_explain");
  mock.config = callback;
  return 0;
}

int plugin_register_init(const char *name, plugin_init_cb callback)
{
  ck_assert_str_eq(name, "meminfo_explain");
  mock.init = callback;
  return 0;
}

int plugin_register_complex_read(const char *group, const char *name,
                                 plugin_read_cb callback, cdtime_t interval,
                                 user_data_t const *user_data)
{
  (void)group, (void)interval;
  /* The daemon removes the read callback of the init callback's name if init fails. */
  ck_assert_str_eq(name, "meminfo_explain");
  mock.read = callback;
  mock.user_data = *user_data;
  return 0;
}

const data_set_t *plugin_get_ds(const char *name)
{
  for (size_t i = 0; i < mock.types_count; i++)
    if (strcmp(mock.types[i].type, name) == 0)
      return &mock.types[i];
  return NULL;
}

void mock_type_define(const char *name, const char *source, double min)
{
  ck_assert_uint_lt(mock.types_count, TYPES_MAX);
  size_t slot = mock.types_count++;
  mock.sources[slot] = (data_source_t){.type = DS_TYPE_GAUGE, .min = min, .max = NAN};
  snprintf(mock.sources[slot].name, sizeof(mock.sources[slot].name), "%s", source);
  mock.types[slot] = (data_set_t){.ds_num = 1, .ds = &mock.sources[slot]};
  snprintf(mock.types[slot].type, sizeof(mock.types[slot].type), "%s", name);
}

int plugin_register_data_set(const data_set_t *set)
{
  ck_assert_ptr_null(plugin_get_ds(set->type));
  ck_assert_uint_eq(set->ds_num, 1);
  mock_type_define(set->type, set->ds[0].name, set->ds[0].min);
  return 0;
}

int plugin_dispatch_values(value_list_t const *list)
{
  ck_assert_uint_lt(mock.dispatched_count, DISPATCHED_MAX);
  ck_assert_uint_eq(list->values_len, 1);
  ck_assert_msg(plugin_get_ds(list->type) != NULL, "unknown type %s", list->type);
  struct mock_dispatched *slot = &mock.dispatched[mock.dispatched_count++];
  slot->list = *list;
  slot->value = list->values[0];
  return 0;
}

char *hostname_g = "testhost";

int plugin_dispatch_notification(const notification_t *notification)
{
  daemon_log(LOG_NOTICE, "notification %d: %s", notification->severity,
             notification->message);
  return 0;
}

cdtime_t plugin_get_interval(void)
{
  return DOUBLE_TO_CDTIME_T(10);
}

void mock_time(cdtime_t now)
{
  mock.now = now;
}

cdtime_t cdtime(void)
{
  return ++mock.now;
}

char *sstrncpy(char *to, const char *from, size_t size)
{
  strncpy(to, from, size - 1);
  to[size - 1] = '\0';
  return to;
}

char *sstrerror(int error, char *out, size_t size)
{
  snprintf(out, size, "error %d", error);
  return out;
}

static void log_add(int level, const char *format, va_list arguments)
{
  ck_assert_uint_lt(mock.logs_count, LOGS_MAX);
  struct mock_log *log = &mock.logs[mock.logs_count++];
  log->level = level;
  vsnprintf(log->text, sizeof(log->text), format, arguments);
}

void daemon_log(int level, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  log_add(level, format, arguments);
  va_end(arguments);
}

void plugin_log(int level, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  log_add(level, format, arguments);
  va_end(arguments);
}

/* --- the driver ----------------------------------------------------------------------
 */

void mock_types_forget(void)
{
  mock.types_count = 0;
}

void mock_load(const char *path)
{
  static const struct {
    const char *name, *source;
  } stock[] = {{"bytes", "value"},
               {"percent", "value"},
               {"count", "value"},
               {"duration", "seconds"}};
  mock_types_forget(); /* of an earlier daemon */
  for (size_t i = 0; i < sizeof(stock) / sizeof(*stock); i++)
    mock_type_define(stock[i].name, stock[i].source, 0);
  mock_type_define("gauge", "value", NAN);
  mock.base_dir = tree_make();
  ck_assert_int_eq(chdir(mock.base_dir), 0);
  mock.handle = dlopen(path, RTLD_NOW);
  ck_assert_msg(mock.handle != NULL, "%s", dlerror());
  /* POSIX lets dlsym return functions; ISO C has no conversion for it. */
  union {
    void *object;
    void (*function)(void);
  } entry = {.object = dlsym(mock.handle, "module_register")};
  ck_assert_msg(entry.object != NULL, "%s", dlerror());
  entry.function();
}

static void option_value(char *text, oconfig_value_t *out)
{
  if (text[0] == '"') {
    text[strlen(text) - 1] = '\0';
    *out = (oconfig_value_t){.value.string = text + 1, .type = OCONFIG_TYPE_STRING};
  } else if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0) {
    *out =
        (oconfig_value_t){.value.boolean = text[0] == 't', .type = OCONFIG_TYPE_BOOLEAN};
  } else {
    *out = (oconfig_value_t){.value.number = strtod(text, NULL),
                             .type = OCONFIG_TYPE_NUMBER};
  }
}

int mock_config(const char *text)
{
  enum { OPTIONS_MAX = 16 };
  oconfig_item_t items[OPTIONS_MAX] = {0};
  oconfig_value_t values[OPTIONS_MAX];
  oconfig_item_t block = {.key = "Plugin", .children = items};
  char *copy = strdup(text), *rest = copy;
  for (char *line; (line = strsep(&rest, "\n")) != NULL && *line != '\0';) {
    int slot = block.children_num++;
    ck_assert_int_lt(slot, OPTIONS_MAX);
    items[slot].key = strsep(&line, " ");
    items[slot].values = &values[slot];
    items[slot].values_num = line != NULL ? 1 : 0;
    if (line != NULL)
      option_value(line, &values[slot]);
  }
  int status = mock.config(&block);
  free(copy);
  return status;
}

int mock_init(void)
{
  return mock.init();
}

int mock_read(void)
{
  mock.dispatched_count = 0;
  mock.logs_count = 0;
  ck_assert(mock.read != NULL);
  return mock.read(&mock.user_data);
}

void mock_shutdown(void)
{
  if (mock.user_data.free_func != NULL)
    mock.user_data.free_func(mock.user_data.data);
  mock.user_data = (user_data_t){0};
  mock.read = NULL;
  ck_assert_int_eq(chdir("/"), 0);
  tree_remove(mock.base_dir);
}

size_t mock_dispatched_count(void)
{
  return mock.dispatched_count;
}

const struct mock_dispatched *mock_dispatched_at(size_t index)
{
  return &mock.dispatched[index];
}

const struct mock_dispatched *mock_find(const char *identifier)
{
  for (size_t i = 0; i < mock.dispatched_count; i++) {
    const value_list_t *list = &mock.dispatched[i].list;
    char name[4 * DATA_MAX_NAME_LEN];
    snprintf(name, sizeof(name), "%s/%s-%s", list->plugin_instance, list->type,
             list->type_instance);
    if (strcmp(name, identifier) == 0)
      return &mock.dispatched[i];
  }
  return NULL;
}

void mock_lines(struct lines *lines)
{
  for (size_t i = 0; i < mock.dispatched_count; i++) {
    const value_list_t *list = &mock.dispatched[i].list;
    char line[512];
    if (strcmp(list->type, "duration") == 0)
      continue;
    golden_format(list->plugin_instance, list->type, list->type_instance,
                  mock.dispatched[i].value.gauge, line, sizeof(line));
    lines_add(lines, line);
  }
  lines_sort(lines);
}

size_t mock_log_count(void)
{
  return mock.logs_count;
}

const struct mock_log *mock_log_at(size_t index)
{
  return &mock.logs[index];
}

size_t mock_logged(const char *text)
{
  size_t found = 0;
  for (size_t i = 0; i < mock.logs_count; i++)
    found += strstr(mock.logs[i].text, text) != NULL;
  return found;
}

void mock_log_forget(void)
{
  mock.logs_count = 0;
}
