/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/processes.h"
#include "meminfo_explain/smaps.h"
#include "meminfo_explain/stat.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* fs/proc/task_mmu.c cuts each printed sum to whole kB. */
static const uint64_t rounding_per_line = 1024;

struct walk {
  const struct sysroot *root;
  uint64_t page_size, max_rss;
  struct text *text;
  struct processes *out;
  struct fault *fault;
  char *where;
  size_t where_size;
  bool no_rollup;  /* seen: this kernel is older than 4.14 */
  bool split_lost; /* a process without Pss_Anon: their sum is not the whole */
};

static void count(struct reading *counter)
{
  reading_add(counter, 1);
}

/* Keeps the first file at fault. */
static void note_where(struct walk *walk, const char *process, const char *name)
{
  if (walk->where[0] == '\0')
    snprintf(walk->where, walk->where_size, "%s/%s", process, name);
}

static const char *smaps_name(const struct walk *walk)
{
  return walk->no_rollup ? "smaps" : "smaps_rollup";
}

/* proc/PID/NAME, PID being the end of `process`. */
static int slurp_of(struct walk *walk, const char *process, const char *name)
{
  char path[96];
  snprintf(path, sizeof(path), "%.64s/%s", process, name);
  return sysroot_slurp(walk->root, path, walk->text);
}

static struct scan text_of(const struct walk *walk)
{
  return scan_text(walk->text->bytes, walk->text->length);
}

static void add_smaps(struct walk *walk, const struct smaps *smaps)
{
  struct processes *out = walk->out;
  count(&out->read_count);
  reading_add(&out->pss, smaps->pss.value);
  reading_add(&out->rss, smaps->rss.value);
  reading_add(&out->rounding, smaps->mappings_count * rounding_per_line);
  if (smaps->swap_pss.state == READING_KNOWN)
    reading_add(&out->swap_pss, smaps->swap_pss.value);
  if (smaps->pss_anon.state != READING_KNOWN || smaps->pss_file.state != READING_KNOWN ||
      smaps->pss_shmem.state != READING_KNOWN) {
    walk->split_lost = true;
    return;
  }
  reading_add(&out->pss_anon, smaps->pss_anon.value);
  reading_add(&out->pss_file, smaps->pss_file.value);
  reading_add(&out->pss_shmem, smaps->pss_shmem.value);
}

static int slurp_smaps(struct walk *walk, const char *process)
{
  if (!walk->no_rollup) {
    int error = slurp_of(walk, process, "smaps_rollup");
    if (error != -ENOENT)
      return error;
  }
  int error = slurp_of(walk, process, "smaps");
  if (error == 0)
    walk->no_rollup = true;
  return error;
}

static void leave_unread(struct walk *walk, struct reading *counter, uint64_t rss)
{
  count(counter);
  reading_add(&walk->out->unread_rss, rss);
}

/* A process with an address space, or about to lose it. */
static void visit_user_process(struct walk *walk, const char *process, uint64_t rss)
{
  struct processes *out = walk->out;
  if (walk->max_rss > 0 && rss > walk->max_rss) {
    leave_unread(walk, &out->too_large_count, rss);
    return;
  }
  int error = slurp_smaps(walk, process);
  switch (sysroot_error_state(error)) {
  case READING_ABSENT: /* smaps_rollup answers ESRCH where there is no mm */
    if (error == -ESRCH)
      count(&out->no_mm_count);
    else if (walk->root->live)
      count(&out->vanished_count);
    else
      leave_unread(walk, &out->denied_count, rss); /* nor could the capture read it */
    return;
  case READING_DENIED:
    leave_unread(walk, &out->denied_count, rss);
    return;
  case READING_KNOWN:
    break;
  case READING_MALFORMED:
    fault_note(walk->fault, 0, (struct span){"", 0}, "cannot be read");
    note_where(walk, process, smaps_name(walk));
    leave_unread(walk, &out->malformed_count, rss);
    return;
  }
  struct smaps smaps;
  if (smaps_parse(text_of(walk), &smaps, walk->fault) != 0) {
    note_where(walk, process, smaps_name(walk));
    leave_unread(walk, &out->malformed_count, rss);
  } else if (smaps.mappings_count == 0) {
    count(&out->no_mm_count);
  } else {
    add_smaps(walk, &smaps);
  }
}

static int visit_process(void *context, const char *process)
{
  struct walk *walk = context;
  const char *pid = strrchr(process, '/') + 1;
  if (pid[strspn(pid, "0123456789")] != '\0')
    return 0;
  struct stat_line stat = {.state = '?'};
  int error = slurp_of(walk, process, "stat");
  if (error == -ENOENT && !walk->root->live) {
    visit_user_process(walk, process, 0); /* a tree captured without stat */
    return 0;
  }
  if (error == 0 && stat_parse(text_of(walk), walk->page_size, &stat, walk->fault) != 0) {
    note_where(walk, process, "stat");
    count(&walk->out->malformed_count);
  } else if (error != 0) {
    count(sysroot_error_state(error) == READING_ABSENT ? &walk->out->vanished_count
                                                       : &walk->out->denied_count);
  } else if (stat.kernel_thread) {
    count(&walk->out->kernel_thread_count);
  } else if (stat.state == 'Z' || stat.state == 'X') {
    count(&walk->out->zombie_count);
  } else {
    visit_user_process(walk, process, stat.rss);
  }
  return 0;
}

int processes_collect(const struct sysroot *root, uint64_t page_size, uint64_t max_rss,
                      struct text *text, struct processes *out, struct fault *fault,
                      char *where, size_t where_size)
{
  struct reading *readings = &out->pss;
  for (size_t i = 0; i < PROCESSES_READINGS; i++)
    readings[i] = reading_known(0);
  where[0] = '\0';
  struct walk walk = {.root = root,
                      .page_size = page_size,
                      .max_rss = max_rss,
                      .text = text,
                      .out = out,
                      .fault = fault,
                      .where = where,
                      .where_size = where_size};
  int error = sysroot_each(root, "proc/[1-9]*", visit_process, &walk);
  if (error != 0)
    return error;
  if (out->read_count.value == 0)
    out->pss = out->rss = out->swap_pss = reading_missing(READING_ABSENT);
  if (walk.split_lost || out->read_count.value == 0)
    out->pss_anon = out->pss_file = out->pss_shmem = reading_missing(READING_ABSENT);
  return 0;
}

struct reading processes_error(const struct processes *processes)
{
  struct reading error = processes->unread_rss;
  reading_add(&error, processes->rounding.value);
  reading_add(&error, processes->moved.value);
  return error;
}
