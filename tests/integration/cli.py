# SPDX-License-Identifier: MIT
"""The command line of meminfo-explain: formats, exit statuses, diagnostics."""
import json
import os
import re
import subprocess
import unittest

from harness.testcase import DaemonTest, FIXTURES


class Cli(DaemonTest):
    def expect(self, status, *arguments, **options):
        """Runs the tool; sets self.out and self.err to its output."""
        done = subprocess.run([self.build / "meminfo-explain", *arguments], check=False,
                              capture_output=True, text=True, **options)
        self.assertEqual(status, done.returncode, f"{arguments}: {done.stderr}")
        self.out, self.err = done.stdout, done.stderr

    def explain(self, *arguments):
        """Returns the JSON of a successful run, which adds up to MemTotal by each accounting
        that is known."""
        self.expect(0, "--format", "json", *arguments)
        explained = json.loads(self.out)
        for accounting in ("lru", "cache", "pss"):
            hole = explained["black_hole"][accounting]
            parts = [*explained["free"].values(), *explained["kernel"].values(),
                     *explained["user"][accounting].values()]
            if hole is not None:
                self.assertEqual(explained["mem_total"], hole + sum(part or 0 for part in parts),
                                 f"{arguments}, {accounting}: not conserved")
        return explained

    def root_with(self, case):
        """Returns a root with a meminfo of fixtures/malformed."""
        proc = self.work / "root/proc"
        proc.mkdir(parents=True, exist_ok=True)
        (proc / "meminfo").write_bytes((FIXTURES / "malformed" / case / "input").read_bytes())
        return self.work / "root"

    def test_json_of_this_machine(self):
        explained = self.explain()
        self.assertEqual(1, explained["version"])
        self.assertGreater(explained["page_size"], 0)
        self.assertEqual("known", explained["sources"]["proc/meminfo"])
        self.assertEqual(explained["mem_total"], explained["meminfo"]["MemTotal"])
        self.assertIn("HugePages_Total", explained["meminfo"])

    def test_samples_are_lines_and_no_pss_reads_no_process(self):
        self.expect(0, "--format", "json", "--samples", "3", "--interval", "0.01", "--no-pss")
        samples = [json.loads(line) for line in self.out.splitlines()]
        self.assertEqual(3, len(samples))
        for sample in samples:
            self.assertIsNone(sample["user"]["pss"]["pss_anon"])
            self.assertIsNone(sample["pss"]["processes"])

    def test_table(self):
        self.expect(0)
        self.assertRegex(self.out, r"(?m)^BLACK HOLE .*(\+/-|from|at most) ")
        self.expect(0, "--why")
        self.assertRegex(self.out, "(?m)^Decisions$")

    def test_captured_machines(self):
        for about in FIXTURES.glob("*/about"):
            self.explain("--root", about.parent)
            for line in self.err.splitlines():
                self.assertRegex(line, r"^meminfo-explain: (proc|sys)/[^ ]+: ", about.parent)
            self.expect(0, "--root", about.parent)
        hole = self.explain("--root", FIXTURES / "5.15-composed-lxcfs")["black_hole"]
        self.assertIsNone(hole["estimate"])
        self.assertIn("lxcfs", hole["refused"])

    def test_what_is_not_meminfo_is_one_message(self):
        for case in ("empty", "html", "no-memtotal", "memtotal-zero"):
            root = self.root_with(case)
            self.expect(1, "--root", root, "--format", "json")
            self.assertEqual("", self.out, case)
            self.assertRegex(self.err, r"\Ameminfo-explain: proc/meminfo.*\n\Z", case)
        (root / "proc/meminfo").unlink()
        self.expect(1, "--root", root)
        self.assertIn("proc/meminfo: No such file or directory", self.err)
        self.expect(1, "--root", self.work / "nowhere")
        self.assertIn("nowhere", self.err)

    def test_bad_line_costs_its_reading_and_nothing_else(self):
        self.explain("--root", self.root_with("non-numeric"))
        self.assertRegex(self.err, r'(?m)^meminfo-explain: proc/meminfo:\d+: ".*": not a number')

    def test_wrong_usage(self):
        for arguments in ("--bogus", "--format xml", "--samples 0", "--samples x",
                          "--interval -1", "--interval nan", "--pss-max x", "--pss-max -1",
                          "extra"):
            self.expect(2, *arguments.split())
            self.assertNotEqual("", self.err, arguments)
            self.assertEqual("", self.out, arguments)
        self.expect(0, "--help")
        self.expect(0, "--version")

    def test_sentences_in_both_formats(self):
        root = FIXTURES / "6.17-composed-virtio-deflate-on-oom"
        report = {one["rule"]: one for one in self.explain("--root", root)["report"]}
        self.assertIn("256.0 MiB", report["balloon_inside"]["text"])
        self.expect(0, "--root", root)
        words = " ".join(self.out.split())
        for part in ("text", "next"):
            self.assertIn(report["balloon_inside"][part], words)

    def test_trend_of_a_recorded_series(self):
        """Constant for three hours, then 1 MiB per minute for an hour, then all of it back."""
        def value(t):
            return 1e8 + ((t - 10800) / 60 * (1 << 20) if 10800 < t < 14400 else 0) + t % 7
        series = "".join(f"{t} {value(t):.0f} 1000\n" for t in range(0, 21600, 60))
        self.expect(0, "trend", "--available", "1e10", input=series)
        lines = [line.split() for line in self.out.splitlines()]
        self.assertEqual(["warning", "okay"], [line[1] for line in lines])
        time, _, rate, rise = lines[0][:4]
        self.assertLessEqual(float(time), 10800 + 1800)
        self.assertTrue(15000 <= float(rate) <= 20000, self.out)
        self.assertGreaterEqual(float(rise), 4e5)
        self.assertEqual("", self.err)
        self.expect(0, "trend", input="")
        self.assertEqual("", self.out + self.err)
        self.expect(0, "trend", input="2700 16633856\n23400 17784832\n")
        self.assertEqual("meminfo-explain: standard input: no rise was found in 5.8 h; "
                         "a slow one takes 36 h to find; --total finds smaller ones on "
                         "machines below 3.25 GiB\n", self.err)

    def test_trend_names_bad_lines(self):
        self.expect(1, "trend", input="1 2 3\nx y\n2 nan 3\n3 2\n4 2 3 4\n")
        lines = re.findall(r"(?m)^meminfo-explain: standard input:(\d): ", self.err)
        self.assertEqual(["2", "3", "5"], lines)
        for arguments in ("--window 0", "--window 1e-9", "--rise x", "--bogus", "extra"):
            self.expect(2, "trend", *arguments.split())
            self.assertRegex(self.err, r"\Ameminfo-explain: trend: ", arguments)
        self.expect(0, "trend", "--help")

    @unittest.skipUnless(os.access("/dev/full", os.W_OK), "there is no /dev/full")
    def test_full_disk_is_no_success(self):
        for arguments in ("--format json", "--format table", "--help", "--version",
                          "trend --help"):
            with open("/dev/full", "w") as full:
                done = subprocess.run([self.build / "meminfo-explain", *arguments.split()],
                                      check=False, stdout=full, stderr=subprocess.PIPE, text=True)
            self.assertEqual(1, done.returncode, arguments)
            self.assertIn("meminfo-explain: standard output: No space left on device",
                          done.stderr.splitlines(), arguments)
