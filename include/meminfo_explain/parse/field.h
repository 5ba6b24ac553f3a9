/* SPDX-License-Identifier: MIT */
/* "Field N of the line that starts with KEY": the grammar of every driver file that
 * holds one number we want (mm_stat, abdstats, vmmemctl, sysctl files). */
#ifndef MEMINFO_EXPLAIN_PARSE_FIELD_H
#define MEMINFO_EXPLAIN_PARSE_FIELD_H

#include "meminfo_explain/base/reading.h"
#include "meminfo_explain/base/scan.h"
#include "meminfo_explain/sysroot/sysroot.h"

/* Takes word `field` (from 1) of the first line that begins with the words of `key`, of
 * which "*" stands for any one (a ':' behind a word, with or without a blank, is no part
 * of it and no word of its own); of the first line where key is "". 0; -ENOENT if there
 * is no such line; -EBADMSG or -ERANGE if the word is no number. */
int field_parse(struct scan text, const char *key, unsigned field, uint64_t *out,
                struct parse_error *parse_error);

/* The same of a whole file, times `unit`. 0; or -EBADMSG, with a parse_error, for what is
 * no such number, or no such line. */
int field_number(const struct text *text, const char *key, unsigned field, uint64_t unit,
                 uint64_t *out, struct parse_error *parse_error);

#endif
