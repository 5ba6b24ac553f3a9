/* SPDX-License-Identifier: MIT */
/* Each allocation in turn fails, and each thread in turn does not start: alone, and with
 * all that come after it. The plugin in a mock daemon and the command line tool must
 * neither crash nor leak. They must report the failure, and the values that they still
 * give must be right: no zero for what is not known. This executable is linked with
 * --wrap for all that allocates. */
#define _GNU_SOURCE
#include "../cli/output.h"
#include "collectd_mock.h"
#include "suite.h"

#include "alarm/evidence_dir.h"

#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define IDLE   FIXTURES "/6.18-debian12-idle-24g"
#define DENIED FIXTURES "/6.12-debian12-unprivileged"

/* --- allocations that fail ---------------------------------------------------------- */

static struct {
  atomic_bool armed, lasting; /* lasting: all after the first fail as well */
  atomic_long left, failures;
  atomic_long alive; /* blocks allocated and not freed */
} memory;

static bool must_fail(void)
{
  if (!memory.armed)
    return false;
  long left = atomic_fetch_sub(&memory.left, 1);
  bool fails = memory.lasting ? left <= 1 : left == 1;
  memory.failures += fails;
  return fails;
}

static void fail_from(long number, bool lasting)
{
  memory.left = number;
  memory.lasting = lasting;
  memory.failures = 0;
}

static void *counted(void *block)
{
  memory.alive += block != NULL;
  return block;
}

static void *refused(void)
{
  errno = ENOMEM;
  return NULL;
}

void *__real_malloc(size_t);
void *__real_calloc(size_t, size_t);
void *__real_realloc(void *, size_t);
char *__real_strdup(const char *);
void __real_free(void *);
ssize_t __real_getline(char **, size_t *, FILE *);
ssize_t __real___getdelim(char **, size_t *, int, FILE *);
DIR *__real_fdopendir(int);
FILE *__real_open_memstream(char **, size_t *);
int __real_pthread_create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

void *__wrap_malloc(size_t);
void *__wrap_calloc(size_t, size_t);
void *__wrap_realloc(void *, size_t);
char *__wrap_strdup(const char *);
void __wrap_free(void *);
ssize_t __wrap_getline(char **, size_t *, FILE *);
ssize_t __wrap___getdelim(char **, size_t *, int, FILE *);
DIR *__wrap_fdopendir(int);
FILE *__wrap_open_memstream(char **, size_t *);
int __wrap_pthread_create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

void *__wrap_malloc(size_t size)
{
  return must_fail() ? refused() : counted(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
  return must_fail() ? refused() : counted(__real_calloc(count, size));
}

void *__wrap_realloc(void *block, size_t size)
{
  if (must_fail())
    return refused();
  void *grown = __real_realloc(block, size);
  return block == NULL ? counted(grown) : grown;
}

char *__wrap_strdup(const char *text)
{
  return must_fail() ? refused() : counted(__real_strdup(text));
}

void __wrap_free(void *block)
{
  memory.alive -= block != NULL;
  __real_free(block);
}

/* Allocates inside the C library. */
ssize_t __wrap_getline(char **line, size_t *size, FILE *in)
{
  if (must_fail()) {
    errno = ENOMEM;
    return -1;
  }
  bool fresh = *line == NULL;
  ssize_t length = __real_getline(line, size, in);
  memory.alive += fresh && *line != NULL;
  return length;
}

/* glibc calls it in place of getline where it optimizes. */
ssize_t __wrap___getdelim(char **line, size_t *size, int delimiter, FILE *in)
{
  return delimiter == '\n' ? __wrap_getline(line, size, in)
                           : __real___getdelim(line, size, delimiter, in);
}

DIR *__wrap_fdopendir(int fd)
{
  return must_fail() ? refused() : __real_fdopendir(fd);
}

/* The caller frees its buffer. */
FILE *__wrap_open_memstream(char **text, size_t *size)
{
  return must_fail() ? refused() : counted(__real_open_memstream(text, size));
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*run)(void *), void *argument)
{
  return must_fail() ? EAGAIN : __real_pthread_create(thread, attributes, run, argument);
}

/* --- values that were sent ---------------------------------------------------------- */

enum { READS = 3, VALUES_MAX = 512 };

struct sent {
  char name[192];
  double value;
};
struct sending {
  struct sent of[VALUES_MAX];
  size_t count;
};

/* Of a run without failures. */
static struct sending whole;
static unsigned whole_denials;

static void take_sending(struct sending *out)
{
  out->count = mock_dispatched_count();
  ck_assert_uint_le(out->count, VALUES_MAX);
  for (size_t i = 0; i < out->count; i++) {
    const struct mock_dispatched *sent = mock_dispatched_at(i);
    snprintf(out->of[i].name, sizeof(out->of[i].name), "%.60s/%.60s-%.60s",
             sent->list.plugin_instance, sent->list.type, sent->list.type_instance);
    out->of[i].value = sent->value.gauge;
  }
}

static const struct sent *find_sent(const struct sending *sending, const char *name)
{
  for (size_t i = 0; i < sending->count; i++)
    if (strcmp(sending->of[i].name, name) == 0)
      return &sending->of[i];
  return NULL;
}

static bool starts(const char *text, const char *with)
{
  return strncmp(text, with, strlen(with)) == 0;
}

/* Values that depend on how long something took, or on what was read. */
static bool is_about_us(const char *name)
{
  return starts(name, "quality/") || strstr(name, "/duration-") != NULL;
}

/* Values that are other numbers, by their definition, where a part is missing: the black
 * hole and what it is compared with, sums over what is known, and vmalloc, which one of
 * two files gives (decide.c). */
static bool depends_on_others(const char *name)
{
  return starts(name, "black_hole/") || starts(name, "identity/") ||
         starts(name, "trend/") || strstr(name, "-other") != NULL ||
         starts(name, "vmalloc/") || strcmp(name, "kernel/bytes-vmalloc") == 0 ||
         strcmp(name, "detail/bytes-used") == 0;
}

static double sum_of(const struct sending *sending, const char *view)
{
  double sum = 0;
  for (size_t i = 0; i < sending->count; i++)
    if (starts(sending->of[i].name, view))
      sum += sending->of[i].value;
  return sum;
}

static double value_of(const struct sending *sending, const char *name)
{
  const struct sent *sent = find_sent(sending, name);
  return sent != NULL ? sent->value : 0;
}

static void assert_conserved(const struct sending *sending, long number)
{
  static const char *const names[] = {"lru", "cache", "pss"};
  const double total = value_of(sending, "total/bytes-mem_total");
  const double apart = value_of(sending, "total/bytes-mem_free") +
                       value_of(sending, "total/bytes-pcp_free") +
                       sum_of(sending, "kernel/");
  for (size_t i = 0; i < LENGTH(names); i++) {
    char name[64];
    snprintf(name, sizeof(name), "black_hole/signed_bytes-%s", names[i]);
    const struct sent *hole = find_sent(sending, name);
    snprintf(name, sizeof(name), "user_%s/", names[i]);
    if (hole != NULL)
      ck_assert_msg(apart + sum_of(sending, name) + hole->value == total,
                    "allocation %ld: %s does not conserve", number, names[i]);
  }
}

static void assert_right(const struct sending *sending, long number)
{
  for (size_t i = 0; i < sending->count; i++) {
    const struct sent *sent = &sending->of[i], *want = find_sent(&whole, sent->name);
    if (is_about_us(sent->name) || depends_on_others(sent->name))
      continue;
    ck_assert_msg(want != NULL, "allocation %ld: %s is new", number, sent->name);
    ck_assert_msg(sent->value == want->value, "allocation %ld: %s is %f, not %f", number,
                  sent->name, sent->value, want->value);
  }
  assert_conserved(sending, number);
}

/* --- the plugin --------------------------------------------------------------------- */

struct run {
  long number;
  long failures;
  unsigned problems, denials;
  bool started;
};

/* Counts the problems in the log, of one line each. Files that are denied, to us or in a
 * capture, are logged in a run without failures as well. */
static void count_problems(struct run *run)
{
  for (size_t i = 0; i < mock_log_count(); i++) {
    const struct mock_log *log = mock_log_at(i);
    ck_assert_ptr_null(strchr(log->text, '\n'));
    if (log->level > LOG_WARNING)
      continue;
    bool denied = strstr(log->text, "ermission denied") != NULL;
    run->denials += denied;
    run->problems += !denied;
  }
}

/* Runs the plugin from load to shutdown. */
static void run_plugin(const char *options, struct run *run, struct sending *sendings)
{
  const long before = memory.alive;
  mock_load(NULL);
  ck_assert_int_eq(mock_config(options), 0);
  mock_log_forget();
  memory.armed = true;
  run->started = mock_init() == 0;
  memory.armed = false;
  count_problems(run);
  for (int i = 0; run->started && i < READS; i++) {
    memory.armed = true;
    mock_read();
    memory.armed = false;
    count_problems(run);
    take_sending(&sendings[i]);
  }
  memory.armed = run->started;
  run->failures = memory.failures;
  memory.armed = false;
  mock_shutdown();
  /* The census may be in the middle of a pass, and frees its memory after it. */
  for (int i = 0; memory.alive != before && i < 2000; i++)
    usleep(1000);
  ck_assert_msg(memory.alive == before, "allocation %ld: %ld blocks are lost",
                run->number, memory.alive - before);
}

/* A failure that was made up for by a second attempt needs no message. */
static void assert_made_up_for(const struct run *run, const struct sending *last)
{
  ck_assert_msg(run->started, "allocation %ld: nothing is said of no start", run->number);
  for (size_t i = 0; i < whole.count; i++)
    ck_assert_msg(find_sent(last, whole.of[i].name) != NULL,
                  "allocation %ld: %s is missing, and nothing is said", run->number,
                  whole.of[i].name);
  ck_assert_msg(run->denials == whole_denials,
                "allocation %ld: what is denied is result %u times, not %u", run->number,
                run->denials, whole_denials);
}

static void run_with_failures(const char *options, bool lasting, bool captured)
{
  static struct sending sendings[READS];
  struct run run = {.number = 0};
  long number = 0;
  fail_from(0, false);
  run_plugin(options, &run, sendings);
  ck_assert(run.started && run.problems == 0);
  whole = sendings[READS - 1];
  whole_denials = run.denials;
  do {
    run = (struct run){.number = ++number};
    snprintf(crash_note, sizeof(crash_note), "alloc_failure: allocation %ld%s\n", number,
             lasting ? " and all after it" : "");
    fail_from(number, lasting);
    run_plugin(options, &run, sendings);
    if (run.failures > 0 && run.problems == 0)
      assert_made_up_for(&run, &sendings[READS - 1]);
    for (int i = 0; captured && run.started && i < READS; i++)
      assert_right(&sendings[i], number);
  } while (run.failures > 0);
  ck_assert_int_gt(number, 10);
}

#define CAPTURED "Root \"" IDLE "\"\nAllSeries true\n"

START_TEST(plugin_without_memory_once)
{
  crash_note_enable();
  run_with_failures(CAPTURED, false, true);
}
END_TEST

START_TEST(plugin_without_memory_from_then_on)
{
  crash_note_enable();
  run_with_failures(CAPTURED, true, true);
}
END_TEST

/* Also denied some files. */
START_TEST(plugin_on_a_capture_by_nobody_without_memory)
{
  crash_note_enable();
  for (int lasting = 0; lasting < 2; lasting++)
    run_with_failures("Root \"" DENIED "\"\nAllSeries true\nPss false\n", lasting, true);
}
END_TEST

/* With boot log, a state file of the run before, page pools, and evidence. */
START_TEST(plugin_on_this_machine_without_memory)
{
  char *tree = tree_make();
  char options[512];
  snprintf(options, sizeof(options),
           "Root \"/\"\nPss false\nStateFile \"%s/state\"\nEvidenceDir \"evidence\"\n",
           tree);
  crash_note_enable();
  for (int lasting = 0; lasting < 2; lasting++)
    run_with_failures(options, lasting, false);
  tree_remove(tree);
}
END_TEST

/* --- evidence ----------------------------------------------------------------------- */

START_TEST(evidence_without_memory)
{
  char *tree = tree_make();
  struct observer *observer = malloc(sizeof(*observer));
  static const struct collect_options options = {.pss = false};
  ck_assert_int_eq(observer_open(IDLE, observer), 0);
  ck_assert_int_eq(observe(observer, &options), 0);
  for (long number = 1, more = 1; more; number++) {
    const long before = memory.alive;
    struct text text;
    fail_from(number, false);
    memory.armed = true;
    int error = evidence_compose(1e9, "said", observer, NULL, &text);
    int stored =
        error == 0 ? evidence_store(tree, 1e9, "estimate-failure", &text) : error;
    memory.armed = false;
    more = memory.failures > 0;
    ck_assert(error == 0 || (more && error == -ENOMEM));
    ck_assert(stored == 0 || (more && stored == -ENOMEM));
    /* Then one of the files is missing in it, which it says. */
    if (more && stored == 0)
      ck_assert_ptr_nonnull(memmem(text.bytes, text.length, "none: malformed, error 12",
                                   strlen("none: malformed, error 12"))); /* ENOMEM */
    if (error == 0)
      text_free(&text);
    ck_assert_int_eq(memory.alive, before);
    ck_assert(more || number > 3);
  }
  observer_close(observer);
  free(observer);
  tree_remove(tree);
}
END_TEST

/* --- the command line tool ---------------------------------------------------------- */

int cli_main(int argc, char **argv);

struct result {
  int status;
  long failures;
  char *out, *err;
};

/* Runs the tool in a process of its own. */
static struct result run_cli(const char *tree, long number, bool lasting, int argc,
                             char **argv)
{
  struct result result;
  int channel[2];
  ck_assert_int_eq(pipe(channel), 0);
  pid_t pid = fork();
  ck_assert_int_ge(pid, 0);
  if (pid == 0) {
    if (freopen(tree_path(tree, "out"), "w", stdout) == NULL ||
        freopen(tree_path(tree, "err"), "w", stderr) == NULL)
      _exit(99);
    const long before = memory.alive;
    fail_from(number, lasting);
    memory.armed = true;
    int status = cli_main(argc, argv);
    memory.armed = false;
    long failures = memory.failures;
    if (memory.alive != before)
      status = 98;
    if (write(channel[1], &failures, sizeof(failures)) < 0)
      status = 97;
    fflush(stdout);
    fflush(stderr);
    _exit(status);
  }
  int status;
  close(channel[1]);
  result.failures = -1;
  ssize_t size = read(channel[0], &result.failures, sizeof(result.failures));
  close(channel[0]);
  ck_assert_int_eq(waitpid(pid, &status, 0), pid);
  ck_assert_msg(WIFEXITED(status) && size == sizeof(result.failures),
                "allocation %ld: the tool crashed", number);
  result.status = WEXITSTATUS(status);
  result.out = file_read(tree_path(tree, "out"), NULL);
  result.err = file_read(tree_path(tree, "err"), NULL);
  return result;
}

static void result_free(struct result *result)
{
  free(result->out);
  free(result->err);
}

/* The line that begins with `begin`; "" where there is none. */
static const char *line_of(const char *text, const char *begin)
{
  static char line[128];
  const char *at = strstr(text, begin);
  snprintf(line, sizeof(line), "%.*s", at != NULL ? (int)strcspn(at, "\n") : 0,
           at != NULL ? at : "");
  return line;
}

START_TEST(tool_without_memory)
{
  static char *argv[] = {"meminfo-explain", "--root", IDLE, NULL};
  static const char *const terms[] = {"  mem_free", "  slab_reclaimable", "  anon_pages",
                                      "  page_tables"};
  char *tree = tree_make();
  struct result want = run_cli(tree, 0, false, 3, argv);
  ck_assert_int_eq(want.status, 0);
  for (int lasting = 0; lasting < 2; lasting++) {
    for (long number = 1, more = 1; more; number++) {
      struct result result = run_cli(tree, number, lasting, 3, argv);
      more = result.failures > 0;
      ck_assert_msg(result.status <= 1, "allocation %ld: exit status %d", number,
                    result.status);
      if (result.status == 1) {
        ck_assert_ptr_nonnull(strstr(result.err, "meminfo-explain: "));
        ck_assert_msg(result.out[0] == '\0', "allocation %ld: output all the same",
                      number);
      } else if (more) {
        ck_assert_msg(strstr(result.out, strerror(ENOMEM)) != NULL ||
                          strstr(result.out, strerror(EAGAIN)) != NULL ||
                          strstr(result.out, "cannot be read") != NULL,
                      "allocation %ld: nothing is said", number);
        for (size_t i = 0; i < LENGTH(terms); i++) {
          char line[128];
          snprintf(line, sizeof(line), "%s", line_of(result.out, terms[i]));
          ck_assert_msg(line[0] == '\0' || strcmp(line, line_of(want.out, terms[i])) == 0,
                        "allocation %ld: \"%s\"", number, line);
        }
      } else {
        ck_assert_str_eq(result.out, want.out);
        ck_assert_int_gt(number, 10);
      }
      result_free(&result);
    }
  }
  result_free(&want);
  tree_remove(tree);
}
END_TEST

START_TEST(json_without_memory_is_none)
{
  struct observer *observer = malloc(sizeof(*observer));
  static const struct collect_options options = {.pss = true};
  ck_assert_int_eq(observer_open(IDLE, observer), 0);
  ck_assert_int_eq(observe(observer, &options), 0);
  char *want = NULL;
  for (long number = 0, more = 1; more; number++) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    const long before = memory.alive;
    fail_from(number, false);
    memory.armed = true;
    int error = json_print(observer, out);
    memory.armed = false;
    more = memory.failures > 0 || number == 0;
    fclose(out);
    ck_assert_msg(memory.alive == before, "allocation %ld: %ld blocks are lost", number,
                  memory.alive - before);
    if (memory.failures > 0) {
      ck_assert_msg(error == -ENOMEM, "allocation %ld: %d", number, error);
      ck_assert_msg(size == 0, "allocation %ld: part of an object", number);
    } else if (number == 0) {
      want = strdup(text);
    } else {
      ck_assert_int_eq(error, 0);
      ck_assert_str_eq(text, want);
      ck_assert_int_gt(number, 1000);
    }
    free(text);
  }
  free(want);
  observer_close(observer);
  free(observer);
}
END_TEST

START_TEST(series_without_memory_is_an_error)
{
  static char series[] = "0 1 1\n10 2 1\n2160 3 1\n";
  const struct trend_replay settings = {.trend = {.window = 60, .rise = 4096}};
  for (long number = 1, more = 1; more; number++) {
    FILE *in = fmemopen(series, sizeof(series) - 1, "r");
    FILE *out = tmpfile(), *err = tmpfile();
    fail_from(number, false);
    memory.armed = true;
    int status = trend_replay(&settings, in, out, err);
    memory.armed = false;
    more = memory.failures > 0;
    ck_assert_int_eq(status, more);
    ck_assert_int_eq(ftell(err) > 0, more);
    fclose(in);
    fclose(out);
    fclose(err);
    ck_assert(more || number > 4); /* lines */
  }
}
END_TEST

SUITE_MAIN("alloc_failure", plugin_without_memory_once,
           plugin_without_memory_from_then_on,
           plugin_on_a_capture_by_nobody_without_memory,
           plugin_on_this_machine_without_memory, evidence_without_memory,
           tool_without_memory, json_without_memory_is_none,
           series_without_memory_is_an_error)
