/* SPDX-License-Identifier: MIT */
/* The files of a captured tree have often been copied from a terminal, a mail or a web
 * page. */
#ifndef MEMINFO_EXPLAIN_SYSROOT_PASTED_TEXT_H
#define MEMINFO_EXPLAIN_SYSROOT_PASTED_TEXT_H

#include <stddef.h>

/* Restores in place what such a copy changes in every line, and returns the new length,
 * which is not above the old one. Lines keep their numbers.
 *
 *   UTF-16 with a byte order mark     becomes ASCII, other characters '?'
 *   CR LF, CR                         become LF
 *   no-break and other Unicode blanks become a blank; zero-width characters are removed
 *   escape sequences of a terminal    are removed
 *   quote marks of mail (> and |) at the start of a line are removed, each with the blank
 *   after it
 *
 * Any bytes are allowed; a text that the kernel wrote remains as it is. */
size_t pasted_text_clean(char *text, size_t length);

#endif
