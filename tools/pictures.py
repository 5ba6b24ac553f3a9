# SPDX-License-Identifier: MIT
"""usage: pictures.py graphs|dashboard BUILD_DIR OUTPUT_DIR
Started by tools/pictures: takes memory step by step, gives it back, and draws."""
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import time

from harness.collectd import Collectd, load_meminfo_explain, load_write_graphite, node
from harness.graphite import Graphite
from harness.inject import Injector, Unavailable
from harness.process import ROOT, Error, Scratch, exit_on_signals

# The pictures do not show the name of this machine.
METRICS = "example.meminfo_explain"
HOLE = f"{METRICS}-black_hole"


def note(text):
    print(f"tools/pictures: {text}", file=sys.stderr, flush=True)


def steps_of(dashboard):
    """(steps, MiB that a pipe takes in each, seconds between them, MiB that zram takes once,
    after half of the steps)"""
    if not dashboard:
        return 7, 8, 6, 24
    mib = 2
    if os.geteuid() == 0:  # the pipes of other users may hold 64 MiB in all
        meminfo = pathlib.Path("/proc/meminfo").read_text()
        available = int(re.search(r"MemAvailable: +(\d+)", meminfo).group(1))
        mib = min(32, max(1, available // 1024 // 256))
    return 28, mib, 1.5, 4 * mib if mib != 2 else 8


class Recording:
    """Takes memory while collectd sends to Graphite; also sends the amount that is taken."""

    def __init__(self, scratch, build, dashboard):
        self.scratch, self.build = scratch, build
        self.steps, self.mib, self.pause, self.zram_mib = steps_of(dashboard)
        self.graphite = Graphite(scratch, "1s:1h")
        options = ["TrendState false"]
        if dashboard:  # so short that the alarm detects a leak of a minute
            options += ["TrendWindow 10", "TrendRise 8388608"]
        self.daemon = Collectd(
            scratch, load_write_graphite(node("graphite", "tcp", self.graphite.ports[0], "")),
            load_meminfo_explain(scratch, build, *options), name="example", level="warning",
            csv=False)
        self.carbon = socket.create_connection(("127.0.0.1", self.graphite.ports[0]))
        self.taken, self.takers, self.words = [], [], "pipes"
        self.daemon.start()

    def record(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.daemon.process.check()
            held = sum(taker.bytes for taker in self.takers)
            self.carbon.sendall(f"example.taken {held} {time.time():.0f}\n".encode())
            time.sleep(0.5)

    def take(self, kind, mib):
        self.takers.append(Injector(self.scratch, self.build, kind, mib))
        self.record(self.pause)

    def take_all(self):
        """Sets `since` and `until`, the time of the picture, and `taken`, in bytes."""
        self.record(6)  # while it starts, the daemon itself takes memory
        self.since = int(time.time())
        note(f"taking {self.steps * self.mib + self.zram_mib} MiB; this takes two minutes")
        self.record(15)
        for step in range(self.steps):
            try:
                self.take("pipe", self.mib)
            except Unavailable as reason:
                raise Error(f"cannot take memory: {reason}") from None
            if step == self.steps // 2:
                try:
                    self.take("zram", self.zram_mib)
                    self.words += " and zram"
                except Unavailable as reason:
                    note(f"no zram, so the plugin explains nothing of what is taken: {reason}")
        self.taken = sum(taker.bytes for taker in self.takers)
        self.record(6)
        self.until = int(time.time()) - 2  # a busy machine writes the last samples late

    def give_back(self):
        while self.takers:
            self.takers.pop().release()

    def finish(self):
        self.carbon.close()
        self.scratch.stop_all()
        for line in self.daemon.log().splitlines():
            if "] Notification: " not in line:
                print(line, file=sys.stderr)


def colour(name):
    """The colour that the dashboards give it."""
    panels = (ROOT / "grafana/panels.mjs").read_text()
    found = re.search(rf"(?m)^  '?{re.escape(name)}'?: '#([0-9a-f]{{6}})',$", panels)
    return found.group(1) if found else "9fa1a3"


def coloured(name, series):
    return f"color(alias({series},'{name}'),'{colour(name)}')"


class Drawing:
    def __init__(self, graphite, since, until):
        self.graphite, self.span = graphite, {"from": since, "until": until}

    def draw(self, title, height, targets, **more):
        return self.graphite.picture({
            **self.span, "title": f"{title} (bytes; UTC)", "width": 960, "height": height, **more,
            "bgcolor": "white", "fgcolor": "black", "fontSize": 11, "lineMode": "connected",
            "hideLegend": "false", "majorGridLineColor": "c0c0c0",
            "minorGridLineColor": "e8e8e8", "uniqueLegend": "true", "yMin": 0,
            "yUnitSystem": "binary"}, *targets)

    def stack(self):
        """Targets: the terms that are ever above 0, the largest first, and the black hole."""
        targets = []
        for view in ("user_lru", "kernel"):
            terms = self.graphite.series(
                self.span,
                f"aliasSub(aliasByMetric(maximumAbove({METRICS}-{view}.bytes-*,0)),'^bytes-','')")
            targets += [coloured(name, f"{METRICS}-{view}.bytes-{name}")
                        for name in sorted(terms, key=lambda name: -max(terms[name]))]
        if not targets:
            raise Error("Graphite has no terms of MemTotal")
        return targets + [coloured("black hole", f"{HOLE}.signed_bytes-lru")]

    def black_hole(self):
        estimate, error = f"{HOLE}.signed_bytes-estimate", f"{HOLE}.bytes-error"
        low, high = f"diffSeries({estimate},{error})", f"sumSeries({estimate},{error})"
        # The red of the dashboards at the opacity of their band.
        return [f"color(alias(areaBetween(group({low},{high})),'its error'),'f7cbd0')",
                coloured("estimate", estimate),
                "color(alias(dashed(example.taken),'memory taken'),'black')"]


def graphs(scratch, build, output):
    recording = Recording(scratch, build, dashboard=False)
    recording.take_all()
    recording.give_back()
    recording.record(18)
    drawing = Drawing(recording.graphite, recording.since, int(time.time()))
    recording.record(3)  # until all samples have arrived
    for name in ("signed_bytes-estimate", "bytes-error", "signed_bytes-lru"):
        if not recording.graphite.series(drawing.span, f"{HOLE}.{name}"):
            raise Error(f"no {name} on this machine{recording.daemon.last_lines()}")
    pictures = {
        "memtotal.png": drawing.draw("MemTotal less free memory, by the lru accounting", 480,
                                     drawing.stack(), areaMode="stacked"),
        "black_hole.png": drawing.draw(
            f"The black hole while {recording.words} hold {recording.taken >> 20} MiB", 360,
            drawing.black_hole())}
    recording.finish()
    for name, png in pictures.items():
        (output / name).write_bytes(png)
    note(f"made {' and '.join(pictures)} in {output}")


def dashboard(scratch, build, output):
    recording = Recording(scratch, build, dashboard=True)
    recording.take_all()
    recording.give_back()
    recording.record(3)
    picture = scratch.path / "dashboard.png"
    subprocess.run(["node", ROOT / "tools/panels/draw.mjs", ROOT / "build/panels",
                    recording.graphite.url, str(recording.since), str(recording.until), picture],
                   check=True)
    recording.finish()
    shutil.copy(picture, output)
    note(f"made dashboard.png in {output}")


def main():
    what, build, output = sys.argv[1:]
    exit_on_signals()
    try:
        with Scratch("pictures") as scratch:
            {"graphs": graphs, "dashboard": dashboard}[what](
                scratch, pathlib.Path(build), pathlib.Path(output))
    except (Error, subprocess.CalledProcessError) as error:
        sys.exit(f"tools/pictures: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
