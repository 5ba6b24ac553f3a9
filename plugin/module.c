/* SPDX-License-Identifier: MIT */
/* collectd's callbacks: config, init, read. */
#include "config.h"
#include "dispatch.h"

#include "utils/common/common.h"
#include "utils_complain.h"

#include "meminfo_explain/complaint.h"
#include "meminfo_explain/observe.h"

static struct config config;

/* What is complained about once, until it changes. */
struct notice {
  c_complain_t complain;
  char text[256]; /* "" while nothing is wrong */
};

/* All that the read callback owns; it never overlaps itself. */
struct reader {
  struct observer observer;
  struct notice sources[SOURCE_COUNT];
  struct notice refused, pss;
};

/* A complaint whose text changed is a new one; numbers in it change all the time and do
 * not count. */
static bool is_same_complaint(const char *a, const char *b)
{
  while (*a != '\0' && *b != '\0') {
    a += strspn(a, "0123456789");
    b += strspn(b, "0123456789");
    if (*a != *b)
      return false;
    if (*a != '\0')
      a++, b++;
  }
  return *a == *b;
}

static void notice_update(struct notice *notice, const char *what, const char *text)
{
  if (text[0] == '\0') {
    c_release(LOG_INFO, &notice->complain, "meminfo_explain plugin: %s is fine again.",
              what);
    notice->text[0] = '\0';
    return;
  }
  if (!is_same_complaint(notice->text, text))
    C_COMPLAIN_INIT(&notice->complain);
  sstrncpy(notice->text, text, sizeof(notice->text));
  c_complain_once(LOG_WARNING, &notice->complain, "meminfo_explain plugin: %s", text);
}

static void report(struct reader *reader)
{
  char text[256];
  const struct sample *sample = &reader->observer.sample;
  const struct explanation *e = &reader->observer.explanation;
  for (unsigned i = 0; i < SOURCE_COUNT; i++) {
    text[0] = '\0';
    complaint(sample, i, text, sizeof(text));
    notice_update(&reader->sources[i], source_rows[i].path, text);
  }
  text[0] = '\0';
  if (e->refused != NULL)
    snprintf(text, sizeof(text), "%s; no black hole is computed", e->refused);
  notice_update(&reader->refused, "proc/meminfo", text);
  /* Only a new walk has something new to say of the processes. */
  if (sample->processes.read_count.state != READING_KNOWN || sample->pss_age > 0)
    return;
  text[0] = '\0';
  const struct decision *pss = &e->decided.pss;
  if (pss->reading.state != READING_KNOWN && pss->why != NULL)
    snprintf(text, sizeof(text), "the pss accounting is withheld: %s%s", pss->why,
             pss->reading.state == READING_DENIED
                 ? "; run as root or grant CAP_SYS_PTRACE"
                 : "");
  notice_update(&reader->pss, "the pss accounting", text);
}

static int read_callback(user_data_t *user_data)
{
  struct reader *reader = user_data->data;
  cdtime_t time = cdtime();
  int status = observe(&reader->observer, &config.collect);
  report(reader);
  dispatch(&reader->observer.sample, &reader->observer.explanation, &config, time);
  return status;
}

static void reader_free(void *data)
{
  struct reader *reader = data;
  observer_close(&reader->observer);
  free(reader);
}

static int init_callback(void)
{
  struct reader *reader = calloc(1, sizeof(*reader));
  if (reader == NULL) {
    P_ERROR("out of memory.");
    return ENOMEM;
  }
  int status = observer_open(config.root, &reader->observer);
  if (status != 0) {
    P_ERROR("Root \"%s\": %s.", config.root, STRERROR(-status));
    free(reader);
    return -status;
  }
  dispatch_register_types(&config);
  /* The daemon frees the user data, also when the registration fails. */
  return plugin_register_complex_read(
      NULL, "meminfo_explain", read_callback, 0,
      &(user_data_t){.data = reader, .free_func = reader_free});
}

static int config_callback(oconfig_item_t *block)
{
  config_apply(block, &config);
  return 0;
}

__attribute__((visibility("default"))) void module_register(void)
{
  config = config_default;
  plugin_register_complex_config("meminfo_explain", config_callback);
  plugin_register_init("meminfo_explain", init_callback);
}
