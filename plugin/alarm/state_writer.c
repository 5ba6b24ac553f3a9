/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "state_writer.h"
#include "evidence_dir.h"
#include "meminfo_explain/trend/watched_state.h"
#include "meminfo_explain/workers/supervisor.h"
#include "state_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Evidence that waits. */
struct queued_write {
  double time;
  char name[64]; /* of a series and a state */
  struct text text;
};

struct state_writer {
  struct supervisor *supervisor;
  const struct state_writer_disk *disk;
  char *state_file, *boot, *evidence_dir;
  struct watched_series *writing; /* is being written, or read; the worker's */

  /* Guarded by the supervisor's lock. */
  struct watched_series *waiting; /* the state that waits, if one does */
  bool state_waits, load_waits;
  bool loading; /* the state is being read; only the worker changes it */
  int loaded;   /* the result of that; the state is in `waiting` where it is 0 */
  struct queued_write queue[STATE_WRITER_QUEUE_MAX]; /* the oldest first */
  unsigned queue_count;
  int status[STATE_WRITER_KINDS];
  bool hangs[STATE_WRITER_KINDS];
};

/* --- the disk ----------------------------------------------------------------------- */

static int save_state(const char *path, const char *boot,
                      const struct watched_series *watched)
{
  struct text text;
  int error = watched_state_format(watched, &text);
  if (error != 0)
    return error;
  error = state_file_save(path, boot, text.bytes, text.length);
  text_free(&text);
  return error;
}

static int load_state(const char *path, const char *boot, struct watched_series *out)
{
  struct text text;
  int error = state_file_load(path, boot, &text);
  if (error != 0)
    return error;
  error = watched_state_parse(text.bytes, text.length, out);
  text_free(&text);
  return error;
}

const struct state_writer_disk state_writer_disk = {
    .save = save_state, .load = load_state, .store = evidence_store};

/* --- the thread --------------------------------------------------------------------- */

static void swap_states(struct state_writer *state_writer)
{
  struct watched_series *state = state_writer->waiting;
  state_writer->waiting = state_writer->writing;
  state_writer->writing = state;
}

/* With the lock: takes what is next. False where nothing waits. */
static bool take(struct state_writer *state_writer, enum state_writer_kind *kind,
                 struct queued_write *queued)
{
  *queued = (struct queued_write){0};
  *kind = STATE_WRITER_STATE;
  state_writer->loading = state_writer->load_waits;
  if (state_writer->load_waits) {
    state_writer->load_waits = false;
    return true;
  }
  if (state_writer->queue_count > 0) {
    *kind = STATE_WRITER_EVIDENCE;
    *queued = state_writer->queue[0];
    memmove(&state_writer->queue[0], &state_writer->queue[1],
            --state_writer->queue_count * sizeof(*state_writer->queue));
    return true;
  }
  if (!state_writer->state_waits)
    return false;
  swap_states(state_writer);
  state_writer->state_waits = false;
  return true;
}

static int do_one(const struct state_writer *state_writer, enum state_writer_kind kind,
                  const struct queued_write *queued)
{
  const struct state_writer_disk *disk = state_writer->disk;
  if (state_writer->loading)
    return disk->load(state_writer->state_file, state_writer->boot,
                      state_writer->writing);
  if (kind == STATE_WRITER_STATE)
    return disk->save(state_writer->state_file, state_writer->boot,
                      state_writer->writing);
  return disk->store(state_writer->evidence_dir, queued->time, queued->name,
                     &queued->text);
}

/* With the lock. */
static void note_done(struct state_writer *state_writer, enum state_writer_kind kind,
                      int status)
{
  if (!state_writer->loading) {
    state_writer->status[kind] = status;
    state_writer->hangs[kind] = false;
  } else if (!state_writer->state_waits) { /* else it comes too late */
    state_writer->loaded = status;
    swap_states(state_writer);
  }
}

static void do_all(void *context, struct worker *worker)
{
  struct state_writer *state_writer = context;
  enum state_writer_kind kind;
  struct queued_write queued;
  supervisor_lock(state_writer->supervisor);
  while (take(state_writer, &kind, &queued)) {
    supervisor_unlock(state_writer->supervisor);
    supervisor_enter(worker, kind);
    int status = do_one(state_writer, kind, &queued);
    text_free(&queued.text);
    bool goes_on = supervisor_leave(worker);
    supervisor_lock(state_writer->supervisor);
    note_done(state_writer, kind, status);
    if (!goes_on)
      break;
  }
  supervisor_unlock(state_writer->supervisor);
}

static bool note_hanging(void *context, uint32_t kind, double since)
{
  struct state_writer *state_writer = context;
  (void)since;
  state_writer->hangs[kind] |= !state_writer->loading;
  /* And what waits behind it. */
  state_writer->hangs[STATE_WRITER_STATE] |= state_writer->state_waits;
  state_writer->hangs[STATE_WRITER_EVIDENCE] |= state_writer->queue_count > 0;
  return false; /* it is never replaced: another one would write to the same file */
}

/* Called for workers that were replaced: never. */
static void came_back(void *context, uint32_t kind)
{
  (void)context;
  (void)kind;
}

static void state_writer_free(void *context)
{
  struct state_writer *state_writer = context;
  for (unsigned i = 0; i < state_writer->queue_count; i++)
    text_free(&state_writer->queue[i].text);
  free(state_writer->state_file);
  free(state_writer->boot);
  free(state_writer->evidence_dir);
  free(state_writer->waiting);
  free(state_writer->writing);
  free(state_writer);
}

/* --- for its owner ------------------------------------------------------------------ */

/* False where there is no memory for it. */
static bool copy_options(const struct state_writer_options *options,
                         struct state_writer *state_writer)
{
  if (options->state_file != NULL) {
    state_writer->state_file = strdup(options->state_file);
    state_writer->boot = strdup(options->boot);
    state_writer->waiting = malloc(sizeof(*state_writer->waiting));
    state_writer->writing = malloc(sizeof(*state_writer->writing));
    if (state_writer->state_file == NULL || state_writer->boot == NULL ||
        state_writer->waiting == NULL || state_writer->writing == NULL)
      return false;
  }
  if (options->evidence_dir != NULL)
    state_writer->evidence_dir = strdup(options->evidence_dir);
  return (options->evidence_dir == NULL) == (state_writer->evidence_dir == NULL);
}

int state_writer_open(const struct sysroot *root,
                      const struct state_writer_options *options,
                      struct state_writer **out)
{
  static const struct supervisor_job job = {.name = "state_writer",
                                            .round = do_all,
                                            .hangs = note_hanging,
                                            .came_back = came_back,
                                            .free = state_writer_free};
  struct state_writer *state_writer = calloc(1, sizeof(*state_writer));
  if (state_writer == NULL)
    return -ENOMEM;
  state_writer->disk = options->disk;
  int error = copy_options(options, state_writer)
                  ? supervisor_open(root, &job, state_writer, options->patience,
                                    &state_writer->supervisor)
                  : -ENOMEM;
  if (error != 0)
    state_writer_free(state_writer);
  else
    *out = state_writer;
  return error;
}

void state_writer_close(struct state_writer *state_writer)
{
  if (state_writer != NULL)
    supervisor_close(state_writer->supervisor);
}

int state_writer_load(struct state_writer *state_writer, struct watched_series *out,
                      double seconds)
{
  if (state_writer->state_file == NULL)
    return -ENOENT;
  supervisor_lock(state_writer->supervisor);
  state_writer->load_waits = true;
  state_writer->loaded = -EINPROGRESS;
  supervisor_unlock(state_writer->supervisor);
  supervisor_request(state_writer->supervisor, 0);
  supervisor_wait(state_writer->supervisor, seconds);
  supervisor_lock(state_writer->supervisor);
  int status = state_writer->loaded;
  if (status == 0)
    *out = *state_writer->waiting;
  supervisor_unlock(state_writer->supervisor);
  return status;
}

void state_writer_state(struct state_writer *state_writer,
                        const struct watched_series *watched)
{
  if (state_writer->state_file == NULL)
    return;
  supervisor_lock(state_writer->supervisor);
  *state_writer->waiting = *watched;
  state_writer->state_waits = true;
  supervisor_unlock(state_writer->supervisor);
  supervisor_request(state_writer->supervisor, 0);
}

int state_writer_evidence(struct state_writer *state_writer, double time,
                          const char *name, struct text *text)
{
  struct queued_write queued = {.time = time, .text = *text};
  int length = snprintf(queued.name, sizeof(queued.name), "%s", name);
  int error = 0;
  *text = (struct text){0};
  supervisor_lock(state_writer->supervisor);
  if (state_writer->evidence_dir == NULL)
    error = -ENOENT;
  else if (length >= (int)sizeof(queued.name))
    error = -ENAMETOOLONG;
  else if (state_writer->queue_count == STATE_WRITER_QUEUE_MAX)
    error = -EBUSY;
  else
    state_writer->queue[state_writer->queue_count++] = queued;
  supervisor_unlock(state_writer->supervisor);
  if (error != 0)
    text_free(&queued.text);
  else
    supervisor_request(state_writer->supervisor, 0);
  return error;
}

bool state_writer_wait(struct state_writer *state_writer, double seconds)
{
  return supervisor_wait(state_writer->supervisor, seconds);
}

int state_writer_status(struct state_writer *state_writer, enum state_writer_kind kind)
{
  supervisor_lock(state_writer->supervisor);
  supervisor_check(state_writer->supervisor);
  int status = state_writer->hangs[kind] ? -EINPROGRESS : state_writer->status[kind];
  supervisor_unlock(state_writer->supervisor);
  return status;
}
