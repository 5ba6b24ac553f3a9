/* SPDX-License-Identifier: MIT */
/* The directory of evidence: a text file for each alarm, bounded in number. */
#ifndef MEMINFO_EXPLAIN_ALARM_EVIDENCE_DIR_H
#define MEMINFO_EXPLAIN_ALARM_EVIDENCE_DIR_H

#include "evidence.h"

#define EVIDENCE_FILES_MAX 16                 /* for one more the oldest is removed */
#define EVIDENCE_ROOM_MIN  ((size_t)64 << 20) /* bytes left free on the file system */

/* Writes `text` to DIR/meminfo_explain-TIME-NAME.txt, TIME as 20261124T030000Z in UTC.
 * NAME is a series and a state, [a-z0-9_-]+; if that file is there already, NAME-2 and so
 * on.
 *
 * Atomic, mode 0600. DIR is for one daemon; files with other names in it are left alone,
 * but for meminfo_explain.new. 0; -EINVAL for another NAME or where `time` is no time;
 * -ENOSPC where too little would stay free; or -errno. May wait for the disk. */
int evidence_store(const char *dir, double time, const char *name,
                   const struct text *text);

#endif
