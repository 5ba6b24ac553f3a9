/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "process_read.h"
#include "meminfo_explain/parse/field.h"
#include "meminfo_explain/parse/smaps.h"
#include "meminfo_explain/parse/stat.h"

#include <errno.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* --- files of a process ----------------------------------------------------------- */

/* The only file of a process that does not come whole with one read. */
static const char smaps_name[] = "smaps";

/* Records the first bad file; error: of the access to it, 0 or -errno. */
static void note_where(struct pass *pass, const struct process *process, const char *name,
                       int error)
{
  if (pass->where[0] != '\0')
    return;
  snprintf(pass->where, sizeof(pass->where), "proc/%u/%s", process->pid, name);
  pass->where_error = error;
}

/* Records a failed access that means neither absent nor denied: it makes the sums too
 * small.
 */
static void note_unreadable(struct pass *pass, const struct process *process,
                            const char *name, int error)
{
  if (sysroot_error_state(error) != READING_MALFORMED)
    return;
  parse_error_note(&pass->parse_error, 0, (struct span){"", 0}, "cannot be read");
  note_where(pass, process, name, error);
}

static char *put_number(char *at, uint32_t number)
{
  char digits[10];
  size_t count = 0;
  do
    digits[count++] = (char)('0' + number % 10);
  while ((number /= 10) > 0);
  while (count > 0)
    *at++ = digits[--count];
  return at;
}

/* Reads a file of process `pid`, or of its thread `tid` where that is not 0. Builds the
 * path without printf(3), which takes as long as parsing smaps_rollup. */
static int slurp_file(struct pass *pass, uint32_t pid, uint32_t tid, const char *name)
{
  char path[64];
  char *at = stpcpy(put_number(stpcpy(path, "proc/"), pid), "/");
  if (tid != 0)
    at = stpcpy(put_number(stpcpy(at, "task/"), tid), "/");
  stpcpy(at, name);
  bool single = name != smaps_name;
  return pass->files->slurp(pass->files->context, pid, path, single);
}

static int slurp_of(struct pass *pass, const struct process *process, const char *name)
{
  int error = slurp_file(pass, process->pid, process->tid, name);
  if (error != -ECANCELED) /* else the pass is not ours any more */
    note_unreadable(pass, process, name, error);
  return error;
}

static struct scan text_of(const struct pass *pass)
{
  return scan_text(pass->files->text->bytes, pass->files->text->length);
}

/* A kernel has smaps_rollup for all of its processes or for none. A captured tree may be
 * composed of several machines. */
static int slurp_smaps(struct pass *pass, const struct process *process)
{
  struct pss_scan *scan = pass->scan;
  int error = -ENOENT;
  if (!scan->no_rollup) {
    pass->smaps = "smaps_rollup";
    error = slurp_of(pass, process, pass->smaps);
    if (error == 0) /* not after -ECANCELED: then the scan is not ours any more */
      scan->has_rollup = true;
  }
  if (error != -ENOENT)
    return error;
  pass->smaps = smaps_name;
  error = slurp_of(pass, process, pass->smaps);
  if (error == 0 && scan->root->live && !scan->has_rollup)
    scan->no_rollup = true;
  return error;
}

/* --- stat ------------------------------------------------------------------------- */

static void add_saturating(int64_t *sum, int64_t by)
{
  if (__builtin_add_overflow(*sum, by, sum))
    *sum = by < 0 ? INT64_MIN : INT64_MAX;
}

void process_forget_reading(struct pss_scan *scan, const struct process *process)
{
  if (process->kind == PROCESS_READ)
    add_saturating(&scan->churn.shared, -(int64_t)process->shares);
}

static void become(struct pss_scan *scan, struct process *process, enum process_kind kind)
{
  process_forget_reading(scan, process);
  process->kind = (unsigned char)kind;
  /* A process that ended during the scan keeps its size: as much may have started. */
  if (kind != PROCESS_GONE && kind != PROCESS_NO_MM)
    process->anon = process->shared = 0;
}

static bool is_running(char state)
{
  return state != 'Z' && state != 'X';
}

struct thread_search {
  struct pass *pass;
  uint32_t pid, found;
};

/* Stops at the first thread that runs, or with -ECANCELED. */
static int check_thread(void *context, uint32_t tid, uint64_t inode)
{
  (void)inode;
  struct thread_search *search = context;
  struct pass *pass = search->pass;
  const struct process thread = {.pid = search->pid, .tid = tid};
  struct stat_line stat;
  struct parse_error ignored = {0};
  if (tid == search->pid)
    return 0;
  int error = slurp_of(pass, &thread, "stat");
  if (error != 0)
    return error == -ECANCELED ? error : 0;
  if (stat_parse(text_of(pass), pass->scan->page_size, &stat, &ignored) != 0 ||
      !is_running(stat.state))
    return 0;
  search->found = tid;
  return 1;
}

/* Finds a thread that still runs: proc/PID of a leader that has ended shows no address
 * space. 0 with *tid (0: there is none), or -ECANCELED. */
static int find_thread(struct pass *pass, uint32_t pid, uint32_t *tid)
{
  char directory[32];
  snprintf(directory, sizeof(directory), "proc/%u/task", pid);
  struct thread_search search = {.pass = pass, .pid = pid};
  int error = sysroot_each_number(pass->scan->root, directory, check_thread, &search);
  *tid = search.found;
  return error == -ECANCELED ? error : 0;
}

/* Asks the kernel whether two processes share an address space: 1, 0, or -errno. */
static int compare_mm(const struct pss_scan *scan, uint32_t a, uint32_t b)
{
  if (!scan->own_pids)
    return -ENOTSUP;
  long order = syscall(SYS_kcmp, a, b, KCMP_VM, 0, 0);
  return order < 0 ? -errno : order == 0;
}

/* Whether a process shares the address space of its parent. Where the kernel does not
 * say: whether the parent waits, as in vfork(2), and both have the same sizes and stack.
 * 1, 0 or -ECANCELED. */
static int is_twin(struct pass *pass, const struct process *process,
                   const struct stat_line *stat)
{
  const struct process *parent =
      process_table_find(&pass->scan->table, (uint32_t)stat->parent);
  if (parent == NULL || parent == process || parent->kind == PROCESS_KERNEL_THREAD ||
      parent->kind == PROCESS_ZOMBIE)
    return 0;
  int same = compare_mm(pass->scan, process->pid, parent->pid);
  if (same >= 0)
    return same;
  struct stat_line other;
  struct parse_error ignored = {0};
  int error = slurp_of(pass, parent, "stat");
  if (error != 0)
    return error == -ECANCELED ? error : 0;
  return stat_parse(text_of(pass), pass->scan->page_size, &other, &ignored) == 0 &&
         other.state == 'D' && other.vsize == stat->vsize && other.rss == stat->rss &&
         other.stack == stat->stack;
}

/* A process with an address space. 0 or -ECANCELED. */
static int take_running(struct pass *pass, struct process *process,
                        const struct stat_line *stat)
{
  int twin = is_twin(pass, process, stat);
  if (twin < 0)
    return twin;
  if (twin) {
    become(pass->scan, process, PROCESS_TWIN);
  } else if (process->kind != PROCESS_READ) {
    /* Until statm or smaps is read, all of it counts as anonymous. */
    process_guess(process, (struct pss_split){.anon = stat->rss});
  }
  return 0;
}

static int take_ended(struct pass *pass, struct process *process,
                      const struct stat_line *stat)
{
  uint32_t tid = 0;
  if (stat->threads > 1) {
    int error = find_thread(pass, process->pid, &tid);
    if (error != 0)
      return error;
  }
  process->tid = tid;
  if (tid == 0)
    become(pass->scan, process, PROCESS_ZOMBIE);
  else if (process->kind != PROCESS_READ)
    process_guess(process, (struct pss_split){.anon = stat->rss});
  return 0;
}

static int take_stat(struct pass *pass, struct process *process,
                     const struct stat_line *stat)
{
  struct pss_scan *scan = pass->scan;
  if (process->start != stat->start) { /* another process with the same pid */
    process_forget_reading(scan, process);
    process->born |= process->start != 0;
    process_reset(process);
    process->start = stat->start;
  }
  process->identified = true;
  process->tid = 0;
  if (stat->kernel_thread) {
    /* One that is about to execute a program (usermodehelper) does not stay one. */
    process->settled = process->kind == PROCESS_KERNEL_THREAD;
    become(scan, process, PROCESS_KERNEL_THREAD);
    return 0;
  }
  if (!is_running(stat->state))
    return take_ended(pass, process, stat);
  return take_running(pass, process, stat);
}

/* A process of a captured tree. 0. */
static int take_without_stat(struct process *process)
{
  process->identified = true;
  if (process->kind != PROCESS_READ)
    process_guess(process, (struct pss_split){0});
  return 0;
}

int process_read_stat(struct pass *pass, struct process *process)
{
  struct pss_scan *scan = pass->scan;
  int error = slurp_file(pass, process->pid, 0, "stat");
  if (error == -ECANCELED)
    return error;
  struct stat_line stat;
  if (error == 0) {
    if (stat_parse(text_of(pass), scan->page_size, &stat, &pass->parse_error) == 0)
      return take_stat(pass, process, &stat);
    note_where(pass, process, "stat", 0);
    if (!scan->root->live) /* smaps and statm may be whole */
      return take_without_stat(process);
    become(scan, process, PROCESS_MALFORMED);
  } else if (error == -ENOENT && !scan->root->live) {
    return take_without_stat(process);
  } else {
    static const enum process_kind kinds[] = {[READING_ABSENT] = PROCESS_GONE,
                                              [READING_DENIED] = PROCESS_DENIED,
                                              [READING_MALFORMED] = PROCESS_MALFORMED};
    note_unreadable(pass, process, "stat", error);
    become(scan, process, kinds[sysroot_error_state(error)]);
  }
  return 0;
}

/* --- statm and status ------------------------------------------------------------- */

void process_update_large(struct pss_scan *scan, struct process *process)
{
  uint64_t limit = scan->options.max_process;
  process->large = limit > 0 && process_rss(process) > limit;
}

/* A line in kB of the text that was read last. */
static struct reading kb_of(const struct pass *pass, const char *key)
{
  struct parse_error ignored = {0};
  uint64_t value;
  if (field_number(pass->files->text, key, 2, 1024, &value, &ignored) != 0)
    return reading_missing(READING_ABSENT);
  return reading_known(value);
}

/* The kinds of memory in status (4.5). 0, -ECANCELED, or -errno where it has none. */
static int read_status(struct pass *pass, struct process *process)
{
  int error = slurp_of(pass, process, "status");
  if (error != 0)
    return error;
  const struct reading anon = kb_of(pass, "RssAnon"), file = kb_of(pass, "RssFile"),
                       shmem = kb_of(pass, "RssShmem");
  if (reading_state_join(anon.state, reading_state_join(file.state, shmem.state)) !=
      READING_KNOWN)
    return -EBADMSG;
  process_forget_reading(pass->scan, process);
  process_guess(process, (struct pss_split){anon.value, file.value, shmem.value});
  return 0;
}

/* 0, -ECANCELED, or -errno where the size is not known. */
static int read_statm(struct pass *pass, struct process *process)
{
  struct statm statm;
  int error = slurp_of(pass, process, "statm");
  if (error != 0)
    return error;
  if (statm_parse(text_of(pass), pass->scan->page_size, &statm, &pass->parse_error) !=
      0) {
    note_where(pass, process, "statm", 0);
    return -EBADMSG;
  }
  if (statm.resident == 0)
    return -ESRCH; /* no address space: stat has the reason */
  process_take_statm(process, statm);
  process->scanned = true;
  return 0;
}

int process_read_size(struct pass *pass, struct process *process)
{
  int error = process->large ? read_status(pass, process) : -ENOENT;
  if (error != 0 && error != -ECANCELED)
    error = read_statm(pass, process);
  if (error == -ESRCH || (error == -ENOENT && pass->scan->root->live)) {
    error = process_read_stat(pass, process);
    if (error == 0 && process->kind == PROCESS_READ && process->tid == 0)
      become(pass->scan, process, PROCESS_NO_MM);
  }
  if (error == -ECANCELED)
    return error;
  process_update_large(pass->scan, process);
  return 0;
}

/* --- smaps ------------------------------------------------------------------------ */

/* smaps could not be read. The process keeps its size by statm. */
static void mark_unread(struct pass *pass, struct process *process,
                        enum process_kind kind)
{
  process_forget_reading(pass->scan, process);
  process->kind = (unsigned char)kind;
}

/* By how much a new reading exceeds the estimate, of a process that hardly changed: then
 * other processes are the cause. 0 for one that changed. */
static int64_t surprise_of(const struct process *process, const struct smaps *smaps)
{
  struct process before = *process;
  uint64_t rss = smaps->rss.value, anon = smaps->anonymous.value, pss;
  if (!before.scanned)
    process_take_statm(&before,
                       (struct statm){.resident = rss, .shared = sub_sat(rss, anon)});
  process_estimate(&before, &pss);
  if (process_moved(&before) > process_rss(&before) / 64)
    return 0;
  return (int64_t)(smaps->pss.value - pss);
}

static void take_smaps(struct pass *pass, struct process *process,
                       const struct smaps *smaps)
{
  struct pss_scan *scan = pass->scan;
  bool read_before = process->kind == PROCESS_READ;
  const struct statm statm = {.resident = process_rss(process),
                              .shared = process->shared};
  if (read_before)
    add_saturating(&scan->churn.surprise, surprise_of(process, smaps));
  process_forget_reading(scan, process);
  process_take_smaps(process, smaps);
  /* statm and smaps may differ by a constant, so later statms are compared with statm. */
  if (process->scanned)
    process_anchor(process, statm);
  if (read_before || process->born)
    add_saturating(&scan->churn.shared, (int64_t)process->shares);
  process->pass = scan->pass;
}

/* smaps does not exist, or is empty. 0 or -ECANCELED. */
static int smaps_absent(struct pass *pass, struct process *process, int error)
{
  struct pss_scan *scan = pass->scan;
  if (error == -ENOENT && !scan->root->live) {
    mark_unread(pass, process, PROCESS_DENIED); /* the capture could not read it */
    return 0;
  }
  if (error == -ENOENT && process->tid == 0) {
    become(scan, process, PROCESS_GONE);
    return 0;
  }
  /* It has no address space any more, or its thread has ended: stat shows which. */
  uint32_t thread = process->tid;
  error = process_read_stat(pass, process);
  if (error == 0 && process_has_smaps(process) && process->tid == thread)
    become(scan, process, PROCESS_NO_MM);
  return error;
}

/* Whether a captured smaps was cut off between two mappings: stat has more. On the
 * machine itself smaps is whole, and processes grow and shrink. */
static bool is_cut_off(const struct pass *pass, const struct process *process,
                       const struct smaps *smaps)
{
  static const uint64_t slack = 256 << 10; /* per-CPU counts of stat */
  const uint64_t resident = process_rss(process);
  return !pass->scan->root->live && process->kind != PROCESS_READ &&
         sub_sat(resident, smaps->rss.value) > slack + resident / 8;
}

int process_read_smaps(struct pass *pass, struct process *process)
{
  struct pss_scan *scan = pass->scan;
  int error = slurp_smaps(pass, process);
  if (error == -ECANCELED)
    return error;
  process->tried_at = pass->now;
  struct smaps smaps;
  switch (sysroot_error_state(error)) {
  case READING_ABSENT:
    return smaps_absent(pass, process, error);
  case READING_DENIED:
    mark_unread(pass, process, PROCESS_DENIED);
    return 0;
  case READING_KNOWN:
    break;
  case READING_MALFORMED:
    mark_unread(pass, process, PROCESS_MALFORMED);
    return 0;
  }
  if (smaps_parse(text_of(pass), &smaps, &pass->parse_error) != 0) {
    note_where(pass, process, pass->smaps, 0);
    mark_unread(pass, process, PROCESS_MALFORMED);
  } else if (smaps.mappings_count == 0) {
    return smaps_absent(pass, process, -ESRCH);
  } else if (is_cut_off(pass, process, &smaps)) {
    parse_error_note(&pass->parse_error, 0, (struct span){"Rss", 3},
                     "adds up to less than in stat");
    note_where(pass, process, pass->smaps, 0);
    mark_unread(pass, process, PROCESS_MALFORMED);
  } else {
    take_smaps(pass, process, &smaps);
    process_update_large(scan, process);
  }
  return 0;
}

int pass_read_counters(struct pass *pass)
{
  int error = pass->files->slurp(pass->files->context, 0, "proc/meminfo", true);
  if (error == -ECANCELED)
    return error;
  if (error != 0)
    pass->files->text->length = 0;
  pass->scan->anon_pages = kb_of(pass, "AnonPages");
  pass->scan->mapped = kb_of(pass, "Mapped");
  return 0;
}
