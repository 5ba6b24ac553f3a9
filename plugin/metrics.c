/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/metrics.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

struct output {
  metric_emit *emit;
  void *context;
};

static const char *const view_names[] = {
    [TERM_VIEW_TOTAL] = "total",           [TERM_VIEW_FREE] = "total",
    [TERM_VIEW_KERNEL] = "kernel",         [TERM_VIEW_USER_LRU] = "user_lru",
    [TERM_VIEW_USER_CACHE] = "user_cache", [TERM_VIEW_USER_PSS] = "user_pss",
    [TERM_VIEW_HIDDEN] = "hidden",         [TERM_VIEW_DETAIL] = "detail",
};

static void emit_value(const struct output *output, const char *view,
                       enum metric_type type, const char *instance, double value)
{
  output->emit(
      output->context,
      &(struct metric){.view = view, .type = type, .instance = instance, .value = value});
}

static void emit_amount(const struct output *output, const char *view,
                        enum metric_type type, const char *instance, struct amount amount)
{
  if (amount.state == READING_KNOWN)
    emit_value(output, view, type, instance, (double)amount.value);
}

static void emit_reading(const struct output *output, const char *view,
                         enum metric_type type, const char *instance,
                         struct reading reading)
{
  if (reading.state == READING_KNOWN)
    emit_value(output, view, type, instance, (double)reading.value);
}

static void emit_percentage(const struct output *output, const char *view,
                            const char *instance, struct percentage share)
{
  /* The stock type percent begins at 0: below, the number is in signed_bytes alone. */
  if (share.state == READING_KNOWN && share.percent >= 0)
    emit_value(output, view, METRIC_TYPE_PERCENT, instance, share.percent);
}

static void emit_terms(const struct output *output, const struct explanation *e)
{
  for (size_t i = 0; i < TERM_COUNT; i++) {
    const struct term_row *row = &term_rows[i];
    emit_amount(output, view_names[row->view],
                row->sign == TERM_SIGN_SIGNED ? METRIC_TYPE_SIGNED_BYTES
                                              : METRIC_TYPE_BYTES,
                row->name, e->terms[i]);
  }
  for (size_t i = 0; i < RATIO_COUNT; i++)
    emit_percentage(output, view_names[ratio_rows[i].view], ratio_rows[i].name,
                    e->ratios[i]);
}

static void emit_black_hole(const struct output *output, const struct black_hole *hole)
{
  for (unsigned m = 0; m < ACCOUNTING_COUNT; m++)
    emit_amount(output, "black_hole", METRIC_TYPE_SIGNED_BYTES, accounting_name(m),
                hole->of[m]);
  emit_amount(output, "black_hole", METRIC_TYPE_SIGNED_BYTES, "cache_low",
              hole->cache_low);
  emit_amount(output, "black_hole", METRIC_TYPE_SIGNED_BYTES, "floor", hole->floor);
  emit_amount(output, "black_hole", METRIC_TYPE_SIGNED_BYTES, "above_floor",
              hole->above_floor);
  emit_amount(output, "black_hole", METRIC_TYPE_SIGNED_BYTES, "estimate", hole->estimate);
  emit_reading(output, "black_hole", METRIC_TYPE_BYTES, "error", hole->error);
  emit_percentage(output, "black_hole", "estimate", hole->share);
  emit_amount(output, "black_hole", METRIC_TYPE_SIGNED_BYTES, "hidden", hole->hidden);
  emit_amount(output, "black_hole", METRIC_TYPE_SIGNED_BYTES, "unexplained",
              hole->unexplained);
}

static void emit_identities(const struct output *output, const struct explanation *e)
{
  unsigned broken = 0;
  for (size_t i = 0; i < IDENTITY_COUNT; i++) {
    const struct identity_result *result = &e->identities[i];
    emit_amount(output, "identity", METRIC_TYPE_SIGNED_BYTES, identity_rows[i].name,
                result->residual);
    broken += result->judged && !result->holds;
  }
  emit_value(output, "quality", METRIC_TYPE_COUNT, "identities_broken", broken);
}

/* "symbol" or "module_symbol", lower case, every other byte an underscore: what
 * Graphite and every other receiver take as it is. */
static void caller_instance(const struct vmalloc_caller *caller, char *out, size_t size)
{
  snprintf(out, size, "%s%s%s", caller->module, caller->module[0] != '\0' ? "_" : "",
           caller->symbol);
  for (char *at = out; *at != '\0'; at++)
    *at = isalnum((unsigned char)*at) ? (char)tolower((unsigned char)*at) : '_';
}

/* Two callers may come to the same name; one value per name goes out. */
static bool name_is_taken(const struct vmallocinfo *info, unsigned rank, const char *name)
{
  for (unsigned i = 0; i < rank; i++) {
    char other[192];
    caller_instance(&info->callers[info->by_size[i]], other, sizeof(other));
    if (strcmp(name, other) == 0)
      return true;
  }
  return strcmp(name, "other") == 0;
}

static void emit_callers(const struct output *output, const struct vmallocinfo *info,
                         unsigned limit)
{
  if (info->pages.state != READING_KNOWN)
    return;
  uint64_t other = info->other_bytes;
  for (unsigned i = 0; i < info->callers_count; i++) {
    const struct vmalloc_caller *caller = &info->callers[info->by_size[i]];
    char name[192];
    caller_instance(caller, name, sizeof(name));
    if (i < limit && !name_is_taken(info, i, name))
      emit_value(output, "vmalloc", METRIC_TYPE_BYTES, name, (double)caller->bytes);
    else
      other += caller->bytes;
  }
  emit_value(output, "vmalloc", METRIC_TYPE_BYTES, "other", (double)other);
}

static unsigned hung_count(const struct sample *sample)
{
  unsigned count = 0;
  for (int i = 0; i < HUNG_MAX; i++)
    count += sample->hung[i].pid != 0;
  return count;
}

static void emit_quality(const struct output *output, const struct sample *sample,
                         const struct explanation *e)
{
  unsigned denied = 0, malformed = 0, faults = 0;
  for (size_t i = 0; i < SOURCE_COUNT; i++) {
    denied += sample->sources[i].state == READING_DENIED;
    malformed += sample->sources[i].state == READING_MALFORMED;
    faults += sample->sources[i].fault.count;
  }
  emit_value(output, "quality", METRIC_TYPE_COUNT, "sources_denied", denied);
  emit_value(output, "quality", METRIC_TYPE_COUNT, "sources_malformed", malformed);
  emit_value(output, "quality", METRIC_TYPE_COUNT, "malformed_lines", faults);
  emit_value(output, "quality", METRIC_TYPE_COUNT, "meminfo_unknown_lines",
             sample->meminfo.others_count);
  emit_value(output, "quality", METRIC_TYPE_COUNT, "retries", sample->retries);
  emit_reading(output, "quality", METRIC_TYPE_BYTES, "tear", e->decided.tear.reading);
  emit_value(output, "quality", METRIC_TYPE_DURATION, "read", sample->read_seconds);
  const struct processes *p = &sample->processes;
  if (p->read_count.state != READING_KNOWN)
    return; /* the processes were left alone */
  emit_value(output, "quality", METRIC_TYPE_DURATION, "pss", sample->pss_seconds);
  emit_value(output, "quality", METRIC_TYPE_DURATION, "pss_age", sample->pss_age);
  emit_percentage(output, "quality", "pss_coverage", e->pss_coverage);
  emit_reading(output, "quality", METRIC_TYPE_BYTES, "pss_error", p->error);
  emit_reading(output, "quality", METRIC_TYPE_BYTES, "pss_estimated", p->estimated);
  emit_reading(output, "quality", METRIC_TYPE_COUNT, "processes_read", p->read_count);
  emit_reading(output, "quality", METRIC_TYPE_COUNT, "processes_estimated",
               p->guessed_count);
  emit_reading(output, "quality", METRIC_TYPE_COUNT, "processes_denied", p->denied_count);
  emit_value(output, "quality", METRIC_TYPE_COUNT, "processes_hung", hung_count(sample));
}

void metrics_each(const struct sample *sample, const struct explanation *explanation,
                  const struct metrics_options *options, metric_emit *emit, void *context)
{
  const struct output output = {emit, context};
  emit_terms(&output, explanation);
  emit_black_hole(&output, &explanation->black_hole);
  emit_identities(&output, explanation);
  emit_callers(&output, &sample->vmallocinfo, options->vmalloc_callers);
  emit_quality(&output, sample, explanation);
}
