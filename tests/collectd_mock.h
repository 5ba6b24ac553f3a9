/* SPDX-License-Identifier: MIT */
/* A mock of the daemon: the functions that the plugin calls, which record the calls, and
 * a driver that loads the built plugin and makes callbacks in the order of collectd. */
#ifndef MEMINFO_EXPLAIN_TESTS_COLLECTD_MOCK_H
#define MEMINFO_EXPLAIN_TESTS_COLLECTD_MOCK_H

#include "collectd.h"

#include "plugin.h"

#include "golden.h"

struct mock_dispatched {
  value_list_t list; /* with `values` copied below */
  value_t value;
};

struct mock_log {
  int level;
  char text[1024];
};

/* Loads the plugin from `path` (absolute) and lets it register, in a BaseDir of its own:
 * a new directory, which is the working directory, as the daemon makes it. Fails the test
 * if it cannot. */
void mock_load(const char *path);

/* Parses `text`, the inside of a <Plugin> block with one option per line
 * (`Key "string"`, `Key 12`, `Key true`), and calls the config callback with it. */
int mock_config(const char *text);

int mock_init(void);

/* Calls the read callback; forgets what was dispatched and logged before. */
int mock_read(void);

/* Frees the user data of the read callback, as the daemon does when it ends, and removes
 * the BaseDir. */
void mock_shutdown(void);

/* Sets the clock of the daemon. */
void mock_time(cdtime_t now);

size_t mock_dispatched_count(void);
const struct mock_dispatched *mock_dispatched_at(size_t index);

/* The dispatched value of `VIEW/TYPE-INSTANCE`, or NULL. */
const struct mock_dispatched *mock_find(const char *identifier);

/* The dispatched values as lines of expect.txt. */
void mock_lines(struct lines *lines);

size_t mock_log_count(void);
const struct mock_log *mock_log_at(size_t index);

/* Log lines that contain `text`. */
size_t mock_logged(const char *text);
void mock_log_forget(void);

/* Types the daemon knows: by default those of collectd's types.db that the plugin uses.
 * To be called before mock_init. */
void mock_type_define(const char *name, const char *source, double min);
void mock_types_forget(void);

#endif
