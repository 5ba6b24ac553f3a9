# SPDX-License-Identifier: MIT
"""usage: run.py BUILD_DIR ROOT INTERVAL INTERVALS GRAPHITE
Started by tools/run: runs collectd with the plugin, shows the values as they arrive, and
prints links to graphs. With an empty INTERVALS it runs until Ctrl-C; with an empty GRAPHITE
there are no graphs."""
import contextlib
import math
import os
import pathlib
import queue
import re
import signal
import sys
import time

from harness.collectd import (Collectd, Samples, load_meminfo_explain, load_write_graphite, node,
                              quoted)
from harness.graphite import Graphite
from harness.process import ROOT, Error, Scratch, exit_on_signals

HOST = re.sub("[^A-Za-z0-9_-]", "_", os.uname().nodename.split(".")[0])
METRICS = f"collectd.{HOST}.meminfo_explain"
HOLE = f"{METRICS}-black_hole"
SPAN = {"from": "-2min"}


class Arrivals(Samples):
    """Puts each sample into a queue, and prints the messages between them."""

    def __init__(self, pipe):
        self.queue = queue.Queue()
        super().__init__(pipe)

    def sample(self, stamp, values):
        self.queue.put((stamp, values))

    def other_line(self, line):
        if not line.endswith('plugin "logfile" successfully loaded.'):
            print(line, file=sys.stderr, flush=True)


def human(name, value):
    """The value in a unit that suits it, or nothing."""
    kind = name.split("/")[1].split("-")[0]
    if kind == "percent":
        return f"{value:.2f} %"
    if kind not in ("bytes", "signed_bytes", "bytes_rate"):
        return ""
    units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]
    while abs(value) >= 1023.95 and len(units) > 1:
        value /= 1024
        units.pop(0)
    digits, rate = 0 if units[0] == "B" else 1, "/s" if kind == "bytes_rate" else ""
    return f"{value:.{digits}f} {units[0]}{rate}"


def show(stamp, values):
    print(time.strftime("\n%Y-%m-%d %H:%M:%S", time.localtime(stamp)))
    for name, text in sorted(values.items()):
        if "." in text:
            text = text.rstrip("0").rstrip(".")
        print(f"  {name:<40} {text:>18} {human(name, float(text)):>14}")
    sys.stdout.flush()


def print_links(graphite):
    def link(title, *targets, **options):
        return graphite.render_url("png", {
            **SPAN, **options, "width": 1000, "height": 600, "hideLegend": "false",
            "yUnitSystem": "binary", "lineMode": "connected", "title": title}, *targets)

    def parts_above_zero(view):
        return f"aliasSub(aliasByMetric(maximumAbove({METRICS}-{view}.bytes-*,0)),'^bytes-','')"

    def off_by(errors):
        """The estimate plus so many times its error. Where the error is unknown it has no
        value; sumSeries() would use 0 for it."""
        error = f"{HOLE}.bytes-error"
        return (f"multiplySeries(offset(divideSeries({HOLE}.signed_bytes-estimate,{error}),"
                f"{errors}),{error})")
    stack = link(
        "MemTotal by the lru accounting",
        parts_above_zero("kernel"), parts_above_zero("user_lru"),
        f"color(alias({HOLE}.signed_bytes-lru,'black hole'),'black')",
        f"color(alias({METRICS}-total.bytes-pcp_free,'pcp_free'),'gray')",
        f"color(alias({METRICS}-total.bytes-mem_free,'mem_free'),'e0e0e0')", areaMode="stacked")
    three = link("The black hole by three accountings", *(
        f"alias({HOLE}.signed_bytes-{name},'{name}')" for name in ("lru", "cache", "pss")))
    error = link("The black hole and its error", f"alias({off_by(-1)},'lower bound')",
                 f"alias({HOLE}.signed_bytes-estimate,'estimate')",
                 f"alias({off_by(1)},'upper bound')")
    print(f"""
Graphs as PNG (or with format=json as numbers): curl -o graph.png 'URL'

MemTotal as a stack, by the lru accounting:
  {stack}
The black hole by three accountings:
  {three}
The black hole with its error:
  {error}
All metrics begin with {METRICS}-""", flush=True)


def print_more(build):
    here = f"{ROOT}/" if pathlib.Path.cwd() != ROOT else ""
    with contextlib.suppress(ValueError):
        build = build.relative_to(pathlib.Path.cwd())
    print(f"""
See more:
  {build}/meminfo-explain --help   the same values as a table or JSON, and the decisions
  {here}tools/run --graphite           the values as graphs
These are the default series; with "AllSeries true" the plugin sends all: see README.md""")


def graphite_has_values(graphite):
    with contextlib.suppress(Error):
        return bool(graphite.series(SPAN, f"{HOLE}.signed_bytes-estimate"))
    return False


def show_samples(daemon, graphite, interval, intervals):
    """Shows so many samples, and prints the links once Graphite has values. Without a number,
    shows samples until then, and runs until Ctrl-C."""
    shown, linked, stamp = 0, graphite is None, None
    started = arrived = time.monotonic()
    while not intervals or shown < intervals or not linked:
        try:
            sample = daemon.samples.queue.get(timeout=0.1)
        except queue.Empty:
            daemon.samples.end_if_idle(0.3)
            daemon.process.check()
            if time.monotonic() > arrived + 20 + 3 * interval:
                raise Error("no values from collectd") from None
            continue
        arrived = time.monotonic()
        if intervals or not linked:
            show(*sample)
        shown += sample[0] != stamp  # late values of a sample are shown on their own
        stamp = sample[0]
        if not linked and graphite_has_values(graphite):
            print_links(graphite)
            linked = True
            if not intervals:
                print("\nRunning until Ctrl-C.", flush=True)
        if not linked and time.monotonic() > started + 60 + 3 * interval:
            raise Error(f"no values in Graphite: {graphite.log()}")


def run(build, root, interval, intervals, with_graphite):
    with Scratch("run") as scratch:
        graphite, parts = None, []
        if with_graphite:
            graphite = Graphite(scratch, f"{math.ceil(interval)}s:6h")
            parts = [load_write_graphite(node("graphite", "tcp", graphite.ports[0], "collectd."))]
        plugin = load_meminfo_explain(scratch, build, f"Root {quoted(root)}")
        daemon = Collectd(scratch, *parts, plugin, name=HOST, interval=interval, level="warning",
                          log="stderr", samples=Arrivals)
        daemon.start()
        try:
            show_samples(daemon, graphite, interval, intervals)
        except KeyboardInterrupt:
            if intervals:
                raise
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        scratch.stop_all()
        print_more(build)


def main():
    build, root, interval, intervals, with_graphite = sys.argv[1:]
    exit_on_signals()
    try:
        run(pathlib.Path(build), root, float(interval), int(intervals or 0), with_graphite)
    except Error as error:
        sys.exit(f"tools/run: {error}")
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
