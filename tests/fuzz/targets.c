/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "fuzz.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A new parser needs a row here. */
const struct fuzz_target fuzz_targets[] = {
    {"stat", "lines", fuzz_stat, "*/proc/*/stat", NULL},
    {"statm", "lines", fuzz_statm, "*/proc/*/statm", NULL},
    {"process_status", "lines", fuzz_process_status, NULL, seeds_of_process_status},
    {"vmstat", "lines", fuzz_vmstat, "*/proc/vmstat malformed/*/input.vmstat", NULL},
    {"cpulist", "lines", fuzz_cpulist, "*/sys/devices/system/cpu/possible", NULL},
    {"buddyinfo", "lines", fuzz_buddyinfo, "*/proc/buddyinfo", NULL},
    {"cpu_lists", "lines", fuzz_cpu_lists, "*/proc/zoneinfo", NULL},
    {"cpu_times", "lines", fuzz_cpu_times, NULL, seeds_of_cpu_times},
    {"field", "lines", fuzz_field, NULL, seeds_of_field},
    {"kmsg", "lines", fuzz_kmsg, NULL, seeds_of_kmsg},
    {"btf", "lines", fuzz_btf, NULL, seeds_of_btf},
    {"modules", "lines", fuzz_modules, "*/proc/modules", NULL},
    {"slab_caches", "lines", fuzz_slab_caches, "*/proc/slabinfo", NULL},
    {"mountinfo", "lines", fuzz_mountinfo, "*/proc/self/mountinfo", NULL},
    {"scan", "lines", fuzz_scan, NULL, seeds_of_scan},
    {"meminfo", "memory", fuzz_meminfo, "*/proc/meminfo malformed/*/input", NULL},
    {"meminfo_captured", "memory", fuzz_meminfo_captured,
     "*/proc/meminfo malformed/*/input", NULL},
    {"zoneinfo", "memory", fuzz_zoneinfo, "*/proc/zoneinfo malformed/*/input.zoneinfo",
     NULL},
    {"smaps", "memory", fuzz_smaps, "*/proc/*/smaps* malformed/*/input.smaps_rollup",
     NULL},
    {"vmallocinfo", "vmallocinfo", fuzz_vmallocinfo,
     "*/proc/vmallocinfo malformed/*/input.vmallocinfo", NULL},
    {"allocinfo", "allocinfo", fuzz_allocinfo, "*/proc/allocinfo", seeds_of_allocinfo},
    {"page_pool", "page_pool", fuzz_page_pool, NULL, seeds_of_page_pool},
    {"config", "lines", fuzz_config, NULL, seeds_of_config},
    {"state", "alarm", fuzz_state, NULL, seeds_of_state},
    {"series", "alarm", fuzz_series, NULL, seeds_of_series},
    {"consumers", "consumers", fuzz_consumers, NULL, seeds_of_consumers},
    {"machine", "machine", fuzz_machine, NULL, seeds_of_machine},
};
const size_t fuzz_targets_count = sizeof(fuzz_targets) / sizeof(*fuzz_targets);

const struct fuzz_target *fuzz_target_find(const char *name)
{
  for (size_t i = 0; i < fuzz_targets_count; i++)
    if (strcmp(fuzz_targets[i].name, name) == 0)
      return &fuzz_targets[i];
  return NULL;
}

struct bytes fuzz_file(const char *path)
{
  FILE *file = fopen(path, "rb");
  size_t capacity = 1 << 12, size = 0, n;
  uint8_t *at = malloc(capacity);
  if (file == NULL || at == NULL) {
    perror(path);
    exit(2);
  }
  while ((n = fread(at + size, 1, capacity - size, file)) > 0)
    if ((size += n) == capacity && (at = realloc(at, capacity *= 2)) == NULL)
      abort();
  fclose(file);
  return (struct bytes){at, size};
}

static void call_with_files(const char *pattern, fuzz_seed_callback *callback,
                            void *context)
{
  glob_t found;
  if (glob(pattern, 0, NULL, &found) == 0) {
    for (size_t i = 0; i < found.gl_pathc; i++) {
      struct bytes file = fuzz_file(found.gl_pathv[i]);
      callback(context, file);
      free((void *)file.at);
    }
  }
  globfree(&found);
}

void fuzz_seeds(const struct fuzz_target *target, fuzz_seed_callback *callback,
                void *context)
{
  char pattern[512];
  const char *at = target->seeds != NULL ? target->seeds : "";
  for (size_t length; (length = strcspn(at, " ")) > 0; at += length, at += *at == ' ') {
    snprintf(pattern, sizeof(pattern), FIXTURES "/%.*s", (int)length, at);
    call_with_files(pattern, callback, context);
  }
  if (target->make_seeds != NULL)
    target->make_seeds(callback, context);
  snprintf(pattern, sizeof(pattern), FUZZ_FOUND "/%s/*", target->name);
  call_with_files(pattern, callback, context);
}

_Noreturn void fuzz_failed(const char *condition, const char *file, int line)
{
  fprintf(stderr, "%s:%d: property violated: %s\n", file, line, condition);
  abort();
}

char *fuzz_copy(struct bytes input)
{
  char *copy = malloc(input.size);
  require(copy != NULL || input.size == 0);
  if (input.size > 0)
    memcpy(copy, input.at, input.size);
  return copy;
}

uint8_t fuzz_take_byte(struct bytes *input)
{
  if (input->size == 0)
    return 0;
  input->size--;
  return *input->at++;
}

void require_readings(const struct reading *readings, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    require(readings[i].state <= READING_MALFORMED);
    require(readings[i].value <= INT64_MAX);
    require(is_known(readings[i]) || readings[i].value == 0);
  }
}

void require_same_readings(const struct reading *a, const struct reading *b, size_t count)
{
  for (size_t i = 0; i < count; i++)
    require(a[i].state == b[i].state && a[i].value == b[i].value);
}

void require_printable(const char *text)
{
  for (; *text != '\0'; text++)
    require(*text >= ' ' && *text <= '~');
}

void require_parse_error(const struct parse_error *parse_error, struct bytes text)
{
  require((parse_error->count > 0) == (parse_error->cause != NULL));
  if (parse_error->count == 0)
    return;
  size_t lines = text.size > 0 && text.at[text.size - 1] != '\n';
  for (size_t i = 0; i < text.size; i++)
    lines += text.at[i] == '\n';
  require(parse_error->cause[0] != '\0');
  require(parse_error->line <= (lines > 0 ? lines : 1));
  require(memchr(parse_error->near, '\0', sizeof(parse_error->near)) != NULL);
  require_printable(parse_error->near);
}
