/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/report/publisher.h"

struct publisher_options publisher_default_options(void)
{
  struct publisher_options options = {.all_series = false};
  for (unsigned i = 0; i < GROUPING_COUNT; i++)
    options.names[i] = PUBLISHER_NAMES_BY_ROW;
  return options;
}

static unsigned names_of(const struct publisher_options *options, enum grouping grouping)
{
  const struct grouping_row *row = &grouping_rows[grouping];
  if (options->names[grouping] != PUBLISHER_NAMES_BY_ROW)
    return options->names[grouping];
  return options->all_series ? row->all_names : row->names;
}

bool publisher_has(const struct publisher *publisher, enum grouping grouping)
{
  return publisher->options.all_series || grouping_rows[grouping].names > 0 ||
         names_of(&publisher->options, grouping) > 0;
}

static void note_grouping(struct publisher *publisher, const struct sample *sample,
                          enum grouping grouping)
{
  struct top_n_round *round = &publisher->round;
  struct grouping_member member;
  uint64_t others = grouping_total(sample, grouping).value;
  top_n_begin(round);
  for (unsigned n = 0; grouping_member(sample, grouping, n, &member); n++) {
    top_n_add(round, member.qualifier, member.name, member.bytes);
    others = sub_sat(others, member.bytes);
  }
  top_n_add(round, "", "other", others);
  top_n_settle(&publisher->groupings[grouping], round,
               names_of(&publisher->options, grouping));
}

void publisher_note(struct publisher *publisher, const struct sample *sample,
                    const struct explanation *explanation)
{
  default_series_note(&publisher->default_series, explanation, &publisher->round);
  for (unsigned i = 0; i < GROUPING_COUNT; i++)
    if (publisher_has(publisher, i) && is_known(grouping_total(sample, i)))
      note_grouping(publisher, sample, i);
}

void publisher_log(struct publisher *publisher, const struct logger *logger)
{
  for (unsigned i = 0; i < GROUPING_COUNT; i++) {
    const struct top_n *top = &publisher->groupings[i];
    const struct grouping_row *row = &grouping_rows[i];
    if (publisher->exhausted[i] || !top->exhausted)
      continue;
    publisher->exhausted[i] = true;
    logger_print(
        logger, LOG_INFO,
        "view \"%s\": %u different names were sent since the start; further ones "
        "are part of \"other\"; to send more, raise %s",
        row->view, top->names_count, row->option);
  }
}
