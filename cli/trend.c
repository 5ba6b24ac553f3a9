/* SPDX-License-Identifier: MIT */
/* meminfo-explain trend: the leak alarm on a recorded series. */
#define _GNU_SOURCE
#include "output.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_MALFORMED = 1, EXIT_USAGE = 2 };

static const char help[] =
    "usage: meminfo-explain trend [OPTION...] < SERIES\n"
    "Run the leak alarm on a recorded series. Input lines are `seconds bytes "
    "error_bytes`;\n"
    "the error is optional. Each change of state is an output line\n"
    "`seconds STATE bytes_per_second eta_seconds`: STATE is okay, step, warning or "
    "failure,\n"
    "and nan stands for a number that is not known.\n"
    "\n"
    "  -w, --window S         shortest window in seconds, 1 to 1e6 (default 3600)\n"
    "  -R, --rise BYTES       smallest rise within half a window that counts, at most "
    "1e15;\n"
    "                         0 (default): a 128th of MemTotal, 1 to 26 MiB\n"
    "  -a, --available BYTES  MemAvailable, for the eta\n"
    "  -t, --total BYTES      MemTotal, for the default of --rise (without it:\n"
    "                         26 MiB); a rise by 5 % of it is a failure\n"
    "  -h, --help             show this text\n"
    "\n"
    "exit status: 0 success, 1 a line is malformed, 2 wrong usage\n";

static const double bytes_max = 1e18; /* more than any machine has */

static int parse_amount(const char *text, double min, double max, double *out)
{
  char *end;
  double number = strtod(text, &end);
  if (end == text || *end != '\0' || !(number >= min && number <= max)) {
    fprintf(stderr,
            "meminfo-explain: trend: not a number from %g to %g: \"%s\" (try --help)\n",
            min, max, text);
    return EXIT_USAGE;
  }
  *out = number;
  return 0;
}

/* 0, EXIT_USAGE, or -1 where the help was printed. */
static int parse_arguments(int argc, char **argv, struct trend_replay *settings)
{
  static const struct option options[] = {{"window", required_argument, NULL, 'w'},
                                          {"rise", required_argument, NULL, 'R'},
                                          {"available", required_argument, NULL, 'a'},
                                          {"total", required_argument, NULL, 't'},
                                          {"help", no_argument, NULL, 'h'},
                                          {0}};
  int option, status = 0;
  while (status == 0 &&
         (option = getopt_long(argc, argv, "w:R:a:t:h", options, NULL)) != -1) {
    switch (option) {
    case 'w':
      status = parse_amount(optarg, TREND_WINDOW_MIN, TREND_WINDOW_MAX,
                            &settings->trend.window);
      break;
    case 'R':
      status =
          parse_amount(optarg, TREND_RISE_MIN, TREND_RISE_MAX, &settings->trend.rise);
      break;
    case 'a':
      status = parse_amount(optarg, 1, bytes_max, &settings->available);
      break;
    case 't':
      status = parse_amount(optarg, 1, bytes_max, &settings->total);
      break;
    case 'h':
      fputs(help, stdout);
      return -1;
    default: /* getopt_long has printed the error */
      return EXIT_USAGE;
    }
  }
  if (status == 0 && optind < argc) {
    fprintf(stderr, "meminfo-explain: trend: unexpected argument: \"%s\" (try --help)\n",
            argv[optind]);
    return EXIT_USAGE;
  }
  return status;
}

/* `seconds bytes [error_bytes]`. False where the line is malformed. */
static bool parse_line(const char *line, struct trend_sample *out)
{
  double numbers[3] = {0, 0, 0};
  int count = 0;
  const char *at = line;
  for (char *end; count < 3; count++, at = end) {
    numbers[count] = strtod(at, &end);
    if (end == at)
      break;
    if (!isfinite(numbers[count]) || fabs(numbers[count]) > 1e15)
      return false;
  }
  out->time = numbers[0];
  out->bytes = numbers[1];
  out->error = numbers[2];
  return count >= 2 && out->time >= 0 && fabs(out->time) < 1e11 && out->error >= 0 &&
         at[strspn(at, " \t\r\n")] == '\0';
}

/* What it is worth that no state changed. Silent where nothing more could be found. */
static void report_no_rise(const struct trend_replay *settings, double seconds,
                           FILE *errors)
{
  const double longest = TREND_SPAN * settings->trend.window;
  const bool smaller =
      settings->trend.rise == TREND_RISE_BY_TOTAL && isnan(settings->total);
  if (seconds >= longest && !smaller)
    return;
  fprintf(errors, "meminfo-explain: standard input: no rise was found in %.1f h",
          seconds / 3600);
  if (seconds < longest)
    fprintf(errors, "; a slow one takes %.0f h to find", longest / 3600);
  if (smaller)
    fprintf(errors, "; --total finds smaller ones on machines below %.2f GiB",
            TREND_RISE / TREND_RISE_SHARE / (1 << 30));
  fputc('\n', errors);
}

struct replay {
  const struct trend_replay *settings;
  struct trend trend;
  bool changed; /* a state, ever */
};

/* Takes a line of a series. 0, or EXIT_MALFORMED, which is reported to `errors`. */
static int replay_line(struct replay *replay, const char *line, size_t length,
                       unsigned long number, FILE *out, FILE *errors)
{
  struct trend_sample sample = {.available = replay->settings->available,
                                .total = replay->settings->total};
  struct trend_verdict verdict;
  /* A zero byte would hide the rest of the line. */
  const bool whole = strlen(line) == length;
  if (whole && (line[0] == '#' || line[strspn(line, " \t\r\n")] == '\0'))
    return 0;
  if (!whole || !parse_line(line, &sample)) {
    fprintf(errors,
            "meminfo-explain: standard input:%lu: not `seconds bytes error_bytes'\n",
            number);
    return EXIT_MALFORMED;
  }
  trend_add(&replay->trend, &replay->settings->trend, &sample, &verdict);
  replay->changed |= verdict.changed;
  if (verdict.changed)
    fprintf(out, "%.15g %s %.3f %.0f\n", sample.time, trend_state_name(verdict.state),
            verdict.rate, verdict.eta);
  return 0;
}

int trend_replay(const struct trend_replay *settings, FILE *in, FILE *out, FILE *errors)
{
  static struct replay replay; /* too large for a small stack */
  memset(&replay, 0, sizeof(replay));
  replay.settings = settings;
  char *line = NULL;
  size_t size = 0;
  int status = 0;
  ssize_t length;
  for (unsigned long number = 1; (length = getline(&line, &size, in)) > 0; number++)
    if (replay_line(&replay, line, (size_t)length, number, out, errors) != 0)
      status = EXIT_MALFORMED;
  /* Without memory for a line, getline fails, but the stream has no error. */
  int error = feof(in) ? 0 : -errno;
  const char *stream = error == 0 ? "output" : "input";
  free(line);
  if (error == 0 && replay.trend.begun && !replay.changed)
    report_no_rise(settings, replay.trend.last_time - replay.trend.first_time, errors);
  if (error == 0)
    error = output_end(out);
  if (error == 0)
    return status;
  fprintf(errors, "meminfo-explain: standard %s: %s\n", stream, strerror(-error));
  return EXIT_MALFORMED;
}

int trend_main(int argc, char **argv)
{
  struct trend_replay settings = {
      .trend = {.window = TREND_WINDOW, .rise = TREND_RISE_BY_TOTAL},
      .available = NAN,
      .total = NAN};
  static char name[] =
      "meminfo-explain: trend"; /* getopt_long's messages begin with it */
  argv[0] = name;
  int status = parse_arguments(argc, argv, &settings);
  if (status != 0)
    return status > 0 ? status : EXIT_SUCCESS;
  return trend_replay(&settings, stdin, stdout, stderr);
}
