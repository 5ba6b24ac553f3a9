/* SPDX-License-Identifier: MIT */
/* zoneinfo, meminfo, vmstat and zoneinfo again, back to back: free pages wander between
 * what the files count, so the second zoneinfo tells how much they did. */
#ifndef MEMINFO_EXPLAIN_BRACKET_H
#define MEMINFO_EXPLAIN_BRACKET_H

#include "meminfo_explain/sample.h"
#include "meminfo_explain/sysroot.h"

/* The four are read again where their tear (tear.h) is above this, up to so many times in
 * all; the last reading stands, and says its tear. */
#define BRACKET_TEAR_MAX ((uint64_t)1 << 20)
#define BRACKET_ATTEMPTS 5

enum { BRACKET_BEFORE, BRACKET_MEMINFO, BRACKET_VMSTAT, BRACKET_AFTER, BRACKET_COUNT };

struct bracket {
  struct text texts[BRACKET_COUNT]; /* all are read before any is parsed */
};

/* Fills in zoneinfo, meminfo, vmstat, zoneinfo_after and retries of *out, which needs
 * page_size. 0, or -errno where there is no meminfo. */
int bracket_collect(const struct sysroot *root, struct bracket *bracket,
                    struct sample *out);
void bracket_free(struct bracket *bracket);

#endif
