/* SPDX-License-Identifier: MIT */
/* libFuzzer's side: which targets run, and what tests/fuzz/run asks for beside that.
 *
 *   fuzz --list              "JOB TARGET" of all
 *   fuzz --seeds JOB DIR     writes the seeds there
 *   fuzz --strip JOB FILE    which target an input of that job is for, and its own input:
 *                            the name on standard error, the bytes on standard output
 *   fuzz JOB [libFuzzer's arguments]
 *
 * JOB may be a target alone. Where a job has several, an input's first byte says which.
 */
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
  if (chosen.count == 0 && (chosen.of[0] = fuzz_target_named(job)) != NULL)
    chosen.count = 1;
  if (chosen.count > 0)
    return;
  fprintf(stderr, "fuzz: no such job or target: %s\n", job);
  exit(2);
}

/* The target that an input is for, which loses its first byte where that has told. */
static const struct fuzz_target *target_of(struct bytes *input)
{
  return chosen.of[chosen.count > 1 ? fuzz_choice(input) % chosen.count : 0];
}

struct writer {
  const char *directory;
  size_t member, number;
};

static void write_seed(void *context, struct bytes seed)
{
  struct writer *writer = context;
  char path[512];
  snprintf(path, sizeof(path), "%s/%s-%zu", writer->directory,
           chosen.of[writer->member]->name, writer->number++);
  FILE *file = fopen(path, "wb");
  if (file == NULL) {
    perror(path);
    exit(2);
  }
  if (chosen.count > 1)
    fputc((int)writer->member, file);
  fwrite(seed.at, 1, seed.size, file);
  fclose(file);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
  const char *what = *argc > 1 ? (*argv)[1] : "";
  if (strcmp(what, "--list") == 0) {
    for (size_t i = 0; i < fuzz_targets_count; i++)
      printf("%s %s\n", fuzz_targets[i].job, fuzz_targets[i].name);
    exit(0);
  }
  if (strcmp(what, "--seeds") == 0 && *argc == 4) {
    choose((*argv)[2]);
    struct writer writer = {.directory = (*argv)[3]};
    for (; writer.member < chosen.count; writer.member++)
      fuzz_seeds(chosen.of[writer.member], write_seed, &writer);
    exit(0);
  }
  if (strcmp(what, "--strip") == 0 && *argc == 4) {
    choose((*argv)[2]);
    struct bytes input = fuzz_file((*argv)[3]);
    fprintf(stderr, "%s\n", target_of(&input)->name);
    fwrite(input.at, 1, input.size, stdout);
    exit(0);
  }
  choose(what);
  (*argv)[1] = (*argv)[0];
  ++*argv;
  --*argc;
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size)
{
  struct bytes input = {at, size};
  target_of(&input)->run(input);
  return 0;
}
