/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/report/diagnostic.h"
#include "meminfo_explain/base/format.h"
#include "remedy.h"

#include <linux/capability.h>
#include <stdio.h>
#include <string.h>

static void append_error(const struct source_status *status, char *out, size_t size)
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

bool diagnostic_of_source(const struct sample *sample, enum source source, char *out,
                          size_t size)
{
  const struct source_status *status = &sample->sources[source];
  const struct source_row *row = &source_rows[source];
  /* A driver that may not be there is not missed: debugfs is closed to all but root. */
  bool expected = source < SOURCE_FIRST_CONSUMER || !row->is_file;
  if (status->state == READING_DENIED && !expected)
    return false;
  bool lost = status->state == READING_DENIED || status->state == READING_MALFORMED ||
              status->gone ||
              (status->state == READING_ABSENT && source == SOURCE_meminfo);
  if (!lost && status->parse_error.count == 0)
    return false;
  snprintf(out, size, "%s", status->path[0] != '\0' ? status->path : row->path);
  if (status->parse_error.count > 0)
    append_error(status, out, size);
  else
    format_append(out, size, ": %s",
                  status->error != 0 ? strerror(-status->error) : "permission denied");
  if (lost)
    format_append(out, size, "; %s", row->cost);
  if (status->state == READING_DENIED && row->remedy[0] != '\0')
    format_append(out, size, "; %s", remedy_for(&sample->credentials, row->remedy).text);
  return true;
}

/* A machine without kernel threads does not exist, so /proc hides some processes. */
static bool hides_processes(const struct processes *processes)
{
  return is_known(processes->unlisted) ? processes->unlisted.value > 0
                                       : is_known(processes->kernel_thread_count);
}

void diagnostics_each(const struct sample *sample, const struct explanation *explanation,
                      void (*emit)(void *context, const struct diagnostic *diagnostic),
                      void *context)
{
  char text[512];
  for (enum source source = 0; source < SOURCE_COUNT; source++)
    if (diagnostic_of_source(sample, source, text, sizeof(text)))
      emit(context, &(struct diagnostic){
                        .kind = DIAGNOSTIC_SOURCE, .source = source, .text = text});
  if (explanation != NULL && explanation->refused != NULL) {
    snprintf(text, sizeof(text), "%s; no black hole is computed", explanation->refused);
    emit(context, &(struct diagnostic){.kind = DIAGNOSTIC_REFUSED, .text = text});
  }
  if (hides_processes(&sample->processes)) {
    snprintf(
        text, sizeof(text),
        "proc: lists no kernel threads, so some processes are hidden (PID namespace "
        "or hidepid); the pss accounting is incomplete; set Root to where the host's "
        "proc is mounted%s",
        has_capability(&sample->credentials, CAP_SYS_PTRACE)
            ? ""
            : ", or grant CAP_SYS_PTRACE");
    emit(context, &(struct diagnostic){.kind = DIAGNOSTIC_UNLISTED, .text = text});
  }
  for (int i = 0; i < HUNG_MAX; i++) {
    const uint32_t pid = sample->hung[i].pid;
    if (pid == 0)
      continue;
    snprintf(text, sizeof(text),
             "proc/%u/smaps_rollup: no answer; the memory of this process is estimated "
             "until there is one",
             (unsigned)pid);
    emit(context,
         &(struct diagnostic){.kind = DIAGNOSTIC_HUNG, .pid = pid, .text = text});
  }
}
