/* SPDX-License-Identifier: MIT */
/* Prints the metrics of a root: makes a fixture's expect.txt, and says what a bug
 * reporter's capture comes to. */
#include "golden.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
  if (argc != 2) {
    fprintf(stderr, "usage: explain_root ROOT > ROOT/expect.txt\n");
    return 2;
  }
  struct lines lines = {0};
  int status = golden_explain(argv[1], &lines);
  for (size_t i = 0; i < lines.count; i++)
    puts(lines.line[i]);
  lines_free(&lines);
  if (status == 0)
    return 0;
  fprintf(stderr, "explain_root: %s: %s\n", argv[1], strerror(-status));
  return 1;
}
