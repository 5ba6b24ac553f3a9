/* SPDX-License-Identifier: MIT */
/* collectd's callbacks: config, init, read. */
#include "alarm.h"
#include "config.h"
#include "dispatch.h"

#include "utils/common/common.h"
#include "utils_complain.h"

#include "meminfo_explain/collect/diagnostic.h"
#include "meminfo_explain/explain/observe.h"

static struct config config;

/* What is complained about once, until it changes. Its end is told once it lasts: for
 * longer the more often it came back soon. */
struct notice {
  c_complain_t complain;
  char text[256];         /* "" while nothing is wrong */
  unsigned clear_samples; /* in a row without it */
  unsigned hold;          /* clear samples that do not yet end it */
  unsigned backoff;       /* samples left in which a return lengthens hold */
};
enum { HOLD_MAX = 60 }; /* samples; the longest */

/* All that the read callback owns; it never overlaps itself. */
struct reader {
  struct observer observer;
  struct publisher publisher;
  struct alarm *alarm; /* NULL: off */
  struct notice sources[SOURCE_COUNT];
  struct notice refused, unlisted, pss;
  unsigned withheld,
      clear_samples;       /* samples in a row without and with the pss accounting */
  bool transient;          /* what was said of it would pass by itself */
  uint32_t hung[HUNG_MAX]; /* processes that were named */
  char lines[MEMINFO_OTHERS_KEPT]
            [sizeof(((struct meminfo_other *)0)->key)]; /* likewise */
  unsigned lines_count;
  bool callers_exhausted, sites_exhausted; /* it was said */
};

/* Behind numbers, and behind how many more there are. */
static const char *skip_numbers(const char *at)
{
  static const char head[] = " (and ", tail[] = " more)";
  at += strspn(at, "0123456789");
  if (strncmp(at, head, sizeof(head) - 1) != 0)
    return at;
  const char *end = at + sizeof(head) - 1;
  end += strspn(end, "0123456789");
  return strncmp(end, tail, sizeof(tail) - 1) == 0 ? end + sizeof(tail) - 1 : at;
}

/* A complaint whose text changed is a new one; numbers in it change all the time and do
 * not count. */
static bool is_same_complaint(const char *a, const char *b)
{
  while (*a != '\0' && *b != '\0') {
    a = skip_numbers(a);
    b = skip_numbers(b);
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
    notice->backoff -= notice->backoff > 0;
    if (notice->text[0] == '\0' || notice->clear_samples++ < notice->hold)
      return;
    notice->backoff = HOLD_MAX;
    c_release(LOG_INFO, &notice->complain, "meminfo_explain plugin: %s is fine again.",
              what);
    notice->text[0] = '\0';
    return;
  }
  if (notice->text[0] == '\0')
    notice->hold = notice->backoff == 0          ? 0
                   : notice->hold < HOLD_MAX / 2 ? 2 * notice->hold + 1
                                                 : HOLD_MAX;
  notice->clear_samples = 0;
  if (!is_same_complaint(notice->text, text))
    C_COMPLAIN_INIT(&notice->complain);
  sstrncpy(notice->text, text, sizeof(notice->text));
  c_complain_once(LOG_WARNING, &notice->complain, "meminfo_explain plugin: %s", text);
}

static bool names(const uint32_t hung[HUNG_MAX], uint32_t pid)
{
  for (int i = 0; i < HUNG_MAX; i++)
    if (hung[i] == pid)
      return true;
  return false;
}

/* Each process that hangs is named once, and once more when it has come back. */
static void report_hung(struct reader *reader)
{
  uint32_t hung[HUNG_MAX];
  for (int i = 0; i < HUNG_MAX; i++)
    hung[i] = reader->observer.sample.hung[i].pid;
  for (int i = 0; i < HUNG_MAX; i++) {
    char text[256];
    if (!names(reader->hung, hung[i]) &&
        diagnostic_hung(&reader->observer.sample.hung[i], text, sizeof(text)))
      P_WARNING("%s", text);
    if (reader->hung[i] != 0 && !names(hung, reader->hung[i]))
      P_INFO(
          "proc/%u/smaps_rollup answered, or the process ended: it will be read again.",
          (unsigned)reader->hung[i]);
  }
  memcpy(reader->hung, hung, sizeof(hung));
}

/* What will pass by itself is said only if it does not, and only once as long as it keeps
 * coming back. */
static void report_pss(struct reader *reader)
{
  enum { PATIENCE = 3 }; /* samples */
  const struct sample *sample = &reader->observer.sample;
  const struct decision *pss = &reader->observer.explanation.decided.pss;
  char text[256] = "";
  if (!is_known(sample->processes.read_count))
    return;
  bool withheld = !is_known(pss->reading) && pss->why != NULL;
  reader->withheld = withheld ? reader->withheld + 1 : 0;
  reader->clear_samples = withheld ? 0 : reader->clear_samples + 1;
  bool said = reader->pss.text[0] != '\0';
  if (withheld && pss->transient && (said || reader->withheld < PATIENCE))
    return;
  if (!withheld && said && reader->transient && reader->clear_samples < HOLD_MAX)
    return;
  reader->transient = withheld && pss->transient;
  if (withheld)
    snprintf(text, sizeof(text), "the pss accounting is withheld: %s%s", pss->why,
             pss->reading.state == READING_DENIED
                 ? "; run as root or grant CAP_SYS_PTRACE"
                 : "");
  notice_update(&reader->pss, "the pss accounting", text);
}

static bool was_named(const struct reader *reader, const char *key)
{
  for (unsigned i = 0; i < reader->lines_count; i++)
    if (strcmp(reader->lines[i], key) == 0)
      return true;
  return false;
}

/* Each line of meminfo that no row knows is named once. */
static void report_unknown_lines(struct reader *reader)
{
  const struct meminfo *meminfo = &reader->observer.sample.meminfo;
  for (unsigned i = 0; i < meminfo->others_count && i < MEMINFO_OTHERS_KEPT; i++) {
    const char *key = meminfo->others[i].key;
    if (reader->lines_count == MEMINFO_OTHERS_KEPT || was_named(reader, key))
      continue;
    sstrncpy(reader->lines[reader->lines_count++], key, sizeof(*reader->lines));
    P_INFO("proc/meminfo has a line \"%s\" that is not known: it is part of no term.",
           key);
  }
}

/* That somebody large has no series of its own is said once: he may come and go. */
static void report_exhausted(const struct top_n *top, const char *view,
                             const char *option, bool *said)
{
  if (*said || !top->exhausted)
    return;
  *said = true;
  P_INFO("%u names were shown in the view \"%s\" since the start, and others are only "
         "part of its \"other\" now; to show more, raise %s.",
         top->names_count, view, option);
}

static void report(struct reader *reader)
{
  char text[256];
  const struct sample *sample = &reader->observer.sample;
  const struct explanation *e = &reader->observer.explanation;
  for (unsigned i = 0; i < SOURCE_COUNT; i++) {
    text[0] = '\0';
    diagnostic(sample, i, text, sizeof(text));
    notice_update(&reader->sources[i], source_rows[i].path, text);
  }
  text[0] = '\0';
  if (e->refused != NULL)
    snprintf(text, sizeof(text), "%s; no black hole is computed", e->refused);
  notice_update(&reader->refused, "proc/meminfo", text);
  text[0] = '\0';
  diagnostic_unlisted(&sample->processes, text, sizeof(text));
  notice_update(&reader->unlisted, "the list of processes", text);
  report_hung(reader);
  report_pss(reader);
  report_unknown_lines(reader);
}

/* collectd knows the interval only where a callback runs. */
static struct observe_options observe_options(void)
{
  struct observe_options options = config.observe;
  options.collect.interval = CDTIME_T_TO_DOUBLE(plugin_get_interval());
  return options;
}

static int read_callback(user_data_t *user_data)
{
  struct reader *reader = user_data->data;
  cdtime_t time = cdtime();
  const struct observe_options options = observe_options();
  int status = observe(&reader->observer, &options);
  report(reader);
  const struct watched_verdicts *verdicts =
      reader->alarm != NULL ? alarm_judge(reader->alarm, time) : NULL;
  dispatch(&reader->publisher, &reader->observer, verdicts, &config, time);
  report_exhausted(&reader->publisher.callers, "vmalloc", "VmallocCallers",
                   &reader->callers_exhausted);
  report_exhausted(&reader->publisher.sites, "alloc_site", "AllocationSites",
                   &reader->sites_exhausted);
  if (reader->alarm != NULL)
    alarm_act(reader->alarm, time);
  return status;
}

static void reader_free(void *data)
{
  struct reader *reader = data;
  alarm_close(reader->alarm);
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
  config_settle(&config);
  int status = observer_open(config.root, &reader->observer);
  if (status != 0) {
    P_ERROR("Root \"%s\": %s.", config.root, STRERROR(-status));
    free(reader);
    return -status;
  }
  /* So that the first sample has the processes of a small machine; it never waits. */
  static const double head_start = 0.25; /* seconds */
  const struct observe_options options = observe_options();
  status = collector_prepare(&reader->observer.collector, &options.collect, head_start);
  if (status != 0)
    P_WARNING("the census of the processes cannot begin: %s; each sample tries again.",
              STRERROR(-status));
  dispatch_register_types(&config);
  if (config.trend && (reader->alarm = alarm_open(&config, &reader->observer)) == NULL)
    P_ERROR("out of memory: there is no alarm until the next start.");
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
