/* SPDX-License-Identifier: MIT */
/* usage: tables TABLE [VIEW]
 * Prints one table of the documents from the .def files, in Markdown or for a manual
 * page. tools/tables calls it. */
#include "meminfo_explain/collect/collect.h"
#include "meminfo_explain/report/rule.h"
#include "meminfo_explain/trend/trend.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* --- rows of the .def files --------------------------------------------------------- */

/* An operand as the tables write it, and its name in the documents. */
static const struct operand_row {
  const char *operand, *name;
  bool is_code;
} operand_rows[] = {
#define FIELD(member, key, unit, inside, ...) {"meminfo." #member, key, false},
#include "meminfo_explain/tables/meminfo.def"
#define STAT(member, key, ...) {"vmstat." #member, key, true},
#include "meminfo_explain/tables/vmstat.def"
#define CONSUMER(name, ...) {"consumers." #name, #name, true},
#include "meminfo_explain/tables/consumers.def"
#define DECISION(name, ...) {#name, #name, true},
#include "meminfo_explain/tables/decisions.def"
};

/* `view` is in capitals; `whole` is of a ratio only. */
static const struct metric_row {
  const char *view, *sign, *name, *text, *operands, *whole;
} metric_rows[] = {
#define TERM(view, name, sign, text, ...) {#view, #sign, #name, text, #__VA_ARGS__, NULL},
#include "meminfo_explain/tables/terms.def"
#define RATIO(view, name, part, whole, text)                                             \
  {#view, "PERCENT", #name, text, #part, #whole},
#include "meminfo_explain/tables/ratios.def"
#define AMOUNT(name, member, text) {"BLACK_HOLE", "SIGNED", #name, text, "", NULL},
#define BOUND(name, member, text)  {"BLACK_HOLE", "UNSIGNED", #name, text, "", NULL},
#include "meminfo_explain/tables/black_hole.def"
};

static const struct identity_row {
  const char *name, *relation, *counters, *slack, *tolerance, *text, *operands;
} identity_rows[] = {
#define IDENTITY(name, relation, counters, slack, tolerance, text, ...)                  \
  {#name, #relation, #counters, #slack, #tolerance, text, #__VA_ARGS__},
#include "meminfo_explain/tables/identities.def"
};

/* The default set; name NULL: all of the view, or its largest. */
static const struct default_row {
  const char *view, *type, *name, *remark;
  int share;
} default_rows[] = {
#define COMPLETE(view, share, alternatives) {#view, NULL, NULL, "", share},
#define LARGEST(view, share)                {#view, NULL, NULL, " once above 0", share},
#define GROUPINGS(share)                    {"groupings", NULL, NULL, " with names by default", share},
#define ONCE(view, name)                    {#view, "BYTES", #name, " once above 0", 1},
#define NAME(view, type, name)              {#view, #type, #name, "", 1},
#include "meminfo_explain/tables/default_series.def"
};

static const struct grouping_row {
  const char *view, *option;
  int names, all_names;
  const char *member, *title, *count, *json, *text;
} grouping_rows[] = {
#define GROUPING(name, source, view, option, names, all_names, member, title, count,     \
                 json, series, text)                                                     \
  {#view, #option, names, all_names, member, title, count, #json, text},
#include "meminfo_explain/tables/groupings.def"
};

static const struct option_row {
  const char *name, *argument, *text, *path; /* path: the default of a path */
  bool is_boolean;
  double value;
} option_rows[] = {
#define PATH_DEFAULT_PATH(value)       value
#define PATH_DEFAULT_BOOLEAN(value)    NULL
#define PATH_DEFAULT_UNSIGNED(value)   NULL
#define PATH_DEFAULT_U64(value)        NULL
#define PATH_DEFAULT_DOUBLE(value)     NULL
#define NUMBER_DEFAULT_PATH(value)     0
#define NUMBER_DEFAULT_BOOLEAN(value)  (value)
#define NUMBER_DEFAULT_UNSIGNED(value) (double)(value)
#define NUMBER_DEFAULT_U64(value)      (double)(value)
#define NUMBER_DEFAULT_DOUBLE(value)   (value)
#define OPTION(name, kind, member, value, min, max, argument, text)                      \
  {#name,                                                                                \
   argument,                                                                             \
   text,                                                                                 \
   PATH_DEFAULT_##kind(value),                                                           \
   #kind[0] == 'B',                                                                      \
   NUMBER_DEFAULT_##kind(value)},
#include "meminfo_explain/tables/options.def"
};

static bool is_same(const char *a, const char *b)
{
  for (; *a != '\0' && tolower((unsigned char)*a) == tolower((unsigned char)*b); a++)
    b++;
  return *a == '\0' && *b == '\0';
}

static const char *type_of(const struct metric_row *row)
{
  return strcmp(row->sign, "SIGNED") == 0     ? "signed_bytes"
         : strcmp(row->sign, "UNSIGNED") == 0 ? "bytes"
                                              : "percent";
}

/* Terms of the view FREE are published in the view total. */
static bool is_in_view(const struct metric_row *row, const char *view)
{
  return is_same(row->view, view) ||
         (strcmp(view, "total") == 0 && strcmp(row->view, "FREE") == 0);
}

/* What the manual says of a metric in the default set. */
static const char *default_remark(const char *view, const char *type, const char *name)
{
  for (size_t i = 0; i < COUNT(default_rows); i++) {
    const struct default_row *row = &default_rows[i];
    if (is_same(row->view, view) &&
        (row->name == NULL || (is_same(row->type, type) && strcmp(row->name, name) == 0)))
      return *row->remark != '\0' ? " (default once above 0)" : " (default)";
  }
  return "";
}

/* --- formulas and cells ------------------------------------------------------------- */

static void print_operand(const char *operand, size_t length, const char *quote)
{
  for (size_t i = 0; i < COUNT(operand_rows); i++) {
    const struct operand_row *row = &operand_rows[i];
    if (strlen(row->operand) != length || strncmp(row->operand, operand, length) != 0)
      continue;
    const char *around = row->is_code ? quote : "";
    printf("%s%s%s", around, row->name, around);
    return;
  }
  printf("%s%.*s%s", quote, (int)length, operand, quote);
}

/* Prints "PLUS(a), MINUS(b)" as "a - b", with `quote` around what is not a line of
 * meminfo. */
static void print_formula(const char *operands, const char *quote)
{
  const char *sign = "";
  while (*operands != '\0') {
    size_t name = strcspn(operands, "(");
    size_t length = strcspn(operands + name, ")");
    if (operands[name] == '\0') /* NOTHING */
      return;
    bool negative = strncmp(operands, "MINUS", strlen("MINUS")) == 0;
    fputs(negative ? " - " : sign, stdout);
    print_operand(operands + name + 1, length - 1, quote);
    sign = " + ";
    operands += name + length + 1;
    operands += strspn(operands, ", ");
  }
}

static void print_equation(const struct identity_row *row, const char *quote)
{
  print_formula(row->operands, quote);
  printf(" %s 0", strcmp(row->relation, "AT_LEAST") == 0 ? ">=" : "=");
}

/* Whether all operands are lines of meminfo. */
static bool is_of_meminfo(const char *operands)
{
  const char *at = operands;
  while ((at = strchr(at, '(')) != NULL)
    if (strncmp(++at, "meminfo.", strlen("meminfo.")) != 0)
      return false;
  return *operands != '\0';
}

/* The text of a cell, with every '|' escaped. */
static void print_escaped(const char *text)
{
  for (; *text != '\0'; text++)
    printf(*text == '|' ? "\\%c" : "%c", *text);
}

static void print_code(const char *text)
{
  if (*text == '\0')
    return;
  putchar('`');
  print_escaped(text);
  putchar('`');
}

/* A text with F<path> and the like of a manual page. */
static void print_markdown(const char *text)
{
  for (; *text != '\0'; text++)
    if (strchr("BCFIL", *text) != NULL && text[1] == '<')
      putchar(*++text == '<' ? '`' : *text);
    else
      putchar(*text == '>' ? '`' : *text);
}

static void print_lower(const char *text)
{
  for (; *text != '\0'; text++)
    putchar(tolower((unsigned char)*text));
}

/* --- tables in Markdown ------------------------------------------------------------- */

static void print_terms(const char *view)
{
  puts("| metric | formula | what it is |\n|---|---|---|");
  for (size_t i = 0; i < COUNT(metric_rows); i++) {
    const struct metric_row *row = &metric_rows[i];
    if (!is_in_view(row, view))
      continue;
    printf("| `%s-%s` | ", type_of(row), row->name);
    print_formula(row->operands, "`");
    if (row->whole != NULL) {
      fputs(" of ", stdout);
      print_formula(row->whole, "`");
    }
    printf(" | %s |\n", row->text);
  }
}

static void print_black_hole(const char *view)
{
  puts("| metric | what it is |\n|---|---|");
  for (size_t i = 0; i < COUNT(metric_rows); i++)
    if (is_in_view(&metric_rows[i], view))
      printf("| `%s-%s` | %s |\n", type_of(&metric_rows[i]), metric_rows[i].name,
             metric_rows[i].text);
}

static void print_reasons(const char *decision)
{
  static const struct {
    const char *decision, *why, *value, *error;
  } rows[] = {
#define REASON(decision, id, why, value, error) {#decision, why, value, error},
#include "meminfo_explain/tables/reasons.def"
  };
  for (size_t i = 0; i < COUNT(rows); i++)
    if (strcmp(rows[i].decision, decision) == 0)
      printf("| | %s | %s | %s |\n", rows[i].why, rows[i].value, rows[i].error);
}

static void print_decision(const char *name, const char *text)
{
  printf("| `%s` | | **%s** | |\n", name, text);
  print_reasons(name);
}

static void print_decisions(const char *view)
{
  (void)view;
  puts("| decision | why | value | error |\n|---|---|---|---|");
#define DECISION(name, text) print_decision(#name, text);
#include "meminfo_explain/tables/decisions.def"
}

/* What an identity may be off by; `tolerance` is in parentheses. */
static void print_tolerance(const struct identity_row *row)
{
  static const struct {
    const char *slack, *text;
  } slacks[] = {
      {"ONE_PAGE", "1 page"},
      {"LRU_BATCHES", "batches"},
      {"BYTES(1 << 20)", "1 MiB"},
  };
  const char *sign = "";
  if (strcmp(row->counters, "0") != 0) {
    printf("%s x drift%s", row->counters,
           strcmp(row->slack, "HUGE_COUNTERS") == 0 ? " in huge pages" : "");
    sign = " + ";
  }
  for (size_t i = 0; i < COUNT(slacks); i++)
    if (strcmp(row->slack, slacks[i].slack) == 0) {
      printf("%s%s", sign, slacks[i].text);
      sign = " + ";
    }
  bool more = strchr(row->tolerance + 1, '(') != NULL;
  if (more)
    fputs(sign, stdout);
  print_formula(row->tolerance + 1, "`");
  if (*sign == '\0' && !more)
    putchar('0');
}

static void print_identity_table(const char *view)
{
  (void)view;
  puts("| identity | holds where | within | what to know |\n|---|---|---|---|");
  for (size_t i = 0; i < COUNT(identity_rows); i++) {
    printf("| `%s` | ", identity_rows[i].name);
    print_equation(&identity_rows[i], "`");
    fputs(" | ", stdout);
    print_tolerance(&identity_rows[i]);
    printf(" | %s |\n", identity_rows[i].text);
  }
}

static void print_line(const char *key, const char *unit, const char *inside,
                       const char *since, const char *text)
{
  printf("| %s | %s | ", key, unit);
  if (strcmp(inside, "meminfo.nothing") != 0)
    print_operand(inside, strlen(inside), "");
  printf(" | %s | %s |\n", since, text);
}

static void print_meminfo(const char *view)
{
  (void)view;
  puts("| line | unit | part of | since | what it is |\n|---|---|---|---|---|");
#define FIELD(member, key, unit, inside, since, printed, proves, text)                   \
  print_line(key, #unit, "meminfo." #inside, since, text);
#include "meminfo_explain/tables/meminfo.def"
}

static void print_vmstat(const char *view)
{
  (void)view;
  puts("| line | unit | since | what it is |\n|---|---|---|---|");
#define STAT(member, key, unit, since, text)                                             \
  puts("| `" key "` | " #unit " | " since " | " text " |");
#include "meminfo_explain/tables/vmstat.def"
}

static void print_smaps(const char *view)
{
  (void)view;
  puts("| line | since | what it is |\n|---|---|---|");
#define SMAP(member, key, since, text) puts("| " key " | " since " | " text " |");
#include "meminfo_explain/tables/smaps.def"
}

/* Paths behind a '|' are for where all before are absent. */
static void print_paths(const char *paths)
{
  putchar('`');
  for (; *paths != '\0'; paths++)
    if (*paths == '|')
      fputs("`, or if absent `", stdout);
    else if (*paths == ' ')
      fputs("` and `", stdout);
    else
      putchar(*paths);
  putchar('`');
}

static void print_consumer(const char *const cell[], const char *paths, const char *text)
{
  enum { NAME, PLACE, OPENER, FILTER, KEY, FIELD, UNIT, SINCE };
  printf("| `%s` | ", cell[NAME]);
  print_lower(cell[PLACE]);
  fputs(" | ", stdout);
  print_paths(paths);
  if (strcmp(cell[FILTER], "ALL") != 0)
    printf(", `%s`", cell[FILTER]);
  bool bit = strcmp(cell[UNIT], "BIT") == 0;
  printf(" | %s%s%s%s %s%s%s | ", *cell[KEY] == '\0' ? "" : "`", cell[KEY],
         *cell[KEY] == '\0' ? "" : "`, ", bit ? "bit" : "word", cell[FIELD],
         bit ? "" : ", ", bit ? "" : cell[UNIT]);
  print_lower(cell[OPENER]);
  printf(" | %s | %s |\n", cell[SINCE], text);
}

static void print_function(const char *name, const char *place, const char *source,
                           const char *function, const char *since, const char *text)
{
  printf("| `%s` | ", name);
  print_lower(place);
  printf(" | %s | `%s()` | anyone | %s | %s |\n", source, function, since, text);
}

static void print_consumers(const char *view)
{
  (void)view;
  puts("| row | place | file | number | read by | since | what it is |\n"
       "|---|---|---|---|---|---|---|");
#define CONSUMER(name, place, opener, paths, filter, key, field, unit, since, text)      \
  print_consumer(                                                                        \
      (const char *const[]){#name, #place, #opener, #filter, key, #field, #unit, since}, \
      paths, text);
#define CONSUMER_FUNCTION(name, place, source, function, remedy, since, text)            \
  print_function(#name, #place, source, #function, since, text);
#define CONSUMER_TREE(name, place, source, function, since, text)                        \
  print_function(#name, #place, "`" source "`", #function, since, text);
#include "meminfo_explain/tables/consumers.def"
}

static void print_sources(const char *view)
{
  (void)view;
  puts("| file | without it | remedy |\n|---|---|---|");
#define SOURCE(name, path, cost, remedy) puts("| `" path "` | " cost " | " remedy " |");
#include "meminfo_explain/tables/sources.def"
#define FILE_GROUPING(name, path, cost, remedy, ...)                                     \
  puts("| `" path "` | " cost " | " remedy " |");
#define GROUPING(...)
#include "meminfo_explain/tables/groupings.def"
}

static void print_rule(const char *name, const char *text,
                       const char *const next[RULE_NEXT_MAX])
{
  printf("| `%s` | ", name);
  print_escaped(text);
  fputs(" | ", stdout);
  for (unsigned i = 0; i < RULE_NEXT_MAX && next[i] != NULL; i++) {
    fputs(i > 0 ? ", or " : "", stdout);
    print_code(next[i]);
  }
  puts(" |");
}

static void print_rules(const char *view)
{
  (void)view;
  puts("| rule | sentence | next command |\n|---|---|---|");
#define ABOVE(name, percent, number, text, ...)                                          \
  print_rule(#name, "above " #percent " % of MemTotal: " text,                           \
             (const char *const[RULE_NEXT_MAX]){__VA_ARGS__});
#define IN_USE(name, percent, number, text, ...)                                         \
  print_rule(#name, "above " #percent " % of MemTotal, or large: " text,                 \
             (const char *const[RULE_NEXT_MAX]){__VA_ARGS__});
#define RULE(name, ...)                                                                  \
  print_rule(#name, "", (const char *const[RULE_NEXT_MAX]){__VA_ARGS__});
#include "meminfo_explain/tables/rules.def"
}

/* For tests/commands.sh: each command of rules.def and series.def, after its row's name.
 */
static void print_commands(const char *view)
{
  (void)view;
  static const struct rule_row rows[] = {
#define RULE(name, ...)                         {#name, {__VA_ARGS__}},
#define ABOVE(name, percent, number, text, ...) {#name, {__VA_ARGS__}},
#include "meminfo_explain/tables/rules.def"
#define SERIES(name, amount, error, words, next) {"series " #name, {next}},
#include "meminfo_explain/tables/series.def"
  };
  for (size_t i = 0; i < COUNT(rows); i++)
    for (unsigned k = 0; k < RULE_NEXT_MAX && rows[i].next[k] != NULL; k++)
      if (*rows[i].next[k] != '\0')
        printf("%s\t%s\n", rows[i].name, rows[i].next[k]);
}

static void print_benchmarks(const char *view)
{
  (void)view;
  puts("| benchmark | ratio | limit | why this limit |\n|---|---|---|---|");
#define LIMIT(name, limit, ratio, reason)                                                \
  printf("| `%s` | %s | %g | %s |\n", #name, ratio, (double)(limit), reason);
#include "bench/limits.def"
}

static void print_watched(const char *name, const char *words, const char *next)
{
  printf("| `%s` | %s | ", name, words);
  print_code(next);
  puts(" |");
}

static void print_series(const char *view)
{
  (void)view;
  puts("| series | what it is | next command |\n|---|---|---|");
#define SERIES(name, amount, error, words, next) print_watched(#name, words, next);
#include "meminfo_explain/tables/series.def"
}

static void print_default_series(const char *view)
{
  (void)view;
  int sum = 0;
  puts("| view | series | at most |\n|---|---|---|");
  for (size_t i = 0; i < COUNT(default_rows);) {
    const char *sign = "";
    int share = 0;
    view = default_rows[i].view;
    printf("| `%s` | ", view);
    for (; i < COUNT(default_rows) && strcmp(default_rows[i].view, view) == 0; i++) {
      const struct default_row *row = &default_rows[i];
      fputs(sign, stdout);
      if (row->name == NULL) {
        printf("all%s", row->remark);
      } else {
        putchar('`');
        print_lower(row->type);
        printf("-%s`%s", row->name, row->remark);
      }
      sign = ", ";
      share += row->share;
    }
    printf(" | %d |\n", share);
    sum += share;
  }
  printf("| sum | | %d |\n", sum);
}

static void print_groupings(const char *view)
{
  (void)view;
  puts("| view | option | names by default, with AllSeries | what is sent "
       "|\n|---|---|---|---|");
  for (size_t i = 0; i < COUNT(grouping_rows); i++) {
    const struct grouping_row *row = &grouping_rows[i];
    printf("| `%s` | `%s` | %d, %d | ", row->view, row->option, row->names,
           row->all_names);
    print_markdown(row->text);
    puts(" |");
  }
}

/* --- items of the manual page ------------------------------------------------------- */

static void print_metrics(const char *view)
{
  puts("=over 4\n");
  for (size_t i = 0; i < COUNT(metric_rows); i++) {
    const struct metric_row *row = &metric_rows[i];
    if (!is_in_view(row, view))
      continue;
    size_t first = strcspn(row->text, ";");
    printf("=item B<%s-%s>%s\n\n%.*s", type_of(row), row->name,
           default_remark(view, type_of(row), row->name), (int)first, row->text);
    if (row->whole == NULL && is_of_meminfo(row->operands)) {
      fputs(" (", stdout);
      print_formula(row->operands, "");
      putchar(')');
    }
    printf("%s.\n\n", row->text + first);
  }
}

static void print_identities(const char *view)
{
  (void)view;
  puts("=over 4\n");
  for (size_t i = 0; i < COUNT(identity_rows); i++) {
    const char *name = identity_rows[i].name;
    printf("=item B<signed_bytes-%s>%s\n\n", name,
           default_remark("identity", "signed_bytes", name));
    print_equation(&identity_rows[i], "");
    puts(".\n");
  }
}

static void print_trend(const char *name, const char *words)
{
  if (strcmp(name, "estimate") != 0) /* which is in the view black_hole */
    printf("=item B<count-%s>\n\nState: %s.\n\n", name, words);
}

static void print_trends(const char *view)
{
  (void)view;
#define SERIES(name, amount, error, words, next) print_trend(#name, words);
#include "meminfo_explain/tables/series.def"
}

/* Options as the synopsis of the manual has them. */
static void print_synopsis(const char *view)
{
  (void)view;
  puts("  <Plugin meminfo_explain>");
  for (size_t i = 0; i < COUNT(option_rows); i++) {
    const struct option_row *row = &option_rows[i];
    if (row->path != NULL && *row->path == '\0')
      printf("    # %s \"/var/lib/collectd/meminfo_explain\"\n", row->name);
    else if (row->path != NULL)
      printf("    %s \"%s\"\n", row->name, row->path);
    else if (row->is_boolean)
      printf("    %s %s\n", row->name, row->value != 0 ? "true" : "false");
    else
      printf("    %s %.15g\n", row->name, row->value);
  }
  for (size_t i = 0; i < COUNT(grouping_rows); i++)
    printf("    %s %d\n", grouping_rows[i].option, grouping_rows[i].names);
  puts("  </Plugin>\n");
}

static void print_options(const char *view)
{
  (void)view;
  puts("=over 4\n");
  for (size_t i = 0; i < COUNT(option_rows); i++) {
    const struct option_row *row = &option_rows[i];
    if (row->is_boolean)
      printf("=item B<%s> B<true>|B<false>\n\n%s\n\n", row->name, row->text);
    else
      printf("=item B<%s> I<%s>\n\n%s\n\n", row->name, row->argument, row->text);
  }
  for (size_t i = 0; i < COUNT(grouping_rows); i++) {
    const struct grouping_row *row = &grouping_rows[i];
    printf(
        "=item B<%s> I<count>\n\nNumber of names in the view L</%s>, 0 to 64; the other "
        "members are summed in B<bytes-other>. The default is %d with B<AllSeries>.\n\n",
        row->option, row->view, row->all_names);
  }
  puts("=back\n");
}

static void print_grouping_views(const char *view)
{
  (void)view;
  for (size_t i = 0; i < COUNT(grouping_rows); i++) {
    const struct grouping_row *row = &grouping_rows[i];
    printf("=head2 %s\n\nB<bytes-NAME> and B<bytes-other>%s: %s.\n\n", row->view,
           row->names > 0 ? " (default)" : "", row->text);
  }
}

/* Lists of the JSON output: row->json is "(object, list, keys...)", each in quotes. */
static void print_grouping_lists(const char *view)
{
  (void)view;
  for (size_t i = 0; i < COUNT(grouping_rows); i++) {
    const char *at = grouping_rows[i].json;
    for (int n = 0; (at = strchr(at, '"')) != NULL; n++) {
      size_t length = strcspn(++at, "\"");
      if (n == 0)
        printf("=item B<%.*s.", (int)length, at);
      else if (n == 1)
        printf("%.*s[]>\n\nThe %ss, largest first: B<bytes>", (int)length, at,
               grouping_rows[i].member);
      else if (length > 0)
        printf(", B<%.*s>", (int)length, at);
      at += length + 1;
    }
    printf("; %s.\n\n", grouping_rows[i].text);
  }
}

/* ------------------------------------------------------------------------------------ */

int main(int argc, char **argv)
{
  static const struct {
    const char *name;
    void (*print)(const char *view);
  } tables[] = {
      {"terms", print_terms},
      {"commands", print_commands},
      {"black_hole", print_black_hole},
      {"decisions", print_decisions},
      {"identity_table", print_identity_table},
      {"meminfo", print_meminfo},
      {"vmstat", print_vmstat},
      {"smaps", print_smaps},
      {"consumers", print_consumers},
      {"sources", print_sources},
      {"rules", print_rules},
      {"benchmarks", print_benchmarks},
      {"series", print_series},
      {"default_series", print_default_series},
      {"groupings", print_groupings},
      {"synopsis", print_synopsis},
      {"options", print_options},
      {"grouping_views", print_grouping_views},
      {"grouping_lists", print_grouping_lists},
      {"metrics", print_metrics},
      {"identities", print_identities},
      {"trends", print_trends},
  };
  for (size_t i = 0; argc > 1 && i < COUNT(tables); i++)
    if (strcmp(tables[i].name, argv[1]) == 0) {
      tables[i].print(argc > 2 ? argv[2] : tables[i].name);
      return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
    }
  fprintf(stderr, "tables: no such table: %s\n", argc > 1 ? argv[1] : "");
  return 2;
}
