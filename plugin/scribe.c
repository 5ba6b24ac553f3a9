/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "meminfo_explain/scribe.h"
#include "meminfo_explain/evidence.h"
#include "meminfo_explain/keep.h"
#include "meminfo_explain/relay.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An evidence that waits. */
struct errand {
  double time;
  char name[64]; /* of a series and a state */
  struct text text;
};

struct scribe {
  struct relay *relay;
  char *state_file, *state_kind, *boot, *evidence_dir;
  size_t state_size;
  void *writing; /* the state that is being written, or read; the runner's */

  /* Guarded by the relay's lock. */
  void *waiting; /* the state that waits, if one does */
  bool state_waits, load_waits;
  bool loading; /* the state is being read; only the runner changes it */
  int loaded;   /* what came of that; it is in `waiting` where it is 0 */
  struct errand errands[SCRIBE_TEXTS_MAX]; /* the oldest first */
  unsigned errands_count;
  int status[SCRIBE_KINDS];
  bool hangs[SCRIBE_KINDS];
};

/* --- the thread --------------------------------------------------------------------- */

static void swap_states(struct scribe *scribe)
{
  void *state = scribe->waiting;
  scribe->waiting = scribe->writing;
  scribe->writing = state;
}

/* With the lock: takes what is next. False where nothing waits. */
static bool take(struct scribe *scribe, enum scribe_kind *kind, struct errand *errand)
{
  *errand = (struct errand){0};
  *kind = SCRIBE_STATE;
  scribe->loading = scribe->load_waits;
  if (scribe->load_waits) {
    scribe->load_waits = false;
    return true;
  }
  if (scribe->errands_count > 0) {
    *kind = SCRIBE_EVIDENCE;
    *errand = scribe->errands[0];
    memmove(&scribe->errands[0], &scribe->errands[1],
            --scribe->errands_count * sizeof(*scribe->errands));
    return true;
  }
  if (!scribe->state_waits)
    return false;
  swap_states(scribe);
  scribe->state_waits = false;
  return true;
}

static int do_one(const struct scribe *scribe, enum scribe_kind kind,
                  const struct errand *errand)
{
  if (scribe->loading)
    return keep_load(scribe->state_file, scribe->state_kind, scribe->boot,
                     scribe->writing, scribe->state_size);
  if (kind == SCRIBE_STATE)
    return keep_save(scribe->state_file, scribe->state_kind, scribe->boot,
                     scribe->writing, scribe->state_size);
  return evidence_store(scribe->evidence_dir, errand->time, errand->name, &errand->text);
}

/* With the lock. */
static void note_done(struct scribe *scribe, enum scribe_kind kind, int status)
{
  if (!scribe->loading) {
    scribe->status[kind] = status;
    scribe->hangs[kind] = false;
  } else if (!scribe->state_waits) { /* else it comes too late */
    scribe->loaded = status;
    swap_states(scribe);
  }
}

static void do_all(void *context, struct runner *runner)
{
  struct scribe *scribe = context;
  enum scribe_kind kind;
  struct errand errand;
  relay_lock(scribe->relay);
  while (take(scribe, &kind, &errand)) {
    relay_unlock(scribe->relay);
    relay_enter(runner, kind);
    int status = do_one(scribe, kind, &errand);
    text_free(&errand.text);
    bool goes_on = relay_leave(runner);
    relay_lock(scribe->relay);
    note_done(scribe, kind, status);
    if (!goes_on)
      break;
  }
  relay_unlock(scribe->relay);
}

static bool note_hanging(void *context, uint32_t kind, double since)
{
  struct scribe *scribe = context;
  (void)since;
  scribe->hangs[kind] |= !scribe->loading;
  /* And what waits behind it. */
  scribe->hangs[SCRIBE_STATE] |= scribe->state_waits;
  scribe->hangs[SCRIBE_EVIDENCE] |= scribe->errands_count > 0;
  return false; /* it is never relieved: another one would write to the same file */
}

static void nobody_comes_back(void *context, uint32_t kind)
{
  (void)context;
  (void)kind;
}

static void scribe_free(void *context)
{
  struct scribe *scribe = context;
  for (unsigned i = 0; i < scribe->errands_count; i++)
    text_free(&scribe->errands[i].text);
  free(scribe->state_file);
  free(scribe->state_kind);
  free(scribe->boot);
  free(scribe->evidence_dir);
  free(scribe->waiting);
  free(scribe->writing);
  free(scribe);
}

/* --- what others call --------------------------------------------------------------- */

/* False where there is no memory for it. */
static bool copy_options(const struct scribe_options *options, struct scribe *scribe)
{
  if (options->state_file != NULL) {
    scribe->state_file = strdup(options->state_file);
    scribe->state_kind = strdup(options->state_kind);
    scribe->boot = strdup(options->boot);
    scribe->state_size = options->state_size;
    scribe->waiting = malloc(options->state_size);
    scribe->writing = malloc(options->state_size);
    if (scribe->state_file == NULL || scribe->state_kind == NULL ||
        scribe->boot == NULL || scribe->waiting == NULL || scribe->writing == NULL)
      return false;
  }
  if (options->evidence_dir != NULL)
    scribe->evidence_dir = strdup(options->evidence_dir);
  return (options->evidence_dir == NULL) == (scribe->evidence_dir == NULL);
}

int scribe_open(const struct sysroot *root, const struct scribe_options *options,
                struct scribe **out)
{
  static const struct relay_work work = {.name = "scribe",
                                         .patience = SCRIBE_PATIENCE,
                                         .round = do_all,
                                         .hangs = note_hanging,
                                         .came_back = nobody_comes_back,
                                         .free = scribe_free};
  struct scribe *scribe = calloc(1, sizeof(*scribe));
  if (scribe == NULL)
    return -ENOMEM;
  int error = copy_options(options, scribe)
                  ? relay_open(root, &work, scribe, &scribe->relay)
                  : -ENOMEM;
  if (error != 0)
    scribe_free(scribe);
  else
    *out = scribe;
  return error;
}

void scribe_close(struct scribe *scribe)
{
  if (scribe != NULL)
    relay_close(scribe->relay);
}

int scribe_load(struct scribe *scribe, void *state, double seconds)
{
  if (scribe->state_file == NULL)
    return -ENOENT;
  relay_lock(scribe->relay);
  scribe->load_waits = true;
  scribe->loaded = -EINPROGRESS;
  relay_unlock(scribe->relay);
  relay_request(scribe->relay, 0);
  relay_wait(scribe->relay, seconds);
  relay_lock(scribe->relay);
  int status = scribe->loaded;
  if (status == 0)
    memcpy(state, scribe->waiting, scribe->state_size);
  relay_unlock(scribe->relay);
  return status;
}

void scribe_state(struct scribe *scribe, const void *state)
{
  if (scribe->state_file == NULL)
    return;
  relay_lock(scribe->relay);
  memcpy(scribe->waiting, state, scribe->state_size);
  scribe->state_waits = true;
  relay_unlock(scribe->relay);
  relay_request(scribe->relay, 0);
}

int scribe_evidence(struct scribe *scribe, double time, const char *name,
                    struct text *text)
{
  struct errand errand = {.time = time, .text = *text};
  int length = snprintf(errand.name, sizeof(errand.name), "%s", name);
  int error = 0;
  *text = (struct text){0};
  relay_lock(scribe->relay);
  if (scribe->evidence_dir == NULL)
    error = -ENOENT;
  else if (length >= (int)sizeof(errand.name))
    error = -ENAMETOOLONG;
  else if (scribe->errands_count == SCRIBE_TEXTS_MAX)
    error = -EBUSY;
  else
    scribe->errands[scribe->errands_count++] = errand;
  relay_unlock(scribe->relay);
  if (error != 0)
    text_free(&errand.text);
  else
    relay_request(scribe->relay, 0);
  return error;
}

bool scribe_wait(struct scribe *scribe, double seconds)
{
  return relay_wait(scribe->relay, seconds);
}

int scribe_status(struct scribe *scribe, enum scribe_kind kind)
{
  relay_lock(scribe->relay);
  relay_look(scribe->relay);
  int status = scribe->hangs[kind] ? -EINPROGRESS : scribe->status[kind];
  relay_unlock(scribe->relay);
  return status;
}
