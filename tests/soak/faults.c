/* SPDX-License-Identifier: MIT */
/* Preloaded into collectd, injects faults into what the plugin does with the files of its
 * Root (relative paths that begin with proc/ or sys/) and with the files of one
 * directory, that of the state and the evidence; and lets the clock jump.
 *
 * MEMINFO_EXPLAIN_FAULTS names a file of rules, one per line. It is read again when it is
 * replaced:
 *
 *   ID WHAT GLOB ARGUMENT EVERY
 *
 *   open, read, list, write, fsync, rename   fail with the errno ARGUMENT
 *   short    a read returns at most ARGUMENT bytes
 *   cut      the file ends after ARGUMENT bytes
 *   slow     a write takes ARGUMENT milliseconds
 *   clock    CLOCK_REALTIME is off by ARGUMENT seconds; GLOB is -
 *
 * A rule hits every EVERY-th call that matches. GLOB is as in fnmatch(3); `*` matches
 * slashes. MEMINFO_EXPLAIN_DIRECTORY is the directory; MEMINFO_EXPLAIN_HITS a file of
 * FAULT_IDS numbers, the calls that each ID has hit. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { FAULT_IDS = 64, RULES_MAX = 64, FILES_MAX = 1024, PATH_SIZE = 256 };

struct rule {
  unsigned id;
  char what[8], glob[PATH_SIZE];
  long argument;
  unsigned every;
  atomic_uint calls;
};

static struct {
  pthread_rwlock_t lock; /* guards rules and read_from */
  struct rule rules[RULES_MAX];
  unsigned count;
  struct stat read_from;
  atomic_long clock_off; /* seconds */
  atomic_uint clock_id;
  const char *path, *directory;
  _Atomic uint64_t *hits;
} plan = {.lock = PTHREAD_RWLOCK_INITIALIZER};

/* A file in use belongs to one thread. */
static struct file {
  char path[PATH_SIZE]; /* "": no rule applies */
  size_t given;         /* bytes */
} files[FILES_MAX];

/* The functions that are replaced. */
static struct {
  int (*openat)(int, const char *, int, ...);
  long (*syscall)(long, ...);
  ssize_t (*read)(int, void *, size_t);
  ssize_t (*write)(int, const void *, size_t);
  int (*close)(int);
  int (*fsync)(int);
  int (*renameat)(int, const char *, int, const char *);
  int (*clock_gettime)(clockid_t, struct timespec *);
} real;

/* --- the plan ----------------------------------------------------------------------- */

static _Noreturn void give_up(const char *what)
{
  fprintf(stderr, "faults: %s: %s\n", what, strerror(errno));
  abort();
}

static void take_rule(const char *line, long *clock_off)
{
  struct rule *rule = &plan.rules[plan.count];
  memset(rule, 0, sizeof(*rule));
  if (plan.count == RULES_MAX ||
      sscanf(line, "%u %7s %255s %ld %u", &rule->id, rule->what, rule->glob,
             &rule->argument, &rule->every) != 5 ||
      rule->id >= FAULT_IDS || rule->every == 0) {
    errno = EINVAL;
    give_up(line);
  }
  if (strcmp(rule->what, "clock") == 0) {
    plan.clock_id = rule->id;
    *clock_off = rule->argument;
  } else {
    plan.count++;
  }
}

static void read_plan(void)
{
  char line[512];
  long clock_off = 0;
  FILE *file = fopen(plan.path, "re");
  if (file == NULL)
    give_up(plan.path);
  plan.count = 0;
  while (fgets(line, sizeof(line), file) != NULL)
    take_rule(line, &clock_off);
  fclose(file);
  /* In one step: clock_gettime takes no lock, and must not see a moment without it. */
  plan.clock_off = clock_off;
}

/* A replaced file differs in inode or time. */
static bool is_current(const struct stat *st)
{
  return st->st_ino == plan.read_from.st_ino &&
         st->st_mtim.tv_sec == plan.read_from.st_mtim.tv_sec &&
         st->st_mtim.tv_nsec == plan.read_from.st_mtim.tv_nsec;
}

static void update_plan(void)
{
  struct stat st;
  if (stat(plan.path, &st) != 0)
    give_up(plan.path);
  pthread_rwlock_rdlock(&plan.lock);
  bool current = is_current(&st);
  pthread_rwlock_unlock(&plan.lock);
  if (current)
    return;
  pthread_rwlock_wrlock(&plan.lock);
  if (!is_current(&st)) {
    read_plan();
    plan.read_from = st;
  }
  pthread_rwlock_unlock(&plan.lock);
}

static void hit(unsigned id)
{
  atomic_fetch_add(&plan.hits[id], 1);
}

/* Whether a call is hit. */
static bool strikes(const char *what, const char *path, long *argument)
{
  bool found = false;
  if (path[0] == '\0')
    return false;
  pthread_rwlock_rdlock(&plan.lock);
  for (unsigned i = 0; i < plan.count && !found; i++) {
    struct rule *rule = &plan.rules[i];
    if (strcmp(rule->what, what) != 0 || fnmatch(rule->glob, path, 0) != 0 ||
        atomic_fetch_add(&rule->calls, 1) % rule->every != 0)
      continue;
    *argument = rule->argument;
    hit(rule->id);
    found = true;
  }
  pthread_rwlock_unlock(&plan.lock);
  return found;
}

static bool fails(const char *what, const char *path)
{
  long error;
  if (!strikes(what, path, &error))
    return false;
  errno = (int)error;
  return true;
}

static void *next(const char *name)
{
  void *found = dlsym(RTLD_NEXT, name);
  if (found == NULL)
    give_up(name);
  return found;
}

/* Constructors of other libraries may call before ours ran, but start no threads. */
static void find_real(void)
{
  if (real.clock_gettime != NULL)
    return;
  *(void **)&real.openat = next("openat");
  *(void **)&real.syscall = next("syscall");
  *(void **)&real.read = next("read");
  *(void **)&real.write = next("write");
  *(void **)&real.close = next("close");
  *(void **)&real.fsync = next("fsync");
  *(void **)&real.renameat = next("renameat");
  *(void **)&real.clock_gettime = next("clock_gettime");
}

__attribute__((constructor)) static void begin(void)
{
  find_real();
  const char *path = getenv("MEMINFO_EXPLAIN_HITS");
  plan.path = getenv("MEMINFO_EXPLAIN_FAULTS");
  plan.directory = getenv("MEMINFO_EXPLAIN_DIRECTORY");
  if (path == NULL || plan.path == NULL || plan.directory == NULL) {
    errno = EINVAL;
    give_up("the environment");
  }
  int fd = open(path, O_RDWR | O_CLOEXEC);
  void *hits = fd < 0 ? MAP_FAILED
                      : mmap(NULL, FAULT_IDS * sizeof(*plan.hits), PROT_READ | PROT_WRITE,
                             MAP_SHARED, fd, 0);
  if (hits == MAP_FAILED)
    give_up(path);
  close(fd);
  plan.hits = hits;
  update_plan();
}

/* --- files -------------------------------------------------------------------------- */

/* The path of a file in the rules; "" where no rule applies. */
static void name_file(int directory, const char *path, char out[PATH_SIZE])
{
  char link[64], where[PATH_SIZE] = "";
  out[0] = '\0';
  if (plan.hits == NULL)
    return;
  if (strncmp(path, "proc/", 5) == 0 || strncmp(path, "sys/", 4) == 0 ||
      strcmp(path, "proc") == 0) {
    if (directory != AT_FDCWD)
      snprintf(out, PATH_SIZE, "%s", path);
    return;
  }
  if (path[0] != '/' && directory != AT_FDCWD) {
    snprintf(link, sizeof(link), "/proc/self/fd/%d", directory);
    ssize_t length = readlink(link, where, sizeof(where) - 1);
    if (length <= 0)
      return;
    where[length] = '\0';
  }
  size_t length = strlen(plan.directory);
  char full[2 * PATH_SIZE];
  snprintf(full, sizeof(full), "%s%s%s", where, where[0] != '\0' ? "/" : "", path);
  if (strncmp(full, plan.directory, length) == 0 && full[length] == '/')
    snprintf(out, PATH_SIZE, "%.*s", PATH_SIZE - 1, full + length + 1);
}

static void note_file(int fd, const char *path)
{
  if (fd < 0 || fd >= FILES_MAX)
    return;
  memcpy(files[fd].path, path, PATH_SIZE);
  files[fd].given = 0;
}

static const char *path_of(int fd)
{
  return fd >= 0 && fd < FILES_MAX ? files[fd].path : "";
}

/* Returns false, and sets errno, where a rule lets open fail. */
static bool may_open(int directory, const char *path, char ours[PATH_SIZE])
{
  name_file(directory, path, ours);
  if (ours[0] == '\0')
    return true;
  update_plan();
  return !fails("open", ours);
}

static int open_file(int directory, const char *path, int flags, mode_t mode)
{
  find_real();
  char ours[PATH_SIZE];
  if (!may_open(directory, path, ours))
    return -1;
  int fd = real.openat(directory, path, flags, mode);
  note_file(fd, ours);
  return fd;
}

static mode_t mode_of(int flags, va_list arguments)
{
  return flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
}

int open(const char *path, int flags, ...)
{
  va_list arguments;
  va_start(arguments, flags);
  mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  return open_file(AT_FDCWD, path, flags, mode);
}

int openat(int directory, const char *path, int flags, ...)
{
  va_list arguments;
  va_start(arguments, flags);
  mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  return open_file(directory, path, flags, mode);
}

/* glibc 2.36 has no function for openat2. */
long syscall(long number, ...)
{
  find_real();
  long a[6];
  va_list arguments;
  va_start(arguments, number);
  for (int i = 0; i < 6; i++)
    a[i] = va_arg(arguments, long);
  va_end(arguments);
  char ours[PATH_SIZE];
  bool opens = number == SYS_openat2;
  if (opens && !may_open((int)a[0], (const char *)a[1], ours))
    return -1;
  if (number == SYS_getdents64 && fails("list", path_of((int)a[0])))
    return -1;
  long result = real.syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
  if (opens)
    note_file((int)result, ours);
  return result;
}

int close(int fd)
{
  find_real();
  if (fd >= 0 && fd < FILES_MAX)
    files[fd].path[0] = '\0';
  return real.close(fd);
}

ssize_t read(int fd, void *bytes, size_t size)
{
  find_real();
  const char *path = path_of(fd);
  if (path[0] == '\0')
    return real.read(fd, bytes, size);
  long most;
  if (fails("read", path))
    return -1;
  if (strikes("cut", path, &most)) {
    size_t left = (size_t)most > files[fd].given ? (size_t)most - files[fd].given : 0;
    size = size < left ? size : left;
  }
  if (size > 0 && strikes("short", path, &most))
    size = size < (size_t)most ? size : (size_t)most;
  ssize_t n = size > 0 ? real.read(fd, bytes, size) : 0;
  if (n > 0)
    files[fd].given += (size_t)n;
  return n;
}

ssize_t write(int fd, const void *bytes, size_t size)
{
  find_real();
  const char *path = path_of(fd);
  long milliseconds;
  if (path[0] == '\0')
    return real.write(fd, bytes, size);
  if (strikes("slow", path, &milliseconds)) {
    /* Half of it first: a kill during the pause leaves a partial file. */
    ssize_t n = real.write(fd, bytes, (size + 1) / 2);
    nanosleep(&(struct timespec){.tv_sec = milliseconds / 1000,
                                 .tv_nsec = milliseconds % 1000 * 1000000},
              NULL);
    return n;
  }
  return fails("write", path) ? -1 : real.write(fd, bytes, size);
}

int fsync(int fd)
{
  find_real();
  return fails("fsync", path_of(fd)) ? -1 : real.fsync(fd);
}

int renameat(int from_directory, const char *from, int to_directory, const char *to)
{
  find_real();
  char ours[PATH_SIZE];
  name_file(from_directory, from, ours);
  return fails("rename", ours) ? -1
                               : real.renameat(from_directory, from, to_directory, to);
}

/* --- the clock ---------------------------------------------------------------------- */

int clock_gettime(clockid_t clock, struct timespec *out)
{
  find_real();
  int status = real.clock_gettime(clock, out);
  time_t off = plan.clock_off;
  if (status == 0 && clock == CLOCK_REALTIME && off != 0) {
    out->tv_sec += off;
    hit(plan.clock_id);
  }
  return status;
}

/* A time by CLOCK_REALTIME is converted to the kernel's clock; one by CLOCK_MONOTONIC is
 * far smaller. */
int pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex,
                           const struct timespec *until)
{
  static const time_t year_2001 = 1000000000;
  if (until->tv_sec < year_2001)
    return pthread_cond_clockwait(condition, mutex, CLOCK_MONOTONIC, until);
  for (;;) {
    struct timespec then = *until, now;
    then.tv_sec -= plan.clock_off;
    int error = pthread_cond_clockwait(condition, mutex, CLOCK_REALTIME, &then);
    if (error != ETIMEDOUT || clock_gettime(CLOCK_REALTIME, &now) != 0 ||
        now.tv_sec > until->tv_sec ||
        (now.tv_sec == until->tv_sec && now.tv_nsec >= until->tv_nsec))
      return error;
  }
}
