/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/parse/meminfo_row.h"

#include <string.h>

#define ALWAYS(release) MEMINFO_PRINTED_ALWAYS, MEMINFO_RELEASE_##release
#define CONFIG(release) MEMINFO_PRINTED_CONFIG, MEMINFO_RELEASE_##release
#define FADING(release) MEMINFO_PRINTED_FADING, MEMINFO_RELEASE_##release
const struct meminfo_row meminfo_rows[MEMINFO_FIELD_COUNT] = {
#define FIELD(member, key, unit, inside, since, printed, proves, text)                   \
  {key,     sizeof(key) - 1,         MEMINFO_UNIT_##unit, MEMINFO_FIELD_##inside,        \
   printed, MEMINFO_RELEASE_##proves},
#include "meminfo_explain/tables/meminfo.def"
};

enum meminfo_field meminfo_find_row(struct span key, unsigned hint)
{
  for (unsigned i = 0; i < MEMINFO_FIELD_COUNT; i++) {
    unsigned row = (hint + i) % MEMINFO_FIELD_COUNT;
    if (key.length == meminfo_rows[row].key_length &&
        memcmp(key.at, meminfo_rows[row].key, key.length) == 0)
      return row;
  }
  return MEMINFO_FIELD_COUNT;
}
