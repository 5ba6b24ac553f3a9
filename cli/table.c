/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/base/format.h"
#include "meminfo_explain/collect/groupings.h"
#include "meminfo_explain/report/diagnostic.h"
#include "meminfo_explain/report/sentences.h"
#include "output.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_WIDTH = 26, MEMBERS_SHOWN = 8 };

/* Ends a line with the share of `total`, unless that is not known or smaller. */
static void print_share(FILE *out, double bytes, int64_t total)
{
  if (total > 0 && bytes <= (double)total)
    fprintf(out, "  %5.1f %%", 100.0 * bytes / (double)total);
  fputc('\n', out);
}

static void print_row(FILE *out, const char *name, int64_t bytes, int64_t total)
{
  fprintf(out, "  %-*s %12s", NAME_WIDTH, name, format_bytes((double)bytes).text);
  print_share(out, (double)bytes, total);
}

struct row {
  const char *name;
  int64_t bytes;
};

static int by_bytes(const void *a, const void *b)
{
  const struct row *x = a, *y = b;
  return (x->bytes < y->bytes) - (x->bytes > y->bytes);
}

/* Whether the sum of a view's known terms says nothing of the whole: of Pss without any.
 */
static bool is_meaningless(const struct explanation *e, enum term_view view)
{
  return view == TERM_VIEW_USER_PSS && !is_known(e->terms[TERM_USER_PSS_pss]) &&
         !is_known(e->terms[TERM_USER_PSS_pss_anon]);
}

/* Prints a heading with the sum, then the known terms of a view, largest first, the
 * number of those that are 0, and whether one is malformed. Prints nothing where no term
 * of the view is known. */
static void print_view(FILE *out, const struct explanation *e, const char *heading,
                       enum term_view view)
{
  struct row rows[TERM_COUNT];
  size_t count = 0, zeros = 0;
  double sum = 0; /* terms that MemTotal does not bound may overflow an integer */
  int64_t total = e->terms[TERM_TOTAL_mem_total].value;
  bool incomplete = false;
  for (size_t i = 0; i < TERM_COUNT; i++) {
    incomplete |= term_rows[i].view == view && e->terms[i].state == READING_MALFORMED;
    if (term_rows[i].view != view || !is_known(e->terms[i]))
      continue;
    sum += (double)e->terms[i].value;
    if (e->terms[i].value != 0)
      rows[count++] = (struct row){term_rows[i].name, e->terms[i].value};
    else
      zeros++;
  }
  if (count + zeros == 0 || is_meaningless(e, view))
    return;
  fprintf(out, "%-*s %12s", NAME_WIDTH + 2, heading, format_bytes(sum).text);
  print_share(out, sum, total);
  qsort(rows, count, sizeof(*rows), by_bytes);
  for (size_t i = 0; i < count; i++)
    print_row(out, rows[i].name, rows[i].bytes, total);
  if (zeros > 0)
    fprintf(out, "  (%zu more %s 0)\n", zeros, zeros == 1 ? "is" : "are");
  if (incomplete)
    fprintf(out, "  (incomplete)\n");
}

/* "+/- 1.0 MiB" where the error is less than the number, else what the number is at least
 * and at most. */
static struct formatted format_range(struct amount number, struct reading error,
                                     const struct range *range)
{
  struct formatted text = {""};
  bool is_large = !is_known(error) || (int64_t)error.value > number.value;
  if (!is_large)
    format_append(text.text, sizeof(text.text), "+/- %s",
                  format_bytes((double)error.value).text);
  else if (!is_known(range->most))
    format_append(text.text, sizeof(text.text), "+/- unknown");
  else if (is_known(range->least) && range->least.value > 0)
    format_append(text.text, sizeof(text.text), "from %s to %s",
                  format_bytes((double)range->least.value).text,
                  format_bytes((double)range->most.value).text);
  else
    format_append(text.text, sizeof(text.text), "at most %s",
                  format_bytes((double)range->most.value).text);
  return text;
}

static void print_black_hole(FILE *out, const struct explanation *e)
{
  const struct black_hole *hole = &e->black_hole;
  if (e->refused != NULL) {
    fprintf(out, "BLACK HOLE: not computed: %s\n", e->refused);
    return;
  }
  if (!is_known(hole->estimate)) {
    struct formatted most = {""};
    if (is_known(hole->range.most))
      format_append(most.text, sizeof(most.text), ", at most %s",
                    format_bytes((double)hole->range.most.value).text);
    fprintf(out, "BLACK HOLE: unknown%s: a line that it needs is missing or malformed\n",
            most.text);
    return;
  }
  fprintf(out, "%-*s %12s  %5.1f %%  %s (%s accounting)\n", NAME_WIDTH + 2, "BLACK HOLE",
          format_bytes((double)hole->estimate.value).text, hole->share.percent,
          format_range(hole->estimate, hole->error, &hole->range).text,
          accounting_name(hole->estimate_from));
  for (unsigned m = 0; m < ACCOUNTING_COUNT; m++) {
    if (is_known(hole->of[m]))
      fprintf(out, "  by %-*s %12s\n", NAME_WIDTH - 3, accounting_name(m),
              format_bytes((double)hole->of[m].value).text);
    else
      fprintf(out, "  by %-*s %12s\n", NAME_WIDTH - 3, accounting_name(m), "-");
  }
}

static void print_hidden(FILE *out, const struct explanation *e)
{
  const struct black_hole *hole = &e->black_hole;
  bool any = false;
  for (size_t i = 0; i < TERM_COUNT; i++)
    any |= term_rows[i].view == TERM_VIEW_HIDDEN && is_known(e->terms[i]) &&
           e->terms[i].value > 0;
  if (!any)
    return;
  print_view(out, e, "  of it hidden consumers", TERM_VIEW_HIDDEN);
  if (is_known(hole->unexplained))
    fprintf(
        out, "  %-*s %12s           %s\n", NAME_WIDTH, "unexplained",
        format_bytes((double)hole->unexplained.value).text,
        format_range(hole->unexplained, hole->unexplained_error, &hole->unexplained_range)
            .text);
}

/* Prints consumers whose memory is not, or not only, in the black hole. */
static void print_elsewhere(FILE *out, const struct explanation *e)
{
  static const struct {
    enum term_view view;
    const char *heading;
  } views[] = {{TERM_VIEW_INSIDE, "Included in other terms"},
               {TERM_VIEW_OUTSIDE, "Outside MemTotal"},
               {TERM_VIEW_UPPER_BOUND, "Upper bounds, location unknown"}};
  for (size_t v = 0; v < sizeof(views) / sizeof(*views); v++) {
    bool heading = false;
    for (size_t i = 0; i < TERM_COUNT; i++) {
      if (term_rows[i].view != views[v].view || !is_known(e->terms[i]) ||
          e->terms[i].value == 0)
        continue;
      if (!heading)
        fprintf(out, "%s\n", views[v].heading);
      heading = true;
      print_row(out, term_rows[i].name, e->terms[i].value, 0);
    }
  }
}

/* Prints the black hole by allocation site, which the kernel counts independently. */
static void print_allocinfo(FILE *out, const struct explanation *e)
{
  const struct amount difference = e->black_hole.allocinfo_difference;
  if (!is_known(e->black_hole.allocinfo))
    return;
  fprintf(out, "%-*s %12s", NAME_WIDTH + 2, "   or by allocinfo",
          format_bytes((double)e->black_hole.allocinfo.value).text);
  if (is_known(difference))
    fprintf(out, "           the estimate is %s %s",
            format_bytes(fabs((double)difference.value)).text,
            difference.value < 0 ? "lower" : "higher");
  fputc('\n', out);
}

/* Prints a sentence in lines no longer than the table's, and the command to run next. */
static void print_sentence(FILE *out, const struct sentence *sentence)
{
  enum { WIDTH = 88 };
  int column = fprintf(out, "-");
  for (const char *at = sentence->text; *at != '\0';) {
    int length = (int)strcspn(at, " ");
    if (column + 1 + length > WIDTH)
      column = fprintf(out, "\n ") - 1;
    column += fprintf(out, " %.*s", length, at);
    at += length + (at[length] == ' ');
  }
  fputc('\n', out);
  if (sentence->next[0] != '\0')
    fprintf(out, "    %s\n", sentence->next);
}

static void print_report(FILE *out, const struct observer *observer)
{
  struct sentence sentences[RULE_COUNT];
  unsigned count = sentences_make(&observer->sample, &observer->explanation,
                                  &observer->first, sentences);
  if (count > 0)
    fprintf(out, "\nReport\n");
  for (unsigned i = 0; i < count; i++)
    print_sentence(out, &sentences[i]);
}

/* Prints the largest members of a grouping. */
static void print_grouping(FILE *out, const struct sample *sample, enum grouping grouping)
{
  struct grouping_member member;
  if (!is_known(grouping_total(sample, grouping)))
    return;
  for (unsigned n = 0; n < MEMBERS_SHOWN && grouping_member(sample, grouping, n, &member);
       n++) {
    char name[192];
    if (n == 0)
      fprintf(out, "%s\n", grouping_rows[grouping].title);
    snprintf(name, sizeof(name), "%s%s", member.name,
             format_module(member.qualifier).text);
    print_row(out, name, (int64_t)member.bytes, 0);
  }
}

static void print_identities(FILE *out, const struct explanation *e)
{
  unsigned checked = 0, broken = 0;
  for (size_t i = 0; i < IDENTITY_COUNT; i++) {
    const struct identity_result *result = &e->identities[i];
    checked += result->judged;
    broken += identity_is_broken(result);
  }
  if (checked == 0)
    return;
  fprintf(out, "Identities: %u of %u hold%s\n", checked - broken, checked,
          broken > 0 ? "; broken:" : "");
  for (size_t i = 0; i < IDENTITY_COUNT; i++) {
    const struct identity_result *result = &e->identities[i];
    if (!identity_is_broken(result))
      continue;
    fprintf(out, "  %-*s %12s  (tolerance %s)\n", NAME_WIDTH, identity_rows[i].name,
            format_bytes((double)result->residual.value).text,
            format_bytes((double)result->tolerance).text);
  }
}

static void print_pss(FILE *out, const struct sample *sample, const struct explanation *e)
{
  const struct processes *p = &sample->processes;
  if (!is_known(e->pss_coverage))
    return;
  fprintf(out,
          "Processes: %llu read, %llu estimated, %llu denied; %.1f %% of Rss was read; "
          "error of Pss: %s\n",
          (unsigned long long)p->read_count.value,
          (unsigned long long)p->guessed_count.value,
          (unsigned long long)p->denied_count.value, e->pss_coverage.percent,
          is_known(p->error) ? format_bytes((double)p->error.value).text : "unknown");
  if (!is_known(e->decided.pss.reading) && e->decided.pss.why != NULL)
    fprintf(out, "  no pss accounting: %s\n", e->decided.pss.why);
}

struct list {
  FILE *out;
  bool begun; /* the heading was printed */
};

static void print_diagnostic(void *context, const struct diagnostic *diagnostic)
{
  struct list *list = context;
  if (!list->begun)
    fprintf(list->out, "Not read, or with errors\n");
  list->begun = true;
  fprintf(list->out, "  %s\n", diagnostic->text);
}

/* A name that ends in _count is that of a bare number. */
static struct formatted format_decision(unsigned row, struct reading reading)
{
  const char *name = decision_name(row), *end = strrchr(name, '_');
  struct formatted text = {""};
  if (!is_known(reading))
    format_append(text.text, sizeof(text.text), "%s", reading_state_name(reading.state));
  else if (end != NULL && strcmp(end, "_count") == 0)
    format_append(text.text, sizeof(text.text), "%llu",
                  (unsigned long long)reading.value);
  else
    text = format_bytes((double)reading.value);
  return text;
}

static void print_decisions(FILE *out, const struct explanation *e)
{
  fprintf(out, "Decisions\n");
  for (unsigned i = 0; i < DECISION_COUNT; i++) {
    const struct decision *decision = &e->decided.all[i];
    if (decision->why == NULL)
      continue;
    fprintf(out, "  %-*s %12s  %s\n", NAME_WIDTH, decision_name(i),
            format_decision(i, decision->reading).text, decision->why);
  }
}

int table_print(const struct observer *observer, bool why, FILE *out)
{
  const struct sample *sample = &observer->sample;
  const struct explanation *e = &observer->explanation;
  fprintf(out, "%-*s %12s  100.0 %%\n", NAME_WIDTH + 2, "MemTotal",
          format_bytes((double)e->terms[TERM_TOTAL_mem_total].value).text);
  if (is_known(e->terms[TERM_TOTAL_mem_available]))
    print_row(out, "(MemAvailable)", e->terms[TERM_TOTAL_mem_available].value,
              e->terms[TERM_TOTAL_mem_total].value);
  print_view(out, e, "Free", TERM_VIEW_FREE);
  print_view(out, e, "Kernel", TERM_VIEW_KERNEL);
  print_view(out, e, "User, by LRU lists", TERM_VIEW_USER_LRU);
  print_view(out, e, "   or by page cache", TERM_VIEW_USER_CACHE);
  print_view(out, e, "   or by Pss", TERM_VIEW_USER_PSS);
  print_black_hole(out, e);
  print_hidden(out, e);
  print_allocinfo(out, e);
  print_elsewhere(out, e);
  fputc('\n', out);
  for (unsigned i = 0; i < GROUPING_COUNT; i++)
    print_grouping(out, sample, i);
  print_pss(out, sample, e);
  print_identities(out, e);
  diagnostics_each(sample, NULL, print_diagnostic, &(struct list){.out = out});
  if (why)
    print_decisions(out, e);
  print_report(out, observer);
  return output_end(out);
}
