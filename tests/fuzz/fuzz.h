/* SPDX-License-Identifier: MIT */
/* Code that parses untrusted bytes, and the properties that must hold for any input. One
 * table serves libFuzzer (libfuzzer.c), the suite `fuzz_regression` and the replay of
 * single files (replay.c). */
#ifndef MEMINFO_EXPLAIN_TESTS_FUZZ_H
#define MEMINFO_EXPLAIN_TESTS_FUZZ_H

#include "meminfo_explain/base/reading.h"
#include "meminfo_explain/base/scan.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One input. The bytes are borrowed. */
struct bytes {
  const uint8_t *at;
  size_t size;
};

/* Receives one seed, which is valid until it returns. */
typedef void fuzz_seed_callback(void *context, struct bytes seed);

struct fuzz_target {
  const char *name;
  const char *job; /* tests/fuzz/run fuzzes all targets of one job in one process */
  /* Checks all properties for one input; aborts if one fails. */
  void (*run)(struct bytes input);
  /* Seeds: space-separated glob patterns below fixtures/, and a function that generates
   * some. Either may be NULL. */
  const char *seeds;
  void (*make_seeds)(fuzz_seed_callback *callback, void *context);
};

extern const struct fuzz_target fuzz_targets[];
extern const size_t fuzz_targets_count;

/* Returns NULL if there is no target of that name. */
const struct fuzz_target *fuzz_target_find(const char *name);

/* Calls callback for each seed of the target and each reproducer in found/NAME. */
void fuzz_seeds(const struct fuzz_target *target, fuzz_seed_callback *callback,
                void *context);

/* Reads a whole file; the caller frees the bytes. Exits if the file cannot be read. */
struct bytes fuzz_file(const char *path);

/* Prints the condition and aborts unless it holds. */
#define require(condition)                                                               \
  ((condition) ? (void)0 : fuzz_failed(#condition, __FILE__, __LINE__))
_Noreturn void fuzz_failed(const char *condition, const char *file, int line);

/* Copies the input to a heap block of exactly its size, so that ASan and valgrind detect
 * reads beyond its end. The caller frees it. */
char *fuzz_copy(struct bytes input);

/* Removes the first byte from the input and returns it; returns 0 if the input is empty.
 */
uint8_t fuzz_take_byte(struct bytes *input);

/* Invariants of readings and parse errors. */
void require_readings(const struct reading *readings, size_t count);
void require_same_readings(const struct reading *a, const struct reading *b,
                           size_t count);
void require_parse_error(const struct parse_error *parse_error, struct bytes text);
/* Requires printable ASCII without a newline. */
void require_printable(const char *text);

/* The targets, in the order of targets.c. */
void fuzz_stat(struct bytes input);
void fuzz_statm(struct bytes input);
void fuzz_process_status(struct bytes input);
void fuzz_vmstat(struct bytes input);
void fuzz_cpulist(struct bytes input);
void fuzz_buddyinfo(struct bytes input);
void fuzz_cpu_lists(struct bytes input);
void fuzz_cpu_times(struct bytes input);
void fuzz_field(struct bytes input);
void fuzz_kmsg(struct bytes input);
void fuzz_btf(struct bytes input);
void fuzz_modules(struct bytes input);
void fuzz_slab_caches(struct bytes input);
void fuzz_mountinfo(struct bytes input);
void fuzz_scan(struct bytes input);
void fuzz_meminfo(struct bytes input);
void fuzz_meminfo_captured(struct bytes input);
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

void seeds_of_cpu_times(fuzz_seed_callback *callback, void *context);
void seeds_of_field(fuzz_seed_callback *callback, void *context);
void seeds_of_kmsg(fuzz_seed_callback *callback, void *context);
void seeds_of_btf(fuzz_seed_callback *callback, void *context);
void seeds_of_process_status(fuzz_seed_callback *callback, void *context);
void seeds_of_scan(fuzz_seed_callback *callback, void *context);
void seeds_of_allocinfo(fuzz_seed_callback *callback, void *context);
void seeds_of_page_pool(fuzz_seed_callback *callback, void *context);
void seeds_of_config(fuzz_seed_callback *callback, void *context);
void seeds_of_state(fuzz_seed_callback *callback, void *context);
void seeds_of_series(fuzz_seed_callback *callback, void *context);
void seeds_of_consumers(fuzz_seed_callback *callback, void *context);
void seeds_of_machine(fuzz_seed_callback *callback, void *context);

#endif
