/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "meminfo_explain/stat.h"

#include <errno.h>
#include <string.h>

/* include/linux/sched.h, the same since 2.6.17 */
static const uint64_t pf_kthread = 0x00200000;

/* Fields as proc(5) numbers them; the state is the first after the name. */
enum { FIELD_STATE = 3, FIELD_FLAGS = 9, FIELD_RSS = 24 };

int stat_parse(struct scan text, uint64_t page_size, struct stat_line *out,
               struct fault *fault)
{
  struct stat_line parsed = {0};
  const char *name_end = memrchr(text.at, ')', (size_t)(text.end - text.at));
  if (name_end == NULL) {
    fault_note(fault, 1, (struct span){text.at, 0}, "no name in parentheses");
    return -EBADMSG;
  }
  struct scan rest = scan_text(name_end + 1, (size_t)(text.end - name_end - 1));
  for (int field = FIELD_STATE; field <= FIELD_RSS; field++) {
    struct span word = scan_word(&rest);
    uint64_t number;
    int error = 0;
    if (field == FIELD_STATE) {
      error = word.length == 1 ? 0 : -EBADMSG;
      parsed.state = word.length == 1 ? *word.at : '\0';
    } else if (field == FIELD_FLAGS) {
      error = span_number(word, &number);
      parsed.kernel_thread = error == 0 && (number & pf_kthread) != 0;
    } else if (field == FIELD_RSS) {
      error = span_number(word, &number);
      if (error == 0)
        error = scale(number, page_size, &parsed.rss);
    }
    if (error != 0) {
      fault_note(fault, 1, word, "not a field of stat");
      return -EBADMSG;
    }
  }
  *out = parsed;
  return 0;
}
