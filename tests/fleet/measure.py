# SPDX-License-Identifier: MIT
"""What tools/fleet --check asks of Graphite and of its files.

values URL HOST EXPECT WHICH      the host's values are those of EXPECT: all of them, stock
                                  (signed types arrive as gauge), without-own (signed types
                                  do not arrive), or default (those that are sent by default)
graph LINK HOST...                what LINK draws is one series of each host
sizes DOCUMENT RETENTION DIR...   files are as large as the document computes them
lost SINCE UNTIL DOWN A B         points that are missing in the files of cache B, which was
                                  down for so long, on each way to it, by those of cache A,
                                  which was not
"""
import glob
import json
import os
import re
import sys
import tempfile
import urllib.parse
import urllib.request

import whisper

OWN = ("signed_bytes", "bytes_rate")
# Of the default set: where a sample begins, and what people alert on.
BY_DEFAULT = ("total.bytes-mem_total", "black_hole.signed_bytes-estimate",
              "black_hole.count-state")
# The most series of a host by default, as README and the manual have it.
MOST = 96
DEFAULT_HOST = "db1"
# Of a series: what may be on its way, or in carbon's memory, on a busy machine.
ON_ITS_WAY = 3


def expected_values(expect, which):
    values = {}
    with open(expect) as lines:
        for line in lines:
            name, value = line.split()
            view, metric = name.split("/")
            kind, instance = metric.split("-", 1)
            if kind in OWN and which == "stock":
                kind = "gauge"
            values["%s.%s-%s" % (view, kind, instance)] = float(value)
    return values


def last_values(link):
    """[name, value] of each series that has one."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for series in json.load(opener.open(link, timeout=10)):
        points = [value for value, _ in series["datapoints"] if value is not None]
        if points:
            yield series["target"], points[-1]


def arrived_values(url, host):
    query = urllib.parse.urlencode(
        {"target": "collectd.%s.meminfo_explain-*.*" % host, "from": "-10s", "format": "json"})
    return {name.split(".meminfo_explain-", 1)[1]: value
            for name, value in last_values("%s/render?%s" % (url, query))}


def graph(link, *hosts):
    drawn = sorted(name for name, _ in last_values(link.replace("format=png", "format=json")))
    if drawn != sorted(hosts):
        sys.exit("the graph is of %s" % ", ".join(drawn))


def values(url, host, expect, which):
    got, want = arrived_values(url, host), expected_values(expect, which)
    own = [name for name in want if name.split(".")[1].split("-")[0] in OWN]
    lost = ""
    if which == "without-own":
        lost = ", all %d of our own types are lost" % len(own)
        for name in own:
            if name in got:
                sys.exit("%s arrived, of a type that the receiver does not know" % name)
            del want[name]
    if which == "default":
        if not all(name in got for name in BY_DEFAULT):
            sys.exit("%s: not all of the default set arrived" % host)
        want = {name: value for name, value in want.items() if name in got}
    for name, value in want.items():
        if name not in got:
            sys.exit("%s: %s did not arrive" % (host, name))
        if abs(got[name] - value) > 1e-6:
            sys.exit("%s: %s is %r, not %r" % (host, name, got[name], value))
    print("%s, %s: %d values arrived to the byte%s" % (host, which, len(want), lost))


def retentions(text):
    return [whisper.parseRetentionDef(definition) for definition in text.split(",")]


def size(archives):
    """As docs/fleet.md has it."""
    return 16 + sum(12 + 12 * points for _, points in archives)


def check_host_files(retention, directories):
    hosts = {}
    for directory in directories:
        for path in glob.glob(directory + "/collectd/*/**/*.wsp", recursive=True):
            if os.path.getsize(path) != size(retentions(retention)):
                sys.exit("%s: %d bytes" % (path, os.path.getsize(path)))
            host = os.path.relpath(path, directory).split(os.sep)[1]
            hosts.setdefault(host, []).append(path)
    if len(hosts.get(DEFAULT_HOST, ())) not in range(1, MOST + 1):
        sys.exit("%s, which sends the default set, has more than %d series, or none" %
                 (DEFAULT_HOST, MOST))
    for host, paths in sorted(hosts.items()):
        print("  %s: %d series, %d bytes in files of %d" %
              (host, len(paths), sum(map(os.path.getsize, paths)), size(retentions(retention))))


def sizes(document, retention, *directories):
    check_host_files(retention, directories)
    with open(document) as text:
        rows = re.findall(r"^\| `([0-9a-z:,]+)` \| ([0-9,]+) \|", text.read(), re.M)
    if not rows:
        sys.exit("%s has no retentions" % document)
    for text, stated in rows:
        with tempfile.TemporaryDirectory() as scratch:
            whisper.create(scratch + "/series.wsp", retentions(text))
            real = os.path.getsize(scratch + "/series.wsp")
        if not real == size(retentions(text)) == int(stated.replace(",", "")):
            sys.exit("%s: %s is %d bytes, not %s" % (document, text, real, stated))


def slots(path, since, until):
    (start, _, step), points = whisper.fetch(path, since, until)
    return {start + step * i for i, point in enumerate(points) if point is not None}


def files(directory, prefix, host):
    return glob.glob("%s/%s/%s/**/*.wsp" % (directory, prefix, host), recursive=True)


def lost_on(prefix, since, until, steady, killed):
    """Of how many series how many points were written, are missing, and are missing in the
    series that has most missing. All values of a sample have one time, so those of the cache
    that was never down tell when there were samples."""
    series = written = missing = worst = 0
    for host in os.listdir(steady + "/collectd"):
        samples = set()
        for path in files(steady, "collectd", host):
            samples |= slots(path, since, until)
        for path in files(killed, prefix, host):
            if slots(path, 0, since):  # not a name that came later
                gone = len(samples - slots(path, since, until))
                series, written = series + 1, written + len(samples)
                missing, worst = missing + gone, max(worst, gone)
    return series, written, missing, worst


def lost(since, until, down, steady, killed):
    since, until, down = int(since), int(until), int(down)
    failures = []
    for prefix, way in (("collectd", "through the relay"), ("past_tcp", "without it, TCP"),
                        ("past_udp", "without it, UDP")):
        series, written, missing, worst = lost_on(prefix, since, until, steady, killed)
        print("  %s: %d of %d points of %d series are lost, %d of a series at most" %
              (way, missing, written, series, worst))
        if written < series * down or series == 0:
            failures.append("%s: nothing to measure" % way)
        elif prefix == "collectd" and worst > ON_ITS_WAY:
            failures.append("%s: more is lost than was on its way" % way)
        elif prefix != "collectd" and worst < down:
            failures.append("%s: less is lost than the cache was down" % way)
    if failures:
        sys.exit("\n".join(failures))


if __name__ == "__main__":
    {"values": values, "graph": graph, "sizes": sizes, "lost": lost}[sys.argv[1]](*sys.argv[2:])
