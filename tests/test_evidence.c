/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "alarm/evidence_dir.h"

#include "suite.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define FIXTURE "6.12-composed-allocinfo"
#define TIME    1795489200.75 /* 2026-11-24 03:00:00 UTC */
#define FILE_OF "meminfo_explain-20261124T030000Z-"
#define MB(n)   ((int64_t)(n) << 20)

/* --- room on the file system, as the test sets it ----------------------------------- */

static uint64_t room = UINT64_MAX; /* bytes; UINT64_MAX: as it is */
static bool counts_blocks = true;

int __real_fstatvfs(int fd, struct statvfs *fs);
int __wrap_fstatvfs(int fd, struct statvfs *fs);

int __wrap_fstatvfs(int fd, struct statvfs *fs)
{
  int status = __real_fstatvfs(fd, fs);
  fs->f_frsize = 4096;
  fs->f_blocks = counts_blocks ? (fsblkcnt_t)1 << 40 : 0;
  fs->f_bavail = room == UINT64_MAX ? (fsblkcnt_t)1 << 30 : (fsblkcnt_t)(room / 4096);
  return status;
}

/* --- a directory that cannot be read ------------------------------------------------ */

static bool lists = true;

struct dirent *__real_readdir(DIR *);
struct dirent *__wrap_readdir(DIR *);

struct dirent *__wrap_readdir(DIR *directory)
{
  if (lists)
    return __real_readdir(directory);
  errno = EIO;
  return NULL;
}

/* --- a machine, and a directory for its evidence ------------------------------------ */

static char *root, *dir;
static struct observer *now;
static struct explanation *then;

static void copy_file(const char *path)
{
  char from[512];
  size_t length;
  snprintf(from, sizeof(from), "%s/%s/%s", FIXTURES, FIXTURE, path);
  char *bytes = file_read(from, &length);
  tree_write_bytes(root, path, bytes, length);
  free(bytes);
}

static void look(void)
{
  static const struct collect_options options = {.pss = false};
  ck_assert_int_eq(observe(now, &options), 0);
}

static void begin(void)
{
  static const char *const files[] = {"proc/meminfo", "proc/zoneinfo", "proc/vmstat",
                                      "proc/vmallocinfo", "proc/allocinfo"};
  room = UINT64_MAX;
  counts_blocks = true;
  root = tree_make();
  dir = tree_make();
  for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
    copy_file(files[i]);
  tree_write(root, "proc/slabinfo", "slabinfo - version: 2.1\ndentry 1 2 3\n");
  now = malloc(sizeof(*now));
  then = malloc(sizeof(*then));
  ck_assert_int_eq(observer_open(root, now), 0);
  look();
  *then = now->explanation;
}

static void end(void)
{
  observer_close(now);
  free(now);
  free(then);
  tree_remove(root);
  tree_remove(dir);
}

static int evidence_write(const char *path, double time, const char *name,
                          const char *message, const struct observer *observer,
                          const struct explanation *before)
{
  struct text text = {0};
  int error = evidence_compose(time, message, observer, before, &text);
  if (error == 0)
    error = evidence_store(path, time, name, &text);
  text_free(&text);
  return error;
}

static int write_it(void)
{
  return evidence_write(dir, TIME, "black_hole-warning", "It grows.", now, then);
}

static int write_at(double seconds)
{
  return evidence_write(dir, TIME + seconds, "x", "It grows.", now, then);
}

static char *in_dir(const char *file, char out[512])
{
  snprintf(out, 512, "%s/%s", dir, file);
  return out;
}

static bool exists(const char *file)
{
  char path[512];
  struct stat st;
  return lstat(in_dir(file, path), &st) == 0;
}

static char *content(const char *file, size_t *length)
{
  char path[512];
  return file_read(in_dir(file, path), length);
}

static char *written(void)
{
  ck_assert_int_eq(write_it(), 0);
  return content(FILE_OF "black_hole-warning.txt", NULL);
}

static unsigned entries(void)
{
  DIR *open_dir = opendir(dir);
  unsigned count = 0;
  for (const struct dirent *entry; (entry = readdir(open_dir)) != NULL;)
    count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
  closedir(open_dir);
  return count;
}

/* The lines under the heading that starts with `heading`; to be freed. */
static char *section(const char *text, const char *heading)
{
  char key[128];
  snprintf(key, sizeof(key), "\n== %s", heading);
  const char *at = strstr(text, key);
  ck_assert_msg(at != NULL, "no section %s", heading);
  at = strchr(at + 1, '\n') + 1;
  const char *stop = strncmp(at, "== ", 3) == 0 ? at : strstr(at, "\n== ");
  size_t length = stop == NULL ? strlen(at) : (size_t)(stop - at) + (stop != at);
  return strndup(at, length);
}

static void assert_section(const char *text, const char *heading, const char *want)
{
  char *got = section(text, heading);
  ck_assert_str_eq(got, want);
  free(got);
}

static void assert_plain(const char *text, size_t length)
{
  size_t at = 0;
  while (at < length &&
         ((text[at] >= ' ' && text[at] <= '~') || text[at] == '\n' || text[at] == '\t'))
    at++;
  ck_assert_msg(at == length, "byte %zu is %#x", at, (unsigned char)text[at]);
  ck_assert(length > 0 && text[length - 1] == '\n');
}

/* --- what is in it ------------------------------------------------------------------ */

START_TEST(it_begins_with_the_message_and_the_time)
{
  begin();
  char *text = written(), path[512];
  static const char want[] = "It grows.\n2026-11-24T03:00:00Z\n== ";
  ck_assert_msg(strncmp(text, want, strlen(want)) == 0, "%.80s", text);
  struct stat st;
  ck_assert_int_eq(lstat(in_dir(FILE_OF "black_hole-warning.txt", path), &st), 0);
  ck_assert(S_ISREG(st.st_mode));
  ck_assert_uint_eq(st.st_mode & 07777, 0600);
  ck_assert_uint_eq(entries(), 1);
  free(text);
  end();
}
END_TEST

struct row {
  char by[32], then[32], now[32], name[64];
};

/* Parses the rows of the comparison; returns how many. */
static unsigned rows_of(const char *text, struct row rows[256])
{
  char *lines = section(text, "change, before, now");
  unsigned count = 0;
  for (char *line = strtok(lines, "\n"); line != NULL; line = strtok(NULL, "\n")) {
    struct row *row = &rows[count];
    if (strchr(line, '/') == NULL)
      continue; /* prose */
    ck_assert_int_eq(
        sscanf(line, "%31s %31s %31s %63s", row->by, row->then, row->now, row->name), 4);
    count++;
  }
  free(lines);
  return count;
}

/* An empty row where there is none of that name. */
static const struct row *row_of(const struct row *rows, unsigned count, const char *name)
{
  static const struct row none;
  for (unsigned i = 0; i < count; i++)
    if (strcmp(rows[i].name, name) == 0)
      return &rows[i];
  return &none;
}

START_TEST(each_known_number_is_there_with_its_change)
{
  static struct row rows[256];
  begin();
  then->terms[TERM_KERNEL_slab_unreclaimable].value -= 4096;
  now->explanation.terms[TERM_HIDDEN_cma] = then->terms[TERM_HIDDEN_cma] =
      (struct amount){.state = READING_DENIED};
  char *text = written();
  unsigned count = rows_of(text, rows), want = 0;
  for (unsigned i = 0; i < TERM_COUNT; i++)
    want += is_known(now->explanation.terms[i]);
  ck_assert_uint_gt(want, 20);
  ck_assert_uint_gt(count, want); /* and those of the black hole */
  for (unsigned i = 0; i < count; i++) {
    bool known =
        strcmp(rows[i].then, "absent") != 0 && strcmp(rows[i].now, "absent") != 0;
    if (known)
      ck_assert_int_eq(atoll(rows[i].by), atoll(rows[i].now) - atoll(rows[i].then));
    else
      ck_assert_str_eq(rows[i].by, "-");
  }
  char slab[32];
  snprintf(slab, sizeof(slab), "%lld",
           (long long)now->explanation.terms[TERM_KERNEL_slab_unreclaimable].value);
  ck_assert_str_eq(row_of(rows, count, "kernel/slab_unreclaimable")->now, slab);
  ck_assert_str_eq(row_of(rows, count, "kernel/slab_unreclaimable")->by, "+4096");
  ck_assert_str_eq(rows[0].name, "kernel/slab_unreclaimable"); /* nothing else moved */
  ck_assert_str_eq(row_of(rows, count, "total/mem_total")->by, "+0");
  ck_assert_str_eq(row_of(rows, count, "hidden/cma")->name, "");
  free(text);
  end();
}
END_TEST

/* Every number of the black hole, the n-th of them `unit` times n. */
static void fill(struct black_hole *hole, int64_t unit)
{
  struct amount of_unit[13];
  for (int n = 0; n < 13; n++)
    of_unit[n] = (struct amount){.value = n * unit, .state = READING_KNOWN};
  hole->of[ACCOUNTING_LRU] = of_unit[0];
  hole->of[ACCOUNTING_CACHE] = of_unit[1];
  hole->of[ACCOUNTING_PSS] = of_unit[2];
  hole->cache_low = of_unit[3];
  hole->floor = of_unit[4];
  hole->above_floor = of_unit[5];
  hole->estimate = of_unit[6];
  hole->error = reading_known(7 * (uint64_t)unit);
  hole->hidden = of_unit[8];
  hole->unexplained = of_unit[9];
  hole->unexplained_error = reading_known(10 * (uint64_t)unit);
  hole->allocinfo = of_unit[11];
  hole->allocinfo_difference = of_unit[12];
}

static const char hole_names[13][24] = {"lru",
                                        "cache",
                                        "pss",
                                        "cache_low",
                                        "floor",
                                        "above_floor",
                                        "estimate",
                                        "error",
                                        "hidden",
                                        "unexplained",
                                        "unexplained_error",
                                        "allocinfo",
                                        "allocinfo_difference"};

START_TEST(every_number_of_the_black_hole_is_compared)
{
  static struct row rows[256];
  begin();
  fill(&then->black_hole, 1);
  fill(&now->explanation.black_hole, MB(1) + 1);
  char *text = written();
  unsigned count = rows_of(text, rows);
  for (int n = 0; n < 13; n++) {
    char name[64];
    snprintf(name, sizeof(name), "black_hole/%.24s", hole_names[n]);
    const struct row *row = row_of(rows, count, name);
    ck_assert_str_eq(row->name, name);
    ck_assert_int_eq(atoll(row->by), MB(n));
    ck_assert_int_eq(atoll(row->then), n);
    if (n > 0) /* the largest change first */
      ck_assert_str_eq(rows[12 - n].name, name);
  }
  free(text);
  end();
}
END_TEST

START_TEST(the_largest_change_in_either_direction_is_first)
{
  static struct row rows[256];
  begin();
  struct amount *terms = now->explanation.terms;
  then->terms[TERM_KERNEL_page_tables].value =
      terms[TERM_KERNEL_page_tables].value + MB(9);
  then->terms[TERM_KERNEL_slab_unreclaimable].value =
      terms[TERM_KERNEL_slab_unreclaimable].value - MB(8);
  terms[TERM_HIDDEN_gpu] = (struct amount){.value = MB(7), .state = READING_KNOWN};
  then->terms[TERM_HIDDEN_gpu] = (struct amount){.state = READING_ABSENT};
  terms[TERM_HIDDEN_cma] = (struct amount){.state = READING_DENIED};
  then->terms[TERM_HIDDEN_cma] = (struct amount){.value = MB(6), .state = READING_KNOWN};
  char *text = written();
  unsigned count = rows_of(text, rows);
  ck_assert_str_eq(rows[0].name, "kernel/page_tables");
  ck_assert_str_eq(rows[0].by, "-9437184");
  ck_assert_str_eq(rows[1].name, "kernel/slab_unreclaimable");
  ck_assert_str_eq(rows[1].by, "+8388608");
  /* last, since it is not known how much they moved */
  ck_assert_str_eq(rows[count - 2].name, "hidden/gpu");
  ck_assert_str_eq(rows[count - 2].then, "absent");
  ck_assert_str_eq(rows[count - 1].name, "hidden/cma");
  ck_assert_str_eq(rows[count - 1].now, "denied");
  ck_assert_str_eq(rows[count - 1].by, "-");
  free(text);
  end();
}
END_TEST

START_TEST(without_an_earlier_explanation_only_present_numbers_are_listed)
{
  static struct row rows[256];
  begin();
  ck_assert_int_eq(evidence_write(dir, TIME, "x", "", now, NULL), 0);
  char *text = content(FILE_OF "x.txt", NULL);
  ck_assert_ptr_nonnull(strstr(text, "\nno explanation from before the rise\n"));
  unsigned count = rows_of(text, rows);
  ck_assert_uint_gt(count, 20);
  for (unsigned i = 0; i < count; i++) {
    ck_assert_str_eq(rows[i].by, "-");
    ck_assert_str_eq(rows[i].then, "absent");
    ck_assert(i == 0 || llabs(atoll(rows[i].now)) <= llabs(atoll(rows[i - 1].now)));
  }
  free(text);
  end();
}
END_TEST

START_TEST(numbers_at_their_limits_do_not_overflow)
{
  static struct row rows[256];
  begin();
  struct amount *hole = &now->explanation.black_hole.estimate;
  *hole = (struct amount){.value = INT64_MAX, .state = READING_KNOWN};
  then->black_hole.estimate = (struct amount){.value = INT64_MIN, .state = READING_KNOWN};
  char *text = written();
  unsigned count = rows_of(text, rows);
  const struct row *row = row_of(rows, count, "black_hole/estimate");
  ck_assert_str_eq(row->by, "-");
  ck_assert_str_eq(row->then, "-9223372036854775808");
  ck_assert_str_eq(row->now, "9223372036854775807");
  free(text);
  end();
}
END_TEST

START_TEST(a_refusal_is_listed_with_its_reason)
{
  static struct row rows[256];
  begin();
  tree_write(root, "proc/meminfo", "MemTotal: 1000 kB\nSlab: 0 kB\nKReclaimable: 5 kB\n");
  look();
  ck_assert_ptr_nonnull(now->explanation.refused);
  char *text = written();
  char *lines = section(text, "change, before, now"), want[256];
  snprintf(want, sizeof(want), "now refused: %s\n", now->explanation.refused);
  ck_assert_ptr_nonnull(strstr(lines, want));
  ck_assert_ptr_null(strstr(lines, "before refused"));
  free(lines);
  unsigned count = rows_of(text, rows);
  ck_assert_str_eq(row_of(rows, count, "total/mem_total")->now, "1024000");
  ck_assert_str_eq(row_of(rows, count, "black_hole/estimate")->now, "absent");
  ck_assert_ptr_nonnull(strstr(text, "next: grep /proc/meminfo /proc/self/mountinfo\n"));
  free(text);
  end();
}
END_TEST

START_TEST(sentences_are_listed_with_what_to_run_next)
{
  begin();
  now->sample.meminfo.mem_available = reading_known(4096);
  char *text = written(), *lines = section(text, "report");
  const char *said = strstr(lines, "MemAvailable");
  ck_assert_ptr_nonnull(said);
  const char *next = strchr(said, '\n');
  static const char want[] = "\n    next: grep -s . /proc/pressure/memory; ";
  ck_assert(strncmp(next, want, strlen(want)) == 0);
  free(lines);
  free(text);
  end();
}
END_TEST

START_TEST(growth_since_the_first_observation_is_listed)
{
  begin();
  now->sample.meminfo.shmem.value += (uint64_t)MB(900);
  now->sample.meminfo.cached.value += (uint64_t)MB(900);
  char *text = written(), *lines = section(text, "report");
  ck_assert_ptr_nonnull(strstr(lines, "next: df -t tmpfs; cat /proc/sysvipc/shm\n"));
  ck_assert_ptr_nonnull(strstr(lines, "Cached has grown by 900.0 MiB"));
  free(lines);
  free(text);
  end();
}
END_TEST

START_TEST(members_of_groupings_are_listed_largest_first)
{
  begin();
  char *text = written(), want[512], name[128];
  const struct vmallocinfo *info = &now->sample.vmallocinfo;
  ck_assert_uint_gt(info->callers_count, 1);
  char *lines = section(text, "vmalloc: bytes");
  const struct vmalloc_caller *first = &info->callers[info->by_size[0]];
  snprintf(want, sizeof(want), "%20llu %10llu  %s", (unsigned long long)first->bytes,
           (unsigned long long)first->entries_count, first->symbol);
  ck_assert_msg(strncmp(lines, want, strlen(want)) == 0, "%.200s", lines);
  free(lines);
  lines = section(text, "alloc_site: bytes");
  ck_assert_uint_gt(now->sample.allocinfo.sites_listed, 1);
  const struct allocinfo_site *site = &now->sample.allocinfo.sites[0];
  snprintf(name, sizeof(name), "%s%s%s", site->module[0] != '\0' ? " [" : "",
           site->module, site->module[0] != '\0' ? "]" : "");
  snprintf(want, sizeof(want), "%20llu %10llu  %s %s%s\n",
           (unsigned long long)site->bytes, (unsigned long long)site->calls_count,
           site->function, site->file, name);
  ck_assert_msg(strncmp(lines, want, strlen(want)) == 0, "%.200s", lines);
  free(lines);
  free(text);
  end();
}
END_TEST

static unsigned count_lines(const char *text)
{
  unsigned count = 0;
  for (; (text = strchr(text, '\n')) != NULL; text++)
    count++;
  return count;
}

START_TEST(of_many_members_only_the_largest_are_listed)
{
  begin();
  struct vmallocinfo *info = &now->sample.vmallocinfo;
  struct allocinfo *sites = &now->sample.allocinfo;
  info->callers_count = VMALLOC_CALLERS_MAX;
  for (unsigned i = 0; i < VMALLOC_CALLERS_MAX; i++) {
    info->by_size[i] = (unsigned short)(VMALLOC_CALLERS_MAX - 1 - i);
    info->callers[i] = (struct vmalloc_caller){.symbol = "many", .bytes = i};
  }
  sites->sites_listed = ALLOCINFO_SITES_MAX;
  char *text = written(), *lines = section(text, "vmalloc: bytes");
  ck_assert_uint_eq(count_lines(lines), 32);
  ck_assert_ptr_nonnull(strstr(lines, " 255          0  many\n"));
  ck_assert_ptr_nonnull(strstr(lines, " 224          0  many\n"));
  free(lines);
  lines = section(text, "alloc_site: bytes");
  ck_assert_uint_eq(count_lines(lines), 32);
  free(lines);
  free(text);
  end();
}
END_TEST

START_TEST(a_grouping_without_members_says_why)
{
  begin();
  ck_assert_int_eq(unlink(tree_path(root, "proc/allocinfo")), 0);
  tree_write(root, "proc/vmallocinfo", "no range\n");
  observer_close(now);
  ck_assert_int_eq(observer_open(root, now), 0);
  look();
  char *text = written(), *lines = section(text, "vmalloc: bytes");
  ck_assert_msg(strncmp(lines, "none: proc/vmallocinfo:1: ", 26) == 0, "%s", lines);
  ck_assert_uint_eq(count_lines(lines), 1);
  free(lines);
  assert_section(text, "alloc_site: bytes", "none: absent\n");
  free(text);
  end();
}
END_TEST

START_TEST(files_of_the_kernel_are_copied_as_they_are_now)
{
  static const char *const files[] = {"proc/meminfo", "proc/vmstat", "proc/slabinfo",
                                      "proc/zoneinfo"};
  begin();
  tree_write(root, "proc/slabinfo", "# name\n\ndentry\t 1 2 3\nlast 1\n"); /* since */
  char *text = written();
  for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
    char *want = file_read(tree_path(root, files[i]), NULL);
    assert_section(text, files[i], want);
    free(want);
  }
  ck_assert_ptr_null(strstr(text, "== cut"));
  free(text);
  end();
}
END_TEST

START_TEST(a_file_that_cannot_be_read_is_named_and_the_others_are_copied)
{
  begin();
  const char *path = tree_path(root, "proc/vmstat");
  ck_assert_int_eq(unlink(path), 0);
  ck_assert_int_eq(mkfifo(path, 0644), 0); /* does not block */
  ck_assert_int_eq(unlink(tree_path(root, "proc/zoneinfo")), 0);
  ck_assert_int_eq(chmod(tree_path(root, "proc/slabinfo"), 0), 0);
  ck_assert_int_eq(chmod(root, 0755), 0);
  ck_assert_int_eq(chmod(dir, 0777), 0);
  become_nobody();
  char *text = written();
  become_root_again();
  assert_section(text, "proc/zoneinfo", "none: absent, error 2\n");
  assert_section(text, "proc/slabinfo", "none: denied, error 13\n");
  char *lines = section(text, "proc/vmstat");
  ck_assert(strncmp(lines, "none: malformed, error ", 23) == 0);
  free(lines);
  lines = section(text, "proc/meminfo");
  ck_assert(strncmp(lines, "MemTotal:", 9) == 0);
  free(lines);
  free(text);
  end();
}
END_TEST

/* --- malicious bytes ---------------------------------------------------------------- */

START_TEST(names_from_the_kernel_add_no_control_characters_and_no_lines)
{
  static const char bad[] = "a\x1b[2J\n== forged\r b\x7f\xff";
  begin();
  struct vmalloc_caller *caller =
      &now->sample.vmallocinfo.callers[now->sample.vmallocinfo.by_size[0]];
  struct allocinfo_site *site = &now->sample.allocinfo.sites[0];
  memcpy(caller->symbol, bad, sizeof(bad));
  memcpy(caller->module, bad, sizeof(bad));
  memcpy(site->function, bad, sizeof(bad));
  memcpy(site->module, bad, sizeof(bad));
  memcpy(site->file, bad, sizeof(bad));
  ck_assert_int_eq(evidence_write(dir, TIME, "x", bad, now, then), 0);
  size_t length;
  char *text = content(FILE_OF "x.txt", &length);
  assert_plain(text, length);
  ck_assert_ptr_null(strstr(text, "\n== forged"));
  static const char word[] = "a?[2J?==?forged??b??";
  char want[128];
  snprintf(want, sizeof(want), "  %s [%s]\n", word, word);
  ck_assert_ptr_nonnull(strstr(text, want));
  snprintf(want, sizeof(want), "  %s %s [%s]\n", word, word, word);
  ck_assert_ptr_nonnull(strstr(text, want));
  static const char message[] = "a?[2J?== forged? b??\n";
  ck_assert(strncmp(text, message, strlen(message)) == 0);
  free(text);
  end();
}
END_TEST

/* The longest string that fits. */
static void fill_up(char *name, size_t size, char letter)
{
  memset(name, letter, size - 1);
  name[size - 1] = '\0';
}

START_TEST(names_of_any_length_are_bounded)
{
  begin();
  struct vmalloc_caller *caller =
      &now->sample.vmallocinfo.callers[now->sample.vmallocinfo.by_size[0]];
  struct allocinfo_site *site = &now->sample.allocinfo.sites[0];
  fill_up(caller->symbol, sizeof(caller->symbol), 's');
  fill_up(caller->module, sizeof(caller->module), 'm');
  fill_up(site->function, sizeof(site->function), 'f');
  fill_up(site->module, sizeof(site->module), 'm');
  fill_up(site->file, sizeof(site->file), 'p');
  static char message[2000];
  memset(message, 'w', sizeof(message) - 1);
  ck_assert_int_eq(evidence_write(dir, TIME, "x", message, now, then), 0);
  char *text = content(FILE_OF "x.txt", NULL), want[512];
  ck_assert(strncmp(text, message, strlen(message)) == 0 && text[1999] == '\n');
  snprintf(want, sizeof(want), "  %s [%s]\n", caller->symbol, caller->module);
  ck_assert_ptr_nonnull(strstr(text, want));
  snprintf(want, sizeof(want), "  %s %s [%s]\n", site->function, site->file,
           site->module);
  ck_assert_ptr_nonnull(strstr(text, want));
  free(text);
  end();
}
END_TEST

START_TEST(bytes_that_are_not_text_become_question_marks)
{
  begin();
  tree_write_bytes(root, "proc/slabinfo", "a\0b\x1b\xff\n\0\n\tc\b\nopen", 16);
  char *text = written();
  assert_section(text, "proc/slabinfo", "a?b??\n?\n\tc?\nopen\n");
  free(text);
  end();
}
END_TEST

/* --- size --------------------------------------------------------------------------- */

#define CUT "== cut: the file has its largest size\n"

static void assert_cut(const char *text, size_t length, bool cut)
{
  bool ends = length > sizeof(CUT) &&
              strcmp(text + length - (sizeof(CUT) - 1), CUT) == 0 &&
              text[length - sizeof(CUT)] == '\n';
  ck_assert(ends == cut);
  ck_assert_uint_le(length, EVIDENCE_FILE_MAX);
  assert_plain(text, length);
}

static uint64_t random_next(uint64_t *state)
{
  *state ^= *state << 13; /* xorshift64 */
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return *state;
}

START_TEST(any_slabinfo_gives_a_bounded_text)
{
  static char bytes[(size_t)3 << 20];
  static const size_t sizes[] = {sizeof(bytes), EVIDENCE_FILE_MAX, EVIDENCE_FILE_MAX - 1,
                                 (size_t)1 << 19};
  uint64_t random = 20090401;
  begin();
  for (unsigned round = 0; round < 12; round++) {
    size_t size = sizes[round % 4];
    for (size_t i = 0; i < size; i++) /* only NULs; any bytes; short lines */
      bytes[i] = round < 4   ? '\0'
                 : round < 8 ? (char)random_next(&random)
                             : "0123456789 \n"[random_next(&random) % 12];
    tree_write_bytes(root, "proc/slabinfo", bytes, size);
    size_t length;
    ck_assert_int_eq(write_at(round), 0);
    char file[64];
    snprintf(file, sizeof(file), "meminfo_explain-20261124T0300%02uZ-x.txt", round);
    char *text = content(file, &length);
    assert_cut(text, length, round % 4 != 3);
    char *lines = section(text, "proc/meminfo");
    ck_assert(strncmp(lines, "MemTotal:", 9) == 0);
    free(lines);
    free(text);
  }
  end();
}
END_TEST

/* Writes with so many bytes of zoneinfo, the last file. True where it is cut. */
static size_t length_with(size_t size, bool cut)
{
  static char bytes[EVIDENCE_FILE_MAX];
  size_t length;
  memset(bytes, '7', size);
  for (size_t i = 63; i < size; i += 64)
    bytes[i] = '\n';
  if (size > 0)
    bytes[size - 1] = '\n';
  tree_write_bytes(root, "proc/zoneinfo", bytes, size);
  ck_assert_int_eq(write_at(0), 0);
  char path[512], *text = content(FILE_OF "x.txt", &length);
  assert_cut(text, length, cut);
  free(text);
  ck_assert_int_eq(unlink(in_dir(FILE_OF "x.txt", path)), 0);
  return length;
}

START_TEST(only_whole_lines_at_the_end_are_cut)
{
  begin();
  size_t without = length_with(0, false), most = EVIDENCE_FILE_MAX - (sizeof(CUT) - 1);
  ck_assert_uint_eq(length_with(most - without, false), most);
  size_t cut = length_with(most - without + 1, true);
  ck_assert_uint_le(cut, EVIDENCE_FILE_MAX);
  ck_assert_uint_gt(cut, EVIDENCE_FILE_MAX - 130);
  ck_assert_uint_eq((cut - (sizeof(CUT) - 1) - without) % 64, 0);
  end();
}
END_TEST

/* --- the directory ------------------------------------------------------------------ */

static void make_file(const char *file)
{
  tree_write(dir, file, "old");
}

START_TEST(the_oldest_of_our_files_is_removed)
{
  char file[64];
  begin();
  for (unsigned i = 0; i < EVIDENCE_FILES_MAX + 3; i++) {
    snprintf(file, sizeof(file), "meminfo_explain-202601%02uT000000Z-lru-failure.txt",
             28 - i);
    make_file(file);
  }
  ck_assert_int_eq(write_it(), 0);
  ck_assert_uint_eq(entries(), EVIDENCE_FILES_MAX);
  ck_assert(exists(FILE_OF "black_hole-warning.txt"));
  ck_assert(exists("meminfo_explain-20260128T000000Z-lru-failure.txt"));
  ck_assert(exists("meminfo_explain-20260114T000000Z-lru-failure.txt"));
  ck_assert(!exists("meminfo_explain-20260113T000000Z-lru-failure.txt"));
  ck_assert_int_eq(write_at(1), 0);
  ck_assert_uint_eq(entries(), EVIDENCE_FILES_MAX);
  ck_assert(!exists("meminfo_explain-20260114T000000Z-lru-failure.txt"));
  end();
}
END_TEST

/* Files that cannot be counted may be too many. */
START_TEST(nothing_is_written_where_the_directory_cannot_be_listed)
{
  begin();
  lists = false;
  int error = write_at(0);
  lists = true;
  ck_assert_int_eq(error, -EIO);
  ck_assert_uint_eq(entries(), 0);
  end();
}
END_TEST

/* It is not removed where nothing takes its place. */
START_TEST(the_oldest_stays_where_a_new_file_cannot_be_written)
{
  struct rlimit before, none;
  begin();
  for (unsigned i = 0; i < EVIDENCE_FILES_MAX; i++)
    ck_assert_int_eq(write_at(i), 0);
  room = 0;
  ck_assert_int_eq(write_at(EVIDENCE_FILES_MAX), -ENOSPC);
  ck_assert_uint_eq(entries(), EVIDENCE_FILES_MAX);
  room = UINT64_MAX;
  ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
  none = (struct rlimit){0, before.rlim_max};
  signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &none);
  int error = write_at(EVIDENCE_FILES_MAX);
  setrlimit(RLIMIT_FSIZE, &before);
  ck_assert_int_eq(error, -EFBIG);
  ck_assert_uint_eq(entries(), EVIDENCE_FILES_MAX);
  ck_assert_int_eq(write_at(EVIDENCE_FILES_MAX), 0);
  ck_assert_uint_eq(entries(), EVIDENCE_FILES_MAX);
  ck_assert(!exists(FILE_OF "x.txt"));
  end();
}
END_TEST

static const char *const foreign[] = {
    "meminfo_explain-20260101T000000Z-x.txt.bak",
    "meminfo_explain-20260101T000000Z-.txt",
    "meminfo_explain-20260101T000000Z.txt",
    "meminfo_explain-20260101T000000Z-X.txt",
    "meminfo_explain-20260101T000000Z-a b.txt",
    "meminfo_explain-20260101-x.txt",
    "meminfo_explain-2026010aT000000Z-x.txt",
    "meminfo_explain-20260101t000000Z-x.txt",
    "meminfo_explain-20260101T000000z-x.txt",
    "meminfo_explain-notes.txt",
    "xmeminfo_explain-20260101T000000Z-x.txt",
    "meminfo_explain-20260101T000000Z-x.TXT",
    "meminfo_explain-20260101T000000Z_x.txt",
    "meminfo_explain-",
    "meminfo_explain-20260101T000000Z-x..txt",
    "meminfo_explain_20260101T000000Z-x.txt",
    "meminfo_explain-20260101T000000Z-\x01.txt",
    "0",
};
enum { FOREIGN = sizeof(foreign) / sizeof(*foreign) };

START_TEST(other_files_are_neither_counted_nor_removed)
{
  begin();
  for (unsigned i = 0; i < FOREIGN; i++)
    make_file(foreign[i]);
  for (unsigned i = 0; i < EVIDENCE_FILES_MAX + 2; i++)
    ck_assert_int_eq(write_at(i), 0);
  for (unsigned i = 0; i < FOREIGN; i++)
    ck_assert_msg(exists(foreign[i]), "%s", foreign[i]);
  ck_assert_uint_eq(entries(), FOREIGN + EVIDENCE_FILES_MAX);
  ck_assert(!exists("meminfo_explain-20261124T030001Z-x.txt"));
  ck_assert(exists("meminfo_explain-20261124T030002Z-x.txt"));
  end();
}
END_TEST

START_TEST(what_has_our_name_and_is_no_file_is_neither_counted_nor_removed)
{
  char path[512];
  begin();
  tree_write(root, "precious", "precious");
  char target[512];
  snprintf(target, sizeof(target), "%s/precious", root);
  ck_assert_int_eq(
      symlink(target, in_dir("meminfo_explain-20260101T000000Z-x.txt", path)), 0);
  ck_assert_int_eq(mkfifo(in_dir("meminfo_explain-20260102T000000Z-x.txt", path), 0600),
                   0);
  ck_assert_int_eq(mkdir(in_dir("meminfo_explain-20260103T000000Z-x.txt", path), 0700),
                   0);
  ck_assert_int_eq(symlink(target, in_dir(FILE_OF "x.txt", path)), 0);
  ck_assert_int_eq(mkfifo(in_dir(FILE_OF "x-2.txt", path), 0600), 0);
  ck_assert_int_eq(symlink(target, in_dir("meminfo_explain.new", path)), 0);
  for (unsigned i = 0; i < EVIDENCE_FILES_MAX + 2; i++)
    ck_assert_int_eq(write_at(i), 0);
  ck_assert_uint_eq(entries(), 5 + EVIDENCE_FILES_MAX);
  ck_assert(exists("meminfo_explain-20260101T000000Z-x.txt"));
  ck_assert(exists(FILE_OF "x.txt"));
  char *text = file_read(target, NULL);
  ck_assert_str_eq(text, "precious");
  free(text);
  end();
}
END_TEST

START_TEST(several_files_of_one_second_are_numbered)
{
  begin();
  for (unsigned i = 0; i < 3; i++)
    ck_assert_int_eq(write_it(), 0);
  ck_assert(exists(FILE_OF "black_hole-warning.txt"));
  ck_assert(exists(FILE_OF "black_hole-warning-2.txt"));
  ck_assert(exists(FILE_OF "black_hole-warning-3.txt"));
  ck_assert_uint_eq(entries(), 3);
  end();
}
END_TEST

START_TEST(a_file_left_over_by_a_crash_is_replaced)
{
  begin();
  make_file("meminfo_explain.new");
  ck_assert_int_eq(write_it(), 0);
  ck_assert_uint_eq(entries(), 1);
  end();
}
END_TEST

/* Seconds in 32 bits end in January 2038. */
START_TEST(times_after_2038_are_written)
{
  begin();
  ck_assert_int_eq(evidence_write(dir, 4102444800, "x", "It grows.", now, then), 0);
  char *text = content("meminfo_explain-21000101T000000Z-x.txt", NULL);
  ck_assert(strncmp(text, "It grows.\n2100-01-01T00:00:00Z\n", 31) == 0);
  free(text);
  end();
}
END_TEST

START_TEST(invalid_names_and_times_are_refused)
{
  static const char *const names[] = {"",    "A",   "../x", "a/b",
                                      "a.b", "a b", "a\n",  "\xc3\xa4"};
  const double times[] = {(double)NAN, (double)INFINITY, -1, 1e12, 1e300};
  char name[300];
  begin();
  for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
    ck_assert_int_eq(evidence_write(dir, TIME, names[i], "", now, then), -EINVAL);
  for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++)
    ck_assert_int_eq(evidence_write(dir, times[i], "x", "", now, then), -EINVAL);
  memset(name, 'a', sizeof(name) - 1);
  name[sizeof(name) - 1] = '\0';
  ck_assert_int_eq(evidence_write(dir, TIME, name, "", now, then), -ENAMETOOLONG);
  ck_assert_uint_eq(entries(), 0);
  ck_assert_int_eq(evidence_write(dir, 0, "a_-9", "", now, then), 0);
  ck_assert(exists("meminfo_explain-19700101T000000Z-a_-9.txt"));
  end();
}
END_TEST

/* --- failures ---------------------------------------------------------------------- */

START_TEST(nothing_is_written_where_too_little_room_would_be_left)
{
  begin();
  room = EVIDENCE_ROOM_MIN + EVIDENCE_FILE_MAX;
  ck_assert_int_eq(write_it(), -ENOSPC);
  room = 0;
  ck_assert_int_eq(write_it(), -ENOSPC);
  ck_assert_uint_eq(entries(), 0);
  room = EVIDENCE_ROOM_MIN + EVIDENCE_FILE_MAX + 4096;
  ck_assert_int_eq(write_it(), 0);
  counts_blocks = false; /* a file system without a size */
  room = 0;
  ck_assert_int_eq(write_it(), 0);
  end();
}
END_TEST

START_TEST(a_missing_directory_is_an_error)
{
  char path[512];
  begin();
  in_dir("none", path);
  ck_assert_int_eq(evidence_write(path, TIME, "x", "", now, then), -ENOENT);
  make_file("file");
  in_dir("file", path);
  ck_assert_int_eq(evidence_write(path, TIME, "x", "", now, then), -ENOTDIR);
  ck_assert_uint_eq(entries(), 1);
  end();
}
END_TEST

START_TEST(a_read_only_directory_is_an_error)
{
  begin();
  ck_assert_int_eq(chmod(dir, 0555), 0);
  become_nobody();
  int error = write_it();
  become_root_again();
  ck_assert_int_eq(error, -EACCES);
  ck_assert_int_eq(chmod(dir, 0755), 0);
  ck_assert_uint_eq(entries(), 0);
  end();
}
END_TEST

/* A limit on the size of files makes write(2) fail midway, as a full disk does. */
START_TEST(a_write_that_fails_midway_leaves_nothing)
{
  static const rlim_t limits[] = {0, 100, 4096, 9000};
  struct rlimit before;
  begin();
  ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
  signal(SIGXFSZ, SIG_IGN);
  for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++) {
    struct rlimit limit = {limits[i], before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
    int error = write_it();
    setrlimit(RLIMIT_FSIZE, &before); /* the test writes a log */
    ck_assert_int_eq(error, -EFBIG);
    ck_assert_uint_eq(entries(), 0);
  }
  ck_assert_int_eq(write_it(), 0);
  end();
}
END_TEST

SUITE_MAIN("evidence", it_begins_with_the_message_and_the_time,
           each_known_number_is_there_with_its_change,
           every_number_of_the_black_hole_is_compared,
           the_largest_change_in_either_direction_is_first,
           without_an_earlier_explanation_only_present_numbers_are_listed,
           numbers_at_their_limits_do_not_overflow, a_refusal_is_listed_with_its_reason,
           sentences_are_listed_with_what_to_run_next,
           growth_since_the_first_observation_is_listed,
           members_of_groupings_are_listed_largest_first,
           of_many_members_only_the_largest_are_listed,
           a_grouping_without_members_says_why,
           files_of_the_kernel_are_copied_as_they_are_now,
           a_file_that_cannot_be_read_is_named_and_the_others_are_copied,
           names_from_the_kernel_add_no_control_characters_and_no_lines,
           names_of_any_length_are_bounded, bytes_that_are_not_text_become_question_marks,
           any_slabinfo_gives_a_bounded_text, only_whole_lines_at_the_end_are_cut,
           the_oldest_of_our_files_is_removed,
           the_oldest_stays_where_a_new_file_cannot_be_written,
           nothing_is_written_where_the_directory_cannot_be_listed,
           other_files_are_neither_counted_nor_removed,
           what_has_our_name_and_is_no_file_is_neither_counted_nor_removed,
           several_files_of_one_second_are_numbered,
           a_file_left_over_by_a_crash_is_replaced, times_after_2038_are_written,
           invalid_names_and_times_are_refused,
           nothing_is_written_where_too_little_room_would_be_left,
           a_missing_directory_is_an_error, a_read_only_directory_is_an_error,
           a_write_that_fails_midway_leaves_nothing)
