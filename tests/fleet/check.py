# SPDX-License-Identifier: MIT
"""usage: check.py BUILD_DIR
Started by tools/fleet --check: all values arrive in Graphite to the byte, files have the size
that docs/fleet.md states, and while a cache is down no more points are lost than it states."""
import pathlib
import re
import sys
import tempfile
import time

import whisper

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
from fleet import MACHINES, Fleet
from harness.collectd import node
from harness.process import Error, Scratch, exit_on_signals, wait_until

OWN = ("signed_bytes", "bytes_rate")
# Series of the default set that a sample begins with, or that alerts use.
BY_DEFAULT = ("total.bytes-mem_total", "black_hole.signed_bytes-estimate",
              "black_hole.count-state")
# The limit on the default series of a host.
DEFAULT_SERIES_MAX = 96
DEFAULT_HOST = "db1"
RETENTION = "1s:10m"
DOWN = 4  # seconds
# Points of a series that may be in transit, or in carbon's memory, on a busy machine.
IN_TRANSIT = 3


def expected_values(host, which):
    """{name in Graphite: value} of expect.txt. stock: signed types arrive as gauge."""
    values = {}
    for line in (ROOT / "fixtures" / MACHINES[host] / "expect.txt").read_text().splitlines():
        name, value = line.split()
        view, metric = name.split("/")
        kind, instance = metric.split("-", 1)
        if kind in OWN and which == "stock":
            kind = "gauge"
        values[f"{view}.{kind}-{instance}"] = float(value)
    return values


def check_arrived(graphite, host, which):
    """Raises Error unless the host's values are those of its expect.txt: all of them; with
    stock types; without-own types, which must not arrive; or those sent by default."""
    series = graphite.series({"from": "-10s"}, f"collectd.{host}.meminfo_explain-*.*")
    got = {name.split(".meminfo_explain-", 1)[1]: values[-1] for name, values in series.items()}
    want = expected_values(host, which)
    own = [name for name in want if name.split(".")[1].split("-")[0] in OWN]
    lost = ""
    if which == "without-own":
        lost = f"; the {len(own)} of the plugin's own types are lost"
        for name in own:
            if name in got:
                raise Error(f"{name} arrived, though the receiver does not know its type")
            del want[name]
    if which == "default":
        if not all(name in got for name in BY_DEFAULT):
            raise Error(f"{host}: not all of the default set arrived")
        want = {name: value for name, value in want.items() if name in got}
    for name, value in want.items():
        if name not in got:
            raise Error(f"{host}: {name} did not arrive")
        if abs(got[name] - value) > 1e-6:
            raise Error(f"{host}: {name} is {got[name]!r}, not {value!r}")
    return f"{host}, {which}: {len(want)} values arrived to the byte{lost}"


def wait_for_values(fleet, host, which):
    print("  " + wait_until("values", lambda: check_arrived(fleet.graphite, host, which), 60,
                            fleet.scratch.processes, pause=0.3))


def check_graph(fleet):
    """The link draws one series of each host."""
    def drawn():
        link = fleet.graph().replace("format=png", "format=json")
        return sorted(fleet.graphite.series_of(link)) == sorted(MACHINES)
    wait_until("graph of each host", drawn, 60, fleet.scratch.processes)


# --- files --------------------------------------------------------------------------------

def retentions(text):
    return [whisper.parseRetentionDef(definition) for definition in text.split(",")]


def size(archives):
    """The formula of docs/fleet.md."""
    return 16 + sum(12 + 12 * points for _, points in archives)


def check_host_files(directories):
    hosts = {}
    for directory in directories:
        for path in directory.glob("collectd/*/**/*.wsp"):
            if path.stat().st_size != size(retentions(RETENTION)):
                raise Error(f"{path}: {path.stat().st_size} bytes")
            hosts.setdefault(path.relative_to(directory).parts[1], []).append(path)
    if len(hosts.get(DEFAULT_HOST, ())) not in range(1, DEFAULT_SERIES_MAX + 1):
        raise Error(f"{DEFAULT_HOST}, which sends the default set, has more than "
                    f"{DEFAULT_SERIES_MAX} series, or none")
    for host, paths in sorted(hosts.items()):
        total = sum(path.stat().st_size for path in paths)
        print(f"  {host}: {len(paths)} series, {total} bytes in files of "
              f"{size(retentions(RETENTION))}")


def check_document():
    """Real files have the sizes that docs/fleet.md computes."""
    document = ROOT / "docs/fleet.md"
    rows = re.findall(r"^\| `([0-9a-z:,]+)` \| ([0-9,]+) \|", document.read_text(), re.M)
    if not rows:
        raise Error(f"{document} has no retentions")
    for text, stated in rows:
        with tempfile.TemporaryDirectory() as scratch:
            whisper.create(scratch + "/series.wsp", retentions(text))
            real = pathlib.Path(scratch, "series.wsp").stat().st_size
        if not real == size(retentions(text)) == int(stated.replace(",", "")):
            raise Error(f"{document}: {text} is {real} bytes, not {stated}")


# --- what is lost while a cache is down ---------------------------------------------------

def slots(path, since, until):
    """The times at which the file has a point."""
    (start, _, step), points = whisper.fetch(str(path), since, until)
    return {start + step * i for i, point in enumerate(points) if point is not None}


def lost_on(prefix, since, until, steady, broken):
    """(series, points that were sent, points that are missing, most that are missing in one
    series). All values of a sample have one time, so the files of the cache that was never
    down show when there were samples."""
    series = written = missing = worst = 0
    for host in MACHINES:
        samples = set()
        for path in steady.glob(f"collectd/{host}/**/*.wsp"):
            samples |= slots(path, since, until)
        for path in broken.glob(f"{prefix}/{host}/**/*.wsp"):
            if slots(path, 0, since):  # a series that began before
                gone = len(samples - slots(path, since, until))
                series, written = series + 1, written + len(samples)
                missing, worst = missing + gone, max(worst, gone)
    return series, written, missing, worst


def check_lost(since, until, steady, broken):
    failures = []
    for prefix, way in (("collectd", "through the relay"), ("direct_tcp", "directly, by TCP"),
                        ("direct_udp", "directly, by UDP")):
        series, written, missing, worst = lost_on(prefix, since, until, steady, broken)
        print(f"  {way}: {missing} of {written} points of {series} series are lost, "
              f"at most {worst} of one series")
        if written < series * DOWN or series == 0:
            failures.append(f"{way}: nothing to measure")
        elif prefix == "collectd" and worst > IN_TRANSIT:
            failures.append(f"{way}: more is lost than was in transit")
        elif prefix != "collectd" and worst < DOWN:
            failures.append(f"{way}: less is lost than was sent while the cache was down")
    if failures:
        raise Error("\n".join(failures))


def outage(fleet, end):
    """Ends cache b by end(), starts it again, and checks the time from before to after."""
    graphite, since = fleet.graphite, int(time.time())
    time.sleep(2)
    end(graphite.caches[1])
    time.sleep(DOWN)
    graphite.start_cache(1)
    time.sleep(2)
    until = int(time.time())
    time.sleep(3)  # late points are not lost
    check_lost(since, until, graphite.whisper(0), graphite.whisper(1))


# --- all of it ----------------------------------------------------------------------------

def check(build):
    with Scratch("fleet") as scratch:
        fleet = Fleet(scratch, build)
        graphite = fleet.graphite
        # Nodes without the relay, to see how many points these lose.
        direct = [node(name, name, graphite.ports[1], f"direct_{name}.")
                  for name in ("tcp", "udp")]
        print("A receiver that does not know the plugin's types:")
        fleet.start_receiver(*direct, types=False)
        fleet.receiver.wait_for_line("Dataset not found: signed_bytes")
        wait_for_values(fleet, "web1", "without-own")
        wait_for_values(fleet, "vm1", "stock")

        print("The receiver restarts with types.db.d/meminfo_explain.db:")
        fleet.receiver.stop()
        fleet.start_receiver(*direct)
        wait_for_values(fleet, "web1", "all")
        wait_for_values(fleet, "db1", "default")
        wait_for_values(fleet, "vm1", "stock")
        check_graph(fleet)
        check_host_files([graphite.whisper(0), graphite.whisper(1)])
        check_document()

        print(f"Cache b is stopped, and starts again after {DOWN} s:")
        outage(fleet, scratch.stop)
        print(f"Cache b is killed, and starts again after {DOWN} s:")
        outage(fleet, scratch.kill)
        lines = fleet.receiver.lines(r"write_graphite plugin: .*\(tcp\) failed")
        if not lines:
            raise Error("the receiver does not log that it cannot send")
        print(f"The receiver logs this {len(lines)} times: {lines[0]}")
        scratch.stop_all()


def main():
    exit_on_signals()
    try:
        check(pathlib.Path(sys.argv[1]))
    except Error as error:
        sys.exit(f"tools/fleet: {error}")


if __name__ == "__main__":
    main()
