# SPDX-License-Identifier: MIT
"""Names from the kernel or from a captured tree are untrusted text: in a tree whose names contain
terminal commands, log lines and names of other series, all outputs are checked. And the plugin
writes nothing but its state file and evidence."""
import collections
import fnmatch
import json
import os
import re
import shutil
import subprocess
import time

from harness.process import read
from harness.testcase import DaemonTest, FIXTURES

# Terminal commands, a bell, a backspace, half a UTF-8 sequence, C1 controls, right-to-left text
# (U+202E), invisible blanks (U+200B, U+2028), and characters that are special in formats.
EVIL = (b"e\x1b[31;1m\x1b]0;t\a\b\xc2\x9b\xff\xe2\x80\xae\xe2\x80\x8b\xe2\x80\xa8"
        b"%n%s;*=[{~}.$`")
LONG = b"L" * 300
INJECTED = b"\n[error] INJECTED"

MEMINFO = b"""%(evil)sOne:   1 kB
Zoo-anon:   2 kB
Zoo_anon:   4 kB
zoo.ANON:   8 kB
%(long)s:   16 kB
Twice%(evil)s:   1 kB
Twice%(evil)s:   2 kB
"""
CALLERS = (b"%(evil)s+0x1/0x2", b"%(evil)s+0x1/0x2 [%(evil)s]", b"%(long)s+0x1/0x2 [%(long)s]",
           b"a.b+0x1/0x2", b"a_b+0x1/0x2", b"other+0x1/0x2", b"../../etc/passwd+0x1/0x2")
SITES = (b"%(evil)s:1 func:%(evil)s", b"%(evil)s:2 [%(evil)s] func:%(evil)s",
         b"%(long)s:3 [%(long)s] func:%(long)s", b"a.c:4 func:a.b", b"a.c:5 func:a_b")
OTHER_LINES = {
    "zoneinfo": b"      nr_%(evil)s 7\n",
    "vmstat": b"%(evil)s 7\n",
    "modules": b"%(evil)s 4096 1 - Live 0x0000000000000000\n",
    "self/mountinfo": b"9 1 0:9 / /mnt/%(evil)s rw - %(evil)s %(evil)s rw\n",
    "slabinfo": b"slabinfo - version: 2.1\n"
                b"%(evil)s 1 1 1 1 1 : tunables 0 0 0 : slabdata 1 1 0\n",
}
BAD_FILES = (b"sys/block/zram3%(injected)s%(evil)s/mm_stat",
             b"sys/kernel/dmabuf/buffers/%(evil)s%(injected)s/size",
             b"sys/kernel/mm/cma/%(injected)s%(evil)s/total_pages",
             b"sys/kernel/mm/hugepages/hugepages-2%(evil)skB/nr_hugepages",
             b"sys/bus/virtio/devices/virtio%(injected)s/features",
             b"sys/bus/virtio/devices/virtio%(injected)s/device",
             b"sys/kernel/debug/ramdisk_pages/ram%(injected)s%(evil)s")

# System calls that create, move, change or remove files.
CHANGES = """creat mkdir mkdirat rename renameat renameat2 unlink unlinkat rmdir link linkat
symlink symlinkat mknod mknodat truncate chmod fchmodat chown fchownat""".split()
TRACER = ["strace", "-f", "--seccomp-bpf", "-qq", "-y", "-s", "4096", "-e", "signal=none"]


def named(text):
    return text % {b"evil": EVIL, b"long": LONG, b"injected": INJECTED}


class HostileNames(DaemonTest):
    def setUp(self):
        self.root = self.work / "root"
        shutil.copytree(FIXTURES / "6.12-composed-allocinfo", self.root)
        subprocess.run(["chmod", "-R", "u+w", self.root], check=True)
        self.append("meminfo", MEMINFO)
        for caller in CALLERS:
            self.append("vmallocinfo", b"0x0000000000001000-0x0000000000802000 8392704 "
                        + caller + b" pages=2048 vmalloc N0=2048\n")
        for site in SITES:
            self.append("allocinfo", b"    8388608     2048 " + site + b"\n")
        for name, line in OTHER_LINES.items():
            self.append(name, line)
        # The name of a command may hold a newline, and look like the rest of its line.
        stat = self.root / "proc/104/stat"
        stat.write_bytes(re.sub(rb"\([^)]*\)", lambda _: b"(x) R 1\n(y\x1b[2J)",
                                stat.read_bytes(), count=1))
        for device in (b"zram1%(evil)s", b"zram2%(injected)s%(evil)s"):
            self.write(b"sys/block/" + device + b"/mm_stat", b"0 0 4096 0 0 0 0 0 0\n")

    def append(self, name, line):
        with open(self.root / "proc" / name, "ab") as file:
            file.write(named(line))

    def write(self, name, text):
        path = os.fsencode(self.root) + b"/" + named(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(text)

    def break_files(self):
        for name in BAD_FILES:
            self.write(name, EVIL + b"\n")
        self.write(b"sys/kernel/dmabuf/buffers/%(evil)s%(injected)s/exporter_name", b"system\n")
        for name in ("zoneinfo", "vmstat", "vmallocinfo", "allocinfo", "modules",
                     "57/smaps_rollup", "88/stat"):
            self.append(name, b"%(evil)s%(long)s\n")
        self.write(b"proc/sys/vm/overcommit_ratio", EVIL + LONG + b"\n")
        self.append("meminfo", b"%(evil)s: %(evil)s\n")

    # --- checks of every output ---

    def check_printable(self, what, text):
        """Only printable ASCII and newlines, no injected line, no line of unlimited length."""
        self.assertNotEqual(b"", text, what)
        self.assertNotRegex(text, rb"[^\x20-\x7e\n]", what)
        self.assertNotRegex(text, rb"(?m)^.{0,2}\[error\] INJECTED", what)
        self.assertNotRegex(text, rb".{1024}", what)

    def run_tool(self, *arguments):
        done = subprocess.run([self.build / "meminfo-explain", *arguments], check=False,
                              capture_output=True)
        self.assertEqual(0, done.returncode, f"{arguments}: {done.stderr}")
        if done.stderr:
            self.check_printable(f"standard error of {arguments}", done.stderr)
        return done.stdout

    def check_tool(self):
        """Checks all formats; returns the JSON."""
        for arguments in (["--format", "table"], ["--why"], ["--no-pss"]):
            self.check_printable(arguments, self.run_tool("--root", self.root, *arguments))
        text = self.run_tool("--root", self.root, "--format", "json")
        # One line of any length, without anything to escape.
        self.assertNotRegex(text, rb"[^\x20-\x7e\n]")
        self.assertEqual(1, text.count(b"\n"))
        self.assertNotIn(rb"\u", text)

        def unique(pairs):
            names = collections.Counter(name for name, _ in pairs)
            self.assertEqual([], [name for name, count in names.items() if count > 1],
                             "with a key twice, a value is lost")
            return dict(pairs)
        explained = json.loads(text, object_pairs_hook=unique)
        self.assertTrue(all(one["text"] for one in explained["report"]), explained["report"])
        return explained

    def test_tool_on_the_tree(self):
        zram = int(read(self.root / "sys/block/zram0/mm_stat").split()[2])
        explained = self.check_tool()
        self.assertEqual(zram + 2 * 4096, explained["hidden"]["zram"])
        self.assertEqual(2, sum(one["caller"].startswith("e?")
                                for one in explained["vmalloc"]["callers"]))
        self.assertEqual([None], [value for name, value in explained["meminfo"].items()
                                  if name.startswith("Twice")])

    def test_tool_beside_a_process_with_a_hostile_name(self):
        comm = b"a)\n0 \x1b[2J("
        victim = self.scratch.start("victim", [
            "bash", "-c", 'printf %s "$1" >/proc/self/comm && echo ready && read -r _', "-",
            comm.decode()], stdin=subprocess.PIPE, good=(0, 1))
        victim_comm = f"/proc/{victim.pid}/comm"
        deadline = time.monotonic() + 30
        while read(victim.log) != "ready\n":
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        self.assertIn("\x1b", read(victim_comm))
        self.check_printable("--why", self.run_tool("--why"))
        explained = json.loads(self.run_tool("--format", "json"))
        self.assertEqual(0, explained["pss"]["malformed"])
        victim.popen.stdin.close()

    # --- the plugin ---

    def start_traced(self, daemon):
        """With umask 0."""
        self.trace = self.work / "strace"
        self.trace.unlink(missing_ok=True)
        tracer = []
        if subprocess.run(["strace", "-f", "--seccomp-bpf", "-o", self.trace, "true"],
                          check=False, capture_output=True).returncode == 0:
            calls = ",".join(["open", "openat", "openat2", *CHANGES])
            tracer = [*TRACER, "-e", f"trace={calls}", "-o", self.trace]
        else:
            self.trace = None
            print("skipped: hostile_names: files that are written: no strace here")
        daemon.start(*tracer, umask=0)

    def written(self):
        """The paths that were opened for writing, created, moved, changed or removed."""
        paths = set()
        for line in read(self.trace).splitlines():
            call = re.match(r"\d+ +([a-z0-9]+)\(", line)
            if not call or " = -1 " in line or not (
                    call.group(1) in CHANGES or re.search("O_(WRONLY|RDWR|CREAT|TRUNC)", line)):
                continue
            directory, path = re.match(r'[^(]*\((?:(?:AT_FDCWD|\d+)<([^>]*)>, )?"([^"]*)"',
                                       line).groups()
            paths.add(os.path.join(directory or "", path))
        return paths

    def check_only_written(self, daemon, *patterns):
        """The daemon wrote nothing else, except files of collectd itself."""
        if self.trace is None:
            return
        paths = self.written()
        self.assertIn(str(daemon.log_path), paths)
        # comm: the names of threads
        patterns += (str(daemon.log_path), str(daemon.base / "pid"), "/dev/null",
                     "/proc/self/task/*/comm")
        self.assertEqual([], [path for path in sorted(paths) if not any(
            fnmatch.fnmatchcase(path, pattern) for pattern in patterns)], "was written")

    def test_only_the_state_is_written_on_this_machine(self):
        state = self.work / "state"
        state.mkdir()
        daemon = self.collectd(f'StateFile "{state}/kept"', interval=0.2)
        self.start_traced(daemon)
        daemon.wait_for_samples(3)
        daemon.stop()
        self.assertEqual(["kept"], os.listdir(state))
        self.assertEqual(0o600, (state / "kept").stat().st_mode & 0o777)
        self.check_only_written(daemon, f"{state}/kept", f"{state}/kept.new")

    def leak_until_evidence(self, daemon, evidence):
        """Moves free memory into the black hole, in steps smaller than its error: after a larger
        one, a sample is retried."""
        meminfo = self.root / "proc/meminfo"
        text = meminfo.read_bytes()
        free = int(re.search(rb"(?m)^MemFree: +(\d+)", text).group(1))
        taken = 0

        def leak():
            nonlocal taken
            taken += 128
            new = self.work / "next"
            new.write_bytes(re.sub(rb"(?m)^MemFree:.*", b"MemFree: %d kB" % (free - taken), text))
            os.replace(new, meminfo)
            time.sleep(0.15)
            return list(evidence.glob("*.txt"))
        daemon.wait_until("evidence", leak)

    def test_plugin_on_the_tree(self):
        """While the machine leaks, and after all files become malformed."""
        evidence, state = self.work / "evidence", self.work / "state"
        evidence.mkdir()
        daemon = self.collectd(
            "AllSeries true", "VmallocCallers 64", "AllocationSites 64",
            "ReportUnknownLines true", "TrendWindow 1", "TrendRise 4096",
            f'StateFile "{state}"', f'EvidenceDir "{evidence}"', root=self.root,
            interval=0.2)
        self.start_traced(daemon)
        daemon.wait_for_samples(12)
        self.leak_until_evidence(daemon, evidence)
        self.break_files()
        daemon.wait_for_samples(daemon.samples.begun + 5)
        self.check_tool()
        daemon.stop()
        self.check_only_written(daemon, f"{evidence}/meminfo_explain.new",
                                f"{evidence}/meminfo_explain-*.txt")
        self.assertFalse(state.exists(), "a captured tree has a state")
        self.check_log(daemon)
        for path in evidence.glob("*.txt"):
            self.assertEqual(0o600, path.stat().st_mode & 0o777)
            self.assertRegex(path.name,
                             r"^meminfo_explain-\d{8}T\d{6}Z-[a-z_]+-[a-z]+(-\d+)?\.txt$")
            self.check_printable(path.name, path.read_bytes().replace(b"\t", b" "))
        self.check_series(daemon.samples)

    def check_log(self, daemon):
        self.check_printable("the log", daemon.log_path.read_bytes())
        self.assertEqual([], [line for line in daemon.log().splitlines() if not re.match(
            r"(\[(info|notice|warning|error)\] |Notification: )", line)])
        self.assertTrue(daemon.lines("Notification: severity = .*the black hole"))
        self.assertEqual([], daemon.lines("uc_update|too old|[Ii]nvalid|plugin_dispatch"),
                         "collectd did not take all values")

    def check_series(self, samples):
        """Every receiver accepts the names of the series; none is lost, none sent twice."""
        self.assertEqual([], [line for line in samples.other if "PUTVAL" in line])
        names = {name for _, values in samples.whole for name in values}
        for name in names:
            self.assertRegex(name, r"^[a-z0-9_]+/[a-z_]+-[a-z0-9_]+$")
            # As a file name of csv, with the plugin's name and a date.
            self.assertLessEqual(len("meminfo_explain-" + name + "-2026-01-31"), 160)
        self.assertGreater(len(names), 150)
        first = samples.first()
        self.assertEqual(14 << 10, float(first["detail/bytes-raw_zoo_anon"]),
                         "not the sum of three lines with the same name")
        self.assertEqual(2 * 2048 * 4096, float(first["vmalloc/bytes-a_b"]),
                         "not the sum of two callers with the same name")
