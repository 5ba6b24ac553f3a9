/* SPDX-License-Identifier: MIT */
/* usage: tables TABLE [VIEW]
 * Prints one table of the documents from the .def files: Markdown, or items of a manual
 * page for the tables metrics, identities and trends. tools/tables calls it. */
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

/* The default set; name NULL: all of the view. */
static const struct default_row {
  const char *view, *type, *name;
  bool once_above_zero;
} default_rows[] = {
#define VIEW(view, most)       {#view, NULL, NULL, false},
#define NAME(view, type, name) {#view, #type, #name, false},
#define HELD(view, name)       {#view, "BYTES", #name, true},
#include "meminfo_explain/tables/default_series.def"
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
    if (!is_same(row->view, view))
      continue;
    if (row->name == NULL)
      return strcmp(view, "hidden") == 0 ? " (default once above 0)" : " (default)";
    if (is_same(row->type, type) && strcmp(row->name, name) == 0)
      return row->once_above_zero ? " (default once above 0)" : " (default)";
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

static void print_decisions(const char *view)
{
  (void)view;
  puts("| decision | what it is |\n|---|---|");
#define DECISION(name, text) puts("| `" #name "` | " text " |");
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
    printf("%s x drift", row->counters);
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
#define FIELD(member, key, unit, inside, since, text)                                    \
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
#include "meminfo_explain/tables/consumers.def"
}

static void print_sources(const char *view)
{
  (void)view;
  puts("| file | without it | remedy |\n|---|---|---|");
#define SOURCE(name, path, cost, remedy) puts("| `" path "` | " cost " | " remedy " |");
#include "meminfo_explain/tables/sources.def"
}

static void print_rule(const char *name, const char *text, const char *next)
{
  printf("| `%s` | ", name);
  print_escaped(text);
  fputs(" | ", stdout);
  print_code(next);
  puts(" |");
}

static void print_rules(const char *view)
{
  (void)view;
  puts("| rule | sentence | next command |\n|---|---|---|");
#define ABOVE(name, percent, number, text, next)                                         \
  print_rule(#name, "above " #percent " % of MemTotal: " text, next);
#define RULE(name, next) print_rule(#name, "", next);
#include "meminfo_explain/tables/rules.def"
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
  puts("| view | series |\n|---|---|");
  for (size_t i = 0; i < COUNT(default_rows); i++) {
    const struct default_row *row = &default_rows[i];
    bool first = i == 0 || strcmp(default_rows[i - 1].view, row->view) != 0;
    bool last =
        i + 1 == COUNT(default_rows) || strcmp(default_rows[i + 1].view, row->view) != 0;
    if (first)
      printf("| `%s` | ", row->view);
    fputs(first ? "" : ", ", stdout);
    if (row->name == NULL) {
      fputs("all", stdout);
    } else {
      putchar('`');
      print_lower(row->type);
      printf("-%s`%s", row->name, row->once_above_zero ? " once above 0" : "");
    }
    if (last)
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
    printf("=item B<%s-%s>%s\n\n%s", type_of(row), row->name,
           default_remark(view, type_of(row), row->name), row->text);
    if (row->whole == NULL && is_of_meminfo(row->operands)) {
      fputs(" (", stdout);
      print_formula(row->operands, "");
      putchar(')');
    }
    puts(".\n");
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
    printf("=item B<count-%s>\n\nState of %s.\n\n", name, words);
}

static void print_trends(const char *view)
{
  (void)view;
#define SERIES(name, amount, error, words, next) print_trend(#name, words);
#include "meminfo_explain/tables/series.def"
}

/* ------------------------------------------------------------------------------------ */

int main(int argc, char **argv)
{
  static const struct {
    const char *name;
    void (*print)(const char *view);
  } tables[] = {
      {"terms", print_terms},         {"black_hole", print_black_hole},
      {"decisions", print_decisions}, {"identity_table", print_identity_table},
      {"meminfo", print_meminfo},     {"vmstat", print_vmstat},
      {"smaps", print_smaps},         {"consumers", print_consumers},
      {"sources", print_sources},     {"rules", print_rules},
      {"series", print_series},       {"default_series", print_default_series},
      {"metrics", print_metrics},     {"identities", print_identities},
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
