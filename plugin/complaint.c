/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/complaint.h"
#include "meminfo_explain/words.h"

#include <stdio.h>
#include <string.h>

static void describe_fault(const struct source_status *status, char *out, size_t size)
{
  const struct fault *fault = &status->fault;
  if (fault->line > 0)
    words_append(out, size, ":%u", fault->line);
  words_append(out, size, ": ");
  if (fault->near[0] != '\0')
    words_append(out, size, "\"%s\": ", fault->near);
  words_append(out, size, "%s", fault->cause);
  if (status->error != 0)
    words_append(out, size, " (%s)", strerror(-status->error));
  if (fault->count > 1)
    words_append(out, size, " (and %u more)", fault->count - 1);
}

static bool is_consumer(enum source source)
{
  switch (source) {
#define CONSUMER(name, ...) case SOURCE_##name:
#include "meminfo_explain/consumers.def"
    return true;
  default:
    return false;
  }
}

bool complaint_hung(const struct hung *hung, char *out, size_t size)
{
  if (hung->pid == 0)
    return false;
  snprintf(
      out, size,
      "proc/%u/smaps_rollup: does not answer; the process is set aside, and estimated "
      "until it does",
      (unsigned)hung->pid);
  return true;
}

bool complaint_unlisted(const struct processes *processes, char *out, size_t size)
{
  if (is_known(processes->unlisted) ? processes->unlisted.value == 0
                                    : !is_known(processes->kernel_thread_count))
    return false;
  snprintf(out, size,
           "proc: lists no kernel thread, so not all processes (a PID namespace, or "
           "hidepid); the pss accounting is incomplete; set Root to where the host's "
           "proc is, or grant CAP_SYS_PTRACE");
  return true;
}

bool complaint(const struct sample *sample, enum source source, char *out, size_t size)
{
  const struct source_status *status = &sample->sources[source];
  const struct source_row *row = &source_rows[source];
  /* A consumer that may not be there is not missed: debugfs is closed to all but root. */
  if (is_consumer(source) && status->state == READING_DENIED)
    return false;
  bool lost = status->state == READING_DENIED || status->state == READING_MALFORMED ||
              status->gone ||
              (status->state == READING_ABSENT && source == SOURCE_meminfo);
  if (!lost && status->fault.count == 0)
    return false;
  snprintf(out, size, "%s", status->path[0] != '\0' ? status->path : row->path);
  if (status->fault.count > 0)
    describe_fault(status, out, size);
  else
    words_append(out, size, ": %s",
                 status->error != 0 ? strerror(-status->error) : "permission denied");
  if (lost)
    words_append(out, size, "; %s", row->cost);
  if (status->state == READING_DENIED && row->remedy[0] != '\0')
    words_append(out, size, "; %s", row->remedy);
  return true;
}
