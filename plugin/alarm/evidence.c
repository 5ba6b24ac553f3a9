/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "evidence.h"
#include "meminfo_explain/base/atomic_file.h"
#include "meminfo_explain/base/format.h"
#include "meminfo_explain/collect/groupings.h"
#include "meminfo_explain/report/diagnostic.h"
#include "meminfo_explain/report/metrics.h"
#include "meminfo_explain/report/sentences.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#define NEW_NAME "meminfo_explain.new"

/* --- writing lines ---------------------------------------------------------------- */

#define CUT_LINE "== cut: the rest would not have fitted\n"
static const size_t lines_max = EVIDENCE_FILE_MAX - (sizeof(CUT_LINE) - 1);

struct output {
  FILE *stream;   /* which remembers what goes wrong */
  bool cut;       /* a line did not fit; nor is any behind it written */
  size_t written; /* bytes */
};

static void put_byte(struct output *out, char byte)
{
  putc(byte, out->stream);
  out->written++;
}

/* A line whole or not at all: half a number would pass for another one. What a terminal
 * might obey, or an editor would take for no text, becomes '?'. */
static void put_line(struct output *out, struct span line)
{
  out->cut |= line.length >= lines_max - out->written;
  if (out->cut)
    return;
  for (size_t i = 0; i < line.length; i++) {
    bool is_text = (line.at[i] >= ' ' && line.at[i] <= '~') || line.at[i] == '\t';
    put_byte(out, is_text ? line.at[i] : '?');
  }
  put_byte(out, '\n');
}

__attribute__((format(printf, 2, 3))) static void put(struct output *out,
                                                      const char *format, ...)
{
  char line[640];
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(line, sizeof(line), format, arguments);
  va_end(arguments);
  if (length > (int)sizeof(line) - 1)
    length = (int)sizeof(line) - 1;
  put_line(out, (struct span){line, length > 0 ? (size_t)length : 0});
}

static void put_end(struct output *out)
{
  static const char cut_line[] = CUT_LINE;
  for (const char *at = cut_line; out->cut && *at != '\0'; at++)
    put_byte(out, *at);
}

/* --- then and now ----------------------------------------------------------------- */

struct change {
  const char *view, *name;
  struct amount then, now;
  struct amount by; /* known where both are */
};

static uint64_t magnitude(struct amount amount)
{
  return amount_abs_diff(amount, (struct amount){.value = 0});
}

/* What moved most; then what cannot be told to have moved, the largest first. */
static bool goes_before(const struct change *a, const struct change *b)
{
  bool a_moved = is_known(a->by), b_moved = is_known(b->by);
  if (a_moved != b_moved)
    return a_moved;
  if (a_moved)
    return magnitude(a->by) > magnitude(b->by);
  struct amount of_a = is_known(a->now) ? a->now : a->then;
  struct amount of_b = is_known(b->now) ? b->now : b->then;
  return magnitude(of_a) > magnitude(of_b);
}

struct changes {
  struct change of[TERM_COUNT + HOLE_COUNT];
  unsigned count;
};

static void changes_add(struct changes *changes, struct change change)
{
  if (!is_known(change.then) && !is_known(change.now))
    return;
  change.by = amount_difference(change.now, change.then);
  unsigned at = changes->count++;
  for (; at > 0 && goes_before(&change, &changes->of[at - 1]); at--)
    changes->of[at] = changes->of[at - 1];
  changes->of[at] = change;
}

static void changes_make(const struct explanation *then, const struct explanation *now,
                         struct changes *out)
{
  const struct amount none = {.state = READING_ABSENT};
  out->count = 0;
  for (size_t i = 0; i < TERM_COUNT; i++)
    changes_add(out, (struct change){.view = view_name(term_rows[i].view),
                                     .name = term_rows[i].name,
                                     .then = then != NULL ? then->terms[i] : none,
                                     .now = now->terms[i]});
  for (unsigned i = 0; i < HOLE_COUNT; i++)
    changes_add(out, (struct change){
                         .view = "black_hole",
                         .name = hole_rows[i].name,
                         .then = then != NULL ? hole_amount(&then->black_hole, i) : none,
                         .now = hole_amount(&now->black_hole, i)});
}

struct cell {
  char text[24];
};

static struct cell cell_of(struct amount amount, const char *format)
{
  struct cell cell;
  if (is_known(amount))
    snprintf(cell.text, sizeof(cell.text), format, amount.value);
  else
    snprintf(cell.text, sizeof(cell.text), "%s", reading_state_name(amount.state));
  return cell;
}

static void put_changes(struct output *out, const struct explanation *then,
                        const struct explanation *now)
{
  struct changes changes;
  changes_make(then, now, &changes);
  put(out, "== change, then, now: bytes");
  if (then == NULL)
    put(out, "of before the rise nothing is known");
  if (then != NULL && then->refused != NULL)
    put(out, "then refused: %s", then->refused);
  if (now->refused != NULL)
    put(out, "now refused: %s", now->refused);
  for (unsigned i = 0; i < changes.count; i++) {
    const struct change *c = &changes.of[i];
    struct cell by = {"-"};
    if (is_known(c->by))
      by = cell_of(c->by, "%+" PRId64);
    put(out, "%20s %20s %20s  %s/%s", by.text, cell_of(c->then, "%" PRId64).text,
        cell_of(c->now, "%" PRId64).text, c->view, c->name);
  }
}

/* --- the rest of what we know ----------------------------------------------------- */

static void put_report(struct output *out, const struct observer *now)
{
  struct sentence sentences[RULE_COUNT];
  unsigned count =
      sentences_make(&now->sample, &now->explanation, &now->first, sentences);
  put(out, "== report");
  for (unsigned i = 0; i < count; i++) {
    const char *next = rule_rows[sentences[i].rule].next;
    put(out, "%s", sentences[i].text);
    if (next[0] != '\0')
      put(out, "    next: %s", next);
  }
}

/* Why there is nothing to list. */
static void put_missing(struct output *out, const struct sample *sample,
                        enum grouping grouping)
{
  char line[512];
  if (diagnostic_of_source(sample, grouping_rows[grouping].source, line, sizeof(line)))
    put(out, "none: %s", line);
  else
    put(out, "none: %s", reading_state_name(grouping_total(sample, grouping).state));
}

struct word {
  char text[100];
};

/* Parsers make names printable. A blank would still make two words of one. */
static struct word word_of(const char *name)
{
  struct word word;
  span_copy((struct span){name, strlen(name)}, word.text, sizeof(word.text));
  return word;
}

static void put_member(struct output *out, const struct grouping_member *member)
{
  const struct word detail = word_of(member->detail);
  put(out, "%20" PRIu64 " %10" PRIu64 "  %s%s%s%s", member->bytes, member->count,
      word_of(member->name).text, detail.text[0] != '\0' ? " " : "", detail.text,
      format_module(word_of(member->qualifier).text).text);
}

static void put_grouping(struct output *out, const struct sample *sample,
                         enum grouping grouping)
{
  const struct grouping_row *row = &grouping_rows[grouping];
  const double age = sample->sources[row->source].age;
  struct grouping_member member;
  put(out, "== %s: bytes, %s, %s; read %.0f s before", row->view, row->counted,
      row->member, age);
  if (!is_known(grouping_total(sample, grouping)))
    put_missing(out, sample, grouping);
  for (unsigned n = 0;
       n < EVIDENCE_NAMES_MAX && grouping_member(sample, grouping, n, &member); n++)
    put_member(out, &member);
}

/* --- the kernel's files ------------------------------------------------------------ */

static void put_file(struct output *out, const struct sysroot *root, const char *path,
                     struct text *text)
{
  put(out, "== %s", path);
  /* Of a file larger than could be written, the text holds the beginning, and as much
   * more that its last line, which may be half a one, does not fit. */
  int error = sysroot_slurp_within(root, path, lines_max - out->written, text);
  if (error != 0 && error != -EFBIG) {
    put(out, "none: %s, error %d", reading_state_name(sysroot_error_state(error)),
        -error);
    return;
  }
  struct scan scan = scan_text(text->bytes, text->length), line;
  while (scan_line(&scan, &line))
    put_line(out, (struct span){line.at, (size_t)(line.end - line.at)});
}

/* The small ones first: zoneinfo has a paragraph per zone and CPU. */
static void put_files(struct output *out, const struct sysroot *root)
{
  static const char *const paths[] = {"proc/meminfo", "proc/vmstat", "proc/slabinfo",
                                      "proc/zoneinfo"};
  struct text text = {0};
  for (size_t i = 0; i < sizeof(paths) / sizeof(*paths) && !out->cut; i++)
    put_file(out, root, paths[i], &text);
  text_free(&text);
}

/* --- the directory ---------------------------------------------------------------- */

#define PREFIX "meminfo_explain-"
#define SUFFIX ".txt"
#define STAMP  "dddddddd.dddddd." /* 20261124T030000Z; d: a digit */

static bool is_name(struct span name)
{
  for (size_t i = 0; i < name.length; i++) {
    char c = name.at[i];
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'))
      return false;
  }
  return name.length > 0;
}

static bool is_stamp(const char *at)
{
  for (size_t i = 0; i < sizeof(STAMP) - 1; i++) {
    if (STAMP[i] == 'd' ? at[i] < '0' || at[i] > '9' : at[i] != (i == 8 ? 'T' : 'Z'))
      return false;
  }
  return true;
}

/* Whether a file may be one that we wrote. */
static bool is_ours(const char *file)
{
  size_t head = sizeof(PREFIX) - 1 + sizeof(STAMP) - 1 + 1, tail = sizeof(SUFFIX) - 1;
  size_t length = strlen(file);
  return length > head + tail && strncmp(file, PREFIX, sizeof(PREFIX) - 1) == 0 &&
         is_stamp(file + sizeof(PREFIX) - 1) && file[head - 1] == '-' &&
         is_name((struct span){file + head, length - head - tail}) &&
         strcmp(file + length - tail, SUFFIX) == 0;
}

struct ours {
  unsigned count;
  char oldest[NAME_MAX + 1];
};

/* All but the file `except`. 0, or -errno. */
static int count_ours(int directory, const char *except, struct ours *out)
{
  *out = (struct ours){.count = 0};
  int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
  if (dir == NULL) {
    int error = -errno;
    if (fd >= 0)
      close(fd);
    return error;
  }
  errno = 0;
  for (const struct dirent *entry; (entry = readdir(dir)) != NULL; errno = 0) {
    struct stat st;
    if (!is_ours(entry->d_name) || strcmp(entry->d_name, except) == 0 ||
        fstatat(directory, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISREG(st.st_mode))
      continue;
    if (out->count++ == 0 || strcmp(entry->d_name, out->oldest) < 0)
      snprintf(out->oldest, sizeof(out->oldest), "%s", entry->d_name);
  }
  int error = -errno;
  closedir(dir);
  return error;
}

/* Makes room for `file`, which is there already. The time is in the name, and so the
 * first name is the oldest. */
static int remove_oldest(int directory, const char *file)
{
  struct ours files;
  for (;;) {
    int error = count_ours(directory, file, &files);
    if (error != 0 || files.count < EVIDENCE_FILES_MAX)
      return error;
    if (unlinkat(directory, files.oldest, 0) != 0)
      return -errno;
  }
}

static int check_room(int directory)
{
  struct statvfs fs;
  if (fstatvfs(directory, &fs) != 0)
    return -errno;
  /* No blocks at all: one that does not count them (fs/libfs.c: simple_statfs; tmpfs
   * without a limit). */
  if (fs.f_blocks == 0 || fs.f_frsize == 0)
    return 0;
  uint64_t need = (uint64_t)EVIDENCE_ROOM_MIN + EVIDENCE_FILE_MAX;
  return fs.f_bavail <= need / fs.f_frsize ? -ENOSPC : 0;
}

/* The name that nothing in the directory has. */
static int choose_file(int directory, const char *stamp, const char *name,
                       char out[NAME_MAX + 1])
{
  char number[8] = "";
  for (unsigned i = 2; i < 100; i++) {
    struct stat st;
    int length =
        snprintf(out, NAME_MAX + 1, PREFIX "%s-%s%s" SUFFIX, stamp, name, number);
    if (length > NAME_MAX)
      return -ENAMETOOLONG;
    if (fstatat(directory, out, &st, AT_SYMLINK_NOFOLLOW) != 0)
      return errno == ENOENT ? 0 : -errno;
    snprintf(number, sizeof(number), "-%u", i);
  }
  return -EEXIST;
}

static int write_file(int directory, const char *file, const struct text *text)
{
  struct atomic_file file_written;
  int error = check_room(directory);
  if (error == 0)
    error = atomic_file_open(directory, NEW_NAME, &file_written);
  if (error != 0)
    return error;
  atomic_file_write(&file_written, text->bytes, text->length);
  return atomic_file_finish(&file_written, file);
}

/* The new one first: should it come to nothing, the others are still there. */
static int add_file(int directory, const char *file, const struct text *text)
{
  int error = write_file(directory, file, text);
  if (error == 0)
    error = remove_oldest(directory, file);
  if (error != 0) /* not one more than there may be */
    unlinkat(directory, file, 0);
  return error;
}

/* --- all of it -------------------------------------------------------------------- */

static int format_time(double time, const char *format, char *out, size_t size)
{
  static const double last = 253402300799; /* of the year 9999 */
  struct tm tm;
  if (!(time >= 0 && time <= last)) /* nor NaN */
    return -EINVAL;
  time_t seconds = (time_t)time;
  if (gmtime_r(&seconds, &tm) == NULL || strftime(out, size, format, &tm) == 0)
    return -EINVAL;
  return 0;
}

int evidence_compose(double time, const char *message, const struct observer *now,
                     const struct explanation *then, struct text *out)
{
  char date[32], *bytes = NULL;
  size_t length = 0;
  if (format_time(time, "%Y-%m-%dT%H:%M:%SZ", date, sizeof(date)) != 0)
    return -EINVAL;
  struct output output = {.stream = open_memstream(&bytes, &length)};
  if (output.stream == NULL)
    return -ENOMEM;
  put_line(&output, (struct span){message, strlen(message)});
  put(&output, "%s", date);
  put_changes(&output, then, &now->explanation);
  put_report(&output, now);
  for (unsigned i = 0; i < GROUPING_COUNT; i++)
    put_grouping(&output, &now->sample, i);
  put_files(&output, &now->collector.root);
  put_end(&output);
  bool failed = ferror(output.stream) != 0;
  failed |= fclose(output.stream) != 0;
  if (failed) {
    free(bytes);
    return -ENOMEM;
  }
  *out = (struct text){.bytes = bytes, .length = length, .capacity = length};
  return 0;
}

int evidence_store(const char *dir, double time, const char *name,
                   const struct text *text)
{
  char stamp[32], file[NAME_MAX + 1];
  if (!is_name((struct span){name, strlen(name)}) ||
      format_time(time, "%Y%m%dT%H%M%SZ", stamp, sizeof(stamp)) != 0)
    return -EINVAL;
  int directory = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0)
    return -errno;
  int error = choose_file(directory, stamp, name, file);
  if (error == 0)
    error = add_file(directory, file, text);
  close(directory);
  return error;
}
