/* SPDX-License-Identifier: MIT */
/* meminfo-explain: the core of the plugin as a command line tool. */
#define _GNU_SOURCE
#include "meminfo_explain/explain/observe.h"
#include "meminfo_explain/report/diagnostic.h"
#include "output.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { EXIT_NOT_MEMINFO = 1, EXIT_USAGE = 2 };

static const char help[] =
    "usage: meminfo-explain [OPTION...]\n"
    "       meminfo-explain trend [OPTION...] < SERIES    (see trend --help)\n"
    "Explain where the memory of this machine is: all parts of MemTotal, added up in "
    "three\n"
    "ways, and the rest that no part accounts for, the black hole.\n"
    "\n"
    "  -r, --root DIR         directory that holds proc and sys (default /)\n"
    "  -f, --format FORMAT    table (default) or json: one object per sample, each on a "
    "line\n"
    "  -n, --samples N        number of samples (default 1)\n"
    "  -i, --interval S       seconds between samples (default 1)\n"
    "      --no-pss           do not read the processes\n"
    "      --pss-max BYTES    estimate processes larger than this instead of reading "
    "their\n"
    "                         smaps (default 8 GiB; 0: read all). Reading holds a "
    "process "
    "up\n"
    "                         for 13 ms per GiB\n"
    "      --why              show how each derived number was determined\n"
    "  -h, --help             show this text\n"
    "  -V, --version          show the version\n"
    "\n"
    "exit status: 0 explained, 1 proc/meminfo cannot be read or is not a meminfo,\n"
    "2 wrong usage\n";

enum format { FORMAT_TABLE, FORMAT_JSON };

struct settings {
  const char *root;
  enum format format;
  unsigned long samples;
  double interval;
  bool pss, why;
  uint64_t pss_max_process;
};

static int usage_error(const char *what, const char *value)
{
  fprintf(stderr, "meminfo-explain: %s: \"%s\" (try --help)\n", what, value);
  return EXIT_USAGE;
}

static int parse_samples(const char *text, unsigned long *out)
{
  char *end;
  errno = 0;
  unsigned long number = strtoul(text, &end, 10);
  if (errno != 0 || *end != '\0' || text[0] < '0' || text[0] > '9' || number == 0)
    return usage_error("invalid number of samples", text);
  *out = number;
  return 0;
}

static int parse_interval(const char *text, double *out)
{
  char *end;
  double number = strtod(text, &end);
  if (end == text || *end != '\0' || !isfinite(number) || number < 0 || number > 1e6)
    return usage_error("invalid number of seconds", text);
  *out = number;
  return 0;
}

static int parse_bytes(const char *text, uint64_t *out)
{
  struct span span = {text, strlen(text)};
  if (span_number(span, out) != 0)
    return usage_error("invalid number of bytes", text);
  return 0;
}

static int parse_format(const char *text, enum format *out)
{
  if (strcmp(text, "json") == 0)
    *out = FORMAT_JSON;
  else if (strcmp(text, "table") == 0)
    *out = FORMAT_TABLE;
  else
    return usage_error("invalid format, not table or json", text);
  return 0;
}

/* 0, EXIT_USAGE, or -1 where nothing remains to be done and the exit status is 0. */
static int parse_option(int option, const char *argument, struct settings *settings)
{
  switch (option) {
  case 'r':
    settings->root = argument;
    return 0;
  case 'f':
    return parse_format(argument, &settings->format);
  case 'n':
    return parse_samples(argument, &settings->samples);
  case 'i':
    return parse_interval(argument, &settings->interval);
  case 'P':
    settings->pss = false;
    return 0;
  case 'M':
    return parse_bytes(argument, &settings->pss_max_process);
  case 'W':
    settings->why = true;
    return 0;
  case 'h':
    fputs(help, stdout);
    return -1;
  case 'V':
    puts("meminfo-explain " VERSION);
    return -1;
  default: /* getopt_long has printed what is wrong */
    return EXIT_USAGE;
  }
}

static int parse_arguments(int argc, char **argv, struct settings *settings)
{
  static const struct option options[] = {
      {"root", required_argument, NULL, 'r'},
      {"format", required_argument, NULL, 'f'},
      {"samples", required_argument, NULL, 'n'},
      {"interval", required_argument, NULL, 'i'},
      {"no-pss", no_argument, NULL, 'P'},
      {"pss-max", required_argument, NULL, 'M'},
      {"why", no_argument, NULL, 'W'},
      {"help", no_argument, NULL, 'h'},
      {"version", no_argument, NULL, 'V'},
      {0},
  };
  int option;
  while ((option = getopt_long(argc, argv, "r:f:n:i:hV", options, NULL)) != -1) {
    int status = parse_option(option, optarg, settings);
    if (status != 0)
      return status;
  }
  return optind < argc ? usage_error("unexpected argument", argv[optind]) : 0;
}

static void print_diagnostic(void *context, const struct diagnostic *diagnostic)
{
  (void)context;
  fprintf(stderr, "meminfo-explain: %s\n", diagnostic->text);
}

static void sleep_for(double seconds)
{
  struct timespec left = {.tv_sec = (time_t)seconds,
                          .tv_nsec = (long)((seconds - floor(seconds)) * 1e9)};
  while (nanosleep(&left, &left) != 0 && errno == EINTR)
    continue;
}

/* A process that has just started grows while it reads, in pages that some of its
 * readings count already and others do not. So this reads everything once, drops the
 * result, and starts the census with a budget that is too small for any process. A
 * captured machine needs none of this. */
static void warm_up(struct observer *observer, bool pss)
{
  static const double patience = 1;
  if (!observer->collector.root.live)
    return;
  collect(&observer->collector, &(struct collect_options){.pss = false},
          &observer->sample);
  collector_prepare(&observer->collector,
                    &(struct collect_options){.pss = pss, .pss_budget = 1e-9}, patience);
}

static int run(const struct settings *settings, struct observer *observer)
{
  const struct collect_options options = {.pss = settings->pss,
                                          .pss_max_process = settings->pss_max_process};
  warm_up(observer, settings->pss);
  for (unsigned long n = 0; n < settings->samples; n++) {
    if (n > 0)
      sleep_for(settings->interval);
    int status = observe(observer, &options);
    /* The table lists by itself what could not be read. */
    if (status != 0 || settings->format == FORMAT_JSON)
      diagnostics_each(&observer->sample, NULL, print_diagnostic, NULL);
    if (status != 0)
      return EXIT_NOT_MEMINFO;
    if (settings->format == FORMAT_JSON)
      status = json_print(observer, stdout);
    else
      status = table_print(observer, settings->why, stdout);
    if (status != 0) {
      fprintf(stderr, "meminfo-explain: standard output: %s\n", strerror(-status));
      return EXIT_NOT_MEMINFO;
    }
  }
  return EXIT_SUCCESS;
}

static int explain_main(int argc, char **argv)
{
  struct settings settings = {.root = "/",
                              .format = FORMAT_TABLE,
                              .samples = 1,
                              .interval = 1,
                              .pss = true,
                              .pss_max_process = COLLECT_PSS_MAX_PROCESS};
  int status = parse_arguments(argc, argv, &settings);
  if (status != 0)
    return status > 0 ? status : EXIT_SUCCESS;
  static struct observer observer; /* too large for a small stack */
  status = observer_open(settings.root, &observer);
  if (status != 0) {
    fprintf(stderr, "meminfo-explain: %s: %s\n", settings.root, strerror(-status));
    return EXIT_NOT_MEMINFO;
  }
  status = run(&settings, &observer);
  observer_close(&observer);
  return status;
}

int main(int argc, char **argv)
{
  bool is_trend = argc > 1 && strcmp(argv[1], "trend") == 0;
  int status = is_trend ? trend_main(argc - 1, argv + 1) : explain_main(argc, argv);
  int error = output_end(stdout); /* of --help as well */
  if (status != EXIT_SUCCESS || error == 0)
    return status;
  fprintf(stderr, "meminfo-explain: standard output: %s\n", strerror(-error));
  return EXIT_NOT_MEMINFO;
}
