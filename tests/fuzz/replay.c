/* SPDX-License-Identifier: MIT */
/* usage: replay TARGET FILE...
 * Runs a target on single inputs, without libFuzzer. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
  const struct fuzz_target *target = argc > 2 ? fuzz_target_find(argv[1]) : NULL;
  if (target == NULL) {
    fprintf(stderr, "usage: replay TARGET FILE...\ntargets:\n");
    for (size_t i = 0; i < fuzz_targets_count; i++)
      fprintf(stderr, "  %s\n", fuzz_targets[i].name);
    return 2;
  }
  for (int i = 2; i < argc; i++) {
    struct bytes input = fuzz_file(argv[i]);
    target->run(input);
    free((void *)input.at);
  }
  printf("%d inputs passed\n", argc - 2);
  return 0;
}
