/* SPDX-License-Identifier: MIT */
/* Targets for input that does not come from the kernel: the daemon's configuration, the
 * alarm's state file, a recorded series. */
#define _GNU_SOURCE
#include "fuzz.h"

#include "config.h"
#include "utils/common/common.h"

#include "../../cli/output.h"
#include "alarm/state_file.h"
#include "meminfo_explain/trend/watched_state.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- the configuration -------------------------------------------------------------- */

/* The structures that collectd's parser makes of lines with a key and values. A value in
 * quotes is a string, true and false are booleans, and all else is a number for strtod().
 * A line that begins with '<' is a block with a child. */
enum { ITEMS_MAX = 64, VALUES_MAX = 4 };
struct tree {
  oconfig_item_t items[ITEMS_MAX], child;
  oconfig_value_t values[ITEMS_MAX][VALUES_MAX];
  oconfig_item_t block;
};

static void add_value(oconfig_item_t *item, char *word)
{
  oconfig_value_t *value = &item->values[item->values_num++];
  size_t length = strlen(word);
  if (word[0] == '"') {
    if (length > 1 && word[length - 1] == '"')
      word[length - 1] = '\0';
    *value = (oconfig_value_t){.value.string = word + 1, .type = OCONFIG_TYPE_STRING};
  } else if (strcmp(word, "true") == 0 || strcmp(word, "false") == 0) {
    *value =
        (oconfig_value_t){.value.boolean = word[0] == 't', .type = OCONFIG_TYPE_BOOLEAN};
  } else {
    *value = (oconfig_value_t){.value.number = strtod(word, NULL),
                               .type = OCONFIG_TYPE_NUMBER};
  }
}

static void add_item(struct tree *tree, char *line)
{
  const int slot = tree->block.children_num++;
  oconfig_item_t *item = &tree->items[slot];
  *item = (oconfig_item_t){.values = tree->values[slot], .parent = &tree->block};
  if (line[0] == '<') {
    line++;
    item->children = &tree->child;
    item->children_num = 1;
  }
  item->key = strsep(&line, " \t");
  while (line != NULL && item->values_num < VALUES_MAX) {
    char *word = strsep(&line, line[0] == '"' ? "\t" : " \t");
    if (word[0] != '\0')
      add_value(item, word);
  }
}

/* The daemon's functions that config.c calls. */
static unsigned errors_count;

void daemon_log(int level, const char *format, ...)
{
  (void)level;
  static char text[8192];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof(text), format, arguments);
  va_end(arguments);
  errors_count++;
}

char *sstrncpy(char *to, const char *from, size_t size)
{
  strncpy(to, from, size - 1);
  to[size - 1] = '\0';
  return to;
}

static void require_path(const char *path, const char *otherwise)
{
  require(memchr(path, '\0', PATH_MAX) != NULL);
  require(path[0] != '\0' || otherwise[0] == '\0');
}

/* Whatever was configured, the values are within the bounds that the manual states. */
static void require_config(const struct config *config, const struct config *defaults)
{
  const struct collect_options *collect = &config->collect;
  require_path(config->root, defaults->root);
  require_path(config->state_file, defaults->state_file);
  require_path(config->evidence_dir, defaults->evidence_dir);
  require(collect->pss_budget >= 0.001 && collect->pss_budget <= 100);
  require(collect->pss_max_process <= (uint64_t)1 << 62);
  for (unsigned i = 0; i < GROUPING_COUNT; i++)
    require(config->publish.names[i] <= TOP_N_SHOWN_MAX ||
            config->publish.names[i] == PUBLISHER_NAMES_BY_ROW);
  require(config->trend_settings.window >= 1 && config->trend_settings.window <= 1e6);
  require(config->trend_settings.rise >= 0 && config->trend_settings.rise <= 1e15);
}

void fuzz_config(struct bytes input)
{
  static struct tree tree;
  static struct config config, defaults;
  char *text = malloc(input.size + 1), *rest = text;
  require(text != NULL);
  memcpy(text, input.at, input.size);
  text[input.size] = '\0';
  memset(&tree, 0, sizeof(tree));
  tree.child = (oconfig_item_t){.key = "Root", .values = NULL};
  tree.block = (oconfig_item_t){.key = "Plugin", .children = tree.items};
  for (char *line; (line = strsep(&rest, "\n")) != NULL;)
    if (line[0] != '\0' && tree.block.children_num < ITEMS_MAX)
      add_item(&tree, line);
  config_init(&defaults);
  config = defaults;
  errors_count = 0;
  config_apply(&tree.block, &config);
  /* At most one error per line; a line with an error changes nothing. */
  require(errors_count <= (unsigned)tree.block.children_num);
  if (errors_count == (unsigned)tree.block.children_num)
    require(memcmp(&config, &defaults, sizeof(config)) == 0);
  require_config(&config, &defaults);
  free(text);
}

void seeds_of_config(fuzz_seed_callback *callback, void *context)
{
  static const char all[] =
      "Root \"/\"\nPss true\nPssBudget 1\nPssMaxProcess 8589934592\nAllSeries false\n"
      "VmallocCallers 4\nAllocationSites 0\nReportUnknownLines false\nTrend true\n"
      "TrendWindow 3600\nTrendRise 0\nTrendState true\n"
      "StateFile \"meminfo_explain.state\"\nEvidenceDir \"/var/lib/collectd/evidence\"\n"
      "UseStockTypes false\n";
  static const char odd[] = "root \"\"\nPss 1\nPssBudget nan\nPssMaxProcess -1\n"
                            "VmallocCallers 2.5\nTrendRise inf\nTrendWindow 1e400\n"
                            "<Root \"/\" \"/\"\nBogus\nAllocationSites 0x40\n";
  callback(context, (struct bytes){(const uint8_t *)all, sizeof(all) - 1});
  callback(context, (struct bytes){(const uint8_t *)odd, sizeof(odd) - 1});
}

/* --- the state ---------------------------------------------------------------------- */

#define BOOT "01234567-89ab-cdef-0123-456789abcdef"

static void write_state(const char *path, const void *at, size_t size)
{
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  require(fd >= 0);
  require(write(fd, at, size) == (ssize_t)size);
  close(fd);
}

static char path_of_state[128];

static void remove_state(void)
{
  unlink(path_of_state);
  *strrchr(path_of_state, '/') = '\0';
  rmdir(path_of_state);
}

static const char *state_path(void)
{
  char *path = path_of_state;
  if (path[0] == '\0') {
    const char *tmp = getenv("TMPDIR");
    snprintf(path, sizeof(path_of_state) - 8, "%s/meminfo_explain.XXXXXX",
             tmp != NULL ? tmp : "/tmp");
    require(mkdtemp(path) != NULL);
    strcat(path, "/state");
    atexit(remove_state);
  }
  return path;
}

static double clock_of(const struct watched_series *watched)
{
  const struct trend *trend = &watched->trends[SERIES_estimate];
  return trend->begun ? trend->last_time : 1e9;
}

/* Adds samples of a leak, as before the daemon is stopped. */
static void age(struct watched_series *watched, unsigned samples, double step)
{
  static const struct trend_settings settings = {.window = 600, .rise = 1 << 20};
  static struct explanation e;
  struct watched_verdicts verdicts;
  memset(&e, 0, sizeof(e));
  const double begin = clock_of(watched);
  e.terms[TERM_TOTAL_mem_total] = (struct amount){(int64_t)8 << 30, READING_KNOWN};
  e.terms[TERM_TOTAL_mem_available] = (struct amount){(int64_t)4 << 30, READING_KNOWN};
  for (unsigned i = 0; i < samples; i++) {
    e.black_hole.estimate = (struct amount){((int64_t)i << 18) + 1, READING_KNOWN};
    e.black_hole.error = reading_known(1 << 20);
    watched_add(watched, &settings, begin + step * (i + 1), &e, &verdicts);
    for (unsigned series = 0; series < SERIES_COUNT; series++) {
      char message[WATCHED_MESSAGE_SIZE];
      const struct trend_verdict *verdict = &verdicts.of[series];
      require(verdict->state <= TREND_FAILURE);
      require(!isinf(verdict->rate) && !isinf(verdict->rise));
      require(!(verdict->eta < 0));
      if (!verdict->changed)
        continue;
      watched_message(watched, series, verdict, &e, "", message);
      require(memchr(message, '\0', sizeof(message)) != NULL);
      require_printable(message);
    }
  }
}

/* Applies patches to a text: offset (three bytes), length (one byte), new bytes. */
static void patch(struct text *text, struct bytes input)
{
  while (input.size >= 4) {
    size_t at =
        (size_t)input.at[0] | (size_t)input.at[1] << 8 | (size_t)input.at[2] << 16;
    size_t count = input.at[3] & 15;
    input.at += 4;
    input.size -= 4;
    for (; count > 0 && input.size > 0; count--, at++)
      text->bytes[at % text->length] = (char)fuzz_take_byte(&input);
  }
}

/* A state that is accepted can be continued, and is written as it was read. */
static void require_state(const char *text, size_t length)
{
  static struct watched_series watched;
  struct text again, once_more;
  memset(&watched, 0x5a, sizeof(watched));
  int error = watched_state_parse(text, length, &watched);
  require(error == 0 || error == -EBADMSG || error == -ESTALE);
  if (error != 0)
    return;
  require(watched_state_format(&watched, &again) == 0);
  require(watched_state_parse(again.bytes, again.length, &watched) == 0);
  require(watched_state_format(&watched, &once_more) == 0);
  require(again.length == once_more.length &&
          memcmp(again.bytes, once_more.bytes, again.length) == 0);
  text_free(&again);
  text_free(&once_more);
  age(&watched, 40, 10);
}

static void require_file(const char *path)
{
  struct text text = {.length = 4711};
  int error = state_file_load(path, BOOT, &text);
  require(error == 0 || error == -EBADMSG || error == -ESTALE);
  if (error != 0) {
    require(text.bytes == NULL && text.length == 4711);
    return;
  }
  require_state(text.bytes, text.length);
  text_free(&text);
}

/* The first byte selects what the others are: a file, the text of a state, or patches to
 * the text of a valid state. */
void fuzz_state(struct bytes input)
{
  static struct watched_series aged, none;
  const uint8_t kind = fuzz_take_byte(&input) % 4;
  struct text text;
  if (kind == 0) {
    const char *path = state_path();
    write_state(path, input.at, input.size);
    require_file(path);
    return;
  }
  if (kind == 1) {
    char *copy = fuzz_copy(input);
    require_state(copy, input.size);
    free(copy);
    return;
  }
  if (!aged.trends[SERIES_estimate].begun)
    age(&aged, 600, 30);
  require(watched_state_format(kind == 2 ? &none : &aged, &text) == 0);
  patch(&text, input);
  require_state(text.bytes, text.length);
  text_free(&text);
}

static void seed_with(uint8_t kind, const char *bytes, size_t size,
                      fuzz_seed_callback *callback, void *context)
{
  uint8_t *whole = malloc(1 + size);
  require(whole != NULL);
  whole[0] = kind;
  memcpy(whole + 1, bytes, size);
  callback(context, (struct bytes){whole, 1 + size});
  free(whole);
}

void seeds_of_state(fuzz_seed_callback *callback, void *context)
{
  static struct watched_series aged, none;
  static const uint8_t patches[][9] = {{2},
                                       {3},
                                       {2, 7, 0, 0, 1, '1'},
                                       {3, 7, 0, 1, 4, 'n', 'a', 'n', ' '},
                                       {3, 0, 0, 2, 4, '1', 'e', '3', '0'}};
  const char *path = state_path();
  struct text text;
  for (size_t i = 0; i < sizeof(patches) / sizeof(*patches); i++)
    callback(context, (struct bytes){patches[i], sizeof(patches[i])});
  age(&aged, 100, 30);
  require(watched_state_format(&aged, &text) == 0);
  seed_with(1, text.bytes, text.length, callback, context);
  require(state_file_save(path, BOOT, text.bytes, text.length) == 0);
  text_free(&text);
  struct bytes file = fuzz_file(path);
  seed_with(0, (const char *)file.at, file.size, callback, context);
  seed_with(0, (const char *)file.at, 200, callback, context);
  free((void *)file.at);
  require(watched_state_format(&none, &text) == 0);
  seed_with(1, text.bytes, text.length, callback, context);
  text_free(&text);
}

/* --- a series ----------------------------------------------------------------------- */

/* `1000.5 warning 12.345 nan' */
static void require_change(char *line)
{
  static const char *const states[] = {"okay", "step", "warning", "failure"};
  char *rest = line;
  const char *time = strsep(&rest, " "), *state = strsep(&rest, " ");
  const char *rate = strsep(&rest, " "), *eta = rest;
  bool known = false;
  require(rate != NULL && eta != NULL);
  for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++)
    known |= strcmp(state, states[i]) == 0;
  require(known);
  char *end;
  require(isfinite(strtod(time, &end)) && *end == '\0');
  require(!isinf(strtod(rate, &end)) && *end == '\0');
  require(!(strtod(eta, &end) < 0) && *end == '\0');
}

void fuzz_series(struct bytes input)
{
  const uint8_t choice = fuzz_take_byte(&input);
  const struct trend_replay settings = {
      .trend = {.window = choice & 1 ? TREND_WINDOW : 60,
                .rise = choice & 2 ? TREND_RISE_BY_TOTAL : 4096},
      .available = choice & 4 ? 1e9 : NAN,
      .total = choice & 8 ? 8e9 : NAN};
  if (input.size == 0) /* fmemopen() fails */
    return;
  char *copy = fuzz_copy(input), *said = NULL, *errors = NULL;
  size_t said_size, errors_size;
  FILE *in = fmemopen(copy, input.size, "r");
  FILE *out = open_memstream(&said, &said_size);
  FILE *err = open_memstream(&errors, &errors_size);
  int status = trend_replay(&settings, in, out, err);
  fclose(in);
  fclose(out);
  fclose(err);
  require(status == 0 || status == 1);
  require(status == 0 || errors_size > 0);
  require(status == 1 || memchr(copy, '\0', input.size) == NULL);
  char *rest = said;
  for (char *line; (line = strsep(&rest, "\n")) != NULL;)
    if (rest != NULL)
      require_change(line);
  rest = errors;
  for (char *line; (line = strsep(&rest, "\n")) != NULL;)
    require_printable(line);
  free(copy);
  free(said);
  free(errors);
}

void seeds_of_series(fuzz_seed_callback *callback, void *context)
{
  char text[16384];
  for (unsigned kind = 0; kind < 4; kind++) {
    size_t used = (size_t)snprintf(text, sizeof(text), "%c# a series\n", (int)(kind + 4));
    for (unsigned i = 0; i < 300 && used < sizeof(text) - 64; i++)
      used += (size_t)snprintf(text + used, sizeof(text) - used, "%u %u %u\n", 10 * i,
                               kind == 0   ? 1000000 * i
                               : kind == 1 ? (i / 100) * 50000000
                                           : 1000 * (i % 60) * kind,
                               kind * 1000);
    callback(context, (struct bytes){(const uint8_t *)text, used});
  }
  static const char odd[] = "\x0f"
                            "1e9 0x10 1\n-1 2\n3\n1 nan\n\n  \n1 2 3 4\n1e11 1e15";
  callback(context, (struct bytes){(const uint8_t *)odd, sizeof(odd) - 1});
}
