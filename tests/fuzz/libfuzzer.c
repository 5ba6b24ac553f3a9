/* SPDX-License-Identifier: MIT */
/* libFuzzer's entry points, and the commands that tests/fuzz/run needs.
 *
 *   fuzz --list              prints "JOB TARGET" for each target
 *   fuzz --seeds JOB DIR     writes the seeds of a job to DIR
 *   fuzz --strip JOB FILE    prints the name of the target that an input of the job
 *                            selects to standard error, and the input without the
 *                            selecting byte to standard output
 *   fuzz JOB [ARGUMENT...]   runs libFuzzer with these arguments
 *
 * JOB may also be the name of one target. If a job has several targets, the first byte of
 * each input selects one. */
#define _GNU_SOURCE
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size);

static struct {
  const struct fuzz_target *of[32];
  size_t count;
} chosen;

static void choose(const char *job)
{
  for (size_t i = 0; i < fuzz_targets_count; i++)
    if (strcmp(fuzz_targets[i].job, job) == 0)
      chosen.of[chosen.count++] = &fuzz_targets[i];
  if (chosen.count == 0 && (chosen.of[0] = fuzz_target_find(job)) != NULL)
    chosen.count = 1;
  if (chosen.count > 0)
    return;
  fprintf(stderr, "fuzz: no such job or target: %s\n", job);
  exit(2);
}

/* The target that the input selects. Removes the selecting byte, if the job has one. */
static const struct fuzz_target *select_target(struct bytes *input)
{
  return chosen.of[chosen.count > 1 ? fuzz_take_byte(input) % chosen.count : 0];
}

struct seed_writer {
  const char *directory;
  size_t target, number; /* index in chosen.of; number of the next file */
};

static void write_seed(void *context, struct bytes seed)
{
  struct seed_writer *writer = context;
  char path[512];
  snprintf(path, sizeof(path), "%s/%s-%zu", writer->directory,
           chosen.of[writer->target]->name, writer->number++);
  FILE *file = fopen(path, "wb");
  if (file == NULL) {
    perror(path);
    exit(2);
  }
  if (chosen.count > 1)
    fputc((int)writer->target, file);
  fwrite(seed.at, 1, seed.size, file);
  fclose(file);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
  const char *command = *argc > 1 ? (*argv)[1] : "";
  if (strcmp(command, "--list") == 0) {
    for (size_t i = 0; i < fuzz_targets_count; i++)
      printf("%s %s\n", fuzz_targets[i].job, fuzz_targets[i].name);
    exit(0);
  }
  if (strcmp(command, "--seeds") == 0 && *argc == 4) {
    choose((*argv)[2]);
    struct seed_writer writer = {.directory = (*argv)[3]};
    for (; writer.target < chosen.count; writer.target++)
      fuzz_seeds(chosen.of[writer.target], write_seed, &writer);
    exit(0);
  }
  if (strcmp(command, "--strip") == 0 && *argc == 4) {
    choose((*argv)[2]);
    struct bytes input = fuzz_file((*argv)[3]);
    fprintf(stderr, "%s\n", select_target(&input)->name);
    fwrite(input.at, 1, input.size, stdout);
    exit(0);
  }
  choose(command);
  (*argv)[1] = (*argv)[0];
  ++*argv;
  --*argc;
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size)
{
  struct bytes input = {at, size};
  select_target(&input)->run(input);
  return 0;
}
