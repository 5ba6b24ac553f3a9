/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "alarm/state_writer.h"

#include "hanging.h"
#include "meminfo_explain/base/clock.h"
#include "suite.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BOOT "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
#define TIME 1795489200.0

/* Seconds, long enough for any disk. Only a test that fails waits for so long. */
static const double long_enough = 20;

static const double patience = 0.3;

static char *tree, state_file[512];
static struct sysroot root;
static struct state_writer *state_writer;

/* --- a disk that hangs where the test wants it to ------------------------------------
 */

static int save(const char *path, const char *boot, const struct watched_series *watched)
{
  int error = hanging_pass("save");
  return error != 0 ? error : state_writer_disk.save(path, boot, watched);
}

static int load(const char *path, const char *boot, struct watched_series *out)
{
  int error = hanging_pass("load");
  return error != 0 ? error : state_writer_disk.load(path, boot, out);
}

static int store(const char *dir, double time, const char *name, const struct text *text)
{
  int error = hanging_pass("store");
  return error != 0 ? error : state_writer_disk.store(dir, time, name, text);
}

static const struct state_writer_disk disk = {.save = save, .load = load, .store = store};

/* --- a writer ----------------------------------------------------------------------- */

/* Waits on, though a busy machine may take longer than the patience for an access. */
static bool is_written(void)
{
  double until = clock_seconds(CLOCK_MONOTONIC) + long_enough;
  while (!state_writer_wait(state_writer, long_enough))
    if (clock_seconds(CLOCK_MONOTONIC) > until)
      return false;
  return true;
}

static void begin(void)
{
  tree = tree_make();
  snprintf(state_file, sizeof(state_file), "%s/state", tree);
  const struct state_writer_options options = {.state_file = state_file,
                                               .boot = BOOT,
                                               .evidence_dir = tree,
                                               .patience = patience,
                                               .disk = &disk};
  ck_assert_int_eq(sysroot_open(tree, &root), 0);
  ck_assert_int_eq(state_writer_open(&root, &options, &state_writer), 0);
}

static void end(void)
{
  state_writer_close(state_writer);
  sysroot_close(&root);
  tree_remove(tree);
}

/* A state that can be recognised by a number. */
static const struct watched_series *numbered(unsigned number)
{
  static struct watched_series watched;
  watched.snapshots_count = number;
  return &watched;
}

static void hand_over(unsigned number)
{
  state_writer_state(state_writer, numbered(number));
}

static struct watched_series got;

/* Loads into `got`. */
static int load_within(double seconds)
{
  return state_writer_load(state_writer, &got, seconds);
}

static int hand_over_evidence(const char *name)
{
  struct text text = {.bytes = strdup(name), .length = strlen(name)};
  int error = state_writer_evidence(state_writer, TIME, name, &text);
  ck_assert_ptr_null(text.bytes);
  return error;
}

/* The number of the state in the file. */
static unsigned saved(void)
{
  static struct watched_series watched;
  ck_assert_int_eq(state_writer_disk.load(state_file, BOOT, &watched), 0);
  return watched.snapshots_count;
}

static bool has_evidence(const char *name)
{
  char path[600];
  snprintf(path, sizeof(path), "%s/meminfo_explain-20261124T030000Z-%s.txt", tree, name);
  return access(path, F_OK) == 0;
}

START_TEST(state_and_evidence_are_written)
{
  begin();
  hand_over(1);
  ck_assert_int_eq(hand_over_evidence("a"), 0);
  ck_assert_int_eq(hand_over_evidence("b"), 0);
  ck_assert(is_written());
  ck_assert_uint_eq(saved(), 1);
  ck_assert(has_evidence("a") && has_evidence("b"));
  ck_assert_int_eq(state_writer_status(state_writer, STATE_WRITER_STATE), 0);
  ck_assert_int_eq(state_writer_status(state_writer, STATE_WRITER_EVIDENCE), 0);
  hand_over(2);
  ck_assert(is_written());
  ck_assert_uint_eq(saved(), 2);
  end();
}
END_TEST

START_TEST(the_next_writer_loads_what_one_saved)
{
  begin();
  ck_assert_int_eq(load_within(long_enough), -ENOENT);
  hand_over(1);
  ck_assert(is_written());
  state_writer_close(state_writer);
  const struct state_writer_options options = {
      .state_file = state_file, .boot = BOOT, .patience = patience, .disk = &disk};
  ck_assert_int_eq(state_writer_open(&root, &options, &state_writer), 0);
  ck_assert_int_eq(load_within(long_enough), 0);
  ck_assert_uint_eq(got.snapshots_count, 1);
  ck_assert_int_eq(state_writer_status(state_writer, STATE_WRITER_STATE), 0);
  tree_write(tree, "state", "damaged");
  ck_assert_int_eq(load_within(long_enough), -EBADMSG);
  ck_assert_uint_eq(got.snapshots_count, 1);
  ck_assert_int_eq(state_writer_status(state_writer, STATE_WRITER_STATE),
                   0); /* the status is that of writing */
  end();
}
END_TEST

/* Or else the daemon would not start. A state that is loaded too late does not replace a
 * new one. */
START_TEST(loading_from_a_disk_that_hangs_is_given_up)
{
  begin();
  ck_assert_int_eq(state_writer_disk.save(state_file, BOOT, numbered(1)), 0);
  got.snapshots_count = 7;
  hang("load");
  ck_assert_int_eq(load_within(0.05), -EINPROGRESS);
  ck_assert_uint_eq(hanging(), 1);
  ck_assert(!state_writer_wait(state_writer, long_enough));
  ck_assert_int_eq(state_writer_status(state_writer, STATE_WRITER_STATE),
                   0); /* nothing to be written */
  hand_over(2);
  ck_assert_int_eq(state_writer_status(state_writer, STATE_WRITER_STATE), -EINPROGRESS);
  let_go();
  ck_assert(is_written());
  ck_assert_int_eq(state_writer_status(state_writer, STATE_WRITER_STATE), 0);
  ck_assert_uint_eq(got.snapshots_count, 7);
  ck_assert_uint_eq(saved(), 2);
  end();
}
END_TEST

/* The read callback of the plugin must go on. In the end the newest state is saved. */
START_TEST(a_disk_that_hangs_blocks_no_caller)
{
  begin();
  hang("save");
  hand_over(1);
  wait_for_hanging(1);
  ck_assert_int_eq(state_writer_status(state_writer, STATE_WRITER_STATE), 0);
  for (unsigned i = 2; i < 100; i++)
    hand_over(i);
  ck_assert(
      !state_writer_wait(state_writer, long_enough)); /* until the patience is over */
  ck_assert_int_eq(state_writer_status(state_writer, STATE_WRITER_STATE), -EINPROGRESS);
  ck_assert_int_eq(state_writer_status(state_writer, STATE_WRITER_EVIDENCE), 0);
  ck_assert_uint_eq(hanging(), 1);
  let_go();
  ck_assert(is_written());
  ck_assert_int_eq(state_writer_status(state_writer, STATE_WRITER_STATE), 0);
  ck_assert_uint_eq(saved(), 99);
  end();
}
END_TEST

/* They may be on two disks, of which only one hangs. */
START_TEST(a_write_behind_one_that_hangs_hangs_as_well)
{
  begin();
  hang("store");
  ck_assert_int_eq(hand_over_evidence("begun"), 0);
  wait_for_hanging(1);
  ck_assert(!state_writer_wait(state_writer, long_enough));
  ck_assert_int_eq(state_writer_status(state_writer, STATE_WRITER_EVIDENCE),
                   -EINPROGRESS);
  ck_assert_int_eq(state_writer_status(state_writer, STATE_WRITER_STATE), 0);
  hand_over(1);
  ck_assert_int_eq(state_writer_status(state_writer, STATE_WRITER_STATE), -EINPROGRESS);
  let_go();
  ck_assert(is_written());
  ck_assert_int_eq(state_writer_status(state_writer, STATE_WRITER_EVIDENCE), 0);
  ck_assert_int_eq(state_writer_status(state_writer, STATE_WRITER_STATE), 0);
  ck_assert_uint_eq(saved(), 1);
  end();
}
END_TEST

/* The first ones are kept: they are from the beginning of the incident. */
START_TEST(more_evidence_than_may_wait_is_dropped)
{
  begin();
  hang("store");
  hand_over_evidence("begun");
  wait_for_hanging(1);
  for (int i = 0; i < STATE_WRITER_QUEUE_MAX; i++) {
    char name[] = {(char)('a' + i), '\0'};
    ck_assert_int_eq(hand_over_evidence(name), 0);
  }
  ck_assert(!state_writer_wait(state_writer,
                               long_enough)); /* an error even while the disk hangs */
  ck_assert_int_eq(hand_over_evidence("beyond"), -EBUSY);
  let_go();
  ck_assert(is_written());
  ck_assert(has_evidence("begun") && has_evidence("a") && has_evidence("h"));
  ck_assert(!has_evidence("beyond"));
  ck_assert_int_eq(state_writer_status(state_writer, STATE_WRITER_EVIDENCE), 0);
  end();
}
END_TEST

START_TEST(a_failure_is_the_status_until_a_write_succeeds)
{
  begin();
  tree_write(tree, "state/in_the_way", "");
  hand_over(1);
  ck_assert(is_written());
  ck_assert_int_eq(state_writer_status(state_writer, STATE_WRITER_STATE), -EISDIR);
  ck_assert_int_eq(state_writer_status(state_writer, STATE_WRITER_STATE), -EISDIR);
  hand_over_evidence("No Name");
  ck_assert(is_written());
  ck_assert_int_eq(state_writer_status(state_writer, STATE_WRITER_EVIDENCE), -EINVAL);
  ck_assert_int_eq(
      hand_over_evidence(
          "a-name-that-is-longer-than-any-series-with-its-state-can-ever-be"),
      -ENAMETOOLONG);
  ck_assert_int_eq(state_writer_status(state_writer, STATE_WRITER_STATE), -EISDIR);
  ck_assert_int_eq(unlink(tree_path(tree, "state/in_the_way")), 0);
  ck_assert_int_eq(rmdir(state_file), 0);
  hand_over(2);
  ck_assert(is_written());
  ck_assert_int_eq(state_writer_status(state_writer, STATE_WRITER_STATE), 0);
  ck_assert_uint_eq(saved(), 2);
  end();
}
END_TEST

/* Closing does not wait for the disk, and frees nothing that the thread still uses. */
START_TEST(a_thread_that_hangs_may_outlive_its_writer)
{
  begin();
  hang("save");
  hand_over(1);
  wait_for_hanging(1);
  hand_over(2);
  hand_over_evidence("waits");
  state_writer_close(state_writer);
  state_writer = NULL;
  ck_assert_uint_eq(hanging(), 1);
  let_go();
  end();
}
END_TEST

START_TEST(without_paths_nothing_is_written)
{
  tree = tree_make();
  const struct state_writer_options options = {.patience = patience, .disk = &disk};
  ck_assert_int_eq(sysroot_open(tree, &root), 0);
  ck_assert_int_eq(state_writer_open(&root, &options, &state_writer), 0);
  hand_over(1);
  ck_assert_int_eq(load_within(long_enough), -ENOENT);
  ck_assert_int_eq(hand_over_evidence("a"), -ENOENT);
  ck_assert(is_written());
  ck_assert_int_eq(state_writer_status(state_writer, STATE_WRITER_STATE), 0);
  ck_assert_int_eq(state_writer_status(state_writer, STATE_WRITER_EVIDENCE), 0);
  ck_assert(!has_evidence("a"));
  end();
}
END_TEST

SUITE_MAIN("state_writer", state_and_evidence_are_written,
           the_next_writer_loads_what_one_saved,
           loading_from_a_disk_that_hangs_is_given_up, a_disk_that_hangs_blocks_no_caller,
           a_write_behind_one_that_hangs_hangs_as_well,
           more_evidence_than_may_wait_is_dropped,
           a_failure_is_the_status_until_a_write_succeeds,
           a_thread_that_hangs_may_outlive_its_writer, without_paths_nothing_is_written)
