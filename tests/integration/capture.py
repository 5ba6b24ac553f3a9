# SPDX-License-Identifier: MIT
"""fixtures/capture.sh: a capture is explained in the same way as the original, also if it is
made by busybox, without privilege, or while files hang; and nothing in it identifies the
machine."""
import json
import os
import re
import shutil
import subprocess
import threading
import unittest

from harness.process import ROOT, read
from harness.testcase import DaemonTest, FIXTURES

CAPTURE = ROOT / "fixtures/capture.sh"
BRD = FIXTURES / "6.12-debian12-brd-ftrace-perf"
# One of each era of kernels, and special ones.
MACHINES = """2.6.32-composed-x86_64 3.10-composed-ppc64-64k-thread-info 5.15-composed-lxcfs
6.12-composed-allocinfo 6.12-debian12-brd-ftrace-perf 6.12-debian12-unprivileged
6.17-composed-devices""".split()


class Capture(DaemonTest):
    def capture(self, into, *arguments, shell=("sh",)):
        """Captures into the directory `into`, and returns it."""
        done = subprocess.run([*shell, CAPTURE, *arguments, into, "a test"], check=False,
                              capture_output=True, text=True)
        self.assertEqual(0, done.returncode, f"{shell}, {into}: {done.stderr}")
        return into

    def explain(self, *arguments):
        done = subprocess.run([self.build / "meminfo-explain", "--format", "json", *arguments],
                              check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        return json.loads(done.stdout)

    def about(self, capture):
        return read(capture / "about").splitlines()

    def expected(self, root):
        return subprocess.run([self.build / "tests/explain_root", root], check=True, text=True,
                              stdout=subprocess.PIPE).stdout

    def check_captured_again(self, shell, work):
        """A capture of a capture is explained in the same way."""
        for machine in MACHINES:
            again = self.capture(work / machine, "--root", FIXTURES / machine, shell=shell)
            # The second capture does not know what was denied to the first one.
            lines = [line for line in self.about(again) if not line.startswith("denied:")]
            lines += [line for line in self.about(FIXTURES / machine)
                      if line.startswith("denied:")]
            (again / "about").write_text("\n".join(lines) + "\n")
            self.assertEqual((FIXTURES / machine / "expect.txt").read_text(),
                             self.expected(again), f"{machine}, by {shell[-1]}")

    def check_left_out(self, shell, work):
        """Files that hang, or are too large, are left out and named."""
        odd = work / "odd"
        shutil.copytree(BRD, odd)
        rollup = next(path for path in sorted(odd.glob("proc/[0-9]*/smaps_rollup"))
                      if "Pss" in path.read_text())
        for fifo in (rollup, odd / "proc/modules"):
            fifo.unlink()
            os.mkfifo(fifo)
        os.truncate(odd / "proc/vmallocinfo", 17 << 20)
        capture = self.capture(work / "left-out", "--root", odd, "--seconds", "120", shell=shell)
        for line in (f"hung: proc/modules {rollup.relative_to(odd)}",
                     "too_large: proc/vmallocinfo"):
            self.assertIn(line, self.about(capture))
        self.assertEqual(self.explain("--root", BRD)["pss"]["processes"] - 1,
                         self.explain("--root", capture)["pss"]["processes"])

    def test_captures_again_and_leaves_out_by_sh_and_busybox(self):
        applets = self.work / "applets"  # nothing but busybox, as on OpenWrt
        applets.mkdir()
        subprocess.run(["busybox", "--install", "-s", applets], check=True)
        busybox = ["env", "-i", f"PATH={applets}", shutil.which("busybox"), "sh"]
        errors = []

        def check(name, shell):
            (self.work / name).mkdir()
            try:
                self.check_captured_again(shell, self.work / name)
                self.check_left_out(shell, self.work / name)
            except Exception as error:
                errors.append(f"{name}: {error!r}")
        other = threading.Thread(target=check, args=("posix", ["sh"]))
        other.start()
        check("bare", busybox)
        other.join()
        self.assertEqual([], errors)

    def check_close(self, live, captured):
        """The two differ by no more than both errors, and what a process takes meanwhile."""
        self.assertEqual(live["mem_total"], captured["mem_total"])
        self.assertEqual(live["page_size"], captured["page_size"])
        a, b = live["black_hole"], captured["black_hole"]
        self.assertLess(abs(a["estimate"] - b["estimate"]), a["error"] + b["error"] + (1 << 20))
        self.assertLess(abs(live["pss"]["processes"] - captured["pss"]["processes"]), 12)

    def readable_sources(self, explained):
        """Without what is read on a live machine only: netlink, and how busy CPUs were."""
        return {name: state for name, state in explained["sources"].items()
                if state in ("known", "malformed") and not name.startswith("netlink")
                and name not in ("proc/stat", "proc/sys/vm/stat_interval")}

    def test_this_machine(self):
        shutil.copy("/bin/sleep", self.work / "my_secret_name")
        sleeper = self.scratch.start("sleeper", [self.work / "my_secret_name", 300], good=(-15,))
        # The machine changes between the two, so several attempts.
        for attempt in range(5):
            live = self.explain()
            capture = self.capture(self.work / f"live-{attempt}")
            captured = self.explain("--root", capture)
            try:
                self.check_close(live, captured)
                break
            except AssertionError:
                if attempt == 4:
                    raise
        self.scratch.stop(sleeper)
        self.assertEqual(self.readable_sources(live), self.readable_sources(captured))
        self.check_private(capture)

    def check_private(self, capture):
        """No names, addresses and paths in the capture."""
        secrets = [re.compile(r"(?m)my_secret_name|^0*[1-9a-f][0-9a-f]*-[0-9a-f]+ |/bin/|/lib/"),
                   re.compile(re.escape(str(self.work)))]
        if re.search("[^a-z]", os.uname().nodename):  # else it may be a word of a file
            secrets.append(re.compile(rf"(?<!\w){re.escape(os.uname().nodename)}(?!\w)"))
        address = re.compile(r"0x0*[1-9a-f][0-9a-f]{6,}")
        for path in (path for path in capture.rglob("*") if path.is_file()):
            for secret in secrets:
                self.assertNotRegex(read(path), secret, path)
        for name in ("proc/vmallocinfo", "proc/modules"):
            self.assertNotRegex(read(capture / name), address)

    def test_out_of_time_there_is_meminfo_all_the_same(self):
        capture = self.capture(self.work / "late", "--seconds", "0")
        self.assertIsNotNone(self.explain("--root", capture)["black_hole"]["lru"])
        self.assertRegex(read(capture / "about"), r"(?m)^left_out: \d+ processes$")

    @unittest.skipIf(os.geteuid() != 0, "dropping privileges takes root")
    def test_without_privilege_what_is_denied_is_named(self):
        nobody = self.work / "nobody"
        nobody.mkdir()
        nobody.chmod(0o777)
        shell = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "sh")
        closed = self.work / "closed"
        shutil.copytree(BRD, closed)
        (closed / "proc/vmallocinfo").chmod(0o600)
        (closed / "sys/kernel/debug").chmod(0o700)
        capture = self.capture(nobody / "closed", "--root", closed, shell=shell)
        self.assertIn("denied: sys/kernel/debug proc/vmallocinfo", self.about(capture))
        capture = self.capture(nobody / "live", shell=shell)
        if os.path.exists("/proc/vmallocinfo"):
            self.assertRegex(read(capture / "about"), r"(?m)^denied:.* proc/vmallocinfo( |$)")
        self.assertIsNotNone(self.explain("--root", capture)["black_hole"]["lru"])

    def test_wrong_usage(self):
        for arguments in ("", "--seconds x y", "--seconds", "--root", "-x", "a b c"):
            done = subprocess.run(["sh", CAPTURE, *arguments.split()], check=False,
                                  capture_output=True, cwd=self.work)
            self.assertEqual(2, done.returncode, arguments)

    def test_directory_that_is_not_empty_is_refused(self):
        full = self.work / "full"
        full.mkdir()
        (full / "mine").touch()
        done = subprocess.run(["sh", CAPTURE, full], check=False, capture_output=True)
        self.assertNotEqual(0, done.returncode)
        self.assertEqual(["mine"], os.listdir(full))
