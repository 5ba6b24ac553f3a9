/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/report/metrics.h"

#include <math.h>
#include <string.h>

struct output {
  const struct default_series *series; /* the default set; NULL: every series */
  metric_emit *emit;
  void *context;
};

/* The default set, except groupings; instance NULL: all of the view. */
static const struct default_row {
  const char *view, *instance;
  enum metric_type type;
} default_rows[] = {
#define COMPLETE(view, share, alternatives) {#view, NULL, 0},
#define LARGEST(view, share)                {#view, NULL, 0},
#define GROUPINGS(share)
#define ONCE(view, name)       {#view, #name, METRIC_TYPE_BYTES},
#define NAME(view, type, name) {#view, #name, METRIC_TYPE_##type},
#include "meminfo_explain/tables/default_series.def"
};

static const char *const view_names[] = {
    [TERM_VIEW_TOTAL] = "total",           [TERM_VIEW_FREE] = "total",
    [TERM_VIEW_KERNEL] = "kernel",         [TERM_VIEW_USER_LRU] = "user_lru",
    [TERM_VIEW_USER_CACHE] = "user_cache", [TERM_VIEW_USER_PSS] = "user_pss",
    [TERM_VIEW_HIDDEN] = "hidden",         [TERM_VIEW_INSIDE] = "inside",
    [TERM_VIEW_OUTSIDE] = "outside",       [TERM_VIEW_UPPER_BOUND] = "upper_bound",
    [TERM_VIEW_DETAIL] = "detail",
};

const char *view_name(enum term_view view)
{
  return view_names[view];
}

static bool is_default(const char *view, enum metric_type type, const char *instance)
{
  for (size_t i = 0; i < sizeof(default_rows) / sizeof(*default_rows); i++) {
    const struct default_row *row = &default_rows[i];
    if (strcmp(row->view, view) == 0 &&
        (row->instance == NULL ||
         (row->type == type && strcmp(row->instance, instance) == 0)))
      return true;
  }
  return false;
}

static void emit_value(const struct output *output, const char *view,
                       enum metric_type type, const char *instance, double value)
{
  if (output->series != NULL && !is_default(view, type, instance))
    return;
  output->emit(
      output->context,
      &(struct metric){.view = view, .type = type, .instance = instance, .value = value});
}

static void emit_amount(const struct output *output, const char *view,
                        enum metric_type type, const char *instance, struct amount amount)
{
  if (is_known(amount))
    emit_value(output, view, type, instance, (double)amount.value);
}

static void emit_reading(const struct output *output, const char *view,
                         enum metric_type type, const char *instance,
                         struct reading reading)
{
  if (is_known(reading))
    emit_value(output, view, type, instance, (double)reading.value);
}

static void emit_percentage(const struct output *output, const char *view,
                            const char *instance, struct percentage share)
{
  /* The stock type percent begins at 0; a negative number is sent as signed_bytes only.
   */
  if (is_known(share) && share.percent >= 0)
    emit_value(output, view, METRIC_TYPE_PERCENT, instance, share.percent);
}

static void emit_terms(const struct output *output, const struct explanation *e)
{
  for (unsigned i = 0; i < TERM_COUNT; i++) {
    const struct term_row *row = &term_rows[i];
    if (output->series != NULL && !default_series_sends(output->series, i))
      continue;
    emit_amount(output, view_names[row->view],
                row->sign == TERM_SIGN_SIGNED ? METRIC_TYPE_SIGNED_BYTES
                                              : METRIC_TYPE_BYTES,
                row->name, e->terms[i]);
  }
  if (output->series != NULL)
    emit_reading(output, "hidden", METRIC_TYPE_BYTES, "other",
                 default_series_other(output->series));
  for (size_t i = 0; i < RATIO_COUNT; i++)
    emit_percentage(output, view_names[ratio_rows[i].view], ratio_rows[i].name,
                    e->ratios[i]);
}

static void emit_black_hole(const struct output *output, const struct black_hole *hole)
{
  for (unsigned i = 0; i < HOLE_COUNT; i++)
    emit_amount(output, "black_hole",
                hole_rows[i].is_bound ? METRIC_TYPE_BYTES : METRIC_TYPE_SIGNED_BYTES,
                hole_rows[i].name, hole_amount(hole, i));
  emit_percentage(output, "black_hole", "estimate", hole->share);
}

static void emit_identities(const struct output *output, const struct explanation *e)
{
  unsigned broken = 0;
  for (size_t i = 0; i < IDENTITY_COUNT; i++) {
    const struct identity_result *result = &e->identities[i];
    emit_amount(output, "identity", METRIC_TYPE_SIGNED_BYTES, identity_rows[i].name,
                result->residual);
    broken += identity_is_broken(result);
  }
  emit_value(output, "quality", METRIC_TYPE_COUNT, "identities_broken", broken);
}

static void emit_groupings(const struct output *output, const struct sample *sample,
                           const struct publisher *publisher)
{
  for (unsigned i = 0; i < GROUPING_COUNT; i++) {
    const struct top_n *top = &publisher->groupings[i];
    const char *view = grouping_rows[i].view;
    if (!publisher_has(publisher, i) || !is_known(grouping_total(sample, i)))
      continue;
    for (unsigned n = 0; n < top->shown_count; n++)
      emit_value(output, view, METRIC_TYPE_BYTES, top->shown[n].name,
                 (double)top->shown[n].bytes);
    emit_value(output, view, METRIC_TYPE_BYTES, "other", (double)top->other_bytes);
  }
}

/* Address space by kind. Only areas of kind vmalloc have pages of their own. */
static void emit_vmalloc_space(const struct output *output,
                               const struct vmallocinfo *info)
{
  for (unsigned kind = 0; kind < VMALLOC_KIND_COUNT; kind++)
    emit_reading(output, "vmalloc_space", METRIC_TYPE_BYTES, vmallocinfo_kind_name(kind),
                 info->kind_size[kind]);
}

static void emit_if_a_number(const struct output *output, const char *view,
                             enum metric_type type, const char *instance, double value)
{
  if (!isnan(value))
    emit_value(output, view, type, instance, value);
}

/* The alarm's verdict on the black hole is in that view, all others in `trend`. */
static void emit_verdicts(const struct output *output,
                          const struct watched_verdicts *verdicts)
{
  const struct trend_verdict *hole = &verdicts->of[SERIES_estimate];
  double worst = NAN; /* of the others */
  if (verdicts->known[SERIES_estimate]) {
    emit_if_a_number(output, "black_hole", METRIC_TYPE_BYTES_RATE, "estimate",
                     hole->rate);
    emit_if_a_number(output, "black_hole", METRIC_TYPE_DURATION, "eta", hole->eta);
    emit_value(output, "black_hole", METRIC_TYPE_COUNT, "state", hole->state);
  }
  for (unsigned series = 0; series < SERIES_COUNT; series++) {
    const struct trend_verdict *verdict = &verdicts->of[series];
    if (series == SERIES_estimate || !verdicts->known[series])
      continue;
    emit_if_a_number(output, "trend", METRIC_TYPE_BYTES_RATE, series_rows[series].name,
                     verdict->rate);
    emit_value(output, "trend", METRIC_TYPE_COUNT, series_rows[series].name,
               verdict->state);
    worst = fmax(worst, verdict->state);
  }
  emit_if_a_number(output, "trend", METRIC_TYPE_COUNT, "worst", worst);
}

struct unknown_line {
  char name[TOP_N_NAME_SIZE];
  bool is_count;
  struct reading value;
};

static struct unknown_line *find_unknown_line(struct unknown_line lines[], unsigned count,
                                              const struct unknown_line *like)
{
  for (unsigned i = 0; i < count; i++)
    if (lines[i].is_count == like->is_count && strcmp(lines[i].name, like->name) == 0)
      return &lines[i];
  return NULL;
}

/* Lines of meminfo that have no row, as "raw_KEY". A series has one value, so lines whose
 * keys make the same name ("A-b" and "A_b") are added up, as top_n.h does. */
static void emit_unknown_lines(const struct output *output, const struct meminfo *meminfo)
{
  struct unknown_line lines[MEMINFO_OTHERS_MAX];
  unsigned count = 0;
  for (unsigned i = 0; i < meminfo->others_count && i < MEMINFO_OTHERS_MAX; i++) {
    const struct meminfo_other *other = &meminfo->others[i];
    struct unknown_line line = {.is_count = other->is_count, .value = other->value};
    top_n_name("raw", other->key, line.name);
    struct unknown_line *twin = find_unknown_line(lines, count, &line);
    if (twin == NULL)
      lines[count++] = line;
    else if (is_known(twin->value) && is_known(line.value))
      reading_add(&twin->value, line.value.value);
    else
      twin->value = reading_missing(READING_MALFORMED);
  }
  for (unsigned i = 0; i < count; i++)
    emit_reading(output, "detail",
                 lines[i].is_count ? METRIC_TYPE_COUNT : METRIC_TYPE_BYTES, lines[i].name,
                 lines[i].value);
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
    faults += sample->sources[i].parse_error.count;
  }
  emit_value(output, "quality", METRIC_TYPE_COUNT, "sources_denied", denied);
  emit_value(output, "quality", METRIC_TYPE_COUNT, "sources_malformed", malformed);
  emit_value(output, "quality", METRIC_TYPE_COUNT, "malformed_lines", faults);
  emit_value(output, "quality", METRIC_TYPE_COUNT, "meminfo_unknown_lines",
             sample->meminfo.others_count);
  emit_value(output, "quality", METRIC_TYPE_COUNT, "retries", sample->retries);
  emit_reading(output, "quality", METRIC_TYPE_BYTES, "tear", e->decided.tear.reading);
  emit_value(output, "quality", METRIC_TYPE_DURATION, "read", sample->read_seconds);
  if (is_known(sample->vmallocinfo.pages))
    emit_value(output, "quality", METRIC_TYPE_DURATION, "vmalloc_age",
               sample->sources[SOURCE_vmallocinfo].age);
  const struct processes *p = &sample->processes;
  if (!is_known(p->read_count))
    return; /* the processes were not scanned */
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
                  const struct publisher *publisher,
                  const struct watched_verdicts *verdicts, metric_emit *emit,
                  void *context)
{
  const struct publisher_options *options = &publisher->options;
  const struct output output = {options->all_series ? NULL : &publisher->default_series,
                                emit, context};
  /* Series that options of their own ask for, in either set. */
  const struct output unfiltered = {NULL, emit, context};
  emit_terms(&output, explanation);
  emit_black_hole(&output, &explanation->black_hole);
  emit_identities(&output, explanation);
  emit_reading(&output, "total", METRIC_TYPE_BYTES, "removed", explanation->removed);
  emit_groupings(&unfiltered, sample, publisher);
  if (is_known(sample->vmallocinfo.pages))
    emit_vmalloc_space(&output, &sample->vmallocinfo);
  if (verdicts != NULL)
    emit_verdicts(&output, verdicts);
  if (options->unknown_lines)
    emit_unknown_lines(&unfiltered, &sample->meminfo);
  emit_quality(&output, sample, explanation);
}
