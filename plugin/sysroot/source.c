/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/sysroot/source.h"
#include "meminfo_explain/base/scan.h"

#include <errno.h>
#include <string.h>

const struct source_row source_rows[SOURCE_COUNT] = {
#define SOURCE(name, path, cost, remedy) {path, true, cost, remedy},
#include "meminfo_explain/tables/sources.def"
#define FILE_GROUPING(name, path, cost, remedy, ...) {path, true, cost, remedy},
#define GROUPING(...)
#include "meminfo_explain/tables/groupings.def"
#define OPENER_ANYONE ""
#define OPENER_ROOT   "run as root or grant CAP_DAC_READ_SEARCH"
#define CONSUMER_COST "this consumer cannot be separated from the rest"
#define CONSUMER(name, place, opener, paths, ...)                                        \
  {paths, true, CONSUMER_COST, OPENER_##opener},
#define CONSUMER_FUNCTION(name, place, source, function, remedy, ...)                    \
  {source, false, CONSUMER_COST, remedy},
#define CONSUMER_TREE(name, place, source, function, ...)                                \
  {source, true, CONSUMER_COST, ""},
#include "meminfo_explain/tables/consumers.def"
};

struct source_status source_read(const struct sysroot *root, enum source source,
                                 struct text *text)
{
  int error = sysroot_slurp(root, source_rows[source].path, text);
  return (struct source_status){.error = error, .state = sysroot_error_state(error)};
}

void source_failed(struct source_status *status, const char *path, int error)
{
  enum reading_state state =
      error == -EBADMSG ? READING_MALFORMED : sysroot_error_state(error);
  if (status->path[0] == '\0') {
    /* A path can hold any byte: devices and captured trees name their files as they like.
     */
    span_copy((struct span){path, strlen(path)}, status->path, sizeof(status->path));
    status->error = error == -EBADMSG ? 0 : error;
  }
  status->state = reading_state_join(status->state, state);
}
