/* SPDX-License-Identifier: MIT */
/* The whole path, from a tree of files to all output. An input contains the files one
 * after the other:
 *
 *   @@ proc/meminfo
 *   MemTotal: ...
 *   @@ proc/1/stat
 *   ...
 *
 * They are written to a new directory in $TMPDIR, which tests/fuzz/run puts in memory. */
#define _GNU_SOURCE
#include "fuzz.h"

#include "../../cli/output.h"
#include "alarm/evidence.h"
#include "collect/consumers.h"
#include "meminfo_explain/report/diagnostic.h"
#include "meminfo_explain/report/metrics.h"
#include "meminfo_explain/report/publisher.h"
#include "meminfo_explain/report/sentences.h"

#include <errno.h>
#include <ftw.h>
#include <glob.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Seconds after which reading a file counts as hung: long enough on a busy machine. */
#define PATIENCE 30.0

/* --- the tree ----------------------------------------------------------------------- */

#define BORDER "@@ "

static int remove_entry(const char *path, const struct stat *st, int type,
                        struct FTW *where)
{
  (void)st, (void)type, (void)where;
  return remove(path);
}

static void tree_remove(const char *tree)
{
  nftw(tree, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static void tree_make(char path[128])
{
  const char *tmp = getenv("TMPDIR");
  snprintf(path, 128, "%s/meminfo_explain.XXXXXX", tmp != NULL ? tmp : "/tmp");
  require(mkdtemp(path) != NULL);
}

/* Below a folder that the plugin reads, with plain names. */
static bool is_allowed(struct span path)
{
  bool below = span_starts(path, "proc/") || span_starts(path, "sys/") ||
               span_starts(path, "consumers/");
  for (size_t i = 0; i < path.length; i++) {
    char c = path.at[i];
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
          strchr("/._:-", c) != NULL) ||
        c == '\0')
      return false;
  }
  return path.length < 200 && below && memmem(path.at, path.length, "..", 2) == NULL;
}

static void write_file(const char *tree, struct span path, struct bytes text)
{
  char full[512];
  snprintf(full, sizeof(full), "%s/%.*s", tree, (int)path.length, path.at);
  for (char *at = full + strlen(tree) + 1; (at = strchr(at, '/')) != NULL; at++) {
    *at = '\0';
    mkdir(full, 0755);
    *at = '/';
  }
  FILE *file = fopen(full, "w"); /* fails if it is a directory, or below a file */
  if (file == NULL)
    return;
  fwrite(text.at, 1, text.size, file);
  fclose(file);
}

static const uint8_t *find_border(const uint8_t *at, const uint8_t *end)
{
  const uint8_t *found = memmem(at, (size_t)(end - at), "\n" BORDER, sizeof(BORDER));
  return found != NULL ? found + 1 : end;
}

static void write_tree(const char *tree, struct bytes input)
{
  enum { FILES_MAX = 200 };
  const uint8_t *at = input.at, *end = input.at + input.size;
  if (input.size < sizeof(BORDER) || memcmp(at, BORDER, sizeof(BORDER) - 1) != 0)
    at = find_border(at, end);
  for (int i = 0; at < end && i < FILES_MAX; i++) {
    const uint8_t *next = find_border(at, end), *text;
    at += sizeof(BORDER) - 1;
    text = at <= next ? memchr(at, '\n', (size_t)(next - at)) : NULL;
    if (text == NULL)
      text = next;
    struct span path = {(const char *)at, text > at ? (size_t)(text - at) : 0};
    text += text < next;
    if (is_allowed(path))
      write_file(tree, path, (struct bytes){text, (size_t)(next - text)});
    at = next;
  }
}

/* --- properties ----------------------------------------------------------------------
 */

static bool is_valid_name(const char *name)
{
  return name[0] != '\0' &&
         name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
}

static void require_sources(const struct sample *sample)
{
  char text[512];
  for (unsigned i = 0; i < SOURCE_COUNT; i++) {
    const struct source_status *status = &sample->sources[i];
    require(status->state <= READING_MALFORMED);
    bool wrong = diagnostic_of_source(sample, i, text, sizeof(text));
    if (wrong) {
      require(memchr(text, '\0', sizeof(text)) != NULL && text[0] != '\0');
      require_printable(text);
    }
    /* Every failure is reported. */
    require(wrong || (status->state != READING_MALFORMED &&
                      status->state != READING_DENIED && status->parse_error.count == 0));
  }
}

static void require_amounts(const struct explanation *e)
{
  for (unsigned i = 0; i < TERM_COUNT; i++) {
    const struct amount term = e->terms[i];
    require(term.state <= READING_MALFORMED);
    require(is_known(term) || term.value == 0);
    require(term.value >= 0 || term_rows[i].sign == TERM_SIGN_SIGNED);
  }
  for (unsigned i = 0; i < HOLE_COUNT; i++) {
    const struct amount amount = hole_amount(&e->black_hole, i);
    require(is_known(amount) || amount.value == 0);
  }
}

/* Every known accounting adds up to MemTotal to the byte. */
static void require_conservation(const struct explanation *e)
{
  const struct amount total = e->terms[TERM_TOTAL_mem_total];
  for (unsigned m = 0; m < ACCOUNTING_COUNT; m++) {
    const struct amount hole = e->black_hole.of[m];
    if (!is_known(hole))
      continue;
    require(is_known(total));
    uint64_t sum = (uint64_t)hole.value; /* unsigned: partial sums may wrap */
    for (unsigned i = 0; i < TERM_COUNT; i++)
      if (is_known(e->terms[i]) &&
          (term_rows[i].view == TERM_VIEW_FREE || term_rows[i].view == TERM_VIEW_KERNEL ||
           term_rows[i].view == accounting_view(m)))
        sum += (uint64_t)e->terms[i].value;
    require(sum == (uint64_t)total.value);
  }
  if (e->refused != NULL)
    for (unsigned m = 0; m < ACCOUNTING_COUNT; m++)
      require(!is_known(e->black_hole.of[m]));
  if (!is_known(e->black_hole.hidden))
    return;
  uint64_t hidden = 0;
  for (unsigned i = 0; i < TERM_COUNT; i++)
    if (term_rows[i].view == TERM_VIEW_HIDDEN && is_known(e->terms[i]))
      hidden += (uint64_t)e->terms[i].value;
  require(hidden == (uint64_t)e->black_hole.hidden.value);
}

static void require_metric(void *context, const struct metric *metric)
{
  unsigned *count = context;
  ++*count;
  require(is_valid_name(metric->view) && is_valid_name(metric->instance));
  require(strlen(metric->view) < 64 && strlen(metric->instance) < 128);
  require(isfinite(metric->value) && fabs(metric->value) < 2e19);
  require(metric->value >= 0 || metric->type == METRIC_TYPE_SIGNED_BYTES ||
          metric->type == METRIC_TYPE_BYTES_RATE);
}

/* Checks the default series and all series. */
static void require_metrics(const struct observer *observer,
                            const struct watched_verdicts *verdicts)
{
  unsigned counts[2] = {0}; /* default series, all series */
  for (int all = 0; all < 2; all++) {
    static struct publisher publisher;
    memset(&publisher, 0, sizeof(publisher));
    publisher.options = publisher_default_options();
    publisher.options.all_series = publisher.options.unknown_lines = all;
    publisher_note(&publisher, &observer->sample, &observer->explanation);
    metrics_each(&observer->sample, &observer->explanation, &publisher, verdicts,
                 require_metric, &counts[all]);
  }
  require(counts[0] <= counts[1] && counts[0] <= DEFAULT_SERIES_MAX);
}

static void require_lines(const char *text, size_t size)
{
  for (size_t i = 0; i < size; i++)
    require((text[i] >= ' ' && text[i] <= '~') || text[i] == '\n');
}

static void require_table(const struct observer *observer)
{
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  require(table_print(observer, true, out) == 0);
  fclose(out);
  require_lines(text, size);
  require(strlen(text) == size);
  free(text);
}

static json_t *member(const json_t *object, const char *key)
{
  json_t *value = json_object_get(object, key);
  require(value != NULL);
  return value;
}

/* The JSON object of a view has all terms of the view, with their values. */
static void require_terms(const json_t *object, const struct explanation *e,
                          enum term_view view)
{
  for (unsigned i = 0; i < TERM_COUNT; i++) {
    if (term_rows[i].view != view)
      continue;
    const json_t *value = member(object, term_rows[i].name);
    if (is_known(e->terms[i]))
      require(json_integer_value(value) == e->terms[i].value);
    else
      require(json_is_null(value));
  }
}

static void require_json(const struct observer *observer)
{
  static const char *const members[] = {
      "version",    "page_size", "mem_total", "inside",  "outside",   "upper_bound",
      "identities", "detail",    "meminfo",   "vmalloc", "allocinfo", "pss",
      "sources",    "quality",   "decisions", "report",  "black_hole"};
  const struct explanation *e = &observer->explanation;
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  require(json_print(observer, out) == 0);
  fclose(out);
  require_lines(text, size); /* ASCII, so it is valid UTF-8 */
  require(size > 0 && strchr(text, '\n') == text + size - 1);
  json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
  require(json_is_object(root));
  for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
    member(root, members[i]);
  require_terms(member(root, "free"), e, TERM_VIEW_FREE);
  require_terms(member(root, "kernel"), e, TERM_VIEW_KERNEL);
  require_terms(member(root, "hidden"), e, TERM_VIEW_HIDDEN);
  const json_t *user = member(root, "user");
  for (unsigned m = 0; m < ACCOUNTING_COUNT; m++)
    require_terms(member(user, accounting_name(m)), e, accounting_view(m));
  const json_t *hole = member(root, "black_hole");
  for (unsigned i = 0; i < HOLE_COUNT; i++)
    member(hole, hole_rows[i].name);
  const struct vmallocinfo *info = &observer->sample.vmallocinfo;
  require(json_array_size(member(member(root, "vmalloc"), "callers")) ==
          info->callers_count);
  json_decref(root);
  free(text);
}

static void require_evidence(const struct observer *observer)
{
  struct text text;
  require(evidence_compose(1e9, "what is said", observer, &observer->explanation,
                           &text) == 0);
  require(text.length > 0 && text.length <= EVIDENCE_FILE_MAX);
  for (size_t i = 0; i < text.length; i++)
    require((text.bytes[i] >= ' ' && text.bytes[i] <= '~') || text.bytes[i] == '\n' ||
            text.bytes[i] == '\t');
  text_free(&text);
}

/* A second observation of the same tree has the same terms and black holes. */
static void require_same(const struct explanation *a, const struct explanation *b)
{
  for (unsigned i = 0; i < TERM_COUNT; i++)
    require(a->terms[i].state == b->terms[i].state &&
            a->terms[i].value == b->terms[i].value);
  for (unsigned m = 0; m < ACCOUNTING_COUNT; m++)
    require(a->black_hole.of[m].state == b->black_hole.of[m].state &&
            a->black_hole.of[m].value == b->black_hole.of[m].value);
}

void fuzz_machine(struct bytes input)
{
  static struct observer observer;
  static struct explanation first;
  static struct watched_series watched;
  static const struct trend_settings settings = {.window = TREND_WINDOW,
                                                 .rise = TREND_RISE_BY_TOTAL};
  static const struct collect_options options = {
      .pss = true, .consumers_patience = PATIENCE, .census_patience = PATIENCE};
  char tree[128];
  struct watched_verdicts verdicts;
  tree_make(tree);
  write_tree(tree, input);
  require(observer_open(tree, &observer) == 0);
  int error = observe(&observer, &options);
  const struct explanation *e = &observer.explanation;
  first = *e;
  memset(&watched, 0, sizeof(watched));
  watched_add(&watched, &settings, 1e9, e, &verdicts);
  require(error != 0 || is_known(e->terms[TERM_TOTAL_mem_total]));
  require_sources(&observer.sample);
  require_amounts(e);
  require_conservation(e);
  require_metrics(&observer, &verdicts);
  require_table(&observer);
  require_json(&observer);
  require_evidence(&observer);
  require(observe(&observer, &options) == error);
  require_same(&first, e);
  observer_close(&observer);
  tree_remove(tree);
}

void fuzz_consumers(struct bytes input)
{
  static struct sample sample;
  char tree[128];
  struct sysroot root;
  struct consumers_reader *reader;
  tree_make(tree);
  write_tree(tree, input);
  require(sysroot_open(tree, &root) == 0);
  require(consumers_open(&root, PATIENCE, &reader) == 0);
  const struct consumer_inputs inputs = {.page_size = 4096,
                                         .mem_total = reading_known((uint64_t)1 << 30)};
  memset(&sample, 0, sizeof(sample));
  consumers_read(reader, &inputs, &sample.consumers,
                 &sample.sources[SOURCE_FIRST_CONSUMER]);
  require_sources(&sample);
  require_readings(sample.consumers.rows, CONSUMER_COUNT);
  for (unsigned row = 0; row < CONSUMER_COUNT; row++)
    require(sample.sources[SOURCE_FIRST_CONSUMER + row].state ==
            sample.consumers.rows[row].state);
  consumers_close(reader);
  sysroot_close(&root);
  tree_remove(tree);
}

/* --- seeds: the fixtures, each file cut to a few KiB -------------------------------- */

struct archive {
  uint8_t at[64 << 10];
  size_t size;
};

static void add_file(struct archive *archive, const char *path, size_t root_length)
{
  enum { FILE_MAX_SIZE = 4096 };
  struct bytes file = fuzz_file(path);
  size_t size = file.size;
  if (size > FILE_MAX_SIZE) {
    const uint8_t *newline = memrchr(file.at, '\n', FILE_MAX_SIZE);
    size = newline != NULL ? (size_t)(newline - file.at) + 1 : FILE_MAX_SIZE;
  }
  const char *name = path + root_length + 1;
  if (archive->size + size + strlen(name) + 8 <= sizeof(archive->at)) {
    archive->size +=
        (size_t)sprintf((char *)archive->at + archive->size, BORDER "%s\n", name);
    memcpy(archive->at + archive->size, file.at, size);
    archive->size += size;
    if (size > 0 && file.at[size - 1] != '\n')
      archive->at[archive->size++] = '\n';
  }
  free((void *)file.at);
}

static struct archive archive;
static size_t root_length;
static unsigned processes_left;

static int add_entry(const char *path, const struct stat *st, int type)
{
  (void)st;
  if (type != FTW_F)
    return 0;
  const char *name = path + root_length + 1;
  unsigned pid;
  if (strncmp(name, "proc/", 5) != 0 && strncmp(name, "sys/", 4) != 0 &&
      strncmp(name, "consumers/", 10) != 0)
    return 0;
  bool of_process = sscanf(name, "proc/%u/", &pid) == 1;
  if (of_process && processes_left == 0)
    return 0;
  processes_left -= of_process;
  add_file(&archive, path, root_length);
  return 0;
}

static void make_archives(const char *below, fuzz_seed_callback *callback, void *context)
{
  glob_t found;
  if (glob(FIXTURES "/*/about", 0, NULL, &found) == 0) {
    for (size_t i = 0; i < found.gl_pathc; i++) {
      char path[512];
      *strrchr(found.gl_pathv[i], '/') = '\0';
      root_length = strlen(found.gl_pathv[i]);
      archive.size = 0;
      processes_left = 12; /* number of files in folders of processes */
      snprintf(path, sizeof(path), "%s%s", found.gl_pathv[i], below);
      ftw(path, add_entry, 16);
      callback(context, (struct bytes){archive.at, archive.size});
    }
  }
  globfree(&found);
}

void seeds_of_machine(fuzz_seed_callback *callback, void *context)
{
  make_archives("", callback, context);
}

void seeds_of_consumers(fuzz_seed_callback *callback, void *context)
{
  make_archives("/sys", callback, context);
  make_archives("/proc/net", callback, context);
  make_archives("/proc/spl", callback, context);
  make_archives("/consumers", callback, context);
}
