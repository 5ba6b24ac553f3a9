/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/collect/diagnostic.h"
#include "meminfo_explain/base/format.h"

#include <stdio.h>
#include <string.h>

static void describe_fault(const struct source_status *status, char *out, size_t size)
{
  const struct parse_error *parse_error = &status->parse_error;
  if (parse_error->line > 0)
    format_append(out, size, ":%u", parse_error->line);
  format_append(out, size, ": ");
  if (parse_error->near[0] != '\0')
    format_append(out, size, "\"%s\": ", parse_error->near);
  format_append(out, size, "%s", parse_error->cause);
  if (status->error != 0)
    format_append(out, size, " (%s)", strerror(-status->error));
  if (parse_error->count > 1)
    format_append(out, size, " (and %u more)", parse_error->count - 1);
}

static bool is_consumer(enum source source)
{
  switch (source) {
#define CONSUMER(name, ...) case SOURCE_##name:
#include "meminfo_explain/tables/consumers.def"
    return true;
  default:
    return false;
  }
}

bool diagnostic_hung(const struct hung_process *hung, char *out, size_t size)
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

bool diagnostic_unlisted(const struct processes *processes, char *out, size_t size)
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

bool diagnostic(const struct sample *sample, enum source source, char *out, size_t size)
{
  const struct source_status *status = &sample->sources[source];
  const struct source_row *row = &source_rows[source];
  /* A consumer that may not be there is not missed: debugfs is closed to all but root. */
  if (is_consumer(source) && status->state == READING_DENIED)
    return false;
  bool lost = status->state == READING_DENIED || status->state == READING_MALFORMED ||
              status->gone ||
              (status->state == READING_ABSENT && source == SOURCE_meminfo);
  if (!lost && status->parse_error.count == 0)
    return false;
  snprintf(out, size, "%s", status->path[0] != '\0' ? status->path : row->path);
  if (status->parse_error.count > 0)
    describe_fault(status, out, size);
  else
    format_append(out, size, ": %s",
                  status->error != 0 ? strerror(-status->error) : "permission denied");
  if (lost)
    format_append(out, size, "; %s", row->cost);
  if (status->state == READING_DENIED && row->remedy[0] != '\0')
    format_append(out, size, "; %s", row->remedy);
  return true;
}
