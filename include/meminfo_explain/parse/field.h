/* SPDX-License-Identifier: MIT */
/* Word N of the line that starts with KEY: the grammar of files with a single number of
 * interest (mm_stat, abdstats, vmmemctl, sysctl files). */
#ifndef MEMINFO_EXPLAIN_PARSE_FIELD_H
#define MEMINFO_EXPLAIN_PARSE_FIELD_H

#include "meminfo_explain/base/reading.h"
#include "meminfo_explain/base/scan.h"
#include "meminfo_explain/sysroot/sysroot.h"

/* Parses word `field`, counted from 1, of the first line that starts with the words of
 * `key`, or of the first line where key is "". A word "*" of the key matches any word. A
 * ':' after a word, with or without a blank between, is ignored. 0; -ENOENT if no line
 * matches; -EBADMSG or -ERANGE if the word is not a number. */
int field_parse(struct scan text, const char *key, unsigned field, uint64_t *out,
                struct parse_error *parse_error);

/* The same of a whole file, multiplied by `unit`. 0; or -EBADMSG, with an error noted,
 * where the line or its number is missing or malformed. */
int field_number(const struct text *text, const char *key, unsigned field, uint64_t unit,
                 uint64_t *out, struct parse_error *parse_error);

#endif
