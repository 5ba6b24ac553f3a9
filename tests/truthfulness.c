/* SPDX-License-Identifier: MIT */
/* usage: truthfulness [-v] [DIR...]
 * No part of a machine's files makes the tool say what all of them contradict. Each DIR
 * is a captured tree, or holds trees and single files *.meminfo; without one, the
 * fixtures.
 *
 * Of each tree, variants are made in which one file is cut, misses a line or is filtered,
 * or other files are missing. The sentences and numbers that the tool makes from a
 * variant are judged by those of the whole tree (claims.h). Prints what is contradicted,
 * and a summary; the exit status is 1 where anything is. */
#define _GNU_SOURCE
#include "claims.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Files of more lines than this are cut and stripped at so many of them, evenly spread,
 * with another start in each tree. meminfo is never that long. */
#define LINES_MAX 90

struct file {
  char *path; /* below the tree */
  char *text;
  size_t length;
};

static struct {
  char scratch[64];
  struct file *files;
  size_t count;
  char name[200]; /* of the tree */
  unsigned number;
} tree;

static struct machine whole, part;
static bool verbose;

static struct {
  unsigned long trees, variants, refused, sentences, same, claims, unknown,
      indistinguishable, impossible, contradictions;
} total;

/* The variant at hand, for messages. */
static char variant[600];

static void *must(void *pointer)
{
  if (pointer == NULL) {
    perror("truthfulness");
    exit(2);
  }
  return pointer;
}

/* --- files ---------------------------------------------------------------------------
 */

static char *slurp(const char *path, size_t *length)
{
  FILE *file = fopen(path, "rb");
  size_t capacity = 1 << 14, n;
  char *text = must(malloc(capacity));
  *length = 0;
  if (file == NULL) {
    free(text);
    return NULL;
  }
  while ((n = fread(text + *length, 1, capacity - *length, file)) > 0)
    if ((*length += n) == capacity)
      text = must(realloc(text, capacity *= 2));
  fclose(file);
  return text;
}

static void write_file(const char *path, const char *text, size_t length)
{
  char full[700];
  snprintf(full, sizeof(full), "%s/%s", tree.scratch, path);
  for (char *at = full + strlen(tree.scratch) + 1; (at = strchr(at, '/')) != NULL; at++) {
    *at = '\0';
    mkdir(full, 0755);
    *at = '/';
  }
  FILE *file = must(fopen(full, "wb"));
  if (fwrite(text, 1, length, file) != length || fclose(file) != 0)
    must(NULL);
}

static void remove_file(const char *path)
{
  char full[700];
  snprintf(full, sizeof(full), "%s/%s", tree.scratch, path);
  unlink(full);
  /* Empty directories would be devices without files. */
  for (char *slash; (slash = strrchr(full, '/')) > full + strlen(tree.scratch);) {
    *slash = '\0';
    if (rmdir(full) != 0)
      break;
  }
}

static void add_file(const char *path, const char *below)
{
  struct file file = {.path = strdup(below)};
  file.text = slurp(path, &file.length);
  if (file.text == NULL) {
    free(file.path);
    return;
  }
  tree.files = must(realloc(tree.files, (tree.count + 1) * sizeof(file)));
  tree.files[tree.count++] = file;
  write_file(below, file.text, file.length);
}

static size_t root_length; /* of the tree that is read */

static int add_entry(const char *path, const struct stat *st, int type, struct FTW *where)
{
  (void)st, (void)where;
  const char *below = path + root_length + 1;
  if (type == FTW_F && strcmp(below, "expect.txt") != 0)
    add_file(path, below);
  return 0;
}

static int remove_entry(const char *path, const struct stat *st, int type,
                        struct FTW *where)
{
  (void)st, (void)type;
  return where->level == 0 ? 0 : remove(path);
}

static void empty_scratch(void)
{
  nftw(tree.scratch, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
  for (size_t i = 0; i < tree.count; i++) {
    free(tree.files[i].path);
    free(tree.files[i].text);
  }
  tree.count = 0;
}

/* --- one variant ---------------------------------------------------------------------
 */

/* False where the tool refuses the tree. */
static bool explain_scratch(struct machine *machine)
{
  static const struct collect_options options = {.pss = true};
  if (observer_open(tree.scratch, &machine->observer) != 0)
    must(NULL);
  int status = observe(&machine->observer, &options);
  if (status == 0)
    machine->sentences_count =
        sentences_make(&machine->observer.sample, &machine->observer.explanation, NULL,
                       machine->sentences);
  return status == 0;
}

static bool is_of_whole(const struct sentence *sentence)
{
  for (unsigned i = 0; i < whole.sentences_count; i++)
    if (whole.sentences[i].rule == sentence->rule &&
        strcmp(whole.sentences[i].text, sentence->text) == 0)
      return true;
  return false;
}

static void count(const char *name, const struct judgement *judgement, const char *text)
{
  static const char *const labels[] = {"", "unknown", "indistinguishable", "FALSE"};
  total.claims++;
  total.unknown += judgement->verdict == VERDICT_UNKNOWN;
  total.indistinguishable += judgement->verdict == VERDICT_INDISTINGUISHABLE;
  total.contradictions += judgement->verdict == VERDICT_FALSE;
  if (judgement->verdict == VERDICT_FALSE ||
      (verbose && judgement->verdict != VERDICT_HOLDS))
    printf("%s: %s: %s: %s%s%s%s\n", labels[judgement->verdict], name, variant,
           judgement->why, text[0] != '\0' ? " \"" : "", text,
           text[0] != '\0' ? "\"" : "");
}

static void count_number(void *context, const char *name,
                         const struct judgement *judgement)
{
  (void)context;
  count(name, judgement, "");
}

/* The scratch tree is a variant; `changed` as in claims.h. */
static void judge_variant(const struct change *changed)
{
  total.variants++;
  if (!explain_scratch(&part)) {
    total.refused++;
  } else {
    for (unsigned i = 0; i < part.sentences_count; i++) {
      const struct sentence *sentence = &part.sentences[i];
      total.sentences++;
      if (is_of_whole(sentence)) {
        total.same++;
        continue;
      }
      struct judgement judgement = claim_judge(&part, &whole, changed, sentence);
      count(rule_rows[sentence->rule].name, &judgement, sentence->text);
    }
    claim_judge_numbers(&part, &whole, changed, count_number, NULL);
  }
  observer_close(&part.observer);
}

static void judge_text_of(const struct file *file, const char *text, size_t length)
{
  const struct change change = {file->path,
                                {.bytes = file->text, .length = file->length},
                                {.bytes = (char *)text, .length = length}};
  write_file(file->path, text, length);
  judge_variant(&change);
}

/* --- the variants of a file -----------------------------------------------------------
 */

static size_t count_lines(const struct file *file)
{
  size_t lines = 0;
  for (size_t i = 0; i < file->length; i++)
    lines += file->text[i] == '\n';
  return lines + (file->length > 0 && file->text[file->length - 1] != '\n');
}

/* The offset of the line after `line`. */
static size_t next_line(const struct file *file, size_t line)
{
  const char *newline = memchr(file->text + line, '\n', file->length - line);
  return newline != NULL ? (size_t)(newline - file->text) + 1 : file->length;
}

static void describe(const struct file *file, const char *how, size_t line)
{
  snprintf(variant, sizeof(variant), "%s%s: %s: %s %zu", tree.name,
           tree.count == 1 ? " (alone)" : "", file->path, how, line);
}

static void cut_and_strip(const struct file *file, const char *alone)
{
  char *text = must(malloc(file->length + 1));
  size_t lines = count_lines(file), stride = (lines + LINES_MAX - 1) / LINES_MAX, n = 0;
  for (size_t at = 0, next; at < file->length; at = next, n++) {
    char how[40];
    next = next_line(file, at);
    if (lines > LINES_MAX && (n + tree.number) % stride != 0)
      continue;
    snprintf(how, sizeof(how), "%scut after line", alone);
    describe(file, how, n);
    judge_text_of(file, file->text, at);
    snprintf(how, sizeof(how), "%scut in line", alone);
    describe(file, how, n + 1);
    if (lines < 8 || n % 4 == tree.number % 4)
      judge_text_of(file, file->text, at + (next - at) * (1 + n % 5) / 6);
    memcpy(text, file->text, at);
    memcpy(text + at, file->text + next, file->length - next);
    snprintf(how, sizeof(how), "%swithout line", alone);
    describe(file, how, n + 1);
    if (lines > 1)
      judge_text_of(file, text, file->length - (next - at));
  }
  free(text);
  write_file(file->path, file->text, file->length);
}

static bool has_word(const char *line, size_t length, const char *const words[])
{
  for (size_t i = 0; words[i] != NULL; i++)
    for (size_t at = 0; at + strlen(words[i]) <= length; at++)
      if (strncasecmp(line + at, words[i], strlen(words[i])) == 0)
        return true;
  return false;
}

/* What people paste of meminfo. */
static const char *const greps[][8] = {
    {"mem", NULL},
    {"MemTotal", "Slab", "SReclaimable", "SUnreclaim", NULL},
    {"Mem", "Cached", "Swap", NULL},
    {"Mem", "Buffers", "Cached", NULL},
    {"MemTotal", "Huge", NULL},
    {"MemTotal", "MemFree", "Active", "Inactive", NULL},
    {"MemTotal", "MemFree", "AnonPages", "Shmem", "Slab", "PageTables", "Cached", NULL},
    {"MemTotal", "Vmalloc", "Percpu", NULL},
    {"MemTotal", "Dirty", "Writeback", "Committed", NULL},
    {"MemTotal", "Direct", NULL},
};

static int by_text(const void *a, const void *b)
{
  return strcmp(*(char *const *)a, *(char *const *)b);
}

/* sort(1). */
static void sort_lines(const struct file *file, char *out)
{
  char **lines = must(calloc(count_lines(file) + 1, sizeof(*lines)));
  char *copy = strndup(file->text, file->length), *rest = copy, *line;
  size_t n = 0;
  while ((line = strsep(&rest, "\n")) != NULL)
    if (*line != '\0')
      lines[n++] = line;
  qsort(lines, n, sizeof(*lines), by_text);
  *out = '\0';
  for (size_t i = 0; i < n; i++)
    out += sprintf(out, "%s\n", lines[i]);
  free(lines);
  free(copy);
}

static void filter_meminfo(const struct file *file, const char *alone)
{
  char *text = must(malloc(file->length + 2)), how[40];
  for (size_t g = 0; g < sizeof(greps) / sizeof(*greps); g++) {
    size_t length = 0;
    for (size_t at = 0, next; at < file->length; at = next) {
      next = next_line(file, at);
      if (!has_word(file->text + at, next - at, greps[g]))
        continue;
      memcpy(text + length, file->text + at, next - at);
      length += next - at;
    }
    snprintf(how, sizeof(how), "%sgrep", alone);
    describe(file, how, g);
    judge_text_of(file, text, length);
  }
  sort_lines(file, text);
  snprintf(how, sizeof(how), "%ssorted", alone);
  describe(file, how, 0);
  judge_text_of(file, text, strlen(text));
  free(text);
  write_file(file->path, file->text, file->length);
}

/* --- the variants of a tree -----------------------------------------------------------
 */

/* Files are of one kind where their paths differ in numbers only. */
static void kind_of(const char *path, char *out, size_t size)
{
  size_t n = 0;
  for (; *path != '\0' && n + 1 < size; path++)
    if (*path < '0' || *path > '9')
      out[n++] = *path;
    else if (n == 0 || out[n - 1] != '#')
      out[n++] = '#';
  out[n] = '\0';
}

static bool is_kind(const struct file *file, const char *kind)
{
  char own[300];
  kind_of(file->path, own, sizeof(own));
  return strcmp(own, kind) == 0;
}

static const char meminfo_path[] = "proc/meminfo";

/* Leaves the files of a kind in the scratch tree, with meminfo; or all others, if
 * `except`. */
static void keep_kind(const char *kind, bool except)
{
  for (size_t i = 0; i < tree.count; i++) {
    const struct file *file = &tree.files[i];
    if (strcmp(file->path, meminfo_path) == 0 || is_kind(file, kind) != except)
      write_file(file->path, file->text, file->length);
    else
      remove_file(file->path);
  }
}

static void restore(void)
{
  for (size_t i = 0; i < tree.count; i++)
    write_file(tree.files[i].path, tree.files[i].text, tree.files[i].length);
}

static bool is_first_of_kind(size_t index, char kind[300])
{
  kind_of(tree.files[index].path, kind, 300);
  for (size_t i = 0; i < index; i++)
    if (is_kind(&tree.files[i], kind))
      return false;
  return true;
}

static void judge_kinds(void)
{
  char kind[300];
  for (size_t i = 0; i < tree.count; i++) {
    if (!is_first_of_kind(i, kind))
      continue;
    bool is_meminfo = strcmp(kind, meminfo_path) == 0;
    keep_kind(kind, false);
    snprintf(variant, sizeof(variant), "%.150s: only %s", tree.name, kind);
    judge_variant(NULL);
    keep_kind(kind, true);
    snprintf(variant, sizeof(variant), "%.150s: without %s", tree.name, kind);
    if (!is_meminfo)
      judge_variant(NULL);
    restore();
  }
}

static const struct file *find_meminfo(void)
{
  for (size_t i = 0; i < tree.count; i++)
    if (strcmp(tree.files[i].path, meminfo_path) == 0)
      return &tree.files[i];
  return NULL;
}

static void judge_tree(void)
{
  const struct file *meminfo = find_meminfo();
  total.trees++;
  tree.number++;
  if (meminfo == NULL || !explain_scratch(&whole)) {
    printf("%s: no meminfo\n", tree.name);
    return;
  }
  if (claim_is_impossible(&whole)) {
    printf("%s: its numbers are impossible\n", tree.name);
    total.impossible++;
  }
  for (size_t i = 0; i < tree.count; i++)
    if (strcmp(tree.files[i].path, "about") != 0)
      cut_and_strip(&tree.files[i], "");
  filter_meminfo(meminfo, "");
  if (tree.count > 1) {
    judge_kinds();
    keep_kind(meminfo_path, false);
    cut_and_strip(meminfo, "alone, ");
    filter_meminfo(meminfo, "alone, ");
  }
  observer_close(&whole.observer);
}

/* --- collections ----------------------------------------------------------------------
 */

static bool exists(const char *directory, const char *name)
{
  char path[800];
  snprintf(path, sizeof(path), "%s/%s", directory, name);
  return access(path, R_OK) == 0;
}

static void take_tree(const char *path)
{
  root_length = strlen(path);
  snprintf(tree.name, sizeof(tree.name), "%.190s", strrchr(path, '/') + 1);
  nftw(path, add_entry, 16, FTW_PHYS);
  judge_tree();
  empty_scratch();
}

static void take_meminfo(const char *path)
{
  snprintf(tree.name, sizeof(tree.name), "%.190s", strrchr(path, '/') + 1);
  add_file(path, meminfo_path);
  judge_tree();
  empty_scratch();
}

static void take_directory(const char *directory)
{
  struct dirent **entries;
  int n = scandir(directory, &entries, NULL, alphasort);
  if (n < 0) {
    perror(directory);
    exit(2);
  }
  for (int i = 0; i < n; i++) {
    char path[700];
    const char *dot = strrchr(entries[i]->d_name, '.');
    snprintf(path, sizeof(path), "%s/%s", directory, entries[i]->d_name);
    if (entries[i]->d_name[0] != '.' && exists(path, meminfo_path))
      take_tree(path);
    else if (dot != NULL && strcmp(dot, ".meminfo") == 0)
      take_meminfo(path);
    free(entries[i]);
  }
  free(entries);
}

static void take(char *directory)
{
  size_t length = strlen(directory);
  while (length > 1 && directory[length - 1] == '/')
    directory[--length] = '\0';
  char *real = must(realpath(directory, NULL));
  if (exists(real, meminfo_path))
    take_tree(real);
  else
    take_directory(real);
  free(real);
}

int main(int argc, char **argv)
{
  static char fixtures[] = FIXTURES;
  int option;
  while ((option = getopt(argc, argv, "v")) != -1)
    if (option != 'v')
      return 2;
    else
      verbose = true;
  const char *tmp = getenv("TMPDIR");
  if (tmp == NULL)
    tmp = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
  snprintf(tree.scratch, sizeof(tree.scratch), "%.40s/truthfulness.XXXXXX", tmp);
  must(mkdtemp(tree.scratch));
  if (optind == argc)
    take(fixtures);
  for (; optind < argc; optind++)
    take(argv[optind]);
  rmdir(tree.scratch);
  free(tree.files);
  printf(
      "%lu trees, %lu variants (%lu refused), %lu sentences (%lu as of the whole), %lu "
      "claims checked, %lu unknown, %lu indistinguishable, %lu impossible trees, %lu "
      "contradictions\n",
      total.trees, total.variants, total.refused, total.sentences, total.same,
      total.claims, total.unknown, total.indistinguishable, total.impossible,
      total.contradictions);
  return total.contradictions > 0;
}
