/* SPDX-License-Identifier: MIT */
/* What is fed with arbitrary bytes, and what must hold whatever they are. One table for
 * libFuzzer (libfuzzer.c), for the suite `hostile`, and for the replay of single files.
 */
#ifndef MEMINFO_EXPLAIN_TESTS_FUZZ_H
#define MEMINFO_EXPLAIN_TESTS_FUZZ_H

#include "meminfo_explain/base/reading.h"
#include "meminfo_explain/base/scan.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One input; borrowed. */
struct bytes {
  const uint8_t *at;
  size_t size;
};

typedef void fuzz_take(void *context, struct bytes input);

struct fuzz_target {
  const char *name;
  const char *job; /* of tests/fuzz/run: those of one name share a process */
  /* Checks all properties of one input; does not return where one fails. */
  void (*run)(struct bytes input);
  /* Where it begins: patterns below fixtures/, by blanks, or NULL; and what is made. */
  const char *seeds;
  void (*make_seeds)(fuzz_take *take, void *context);
};

extern const struct fuzz_target fuzz_targets[];
extern const size_t fuzz_targets_count;

/* NULL where there is none. */
const struct fuzz_target *fuzz_target_named(const char *name);

/* Calls take() for each seed of the target, the reproducers in found/NAME included. */
void fuzz_seeds(const struct fuzz_target *target, fuzz_take *take, void *context);

/* A whole file, to be freed. Ends the process where it cannot be read. */
struct bytes fuzz_file(const char *path);

/* Where a property fails: says so and aborts. */
#define require(condition)                                                               \
  ((condition) ? (void)0 : fuzz_failed(#condition, __FILE__, __LINE__))
_Noreturn void fuzz_failed(const char *condition, const char *file, int line);

/* The input in a block of its own that ends where the input does, to be freed: what
 * reads beyond it is seen by ASan and valgrind. */
char *fuzz_copy(struct bytes input);

/* Takes the first byte off the input; 0 where there is none. */
uint8_t fuzz_choice(struct bytes *input);

/* What holds of all readings, faults and texts. */
void require_readings(const struct reading *readings, size_t count);
void require_same_readings(const struct reading *a, const struct reading *b,
                           size_t count);
void require_fault(const struct parse_error *parse_error, struct bytes text);
/* One line without newline, of printable ASCII. */
void require_printable(const char *text);

/* The targets, by file. */
void fuzz_stat(struct bytes input);
void fuzz_statm(struct bytes input);
void fuzz_vmstat(struct bytes input);
void fuzz_cpulist(struct bytes input);
void fuzz_field(struct bytes input);
void fuzz_kmsg(struct bytes input);
void fuzz_modules(struct bytes input);
void fuzz_mountinfo(struct bytes input);
void fuzz_scan(struct bytes input);
void fuzz_meminfo(struct bytes input);
void fuzz_zoneinfo(struct bytes input);
void fuzz_smaps(struct bytes input);
void fuzz_vmallocinfo(struct bytes input);
void fuzz_allocinfo(struct bytes input);
void fuzz_page_pool(struct bytes input);
void fuzz_config(struct bytes input);
void fuzz_state(struct bytes input);
void fuzz_series(struct bytes input);
void fuzz_consumers(struct bytes input);
void fuzz_machine(struct bytes input);

void seeds_of_field(fuzz_take *take, void *context);
void seeds_of_kmsg(fuzz_take *take, void *context);
void seeds_of_scan(fuzz_take *take, void *context);
void seeds_of_allocinfo(fuzz_take *take, void *context);
void seeds_of_page_pool(fuzz_take *take, void *context);
void seeds_of_config(fuzz_take *take, void *context);
void seeds_of_state(fuzz_take *take, void *context);
void seeds_of_series(fuzz_take *take, void *context);
void seeds_of_consumers(fuzz_take *take, void *context);
void seeds_of_machine(fuzz_take *take, void *context);

#endif
