/* SPDX-License-Identifier: MIT */
/* usage: explain_root ROOT
 * Prints the metrics of a root in the format of a fixture's expect.txt. */
#include "golden.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
  if (argc != 2) {
    fprintf(stderr, "usage: explain_root ROOT\n");
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
