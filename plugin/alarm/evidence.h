/* SPDX-License-Identifier: MIT */
/* What a machine looked like when an alarm was raised, for those who come later: a text
 * file per alarm, bounded in number and size. */
#ifndef MEMINFO_EXPLAIN_ALARM_EVIDENCE_H
#define MEMINFO_EXPLAIN_ALARM_EVIDENCE_H

#include "meminfo_explain/explain/observe.h"

#define EVIDENCE_FILES_MAX 16                 /* the oldest of ours is removed */
#define EVIDENCE_FILE_MAX  ((size_t)1 << 20)  /* bytes of one */
#define EVIDENCE_ROOM_MIN  ((size_t)64 << 20) /* that stay free on the file system */
#define EVIDENCE_NAMES_MAX 32                 /* callers and sites named in one */

/* What is told of an alarm at `time`: the message, the explanation then and now with what
 * moved most, the sentences, the largest callers of vmalloc and sites of allocinfo, and
 * meminfo, vmstat, slabinfo and zoneinfo as they are by now. `then` is the explanation
 * before the rise, or NULL.
 *
 * Lines of printable ASCII, whatever the kernel's files hold; where it would be too
 * large, there are only whole lines, and a last one that says so. 0, with *out to be
 * freed by text_free; -EINVAL for a time that is none; or -ENOMEM. *out is untouched on
 * failure. */
int evidence_compose(double time, const char *message, const struct observer *now,
                     const struct explanation *then, struct text *out);

/* Writes it to DIR/meminfo_explain-TIME-NAME.txt, TIME as 20261124T030000Z in UTC. NAME
 * is a series and a state, [a-z0-9_-]+; where that file is there already, NAME-2 and so
 * on.
 *
 * Atomic, mode 0600. DIR is for one daemon: other files in it are left alone, but for one
 * of the name meminfo_explain.new. 0; -EINVAL for another NAME or a time that is none;
 * -ENOSPC where too little would stay free; or -errno. May wait for the disk. */
int evidence_store(const char *dir, double time, const char *name,
                   const struct text *text);

#endif
