/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/report/health.h"
#include "meminfo_explain/report/diagnostic.h"
#include "remedy.h"

#include <stdio.h>
#include <string.h>

/* --- diagnostics -------------------------------------------------------------------- */

/* One sample: which problems it has. */
struct round {
  struct health *health;
  const struct logger *logger;
  bool sources[SOURCE_COUNT], refused, unlisted;
  uint32_t hung[HUNG_MAX];
};

static bool contains(const uint32_t pids[HUNG_MAX], uint32_t pid)
{
  for (int i = 0; i < HUNG_MAX; i++)
    if (pids[i] == pid)
      return true;
  return false;
}

/* A process is logged once, however long it hangs. */
static void note_hung(struct round *round, const struct diagnostic *diagnostic)
{
  int free_place = 0;
  while (round->hung[free_place] != 0)
    free_place++;
  round->hung[free_place] = diagnostic->pid;
  if (!contains(round->health->hung, diagnostic->pid))
    logger_print(round->logger, LOG_WARNING, "%s", diagnostic->text);
}

static void note_diagnostic(void *context, const struct diagnostic *diagnostic)
{
  struct round *round = context;
  struct health *health = round->health;
  struct log_damper *damper = NULL;
  switch (diagnostic->kind) {
  case DIAGNOSTIC_SOURCE:
    damper = &health->sources[diagnostic->source];
    round->sources[diagnostic->source] = true;
    break;
  case DIAGNOSTIC_REFUSED:
    damper = &health->refused;
    round->refused = true;
    break;
  case DIAGNOSTIC_UNLISTED:
    damper = &health->unlisted;
    round->unlisted = true;
    break;
  case DIAGNOSTIC_HUNG:
    note_hung(round, diagnostic);
    return;
  }
  log_damper_print(damper, round->logger, "", diagnostic->text, false);
}

static void note_clear(struct log_damper *damper, bool has_problem,
                       const struct logger *logger, const char *subject)
{
  if (!has_problem)
    log_damper_print(damper, logger, subject, "", false);
}

static void log_diagnostics(struct health *health, const struct sample *sample,
                            const struct explanation *explanation,
                            const struct logger *logger)
{
  struct round round = {.health = health, .logger = logger};
  diagnostics_each(sample, explanation, note_diagnostic, &round);
  for (unsigned i = 0; i < SOURCE_COUNT; i++)
    note_clear(&health->sources[i], round.sources[i], logger, source_rows[i].path);
  note_clear(&health->refused, round.refused, logger, "proc/meminfo");
  note_clear(&health->unlisted, round.unlisted, logger, "list of processes");
  for (int i = 0; i < HUNG_MAX; i++)
    if (health->hung[i] != 0 && !contains(round.hung, health->hung[i]))
      logger_print(logger, LOG_INFO, "proc/%u/smaps_rollup: answered, or process ended",
                   (unsigned)health->hung[i]);
  memcpy(health->hung, round.hung, sizeof(round.hung));
}

/* --- more than diagnostics ---------------------------------------------------------- */

static void log_pss(struct health *health, const struct sample *sample,
                    const struct decision *pss, const struct logger *logger)
{
  char text[256] = "";
  const bool denied = pss->reading.state == READING_DENIED;
  if (!is_known(sample->processes.read_count))
    return;
  if (!is_known(pss->reading) && pss->why != NULL)
    snprintf(text, sizeof(text), "pss accounting withheld: %s%s%s", pss->why,
             denied ? "; " : "",
             denied
                 ? remedy_for(&sample->credentials, source_rows[SOURCE_smaps].remedy).text
                 : "");
  log_damper_print(&health->pss, logger, "pss accounting", text, pss->transient);
}

static bool was_logged(const struct health *health, const char *key)
{
  for (unsigned i = 0; i < health->lines_count; i++)
    if (strcmp(health->lines[i], key) == 0)
      return true;
  return false;
}

/* Each line of meminfo that meminfo.def lacks is logged once. */
static void log_unknown_lines(struct health *health, const struct meminfo *meminfo,
                              const struct logger *logger)
{
  for (unsigned i = 0; i < meminfo->others_count && i < MEMINFO_OTHERS_MAX; i++) {
    const char *key = meminfo->others[i].key;
    if (health->lines_count == MEMINFO_OTHERS_MAX || was_logged(health, key))
      continue;
    memcpy(health->lines[health->lines_count++], key, sizeof(*health->lines));
    logger_print(logger, LOG_INFO,
                 "proc/meminfo: unknown line \"%s\"; not counted in any term", key);
  }
}

void health_log(struct health *health, const struct sample *sample,
                const struct explanation *explanation, const struct logger *logger)
{
  log_diagnostics(health, sample, explanation, logger);
  log_pss(health, sample, &explanation->decided.pss, logger);
  log_unknown_lines(health, &sample->meminfo, logger);
}
