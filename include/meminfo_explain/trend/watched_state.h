/* SPDX-License-Identifier: MIT */
/* The alarm's state as text, by the fields of trend_state.def: a line for each, of its
 * name and its numbers. What is read back decides as what was written. */
#ifndef MEMINFO_EXPLAIN_TREND_WATCHED_STATE_H
#define MEMINFO_EXPLAIN_TREND_WATCHED_STATE_H

#include "meminfo_explain/sysroot/sysroot.h"
#include "meminfo_explain/trend/watched_series.h"

/* 0, with *out to be freed by text_free; or -ENOMEM with *out untouched. Numbers are
 * written as printf does: with the point of the locale, which is C in collectd
 * (src/daemon/collectd.c: setlocale). */
int watched_state_format(const struct watched_series *watched, struct text *out);

/* Reads it back. 0; -ESTALE where it has other fields, numbers of values, series or
 * consumers than this build: it is of another version; -EBADMSG where a number is out of
 * its range, or is none. *out is undefined but for 0; then trend_add keeps its promises,
 * whatever the text was. */
int watched_state_parse(const char *text, size_t length, struct watched_series *out);

#endif
