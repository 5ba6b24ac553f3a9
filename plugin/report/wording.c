/* SPDX-License-Identifier: MIT */
#include "wording.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct formatted share_of_total(double bytes, struct amount total)
{
  struct formatted share = format_bytes(bytes);
  if (!is_known(total))
    return share;
  double percent = 100 * bytes / (double)total.value;
  if (percent > 100) /* outside of MemTotal */
    return share;
  if (percent > 0 && percent < 0.05)
    format_append(share.text, sizeof(share.text), " (under 0.1 %% of MemTotal)");
  else
    format_append(share.text, sizeof(share.text), " (%.1f %% of MemTotal)", percent);
  return share;
}

void list_add(struct list *list, const char *format, ...)
{
  char name[72];
  va_list args;
  if (list->count++ >= LIST_NAMED_MAX)
    return;
  va_start(args, format);
  vsnprintf(name, sizeof(name), format, args);
  va_end(args);
  format_append(list->text, sizeof(list->text), "%s%s", list->count > 1 ? ", " : "",
                name);
}

struct formatted list_rest(const struct list *list)
{
  struct formatted rest = {""};
  if (list->count > LIST_NAMED_MAX)
    snprintf(rest.text, sizeof(rest.text), " and %u more", list->count - LIST_NAMED_MAX);
  return rest;
}

bool say(struct sentence *out, double weight, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  vsnprintf(out->text, sizeof(out->text), format, args);
  va_end(args);
  size_t length = strlen(out->text);
  if (length + 1 == sizeof(out->text))
    out->text[length - 1] = '.';
  out->weight = weight;
  return true;
}
