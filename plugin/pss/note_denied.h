/* SPDX-License-Identifier: MIT */
/* Finds the largest denied processes at the end of a pass. */
#ifndef MEMINFO_EXPLAIN_PSS_NOTE_DENIED_H
#define MEMINFO_EXPLAIN_PSS_NOTE_DENIED_H

#include "process_read.h"

/* Replaces scan->denied, largest first. Reads status of at most DENIED_MAX processes. 0
 * or -ECANCELED. */
int pass_note_denied(struct pass *pass);

#endif
