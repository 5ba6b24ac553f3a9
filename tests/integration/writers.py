# SPDX-License-Identifier: MIT
"""What arrives behind each of collectd's writers: every value of a small machine and of one
of 1 TB to the byte, below zero too; nothing of what is not known; and out of the range of
its type, what docs/fleet.md says."""
import grp
import http.server
import json
import os
import re
import socket
import socketserver
import struct
import subprocess
import threading

from harness.collectd import Collectd, load, load_write_graphite, node
from harness.graphite import get
from harness.process import ROOT, free_ports, read
from harness.testcase import DaemonTest, FIXTURES

GRAPHITE_LINE = re.compile(r"collectd\.testhost\.meminfo_explain-([a-z_]+)\.([a-z_]+-[a-z0-9_]+)"
                           r" ([-0-9.e+]+) [0-9]+\r?")
PROMETHEUS_LINE = re.compile(r'collectd_meminfo_explain_(.*)\{meminfo_explain="(.*)",type="(.*)",'
                             r'instance="testhost"\} ([^ ]+) [0-9]+\r?')


class Lines(socketserver.StreamRequestHandler):
    def handle(self):
        self.server.got += [line.decode().rstrip("\n") for line in self.rfile]


class Posts(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.server.got += json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


class Datagrams(socketserver.BaseRequestHandler):
    """Collects (length, number of values), which are the parts of type 6."""

    def handle(self):
        data, values, at = self.request[0], 0, 0
        while at < len(data):
            kind, length = struct.unpack_from(">HH", data, at)
            values, at = values + (kind == 6), at + length
        self.server.got.append((len(data), values))


def normal(value):
    """A number as in expect.txt."""
    return f"{float(value):.6f}"


def seven_digits(name, value):
    """A number as unixsock prints it: NaN if it is outside the range of its type."""
    if "/percent-" in name:
        return "nan" if float(value) > 100.1 else f"{float(value):.4f}"
    return f"{float(value):.6e}"


class Writers(DaemonTest):
    def sink(self, server_class, handler):
        """A server in a thread, which collects what arrives in `got`."""
        server = server_class(("127.0.0.1", 0), handler)
        server.got = []
        self.addCleanup(server.shutdown)
        self.sinks.append(server)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        return server, server.server_address[1]

    def start(self, root):
        """Starts a collectd that uses all writers, and one without the plugin, but with its
        types, that receives."""
        self.sinks = []
        self.prometheus_port, network_port = free_ports(2)
        self.lines, carbon_port = self.sink(socketserver.ThreadingTCPServer, Lines)
        self.posts, http_port = self.sink(http.server.ThreadingHTTPServer, Posts)
        self.datagrams, udp_port = self.sink(socketserver.UDPServer, Datagrams)
        self.receiver = Collectd(
            self.scratch, f'TypesDB "/usr/share/collectd/types.db" '
            f'"{ROOT}/types.db.d/meminfo_explain.db"',
            load("network", f'Listen "127.0.0.1" "{network_port}"'), name="receiver")
        self.collectds.append(self.receiver)
        self.receiver.start()
        self.receiver.wait_for_line("entering read-loop")
        group = grp.getgrgid(os.getgid()).gr_name
        self.sender = self.collectd("AllSeries true", root=root, write_threads=5, parts=(
            load_write_graphite(node("sink", "tcp", carbon_port, "collectd.")),
            load("write_prometheus", 'Host "127.0.0.1"', f'Port "{self.prometheus_port}"'),
            load("rrdtool", f'DataDir "{self.rrd}"', "RRATimespan 60", "RRARows 60"),
            load("network", f'Server "127.0.0.1" "{network_port}"',
                 f'Server "127.0.0.1" "{udp_port}"'),
            load("unixsock", f'SocketFile "{self.work}/socket"', f'SocketGroup "{group}"'),
            load("write_http", '<Node "sink">', f'URL "http://127.0.0.1:{http_port}/"',
                 'Format "JSON"', "</Node>", interval="FlushInterval 1")))
        self.sender.start()
        self.sender.wait_for_samples(4)

    # --- what each writer delivered: (NAME, VALUE) ---

    def from_csv(self):
        return [item for _, values in self.sender.samples.whole for item in values.items()]

    def from_network(self):
        return [item for _, values in self.receiver.samples.whole for item in values.items()]

    def from_write_graphite(self):
        for line in self.lines.got:
            match = GRAPHITE_LINE.fullmatch(line)
            self.assertTrue(match, f"Graphite does not take this line: {line}")
            yield f"{match.group(1)}/{match.group(2)}", match.group(3)

    def from_write_prometheus(self):
        for line in self.scraped.split("\n"):
            if match := PROMETHEUS_LINE.fullmatch(line):
                kind, view, instance, value = match.groups()
                yield f"{view}/{kind}-{instance}".replace("duration_seconds", "duration"), value

    def from_write_http(self):
        for one in self.posts.got:
            if one["host"] == "testhost" and one["plugin"] == "meminfo_explain":
                name = "{plugin_instance}/{type}-{type_instance}".format(**one)
                yield name, one["values"][0]

    def rrd_file(self, name):
        return f"{self.rrd}/testhost/meminfo_explain-{name}.rrd"

    def from_rrdtool(self):
        """The last values; the archive has averages."""
        names = [str(path.relative_to(self.rrd / "testhost"))[len("meminfo_explain-"):-4]
                 for path in self.rrd.glob("testhost/*/*.rrd")]
        questions = "".join(f"lastupdate {self.rrd_file(name)}\n" for name in names)
        answers = subprocess.run(["rrdtool", "-"], input=questions, check=True, text=True,
                                 stdout=subprocess.PIPE).stdout
        return zip(names, re.findall(r"(?m)^\d+: (.*)", answers), strict=True)

    def archived(self, *names):
        """The values in the archive, with all digits."""
        graph = ["graph", "/dev/null", "--end", "now", "--start", "now-50s"]
        for number, name in enumerate(names):
            graph += [f"DEF:d{number}={self.rrd_file(name)}:value:MAX",
                      f"VDEF:v{number}=d{number},MAXIMUM", f"PRINT:v{number}:%.6lf"]
        return subprocess.run(["rrdtool", *graph], check=True, text=True,
                              stdout=subprocess.PIPE).stdout.split()[1:]

    def from_unixsock(self, names):
        """The values that collectd's cache has."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.work / "socket"))
            stream = connection.makefile("rw")
            for name in names:
                stream.write(f"GETVAL testhost/meminfo_explain-{name}\n")
                stream.flush()
                if not stream.readline().startswith("-1 No such value"):
                    yield name, stream.readline().strip().removeprefix("value=")

    # --- what must have arrived ---

    def check_writer(self, writer):
        """All values it wrote are those of expect.txt; it wrote no unknown one; the others,
        which are not in expect.txt since they are durations, are the same as those of csv."""
        got = set(getattr(self, f"from_{writer}")())
        names = {name for name, _ in got}
        known = {(name, normal(value)) for name, value in got if name in self.expected}
        self.assertEqual(sorted(self.expected.items()), sorted(known), writer)
        self.assertEqual(set(), names & self.absent, writer)
        if writer == "csv":
            self.others = names - self.expected.keys()
        self.assertEqual(self.others, names - self.expected.keys(), writer)

    def check_unixsock(self):
        got = {name: seven_digits(name, value)
               for name, value in self.from_unixsock(self.expected)}
        self.assertEqual({name: seven_digits(name, value)
                          for name, value in self.expected.items()}, got)
        self.assertEqual([], list(self.from_unixsock(self.absent)))

    def check_logs(self, root):
        # The first is logged by the library of write_prometheus, about collectd. The plugin
        # logs the files that were denied to the capture.
        known = ["MHD_OPTION_EXTERNAL_LOGGER"]
        for line in re.findall(r"(?m)^denied:(.*)", read(root / "about")):
            known += [f"plugin: {path}: Permission denied; " for path in line.split()]
        lines = [line for daemon in (self.sender, self.receiver)
                 for line in daemon.lines(r"\[(warning|error)\]|not found")]
        self.assertEqual([], [line for line in lines if not any(one in line for one in known)])

    def check_root(self, root):
        """All writers deliver all values, and none that only other machines have."""
        self.rrd = self.work / "rrd"
        values = {about: dict(line.split() for line in
                              read(about.parent / "expect.txt").splitlines())
                  for about in FIXTURES.glob("*/about")}
        self.expected = values[root / "about"]
        self.absent = set().union(*values.values()) - self.expected.keys()
        self.start(root)
        self.scraped = get(f"http://127.0.0.1:{self.prometheus_port}/metrics").decode()
        self.check_unixsock()
        self.sender.stop()
        self.receiver.stop()
        for sink in self.sinks:
            sink.shutdown()
            sink.server_close()  # waits until all that was sent is read
        for writer in ("csv", "write_graphite", "write_prometheus", "rrdtool", "network",
                       "write_http"):
            self.check_writer(writer)
        self.check_logs(root)

    def check_cost(self, writer, size, values):
        """A value takes as many bytes on average as docs/fleet.md states."""
        text = read(ROOT / "docs/fleet.md").replace("\n", " ")
        stated = re.search(rf"Measured by .writers\.py.: [^.]*{writer} (\d+) bytes", text)
        self.assertTrue(stated, f"docs/fleet.md has no cost of {writer}")
        print(f"{writer}: {size / values:.1f} bytes for each of {values} values")
        self.assertGreater(values, 100)
        self.assertAlmostEqual(int(stated.group(1)), size / values, delta=1.5)

    def test_small_machine(self):
        for library in ("rrdtool", "write_http", "write_prometheus"):
            linked = subprocess.run(["ldd", f"/usr/lib/collectd/{library}.so"], check=True,
                                    stdout=subprocess.PIPE, text=True).stdout
            self.assertNotIn("not found", linked)
        self.check_root(FIXTURES / "6.18-debian12-idle-24g")
        self.check_cost("network", *map(sum, zip(*self.datagrams.got)))
        self.check_cost("Graphite", sum(len(line) + 1 for line in self.lines.got),
                        len(self.lines.got))

    def test_machine_of_1_tb(self):
        self.check_root(FIXTURES / "6.6-composed-1t-locked-shmem")
        # Literally, so that a wrong expect.txt is noticed.
        literal = {"total/bytes-mem_total": "1082123878400.000000",
                   "identity/signed_bytes-anon_lru": "-644247715840.000000",
                   "detail/percent-commit": "728.865131"}
        self.assertEqual(literal, {name: self.expected[name] for name in literal})
        self.assertIn("kernel/bytes-hardware_corrupted", self.absent)
        # The archive of rrdtool has whole bytes, and no value outside its type's range.
        self.assertEqual(["1082123878400.000000", "-644247715840.000000", "-nan"],
                         self.archived(*literal))
