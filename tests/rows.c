/* SPDX-License-Identifier: MIT */
/* Prints what the tables (the .def files) say, one row each, as docs/accounting.md must
 * have it: "SECTION" and the first cells of the row. tests/documented.sh compares. */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* An operand as the tables write it, and what the documents call it. */
static const struct name {
  const char *operand, *called;
} names[] = {
#define FIELD(member, key, unit, inside, ...) {"meminfo." #member, key},
#include "meminfo_explain/tables/meminfo.def"
#define STAT(member, key, unit, ...) {"vmstat." #member, "`" key "`"},
#include "meminfo_explain/tables/vmstat.def"
#define CONSUMER(name, ...) {"consumers." #name, "`" #name "`"},
#include "meminfo_explain/tables/consumers.def"
#define DECISION(name, ...) {#name, "`" #name "`"},
#include "meminfo_explain/tables/decisions.def"
};

/* Prints what `operand` is called: of "DECIDED(x)" the decision x, of "PLUS(x)" the
 * reading x, which in doubt is called as in the code. */
static void print_name(const char *operand, size_t length)
{
  for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
    if (strlen(names[i].operand) == length &&
        strncmp(names[i].operand, operand, length) == 0) {
      fputs(names[i].called, stdout);
      return;
    }
  printf("`%.*s`", (int)length, operand);
}

/* "PLUS(a), MINUS(b)" as "a - b". */
static void print_formula(const char *operands)
{
  const char *sign = "";
  while (*operands != '\0') {
    size_t name = strcspn(operands, "(");
    size_t length = strcspn(operands + name, ")");
    if (operands[name] == '\0') /* NOTHING */
      return;
    bool negative = strncmp(operands, "MINUS", strlen("MINUS")) == 0;
    fputs(negative ? " - " : sign, stdout);
    print_name(operands + name + 1, length - 1);
    sign = " + ";
    operands += name + length + 1;
    operands += strspn(operands, ", ");
  }
}

/* The view's section, `name`, and what may be said of it. */
static void print_view(const char *view, const char *name, const char *remark)
{
  for (; *view != '\0'; view++)
    putchar(tolower((unsigned char)*view));
  printf(" | `%s`%s | ", name, remark);
}

static void print_term(const char *view, const char *name, const char *sign,
                       const char *operands)
{
  print_view(view, name, strcmp(sign, "SIGNED") == 0 ? " (signed)" : "");
  print_formula(operands);
  puts(" |");
}

/* What an identity may be off by: parts with " + " in between. `tolerance` stands in its
 * parentheses. */
static void print_slack(const char *counters, const char *slack, const char *tolerance)
{
  static const struct {
    const char *slack, *called;
  } slacks[] = {
      {"NONE", ""},
      {"ONE_PAGE", "1 page"},
      {"LRU_BATCHES", "batches"},
      {"BYTES(1 << 20)", "1 MiB"},
  };
  const char *sign = "";
  if (strcmp(counters, "0") != 0) {
    printf("%s x drift", counters);
    sign = " + ";
  }
  for (size_t i = 0; i < sizeof(slacks) / sizeof(*slacks); i++)
    if (strcmp(slack, slacks[i].slack) == 0)
      slack = slacks[i].called;
  if (*slack != '\0') {
    printf("%s%s", sign, slack);
    sign = " + ";
  }
  bool more = strchr(tolerance + 1, '(') != NULL;
  if (more)
    fputs(sign, stdout);
  print_formula(tolerance + 1);
  puts(*sign == '\0' && !more ? "0 |" : " |");
}

static void print_identity(const char *name, const char *relation, const char *counters,
                           const char *slack, const char *tolerance, const char *operands)
{
  printf("identities | `%s` | ", name);
  print_formula(operands);
  printf(" %s 0 | ", strcmp(relation, "AT_LEAST") == 0 ? ">=" : "=");
  print_slack(counters, slack, tolerance);
}

static void print_ratio(const char *view, const char *name, const char *part,
                        const char *whole)
{
  print_view(view, name, "");
  print_formula(part);
  fputs(" of ", stdout);
  print_formula(whole);
  puts(" |");
}

static void print_line(const char *key, const char *unit, const char *inside)
{
  printf("meminfo | %s | %s | ", key, unit);
  if (strcmp(inside, "meminfo.nothing") != 0)
    print_name(inside, strlen(inside));
  puts(" |");
}

/* Paths behind a '|' are for where all before are absent. */
static void print_paths(const char *paths)
{
  putchar('`');
  for (; *paths != '\0'; paths++)
    if (*paths == '|')
      fputs("` or else `", stdout);
    else if (*paths == ' ')
      fputs("` and `", stdout);
    else
      putchar(*paths);
  putchar('`');
}

static void print_consumer(const char *name, const char *place, const char *opener,
                           const char *paths, const char *filter, const char *key,
                           const char *field, const char *unit)
{
  printf("consumers | `%s` | %s | ", name, place);
  print_paths(paths);
  if (strcmp(filter, "ALL") != 0)
    printf(", `%s`", filter);
  fputs(" | ", stdout);
  if (*key != '\0')
    printf("`%s`, ", key);
  bool bit = strcmp(unit, "BIT") == 0;
  printf("%s %s%s%s | %s |\n", bit ? "bit" : "word", field, bit ? "" : ", ",
         bit ? "" : unit, opener);
}

int main(void)
{
#define TERM(view, name, sign, text, ...) print_term(#view, #name, #sign, #__VA_ARGS__);
#include "meminfo_explain/tables/terms.def"
#define DECISION(name, ...) puts("decisions | `" #name "` |");
#include "meminfo_explain/tables/decisions.def"
#define IDENTITY(name, relation, counters, slack, tolerance, text, ...)                  \
  print_identity(#name, #relation, #counters, #slack, #tolerance, #__VA_ARGS__);
#include "meminfo_explain/tables/identities.def"
#define RATIO(view, name, part, whole, ...) print_ratio(#view, #name, #part, #whole);
#include "meminfo_explain/tables/ratios.def"
#define AMOUNT(name, member, ...) puts("black_hole | `" #name "` |");
#define BOUND(name, member, ...)  puts("black_hole | `" #name "` |");
#include "meminfo_explain/tables/black_hole.def"
#define FIELD(member, key, unit, inside, ...) print_line(key, #unit, "meminfo." #inside);
#include "meminfo_explain/tables/meminfo.def"
#define STAT(member, key, unit, ...) puts("vmstat | `" key "` | " #unit " |");
#include "meminfo_explain/tables/vmstat.def"
#define SMAP(member, key, ...) puts("smaps | " key " |");
#include "meminfo_explain/tables/smaps.def"
#define SOURCE(name, path, cost, remedy) puts("sources | `" path "` | " cost " |");
#include "meminfo_explain/tables/sources.def"
#define CONSUMER(name, place, opener, paths, filter, key, field, unit, ...)              \
  print_consumer(#name, #place, #opener, paths, #filter, key, #field, #unit);
#define CONSUMER_FUNCTION(name, place, source, function, remedy, ...)                    \
  puts("consumers | `" #name "` | " #place " | `" source "` | `" #function               \
       "()` | ANYONE |");
#include "meminfo_explain/tables/consumers.def"
  return 0;
}
