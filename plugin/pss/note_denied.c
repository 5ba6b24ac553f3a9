/* SPDX-License-Identifier: MIT */
#include "note_denied.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void insert(struct denied_process denied[DENIED_MAX], uint32_t pid, uint64_t rss)
{
  unsigned place = DENIED_MAX;
  while (place > 0 && (denied[place - 1].pid == 0 || denied[place - 1].rss < rss))
    place--;
  for (unsigned i = DENIED_MAX - 1; i > place && place < DENIED_MAX; i--)
    denied[i] = denied[i - 1];
  if (place < DENIED_MAX)
    denied[place] = (struct denied_process){.pid = pid, .rss = rss};
}

/* 0 or -ECANCELED. */
static int describe(struct pass *pass, const struct credentials *who,
                    struct denied_process *denied)
{
  char path[32];
  struct process_status status;
  if (!who->live) {
    denied->reason = DENIAL_CAPTURE;
    return 0;
  }
  snprintf(path, sizeof(path), "proc/%u/status", (unsigned)denied->pid);
  int error = pass->files->slurp(pass->files->context, denied->pid, path, true);
  if (error == -ECANCELED)
    return error;
  const struct text *text = pass->files->text;
  if (error != 0 || process_status_parse(scan_text(text->bytes, text->length), &status))
    return 0;
  denied->reason = denial_of(who, &status);
  denied->lacks = status.capabilities & ~who->capabilities;
  memcpy(denied->name, status.name, sizeof(denied->name));
  return 0;
}

int pass_note_denied(struct pass *pass)
{
  struct pss_scan *scan = pass->scan;
  struct denied_process denied[DENIED_MAX] = {{0}};
  for (size_t i = 0; i < scan->table.count; i++) {
    const struct process *process = &scan->table.at[i];
    if (process->kind == PROCESS_DENIED && process_rss(process) > 0)
      insert(denied, process->pid, process_rss(process));
  }
  if (denied[0].pid != 0) {
    const struct credentials who = credentials_read(scan->root);
    for (unsigned i = 0; i < DENIED_MAX && denied[i].pid != 0; i++) {
      int error = describe(pass, &who, &denied[i]);
      if (error != 0)
        return error;
    }
  }
  memcpy(scan->denied, denied, sizeof(denied));
  return 0;
}
